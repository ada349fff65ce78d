/* Core: lists of partitions and headers, which need no instance. */
#include "report.h"

static int by_partition_down(const void *a, const void *b, void *opaque) {
        const rd_kafka_topic_partition_t *x = a, *y = b;
        (void)opaque;
        return y->partition - x->partition;
}

static void lists(void) {
        rd_kafka_topic_partition_list_t *l, *copy;
        rd_kafka_topic_partition_t *p;
        CALL("core/topic_partition_list_new", "0", l = rd_kafka_topic_partition_list_new(0); number("cnt", l->cnt);
             pointer("elems", l->elems); rd_kafka_topic_partition_list_destroy(l));
        CALL("core/topic_partition_list_new", "5", l = rd_kafka_topic_partition_list_new(5); number("cnt", l->cnt);
             number("size", l->size); rd_kafka_topic_partition_list_destroy(l));
        OURS_ONLY("core/topic_partition_list_destroy", "null", rd_kafka_topic_partition_list_destroy(NULL));
        OURS_ONLY("core/topic_partition_destroy", "null", rd_kafka_topic_partition_destroy(NULL));
        OURS_ONLY("core/topic_partition_list_copy", "null", pointer("list", rd_kafka_topic_partition_list_copy(NULL)));

        l = rd_kafka_topic_partition_list_new(1);
        CALL("core/topic_partition_list_add", "ok", p = rd_kafka_topic_partition_list_add(l, "b", 1);
             number("offset", p->offset); number("err", p->err); pointer("metadata", p->metadata);
             number("epoch", rd_kafka_topic_partition_get_leader_epoch(p)));
        CALL("core/topic_partition_list_add", "twice", pointer("p", rd_kafka_topic_partition_list_add(l, "b", 1)); list("list", l));
        CALL("core/topic_partition_list_add", "negative", pointer("p", rd_kafka_topic_partition_list_add(l, "b", -5)); list("list", l));
        CALL("core/topic_partition_list_add", "empty-topic", pointer("p", rd_kafka_topic_partition_list_add(l, "", 0)); list("list", l));
        OURS_ONLY("core/topic_partition_list_add", "null-topic", pointer("p", rd_kafka_topic_partition_list_add(l, NULL, 0)));
        CALL("core/topic_partition_list_add_range", "ok", rd_kafka_topic_partition_list_add_range(l, "a", 1, 3); list("list", l));
        CALL("core/topic_partition_list_add_range", "one", rd_kafka_topic_partition_list_add_range(l, "c", 2, 2); list("list", l));
        CALL("core/topic_partition_list_add_range", "down", rd_kafka_topic_partition_list_add_range(l, "d", 3, 1); list("list", l));
        CALL("core/topic_partition_list_find", "ok", p = rd_kafka_topic_partition_list_find(l, "a", 2); pointer("p", p));
        CALL("core/topic_partition_list_find", "unknown", pointer("p", rd_kafka_topic_partition_list_find(l, "a", 9)));
        CALL("core/topic_partition_list_find", "empty-topic", pointer("p", rd_kafka_topic_partition_list_find(l, "", 0)));
        OURS_ONLY("core/topic_partition_list_find", "null-topic", pointer("p", rd_kafka_topic_partition_list_find(l, NULL, 0)));
        CALL("core/topic_partition_list_set_offset", "ok", code(rd_kafka_topic_partition_list_set_offset(l, "a", 2, 42)); list("list", l));
        CALL("core/topic_partition_list_set_offset", "unknown", code(rd_kafka_topic_partition_list_set_offset(l, "a", 9, 42)));
        CALL("core/topic_partition_list_set_offset", "negative", code(rd_kafka_topic_partition_list_set_offset(l, "a", 3, -7)); list("list", l));
        CALL("core/topic_partition_list_sort", "default", rd_kafka_topic_partition_list_sort(l, NULL, NULL); list("list", l));
        CALL("core/topic_partition_list_sort", "own", rd_kafka_topic_partition_list_sort(l, by_partition_down, NULL);
             number("first", l->elems[0].partition));
        rd_kafka_topic_partition_list_sort(l, NULL, NULL);
        CALL("core/topic_partition_list_del", "ok", number("res", rd_kafka_topic_partition_list_del(l, "a", 2)); list("list", l));
        CALL("core/topic_partition_list_del", "gone", number("res", rd_kafka_topic_partition_list_del(l, "a", 2)));
        CALL("core/topic_partition_list_del", "doubled", number("res", rd_kafka_topic_partition_list_del(l, "b", 1)); list("list", l));
        CALL("core/topic_partition_list_del_by_idx", "ok", number("res", rd_kafka_topic_partition_list_del_by_idx(l, 0)); list("list", l));
        CALL("core/topic_partition_list_del_by_idx", "beyond", number("res", rd_kafka_topic_partition_list_del_by_idx(l, 99)));
        CALL("core/topic_partition_list_del_by_idx", "negative", number("res", rd_kafka_topic_partition_list_del_by_idx(l, -1)));
        p = rd_kafka_topic_partition_list_find(l, "a", 1);
        CALL("core/topic_partition_set_leader_epoch", "ok", rd_kafka_topic_partition_set_leader_epoch(p, 7);
             number("epoch", rd_kafka_topic_partition_get_leader_epoch(p)));
        CALL("core/topic_partition_set_leader_epoch", "negative", rd_kafka_topic_partition_set_leader_epoch(p, -9);
             number("epoch", rd_kafka_topic_partition_get_leader_epoch(p)));
        rd_kafka_topic_partition_set_leader_epoch(p, 7);
        CALL("core/topic_partition_list_copy", "epoch", copy = rd_kafka_topic_partition_list_copy(l);
             number("epoch", rd_kafka_topic_partition_get_leader_epoch(rd_kafka_topic_partition_list_find(copy, "a", 1)));
             list("list", copy); rd_kafka_topic_partition_list_destroy(copy));
        OURS_ONLY("core/topic_partition_get_leader_epoch", "null", number("epoch", rd_kafka_topic_partition_get_leader_epoch(NULL)));
        rd_kafka_topic_partition_list_destroy(l);
}

