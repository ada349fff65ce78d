/*
 * Wrong input and what the application is told: every case checks the code and the text. Needs no Kafka, except the
 * cases of unknown topics and partitions, which skip themselves when none answers at BOOTSTRAP.
 */
#include "client.h"

/* ---- configuration ---- */

static const struct {
        const char *name, *value;
        rd_kafka_conf_res_t res;
        const char *part[3];
} CONF[] = {
    {"no.such.property", "1", RD_KAFKA_CONF_UNKNOWN, {"No such configuration property", "no.such.property"}},
    {"", "1", RD_KAFKA_CONF_UNKNOWN, {"No such configuration property"}},
    {"linger.ms", "abc", RD_KAFKA_CONF_INVALID, {"queue.buffering.max.ms"}},
    {"message.max.bytes", "10", RD_KAFKA_CONF_INVALID, {"message.max.bytes", "1000", "1000000000"}},
    {"message.max.bytes", "abc", RD_KAFKA_CONF_INVALID, {"message.max.bytes"}},
    {"message.max.bytes", "99999999999", RD_KAFKA_CONF_INVALID, {"message.max.bytes"}},
    {"socket.timeout.ms", "5", RD_KAFKA_CONF_INVALID, {"socket.timeout.ms", "10"}},
    {"enable.idempotence", "maybe", RD_KAFKA_CONF_INVALID, {"enable.idempotence"}},
    {"compression.codec", "rar", RD_KAFKA_CONF_INVALID, {"compression.codec", "rar"}},
    {"security.protocol", "carrier-pigeon", RD_KAFKA_CONF_INVALID, {"security.protocol", "carrier-pigeon"}},
    {"debug", "nosuchcontext", RD_KAFKA_CONF_INVALID, {"debug", "nosuchcontext"}},
    {"acks", "7777", RD_KAFKA_CONF_INVALID, {"acks"}},
    {"auto.offset.reset", "sideways", RD_KAFKA_CONF_INVALID, {"auto.offset.reset", "sideways"}},
    {"partitioner", "alphabetical", RD_KAFKA_CONF_INVALID, {"partitioner", "alphabetical"}},
    {"client.id", "fine", RD_KAFKA_CONF_OK, {NULL}},
};

static void conf_set(void) {
        size_t i, j;
        for (i = 0; i < sizeof(CONF) / sizeof(*CONF); i++) {
                rd_kafka_conf_t *conf = rd_kafka_conf_new();
                char errstr[512]      = "";
                rd_kafka_conf_res_t res =
                    rd_kafka_conf_set(conf, CONF[i].name, CONF[i].value, errstr, sizeof(errstr));
                CHECK(res == CONF[i].res, "%s=%s: %d, expected %d (%s)", CONF[i].name, CONF[i].value, res, CONF[i].res,
                      errstr);
                for (j = 0; j < 3 && CONF[i].part[j]; j++)
                        CHECK_HAS(errstr, CONF[i].part[j]);
                printf("  %s=%s: %s\n", CONF[i].name, CONF[i].value, errstr);
                rd_kafka_conf_destroy(conf);
        }
}

static void conf_errstr_is_bounded(void) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char small[16];
        memset(small, 'x', sizeof(small));
        CHECK(rd_kafka_conf_set(conf, "no.such.property", "1", small, 8) == RD_KAFKA_CONF_UNKNOWN, "result");
        CHECK(small[7] == '\0', "not terminated");
        CHECK(small[8] == 'x', "written beyond the buffer");
        CHECK(rd_kafka_conf_set(conf, "no.such.property", "1", NULL, 0) == RD_KAFKA_CONF_UNKNOWN, "without a buffer");
        rd_kafka_conf_destroy(conf);
}

static void conf_get(void) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char buf[64];
        size_t size = sizeof(buf);
        CHECK(rd_kafka_conf_get(conf, "no.such.property", buf, &size) == RD_KAFKA_CONF_UNKNOWN, "unknown");
        size = 3;
        CHECK(rd_kafka_conf_get(conf, "client.id", buf, &size) == RD_KAFKA_CONF_OK, "small buffer");
        CHECK(size >= 8, "size needed: %d", (int)size);
        CHECK(buf[2] == '\0', "not terminated");
        rd_kafka_conf_destroy(conf);
}

