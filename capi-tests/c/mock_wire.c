/* What the mock cluster's functions change in the brokers' answers, read from a socket of the test's own. No Kafka is needed. */
#include "mock.h"
#include "wire.h"

enum { FETCH = 1, METADATA = 3, FIND_COORDINATOR = 10, JOIN_GROUP = 11, API_VERSIONS = 18 };

static void asked(const char *address, int api, int version, struct wire *w) {
        int r = wire_call(address, api, version, w);
        CHECK(!r, "no answer from %s to request %d", address, api);
        if (r)
                w->len = w->pos = 0;
}

/* A text that may be null: "-" then. */
static void r_nullable(struct wire *w, char *dst, size_t size) {
        if (w->pos + 2 <= w->len && w->b[w->pos] == 0xff) {
                r_int(w, 2);
                if (dst)
                        snprintf(dst, size, "-");
        } else
                r_str(w, dst, size);
}

/* Listeners and threads of a cluster go with it. */
static void destroyed(void) {
        struct mock m = mock_of(1);
        char *servers = strdup(m.servers);
        int fd        = wire_connect(servers);
        CHECK(fd >= 0, "nobody listens");
        close(fd);
        mock_end(&m);
        fd = wire_connect(servers);
        CHECK(fd < 0, "somebody listens");
        free(servers);
}

/* The range as it is told to clients, and what happens beyond it. */
static void narrowed_versions(void) {
        struct mock m  = mock_of(1);
        struct wire *w = calloc(1, sizeof(*w));
        int found      = 0;
        int64_t cnt;
        CHECK_ERR(rd_kafka_mock_set_apiversion(m.cluster, METADATA, 1, 2), 0);
        asked(m.servers, API_VERSIONS, 0, w);
        CHECK(r_int(w, 2) == 0, "error");
        for (cnt = r_int(w, 4); cnt > 0 && !w->bad; cnt--) {
                int api = (int)r_int(w, 2), min = (int)r_int(w, 2), max = (int)r_int(w, 2);
                if (api == METADATA) {
                        found++;
                        CHECK(min == 1 && max == 2, "%d to %d", min, max);
                }
        }
        CHECK(found == 1, "Metadata is told %d times", found);
        w->len = w->pos = 0;
        w_int(w, 4, 0);
        CHECK(!wire_call(m.servers, METADATA, 2, w), "no answer within the range");
        w->len = w->pos = 0;
        w_int(w, 4, 0);
        CHECK(wire_call(m.servers, METADATA, 3, w), "an answer beyond the range");
        free(w);
        mock_end(&m);
}

/* ---- brokers ---- */

/* The rack of a broker in Metadata v1. */
static void rack_of(const struct mock *m, int32_t id, char *rack, size_t size) {
        struct wire *w = calloc(1, sizeof(*w));
        int64_t cnt;
        w_int(w, 4, 0);
        asked(m->servers, METADATA, 1, w);
        for (cnt = r_int(w, 4); cnt > 0 && !w->bad; cnt--) {
                int mine = r_int(w, 4) == id;
                r_str(w, NULL, 0);
                r_int(w, 4);
                r_nullable(w, mine ? rack : NULL, size);
        }
        CHECK(!w->bad, "metadata is cut off");
        free(w);
}

static void racks(void) {
        struct mock m = mock_of(2);
        char rack[64] = "";
        rack_of(&m, 2, rack, sizeof(rack));
        CHECK(!strcmp(rack, "-"), "%s", rack);
        CHECK_ERR(rd_kafka_mock_broker_set_rack(m.cluster, 2, "cellar"), 0);
        rack_of(&m, 2, rack, sizeof(rack));
        CHECK(!strcmp(rack, "cellar"), "%s", rack);
        rack_of(&m, 1, rack, sizeof(rack));
        CHECK(!strcmp(rack, "-"), "%s", rack);
        CHECK_ERR(rd_kafka_mock_broker_set_rack(m.cluster, 9, "cellar"), RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE);
        mock_end(&m);
}

