/* What closing has to tell is told, however slow the thread is that closes. On the mock cluster. */
#include "consume.h"
#include "mock.h"

#define LEAVE_GROUP 13

struct closing {
        struct mock m;
        int revoked, committed;
};

static void assign_all(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *parts) {
        CHECK_ERR(rd_kafka_assign(rk, parts), 0);
}

/* Its answer lets the consumer commit and leave: all that is over when the callback returns. */
static void rebalance_cb(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts, void *opaque) {
        struct closing *c = opaque;
        if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
                assign_all(rk, parts);
                return;
        }
        assign_all(rk, NULL);
        c->revoked++;
        wait_for_requests(&c->m, LEAVE_GROUP, 1);
        usleep(300000); /* The answer, too. */
        CHECK(!rd_kafka_consumer_closed(rk), "closed before all is told");
}

static void commit_cb(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts, void *opaque) {
        struct closing *c = opaque;
        (void)rk;
        CHECK_ERR(err, 0);
        CHECK(parts && parts->cnt == 1 && parts->elems[0].offset == 1, "not the offset after the message");
        c->committed++;
}

/* A member that has consumed a message and committed nothing. */
static rd_kafka_t *member(struct closing *c) {
        rd_kafka_topic_partition_list_t *topics = one("t", RD_KAFKA_PARTITION_UA, RD_KAFKA_OFFSET_INVALID);
        rd_kafka_conf_t *conf;
        rd_kafka_message_t *m;
        rd_kafka_t *rk;
        memset(c, 0, sizeof(*c));
        c->m = mock_of(1);
        CHECK_ERR(rd_kafka_mock_topic_create(c->m.cluster, "t", 1, 1), 0);
        send_all(&c->m, "t", 1);
        conf = conf_of("bootstrap.servers", c->m.servers, "group.id", "g", "auto.commit.interval.ms", "3600000", "auto.offset.reset",
                       "earliest", NULL);
        rd_kafka_conf_set_rebalance_cb(conf, rebalance_cb);
        rd_kafka_conf_set_offset_commit_cb(conf, commit_cb);
        rd_kafka_conf_set_opaque(conf, c);
        rk = client(RD_KAFKA_CONSUMER, conf);
        CHECK_ERR(rd_kafka_poll_set_consumer(rk), 0);
        CHECK_ERR(rd_kafka_subscribe(rk, topics), 0);
        rd_kafka_topic_partition_list_destroy(topics);
        m = next(rk, ms(30000));
        CHECK(m && !m->err, "no message");
        if (m)
                rd_kafka_message_destroy(m);
        rd_kafka_mock_start_request_tracking(c->m.cluster);
        return rk;
}

static void told(struct closing *c, rd_kafka_t *rk) {
        CHECK(c->revoked == 1, "revoked %d times", c->revoked);
        CHECK(c->committed == 1, "the last commit was told %d times", c->committed);
        CHECK(rd_kafka_consumer_closed(rk) == 1, "not closed");
        DESTROY(rk, 5000);
        mock_end(&c->m);
}

static void close_waits(void) {
        struct closing c;
        rd_kafka_t *rk = member(&c);
        CHECK_ERR(rd_kafka_consumer_close(rk), 0);
        told(&c, rk);
}

static void close_into_a_queue(void) {
        struct closing c;
        rd_kafka_t *rk          = member(&c);
        rd_kafka_queue_t *q     = rd_kafka_queue_new(rk);
        rd_kafka_error_t *error = rd_kafka_consumer_close_queue(rk, q);
        int64_t until           = now_ms() + ms(20000);
        CHECK(!error, "%s", rd_kafka_error_string(error));
        while (!rd_kafka_consumer_closed(rk) && now_ms() < until)
                rd_kafka_queue_poll_callback(q, 50);
        rd_kafka_queue_destroy(q);
        told(&c, rk);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(close_waits);
        RUN(close_into_a_queue);
        return T_END();
}
