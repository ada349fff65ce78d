/* Core: what needs no instance: versions, codes, errors, configurations, headers, messages and events that are NULL. */
#include "report.h"

static void codes(void) {
        static const int some[] = {-200, -199, -172, -137, -136, -100, -99, -1, 0, 1, 99, 130, 132, 133, 200, 1000};
        const struct rd_kafka_err_desc *descs = KEPT_P;
        size_t cnt                            = (size_t)KEPT_N, i;
        char arg[32];
        for (i = 0; i < sizeof(some) / sizeof(*some); i++) {
                snprintf(arg, sizeof(arg), "%d", some[i]);
                CALL("core/err2name", arg, word("name", rd_kafka_err2name(some[i])));
                CALL("core/err2str", arg, text("text", rd_kafka_err2str(some[i])));
        }
        CALL("core/get_err_descs", "ok", rd_kafka_get_err_descs(&descs, &cnt); out_p("descs", descs);
             number("positive", cnt > 0 && cnt < 1000));
        CALL("core/errno2err", "0", code(rd_kafka_errno2err(0)));
        CALL("core/errno2err", "EINVAL", code(rd_kafka_errno2err(22)));
        CALL("core/errno2err", "EBUSY", code(rd_kafka_errno2err(16)));
        CALL("core/errno2err", "ENOENT", code(rd_kafka_errno2err(2)));
        CALL("core/errno2err", "ESRCH", code(rd_kafka_errno2err(3)));
        CALL("core/errno2err", "ETIMEDOUT", code(rd_kafka_errno2err(110)));
        CALL("core/errno2err", "EMSGSIZE", code(rd_kafka_errno2err(90)));
        CALL("core/errno2err", "ENOBUFS", code(rd_kafka_errno2err(105)));
        CALL("core/errno2err", "ECANCELED", code(rd_kafka_errno2err(125)));
        CALL("core/errno2err", "unknown", code(rd_kafka_errno2err(9999)));
        CALL("core/errno2err", "negative", code(rd_kafka_errno2err(-1)));
        CALL("core/version_str", "ok", text("text", rd_kafka_version_str()));
        CALL("core/get_debug_contexts", "ok", text("text", rd_kafka_get_debug_contexts()));
        CALL("core/thread_cnt", "ok", number("cnt", rd_kafka_thread_cnt()));
        CALL("core/wait_destroyed", "none", number("left", rd_kafka_wait_destroyed(0)));
}

static void errors(void) {
        rd_kafka_error_t *e;
        CALL("core/error_code", "null", code(rd_kafka_error_code(NULL)));
        CALL("core/error_name", "null", word("name", rd_kafka_error_name(NULL)));
        CALL("core/error_string", "null", text("text", rd_kafka_error_string(NULL)));
        CALL("core/error_is_fatal", "null", number("is", rd_kafka_error_is_fatal(NULL)));
        CALL("core/error_is_retriable", "null", number("is", rd_kafka_error_is_retriable(NULL)));
        CALL("core/error_txn_requires_abort", "null", number("is", rd_kafka_error_txn_requires_abort(NULL)));
        CALL("core/error_destroy", "null", rd_kafka_error_destroy(NULL));
        CALL("core/error_new", "formatted", e = rd_kafka_error_new(RD_KAFKA_RESP_ERR__STATE, "%s-%d", "a", 7);
             word("text", rd_kafka_error_string(e)); error(e));
        CALL("core/error_new", "no-format", e = rd_kafka_error_new(RD_KAFKA_RESP_ERR__STATE, NULL);
             word("text", rd_kafka_error_string(e)); error(e));
        CALL("core/error_new", "empty-format", e = rd_kafka_error_new(RD_KAFKA_RESP_ERR__STATE, "%s", "");
             word("text", rd_kafka_error_string(e)); error(e));
        CALL("core/error_new", "no-error", e = rd_kafka_error_new(RD_KAFKA_RESP_ERR_NO_ERROR, "%s", "x"); error(e));
        CALL("core/error_new", "unknown-code", e = rd_kafka_error_new((rd_kafka_resp_err_t)-9999, "%s", "x");
             word("name", rd_kafka_error_name(e)); rd_kafka_error_destroy(e));
}

static void set(rd_kafka_conf_t *conf, const char *argument, const char *name, const char *value, size_t size) {
        char errstr[512];
        CALL("core/conf_set", argument, strcpy(errstr, KEPT_TEXT);
             number("res", rd_kafka_conf_set(conf, name, value, size ? errstr : NULL, size)); out_text("errstr", errstr));
}

