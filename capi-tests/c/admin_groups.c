/*
 * Groups as an administrator sees them, on Kafka and on a mock cluster: listed, described and deleted, and their offsets
 * listed, altered and deleted. Results in the order of the arguments, errors for each group, coordinators that move, and
 * thousands of groups at once.
 */
#include "admin.h"

#include <sys/resource.h>

static rd_kafka_t *rk;
static rd_kafka_queue_t *q;

/* The brokers tell what type a group has: Kafka 3.8 and later. */
static int with_types;

static void begin(const char *servers) {
        with_types = wire_max_version(servers, 16) >= 5;
        rk = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", servers, NULL));
        q  = rd_kafka_queue_new(rk);
}

static void end(void) {
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 5000);
}

static void create_topic(const char *name, int partitions) {
        char errstr[256];
        rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, partitions, 1, errstr, sizeof(errstr));
        const struct rd_kafka_metadata *md;
        rd_kafka_topic_t *rkt;
        int known = 0;
        rd_kafka_CreateTopics(rk, &topic, 1, NULL, q);
        rd_kafka_event_destroy(admin_result(q, RD_KAFKA_EVENT_CREATETOPICS_RESULT, 0));
        rd_kafka_NewTopic_destroy(topic);
        rkt = rd_kafka_topic_new(rk, name, NULL);
        while (known != partitions && !rd_kafka_metadata(rk, 0, rkt, &md, ms(20000))) {
                known = md->topics[0].partition_cnt;
                rd_kafka_metadata_destroy(md);
        }
        rd_kafka_topic_destroy(rkt);
}

/* Without this there is nothing to go on with. */
#define MUST(condition, ...)                                                                                           \
        do {                                                                                                           \
                CHECK(condition, __VA_ARGS__);                                                                         \
                if (!(condition))                                                                                      \
                        exit(1);                                                                                       \
        } while (0)

#define ERROR_CODE(error) ((error) ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR)

/* ---- offsets ---- */

/* One group's result: no error, and so many partitions. */
static const rd_kafka_topic_partition_list_t *only_group(const rd_kafka_group_result_t **groups, size_t count,
                                                         const char *group, int partitions) {
        const rd_kafka_topic_partition_list_t *list;
        MUST(groups && count == 1, "%zu groups", count);
        CHECK(!strcmp(rd_kafka_group_result_name(groups[0]), group), "%s", rd_kafka_group_result_name(groups[0]));
        CHECK(!rd_kafka_group_result_error(groups[0]), "error");
        list = rd_kafka_group_result_partitions(groups[0]);
        MUST(list, "no partitions");
        CHECK(list->cnt == partitions, "%d partitions, not %d", list->cnt, partitions);
        return list;
}

static rd_kafka_topic_partition_list_t *partitions_of(const char *topic, int count, int64_t offset) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
        int i;
        for (i = 0; i < count; i++)
                rd_kafka_topic_partition_list_add(list, topic, i)->offset = offset + i;
        return list;
}

/* With a time-out that ten thousand at once keep on a slow machine. */
static void alter_begin(const char *group, const rd_kafka_topic_partition_list_t *list) {
        rd_kafka_AlterConsumerGroupOffsets_t *alter = rd_kafka_AlterConsumerGroupOffsets_new(group, list);
        rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS);
        int timeout                = ms(60000) < 3600000 ? ms(60000) : 3600000;
        char errstr[128];
        CHECK_ERR(rd_kafka_AdminOptions_set_request_timeout(o, timeout, errstr, sizeof(errstr)), 0);
        rd_kafka_AlterConsumerGroupOffsets(rk, &alter, 1, o, q);
        rd_kafka_AdminOptions_destroy(o);
        rd_kafka_AlterConsumerGroupOffsets_destroy(alter);
}

