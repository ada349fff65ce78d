/* Producing to a real Kafka: every way in, batches, compression, and what arrives in the topic. */
#include "reports.h"

/* ---- ways in ---- */

static void memory_flags(void) {
        static char kept[]  = "kept";
        const char *topic   = fresh_topic("flags", 1);
        rd_kafka_t *rk      = reporting_producer(conf_of(NULL, NULL));
        rd_kafka_topic_t *r = rd_kafka_topic_new(rk, topic, NULL);
        struct reader in;
        char copied[] = "copied", key[] = "key";
        CHECK(!rd_kafka_produce(r, 0, RD_KAFKA_MSG_F_COPY, copied, 6, key, 3, number(1)), "copy");
        memset(copied, '#', 6);
        memset(key, '#', 3);
        CHECK(!rd_kafka_produce(r, 0, RD_KAFKA_MSG_F_FREE, strdup("handed over"), 11, NULL, 0, number(2)), "free");
        CHECK(!rd_kafka_produce(r, 0, 0, kept, 4, "k", 1, number(3)), "neither");
        CHECK(rd_kafka_outq_len(rk) >= 3, "%d", rd_kafka_outq_len(rk));
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        CHECK(rd_kafka_outq_len(rk) == 0, "%d", rd_kafka_outq_len(rk));
        NEED(reports == 3, "%d reports", reports);
        CHECK(report[0].opaque == number(1) && report[1].opaque == number(2) && report[2].opaque == number(3), "opaques");
        in = reader(topic, 0, 3);
        CHECK(in.cnt == 3, "%d", in.cnt);
        if (in.cnt == 3) {
                CHECK(is_payload(in.m[0], "copied") && is_key(in.m[0], "key"), "%.*s", (int)in.m[0]->len, (char *)in.m[0]->payload);
                CHECK(is_payload(in.m[1], "handed over") && !in.m[1]->key, "handed over");
                CHECK(is_payload(in.m[2], "kept") && is_key(in.m[2], "k"), "kept");
        }
        reader_close(&in);
        rd_kafka_topic_destroy(r);
        DESTROY(rk, 1000);
}

static void check_vtypes(const char *topic, int32_t partition) {
        struct reader in = reader(topic, partition, 2);
        rd_kafka_headers_t *h;
        rd_kafka_timestamp_type_t type;
        const void *v;
        size_t n;
        CHECK(in.cnt == 2, "%d", in.cnt);
        if (in.cnt == 2) {
                CHECK(is_payload(in.m[0], "first") && is_key(in.m[0], "key"), "first");
                CHECK(rd_kafka_message_timestamp(in.m[0], &type) == 1234567890123LL, "timestamp");
                CHECK(type == RD_KAFKA_TIMESTAMP_CREATE_TIME, "type %d", type);
                CHECK_ERR(rd_kafka_message_headers(in.m[0], &h), 0);
                CHECK(rd_kafka_header_cnt(h) == 2, "%d headers", (int)rd_kafka_header_cnt(h));
                CHECK(!rd_kafka_header_get_last(h, "a", &v, &n) && n == 3 && !memcmp(v, "one", 3), "header a");
                CHECK(!rd_kafka_header_get_last(h, "b", &v, &n) && n == 0 && !v, "header b");
                CHECK(is_payload(in.m[1], "second"), "second");
                CHECK_ERR(rd_kafka_message_headers(in.m[1], &h), 0);
                CHECK(!rd_kafka_header_get_last(h, "list", &v, &n) && n == 1 && !memcmp(v, "x", 1), "header list");
        }
        reader_close(&in);
}

static void producev_types(void) {
        const char *topic   = fresh_topic("producev", 2);
        rd_kafka_t *rk      = reporting_producer(conf_of(NULL, NULL));
        rd_kafka_topic_t *r = rd_kafka_topic_new(rk, topic, NULL);
        rd_kafka_headers_t *h = rd_kafka_headers_new(1);
        rd_kafka_header_add(h, "list", -1, "x", 1);
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(1), RD_KAFKA_V_VALUE((void *)"first", 5),
                                    RD_KAFKA_V_KEY("key", 3), RD_KAFKA_V_OPAQUE(number(11)),
                                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_TIMESTAMP(1234567890123LL),
                                    RD_KAFKA_V_HEADER("a", "one", 3), RD_KAFKA_V_HEADER("b", NULL, 0), RD_KAFKA_V_END), 0);
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_RKT(r), RD_KAFKA_V_PARTITION(1), RD_KAFKA_V_VALUE((void *)"second", 6),
                                    RD_KAFKA_V_HEADERS(h), RD_KAFKA_V_END), 0);
        rd_kafka_flush(rk, ms(10000));
        NEED(reports == 2, "%d reports", reports);
        CHECK(report[0].opaque == number(11) && report[1].opaque == NULL, "opaques");
        CHECK(report[0].timestamp == 1234567890123LL, "%" PRId64, report[0].timestamp);
        CHECK(report[0].partition == 1 && report[0].offset == 0 && report[1].offset == 1, "offsets");
        check_vtypes(topic, 1);
        rd_kafka_topic_destroy(r);
        DESTROY(rk, 1000);
}

