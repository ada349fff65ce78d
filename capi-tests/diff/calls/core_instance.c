/* Core: what is asked of an instance, and its queues. */
#include "report.h"

static void nothing_cb(rd_kafka_t *rk, void *opaque) {
        (void)rk;
        (void)opaque;
}

static void silent(const rd_kafka_t *rk, int level, const char *fac, const char *buf) {
        (void)rk;
        (void)level;
        (void)fac;
        (void)buf;
}

static void about(rd_kafka_t *rk) {
        char errstr[64];
        char *s;
        size_t cnt;
        int32_t *ids;
        CALL("core/name", "ok", text("name", rd_kafka_name(rk)));
        CALL("core/type", "ok", number("type", rd_kafka_type(rk)));
        CALL("core/opaque", "ok", pointer("opaque", rd_kafka_opaque(rk)));
        CALL("core/conf", "ok", pointer("conf", rd_kafka_conf(rk)));
        CALL("core/default_topic_conf_dup", "ok", rd_kafka_topic_conf_t *c = rd_kafka_default_topic_conf_dup(rk);
             pointer("conf", c); if (c) rd_kafka_topic_conf_destroy(c));
        CALL("core/clusterid", "0", s = rd_kafka_clusterid(rk, 0); text("id", s); rd_kafka_mem_free(rk, s));
        CALL("core/controllerid", "0", number("known", rd_kafka_controllerid(rk, 0) >= 0));
        CALL("core/brokers_learned_ids", "ok", cnt = (size_t)KEPT_N; ids = rd_kafka_brokers_learned_ids(rk, &cnt);
             pointer("ids", ids); number("some", (int64_t)cnt > 0); if (ids) rd_kafka_mem_free(rk, ids));
        CALL("core/fatal_error", "ok", strcpy(errstr, KEPT_TEXT); code(rd_kafka_fatal_error(rk, errstr, sizeof(errstr)));
             out_text("errstr", errstr));
        CALL("core/fatal_error", "no-room", code(rd_kafka_fatal_error(rk, NULL, 0)));
        CALL("core/fatal_error", "room-of-1", strcpy(errstr, KEPT_TEXT); code(rd_kafka_fatal_error(rk, errstr, 1));
             out_text("errstr", errstr));
        CALL("core/mem_malloc", "ok", void *p = rd_kafka_mem_malloc(rk, 8); pointer("p", p); rd_kafka_mem_free(rk, p));
        CALL("core/mem_calloc", "ok", void *p = rd_kafka_mem_calloc(rk, 2, 8); pointer("p", p); rd_kafka_mem_free(rk, p));
        CALL("core/mem_free", "null-pointer", rd_kafka_mem_free(rk, NULL));
        CALL("core/dump", "ok", FILE *f = fopen("/dev/null", "w"); rd_kafka_dump(f, rk); fclose(f));
        CALL("core/set_log_level", "ok", rd_kafka_set_log_level(rk, 3));
        CALL("core/set_logger", "ok", rd_kafka_set_logger(rk, silent));
        CALL("core/yield", "ok", rd_kafka_yield(rk));
        CALL("core/poll", "0", number("positive", rd_kafka_poll(rk, 0) >= 0));
        CALL("core/outq_len", "ok", number("none", rd_kafka_outq_len(rk) >= 0));
        OURS_ONLY("core/brokers_add", "null", number("cnt", rd_kafka_brokers_add(rk, NULL)));
        CALL("core/brokers_add", "empty", number("cnt", rd_kafka_brokers_add(rk, "")));
        CALL("core/brokers_add", "commas", number("cnt", rd_kafka_brokers_add(rk, ",,,")));
        CALL("core/brokers_add", "bad-port", number("cnt", rd_kafka_brokers_add(rk, "127.0.0.1:port")));
        CALL("core/brokers_add", "known", number("cnt", rd_kafka_brokers_add(rk, run.servers)));
}

