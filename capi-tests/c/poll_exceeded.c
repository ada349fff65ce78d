/* After max.poll.interval.ms: the error first, then the partitions that are lost. And callbacks that yield within a batch. */
#include "consume.h"

static struct {
        int assigns, revokes, lost;
} seen;

static void answer(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts) {
        rd_kafka_error_t *error = NULL;
        int assign              = err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        ++*(assign ? &seen.assigns : &seen.revokes);
        if (!assign)
                seen.lost += rd_kafka_assignment_lost(rk);
        if (!strcmp(rd_kafka_rebalance_protocol(rk), "COOPERATIVE"))
                error = assign ? rd_kafka_incremental_assign(rk, parts) : rd_kafka_incremental_unassign(rk, parts);
        else
                rd_kafka_assign(rk, assign ? parts : NULL);
        CHECK(!error, "answering the rebalance: %s", rd_kafka_error_string(error));
        if (error)
                rd_kafka_error_destroy(error);
}

static void rebalance_cb(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts, void *opaque) {
        (void)opaque;
        answer(rk, err, parts);
}

/* A member that has its partitions, and has taken what there is of them. */
static rd_kafka_t *member(const char *strategy, int events) {
        const char *topic                  = fresh_topic("poll", 2);
        rd_kafka_topic_partition_list_t *l = one(topic, RD_KAFKA_PARTITION_UA, 0);
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), "group.id", fresh("group"), "partition.assignment.strategy", strategy,
                                        "session.timeout.ms", "6000", "max.poll.interval.ms", "6000", "heartbeat.interval.ms", "1000",
                                        "auto.offset.reset", "earliest", "enable.auto.commit", "false", NULL);
        rd_kafka_t *rk;
        rd_kafka_message_t *m;
        memset(&seen, 0, sizeof(seen));
        CHECK(seed(topic, 0, 1, 0) == 1, "seed");
        if (events)
                rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE);
        else
                rd_kafka_conf_set_rebalance_cb(conf, rebalance_cb);
        rk = client(RD_KAFKA_CONSUMER, conf);
        CHECK_ERR(rd_kafka_subscribe(rk, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
        if (!events) {
                m = next(rk, ms(30000));
                CHECK(m && !m->err && seen.assigns == 1, "no message of an assigned partition");
                if (m)
                        rd_kafka_message_destroy(m);
        }
        return rk;
}

static void nap(void) {
        /* The interval, and what librdkafka takes to look at it. */
        sleep(8);
}

static void with(const char *strategy) {
        rd_kafka_t *rk = member(strategy, 0);
        rd_kafka_message_t *m;
        int64_t end;
        nap();
        m = rd_kafka_consumer_poll(rk, ms(10000));
        NEED(m != NULL, "nothing");
        CHECK_ERR(m->err, RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED);
        rd_kafka_message_destroy(m);
        CHECK(seen.revokes == 0, "%d times revoked before the error", seen.revokes);
        for (end = now_ms() + ms(20000); now_ms() < end && seen.assigns < 2;) {
                m = rd_kafka_consumer_poll(rk, 100);
                if (m)
                        rd_kafka_message_destroy(m);
        }
        CHECK(seen.revokes == 1 && seen.lost == 1 && seen.assigns == 2, "%d revoked, %d lost, %d assigned", seen.revokes, seen.lost, seen.assigns);
        CHECK_ERR(rd_kafka_consumer_close(rk), 0);
        DESTROY(rk, 5000);
}

static void eager(void) {
        with("range");
}

static void cooperative(void) {
        with("cooperative-sticky");
}

static void by_batches(void) {
        rd_kafka_t *rk      = member("range", 0);
        rd_kafka_queue_t *q = rd_kafka_queue_get_consumer(rk);
        rd_kafka_message_t *m[10];
        ssize_t n;
        nap();
        n = rd_kafka_consume_batch_queue(q, 500, m, 10);
        CHECK(n == 1, "%d messages", (int)n);
        if (n >= 1)
                CHECK_ERR(m[0]->err, RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED);
        while (n-- > 0)
                rd_kafka_message_destroy(m[n]);
        rd_kafka_queue_destroy(q);
        CHECK_ERR(rd_kafka_consumer_close(rk), 0);
        DESTROY(rk, 5000);
}

static void by_events(void) {
        rd_kafka_t *rk      = member("range", 1);
        rd_kafka_queue_t *q = rd_kafka_queue_get_consumer(rk);
        int64_t end;
        int errors = 0;
        for (end = now_ms() + ms(60000); now_ms() < end && seen.revokes == 0;) {
                rd_kafka_event_t *ev = rd_kafka_queue_poll(q, ms(1000));
                if (!ev)
                        continue;
                if (rd_kafka_event_type(ev) == RD_KAFKA_EVENT_REBALANCE) {
                        answer(rk, rd_kafka_event_error(ev), rd_kafka_event_topic_partition_list(ev));
                        if (seen.assigns == 1 && !seen.revokes) {
                                rd_kafka_event_destroy(ev);
                                nap();
                                continue;
                        }
                } else
                        errors += rd_kafka_event_error(ev) == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED;
                rd_kafka_event_destroy(ev);
        }
        CHECK(errors == 1 && seen.revokes == 1 && seen.lost == 1, "%d errors before %d revoked, %d lost", errors, seen.revokes, seen.lost);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 10000);
}

/* ---- rd_kafka_yield() ---- */

static int errors;

static void error_cb(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
        (void)err;
        (void)reason;
        (void)opaque;
        errors++;
        rd_kafka_yield(rk);
}

/* A consumer none of whose brokers is there: two errors come at once. */
static rd_kafka_t *unconnected(void) {
        rd_kafka_conf_t *conf              = conf_of("bootstrap.servers", "127.0.0.1:1", "group.id", "g", NULL);
        rd_kafka_topic_partition_list_t *l = one("t", RD_KAFKA_PARTITION_UA, 0);
        rd_kafka_t *rk;
        errors = 0;
        rd_kafka_conf_set_error_cb(conf, error_cb);
        rk = client(RD_KAFKA_CONSUMER, conf);
        rd_kafka_poll_set_consumer(rk);
        CHECK_ERR(rd_kafka_subscribe(rk, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
        return rk;
}

/* A batch serves until its time is up. */
static void yield_in_a_batch(void) {
        rd_kafka_t *rk      = unconnected();
        rd_kafka_queue_t *q = rd_kafka_queue_get_consumer(rk);
        rd_kafka_message_t *m[4];
        int64_t start = now_ms();
        CHECK(rd_kafka_consume_batch_queue(q, 1000, m, 4) == 0, "messages");
        CHECK(now_ms() - start >= 990, "back after %d ms", (int)(now_ms() - start));
        CHECK(errors >= 2, "%d errors", errors);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 5000);
}

/* A poll ends: that is what yielding is for. */
static void yield_in_a_poll(void) {
        rd_kafka_t *rk = unconnected();
        int64_t start  = now_ms();
        rd_kafka_message_t *m;
        m = rd_kafka_consumer_poll(rk, ms(20000));
        CHECK(!m && errors == 1, "%d errors", errors);
        CHECK(now_ms() - start < ms(10000), "back after %d ms", (int)(now_ms() - start));
        DESTROY(rk, 5000);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(eager);
        RUN(cooperative);
        RUN(by_batches);
        RUN(by_events);
        RUN(yield_in_a_batch);
        RUN(yield_in_a_poll);
        return T_END();
}
