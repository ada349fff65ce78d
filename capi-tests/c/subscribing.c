/* Subscribing again, rebalances that nobody answers, the log of a group from the first moment on. */
#include "consume.h"
#include "mock.h"

struct member {
        rd_kafka_t *rk;
        int assigns, revokes, answers;
        /* Subscribes again while it is given its first partitions. */
        rd_kafka_topic_partition_list_t *again;
};

static void answer(struct member *m, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts) {
        rd_kafka_error_t *error = NULL;
        if (!strcmp(rd_kafka_rebalance_protocol(m->rk), "COOPERATIVE"))
                error = err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? rd_kafka_incremental_assign(m->rk, parts)
                                                                    : rd_kafka_incremental_unassign(m->rk, parts);
        else
                rd_kafka_assign(m->rk, err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? parts : NULL);
        CHECK(!error, "answering the rebalance: %s", rd_kafka_error_string(error));
        if (error)
                rd_kafka_error_destroy(error);
}

static void rebalance_cb(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts, void *opaque) {
        struct member *m = opaque;
        m->rk            = rk;
        ++*(err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? &m->assigns : &m->revokes);
        if (m->answers)
                answer(m, err, parts);
        if (m->again) {
                CHECK_ERR(rd_kafka_subscribe(rk, m->again), 0);
                m->again = NULL;
        }
}

static void member_of(struct member *m, const char *strategy, int answers) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), "group.id", fresh("group"), "partition.assignment.strategy", strategy,
                                        "heartbeat.interval.ms", "300", NULL);
        memset(m, 0, sizeof(*m));
        m->answers = answers;
        rd_kafka_conf_set_rebalance_cb(conf, rebalance_cb);
        rd_kafka_conf_set_opaque(conf, m);
        m->rk = client(RD_KAFKA_CONSUMER, conf);
}

static void poll_until(struct member *m, int assigns, int limit_ms) {
        int64_t end = now_ms() + limit_ms;
        while (now_ms() < end && m->assigns < assigns) {
                rd_kafka_message_t *msg = rd_kafka_consumer_poll(m->rk, 50);
                if (msg)
                        rd_kafka_message_destroy(msg);
        }
}

/* ---- the same topics again ---- */

static void the_same_again(const char *strategy, const char *name, int assigns, int revokes) {
        rd_kafka_topic_partition_list_t *l = one(name, RD_KAFKA_PARTITION_UA, 0);
        struct member m;
        member_of(&m, strategy, 1);
        CHECK_ERR(rd_kafka_subscribe(m.rk, l), 0);
        poll_until(&m, 1, ms(30000));
        CHECK(m.assigns == 1 && m.revokes == 0, "%d assigned, %d revoked", m.assigns, m.revokes);
        CHECK_ERR(rd_kafka_subscribe(m.rk, l), 0);
        poll_until(&m, 2, assigns == 2 ? ms(30000) : 2000);
        CHECK(m.assigns == assigns && m.revokes == revokes, "%d assigned, %d revoked", m.assigns, m.revokes);
        CHECK_ERR(rd_kafka_consumer_close(m.rk), 0);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(m.rk, 5000);
}

static void again_eager(void) {
        the_same_again("range", fresh_topic("again", 2), 2, 1);
}

static void again_roundrobin(void) {
        the_same_again("roundrobin", fresh_topic("again", 2), 2, 1);
}

/* What stays is left alone. */
static void again_cooperative(void) {
        the_same_again("cooperative-sticky", fresh_topic("again", 2), 1, 0);
}

static void again_pattern(void) {
        char pattern[200];
        snprintf(pattern, sizeof(pattern), "^%s$", fresh_topic("again", 2));
        the_same_again("range", pattern, 2, 1);
}

static void again_within_the_callback(void) {
        rd_kafka_topic_partition_list_t *l = one(fresh_topic("within", 2), RD_KAFKA_PARTITION_UA, 0);
        struct member m;
        member_of(&m, "range", 1);
        m.again = l;
        CHECK_ERR(rd_kafka_subscribe(m.rk, l), 0);
        poll_until(&m, 2, ms(30000));
        CHECK(m.assigns == 2 && m.revokes == 1, "%d assigned, %d revoked", m.assigns, m.revokes);
        CHECK_ERR(rd_kafka_consumer_close(m.rk), 0);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(m.rk, 5000);
}

/* ---- an assignment that the application does not take ---- */

