/* The simple consumer: one by one, by batch, by callback, several partitions in one queue, what is stored. */
#include "consume.h"

static int cb_cnt;
static int64_t cb_next;
static void consume_cb(rd_kafka_message_t *m, void *opaque) {
        CHECK(opaque == (void *)&cb_cnt, "opaque");
        if (m->err)
                return;
        CHECK(m->offset == cb_next++, "offset %" PRId64, m->offset);
        cb_cnt++;
}

static void simple_consumer(void) {
        enum { N = 200 };
        const char *topic = fresh_topic("simple", 1);
        rd_kafka_t *rk;
        rd_kafka_topic_t *rkt;
        rd_kafka_message_t *m[64];
        int64_t until, want = 0;
        ssize_t n, i;
        NEED(seed(topic, 0, N, 0) == N, "seed");
        rk  = consumer("enable.partition.eof", "true", NULL);
        rkt = rd_kafka_topic_new(rk, topic, NULL);
        CHECK(rd_kafka_consume_start(rkt, 0, RD_KAFKA_OFFSET_BEGINNING) == 0, "start: %s", rd_kafka_err2str(rd_kafka_last_error()));
        /* One by one. */
        for (until = now_ms() + ms(60000); want < 20 && now_ms() < until;) {
                m[0] = rd_kafka_consume(rkt, 0, 1000);
                if (!m[0])
                        continue;
                CHECK(!m[0]->err && m[0]->offset == want++, "offset %" PRId64, m[0]->offset);
                rd_kafka_message_destroy(m[0]);
        }
        /* In batches. */
        for (until = now_ms() + ms(60000); want < 100 && now_ms() < until;) {
                n = rd_kafka_consume_batch(rkt, 0, 1000, m, want + 64 > 100 ? (size_t)(100 - want) : 64);
                NEED(n >= 0, "%s", rd_kafka_err2str(rd_kafka_last_error()));
                for (i = 0; i < n; i++) {
                        CHECK(!m[i]->err && m[i]->offset == want++, "offset %" PRId64, m[i]->offset);
                        rd_kafka_message_destroy(m[i]);
                }
        }
        CHECK(want == 100, "%" PRId64, want);
        /* By callback. */
        cb_cnt  = 0;
        cb_next = 100;
        for (until = now_ms() + ms(60000); cb_cnt < N - 100 && now_ms() < until;)
                CHECK(rd_kafka_consume_callback(rkt, 0, 200, consume_cb, &cb_cnt) >= 0, "callback");
        CHECK(cb_cnt == N - 100, "%d", cb_cnt);
        CHECK(rd_kafka_consume_stop(rkt, 0) == 0, "stop");
        CHECK(rd_kafka_consume(rkt, 0, 10) == NULL, "a message after stop");
        /* Once more from the middle: what was fetched before is gone. */
        CHECK(rd_kafka_consume_start(rkt, 0, 150) == 0, "second start");
        m[0] = NULL;
        for (until = now_ms() + ms(60000); !m[0] && now_ms() < until;)
                m[0] = rd_kafka_consume(rkt, 0, 1000);
        CHECK(m[0] && !m[0]->err && m[0]->offset == 150, "offset %" PRId64, m[0] ? m[0]->offset : -1);
        if (m[0])
                rd_kafka_message_destroy(m[0]);
        CHECK(rd_kafka_consume_stop(rkt, 0) == 0, "stop");
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 5000);
}