/* Commits `offset` and so on for the partitions of a topic. */
static void alter(const char *group, const char *topic, int count, int64_t offset, rd_kafka_resp_err_t want) {
        rd_kafka_topic_partition_list_t *list = partitions_of(topic, count, offset);
        const rd_kafka_topic_partition_list_t *done;
        const rd_kafka_group_result_t **groups;
        rd_kafka_event_t *e;
        size_t cnt;
        int i;
        list->elems[0].metadata      = strdup("m");
        list->elems[0].metadata_size = 1;
        alter_begin(group, list);
        e    = admin_result(q, RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT, 0);
        groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(rd_kafka_event_AlterConsumerGroupOffsets_result(e), &cnt);
        done = only_group(groups, cnt, group, count);
        for (i = 0; i < done->cnt; i++) {
                CHECK(!strcmp(done->elems[i].topic, topic) && done->elems[i].partition == i, "partition %d", i);
                CHECK(done->elems[i].offset == offset + i, "offset %" PRId64, done->elems[i].offset);
                CHECK_ERR(done->elems[i].err, want);
        }
        rd_kafka_event_destroy(e);
        rd_kafka_topic_partition_list_destroy(list);
}

/* The committed offsets: of the partitions of `list`, or all; `want[i]` for partition i. */
static void check_offsets(const char *group, const rd_kafka_topic_partition_list_t *list, int count, const int64_t *want) {
        rd_kafka_ListConsumerGroupOffsets_t *ask = rd_kafka_ListConsumerGroupOffsets_new(group, list);
        rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
        const rd_kafka_topic_partition_list_t *found;
        const rd_kafka_group_result_t **groups;
        rd_kafka_event_t *e;
        size_t cnt;
        int i;
        rd_kafka_error_destroy(rd_kafka_AdminOptions_set_require_stable_offsets(o, 1));
        rd_kafka_ListConsumerGroupOffsets(rk, &ask, 1, o, q);
        e     = admin_result(q, RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT, 0);
        groups = rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(e), &cnt);
        found = only_group(groups, cnt, group, count);
        for (i = 0; i < found->cnt; i++) {
                const rd_kafka_topic_partition_t *p = &found->elems[i];
                NEED(p->partition >= 0 && p->partition < 3, "partition %d", p->partition);
                CHECK(p->offset == want[p->partition], "%d: offset %" PRId64, p->partition, p->offset);
                CHECK_ERR(p->err, 0);
                CHECK(p->partition != 0 || p->offset < 0 || p->metadata_size == 1, "metadata");
        }
        rd_kafka_event_destroy(e);
        rd_kafka_AdminOptions_destroy(o);
        rd_kafka_ListConsumerGroupOffsets_destroy(ask);
}

static void delete_offsets(const char *group, const char *topic, int count, rd_kafka_resp_err_t want,
                           rd_kafka_resp_err_t want_each) {
        rd_kafka_topic_partition_list_t *list    = partitions_of(topic, count, 0);
        rd_kafka_DeleteConsumerGroupOffsets_t *d = rd_kafka_DeleteConsumerGroupOffsets_new(group, list);
        const rd_kafka_topic_partition_list_t *done;
        const rd_kafka_group_result_t **groups;
        rd_kafka_event_t *e;
        size_t cnt;
        int i;
        rd_kafka_DeleteConsumerGroupOffsets(rk, &d, 1, NULL, q);
        e = admin_result(q, RD_KAFKA_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT, want);
        if (!want) {
                groups = rd_kafka_DeleteConsumerGroupOffsets_result_groups(rd_kafka_event_DeleteConsumerGroupOffsets_result(e), &cnt);
        done = only_group(groups, cnt, group, count);
                for (i = 0; i < done->cnt; i++) {
                        CHECK_ERR(done->elems[i].err, want_each);
                        CHECK(done->elems[i].offset == RD_KAFKA_OFFSET_INVALID, "offset %" PRId64, done->elems[i].offset);
                }
        }
        rd_kafka_event_destroy(e);
        rd_kafka_DeleteConsumerGroupOffsets_destroy(d);
        rd_kafka_topic_partition_list_destroy(list);
}

/* ---- groups ---- */

