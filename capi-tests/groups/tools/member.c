/*
 * A member of a group: member TOPIC[,TOPIC...] NAME=VALUE... (configuration)
 *
 * Lines: "assign|revoke|lost T:P,T:P..." in the rebalance callback (before what is taken back is given up), "m T:P:OFFSET:VALUE ..."
 * before the offsets are stored, "error NAME TEXT", "closed" at the end.
 * Commands: pause (all that it has), resume (all that was paused, held now or not: a pause outlives assignments), subscribe TOPIC[,TOPIC...], close.
 */
#include "tool.h"

static void line_parts(const rd_kafka_topic_partition_list_t *l) {
        int i;
        for (i = 0; i < l->cnt; i++)
                line_add("%c%s:%d", i ? ',' : ' ', l->elems[i].topic, l->elems[i].partition);
}

static void rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts, void *opaque) {
        int cooperative         = !strcmp(rd_kafka_rebalance_protocol(rk), "COOPERATIVE");
        int assign              = err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        rd_kafka_error_t *error = NULL;
        (void)opaque;
        line_begin(assign ? "assign" : rd_kafka_assignment_lost(rk) ? "lost" : "revoke");
        line_parts(parts);
        line_end();
        if (cooperative)
                error = assign ? rd_kafka_incremental_assign(rk, parts) : rd_kafka_incremental_unassign(rk, parts);
        else
                err = rd_kafka_assign(rk, assign ? parts : NULL);
        if (error || (!cooperative && err)) {
                line_begin("failed");
                line_add(" %s", error ? rd_kafka_error_string(error) : rd_kafka_err2str(err));
                line_end();
        }
        if (error)
                rd_kafka_error_destroy(error);
}

static void subscribe(rd_kafka_t *rk, const char *names) {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(4);
        char *copy = strdup(names), *name;
        for (name = strtok(copy, ","); name; name = strtok(NULL, ","))
                rd_kafka_topic_partition_list_add(l, name, RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_subscribe(rk, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
        free(copy);
}

/* What was paused and not resumed. */
static rd_kafka_topic_partition_list_t *paused;

static void pause_all(rd_kafka_t *rk) {
        rd_kafka_topic_partition_list_t *l = NULL;
        int i;
        CHECK_ERR(rd_kafka_assignment(rk, &l), 0);
        rd_kafka_pause_partitions(rk, l);
        for (i = 0; i < l->cnt; i++)
                if (!rd_kafka_topic_partition_list_find(paused, l->elems[i].topic, l->elems[i].partition))
                        rd_kafka_topic_partition_list_add(paused, l->elems[i].topic, l->elems[i].partition);
        line_begin("paused");
        line_parts(l);
        line_end();
        rd_kafka_topic_partition_list_destroy(l);
}

static void resume_all(rd_kafka_t *rk) {
        rd_kafka_resume_partitions(rk, paused);
        line_begin("resumed");
        line_parts(paused);
        line_end();
        rd_kafka_topic_partition_list_destroy(paused);
        paused = rd_kafka_topic_partition_list_new(8);
}

static void consume(rd_kafka_t *rk, rd_kafka_queue_t *q) {
        rd_kafka_message_t *all[100];
        rd_kafka_topic_partition_list_t *store = rd_kafka_topic_partition_list_new(8);
        ssize_t n = rd_kafka_consume_batch_queue(q, 50, all, 100), i;
        int any   = 0;
        for (i = 0; i < n; i++) {
                rd_kafka_message_t *m = all[i];
                rd_kafka_topic_partition_t *at;
                const char *topic = m->rkt ? rd_kafka_topic_name(m->rkt) : "";
                if (m->err)
                        continue;
                if (!any++)
                        line_begin("m");
                line_add(" %s:%d:%" PRId64 ":%.*s", topic, m->partition, m->offset, (int)m->len, (char *)m->payload);
                at = rd_kafka_topic_partition_list_find(store, topic, m->partition);
                if (!at)
                        at = rd_kafka_topic_partition_list_add(store, topic, m->partition);
                at->offset = m->offset + 1;
        }
        if (any)
                line_end();
        if (store->cnt)
                rd_kafka_offsets_store(rk, store);
        for (i = 0; i < n; i++) {
                if (all[i]->err && all[i]->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                        line_begin("error");
                        line_add(" %s %s", rd_kafka_err2name(all[i]->err), rd_kafka_message_errstr(all[i]));
                        line_end();
                }
                rd_kafka_message_destroy(all[i]);
        }
        rd_kafka_topic_partition_list_destroy(store);
}

int main(int argc, char **argv) {
        rd_kafka_conf_t *conf = conf_of("enable.auto.offset.store", "false", "auto.offset.reset", "earliest", NULL);
        rd_kafka_queue_t *q;
        rd_kafka_t *rk;
        int i, open = 1;
        T_START(1, argv);
        if (argc < 2)
                return 2;
        for (i = 2; i < argc; i++) {
                char *eq = strchr(argv[i], '=');
                if (!eq)
                        return 2;
                *eq = 0;
                conf_put(conf, argv[i], eq + 1);
        }
        rd_kafka_conf_set_rebalance_cb(conf, rebalance);
        rk = client(RD_KAFKA_CONSUMER, conf);
        rd_kafka_poll_set_consumer(rk);
        subscribe(rk, argv[1]);
        q      = rd_kafka_queue_get_consumer(rk);
        paused = rd_kafka_topic_partition_list_new(8);
        while (open) {
                const char *c = command(0);
                if (!c)
                        consume(rk, q);
                else if (!strcmp(c, "pause"))
                        pause_all(rk);
                else if (!strcmp(c, "resume"))
                        resume_all(rk);
                else if (!strncmp(c, "subscribe ", 10)) {
                        subscribe(rk, c + 10);
                        line_begin("subscribed");
                        line_add(" %s", c + 10);
                        line_end();
                } else
                        open = 0;
        }
        rd_kafka_queue_destroy(q);
        rd_kafka_topic_partition_list_destroy(paused);
        CHECK_ERR(rd_kafka_consumer_close(rk), 0);
        rd_kafka_destroy(rk);
        line_begin("closed");
        line_end();
        return 0;
}
