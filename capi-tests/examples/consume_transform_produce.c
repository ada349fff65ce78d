/*
 * Exactly once from one topic to another: each message of INPUT is turned into capitals and goes to OUTPUT, and whatever
 * fails in between, who reads OUTPUT with isolation.level=read_committed finds it there once.
 *
 * The results of a batch and the offsets behind it are one transaction: either both are there, or neither is, and then the
 * batch is done again. So the state of this program is in Kafka alone, and it may be killed at any time.
 *
 *     cc -O2 -Wall -o consume_transform_produce consume_transform_produce.c -lrdkafka
 *     ./consume_transform_produce BOOTSTRAP GROUP TRANSACTIONAL_ID INPUT OUTPUT
 *
 * Instances that share the work have the same GROUP, and each has a TRANSACTIONAL_ID of its own, which it keeps when it is
 * started again: its new life then ends at once what the last one has left open. SIGINT and SIGTERM end the program, with 0
 * if all went well. It ends with 2 if another one has taken its TRANSACTIONAL_ID, or if it was held up within a transaction for
 * longer than transaction.timeout.ms, which looks the same.
 */
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>

#define BATCH_MESSAGES 1000 /* A transaction ends with so many messages, */
#define BATCH_MS       200  /* or so long after its first one. */
#define CALL_MS        30000

/* What a call asks for: go on; abort the transaction; give this client up. */
enum outcome { OK, ABORT, FATAL };

static rd_kafka_t *consumer, *producer;
static rd_kafka_topic_partition_list_t *offsets; /* Where the consumer is to go on after the open transaction. */
static int messages;                             /* In the open transaction; there is none without. */
static int fatal;
static const char *output;
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

static enum outcome give_up(const char *what, const char *why) {
        fprintf(stderr, "%s: %s: this client cannot go on\n", what, why);
        fatal = 1;
        return FATAL;
}

/* Judges the error of a transaction's call, and says whether the call is to be made again: it then goes on where it stopped. */
static int again(rd_kafka_error_t *error, const char *call, enum outcome *outcome) {
        int retry = 0;
        *outcome  = OK;
        if (!error)
                return 0;
        fprintf(stderr, "%s: %s: %s\n", call, rd_kafka_error_name(error), rd_kafka_error_string(error));
        if (rd_kafka_error_txn_requires_abort(error))
                *outcome = ABORT;
        /* Who is to stop does not wait for a cluster that is away: the coordinator aborts what is left open. */
        else if (rd_kafka_error_is_retriable(error) && !stopping)
                retry = 1;
        /* Fatal; or without any flag, which would be a mistake of this program's. */
        else
                *outcome = give_up(call, rd_kafka_error_name(error));
        rd_kafka_error_destroy(error);
        return retry;
}

/* Results and offsets become visible together. */
static enum outcome commit(void) {
        enum outcome outcome;
        int retry;
        do {
                /* It tells which member in which generation of the group this is: one that the group has given up
                 * cannot commit offsets (KIP-447). So it is asked for each time. */
                rd_kafka_consumer_group_metadata_t *member = rd_kafka_consumer_group_metadata(consumer);
                retry = again(rd_kafka_send_offsets_to_transaction(producer, offsets, member, CALL_MS), "send offsets", &outcome);
                rd_kafka_consumer_group_metadata_destroy(member);
        } while (retry);
        if (outcome != OK)
                return outcome;
        while (again(rd_kafka_commit_transaction(producer, CALL_MS), "commit", &outcome))
                ;
        return outcome;
}

