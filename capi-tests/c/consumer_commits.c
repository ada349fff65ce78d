/* Offsets of a group in which the consumer is no member: committing by hand, on time, with metadata. */
#include "consume.h"

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
        m = next(rk, ms(60000));
        NEED(m && !m->err && m->offset == 13, "message 13");
        CHECK_ERR(rd_kafka_commit_message(rk, m, 0), 0);
        CHECK(committed(rk, topic) == 14, "%" PRId64, committed(rk, topic));
        /* Stored, then committed. */
        rd_kafka_message_destroy(m);
        m = next(rk, ms(60000));
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
        for (until = now_ms() + ms(60000); commit_offset != 31 && now_ms() < until;)
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
                int64_t until = now_ms() + ms(60000);
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

/*
 * Metadata is bytes to the application, and text to Kafka: what is not UTF-8 comes back with U+FFFD in its place, from the broker; the
 * application's own list, and the callback's, keep the bytes.
 */
static char told[32];
static size_t told_size;
static void metadata_cb(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *l, void *opaque) {
        (void)rk;
        (void)opaque;
        CHECK_ERR(err, 0);
        NEED(l && l->cnt == 1 && l->elems[0].metadata_size <= sizeof(told), "list");
        told_size = l->elems[0].metadata_size;
        if (told_size)
                memcpy(told, l->elems[0].metadata, told_size);
}

static void binary_metadata(void) {
        static const char bytes[] = "a\0b\xff\xfe\xc3(\xe2\x82z\xf0\x9f\x98", text[] = "a\0b\ufffd\ufffd\ufffd(\ufffdz\ufffd";
        const size_t size = sizeof(bytes) - 1, text_size = sizeof(text) - 1;
        const char *topic = fresh_topic("binary", 1);
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), "group.id", fresh("group"), NULL);
        rd_kafka_t *rk;
        rd_kafka_topic_partition_list_t *l = one(topic, 0, 1);
        int64_t until;
        rd_kafka_conf_set_offset_commit_cb(conf, metadata_cb);
        rk                        = client(RD_KAFKA_CONSUMER, conf);
        l->elems[0].metadata      = malloc(size);
        l->elems[0].metadata_size = size;
        memcpy(l->elems[0].metadata, bytes, size);
        told_size = 0;
        CHECK_ERR(rd_kafka_commit(rk, l, 0), 0);
        CHECK(l->elems[0].metadata_size == size && !memcmp(l->elems[0].metadata, bytes, size), "the list's metadata has changed");
        for (until = now_ms() + ms(60000); !told_size && now_ms() < until;)
                rd_kafka_poll(rk, 50);
        CHECK(told_size == size && !memcmp(told, bytes, size), "the callback got %d bytes", (int)told_size);
        CHECK_ERR(rd_kafka_committed(rk, l, ms(10000)), 0);
        CHECK(l->elems[0].metadata_size == text_size && !memcmp(l->elems[0].metadata, text, text_size), "%d bytes are committed",
              (int)l->elems[0].metadata_size);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(commits);
        RUN(automatic_commit);
        RUN(metadata_of_a_commit);
        RUN(binary_metadata);
        return T_END();
}
