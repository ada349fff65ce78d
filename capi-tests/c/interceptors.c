/* Interceptors of configurations and of clients, and plugins. */
#include "client.h"

/* ---- configurations ---- */

#define IC "t-interceptor"

/* What an interceptor of a configuration has seen, as text. */
struct seen {
        char text[4096], last[256];
        int destroyed, dups;
        rd_kafka_resp_err_t add_again;
};

/* librdkafka tells twice of a property of its own: repetitions are left out. */
static void note(struct seen *s, const char *name, const char *value) {
        char line[256];
        snprintf(line, sizeof(line), "%s=%s;", name, value ? value : "(null)");
        if (!strcmp(line, s->last))
                return;
        snprintf(s->last, sizeof(s->last), "%s", line);
        strncat(s->text, line, sizeof(s->text) - strlen(s->text) - 1);
}

static rd_kafka_conf_res_t on_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, char *errstr,
                                       size_t errstr_size, void *opaque) {
        (void)conf;
        note(opaque, name, value);
        if (!strcmp(name, "ic.good"))
                return RD_KAFKA_CONF_OK;
        if (!strcmp(name, "ic.bad") || !strcmp(name, "retry.backoff.ms")) {
                snprintf(errstr, errstr_size, "%s refused", name);
                return RD_KAFKA_CONF_INVALID;
        }
        if (!strcmp(name, "ic.nested")) { /* Sets another one from within. */
                rd_kafka_conf_set(conf, "client.id", value, errstr, errstr_size);
                return RD_KAFKA_CONF_OK;
        }
        return RD_KAFKA_CONF_UNKNOWN;
}

static rd_kafka_resp_err_t on_conf_dup(rd_kafka_conf_t *copy, const rd_kafka_conf_t *old, size_t filter_cnt,
                                       const char **filter, void *opaque) {
        struct seen *s = opaque;
        char line[64];
        (void)old;
        s->dups++;
        snprintf(line, sizeof(line), "%d %s", (int)filter_cnt, filter_cnt ? filter[0] : "");
        note(s, "dup", line);
        return rd_kafka_conf_interceptor_add_on_conf_set(copy, IC, on_conf_set, opaque);
}

