/* Share consumers (KIP-932): acknowledging, committing, redelivery, closing. */
#include "share.h"

#define API_SHARE_FETCH 78

/* Brokers have it since 4.1, and turned on since 4.2. */
#define NEED_SHARE_GROUPS()                                                                                            \
        do {                                                                                                           \
                if (wire_max_version(bootstrap(), API_SHARE_FETCH) < 1)                                                \
                        SKIP("brokers without share groups");                                                          \
        } while (0)

struct told {
        int calls, offsets, failed;
        rd_kafka_resp_err_t err;
        rd_kafka_resp_err_t inner;
};

static void acknowledged(rd_kafka_share_t *rkshare, rd_kafka_share_partition_offsets_list_t *list, rd_kafka_resp_err_t err,
                         void *opaque) {
        struct told *told = opaque;
        size_t i;
        rd_kafka_error_t *error;
        CHECK(rd_kafka_share_partition_offsets_list_count(list) == 1, "%zu partitions",
              rd_kafka_share_partition_offsets_list_count(list));
        for (i = 0; i < rd_kafka_share_partition_offsets_list_count(list); i++) {
                const rd_kafka_share_partition_offsets_t *p = rd_kafka_share_partition_offsets_list_get(list, i);
                const rd_kafka_topic_partition_t *tp        = rd_kafka_share_partition_offsets_partition(p);
                size_t cnt                                  = rd_kafka_share_partition_offsets_offsets_cnt(p);
                CHECK(tp->topic && tp->partition >= 0, "partition %d", tp->partition);
                CHECK(cnt > 0 && rd_kafka_share_partition_offsets_offsets(p)[cnt - 1] >= (int64_t)cnt - 1, "%zu offsets", cnt);
                told->offsets += (int)cnt;
        }
        told->calls++;
        told->failed += err != 0;
        told->err = err;
        error       = rd_kafka_share_commit_async(rkshare);
        told->inner = rd_kafka_error_code(error);
        rd_kafka_error_destroy(error);
}

static rd_kafka_share_AcknowledgeType_t release_odd(const rd_kafka_message_t *m) {
        return m->offset % 2 ? RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_RELEASE : RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT;
}

static rd_kafka_share_AcknowledgeType_t reject_all(const rd_kafka_message_t *m) {
        (void)m;
        return RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_REJECT;
}

/* What the next poll accepts does not come again; what closing finds unaccepted does. */
static void implicit(void) {
        const char *topic = fresh_topic("share", 1), *group = fresh("share-implicit");
        rd_kafka_share_t *c;
        NEED_SHARE_GROUPS();
        from_the_beginning(group);
        seed(topic, 0, 100, 10);
        c = share(group, topic, "implicit", "40");
        NEED(c, "no share consumer");
        CHECK(share_take(c, 100, NULL, 1) == 100, "not all came");
        share_nothing(c, 1500);
        share_end(c);
        seed_from(topic, 0, 100, 10, 10);
        c = share(group, topic, "implicit", "500");
        CHECK(share_take(c, 10, NULL, 1) == 10, "the new ones did not come");
        share_end(c);
        /* The last batch was not accepted: no poll followed. */
        c = share(group, topic, "implicit", "500");
        CHECK(share_take(c, 10, NULL, 2) == 10, "the last ones did not come again");
        share_nothing(c, 1000);
        share_end(c);
}

static void no_more_than_max_poll_records(void) {
        const char *topic = fresh_topic("share", 1), *group = fresh("share-max");
        rd_kafka_share_t *c;
        int got = 0;
        NEED_SHARE_GROUPS();
        from_the_beginning(group);
        seed(topic, 0, 100, 10);
        c = share(group, topic, "implicit", "7");
        NEED(c, "no share consumer");
        while (got < 100) {
                rd_kafka_messages_t *batch = share_batch(c, ms(20000));
                size_t cnt                 = rd_kafka_messages_count(batch);
                NEED(cnt, "nothing after %d", got);
                /* librdkafka takes what the broker gives, which may be a whole batch of the producer's. */
                if (!is_upstream())
                        CHECK(cnt <= 7, "%zu records", cnt);
                CHECK(rd_kafka_messages_get(batch, 0)->offset == got, "offset %" PRId64, rd_kafka_messages_get(batch, 0)->offset);
                got += (int)cnt;
                rd_kafka_messages_destroy(batch);
        }
        share_end(c);
}

