#include "report.h"

#include <stdarg.h>

char prefix[64];
struct run run;
rd_kafka_AdminOptions_t *next_options;

const char *name(const char *at_name) {
        static char names[32][256];
        static int next;
        char *to = names[next++ % 32];
        if (*at_name == '@')
                snprintf(to, sizeof(names[0]), "%s%s", prefix, at_name + 1);
        else
                snprintf(to, sizeof(names[0]), "%s", at_name);
        return to;
}

/* A string with the prefix taken out. */
static void text(const char *given) {
        const char *found, *s;
        char printable[2048];
        size_t n;
        if (!given) {
                printf("null");
                return;
        }
        /* librdkafka takes a byte too many for the broker's text about a user. */
        for (n = 0; *given && n + 1 < sizeof(printable); given++)
                if ((unsigned char)*given >= ' ')
                        printable[n++] = *given;
        printable[n] = 0;
        s            = printable;
        putchar('"');
        while ((found = strstr(s, prefix))) {
                printf("%.*s@", (int)(found - s), s);
                s = found + strlen(prefix);
        }
        printf("%s\"", s);
}

static void field(const char *label, const char *s) {
        printf(" %s=", label);
        text(s);
}

static void error(const rd_kafka_error_t *e) {
        if (!e) {
                printf(" error=null");
                return;
        }
        printf(" error=%s", rd_kafka_error_name(e));
        /* What stands there without an error differs from call to call. */
        if (rd_kafka_error_code(e))
                field("text", rd_kafka_error_string(e));
}

static void node(const char *label, const rd_kafka_Node_t *n) {
        if (n)
                printf(" %s=%d %s:%d rack %s", label, rd_kafka_Node_id(n), rd_kafka_Node_host(n), rd_kafka_Node_port(n),
                       rd_kafka_Node_rack(n) ? rd_kafka_Node_rack(n) : "null");
        else
                printf(" %s=null", label);
}

static void operations(const rd_kafka_AclOperation_t *ops, size_t count) {
        size_t i;
        printf(" operations=%s", ops ? "" : "null");
        for (i = 0; i < count; i++)
                printf("%s%s", i ? "," : "", rd_kafka_AclOperation_name(ops[i]));
}

static void partition(const rd_kafka_topic_partition_t *p) {
        printf("  ");
        text(p->topic);
        printf(" [%d] offset=%" PRId64 " err=%s metadata=%zu:%.*s epoch=%d\n", p->partition, p->offset, rd_kafka_err2name(p->err),
               p->metadata_size, (int)p->metadata_size, p->metadata ? (const char *)p->metadata : "",
               rd_kafka_topic_partition_get_leader_epoch(p));
}

static void partitions(const rd_kafka_topic_partition_list_t *list) {
        int i;
        if (!list)
                printf("  no list\n");
        for (i = 0; list && i < list->cnt; i++)
                /* The group without a name has what a run that has ended early has left there. */
                if (strncmp(list->elems[i].topic, "admin-", 6) || !strncmp(list->elems[i].topic, prefix, strlen(prefix)))
                        partition(&list->elems[i]);
}

static void topic_results(const rd_kafka_topic_result_t **all, size_t count) {
        size_t i;
        for (i = 0; i < count; i++) {
                printf("  ");
                text(rd_kafka_topic_result_name(all[i]));
                printf(" err=%s", rd_kafka_err2name(rd_kafka_topic_result_error(all[i])));
                field("text", rd_kafka_topic_result_error_string(all[i]));
                printf("\n");
        }
}

