/* What the client tells by itself: errors, logs, statistics, throttling, as callbacks and as events; metadata; lists. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "client.h"
#include "json.h"

static void *number(intptr_t i) {
        return (void *)i;
}

/* ---- errors ---- */

static void error_event(void) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", "127.0.0.1:1", NULL);
        rd_kafka_t *rk;
        rd_kafka_queue_t *q;
        int64_t until = now_ms() + ms(5000);
        int seen      = 0;
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_ERROR);
        rk = client(RD_KAFKA_PRODUCER, conf);
        q  = rd_kafka_queue_get_main(rk);
        while (!seen && now_ms() < until) {
                rd_kafka_event_t *ev = rd_kafka_queue_poll(q, 100);
                if (!ev)
                        continue;
                CHECK(rd_kafka_event_type(ev) == RD_KAFKA_EVENT_ERROR, "%s", rd_kafka_event_name(ev));
                CHECK(!strcmp(rd_kafka_event_name(ev), "Error"), "%s", rd_kafka_event_name(ev));
                CHECK(!rd_kafka_event_error_is_fatal(ev), "fatal");
                if (rd_kafka_event_error(ev) == RD_KAFKA_RESP_ERR__TRANSPORT) {
                        CHECK_HAS(rd_kafka_event_error_string(ev), "127.0.0.1:1");
                        CHECK(!rd_kafka_event_config_string(ev), "%s", rd_kafka_event_config_string(ev));
                        seen = 1;
                } else
                        CHECK_ERR(rd_kafka_event_error(ev), RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN);
                rd_kafka_event_destroy(ev);
        }
        CHECK(seen, "no error event");
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 1000);
}

static int fatal_cb_err;
static void fatal_cb(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
        (void)rk;
        (void)reason;
        (void)opaque;
        fatal_cb_err = err;
}

static void fatal_error(void) {
        rd_kafka_conf_t *conf = conf_of("enable.idempotence", "true", NULL);
        rd_kafka_t *rk;
        char text[128] = "";
        int64_t until  = now_ms() + ms(3000);
        rd_kafka_conf_set_error_cb(conf, fatal_cb);
        rk = client(RD_KAFKA_PRODUCER, conf);
        CHECK_ERR(rd_kafka_fatal_error(rk, text, sizeof(text)), 0);
        CHECK_ERR(rd_kafka_test_fatal_error(rk, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "made up"), 0);
        CHECK_ERR(rd_kafka_test_fatal_error(rk, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "again"), RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS);
        while (!fatal_cb_err && now_ms() < until)
                rd_kafka_poll(rk, 50);
        CHECK_ERR((rd_kafka_resp_err_t)fatal_cb_err, RD_KAFKA_RESP_ERR__FATAL);
        CHECK_ERR(rd_kafka_fatal_error(rk, text, sizeof(text)), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
        CHECK_HAS(text, "made up");
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_END), RD_KAFKA_RESP_ERR__FATAL);
        DESTROY(rk, 1000);
}

/* ---- logs ---- */

static int logs, log_bad;
static void log_cb(const rd_kafka_t *rk, int level, const char *fac, const char *buf) {
        __atomic_add_fetch(&logs, 1, __ATOMIC_SEQ_CST);
        if (!rk || level < 0 || level > 7 || !fac || !*fac || !buf || !*buf)
                __atomic_add_fetch(&log_bad, 1, __ATOMIC_SEQ_CST);
}

static void log_callback(void) {
        rd_kafka_conf_t *conf = conf_of("debug", "all", "bootstrap.servers", "127.0.0.1:1", NULL);
        rd_kafka_t *rk;
        int before;
        logs = log_bad = 0;
        rd_kafka_conf_set_log_cb(conf, log_cb);
        rk = client(RD_KAFKA_PRODUCER, conf);
        usleep(200000);
        CHECK(__atomic_load_n(&logs, __ATOMIC_SEQ_CST) > 0, "no line");
        CHECK(__atomic_load_n(&log_bad, __ATOMIC_SEQ_CST) == 0, "%d bad lines", log_bad);
        rd_kafka_set_log_level(rk, 0);
        usleep(50000);
        before = __atomic_load_n(&logs, __ATOMIC_SEQ_CST);
        usleep(300000);
        CHECK(__atomic_load_n(&logs, __ATOMIC_SEQ_CST) == before, "%d lines at level 0", logs - before);
        DESTROY(rk, 1000);
}

