/*
 * DescribeUserScramCredentials and AlterUserScramCredentials, on Kafka and on a mock cluster: an error for each user, and what
 * is refused for one leaves the others alone. Users are of this run, and have no credentials left at its end.
 */
#include "admin.h"

static rd_kafka_t *rk;
static rd_kafka_queue_t *q;

static void begin(const char *servers) {
        rk = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", servers, NULL));
        q  = rd_kafka_queue_new(rk);
}

static void end(void) {
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 5000);
}

#define SHA_256 RD_KAFKA_SCRAM_MECHANISM_SHA_256
#define SHA_512 RD_KAFKA_SCRAM_MECHANISM_SHA_512

static rd_kafka_UserScramCredentialAlteration_t *upsert(const char *user, rd_kafka_ScramMechanism_t mechanism, int iterations) {
        return rd_kafka_UserScramCredentialUpsertion_new(user, mechanism, iterations, (const unsigned char *)"pencil", 6,
                                                         (const unsigned char *)"salt", 4);
}

/* Results of an operation in one line, as they are compared: in the order of the texts, since each broker has its own. */
static char line[32 * 257];
static char texts[32][256];
static int text_cnt;

static int by_text(const void *a, const void *b) {
        return strcmp(a, b);
}

static const char *joined(void) {
        int i;
        qsort(texts, (size_t)text_cnt, sizeof(*texts), by_text);
        for (line[0] = '\0', i = 0; i < text_cnt; i++)
                snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s", i ? " " : "", texts[i]);
        text_cnt = 0;
        return line;
}

/* The name of an error; there is one without a failure, too. */
static const char *name_of(const rd_kafka_error_t *error) {
        if (!error) {
                CHECK(error, "no error object");
                return "none";
        }
        if (rd_kafka_error_code(error))
                CHECK(*rd_kafka_error_string(error), "%s has no text", rd_kafka_error_name(error));
        return rd_kafka_error_name(error);
}

/* Frees the alterations. */
static const char *alter(rd_kafka_UserScramCredentialAlteration_t **alterations, size_t count) {
        const rd_kafka_AlterUserScramCredentials_result_response_t **results;
        rd_kafka_event_t *e;
        size_t got, i;
        rd_kafka_AlterUserScramCredentials(rk, alterations, count, NULL, q);
        rd_kafka_UserScramCredentialAlteration_destroy_array(alterations, count);
        e = admin_result(q, RD_KAFKA_EVENT_ALTERUSERSCRAMCREDENTIALS_RESULT, RD_KAFKA_RESP_ERR_NO_ERROR);
        results =
            rd_kafka_AlterUserScramCredentials_result_responses(rd_kafka_event_AlterUserScramCredentials_result(e), &got);
        for (i = 0; i < got && text_cnt < 32; i++)
                snprintf(texts[text_cnt++], sizeof(*texts), "%s:%s",
                         rd_kafka_AlterUserScramCredentials_result_response_user(results[i]),
                         name_of(rd_kafka_AlterUserScramCredentials_result_response_error(results[i])));
        rd_kafka_event_destroy(e);
        return joined();
}

/* With a filter: only users whose names begin with it. */
static const char *describe(const char **users, size_t count, const char *only) {
        const rd_kafka_UserScramCredentialsDescription_t **results;
        rd_kafka_event_t *e;
        size_t got, i, j;
        rd_kafka_DescribeUserScramCredentials(rk, users, count, NULL, q);
        e = admin_result(q, RD_KAFKA_EVENT_DESCRIBEUSERSCRAMCREDENTIALS_RESULT, RD_KAFKA_RESP_ERR_NO_ERROR);
        results =
            rd_kafka_DescribeUserScramCredentials_result_descriptions(rd_kafka_event_DescribeUserScramCredentials_result(e), &got);
        for (i = 0; i < got; i++) {
                const rd_kafka_UserScramCredentialsDescription_t *user = results[i];
                const char *name                                       = rd_kafka_UserScramCredentialsDescription_user(user);
                size_t infos = rd_kafka_UserScramCredentialsDescription_scramcredentialinfo_count(user);
                char *text   = texts[text_cnt];
                if (text_cnt == 32 || strncmp(name, only, strlen(only)))
                        continue;
                text_cnt++;
                snprintf(text, sizeof(*texts), "%s:%s", name, name_of(rd_kafka_UserScramCredentialsDescription_error(user)));
                /* In the order of the mechanisms; some brokers have another one. */
                for (j = 0; j < 2 * infos; j++) {
                        const rd_kafka_ScramCredentialInfo_t *info =
                            rd_kafka_UserScramCredentialsDescription_scramcredentialinfo(user, j % infos);
                        if ((rd_kafka_ScramCredentialInfo_mechanism(info) == SHA_256) == (j >= infos))
                                continue;
                        snprintf(text + strlen(text), sizeof(*texts) - strlen(text), ":%d/%d",
                                 (int)rd_kafka_ScramCredentialInfo_mechanism(info),
                                 (int)rd_kafka_ScramCredentialInfo_iterations(info));
                }
                if (!is_upstream())
                        CHECK(!rd_kafka_UserScramCredentialsDescription_scramcredentialinfo(user, infos), "one too many");
        }
        rd_kafka_event_destroy(e);
        return joined();
}

