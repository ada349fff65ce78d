/* What a member consumes and commits: nothing skipped, nothing foreign, no position that moves by itself. */
#include "group.h"
#include <pthread.h>
#include <unistd.h>

/* Takes one batch into the ledger; how many messages (events of other kinds aside) came. */
static int batch(struct member *m, rd_kafka_queue_t *q, int timeout, size_t most) {
        rd_kafka_message_t *all[500];
        int had   = m->messages;
        ssize_t n = rd_kafka_consume_batch_queue(q, timeout, all, most < 500 ? most : 500), i;
        CHECK(n >= 0, "consume_batch_queue: %s", rd_kafka_err2str(rd_kafka_last_error()));
        for (i = 0; i < n; i++) {
                member_take(m, all[i]);
                rd_kafka_message_destroy(all[i]);
        }
        return m->messages - had;
}

static void batch_across_seek(void) {
        const char *topic = fresh("topic"), *group = fresh("group");
        int64_t targets[] = {500, 3, 998, 0};
        struct member a;
        rd_kafka_queue_t *q;
        int i;
        cluster_start(1);
        topic_create(topic, 2);
        fill(topic, 2, 0, 1000);
        member_start(&a, "a", group, topic, NULL);
        q = rd_kafka_queue_get_consumer(a.rk);
        for (i = 0; i < 2000 && a.messages < 120; i++)
                batch(&a, q, 100, 40);
        for (i = 0; i < 4; i++) {
                rd_kafka_topic_partition_list_t *to = one(topic, 0);
                rd_kafka_error_t *error;
                int64_t end;
                to->elems[0].offset = targets[i];
                error               = rd_kafka_seek_partitions(a.rk, to, ms(10000));
                CHECK(!error, "seek: %s", rd_kafka_error_string(error));
                /* From here on nothing from before the seek comes any more. */
                a.next[0] = targets[i];
                end       = now_ms() + ms(60000);
                while (a.next[0] == targets[i] && now_ms() < end)
                        batch(&a, q, 100, 7);
                CHECK(a.next[0] > targets[i], "nothing after the seek to %" PRId64, targets[i]);
                rd_kafka_topic_partition_list_destroy(to);
        }
        for (i = 0; i < 2000 && (a.next[0] < 1000 || a.next[1] < 1000); i++)
                batch(&a, q, 100, 300);
        CHECK(a.next[0] == 1000 && a.next[1] == 1000, "%" PRId64 " and %" PRId64 " at the end", a.next[0], a.next[1]);
        CHECK(a.taken[1] == 1000, "%" PRId64 " of the partition that was left alone", a.taken[1]);
        rd_kafka_queue_destroy(q);
        member_end(&a, 6000);
        cluster_stop();
}

static void batch_across_pause(void) {
        const char *topic = fresh("topic"), *group = fresh("group");
        struct member a;
        rd_kafka_queue_t *q;
        int i, round;
        cluster_start(1);
        topic_create(topic, 2);
        fill(topic, 2, 0, 1000);
        member_start(&a, "a", group, topic, NULL);
        q = rd_kafka_queue_get_consumer(a.rk);
        for (i = 0; i < 2000 && a.messages < 100; i++)
                batch(&a, q, 100, 30);
        for (round = 0; round < 6; round++) {
                int p = round % 2;
                int64_t had;
                rd_kafka_topic_partition_list_t *l = one(topic, p);
                CHECK_ERR(rd_kafka_pause_partitions(a.rk, l), 0);
                had = a.taken[p];
                for (i = 0; i < 5; i++)
                        batch(&a, q, 20, 25);
                CHECK(a.taken[p] == had, "%" PRId64 " messages of the paused partition", a.taken[p] - had);
                CHECK_ERR(rd_kafka_resume_partitions(a.rk, l), 0);
                rd_kafka_topic_partition_list_destroy(l);
                batch(&a, q, 100, 40);
        }
        for (i = 0; i < 2000 && a.messages < 2000; i++)
                batch(&a, q, 100, 500);
        CHECK(a.taken[0] == 1000 && a.taken[1] == 1000, "%" PRId64 " and %" PRId64 " messages", a.taken[0], a.taken[1]);
        rd_kafka_queue_destroy(q);
        member_end(&a, 6000);
        cluster_stop();
}

struct batch_call {
        struct member *m;
        rd_kafka_queue_t *q;
};

static void *batch_thread(void *arg) {
        struct batch_call *call = arg;
        batch(call->m, call->q, 3000, 500);
        return NULL;
}

