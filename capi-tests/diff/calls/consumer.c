/* Consumer: positions, seeks, pauses, offsets and the simple consumer. */
#include "report.h"

#define LIST_CALL(function, argument, topic, first, cnt, offset, ...)                                                  \
        CALL(function, argument, rd_kafka_topic_partition_list_t *l = parts(topic, first, cnt, offset);                \
             __VA_ARGS__; list("list", l); rd_kafka_topic_partition_list_destroy(l))

static void watermarks(rd_kafka_t *rk, const char *argument, const char *topic, int partition, int timeout_ms) {
        CALL("consumer/query_watermark_offsets", argument, int64_t lo = KEPT_N; int64_t hi = KEPT_N;
             code(rd_kafka_query_watermark_offsets(rk, topic, partition, &lo, &hi, timeout_ms)); out_n("low", lo); out_n("high", hi));
}

static void cached(rd_kafka_t *rk, const char *argument, const char *topic, int partition) {
        CALL("consumer/get_watermark_offsets", argument, int64_t lo = KEPT_N; int64_t hi = KEPT_N;
             code(rd_kafka_get_watermark_offsets(rk, topic, partition, &lo, &hi)); out_n("low", lo); out_n("high", hi));
}

static void offsets(rd_kafka_t *rk) {
        LIST_CALL("consumer/position", "ok", run.full, 0, 2, 7, code(rd_kafka_position(rk, l)));
        LIST_CALL("consumer/position", "empty-list", run.full, 0, 0, 7, code(rd_kafka_position(rk, l)));
        LIST_CALL("consumer/position", "unknown", "nosuch", 3, 1, 7, code(rd_kafka_position(rk, l)));
        LIST_CALL("consumer/position", "negative", run.full, -1, 1, 7, code(rd_kafka_position(rk, l)));
        OURS_ONLY("consumer/position", "null", code(rd_kafka_position(rk, NULL)));
        LIST_CALL("consumer/offsets_for_times", "0", run.full, 0, 1, 0, code(rd_kafka_offsets_for_times(rk, l, 3000)));
        LIST_CALL("consumer/offsets_for_times", "future", run.full, 0, 1, INT64_MAX / 2, code(rd_kafka_offsets_for_times(rk, l, 3000)));
        LIST_CALL("consumer/offsets_for_times", "empty-list", run.full, 0, 0, 0, code(rd_kafka_offsets_for_times(rk, l, 300)));
        LIST_CALL("consumer/offsets_for_times", "far", run.full, 99, 1, 0, code(rd_kafka_offsets_for_times(rk, l, 300)));
        OURS_ONLY("consumer/offsets_for_times", "null", code(rd_kafka_offsets_for_times(rk, NULL, 100)));
        watermarks(rk, "ok", run.full, 3, 3000);
        watermarks(rk, "empty-topic-partition", run.empty, 0, 3000);
        watermarks(rk, "far", run.full, 99, 300);
        watermarks(rk, "negative", run.full, -1, 300);
        watermarks(rk, "empty-name", "", 0, 300);
        OURS_ONLY("consumer/query_watermark_offsets", "null-out", code(rd_kafka_query_watermark_offsets(rk, run.full, 0, NULL, NULL, 300)));
        cached(rk, "ok", run.full, 3);
        cached(rk, "far", run.full, 99);
        cached(rk, "unknown", "nosuch", 0);
        cached(rk, "empty-name", "", 0);
        cached(rk, "negative", run.full, -1);
        LIST_CALL("consumer/offsets_store", "ok", run.full, 0, 2, 3, code(rd_kafka_offsets_store(rk, l)));
        LIST_CALL("consumer/offsets_store", "not-assigned", run.full, 3, 1, 3, code(rd_kafka_offsets_store(rk, l)));
        LIST_CALL("consumer/offsets_store", "half", run.full, 1, 2, 3, code(rd_kafka_offsets_store(rk, l)));
        LIST_CALL("consumer/offsets_store", "empty-list", run.full, 0, 0, 3, code(rd_kafka_offsets_store(rk, l)));
        LIST_CALL("consumer/offsets_store", "unknown", "nosuch", 0, 1, 3, code(rd_kafka_offsets_store(rk, l)));
        LIST_CALL("consumer/offsets_store", "negative-offset", run.full, 0, 1, -5, code(rd_kafka_offsets_store(rk, l)));
        LIST_CALL("consumer/offsets_store", "invalid-offset", run.full, 0, 1, -1001, code(rd_kafka_offsets_store(rk, l)));
        OURS_ONLY("consumer/offsets_store", "null", code(rd_kafka_offsets_store(rk, NULL)));
}