static void produceva_types(void) {
        const char *topic     = fresh_topic("produceva", 2);
        rd_kafka_t *rk        = reporting_producer(conf_of(NULL, NULL));
        rd_kafka_topic_t *r   = rd_kafka_topic_new(rk, topic, NULL);
        rd_kafka_headers_t *h = rd_kafka_headers_new(1);
        rd_kafka_vu_t a[10], b[4];
        rd_kafka_error_t *error;
        memset(a, 0, sizeof(a));
        memset(b, 0, sizeof(b));
        a[0].vtype = RD_KAFKA_VTYPE_TOPIC;
        a[0].u.cstr = topic;
        a[1].vtype = RD_KAFKA_VTYPE_PARTITION;
        a[1].u.i32 = 1;
        a[2].vtype = RD_KAFKA_VTYPE_VALUE;
        a[2].u.mem.ptr = (void *)"first";
        a[2].u.mem.size = 5;
        a[3].vtype = RD_KAFKA_VTYPE_KEY;
        a[3].u.mem.ptr = (void *)"key";
        a[3].u.mem.size = 3;
        a[4].vtype = RD_KAFKA_VTYPE_OPAQUE;
        a[4].u.ptr = number(11);
        a[5].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
        a[5].u.i = RD_KAFKA_MSG_F_COPY;
        a[6].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
        a[6].u.i64 = 1234567890123LL;
        a[7].vtype = RD_KAFKA_VTYPE_HEADER;
        a[7].u.header.name = "a";
        a[7].u.header.val = "one";
        a[7].u.header.size = -1;
        a[8].vtype = RD_KAFKA_VTYPE_HEADER;
        a[8].u.header.name = "b";
        error = rd_kafka_produceva(rk, a, 9);
        CHECK(!error, "%s", rd_kafka_error_string(error));
        rd_kafka_header_add(h, "list", -1, "x", 1);
        b[0].vtype = RD_KAFKA_VTYPE_RKT;
        b[0].u.rkt = r;
        b[1].vtype = RD_KAFKA_VTYPE_PARTITION;
        b[1].u.i32 = 1;
        b[2].vtype = RD_KAFKA_VTYPE_VALUE;
        b[2].u.mem.ptr = (void *)"second";
        b[2].u.mem.size = 6;
        b[3].vtype = RD_KAFKA_VTYPE_HEADERS;
        b[3].u.headers = h;
        error = rd_kafka_produceva(rk, b, 4);
        CHECK(!error, "%s", rd_kafka_error_string(error));
        rd_kafka_flush(rk, ms(10000));
        NEED(reports == 2, "%d reports", reports);
        CHECK(report[0].opaque == number(11), "opaque");
        check_vtypes(topic, 1);
        rd_kafka_topic_destroy(r);
        DESTROY(rk, 1000);
}