static void entry(const char *indent, const rd_kafka_ConfigEntry_t *e, int synonyms) {
        const rd_kafka_ConfigEntry_t **more;
        size_t i, count;
        printf("%s%s", indent, rd_kafka_ConfigEntry_name(e));
        field("value", rd_kafka_ConfigEntry_value(e));
        printf(" source=%s read-only=%d default=%d sensitive=%d synonym=%d\n",
               rd_kafka_ConfigSource_name(rd_kafka_ConfigEntry_source(e)), rd_kafka_ConfigEntry_is_read_only(e),
               rd_kafka_ConfigEntry_is_default(e), rd_kafka_ConfigEntry_is_sensitive(e), rd_kafka_ConfigEntry_is_synonym(e));
        more = rd_kafka_ConfigEntry_synonyms(e, &count);
        for (i = 0; synonyms && i < count; i++)
                entry("      ", more[i], 0);
}

static void resources(const rd_kafka_ConfigResource_t **all, size_t count) {
        size_t i, j, entries;
        for (i = 0; i < count; i++) {
                const rd_kafka_ConfigEntry_t **each = rd_kafka_ConfigResource_configs(all[i], &entries);
                printf("  %s ", rd_kafka_ResourceType_name(rd_kafka_ConfigResource_type(all[i])));
                text(rd_kafka_ConfigResource_name(all[i]));
                printf(" err=%s", rd_kafka_err2name(rd_kafka_ConfigResource_error(all[i])));
                field("text", rd_kafka_ConfigResource_error_string(all[i]));
                printf(" entries=%zu\n", entries);
                for (j = 0; j < entries; j++)
                        entry("    ", each[j], 1);
        }
}

static void group_results(const rd_kafka_group_result_t **all, size_t count) {
        size_t i;
        for (i = 0; i < count; i++) {
                printf("  ");
                text(rd_kafka_group_result_name(all[i]));
                error(rd_kafka_group_result_error(all[i]));
                printf("\n");
                partitions(rd_kafka_group_result_partitions(all[i]));
        }
}

/* Of this run only, and by name: other groups come and go, and brokers answer in any order. */
static int by_id(const void *a, const void *b) {
        return strcmp(rd_kafka_ConsumerGroupListing_group_id(*(const rd_kafka_ConsumerGroupListing_t **)a),
                      rd_kafka_ConsumerGroupListing_group_id(*(const rd_kafka_ConsumerGroupListing_t **)b));
}

static void listings(const rd_kafka_event_t *result) {
        size_t i, count;
        const rd_kafka_ConsumerGroupListing_t **all = rd_kafka_ListConsumerGroups_result_valid(result, &count);
        const rd_kafka_error_t **errors;
        if (count)
                qsort(all, count, sizeof(*all), by_id);
        for (i = 0; i < count; i++) {
                const char *id = rd_kafka_ConsumerGroupListing_group_id(all[i]);
                if (strncmp(id, prefix, strlen(prefix)))
                        continue;
                printf("  ");
                text(id);
                printf(" simple=%d state=%s type=%s\n", rd_kafka_ConsumerGroupListing_is_simple_consumer_group(all[i]),
                       rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupListing_state(all[i])),
                       rd_kafka_consumer_group_type_name(rd_kafka_ConsumerGroupListing_type(all[i])));
        }
        errors = rd_kafka_ListConsumerGroups_result_errors(result, &count);
        for (i = 0; i < count; i++)
                printf("  broker error %s\n", rd_kafka_error_name(errors[i]));
}