/* How many groups are listed whose names begin with `prefix`; the last one's state and type. */
static int listed(rd_kafka_AdminOptions_t *o, const char *prefix, int *state, int *type, int *simple) {
        const rd_kafka_ConsumerGroupListing_t **groups;
        const char *before = "";
        rd_kafka_event_t *e;
        size_t cnt, errors, i;
        int found = 0;
        rd_kafka_ListConsumerGroups(rk, o, q);
        e      = admin_result(q, RD_KAFKA_EVENT_LISTCONSUMERGROUPS_RESULT, 0);
        groups = rd_kafka_ListConsumerGroups_result_valid(rd_kafka_event_ListConsumerGroups_result(e), &cnt);
        CHECK(!rd_kafka_ListConsumerGroups_result_errors(rd_kafka_event_ListConsumerGroups_result(e), &errors), "errors");
        CHECK(errors == 0, "%zu errors", errors);
        for (i = 0; i < cnt; i++) {
                const char *id = rd_kafka_ConsumerGroupListing_group_id(groups[i]);
                CHECK(strcmp(before, id) < 0, "%s before %s", before, id);
                before = id;
                if (strncmp(id, prefix, strlen(prefix)))
                        continue;
                found++;
                *state  = rd_kafka_ConsumerGroupListing_state(groups[i]);
                *type   = rd_kafka_ConsumerGroupListing_type(groups[i]);
                *simple = rd_kafka_ConsumerGroupListing_is_simple_consumer_group(groups[i]);
        }
        rd_kafka_event_destroy(e);
        return found;
}

static void check_listing(const char *group, int want_state, int want_simple) {
        rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS);
        rd_kafka_consumer_group_state_t states[2] = {RD_KAFKA_CONSUMER_GROUP_STATE_DEAD, want_state};
        rd_kafka_consumer_group_type_t types[1]   = {RD_KAFKA_CONSUMER_GROUP_TYPE_CLASSIC};
        int state = -1, type = -1, simple = -1, pass;
        for (pass = 0; pass < 3; pass++) {
                if (pass == 1)
                        rd_kafka_error_destroy(rd_kafka_AdminOptions_set_match_consumer_group_states(o, states, 2));
                if (pass == 2)
                        rd_kafka_error_destroy(rd_kafka_AdminOptions_set_match_consumer_group_types(o, types, 1));
                CHECK(listed(pass ? o : NULL, group, &state, &type, &simple) == 1, "pass %d", pass);
                CHECK(state == want_state, "%d", state);
                CHECK(type == (with_types ? RD_KAFKA_CONSUMER_GROUP_TYPE_CLASSIC : RD_KAFKA_CONSUMER_GROUP_TYPE_UNKNOWN), "%d", type);
                CHECK(simple == want_simple, "simple %d", simple);
        }
        rd_kafka_error_destroy(rd_kafka_AdminOptions_set_match_consumer_group_states(o, states, 1));
        CHECK(listed(o, group, &state, &type, &simple) == 0, "dead groups");
        rd_kafka_AdminOptions_destroy(o);
}

static rd_kafka_event_t *describe(const char **groups, size_t count, rd_kafka_AdminOptions_t *o,
                                  const rd_kafka_ConsumerGroupDescription_t ***descriptions) {
        rd_kafka_event_t *e;
        size_t got, i;
        rd_kafka_DescribeConsumerGroups(rk, groups, count, o, q);
        e             = admin_result(q, RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT, 0);
        *descriptions = rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(e), &got);
        MUST(got == count, "%zu descriptions", got);
        for (i = 0; i < count; i++)
                CHECK(!strcmp(rd_kafka_ConsumerGroupDescription_group_id((*descriptions)[i]), groups[i]), "%s",
                      groups[i]);
        return e;
}

static void check_description(const rd_kafka_ConsumerGroupDescription_t *d, int state, int simple, size_t members) {
        const rd_kafka_Node_t *node = rd_kafka_ConsumerGroupDescription_coordinator(d);
        const rd_kafka_error_t *error = rd_kafka_ConsumerGroupDescription_error(d);
        CHECK(!error, "%s", rd_kafka_error_string(error));
        CHECK((int)rd_kafka_ConsumerGroupDescription_state(d) == state, "state %d",
              rd_kafka_ConsumerGroupDescription_state(d));
        CHECK(rd_kafka_ConsumerGroupDescription_type(d) == RD_KAFKA_CONSUMER_GROUP_TYPE_CLASSIC, "type");
        CHECK(rd_kafka_ConsumerGroupDescription_is_simple_consumer_group(d) == simple, "simple");
        CHECK(rd_kafka_ConsumerGroupDescription_member_count(d) == members, "members");
        CHECK(!rd_kafka_ConsumerGroupDescription_member(d, members), "one more member");
        CHECK(rd_kafka_ConsumerGroupDescription_partition_assignor(d) != NULL, "assignor");
        NEED(node, "no coordinator");
        CHECK(rd_kafka_Node_id(node) > 0 && rd_kafka_Node_port(node) > 0, "node %d", rd_kafka_Node_id(node));
        CHECK_HAS(rd_kafka_Node_host(node), "127.0.0.1");
        CHECK(!rd_kafka_Node_rack(node), "rack");
}

