/*
 * rd_kafka_destroy in the instance's own callbacks, and by other threads than the one that has made the instance. In a callback it
 * returns at once, and the instance ends with the call that has called back. librdkafka goes on with freed memory there, or ends
 * the process.
 */
#include "client.h"
#include "rdkafka_mock.h"

#define ADD(what)     __atomic_add_fetch(&what, 1, __ATOMIC_SEQ_CST)
#define GET(what)     __atomic_load_n(&what, __ATOMIC_SEQ_CST)
#define SET(what, to) __atomic_store_n(&what, to, __ATOMIC_SEQ_CST)

/* How often the callback of the case has been called. */
static int called;

/* A mock cluster of one broker, and one more property. */
static rd_kafka_conf_t *mocked(const char *name, const char *value) {
        rd_kafka_conf_t *conf = conf_of("test.mock.num.brokers", "1", NULL);
        if (name)
                conf_put(conf, name, value);
        return conf;
}

/* All is over, threads included; the call that has called back has just returned. */
static void expect_over(const char *what, int64_t since) {
        CHECK(GET(called) == 1, "%s: called back %d times", what, GET(called));
        CHECK(rd_kafka_wait_destroyed(0) == 0, "%s: the instance is there after the call", what);
        CHECK(rd_kafka_thread_cnt() == 0, "%s: %d threads", what, rd_kafka_thread_cnt());
        CHECK(now_ms() - since < ms(10000), "%s: took %d ms", what, (int)(now_ms() - since));
        SET(called, 0);
}

static void destroy_in_callback(rd_kafka_t *rk) {
        int64_t start = now_ms();
        ADD(called);
        rd_kafka_destroy(rk);
        CHECK(now_ms() - start < ms(500), "it waits in the callback");
        /* Good until the callback returns. */
        CHECK(rd_kafka_name(rk) != NULL, "no name");
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)m, (void)opaque;
        destroy_in_callback(rk);
}

static void produce(rd_kafka_t *rk, int count) {
        for (; count; count--)
                CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_VALUE("x", 1), RD_KAFKA_V_END), 0);
}

static rd_kafka_t *reporting(void) {
        rd_kafka_conf_t *conf = mocked(NULL, NULL);
        rd_kafka_conf_set_dr_msg_cb(conf, on_report);
        return client(RD_KAFKA_PRODUCER, conf);
}

/* The other reports are of the same batch: they come to nobody, as with any destroy. */
static void by_a_report_in_poll(void) {
        rd_kafka_t *rk = reporting();
        int64_t start  = now_ms();
        produce(rk, 5);
        CHECK(rd_kafka_poll(rk, ms(20000)) > 0, "nothing was served");
        expect_over("poll", start);
}

static void by_a_report_in_flush(void) {
        rd_kafka_t *rk = reporting();
        int64_t start  = now_ms();
        produce(rk, 5);
        rd_kafka_flush(rk, ms(20000));
        expect_over("flush", start);
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
        (void)err, (void)reason, (void)opaque;
        destroy_in_callback(rk);
}

static void by_an_error(void) {
        int64_t start         = now_ms();
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", "127.0.0.1:1", NULL);
        rd_kafka_t *rk;
        rd_kafka_conf_set_error_cb(conf, on_error);
        rk = client(RD_KAFKA_PRODUCER, conf);
        CHECK(rd_kafka_poll(rk, ms(20000)) > 0, "nothing was served");
        expect_over("error", start);
}

static int on_stats(rd_kafka_t *rk, char *json, size_t len, void *opaque) {
        (void)json, (void)len, (void)opaque;
        destroy_in_callback(rk);
        return 0;
}

static void by_statistics(void) {
        int64_t start         = now_ms();
        rd_kafka_conf_t *conf = mocked("statistics.interval.ms", "50");
        rd_kafka_t *rk;
        rd_kafka_conf_set_stats_cb(conf, on_stats);
        rk = client(RD_KAFKA_PRODUCER, conf);
        CHECK(rd_kafka_poll(rk, ms(20000)) > 0, "nothing was served");
        expect_over("statistics", start);
}

/* In which rebalance it is destroyed. */
static rd_kafka_resp_err_t in_rebalance;

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *l, void *opaque) {
        (void)opaque;
        if (!GET(called) && err == in_rebalance) {
                destroy_in_callback(rk);
                /* Once more changes nothing. */
                rd_kafka_destroy(rk);
        }
        rd_kafka_assign(rk, err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? l : NULL);
}

static rd_kafka_t *member(void) {
        rd_kafka_conf_t *conf              = mocked("group.id", "g");
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_t *rk;
        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
        rk = client(RD_KAFKA_CONSUMER, conf);
        rd_kafka_mock_topic_create(rd_kafka_handle_mock_cluster(rk), "t", 1, 1);
        rd_kafka_topic_partition_list_add(l, "t", RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_subscribe(rk, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
        return rk;
}

static void poll_until_called(rd_kafka_t *rk) {
        int64_t end = now_ms() + ms(20000);
        while (!GET(called) && now_ms() < end) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, ms(20000));
                if (m)
                        rd_kafka_message_destroy(m);
        }
}

static void by_a_rebalance(void) {
        int64_t start = now_ms();
        in_rebalance  = RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        poll_until_called(member());
        expect_over("rebalance", start);
}

static void by_a_rebalance_of_closing(void) {
        int64_t start = now_ms(), end;
        rd_kafka_t *rk;
        rd_kafka_topic_partition_list_t *l = NULL;
        in_rebalance                       = RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS;
        rk                                 = member();
        for (end = now_ms() + ms(20000); now_ms() < end; rd_kafka_topic_partition_list_destroy(l)) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 100);
                if (m)
                        rd_kafka_message_destroy(m);
                rd_kafka_assignment(rk, &l);
                if (l->cnt)
                        break;
        }
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_consumer_close(rk);
        expect_over("closing", start);
}

