/* Groups of the consumer protocol (KIP-848) in the mock cluster: what a test sets of them. */
#include "mock.h"

enum { CONSUMER_GROUP_HEARTBEAT = 68 };

/* A member; bit n of `held` is set while it has partition n. */
struct member {
        rd_kafka_t *rk;
        unsigned held;
        int lost;
};

static void rebalance_cb(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts, void *opaque) {
        struct member *m = opaque;
        rd_kafka_error_t *error;
        unsigned bits = 0;
        int i;
        for (i = 0; i < parts->cnt; i++)
                bits |= 1u << parts->elems[i].partition;
        if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
                m->held |= bits;
                error = rd_kafka_incremental_assign(rk, parts);
        } else {
                m->lost += rd_kafka_assignment_lost(rk);
                m->held &= ~bits;
                error = rd_kafka_incremental_unassign(rk, parts);
        }
        CHECK(!error, "answering the rebalance: %s", rd_kafka_error_string(error));
        if (error)
                rd_kafka_error_destroy(error);
}

static void join(struct member *m, const struct mock *mock, const char *topic) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", mock->servers, "group.id", "g", "group.protocol", "consumer", NULL);
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
        memset(m, 0, sizeof(*m));
        rd_kafka_conf_set_rebalance_cb(conf, rebalance_cb);
        rd_kafka_conf_set_opaque(conf, m);
        m->rk = client(RD_KAFKA_CONSUMER, conf);
        rd_kafka_poll_set_consumer(m->rk);
        rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_subscribe(m->rk, topics), 0);
        rd_kafka_topic_partition_list_destroy(topics);
}

static void leave(struct member *m) {
        CHECK_ERR(rd_kafka_consumer_close(m->rk), 0);
        DESTROY(m->rk, 5000);
}

static void poll_once(struct member *m) {
        rd_kafka_message_t *msg = rd_kafka_consumer_poll(m->rk, 20);
        if (msg)
                rd_kafka_message_destroy(msg);
}

/* Polls both members until they have these partitions. */
static void until(struct member *a, unsigned want_a, struct member *b, unsigned want_b) {
        int64_t end = now_ms() + ms(30000);
        while (now_ms() < end && (a->held != want_a || (b && b->held != want_b))) {
                poll_once(a);
                if (b)
                        poll_once(b);
                CHECK(!b || !(a->held & b->held), "both have %x", a->held & (b ? b->held : 0));
        }
        CHECK(a->held == want_a, "the first member has %x, not %x", a->held, want_a);
        CHECK(!b || b->held == want_b, "the second member has %x, not %x", b ? b->held : 0, want_b);
}

static void poll_for(struct member *m, int time) {
        int64_t end = now_ms() + time;
        while (now_ms() < end)
                poll_once(m);
}

static char *id_of(const struct member *m) {
        rd_kafka_consumer_group_metadata_t *md = rd_kafka_consumer_group_metadata(m->rk);
        char *id                               = strdup(rd_kafka_consumer_group_metadata_member_id(md));
        rd_kafka_consumer_group_metadata_destroy(md);
        return id;
}

/* What two members are to have, as bits; a null member is not named. */
static void target(const struct mock *mock, const char *topic, struct member *a, unsigned want_a, struct member *b, unsigned want_b) {
        rd_kafka_mock_cgrp_consumer_target_assignment_t *t;
        struct member *members[]                 = {a, b};
        unsigned wanted[]                        = {want_a, want_b};
        rd_kafka_topic_partition_list_t *lists[2] = {0};
        char *ids[2];
        int cnt = 0, i, p;
        for (i = 0; i < 2; i++) {
                if (!members[i])
                        continue;
                ids[cnt]   = id_of(members[i]);
                lists[cnt] = rd_kafka_topic_partition_list_new(1);
                for (p = 0; p < 32; p++)
                        if (wanted[i] & (1u << p))
                                rd_kafka_topic_partition_list_add(lists[cnt], topic, p);
                cnt++;
        }
        t = rd_kafka_mock_cgrp_consumer_target_assignment_new(ids, cnt, lists);
        CHECK(t != NULL, "no assignment");
        /* All of it was copied. */
        for (i = 0; i < cnt; i++) {
                rd_kafka_topic_partition_list_destroy(lists[i]);
                free(ids[i]);
        }
        rd_kafka_mock_cgrp_consumer_target_assignment(mock->cluster, "no such group", t);
        rd_kafka_mock_cgrp_consumer_target_assignment(mock->cluster, "g", t);
        rd_kafka_mock_cgrp_consumer_target_assignment_destroy(t);
}

static struct mock cluster_with(const char *topic, int interval) {
        struct mock m = mock_of(1);
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, topic, 4, 1), 0);
        rd_kafka_mock_set_group_consumer_heartbeat_interval_ms(m.cluster, interval);
        return m;
}