static void group_descriptions(const rd_kafka_ConsumerGroupDescription_t **all, size_t count) {
        size_t i, j, ops;
        for (i = 0; i < count; i++) {
                const rd_kafka_ConsumerGroupDescription_t *g = all[i];
                const rd_kafka_AclOperation_t *may           = rd_kafka_ConsumerGroupDescription_authorized_operations(g, &ops);
                printf("  ");
                text(rd_kafka_ConsumerGroupDescription_group_id(g));
                error(rd_kafka_ConsumerGroupDescription_error(g));
                printf(" simple=%d state=%s type=%s", rd_kafka_ConsumerGroupDescription_is_simple_consumer_group(g),
                       rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(g)),
                       rd_kafka_consumer_group_type_name(rd_kafka_ConsumerGroupDescription_type(g)));
                field("assignor", rd_kafka_ConsumerGroupDescription_partition_assignor(g));
                node("coordinator", rd_kafka_ConsumerGroupDescription_coordinator(g));
                operations(may, ops);
                printf("\n");
                for (j = 0; j < rd_kafka_ConsumerGroupDescription_member_count(g); j++) {
                        const rd_kafka_MemberDescription_t *m = rd_kafka_ConsumerGroupDescription_member(g, j);
                        const rd_kafka_MemberAssignment_t *a  = rd_kafka_MemberDescription_assignment(m);
                        printf("   member %s", rd_kafka_MemberDescription_consumer_id(m) ? "id" : "null");
                        field("client", rd_kafka_MemberDescription_client_id(m));
                        field("instance", rd_kafka_MemberDescription_group_instance_id(m));
                        field("host", rd_kafka_MemberDescription_host(m));
                        printf(" target=%s\n", rd_kafka_MemberDescription_target_assignment(m) ? "some" : "null");
                        partitions(rd_kafka_MemberAssignment_partitions(a));
                }
                if (rd_kafka_ConsumerGroupDescription_member(g, 99))
                        printf("   a member too many\n");
        }
}

static void nodes(const char *label, const rd_kafka_Node_t **all, size_t count) {
        size_t i;
        printf(" %s=", label);
        for (i = 0; i < count; i++)
                printf("%s%d", i ? "," : "", rd_kafka_Node_id(all[i]));
}

static void topic_descriptions(const rd_kafka_TopicDescription_t **all, size_t count) {
        size_t i, j, parts, ops, n;
        const rd_kafka_Node_t **some;
        for (i = 0; i < count; i++) {
                const rd_kafka_TopicDescription_t *d        = all[i];
                const rd_kafka_TopicPartitionInfo_t **each  = rd_kafka_TopicDescription_partitions(d, &parts);
                const rd_kafka_AclOperation_t *may          = rd_kafka_TopicDescription_authorized_operations(d, &ops);
                const rd_kafka_Uuid_t *id                   = rd_kafka_TopicDescription_topic_id(d);
                printf("  ");
                text(rd_kafka_TopicDescription_name(d));
                error(rd_kafka_TopicDescription_error(d));
                printf(" internal=%d id=%s", rd_kafka_TopicDescription_is_internal(d),
                       !id ? "null" : rd_kafka_Uuid_most_significant_bits(id) ? "some" : "zero");
                operations(may, ops);
                printf(" partitions=%zu\n", parts);
                for (j = 0; j < parts; j++) {
                        printf("   [%d]", rd_kafka_TopicPartitionInfo_partition(each[j]));
                        node("leader", rd_kafka_TopicPartitionInfo_leader(each[j]));
                        some = rd_kafka_TopicPartitionInfo_isr(each[j], &n);
                        nodes("isr", some, n);
                        some = rd_kafka_TopicPartitionInfo_replicas(each[j], &n);
                        nodes("replicas", some, n);
                        printf("\n");
                }
        }
}

static void cluster(const rd_kafka_event_t *result) {
        size_t i, count, ops;
        const rd_kafka_Node_t **all        = rd_kafka_DescribeCluster_result_nodes(result, &count);
        const rd_kafka_AclOperation_t *may = rd_kafka_DescribeCluster_result_authorized_operations(result, &ops);
        /* Any broker may be told as the controller of a KRaft cluster. */
        printf("  controller=%s", rd_kafka_DescribeCluster_result_controller(result) ? "some" : "null");
        field("id", rd_kafka_DescribeCluster_result_cluster_id(result));
        operations(may, ops);
        printf("\n");
        for (i = 0; i < count; i++) {
                node("  node", all[i]);
                printf("\n");
        }
}

