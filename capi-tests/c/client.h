/* Short ways to what most cases need: a configuration from a list of pairs, a client, a topic, N messages. */
#ifndef CLIENT_H
#define CLIENT_H

#include "t.h"
#include "wire.h"

/* Logs of the library are of interest only to who looks for a fault: T_VERBOSE=1 shows them. */
static void quiet(const rd_kafka_t *rk, int level, const char *fac, const char *buf) {
        if (getenv("T_VERBOSE"))
                rd_kafka_log_print(rk, level, fac, buf);
}

static UNUSED rd_kafka_conf_t *conf_va(const char *first, va_list ap) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char errstr[512];
        const char *name, *value;
        rd_kafka_conf_set_log_cb(conf, quiet);
        for (name = first; name; name = va_arg(ap, const char *)) {
                value = va_arg(ap, const char *);
                if (rd_kafka_conf_set(conf, name, value, errstr, sizeof(errstr)) != RD_KAFKA_CONF_OK) {
                        printf("  conf %s=%s: %s\n", name, value, errstr);
                        exit(1);
                }
        }
        return conf;
}

/* conf_of("name", "value", ..., NULL) */
static UNUSED rd_kafka_conf_t *conf_of(const char *first, ...) {
        rd_kafka_conf_t *conf;
        va_list ap;
        va_start(ap, first);
        conf = conf_va(first, ap);
        va_end(ap);
        return conf;
}

static UNUSED void conf_put(rd_kafka_conf_t *conf, const char *name, const char *value) {
        char errstr[512];
        if (rd_kafka_conf_set(conf, name, value, errstr, sizeof(errstr)) != RD_KAFKA_CONF_OK) {
                printf("  conf %s=%s: %s\n", name, value, errstr);
                exit(1);
        }
}

/* Takes the configuration; ends the program when the client cannot be made. */
static UNUSED rd_kafka_t *client(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
        char errstr[512] = "";
        rd_kafka_t *rk   = rd_kafka_new(type, conf, errstr, sizeof(errstr));
        if (!rk) {
                printf("  rd_kafka_new: %s\n", errstr);
                exit(1);
        }
        return rk;
}

/* A producer on the Kafka at BOOTSTRAP: producer("name", "value", ..., NULL) */
static UNUSED rd_kafka_t *producer(const char *first, ...) {
        rd_kafka_conf_t *conf;
        va_list ap;
        va_start(ap, first);
        conf = conf_va(first, ap);
        va_end(ap);
        conf_put(conf, "bootstrap.servers", bootstrap());
        return client(RD_KAFKA_PRODUCER, conf);
}

static UNUSED rd_kafka_t *consumer(const char *first, ...) {
        rd_kafka_conf_t *conf;
        va_list ap;
        va_start(ap, first);
        conf = conf_va(first, ap);
        va_end(ap);
        conf_put(conf, "bootstrap.servers", bootstrap());
        return client(RD_KAFKA_CONSUMER, conf);
}

/* For cases that need one in programs that do not. */
static UNUSED int kafka_is_up(void) {
        char first[256];
        int fd;
        snprintf(first, sizeof(first), "%.*s", (int)strcspn(bootstrap(), ","), bootstrap());
        fd = wire_connect(first);
        if (fd >= 0)
                close(fd);
        return fd >= 0;
}

/* A name nobody used before: tests never depend on what an earlier run left. */
static UNUSED const char *fresh(const char *what) {
        static char names[16][160];
        static int next;
        static int count;
        char *name = names[next++ % 16];
        snprintf(name, sizeof(names[0]), "t-%s-%s-%lx-%x-%d", t.program, what, (unsigned long)time(NULL),
                 (unsigned)getpid(), count++);
        return name;
}

static UNUSED const char *fresh_topic(const char *what, int partitions) {
        const char *name = fresh(what);
        char errstr[256];
        if (wire_create_topic(bootstrap(), name, partitions, errstr, sizeof(errstr)) != 0) {
                printf("  create topic %s: %s\n", name, errstr);
                exit(1);
        }
        return name;
}