static void explicit_with_release_and_reject(void) {
        const char *topic = fresh_topic("share", 1), *group = fresh("share-explicit");
        rd_kafka_share_t *c;
        rd_kafka_messages_t *batch = NULL;
        const rd_kafka_message_t *m;
        NEED_SHARE_GROUPS();
        from_the_beginning(group);
        seed(topic, 0, 20, 10);
        c = share(group, topic, "explicit", "500");
        NEED(c, "no share consumer");
        CHECK(share_take(c, 20, release_odd, 1) == 20, "not all came");
        CHECK(share_take(c, 10, release_odd, 2) == 10, "the released ones did not come again");
        CHECK(share_take(c, 10, reject_all, 3) == 10, "the released ones did not come a third time");
        share_nothing(c, 1500);
        /* Every record needs its word. */
        seed_from(topic, 0, 20, 2, 10);
        batch = share_batch(c, ms(20000));
        NEED(rd_kafka_messages_count(batch) == 2, "%zu records", rd_kafka_messages_count(batch));
        m = rd_kafka_messages_get(batch, 0);
        CHECK_ERR(rd_kafka_share_acknowledge(c, m), 0);
        CHECK_ERR(rd_kafka_share_acknowledge_offset(c, topic, 0, m->offset, RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_REJECT), 0);
        CHECK_ERR(rd_kafka_share_acknowledge_offset(c, topic, 0, 99, RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT),
                  RD_KAFKA_RESP_ERR__STATE);
        CHECK_ERR(rd_kafka_share_acknowledge_offset(c, topic, 1, m->offset, RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT),
                  RD_KAFKA_RESP_ERR__STATE);
        CHECK_ERR(rd_kafka_share_acknowledge_offset(c, "no such", 0, 0, RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT),
                  RD_KAFKA_RESP_ERR__STATE);
        CHECK_ERR(rd_kafka_share_acknowledge_offset(c, topic, -1, 0, RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT),
                  RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_share_acknowledge_type(c, m, 4), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_share_acknowledge_type(c, m, 0), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_share_acknowledge(c, NULL), RD_KAFKA_RESP_ERR__INVALID_ARG);
        rd_kafka_messages_destroy(batch);
        CHECK_SHARE(rd_kafka_share_poll(c, 100, &batch), RD_KAFKA_RESP_ERR__STATE);
        CHECK(!batch, "a batch with an error");
        CHECK_ERR(rd_kafka_share_acknowledge_offset(c, topic, 0, 21, RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT), 0);
        share_nothing(c, 500);
        share_end(c);
}

static void commits_and_their_results(void) {
        const char *topic = fresh_topic("share", 1), *group = fresh("share-commits");
        struct told told = {0, 0, 0, 0, 0};
        rd_kafka_share_t *c;
        rd_kafka_topic_partition_list_t *results = NULL;
        int64_t end;
        NEED_SHARE_GROUPS();
        from_the_beginning(group);
        /* In batches of their own, since librdkafka takes whole ones. */
        seed(topic, 0, 10, 10);
        seed_from(topic, 0, 10, 10, 10);
        seed_from(topic, 0, 20, 10, 10);
        c = share(group, topic, "implicit", "10");
        NEED(c, "no share consumer");
        CHECK_SHARE(rd_kafka_share_set_acknowledgement_commit_cb(c, acknowledged, &told), 0);
        CHECK_SHARE(rd_kafka_share_commit_sync(c, 10000, &results), 0);
        CHECK(!results, "results of nothing");
        CHECK(share_take(c, 1, NULL, 1) > 0, "nothing came");
        CHECK_SHARE(rd_kafka_share_commit_sync(c, ms(30000), &results), 0);
        NEED(results, "no results");
        CHECK(results->cnt == 1 && !strcmp(results->elems[0].topic, topic) && results->elems[0].partition == 0, "%d results",
              results->cnt);
        CHECK_ERR(results->elems[0].err, 0);
        rd_kafka_topic_partition_list_destroy(results);
        CHECK_SHARE(rd_kafka_share_commit_sync(c, 10000, &results), 0);
        CHECK(!results, "results of nothing");
        share_take(c, 1, NULL, 1);
        CHECK_SHARE(rd_kafka_share_commit_async(c), 0);
        /* Results come with the next calls. */
        for (end = now_ms() + ms(30000); told.offsets < 30 && now_ms() < end;) {
                rd_kafka_messages_t *batch = NULL;
                CHECK_SHARE(rd_kafka_share_poll(c, 200, &batch), 0);
                rd_kafka_messages_destroy(batch);
        }
        CHECK(told.offsets == 30 && told.failed == 0, "%d offsets told, %d failures", told.offsets, told.failed);
        CHECK_ERR(told.inner, RD_KAFKA_RESP_ERR__STATE);
        CHECK_SHARE(rd_kafka_share_set_acknowledgement_commit_cb(c, NULL, NULL), 0);
        share_end(c);
}

