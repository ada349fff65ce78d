/* Delivery reports noted in the order in which they come, for the programs that produce. */
#ifndef REPORTS_H
#define REPORTS_H

#include "client.h"

#define REPORTS 30000
static struct {
        rd_kafka_resp_err_t err;
        int32_t partition;
        int64_t offset, timestamp, latency;
        void *opaque;
        rd_kafka_msg_status_t status;
        int32_t broker;
        size_t len, key_len;
} report[REPORTS];
static int reports;

static void dr_msg_cb(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        rd_kafka_timestamp_type_t type;
        int i = reports++;
        (void)rk;
        (void)opaque;
        if (i >= REPORTS)
                return;
        report[i].err       = m->err;
        report[i].partition = m->partition;
        report[i].offset    = m->offset;
        report[i].opaque    = m->_private;
        report[i].len       = m->len;
        report[i].key_len   = m->key_len;
        report[i].status    = rd_kafka_message_status(m);
        report[i].latency   = rd_kafka_message_latency(m);
        report[i].timestamp = rd_kafka_message_timestamp(m, &type);
        report[i].broker    = rd_kafka_message_broker_id(m);
}

static UNUSED rd_kafka_t *reporting_producer(rd_kafka_conf_t *conf) {
        conf_put(conf, "bootstrap.servers", bootstrap());
        rd_kafka_conf_set_dr_msg_cb(conf, dr_msg_cb);
        reports = 0;
        memset(report, 0, sizeof(report));
        return client(RD_KAFKA_PRODUCER, conf);
}

static UNUSED int wait_reports(rd_kafka_t *rk, int want, int limit_ms) {
        int64_t until = now_ms() + limit_ms;
        while (reports < want && now_ms() < until)
                rd_kafka_poll(rk, 50);
        return reports;
}

static UNUSED void *number(intptr_t i) {
        return (void *)i;
}

#endif
