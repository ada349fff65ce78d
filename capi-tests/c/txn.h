/* Transactions on a mock cluster: a producer in them, what each call returns as one text, and what a read_committed reader finds. */
#ifndef TXN_H
#define TXN_H

#include "mock.h"

enum {
        API_PRODUCE             = 0,
        API_FIND_COORDINATOR    = 10,
        API_INIT_PRODUCER_ID    = 22,
        API_ADD_PARTITIONS      = 24,
        API_ADD_OFFSETS         = 25,
        API_END_TXN             = 26,
        API_TXN_OFFSET_COMMIT   = 28
};

/* What a call returned, and destroys it: "ok", or the name of the error and its flags, as in "_TIMED_OUT retriable". */
static UNUSED const char *outcome(rd_kafka_error_t *error) {
        static __thread char texts[8][80];
        static __thread int next;
        char *text = texts[next++ % 8];
        if (!error)
                return "ok";
        snprintf(text, sizeof(texts[0]), "%s%s%s%s", rd_kafka_error_name(error), rd_kafka_error_is_fatal(error) ? " fatal" : "",
                 rd_kafka_error_is_retriable(error) ? " retriable" : "", rd_kafka_error_txn_requires_abort(error) ? " abort" : "");
        if (getenv("T_VERBOSE"))
                printf("  %s: %s\n", text, rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        return text;
}

#define CHECK_TEXT(got, want)                                                                                          \
        do {                                                                                                           \
                const char *got_ = (got), *want_ = (want);                                                             \
                if (strcmp(got_, want_))                                                                               \
                        t_fail(__FILE__, __LINE__, #got, "\"%s\", expected \"%s\"", got_, want_);                      \
        } while (0)

#define CHECK_CALL(call, want) CHECK_TEXT(outcome(call), want)

/* The protocol that the mock clusters of a case speak. librdkafka knows the older one only; ours also that of KIP-890, where a
 * partition joins by being produced to, and each end brings a new epoch. */
static int transaction_version = 1;

#define RUN_OLDER(f) (transaction_version = 1, t_run(#f, f))
#define RUN_NEWER(f)                                                                                                   \
        do {                                                                                                           \
                transaction_version = 2;                                                                               \
                if (!is_upstream())                                                                                    \
                        t_run(#f "_2", f);                                                                             \
        } while (0)
#define RUN_BOTH_HERE(f)                                                                                               \
        do {                                                                                                           \
                transaction_version = 1;                                                                               \
                RUN_HERE(f);                                                                                           \
                RUN_NEWER(f);                                                                                          \
        } while (0)
#define RUN_BOTH(f)                                                                                                    \
        do {                                                                                                           \
                RUN_OLDER(f);                                                                                          \
                RUN_NEWER(f);                                                                                          \
        } while (0)

/* The mock cluster of a case with its topic "t" of four partitions; requests are noted down. */
static UNUSED struct mock txn_mock(int brokers) {
        struct mock m = mock_of(brokers);
        if (transaction_version == 2)
                CHECK_ERR(rd_kafka_mock_set_apiversion(m.cluster, API_END_TXN, 0, 5), 0);
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 4, 1), 0);
        rd_kafka_mock_start_request_tracking(m.cluster);
        return m;
}

/* How late an answer is that a call does not wait for: with time for checks meanwhile, and in time for the request. */
static UNUSED int late_ms(void) {
        return ms(500) < 5000 ? ms(500) : 5000;
}

/* Reports of the producers of this program: how many, and how many of them with which error. */
static struct {
        int all, failed;
        rd_kafka_resp_err_t last;
} dr;

static UNUSED void txn_dr_cb(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)opaque;
        dr.all++;
        if (m->err) {
                dr.failed++;
                dr.last = m->err;
        }
}

/* Errors that a client tells on its own are part of what is tested here. */
static UNUSED void txn_error_cb(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
        (void)rk;
        (void)opaque;
        if (getenv("T_VERBOSE"))
                printf("  error callback: %s: %s\n", rd_kafka_err2name(err), reason);
}

static UNUSED rd_kafka_conf_t *txn_conf(const char *servers, const char *transactional_id) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", servers, "transactional.id", transactional_id, "retry.backoff.ms", "10",
                                        "reconnect.backoff.ms", "10", "reconnect.backoff.max.ms", "100", NULL);
        rd_kafka_conf_set_dr_msg_cb(conf, txn_dr_cb);
        rd_kafka_conf_set_error_cb(conf, txn_error_cb);
        memset(&dr, 0, sizeof(dr));
        return conf;
}

