/*
 * Logins to a secured cluster: every mechanism with and without TLS, what is wrong with them, and what changes while a client
 * runs.
 * kafka-mock
 */
#include "secured.h"

static int messages(void) {
        return t.slow > 1 ? 500 : 5000;
}

/* ---- every mechanism ---- */

static void round_trips(const char *protocol) {
        static const char *const mechanisms[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"};
        size_t i;
        int idempotent;
        for (i = 0; i < 4; i++) {
                struct cluster c = login_cluster(!strcmp(protocol, "sasl_ssl"), "0");
                for (idempotent = 0; idempotent < 2; idempotent++) {
                        rd_kafka_conf_t *conf = conf_to(&c, protocol, mechanisms[i]);
                        const char *topic     = idempotent ? "idempotent" : "t";
                        send_numbered(with(conf, "enable.idempotence", idempotent ? "true" : "false"), topic, messages(), 0);
                        read_numbered(conf_to(&c, protocol, mechanisms[i]), topic, messages(), 0);
                        CHECK(!seen.errors, "%s: %d errors", mechanisms[i], seen.errors);
                }
                cluster_end(&c);
        }
}

static void messages_without_tls(void) {
        round_trips("sasl_plaintext");
}

static void messages_by_tls(void) {
        round_trips("sasl_ssl");
}

/* ---- what is wrong ---- */

/* One event with the code, however often the client tries again; it keeps to its back-off, and ends at once. */
static void refused(struct cluster *c, const char *protocol, const char *mechanism) {
        rd_kafka_conf_t *conf = conf_to(c, protocol, mechanism);
        rd_kafka_t *rk;
        conf_put(conf, "sasl.password", "wrong-secret");
        conf_put(conf, "reconnect.backoff.ms", "200");
        conf_put(conf, "reconnect.backoff.max.ms", "400");
        conf_put(conf, "statistics.interval.ms", "100");
        memset(&seen, 0, sizeof(seen));
        rk = client(RD_KAFKA_PRODUCER, conf);
        CHECK(poll_until(rk, &seen.authentication, 1, ms(10000)), "%s: no error in time", mechanism);
        CHECK(!strstr(seen.reason, "wrong-secret"), "%s", seen.reason);
        poll_until(rk, &seen.authentication, 2, 2000);
        CHECK(seen.authentication == 1 || is_upstream(), "%s: %d errors, the last: %s", mechanism, seen.authentication, seen.reason);
        /* Back-offs of 150 ms and more. */
        CHECK(seen.connects >= 1 && seen.connects <= 30, "%s: %d connections in two seconds", mechanism, seen.connects);
        DESTROY(rk, 1000);
}

static void wrong_password(void) {
        static const char *const mechanisms[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"};
        int tls;
        size_t i;
        for (tls = 0; tls < 2; tls++) {
                struct cluster c = login_cluster(tls, "0");
                for (i = 0; i < 3; i++)
                        refused(&c, tls ? "sasl_ssl" : "sasl_plaintext", mechanisms[i]);
                cluster_end(&c);
        }
}

static void mechanism_that_is_not_enabled(void) {
        struct cluster c = cluster_of("--sasl-user", "alice:secret", "--sasl-mechanisms", "SCRAM-SHA-256", NULL);
        rd_kafka_t *rk;
        memset(&seen, 0, sizeof(seen));
        rk = client(RD_KAFKA_PRODUCER, conf_to(&c, "sasl_plaintext", "PLAIN"));
        CHECK(poll_until(rk, &seen.authentication, 1, ms(10000)), "no error in time");
        CHECK_HAS(seen.reason, "SCRAM-SHA-256");
        DESTROY(rk, 1000);
        cluster_end(&c);
}

/* ---- what changes while a client runs ---- */

static void set_credentials(rd_kafka_t *rk, const char *user, const char *password) {
        rd_kafka_error_t *error = rd_kafka_sasl_set_credentials(rk, user, password);
        CHECK(!error, "%s", rd_kafka_error_string(error));
}

static void credentials_replaced(void) {
        static const char *const mechanisms[] = {"PLAIN", "SCRAM-SHA-512"};
        struct cluster c                      = login_cluster(1, "1000");
        size_t i;
        for (i = 0; i < 2; i++) {
                rd_kafka_t *rk;
                memset(&seen, 0, sizeof(seen));
                rk = client(RD_KAFKA_PRODUCER, with(conf_to(&c, "sasl_ssl", mechanisms[i]), "sasl.password", "wrong-secret"));
                CHECK(poll_until(rk, &seen.authentication, 1, ms(10000)), "no error in time");
                set_credentials(rk, "alice", "secret");
                CHECK(gets_through(rk, ms(20000)), "%s: nothing gets through with the right ones: %s", mechanisms[i], seen.reason);
                /* The same again is what the session goes on with. */
                set_credentials(rk, "alice", "secret");
                CHECK(gets_through(rk, ms(20000)), "%s: nothing gets through any more", mechanisms[i]);
                DESTROY(rk, 1000);
        }
        cluster_end(&c);
}

/* New ones are tried at once, however long the pause after the refusal of the old ones would be. */
static void credentials_end_the_pause(void) {
        struct cluster c = login_cluster(0, "0");
        rd_kafka_conf_t *conf;
        rd_kafka_t *rk;
        memset(&seen, 0, sizeof(seen));
        conf = with(conf_to(&c, "sasl_plaintext", "PLAIN"), "sasl.password", "wrong-secret");
        conf = with(conf, "reconnect.backoff.ms", "3600000");
        rk   = client(RD_KAFKA_PRODUCER, with(conf, "reconnect.backoff.max.ms", "3600000"));
        CHECK(poll_until(rk, &seen.authentication, 1, ms(10000)), "no error in time");
        set_credentials(rk, "alice", "secret");
        CHECK(gets_through(rk, ms(20000)), "nothing gets through: %s", seen.reason);
        DESTROY(rk, 1000);
        cluster_end(&c);
}

static volatile int replacing;

static void *replaces(void *rk) {
        while (GET(replacing)) {
                rd_kafka_error_t *error = rd_kafka_sasl_set_credentials(rk, "alice", "secret");
                if (error)
                        rd_kafka_error_destroy(error);
                usleep(200);
        }
        return NULL;
}

static void credentials_replaced_all_the_time(void) {
        struct cluster c = login_cluster(0, "1000");
        pthread_t thread;
        rd_kafka_t *rk;
        int i;
        memset(&seen, 0, sizeof(seen));
        rk = client(RD_KAFKA_PRODUCER, with(conf_to(&c, "sasl_plaintext", "PLAIN"), "linger.ms", "0"));
        __atomic_store_n(&replacing, 1, __ATOMIC_SEQ_CST);
        NEED(!pthread_create(&thread, NULL, replaces, rk), "thread");
        for (i = 0; i < 200; i++)
                CHECK(gets_through(rk, ms(20000)), "message %d: %s", i, seen.reason);
        __atomic_store_n(&replacing, 0, __ATOMIC_SEQ_CST);
        pthread_join(thread, NULL);
        DESTROY(rk, 1000);
        cluster_end(&c);
}

/* ---- tokens ---- */

static int asked, life_ms = 3600000;
static const char *claims = "alice";

static int64_t wall_ms(void) {
        struct timespec ts;
        clock_gettime(CLOCK_REALTIME, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void base64url(const char *text, char *out) {
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        size_t len = strlen(text), i;
        for (i = 0; i < len; i += 3) {
                unsigned bits = (unsigned char)text[i] << 16 | (i + 1 < len ? (unsigned char)text[i + 1] : 0) << 8 |
                                (i + 2 < len ? (unsigned char)text[i + 2] : 0);
                *out++ = digits[bits >> 18];
                *out++ = digits[bits >> 12 & 63];
                if (i + 1 < len)
                        *out++ = digits[bits >> 6 & 63];
                if (i + 2 < len)
                        *out++ = digits[bits & 63];
        }
        *out = '\0';
}

/* A token as the mock takes it: a JWT without signature. */
static void give_token(rd_kafka_t *rk) {
        char payload[256], token[512], errstr[256] = "";
        int64_t now = wall_ms(), end = now + life_ms;
        snprintf(payload, sizeof(payload), "{\"sub\":\"%s\",\"iat\":%.3f,\"exp\":%.3f}", claims, (double)now / 1000, (double)end / 1000);
        base64url("{\"alg\":\"none\"}", token);
        strcat(token, ".");
        base64url(payload, token + strlen(token));
        strcat(token, ".");
        CHECK_ERR(rd_kafka_oauthbearer_set_token(rk, token, end, claims, NULL, 0, errstr, sizeof(errstr)), 0);
        CHECK(!*errstr, "%s", errstr);
}

static void refresh(rd_kafka_t *rk, const char *config, void *opaque) {
        (void)config;
        (void)opaque;
        ADD(asked);
        give_token(rk);
}

static rd_kafka_conf_t *token_conf(const struct cluster *c, const char *protocol) {
        rd_kafka_conf_t *conf = conf_to(c, protocol, NULL);
        conf_put(conf, "sasl.mechanisms", "OAUTHBEARER");
        memset(&seen, 0, sizeof(seen));
        asked   = 0;
        life_ms = 3600000;
        return conf;
}

static void token_by_callback(void) {
        struct cluster c      = login_cluster(1, "0");
        rd_kafka_conf_t *conf = token_conf(&c, "sasl_ssl");
        rd_kafka_t *rk;
        rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, refresh);
        rk = client(RD_KAFKA_PRODUCER, conf);
        CHECK(gets_through(rk, ms(20000)) && asked == 1, "%d times asked; %s", asked, seen.reason);
        DESTROY(rk, 1000);
        cluster_end(&c);
}

static void token_by_sasl_queue(void) {
        struct cluster c      = login_cluster(1, "0");
        rd_kafka_conf_t *conf = token_conf(&c, "sasl_ssl");
        rd_kafka_event_t *ev;
        rd_kafka_queue_t *q;
        rd_kafka_t *rk;
        rd_kafka_conf_enable_sasl_queue(conf, 1);
        rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, refresh);
        rk = client(RD_KAFKA_PRODUCER, conf);
        q  = rd_kafka_queue_get_sasl(rk);
        ev = rd_kafka_queue_poll(q, ms(10000));
        CHECK(rd_kafka_event_type(ev) == RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH, "%s", rd_kafka_event_name(ev));
        rd_kafka_event_destroy(ev);
        CHECK(!asked, "the callback was called");
        give_token(rk);
        CHECK(gets_through(rk, ms(20000)), "%s", seen.reason);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 1000);
        cluster_end(&c);
}

/* Nobody polls but the library. */
static void token_by_background_thread(void) {
        struct cluster c      = login_cluster(1, "0");
        rd_kafka_conf_t *conf = token_conf(&c, "sasl_ssl");
        const struct rd_kafka_metadata *md;
        rd_kafka_error_t *error;
        rd_kafka_t *rk;
        rd_kafka_conf_enable_sasl_queue(conf, 1);
        rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, refresh);
        rk    = client(RD_KAFKA_CONSUMER, with(conf, "group.id", "g"));
        error = rd_kafka_sasl_background_callbacks_enable(rk);
        CHECK(!error, "%s", rd_kafka_error_string(error));
        CHECK_ERR(rd_kafka_metadata(rk, 0, NULL, &md, ms(20000)), 0);
        if (GET(asked))
                rd_kafka_metadata_destroy(md);
        CHECK(GET(asked) == 1, "%d times asked", GET(asked));
        DESTROY(rk, 1000);
        cluster_end(&c);
}

