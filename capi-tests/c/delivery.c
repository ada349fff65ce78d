/* Messages that do not arrive at once or at all: flush, time-outs, purge, retries, brokers that come late, paused partitions. */
#include "proxy.h"
#include "reports.h"

static void flush_times_out(void) {
        rd_kafka_conf_t *conf = conf_of(NULL, NULL);
        rd_kafka_t *rk;
        int64_t start;
        rd_kafka_conf_set_dr_msg_cb(conf, dr_msg_cb);
        rk      = client(RD_KAFKA_PRODUCER, conf);
        reports = 0;
        CHECK_ERR(rd_kafka_flush(rk, 0), 0);
        rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("nowhere"), RD_KAFKA_V_END);
        CHECK_ERR(rd_kafka_flush(rk, 0), RD_KAFKA_RESP_ERR__TIMED_OUT);
        start = now_ms();
        CHECK_ERR(rd_kafka_flush(rk, 300), RD_KAFKA_RESP_ERR__TIMED_OUT);
        CHECK(now_ms() - start >= 290 && now_ms() - start < ms(1000), "%d ms", (int)(now_ms() - start));
        CHECK(reports == 0, "%d", reports);
        DESTROY(rk, 1000);
}

static void message_timeout(void) {
        rd_kafka_conf_t *conf = conf_of("message.timeout.ms", "500", NULL);
        rd_kafka_t *rk;
        int64_t start = now_ms();
        int i;
        rd_kafka_conf_set_dr_msg_cb(conf, dr_msg_cb);
        rk      = client(RD_KAFKA_PRODUCER, conf);
        reports = 0;
        for (i = 0; i < 10; i++)
                CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("nowhere"), RD_KAFKA_V_PARTITION(i % 3 - 1), RD_KAFKA_V_OPAQUE(number(i)), RD_KAFKA_V_END), 0);
        wait_reports(rk, 10, ms(5000));
        NEED(reports == 10, "%d", reports);
        CHECK(now_ms() - start >= 450 && now_ms() - start < ms(3000), "%d ms", (int)(now_ms() - start));
        for (i = 0; i < 10; i++) {
                CHECK_ERR(report[i].err, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT);
                CHECK(report[i].status == RD_KAFKA_MSG_STATUS_NOT_PERSISTED, "status %d", report[i].status);
        }
        CHECK_ERR(rd_kafka_flush(rk, 0), 0);
        DESTROY(rk, 1000);
}

static void purge_queued(void) {
        rd_kafka_conf_t *conf = conf_of(NULL, NULL);
        rd_kafka_t *rk;
        int i;
        rd_kafka_conf_set_dr_msg_cb(conf, dr_msg_cb);
        rk      = client(RD_KAFKA_PRODUCER, conf);
        reports = 0;
        for (i = 0; i < 20; i++)
                rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("nowhere"), RD_KAFKA_V_PARTITION(i % 3 - 1), RD_KAFKA_V_END);
        CHECK_ERR(rd_kafka_purge(rk, 0), 0);
        CHECK_ERR(rd_kafka_purge(rk, 0x1000), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_purge(rk, RD_KAFKA_PURGE_F_INFLIGHT), 0);
        CHECK(rd_kafka_outq_len(rk) >= 20, "%d", rd_kafka_outq_len(rk));
        CHECK_ERR(rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE), 0);
        wait_reports(rk, 20, ms(2000));
        NEED(reports == 20, "%d", reports);
        for (i = 0; i < 20; i++) {
                CHECK_ERR(report[i].err, RD_KAFKA_RESP_ERR__PURGE_QUEUE);
                CHECK(report[i].status == RD_KAFKA_MSG_STATUS_NOT_PERSISTED, "status %d", report[i].status);
        }
        for (i = 0; i < 5; i++)
                rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("nowhere"), RD_KAFKA_V_END);
        CHECK_ERR(rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING), 0);
        /* What has no partition yet is reported at once all the same. */
        rd_kafka_poll(rk, 0);
        CHECK(reports == 25, "%d", reports);
        DESTROY(rk, 1000);
}