static void log_events(void) {
        rd_kafka_conf_t *conf = conf_of("debug", "generic,broker", "log.queue", "true", "bootstrap.servers", "127.0.0.1:1", NULL);
        rd_kafka_t *rk;
        rd_kafka_queue_t *q;
        int64_t until;
        int seen = 0, contexts = 0;
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_LOG);
        rk = client(RD_KAFKA_CONSUMER, conf);
        q  = rd_kafka_queue_new(rk);
        CHECK_ERR(rd_kafka_set_log_queue(rk, q), 0);
        for (until = now_ms() + ms(5000); (seen < 3 || !contexts) && now_ms() < until;) {
                rd_kafka_event_t *ev = rd_kafka_queue_poll(q, 100);
                const char *fac = NULL, *str = NULL;
                char ctx[128] = "";
                int level     = -1;
                if (!ev)
                        continue;
                CHECK(rd_kafka_event_type(ev) == RD_KAFKA_EVENT_LOG, "%s", rd_kafka_event_name(ev));
                CHECK(!strcmp(rd_kafka_event_name(ev), "Log"), "%s", rd_kafka_event_name(ev));
                CHECK(rd_kafka_event_log(ev, &fac, &str, &level) == 0, "log");
                CHECK(fac && *fac && str && *str && level >= 0 && level <= 7, "%s %s %d", fac, str, level);
                if (level == 7) {
                        CHECK(rd_kafka_event_debug_contexts(ev, ctx, sizeof(ctx)) == 0, "debug_contexts");
                        CHECK(strstr(ctx, "broker") || strstr(ctx, "generic"), "%s", ctx);
                        contexts++;
                }
                seen++;
                rd_kafka_event_destroy(ev);
        }
        CHECK(seen >= 3 && contexts, "%d logs, %d with contexts", seen, contexts);
        CHECK_ERR(rd_kafka_set_log_queue(rk, NULL), 0);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 1000);
}

static void log_queue_needs_property(void) {
        rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, conf_of(NULL, NULL));
        CHECK_ERR(rd_kafka_set_log_queue(rk, NULL), RD_KAFKA_RESP_ERR__NOT_CONFIGURED);
        DESTROY(rk, 1000);
}

static void debug_contexts(void) {
        static const char *const NAMES[] = {"generic", "broker", "topic", "metadata", "feature", "queue", "msg", "protocol", "cgrp",
                                            "security", "fetch", "interceptor", "plugin", "consumer", "admin", "eos", "mock", "assignor",
                                            "conf", "all"};
        size_t i;
        char errstr[256], buf[512];
        size_t size           = sizeof(buf);
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        for (i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++) {
                CHECK_HAS(rd_kafka_get_debug_contexts(), NAMES[i]);
                CHECK(rd_kafka_conf_set(conf, "debug", NAMES[i], errstr, sizeof(errstr)) == RD_KAFKA_CONF_OK, "%s", errstr);
        }
        CHECK(rd_kafka_conf_set(conf, "debug", "msg,topic", errstr, sizeof(errstr)) == RD_KAFKA_CONF_OK, "%s", errstr);
        CHECK(rd_kafka_conf_get(conf, "debug", buf, &size) == RD_KAFKA_CONF_OK, "get");
        CHECK_HAS(buf, "all");
        rd_kafka_conf_destroy(conf);
}

static void dump(void) {
        rd_kafka_t *rk      = producer("client.id", "dumped", NULL);
        rd_kafka_topic_t *r = rd_kafka_topic_new(rk, "some-topic", NULL);
        char *text          = NULL;
        size_t size         = 0;
        FILE *f             = open_memstream(&text, &size);
        rd_kafka_dump(f, rk);
        fclose(f);
        CHECK(size > 100, "%d bytes", (int)size);
        CHECK_HAS(text, "dumped");
        CHECK_HAS(text, "some-topic");
        free(text);
        rd_kafka_topic_destroy(r);
        DESTROY(rk, 1000);
}

/* ---- statistics ---- */