/* The broker wants another token than the application's; the next one is right. */
static void token_that_is_refused(void) {
        struct cluster c      = login_cluster(1, "0");
        rd_kafka_conf_t *conf = token_conf(&c, "sasl_ssl");
        rd_kafka_t *rk;
        char errstr[256];
        rk = client(RD_KAFKA_PRODUCER, conf);
        CHECK_ERR(rd_kafka_oauthbearer_set_token(rk, "no-such-token", wall_ms() + 3600000, "alice", NULL, 0, errstr, sizeof(errstr)), 0);
        CHECK(poll_until(rk, &seen.authentication, 1, ms(10000)), "no error in time");
        CHECK(!strstr(seen.reason, "no-such-token"), "%s", seen.reason);
        give_token(rk);
        CHECK(gets_through(rk, ms(20000)), "%s", seen.reason);
        DESTROY(rk, 1000);
        cluster_end(&c);
}

/* ---- under load ---- */

struct load {
        rd_kafka_t *producer, *consumer;
        int produced, got, disordered, duplicates;
};

/* An idempotent producer and a consumer at work for so long; everything comes, and in order. */
static void work(struct load *load, rd_kafka_conf_t *to, rd_kafka_conf_t *from, int for_ms) {
        int64_t end, until;
        char number[16];
        memset(load, 0, sizeof(*load));
        conf_put(to, "enable.idempotence", "true");
        conf_put(to, "linger.ms", "0");
        load->producer = client(RD_KAFKA_PRODUCER, to);
        load->consumer = reader_of(from, "t");
        for (end = now_ms() + for_ms, until = end + ms(60000); now_ms() < until && (now_ms() < end || load->got < load->produced);) {
                rd_kafka_message_t *m;
                if (now_ms() < end && load->produced - load->got < 1000) {
                        int len = snprintf(number, sizeof(number), "%d", load->produced + 1);
                        CHECK_ERR(put(load->producer, "t", number, (size_t)len, load->produced + 1), 0);
                        load->produced++;
                }
                rd_kafka_poll(load->producer, 0);
                m = rd_kafka_consumer_poll(load->consumer, load->produced - load->got < 100 ? 0 : 1);
                if (!m)
                        continue;
                if (m->err)
                        printf("  consumer: %s\n", rd_kafka_message_errstr(m));
                else {
                        int n                                          = 0;
                        memset(number, 0, sizeof(number));
                        memcpy(number, m->payload, m->len);
                        n = atoi(number);
                        load->duplicates += n <= load->got;
                        load->disordered += n > load->got + 1;
                        load->got = n > load->got ? n : load->got;
                }
                rd_kafka_message_destroy(m);
        }
        CHECK_ERR(rd_kafka_flush(load->producer, ms(20000)), 0);
        CHECK(load->got == load->produced && !load->disordered && !load->duplicates && seen.delivered == load->produced && !seen.failed &&
                  !seen.disordered,
              "%d produced, %d delivered, %d failed, %d got, %d skipped, %d again", load->produced, seen.delivered, seen.failed, load->got,
              load->disordered, load->duplicates);
        printf("  %d messages\n", load->produced);
        rd_kafka_destroy(load->consumer);
        rd_kafka_destroy(load->producer);
}