static void topic_conf_set(void) {
        rd_kafka_topic_conf_t *conf = rd_kafka_topic_conf_new();
        char errstr[512]            = "";
        CHECK(rd_kafka_topic_conf_set(conf, "linger.ms", "1", errstr, sizeof(errstr)) == RD_KAFKA_CONF_UNKNOWN, "global property: %s", errstr);
        CHECK_HAS(errstr, "linger.ms");
        CHECK(rd_kafka_topic_conf_set(conf, "message.timeout.ms", "-5", errstr, sizeof(errstr)) == RD_KAFKA_CONF_INVALID, "range");
        CHECK_HAS(errstr, "message.timeout.ms");
        rd_kafka_topic_conf_destroy(conf);
}

/* Properties that are each valid and do not go together: rd_kafka_new() refuses. */
static const struct {
        rd_kafka_type_t type;
        const char *set[3][2];
        const char *part;
} NEW[] = {
    {RD_KAFKA_PRODUCER, {{"enable.idempotence", "true"}, {"acks", "1"}}, "acks"},
    {RD_KAFKA_PRODUCER, {{"enable.idempotence", "true"}, {"max.in.flight", "6"}}, "max.in.flight"},
    {RD_KAFKA_PRODUCER, {{"enable.idempotence", "true"}, {"queuing.strategy", "lifo"}}, "queuing.strategy"},
    {RD_KAFKA_PRODUCER, {{"reconnect.backoff.ms", "5000"}, {"reconnect.backoff.max.ms", "100"}}, "reconnect.backoff.max.ms"},
    {RD_KAFKA_CONSUMER, {{"fetch.max.bytes", "1000"}, {"message.max.bytes", "2000"}}, "fetch.max.bytes"},
    {RD_KAFKA_CONSUMER, {{"session.timeout.ms", "60000"}, {"max.poll.interval.ms", "1000"}}, "max.poll.interval.ms"},
};

static void conf_conflicts(void) {
        size_t i, j;
        int threads = t_threads();
        for (i = 0; i < sizeof(NEW) / sizeof(*NEW); i++) {
                rd_kafka_conf_t *conf = rd_kafka_conf_new();
                char errstr[512]      = "";
                rd_kafka_t *rk;
                for (j = 0; j < 3 && NEW[i].set[j][0]; j++)
                        conf_put(conf, NEW[i].set[j][0], NEW[i].set[j][1]);
                rk = rd_kafka_new(NEW[i].type, conf, errstr, sizeof(errstr));
                CHECK(!rk, "%s %s was accepted", NEW[i].set[0][0], NEW[i].set[1][0]);
                printf("  %s\n", errstr);
                if (rk) {
                        rd_kafka_destroy(rk);
                        continue;
                }
                CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__INVALID_ARG);
                CHECK_HAS(errstr, NEW[i].part);
                /* A refused configuration stays the application's. */
                rd_kafka_conf_destroy(conf);
        }
        CHECK(t_threads_down_to(threads) == threads, "%d threads left", t_threads() - threads);
}

static void conf_dr_on_consumer(void) {
        rd_kafka_conf_t *conf = conf_of("linger.ms", "5", NULL);
        rd_kafka_t *rk        = client(RD_KAFKA_CONSUMER, conf);
        DESTROY(rk, 1000);
}

/* ---- the wrong type of handle ---- */

static void producer_calls_on_a_consumer(void) {
        rd_kafka_t *rk        = client(RD_KAFKA_CONSUMER, conf_of("group.id", "g", NULL));
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, "topic", NULL);
        rd_kafka_error_t *error;
        CHECK(rd_kafka_flush(rk, 100) == RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, "flush");
        CHECK(rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE) == RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, "purge");
        error = rd_kafka_init_transactions(rk, 100);
        CHECK(error != NULL, "init_transactions");
        if (error) {
                printf("  init_transactions: %s: %s\n", rd_kafka_error_name(error), rd_kafka_error_string(error));
                CHECK_ERR_LATER(rd_kafka_error_code(error), RD_KAFKA_RESP_ERR__INVALID_ARG);
                rd_kafka_error_destroy(error);
        }
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 1000);
}

