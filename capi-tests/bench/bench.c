/*
 * One workload, one process, one line of figures: the library it runs on is whichever the loader finds.
 *
 *     bench WORKLOAD COUNT TOPIC [conf=value]...
 *
 * Workloads: fill[-SIZE], produce-SIZE[@RATE], transactions-SIZE, latency, paced, poll, subscribed, batch, share, simple-batch, simple-callback, idle, connect; topics TOPIC
 * exist already.
 * connect: COUNT clients, one after another, each from rd_kafka_new to the answer to its first metadata request.
 * first[-metadata][@mock]: COUNT times a new client and its first message to a new topic, whose name begins with TOPIC.
 * produce-SIZE@RATE goes as fast as it can for all figures but the latency: with the queue always full that would tell how
 * long the queue is (full_p50, full_p99), and more of the library that takes messages faster. Latency is that of a second part of two
 * seconds, at RATE messages a second, which any library sustains.
 * CPU is user and system time of the whole process (getrusage) over the measured part, so that of the library's threads too.
 */
#include <sys/resource.h>

#include "client.h"
#include "rdkafka_mock.h"

struct figures {
        int64_t start_us, end_us, cpu_us, switches;
};

static int64_t cpu_us(int64_t *switches) {
        struct rusage u;
        getrusage(RUSAGE_SELF, &u);
        if (switches)
                *switches = u.ru_nvcsw + u.ru_nivcsw;
        return (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static void begin(struct figures *f) {
        f->cpu_us   = cpu_us(&f->switches);
        f->start_us = now_us();
}

static void end(struct figures *f) {
        int64_t switches;
        f->end_us   = now_us();
        f->cpu_us   = cpu_us(&switches) - f->cpu_us;
        f->switches = switches - f->switches;
}

/* Latencies in units of 10 ns; every 16th message of the fast workloads is timed, so that the clock costs nothing. */
#define SAMPLES 1000000
static uint32_t *samples;
static int sample_cnt;

static int64_t stamp_now(void) {
        struct timespec ts;
        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 100000000 + ts.tv_nsec / 10;
}

static void sample(int64_t since) {
        int64_t took = stamp_now() - since;
        if (sample_cnt < SAMPLES)
                samples[sample_cnt++] = took < 0 ? 0 : took > 4000000000 ? 4000000000u : (uint32_t)took;
}

static int compare(const void *a, const void *b) {
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        return x < y ? -1 : x > y;
}

static void sort_samples(void) {
        qsort(samples, (size_t)sample_cnt, sizeof(*samples), compare);
}

/* Of sorted samples. */
static double percentile(double p) {
        return sample_cnt ? samples[(int)((sample_cnt - 1) * p)] / 100.0 : 0;
}

/* While the queue is full; shown beside those at a rate. */
static double full_p50, full_p99;

static void report(const char *workload, int64_t count, const struct figures *f) {
        struct rusage u;
        int threads    = t_threads();
        double seconds = (double)(f->end_us - f->start_us) / 1e6;
        getrusage(RUSAGE_SELF, &u);
        sort_samples();
        printf("workload=%s count=%" PRId64 " cpu=%.4f rate=%.0f p50=%.2f p99=%.2f full_p50=%.2f full_p99=%.2f rss=%ld threads=%d"
               " switches=%" PRId64 " seconds=%.3f version=%s\n",
               workload, count, (double)f->cpu_us / (double)count, (double)count / seconds, percentile(0.5), percentile(0.99),
               full_p50, full_p99, u.ru_maxrss, threads, f->switches, seconds, rd_kafka_version_str());
}

static void die(const char *what, const char *why) {
        fprintf(stderr, "bench: %s: %s\n", what, why);
        exit(1);
}

/* A thousand payloads of text that compresses about as log lines do, the same in every run. */
#define PAYLOADS 1000
static char *payloads;
static size_t payload_size;

static void make_payloads(size_t size) {
        static const char *const WORDS[] = {"user", "order", "status=200", "GET", "/api/v1/items", "latency", "warehouse",
                                            "shipped", "pending", "eu-west-1", "customer", "error", "retry", "ok"};
        uint32_t seed = 42;
        size_t i, used;
        payload_size = size;
        payloads     = malloc(PAYLOADS * size);
        for (i = 0; i < PAYLOADS; i++) {
                char *p = payloads + i * size;
                for (used = 0; used < size;) {
                        char word[32];
                        size_t n;
                        seed = seed * 1664525u + 1013904223u;
                        n    = (seed >> 28) < 6 ? (size_t)snprintf(word, sizeof(word), "%08x ", seed)
                                                : (size_t)snprintf(word, sizeof(word), "%s ", WORDS[(seed >> 16) % 14]);
                        if (n > size - used)
                                n = size - used;
                        memcpy(p + used, word, n);
                        used += n;
                }
        }
}

/* ---- producing ---- */

static int64_t delivered, failed;

static void dr_cb(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)opaque;
        if (m->err)
                failed++;
        else
                delivered++;
        if (m->_private)
                sample((int64_t)(intptr_t)m->_private);
}

static void enqueue(rd_kafka_t *rk, rd_kafka_topic_t *rkt, int32_t partition, int64_t count, int timed) {
        int64_t i;
        for (i = 0; i < count; i++) {
                void *stamp = timed && i % 16 == 0 ? (void *)(intptr_t)stamp_now() : NULL;
                while (rd_kafka_produce(rkt, partition, RD_KAFKA_MSG_F_COPY, payloads + (i % PAYLOADS) * payload_size, payload_size,
                                        NULL, 0, stamp) == -1) {
                        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
                                die("produce", rd_kafka_err2str(rd_kafka_last_error()));
                        rd_kafka_poll(rk, 100);
                }
                if (i % 100 == 99)
                        rd_kafka_poll(rk, 0);
        }
}

static void produce(rd_kafka_t *rk, rd_kafka_topic_t *rkt, int32_t partition, int64_t count, int timed) {
        enqueue(rk, rkt, partition, count, timed);
        while (rd_kafka_outq_len(rk) > 0)
                rd_kafka_poll(rk, 100);
}

static volatile int stop_poller;
static void *poller(void *rk) {
        while (!stop_poller)
                rd_kafka_poll(rk, 100);
        return NULL;
}

static void pace(struct timespec *next, long ns) {
        next->tv_nsec += ns;
        if (next->tv_nsec >= 1000000000) {
                next->tv_nsec -= 1000000000;
                next->tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL);
}

static void start_poller(rd_kafka_t *rk, pthread_t *thread) {
        stop_poller = 0;
        if (pthread_create(thread, NULL, poller, rk))
                die("pthread_create", strerror(errno));
}

/* Two seconds at so many messages a second, and the messages on their way at the end. Reports are taken by another thread. */
static int64_t produce_at(rd_kafka_t *rk, rd_kafka_topic_t *rkt, int64_t rate) {
        struct timespec next;
        pthread_t thread;
        int64_t tick, i, sent = 0;
        start_poller(rk, &thread);
        clock_gettime(CLOCK_MONOTONIC, &next);
        for (tick = 1; tick <= 2000; tick++) {
                for (i = sent; i < rate * tick / 1000; i++)
                        if (rd_kafka_produce(rkt, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK,
                                             payloads + (i % PAYLOADS) * payload_size, payload_size, NULL, 0,
                                             tick > 200 && i % 16 == 0 ? (void *)(intptr_t)stamp_now() : NULL) == -1)
                                die("produce", rd_kafka_err2str(rd_kafka_last_error()));
                sent = i;
                pace(&next, 1000000);
        }
        while (rd_kafka_outq_len(rk) > 0)
                usleep(1000);
        stop_poller = 1;
        pthread_join(thread, NULL);
        return sent;
}

static void bench_produce(const char *workload, rd_kafka_conf_t *conf, const char *topic, int64_t count, size_t size) {
        const char *at = strchr(workload, '@');
        struct figures f;
        rd_kafka_t *rk;
        rd_kafka_topic_t *rkt;
        int64_t warm = count / 20 + 1000;
        make_payloads(size);
        rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
        rk  = client(RD_KAFKA_PRODUCER, conf);
        rkt = rd_kafka_topic_new(rk, topic, NULL);
        produce(rk, rkt, RD_KAFKA_PARTITION_UA, warm, 0);
        begin(&f);
        produce(rk, rkt, RD_KAFKA_PARTITION_UA, count, 1);
        end(&f);
        if (at) {
                sort_samples();
                full_p50   = percentile(0.5);
                full_p99   = percentile(0.99);
                sample_cnt = 0;
                warm += produce_at(rk, rkt, atoll(at + 1));
        }
        if (failed || delivered != warm + count)
                die(workload, "messages were not delivered");
        report(workload, count, &f);
        rd_kafka_topic_destroy(rkt);
        rd_kafka_destroy(rk);
}

static void check(const char *call, rd_kafka_error_t *error) {
        if (error)
                die(call, rd_kafka_error_string(error));
}

/* COUNT messages in transactions of a thousand. Latency is that of a transaction, from its beginning to the end of its commit. */
static void bench_transactions(const char *workload, rd_kafka_conf_t *conf, const char *topic, int64_t count, size_t size) {
        const int64_t each = 1000, warm = 10 * each;
        struct figures f;
        rd_kafka_t *rk;
        rd_kafka_topic_t *rkt;
        int64_t done;
        make_payloads(size);
        rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
        rk  = client(RD_KAFKA_PRODUCER, conf);
        rkt = rd_kafka_topic_new(rk, topic, NULL);
        check("init_transactions", rd_kafka_init_transactions(rk, 60000));
        count = count / each * each;
        for (done = 0; done < warm + count; done += each) {
                int64_t start;
                if (done == warm) {
                        sample_cnt = 0;
                        begin(&f);
                }
                start = stamp_now();
                check("begin_transaction", rd_kafka_begin_transaction(rk));
                enqueue(rk, rkt, RD_KAFKA_PARTITION_UA, each, 0);
                check("commit_transaction", rd_kafka_commit_transaction(rk, 60000));
                sample(start);
        }
        end(&f);
        if (failed || delivered != warm + count)
                die(workload, "messages were not delivered");
        report(workload, count, &f);
        rd_kafka_topic_destroy(rkt);
        rd_kafka_destroy(rk);
}

/* One message at a time: the next is produced when the report of the last has been taken. */
static void bench_latency(const char *workload, rd_kafka_conf_t *conf, const char *topic, int64_t count) {
        struct figures f;
        rd_kafka_t *rk;
        rd_kafka_topic_t *rkt;
        int64_t i, warm = count / 10 + 100;
        make_payloads(100);
        rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
        rk  = client(RD_KAFKA_PRODUCER, conf);
        rkt = rd_kafka_topic_new(rk, topic, NULL);
        for (i = 0; i < warm + count; i++) {
                if (i == warm) {
                        sample_cnt = 0;
                        begin(&f);
                }
                if (rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, payloads + (i % PAYLOADS) * payload_size, payload_size, NULL, 0,
                                     (void *)(intptr_t)stamp_now()) == -1)
                        die("produce", rd_kafka_err2str(rd_kafka_last_error()));
                while (delivered + failed <= i)
                        rd_kafka_poll(rk, 1000);
        }
        end(&f);
        if (failed)
                die(workload, "messages were not delivered");
        report(workload, count, &f);
        rd_kafka_topic_destroy(rkt);
        rd_kafka_destroy(rk);
}

