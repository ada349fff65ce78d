/*
 * transform [-n MESSAGES] [-t MILLISECONDS] [-a N] INPUT OUTPUT [consumer.|producer.]NAME=VALUE...
 *
 * Consumes, transforms and produces, each message exactly once: an instance of a group that any number of instances form. A
 * transaction has the messages produced and the offsets consumed, so that both become visible together, or neither. It ends after
 * MESSAGES messages or MILLISECONDS; every Nth is aborted, as by an application that finds that it cannot go on.
 *
 * A property without a prefix is set for both clients. Needed are bootstrap.servers, consumer.group.id and producer.transactional.id,
 * which no two running instances share and which the successor of an instance takes over: that is what ends the transaction of a
 * predecessor, and fences it if it still lives.
 *
 * What the library answers to a transactional call says what to do:
 *
 *   retriable        the same call once more: it goes on with what it has begun
 *   abort required   abort, and let the consumer go back to the committed offsets: the messages are consumed once more
 *   otherwise        another instance has taken over, or nothing can be done: end, and let a new process begin
 *
 * Every line of the output is a time in microseconds, a word and more. Exit code: 0 after SIGTERM, 3 after an error.
 *
 * OFFSETS_OUTSIDE=1 or 2 builds a program that is wrong, for seeing that the tests notice: it commits the offsets before or after the
 * transaction, not in it.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rdkafka.h"

/* For a single call; a call that has not finished by then is made again. */
#define CALL_TIMEOUT_MS 10000

enum outcome { DONE, AGAIN, ABORT, FATAL };

struct app {
        rd_kafka_t *consumer, *producer;
        const char *output;
        int max_messages, max_ms, abort_every, ended;
        /* The transaction that is open, if any: since when, and how many messages it has. */
        int open, messages;
        int64_t began;
        /* A transaction was aborted: what is consumed is of no use before the consumer is back at the committed offsets. */
        int rewind;
        int failed;
};

static volatile sig_atomic_t stopped;

static void on_signal(int number) {
        (void)number;
        stopped = 1;
}