static rd_kafka_AdminOptions_t *with_operations(void) {
        rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
        rd_kafka_error_destroy(rd_kafka_AdminOptions_set_include_authorized_operations(o, 1));
        return o;
}

/* Two groups: one with offsets only, and one that is not there. */
static void check_empty_group(const char *group) {
        const char *names[] = {"no-such-group", group};
        const rd_kafka_ConsumerGroupDescription_t **all;
        rd_kafka_AdminOptions_t *o = with_operations();
        rd_kafka_event_t *e;
        size_t cnt = 4711;
        e          = describe(names, 2, NULL, &all);
        check_description(all[0], RD_KAFKA_CONSUMER_GROUP_STATE_DEAD, 1, 0);
        check_description(all[1], RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY, 1, 0);
        CHECK(!rd_kafka_ConsumerGroupDescription_authorized_operations(all[1], &cnt) && !cnt, "operations");
        rd_kafka_event_destroy(e);
        e = describe(names, 2, o, &all);
        CHECK(rd_kafka_ConsumerGroupDescription_authorized_operations(all[1], &cnt) && cnt >= 3, "%zu operations", cnt);
        rd_kafka_event_destroy(e);
        rd_kafka_AdminOptions_destroy(o);
}

static void delete_groups(const char **names, size_t count, const rd_kafka_resp_err_t *want) {
        rd_kafka_DeleteGroup_t **groups = calloc(count, sizeof(*groups));
        const rd_kafka_group_result_t **results;
        rd_kafka_event_t *e;
        size_t got, i;
        for (i = 0; i < count; i++)
                groups[i] = rd_kafka_DeleteGroup_new(names[i]);
        rd_kafka_DeleteGroups(rk, groups, count, NULL, q);
        e       = admin_result(q, RD_KAFKA_EVENT_DELETEGROUPS_RESULT, 0);
        results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(e), &got);
        NEED(got == count, "%zu results", got);
        for (i = 0; i < count; i++) {
                const rd_kafka_error_t *error = rd_kafka_group_result_error(results[i]);
                CHECK(!strcmp(rd_kafka_group_result_name(results[i]), names[i]), "%s",
                      rd_kafka_group_result_name(results[i]));
                CHECK_ERR(ERROR_CODE(error), want[i]);
                CHECK(!error || *rd_kafka_error_string(error), "no text");
                CHECK(!rd_kafka_group_result_partitions(results[i]), "partitions");
        }
        rd_kafka_event_destroy(e);
        rd_kafka_DeleteGroup_destroy_array(groups, count);
        free(groups);
}

