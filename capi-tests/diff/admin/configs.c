#include "report.h"

struct change {
        const char *property, *value;
        int op; /* -1: for AlterConfigs. */
};

static rd_kafka_ConfigResource_t *resource(rd_kafka_ResourceType_t type, const char *of, const struct change *changes, size_t count) {
        rd_kafka_ConfigResource_t *r = rd_kafka_ConfigResource_new(type, name(of));
        size_t i;
        for (i = 0; r && i < count; i++) {
                if (changes[i].op < 0) {
                        printf("  set %s\n", rd_kafka_err2name(rd_kafka_ConfigResource_set_config(r, changes[i].property, changes[i].value)));
                } else {
                        rd_kafka_error_t *e = rd_kafka_ConfigResource_add_incremental_config(
                            r, changes[i].property, (rd_kafka_AlterConfigOpType_t)changes[i].op, changes[i].value);
                        printf("  add %s\n", e ? rd_kafka_error_name(e) : "null");
                        rd_kafka_error_destroy(e);
                }
        }
        return r;
}

static void call(int op, rd_kafka_ConfigResource_t **all, size_t count, int broker, int validate, const char *label) {
        rd_kafka_AdminOptions_t *o = options((rd_kafka_admin_op_t)op, 30000, -2);
        char errstr[256];
        if (broker >= 0)
                rd_kafka_AdminOptions_set_broker(o, broker, errstr, sizeof(errstr));
        if (op != RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS)
                rd_kafka_AdminOptions_set_validate_only(o, validate, errstr, sizeof(errstr));
        if (op == RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS)
                rd_kafka_DescribeConfigs(run.rk, all, count, o, run.q);
        else if (op == RD_KAFKA_ADMIN_OP_ALTERCONFIGS)
                rd_kafka_AlterConfigs(run.rk, all, count, o, run.q);
        else
                rd_kafka_IncrementalAlterConfigs(run.rk, all, count, o, run.q);
        show("configs op %d %s broker %d validate=%d", op, label, broker, validate);
        rd_kafka_ConfigResource_destroy_array(all, count);
}

static void describe_all(const char *when) {
        static const struct {
                rd_kafka_ResourceType_t type;
                const char *name;
        } rows[] = {{RD_KAFKA_RESOURCE_TOPIC, "@conf"}, {RD_KAFKA_RESOURCE_TOPIC, "@gone"},  {RD_KAFKA_RESOURCE_TOPIC, "@no/slash"},
                    {RD_KAFKA_RESOURCE_BROKER, "1"},    {RD_KAFKA_RESOURCE_GROUP, "@group"}, {RD_KAFKA_RESOURCE_ANY, "@conf"},
                    {RD_KAFKA_RESOURCE_UNKNOWN, "@conf"}};
        size_t i;
        for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                rd_kafka_ConfigResource_t *one = resource(rows[i].type, rows[i].name, NULL, 0);
                call(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, &one, 1, -1, 0, when);
        }
}

