/* Members that are away for too long, that come back, that have an instance's name: who is in the group, and who owns what. */
#include "group.h"
#include "json.h"

/* Away for longer than max.poll.interval.ms: the others take over; with the next poll the application hears of it and is a
 * member again. */
static void poll_too_late(const char *strategy) {
        const char *topic = fresh("topic"), *group = fresh("group");
        struct member a, b;
        int p;
        cluster_start(1);
        topic_create(topic, 4);
        member_start(&a, "a", group, topic, "partition.assignment.strategy", strategy, "session.timeout.ms", "3000",
                     "max.poll.interval.ms", "3000", NULL);
        EXPECT(20000, a.held == 4, &a);
        member_start(&b, "b", group, topic, "partition.assignment.strategy", strategy, NULL);
        EXPECT(20000, a.held == 2 && b.held == 2, &a, &b);
        fill(topic, 4, 0, 10);
        EXPECT(20000, a.messages + b.messages >= 40, &a, &b);
        /* a is busy. */
        EXPECT(20000, b.held == 4, &b);
        CHECK(a.held == 2 && a.errors == 0, "a was told before it polled");
        fill(topic, 4, 10, 10);
        EXPECT(20000, b.next[0] == 20 && b.next[1] == 20 && b.next[2] == 20 && b.next[3] == 20, &b);
        /* Nothing of what others own by now is handed out, not even what had been fetched. */
        p = a.messages;
        EXPECT(20000, a.error == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED && a.lost == 1, &a);
        CHECK(a.messages == p, "%d messages of partitions that b owns", a.messages - p);
        EXPECT(20000, a.held == 2 && b.held == 2, &a, &b);
        CHECK(a.errors == 1, "%d errors", a.errors);
        CHECK(b.lost == 0, "b has lost something");
        fill(topic, 4, 20, 10);
        p = a.messages + b.messages;
        EXPECT(20000, a.messages + b.messages >= p + 40, &a, &b);
        member_end(&a, 6000);
        member_end(&b, 6000);
        cluster_stop();
}

static void poll_too_late_eager(void) {
        poll_too_late("range");
}

static void poll_too_late_cooperative(void) {
        poll_too_late("cooperative-sticky");
}

/* The membership is lost when the application has not yet taken the assignment: it gets both, in this order, then the next one. The
 * ledger does not forgive a partition that is revoked before it is assigned, or assigned twice. */