static int64_t now_us(void) {
        struct timespec ts;
        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* A line of the output, written by one call, so that threads do not mix theirs. */
static void say(const char *fmt, ...) {
        char line[1024];
        int len = snprintf(line, sizeof(line), "%" PRId64 " ", now_us());
        va_list ap;
        va_start(ap, fmt);
        len += vsnprintf(line + len, sizeof(line) - (size_t)len, fmt, ap);
        va_end(ap);
        if (len > (int)sizeof(line) - 2)
                len = (int)sizeof(line) - 2;
        line[len++] = '\n';
        if (write(STDOUT_FILENO, line, (size_t)len) != len)
                _exit(3);
}

/* The same about partitions: their numbers and, where there are any, offsets. */
static void say_partitions(const char *what, const rd_kafka_topic_partition_list_t *list) {
        char text[800] = "";
        size_t len     = 0;
        int i;
        for (i = 0; i < list->cnt && len < sizeof(text) - 40; i++)
                len += (size_t)snprintf(text + len, sizeof(text) - len, list->elems[i].offset >= 0 ? " %" PRId32 ":%" PRId64 : " %" PRId32,
                                        list->elems[i].partition, list->elems[i].offset);
        say("%s%s", what, text);
}

/* ---- transactional calls ---- */

/* What is to be done about the outcome of a transactional call. */
static enum outcome judge(struct app *app, const char *call, rd_kafka_error_t *error) {
        enum outcome outcome = FATAL;
        if (!error)
                return DONE;
        if (rd_kafka_error_is_fatal(error))
                outcome = FATAL;
        else if (rd_kafka_error_txn_requires_abort(error))
                outcome = ABORT;
        else if (rd_kafka_error_is_retriable(error))
                outcome = AGAIN;
        say("%s %s %s: %s", outcome == FATAL ? "fatal" : outcome == ABORT ? "abort" : "again", call, rd_kafka_error_name(error),
            rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        if (outcome == FATAL)
                app->failed = 1;
        else if (outcome == AGAIN)
                rd_kafka_poll(app->producer, 100);
        return outcome;
}

/* Makes a transactional call until there is something else to be done than to make it again. */
#define TRANSACTIONAL(app, name, call)                                                                                           \
        ({                                                                                                                       \
                enum outcome outcome_;                                                                                           \
                while ((outcome_ = judge(app, name, call)) == AGAIN)                                                             \
                        ;                                                                                                        \
                outcome_;                                                                                                        \
        })

static void abort_transaction(struct app *app, const char *why) {
        say("aborting %d %s", app->messages, why);
        if (TRANSACTIONAL(app, "abort", rd_kafka_abort_transaction(app->producer, CALL_TIMEOUT_MS)) == DONE)
                say("aborted %d %s", app->messages, why);
        else
                app->failed = 1;
        app->open   = 0;
        app->rewind = 1;
}

/* The offsets to be committed: that after the last message consumed of each partition that the instance holds. */
static rd_kafka_topic_partition_list_t *consumed(struct app *app) {
        rd_kafka_topic_partition_list_t *held = NULL;
        int i;
        if (rd_kafka_assignment(app->consumer, &held))
                return rd_kafka_topic_partition_list_new(0);
        rd_kafka_position(app->consumer, held);
        for (i = held->cnt - 1; i >= 0; i--)
                if (held->elems[i].offset < 0)
                        rd_kafka_topic_partition_list_del_by_idx(held, i);
        return held;
}

static enum outcome send_offsets(struct app *app) {
        rd_kafka_topic_partition_list_t *offsets = consumed(app);
        /* Who the instance is in its group: a coordinator refuses the offsets of one that is no longer a member. */
        rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata(app->consumer);
        enum outcome outcome                      = DONE;
        say_partitions("offsets", offsets);
        if (offsets->cnt)
                outcome = TRANSACTIONAL(app, "send_offsets",
                                        rd_kafka_send_offsets_to_transaction(app->producer, offsets, group, CALL_TIMEOUT_MS));
        rd_kafka_consumer_group_metadata_destroy(group);
        rd_kafka_topic_partition_list_destroy(offsets);
        return outcome;
}

#ifdef OFFSETS_OUTSIDE
/* The fault. */
static void commit_outside(struct app *app) {
        rd_kafka_topic_partition_list_t *offsets = consumed(app);
        rd_kafka_resp_err_t err                  = rd_kafka_commit(app->consumer, offsets, 0);
        if (err)
                say("outside %s", rd_kafka_err2name(err));
        rd_kafka_topic_partition_list_destroy(offsets);
}
#endif

/* Commits the open transaction, or aborts it where it cannot be committed. */
static void end_transaction(struct app *app) {
        enum outcome outcome;
        if (app->abort_every && ++app->ended % app->abort_every == 0) {
                abort_transaction(app, "deliberately");
                return;
        }
#ifdef OFFSETS_OUTSIDE
        outcome = DONE;
        if (OFFSETS_OUTSIDE == 1)
                commit_outside(app);
#else
        outcome = send_offsets(app);
#endif
        if (outcome == DONE)
                outcome = TRANSACTIONAL(app, "commit", rd_kafka_commit_transaction(app->producer, CALL_TIMEOUT_MS));
        if (outcome == DONE) {
                say("committed %d", app->messages);
                app->open = 0;
        } else if (outcome == ABORT)
                abort_transaction(app, "failed");
#ifdef OFFSETS_OUTSIDE
        if (OFFSETS_OUTSIDE == 2 && outcome == DONE) {
                /* It takes some luck to be killed here. */
                usleep(50000);
                commit_outside(app);
        }
#endif
}

/* Sets the consumer back to the committed offsets; where that does not succeed, app->rewind stays set. */
static void rewind_consumer(struct app *app) {
        rd_kafka_topic_partition_list_t *held = NULL;
        rd_kafka_resp_err_t err;
        rd_kafka_error_t *error;
        int i, bad = 0;
        if (rd_kafka_assignment(app->consumer, &held))
                return;
        err = held->cnt ? rd_kafka_committed(app->consumer, held, CALL_TIMEOUT_MS) : RD_KAFKA_RESP_ERR_NO_ERROR;
        for (i = 0; i < held->cnt && !err; i++) {
                err = held->elems[i].err;
                /* No offset is committed yet: the beginning, as auto.offset.reset=earliest has it. */
                if (held->elems[i].offset < 0)
                        held->elems[i].offset = RD_KAFKA_OFFSET_BEGINNING;
        }
        if (err) {
                say("rewind committed %s", rd_kafka_err2name(err));
                bad = 1;
        } else if (held->cnt) {
                say_partitions("rewind", held);
                error = rd_kafka_seek_partitions(app->consumer, held, CALL_TIMEOUT_MS);
                for (i = 0; i < held->cnt && !error; i++)
                        if (held->elems[i].err) {
                                say("rewind seek %d %s", held->elems[i].partition, rd_kafka_err2name(held->elems[i].err));
                                bad = 1;
                        }
                if (error) {
                        say("rewind seek %s", rd_kafka_error_string(error));
                        rd_kafka_error_destroy(error);
                        bad = 1;
                }
        }
        rd_kafka_topic_partition_list_destroy(held);
        app->rewind = bad;
}

/* ---- messages ---- */

/* The transformed message: the same key, the value, and where it comes from. */
static rd_kafka_resp_err_t produce(struct app *app, const rd_kafka_message_t *in) {
        char value[256];
        int len = snprintf(value, sizeof(value), "%.*s %" PRId32 " %" PRId64, (int)in->len, (const char *)in->payload, in->partition,
                           in->offset);
        rd_kafka_resp_err_t err;
        for (;;) {
                err = rd_kafka_producev(app->producer, RD_KAFKA_V_TOPIC(app->output), RD_KAFKA_V_KEY(in->key, in->key_len),
                                        RD_KAFKA_V_VALUE(value, (size_t)len), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
                if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL)
                        return err;
                rd_kafka_poll(app->producer, 100);
        }
}

static void transform(struct app *app, const rd_kafka_message_t *in) {
        rd_kafka_resp_err_t err;
        if (!app->open) {
                enum outcome outcome = TRANSACTIONAL(app, "begin", rd_kafka_begin_transaction(app->producer));
                if (outcome != DONE) {
                        app->failed = 1;
                        return;
                }
                app->open     = 1;
                app->messages = 0;
                app->began    = now_us();
                say("began");
        }
        err = produce(app, in);
        if (!err) {
                app->messages++;
        } else if (rd_kafka_fatal_error(app->producer, NULL, 0)) {
                say("fatal produce %s", rd_kafka_err2name(rd_kafka_fatal_error(app->producer, NULL, 0)));
                app->failed = 1;
        } else {
                /* The transaction has failed in the background, and the abort says no more than that either. */
                say("abort produce %s", rd_kafka_err2name(err));
                abort_transaction(app, "produce");
        }
}

/* How long the consumer may be waited for. */
static int wait_ms(const struct app *app) {
        int64_t left;
        if (!app->open)
                return app->rewind ? 100 : 500;
        left = app->max_ms - (now_us() - app->began) / 1000;
        return left < 0 ? 0 : (int)left;
}

static void take(struct app *app, const rd_kafka_message_t *in) {
        if (in->err) {
                /* Another instance has its group.instance.id, for example. All other errors the consumer gets over by itself. */
                int fatal = in->err == RD_KAFKA_RESP_ERR__FATAL;
                say("%s consume %s: %s", fatal ? "fatal" : "consumer",
                    rd_kafka_err2name(fatal ? rd_kafka_fatal_error(app->consumer, NULL, 0) : in->err), rd_kafka_message_errstr(in));
                app->failed |= fatal;
        } else if (!app->rewind)
                transform(app, in);
        /* Else it comes once more. */
}

static void run(struct app *app) {
        while (!stopped && !app->failed) {
                rd_kafka_message_t *in = rd_kafka_consumer_poll(app->consumer, wait_ms(app));
                if (in) {
                        if (!app->failed)
                                take(app, in);
                        rd_kafka_message_destroy(in);
                }
                if (app->rewind && !app->failed)
                        rewind_consumer(app);
                if (app->open && !app->failed && (app->messages >= app->max_messages || wait_ms(app) == 0))
                        end_transaction(app);
                rd_kafka_poll(app->producer, 0);
        }
        if (app->open && !app->failed)
                end_transaction(app);
}

/* ---- callbacks ---- */

/* Runs in rd_kafka_consumer_poll() and rd_kafka_consumer_close(). */
static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *partitions, void *opaque) {
        struct app *app         = opaque;
        const char *protocol    = rd_kafka_rebalance_protocol(rk);
        int assign              = err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        int lost                = !assign && rd_kafka_assignment_lost(rk);
        int cooperative         = protocol && !strcmp(protocol, "COOPERATIVE");
        rd_kafka_error_t *error = NULL;
        say_partitions(assign ? "assign" : lost ? "lost" : "revoke", partitions);
        /* Somebody else is to go on with these partitions, or does so already. */
        if (!assign && app->open && !app->failed) {
                if (lost)
                        abort_transaction(app, "lost");
                else
                        end_transaction(app);
        }
        if (cooperative)
                error = assign ? rd_kafka_incremental_assign(rk, partitions) : rd_kafka_incremental_unassign(rk, partitions);
        else
                rd_kafka_assign(rk, assign ? partitions : NULL);
        if (error) {
                say("rebalance %s", rd_kafka_error_string(error));
                rd_kafka_error_destroy(error);
        }
}

/* A message that cannot be delivered makes the commit fail; this is only for the record. */
static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque) {
        static rd_kafka_resp_err_t last;
        (void)rk;
        (void)opaque;
        if (message->err && message->err != last)
                say("undelivered %s %s", rd_kafka_err2name(message->err), rd_kafka_message_errstr(message));
        last = message->err;
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
        (void)opaque;
        say("error %s %s %s", rd_kafka_type(rk) == RD_KAFKA_CONSUMER ? "consumer" : "producer", rd_kafka_err2name(err), reason);
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text) {
        say("log %s %d %s %s", rd_kafka_type(rk) == RD_KAFKA_CONSUMER ? "consumer" : "producer", level, facility, text);
}

