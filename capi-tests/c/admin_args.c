/*
 * What admin requests are made of: which values are taken and which are refused, on both libraries alike, and what can
 * be read back. No broker is needed.
 */
#include "client.h"

static char errstr[256];
#define ERRSTR errstr, sizeof(errstr)

static rd_kafka_t *producer_without_brokers(void) {
        return client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", "127.0.0.1:1", NULL));
}

/* A text comes with a refusal, and with nothing else. */
static int said(void) {
        int yes   = *errstr != '\0';
        errstr[0] = '\0';
        return yes;
}

static void new_topics(void) {
        static const struct {
                int partitions, replicas, taken;
        } rows[] = {{-2, 1, 0},     {-1, 1, 1},     {0, 1, 1},  {1, 1, 1},      {100000, 1, 1},
                    {100001, 1, 0}, {INT32_MAX, 1, 0}, {1, -2, 0}, {1, -1, 1},     {1, 0, 1},
                    {1, 10000, 1},  {1, 10001, 0},  {-1, -1, 1}, {INT32_MIN, 1, 0}, {1, INT32_MIN, 0}};
        size_t i;
        for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new("t", rows[i].partitions, rows[i].replicas, ERRSTR);
                CHECK(!topic == !rows[i].taken, "%d partitions, %d replicas", rows[i].partitions, rows[i].replicas);
                CHECK(said() == !rows[i].taken, "%d partitions, %d replicas: text", rows[i].partitions, rows[i].replicas);
                if (topic)
                        rd_kafka_NewTopic_destroy(topic);
        }
        CHECK(!rd_kafka_NewTopic_new(NULL, 1, 1, ERRSTR) && said(), "no name");
        CHECK(!rd_kafka_NewTopic_new("t", -5, 1, NULL, 0), "no buffer");
}

static void new_partitions(void) {
        static const struct {
                size_t total;
                int taken;
        } rows[] = {{0, 0}, {1, 1}, {100000, 1}, {100001, 0}, {(size_t)1 << 32, 0}, {((size_t)1 << 32) + 5, 0}, {SIZE_MAX, 0}};
        size_t i;
        for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                rd_kafka_NewPartitions_t *parts = rd_kafka_NewPartitions_new("t", rows[i].total, ERRSTR);
                CHECK(!parts == !rows[i].taken, "%zu", rows[i].total);
                CHECK(said() == !rows[i].taken, "%zu: text", rows[i].total);
                if (parts)
                        rd_kafka_NewPartitions_destroy(parts);
        }
}

