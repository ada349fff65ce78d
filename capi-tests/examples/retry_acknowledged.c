/*
 * Retries with acknowledgement: a message that cannot be handled goes to TOPIC-retry, is tried again from there, and after three
 * attempts goes to TOPIC-failed. Its place in the topic is given up only when it has been handled, or when the cluster has
 * acknowledged its copy, so that no message is lost and none holds up those behind it. Each message is handled by COMMAND, which
 * gets it as its standard input and says by its exit code whether it has been handled.
 *
 *     cc -O2 -Wall -o retry_acknowledged retry_acknowledged.c -lrdkafka
 *     ./retry_acknowledged BOOTSTRAP GROUP TOPIC COMMAND
 *
 * SIGINT and SIGTERM end it, with 0 if all went well. A message may be handled twice, when the program dies at the wrong moment;
 * where that matters, see consume_transform_produce.c. Where the order within a partition matters, see pause_on_failure.c.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>

#define POLL_MS  200
#define RETRY_MS 500 /* So long after it was put there, a message in TOPIC-retry is tried again. */
#define ATTEMPTS 3
#define HEADER   "attempts"

static rd_kafka_t *consumer, *producer;
static char topic[200], retry_topic[256], failed_topic[256];
static const char *command;
static int failed;
static volatile sig_atomic_t stopping;

static void on_signal(int sig) {
        (void)sig;
        stopping = 1;
}

static void give_up(const char *what, const char *why) {
        fprintf(stderr, "%s: %s\n", what, why);
        failed = stopping = 1;
}

/* The work itself. */
static int handle(const rd_kafka_message_t *m) {
        FILE *to = popen(command, "w");
        if (!to)
                return 0;
        fwrite(m->payload, 1, m->len, to);
        return pclose(to) == 0;
}

/* How often the message has been tried before. */
static int attempts(const rd_kafka_message_t *m) {
        rd_kafka_headers_t *headers;
        const void *value;
        size_t len;
        char text[16];
        if (rd_kafka_message_headers(m, &headers) || rd_kafka_header_get_last(headers, HEADER, &value, &len))
                return 0;
        snprintf(text, sizeof(text), "%.*s", (int)len, (const char *)value);
        return atoi(text);
}

/* Each message has a place of its own for the outcome as its opaque. */
static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        rd_kafka_resp_err_t *outcome = m->_private;
        (void)rk;
        (void)opaque;
        *outcome = m->err;
}

/* Sends a copy, and waits until the cluster has acknowledged it or the library has given it up (message.timeout.ms). */
static rd_kafka_resp_err_t send_copy(const rd_kafka_message_t *m, const char *to, int tried) {
        rd_kafka_resp_err_t outcome = RD_KAFKA_RESP_ERR__IN_PROGRESS, err;
        char count[16];
        snprintf(count, sizeof(count), "%d", tried);
        err = rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(to), RD_KAFKA_V_KEY(m->key, m->key_len), RD_KAFKA_V_VALUE(m->payload, m->len),
                                RD_KAFKA_V_HEADER(HEADER, count, -1), RD_KAFKA_V_OPAQUE(&outcome), RD_KAFKA_V_END);
        if (err)
                return err;
        while (outcome == RD_KAFKA_RESP_ERR__IN_PROGRESS)
                rd_kafka_poll(producer, POLL_MS);
        return outcome;
}

