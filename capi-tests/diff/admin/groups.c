#include "report.h"

/* On a fresh Kafka the coordinators have yet to be made. */
#define PATIENCE_MS 60000

static rd_kafka_t *member(const char *group, const char *of, const char *instance) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), "group.id", name(group), "client.id", "a-member",
                                        "session.timeout.ms",
                                        /* Whether it still counts when groups are deleted must not depend on how long calls take. */
                                        nodes_in_cluster() > 1 ? "300000" : "6000", "partition.assignment.strategy", "range", NULL);
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
        rd_kafka_t *rk;
        int64_t until = now_ms() + 30000;
        if (instance)
                conf_put(conf, "group.instance.id", instance);
        rk = client(RD_KAFKA_CONSUMER, conf);
        rd_kafka_poll_set_consumer(rk);
        rd_kafka_topic_partition_list_add(topics, name(of), RD_KAFKA_PARTITION_UA);
        rd_kafka_subscribe(rk, topics);
        rd_kafka_topic_partition_list_destroy(topics);
        for (;;) {
                rd_kafka_topic_partition_list_t *have = NULL;
                rd_kafka_message_t *m                 = rd_kafka_consumer_poll(rk, 100);
                int count;
                if (m)
                        rd_kafka_message_destroy(m);
                rd_kafka_assignment(rk, &have);
                count = have ? have->cnt : 0;
                if (have)
                        rd_kafka_topic_partition_list_destroy(have);
                if (count || now_ms() > until)
                        return rk;
        }
}

static rd_kafka_topic_partition_list_t *list(const char *of, int first, int last, int64_t offset) {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        for (; first <= last; first++)
                rd_kafka_topic_partition_list_add(l, name(of), first)->offset = offset;
        return l;
}

static void alter(const char *label, const char *group, rd_kafka_topic_partition_list_t *l) {
        rd_kafka_AlterConsumerGroupOffsets_t *a = rd_kafka_AlterConsumerGroupOffsets_new(name(group), l);
        rd_kafka_AlterConsumerGroupOffsets(run.rk, &a, 1, options(RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, PATIENCE_MS, -2), run.q);
        show("AlterConsumerGroupOffsets %s of %s", label, group);
        rd_kafka_AlterConsumerGroupOffsets_destroy(a);
        rd_kafka_topic_partition_list_destroy(l);
}

static void offsets(const char *label, const char *group, rd_kafka_topic_partition_list_t *l, int stable) {
        rd_kafka_ListConsumerGroupOffsets_t *a = rd_kafka_ListConsumerGroupOffsets_new(name(group), l);
        rd_kafka_AdminOptions_t *o             = options(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, PATIENCE_MS, -2);
        rd_kafka_error_destroy(rd_kafka_AdminOptions_set_require_stable_offsets(o, stable));
        rd_kafka_ListConsumerGroupOffsets(run.rk, &a, 1, o, run.q);
        show("ListConsumerGroupOffsets %s of %s stable=%d", label, group, stable);
        rd_kafka_ListConsumerGroupOffsets_destroy(a);
        if (l)
                rd_kafka_topic_partition_list_destroy(l);
}

static void forget(const char *label, const char *group, rd_kafka_topic_partition_list_t *l) {
        rd_kafka_DeleteConsumerGroupOffsets_t *d = rd_kafka_DeleteConsumerGroupOffsets_new(name(group), l);
        rd_kafka_DeleteConsumerGroupOffsets(run.rk, &d, 1, options(RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS, PATIENCE_MS, -2), run.q);
        show("DeleteConsumerGroupOffsets %s of %s", label, group);
        rd_kafka_DeleteConsumerGroupOffsets_destroy(d);
        rd_kafka_topic_partition_list_destroy(l);
}

static void delete(const char *label, const char **groups, size_t count) {
        rd_kafka_DeleteGroup_t *d[8];
        size_t i;
        for (i = 0; i < count; i++)
                d[i] = rd_kafka_DeleteGroup_new(name(groups[i]));
        rd_kafka_DeleteGroups(run.rk, d, count, options(RD_KAFKA_ADMIN_OP_DELETEGROUPS, PATIENCE_MS, -2), run.q);
        show("DeleteGroups %s", label);
        rd_kafka_DeleteGroup_destroy_array(d, count);
}

