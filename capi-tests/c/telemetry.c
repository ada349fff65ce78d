/* Client metrics (KIP-714) on the mock cluster: when a client asks, when it pushes, and when it does neither. No Kafka is needed. */
#include "mock.h"

enum { GET_SUBSCRIPTIONS = 71, PUSH = 72 };
#define INTERVAL 400

static int count(const struct mock *m, int16_t api) {
        size_t n, i;
        int cnt = 0;
        rd_kafka_mock_request_t **all = rd_kafka_mock_get_requests(m->cluster, &n);
        for (i = 0; i < n; i++)
                cnt += rd_kafka_mock_request_api_key(all[i]) == api;
        rd_kafka_mock_request_destroy_array(all, n);
        return cnt;
}

/* A cluster that wants these metrics; NULL: none. Its own client is no part of what is counted. */
static struct mock asking(int brokers, const char *wanted, int interval) {
        struct mock m;
        m.rk      = client(RD_KAFKA_PRODUCER, conf_of("enable.metrics.push", "false", NULL));
        m.cluster = rd_kafka_mock_cluster_new(m.rk, brokers);
        m.servers = rd_kafka_mock_cluster_bootstraps(m.cluster);
        if (wanted) {
                char *metrics[] = {(char *)wanted};
                CHECK_ERR(rd_kafka_mock_telemetry_set_requested_metrics(m.cluster, metrics, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
        }
        CHECK_ERR(rd_kafka_mock_telemetry_set_push_interval(m.cluster, interval), RD_KAFKA_RESP_ERR_NO_ERROR);
        rd_kafka_mock_start_request_tracking(m.cluster);
        return m;
}

static rd_kafka_t *producer_of(const struct mock *m, const char *push) {
        return client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", m->servers, "enable.metrics.push", push, NULL));
}

static rd_kafka_t *consumer_of(const struct mock *m) {
        return client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", m->servers, "group.id", "g", NULL));
}

/* Connected; a client that is not asks nobody. */
static void connect_it(rd_kafka_t *rk) {
        const struct rd_kafka_metadata *md;
        CHECK_ERR(rd_kafka_metadata(rk, 0, NULL, &md, ms(10000)), 0);
        rd_kafka_metadata_destroy(md);
}

static void pushes_come_in_their_interval(void) {
        struct mock m = asking(3, "*", INTERVAL);
        int i;
        for (i = 0; i < 2; i++) {
                rd_kafka_t *rk = i ? consumer_of(&m) : producer_of(&m, "true");
                size_t n, j;
                rd_kafka_mock_request_t **all;
                int64_t last = 0, broker = -1;
                connect_it(rk);
                wait_for_requests(&m, PUSH, 3);
                all = rd_kafka_mock_get_requests(m.cluster, &n);
                for (j = 0; j < n; j++) {
                        int64_t at = rd_kafka_mock_request_timestamp(all[j]) / 1000;
                        int id     = rd_kafka_mock_request_id(all[j]);
                        if (rd_kafka_mock_request_api_key(all[j]) != PUSH)
                                continue;
                        if (last) {
                                CHECK(at - last >= INTERVAL - 100, "only %" PRId64 " ms after the last one", at - last);
                                CHECK(id == broker, "on %d, after %" PRId64, id, broker);
                        }
                        last   = at;
                        broker = id;
                }
                CHECK(count(&m, GET_SUBSCRIPTIONS) == 1, "asked %d times", count(&m, GET_SUBSCRIPTIONS));
                rd_kafka_mock_request_destroy_array(all, n);
                rd_kafka_destroy(rk);
                rd_kafka_mock_clear_requests(m.cluster);
        }
        mock_end(&m);
}

/* A client that ends does not wait for the next push to be due. */
static void the_last_push_comes_with_the_end(void) {
        struct mock m  = asking(1, "org.apache.kafka.producer", 600000);
        rd_kafka_t *rk = producer_of(&m, "true");
        connect_it(rk);
        wait_for_requests(&m, GET_SUBSCRIPTIONS, 1);
        usleep(ms(100) * 1000);
        CHECK(count(&m, PUSH) == 0, "too early");
        DESTROY(rk, 1500);
        CHECK(count(&m, PUSH) == 1, "%d pushes", count(&m, PUSH));
        mock_end(&m);
}

/* A broker that does not answer costs a second. */
static void the_end_is_bounded(void) {
        struct mock m  = asking(1, "*", 600000);
        rd_kafka_t *rk = producer_of(&m, "true");
        connect_it(rk);
        wait_for_requests(&m, GET_SUBSCRIPTIONS, 1);
        usleep(ms(100) * 1000);
        rd_kafka_mock_broker_set_rtt(m.cluster, 1, 60000);
        DESTROY(rk, 3000);
        CHECK(count(&m, PUSH) == 1, "%d pushes", count(&m, PUSH));
        mock_end(&m);
}

static void nothing_is_wanted(void) {
        struct mock m  = asking(1, NULL, INTERVAL);
        rd_kafka_t *rk = producer_of(&m, "true");
        connect_it(rk);
        wait_for_requests(&m, GET_SUBSCRIPTIONS, 3);
        rd_kafka_destroy(rk);
        CHECK(count(&m, PUSH) == 0, "%d pushes", count(&m, PUSH));
        mock_end(&m);
}

static void silent(struct mock m, const char *push) {
        rd_kafka_t *rk = producer_of(&m, push);
        connect_it(rk);
        usleep(ms(300) * 1000);
        rd_kafka_destroy(rk);
        CHECK(count(&m, GET_SUBSCRIPTIONS) == 0 && count(&m, PUSH) == 0, "requests");
        mock_end(&m);
}

static void switched_off(void) {
        silent(asking(1, "*", INTERVAL), "false");
}

static void brokers_without_it_are_not_asked(void) {
        struct mock m = asking(1, "*", INTERVAL);
        CHECK_ERR(rd_kafka_mock_set_apiversion(m.cluster, GET_SUBSCRIPTIONS, -1, -1), RD_KAFKA_RESP_ERR_NO_ERROR);
        silent(m, "true");
}

/* The broker has another subscription by now: it is asked for at once. */
static void another_subscription(void) {
        struct mock m  = asking(1, "*", INTERVAL);
        rd_kafka_t *rk = producer_of(&m, "true");
        rd_kafka_mock_push_request_errors(m.cluster, PUSH, 1, RD_KAFKA_RESP_ERR_UNKNOWN_SUBSCRIPTION_ID);
        connect_it(rk);
        wait_for_requests(&m, GET_SUBSCRIPTIONS, 2);
        wait_for_requests(&m, PUSH, 3);
        CHECK(count(&m, GET_SUBSCRIPTIONS) == 2, "asked %d times", count(&m, GET_SUBSCRIPTIONS));
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* What cannot be right the next time is not tried again. */
static void an_invalid_record_is_the_last(void) {
        struct mock m  = asking(1, "*", INTERVAL);
        rd_kafka_t *rk = producer_of(&m, "true");
        rd_kafka_mock_push_request_errors(m.cluster, PUSH, 1, RD_KAFKA_RESP_ERR_INVALID_RECORD);
        connect_it(rk);
        wait_for_requests(&m, PUSH, 1);
        usleep(3 * INTERVAL * 1000);
        rd_kafka_destroy(rk);
        CHECK(count(&m, PUSH) == 1, "%d pushes", count(&m, PUSH));
        mock_end(&m);
}

static void bad_arguments(void) {
        struct mock m   = mock_of(1);
        char *metrics[] = {"a", NULL};
        if (is_upstream()) {
                mock_end(&m);
                return;
        }
        CHECK_ERR(rd_kafka_mock_telemetry_set_requested_metrics(m.cluster, metrics, 2), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_mock_telemetry_set_requested_metrics(m.cluster, NULL, 2), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_mock_telemetry_set_requested_metrics(m.cluster, NULL, 0), RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK_ERR(rd_kafka_mock_telemetry_set_requested_metrics(NULL, metrics, 1), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_mock_telemetry_set_push_interval(NULL, 1), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_mock_telemetry_set_push_interval(m.cluster, -1), RD_KAFKA_RESP_ERR_NO_ERROR);
        mock_end(&m);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(pushes_come_in_their_interval);
        RUN(the_last_push_comes_with_the_end);
        RUN(the_end_is_bounded);
        RUN(nothing_is_wanted);
        RUN(switched_off);
        RUN(brokers_without_it_are_not_asked);
        RUN(another_subscription);
        RUN(an_invalid_record_is_the_last);
        RUN(bad_arguments);
        return T_END();
}