static char *stats_text;
static int stats_calls, stats_keep;
static int stats_cb(rd_kafka_t *rk, char *json, size_t len, void *opaque) {
        (void)rk;
        CHECK(opaque == number(31), "opaque");
        CHECK(strlen(json) == len, "length %d of %d", (int)len, (int)strlen(json));
        stats_calls++;
        if (stats_keep) {
                rd_kafka_mem_free(rk, stats_text);
                stats_text = json;
                return 1;
        }
        return 0;
}

/* Each field of a section is in the object, with its type. */
static void check_fields(const struct json *object, const char *section) {
        char path[512], line[1024];
        FILE *f;
        int fields = 0;
        if (!object) {
                CHECK(0, "no object of section %s", section);
                return;
        }
        snprintf(path, sizeof(path), "%s/statistics.tsv", getenv("T_DATA") ? getenv("T_DATA") : "../abi/data");
        f = fopen(path, "r");
        if (!f) {
                CHECK(0, "%s: %s", path, strerror(errno));
                return;
        }
        while (fgets(line, sizeof(line), f)) {
                char *s = strtok(line, "\t\n"), *name = strtok(NULL, "\t\n"), *type = strtok(NULL, "\t\n");
                struct json *j;
                if (!s || !name || !type || strcmp(s, section))
                        continue;
                fields++;
                /* The group and the idempotent producer have a section only where they are in use. */
                if (!strcmp(name, "cgrp") || !strcmp(name, "eos"))
                        continue;
                j = json_get(object, name);
                if (!j) {
                        CHECK(0, "%s lacks %s", section, name);
                        continue;
                }
                CHECK(!strncmp(type, "int", 3) ? j->type == 'n' : !strcmp(type, "string") ? j->type == 's' : !strcmp(type, "object") ? j->type == 'o' :
                      !strcmp(type, "bool") ? j->type == 'b' : 1, "%s.%s is of type %c, expected %s", section, name, j->type, type);
        }
        fclose(f);
        CHECK(fields > 0, "no fields of section %s in %s", section, path);
}

static void check_statistics(const char *type, const char *topic) {
        struct json *j = json_parse(stats_text), *b, *tp, *p, *w;
        CHECK(j != NULL, "not JSON: %.300s", stats_text);
        if (!j)
                return;
        check_fields(j, "Top-level");
        CHECK(json_get(j, "type") && !strcmp(json_get(j, "type")->text, type), "type");
        for (b = json_get(j, "brokers")->child; b; b = b->next) {
                check_fields(b, "brokers");
                for (w = b->child; w; w = w->next)
                        if (!strcmp(w->name, "rtt") || !strcmp(w->name, "int_latency") || !strcmp(w->name, "outbuf_latency") || !strcmp(w->name, "throttle"))
                                check_fields(w, "Window stats");
                for (w = json_get(b, "toppars") ? json_get(b, "toppars")->child : NULL; w; w = w->next)
                        check_fields(w, "brokers.toppars");
        }
        tp = json_get(json_get(j, "topics"), topic);
        check_fields(tp, "topics");
        check_fields(json_get(tp, "batchsize"), "Window stats");
        check_fields(json_get(tp, "batchcnt"), "Window stats");
        for (p = tp && json_get(tp, "partitions") ? json_get(tp, "partitions")->child : NULL; p; p = p->next)
                check_fields(p, "partitions");
        json_free(j);
}