static void consumer_calls_on_a_producer(void) {
        rd_kafka_t *rk                     = client(RD_KAFKA_PRODUCER, conf_of(NULL, NULL));
        rd_kafka_topic_t *rkt              = rd_kafka_topic_new(rk, "topic", NULL);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1), *got = NULL;
        rd_kafka_message_t *m;
        rd_kafka_queue_t *q;
        rd_kafka_topic_partition_list_add(l, "topic", 0);
        CHECK_ERR_LATER(rd_kafka_subscribe(rk, l), RD_KAFKA_RESP_ERR__UNKNOWN_GROUP);
        CHECK_ERR_LATER(rd_kafka_unsubscribe(rk), RD_KAFKA_RESP_ERR__UNKNOWN_GROUP);
        CHECK_ERR(rd_kafka_assign(rk, l), RD_KAFKA_RESP_ERR__UNKNOWN_GROUP);
        CHECK_ERR(rd_kafka_assignment(rk, &got), RD_KAFKA_RESP_ERR__UNKNOWN_GROUP);
        CHECK_ERR_LATER(rd_kafka_subscription(rk, &got), RD_KAFKA_RESP_ERR__UNKNOWN_GROUP);
        CHECK_ERR(rd_kafka_commit(rk, l, 0), RD_KAFKA_RESP_ERR__UNKNOWN_GROUP);
        CHECK_ERR(rd_kafka_committed(rk, l, 100), RD_KAFKA_RESP_ERR__UNKNOWN_GROUP);
        CHECK_ERR(rd_kafka_consumer_close(rk), RD_KAFKA_RESP_ERR__UNKNOWN_GROUP);
        CHECK_ERR(rd_kafka_poll_set_consumer(rk), RD_KAFKA_RESP_ERR__UNKNOWN_GROUP);
        m = rd_kafka_consumer_poll(rk, 100);
        CHECK(m != NULL, "consumer_poll");
        if (m) {
                CHECK_ERR(m->err, RD_KAFKA_RESP_ERR__UNKNOWN_GROUP);
                rd_kafka_message_destroy(m);
        }
        q = rd_kafka_queue_get_consumer(rk);
        CHECK(q == NULL, "a consumer queue of a producer");
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 1000);
}

static void group_calls_without_a_group(void) {
        rd_kafka_t *rk                     = client(RD_KAFKA_CONSUMER, conf_of(NULL, NULL));
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(l, "topic", 0);
        CHECK_ERR_LATER(rd_kafka_subscribe(rk, l), RD_KAFKA_RESP_ERR__UNKNOWN_GROUP);
        CHECK_ERR(rd_kafka_commit(rk, l, 0), RD_KAFKA_RESP_ERR__UNKNOWN_GROUP);
        CHECK_ERR(rd_kafka_committed(rk, l, 100), RD_KAFKA_RESP_ERR__UNKNOWN_GROUP);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 1000);
}

static void subscribe_to_nonsense(void) {
        rd_kafka_t *rk                     = client(RD_KAFKA_CONSUMER, conf_of("group.id", "g", NULL));
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(2);
        CHECK_ERR_LATER(rd_kafka_subscribe(rk, l), RD_KAFKA_RESP_ERR__INVALID_ARG);
        rd_kafka_topic_partition_list_add(l, "", 0);
        CHECK_ERR_LATER(rd_kafka_subscribe(rk, l), RD_KAFKA_RESP_ERR__INVALID_ARG);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

/* ---- produce ---- */

static void oversized(void) {
        rd_kafka_t *rk        = client(RD_KAFKA_PRODUCER, conf_of("message.max.bytes", "2000", NULL));
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, "topic", NULL);
        rd_kafka_message_t batch[3];
        rd_kafka_resp_err_t err;
        char big[4000];
        memset(big, 'b', sizeof(big));
        errno = 0;
        CHECK(rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, big, sizeof(big), NULL, 0, NULL) == -1, "produce");
        CHECK(errno == EMSGSIZE, "errno %d", errno);
        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        CHECK_HAS(rd_kafka_err2str(rd_kafka_last_error()), "Message size too large");
        CHECK(rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, "v", 1, big, sizeof(big), NULL) == -1, "large key");
        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        err = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("topic"), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                RD_KAFKA_V_VALUE(big, sizeof(big)), RD_KAFKA_V_END);
        CHECK_ERR(err, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        memset(batch, 0, sizeof(batch));
        batch[0].payload = batch[1].payload = batch[2].payload = big;
        batch[0].len = batch[2].len = 10;
        batch[1].len                = sizeof(big);
        CHECK(rd_kafka_produce_batch(rkt, 0, RD_KAFKA_MSG_F_COPY, batch, 3) == 2, "batch");
        CHECK_ERR(batch[0].err, 0);
        CHECK_ERR(batch[1].err, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        CHECK_ERR(batch[2].err, 0);
        CHECK(rd_kafka_outq_len(rk) >= 2, "outq_len %d", rd_kafka_outq_len(rk));
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 1000);
}