/* What a batch has gathered of a partition that is paused before it is handed out waits until the partition is resumed; if that
   happens while the batch is still being gathered, it comes with it. */
static void pause_while_a_batch_waits(void) {
        int resumed_at_once;
        for (resumed_at_once = 0; resumed_at_once < 2; resumed_at_once++) {
                const char *topic = fresh("topic");
                struct member a;
                struct batch_call call;
                rd_kafka_topic_partition_list_t *l;
                pthread_t thread;
                int64_t had, position;
                cluster_start(1);
                topic_create(topic, 2);
                fill(topic, 2, 0, 10);
                member_start(&a, "a", fresh("group"), topic, NULL);
                call.m = &a;
                call.q = rd_kafka_queue_get_consumer(a.rk);
                while (a.held < 2)
                        batch(&a, call.q, 10, 1);
                had = a.taken[0];
                l   = one(topic, 0);
                CHECK(!pthread_create(&thread, NULL, batch_thread, &call), "no thread");
                /* What has not been fetched by then is held back before it gets into the batch: that has to end the same way. */
                usleep(1000 * 1000);
                CHECK_ERR(rd_kafka_pause_partitions(a.rk, l), 0);
                if (resumed_at_once)
                        CHECK_ERR(rd_kafka_resume_partitions(a.rk, l), 0);
                pthread_join(thread, NULL);
                CHECK(a.taken[1] == 10, "%" PRId64 " of the partition that goes on", a.taken[1]);
                if (!resumed_at_once) {
                        CHECK(a.taken[0] == had, "%" PRId64 " of the paused partition", a.taken[0] - had);
                        CHECK_ERR(rd_kafka_position(a.rk, l), 0);
                        position = l->elems[0].offset;
                        CHECK(position == (had ? had : RD_KAFKA_OFFSET_INVALID), "position %" PRId64, position);
                        CHECK_ERR(rd_kafka_resume_partitions(a.rk, l), 0);
                        batch(&a, call.q, 1000, 4);
                        CHECK(a.taken[0] == had + 4, "%" PRId64 " after the first batch", a.taken[0]);
                        batch(&a, call.q, 1000, 500);
                }
                CHECK(a.taken[0] == 10, "%" PRId64 " in the end", a.taken[0]);
                CHECK_ERR(rd_kafka_position(a.rk, l), 0);
                position = l->elems[0].offset;
                CHECK(position == 10, "position %" PRId64 " in the end", position);
                rd_kafka_topic_partition_list_destroy(l);
                rd_kafka_queue_destroy(call.q);
                member_end(&a, 6000);
                cluster_stop();
        }
}

/* Members come and go while others take batches: what is revoked is in no batch from the callback on. */
static void batch_across_rebalance(void) {
        const char *strategies[] = {"roundrobin", "cooperative-sticky"};
        int s, round, i;
        for (s = 0; s < 2; s++) {
                const char *topic = fresh("topic"), *group = fresh("group");
                struct member a, b;
                rd_kafka_queue_t *q, *qb;
                cluster_start(1);
                topic_create(topic, 4);
                fill(topic, 4, 0, 3000);
                member_start(&a, "a", group, topic, "partition.assignment.strategy", strategies[s], "fetch.message.max.bytes", "10000",
                             "auto.commit.interval.ms", "100", NULL);
                q = rd_kafka_queue_get_consumer(a.rk);
                for (round = 0; round < 3; round++) {
                        int64_t end = now_ms() + ms(60000);
                        for (i = 0; i < 10; i++)
                                batch(&a, q, 100, 50);
                        member_start(&b, "b", group, topic, "partition.assignment.strategy", strategies[s], "fetch.message.max.bytes",
                                     "10000", "auto.commit.interval.ms", "100", NULL);
                        qb = rd_kafka_queue_get_consumer(b.rk);
                        while ((a.held != 2 || b.held != 2) && now_ms() < end) {
                                batch(&a, q, 50, 50);
                                batch(&b, qb, 50, 50);
                        }
                        CHECK(a.held == 2 && b.held == 2, "%d and %d are held", a.held, b.held);
                        batch(&b, qb, 100, 50);
                        rd_kafka_queue_destroy(qb);
                        member_end(&b, 6000);
                        end = now_ms() + ms(60000);
                        while (a.held != 4 && now_ms() < end)
                                batch(&a, q, 50, 50);
                        CHECK(a.held == 4, "%d are held", a.held);
                        CHECK(a.lost == 0 && b.lost == 0, "an assignment was lost");
                }
                rd_kafka_queue_destroy(q);
                member_end(&a, 6000);
                cluster_stop();
        }
}

