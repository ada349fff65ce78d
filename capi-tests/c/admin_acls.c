/*
 * CreateAcls, DescribeAcls and DeleteAcls, on Kafka and on a mock cluster: results in the order of the arguments, an error
 * for each entry, filters that match as Kafka's authorizer has it. Entries are for names of this run, and go at its end.
 * without authorizer
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

#define TOPIC    RD_KAFKA_RESOURCE_TOPIC
#define LITERAL  RD_KAFKA_RESOURCE_PATTERN_LITERAL
#define PREFIXED RD_KAFKA_RESOURCE_PATTERN_PREFIXED
#define MATCH    RD_KAFKA_RESOURCE_PATTERN_MATCH
#define READ     RD_KAFKA_ACL_OPERATION_READ
#define WRITE    RD_KAFKA_ACL_OPERATION_WRITE
#define ALLOW    RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW

static rd_kafka_AclBinding_t *entry(rd_kafka_ResourceType_t type, const char *name, rd_kafka_ResourcePatternType_t pattern,
                                    const char *principal, rd_kafka_AclOperation_t operation) {
        char errstr[256];
        rd_kafka_AclBinding_t *acl =
            rd_kafka_AclBinding_new(type, name, pattern, principal, "*", operation, ALLOW, errstr, sizeof(errstr));
        if (!acl) {
                printf("  no entry: %s\n", errstr);
                exit(1);
        }
        return acl;
}

static rd_kafka_AclBindingFilter_t *filter(rd_kafka_ResourceType_t type, const char *name,
                                           rd_kafka_ResourcePatternType_t pattern, const char *principal,
                                           rd_kafka_AclOperation_t operation) {
        char errstr[256];
        rd_kafka_AclBindingFilter_t *acl = rd_kafka_AclBindingFilter_new(
            type, name, pattern, principal, NULL, operation, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, errstr, sizeof(errstr));
        if (!acl) {
                printf("  no filter: %s\n", errstr);
                exit(1);
        }
        return acl;
}

/* Results of an operation in one line, as they are compared. */
static char line[4096];

static void append(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void append(const char *format, ...) {
        size_t used = strlen(line);
        va_list ap;
        va_start(ap, format);
        vsnprintf(line + used, sizeof(line) - used, format, ap);
        va_end(ap);
}

static void append_error(const rd_kafka_error_t *error) {
        if (!error) {
                append("ok");
                return;
        }
        append("%s", rd_kafka_error_name(error));
        CHECK(*rd_kafka_error_string(error), "%s has no text", rd_kafka_error_name(error));
        CHECK(!rd_kafka_error_is_fatal(error) && !rd_kafka_error_is_retriable(error), "flags");
}

static int by_text(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The order of entries is the broker's: here it is that of their texts. */
static void append_acls(const rd_kafka_AclBinding_t **acls, size_t count) {
        char *texts[32];
        size_t i;
        NEED(count <= 32, "%zu entries", count);
        CHECK(!acls == !count, "%zu entries at %p", count, (void *)acls);
        for (i = 0; i < count; i++) {
                const rd_kafka_AclBinding_t *acl = acls[i];
                texts[i]                         = malloc(512);
                CHECK(!rd_kafka_AclBinding_error(acl), "an error");
                snprintf(texts[i], 512, " %s:%s:%s:%s:%s:%s:%s", rd_kafka_ResourceType_name(rd_kafka_AclBinding_restype(acl)),
                         rd_kafka_AclBinding_name(acl),
                         rd_kafka_ResourcePatternType_name(rd_kafka_AclBinding_resource_pattern_type(acl)),
                         rd_kafka_AclBinding_principal(acl), rd_kafka_AclBinding_host(acl),
                         rd_kafka_AclOperation_name(rd_kafka_AclBinding_operation(acl)),
                         rd_kafka_AclPermissionType_name(rd_kafka_AclBinding_permission_type(acl)));
        }
        qsort(texts, count, sizeof(*texts), by_text);
        for (i = 0; i < count; i++) {
                append("%s", texts[i]);
                free(texts[i]);
        }
}

/* One word for each entry. */
static const char *create(rd_kafka_AclBinding_t **acls, size_t count) {
        const rd_kafka_acl_result_t **results;
        rd_kafka_event_t *e;
        size_t got, i;
        line[0] = '\0';
        rd_kafka_CreateAcls(rk, acls, count, NULL, q);
        e       = admin_result(q, RD_KAFKA_EVENT_CREATEACLS_RESULT, RD_KAFKA_RESP_ERR_NO_ERROR);
        results = rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(e), &got);
        CHECK(got == count, "%zu results for %zu entries", got, count);
        for (i = 0; i < got; i++) {
                append(i ? " " : "");
                append_error(rd_kafka_acl_result_error(results[i]));
        }
        rd_kafka_event_destroy(e);
        return line;
}

static const char *describe(rd_kafka_AclBindingFilter_t *acl) {
        const rd_kafka_AclBinding_t **results;
        rd_kafka_event_t *e;
        size_t got;
        line[0] = '\0';
        rd_kafka_DescribeAcls(rk, acl, NULL, q);
        e       = admin_result(q, RD_KAFKA_EVENT_DESCRIBEACLS_RESULT, RD_KAFKA_RESP_ERR_NO_ERROR);
        results = rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(e), &got);
        append_acls(results, got);
        rd_kafka_event_destroy(e);
        rd_kafka_AclBinding_destroy(acl);
        return line;
}

