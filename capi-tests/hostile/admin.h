/* Every admin operation against a peer that breaks the protocol: each ends in one event, within its time. */
#ifndef HOSTILE_ADMIN_H
#define HOSTILE_ADMIN_H

#include "client.h"

/* What an operation may take; the peer may keep it waiting for all of it. */
#define ADMIN_TIME 1000
/* Raised where a slow machine does not get as far in that time. */
static int admin_time = ADMIN_TIME;
/* There is an event of a type for each. */
#define ADMIN_OPERATIONS 22

static rd_kafka_AdminOptions_t *admin_options(rd_kafka_t *rk) {
        char errstr[256];
        rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_ANY);
        CHECK_ERR(rd_kafka_AdminOptions_set_request_timeout(o, admin_time, errstr, sizeof(errstr)), 0);
        return o;
}

static void admin_topics(rd_kafka_t *rk, const char *topic, const char *name, rd_kafka_AdminOptions_t *o, rd_kafka_queue_t *q) {
        char errstr[256];
        rd_kafka_NewTopic_t *new_topic       = rd_kafka_NewTopic_new(name, 2, 1, errstr, sizeof(errstr));
        rd_kafka_DeleteTopic_t *delete_topic = rd_kafka_DeleteTopic_new(name);
        rd_kafka_NewPartitions_t *partitions = rd_kafka_NewPartitions_new(name, 3, errstr, sizeof(errstr));
        const char *names[2]                 = {topic, name};
        rd_kafka_TopicCollection_t *topics   = rd_kafka_TopicCollection_of_topic_names(names, 2);
        rd_kafka_CreateTopics(rk, &new_topic, 1, o, q);
        rd_kafka_CreatePartitions(rk, &partitions, 1, o, q);
        rd_kafka_DescribeTopics(rk, topics, o, q);
        rd_kafka_DescribeCluster(rk, o, q);
        rd_kafka_DeleteTopics(rk, &delete_topic, 1, o, q);
        rd_kafka_NewTopic_destroy(new_topic);
        rd_kafka_DeleteTopic_destroy(delete_topic);
        rd_kafka_NewPartitions_destroy(partitions);
        rd_kafka_TopicCollection_destroy(topics);
}

static void admin_configs(rd_kafka_t *rk, const char *name, rd_kafka_AdminOptions_t *o, rd_kafka_queue_t *q) {
        rd_kafka_ConfigResource_t *all[2];
        rd_kafka_error_t *error;
        all[0] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
        all[1] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, "1");
        rd_kafka_DescribeConfigs(rk, all, 2, o, q);
        CHECK_ERR(rd_kafka_ConfigResource_set_config(all[0], "retention.ms", "100000000"), 0);
        rd_kafka_AlterConfigs(rk, all, 1, o, q);
        rd_kafka_ConfigResource_destroy(all[0]);
        all[0] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
        error  = rd_kafka_ConfigResource_add_incremental_config(all[0], "retention.ms", RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE, NULL);
        CHECK(!error, "no change");
        rd_kafka_IncrementalAlterConfigs(rk, all, 1, o, q);
        rd_kafka_ConfigResource_destroy_array(all, 2);
}

static void admin_partitions(rd_kafka_t *rk, const char *topic, rd_kafka_AdminOptions_t *o, rd_kafka_queue_t *q) {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(2);
        rd_kafka_DeleteRecords_t *records;
        rd_kafka_ElectLeaders_t *election;
        rd_kafka_topic_partition_list_add(l, topic, 0)->offset = 0;
        rd_kafka_topic_partition_list_add(l, topic, 1)->offset = 0;
        records  = rd_kafka_DeleteRecords_new(l);
        election = rd_kafka_ElectLeaders_new(RD_KAFKA_ELECTION_TYPE_PREFERRED, l);
        rd_kafka_DeleteRecords(rk, &records, 1, o, q);
        rd_kafka_ElectLeaders(rk, election, o, q);
        l->elems[0].offset = RD_KAFKA_OFFSET_SPEC_LATEST;
        l->elems[1].offset = RD_KAFKA_OFFSET_SPEC_MAX_TIMESTAMP;
        rd_kafka_ListOffsets(rk, l, o, q);
        rd_kafka_DeleteRecords_destroy(records);
        rd_kafka_ElectLeaders_destroy(election);
        rd_kafka_topic_partition_list_destroy(l);
}