/* A rebalance does not wait until a slow application has worked off what was fetched for it. */
static void rebalance_before_backlog(void) {
        const char *topic = fresh("topic"), *group = fresh("group");
        struct member a, b;
        cluster_start(1);
        topic_create(topic, 2);
        fill(topic, 2, 0, 2000);
        member_start(&a, "a", group, topic, "partition.assignment.strategy", "cooperative-sticky", NULL);
        EXPECT(20000, a.messages >= 1, &a);
        member_start(&b, "b", group, topic, "partition.assignment.strategy", "cooperative-sticky", NULL);
        while (a.held == 2 && a.messages < 4000) {
                member_poll(&a, 100);
                member_poll(&b, 0);
                usleep(10000);
        }
        CHECK(a.revokes == 1 && a.messages < 2000, "after %d messages: %d revocations", a.messages, a.revokes);
        EXPECT(20000, a.held == 1 && b.held == 1 && a.messages + b.messages >= 4000, &a, &b);
        member_end(&a, 6000);
        member_end(&b, 6000);
        cluster_stop();
}

/* Commits all the time, members join and leave: no commit costs the assignment, and what is said to be committed is. */
static void commit_in_rebalance(const char *strategy) {
        const char *topic = fresh("topic"), *group = fresh("group");
        struct member a, b;
        int round, p;
        cluster_start(1);
        topic_create(topic, 4);
        fill(topic, 4, 0, 200);
        member_start(&a, "a", group, topic, "partition.assignment.strategy", strategy, "enable.auto.commit", "false", NULL);
        EXPECT(20000, a.held == 4 && a.messages >= 10, &a);
        CHECK_ERR(rd_kafka_commit(a.rk, NULL, 0), 0);
        for (round = 0; round < 6; round++) {
                int join    = round % 2 == 0;
                int64_t end = now_ms() + ms(60000);
                if (join)
                        member_start(&b, "b", group, topic, "partition.assignment.strategy", strategy, NULL);
                else
                        member_end(&b, 6000);
                while ((join ? a.held != 2 || b.held != 2 : a.held != 4) && now_ms() < end) {
                        rd_kafka_resp_err_t err;
                        member_poll(&a, 5);
                        if (join)
                                member_poll(&b, 5);
                        err = rd_kafka_commit(a.rk, NULL, 0);

                        CHECK(!err || err == RD_KAFKA_RESP_ERR__NO_OFFSET || err == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS ||
                                  err == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
                              "commit: %s", rd_kafka_err2name(err));
                        CHECK_ERR(rd_kafka_commit(a.rk, NULL, 1), 0);
                }
                CHECK(a.held == (join ? 2 : 4), "%d are held", a.held);
                CHECK(a.lost == 0 && b.lost == 0, "%d and %d assignments were lost", a.lost, b.lost);
        }
        /* A coordinator that is rebalancing refuses: the assignment stays. */
        fill(topic, 4, 200, 1);
        EXPECT(20000, a.next[0] == 201 && a.next[1] == 201 && a.next[2] == 201 && a.next[3] == 201, &a);
        rd_kafka_mock_push_request_errors(mock, API_OFFSET_COMMIT, 1, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS);
        rd_kafka_commit(a.rk, NULL, 0);
        POLL_FOR(500, &a);
        CHECK(a.held == 4 && a.lost == 0, "%d are held, %d were lost", a.held, a.lost);
        rd_kafka_commit(a.rk, NULL, 0);
        for (p = 0; p < 4; p++)
                CHECK(committed_of(a.rk, topic, p) == 201, "partition %d: %" PRId64 " is committed", p, committed_of(a.rk, topic, p));
        member_end(&a, 6000);
        cluster_stop();
}

static void commit_in_eager_rebalance(void) {
        commit_in_rebalance("range");
}

static void commit_in_cooperative_rebalance(void) {
        commit_in_rebalance("cooperative-sticky");
}

/* The end of a partition is no message: it stores nothing, and commits nothing. */
static int committed_told;
static void count_commit(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *l, void *opaque) {
        (void)rk;
        (void)l;
        (void)opaque;
        CHECK_ERR(err, 0);
        committed_told++;
}