/* The same, again and again: without its copy, the message must keep its place. Says whether there is one. */
static int put(const rd_kafka_message_t *m, const char *to, int tried) {
        rd_kafka_resp_err_t err;
        while ((err = send_copy(m, to, tried))) {
                fprintf(stderr, "%s: %s\n", to, rd_kafka_err2str(err));
                if (rd_kafka_fatal_error(producer, NULL, 0) || err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
                        give_up("no copy can be made", rd_kafka_err2str(err));
                if (stopping)
                        return 0;
                sleep(1);
        }
        return 1;
}

/* A message that has just failed is not tried again at once. */
static void wait_for_its_time(const rd_kafka_message_t *m) {
        rd_kafka_timestamp_type_t type;
        struct timespec now;
        long long left;
        clock_gettime(CLOCK_REALTIME, &now);
        left = rd_kafka_message_timestamp(m, &type) + RETRY_MS - ((long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
        if (left > 0 && left <= RETRY_MS)
                usleep((useconds_t)left * 1000);
}

/* Says whether the message may give up its place. */
static int settle(const rd_kafka_message_t *m) {
        const char *from = rd_kafka_topic_name(m->rkt);
        int tried        = attempts(m);
        if (!strcmp(from, retry_topic))
                wait_for_its_time(m);
        if (handle(m)) {
                printf("%s [%d] %lld: handled at attempt %d\n", from, (int)m->partition, (long long)m->offset, tried + 1);
                return 1;
        }
        tried++;
        printf("%s [%d] %lld: attempt %d failed\n", from, (int)m->partition, (long long)m->offset, tried);
        return put(m, tried < ATTEMPTS ? retry_topic : failed_topic, tried);
}

static void on_message(const rd_kafka_message_t *m) {
        rd_kafka_error_t *error = NULL;
        if (m->err) {
                /* A lost connection, a topic that is not made yet and the like, which the library gets over by itself. */
                fprintf(stderr, "consumer: %s\n", rd_kafka_message_errstr(m));
                if (rd_kafka_fatal_error(consumer, NULL, 0))
                        give_up("consumer", rd_kafka_message_errstr(m));
                return;
        }
        /* This offset is committed with the next automatic commit, and when the consumer closes. */
        if (settle(m) && (error = rd_kafka_offset_store_message((rd_kafka_message_t *)m)))
                fprintf(stderr, "store: %s\n", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        fflush(stdout);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
        char text[512];
        if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) != RD_KAFKA_CONF_OK) {
                fprintf(stderr, "%s\n", text);
                exit(1);
        }
}

static rd_kafka_t *client(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
        char text[512];
        rd_kafka_t *rk = rd_kafka_new(type, conf, text, sizeof(text));
        if (!rk) {
                fprintf(stderr, "%s\n", text);
                exit(1);
        }
        return rk;
}

static void open_clients(const char *bootstrap, const char *group) {
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(2);
        rd_kafka_conf_t *conf                   = rd_kafka_conf_new();
        set(conf, "bootstrap.servers", bootstrap);
        set(conf, "enable.idempotence", "true"); /* A copy that the library sends again is written once. */
        set(conf, "linger.ms", "0");
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        producer = client(RD_KAFKA_PRODUCER, conf);
        conf     = rd_kafka_conf_new();
        set(conf, "bootstrap.servers", bootstrap);
        set(conf, "group.id", group);
        set(conf, "auto.offset.reset", "earliest");
        set(conf, "enable.auto.offset.store", "false"); /* Stored by this program, when a message has been settled. */
        /* TOPIC-retry need not be there before: it is made by the first question for it, and found by the next one. */
        set(conf, "allow.auto.create.topics", "true");
        set(conf, "topic.metadata.refresh.interval.ms", "3000");
        consumer = client(RD_KAFKA_CONSUMER, conf);
        rd_kafka_poll_set_consumer(consumer);
        rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
        rd_kafka_topic_partition_list_add(topics, retry_topic, RD_KAFKA_PARTITION_UA);
        if (rd_kafka_subscribe(consumer, topics))
                give_up("subscribe", topic);
        rd_kafka_topic_partition_list_destroy(topics);
}

int main(int argc, char **argv) {
        rd_kafka_message_t *m;
        if (argc != 5 || strlen(argv[3]) >= sizeof(topic)) {
                fprintf(stderr, "usage: %s BOOTSTRAP GROUP TOPIC COMMAND\n", argv[0]);
                return 1;
        }
        snprintf(topic, sizeof(topic), "%s", argv[3]);
        snprintf(retry_topic, sizeof(retry_topic), "%s-retry", topic);
        snprintf(failed_topic, sizeof(failed_topic), "%s-failed", topic);
        command = argv[4];
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        signal(SIGPIPE, SIG_IGN); /* A command need not read all of its message. */
        open_clients(argv[1], argv[2]);
        while (!stopping) {
                if (!(m = rd_kafka_consumer_poll(consumer, POLL_MS)))
                        continue;
                on_message(m);
                rd_kafka_message_destroy(m);
        }
        rd_kafka_consumer_close(consumer);
        rd_kafka_destroy(consumer);
        rd_kafka_destroy(producer);
        return failed;
}