/* A message every 500 microseconds, whatever the reports do; another thread takes these. What the waiting itself costs
 * this program is measured first, without messages, and taken off. */
static void bench_paced(const char *workload, rd_kafka_conf_t *conf, const char *topic, int64_t count) {
        struct figures f, waiting;
        pthread_t thread;
        struct timespec next;
        rd_kafka_t *rk;
        rd_kafka_topic_t *rkt;
        int64_t i, warm = count / 10 + 100;
        make_payloads(100);
        rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
        rk  = client(RD_KAFKA_PRODUCER, conf);
        rkt = rd_kafka_topic_new(rk, topic, NULL);
        start_poller(rk, &thread);
        clock_gettime(CLOCK_MONOTONIC, &next);
        for (i = 0; i < warm + count; i++) {
                if (i == warm)
                        begin(&f);
                if (rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, payloads + (i % PAYLOADS) * payload_size, payload_size, NULL, 0,
                                     i < warm ? NULL : (void *)(intptr_t)stamp_now()) == -1)
                        die("produce", rd_kafka_err2str(rd_kafka_last_error()));
                pace(&next, 500000);
        }
        while (rd_kafka_outq_len(rk) > 0)
                usleep(1000);
        end(&f);
        stop_poller = 1;
        pthread_join(thread, NULL);
        if (failed || delivered != warm + count)
                die(workload, "messages were not delivered");
        rd_kafka_topic_destroy(rkt);
        rd_kafka_destroy(rk);
        clock_gettime(CLOCK_MONOTONIC, &next);
        begin(&waiting);
        for (i = 0; i < count; i++)
                pace(&next, 500000);
        end(&waiting);
        fprintf(stderr, "waiting costs %.1f us of %.1f\n", (double)waiting.cpu_us / (double)count, (double)f.cpu_us / (double)count);
        f.cpu_us -= waiting.cpu_us;
        report(workload, count, &f);
}