static void full_queue(void) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_of("queue.buffering.max.messages", "10", NULL));
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, "topic", NULL);
        rd_kafka_message_t batch[2];
        int i;
        char *own;
        for (i = 0; i < 10; i++)
                CHECK(rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, "v", 1, NULL, 0, NULL) == 0, "message %d", i);
        errno = 0;
        CHECK(rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, "v", 1, NULL, 0, NULL) == -1, "message 11");
        CHECK(errno == ENOBUFS, "errno %d", errno);
        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__QUEUE_FULL);
        CHECK_HAS(rd_kafka_err2str(rd_kafka_last_error()), "Queue full");
        /* What is refused stays the application's, F_FREE or not. */
        own = strdup("own");
        CHECK(rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_FREE, own, 3, NULL, 0, NULL) == -1, "with F_FREE");
        CHECK(!strcmp(own, "own"), "freed");
        free(own);
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("topic"), RD_KAFKA_V_END), RD_KAFKA_RESP_ERR__QUEUE_FULL);
        memset(batch, 0, sizeof(batch));
        CHECK(rd_kafka_produce_batch(rkt, 0, RD_KAFKA_MSG_F_COPY, batch, 2) == 0, "batch");
        CHECK_ERR(batch[0].err, RD_KAFKA_RESP_ERR__QUEUE_FULL);
        CHECK_ERR(batch[1].err, RD_KAFKA_RESP_ERR__QUEUE_FULL);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 1000);
}

static void full_queue_by_size(void) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_of("queue.buffering.max.kbytes", "1", NULL));
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, "topic", NULL);
        char buf[300];
        int i, done = 0;
        memset(buf, 'x', sizeof(buf));
        for (i = 0; i < 10; i++)
                done += rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, buf, sizeof(buf), NULL, 0, NULL) == 0;
        CHECK(done == 3, "%d messages of 300 bytes fit in 1 kB", done);
        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__QUEUE_FULL);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 1000);
}

/* F_BLOCK waits for room, which comes when another message expires. */
static int timed_out;
static void dr_timed_out(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)opaque;
        if (m->err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT)
                timed_out++;
}

static void *poll_for_a_while(void *rk) {
        int64_t until = now_ms() + ms(60000);
        while (now_ms() < until && timed_out < 2)
                rd_kafka_poll(rk, 50);
        return NULL;
}

static void full_queue_blocking(void) {
        rd_kafka_conf_t *conf = conf_of("queue.buffering.max.messages", "2", "message.timeout.ms", "1200", NULL);
        rd_kafka_t *rk;
        rd_kafka_topic_t *rkt;
        int64_t start, took;
        rd_kafka_conf_set_dr_msg_cb(conf, dr_timed_out);
        rk        = client(RD_KAFKA_PRODUCER, conf);
        rkt       = rd_kafka_topic_new(rk, "topic", NULL);
        timed_out = 0;
        rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, "1", 1, NULL, 0, NULL);
        rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, "2", 1, NULL, 0, NULL);
        /* Room is made by reports that were taken; without a poller beside, the wait ends when they are queued. */
        {
                pthread_t poller;
                CHECK(!pthread_create(&poller, NULL, poll_for_a_while, rk), "thread");
                start = now_ms();
                CHECK(rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK, "3", 1, NULL, 0, NULL) == 0,
                      "blocking: %s", rd_kafka_err2str(rd_kafka_last_error()));
                took = now_ms() - start;
                pthread_join(poller, NULL);
        }
        CHECK(took >= 500 && took < ms(4000), "blocked for %d ms", (int)took);
        CHECK(timed_out >= 2, "%d timed out", timed_out);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 1000);
}

static void produce_without_a_topic(void) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_of(NULL, NULL));
        rd_kafka_vu_t vus[2];
        rd_kafka_error_t *error;
        rd_kafka_resp_err_t err;
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_VALUE((void *)"v", 1), RD_KAFKA_V_END),
                  RD_KAFKA_RESP_ERR__INVALID_ARG);
        memset(vus, 0, sizeof(vus));
        vus[0].vtype = (rd_kafka_vtype_t)9999;
        error        = rd_kafka_produceva(rk, vus, 1);
        CHECK(error != NULL, "unknown vtype");
        if (error) {
                CHECK_ERR(rd_kafka_error_code(error), RD_KAFKA_RESP_ERR__INVALID_ARG);
                printf("  unknown vtype: %s\n", rd_kafka_error_string(error));
                rd_kafka_error_destroy(error);
        }
        err = rd_kafka_producev(rk, (rd_kafka_vtype_t)9999, 1, RD_KAFKA_V_END);
        CHECK_ERR(err, RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK(rd_kafka_outq_len(rk) == 0 || rd_kafka_outq_len(rk) == 1, "outq_len %d", rd_kafka_outq_len(rk));
        DESTROY(rk, 1000);
}