#define SAME(got, ...)                                                                                                 \
        do {                                                                                                           \
                char want_[2048];                                                                                      \
                const char *got_ = got;                                                                                \
                snprintf(want_, sizeof(want_), __VA_ARGS__);                                                           \
                CHECK(!strcmp(got_, want_), "got  \"%s\"\n  want \"%s\"", got_, want_);                                \
        } while (0)

/* As SAME, when the cluster has got round to it: Kafka's brokers learn of credentials a moment later. */
#define SAME_SOON(got, ...)                                                                                            \
        do {                                                                                                           \
                char soon_[2048];                                                                                      \
                int64_t until_ = now_ms() + ms(20000);                                                                 \
                snprintf(soon_, sizeof(soon_), __VA_ARGS__);                                                           \
                while (strcmp(got, soon_) && now_ms() < until_)                                                        \
                        usleep(20000);                                                                                 \
                SAME(got, "%s", soon_);                                                                                \
        } while (0)

static void life(const char *servers) {
        const char *run = fresh("scram");
        char a[256], b[256], c[256];
        const char *users[3] = {c, a, b};
        rd_kafka_UserScramCredentialAlteration_t *all[5];
        begin(servers);
        snprintf(a, sizeof(a), "%s-a", run);
        snprintf(b, sizeof(b), "%s-b", run);
        snprintf(c, sizeof(c), "%s-c", run);
        /* Too few iterations, too many; one to delete that is not there. */
        all[0] = upsert(a, SHA_256, 4096);
        all[1] = upsert(b, SHA_256, 4095);
        all[2] = upsert(c, SHA_256, 16385);
        all[3] = rd_kafka_UserScramCredentialDeletion_new("nobody", SHA_512);
        SAME(alter(all, 4), "nobody:RESOURCE_NOT_FOUND %s:NO_ERROR %s:UNACCEPTABLE_CREDENTIAL %s:UNACCEPTABLE_CREDENTIAL", a, b,
             c);
        /* A salt that is made up, and a password of any bytes. */
        all[0] = rd_kafka_UserScramCredentialUpsertion_new(a, SHA_512, 16384, (const unsigned char *)"pen\0cil", 7, NULL, 0);
        all[1] = rd_kafka_UserScramCredentialDeletion_new(c, (rd_kafka_ScramMechanism_t)3);
        SAME(alter(all, 2), "%s:NO_ERROR %s:UNSUPPORTED_SASL_MECHANISM", a, c);
        SAME_SOON(describe(users, 3, ""), "%s:NO_ERROR:1/4096:2/16384 %s:RESOURCE_NOT_FOUND %s:RESOURCE_NOT_FOUND", a, b, c);
        SAME(describe(NULL, 0, run), "%s:NO_ERROR:1/4096:2/16384", a);
        SAME(describe(&users[1], 1, ""), "%s:NO_ERROR:1/4096:2/16384", a);

        /* A user's second alteration keeps the first from being made, though it is another mechanism's. */
        all[0] = upsert(b, SHA_256, 5000);
        all[1] = upsert(b, SHA_512, 5000);
        all[2] = upsert(a, SHA_256, 7000);
        all[3] = rd_kafka_UserScramCredentialDeletion_new(c, SHA_256);
        all[4] = upsert(c, SHA_512, 6000);
        if (is_old(servers)) {
                /* To old brokers only the same mechanism is the same. */
                SAME(alter(all, 5), "%s:NO_ERROR %s:NO_ERROR %s:RESOURCE_NOT_FOUND", a, b, c);
                all[0] = rd_kafka_UserScramCredentialDeletion_new(b, SHA_256);
                all[1] = rd_kafka_UserScramCredentialDeletion_new(b, SHA_512);
                SAME(alter(all, 2), "%s:NO_ERROR", b);
        } else {
                SAME(alter(all, 5), "%s:NO_ERROR %s:DUPLICATE_RESOURCE %s:RESOURCE_NOT_FOUND", a, b, c);
        }
        SAME_SOON(describe(users, 3, ""), "%s:NO_ERROR:1/7000:2/16384 %s:RESOURCE_NOT_FOUND %s:RESOURCE_NOT_FOUND", a, b, c);

        if (!is_old(servers)) {
                all[0] = upsert(a, SHA_512, 6000);
                all[1] = rd_kafka_UserScramCredentialDeletion_new(a, SHA_256);
                SAME(alter(all, 2), "%s:DUPLICATE_RESOURCE", a);
        }
        all[0] = rd_kafka_UserScramCredentialDeletion_new(a, SHA_256);
        SAME(alter(all, 1), "%s:NO_ERROR", a);
        all[0] = rd_kafka_UserScramCredentialDeletion_new(a, SHA_512);
        SAME(alter(all, 1), "%s:NO_ERROR", a);
        SAME_SOON(describe(users, 3, ""), "%s:RESOURCE_NOT_FOUND %s:RESOURCE_NOT_FOUND %s:RESOURCE_NOT_FOUND", a, b, c);
        SAME(describe(NULL, 0, run), "%s", "");
        end();
}

