/* A mock cluster and those who use it, for the programs that test its functions. */
#ifndef MOCK_H
#define MOCK_H

#include "client.h"
#include "rdkafka_mock.h"

struct mock {
        rd_kafka_t *rk; /* That the cluster was made with. */
        rd_kafka_mock_cluster_t *cluster;
        const char *servers;
};

static UNUSED struct mock mock_of(int brokers) {
        struct mock m;
        m.rk      = client(RD_KAFKA_PRODUCER, conf_of(NULL, NULL));
        m.cluster = rd_kafka_mock_cluster_new(m.rk, brokers);
        if (!m.cluster) {
                printf("  no cluster\n");
                exit(1);
        }
        m.servers = rd_kafka_mock_cluster_bootstraps(m.cluster);
        return m;
}

static UNUSED void mock_end(struct mock *m) {
        rd_kafka_mock_cluster_destroy(m->cluster);
        rd_kafka_destroy(m->rk);
}

/* How many requests of a kind one broker, or -1 for all of them, has got; they must be tracked. */
static UNUSED int requests_of(const struct mock *m, int16_t api, int32_t broker) {
        size_t cnt, i;
        rd_kafka_mock_request_t **all = rd_kafka_mock_get_requests(m->cluster, &cnt);
        int n                         = 0;
        for (i = 0; i < cnt; i++)
                n += rd_kafka_mock_request_api_key(all[i]) == api && (broker < 0 || rd_kafka_mock_request_id(all[i]) == broker);
        rd_kafka_mock_request_destroy_array(all, cnt);
        return n;
}

/* Until the cluster has got so many requests of a kind; they must be tracked. */
static UNUSED void wait_for_requests(const struct mock *m, int16_t api, int want) {
        int64_t until = now_ms() + ms(20000);
        int cnt;
        while ((cnt = requests_of(m, api, -1)) < want && now_ms() < until)
                usleep(1000);
        CHECK(cnt >= want, "%d requests %d", cnt, api);
}

static int delivered;
static rd_kafka_resp_err_t delivery_errors[8];
static UNUSED void dr_cb(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)opaque;
        if (delivered < 8)
                delivery_errors[delivered] = m->err;
        delivered++;
}

static UNUSED rd_kafka_t *producer_on(const struct mock *m) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", m->servers, "retry.backoff.ms", "10", NULL);
        rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
        return client(RD_KAFKA_PRODUCER, conf);
}

/* Sends one message and returns what became of it. */
static UNUSED rd_kafka_resp_err_t send_one(rd_kafka_t *rk, const char *topic, int32_t partition) {
        delivered = 0;
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(15000)), 0);
        CHECK(delivered == 1, "%d reports", delivered);
        return delivered ? delivery_errors[0] : RD_KAFKA_RESP_ERR__FAIL;
}

static UNUSED void send_all(const struct mock *m, const char *topic, int cnt) {
        rd_kafka_t *rk = producer_on(m);
        while (cnt--)
                CHECK_ERR(send_one(rk, topic, 0), 0);
        rd_kafka_destroy(rk);
}

/* Metadata of one topic, or of the brokers alone. */
static UNUSED const rd_kafka_metadata_t *metadata_of(rd_kafka_t *rk, const char *topic) {
        const rd_kafka_metadata_t *md = NULL;
        rd_kafka_topic_t *rkt         = topic ? rd_kafka_topic_new(rk, topic, NULL) : NULL;
        rd_kafka_resp_err_t err       = rd_kafka_metadata(rk, 0, rkt, &md, ms(10000));
        CHECK_ERR(err, 0);
        if (rkt)
                rd_kafka_topic_destroy(rkt);
        if (err) {
                printf("  no metadata\n");
                exit(1);
        }
        return md;
}

/* A consumer does not make topics by asking for them. */
static UNUSED rd_kafka_t *observer(const struct mock *m) {
        return client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", m->servers, "group.id", "g", NULL));
}

static UNUSED rd_kafka_resp_err_t topic_err(rd_kafka_t *rk, const char *topic) {
        const rd_kafka_metadata_t *md = metadata_of(rk, topic);
        rd_kafka_resp_err_t err       = md->topic_cnt == 1 ? md->topics[0].err : RD_KAFKA_RESP_ERR__FAIL;
        rd_kafka_metadata_destroy(md);
        return err;
}

static UNUSED int broker_cnt(rd_kafka_t *rk) {
        const rd_kafka_metadata_t *md = metadata_of(rk, NULL);
        int cnt                       = md->broker_cnt;
        rd_kafka_metadata_destroy(md);
        return cnt;
}

static UNUSED int64_t metadata_takes(rd_kafka_t *rk) {
        int64_t start = now_ms();
        rd_kafka_metadata_destroy(metadata_of(rk, NULL));
        return now_ms() - start;
}

#endif