/* ---- partitions ---- */

/* Leader and epoch of t's partition 0 in Metadata v7. */
static void told_leader(const struct mock *m, int *leader, int *epoch) {
        struct wire *w = calloc(1, sizeof(*w));
        int64_t cnt;
        w_int(w, 4, 1);
        w_str(w, "t");
        w_int(w, 1, 0);
        asked(m->servers, METADATA, 7, w);
        r_int(w, 4);
        for (cnt = r_int(w, 4); cnt > 0 && !w->bad; cnt--) {
                r_int(w, 4);
                r_str(w, NULL, 0);
                r_int(w, 4);
                r_nullable(w, NULL, 0);
        }
        r_nullable(w, NULL, 0);
        r_int(w, 4);
        CHECK(r_int(w, 4) == 1 && r_int(w, 2) == 0, "no topic");
        r_str(w, NULL, 0);
        r_int(w, 1);
        CHECK(r_int(w, 4) == 1 && r_int(w, 2) == 0 && r_int(w, 4) == 0, "no partition");
        *leader = (int)r_int(w, 4);
        *epoch  = (int)r_int(w, 4);
        CHECK(!w->bad, "metadata is cut off");
        free(w);
}

/* What is pushed is told once each, in order, and then the truth. */
static void leaders_pushed(void) {
        struct mock m = mock_of(3);
        int leader, epoch, truth;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 3), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 1), 0);
        told_leader(&m, &leader, &truth);
        CHECK(leader == 1, "leader %d", leader);
        CHECK_ERR(rd_kafka_mock_partition_push_leader_response(m.cluster, "t", 0, 2, 41), 0);
        CHECK_ERR(rd_kafka_mock_partition_push_leader_response(m.cluster, "t", 0, 3, 42), 0);
        told_leader(&m, &leader, &epoch);
        CHECK(leader == 2 && epoch == 41, "leader %d, epoch %d", leader, epoch);
        told_leader(&m, &leader, &epoch);
        CHECK(leader == 3 && epoch == 42, "leader %d, epoch %d", leader, epoch);
        told_leader(&m, &leader, &epoch);
        CHECK(leader == 1 && epoch == truth, "leader %d, epoch %d", leader, epoch);
        mock_end(&m);
}

/* Fetches t's partition 0 (v11): the error, with log start and high watermark. */
static int fetch_at(const char *address, int64_t offset, int64_t *lo, int64_t *hi) {
        struct wire *w = calloc(1, sizeof(*w));
        int err;
        w_int(w, 4, -1); /* replica */
        w_int(w, 4, 0);  /* max_wait, min_bytes, max_bytes */
        w_int(w, 4, 0);
        w_int(w, 4, 10000);
        w_int(w, 1, 0); /* isolation */
        w_int(w, 4, 0); /* no session */
        w_int(w, 4, -1);
        w_int(w, 4, 1);
        w_str(w, "t");
        w_int(w, 4, 1);
        w_int(w, 4, 0);
        w_int(w, 4, -1); /* epoch */
        w_int(w, 8, offset);
        w_int(w, 8, -1); /* log start */
        w_int(w, 4, 10000);
        w_int(w, 4, 0); /* forgotten */
        w_str(w, "");   /* rack */
        asked(address, FETCH, 11, w);
        r_int(w, 4);
        CHECK(r_int(w, 2) == 0, "error");
        r_int(w, 4);
        CHECK(r_int(w, 4) == 1, "no topic");
        r_str(w, NULL, 0);
        CHECK(r_int(w, 4) == 1 && r_int(w, 4) == 0, "no partition");
        err = (int)r_int(w, 2);
        *hi = r_int(w, 8);
        r_int(w, 8);
        *lo = r_int(w, 8);
        CHECK(!w->bad, "the answer is cut off");
        free(w);
        return err;
}

