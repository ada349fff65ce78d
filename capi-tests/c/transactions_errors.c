/*
 * Each request of a transaction answered by each error that there is for it, once and until the call gives up, by a cut
 * connection, and later than the call waits. What the calls return; that the same call goes on, or the transaction is aborted and
 * the next one works; and that in the end exactly what was committed is there, once and in order. On a mock cluster.
 */
#include "txn.h"

#define FENCED "_FENCED fatal"

struct row {
        rd_kafka_resp_err_t error;
        const char *want;    /* From the call that notices. */
        const char *forever; /* From the same call when the error stays until the call gives up; NULL: as `want`. */
};

static char expected[4096]; /* The values of all committed transactions, as stored() has them. */

static void expect_value(const char *value) {
        snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), " %s", value);
}

/* The errors that a row is about, so many times. */
static void push(const struct mock *m, int16_t api, rd_kafka_resp_err_t error, int times) {
        while (times--)
                rd_kafka_mock_push_request_errors(m->cluster, api, 1, error);
}

static void name_row(char *text, size_t size, const struct row *row, const char *what) {
        snprintf(text, size, "%s%s", rd_kafka_err2name(row->error), what);
}

static void check_row(const char *got, const char *want, const char *row) {
        CHECK(!strcmp(got, want), "%s: \"%s\", expected \"%s\"", row, got, want);
}

/* ---- init_transactions() ---- */

/* Each row with a producer of its own, as only one call is there to be disturbed. */
static void init_rows(int16_t api, const struct row *rows, int cnt) {
        struct mock m = txn_mock(1);
        char what[80];
        int i;
        for (i = 0; i < cnt; i++) {
                rd_kafka_t *rk = txn_new(&m, NULL);
                name_row(what, sizeof(what), &rows[i], "");
                push(&m, api, rows[i].error, 1);
                check_row(outcome(rd_kafka_init_transactions(rk, ms(20000))), rows[i].want, what);
                if (!strcmp(rows[i].want, "ok"))
                        txn_commits(rk, "t", "a");
                else
                        check_row(outcome(rd_kafka_init_transactions(rk, ms(300))), rows[i].want, what);
                rd_kafka_destroy(rk);
                rd_kafka_mock_clear_request_errors(m.cluster, api);
                if (!rows[i].forever)
                        continue;
                name_row(what, sizeof(what), &rows[i], " for ever");
                rk = txn_new(&m, NULL);
                push(&m, api, rows[i].error, 1000);
                check_row(outcome(rd_kafka_init_transactions(rk, ms(300))), rows[i].forever, what);
                check_row(outcome(rd_kafka_begin_transaction(rk)), "_CONFLICT retriable", what);
                rd_kafka_mock_clear_request_errors(m.cluster, api);
                check_row(outcome(rd_kafka_init_transactions(rk, ms(20000))), "ok", what);
                txn_commits(rk, "t", "b");
                rd_kafka_destroy(rk);
        }
        mock_end(&m);
}

