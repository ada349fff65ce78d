/*
 * The idempotent producer: whatever fails on the way, each message is stored once and in order. On a real Kafka behind a relay
 * that cuts connections, and on a mock cluster that refuses requests.
 */
#include "proxy.h"
#include "rdkafka_mock.h"
#include "reports.h"

enum { PRODUCE = 0, INIT_PRODUCER_ID = 22 };

static void ignore_error(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
        (void)rk;
        (void)err;
        (void)reason;
        (void)opaque;
}

static rd_kafka_t *idempotent_producer(rd_kafka_conf_t *conf) {
        conf_put(conf, "enable.idempotence", "true");
        rd_kafka_conf_set_dr_msg_cb(conf, dr_msg_cb);
        rd_kafka_conf_set_error_cb(conf, ignore_error);
        reports = 0;
        memset(report, 0, sizeof(report));
        return client(RD_KAFKA_PRODUCER, conf);
}

static rd_kafka_resp_err_t send_number(rd_kafka_t *rk, const char *topic, int32_t partition, int i) {
        char text[16];
        int len = snprintf(text, sizeof(text), "%d", i);
        return rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_VALUE(text, (size_t)len),
                                 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(number(i)), RD_KAFKA_V_END);
}

/* What the partition holds: the numbers rise, so that none is there twice. Returns how many there are. */
static int check_stored(const char *servers, const char *topic, int32_t partition, char *stored, int size) {
        rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", servers, "group.id", "t", "enable.partition.eof", "true",
                                                           "auto.offset.reset", "earliest", NULL));
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        int64_t until                      = now_ms() + ms(60000);
        int last = -1, cnt = 0, end = 0;
        rd_kafka_topic_partition_list_add(l, topic, partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
        while (!end && now_ms() < until) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 100);
                char text[16];
                int i;
                if (!m)
                        continue;
                end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
                if (!m->err) {
                        snprintf(text, sizeof(text), "%.*s", (int)m->len, (char *)m->payload);
                        i = atoi(text);
                        if (i <= last)
                                CHECK(i > last, "partition %d: %d stored after %d, at %" PRId64, partition, i, last, m->offset);
                        if (i >= 0 && i < size)
                                stored[i] = 1;
                        last = i;
                        cnt++;
                }
                rd_kafka_message_destroy(m);
        }
        CHECK(end, "partition %d: no end after %d messages", partition, cnt);
        rd_kafka_consumer_close(rk);
        rd_kafka_destroy(rk);
        return cnt;
}

/* Connections that are cut while requests, or their answers, are on the way. */
static void cut_connections(void) {
        enum { N = 12000, P = 2 };
        static char stored[N];
        const char *topic     = fresh_topic("cut", P);
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), "linger.ms", "1", "batch.num.messages", "50", "retry.backoff.ms", "10",
                                        "retry.backoff.max.ms", "50", "reconnect.backoff.ms", "10", "reconnect.backoff.max.ms", "50", NULL);
        rd_kafka_t *rk;
        int i, p, cnt = 0, bad = 0;
        proxy_start();
        rd_kafka_conf_set_connect_cb(conf, proxy_connect_cb);
        rk = idempotent_producer(conf);
        for (i = 0; i < N; i++) {
                NEED(!send_number(rk, topic, i % P, i), "message %d", i);
                if (i % 1000 == 500) {
                        /* Some time's requests arrive, and their answers do not. */
                        proxy_set(i % 2000 == 500 ? &proxy.hold_answers : &proxy.hold_requests, 1);
                        usleep(30000);
                } else if (i % 1000 == 700) {
                        usleep(30000);
                        proxy_set(&proxy.cut, 1);
                        proxy_set(&proxy.hold_answers, 0);
                        proxy_set(&proxy.hold_requests, 0);
                }
                if (i % 50 == 0) {
                        rd_kafka_poll(rk, 0);
                        usleep(2000);
                }
        }
        CHECK_ERR(rd_kafka_flush(rk, ms(40000)), 0);
        NEED(reports == N, "%d reports", reports);
        for (i = 0; i < N; i++)
                bad += report[i].err != 0 || report[i].status != RD_KAFKA_MSG_STATUS_PERSISTED;
        CHECK(!bad, "%d messages failed", bad);
        CHECK_ERR(rd_kafka_fatal_error(rk, NULL, 0), 0);
        CHECK(proxy.connections > 10, "%d connections", proxy.connections);
        DESTROY(rk, 5000);
        proxy_stop();
        for (p = 0; p < P; p++)
                cnt += check_stored(bootstrap(), topic, p, stored, N);
        CHECK(cnt == N, "%d messages stored", cnt);
}

