/* Calls of share consumers in every state, with arguments that are none, from two threads; properties that they refuse. */
#include "share.h"

static void acknowledged(rd_kafka_share_t *rkshare, rd_kafka_share_partition_offsets_list_t *partitions,
                         rd_kafka_resp_err_t err, void *opaque) {
        (void)rkshare, (void)partitions, (void)err, (void)opaque;
}

static rd_kafka_share_t *lonely(const char *mode) {
        return share_of(conf_of("bootstrap.servers", "127.0.0.1:1", "group.id", "g", "share.acknowledgement.mode", mode, NULL));
}

/* librdkafka goes down with some of these. */
static void without_a_share_consumer(void) {
        const rd_kafka_resp_err_t state         = RD_KAFKA_RESP_ERR__STATE, invalid = RD_KAFKA_RESP_ERR__INVALID_ARG;
        rd_kafka_topic_partition_list_t *filled = rd_kafka_topic_partition_list_new(1), *list;
        rd_kafka_messages_t *messages           = (rd_kafka_messages_t *)&list;
        char errstr[128];

        memset(errstr, 'x', sizeof(errstr));
        CHECK(!rd_kafka_share_consumer_new(NULL, errstr, sizeof(errstr)), "a share consumer");
        CHECK(memchr(errstr, 0, sizeof(errstr)) && strstr(errstr, "share"), "%.*s", (int)sizeof(errstr), errstr);
        CHECK(!rd_kafka_share_consumer_new(NULL, NULL, 0), "without a buffer");
        CHECK_SHARE(rd_kafka_share_set_acknowledgement_commit_cb(NULL, acknowledged, NULL), state);
        CHECK_ERR(rd_kafka_share_subscribe(NULL, filled), state);
        CHECK_ERR(rd_kafka_share_unsubscribe(NULL), state);
        list = NULL;
        CHECK_ERR(rd_kafka_share_subscription(NULL, &list), state);
        CHECK(!list, "a subscription");
        CHECK_SHARE(rd_kafka_share_poll(NULL, 60000, &messages), state);
        CHECK(!messages, "messages");
        CHECK_ERR(rd_kafka_share_acknowledge(NULL, NULL), state);
        CHECK_ERR(rd_kafka_share_acknowledge_type(NULL, NULL, RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT), state);
        CHECK_ERR(rd_kafka_share_acknowledge_offset(NULL, "t", 0, 1, RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT), state);
        CHECK_SHARE(rd_kafka_share_commit_async(NULL), state);
        list = filled;
        CHECK_SHARE(rd_kafka_share_commit_sync(NULL, 60000, &list), state);
        CHECK(!list, "partitions");
        CHECK_SHARE(rd_kafka_share_consumer_close(NULL), state);
        CHECK_SHARE(rd_kafka_share_consumer_close_queue(NULL, NULL), state);
        CHECK(rd_kafka_share_consumer_closed(NULL) != 0, "a loop until it is closed would not end");
        CHECK_SHARE(rd_kafka_share_set_log_queue(NULL, NULL), invalid);
        CHECK_SHARE(rd_kafka_share_sasl_background_callbacks_enable(NULL), RD_KAFKA_RESP_ERR__NOT_CONFIGURED);
        CHECK_SHARE(rd_kafka_share_sasl_set_credentials(NULL, NULL, "p"), invalid);
        CHECK(!rd_kafka_share_queue_get_sasl(NULL), "a queue");
        errstr[0] = '\0';
        CHECK_ERR(rd_kafka_share_oauthbearer_set_token(NULL, "t", 0, "p", NULL, 0, errstr, sizeof(errstr)), invalid);
        CHECK(*errstr, "no text");
        CHECK_ERR(rd_kafka_share_oauthbearer_set_token_failure(NULL, "because"), invalid);
        CHECK_SHARE(rd_kafka_share_destroy(NULL), state);
        CHECK_SHARE(rd_kafka_share_destroy_flags(NULL, 0), state);

        CHECK(rd_kafka_messages_count(NULL) == 0, "messages");
        CHECK(!rd_kafka_messages_get(NULL, 0), "message");
        rd_kafka_messages_destroy(NULL);
        CHECK(rd_kafka_share_partition_offsets_list_count(NULL) == 0, "partitions");
        CHECK(!rd_kafka_share_partition_offsets_list_get(NULL, 0), "partition");
        rd_kafka_share_partition_offsets_list_destroy(NULL);
        CHECK(!rd_kafka_share_partition_offsets_partition(NULL), "partition");
        CHECK(!rd_kafka_share_partition_offsets_offsets(NULL), "offsets");
        CHECK(rd_kafka_share_partition_offsets_offsets_cnt(NULL) == 0, "offsets");
        CHECK(rd_kafka_message_delivery_count(NULL) == 0, "a delivery count");
        rd_kafka_topic_partition_list_destroy(filled);
}

