/*
 * What an application is told while it is in transactions: delivery reports as callbacks and events, interceptors, statistics;
 * flush and purge within a transaction, and a client that is destroyed in any state. On a mock cluster.
 */
#include "json.h"
#include "txn.h"

/* ---- delivery reports ---- */

/* commit_transaction() sends what is queued and calls back for it: the application need not poll. */
static void callbacks_in_commit(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_ready(&m);
        int i;
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        for (i = 0; i < 100; i++)
                CHECK_ERR(put(rk, "t", i % 4, "a"), 0);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        CHECK(dr.all == 100 && !dr.failed, "%d reports, %d failed", dr.all, dr.failed);
        CHECK(rd_kafka_outq_len(rk) == 0, "%d left", rd_kafka_outq_len(rk));
        rd_kafka_destroy(rk);
        mock_end(&m);
}

static rd_kafka_conf_t *event_conf(const struct mock *m) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", m->servers, "transactional.id", "txn", NULL);
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
        return conf;
}

static int served;
static void serve_event(rd_kafka_event_t *event) {
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR)
                __atomic_fetch_add(&served, (int)rd_kafka_event_message_count(event), __ATOMIC_SEQ_CST);
        rd_kafka_event_destroy(event);
}

/* Reports as events count as outstanding until the application has taken them: the commit waits for that, and can be resumed. */
static void events_unserved(void) {
        struct mock m           = txn_mock(1);
        rd_kafka_t *rk          = client(RD_KAFKA_PRODUCER, event_conf(&m));
        rd_kafka_queue_t *queue = rd_kafka_queue_get_main(rk);
        int64_t until           = now_ms() + ms(20000);
        served                  = 0;
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(20000)), "ok");
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        CHECK_CALL(rd_kafka_commit_transaction(rk, 200), "_TIMED_OUT retriable");
        CHECK(requests_of(&m, API_END_TXN, -1) == 0, "the transaction was ended");
        while (served < 1 && now_ms() < until) {
                rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 100);
                if (event)
                        serve_event(event);
        }
        CHECK(served == 1, "%d reports", served);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        CHECK_COMMITTED(&m, "t", 0, " a");
        rd_kafka_queue_destroy(queue);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

static void background_event(rd_kafka_t *rk, rd_kafka_event_t *event, void *opaque) {
        (void)rk;
        (void)opaque;
        serve_event(event);
}

/* A flush and the ends of a transaction wait for the reports and not for the log lines in the same queue, which nobody takes. */
static void events_beside_logs(void) {
        struct mock m         = txn_mock(1);
        rd_kafka_conf_t *conf = event_conf(&m);
        rd_kafka_queue_t *queue;
        rd_kafka_t *rk;
        int64_t until = now_ms() + ms(20000);
        int commit;
        served = 0;
        conf_put(conf, "debug", "eos");
        conf_put(conf, "log.queue", "true");
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_LOG);
        rk    = client(RD_KAFKA_PRODUCER, conf);
        queue = rd_kafka_queue_get_main(rk);
        CHECK_ERR(rd_kafka_set_log_queue(rk, NULL), 0);
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(20000)), "ok");
        for (commit = 0; commit < 2; commit++) {
                CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
                CHECK_ERR(put(rk, "t", 0, commit ? "b" : "a"), 0);
                while (served <= commit && now_ms() < until) {
                        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 100);
                        if (event)
                                serve_event(event);
                }
                CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
                CHECK_CALL(commit ? rd_kafka_commit_transaction(rk, ms(20000)) : rd_kafka_abort_transaction(rk, ms(20000)), "ok");
                CHECK(rd_kafka_queue_length(queue) > 0, "nothing is logged, so that this test tests nothing");
        }
        CHECK_COMMITTED(&m, "t", 0, " b");
        rd_kafka_queue_destroy(queue);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* The same with a background thread that takes them. */
static void events_in_background(void) {
        struct mock m         = txn_mock(1);
        rd_kafka_conf_t *conf = event_conf(&m);
        rd_kafka_queue_t *queue, *background;
        rd_kafka_t *rk;
        int i;
        rd_kafka_conf_set_background_event_cb(conf, background_event);
        rk         = client(RD_KAFKA_PRODUCER, conf);
        queue      = rd_kafka_queue_get_main(rk);
        background = rd_kafka_queue_get_background(rk);
        rd_kafka_queue_forward(queue, background);
        served = 0;
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(20000)), "ok");
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        for (i = 0; i < 20; i++)
                CHECK_ERR(put(rk, "t", i % 4, "a"), 0);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        CHECK(__atomic_load_n(&served, __ATOMIC_SEQ_CST) == 20, "%d reports", served);
        /* One that is aborted on the way. */
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "b"), 0);
        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        CHECK(__atomic_load_n(&served, __ATOMIC_SEQ_CST) == 21, "%d reports", served);
        rd_kafka_queue_destroy(queue);
        rd_kafka_queue_destroy(background);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* ---- flush and purge within a transaction ---- */

