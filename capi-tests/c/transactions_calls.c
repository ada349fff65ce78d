/*
 * The transactional producer's calls in every state, unfinished, from two threads, and with what the configuration says; on a
 * mock cluster.
 */
#include "txn.h"

/* ---- configuration ---- */

static void configuration(void) {
        static const struct {
                const char *pairs[5];
                const char *refused; /* A part of the reason; NULL: it is taken. */
        } rows[] = {
            {{NULL}, NULL},
            {{"enable.idempotence", "true", NULL}, NULL},
            {{"enable.idempotence", "false", NULL}, "enable.idempotence"},
            {{"acks", "1", NULL}, "acks"},
            {{"acks", "0", NULL}, "acks"},
            {{"acks", "-1", NULL}, NULL},
            {{"acks", "all", NULL}, NULL},
            {{"max.in.flight", "6", NULL}, "max.in.flight"},
            {{"max.in.flight", "5", NULL}, NULL},
            {{"max.in.flight", "1", NULL}, NULL},
            {{"retries", "0", NULL}, "retries"},
            {{"retries", "1", NULL}, NULL},
            {{"queuing.strategy", "lifo", NULL}, "queuing.strategy"},
            {{"enable.gapless.guarantee", "true", NULL}, NULL},
            {{"message.timeout.ms", "60001", NULL}, "message.timeout.ms"},
            {{"message.timeout.ms", "60000", NULL}, NULL},
            {{"message.timeout.ms", "0", NULL}, NULL},
            {{"transaction.timeout.ms", "2000", "message.timeout.ms", "2001", NULL}, "message.timeout.ms"},
            {{"transaction.timeout.ms", "2000", "message.timeout.ms", "2000", NULL}, NULL},
            {{"transaction.timeout.ms", "2000", "socket.timeout.ms", "2101", NULL}, "socket.timeout.ms"},
            {{"transaction.timeout.ms", "2000", "socket.timeout.ms", "2100", NULL}, NULL},
            {{"transaction.timeout.ms", "1000", NULL}, NULL},
            {{"transaction.timeout.ms", "2147483647", NULL}, NULL},
        };
        size_t i;
        int j;
        for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                rd_kafka_conf_t *conf = conf_of("transactional.id", "txn", NULL);
                char errstr[512]      = "";
                rd_kafka_t *rk;
                for (j = 0; rows[i].pairs[j]; j += 2)
                        conf_put(conf, rows[i].pairs[j], rows[i].pairs[j + 1]);
                rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, errstr, sizeof(errstr));
                CHECK(!rk == !!rows[i].refused, "row %zu (%s): %s", i, rows[i].pairs[0] ? rows[i].pairs[0] : "", errstr);
                if (!rk) {
                        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__INVALID_ARG);
                        if (rows[i].refused)
                                CHECK_HAS(errstr, rows[i].refused);
                        rd_kafka_conf_destroy(conf);
                } else
                        rd_kafka_destroy(rk);
        }
}

static void limits(void) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char errstr[256];
        CHECK(rd_kafka_conf_set(conf, "transaction.timeout.ms", "999", errstr, sizeof(errstr)) == RD_KAFKA_CONF_INVALID, "999 is taken");
        CHECK(rd_kafka_conf_set(conf, "transaction.timeout.ms", "2147483648", errstr, sizeof(errstr)) == RD_KAFKA_CONF_INVALID, "2^31 is taken");
        CHECK(rd_kafka_conf_set(conf, "transaction.timeout.ms", "-1", errstr, sizeof(errstr)) == RD_KAFKA_CONF_INVALID, "-1 is taken");
        rd_kafka_conf_destroy(conf);
}

static void check_value(rd_kafka_t *rk, const char *name, const char *want) {
        char value[128] = "";
        size_t size     = sizeof(value);
        CHECK(rd_kafka_conf_get(rd_kafka_conf(rk), name, value, &size) == RD_KAFKA_CONF_OK, "no %s", name);
        CHECK(!strcmp(value, want), "%s is %s, expected %s", name, value, want);
}