static rd_kafka_resp_err_t on_conf_destroy(void *opaque) {
        ((struct seen *)opaque)->destroyed++;
        return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_conf_res_t put(rd_kafka_conf_t *conf, const char *name, const char *value, char *errstr) {
        *errstr = '\0';
        return rd_kafka_conf_set(conf, name, value, errstr, 512);
}

static void properties(void) {
        struct seen s        = {0};
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char e[512];
        CHECK_ERR(rd_kafka_conf_interceptor_add_on_conf_set(conf, IC, on_conf_set, &s), 0);
        CHECK_ERR(rd_kafka_conf_interceptor_add_on_conf_set(conf, IC, on_conf_set, &s), RD_KAFKA_RESP_ERR__CONFLICT);
        CHECK(put(conf, "ic.good", "1", e) == RD_KAFKA_CONF_OK, "%s", e);
        CHECK(put(conf, "ic.bad", "1", e) == RD_KAFKA_CONF_INVALID, "taken");
        CHECK(!strcmp(e, "ic.bad refused"), "%s", e);
        CHECK(put(conf, "ic.other", "1", e) == RD_KAFKA_CONF_UNKNOWN, "taken");
        CHECK_HAS(e, "No such configuration property");
        CHECK(put(conf, "socket.timeout.ms", "77", e) == RD_KAFKA_CONF_OK, "%s", e);
        CHECK(put(conf, "retry.backoff.ms", "7", e) == RD_KAFKA_CONF_INVALID, "set");
        CHECK(put(conf, "sasl.username", "", e) == RD_KAFKA_CONF_OK, "%s", e);
        CHECK(put(conf, "ic.nested", "inner", e) == RD_KAFKA_CONF_OK, "%s", e);
        CHECK(put(conf, "request.required.acks", "1", e) == RD_KAFKA_CONF_OK, "%s", e);
        CHECK(!strcmp(s.text, "ic.good=1;ic.bad=1;ic.other=1;socket.timeout.ms=77;retry.backoff.ms=7;sasl.username=(null);"
                              "ic.nested=inner;client.id=inner;request.required.acks=1;"),
              "%s", s.text);
        rd_kafka_conf_destroy(conf);
}

/* An alias is seen under both names. */
static void aliases(void) {
        struct seen s         = {0};
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char e[512];
        CHECK_ERR(rd_kafka_conf_interceptor_add_on_conf_set(conf, IC, on_conf_set, &s), 0);
        CHECK(put(conf, "bootstrap.servers", "a:1", e) == RD_KAFKA_CONF_OK, "%s", e);
        CHECK(!strcmp(s.text, "bootstrap.servers=a:1;metadata.broker.list=a:1;"), "%s", s.text);
        rd_kafka_conf_destroy(conf);
}

static void copies(void) {
        struct seen s         = {0};
        rd_kafka_conf_t *conf = rd_kafka_conf_new(), *copy, *third;
        const char *filter[]  = {"socket.time", "ic.oth"};
        char e[512], value[64];
        size_t size = sizeof(value);
        CHECK_ERR(rd_kafka_conf_interceptor_add_on_conf_dup(conf, IC, on_conf_dup, &s), 0);
        CHECK_ERR(rd_kafka_conf_interceptor_add_on_conf_set(conf, IC, on_conf_set, &s), 0);
        CHECK_ERR(rd_kafka_conf_interceptor_add_on_conf_destroy(conf, IC, on_conf_destroy, &s), 0);
        CHECK_ERR(rd_kafka_conf_interceptor_add_on_conf_destroy(conf, IC, on_conf_destroy, &s), 0);
        CHECK(put(conf, "ic.good", "1", e) == RD_KAFKA_CONF_OK, "%s", e);
        CHECK(put(conf, "socket.timeout.ms", "77", e) == RD_KAFKA_CONF_OK, "%s", e);
        CHECK(put(conf, "client.id", "me", e) == RD_KAFKA_CONF_OK, "%s", e);
        memset(&s.text, 0, sizeof(s.text));
        copy = rd_kafka_conf_dup(conf);
        CHECK_HAS(s.text, "dup=0 ;client.id=me;");
        CHECK_HAS(s.text, "socket.timeout.ms=77;");
        CHECK_HAS(s.text, "ic.good=1;");
        memset(&s.text, 0, sizeof(s.text));
        /* The copy has on_conf_set only, and hands on what its interceptor took. */
        third = rd_kafka_conf_dup_filter(copy, 2, filter);
        CHECK(!strcmp(s.text, ""), "%s", s.text);
        CHECK(rd_kafka_conf_get(third, "client.id", value, &size) == RD_KAFKA_CONF_OK && !strcmp(value, "me"), "not copied");
        size = sizeof(value);
        CHECK(rd_kafka_conf_get(third, "socket.timeout.ms", value, &size) == RD_KAFKA_CONF_OK && !strcmp(value, "60000"), "%s", value);
        CHECK(s.dups == 1, "%d", s.dups);
        rd_kafka_conf_destroy(third);
        rd_kafka_conf_destroy(copy);
        CHECK(s.destroyed == 0, "a copy has no interceptors of its own");
        copy = rd_kafka_conf_dup_filter(conf, 2, filter);
        CHECK_HAS(s.text, "dup=2 socket.time;");
        CHECK(!strstr(s.text, "socket.timeout.ms"), "%s", s.text);
        rd_kafka_conf_destroy(copy);
        rd_kafka_conf_destroy(conf);
        CHECK(s.destroyed == 2, "%d", s.destroyed);
}

/* ---- clients ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define MAX_IN_FLIGHT 4096

static struct {
        rd_kafka_t *rk;
        const rd_kafka_conf_t *conf;
        char order[512];
        int sends, acks, bad_acks, consumed, commits, committed, threads, exits, main_threads, broker_threads;
        int64_t ack_offset;
        rd_kafka_resp_err_t ack_err;
        struct {
                int api, answers;
        } corr[MAX_IN_FLIGHT];
        int requests, responses, bad_responses;
        char states[4096];
        int failing;
} ic;

static void ordered(const char *what) {
        pthread_mutex_lock(&lock);
        strncat(ic.order, what, sizeof(ic.order) - strlen(ic.order) - 1);
        pthread_mutex_unlock(&lock);
}

static rd_kafka_resp_err_t on_destroy(rd_kafka_t *rk, void *opaque) {
        CHECK(rk == ic.rk && opaque == &ic, "arguments");
        ordered("destroy ");
        return 0;
}

static rd_kafka_resp_err_t on_send(rd_kafka_t *rk, rd_kafka_message_t *m, void *opaque) {
        rd_kafka_headers_t *h;
        (void)opaque;
        CHECK(rk == ic.rk && !m->err && m->rkt && rd_kafka_message_timestamp(m, NULL) > 0, "message");
        if (rd_kafka_message_headers(m, &h)) {
                h = rd_kafka_headers_new(1);
                rd_kafka_message_set_headers(m, h);
        }
        CHECK_ERR(rd_kafka_header_add(h, "trace", -1, m->payload, (ssize_t)m->len), 0);
        pthread_mutex_lock(&lock);
        ic.sends++;
        pthread_mutex_unlock(&lock);
        return ic.failing ? RD_KAFKA_RESP_ERR__FAIL : 0;
}

static rd_kafka_resp_err_t on_ack(rd_kafka_t *rk, rd_kafka_message_t *m, void *opaque) {
        rd_kafka_headers_t *h;
        const void *value = NULL;
        size_t size       = 0;
        (void)opaque;
        CHECK(rk == ic.rk && m->rkt, "message");
        CHECK_ERR(rd_kafka_message_headers(m, &h), 0);
        CHECK_ERR(rd_kafka_header_get_last(h, "trace", &value, &size), 0);
        CHECK(size == m->len && !memcmp(value, m->payload, size), "header");
        pthread_mutex_lock(&lock);
        ic.acks++;
        ic.ack_err    = m->err;
        ic.ack_offset = m->offset;
        if (m->_private != (void *)0x17)
                ic.bad_acks++;
        pthread_mutex_unlock(&lock);
        return 0;
}

static rd_kafka_resp_err_t on_consume(rd_kafka_t *rk, rd_kafka_message_t *m, void *opaque) {
        rd_kafka_headers_t *h;
        (void)opaque;
        CHECK(rk == ic.rk && !m->err && m->rkt, "message");
        CHECK_ERR(rd_kafka_message_headers(m, &h), 0);
        pthread_mutex_lock(&lock);
        ic.consumed++;
        pthread_mutex_unlock(&lock);
        return 0;
}

static rd_kafka_resp_err_t on_commit(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *offsets,
                                     rd_kafka_resp_err_t err, void *opaque) {
        (void)opaque;
        CHECK(rk == ic.rk, "rk");
        CHECK_ERR(err, 0);
        pthread_mutex_lock(&lock);
        ic.commits++;
        if (offsets && offsets->cnt == 1)
                ic.committed = (int)offsets->elems[0].offset;
        pthread_mutex_unlock(&lock);
        return 0;
}

static rd_kafka_resp_err_t on_request(rd_kafka_t *rk, int fd, const char *broker, int32_t id, int16_t api, int16_t version,
                                      int32_t corr, size_t size, void *opaque) {
        (void)opaque;
        (void)id;
        pthread_mutex_lock(&lock);
        CHECK(rk == ic.rk && fd >= 0 && broker && *broker && version >= 0 && size > 8, "request");
        if (corr >= 0 && corr < MAX_IN_FLIGHT)
                ic.corr[corr].api = api + 1;
        ic.requests++;
        pthread_mutex_unlock(&lock);
        return 0;
}

static rd_kafka_resp_err_t on_response(rd_kafka_t *rk, int fd, const char *broker, int32_t id, int16_t api, int16_t version,
                                       int32_t corr, size_t size, int64_t rtt, rd_kafka_resp_err_t err, void *opaque) {
        (void)opaque;
        (void)id;
        pthread_mutex_lock(&lock);
        CHECK(rk == ic.rk && fd == -1 && broker, "response");
        ic.responses++;
        if (getenv("T_VERBOSE"))
                printf("  response: api %d v%d #%d, %d bytes, %d us, %s\n", api, version, corr, (int)size, (int)rtt, rd_kafka_err2name(err));
        if (!err && (size < 4 || rtt < 0 || api < 0))
                ic.bad_responses++;
        /* librdkafka always says 0. */
        if (!err && !is_upstream() && (corr <= 0 || corr >= MAX_IN_FLIGHT || ic.corr[corr].api != api + 1))
                ic.bad_responses++;
        pthread_mutex_unlock(&lock);
        return 0;
}

