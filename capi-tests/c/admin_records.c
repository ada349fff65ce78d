/*
 * DeleteRecords, ListOffsets and ElectLeaders, on Kafka and on a mock cluster: a result for each partition, in librdkafka's
 * order, and leaders that are several, move, or are gone.
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

/* Ten records in a partition, of the times 1000, 1100 and so on. */
static void fill(const char *topic, int partition) {
        int i;
        for (i = 0; i < 10; i++)
                CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                                            RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_TIMESTAMP(1000 + 100 * i), RD_KAFKA_V_END),
                          0);
        CHECK_ERR(rd_kafka_flush(rk, ms(15000)), 0);
}

static rd_kafka_topic_partition_t *add(rd_kafka_topic_partition_list_t *list, const char *topic, int partition,
                                       int64_t offset) {
        rd_kafka_topic_partition_t *element = rd_kafka_topic_partition_list_add(list, topic, partition);
        element->offset                     = offset;
        return element;
}

static void check_partition(const rd_kafka_topic_partition_t *p, const char *topic, int partition, int64_t offset,
                            rd_kafka_resp_err_t want) {
        CHECK(!strcmp(p->topic, topic), "%s, not %s", p->topic, topic);
        CHECK(p->partition == partition, "%s [%d], not %d", topic, p->partition, partition);
        CHECK(p->offset == offset, "%s [%d]: %" PRId64 ", not %" PRId64, topic, partition, p->offset, offset);
        CHECK_ERR(p->err, want);
}

/* ---- DeleteRecords ---- */

static rd_kafka_event_t *delete_records(const rd_kafka_topic_partition_list_t *list, const rd_kafka_AdminOptions_t *o,
                                        rd_kafka_resp_err_t want) {
        rd_kafka_DeleteRecords_t *records = rd_kafka_DeleteRecords_new(list);
        rd_kafka_event_t *e;
        rd_kafka_DeleteRecords(rk, &records, 1, o, q);
        rd_kafka_DeleteRecords_destroy(records);
        e = admin_result(q, RD_KAFKA_EVENT_DELETERECORDS_RESULT, want);
        CHECK(rd_kafka_event_DeleteRecords_result(e), "no result");
        return e;
}

