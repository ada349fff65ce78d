/* Members of a group whose brokers, coordinator or leaders go away: consuming goes on, and closing always ends. */
#include "group.h"

static void all_down(int down) {
        int b;
        for (b = 1; b <= 3; b++)
                CHECK_ERR(down ? rd_kafka_mock_broker_set_down(mock, b) : rd_kafka_mock_broker_set_up(mock, b), 0);
}

/* Each broker goes down and comes back, the coordinator among them: nothing is lost, nothing stays stuck. */
static void broker_restarts(const char *strategy) {
        const char *topic = fresh("topic"), *group = fresh("group");
        struct member a, b;
        int round;
        cluster_start(3);
        topic_create(topic, 6);
        fill(topic, 6, 0, 20);
        member_start(&a, "a", group, topic, "partition.assignment.strategy", strategy, NULL);
        EXPECT(20000, a.held == 6, &a);
        member_start(&b, "b", group, topic, "partition.assignment.strategy", strategy, NULL);
        EXPECT(20000, a.held == 3 && b.held == 3 && a.messages + b.messages >= 120, &a, &b);
        for (round = 1; round <= 3; round++) {
                int64_t had = a.messages + b.messages;
                CHECK_ERR(rd_kafka_mock_broker_set_down(mock, round), 0);
                POLL_FOR(500, &a, &b);
                CHECK_ERR(rd_kafka_mock_broker_set_up(mock, round), 0);
                fill(topic, 6, 20 * round, 20);
                EXPECT(20000, a.messages + b.messages >= had + 120, &a, &b);
        }
        CHECK(a.held == 3 && b.held == 3, "%d and %d are held", a.held, b.held);
        CHECK(a.lost == 0 && b.lost == 0, "an assignment was lost");
        member_end(&a, 6000);
        EXPECT(20000, b.held == 6, &b);
        member_end(&b, 6000);
        cluster_stop();
}

static void restart_eager(void) {
        broker_restarts("range");
}

static void restart_cooperative(void) {
        broker_restarts("cooperative-sticky");
}

/* The leader moves while the old one lives, then while it is down; the consumer follows. */
static void leader_changes(void) {
        const char *topic = fresh("topic"), *group = fresh("group");
        struct member a;
        int round, p;
        cluster_start(3);
        topic_create(topic, 3);
        for (p = 0; p < 3; p++)
                rd_kafka_mock_partition_set_leader(mock, topic, p, 1);
        fill(topic, 3, 0, 10);
        member_start(&a, "a", group, topic, "topic.metadata.refresh.interval.ms", "300000", NULL);
        EXPECT(20000, a.messages == 30, &a);
        for (round = 1; round <= 6; round++) {
                int from = (round - 1) % 3 + 1, to = round % 3 + 1, down = round > 3;
                if (down)
                        CHECK_ERR(rd_kafka_mock_broker_set_down(mock, from), 0);
                for (p = 0; p < 3; p++)
                        CHECK_ERR(rd_kafka_mock_partition_set_leader(mock, topic, p, to), 0);
                fill(topic, 3, 10 * round, 10);
                EXPECT(20000, a.messages == 30 + 30 * round, &a);
                if (down)
                        CHECK_ERR(rd_kafka_mock_broker_set_up(mock, from), 0);
        }
        CHECK(a.lost == 0, "the assignment was lost");
        member_end(&a, 6000);
        cluster_stop();
}

/* No leader for a while: the consumer waits, and goes on where it was. */
static void leaderless(void) {
        const char *topic = fresh("topic"), *group = fresh("group");
        struct member a;
        cluster_start(2);
        topic_create(topic, 1);
        fill(topic, 1, 0, 10);
        member_start(&a, "a", group, topic, NULL);
        EXPECT(20000, a.messages == 10, &a);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(mock, topic, 0, -1), 0);
        POLL_FOR(1000, &a);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(mock, topic, 0, 2), 0);
        fill(topic, 1, 10, 10);
        EXPECT(20000, a.messages == 20, &a);
        member_end(&a, 6000);
        cluster_stop();
}

/* The group moves to another coordinator, with the old one alive or down; the assignment stays. */
static void coordinator_moves(void) {
        const char *topic = fresh("topic"), *group = fresh("group");
        struct member a, b;
        int to;
        cluster_start(3);
        topic_create(topic, 4);
        CHECK_ERR(rd_kafka_mock_coordinator_set(mock, "group", group, 1), 0);
        member_start(&a, "a", group, topic, NULL);
        EXPECT(20000, a.held == 4, &a);
        for (to = 2; to <= 3; to++) {
                CHECK_ERR(rd_kafka_mock_coordinator_set(mock, "group", group, to), 0);
                if (to == 3)
                        CHECK_ERR(rd_kafka_mock_broker_set_down(mock, 2), 0);
                POLL_FOR(1000, &a);
                CHECK(a.held == 4 && a.lost == 0, "%d partitions are held, %d were lost", a.held, a.lost);
        }
        /* The new coordinator serves joins and commits. */
        member_start(&b, "b", group, topic, NULL);
        EXPECT(20000, a.held == 2 && b.held == 2, &a, &b);
        CHECK(a.lost == 0, "the assignment was lost");
        CHECK_ERR(rd_kafka_mock_broker_set_up(mock, 2), 0);
        fill(topic, 4, 0, 5);
        EXPECT(20000, a.messages + b.messages >= 20, &a, &b);
        CHECK_ERR(rd_kafka_commit(a.rk, NULL, 0), 0);
        member_end(&a, 6000);
        member_end(&b, 6000);
        cluster_stop();
}