#define ASSIGN(kind, object, at, cnt, want)                                                                            \
        do {                                                                                                           \
                CHECK_ERR(rd_kafka_##kind##_set_replica_assignment(object, at, brokers, cnt, ERRSTR), want);           \
                CHECK(said() == !!(want), "text of %d", (int)(at));                                                    \
        } while (0)
#define OK  RD_KAFKA_RESP_ERR_NO_ERROR
#define BAD RD_KAFKA_RESP_ERR__INVALID_ARG

static void replica_assignments(void) {
        int32_t *brokers                = calloc(10001, sizeof(*brokers));
        rd_kafka_NewTopic_t *topic      = rd_kafka_NewTopic_new("t", 3, -1, ERRSTR);
        rd_kafka_NewTopic_t *factor     = rd_kafka_NewTopic_new("t", 3, 2, ERRSTR);
        rd_kafka_NewTopic_t *any        = rd_kafka_NewTopic_new("t", -1, -1, ERRSTR);
        rd_kafka_NewTopic_t *none       = rd_kafka_NewTopic_new("t", 0, -1, ERRSTR);
        rd_kafka_NewPartitions_t *parts = rd_kafka_NewPartitions_new("t", 2, ERRSTR);

        ASSIGN(NewTopic, topic, 1, 1, BAD);
        ASSIGN(NewTopic, topic, -1, 1, BAD);
        ASSIGN(NewTopic, topic, 0, 10001, BAD);
        ASSIGN(NewTopic, topic, 0, 10000, OK);
        ASSIGN(NewTopic, topic, 0, 1, BAD);
        ASSIGN(NewTopic, topic, 1, 0, OK);
        ASSIGN(NewTopic, topic, 2, 3, OK);
        ASSIGN(NewTopic, factor, 0, 1, BAD);
        ASSIGN(NewTopic, any, 0, 1, BAD);
        ASSIGN(NewPartitions, parts, 1, 1, BAD);
        ASSIGN(NewPartitions, parts, -1, 1, BAD);
        ASSIGN(NewPartitions, parts, 0, 10001, BAD);
        ASSIGN(NewPartitions, parts, 0, 3, OK);
        ASSIGN(NewPartitions, parts, 0, 3, BAD);
        ASSIGN(NewPartitions, parts, 1, 3, OK);
        if (!is_upstream()) {
                /* librdkafka ends the process over one partition too many. */
                ASSIGN(NewTopic, topic, 3, 1, BAD);
                ASSIGN(NewTopic, none, 0, 1, BAD);
                ASSIGN(NewPartitions, parts, 2, 1, BAD);
        }
        rd_kafka_NewTopic_destroy(topic);
        rd_kafka_NewTopic_destroy(factor);
        rd_kafka_NewTopic_destroy(any);
        rd_kafka_NewTopic_destroy(none);
        rd_kafka_NewPartitions_destroy(parts);
        free(brokers);
}

/* A resource of the application's own tells what was put in. */
static void config_resources(void) {
        static const char *const names[] = {"a", "a", "e", "s", "d", "p", "m"}, *const values[] = {"b", "c", "", "v", NULL, "w", "x"};
        rd_kafka_ConfigResource_t *r = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, "t"), *other;
        const rd_kafka_ConfigEntry_t **entries, **synonyms;
        rd_kafka_error_t *error;
        size_t cnt = 4711, i;
        int op;

        entries = rd_kafka_ConfigResource_configs(r, &cnt);
        CHECK(cnt == 0, "%zu entries of none", cnt);
        (void)entries;
        CHECK_ERR(rd_kafka_ConfigResource_error(r), OK);
        CHECK(!rd_kafka_ConfigResource_error_string(r), "a text");
        CHECK(rd_kafka_ConfigResource_type(r) == RD_KAFKA_RESOURCE_TOPIC, "type");
        CHECK(!strcmp(rd_kafka_ConfigResource_name(r), "t"), "name");

        CHECK_ERR(rd_kafka_ConfigResource_set_config(r, "a", "b"), OK);
        CHECK_ERR(rd_kafka_ConfigResource_set_config(r, "a", "c"), OK);
        CHECK_ERR(rd_kafka_ConfigResource_set_config(r, "", "b"), BAD);
        CHECK_ERR(rd_kafka_ConfigResource_set_config(r, NULL, "b"), BAD);
        CHECK_ERR(rd_kafka_ConfigResource_set_config(r, "n", NULL), BAD);
        CHECK_ERR(rd_kafka_ConfigResource_set_config(r, "e", ""), OK);
#define CHANGE(name, op, value, want)                                                                                  \
        error = rd_kafka_ConfigResource_add_incremental_config(r, name, (rd_kafka_AlterConfigOpType_t)(op), value);    \
        CHECK_ERR(rd_kafka_error_code(error), want);                                                                   \
        CHECK(!error || *rd_kafka_error_string(error), "no text");                                                     \
        rd_kafka_error_destroy(error);
        CHANGE("s", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, "v", OK);
        CHANGE("d", RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE, NULL, OK);
        CHANGE("p", RD_KAFKA_ALTER_CONFIG_OP_TYPE_APPEND, "w", OK);
        CHANGE("m", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SUBTRACT, "x", OK);
        for (op = -1; op <= 4; op++)
                if (op != RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE) {
                        CHANGE("n", op, NULL, BAD);
                }
        CHANGE("n", -1, "v", BAD);
        CHANGE("n", 4, "v", BAD);
        CHANGE("", 0, "v", BAD);
        CHANGE(NULL, 0, "v", BAD);

        entries = rd_kafka_ConfigResource_configs(r, &cnt);
        NEED(cnt == sizeof(names) / sizeof(*names), "%zu entries", cnt);
        for (i = 0; i < cnt; i++) {
                const char *value = rd_kafka_ConfigEntry_value(entries[i]);
                CHECK(!strcmp(rd_kafka_ConfigEntry_name(entries[i]), names[i]), "%s", rd_kafka_ConfigEntry_name(entries[i]));
                CHECK(!value == !values[i] && (!value || !strcmp(value, values[i])), "%s: %s", names[i], value);
                CHECK(rd_kafka_ConfigEntry_source(entries[i]) == RD_KAFKA_CONFIG_SOURCE_UNKNOWN_CONFIG, "source");
                CHECK(!rd_kafka_ConfigEntry_is_read_only(entries[i]) && !rd_kafka_ConfigEntry_is_default(entries[i]) &&
                          !rd_kafka_ConfigEntry_is_sensitive(entries[i]) && !rd_kafka_ConfigEntry_is_synonym(entries[i]),
                      "%s: flags", names[i]);
                cnt      = 4711;
                synonyms = rd_kafka_ConfigEntry_synonyms(entries[i], &cnt);
                CHECK(cnt == 0, "%zu synonyms", cnt);
                (void)synonyms;
                cnt = sizeof(names) / sizeof(*names);
        }
        rd_kafka_ConfigResource_destroy(r);
        CHECK(!rd_kafka_ConfigResource_new((rd_kafka_ResourceType_t)-1, "n"), "type -1");
        CHECK(!rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_GROUP, ""), "empty name");
        CHECK(!rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_GROUP, NULL), "no name");
        CHECK((other = rd_kafka_ConfigResource_new((rd_kafka_ResourceType_t)7, "n")) != NULL, "a type to come");
        rd_kafka_ConfigResource_destroy(other);
}

