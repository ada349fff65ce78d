/*
 * Members of a group on a mock cluster, each with what the library told it, and what it consumed.
 *
 * A member's ledger says for each partition which offset comes next: a message of a partition that the member does not
 * hold is foreign, one with a higher offset than the next means that some were skipped. Both fail the case at once.
 */
#ifndef GROUP_H
#define GROUP_H

#include "client.h"
#include "rdkafka_mock.h"

#define PARTITIONS 64
#define API_FETCH 1
#define API_OFFSET_COMMIT 8
#define API_FIND_COORDINATOR 10
#define API_JOIN 11
#define API_HEARTBEAT 12
#define API_LEAVE 13
#define API_SYNC 14

/* ---- the cluster ---- */

static rd_kafka_t *mock_client;
static rd_kafka_mock_cluster_t *mock;

/* Starts a cluster and makes it the one at bootstrap(). */
static UNUSED void cluster_start(int brokers) {
        mock_client = client(RD_KAFKA_PRODUCER, conf_of("client.id", "mock", NULL));
        mock        = rd_kafka_mock_cluster_new(mock_client, brokers);
        if (!mock) {
                printf("  no mock cluster\n");
                exit(1);
        }
        rd_kafka_mock_group_initial_rebalance_delay_ms(mock, 0);
        setenv("BOOTSTRAP", rd_kafka_mock_cluster_bootstraps(mock), 1);
}

static UNUSED void cluster_stop(void) {
        rd_kafka_mock_cluster_destroy(mock);
        rd_kafka_destroy(mock_client);
        mock        = NULL;
        mock_client = NULL;
}

static UNUSED void topic_create(const char *topic, int partitions) {
        CHECK_ERR(rd_kafka_mock_topic_create(mock, topic, partitions, 1), 0);
}

/* How many requests of a kind came since the last call of requests_forget(). */
static UNUSED int requests_of(int16_t api) {
        size_t cnt, i;
        int n                       = 0;
        rd_kafka_mock_request_t **r = rd_kafka_mock_get_requests(mock, &cnt);
        for (i = 0; i < cnt; i++)
                n += rd_kafka_mock_request_api_key(r[i]) == api;
        rd_kafka_mock_request_destroy_array(r, cnt);
        return n;
}

/* ---- members ---- */

struct member {
        rd_kafka_t *rk;
        const char *name, *group;
        /* What the callback was told. */
        int assigns, revokes, lost, held;
        /* Errors that polling returned, without EOF. */
        int errors, eofs;
        rd_kafka_resp_err_t error;
        /* One topic's: whether it is held, the offset to come (-1: any), messages taken. */
        int has[PARTITIONS];
        int64_t next[PARTITIONS];
        int64_t taken[PARTITIONS];
        int messages;
        /* Called in the rebalance callback before the answer, if set. */
        void (*before_revoke)(struct member *m);
        /* The callback leaves the answer to the test. */
        int keep_silent;
        rd_kafka_topic_partition_list_t *unanswered;
        /* The newest statistics, with statistics.interval.ms. */
        char *stats;
};

static UNUSED int is_cooperative(rd_kafka_t *rk) {
        return !strcmp(rd_kafka_rebalance_protocol(rk), "COOPERATIVE");
}

static void member_answer(struct member *m, int assign, rd_kafka_topic_partition_list_t *parts) {
        rd_kafka_error_t *error = NULL;
        rd_kafka_resp_err_t err = 0;
        if (is_cooperative(m->rk))
                error = assign ? rd_kafka_incremental_assign(m->rk, parts) : rd_kafka_incremental_unassign(m->rk, parts);
        else
                err = rd_kafka_assign(m->rk, assign ? parts : NULL);
        CHECK(!error, "%s: answering the rebalance: %s", m->name, rd_kafka_error_string(error));
        CHECK_ERR(err, 0);
        if (error)
                rd_kafka_error_destroy(error);
}

static void member_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts, void *opaque) {
        struct member *m = opaque;
        int i, assign = err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if (!m->rk)
                m->rk = rk;
        if (getenv("T_VERBOSE"))
                printf("  %s: %s of %d%s\n", m->name, rd_kafka_err2name(err), parts->cnt, rd_kafka_assignment_lost(rk) ? ", lost" : "");
        if (assign) {
                m->assigns++;
                m->held += parts->cnt;
        } else {
                m->revokes++;
                m->lost += rd_kafka_assignment_lost(rk);
                m->held -= parts->cnt;
                if (m->before_revoke)
                        m->before_revoke(m);
        }
        for (i = 0; i < parts->cnt; i++) {
                int p = parts->elems[i].partition;
                if (p >= PARTITIONS)
                        continue;
                CHECK(m->has[p] != assign, "%s: partition %d is %s twice", m->name, p, assign ? "assigned" : "revoked");
                m->has[p]  = assign;
                m->next[p] = -1;
        }
        if (m->keep_silent)
                m->unanswered = rd_kafka_topic_partition_list_copy(parts);
        else
                member_answer(m, assign, parts);
}

static int member_stats(rd_kafka_t *rk, char *json, size_t len, void *opaque) {
        struct member *m = opaque;
        (void)len;
        if (m->stats)
                rd_kafka_mem_free(rk, m->stats);
        m->stats = json;
        return 1;
}

