/*
 * DescribeConfigs, AlterConfigs and IncrementalAlterConfigs, on Kafka and on a mock cluster: results in the order of the
 * arguments, an error for each resource, and all that is told of a property.
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

static void create_topic(const char *name) {
        char errstr[256];
        rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, 1, 1, errstr, sizeof(errstr));
        rd_kafka_CreateTopics(rk, &topic, 1, NULL, q);
        rd_kafka_event_destroy(admin_result(q, RD_KAFKA_EVENT_CREATETOPICS_RESULT, 0));
        rd_kafka_NewTopic_destroy(topic);
}

static void check_resource(const rd_kafka_ConfigResource_t *r, rd_kafka_ResourceType_t type, const char *name,
                           rd_kafka_resp_err_t want) {
        CHECK(rd_kafka_ConfigResource_type(r) == type, "%s: type %d", name, (int)rd_kafka_ConfigResource_type(r));
        CHECK(!strcmp(rd_kafka_ConfigResource_name(r), name), "%s, not %s", rd_kafka_ConfigResource_name(r), name);
        CHECK_ERR(rd_kafka_ConfigResource_error(r), want);
        CHECK(!rd_kafka_ConfigResource_error_string(r) == !want, "%s: text %s", name,
              rd_kafka_ConfigResource_error_string(r));
}

/* The event of a DescribeConfigs, whose resources stay good as long as it. */
static rd_kafka_event_t *describe(rd_kafka_ConfigResource_t **r, size_t count, const rd_kafka_ConfigResource_t ***results) {
        rd_kafka_event_t *e;
        size_t got;
        rd_kafka_DescribeConfigs(rk, r, count, NULL, q);
        e        = admin_result(q, RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT, 0);
        *results = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(e), &got);
        if (got != count) {
                printf("  %zu results\n", got);
                exit(1);
        }
        return e;
}

static const rd_kafka_ConfigEntry_t *find_entry(const rd_kafka_ConfigEntry_t **entries, size_t count, const char *name) {
        size_t i;
        for (i = 0; i < count; i++)
                if (!strcmp(rd_kafka_ConfigEntry_name(entries[i]), name))
                        return entries[i];
        return NULL;
}

static const rd_kafka_ConfigEntry_t *entry_of(const rd_kafka_ConfigResource_t *r, const char *name) {
        size_t count;
        const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(r, &count);
        const rd_kafka_ConfigEntry_t *entry    = find_entry(entries, count, name);
        if (!entry) {
                printf("  no %s in %zu\n", name, count);
                exit(1);
        }
        return entry;
}

static void check_entry(const rd_kafka_ConfigEntry_t *entry, const char *value, rd_kafka_ConfigSource_t source) {
        const char *name = rd_kafka_ConfigEntry_name(entry);
        CHECK(!strcmp(rd_kafka_ConfigEntry_value(entry), value), "%s: %s", name, rd_kafka_ConfigEntry_value(entry));
        CHECK(rd_kafka_ConfigEntry_source(entry) == source, "%s: %s", name,
              rd_kafka_ConfigSource_name(rd_kafka_ConfigEntry_source(entry)));
        CHECK(rd_kafka_ConfigEntry_is_default(entry) == (source == RD_KAFKA_CONFIG_SOURCE_DEFAULT_CONFIG), "%s", name);
        CHECK(!rd_kafka_ConfigEntry_is_sensitive(entry), "%s", name);
        CHECK(!rd_kafka_ConfigEntry_is_synonym(entry), "%s", name);
}

/* Until the brokers have heard of a change, which the controller makes. */
static int has_value(rd_kafka_ConfigResource_t *r, const char *name, const char *value) {
        const rd_kafka_ConfigResource_t **results;
        rd_kafka_event_t *e = describe(&r, 1, &results);
        int has             = !rd_kafka_ConfigResource_error(results[0]) &&
                  !strcmp(rd_kafka_ConfigEntry_value(entry_of(results[0], name)), value);
        rd_kafka_event_destroy(e);
        return has;
}

static void change(rd_kafka_ConfigResource_t **r, size_t count, int incremental, const rd_kafka_AdminOptions_t *o,
                   const rd_kafka_resp_err_t *want) {
        const rd_kafka_ConfigResource_t **results;
        rd_kafka_event_t *e;
        size_t i, got;
        if (incremental) {
                rd_kafka_IncrementalAlterConfigs(rk, r, count, o, q);
                e       = admin_result(q, RD_KAFKA_EVENT_INCREMENTALALTERCONFIGS_RESULT, 0);
                results = rd_kafka_IncrementalAlterConfigs_result_resources(
                    rd_kafka_event_IncrementalAlterConfigs_result(e), &got);
        } else {
                rd_kafka_AlterConfigs(rk, r, count, o, q);
                e       = admin_result(q, RD_KAFKA_EVENT_ALTERCONFIGS_RESULT, 0);
                results = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(e), &got);
        }
        NEED(got == count, "%zu results", got);
        for (i = 0; i < count; i++) {
                size_t entries = 1;
                check_resource(results[i], rd_kafka_ConfigResource_type(r[i]), rd_kafka_ConfigResource_name(r[i]), want[i]);
                CHECK(!rd_kafka_ConfigResource_configs(results[i], &entries) && !entries, "%zu entries", entries);
        }
        rd_kafka_event_destroy(e);
}

