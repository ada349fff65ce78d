/*
 * A member of a share group with explicit acknowledgement: share_member TOPIC[,TOPIC...] SEED NAME=VALUE... (configuration)
 *
 * Lines: "d T:P:OFFSET:COUNT/TYPE ..." before the records of a poll are acknowledged: how often each was delivered, and what is said of
 * it (1 accept, 2 release, 3 reject); "c NAME T:P:OFFSET,OFFSET..." in the callback, the outcome of acknowledgements of a partition;
 * "error NAME TEXT", "closed" at the end.
 * Of the records 5 % are released, 1 % rejected; those whose number ends in 500 are released always.
 * Command: close.
 */
#include "tool.h"

static void outcome(rd_kafka_share_t *rk, rd_kafka_share_partition_offsets_list_t *list, rd_kafka_resp_err_t err, void *opaque) {
        size_t i, k;
        (void)rk;
        (void)opaque;
        for (i = 0; i < rd_kafka_share_partition_offsets_list_count(list); i++) {
                const rd_kafka_share_partition_offsets_t *one = rd_kafka_share_partition_offsets_list_get(list, i);
                const rd_kafka_topic_partition_t *p           = rd_kafka_share_partition_offsets_partition(one);
                const int64_t *offsets                        = rd_kafka_share_partition_offsets_offsets(one);
                rd_kafka_resp_err_t code                      = err ? err : p->err;
                line_begin("c");
                line_add(" %s %s:%d:", code ? rd_kafka_err2name(code) : "ok", p->topic, p->partition);
                for (k = 0; k < rd_kafka_share_partition_offsets_offsets_cnt(one); k++)
                        line_add("%s%" PRId64, k ? "," : "", offsets[k]);
                line_end();
        }
}

static void fail(const char *what, rd_kafka_error_t *error) {
        if (!error)
                return;
        line_begin("error");
        line_add(" %s %s: %s", rd_kafka_error_name(error), what, rd_kafka_error_string(error));
        line_end();
        rd_kafka_error_destroy(error);
}

static unsigned state;
static unsigned random_below(unsigned n) {
        state = state * 1664525u + 1013904223u;
        return (state >> 8) % n;
}

static rd_kafka_share_AcknowledgeType_t choose(const rd_kafka_message_t *m) {
        unsigned r = random_below(100);
        if (m->len >= 3 && !memcmp((char *)m->payload + m->len - 3, "500", 3))
                return RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_RELEASE;
        return r < 5    ? RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_RELEASE
               : r == 5 ? RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_REJECT
                        : RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT;
}

static void commit(rd_kafka_share_t *rk) {
        unsigned r = random_below(10);
        if (r == 0) {
                rd_kafka_topic_partition_list_t *results = NULL;
                fail("commit_sync", rd_kafka_share_commit_sync(rk, 10000, &results));
                if (results)
                        rd_kafka_topic_partition_list_destroy(results);
        } else if (r < 4)
                fail("commit_async", rd_kafka_share_commit_async(rk));
        /* Otherwise the next poll brings the acknowledgements along. */
}

static void consume(rd_kafka_share_t *rk) {
        rd_kafka_messages_t *batch = NULL;
        rd_kafka_share_AcknowledgeType_t *types;
        size_t n, i;
        fail("poll", rd_kafka_share_poll(rk, 200, &batch));
        n = batch ? rd_kafka_messages_count(batch) : 0;
        if (!n) {
                if (batch)
                        rd_kafka_messages_destroy(batch);
                return;
        }
        types = calloc(n, sizeof(*types));
        line_begin("d");
        for (i = 0; i < n; i++) {
                const rd_kafka_message_t *m = rd_kafka_messages_get(batch, i);
                types[i] = m->err ? RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_REJECT : choose(m);
                line_add(" %s:%d:%" PRId64 ":%d/%d", rd_kafka_topic_name(m->rkt), m->partition, m->offset,
                         rd_kafka_message_delivery_count(m), (int)types[i]);
        }
        line_end();
        for (i = 0; i < n; i++) {
                const rd_kafka_message_t *m = rd_kafka_messages_get(batch, i);
                rd_kafka_resp_err_t err     = rd_kafka_share_acknowledge_type(rk, m, types[i]);
                if (m->err || err) {
                        line_begin("error");
                        line_add(" %s record %s:%d:%" PRId64, rd_kafka_err2name(m->err ? m->err : err), rd_kafka_topic_name(m->rkt),
                                 m->partition, m->offset);
                        line_end();
                }
        }
        free(types);
        rd_kafka_messages_destroy(batch);
        commit(rk);
}

int main(int argc, char **argv) {
        rd_kafka_conf_t *conf = conf_of("share.acknowledgement.mode", "explicit", NULL);
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(4);
        rd_kafka_share_t *rk;
        char errstr[512], *name;
        int i;
        T_START(1, argv);
        if (argc < 3)
                return 2;
        for (i = 3; i < argc; i++) {
                char *eq = strchr(argv[i], '=');
                if (!eq)
                        return 2;
                *eq = 0;
                conf_put(conf, argv[i], eq + 1);
        }
        state = (unsigned)atoi(argv[2]) * 2654435761u + 1;
        rk    = rd_kafka_share_consumer_new(conf, errstr, sizeof(errstr));
        if (!rk) {
                fprintf(stderr, "%s\n", errstr);
                return 2;
        }
        fail("callback", rd_kafka_share_set_acknowledgement_commit_cb(rk, outcome, NULL));
        for (name = strtok(argv[1], ","); name; name = strtok(NULL, ","))
                rd_kafka_topic_partition_list_add(topics, name, RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_share_subscribe(rk, topics), 0);
        rd_kafka_topic_partition_list_destroy(topics);
        while (!command(0))
                consume(rk);
        fail("close", rd_kafka_share_consumer_close(rk));
        fail("destroy", rd_kafka_share_destroy(rk));
        line_begin("closed");
        line_end();
        return 0;
}
