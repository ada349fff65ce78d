/*
 * Admin requests from outside: every kind of event is taken for its own result and no other, what nobody takes is freed, arguments
 * that will not do are refused with librdkafka's codes, and getters of no result have nothing to give.
 */
#include "admin.h"

/* ---- admin requests ---- */

#define ADMIN(X)                                                                                                       \
        X(CreateTopics, CREATETOPICS)                                                                                  \
        X(DeleteTopics, DELETETOPICS)                                                                                  \
        X(CreatePartitions, CREATEPARTITIONS)                                                                          \
        X(AlterConfigs, ALTERCONFIGS)                                                                                  \
        X(DescribeConfigs, DESCRIBECONFIGS)                                                                            \
        X(DeleteRecords, DELETERECORDS)                                                                                \
        X(DeleteGroups, DELETEGROUPS)                                                                                  \
        X(DeleteConsumerGroupOffsets, DELETECONSUMERGROUPOFFSETS)                                                      \
        X(CreateAcls, CREATEACLS)                                                                                      \
        X(DescribeAcls, DESCRIBEACLS)                                                                                  \
        X(DeleteAcls, DELETEACLS)                                                                                      \
        X(ListConsumerGroups, LISTCONSUMERGROUPS)                                                                      \
        X(DescribeConsumerGroups, DESCRIBECONSUMERGROUPS)                                                              \
        X(ListConsumerGroupOffsets, LISTCONSUMERGROUPOFFSETS)                                                          \
        X(AlterConsumerGroupOffsets, ALTERCONSUMERGROUPOFFSETS)                                                        \
        X(IncrementalAlterConfigs, INCREMENTALALTERCONFIGS)                                                            \
        X(DescribeUserScramCredentials, DESCRIBEUSERSCRAMCREDENTIALS)                                                  \
        X(AlterUserScramCredentials, ALTERUSERSCRAMCREDENTIALS)                                                        \
        X(DescribeTopics, DESCRIBETOPICS)                                                                              \
        X(DescribeCluster, DESCRIBECLUSTER)                                                                            \
        X(ListOffsets, LISTOFFSETS)                                                                                    \
        X(ElectLeaders, ELECTLEADERS)

/* All arguments that requests take, well-formed. */
static struct {
        rd_kafka_NewTopic_t *topic;
        rd_kafka_DeleteTopic_t *del_topic;
        rd_kafka_NewPartitions_t *parts;
        rd_kafka_ConfigResource_t *config;
        rd_kafka_DeleteRecords_t *records;
        rd_kafka_DeleteGroup_t *group;
        rd_kafka_DeleteConsumerGroupOffsets_t *del_offsets;
        rd_kafka_ListConsumerGroupOffsets_t *list_offsets;
        rd_kafka_AlterConsumerGroupOffsets_t *alter_offsets;
        rd_kafka_AclBinding_t *acl;
        rd_kafka_AclBindingFilter_t *filter;
        rd_kafka_UserScramCredentialAlteration_t *scram;
        rd_kafka_TopicCollection_t *topics;
        rd_kafka_ElectLeaders_t *election;
        rd_kafka_topic_partition_list_t *list;
        const char *name;
} a;

static void arguments(void) {
        char errstr[256];
        a.name = "t";
        a.list = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(a.list, "t", 0)->offset = 5;
        a.topic     = rd_kafka_NewTopic_new("t", 1, 1, errstr, sizeof(errstr));
        a.del_topic = rd_kafka_DeleteTopic_new("t");
        a.parts     = rd_kafka_NewPartitions_new("t", 2, errstr, sizeof(errstr));
        a.config    = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, "t");
        rd_kafka_error_destroy(rd_kafka_ConfigResource_add_incremental_config(a.config, "retention.ms",
                                                                              RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, "1"));
        a.records       = rd_kafka_DeleteRecords_new(a.list);
        a.group         = rd_kafka_DeleteGroup_new("g");
        a.del_offsets   = rd_kafka_DeleteConsumerGroupOffsets_new("g", a.list);
        a.list_offsets  = rd_kafka_ListConsumerGroupOffsets_new("g", NULL);
        a.alter_offsets = rd_kafka_AlterConsumerGroupOffsets_new("g", a.list);
        a.acl           = rd_kafka_AclBinding_new(RD_KAFKA_RESOURCE_TOPIC, "t", RD_KAFKA_RESOURCE_PATTERN_LITERAL, "User:u", "*",
                                                  RD_KAFKA_ACL_OPERATION_READ, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, errstr,
                                                  sizeof(errstr));
        a.filter = rd_kafka_AclBindingFilter_new(RD_KAFKA_RESOURCE_ANY, NULL, RD_KAFKA_RESOURCE_PATTERN_ANY, NULL, NULL,
                                                 RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, errstr,
                                                 sizeof(errstr));
        a.scram  = rd_kafka_UserScramCredentialDeletion_new("u", RD_KAFKA_SCRAM_MECHANISM_SHA_256);
        a.topics = rd_kafka_TopicCollection_of_topic_names(&a.name, 1);
        a.election = rd_kafka_ElectLeaders_new(RD_KAFKA_ELECTION_TYPE_PREFERRED, a.list);
}