static void logins_renewed_under_load(void) {
        static const char *const mechanisms[] = {"PLAIN", "SCRAM-SHA-256", "OAUTHBEARER"};
        struct load load;
        size_t i;
        for (i = 0; i < 3; i++) {
                /* Nine tenths of it are more than a second: Kafka refuses a new login before that. */
                struct cluster c      = login_cluster(1, t.slow > 1 ? "6000" : "1200");
                rd_kafka_conf_t *conf = conf_to(&c, "sasl_ssl", mechanisms[i]);
                memset(&seen, 0, sizeof(seen));
                conf_put(conf, "statistics.interval.ms", "200");
                work(&load, conf, with(conf_to(&c, "sasl_ssl", mechanisms[i]), "statistics.interval.ms", "0"), t.slow > 1 ? 13000 : 4000);
                CHECK(!seen.errors, "%s: %d errors, %s", mechanisms[i], seen.errors, seen.reason);
                /* The connections are those of the beginning: to the bootstrap server, and to the broker. */
                CHECK(seen.connects <= 3, "%s: %d connections", mechanisms[i], seen.connects);
                cluster_end(&c);
        }
}

/* The sessions end with their tokens, which live for three seconds. */
static void tokens_refreshed_under_load(void) {
        struct cluster c    = login_cluster(1, "0");
        rd_kafka_conf_t *to = token_conf(&c, "sasl_ssl"), *from;
        struct load load;
        from    = token_conf(&c, "sasl_ssl");
        life_ms = 3000;
        rd_kafka_conf_set_oauthbearer_token_refresh_cb(to, refresh);
        rd_kafka_conf_set_oauthbearer_token_refresh_cb(from, refresh);
        work(&load, to, from, 8000);
        CHECK(asked >= 4, "asked %d times", asked);
        cluster_end(&c);
}

