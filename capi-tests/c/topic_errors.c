/* What becomes of messages to a topic that may not be used or is not there, on a mock cluster that says so. */
#include "mock.h"
#include "reports.h"

enum { PRODUCE = 0 };

static struct mock m;

static rd_kafka_t *start(const char *topic, int partitions, const char *name, const char *value) {
        rd_kafka_conf_t *conf;
        m    = mock_of(1);
        conf = conf_of("bootstrap.servers", m.servers, "retry.backoff.ms", "10", "topic.metadata.propagation.max.ms", "100", "linger.ms", "0",
                       "topic.metadata.refresh.fast.interval.ms", "10", NULL);
        if (name)
                conf_put(conf, name, value);
        rd_kafka_conf_set_dr_msg_cb(conf, dr_msg_cb);
        reports = 0;
        memset(report, 0, sizeof(report));
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, topic, partitions, 1), 0);
        return client(RD_KAFKA_PRODUCER, conf);
}

static void end(rd_kafka_t *rk) {
        DESTROY(rk, 5000);
        mock_end(&m);
}

static rd_kafka_resp_err_t send_to(rd_kafka_t *rk, const char *topic, int32_t partition) {
        return rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END);
}

/* The last report's error, once there are so many. */
static rd_kafka_resp_err_t report_of(rd_kafka_t *rk, int cnt) {
        CHECK(wait_reports(rk, cnt, ms(15000)) == cnt, "%d reports, not %d", reports, cnt);
        return report[cnt - 1].err;
}

/* Until a message is accepted again. */
static void accepted_again(rd_kafka_t *rk, const char *topic, rd_kafka_resp_err_t meanwhile) {
        int64_t until = now_ms() + ms(60000);
        rd_kafka_resp_err_t err;
        while ((err = send_to(rk, topic, 0)) && now_ms() < until) {
                CHECK_ERR(err, meanwhile);
                rd_kafka_poll(rk, 10);
        }
        CHECK_ERR(err, 0);
}

/* Metadata says that the topic is not for us: what waits for it fails, and no more is accepted until metadata says otherwise. */
static void metadata_refuses(void) {
        const rd_kafka_resp_err_t refused = RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
        rd_kafka_t *rk                    = start("t", 2, NULL, NULL);
        rd_kafka_mock_topic_set_error(m.cluster, "t", refused);
        CHECK_ERR(send_to(rk, "t", RD_KAFKA_PARTITION_UA), 0);
        CHECK_ERR(send_to(rk, "t", 0), 0);
        CHECK_ERR(report_of(rk, 2), refused);
        CHECK_ERR(report[0].err, refused);
        CHECK_ERR(send_to(rk, "t", RD_KAFKA_PARTITION_UA), refused);
        CHECK_ERR(send_to(rk, "t", 0), refused);
        rd_kafka_mock_topic_set_error(m.cluster, "t", 0);
        accepted_again(rk, "t", refused);
        CHECK_ERR(report_of(rk, 3), 0);
        end(rk);
}

/* The broker refuses a batch although metadata has said nothing: the same from the moment of the report on, and what the topic's other
 * partitions have queued fails as well. */
static void broker_refuses(const char *idempotence) {
        const rd_kafka_resp_err_t refused = RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
        rd_kafka_t *rk                    = start("t", 2, "enable.idempotence", idempotence);
        int64_t at;
        CHECK_ERR(send_to(rk, "t", 0), 0);
        CHECK_ERR(report_of(rk, 1), 0);
        CHECK_ERR(send_to(rk, "t", 1), 0);
        CHECK_ERR(report_of(rk, 2), 0);
        rd_kafka_mock_push_request_errors(m.cluster, PRODUCE, 1, refused);
        CHECK_ERR(send_to(rk, "t", 0), 0);
        CHECK_ERR(report_of(rk, 3), refused);
        at = now_ms();
        CHECK_ERR(send_to(rk, "t", RD_KAFKA_PARTITION_UA), refused);
        CHECK_ERR(send_to(rk, "t", 0), refused);
        CHECK_ERR(send_to(rk, "t", 1), refused);
        /* Metadata knows the topic all the time, and is asked every second. */
        accepted_again(rk, "t", refused);
        at = now_ms() - at;
        CHECK(at <= ms(3000), "accepted again after %" PRId64 " ms", at);
        CHECK_ERR(report_of(rk, 4), 0);
        CHECK(report[3].offset == 1, "offset %" PRId64, report[3].offset);
        CHECK_ERR(send_to(rk, "t", 1), 0);
        CHECK_ERR(report_of(rk, 5), 0);
        CHECK(report[4].offset == 1, "offset %" PRId64, report[4].offset);
        CHECK_ERR(rd_kafka_fatal_error(rk, NULL, 0), 0);
        end(rk);
}