/* Sent and not answered: only the in-flight flag takes these, and they may have been stored. */
static void purge_in_flight(void) {
        const char *topic     = fresh_topic("purge", 1);
        /* Five make a batch, however slowly they come. */
        rd_kafka_conf_t *conf = conf_of("max.in.flight", "1", "batch.num.messages", "5", "linger.ms", "60000", NULL);
        rd_kafka_t *rk;
        int i, inflight = 0, queued = 0;
        proxy_start();
        rd_kafka_conf_set_connect_cb(conf, proxy_connect_cb);
        rk = reporting_producer(conf);
        rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_END);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        CHECK(reports == 1 && !report[0].err, "through the relay");
        CHECK(proxy.connections > 0, "the connect callback was not used");
        proxy_set(&proxy.hold_answers, 1);
        reports = 0;
        for (i = 0; i < 5; i++)
                rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_END);
        usleep(300000 * (unsigned)t.slow);
        for (i = 0; i < 3; i++)
                rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_END);
        CHECK_ERR(rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE), 0);
        wait_reports(rk, 3, ms(2000));
        for (i = 0; i < reports; i++)
                CHECK_ERR(report[i].err, RD_KAFKA_RESP_ERR__PURGE_QUEUE);
        CHECK(reports == 3, "%d", reports);
        CHECK_ERR(rd_kafka_purge(rk, RD_KAFKA_PURGE_F_INFLIGHT), 0);
        wait_reports(rk, 8, ms(2000));
        NEED(reports == 8, "%d", reports);
        for (i = 0; i < 8; i++) {
                inflight += report[i].err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
                queued += report[i].err == RD_KAFKA_RESP_ERR__PURGE_QUEUE;
                if (report[i].err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
                        CHECK(report[i].status == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED, "status %d", report[i].status);
        }
        CHECK(inflight == 5 && queued == 3, "%d in flight, %d queued", inflight, queued);
        DESTROY(rk, 2000);
        proxy_stop();
}

/* Connections that are cut again and again lose nothing with acks=all, and with one request in flight keep the order. */
static void retries(void) {
        enum { N = 2000 };
        const char *topic     = fresh_topic("retries", 1);
        rd_kafka_conf_t *conf = conf_of("max.in.flight", "1", "batch.num.messages", "20", "acks", "all", "retry.backoff.ms", "20",
                                        "reconnect.backoff.ms", "20", "reconnect.backoff.max.ms", "100", NULL);
        rd_kafka_t *rk;
        struct reader in;
        int i, cuts = 0, next = 0;
        proxy_start();
        rd_kafka_conf_set_connect_cb(conf, proxy_connect_cb);
        rk = reporting_producer(conf);
        for (i = 0; i < N; i++) {
                char text[16];
                int len = snprintf(text, sizeof(text), "%d", i);
                rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE(text, (size_t)len),
                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(number(i)), RD_KAFKA_V_END);
                if (i % 200 == 100) {
                        rd_kafka_poll(rk, 150);
                        proxy_set(&proxy.cut, 1);
                        cuts++;
                }
        }
        CHECK_ERR(rd_kafka_flush(rk, ms(30000)), 0);
        CHECK(cuts == 10, "%d", cuts);
        CHECK(proxy.connections > 1, "%d connections", proxy.connections);
        NEED(reports == N, "%d reports", reports);
        for (i = 0; i < N; i++) {
                NEED(!report[i].err, "message %d: %s", i, rd_kafka_err2str(report[i].err));
                NEED(report[i].opaque == number(i), "report %d is of message %d", i, (int)(intptr_t)report[i].opaque);
        }
        in = reader_from(topic, 0, RD_KAFKA_OFFSET_BEGINNING, (int)report[N - 1].offset + 1, ms(15000));
        /* Batches may be there twice; each is whole, and none comes before its predecessor. */
        for (i = 0; i < in.cnt; i++) {
                char text[16];
                int n;
                snprintf(text, sizeof(text), "%.*s", (int)in.m[i]->len, (char *)in.m[i]->payload);
                n = atoi(text);
                if (n > next) {
                        CHECK(0, "message %d is missing before %d", next, n);
                        break;
                }
                if (n == next)
                        next++;
        }
        CHECK(next == N, "ends at %d", next);
        reader_close(&in);
        DESTROY(rk, 2000);
        proxy_stop();
}