/* ---- the end in the middle ---- */

static void end_while_a_token_is_awaited(void) {
        struct cluster c = login_cluster(1, "0");
        rd_kafka_t *rk   = client(RD_KAFKA_PRODUCER, token_conf(&c, "sasl_ssl"));
        CHECK_ERR(put(rk, "t", "v", 1, 0), 0);
        rd_kafka_poll(rk, 100);
        DESTROY(rk, 1000);
        cluster_end(&c);
}

/* The provider of tokens takes the connection and says nothing. librdkafka waits for it. */
static void end_while_a_token_is_fetched(void) {
        struct cluster c = login_cluster(1, "0");
        char servers[64], url[96];
        int fd = listening(servers, sizeof(servers)), threads = t_threads(), fds = t_fds(), i;
        snprintf(url, sizeof(url), "http://%s/token", servers);
        for (i = 0; i < 3; i++) {
                rd_kafka_conf_t *conf = token_conf(&c, "sasl_ssl");
                rd_kafka_t *rk;
                conf_put(conf, "sasl.oauthbearer.method", "oidc");
                conf_put(conf, "sasl.oauthbearer.client.id", "id");
                conf_put(conf, "sasl.oauthbearer.client.secret", "secret");
                conf_put(conf, "sasl.oauthbearer.token.endpoint.url", url);
                rk = client(RD_KAFKA_PRODUCER, conf);
                usleep((useconds_t)(i * 50000));
                DESTROY(rk, 1000);
        }
        CHECK(t_threads_down_to(threads) == threads, "%d threads more", t_threads() - threads);
        CHECK(t_fds_down_to(fds) == fds, "%d descriptors more", t_fds() - fds);
        close(fd);
        cluster_end(&c);
}