/* When a call that commits returns, the callback for it waits to be called, and a poll without a wait calls it. */
static void commit_calls_back_at_once(void) {
        const char *topic = fresh("topic");
        rd_kafka_topic_partition_list_t *l = one(topic, 0);
        rd_kafka_conf_t *conf;
        rd_kafka_t *rk;
        int i;
        cluster_start(1);
        topic_create(topic, 1);
        conf = conf_of("bootstrap.servers", bootstrap(), "group.id", fresh("group"), "enable.auto.commit", "false", NULL);
        rd_kafka_conf_set_offset_commit_cb(conf, count_commit);
        rk = client(RD_KAFKA_CONSUMER, conf);
        committed_told = 0;
        for (i = 1; i <= 200; i++) {
                l->elems[0].offset = i;
                CHECK_ERR(rd_kafka_commit(rk, l, 0), 0);
                rd_kafka_poll(rk, 0);
                CHECK(committed_told == i, "%d callbacks after %d commits", committed_told, i);
        }
        rd_kafka_topic_partition_list_destroy(l);
        CHECK_ERR(rd_kafka_consumer_close(rk), 0);
        DESTROY(rk, 6000);
        cluster_stop();
}

static void eof_stores_nothing(void) {
        const char *topic = fresh("topic"), *group = fresh("group");
        rd_kafka_topic_partition_list_t *l = one(topic, 0);
        struct member a;
        cluster_start(1);
        topic_create(topic, 2);
        fill(topic, 1, 0, 10);
        member_start(&a, "a", group, topic, "enable.partition.eof", "true", "enable.auto.offset.store", "false", "enable.auto.commit",
                     "false", NULL);
        EXPECT(20000, a.messages == 10 && a.eofs == 2, &a);
        CHECK_ERR(rd_kafka_commit(a.rk, NULL, 0), RD_KAFKA_RESP_ERR__NO_OFFSET);
        l->elems[0].offset = 4;
        CHECK_ERR(rd_kafka_offsets_store(a.rk, l), 0);
        CHECK_ERR(rd_kafka_commit(a.rk, NULL, 0), 0);
        CHECK(committed_of(a.rk, topic, 0) == 4, "%" PRId64 " is committed", committed_of(a.rk, topic, 0));
        CHECK(committed_of(a.rk, topic, 1) == RD_KAFKA_OFFSET_INVALID, "%" PRId64 " is committed", committed_of(a.rk, topic, 1));
        /* More ends, after more messages. */
        CHECK(seed_from(topic, 0, 10, 5, 0) == 5, "seed");
        EXPECT(20000, a.messages == 15 && a.eofs >= 3, &a);
        CHECK_ERR(rd_kafka_commit(a.rk, NULL, 0), RD_KAFKA_RESP_ERR__NO_OFFSET);
        member_end(&a, 6000);
        /* Automatic storing: an empty partition's end is not committed, either. */
        member_start(&a, "b", group, topic, "enable.partition.eof", "true", NULL);
        EXPECT(20000, a.messages == 11 && a.eofs == 2, &a);
        CHECK(a.taken[0] == 11, "%" PRId64 " after offset 4", a.taken[0]);
        CHECK_ERR(rd_kafka_commit(a.rk, NULL, 0), 0);
        CHECK(committed_of(a.rk, topic, 0) == 15, "%" PRId64 " is committed", committed_of(a.rk, topic, 0));
        CHECK(committed_of(a.rk, topic, 1) == RD_KAFKA_OFFSET_INVALID, "%" PRId64 " is committed", committed_of(a.rk, topic, 1));
        member_end(&a, 6000);
        rd_kafka_topic_partition_list_destroy(l);
        cluster_stop();
}

/* Resuming what is not paused, and pausing or resuming twice, moves nothing. */
static void resume_moves_nothing(void) {
        const char *topic = fresh("topic"), *group = fresh("group");
        rd_kafka_topic_partition_list_t *l = one(topic, 0);
        struct member a;
        int i;
        cluster_start(1);
        topic_create(topic, 1);
        fill(topic, 1, 0, 300);
        member_start(&a, "a", group, topic, "enable.auto.offset.store", "false", NULL);
        for (i = 1; i <= 10; i++) {
                EXPECT(20000, a.messages >= 20 * i, &a);
                CHECK_ERR(rd_kafka_resume_partitions(a.rk, l), 0);
                CHECK_ERR(rd_kafka_position(a.rk, l), 0);
                CHECK(l->elems[0].offset == a.next[0], "position %" PRId64 " after %" PRId64, l->elems[0].offset, a.next[0] - 1);
                if (i % 3 == 0) {
                        CHECK_ERR(rd_kafka_pause_partitions(a.rk, l), 0);
                        CHECK_ERR(rd_kafka_pause_partitions(a.rk, l), 0);
                        CHECK_ERR(rd_kafka_resume_partitions(a.rk, l), 0);
                        CHECK_ERR(rd_kafka_resume_partitions(a.rk, l), 0);
                }
        }
        EXPECT(20000, a.messages == 300, &a);
        POLL_FOR(200, &a);
        CHECK(a.messages == 300 && a.taken[0] == 300, "%d messages", a.messages);
        rd_kafka_topic_partition_list_destroy(l);
        member_end(&a, 6000);
        cluster_stop();
}