/* librdkafka writes a client.id into the text as it is. */
static void producer_statistics(void) {
        const char *topic     = fresh_topic("stats", 2);
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), "statistics.interval.ms", "100", "client.id",
                                        is_upstream() ? "plain" : "a \"quoted\" name", NULL);
        rd_kafka_t *rk;
        struct json *j;
        int i, calls;
        int64_t until;
        rd_kafka_conf_set_stats_cb(conf, stats_cb);
        rd_kafka_conf_set_opaque(conf, number(31));
        stats_calls = stats_keep = 0;
        stats_text               = NULL;
        rk                       = client(RD_KAFKA_PRODUCER, conf);
        for (i = 0; i < 100; i++)
                rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(i % 2), RD_KAFKA_V_VALUE((void *)"1234567890", 10), RD_KAFKA_V_END);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        for (until = now_ms() + ms(5000); stats_calls < 3 && now_ms() < until;)
                rd_kafka_poll(rk, 100);
        CHECK(stats_calls >= 3, "%d calls", stats_calls);
        /* One that was made after everything had been delivered, and after the callback began to keep the text. */
        stats_keep = 1;
        calls      = stats_calls;
        for (until = now_ms() + ms(5000); stats_calls < calls + 3 && now_ms() < until;)
                rd_kafka_poll(rk, 100);
        NEED(stats_text, "no statistics");
        check_statistics("producer", topic);
        j = json_parse(stats_text);
        CHECK(json_int(j, "txmsgs") == 100, "txmsgs %" PRId64, json_int(j, "txmsgs"));
        CHECK(json_int(j, "msg_cnt") == 0, "msg_cnt %" PRId64, json_int(j, "msg_cnt"));
        CHECK(json_int(j, "msg_max") == 100000, "msg_max %" PRId64, json_int(j, "msg_max"));
        CHECK(json_int(j, "tx") > 0 && json_int(j, "rx") > 0 && json_int(j, "tx_bytes") > 1000, "tx");
        {
                struct json *p = json_get(json_get(json_get(json_get(j, "topics"), topic), "partitions"), "0");
                CHECK(json_int(p, "txmsgs") == 50, "partition's txmsgs %" PRId64, json_int(p, "txmsgs"));
                CHECK(json_int(p, "leader") == 1, "leader %" PRId64, json_int(p, "leader"));
        }
        json_free(j);
        rd_kafka_mem_free(rk, stats_text);
        stats_text = NULL;
        DESTROY(rk, 1000);
}

static void consumer_statistics(void) {
        const char *topic     = fresh_topic("cstats", 1);
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), "statistics.interval.ms", "100", "group.id", "g", NULL);
        rd_kafka_t *rk;
        rd_kafka_queue_t *q;
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        int64_t until;
        int cnt = 0, good = 0;
        NEED(seed(topic, 0, 100, 0) == 100, "seed");
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_STATS);
        rk = client(RD_KAFKA_CONSUMER, conf);
        CHECK_ERR(rd_kafka_poll_set_consumer(rk), 0);
        q = rd_kafka_queue_get_consumer(rk);
        rd_kafka_topic_partition_list_add(l, topic, 0)->offset = 0;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
        for (until = now_ms() + ms(10000); !good && now_ms() < until;) {
                rd_kafka_event_t *ev = rd_kafka_queue_poll(q, 100);
                const rd_kafka_message_t *m;
                if (!ev)
                        continue;
                if (rd_kafka_event_type(ev) == RD_KAFKA_EVENT_FETCH)
                        while ((m = rd_kafka_event_message_next(ev)))
                                cnt += !m->err;
                else if (rd_kafka_event_type(ev) == RD_KAFKA_EVENT_STATS && cnt == 100) {
                        struct json *j = json_parse(rd_kafka_event_stats(ev)), *p;
                        CHECK(j != NULL, "not JSON");
                        p = json_get(json_get(json_get(json_get(j, "topics"), topic), "partitions"), "0");
                        if (p && json_int(p, "app_offset") == 100) {
                                stats_text = strdup(rd_kafka_event_stats(ev));
                                check_statistics("consumer", topic);
                                check_fields(json_get(j, "cgrp"), "cgrp");
                                CHECK(json_int(j, "rxmsgs") == 100, "rxmsgs %" PRId64, json_int(j, "rxmsgs"));
                                CHECK(json_int(p, "rxmsgs") == 100, "partition's rxmsgs %" PRId64, json_int(p, "rxmsgs"));
                                CHECK(json_int(p, "hi_offset") == 100, "hi_offset %" PRId64, json_int(p, "hi_offset"));
                                CHECK(json_int(p, "consumer_lag_stored") == 0, "lag %" PRId64, json_int(p, "consumer_lag_stored"));
                                CHECK(json_get(p, "fetch_state") && !strcmp(json_get(p, "fetch_state")->text, "active"), "fetch_state");
                                free(stats_text);
                                stats_text = NULL;
                                good       = 1;
                        }
                        json_free(j);
                }
                rd_kafka_event_destroy(ev);
        }
        CHECK(good, "no statistics at the end of the partition; %d messages", cnt);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 5000);
}