/* Headers one by one and as a list at once do not go together. */
static void headers_both_ways(void) {
        rd_kafka_t *rk           = client(RD_KAFKA_PRODUCER, conf_of(NULL, NULL));
        rd_kafka_headers_t *hdrs = rd_kafka_headers_new(1);
        rd_kafka_resp_err_t err;
        err = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("topic"), RD_KAFKA_V_HEADER("a", "1", 1), RD_KAFKA_V_HEADERS(hdrs),
                                RD_KAFKA_V_END);
        CHECK_ERR(err, RD_KAFKA_RESP_ERR__CONFLICT);
        rd_kafka_headers_destroy(hdrs);
        DESTROY(rk, 1000);
}

static void headers_api(void) {
        rd_kafka_headers_t *h = rd_kafka_headers_new(0), *copy;
        const void *value;
        const char *name;
        size_t size;
        CHECK_ERR(rd_kafka_header_get_last(h, "a", &value, &size), RD_KAFKA_RESP_ERR__NOENT);
        CHECK_ERR(rd_kafka_header_add(h, "a", -1, "one", -1), 0);
        CHECK_ERR(rd_kafka_header_add(h, "a", 1, "two!", 3), 0);
        CHECK_ERR(rd_kafka_header_add(h, "bc", 1, NULL, 0), 0);
        CHECK_ERR(rd_kafka_header_add(h, "empty", -1, "", 0), 0);
        CHECK(rd_kafka_header_cnt(h) == 4, "%d", (int)rd_kafka_header_cnt(h));
        CHECK_ERR(rd_kafka_header_get_last(h, "a", &value, &size), 0);
        CHECK(size == 3 && !memcmp(value, "two", 4), "terminated 'two'");
        CHECK_ERR(rd_kafka_header_get(h, 0, "a", &value, &size), 0);
        CHECK(size == 3 && !memcmp(value, "one", 4), "'one'");
        CHECK_ERR(rd_kafka_header_get(h, 2, "a", &value, &size), RD_KAFKA_RESP_ERR__NOENT);
        CHECK_ERR(rd_kafka_header_get_last(h, "b", &value, &size), 0);
        CHECK(size == 0 && value == NULL, "NULL value");
        CHECK_ERR(rd_kafka_header_get_last(h, "empty", &value, &size), 0);
        CHECK(size == 0 && value != NULL, "empty value");
        CHECK_ERR(rd_kafka_header_get_all(h, 2, &name, &value, &size), 0);
        CHECK(!strcmp(name, "b"), "%s", name);
        CHECK_ERR(rd_kafka_header_get_all(h, 4, &name, &value, &size), RD_KAFKA_RESP_ERR__NOENT);
        copy = rd_kafka_headers_copy(h);
        CHECK_ERR(rd_kafka_header_remove(h, "a"), 0);
        CHECK(rd_kafka_header_cnt(h) == 2, "%d", (int)rd_kafka_header_cnt(h));
        CHECK_ERR(rd_kafka_header_remove(h, "a"), RD_KAFKA_RESP_ERR__NOENT);
        CHECK(rd_kafka_header_cnt(copy) == 4, "%d", (int)rd_kafka_header_cnt(copy));
        rd_kafka_headers_destroy(copy);
        rd_kafka_headers_destroy(h);
}

/* ---- consume ---- */

static void consume_not_started(void) {
        rd_kafka_t *rk        = client(RD_KAFKA_CONSUMER, conf_of(NULL, NULL));
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, "topic", NULL);
        rd_kafka_message_t *m;
        errno = 0;
        m     = rd_kafka_consume(rkt, 7, 10);
        CHECK(m == NULL, "a message");
        CHECK(errno == ESRCH, "errno %d", errno);
        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        CHECK_HAS(rd_kafka_err2str(rd_kafka_last_error()), "Local: Unknown partition");
        CHECK(rd_kafka_consume_stop(rkt, 7) == -1, "stop");
        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        errno = 0;
        CHECK(rd_kafka_consume_start(rkt, -5, 0) == -1, "start of a negative partition");
        CHECK(errno == ESRCH, "errno %d", errno);
        CHECK(rd_kafka_consume_start(rkt, 0, -7777777) == 0 || rd_kafka_last_error() != 0, "start at a nonsense offset");
        CHECK_ERR(rd_kafka_seek(rkt, 7, 0, 100), RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        rd_kafka_consume_stop(rkt, 0);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 1000);
}