static void never_taken(const char *strategy, int closes) {
        rd_kafka_topic_partition_list_t *l = one(fresh_topic("lazy", 2), RD_KAFKA_PARTITION_UA, 0);
        struct member m;
        int64_t start;
        member_of(&m, strategy, 0);
        CHECK_ERR(rd_kafka_subscribe(m.rk, l), 0);
        poll_until(&m, 1, ms(30000));
        CHECK(m.assigns == 1, "%d assigned", m.assigns);
        start = now_ms();
        if (closes)
                CHECK_ERR(rd_kafka_consumer_close(m.rk), 0);
        rd_kafka_destroy(m.rk);
        CHECK(m.revokes == 0, "%d times asked to give up what it has not", m.revokes);
        /* Nobody was waited for: that takes 5 s. */
        CHECK(now_ms() - start < ms(4000), "%d ms", (int)(now_ms() - start));
        rd_kafka_topic_partition_list_destroy(l);
}

static void never_taken_eager(void) {
        never_taken("range", 1);
}

static void never_taken_cooperative(void) {
        if (is_upstream())
                SKIP("librdkafka asks, and waits for ever");
        never_taken("cooperative-sticky", 1);
}

static void never_taken_destroyed(void) {
        never_taken("range", 0);
}

/* What was taken is given up in order. */
static void taken(void) {
        rd_kafka_topic_partition_list_t *l = one(fresh_topic("taken", 2), RD_KAFKA_PARTITION_UA, 0);
        struct member m;
        member_of(&m, "range", 1);
        CHECK_ERR(rd_kafka_subscribe(m.rk, l), 0);
        poll_until(&m, 1, ms(30000));
        CHECK_ERR(rd_kafka_consumer_close(m.rk), 0);
        CHECK(m.assigns == 1 && m.revokes == 1, "%d assigned, %d revoked", m.assigns, m.revokes);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(m.rk, 5000);
}

/* ---- topics that turn unauthorised ---- */

/* Polls until the number of assignments is reached, and counts the errors of the topic. */
static int errors_of(struct member *m, const char *topic, int assigns, int want) {
        int64_t end = now_ms() + ms(20000);
        int errors  = 0;
        while (now_ms() < end && (m->assigns < assigns || errors < want)) {
                rd_kafka_message_t *msg = rd_kafka_consumer_poll(m->rk, 50);
                if (msg && msg->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
                        CHECK(msg->rkt && !strcmp(rd_kafka_topic_name(msg->rkt), topic), "an error of another topic");
                        errors++;
                }
                if (msg)
                        rd_kafka_message_destroy(msg);
        }
        return errors;
}