static void offsets(const rd_kafka_ListOffsetsResultInfo_t **all, size_t count) {
        size_t i;
        for (i = 0; i < count; i++) {
                printf(" timestamp %s", rd_kafka_ListOffsetsResultInfo_timestamp(all[i]) >= 0 ? "some" : "none");
                partition(rd_kafka_ListOffsetsResultInfo_topic_partition(all[i]));
        }
}

static void elections(const rd_kafka_topic_partition_result_t **all, size_t count) {
        size_t i;
        for (i = 0; i < count; i++) {
                const rd_kafka_topic_partition_t *p = rd_kafka_topic_partition_result_partition(all[i]);
                printf("  ");
                text(p->topic);
                printf(" [%d]", p->partition);
                error(rd_kafka_topic_partition_result_error(all[i]));
                printf("\n");
        }
}

static void binding(const rd_kafka_AclBinding_t *a) {
        printf("    %s", rd_kafka_ResourceType_name(rd_kafka_AclBinding_restype(a)));
        field("name", rd_kafka_AclBinding_name(a));
        field("principal", rd_kafka_AclBinding_principal(a));
        field("host", rd_kafka_AclBinding_host(a));
        printf(" %s %s %s", rd_kafka_ResourcePatternType_name(rd_kafka_AclBinding_resource_pattern_type(a)),
               rd_kafka_AclOperation_name(rd_kafka_AclBinding_operation(a)),
               rd_kafka_AclPermissionType_name(rd_kafka_AclBinding_permission_type(a)));
        error(rd_kafka_AclBinding_error(a));
        printf("\n");
}

/* Kafka gives them in any order. */
static int by_fields(const void *a, const void *b) {
        const rd_kafka_AclBinding_t *x = *(const rd_kafka_AclBinding_t **)a, *y = *(const rd_kafka_AclBinding_t **)b;
        int d = strcmp(rd_kafka_AclBinding_name(x), rd_kafka_AclBinding_name(y));
        if (!d)
                d = strcmp(rd_kafka_AclBinding_principal(x), rd_kafka_AclBinding_principal(y));
        return d ? d : (int)rd_kafka_AclBinding_operation(x) - (int)rd_kafka_AclBinding_operation(y);
}

static void bindings(const rd_kafka_AclBinding_t **all, size_t count) {
        size_t i;
        if (count)
                qsort(all, count, sizeof(*all), by_fields);
        for (i = 0; i < count; i++)
                binding(all[i]);
}

static void deletions(const rd_kafka_DeleteAcls_result_response_t **all, size_t count) {
        size_t i, n;
        for (i = 0; i < count; i++) {
                const rd_kafka_AclBinding_t **matching = rd_kafka_DeleteAcls_result_response_matching_acls(all[i], &n);
                printf("  filter %zu matches %zu", i, n);
                error(rd_kafka_DeleteAcls_result_response_error(all[i]));
                printf("\n");
                bindings(matching, n);
        }
}

/* Kafka gives users in any order. */
static int by_user(const void *a, const void *b) {
        return strcmp(rd_kafka_UserScramCredentialsDescription_user(*(const rd_kafka_UserScramCredentialsDescription_t **)a),
                      rd_kafka_UserScramCredentialsDescription_user(*(const rd_kafka_UserScramCredentialsDescription_t **)b));
}

static int by_altered_user(const void *a, const void *b) {
        return strcmp(
            rd_kafka_AlterUserScramCredentials_result_response_user(*(const rd_kafka_AlterUserScramCredentials_result_response_t **)a),
            rd_kafka_AlterUserScramCredentials_result_response_user(*(const rd_kafka_AlterUserScramCredentials_result_response_t **)b));
}