static rd_kafka_resp_err_t on_start(rd_kafka_t *rk, rd_kafka_thread_type_t type, const char *name, void *opaque) {
        (void)opaque;
        pthread_mutex_lock(&lock);
        CHECK(rk == ic.rk && name && *name, "thread");
        ic.threads++;
        ic.main_threads += type == RD_KAFKA_THREAD_MAIN;
        ic.broker_threads += type == RD_KAFKA_THREAD_BROKER;
        pthread_mutex_unlock(&lock);
        return 0;
}

static rd_kafka_resp_err_t on_exit_(rd_kafka_t *rk, rd_kafka_thread_type_t type, const char *name, void *opaque) {
        (void)type;
        (void)name;
        (void)opaque;
        pthread_mutex_lock(&lock);
        CHECK(rk == ic.rk, "thread");
        ic.exits++;
        pthread_mutex_unlock(&lock);
        return 0;
}

static rd_kafka_resp_err_t on_state(rd_kafka_t *rk, int32_t id, const char *proto, const char *name, int port,
                                    const char *state, void *opaque) {
        char line[256];
        (void)id;
        (void)opaque;
        pthread_mutex_lock(&lock);
        CHECK(rk == ic.rk && proto && name && state, "state");
        CHECK(!strcmp(proto, "plaintext"), "%s", proto);
        snprintf(line, sizeof(line), "%s:%d:%s;", name, port, state);
        if (!strstr(ic.states, line))
                strncat(ic.states, line, sizeof(ic.states) - strlen(ic.states) - 1);
        pthread_mutex_unlock(&lock);
        return 0;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque, char *errstr, size_t size) {
        (void)errstr;
        (void)size;
        ic.rk   = rk;
        ic.conf = conf;
        ordered("new ");
        CHECK_ERR(rd_kafka_interceptor_add_on_destroy(rk, IC, on_destroy, opaque), 0);
        CHECK_ERR(rd_kafka_interceptor_add_on_send(rk, IC, on_send, opaque), 0);
        CHECK_ERR(rd_kafka_interceptor_add_on_send(rk, IC, on_send, opaque), RD_KAFKA_RESP_ERR__CONFLICT);
        CHECK_ERR(rd_kafka_interceptor_add_on_acknowledgement(rk, IC, on_ack, opaque), 0);
        CHECK_ERR(rd_kafka_interceptor_add_on_consume(rk, IC, on_consume, opaque), 0);
        CHECK_ERR(rd_kafka_interceptor_add_on_commit(rk, IC, on_commit, opaque), 0);
        CHECK_ERR(rd_kafka_interceptor_add_on_request_sent(rk, IC, on_request, opaque), 0);
        CHECK_ERR(rd_kafka_interceptor_add_on_response_received(rk, IC, on_response, opaque), 0);
        CHECK_ERR(rd_kafka_interceptor_add_on_thread_start(rk, IC, on_start, opaque), 0);
        CHECK_ERR(rd_kafka_interceptor_add_on_thread_exit(rk, IC, on_exit_, opaque), 0);
        CHECK_ERR(rd_kafka_interceptor_add_on_broker_state_change(rk, IC, on_state, opaque), 0);
        return 0;
}