/* A group without members, from its first offset to its end. */
static void offsets_only(const char *servers) {
        const char *topic = fresh("t"), *group = fresh("offsets");
        const char *names[]        = {"no-such-group", group};
        rd_kafka_resp_err_t gone[] = {RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND, 0};
        rd_kafka_resp_err_t none[] = {RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND, RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND};
        int64_t two[]              = {10, 11, RD_KAFKA_OFFSET_INVALID};
        int64_t no[]               = {RD_KAFKA_OFFSET_INVALID, RD_KAFKA_OFFSET_INVALID, RD_KAFKA_OFFSET_INVALID};
        rd_kafka_topic_partition_list_t *list = partitions_of(topic, 3, 7);
        begin(servers);
        create_topic(topic, 3);
        check_offsets(group, list, 3, no);
        alter(group, topic, 2, 10, 0);
        check_offsets(group, NULL, 2, two);
        check_offsets(group, list, 3, two);
        check_listing(group, RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY, 1);
        check_empty_group(group);
        delete_offsets(group, topic, 1, 0, 0);
        delete_offsets(group, "no-such-topic", 1, 0, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        delete_offsets("no-such-group", topic, 1, RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND, 0);
        two[0] = RD_KAFKA_OFFSET_INVALID;
        check_offsets(group, NULL, 1, two);
        delete_groups(names, 2, gone);
        delete_groups(names, 2, none);
        rd_kafka_topic_partition_list_destroy(list);
        end();
}

/* A group with a member. */
static void with_a_member(const char *servers) {
        const char *topic = fresh("t"), *group = fresh("member");
        rd_kafka_resp_err_t refused[] = {RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP};
        const rd_kafka_ConsumerGroupDescription_t **all;
        const rd_kafka_topic_partition_list_t *mine;
        const rd_kafka_MemberDescription_t *member;
        rd_kafka_topic_partition_list_t *topics;
        int64_t until = now_ms() + ms(30000);
        rd_kafka_event_t *e;
        rd_kafka_t *c;
        begin(servers);
        create_topic(topic, 3);
        c = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", servers, "group.id", group, "client.id", "it",
                                              "group.instance.id", "its-instance", NULL));
        topics = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(topics, topic, -1);
        CHECK_ERR(rd_kafka_subscribe(c, topics), 0);
        rd_kafka_topic_partition_list_destroy(topics);
        for (topics = NULL; (!topics || topics->cnt < 3) && now_ms() < until;) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(c, 100);
                if (m)
                        rd_kafka_message_destroy(m);
                if (topics)
                        rd_kafka_topic_partition_list_destroy(topics);
                rd_kafka_assignment(c, &topics);
        }
        rd_kafka_topic_partition_list_destroy(topics);
        e = describe(&group, 1, NULL, &all);
        check_description(all[0], RD_KAFKA_CONSUMER_GROUP_STATE_STABLE, 0, 1);
        CHECK(!strcmp(rd_kafka_ConsumerGroupDescription_partition_assignor(all[0]), "range"), "assignor %s",
              rd_kafka_ConsumerGroupDescription_partition_assignor(all[0]));
        member = rd_kafka_ConsumerGroupDescription_member(all[0], 0);
        CHECK(!strcmp(rd_kafka_MemberDescription_client_id(member), "it"), "client id");
        CHECK(!strcmp(rd_kafka_MemberDescription_group_instance_id(member), "its-instance"), "instance");
        CHECK(*rd_kafka_MemberDescription_consumer_id(member), "member id");
        CHECK_HAS(rd_kafka_MemberDescription_host(member), "127.0.0.1");
        CHECK(!rd_kafka_MemberDescription_target_assignment(member), "target");
        mine = rd_kafka_MemberAssignment_partitions(rd_kafka_MemberDescription_assignment(member));
        CHECK(mine && mine->cnt == 3 && !strcmp(mine->elems[2].topic, topic) && mine->elems[2].partition == 2, "assignment");
        rd_kafka_event_destroy(e);
        check_listing(group, RD_KAFKA_CONSUMER_GROUP_STATE_STABLE, 0);
        delete_groups(&group, 1, refused);
        alter(group, topic, 2, 5, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
        delete_offsets(group, topic, 1, 0, RD_KAFKA_RESP_ERR_GROUP_SUBSCRIBED_TO_TOPIC);
        rd_kafka_consumer_close(c);
        DESTROY(c, 5000);
        end();
}

static void on_kafka(void) {
        offsets_only(bootstrap());
        with_a_member(bootstrap());
}

static void on_the_mock(void) {
        struct mock mock = mock_of(3);
        if (!is_upstream()) {
                offsets_only(mock.servers);
                with_a_member(mock.servers);
        }
        mock_end(&mock);
}

