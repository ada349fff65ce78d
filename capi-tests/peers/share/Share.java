// The Java client's share consumer against a cluster: two of one group that accept, release, reject and renew.
// Each record ends once: accepted, or rejected; what was released comes again, once more delivered.
//
// usage: java -cp 'JARS/*' Share.java BOOTSTRAP

import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.*;

public class Share {
    static final int PARTITIONS = 3, MESSAGES = 600;
    static final String RUN = UUID.randomUUID().toString().substring(0, 8);
    static final String TOPIC = "java-share-" + RUN, GROUP = "java-share-group-" + RUN;
    static String bootstrap;

    static void check(boolean ok, String what) {
        if (!ok) {
            System.out.println("FAIL " + what);
            System.exit(1);
        }
    }

    static Properties props(String... pairs) {
        Properties p = new Properties();
        p.put("bootstrap.servers", bootstrap);
        for (int i = 0; i < pairs.length; i += 2) p.put(pairs[i], pairs[i + 1]);
        return p;
    }

    static KafkaShareConsumer<String, String> consumer(String mode) {
        KafkaShareConsumer<String, String> c = new KafkaShareConsumer<>(
            props("group.id", GROUP, "share.acknowledgement.mode", "explicit", "max.poll.records", "50", "share.acquire.mode", mode),
            new StringDeserializer(), new StringDeserializer());
        c.subscribe(List.of(TOPIC));
        return c;
    }

    static void produce(Admin admin) throws Exception {
        admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 1))).all().get(30, TimeUnit.SECONDS);
        ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, GROUP);
        AlterConfigOp earliest = new AlterConfigOp(new ConfigEntry("share.auto.offset.reset", "earliest"), AlterConfigOp.OpType.SET);
        try {
            admin.incrementalAlterConfigs(Map.of(group, List.of(earliest))).all().get(30, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            System.out.println("no configuration of groups (" + e.getCause().getMessage() + "): the cluster has to begin at the earliest record");
        }
        try (KafkaProducer<String, String> p = new KafkaProducer<>(props("linger.ms", "1"), new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < MESSAGES; i++) p.send(new ProducerRecord<>(TOPIC, i % PARTITIONS, "k", "v" + i));
        }
    }

    static int number(ConsumerRecord<String, String> r) {
        return Integer.parseInt(r.value().substring(1));
    }

    static boolean isReleased(ConsumerRecord<String, String> r, Set<String> released) {
        return number(r) % 7 == 0 && !released.contains(r.value());
    }

    static boolean isRejected(ConsumerRecord<String, String> r) {
        return number(r) % 11 == 0;
    }

    static boolean isRenewed(ConsumerRecord<String, String> r, Set<String> released) {
        return number(r) % 50 == 1 && !isReleased(r, released) && !isRejected(r);
    }

    static void commit(KafkaShareConsumer<String, String> c) {
        for (var e : c.commitSync().entrySet()) check(e.getValue().isEmpty(), "commit of " + e);
    }

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        Admin admin = Admin.create(props());
        produce(admin);
        List<KafkaShareConsumer<String, String>> consumers = List.of(consumer("batch_optimized"), consumer("record_limit"));
        Set<String> accepted = new HashSet<>(), rejected = new HashSet<>(), released = new HashSet<>();
        Set<Integer> active = new HashSet<>();
        int renewed = 0;
        long until = System.currentTimeMillis() + 180_000;
        while (accepted.size() + rejected.size() < MESSAGES && System.currentTimeMillis() < until) {
            for (int n = 0; n < consumers.size(); n++) {
                KafkaShareConsumer<String, String> c = consumers.get(n);
                List<ConsumerRecord<String, String>> again = new ArrayList<>();
                ConsumerRecords<String, String> got = c.poll(Duration.ofMillis(500));
                check(n == 0 || got.count() <= 50, got.count() + " records with a limit of 50");
                if (!got.isEmpty()) active.add(n);
                // Version 4.2.0 of the client loses what is renewed when the broker that is the last to answer a commitSync was not asked to renew:
                // ShareConsumeRequestManager.ResultHandler.complete takes that request's isRenewAck for those of all brokers, and no poll gives
                // anything out any more. So partitions with a record to renew are committed by themselves, after the others.
                Map<Boolean, List<TopicPartition>> parts = got.partitions().stream().collect(
                    Collectors.partitioningBy(p -> got.records(p).stream().anyMatch(r -> isRenewed(r, released))));
                for (boolean renewing : new boolean[] {false, true}) {
                    for (TopicPartition p : parts.get(renewing)) for (ConsumerRecord<String, String> r : got.records(p)) {
                        String v = r.value();
                        check(!accepted.contains(v) && !rejected.contains(v), v + " comes after its end");
                        int count = r.deliveryCount().orElse((short) 0);
                        check(count == (released.contains(v) ? 2 : 1), v + " delivered " + count + " times");
                        if (isReleased(r, released)) {
                            c.acknowledge(r, AcknowledgeType.RELEASE);
                            released.add(v);
                        } else if (isRejected(r)) {
                            c.acknowledge(r, AcknowledgeType.REJECT);
                            rejected.add(v);
                        } else if (isRenewed(r, released)) {
                            c.acknowledge(r, AcknowledgeType.RENEW);
                            again.add(r);
                        } else {
                            c.acknowledge(r, AcknowledgeType.ACCEPT);
                            accepted.add(v);
                        }
                    }
                    commit(c);
                }
                // What was renewed is given out once more, by the next poll if there is nothing else.
                while (!again.isEmpty() && System.currentTimeMillis() < until) {
                    for (ConsumerRecord<String, String> r : c.poll(Duration.ofMillis(500))) {
                        c.acknowledge(r, AcknowledgeType.ACCEPT);
                        if (again.removeIf(a -> a.value().equals(r.value()))) renewed++;
                        accepted.add(r.value());
                    }
                    commit(c);
                }
                check(again.isEmpty(), "renewed, and not given out again: " + again.stream().map(ConsumerRecord::value).toList());
            }
        }
        List<String> missing = new ArrayList<>();
        for (int i = 0; i < MESSAGES; i++) if (!accepted.contains("v" + i) && !rejected.contains("v" + i)) missing.add("v" + i + (released.contains("v" + i) ? " (released)" : ""));
        check(missing.isEmpty(), "not ended: " + missing);
        check(renewed > 0, "nothing renewed");
        check(active.size() == 2, "records went to " + active.size() + " of two members");
        ShareGroupDescription d = admin.describeShareGroups(List.of(GROUP)).all().get(30, TimeUnit.SECONDS).get(GROUP);
        check(d.members().size() == 2 && d.groupState().toString().equals("Stable"), "described as " + d);
        boolean listed = admin.listGroups(ListGroupsOptions.forShareGroups()).all().get().stream().anyMatch(g -> g.groupId().equals(GROUP));
        check(listed, "not listed");
        for (KafkaShareConsumer<String, String> c : consumers) c.close();
        // Nothing is left for another.
        try (KafkaShareConsumer<String, String> c = consumer("batch_optimized")) {
            for (int i = 0; i < 6; i++) check(c.poll(Duration.ofMillis(300)).isEmpty(), "a record after the end");
        }
        System.out.println("ok java: " + accepted.size() + " accepted, " + rejected.size() + " rejected, " + released.size()
            + " released, " + renewed + " renewed");
        admin.close();
    }
}