static rd_kafka_resp_err_t on_conf_destroy_ordered(void *opaque) {
        (void)opaque;
        ordered("conf_destroy ");
        return 0;
}

static rd_kafka_t *intercepted(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
        memset(&ic, 0, sizeof(ic));
        conf_put(conf, "bootstrap.servers", bootstrap());
        CHECK_ERR(rd_kafka_conf_interceptor_add_on_new(conf, IC, on_new, &ic), 0);
        CHECK_ERR(rd_kafka_conf_interceptor_add_on_conf_destroy(conf, IC, on_conf_destroy_ordered, &ic), 0);
        return client(type, conf);
}

static void ended(void) {
        CHECK(!strcmp(ic.order, "new destroy conf_destroy "), "%s", ic.order);
        CHECK(ic.threads >= 2 && ic.threads == ic.exits, "%d started, %d ended", ic.threads, ic.exits);
        CHECK(ic.main_threads == 1 && ic.broker_threads >= 1, "%d, %d", ic.main_threads, ic.broker_threads);
        CHECK(ic.requests > 1 && ic.responses >= ic.requests, "%d requests, %d responses", ic.requests, ic.responses);
        CHECK(ic.bad_responses == 0, "%d", ic.bad_responses);
        CHECK_HAS(ic.states, ":INIT;");
        CHECK_HAS(ic.states, ":TRY_CONNECT;");
        CHECK_HAS(ic.states, ":CONNECT;");
        CHECK_HAS(ic.states, ":APIVERSION_QUERY;");
        CHECK_HAS(ic.states, ":UP;");
}

