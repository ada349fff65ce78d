/* Every way a delivery report comes out. */
#include "reports.h"

static int dr_cb_calls;
static void dr_cb(rd_kafka_t *rk, void *payload, size_t len, rd_kafka_resp_err_t err, void *opaque, void *msg_opaque) {
        (void)rk;
        dr_cb_calls++;
        CHECK_ERR(err, 0);
        CHECK(len == 5 && !memcmp(payload, "hello", 5), "payload");
        CHECK(opaque == number(77), "opaque");
        CHECK(msg_opaque == number(88), "message opaque");
}

static void report_by_dr_cb(void) {
        const char *topic     = fresh_topic("drcb", 1);
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), NULL);
        rd_kafka_t *rk;
        rd_kafka_topic_t *r;
        rd_kafka_conf_set_dr_cb(conf, dr_cb);
        rd_kafka_conf_set_opaque(conf, number(77));
        rk          = client(RD_KAFKA_PRODUCER, conf);
        r           = rd_kafka_topic_new(rk, topic, NULL);
        dr_cb_calls = 0;
        CHECK(!rd_kafka_produce(r, 0, RD_KAFKA_MSG_F_COPY, "hello", 5, NULL, 0, number(88)), "produce");
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        CHECK(dr_cb_calls == 1, "%d", dr_cb_calls);
        rd_kafka_topic_destroy(r);
        DESTROY(rk, 1000);
}

static int topic_opaque_ok;
static void dr_topic_cb(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)opaque;
        topic_opaque_ok = m->rkt && rd_kafka_topic_opaque(m->rkt) == number(5) && is_payload(m, "hello") && is_key(m, "key");
        CHECK(rd_kafka_message_leader_epoch(m) == -1, "leader epoch %d", rd_kafka_message_leader_epoch(m));
        dr_msg_cb(rk, m, opaque);
}

static void report_by_dr_msg_cb(void) {
        const char *topic           = fresh_topic("drmsg", 1);
        rd_kafka_conf_t *conf       = conf_of("bootstrap.servers", bootstrap(), NULL);
        rd_kafka_topic_conf_t *tcnf = rd_kafka_topic_conf_new();
        rd_kafka_t *rk;
        rd_kafka_topic_t *r;
        rd_kafka_conf_set_dr_msg_cb(conf, dr_topic_cb);
        rk = client(RD_KAFKA_PRODUCER, conf);
        rd_kafka_topic_conf_set_opaque(tcnf, number(5));
        r       = rd_kafka_topic_new(rk, topic, tcnf);
        reports = topic_opaque_ok = 0;
        CHECK(!rd_kafka_produce(r, 0, RD_KAFKA_MSG_F_COPY, "hello", 5, "key", 3, number(9)), "produce");
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        NEED(reports == 1, "%d", reports);
        CHECK(topic_opaque_ok, "topic, payload or key");
        CHECK_ERR(report[0].err, 0);
        CHECK(report[0].status == RD_KAFKA_MSG_STATUS_PERSISTED, "status %d", report[0].status);
        CHECK(report[0].latency > 0 && report[0].latency < 10000000, "latency %" PRId64, report[0].latency);
        CHECK(report[0].broker == 1, "broker %d", report[0].broker);
        CHECK(report[0].offset == 0 && report[0].partition == 0 && report[0].opaque == number(9), "place");
        rd_kafka_topic_destroy(r);
        DESTROY(rk, 1000);
}

static void report_by_event(void) {
        const char *topic     = fresh_topic("drevent", 1);
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), "linger.ms", "50", NULL);
        rd_kafka_t *rk;
        rd_kafka_queue_t *q;
        int seen = 0, i;
        int64_t until;
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
        rk = client(RD_KAFKA_PRODUCER, conf);
        q  = rd_kafka_queue_get_main(rk);
        for (i = 0; i < 100; i++)
                CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE((void *)"hello", 5),
                                            RD_KAFKA_V_OPAQUE(number(i + 1)), RD_KAFKA_V_END), 0);
        for (until = now_ms() + ms(60000); seen < 100 && now_ms() < until;) {
                rd_kafka_event_t *ev = rd_kafka_queue_poll(q, 100);
                size_t cnt, k;
                if (!ev)
                        continue;
                CHECK(rd_kafka_event_type(ev) == RD_KAFKA_EVENT_DR, "type %d", rd_kafka_event_type(ev));
                CHECK(!strcmp(rd_kafka_event_name(ev), "DeliveryReport"), "%s", rd_kafka_event_name(ev));
                cnt = rd_kafka_event_message_count(ev);
                CHECK(cnt > 0, "an empty report");
                for (k = 0; k < cnt; k++) {
                        const rd_kafka_message_t *m = rd_kafka_event_message_next(ev);
                        if (!m) {
                                CHECK(0, "message %d of %d is missing", (int)k, (int)cnt);
                                break;
                        }
                        CHECK(m->_private == number(++seen) && m->offset == seen - 1, "order: %p at %d", m->_private, seen);
                }
                CHECK(!rd_kafka_event_message_next(ev), "more than counted");
                rd_kafka_event_destroy(ev);
        }
        CHECK(seen == 100, "%d", seen);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 1000);
}

static void only_errors_reported(void) {
        const char *topic = fresh_topic("onlyerr", 1);
        rd_kafka_t *rk    = reporting_producer(conf_of("delivery.report.only.error", "true", NULL));
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_END), 0);
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(44), RD_KAFKA_V_OPAQUE(number(44)), RD_KAFKA_V_END), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        CHECK(reports == 1, "%d reports", reports);
        CHECK_ERR(report[0].err, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        CHECK(report[0].opaque == number(44), "opaque");
        CHECK(report[0].status == RD_KAFKA_MSG_STATUS_NOT_PERSISTED, "status %d", report[0].status);
        DESTROY(rk, 1000);
}

static void no_report_wanted(void) {
        const char *topic = fresh_topic("noreport", 1);
        rd_kafka_t *rk    = producer(NULL, NULL);
        struct reader in;
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE((void *)"x", 1), RD_KAFKA_V_END), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        CHECK(rd_kafka_outq_len(rk) == 0, "%d", rd_kafka_outq_len(rk));
        in = reader(topic, 0, 1);
        CHECK(in.cnt == 1, "%d", in.cnt);
        reader_close(&in);
        DESTROY(rk, 1000);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(report_by_dr_cb);
        RUN(report_by_dr_msg_cb);
        RUN(report_by_event);
        RUN(only_errors_reported);
        RUN(no_report_wanted);
        return T_END();
}