static void lost_before_taken(const char *strategy) {
        const char *topic = fresh("topic"), *group = fresh("group");
        struct member a;
        int64_t end = now_ms() + ms(20000);
        cluster_start(1);
        topic_create(topic, 2);
        fill(topic, 2, 0, 10);
        rd_kafka_mock_start_request_tracking(mock);
        rd_kafka_mock_push_request_errors(mock, API_HEARTBEAT, 1, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
        /* The cluster keeps the member that it has denied until its session ends, and lets nobody join before. */
        member_start(&a, "a", group, topic, "partition.assignment.strategy", strategy, "session.timeout.ms", "3000", NULL);
        /* Until the heartbeat after the one that was refused would have come. */
        while (!requests_of(API_HEARTBEAT) && now_ms() < end)
                usleep(10000);
        CHECK(requests_of(API_HEARTBEAT), "no heartbeat");
        usleep(500000);
        CHECK(a.assigns == 0, "told before it polled");
        EXPECT(20000, a.lost == 1 && a.held == 2 && a.messages == 20, &a);
        CHECK(a.assigns == 2 && a.revokes == 1, "%d times assigned, %d revoked", a.assigns, a.revokes);
        member_end(&a, 6000);
        cluster_stop();
}

static void lost_before_taken_eager(void) {
        lost_before_taken("range");
}

static void lost_before_taken_cooperative(void) {
        lost_before_taken("cooperative-sticky");
}

/* Alone and away: the assignment comes back with the next poll. */
static void poll_too_late_alone(void) {
        const char *topic = fresh("topic"), *group = fresh("group");
        struct member a;
        int round;
        cluster_start(1);
        topic_create(topic, 2);
        member_start(&a, "a", group, topic, "session.timeout.ms", "1000", "max.poll.interval.ms", "1000", NULL);
        for (round = 1; round <= 3; round++) {
                EXPECT(20000, a.held == 2, &a);
                usleep(1800000);
                EXPECT(20000, a.lost == round, &a);
        }
        EXPECT(20000, a.held == 2, &a);
        fill(topic, 2, 0, 5);
        EXPECT(20000, a.messages == 10, &a);
        member_end(&a, 6000);
        cluster_stop();
}

/* A consumer that polls is a member for longer than any of the timeouts. */
static void polling_is_enough(void) {
        const char *topic = fresh("topic"), *group = fresh("group");
        struct member a;
        int64_t end;
        cluster_start(1);
        topic_create(topic, 2);
        member_start(&a, "a", group, topic, "session.timeout.ms", "2000", "max.poll.interval.ms", "2000", NULL);
        EXPECT(20000, a.held == 2, &a);
        /* One long poll, then many short ones. */
        member_poll(&a, 4500);
        for (end = now_ms() + 4500; now_ms() < end;)
                member_poll(&a, 10);
        CHECK(a.held == 2 && a.lost == 0 && a.errors == 0, "%d are held, %d lost, %d errors", a.held, a.lost, a.errors);
        member_end(&a, 6000);
        cluster_stop();
}

/* A member of an instance's name goes and comes back within its session: nobody rebalances, it has what it had. */
/* Who takes events from a queue that messages do not come to does not consume. From a partition's own queue, one does. */
static void polls_that_count(void) {
        int way;
        for (way = 0; way < 2; way++) {
                const char *topic = fresh("topic"), *group = fresh("group");
                struct member a;
                rd_kafka_queue_t *q;
                int64_t end;
                cluster_start(1);
                topic_create(topic, 1);
                member_start(&a, "a", group, topic, "session.timeout.ms", "2000", "max.poll.interval.ms", "2000", NULL);
                EXPECT(20000, a.held == 1, &a);
                q = way == 0 ? rd_kafka_queue_new(a.rk) : rd_kafka_queue_get_partition(a.rk, topic, 0);
                if (way == 1)
                        rd_kafka_queue_forward(q, NULL);
                for (end = now_ms() + 5000; now_ms() < end;) {
                        rd_kafka_event_t *ev = rd_kafka_queue_poll(q, 50);
                        CHECK(!ev, "an event of type %d", rd_kafka_event_type(ev));
                        if (ev)
                                rd_kafka_event_destroy(ev);
                }
                POLL_FOR(500, &a);
                CHECK((a.error == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED) == (way == 0), "way %d: %s", way, rd_kafka_err2name(a.error));
                CHECK((a.lost > 0) == (way == 0), "way %d: %d lost", way, a.lost);
                rd_kafka_queue_destroy(q);
                member_end(&a, 6000);
                cluster_stop();
        }
}

static void static_rejoin(const char *strategy) {
        const char *topic = fresh("topic"), *group = fresh("group");
        struct member a, b;
        int round, p, had[4];
        cluster_start(1);
        topic_create(topic, 4);
        member_start(&a, "a", group, topic, "partition.assignment.strategy", strategy, "group.instance.id", "one", NULL);
        EXPECT(20000, a.held == 4, &a);
        member_start(&b, "b", group, topic, "partition.assignment.strategy", strategy, "group.instance.id", "two", NULL);
        /* The first member is told of its share again, maybe after the other has its own: with the cooperative protocol once when it
         * has given up the rest, and once when the group is done. */
        EXPECT(20000, a.held == 2 && b.held == 2 && a.assigns == (is_cooperative(a.rk) ? 3 : 2), &a, &b);
        for (p = 0; p < 4; p++)
                had[p] = b.has[p];
        for (round = 0; round < 2; round++) {
                int assigns = a.assigns, revokes = a.revokes;
                member_end(&b, 6000);
                POLL_FOR(1000, &a);
                CHECK(a.held == 2, "a holds %d", a.held);
                member_start(&b, "b", group, topic, "partition.assignment.strategy", strategy, "group.instance.id", "two", NULL);
                EXPECT(20000, b.held == 2, &a, &b);
                POLL_FOR(600, &a, &b);
                CHECK(a.assigns == assigns && a.revokes == revokes, "a saw %d assignments and %d revocations", a.assigns - assigns,
                      a.revokes - revokes);
                for (p = 0; p < 4; p++)
                        CHECK(had[p] == b.has[p], "partition %d moved", p);
                fill(topic, 4, 5 * round, 5);
                EXPECT(20000, both_reached(&a, &b, 4, 5 * (round + 1)), &a, &b);
        }
        member_end(&a, 6000);
        member_end(&b, 6000);
        cluster_stop();
}

static void static_rejoin_eager(void) {
        static_rejoin("range");
}

static void static_rejoin_cooperative(void) {
        static_rejoin("cooperative-sticky");
}

/* A member that was gone for longer than its session has lost its place; it gets one again. */
static void static_expires(void) {
        const char *topic = fresh("topic"), *group = fresh("group");
        struct member a, b;
        cluster_start(1);
        topic_create(topic, 4);
        member_start(&a, "a", group, topic, "group.instance.id", "one", NULL);
        EXPECT(20000, a.held == 4, &a);
        member_start(&b, "b", group, topic, "group.instance.id", "two", "session.timeout.ms", "2000", NULL);
        EXPECT(20000, a.held == 2 && b.held == 2, &a, &b);
        member_end(&b, 6000);
        CHECK(a.held == 2, "a holds %d", a.held);
        EXPECT(20000, a.held == 4, &a);
        member_start(&b, "b", group, topic, "group.instance.id", "two", NULL);
        EXPECT(20000, a.held == 2 && b.held == 2, &a, &b);
        CHECK(a.lost == 0 && b.lost == 0, "an assignment was lost");
        member_end(&b, 6000);
        member_end(&a, 6000);
        cluster_stop();
}

/* Two of one name: the older one is fenced, which is fatal for it, and it can be closed. */
static void static_fenced(void) {
        const char *topic = fresh("topic"), *group = fresh("group");
        struct member a, b;
        char errstr[256];
        cluster_start(1);
        topic_create(topic, 4);
        member_start(&a, "a", group, topic, "group.instance.id", "one", NULL);
        EXPECT(20000, a.held == 4, &a);
        member_start(&b, "b", group, topic, "group.instance.id", "one", NULL);
        EXPECT(20000, rd_kafka_fatal_error(a.rk, errstr, sizeof(errstr)) != 0, &a, &b);
        CHECK_ERR(rd_kafka_fatal_error(a.rk, errstr, sizeof(errstr)), RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
        EXPECT(20000, b.held == 4 && a.held == 0, &a, &b);
        CHECK(a.lost == 1, "a was not told that its assignment is lost");
        fill(topic, 4, 0, 5);
        EXPECT(20000, b.messages == 20, &a, &b);
        CHECK(a.messages == 0, "the fenced member has consumed");
        CHECK_ERR(rd_kafka_fatal_error(b.rk, errstr, sizeof(errstr)), 0);
        member_end(&a, 6000);
        POLL_FOR(500, &b);
        CHECK(b.held == 4 && b.lost == 0, "b lost something when the other was closed");
        member_end(&b, 6000);
        cluster_stop();
}

/* The coordinator forgets a member (its session ended unnoticed): what it had is lost, and it joins anew. */
static void forgotten(void) {
        static const rd_kafka_resp_err_t says[] = {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION};
        int i;
        for (i = 0; i < 2; i++) {
                const char *topic = fresh("topic"), *group = fresh("group");
                struct member a;
                cluster_start(1);
                topic_create(topic, 4);
                member_start(&a, "a", group, topic, "session.timeout.ms", "3000", NULL);
                EXPECT(20000, a.held == 4, &a);
                rd_kafka_mock_push_request_errors(mock, API_HEARTBEAT, 1, says[i]);
                EXPECT(20000, a.lost == 1, &a);
                EXPECT(20000, a.held == 4, &a);
                fill(topic, 4, 0, 5);
                EXPECT(20000, a.messages == 20, &a);
                member_end(&a, 6000);
                cluster_stop();
        }
}

/* Errors of every kind while joining: the member gets in. */
static void joining_takes_errors(void) {
        static const int16_t apis[]               = {API_FIND_COORDINATOR, API_JOIN, API_SYNC, API_HEARTBEAT};
        static const rd_kafka_resp_err_t errors[] = {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
                                                     RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                                                     RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS};
        int i, j;
        for (i = 0; i < 4; i++)
                for (j = 0; j < 5; j++) {
                        const char *topic = fresh("topic"), *group = fresh("group");
                        struct member a;
                        if ((i == 0 || i == 1) && errors[j] == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS)
                                continue;
                        cluster_start(2);
                        topic_create(topic, 4);
                        fill(topic, 4, 0, 5);
                        rd_kafka_mock_push_request_errors(mock, apis[i], 2, errors[j], errors[j]);
                        member_start(&a, "a", group, topic, NULL);
                        EXPECT(20000, a.messages >= 20 && a.held == 4, &a);
                        CHECK(a.held == 4, "request %d, %s: %d are held", apis[i], rd_kafka_err2name(errors[j]), a.held);
                        POLL_FOR(300, &a);
                        CHECK(a.held == 4 || i == 3, "%d are held", a.held);
                        member_end(&a, 8000);
                        cluster_stop();
                }
}

static rd_kafka_message_t *error_of(rd_kafka_t *rk, int64_t limit) {
        int64_t end = now_ms() + ms(limit);
        while (now_ms() < end) {
                rd_kafka_message_t *msg = rd_kafka_consumer_poll(rk, 50);
                if (msg && msg->err)
                        return msg;
                if (msg)
                        rd_kafka_message_destroy(msg);
        }
        return NULL;
}

/* What is wrong with a topic that is subscribed to comes as a message with the topic; again only when something else is wrong. */
static void topic_errors(void) {
        const char *topic = fresh("topic"), *missing = fresh("missing"), *group = fresh("group");
        rd_kafka_topic_partition_list_t *topics = one(topic, RD_KAFKA_PARTITION_UA);
        struct member a;
        rd_kafka_message_t *msg;
        char text[256];
        cluster_start(1);
        topic_create(topic, 2);
        member_start(&a, "a", group, topic, "topic.metadata.refresh.interval.ms", "200", NULL);
        EXPECT(20000, a.held == 2, &a);
        rd_kafka_topic_partition_list_add(topics, missing, RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_subscribe(a.rk, topics), 0);
        NEED((msg = error_of(a.rk, 20000)) != NULL, "no error");
        CHECK_ERR(msg->err, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        CHECK(msg->rkt && !strcmp(rd_kafka_topic_name(msg->rkt), missing), "the error is about no topic");
        CHECK(msg->partition == 0, "partition %d", msg->partition);
        CHECK(msg->offset == RD_KAFKA_OFFSET_INVALID, "offset %" PRId64, msg->offset);
        snprintf(text, sizeof(text), "Subscribed topic not available: %s: Broker: Unknown topic or partition", missing);
        CHECK(!strcmp(rd_kafka_message_errstr(msg), text), "%s", rd_kafka_message_errstr(msg));
        rd_kafka_message_destroy(msg);
        CHECK((msg = error_of(a.rk, 1000)) == NULL, "told twice");
        rd_kafka_mock_topic_set_error(mock, missing, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
        NEED((msg = error_of(a.rk, 20000)) != NULL, "no error");
        CHECK_ERR(msg->err, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
        CHECK(msg->rkt && !strcmp(rd_kafka_topic_name(msg->rkt), missing), "the error is about no topic");
        rd_kafka_message_destroy(msg);
        rd_kafka_topic_partition_list_destroy(topics);
        member_end(&a, 6000);
        cluster_stop();
}

/* The newest statistics' part about the group; freed with the document, which has it. */
static struct json *group_stats(struct member *m, struct json **document) {
        *document = m->stats ? json_parse(m->stats) : NULL;
        return json_get(*document, "cgrp");
}

static int stats_say(struct member *m, const char *join_state, int64_t rebalances, const char *reason, int64_t size) {
        struct json *document, *group = group_stats(m, &document), *state = json_get(group, "state"),
                               *joined = json_get(group, "join_state"), *why = json_get(group, "rebalance_reason");
        int yes = state && joined && why && !strcmp(state->text, "up") && !strcmp(joined->text, join_state) &&
                  (!reason || !strcmp(why->text, reason)) && json_int(group, "rebalance_cnt") == rebalances &&
                  json_int(group, "assignment_size") == size && json_int(group, "stateage") >= 0 &&
                  json_int(group, "stateage") < ms(60000) && json_int(group, "rebalance_age") >= 0 &&
                  json_int(group, "rebalance_age") < ms(60000);
        json_free(document);
        return yes;
}

static void group_statistics(void) {
        const char *topic = fresh("topic"), *group = fresh("group");
        struct member a, b;
        cluster_start(1);
        topic_create(topic, 4);
        member_start(&a, "a", group, topic, "statistics.interval.ms", "100", NULL);
        EXPECT(20000, a.held == 4, &a);
        /* librdkafka has a reason for the first one only where the topic's metadata came late. */
        EXPECT(20000, stats_say(&a, "steady", 1, is_upstream() ? NULL : "topics were subscribed to", 4), &a);
        member_start(&b, "b", group, topic, NULL);
        EXPECT(20000, a.held == 2 && b.held == 2, &a, &b);
        EXPECT(20000, stats_say(&a, "steady", 3, "rebalance in progress", 2), &a, &b);
        member_end(&b, 6000);
        EXPECT(20000, a.held == 4, &a);
        EXPECT(20000, stats_say(&a, "steady", 5, "rebalance in progress", 4), &a);
        if (a.stats && getenv("T_VERBOSE"))
                printf("  %s\n", strstr(a.stats, "\"cgrp\""));
        member_end(&a, 6000);
        cluster_stop();
}

/* A pattern that no topic matches is told once, as a topic that is missing is; the client then asks for no topic of that name. */
static void pattern_without_topics(void) {
        const char *topic = fresh("topic"), *group = fresh("group");
        rd_kafka_topic_partition_list_t *topics = one(topic, RD_KAFKA_PARTITION_UA);
        struct member a;
        rd_kafka_message_t *msg;
        const struct rd_kafka_metadata *md;
        cluster_start(1);
        topic_create(topic, 2);
        member_start(&a, "a", group, topic, "topic.metadata.refresh.interval.ms", "200", NULL);
        EXPECT(20000, a.held == 2, &a);
        rd_kafka_topic_partition_list_add(topics, "^nothing-like-this", RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_subscribe(a.rk, topics), 0);
        NEED((msg = error_of(a.rk, 20000)) != NULL, "no error");
        CHECK_ERR(msg->err, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        CHECK(msg->rkt && !strcmp(rd_kafka_topic_name(msg->rkt), "^nothing-like-this"), "the error is about no topic");
        CHECK(!strcmp(rd_kafka_message_errstr(msg), "Subscribed topic not available: ^nothing-like-this: Broker: Unknown topic or partition"),
              "%s", rd_kafka_message_errstr(msg));
        rd_kafka_message_destroy(msg);
        CHECK((msg = error_of(a.rk, 1000)) == NULL, "told twice");
        CHECK_ERR(rd_kafka_metadata(a.rk, 0, NULL, &md, ms(10000)), 0);
        CHECK(md->topic_cnt == 1 && !strcmp(md->topics[0].topic, topic), "%d topics are known here", md->topic_cnt);
        rd_kafka_metadata_destroy(md);
        rd_kafka_topic_partition_list_destroy(topics);
        member_end(&a, 6000);
        cluster_stop();
}

/* What a member of a cooperative group has no more because it subscribes to something else, or to nothing, is not lost: neither
   the leader's nor another's. */
static void giving_up_is_no_loss(void) {
        int round;
        for (round = 0; round < 4; round++) {
                const char *topic = fresh("topic"), *missing = fresh("missing"), *group = fresh("group");
                rd_kafka_topic_partition_list_t *list = one(missing, RD_KAFKA_PARTITION_UA);
                struct member a, b, *leaves = round % 2 ? &a : &b;
                cluster_start(1);
                topic_create(topic, 2);
                member_start(&a, "a", group, topic, "partition.assignment.strategy", "cooperative-sticky", NULL);
                EXPECT(20000, a.held == 2, &a);
                member_start(&b, "b", group, topic, "partition.assignment.strategy", "cooperative-sticky", NULL);
                EXPECT(20000, a.held == 1 && b.held == 1, &a, &b);
                leaves->revokes = 0;
                if (round < 2)
                        CHECK_ERR(rd_kafka_unsubscribe(leaves->rk), 0);
                else
                        CHECK_ERR(rd_kafka_subscribe(leaves->rk, list), 0);
                EXPECT(20000, leaves->revokes == 1, &a, &b);
                CHECK(leaves->lost == 0, "round %d: %d lost", round, leaves->lost);
                EXPECT(20000, (leaves == &a ? &b : &a)->held == 2, &a, &b);
                rd_kafka_topic_partition_list_destroy(list);
                member_end(&a, 8000);
                member_end(&b, 8000);
                cluster_stop();
        }
}

static void give_up_both_ways(struct member *m) {
        rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new(0);
        rd_kafka_error_t *error               = rd_kafka_incremental_unassign(m->rk, none);
        CHECK(!error, "%s", rd_kafka_error_string(error));
        CHECK_ERR(rd_kafka_assign(m->rk, NULL), 0);
        rd_kafka_topic_partition_list_destroy(none);
}

static rd_kafka_resp_err_t incrementally(rd_kafka_error_t *error) {
        rd_kafka_resp_err_t err = error ? rd_kafka_error_code(error) : 0;
        if (error)
                rd_kafka_error_destroy(error);
        return err;
}

/* The group's protocol says which calls change the assignment; while closing, any does. */
static void ways_to_assign(void) {
        static const char *strategies[] = {"range", "cooperative-sticky"};
        int i;
        for (i = 0; i < 2; i++) {
                const char *topic = fresh("topic"), *group = fresh("group");
                rd_kafka_topic_partition_list_t *has, *list = one(topic, 0);
                struct member a;
                cluster_start(1);
                topic_create(topic, 2);
                member_start(&a, "a", group, topic, "partition.assignment.strategy", strategies[i], NULL);
                EXPECT(20000, a.held == 2, &a);
                if (i == 0) {
                        CHECK_ERR(incrementally(rd_kafka_incremental_assign(a.rk, list)), RD_KAFKA_RESP_ERR__STATE);
                        CHECK_ERR(incrementally(rd_kafka_incremental_unassign(a.rk, list)), RD_KAFKA_RESP_ERR__STATE);
                } else {
                        CHECK_ERR(rd_kafka_assign(a.rk, list), RD_KAFKA_RESP_ERR__STATE);
                        CHECK_ERR(rd_kafka_assign(a.rk, NULL), RD_KAFKA_RESP_ERR__STATE);
                }
                CHECK_ERR(rd_kafka_assignment(a.rk, &has), 0);
                CHECK(has->cnt == 2, "%d are assigned", has->cnt);
                rd_kafka_topic_partition_list_destroy(has);
                rd_kafka_topic_partition_list_destroy(list);
                a.before_revoke = give_up_both_ways;
                member_end(&a, 6000);
                cluster_stop();
        }
}

/* An application that never answers the last rebalance can be closed and destroyed nevertheless. */
static void close_unanswered(void) {
        static const char *strategies[] = {"range", "cooperative-sticky"};
        int i, way;
        for (i = 0; i < 2; i++)
                for (way = 0; way < (i == 0 ? 3 : 1); way++) {
                        const char *topic = fresh("topic"), *group = fresh("group");
                        struct member a;
                        rd_kafka_queue_t *queue;
                        int64_t start;
                        cluster_start(1);
                        topic_create(topic, 2);
                        member_start(&a, "a", group, topic, "partition.assignment.strategy", strategies[i], NULL);
                        EXPECT(20000, a.held == 2, &a);
                        a.keep_silent = 1;
                        start         = now_ms();
                        if (way == 0)
                                CHECK_ERR(rd_kafka_consumer_close(a.rk), 0);
                        queue = rd_kafka_queue_new(a.rk);
                        if (way == 1) {
                                /* It asks for the events and does not look at them. */
                                rd_kafka_error_t *error = rd_kafka_consumer_close_queue(a.rk, queue);
                                CHECK(!error, "%s", rd_kafka_error_string(error));
                                usleep(200000);
                        }
                        rd_kafka_queue_destroy(queue);
                        if (getenv("T_VERBOSE"))
                                printf("  %s, way %d: closed after %" PRId64 " ms\n", strategies[i], way, now_ms() - start);
                        DESTROY(a.rk, 8000);
                        CHECK(now_ms() - start < ms(8000), "%s, way %d: %" PRId64 " ms", strategies[i], way, now_ms() - start);
                        if (a.unanswered)
                                rd_kafka_topic_partition_list_destroy(a.unanswered);
                        cluster_stop();
                }
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(poll_too_late_eager);
        RUN(poll_too_late_cooperative);
        RUN(lost_before_taken_eager);
        RUN(lost_before_taken_cooperative);
        RUN(poll_too_late_alone);
        RUN(polling_is_enough);
        RUN(polls_that_count);
        RUN(static_rejoin_eager);
        RUN(static_rejoin_cooperative);
        RUN(static_expires);
        RUN(static_fenced);
        RUN(topic_errors);
        RUN(pattern_without_topics);
        RUN(giving_up_is_no_loss);
        RUN(group_statistics);
        RUN(ways_to_assign);
        RUN(close_unanswered);
        RUN(forgotten);
        RUN(joining_takes_errors);
        return T_END();
}
