/*
 * A unit test of an application that uses Kafka, without a Kafka: publish() of partial_publish.c against the mock cluster that is a
 * part of the library, which does at once what a real cluster does only now and then.
 *
 *     cc -O2 -Wall -o unit_test unit_test.c -lrdkafka
 *     ./unit_test
 *
 * It prints a line for each test, and ends with 0 if all of them have passed.
 */
#define main application_main
#include "partial_publish.c"
#undef main

#include <librdkafka/rdkafka_mock.h>

#define PRODUCE_API 0 /* The number of the Produce request in Kafka's protocol. */
#define TOPIC       "orders"
#define COUNT(list) ((int)(sizeof(list) / sizeof(*(list))))

struct world {
        rd_kafka_t *owner; /* Its mock cluster ends with it. */
        rd_kafka_mock_cluster_t *cluster;
        rd_kafka_t *publisher; /* What the application has. */
};

static struct world open_world(void) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        struct world w;
        char text[512];
        rd_kafka_conf_set(conf, "test.mock.num.brokers", "3", text, sizeof(text));
        w.owner = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
        if (!w.owner || !(w.cluster = rd_kafka_handle_mock_cluster(w.owner)) || rd_kafka_mock_topic_create(w.cluster, TOPIC, 1, 3) ||
            !(w.publisher = open_publisher(rd_kafka_mock_cluster_bootstraps(w.cluster)))) {
                fprintf(stderr, "no mock cluster\n");
                exit(1);
        }
        return w;
}

static void close_world(struct world *w) {
        rd_kafka_destroy(w->publisher);
        rd_kafka_destroy(w->owner);
}

/* How many messages the topic has: what the application believes is one thing, what has arrived another. */
static int arrived(struct world *w) {
        int64_t low = 0, high = 0;
        rd_kafka_resp_err_t err = rd_kafka_query_watermark_offsets(w->publisher, TOPIC, 0, &low, &high, 10000);
        return err ? -1 : (int)(high - low);
}

static int all_arrive(struct world *w) {
        struct item items[] = {{.value = "tea"}, {.value = "ink"}, {.key = "k", .value = "yarn"}};
        return publish(w->publisher, TOPIC, items, COUNT(items)) == 0 && arrived(w) == 3;
}

/* The library sends them again; the application sees nothing of it. */
static int a_broker_that_refuses_for_a_while(struct world *w) {
        struct item items[] = {{.value = "tea"}, {.value = "ink"}};
        rd_kafka_mock_push_request_errors(w->cluster, PRODUCE_API, 2, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                                          RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
        return publish(w->publisher, TOPIC, items, COUNT(items)) == 0 && arrived(w) == 2;
}

/* The connection ends in the place of an answer: the messages are sent again, and are there once. */
static int a_connection_that_ends(struct world *w) {
        struct item items[] = {{.value = "tea"}, {.value = "ink"}};
        rd_kafka_mock_push_request_errors(w->cluster, PRODUCE_API, 1, RD_KAFKA_RESP_ERR__TRANSPORT);
        return publish(w->publisher, TOPIC, items, COUNT(items)) == 0 && arrived(w) == 2;
}

static int a_part_that_is_too_large(struct world *w) {
        static char large[2000001];
        struct item items[] = {{.value = "tea"}, {.value = large}, {.value = "ink"}};
        memset(large, 'x', sizeof(large) - 1);
        return publish(w->publisher, TOPIC, items, COUNT(items)) == 1 && !items[0].err &&
               items[1].err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE && *items[1].why && !items[2].err && arrived(w) == 2;
}

static int a_broker_that_refuses_for_good(struct world *w) {
        struct item items[] = {{.value = "tea"}, {.value = "ink"}};
        rd_kafka_mock_push_request_errors(w->cluster, PRODUCE_API, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
        return publish(w->publisher, TOPIC, items, COUNT(items)) == 2 && items[0].err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED &&
               items[1].err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED && arrived(w) == 0;
}

int main(void) {
        static const struct {
                const char *name;
                int (*run)(struct world *);
        } tests[] = {
            {"all arrive", all_arrive},
            {"a broker that refuses for a while", a_broker_that_refuses_for_a_while},
            {"a connection that ends", a_connection_that_ends},
            {"a part that is too large", a_part_that_is_too_large},
            {"a broker that refuses for good", a_broker_that_refuses_for_good},
        };
        int i, failed = 0;
        for (i = 0; i < COUNT(tests); i++) {
                struct world w = open_world();
                int passed     = tests[i].run(&w);
                printf("%s: %s\n", passed ? "ok" : "FAILED", tests[i].name);
                failed += !passed;
                close_world(&w);
        }
        return failed ? 1 : 0;
}