/* ---- the last that is heard of a broker ---- */

static struct {
        char broker[128], state[32];
        int downs;
} last[16];
static int lasts, ending;

static rd_kafka_resp_err_t on_last_state(rd_kafka_t *rk, int32_t id, const char *proto, const char *name, int port,
                                         const char *state, void *opaque) {
        char broker[128];
        int i;
        (void)rk, (void)id, (void)proto, (void)opaque;
        snprintf(broker, sizeof(broker), "%s:%d", name, port);
        pthread_mutex_lock(&lock);
        for (i = 0; i < lasts && strcmp(last[i].broker, broker); i++)
                ;
        if (i < (int)(sizeof(last) / sizeof(*last))) {
                if (i == lasts)
                        snprintf(last[lasts++].broker, sizeof(last[i].broker), "%s", broker);
                snprintf(last[i].state, sizeof(last[i].state), "%s", state);
                last[i].downs += ending && !strcmp(state, "DOWN");
        }
        pthread_mutex_unlock(&lock);
        return 0;
}

static rd_kafka_resp_err_t add_last_state(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque, char *errstr,
                                          size_t size) {
        (void)conf, (void)errstr, (void)size;
        return rd_kafka_interceptor_add_on_broker_state_change(rk, IC, on_last_state, opaque);
}

static int is_last(const char *state) {
        int i, yes = 0;
        pthread_mutex_lock(&lock);
        for (i = 0; i < lasts; i++)
                yes |= !strcmp(last[i].state, state);
        pthread_mutex_unlock(&lock);
        return yes;
}

/* Waits until some broker is in this state, or was asked for often enough, and ends the client: all are DOWN then. */
static void check_down_at_the_end(rd_kafka_type_t type, const char *servers, const char *state, const char *group) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", servers, "reconnect.backoff.ms", "10000",
                                        "reconnect.backoff.max.ms", "10000", NULL);
        int64_t until         = now_ms() + ms(20000);
        const struct rd_kafka_metadata *md;
        rd_kafka_topic_partition_list_t *topics;
        rd_kafka_t *rk;
        int i;
        if (group)
                conf_put(conf, "group.id", group);
        memset(last, 0, sizeof(last));
        lasts = ending = 0;
        CHECK_ERR(rd_kafka_conf_interceptor_add_on_new(conf, IC, add_last_state, NULL), 0);
        rk = client(type, conf);
        if (group) {
                topics = rd_kafka_topic_partition_list_new(1);
                rd_kafka_topic_partition_list_add(topics, fresh_topic("down", 1), -1);
                CHECK_ERR(rd_kafka_subscribe(rk, topics), 0);
                rd_kafka_topic_partition_list_destroy(topics);
        }
        do {
                if (group)
                        rd_kafka_consumer_poll(rk, 50);
                else if (!rd_kafka_metadata(rk, 0, NULL, &md, 50))
                        rd_kafka_metadata_destroy(md);
        } while (!is_last(state) && now_ms() < until);
        CHECK(is_last(state), "%s: never %s", servers, state);
        pthread_mutex_lock(&lock);
        ending = 1;
        pthread_mutex_unlock(&lock);
        rd_kafka_destroy(rk);
        CHECK(lasts > 0, "no broker");
        for (i = 0; i < lasts; i++) {
                CHECK(!strcmp(last[i].state, "DOWN"), "%s is %s in the end", last[i].broker, last[i].state);
                CHECK(last[i].downs >= 1, "%s: not told at the end", last[i].broker);
        }
}

static void down_at_the_end(void) {
        check_down_at_the_end(RD_KAFKA_PRODUCER, bootstrap(), "UP", NULL);
}

