/*
 * Some 300 admin calls on one library; run.sh compares what two of them print. `admin_diff PREFIX SUBJECT...`: the names that
 * are made begin with PREFIX and are shown with @ in its place, so that two runs on one Kafka print the same.
 * T_DIES_IN has the numbers of calls, with blanks between them, that are under way while the controller dies: T_CONTROLLER is
 * run with `freeze` before, and with `kill` after each of them is made. The subject `settled` waits until the cluster is whole.
 */
#include "report.h"

static const struct {
        const char *name;
        void (*calls)(void);
} subjects[] = {{"topics", topics_subject}, {"configs", configs_subject}, {"describe", describe_subject}, {"records", records_subject},
                {"groups", groups_subject}, {"acls", acls_subject},       {"users", users_subject}};

int main(int argc, char **argv) {
        size_t i;
        int at;
        if (argc < 3) {
                fprintf(stderr, "usage: admin_diff PREFIX SUBJECT...\n");
                return 2;
        }
        T_START(argc, argv);
        snprintf(prefix, sizeof(prefix), "%s", argv[1]);
        run.rk = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", bootstrap(), "client.id", "admin-diff", NULL));
        run.q  = rd_kafka_queue_new(run.rk);
        if (!strcmp(argv[2], "settled"))
                return !settled();
        for (at = 2; at < argc; at++)
                for (i = 0; i < sizeof(subjects) / sizeof(*subjects); i++)
                        if (!strcmp(argv[at], subjects[i].name)) {
                                printf("==== %s\n", argv[at]);
                                subjects[i].calls();
                        }
        rd_kafka_queue_destroy(run.q);
        rd_kafka_destroy(run.rk);
        printf("==== %d calls\n", run.calls);
        return 0;
}
