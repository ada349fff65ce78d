/* steady SECONDS RATE TOPIC name=value...: an idempotent producer and a consumer at the same time, for SECONDS.
 *
 * RATE messages a second are sent to PARTITIONS partitions in turn, numbered; the consumer wants each partition's numbers one after
 * the other. Error events are printed as they come: "EVENT seconds code text". At the end there is one line
 *
 *   sent N failed N got N lost N again N order N connects N disconnects N slowest MS
 *
 * again: duplicates; order: messages that came before an earlier one of their partition; connects and disconnects are the
 * producer's and the consumer's, from the statistics; slowest is the longest time from producing to the delivery report. Logs go
 * to standard error. It exits with 0 when everything sent has come once and in order. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "rdkafka.h"

#define PARTITIONS 4
#define PADDING 200

static long long start;
static atomic_long delivered, failed, slowest, expected;
static atomic_int sending = 1;
static long again, disordered, got;

/* What the statistics of the two clients last said: connects, disconnects. */
static long counts[2][2];

struct message {
    long number;
    char padding[PADDING];
};

static long long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
    (void)rk, (void)opaque;
    printf("EVENT %.1f %s %s\n", (now_ms() - start) / 1000.0, rd_kafka_err2name((rd_kafka_resp_err_t)err), reason);
    fflush(stdout);
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
    long took = rd_kafka_message_latency(m) / 1000;
    (void)rk, (void)opaque;
    if (m->err) {
        if (atomic_fetch_add(&failed, 1) == 0) printf("FAILED %s\n", rd_kafka_err2str(m->err));
    } else {
        atomic_fetch_add(&delivered, 1);
        if (took > atomic_load(&slowest)) atomic_store(&slowest, took);
    }
}

static long sum(const char *json, const char *name) {
    long total = 0;
    while ((json = strstr(json, name)) != NULL) {
        json += strlen(name);
        total += strtol(json, NULL, 10);
    }
    return total;
}

static int on_stats(rd_kafka_t *rk, char *json, size_t len, void *opaque) {
    long *of = counts[rd_kafka_type(rk) == RD_KAFKA_CONSUMER];
    (void)len, (void)opaque;
    of[0] = sum(json, "\"connects\":");
    of[1] = sum(json, "\"disconnects\":");
    return 0;
}

static rd_kafka_conf_t *configuration(int argc, char **argv) {
    char text[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_stats_cb(conf, on_stats);
    rd_kafka_conf_set(conf, "statistics.interval.ms", "500", NULL, 0);
    for (int i = 4; i < argc; i++) {
        char *copy = strdup(argv[i]), *equals = strchr(copy, '=');
        if (!equals) exit(2);
        *equals = 0;
        if (rd_kafka_conf_set(conf, copy, equals + 1, text, sizeof text) != RD_KAFKA_CONF_OK) {
            printf("CREATE %s\n", text);
            exit(1);
        }
        free(copy);
    }
    return conf;
}

static rd_kafka_t *client(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
    char text[512];
    rd_kafka_t *rk = rd_kafka_new(type, conf, text, sizeof text);
    if (!rk) {
        printf("CREATE %s\n", text);
        exit(1);
    }
    return rk;
}

struct production {
    rd_kafka_t *rk;
    const char *topic;
    long rate;
    long long until;
    long sent;
};

static void *produce(void *arg) {
    struct production *p = arg;
    long long began = now_ms();
    while (now_ms() < p->until) {
        long due = (long)((now_ms() - began) * p->rate / 1000);
        while (p->sent < due) {
            struct message m = {.number = p->sent};
            rd_kafka_resp_err_t err =
                rd_kafka_producev(p->rk, RD_KAFKA_V_TOPIC(p->topic), RD_KAFKA_V_PARTITION((int)(p->sent % PARTITIONS)),
                                  RD_KAFKA_V_VALUE(&m, sizeof m), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
            if (err) break;
            p->sent++;
        }
        rd_kafka_poll(p->rk, 5);
    }
    rd_kafka_flush(p->rk, 60000);
    atomic_store(&expected, p->sent);
    atomic_store(&sending, 0);
    return NULL;
}

static void check(const rd_kafka_message_t *m, long *next) {
    struct message value;
    if (m->len != sizeof value) {
        disordered++;
        return;
    }
    memcpy(&value, m->payload, sizeof value);
    if (value.number == next[m->partition]) {
        next[m->partition] += PARTITIONS;
        got++;
    } else if (value.number < next[m->partition]) {
        again++;
    } else {
        /* Those in between count as lost, unless they come later, which makes them duplicates. */
        disordered++;
        next[m->partition] = value.number + PARTITIONS;
        got++;
    }
}

int main(int argc, char **argv) {
    char text[512];
    if (argc < 4) return 2;
    start = now_ms();
    rd_kafka_conf_t *conf = configuration(argc, argv);
    rd_kafka_conf_t *consuming = rd_kafka_conf_dup(conf);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set(conf, "enable.idempotence", "true", text, sizeof text);
    rd_kafka_conf_set(conf, "linger.ms", "20", text, sizeof text);
    snprintf(text, sizeof text, "steady-%s", argv[3]);
    rd_kafka_conf_set(consuming, "group.id", text, NULL, 0);
    rd_kafka_conf_set(consuming, "auto.offset.reset", "earliest", NULL, 0);
    struct production p = {client(RD_KAFKA_PRODUCER, conf), argv[3], atol(argv[2]), start + 1000LL * atoi(argv[1]), 0};
    rd_kafka_t *consumer = client(RD_KAFKA_CONSUMER, consuming);
    rd_kafka_poll_set_consumer(consumer);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, argv[3], RD_KAFKA_PARTITION_UA);
    rd_kafka_subscribe(consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);

    pthread_t producer;
    pthread_create(&producer, NULL, produce, &p);
    long next[PARTITIONS];
    for (int i = 0; i < PARTITIONS; i++) next[i] = i;
    long long give_up = 0;
    while (1) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(consumer, 100);
        if (m) {
            if (!m->err && m->partition < PARTITIONS) check(m, next);
            else if (m->err) printf("EVENT %.1f %s %s\n", (now_ms() - start) / 1000.0, rd_kafka_err2name(m->err), rd_kafka_message_errstr(m));
            rd_kafka_message_destroy(m);
        }
        if (atomic_load(&sending)) continue;
        if (!give_up) give_up = now_ms() + 30000;
        if (got >= atomic_load(&expected) || now_ms() > give_up) break;
    }
    pthread_join(producer, NULL);
    long lost = p.sent - got;
    printf("sent %ld failed %ld got %ld lost %ld again %ld order %ld connects %ld disconnects %ld slowest %ld\n", p.sent, failed, got,
           lost, again, disordered, counts[0][0] + counts[1][0], counts[0][1] + counts[1][1], slowest);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    rd_kafka_destroy(p.rk);
    return lost || again || disordered || failed || delivered != p.sent || p.sent == 0;
}
