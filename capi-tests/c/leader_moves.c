/* A partition gets another leader. The old one's refusal says which (KIP-951): nobody has to ask for metadata. On the mock cluster. */
#include "consume.h"
#include "mock.h"
#include "share.h"

#define METADATA          3
#define SHARE_ACKNOWLEDGE 79

/* Metadata is asked for when something calls for it, and not otherwise. */
#define NEVER "topic.metadata.refresh.interval.ms", "-1"

static struct mock two_brokers(void) {
        struct mock m = mock_of(2);
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 2), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 1), 0);
        return m;
}

static void move(const struct mock *m) {
        rd_kafka_mock_start_request_tracking(m->cluster);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m->cluster, "t", 0, 2), 0);
}

static void nobody_asked(const struct mock *m) {
        CHECK(requests_of(m, METADATA, -1) == 0, "%d requests for metadata", requests_of(m, METADATA, -1));
        rd_kafka_mock_stop_request_tracking(m->cluster);
}

static void producer_follows(void) {
        struct mock m         = two_brokers();
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", m.servers, NEVER, "retry.backoff.ms", "10", NULL);
        rd_kafka_t *rk;
        rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
        rk = client(RD_KAFKA_PRODUCER, conf);
        CHECK_ERR(send_one(rk, "t", 0), 0);
        move(&m);
        CHECK_ERR(send_one(rk, "t", 0), 0);
        CHECK(requests_of(&m, 0, 2) > 0, "no Produce of the new leader");
        nobody_asked(&m);
        DESTROY(rk, 5000);
        mock_end(&m);
}

static void consumer_follows(void) {
        struct mock m = two_brokers();
        rd_kafka_t *rk;
        rd_kafka_message_t *message;
        send_all(&m, "t", 1);
        rk = client(RD_KAFKA_CONSUMER,
                    conf_of("bootstrap.servers", m.servers, NEVER, "group.id", "g", "enable.auto.commit", "false", "fetch.wait.max.ms", "100", NULL));
        assign(rk, "t", 0, 0);
        message = next(rk, ms(15000));
        CHECK(message && !message->err, "no message");
        rd_kafka_message_destroy(message);
        move(&m);
        {
                int64_t until = now_ms() + ms(15000);
                while (!requests_of(&m, 1, 2) && now_ms() < until)
                        usleep(10000);
        }
        CHECK(requests_of(&m, 1, 2) > 0, "no Fetch of the new leader");
        nobody_asked(&m);
        send_all(&m, "t", 1);
        message = next(rk, ms(15000));
        CHECK(message && !message->err && message->offset == 1, "not the next message");
        rd_kafka_message_destroy(message);
        DESTROY(rk, 5000);
        mock_end(&m);
}

/* The first commit learns it; the others know that the old leader's locks are gone. */
static void share_consumer_follows(void) {
        struct mock m = two_brokers();
        rd_kafka_messages_t *batch;
        rd_kafka_share_t *rk;
        int round;
        rd_kafka_mock_sharegroup_set_auto_offset_reset(m.cluster, 1);
        send_all(&m, "t", 3);
        rk = share_of(conf_of("bootstrap.servers", m.servers, NEVER, "group.id", "g", "share.acknowledgement.mode", "explicit", NULL));
        NEED(rk, "no share consumer");
        share_subscribe(rk, "t");
        batch = share_batch(rk, ms(30000));
        CHECK(rd_kafka_messages_count(batch) == 3, "%zu records", rd_kafka_messages_count(batch));
        move(&m);
        for (round = 0; round < 3; round++) {
                rd_kafka_topic_partition_list_t *results = NULL;
                CHECK_ERR(rd_kafka_share_acknowledge(rk, rd_kafka_messages_get(batch, round)), 0);
                CHECK_SHARE(rd_kafka_share_commit_sync(rk, ms(10000), &results), 0);
                CHECK(results && results->cnt == 1, "no result");
                if (results && results->cnt)
                        CHECK_ERR(results->elems[0].err, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
                if (results)
                        rd_kafka_topic_partition_list_destroy(results);
        }
        CHECK(requests_of(&m, SHARE_ACKNOWLEDGE, -1) == 1, "%d acknowledgements sent", requests_of(&m, SHARE_ACKNOWLEDGE, -1));
        nobody_asked(&m);
        rd_kafka_messages_destroy(batch);
        CHECK(share_take(rk, 3, share_accept, 0) == 3, "the new leader gives less");
        share_end(rk);
        mock_end(&m);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(producer_follows);
        RUN(consumer_follows);
        RUN(share_consumer_follows);
        return T_END();
}
