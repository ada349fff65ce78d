/*
 * Pauses a partition when a message of it cannot be handled, and tries the same message again later, while the other partitions go
 * on: the order within a partition is kept, and no message is left out. Each message is handled by COMMAND, which gets it as its
 * standard input and says by its exit code whether it has been handled.
 *
 *     cc -O2 -Wall -o pause_on_failure pause_on_failure.c -lrdkafka
 *     ./pause_on_failure BOOTSTRAP GROUP TOPIC COMMAND
 *
 * SIGINT and SIGTERM end it, with 0 if all went well. A message may be handled twice, when the program dies between the handling
 * and the commit; it is never left out. A handler that can fail for good needs another place for such messages: see
 * retry_acknowledged.c.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <librdkafka/rdkafka.h>

#define POLL_MS    200
#define PAUSE_MS   1000
#define CALL_MS    10000
#define MOST_PAUSE 1024 /* Partitions that may be paused at a time. */

struct paused {
        int partition;
        long long until_ms;
};

static rd_kafka_t *consumer;
static const char *topic, *command;
static struct paused paused[MOST_PAUSE];
static int paused_cnt, failed;
static volatile sig_atomic_t stopping;

static void on_signal(int sig) {
        (void)sig;
        stopping = 1;
}

static long long now_ms(void) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
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

/* Stops the fetching from the partition, and puts it back to the message. */
static void pause_at(const rd_kafka_message_t *m) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        rd_kafka_error_t *error;
        rd_kafka_topic_partition_list_add(list, topic, m->partition)->offset = m->offset;
        rd_kafka_pause_partitions(consumer, list);
        if ((error = rd_kafka_seek_partitions(consumer, list, CALL_MS)))
                give_up("seek", rd_kafka_error_string(error));
        else if (list->elems[0].err)
                give_up("seek", rd_kafka_err2str(list->elems[0].err));
        else if (paused_cnt == MOST_PAUSE)
                give_up("pause", "too many partitions");
        else {
                paused[paused_cnt].partition  = m->partition;
                paused[paused_cnt++].until_ms = now_ms() + PAUSE_MS;
                printf("partition %d is paused at offset %lld\n", (int)m->partition, (long long)m->offset);
                fflush(stdout);
        }
        rd_kafka_error_destroy(error);
        rd_kafka_topic_partition_list_destroy(list);
}

static void resume_due(void) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        int i;
        for (i = 0; i < paused_cnt;) {
                if (paused[i].until_ms > now_ms()) {
                        i++;
                        continue;
                }
                rd_kafka_topic_partition_list_add(list, topic, paused[i].partition);
                paused[i] = paused[--paused_cnt];
        }
        if (list->cnt)
                rd_kafka_resume_partitions(consumer, list);
        rd_kafka_topic_partition_list_destroy(list);
}

static void forget(int partition) {
        int i;
        for (i = 0; i < paused_cnt;)
                if (paused[i].partition == partition)
                        paused[i] = paused[--paused_cnt];
                else
                        i++;
}

/* A partition that goes to another member is no longer paused, wherever it comes to. */
static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *partitions, void *opaque) {
        int assign = err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        int i;
        (void)opaque;
        if (!assign) {
                rd_kafka_resume_partitions(rk, partitions);
                for (i = 0; i < partitions->cnt; i++)
                        forget(partitions->elems[i].partition);
        }
        if (strcmp(rd_kafka_rebalance_protocol(rk), "COOPERATIVE"))
                rd_kafka_assign(rk, assign ? partitions : NULL);
        else
                rd_kafka_error_destroy(assign ? rd_kafka_incremental_assign(rk, partitions)
                                              : rd_kafka_incremental_unassign(rk, partitions));
}

static void on_message(const rd_kafka_message_t *m) {
        rd_kafka_error_t *error;
        if (m->err) {
                /* A lost connection and the like, which the library gets over by itself. */
                fprintf(stderr, "consumer: %s\n", rd_kafka_message_errstr(m));
                if (rd_kafka_fatal_error(consumer, NULL, 0))
                        give_up("consumer", rd_kafka_message_errstr(m));
                return;
        }
        if (!handle(m)) {
                pause_at(m);
                return;
        }
        printf("partition %d, offset %lld: handled\n", (int)m->partition, (long long)m->offset);
        fflush(stdout);
        /* This offset is committed with the next automatic commit, and when the consumer closes. */
        if ((error = rd_kafka_offset_store_message((rd_kafka_message_t *)m)))
                fprintf(stderr, "store: %s\n", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
        char text[512];
        if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) != RD_KAFKA_CONF_OK) {
                fprintf(stderr, "%s\n", text);
                exit(1);
        }
}

static void open_consumer(const char *bootstrap, const char *group) {
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
        rd_kafka_conf_t *conf                   = rd_kafka_conf_new();
        char text[512];
        set(conf, "bootstrap.servers", bootstrap);
        set(conf, "group.id", group);
        set(conf, "auto.offset.reset", "earliest");
        set(conf, "enable.auto.offset.store", "false"); /* Stored by this program, when a message has been handled. */
        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
        if (!(consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text)))) {
                fprintf(stderr, "%s\n", text);
                exit(1);
        }
        rd_kafka_poll_set_consumer(consumer);
        rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
        if (rd_kafka_subscribe(consumer, topics))
                give_up("subscribe", topic);
        rd_kafka_topic_partition_list_destroy(topics);
}

int main(int argc, char **argv) {
        rd_kafka_message_t *m;
        if (argc != 5) {
                fprintf(stderr, "usage: %s BOOTSTRAP GROUP TOPIC COMMAND\n", argv[0]);
                return 1;
        }
        topic   = argv[3];
        command = argv[4];
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        signal(SIGPIPE, SIG_IGN); /* A command need not read all of its message. */
        open_consumer(argv[1], argv[2]);
        /* Polling goes on while partitions are paused: it keeps the member in its group. */
        while (!stopping) {
                resume_due();
                if (!(m = rd_kafka_consumer_poll(consumer, POLL_MS)))
                        continue;
                on_message(m);
                rd_kafka_message_destroy(m);
        }
        rd_kafka_consumer_close(consumer);
        rd_kafka_destroy(consumer);
        return failed;
}