/* Messages that time out while their requests are held back leave a gap, and what follows goes on. */
static void timeouts(void) {
        enum { N = 600 };
        static char stored[N];
        const char *topic     = fresh_topic("timeouts", 1);
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), "linger.ms", "1", "batch.num.messages", "10", "message.timeout.ms",
                                        "1000", "retry.backoff.ms", "10", "reconnect.backoff.ms", "10", "reconnect.backoff.max.ms", "50", NULL);
        rd_kafka_t *rk;
        int i, failed = 0, late = 0;
        proxy_start();
        rd_kafka_conf_set_connect_cb(conf, proxy_connect_cb);
        rk = idempotent_producer(conf);
        for (i = 0; i < N; i++) {
                NEED(!send_number(rk, topic, 0, i), "message %d", i);
                if (i == 200) {
                        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
                        proxy_set(&proxy.hold_answers, 1);
                } else if (i == 400) {
                        wait_reports(rk, 401, ms(20000));
                        proxy_set(&proxy.cut, 1);
                        proxy_set(&proxy.hold_answers, 0);
                }
        }
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        NEED(reports == N, "%d reports", reports);
        check_stored(bootstrap(), topic, 0, stored, N);
        for (i = 0; i < N; i++) {
                int n = (int)(intptr_t)report[i].opaque;
                failed += report[i].err != 0;
                late += n > 400 && !report[i].err;
                if (report[i].err)
                        CHECK_ERR(report[i].err, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT);
                CHECK(report[i].err || stored[n], "%d was delivered and is not stored", n);
                CHECK(!report[i].err || !stored[n] || report[i].status == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED,
                      "%d is stored and has status %d", n, report[i].status);
        }
        /* librdkafka fails those that follow as well. */
        CHECK(failed > 0 && (is_upstream() || (failed <= 200 && late > 0)), "%d failed, %d of the last delivered", failed, late);
        CHECK_ERR(rd_kafka_fatal_error(rk, NULL, 0), 0);
        DESTROY(rk, 5000);
        proxy_stop();
}

/* Purged in flight, the next messages go on. */
static void purged(void) {
        enum { N = 300 };
        static char stored[N];
        const char *topic     = fresh_topic("purged", 1);
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), "linger.ms", "1", "batch.num.messages", "10", "retry.backoff.ms", "10",
                                        "reconnect.backoff.ms", "10", NULL);
        rd_kafka_t *rk;
        int i, ok = 0;
        proxy_start();
        rd_kafka_conf_set_connect_cb(conf, proxy_connect_cb);
        rk = idempotent_producer(conf);
        for (i = 0; i < N; i++) {
                NEED(!send_number(rk, topic, 0, i), "message %d", i);
                if (i == 100) {
                        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
                        proxy_set(&proxy.hold_answers, 1);
                } else if (i == 200) {
                        usleep(100000);
                        CHECK_ERR(rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT), 0);
                        wait_reports(rk, 201, ms(10000));
                        proxy_set(&proxy.hold_answers, 0);
                }
        }
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        NEED(reports == N, "%d reports", reports);
        check_stored(bootstrap(), topic, 0, stored, N);
        for (i = 0; i < N; i++) {
                int n = (int)(intptr_t)report[i].opaque;
                ok += n > 200 && !report[i].err;
                CHECK(report[i].err || stored[n], "%d was delivered and is not stored", n);
                CHECK(!report[i].err || !stored[n] || report[i].status == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED,
                      "%d is stored and has status %d", n, report[i].status);
        }
        CHECK(ok == N - 201, "%d of the last delivered", ok);
        DESTROY(rk, 5000);
        proxy_stop();
}

/* ---- on a mock cluster ---- */

static rd_kafka_t *mock_rk;
static rd_kafka_mock_cluster_t *mock_begin(void) {
        rd_kafka_mock_cluster_t *m;
        mock_rk = client(RD_KAFKA_PRODUCER, conf_of(NULL, NULL));
        m       = rd_kafka_mock_cluster_new(mock_rk, 1);
        rd_kafka_mock_topic_create(m, "t", 1, 1);
        return m;
}

static void mock_end(rd_kafka_mock_cluster_t *m) {
        rd_kafka_mock_cluster_destroy(m);
        rd_kafka_destroy(mock_rk);
}

static rd_kafka_t *producer_on(rd_kafka_mock_cluster_t *m, const char *gapless) {
        return idempotent_producer(conf_of("bootstrap.servers", rd_kafka_mock_cluster_bootstraps(m), "linger.ms", "1", "batch.num.messages", "10",
                                           "retry.backoff.ms", "10", "retry.backoff.max.ms", "50", "enable.gapless.guarantee", gapless, NULL));
}