static void arguments_destroy(void) {
        rd_kafka_topic_partition_list_destroy(a.list);
        rd_kafka_NewTopic_destroy(a.topic);
        rd_kafka_DeleteTopic_destroy(a.del_topic);
        rd_kafka_NewPartitions_destroy(a.parts);
        rd_kafka_ConfigResource_destroy(a.config);
        rd_kafka_DeleteRecords_destroy(a.records);
        rd_kafka_DeleteGroup_destroy(a.group);
        rd_kafka_DeleteConsumerGroupOffsets_destroy(a.del_offsets);
        rd_kafka_ListConsumerGroupOffsets_destroy(a.list_offsets);
        rd_kafka_AlterConsumerGroupOffsets_destroy(a.alter_offsets);
        rd_kafka_AclBinding_destroy(a.acl);
        rd_kafka_AclBinding_destroy(a.filter);
        rd_kafka_UserScramCredentialAlteration_destroy(a.scram);
        rd_kafka_TopicCollection_destroy(a.topics);
        rd_kafka_ElectLeaders_destroy(a.election);
}

static void call(rd_kafka_admin_op_t op, rd_kafka_t *rk, const rd_kafka_AdminOptions_t *o, rd_kafka_queue_t *q) {
        switch ((int)op) {
        case RD_KAFKA_ADMIN_OP_CREATETOPICS: rd_kafka_CreateTopics(rk, &a.topic, 1, o, q); break;
        case RD_KAFKA_ADMIN_OP_DELETETOPICS: rd_kafka_DeleteTopics(rk, &a.del_topic, 1, o, q); break;
        case RD_KAFKA_ADMIN_OP_CREATEPARTITIONS: rd_kafka_CreatePartitions(rk, &a.parts, 1, o, q); break;
        case RD_KAFKA_ADMIN_OP_ALTERCONFIGS: rd_kafka_AlterConfigs(rk, &a.config, 1, o, q); break;
        case RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS: rd_kafka_IncrementalAlterConfigs(rk, &a.config, 1, o, q); break;
        case RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS: rd_kafka_DescribeConfigs(rk, &a.config, 1, o, q); break;
        case RD_KAFKA_ADMIN_OP_DELETERECORDS: rd_kafka_DeleteRecords(rk, &a.records, 1, o, q); break;
        case RD_KAFKA_ADMIN_OP_DELETEGROUPS: rd_kafka_DeleteGroups(rk, &a.group, 1, o, q); break;
        case RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS:
                rd_kafka_DeleteConsumerGroupOffsets(rk, &a.del_offsets, 1, o, q);
                break;
        case RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS:
                rd_kafka_ListConsumerGroupOffsets(rk, &a.list_offsets, 1, o, q);
                break;
        case RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS:
                rd_kafka_AlterConsumerGroupOffsets(rk, &a.alter_offsets, 1, o, q);
                break;
        case RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS: rd_kafka_ListConsumerGroups(rk, o, q); break;
        case RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS: rd_kafka_DescribeConsumerGroups(rk, &a.name, 1, o, q); break;
        case RD_KAFKA_ADMIN_OP_CREATEACLS: rd_kafka_CreateAcls(rk, &a.acl, 1, o, q); break;
        case RD_KAFKA_ADMIN_OP_DESCRIBEACLS: rd_kafka_DescribeAcls(rk, a.filter, o, q); break;
        case RD_KAFKA_ADMIN_OP_DELETEACLS: rd_kafka_DeleteAcls(rk, &a.filter, 1, o, q); break;
        case RD_KAFKA_ADMIN_OP_DESCRIBEUSERSCRAMCREDENTIALS:
                rd_kafka_DescribeUserScramCredentials(rk, NULL, 0, o, q);
                break;
        case RD_KAFKA_ADMIN_OP_ALTERUSERSCRAMCREDENTIALS:
                rd_kafka_AlterUserScramCredentials(rk, &a.scram, 1, o, q);
                break;
        case RD_KAFKA_ADMIN_OP_DESCRIBETOPICS: rd_kafka_DescribeTopics(rk, a.topics, o, q); break;
        case RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER: rd_kafka_DescribeCluster(rk, o, q); break;
        case RD_KAFKA_ADMIN_OP_LISTOFFSETS: rd_kafka_ListOffsets(rk, a.list, o, q); break;
        case RD_KAFKA_ADMIN_OP_ELECTLEADERS: rd_kafka_ElectLeaders(rk, a.election, o, q); break;
        }
}

