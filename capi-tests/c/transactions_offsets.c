/*
 * Offsets of a consumer's group sent with a transaction: they are there after its commit, together with its messages, and never
 * after an abort; the group's metadata decides who may send them (KIP-447). On a real Kafka, and on a mock cluster.
 */
#include "txn.h"

/* A transactional producer on the Kafka, ready. */
static rd_kafka_t *ready_on_kafka(const char *transactional_id) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, txn_conf(bootstrap(), transactional_id));
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(30000)), "ok");
        return rk;
}

static rd_kafka_t *member(const char *group, const char *instance) {
        rd_kafka_conf_t *conf = conf_of("group.id", group, "enable.auto.commit", "false", "auto.offset.reset", "earliest", "isolation.level",
                                        "read_committed", "bootstrap.servers", bootstrap(), "session.timeout.ms", ms_text(10000), NULL);
        if (instance)
                conf_put(conf, "group.instance.id", instance);
        return client(RD_KAFKA_CONSUMER, conf);
}

/* The group's offset of the partition, and the text with it. RD_KAFKA_OFFSET_INVALID without one. */
static int64_t offset_at(const char *servers, const char *group, const char *topic, char *text, size_t size) {
        rd_kafka_t *rk                     = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", servers, "group.id", group, NULL));
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        int64_t offset, until = now_ms() + ms(20000);
        rd_kafka_resp_err_t err;
        rd_kafka_topic_partition_list_add(l, topic, 0);
        /* On a new Kafka librdkafka gives up while the topic of the offsets is made. */
        while ((err = rd_kafka_committed(rk, l, ms(20000))) && now_ms() < until)
                usleep(10000);
        CHECK_ERR(err, 0);
        CHECK_ERR(l->elems[0].err, 0);
        offset = l->elems[0].offset;
        if (text)
                snprintf(text, size, "%.*s", (int)l->elems[0].metadata_size, l->elems[0].metadata ? (char *)l->elems[0].metadata : "");
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_destroy(rk);
        return offset;
}

/* The mock cluster of librdkafka drops the offsets of transactions. */
#define CHECK_MOCK_OFFSET(m, group, want)                                                                              \
        do {                                                                                                           \
                if (!is_upstream())                                                                                    \
                        CHECK_OFFSET((m)->servers, group, "t", want);                                                  \
        } while (0)

#define CHECK_OFFSET(servers, group, topic, want)                                                                      \
        do {                                                                                                           \
                int64_t offset_ = offset_at(servers, group, topic, NULL, 0);                                           \
                CHECK(offset_ == (want), "offset %" PRId64 ", expected %" PRId64, offset_, (int64_t)(want));           \
        } while (0)

static rd_kafka_error_t *send_one_offset(rd_kafka_t *rk, const rd_kafka_consumer_group_metadata_t *group_metadata, const char *topic,
                                         int64_t offset) {
        rd_kafka_topic_partition_list_t *l = offset_of(topic, 0, offset);
        rd_kafka_error_t *error            = rd_kafka_send_offsets_to_transaction(rk, l, group_metadata, ms(20000));
        rd_kafka_topic_partition_list_destroy(l);
        return error;
}

static rd_kafka_error_t *send_as_nobody(rd_kafka_t *rk, const char *group, const char *topic, int64_t offset) {
        rd_kafka_consumer_group_metadata_t *group_metadata = rd_kafka_consumer_group_metadata_new(group);
        rd_kafka_error_t *error                            = send_one_offset(rk, group_metadata, topic, offset);
        rd_kafka_consumer_group_metadata_destroy(group_metadata);
        return error;
}

/* A group that nobody is in: after a commit, not before, and not after an abort. */
static void committed_and_aborted(void) {
        const char *topic = fresh_topic("offsets", 1), *group = fresh("group");
        rd_kafka_t *rk = ready_on_kafka(fresh("id"));
        CHECK_OFFSET(bootstrap(), group, topic, RD_KAFKA_OFFSET_INVALID);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_CALL(send_as_nobody(rk, group, topic, 5), "ok");
        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        CHECK_OFFSET(bootstrap(), group, topic, RD_KAFKA_OFFSET_INVALID);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_CALL(send_as_nobody(rk, group, topic, 6), "ok");
        CHECK_CALL(send_as_nobody(rk, group, topic, 7), "ok");
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        CHECK_OFFSET(bootstrap(), group, topic, 7);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, topic, 0, "a"), 0);
        CHECK_CALL(send_as_nobody(rk, group, topic, 8), "ok");
        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        CHECK_OFFSET(bootstrap(), group, topic, 7);
        CHECK_TEXT(stored(bootstrap(), "read_committed", topic, 0), "");
        rd_kafka_destroy(rk);
}