/* Before init_transactions(). */
static UNUSED rd_kafka_t *txn_new(const struct mock *m, const char *first, ...) {
        rd_kafka_conf_t *conf = txn_conf(m->servers, "txn");
        const char *name;
        va_list ap;
        va_start(ap, first);
        for (name = first; name; name = va_arg(ap, const char *))
                conf_put(conf, name, va_arg(ap, const char *));
        va_end(ap);
        return client(RD_KAFKA_PRODUCER, conf);
}

/* After init_transactions(). */
static UNUSED rd_kafka_t *txn_ready(const struct mock *m) {
        rd_kafka_t *rk = txn_new(m, NULL);
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(20000)), "ok");
        return rk;
}

static UNUSED rd_kafka_resp_err_t put(rd_kafka_t *rk, const char *topic, int32_t partition, const char *text) {
        return rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_VALUE((void *)text, strlen(text)),
                                 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
}

/* A transaction of one message that is committed. */
static UNUSED void txn_commits(rd_kafka_t *rk, const char *topic, const char *text) {
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, topic, 0, text), 0);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
}

/* The same after messages that failed. librdkafka forgets that they were given numbers of the sequence (#3575 and
 * confluent-kafka-python's #1125 are of that kind): the broker refuses what comes next, and the transaction after that one works. */
static UNUSED void txn_commits_after_failures(rd_kafka_t *rk, const char *topic, const char *text) {
        if (is_upstream()) {
                CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
                CHECK_ERR(put(rk, topic, 0, "lost"), 0);
                CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "OUT_OF_ORDER_SEQUENCE_NUMBER abort");
                CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        }
        txn_commits(rk, topic, text);
}

/* What the partition holds, up to the end that a consumer of this isolation level sees: the values with a blank before each. */
static UNUSED const char *stored(const char *servers, const char *isolation, const char *topic, int32_t partition) {
        static char text[4096];
        rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", servers, "group.id", "stored", "enable.partition.eof", "true",
                                                           "isolation.level", isolation, "enable.auto.commit", "false", "fetch.wait.max.ms", "10", NULL));
        rd_kafka_topic_partition_list_t *l                             = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(l, topic, partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
        int64_t until                                                  = now_ms() + ms(20000);
        int end                                                        = 0;
        text[0]                                                        = '\0';
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
        while (!end && now_ms() < until) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 100);
                if (!m)
                        continue;
                end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
                if (!m->err && strlen(text) + m->len + 2 < sizeof(text))
                        sprintf(text + strlen(text), " %.*s", (int)m->len, (const char *)m->payload);
                rd_kafka_message_destroy(m);
        }
        CHECK(end, "%s [%d]: no end, after%s", topic, partition, text);
        rd_kafka_destroy(rk);
        return text;
}

static UNUSED const char *committed_of(const struct mock *m, const char *topic, int32_t partition) {
        return stored(m->servers, "read_committed", topic, partition);
}

/* The mock cluster of librdkafka hides nothing of an aborted transaction from a consumer: there only the order is looked at. */
static UNUSED void check_committed(const char *file, int line, const char *got, const char *want) {
        char word[64];
        const char *rest = got;
        int at           = 0, n;
        if (!is_upstream() && strcmp(got, want))
                t_fail(file, line, "committed", "\"%s\", expected \"%s\"", got, want);
        for (; is_upstream() && sscanf(want + at, " %60s%n", word, &n) == 1; at += n, rest = rest ? rest + strlen(word) : NULL)
                if (!rest || !(rest = strstr(rest, word)))
                        t_fail(file, line, "committed", "\"%s\" lacks \"%s\" in its place", got, word);
}

#define CHECK_COMMITTED(m, topic, partition, want) check_committed(__FILE__, __LINE__, committed_of(m, topic, partition), want)

/* One offset of the topic "t", and a group that nobody is in. */
static UNUSED rd_kafka_topic_partition_list_t *offset_of(const char *topic, int32_t partition, int64_t offset) {
        rd_kafka_topic_partition_list_t *l                             = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(l, topic, partition)->offset = offset;
        return l;
}

static UNUSED rd_kafka_error_t *send_offset(rd_kafka_t *rk, const char *group, int64_t offset, int timeout_ms) {
        rd_kafka_consumer_group_metadata_t *group_metadata = rd_kafka_consumer_group_metadata_new(group);
        rd_kafka_topic_partition_list_t *l                 = offset_of("t", 0, offset);
        rd_kafka_error_t *error                            = rd_kafka_send_offsets_to_transaction(rk, l, group_metadata, timeout_ms);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_consumer_group_metadata_destroy(group_metadata);
        return error;
}

#endif