static const struct {
        const char *name;
        rd_kafka_admin_op_t op;
        rd_kafka_event_type_t type;
} requests[] = {
#define ROW(NAME, CAPS) {#NAME, RD_KAFKA_ADMIN_OP_##CAPS, RD_KAFKA_EVENT_##CAPS##_RESULT},
        ADMIN(ROW)
#undef ROW
};
#define REQUESTS (sizeof(requests) / sizeof(*requests))

/* The event is taken for one kind of result, and for no other. */
static void check_result_kind(rd_kafka_event_t *e, const char *name) {
#define KIND(NAME, CAPS)                                                                                               \
        CHECK((rd_kafka_event_##NAME##_result(e) != NULL) == !strcmp(name, #NAME), "%s taken for %s", name, #NAME);
        ADMIN(KIND)
#undef KIND
}

/* A list that is given out with its length: both written, and empty. */
#define EMPTY(getter, object)                                                                                          \
        do {                                                                                                           \
                size_t cnt_ = 4711;                                                                                    \
                CHECK(getter(object, &cnt_) == NULL && cnt_ == 0, "%s: %zu", #getter, cnt_);                           \
                CHECK(getter(object, NULL) == NULL, "%s without a count", #getter);                                    \
        } while (0)

static void check_result_is_empty(rd_kafka_event_t *e) {
        EMPTY(rd_kafka_CreateTopics_result_topics, rd_kafka_event_CreateTopics_result(e));
        EMPTY(rd_kafka_DeleteTopics_result_topics, rd_kafka_event_DeleteTopics_result(e));
        EMPTY(rd_kafka_CreatePartitions_result_topics, rd_kafka_event_CreatePartitions_result(e));
        EMPTY(rd_kafka_AlterConfigs_result_resources, rd_kafka_event_AlterConfigs_result(e));
        EMPTY(rd_kafka_IncrementalAlterConfigs_result_resources, rd_kafka_event_IncrementalAlterConfigs_result(e));
        EMPTY(rd_kafka_DescribeConfigs_result_resources, rd_kafka_event_DescribeConfigs_result(e));
        CHECK(!rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(e)), "offsets");
        EMPTY(rd_kafka_DeleteGroups_result_groups, rd_kafka_event_DeleteGroups_result(e));
        EMPTY(rd_kafka_DeleteConsumerGroupOffsets_result_groups, rd_kafka_event_DeleteConsumerGroupOffsets_result(e));
        EMPTY(rd_kafka_ListConsumerGroupOffsets_result_groups, rd_kafka_event_ListConsumerGroupOffsets_result(e));
        EMPTY(rd_kafka_AlterConsumerGroupOffsets_result_groups, rd_kafka_event_AlterConsumerGroupOffsets_result(e));
        EMPTY(rd_kafka_ListConsumerGroups_result_valid, rd_kafka_event_ListConsumerGroups_result(e));
        EMPTY(rd_kafka_ListConsumerGroups_result_errors, rd_kafka_event_ListConsumerGroups_result(e));
        EMPTY(rd_kafka_DescribeConsumerGroups_result_groups, rd_kafka_event_DescribeConsumerGroups_result(e));
        EMPTY(rd_kafka_CreateAcls_result_acls, rd_kafka_event_CreateAcls_result(e));
        EMPTY(rd_kafka_DescribeAcls_result_acls, rd_kafka_event_DescribeAcls_result(e));
        EMPTY(rd_kafka_DeleteAcls_result_responses, rd_kafka_event_DeleteAcls_result(e));
        EMPTY(rd_kafka_DescribeUserScramCredentials_result_descriptions,
              rd_kafka_event_DescribeUserScramCredentials_result(e));
        EMPTY(rd_kafka_AlterUserScramCredentials_result_responses, rd_kafka_event_AlterUserScramCredentials_result(e));
        EMPTY(rd_kafka_DescribeTopics_result_topics, rd_kafka_event_DescribeTopics_result(e));
        EMPTY(rd_kafka_DescribeCluster_result_nodes, rd_kafka_event_DescribeCluster_result(e));
        EMPTY(rd_kafka_DescribeCluster_result_authorized_operations, rd_kafka_event_DescribeCluster_result(e));
        CHECK(!rd_kafka_DescribeCluster_result_controller(rd_kafka_event_DescribeCluster_result(e)), "controller");
        CHECK(!rd_kafka_DescribeCluster_result_cluster_id(rd_kafka_event_DescribeCluster_result(e)), "cluster id");
        EMPTY(rd_kafka_ListOffsets_result_infos, rd_kafka_event_ListOffsets_result(e));
        EMPTY(rd_kafka_ElectLeaders_result_partitions, rd_kafka_event_ElectLeaders_result(e));
}

/* Each request has one event, of its kind and with the opaque of its options, though nobody answers. */
static void admin_requests(void) {
        rd_kafka_t *rk      = unreachable();
        rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
        char errstr[256];
        size_t i;
        arguments();
        for (i = 0; i < REQUESTS; i++) {
                rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, requests[i].op);
                void *opaque               = (void *)&requests[i];
                rd_kafka_event_t *e;
                rd_kafka_AdminOptions_set_opaque(o, opaque);
                CHECK_ERR(rd_kafka_AdminOptions_set_request_timeout(o, 50, errstr, sizeof(errstr)), 0);
                call(requests[i].op, rk, o, q);
                NEED((e = rd_kafka_queue_poll(q, ms(20000))), "%s: no event", requests[i].name);
                CHECK(rd_kafka_event_type(e) == requests[i].type, "%s: %s", requests[i].name, rd_kafka_event_name(e));
                CHECK(rd_kafka_event_opaque(e) == opaque, "%s: opaque", requests[i].name);
                /* librdkafka says either. */
                if (!is_upstream())
                        CHECK(!rd_kafka_event_error_is_fatal(e), "%s: fatal", requests[i].name);
                check_result_kind(e, requests[i].name);
                rd_kafka_event_destroy(e);
                CHECK(!rd_kafka_queue_poll(q, 0), "%s: a second event", requests[i].name);
                rd_kafka_AdminOptions_destroy(o);
        }
        arguments_destroy();
        rd_kafka_queue_destroy(q);
        rd_kafka_destroy(rk);
}

/* Events of another kind, and none at all, are no results. */
static void no_results(void) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", "127.0.0.1:1", NULL);
        rd_kafka_event_t *e   = NULL;
        int64_t until         = now_ms() + ms(20000);
        rd_kafka_t *rk;
        rd_kafka_queue_t *q;
        check_result_kind(NULL, "");
        check_result_is_empty(NULL);
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_ERROR);
        rk = client(RD_KAFKA_PRODUCER, conf);
        q  = rd_kafka_queue_get_main(rk);
        while (!e && now_ms() < until)
                e = rd_kafka_queue_poll(q, 1000);
        NEED(e && rd_kafka_event_type(e) == RD_KAFKA_EVENT_ERROR, "no error event");
        check_result_kind(e, "");
        check_result_is_empty(e);
        rd_kafka_event_destroy(e);
        rd_kafka_queue_destroy(q);
        rd_kafka_destroy(rk);
}

