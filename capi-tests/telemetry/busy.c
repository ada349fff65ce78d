/*
 * busy SERVERS TOPIC NAME producer|consumer SECONDS: a client of this client.id that produces, or consumes in a group of its own name
 * and commits, for a while; then it ends, which is the time for its last push of metrics.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rdkafka.h"

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
        char text[256];
        if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) != RD_KAFKA_CONF_OK) {
                fprintf(stderr, "%s\n", text);
                exit(1);
        }
}

static void produce(rd_kafka_t *rk, const char *topic, time_t until) {
        while (time(NULL) < until) {
                rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_VALUE("value", 5), RD_KAFKA_V_END);
                rd_kafka_poll(rk, 50);
        }
        rd_kafka_flush(rk, 30000);
}

static void consume(rd_kafka_t *rk, const char *topic, time_t until) {
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
        int got                                 = 0;
        rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
        rd_kafka_subscribe(rk, topics);
        rd_kafka_topic_partition_list_destroy(topics);
        while (time(NULL) < until) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 100);
                if (m && !m->err && ++got % 20 == 1)
                        rd_kafka_commit_message(rk, m, 0);
                if (m)
                        rd_kafka_message_destroy(m);
        }
        printf("%d messages\n", got);
}

int main(int argc, char **argv) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char text[256];
        rd_kafka_t *rk;
        time_t until;
        int is_producer;
        if (argc != 6)
                return 2;
        is_producer = !strcmp(argv[4], "producer");
        set(conf, "bootstrap.servers", argv[1]);
        set(conf, "client.id", argv[3]);
        set(conf, "client.rack", "rack1");
        if (is_producer) {
                set(conf, "linger.ms", "20");
        } else {
                set(conf, "group.id", argv[3]);
                set(conf, "auto.offset.reset", "earliest");
        }
        rk = rd_kafka_new(is_producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf, text, sizeof(text));
        if (!rk) {
                fprintf(stderr, "%s\n", text);
                return 1;
        }
        until = time(NULL) + atoi(argv[5]);
        if (is_producer)
                produce(rk, argv[2], until);
        else
                consume(rk, argv[2], until);
        rd_kafka_destroy(rk);
        return 0;
}
