/*
 * The background queue of an application without background_event_cb: what is forwarded there is served by the ordinary
 * callbacks, on a thread of its own, and nobody polls.
 */
#include "mock.h"

static pthread_t main_thread;
static char thread_name[32];
static volatile int reports, stats, errors, logs, consumed, commits, wrong_thread;

#define ADD(what) __atomic_add_fetch(&what, 1, __ATOMIC_SEQ_CST)
#define GET(what) __atomic_load_n(&what, __ATOMIC_SEQ_CST)
#define SET(what, to) __atomic_store_n(&what, to, __ATOMIC_SEQ_CST)

/* Waits for a condition, up to a generous limit. */
#define WAIT_FOR(cond)                                                                                                 \
        do {                                                                                                           \
                int64_t until_ = now_ms() + ms(60000);                                                                 \
                while (!(cond) && now_ms() < until_)                                                                   \
                        usleep(5000);                                                                                  \
                CHECK(cond, "not in time");                                                                            \
        } while (0)

static void on_thread(void) {
        if (pthread_equal(pthread_self(), main_thread))
                ADD(wrong_thread);
        pthread_getname_np(pthread_self(), thread_name, sizeof(thread_name));
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk, (void)m, (void)opaque;
        on_thread();
        ADD(reports);
}

static int on_stats(rd_kafka_t *rk, char *json, size_t len, void *opaque) {
        (void)rk, (void)json, (void)len, (void)opaque;
        on_thread();
        ADD(stats);
        return 0;
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
        (void)rk, (void)err, (void)reason, (void)opaque;
        on_thread();
        ADD(errors);
}

static void on_log(const rd_kafka_t *rk, int level, const char *fac, const char *buf) {
        (void)rk, (void)level, (void)fac, (void)buf;
        on_thread();
        ADD(logs);
}

static void on_message(rd_kafka_message_t *m, void *opaque) {
        (void)opaque;
        on_thread();
        if (!m->err)
                ADD(consumed);
}

static void on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *l, void *opaque) {
        (void)rk, (void)err, (void)l, (void)opaque;
        on_thread();
        ADD(commits);
}

static void begin(void) {
        main_thread = pthread_self();
        reports = stats = errors = logs = consumed = commits = wrong_thread = 0;
        thread_name[0]                                                      = 0;
}

static void forward_main(rd_kafka_t *rk, int to_background) {
        rd_kafka_queue_t *from = rd_kafka_queue_get_main(rk), *to = to_background ? rd_kafka_queue_get_background(rk) : NULL;
        CHECK(!to_background || to, "no background queue");
        rd_kafka_queue_forward(from, to);
        rd_kafka_queue_destroy(from);
        if (to)
                rd_kafka_queue_destroy(to);
}

static void produce(rd_kafka_t *rk, int cnt) {
        while (cnt--)
                CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END), 0);
}

static rd_kafka_conf_t *mocked(const char *first, ...) {
        rd_kafka_conf_t *conf;
        va_list ap;
        va_start(ap, first);
        conf = conf_va(first, ap);
        va_end(ap);
        conf_put(conf, "test.mock.num.brokers", "1");
        return conf;
}

static void reports_and_statistics(void) {
        int threads           = t_threads();
        rd_kafka_conf_t *conf = mocked("statistics.interval.ms", "50", NULL);
        rd_kafka_t *rk;
        begin();
        rd_kafka_conf_set_dr_msg_cb(conf, on_report);
        rd_kafka_conf_set_stats_cb(conf, on_stats);
        rk = client(RD_KAFKA_PRODUCER, conf);
        forward_main(rk, 1);
        produce(rk, 3);
        WAIT_FOR(GET(reports) == 3);
        WAIT_FOR(GET(stats) >= 2);
        CHECK(!wrong_thread, "%d calls on the main thread", wrong_thread);
        CHECK(!strcmp(thread_name, "rdk:bg"), "thread \"%s\"", thread_name);
        DESTROY(rk, 2000);
        CHECK(t_threads_down_to(threads) == threads, "%d threads left", t_threads() - threads);
}

/* What is in the main queue already goes along. */
static void what_waits_goes_along(void) {
        rd_kafka_conf_t *conf = mocked(NULL, NULL);
        rd_kafka_t *rk;
        begin();
        rd_kafka_conf_set_dr_msg_cb(conf, on_report);
        rk = client(RD_KAFKA_PRODUCER, conf);
        produce(rk, 1);
        {
                rd_kafka_queue_t *q = rd_kafka_queue_get_main(rk);
                WAIT_FOR(rd_kafka_queue_length(q) == 1);
                rd_kafka_queue_destroy(q);
        }
        CHECK(!GET(reports), "served by nobody");
        forward_main(rk, 1);
        WAIT_FOR(GET(reports) == 1);
        produce(rk, 2);
        WAIT_FOR(GET(reports) == 3);
        CHECK(!wrong_thread, "%d calls on the main thread", wrong_thread);
        DESTROY(rk, 2000);
}