/* Which numbers entries and filters have: resource, pattern, operation, permission. */
static void acl_bindings(void) {
        int filter, kind, n;
        for (filter = 0; filter < 2; filter++)
                for (kind = 0; kind < 4; kind++)
                        for (n = -1; n < 15; n++) {
                                static const int ends[] = {6, 5, 13, 4};
                                int any = filter || n != 1, taken = n >= 1 && n < ends[kind] && any;
                                int v[4] = {2, 3, 3, 3};
                                rd_kafka_AclBinding_t *acl;
                                if (kind == 1 && n == RD_KAFKA_RESOURCE_PATTERN_MATCH && !filter)
                                        taken = 0;
                                v[kind] = n;
                                acl     = (filter ? rd_kafka_AclBindingFilter_new : rd_kafka_AclBinding_new)(
                                    (rd_kafka_ResourceType_t)v[0], "n", (rd_kafka_ResourcePatternType_t)v[1], "p", "h",
                                    (rd_kafka_AclOperation_t)v[2], (rd_kafka_AclPermissionType_t)v[3], ERRSTR);
                                CHECK(!acl == !taken, "filter %d, kind %d, number %d", filter, kind, n);
                                CHECK(said() == !taken, "filter %d, kind %d, number %d: text", filter, kind, n);
                                if (!acl)
                                        continue;
                                CHECK((int)rd_kafka_AclBinding_restype(acl) == v[0] &&
                                          (int)rd_kafka_AclBinding_resource_pattern_type(acl) == v[1] &&
                                          (int)rd_kafka_AclBinding_operation(acl) == v[2] &&
                                          (int)rd_kafka_AclBinding_permission_type(acl) == v[3],
                                      "read back");
                                CHECK(!strcmp(rd_kafka_AclBinding_name(acl), "n") &&
                                          !strcmp(rd_kafka_AclBinding_principal(acl), "p") &&
                                          !strcmp(rd_kafka_AclBinding_host(acl), "h"),
                                      "texts read back");
                                CHECK(!rd_kafka_AclBinding_error(acl), "an error");
                                rd_kafka_AclBinding_destroy(acl);
                        }
}

