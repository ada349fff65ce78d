/*
 * Three members of one consumer group: makes TOPIC with three partitions, unless it is there, and prints what each member receives.
 * Each partition belongs to one member at a time, so each message is printed once.
 *
 *     cc -O2 -Wall -pthread -o three_members three_members.c -lrdkafka
 *     ./three_members BOOTSTRAP GROUP TOPIC
 *
 * SIGINT and SIGTERM end it, with 0 if all went well. Members need not be in one program: started twice, it is a group of six,
 * of which three have nothing to do.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#define MEMBERS    3
#define PARTITIONS 3
#define POLL_MS    200
#define CREATE_MS  30000

struct member {
        int number;
        pthread_t thread;
        int failed;
};

static const char *bootstrap, *group, *topic;
static volatile sig_atomic_t stopping;

static void on_signal(int sig) {
        (void)sig;
        stopping = 1;
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

/* The outcome of the only topic that was asked for; that it is there already is as good as that it is made. */
static int created(rd_kafka_event_t *event) {
        const rd_kafka_topic_result_t **results;
        rd_kafka_resp_err_t err = rd_kafka_event_error(event);
        const char *text        = rd_kafka_event_error_string(event);
        size_t n;
        if (!err && (results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n)) && n == 1) {
                err  = rd_kafka_topic_result_error(results[0]);
                text = rd_kafka_topic_result_error_string(results[0]);
        }
        if (!err || err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
                return 1;
        fprintf(stderr, "%s is not made: %s\n", topic, text ? text : rd_kafka_err2str(err));
        return 0;
}

static int make_topic(void) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_t *rk;
        rd_kafka_queue_t *queue;
        rd_kafka_NewTopic_t *wanted;
        rd_kafka_AdminOptions_t *options;
        rd_kafka_event_t *event;
        char text[512];
        int made = 0;
        set(conf, "bootstrap.servers", bootstrap);
        rk      = client(RD_KAFKA_PRODUCER, conf);
        queue   = rd_kafka_queue_new(rk);
        options = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
        /* -1: as many replicas as the cluster has for topics by default. */
        if (rd_kafka_AdminOptions_set_request_timeout(options, CREATE_MS, text, sizeof(text)) ||
            !(wanted = rd_kafka_NewTopic_new(topic, PARTITIONS, -1, text, sizeof(text))))
                fprintf(stderr, "%s\n", text);
        else {
                rd_kafka_CreateTopics(rk, &wanted, 1, options, queue);
                rd_kafka_NewTopic_destroy(wanted);
                event = rd_kafka_queue_poll(queue, -1); /* It comes within the request's timeout, whatever happens. */
                made  = created(event);
                rd_kafka_event_destroy(event);
        }
        rd_kafka_AdminOptions_destroy(options);
        rd_kafka_queue_destroy(queue);
        rd_kafka_destroy(rk);
        return made;
}

/* Called by rd_kafka_consumer_poll and rd_kafka_consumer_close, when partitions are given to this member or taken from it. */
static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *partitions, void *opaque) {
        struct member *m = opaque;
        int assign       = err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        int i;
        for (i = 0; i < partitions->cnt; i++)
                printf("member %d %s partition %d\n", m->number, assign ? "gets" : "gives up", (int)partitions->elems[i].partition);
        fflush(stdout);
        if (strcmp(rd_kafka_rebalance_protocol(rk), "COOPERATIVE"))
                rd_kafka_assign(rk, assign ? partitions : NULL);
        else
                rd_kafka_error_destroy(assign ? rd_kafka_incremental_assign(rk, partitions)
                                              : rd_kafka_incremental_unassign(rk, partitions));
}

static void on_message(struct member *me, rd_kafka_t *rk, const rd_kafka_message_t *m) {
        if (!m->err) {
                printf("member %d: partition %d, offset %lld: %.*s\n", me->number, (int)m->partition, (long long)m->offset, (int)m->len,
                       (const char *)m->payload);
                fflush(stdout);
                return;
        }
        /* A lost connection and the like, which the library gets over by itself. */
        fprintf(stderr, "member %d: %s\n", me->number, rd_kafka_message_errstr(m));
        if (rd_kafka_fatal_error(rk, NULL, 0)) {
                me->failed = 1;
                stopping   = 1;
        }
}

static void *run(void *opaque) {
        struct member *me                       = opaque;
        rd_kafka_conf_t *conf                   = rd_kafka_conf_new();
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
        rd_kafka_message_t *m;
        rd_kafka_t *rk;
        set(conf, "bootstrap.servers", bootstrap);
        set(conf, "group.id", group);
        set(conf, "auto.offset.reset", "earliest"); /* Where a group that has committed nothing begins. */
        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
        rd_kafka_conf_set_opaque(conf, me);
        rk = client(RD_KAFKA_CONSUMER, conf);
        rd_kafka_poll_set_consumer(rk);
        rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
        me->failed = rd_kafka_subscribe(rk, topics) != RD_KAFKA_RESP_ERR_NO_ERROR;
        rd_kafka_topic_partition_list_destroy(topics);
        while (!stopping && !me->failed) {
                if (!(m = rd_kafka_consumer_poll(rk, POLL_MS)))
                        continue;
                on_message(me, rk, m);
                rd_kafka_message_destroy(m);
        }
        rd_kafka_consumer_close(rk); /* Commits what was read, and leaves the group, so that the others get the partitions at once. */
        rd_kafka_destroy(rk);
        return NULL;
}

int main(int argc, char **argv) {
        static struct member members[MEMBERS];
        int i, failed = 0;
        if (argc != 4) {
                fprintf(stderr, "usage: %s BOOTSTRAP GROUP TOPIC\n", argv[0]);
                return 1;
        }
        bootstrap = argv[1];
        group     = argv[2];
        topic     = argv[3];
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        if (!make_topic())
                return 1;
        for (i = 0; i < MEMBERS; i++) {
                members[i].number = i + 1;
                if (pthread_create(&members[i].thread, NULL, run, &members[i])) {
                        fprintf(stderr, "no thread for member %d\n", i + 1);
                        return 1;
                }
        }
        for (i = 0; i < MEMBERS; i++) {
                pthread_join(members[i].thread, NULL);
                failed |= members[i].failed;
        }
        return failed;
}
