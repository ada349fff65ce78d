/* Texts that known programs look for, in errors and logs: capi-tests/text/allowed.tsv names them. */
#include "consume.h"
#include "mock.h"

/* What was logged and told as an error, line by line. */
static struct {
        pthread_mutex_t lock;
        char text[1 << 18];
        size_t len;
} heard = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void hear(const char *line) {
        pthread_mutex_lock(&heard.lock);
        if (heard.len + strlen(line) + 2 < sizeof(heard.text))
                heard.len += (size_t)sprintf(heard.text + heard.len, "%s\n", line);
        pthread_mutex_unlock(&heard.lock);
}

static void log_cb(const rd_kafka_t *rk, int level, const char *fac, const char *buf) {
        quiet(rk, level, fac, buf);
        hear(buf);
}

static void error_cb(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
        (void)rk;
        (void)err;
        (void)opaque;
        hear(reason);
}

static rd_kafka_conf_t *listening(const char *servers) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", servers, NULL);
        pthread_mutex_lock(&heard.lock);
        heard.len = 0;
        heard.text[0] = 0;
        pthread_mutex_unlock(&heard.lock);
        rd_kafka_conf_set_log_cb(conf, log_cb);
        rd_kafka_conf_set_error_cb(conf, error_cb);
        return conf;
}

static int was_heard(const char *part) {
        int yes;
        pthread_mutex_lock(&heard.lock);
        yes = strstr(heard.text, part) != NULL;
        pthread_mutex_unlock(&heard.lock);
        return yes;
}

/* Polls until a line with this part has come. */
static void expect_line(rd_kafka_t *rk, const char *part) {
        int64_t until = now_ms() + ms(30000);
        while (!was_heard(part) && now_ms() < until) {
                if (rd_kafka_type(rk) == RD_KAFKA_CONSUMER) {
                        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 50);
                        if (m)
                                rd_kafka_message_destroy(m);
                } else
                        rd_kafka_poll(rk, 50);
        }
        CHECK(was_heard(part), "nothing said \"%s\"", part);
}

/* Confluent.Kafka's and confluent-kafka-go's users compare what the configuration says about a value. */
static void values(void) {
        static const struct {
                const char *name, *value, *text;
        } list[] = {
            {"debug", "nope", "Invalid value \"nope\" for configuration property \"debug\""},
            {"message.max.bytes", "bad_value", "Invalid value for configuration property \"message.max.bytes\""},
            {"sasl.mechanisms", "a,b", "Invalid value for configuration property \"sasl.mechanisms\": a,b"},
        };
        static const char *const java[] = {"sasl.jaas.config", "ssl.truststore.location"};
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char errstr[512];
        size_t i;
        for (i = 0; i < sizeof(list) / sizeof(*list); i++) {
                CHECK(rd_kafka_conf_set(conf, list[i].name, list[i].value, errstr, sizeof(errstr)) == RD_KAFKA_CONF_INVALID, "%s",
                      list[i].name);
                CHECK(!strcmp(errstr, list[i].text), "%s", errstr);
        }
        /* Where to read on: librdkafka's own suite looks for it (0004). */
        for (i = 0; i < sizeof(java) / sizeof(*java); i++) {
                CHECK(rd_kafka_conf_set(conf, java[i], "x", errstr, sizeof(errstr)) == RD_KAFKA_CONF_INVALID, "%s", java[i]);
                CHECK_HAS(errstr, "http");
        }
        conf_put(conf, "message.max.bytes", "2000");
        conf_put(conf, "fetch.max.bytes", "1000");
        conf_put(conf, "group.id", "g");
        CHECK(!rd_kafka_new(RD_KAFKA_CONSUMER, conf, errstr, sizeof(errstr)), "a fetch that has no room for a message");
        CHECK(!strcmp(errstr, "`fetch.max.bytes` must be >= `message.max.bytes`"), "%s", errstr);
        rd_kafka_conf_destroy(conf);
}

static void no_address(void) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, listening("nowhere.invalid:9092"));
        expect_line(rk, "Failed to resolve 'nowhere.invalid:9092'");
        DESTROY(rk, 10000);
}