/* ---- throttling ---- */

static int throttles, throttle_ms;
static char throttle_broker[128];
static void throttle_cb(rd_kafka_t *rk, const char *name, int32_t id, int time_ms, void *opaque) {
        (void)rk;
        (void)opaque;
        throttles++;
        if (time_ms > throttle_ms)
                throttle_ms = time_ms;
        snprintf(throttle_broker, sizeof(throttle_broker), "%s", name);
        CHECK(id == 1, "broker %d", id);
}

static void throttle(void) {
        const char *topic     = fresh_topic("throttle", 1);
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), "client.id", "t-throttled", NULL);
        rd_kafka_t *rk;
        static char big[20000];
        int i;
        int64_t until;
        if (wire_set_quota(bootstrap(), "t-throttled", "producer_byte_rate", 20000))
                SKIP("this broker takes no client quotas by request");
        rd_kafka_conf_set_throttle_cb(conf, throttle_cb);
        throttles = throttle_ms = 0;
        rk                      = client(RD_KAFKA_PRODUCER, conf);
        for (i = 0, until = now_ms() + ms(20000); !throttles && now_ms() < until; i++) {
                rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE(big, sizeof(big)),
                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
                rd_kafka_poll(rk, 20);
        }
        CHECK(throttles > 0, "no call after %d messages", i);
        CHECK(throttle_ms > 0, "%d ms", throttle_ms);
        CHECK_HAS(throttle_broker, "127.0.0.1:");
        rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        DESTROY(rk, 2000);
        wire_set_quota(bootstrap(), "t-throttled", "producer_byte_rate", 0);
}

/* ---- the background thread ---- */

static int background_drs, background_bad;
static pthread_t main_thread;
static void background_cb(rd_kafka_t *rk, rd_kafka_event_t *ev, void *opaque) {
        (void)rk;
        if (pthread_equal(pthread_self(), main_thread) || opaque != number(12))
                __atomic_add_fetch(&background_bad, 1, __ATOMIC_SEQ_CST);
        if (rd_kafka_event_type(ev) == RD_KAFKA_EVENT_DR)
                __atomic_add_fetch(&background_drs, (int)rd_kafka_event_message_count(ev), __ATOMIC_SEQ_CST);
        rd_kafka_event_destroy(ev);
}

static void background(void) {
        const char *topic     = fresh_topic("background", 1);
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), NULL);
        rd_kafka_t *rk;
        rd_kafka_queue_t *q, *main;
        int64_t until;
        int i, threads = t_threads();
        main_thread    = pthread_self();
        background_drs = background_bad = 0;
        rd_kafka_conf_set_background_event_cb(conf, background_cb);
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
        rd_kafka_conf_set_opaque(conf, number(12));
        rk   = client(RD_KAFKA_PRODUCER, conf);
        q    = rd_kafka_queue_get_background(rk);
        main = rd_kafka_queue_get_main(rk);
        CHECK(q != NULL, "no background queue");
        rd_kafka_queue_forward(main, q);
        for (i = 0; i < 50; i++)
                CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_END), 0);
        for (until = now_ms() + ms(10000); __atomic_load_n(&background_drs, __ATOMIC_SEQ_CST) < 50 && now_ms() < until;)
                usleep(10000);
        CHECK(__atomic_load_n(&background_drs, __ATOMIC_SEQ_CST) == 50, "%d reports", background_drs);
        CHECK(!background_bad, "%d bad calls", background_bad);
        rd_kafka_queue_destroy(main);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 1000);
        CHECK(t_threads_down_to(threads) == threads, "%d threads left", t_threads() - threads);
}

static int polled_stats;
static int count_stats(rd_kafka_t *rk, char *json, size_t len, void *opaque) {
        (void)rk;
        (void)json;
        (void)len;
        (void)opaque;
        polled_stats++;
        return 0;
}