static void batches(void) {
        enum { N = 300 };
        const char *topic   = fresh_topic("batch", 3);
        rd_kafka_t *rk      = reporting_producer(conf_of("message.max.bytes", "5000", NULL));
        rd_kafka_topic_t *r = rd_kafka_topic_new(rk, topic, NULL);
        rd_kafka_message_t m[N];
        static char text[N][16], big[6000];
        int i, done, p;
        memset(m, 0, sizeof(m));
        /* The partitions become known. */
        CHECK(!rd_kafka_produce(r, 0, RD_KAFKA_MSG_F_COPY, "hello", 5, NULL, 0, NULL), "hello");
        rd_kafka_flush(rk, ms(10000));
        reports = 0;
        for (i = 0; i < N; i++) {
                m[i].payload   = text[i];
                m[i].len       = (size_t)snprintf(text[i], sizeof(text[i]), "b%d", i);
                m[i].key       = (void *)"key";
                m[i].key_len   = 3;
                m[i].partition = i % 3;
                m[i]._private  = number(i + 1);
        }
        m[7].partition = 55;
        m[8].payload   = big;
        m[8].len       = sizeof(big);
        done           = rd_kafka_produce_batch(r, 0, RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_PARTITION, m, N);
        CHECK(done == N - 2, "%d of %d", done, N);
        CHECK_ERR(m[6].err, 0);
        CHECK_ERR(m[7].err, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        CHECK_ERR(m[8].err, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        /* librdkafka goes on counting the message of the unknown partition as queued. */
        if (is_upstream())
                rd_kafka_flush(rk, 1000);
        else
                CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        CHECK(reports == N - 2, "%d reports", reports);
        for (p = 0; p < 3; p++) {
                struct reader in = reader(topic, p, N / 3 - (p == 1) - (p == 2) + (p == 0));
                int next         = p, k = p == 0;
                for (; k < in.cnt; k++, next += 3) {
                        if (next == 7 || next == 8)
                                next += 3;
                        CHECK(is_payload(in.m[k], text[next]), "partition %d message %d: %.*s, expected %s", p, k, (int)in.m[k]->len,
                              (char *)in.m[k]->payload, text[next]);
                }
                CHECK(next >= N, "partition %d ends at %d", p, next);
                reader_close(&in);
        }
        /* The batch decides: one partition for all, opaque of each message. */
        reports = 0;
        done    = rd_kafka_produce_batch(r, 2, RD_KAFKA_MSG_F_COPY, m, 3);
        CHECK(done == 3, "%d", done);
        rd_kafka_flush(rk, is_upstream() ? 1000 : ms(10000));
        CHECK(reports == 3, "%d reports", reports);
        for (i = 0; i < 3 && reports == 3; i++)
                CHECK(report[i].partition == 2 && report[i].opaque == number(i + 1), "report %d: partition %d", i, report[i].partition);
        rd_kafka_topic_destroy(r);
        DESTROY(rk, 1000);
}

static void null_and_empty(void) {
        const char *topic   = fresh_topic("null", 1);
        rd_kafka_t *rk      = reporting_producer(conf_of(NULL, NULL));
        rd_kafka_topic_t *r = rd_kafka_topic_new(rk, topic, NULL);
        struct reader in;
        CHECK(!rd_kafka_produce(r, 0, RD_KAFKA_MSG_F_COPY, NULL, 0, NULL, 0, NULL), "null null");
        CHECK(!rd_kafka_produce(r, 0, RD_KAFKA_MSG_F_COPY, "", 0, "", 0, NULL), "empty empty");
        CHECK(!rd_kafka_produce(r, 0, RD_KAFKA_MSG_F_COPY, NULL, 0, "k", 1, NULL), "null k");
        CHECK(!rd_kafka_produce(r, 0, RD_KAFKA_MSG_F_COPY, "v", 1, "", 0, NULL), "v empty");
        CHECK(!rd_kafka_produce(r, 0, 0, "", 0, NULL, 0, NULL), "empty null");
        rd_kafka_flush(rk, ms(10000));
        CHECK(reports == 5, "%d reports", reports);
        in = reader(topic, 0, 5);
        CHECK(in.cnt == 5, "%d", in.cnt);
        if (in.cnt == 5) {
                CHECK(!in.m[0]->payload && !in.m[0]->key, "null null: %p %p", in.m[0]->payload, in.m[0]->key);
                CHECK(in.m[1]->payload && !in.m[1]->len && in.m[1]->key && !in.m[1]->key_len, "empty empty");
                CHECK(!in.m[2]->payload && is_key(in.m[2], "k"), "null k");
                CHECK(is_payload(in.m[3], "v") && in.m[3]->key && !in.m[3]->key_len, "v empty");
                CHECK(in.m[4]->payload && !in.m[4]->len && !in.m[4]->key, "empty null");
        }
        reader_close(&in);
        rd_kafka_topic_destroy(r);
        DESTROY(rk, 1000);
}

static void many_headers(void) {
        const char *topic     = fresh_topic("headers", 1);
        rd_kafka_t *rk        = reporting_producer(conf_of(NULL, NULL));
        rd_kafka_headers_t *h = rd_kafka_headers_new(8), *got = NULL;
        struct reader in;
        char name[32], value[300];
        int i;
        for (i = 0; i < 200; i++) {
                snprintf(name, sizeof(name), "h%d", i / 2);
                memset(value, 'a' + i % 26, sizeof(value));
                CHECK_ERR(rd_kafka_header_add(h, name, -1, i % 5 ? value : NULL, i % 5 ? i : 0), 0);
        }
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE((void *)"v", 1),
                                    RD_KAFKA_V_HEADERS(h), RD_KAFKA_V_END), 0);
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE((void *)"w", 1),
                                    RD_KAFKA_V_END), 0);
        rd_kafka_flush(rk, ms(10000));
        in = reader(topic, 0, 2);
        CHECK(in.cnt == 2, "%d", in.cnt);
        if (in.cnt == 2) {
                CHECK_ERR(rd_kafka_message_headers(in.m[0], &got), 0);
                CHECK(rd_kafka_header_cnt(got) == 200, "%d", (int)rd_kafka_header_cnt(got));
                for (i = 0; i < 200; i++) {
                        const char *n;
                        const void *v;
                        size_t size;
                        snprintf(name, sizeof(name), "h%d", i / 2);
                        CHECK_ERR(rd_kafka_header_get_all(got, (size_t)i, &n, &v, &size), 0);
                        CHECK(!strcmp(n, name), "%s, expected %s", n, name);
                        CHECK(i % 5 ? size == (size_t)i && ((const char *)v)[0] == 'a' + i % 26 : !v && !size, "value of %d", i);
                }
                CHECK_ERR(rd_kafka_message_headers(in.m[1], &got), RD_KAFKA_RESP_ERR__NOENT);
                /* Detached headers belong to the application. */
                CHECK_ERR(rd_kafka_message_detach_headers(in.m[0], &got), 0);
                CHECK(rd_kafka_header_cnt(got) == 200, "detached");
                rd_kafka_headers_destroy(got);
        }
        reader_close(&in);
        DESTROY(rk, 1000);
}

