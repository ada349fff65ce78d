/* Partitions that exist, of a topic that is used, and that were never assigned or started: another code than for what is not known. */
#include "consume.h"

/* A consumer that knows of a topic of four partitions, the first of which is assigned. */
static rd_kafka_t *consumer_of(const char *topic, const char *auto_store, rd_kafka_topic_t **rkt) {
        rd_kafka_t *rk = consumer("group.id", "g", "enable.auto.commit", "false", "enable.auto.offset.store", auto_store, NULL);
        const rd_kafka_metadata_t *md;
        *rkt = rd_kafka_topic_new(rk, topic, NULL);
        CHECK_ERR(rd_kafka_metadata(rk, 0, *rkt, &md, ms(10000)), 0);
        rd_kafka_metadata_destroy(md);
        assign(rk, topic, 0, 0);
        return rk;
}

static void store_of_one(void) {
        const char *topic = fresh_topic("one", 4);
        rd_kafka_topic_t *rkt;
        rd_kafka_t *rk = consumer_of(topic, "false", &rkt);
        CHECK_ERR(rd_kafka_offset_store(rkt, 0, 3), 0);
        /* The offset after the one before the first. */
        CHECK_ERR(rd_kafka_offset_store(rkt, 0, -1), 0);
        CHECK_ERR(rd_kafka_offset_store(rkt, 3, -1), RD_KAFKA_RESP_ERR__STATE);
        CHECK_ERR(rd_kafka_offset_store(rkt, 3, 3), RD_KAFKA_RESP_ERR__STATE);
        CHECK_ERR(rd_kafka_offset_store(rkt, 99, 3), RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        CHECK_ERR(rd_kafka_offset_store(rkt, RD_KAFKA_PARTITION_UA, 3), RD_KAFKA_RESP_ERR__STATE);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 5000);
}

static void store_of_many(void) {
        const char *topic = fresh_topic("many", 4), *other = fresh_topic("other", 1);
        rd_kafka_topic_t *rkt;
        rd_kafka_t *rk                     = consumer_of(topic, "false", &rkt);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(4);
        rd_kafka_topic_partition_list_add(l, topic, 0)->offset  = 2;
        rd_kafka_topic_partition_list_add(l, topic, 2)->offset  = 2;
        rd_kafka_topic_partition_list_add(l, topic, 99)->offset = 2;
        rd_kafka_topic_partition_list_add(l, other, 0)->offset  = 2;
        CHECK_ERR(rd_kafka_offsets_store(rk, l), 0);
        CHECK_ERR(l->elems[0].err, 0);
        CHECK_ERR(l->elems[1].err, RD_KAFKA_RESP_ERR__STATE);
        /* A list may name what the topic does not have (yet). */
        CHECK_ERR(l->elems[2].err, RD_KAFKA_RESP_ERR__STATE);
        CHECK_ERR(l->elems[3].err, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        rd_kafka_topic_partition_list_destroy(l);
        /* None of the list is stored: the code is the last one's. */
        l = one(topic, 3, 2);
        CHECK_ERR(rd_kafka_offsets_store(rk, l), RD_KAFKA_RESP_ERR__STATE);
        CHECK_ERR(l->elems[0].err, RD_KAFKA_RESP_ERR__STATE);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 5000);
}

/* A logical offset, and one that is none, store nothing: no state is asked for. */
static void store_of_no_offset(void) {
        const char *topic = fresh_topic("none", 4);
        rd_kafka_topic_t *rkt;
        rd_kafka_t *rk                     = consumer_of(topic, "false", &rkt);
        rd_kafka_topic_partition_list_t *l = one(topic, 3, RD_KAFKA_OFFSET_INVALID);
        CHECK_ERR(rd_kafka_offsets_store(rk, l), 0);
        CHECK_ERR(l->elems[0].err, 0);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 5000);
}

static void seek_of_one(void) {
        const char *topic = fresh_topic("seek", 4);
        rd_kafka_topic_t *rkt;
        rd_kafka_t *rk = consumer_of(topic, "true", &rkt);
        CHECK_ERR(rd_kafka_seek(rkt, 3, 0, ms(5000)), RD_KAFKA_RESP_ERR__STATE);
        CHECK_ERR(rd_kafka_seek(rkt, 99, 0, ms(5000)), RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 5000);
}