/* Offsets that wait for the end of their transaction are not stable: who asks has to wait for them. */
static void unstable(void) {
        const char *topic = fresh_topic("unstable", 1), *group = fresh("group");
        rd_kafka_t *rk                     = ready_on_kafka(fresh("id")), *c;
        rd_kafka_topic_partition_list_t *l = offset_of(topic, 0, RD_KAFKA_OFFSET_INVALID);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_CALL(send_as_nobody(rk, group, topic, 5), "ok");
        c = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", bootstrap(), "group.id", group, NULL));
        CHECK_ERR(rd_kafka_committed(c, l, 500), RD_KAFKA_RESP_ERR__TIMED_OUT);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        CHECK_ERR(rd_kafka_committed(c, l, ms(20000)), 0);
        CHECK(l->elems[0].offset == 5, "offset %" PRId64, l->elems[0].offset);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_destroy(c);
        rd_kafka_destroy(rk);
}

/* Texts and leader epochs go with the offsets. */
static void with_metadata(void) {
        const char *topic = fresh_topic("text", 1), *group = fresh("group");
        rd_kafka_t *rk                                     = ready_on_kafka(fresh("id"));
        rd_kafka_consumer_group_metadata_t *group_metadata = rd_kafka_consumer_group_metadata_new(group);
        rd_kafka_topic_partition_list_t *l                 = offset_of(topic, 0, 3);
        char text[64];
        int64_t offset;
        l->elems[0].metadata      = strdup("up to here");
        l->elems[0].metadata_size = strlen("up to here");
        rd_kafka_topic_partition_set_leader_epoch(&l->elems[0], 0);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_CALL(rd_kafka_send_offsets_to_transaction(rk, l, group_metadata, ms(20000)), "ok");
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        offset = offset_at(bootstrap(), group, topic, text, sizeof(text));
        CHECK(offset == 3 && !strcmp(text, "up to here"), "offset %" PRId64 ", \"%s\"", offset, text);
        /* The application's list is as it was. */
        CHECK(l->cnt == 1 && l->elems[0].offset == 3 && !l->elems[0].err, "the list has changed");
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_consumer_group_metadata_destroy(group_metadata);
        rd_kafka_destroy(rk);
}

/* What the consumer whose offsets these are is, it says in its metadata. */
static void of_a_member(void) {
        const char *topic = fresh_topic("member", 1), *out = fresh_topic("out", 1), *group = fresh("group");
        const char *instances[] = {NULL, "instance"};
        rd_kafka_t *rk          = ready_on_kafka(fresh("id"));
        int i, cnt;
        CHECK(seed(topic, 0, 10, 0) == 10, "not seeded");
        for (i = 0; i < 2; i++) {
                rd_kafka_t *c                      = member(group, instances[i]);
                rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
                rd_kafka_consumer_group_metadata_t *group_metadata;
                int64_t until = now_ms() + ms(60000);
                rd_kafka_topic_partition_list_add(l, topic, RD_KAFKA_PARTITION_UA);
                CHECK_ERR(rd_kafka_subscribe(c, l), 0);
                rd_kafka_topic_partition_list_destroy(l);
                CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
                for (cnt = 0; cnt < 5 && now_ms() < until;) {
                        rd_kafka_message_t *m = rd_kafka_consumer_poll(c, 100);
                        if (!m)
                                continue;
                        CHECK(m->err || m->offset == i * 5 + cnt, "offset %" PRId64, m->offset);
                        if (!m->err) {
                                CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(out), RD_KAFKA_V_VALUE(m->payload, m->len),
                                                            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
                                          0);
                                cnt++;
                        }
                        rd_kafka_message_destroy(m);
                }
                CHECK(cnt == 5, "%d messages", cnt);
                group_metadata = rd_kafka_consumer_group_metadata(c);
                l              = offset_of(topic, 0, RD_KAFKA_OFFSET_INVALID);
                CHECK_ERR(rd_kafka_position(c, l), 0);
                CHECK(l->elems[0].offset == i * 5 + 5, "position %" PRId64, l->elems[0].offset);
                CHECK_CALL(rd_kafka_send_offsets_to_transaction(rk, l, group_metadata, ms(20000)), "ok");
                CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
                CHECK_ERR(rd_kafka_committed(c, l, ms(20000)), 0);
                CHECK(l->elems[0].offset == i * 5 + 5, "committed %" PRId64, l->elems[0].offset);
                rd_kafka_topic_partition_list_destroy(l);
                rd_kafka_consumer_group_metadata_destroy(group_metadata);
                CHECK_ERR(rd_kafka_consumer_close(c), 0);
                rd_kafka_destroy(c);
                /* A static member stays. */
        }
        CHECK_TEXT(stored(bootstrap(), "read_committed", out, 0), " v0 v1 v2 v3 v4 v5 v6 v7 v8 v9");
        rd_kafka_destroy(rk);
}