static void topic_set(rd_kafka_topic_conf_t *conf, const char *argument, const char *name, const char *value) {
        char errstr[512];
        CALL("core/topic_conf_set", argument, strcpy(errstr, KEPT_TEXT);
             number("res", rd_kafka_topic_conf_set(conf, name, value, errstr, sizeof(errstr))); out_text("errstr", errstr));
}

static void get(const rd_kafka_conf_t *conf, const char *argument, const char *name, size_t room) {
        char dest[512];
        size_t size;
        CALL("core/conf_get", argument, strcpy(dest, KEPT_TEXT); size = room;
             number("res", rd_kafka_conf_get(conf, name, dest, &size)); number("size", (int64_t)size); word("dest", dest));
        CALL("core/conf_get", argument, size = (size_t)KEPT_N; number("res", rd_kafka_conf_get(conf, name, NULL, &size));
             out_n("size", (int64_t)size));
}

static void topic_get(const rd_kafka_topic_conf_t *conf, const char *argument, const char *name, size_t room) {
        char dest[512];
        size_t size;
        CALL("core/topic_conf_get", argument, strcpy(dest, KEPT_TEXT); size = room;
             number("res", rd_kafka_topic_conf_get(conf, name, dest, &size)); number("size", (int64_t)size);
             word("dest", dest));
}

static void configurations(void) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new(), *copy = NULL;
        rd_kafka_topic_conf_t *tconf = rd_kafka_topic_conf_new(), *tcopy;
        const char *filter[] = {"client.id"}, **dump;
        size_t cnt, i;
        set(conf, "ok", "client.id", "abc", 512);
        set(conf, "null-value", "client.id", NULL, 512);
        set(conf, "empty-value", "client.id", "", 512);
        set(conf, "null-value-of-number", "linger.ms", NULL, 512);
        set(conf, "empty-value-of-number", "linger.ms", "", 512);
        set(conf, "number-with-space", "linger.ms", " 5", 512);
        set(conf, "number-with-tail", "linger.ms", "5x", 512);
        set(conf, "hex", "linger.ms", "0x10", 512);
        set(conf, "beyond", "linger.ms", "900001", 512);
        set(conf, "below", "linger.ms", "-1", 512);
        set(conf, "unknown", "no.such", "1", 512);
        set(conf, "unknown-no-room", "no.such", "1", 0);
        set(conf, "unknown-room-of-1", "no.such", "1", 1);
        set(conf, "empty-name", "", "1", 512);
        set(conf, "blank-name", " linger.ms", "1", 512);
        set(conf, "upper-case-name", "LINGER.MS", "1", 512);
        set(conf, "bool-upper", "enable.auto.commit", "TRUE", 512);
        set(conf, "bool-t", "enable.auto.commit", "t", 512);
        set(conf, "bool-1", "enable.auto.commit", "1", 512);
        set(conf, "bool-2", "enable.auto.commit", "2", 512);
        set(conf, "bool-null", "enable.auto.commit", NULL, 512);
        set(conf, "enum-case", "compression.codec", "GZIP", 512);
        set(conf, "enum-null", "compression.codec", NULL, 512);
        set(conf, "flags", "debug", "cgrp,broker", 512);
        set(conf, "flags-empty", "debug", "", 512);
        set(conf, "flags-unknown", "debug", "cgrp,nosuch", 512);
        set(conf, "topic-property", "acks", "1", 512);
        set(conf, "topic-property-wrong", "acks", "zz", 512);
        set(conf, "callback", "error_cb", "1", 512);
        set(conf, "pattern-wrong", "topic.blacklist", "^[", 512);
        OURS_ONLY("core/conf_set", "null-name", number("res", rd_kafka_conf_set(conf, NULL, "1", NULL, 0)));
        get(conf, "ok", "client.id", 512);
        get(conf, "small", "linger.ms", 2);
        get(conf, "room-of-1", "linger.ms", 1);
        get(conf, "unknown", "no.such", 512);
        get(conf, "empty-name", "", 512);
        get(conf, "unset", "group.id", 512);
        get(conf, "callback", "error_cb", 512);
        get(conf, "flags", "debug", 512);
        get(conf, "alias", "bootstrap.servers", 512);
        get(conf, "topic-property", "acks", 512);
        CALL("core/conf_dup", "ok", copy = rd_kafka_conf_dup(conf); pointer("conf", copy));
        get(copy, "of-dup", "client.id", 512);
        rd_kafka_conf_destroy(copy);
        CALL("core/conf_dup_filter", "ok", copy = rd_kafka_conf_dup_filter(conf, 1, filter); pointer("conf", copy));
        get(copy, "of-dup-filter", "client.id", 512);
        rd_kafka_conf_destroy(copy);
        CALL("core/conf_dup_filter", "none", copy = rd_kafka_conf_dup_filter(conf, 0, NULL); pointer("conf", copy);
             rd_kafka_conf_destroy(copy));
        CALL("core/conf_dump", "ok", cnt = 0; dump = rd_kafka_conf_dump(conf, &cnt); pointer("dump", dump);
             number("even", cnt && cnt % 2 == 0); for (i = 0; i < cnt; i++) if (!dump[i]) told("hole");
             rd_kafka_conf_dump_free(dump, cnt));
        CALL("core/conf_get_default_topic_conf", "unset", copy = rd_kafka_conf_new();
             pointer("conf", rd_kafka_conf_get_default_topic_conf(copy)); rd_kafka_conf_destroy(copy));
        CALL("core/conf_get_default_topic_conf", "set", copy = rd_kafka_conf_new();
             rd_kafka_conf_set_default_topic_conf(copy, rd_kafka_topic_conf_new());
             pointer("conf", rd_kafka_conf_get_default_topic_conf(copy)); rd_kafka_conf_destroy(copy));
        topic_set(tconf, "ok", "acks", "1");
        topic_set(tconf, "all", "acks", "all");
        topic_set(tconf, "null-value", "acks", NULL);
        topic_set(tconf, "global-property", "linger.ms", "1");
        topic_set(tconf, "unknown", "no.such", "1");
        topic_set(tconf, "empty-name", "", "1");
        topic_set(tconf, "beyond", "acks", "1001");
        topic_set(tconf, "alias", "delivery.timeout.ms", "1000");
        topic_get(tconf, "ok", "acks", 512);
        topic_get(tconf, "unknown", "no.such", 512);
        topic_get(tconf, "alias", "delivery.timeout.ms", 512);
        topic_get(tconf, "callback", "partitioner_cb", 512);
        CALL("core/topic_conf_dup", "ok", tcopy = rd_kafka_topic_conf_dup(tconf); pointer("conf", tcopy);
             rd_kafka_topic_conf_destroy(tcopy));
        CALL("core/topic_conf_dump", "ok", cnt = 0; dump = rd_kafka_topic_conf_dump(tconf, &cnt); pointer("dump", dump);
             number("even", cnt && cnt % 2 == 0); rd_kafka_conf_dump_free(dump, cnt));
        OURS_ONLY("core/conf_destroy", "null", rd_kafka_conf_destroy(NULL));
        OURS_ONLY("core/topic_conf_destroy", "null", rd_kafka_topic_conf_destroy(NULL));
        rd_kafka_topic_conf_destroy(tconf);
        rd_kafka_conf_destroy(conf);
}

