/* What look-ups and the subscription say and leave: no topic is created, elements say how far they came, what was given comes back. */
#include "consume.h"

static int exists(rd_kafka_t *rk, const char *topic) {
        const rd_kafka_metadata_t *md;
        int i, found = 0;
        CHECK_ERR(rd_kafka_metadata(rk, 1, NULL, &md, ms(10000)), 0);
        for (i = 0; i < md->topic_cnt; i++)
                found += !strcmp(md->topics[i].topic, topic) && md->topics[i].err == 0;
        rd_kafka_metadata_destroy(md);
        return found;
}

/* Of either kind of client, whatever it may create otherwise. */
static void creates_nothing(rd_kafka_type_t type, const char *allow) {
        rd_kafka_t *rk    = client(type, conf_of("bootstrap.servers", bootstrap(), "allow.auto.create.topics", allow, NULL));
        const char *topic = fresh("marks");
        rd_kafka_topic_partition_list_t *l;
        int64_t low = -7, high = -7;
        CHECK_ERR(rd_kafka_query_watermark_offsets(rk, topic, 0, &low, &high, ms(10000)), RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        CHECK(low == -7 && high == -7, "%" PRId64 " %" PRId64, low, high);
        CHECK(!exists(rk, topic), "%s was created", topic);
        topic = fresh("times");
        l     = one(topic, 0, 5);
        CHECK_ERR(rd_kafka_offsets_for_times(rk, l, ms(10000)), RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        CHECK_ERR(l->elems[0].err, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        CHECK(l->elems[0].offset == 5, "%" PRId64, l->elems[0].offset);
        CHECK(!exists(rk, topic), "%s was created", topic);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

static void producer_creates_nothing(void) {
        creates_nothing(RD_KAFKA_PRODUCER, "true");
}

static void consumer_creates_nothing(void) {
        creates_nothing(RD_KAFKA_CONSUMER, "true");
        creates_nothing(RD_KAFKA_CONSUMER, "false");
}

/* Asking for metadata does: that is what the property is for. */
static void metadata_creates(void) {
        const char *topic     = fresh("created");
        rd_kafka_t *rk        = producer(NULL, NULL);
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, topic, NULL);
        int64_t end           = now_ms() + ms(10000);
        const rd_kafka_metadata_t *md;
        CHECK_ERR(rd_kafka_metadata(rk, 0, rkt, &md, ms(10000)), 0);
        rd_kafka_metadata_destroy(md);
        while (!exists(rk, topic) && now_ms() < end)
                usleep(20000);
        CHECK(exists(rk, topic), "not created");
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 5000);
}

/* ---- what elements say when the time was too short ---- */

static void no_leader_in_time(void) {
        rd_kafka_t *rk                     = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", "127.0.0.1:1", "group.id", "g", NULL));
        rd_kafka_topic_partition_list_t *l = one("t", 0, 5);
        l->elems[0].err                    = RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT;
        CHECK_ERR(rd_kafka_offsets_for_times(rk, l, 300), RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN);
        CHECK_ERR(l->elems[0].err, RD_KAFKA_RESP_ERR__IN_PROGRESS);
        CHECK(l->elems[0].offset == 5, "%" PRId64, l->elems[0].offset);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

static void no_answer_in_time(void) {
        const char *topic                  = fresh_topic("late", 2);
        rd_kafka_t *rk                     = consumer("group.id", "g", NULL);
        rd_kafka_topic_partition_list_t *l = one(topic, 0, 5);
        CHECK(exists(rk, topic), "no topic");
        rd_kafka_topic_partition_list_add(l, topic, 1)->offset = 3;
        CHECK_ERR(rd_kafka_offsets_for_times(rk, l, ms(10000)), 0);
        l->elems[0].err = RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT;
        l->elems[0].offset = 5;
        CHECK_ERR(rd_kafka_offsets_for_times(rk, l, 0), RD_KAFKA_RESP_ERR__TIMED_OUT);
        CHECK_ERR(l->elems[0].err, 0);
        CHECK(l->elems[0].offset == 5, "%" PRId64, l->elems[0].offset);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

static void answers_in_time(void) {
        const char *topic                  = fresh_topic("ontime", 2);
        rd_kafka_t *rk                     = consumer("group.id", "g", NULL);
        rd_kafka_topic_partition_list_t *l = one(topic, 0, 5);
        rd_kafka_topic_partition_list_add(l, topic, 9)->offset = 3;
        l->elems[0].err                                        = RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT;
        CHECK_ERR(rd_kafka_offsets_for_times(rk, l, ms(10000)), 0);
        CHECK_ERR(l->elems[0].err, 0);
        CHECK(l->elems[0].offset == RD_KAFKA_OFFSET_END, "%" PRId64, l->elems[0].offset);
        CHECK_ERR(l->elems[1].err, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        CHECK(l->elems[1].offset == 3, "%" PRId64, l->elems[1].offset);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

/* ---- the subscription ---- */

/* Nothing of the elements is lost; the list is sorted by name. */
static void subscription_comes_back(void) {
        rd_kafka_t *rk                     = client(RD_KAFKA_CONSUMER, conf_of("group.id", "g", NULL));
        rd_kafka_topic_partition_list_t *l = one("zz", 3, 17), *got = NULL;
        rd_kafka_topic_partition_list_add(l, "^aa.*", RD_KAFKA_PARTITION_UA)->offset = 9;
        rd_kafka_topic_partition_list_add(l, "bb", RD_KAFKA_PARTITION_UA);
        l->elems[0].opaque        = l;
        l->elems[0].metadata      = strdup("mm");
        l->elems[0].metadata_size = 2;
        rd_kafka_topic_partition_set_leader_epoch(&l->elems[0], 4);
        CHECK_ERR(rd_kafka_subscribe(rk, l), 0);
        CHECK_ERR(rd_kafka_subscription(rk, &got), 0);
        NEED(got && got->cnt == 3, "%d topics", got ? got->cnt : -1);
        CHECK(!strcmp(got->elems[0].topic, "^aa.*") && got->elems[0].partition == -1 && got->elems[0].offset == 9, "%s [%d]@%" PRId64,
              got->elems[0].topic, got->elems[0].partition, got->elems[0].offset);
        CHECK(!strcmp(got->elems[1].topic, "bb") && got->elems[1].offset == RD_KAFKA_OFFSET_INVALID, "%s", got->elems[1].topic);
        CHECK(!strcmp(got->elems[2].topic, "zz") && got->elems[2].partition == 3 && got->elems[2].offset == 17, "%s [%d]@%" PRId64,
              got->elems[2].topic, got->elems[2].partition, got->elems[2].offset);
        CHECK(got->elems[2].opaque == l && got->elems[2].metadata_size == 2 && !memcmp(got->elems[2].metadata, "mm", 2), "the rest");
        CHECK(rd_kafka_topic_partition_get_leader_epoch(&got->elems[2]) == 4, "leader epoch");
        rd_kafka_topic_partition_list_destroy(got);
        CHECK_ERR(rd_kafka_unsubscribe(rk), 0);
        CHECK_ERR(rd_kafka_subscription(rk, &got), 0);
        CHECK(got->cnt == 0, "%d topics", got->cnt);
        rd_kafka_topic_partition_list_destroy(got);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

/* The list is the application's, and a refused one changes nothing. */
static void subscription_is_a_copy(void) {
        rd_kafka_t *rk                     = client(RD_KAFKA_CONSUMER, conf_of("group.id", "g", NULL));
        rd_kafka_topic_partition_list_t *l = one("aa", 1, 2), *got = NULL;
        CHECK_ERR(rd_kafka_subscribe(rk, l), 0);
        CHECK_ERR(rd_kafka_subscription(rk, &got), 0);
        got->elems[0].partition = 7;
        rd_kafka_topic_partition_list_destroy(got);
        rd_kafka_topic_partition_list_add(l, "aa", 2);
        CHECK_ERR(rd_kafka_subscribe(rk, l), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_subscription(rk, &got), 0);
        CHECK(got->cnt == 1 && got->elems[0].partition == 1 && got->elems[0].offset == 2, "%d topics", got->cnt);
        rd_kafka_topic_partition_list_destroy(got);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

/* ---- closing twice ---- */

static void close_queue_twice(void) {
        rd_kafka_t *rk      = consumer("group.id", fresh("group"), NULL);
        rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
        int64_t end         = now_ms() + ms(20000);
        rd_kafka_error_t *error;
        CHECK(!rd_kafka_consumer_close_queue(rk, q), "close");
        /* Closing goes on: the second call has nothing against it. */
        error = rd_kafka_consumer_close_queue(rk, q);
        CHECK(!error || rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__DESTROY, "%s", rd_kafka_error_string(error));
        if (error)
                rd_kafka_error_destroy(error);
        while (!rd_kafka_consumer_closed(rk) && now_ms() < end) {
                rd_kafka_event_t *ev = rd_kafka_queue_poll(q, 50);
                if (ev)
                        rd_kafka_event_destroy(ev);
        }
        CHECK(rd_kafka_consumer_closed(rk) == 1, "not closed");
        error = rd_kafka_consumer_close_queue(rk, q);
        CHECK(error != NULL, "no error");
        if (error) {
                CHECK_ERR(rd_kafka_error_code(error), RD_KAFKA_RESP_ERR__DESTROY);
                rd_kafka_error_destroy(error);
        }
        CHECK_ERR(rd_kafka_consumer_close(rk), RD_KAFKA_RESP_ERR__DESTROY);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 5000);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(producer_creates_nothing);
        RUN(consumer_creates_nothing);
        RUN(metadata_creates);
        RUN(no_leader_in_time);
        RUN(no_answer_in_time);
        RUN(answers_in_time);
        RUN(subscription_comes_back);
        RUN(subscription_is_a_copy);
        RUN(close_queue_twice);
        return T_END();
}
