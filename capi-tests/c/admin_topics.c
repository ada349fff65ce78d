/*
 * CreateTopics, DeleteTopics and CreatePartitions, on Kafka and on a mock cluster: results in the order of the arguments,
 * an error for each topic, times that are kept, and an event for every call, whatever becomes of the client.
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

static rd_kafka_NewTopic_t *new_topic(const char *name, int partitions, int replicas) {
        char errstr[256];
        rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, partitions, replicas, errstr, sizeof(errstr));
        CHECK(topic, "%s: %s", name, errstr);
        return topic;
}

static void check_topic(const rd_kafka_topic_result_t *result, const char *name, rd_kafka_resp_err_t want) {
        CHECK(!strcmp(rd_kafka_topic_result_name(result), name), "%s, not %s", rd_kafka_topic_result_name(result), name);
        CHECK_ERR(rd_kafka_topic_result_error(result), want);
        CHECK(!rd_kafka_topic_result_error_string(result) == !want, "%s: text %s", name,
              rd_kafka_topic_result_error_string(result));
}

static void create(rd_kafka_NewTopic_t **topics, size_t count, const char **names, const rd_kafka_resp_err_t *want) {
        const rd_kafka_topic_result_t **results;
        rd_kafka_event_t *e;
        size_t i, got;
        rd_kafka_CreateTopics(rk, topics, count, NULL, q);
        e       = admin_result(q, RD_KAFKA_EVENT_CREATETOPICS_RESULT, RD_KAFKA_RESP_ERR_NO_ERROR);
        results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(e), &got);
        NEED(got == count, "%zu results", got);
        for (i = 0; i < count; i++)
                check_topic(results[i], names[i], want[i]);
        rd_kafka_event_destroy(e);
}

static void extend(const char *name, size_t total, rd_kafka_resp_err_t want) {
        char errstr[256];
        rd_kafka_NewPartitions_t *more = rd_kafka_NewPartitions_new(name, total, errstr, sizeof(errstr));
        const rd_kafka_topic_result_t **results;
        rd_kafka_event_t *e;
        size_t got;
        rd_kafka_CreatePartitions(rk, &more, 1, NULL, q);
        e       = admin_result(q, RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT, RD_KAFKA_RESP_ERR_NO_ERROR);
        results = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(e), &got);
        NEED(got == 1, "%zu results", got);
        check_topic(results[0], name, want);
        rd_kafka_event_destroy(e);
        rd_kafka_NewPartitions_destroy(more);
}

static void delete_both(const char *name, const char *other, rd_kafka_resp_err_t want, rd_kafka_resp_err_t want_other) {
        rd_kafka_DeleteTopic_t *gone[] = {rd_kafka_DeleteTopic_new(name), rd_kafka_DeleteTopic_new(other)};
        const rd_kafka_topic_result_t **results;
        rd_kafka_event_t *e;
        size_t got;
        rd_kafka_DeleteTopics(rk, gone, 2, NULL, q);
        e       = admin_result(q, RD_KAFKA_EVENT_DELETETOPICS_RESULT, RD_KAFKA_RESP_ERR_NO_ERROR);
        results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(e), &got);
        NEED(got == 2, "%zu results", got);
        check_topic(results[0], name, want);
        check_topic(results[1], other, want_other);
        rd_kafka_event_destroy(e);
        rd_kafka_DeleteTopic_destroy_array(gone, 2);
}

static int partitions_of(const char *name) {
        const struct rd_kafka_metadata *md = NULL;
        rd_kafka_topic_t *rkt              = rd_kafka_topic_new(rk, name, NULL);
        rd_kafka_resp_err_t err            = rd_kafka_metadata(rk, 0, rkt, &md, ms(20000));
        int count                          = err ? -1 : md->topics[0].err ? -1 : md->topics[0].partition_cnt;
        if (!err)
                rd_kafka_metadata_destroy(md);
        rd_kafka_topic_destroy(rkt);
        return count;
}

/* A topic's life, with what the cluster refuses beside what it does. */
static void life(const char *servers) {
        const char *name = fresh("life"), *second = fresh("second"), *bad = "no/such:name";
        const char *names[]        = {bad, name, second};
        rd_kafka_resp_err_t made[] = {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, 0, 0};
        rd_kafka_resp_err_t have[] = {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS,
                                      RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS};
        rd_kafka_NewTopic_t *topics[3];
        int32_t replica = 1;
        char errstr[256];
        begin(servers);
        topics[0] = new_topic(bad, 1, 1);
        topics[1] = new_topic(name, 3, 1);
        topics[2] = new_topic(second, 1, -1);
        CHECK_ERR(rd_kafka_NewTopic_set_config(topics[1], "retention.ms", "123456"), 0);
        CHECK_ERR(rd_kafka_NewTopic_set_replica_assignment(topics[2], 0, &replica, 1, errstr, sizeof(errstr)), 0);
        create(topics, 3, names, made);
        create(topics, 3, names, have);
        EVENTUALLY(partitions_of(name) == 3);
        extend(name, 5, RD_KAFKA_RESP_ERR_NO_ERROR);
        extend(name, 4, RD_KAFKA_RESP_ERR_INVALID_PARTITIONS);
        extend(bad, 4, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        EVENTUALLY(partitions_of(name) == 5);
        delete_both(bad, name, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_NO_ERROR);
        delete_both(second, bad, RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        rd_kafka_NewTopic_destroy_array(topics, 3);
        end();
}

static void on_kafka(void) {
        life(bootstrap());
}

static void on_the_mock(void) {
        struct mock mock = mock_of(3);
        if (!is_upstream())
                life(mock.servers);
        mock_end(&mock);
}

/* Nobody answers: the time that the options give is kept, and the event has their opaque. */
static void times_are_kept(void) {
        rd_kafka_NewTopic_t *topic = new_topic("t", 1, 1);
        rd_kafka_AdminOptions_t *o;
        rd_kafka_event_t *e;
        char errstr[256];
        int64_t start, took;
        int wait;
        begin("127.0.0.1:1");
        o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
        for (wait = 0; wait <= 400; wait += 200) {
                rd_kafka_AdminOptions_set_opaque(o, &wait);
                CHECK_ERR(rd_kafka_AdminOptions_set_request_timeout(o, wait, errstr, sizeof(errstr)), 0);
                start = now_ms();
                rd_kafka_CreateTopics(rk, &topic, 1, o, q);
                e    = admin_result(q, RD_KAFKA_EVENT_CREATETOPICS_RESULT, RD_KAFKA_RESP_ERR__TIMED_OUT);
                took = now_ms() - start;
                CHECK(took >= wait && took <= wait + ms(500), "%" PRId64 " ms, not %d", took, wait);
                CHECK(rd_kafka_event_opaque(e) == &wait, "opaque");
                CHECK(*rd_kafka_event_error_string(e), "no text");
                rd_kafka_event_destroy(e);
        }
        rd_kafka_AdminOptions_destroy(o);
        rd_kafka_NewTopic_destroy(topic);
        end();
}

/* Nothing asked for, and no time to find a broker: the time is what is up, except where librdkafka looks at the arguments first. */
static void nothing_in_no_time(void) {
        rd_kafka_AdminOptions_t *o;
        char errstr[256];
        begin("127.0.0.1:1");
        o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_ANY);
        CHECK_ERR(rd_kafka_AdminOptions_set_request_timeout(o, 0, errstr, sizeof(errstr)), 0);
#define NOTHING(call, kind, want)                                                                                      \
        rd_kafka_##call(rk, NULL, 0, o, q);                                                                            \
        rd_kafka_event_destroy(admin_result(q, RD_KAFKA_EVENT_##kind##_RESULT, RD_KAFKA_RESP_ERR__##want))
        NOTHING(CreateTopics, CREATETOPICS, TIMED_OUT);
        NOTHING(DeleteTopics, DELETETOPICS, TIMED_OUT);
        NOTHING(CreatePartitions, CREATEPARTITIONS, TIMED_OUT);
        NOTHING(DescribeConfigs, DESCRIBECONFIGS, TIMED_OUT);
        NOTHING(AlterConfigs, ALTERCONFIGS, TIMED_OUT);
        NOTHING(IncrementalAlterConfigs, INCREMENTALALTERCONFIGS, TIMED_OUT);
        NOTHING(CreateAcls, CREATEACLS, TIMED_OUT);
        NOTHING(DeleteAcls, DELETEACLS, TIMED_OUT);
        NOTHING(DeleteGroups, DELETEGROUPS, INVALID_ARG);
        rd_kafka_AdminOptions_destroy(o);
        end();
}

/* A client that ends with calls under way ends them, and what nobody takes is freed. */
static void the_client_ends(void) {
        rd_kafka_NewTopic_t *topic = new_topic("t", 1, 1);
        int i;
        begin("127.0.0.1:1");
        for (i = 0; i < 20; i++)
                rd_kafka_CreateTopics(rk, &topic, 1, NULL, q);
        end();
        rd_kafka_NewTopic_destroy(topic);
}

/* A controller that goes while it is asked: the next one does the work, within the time. */
static void the_controller_moves(void) {
        struct mock mock                = mock_of(3);
        const char *name           = "moves";
        rd_kafka_resp_err_t none   = RD_KAFKA_RESP_ERR_NO_ERROR;
        rd_kafka_NewTopic_t *topic = new_topic(name, 1, 1);
        begin(mock.servers);
        if (!is_upstream()) {
                CHECK(partitions_of("known") > 0, "metadata");
                rd_kafka_mock_set_controller_id(mock.cluster, 2);
                create(&topic, 1, &name, &none);
                CHECK_ERR(rd_kafka_mock_broker_set_down(mock.cluster, 2), 0);
                rd_kafka_mock_set_controller_id(mock.cluster, 3);
                delete_both(name, "other", none, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        }
        rd_kafka_NewTopic_destroy(topic);
        end();
        mock_end(&mock);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(on_kafka);
        RUN(on_the_mock);
        RUN(times_are_kept);
        RUN(nothing_in_no_time);
        RUN(the_client_ends);
        RUN(the_controller_moves);
        return T_END();
}