static void admin_groups(rd_kafka_t *rk, const char *topic, const char *group, rd_kafka_AdminOptions_t *o, rd_kafka_queue_t *q) {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        const char *groups[2]              = {group, "hostile"};
        rd_kafka_DeleteGroup_t *delete_group;
        rd_kafka_ListConsumerGroupOffsets_t *list;
        rd_kafka_AlterConsumerGroupOffsets_t *alter;
        rd_kafka_DeleteConsumerGroupOffsets_t *del;
        rd_kafka_topic_partition_list_add(l, topic, 0)->offset = 1;
        delete_group                                           = rd_kafka_DeleteGroup_new(group);
        list                                                   = rd_kafka_ListConsumerGroupOffsets_new(group, NULL);
        alter                                                  = rd_kafka_AlterConsumerGroupOffsets_new(group, l);
        del                                                    = rd_kafka_DeleteConsumerGroupOffsets_new(group, l);
        rd_kafka_AlterConsumerGroupOffsets(rk, &alter, 1, o, q);
        rd_kafka_ListConsumerGroupOffsets(rk, &list, 1, o, q);
        rd_kafka_ListConsumerGroups(rk, o, q);
        rd_kafka_DescribeConsumerGroups(rk, groups, 2, o, q);
        rd_kafka_DeleteConsumerGroupOffsets(rk, &del, 1, o, q);
        rd_kafka_DeleteGroups(rk, &delete_group, 1, o, q);
        rd_kafka_DeleteGroup_destroy(delete_group);
        rd_kafka_ListConsumerGroupOffsets_destroy(list);
        rd_kafka_AlterConsumerGroupOffsets_destroy(alter);
        rd_kafka_DeleteConsumerGroupOffsets_destroy(del);
        rd_kafka_topic_partition_list_destroy(l);
}

static void admin_security(rd_kafka_t *rk, const char *name, rd_kafka_AdminOptions_t *o, rd_kafka_queue_t *q) {
        char errstr[256], principal[256];
        rd_kafka_AclBinding_t *entry;
        rd_kafka_AclBindingFilter_t *filter;
        rd_kafka_UserScramCredentialAlteration_t *gone = rd_kafka_UserScramCredentialDeletion_new(name, RD_KAFKA_SCRAM_MECHANISM_SHA_256);
        snprintf(principal, sizeof(principal), "User:%s", name);
        entry  = rd_kafka_AclBinding_new(RD_KAFKA_RESOURCE_TOPIC, name, RD_KAFKA_RESOURCE_PATTERN_LITERAL, principal, "*",
                                         RD_KAFKA_ACL_OPERATION_READ, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, errstr, sizeof(errstr));
        filter = rd_kafka_AclBindingFilter_new(RD_KAFKA_RESOURCE_ANY, NULL, RD_KAFKA_RESOURCE_PATTERN_ANY, principal, NULL,
                                               RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, errstr, sizeof(errstr));
        rd_kafka_CreateAcls(rk, &entry, 1, o, q);
        rd_kafka_DescribeAcls(rk, filter, o, q);
        rd_kafka_DeleteAcls(rk, &filter, 1, o, q);
        rd_kafka_DescribeUserScramCredentials(rk, NULL, 0, o, q);
        rd_kafka_AlterUserScramCredentials(rk, &gone, 1, o, q);
        rd_kafka_AclBinding_destroy(entry);
        rd_kafka_AclBinding_destroy(filter);
        rd_kafka_UserScramCredentialAlteration_destroy(gone);
}