static void metadata(rd_kafka_t *rk, const char *arg, int all, rd_kafka_topic_t *rkt, int timeout_ms) {
        const struct rd_kafka_metadata *md;
        CALL("core/metadata", arg, md = KEPT_P; code(rd_kafka_metadata(rk, all, rkt, &md, timeout_ms)); out_p("md", md);
             if (md && md != KEPT_P) {
                     number("topics", md->topic_cnt > 0);
                     if (rkt && md->topic_cnt)
                             told("topic=%s partitions=%d", rd_kafka_err2name(md->topics[0].err), md->topics[0].partition_cnt);
                     rd_kafka_metadata_destroy(md);
             });
}

static void topics(rd_kafka_t *rk) {
        static char long_name[600];
        rd_kafka_topic_t *rkt, *again;
        CALL("core/topic_new", "null", rkt = rd_kafka_topic_new(rk, NULL, NULL); pointer("rkt", rkt); code(rd_kafka_last_error()));
        CALL("core/topic_new", "empty", rkt = rd_kafka_topic_new(rk, "", NULL); pointer("rkt", rkt); code(rd_kafka_last_error());
             if (rkt) rd_kafka_topic_destroy(rkt));
        memset(long_name, 'x', sizeof(long_name) - 1);
        CALL("core/topic_new", "too-long", rkt = rd_kafka_topic_new(rk, long_name, NULL); pointer("rkt", rkt);
             code(rd_kafka_last_error()); if (rkt) rd_kafka_topic_destroy(rkt));
        CALL("core/topic_new", "long-as-allowed", long_name[512] = 0; rkt = rd_kafka_topic_new(rk, long_name, NULL);
             pointer("rkt", rkt); if (rkt) rd_kafka_topic_destroy(rkt));
        CALL("core/topic_new", "odd-name", rkt = rd_kafka_topic_new(rk, "a b/c", NULL); pointer("rkt", rkt);
             if (rkt) rd_kafka_topic_destroy(rkt));
        rkt = rd_kafka_topic_new(rk, run.full, NULL);
        CALL("core/topic_new", "ok", pointer("rkt", rkt));
        CALL("core/topic_new", "twice", again = rd_kafka_topic_new(rk, run.full, NULL); number("same", again == rkt);
             if (again) rd_kafka_topic_destroy(again));
        if (rkt) {
                CALL("core/topic_name", "ok", text("name", rd_kafka_topic_name(rkt)));
                CALL("core/topic_opaque", "ok", pointer("opaque", rd_kafka_topic_opaque(rkt)));
                metadata(rk, "topic", 0, rkt, 3000);
                rd_kafka_topic_destroy(rkt);
        }
        metadata(rk, "all", 1, NULL, 3000);
        metadata(rk, "known", 0, NULL, 3000);
        OURS_ONLY("core/metadata", "null-out", code(rd_kafka_metadata(rk, 1, NULL, NULL, 100)));
        CALL("core/clusterid", "2000", char *s = rd_kafka_clusterid(rk, 2000); text("id", s); rd_kafka_mem_free(rk, s));
        CALL("core/controllerid", "2000", number("known", rd_kafka_controllerid(rk, 2000) >= 0));
}

static void groups(rd_kafka_t *rk, const char *arg, const char *group, int timeout_ms) {
        const struct rd_kafka_group_list *l;
        CALL("group/list_groups", arg, l = KEPT_P; code(rd_kafka_list_groups(rk, group, &l, timeout_ms)); out_p("list", l);
             if (l && l != KEPT_P) {
                     if (group)
                             number("cnt", l->group_cnt);
                     if (group && l->group_cnt)
                             told("err=%s members=%d", rd_kafka_err2name(l->groups[0].err), l->groups[0].member_cnt), word("state", l->groups[0].state);
                     rd_kafka_group_list_destroy(l);
             });
}

void core_instance(rd_kafka_t *rk) {
        about(rk);
        topics(rk);
        groups(rk, "null", NULL, 3000);
        groups(rk, "unknown", fresh("nogroup"), 3000);
        groups(rk, "empty", "", 3000);
}

