#include "report.h"

static void fill(const char *of, int partitions, int count) {
        int i;
        for (i = 0; i < count * partitions; i++)
                rd_kafka_producev(run.rk, RD_KAFKA_V_TOPIC(name(of)), RD_KAFKA_V_PARTITION(i % partitions), RD_KAFKA_V_VALUE("v", 1),
                                  RD_KAFKA_V_TIMESTAMP(1000 + i), RD_KAFKA_V_END);
        printf("flush %s\n", rd_kafka_err2name(rd_kafka_flush(run.rk, 30000)));
}

struct at {
        const char *topic;
        int partition;
        int64_t offset;
};

static rd_kafka_topic_partition_list_t *list(const struct at *all, size_t count) {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        size_t i;
        for (i = 0; i < count; i++)
                rd_kafka_topic_partition_list_add(l, name(all[i].topic), all[i].partition)->offset = all[i].offset;
        return l;
}

static void delete(const char *label, const struct at *all, size_t count) {
        rd_kafka_topic_partition_list_t *l = list(all, count);
        rd_kafka_DeleteRecords_t *d        = rd_kafka_DeleteRecords_new(l);
        rd_kafka_DeleteRecords(run.rk, &d, 1, options(RD_KAFKA_ADMIN_OP_DELETERECORDS, 20000, 10000), run.q);
        show("DeleteRecords %s", label);
        rd_kafka_DeleteRecords_destroy(d);
        rd_kafka_topic_partition_list_destroy(l);
}

static void offsets(const char *label, const struct at *all, size_t count, int isolation) {
        rd_kafka_topic_partition_list_t *l = list(all, count);
        rd_kafka_AdminOptions_t *o         = options(RD_KAFKA_ADMIN_OP_LISTOFFSETS, 20000, -2);
        rd_kafka_error_destroy(rd_kafka_AdminOptions_set_isolation_level(o, (rd_kafka_IsolationLevel_t)isolation));
        rd_kafka_ListOffsets(run.rk, l, o, run.q);
        show("ListOffsets %s isolation %d", label, isolation);
        rd_kafka_topic_partition_list_destroy(l);
}

static void elect(const char *label, rd_kafka_ElectionType_t type, const struct at *all, size_t count) {
        rd_kafka_topic_partition_list_t *l = all ? list(all, count) : NULL;
        rd_kafka_ElectLeaders_t *e         = rd_kafka_ElectLeaders_new(type, l);
        rd_kafka_ElectLeaders(run.rk, e, options(RD_KAFKA_ADMIN_OP_ELECTLEADERS, 20000, 10000), run.q);
        show("ElectLeaders %s type %d", label, type);
        rd_kafka_ElectLeaders_destroy(e);
        if (l)
                rd_kafka_topic_partition_list_destroy(l);
}

void records_subject(void) {
        const struct at some[]   = {{"@r", 1, 3}, {"@r", 0, 2}}, all[] = {{"@r", 0, -1}, {"@r", 1, -1}};
        const struct at beyond[] = {{"@r", 0, 99}, {"@r", 1, 4}}, before[] = {{"@r", 0, 1}};
        const struct at odd[]    = {{"@r", 7, 1}, {"@gone", 0, 1}, {"@r", 2, 1}}, below[] = {{"@r", 0, -2}};
        const struct at same[]   = {{"@r", 0, 1}, {"@r", 0, 2}};
        const struct at specs[]  = {{"@o", 0, RD_KAFKA_OFFSET_SPEC_EARLIEST}, {"@o", 1, RD_KAFKA_OFFSET_SPEC_LATEST}, {"@o", 2, RD_KAFKA_OFFSET_SPEC_MAX_TIMESTAMP}};
        const struct at times[]  = {{"@o", 0, 0}, {"@o", 1, 1010}, {"@o", 2, 999999999}};
        const struct at absent[] = {{"@o", 9, RD_KAFKA_OFFSET_SPEC_LATEST}, {"@o", 0, RD_KAFKA_OFFSET_SPEC_LATEST}, {"@gone", 0, RD_KAFKA_OFFSET_SPEC_EARLIEST}};
        const struct at wrong[]  = {{"@o", 0, -4}}, nameless[] = {{"", 0, -1}}, minus[] = {{"@o", -1, -1}};
        const struct at first[]  = {{"@o", 0, 0}, {"@o", 1, 0}}, stray[] = {{"@o", 99, 0}, {"@gone", 0, 0}, {"@o", 0, 0}};
        int isolation;
        int64_t time;
        make_topic("@r", 3);
        make_topic("@o", 3);
        fill("@r", 3, 10);
        fill("@o", 3, 10);
        delete("some", some, 2);
        delete("the same again", some, 2);
        delete("lower", before, 1);
        delete("beyond the end", beyond, 2);
        delete("not there", odd, 3);
        delete("below 0", below, 1);
        delete("all", all, 2);
        delete("twice", same, 2);
        delete("none", NULL, 0);
        for (isolation = 0; isolation < 2; isolation++) {
                offsets("by kind", specs, 3, isolation);
                offsets("by time", times, 3, isolation);
                offsets("not there", absent, 3, isolation);
                offsets("deleted", some, 2, isolation);
                for (time = 990; time < 1040; time += 2) {
                        const struct at moment[] = {{"@o", (int)(time % 3), time}};
                        offsets("at a moment", moment, 1, isolation);
                }
        }
        offsets("of no kind", wrong, 1, 0);
        offsets("no topic", nameless, 1, 0);
        offsets("no partition", minus, 1, 0);
        offsets("twice", same, 2, 0);
        offsets("none", NULL, 0, 0);
        elect("some", RD_KAFKA_ELECTION_TYPE_PREFERRED, first, 2);
        elect("some", RD_KAFKA_ELECTION_TYPE_UNCLEAN, first, 2);
        elect("not there", RD_KAFKA_ELECTION_TYPE_PREFERRED, stray, 3);
        elect("not there", RD_KAFKA_ELECTION_TYPE_UNCLEAN, stray, 3);
        elect("none", RD_KAFKA_ELECTION_TYPE_PREFERRED, first, 0);
        elect("twice", RD_KAFKA_ELECTION_TYPE_PREFERRED, same, 2);
        elect("unknown type", (rd_kafka_ElectionType_t)7, first, 1);
}