/* Destroys the client and checks that it takes no longer than limit_ms. */
#define DESTROY(rk, limit_ms)                                                                                          \
        do {                                                                                                           \
                int64_t start_ = now_ms(), took_;                                                                      \
                rd_kafka_destroy(rk);                                                                                  \
                took_ = now_ms() - start_;                                                                             \
                CHECK(took_ <= ms(limit_ms), "destroy took %" PRId64 " ms, limit %d", took_, (int)ms(limit_ms));       \
        } while (0)

/* Produces cnt messages "v0", "v1", ... with keys "k0", ... to one partition and waits for all. Returns those delivered. */
static int seeded_ok;
static UNUSED void seed_dr(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)opaque;
        if (!m->err)
                seeded_ok++;
        else
                printf("  seed: %s\n", rd_kafka_err2str(m->err));
}

static UNUSED int seed_from(const char *topic, int32_t partition, int first, int cnt, size_t size) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), "linger.ms", "5", NULL);
        rd_kafka_t *rk;
        int i;
        size_t buf_size = size > 32 ? size : 32;
        char *value     = calloc(1, buf_size + 1);
        char key[32];
        rd_kafka_conf_set_dr_msg_cb(conf, seed_dr);
        rk        = client(RD_KAFKA_PRODUCER, conf);
        seeded_ok = 0;
        for (i = first; i < first + cnt; i++) {
                rd_kafka_resp_err_t err;
                int len = snprintf(value, buf_size, "v%d", i);
                if ((size_t)len < size) {
                        memset(value + len, '.', size - (size_t)len);
                        len = (int)size;
                }
                snprintf(key, sizeof(key), "k%d", i);
                do {
                        err = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value, (size_t)len),
                                                RD_KAFKA_V_KEY(key, strlen(key)), RD_KAFKA_V_END);
                        if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL)
                                rd_kafka_poll(rk, 10);
                } while (err == RD_KAFKA_RESP_ERR__QUEUE_FULL);
        }
        rd_kafka_flush(rk, ms(20000));
        rd_kafka_destroy(rk);
        free(value);
        return seeded_ok;
}

static UNUSED int seed(const char *topic, int32_t partition, int cnt, size_t size) {
        return seed_from(topic, partition, 0, cnt, size);
}

/* ---- reading back what a topic holds ---- */

struct reader {
        rd_kafka_t *rk;
        rd_kafka_message_t **m;
        int cnt;
};

/* Reads `want` messages of one partition from an offset on, or what came within limit_ms. */
static UNUSED struct reader reader_from(const char *topic, int32_t partition, int64_t offset, int want, int limit_ms) {
        struct reader r;
        int64_t until                      = now_ms() + limit_ms;
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        r.rk                               = consumer("group.id", "t-reader", "enable.auto.commit", "false", NULL);
        r.m                                = calloc((size_t)want + 1, sizeof(*r.m));
        r.cnt                              = 0;
        rd_kafka_topic_partition_list_add(l, topic, partition)->offset = offset;
        CHECK_ERR(rd_kafka_assign(r.rk, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
        while (r.cnt < want && now_ms() < until) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(r.rk, 100);
                if (!m)
                        continue;
                if (m->err) {
                        printf("  reader: %s\n", rd_kafka_message_errstr(m));
                        rd_kafka_message_destroy(m);
                        continue;
                }
                r.m[r.cnt++] = m;
        }
        return r;
}

static UNUSED struct reader reader(const char *topic, int32_t partition, int want) {
        return reader_from(topic, partition, RD_KAFKA_OFFSET_BEGINNING, want, ms(15000));
}

static UNUSED void reader_close(struct reader *r) {
        int i;
        for (i = 0; i < r->cnt; i++)
                rd_kafka_message_destroy(r->m[i]);
        free(r->m);
        rd_kafka_destroy(r->rk);
}

static UNUSED int is_payload(const rd_kafka_message_t *m, const char *text) {
        return m->len == strlen(text) && !memcmp(m->payload, text, m->len);
}

static UNUSED int is_key(const rd_kafka_message_t *m, const char *text) {
        return m->key && m->key_len == strlen(text) && !memcmp(m->key, text, m->key_len);
}

/* A case that librdkafka cannot pass: it behaves otherwise there, or ends the process. */
#define RUN_HERE(f)                                                                                                    \
        do {                                                                                                           \
                if (!is_upstream())                                                                                    \
                        RUN(f);                                                                                        \
        } while (0)

#endif
