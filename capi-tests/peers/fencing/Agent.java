// The producers of fence.py, by the Java client: agent.py has the protocol.
//
// usage: java -cp 'JARS/*' Agent.java BOOTSTRAP TOPIC

import java.io.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.errors.*;
import org.apache.kafka.common.serialization.StringSerializer;

public class Agent {
    static String bootstrap, topic;
    static final Map<String, KafkaProducer<String, String>> producers = new HashMap<>();

    static KafkaProducer<String, String> producer(String id) {
        Properties p = new Properties();
        p.put("bootstrap.servers", bootstrap);
        p.put("transactional.id", id);
        p.put("max.block.ms", "30000");
        return new KafkaProducer<>(p, new StringSerializer(), new StringSerializer());
    }

    static String run(String slot, String command, String argument) throws Exception {
        if (command.equals("new")) {
            KafkaProducer<String, String> old = producers.remove(slot);
            if (old != null) old.close(Duration.ZERO);
            producers.put(slot, producer(argument));
            producers.get(slot).initTransactions();
            return "ok";
        }
        KafkaProducer<String, String> producer = producers.get(slot);
        switch (command) {
            case "begin": producer.beginTransaction(); break;
            case "produce": producer.send(new ProducerRecord<>(topic, argument)).get(30, TimeUnit.SECONDS); break;
            case "send": producer.send(new ProducerRecord<>(topic, argument)); break;
            case "commit": producer.commitTransaction(); break;
            case "abort": producer.abortTransaction(); break;
            default: return "error no command " + command;
        }
        return "ok";
    }

    // What the client's documentation says: after ProducerFencedException close it, after other errors of Kafka's abort.
    static String judge(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause())
            if (cause instanceof ProducerFencedException) return "fenced";
        Throwable cause = e;
        while (cause.getCause() != null) cause = cause.getCause();
        return (e instanceof IllegalStateException ? "error " : "abort ") + cause.getClass().getSimpleName();
    }

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        topic = args[1];
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null; ) {
            String[] words = line.split(" ");
            String answer;
            try {
                answer = run(words[0], words[1], words.length > 2 ? words[2] : "");
            } catch (Exception e) {
                answer = judge(e);
            }
            System.out.println(answer);
        }
        for (KafkaProducer<String, String> producer : producers.values()) producer.close(Duration.ZERO);
    }
}