#define FETCHES(address, offset, want_err, want_lo, want_hi)                                                           \
        do {                                                                                                           \
                int64_t lo_, hi_;                                                                                      \
                int err_ = fetch_at(address, offset, &lo_, &hi_);                                                      \
                CHECK(err_ == (want_err), "error %d", err_);                                                           \
                if (!(want_err))                                                                                       \
                        CHECK(lo_ == (want_lo) && hi_ == (want_hi), "%" PRId64 " to %" PRId64, lo_, hi_);              \
        } while (0)

static void follower_watermarks(void) {
        struct mock m      = mock_of(2);
        const char *second = strchr(m.servers, ',') + 1;
        const int outside  = RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 2), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 1), 0);
        send_all(&m, "t", 8);
        CHECK_ERR(rd_kafka_mock_partition_set_follower(m.cluster, "t", 0, 2), 0);
        FETCHES(second, 2, 0, 0, 8);
        CHECK_ERR(rd_kafka_mock_partition_set_follower_wmarks(m.cluster, "t", 0, 4, 6), 0);
        FETCHES(second, 2, outside, 0, 0);
        FETCHES(second, 4, 0, 4, 6);
        FETCHES(second, 7, outside, 0, 0);
        CHECK_ERR(rd_kafka_mock_partition_set_follower_wmarks(m.cluster, "t", 0, -1, -1), 0);
        FETCHES(second, 2, 0, 0, 8);
        /* Who does not follow has nothing. */
        CHECK_ERR(rd_kafka_mock_partition_set_follower(m.cluster, "t", 0, -1), 0);
        FETCHES(second, 2, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 0, 0);
        mock_end(&m);
}

/* ---- coordinators ---- */

static void coordinators(const char *type, int key_type) {
        struct mock m  = mock_of(3);
        struct wire *w = calloc(1, sizeof(*w));
        int32_t broker;
        for (broker = 1; broker <= 3; broker++) {
                int id;
                CHECK_ERR(rd_kafka_mock_coordinator_set(m.cluster, type, "x", broker), 0);
                w->len = w->pos = 0;
                w_str(w, "x");
                w_int(w, 1, key_type);
                asked(m.servers, FIND_COORDINATOR, 1, w);
                r_int(w, 4);
                CHECK(r_int(w, 2) == 0, "error");
                r_nullable(w, NULL, 0);
                id = (int)r_int(w, 4);
                CHECK(id == broker && !w->bad, "broker %d, not %" PRId32, id, broker);
        }
        free(w);
        mock_end(&m);
}

static void group_coordinators(void) {
        coordinators("group", 0);
}

static void transaction_coordinators(void) {
        coordinators("transaction", 1);
}

/* How long a group's first member waits for others. */
static int64_t first_join_takes(int delay_ms) {
        struct mock m  = mock_of(1);
        struct wire *w = calloc(1, sizeof(*w));
        int64_t start, err;
        rd_kafka_mock_group_initial_rebalance_delay_ms(m.cluster, delay_ms);
        w_str(w, "g");
        w_int(w, 4, 30000); /* session and rebalance timeout */
        w_int(w, 4, 30000);
        w_str(w, "");
        w_str(w, "consumer");
        w_int(w, 4, 1);
        w_str(w, "range");
        w_int(w, 4, 0);
        start = now_ms();
        asked(m.servers, JOIN_GROUP, 2, w);
        start = now_ms() - start;
        r_int(w, 4);
        err = r_int(w, 2);
        CHECK(err == 0, "error %d", (int)err);
        free(w);
        mock_end(&m);
        return start;
}

/* Without the function it would be three seconds. */
static void rebalance_delay(void) {
        int64_t took = first_join_takes(0);
        CHECK(took < 3000, "%" PRId64 " ms", took);
        took = first_join_takes(4000);
        CHECK(took >= 4000, "%" PRId64 " ms", took);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(destroyed);
        RUN(narrowed_versions);
        RUN(racks);
        RUN(leaders_pushed);
        RUN(follower_watermarks);
        RUN(group_coordinators);
        RUN(transaction_coordinators);
        RUN(rebalance_delay);
        return T_END();
}
