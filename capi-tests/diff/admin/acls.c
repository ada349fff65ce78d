#include "report.h"

struct acl {
        rd_kafka_ResourceType_t type;
        const char *name;
        rd_kafka_ResourcePatternType_t pattern;
        const char *principal, *host;
        rd_kafka_AclOperation_t operation;
        rd_kafka_AclPermissionType_t permission;
};

#define TOPIC   RD_KAFKA_RESOURCE_TOPIC
#define LITERAL RD_KAFKA_RESOURCE_PATTERN_LITERAL
#define PREFIX  RD_KAFKA_RESOURCE_PATTERN_PREFIXED
#define READ    RD_KAFKA_ACL_OPERATION_READ
#define WRITE   RD_KAFKA_ACL_OPERATION_WRITE
#define ALLOW   RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW
#define DENY    RD_KAFKA_ACL_PERMISSION_TYPE_DENY

static rd_kafka_AclBinding_t *of(const struct acl *a, int filter) {
        char errstr[256] = "";
        const char *called = a->name ? name(a->name) : NULL;
        rd_kafka_AclBinding_t *b =
            filter ? rd_kafka_AclBindingFilter_new(a->type, called, a->pattern, a->principal, a->host, a->operation, a->permission,
                                                   errstr, sizeof(errstr))
                   : rd_kafka_AclBinding_new(a->type, called, a->pattern, a->principal, a->host, a->operation, a->permission, errstr,
                                             sizeof(errstr));
        if (!b)
                printf("  null %s\n", *errstr ? "with a text" : "without a text");
        return b;
}

static size_t all_of(rd_kafka_AclBinding_t **to, const struct acl *all, size_t count, int filter) {
        size_t i, n = 0;
        for (i = 0; i < count; i++)
                if ((to[n] = of(&all[i], filter)))
                        n++;
        return n;
}

static void create(const char *label, const struct acl *all, size_t count) {
        rd_kafka_AclBinding_t *b[8];
        size_t n = all_of(b, all, count, 0);
        rd_kafka_CreateAcls(run.rk, b, n, options(RD_KAFKA_ADMIN_OP_CREATEACLS, 20000, -2), run.q);
        show("CreateAcls %s", label);
        rd_kafka_AclBinding_destroy_array(b, n);
}

static void describe(const char *label, const struct acl *filter) {
        rd_kafka_AclBinding_t *b = of(filter, 1);
        if (!b)
                return;
        rd_kafka_DescribeAcls(run.rk, b, options(RD_KAFKA_ADMIN_OP_DESCRIBEACLS, 20000, -2), run.q);
        show("DescribeAcls %s", label);
        rd_kafka_AclBinding_destroy(b);
}

/* A broker learns of a change a little after the controller has made it. Where there is no authorizer, of none. */
static void wait_for(const struct acl *filter, size_t entries) {
        int64_t until = now_ms() + 30000;
        size_t have   = entries + 1;
        while (have != entries && now_ms() < until) {
                rd_kafka_AclBinding_t *b = of(filter, 1);
                rd_kafka_event_t *e;
                rd_kafka_DescribeAcls(run.rk, b, NULL, run.q);
                e = rd_kafka_queue_poll(run.q, 60000);
                if (rd_kafka_event_error(e))
                        have = entries;
                else
                        rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(e), &have);
                rd_kafka_event_destroy(e);
                rd_kafka_AclBinding_destroy(b);
                if (have != entries)
                        usleep(20000);
        }
}

static void delete(const char *label, const struct acl *all, size_t count) {
        rd_kafka_AclBinding_t *b[8];
        size_t n = all_of(b, all, count, 1);
        rd_kafka_DeleteAcls(run.rk, b, n, options(RD_KAFKA_ADMIN_OP_DELETEACLS, 20000, -2), run.q);
        show("DeleteAcls %s", label);
        rd_kafka_AclBinding_destroy_array(b, n);
}

/* The broker learns of an entry a little after the controller has it. */
static void wait_until_denied(const char *topic) {
        int64_t until = now_ms() + 30000;
        int denied    = 0;
        while (!denied && now_ms() < until) {
                rd_kafka_topic_t *rkt             = rd_kafka_topic_new(run.rk, name(topic), NULL);
                const struct rd_kafka_metadata *m = NULL;
                if (!rd_kafka_metadata(run.rk, 0, rkt, &m, 10000)) {
                        denied = m->topics[0].err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
                        rd_kafka_metadata_destroy(m);
                }
                rd_kafka_topic_destroy(rkt);
                if (!denied)
                        usleep(20000);
        }
}

