/* Share consumers: made, polled, closed. */
#ifndef SHARE_H
#define SHARE_H

#include "admin.h"

/* The share group consumes from the beginning of its topics. */
static UNUSED void from_the_beginning(const char *group) {
        rd_kafka_t *rk                     = producer("bootstrap.servers", bootstrap(), NULL);
        rd_kafka_queue_t *q                = rd_kafka_queue_new(rk);
        rd_kafka_ConfigResource_t *config  = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_GROUP, group);
        rd_kafka_error_t *error            = rd_kafka_ConfigResource_add_incremental_config(
            config, "share.auto.offset.reset", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, "earliest");
        rd_kafka_event_t *event;
        CHECK(!error, "%s", rd_kafka_error_string(error));
        rd_kafka_IncrementalAlterConfigs(rk, &config, 1, NULL, q);
        event = rd_kafka_queue_poll(q, ms(30000));
        CHECK(event && !rd_kafka_event_error(event), "%s", event ? rd_kafka_event_error_string(event) : "no answer");
        if (event)
                rd_kafka_event_destroy(event);
        rd_kafka_ConfigResource_destroy(config);
        rd_kafka_queue_destroy(q);
        rd_kafka_destroy(rk);
}

static UNUSED rd_kafka_share_t *share_of(rd_kafka_conf_t *conf) {
        char errstr[256]          = "";
        rd_kafka_share_t *rkshare = rd_kafka_share_consumer_new(conf, errstr, sizeof(errstr));
        CHECK(rkshare != NULL, "%s", errstr);
        return rkshare;
}

static UNUSED void share_subscribe(rd_kafka_share_t *rkshare, const char *topic) {
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_share_subscribe(rkshare, topics), 0);
        rd_kafka_topic_partition_list_destroy(topics);
}

/* A share consumer of the topic, in the mode "implicit" or "explicit". */
static UNUSED rd_kafka_share_t *share(const char *group, const char *topic, const char *mode, const char *max_records) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), "group.id", group, "share.acknowledgement.mode", mode,
                                        "max.poll.records", max_records, NULL);
        rd_kafka_share_t *rkshare = share_of(conf);
        if (rkshare)
                share_subscribe(rkshare, topic);
        return rkshare;
}

/* An error object as expected; consumed. */
#define CHECK_SHARE(call, want)                                                                                        \
        do {                                                                                                           \
                rd_kafka_error_t *error_ = (call);                                                                     \
                CHECK_ERR(error_ ? rd_kafka_error_code(error_) : 0, (want));                                           \
                if (error_)                                                                                            \
                        rd_kafka_error_destroy(error_);                                                                \
        } while (0)

/* The next batch with something in it, or NULL. */
static UNUSED rd_kafka_messages_t *share_batch(rd_kafka_share_t *rkshare, int limit_ms) {
        int64_t end = now_ms() + limit_ms;
        do {
                rd_kafka_messages_t *batch = NULL;
                rd_kafka_error_t *error    = rd_kafka_share_poll(rkshare, 500, &batch);
                if (error) {
                        CHECK(0, "%s", rd_kafka_error_string(error));
                        rd_kafka_error_destroy(error);
                        return NULL;
                }
                if (rd_kafka_messages_count(batch) > 0)
                        return batch;
                rd_kafka_messages_destroy(batch);
        } while (now_ms() < end);
        return NULL;
}

/* The type for each message of a batch, by its offset. */
typedef rd_kafka_share_AcknowledgeType_t (*share_decide_t)(const rd_kafka_message_t *);

static UNUSED rd_kafka_share_AcknowledgeType_t share_accept(const rd_kafka_message_t *m) {
        (void)m;
        return RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT;
}

/* Polls until so many messages have come, acknowledging each if there is a decision; how many there were. */
static UNUSED int share_take(rd_kafka_share_t *rkshare, int want, share_decide_t decide, int delivery_count) {
        int got     = 0;
        int64_t end = now_ms() + ms(60000);
        while (got < want && now_ms() < end) {
                rd_kafka_messages_t *batch = share_batch(rkshare, ms(2000));
                size_t i;
                for (i = 0; i < rd_kafka_messages_count(batch); i++) {
                        const rd_kafka_message_t *m = rd_kafka_messages_get(batch, i);
                        CHECK(!m->err, "%s", rd_kafka_message_errstr(m));
                        if (delivery_count)
                                CHECK(rd_kafka_message_delivery_count(m) == delivery_count, "offset %" PRId64 ": delivery %d", m->offset,
                                      rd_kafka_message_delivery_count(m));
                        if (decide)
                                CHECK_ERR(rd_kafka_share_acknowledge_type(rkshare, m, decide(m)), 0);
                        got++;
                }
                rd_kafka_messages_destroy(batch);
        }
        return got;
}

/* Nothing comes for a while. */
static UNUSED void share_nothing(rd_kafka_share_t *rkshare, int limit_ms) {
        rd_kafka_messages_t *batch = share_batch(rkshare, limit_ms);
        CHECK(!batch, "%zu message(s) too many, the first at %" PRId64, rd_kafka_messages_count(batch),
              rd_kafka_messages_get(batch, 0)->offset);
        rd_kafka_messages_destroy(batch);
}

static UNUSED void share_end(rd_kafka_share_t *rkshare) {
        CHECK_SHARE(rd_kafka_share_consumer_close(rkshare), 0);
        CHECK(rd_kafka_share_consumer_closed(rkshare), "not closed");
        CHECK_SHARE(rd_kafka_share_destroy(rkshare), 0);
}

#endif