/* ---- beginning and end ---- */

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
        char errstr[512];
        if (rd_kafka_conf_set(conf, name, value, errstr, sizeof(errstr)) != RD_KAFKA_CONF_OK) {
                fprintf(stderr, "%s\n", errstr);
                exit(2);
        }
}

/* The configuration of one client: the arguments that have its prefix, or none. */
static rd_kafka_conf_t *conf_of(struct app *app, const char *prefix, char **properties) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char name[128];
        for (; *properties; properties++) {
                const char *is = strchr(*properties, '=');
                size_t from    = strncmp(*properties, prefix, strlen(prefix)) ? 0 : strlen(prefix);
                if (!is || (!from && (!strncmp(*properties, "consumer.", 9) || !strncmp(*properties, "producer.", 9))))
                        continue;
                snprintf(name, sizeof(name), "%.*s", (int)(is - *properties - (long)from), *properties + from);
                set(conf, name, is + 1);
        }
        rd_kafka_conf_set_opaque(conf, app);
        rd_kafka_conf_set_error_cb(conf, on_error);
        rd_kafka_conf_set_log_cb(conf, on_log);
        return conf;
}

static rd_kafka_t *client(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
        char errstr[512];
        rd_kafka_t *rk = rd_kafka_new(type, conf, errstr, sizeof(errstr));
        if (!rk) {
                fprintf(stderr, "%s\n", errstr);
                exit(2);
        }
        return rk;
}

