/*
 * Positions that step back: what was committed is not undone by committing what is stored, neither on time nor by hand, until the
 * application says so with a list or gives the partition up. On a mock cluster.
 */
#include "consume.h"
#include "mock.h"

enum { N = 40 };

static struct mock m;

static rd_kafka_t *start(const char *auto_store, const char *interval) {
        rd_kafka_t *rk;
        int i;
        m = mock_of(1);
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 1), 0);
        rk = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", m.servers, NULL));
        for (i = 0; i < N; i++) {
                char text[16];
                int len = snprintf(text, sizeof(text), "v%d", i);
                CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE(text, (size_t)len),
                                            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
                          0);
        }
        CHECK_ERR(rd_kafka_flush(rk, ms(15000)), 0);
        rd_kafka_destroy(rk);
        rk = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", m.servers, "group.id", "g", "auto.commit.interval.ms", interval,
                                               "enable.auto.offset.store", auto_store, NULL));
        assign(rk, "t", 0, 0);
        return rk;
}

static void end(rd_kafka_t *rk) {
        CHECK_ERR(rd_kafka_consumer_close(rk), 0);
        DESTROY(rk, 5000);
        mock_end(&m);
}

static void expect_range(rd_kafka_t *rk, int64_t from, int64_t to) {
        for (; from < to; from++)
                expect(rk, from);
}

static int64_t committed(rd_kafka_t *rk) {
        rd_kafka_topic_partition_list_t *l = one("t", 0, 0);
        int64_t offset;
        CHECK_ERR(rd_kafka_committed(rk, l, ms(10000)), 0);
        offset = l->elems[0].offset;
        rd_kafka_topic_partition_list_destroy(l);
        return offset;
}

static void wait_committed(rd_kafka_t *rk, int64_t offset) {
        int64_t until = now_ms() + ms(60000), last;
        while ((last = committed(rk)) != offset && now_ms() < until)
                usleep(20000);
        CHECK(last == offset, "committed %" PRId64 ", not %" PRId64, last, offset);
}

/* Several intervals of the automatic commit pass. */
static void stays_committed(rd_kafka_t *rk, int64_t offset) {
        int i;
        for (i = 0; i < 5; i++) {
                usleep(100000);
                NEED(committed(rk) == offset, "committed %" PRId64 ", not %" PRId64, committed(rk), offset);
        }
}

static void seek(rd_kafka_t *rk, int64_t offset) {
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, "t", NULL);
        CHECK_ERR(rd_kafka_seek(rkt, 0, offset, ms(10000)), 0);
        rd_kafka_topic_destroy(rkt);
}

static void seek_partitions(rd_kafka_t *rk, int64_t offset) {
        rd_kafka_topic_partition_list_t *l = one("t", 0, offset);
        rd_kafka_error_t *error            = rd_kafka_seek_partitions(rk, l, ms(10000));
        CHECK(!error, "%s", rd_kafka_error_string(error));
        rd_kafka_topic_partition_list_destroy(l);
}

/* Which way back, what is committed after it while the partition is kept, and when it is given up. */
static void back(void (*step)(rd_kafka_t *, int64_t)) {
        rd_kafka_t *rk = start("true", "50");
        expect_range(rk, 0, 10);
        wait_committed(rk, 10);
        step(rk, 2);
        expect_range(rk, 2, 5);
        stays_committed(rk, 10);
        CHECK_ERR(rd_kafka_commit(rk, NULL, 0), RD_KAFKA_RESP_ERR__NO_OFFSET);
        expect_range(rk, 5, 12);
        wait_committed(rk, 12);
        step(rk, 3);
        expect_range(rk, 3, 6);
        CHECK_ERR(rd_kafka_assign(rk, NULL), 0);
        wait_committed(rk, 6);
        end(rk);
}

static void after_seek(void) {
        back(seek);
}

static void after_seek_partitions(void) {
        back(seek_partitions);
}

/* A new assignment of the same partition does not undo it either. */
static void after_assign(void) {
        rd_kafka_t *rk = start("true", "50");
        expect_range(rk, 0, 10);
        wait_committed(rk, 10);
        assign(rk, "t", 0, 2);
        expect_range(rk, 2, 5);
        stays_committed(rk, 10);
        CHECK_ERR(rd_kafka_commit(rk, NULL, 0), RD_KAFKA_RESP_ERR__NO_OFFSET);
        CHECK_ERR(rd_kafka_assign(rk, NULL), 0);
        wait_committed(rk, 5);
        end(rk);
}

static void store(rd_kafka_t *rk, int64_t offset) {
        rd_kafka_topic_partition_list_t *l = one("t", 0, offset);
        CHECK_ERR(rd_kafka_offsets_store(rk, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
}

static void stored_by_hand(void) {
        rd_kafka_t *rk = start("false", "60000");
        rd_kafka_topic_partition_list_t *l;
        expect_range(rk, 0, 2);
        store(rk, 20);
        CHECK_ERR(rd_kafka_commit(rk, NULL, 0), 0);
        CHECK(committed(rk) == 20, "%" PRId64, committed(rk));
        /* The same again, and less. */
        CHECK_ERR(rd_kafka_commit(rk, NULL, 0), RD_KAFKA_RESP_ERR__NO_OFFSET);
        store(rk, 7);
        CHECK_ERR(rd_kafka_commit(rk, NULL, 0), RD_KAFKA_RESP_ERR__NO_OFFSET);
        CHECK(committed(rk) == 20, "%" PRId64, committed(rk));
        /* A list is committed as it is, and what is stored is measured by it from then on. */
        l = one("t", 0, 5);
        CHECK_ERR(rd_kafka_commit(rk, l, 0), 0);
        rd_kafka_topic_partition_list_destroy(l);
        CHECK(committed(rk) == 5, "%" PRId64, committed(rk));
        CHECK_ERR(rd_kafka_commit(rk, NULL, 0), 0);
        CHECK(committed(rk) == 7, "%" PRId64, committed(rk));
        end(rk);
}

/* A later leader epoch makes an offset a later one. */
static void epochs(void) {
        rd_kafka_t *rk = start("false", "60000");
        rd_kafka_topic_partition_list_t *l;
        expect_range(rk, 0, 2);
        /* The epoch rises each time. */
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 1), 0);
        l = one("t", 0, 20);
        rd_kafka_topic_partition_set_leader_epoch(&l->elems[0], 1);
        CHECK_ERR(rd_kafka_offsets_store(rk, l), 0);
        CHECK_ERR(rd_kafka_commit(rk, NULL, 0), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 1), 0);
        l->elems[0].offset = 10;
        rd_kafka_topic_partition_set_leader_epoch(&l->elems[0], 2);
        CHECK_ERR(rd_kafka_offsets_store(rk, l), 0);
        CHECK_ERR(rd_kafka_commit(rk, NULL, 0), 0);
        CHECK(committed(rk) == 10, "%" PRId64, committed(rk));
        l->elems[0].offset = 30;
        rd_kafka_topic_partition_set_leader_epoch(&l->elems[0], 1);
        CHECK_ERR(rd_kafka_offsets_store(rk, l), 0);
        CHECK_ERR(rd_kafka_commit(rk, NULL, 0), RD_KAFKA_RESP_ERR__NO_OFFSET);
        CHECK(committed(rk) == 10, "%" PRId64, committed(rk));
        rd_kafka_topic_partition_list_destroy(l);
        end(rk);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(after_seek);
        RUN(after_seek_partitions);
        RUN(after_assign);
        RUN(stored_by_hand);
        RUN(epochs);
        return T_END();
}