static void credentials(const rd_kafka_UserScramCredentialsDescription_t **all, size_t count) {
        size_t i, j;
        int mechanism;
        if (count)
                qsort(all, count, sizeof(*all), by_user);
        for (i = 0; i < count; i++) {
                const char *user = rd_kafka_UserScramCredentialsDescription_user(all[i]);
                if (strncmp(user, prefix, strlen(prefix)) && *user)
                        continue;
                printf("  ");
                text(user);
                error(rd_kafka_UserScramCredentialsDescription_error(all[i]));
                /* Each broker has an order of its own. */
                for (mechanism = 0; mechanism < 4; mechanism++)
                        for (j = 0; j < rd_kafka_UserScramCredentialsDescription_scramcredentialinfo_count(all[i]); j++) {
                                const rd_kafka_ScramCredentialInfo_t *c =
                                    rd_kafka_UserScramCredentialsDescription_scramcredentialinfo(all[i], j);
                                if ((int)rd_kafka_ScramCredentialInfo_mechanism(c) == mechanism)
                                        printf(" mechanism %d iterations %d", mechanism, rd_kafka_ScramCredentialInfo_iterations(c));
                        }
                printf("\n");
        }
}

static void alterations(const rd_kafka_AlterUserScramCredentials_result_response_t **all, size_t count) {
        size_t i;
        if (count)
                qsort(all, count, sizeof(*all), by_altered_user);
        for (i = 0; i < count; i++) {
                printf("  ");
                text(rd_kafka_AlterUserScramCredentials_result_response_user(all[i]));
                error(rd_kafka_AlterUserScramCredentials_result_response_error(all[i]));
                printf("\n");
        }
}

#define ARRAY(print, op, getter)                                                                                       \
        do {                                                                                                           \
                size_t count_ = 4711;                                                                                  \
                void *all_    = (void *)rd_kafka_##op##_result_##getter(rd_kafka_event_##op##_result(e), &count_);     \
                printf("  %zu results\n", count_);                                                                     \
                print(all_, count_);                                                                                   \
        } while (0)

static void body(rd_kafka_event_t *e) {
        size_t count;
        switch (rd_kafka_event_type(e)) {
        case RD_KAFKA_EVENT_CREATETOPICS_RESULT: ARRAY(topic_results, CreateTopics, topics); break;
        case RD_KAFKA_EVENT_DELETETOPICS_RESULT: ARRAY(topic_results, DeleteTopics, topics); break;
        case RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT: ARRAY(topic_results, CreatePartitions, topics); break;
        case RD_KAFKA_EVENT_ALTERCONFIGS_RESULT: ARRAY(resources, AlterConfigs, resources); break;
        case RD_KAFKA_EVENT_INCREMENTALALTERCONFIGS_RESULT: ARRAY(resources, IncrementalAlterConfigs, resources); break;
        case RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT: ARRAY(resources, DescribeConfigs, resources); break;
        case RD_KAFKA_EVENT_DELETERECORDS_RESULT:
                /* Without a result librdkafka's getter ends the process, as that of ElectLeaders does. */
                if (rd_kafka_event_error(e))
                        break;
                partitions(rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(e)));
                break;
        case RD_KAFKA_EVENT_DELETEGROUPS_RESULT: ARRAY(group_results, DeleteGroups, groups); break;
        case RD_KAFKA_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT: ARRAY(group_results, DeleteConsumerGroupOffsets, groups); break;
        case RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT: ARRAY(group_results, ListConsumerGroupOffsets, groups); break;
        case RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT: ARRAY(group_results, AlterConsumerGroupOffsets, groups); break;
        case RD_KAFKA_EVENT_LISTCONSUMERGROUPS_RESULT: listings(rd_kafka_event_ListConsumerGroups_result(e)); break;
        case RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT: ARRAY(group_descriptions, DescribeConsumerGroups, groups); break;
        case RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT: ARRAY(topic_descriptions, DescribeTopics, topics); break;
        case RD_KAFKA_EVENT_DESCRIBECLUSTER_RESULT: cluster(rd_kafka_event_DescribeCluster_result(e)); break;
        case RD_KAFKA_EVENT_LISTOFFSETS_RESULT: ARRAY(offsets, ListOffsets, infos); break;
        case RD_KAFKA_EVENT_ELECTLEADERS_RESULT:
                if (!rd_kafka_event_error(e))
                        ARRAY(elections, ElectLeaders, partitions);
                break;
        case RD_KAFKA_EVENT_CREATEACLS_RESULT: {
                const rd_kafka_acl_result_t **all = rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(e), &count);
                size_t i;
                for (i = 0; i < count; i++) {
                        printf("  acl %zu", i);
                        error(rd_kafka_acl_result_error(all[i]));
                        printf("\n");
                }
                break;
        }
        case RD_KAFKA_EVENT_DESCRIBEACLS_RESULT: ARRAY(bindings, DescribeAcls, acls); break;
        case RD_KAFKA_EVENT_DELETEACLS_RESULT: ARRAY(deletions, DeleteAcls, responses); break;
        case RD_KAFKA_EVENT_DESCRIBEUSERSCRAMCREDENTIALS_RESULT: {
                const rd_kafka_UserScramCredentialsDescription_t **all =
                    rd_kafka_DescribeUserScramCredentials_result_descriptions(rd_kafka_event_DescribeUserScramCredentials_result(e),
                                                                              &count);
                credentials(all, count);
                break;
        }
        case RD_KAFKA_EVENT_ALTERUSERSCRAMCREDENTIALS_RESULT: ARRAY(alterations, AlterUserScramCredentials, responses); break;
        default: printf("  an event of another kind\n");
        }
}