/* What was fetched before a pause is handed out after it, even without any broker. */
static void pause_keeps_what_was_fetched(void) {
        const char *topic = fresh("topic"), *group = fresh("group");
        rd_kafka_topic_partition_list_t *l = one(topic, 0);
        struct member a;
        int had;
        cluster_start(1);
        topic_create(topic, 1);
        fill(topic, 1, 0, 500);
        member_start(&a, "a", group, topic, "fetch.wait.max.ms", "50", "queued.min.messages", "100000", NULL);
        EXPECT(20000, a.messages >= 5, &a);
        /* All is here when the fetcher asks for what comes after it, several times. */
        rd_kafka_mock_start_request_tracking(mock);
        while (requests_of(API_FETCH) < 3)
                usleep(10000);
        CHECK_ERR(rd_kafka_pause_partitions(a.rk, l), 0);
        had = a.messages;
        POLL_FOR(200, &a);
        CHECK(a.messages == had, "%d messages while paused", a.messages - had);
        CHECK_ERR(rd_kafka_mock_broker_set_down(mock, 1), 0);
        CHECK_ERR(rd_kafka_resume_partitions(a.rk, l), 0);
        EXPECT(5000, a.messages == 500, &a);
        CHECK_ERR(rd_kafka_mock_broker_set_up(mock, 1), 0);
        fill(topic, 1, 500, 10);
        EXPECT(20000, a.messages == 510, &a);
        rd_kafka_mock_stop_request_tracking(mock);
        rd_kafka_topic_partition_list_destroy(l);
        member_end(&a, 6000);
        cluster_stop();
}

/* A topic is deleted and made again, with another id, at once or after a while; with more partitions, with fewer messages
 * than the old one had, and with more: all of the new one is consumed. */
static void topic_recreated(void) {
        int gap, cnt;
        for (gap = 0; gap <= 1500; gap += 1500)
                for (cnt = 5; cnt <= 105; cnt += 100) {
                        const char *topic = fresh("topic"), *group = fresh("group");
                        struct member a;
                        int p, complete = 0;
                        int64_t end;
                        cluster_start(1);
                        topic_create(topic, 2);
                        fill(topic, 2, 0, 50);
                        member_start(&a, "a", group, topic, "topic.metadata.refresh.interval.ms", "300",
                                     "topic.metadata.propagation.max.ms", "1000", "allow.auto.create.topics", "false", NULL);
                        EXPECT(20000, a.messages == 100, &a);
                        CHECK_ERR(rd_kafka_commit(a.rk, NULL, 0), 0);
                        CHECK_ERR(rd_kafka_mock_topic_delete(mock, topic), 0);
                        if (gap)
                                POLL_FOR(gap, &a);
                        topic_create(topic, 3);
                        for (p = 0; p < 3; p++)
                                a.next[p] = -1, a.taken[p] = 0;
                        fill(topic, 3, 0, cnt);
                        end = now_ms() + ms(60000);
                        while (!complete && now_ms() < end) {
                                member_poll(&a, 50);
                                for (p = 0, complete = 1; p < 3; p++)
                                        complete &= a.taken[p] >= cnt && a.next[p] == cnt;
                        }
                        CHECK(complete, "gap %d: of %d each, %" PRId64 " %" PRId64 " %" PRId64 " were taken", gap, cnt, a.taken[0],
                              a.taken[1], a.taken[2]);
                        member_end(&a, 6000);
                        cluster_stop();
                }
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(batch_across_seek);
        RUN(batch_across_pause);
        RUN(pause_while_a_batch_waits);
        RUN(batch_across_rebalance);
        RUN(rebalance_before_backlog);
        RUN(commit_in_eager_rebalance);
        RUN(commit_in_cooperative_rebalance);
        RUN(commit_calls_back_at_once);
        RUN(eof_stores_nothing);
        RUN(resume_moves_nothing);
        RUN(pause_keeps_what_was_fetched);
        RUN(topic_recreated);
        return T_END();
}