/* What waits while no broker is reachable goes out when one is, without anything new having to be produced. */
static void late_broker(void) {
        const char *topic     = fresh_topic("late", 1);
        rd_kafka_conf_t *conf = conf_of("reconnect.backoff.ms", "50", "reconnect.backoff.max.ms", "100", "message.timeout.ms", "60000", NULL);
        rd_kafka_t *rk;
        int i, round;
        proxy_start();
        proxy_set(&proxy.refuse, 1);
        rd_kafka_conf_set_connect_cb(conf, proxy_connect_cb);
        rk = reporting_producer(conf);
        for (round = 1; round <= 2; round++) {
                /* The first time no metadata is known, the second time the partition's leader is gone. */
                for (i = 0; i < 10; i++)
                        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_END), 0);
                wait_reports(rk, round * 10, 700);
                CHECK(reports == (round - 1) * 10, "%d", reports);
                proxy_set(&proxy.refuse, 0);
                wait_reports(rk, round * 10, ms(10000));
                NEED(reports == round * 10, "round %d: %d", round, reports);
                proxy_set(&proxy.refuse, 1);
                proxy_set(&proxy.cut, 1);
                usleep(100000);
        }
        for (i = 0; i < reports; i++)
                CHECK_ERR(report[i].err, 0);
        DESTROY(rk, 2000);
        proxy_stop();
}

/* A request that is not answered fails its messages when their time is over, and these may have been stored. */
static void timeout_in_flight(void) {
        const char *topic     = fresh_topic("inflight", 1);
        rd_kafka_conf_t *conf = conf_of("message.timeout.ms", "1500", NULL);
        rd_kafka_t *rk;
        proxy_start();
        rd_kafka_conf_set_connect_cb(conf, proxy_connect_cb);
        rk = reporting_producer(conf);
        rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_END);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        proxy_set(&proxy.hold_answers, 1);
        reports = 0;
        rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_END);
        wait_reports(rk, 1, ms(8000));
        NEED(reports == 1, "%d", reports);
        CHECK_ERR(report[0].err, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT);
        CHECK(report[0].status == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED, "status %d", report[0].status);
        proxy_set(&proxy.hold_answers, 0);
        DESTROY(rk, 2000);
        proxy_stop();
}

/* A compacted topic takes no message without a key: the broker says which ones they were, of each batch (KIP-467). */
static struct {
        int delivered, invalid, neighbours, told;
} refusals;

static void refused_cb(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        const char *why = rd_kafka_message_produce_errstr(m);
        (void)rk;
        (void)opaque;
        if (!m->err)
                refusals.delivered++;
        else if (m->err == RD_KAFKA_RESP_ERR_INVALID_RECORD) {
                refusals.invalid++;
                refusals.told += why && strstr(why, "Compacted topic cannot accept message without key") != NULL;
        } else if (m->err == RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD) {
                refusals.neighbours++;
                refusals.told += why && *why;
        } else
                printf("  %s\n", rd_kafka_err2name(m->err));
        CHECK(m->err || !why, "a text without an error: %s", why);
}

static void refused(void) {
        /* Batches of all, where 0, 1 or 2 of 10 have no key; then a batch for each message. */
        static const struct {
                const char *batch;
                int without, delivered, invalid, neighbours;
        } expected[] = {{"100", 0, 10, 0, 0}, {"100", 1, 0, 1, 9}, {"100", 2, 0, 2, 8}, {"1", 2, 8, 2, 0}};
        const char *topic = fresh("refused");
        char e[256];
        size_t i;
        NEED(!wire_create_topic_with(bootstrap(), topic, 1, "cleanup.policy", "compact", e, sizeof(e)), "%s", e);
        for (i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
                rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), "linger.ms", "1000", "batch.num.messages",
                                                expected[i].batch, NULL);
                rd_kafka_t *rk;
                int n;
                /* librdkafka blames the whole batch for one record, and has no texts. */
                if (is_upstream() && expected[i].without == 1) {
                        rd_kafka_conf_destroy(conf);
                        continue;
                }
                rd_kafka_conf_set_dr_msg_cb(conf, refused_cb);
                rk = client(RD_KAFKA_PRODUCER, conf);
                memset(&refusals, 0, sizeof(refusals));
                for (n = 0; n < 10; n++)
                        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE("v", 1),
                                                    RD_KAFKA_V_KEY(n < expected[i].without ? NULL : "k", n < expected[i].without ? 0u : 1u),
                                                    RD_KAFKA_V_END),
                                  0);
                CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
                CHECK(refusals.delivered == expected[i].delivered && refusals.invalid == expected[i].invalid &&
                              refusals.neighbours == expected[i].neighbours,
                      "%d: %d delivered, %d invalid, %d beside them", (int)i, refusals.delivered, refusals.invalid, refusals.neighbours);
                CHECK(is_upstream() || refusals.told == refusals.invalid + refusals.neighbours, "%d: %d texts", (int)i, refusals.told);
                DESTROY(rk, 2000);
        }
}