/* The transaction never was; what its messages came from is consumed again. */
static void abort_and_rewind(void) {
        rd_kafka_topic_partition_list_t *assigned = NULL;
        rd_kafka_error_t *error                   = NULL;
        rd_kafka_resp_err_t err;
        enum outcome outcome;
        int i;
        fprintf(stderr, "%d messages are done again\n", messages);
        while (again(rd_kafka_abort_transaction(producer, CALL_MS), "abort", &outcome))
                ;
        if (outcome != OK) {
                fatal = 1;
                return;
        }
        if (!(err = rd_kafka_assignment(consumer, &assigned)))
                while ((err = rd_kafka_committed(consumer, assigned, CALL_MS)) == RD_KAFKA_RESP_ERR__TIMED_OUT && !stopping)
                        ;
        for (i = 0; !err && i < assigned->cnt; i++)
                if (assigned->elems[i].offset < 0) /* Nothing is committed yet: as auto.offset.reset says. */
                        assigned->elems[i].offset = RD_KAFKA_OFFSET_BEGINNING;
        if (err || (error = rd_kafka_seek_partitions(consumer, assigned, CALL_MS)))
                give_up("rewind", err ? rd_kafka_err2str(err) : rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        if (assigned)
                rd_kafka_topic_partition_list_destroy(assigned);
}

static void end_batch(enum outcome outcome) {
        if (!messages || fatal)
                return;
        if (outcome == OK && (outcome = commit()) == OK) {
                printf("committed %d\n", messages);
                fflush(stdout);
        }
        if (outcome == ABORT)
                abort_and_rewind();
        messages = 0;
        rd_kafka_topic_partition_list_destroy(offsets);
        offsets = rd_kafka_topic_partition_list_new(16);
}

static enum outcome produce(const char *key, size_t key_len, const char *value, size_t len) {
        rd_kafka_resp_err_t err;
        while ((err = rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(output), RD_KAFKA_V_KEY(key, key_len),
                                        RD_KAFKA_V_VALUE((void *)value, len), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                        RD_KAFKA_V_END)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
                rd_kafka_poll(producer, 100);
        if (!err)
                return OK;
        if (rd_kafka_fatal_error(producer, NULL, 0))
                return give_up("produce", rd_kafka_err2str(err));
        /* The transaction must not be committed without this message. */
        fprintf(stderr, "produce: %s\n", rd_kafka_err2str(err));
        return ABORT;
}

/* The work itself. */
static enum outcome transform(const rd_kafka_message_t *m) {
        const char *from = m->payload;
        char *value      = malloc(m->len + 1);
        enum outcome outcome;
        size_t i;
        if (!value)
                abort();
        for (i = 0; i < m->len; i++)
                value[i] = (char)toupper((unsigned char)from[i]);
        outcome = produce(m->key, m->key_len, value, m->len);
        free(value);
        return outcome;
}

static void on_message(const rd_kafka_message_t *m) {
        rd_kafka_topic_partition_t *partition;
        enum outcome outcome;
        const char *topic;
        if (m->err) {
                /* Most of what a consumer reports it gets over by itself. */
                fprintf(stderr, "consumer: %s\n", rd_kafka_message_errstr(m));
                if (rd_kafka_fatal_error(consumer, NULL, 0))
                        give_up("consumer", rd_kafka_err2str(m->err));
                return;
        }
        if (!messages && (again(rd_kafka_begin_transaction(producer), "begin", &outcome), outcome != OK)) {
                fatal = 1;
                return;
        }
        messages++;
        topic = rd_kafka_topic_name(m->rkt);
        if (!(partition = rd_kafka_topic_partition_list_find(offsets, topic, m->partition)))
                partition = rd_kafka_topic_partition_list_add(offsets, topic, m->partition);
        partition->offset = m->offset + 1;
        if ((outcome = transform(m)) == ABORT)
                end_batch(ABORT);
}

/* Called inside rd_kafka_consumer_poll and rd_kafka_consumer_close. Before partitions go to another member, what was read from
 * them is committed; if they are lost already, it cannot be. */
static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *partitions, void *opaque) {
        int assign      = err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        int incremental = !strcmp(rd_kafka_rebalance_protocol(rk), "COOPERATIVE");
        (void)opaque;
        if (!assign)
                end_batch(rd_kafka_assignment_lost(rk) ? ABORT : OK);
        if (!incremental)
                rd_kafka_assign(rk, assign ? partitions : NULL);
        else
                rd_kafka_error_destroy(assign ? rd_kafka_incremental_assign(rk, partitions)
                                              : rd_kafka_incremental_unassign(rk, partitions));
}

/* A message that is not delivered makes the commit fail; this only tells why. */
static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)opaque;
        if (m->err)
                fprintf(stderr, "not delivered: %s\n", rd_kafka_message_errstr(m));
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

static void open_clients(const char *bootstrap, const char *group, const char *transactional_id) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        set(conf, "bootstrap.servers", bootstrap);
        set(conf, "transactional.id", transactional_id);
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        producer = client(RD_KAFKA_PRODUCER, conf);
        conf     = rd_kafka_conf_new();
        set(conf, "bootstrap.servers", bootstrap);
        set(conf, "group.id", group);
        set(conf, "group.instance.id", transactional_id); /* A new life has the partitions of the last one at once. */
        set(conf, "isolation.level", "read_committed"); /* What others have aborted is not read. */
        set(conf, "enable.auto.commit", "false");       /* Offsets are committed by transactions only. */
        set(conf, "auto.offset.reset", "earliest");
        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
        consumer = client(RD_KAFKA_CONSUMER, conf);
        rd_kafka_poll_set_consumer(consumer);
}

/* One life of both clients: until a signal or a fatal error. */
static void run(const char *input) {
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
        long long batch_ends                    = 0;
        enum outcome outcome;
        rd_kafka_topic_partition_list_add(topics, input, RD_KAFKA_PARTITION_UA);
        /* First of all, since it ends what an earlier life has left open. */
        while (again(rd_kafka_init_transactions(producer, CALL_MS), "init", &outcome))
                ;
        if (outcome != OK || rd_kafka_subscribe(consumer, topics))
                fatal = 1;
        while (!stopping && !fatal) {
                long long left        = messages ? batch_ends - now_ms() : BATCH_MS;
                rd_kafka_message_t *m = rd_kafka_consumer_poll(consumer, left > 0 ? (int)left : 0);
                if (m) {
                        if (!messages)
                                batch_ends = now_ms() + BATCH_MS;
                        on_message(m);
                        rd_kafka_message_destroy(m);
                }
                rd_kafka_poll(producer, 0);
                if (messages >= BATCH_MESSAGES || now_ms() >= batch_ends)
                        end_batch(OK);
        }
        rd_kafka_consumer_close(consumer); /* Gives the partitions up, which commits the last batch. */
        rd_kafka_topic_partition_list_destroy(topics);
}

int main(int argc, char **argv) {
        int fenced;
        if (argc != 6) {
                fprintf(stderr, "usage: %s BOOTSTRAP GROUP TRANSACTIONAL_ID INPUT OUTPUT\n", argv[0]);
                return 1;
        }
        output = argv[5];
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        do {
                fatal = messages = 0;
                offsets          = rd_kafka_topic_partition_list_new(16);
                open_clients(argv[1], argv[2], argv[3]);
                run(argv[4]);
                fenced = rd_kafka_fatal_error(producer, NULL, 0) == RD_KAFKA_RESP_ERR__FENCED ||
                         rd_kafka_fatal_error(consumer, NULL, 0) == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
                rd_kafka_topic_partition_list_destroy(offsets);
                rd_kafka_destroy(consumer);
                rd_kafka_destroy(producer);
                /* Two programs with one transactional.id would fence each other for ever: the older one gives up. */
                if (fenced)
                        return 2;
                if (fatal && !stopping)
                        sleep(1);
        } while (!stopping);
        return fatal;
}