static void find_coordinator(void) {
        static const struct row rows[] = {
            {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, "ok", "_TIMED_OUT retriable"},
            {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, "ok", NULL},
            {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, "ok", NULL},
            {RD_KAFKA_RESP_ERR__TRANSPORT, "ok", "_TIMED_OUT retriable"},
            {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED fatal", NULL},
            {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, "CLUSTER_AUTHORIZATION_FAILED fatal", NULL},
        };
        init_rows(API_FIND_COORDINATOR, rows, sizeof(rows) / sizeof(*rows));
}

static void init_producer_id(void) {
        static const struct row rows[] = {
            {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, "ok", "COORDINATOR_NOT_AVAILABLE retriable"},
            {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, "ok", "COORDINATOR_LOAD_IN_PROGRESS retriable"},
            {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, "ok", NULL},
            {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, "ok", "CONCURRENT_TRANSACTIONS retriable"},
            {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, "ok", NULL},
            {RD_KAFKA_RESP_ERR__TRANSPORT, "ok", NULL},
            {RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT, "INVALID_TRANSACTION_TIMEOUT fatal", NULL},
            {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED fatal", NULL},
            {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, "CLUSTER_AUTHORIZATION_FAILED fatal", NULL},
        };
        init_rows(API_INIT_PRODUCER_ID, rows, sizeof(rows) / sizeof(*rows));
}

/* ---- within a transaction ---- */

/* One transaction with its error; `aborting`: the call that notices is an abort. */
struct disturbed {
        const struct mock *m;
        rd_kafka_t *rk;
        int16_t api;
        int offsets, aborting;
};

static const char *end_it(const struct disturbed *d, int timeout_ms) {
        return outcome(d->aborting ? rd_kafka_abort_transaction(d->rk, timeout_ms) : rd_kafka_commit_transaction(d->rk, timeout_ms));
}

static const char *notice(const struct disturbed *d, int timeout_ms) {
        return d->offsets ? outcome(send_offset(d->rk, "g", 1, timeout_ms)) : end_it(d, timeout_ms);
}

static rd_kafka_t *of_row(const struct mock *m, rd_kafka_t *rk, int fresh_one) {
        if (rk && !fresh_one)
                return rk;
        if (rk)
                rd_kafka_destroy(rk);
        return txn_ready(m);
}

/* After the call that noticed: by commit, or by abort and another one, unless the producer is lost. */
static void finish_row(struct disturbed *d, const char *got, const char *value, const char *what) {
        if (strstr(got, "fatal")) {
                check_row(outcome(rd_kafka_abort_transaction(d->rk, ms(300))), got, what);
                check_row(outcome(rd_kafka_begin_transaction(d->rk)), got, what);
                return;
        }
        if (strstr(got, "abort")) {
                check_row(outcome(rd_kafka_abort_transaction(d->rk, ms(20000))), "ok", what);
        } else if (d->offsets) {
                check_row(end_it(d, ms(20000)), "ok", what);
                expect_value(value);
        } else if (!d->aborting)
                expect_value(value);
        /* librdkafka forgets that messages that were refused had their place in the sequence: its next transaction fails, too. */
        if (is_upstream() && d->api == API_PRODUCE && strstr(got, "abort"))
                d->rk = of_row(d->m, d->rk, 1);
        txn_commits(d->rk, "t", "good");
        expect_value("good");
}

static void transaction_rows(int16_t api, int offsets, int aborting, const struct row *rows, int cnt) {
        struct mock m      = txn_mock(1);
        struct disturbed d = {&m, NULL, api, offsets, aborting};
        char what[80], value[16];
        const char *got = "";
        int i, forever;
        expected[0] = '\0';
        for (i = 0; i < cnt; i++)
                for (forever = 0; forever <= !!rows[i].forever; forever++) {
                        name_row(what, sizeof(what), &rows[i], forever ? " for ever" : "");
                        snprintf(value, sizeof(value), "%c%d", forever ? 'f' : 'v', i);
                        d.rk = of_row(&m, d.rk, !!strstr(got, "fatal"));
                        check_row(outcome(rd_kafka_begin_transaction(d.rk)), "ok", what);
                        if (api == API_END_TXN || offsets) {
                                CHECK_ERR(put(d.rk, "t", 0, value), 0);
                                CHECK_ERR(rd_kafka_flush(d.rk, ms(20000)), 0);
                        }
                        push(&m, api, rows[i].error, forever ? 1000 : 1);
                        if (api != API_END_TXN && !offsets)
                                CHECK_ERR(put(d.rk, "t", 0, value), 0);
                        got = notice(&d, ms(forever ? 300 : 20000));
                        check_row(got, forever ? rows[i].forever : rows[i].want, what);
                        rd_kafka_mock_clear_request_errors(m.cluster, api);
                        if (strstr(got, "retriable"))
                                check_row(got = notice(&d, ms(20000)), "ok", what);
                        finish_row(&d, got, value, what);
                }
        rd_kafka_destroy(d.rk);
        CHECK_COMMITTED(&m, "t", 0, expected);
        mock_end(&m);
}

#define ROWS(api, offsets, aborting, rows) transaction_rows(api, offsets, aborting, rows, sizeof(rows) / sizeof(*(rows)))

static void add_partitions(void) {
        static const struct row rows[] = {
            {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, "ok", "_TIMED_OUT retriable"},
            {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, "ok", NULL},
            {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, "ok", NULL},
            {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, "ok", "_TIMED_OUT retriable"},
            {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "ok", NULL},
            {RD_KAFKA_RESP_ERR__TRANSPORT, "ok", NULL},
            {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "TOPIC_AUTHORIZATION_FAILED abort", NULL},
            {RD_KAFKA_RESP_ERR_OPERATION_NOT_ATTEMPTED, "OPERATION_NOT_ATTEMPTED abort", NULL},
            {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, "INVALID_PRODUCER_ID_MAPPING abort", NULL},
            {RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, "UNKNOWN_PRODUCER_ID abort", NULL},
            {RD_KAFKA_RESP_ERR_INVALID_RECORD, "INVALID_RECORD abort", NULL},
            {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, FENCED, NULL},
            {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, FENCED, NULL},
            {RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, "INVALID_TXN_STATE fatal", NULL},
            {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED fatal", NULL},
            {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, "CLUSTER_AUTHORIZATION_FAILED fatal", NULL},
        };
        ROWS(API_ADD_PARTITIONS, 0, 0, rows);
}

static void add_offsets(void) {
        static const struct row rows[] = {
            {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, "ok", "NOT_COORDINATOR retriable"},
            {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, "ok", "COORDINATOR_NOT_AVAILABLE retriable"},
            {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, "ok", NULL},
            {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, "ok", "CONCURRENT_TRANSACTIONS retriable"},
            {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, "ok", NULL},
            {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "ok", NULL},
            {RD_KAFKA_RESP_ERR__TRANSPORT, "ok", NULL},
            {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "TOPIC_AUTHORIZATION_FAILED abort", NULL},
            {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "GROUP_AUTHORIZATION_FAILED abort", NULL},
            {RD_KAFKA_RESP_ERR_UNKNOWN, "UNKNOWN abort", NULL},
            {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, FENCED, NULL},
            {RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, "INVALID_TXN_STATE fatal", NULL},
            {RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, "UNSUPPORTED_FOR_MESSAGE_FORMAT fatal", NULL},
            {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED fatal", NULL},
            {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, "CLUSTER_AUTHORIZATION_FAILED fatal", NULL},
        };
        ROWS(API_ADD_OFFSETS, 1, 0, rows);
}

static void txn_offset_commit(void) {
        static const struct row rows[] = {
            {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, "ok", "NOT_COORDINATOR abort"},
            {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, "ok", NULL},
            {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, "ok", "COORDINATOR_LOAD_IN_PROGRESS abort"},
            {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, "ok", NULL},
            {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, "ok", NULL},
            {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "ok", NULL},
            {RD_KAFKA_RESP_ERR__TRANSPORT, "ok", NULL},
            {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, "ILLEGAL_GENERATION abort", NULL},
            {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, "UNKNOWN_MEMBER_ID abort", NULL},
            {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, "FENCED_INSTANCE_ID abort", NULL},
            {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "TOPIC_AUTHORIZATION_FAILED abort", NULL},
            {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "GROUP_AUTHORIZATION_FAILED abort", NULL},
            {RD_KAFKA_RESP_ERR_TRANSACTION_ABORTABLE, "TRANSACTION_ABORTABLE abort", NULL},
            {RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, "OFFSET_METADATA_TOO_LARGE abort", NULL},
            {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, FENCED, NULL},
            {RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, "INVALID_TXN_STATE fatal", NULL},
            {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED fatal", NULL},
        };
        ROWS(API_TXN_OFFSET_COMMIT, 1, 0, rows);
}

static void end_txn_commit(void) {
        static const struct row rows[] = {
            {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, "ok", "_TIMED_OUT retriable"},
            {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, "ok", NULL},
            {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, "ok", NULL},
            {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, "ok", "_TIMED_OUT retriable"},
            {RD_KAFKA_RESP_ERR__TRANSPORT, "ok", NULL},
            {RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, "UNKNOWN_PRODUCER_ID abort", NULL},
            {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, "INVALID_PRODUCER_ID_MAPPING abort", NULL},
            {RD_KAFKA_RESP_ERR_UNKNOWN, "UNKNOWN abort", NULL},
            {RD_KAFKA_RESP_ERR_TRANSACTION_ABORTABLE, "TRANSACTION_ABORTABLE abort", NULL},
            {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, FENCED, NULL},
            {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, FENCED, NULL},
            {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED fatal", NULL},
            {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, "CLUSTER_AUTHORIZATION_FAILED fatal", NULL},
        };
        ROWS(API_END_TXN, 0, 0, rows);
}

static void end_txn_abort(void) {
        static const struct row rows[] = {
            {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, "ok", NULL},
            {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, "ok", NULL},
            {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, "ok", NULL},
            {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, "ok", "_TIMED_OUT retriable"},
            {RD_KAFKA_RESP_ERR__TRANSPORT, "ok", NULL},
            {RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, "ok", NULL},
            {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, "ok", NULL},
            {RD_KAFKA_RESP_ERR_UNKNOWN, "UNKNOWN abort", NULL},
            {RD_KAFKA_RESP_ERR_TRANSACTION_ABORTABLE, "TRANSACTION_ABORTABLE abort", NULL},
            {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, FENCED, NULL},
            {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, FENCED, NULL},
            {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED fatal", NULL},
        };
        ROWS(API_END_TXN, 0, 1, rows);
}

/* Not TOPIC_AUTHORIZATION_FAILED: the topic is shut until metadata says otherwise, as topic_errors.c has it. */
static void produce(void) {
        static const struct row rows[] = {
            {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, "ok", "_TIMED_OUT retriable"},
            {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, "ok", "_TIMED_OUT retriable"},
            {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, "ok", NULL},
            {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "ok", NULL},
            {RD_KAFKA_RESP_ERR__TRANSPORT, "ok", "_TIMED_OUT retriable"},
            {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "MSG_SIZE_TOO_LARGE abort", NULL},
            {RD_KAFKA_RESP_ERR_INVALID_RECORD, "INVALID_RECORD abort", NULL},
            {RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, "UNKNOWN_PRODUCER_ID abort", NULL},
            {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, "INVALID_PRODUCER_ID_MAPPING abort", NULL},
            {RD_KAFKA_RESP_ERR_TRANSACTION_ABORTABLE, "TRANSACTION_ABORTABLE abort", NULL},
            {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, FENCED, NULL},
        };
        ROWS(API_PRODUCE, 0, 0, rows);
}

/* ---- where librdkafka gives up, and ours need not ---- */

struct better {
        struct row ours, theirs;
        int16_t api;
        int offsets, aborting;
};

static void better_rows(const struct better *rows, int cnt) {
        for (; cnt; rows++, cnt--)
                transaction_rows(rows->api, rows->offsets, rows->aborting, is_upstream() ? &rows->theirs : &rows->ours, 1);
}

/* That the broker is not where the producer is in its sequence, or that the group's coordinator does not know the producer's id, is
 * settled by an abort and a new epoch (KIP-360). */
static void new_epoch_helps(void) {
        static const struct better rows[] = {
            {{RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "OUT_OF_ORDER_SEQUENCE_NUMBER abort", NULL},
             {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "OUT_OF_ORDER_SEQUENCE_NUMBER fatal", NULL},
             API_PRODUCE,
             0,
             0},
            {{RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, "INVALID_PRODUCER_ID_MAPPING abort", NULL},
             {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, "INVALID_PRODUCER_ID_MAPPING fatal", NULL},
             API_TXN_OFFSET_COMMIT,
             1,
             0},
        };
        better_rows(rows, 2);
}

/* With the newer protocol a commit may find that the coordinator has ended a transaction that took too long: an abort gives the
 * epoch that follows. With the older one the producer is fenced then, as with librdkafka. */
static void ended_by_coordinator(void) {
        static const struct row older[] = {{RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, "INVALID_TXN_STATE fatal", NULL}};
        static const struct row newer[] = {{RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, "INVALID_TXN_STATE abort", NULL}};
        transaction_rows(API_END_TXN, 0, 0, transaction_version == 1 ? older : newer, 1);
        transaction_rows(API_END_TXN, 0, 1, older, 1);
}

/* ---- answers that come late ---- */

/* Later than the call waits: it can be called again until it is done, whatever request it hangs at. */
static void late_answers(void) {
        static const int16_t apis[] = {API_PRODUCE, API_END_TXN, API_ADD_PARTITIONS};
        struct mock m               = txn_mock(1);
        rd_kafka_t *rk              = txn_ready(&m);
        size_t i;
        int aborting, calls;
        for (i = 0; i < (transaction_version == 1 ? 3 : 2); i++)
                for (aborting = 0; aborting < 2; aborting++) {
                        const char *got;
                        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
                        if (apis[i] == API_END_TXN) {
                                CHECK_ERR(put(rk, "t", 0, aborting ? "no" : "a"), 0);
                                CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
                        }
                        rd_kafka_mock_broker_push_request_error_rtts(m.cluster, 1, apis[i], 1, RD_KAFKA_RESP_ERR_NO_ERROR, 300);
                        if (apis[i] != API_END_TXN) {
                                CHECK_ERR(put(rk, "t", 0, aborting ? "no" : "a"), 0);
                                wait_for_requests(&m, apis[i], 1);
                        }
                        for (calls = 0, got = "_TIMED_OUT retriable"; !strcmp(got, "_TIMED_OUT retriable") && calls < 1000; calls++)
                                got = outcome(aborting ? rd_kafka_abort_transaction(rk, ms(20)) : rd_kafka_commit_transaction(rk, ms(20)));
                        CHECK(!strcmp(got, "ok"), "API %d: %s", apis[i], got);
                        rd_kafka_mock_clear_requests(m.cluster);
                }
        CHECK_COMMITTED(&m, "t", 0, transaction_version == 1 ? " a a a" : " a a");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN_BOTH(find_coordinator);
        RUN_BOTH(init_producer_id);
        RUN_OLDER(add_partitions);
        RUN_OLDER(add_offsets);
        RUN_BOTH(txn_offset_commit);
        RUN_BOTH(end_txn_commit);
        RUN_BOTH(end_txn_abort);
        RUN_BOTH(produce);
        RUN_BOTH(new_epoch_helps);
        RUN_BOTH(ended_by_coordinator);
        RUN_BOTH(late_answers);
        return T_END();
}