static void seek_of_many(void) {
        const char *topic = fresh_topic("seeks", 4);
        rd_kafka_topic_t *rkt;
        rd_kafka_t *rk                     = consumer_of(topic, "true", &rkt);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(2);
        rd_kafka_error_t *error;
        rd_kafka_topic_partition_list_add(l, topic, 2)->offset  = 0;
        rd_kafka_topic_partition_list_add(l, fresh("unused"), 0)->offset = 0;
        error = rd_kafka_seek_partitions(rk, l, ms(5000));
        CHECK(!error, "%s", rd_kafka_error_string(error));
        CHECK_ERR(l->elems[0].err, RD_KAFKA_RESP_ERR__STATE);
        CHECK_ERR(l->elems[1].err, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 5000);
}

/* A pause may come before the assignment, and holds then. */
static void paused_before(void) {
        const char *topic = fresh_topic("pause", 4), *unused = fresh("unused");
        rd_kafka_topic_t *rkt;
        rd_kafka_t *rk                     = consumer_of(topic, "true", &rkt);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(2);
        NEED(seed(topic, 0, 3, 0) == 3 && seed(topic, 3, 3, 0) == 3, "seed");
        rd_kafka_topic_partition_list_add(l, topic, 3)->offset  = 0;
        rd_kafka_topic_partition_list_add(l, unused, 0)->offset = 0;
        CHECK_ERR(rd_kafka_pause_partitions(rk, l), 0);
        CHECK_ERR(l->elems[0].err, 0);
        CHECK_ERR(l->elems[1].err, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION);
        rd_kafka_topic_partition_list_del(l, unused, 0);
        rd_kafka_topic_partition_list_add(l, topic, 0)->offset = 0;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        expect(rk, 0);
        expect(rk, 1);
        expect(rk, 2);
        CHECK(!rd_kafka_consumer_poll(rk, 300), "a message of a paused partition");
        CHECK_ERR(rd_kafka_resume_partitions(rk, l), 0);
        expect(rk, 0);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 5000);
}

/* ---- an assigned partition whose start is not known yet ---- */

/* A group whose coordinator does not answer: the committed offset stays unknown. */
static void seek_before_the_start(void) {
        rd_kafka_t *rk                     = client(RD_KAFKA_CONSUMER, conf_of("group.id", "g", NULL));
        rd_kafka_topic_partition_list_t *l = one("t", 0, RD_KAFKA_OFFSET_INVALID);
        rd_kafka_topic_t *rkt;
        rd_kafka_error_t *error;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        rkt = rd_kafka_topic_new(rk, "t", NULL);
        CHECK_ERR(rd_kafka_seek(rkt, 0, 123, ms(1000)), RD_KAFKA_RESP_ERR__STATE);
        l->elems[0].offset = 123;
        error              = rd_kafka_seek_partitions(rk, l, ms(1000));
        CHECK(!error, "%s", rd_kafka_error_string(error));
        CHECK_ERR(l->elems[0].err, RD_KAFKA_RESP_ERR__STATE);
        rd_kafka_topic_destroy(rkt);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

/* What is to start at an offset that the application names can be moved at once. */
static void seek_of_what_has_begun(void) {
        const char *topic = fresh_topic("begun", 1);
        rd_kafka_t *rk    = consumer("group.id", "g", "enable.auto.commit", "false", NULL);
        rd_kafka_topic_t *rkt;
        NEED(seed(topic, 0, 5, 0) == 5, "seed");
        assign(rk, topic, 0, 0);
        rkt = rd_kafka_topic_new(rk, topic, NULL);
        CHECK_ERR(rd_kafka_seek(rkt, 0, 3, ms(5000)), 0);
        expect(rk, 3);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 5000);
}

/* A refused seek leaves the partition to start where it was to. */
static void refused_seek_changes_nothing(void) {
        const char *topic                  = fresh_topic("refused", 1);
        rd_kafka_t *rk                     = consumer("group.id", fresh("group"), "auto.offset.reset", "earliest", NULL);
        rd_kafka_topic_t *rkt              = rd_kafka_topic_new(rk, topic, NULL);
        rd_kafka_resp_err_t err;
        NEED(seed(topic, 0, 5, 0) == 5, "seed");
        assign(rk, topic, 0, RD_KAFKA_OFFSET_INVALID);
        err = rd_kafka_seek(rkt, 0, 3, ms(5000));
        CHECK_ERR(err, RD_KAFKA_RESP_ERR__STATE);
        expect(rk, err ? 0 : 3);
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 5000);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(store_of_one);
        RUN(store_of_many);
        RUN(store_of_no_offset);
        RUN(seek_of_one);
        RUN(seek_of_many);
        RUN(paused_before);
        RUN(seek_before_the_start);
        RUN(seek_of_what_has_begun);
        RUN(refused_seek_changes_nothing);
        return T_END();
}