static rd_kafka_ConfigResource_t *topic_resource(const char *name) {
        return rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
}

static void add(rd_kafka_ConfigResource_t *r, const char *name, rd_kafka_AlterConfigOpType_t op, const char *value) {
        CHECK(!rd_kafka_ConfigResource_add_incremental_config(r, name, op, value), "%s", name);
}

/* One property at a time, with what is refused beside what is done. */
static void incremental(const char *servers) {
        rd_kafka_ConfigResource_t *r[3], *plain;
        rd_kafka_resp_err_t want[] = {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, 0, RD_KAFKA_RESP_ERR_INVALID_CONFIG};
        const char *name = fresh("inc"), *other = fresh("other");
        rd_kafka_AdminOptions_t *o;
        char errstr[256];
        if (is_old(servers))
                want[2] = RD_KAFKA_RESP_ERR_INVALID_REQUEST;
        begin(servers);
        create_topic(name);
        create_topic(other);
        plain = topic_resource(name);
        EVENTUALLY(has_value(plain, "cleanup.policy", "delete"));
        r[0] = topic_resource("there-is-none");
        r[1] = topic_resource(name);
        r[2] = topic_resource(other);
        add(r[0], "retention.ms", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, "1");
        add(r[1], "retention.ms", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, "123456");
        add(r[1], "cleanup.policy", RD_KAFKA_ALTER_CONFIG_OP_TYPE_APPEND, "compact");
        add(r[2], "retention.ms", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, "soon");
        o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS);
        CHECK_ERR(rd_kafka_AdminOptions_set_validate_only(o, 1, errstr, sizeof(errstr)), 0);
        change(r, 3, 1, o, want);
        usleep(200000);
        CHECK(!has_value(plain, "retention.ms", "123456"), "changed by a validation");
        change(r, 3, 1, NULL, want);
        EVENTUALLY(has_value(plain, "retention.ms", "123456"));
        EVENTUALLY(has_value(plain, "cleanup.policy", "delete,compact"));
        rd_kafka_ConfigResource_destroy(r[1]);
        r[1] = topic_resource(name);
        add(r[1], "cleanup.policy", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SUBTRACT, "delete");
        add(r[1], "retention.ms", RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE, NULL);
        change(&r[1], 1, 1, NULL, &want[1]);
        EVENTUALLY(has_value(plain, "cleanup.policy", "compact"));
        EVENTUALLY(!has_value(plain, "retention.ms", "123456"));
        rd_kafka_AdminOptions_destroy(o);
        rd_kafka_ConfigResource_destroy_array(r, 3);
        rd_kafka_ConfigResource_destroy(plain);
        end();
}

/* All at once: what is not named is the default again. */
static void whole(const char *servers) {
        rd_kafka_ConfigResource_t *r[2], *plain;
        rd_kafka_resp_err_t want[] = {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, 0};
        const char *name           = fresh("whole");
        begin(servers);
        create_topic(name);
        plain = topic_resource(name);
        EVENTUALLY(has_value(plain, "cleanup.policy", "delete"));
        r[0] = topic_resource("there-is-none");
        r[1] = topic_resource(name);
        CHECK_ERR(rd_kafka_ConfigResource_set_config(r[0], "retention.ms", "1"), 0);
        CHECK_ERR(rd_kafka_ConfigResource_set_config(r[1], "retention.ms", "123456"), 0);
        change(r, 2, 0, NULL, want);
        EVENTUALLY(has_value(plain, "retention.ms", "123456"));
        rd_kafka_ConfigResource_destroy(r[1]);
        r[1] = topic_resource(name);
        CHECK_ERR(rd_kafka_ConfigResource_set_config(r[1], "cleanup.policy", "compact"), 0);
        change(r, 2, 0, NULL, want);
        EVENTUALLY(has_value(plain, "cleanup.policy", "compact"));
        EVENTUALLY(!has_value(plain, "retention.ms", "123456"));
        rd_kafka_ConfigResource_destroy_array(r, 2);
        rd_kafka_ConfigResource_destroy(plain);
        end();
}

