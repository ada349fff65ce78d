/*
 * DescribeTopics and DescribeCluster, on Kafka and on a mock cluster: results in the order of the arguments, brokers with all
 * that is known of them, and what the client may do if it asks for that.
 */
#include "admin.h"

static rd_kafka_t *rk;
static rd_kafka_queue_t *q;

static void begin(const char *servers) {
        rk = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", servers, NULL));
        q  = rd_kafka_queue_new(rk);
}

static void end(void) {
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 5000);
}

static void create_topic(const char *name, int partitions) {
        char errstr[256];
        rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, partitions, 1, errstr, sizeof(errstr));
        rd_kafka_CreateTopics(rk, &topic, 1, NULL, q);
        rd_kafka_event_destroy(admin_result(q, RD_KAFKA_EVENT_CREATETOPICS_RESULT, 0));
        rd_kafka_NewTopic_destroy(topic);
}

static rd_kafka_AdminOptions_t *options(rd_kafka_admin_op_t op, int with_operations) {
        rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, op);
        CHECK(!rd_kafka_AdminOptions_set_include_authorized_operations(o, with_operations), "option");
        return o;
}

static void check_node(const rd_kafka_Node_t *node) {
        NEED(node, "no node");
        CHECK(rd_kafka_Node_id(node) >= 0, "id %d", rd_kafka_Node_id(node));
        CHECK(rd_kafka_Node_host(node) && *rd_kafka_Node_host(node), "no host");
        CHECK(rd_kafka_Node_port(node) > 0, "no port");
}

static int has_operation(const rd_kafka_AclOperation_t *operations, size_t count, rd_kafka_AclOperation_t wanted) {
        size_t i;
        for (i = 0; i < count; i++)
                if (operations[i] == wanted)
                        return 1;
        return 0;
}

/* ---- topics ---- */

static rd_kafka_event_t *describe(const char **names, size_t count, int with_operations,
                                  const rd_kafka_TopicDescription_t ***results, size_t *got) {
        rd_kafka_AdminOptions_t *o         = options(RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, with_operations);
        rd_kafka_TopicCollection_t *topics = rd_kafka_TopicCollection_of_topic_names(names, count);
        rd_kafka_event_t *e;
        rd_kafka_DescribeTopics(rk, topics, o, q);
        rd_kafka_TopicCollection_destroy(topics);
        rd_kafka_AdminOptions_destroy(o);
        e        = admin_result(q, RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT, 0);
        *results = rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(e), got);
        return e;
}

static int exists(const char *name) {
        const rd_kafka_TopicDescription_t **results;
        size_t got;
        rd_kafka_event_t *e = describe(&name, 1, 0, &results, &got);
        int is              = got == 1 && !rd_kafka_TopicDescription_error(results[0]);
        rd_kafka_event_destroy(e);
        return is;
}

