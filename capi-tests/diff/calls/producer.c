/* Producer: messages given over in every way, flush and purge. */
#include "report.h"

#define V_(...) rd_kafka_producev(rk, __VA_ARGS__, RD_KAFKA_V_END)
#define HELLO RD_KAFKA_V_VALUE("hello", 5)

static void producev(rd_kafka_t *rk) {
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, run.full, NULL);
        CALL("producer/producev", "ok", code(V_(RD_KAFKA_V_TOPIC(run.full), HELLO)));
        CALL("producer/producev", "partition", code(V_(RD_KAFKA_V_TOPIC(run.full), RD_KAFKA_V_PARTITION(1), HELLO)));
        CALL("producer/producev", "rkt", code(V_(RD_KAFKA_V_RKT(rkt), HELLO)));
        CALL("producer/producev", "nothing", code(rd_kafka_producev(rk, RD_KAFKA_V_END)));
        CALL("producer/producev", "no-topic", code(V_(HELLO)));
        CALL("producer/producev", "no-value", code(V_(RD_KAFKA_V_TOPIC(run.full))));
        CALL("producer/producev", "null-value", code(V_(RD_KAFKA_V_TOPIC(run.full), RD_KAFKA_V_VALUE(NULL, 0))));
        CALL("producer/producev", "null-key", code(V_(RD_KAFKA_V_TOPIC(run.full), RD_KAFKA_V_KEY(NULL, 0), HELLO)));
        CALL("producer/producev", "empty-value", code(V_(RD_KAFKA_V_TOPIC(run.full), RD_KAFKA_V_VALUE("", 0), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY))));
        CALL("producer/producev", "partition-far", code(V_(RD_KAFKA_V_TOPIC(run.full), RD_KAFKA_V_PARTITION(99), HELLO)));
        CALL("producer/producev", "partition-minus-2", code(V_(RD_KAFKA_V_TOPIC(run.full), RD_KAFKA_V_PARTITION(-2), HELLO)));
        CALL("producer/producev", "too-large", static char big[1200000]; code(V_(RD_KAFKA_V_TOPIC(run.full), RD_KAFKA_V_VALUE(big, sizeof(big)))));
        CALL("producer/producev", "unknown-vtype", code(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(run.full), 99, 1, RD_KAFKA_V_END)));
        CALL("producer/producev", "topic-twice", code(V_(RD_KAFKA_V_TOPIC(run.full), RD_KAFKA_V_TOPIC(run.full), HELLO)));
        CALL("producer/producev", "header", code(V_(RD_KAFKA_V_TOPIC(run.full), HELLO, RD_KAFKA_V_HEADER("h", "v", 1))));
        CALL("producer/producev", "header-null-value", code(V_(RD_KAFKA_V_TOPIC(run.full), HELLO, RD_KAFKA_V_HEADER("h", NULL, 0))));
        CALL("producer/producev", "header-then-headers", rd_kafka_headers_t *h = rd_kafka_headers_new(1);
             rd_kafka_resp_err_t err = V_(RD_KAFKA_V_TOPIC(run.full), HELLO, RD_KAFKA_V_HEADER("h", "v", 1), RD_KAFKA_V_HEADERS(h));
             code(err); if (err) rd_kafka_headers_destroy(h));
        CALL("producer/producev", "headers-then-header", rd_kafka_headers_t *h = rd_kafka_headers_new(1);
             rd_kafka_resp_err_t err = V_(RD_KAFKA_V_TOPIC(run.full), HELLO, RD_KAFKA_V_HEADERS(h), RD_KAFKA_V_HEADER("h", "v", 1));
             code(err); if (err) rd_kafka_headers_destroy(h));
        CALL("producer/producev", "negative-timestamp", code(V_(RD_KAFKA_V_TOPIC(run.full), HELLO, RD_KAFKA_V_TIMESTAMP(-5))));
        CALL("producer/producev", "copy-and-free", code(V_(RD_KAFKA_V_TOPIC(run.full), HELLO, RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_FREE))));
        if (rkt)
                rd_kafka_topic_destroy(rkt);
}