#define VALUE_OUT const void *v = KEPT_P; size_t size = (size_t)KEPT_N

static void headers(void) {
        rd_kafka_headers_t *h = rd_kafka_headers_new(0), *copy;
        CALL("core/header_cnt", "none", number("cnt", (int64_t)rd_kafka_header_cnt(h)));
        CALL("core/header_get_last", "none", VALUE_OUT; code(rd_kafka_header_get_last(h, "a", &v, &size)); out_p("value", v);
             out_n("size", (int64_t)size));
        CALL("core/header_add", "ok", code(rd_kafka_header_add(h, "a", -1, "one", 3)));
        CALL("core/header_add", "same-name", code(rd_kafka_header_add(h, "a", 1, "two", -1)));
        CALL("core/header_add", "null-value", code(rd_kafka_header_add(h, "n", -1, NULL, 0)));
        CALL("core/header_add", "null-value-sized", code(rd_kafka_header_add(h, "n", -1, NULL, 5)));
        CALL("core/header_add", "null-value-measured", code(rd_kafka_header_add(h, "n", -1, NULL, -1)));
        CALL("core/header_add", "empty-value", code(rd_kafka_header_add(h, "e", -1, "", 0)));
        CALL("core/header_add", "empty-name", code(rd_kafka_header_add(h, "", -1, "x", 1)));
        CALL("core/header_add", "name-of-0", code(rd_kafka_header_add(h, "zzz", 0, "x", 1)));
        OURS_ONLY("core/header_add", "null-name", code(rd_kafka_header_add(h, NULL, -1, "x", 1)));
        CALL("core/header_cnt", "some", number("cnt", (int64_t)rd_kafka_header_cnt(h)));
        CALL("core/header_get", "first", VALUE_OUT; code(rd_kafka_header_get(h, 0, "a", &v, &size)); out_p("value", v); out_n("size", (int64_t)size));
        CALL("core/header_get", "second", VALUE_OUT; code(rd_kafka_header_get(h, 1, "a", &v, &size)); out_p("value", v); out_n("size", (int64_t)size));
        CALL("core/header_get", "third", VALUE_OUT; code(rd_kafka_header_get(h, 2, "a", &v, &size)); out_p("value", v); out_n("size", (int64_t)size));
        CALL("core/header_get_last", "ok", VALUE_OUT; code(rd_kafka_header_get_last(h, "a", &v, &size)); word("value", v); out_n("size", (int64_t)size));
        CALL("core/header_get_last", "null-value", VALUE_OUT; code(rd_kafka_header_get_last(h, "n", &v, &size)); out_p("value", v); out_n("size", (int64_t)size));
        CALL("core/header_get_last", "empty-value", VALUE_OUT; code(rd_kafka_header_get_last(h, "e", &v, &size)); out_p("value", v); out_n("size", (int64_t)size));
        CALL("core/header_get_last", "unknown", VALUE_OUT; code(rd_kafka_header_get_last(h, "nosuch", &v, &size)); out_p("value", v); out_n("size", (int64_t)size));
        CALL("core/header_get_last", "empty-name", VALUE_OUT; code(rd_kafka_header_get_last(h, "", &v, &size)); out_p("value", v); out_n("size", (int64_t)size));
        CALL("core/header_get_all", "first", const char *name = KEPT_P; VALUE_OUT; code(rd_kafka_header_get_all(h, 0, &name, &v, &size));
             word("name", name); out_n("size", (int64_t)size));
        CALL("core/header_get_all", "beyond", const char *name = KEPT_P; VALUE_OUT; code(rd_kafka_header_get_all(h, 99, &name, &v, &size));
             out_p("name", name); out_p("value", v); out_n("size", (int64_t)size));
        CALL("core/headers_copy", "ok", copy = rd_kafka_headers_copy(h); number("cnt", (int64_t)rd_kafka_header_cnt(copy));
             rd_kafka_headers_destroy(copy));
        CALL("core/header_remove", "both", code(rd_kafka_header_remove(h, "a")); number("cnt", (int64_t)rd_kafka_header_cnt(h)));
        CALL("core/header_remove", "gone", code(rd_kafka_header_remove(h, "a")));
        CALL("core/header_remove", "empty-name", code(rd_kafka_header_remove(h, "")));
        OURS_ONLY("core/headers_destroy", "null", rd_kafka_headers_destroy(NULL));
        OURS_ONLY("core/headers_copy", "null", pointer("headers", rd_kafka_headers_copy(NULL)));
        rd_kafka_headers_destroy(h);
}

static void made_message(void) {
        rd_kafka_message_t m;
        rd_kafka_headers_t *hdrs;
        rd_kafka_timestamp_type_t type = (rd_kafka_timestamp_type_t)77;
        (void)m;
        (void)hdrs;
        (void)type;
        OURS_ONLY("core/message_timestamp", "null", number("ts", rd_kafka_message_timestamp(NULL, &type)));
        OURS_ONLY("core/message_latency", "null", number("latency", rd_kafka_message_latency(NULL)));
        OURS_ONLY("core/message_status", "null", number("status", rd_kafka_message_status(NULL)));
        OURS_ONLY("core/message_broker_id", "null", number("id", rd_kafka_message_broker_id(NULL)));
        OURS_ONLY("core/message_leader_epoch", "null", number("epoch", rd_kafka_message_leader_epoch(NULL)));
}

void core_lists(void) {
        run.state = "none";
        lists();
        headers();
        made_message();
}
