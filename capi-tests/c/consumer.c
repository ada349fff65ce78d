/* Consuming from a real Kafka without a group by assign and poll: where to begin, messages, moving about, volume. */
#include "consume.h"
#include "proxy.h"

/* ---- where to begin ---- */

static void begin_at(void) {
        const char *topic = fresh_topic("begin", 1);
        rd_kafka_t *rk;
        NEED(seed(topic, 0, 100, 0) == 100, "seed");
        rk = consumer("group.id", "g", "enable.partition.eof", "true", NULL);
        assign(rk, topic, 0, RD_KAFKA_OFFSET_BEGINNING);
        expect(rk, 0);
        expect(rk, 1);
        assign(rk, topic, 0, 42);
        expect(rk, 42);
        expect(rk, 43);
        assign(rk, topic, 0, RD_KAFKA_OFFSET_TAIL(3));
        expect(rk, 97);
        expect(rk, 98);
        expect(rk, 99);
        expect_eof(rk, 100);
        assign(rk, topic, 0, RD_KAFKA_OFFSET_TAIL(1000));
        expect(rk, 0);
        assign(rk, topic, 0, RD_KAFKA_OFFSET_END);
        expect_eof(rk, 100);
        NEED(seed_from(topic, 0, 100, 1, 0) == 1, "seed");
        expect(rk, 100);
        expect_eof(rk, 101);
        CHECK_ERR(rd_kafka_assign(rk, NULL), 0);
        CHECK(!rd_kafka_consumer_poll(rk, 200), "a message without an assignment");
        DESTROY(rk, 5000);
}