static void on_message(rd_kafka_message_t *m, void *opaque) {
        (void)m;
        if (!m->err)
                destroy_in_callback(opaque);
}

/* By one that is consumed. Topic and queue, which the call has to do with, are given back after it. */
static void by_a_message(void) {
        int64_t start    = now_ms();
        rd_kafka_t *from = client(RD_KAFKA_PRODUCER, mocked(NULL, NULL));
        rd_kafka_conf_t *conf;
        rd_kafka_t *rk;
        rd_kafka_queue_t *q;
        rd_kafka_topic_t *rkt;
        produce(from, 5);
        CHECK_ERR(rd_kafka_flush(from, ms(20000)), 0);
        conf = conf_of("bootstrap.servers", rd_kafka_mock_cluster_bootstraps(rd_kafka_handle_mock_cluster(from)), NULL);
        rk   = client(RD_KAFKA_CONSUMER, conf);
        q    = rd_kafka_queue_new(rk);
        rkt  = rd_kafka_topic_new(rk, "t", NULL);
        for (int p = 0; p < 4; p++)
                CHECK(!rd_kafka_consume_start_queue(rkt, p, RD_KAFKA_OFFSET_BEGINNING, q), "start");
        for (int64_t end = now_ms() + ms(20000); !GET(called) && now_ms() < end;)
                rd_kafka_consume_callback_queue(q, ms(1000), on_message, rk);
        CHECK(GET(called) == 1, "called %d times", GET(called));
        CHECK(rd_kafka_thread_cnt() > 0, "the producer has threads");
        rd_kafka_topic_destroy(rkt);
        rd_kafka_queue_destroy(q);
        rd_kafka_destroy(from);
        expect_over("message", start);
}

/* Another instance than the one that calls back is destroyed at once. */
static rd_kafka_t *other;

static void on_report_destroy_other(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk, (void)m, (void)opaque;
        if (!other)
                return;
        rd_kafka_destroy(other);
        other = NULL;
        CHECK(rd_kafka_wait_destroyed(0) == -1, "the one that calls back is there");
        ADD(called);
}

static void of_another_instance(void) {
        rd_kafka_conf_t *conf = mocked(NULL, NULL);
        int64_t start         = now_ms();
        rd_kafka_t *rk;
        int threads;
        rd_kafka_conf_set_dr_msg_cb(conf, on_report_destroy_other);
        rk      = client(RD_KAFKA_PRODUCER, conf);
        produce(rk, 1);
        threads = rd_kafka_thread_cnt();
        other   = client(RD_KAFKA_PRODUCER, conf_of(NULL));
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        CHECK(rd_kafka_thread_cnt() >= threads - 1, "threads of the one that goes on: %d", rd_kafka_thread_cnt());
        produce(rk, 1);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        rd_kafka_destroy(rk);
        expect_over("another", start);
}

/* On the background thread, which cannot wait for its own end. */
static void by_the_background_thread(void) {
        rd_kafka_t *rk      = reporting();
        int64_t start       = now_ms();
        rd_kafka_queue_t *q = rd_kafka_queue_get_background(rk), *main = rd_kafka_queue_get_main(rk);
        rd_kafka_queue_forward(main, q);
        rd_kafka_queue_destroy(q);
        rd_kafka_queue_destroy(main);
        produce(rk, 5);
        CHECK(rd_kafka_wait_destroyed(ms(20000)) == 0, "it lives on");
        expect_over("background", start);
}

/* rd_kafka_new has returned. */
static int made;

static void on_log(const rd_kafka_t *rk, int level, const char *fac, const char *text) {
        (void)level, (void)fac, (void)text;
        if (GET(made) && ADD(called) == 1)
                rd_kafka_destroy((rd_kafka_t *)rk);
}

/* Log lines come where they happen: here on a broker's thread. */
static void by_a_line_of_the_log(void) {
        int64_t start         = now_ms();
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", "127.0.0.1:1", "debug", "broker", NULL);
        rd_kafka_conf_set_log_cb(conf, on_log);
        client(RD_KAFKA_PRODUCER, conf);
        SET(made, 1);
        CHECK(rd_kafka_wait_destroyed(ms(20000)) == 0, "it lives on");
        SET(called, GET(called) > 0);
        expect_over("log", start);
}

static void *make(void *unused) {
        (void)unused;
        return reporting();
}

static void *destroy(void *rk) {
        rd_kafka_destroy(rk);
        return NULL;
}

/* Made by one thread, used by a second, destroyed by a third. */
static void by_another_thread(void) {
        int64_t start = now_ms();
        pthread_t thread;
        void *rk;
        pthread_create(&thread, NULL, make, NULL);
        pthread_join(thread, &rk);
        produce(rk, 5);
        pthread_create(&thread, NULL, destroy, rk);
        pthread_join(thread, NULL);
        SET(called, 1);
        expect_over("thread", start);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(by_another_thread);
        RUN(of_another_instance);
        RUN_HERE(by_a_report_in_poll);
        RUN_HERE(by_a_report_in_flush);
        RUN_HERE(by_an_error);
        RUN_HERE(by_statistics);
        RUN_HERE(by_a_rebalance);
        RUN_HERE(by_a_rebalance_of_closing);
        RUN_HERE(by_a_message);
        RUN_HERE(by_the_background_thread);
        RUN_HERE(by_a_line_of_the_log);
        return T_END();
}
