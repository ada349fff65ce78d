/*
 * Tokens of SASL/OAUTHBEARER without a broker: what may be set, who is asked for them and when, and on which thread.
 */
#include "client.h"

static pthread_t main_thread;
static volatile int asked, set_in_callback, background_calls;
static const char *wanted_config;

#define ADD(what) __atomic_add_fetch(&what, 1, __ATOMIC_SEQ_CST)
#define GET(what) __atomic_load_n(&what, __ATOMIC_SEQ_CST)

static int64_t wall_ms(void) {
        struct timespec ts;
        clock_gettime(CLOCK_REALTIME, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static rd_kafka_conf_t *oauth_conf(void) {
        asked = set_in_callback = background_calls = 0;
        wanted_config                              = NULL;
        main_thread                                = pthread_self();
        return conf_of("security.protocol", "sasl_plaintext", "sasl.mechanisms", "OAUTHBEARER", NULL);
}

static rd_kafka_resp_err_t set_token(rd_kafka_t *rk, int64_t life_ms) {
        char errstr[256];
        return rd_kafka_oauthbearer_set_token(rk, "token", wall_ms() + life_ms, "principal", NULL, 0, errstr, sizeof(errstr));
}

/* ---- what is a token ---- */

/* NULL where the token is to be taken. */
static void check_token(rd_kafka_t *rk, const char *token, int64_t life, const char **extensions, size_t size, const char *part) {
        char errstr[512]        = "nothing";
        rd_kafka_resp_err_t err = rd_kafka_oauthbearer_set_token(rk, token, life, "me", extensions, size, errstr, sizeof(errstr));
        CHECK_ERR(err, part ? RD_KAFKA_RESP_ERR__INVALID_ARG : RD_KAFKA_RESP_ERR_NO_ERROR);
        if (part)
                CHECK_HAS(errstr, part);
        else
                CHECK(!strcmp(errstr, "nothing"), "written: %s", errstr);
}

static void what_is_a_token(void) {
        rd_kafka_t *rk         = client(RD_KAFKA_PRODUCER, oauth_conf());
        const int64_t later    = wall_ms() + 3600 * 1000;
        const char *good[]     = {"traceId", "a b\t\r\n~!", "Empty", ""};
        const char *auth[]     = {"auth", "x"};
        const char *empty[]    = {"", "x"};
        const char *digit[]    = {"key1", "x"};
        const char *value[]    = {"key", "a\x01"};
        const char *not_utf8[] = {"key", "\xff"};
        char small[5];

        check_token(rk, "token", later, NULL, 0, NULL);
        check_token(rk, "token", later, good, 4, NULL);
        check_token(rk, "to ken\t\r\n", later, NULL, 0, NULL);
        check_token(rk, "", later, NULL, 0, NULL);
        check_token(rk, "token", later, good, 3, "multiple of 2");
        check_token(rk, "token", wall_ms() - 1, NULL, 0, "unexpired");
        check_token(rk, "token", 0, NULL, 0, "unexpired");
        check_token(rk, "token", -1, NULL, 0, "unexpired");
        check_token(rk, "tok\x01" "en", later, NULL, 0, "");
        check_token(rk, "tok\xc3\xa9n", later, NULL, 0, "");
        check_token(rk, "token", later, auth, 2, "`auth`");
        check_token(rk, "token", later, empty, 2, "");
        check_token(rk, "token", later, digit, 2, "key1");
        check_token(rk, "token", later, value, 2, "");
        check_token(rk, "token", later, not_utf8, 2, "");
        /* A buffer that is too small, and none. */
        CHECK_ERR(rd_kafka_oauthbearer_set_token(rk, "token", 0, "me", NULL, 0, small, sizeof(small)), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK(strlen(small) == 4, "%zu", strlen(small));
        CHECK_ERR(rd_kafka_oauthbearer_set_token(rk, "token", 0, "me", NULL, 0, NULL, 0), RD_KAFKA_RESP_ERR__INVALID_ARG);
        rd_kafka_destroy(rk);
}

/* The token is a secret: no error tells it. */
static void errors_keep_the_secret(void) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, oauth_conf());
        char errstr[512];
        if (is_upstream()) {
                rd_kafka_destroy(rk);
                SKIP("librdkafka shows it");
        }
        CHECK_ERR(rd_kafka_oauthbearer_set_token(rk, "secret\x01", wall_ms() + 1000, "me", NULL, 0, errstr, sizeof(errstr)),
                  RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK(!strstr(errstr, "secret"), "%s", errstr);
        rd_kafka_destroy(rk);
}

static void what_is_null(void) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, oauth_conf());
        char errstr[128];
        int64_t later = wall_ms() + 60000;
        const char *extension[] = {"key", NULL};
        if (is_upstream()) {
                rd_kafka_destroy(rk);
                SKIP("librdkafka falls over");
        }
        CHECK_ERR(rd_kafka_oauthbearer_set_token(rk, NULL, later, "me", NULL, 0, errstr, sizeof(errstr)), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_oauthbearer_set_token(rk, "t", later, NULL, NULL, 0, errstr, sizeof(errstr)), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_oauthbearer_set_token(rk, "t", later, "me", NULL, 2, errstr, sizeof(errstr)), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_oauthbearer_set_token(rk, "t", later, "me", extension, 2, errstr, sizeof(errstr)), RD_KAFKA_RESP_ERR__INVALID_ARG);
        rd_kafka_destroy(rk);
}

