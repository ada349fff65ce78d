/* The first message to a topic: how many round trips it takes, and how long the pauses are. */
#include "mock.h"

#define METADATA 3
#define PRODUCE 0

static struct {
        int cnt;
        int64_t at_us[64];
} seen;

/* Requests of a kind that the mock cluster has got so far. */
static void look(const struct mock *m, int16_t api) {
        size_t n, i;
        rd_kafka_mock_request_t **all = rd_kafka_mock_get_requests(m->cluster, &n);
        for (seen.cnt = 0, i = 0; i < n && seen.cnt < 64; i++)
                if (rd_kafka_mock_request_api_key(all[i]) == api)
                        seen.at_us[seen.cnt++] = rd_kafka_mock_request_timestamp(all[i]);
        rd_kafka_mock_request_destroy_array(all, n);
}

static void wait_for(const struct mock *m, int16_t api, int cnt) {
        int64_t until = now_ms() + ms(20000);
        do {
                usleep(1000);
                look(m, api);
        } while (seen.cnt < cnt && now_ms() < until);
        CHECK(seen.cnt >= cnt, "%d requests %d", seen.cnt, api);
}

/* The second shortest: a machine that has other things to do makes pauses longer, and two questions may have other reasons. */
static int64_t short_pause_ms(void) {
        int64_t shortest = INT64_MAX, second = INT64_MAX;
        int i;
        for (i = 1; i < seen.cnt; i++) {
                int64_t pause = seen.at_us[i] - seen.at_us[i - 1];
                if (pause < shortest) {
                        second   = shortest;
                        shortest = pause;
                } else if (pause < second)
                        second = pause;
        }
        return second / 1000;
}

static void produce_one(rd_kafka_t *rk, rd_kafka_topic_t *rkt) {
        delivered = 0;
        CHECK(!rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, "v", 1, NULL, 0, NULL), "produce");
        CHECK_ERR(rd_kafka_flush(rk, ms(30000)), 0);
        CHECK(delivered == 1 && !delivery_errors[0], "%d reports, %s", delivered, rd_kafka_err2name(delivery_errors[0]));
}

/* A topic that is named before there is a connection is in the first question. */
static void one_question(void) {
        struct mock m = mock_of(1);
        rd_kafka_t *rk;
        rd_kafka_topic_t *rkt;
        rd_kafka_mock_topic_create(m.cluster, "t", 4, 1);
        rd_kafka_mock_broker_set_down(m.cluster, 1);
        rk  = producer_on(&m);
        rkt = rd_kafka_topic_new(rk, "t", NULL);
        CHECK(!rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, "v", 1, NULL, 0, NULL), "produce");
        usleep(20000);
        rd_kafka_mock_start_request_tracking(m.cluster);
        rd_kafka_mock_broker_set_up(m.cluster, 1);
        CHECK_ERR(rd_kafka_flush(rk, ms(30000)), 0);
        look(&m, METADATA);
        /* librdkafka's second connection asks, too. */
        CHECK(seen.cnt == 1 || (is_upstream() && seen.cnt), "%d metadata requests", seen.cnt);
        look(&m, PRODUCE);
        CHECK(seen.cnt == 1, "%d produce requests", seen.cnt);
        rd_kafka_topic_destroy(rkt);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* A topic that is not there yet is asked for again at once. */
static void not_created_yet(void) {
        struct mock m           = mock_of(1);
        rd_kafka_t *rk          = producer_on(&m);
        rd_kafka_topic_t *other = rd_kafka_topic_new(rk, "other", NULL), *rkt;
        produce_one(rk, other);
        rd_kafka_mock_topic_create(m.cluster, "t", 4, 1);
        rd_kafka_mock_topic_set_error(m.cluster, "t", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        rd_kafka_mock_start_request_tracking(m.cluster);
        rkt = rd_kafka_topic_new(rk, "t", NULL);
        wait_for(&m, METADATA, 4);
        rd_kafka_mock_topic_set_error(m.cluster, "t", 0);
        produce_one(rk, rkt);
        if (!is_upstream())
                CHECK(short_pause_ms() < ms(60), "%" PRId64 " ms", short_pause_ms());
        rd_kafka_topic_destroy(rkt);
        rd_kafka_topic_destroy(other);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* What the application is told meanwhile does not slow the client's own questions. */
static void asked_by_the_application_too(void) {
        struct mock m = mock_of(1);
        rd_kafka_t *rk;
        rd_kafka_topic_t *rkt;
        int i;
        rd_kafka_mock_topic_create(m.cluster, "t", 4, 1);
        rd_kafka_mock_topic_set_error(m.cluster, "t", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        rk  = producer_on(&m);
        rkt = rd_kafka_topic_new(rk, "t", NULL);
        for (i = 0; i < 50; i++) {
                const rd_kafka_metadata_t *md;
                rd_kafka_resp_err_t err = rd_kafka_metadata(rk, 0, rkt, &md, ms(10000));
                CHECK_ERR(err, 0);
                if (!err)
                        rd_kafka_metadata_destroy(md);
        }
        rd_kafka_mock_start_request_tracking(m.cluster);
        rd_kafka_mock_topic_set_error(m.cluster, "t", 0);
        produce_one(rk, rkt);
        look(&m, METADATA);
        CHECK(seen.cnt <= 3, "%d metadata requests", seen.cnt);
        rd_kafka_topic_destroy(rkt);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* A leader that does not know yet that it is one is asked again at once, and its refusals are no attempts. */
static void not_leader_yet(void) {
        struct mock m        = mock_of(1);
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", m.servers, "retries", "1", NULL);
        rd_kafka_topic_t *rkt;
        rd_kafka_t *rk;
        if (is_upstream()) {
                rd_kafka_conf_destroy(conf);
                mock_end(&m);
                SKIP("librdkafka counts them, and waits for retry.backoff.ms");
        }
        rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
        rk = client(RD_KAFKA_PRODUCER, conf);
        rd_kafka_mock_topic_create(m.cluster, "t", 1, 1);
        rd_kafka_mock_push_request_errors(m.cluster, PRODUCE, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                          RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
        rd_kafka_mock_start_request_tracking(m.cluster);
        rkt = rd_kafka_topic_new(rk, "t", NULL);
        produce_one(rk, rkt);
        look(&m, PRODUCE);
        CHECK(seen.cnt == 4 && short_pause_ms() < ms(60), "%d requests, %" PRId64 " ms", seen.cnt, short_pause_ms());
        rd_kafka_topic_destroy(rkt);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* On Kafka, where a topic is created by asking for it, and messages wait for it. */
static void created_on_kafka(void) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), NULL);
        rd_kafka_topic_t *rkt;
        rd_kafka_t *rk;
        char topic[64];
        rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
        rk = client(RD_KAFKA_PRODUCER, conf);
        snprintf(topic, sizeof(topic), "first-%d-%" PRId64, getpid(), now_us());
        rkt = rd_kafka_topic_new(rk, topic, NULL);
        produce_one(rk, rkt);
        rd_kafka_topic_destroy(rkt);
        rd_kafka_destroy(rk);
        wire_delete_topic(bootstrap(), topic);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(one_question);
        RUN(not_created_yet);
        RUN(asked_by_the_application_too);
        RUN(not_leader_yet);
        RUN(created_on_kafka);
        return T_END();
}