static void produceva(rd_kafka_t *rk) {
        rd_kafka_vu_t ok[2]      = {{.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = run.full}, {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {"hello", 5}}};
        rd_kafka_vu_t nowhere[1] = {{.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {"hello", 5}}};
        rd_kafka_vu_t early[2]   = {{.vtype = RD_KAFKA_VTYPE_END}, {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = run.full}};
        rd_kafka_vu_t odd[2]     = {{.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = run.full}, {.vtype = (rd_kafka_vtype_t)99}};
        CALL("producer/produceva", "ok", error(rd_kafka_produceva(rk, ok, 2)));
        CALL("producer/produceva", "none", error(rd_kafka_produceva(rk, ok, 0)));
        CALL("producer/produceva", "null-none", error(rd_kafka_produceva(rk, NULL, 0)));
        CALL("producer/produceva", "no-topic", error(rd_kafka_produceva(rk, nowhere, 1)));
        CALL("producer/produceva", "end-first", error(rd_kafka_produceva(rk, early, 2)));
        CALL("producer/produceva", "unknown-vtype", error(rd_kafka_produceva(rk, odd, 2)));
}

static void produced(int res) {
        number("res", res);
        code(res ? rd_kafka_last_error() : RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* Whose leader is missing when a known topic's partition is not available: the cluster's, or the library's? */
static void tell_leader(rd_kafka_t *rk, rd_kafka_topic_t *rkt) {
        const struct rd_kafka_metadata *md;
        if (rd_kafka_topic_partition_available(rkt, 0) || (strncmp(run.state, "up", 2) && strncmp(run.state, "fatal", 5)))
                return;
        if (rd_kafka_metadata(rk, 0, rkt, &md, 5000))
                return;
        if (md->topic_cnt && md->topics[0].partition_cnt)
                fprintf(stderr, "%s: partition 0 was not available; its leader is %d\n", run.state, (int)md->topics[0].partitions[0].leader);
        rd_kafka_metadata_destroy(md);
}

static void classic(rd_kafka_t *rk) {
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, run.full, NULL), *lost = rd_kafka_topic_new(rk, fresh("never"), NULL);
        rd_kafka_message_t batch[2];
        static char big[1200000];
        if (!rkt || !lost)
                return;
        CALL("producer/produce", "ok", produced(rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, "hello", 5, NULL, 0, NULL)));
        CALL("producer/produce", "any", produced(rd_kafka_produce(rkt, -1, RD_KAFKA_MSG_F_COPY, "hello", 5, "k", 1, NULL)));
        CALL("producer/produce", "null-value", produced(rd_kafka_produce(rkt, 0, 0, NULL, 0, NULL, 0, NULL)));
        CALL("producer/produce", "partition-far", produced(rd_kafka_produce(rkt, 99, RD_KAFKA_MSG_F_COPY, "hello", 5, NULL, 0, NULL)));
        CALL("producer/produce", "partition-minus-2", produced(rd_kafka_produce(rkt, -2, RD_KAFKA_MSG_F_COPY, "hello", 5, NULL, 0, NULL)));
        CALL("producer/produce", "too-large", produced(rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, big, sizeof(big), NULL, 0, NULL)));
        CALL("producer/produce", "unknown-flags", produced(rd_kafka_produce(rkt, 0, 0x100 | RD_KAFKA_MSG_F_COPY, "hello", 5, NULL, 0, NULL)));
        OURS_ONLY("producer/produce", "null-topic", produced(rd_kafka_produce(NULL, 0, RD_KAFKA_MSG_F_COPY, "hello", 5, NULL, 0, NULL)));
        memset(batch, 0, sizeof(batch));
        batch[0].payload = "a", batch[0].len = 1, batch[1].payload = big, batch[1].len = sizeof(big);
        CALL("producer/produce_batch", "half-too-large", number("cnt", rd_kafka_produce_batch(rkt, 0, RD_KAFKA_MSG_F_COPY, batch, 2));
             code(batch[0].err); code(batch[1].err));
        CALL("producer/produce_batch", "none", number("cnt", rd_kafka_produce_batch(rkt, 0, RD_KAFKA_MSG_F_COPY, batch, 0)));
        batch[1].len = 1, batch[0].partition = 0, batch[1].partition = 99;
        CALL("producer/produce_batch", "own-partitions", number("cnt", rd_kafka_produce_batch(rkt, 0, RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_PARTITION, batch, 2));
             code(batch[0].err); code(batch[1].err));
        CALL("producer/topic_partition_available", "ok", number("is", rd_kafka_topic_partition_available(rkt, 0)));
        tell_leader(rk, rkt);
        CALL("producer/topic_partition_available", "far", number("is", rd_kafka_topic_partition_available(rkt, 99)));
        CALL("producer/topic_partition_available", "negative", number("is", rd_kafka_topic_partition_available(rkt, -1)));
        CALL("producer/topic_partition_available", "unknown-topic", number("is", rd_kafka_topic_partition_available(lost, 0)));
        rd_kafka_topic_destroy(rkt);
        rd_kafka_topic_destroy(lost);
}