/* A client that logs in otherwise, or not at all. */
static void without_oauthbearer(void) {
        const char *const mechanisms[] = {NULL, "PLAIN"};
        size_t i;
        for (i = 0; i < 2; i++) {
                rd_kafka_conf_t *conf = mechanisms[i] ? conf_of("security.protocol", "sasl_plaintext", "sasl.mechanisms", mechanisms[i],
                                                                "sasl.username", "u", "sasl.password", "p", NULL)
                                                      : conf_of(NULL, NULL);
                rd_kafka_t *rk        = client(RD_KAFKA_PRODUCER, conf);
                rd_kafka_error_t *error;
                char errstr[128];
                memset(errstr, 'x', sizeof(errstr));
                CHECK_ERR(rd_kafka_oauthbearer_set_token(rk, "t", 4000000000000, "p", NULL, 0, errstr, sizeof(errstr)),
                          RD_KAFKA_RESP_ERR__STATE);
                CHECK(memchr(errstr, 0, sizeof(errstr)) && strstr(errstr, "OAUTHBEARER"), "%.*s", (int)sizeof(errstr), errstr);
                CHECK_ERR(rd_kafka_oauthbearer_set_token_failure(rk, "because"), RD_KAFKA_RESP_ERR__STATE);
                CHECK_ERR(rd_kafka_oauthbearer_set_token_failure(rk, NULL), RD_KAFKA_RESP_ERR__STATE);
                CHECK(!rd_kafka_queue_get_sasl(rk), "a queue");
                CHECK(!rd_kafka_sasl_set_credentials(rk, "v", "q"), "an error");
                error = rd_kafka_sasl_set_credentials(rk, NULL, "p");
                CHECK_ERR(rd_kafka_error_code(error), RD_KAFKA_RESP_ERR__INVALID_ARG);
                rd_kafka_error_destroy(error);
                error = rd_kafka_sasl_set_credentials(rk, "u", NULL);
                CHECK_ERR(rd_kafka_error_code(error), RD_KAFKA_RESP_ERR__INVALID_ARG);
                rd_kafka_error_destroy(error);
                rd_kafka_destroy(rk);
        }
}

/* ---- failures ---- */

static int next_error(rd_kafka_queue_t *q, const char *part, int timeout_ms) {
        int64_t until = now_ms() + timeout_ms;
        int found     = 0;
        while (!found && now_ms() < until) {
                rd_kafka_event_t *ev = rd_kafka_queue_poll(q, 50);
                if (ev && rd_kafka_event_type(ev) == RD_KAFKA_EVENT_ERROR) {
                        CHECK_ERR(rd_kafka_event_error(ev), RD_KAFKA_RESP_ERR__AUTHENTICATION);
                        CHECK_HAS(rd_kafka_event_error_string(ev), part);
                        found = 1;
                }
                rd_kafka_event_destroy(ev);
        }
        return found;
}