static void consume_stored_without_group(void) {
        rd_kafka_t *rk        = client(RD_KAFKA_CONSUMER, conf_of(NULL, NULL));
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, "topic", NULL);
        errno                 = 0;
        CHECK(rd_kafka_consume_start(rkt, 0, RD_KAFKA_OFFSET_STORED) == -1, "start");
        CHECK(errno == EINVAL, "errno %d", errno);
        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__INVALID_ARG);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 1000);
}

static void store_of_unassigned(void) {
        rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, conf_of("group.id", "g", "enable.auto.offset.store", "false", NULL));
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(l, "topic", 0)->offset = 3;
        CHECK_ERR(rd_kafka_offsets_store(rk, l), RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        CHECK_ERR(l->elems[0].err, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        CHECK_ERR(rd_kafka_position(rk, l), 0);
        CHECK(l->elems[0].offset == RD_KAFKA_OFFSET_INVALID, "%" PRId64, l->elems[0].offset);
        CHECK_ERR(rd_kafka_pause_partitions(rk, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

static void watermarks_of_unknown(void) {
        rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, conf_of(NULL, NULL));
        int64_t low = 0, high = 0, start = now_ms();
        CHECK_ERR(rd_kafka_get_watermark_offsets(rk, "topic", 0, &low, &high), 0);
        CHECK(low == RD_KAFKA_OFFSET_INVALID && high == RD_KAFKA_OFFSET_INVALID, "%" PRId64 " %" PRId64, low, high);
        CHECK_ERR(rd_kafka_query_watermark_offsets(rk, "topic", 0, &low, &high, 300), RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN);
        CHECK(now_ms() - start < ms(1500), "took %d ms", (int)(now_ms() - start));
        DESTROY(rk, 1000);
}

/* ---- against a Kafka ---- */

static rd_kafka_resp_err_t last_dr;
static int dr_cnt;
static void keep_dr(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)opaque;
        last_dr = m->err;
        dr_cnt++;
}

static void produce_to_unknown_partition(void) {
        rd_kafka_conf_t *conf;
        rd_kafka_t *rk;
        rd_kafka_topic_t *rkt;
        const char *topic;
        if (!kafka_is_up())
                SKIP("no Kafka at %s", bootstrap());
        topic = fresh_topic("onepart", 1);
        conf  = conf_of("bootstrap.servers", bootstrap(), NULL);
        rd_kafka_conf_set_dr_msg_cb(conf, keep_dr);
        rk     = client(RD_KAFKA_PRODUCER, conf);
        rkt    = rd_kafka_topic_new(rk, topic, NULL);
        dr_cnt = 0;
        /* Before the partitions are known the message is taken; the report carries the error. */
        CHECK(rd_kafka_produce(rkt, 50, RD_KAFKA_MSG_F_COPY, "v", 1, NULL, 0, NULL) == 0, "first");
        rd_kafka_flush(rk, ms(10000));
        CHECK(dr_cnt == 1, "%d reports", dr_cnt);
        CHECK_ERR(last_dr, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        /* Afterwards it is refused at once. */
        errno = 0;
        CHECK(rd_kafka_produce(rkt, 50, RD_KAFKA_MSG_F_COPY, "v", 1, NULL, 0, NULL) == -1, "second");
        CHECK(errno == ESRCH, "errno %d", errno);
        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 1000);
}

static void produce_to_unknown_topic(void) {
        const char *uncreated;
        rd_kafka_conf_t *conf;
        rd_kafka_t *rk;
        if (!kafka_is_up())
                SKIP("no Kafka at %s", bootstrap());
        conf = conf_of("bootstrap.servers", bootstrap(), "allow.auto.create.topics", "false",
                       "topic.metadata.propagation.max.ms", "1000", "message.timeout.ms", "20000", NULL);
        rd_kafka_conf_set_dr_msg_cb(conf, keep_dr);
        rk     = client(RD_KAFKA_PRODUCER, conf);
        dr_cnt = 0;
        /* A name that Kafka refuses to create. */
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("not a/valid topic"), RD_KAFKA_V_VALUE((void *)"v", 1),
                                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END), 0);
        rd_kafka_flush(rk, ms(25000));
        CHECK(dr_cnt == 1, "%d reports", dr_cnt);
        printf("  %s: %s\n", rd_kafka_err2name(last_dr), rd_kafka_err2str(last_dr));
        CHECK(last_dr == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION || last_dr == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                  last_dr == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "%s", rd_kafka_err2name(last_dr));
        /* A name that Kafka would create if it were allowed to. */
        dr_cnt    = 0;
        uncreated = fresh("uncreated");
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(uncreated), RD_KAFKA_V_VALUE((void *)"v", 1),
                                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END), 0);
        rd_kafka_flush(rk, ms(25000));
        CHECK(dr_cnt == 1, "%d reports", dr_cnt);
        CHECK_ERR(last_dr, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(uncreated), RD_KAFKA_V_VALUE((void *)"v", 1),
                                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END), RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC);
        DESTROY(rk, 1000);
}