static rd_kafka_resp_err_t set_paused(rd_kafka_t *rk, const char *topic, int partition, int pause) {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_resp_err_t err;
        rd_kafka_topic_partition_list_add(l, topic, partition);
        CHECK_ERR(pause ? rd_kafka_pause_partitions(rk, l) : rd_kafka_resume_partitions(rk, l), 0);
        err = l->elems[0].err;
        rd_kafka_topic_partition_list_destroy(l);
        return err;
}

static void send_to(rd_kafka_t *rk, const char *topic, int partition, int number_of) {
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_VALUE((void *)"x", 1),
                                    RD_KAFKA_V_OPAQUE(number(number_of)), RD_KAFKA_V_END), 0);
}

/* Messages to a paused partition stay, those to others go, and a resume lets them go in order. */
static void paused_partition_is_not_sent(void) {
        const char *topic = fresh_topic("pause", 2);
        rd_kafka_t *rk    = reporting_producer(conf_of("linger.ms", "0", NULL));
        int i;
        CHECK_ERR(set_paused(rk, topic, 0, 1), RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        send_to(rk, topic, 1, 1);
        /* Before anything is known of the topic's partitions, too. */
        CHECK_ERR(set_paused(rk, topic, 0, 1), 0);
        for (i = 2; i <= 6; i++)
                send_to(rk, topic, 0, i);
        send_to(rk, topic, 1, 7);
        CHECK_ERR(rd_kafka_flush(rk, ms(1000)), RD_KAFKA_RESP_ERR__TIMED_OUT);
        CHECK(reports == 2, "%d reports", reports);
        CHECK(report[0].opaque == number(1) && report[1].opaque == number(7), "not those of partition 1");
        CHECK(rd_kafka_outq_len(rk) == 5, "%d", rd_kafka_outq_len(rk));
        CHECK_ERR(set_paused(rk, topic, 0, 0), 0);
        CHECK_ERR(set_paused(rk, topic, 0, 0), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        NEED(reports == 7, "%d reports", reports);
        for (i = 0; i < 5; i++)
                CHECK(report[2 + i].opaque == number(2 + i) && report[2 + i].offset == i, "%d: offset %" PRId64, i, report[2 + i].offset);
        /* And once more, with the partition known and idle. */
        CHECK_ERR(set_paused(rk, topic, 0, 1), 0);
        send_to(rk, topic, 0, 8);
        CHECK_ERR(rd_kafka_flush(rk, ms(300)), RD_KAFKA_RESP_ERR__TIMED_OUT);
        CHECK(reports == 7, "%d reports", reports);
        CHECK_ERR(set_paused(rk, topic, 0, 0), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        CHECK(reports == 8, "%d reports", reports);
        DESTROY(rk, 1000);
}

static void paused_messages_become_too_old(void) {
        const char *topic = fresh_topic("pauseold", 1);
        rd_kafka_t *rk    = reporting_producer(conf_of("linger.ms", "0", "message.timeout.ms", "1500", NULL));
        send_to(rk, topic, 0, 1);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        CHECK_ERR(set_paused(rk, topic, 0, 1), 0);
        send_to(rk, topic, 0, 2);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        NEED(reports == 2, "%d reports", reports);
        CHECK_ERR(report[1].err, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT);
        CHECK(report[1].status == RD_KAFKA_MSG_STATUS_NOT_PERSISTED, "status %d", report[1].status);
        /* What is purged is gone. */
        send_to(rk, topic, 0, 3);
        CHECK_ERR(rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(1000)), 0);
        NEED(reports == 3, "%d reports", reports);
        CHECK_ERR(report[2].err, RD_KAFKA_RESP_ERR__PURGE_QUEUE);
        DESTROY(rk, 1000);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(flush_times_out);
        RUN(message_timeout);
        RUN(purge_queued);
        RUN(purge_in_flight);
        RUN(retries);
        RUN(late_broker);
        RUN(timeout_in_flight);
        RUN(refused);
        RUN(paused_partition_is_not_sent);
        RUN(paused_messages_become_too_old);
        return T_END();
}