rd_kafka_AdminOptions_t *options(rd_kafka_admin_op_t op, int request_timeout_ms, int operation_timeout_ms) {
        char errstr[256];
        next_options = rd_kafka_AdminOptions_new(run.rk, op);
        if (request_timeout_ms >= 0 &&
            rd_kafka_AdminOptions_set_request_timeout(next_options, request_timeout_ms, errstr, sizeof(errstr)))
                printf("  option: %s\n", errstr);
        if (operation_timeout_ms >= -1 &&
            rd_kafka_AdminOptions_set_operation_timeout(next_options, operation_timeout_ms, errstr, sizeof(errstr)))
                printf("  option: %s\n", errstr);
        return next_options;
}

/* Whether the controller is to die while this call is under way. */
static int dies_in(int call) {
        const char *at = getenv("T_DIES_IN");
        for (; at && *at; at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL)
                if (atoi(at) == call)
                        return 1;
        return 0;
}

static void controller(const char *what) {
        char command[512];
        snprintf(command, sizeof(command), "%s %s >&2", getenv("T_CONTROLLER"), what);
        if (system(command))
                printf("  controller %s: failed\n", what);
}

void show(const char *label, ...) {
        rd_kafka_event_t *e;
        char buf[512];
        va_list ap;
        /* It was frozen before the call: its answer is still out. */
        if (dies_in(run.calls + 1)) {
                usleep(300000);
                controller("kill");
        }
        e = rd_kafka_queue_poll(run.q, 120000);
        va_start(ap, label);
        vsnprintf(buf, sizeof(buf), label, ap);
        va_end(ap);
        run.calls++;
        printf("== %s: ", buf);
        if (!e) {
                printf("no event\n");
        } else {
                rd_kafka_resp_err_t err = rd_kafka_event_error(e);
                printf("%s %s text=%s\n", rd_kafka_event_name(e), rd_kafka_err2name(err),
                       !rd_kafka_event_error_string(e) ? "null" : *rd_kafka_event_error_string(e) ? "some" : "empty");
                body(e);
                rd_kafka_event_destroy(e);
        }
        if (next_options)
                rd_kafka_AdminOptions_destroy(next_options);
        next_options = NULL;
        fflush(stdout);
        if (dies_in(run.calls + 1))
                controller("freeze");
}

int nodes_in_cluster(void) {
        const char *s = bootstrap();
        int count     = 1;
        while ((s = strchr(s, ',')) && s++)
                count++;
        return count;
}