static void down_at_the_end_of_a_member(void) {
        check_down_at_the_end(RD_KAFKA_CONSUMER, bootstrap(), "UP", fresh("group"));
}

static void down_at_the_end_unconnected(void) {
        check_down_at_the_end(RD_KAFKA_PRODUCER, "127.0.0.1:1", "INIT", NULL);
}

static void down_at_the_end_unresolved(void) {
        check_down_at_the_end(RD_KAFKA_CONSUMER, "no-such-host.invalid:9092,127.0.0.1:1", "INIT", NULL);
}

static int dr_after_ack;
static void dr(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)opaque;
        (void)m;
        pthread_mutex_lock(&lock);
        dr_after_ack += ic.acks > 0;
        pthread_mutex_unlock(&lock);
}

static rd_kafka_resp_err_t produce_one(rd_kafka_t *rk, const char *topic, int32_t partition, const char *value) {
        return rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                                 RD_KAFKA_V_VALUE((void *)value, strlen(value)), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                 RD_KAFKA_V_OPAQUE((void *)0x17), RD_KAFKA_V_END);
}

static void producing(void) {
        const char *topic     = fresh_topic("send", 1);
        rd_kafka_conf_t *conf = conf_of("linger.ms", "0", NULL);
        rd_kafka_t *rk;
        rd_kafka_topic_t *rkt;
        struct reader r;
        int i;
        rd_kafka_conf_set_dr_msg_cb(conf, dr);
        dr_after_ack = 0;
        rk           = intercepted(RD_KAFKA_PRODUCER, conf);
        CHECK(ic.conf == rd_kafka_conf(rk), "configuration");
        for (i = 0; i < 5; i++)
                CHECK_ERR(produce_one(rk, topic, 0, "hello"), 0);
        /* With headers of its own, and an interceptor that fails, which changes nothing but the log. */
        ic.failing = 1;
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE("x", 1),
                                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADER("own", "1", 1),
                                    RD_KAFKA_V_OPAQUE((void *)0x17), RD_KAFKA_V_END),
                  0);
        ic.failing = 0;
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        CHECK(ic.sends == 6 && ic.acks == 6 && ic.bad_acks == 0, "%d sent, %d acknowledged", ic.sends, ic.acks);
        CHECK(dr_after_ack == 6, "%d", dr_after_ack);
        CHECK(ic.ack_err == 0 && ic.ack_offset == 5, "%s, %d", rd_kafka_err2name(ic.ack_err), (int)ic.ack_offset);

        /* Refused for its partition: both are called. Refused for its size: neither is. */
        CHECK_ERR(produce_one(rk, topic, 77, "hello"), RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        CHECK(ic.sends == 7 && ic.acks == 7, "%d sent, %d acknowledged", ic.sends, ic.acks);
        CHECK_ERR(ic.ack_err, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        rkt = rd_kafka_topic_new(rk, topic, NULL);
        {
                size_t size = 2000000;
                char *large = calloc(1, size);
                CHECK(rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, large, size, NULL, 0, NULL) == -1, "queued");
                CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
                free(large);
        }
        CHECK(ic.sends == 7 && ic.acks == 7, "%d sent, %d acknowledged", ic.sends, ic.acks);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 5000);
        ended();

        r = reader(topic, 0, 6);
        CHECK(r.cnt == 6, "%d", r.cnt);
        for (i = 0; i < r.cnt; i++) {
                rd_kafka_headers_t *h;
                const void *value = NULL;
                size_t size       = 0;
                CHECK_ERR(rd_kafka_message_headers(r.m[i], &h), 0);
                CHECK(rd_kafka_header_cnt(h) == (i < 5 ? 1u : 2u), "%d", (int)rd_kafka_header_cnt(h));
                CHECK_ERR(rd_kafka_header_get_last(h, "trace", &value, &size), 0);
                CHECK(size == (i < 5 ? 5u : 1u) && !memcmp(value, i < 5 ? "hello" : "x", size), "%d", (int)size);
        }
        reader_close(&r);
}