/* Destroying without close after all brokers went down and came back, and while they are down. */
static void destroy_after_down(void) {
        const char *topic = fresh("topic"), *group = fresh("group");
        int up, threads;
        cluster_start(3);
        threads = t_threads();
        topic_create(topic, 3);
        fill(topic, 3, 0, 10);
        for (up = 1; up >= 0; up--) {
                struct member a;
                member_start(&a, "a", up ? group : fresh("group"), topic, NULL);
                EXPECT(20000, a.messages >= 30, &a);
                all_down(1);
                POLL_FOR(300, &a);
                if (up) {
                        all_down(0);
                        POLL_FOR(300, &a);
                }
                DESTROY(a.rk, 6000);
                CHECK(t_threads_down_to(threads) <= threads, "%d threads, %d before", t_threads(), threads);
        }
        cluster_stop();
}

/* Closing when the coordinator is down, does not answer, is not known, or refuses. */
static void leave_without_coordinator(void) {
        static const char *const how[] = {"down", "silent", "unknown", "refuses"};
        int i;
        for (i = 0; i < 4; i++) {
                const char *topic = fresh("topic"), *group = fresh("group");
                struct member a;
                cluster_start(3);
                topic_create(topic, 4);
                fill(topic, 4, 0, 5);
                CHECK_ERR(rd_kafka_mock_coordinator_set(mock, "group", group, 2), 0);
                member_start(&a, how[i], group, topic, NULL);
                EXPECT(20000, a.messages == 20, &a);
                if (i == 0)
                        CHECK_ERR(rd_kafka_mock_broker_set_down(mock, 2), 0);
                else if (i == 1)
                        CHECK_ERR(rd_kafka_mock_broker_set_rtt(mock, 2, 60000), 0);
                else if (i == 2)
                        all_down(1);
                else
                        rd_kafka_mock_push_request_errors(mock, API_LEAVE, 3, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
                                                          RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
                                                          RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
                /* A moment for the client to see it, or none at all. */
                if (i != 3)
                        POLL_FOR(200, &a);
                /* Whoever does not answer is waited for twice: for the commit and for leaving. */
                member_end(&a, i == 1 ? 12000 : 8000);
                cluster_stop();
        }
}

/* Closing at any moment of the first join: at once, while waiting for the coordinator, for the join, the sync. */
static void close_before_assignment(void) {
        static const int16_t slow[] = {API_FIND_COORDINATOR, API_JOIN, API_SYNC};
        int i, wait;
        for (i = -1; i < 3; i++)
                for (wait = 0; wait <= 300; wait += 100) {
                        const char *topic = fresh("topic"), *group = fresh("group");
                        struct member a;
                        cluster_start(1);
                        topic_create(topic, 4);
                        if (i >= 0)
                                rd_kafka_mock_broker_push_request_error_rtts(mock, 1, slow[i], 1, 0, 20000);
                        else
                                rd_kafka_mock_group_initial_rebalance_delay_ms(mock, 20000);
                        member_start(&a, "a", group, topic, NULL);
                        POLL_FOR(wait, &a);
                        CHECK(a.assigns == 0, "there is an assignment already");
                        member_end(&a, 8000);
                        cluster_stop();
                }
}

/* A cooperative rebalance is under way (a partition is taken away, or to be given): any member closes. */
static void close_in_rebalance(void) {
        int who, wait;
        for (who = 0; who < 3; who++)
                for (wait = 0; wait <= 160; wait += 80) {
                        const char *topic = fresh("topic"), *group = fresh("group");
                        struct member m[3];
                        int i, sum = 0;
                        cluster_start(1);
                        topic_create(topic, 6);
                        member_start(&m[0], "a", group, topic, "partition.assignment.strategy", "cooperative-sticky", NULL);
                        EXPECT(20000, m[0].held == 6, &m[0]);
                        member_start(&m[1], "b", group, topic, "partition.assignment.strategy", "cooperative-sticky", NULL);
                        EXPECT(20000, m[0].held == 3 && m[1].held == 3, &m[0], &m[1]);
                        member_start(&m[2], "c", group, topic, "partition.assignment.strategy", "cooperative-sticky", NULL);
                        if (wait)
                                POLL_FOR(wait, &m[0], &m[1], &m[2]);
                        member_end(&m[who], 8000);
                        EXPECT(20000, m[(who + 1) % 3].held == 3 && m[(who + 2) % 3].held == 3, &m[(who + 1) % 3], &m[(who + 2) % 3]);
                        for (i = 0; i < 3; i++)
                                sum += m[i].lost;
                        CHECK(sum == 0, "%d assignments were lost", sum);
                        member_end(&m[(who + 1) % 3], 8000);
                        member_end(&m[(who + 2) % 3], 8000);
                        cluster_stop();
                }
}

static void *answer_later(void *arg) {
        struct member *m = arg;
        usleep(300000);
        m->keep_silent = 0;
        member_answer(m, 0, m->unanswered);
        return NULL;
}

/* Closing while the answer to a rebalance is owed: an assignment is taken back at once; for the end of what another thread does
 * in a revocation is waited. */
static void close_with_answer_owed(void) {
        int cooperative, in_revoke;
        for (cooperative = 0; cooperative < 2; cooperative++)
                for (in_revoke = cooperative; in_revoke < 2; in_revoke++) {
                        const char *strategy = cooperative ? "cooperative-sticky" : "roundrobin";
                        const char *topic = fresh("topic"), *group = fresh("group");
                        struct member a, b;
                        pthread_t thread;
                        cluster_start(1);
                        topic_create(topic, 4);
                        member_start(&a, "a", group, topic, "partition.assignment.strategy", strategy, NULL);
                        a.keep_silent = !in_revoke;
                        EXPECT(20000, a.held == 4, &a);
                        member_start(&b, "b", group, topic, "partition.assignment.strategy", strategy, NULL);
                        if (in_revoke) {
                                a.keep_silent = 1;
                                EXPECT(20000, a.held < 4, &a, &b);
                        } else
                                POLL_FOR(100, &a, &b);
                        NEED(a.unanswered, "nothing is owed");
                        a.keep_silent = in_revoke;
                        if (in_revoke)
                                pthread_create(&thread, NULL, answer_later, &a);
                        CHECK_ERR(rd_kafka_consumer_close(a.rk), 0);
                        CHECK(!a.keep_silent, "closed before the answer");
                        if (in_revoke)
                                pthread_join(thread, NULL);
                        rd_kafka_topic_partition_list_destroy(a.unanswered);
                        DESTROY(a.rk, 8000);
                        EXPECT(20000, b.held == 4, &b);
                        member_end(&b, 8000);
                        cluster_stop();
                }
}

/* The timeout of a query for watermarks is kept, whatever the broker does. */
static void watermark_timeout(void) {
        const char *topic = fresh("topic");
        rd_kafka_t *rk;
        int64_t low, high, start, took;
        int i;
        cluster_start(2);
        topic_create(topic, 1);
        rd_kafka_mock_partition_set_leader(mock, topic, 0, 2);
        fill(topic, 1, 0, 7);
        rk = consumer("group.id", "g", NULL);
        CHECK_ERR(rd_kafka_query_watermark_offsets(rk, topic, 0, &low, &high, ms(10000)), 0);
        CHECK(low == 0 && high == 7, "%" PRId64 "..%" PRId64, low, high);
        for (i = 0; i < 4; i++) {
                rd_kafka_resp_err_t err;
                if (i == 0)
                        CHECK_ERR(rd_kafka_mock_broker_set_rtt(mock, 2, 60000), 0);
                else if (i == 1)
                        CHECK_ERR(rd_kafka_mock_broker_set_down(mock, 2), 0);
                else if (i == 2)
                        CHECK_ERR(rd_kafka_mock_broker_set_down(mock, 1), 0);
                start = now_ms();
                err   = rd_kafka_query_watermark_offsets(rk, i == 3 ? "nobody-knows-it" : topic, 0, &low, &high, 1000);
                took  = now_ms() - start;
                CHECK(err, "%d: there is an answer", i);
                CHECK(took <= 1000 + ms(1000), "%d: took %" PRId64 " ms: %s", i, took, rd_kafka_err2str(err));
        }
        DESTROY(rk, 6000);
        cluster_stop();
}

/* A broker that says for a moment that the topic is not there does not cost the group its assignment. (librdkafka gives it up.) */
static void topic_unknown_for_a_moment(void) {
        const char *topic = fresh("topic");
        struct member a;
        cluster_start(1);
        topic_create(topic, 2);
        fill(topic, 2, 0, 5);
        member_start(&a, "a", fresh("group"), topic, "topic.metadata.refresh.interval.ms", "100", NULL);
        EXPECT(20000, a.messages == 10, &a);
        rd_kafka_mock_topic_set_error(mock, topic, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        POLL_FOR(700, &a);
        rd_kafka_mock_topic_set_error(mock, topic, RD_KAFKA_RESP_ERR_NO_ERROR);
        POLL_FOR(700, &a);
        fill(topic, 2, 5, 5);
        EXPECT(20000, a.messages == 20, &a);
        CHECK(a.assigns == 1 && a.revokes == 0, "%d assigns, %d revokes", a.assigns, a.revokes);
        member_end(&a, 6000);
        cluster_stop();
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(restart_eager);
        RUN(restart_cooperative);
        RUN(leader_changes);
        RUN(leaderless);
        RUN(coordinator_moves);
        RUN(destroy_after_down);
        RUN(leave_without_coordinator);
        RUN(close_before_assignment);
        RUN(close_in_rebalance);
        RUN(close_with_answer_owed);
        RUN(watermark_timeout);
        RUN(topic_unknown_for_a_moment);
        return T_END();
}