static void describe(const char *label, const char **groups, size_t count, int authorized) {
        const char *full[8];
        rd_kafka_AdminOptions_t *o = options(RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, PATIENCE_MS, -2);
        size_t i;
        for (i = 0; i < count; i++)
                full[i] = name(groups[i]);
        rd_kafka_error_destroy(rd_kafka_AdminOptions_set_include_authorized_operations(o, authorized));
        rd_kafka_DescribeConsumerGroups(run.rk, full, count, o, run.q);
        show("DescribeConsumerGroups %s authorized=%d", label, authorized);
}

static void all_groups(const char *label, const int *states, size_t state_cnt, const int *types, size_t type_cnt) {
        rd_kafka_AdminOptions_t *o = options(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, PATIENCE_MS, -2);
        rd_kafka_error_destroy(
            rd_kafka_AdminOptions_set_match_consumer_group_states(o, (const rd_kafka_consumer_group_state_t *)states, state_cnt));
        rd_kafka_error_destroy(
            rd_kafka_AdminOptions_set_match_consumer_group_types(o, (const rd_kafka_consumer_group_type_t *)types, type_cnt));
        rd_kafka_ListConsumerGroups(run.rk, o, run.q);
        show("ListConsumerGroups %s", label);
}

void groups_subject(void) {
        const char *known[] = {"@live"}, *mixed[] = {"@idle", "@gone", "@live"}, *same[] = {"@live", "@live"}, *empty[] = {""};
        const char *two[] = {"@idle", "@gone"}, *again[] = {"@idle"}, *last[] = {"@live"};
        const int stable[] = {RD_KAFKA_CONSUMER_GROUP_STATE_STABLE}, none[] = {RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY, RD_KAFKA_CONSUMER_GROUP_STATE_DEAD};
        const int classic[] = {RD_KAFKA_CONSUMER_GROUP_TYPE_CLASSIC}, consumer_type[] = {RD_KAFKA_CONSUMER_GROUP_TYPE_CONSUMER};
        rd_kafka_topic_partition_list_t *l;
        rd_kafka_t *live;
        int i;
        make_topic("@g", 4);
        alter("to 5", "@idle", list("@g", 0, 2, 5));
        alter("to 0", "@idle", list("@g", 3, 3, 0));
        alter("with metadata", "@idle", (l = list("@g", 1, 1, 7), l->elems[0].metadata = strdup("note"), l->elems[0].metadata_size = 4, l));
        alter("of a topic that is not there", "@idle", list("@gone", 0, 1, 5));
        alter("below 0", "@idle", list("@g", 0, 0, -1));
        alter("of no group's name", "", list("@g", 0, 0, 1));
        for (i = 0; i < 2; i++) {
                offsets("all", "@idle", NULL, i);
                offsets("some", "@idle", list("@g", 1, 2, 0), i);
                offsets("not there", "@idle", list("@g", 3, 9, 0), i);
                offsets("all", "@gone", NULL, i);
                offsets("some", "@gone", list("@g", 1, 2, 0), i);
                offsets("all", "", NULL, i);
        }
        live = member("@live", "@g", "static-1");
        alter("of a group with members", "@live", list("@g", 0, 1, 3));
        forget("of subscribed partitions", "@live", list("@g", 0, 1, 0));
        for (i = 0; i < 2; i++) {
                describe("one", known, 1, i);
                describe("some", mixed, 3, i);
                describe("twice", same, 2, i);
                describe("empty name", empty, 1, i);
                describe("none", NULL, 0, i);
        }
        all_groups("all", NULL, 0, NULL, 0);
        all_groups("stable", stable, 1, NULL, 0);
        all_groups("empty and dead", none, 2, NULL, 0);
        all_groups("classic", NULL, 0, classic, 1);
        all_groups("consumer", NULL, 0, consumer_type, 1);
        delete("one with members", last, 1);
        forget("some", "@idle", list("@g", 0, 1, 0));
        forget("again", "@idle", list("@g", 0, 1, 0));
        forget("not there", "@idle", list("@gone", 0, 1, 0));
        forget("some", "@gone", list("@g", 0, 1, 0));
        offsets("all", "@idle", NULL, 0);
        rd_kafka_consumer_close(live);
        rd_kafka_destroy(live);
        delete("some", two, 2);
        delete("again", again, 1);
        delete("twice", same, 2);
        delete("empty name", empty, 1);
        delete("none", NULL, 0);
        delete("the other", last, 1);
        all_groups("all at the end", NULL, 0, NULL, 0);
}