/* ---- brokers that are down at start ---- */

static char down_text[512], all_down_text[512];
static void down_cb(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
        (void)rk;
        (void)opaque;
        printf("  %s: %s\n", rd_kafka_err2name((rd_kafka_resp_err_t)err), reason);
        if (err == RD_KAFKA_RESP_ERR__TRANSPORT)
                snprintf(down_text, sizeof(down_text), "%s", reason);
        if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
                snprintf(all_down_text, sizeof(all_down_text), "%s", reason);
}

static void brokers_down(void) {
        /* Nobody listens on the lowest ports. */
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", "127.0.0.1:1,127.0.0.1:2", "message.timeout.ms", "1000", NULL);
        const struct rd_kafka_metadata *md;
        rd_kafka_resp_err_t err;
        rd_kafka_t *rk;
        int64_t until;
        rd_kafka_conf_set_error_cb(conf, down_cb);
        rd_kafka_conf_set_dr_msg_cb(conf, keep_dr);
        rk     = client(RD_KAFKA_PRODUCER, conf);
        dr_cnt = 0;
        *down_text = *all_down_text = '\0';
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_VALUE((void *)"v", 1), RD_KAFKA_V_END), 0);
        err = rd_kafka_metadata(rk, 1, NULL, &md, 300);
        CHECK_ERR(err, RD_KAFKA_RESP_ERR__TRANSPORT);
        CHECK_HAS(rd_kafka_err2str(err), "Broker transport failure");
        for (until = now_ms() + ms(60000); now_ms() < until && (!dr_cnt || !*all_down_text);)
                rd_kafka_poll(rk, 100);
        CHECK_HAS(down_text, "127.0.0.1:");
        CHECK_HAS(down_text, "/bootstrap: Connect to ipv4#127.0.0.1:");
        CHECK_HAS(down_text, " failed: Connection refused (");
        CHECK_HAS(all_down_text, "brokers are down");
        CHECK(dr_cnt == 1, "%d reports", dr_cnt);
        CHECK_ERR(last_dr, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT);
        CHECK_HAS(rd_kafka_err2str(last_dr), "Message timed out");
        DESTROY(rk, 1000);
}

static void brokers_down_consuming(void) {
        rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", "127.0.0.1:1", "group.id", "g", NULL));
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_resp_err_t err;
        int64_t low, high;
        rd_kafka_topic_partition_list_add(l, "t", 0)->offset = 1;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        CHECK(!rd_kafka_consumer_poll(rk, 300), "something came");
        CHECK_ERR(rd_kafka_committed(rk, l, 300), RD_KAFKA_RESP_ERR__TIMED_OUT);
        /* librdkafka has both for a look-up that finds no broker, as it comes. */
        err = rd_kafka_query_watermark_offsets(rk, "t", 0, &low, &high, 300);
        CHECK(err == RD_KAFKA_RESP_ERR__TIMED_OUT || err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "%s", rd_kafka_err2name(err));
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 2000);
}

static rd_kafka_resp_err_t unknown_err;
static char unknown_text[512];
static void unknown_cb(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
        (void)rk;
        (void)opaque;
        unknown_err = (rd_kafka_resp_err_t)err;
        snprintf(unknown_text, sizeof(unknown_text), "%s", reason);
}

