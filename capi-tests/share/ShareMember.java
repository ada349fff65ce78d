import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.*;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.serialization.StringDeserializer;

/** What share_member.c is, with the Java client, which accepts everything: ShareMember TOPIC[,TOPIC...] NAME=VALUE... */
public class ShareMember {
    static synchronized void line(String text) {
        // The monotonic clock of the machine, as the C programs read it.
        System.out.println(System.nanoTime() / 1000 + " " + text);
        System.out.flush();
    }

    public static void main(String[] args) throws Exception {
        Properties properties = new Properties();
        properties.put("share.acknowledgement.mode", "explicit");
        for (String arg : Arrays.asList(args).subList(1, args.length)) {
            int at = arg.indexOf('=');
            properties.put(arg.substring(0, at), arg.substring(at + 1));
        }
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        try (ShareConsumer<String, String> consumer = new KafkaShareConsumer<>(properties, new StringDeserializer(), new StringDeserializer())) {
            consumer.setAcknowledgementCommitCallback((offsets, exception) -> offsets.forEach((p, all) -> {
                String name = exception == null ? "ok" : exception.getClass().getSimpleName();
                line("c " + name + " " + p.topic() + ":" + p.partition() + ":"
                    + all.stream().map(String::valueOf).collect(Collectors.joining(",")));
            }));
            consumer.subscribe(Arrays.asList(args[0].split(",")));
            while (!in.ready()) {
                StringBuilder text = new StringBuilder("d");
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(100));
                for (ConsumerRecord<String, String> r : records) {
                    text.append(' ').append(r.topic()).append(':').append(r.partition()).append(':').append(r.offset()).append(':')
                        .append(r.deliveryCount().orElse((short) 0)).append("/1");
                }
                if (text.length() > 1) line(text.toString());
                for (ConsumerRecord<String, String> r : records) consumer.acknowledge(r, AcknowledgeType.ACCEPT);
            }
        }
        line("closed");
    }
}