/* Requests that are refused and pass when they are sent again. */
static void refusals(void) {
        enum { N = 2000 };
        static char stored[N];
        rd_kafka_mock_cluster_t *m = mock_begin();
        rd_kafka_t *rk             = producer_on(m, "true");
        int i, bad = 0;
        for (i = 0; i < N; i++) {
                NEED(!send_number(rk, "t", 0, i), "message %d", i);
                if (i % 200 == 0) {
                        rd_kafka_mock_push_request_errors(m, PRODUCE, 3, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                                                          RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT);
                        rd_kafka_poll(rk, 5);
                }
        }
        CHECK_ERR(rd_kafka_flush(rk, ms(30000)), 0);
        NEED(reports == N, "%d reports", reports);
        for (i = 0; i < N; i++)
                bad += report[i].err != 0 || report[i].opaque != number(i);
        CHECK(!bad, "%d messages failed or are out of order", bad);
        CHECK_ERR(rd_kafka_fatal_error(rk, NULL, 0), 0);
        i = check_stored(rd_kafka_mock_cluster_bootstraps(m), "t", 0, stored, N);
        CHECK(i == N, "%d stored", i);
        DESTROY(rk, 3000);
        mock_end(m);
}

/* A batch that fails for good: a gap, which is fatal where none may be. */
static void gaps(void) {
        int gapless;
        for (gapless = 0; gapless < 2; gapless++) {
                rd_kafka_mock_cluster_t *m = mock_begin();
                rd_kafka_t *rk             = producer_on(m, gapless ? "true" : "false");
                rd_kafka_resp_err_t fatal;
                char text[512] = "";
                CHECK_ERR(send_number(rk, "t", 0, 0), 0);
                CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
                rd_kafka_mock_push_request_errors(m, PRODUCE, 1, RD_KAFKA_RESP_ERR_INVALID_RECORD);
                CHECK_ERR(send_number(rk, "t", 0, 1), 0);
                wait_reports(rk, 2, ms(10000));
                NEED(reports == 2, "%d reports", reports);
                CHECK_ERR(report[0].err, 0);
                CHECK_ERR(report[1].err, RD_KAFKA_RESP_ERR_INVALID_RECORD);
                fatal = rd_kafka_fatal_error(rk, text, sizeof(text));
                CHECK_ERR(fatal, gapless ? RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE : 0);
                if (gapless) {
                        CHECK_HAS(text, "t [0]");
                        CHECK_HAS(text, "gap");
                        CHECK_ERR(send_number(rk, "t", 0, 2), RD_KAFKA_RESP_ERR__FATAL);
                } else {
                        CHECK_ERR(send_number(rk, "t", 0, 2), 0);
                        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
                        CHECK(reports == 3 && !report[2].err && report[2].offset == 1, "%d reports, offset %" PRId64, reports, report[2].offset);
                }
                DESTROY(rk, 3000);
                mock_end(m);
        }
}

