import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.*;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** What member.c is, with the Java client: Member TOPIC[,TOPIC...] NAME=VALUE... */
public class Member {
    static synchronized void line(String text) {
        // The monotonic clock of the machine, as the C programs read it.
        System.out.println(System.nanoTime() / 1000 + " " + text);
        System.out.flush();
    }

    static String list(Collection<TopicPartition> partitions) {
        return partitions.stream().map(p -> p.topic() + ":" + p.partition()).collect(Collectors.joining(","));
    }

    public static void main(String[] args) throws Exception {
        Properties properties = new Properties();
        properties.put("auto.offset.reset", "earliest");
        for (String arg : Arrays.asList(args).subList(1, args.length)) {
            int at = arg.indexOf('=');
            properties.put(arg.substring(0, at), arg.substring(at + 1));
        }
        String p = "org.apache.kafka.clients.consumer.";
        Map<String, String> assignors = Map.of("range", p + "RangeAssignor", "roundrobin", p + "RoundRobinAssignor",
            "cooperative-sticky", p + "CooperativeStickyAssignor");
        properties.computeIfPresent("partition.assignment.strategy", (k, v) -> assignors.get(v));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        try (Consumer<String, String> consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(Arrays.asList(args[0].split(",")), new ConsumerRebalanceListener() {
                public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                    line("assign " + list(partitions));
                }

                public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                    line("revoke " + list(partitions));
                }

                public void onPartitionsLost(Collection<TopicPartition> partitions) {
                    line("lost " + list(partitions));
                }
            });
            while (!in.ready()) {
                StringBuilder text = new StringBuilder("m");
                for (ConsumerRecord<String, String> r : consumer.poll(Duration.ofMillis(100))) {
                    text.append(' ').append(r.topic()).append(':').append(r.partition()).append(':').append(r.offset()).append(':')
                        .append(r.value());
                }
                if (text.length() > 1) line(text.toString());
            }
        }
        line("closed");
    }
}