static void deleted(const char *servers) {
        const char *topic                     = fresh("records"), *none = "there-is-none";
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        const rd_kafka_topic_partition_list_t *got;
        rd_kafka_event_t *e;
        int i;
        begin(servers);
        create_topic(topic, 4);
        for (i = 0; i < 4; i++)
                fill(topic, i);
        add(list, none, 0, 3);
        add(list, topic, 3, 5);
        add(list, topic, 0, RD_KAFKA_OFFSET_END);
        add(list, topic, 7, 5);
        add(list, topic, 2, 11);
        add(list, topic, 1, RD_KAFKA_OFFSET_INVALID);
        e   = delete_records(list, NULL, 0);
        got = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(e));
        NEED(got && got->cnt == 6, "results");
        /* By topic and partition. */
        check_partition(&got->elems[0], topic, 0, 10, 0);
        check_partition(&got->elems[1], topic, 1, -1, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
        check_partition(&got->elems[2], topic, 2, -1, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
        check_partition(&got->elems[3], topic, 3, 5, 0);
        check_partition(&got->elems[4], topic, 7, 5, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        check_partition(&got->elems[5], none, 0, 3, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        rd_kafka_event_destroy(e);
        /* Nothing that has a leader. */
        rd_kafka_topic_partition_list_del(list, topic, 0);
        rd_kafka_topic_partition_list_del(list, topic, 1);
        rd_kafka_topic_partition_list_del(list, topic, 2);
        rd_kafka_topic_partition_list_del(list, topic, 3);
        rd_kafka_event_destroy(delete_records(list, NULL, RD_KAFKA_RESP_ERR__NOENT));
        rd_kafka_topic_partition_list_destroy(list);
        end();
}

/* ---- ListOffsets ---- */

static rd_kafka_event_t *list_offsets(rd_kafka_topic_partition_list_t *list, const rd_kafka_AdminOptions_t *o,
                                      const rd_kafka_ListOffsetsResultInfo_t ***infos, size_t *count) {
        rd_kafka_event_t *e;
        rd_kafka_ListOffsets(rk, list, o, q);
        e      = admin_result(q, RD_KAFKA_EVENT_LISTOFFSETS_RESULT, 0);
        *infos = rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(e), count);
        return e;
}

static void check_info(const rd_kafka_ListOffsetsResultInfo_t *info, const char *topic, int partition, int64_t offset,
                       int64_t timestamp, rd_kafka_resp_err_t want) {
        check_partition(rd_kafka_ListOffsetsResultInfo_topic_partition(info), topic, partition, offset, want);
        CHECK(rd_kafka_ListOffsetsResultInfo_timestamp(info) == timestamp, "%s [%d]: time %" PRId64 ", not %" PRId64, topic,
              partition, rd_kafka_ListOffsetsResultInfo_timestamp(info), timestamp);
}

static void listed(const char *servers) {
        const char *topic                     = fresh("offsets"), *none = "there-is-none";
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        const rd_kafka_ListOffsetsResultInfo_t **infos;
        const rd_kafka_topic_partition_t *p;
        rd_kafka_AdminOptions_t *o;
        rd_kafka_event_t *e;
        size_t count, i;
        begin(servers);
        create_topic(topic, 6);
        for (i = 0; i < 5; i++)
                fill(topic, (int)i);
        o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_LISTOFFSETS);
        rd_kafka_error_destroy(rd_kafka_AdminOptions_set_isolation_level(o, RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED));
        add(list, topic, 4, 1550);
        add(list, none, 0, RD_KAFKA_OFFSET_SPEC_LATEST);
        add(list, topic, 0, RD_KAFKA_OFFSET_SPEC_EARLIEST);
        add(list, topic, 9, RD_KAFKA_OFFSET_SPEC_LATEST);
        add(list, topic, 1, RD_KAFKA_OFFSET_SPEC_LATEST);
        add(list, topic, 2, RD_KAFKA_OFFSET_SPEC_MAX_TIMESTAMP);
        add(list, topic, 3, 5000);
        add(list, topic, 5, RD_KAFKA_OFFSET_SPEC_LATEST);
        e = list_offsets(list, o, &infos, &count);
        NEED(count == 8, "%zu results", count);
        /* As they were asked for. */
        check_info(infos[0], topic, 4, 6, 1600, 0);
        check_info(infos[1], none, 0, RD_KAFKA_OFFSET_INVALID, -1, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        check_info(infos[2], topic, 0, 0, -1, 0);
        check_info(infos[3], topic, 9, RD_KAFKA_OFFSET_INVALID, -1, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        check_info(infos[4], topic, 1, 10, -1, 0);
        /* Old brokers take the number for a timestamp. */
        check_info(infos[5], topic, 2, is_old(servers) ? 0 : 9, is_old(servers) ? 1000 : 1900, 0);
        check_info(infos[6], topic, 3, -1, -1, 0);
        check_info(infos[7], topic, 5, 0, -1, 0);
        p = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[0]);
        CHECK(rd_kafka_topic_partition_get_leader_epoch(p) >= 0, "epoch %d", rd_kafka_topic_partition_get_leader_epoch(p));
        p = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[6]);
        CHECK(rd_kafka_topic_partition_get_leader_epoch(p) == -1, "epoch %d", rd_kafka_topic_partition_get_leader_epoch(p));
        rd_kafka_event_destroy(e);
        while (list->cnt)
                rd_kafka_topic_partition_list_del_by_idx(list, 0);
        e = list_offsets(list, NULL, &infos, &count);
        CHECK(!count, "%zu results", count);
        rd_kafka_event_destroy(e);
        rd_kafka_AdminOptions_destroy(o);
        rd_kafka_topic_partition_list_destroy(list);
        end();
}

/* ---- ElectLeaders ---- */

static rd_kafka_event_t *elect(rd_kafka_ElectionType_t type, rd_kafka_topic_partition_list_t *list,
                               const rd_kafka_topic_partition_result_t ***results, size_t *count) {
        rd_kafka_ElectLeaders_t *election = rd_kafka_ElectLeaders_new(type, list);
        rd_kafka_event_t *e;
        rd_kafka_ElectLeaders(rk, election, NULL, q);
        rd_kafka_ElectLeaders_destroy(election);
        e        = admin_result(q, RD_KAFKA_EVENT_ELECTLEADERS_RESULT, 0);
        *results = rd_kafka_ElectLeaders_result_partitions(rd_kafka_event_ElectLeaders_result(e), count);
        return e;
}

static void check_election(const rd_kafka_topic_partition_result_t *r, const char *topic, int partition,
                           rd_kafka_resp_err_t want) {
        const rd_kafka_error_t *error = rd_kafka_topic_partition_result_error(r);
        check_partition(rd_kafka_topic_partition_result_partition(r), topic, partition, 0, want);
        NEED(error, "no error object");
        CHECK_ERR(rd_kafka_error_code(error), want);
        CHECK(*rd_kafka_error_string(error), "no text");
        if (!want)
                CHECK(!strcmp(rd_kafka_error_string(error), "Success"), "%s", rd_kafka_error_string(error));
}

static void elected(const char *servers) {
        const rd_kafka_topic_partition_result_t **results;
        const char *topic                     = fresh("elect");
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        rd_kafka_event_t *e;
        size_t count;
        int type;
        begin(servers);
        create_topic(topic, 2);
        add(list, topic, 1, 0);
        add(list, "there-is-none", 0, 0);
        add(list, topic, 9, 0);
        add(list, topic, 0, 0);
        for (type = RD_KAFKA_ELECTION_TYPE_PREFERRED; type <= RD_KAFKA_ELECTION_TYPE_UNCLEAN; type++) {
                e = elect((rd_kafka_ElectionType_t)type, list, &results, &count);
                NEED(count == 4, "%zu results", count);
                check_election(results[0], topic, 1, RD_KAFKA_RESP_ERR_ELECTION_NOT_NEEDED);
                check_election(results[1], "there-is-none", 0, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
                check_election(results[2], topic, 9, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
                check_election(results[3], topic, 0, RD_KAFKA_RESP_ERR_ELECTION_NOT_NEEDED);
                rd_kafka_event_destroy(e);
        }
        rd_kafka_topic_partition_list_destroy(list);
        end();
}

/* Preferred leaders come back, and partitions without any leader get one. */
static void leaders_are_elected(void) {
        struct mock mock                      = mock_of(3);
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        const rd_kafka_topic_partition_result_t **results;
        rd_kafka_event_t *e;
        size_t count;
        int i;
        if (is_upstream())
                goto out;
        CHECK_ERR(rd_kafka_mock_topic_create(mock.cluster, "t", 3, 3), 0);
        begin(mock.servers);
        for (i = 0; i < 3; i++)
                add(list, "t", i, 0);
        rd_kafka_event_destroy(elect(RD_KAFKA_ELECTION_TYPE_PREFERRED, NULL, &results, &count));
        e = elect(RD_KAFKA_ELECTION_TYPE_PREFERRED, NULL, &results, &count);
        CHECK(!count, "%zu left", count);
        rd_kafka_event_destroy(e);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(mock.cluster, "t", 1, -1), 0);
        e = elect(RD_KAFKA_ELECTION_TYPE_UNCLEAN, list, &results, &count);
        NEED(count == 3, "%zu results", count);
        for (i = 0; i < 3; i++)
                check_election(results[i], "t", i, i == 1 ? 0 : RD_KAFKA_RESP_ERR_ELECTION_NOT_NEEDED);
        rd_kafka_event_destroy(e);
        /* What is wrong with the request as a whole is the event's. */
        rd_kafka_mock_push_request_errors(mock.cluster, 43, 1, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
        {
                rd_kafka_ElectLeaders_t *election = rd_kafka_ElectLeaders_new(RD_KAFKA_ELECTION_TYPE_UNCLEAN, list);
                rd_kafka_ElectLeaders(rk, election, NULL, q);
                rd_kafka_ElectLeaders_destroy(election);
                e = admin_result(q, RD_KAFKA_EVENT_ELECTLEADERS_RESULT, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
                rd_kafka_event_destroy(e);
        }
        /* A controller that has moved is found. */
        rd_kafka_mock_push_request_errors(mock.cluster, 43, 2, RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
                                          RD_KAFKA_RESP_ERR_NOT_CONTROLLER);
        rd_kafka_event_destroy(elect(RD_KAFKA_ELECTION_TYPE_PREFERRED, list, &results, &count));
        end();
out:
        rd_kafka_topic_partition_list_destroy(list);
        mock_end(&mock);
}

static void on_kafka(void) {
        deleted(bootstrap());
        listed(bootstrap());
        elected(bootstrap());
}

static void on_the_mock(void) {
        struct mock mock = mock_of(3);
        if (!is_upstream()) {
                deleted(mock.servers);
                listed(mock.servers);
        }
        mock_end(&mock);
}

/* ---- leaders ---- */

/* Leaders that are not the ones that metadata told, and brokers that are down: others are found. */
static void leaders_move(void) {
        struct mock mock                      = mock_of(3);
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        const rd_kafka_ListOffsetsResultInfo_t **infos;
        const rd_kafka_topic_partition_list_t *got;
        rd_kafka_event_t *e;
        size_t count;
        int i;
        if (is_upstream())
                goto out;
        CHECK_ERR(rd_kafka_mock_topic_create(mock.cluster, "t", 3, 3), 0);
        for (i = 0; i < 3; i++)
                CHECK_ERR(rd_kafka_mock_partition_set_leader(mock.cluster, "t", i, i + 1), 0);
        begin(mock.servers);
        for (i = 0; i < 3; i++) {
                fill("t", i);
                add(list, "t", i, 4);
        }
        /* The next answer for partition 1 is an old one. */
        rd_kafka_mock_partition_push_leader_response(mock.cluster, "t", 1, 3, 0);
        e   = delete_records(list, NULL, 0);
        got = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(e));
        for (i = 0; i < 3; i++)
                check_partition(&got->elems[i], "t", i, 4, 0);
        rd_kafka_event_destroy(e);
        for (i = 0; i < 3; i++)
                list->elems[i].offset = RD_KAFKA_OFFSET_SPEC_EARLIEST;
        rd_kafka_mock_partition_push_leader_response(mock.cluster, "t", 0, 2, 0);
        CHECK_ERR(rd_kafka_mock_broker_set_down(mock.cluster, 2), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(mock.cluster, "t", 1, 3), 0);
        e = list_offsets(list, NULL, &infos, &count);
        NEED(count == 3, "%zu results", count);
        for (i = 0; i < 3; i++)
                check_info(infos[i], "t", i, 4, -1, 0);
        rd_kafka_event_destroy(e);
        end();
out:
        rd_kafka_topic_partition_list_destroy(list);
        mock_end(&mock);
}

/* A leader that stays away: its partitions have the error, the others their results. */
static void a_leader_is_gone(void) {
        struct mock mock                      = mock_of(3);
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        const rd_kafka_ListOffsetsResultInfo_t **infos;
        rd_kafka_AdminOptions_t *o;
        rd_kafka_event_t *e;
        char errstr[256];
        int64_t start;
        size_t count;
        if (is_upstream())
                goto out;
        CHECK_ERR(rd_kafka_mock_topic_create(mock.cluster, "t", 2, 3), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(mock.cluster, "t", 0, 1), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(mock.cluster, "t", 1, 2), 0);
        begin(mock.servers);
        fill("t", 0);
        CHECK_ERR(rd_kafka_mock_broker_set_down(mock.cluster, 2), 0);
        add(list, "t", 1, RD_KAFKA_OFFSET_SPEC_LATEST);
        add(list, "t", 0, RD_KAFKA_OFFSET_SPEC_LATEST);
        o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_LISTOFFSETS);
        CHECK_ERR(rd_kafka_AdminOptions_set_request_timeout(o, ms(1500), errstr, sizeof(errstr)), 0);
        start = now_ms();
        e     = list_offsets(list, o, &infos, &count);
        CHECK(now_ms() - start < ms(2500), "%" PRId64 " ms", now_ms() - start);
        NEED(count == 2, "%zu results", count);
        CHECK(rd_kafka_ListOffsetsResultInfo_topic_partition(infos[0])->err, "no error");
        check_info(infos[1], "t", 0, 10, -1, 0);
        rd_kafka_event_destroy(e);
        rd_kafka_AdminOptions_destroy(o);
        end();
out:
        rd_kafka_topic_partition_list_destroy(list);
        mock_end(&mock);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(on_kafka);
        RUN(on_the_mock);
        RUN(leaders_move);
        RUN(a_leader_is_gone);
        RUN(leaders_are_elected);
        return T_END();
}