/* Nobody answers: errors by group, by broker, or of the whole, in the time that the options give. */
static void times_are_kept(void) {
        const char *names[]        = {"b", "a"};
        rd_kafka_DeleteGroup_t *groups[] = {rd_kafka_DeleteGroup_new("b"), rd_kafka_DeleteGroup_new("a")};
        rd_kafka_topic_partition_list_t *list = partitions_of("t", 1, 0);
        rd_kafka_ListConsumerGroupOffsets_t *ask = rd_kafka_ListConsumerGroupOffsets_new("g", list);
        const rd_kafka_ConsumerGroupDescription_t **all;
        const rd_kafka_group_result_t **results;
        const rd_kafka_error_t **errors;
        rd_kafka_AdminOptions_t *o;
        rd_kafka_event_t *e;
        char errstr[256];
        int64_t start = now_ms(), took;
        size_t cnt, i;
        begin("127.0.0.1:1");
        o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_ANY);
        CHECK_ERR(rd_kafka_AdminOptions_set_request_timeout(o, 300, errstr, sizeof(errstr)), 0);
        e = describe(names, 2, o, &all);
        for (i = 0; i < 2; i++) {
                const rd_kafka_ConsumerGroupDescription_t *d = all[i];
                CHECK_ERR(ERROR_CODE(rd_kafka_ConsumerGroupDescription_error(d)), RD_KAFKA_RESP_ERR__TIMED_OUT);
                CHECK(!rd_kafka_ConsumerGroupDescription_coordinator(d), "coordinator");
                CHECK(!rd_kafka_ConsumerGroupDescription_partition_assignor(d), "assignor");
                CHECK(!rd_kafka_ConsumerGroupDescription_authorized_operations(d, &cnt) && !cnt, "operations");
                CHECK(!rd_kafka_ConsumerGroupDescription_state(d) && !rd_kafka_ConsumerGroupDescription_type(d), "state");
        }
        rd_kafka_event_destroy(e);
        rd_kafka_DeleteGroups(rk, groups, 2, o, q);
        e       = admin_result(q, RD_KAFKA_EVENT_DELETEGROUPS_RESULT, 0);
        results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(e), &cnt);
        NEED(cnt == 2, "%zu", cnt);
        for (i = 0; i < 2; i++)
                CHECK_ERR(ERROR_CODE(rd_kafka_group_result_error(results[i])), RD_KAFKA_RESP_ERR__TIMED_OUT);
        rd_kafka_event_destroy(e);
        rd_kafka_ListConsumerGroups(rk, o, q);
        e      = admin_result(q, RD_KAFKA_EVENT_LISTCONSUMERGROUPS_RESULT, 0);
        errors = rd_kafka_ListConsumerGroups_result_errors(rd_kafka_event_ListConsumerGroups_result(e), &cnt);
        NEED(cnt == 1, "%zu errors", cnt);
        CHECK_ERR(rd_kafka_error_code(errors[0]), RD_KAFKA_RESP_ERR__TIMED_OUT);
        rd_kafka_ListConsumerGroups_result_valid(rd_kafka_event_ListConsumerGroups_result(e), &cnt);
        CHECK(cnt == 0, "%zu groups", cnt);
        rd_kafka_event_destroy(e);
        rd_kafka_ListConsumerGroupOffsets(rk, &ask, 1, o, q);
        e = admin_result(q, RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT, RD_KAFKA_RESP_ERR__TIMED_OUT);
        CHECK_HAS(rd_kafka_event_error_string(e), "Local: Timed out");
        rd_kafka_event_destroy(e);
        took = now_ms() - start;
        CHECK(took >= 4 * 300 && took <= 4 * 300 + ms(1000), "%" PRId64 " ms", took);
        rd_kafka_ListConsumerGroupOffsets_destroy(ask);
        rd_kafka_topic_partition_list_destroy(list);
        rd_kafka_DeleteGroup_destroy_array(groups, 2);
        rd_kafka_AdminOptions_destroy(o);
        end();
}

/* Coordinators that move, and one that is gone: the next one is asked, within the time. */
static void coordinators_move(void) {
        struct mock mock    = mock_of(3);
        const char *names[] = {"m1", "m2"};
        const rd_kafka_ConsumerGroupDescription_t **all;
        rd_kafka_resp_err_t done[] = {0, 0};
        rd_kafka_event_t *e;
        if (is_upstream()) {
                mock_end(&mock);
                return;
        }
        begin(mock.servers);
        create_topic("t", 3);
        rd_kafka_mock_coordinator_set(mock.cluster, "group", "m1", 1);
        rd_kafka_mock_coordinator_set(mock.cluster, "group", "m2", 2);
        alter("m1", "t", 1, 0, 0);
        alter("m2", "t", 1, 0, 0);
        rd_kafka_mock_push_request_errors(mock.cluster, 15 /* DescribeGroups */, 3, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
                                          RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                                          RD_KAFKA_RESP_ERR_NOT_COORDINATOR);
        e = describe(names, 2, NULL, &all);
        check_description(all[0], RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY, 1, 0);
        CHECK(rd_kafka_Node_id(rd_kafka_ConsumerGroupDescription_coordinator(all[0])) == 1, "coordinator of m1");
        CHECK(rd_kafka_Node_id(rd_kafka_ConsumerGroupDescription_coordinator(all[1])) == 2, "coordinator of m2");
        rd_kafka_event_destroy(e);
        rd_kafka_mock_broker_set_down(mock.cluster, 2);
        rd_kafka_mock_coordinator_set(mock.cluster, "group", "m2", 3);
        e = describe(names, 2, NULL, &all);
        check_description(all[1], RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY, 1, 0);
        CHECK(rd_kafka_Node_id(rd_kafka_ConsumerGroupDescription_coordinator(all[1])) == 3, "coordinator of m2");
        rd_kafka_event_destroy(e);
        alter("m2", "t", 1, 3, 0);
        delete_groups(names, 2, done);
        end();
        mock_end(&mock);
}