/* ---- admin calls, and what a user may ---- */

static rd_kafka_event_t *created(rd_kafka_t *rk, const char *name) {
        char errstr[256];
        rd_kafka_queue_t *q        = rd_kafka_queue_new(rk);
        rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, 1, 1, errstr, sizeof(errstr));
        rd_kafka_event_t *ev;
        rd_kafka_CreateTopics(rk, &topic, 1, NULL, q);
        ev = rd_kafka_queue_poll(q, ms(30000));
        rd_kafka_NewTopic_destroy(topic);
        rd_kafka_queue_destroy(q);
        return ev;
}

static rd_kafka_resp_err_t topic_error(rd_kafka_event_t *ev) {
        size_t cnt = 0;
        const rd_kafka_topic_result_t **topics;
        if (!ev || rd_kafka_event_error(ev))
                return ev ? rd_kafka_event_error(ev) : RD_KAFKA_RESP_ERR__TIMED_OUT;
        topics = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(ev), &cnt);
        return cnt == 1 ? rd_kafka_topic_result_error(topics[0]) : RD_KAFKA_RESP_ERR__FAIL;
}

static void admin_calls(void) {
        static const char *const mechanisms[] = {"PLAIN", "SCRAM-SHA-256", "OAUTHBEARER"};
        struct cluster c                      = login_cluster(1, "0");
        size_t i;
        for (i = 0; i < 3; i++) {
                rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_to(&c, "sasl_ssl", mechanisms[i]));
                rd_kafka_event_t *ev = created(rk, mechanisms[i]);
                CHECK_ERR(topic_error(ev), 0);
                rd_kafka_event_destroy(ev);
                rd_kafka_destroy(rk);
        }
        cluster_end(&c);
}

