/* The application's pause belongs to the partition, not to the assignment: only the application ends it. */
#include "consume.h"

enum { N = 10 };

static rd_kafka_topic_partition_list_t *both(const char *topic, int64_t offset) {
        rd_kafka_topic_partition_list_t *l                     = one(topic, 0, offset);
        rd_kafka_topic_partition_list_add(l, topic, 1)->offset = offset;
        return l;
}

/* Takes messages until partition 1 has given so many, and a moment longer; gives how many partition 0 has. */
static int beside(rd_kafka_t *rk, int of_1) {
        int64_t until = now_ms() + ms(20000), more = 0;
        int of_0 = 0, got = 0;
        while (now_ms() < until && (!more || now_ms() < more)) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 50);
                if (m && m->err)
                        CHECK(0, "%s", rd_kafka_message_errstr(m));
                else if (m && m->partition == 1)
                        got++;
                else if (m)
                        of_0++;
                if (m)
                        rd_kafka_message_destroy(m);
                if (got >= of_1 && !more)
                        more = now_ms() + 300;
        }
        CHECK(got == of_1, "%d messages of the partition that is not paused, expected %d", got, of_1);
        return of_0;
}

/* All of partition 0 from the first on. */
static void resumes(rd_kafka_t *rk, const char *topic, int64_t from) {
        rd_kafka_topic_partition_list_t *zero = one(topic, 0, RD_KAFKA_OFFSET_INVALID);
        int64_t want;
        CHECK_ERR(rd_kafka_resume_partitions(rk, zero), 0);
        CHECK_ERR(zero->elems[0].err, 0);
        for (want = from; want < N && !t.case_failures; want++)
                expect(rk, want);
        rd_kafka_topic_partition_list_destroy(zero);
}

static void set_pause(rd_kafka_t *rk, const char *topic) {
        rd_kafka_topic_partition_list_t *zero = one(topic, 0, RD_KAFKA_OFFSET_INVALID);
        CHECK_ERR(rd_kafka_pause_partitions(rk, zero), 0);
        CHECK_ERR(zero->elems[0].err, 0);
        rd_kafka_topic_partition_list_destroy(zero);
}

/* A consumer of both partitions that has taken all of them once, and then paused the first. */
static rd_kafka_t *paused(const char *topic) {
        rd_kafka_t *rk                     = consumer("group.id", "g", "enable.auto.commit", "false", NULL);
        rd_kafka_topic_partition_list_t *l = both(topic, 0);
        int i;
        CHECK(seed(topic, 0, N, 0) == N && seed(topic, 1, N, 0) == N, "seed");
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        for (i = 0; i < 2 * N; i++) {
                rd_kafka_message_t *m = next(rk, ms(10000));
                CHECK(m && !m->err, "message %d", i);
                if (m)
                        rd_kafka_message_destroy(m);
        }
        set_pause(rk, topic);
        rd_kafka_topic_partition_list_destroy(l);
        return rk;
}