static void states_of_brokers(void) {
        struct mock m         = mock_of(1);
        rd_kafka_conf_t *conf = listening(m.servers);
        rd_kafka_t *rk;
        conf_put(conf, "debug", "broker");
        rk = client(RD_KAFKA_PRODUCER, conf);
        expect_line(rk, ": Broker changed state INIT -> TRY_CONNECT\n");
        DESTROY(rk, 10000);
        mock_end(&m);
}

static void no_answer(void) {
        struct mock m;
        rd_kafka_conf_t *conf;
        rd_kafka_t *rk;
        if (is_upstream())
                SKIP("the newest one disconnects without a word");
        m    = mock_of(1);
        conf = listening(m.servers);
        conf_put(conf, "socket.timeout.ms", "1000");
        conf_put(conf, "message.timeout.ms", "300000");
        rk = client(RD_KAFKA_PRODUCER, conf);
        /* The connection is up before the broker falls silent. */
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("silent"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        CHECK_ERR(rd_kafka_mock_broker_set_rtt(m.cluster, 1, 60000), 0);
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("silent"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END), 0);
        expect_line(rk, ": 1 request(s) timed out: disconnect");
        CHECK_ERR(rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        DESTROY(rk, 10000);
        mock_end(&m);
}

/* The text of the next message that is an error. */
static void expect_error(rd_kafka_t *rk, rd_kafka_resp_err_t err, const char *begins) {
        rd_kafka_message_t *m = next(rk, ms(30000));
        NEED(m != NULL, "no error");
        CHECK_ERR(m->err, err);
        CHECK(!strncmp(rd_kafka_message_errstr(m), begins, strlen(begins)), "%s", rd_kafka_message_errstr(m));
        rd_kafka_message_destroy(m);
}

static void nothing_committed(void) {
        struct mock m = mock_of(1);
        rd_kafka_t *rk;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "uncommitted", 1, 1), 0);
        rk = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", m.servers, "group.id", "g", "auto.offset.reset", "error", NULL));
        assign(rk, "uncommitted", 0, RD_KAFKA_OFFSET_STORED);
        expect_error(rk, RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, "no previously committed offset available: Local: No offset stored");
        CHECK_ERR(rd_kafka_consumer_close(rk), 0);
        DESTROY(rk, 10000);
        mock_end(&m);
}

static void polled_too_late(void) {
        struct mock m                      = mock_of(1);
        rd_kafka_topic_partition_list_t *l = one("late", RD_KAFKA_PARTITION_UA, RD_KAFKA_OFFSET_INVALID), *held;
        int64_t until                      = now_ms() + ms(30000);
        int cnt                            = 0;
        rd_kafka_t *rk;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "late", 1, 1), 0);
        rd_kafka_mock_group_initial_rebalance_delay_ms(m.cluster, 0);
        rk = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", m.servers, "group.id", "g", "session.timeout.ms", "2000",
                                               "max.poll.interval.ms", "2000", "heartbeat.interval.ms", "300", NULL));
        CHECK_ERR(rd_kafka_subscribe(rk, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
        while (!cnt && now_ms() < until) {
                rd_kafka_message_t *none = rd_kafka_consumer_poll(rk, 50);
                CHECK(!none, "%s", rd_kafka_message_errstr(none));
                if (none)
                        rd_kafka_message_destroy(none);
                CHECK_ERR(rd_kafka_assignment(rk, &held), 0);
                cnt = held->cnt;
                rd_kafka_topic_partition_list_destroy(held);
        }
        CHECK(cnt == 1, "%d partitions", cnt);
        /* Nobody polls, for longer than both take to notice. */
        usleep(4000000);
        expect_error(rk, RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, "Application maximum poll interval (2000ms) exceeded by ");
        CHECK_ERR(rd_kafka_consumer_close(rk), 0);
        DESTROY(rk, 10000);
        mock_end(&m);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(values);
        RUN(no_address);
        RUN(states_of_brokers);
        RUN(no_answer);
        RUN(nothing_committed);
        RUN(polled_too_late);
        return T_END();
}
