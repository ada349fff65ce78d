/*
 * Topics are created, altered, extended and deleted, ten at a time, while somebody restarts the brokers (chaos.sh). Every call ends
 * within its timeout. What is true afterwards is printed for each topic, to be compared with what Kafka's own tools tell:
 *
 *   NAME exists|gone|unknown PARTITIONS RETENTION_MS        0 for what a call that timed out has left unknown
 *
 * chaos PREFIX TOPICS TIMEOUT_MS; the numbers of outcomes go to stderr, and the exit code is 1 after a call that ended too late.
 */
#include "client.h"

enum step { CREATE, ALTER, EXTEND, DELETE, DONE };
static const char *step_names[] = {"create", "alter", "extend", "delete"};

struct topic {
        char name[128];
        enum step step;
        int64_t asked;
        int exists; /* 1, 0, or -1: unknown. */
        int partitions, retention;
};

static rd_kafka_t *rk;
static rd_kafka_queue_t *q;
static int timeout_ms, late, ended[4][3]; /* Done, refused, timed out. */

/* A processor that is busy elsewhere, not the library, may be this late. */
#define LATE_MS 2000

static void ask(struct topic *t) {
        static const rd_kafka_admin_op_t ops[] = {RD_KAFKA_ADMIN_OP_CREATETOPICS, RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS,
                                                  RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, RD_KAFKA_ADMIN_OP_DELETETOPICS};
        rd_kafka_AdminOptions_t *o             = rd_kafka_AdminOptions_new(rk, ops[t->step]);
        char errstr[256], value[16];
        rd_kafka_AdminOptions_set_request_timeout(o, timeout_ms, errstr, sizeof(errstr));
        rd_kafka_AdminOptions_set_opaque(o, t);
        t->asked = now_ms();
        switch (t->step) {
        case CREATE: {
                rd_kafka_NewTopic_t *n = rd_kafka_NewTopic_new(t->name, 2, 3, errstr, sizeof(errstr));
                rd_kafka_CreateTopics(rk, &n, 1, o, q);
                rd_kafka_NewTopic_destroy(n);
                break;
        }
        case ALTER: {
                rd_kafka_ConfigResource_t *r = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, t->name);
                snprintf(value, sizeof(value), "%d", t->retention);
                rd_kafka_error_destroy(
                    rd_kafka_ConfigResource_add_incremental_config(r, "retention.ms", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, value));
                rd_kafka_IncrementalAlterConfigs(rk, &r, 1, o, q);
                rd_kafka_ConfigResource_destroy(r);
                break;
        }
        case EXTEND: {
                rd_kafka_NewPartitions_t *n = rd_kafka_NewPartitions_new(t->name, 4, errstr, sizeof(errstr));
                rd_kafka_CreatePartitions(rk, &n, 1, o, q);
                rd_kafka_NewPartitions_destroy(n);
                break;
        }
        default: {
                rd_kafka_DeleteTopic_t *d = rd_kafka_DeleteTopic_new(t->name);
                rd_kafka_DeleteTopics(rk, &d, 1, o, q);
                rd_kafka_DeleteTopic_destroy(d);
        }
        }
        rd_kafka_AdminOptions_destroy(o);
}

/* The code for the one topic of the call. */
static rd_kafka_resp_err_t code_of(rd_kafka_event_t *e) {
        const rd_kafka_topic_result_t **topics = NULL;
        const rd_kafka_ConfigResource_t **resources;
        size_t count = 0;
        if (rd_kafka_event_error(e))
                return rd_kafka_event_error(e);
        switch (rd_kafka_event_type(e)) {
        case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
                topics = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(e), &count);
                break;
        case RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT:
                topics = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(e), &count);
                break;
        case RD_KAFKA_EVENT_DELETETOPICS_RESULT:
                topics = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(e), &count);
                break;
        default:
                resources = rd_kafka_IncrementalAlterConfigs_result_resources(rd_kafka_event_IncrementalAlterConfigs_result(e), &count);
                return count == 1 ? rd_kafka_ConfigResource_error(resources[0]) : RD_KAFKA_RESP_ERR__FAIL;
        }
        return count == 1 ? rd_kafka_topic_result_error(topics[0]) : RD_KAFKA_RESP_ERR__FAIL;
}

