/*
 * Transaction calls where there are no transactions. What is not built yet is to be called here, too, and to answer at once with
 * an error that says so and nothing left unwritten that it gives out: capi-tests/abi/check.sh compares with `make abi-status`.
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

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(transactions_not_configured);
        RUN(transactions_of_a_consumer);
        RUN(transactions_not_begun);
        return T_END();
}