/* From before the first call for the topic (rd_kafka_metadata, or produce) to the report. */
static void bench_first(const char *workload, rd_kafka_conf_t *conf, const char *topic, int64_t count) {
        int metadata = !!strstr(workload, "-metadata"), mock = !!strstr(workload, "@mock");
        rd_kafka_mock_cluster_t *cluster = NULL;
        rd_kafka_t *host                 = NULL;
        struct figures f;
        int64_t i;
        if (mock) {
                host    = client(RD_KAFKA_PRODUCER, conf_of(NULL, NULL));
                cluster = rd_kafka_mock_cluster_new(host, 1);
                conf_put(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster));
        }
        rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
        begin(&f);
        for (i = 0; i < count; i++) {
                rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, rd_kafka_conf_dup(conf));
                rd_kafka_topic_t *rkt;
                int64_t start;
                char name[128];
                snprintf(name, sizeof(name), "%s-%d-%" PRId64, topic, getpid(), i);
                rkt   = rd_kafka_topic_new(rk, name, NULL);
                start = stamp_now();
                if (metadata) {
                        const rd_kafka_metadata_t *md;
                        rd_kafka_resp_err_t err = rd_kafka_metadata(rk, 0, rkt, &md, 10000);
                        if (err)
                                die("metadata", rd_kafka_err2str(err));
                        rd_kafka_metadata_destroy(md);
                }
                if (rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, "v", 1, NULL, 0, (void *)(intptr_t)start) == -1)
                        die("produce", rd_kafka_err2str(rd_kafka_last_error()));
                while (delivered + failed <= i)
                        rd_kafka_poll(rk, 1000);
                rd_kafka_topic_destroy(rkt);
                rd_kafka_destroy(rk);
                if (!mock)
                        wire_delete_topic(bootstrap(), name);
        }
        end(&f);
        if (failed)
                die(workload, "messages were not delivered");
        report(workload, count, &f);
        rd_kafka_conf_destroy(conf);
        if (mock) {
                rd_kafka_mock_cluster_destroy(cluster);
                rd_kafka_destroy(host);
        }
}

