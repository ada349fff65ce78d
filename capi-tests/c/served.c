/* One call to poll serves what waited when it began: it ends, also when callbacks bring more than they take. */
#include "client.h"

/* Far more than waits in any case here. */
#define ENDLESS 1000

static int calls;
static rd_kafka_queue_t *served;
static rd_kafka_topic_t *fed;
static rd_kafka_t *feeder;

/* Returns when the queue has something more. */
static void wait_for_more(void) {
        int64_t until = now_ms() + ms(60000);
        while (rd_kafka_queue_length(served) == 0 && now_ms() < until)
                usleep(200);
        NEED(rd_kafka_queue_length(served) > 0, "nothing comes");
}

static void feed(void) {
        NEED(!rd_kafka_produce(fed, 0, RD_KAFKA_MSG_F_COPY, "more", 4, NULL, 0, NULL), "produce");
}

static void produce_again(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)opaque;
        CHECK_ERR(m->err, 0);
        if (++calls > ENDLESS)
                return;
        feed();
        wait_for_more();
}

static void reports_that_bring_more(void) {
        const char *topic     = fresh_topic("dr", 1);
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), "linger.ms", "0", NULL);
        int rounds;
        rd_kafka_conf_set_dr_msg_cb(conf, produce_again);
        feeder = client(RD_KAFKA_PRODUCER, conf);
        fed    = rd_kafka_topic_new(feeder, topic, NULL);
        served = rd_kafka_queue_get_main(feeder);
        calls  = 0;
        feed();
        wait_for_more();
        for (rounds = 1; rounds <= 3; rounds++) {
                int n = rd_kafka_poll(feeder, 0);
                CHECK(n > 0 && calls == rounds, "poll %d served %d events, %d calls in all", rounds, n, calls);
        }
        rd_kafka_queue_destroy(served);
        rd_kafka_topic_destroy(fed);
        calls = ENDLESS;
        CHECK_ERR(rd_kafka_flush(feeder, ms(10000)), 0);
        DESTROY(feeder, 1000);
}

static void consume_and_feed(rd_kafka_message_t *m, void *opaque) {
        (void)opaque;
        CHECK_ERR(m->err, 0);
        if (++calls > ENDLESS)
                return;
        feed();
        wait_for_more();
}

static void messages_that_bring_more(void) {
        const char *topic   = fresh_topic("consume", 1);
        rd_kafka_t *rk      = consumer("fetch.wait.max.ms", "10", NULL);
        rd_kafka_topic_t *r = rd_kafka_topic_new(rk, topic, NULL);
        int rounds;
        feeder = producer("linger.ms", "0", NULL);
        fed    = rd_kafka_topic_new(feeder, topic, NULL);
        served = rd_kafka_queue_new(rk);
        CHECK(!rd_kafka_consume_start_queue(r, 0, RD_KAFKA_OFFSET_BEGINNING, served), "start");
        calls = 0;
        feed();
        wait_for_more();
        for (rounds = 1; rounds <= 3; rounds++) {
                int n = rd_kafka_consume_callback_queue(served, 0, consume_and_feed, NULL);
                CHECK(n == 1 && calls == rounds, "call %d served %d messages, %d in all", rounds, n, calls);
        }
        CHECK(!rd_kafka_consume_stop(r, 0), "stop");
        rd_kafka_queue_destroy(served);
        CHECK_ERR(rd_kafka_flush(feeder, ms(10000)), 0);
        rd_kafka_topic_destroy(fed);
        rd_kafka_topic_destroy(r);
        DESTROY(feeder, 1000);
        DESTROY(rk, 1000);
}

/* A full backlog is served by one call, not a message at a time. */
static void count_calls(rd_kafka_message_t *m, void *opaque) {
        (void)m;
        (void)opaque;
        calls++;
}

static void whole_backlog_at_once(void) {
        const char *topic   = fresh_topic("whole", 1);
        rd_kafka_t *rk      = consumer(NULL, NULL);
        rd_kafka_topic_t *r = rd_kafka_topic_new(rk, topic, NULL);
        int64_t until;
        int i;
        feeder = producer("linger.ms", "0", NULL);
        fed    = rd_kafka_topic_new(feeder, topic, NULL);
        /* Several batches, so that several items wait. */
        for (i = 0; i < 5; i++) {
                feed();
                feed();
                CHECK_ERR(rd_kafka_flush(feeder, ms(10000)), 0);
        }
        served = rd_kafka_queue_new(rk);
        CHECK(!rd_kafka_consume_start_queue(r, 0, RD_KAFKA_OFFSET_BEGINNING, served), "start");
        for (until = now_ms() + ms(60000); rd_kafka_queue_length(served) < 10 && now_ms() < until;)
                usleep(200);
        calls = 0;
        i     = rd_kafka_consume_callback_queue(served, 0, count_calls, NULL);
        CHECK(i == 10 && calls == 10, "%d of 10, %d calls", i, calls);
        CHECK(!rd_kafka_consume_stop(r, 0), "stop");
        rd_kafka_queue_destroy(served);
        rd_kafka_topic_destroy(fed);
        rd_kafka_topic_destroy(r);
        DESTROY(feeder, 1000);
        DESTROY(rk, 1000);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(reports_that_bring_more);
        RUN(messages_that_bring_more);
        RUN(whole_backlog_at_once);
        return T_END();
}