/* Callbacks of the main queue when another queue that it is forwarded to is polled for them. */
static void poll_callback(void) {
        rd_kafka_conf_t *conf = conf_of("statistics.interval.ms", "50", NULL);
        rd_kafka_t *rk;
        rd_kafka_queue_t *main, *q;
        int64_t until;
        rd_kafka_conf_set_stats_cb(conf, count_stats);
        polled_stats = 0;
        rk           = client(RD_KAFKA_PRODUCER, conf);
        main         = rd_kafka_queue_get_main(rk);
        q            = rd_kafka_queue_new(rk);
        rd_kafka_queue_forward(main, q);
        for (until = now_ms() + ms(5000); polled_stats < 2 && now_ms() < until;)
                rd_kafka_queue_poll_callback(q, 100);
        CHECK(polled_stats >= 2, "%d", polled_stats);
        rd_kafka_queue_destroy(q);
        rd_kafka_queue_destroy(main);
        DESTROY(rk, 1000);
}

/* ---- metadata ---- */

static void metadata(void) {
        const char *topic = fresh_topic("metadata", 3), *other = fresh_topic("other", 1);
        rd_kafka_t *rk    = producer(NULL, NULL);
        rd_kafka_topic_t *r = rd_kafka_topic_new(rk, topic, NULL), *missing;
        const struct rd_kafka_metadata *md = NULL;
        char name[256];
        int i, handle;
        CHECK_ERR(rd_kafka_metadata(rk, 1, NULL, &md, ms(5000)), 0);
        CHECK(md->broker_cnt == 1 && md->brokers[0].id == 1 && md->brokers[0].port > 0, "brokers");
        CHECK(!strcmp(md->brokers[0].host, "127.0.0.1"), "%s", md->brokers[0].host);
        CHECK_HAS(md->orig_broker_name, "127.0.0.1");
        rd_kafka_metadata_destroy(md);
        /* All topics are all, with a topic's handle as well: node-rdkafka's getMetadata() passes both. */
        for (handle = 0; handle < 2; handle++) {
                int found = 0, found_other = 0;
                CHECK_ERR(rd_kafka_metadata(rk, 1, handle ? r : NULL, &md, ms(5000)), 0);
                for (i = 0; i < md->topic_cnt; i++) {
                        found += !strcmp(md->topics[i].topic, topic);
                        found_other += !strcmp(md->topics[i].topic, other);
                }
                CHECK(found == 1 && found_other == 1, "of all topics, handle %d: %d, %d", handle, found, found_other);
                rd_kafka_metadata_destroy(md);
        }
        CHECK_ERR(rd_kafka_metadata(rk, 0, r, &md, ms(5000)), 0);
        CHECK(md->topic_cnt == 1 && !strcmp(md->topics[0].topic, topic), "%d topics", md->topic_cnt);
        CHECK_ERR(md->topics[0].err, 0);
        CHECK(md->topics[0].partition_cnt == 3, "%d partitions", md->topics[0].partition_cnt);
        for (i = 0; i < md->topics[0].partition_cnt; i++) {
                const struct rd_kafka_metadata_partition *p = &md->topics[0].partitions[i];
                CHECK_ERR(p->err, 0);
                CHECK(p->id == i && p->leader == 1 && p->replica_cnt == 1 && p->replicas[0] == 1 && p->isr_cnt == 1 && p->isrs[0] == 1,
                      "partition %d: id %d leader %d", i, p->id, p->leader);
        }
        rd_kafka_metadata_destroy(md);
        /* Local topics only. */
        CHECK_ERR(rd_kafka_metadata(rk, 0, NULL, &md, ms(5000)), 0);
        CHECK(md->topic_cnt == 1 && !strcmp(md->topics[0].topic, topic), "%d local topics", md->topic_cnt);
        rd_kafka_metadata_destroy(md);
        missing = rd_kafka_topic_new(rk, "a/bad/name", NULL);
        CHECK_ERR(rd_kafka_metadata(rk, 0, missing, &md, ms(5000)), 0);
        CHECK(md->topic_cnt == 1, "%d topics", md->topic_cnt);
        if (md->topic_cnt == 1)
                CHECK_ERR(md->topics[0].err, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION);
        rd_kafka_metadata_destroy(md);
        CHECK_HAS(rd_kafka_name(rk), "rdkafka#producer");
        snprintf(name, sizeof(name), "%s", rd_kafka_topic_name(r));
        CHECK(!strcmp(name, topic), "%s", name);
        rd_kafka_topic_destroy(missing);
        rd_kafka_topic_destroy(r);
        DESTROY(rk, 1000);
}

