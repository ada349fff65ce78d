// The Apache Kafka Java client against a cluster: produce, a group of two, commits, transactions.
//
// usage: java -cp 'JARS/*' Peer.java BOOTSTRAP

import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.*;

public class Peer {
    static final int PARTITIONS = 4, MESSAGES = 400;
    static final String RUN = UUID.randomUUID().toString().substring(0, 8);
    static final String TOPIC = "java-" + RUN, TXN_TOPIC = "java-txn-" + RUN, GROUP = "java-group-" + RUN;
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

    static KafkaProducer<String, String> producer(String... pairs) {
        return new KafkaProducer<>(props(pairs), new StringSerializer(), new StringSerializer());
    }

    static KafkaConsumer<String, String> consumer(String... pairs) {
        return new KafkaConsumer<>(props(pairs), new StringDeserializer(), new StringDeserializer());
    }

    static void createTopics() throws Exception {
        try (Admin admin = Admin.create(props())) {
            admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 1),
                                       new NewTopic(TXN_TOPIC, 1, (short) 1))).all().get(30, TimeUnit.SECONDS);
            check(admin.describeTopics(List.of(TOPIC)).allTopicNames().get().get(TOPIC).partitions().size() == PARTITIONS,
                  "describe topic");
            check(admin.describeCluster().nodes().get().size() > 0, "describe cluster");
        }
        System.out.println("ok create topics");
    }

    static void produce() throws Exception {
        try (KafkaProducer<String, String> p = producer("compression.type", "lz4", "linger.ms", "5")) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (int i = 0; i < MESSAGES; i++) {
                ProducerRecord<String, String> r = new ProducerRecord<>(TOPIC, i % PARTITIONS, "k" + i, "v" + i);
                r.headers().add("h", Integer.toString(i).getBytes());
                sent.add(p.send(r));
            }
            p.flush();
            for (int i = 0; i < MESSAGES; i++)
                check(sent.get(i).get().offset() == i / PARTITIONS, "offset of " + i);
        }
        System.out.println("ok produce");
    }

    // The classic protocol, or the consumer protocol (KIP-848), whose timeouts are the broker's.
    static KafkaConsumer<String, String> member(String group) {
        List<String> p = new ArrayList<>(List.of("group.id", group, "enable.auto.commit", "false", "auto.offset.reset", "earliest"));
        p.addAll(group.equals(GROUP) ? List.of("session.timeout.ms", "10000", "heartbeat.interval.ms", "500")
                                     : List.of("group.protocol", "consumer"));
        return consumer(p.toArray(new String[0]));
    }

    static void groupOfTwo(String group) throws Exception {
        Map<String, Boolean> seen = new ConcurrentHashMap<>();
        List<Set<Integer>> assigned = List.of(ConcurrentHashMap.newKeySet(), ConcurrentHashMap.newKeySet());
        AtomicBoolean stop = new AtomicBoolean();
        List<Thread> threads = new ArrayList<>();
        for (int m = 0; m < 2; m++) {
            Set<Integer> mine = assigned.get(m);
            Thread t = new Thread(() -> {
                try (KafkaConsumer<String, String> c = member(group)) {
                    c.subscribe(List.of(TOPIC));
                    while (!stop.get()) {
                        for (ConsumerRecord<String, String> r : c.poll(Duration.ofMillis(100))) {
                            int i = (int) r.offset() * PARTITIONS + r.partition();
                            check(r.key().equals("k" + i) && r.value().equals("v" + i)
                                  && new String(r.headers().lastHeader("h").value()).equals("" + i), "content of " + i);
                            seen.put(r.partition() + "/" + r.offset(), true);
                        }
                        Set<Integer> now = new HashSet<>();
                        for (TopicPartition tp : c.assignment()) now.add(tp.partition());
                        mine.retainAll(now);
                        mine.addAll(now);
                    }
                    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
                    for (int p : mine)
                        offsets.put(new TopicPartition(TOPIC, p), new OffsetAndMetadata(MESSAGES / PARTITIONS, "note"));
                    c.commitSync(offsets);
                }
            });
            t.start();
            threads.add(t);
        }
        long deadline = System.currentTimeMillis() + 60_000;
        boolean shared = false;
        while (!(shared && seen.size() == MESSAGES) && System.currentTimeMillis() < deadline) {
            Thread.sleep(100);
            Set<Integer> union = new HashSet<>(assigned.get(0));
            union.addAll(assigned.get(1));
            shared = !assigned.get(0).isEmpty() && !assigned.get(1).isEmpty() && union.size() == PARTITIONS
                && assigned.get(0).size() + assigned.get(1).size() == PARTITIONS;
        }
        // Both commit while both are members.
        stop.set(true);
        for (Thread t : threads) t.join(30_000);
        check(seen.size() == MESSAGES, seen.size() + " of " + MESSAGES + " consumed");
        check(shared, "the group shares: " + assigned);
        System.out.println("ok group of two: " + group);
    }

    // One member by a regular expression, which the broker resolves; it is described, and its offsets go with a transaction.
    static void byPattern() throws Exception {
        String group = GROUP + "-pattern";
        try (KafkaConsumer<String, String> c = member(group); Admin admin = Admin.create(props());
             KafkaProducer<String, String> p = producer("transactional.id", "java-pattern-" + RUN)) {
            c.subscribe(new SubscriptionPattern("java-" + RUN + ".*"));
            int seen = 0;
            for (long end = System.currentTimeMillis() + 60_000; seen < MESSAGES && System.currentTimeMillis() < end;)
                seen += c.poll(Duration.ofMillis(100)).count();
            check(seen == MESSAGES, seen + " of " + MESSAGES + " consumed by a pattern");
            ConsumerGroupDescription d = admin.describeConsumerGroups(List.of(group)).all().get().get(group);
            check(d.members().size() == 1 && d.groupState().toString().equals("Stable"), "described: " + d);
            check(d.members().iterator().next().assignment().topicPartitions().equals(c.assignment()), "assigned: " + d);
            check(admin.listGroups(ListGroupsOptions.forConsumerGroups()).all().get().stream()
                  .anyMatch(g -> g.groupId().equals(group)), "listed");
            p.initTransactions();
            p.beginTransaction();
            TopicPartition tp = new TopicPartition(TOPIC, 0);
            p.sendOffsetsToTransaction(Map.of(tp, new OffsetAndMetadata(9)), c.groupMetadata());
            p.commitTransaction();
            check(c.committed(Set.of(tp)).get(tp).offset() == 9, "offset of a member's transaction");
        }
        System.out.println("ok group by a pattern");
    }

    static void committed() throws Exception {
        try (Admin admin = Admin.create(props())) {
            Map<TopicPartition, OffsetAndMetadata> offsets =
                admin.listConsumerGroupOffsets(GROUP).partitionsToOffsetAndMetadata().get(30, TimeUnit.SECONDS);
            for (int p = 0; p < PARTITIONS; p++) {
                OffsetAndMetadata o = offsets.get(new TopicPartition(TOPIC, p));
                check(o != null && o.offset() == MESSAGES / PARTITIONS && o.metadata().equals("note"),
                      "committed of " + p + ": " + o);
            }
            check(admin.describeClassicGroups(List.of(GROUP)).all().get().get(GROUP).members().isEmpty(), "members left");
        }
        System.out.println("ok committed offsets");
    }

    // Of a producer that reads from no group's members.
    @SuppressWarnings("removal")
    static ConsumerGroupMetadata metadata() {
        return new ConsumerGroupMetadata(GROUP + "-tx");
    }

    static void transactions() throws Exception {
        try (KafkaProducer<String, String> p = producer("transactional.id", "java-tx-" + RUN)) {
            p.initTransactions();
            for (String name : List.of("first", "aborted", "second")) {
                p.beginTransaction();
                for (int i = 0; i < 10; i++) p.send(new ProducerRecord<>(TXN_TOPIC, 0, null, name + i));
                if (name.equals("aborted")) {
                    p.flush();
                    p.abortTransaction();
                } else {
                    p.sendOffsetsToTransaction(
                        Map.of(new TopicPartition(TOPIC, 0), new OffsetAndMetadata(7)), metadata());
                    p.commitTransaction();
                }
            }
        }
        for (String isolation : List.of("read_committed", "read_uncommitted")) {
            List<String> expected = new ArrayList<>(), values = new ArrayList<>();
            for (String name : List.of("first", "aborted", "second"))
                if (isolation.equals("read_uncommitted") || !name.equals("aborted"))
                    for (int i = 0; i < 10; i++) expected.add(name + i);
            try (KafkaConsumer<String, String> c = consumer("isolation.level", isolation, "group.id", GROUP + "-tx")) {
                TopicPartition tp = new TopicPartition(TXN_TOPIC, 0);
                c.assign(List.of(tp));
                c.seekToBeginning(List.of(tp));
                long deadline = System.currentTimeMillis() + 20_000;
                // Three markers stand behind the messages.
                while (c.position(tp) < 33 && System.currentTimeMillis() < deadline)
                    for (ConsumerRecord<String, String> r : c.poll(Duration.ofMillis(200))) values.add(r.value());
                check(values.equals(expected), isolation + ": " + values);
                TopicPartition other = new TopicPartition(TOPIC, 0);
                check(c.committed(Set.of(other)).get(other).offset() == 7, "offsets of the transaction");
            }
        }
        System.out.println("ok transactions");
    }

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        createTopics();
        produce();
        groupOfTwo(GROUP);
        committed();
        groupOfTwo(GROUP + "-848");
        byPattern();
        transactions();
        System.out.println("PASS java");
        System.exit(0);
    }
}