static void unauthorised(const char *const *names, int cnt) {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(cnt);
        struct mock cluster                = mock_of(1);
        rd_kafka_conf_t *conf              = conf_of("bootstrap.servers", cluster.servers, "group.id", "g", "heartbeat.interval.ms", "300",
                                                     "topic.metadata.refresh.interval.ms", "1000", NULL);
        struct member m                    = {.answers = 1};
        int n;
        CHECK_ERR(rd_kafka_mock_topic_create(cluster.cluster, "aone", 1, 1), 0);
        CHECK_ERR(rd_kafka_mock_topic_create(cluster.cluster, "atwo", 1, 1), 0);
        rd_kafka_conf_set_rebalance_cb(conf, rebalance_cb);
        rd_kafka_conf_set_opaque(conf, &m);
        m.rk = client(RD_KAFKA_CONSUMER, conf);
        for (n = 0; n < cnt; n++)
                rd_kafka_topic_partition_list_add(l, names[n], RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_subscribe(m.rk, l), 0);
        poll_until(&m, 1, ms(30000));
        CHECK(m.assigns == 1, "%d assigned", m.assigns);
        rd_kafka_mock_topic_set_error(cluster.cluster, "atwo", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
        /* librdkafka's mock does not let the member join again. */
        n = errors_of(&m, "atwo", is_upstream() ? 1 : 2, 1);
        CHECK(n == 1, "%d errors", n);
        if (!is_upstream()) {
                CHECK(m.assigns == 2 && m.revokes == 1, "%d assigned, %d revoked", m.assigns, m.revokes);
                rd_kafka_mock_topic_set_error(cluster.cluster, "atwo", RD_KAFKA_RESP_ERR_NO_ERROR);
                n = errors_of(&m, "atwo", 3, 0);
                CHECK(n == 0 && m.assigns == 3 && m.revokes == 2, "%d errors, %d assigned, %d revoked", n, m.assigns, m.revokes);
        }
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_destroy(m.rk);
        mock_end(&cluster);
}

static void unauthorised_by_name(void) {
        static const char *const names[] = {"aone", "atwo"};
        unauthorised(names, 2);
}

static void unauthorised_by_pattern(void) {
        static const char *const names[] = {"^a.*"};
        unauthorised(names, 1);
}

static void unauthorised_by_both(void) {
        static const char *const names[] = {"^atw", "aone"};
        unauthorised(names, 2);
}

/* ---- a pattern and the name of a topic that is missing ---- */

/* All topics are asked for, and none by its name: what is missing is not created. */
static void a_pattern_beside_a_missing_name(void) {
        struct mock cluster                = mock_of(1);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(2);
        rd_kafka_conf_t *conf              = conf_of("bootstrap.servers", cluster.servers, "group.id", "g", "allow.auto.create.topics", "true",
                                                     "topic.metadata.refresh.interval.ms", "500", NULL);
        struct member m                    = {.answers = 1};
        rd_kafka_t *observing;
        CHECK_ERR(rd_kafka_mock_topic_create(cluster.cluster, "there", 1, 1), 0);
        rd_kafka_conf_set_rebalance_cb(conf, rebalance_cb);
        rd_kafka_conf_set_opaque(conf, &m);
        m.rk = client(RD_KAFKA_CONSUMER, conf);
        rd_kafka_topic_partition_list_add(l, "missing", RD_KAFKA_PARTITION_UA);
        rd_kafka_topic_partition_list_add(l, "^there", RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_subscribe(m.rk, l), 0);
        poll_until(&m, 1, ms(30000));
        CHECK(m.assigns == 1, "%d assigned", m.assigns);
        poll_until(&m, 2, 1500);
        observing = observer(&cluster);
        CHECK_ERR(topic_err(observing, "missing"), RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        /* It is consumed when somebody else has made it. */
        CHECK_ERR(rd_kafka_mock_topic_create(cluster.cluster, "missing", 1, 1), 0);
        poll_until(&m, 2, ms(30000));
        CHECK(m.assigns == 2, "%d assigned", m.assigns);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_destroy(observing);
        rd_kafka_destroy(m.rk);
        mock_end(&cluster);
}

/* ---- debug=cgrp ---- */

static const char *const facilities[] = {"MEMBERID", "CGRPSTATE", "CGRPQUERY"};
static int seen[3];

static void log_cb(const rd_kafka_t *rk, int level, const char *fac, const char *text) {
        int i;
        (void)rk;
        (void)level;
        for (i = 0; i < 3; i++)
                if (!strcmp(fac, facilities[i]) && strstr(text, "cgrp-log-test"))
                        __sync_fetch_and_add(&seen[i], 1);
}

static void group_logs(const char *servers, const char *queue, int wanted) {
        rd_kafka_conf_t *conf = conf_of("debug", "cgrp", "log.queue", queue, "bootstrap.servers", servers, NULL);
        int64_t end           = now_ms() + ms(wanted ? 10000 : 500);
        rd_kafka_t *rk;
        int i, all = 0;
        memset(seen, 0, sizeof(seen));
        if (wanted)
                conf_put(conf, "group.id", "cgrp-log-test");
        rd_kafka_conf_set_log_cb(conf, log_cb);
        rk = client(RD_KAFKA_CONSUMER, conf);
        if (!strcmp(queue, "true"))
                rd_kafka_set_log_queue(rk, NULL);
        while (now_ms() < end && all < 3) {
                rd_kafka_poll(rk, 50);
                for (all = 0, i = 0; i < 3; i++)
                        all += __sync_fetch_and_add(&seen[i], 0) > 0;
        }
        for (i = 0; i < 3; i++)
                CHECK((seen[i] > 0) == wanted, "%s: %d lines", facilities[i], seen[i]);
        DESTROY(rk, 5000);
}

static void logs_without_a_broker(void) {
        group_logs("127.0.0.1:1", "false", 1);
}

static void logs_with_a_broker(void) {
        group_logs(bootstrap(), "false", 1);
}

static void logs_by_queue(void) {
        group_logs(bootstrap(), "true", 1);
}

static void no_logs_without_a_group(void) {
        group_logs(bootstrap(), "false", 0);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(again_eager);
        RUN(again_roundrobin);
        RUN(again_cooperative);
        RUN(again_pattern);
        RUN(again_within_the_callback);
        RUN(never_taken_eager);
        RUN(never_taken_cooperative);
        RUN(never_taken_destroyed);
        RUN(taken);
        RUN(unauthorised_by_name);
        RUN(unauthorised_by_pattern);
        RUN(unauthorised_by_both);
        RUN(a_pattern_beside_a_missing_name);
        RUN(logs_without_a_broker);
        RUN(logs_with_a_broker);
        RUN(logs_by_queue);
        RUN(no_logs_without_a_group);
        return T_END();
}