static void refuse(rd_kafka_type_t type, const char *argument, const char *name, const char *value, const char *name2,
                   const char *value2) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char errstr[512]      = KEPT_TEXT;
        rd_kafka_t *rk;
        rd_kafka_conf_set(conf, name, value, NULL, 0);
        if (name2)
                rd_kafka_conf_set(conf, name2, value2, NULL, 0);
        CALL("core/new", argument, rk = rd_kafka_new(type, conf, errstr, sizeof(errstr)); pointer("rk", rk);
             out_text("errstr", errstr); code(rd_kafka_last_error()); if (rk) rd_kafka_destroy(rk);
             else rd_kafka_conf_destroy(conf));
}

static void instances(void) {
        char errstr[64] = KEPT_TEXT;
        rd_kafka_t *rk;
        CALL("core/new", "consumer-without-conf", rk = rd_kafka_new(RD_KAFKA_CONSUMER, NULL, errstr, sizeof(errstr));
             pointer("rk", rk); out_text("errstr", errstr); if (rk) rd_kafka_destroy(rk));
        CALL("core/new", "producer-without-conf", rk = rd_kafka_new(RD_KAFKA_PRODUCER, NULL, NULL, 0); pointer("rk", rk);
             if (rk) rd_kafka_destroy(rk));
        refuse(RD_KAFKA_PRODUCER, "idempotence-and-acks", "enable.idempotence", "true", "acks", "1");
        refuse(RD_KAFKA_PRODUCER, "idempotence-and-in-flight", "enable.idempotence", "true", "max.in.flight", "6");
        refuse(RD_KAFKA_PRODUCER, "gapless-without-idempotence", "enable.gapless.guarantee", "true", NULL, NULL);
        refuse(RD_KAFKA_CONSUMER, "poll-below-session", "max.poll.interval.ms", "1000", "session.timeout.ms", "6000");
        refuse(RD_KAFKA_CONSUMER, "unknown-assignor", "partition.assignment.strategy", "nosuch", NULL, NULL);
        refuse(RD_KAFKA_CONSUMER, "eager-and-cooperative", "partition.assignment.strategy", "range,cooperative-sticky", NULL, NULL);
        refuse(RD_KAFKA_CONSUMER, "fetch-max-and-message-max", "fetch.max.bytes", "1000", "message.max.bytes", "2000");
        refuse(RD_KAFKA_CONSUMER, "queued-min-of-producer", "queue.buffering.max.kbytes", "1", NULL, NULL);
        CALL("core/thread_cnt", "after", number("cnt", rd_kafka_thread_cnt()));
}