/* What was acknowledged is sent by closing, and told; what was not is another member's at once. */
static void closing(void) {
        const char *topic = fresh_topic("share", 1), *group = fresh("share-close");
        struct told told = {0, 0, 0, 0, 0};
        rd_kafka_share_t *c;
        rd_kafka_messages_t *batch;
        size_t i, cnt;
        NEED_SHARE_GROUPS();
        from_the_beginning(group);
        seed(topic, 0, 10, 10);
        c = share(group, topic, "explicit", "500");
        NEED(c, "no share consumer");
        CHECK_SHARE(rd_kafka_share_set_acknowledgement_commit_cb(c, acknowledged, &told), 0);
        batch = share_batch(c, ms(60000));
        cnt   = rd_kafka_messages_count(batch);
        NEED(cnt == 10, "%zu records", cnt);
        for (i = 0; i < 4; i++)
                CHECK_ERR(rd_kafka_share_acknowledge(c, rd_kafka_messages_get(batch, i)), 0);
        rd_kafka_messages_destroy(batch);
        CHECK_SHARE(rd_kafka_share_consumer_close(c), 0);
        CHECK(told.calls == 1 && told.offsets == 4, "%d calls, %d offsets", told.calls, told.offsets);
        CHECK_ERR(told.err, 0);
        CHECK_SHARE(rd_kafka_share_destroy(c), 0);
        c = share(group, topic, "explicit", "500");
        CHECK(share_take(c, 6, share_accept, 2) == 6, "what was not acknowledged did not come again");
        share_nothing(c, 1000);
        share_end(c);
}

/* What closing sends is told to who polls the queue, as an event that a callback takes. */
static void closing_into_a_queue_tells(void) {
        const char *topic = fresh_topic("share", 1), *group = fresh("share-close-queue-tells");
        rd_kafka_messages_t *batch;
        rd_kafka_queue_t *q;
        rd_kafka_share_t *c;
        struct told told = {0};
        int64_t end      = now_ms() + ms(60000);
        NEED_SHARE_GROUPS();
        from_the_beginning(group);
        seed(topic, 0, 10, 10);
        c = share(group, topic, "explicit", "500");
        NEED(c, "no share consumer");
        CHECK_SHARE(rd_kafka_share_set_acknowledgement_commit_cb(c, acknowledged, &told), 0);
        batch = share_batch(c, ms(60000));
        NEED(rd_kafka_messages_count(batch) > 0, "no records");
        CHECK_ERR(rd_kafka_share_acknowledge(c, rd_kafka_messages_get(batch, 0)), 0);
        rd_kafka_messages_destroy(batch);
        /* A share consumer begins with its client instance. */
        q = rd_kafka_queue_new(*(rd_kafka_t **)c);
        CHECK_SHARE(rd_kafka_share_consumer_close_queue(c, q), 0);
        while (!rd_kafka_share_consumer_closed(c) && now_ms() < end) {
                rd_kafka_event_t *event = rd_kafka_queue_poll(q, 100);
                CHECK(!event || rd_kafka_event_type(event) != RD_KAFKA_EVENT_NONE, "an event of no type");
                if (event)
                        rd_kafka_event_destroy(event);
        }
        CHECK(rd_kafka_share_consumer_closed(c), "it does not close");
        CHECK(told.calls == 1 && told.offsets == 1, "%d calls, %d offsets", told.calls, told.offsets);
        rd_kafka_queue_destroy(q);
        CHECK_SHARE(rd_kafka_share_destroy(c), 0);
}

