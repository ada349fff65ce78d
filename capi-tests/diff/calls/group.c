/* Group: subscription, assignment, commits and the close. */
#include "report.h"

static void lists_of(rd_kafka_t *rk, const char *argument) {
        rd_kafka_topic_partition_list_t *l;
        CALL("group/subscription", argument, l = KEPT_P; code(rd_kafka_subscription(rk, &l)); list("list", l);
             if (l && l != KEPT_P) rd_kafka_topic_partition_list_destroy(l));
        CALL("group/assignment", argument, l = KEPT_P; code(rd_kafka_assignment(rk, &l));
             if (l && l != KEPT_P) rd_kafka_topic_partition_list_sort(l, NULL, NULL); list("list", l);
             if (l && l != KEPT_P) rd_kafka_topic_partition_list_destroy(l));
}

static void committed(rd_kafka_t *rk, const char *argument, const char *topic, int first, int cnt, int timeout_ms) {
        CALL("group/committed", argument, rd_kafka_topic_partition_list_t *l = parts(topic, first, cnt, 7);
             code(rd_kafka_committed(rk, l, timeout_ms)); list("list", l); rd_kafka_topic_partition_list_destroy(l));
}

/* What changes nothing. */
void group_reads(rd_kafka_t *rk) {
        rd_kafka_consumer_group_metadata_t *g;
        char *s;
        lists_of(rk, "ok");
        OURS_ONLY("group/subscription", "null", code(rd_kafka_subscription(rk, NULL)));
        OURS_ONLY("group/assignment", "null", code(rd_kafka_assignment(rk, NULL)));
        CALL("group/assignment_lost", "ok", number("is", rd_kafka_assignment_lost(rk)));
        CALL("group/rebalance_protocol", "ok", word("protocol", rd_kafka_rebalance_protocol(rk)));
        CALL("group/memberid", "ok", s = rd_kafka_memberid(rk); text("id", s); rd_kafka_mem_free(rk, s));
        CALL("group/consumer_closed", "ok", number("is", rd_kafka_consumer_closed(rk)));
        CALL("group/consumer_group_metadata", "ok", g = rd_kafka_consumer_group_metadata(rk); pointer("metadata", g);
             if (g) rd_kafka_consumer_group_metadata_destroy(g));
        committed(rk, "ok", run.full, 0, 1, 1500);
        committed(rk, "far", run.full, 99, 1, 1500);
        committed(rk, "unknown", "nosuch", 0, 1, 1500);
        committed(rk, "empty-list", run.full, 0, 0, 1500);
        CALL("group/committed", "null", code(rd_kafka_committed(rk, NULL, 300)));
}

static void on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *offsets, void *opaque) {
        (void)rk;
        (void)opaque;
        told("cb=%s", rd_kafka_err2name(err));
        list("offsets", offsets);
}

static void commit(rd_kafka_t *rk, const char *argument, const char *topic, int partition, int cnt, int64_t offset, int async) {
        CALL("group/commit", argument, rd_kafka_topic_partition_list_t *l = parts(topic, partition, cnt, offset);
             code(rd_kafka_commit(rk, l, async)); list("list", l); rd_kafka_topic_partition_list_destroy(l));
}

void group_commits(rd_kafka_t *rk) {
        rd_kafka_message_t m;
        CALL("group/commit", "null", code(rd_kafka_commit(rk, NULL, 0)));
        CALL("group/commit", "null-async", code(rd_kafka_commit(rk, NULL, 1)));
        commit(rk, "ok", run.full, 0, 1, 2, 0);
        commit(rk, "ok-async", run.full, 0, 1, 2, 1);
        commit(rk, "empty-list", run.full, 0, 0, 2, 0);
        commit(rk, "unknown", "nosuch", 0, 1, 2, 0);
        commit(rk, "far", run.full, 99, 1, 2, 0);
        commit(rk, "negative-offset", run.full, 0, 1, -5, 0);
        commit(rk, "invalid-offset", run.full, 0, 1, -1001, 0);
        memset(&m, 0, sizeof(m));
        m.err = RD_KAFKA_RESP_ERR__PARTITION_EOF;
        CALL("group/commit_message", "of-error", code(rd_kafka_commit_message(rk, &m, 0)));
        OURS_ONLY("group/commit_message", "null", code(rd_kafka_commit_message(rk, NULL, 0)));
        CALL("group/commit_queue", "no-queue-with-cb", rd_kafka_topic_partition_list_t *l = parts(run.full, 0, 1, 2);
             code(rd_kafka_commit_queue(rk, l, NULL, on_commit, NULL)); rd_kafka_topic_partition_list_destroy(l));
        CALL("group/commit_queue", "null", code(rd_kafka_commit_queue(rk, NULL, NULL, on_commit, NULL)));
        CALL("group/commit_queue", "to-queue", rd_kafka_queue_t *q = rd_kafka_queue_new(rk); if (q) {
                rd_kafka_topic_partition_list_t *l = parts(run.full, 1, 1, 2);
                rd_kafka_event_t *ev;
                code(rd_kafka_commit_queue(rk, l, q, NULL, NULL));
                ev = rd_kafka_queue_poll(q, strcmp(run.state, "closed") ? 5000 : 500);
                if (ev)
                        list("offsets", rd_kafka_event_topic_partition_list(ev));
                event(ev);
                rd_kafka_topic_partition_list_destroy(l);
                rd_kafka_queue_destroy(q);
        });
}