void configs_subject(void) {
        const struct change good[]   = {{"retention.ms", "12345", -1}, {"cleanup.policy", "compact", -1}};
        const struct change bad[]    = {{"retention.ms", "soon", -1}};
        const struct change nobody[] = {{"no.such", "1", -1}};
        const struct change add[]    = {{"retention.ms", "777", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET},
                                        {"cleanup.policy", "delete", RD_KAFKA_ALTER_CONFIG_OP_TYPE_APPEND}};
        const struct change sub[]    = {{"cleanup.policy", "compact", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SUBTRACT},
                                        {"retention.ms", NULL, RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE}};
        const struct change odd[]    = {{"retention.ms", "1", RD_KAFKA_ALTER_CONFIG_OP_TYPE_APPEND}};
        const struct change same[]   = {{"retention.ms", "1", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET},
                                        {"retention.ms", "2", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET}};
        const struct change broker[] = {{"log.cleaner.threads", "2", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET}};
        const struct change fixed[]  = {{"node.id", "7", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET}};
        const struct change back[]   = {{"log.cleaner.threads", NULL, RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE}};
        rd_kafka_ConfigResource_t *all[3];
        int validate, op = RD_KAFKA_ADMIN_OP_ALTERCONFIGS, inc = RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS;
        make_topic("@conf", 2);
        describe_all("at first");
        for (validate = 1; validate >= 0; validate--) {
                all[0] = resource(RD_KAFKA_RESOURCE_TOPIC, "@conf", good, 2);
                call(op, all, 1, -1, validate, "good");
                all[0] = resource(RD_KAFKA_RESOURCE_TOPIC, "@conf", bad, 1);
                all[1] = resource(RD_KAFKA_RESOURCE_TOPIC, "@gone", good, 2);
                call(op, all, 2, -1, validate, "bad and gone");
                all[0] = resource(RD_KAFKA_RESOURCE_TOPIC, "@conf", nobody, 1);
                call(op, all, 1, -1, validate, "no such property");
                all[0] = resource(RD_KAFKA_RESOURCE_TOPIC, "@conf", NULL, 0);
                call(op, all, 1, -1, 1, "nothing set");
                all[0] = resource(RD_KAFKA_RESOURCE_TOPIC, "@conf", add, 2);
                call(inc, all, 1, -1, validate, "set and append");
                all[0] = resource(RD_KAFKA_RESOURCE_TOPIC, "@conf", sub, 2);
                call(inc, all, 1, -1, validate, "subtract and delete");
                all[0] = resource(RD_KAFKA_RESOURCE_TOPIC, "@conf", odd, 1);
                all[1] = resource(RD_KAFKA_RESOURCE_TOPIC, "@gone", add, 2);
                call(inc, all, 2, -1, validate, "odd and gone");
                all[0] = resource(RD_KAFKA_RESOURCE_TOPIC, "@conf", same, 2);
                call(inc, all, 1, -1, validate, "one property twice");
                all[0] = resource(RD_KAFKA_RESOURCE_TOPIC, "@conf", add, 2);
                all[1] = resource(RD_KAFKA_RESOURCE_TOPIC, "@conf", add, 2);
                call(inc, all, 2, -1, validate, "one resource twice");
                all[0] = resource(RD_KAFKA_RESOURCE_BROKER, "1", broker, 1);
                call(inc, all, 1, -1, 1, "broker");
                all[0] = resource(RD_KAFKA_RESOURCE_BROKER, "1", fixed, 1);
                call(inc, all, 1, -1, validate, "what a broker does not change");
        }
        all[0] = resource(RD_KAFKA_RESOURCE_TOPIC, "@conf", NULL, 0);
        call(inc, all, 1, -1, 0, "no change");
        describe_all("then");
        all[0] = resource(RD_KAFKA_RESOURCE_BROKER, "1", back, 1);
        call(inc, all, 1, -1, 1, "back");
        all[0] = resource(RD_KAFKA_RESOURCE_BROKER, "1", NULL, 0);
        all[1] = resource(RD_KAFKA_RESOURCE_BROKER, "2", NULL, 0);
        call(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, all, 2, -1, 0, "two brokers");
        all[0] = resource(RD_KAFKA_RESOURCE_BROKER, "one", NULL, 0);
        call(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, all, 1, -1, 0, "no broker's id");
        all[0] = resource(RD_KAFKA_RESOURCE_BROKER, "1", NULL, 0);
        all[1] = resource(RD_KAFKA_RESOURCE_TOPIC, "@conf", NULL, 0);
        all[2] = resource(RD_KAFKA_RESOURCE_TOPIC, "@gone", NULL, 0);
        call(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, all, 3, -1, 0, "broker and topics");
        all[0] = resource(RD_KAFKA_RESOURCE_TOPIC, "@conf", NULL, 0);
        call(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, all, 1, 1, 0, "asked of a broker");
        rd_kafka_DescribeConfigs(run.rk, NULL, 0, NULL, run.q);
        show("DescribeConfigs of nothing");
        rd_kafka_AlterConfigs(run.rk, NULL, 0, NULL, run.q);
        show("AlterConfigs of nothing");
        rd_kafka_IncrementalAlterConfigs(run.rk, NULL, 0, NULL, run.q);
        show("IncrementalAlterConfigs of nothing");
}