void replicas_of(int partition, int32_t *brokers) {
        int i, count = nodes_in_cluster();
        for (i = 0; i < count; i++)
                brokers[i] = (partition + i) % count + 1;
}

static int is_settled(const struct rd_kafka_metadata *m) {
        int i, j;
        for (i = 0; i < m->topic_cnt; i++)
                for (j = 0; j < m->topics[i].partition_cnt; j++) {
                        const struct rd_kafka_metadata_partition *p = &m->topics[i].partitions[j];
                        if (p->leader < 0 || p->isr_cnt != p->replica_cnt)
                                return 0;
                }
        return m->broker_cnt == nodes_in_cluster();
}

int settled(void) {
        int64_t until = now_ms() + 60000;
        int done      = 0;
        while (!done && now_ms() < until) {
                const struct rd_kafka_metadata *m = NULL;
                if (!rd_kafka_metadata(run.rk, 1, NULL, &m, 10000)) {
                        done = is_settled(m);
                        rd_kafka_metadata_destroy(m);
                }
                if (!done)
                        usleep(50000);
        }
        return done;
}

/* A node that has not heard of the topic would make librdkafka remember that there is none. */
static void wait_for_node(const char *of, int node) {
        int64_t until = now_ms() + 60000;
        int known     = 0;
        while (!known && now_ms() < until) {
                rd_kafka_ConfigResource_t *r = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name(of));
                rd_kafka_AdminOptions_t *o   = rd_kafka_AdminOptions_new(run.rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
                const rd_kafka_ConfigResource_t **all;
                rd_kafka_event_t *e;
                char errstr[256];
                size_t count = 0;
                rd_kafka_AdminOptions_set_broker(o, node, errstr, sizeof(errstr));
                rd_kafka_DescribeConfigs(run.rk, &r, 1, o, run.q);
                e     = rd_kafka_queue_poll(run.q, 120000);
                all   = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(e), &count);
                known = count && !rd_kafka_ConfigResource_error(all[0]);
                rd_kafka_event_destroy(e);
                rd_kafka_AdminOptions_destroy(o);
                rd_kafka_ConfigResource_destroy(r);
                if (!known)
                        usleep(20000);
        }
}

void make_topic(const char *of, int partitions) {
        char errstr[256];
        int replicas           = nodes_in_cluster(), p;
        rd_kafka_NewTopic_t *t = rd_kafka_NewTopic_new(name(of), partitions, replicas > 1 ? -1 : 1, errstr, sizeof(errstr));
        int64_t until          = now_ms() + 30000;
        int known              = 0;
        int32_t brokers[8];
        /* Kafka would place them differently each time. */
        for (p = 0; replicas > 1 && p < partitions; p++) {
                replicas_of(p, brokers);
                rd_kafka_NewTopic_set_replica_assignment(t, p, brokers, replicas, errstr, sizeof(errstr));
        }
        rd_kafka_CreateTopics(run.rk, &t, 1, NULL, run.q);
        show("CreateTopics %s", of);
        rd_kafka_NewTopic_destroy(t);
        for (p = 1; replicas > 1 && p <= replicas; p++)
                wait_for_node(of, p);
        while (!known && now_ms() < until) {
                rd_kafka_topic_t *rkt             = rd_kafka_topic_new(run.rk, name(of), NULL);
                const struct rd_kafka_metadata *m = NULL;
                if (!rd_kafka_metadata(run.rk, 0, rkt, &m, 10000)) {
                        int i;
                        known = m->topics[0].partition_cnt == partitions;
                        for (i = 0; known && i < partitions; i++)
                                known = m->topics[0].partitions[i].leader >= 0;
                        rd_kafka_metadata_destroy(m);
                }
                rd_kafka_topic_destroy(rkt);
                if (!known)
                        usleep(20000);
        }
}