/* A result that nobody takes goes with its queue, whatever serves that. */
static void results_left_behind(void) {
        rd_kafka_t *rk             = unreachable();
        rd_kafka_queue_t *q        = rd_kafka_queue_new(rk), *main_q = rd_kafka_queue_get_main(rk);
        rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_ANY);
        char errstr[256];
        size_t i;
        CHECK_ERR(rd_kafka_AdminOptions_set_request_timeout(o, 50, errstr, sizeof(errstr)), 0);
        arguments();
        for (i = 0; i < REQUESTS; i++)
                call(requests[i].op, rk, o, q);
        EVENTUALLY(rd_kafka_queue_length(q) == REQUESTS);
        rd_kafka_queue_destroy(q);
        for (i = 0; i < REQUESTS; i++)
                call(requests[i].op, rk, o, main_q);
        CHECK(rd_kafka_poll(rk, ms(5000)) > 0, "not served");
        for (i = 0; i < REQUESTS; i++)
                call(requests[i].op, rk, NULL, main_q);
        rd_kafka_AdminOptions_destroy(o);
        rd_kafka_queue_destroy(main_q);
        arguments_destroy();
        rd_kafka_destroy(rk);
}

/* Without an instance or a queue there is nobody to tell. (librdkafka ends the process.) */
static void nobody_to_tell(void) {
        rd_kafka_t *rk      = unreachable();
        rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
        size_t i;
        arguments();
        for (i = 0; i < REQUESTS; i++) {
                call(requests[i].op, rk, NULL, NULL);
                call(requests[i].op, NULL, NULL, q);
                call(requests[i].op, (rd_kafka_t *)q, NULL, q);
        }
        CHECK(!rd_kafka_queue_poll(q, 0), "an event");
        arguments_destroy();
        rd_kafka_queue_destroy(q);
        rd_kafka_destroy(rk);
}

/* ---- arguments that will not do ---- */

static rd_kafka_t *rk_;
static rd_kafka_queue_t *q_;