static void movements(rd_kafka_t *rk) {
        LIST_CALL("consumer/pause_partitions", "ok", run.full, 0, 1, 7, code(rd_kafka_pause_partitions(rk, l)));
        LIST_CALL("consumer/pause_partitions", "twice", run.full, 0, 1, 7, code(rd_kafka_pause_partitions(rk, l)));
        LIST_CALL("consumer/pause_partitions", "not-assigned", run.full, 3, 1, 7, code(rd_kafka_pause_partitions(rk, l)));
        LIST_CALL("consumer/pause_partitions", "unknown", "nosuch", 0, 1, 7, code(rd_kafka_pause_partitions(rk, l)));
        LIST_CALL("consumer/pause_partitions", "empty-list", run.full, 0, 0, 7, code(rd_kafka_pause_partitions(rk, l)));
        LIST_CALL("consumer/resume_partitions", "ok", run.full, 0, 1, 7, code(rd_kafka_resume_partitions(rk, l)));
        LIST_CALL("consumer/resume_partitions", "twice", run.full, 0, 1, 7, code(rd_kafka_resume_partitions(rk, l)));
        LIST_CALL("consumer/resume_partitions", "unknown", "nosuch", 0, 1, 7, code(rd_kafka_resume_partitions(rk, l)));
        OURS_ONLY("consumer/pause_partitions", "null", code(rd_kafka_pause_partitions(rk, NULL)));
        OURS_ONLY("consumer/resume_partitions", "null", code(rd_kafka_resume_partitions(rk, NULL)));
        LIST_CALL("consumer/seek_partitions", "ok", run.full, 0, 1, 1, error(rd_kafka_seek_partitions(rk, l, 3000)));
        LIST_CALL("consumer/seek_partitions", "timeout-0", run.full, 0, 1, 1, error(rd_kafka_seek_partitions(rk, l, 0)); l->elems[0].err = 0);
        LIST_CALL("consumer/seek_partitions", "not-assigned", run.full, 3, 1, 1, error(rd_kafka_seek_partitions(rk, l, 1000)));
        LIST_CALL("consumer/seek_partitions", "unknown", "nosuch", 0, 1, 1, error(rd_kafka_seek_partitions(rk, l, 1000)));
        LIST_CALL("consumer/seek_partitions", "empty-list", run.full, 0, 0, 1, error(rd_kafka_seek_partitions(rk, l, 300)));
        LIST_CALL("consumer/seek_partitions", "invalid-offset", run.full, 0, 1, -1001, error(rd_kafka_seek_partitions(rk, l, 1000)));
        OURS_ONLY("consumer/seek_partitions", "null", error(rd_kafka_seek_partitions(rk, NULL, 100)));
}

static void stored(rd_kafka_t *rk, rd_kafka_topic_t *rkt) {
        CALL("consumer/offset_store", "ok", code(rd_kafka_offset_store(rkt, 0, 3)));
        CALL("consumer/offset_store", "not-assigned", code(rd_kafka_offset_store(rkt, 3, 3)));
        CALL("consumer/offset_store", "far", code(rd_kafka_offset_store(rkt, 99, 3)));
        CALL("consumer/offset_store", "negative", code(rd_kafka_offset_store(rkt, -1, 3)));
        CALL("consumer/offset_store", "offset-before-all", code(rd_kafka_offset_store(rkt, 0, -1)));
        CALL("consumer/seek", "ok", code(rd_kafka_seek(rkt, 0, 1, 3000)));
        CALL("consumer/seek", "not-assigned", code(rd_kafka_seek(rkt, 3, 1, 1000)));
        CALL("consumer/seek", "far", code(rd_kafka_seek(rkt, 99, 1, 1000)));
        CALL("consumer/seek", "negative", code(rd_kafka_seek(rkt, -1, 1, 1000)));
        OURS_ONLY("consumer/seek", "null-topic", code(rd_kafka_seek(NULL, 0, 1, 100)));
        OURS_ONLY("consumer/offset_store", "null-topic", code(rd_kafka_offset_store(NULL, 0, 1)));
        OURS_ONLY("consumer/offset_store_message", "null", error(rd_kafka_offset_store_message(NULL)));
        (void)rk;
}

void consumer_calls(rd_kafka_t *rk) {
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, run.full, NULL);
        offsets(rk);
        movements(rk);
        if (rkt) {
                stored(rk, rkt);
                rd_kafka_topic_destroy(rkt);
        }
}