/* Whoever has left the group, or never was in it, is turned away: the transaction can only be aborted. */
static void of_no_member(void) {
        const char *topic = fresh_topic("fenced", 1), *group = fresh("group");
        rd_kafka_t *rk                     = ready_on_kafka(fresh("id")), *c = member(group, NULL);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_consumer_group_metadata_t *good, *bad;
        int64_t until = now_ms() + ms(60000);
        rd_kafka_topic_partition_list_add(l, topic, RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_subscribe(c, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
        for (l = NULL; (!l || !l->cnt) && now_ms() < until;) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(c, 50);
                if (m)
                        rd_kafka_message_destroy(m);
                if (l)
                        rd_kafka_topic_partition_list_destroy(l);
                CHECK_ERR(rd_kafka_assignment(c, &l), 0);
        }
        CHECK(l->cnt == 1, "nothing assigned");
        rd_kafka_topic_partition_list_destroy(l);
        good = rd_kafka_consumer_group_metadata(c);
        CHECK(*rd_kafka_consumer_group_metadata_member_id(good), "no member id");
        bad = rd_kafka_consumer_group_metadata_new_with_genid(group, rd_kafka_consumer_group_metadata_generation_id(good) + 1,
                                                             rd_kafka_consumer_group_metadata_member_id(good), NULL);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_CALL(send_one_offset(rk, bad, topic, 5), "ILLEGAL_GENERATION abort");
        CHECK_CALL(send_one_offset(rk, good, topic, 5), "ILLEGAL_GENERATION abort");
        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        rd_kafka_consumer_group_metadata_destroy(bad);
        bad = rd_kafka_consumer_group_metadata_new_with_genid(group, rd_kafka_consumer_group_metadata_generation_id(good), "nobody", NULL);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_CALL(send_one_offset(rk, bad, topic, 5), "UNKNOWN_MEMBER_ID abort");
        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        rd_kafka_consumer_group_metadata_destroy(bad);
        /* The member itself. */
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_CALL(send_one_offset(rk, good, topic, 5), "ok");
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        CHECK_OFFSET(bootstrap(), group, topic, 5);
        rd_kafka_consumer_close(c);
        rd_kafka_destroy(c);
        /* It has left. */
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_CALL(send_one_offset(rk, good, topic, 6), "UNKNOWN_MEMBER_ID abort");
        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        CHECK_OFFSET(bootstrap(), group, topic, 5);
        rd_kafka_consumer_group_metadata_destroy(good);
        rd_kafka_destroy(rk);
}

/* ---- on a mock cluster ---- */

/* Nothing to send: no request, and no error, even where the list is not empty. */
static void nothing_to_send(void) {
        struct mock m                                      = txn_mock(1);
        rd_kafka_t *rk                                     = txn_ready(&m);
        rd_kafka_consumer_group_metadata_t *group_metadata = rd_kafka_consumer_group_metadata_new("g");
        rd_kafka_topic_partition_list_t *l                 = rd_kafka_topic_partition_list_new(0);
        int64_t none[]                                     = {RD_KAFKA_OFFSET_INVALID, RD_KAFKA_OFFSET_BEGINNING, RD_KAFKA_OFFSET_END, RD_KAFKA_OFFSET_STORED, -5};
        size_t i;
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_CALL(rd_kafka_send_offsets_to_transaction(rk, l, group_metadata, ms(20000)), "ok");
        for (i = 0; i < sizeof(none) / sizeof(*none); i++)
                rd_kafka_topic_partition_list_add(l, "t", (int32_t)i % 4)->offset = none[i];
        CHECK_CALL(rd_kafka_send_offsets_to_transaction(rk, l, group_metadata, ms(20000)), "ok");
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        CHECK(!requests_of(&m, API_ADD_OFFSETS, -1) && !requests_of(&m, API_TXN_OFFSET_COMMIT, -1) && !requests_of(&m, API_END_TXN, -1), "requests");
        /* Those that are none are left out. */
        rd_kafka_topic_partition_list_add(l, "t", 1)->offset = 7;
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_CALL(rd_kafka_send_offsets_to_transaction(rk, l, group_metadata, ms(20000)), "ok");
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        CHECK(requests_of(&m, API_TXN_OFFSET_COMMIT, -1) == 1 && requests_of(&m, API_END_TXN, -1) == 1, "requests");
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_consumer_group_metadata_destroy(group_metadata);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* Several groups in one transaction, each with a coordinator of its own. */
static void several_groups(void) {
        struct mock m = txn_mock(3);
        rd_kafka_t *rk;
        char group[8];
        int i;
        for (i = 1; i <= 3; i++) {
                snprintf(group, sizeof(group), "g%d", i);
                CHECK_ERR(rd_kafka_mock_coordinator_set(m.cluster, "group", group, i), 0);
        }
        rk = txn_ready(&m);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        for (i = 1; i <= 3; i++) {
                snprintf(group, sizeof(group), "g%d", i);
                CHECK_CALL(send_offset(rk, group, i, ms(20000)), "ok");
        }
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        for (i = 1; i <= 3; i++) {
                snprintf(group, sizeof(group), "g%d", i);
                CHECK_MOCK_OFFSET(&m, group, i);
        }
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* Messages that linger go out while the offsets are sent. A message may miss a call that is over at once: one of the next finds it. */
static void lingering_messages_go_along(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_new(&m, "linger.ms", "600000", "transaction.timeout.ms", "900000", NULL);
        int64_t until  = now_ms() + ms(60000);
        int i          = 0;
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(20000)), "ok");
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        while (!requests_of(&m, API_PRODUCE, -1) && now_ms() < until) {
                CHECK_CALL(send_offset(rk, "g", ++i, ms(20000)), "ok");
                usleep(20000);
        }
        CHECK(requests_of(&m, API_PRODUCE, -1) == 1, "it lingers after offsets were sent %d times", i);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        CHECK_MOCK_OFFSET(&m, "g", i);
        CHECK_COMMITTED(&m, "t", 0, " a");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* The group's coordinator moves between two transactions, and the transaction's own. */
static void coordinators_move(void) {
        struct mock m = txn_mock(3);
        rd_kafka_t *rk;
        int i;
        CHECK_ERR(rd_kafka_mock_coordinator_set(m.cluster, "group", "g", 1), 0);
        CHECK_ERR(rd_kafka_mock_coordinator_set(m.cluster, "transaction", "txn", 1), 0);
        rk = txn_ready(&m);
        for (i = 1; i <= 3; i++) {
                CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
                CHECK_ERR(put(rk, "t", 0, "a"), 0);
                CHECK_ERR(rd_kafka_mock_coordinator_set(m.cluster, "group", "g", i), 0);
                CHECK_CALL(send_offset(rk, "g", i, ms(20000)), "ok");
                CHECK_ERR(rd_kafka_mock_coordinator_set(m.cluster, "transaction", "txn", i), 0);
                CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
                CHECK_MOCK_OFFSET(&m, "g", i);
        }
        CHECK_COMMITTED(&m, "t", 0, " a a a");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(committed_and_aborted);
        RUN(unstable);
        RUN(with_metadata);
        RUN(of_a_member);
        RUN(of_no_member);
        RUN_BOTH(nothing_to_send);
        RUN_BOTH(several_groups);
        RUN_BOTH(coordinators_move);
        RUN_BOTH_HERE(lingering_messages_go_along);
        return T_END();
}