/* ---- consuming ---- */

static int64_t received, bytes;
static int64_t next_offset[1024];

/* What an application does at least: looks at each message. Offsets must be without a gap. */
static void take(const rd_kafka_message_t *m) {
        if (m->err) {
                if (m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
                        die("consume", rd_kafka_message_errstr(m));
                return;
        }
        if (m->offset != next_offset[m->partition & 1023]++)
                die("consume", "offsets have a gap");
        bytes += (int64_t)m->len + ((const char *)m->payload)[0];
        received++;
}

/* Timed is the wait for the next message, as for the other ways: a call that serves all there is takes the longer the more
 * that is. */
static void take_cb(rd_kafka_message_t *m, void *opaque) {
        static int64_t returned;
        (void)opaque;
        if (returned)
                sample(returned);
        take(m);
        returned = received % 16 == 0 ? stamp_now() : 0;
}

static int partitions_of(rd_kafka_t *rk, rd_kafka_topic_t *rkt) {
        const struct rd_kafka_metadata *md;
        rd_kafka_resp_err_t err;
        int n;
        if ((err = rd_kafka_metadata(rk, 0, rkt, &md, 10000)))
                die("metadata", rd_kafka_err2str(err));
        n = md->topic_cnt == 1 ? md->topics[0].partition_cnt : 0;
        rd_kafka_metadata_destroy(md);
        if (n < 1)
                die("metadata", "no partitions");
        return n;
}

/* A stall of ten seconds is a failure, not a slow run. */
static void stalled(int sig) {
        static int64_t before = -1;
        (void)sig;
        if (received == before) {
                static const char text[] = "bench: consuming stalled\n";
                ssize_t r                = write(2, text, sizeof(text) - 1);
                (void)r;
                _exit(1);
        }
        before = received;
        alarm(10);
}

enum how { POLL, SUBSCRIBED, BATCH, SIMPLE_BATCH, SIMPLE_CALLBACK };

static void bench_consume(const char *workload, rd_kafka_conf_t *conf, const char *topic, int64_t count, enum how how) {
        static rd_kafka_message_t *messages[1000];
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(16);
        struct figures f;
        rd_kafka_t *rk        = client(RD_KAFKA_CONSUMER, conf);
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, topic, NULL);
        rd_kafka_queue_t *q   = NULL;
        int partitions        = partitions_of(rk, rkt), i;
        int64_t calls         = 0;
        signal(SIGALRM, stalled);
        alarm(10);
        begin(&f);
        if (how == POLL || how == SUBSCRIBED || how == BATCH) {
                /* A subscription names the topic once. */
                for (i = 0; i < (how == SUBSCRIBED ? 1 : partitions); i++)
                        rd_kafka_topic_partition_list_add(l, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
                q = rd_kafka_queue_get_consumer(rk);
                if (how == SUBSCRIBED ? rd_kafka_subscribe(rk, l) : rd_kafka_assign(rk, l))
                        die("assign", "failed");
        } else {
                q = rd_kafka_queue_new(rk);
                for (i = 0; i < partitions; i++)
                        if (how == SIMPLE_BATCH ? rd_kafka_consume_start(rkt, i, RD_KAFKA_OFFSET_BEGINNING)
                                                : rd_kafka_consume_start_queue(rkt, i, RD_KAFKA_OFFSET_BEGINNING, q))
                                die("consume_start", rd_kafka_err2str(rd_kafka_last_error()));
        }
        while (received < count) {
                int64_t before = calls++ % 16 == 0 || how > SUBSCRIBED ? stamp_now() : 0;
                ssize_t n = 0, j;
                rd_kafka_message_t *m;
                switch (how) {
                case POLL:
                case SUBSCRIBED:
                        m = rd_kafka_consumer_poll(rk, 1000);
                        if (before)
                                sample(before);
                        if (m) {
                                take(m);
                                rd_kafka_message_destroy(m);
                        }
                        continue;
                case BATCH:
                        n = rd_kafka_consume_batch_queue(q, 1000, messages, 1000);
                        break;
                case SIMPLE_BATCH:
                        n = rd_kafka_consume_batch(rkt, (int32_t)(calls % partitions), 1000, messages, 1000);
                        break;
                case SIMPLE_CALLBACK:
                        if (rd_kafka_consume_callback_queue(q, 1000, take_cb, NULL) < 0)
                                die("consume_callback_queue", rd_kafka_err2str(rd_kafka_last_error()));
                        continue;
                }
                if (n < 0)
                        die("consume", rd_kafka_err2str(rd_kafka_last_error()));
                sample(before);
                for (j = 0; j < n; j++) {
                        take(messages[j]);
                        rd_kafka_message_destroy(messages[j]);
                }
        }
        end(&f);
        alarm(0);
        report(workload, received, &f);
        if (how == POLL || how == BATCH)
                rd_kafka_assign(rk, NULL);
        else if (how == SUBSCRIBED)
                rd_kafka_consumer_close(rk);
        else
                for (i = 0; i < partitions; i++)
                        rd_kafka_consume_stop(rkt, i);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_queue_destroy(q);
        rd_kafka_topic_destroy(rkt);
        rd_kafka_destroy(rk);
}

#include "share.h"

/* A consumer at the end of its partition, for COUNT milliseconds: CPU and context switches per second. */
static void bench_idle(const char *workload, rd_kafka_conf_t *conf, const char *topic, int64_t count) {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        struct figures f;
        rd_kafka_t *rk        = client(RD_KAFKA_CONSUMER, conf);
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, topic, NULL);
        partitions_of(rk, rkt);
        rd_kafka_topic_partition_list_add(l, topic, 0)->offset = RD_KAFKA_OFFSET_END;
        if (rd_kafka_assign(rk, l) || rd_kafka_consumer_poll(rk, 1000))
                die("idle", "not idle");
        begin(&f);
        if (rd_kafka_consumer_poll(rk, (int)count))
                die("idle", "a message");
        end(&f);
        report(workload, count, &f);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_topic_destroy(rkt);
        rd_kafka_destroy(rk);
}