/* For each filter its error and the entries that are gone. */
static const char *delete(rd_kafka_AclBindingFilter_t **acls, size_t count) {
        const rd_kafka_DeleteAcls_result_response_t **results;
        const rd_kafka_AclBinding_t **matching;
        rd_kafka_event_t *e;
        size_t got, i, found;
        line[0] = '\0';
        rd_kafka_DeleteAcls(rk, acls, count, NULL, q);
        e       = admin_result(q, RD_KAFKA_EVENT_DELETEACLS_RESULT, RD_KAFKA_RESP_ERR_NO_ERROR);
        results = rd_kafka_DeleteAcls_result_responses(rd_kafka_event_DeleteAcls_result(e), &got);
        CHECK(got == count, "%zu results for %zu filters", got, count);
        for (i = 0; i < got; i++) {
                append(i ? "; " : "");
                append_error(rd_kafka_DeleteAcls_result_response_error(results[i]));
                matching = rd_kafka_DeleteAcls_result_response_matching_acls(results[i], &found);
                append_acls(matching, found);
        }
        rd_kafka_event_destroy(e);
        rd_kafka_AclBinding_destroy_array(acls, count);
        return line;
}

#define SAME(got, ...)                                                                                                 \
        do {                                                                                                           \
                char want_[2048];                                                                                      \
                const char *got_ = got;                                                                                \
                snprintf(want_, sizeof(want_), __VA_ARGS__);                                                           \
                CHECK(!strcmp(got_, want_), "got  \"%s\"\n  want \"%s\"", got_, want_);                                \
        } while (0)