void core_queues(rd_kafka_t *rk) {
        rd_kafka_queue_t *q, *main, *other;
        CALL("core/queue_get_main", "ok", main = rd_kafka_queue_get_main(rk); pointer("q", main); rd_kafka_queue_destroy(main));
        CALL("core/queue_get_background", "ok", q = rd_kafka_queue_get_background(rk); pointer("q", q); if (q) rd_kafka_queue_destroy(q));
        CALL("consumer/queue_get_consumer", "ok", q = rd_kafka_queue_get_consumer(rk); pointer("q", q); if (q) rd_kafka_queue_destroy(q));
        CALL("consumer/queue_get_partition", "known", q = rd_kafka_queue_get_partition(rk, run.full, 0); pointer("q", q); if (q) rd_kafka_queue_destroy(q));
        CALL("consumer/queue_get_partition", "unknown", q = rd_kafka_queue_get_partition(rk, "nosuch", 7); pointer("q", q); if (q) rd_kafka_queue_destroy(q));
        CALL("consumer/queue_get_partition", "negative", q = rd_kafka_queue_get_partition(rk, run.full, -1); pointer("q", q); if (q) rd_kafka_queue_destroy(q));
        CALL("consumer/queue_get_partition", "empty-topic", q = rd_kafka_queue_get_partition(rk, "", 0); pointer("q", q); if (q) rd_kafka_queue_destroy(q));
        OURS_ONLY("consumer/queue_get_partition", "null-topic", q = rd_kafka_queue_get_partition(rk, NULL, 0); pointer("q", q); if (q) rd_kafka_queue_destroy(q));
        q = rd_kafka_queue_new(rk), other = rd_kafka_queue_new(rk);
        if (!q || !other)
                return;
        CALL("core/queue_length", "empty", number("length", (int64_t)rd_kafka_queue_length(q)));
        CALL("core/queue_poll", "empty", event(rd_kafka_queue_poll(q, 0)));
        CALL("core/queue_poll_callback", "empty", number("cnt", rd_kafka_queue_poll_callback(q, 0)));
        CALL("core/queue_forward", "ok", rd_kafka_queue_forward(q, other));
        CALL("core/queue_forward", "twice", rd_kafka_queue_forward(q, other));
        CALL("core/queue_poll", "forwarded", event(rd_kafka_queue_poll(q, 0)));
        CALL("core/queue_length", "forwarded", number("length", (int64_t)rd_kafka_queue_length(q)));
        CALL("core/queue_forward", "back", rd_kafka_queue_forward(q, NULL));
        CALL("core/queue_forward", "back-twice", rd_kafka_queue_forward(q, NULL));
        CALL("core/queue_yield", "ok", rd_kafka_queue_yield(q));
        CALL("core/queue_poll", "yielded", event(rd_kafka_queue_poll(q, 50)));
        CALL("core/queue_io_event_enable", "off", rd_kafka_queue_io_event_enable(q, -1, NULL, 0));
        CALL("core/queue_cb_event_enable", "on", rd_kafka_queue_cb_event_enable(q, nothing_cb, NULL));
        CALL("core/queue_cb_event_enable", "off", rd_kafka_queue_cb_event_enable(q, NULL, NULL));
        CALL("consumer/consume_queue", "empty", rd_kafka_message_t *m = rd_kafka_consume_queue(q, 0); message(m); code(rd_kafka_last_error()));
        CALL("consumer/consume_batch_queue", "empty", rd_kafka_message_t *m[1]; number("cnt", rd_kafka_consume_batch_queue(q, 0, m, 1)));
        CALL("consumer/consume_batch_queue", "room-of-0", rd_kafka_message_t *m[1]; number("cnt", rd_kafka_consume_batch_queue(q, 0, m, 0)));
        CALL("core/set_log_queue", "not-configured", code(rd_kafka_set_log_queue(rk, q)));
        CALL("core/set_log_queue", "null", code(rd_kafka_set_log_queue(rk, NULL)));
        rd_kafka_queue_destroy(q);
        rd_kafka_queue_destroy(other);
}