static void check_unknown(const rd_kafka_TopicDescription_t *t, const char *name) {
        size_t count = 1;
        CHECK(!strcmp(rd_kafka_TopicDescription_name(t), name), "%s", rd_kafka_TopicDescription_name(t));
        CHECK_ERR(rd_kafka_error_code(rd_kafka_TopicDescription_error(t)), RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        CHECK(!rd_kafka_TopicDescription_partitions(t, &count) && !count, "%zu partitions", count);
        count = 1;
        CHECK(!rd_kafka_TopicDescription_authorized_operations(t, &count) && !count, "%zu operations", count);
        CHECK(rd_kafka_TopicDescription_topic_id(t), "no id");
        CHECK(!rd_kafka_TopicDescription_is_internal(t), "internal");
}

static void check_known(const rd_kafka_TopicDescription_t *t, const char *name, int with_operations) {
        const rd_kafka_TopicPartitionInfo_t **partitions;
        const rd_kafka_AclOperation_t *operations;
        const rd_kafka_Node_t **nodes;
        const rd_kafka_Uuid_t *id = rd_kafka_TopicDescription_topic_id(t);
        size_t count, i, n;
        CHECK(!strcmp(rd_kafka_TopicDescription_name(t), name), "%s", rd_kafka_TopicDescription_name(t));
        CHECK(!rd_kafka_TopicDescription_error(t), "an error");
        CHECK(!rd_kafka_TopicDescription_is_internal(t), "internal");
        CHECK(rd_kafka_Uuid_most_significant_bits(id) || rd_kafka_Uuid_least_significant_bits(id), "no id");
        partitions = rd_kafka_TopicDescription_partitions(t, &count);
        NEED(count == 3, "%zu partitions", count);
        for (i = 0; i < count; i++) {
                CHECK(rd_kafka_TopicPartitionInfo_partition(partitions[i]) == (int)i, "partition %d",
                      rd_kafka_TopicPartitionInfo_partition(partitions[i]));
                check_node(rd_kafka_TopicPartitionInfo_leader(partitions[i]));
                nodes = rd_kafka_TopicPartitionInfo_replicas(partitions[i], &n);
                NEED(n == 1, "%zu replicas", n);
                check_node(nodes[0]);
                nodes = rd_kafka_TopicPartitionInfo_isr(partitions[i], &n);
                NEED(n == 1, "%zu in sync", n);
                CHECK(rd_kafka_Node_id(nodes[0]) == rd_kafka_Node_id(rd_kafka_TopicPartitionInfo_leader(partitions[i])),
                      "%d", rd_kafka_Node_id(nodes[0]));
        }
        operations = rd_kafka_TopicDescription_authorized_operations(t, &count);
        CHECK(!operations == !with_operations && !count == !with_operations, "%zu operations", count);
        if (with_operations) {
                CHECK(has_operation(operations, count, RD_KAFKA_ACL_OPERATION_READ), "may not read");
                CHECK(!has_operation(operations, count, RD_KAFKA_ACL_OPERATION_CLUSTER_ACTION), "a cluster's operation");
        }
}

static void topics(const char *servers) {
        const char *names[] = {"there-is-none", fresh("described"), "no-second"};
        const rd_kafka_TopicDescription_t **results;
        rd_kafka_event_t *e;
        size_t got;
        int with;
        begin(servers);
        create_topic(names[1], 3);
        EVENTUALLY(exists(names[1]));
        for (with = 0; with < 2; with++) {
                e = describe(names, 3, with, &results, &got);
                NEED(got == 3, "%zu topics", got);
                check_unknown(results[0], names[0]);
                check_known(results[1], names[1], with);
                check_unknown(results[2], names[2]);
                rd_kafka_event_destroy(e);
        }
        /* Asking has made none. */
        CHECK(!exists(names[0]), "made by asking");
        e = describe(NULL, 0, 0, &results, &got);
        CHECK(!got, "%zu topics", got);
        rd_kafka_event_destroy(e);
        end();
}

/* ---- the cluster ---- */

static void cluster(const char *servers, size_t brokers) {
        const rd_kafka_DescribeCluster_result_t *result;
        const rd_kafka_AclOperation_t *operations;
        const rd_kafka_Node_t **nodes;
        rd_kafka_event_t *e;
        size_t count, i;
        int with;
        begin(servers);
        for (with = 0; with < 2; with++) {
                rd_kafka_AdminOptions_t *o = options(RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER, with);
                rd_kafka_DescribeCluster(rk, o, q);
                rd_kafka_AdminOptions_destroy(o);
                e      = admin_result(q, RD_KAFKA_EVENT_DESCRIBECLUSTER_RESULT, 0);
                result = rd_kafka_event_DescribeCluster_result(e);
                CHECK(*rd_kafka_DescribeCluster_result_cluster_id(result), "no id");
                check_node(rd_kafka_DescribeCluster_result_controller(result));
                nodes = rd_kafka_DescribeCluster_result_nodes(result, &count);
                CHECK(brokers ? count == brokers : count > 0, "%zu brokers", count);
                for (i = 0; i < count; i++)
                        check_node(nodes[i]);
                operations = rd_kafka_DescribeCluster_result_authorized_operations(result, &count);
                CHECK(!operations == !with && !count == !with, "%zu operations", count);
                if (with)
                        CHECK(has_operation(operations, count, RD_KAFKA_ACL_OPERATION_CREATE), "may not create");
                rd_kafka_event_destroy(e);
        }
        end();
}

static void on_kafka(void) {
        topics(bootstrap());
        cluster(bootstrap(), 0);
}

static void on_the_mock(void) {
        struct mock mock = mock_of(3);
        if (!is_upstream()) {
                topics(mock.servers);
                cluster(mock.servers, 3);
        }
        mock_end(&mock);
}

/* Replicas on brokers that are gone are told by their ids; racks are told. */
static void brokers_come_and_go(void) {
        struct mock mock = mock_of(3);
        const char *name = "t";
        const rd_kafka_TopicDescription_t **results;
        const rd_kafka_TopicPartitionInfo_t **partitions;
        const rd_kafka_Node_t **nodes;
        rd_kafka_event_t *e;
        size_t got, i;
        if (is_upstream())
                goto out;
        CHECK_ERR(rd_kafka_mock_topic_create(mock.cluster, name, 1, 3), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(mock.cluster, name, 0, -1), 0);
        CHECK_ERR(rd_kafka_mock_broker_set_rack(mock.cluster, 1, "r1"), 0);
        begin(mock.servers);
        CHECK(exists(name), "topic");
        CHECK_ERR(rd_kafka_mock_broker_set_down(mock.cluster, 2), 0);
        e = describe(&name, 1, 0, &results, &got);
        NEED(got == 1, "%zu topics", got);
        partitions = rd_kafka_TopicDescription_partitions(results[0], &got);
        NEED(got == 1, "%zu partitions", got);
        CHECK(!rd_kafka_TopicPartitionInfo_leader(partitions[0]), "a leader");
        nodes = rd_kafka_TopicPartitionInfo_replicas(partitions[0], &got);
        NEED(got == 3, "%zu replicas", got);
        for (i = 0; i < got; i++) {
                int id = rd_kafka_Node_id(nodes[i]);
                CHECK(!rd_kafka_Node_host(nodes[i]) == (id == 2), "host of %d", id);
                CHECK(!rd_kafka_Node_rack(nodes[i]) == (id != 1), "rack of %d", id);
        }
        rd_kafka_event_destroy(e);
        end();
out:
        mock_end(&mock);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(on_kafka);
        RUN(on_the_mock);
        RUN(brokers_come_and_go);
        return T_END();
}
