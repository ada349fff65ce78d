import java.util.*;
import java.util.stream.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.internals.AbstractPartitionAssignor;
import org.apache.kafka.common.*;

/** Prints random groups and what the Java client's assignors make of them. */
public class Cases {
    static final String[] RACKS = {"r1", "r2", "r3"};
    final Random random;

    Cases(long seed) {
        random = new Random(seed);
    }

    static class Member {
        String id, instance, rack;
        List<String> topics = new ArrayList<>();
        List<TopicPartition> owned = new ArrayList<>();
        int generation = -1;
    }

    Map<String, List<PartitionInfo>> cluster = new HashMap<>();
    List<Member> members = new ArrayList<>();
    boolean racks, equal, steady;
    int count, generation;

    void topic(String name) {
        int partitions = 1 + random.nextInt(7);
        List<PartitionInfo> list = new ArrayList<>();
        for (int p = 0; p < partitions; p++) {
            Node[] replicas = new Node[racks ? 1 + random.nextInt(2) : 1];
            for (int r = 0; r < replicas.length; r++) {
                String rack = racks ? RACKS[random.nextInt(RACKS.length)] : null;
                replicas[r] = new Node(r, "h", 1, rack);
            }
            list.add(new PartitionInfo(name, p, replicas[0], replicas, replicas));
        }
        cluster.put(name, list);
    }

    void member() {
        Member m = new Member();
        m.id = "consumer-" + Integer.toString(random.nextInt(1000000), 36) + "-" + count++;
        if (random.nextInt(5) == 0) m.instance = "i" + random.nextInt(1000) + "-" + count;
        if (racks && random.nextInt(6) > 0) m.rack = RACKS[random.nextInt(RACKS.length)];
        subscribe(m);
        members.add(m);
    }

    void subscribe(Member m) {
        m.topics.clear();
        List<String> names = new ArrayList<>(new TreeSet<>(cluster.keySet()));
        if (!equal && !names.isEmpty()) {
            Collections.shuffle(names, random);
            names = new ArrayList<>(names.subList(0, 1 + random.nextInt(names.size())));
        }
        m.topics.addAll(names);
        if (!equal && random.nextInt(10) == 0) m.topics.add("missing");
    }

    void change() {
        int what = random.nextInt(6);
        if (what <= 1 && members.size() > 1) members.remove(random.nextInt(members.size()));
        if (what == 2 || what == 3) member();
        if (what == 4) topic("topic" + (char) ('a' + random.nextInt(8)));
        if (what == 5 && cluster.size() > 1) {
            List<String> names = new ArrayList<>(new TreeSet<>(cluster.keySet()));
            cluster.remove(names.get(random.nextInt(names.size())));
        }
        for (Member m : members) if (equal || random.nextInt(3) == 0) subscribe(m);
    }

    static String list(Collection<TopicPartition> partitions) {
        if (partitions.isEmpty()) return "-";
        return partitions.stream().map(p -> p.topic() + ":" + p.partition()).collect(Collectors.joining(","));
    }

    static String or(String s) {
        return s == null ? "-" : s;
    }

