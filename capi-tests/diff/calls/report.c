/* How calls are told, and the small things that every subject needs. */
#include "report.h"

#include <stdarg.h>

struct run run = {.state = "none"};

int begin(const char *function, const char *argument, int ours_only) {
        if (ours_only && run.upstream)
                return 0;
        if (!forked_begin())
                return 0;
        printf("%s/%s/%s\t%s", function, run.state, argument, ours_only ? "ours-only" : "");
        fflush(stdout);
        return 1;
}

void end(void) {
        printf("\n");
        fflush(stdout);
        forked_end();
}

void told(const char *fmt, ...) {
        va_list ap;
        printf(" ");
        va_start(ap, fmt);
        vprintf(fmt, ap);
        va_end(ap);
}

void code(rd_kafka_resp_err_t err) {
        told("code=%s", rd_kafka_err2name(err));
}

/* Which kind of text this is: an error's description has a beginning that programs look for. */
static const char *kind(const char *s) {
        if (!s)
                return "NULL";
        if (!*s)
                return "empty";
        if (!strcmp(s, KEPT_TEXT))
                return "kept";
        if (!strncmp(s, "Local: ", 7))
                return "Local:";
        if (!strncmp(s, "Broker: ", 8))
                return "Broker:";
        return "text";
}

void text(const char *name, const char *s) {
        told("%s=%s", name, kind(s));
}

void out_text(const char *name, const char *buf) {
        told("%s=%s", name, kind(buf));
}

/* A text that is the interface: its words count. */
void word(const char *name, const char *s) {
        told("%s=%s", name, s ? *s ? s : "empty" : "NULL");
}

void error(rd_kafka_error_t *e) {
        if (!e) {
                told("error=NULL");
                return;
        }
        code(rd_kafka_error_code(e));
        text("text", rd_kafka_error_string(e));
        if (rd_kafka_error_is_fatal(e))
                told("fatal");
        if (rd_kafka_error_is_retriable(e))
                told("retriable");
        if (rd_kafka_error_txn_requires_abort(e))
                told("abort");
        rd_kafka_error_destroy(e);
}

void number(const char *name, int64_t n) {
        told("%s=%" PRId64, name, n);
}

void pointer(const char *name, const void *p) {
        told("%s=%s", name, p ? "set" : "NULL");
}

void out_n(const char *name, int64_t n) {
        if (n == KEPT_N)
                told("%s=kept", name);
        else
                number(name, n);
}

void out_p(const char *name, const void *p) {
        if (p == KEPT_P)
                told("%s=kept", name);
        else
                pointer(name, p);
}

/* Topics of this run have names of their own; the lines of two runs have the same for them. */
static const char *topic_name(const char *topic) {
        if (!topic)
                return "NULL";
        if (!strcmp(topic, run.full))
                return "full";
        if (!strcmp(topic, run.empty))
                return "empty";
        if (!strncmp(topic, run.prefix, strlen(run.prefix)))
                return "fresh";
        return topic;
}

void list(const char *name, const rd_kafka_topic_partition_list_t *l) {
        int i;
        if (!l || l == KEPT_P) {
                out_p(name, l);
                return;
        }
        told("%s=(", name);
        for (i = 0; i < l->cnt; i++) {
                const rd_kafka_topic_partition_t *p = &l->elems[i];
                printf("%s%s[%" PRId32 "]", i ? "," : "", topic_name(p->topic), p->partition);
                if (p->offset != RD_KAFKA_OFFSET_INVALID)
                        printf("@%" PRId64, p->offset);
                if (p->err)
                        printf("!%s", rd_kafka_err2name(p->err));
                if (p->metadata_size)
                        printf("+%d", (int)p->metadata_size);
        }
        printf(")");
}

void message(rd_kafka_message_t *m) {
        if (!m) {
                told("message=NULL");
                return;
        }
        code(m->err);
        told("topic=%s partition=%" PRId32, m->rkt ? topic_name(rd_kafka_topic_name(m->rkt)) : "NULL", m->partition);
        rd_kafka_message_destroy(m);
}

void event(rd_kafka_event_t *ev) {
        word("event", rd_kafka_event_name(ev));
        if (ev) {
                code(rd_kafka_event_error(ev));
                rd_kafka_event_destroy(ev);
        }
}

int64_t now_ms(void) {
        struct timespec ts;
        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

const char *fresh(const char *what) {
        static char names[8][128];
        static int next;
        char *name = names[next % 8];
        snprintf(name, sizeof(names[0]), "%s%s-%d", run.prefix, what, next++);
        return name;
}

rd_kafka_topic_partition_list_t *parts(const char *topic, int first, int cnt, int64_t offset) {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(cnt);
        int i;
        for (i = 0; i < cnt; i++)
                rd_kafka_topic_partition_list_add(l, topic, first + i)->offset = offset;
        return l;
}