/* The handle of a client instance is none of a share consumer. */
static void another_handle(void) {
        rd_kafka_t *rk       = consumer("group.id", "g", NULL);
        rd_kafka_share_t *as = (rd_kafka_share_t *)rk;
        rd_kafka_messages_t *messages;
        CHECK_SHARE(rd_kafka_share_poll(as, 0, &messages), RD_KAFKA_RESP_ERR__STATE);
        CHECK_SHARE(rd_kafka_share_destroy(as), RD_KAFKA_RESP_ERR__STATE);
        rd_kafka_destroy(rk);
}

/* What was written against librdkafka's struct finds the client instance at its begin. */
static void the_instance_comes_first(void) {
        rd_kafka_share_t *c = lonely("implicit");
        rd_kafka_topic_partition_list_t *got;
        rd_kafka_t *rk;
        NEED(c, "no share consumer");
        rk = *(rd_kafka_t **)c;
        CHECK_HAS(rd_kafka_name(rk), "#consumer-");
        CHECK_ERR(rd_kafka_assignment(rk, &got), 0);
        CHECK(got->cnt == 0, "%d partitions", got->cnt);
        rd_kafka_topic_partition_list_destroy(got);
        CHECK_SHARE(rd_kafka_share_destroy(c), 0);
}

static void places_that_are_none(void) {
        rd_kafka_share_t *c = lonely("implicit");
        NEED(c, "no share consumer");
        CHECK_ERR(rd_kafka_share_subscribe(c, NULL), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_share_subscription(c, NULL), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_SHARE(rd_kafka_share_poll(c, 0, NULL), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_SHARE(rd_kafka_share_commit_sync(c, 0, NULL), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_SHARE(rd_kafka_share_consumer_close_queue(c, NULL), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_SHARE(rd_kafka_share_destroy(c), 0);
}

static void subscriptions(void) {
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(2), *got = NULL;
        rd_kafka_messages_t *batch              = NULL;
        rd_kafka_share_t *c                     = lonely("implicit");
        NEED(c, "no share consumer");
        CHECK_SHARE(rd_kafka_share_poll(c, 0, &batch), RD_KAFKA_RESP_ERR__STATE);
        CHECK_ERR(rd_kafka_share_subscribe(c, topics), 0);
        rd_kafka_topic_partition_list_add(topics, "b", 3);
        rd_kafka_topic_partition_list_add(topics, "b", 4);
        CHECK_ERR(rd_kafka_share_subscribe(c, topics), RD_KAFKA_RESP_ERR__INVALID_ARG);
        rd_kafka_topic_partition_list_del_by_idx(topics, 1);
        rd_kafka_topic_partition_list_add(topics, "", 0);
        CHECK_ERR(rd_kafka_share_subscribe(c, topics), RD_KAFKA_RESP_ERR__INVALID_ARG);
        rd_kafka_topic_partition_list_del_by_idx(topics, 1);
        /* A name like any other. */
        rd_kafka_topic_partition_list_add(topics, "^a(", RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_share_subscribe(c, topics), 0);
        CHECK_ERR(rd_kafka_share_subscription(c, &got), 0);
        NEED(got && got->cnt == 2, "the subscription");
        CHECK(!strcmp(got->elems[0].topic, "^a(") && !strcmp(got->elems[1].topic, "b"), "%s, %s", got->elems[0].topic,
              got->elems[1].topic);
        rd_kafka_topic_partition_list_destroy(got);
        CHECK_SHARE(rd_kafka_share_poll(c, 100, &batch), 0);
        CHECK(!batch, "a batch of nowhere");
        CHECK_ERR(rd_kafka_share_unsubscribe(c), 0);
        CHECK_ERR(rd_kafka_share_unsubscribe(c), 0);
        rd_kafka_topic_partition_list_destroy(topics);
        CHECK_SHARE(rd_kafka_share_destroy(c), 0);
}

static void acknowledging_what_is_not_there(void) {
        rd_kafka_topic_partition_list_t *results = NULL;
        rd_kafka_share_t *c                      = lonely("implicit");
        NEED(c, "no share consumer");
        CHECK_ERR(rd_kafka_share_acknowledge_offset(c, "t", 0, 1, RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT), RD_KAFKA_RESP_ERR__STATE);
        CHECK_ERR(rd_kafka_share_acknowledge_offset(c, NULL, 0, 1, RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT),
                  RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_SHARE(rd_kafka_share_commit_async(c), 0);
        CHECK_SHARE(rd_kafka_share_commit_sync(c, 1000, &results), 0);
        CHECK(!results, "results");
        CHECK_SHARE(rd_kafka_share_destroy(c), 0);
        c = lonely("explicit");
        NEED(c, "no share consumer");
        CHECK_ERR(rd_kafka_share_acknowledge_offset(c, "t", 0, 1, RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT), RD_KAFKA_RESP_ERR__STATE);
        CHECK_ERR(rd_kafka_share_acknowledge_offset(c, "t", 0, 1, 4), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_share_acknowledge_offset(c, "t", 0, -1, RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT),
                  RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_SHARE(rd_kafka_share_destroy(c), 0);
}

/* Nothing but its destruction is left. */
static void closed(void) {
        const rd_kafka_resp_err_t state         = RD_KAFKA_RESP_ERR__STATE;
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1), *got = NULL;
        rd_kafka_messages_t *batch              = NULL;
        rd_kafka_share_t *c                     = lonely("explicit");
        NEED(c, "no share consumer");
        rd_kafka_topic_partition_list_add(topics, "t", 0);
        CHECK(!rd_kafka_share_consumer_closed(c), "closed already");
        CHECK_ERR(rd_kafka_share_subscribe(c, topics), 0);
        CHECK_SHARE(rd_kafka_share_consumer_close(c), 0);
        CHECK(rd_kafka_share_consumer_closed(c), "not closed");
        CHECK_SHARE(rd_kafka_share_consumer_close(c), state);
        CHECK_SHARE(rd_kafka_share_poll(c, 1000, &batch), state);
        CHECK_SHARE(rd_kafka_share_commit_async(c), state);
        CHECK_SHARE(rd_kafka_share_commit_sync(c, 1000, &got), state);
        CHECK_ERR(rd_kafka_share_subscribe(c, topics), state);
        CHECK_ERR(rd_kafka_share_unsubscribe(c), state);
        CHECK_ERR(rd_kafka_share_subscription(c, &got), state);
        CHECK(!got, "a subscription");
        CHECK_SHARE(rd_kafka_share_set_acknowledgement_commit_cb(c, acknowledged, NULL), state);
        CHECK_ERR(rd_kafka_share_acknowledge_offset(c, "t", 0, 0, RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT), state);
        CHECK_SHARE(rd_kafka_share_destroy(c), 0);
        rd_kafka_topic_partition_list_destroy(topics);
}

static void *poll_long(void *c) {
        rd_kafka_messages_t *batch = NULL;
        CHECK_SHARE(rd_kafka_share_poll(c, 1500, &batch), 0);
        return NULL;
}

static void two_threads(void) {
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1), *got = NULL;
        rd_kafka_share_t *c                     = lonely("implicit");
        rd_kafka_messages_t *batch              = NULL;
        pthread_t thread;
        NEED(c, "no share consumer");
        rd_kafka_topic_partition_list_add(topics, "t", 0);
        CHECK_ERR(rd_kafka_share_subscribe(c, topics), 0);
        pthread_create(&thread, NULL, poll_long, c);
        usleep(500000);
        CHECK_SHARE(rd_kafka_share_poll(c, 0, &batch), RD_KAFKA_RESP_ERR__CONFLICT);
        CHECK_ERR(rd_kafka_share_subscription(c, &got), RD_KAFKA_RESP_ERR__CONFLICT);
        CHECK_SHARE(rd_kafka_share_destroy(c), RD_KAFKA_RESP_ERR__CONFLICT);
        pthread_join(thread, NULL);
        CHECK_SHARE(rd_kafka_share_poll(c, 0, &batch), 0);
        CHECK_SHARE(rd_kafka_share_destroy(c), 0);
        rd_kafka_topic_partition_list_destroy(topics);
}

struct destroyer {
        rd_kafka_share_t *c;
        rd_kafka_resp_err_t err;
        int calls;
};

static int destroys(rd_kafka_t *rk, char *json, size_t size, void *opaque) {
        struct destroyer *d = opaque;
        rd_kafka_error_t *error;
        (void)rk, (void)json, (void)size;
        if (d->c && !d->calls++) {
                error  = rd_kafka_share_destroy(d->c);
                d->err = rd_kafka_error_code(error);
                rd_kafka_error_destroy(error);
        }
        return 0;
}

/* A callback of a poll would take away what the poll stands on. librdkafka lets it, and goes on in freed memory. */
static void destroyed_by_a_callback(void) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", "127.0.0.1:1", "group.id", "g", "statistics.interval.ms", "100", NULL);
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
        struct destroyer d                      = {NULL, RD_KAFKA_RESP_ERR_NO_ERROR, 0};
        int64_t until                           = now_ms() + ms(20000);
        rd_kafka_messages_t *messages;

        rd_kafka_conf_set_stats_cb(conf, destroys);
        rd_kafka_conf_set_opaque(conf, &d);
        d.c = share_of(conf);
        rd_kafka_topic_partition_list_add(topics, "t", -1);
        CHECK_ERR(rd_kafka_share_subscribe(d.c, topics), 0);
        while (!d.calls && now_ms() < until) {
                rd_kafka_error_destroy(rd_kafka_share_poll(d.c, 100, &messages));
                rd_kafka_messages_destroy(messages);
        }
        CHECK(d.calls > 0, "no statistics");
        CHECK_ERR(d.err, RD_KAFKA_RESP_ERR__STATE);
        CHECK_SHARE(rd_kafka_share_destroy(d.c), 0);
        rd_kafka_topic_partition_list_destroy(topics);
}

static void properties(void) {
        static const char *refused[][2] = {{"enable.auto.commit", "true"}, {"group.protocol", "consumer"},
                                           {"isolation.level", "read_committed"}, {"group.instance.id", "i"},
                                           {"auto.offset.reset", "earliest"}, {"session.timeout.ms", "10000"},
                                           {"queued.min.messages", "10"}, {"enable.partition.eof", "true"}};
        size_t i;
        for (i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
                rd_kafka_conf_t *conf = conf_of("group.id", "g", refused[i][0], refused[i][1], NULL);
                char errstr[256]      = "";
                CHECK(!rd_kafka_share_consumer_new(conf, errstr, sizeof(errstr)), "%s was taken", refused[i][0]);
                CHECK_HAS(errstr, refused[i][0]);
                /* The configuration is still the application's. */
                rd_kafka_conf_destroy(conf);
        }
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN_HERE(without_a_share_consumer);
        RUN_HERE(another_handle);
        RUN(the_instance_comes_first);
        RUN_HERE(places_that_are_none);
        RUN(subscriptions);
        RUN(acknowledging_what_is_not_there);
        RUN(closed);
        RUN(two_threads);
        RUN_HERE(destroyed_by_a_callback);
        RUN(properties);
        return T_END();
}