static void flushed(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_ready(&m);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        CHECK(dr.all == 1 && !dr.failed, "%d reports, %d failed", dr.all, dr.failed);
        /* Stored, and not to be seen yet. */
        CHECK_TEXT(stored(m.servers, "read_uncommitted", "t", 0), " a");
        CHECK_COMMITTED(&m, "t", 0, "");
        CHECK_ERR(put(rk, "t", 0, "b"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        CHECK_COMMITTED(&m, "t", 0, " a b");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* A purged message failed: the transaction can only be aborted. */
static void purged(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_ready(&m);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        CHECK_ERR(rd_kafka_mock_broker_set_down(m.cluster, 1), 0);
        CHECK_ERR(put(rk, "t", 0, "b"), 0);
        CHECK_ERR(rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        CHECK(dr.all == 2 && dr.failed == 1, "%d reports, %d failed", dr.all, dr.failed);
        CHECK(dr.last == RD_KAFKA_RESP_ERR__PURGE_QUEUE || dr.last == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, "%s", rd_kafka_err2name(dr.last));
        CHECK_ERR(rd_kafka_mock_broker_set_up(m.cluster, 1), 0);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "_INCONSISTENT abort");
        CHECK_CALL(rd_kafka_commit_transaction(rk, 100), "_INCONSISTENT abort");
        CHECK_CALL(rd_kafka_begin_transaction(rk), "_INCONSISTENT abort");
        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        txn_commits_after_failures(rk, "t", "c");
        CHECK_COMMITTED(&m, "t", 0, " c");
        CHECK_ERR(rd_kafka_fatal_error(rk, NULL, 0), 0);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* An abort takes what is queued out of the queue. */
static void queued_at_abort(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_new(&m, "linger.ms", "30000", NULL);
        int i;
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(20000)), "ok");
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        for (i = 0; i < 3; i++)
                CHECK_ERR(put(rk, "t", 0, "a"), 0);
        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        CHECK(dr.all == 3 && dr.failed == 3, "%d reports, %d failed", dr.all, dr.failed);
        CHECK_ERR(dr.last, RD_KAFKA_RESP_ERR__PURGE_QUEUE);
        CHECK(requests_of(&m, API_PRODUCE, -1) == 0, "sent");
        txn_commits(rk, "t", "b");
        CHECK_TEXT(stored(m.servers, "read_uncommitted", "t", 0), " b");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* What is on its way is waited for. */
static void in_flight_at_abort(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_ready(&m);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        rd_kafka_mock_broker_push_request_error_rtts(m.cluster, 1, API_PRODUCE, 1, RD_KAFKA_RESP_ERR_NO_ERROR, 300);
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        wait_for_requests(&m, API_PRODUCE, 1);
        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        CHECK(dr.all == 1 && !dr.failed, "%d reports, %d failed: %s", dr.all, dr.failed, rd_kafka_err2name(dr.last));
        txn_commits(rk, "t", "b");
        CHECK_COMMITTED(&m, "t", 0, " b");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* A message that the broker refuses for good. */
static void failed_delivery(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_ready(&m);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        rd_kafka_mock_push_request_errors(m.cluster, API_PRODUCE, 1, RD_KAFKA_RESP_ERR_INVALID_RECORD);
        CHECK_ERR(put(rk, "t", 0, "b"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        CHECK(dr.failed == 1, "%d failed", dr.failed);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "INVALID_RECORD abort");
        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        txn_commits_after_failures(rk, "t", "c");
        CHECK_COMMITTED(&m, "t", 0, " c");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* ---- interceptors ---- */

static struct {
        int sent, acknowledged, failed;
} seen;

static rd_kafka_resp_err_t on_send(rd_kafka_t *rk, rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)m;
        (void)opaque;
        __atomic_fetch_add(&seen.sent, 1, __ATOMIC_SEQ_CST);
        return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_acknowledgement(rd_kafka_t *rk, rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)opaque;
        __atomic_fetch_add(m->err ? &seen.failed : &seen.acknowledged, 1, __ATOMIC_SEQ_CST);
        return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque, char *errstr, size_t size) {
        (void)conf;
        (void)errstr;
        (void)size;
        rd_kafka_interceptor_add_on_send(rk, "ic", on_send, opaque);
        rd_kafka_interceptor_add_on_acknowledgement(rk, "ic", on_acknowledgement, opaque);
        return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Each message is sent once and acknowledged once, whether it is committed, aborted or refused. */
static void interceptors(void) {
        struct mock m         = txn_mock(1);
        rd_kafka_conf_t *conf = txn_conf(m.servers, "txn");
        rd_kafka_t *rk;
        CHECK_ERR(rd_kafka_conf_interceptor_add_on_new(conf, "ic", on_new, NULL), 0);
        memset(&seen, 0, sizeof(seen));
        rk = client(RD_KAFKA_PRODUCER, conf);
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(20000)), "ok");
        /* Outside a transaction a message is not taken, and told as failed. */
        CHECK_ERR(put(rk, "t", 0, "no"), RD_KAFKA_RESP_ERR__STATE);
        CHECK(seen.sent == 0 && seen.acknowledged == 0 && seen.failed <= 1, "%d sent, %d acknowledged, %d failed", seen.sent, seen.acknowledged,
              seen.failed);
        memset(&seen, 0, sizeof(seen));
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        CHECK_ERR(put(rk, "t", 1, "a"), 0);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        CHECK(seen.sent == 2 && seen.acknowledged == 2 && !seen.failed, "%d sent, %d acknowledged, %d failed", seen.sent, seen.acknowledged,
              seen.failed);
        CHECK_ERR(rd_kafka_mock_broker_set_down(m.cluster, 1), 0);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "b"), 0);
        CHECK_ERR(rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        CHECK(seen.sent == 3 && seen.failed == 1, "%d sent, %d failed", seen.sent, seen.failed);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* ---- statistics ---- */

static struct {
        pthread_mutex_t lock;
        char txn[40], idempotence[40];
        int may_produce;
        int64_t id, epoch, age;
} eos = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int on_stats(rd_kafka_t *rk, char *text, size_t len, void *opaque) {
        struct json *j = json_parse(text), *e = json_get(j, "eos"), *v;
        (void)rk;
        (void)len;
        (void)opaque;
        pthread_mutex_lock(&eos.lock);
        v = json_get(e, "txn_state");
        snprintf(eos.txn, sizeof(eos.txn), "%s", v && v->text ? v->text : "none");
        v = json_get(e, "idemp_state");
        snprintf(eos.idempotence, sizeof(eos.idempotence), "%s", v && v->text ? v->text : "none");
        /* The reader does not tell which of the two: the text does. */
        eos.may_produce = strstr(text, "\"txn_may_enq\": true") || strstr(text, "\"txn_may_enq\":true");
        eos.id          = json_int(e, "producer_id");
        eos.epoch       = json_int(e, "producer_epoch");
        eos.age         = json_int(e, "txn_stateage");
        pthread_mutex_unlock(&eos.lock);
        json_free(j);
        return 0;
}

/* Statistics come at intervals: until they tell of this state. */
static void expect_state(rd_kafka_t *rk, const char *want, int may_produce) {
        int64_t until = now_ms() + ms(20000);
        do
                rd_kafka_poll(rk, 5);
        while (strcmp(eos.txn, want) && now_ms() < until);
        CHECK_TEXT(eos.txn, want);
        CHECK(eos.may_produce == may_produce, "txn_may_enq in %s", want);
        CHECK(eos.age >= 0, "txn_stateage %" PRId64, eos.age);
}

static rd_kafka_t *stats_producer(const struct mock *m) {
        rd_kafka_conf_t *conf = txn_conf(m->servers, "txn");
        /* A tool is to have time for something else, too. */
        conf_put(conf, "statistics.interval.ms", t.slow > 1 ? "300" : "10");
        rd_kafka_conf_set_stats_cb(conf, on_stats);
        return client(RD_KAFKA_PRODUCER, conf);
}

static void statistics(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = stats_producer(&m);
        int64_t id, epoch;
        expect_state(rk, "Init", 0);
        CHECK_TEXT(eos.idempotence, "Init");
        CHECK(eos.id == -1 && eos.epoch == -1, "producer id %" PRId64 ", epoch %" PRId64, eos.id, eos.epoch);
        CHECK_ERR(rd_kafka_mock_broker_set_down(m.cluster, 1), 0);
        CHECK_CALL(rd_kafka_init_transactions(rk, 1), "_TIMED_OUT retriable");
        expect_state(rk, "WaitPID", 0);
        CHECK_ERR(rd_kafka_mock_broker_set_up(m.cluster, 1), 0);
        expect_state(rk, "ReadyNotAcked", 0);
        CHECK_TEXT(eos.idempotence, "Assigned");
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(20000)), "ok");
        expect_state(rk, "Ready", 0);
        id = eos.id, epoch = eos.epoch;
        CHECK(id >= 0 && epoch >= 0, "producer id %" PRId64 ", epoch %" PRId64, id, epoch);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        expect_state(rk, "InTransaction", 1);
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        rd_kafka_mock_broker_push_request_error_rtts(m.cluster, 1, API_END_TXN, 1, RD_KAFKA_RESP_ERR_NO_ERROR, late_ms());
        CHECK_CALL(rd_kafka_commit_transaction(rk, 20), "_TIMED_OUT retriable");
        expect_state(rk, "CommittingTransaction", 0);
        expect_state(rk, "CommitNotAcked", 0);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        expect_state(rk, "Ready", 0);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "b"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        rd_kafka_mock_broker_push_request_error_rtts(m.cluster, 1, API_END_TXN, 1, RD_KAFKA_RESP_ERR_NO_ERROR, late_ms());
        CHECK_CALL(rd_kafka_abort_transaction(rk, 20), "_TIMED_OUT retriable");
        expect_state(rk, "AbortingTransaction", 0);
        expect_state(rk, "AbortedNotAcked", 0);
        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        expect_state(rk, "Ready", 0);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

static void statistics_of_failures(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = stats_producer(&m);
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(20000)), "ok");
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(rd_kafka_mock_broker_set_down(m.cluster, 1), 0);
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        CHECK_CALL(rd_kafka_commit_transaction(rk, 20), "_TIMED_OUT retriable");
        expect_state(rk, "BeginCommit", 0);
        CHECK_ERR(rd_kafka_mock_broker_set_up(m.cluster, 1), 0);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        rd_kafka_mock_push_request_errors(m.cluster, API_ADD_OFFSETS, 1, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
        CHECK_CALL(send_offset(rk, "g", 1, ms(20000)), "GROUP_AUTHORIZATION_FAILED abort");
        expect_state(rk, "AbortableError", 0);
        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        expect_state(rk, "Ready", 0);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        rd_kafka_mock_push_request_errors(m.cluster, API_ADD_OFFSETS, 1, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
        CHECK_CALL(send_offset(rk, "g", 1, ms(20000)), "_FENCED fatal");
        expect_state(rk, "FatalError", 0);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* ---- destroyed in any state ---- */

static rd_kafka_t *in_state(struct mock *m, int state) {
        rd_kafka_t *rk = txn_new(m, NULL);
        if (state == 0)
                return rk;
        if (state == 1) {
                CHECK_ERR(rd_kafka_mock_broker_set_rtt(m->cluster, 1, 200), 0);
                CHECK_CALL(rd_kafka_init_transactions(rk, 1), "_TIMED_OUT retriable");
                return rk;
        }
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(20000)), "ok");
        if (state == 2)
                return rk;
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        if (state == 3)
                return rk;
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        if (state == 4)
                return rk;
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        rd_kafka_mock_broker_push_request_error_rtts(m->cluster, 1, API_END_TXN, 1, RD_KAFKA_RESP_ERR_NO_ERROR, 200);
        if (state == 6)
                CHECK_CALL(rd_kafka_commit_transaction(rk, 1), "_TIMED_OUT retriable");
        if (state == 7)
                CHECK_CALL(rd_kafka_abort_transaction(rk, 1), "_TIMED_OUT retriable");
        rd_kafka_mock_push_request_errors(m->cluster, API_TXN_OFFSET_COMMIT, 1,
                                          state == 8 ? RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED : RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
        if (state >= 8)
                CHECK_CALL(send_offset(rk, "g", 1, ms(20000)), state == 8 ? "GROUP_AUTHORIZATION_FAILED abort" : "_FENCED fatal");
        if (state == 10) {
                CHECK_ERR(rd_kafka_mock_broker_set_down(m->cluster, 1), 0);
                CHECK_CALL(rd_kafka_abort_transaction(rk, 1), "_FENCED fatal");
        }
        return rk;
}

/* At once, and nothing of it is left. */
static void destroyed(void) {
        int state;
        for (state = 0; state <= 10; state++) {
                struct mock m  = txn_mock(1);
                int threads    = t_threads(), fds = t_fds();
                rd_kafka_t *rk = in_state(&m, state);
                DESTROY(rk, 1500);
                CHECK(t_threads_down_to(threads) <= threads, "state %d: %d threads of %d", state, t_threads(), threads);
                CHECK(t_fds_down_to(fds) <= fds, "state %d: %d descriptors of %d", state, t_fds(), fds);
                mock_end(&m);
        }
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN_BOTH(callbacks_in_commit);
        RUN_OLDER(events_unserved);
        RUN_BOTH(events_beside_logs);
        RUN_OLDER(events_in_background);
        RUN_BOTH(flushed);
        RUN_BOTH(purged);
        RUN_BOTH(queued_at_abort);
        RUN_BOTH(in_flight_at_abort);
        RUN_BOTH(failed_delivery);
        RUN_OLDER(interceptors);
        RUN_BOTH(statistics);
        RUN_OLDER(statistics_of_failures);
        RUN_BOTH(destroyed);
        return T_END();
}