static void messages_and_events(void) {
        rd_kafka_message_t m = {0};
        rd_kafka_headers_t *hdrs;
        const char *fac, *str;
        int level;
        const rd_kafka_message_t *array[1];
        rd_kafka_timestamp_type_t type = (rd_kafka_timestamp_type_t)KEPT_N;
        (void)m;
        (void)type;
        OURS_ONLY("core/message_destroy", "null", rd_kafka_message_destroy(NULL));
        OURS_ONLY("core/message_headers", "null", hdrs = KEPT_P; code(rd_kafka_message_headers(NULL, &hdrs)); out_p("hdrs", hdrs));
        OURS_ONLY("core/message_errstr", "null", text("text", rd_kafka_message_errstr(NULL)));
        CALL("core/event_type", "null", number("type", rd_kafka_event_type(NULL)));
        CALL("core/event_name", "null", word("name", rd_kafka_event_name(NULL)));
        CALL("core/event_destroy", "null", rd_kafka_event_destroy(NULL));
        OURS_ONLY("core/event_message_next", "null", pointer("message", rd_kafka_event_message_next(NULL)));
        OURS_ONLY("core/event_message_count", "null", number("cnt", (int64_t)rd_kafka_event_message_count(NULL)));
        OURS_ONLY("core/event_message_array", "null", number("cnt", (int64_t)rd_kafka_event_message_array(NULL, array, 1)));
        OURS_ONLY("core/event_error", "null", code(rd_kafka_event_error(NULL)));
        OURS_ONLY("core/event_log", "null", fac = str = KEPT_P; level = (int)KEPT_N; number("res", rd_kafka_event_log(NULL, &fac, &str, &level)); out_p("fac", fac));
        OURS_ONLY("core/mem_free", "null", rd_kafka_mem_free(NULL, NULL));
        CALL("core/mem_malloc", "no-instance", void *p = rd_kafka_mem_malloc(NULL, 8); pointer("p", p); rd_kafka_mem_free(NULL, p));
        CALL("core/mem_calloc", "no-instance", void *p = rd_kafka_mem_calloc(NULL, 2, 8); pointer("p", p); rd_kafka_mem_free(NULL, p));
        CALL("group/consumer_group_state_name", "unknown-value", word("name", rd_kafka_consumer_group_state_name(99)));
        CALL("group/consumer_group_state_name", "negative", word("name", rd_kafka_consumer_group_state_name(-1)));
        CALL("group/consumer_group_state_name", "stable", word("name", rd_kafka_consumer_group_state_name(RD_KAFKA_CONSUMER_GROUP_STATE_STABLE)));
        CALL("group/consumer_group_state_code", "stable", number("code", rd_kafka_consumer_group_state_code("stable")));
        CALL("group/consumer_group_state_code", "unknown", number("code", rd_kafka_consumer_group_state_code("nosuch")));
        CALL("group/consumer_group_state_code", "empty", number("code", rd_kafka_consumer_group_state_code("")));
        CALL("group/consumer_group_type_name", "unknown-value", word("name", rd_kafka_consumer_group_type_name(99)));
        CALL("group/consumer_group_type_name", "classic", word("name", rd_kafka_consumer_group_type_name(RD_KAFKA_CONSUMER_GROUP_TYPE_CLASSIC)));
        CALL("group/consumer_group_type_code", "consumer", number("code", rd_kafka_consumer_group_type_code("CONSUMER")));
        CALL("group/consumer_group_type_code", "unknown", number("code", rd_kafka_consumer_group_type_code("nosuch")));
}

void core_objects(void) {
        run.state = "none";
        codes();
        errors();
        configurations();
        instances();
        messages_and_events();
}