#define WITH_LIST(function, argument, topic, first, cnt, offset, how)                                                  \
        CALL(function, argument, rd_kafka_topic_partition_list_t *l = parts(topic, first, cnt, offset); how;           \
             rd_kafka_topic_partition_list_destroy(l))
#define SUBSCRIBE(argument, topic, cnt) WITH_LIST("group/subscribe", argument, topic, -1, cnt, -1001, code(rd_kafka_subscribe(rk, l)))
#define ASSIGN(argument, topic, first, cnt) WITH_LIST("group/assign", argument, topic, first, cnt, 0, code(rd_kafka_assign(rk, l)))
#define ADD(argument, topic, first, cnt) WITH_LIST("group/incremental_assign", argument, topic, first, cnt, 0, error(rd_kafka_incremental_assign(rk, l)))
#define REMOVE(argument, topic, first, cnt) WITH_LIST("group/incremental_unassign", argument, topic, first, cnt, 0, error(rd_kafka_incremental_unassign(rk, l)))

void group_changes(rd_kafka_t *rk) {
        OURS_ONLY("group/subscribe", "null", code(rd_kafka_subscribe(rk, NULL)));
        SUBSCRIBE("empty-list", run.full, 0);
        SUBSCRIBE("empty-name", "", 1);
        SUBSCRIBE("bad-pattern", "^[", 1);
        SUBSCRIBE("pattern", "^no-such-topic-of-this-name$", 1);
        lists_of(rk, "of-pattern");
        CALL("group/subscribe", "named-twice", rd_kafka_topic_partition_list_t *l = parts("nosuch", 0, 2, 0);
             l->elems[1].partition = 0; code(rd_kafka_subscribe(rk, l)); rd_kafka_topic_partition_list_destroy(l));
        CALL("group/unsubscribe", "ok", code(rd_kafka_unsubscribe(rk)));
        CALL("group/unsubscribe", "twice", code(rd_kafka_unsubscribe(rk)));
        lists_of(rk, "unsubscribed");
        /* Whatever is assigned answers the revocation, and ends this state. */
        if (!strcmp(run.state, "closing"))
                return;
        ASSIGN("ok", run.full, 0, 2);
        lists_of(rk, "assigned");
        ASSIGN("twice", run.full, 0, 2);
        ASSIGN("unknown", "nosuch", 0, 1);
        ASSIGN("far", run.full, 99, 1);
        ASSIGN("negative", run.full, -1, 1);
        lists_of(rk, "of-negative");
        ASSIGN("empty-name", "", 0, 1);
        CALL("group/assign", "partition-twice", rd_kafka_topic_partition_list_t *l = parts(run.full, 1, 2, 0);
             l->elems[1].partition = 1; code(rd_kafka_assign(rk, l)); rd_kafka_topic_partition_list_destroy(l));
        lists_of(rk, "partition-twice");
        ASSIGN("empty-list", run.full, 0, 0);
        lists_of(rk, "empty-list");
        CALL("group/assign", "null", code(rd_kafka_assign(rk, NULL)));
        CALL("group/assign", "null-twice", code(rd_kafka_assign(rk, NULL)));
        CALL("group/incremental_assign", "null", error(rd_kafka_incremental_assign(rk, NULL)));
        CALL("group/incremental_unassign", "null", error(rd_kafka_incremental_unassign(rk, NULL)));
        REMOVE("nothing-assigned", run.full, 0, 1);
        ADD("ok", run.full, 0, 2);
        lists_of(rk, "added");
        ADD("twice", run.full, 0, 2);
        ADD("overlap", run.full, 1, 2);
        ADD("empty-list", run.full, 0, 0);
        ADD("negative", run.full, -1, 1);
        CALL("group/incremental_assign", "partition-twice", rd_kafka_topic_partition_list_t *l = parts(run.full, 3, 2, 0);
             l->elems[1].partition = 3; error(rd_kafka_incremental_assign(rk, l)); rd_kafka_topic_partition_list_destroy(l));
        lists_of(rk, "added-more");
        REMOVE("half", run.full, 1, 3);
        REMOVE("ok", run.full, 0, 1);
        REMOVE("twice", run.full, 0, 1);
        REMOVE("empty-list", run.full, 0, 0);
        lists_of(rk, "removed");
        CALL("group/assign", "null-at-last", code(rd_kafka_assign(rk, NULL)));
        CALL("group/poll_set_consumer", "ok", code(rd_kafka_poll_set_consumer(rk)));
        CALL("group/poll_set_consumer", "twice", code(rd_kafka_poll_set_consumer(rk)));
}

void group_close(rd_kafka_t *rk) {
        CALL("group/consumer_close_queue", "null", error(rd_kafka_consumer_close_queue(rk, NULL)));
        CALL("group/consumer_close", "ok", code(rd_kafka_consumer_close(rk)));
        CALL("group/consumer_close", "twice", code(rd_kafka_consumer_close(rk)));
        CALL("group/consumer_closed", "closed", number("is", rd_kafka_consumer_closed(rk)));
        CALL("group/consumer_close_queue", "closed", rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
             error(rd_kafka_consumer_close_queue(rk, q)); rd_kafka_queue_destroy(q));
        /* A fatal error ends no group of librdkafka's, and errors of the subscription are still told. */
        if (strncmp(run.state, "fatal", 5))
                CALL("consumer/consumer_poll", "closed", message(rd_kafka_consumer_poll(rk, 0)));
}
