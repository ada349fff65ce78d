/* Consuming from a real Kafka without a group: assign and poll, the simple consumer, queues, positions, commits. */
#include <fcntl.h>
#include <poll.h>

#include "client.h"
#include "proxy.h"

static rd_kafka_topic_partition_list_t *one(const char *topic, int32_t partition, int64_t offset) {
        rd_kafka_topic_partition_list_t *l                             = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(l, topic, partition)->offset = offset;
        return l;
}

static void assign(rd_kafka_t *rk, const char *topic, int32_t partition, int64_t offset) {
        rd_kafka_topic_partition_list_t *l = one(topic, partition, offset);
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
}

/* The next message, or error other than end of partition; NULL after limit_ms. */
static rd_kafka_message_t *next(rd_kafka_t *rk, int limit_ms) {
        int64_t until = now_ms() + limit_ms;
        do {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 100);
                if (m)
                        return m;
        } while (now_ms() < until);
        return NULL;
}

static void expect(rd_kafka_t *rk, int64_t offset) {
        rd_kafka_message_t *m = next(rk, ms(10000));
        char text[32];
        CHECK(m != NULL, "nothing, expected offset %" PRId64, offset);
        if (!m)
                return;
        snprintf(text, sizeof(text), "v%" PRId64, offset);
        if (m->err)
                CHECK(0, "%s, expected offset %" PRId64, rd_kafka_message_errstr(m), offset);
        else
                CHECK(m->offset == offset && is_payload(m, text), "offset %" PRId64 ", expected %" PRId64, m->offset, offset);
        rd_kafka_message_destroy(m);
}

