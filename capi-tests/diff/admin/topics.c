#include "report.h"

struct spec {
        const char *name;
        int partitions, replicas;
        const char *property, *value;
        int assign; /* How many partitions are assigned to broker 1; -1: one to a broker that is not there. */
};

static rd_kafka_NewTopic_t *of(const struct spec *s) {
        char errstr[256];
        rd_kafka_NewTopic_t *t = rd_kafka_NewTopic_new(name(s->name), s->partitions, s->replicas, errstr, sizeof(errstr));
        int32_t broker         = s->assign < 0 ? 99 : 1, p;
        if (!t) {
                printf("== new topic %s %d %d: null %s\n", s->name, s->partitions, s->replicas, *errstr ? "text" : "no text");
                return NULL;
        }
        if (s->property)
                rd_kafka_NewTopic_set_config(t, s->property, s->value);
        for (p = 0; p < (s->assign < 0 ? 1 : s->assign); p++)
                rd_kafka_NewTopic_set_replica_assignment(t, p, &broker, 1, errstr, sizeof(errstr));
        return t;
}

static void create(const char *label, const struct spec *specs, size_t count, int validate, int op_timeout) {
        rd_kafka_NewTopic_t *topics[8];
        rd_kafka_AdminOptions_t *o;
        char errstr[256];
        size_t i, n = 0;
        for (i = 0; i < count; i++)
                if ((topics[n] = of(&specs[i])))
                        n++;
        o = options(RD_KAFKA_ADMIN_OP_CREATETOPICS, 30000, op_timeout);
        rd_kafka_AdminOptions_set_validate_only(o, validate, errstr, sizeof(errstr));
        rd_kafka_CreateTopics(run.rk, topics, n, o, run.q);
        show("CreateTopics %s validate=%d operation timeout %d", label, validate, op_timeout);
        rd_kafka_NewTopic_destroy_array(topics, n);
}

static void delete(const char *label, const char **names, size_t count, int op_timeout) {
        rd_kafka_DeleteTopic_t *topics[8];
        size_t i;
        for (i = 0; i < count; i++)
                topics[i] = rd_kafka_DeleteTopic_new(name(names[i]));
        rd_kafka_DeleteTopics(run.rk, topics, count, options(RD_KAFKA_ADMIN_OP_DELETETOPICS, 30000, op_timeout), run.q);
        show("DeleteTopics %s operation timeout %d", label, op_timeout);
        rd_kafka_DeleteTopic_destroy_array(topics, count);
}

static void extend(const char *label, const char *topic, size_t total, int assign, int validate) {
        char errstr[256];
        rd_kafka_NewPartitions_t *more = rd_kafka_NewPartitions_new(name(topic), total, errstr, sizeof(errstr));
        rd_kafka_AdminOptions_t *o;
        int32_t broker = 1, p;
        if (!more) {
                printf("== new partitions %zu: null\n", total);
                return;
        }
        for (p = 0; p < assign; p++)
                rd_kafka_NewPartitions_set_replica_assignment(more, p, &broker, 1, errstr, sizeof(errstr));
        o = options(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, 30000, 30000);
        rd_kafka_AdminOptions_set_validate_only(o, validate, errstr, sizeof(errstr));
        rd_kafka_CreatePartitions(run.rk, &more, 1, o, run.q);
        show("CreatePartitions %s validate=%d", label, validate);
        rd_kafka_NewPartitions_destroy(more);
}

void topics_subject(void) {
        static const struct {
                const char *label;
                struct spec specs[4];
                size_t count;
        } creations[] = {
            {"one", {{"@a", 1, 1, NULL, NULL, 0}}, 1},
            {"three", {{"@b", 3, 1, "retention.ms", "1000", 0}, {"@c", -1, -1, NULL, NULL, 0}, {"@d", 2, -1, NULL, NULL, 2}}, 3},
            {"again", {{"@a", 1, 1, NULL, NULL, 0}, {"@new", 1, 1, NULL, NULL, 0}}, 2},
            {"bad names", {{"@no/slash", 1, 1, NULL, NULL, 0}, {"..", 1, 1, NULL, NULL, 0}, {"@ok", 1, 1, NULL, NULL, 0}}, 3},
            {"empty name", {{"", 1, 1, NULL, NULL, 0}}, 1},
            {"no partitions", {{"@zero", 0, 1, NULL, NULL, 0}}, 1},
            {"too many replicas", {{"@wide", 1, 50, NULL, NULL, 0}}, 1},
            {"bad property", {{"@prop", 1, 1, "no.such.property", "1", 0}, {"@prop2", 1, 1, "retention.ms", "soon", 0}}, 2},
            {"null value", {{"@null", 1, 1, "retention.ms", NULL, 0}}, 1},
            {"bad broker", {{"@lost", 1, -1, NULL, NULL, -1}}, 1},
            {"twice", {{"@same", 1, 1, NULL, NULL, 0}, {"@same", 1, 1, NULL, NULL, 0}}, 2},
            {"collision", {{"@x.y", 1, 1, NULL, NULL, 0}, {"@x_y", 1, 1, NULL, NULL, 0}}, 2},
            {"none", {{NULL, 0, 0, NULL, NULL, 0}}, 0},
            {"out of range", {{"@r", -2, 1, NULL, NULL, 0}, {"@r", 1, -2, NULL, NULL, 0}, {"@r", 1, 1, NULL, NULL, 0}}, 3},
        };
        static const struct {
                const char *label, *names[4];
                size_t count;
        } deletions[] = {
            {"one", {"@a"}, 1},
            {"some that are not there", {"@b", "@gone", "@c"}, 3},
            {"twice", {"@d", "@d"}, 2},
            {"empty name", {""}, 1},
            {"none", {NULL}, 0},
            {"bad name", {"@no/slash"}, 1},
            {"the rest", {"@new", "@ok", "@null", "@same"}, 4},
            {"more", {"@x.y", "@r"}, 2},
        };
        size_t i;
        int round;
        for (i = 0; i < sizeof(creations) / sizeof(*creations); i++)
                for (round = 0; round < 2; round++)
                        create(creations[i].label, creations[i].specs, creations[i].count, round == 0, 20000);
        create("that nobody waits for", creations[0].specs, 1, 0, 0);
        extend("more", "@b", 5, 0, 1);
        extend("more", "@b", 5, 0, 0);
        extend("the same", "@b", 5, 0, 0);
        extend("fewer", "@b", 2, 0, 0);
        extend("assigned", "@b", 7, 2, 0);
        extend("assigned in part", "@b", 10, 1, 0);
        extend("unknown", "@gone", 2, 0, 0);
        extend("bad name", "@no/slash", 2, 0, 0);
        extend("none", "@b", 0, 0, 0);
        rd_kafka_CreatePartitions(run.rk, NULL, 0, NULL, run.q);
        show("CreatePartitions of nothing");
        for (i = 0; i < sizeof(deletions) / sizeof(*deletions); i++)
                for (round = 0; round < 2; round++)
                        delete (deletions[i].label, (const char **)deletions[i].names, deletions[i].count, 20000);
        delete ("that nobody waits for", (const char **)deletions[0].names, 1, 0);
}