/* What follows from transactional.id and transaction.timeout.ms. */
static void adjusted(void) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_of("transactional.id", "txn", "transaction.timeout.ms", "5000", NULL));
        check_value(rk, "enable.idempotence", "true");
        check_value(rk, "max.in.flight", "5");
        check_value(rk, "retries", "2147483647");
        check_value(rk, "socket.timeout.ms", "4900");
        check_value(rk, "transaction.timeout.ms", "5000");
        rd_kafka_destroy(rk);
        rk = client(RD_KAFKA_PRODUCER, conf_of("transactional.id", "txn", "transaction.timeout.ms", "1000", NULL));
        check_value(rk, "socket.timeout.ms", "900");
        rd_kafka_destroy(rk);
        /* A consumer does not care. */
        rk = client(RD_KAFKA_CONSUMER, conf_of("transactional.id", "txn", "group.id", "g", NULL));
        check_value(rk, "enable.idempotence", "false");
        rd_kafka_destroy(rk);
}

/* ---- states ---- */

static void check_all(rd_kafka_t *rk, const char *want) {
        CHECK_CALL(rd_kafka_init_transactions(rk, 100), want);
        CHECK_CALL(rd_kafka_begin_transaction(rk), want);
        CHECK_CALL(send_offset(rk, "g", 1, 100), want);
        CHECK_CALL(rd_kafka_commit_transaction(rk, 100), want);
        CHECK_CALL(rd_kafka_abort_transaction(rk, 100), want);
}

/* By each function that takes messages: it is refused, and nothing is reported. */
static void check_produce(rd_kafka_t *rk, rd_kafka_resp_err_t want) {
        rd_kafka_topic_t *rkt    = rd_kafka_topic_new(rk, "t", NULL);
        rd_kafka_message_t batch = {.payload = (void *)"v", .len = 1};
        rd_kafka_vu_t vus[]      = {{.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = "t"}};
        int queued               = rd_kafka_outq_len(rk);
        rd_kafka_error_t *error;
        CHECK(rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, (void *)"v", 1, NULL, 0, NULL) == -1, "taken");
        CHECK_ERR(rd_kafka_last_error(), want);
        CHECK_ERR(put(rk, "t", 0, "v"), want);
        CHECK_ERR(put(rk, "t", RD_KAFKA_PARTITION_UA, "v"), want);
        CHECK_ERR(put(rk, "unknown", 0, "v"), want);
        error = rd_kafka_produceva(rk, vus, 1);
        /* This one tells why the producer has failed. */
        CHECK_ERR(rd_kafka_error_code(error), want == RD_KAFKA_RESP_ERR__FATAL ? rd_kafka_fatal_error(rk, NULL, 0) : want);
        rd_kafka_error_destroy(error);
        CHECK(rd_kafka_produce_batch(rkt, 0, RD_KAFKA_MSG_F_COPY, &batch, 1) == 0, "taken");
        CHECK_ERR(batch.err, want);
        CHECK(rd_kafka_outq_len(rk) == queued, "%d in the queue, expected %d", rd_kafka_outq_len(rk), queued);
        rd_kafka_topic_destroy(rkt);
}

static void not_transactional(void) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_of(NULL, NULL));
        check_all(rk, "_NOT_CONFIGURED");
        rd_kafka_destroy(rk);
        rk = client(RD_KAFKA_PRODUCER, conf_of("enable.idempotence", "true", NULL));
        check_all(rk, "_NOT_CONFIGURED");
        rd_kafka_destroy(rk);
        rk = client(RD_KAFKA_CONSUMER, conf_of("group.id", "g", "transactional.id", "txn", NULL));
        check_all(rk, "_INVALID_ARG");
        rd_kafka_destroy(rk);
}