static void expect_eof(rd_kafka_t *rk, int64_t offset) {
        rd_kafka_message_t *m = next(rk, ms(10000));
        CHECK(m != NULL, "no end of partition");
        if (!m)
                return;
        CHECK_ERR(m->err, RD_KAFKA_RESP_ERR__PARTITION_EOF);
        CHECK(m->offset == offset, "end at %" PRId64 ", expected %" PRId64, m->offset, offset);
        CHECK(m->rkt != NULL, "no topic");
        rd_kafka_message_destroy(m);
}

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
        rd_kafka_offsets_for_times(rk, l, ms(3000));
        CHECK(l->elems[1].err != 0, "partition 99 has an offset");
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
                        m = next(rk, ms(10000));
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
        m = next(rk, ms(10000));
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
                rd_kafka_message_t *m = next(rk, ms(10000));
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
                int64_t until = now_ms() + ms(10000), got = -1;
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
                rd_kafka_message_t *m = next(rk, ms(10000));
                NEED(m && !m->err, "no message");
                CHECK(m->offset == next_offset[m->partition]++, "offset %" PRId64, m->offset);
                cnt[m->partition]++;
                rd_kafka_message_destroy(m);
        }
        CHECK_ERR(rd_kafka_pause_partitions(rk, zero), 0);
        CHECK_ERR(zero->elems[0].err, 0);
        while (cnt[1] < 300) {
                rd_kafka_message_t *m = next(rk, ms(10000));
                NEED(m && !m->err, "no message");
                CHECK(m->offset == next_offset[m->partition]++, "offset %" PRId64 " of partition %d", m->offset, m->partition);
                cnt[m->partition]++;
                foreign += m->partition == 0;
                rd_kafka_message_destroy(m);
        }
        CHECK(foreign == 0, "%d messages of a paused partition", foreign);
        CHECK(!rd_kafka_consumer_poll(rk, 300), "a message of a paused partition");
        CHECK_ERR(rd_kafka_resume_partitions(rk, zero), 0);
        for (until = now_ms() + ms(10000); cnt[0] < 300 && now_ms() < until;) {
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

/* ---- offsets in the group, without being a member ---- */

static int commit_calls;
static rd_kafka_resp_err_t commit_err;
static int64_t commit_offset;
static void commit_cb(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *l, void *opaque) {
        (void)rk;
        (void)opaque;
        commit_calls++;
        commit_err    = err;
        commit_offset = l && l->cnt ? l->elems[0].offset : -1;
}

static int64_t committed(rd_kafka_t *rk, const char *topic) {
        rd_kafka_topic_partition_list_t *l = one(topic, 0, 5);
        int64_t offset;
        CHECK_ERR(rd_kafka_committed(rk, l, ms(10000)), 0);
        CHECK_ERR(l->elems[0].err, 0);
        offset = l->elems[0].offset;
        rd_kafka_topic_partition_list_destroy(l);
        return offset;
}

static void commits(void) {
        const char *topic = fresh_topic("commit", 1), *group = fresh("group");
        rd_kafka_conf_t *conf;
        rd_kafka_t *rk;
        rd_kafka_topic_partition_list_t *l;
        rd_kafka_message_t *m;
        rd_kafka_queue_t *q;
        rd_kafka_event_t *ev;
        int64_t until;
        NEED(seed(topic, 0, 50, 0) == 50, "seed");
        conf = conf_of("bootstrap.servers", bootstrap(), "group.id", group, "enable.auto.commit", "false", "enable.auto.offset.store",
                       "false", NULL);
        rd_kafka_conf_set_offset_commit_cb(conf, commit_cb);
        rk = client(RD_KAFKA_CONSUMER, conf);
        CHECK(committed(rk, topic) == RD_KAFKA_OFFSET_INVALID, "something is committed");
        /* By list, waiting. */
        l = one(topic, 0, 12);
        CHECK_ERR(rd_kafka_commit(rk, l, 0), 0);
        CHECK_ERR(l->elems[0].err, 0);
        CHECK(committed(rk, topic) == 12, "%" PRId64, committed(rk, topic));
        /* Nothing stored: nothing to commit. */
        CHECK_ERR(rd_kafka_commit(rk, NULL, 0), RD_KAFKA_RESP_ERR__NO_OFFSET);
        /* From there on. */
        assign(rk, topic, 0, RD_KAFKA_OFFSET_STORED);
        expect(rk, 12);
        m = next(rk, ms(10000));
        NEED(m && !m->err && m->offset == 13, "message 13");
        CHECK_ERR(rd_kafka_commit_message(rk, m, 0), 0);
        CHECK(committed(rk, topic) == 14, "%" PRId64, committed(rk, topic));
        /* Stored, then committed. */
        rd_kafka_message_destroy(m);
        m = next(rk, ms(10000));
        NEED(m && !m->err && m->offset == 14, "message 14");
        {
                rd_kafka_error_t *error = rd_kafka_offset_store_message(m);
                CHECK(!error, "%s", rd_kafka_error_string(error));
        }
        rd_kafka_message_destroy(m);
        CHECK_ERR(rd_kafka_commit(rk, NULL, 0), 0);
        CHECK(committed(rk, topic) == 15, "%" PRId64, committed(rk, topic));
        l->elems[0].offset = 30;
        CHECK_ERR(rd_kafka_offsets_store(rk, l), 0);
        CHECK_ERR(l->elems[0].err, 0);
        CHECK_ERR(rd_kafka_commit(rk, NULL, 0), 0);
        CHECK(committed(rk, topic) == 30, "%" PRId64, committed(rk, topic));
        /* Not waiting: the callback tells. */
        commit_calls       = 0;
        l->elems[0].offset = 31;
        CHECK_ERR(rd_kafka_commit(rk, l, 1), 0);
        /* Those that were waited for are reported as well. */
        for (until = now_ms() + ms(5000); commit_offset != 31 && now_ms() < until;)
                rd_kafka_poll(rk, 50);
        printf("  %d calls\n", commit_calls);
        CHECK_ERR(commit_err, 0);
        CHECK(commit_offset == 31, "%" PRId64, commit_offset);
        CHECK(committed(rk, topic) == 31, "%" PRId64, committed(rk, topic));
        /* The result as an event on a queue. */
        q                  = rd_kafka_queue_new(rk);
        l->elems[0].offset = 32;
        CHECK_ERR(rd_kafka_commit_queue(rk, l, q, NULL, NULL), 0);
        ev = rd_kafka_queue_poll(q, ms(5000));
        CHECK(ev && rd_kafka_event_type(ev) == RD_KAFKA_EVENT_OFFSET_COMMIT, "%s", rd_kafka_event_name(ev));
        if (ev) {
                CHECK_ERR(rd_kafka_event_error(ev), 0);
                CHECK(rd_kafka_event_topic_partition_list(ev) && rd_kafka_event_topic_partition_list(ev)->cnt == 1, "list");
                rd_kafka_event_destroy(ev);
        }
        CHECK(committed(rk, topic) == 32, "%" PRId64, committed(rk, topic));
        rd_kafka_queue_destroy(q);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

static void automatic_commit(void) {
        const char *topic = fresh_topic("autocommit", 1), *group = fresh("group");
        rd_kafka_t *rk;
        int i;
        NEED(seed(topic, 0, 50, 0) == 50, "seed");
        rk = consumer("group.id", group, "auto.commit.interval.ms", "60000", "auto.offset.reset", "earliest", NULL);
        assign(rk, topic, 0, RD_KAFKA_OFFSET_STORED);
        for (i = 0; i < 20; i++)
                expect(rk, i);
        CHECK_ERR(rd_kafka_consumer_close(rk), 0);
        DESTROY(rk, 5000);
        rk = consumer("group.id", group, NULL);
        CHECK(committed(rk, topic) == 20, "after close: %" PRId64, committed(rk, topic));
        DESTROY(rk, 5000);
        rk = consumer("group.id", group, "auto.commit.interval.ms", "300", NULL);
        assign(rk, topic, 0, RD_KAFKA_OFFSET_STORED);
        for (i = 20; i < 25; i++)
                expect(rk, i);
        {
                int64_t until = now_ms() + ms(10000);
                while (committed(rk, topic) < 25 && now_ms() < until)
                        usleep(50000);
                CHECK(committed(rk, topic) == 25, "on the interval: %" PRId64, committed(rk, topic));
        }
        DESTROY(rk, 5000);
}

static void metadata_of_a_commit(void) {
        const char *topic = fresh_topic("meta", 1), *group = fresh("group");
        rd_kafka_t *rk                     = consumer("group.id", group, NULL);
        rd_kafka_topic_partition_list_t *l = one(topic, 0, 0);
        l->elems[0].metadata               = strdup("some metadata");
        l->elems[0].metadata_size          = strlen("some metadata");
        rd_kafka_topic_partition_set_leader_epoch(&l->elems[0], 0);
        CHECK_ERR(rd_kafka_commit(rk, l, 0), 0);
        rd_kafka_topic_partition_list_destroy(l);
        l = one(topic, 0, 0);
        CHECK_ERR(rd_kafka_committed(rk, l, ms(10000)), 0);
        CHECK(l->elems[0].offset == 0, "%" PRId64, l->elems[0].offset);
        CHECK(l->elems[0].metadata_size == 13 && !memcmp(l->elems[0].metadata, "some metadata", 13), "metadata");
        CHECK(rd_kafka_topic_partition_get_leader_epoch(&l->elems[0]) == 0, "epoch %d", rd_kafka_topic_partition_get_leader_epoch(&l->elems[0]));
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

/* ---- the simple consumer ---- */

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
        for (until = now_ms() + ms(10000); want < 20 && now_ms() < until;) {
                m[0] = rd_kafka_consume(rkt, 0, 1000);
                if (!m[0])
                        continue;
                CHECK(!m[0]->err && m[0]->offset == want++, "offset %" PRId64, m[0]->offset);
                rd_kafka_message_destroy(m[0]);
        }
        /* In batches. */
        for (until = now_ms() + ms(10000); want < 100 && now_ms() < until;) {
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
        for (until = now_ms() + ms(10000); cb_cnt < N - 100 && now_ms() < until;)
                CHECK(rd_kafka_consume_callback(rkt, 0, 200, consume_cb, &cb_cnt) >= 0, "callback");
        CHECK(cb_cnt == N - 100, "%d", cb_cnt);
        CHECK(rd_kafka_consume_stop(rkt, 0) == 0, "stop");
        CHECK(rd_kafka_consume(rkt, 0, 10) == NULL, "a message after stop");
        /* Once more from the middle: what was fetched before is gone. */
        CHECK(rd_kafka_consume_start(rkt, 0, 150) == 0, "second start");
        m[0] = NULL;
        for (until = now_ms() + ms(10000); !m[0] && now_ms() < until;)
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
        for (until = now_ms() + ms(10000); total < 10 && now_ms() < until;) {
                m[0] = rd_kafka_consume_queue(q, 1000);
                if (!m[0])
                        continue;
                CHECK(!m[0]->err && m[0]->offset == want[m[0]->partition]++, "order");
                total++;
                rd_kafka_message_destroy(m[0]);
        }
        for (until = now_ms() + ms(10000); total < N * P && now_ms() < until;) {
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
        for (until = now_ms() + ms(10000); cb_cnt < 20 && now_ms() < until;) {
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
                for (until = now_ms() + ms(15000); want < 15 * (round + 1) && now_ms() < until;) {
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

/* ---- queues ---- */

static void fetch_events(void) {
        const char *topic = fresh_topic("events", 1);
        rd_kafka_t *rk;
        rd_kafka_queue_t *q;
        int64_t until, want = 0;
        NEED(seed(topic, 0, 50, 0) == 50, "seed");
        rk = consumer("group.id", "g", NULL);
        q  = rd_kafka_queue_get_consumer(rk);
        assign(rk, topic, 0, 0);
        for (until = now_ms() + ms(10000); want < 50 && now_ms() < until;) {
                rd_kafka_event_t *ev = rd_kafka_queue_poll(q, 200);
                const rd_kafka_message_t *m;
                if (!ev)
                        continue;
                CHECK(rd_kafka_event_type(ev) == RD_KAFKA_EVENT_FETCH, "%s", rd_kafka_event_name(ev));
                while ((m = rd_kafka_event_message_next(ev)))
                        CHECK(!m->err && m->offset == want++, "offset %" PRId64, m->offset);
                rd_kafka_event_destroy(ev);
        }
        CHECK(want == 50, "%" PRId64, want);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 5000);
}

/* A partition's own queue, taken out of the common one. */
static void partition_queue(void) {
        const char *topic = fresh_topic("pqueue", 2);
        rd_kafka_t *rk;
        rd_kafka_queue_t *q;
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(2);
        int64_t until, want[2] = {0, 0};
        NEED(seed(topic, 0, 30, 0) == 30 && seed(topic, 1, 30, 0) == 30, "seed");
        rk = consumer("group.id", "g", NULL);
        rd_kafka_topic_partition_list_add(l, topic, 0)->offset = 0;
        rd_kafka_topic_partition_list_add(l, topic, 1)->offset = 0;
        q = rd_kafka_queue_get_partition(rk, topic, 1);
        if (q) {
                /* Known before the assignment only when the client has heard of the topic. */
                rd_kafka_queue_forward(q, NULL);
        }
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        if (!q) {
                q = rd_kafka_queue_get_partition(rk, topic, 1);
                NEED(q != NULL, "no queue of an assigned partition");
                rd_kafka_queue_forward(q, NULL);
        }
        for (until = now_ms() + ms(10000); (want[0] < 30 || want[1] < 30) && now_ms() < until;) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 50);
                if (m) {
                        CHECK(!m->err && m->partition == 0 && m->offset == want[0]++, "common queue: partition %d", m->partition);
                        rd_kafka_message_destroy(m);
                }
                m = rd_kafka_consume_queue(q, 50);
                if (m) {
                        CHECK(!m->err && m->partition == 1 && m->offset == want[1]++, "own queue: partition %d", m->partition);
                        rd_kafka_message_destroy(m);
                }
        }
        CHECK(want[0] == 30 && want[1] == 30, "%" PRId64 " %" PRId64, want[0], want[1]);
        rd_kafka_queue_destroy(q);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

static void forwarding(void) {
        const char *topic = fresh_topic("forward", 1);
        rd_kafka_t *rk;
        rd_kafka_queue_t *q, *mine;
        int64_t until, want = 0;
        NEED(seed(topic, 0, 30, 0) == 30, "seed");
        rk   = consumer("group.id", "g", NULL);
        q    = rd_kafka_queue_get_consumer(rk);
        mine = rd_kafka_queue_new(rk);
        rd_kafka_queue_forward(q, mine);
        assign(rk, topic, 0, 0);
        for (until = now_ms() + ms(10000); !rd_kafka_queue_length(mine) && now_ms() < until;)
                usleep(1000);
        CHECK(rd_kafka_queue_length(mine) > 0, "length %d", (int)rd_kafka_queue_length(mine));
        for (until = now_ms() + ms(10000); want < 30 && now_ms() < until;) {
                rd_kafka_message_t *m = rd_kafka_consume_queue(mine, 200);
                if (!m)
                        continue;
                CHECK(!m->err && m->offset == want++, "offset %" PRId64, m->offset);
                rd_kafka_message_destroy(m);
        }
        CHECK(want == 30, "%" PRId64, want);
        CHECK(rd_kafka_queue_length(mine) == 0, "length %d", (int)rd_kafka_queue_length(mine));
        rd_kafka_queue_forward(q, NULL);
        NEED(seed_from(topic, 0, 30, 1, 0) == 1, "seed");
        expect(rk, 30);
        rd_kafka_queue_destroy(mine);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 5000);
}

static void io_events(void) {
        const char *topic = fresh_topic("io", 1);
        rd_kafka_t *rk    = consumer("group.id", "g", NULL);
        rd_kafka_queue_t *q;
        struct pollfd p;
        int fds[2];
        char buf[64];
        ssize_t n;
        NEED(!pipe(fds), "pipe");
        fcntl(fds[0], F_SETFL, O_NONBLOCK);
        fcntl(fds[1], F_SETFL, O_NONBLOCK);
        q = rd_kafka_queue_get_consumer(rk);
        rd_kafka_queue_io_event_enable(q, fds[1], "ab", 2);
        assign(rk, topic, 0, 0);
        NEED(seed(topic, 0, 1, 0) == 1, "seed");
        p.fd     = fds[0];
        p.events = POLLIN;
        CHECK(poll(&p, 1, ms(10000)) == 1, "no wake-up");
        n = read(fds[0], buf, sizeof(buf));
        CHECK(n >= 2 && !memcmp(buf, "ab", 2), "payload of %d bytes", (int)n);
        expect(rk, 0);
        rd_kafka_queue_io_event_enable(q, -1, NULL, 0);
        while (read(fds[0], buf, sizeof(buf)) > 0)
                ;
        NEED(seed_from(topic, 0, 1, 1, 0) == 1, "seed");
        expect(rk, 1);
        CHECK(poll(&p, 1, 0) == 0, "a wake-up after disabling");
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 5000);
        close(fds[0]);
        close(fds[1]);
}

static int event_cb_calls;
static void event_cb(rd_kafka_t *rk, void *opaque) {
        (void)rk;
        __atomic_add_fetch((int *)opaque, 1, __ATOMIC_SEQ_CST);
}

static void cb_events(void) {
        const char *topic = fresh_topic("cbevent", 1);
        rd_kafka_t *rk    = consumer("group.id", "g", NULL);
        rd_kafka_queue_t *q = rd_kafka_queue_get_consumer(rk);
        int64_t until;
        event_cb_calls = 0;
        rd_kafka_queue_cb_event_enable(q, event_cb, &event_cb_calls);
        assign(rk, topic, 0, 0);
        NEED(seed(topic, 0, 1, 0) == 1, "seed");
        for (until = now_ms() + ms(10000); !__atomic_load_n(&event_cb_calls, __ATOMIC_SEQ_CST) && now_ms() < until;)
                usleep(1000);
        CHECK(__atomic_load_n(&event_cb_calls, __ATOMIC_SEQ_CST) > 0, "not called");
        expect(rk, 0);
        rd_kafka_queue_cb_event_enable(q, NULL, NULL);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 5000);
}

static void *wake(void *q) {
        usleep(200000);
        rd_kafka_queue_yield(q);
        return NULL;
}

static void queue_yield(void) {
        rd_kafka_t *rk      = consumer("group.id", "g", NULL);
        rd_kafka_queue_t *q = rd_kafka_queue_get_consumer(rk);
        pthread_t thread;
        int64_t start = now_ms();
        NEED(!pthread_create(&thread, NULL, wake, q), "thread");
        CHECK(!rd_kafka_consumer_poll(rk, 10000), "a message");
        CHECK(now_ms() - start < ms(3000), "not woken for %d ms", (int)(now_ms() - start));
        pthread_join(thread, NULL);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 5000);
}

static void conf_consume_cb(rd_kafka_message_t *m, void *opaque) {
        (void)opaque;
        if (m->err)
                return;
        CHECK(m->offset == cb_next++, "offset %" PRId64, m->offset);
        cb_cnt++;
}

/* With a consume callback in the configuration, polling calls it instead of returning messages. */
static void configured_callback(void) {
        const char *topic = fresh_topic("confcb", 1);
        rd_kafka_conf_t *conf;
        rd_kafka_t *rk;
        int64_t until;
        NEED(seed(topic, 0, 20, 0) == 20, "seed");
        conf = conf_of("bootstrap.servers", bootstrap(), "group.id", "g", NULL);
        rd_kafka_conf_set_consume_cb(conf, conf_consume_cb);
        rk = client(RD_KAFKA_CONSUMER, conf);
        CHECK_ERR(rd_kafka_poll_set_consumer(rk), 0);
        assign(rk, topic, 0, 0);
        cb_cnt  = 0;
        cb_next = 0;
        for (until = now_ms() + ms(10000); cb_cnt < 20 && now_ms() < until;)
                rd_kafka_poll(rk, 100);
        CHECK(cb_cnt == 20, "%d", cb_cnt);
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
                rd_kafka_message_t *m = next(rk, ms(20000));
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
        for (until = now_ms() + ms(20000); (total < P * N || eofs < P) && now_ms() < until;) {
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
                rd_kafka_message_t *m = next(rk, ms(20000));
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
                m = next(rk, ms(10000));
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
        RUN(commits);
        RUN(automatic_commit);
        RUN(metadata_of_a_commit);
        RUN(simple_consumer);
        RUN(simple_queue);
        RUN(yielding_callback);
        RUN(simple_stored);
        RUN(fetch_events);
        RUN(partition_queue);
        RUN(forwarding);
        RUN(io_events);
        RUN(cb_events);
        RUN(queue_yield);
        RUN(configured_callback);
        RUN(back_pressure);
        RUN(many_partitions);
        RUN(reconnects);
        RUN(destroy_while_fetching);
        return T_END();
}