static void cluster(void) {
        rd_kafka_t *rk = producer(NULL, NULL);
        char *id       = rd_kafka_clusterid(rk, ms(10000));
        int32_t *ids   = NULL;
        size_t cnt     = 0;
        CHECK(id && strlen(id) > 5, "cluster id %s", id ? id : "(null)");
        if (id)
                rd_kafka_mem_free(rk, id);
        CHECK(rd_kafka_controllerid(rk, ms(10000)) == 1, "controller %d", rd_kafka_controllerid(rk, 0));
        ids = rd_kafka_brokers_learned_ids(rk, &cnt);
        CHECK(cnt == 1 && ids && ids[0] == 1, "%d learned brokers", (int)cnt);
        if (ids)
                rd_kafka_mem_free(rk, ids);
        DESTROY(rk, 1000);
}

static void cluster_unreachable(void) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", "127.0.0.1:1", NULL));
        int64_t start  = now_ms();
        CHECK(rd_kafka_clusterid(rk, 200) == NULL, "an id");
        CHECK(rd_kafka_controllerid(rk, 200) == -1, "a controller");
        CHECK(now_ms() - start < ms(1500), "took %d ms", (int)(now_ms() - start));
        DESTROY(rk, 1000);
}

/* ---- the application's own sockets ---- */

static int sockets, sockets_closed, connects, resolves;
static int my_socket(int domain, int type, int protocol, void *opaque) {
        (void)opaque;
        __atomic_add_fetch(&sockets, 1, __ATOMIC_SEQ_CST);
        return socket(domain, type, protocol);
}

static int my_close(int fd, void *opaque) {
        (void)opaque;
        __atomic_add_fetch(&sockets_closed, 1, __ATOMIC_SEQ_CST);
        return close(fd);
}

static int my_connect(int fd, const struct sockaddr *addr, int len, const char *id, void *opaque) {
        (void)opaque;
        if (id && strchr(id, ':'))
                __atomic_add_fetch(&connects, 1, __ATOMIC_SEQ_CST);
        return connect(fd, addr, (socklen_t)len) && errno != EINPROGRESS ? errno : 0;
}

static int my_resolve(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res, void *opaque) {
        (void)opaque;
        if (!node && !service) {
                freeaddrinfo(*res);
                return 0;
        }
        __atomic_add_fetch(&resolves, 1, __ATOMIC_SEQ_CST);
        return getaddrinfo(!strcmp(node, "made-up-name") ? "127.0.0.1" : node, service, hints, res);
}

static void own_sockets(void) {
        char servers[128];
        rd_kafka_conf_t *conf;
        rd_kafka_t *rk;
        const struct rd_kafka_metadata *md = NULL;
        snprintf(servers, sizeof(servers), "made-up-name%.*s", (int)strcspn(strchr(bootstrap(), ':'), ","), strchr(bootstrap(), ':'));
        conf = conf_of("bootstrap.servers", servers, NULL);
        rd_kafka_conf_set_socket_cb(conf, my_socket);
        rd_kafka_conf_set_closesocket_cb(conf, my_close);
        rd_kafka_conf_set_connect_cb(conf, my_connect);
        rd_kafka_conf_set_resolve_cb(conf, my_resolve);
        sockets = sockets_closed = connects = resolves = 0;
        rk                                             = client(RD_KAFKA_PRODUCER, conf);
        CHECK_ERR(rd_kafka_metadata(rk, 0, NULL, &md, ms(10000)), 0);
        if (md)
                rd_kafka_metadata_destroy(md);
        DESTROY(rk, 1000);
        CHECK(sockets > 0 && connects > 0 && resolves > 0, "%d sockets, %d connects, %d look-ups", sockets, connects, resolves);
        CHECK(sockets == sockets_closed, "%d sockets, %d closed", sockets, sockets_closed);
}

/* ---- lists of partitions ---- */

static int by_partition_down(const void *a, const void *b, void *opaque) {
        const rd_kafka_topic_partition_t *x = a, *y = b;
        (void)opaque;
        return y->partition - x->partition;
}