/* An admin call that is made before the login is done, and the client is destroyed. */
static void admin_call_and_the_end(void) {
        struct cluster c = login_cluster(1, "0");
        int i;
        for (i = 0; i < 20; i++) {
                char errstr[256];
                rd_kafka_t *rk             = client(RD_KAFKA_PRODUCER, conf_to(&c, "sasl_ssl", "SCRAM-SHA-256"));
                rd_kafka_queue_t *q        = rd_kafka_queue_new(rk);
                rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new("x", 1, 1, errstr, sizeof(errstr));
                rd_kafka_CreateTopics(rk, &topic, 1, NULL, q);
                usleep((useconds_t)(i * 1000));
                rd_kafka_NewTopic_destroy(topic);
                rd_kafka_queue_destroy(q);
                DESTROY(rk, 1000);
        }
        cluster_end(&c);
}

static void what_a_user_may_not(void) {
        struct cluster c = cluster_of("--topic", "t:1", "--sasl-user", "alice:secret", "--sasl-user", "bob:other", "--super-user", "bob",
                                      "--deny-without-acl", "--tls", in_folder("broker.pem"), in_folder("broker.key"), NULL);
        rd_kafka_t *rk;
        rd_kafka_event_t *ev;
        rd_kafka_conf_t *conf;
        int64_t until;
        memset(&seen, 0, sizeof(seen));
        rk = client(RD_KAFKA_PRODUCER, with(conf_to(&c, "sasl_ssl", "SCRAM-SHA-256"), "message.timeout.ms", "20000"));
        CHECK(!gets_through(rk, ms(30000)), "alice writes");
        CHECK_ERR(seen.first_failure, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
        ev = created(rk, "x");
        CHECK(topic_error(ev) == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || topic_error(ev) == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
              "%s", rd_kafka_err2name(topic_error(ev)));
        rd_kafka_event_destroy(ev);
        DESTROY(rk, 1000);
        conf = with(conf_to(&c, "sasl_ssl", "SCRAM-SHA-256"), "sasl.username", "bob");
        rk   = client(RD_KAFKA_PRODUCER, with(conf, "sasl.password", "other"));
        CHECK(gets_through(rk, ms(20000)), "bob does not write: %s", rd_kafka_err2name(seen.first_failure));
        DESTROY(rk, 1000);
        rk = reader_of(conf_to(&c, "sasl_ssl", "SCRAM-SHA-256"), "t");
        until = now_ms() + ms(20000);
        while (!seen.topic_refused && now_ms() < until) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 100);
                if (m) {
                        CHECK(m->err, "alice reads");
                        /* librdkafka looks for the group's coordinator first, which alice may not, either. */
                        seen.topic_refused += m->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                                              (is_upstream() && m->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
                        rd_kafka_message_destroy(m);
                }
        }
        CHECK(seen.topic_refused, "the reader is not told");
        DESTROY(rk, 1000);
        cluster_end(&c);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        make_certificates();
        RUN(messages_without_tls);
        RUN(messages_by_tls);
        RUN(wrong_password);
        RUN(mechanism_that_is_not_enabled);
        RUN(credentials_replaced);
        RUN(credentials_end_the_pause);
        RUN(credentials_replaced_all_the_time);
        RUN(token_by_callback);
        RUN(token_by_sasl_queue);
        RUN(token_by_background_thread);
        RUN(token_that_is_refused);
        RUN(logins_renewed_under_load);
        RUN(tokens_refreshed_under_load);
        RUN(end_while_a_token_is_awaited);
        RUN_HERE(end_while_a_token_is_fetched);
        RUN(admin_calls);
        RUN(admin_call_and_the_end);
        RUN(what_a_user_may_not);
        remove_certificates();
        return T_END();
}
