import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.common.TopicPartition;

/**
 * Hanging BOOTSTRAP PREFIX SECONDS: waits until no transaction is open, neither at a coordinator nor in a partition of a topic whose
 * name begins so. A partition that has one its coordinator knows nothing of hangs: its readers wait for ever.
 */
public class Hanging {
    static List<String> open(Admin admin, String prefix) throws Exception {
        List<String> found = new ArrayList<>();
        for (TransactionListing t : admin.listTransactions().all().get())
            if (t.state() != TransactionState.EMPTY && t.state() != TransactionState.COMPLETE_COMMIT && t.state() != TransactionState.COMPLETE_ABORT)
                found.add("transaction " + t.transactionalId() + " is " + t.state() + ": "
                        + admin.describeTransactions(List.of(t.transactionalId())).description(t.transactionalId()).get().topicPartitions());
        List<TopicPartition> partitions = new ArrayList<>();
        List<String> topics = admin.listTopics().names().get().stream().filter(name -> name.startsWith(prefix)).toList();
        admin.describeTopics(topics).allTopicNames().get()
                .forEach((name, topic) -> topic.partitions().forEach(p -> partitions.add(new TopicPartition(name, p.partition()))));
        admin.describeProducers(partitions).all().get().forEach((partition, state) -> {
            for (ProducerState p : state.activeProducers())
                p.currentTransactionStartOffset().ifPresent(offset -> found.add(
                        partition + " has an open transaction of producer " + p.producerId() + " from offset " + offset));
        });
        System.out.println(partitions.size() + " partitions of " + topics.size() + " topics, " + found.size() + " open");
        return found;
    }

    public static void main(String[] args) throws Exception {
        long until = System.currentTimeMillis() + 1000 * Long.parseLong(args[2]);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
            List<String> found = open(admin, args[1]);
            while (!found.isEmpty() && System.currentTimeMillis() < until) {
                Thread.sleep(1000);
                found = open(admin, args[1]);
            }
            found.forEach(System.out::println);
            System.exit(found.isEmpty() ? 0 : 1);
        }
    }
}