static void acl_texts(void) {
        int missing, filter;
        for (filter = 0; filter < 2; filter++)
                for (missing = 0; missing < 8; missing++) {
                        rd_kafka_AclBinding_t *acl = (filter ? rd_kafka_AclBindingFilter_new : rd_kafka_AclBinding_new)(
                            RD_KAFKA_RESOURCE_TOPIC, missing & 1 ? NULL : "n", RD_KAFKA_RESOURCE_PATTERN_LITERAL,
                            missing & 2 ? NULL : "", missing & 4 ? NULL : "h", RD_KAFKA_ACL_OPERATION_READ,
                            RD_KAFKA_ACL_PERMISSION_TYPE_DENY, ERRSTR);
                        CHECK(!acl == (!filter && missing), "filter %d, missing %d", filter, missing);
                        CHECK(said() == !acl, "filter %d, missing %d: text", filter, missing);
                        if (acl) {
                                CHECK(!rd_kafka_AclBinding_name(acl) == !!(missing & 1), "name");
                                CHECK(!rd_kafka_AclBinding_principal(acl) == !!(missing & 2), "principal");
                                rd_kafka_AclBinding_destroy(acl);
                        }
                }
}

/* Each option belongs to some kinds of requests, and has a range. */
#define OPS(...)                                                                                                       \
        (const int[]) {                                                                                                \
                __VA_ARGS__, 0                                                                                         \
        }

static int in(const int *ops, int op) {
        if (!op)
                return 1;
        for (; *ops; ops++)
                if (*ops == op)
                        return 1;
        return *ops == op;
}

static rd_kafka_resp_err_t of_error(rd_kafka_error_t *error) {
        rd_kafka_resp_err_t code = rd_kafka_error_code(error);
        rd_kafka_error_destroy(error);
        return code;
}