/* The broker has lost what it knew: the next in the series is refused. */
static void desynchronized(void) {
        rd_kafka_mock_cluster_t *m = mock_begin();
        rd_kafka_t *rk             = producer_on(m, "false");
        char text[512]             = "";
        CHECK_ERR(send_number(rk, "t", 0, 0), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        rd_kafka_mock_push_request_errors(m, PRODUCE, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
        CHECK_ERR(send_number(rk, "t", 0, 1), 0);
        wait_reports(rk, 2, ms(10000));
        NEED(reports == 2, "%d reports", reports);
        CHECK_ERR(report[1].err, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
        CHECK_ERR(rd_kafka_fatal_error(rk, text, sizeof(text)), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
        CHECK_HAS(text, "t [0]");
        CHECK_HAS(text, "sequence");
        CHECK_ERR(send_number(rk, "t", 0, 2), RD_KAFKA_RESP_ERR__FATAL);
        DESTROY(rk, 3000);
        mock_end(m);
}

static void wait_for_requests(rd_kafka_mock_cluster_t *m, int16_t api, int want) {
        int64_t until = now_ms() + ms(20000);
        int cnt       = 0;
        while (cnt < want && now_ms() < until) {
                size_t n, i;
                rd_kafka_mock_request_t **all = rd_kafka_mock_get_requests(m, &n);
                for (cnt = 0, i = 0; i < n; i++)
                        cnt += rd_kafka_mock_request_api_key(all[i]) == api;
                rd_kafka_mock_request_destroy_array(all, n);
                usleep(1000);
        }
        CHECK(cnt >= want, "%d requests %d", cnt, api);
}

/* Of N batches some are cut off on their way, the rest follows them. The broker refuses what is repeated, once for want of
 * replicas and then as out of order: what it has, and what it lacks, is found out by asking again. */
static void uncertain_refusals(void) {
        enum { N = 5 };
        int cut, i;
        for (cut = 1; cut <= N; cut += 2) {
                static char stored[1 + N];
                rd_kafka_mock_cluster_t *m = mock_begin();
                rd_kafka_t *rk = idempotent_producer(conf_of("bootstrap.servers", rd_kafka_mock_cluster_bootstraps(m), "linger.ms", "0",
                                                             "batch.num.messages", "1", "retry.backoff.ms", "10", "retry.backoff.max.ms", "50",
                                                             "reconnect.backoff.ms", "10", "reconnect.backoff.max.ms", "100", NULL));
                rd_kafka_resp_err_t out_of_order = RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
                int bad                          = 0;
                CHECK_ERR(send_number(rk, "t", 0, 0), 0);
                CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
                for (i = 0; i < cut; i++)
                        rd_kafka_mock_broker_push_request_error_rtts(m, 1, PRODUCE, 1, RD_KAFKA_RESP_ERR_NO_ERROR, ms(60000));
                rd_kafka_mock_start_request_tracking(m);
                for (i = 1; i <= cut; i++)
                        CHECK_ERR(send_number(rk, "t", 0, i), 0);
                /* Each has taken its delay before the refusals are prepared. */
                wait_for_requests(m, PRODUCE, cut);
                rd_kafka_mock_broker_set_down(m, 1);
                for (; i <= N; i++)
                        CHECK_ERR(send_number(rk, "t", 0, i), 0);
                rd_kafka_mock_broker_push_request_error_rtts(m, 1, PRODUCE, 5, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 300, out_of_order, 1,
                                                             out_of_order, 1, out_of_order, 1, out_of_order, 1);
                rd_kafka_mock_broker_set_up(m, 1);
                CHECK_ERR(rd_kafka_flush(rk, ms(30000)), 0);
                CHECK_ERR(rd_kafka_fatal_error(rk, NULL, 0), 0);
                NEED(reports == 1 + N, "%d reports", reports);
                for (i = 0; i <= N; i++)
                        bad += report[i].err != 0 || report[i].opaque != number(i);
                CHECK(!bad, "%d messages failed or are out of order", bad);
                i = check_stored(rd_kafka_mock_cluster_bootstraps(m), "t", 0, stored, 1 + N);
                /* Its mock cluster stores a repetition once more. */
                CHECK(i == 1 + N || is_upstream(), "%d stored", i);
                DESTROY(rk, 3000);
                mock_end(m);
        }
}

/* The broker knows the producer no more, because its messages were deleted; and a repetition that it knows. */
static void forgotten_and_duplicate(void) {
        rd_kafka_mock_cluster_t *m = mock_begin();
        rd_kafka_t *rk             = producer_on(m, "false");
        CHECK_ERR(send_number(rk, "t", 0, 0), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        rd_kafka_mock_push_request_errors(m, PRODUCE, 1, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID);
        CHECK_ERR(send_number(rk, "t", 0, 1), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        NEED(reports == 2, "%d reports", reports);
        CHECK_ERR(report[1].err, 0);
        CHECK(report[1].offset == 1, "offset %" PRId64, report[1].offset);
        rd_kafka_mock_push_request_errors(m, PRODUCE, 1, RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
        CHECK_ERR(send_number(rk, "t", 0, 2), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        NEED(reports == 3, "%d reports", reports);
        CHECK_ERR(report[2].err, 0);
        CHECK(report[2].status == RD_KAFKA_MSG_STATUS_PERSISTED, "status %d", report[2].status);
        CHECK_ERR(rd_kafka_fatal_error(rk, NULL, 0), 0);
        DESTROY(rk, 3000);
        mock_end(m);
}

/* Without a producer id nothing is sent; some reasons pass, others do not. */
static void producer_ids(void) {
        rd_kafka_mock_cluster_t *m = mock_begin();
        rd_kafka_t *rk;
        int64_t until;
        rd_kafka_mock_push_request_errors(m, INIT_PRODUCER_ID, 2, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                                          RD_KAFKA_RESP_ERR_NOT_COORDINATOR);
        rk = producer_on(m, "false");
        CHECK_ERR(send_number(rk, "t", 0, 0), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(15000)), 0);
        CHECK(reports == 1 && !report[0].err, "%d reports", reports);
        DESTROY(rk, 3000);
        rd_kafka_mock_push_request_errors(m, INIT_PRODUCER_ID, 1, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
        rk    = producer_on(m, "false");
        until = now_ms() + ms(60000);
        while (!rd_kafka_fatal_error(rk, NULL, 0) && now_ms() < until)
                usleep(5000);
        CHECK_ERR(rd_kafka_fatal_error(rk, NULL, 0), RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
        CHECK_ERR(send_number(rk, "t", 0, 0), RD_KAFKA_RESP_ERR__FATAL);
        DESTROY(rk, 3000);
        mock_end(m);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(cut_connections);
        RUN(timeouts);
        RUN(purged);
        RUN(refusals);
        RUN(gaps);
        RUN(desynchronized);
        RUN(uncertain_refusals);
        RUN(forgotten_and_duplicate);
        RUN(producer_ids);
        return T_END();
}