static void timestamps(void) {
        const char *topic = fresh_topic("time", 1);
        rd_kafka_t *rk    = reporting_producer(conf_of(NULL, NULL));
        struct timespec ts;
        int64_t wall;
        clock_gettime(CLOCK_REALTIME, &ts);
        wall = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_END), 0);
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_TIMESTAMP(0), RD_KAFKA_V_END), 0);
        rd_kafka_flush(rk, ms(10000));
        NEED(reports == 2, "%d reports", reports);
        CHECK(llabs(report[0].timestamp - wall) < 5000, "%" PRId64, report[0].timestamp);
        CHECK(llabs(report[1].timestamp - wall) < 5000, "0 means now: %" PRId64, report[1].timestamp);
        DESTROY(rk, 1000);
}

/* ---- batching, acknowledgements, compression ---- */

static void order(void) {
        enum { N = 20000, P = 4 };
        const char *topic = fresh_topic("order", P);
        rd_kafka_t *rk    = reporting_producer(conf_of("batch.num.messages", "50", "linger.ms", "2", NULL));
        int i, p, last[P];
        /* librdkafka mixes up what was produced before and after it learns the partitions; ours must not. */
        if (is_upstream()) {
                for (p = 0; p < P; p++)
                        rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(p), RD_KAFKA_V_VALUE((void *)"0", 1), RD_KAFKA_V_END);
                rd_kafka_flush(rk, ms(10000));
                reports = 0;
        }
        for (i = 0; i < N; i++) {
                char text[16];
                int len = snprintf(text, sizeof(text), "%d", i);
                rd_kafka_resp_err_t err =
                    rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(i % P), RD_KAFKA_V_VALUE(text, (size_t)len),
                                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(number(i)), RD_KAFKA_V_END);
                NEED(!err, "%s", rd_kafka_err2str(err));
                if (i % 500 == 0)
                        rd_kafka_poll(rk, 0);
        }
        CHECK_ERR(rd_kafka_flush(rk, ms(30000)), 0);
        NEED(reports == N, "%d reports", reports);
        memset(last, -1, sizeof(last));
        for (i = 0; i < N; i++) {
                int seq = (int)(intptr_t)report[i].opaque;
                p       = report[i].partition;
                NEED(!report[i].err && p == seq % P, "report %d: %s", i, rd_kafka_err2str(report[i].err));
                NEED(seq > last[p], "partition %d: %d reported after %d", p, seq, last[p]);
                NEED(report[i].offset == seq / P + is_upstream(), "message %d of partition %d has offset %" PRId64, seq, p, report[i].offset);
                last[p] = seq;
        }
        for (p = 0; p < P; p++) {
                struct reader in = reader_from(topic, p, is_upstream(), N / P, ms(15000));
                CHECK(in.cnt == N / P, "partition %d: %d", p, in.cnt);
                for (i = 0; i < in.cnt; i++) {
                        char text[16];
                        snprintf(text, sizeof(text), "%d", i * P + p);
                        if (!is_payload(in.m[i], text)) {
                                CHECK(0, "partition %d, message %d: %.*s", p, i, (int)in.m[i]->len, (char *)in.m[i]->payload);
                                break;
                        }
                }
                reader_close(&in);
        }
        DESTROY(rk, 1000);
}

