/* What a report on a failed message says: broker, timestamp, and in which order a purge reports. */
#include "mock.h"

enum { PRODUCE = 0 };

static struct {
        rd_kafka_resp_err_t err;
        int32_t broker;
        int64_t timestamp;
        rd_kafka_timestamp_type_t type;
        intptr_t opaque;
} report[64];
static int reports;

static void note(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)opaque;
        if (reports < 64) {
                report[reports].err       = m->err;
                report[reports].broker    = rd_kafka_message_broker_id(m);
                report[reports].timestamp = rd_kafka_message_timestamp(m, &report[reports].type);
                report[reports].opaque    = (intptr_t)m->_private;
        }
        reports++;
}

static rd_kafka_t *noting(const char *servers, const char *name, const char *value) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", servers, "linger.ms", "0", NULL);
        if (name)
                conf_put(conf, name, value);
        rd_kafka_conf_set_dr_msg_cb(conf, note);
        reports = 0;
        memset(report, 0, sizeof(report));
        return client(RD_KAFKA_PRODUCER, conf);
}

static void send_number(rd_kafka_t *rk, int i) {
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE("x", 1),
                                    RD_KAFKA_V_OPAQUE((void *)(intptr_t)i), RD_KAFKA_V_END),
                  0);
}

static void expect(int i, rd_kafka_resp_err_t err, int32_t broker) {
        CHECK_ERR(report[i].err, err);
        CHECK(report[i].broker == broker, "broker %d of a report with %s", report[i].broker, rd_kafka_err2name(err));
        if (err)
                CHECK(report[i].timestamp == -1 && report[i].type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE, "timestamp %" PRId64 ", type %d",
                      report[i].timestamp, report[i].type);
        else if (!is_upstream()) /* Its mock cluster makes up a time of its own. */
                CHECK(report[i].timestamp > 0 && report[i].type == RD_KAFKA_TIMESTAMP_CREATE_TIME, "timestamp %" PRId64 ", type %d",
                      report[i].timestamp, report[i].type);
}