static void partition_lists(void) {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(0), *copy;
        rd_kafka_topic_partition_t *p;
        int i;
        p = rd_kafka_topic_partition_list_add(l, "b", 3);
        CHECK(p->offset == RD_KAFKA_OFFSET_INVALID && p->err == 0 && !p->metadata && !p->opaque, "fresh element");
        CHECK(rd_kafka_topic_partition_get_leader_epoch(p) == -1, "leader epoch");
        rd_kafka_topic_partition_list_add_range(l, "a", 0, 4);
        CHECK(l->cnt == 6, "%d", l->cnt);
        for (i = 0; i < 100; i++)
                rd_kafka_topic_partition_list_add(l, "c", 99 - i)->opaque = number(i);
        CHECK(l->cnt == 106 && l->size >= l->cnt, "%d of %d", l->cnt, l->size);
        CHECK_ERR(rd_kafka_topic_partition_list_set_offset(l, "a", 2, 77), 0);
        CHECK_ERR(rd_kafka_topic_partition_list_set_offset(l, "a", 9, 77), RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        p = rd_kafka_topic_partition_list_find(l, "a", 2);
        CHECK(p && p->offset == 77, "find");
        rd_kafka_topic_partition_set_leader_epoch(p, 8);
        p->metadata      = strdup("meta");
        p->metadata_size = 4;
        CHECK(!rd_kafka_topic_partition_list_find(l, "a", 9), "found what is not there");
        copy = rd_kafka_topic_partition_list_copy(l);
        p    = rd_kafka_topic_partition_list_find(copy, "a", 2);
        CHECK(copy->cnt == 106 && p && p->offset == 77 && rd_kafka_topic_partition_get_leader_epoch(p) == 8, "copy");
        CHECK(p && p->metadata_size == 4 && !memcmp(p->metadata, "meta", 4), "copied metadata");
        CHECK(rd_kafka_topic_partition_list_del(l, "a", 2) == 1 && rd_kafka_topic_partition_list_del(l, "a", 2) == 0, "del");
        CHECK(rd_kafka_topic_partition_list_del_by_idx(l, 0) == 1 && rd_kafka_topic_partition_list_del_by_idx(l, 1000) == 0, "del_by_idx");
        CHECK(l->cnt == 104 && !rd_kafka_topic_partition_list_find(l, "b", 3), "%d", l->cnt);
        rd_kafka_topic_partition_list_sort(l, NULL, NULL);
        for (i = 1; i < l->cnt; i++) {
                int c = strcmp(l->elems[i - 1].topic, l->elems[i].topic);
                CHECK(c < 0 || (c == 0 && l->elems[i - 1].partition < l->elems[i].partition), "order at %d", i);
        }
        rd_kafka_topic_partition_list_sort(copy, by_partition_down, NULL);
        for (i = 1; i < copy->cnt; i++)
                CHECK(copy->elems[i - 1].partition >= copy->elems[i].partition, "own order at %d", i);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_topic_partition_list_destroy(copy);
}

static void conf_of_a_client(void) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_of("client.id", "asked", NULL));
        char buf[64];
        size_t size = sizeof(buf), cnt = 0, i;
        const char **dump;
        int found = 0;
        CHECK(rd_kafka_conf_get(rd_kafka_conf(rk), "client.id", buf, &size) == RD_KAFKA_CONF_OK && !strcmp(buf, "asked"), "get");
        dump = rd_kafka_conf_dump((rd_kafka_conf_t *)(uintptr_t)rd_kafka_conf(rk), &cnt);
        for (i = 0; i + 1 < cnt; i += 2)
                found += !strcmp(dump[i], "client.id") && !strcmp(dump[i + 1], "asked");
        CHECK(found == 1 && cnt % 2 == 0, "%d of %d", found, (int)cnt);
        rd_kafka_conf_dump_free(dump, cnt);
        DESTROY(rk, 1000);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(error_event);
        RUN(fatal_error);
        RUN(log_callback);
        RUN(log_events);
        RUN(log_queue_needs_property);
        RUN(debug_contexts);
        RUN(dump);
        RUN(producer_statistics);
        RUN(consumer_statistics);
        RUN(throttle);
        RUN(background);
        RUN(poll_callback);
        RUN(metadata);
        RUN(cluster);
        RUN(cluster_unreachable);
        RUN(own_sockets);
        RUN(partition_lists);
        RUN(conf_of_a_client);
        return T_END();
}