static void simple_queue(void) {
        enum { N = 100, P = 3 };
        const char *topic = fresh_topic("squeue", P);
        rd_kafka_t *rk;
        rd_kafka_topic_t *rkt;
        rd_kafka_queue_t *q;
        rd_kafka_message_t *m[50];
        int64_t until, want[P] = {0};
        ssize_t n, i, total = 0;
        int p;
        for (p = 0; p < P; p++)
                NEED(seed(topic, p, N, 0) == N, "seed");
        rk  = consumer(NULL, NULL);
        rkt = rd_kafka_topic_new(rk, topic, NULL);
        q   = rd_kafka_queue_new(rk);
        for (p = 0; p < P; p++)
                CHECK(rd_kafka_consume_start_queue(rkt, p, RD_KAFKA_OFFSET_BEGINNING, q) == 0, "start %d", p);
        for (until = now_ms() + ms(60000); total < 10 && now_ms() < until;) {
                m[0] = rd_kafka_consume_queue(q, 1000);
                if (!m[0])
                        continue;
                CHECK(!m[0]->err && m[0]->offset == want[m[0]->partition]++, "order");
                total++;
                rd_kafka_message_destroy(m[0]);
        }
        for (until = now_ms() + ms(60000); total < N * P && now_ms() < until;) {
                n = rd_kafka_consume_batch_queue(q, 500, m, 50);
                NEED(n >= 0, "batch");
                for (i = 0; i < n; i++) {
                        CHECK(!m[i]->err && m[i]->offset == want[m[i]->partition]++, "order");
                        total++;
                        rd_kafka_message_destroy(m[i]);
                }
        }
        CHECK(total == N * P, "%d", (int)total);
        for (p = 0; p < P; p++)
                CHECK(rd_kafka_consume_stop(rkt, p) == 0, "stop %d", p);
        rd_kafka_queue_destroy(q);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 5000);
}

/* rd_kafka_yield() in a callback ends the call after the message at hand; nothing is lost. */
static rd_kafka_t *yielding;
static void yield_cb(rd_kafka_message_t *m, void *opaque) {
        (void)opaque;
        if (m->err)
                return;
        CHECK(m->offset == cb_next++, "offset %" PRId64, m->offset);
        cb_cnt++;
        rd_kafka_yield(yielding);
}

static void yielding_callback(void) {
        const char *topic = fresh_topic("yield", 1);
        rd_kafka_topic_t *rkt;
        int64_t until;
        NEED(seed(topic, 0, 20, 0) == 20, "seed");
        yielding = consumer(NULL, NULL);
        rkt      = rd_kafka_topic_new(yielding, topic, NULL);
        CHECK(rd_kafka_consume_start(rkt, 0, 0) == 0, "start");
        cb_cnt  = 0;
        cb_next = 0;
        for (until = now_ms() + ms(60000); cb_cnt < 20 && now_ms() < until;) {
                int before = cb_cnt;
                rd_kafka_consume_callback(rkt, 0, 500, yield_cb, NULL);
                CHECK(cb_cnt - before <= 1, "%d messages after a yield", cb_cnt - before);
        }
        CHECK(cb_cnt == 20, "%d", cb_cnt);
        rd_kafka_consume_stop(rkt, 0);
        rd_kafka_topic_destroy(rkt);
        DESTROY(yielding, 5000);
}

static void simple_stored(void) {
        const char *topic = fresh_topic("sstored", 1), *group = fresh("group");
        rd_kafka_t *rk;
        rd_kafka_topic_t *rkt;
        rd_kafka_message_t *m;
        int64_t until, want = 0;
        int round;
        NEED(seed(topic, 0, 40, 0) == 40, "seed");
        for (round = 0; round < 2; round++) {
                rk  = consumer("group.id", group, "auto.offset.reset", "earliest", "enable.auto.commit", "true", NULL);
                rkt = rd_kafka_topic_new(rk, topic, NULL);
                CHECK(rd_kafka_consume_start(rkt, 0, RD_KAFKA_OFFSET_STORED) == 0, "start");
                for (until = now_ms() + ms(60000); want < 15 * (round + 1) && now_ms() < until;) {
                        m = rd_kafka_consume(rkt, 0, 500);
                        if (!m)
                                continue;
                        CHECK(!m->err && m->offset == want++, "round %d: offset %" PRId64 " %s", round, m->offset, m->err ? rd_kafka_message_errstr(m) : "");
                        rd_kafka_message_destroy(m);
                }
                CHECK(want == 15 * (round + 1), "%" PRId64, want);
                CHECK(rd_kafka_consume_stop(rkt, 0) == 0, "stop");
                rd_kafka_topic_destroy(rkt);
                DESTROY(rk, 5000);
        }
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(simple_consumer);
        RUN(simple_queue);
        RUN(yielding_callback);
        RUN(simple_stored);
        return T_END();
}