static void errors_and_logs(void) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", "127.0.0.1:1", "log.queue", "true", "debug", "broker", NULL);
        rd_kafka_t *rk;
        rd_kafka_queue_t *q;
        begin();
        rd_kafka_conf_set_error_cb(conf, on_error);
        rd_kafka_conf_set_log_cb(conf, on_log);
        rk = client(RD_KAFKA_PRODUCER, conf);
        forward_main(rk, 1);
        q = rd_kafka_queue_get_background(rk);
        CHECK_ERR(rd_kafka_set_log_queue(rk, q), 0);
        rd_kafka_queue_destroy(q);
        WAIT_FOR(GET(errors) >= 1);
        WAIT_FOR(GET(logs) >= 1);
        CHECK(!wrong_thread, "%d calls on the main thread", wrong_thread);
        CHECK(!strcmp(thread_name, "rdk:bg"), "thread \"%s\"", thread_name);
        DESTROY(rk, 3000);
}

/* Consumer, rebalances, commits: the consumer's queue forwarded there. */
static void consumer_callbacks(void) {
        struct mock m = mock_of(1);
        rd_kafka_conf_t *conf;
        rd_kafka_t *rk;
        rd_kafka_queue_t *from, *to;
        rd_kafka_topic_partition_list_t *l;
        begin();
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 1), 0);
        send_all(&m, "t", 3);
        conf = conf_of("bootstrap.servers", m.servers, "group.id", "g", "auto.offset.reset", "earliest", "auto.commit.interval.ms", "50",
                       NULL);
        rd_kafka_conf_set_consume_cb(conf, on_message);
        rd_kafka_conf_set_offset_commit_cb(conf, on_commit);
        rk   = client(RD_KAFKA_CONSUMER, conf);
        from = rd_kafka_queue_get_consumer(rk);
        to   = rd_kafka_queue_get_background(rk);
        NEED(from && to, "queues");
        rd_kafka_queue_forward(from, to);
        forward_main(rk, 1);
        l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(l, "t", 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
        WAIT_FOR(GET(consumed) == 3);
        WAIT_FOR(GET(commits) >= 1);
        CHECK(!wrong_thread, "%d calls on the main thread", wrong_thread);
        rd_kafka_queue_destroy(from);
        rd_kafka_queue_destroy(to);
        CHECK_ERR(rd_kafka_consumer_close(rk), 0);
        DESTROY(rk, 3000);
        mock_end(&m);
}

/* As bindings end: forwarding taken back, then a flush; and a flush that leaves the reports to the thread. */
static void flush(void) {
        rd_kafka_conf_t *conf = mocked("linger.ms", "500", NULL);
        rd_kafka_t *rk;
        int64_t start;
        begin();
        rd_kafka_conf_set_dr_msg_cb(conf, on_report);
        rk = client(RD_KAFKA_PRODUCER, conf);
        forward_main(rk, 1);
        produce(rk, 1);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        CHECK(GET(reports) == 1, "%d reports", reports);
        produce(rk, 5);
        start = now_ms();
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        CHECK(GET(reports) == 6, "%d reports", reports);
        CHECK(now_ms() - start < ms(400), "flush waited for linger.ms: %d ms", (int)(now_ms() - start));
        forward_main(rk, 0);
        produce(rk, 2);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        CHECK(GET(reports) == 8, "%d reports", reports);
        CHECK(GET(wrong_thread) >= 2, "who flushes serves what is not forwarded");
        DESTROY(rk, 2000);
}

/* ---- queue and thread: one for all who ask, for as long as the instance lives ---- */

static struct {
        rd_kafka_t *rk;
        int started, ended;
        char name[32];
} seen;

static rd_kafka_resp_err_t on_start(rd_kafka_t *rk, rd_kafka_thread_type_t type, const char *name, void *opaque) {
        (void)opaque;
        if (type == RD_KAFKA_THREAD_BACKGROUND) {
                CHECK(rk == seen.rk || !seen.rk, "another instance");
                snprintf(seen.name, sizeof(seen.name), "%s", name);
                ADD(seen.started);
        }
        return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_exit_(rd_kafka_t *rk, rd_kafka_thread_type_t type, const char *name, void *opaque) {
        (void)rk, (void)name, (void)opaque;
        if (type == RD_KAFKA_THREAD_BACKGROUND)
                ADD(seen.ended);
        return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque, char *errstr, size_t errstr_size) {
        (void)conf, (void)errstr, (void)errstr_size;
        rd_kafka_interceptor_add_on_thread_start(rk, "ic", on_start, opaque);
        rd_kafka_interceptor_add_on_thread_exit(rk, "ic", on_exit_, opaque);
        return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void interceptors(void) {
        int asked;
        for (asked = 0; asked < 2; asked++) {
                rd_kafka_conf_t *conf = conf_of(NULL, NULL);
                memset(&seen, 0, sizeof(seen));
                rd_kafka_conf_interceptor_add_on_new(conf, "ic", on_new, NULL);
                seen.rk = client(RD_KAFKA_PRODUCER, conf);
                CHECK(!GET(seen.started), "not asked for");
                if (asked) {
                        rd_kafka_queue_destroy(rd_kafka_queue_get_background(seen.rk));
                        rd_kafka_queue_destroy(rd_kafka_queue_get_background(seen.rk));
                        WAIT_FOR(GET(seen.started) == 1);
                        CHECK(!strcmp(seen.name, "background"), "\"%s\"", seen.name);
                }
                DESTROY(seen.rk, 2000);
                CHECK(seen.started == asked && seen.ended == asked, "%d, %d", seen.started, seen.ended);
        }
}

static void *ask(void *rk) {
        return rd_kafka_queue_get_background(rk);
}

static void one_thread_for_all(void) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_of(NULL, NULL));
        int i, before = rd_kafka_thread_cnt();
        pthread_t threads[8];
        void *q[8];
        for (i = 0; i < 8; i++)
                pthread_create(&threads[i], NULL, ask, rk);
        for (i = 0; i < 8; i++) {
                pthread_join(threads[i], &q[i]);
                CHECK(q[i] != NULL, "no queue");
        }
        WAIT_FOR(rd_kafka_thread_cnt() == before + 1);
        for (i = 0; i < 8; i++)
                rd_kafka_queue_destroy(q[i]);
        CHECK(rd_kafka_thread_cnt() == before + 1, "the thread lives as long as the instance");
        DESTROY(rk, 2000);
}