static void closing_into_a_queue(void) {
        const char *topic = fresh_topic("share", 1), *group = fresh("share-close-queue");
        rd_kafka_t *other         = producer("bootstrap.servers", bootstrap(), NULL);
        rd_kafka_queue_t *q       = rd_kafka_queue_new(other);
        rd_kafka_share_t *c       = share(group, topic, "implicit", "500");
        rd_kafka_messages_t *batch = NULL;
        int64_t end                = now_ms() + ms(60000);
        NEED_SHARE_GROUPS();
        NEED(c, "no share consumer");
        CHECK_SHARE(rd_kafka_share_poll(c, 1000, &batch), 0);
        rd_kafka_messages_destroy(batch);
        CHECK_SHARE(rd_kafka_share_consumer_close_queue(c, NULL), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_SHARE(rd_kafka_share_consumer_close_queue(c, q), 0);
        CHECK_SHARE(rd_kafka_share_poll(c, 100, &batch), RD_KAFKA_RESP_ERR__STATE);
        CHECK_SHARE(rd_kafka_share_consumer_close(c), RD_KAFKA_RESP_ERR__STATE);
        while (!rd_kafka_share_consumer_closed(c) && now_ms() < end) {
                rd_kafka_event_t *event = rd_kafka_queue_poll(q, 100);
                if (event)
                        rd_kafka_event_destroy(event);
        }
        CHECK(rd_kafka_share_consumer_closed(c), "it does not close");
        CHECK_SHARE(rd_kafka_share_destroy(c), 0);
        rd_kafka_queue_destroy(q);
        rd_kafka_destroy(other);
}

/* Two members share a partition, and each record is one's. */
static void two_members(void) {
        const char *topic = fresh_topic("share", 1), *group = fresh("share-two");
        char seen[400]    = {0};
        rd_kafka_share_t *both[2];
        int counts[2] = {0, 0}, i = 0, total = 0;
        int64_t end;
        NEED_SHARE_GROUPS();
        from_the_beginning(group);
        both[0] = share(group, topic, "implicit", "10");
        both[1] = share(group, topic, "implicit", "10");
        NEED(both[0] && both[1], "no share consumers");
        seed(topic, 0, 400, 10);
        for (end = now_ms() + ms(90000); total < 400 && now_ms() < end; i = !i) {
                rd_kafka_messages_t *batch = NULL;
                size_t n;
                CHECK_SHARE(rd_kafka_share_poll(both[i], 100, &batch), 0);
                for (n = 0; n < rd_kafka_messages_count(batch); n++) {
                        int64_t offset = rd_kafka_messages_get(batch, n)->offset;
                        CHECK(offset >= 0 && offset < 400 && !seen[offset], "offset %" PRId64 " again", offset);
                        seen[offset] = 1;
                        counts[i]++;
                        total++;
                }
                rd_kafka_messages_destroy(batch);
        }
        CHECK(total == 400, "%d records", total);
        printf("  %d and %d\n", counts[0], counts[1]);
        share_end(both[0]);
        share_end(both[1]);
}

static void many_partitions(void) {
        const char *topic = fresh_topic("share", 6), *group = fresh("share-partitions");
        rd_kafka_share_t *c;
        int32_t p;
        NEED_SHARE_GROUPS();
        from_the_beginning(group);
        for (p = 0; p < 6; p++)
                seed(topic, p, 50, 10);
        c = share(group, topic, "explicit", "100");
        NEED(c, "no share consumer");
        CHECK(share_take(c, 300, share_accept, 1) == 300, "not all came");
        share_nothing(c, 1000);
        share_end(c);
}

static void unsubscribing(void) {
        const char *topic = fresh_topic("share", 1), *group = fresh("share-unsubscribe");
        rd_kafka_topic_partition_list_t *topics = NULL;
        rd_kafka_messages_t *batch              = NULL;
        rd_kafka_share_t *c;
        NEED_SHARE_GROUPS();
        from_the_beginning(group);
        seed(topic, 0, 5, 10);
        c = share(group, topic, "implicit", "500");
        NEED(c, "no share consumer");
        CHECK_ERR(rd_kafka_share_subscription(c, &topics), 0);
        CHECK(topics && topics->cnt == 1 && !strcmp(topics->elems[0].topic, topic), "the subscription");
        rd_kafka_topic_partition_list_destroy(topics);
        CHECK(share_take(c, 5, NULL, 1) == 5, "not all came");
        CHECK_ERR(rd_kafka_share_unsubscribe(c), 0);
        CHECK_SHARE(rd_kafka_share_poll(c, 100, &batch), RD_KAFKA_RESP_ERR__STATE);
        CHECK_ERR(rd_kafka_share_subscription(c, &topics), 0);
        CHECK(topics && topics->cnt == 0, "still subscribed");
        rd_kafka_topic_partition_list_destroy(topics);
        share_subscribe(c, topic);
        seed_from(topic, 0, 5, 5, 10);
        CHECK(share_take(c, 5, NULL, 0) == 5, "nothing after subscribing again");
        share_end(c);
}

/* Ended without closing: the records are others' once the connection is gone. */
static void destroyed(void) {
        const char *topic = fresh_topic("share", 1), *group = fresh("share-destroy");
        rd_kafka_share_t *c;
        NEED_SHARE_GROUPS();
        from_the_beginning(group);
        seed(topic, 0, 5, 10);
        c = share(group, topic, "explicit", "500");
        NEED(c, "no share consumer");
        CHECK(share_take(c, 5, share_accept, 1) == 5, "not all came");
        CHECK_SHARE(rd_kafka_share_destroy_flags(c, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE), 0);
        c = share(group, topic, "explicit", "500");
        CHECK(share_take(c, 5, share_accept, 2) == 5, "they did not come again");
        /* Closes, which sends what was acknowledged. */
        CHECK_SHARE(rd_kafka_share_destroy(c), 0);
        c = share(group, topic, "explicit", "500");
        share_nothing(c, 3000);
        share_end(c);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(implicit);
        RUN(no_more_than_max_poll_records);
        RUN(explicit_with_release_and_reject);
        RUN(commits_and_their_results);
        RUN(closing);
        RUN(closing_into_a_queue);
        RUN(closing_into_a_queue_tells);
        RUN(two_members);
        RUN(many_partitions);
        RUN(unsubscribing);
        RUN(destroyed);
        return T_END();
}