/* The results in which a peer's numbers and names stand. */
static size_t admin_read(rd_kafka_event_t *e) {
        size_t n = 0, i, length = strlen(rd_kafka_event_error_string(e) ? rd_kafka_event_error_string(e) : "");
        if (rd_kafka_event_DescribeConfigs_result(e)) {
                const rd_kafka_ConfigResource_t **all =
                    rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(e), &n);
                for (i = 0; i < n; i++) {
                        size_t count, k;
                        const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(all[i], &count);
                        for (k = 0; k < count; k++)
                                length += strlen(rd_kafka_ConfigEntry_name(entries[k]));
                }
        } else if (rd_kafka_event_ListConsumerGroups_result(e)) {
                const rd_kafka_ConsumerGroupListing_t **all =
                    rd_kafka_ListConsumerGroups_result_valid(rd_kafka_event_ListConsumerGroups_result(e), &n);
                for (i = 0; i < n; i++)
                        length += strlen(rd_kafka_ConsumerGroupListing_group_id(all[i]));
        } else if (rd_kafka_event_DescribeConsumerGroups_result(e)) {
                const rd_kafka_ConsumerGroupDescription_t **all =
                    rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(e), &n);
                CHECK(n == 2 || rd_kafka_event_error(e), "%zu groups", n);
                for (i = 0; i < n; i++)
                        length += rd_kafka_ConsumerGroupDescription_member_count(all[i]);
        } else if (rd_kafka_event_DescribeTopics_result(e)) {
                const rd_kafka_TopicDescription_t **all =
                    rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(e), &n);
                for (i = 0; i < n; i++)
                        length += strlen(rd_kafka_TopicDescription_name(all[i]));
        } else if (rd_kafka_event_DescribeCluster_result(e)) {
                const rd_kafka_Node_t **all = rd_kafka_DescribeCluster_result_nodes(rd_kafka_event_DescribeCluster_result(e), &n);
                for (i = 0; i < n; i++)
                        length += strlen(rd_kafka_Node_host(all[i]));
        } else if (rd_kafka_event_DescribeAcls_result(e)) {
                const rd_kafka_AclBinding_t **all = rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(e), &n);
                for (i = 0; i < n; i++)
                        length += strlen(rd_kafka_AclBinding_name(all[i]));
        }
        return length;
}

/* All operations at once, so often. */
static void administer(rd_kafka_t *rk, const char *topic, int times) {
        rd_kafka_queue_t *q        = rd_kafka_queue_new(rk);
        rd_kafka_AdminOptions_t *o = admin_options(rk);
        int i;
        while (times--) {
                const char *name = fresh("admin");
                int64_t start    = now_ms();
                int seen[ADMIN_OPERATIONS], k;
                admin_topics(rk, topic, name, o, q);
                admin_configs(rk, name, o, q);
                admin_partitions(rk, topic, o, q);
                admin_groups(rk, topic, name, o, q);
                admin_security(rk, name, o, q);
                for (i = 0; i < ADMIN_OPERATIONS; i++) {
                        rd_kafka_event_t *e = rd_kafka_queue_poll(q, ms(admin_time + 1500));
                        NEED(e, "%d events of %d", i, ADMIN_OPERATIONS);
                        seen[i] = rd_kafka_event_type(e);
                        for (k = 0; k < i; k++)
                                CHECK(seen[k] != seen[i], "twice %s", rd_kafka_event_name(e));
                        admin_read(e);
                        rd_kafka_event_destroy(e);
                }
                CHECK(now_ms() - start < ms(admin_time + 1500), "the operations took %d ms", (int)(now_ms() - start));
                CHECK(!rd_kafka_queue_poll(q, 0), "an event too many");
        }
        rd_kafka_AdminOptions_destroy(o);
        rd_kafka_queue_destroy(q);
}

#endif