/* The newest message first, within a batch as well. */
static void lifo(void) {
        const char *topic = fresh_topic("lifo", 1);
        rd_kafka_t *rk    = reporting_producer(conf_of("queuing.strategy", "lifo", "linger.ms", "500", NULL));
        rd_kafka_headers_t *h;
        struct reader in;
        char text[2] = "0", key[2] = "a";
        int i;
        /* From here on the partition is known. */
        rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE("first", 5), RD_KAFKA_V_END);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        reports = 0;
        for (i = 0; i < 5; i++) {
                text[0] = (char)('0' + i);
                key[0]  = (char)('a' + i);
                CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE(text, 1),
                                            RD_KAFKA_V_KEY(key, (size_t)(i != 2)), RD_KAFKA_V_HEADER("h", text, 1),
                                            RD_KAFKA_V_TIMESTAMP(1700000000000LL + 1000 * i),
                                            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(number(i)), RD_KAFKA_V_END),
                          0);
        }
        wait_reports(rk, 5, ms(20000));
        NEED(reports == 5, "%d reports", reports);
        for (i = 0; i < 5; i++)
                CHECK(report[i].opaque == number(4 - i) && report[i].offset == 1 + i, "report %d: %p at %" PRId64, i, report[i].opaque,
                      report[i].offset);
        in = reader(topic, 0, 6);
        CHECK(in.cnt == 6, "%d", in.cnt);
        for (i = 1; i < in.cnt; i++) {
                rd_kafka_timestamp_type_t type;
                const void *v = NULL;
                size_t n      = 0;
                text[0]       = (char)('0' + 5 - i);
                key[0]        = (char)('a' + 5 - i);
                CHECK(is_payload(in.m[i], text) && is_key(in.m[i], 5 - i == 2 ? "" : key), "message %d: %.*s", i, (int)in.m[i]->len,
                      (char *)in.m[i]->payload);
                CHECK(rd_kafka_message_timestamp(in.m[i], &type) == 1700000000000LL + 1000 * (5 - i), "timestamp of message %d", i);
                CHECK_ERR(rd_kafka_message_headers(in.m[i], &h), 0);
                CHECK(h && !rd_kafka_header_get_last(h, "h", &v, &n) && n == 1 && !memcmp(v, text, 1), "header of message %d", i);
        }
        reader_close(&in);
        DESTROY(rk, 1000);
}

static void acks(void) {
        static const char *const ACKS[] = {"0", "1", "all", "-1"};
        const char *topic               = fresh_topic("acks", 1);
        int i, j, total = 0;
        struct reader in;
        for (i = 0; i < 4; i++) {
                rd_kafka_t *rk = reporting_producer(conf_of("acks", ACKS[i], NULL));
                for (j = 0; j < 100; j++)
                        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_END), 0);
                CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
                CHECK(reports == 100, "acks=%s: %d reports", ACKS[i], reports);
                for (j = 0; j < reports && j < 100; j++) {
                        CHECK_ERR(report[j].err, 0);
                        if (i > 0) {
                                CHECK(report[j].offset >= 0, "acks=%s: offset %" PRId64, ACKS[i], report[j].offset);
                                CHECK(report[j].status == RD_KAFKA_MSG_STATUS_PERSISTED, "acks=%s: status %d", ACKS[i], report[j].status);
                        } else {
                                CHECK(report[j].offset < 0, "acks=0: offset %" PRId64, report[j].offset);
                                CHECK(report[j].status == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED, "acks=0: status %d", report[j].status);
                        }
                }
                total += 100;
                DESTROY(rk, 1000);
        }
        in = reader(topic, 0, total);
        CHECK(in.cnt == total, "%d of %d", in.cnt, total);
        reader_close(&in);
}

