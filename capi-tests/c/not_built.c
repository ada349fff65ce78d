/*
 * What is not built yet answers: at once, by an error that says so, and with nothing left unwritten that it gives out.
 * Every function that `make abi-status` lists is called here; capi-tests/abi/check.sh compares the list with this file.
 */
#include "admin.h"

/* ---- transactions ---- */

/* An error object as expected, with a text; consumed. */
#define CHECK_ERROR(call, want)                                                                                        \
        do {                                                                                                           \
                rd_kafka_error_t *error_ = (call);                                                                     \
                CHECK_ERR(rd_kafka_error_code(error_), (want));                                                        \
                CHECK(*rd_kafka_error_string(error_), "%s: no text", #call);                                           \
                CHECK(!rd_kafka_error_is_fatal(error_) && !rd_kafka_error_is_retriable(error_) &&                      \
                          !rd_kafka_error_txn_requires_abort(error_),                                                  \
                      "%s: flags", #call);                                                                             \
                rd_kafka_error_destroy(error_);                                                                        \
        } while (0)

static void all_transaction_calls(rd_kafka_t *rk, rd_kafka_resp_err_t want) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        rd_kafka_consumer_group_metadata_t *g = rd_kafka_consumer_group_metadata_new("g");
        rd_kafka_topic_partition_list_add(list, "t", 0)->offset = 1;
        CHECK_ERROR(rd_kafka_init_transactions(rk, 10000), want);
        CHECK_ERROR(rd_kafka_begin_transaction(rk), want);
        CHECK_ERROR(rd_kafka_send_offsets_to_transaction(rk, list, g, 10000), want);
        CHECK_ERROR(rd_kafka_commit_transaction(rk, -1), want);
        CHECK_ERROR(rd_kafka_abort_transaction(rk, -1), want);
        rd_kafka_consumer_group_metadata_destroy(g);
        rd_kafka_topic_partition_list_destroy(list);
}

static void transactions_not_configured(void) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", "127.0.0.1:1", NULL));
        rd_kafka_error_t *error;
        all_transaction_calls(rk, RD_KAFKA_RESP_ERR__NOT_CONFIGURED);
        error = rd_kafka_init_transactions(rk, 10000);
        /* php-rdkafka's tests compare the whole of it. */
        CHECK(!strcmp(rd_kafka_error_string(error), "The Transactional API requires transactional.id to be configured"), "%s",
              rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        rd_kafka_destroy(rk);
        rk = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", "127.0.0.1:1", "enable.idempotence", "true", NULL));
        all_transaction_calls(rk, RD_KAFKA_RESP_ERR__NOT_CONFIGURED);
        rd_kafka_destroy(rk);
}

static void transactions_of_a_consumer(void) {
        rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", "127.0.0.1:1", "group.id", "g", NULL));
        all_transaction_calls(rk, RD_KAFKA_RESP_ERR__INVALID_ARG);
        rd_kafka_destroy(rk);
        if (!is_upstream())
                all_transaction_calls(NULL, RD_KAFKA_RESP_ERR__INVALID_ARG);
}

/* Outside of a transaction a transactional producer takes no message: as librdkafka. */
static void transactions_not_begun(void) {
        rd_kafka_t *rk =
            client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", "127.0.0.1:1", "transactional.id", "x", NULL));
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, "t", NULL);
        rd_kafka_message_t m;
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END),
                  RD_KAFKA_RESP_ERR__STATE);
        CHECK(rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, "v", 1, NULL, 0, NULL) == -1, "produce");
        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__STATE);
        memset(&m, 0, sizeof(m));
        m.payload = "v";
        m.len     = 1;
        CHECK(rd_kafka_produce_batch(rkt, 0, RD_KAFKA_MSG_F_COPY, &m, 1) == 0, "produce_batch");
        CHECK_ERR(m.err, RD_KAFKA_RESP_ERR__STATE);
        CHECK_ERROR(rd_kafka_send_offsets_to_transaction(rk, NULL, NULL, 100), RD_KAFKA_RESP_ERR__INVALID_ARG);
        rd_kafka_topic_destroy(rkt);
        rd_kafka_destroy(rk);
}

/* ---- share consumers ---- */

static void acknowledged(rd_kafka_share_t *rkshare, rd_kafka_share_partition_offsets_list_t *partitions,
                         rd_kafka_resp_err_t err, void *opaque) {
        (void)rkshare, (void)partitions, (void)err, (void)opaque;
}

