/*
 * The states, and the order of the calls in each: calls SUBJECT, one process for each subject.
 *
 * none      no instance                       nobroker  nothing listens at its servers, so that none was ever up
 * up        connected                         assigned  by assign(), a message was read
 * member    of a group, with an assignment    closing   between consumer_close_queue() and the answer to the revocation
 * closed    after consumer_close()            fatal     after rd_kafka_test_fatal_error()
 * producer, consumer, nogroup                 the instance is of the other type, or has no group.id
 * forked-...                                  in a child of the process that made the instance (forked.c)
 */
#include "report.h"

#include <stdarg.h>
#include <unistd.h>

#include "states.h"

static void quiet(const rd_kafka_t *rk, int level, const char *fac, const char *buf) {
        if (getenv("T_VERBOSE"))
                rd_kafka_log_print(rk, level, fac, buf);
}

rd_kafka_t *instance(rd_kafka_type_t type, const char *servers, ...) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char errstr[256];
        const char *name;
        rd_kafka_t *rk;
        va_list ap;
        rd_kafka_conf_set_log_cb(conf, quiet);
        rd_kafka_conf_set(conf, "bootstrap.servers", servers, NULL, 0);
        va_start(ap, servers);
        while ((name = va_arg(ap, const char *)))
                if (rd_kafka_conf_set(conf, name, va_arg(ap, const char *), errstr, sizeof(errstr)))
                        fprintf(stderr, "%s: %s\n", name, errstr), exit(2);
        va_end(ap);
        rk = rd_kafka_new(type, conf, errstr, sizeof(errstr));
        if (!rk)
                fprintf(stderr, "rd_kafka_new: %s\n", errstr), exit(2);
        if (servers != (const char *)NOWHERE && strcmp(servers, NOWHERE)) {
                const struct rd_kafka_metadata *md;
                if (rd_kafka_metadata(rk, 1, NULL, &md, 20000))
                        fprintf(stderr, "no metadata from %s\n", servers), exit(2);
                rd_kafka_metadata_destroy(md);
        }
        return rk;
}

static rd_kafka_t *consumer(const char *servers) {
        rd_kafka_t *rk = instance(RD_KAFKA_CONSUMER, servers, "group.id", fresh("group"), "auto.offset.reset", "earliest",
                                  "enable.auto.commit", "false", "enable.auto.offset.store", "false", NULL);
        rd_kafka_poll_set_consumer(rk);
        return rk;
}

static void read_messages(rd_kafka_t *rk, int cnt) {
        int64_t until = now_ms() + 30000;
        while (cnt && now_ms() < until) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 200);
                if (m) {
                        cnt -= !m->err;
                        rd_kafka_message_destroy(m);
                }
        }
        if (cnt)
                fprintf(stderr, "no message\n"), exit(2);
}

rd_kafka_t *consumer_assigned(void) {
        rd_kafka_t *rk                     = consumer(run.servers);
        rd_kafka_topic_partition_list_t *l = parts(run.full, 0, 2, 0);
        l->elems[1].offset = RD_KAFKA_OFFSET_END;
        rd_kafka_assign(rk, l);
        rd_kafka_topic_partition_list_destroy(l);
        read_messages(rk, 5);
        return rk;
}

static void join(rd_kafka_t *rk) {
        rd_kafka_topic_partition_list_t *l = parts(run.full, -1, 1, -1001);
        rd_kafka_subscribe(rk, l);
        rd_kafka_topic_partition_list_destroy(l);
}

rd_kafka_t *consumer_member(void) {
        rd_kafka_t *rk = consumer(run.servers);
        join(rk);
        read_messages(rk, 20);
        return rk;
}

/* A producer that knows the topic. */
static rd_kafka_t *producer(const char *name, const char *value) {
        rd_kafka_t *rk = instance(RD_KAFKA_PRODUCER, run.servers, name, value, NULL);
        rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(run.full), RD_KAFKA_V_VALUE("hello", 5), RD_KAFKA_V_END);
        if (rd_kafka_flush(rk, 30000))
                fprintf(stderr, "no delivery\n"), exit(2);
        return rk;
}

/* The event of a rebalance, not answered. */
static rd_kafka_event_t *rebalance(rd_kafka_queue_t *q, rd_kafka_resp_err_t what) {
        int64_t until = now_ms() + 30000;
        while (now_ms() < until) {
                rd_kafka_event_t *ev = rd_kafka_queue_poll(q, 200);
                if (ev && rd_kafka_event_type(ev) == RD_KAFKA_EVENT_REBALANCE && rd_kafka_event_error(ev) == what)
                        return ev;
                rd_kafka_event_destroy(ev);
        }
        fprintf(stderr, "no rebalance\n");
        exit(2);
}