/* An assigned partition that does not exist is reported by the error callback, from within the poll. */
static void consume_unknown(void) {
        static const struct {
                const char *topic;
                int32_t partition;
        } WHAT[2] = {{"no-such-topic-here", 0}, {NULL, 33}};
        int i;
        const char *one;
        if (!kafka_is_up())
                SKIP("no Kafka at %s", bootstrap());
        one = fresh_topic("one", 1);
        for (i = 0; i < 2; i++) {
                rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), "group.id", "g-unknown",
                                                "topic.metadata.propagation.max.ms", "500", NULL);
                rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
                rd_kafka_message_t *m;
                rd_kafka_t *rk;
                int64_t until = now_ms() + ms(60000), low, high;
                rd_kafka_resp_err_t err;
                rd_kafka_conf_set_error_cb(conf, unknown_cb);
                rk          = client(RD_KAFKA_CONSUMER, conf);
                unknown_err = 0;
                rd_kafka_topic_partition_list_add(l, WHAT[i].topic ? WHAT[i].topic : one, WHAT[i].partition)->offset = 0;
                CHECK_ERR(rd_kafka_assign(rk, l), 0);
                while (!unknown_err && now_ms() < until)
                        if ((m = rd_kafka_consumer_poll(rk, 100))) {
                                CHECK(0, "message or error: %s", rd_kafka_err2name(m->err));
                                rd_kafka_message_destroy(m);
                        }
                CHECK_ERR(unknown_err, i == 0 ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
                CHECK_HAS(unknown_text, l->elems[0].topic);
                CHECK_HAS(unknown_text, i == 0 ? "[0]" : "[33]");
                printf("  %s: %s\n", rd_kafka_err2name(unknown_err), unknown_text);
                err = rd_kafka_query_watermark_offsets(rk, l->elems[0].topic, l->elems[0].partition, &low, &high, ms(3000));
                CHECK(err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                          err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || err == RD_KAFKA_RESP_ERR__TIMED_OUT,
                      "%s", rd_kafka_err2name(err));
                rd_kafka_topic_partition_list_destroy(l);
                DESTROY(rk, 5000);
        }
}

/* ---- errors as data ---- */

static void error_texts(void) {
        rd_kafka_error_t *error;
        CHECK(!strcmp(rd_kafka_err2str(0), "Success"), "%s", rd_kafka_err2str(0));
        CHECK(!strcmp(rd_kafka_err2name(0), "NO_ERROR"), "%s", rd_kafka_err2name(0));
        CHECK(!strcmp(rd_kafka_err2name(RD_KAFKA_RESP_ERR__QUEUE_FULL), "_QUEUE_FULL"), "%s", rd_kafka_err2name(-184));
        CHECK_HAS(rd_kafka_err2str((rd_kafka_resp_err_t)9876), "9876");
        CHECK_HAS(rd_kafka_err2str((rd_kafka_resp_err_t)-9876), "-9876");
        error = rd_kafka_error_new(RD_KAFKA_RESP_ERR__TIMED_OUT, "waited %d %s", 5, "years");
        CHECK_ERR(rd_kafka_error_code(error), RD_KAFKA_RESP_ERR__TIMED_OUT);
        CHECK(!strcmp(rd_kafka_error_string(error), "waited 5 years"), "%s", rd_kafka_error_string(error));
        CHECK(!strcmp(rd_kafka_error_name(error), "_TIMED_OUT"), "%s", rd_kafka_error_name(error));
        CHECK(!rd_kafka_error_is_fatal(error) && !rd_kafka_error_is_retriable(error) &&
                  !rd_kafka_error_txn_requires_abort(error), "flags");
        rd_kafka_error_destroy(error);
        error = rd_kafka_error_new(RD_KAFKA_RESP_ERR__TIMED_OUT, NULL);
        CHECK(!strcmp(rd_kafka_error_string(error), rd_kafka_err2str(RD_KAFKA_RESP_ERR__TIMED_OUT)), "%s",
              rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        CHECK_ERR(rd_kafka_error_code(NULL), 0);
}

static void err_descs(void) {
        const struct rd_kafka_err_desc *d = NULL;
        size_t n = 0, i, named = 0;
        rd_kafka_get_err_descs(&d, &n);
        CHECK(n > 150, "%d", (int)n);
        for (i = 0; i < n; i++)
                if (d[i].name && d[i].desc) {
                        named++;
                        CHECK(!strcmp(d[i].name, rd_kafka_err2name(d[i].code)), "%s", d[i].name);
                }
        CHECK(named > 150, "%d", (int)named);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(conf_set);
        RUN(conf_errstr_is_bounded);
        RUN(conf_get);
        RUN(topic_conf_set);
        RUN(conf_conflicts);
        RUN(conf_dr_on_consumer);
        RUN(producer_calls_on_a_consumer);
        RUN(consumer_calls_on_a_producer);
        RUN(group_calls_without_a_group);
        RUN(subscribe_to_nonsense);
        RUN(oversized);
        RUN(full_queue);
        RUN(full_queue_by_size);
        RUN(full_queue_blocking);
        RUN(produce_without_a_topic);
        RUN(headers_both_ways);
        RUN(headers_api);
        RUN(consume_not_started);
        RUN(consume_stored_without_group);
        RUN(store_of_unassigned);
        RUN(watermarks_of_unknown);
        RUN(produce_to_unknown_partition);
        RUN(produce_to_unknown_topic);
        RUN(brokers_down);
        RUN(brokers_down_consuming);
        RUN(consume_unknown);
        RUN(error_texts);
        RUN(err_descs);
        return T_END();
}