/* A handle that is none stands for the share consumer that cannot be had. */
static void share_calls(void) {
        const rd_kafka_resp_err_t want          = RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED;
        rd_kafka_conf_t *conf                   = conf_of("bootstrap.servers", "127.0.0.1:1", "group.id", "g", NULL);
        rd_kafka_topic_partition_list_t *filled = rd_kafka_topic_partition_list_new(1), *list;
        rd_kafka_messages_t *messages           = (rd_kafka_messages_t *)&list;
        char errstr[128], small[4];

        memset(errstr, 'x', sizeof(errstr));
        CHECK(!rd_kafka_share_consumer_new(conf, errstr, sizeof(errstr)), "a share consumer");
        CHECK_ERR(rd_kafka_last_error(), want);
        CHECK(memchr(errstr, 0, sizeof(errstr)) && strstr(errstr, "share"), "%.*s", (int)sizeof(errstr), errstr);
        CHECK(!rd_kafka_share_consumer_new(conf, small, sizeof(small)) && strlen(small) == 3, "cut");
        CHECK(!rd_kafka_share_consumer_new(conf, NULL, 0), "without a buffer");
        /* The configuration is still the application's. */
        rd_kafka_conf_destroy(conf);

        CHECK_ERROR(rd_kafka_share_set_acknowledgement_commit_cb(NULL, acknowledged, NULL), want);
        CHECK_ERR(rd_kafka_share_subscribe(NULL, filled), want);
        CHECK_ERR(rd_kafka_share_unsubscribe(NULL), want);
        list = filled;
        CHECK_ERR(rd_kafka_share_subscription(NULL, &list), want);
        CHECK(!list, "a subscription");
        CHECK_ERROR(rd_kafka_share_poll(NULL, 60000, &messages), want);
        CHECK(!messages, "messages");
        CHECK_ERR(rd_kafka_share_acknowledge(NULL, NULL), want);
        CHECK_ERR(rd_kafka_share_acknowledge_type(NULL, NULL, RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT), want);
        CHECK_ERR(rd_kafka_share_acknowledge_offset(NULL, "t", 0, 1, RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT), want);
        CHECK_ERROR(rd_kafka_share_commit_async(NULL), want);
        list = filled;
        CHECK_ERROR(rd_kafka_share_commit_sync(NULL, 60000, &list), want);
        CHECK(!list, "partitions");
        CHECK_ERROR(rd_kafka_share_consumer_close(NULL), want);
        CHECK_ERROR(rd_kafka_share_consumer_close_queue(NULL, NULL), want);
        CHECK(rd_kafka_share_consumer_closed(NULL) != 0, "a loop until it is closed would not end");
        CHECK_ERROR(rd_kafka_share_set_log_queue(NULL, NULL), want);
        CHECK_ERROR(rd_kafka_share_sasl_background_callbacks_enable(NULL), want);
        CHECK_ERROR(rd_kafka_share_sasl_set_credentials(NULL, "u", "p"), want);
        CHECK(!rd_kafka_share_queue_get_sasl(NULL), "a queue");
        errstr[0] = '\0';
        CHECK_ERR(rd_kafka_share_oauthbearer_set_token(NULL, "t", 0, "p", NULL, 0, errstr, sizeof(errstr)), want);
        CHECK(*errstr, "no text");
        CHECK_ERR(rd_kafka_share_oauthbearer_set_token_failure(NULL, "because"), want);
        CHECK_ERROR(rd_kafka_share_destroy(NULL), want);
        CHECK_ERROR(rd_kafka_share_destroy_flags(NULL, 0), want);

        CHECK(rd_kafka_messages_count(NULL) == 0, "messages");
        CHECK(!rd_kafka_messages_get(NULL, 0), "message");
        rd_kafka_messages_destroy(NULL);
        CHECK(rd_kafka_share_partition_offsets_list_count(NULL) == 0, "partitions");
        CHECK(!rd_kafka_share_partition_offsets_list_get(NULL, 0), "partition");
        rd_kafka_share_partition_offsets_list_destroy(NULL);
        CHECK(!rd_kafka_share_partition_offsets_partition(NULL), "partition");
        CHECK(!rd_kafka_share_partition_offsets_offsets(NULL), "offsets");
        CHECK(rd_kafka_share_partition_offsets_offsets_cnt(NULL) == 0, "offsets");
        rd_kafka_topic_partition_list_destroy(filled);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(transactions_not_configured);
        RUN(transactions_of_a_consumer);
        RUN(transactions_not_begun);
        RUN_HERE(share_calls);
        return T_END();
}
