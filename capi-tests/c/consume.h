/* A consumer without a group: what it is assigned and what comes next. */
#ifndef CONSUME_H
#define CONSUME_H

#include "client.h"

static UNUSED rd_kafka_topic_partition_list_t *one(const char *topic, int32_t partition, int64_t offset) {
        rd_kafka_topic_partition_list_t *l                             = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(l, topic, partition)->offset = offset;
        return l;
}

static UNUSED void assign(rd_kafka_t *rk, const char *topic, int32_t partition, int64_t offset) {
        rd_kafka_topic_partition_list_t *l = one(topic, partition, offset);
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
}

/* The next message, or error other than end of partition; NULL after limit_ms. */
static UNUSED rd_kafka_message_t *next(rd_kafka_t *rk, int limit_ms) {
        int64_t until = now_ms() + limit_ms;
        do {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 100);
                if (m)
                        return m;
        } while (now_ms() < until);
        return NULL;
}

static UNUSED void expect(rd_kafka_t *rk, int64_t offset) {
        rd_kafka_message_t *m = next(rk, ms(60000));
        char text[32];
        CHECK(m != NULL, "nothing, expected offset %" PRId64, offset);
        if (!m)
                return;
        snprintf(text, sizeof(text), "v%" PRId64, offset);
        if (m->err)
                CHECK(0, "%s, expected offset %" PRId64, rd_kafka_message_errstr(m), offset);
        else
                CHECK(m->offset == offset && is_payload(m, text), "offset %" PRId64 ", expected %" PRId64, m->offset, offset);
        rd_kafka_message_destroy(m);
}

static UNUSED void expect_eof(rd_kafka_t *rk, int64_t offset) {
        rd_kafka_message_t *m = next(rk, ms(60000));
        CHECK(m != NULL, "no end of partition");
        if (!m)
                return;
        CHECK_ERR(m->err, RD_KAFKA_RESP_ERR__PARTITION_EOF);
        CHECK(m->offset == offset, "end at %" PRId64 ", expected %" PRId64, m->offset, offset);
        CHECK(m->rkt != NULL, "no topic");
        rd_kafka_message_destroy(m);
}

#endif