/* Messages that are never sent are acknowledged all the same: purged, or with the client. */
static void undelivered(void) {
        rd_kafka_conf_t *conf = conf_of("linger.ms", "0", NULL);
        rd_kafka_t *rk;
        memset(&ic, 0, sizeof(ic));
        conf_put(conf, "bootstrap.servers", "127.0.0.1:1");
        CHECK_ERR(rd_kafka_conf_interceptor_add_on_new(conf, IC, on_new, &ic), 0);
        rk = client(RD_KAFKA_PRODUCER, conf);
        CHECK_ERR(produce_one(rk, "nowhere", 0, "hello"), 0);
        CHECK_ERR(produce_one(rk, "nowhere", 0, "hello"), 0);
        CHECK_ERR(rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE), 0);
        CHECK(ic.sends == 2 && ic.acks == 2, "%d sent, %d acknowledged", ic.sends, ic.acks);
        CHECK_ERR(ic.ack_err, RD_KAFKA_RESP_ERR__PURGE_QUEUE);
        DESTROY(rk, 5000);
        CHECK(ic.threads == ic.exits, "%d started, %d ended", ic.threads, ic.exits);
}

static void consuming(void) {
        const char *topic = fresh_topic("consume", 1), *group = fresh("g");
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_t *p, *rk;
        rd_kafka_queue_t *q;
        rd_kafka_message_t *batch[8];
        rd_kafka_event_t *ev;
        int n = 0, i;
        int64_t until;
        p = intercepted(RD_KAFKA_PRODUCER, conf_of("linger.ms", "0", NULL));
        for (i = 0; i < 12; i++)
                CHECK_ERR(produce_one(p, topic, 0, "hello"), 0);
        CHECK_ERR(rd_kafka_flush(p, ms(20000)), 0);
        rd_kafka_destroy(p);

        rk = intercepted(RD_KAFKA_CONSUMER, conf_of("group.id", group, "enable.auto.commit", "false", NULL));
        rd_kafka_poll_set_consumer(rk);
        rd_kafka_topic_partition_list_add(l, topic, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        for (until = now_ms() + ms(60000); n < 4 && now_ms() < until;) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 100);
                if (!m)
                        continue;
                n++;
                CHECK(ic.consumed == n, "%d of %d", ic.consumed, n);
                rd_kafka_message_destroy(m);
        }
        q = rd_kafka_queue_get_consumer(rk);
        while (n < 8 && now_ms() < until) {
                int got = (int)rd_kafka_consume_batch_queue(q, 100, batch, (size_t)(8 - n));
                for (i = 0; i < got; i++)
                        rd_kafka_message_destroy(batch[i]);
                n += got;
                CHECK(ic.consumed == n, "%d of %d", ic.consumed, n);
        }
        while (n < 12 && now_ms() < until) {
                if (!(ev = rd_kafka_queue_poll(q, 100)))
                        continue;
                if (rd_kafka_event_type(ev) == RD_KAFKA_EVENT_FETCH)
                        while (rd_kafka_event_message_next(ev))
                                n++;
                rd_kafka_event_destroy(ev);
                CHECK(ic.consumed == n, "%d of %d", ic.consumed, n);
        }
        CHECK(n == 12, "%d", n);
        rd_kafka_queue_destroy(q);
        l->elems[0].offset = 7;
        CHECK_ERR(rd_kafka_commit(rk, l, 0), 0);
        CHECK(ic.commits == 1 && ic.committed == 7, "%d, %d", ic.commits, ic.committed);
        CHECK_ERR(rd_kafka_consumer_close(rk), 0);
        DESTROY(rk, 5000);
        ended();
        rd_kafka_topic_partition_list_destroy(l);
}

/* Interceptors cannot come later. librdkafka ends the program there. */
static void too_late(void) {
        rd_kafka_t *rk;
        if (is_upstream())
                SKIP("an assertion in librdkafka");
        rk = intercepted(RD_KAFKA_PRODUCER, conf_of("linger.ms", "0", NULL));
        CHECK_ERR(rd_kafka_interceptor_add_on_send(rk, "late", on_send, NULL), RD_KAFKA_RESP_ERR__STATE);
        DESTROY(rk, 5000);
}

/* ---- plugins ---- */