/* Timestamps are chosen, so that the answers are exact. */
static void by_time(void) {
        enum { N = 50 };
        const char *topic                  = fresh_topic("time", 1);
        rd_kafka_t *p                      = producer(NULL, NULL), *rk;
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(3);
        struct timespec ts;
        int64_t base;
        int i;
        /* Recent, or Kafka's retention deletes them. */
        clock_gettime(CLOCK_REALTIME, &ts);
        base = ((int64_t)ts.tv_sec - 100) * 1000;
        for (i = 0; i < N; i++) {
                char text[16];
                int n = snprintf(text, sizeof(text), "v%d", i);
                CHECK_ERR(rd_kafka_producev(p, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE(text, (size_t)n),
                                            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_TIMESTAMP(base + i * 1000), RD_KAFKA_V_END), 0);
        }
        CHECK_ERR(rd_kafka_flush(p, ms(10000)), 0);
        rd_kafka_destroy(p);
        rk = consumer("group.id", "g", NULL);
        rd_kafka_topic_partition_list_add(l, topic, 0)->offset = base + 20500;
        CHECK_ERR(rd_kafka_offsets_for_times(rk, l, ms(10000)), 0);
        CHECK_ERR(l->elems[0].err, 0);
        CHECK(l->elems[0].offset == 21, "%" PRId64, l->elems[0].offset);
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        expect(rk, 21);
        l->elems[0].offset = 1;
        CHECK_ERR(rd_kafka_offsets_for_times(rk, l, ms(10000)), 0);
        CHECK(l->elems[0].offset == 0, "%" PRId64, l->elems[0].offset);
        /* Later than everything: the end. */
        l->elems[0].offset = base + 10000000;
        CHECK_ERR(rd_kafka_offsets_for_times(rk, l, ms(10000)), 0);
        CHECK(l->elems[0].offset == RD_KAFKA_OFFSET_END, "%" PRId64, l->elems[0].offset);
        rd_kafka_topic_partition_list_add(l, topic, 99)->offset = 1;
        CHECK_ERR(rd_kafka_offsets_for_times(rk, l, ms(3000)), 0);
        CHECK_ERR(l->elems[0].err, 0);
        CHECK_ERR(l->elems[1].err, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        /* Where nothing can be asked for, the call itself says so. */
        CHECK(rd_kafka_topic_partition_list_del(l, topic, 0) == 1, "taken out");
        CHECK_ERR(rd_kafka_offsets_for_times(rk, l, ms(3000)), RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        CHECK_ERR(l->elems[0].err, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

static void out_of_range(void) {
        static const char *const POLICIES[] = {"earliest", "latest", "error", "smallest", "largest"};
        const char *topic                   = fresh_topic("range", 1);
        int i;
        NEED(seed(topic, 0, 10, 0) == 10, "seed");
        for (i = 0; i < 5; i++) {
                rd_kafka_t *rk = consumer("group.id", "g", "auto.offset.reset", POLICIES[i], "enable.partition.eof", "true", NULL);
                rd_kafka_message_t *m;
                assign(rk, topic, 0, 1000);
                if (i == 0 || i == 3)
                        expect(rk, 0);
                else if (i != 2)
                        expect_eof(rk, 10);
                else {
                        m = next(rk, ms(60000));
                        CHECK(m != NULL, "no error");
                        if (m) {
                                CHECK_ERR(m->err, RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET);
                                CHECK_HAS(rd_kafka_message_errstr(m), "out of range");
                                printf("  %s\n", rd_kafka_message_errstr(m));
                                rd_kafka_message_destroy(m);
                        }
                }
                DESTROY(rk, 5000);
        }
}

/* ---- what a message is ---- */

static void message_fields(void) {
        const char *topic = fresh_topic("fields", 2);
        rd_kafka_t *rk, *p = producer(NULL, NULL);
        rd_kafka_message_t *m;
        rd_kafka_timestamp_type_t type;
        rd_kafka_headers_t *h = NULL;
        const void *v;
        size_t n;
        int64_t when = ((int64_t)time(NULL) - 50) * 1000 + 1;
        CHECK_ERR(rd_kafka_producev(p, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(1), RD_KAFKA_V_VALUE((void *)"value", 5),
                                    RD_KAFKA_V_KEY("key", 3), RD_KAFKA_V_HEADER("h", "x", 1), RD_KAFKA_V_TIMESTAMP(when), RD_KAFKA_V_END), 0);
        CHECK_ERR(rd_kafka_flush(p, ms(10000)), 0);
        rd_kafka_destroy(p);
        rk = consumer("group.id", "g", NULL);
        assign(rk, topic, 1, 0);
        m = next(rk, ms(60000));
        NEED(m && !m->err, "no message");
        CHECK(!strcmp(rd_kafka_topic_name(m->rkt), topic), "%s", rd_kafka_topic_name(m->rkt));
        CHECK(m->partition == 1 && m->offset == 0, "place");
        CHECK(is_payload(m, "value") && is_key(m, "key"), "content");
        CHECK(rd_kafka_message_timestamp(m, &type) == when && type == RD_KAFKA_TIMESTAMP_CREATE_TIME, "timestamp");
        CHECK(rd_kafka_message_leader_epoch(m) == 0, "leader epoch %d", rd_kafka_message_leader_epoch(m));
        CHECK(rd_kafka_message_broker_id(m) == 1, "broker %d", rd_kafka_message_broker_id(m));
        CHECK(rd_kafka_message_errstr(m) == NULL, "%s", rd_kafka_message_errstr(m));
        CHECK_ERR(rd_kafka_message_headers(m, &h), 0);
        CHECK(h && !rd_kafka_header_get_last(h, "h", &v, &n) && n == 1, "header");
        /* A message outlives the assignment it came from. */
        CHECK_ERR(rd_kafka_assign(rk, NULL), 0);
        CHECK(is_payload(m, "value"), "after the assignment");
        rd_kafka_message_destroy(m);
        DESTROY(rk, 5000);
}

static void larger_than_the_fetch(void) {
        const char *topic = fresh_topic("largefetch", 1);
        rd_kafka_t *rk;
        int i;
        NEED(seed(topic, 0, 5, 200000) == 5, "seed");
        rk = consumer("group.id", "g", "fetch.message.max.bytes", "1000", "fetch.max.bytes", "1000000", NULL);
        assign(rk, topic, 0, 0);
        for (i = 0; i < 5; i++) {
                rd_kafka_message_t *m = next(rk, ms(60000));
                NEED(m != NULL, "message %d", i);
                CHECK(!m->err && m->len == 200000 && m->offset == i, "message %d: %s", i, m->err ? rd_kafka_message_errstr(m) : "content");
                rd_kafka_message_destroy(m);
        }
        DESTROY(rk, 5000);
}

/* ---- moving about ---- */

static void seeks(void) {
        const char *topic = fresh_topic("seek", 1);
        rd_kafka_t *rk;
        rd_kafka_topic_t *rkt;
        rd_kafka_topic_partition_list_t *l;
        rd_kafka_error_t *error;
        NEED(seed(topic, 0, 1000, 0) == 1000, "seed");
        rk  = consumer("group.id", "g", NULL);
        rkt = rd_kafka_topic_new(rk, topic, NULL);
        assign(rk, topic, 0, 0);
        expect(rk, 0);
        expect(rk, 1);
        CHECK_ERR(rd_kafka_seek(rkt, 0, 500, ms(5000)), 0);
        expect(rk, 500);
        expect(rk, 501);
        CHECK_ERR(rd_kafka_seek(rkt, 0, 3, ms(5000)), 0);
        expect(rk, 3);
        CHECK_ERR(rd_kafka_seek(rkt, 0, RD_KAFKA_OFFSET_TAIL(2), ms(5000)), 0);
        expect(rk, 998);
        l     = one(topic, 0, 700);
        error = rd_kafka_seek_partitions(rk, l, ms(5000));
        CHECK(!error, "%s", rd_kafka_error_string(error));
        CHECK_ERR(l->elems[0].err, 0);
        expect(rk, 700);
        /* Not waiting is allowed as well: what comes is then of the new position from some moment on. */
        l->elems[0].offset = 900;
        error              = rd_kafka_seek_partitions(rk, l, 0);
        CHECK(!error, "%s", rd_kafka_error_string(error));
        {
                int64_t until = now_ms() + ms(60000), got = -1;
                while (now_ms() < until && got != 900) {
                        rd_kafka_message_t *m = next(rk, ms(1000));
                        if (m) {
                                got = m->offset;
                                rd_kafka_message_destroy(m);
                        }
                }
                CHECK(got == 900, "%" PRId64, got);
        }
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 5000);
}

static void pausing(void) {
        const char *topic = fresh_topic("pause", 2);
        rd_kafka_t *rk;
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(2), *zero = one(topic, 0, RD_KAFKA_OFFSET_INVALID);
        int i, cnt[2] = {0, 0}, foreign = 0;
        int64_t next_offset[2] = {0, 0}, until;
        NEED(seed(topic, 0, 300, 0) == 300 && seed(topic, 1, 300, 0) == 300, "seed");
        rk = consumer("group.id", "g", NULL);
        rd_kafka_topic_partition_list_add(l, topic, 0)->offset = 0;
        rd_kafka_topic_partition_list_add(l, topic, 1)->offset = 0;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        for (i = 0; i < 20; i++) {
                rd_kafka_message_t *m = next(rk, ms(60000));
                NEED(m && !m->err, "no message");
                CHECK(m->offset == next_offset[m->partition]++, "offset %" PRId64, m->offset);
                cnt[m->partition]++;
                rd_kafka_message_destroy(m);
        }
        CHECK_ERR(rd_kafka_pause_partitions(rk, zero), 0);
        CHECK_ERR(zero->elems[0].err, 0);
        while (cnt[1] < 300) {
                rd_kafka_message_t *m = next(rk, ms(60000));
                NEED(m && !m->err, "no message");
                CHECK(m->offset == next_offset[m->partition]++, "offset %" PRId64 " of partition %d", m->offset, m->partition);
                cnt[m->partition]++;
                foreign += m->partition == 0;
                rd_kafka_message_destroy(m);
        }
        CHECK(foreign == 0, "%d messages of a paused partition", foreign);
        CHECK(!rd_kafka_consumer_poll(rk, 300), "a message of a paused partition");
        CHECK_ERR(rd_kafka_resume_partitions(rk, zero), 0);
        for (until = now_ms() + ms(60000); cnt[0] < 300 && now_ms() < until;) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 100);
                if (!m)
                        continue;
                CHECK(!m->err && m->partition == 0 && m->offset == next_offset[0]++, "after resuming: offset %" PRId64, m->offset);
                cnt[0]++;
                rd_kafka_message_destroy(m);
        }
        CHECK(cnt[0] == 300, "%d", cnt[0]);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_topic_partition_list_destroy(zero);
        DESTROY(rk, 5000);
}

/* Resuming what was not paused changes nothing. */
static void resume_unpaused(void) {
        const char *topic = fresh_topic("unpaused", 1);
        rd_kafka_t *rk;
        rd_kafka_topic_partition_list_t *l = one(topic, 0, RD_KAFKA_OFFSET_INVALID);
        NEED(seed(topic, 0, 50, 0) == 50, "seed");
        rk = consumer("group.id", "g", NULL);
        assign(rk, topic, 0, 0);
        expect(rk, 0);
        expect(rk, 1);
        CHECK_ERR(rd_kafka_resume_partitions(rk, l), 0);
        expect(rk, 2);
        expect(rk, 3);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

static void positions(void) {
        const char *topic = fresh_topic("position", 1);
        rd_kafka_t *rk;
        rd_kafka_topic_partition_list_t *l = one(topic, 0, 77), *got = NULL;
        NEED(seed(topic, 0, 50, 0) == 50, "seed");
        rk = consumer("group.id", "g", NULL);
        assign(rk, topic, 0, 10);
        CHECK_ERR(rd_kafka_position(rk, l), 0);
        CHECK(l->elems[0].offset == RD_KAFKA_OFFSET_INVALID, "before the first message: %" PRId64, l->elems[0].offset);
        expect(rk, 10);
        CHECK_ERR(rd_kafka_position(rk, l), 0);
        CHECK(l->elems[0].offset == 11, "%" PRId64, l->elems[0].offset);
        CHECK_ERR(rd_kafka_assignment(rk, &got), 0);
        CHECK(got && got->cnt == 1 && !strcmp(got->elems[0].topic, topic) && got->elems[0].partition == 0, "assignment");
        if (got)
                rd_kafka_topic_partition_list_destroy(got);
        CHECK_ERR(rd_kafka_assign(rk, NULL), 0);
        CHECK_ERR(rd_kafka_assignment(rk, &got), 0);
        CHECK(got && got->cnt == 0, "assignment is empty");
        if (got)
                rd_kafka_topic_partition_list_destroy(got);
        CHECK_ERR(rd_kafka_position(rk, l), 0);
        CHECK(l->elems[0].offset == RD_KAFKA_OFFSET_INVALID, "of what is not assigned: %" PRId64, l->elems[0].offset);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

static void watermarks(void) {
        const char *topic = fresh_topic("marks", 2);
        rd_kafka_t *rk;
        int64_t low = -7, high = -7;
        NEED(seed(topic, 1, 25, 0) == 25, "seed");
        rk = consumer("group.id", "g", NULL);
        CHECK_ERR(rd_kafka_query_watermark_offsets(rk, topic, 1, &low, &high, ms(5000)), 0);
        CHECK(low == 0 && high == 25, "%" PRId64 " %" PRId64, low, high);
        CHECK_ERR(rd_kafka_query_watermark_offsets(rk, topic, 0, &low, &high, ms(5000)), 0);
        CHECK(low == 0 && high == 0, "%" PRId64 " %" PRId64, low, high);
        CHECK_ERR(rd_kafka_query_watermark_offsets(rk, topic, 5, &low, &high, ms(5000)), RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        assign(rk, topic, 1, 0);
        expect(rk, 0);
        CHECK_ERR(rd_kafka_get_watermark_offsets(rk, topic, 1, &low, &high), 0);
        CHECK(high == 25, "%" PRId64, high);
        DESTROY(rk, 5000);
}

/* ---- volume ---- */

/* A full queue holds fetching back only until the application has taken some: no second of waiting. */
static void back_pressure(void) {
        enum { N = 60000 };
        const char *topic = fresh_topic("pressure", 1);
        rd_kafka_t *rk;
        int64_t start, want = 0;
        NEED(seed(topic, 0, N, 100) == N, "seed");
        rk = consumer("group.id", "g", "queued.min.messages", "500", "fetch.message.max.bytes", "50000", NULL);
        assign(rk, topic, 0, 0);
        start = now_ms();
        while (want < N) {
                rd_kafka_message_t *m = next(rk, ms(60000));
                NEED(m && !m->err, "stalled at %" PRId64, want);
                NEED(m->offset == want++, "offset %" PRId64, m->offset);
                rd_kafka_message_destroy(m);
        }
        printf("  %d messages in %d ms\n", N, (int)(now_ms() - start));
        /* librdkafka waits out fetch.queue.backoff.ms (a second) ten times and more on the way. */
        if (!is_upstream())
                CHECK(now_ms() - start < ms(6000), "%d ms", (int)(now_ms() - start));
        DESTROY(rk, 5000);
}

static void many_partitions(void) {
        enum { P = 30, N = 200 };
        const char *topic = fresh_topic("many", P);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(P);
        int64_t want[P] = {0}, total = 0, eofs = 0, until;
        rd_kafka_t *rk, *p = producer("linger.ms", "20", NULL);
        int i;
        for (i = 0; i < P * N; i++)
                CHECK_ERR(rd_kafka_producev(p, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(i % P), RD_KAFKA_V_VALUE((void *)"x", 1), RD_KAFKA_V_END), 0);
        CHECK_ERR(rd_kafka_flush(p, ms(20000)), 0);
        rd_kafka_destroy(p);
        rk = consumer("group.id", "g", "enable.partition.eof", "true", NULL);
        for (i = 0; i < P; i++)
                rd_kafka_topic_partition_list_add(l, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        for (until = now_ms() + ms(60000); (total < P * N || eofs < P) && now_ms() < until;) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 200);
                if (!m)
                        continue;
                if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                        CHECK(m->offset == N && want[m->partition] == N, "partition %d ends at %" PRId64, m->partition, m->offset);
                        eofs++;
                } else {
                        CHECK(!m->err && m->offset == want[m->partition]++, "partition %d: offset %" PRId64, m->partition, m->offset);
                        total++;
                }
                rd_kafka_message_destroy(m);
        }
        CHECK(total == P * N && eofs == P, "%" PRId64 " messages, %" PRId64 " ends", total, eofs);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

/* Cut connections cost time, not messages. */
static void reconnects(void) {
        enum { N = 20000 };
        const char *topic = fresh_topic("reconnect", 1);
        rd_kafka_conf_t *conf;
        rd_kafka_t *rk;
        int64_t want = 0;
        NEED(seed(topic, 0, N, 100) == N, "seed");
        proxy_start();
        conf = conf_of("bootstrap.servers", bootstrap(), "group.id", "g", "queued.min.messages", "500", "fetch.message.max.bytes", "30000",
                       "reconnect.backoff.ms", "20", "reconnect.backoff.max.ms", "100", "retry.backoff.ms", "20", NULL);
        rd_kafka_conf_set_connect_cb(conf, proxy_connect_cb);
        rk = client(RD_KAFKA_CONSUMER, conf);
        assign(rk, topic, 0, 0);
        while (want < N) {
                rd_kafka_message_t *m = next(rk, ms(60000));
                NEED(m != NULL, "stalled at %" PRId64, want);
                if (m->err)
                        printf("  %s\n", rd_kafka_message_errstr(m));
                else
                        NEED(m->offset == want++, "offset %" PRId64 ", expected %" PRId64, m->offset, want - 1);
                rd_kafka_message_destroy(m);
                if (want % 4000 == 2000)
                        proxy_set(&proxy.cut, 1);
        }
        CHECK(proxy.connections > 2, "%d connections", proxy.connections);
        DESTROY(rk, 5000);
        proxy_stop();
}

/* Destroying with a full queue of messages, closed before or not. */
static void destroy_while_fetching(void) {
        const char *topic = fresh_topic("destroy", 1);
        int i, threads = t_threads();
        NEED(seed(topic, 0, 5000, 100) == 5000, "seed");
        for (i = 0; i < 4; i++) {
                rd_kafka_t *rk = consumer("group.id", "g", NULL);
                rd_kafka_message_t *m;
                assign(rk, topic, 0, 0);
                m = next(rk, ms(60000));
                CHECK(m && !m->err && m->offset == 0, "no message");
                if (m)
                        rd_kafka_message_destroy(m);
                if (i % 2)
                        CHECK_ERR(rd_kafka_consumer_close(rk), 0);
                DESTROY(rk, 3000);
        }
        CHECK(t_threads_down_to(threads) == threads, "%d threads left", t_threads() - threads);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(begin_at);
        RUN(by_time);
        RUN(out_of_range);
        RUN(message_fields);
        RUN(larger_than_the_fetch);
        RUN(seeks);
        RUN(pausing);
        RUN(resume_unpaused);
        RUN(positions);
        RUN(watermarks);
        RUN(back_pressure);
        RUN(many_partitions);
        RUN(reconnects);
        RUN(destroy_while_fetching);
        return T_END();
}