rd_kafka_t *consumer_closing(struct closing *closing) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_event_t *ev;
        rd_kafka_t *rk;
        rd_kafka_conf_set_log_cb(conf, quiet);
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE);
        rd_kafka_conf_set(conf, "bootstrap.servers", run.servers, NULL, 0);
        rd_kafka_conf_set(conf, "group.id", fresh("closing"), NULL, 0);
        rd_kafka_conf_set(conf, "enable.auto.commit", "false", NULL, 0);
        rd_kafka_conf_set(conf, "enable.auto.offset.store", "false", NULL, 0);
        rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
        rd_kafka_poll_set_consumer(rk);
        closing->queue = rd_kafka_queue_get_consumer(rk);
        join(rk);
        ev = rebalance(closing->queue, RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS);
        rd_kafka_assign(rk, rd_kafka_event_topic_partition_list(ev));
        rd_kafka_event_destroy(ev);
        rd_kafka_error_destroy(rd_kafka_consumer_close_queue(rk, closing->queue));
        closing->revoke = rebalance(closing->queue, RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS);
        return rk;
}

static void closing_end(rd_kafka_t *rk, struct closing *closing) {
        rd_kafka_assign(rk, NULL);
        rd_kafka_event_destroy(closing->revoke);
        rd_kafka_queue_destroy(closing->queue);
        rd_kafka_destroy(rk);
}

static void seed(void) {
        rd_kafka_t *rk = instance(RD_KAFKA_PRODUCER, run.servers, NULL);
        int p, i;
        for (p = 0; p < 4; p++)
                for (i = 0; i < 5; i++)
                        rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(run.full), RD_KAFKA_V_PARTITION(p), RD_KAFKA_V_VALUE("hello", 5),
                                          RD_KAFKA_V_END);
        if (rd_kafka_flush(rk, 30000))
                fprintf(stderr, "no delivery\n"), exit(2);
        rd_kafka_destroy(rk);
}

/*
 * Waits until the broker has made the topic of offsets and loaded all of it: before that rd_kafka_list_groups() is refused with
 * COORDINATOR_LOAD_IN_PROGRESS, in whichever run comes first.
 */
static void coordinator_loaded(void) {
        rd_kafka_t *rk                         = consumer(run.servers);
        rd_kafka_topic_partition_list_t *asked = rd_kafka_topic_partition_list_new(1);
        const struct rd_kafka_group_list *groups;
        rd_kafka_resp_err_t err;
        int tries;
        rd_kafka_topic_partition_list_add(asked, run.full, 0);
        for (tries = 0;; tries++) {
                err = rd_kafka_committed(rk, asked, 5000);
                if (!err)
                        err = rd_kafka_list_groups(rk, NULL, &groups, 5000);
                if (!err)
                        break;
                if (tries == 600)
                        fprintf(stderr, "the coordinator does not load: %s\n", rd_kafka_err2name(err)), exit(2);
                usleep(200000);
        }
        rd_kafka_group_list_destroy(groups);
        rd_kafka_topic_partition_list_destroy(asked);
        rd_kafka_destroy(rk);
}

static void cluster(void) {
        const char *bootstrap = getenv("BOOTSTRAP");
        snprintf(run.prefix, sizeof(run.prefix), "calls-%lx-%x-", (long)time(NULL), (unsigned)getpid());
        snprintf(run.full, sizeof(run.full), "%sfull", run.prefix);
        snprintf(run.empty, sizeof(run.empty), "%sempty", run.prefix);
        snprintf(run.servers, sizeof(run.servers), "%s", bootstrap ? bootstrap : "127.0.0.1:9092");
        kafka_topic(run.servers, run.full, 4);
        kafka_topic(run.servers, run.empty, 1);
        seed();
        coordinator_loaded();
}

/* Every subject in the states that mean something to it. */

static void core(void) {
        rd_kafka_t *rk;
        core_objects();
        core_lists();
        run.state = "nobroker";
        rk        = consumer(NOWHERE);
        core_queues(rk);
        rd_kafka_destroy(rk);
        run.state = "up-producer";
        rk        = instance(RD_KAFKA_PRODUCER, run.servers, NULL);
        core_instance(rk);
        core_queues(rk);
        rd_kafka_destroy(rk);
        run.state = "up-consumer";
        rk        = consumer(run.servers);
        core_instance(rk);
        core_queues(rk);
        run.state = "closed";
        rd_kafka_consumer_close(rk);
        core_instance(rk);
        core_queues(rk);
        rd_kafka_destroy(rk);
}

/* A static member, which a fatal error ends. */
static rd_kafka_t *static_member(void) {
        rd_kafka_t *rk = instance(RD_KAFKA_CONSUMER, run.servers, "group.id", fresh("static"), "group.instance.id", "one",
                                  "enable.auto.commit", "false", NULL);
        rd_kafka_poll_set_consumer(rk);
        return rk;
}

static void test_fatal(rd_kafka_t *rk) {
        run.state = "fatal";
        CALL("core/test_fatal_error", "ok", code(rd_kafka_test_fatal_error(rk, RD_KAFKA_RESP_ERR__FENCED, "for a test")));
        CALL("core/test_fatal_error", "twice", code(rd_kafka_test_fatal_error(rk, RD_KAFKA_RESP_ERR__STATE, "again")));
        CALL("core/fatal_error", "code", char errstr[64] = KEPT_TEXT; code(rd_kafka_fatal_error(rk, errstr, sizeof(errstr)));
             out_text("errstr", errstr));
}