static const char plugin_source[] =
    "#include <stddef.h>\n"
    "typedef struct rd_kafka_conf_s conf_t;\n"
    "extern int rd_kafka_conf_interceptor_add_on_conf_destroy(conf_t *, const char *, int (*)(void *), void *);\n"
    "extern int rd_kafka_conf_interceptor_add_on_conf_set(conf_t *, const char *,\n"
    "    int (*)(conf_t *, const char *, const char *, char *, size_t, void *), void *);\n"
    "#include <string.h>\n"
    "static int live, sets;\n"
    "static int destroyed(void *opaque) { (void)opaque; live--; return 0; }\n"
    "static int set(conf_t *c, const char *n, const char *v, char *e, size_t s, void *o) {\n"
    "    (void)c; (void)v; (void)e; (void)s; (void)o; sets++; return strncmp(n, \"plug.\", 5) ? -2 : 0; }\n"
    "int conf_init(conf_t *conf, void **opaque, char *errstr, size_t size) {\n"
    "    (void)opaque; (void)errstr; (void)size; live++;\n"
    "    rd_kafka_conf_interceptor_add_on_conf_set(conf, \"plug\", set, NULL);\n"
    "    return rd_kafka_conf_interceptor_add_on_conf_destroy(conf, \"plug\", destroyed, NULL);\n"
    "}\n"
    "int counts(int which) { return which ? sets : live; }\n";

#include <dlfcn.h>

static void plugins(void) {
        char dir[] = "/tmp/t-plugin-XXXXXX", path[128], command[512], e[512];
        rd_kafka_conf_t *conf = rd_kafka_conf_new(), *copy;
        rd_kafka_t *rk;
        void *own;
        int (*counts)(int);
        FILE *f;
        CHECK(put(conf, "plugin.library.paths", "/does/not/exist", e) == RD_KAFKA_CONF_INVALID, "loaded");
        CHECK_HAS(e, "dlopen() failed: /does/not/exist.so: cannot open");
        CHECK_HAS(e, "(plugin /does/not/exist)");
        NEED(mkdtemp(dir), "%s", strerror(errno));
        snprintf(path, sizeof(path), "%s/plug.c", dir);
        NEED((f = fopen(path, "w")), "%s", strerror(errno));
        fputs(plugin_source, f);
        fclose(f);
        snprintf(command, sizeof(command), "gcc -shared -fPIC -o %s/plug.so %s && gcc -shared -fPIC -o %s/none.so -xc /dev/null", dir, path, dir);
        NEED(system(command) == 0, "gcc");
        snprintf(path, sizeof(path), "%s/none", dir);
        CHECK(put(conf, "plugin.library.paths", path, e) == RD_KAFKA_CONF_INVALID, "loaded");
        CHECK_HAS(e, "\"conf_init\"");

        snprintf(path, sizeof(path), "%s/plug.so", dir);
        own = dlopen(path, RTLD_NOW);
        NEED(own && (counts = (int (*)(int))dlsym(own, "counts")), "%s", dlerror());
        /* The same one twice is one; without its extension. */
        snprintf(path, sizeof(path), "%s/plug;%s/plug", dir, dir);
        CHECK(put(conf, "plugin.library.paths", path, e) == RD_KAFKA_CONF_OK, "%s", e);
        CHECK(counts(0) == 1, "%d", counts(0));
        CHECK(put(conf, "plug.in", "1", e) == RD_KAFKA_CONF_OK, "%s", e);
        CHECK(counts(1) >= 1, "%d", counts(1));
        copy = rd_kafka_conf_dup(conf);
        CHECK(counts(0) == 2, "%d", counts(0));
        CHECK(put(copy, "plug.in", "1", e) == RD_KAFKA_CONF_OK, "%s", e);
        rd_kafka_conf_destroy(copy);
        CHECK(counts(0) == 1, "%d", counts(0));
        rk = client(RD_KAFKA_PRODUCER, conf);
        rd_kafka_destroy(rk);
        CHECK(counts(0) == 0, "%d", counts(0));
        dlclose(own);
        snprintf(command, sizeof(command), "rm -r %s", dir);
        CHECK(system(command) == 0, "rm");
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(properties);
        RUN(aliases);
        RUN(copies);
        RUN(producing);
        RUN(undelivered);
        RUN(consuming);
        RUN(too_late);
        RUN(down_at_the_end);
        RUN(down_at_the_end_of_a_member);
        RUN(down_at_the_end_unconnected);
        RUN(down_at_the_end_unresolved);
        RUN(plugins);
        return T_END();
}