static void on_kafka(void) {
        life(bootstrap());
}

static void on_the_mock(void) {
        struct mock mock = mock_of(3);
        if (!is_upstream())
                life(mock.servers);
        mock_end(&mock);
}

static rd_kafka_resp_err_t event_error(rd_kafka_event_type_t type) {
        rd_kafka_event_t *e = rd_kafka_queue_poll(q, ms(20000));
        rd_kafka_resp_err_t err;
        CHECK(e && rd_kafka_event_type(e) == type, "%s", rd_kafka_event_name(e));
        err = rd_kafka_event_error(e);
        if (err)
                CHECK(*rd_kafka_event_error_string(e), "no text");
        rd_kafka_event_destroy(e);
        return err;
}

/* An error of the whole response is the event's; a controller that has gone is found anew. */
static void errors_of_the_whole(void) {
        rd_kafka_UserScramCredentialAlteration_t *one = upsert("u", SHA_256, 4096);
        const rd_kafka_resp_err_t denied              = RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
        struct mock mock                              = mock_of(3);
        begin(mock.servers);
        if (!is_upstream()) {
                rd_kafka_mock_push_request_errors(mock.cluster, 50, 2, RD_KAFKA_RESP_ERR_NOT_CONTROLLER, denied);
                rd_kafka_DescribeUserScramCredentials(rk, NULL, 0, NULL, q);
                CHECK_ERR(event_error(RD_KAFKA_EVENT_DESCRIBEUSERSCRAMCREDENTIALS_RESULT), denied);
                rd_kafka_mock_push_request_errors(mock.cluster, 51, 2, RD_KAFKA_RESP_ERR_NOT_CONTROLLER, denied);
                SAME(alter(&one, 1), "u:CLUSTER_AUTHORIZATION_FAILED");
        } else
                rd_kafka_UserScramCredentialAlteration_destroy(one);
        end();
        mock_end(&mock);
}

/* Nobody answers: the time that the options give is kept, and the event has their opaque. */
static void times_are_kept(void) {
        rd_kafka_UserScramCredentialAlteration_t *one = upsert("u", SHA_512, 4096);
        rd_kafka_AdminOptions_t *o;
        char errstr[256];
        int64_t start, took;
        begin("127.0.0.1:1");
        o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_ANY);
        CHECK_ERR(rd_kafka_AdminOptions_set_request_timeout(o, 200, errstr, sizeof(errstr)), 0);
        start = now_ms();
        rd_kafka_AlterUserScramCredentials(rk, &one, 1, o, q);
        rd_kafka_DescribeUserScramCredentials(rk, NULL, 0, o, q);
        rd_kafka_UserScramCredentialAlteration_destroy(one);
        CHECK_ERR(event_error(RD_KAFKA_EVENT_ALTERUSERSCRAMCREDENTIALS_RESULT), RD_KAFKA_RESP_ERR__TIMED_OUT);
        CHECK_ERR(event_error(RD_KAFKA_EVENT_DESCRIBEUSERSCRAMCREDENTIALS_RESULT), RD_KAFKA_RESP_ERR__TIMED_OUT);
        took = now_ms() - start;
        CHECK(took >= 200 && took <= 200 + ms(500), "%" PRId64 " ms", took);
        rd_kafka_AdminOptions_destroy(o);
        end();
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(on_kafka);
        RUN(on_the_mock);
        RUN(errors_of_the_whole);
        RUN(times_are_kept);
        return T_END();
}
