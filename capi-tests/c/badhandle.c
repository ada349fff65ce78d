/*
 * Handles that are none: null, of another type, destroyed. The function says so by its code, or by the value that it
 * has for failures, and the process goes on. (librdkafka follows such pointers; these cases are skipped with it.)
 */
#include "client.h"

#define OURS_ONLY()                                                                                                    \
        do {                                                                                                           \
                if (is_upstream())                                                                                     \
                        SKIP("librdkafka does not check handles");                                                     \
        } while (0)

/* Everything that takes a client, with something that is none. */
static void no_client(rd_kafka_t *rk) {
        const struct rd_kafka_metadata *md          = NULL;
        rd_kafka_topic_partition_list_t *list       = rd_kafka_topic_partition_list_new(1), *got = NULL;
        rd_kafka_error_t *error;
        rd_kafka_vu_t vu;
        int64_t low, high;
        rd_kafka_topic_partition_list_add(list, "t", 0);
        memset(&vu, 0, sizeof(vu));
        vu.vtype  = RD_KAFKA_VTYPE_TOPIC;
        vu.u.cstr = "t";
        CHECK(rd_kafka_poll(rk, 0) == 0, "poll");
        CHECK(rd_kafka_name(rk) == NULL, "name");
        CHECK(rd_kafka_opaque(rk) == NULL, "opaque");
        CHECK(rd_kafka_outq_len(rk) == 0, "outq_len");
        CHECK(rd_kafka_memberid(rk) == NULL, "memberid");
        CHECK(rd_kafka_clusterid(rk, 0) == NULL, "clusterid");
        CHECK(rd_kafka_controllerid(rk, 0) == -1, "controllerid");
        CHECK(rd_kafka_brokers_add(rk, "127.0.0.1:1") == 0, "brokers_add");
        CHECK(rd_kafka_consumer_poll(rk, 0) == NULL, "consumer_poll");
        CHECK(rd_kafka_queue_new(rk) == NULL, "queue_new");
        CHECK(rd_kafka_queue_get_main(rk) == NULL, "queue_get_main");
        CHECK(rd_kafka_topic_new(rk, "t", NULL) == NULL, "topic_new");
        CHECK_ERR(rd_kafka_flush(rk, 0), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_HAS(rd_kafka_err2str(rd_kafka_flush(rk, 0)), "Invalid argument");
        CHECK_ERR(rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_END), RD_KAFKA_RESP_ERR__INVALID_ARG);
        error = rd_kafka_produceva(rk, &vu, 1);
        CHECK_ERR(rd_kafka_error_code(error), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK(strlen(rd_kafka_error_string(error)) > 0, "produceva has no text");
        rd_kafka_error_destroy(error);
        CHECK_ERR(rd_kafka_metadata(rk, 1, NULL, &md, 10), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK(!md, "metadata");
        CHECK_ERR(rd_kafka_assign(rk, list), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_assignment(rk, &got), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_subscribe(rk, list), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_unsubscribe(rk), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_commit(rk, list, 0), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_committed(rk, list, 10), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_position(rk, list), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_pause_partitions(rk, list), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_consumer_close(rk), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_query_watermark_offsets(rk, "t", 0, &low, &high, 10), RD_KAFKA_RESP_ERR__INVALID_ARG);
        rd_kafka_topic_partition_list_destroy(list);
}

static void no_topic(rd_kafka_topic_t *rkt) {
        rd_kafka_message_t m;
        memset(&m, 0, sizeof(m));
        errno = 0;
        CHECK(rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, "v", 1, NULL, 0, NULL) == -1, "produce");
        CHECK(errno == EINVAL, "errno %d", errno);
        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK(rd_kafka_produce_batch(rkt, 0, 0, &m, 1) == 0, "produce_batch");
        CHECK_ERR(m.err, RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK(rd_kafka_topic_name(rkt) == NULL, "topic_name");
        CHECK(rd_kafka_consume_start(rkt, 0, 0) == -1, "consume_start");
        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK(rd_kafka_consume(rkt, 0, 0) == NULL, "consume");
        CHECK(rd_kafka_consume_stop(rkt, 0) == -1, "consume_stop");
        CHECK_ERR(rd_kafka_seek(rkt, 0, 0, 0), RD_KAFKA_RESP_ERR__INVALID_ARG);
}

static void no_queue(rd_kafka_queue_t *q) {
        rd_kafka_message_t *m = NULL;
        CHECK(rd_kafka_queue_poll(q, 0) == NULL, "queue_poll");
        CHECK(rd_kafka_queue_length(q) == 0, "queue_length");
        CHECK(rd_kafka_consume_queue(q, 0) == NULL, "consume_queue");
        CHECK(rd_kafka_consume_batch_queue(q, 0, &m, 1) <= 0, "consume_batch_queue");
}

static void no_conf(rd_kafka_conf_t *conf) {
        char errstr[128] = "", value[32];
        size_t size      = sizeof(value);
        CHECK(rd_kafka_conf_set(conf, "client.id", "x", errstr, sizeof(errstr)) != RD_KAFKA_CONF_OK, "conf_set");
        CHECK(rd_kafka_conf_get(conf, "client.id", value, &size) != RD_KAFKA_CONF_OK, "conf_get");
        CHECK(rd_kafka_conf_dup(conf) == NULL, "conf_dup");
}

static void null(void) {
        OURS_ONLY();
        no_client(NULL);
        no_topic(NULL);
        no_queue(NULL);
        no_conf(NULL);
        rd_kafka_destroy(NULL);
        rd_kafka_topic_destroy(NULL);
        rd_kafka_queue_destroy(NULL);
        rd_kafka_conf_destroy(NULL);
        rd_kafka_topic_conf_destroy(NULL);
        rd_kafka_event_destroy(NULL);
        rd_kafka_error_destroy(NULL);
        rd_kafka_headers_destroy(NULL);
}

static void another_type(void) {
        rd_kafka_conf_t *conf;
        rd_kafka_t *rk;
        rd_kafka_topic_t *rkt;
        rd_kafka_queue_t *q;
        char errstr[256] = "";
        OURS_ONLY();
        conf = rd_kafka_conf_new();
        rk   = client(RD_KAFKA_PRODUCER, conf_of(NULL, NULL));
        rkt  = rd_kafka_topic_new(rk, "topic", NULL);
        q    = rd_kafka_queue_new(rk);
        no_client((rd_kafka_t *)rkt);
        no_client((rd_kafka_t *)conf);
        no_topic((rd_kafka_topic_t *)rk);
        no_topic((rd_kafka_topic_t *)q);
        no_queue((rd_kafka_queue_t *)rk);
        no_conf((rd_kafka_conf_t *)rkt);
        CHECK(!rd_kafka_new(RD_KAFKA_PRODUCER, (rd_kafka_conf_t *)rkt, errstr, sizeof(errstr)), "made from a topic");
        CHECK_HAS(errstr, "Not a configuration object");
        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__INVALID_ARG);
        /* What is not the function's to destroy stays. */
        rd_kafka_destroy((rd_kafka_t *)rkt);
        rd_kafka_topic_destroy((rd_kafka_topic_t *)rk);
        rd_kafka_queue_destroy((rd_kafka_queue_t *)conf);
        rd_kafka_conf_destroy((rd_kafka_conf_t *)q);
        CHECK(!strcmp(rd_kafka_topic_name(rkt), "topic"), "the topic is gone");
        CHECK(!strncmp(rd_kafka_name(rk), "rdkafka#producer", 16), "the client is gone");
        CHECK(rd_kafka_conf_set(conf, "client.id", "x", NULL, 0) == RD_KAFKA_CONF_OK, "the configuration is gone");
        rd_kafka_queue_destroy(q);
        rd_kafka_topic_destroy(rkt);
        rd_kafka_conf_destroy(conf);
        DESTROY(rk, 1000);
}

/* The best that can be done: as long as nobody has got the memory again. */
static void destroyed(void) {
        rd_kafka_t *rk;
        rd_kafka_conf_t *conf;
        OURS_ONLY();
        if (t.slow > 1)
                SKIP("reads freed memory on purpose");
        conf = rd_kafka_conf_new();
        rd_kafka_conf_destroy(conf);
        no_conf(conf);
        rk = client(RD_KAFKA_PRODUCER, conf_of(NULL, NULL));
        rd_kafka_destroy(rk);
        CHECK(rd_kafka_poll(rk, 0) == 0, "poll");
        CHECK_ERR(rd_kafka_flush(rk, 0), RD_KAFKA_RESP_ERR__INVALID_ARG);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(null);
        RUN(another_type);
        RUN(destroyed);
        return T_END();
}