    /** One rebalance, printed. */
    void round(AbstractPartitionAssignor assignor) {
        Map<String, Subscription> subscriptions = new HashMap<>();
        Set<String> wanted = new HashSet<>();
        System.out.println("case " + assignor.name());
        for (Map.Entry<String, List<PartitionInfo>> t : new TreeMap<>(cluster).entrySet()) {
            System.out.println("topic " + t.getKey() + " " + t.getValue().stream()
                .map(p -> Arrays.stream(p.replicas()).map(Node::rack).filter(Objects::nonNull).distinct()
                    .collect(Collectors.joining(",")))
                .map(r -> r.isEmpty() ? "-" : r).collect(Collectors.joining(";")));
        }
        for (Member m : members) {
            Subscription s = new Subscription(new ArrayList<>(m.topics), null, new ArrayList<>(m.owned), m.generation, Optional.ofNullable(m.rack));
            s.setGroupInstanceId(Optional.ofNullable(m.instance));
            subscriptions.put(m.id, s);
            wanted.addAll(m.topics);
            System.out.println("member " + m.id + " " + or(m.instance) + " " + or(m.rack) + " " + m.generation
                + " " + String.join(",", m.topics) + " " + list(m.owned));
        }
        Map<String, List<PartitionInfo>> topics = new HashMap<>();
        for (String name : wanted) if (cluster.containsKey(name)) topics.put(name, cluster.get(name));
        Map<String, List<TopicPartition>> result = assignor.assignPartitions(topics, subscriptions);
        generation++;
        for (Member m : members) {
            List<TopicPartition> got = result.get(m.id);
            System.out.println("expect " + m.id + " " + list(got));
            boolean cooperative = assignor instanceof CooperativeStickyAssignor;
            int fate = steady ? 2 : random.nextInt(12);
            if (!cooperative) continue;
            // Some members miss the generation, some lose what they had.
            if (fate == 0) continue;
            m.owned = fate == 1 ? new ArrayList<>() : new ArrayList<>(got);
            m.generation = fate == 1 ? -1 : generation;
        }
        System.out.println("end");
    }

    void chain(AbstractPartitionAssignor[] assignors, int rounds, int which) {
        racks = random.nextInt(3) == 0;
        equal = random.nextInt(2) == 0;
        for (int t = 1 + random.nextInt(4); t > 0; t--) topic("topic" + (char) ('a' + random.nextInt(8)));
        for (int m = 1 + random.nextInt(random.nextInt(5) == 0 ? 20 : 6); m > 0; m--) member();
        for (int r = 0; r < rounds; r++) {
            // A leader is often a new one: no memory of earlier generations.
            round(which == 0 ? new CooperativeStickyAssignor() : assignors[which]);
            change();
            if (random.nextInt(4) == 0) change();
        }
    }

    static PartitionInfo partition(String topic, int number, String rack) {
        Node[] replicas = rack == null ? new Node[0] : new Node[] {new Node(0, "h", 1, rack)};
        return new PartitionInfo(topic, number, rack == null ? null : replicas[0], replicas, replicas);
    }

    void member(String id, String rack, String... topics) {
        Member m = new Member();
        m.id = id;
        m.rack = rack;
        m.topics.addAll(List.of(topics));
        members.add(m);
    }

    /** With racks and different subscriptions, Java's assignor moves the same partitions to and fro for ever. */
    void restless() {
        cluster.put("t0", List.of(partition("t0", 0, null), partition("t0", 1, null), partition("t0", 2, null)));
        cluster.put("t1", List.of(partition("t1", 0, "r1"), partition("t1", 1, null)));
        member("m0", "r0", "t0", "t2", "t3");
        member("m1", null, "t2");
        member("m2", null, "t0");
        member("m3", null, "t0", "t1", "t3");
        member("m4", "r0", "t1");
        member("m5", "r1", "t0", "t1", "t2");
        steady = true;
        round(new CooperativeStickyAssignor());
        members.remove(0);
        member("new", "r0", "t0", "t2", "t3");
        for (int r = 0; r < 5; r++) round(new CooperativeStickyAssignor());
    }

    /** All racks change. A member without one keeps what it has, and the other one gets its partition back. librdkafka exchanges them. */
    void changedRacks() {
        member("c1", null, "t");
        member("c2", "r0", "t");
        for (int r = 0; r < 3; r++) {
            cluster.put("t", List.of(partition("t", 0, r == 0 ? "r0" : "r1"), partition("t", 1, r == 0 ? "r1" : "r0")));
            steady = true;
            round(new CooperativeStickyAssignor());
        }
    }

    public static void main(String[] args) {
        Cases c;
        AbstractPartitionAssignor[] others = {null, new RangeAssignor(), new RoundRobinAssignor()};
        for (int seed = 0; seed < 50; seed++) {
            c = new Cases(seed);
            c.chain(others, 5, 0);
        }
        for (int seed = 0; seed < 20; seed++) {
            new Cases(1000 + seed).chain(others, 3, 1);
            new Cases(2000 + seed).chain(others, 2, 2);
        }
        new Cases(0).restless();
        new Cases(0).changedRacks();
    }
}