static void broker_refuses_plain(void) {
        broker_refuses("false");
}

static void broker_refuses_idempotent(void) {
        broker_refuses("true");
}

/* The topic is not there: what waited gets the broker's word, and later messages are refused by the library's own. */
static void missing(rd_kafka_resp_err_t err) {
        rd_kafka_t *rk = start("t", 2, NULL, NULL);
        rd_kafka_mock_topic_set_error(m.cluster, "t", err);
        CHECK_ERR(send_to(rk, "t", RD_KAFKA_PARTITION_UA), 0);
        CHECK_ERR(report_of(rk, 1), err);
        CHECK_ERR(send_to(rk, "t", RD_KAFKA_PARTITION_UA), RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC);
        CHECK_ERR(send_to(rk, "t", 0), RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC);
        rd_kafka_mock_topic_set_error(m.cluster, "t", 0);
        accepted_again(rk, "t", RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC);
        CHECK_ERR(report_of(rk, 2), 0);
        end(rk);
}

static void unknown_topic(void) {
        missing(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
}

static void invalid_topic(void) {
        missing(RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION);
}

/* Any other error may pass: messages wait, for as long as they may. */
static void passing(rd_kafka_resp_err_t err) {
        rd_kafka_t *rk = start("t", 2, "message.timeout.ms", "1500");
        rd_kafka_mock_topic_set_error(m.cluster, "t", err);
        CHECK_ERR(send_to(rk, "t", RD_KAFKA_PARTITION_UA), 0);
        CHECK_ERR(report_of(rk, 1), RD_KAFKA_RESP_ERR__MSG_TIMED_OUT);
        CHECK_ERR(send_to(rk, "t", 0), 0);
        rd_kafka_mock_topic_set_error(m.cluster, "t", 0);
        CHECK_ERR(report_of(rk, 2), 0);
        end(rk);
}

static void without_leader(void) {
        passing(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
}

static void other_error(void) {
        passing(RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR);
}

/* A topic that was there, with a message queued, and is refused or gone. */
static void known_and_then(rd_kafka_resp_err_t err, rd_kafka_resp_err_t queued, rd_kafka_resp_err_t later) {
        rd_kafka_t *rk = start("t", 2, "linger.ms", "60000");
        CHECK_ERR(send_to(rk, "t", 0), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        CHECK_ERR(report_of(rk, 1), 0);
        CHECK_ERR(send_to(rk, "t", 0), 0);
        rd_kafka_mock_topic_set_error(m.cluster, "t", err);
        CHECK_ERR(topic_err(rk, "t"), err);
        CHECK_ERR(report_of(rk, 2), queued);
        CHECK_ERR(send_to(rk, "t", 1), later);
        rd_kafka_mock_topic_set_error(m.cluster, "t", 0);
        accepted_again(rk, "t", later);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        CHECK_ERR(report_of(rk, 3), 0);
        end(rk);
}

static void known_and_then_refused(void) {
        known_and_then(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                       RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
}

static void known_and_then_gone(void) {
        known_and_then(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(metadata_refuses);
        RUN(broker_refuses_plain);
        RUN(broker_refuses_idempotent);
        RUN(unknown_topic);
        RUN(invalid_topic);
        RUN(without_leader);
        RUN(other_error);
        RUN(known_and_then_refused);
        RUN(known_and_then_gone);
        return T_END();
}