static void assigned_again(void) {
        const char *topic                  = fresh_topic("again", 2);
        rd_kafka_t *rk                     = paused(topic);
        rd_kafka_topic_partition_list_t *l = both(topic, 0);
        int n;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        CHECK((n = beside(rk, N)) == 0, "%d messages of a paused partition", n);
        resumes(rk, topic, 0);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

static void unassigned_and_assigned(void) {
        const char *topic                  = fresh_topic("unassign", 2);
        rd_kafka_t *rk                     = paused(topic);
        rd_kafka_topic_partition_list_t *l = both(topic, 0);
        int n;
        CHECK_ERR(rd_kafka_assign(rk, NULL), 0);
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        CHECK((n = beside(rk, N)) == 0, "%d messages of a paused partition", n);
        resumes(rk, topic, 0);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

/* The assignment without the paused partition, and then with it. */
static void left_out_for_a_while(void) {
        const char *topic                  = fresh_topic("leftout", 2);
        rd_kafka_t *rk                     = paused(topic);
        rd_kafka_topic_partition_list_t *l = both(topic, 0);
        int n;
        assign(rk, topic, 1, 0);
        CHECK((n = beside(rk, N)) == 0, "%d messages of what is not assigned", n);
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        CHECK((n = beside(rk, N)) == 0, "%d messages of a paused partition", n);
        resumes(rk, topic, 0);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

static void incremental(void) {
        const char *topic                  = fresh_topic("incremental", 2);
        rd_kafka_t *rk                     = paused(topic);
        rd_kafka_topic_partition_list_t *l = both(topic, 0);
        int n;
        CHECK(!rd_kafka_incremental_unassign(rk, l), "unassign");
        CHECK(!rd_kafka_incremental_assign(rk, l), "assign");
        CHECK((n = beside(rk, N)) == 0, "%d messages of a paused partition", n);
        resumes(rk, topic, 0);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

/* A resume while nothing is assigned counts as well. */
static void resumed_meanwhile(void) {
        const char *topic                     = fresh_topic("meanwhile", 2);
        rd_kafka_t *rk                        = paused(topic);
        rd_kafka_topic_partition_list_t *zero = one(topic, 0, RD_KAFKA_OFFSET_INVALID);
        CHECK_ERR(rd_kafka_assign(rk, NULL), 0);
        CHECK_ERR(rd_kafka_resume_partitions(rk, zero), 0);
        CHECK_ERR(zero->elems[0].err, 0);
        assign(rk, topic, 0, 0);
        expect(rk, 0);
        rd_kafka_topic_partition_list_destroy(zero);
        DESTROY(rk, 5000);
}

static void started_again(void) {
        const char *topic                     = fresh_topic("simple", 1);
        rd_kafka_topic_partition_list_t *zero = one(topic, 0, RD_KAFKA_OFFSET_INVALID);
        rd_kafka_t *rk                        = consumer(NULL, NULL);
        rd_kafka_topic_t *rkt                 = rd_kafka_topic_new(rk, topic, NULL);
        rd_kafka_message_t *m;
        NEED(seed(topic, 0, N, 0) == N, "seed");
        CHECK(!rd_kafka_consume_start(rkt, 0, 0), "start");
        m = rd_kafka_consume(rkt, 0, ms(10000));
        CHECK(m && !m->err && m->offset == 0, "the first message");
        if (m)
                rd_kafka_message_destroy(m);
        CHECK_ERR(rd_kafka_pause_partitions(rk, zero), 0);
        CHECK(!rd_kafka_consume_stop(rkt, 0), "stop");
        CHECK(!rd_kafka_consume_start(rkt, 0, 3), "start");
        m = rd_kafka_consume(rkt, 0, 1000);
        CHECK(!m, "a message of a paused partition");
        if (m)
                rd_kafka_message_destroy(m);
        CHECK_ERR(rd_kafka_resume_partitions(rk, zero), 0);
        m = rd_kafka_consume(rkt, 0, ms(10000));
        CHECK(m && !m->err && m->offset == 3, "after resuming");
        if (m)
                rd_kafka_message_destroy(m);
        CHECK(!rd_kafka_consume_stop(rkt, 0), "stop");
        rd_kafka_topic_partition_list_destroy(zero);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 5000);
}

/* ---- rebalances ---- */

struct member {
        rd_kafka_t *rk;
        int held, of_0, of_1;
};

static void rebalance_cb(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts, void *opaque) {
        struct member *m        = opaque;
        int cooperative         = !strcmp(rd_kafka_rebalance_protocol(rk), "COOPERATIVE");
        rd_kafka_error_t *error = NULL;
        if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
                m->held += parts->cnt;
                if (cooperative)
                        error = rd_kafka_incremental_assign(rk, parts);
                else
                        rd_kafka_assign(rk, parts);
        } else {
                m->held -= parts->cnt;
                if (cooperative)
                        error = rd_kafka_incremental_unassign(rk, parts);
                else
                        rd_kafka_assign(rk, NULL);
        }
        CHECK(!error, "answering the rebalance: %s", rd_kafka_error_string(error));
        if (error)
                rd_kafka_error_destroy(error);
}

static void join(struct member *m, const char *group, const char *strategy, const char *topic) {
        rd_kafka_topic_partition_list_t *topics = one(topic, RD_KAFKA_PARTITION_UA, 0);
        rd_kafka_conf_t *conf = conf_of("group.id", group, "partition.assignment.strategy", strategy, "bootstrap.servers", bootstrap(),
                                        "auto.offset.reset", "earliest", "heartbeat.interval.ms", "300", NULL);
        memset(m, 0, sizeof(*m));
        rd_kafka_conf_set_rebalance_cb(conf, rebalance_cb);
        rd_kafka_conf_set_opaque(conf, m);
        m->rk = client(RD_KAFKA_CONSUMER, conf);
        CHECK_ERR(rd_kafka_subscribe(m->rk, topics), 0);
        rd_kafka_topic_partition_list_destroy(topics);
}

static void take(struct member *member) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(member->rk, 50);
        if (!m)
                return;
        if (!m->err)
                ++*(m->partition ? &member->of_1 : &member->of_0);
        rd_kafka_message_destroy(m);
}

/* Polls until each holds so many partitions. */
static void until_held(struct member *a, int want_a, struct member *b, int want_b) {
        int64_t end = now_ms() + ms(30000);
        while (now_ms() < end && (a->held != want_a || (b && b->held != want_b))) {
                take(a);
                if (b)
                        take(b);
        }
        CHECK(a->held == want_a && (!b || b->held == want_b), "the members hold %d and %d partitions", a->held, b ? b->held : 0);
}

/* A second member comes, takes one of the partitions, whichever, and leaves again. */
static void rebalanced(const char *strategy) {
        const char *topic = fresh_topic("group", 2), *group = fresh("group");
        rd_kafka_topic_partition_list_t *zero = one(topic, 0, RD_KAFKA_OFFSET_INVALID);
        struct member a, b;
        int64_t end;
        join(&a, group, strategy, topic);
        until_held(&a, 2, NULL, 0);
        CHECK_ERR(rd_kafka_pause_partitions(a.rk, zero), 0);
        join(&b, group, strategy, topic);
        until_held(&a, 1, &b, 1);
        CHECK_ERR(rd_kafka_consumer_close(b.rk), 0);
        DESTROY(b.rk, 5000);
        until_held(&a, 2, NULL, 0);
        NEED(seed(topic, 0, N, 0) == N && seed(topic, 1, N, 0) == N, "seed");
        /* What the client paused for the rebalance itself goes on. */
        for (end = now_ms() + ms(10000); now_ms() < end && a.of_1 < N;)
                take(&a);
        for (end = now_ms() + 300; now_ms() < end;)
                take(&a);
        CHECK(a.of_1 == N, "%d messages of the partition that is not paused", a.of_1);
        CHECK(a.of_0 == 0, "%d messages of the paused partition", a.of_0);
        CHECK_ERR(rd_kafka_resume_partitions(a.rk, zero), 0);
        for (end = now_ms() + ms(10000); now_ms() < end && a.of_0 < N;)
                take(&a);
        CHECK(a.of_0 == N, "%d messages after resuming", a.of_0);
        rd_kafka_topic_partition_list_destroy(zero);
        CHECK_ERR(rd_kafka_consumer_close(a.rk), 0);
        DESTROY(a.rk, 5000);
}

static void rebalanced_eager(void) {
        rebalanced("range");
}

static void rebalanced_cooperative(void) {
        rebalanced("cooperative-sticky");
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(assigned_again);
        RUN(unassigned_and_assigned);
        RUN(left_out_for_a_while);
        RUN(incremental);
        RUN(resumed_meanwhile);
        RUN(started_again);
        RUN(rebalanced_eager);
        RUN(rebalanced_cooperative);
        return T_END();
}