static void linger(void) {
        const char *topic = fresh_topic("linger", 1);
        rd_kafka_t *rk    = reporting_producer(conf_of("linger.ms", ms_text(700), "batch.num.messages", "10", NULL));
        rd_kafka_topic_t *r = rd_kafka_topic_new(rk, topic, NULL);
        int64_t start;
        int i;
        /* flush() does not wait for the linger; a first message makes the connection. */
        rd_kafka_produce(r, 0, RD_KAFKA_MSG_F_COPY, "0", 1, NULL, 0, NULL);
        start = now_ms();
        rd_kafka_flush(rk, ms(10000));
        CHECK(reports == 1, "%d", reports);
        CHECK(now_ms() - start < ms(650), "flush lingered %d ms", (int)(now_ms() - start));
        start = now_ms();
        rd_kafka_produce(r, 0, RD_KAFKA_MSG_F_COPY, "1", 1, NULL, 0, NULL);
        wait_reports(rk, 2, ms(5000));
        CHECK(reports == 2, "%d", reports);
        CHECK(now_ms() - start >= ms(650), "lingered only %d ms", (int)(now_ms() - start));
        /* A full batch goes at once. */
        start = now_ms();
        for (i = 0; i < 10; i++)
                rd_kafka_produce(r, 0, RD_KAFKA_MSG_F_COPY, "2", 1, NULL, 0, NULL);
        wait_reports(rk, 12, ms(5000));
        CHECK(reports == 12, "%d", reports);
        CHECK(now_ms() - start < ms(500), "a full batch waited %d ms", (int)(now_ms() - start));
        rd_kafka_topic_destroy(r);
        DESTROY(rk, 1000);
}

static void batch_size(void) {
        const char *topic   = fresh_topic("batchsize", 1);
        rd_kafka_t *rk      = reporting_producer(conf_of("linger.ms", ms_text(2000), "message.timeout.ms", "900000", "batch.size", "2000", NULL));
        rd_kafka_topic_t *r = rd_kafka_topic_new(rk, topic, NULL);
        static char buf[500];
        int64_t start;
        int i;
        rd_kafka_produce(r, 0, RD_KAFKA_MSG_F_COPY, "0", 1, NULL, 0, NULL);
        rd_kafka_flush(rk, ms(10000));
        start = now_ms();
        for (i = 0; i < 20; i++)
                rd_kafka_produce(r, 0, RD_KAFKA_MSG_F_COPY, buf, sizeof(buf), NULL, 0, NULL);
        wait_reports(rk, 15, ms(1500));
        CHECK(reports >= 15, "%d reports before the linger was over", reports);
        CHECK(now_ms() - start < ms(1500), "took %d ms", (int)(now_ms() - start));
        rd_kafka_flush(rk, ms(10000));
        CHECK(reports == 21, "%d", reports);
        rd_kafka_topic_destroy(r);
        DESTROY(rk, 1000);
}

static void codec(const char *name, const char *level) {
        enum { N = 2000 };
        const char *topic = fresh_topic(name, 1);
        rd_kafka_t *rk    = reporting_producer(conf_of("compression.codec", name, "compression.level", level, "linger.ms", "20", NULL));
        static char text[N][220];
        struct reader in;
        int i;
        for (i = 0; i < N; i++) {
                rd_kafka_resp_err_t err;
                int n = snprintf(text[i], sizeof(text[i]), "%d", i);
                if (i % 3) {
                        memset(text[i] + n, 'a' + i % 26, (size_t)(i % 200));
                        text[i][n + i % 200] = '\0';
                }
                err = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE(text[i], strlen(text[i])),
                                        RD_KAFKA_V_KEY(text[i], i % 5 ? 1 : 0), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
                NEED(!err, "%s", rd_kafka_err2str(err));
        }
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        CHECK(reports == N, "%s: %d reports", name, reports);
        in = reader(topic, 0, N);
        CHECK(in.cnt == N, "%s: %d", name, in.cnt);
        for (i = 0; i < in.cnt; i++)
                if (!is_payload(in.m[i], text[i])) {
                        CHECK(0, "%s: message %d", name, i);
                        break;
                }
        reader_close(&in);
        DESTROY(rk, 1000);
}