static void producers(void) {
        rd_kafka_t *rk;
        run.state = "nobroker";
        rk        = instance(RD_KAFKA_PRODUCER, NOWHERE, NULL);
        producer_calls(rk);
        rd_kafka_destroy(rk);
        run.state = "up";
        rk        = producer("message.timeout.ms", "5000");
        producer_calls(rk);
        producer_topics(rk);
        rd_kafka_destroy(rk);
        rk = producer("message.timeout.ms", "5000");
        test_fatal(rk);
        producer_calls(rk);
        rd_kafka_destroy(rk);
        rk = producer("enable.idempotence", "true");
        test_fatal(rk);
        run.state = "fatal-idempotent";
        producer_calls(rk);
        rd_kafka_destroy(rk);
        run.state = "consumer";
        rk        = consumer(run.servers);
        producer_calls(rk);
        rd_kafka_destroy(rk);
}

static void on(rd_kafka_t *rk, const char *state, void (*calls)(rd_kafka_t *)) {
        run.state = state;
        calls(rk);
        rd_kafka_destroy(rk);
}

static void consumers(void) {
        rd_kafka_t *rk = consumer(run.servers);
        struct closing closing;
        on(consumer_assigned(), "assigned", consumer_calls);
        on(consumer_member(), "member", consumer_calls);
        on(instance(RD_KAFKA_PRODUCER, run.servers, NULL), "producer", consumer_calls);
        on(instance(RD_KAFKA_PRODUCER, run.servers, NULL), "producer", consumer_topics);
        on(instance(RD_KAFKA_CONSUMER, run.servers, NULL), "nogroup", consumer_topics);
        on(instance(RD_KAFKA_CONSUMER, NOWHERE, NULL), "nobroker", consumer_topics);
        run.state = "up";
        consumer_calls(rk);
        rd_kafka_consumer_close(rk);
        on(rk, "closed", consumer_calls);
        on(consumer(run.servers), "up", consumer_topics);
        rk = consumer(run.servers);
        rd_kafka_consumer_close(rk);
        on(rk, "closed", consumer_topics);
        rk        = consumer_closing(&closing);
        run.state = "closing";
        consumer_calls(rk);
        closing_end(rk, &closing);
}

static void whole_group(rd_kafka_t *rk) {
        group_reads(rk);
        group_commits(rk);
        group_changes(rk);
        group_close(rk);
}

/* A subscription that nothing matches is told by an error in the place of a message. */
static void unmatched(const char *argument, const char *topic) {
        rd_kafka_t *rk                     = consumer(run.servers);
        rd_kafka_topic_partition_list_t *l = parts(topic, -1, 1, -1001);
        run.state                          = "unmatched";
        rd_kafka_subscribe(rk, l);
        CALL("consumer/consumer_poll", argument, message(rd_kafka_consumer_poll(rk, 4000)));
        CALL("consumer/consumer_poll", argument, message(rd_kafka_consumer_poll(rk, 200)));
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_destroy(rk);
}

static void groups(void) {
        rd_kafka_t *rk;
        struct closing closing;
        on(consumer(run.servers), "up", whole_group);
        on(consumer_assigned(), "assigned", whole_group);
        on(consumer_member(), "member", whole_group);
        on(instance(RD_KAFKA_PRODUCER, run.servers, NULL), "producer", whole_group);
        on(instance(RD_KAFKA_CONSUMER, run.servers, NULL), "nogroup", whole_group);
        rk = consumer(run.servers);
        rd_kafka_consumer_close(rk);
        on(rk, "closed", whole_group);
        rk = consumer(run.servers);
        test_fatal(rk);
        whole_group(rk);
        /* librdkafka's never ends: the consumer's group does not leave after a fatal error. */
        if (!run.upstream)
                rd_kafka_destroy(rk);
        rk = static_member();
        test_fatal(rk);
        run.state = "fatal-static";
        whole_group(rk);
        if (!run.upstream)
                rd_kafka_destroy(rk);
        rk        = consumer_closing(&closing);
        run.state = "closing";
        group_reads(rk);
        group_commits(rk);
        group_changes(rk);
        closing_end(rk, &closing);
        unmatched("pattern", "^no-such-topic-of-this-name$");
        unmatched("name", "no-such-topic-of-this-name");
        rk        = consumer(NOWHERE);
        run.state = "nobroker";
        group_changes(rk);
        group_close(rk);
        rd_kafka_destroy(rk);
}

int main(int argc, char **argv) {
        const char *lib = getenv("T_LIB");
        run.upstream    = lib && !strcmp(lib, "upstream");
        setvbuf(stdout, NULL, _IOLBF, 0);
        if (argc != 2)
                return 2;
        cluster();
        if (!strcmp(argv[1], "core"))
                core();
        else if (!strcmp(argv[1], "producer"))
                producers();
        else if (!strcmp(argv[1], "consumer"))
                consumers();
        else if (!strcmp(argv[1], "group"))
                groups();
        else if (!strcmp(argv[1], "forked"))
                forked();
        else
                return 2;
        return 0;
}
