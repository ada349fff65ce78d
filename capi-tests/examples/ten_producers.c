/*
 * Ten producers in one program: each sends its messages one by one, with a delay between them, and counts which of them the cluster
 * has acknowledged.
 *
 *     cc -O2 -Wall -pthread -o ten_producers ten_producers.c -lrdkafka
 *     ./ten_producers BOOTSTRAP TOPIC MESSAGES DELAY_MS
 *
 * Messages of one producer have the same key, so they go to one partition and keep their order. It ends with 0 if all have been
 * delivered, with 1 otherwise.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <librdkafka/rdkafka.h>

#define PRODUCERS 10
#define FLUSH_MS  30000

struct producer {
        int number;
        int delivered, failed;
        pthread_t thread;
};

static const char *bootstrap, *topic;
static int messages, delay_ms;

static long long now_ms(void) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Called by rd_kafka_poll and rd_kafka_flush, once for each message, on the thread that makes the call. */
static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        struct producer *p = opaque;
        (void)rk;
        if (!m->err) {
                p->delivered++;
                return;
        }
        p->failed++;
        fprintf(stderr, "producer %d: not delivered: %s\n", p->number, rd_kafka_err2str(m->err));
}

static rd_kafka_t *client(struct producer *p) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_t *rk;
        char text[512];
        /* With idempotence, what the library sends again after a lost answer is written once and in order. */
        if (rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, text, sizeof(text)) ||
            rd_kafka_conf_set(conf, "enable.idempotence", "true", text, sizeof(text))) {
                fprintf(stderr, "%s\n", text);
                exit(1);
        }
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        rd_kafka_conf_set_opaque(conf, p);
        if (!(rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text)))) {
                fprintf(stderr, "%s\n", text);
                exit(1);
        }
        return rk;
}

static void produce(rd_kafka_t *rk, struct producer *p, int n) {
        rd_kafka_resp_err_t err;
        char key[32], value[64];
        snprintf(key, sizeof(key), "producer-%d", p->number);
        snprintf(value, sizeof(value), "message %d of producer %d", n, p->number);
        /* The local queue is full while the cluster is slower than the program: poll serves reports, which make room. */
        while ((err = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY(key, strlen(key)),
                                        RD_KAFKA_V_VALUE(value, strlen(value)), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                        RD_KAFKA_V_END)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
                rd_kafka_poll(rk, 100);
        if (err) {
                p->failed++;
                fprintf(stderr, "producer %d: %s\n", p->number, rd_kafka_err2str(err));
        }
}

static void *run(void *opaque) {
        struct producer *p = opaque;
        rd_kafka_t *rk     = client(p);
        int n;
        for (n = 1; n <= messages; n++) {
                long long next = now_ms() + delay_ms;
                long long left = delay_ms;
                produce(rk, p, n);
                do /* It returns as soon as it has served something. */
                        rd_kafka_poll(rk, (int)left);
                while ((left = next - now_ms()) > 0);
        }
        rd_kafka_flush(rk, FLUSH_MS);
        /* What is left has been given no verdict within FLUSH_MS. */
        p->failed += rd_kafka_outq_len(rk);
        rd_kafka_destroy(rk);
        return NULL;
}

int main(int argc, char **argv) {
        static struct producer producers[PRODUCERS];
        int i, failed = 0;
        if (argc != 5) {
                fprintf(stderr, "usage: %s BOOTSTRAP TOPIC MESSAGES DELAY_MS\n", argv[0]);
                return 1;
        }
        bootstrap = argv[1];
        topic     = argv[2];
        messages  = atoi(argv[3]);
        delay_ms  = atoi(argv[4]);
        for (i = 0; i < PRODUCERS; i++) {
                producers[i].number = i + 1;
                if (pthread_create(&producers[i].thread, NULL, run, &producers[i])) {
                        fprintf(stderr, "no thread for producer %d\n", i + 1);
                        return 1;
                }
        }
        for (i = 0; i < PRODUCERS; i++) {
                pthread_join(producers[i].thread, NULL);
                printf("producer %d: %d delivered, %d failed\n", i + 1, producers[i].delivered, producers[i].failed);
                failed += producers[i].failed;
        }
        return failed ? 1 : 0;
}