/* What ACLs refuse: the broker lets everyone do what no ACL speaks of. */
static void refused(void) {
        const struct acl deny[] = {{TOPIC, "@denied", PREFIX, "User:ANONYMOUS", "*", RD_KAFKA_ACL_OPERATION_ALL, DENY},
                                   {RD_KAFKA_RESOURCE_GROUP, "@denied", PREFIX, "User:ANONYMOUS", "*", RD_KAFKA_ACL_OPERATION_ALL, DENY}};
        char errstr[256];
        int p, replicas = nodes_in_cluster();
        int32_t brokers[8];
        const char *t                      = name("@denied-topic"), *g = name("@denied-group");
        rd_kafka_NewTopic_t *topic         = rd_kafka_NewTopic_new(t, 1, 1, errstr, sizeof(errstr));
        rd_kafka_DeleteTopic_t *gone       = rd_kafka_DeleteTopic_new(t);
        rd_kafka_NewPartitions_t *more     = rd_kafka_NewPartitions_new(t, 4, errstr, sizeof(errstr));
        rd_kafka_ConfigResource_t *config  = rd_kafka_ConfigResource_new(TOPIC, t);
        rd_kafka_DeleteGroup_t *group      = rd_kafka_DeleteGroup_new(g);
        rd_kafka_TopicCollection_t *topics = rd_kafka_TopicCollection_of_topic_names(&t, 1);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_DeleteRecords_t *records;
        rd_kafka_ListConsumerGroupOffsets_t *list;
        rd_kafka_AlterConsumerGroupOffsets_t *alter;
        rd_kafka_DeleteConsumerGroupOffsets_t *forget;
        rd_kafka_topic_partition_list_add(l, t, 0)->offset = 1;
        records                                            = rd_kafka_DeleteRecords_new(l);
        list                                               = rd_kafka_ListConsumerGroupOffsets_new(g, l);
        alter                                              = rd_kafka_AlterConsumerGroupOffsets_new(g, l);
        forget                                             = rd_kafka_DeleteConsumerGroupOffsets_new(g, l);
        for (p = 1; replicas > 1 && p < 4; p++) {
                replicas_of(p, brokers);
                rd_kafka_NewPartitions_set_replica_assignment(more, p - 1, brokers, replicas, errstr, sizeof(errstr));
        }
        make_topic("@denied-topic", 1);
        create("deny", deny, 2);
        /* Several nodes let everyone do everything. */
        if (replicas == 1)
                wait_until_denied("@denied-topic");
        rd_kafka_CreateTopics(run.rk, &topic, 1, NULL, run.q);
        show("denied CreateTopics");
        rd_kafka_CreatePartitions(run.rk, &more, 1, NULL, run.q);
        show("denied CreatePartitions");
        rd_kafka_DescribeConfigs(run.rk, &config, 1, NULL, run.q);
        show("denied DescribeConfigs");
        rd_kafka_IncrementalAlterConfigs(run.rk, &config, 1, NULL, run.q);
        show("denied IncrementalAlterConfigs");
        rd_kafka_DescribeTopics(run.rk, topics, NULL, run.q);
        show("denied DescribeTopics");
        rd_kafka_DeleteRecords(run.rk, &records, 1, options(RD_KAFKA_ADMIN_OP_DELETERECORDS, 20000, 20000), run.q);
        show("denied DeleteRecords");
        rd_kafka_ListOffsets(run.rk, l, options(RD_KAFKA_ADMIN_OP_LISTOFFSETS, 20000, -2), run.q);
        show("denied ListOffsets");
        rd_kafka_DescribeConsumerGroups(run.rk, &g, 1, NULL, run.q);
        show("denied DescribeConsumerGroups");
        rd_kafka_ListConsumerGroupOffsets(run.rk, &list, 1, NULL, run.q);
        show("denied ListConsumerGroupOffsets");
        rd_kafka_AlterConsumerGroupOffsets(run.rk, &alter, 1, NULL, run.q);
        show("denied AlterConsumerGroupOffsets");
        rd_kafka_DeleteConsumerGroupOffsets(run.rk, &forget, 1, NULL, run.q);
        show("denied DeleteConsumerGroupOffsets");
        rd_kafka_DeleteGroups(run.rk, &group, 1, NULL, run.q);
        show("denied DeleteGroups");
        rd_kafka_DeleteTopics(run.rk, &gone, 1, NULL, run.q);
        show("denied DeleteTopics");
        delete("deny", deny, 2);
        rd_kafka_NewTopic_destroy(topic);
        rd_kafka_DeleteTopic_destroy(gone);
        rd_kafka_NewPartitions_destroy(more);
        rd_kafka_ConfigResource_destroy(config);
        rd_kafka_DeleteGroup_destroy(group);
        rd_kafka_TopicCollection_destroy(topics);
        rd_kafka_DeleteRecords_destroy(records);
        rd_kafka_ListConsumerGroupOffsets_destroy(list);
        rd_kafka_AlterConsumerGroupOffsets_destroy(alter);
        rd_kafka_DeleteConsumerGroupOffsets_destroy(forget);
        rd_kafka_topic_partition_list_destroy(l);
}