static void null_arguments(void) {
        struct mock m                                      = txn_mock(1);
        rd_kafka_t *rk                                     = txn_ready(&m);
        rd_kafka_consumer_group_metadata_t *group_metadata = rd_kafka_consumer_group_metadata_new("g");
        rd_kafka_topic_partition_list_t *l                 = offset_of("t", 0, 1);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_CALL(rd_kafka_send_offsets_to_transaction(rk, NULL, group_metadata, 100), "_INVALID_ARG");
        CHECK_CALL(rd_kafka_send_offsets_to_transaction(rk, l, NULL, 100), "_INVALID_ARG");
        CHECK_CALL(rd_kafka_send_offsets_to_transaction(rk, NULL, NULL, 100), "_INVALID_ARG");
        /* The transaction goes on. */
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_consumer_group_metadata_destroy(group_metadata);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* librdkafka ends the process. */
static void no_handle(void) {
        check_all(NULL, "_INVALID_ARG");
}

/* A new producer can be initialized, a ready one can begin, one in a transaction can go on or end it. */
static void states(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_new(&m, NULL);
        int round;
        CHECK_CALL(rd_kafka_begin_transaction(rk), "_STATE");
        CHECK_CALL(send_offset(rk, "g", 1, 100), "_STATE");
        CHECK_CALL(rd_kafka_commit_transaction(rk, 100), "_STATE");
        CHECK_CALL(rd_kafka_abort_transaction(rk, 100), "_STATE");
        check_produce(rk, RD_KAFKA_RESP_ERR__STATE);
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(20000)), "ok");
        for (round = 0; round < 3; round++) {
                /* Ready: after the first call, after a commit, after an abort. */
                CHECK_CALL(rd_kafka_init_transactions(rk, 100), "_STATE");
                CHECK_CALL(send_offset(rk, "g", 1, 100), "_STATE");
                CHECK_CALL(rd_kafka_commit_transaction(rk, 100), "_STATE");
                CHECK_CALL(rd_kafka_abort_transaction(rk, 100), "_STATE");
                check_produce(rk, RD_KAFKA_RESP_ERR__STATE);
                CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
                CHECK_CALL(rd_kafka_begin_transaction(rk), "_STATE");
                CHECK_CALL(rd_kafka_init_transactions(rk, 100), "_STATE");
                CHECK_ERR(put(rk, "t", 0, round ? "b" : "a"), 0);
                CHECK_CALL(rd_kafka_begin_transaction(rk), "_STATE");
                if (round)
                        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
                else
                        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        }
        CHECK_COMMITTED(&m, "t", 0, " a");
        CHECK_ERR(rd_kafka_fatal_error(rk, NULL, 0), 0);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* Nothing was sent: the coordinator is not told. */