static void bench_connect(const char *workload, rd_kafka_conf_t *conf, int64_t count) {
        struct figures f;
        int64_t i;
        begin(&f);
        for (i = 0; i < count; i++) {
                const struct rd_kafka_metadata *md;
                int64_t start   = stamp_now();
                rd_kafka_t *rk  = client(RD_KAFKA_PRODUCER, rd_kafka_conf_dup(conf));
                rd_kafka_resp_err_t err = rd_kafka_metadata(rk, 0, NULL, &md, 10000);
                if (err)
                        die("metadata", rd_kafka_err2str(err));
                sample(start);
                rd_kafka_metadata_destroy(md);
                rd_kafka_destroy(rk);
        }
        end(&f);
        report(workload, count, &f);
        rd_kafka_conf_destroy(conf);
}

/* ---- preparing ---- */

static void create(const char *topic, int partitions) {
        char errstr[256];
        if (wire_create_topic(bootstrap(), topic, partitions, errstr, sizeof(errstr)))
                die(topic, errstr);
}

/* COUNT messages of that size, spread evenly over the topic's partitions. */
static void fill(rd_kafka_conf_t *conf, const char *topic, int64_t count, size_t size) {
        rd_kafka_t *rk;
        rd_kafka_topic_t *rkt;
        int i, partitions;
        make_payloads(size);
        conf_put(conf, "linger.ms", "50");
        rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
        rk         = client(RD_KAFKA_PRODUCER, conf);
        rkt        = rd_kafka_topic_new(rk, topic, NULL);
        partitions = partitions_of(rk, rkt);
        for (i = 0; i < partitions; i++)
                produce(rk, rkt, i, count / partitions, 0);
        if (failed || delivered != count / partitions * partitions)
                die("fill", "messages were not delivered");
        rd_kafka_topic_destroy(rkt);
        rd_kafka_destroy(rk);
}

