/*
 * Produces numbered messages: feeder RATE TOPIC:PARTITIONS[,...] NAME=VALUE... (configuration)
 *
 * Message n of a partition is the text "n". Lines: "acked T:P:OFFSET:N ..." for what was delivered, "undelivered T:P:OFFSET:N ERROR" for
 * the first that were not, "done N of M failed" when all is, after the command "close".
 */
#include "tool.h"

static int failed;
static int64_t pending_since;
static int pending;

static void report_end(int now) {
        if (pending && (now || now_ms() - pending_since > 200)) {
                line_end();
                pending = 0;
        }
}

static void report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)opaque;
        if (m->err) {
                if (failed++ < 10) {
                        report_end(1);
                        line_begin("undelivered");
                        line_add(" %s:%d:%" PRId64 ":%.*s %s", rd_kafka_topic_name(m->rkt), m->partition, m->offset, (int)m->len,
                                 (char *)m->payload, rd_kafka_err2name(m->err));
                        line_end();
                }
                return;
        }
        if (!pending++) {
                line_begin("acked");
                pending_since = now_ms();
        }
        line_add(" %s:%d:%" PRId64 ":%.*s", rd_kafka_topic_name(m->rkt), m->partition, m->offset, (int)m->len, (char *)m->payload);
        if (pending >= 500) {
                line_end();
                pending = 0;
        }
}

int main(int argc, char **argv) {
        rd_kafka_conf_t *conf = conf_of("linger.ms", "20", "acks", "all", NULL);
        char topic[64][128], *t_, errstr[256];
        int partition[64], n[64], targets = 0, i, rate, sent = 0;
        int64_t start;
        rd_kafka_t *rk;
        T_START(1, argv);
        if (argc < 3)
                return 2;
        rate = atoi(argv[1]);
        for (t_ = strtok(argv[2], ","); t_; t_ = strtok(NULL, ",")) {
                char *colon = strchr(t_, ':');
                int p, cnt = atoi(colon + 1);
                for (p = 0; p < cnt && targets < 64; p++, targets++) {
                        snprintf(topic[targets], sizeof(topic[0]), "%.*s", (int)(colon - t_), t_);
                        partition[targets] = p;
                        n[targets]         = 0;
                }
        }
        for (i = 3; i < argc; i++) {
                char *eq = strchr(argv[i], '=');
                *eq      = 0;
                if (rd_kafka_conf_set(conf, argv[i], eq + 1, errstr, sizeof(errstr)))
                        return 2;
        }
        rd_kafka_conf_set_dr_msg_cb(conf, report);
        rk = client(RD_KAFKA_PRODUCER, conf);
        for (start = now_ms(); !command(0);) {
                int due = (int)((now_ms() - start) * rate / 1000);
                for (; sent < due; sent++) {
                        char value[32];
                        int at  = sent % targets;
                        int len = snprintf(value, sizeof(value), "%d", n[at]);
                        if (rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic[at]), RD_KAFKA_V_PARTITION(partition[at]),
                                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value, (size_t)len),
                                              RD_KAFKA_V_END))
                                break;
                        n[at]++;
                }
                rd_kafka_poll(rk, 20);
                report_end(0);
        }
        while (rd_kafka_outq_len(rk) > 0) {
                rd_kafka_poll(rk, 100);
                report_end(0);
        }
        report_end(1);
        rd_kafka_destroy(rk);
        line_begin("done");
        line_add(" %d of %d failed", failed, sent);
        line_end();
        return 0;
}