#define REFUSED(want, request)                                                                                         \
        do {                                                                                                           \
                rd_kafka_event_t *e_;                                                                                  \
                request;                                                                                               \
                e_ = rd_kafka_queue_poll(q_, ms(5000));                                                                \
                NEED(e_, "%s: no event", #request);                                                                    \
                CHECK_ERR(rd_kafka_event_error(e_), (want));                                                           \
                CHECK(rd_kafka_event_error_string(e_) && *rd_kafka_event_error_string(e_), "%s: no text", #request);   \
                rd_kafka_event_destroy(e_);                                                                            \
        } while (0)
#define BAD(request)      REFUSED(RD_KAFKA_RESP_ERR__INVALID_ARG, request)
#define NOTHING(request)  REFUSED(RD_KAFKA_RESP_ERR_NO_ERROR, request)

static void refused_begin(void) {
        rk_ = unreachable();
        q_  = rd_kafka_queue_new(rk_);
        arguments();
}

static void refused_end(void) {
        CHECK(rd_kafka_queue_length(q_) == 0, "%zu events more", rd_kafka_queue_length(q_));
        arguments_destroy();
        rd_kafka_queue_destroy(q_);
        rd_kafka_destroy(rk_);
}

static void refused_groups(void) {
        const char *twice[]                      = {"g", "h", "g"};
        rd_kafka_DeleteGroup_t *groups[2]        = {rd_kafka_DeleteGroup_new("g"), rd_kafka_DeleteGroup_new("g")};
        rd_kafka_topic_partition_list_t *empty   = rd_kafka_topic_partition_list_new(0), *same, *below;
        rd_kafka_ListConsumerGroupOffsets_t *lists[2];
        rd_kafka_AlterConsumerGroupOffsets_t *alter[2];
        rd_kafka_DeleteConsumerGroupOffsets_t *del[2];

        refused_begin();
        BAD(rd_kafka_DescribeConsumerGroups(rk_, NULL, 0, NULL, q_));
        BAD(rd_kafka_DescribeConsumerGroups(rk_, twice, 3, NULL, q_));
        BAD(rd_kafka_DeleteGroups(rk_, NULL, 0, NULL, q_));
        BAD(rd_kafka_DeleteGroups(rk_, groups, 2, NULL, q_));
        rd_kafka_DeleteGroup_destroy_array(groups, 2);

        same  = rd_kafka_topic_partition_list_copy(a.list);
        below = rd_kafka_topic_partition_list_copy(a.list);
        rd_kafka_topic_partition_list_add(same, "t", 0)->offset = 7;
        below->elems[0].offset                                  = -1;
        lists[0] = rd_kafka_ListConsumerGroupOffsets_new("g", empty);
        lists[1] = rd_kafka_ListConsumerGroupOffsets_new("g", same);
        BAD(rd_kafka_ListConsumerGroupOffsets(rk_, lists, 0, NULL, q_));
        BAD(rd_kafka_ListConsumerGroupOffsets(rk_, lists, 2, NULL, q_));
        BAD(rd_kafka_ListConsumerGroupOffsets(rk_, &lists[0], 1, NULL, q_));
        BAD(rd_kafka_ListConsumerGroupOffsets(rk_, &lists[1], 1, NULL, q_));
        rd_kafka_ListConsumerGroupOffsets_destroy_array(lists, 2);

        alter[0] = rd_kafka_AlterConsumerGroupOffsets_new("g", empty);
        alter[1] = rd_kafka_AlterConsumerGroupOffsets_new("g", same);
        BAD(rd_kafka_AlterConsumerGroupOffsets(rk_, alter, 0, NULL, q_));
        BAD(rd_kafka_AlterConsumerGroupOffsets(rk_, alter, 2, NULL, q_));
        BAD(rd_kafka_AlterConsumerGroupOffsets(rk_, &alter[0], 1, NULL, q_));
        BAD(rd_kafka_AlterConsumerGroupOffsets(rk_, &alter[1], 1, NULL, q_));
        rd_kafka_AlterConsumerGroupOffsets_destroy_array(alter, 2);
        alter[0] = rd_kafka_AlterConsumerGroupOffsets_new("g", below);
        BAD(rd_kafka_AlterConsumerGroupOffsets(rk_, alter, 1, NULL, q_));
        rd_kafka_AlterConsumerGroupOffsets_destroy(alter[0]);

        del[0] = rd_kafka_DeleteConsumerGroupOffsets_new("g", same);
        del[1] = rd_kafka_DeleteConsumerGroupOffsets_new("h", same);
        BAD(rd_kafka_DeleteConsumerGroupOffsets(rk_, del, 0, NULL, q_));
        BAD(rd_kafka_DeleteConsumerGroupOffsets(rk_, del, 2, NULL, q_));
        rd_kafka_DeleteConsumerGroupOffsets_destroy_array(del, 2);
        rd_kafka_topic_partition_list_destroy(empty);
        rd_kafka_topic_partition_list_destroy(same);
        rd_kafka_topic_partition_list_destroy(below);
        refused_end();
}

static void refused_partitions(void) {
        rd_kafka_topic_partition_list_t *empty = rd_kafka_topic_partition_list_new(0), *same, *odd;
        rd_kafka_DeleteRecords_t *records[2];
        rd_kafka_ElectLeaders_t *election;

        refused_begin();
        same = rd_kafka_topic_partition_list_copy(a.list);
        rd_kafka_topic_partition_list_add(same, "u", 0)->offset = 1;
        rd_kafka_topic_partition_list_add(same, "t", 0)->offset = 7;
        records[0] = rd_kafka_DeleteRecords_new(empty);
        records[1] = rd_kafka_DeleteRecords_new(same);
        BAD(rd_kafka_DeleteRecords(rk_, records, 0, NULL, q_));
        BAD(rd_kafka_DeleteRecords(rk_, records, 2, NULL, q_));
        BAD(rd_kafka_DeleteRecords(rk_, &records[0], 1, NULL, q_));
        BAD(rd_kafka_DeleteRecords(rk_, &records[1], 1, NULL, q_));
        rd_kafka_DeleteRecords_destroy_array(records, 2);

        election = rd_kafka_ElectLeaders_new(RD_KAFKA_ELECTION_TYPE_UNCLEAN, same);
        BAD(rd_kafka_ElectLeaders(rk_, election, NULL, q_));
        rd_kafka_ElectLeaders_destroy(election);

        BAD(rd_kafka_ListOffsets(rk_, same, NULL, q_));
        odd = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(odd, "", 0)->offset = 1;
        BAD(rd_kafka_ListOffsets(rk_, odd, NULL, q_));
        rd_kafka_topic_partition_list_del_by_idx(odd, 0);
        rd_kafka_topic_partition_list_add(odd, "t", -1)->offset = 1;
        BAD(rd_kafka_ListOffsets(rk_, odd, NULL, q_));
        rd_kafka_topic_partition_list_del_by_idx(odd, 0);
        rd_kafka_topic_partition_list_add(odd, "t", 1)->offset = -4;
        BAD(rd_kafka_ListOffsets(rk_, odd, NULL, q_));
        NOTHING(rd_kafka_ListOffsets(rk_, empty, NULL, q_));
        rd_kafka_topic_partition_list_destroy(odd);
        rd_kafka_topic_partition_list_destroy(same);
        rd_kafka_topic_partition_list_destroy(empty);
        refused_end();
}

static void refused_topics_and_users(void) {
        const char *same[] = {"t", "t"}, *blank[] = {"t", ""};
        rd_kafka_TopicCollection_t *topics;
        rd_kafka_UserScramCredentialAlteration_t *scram[2];
        const unsigned char *secret = (const unsigned char *)"secret", *salt = (const unsigned char *)"salt";

        refused_begin();
        topics = rd_kafka_TopicCollection_of_topic_names(same, 2);
        BAD(rd_kafka_DescribeTopics(rk_, topics, NULL, q_));
        rd_kafka_TopicCollection_destroy(topics);
        topics = rd_kafka_TopicCollection_of_topic_names(blank, 2);
        BAD(rd_kafka_DescribeTopics(rk_, topics, NULL, q_));
        rd_kafka_TopicCollection_destroy(topics);
        topics = rd_kafka_TopicCollection_of_topic_names(NULL, 0);
        NOTHING(rd_kafka_DescribeTopics(rk_, topics, NULL, q_));
        rd_kafka_TopicCollection_destroy(topics);

        BAD(rd_kafka_DescribeUserScramCredentials(rk_, same, 2, NULL, q_));
        BAD(rd_kafka_DescribeUserScramCredentials(rk_, blank, 2, NULL, q_));
        BAD(rd_kafka_AlterUserScramCredentials(rk_, NULL, 0, NULL, q_));
#define BAD_SCRAM(made)                                                                                                \
        scram[0] = made;                                                                                               \
        BAD(rd_kafka_AlterUserScramCredentials(rk_, scram, 1, NULL, q_));                                              \
        rd_kafka_UserScramCredentialAlteration_destroy(scram[0]);
        BAD_SCRAM(rd_kafka_UserScramCredentialDeletion_new("u", RD_KAFKA_SCRAM_MECHANISM_UNKNOWN));
        BAD_SCRAM(rd_kafka_UserScramCredentialDeletion_new("", RD_KAFKA_SCRAM_MECHANISM_SHA_256));
        BAD_SCRAM(rd_kafka_UserScramCredentialUpsertion_new("u", RD_KAFKA_SCRAM_MECHANISM_UNKNOWN, 4096, secret, 6, salt, 4));
        BAD_SCRAM(rd_kafka_UserScramCredentialUpsertion_new("u", RD_KAFKA_SCRAM_MECHANISM_SHA_512, 0, secret, 6, salt, 4));
        BAD_SCRAM(rd_kafka_UserScramCredentialUpsertion_new("u", RD_KAFKA_SCRAM_MECHANISM_SHA_512, 4096, secret, 0, salt, 4));
        refused_end();
}

static void refused_configs(void) {
        rd_kafka_ConfigResource_t *twice[2], *brokers[2], *odd;
        int i;

        refused_begin();
        for (i = 0; i < 2; i++) {
                twice[i]   = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, "t");
                brokers[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, i ? "1" : "2");
        }
        BAD(rd_kafka_IncrementalAlterConfigs(rk_, twice, 2, NULL, q_));
        for (i = 0; i < 2; i++)
                rd_kafka_error_destroy(rd_kafka_ConfigResource_add_incremental_config(
                    twice[0], "retention.ms", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, "1"));
        BAD(rd_kafka_IncrementalAlterConfigs(rk_, twice, 1, NULL, q_));
        REFUSED(RD_KAFKA_RESP_ERR__CONFLICT, rd_kafka_IncrementalAlterConfigs(rk_, brokers, 2, NULL, q_));
        REFUSED(RD_KAFKA_RESP_ERR__CONFLICT, rd_kafka_AlterConfigs(rk_, brokers, 2, NULL, q_));
        REFUSED(RD_KAFKA_RESP_ERR__CONFLICT, rd_kafka_DescribeConfigs(rk_, brokers, 2, NULL, q_));
        odd = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, "one");
        BAD(rd_kafka_IncrementalAlterConfigs(rk_, &odd, 1, NULL, q_));
        BAD(rd_kafka_AlterConfigs(rk_, &odd, 1, NULL, q_));
        BAD(rd_kafka_DescribeConfigs(rk_, &odd, 1, NULL, q_));
        rd_kafka_ConfigResource_destroy(odd);
        odd = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, "-1");
        BAD(rd_kafka_DescribeConfigs(rk_, &odd, 1, NULL, q_));
        rd_kafka_ConfigResource_destroy(odd);
        rd_kafka_ConfigResource_destroy_array(twice, 2);
        rd_kafka_ConfigResource_destroy_array(brokers, 2);
        refused_end();
}