static int is_unknown(rd_kafka_resp_err_t err) {
        return err == RD_KAFKA_RESP_ERR__TIMED_OUT || err == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT ||
               err == RD_KAFKA_RESP_ERR__TRANSPORT;
}

/*
 * Takes in how the topic's call ended. A request that was lost on its way back is sent again, and the answer to the second
 * one is what the first has done: a topic that exists already has been created.
 */
static void learn(struct topic *t, rd_kafka_event_t *e, int number) {
        rd_kafka_resp_err_t err = code_of(e);
        int64_t took            = now_ms() - t->asked;
        int unknown             = is_unknown(err);
        ended[t->step][unknown ? 2 : err != 0]++;
        if (took > timeout_ms + LATE_MS) {
                fprintf(stderr, "%s %s took %" PRId64 " ms\n", step_names[t->step], t->name, took);
                late++;
        }
        switch (t->step) {
        case CREATE:
                t->exists = unknown ? -1 : !err || err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
                if (!unknown && !t->exists)
                        fprintf(stderr, "create %s: %s\n", t->name, rd_kafka_err2name(err));
                break;
        case ALTER:
                if (err) {
                        if (!unknown && t->exists == 1)
                                fprintf(stderr, "alter %s: %s\n", t->name, rd_kafka_err2name(err));
                        t->retention = 0;
                }
                break;
        case EXTEND:
                if (!err || err == RD_KAFKA_RESP_ERR_INVALID_PARTITIONS)
                        t->partitions = 4;
                else
                        t->partitions = unknown ? 0 : t->partitions;
                break;
        default: t->exists = unknown ? -1 : err && err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ? -1 : 0;
        }
        /* Every third topic is not extended, every second one stays. */
        do
                t->step++;
        while ((t->step == EXTEND && number % 3 == 0) || (t->step == DELETE && number % 2 == 0));
        if (t->step == DONE || (t->exists == 0 && t->step != DONE))
                t->step = DONE;
}

int main(int argc, char **argv) {
        struct topic *all;
        int count, next = 0, open = 0, i, done = 0;
        if (argc != 4) {
                fprintf(stderr, "usage: chaos PREFIX TOPICS TIMEOUT_MS\n");
                return 2;
        }
        count      = atoi(argv[2]);
        timeout_ms = atoi(argv[3]);
        all        = calloc((size_t)count, sizeof(*all));
        rk         = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", bootstrap(), "client.id", "admin-chaos", NULL));
        q          = rd_kafka_queue_new(rk);
        while (next < count || open) {
                rd_kafka_event_t *e;
                for (; next < count && open < 10; next++, open++) {
                        snprintf(all[next].name, sizeof(all[next].name), "%s%d", argv[1], next);
                        all[next].partitions = 2;
                        all[next].retention  = 100000 + next;
                        ask(&all[next]);
                }
                e = rd_kafka_queue_poll(q, timeout_ms + 60000);
                if (!e) {
                        fprintf(stderr, "%d calls never ended\n", open);
                        return 1;
                }
                i = (int)((struct topic *)rd_kafka_event_opaque(e) - all);
                learn(&all[i], e, i);
                rd_kafka_event_destroy(e);
                if (all[i].step != DONE) {
                        ask(&all[i]);
                        continue;
                }
                open--;
                if (++done % 100 == 0)
                        fprintf(stderr, "%d of %d topics done\n", done, count);
        }
        for (i = 0; i < count; i++)
                printf("%s %s %d %d\n", all[i].name, all[i].exists > 0 ? "exists" : all[i].exists ? "unknown" : "gone", all[i].partitions,
                       all[i].retention);
        for (i = 0; i < 4; i++)
                fprintf(stderr, "%s: %d done, %d refused, %d timed out\n", step_names[i], ended[i][0], ended[i][1], ended[i][2]);
        rd_kafka_queue_destroy(q);
        rd_kafka_destroy(rk);
        free(all);
        return late > 0;
}