static void options(void) {
        static const int values[] = {INT32_MIN, -2, -1, 0, 1, 2, 3600000, 3600001, INT32_MAX};
        rd_kafka_t *rk            = producer_without_brokers();
        int op;
        size_t i;
        CHECK(!rd_kafka_AdminOptions_new(rk, (rd_kafka_admin_op_t)-1), "request -1");
        CHECK(!rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP__CNT), "a request to come");
        for (op = 0; op < RD_KAFKA_ADMIN_OP__CNT; op++) {
                rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, (rd_kafka_admin_op_t)op);
                NEED(o, "request %d", op);
                for (i = 0; i < sizeof(values) / sizeof(*values); i++) {
                        int v = values[i], flag = v == 0 || v == 1;
#define OPTION(name, has, in_range)                                                                                    \
        CHECK_ERR(rd_kafka_AdminOptions_set_##name(o, v, ERRSTR), (has) && (in_range) ? OK : BAD);                     \
        CHECK(said() == !((has) && (in_range)), #name " %d of request %d: text", v, op)
#define FLAG(name, has)                                                                                                \
        CHECK_ERR(of_error(rd_kafka_AdminOptions_set_##name(o, v)), (has) && flag ? OK : BAD)
                        OPTION(request_timeout, 1, v >= 0 && v <= 3600000);
                        OPTION(operation_timeout, in(OPS(1, 2, 3, 6, 21, 22), op), v >= -1 && v <= 3600000);
                        OPTION(validate_only, in(OPS(1, 3, 4, 16), op), flag);
                        OPTION(broker, 1, v >= 0);
                        FLAG(require_stable_offsets, in(OPS(14), op));
                        FLAG(include_authorized_operations, in(OPS(13, 19, 20), op));
                        if (flag || v < 0 || v == 2) {
                                CHECK_ERR(of_error(rd_kafka_AdminOptions_set_isolation_level(o, (rd_kafka_IsolationLevel_t)v)),
                                          in(OPS(21), op) && flag ? OK : BAD);
                        }
                }
                rd_kafka_AdminOptions_destroy(o);
        }
        rd_kafka_destroy(rk);
}

static void group_filters(void) {
        rd_kafka_t *rk = producer_without_brokers();
        int op, n;
        for (op = 0; op < RD_KAFKA_ADMIN_OP__CNT; op++) {
                rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, (rd_kafka_admin_op_t)op);
                const int has              = op == RD_KAFKA_ADMIN_OP_ANY || op == RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS;
                rd_kafka_consumer_group_state_t states[2] = {RD_KAFKA_CONSUMER_GROUP_STATE_STABLE, 0};
                rd_kafka_consumer_group_type_t types[2]   = {RD_KAFKA_CONSUMER_GROUP_TYPE_CLASSIC, 0};
                for (n = -1; n < 8; n++) {
                        const int state_taken = n >= 0 && n < 6 && n != (int)states[0];
                        const int type_taken  = n > 0 && n < 3 && n != (int)types[0];
                        states[1]             = (rd_kafka_consumer_group_state_t)n;
                        types[1]              = (rd_kafka_consumer_group_type_t)n;
                        CHECK_ERR(of_error(rd_kafka_AdminOptions_set_match_consumer_group_states(o, states, 2)),
                                  has && state_taken ? OK : BAD);
                        CHECK_ERR(of_error(rd_kafka_AdminOptions_set_match_consumer_group_types(o, types, 2)),
                                  has && type_taken ? OK : BAD);
                }
                CHECK_ERR(of_error(rd_kafka_AdminOptions_set_match_consumer_group_states(o, states, 0)), has ? OK : BAD);
                rd_kafka_AdminOptions_destroy(o);
        }
        rd_kafka_destroy(rk);
}

/* The rest take all there is, and leave it to the request or the broker. */
static void others(void) {
        rd_kafka_topic_partition_list_t *empty = rd_kafka_topic_partition_list_new(0);
#define TAKEN(object, destroy)                                                                                         \
        do {                                                                                                           \
                void *made_ = (object);                                                                                \
                CHECK(made_, "%s", #object);                                                                           \
                destroy(made_);                                                                                        \
        } while (0)
        TAKEN(rd_kafka_DeleteTopic_new(""), rd_kafka_DeleteTopic_destroy);
        TAKEN(rd_kafka_DeleteGroup_new(""), rd_kafka_DeleteGroup_destroy);
        TAKEN(rd_kafka_DeleteRecords_new(empty), rd_kafka_DeleteRecords_destroy);
        TAKEN(rd_kafka_DeleteConsumerGroupOffsets_new("", empty), rd_kafka_DeleteConsumerGroupOffsets_destroy);
        TAKEN(rd_kafka_AlterConsumerGroupOffsets_new("g", empty), rd_kafka_AlterConsumerGroupOffsets_destroy);
        TAKEN(rd_kafka_ListConsumerGroupOffsets_new("g", empty), rd_kafka_ListConsumerGroupOffsets_destroy);
        TAKEN(rd_kafka_ListConsumerGroupOffsets_new("g", NULL), rd_kafka_ListConsumerGroupOffsets_destroy);
        TAKEN(rd_kafka_ElectLeaders_new((rd_kafka_ElectionType_t)7, NULL), rd_kafka_ElectLeaders_destroy);
        TAKEN(rd_kafka_UserScramCredentialDeletion_new("", (rd_kafka_ScramMechanism_t)-1),
              rd_kafka_UserScramCredentialAlteration_destroy);
        TAKEN(rd_kafka_UserScramCredentialUpsertion_new("u", RD_KAFKA_SCRAM_MECHANISM_UNKNOWN, 0, NULL, 0, NULL, 0),
              rd_kafka_UserScramCredentialAlteration_destroy);
        rd_kafka_topic_partition_list_destroy(empty);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(new_topics);
        RUN(new_partitions);
        RUN(replica_assignments);
        RUN(config_resources);
        RUN(acl_bindings);
        RUN(acl_texts);
        RUN(options);
        RUN(group_filters);
        RUN(others);
        return T_END();
}
