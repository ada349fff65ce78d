/*
 * One line for every call: its name, then what the call returned and what it wrote.
 *
 *     group/subscription/closed/ok<TAB>code=NO_ERROR list=
 *
 * A name is area/function/state/argument; the state is `run.state` and says what the instance is like. The line is begun
 * before the call, so that a process that ends in it has told where. Texts are told by their kind, not by their words.
 */
#ifndef REPORT_H
#define REPORT_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rdkafka.h"

#define UNUSED __attribute__((unused))

struct run {
        const char *state;
        /* This is librdkafka: what would end the process is left out. */
        int upstream;
        /* Addresses of the cluster; a topic of four partitions with five messages each; an empty topic of one. */
        char servers[512], full[128], empty[128], prefix[64];
};
extern struct run run;

/* 0 when the call is to be left out. */
int begin(const char *function, const char *argument, int ours_only);
void end(void);
/* The same in a forked child; see forked.c. */
int forked_begin(void);
void forked_end(void);
/* What was observed: "name=value". */
void told(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define CALL_(ours_only, function, argument, ...)                                                                      \
        do {                                                                                                           \
                if (begin(function, argument, ours_only)) {                                                            \
                        __VA_ARGS__;                                                                                   \
                        end();                                                                                         \
                }                                                                                                      \
        } while (0)
#define CALL(function, argument, ...) CALL_(0, function, argument, __VA_ARGS__)
/* librdkafka reads through the NULL, or ends the process by an assertion. */
#define OURS_ONLY(function, argument, ...) CALL_(1, function, argument, __VA_ARGS__)

/* What functions return. `error` ends the error, `list_out` and `text_out` end what they got. */
void code(rd_kafka_resp_err_t err);
void error(rd_kafka_error_t *e);
void number(const char *name, int64_t n);
void pointer(const char *name, const void *p);
void text(const char *name, const char *s);
void word(const char *name, const char *s);
void list(const char *name, const rd_kafka_topic_partition_list_t *l);
void message(rd_kafka_message_t *m);
void event(rd_kafka_event_t *ev);

/* Out-parameters begin as these, and are told as "kept" when they still are. */
#define KEPT_N ((int64_t)-7777)
#define KEPT_P ((void *)(intptr_t)0x7770)
void out_n(const char *name, int64_t n);
void out_p(const char *name, const void *p);
void out_text(const char *name, const char *buf);
#define KEPT_TEXT "~~~~~~~~~~~~~~~"

/* ---- instances ---- */
rd_kafka_t *instance(rd_kafka_type_t type, const char *servers, ...);
#define NOWHERE "127.0.0.1:1"
const char *fresh(const char *what);
rd_kafka_topic_partition_list_t *parts(const char *topic, int first, int cnt, int64_t offset);
int64_t now_ms(void);
/* Each state's instance: see states.c. */
rd_kafka_t *consumer_assigned(void);
rd_kafka_t *consumer_member(void);
struct closing {
        rd_kafka_queue_t *queue;
        rd_kafka_event_t *revoke;
};
rd_kafka_t *consumer_closing(struct closing *closing);

/* ---- calls by subject; each leaves the instance to who made it ---- */
void core_objects(void);
void core_lists(void);
void core_instance(rd_kafka_t *rk);
void core_queues(rd_kafka_t *rk);
void producer_calls(rd_kafka_t *rk);
void producer_topics(rd_kafka_t *rk);
void consumer_calls(rd_kafka_t *rk);
void consumer_topics(rd_kafka_t *rk);
void group_reads(rd_kafka_t *rk);
void group_commits(rd_kafka_t *rk);
void group_changes(rd_kafka_t *rk);
/* What no later call of this state outlives. */
void group_close(rd_kafka_t *rk);
void forked(void);

#endif