static void codecs(void) {
        codec("none", "-1");
        codec("gzip", "9");
        codec("snappy", "-1");
        codec("lz4", "5");
        codec("zstd", "3");
        codec("gzip", "-1");
        codec("zstd", "-1");
        codec("lz4", "-1");
}

static void large_messages(void) {
        const char *topic   = fresh_topic("large", 1);
        rd_kafka_t *rk      = reporting_producer(conf_of("message.max.bytes", "1000000", NULL));
        rd_kafka_topic_t *r = rd_kafka_topic_new(rk, topic, NULL);
        size_t size         = 900000, k;
        char *big           = malloc(size);
        struct reader in;
        int i;
        for (k = 0; k < size; k++)
                big[k] = (char)(k * 31 >> 3);
        for (i = 0; i < 6; i++) {
                char *own = NULL;
                if (i % 3 == 2) {
                        own = malloc(size);
                        memcpy(own, big, size);
                }
                CHECK(!rd_kafka_produce(r, 0, i % 3 == 0 ? RD_KAFKA_MSG_F_COPY : i % 3 == 1 ? 0 : RD_KAFKA_MSG_F_FREE, own ? own : big,
                                        size - (size_t)i, NULL, 0, NULL), "produce %d", i);
                CHECK(!rd_kafka_produce(r, 0, RD_KAFKA_MSG_F_COPY, "small", 5, NULL, 0, NULL), "small %d", i);
        }
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        CHECK(reports == 12, "%d", reports);
        for (i = 0; i < reports && i < 12; i++)
                CHECK_ERR(report[i].err, 0);
        in = reader(topic, 0, 12);
        CHECK(in.cnt == 12, "%d", in.cnt);
        for (i = 0; i < in.cnt; i++)
                CHECK(i % 2 ? is_payload(in.m[i], "small") : in.m[i]->len == size - (size_t)(i / 2) && !memcmp(in.m[i]->payload, big, in.m[i]->len),
                      "message %d", i);
        reader_close(&in);
        rd_kafka_topic_destroy(r);
        free(big);
        DESTROY(rk, 1000);
}

static void topic_is_created(void) {
        const char *topic = fresh("autocreate");
        rd_kafka_t *rk    = reporting_producer(conf_of(NULL, NULL));
        int i;
        for (i = 0; i < 50; i++)
                CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY("k", 1), RD_KAFKA_V_VALUE((void *)"v", 1), RD_KAFKA_V_END), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        CHECK(reports == 50, "%d", reports);
        for (i = 0; i < reports && i < 50; i++)
                CHECK_ERR(report[i].err, 0);
        DESTROY(rk, 1000);
}

static void *produce_thread(void *rkt) {
        intptr_t i;
        for (i = 0; i < 5000; i++)
                while (rd_kafka_produce(rkt, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, "value", 5, "key", (size_t)(i % 4), NULL) == -1) {
                        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
                                return number(1);
                        usleep(1000);
                }
        return NULL;
}

static void many_threads(void) {
        const char *topic   = fresh_topic("threads", 6);
        rd_kafka_t *rk      = reporting_producer(conf_of("queue.buffering.max.messages", "2000", "linger.ms", "1", NULL));
        rd_kafka_topic_t *r = rd_kafka_topic_new(rk, topic, NULL);
        pthread_t threads[4];
        int i;
        for (i = 0; i < 4; i++)
                if (pthread_create(&threads[i], NULL, produce_thread, r))
                        exit(1);
        wait_reports(rk, 20000, ms(30000));
        for (i = 0; i < 4; i++) {
                void *result = NULL;
                pthread_join(threads[i], &result);
                CHECK(!result, "thread %d failed", i);
        }
        CHECK(reports == 20000, "%d", reports);
        for (i = 0; i < reports && i < REPORTS; i++)
                if (report[i].err) {
                        CHECK_ERR(report[i].err, 0);
                        break;
                }
        rd_kafka_topic_destroy(r);
        DESTROY(rk, 1000);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(memory_flags);
        RUN(producev_types);
        RUN(produceva_types);
        RUN(batches);
        RUN(null_and_empty);
        RUN(many_headers);
        RUN(timestamps);
        RUN(order);
        RUN(lifo);
        RUN(acks);
        RUN(linger);
        RUN(batch_size);
        RUN(codecs);
        RUN(large_messages);
        RUN(topic_is_created);
        RUN(many_threads);
        return T_END();
}
