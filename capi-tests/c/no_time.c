/* Calls that wait for a broker, without any time to: the code says whether there was a broker to ask. */
#include "consume.h"

static const rd_kafka_metadata_t *md;

/* A client whose connection is up. */
static rd_kafka_t *connected(rd_kafka_type_t type) {
        rd_kafka_t *rk = client(type, conf_of("bootstrap.servers", bootstrap(), type == RD_KAFKA_CONSUMER ? "group.id" : NULL, "g", NULL));
        CHECK_ERR(rd_kafka_metadata(rk, 0, NULL, &md, ms(10000)), 0);
        rd_kafka_metadata_destroy(md);
        return rk;
}

/* A broker that was just learned of may not be up yet. */
static rd_kafka_resp_err_t ask(rd_kafka_t *rk, int all, rd_kafka_topic_t *rkt) {
        int64_t end = now_ms() + ms(10000);
        rd_kafka_resp_err_t err;
        while ((err = rd_kafka_metadata(rk, all, rkt, &md, 0)) == RD_KAFKA_RESP_ERR__TRANSPORT && now_ms() < end)
                usleep(10000);
        return err;
}

static void metadata(void) {
        int type;
        for (type = RD_KAFKA_PRODUCER; type <= RD_KAFKA_CONSUMER; type++) {
                rd_kafka_t *rk        = connected(type);
                rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, fresh("topic"), NULL);
                CHECK_ERR(ask(rk, 1, NULL), RD_KAFKA_RESP_ERR__TIMED_OUT);
                CHECK_ERR(ask(rk, 0, NULL), RD_KAFKA_RESP_ERR__TIMED_OUT);
                CHECK_ERR(ask(rk, 0, rkt), RD_KAFKA_RESP_ERR__TIMED_OUT);
                rd_kafka_topic_destroy(rkt);
                DESTROY(rk, 5000);
        }
}

static void metadata_of_nobody(void) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", "127.0.0.1:1", NULL));
        CHECK_ERR(rd_kafka_metadata(rk, 1, NULL, &md, 0), RD_KAFKA_RESP_ERR__TRANSPORT);
        CHECK_ERR(rd_kafka_metadata(rk, 1, NULL, &md, 200), RD_KAFKA_RESP_ERR__TRANSPORT);
        DESTROY(rk, 5000);
        rk = client(RD_KAFKA_PRODUCER, conf_of(NULL, NULL));
        CHECK_ERR(rd_kafka_metadata(rk, 1, NULL, &md, 0), RD_KAFKA_RESP_ERR__TRANSPORT);
        DESTROY(rk, 5000);
}

static void committed(void) {
        const char *topic                  = fresh_topic("committed", 1);
        rd_kafka_t *rk                     = connected(RD_KAFKA_CONSUMER);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        CHECK_ERR(rd_kafka_committed(rk, l, 0), RD_KAFKA_RESP_ERR__TIMED_OUT);
        CHECK_ERR(rd_kafka_committed(rk, l, ms(10000)), 0);
        rd_kafka_topic_partition_list_add(l, topic, 0);
        CHECK_ERR(rd_kafka_committed(rk, l, 0), RD_KAFKA_RESP_ERR__TIMED_OUT);
        CHECK_ERR(rd_kafka_committed(rk, l, ms(10000)), 0);
        CHECK_ERR(rd_kafka_committed(rk, l, 0), RD_KAFKA_RESP_ERR__TIMED_OUT);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

static void offsets(void) {
        const char *topic                  = fresh_topic("offsets", 1);
        rd_kafka_t *rk                     = connected(RD_KAFKA_CONSUMER);
        rd_kafka_topic_partition_list_t *l = one(topic, 0, 1);
        int64_t low, high;
        CHECK_ERR(rd_kafka_query_watermark_offsets(rk, topic, 0, &low, &high, 0), RD_KAFKA_RESP_ERR__TIMED_OUT);
        CHECK_ERR(rd_kafka_offsets_for_times(rk, l, 0), RD_KAFKA_RESP_ERR__TIMED_OUT);
        CHECK(l->elems[0].offset == 1, "offset %" PRId64, l->elems[0].offset);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

static void groups(void) {
        rd_kafka_t *rk = connected(RD_KAFKA_CONSUMER);
        const struct rd_kafka_group_list *list;
        CHECK_ERR(rd_kafka_list_groups(rk, NULL, &list, 0), RD_KAFKA_RESP_ERR__TIMED_OUT);
        DESTROY(rk, 5000);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(metadata);
        RUN(metadata_of_nobody);
        RUN(committed);
        RUN(offsets);
        RUN(groups);
        return T_END();
}