/* librdkafka finds these only once it has a broker. */
static void refused_without_a_broker(void) {
        rd_kafka_NewTopic_t *none = NULL;
        refused_begin();
        BAD(rd_kafka_CreateTopics(rk_, NULL, 0, NULL, q_));
        BAD(rd_kafka_CreateTopics(rk_, &none, 1, NULL, q_));
        BAD(rd_kafka_CreateTopics(rk_, (rd_kafka_NewTopic_t **)&a.del_topic, 1, NULL, q_));
        BAD(rd_kafka_DeleteTopics(rk_, NULL, 3, NULL, q_));
        BAD(rd_kafka_CreatePartitions(rk_, NULL, 0, NULL, q_));
        BAD(rd_kafka_AlterConfigs(rk_, NULL, 0, NULL, q_));
        BAD(rd_kafka_IncrementalAlterConfigs(rk_, NULL, 0, NULL, q_));
        BAD(rd_kafka_DescribeConfigs(rk_, NULL, 0, NULL, q_));
        BAD(rd_kafka_CreateAcls(rk_, NULL, 0, NULL, q_));
        BAD(rd_kafka_DeleteAcls(rk_, NULL, 0, NULL, q_));
        BAD(rd_kafka_DescribeAcls(rk_, NULL, NULL, q_));
        BAD(rd_kafka_DescribeTopics(rk_, NULL, NULL, q_));
        BAD(rd_kafka_ListOffsets(rk_, NULL, NULL, q_));
        BAD(rd_kafka_ElectLeaders(rk_, NULL, NULL, q_));
        BAD(rd_kafka_DescribeUserScramCredentials(rk_, NULL, 1, NULL, q_));
        refused_end();
}