/* As SAME, when the cluster has got round to it: Kafka's brokers learn of entries a moment later. */
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
        const char *name = fresh("acls"), *refused = "";
        char longer[256], user[256];
        rd_kafka_AclBinding_t *acls[4];
        rd_kafka_AclBindingFilter_t *gone[3];
        begin(servers);
        snprintf(longer, sizeof(longer), "%s-longer", name);
        snprintf(user, sizeof(user), "User:%s", name);
        acls[0] = entry(TOPIC, name, LITERAL, user, READ);
        acls[1] = entry(TOPIC, refused, LITERAL, user, READ);
        acls[2] = entry(TOPIC, name, PREFIXED, user, WRITE);
        acls[3] = entry(TOPIC, longer, LITERAL, user, READ);
        SAME(create(acls, 4), "ok INVALID_REQUEST ok ok");
        /* Again: it changes nothing. */
        SAME(create(acls, 1), "ok");
        SAME_SOON(describe(filter(TOPIC, NULL, RD_KAFKA_RESOURCE_PATTERN_ANY, user, RD_KAFKA_ACL_OPERATION_ANY)),
                  " TOPIC:%s-longer:LITERAL:%s:*:READ:ALLOW TOPIC:%s:LITERAL:%s:*:READ:ALLOW TOPIC:%s:PREFIXED:%s:*:WRITE:ALLOW",
                  name, user, name, user, name, user);
        SAME(describe(filter(RD_KAFKA_RESOURCE_ANY, longer, MATCH, user, RD_KAFKA_ACL_OPERATION_ANY)),
             " TOPIC:%s-longer:LITERAL:%s:*:READ:ALLOW TOPIC:%s:PREFIXED:%s:*:WRITE:ALLOW", name, user, name, user);
        SAME(describe(filter(TOPIC, longer, LITERAL, NULL, READ)), " TOPIC:%s:LITERAL:%s:*:READ:ALLOW", longer, user);
        SAME(describe(filter(RD_KAFKA_RESOURCE_GROUP, name, MATCH, user, RD_KAFKA_ACL_OPERATION_ANY)), "%s", "");

        gone[0] = filter(TOPIC, name, PREFIXED, user, RD_KAFKA_ACL_OPERATION_ANY);
        gone[1] = filter(RD_KAFKA_RESOURCE_GROUP, name, MATCH, user, RD_KAFKA_ACL_OPERATION_ANY);
        gone[2] = filter(TOPIC, name, MATCH, user, READ);
        SAME(delete(gone, 3), "ok TOPIC:%s:PREFIXED:%s:*:WRITE:ALLOW; ok; ok TOPIC:%s:LITERAL:%s:*:READ:ALLOW", name, user,
             name, user);
        /* What two filters match is told for both, but by old brokers. */
        gone[0] = filter(RD_KAFKA_RESOURCE_ANY, NULL, RD_KAFKA_RESOURCE_PATTERN_ANY, user, RD_KAFKA_ACL_OPERATION_ANY);
        gone[1] = filter(RD_KAFKA_RESOURCE_ANY, NULL, RD_KAFKA_RESOURCE_PATTERN_ANY, user, RD_KAFKA_ACL_OPERATION_ANY);
        if (is_old(servers))
                SAME(delete(gone, 2), "ok TOPIC:%s:LITERAL:%s:*:READ:ALLOW; ok", longer, user);
        else
                SAME(delete(gone, 2), "ok TOPIC:%s:LITERAL:%s:*:READ:ALLOW; ok TOPIC:%s:LITERAL:%s:*:READ:ALLOW", longer, user,
                     longer, user);
        SAME_SOON(describe(filter(TOPIC, NULL, RD_KAFKA_RESOURCE_PATTERN_ANY, user, RD_KAFKA_ACL_OPERATION_ANY)), "%s", "");
        rd_kafka_AclBinding_destroy_array(acls, 4);
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

/*
 * A cluster without an authorizer keeps no entries. For DescribeAcls that is the event's error; librdkafka has none there,
 * and no entries either.
 */