void producer_calls(rd_kafka_t *rk) {
        producev(rk);
        produceva(rk);
        classic(rk);
        CALL("producer/flush", "0", code(rd_kafka_flush(rk, 0)));
        CALL("producer/purge", "none", code(rd_kafka_purge(rk, 0)));
        CALL("producer/purge", "unknown-flags", code(rd_kafka_purge(rk, 0x1000)));
        CALL("producer/purge", "queue", code(rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE)));
        CALL("producer/purge", "all", code(rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)));
        CALL("producer/purge", "non-blocking", code(rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING)));
        CALL("producer/flush", "purged", code(rd_kafka_flush(rk, 3000)); number("left", rd_kafka_outq_len(rk)));
        CALL("producer/flush", "twice", code(rd_kafka_flush(rk, 0)));
}

static void reported(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        rd_kafka_timestamp_type_t type = (rd_kafka_timestamp_type_t)77;
        rd_kafka_headers_t *hdrs       = KEPT_P;
        int64_t ts                     = rd_kafka_message_timestamp(m, &type);
        (void)rk;
        (void)opaque;
        CALL("producer/dr", m->_private, code(m->err); number("partition", m->partition); number("offset", m->offset >= 0 ? 1 : m->offset);
             number("timestamp", ts > 0 ? 1 : ts); number("type", type); number("status", rd_kafka_message_status(m));
             number("broker", rd_kafka_message_broker_id(m)); text("errstr", rd_kafka_message_errstr(m));
             text("produce_errstr", rd_kafka_message_produce_errstr(m)); number("latency", rd_kafka_message_latency(m) > 0);
             number("epoch", rd_kafka_message_leader_epoch(m)); code(rd_kafka_message_headers(m, &hdrs)); out_p("headers", hdrs));
}

static void report_of(const char *what, const char *topic, int partition, int purge, const char *name, const char *value) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_t *rk;
        rd_kafka_conf_set(conf, "bootstrap.servers", run.servers, NULL, 0);
        rd_kafka_conf_set(conf, "topic.metadata.propagation.max.ms", "500", NULL, 0);
        rd_kafka_conf_set(conf, name, value, NULL, 0);
        rd_kafka_conf_set_dr_msg_cb(conf, reported);
        rd_kafka_conf_set(conf, "log_level", "0", NULL, 0);
        rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
        V_(RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), HELLO, RD_KAFKA_V_OPAQUE((void *)what));
        if (purge)
                rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE);
        rd_kafka_flush(rk, 20000);
        rd_kafka_destroy(rk);
}

void producer_topics(rd_kafka_t *rk) {
        CALL("producer/producev", "empty-topic", code(V_(RD_KAFKA_V_TOPIC(""), HELLO)));
        report_of("empty-topic", "", 0, 0, "acks", "all");
        report_of("delivered", run.full, 1, 0, "acks", "all");
        report_of("delivered-acks-0", run.full, 1, 0, "acks", "0");
        report_of("no-such-partition", run.full, 99, 0, "acks", "all");
        report_of("purged", run.full, 1, 1, "linger.ms", "5000");
        report_of("invalid-topic", "a b/c", 0, 0, "acks", "all");
}