/* ---- parts of results, of which there are none: nothing comes of nothing ---- */

static void parts_of_results(void) {
#define NOTHING_OF(getter) CHECK(getter(NULL) == NULL, "%s", #getter)
        NOTHING_OF(rd_kafka_topic_result_error_string);
        NOTHING_OF(rd_kafka_topic_result_name);
        NOTHING_OF(rd_kafka_group_result_error);
        NOTHING_OF(rd_kafka_group_result_name);
        NOTHING_OF(rd_kafka_group_result_partitions);
        NOTHING_OF(rd_kafka_topic_partition_result_error);
        NOTHING_OF(rd_kafka_topic_partition_result_partition);
        NOTHING_OF(rd_kafka_acl_result_error);
        NOTHING_OF(rd_kafka_AclBinding_error);
        NOTHING_OF(rd_kafka_DeleteAcls_result_response_error);
        EMPTY(rd_kafka_DeleteAcls_result_response_matching_acls, NULL);
        NOTHING_OF(rd_kafka_AlterUserScramCredentials_result_response_error);
        NOTHING_OF(rd_kafka_AlterUserScramCredentials_result_response_user);
        NOTHING_OF(rd_kafka_UserScramCredentialsDescription_error);
        NOTHING_OF(rd_kafka_UserScramCredentialsDescription_user);
        CHECK(rd_kafka_UserScramCredentialsDescription_scramcredentialinfo_count(NULL) == 0, "credentials");
        CHECK(!rd_kafka_UserScramCredentialsDescription_scramcredentialinfo(NULL, 0), "credential");
        CHECK(rd_kafka_ScramCredentialInfo_iterations(NULL) <= 0, "iterations");
        CHECK((int)rd_kafka_ScramCredentialInfo_mechanism(NULL) <= 0, "mechanism");
        NOTHING_OF(rd_kafka_ConfigEntry_name);
        NOTHING_OF(rd_kafka_ConfigEntry_value);
        CHECK((int)rd_kafka_ConfigEntry_source(NULL) <= 0, "source");
        CHECK(rd_kafka_ConfigEntry_is_default(NULL) <= 0, "default");
        CHECK(rd_kafka_ConfigEntry_is_read_only(NULL) <= 0, "read only");
        CHECK(rd_kafka_ConfigEntry_is_sensitive(NULL) <= 0, "sensitive");
        CHECK(rd_kafka_ConfigEntry_is_synonym(NULL) <= 0, "synonym");
        EMPTY(rd_kafka_ConfigEntry_synonyms, NULL);
        EMPTY(rd_kafka_ConfigResource_configs, NULL);
        NOTHING_OF(rd_kafka_ConfigResource_error_string);
        CHECK(rd_kafka_ConfigResource_error(NULL), "error of a resource");
        CHECK(rd_kafka_topic_result_error(NULL), "error of a topic");
        NOTHING_OF(rd_kafka_ConsumerGroupListing_group_id);
        CHECK(rd_kafka_ConsumerGroupListing_is_simple_consumer_group(NULL) <= 0, "simple");
        CHECK((int)rd_kafka_ConsumerGroupListing_state(NULL) <= 0, "state");
        CHECK((int)rd_kafka_ConsumerGroupListing_type(NULL) <= 0, "type");
        NOTHING_OF(rd_kafka_ConsumerGroupDescription_group_id);
        NOTHING_OF(rd_kafka_ConsumerGroupDescription_error);
        NOTHING_OF(rd_kafka_ConsumerGroupDescription_partition_assignor);
        NOTHING_OF(rd_kafka_ConsumerGroupDescription_coordinator);
        CHECK(rd_kafka_ConsumerGroupDescription_is_simple_consumer_group(NULL) <= 0, "simple");
        CHECK((int)rd_kafka_ConsumerGroupDescription_state(NULL) <= 0, "state");
        CHECK((int)rd_kafka_ConsumerGroupDescription_type(NULL) <= 0, "type");
        EMPTY(rd_kafka_ConsumerGroupDescription_authorized_operations, NULL);
        CHECK(rd_kafka_ConsumerGroupDescription_member_count(NULL) == 0, "members");
        CHECK(!rd_kafka_ConsumerGroupDescription_member(NULL, 0), "member");
        NOTHING_OF(rd_kafka_MemberDescription_client_id);
        NOTHING_OF(rd_kafka_MemberDescription_consumer_id);
        NOTHING_OF(rd_kafka_MemberDescription_group_instance_id);
        NOTHING_OF(rd_kafka_MemberDescription_host);
        NOTHING_OF(rd_kafka_MemberDescription_assignment);
        NOTHING_OF(rd_kafka_MemberDescription_target_assignment);
        NOTHING_OF(rd_kafka_MemberAssignment_partitions);
        NOTHING_OF(rd_kafka_Node_host);
        NOTHING_OF(rd_kafka_Node_rack);
        CHECK(rd_kafka_Node_id(NULL) == -1, "id of no node");
        CHECK(rd_kafka_Node_port(NULL) == 0, "port of no node");
        NOTHING_OF(rd_kafka_TopicDescription_name);
        NOTHING_OF(rd_kafka_TopicDescription_error);
        NOTHING_OF(rd_kafka_TopicDescription_topic_id);
        CHECK(rd_kafka_TopicDescription_is_internal(NULL) <= 0, "internal");
        EMPTY(rd_kafka_TopicDescription_partitions, NULL);
        EMPTY(rd_kafka_TopicDescription_authorized_operations, NULL);
        EMPTY(rd_kafka_TopicPartitionInfo_isr, NULL);
        EMPTY(rd_kafka_TopicPartitionInfo_replicas, NULL);
        NOTHING_OF(rd_kafka_TopicPartitionInfo_leader);
        CHECK(rd_kafka_TopicPartitionInfo_partition(NULL) == -1, "partition");
        NOTHING_OF(rd_kafka_ListOffsetsResultInfo_topic_partition);
        CHECK(rd_kafka_ListOffsetsResultInfo_timestamp(NULL) == -1, "timestamp");
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(admin_requests);
        RUN_HERE(no_results);
        RUN(results_left_behind);
        RUN_HERE(nobody_to_tell);
        RUN(refused_groups);
        RUN(refused_partitions);
        RUN(refused_topics_and_users);
        RUN(refused_configs);
        RUN_HERE(refused_without_a_broker);
        RUN_HERE(parts_of_results);
        return T_END();
}