static void ignored(rd_kafka_message_t *m, void *opaque) {
        (void)m;
        (void)opaque;
}

static void started(int res) {
        number("res", res);
        code(res == -1 ? rd_kafka_last_error() : RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* The simple consumer: partitions started and stopped one by one. */
void consumer_topics(rd_kafka_t *rk) {
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, run.full, NULL);
        rd_kafka_queue_t *q   = rd_kafka_queue_new(rk);
        rd_kafka_message_t *m[2];
        if (!rkt || !q)
                return;
        CALL("consumer/consume", "not-started", message(rd_kafka_consume(rkt, 2, 0)); code(rd_kafka_last_error()));
        CALL("consumer/consume_batch", "not-started", number("cnt", rd_kafka_consume_batch(rkt, 2, 0, m, 2)); code(rd_kafka_last_error()));
        CALL("consumer/consume_callback", "not-started", number("cnt", rd_kafka_consume_callback(rkt, 2, 0, ignored, NULL)); code(rd_kafka_last_error()));
        CALL("consumer/consume_stop", "not-started", started(rd_kafka_consume_stop(rkt, 2)));
        CALL("consumer/consume_stop", "far", started(rd_kafka_consume_stop(rkt, 99)));
        CALL("consumer/consume_stop", "negative", started(rd_kafka_consume_stop(rkt, -1)));
        CALL("consumer/consume_start", "negative", started(rd_kafka_consume_start(rkt, -1, 0)));
        CALL("consumer/consume_start", "minus-2", started(rd_kafka_consume_start(rkt, -2, 0)));
        CALL("consumer/consume_start", "ok", started(rd_kafka_consume_start(rkt, 2, RD_KAFKA_OFFSET_BEGINNING)));
        /* An assertion of librdkafka's fails where there is a group. */
        CALL_(!strcmp(run.state, "up") || !strcmp(run.state, "closed"), "consumer/consume_start", "twice", started(rd_kafka_consume_start(rkt, 2, RD_KAFKA_OFFSET_BEGINNING)));
        OURS_ONLY("consumer/consume_start_queue", "null", started(rd_kafka_consume_start_queue(rkt, 3, 0, NULL)));
        OURS_ONLY("consumer/consume_stop", "of-queue-null", started(rd_kafka_consume_stop(rkt, 3)));
        CALL("consumer/consume_start_queue", "ok", started(rd_kafka_consume_start_queue(rkt, 1, 0, q)));
        CALL("consumer/consume", "far", message(rd_kafka_consume(rkt, 99, 0)); code(rd_kafka_last_error()));
        CALL("consumer/consume", "negative", message(rd_kafka_consume(rkt, -1, 0)); code(rd_kafka_last_error()));
        CALL("consumer/consume_batch", "room-of-0", number("cnt", rd_kafka_consume_batch(rkt, 2, 0, m, 0)));
        CALL("consumer/consume_start", "far", started(rd_kafka_consume_start(rkt, 77, RD_KAFKA_OFFSET_BEGINNING)));
        CALL("consumer/consume_start", "stored", started(rd_kafka_consume_start(rkt, 0, RD_KAFKA_OFFSET_STORED)));
        CALL("consumer/consume_stop", "after-stored", started(rd_kafka_consume_stop(rkt, 0)));
        CALL("consumer/consume_start", "invalid-offset", started(rd_kafka_consume_start(rkt, 0, -1001)));
        CALL("consumer/consume_stop", "after-invalid", started(rd_kafka_consume_stop(rkt, 0)));
        CALL("consumer/offset_store", "started", code(rd_kafka_offset_store(rkt, 2, 1)));
        CALL("consumer/consume_stop", "ok", started(rd_kafka_consume_stop(rkt, 2)));
        CALL("consumer/consume_stop", "twice", started(rd_kafka_consume_stop(rkt, 2)));
        CALL("consumer/consume_stop", "of-queue", started(rd_kafka_consume_stop(rkt, 1)));
        CALL("consumer/consume_stop", "far-started", started(rd_kafka_consume_stop(rkt, 77)));
        CALL("consumer/consume", "stopped", message(rd_kafka_consume(rkt, 2, 0)); code(rd_kafka_last_error()));
        OURS_ONLY("consumer/consume_start", "null-topic", started(rd_kafka_consume_start(NULL, 0, 0)));
        rd_kafka_queue_destroy(q);
        rd_kafka_topic_destroy(rkt);
}