void acls_subject(void) {
        const struct acl good[]  = {{TOPIC, "@t", LITERAL, "User:a", "*", READ, ALLOW}, {TOPIC, "@", PREFIX, "User:b", "10.0.0.1", WRITE, DENY}};
        const struct acl other[] = {{RD_KAFKA_RESOURCE_GROUP, "@g", LITERAL, "User:a", "*", READ, ALLOW},
                                    {RD_KAFKA_RESOURCE_TRANSACTIONAL_ID, "@x", LITERAL, "User:a", "*", WRITE, ALLOW}};
        const struct acl bad[]   = {{RD_KAFKA_RESOURCE_BROKER, "@not-the-cluster", LITERAL, "User:a", "*", READ, ALLOW},
                                    {TOPIC, "@t", LITERAL, "nobody", "*", READ, ALLOW},
                                    {TOPIC, "@t", LITERAL, "User:c", "*", READ, ALLOW},
                                    {TOPIC, "", LITERAL, "User:c", "*", READ, ALLOW}};
        const struct acl never[] = {{TOPIC, NULL, LITERAL, "User:a", "*", READ, ALLOW},
                                    {TOPIC, "@t", RD_KAFKA_RESOURCE_PATTERN_MATCH, "User:a", "*", READ, ALLOW},
                                    {TOPIC, "@t", LITERAL, NULL, "*", READ, ALLOW},
                                    {TOPIC, "@t", LITERAL, "User:a", NULL, READ, ALLOW},
                                    {RD_KAFKA_RESOURCE_ANY, "@t", LITERAL, "User:a", "*", READ, ALLOW}};
        const struct acl filters[] = {
            {TOPIC, "@t", LITERAL, NULL, NULL, RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY},
            {TOPIC, "@t", RD_KAFKA_RESOURCE_PATTERN_MATCH, NULL, NULL, RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY},
            {TOPIC, "@t", RD_KAFKA_RESOURCE_PATTERN_ANY, NULL, NULL, RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY},
            {RD_KAFKA_RESOURCE_ANY, "@g", RD_KAFKA_RESOURCE_PATTERN_ANY, "User:a", "*", READ, ALLOW},
            {TOPIC, "@", PREFIX, NULL, NULL, WRITE, DENY},
            {TOPIC, "@nothing", LITERAL, NULL, NULL, RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY},
            {RD_KAFKA_RESOURCE_UNKNOWN, "@t", LITERAL, NULL, NULL, READ, ALLOW}, /* 6: a filter that cannot be made */
            {RD_KAFKA_RESOURCE_TRANSACTIONAL_ID, "@x", RD_KAFKA_RESOURCE_PATTERN_MATCH, NULL, NULL, RD_KAFKA_ACL_OPERATION_ANY,
             RD_KAFKA_ACL_PERMISSION_TYPE_ANY},
        };
        size_t i, count = sizeof(filters) / sizeof(*filters);
        create("good", good, 2);
        create("good again", good, 2);
        create("other kinds", other, 2);
        create("bad", bad, 4);
        create("none that can be", never, 5);
        /* The last that is made. */
        wait_for(&bad[2], 1);
        for (i = 0; i < count; i++)
                describe("by filter", &filters[i]);
        delete("two filters", filters, 2);
        delete("the same again", filters, 2);
        delete("what matches nothing", &filters[5], 1);
        delete("twice", (const struct acl[]){filters[4], filters[4]}, 2);
        delete("the rest", (const struct acl[]){filters[3], filters[7], filters[4]}, 3);
        delete("none", NULL, 0);
        rd_kafka_CreateAcls(run.rk, NULL, 0, NULL, run.q);
        show("CreateAcls of nothing");
        for (i = 2; i < count; i++)
                if (i != 6)
                        wait_for(&filters[i], 0);
        for (i = 0; i < count; i++)
                describe("at the end", &filters[i]);
        refused();
}
