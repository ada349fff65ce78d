/* A share consumer of librdkafka's interface against a cluster: accepts, releases and rejects. Each record ends once, and
 * what was released comes again, once more delivered. The group has to begin at the earliest record.
 *
 *   share BOOTSTRAP TOPIC GROUP
 */
#include <rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MESSAGES = 600, PARTITIONS = 3 };

enum end { NONE, RELEASED, ACCEPTED, REJECTED };

static void fail(const char *what, const char *why) {
        printf("FAIL %s: %s\n", what, why ? why : "");
        exit(1);
}

static void done(const char *what, rd_kafka_error_t *error) {
        if (error)
                fail(what, rd_kafka_error_string(error));
}

static rd_kafka_conf_t *configuration(const char *bootstrap) {
        char errstr[256];
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        if (rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, errstr, sizeof(errstr)))
                fail("bootstrap.servers", errstr);
        return conf;
}

static void produce(const char *bootstrap, const char *topic) {
        char errstr[256], value[16];
        int i;
        rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, configuration(bootstrap), errstr, sizeof(errstr));
        if (!rk)
                fail("producer", errstr);
        rd_kafka_NewTopic_t *new_topic = rd_kafka_NewTopic_new(topic, PARTITIONS, 1, errstr, sizeof(errstr));
        rd_kafka_queue_t *queue        = rd_kafka_queue_new(rk);
        rd_kafka_CreateTopics(rk, &new_topic, 1, NULL, queue);
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 30000);
        if (!event || rd_kafka_event_error(event))
                fail("create topic", event ? rd_kafka_event_error_string(event) : "no answer");
        rd_kafka_event_destroy(event);
        rd_kafka_queue_destroy(queue);
        rd_kafka_NewTopic_destroy(new_topic);
        for (i = 0; i < MESSAGES; i++) {
                int length = snprintf(value, sizeof(value), "%d", i);
                if (rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(i % PARTITIONS), RD_KAFKA_V_VALUE(value, length),
                                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END))
                        fail("produce", value);
        }
        if (rd_kafka_flush(rk, 30000))
                fail("flush", "");
        rd_kafka_destroy(rk);
}

static rd_kafka_share_AcknowledgeType_t judge(const rd_kafka_message_t *m, enum end *ends, int *ended) {
        char text[16] = "";
        int i, count = rd_kafka_message_delivery_count(m);
        memcpy(text, m->payload, m->len < 15 ? m->len : 15);
        i = atoi(text);
        if (i < 0 || i >= MESSAGES || ends[i] > RELEASED)
                fail("a record after its end", text);
        if (count != (ends[i] == RELEASED ? 2 : 1))
                fail("a wrong count of deliveries", text);
        if (i % 7 == 0 && ends[i] == NONE) {
                ends[i] = RELEASED;
                return RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_RELEASE;
        }
        (*ended)++;
        ends[i] = i % 11 == 0 ? REJECTED : ACCEPTED;
        return i % 11 == 0 ? RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_REJECT : RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT;
}

static rd_kafka_share_t *consumer(const char *bootstrap, const char *topic, const char *group) {
        char errstr[256];
        rd_kafka_conf_t *conf = configuration(bootstrap);
        if (rd_kafka_conf_set(conf, "group.id", group, errstr, sizeof(errstr)) ||
            rd_kafka_conf_set(conf, "share.acknowledgement.mode", "explicit", errstr, sizeof(errstr)))
                fail("configuration", errstr);
        rd_kafka_share_t *c = rd_kafka_share_consumer_new(conf, errstr, sizeof(errstr));
        if (!c)
                fail("share consumer", errstr);
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
        if (rd_kafka_share_subscribe(c, topics))
                fail("subscribe", topic);
        rd_kafka_topic_partition_list_destroy(topics);
        return c;
}

static int take(rd_kafka_share_t *c, enum end *ends, int *ended) {
        rd_kafka_messages_t *batch                  = NULL;
        rd_kafka_topic_partition_list_t *partitions = NULL;
        size_t i, count;
        done("poll", rd_kafka_share_poll(c, 500, &batch));
        count = batch ? rd_kafka_messages_count(batch) : 0;
        for (i = 0; i < count; i++) {
                const rd_kafka_message_t *m = rd_kafka_messages_get(batch, i);
                if (m->err)
                        fail("a message", rd_kafka_err2str(m->err));
                if (rd_kafka_share_acknowledge_type(c, m, judge(m, ends, ended)))
                        fail("acknowledge", "");
        }
        if (batch)
                rd_kafka_messages_destroy(batch);
        if (!count)
                return 0;
        done("commit", rd_kafka_share_commit_sync(c, 10000, &partitions));
        for (i = 0; partitions && i < (size_t)partitions->cnt; i++)
                if (partitions->elems[i].err)
                        fail("commit", rd_kafka_err2str(partitions->elems[i].err));
        if (partitions)
                rd_kafka_topic_partition_list_destroy(partitions);
        return (int)count;
}

static void end(rd_kafka_share_t *c) {
        done("close", rd_kafka_share_consumer_close(c));
        done("destroy", rd_kafka_share_destroy(c));
}

int main(int argc, char **argv) {
        static enum end ends[MESSAGES];
        int ended = 0, n, some[2] = {0, 0};
        if (argc != 4)
                return 2;
        produce(argv[1], argv[2]);
        rd_kafka_share_t *c[2] = {consumer(argv[1], argv[2], argv[3]), consumer(argv[1], argv[2], argv[3])};
        time_t until           = time(NULL) + 60;
        while (ended < MESSAGES && time(NULL) < until)
                for (n = 0; n < 2; n++)
                        some[n] += take(c[n], ends, &ended);
        if (ended < MESSAGES)
                fail("records did not come", argv[2]);
        if (!some[0] || !some[1])
                fail("one of two members", "got everything");
        end(c[0]);
        end(c[1]);
        rd_kafka_share_t *late = consumer(argv[1], argv[2], argv[3]);
        for (n = 0; n < 6; n++)
                if (take(late, ends, &ended))
                        fail("a record after the end", argv[2]);
        end(late);
        printf("ok %s: %d records, %d and %d to each member\n", rd_kafka_version_str(), MESSAGES, some[0], some[1]);
        return 0;
}