static void refused_by_its_broker(void) {
        static const rd_kafka_resp_err_t CODES[] = {RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
                                                    RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE};
        struct mock m = mock_of(1);
        rd_kafka_t *rk;
        int i;
        rd_kafka_mock_topic_create(m.cluster, "t", 1, 1);
        rk = noting(m.servers, NULL, NULL);
        send_number(rk, 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        for (i = 0; i < 3; i++) {
                rd_kafka_mock_push_request_errors(m.cluster, PRODUCE, 1, CODES[i]);
                send_number(rk, 1 + i);
                CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        }
        NEED(reports == 4, "%d reports", reports);
        expect(0, 0, 1);
        for (i = 0; i < 3; i++)
                expect(1 + i, CODES[i], 1);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* Sent and given up: by time, and when the connection ends for good. */
static void given_up(void) {
        struct mock m = mock_of(1);
        rd_kafka_t *rk;
        rd_kafka_mock_topic_create(m.cluster, "t", 1, 1);
        rk = noting(m.servers, "retries", "0");
        send_number(rk, 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        rd_kafka_mock_push_request_errors(m.cluster, PRODUCE, 1, RD_KAFKA_RESP_ERR__TRANSPORT);
        send_number(rk, 1);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        NEED(reports == 2, "%d reports", reports);
        expect(0, 0, 1);
        expect(1, RD_KAFKA_RESP_ERR__TRANSPORT, 1);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* No broker has had it. */
static void never_sent(void) {
        rd_kafka_t *rk = noting("127.0.0.1:1", NULL, NULL);
        send_number(rk, 0);
        rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        NEED(reports == 1, "%d reports", reports);
        expect(0, RD_KAFKA_RESP_ERR__PURGE_QUEUE, -1);
        rd_kafka_destroy(rk);
}

/* A purge comes before the shortest of time-outs while a topic is not known; without one time is up all the same. */
static void purged_before_time_is_up(void) {
        static const char *const TIMEOUTS[] = {"1", "50", "300"};
        size_t i;
        for (i = 0; i < 3; i++) {
                rd_kafka_t *rk = noting("127.0.0.1:1", "message.timeout.ms", TIMEOUTS[i]);
                int64_t start  = now_ms();
                send_number(rk, 0);
                usleep(100000);
                if (now_ms() - start < 800) { /* The machine has let us. */
                        rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE);
                        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
                        NEED(reports == 1, "%d reports", reports);
                        expect(0, RD_KAFKA_RESP_ERR__PURGE_QUEUE, -1);
                }
                reports = 0;
                send_number(rk, 1);
                CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
                NEED(reports == 1, "%d reports", reports);
                expect(0, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, -1);
                rd_kafka_destroy(rk);
        }
}

/* What is in flight was produced before what waits behind it. */
static void purge_order(void) {
        static const int FLAGS[] = {RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT,
                                    RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING};
        int round, idempotent, i;
        if (is_upstream())
                SKIP("librdkafka's mock cluster does not tell of a request before it has been answered");
        for (idempotent = 0; idempotent < 2; idempotent++)
                for (round = 0; round < 2; round++) {
                        struct mock m = mock_of(1);
                        rd_kafka_conf_t *conf;
                        rd_kafka_t *rk;
                        rd_kafka_mock_topic_create(m.cluster, "t", 1, 1);
                        /* Nothing else is to be in flight, of which the answer is late. */
                        conf = conf_of("bootstrap.servers", m.servers, "linger.ms", "0", "max.in.flight.requests.per.connection", "1",
                                       "enable.idempotence", idempotent ? "true" : "false", "enable.metrics.push", "false", NULL);
                        rd_kafka_conf_set_dr_msg_cb(conf, note);
                        reports = 0;
                        rk      = client(RD_KAFKA_PRODUCER, conf);
                        send_number(rk, 0);
                        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
                        rd_kafka_mock_start_request_tracking(m.cluster);
                        rd_kafka_mock_broker_set_rtt(m.cluster, 1, ms(20000));
                        send_number(rk, 1);
                        wait_for_requests(&m, PRODUCE, 1);
                        for (i = 2; i < 5; i++)
                                send_number(rk, i);
                        CHECK_ERR(rd_kafka_purge(rk, FLAGS[round]), 0);
                        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
                        NEED(reports == 5, "%d reports", reports);
                        for (i = 0; i < 5; i++)
                                CHECK(report[i].opaque == i, "report %d is that of message %d", i, (int)report[i].opaque);
                        expect(1, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, 1);
                        for (i = 2; i < 5; i++)
                                expect(i, RD_KAFKA_RESP_ERR__PURGE_QUEUE, -1);
                        rd_kafka_destroy(rk);
                        mock_end(&m);
                }
}

/* A producer can be asked what only consumers have. */
static void producers_position(void) {
        struct mock m                      = mock_of(1);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(2);
        rd_kafka_t *rk                     = noting(m.servers, NULL, NULL);
        int round, i;
        rd_kafka_topic_partition_list_add(l, "t", 0);
        rd_kafka_topic_partition_list_add(l, "t", 99);
        for (round = 0; round < 2; round++) {
                for (i = 0; i < 2; i++)
                        l->elems[i].offset = 55;
                CHECK_ERR(rd_kafka_position(rk, l), 0);
                for (i = 0; i < 2; i++) {
                        int64_t low = 1, high = 2;
                        CHECK_ERR(l->elems[i].err, 0);
                        CHECK(l->elems[i].offset == RD_KAFKA_OFFSET_INVALID, "%" PRId64, l->elems[i].offset);
                        CHECK_ERR(rd_kafka_get_watermark_offsets(rk, "t", l->elems[i].partition, &low, &high), 0);
                        CHECK(low == RD_KAFKA_OFFSET_INVALID && high == RD_KAFKA_OFFSET_INVALID, "%" PRId64 " %" PRId64, low, high);
                }
                send_number(rk, round);
                CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        }
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* The broker says that no topic can be named so. */
static void empty_topic_name(void) {
        struct mock m         = mock_of(1);
        rd_kafka_t *rk        = noting(m.servers, NULL, NULL);
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, "", NULL);
        char name[514];
        NEED(rkt, "no handle: %s", rd_kafka_err2name(rd_kafka_last_error()));
        CHECK(!strcmp(rd_kafka_topic_name(rkt), ""), "%s", rd_kafka_topic_name(rkt));
        rd_kafka_topic_destroy(rkt);
        memset(name, 'a', 513);
        name[513] = '\0';
        CHECK(!rd_kafka_topic_new(rk, name, NULL), "513 bytes");
        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK(!rd_kafka_topic_new(rk, NULL, NULL), "NULL");
        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__INVALID_ARG);
        /* Others are not touched. */
        send_number(rk, 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        CHECK(reports == 1 && !report[0].err, "%d reports", reports);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(refused_by_its_broker);
        RUN(given_up);
        RUN(never_sent);
        RUN(purged_before_time_is_up);
        RUN(purge_order);
        RUN(producers_position);
        RUN(empty_topic_name);
        return T_END();
}