int main(int argc, char **argv) {
        const char *workload, *topic;
        rd_kafka_conf_t *conf;
        int64_t count;
        int i;
        T_START(argc, argv);
        if (argc < 4) {
                fprintf(stderr, "usage: bench create|fill|delete|WORKLOAD COUNT TOPIC [conf=value]...\n");
                return 2;
        }
        workload = argv[1];
        count    = atoll(argv[2]);
        topic    = argv[3];
        samples  = malloc(SAMPLES * sizeof(*samples));
        conf     = conf_of("bootstrap.servers", bootstrap(), NULL);
        for (i = 4; i < argc; i++) {
                char *value = strchr(argv[i], '=');
                if (!value)
                        die(argv[i], "not NAME=VALUE");
                *value++ = '\0';
                conf_put(conf, argv[i], value);
        }
        if (!strcmp(workload, "create"))
                create(topic, (int)count);
        else if (!strcmp(workload, "delete"))
                wire_delete_topic(bootstrap(), topic);
        else if (!strncmp(workload, "fill", 4))
                fill(conf, topic, count, workload[4] == '-' ? (size_t)atoi(workload + 5) : 100);
        else if (!strncmp(workload, "produce-", 8))
                bench_produce(workload, conf, topic, count, (size_t)atoi(workload + 8));
        else if (!strncmp(workload, "transactions-", 13))
                bench_transactions(workload, conf, topic, count, (size_t)atoi(workload + 13));
        else if (!strncmp(workload, "first", 5))
                bench_first(workload, conf, topic, count);
        else if (!strcmp(workload, "latency"))
                bench_latency(workload, conf, topic, count);
        else if (!strcmp(workload, "paced"))
                bench_paced(workload, conf, topic, count);
        else if (!strcmp(workload, "share"))
                bench_share(workload, conf, topic, count);
        else if (!strcmp(workload, "subscribed"))
                bench_consume(workload, conf, topic, count, SUBSCRIBED);
        else if (!strcmp(workload, "poll"))
                bench_consume(workload, conf, topic, count, POLL);
        else if (!strcmp(workload, "batch"))
                bench_consume(workload, conf, topic, count, BATCH);
        else if (!strcmp(workload, "simple-batch"))
                bench_consume(workload, conf, topic, count, SIMPLE_BATCH);
        else if (!strcmp(workload, "simple-callback"))
                bench_consume(workload, conf, topic, count, SIMPLE_CALLBACK);
        else if (!strcmp(workload, "connect"))
                bench_connect(workload, conf, count);
        else if (!strcmp(workload, "idle"))
                bench_idle(workload, conf, topic, count);
        else
                die(workload, "unknown workload");
        return 0;
}