/* A new member that subscribes to a topic: member_start(&m, "a", group, topic, "name", "value", ..., NULL) */
static UNUSED void member_start(struct member *m, const char *name, const char *group, const char *topic, ...) {
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
        rd_kafka_conf_t *conf;
        va_list ap;
        const char *first;
        memset(m, 0, sizeof(*m));
        m->name  = name;
        m->group = group;
        va_start(ap, topic);
        first = va_arg(ap, const char *);
        conf  = conf_va(first, ap);
        va_end(ap);
        conf_put(conf, "bootstrap.servers", bootstrap());
        conf_put(conf, "group.id", group);
        conf_put(conf, "client.id", name);
        conf_put(conf, "auto.offset.reset", "earliest");
        conf_put(conf, "heartbeat.interval.ms", "200");
        rd_kafka_conf_set_rebalance_cb(conf, member_rebalance);
        rd_kafka_conf_set_opaque(conf, m);
        rd_kafka_conf_set_stats_cb(conf, member_stats);
        m->rk = client(RD_KAFKA_CONSUMER, conf);
        rd_kafka_poll_set_consumer(m->rk);
        rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_subscribe(m->rk, topics), 0);
        rd_kafka_topic_partition_list_destroy(topics);
}

/* Enters a message into the member's ledger. */
static UNUSED void member_take(struct member *m, rd_kafka_message_t *msg) {
        int p = msg->partition;
        if (msg->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                m->eofs++;
        } else if (msg->err) {
                if (getenv("T_VERBOSE"))
                        printf("  %s: %s: %s\n", m->name, rd_kafka_err2name(msg->err), rd_kafka_message_errstr(msg));
                m->errors++;
                m->error = msg->err;
        } else if (p < PARTITIONS) {
                CHECK(m->has[p], "%s got offset %" PRId64 " of partition %d, which it does not hold", m->name, msg->offset, p);
                CHECK(m->next[p] < 0 || m->next[p] == msg->offset, "%s: partition %d: offset %" PRId64 " after %" PRId64, m->name, p,
                      msg->offset, m->next[p] - 1);
                m->next[p] = msg->offset + 1;
                m->taken[p]++;
                m->messages++;
        }
}

static UNUSED void member_poll(struct member *m, int timeout) {
        rd_kafka_message_t *msg = rd_kafka_consumer_poll(m->rk, timeout);
        if (msg) {
                member_take(m, msg);
                rd_kafka_message_destroy(msg);
        }
}

/* Polls the members (up to three) until the condition holds or the time is over; the condition's value. */
#define POLL_UNTIL(limit_ms, cond, ...)                                                                                \
        ({                                                                                                             \
                struct member *all_[] = {__VA_ARGS__};                                                                 \
                int64_t end_          = now_ms() + ms(limit_ms);                                                       \
                int i_;                                                                                                \
                while (!(cond) && now_ms() < end_)                                                                     \
                        for (i_ = 0; i_ < (int)(sizeof(all_) / sizeof(*all_)); i_++)                                   \
                                member_poll(all_[i_], 10);                                                             \
                (cond);                                                                                                \
        })

/* The same, as a check. */
#define EXPECT(limit_ms, cond, ...) CHECK(POLL_UNTIL(limit_ms, cond, __VA_ARGS__), "not within %d ms", ms(limit_ms))

/* Polls for a time. */
#define POLL_FOR(time_ms, ...)                                                                                         \
        do {                                                                                                           \
                int64_t until_ = now_ms() + (time_ms);                                                                 \
                (void)POLL_UNTIL(600000, now_ms() >= until_, __VA_ARGS__);                                             \
        } while (0)

/* Closes and destroys, and checks that it does not take longer. A member with a fatal error is told of it once more. */
static UNUSED void member_end(struct member *m, int limit_ms) {
        char errstr[256];
        int fatal     = rd_kafka_fatal_error(m->rk, errstr, sizeof(errstr)) != 0;
        int64_t start = now_ms();
        int64_t took;
        CHECK_ERR(rd_kafka_consumer_close(m->rk), fatal ? RD_KAFKA_RESP_ERR__FATAL : 0);
        took = now_ms() - start;
        if (m->stats)
                rd_kafka_mem_free(m->rk, m->stats);
        m->stats = NULL;
        CHECK(took <= ms(limit_ms), "%s: close took %" PRId64 " ms", m->name, took);
        CHECK(m->held == 0, "%s holds %d partitions after close", m->name, m->held);
        DESTROY(m->rk, limit_ms);
}

/* Whether each partition is held by one of the two, whose next message of it is that of this offset. */
static UNUSED int both_reached(const struct member *a, const struct member *b, int partitions, int64_t offset) {
        int p;
        for (p = 0; p < partitions; p++)
                if (a->has[p] == b->has[p] || (a->has[p] ? a : b)->next[p] != offset)
                        return 0;
        return 1;
}

static UNUSED int64_t committed_of(rd_kafka_t *rk, const char *topic, int32_t partition) {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        int64_t offset;
        rd_kafka_topic_partition_list_add(l, topic, partition);
        CHECK_ERR(rd_kafka_committed(rk, l, ms(10000)), 0);
        CHECK_ERR(l->elems[0].err, 0);
        offset = l->elems[0].offset;
        rd_kafka_topic_partition_list_destroy(l);
        return offset;
}

static UNUSED rd_kafka_topic_partition_list_t *one(const char *topic, int32_t partition) {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(l, topic, partition);
        return l;
}

/* Fills all partitions with messages "v<first>" ... each. */
static UNUSED void fill(const char *topic, int partitions, int first, int cnt) {
        rd_kafka_t *rk = producer("linger.ms", "5", "queue.buffering.max.messages", "1000000", NULL);
        int p, i;
        for (p = 0; p < partitions; p++)
                for (i = first; i < first + cnt; i++) {
                        char value[32];
                        int len = snprintf(value, sizeof(value), "v%d", i);
                        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(p),
                                                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                                    RD_KAFKA_V_VALUE(value, (size_t)len), RD_KAFKA_V_END),
                                  0);
                }
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        rd_kafka_destroy(rk);
}

#endif