/* Ten thousand groups on thirty brokers: requests of at most a hundred groups each, and memory that is bounded. */
static void many_groups(void) {
        enum { MANY = 10000, BROKERS = 30 };
        /* A tool makes each thread wait for the others; it looks for errors, not for what many cost. */
        const size_t groups = t.slow > 1 ? MANY / 10 : MANY;
        static char ids[MANY][16];
        static const char *names[MANY];
        static rd_kafka_resp_err_t none[MANY];
        struct mock mock = mock_of(BROKERS);
        struct rusage before, after;
        const rd_kafka_ConsumerGroupDescription_t **all;
        rd_kafka_topic_partition_list_t *list = partitions_of("t", 1, 5);
        rd_kafka_mock_request_t **requests;
        int state, type, simple;
        rd_kafka_event_t *e;
        size_t cnt, i, of[64] = {0};
        if (!is_upstream()) {
                begin(mock.servers);
                create_topic("t", 1);
                for (i = 0; i < groups; i++) {
                        snprintf(ids[i], sizeof(ids[i]), "many-%05zu", i * 7919 % groups);
                        names[i] = ids[i];
                        alter_begin(ids[i], list);
                }
                for (i = 0; i < groups; i++)
                        rd_kafka_event_destroy(admin_result(q, RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT, 0));
                rd_kafka_mock_start_request_tracking(mock.cluster);
                getrusage(RUSAGE_SELF, &before);
                CHECK(listed(NULL, "many-", &state, &type, &simple) == (int)groups, "listed");
                e = describe(names, groups, NULL, &all);
                for (i = 0; i < groups; i++)
                        check_description(all[i], RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY, 1, 0);
                rd_kafka_event_destroy(e);
                delete_groups(names, groups, none);
                getrusage(RUSAGE_SELF, &after);
                /* In KiB; a group takes a few hundred bytes, on either side. */
                CHECK(after.ru_maxrss - before.ru_maxrss < 64 * 1024 * t.slow, "%ld KiB more", after.ru_maxrss - before.ru_maxrss);
                requests = rd_kafka_mock_get_requests(mock.cluster, &cnt);
                for (i = 0; i < cnt; i++) {
                        int16_t api = rd_kafka_mock_request_api_key(requests[i]);
                        if (api < 64)
                                of[api]++;
                }
                rd_kafka_mock_request_destroy_array(requests, cnt);
                /* At the most, each answer about 500 coordinators leads to a request to each of them. */
                CHECK(of[16] == BROKERS, "%zu ListGroups", of[16]);
                CHECK(of[15] >= groups / 100 && of[15] <= groups / 500 * BROKERS, "%zu DescribeGroups", of[15]);
                CHECK(of[42] >= groups / 100 && of[42] <= groups / 500 * BROKERS, "%zu DeleteGroups", of[42]);
                CHECK(of[10] >= 2 * groups / 500 && of[10] <= 4 * groups / 500, "%zu FindCoordinator", of[10]);
                CHECK(listed(NULL, "many-", &state, &type, &simple) == 0, "left");
                end();
        }
        rd_kafka_topic_partition_list_destroy(list);
        mock_end(&mock);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(on_kafka);
        RUN(on_the_mock);
        RUN(times_are_kept);
        RUN(coordinators_move);
        RUN(many_groups);
        return T_END();
}