static void failures_are_told_once(void) {
        rd_kafka_conf_t *conf = oauth_conf();
        rd_kafka_t *rk;
        rd_kafka_queue_t *q;
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH);
        rk = client(RD_KAFKA_PRODUCER, conf);
        q  = rd_kafka_queue_get_main(rk);
        CHECK_ERR(rd_kafka_oauthbearer_set_token_failure(rk, NULL), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_oauthbearer_set_token_failure(rk, ""), RD_KAFKA_RESP_ERR__INVALID_ARG);
        CHECK_ERR(rd_kafka_oauthbearer_set_token_failure(rk, "no luck"), RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK(next_error(q, "no luck", ms(5000)), "no error");
        CHECK_ERR(rd_kafka_oauthbearer_set_token_failure(rk, "no luck"), RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK(!next_error(q, "no luck", 300), "told again");
        CHECK_ERR(rd_kafka_oauthbearer_set_token_failure(rk, "bad luck"), RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK(next_error(q, "bad luck", ms(5000)), "no error");
        /* After a token it is news again. */
        CHECK_ERR(set_token(rk, 3600 * 1000), RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK_ERR(rd_kafka_oauthbearer_set_token_failure(rk, "bad luck"), RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK(next_error(q, "bad luck", ms(5000)), "no error");
        rd_kafka_queue_destroy(q);
        rd_kafka_destroy(rk);
}

/* ---- who is asked ---- */

static void on_refresh(rd_kafka_t *rk, const char *config, void *opaque) {
        CHECK(opaque == &asked, "opaque %p", opaque);
        if (wanted_config)
                CHECK(config && !strcmp(config, wanted_config), "config %s", config ? config : "NULL");
        else
                CHECK(!config, "config %s", config);
        if (!pthread_equal(pthread_self(), main_thread))
                ADD(background_calls);
        ADD(asked);
        if (GET(set_in_callback))
                CHECK_ERR(set_token(rk, set_in_callback), RD_KAFKA_RESP_ERR_NO_ERROR);
}

static rd_kafka_t *with_callback(rd_kafka_conf_t *conf) {
        rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, on_refresh);
        rd_kafka_conf_set_opaque(conf, (void *)&asked);
        return client(RD_KAFKA_PRODUCER, conf);
}

static int poll_until_asked(rd_kafka_t *rk, int times, int timeout_ms) {
        int64_t until = now_ms() + timeout_ms;
        while (GET(asked) < times && now_ms() < until)
                rd_kafka_poll(rk, 20);
        return GET(asked);
}

static void the_callback_is_called_by_poll(void) {
        rd_kafka_conf_t *conf = oauth_conf();
        rd_kafka_t *rk;
        conf_put(conf, "sasl.oauthbearer.config", "any=thing");
        rk            = with_callback(conf);
        wanted_config = "any=thing";
        CHECK(!rd_kafka_queue_get_sasl(rk), "a queue");
        CHECK(poll_until_asked(rk, 1, ms(5000)) == 1, "asked %d times", asked);
        /* Not before it has answered. */
        CHECK(poll_until_asked(rk, 2, 1500) == 1, "asked %d times", asked);
        CHECK(!background_calls, "on another thread");
        rd_kafka_destroy(rk);
}

/* The question is there when the client is: a poll that does not wait finds it. */
static void the_first_poll_asks(void) {
        int i;
        for (i = 0; i < 50; i++) {
                rd_kafka_t *rk = with_callback(oauth_conf());
                rd_kafka_poll(rk, 0);
                CHECK(GET(asked) == 1, "asked %d times", asked);
                rd_kafka_destroy(rk);
        }
}

/* Without polling nothing is called, and destroying does not call either. */
static void nobody_polls(void) {
        rd_kafka_t *rk = with_callback(oauth_conf());
        usleep(300 * 1000);
        CHECK(!asked, "asked %d times", asked);
        rd_kafka_destroy(rk);
        CHECK(!asked, "asked %d times", asked);
}

static void it_comes_as_an_event(void) {
        rd_kafka_conf_t *conf = oauth_conf();
        rd_kafka_event_t *ev;
        rd_kafka_queue_t *q;
        rd_kafka_t *rk;
        conf_put(conf, "sasl.oauthbearer.config", "a=b");
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH);
        rk = client(RD_KAFKA_PRODUCER, conf);
        q  = rd_kafka_queue_get_main(rk);
        ev = rd_kafka_queue_poll(q, ms(5000));
        NEED(ev, "no event");
        CHECK(rd_kafka_event_type(ev) == RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH, "%s", rd_kafka_event_name(ev));
        CHECK(!strcmp(rd_kafka_event_name(ev), "SaslOAuthBearerTokenRefresh"), "%s", rd_kafka_event_name(ev));
        CHECK(!strcmp(rd_kafka_event_config_string(ev), "a=b"), "%s", rd_kafka_event_config_string(ev));
        CHECK_ERR(rd_kafka_event_error(ev), RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK_ERR(set_token(rk, 3600 * 1000), RD_KAFKA_RESP_ERR_NO_ERROR);
        rd_kafka_event_destroy(ev);
        rd_kafka_queue_destroy(q);
        rd_kafka_destroy(rk);
}

static void an_event_without_configuration(void) {
        rd_kafka_t *rk       = client(RD_KAFKA_CONSUMER, oauth_conf());
        rd_kafka_queue_t *q  = rd_kafka_queue_get_main(rk);
        rd_kafka_event_t *ev = rd_kafka_queue_poll(q, ms(5000));
        CHECK(rd_kafka_event_type(ev) == RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH, "%s", rd_kafka_event_name(ev));
        CHECK(!rd_kafka_event_config_string(ev), "%s", rd_kafka_event_config_string(ev));
        rd_kafka_event_destroy(ev);
        rd_kafka_queue_destroy(q);
        rd_kafka_destroy(rk);
}

static void a_queue_of_its_own(void) {
        rd_kafka_conf_t *conf = oauth_conf();
        rd_kafka_queue_t *q;
        rd_kafka_t *rk;
        int i;
        rd_kafka_conf_enable_sasl_queue(conf, 1);
        rk = with_callback(conf);
        q  = rd_kafka_queue_get_sasl(rk);
        NEED(q, "no queue");
        CHECK(!poll_until_asked(rk, 1, 300), "asked through the main queue");
        for (i = 0; i < 100 && !asked; i++)
                rd_kafka_queue_poll_callback(q, ms(50));
        CHECK(asked == 1, "asked %d times", asked);
        rd_kafka_queue_destroy(q);
        rd_kafka_destroy(rk);
}

/* Only where tokens are used is there a queue to ask for them. */
static void no_queue_for_others(void) {
        rd_kafka_conf_t *conf = conf_of(NULL, NULL);
        rd_kafka_error_t *error;
        rd_kafka_t *rk;
        rd_kafka_conf_enable_sasl_queue(conf, 1);
        rk = client(RD_KAFKA_PRODUCER, conf);
        CHECK(!rd_kafka_queue_get_sasl(rk), "a queue");
        error = rd_kafka_sasl_background_callbacks_enable(rk);
        NEED(error, "no error");
        CHECK_ERR(rd_kafka_error_code(error), RD_KAFKA_RESP_ERR__NOT_CONFIGURED);
        rd_kafka_error_destroy(error);
        rd_kafka_destroy(rk);
}

static void the_background_thread_asks(void) {
        rd_kafka_conf_t *conf = oauth_conf();
        rd_kafka_t *rk;
        int i;
        rd_kafka_conf_enable_sasl_queue(conf, 1);
        set_in_callback = 3600 * 1000;
        rk              = with_callback(conf);
        CHECK(!rd_kafka_sasl_background_callbacks_enable(rk), "an error");
        for (i = 0; i < 500 && !GET(asked); i++)
                usleep(ms(10) * 1000);
        CHECK(GET(asked) == 1 && GET(background_calls) == 1, "asked %d times", asked);
        /* Once more does no harm. */
        CHECK(!rd_kafka_sasl_background_callbacks_enable(rk), "an error");
        rd_kafka_destroy(rk);
}

/* ---- when ---- */

/* A token that lives for 5 seconds is refreshed after 4 (the original looks once a second). */
static void a_token_is_refreshed_before_it_ends(void) {
        rd_kafka_t *rk;
        rd_kafka_conf_t *conf = oauth_conf();
        int64_t first, took;
        set_in_callback = 5000;
        rk              = with_callback(conf);
        CHECK(poll_until_asked(rk, 1, ms(5000)) == 1, "asked %d times", asked);
        first = now_ms();
        CHECK(poll_until_asked(rk, 2, ms(8000)) == 2, "asked %d times", asked);
        took = now_ms() - first;
        CHECK(took >= 3900 && took < 4000 + ms(1500), "after %" PRId64 " ms", took);
        rd_kafka_destroy(rk);
}

static void a_failure_is_asked_about_again(void) {
        rd_kafka_t *rk = with_callback(oauth_conf());
        int64_t first, took;
        CHECK(poll_until_asked(rk, 1, ms(5000)) == 1, "asked %d times", asked);
        CHECK_ERR(rd_kafka_oauthbearer_set_token_failure(rk, "not now"), RD_KAFKA_RESP_ERR_NO_ERROR);
        first = now_ms();
        CHECK(poll_until_asked(rk, 2, ms(14000)) == 2, "asked %d times", asked);
        took = now_ms() - first;
        CHECK(took >= 9900 && took < 10000 + ms(1500), "after %" PRId64 " ms", took);
        rd_kafka_destroy(rk);
}

/* ---- unsecured tokens ---- */

static void unsecured_tokens(void) {
        static const struct {
                const char *config, *part;
        } cases[] = {{"principal=me", NULL},
                     {"scope=a", "principal="},
                     {"principal=me lifeSeconds=x", "lifeSeconds"},
                     {"principal=me extension_1=x", "1"},
                     {"nonsense", "nonsense"}};
        size_t i;
        for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                rd_kafka_conf_t *conf = oauth_conf();
                rd_kafka_queue_t *q;
                rd_kafka_t *rk;
                int told;
                conf_put(conf, "enable.sasl.oauthbearer.unsecure.jwt", "true");
                conf_put(conf, "sasl.oauthbearer.config", cases[i].config);
                rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_ERROR);
                rk   = client(RD_KAFKA_PRODUCER, conf);
                q    = rd_kafka_queue_get_main(rk);
                told = next_error(q, cases[i].part ? cases[i].part : "", cases[i].part ? ms(5000) : 300);
                /* The original ignores what its own setter says of the extension. */
                if (!is_upstream() || i != 3)
                        CHECK(told == !!cases[i].part, "%s: %d errors", cases[i].config, told);
                rd_kafka_queue_destroy(q);
                rd_kafka_destroy(rk);
        }
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(what_is_a_token);
        RUN(errors_keep_the_secret);
        RUN(what_is_null);
        RUN(without_oauthbearer);
        RUN(failures_are_told_once);
        RUN(the_callback_is_called_by_poll);
        RUN(the_first_poll_asks);
        RUN(nobody_polls);
        RUN(it_comes_as_an_event);
        RUN(an_event_without_configuration);
        RUN(a_queue_of_its_own);
        RUN(no_queue_for_others);
        RUN(the_background_thread_asks);
        RUN(a_token_is_refreshed_before_it_ends);
        RUN(a_failure_is_asked_about_again);
        RUN(unsecured_tokens);
        return T_END();
}
