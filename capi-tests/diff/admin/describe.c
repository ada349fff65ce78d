#include "report.h"

static void topics_of(const char *label, const char **names, size_t count, int authorized) {
        const char *full[8];
        rd_kafka_TopicCollection_t *c;
        rd_kafka_AdminOptions_t *o = options(RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, 20000, -2);
        size_t i;
        for (i = 0; i < count; i++)
                full[i] = name(names[i]);
        c = rd_kafka_TopicCollection_of_topic_names(full, count);
        rd_kafka_error_destroy(rd_kafka_AdminOptions_set_include_authorized_operations(o, authorized));
        rd_kafka_DescribeTopics(run.rk, c, o, run.q);
        show("DescribeTopics %s authorized=%d", label, authorized);
        rd_kafka_TopicCollection_destroy(c);
}

void describe_subject(void) {
        const char *one[] = {"@d1"}, *some[] = {"@d2", "@gone", "@d1"}, *bad[] = {"@no/slash", "@d1"}, *empty[] = {""};
        const char *same[] = {"@d1", "@d1"}, *internal[] = {"__consumer_offsets"};
        int authorized;
        make_topic("@d1", 3);
        make_topic("@d2", 1);
        for (authorized = 0; authorized < 2; authorized++) {
                rd_kafka_AdminOptions_t *o;
                topics_of("one", one, 1, authorized);
                topics_of("some", some, 3, authorized);
                topics_of("bad name", bad, 2, authorized);
                topics_of("empty name", empty, 1, authorized);
                topics_of("twice", same, 2, authorized);
                topics_of("none", NULL, 0, authorized);
                topics_of("internal", internal, 1, authorized);
                o = options(RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER, 20000, -2);
                rd_kafka_error_destroy(rd_kafka_AdminOptions_set_include_authorized_operations(o, authorized));
                rd_kafka_DescribeCluster(run.rk, o, run.q);
                show("DescribeCluster authorized=%d", authorized);
        }
}