static int heartbeats(const struct mock *m) {
        size_t n, i;
        int cnt                       = 0;
        rd_kafka_mock_request_t **all = rd_kafka_mock_get_requests(m->cluster, &n);
        for (i = 0; i < n; i++)
                cnt += rd_kafka_mock_request_api_key(all[i]) == CONSUMER_GROUP_HEARTBEAT;
        rd_kafka_mock_request_destroy_array(all, n);
        return cnt;
}

static void targets(void) {
        struct mock m = cluster_with("t", 100);
        struct member a, b;
        join(&a, &m, "t");
        until(&a, 0xf, NULL, 0);
        target(&m, "t", &a, 0x5, NULL, 0);
        until(&a, 0x5, NULL, 0);
        /* Whoever joins changes nothing. */
        join(&b, &m, "t");
        poll_for(&b, 500);
        until(&a, 0x5, &b, 0);
        /* What the other one has comes when it has given it up. */
        target(&m, "t", &a, 0x4, &b, 0xb);
        until(&a, 0x4, &b, 0xb);
        target(&m, "t", &a, 0, &b, 0xf);
        until(&a, 0, &b, 0xf);
        /* The coordinator assigns again. */
        rd_kafka_mock_cgrp_consumer_target_assignment(m.cluster, "g", NULL);
        {
                int64_t end = now_ms() + ms(30000);
                while (now_ms() < end && (__builtin_popcount(a.held) != 2 || __builtin_popcount(b.held) != 2)) {
                        poll_once(&a);
                        poll_once(&b);
                }
                CHECK((a.held | b.held) == 0xf && __builtin_popcount(a.held) == 2, "%x and %x", a.held, b.held);
        }
        leave(&b);
        until(&a, 0xf, NULL, 0);
        CHECK(!a.lost && !b.lost, "partitions were lost");
        leave(&a);
        mock_end(&m);
}

static void intervals(void) {
        struct mock m = cluster_with("t", 200);
        struct member a;
        int slow, fast;
        join(&a, &m, "t");
        until(&a, 0xf, NULL, 0);
        rd_kafka_mock_start_request_tracking(m.cluster);
        poll_for(&a, 2000);
        fast = heartbeats(&m);
        rd_kafka_mock_set_group_consumer_heartbeat_interval_ms(m.cluster, 1000);
        poll_for(&a, 500);
        rd_kafka_mock_clear_requests(m.cluster);
        poll_for(&a, 2000);
        slow = heartbeats(&m);
        CHECK(fast >= 6 && fast <= 11, "%d heartbeats in 2 s, one each 200 ms", fast);
        CHECK(slow >= 1 && slow <= 3, "%d heartbeats in 2 s, one each second", slow);
        leave(&a);
        mock_end(&m);
}

/* A member whose heartbeats come too late is out, and joins again. */
static void session_timeout(void) {
        struct mock m = cluster_with("t", 100);
        struct member a;
        int64_t end;
        rd_kafka_mock_set_group_consumer_session_timeout_ms(m.cluster, 1000);
        join(&a, &m, "t");
        until(&a, 0xf, NULL, 0);
        rd_kafka_mock_set_group_consumer_heartbeat_interval_ms(m.cluster, 4000);
        for (end = now_ms() + ms(30000); now_ms() < end && !a.lost;)
                poll_once(&a);
        CHECK(a.lost == 1, "lost %d times", a.lost);
        rd_kafka_mock_set_group_consumer_heartbeat_interval_ms(m.cluster, 100);
        until(&a, 0xf, NULL, 0);
        leave(&a);
        mock_end(&m);
}

/* A member that is told by an injected error that it is out is out. */
static void injected(void) {
        static const rd_kafka_resp_err_t errs[] = {RD_KAFKA_RESP_ERR_FENCED_MEMBER_EPOCH, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID};
        struct mock m                           = cluster_with("t", 100);
        struct member a;
        size_t i;
        join(&a, &m, "t");
        until(&a, 0xf, NULL, 0);
        for (i = 0; i < 2; i++) {
                int64_t end = now_ms() + ms(30000);
                int lost    = a.lost;
                rd_kafka_mock_push_request_errors(m.cluster, CONSUMER_GROUP_HEARTBEAT, 1, errs[i]);
                while (now_ms() < end && a.lost == lost)
                        poll_once(&a);
                CHECK(a.lost == lost + 1, "lost %d times after %s", a.lost - lost, rd_kafka_err2name(errs[i]));
                until(&a, 0xf, NULL, 0);
        }
        leave(&a);
        mock_end(&m);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(targets);
        RUN(intervals);
        RUN(session_timeout);
        RUN(injected);
        return T_END();
}
