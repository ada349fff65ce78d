/*
 * A mock cluster: brokers COUNT
 *
 * Lines: "bootstrap HOST:PORT,..." at first, "ok" after each command.
 * Commands: topic NAME PARTITIONS, down N, up N, leader TOPIC PARTITION N, coordinator GROUP N, close.
 */
#include "tool.h"

#include "rdkafka_mock.h"

int main(int argc, char **argv) {
        char a[256], line[4096];
        int b, n;
        rd_kafka_t *rk;
        rd_kafka_mock_cluster_t *mock;
        T_START(1, argv);
        rk   = client(RD_KAFKA_PRODUCER, conf_of("client.id", "mock", NULL));
        mock = rd_kafka_mock_cluster_new(rk, argc > 1 ? atoi(argv[1]) : 3);
        if (!mock)
                return 2;
        rd_kafka_mock_group_initial_rebalance_delay_ms(mock, 0);
        /* What chaos.py gives to classic members. */
        rd_kafka_mock_set_group_consumer_session_timeout_ms(mock, 6000);
        rd_kafka_mock_set_group_consumer_heartbeat_interval_ms(mock, 1000);
        line_begin("bootstrap");
        line_add(" %s", rd_kafka_mock_cluster_bootstraps(mock));
        line_end();
        for (;;) {
                const char *c = command(-1);
                rd_kafka_resp_err_t err;
                if (!c)
                        continue;
                snprintf(line, sizeof(line), "%s", c);
                if (sscanf(line, "topic %255s %d", a, &n) == 2)
                        err = rd_kafka_mock_topic_create(mock, a, n, 3);
                else if (sscanf(line, "down %d", &n) == 1)
                        err = rd_kafka_mock_broker_set_down(mock, n);
                else if (sscanf(line, "up %d", &n) == 1)
                        err = rd_kafka_mock_broker_set_up(mock, n);
                else if (sscanf(line, "leader %255s %d %d", a, &n, &b) == 3)
                        err = rd_kafka_mock_partition_set_leader(mock, a, n, b);
                else if (sscanf(line, "coordinator %255s %d", a, &n) == 2)
                        err = rd_kafka_mock_coordinator_set(mock, "group", a, n);
                else
                        break;
                line_begin(err ? "refused" : "ok");
                line_add(" %s", err ? rd_kafka_err2name(err) : line);
                line_end();
        }
        rd_kafka_mock_cluster_destroy(mock);
        rd_kafka_destroy(rk);
        return 0;
}