static void no_authorizer(void) {
        const rd_kafka_resp_err_t disabled       = RD_KAFKA_RESP_ERR_SECURITY_DISABLED;
        rd_kafka_AclBindingFilter_t *filters[]   = {filter(TOPIC, "t", MATCH, NULL, READ), filter(TOPIC, "t", LITERAL, NULL, READ)};
        rd_kafka_AclBinding_t *acls[]            = {entry(TOPIC, "t", LITERAL, "User:u", READ),
                                                    entry(TOPIC, "t", LITERAL, "User:u", WRITE)};
        const char *servers = getenv("T_UNSECURED");
        rd_kafka_event_t *e;
        size_t count = 4711;
        NEED(servers && *servers, "no Kafka without an authorizer");
        begin(servers);
        SAME(create(acls, 2), "SECURITY_DISABLED SECURITY_DISABLED");
        rd_kafka_DescribeAcls(rk, filters[0], NULL, q);
        e = admin_result(q, RD_KAFKA_EVENT_DESCRIBEACLS_RESULT, is_upstream() ? 0 : disabled);
        if (!is_upstream())
                CHECK(*rd_kafka_event_error_string(e), "no text");
        CHECK(!rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(e), &count) && !count, "%zu", count);
        rd_kafka_event_destroy(e);
        SAME(delete(filters, 2), "SECURITY_DISABLED; SECURITY_DISABLED");
        rd_kafka_AclBinding_destroy_array(acls, 2);
        end();
}

/* Entries outlive what they were made from, and a controller that has gone is found anew. */
static void the_controller_moves(void) {
        rd_kafka_AclBinding_t *acl = entry(TOPIC, "t", LITERAL, "User:u", READ);
        struct mock mock           = mock_of(3);
        begin(mock.servers);
        if (!is_upstream()) {
                rd_kafka_mock_push_request_errors(mock.cluster, 30, 1, RD_KAFKA_RESP_ERR_NOT_CONTROLLER);
                rd_kafka_mock_push_request_errors(mock.cluster, 29, 1, RD_KAFKA_RESP_ERR_NOT_CONTROLLER);
                SAME(create(&acl, 1), "ok");
                SAME(describe(filter(TOPIC, "t", LITERAL, NULL, READ)), " TOPIC:t:LITERAL:User:u:*:READ:ALLOW");
        }
        rd_kafka_AclBinding_destroy(acl);
        end();
        mock_end(&mock);
}

/* Nobody answers: the time that the options give is kept, and the event has their opaque. */
static void times_are_kept(void) {
        rd_kafka_AclBinding_t *acl         = entry(TOPIC, "t", LITERAL, "User:u", READ);
        rd_kafka_AclBindingFilter_t *acl_f = filter(TOPIC, "t", MATCH, NULL, READ);
        rd_kafka_AdminOptions_t *o;
        rd_kafka_event_t *e;
        char errstr[256];
        int64_t start, took;
        int op;
        begin("127.0.0.1:1");
        for (op = 0; op < 3; op++) {
                static const rd_kafka_event_type_t types[] = {RD_KAFKA_EVENT_CREATEACLS_RESULT, RD_KAFKA_EVENT_DESCRIBEACLS_RESULT,
                                                              RD_KAFKA_EVENT_DELETEACLS_RESULT};
                o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATEACLS + (rd_kafka_admin_op_t)op);
                rd_kafka_AdminOptions_set_opaque(o, &op);
                CHECK_ERR(rd_kafka_AdminOptions_set_request_timeout(o, 200, errstr, sizeof(errstr)), 0);
                start = now_ms();
                switch (op) {
                case 0: rd_kafka_CreateAcls(rk, &acl, 1, o, q); break;
                case 1: rd_kafka_DescribeAcls(rk, acl_f, o, q); break;
                case 2: rd_kafka_DeleteAcls(rk, &acl_f, 1, o, q); break;
                }
                e    = admin_result(q, types[op], RD_KAFKA_RESP_ERR__TIMED_OUT);
                took = now_ms() - start;
                CHECK(took >= 200 && took <= 200 + ms(500), "%" PRId64 " ms", took);
                CHECK(rd_kafka_event_opaque(e) == &op, "opaque");
                rd_kafka_event_destroy(e);
                rd_kafka_AdminOptions_destroy(o);
        }
        rd_kafka_AclBinding_destroy(acl);
        rd_kafka_AclBinding_destroy(acl_f);
        end();
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(on_kafka);
        RUN(on_the_mock);
        RUN(no_authorizer);
        RUN(the_controller_moves);
        RUN(times_are_kept);
        return T_END();
}