static void start(struct app *app, const char *input, char **properties) {
        rd_kafka_conf_t *conf                    = conf_of(app, "producer.", properties);
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        app->producer = client(RD_KAFKA_PRODUCER, conf);
        /* Ends what a predecessor has left open. It is done before anything is consumed: offsets that wait for the end of that
         * transaction are no longer waited for. */
        if (TRANSACTIONAL(app, "init", rd_kafka_init_transactions(app->producer, CALL_TIMEOUT_MS)) != DONE)
                app->failed = 1;
        conf = conf_of(app, "consumer.", properties);
        set(conf, "isolation.level", "read_committed");
        set(conf, "enable.auto.commit", "false");
        set(conf, "auto.offset.reset", "earliest");
        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
        app->consumer = client(RD_KAFKA_CONSUMER, conf);
        rd_kafka_poll_set_consumer(app->consumer);
        rd_kafka_topic_partition_list_add(topics, input, RD_KAFKA_PARTITION_UA);
        if (rd_kafka_subscribe(app->consumer, topics))
                app->failed = 1;
        rd_kafka_topic_partition_list_destroy(topics);
}

int main(int argc, char **argv) {
        struct app app;
        int option;
        memset(&app, 0, sizeof(app));
        app.max_messages = 1000;
        app.max_ms       = 200;
        while ((option = getopt(argc, argv, "n:t:a:")) != -1)
                if (option == 'n')
                        app.max_messages = atoi(optarg);
                else if (option == 't')
                        app.max_ms = atoi(optarg);
                else if (option == 'a')
                        app.abort_every = atoi(optarg);
                else
                        return 2;
        if (argc - optind < 2) {
                fprintf(stderr, "transform [-n MESSAGES] [-t MILLISECONDS] [-a N] INPUT OUTPUT [consumer.|producer.]NAME=VALUE...\n");
                return 2;
        }
        signal(SIGTERM, on_signal);
        signal(SIGINT, on_signal);
        app.output = argv[optind + 1];
        start(&app, argv[optind], argv + optind + 2);
        say("started");
        run(&app);
        say("closing");
        rd_kafka_consumer_close(app.consumer);
        rd_kafka_destroy(app.consumer);
        rd_kafka_destroy(app.producer);
        say("closed %d", app.failed);
        return app.failed ? 3 : 0;
}