/* What is told of topics and of a broker. */
static void told(const char *servers, const char *broker) {
        rd_kafka_ConfigResource_t *r[3];
        const rd_kafka_ConfigResource_t **results;
        const rd_kafka_ConfigEntry_t **synonyms, **entries;
        const rd_kafka_ConfigEntry_t *entry;
        rd_kafka_resp_err_t none = 0;
        const char *name         = fresh("told");
        rd_kafka_event_t *e;
        size_t count;
        begin(servers);
        create_topic(name);
        r[0] = topic_resource(name);
        add(r[0], "retention.ms", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, "77777");
        change(r, 1, 1, NULL, &none);
        EVENTUALLY(has_value(r[0], "retention.ms", "77777"));
        r[1] = topic_resource("there-is-none");
        r[2] = topic_resource(name);
        e    = describe(r, 2, &results);
        check_resource(results[0], RD_KAFKA_RESOURCE_TOPIC, name, 0);
        check_resource(results[1], RD_KAFKA_RESOURCE_TOPIC, "there-is-none", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        /* Only what is named. */
        entries = rd_kafka_ConfigResource_configs(results[0], &count);
        NEED(count == 1, "%zu entries", count);
        check_entry(entries[0], "77777", RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG);
        CHECK(!rd_kafka_ConfigEntry_is_read_only(entries[0]), "read-only");
        synonyms = rd_kafka_ConfigEntry_synonyms(entries[0], &count);
        NEED(count >= 2, "%zu synonyms", count);
        CHECK(!strcmp(rd_kafka_ConfigEntry_value(synonyms[0]), "77777"), "%s", rd_kafka_ConfigEntry_value(synonyms[0]));
        CHECK(rd_kafka_ConfigEntry_is_synonym(synonyms[0]) == 1, "no synonym");
        CHECK(rd_kafka_ConfigEntry_source(synonyms[0]) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG, "source");
        entry = synonyms[count - 1];
        CHECK(rd_kafka_ConfigEntry_source(entry) == RD_KAFKA_CONFIG_SOURCE_DEFAULT_CONFIG, "source");
        CHECK(!rd_kafka_ConfigEntry_is_default(entry) && !rd_kafka_ConfigEntry_is_read_only(entry), "flags");
        CHECK(!rd_kafka_ConfigEntry_synonyms(entry, &count) && !count, "synonyms of a synonym");
        rd_kafka_event_destroy(e);
        /* All. */
        e = describe(&r[2], 1, &results);
        rd_kafka_ConfigResource_configs(results[0], &count);
        CHECK(count > 10, "%zu entries", count);
        check_entry(entry_of(results[0], "retention.bytes"), "-1", RD_KAFKA_CONFIG_SOURCE_DEFAULT_CONFIG);
        rd_kafka_event_destroy(e);
        rd_kafka_ConfigResource_destroy_array(r, 3);
        r[0] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, broker);
        e    = describe(r, 1, &results);
        check_resource(results[0], RD_KAFKA_RESOURCE_BROKER, broker, 0);
        entry = entry_of(results[0], "num.partitions");
        CHECK(atoi(rd_kafka_ConfigEntry_value(entry)) > 0, "%s", rd_kafka_ConfigEntry_value(entry));
        CHECK(rd_kafka_ConfigEntry_is_read_only(entry) == 1, "not read-only");
        rd_kafka_event_destroy(e);
        rd_kafka_ConfigResource_destroy(r[0]);
        end();
}

static void on_kafka(void) {
        told(bootstrap(), "1");
        incremental(bootstrap());
        whole(bootstrap());
}

static void on_the_mock(void) {
        struct mock mock = mock_of(3);
        if (!is_upstream()) {
                told(mock.servers, "3");
                incremental(mock.servers);
                whole(mock.servers);
        }
        mock_end(&mock);
}

/* A broker that the cluster has not: nobody answers for it. */
static void of_no_broker(void) {
        struct mock mock             = mock_of(1);
        rd_kafka_ConfigResource_t *r = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, "4711");
        rd_kafka_AdminOptions_t *o;
        char errstr[256];
        begin(mock.servers);
        o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
        CHECK_ERR(rd_kafka_AdminOptions_set_request_timeout(o, ms(500), errstr, sizeof(errstr)), 0);
        rd_kafka_DescribeConfigs(rk, &r, 1, o, q);
        rd_kafka_event_destroy(admin_result(q, RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT, RD_KAFKA_RESP_ERR__TIMED_OUT));
        rd_kafka_AdminOptions_destroy(o);
        rd_kafka_ConfigResource_destroy(r);
        end();
        mock_end(&mock);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(on_kafka);
        RUN(on_the_mock);
        RUN(of_no_broker);
        return T_END();
}
