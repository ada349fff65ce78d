/* Uses the function-like parts of the headers, in every dialect. */
#include "rdkafka.h"
#include "rdkafka_mock.h"

rd_kafka_resp_err_t produce_one(rd_kafka_t *rk, rd_kafka_topic_t *rkt,
                                const char *topic, const char *key,
                                char *value, size_t length,
                                rd_kafka_headers_t *headers);
int64_t last_ten(void);

/* Names of an application's own, which the headers leave alone. */
enum timestamp_type { CREATE_TIME = RD_KAFKA_TIMESTAMP_CREATE_TIME };
typedef int Compare;

rd_kafka_resp_err_t produce_one(rd_kafka_t *rk, rd_kafka_topic_t *rkt,
                                const char *topic, const char *key,
                                char *value, size_t length,
                                rd_kafka_headers_t *headers) {
        rd_kafka_resp_err_t err;

        err = rd_kafka_producev(
            rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, 3),
            RD_KAFKA_V_VALUE(value, length), RD_KAFKA_V_TIMESTAMP(0),
            RD_KAFKA_V_HEADER("name", "value", -1), RD_KAFKA_V_OPAQUE(NULL),
            RD_KAFKA_V_END);
        if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
                return err;
        return rd_kafka_producev(rk, RD_KAFKA_V_RKT(rkt),
                                 RD_KAFKA_V_VALUE(NULL, 0),
                                 RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
}

int64_t last_ten(void) {
        return RD_KAFKA_OFFSET_TAIL(10);
}

#if RD_KAFKA_VERSION < 0x020000ff
#error "RD_KAFKA_VERSION cannot be compared by the preprocessor"
#endif