static void empty(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_ready(&m);
        int i;
        for (i = 0; i < 4; i++) {
                CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
                if (i % 2)
                        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
                else
                        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        }
        CHECK(requests_of(&m, API_END_TXN, -1) == 0, "%d EndTxn", requests_of(&m, API_END_TXN, -1));
        txn_commits(rk, "t", "a");
        CHECK(requests_of(&m, API_END_TXN, -1) == 1, "%d EndTxn", requests_of(&m, API_END_TXN, -1));
        CHECK_COMMITTED(&m, "t", 0, " a");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* A transaction that has failed: each call but the abort tells why. */
static void failed_transaction(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_ready(&m);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        rd_kafka_mock_push_request_errors(m.cluster, API_TXN_OFFSET_COMMIT, 1, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
        CHECK_CALL(send_offset(rk, "g", 1, ms(20000)), "GROUP_AUTHORIZATION_FAILED abort");
        CHECK_CALL(rd_kafka_init_transactions(rk, 100), "GROUP_AUTHORIZATION_FAILED abort");
        CHECK_CALL(rd_kafka_begin_transaction(rk), "GROUP_AUTHORIZATION_FAILED abort");
        CHECK_CALL(send_offset(rk, "g", 1, 100), "GROUP_AUTHORIZATION_FAILED abort");
        CHECK_CALL(rd_kafka_commit_transaction(rk, 100), "GROUP_AUTHORIZATION_FAILED abort");
        check_produce(rk, RD_KAFKA_RESP_ERR__STATE);
        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        CHECK_CALL(rd_kafka_abort_transaction(rk, 100), "_STATE");
        txn_commits(rk, "t", "b");
        CHECK_COMMITTED(&m, "t", 0, " b");
        CHECK_ERR(rd_kafka_fatal_error(rk, NULL, 0), 0);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* A producer that has failed for good: every call says so, the abort, too. */
static void failed_producer(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_ready(&m);
        char text[512] = "";
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        rd_kafka_mock_push_request_errors(m.cluster, API_END_TXN, 1, RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "_FENCED fatal");
        check_all(rk, "_FENCED fatal");
        check_all(rk, "_FENCED fatal");
        check_produce(rk, RD_KAFKA_RESP_ERR__FATAL);
        CHECK_ERR(rd_kafka_fatal_error(rk, text, sizeof(text)), RD_KAFKA_RESP_ERR__FENCED);
        CHECK(*text, "no reason");
        DESTROY(rk, 5000);
        mock_end(&m);
}

/* Raised by the test function of the interface, which librdkafka's calls know nothing of: they return. */
static void failed_by_test(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_ready(&m);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(rd_kafka_test_fatal_error(rk, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "because"), 0);
        CHECK_ERR(rd_kafka_fatal_error(rk, NULL, 0), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
        outcome(rd_kafka_begin_transaction(rk));
        outcome(rd_kafka_commit_transaction(rk, ms(5000)));
        outcome(rd_kafka_abort_transaction(rk, ms(5000)));
        check_produce(rk, RD_KAFKA_RESP_ERR__FATAL);
        DESTROY(rk, 5000);
        mock_end(&m);
}

/* ---- calls that do not finish in time ---- */

/* The first call gives up, its work goes on: only the same call may follow, and it gets the result. */
static void unfinished_init(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_new(&m, NULL);
        int i;
        CHECK_ERR(rd_kafka_mock_broker_set_down(m.cluster, 1), 0);
        for (i = 0; i < 3; i++)
                CHECK_CALL(rd_kafka_init_transactions(rk, i), "_TIMED_OUT retriable");
        CHECK_CALL(rd_kafka_begin_transaction(rk), "_CONFLICT retriable");
        CHECK_CALL(send_offset(rk, "g", 1, 100), "_CONFLICT retriable");
        CHECK_CALL(rd_kafka_commit_transaction(rk, 100), "_CONFLICT retriable");
        CHECK_CALL(rd_kafka_abort_transaction(rk, 100), "_CONFLICT retriable");
        check_produce(rk, RD_KAFKA_RESP_ERR__STATE);
        CHECK_ERR(rd_kafka_mock_broker_set_up(m.cluster, 1), 0);
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(20000)), "ok");
        txn_commits(rk, "t", "a");
        CHECK_COMMITTED(&m, "t", 0, " a");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* The coordinator has answered after the call gave up: the next one has the result without asking. */
static void init_not_taken(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_new(&m, NULL);
        CHECK_ERR(rd_kafka_mock_broker_set_rtt(m.cluster, 1, 100), 0);
        CHECK_CALL(rd_kafka_init_transactions(rk, 0), "_TIMED_OUT retriable");
        wait_for_requests(&m, API_INIT_PRODUCER_ID, 1);
        CHECK_ERR(rd_kafka_mock_broker_set_rtt(m.cluster, 1, 0), 0);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "_CONFLICT retriable");
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(20000)), "ok");
        CHECK(requests_of(&m, API_INIT_PRODUCER_ID, -1) == 1, "%d InitProducerId", requests_of(&m, API_INIT_PRODUCER_ID, -1));
        txn_commits(rk, "t", "a");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

static void check_unfinished_end(int commit) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_ready(&m);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        CHECK_ERR(rd_kafka_mock_broker_set_rtt(m.cluster, 1, late_ms()), 0);
        CHECK_CALL(commit ? rd_kafka_commit_transaction(rk, 20) : rd_kafka_abort_transaction(rk, 20), "_TIMED_OUT retriable");
        CHECK_CALL(rd_kafka_begin_transaction(rk), "_CONFLICT retriable");
        CHECK_CALL(rd_kafka_init_transactions(rk, 100), "_CONFLICT retriable");
        CHECK_CALL(send_offset(rk, "g", 1, 100), "_CONFLICT retriable");
        CHECK_CALL(commit ? rd_kafka_abort_transaction(rk, 100) : rd_kafka_commit_transaction(rk, 100), "_CONFLICT retriable");
        check_produce(rk, RD_KAFKA_RESP_ERR__STATE);
        CHECK_CALL(commit ? rd_kafka_commit_transaction(rk, 20) : rd_kafka_abort_transaction(rk, 20), "_TIMED_OUT retriable");
        CHECK_ERR(rd_kafka_mock_broker_set_rtt(m.cluster, 1, 0), 0);
        CHECK_CALL(commit ? rd_kafka_commit_transaction(rk, ms(20000)) : rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        CHECK(requests_of(&m, API_END_TXN, -1) == 1, "%d EndTxn", requests_of(&m, API_END_TXN, -1));
        txn_commits(rk, "t", "b");
        CHECK_COMMITTED(&m, "t", 0, commit ? " a b" : " b");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

static void unfinished_commit(void) {
        check_unfinished_end(1);
}

static void unfinished_abort(void) {
        check_unfinished_end(0);
}

/* A commit that gives up while messages are still on their way. */
static void unfinished_flush(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_ready(&m);
        int i;
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(rd_kafka_mock_broker_set_down(m.cluster, 1), 0);
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        for (i = 1; i < 4; i++)
                CHECK_CALL(rd_kafka_commit_transaction(rk, i * 10), "_TIMED_OUT retriable");
        CHECK_CALL(rd_kafka_abort_transaction(rk, 100), "_CONFLICT retriable");
        check_produce(rk, RD_KAFKA_RESP_ERR__STATE);
        CHECK_ERR(rd_kafka_mock_broker_set_up(m.cluster, 1), 0);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        CHECK_COMMITTED(&m, "t", 0, " a");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* Timeouts of no time at all, and none. */
static void timeouts(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_new(&m, NULL);
        CHECK_CALL(rd_kafka_init_transactions(rk, -1), "ok");
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        CHECK_CALL(send_offset(rk, "g", 1, -1), "ok");
        CHECK_CALL(rd_kafka_commit_transaction(rk, -1), "ok");
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "b"), 0);
        CHECK_CALL(rd_kafka_abort_transaction(rk, -1), "ok");
        CHECK_COMMITTED(&m, "t", 0, " a");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* -1 is transaction.timeout.ms for a commit or an abort, and twice that for the first call. */
static void no_timeout(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_new(&m, "transaction.timeout.ms", "1000", NULL);
        int64_t start  = now_ms(), took;
        CHECK_ERR(rd_kafka_mock_broker_set_down(m.cluster, 1), 0);
        CHECK_CALL(rd_kafka_init_transactions(rk, -1), "_TIMED_OUT retriable");
        took = now_ms() - start;
        CHECK(took >= 2000 && took < 2000 + ms(1500), "%" PRId64 " ms", took);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* ---- two threads ---- */

struct ending {
        pthread_t thread;
        rd_kafka_t *rk;
        int commit;
        const char *got;
};

static void *end_transaction(void *arg) {
        struct ending *e = arg;
        static char text[80];
        snprintf(text, sizeof(text), "%s",
                 outcome(e->commit ? rd_kafka_commit_transaction(e->rk, ms(30000)) : rd_kafka_abort_transaction(e->rk, ms(30000))));
        e->got = text;
        return NULL;
}

/* While one thread is in a call, others are turned away from it and from the other calls. */
static void check_two_threads(int commit) {
        struct mock m   = txn_mock(1);
        rd_kafka_t *rk  = txn_ready(&m);
        struct ending e = {.rk = rk, .commit = commit};
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        rd_kafka_mock_broker_push_request_error_rtts(m.cluster, 1, API_END_TXN, 1, RD_KAFKA_RESP_ERR_NO_ERROR, late_ms());
        NEED(!pthread_create(&e.thread, NULL, end_transaction, &e), "no thread");
        wait_for_requests(&m, API_END_TXN, 1);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "_CONFLICT retriable");
        CHECK_CALL(commit ? rd_kafka_commit_transaction(rk, 0) : rd_kafka_abort_transaction(rk, 0), "_PREV_IN_PROGRESS retriable");
        CHECK_CALL(commit ? rd_kafka_abort_transaction(rk, 0) : rd_kafka_commit_transaction(rk, 0), "_CONFLICT retriable");
        CHECK_CALL(rd_kafka_init_transactions(rk, 0), "_CONFLICT retriable");
        CHECK_CALL(send_offset(rk, "g", 1, 0), "_CONFLICT retriable");
        pthread_join(e.thread, NULL);
        CHECK_TEXT(e.got, "ok");
        txn_commits(rk, "t", "b");
        CHECK_COMMITTED(&m, "t", 0, commit ? " a b" : " b");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

static void two_threads_commit(void) {
        check_two_threads(1);
}

static void two_threads_abort(void) {
        check_two_threads(0);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(configuration);
        RUN(limits);
        RUN(adjusted);
        RUN(not_transactional);
        RUN(null_arguments);
        RUN_HERE(no_handle);
        RUN_BOTH(states);
        RUN_BOTH(empty);
        RUN_BOTH(failed_transaction);
        RUN_BOTH(failed_producer);
        RUN(failed_by_test);
        RUN_BOTH(unfinished_init);
        RUN_BOTH(init_not_taken);
        RUN_BOTH(unfinished_commit);
        RUN_BOTH(unfinished_abort);
        RUN_BOTH(unfinished_flush);
        RUN_BOTH(timeouts);
        RUN(no_timeout);
        RUN_BOTH(two_threads_commit);
        RUN_BOTH(two_threads_abort);
        return T_END();
}