/* A callback that takes its time: the rest waits, is counted, and does not hold up the end. */
static volatile int held, let_go;
static void on_report_held(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        on_report(rk, m, opaque);
        ADD(held);
        while (!GET(let_go))
                usleep(1000);
}

static int on_stats_counted(rd_kafka_t *rk, char *json, size_t len, void *opaque) {
        return on_stats(rk, json, len, opaque);
}

static void backlog_is_counted(void) {
        rd_kafka_conf_t *conf = mocked("statistics.interval.ms", "20", NULL);
        rd_kafka_t *rk;
        begin();
        SET(held, 0);
        SET(let_go, 0);
        rd_kafka_conf_set_dr_msg_cb(conf, on_report_held);
        rd_kafka_conf_set_stats_cb(conf, on_stats_counted);
        rk = client(RD_KAFKA_PRODUCER, conf);
        forward_main(rk, 1);
        produce(rk, 1);
        WAIT_FOR(GET(held) == 1);
        WAIT_FOR(rd_kafka_outq_len(rk) >= 2);
        forward_main(rk, 0);
        /* These are in the background queue, which the main queue does not lead to any more. */
        WAIT_FOR(rd_kafka_outq_len(rk) >= 2);
        SET(let_go, 1);
        DESTROY(rk, 3000);
}

/* rd_kafka_yield is for who polls: the thread goes on with the next. */
static void on_report_yield(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        on_report(rk, m, opaque);
        rd_kafka_yield(rk);
}

static void yield_loses_nothing(void) {
        rd_kafka_conf_t *conf = mocked("linger.ms", "20", NULL);
        rd_kafka_t *rk;
        begin();
        rd_kafka_conf_set_dr_msg_cb(conf, on_report_yield);
        rk = client(RD_KAFKA_PRODUCER, conf);
        forward_main(rk, 1);
        produce(rk, 10);
        WAIT_FOR(GET(reports) == 10);
        DESTROY(rk, 2000);
}

/* ---- an operation that is under way when its client is destroyed ---- */

static volatile int outcomes, outcome;

static void on_outcome(rd_kafka_t *rk, rd_kafka_event_t *ev, void *opaque) {
        (void)rk, (void)opaque;
        if (rd_kafka_event_type(ev) == RD_KAFKA_EVENT_CREATETOPICS_RESULT) {
                SET(outcome, rd_kafka_event_error(ev));
                ADD(outcomes);
        }
        rd_kafka_event_destroy(ev);
}

/* Who has asked for it waits for what the background event callback is told, as confluent-kafka-python's futures do. */
static void outcome_of_an_operation(void) {
        rd_kafka_conf_t *conf      = conf_of("bootstrap.servers", "127.0.0.1:1", NULL);
        rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new("never", 1, 1, NULL, 0);
        rd_kafka_queue_t *q;
        rd_kafka_t *rk;
        begin();
        outcomes = outcome = 0;
        rd_kafka_conf_set_background_event_cb(conf, on_outcome);
        rk = client(RD_KAFKA_PRODUCER, conf);
        q  = rd_kafka_queue_get_background(rk);
        rd_kafka_CreateTopics(rk, &topic, 1, NULL, q);
        rd_kafka_queue_destroy(q);
        rd_kafka_NewTopic_destroy(topic);
        DESTROY(rk, 5000);
        CHECK(GET(outcomes) == 1, "%d outcomes", GET(outcomes));
        CHECK_ERR(GET(outcome), RD_KAFKA_RESP_ERR__DESTROY);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(reports_and_statistics);
        RUN(what_waits_goes_along);
        RUN(errors_and_logs);
        RUN(consumer_callbacks);
        RUN(flush);
        RUN(interceptors);
        RUN(one_thread_for_all);
        RUN(backlog_is_counted);
        RUN(yield_loses_nothing);
        RUN(outcome_of_an_operation);
        return T_END();
}
