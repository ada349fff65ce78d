/* group.protocol=consumer: the coordinator assigns (KIP-848), on a Kafka that has it. */
#include <sys/resource.h>

#include "client.h"

struct member {
        rd_kafka_t *rk;
        int assigns, revokes, lost, held, errors, messages;
        rd_kafka_resp_err_t error;
        int tries_assign; /* Answers with rd_kafka_assign() first. */
        rd_kafka_resp_err_t assign_err;
};

static void rebalance_cb(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts, void *opaque) {
        struct member *m        = opaque;
        rd_kafka_error_t *error = NULL;
        CHECK(!strcmp(rd_kafka_rebalance_protocol(rk), "COOPERATIVE"), "protocol %s", rd_kafka_rebalance_protocol(rk));
        if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
                m->assigns++;
                m->held += parts->cnt;
                if (m->tries_assign)
                        m->assign_err = rd_kafka_assign(rk, parts);
                error = rd_kafka_incremental_assign(rk, parts);
        } else {
                m->revokes++;
                m->lost += rd_kafka_assignment_lost(rk);
                m->held -= parts->cnt;
                error = rd_kafka_incremental_unassign(rk, parts);
        }
        CHECK(!error, "answering the rebalance: %s", rd_kafka_error_string(error));
        if (error)
                rd_kafka_error_destroy(error);
}

static void subscribe(rd_kafka_t *rk, const char *topic, const char *more) {
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(2);
        rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
        if (more)
                rd_kafka_topic_partition_list_add(topics, more, RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_subscribe(rk, topics), 0);
        rd_kafka_topic_partition_list_destroy(topics);
}

/* A member that has not subscribed, with more properties: make(m, group, "name", "value", ..., NULL) */
static void make(struct member *m, const char *group, const char *first, ...) {
        rd_kafka_conf_t *conf;
        va_list ap;
        va_start(ap, first);
        conf = conf_va(first, ap);
        va_end(ap);
        memset(m, 0, sizeof(*m));
        conf_put(conf, "group.id", group);
        conf_put(conf, "group.protocol", "consumer");
        conf_put(conf, "bootstrap.servers", bootstrap());
        conf_put(conf, "auto.offset.reset", "earliest");
        rd_kafka_conf_set_rebalance_cb(conf, rebalance_cb);
        rd_kafka_conf_set_opaque(conf, m);
        m->rk = client(RD_KAFKA_CONSUMER, conf);
        rd_kafka_poll_set_consumer(m->rk);
}

static void join(struct member *m, const char *group, const char *topic) {
        make(m, group, NULL);
        subscribe(m->rk, topic, NULL);
}

static void join_static(struct member *m, const char *group, const char *instance, const char *topic) {
        make(m, group, "group.instance.id", instance, NULL);
        subscribe(m->rk, topic, NULL);
}

static void poll_once(struct member *m) {
        rd_kafka_message_t *msg = rd_kafka_consumer_poll(m->rk, 50);
        if (!msg)
                return;
        if (msg->err) {
                m->errors++;
                m->error = msg->err;
        } else
                m->messages++;
        rd_kafka_message_destroy(msg);
}

/* Polls both members until they hold so many partitions. */
static void poll_until(struct member *a, int want_a, struct member *b, int want_b) {
        int64_t end = now_ms() + ms(60000);
        while (now_ms() < end && (a->held != want_a || (b && b->held != want_b))) {
                poll_once(a);
                if (b)
                        poll_once(b);
        }
        CHECK(a->held == want_a, "the first member holds %d partitions, not %d", a->held, want_a);
        CHECK(!b || b->held == want_b, "the second member holds %d partitions, not %d", b ? b->held : 0, want_b);
}

static void poll_for(struct member *m, int time) {
        int64_t end = now_ms() + time;
        while (now_ms() < end)
                poll_once(m);
}

static void leave(struct member *m) {
        CHECK_ERR(rd_kafka_consumer_close(m->rk), 0);
        CHECK(m->held == 0, "%d partitions are held after close", m->held);
        CHECK(!m->errors, "%s", rd_kafka_err2str(m->error));
        DESTROY(m->rk, 5000);
}

static int has_protocol = -1;

/* Brokers of old do not have the protocol, or have it turned off. */
static int kafka_has_it(void) {
        if (has_protocol < 0) {
                struct member m;
                char errstr[256];
                int64_t end = now_ms() + ms(30000);
                join(&m, fresh("probe"), fresh_topic("probe", 1));
                while (!m.held && !m.errors && now_ms() < end)
                        poll_once(&m);
                has_protocol = m.held > 0;
                if (!has_protocol)
                        printf("  no protocol: %s\n",
                               rd_kafka_err2name(rd_kafka_fatal_error(m.rk, errstr, sizeof(errstr))));
                rd_kafka_consumer_close(m.rk);
                rd_kafka_destroy(m.rk);
        }
        return has_protocol;
}

#define NEED_PROTOCOL()                                                                                                \
        do {                                                                                                           \
                if (!kafka_has_it())                                                                                   \
                        SKIP("brokers without the protocol");                                                          \
        } while (0)

/* Nor do those before 4.0 match patterns. */
static int kafka_has_patterns(void) {
        static int has = -1;
        if (has < 0) {
                struct member m;
                char errstr[256];
                make(&m, fresh("probe"), NULL);
                subscribe(m.rk, "^there-is-no-such-topic", NULL);
                poll_for(&m, ms(2000));
                has = !rd_kafka_fatal_error(m.rk, errstr, sizeof(errstr));
                rd_kafka_consumer_close(m.rk);
                rd_kafka_destroy(m.rk);
        }
        return has;
}

#define NEED_PATTERNS()                                                                                                \
        do {                                                                                                           \
                NEED_PROTOCOL();                                                                                       \
                if (!kafka_has_patterns())                                                                             \
                        SKIP("brokers that do not match patterns");                                                    \
        } while (0)

static void two_members(void) {
        const char *topic, *group = fresh("group");
        struct member a, b;
        char *id, *again;
        NEED_PROTOCOL();
        topic = fresh_topic("group", 4);
        make(&a, group, NULL);
        id = rd_kafka_memberid(a.rk);
        CHECK(id && strlen(id) == 22, "the member's id is made by the client: \"%s\"", id ? id : "(null)");
        CHECK(!strcmp(rd_kafka_rebalance_protocol(a.rk), "NONE"), "protocol %s", rd_kafka_rebalance_protocol(a.rk));
        subscribe(a.rk, topic, NULL);
        poll_until(&a, 4, NULL, 0);
        CHECK(a.assigns == 1 && a.revokes == 0, "%d and %d rebalances", a.assigns, a.revokes);
        join(&b, group, topic);
        poll_until(&a, 2, &b, 2);
        leave(&b);
        poll_until(&a, 4, NULL, 0);
        again = rd_kafka_memberid(a.rk);
        CHECK(again && id && !strcmp(id, again), "the id stays: \"%s\", not \"%s\"", again ? again : "(null)", id ? id : "");
        rd_kafka_mem_free(a.rk, id);
        rd_kafka_mem_free(a.rk, again);
        CHECK(b.lost == 0 && a.lost == 0, "lost");
        leave(&a);
}

/* Three members more, and away again, while everybody polls in turn. */
static void many_members(void) {
        const char *topic, *group = fresh("group");
        struct member m[4];
        int i, all, rounds;
        int64_t end;
        NEED_PROTOCOL();
        topic = fresh_topic("group", 8);
        for (rounds = 0; rounds < 2; rounds++) {
                for (i = 0; i < 4; i++)
                        join(&m[i], group, topic);
                end = now_ms() + ms(90000);
                do {
                        for (i = 0, all = 1; i < 4; i++) {
                                poll_once(&m[i]);
                                all &= m[i].held == 2;
                        }
                } while (!all && now_ms() < end);
                for (i = 0; i < 4; i++)
                        CHECK(m[i].held == 2, "member %d holds %d partitions", i, m[i].held);
                for (i = 0; i < 4; i++)
                        leave(&m[i]);
        }
}

/* A static member that comes back within its session gets what it had, and nobody else notices. */
static void static_members(void) {
        const char *topic, *group = fresh("group");
        struct member a, b, again;
        int rebalances;
        NEED_PROTOCOL();
        topic = fresh_topic("group", 4);
        join_static(&a, group, "a", topic);
        poll_until(&a, 4, NULL, 0);
        join_static(&b, group, "b", topic);
        poll_until(&a, 2, &b, 2);
        poll_for(&b, ms(1500));
        rebalances = b.assigns + b.revokes;
        leave(&a);
        join_static(&again, group, "a", topic);
        poll_until(&again, 2, &b, 2);
        poll_for(&b, ms(1500));
        CHECK(b.assigns + b.revokes == rebalances, "the other member saw %d rebalances", b.assigns + b.revokes - rebalances);
        leave(&again);
        leave(&b);
}

/* Unlike in the classic protocol it is the second of two that is refused. */
static void static_twice(void) {
        const char *topic, *group = fresh("group");
        struct member a, b;
        char errstr[256];
        int64_t end;
        NEED_PROTOCOL();
        topic = fresh_topic("group", 2);
        join_static(&a, group, "a", topic);
        poll_until(&a, 2, NULL, 0);
        join_static(&b, group, "a", topic);
        end = now_ms() + ms(30000);
        while (!b.errors && now_ms() < end) {
                poll_once(&b);
                poll_once(&a);
        }
        CHECK_ERR(b.error, RD_KAFKA_RESP_ERR__FATAL);
        CHECK_ERR(rd_kafka_fatal_error(b.rk, errstr, sizeof(errstr)), RD_KAFKA_RESP_ERR_UNRELEASED_INSTANCE_ID);
        CHECK_ERR(rd_kafka_consumer_close(b.rk), RD_KAFKA_RESP_ERR__FATAL);
        DESTROY(b.rk, 5000);
        poll_for(&a, ms(500));
        CHECK(a.held == 2 && a.lost == 0, "the first one stays");
        leave(&a);
}

static void unknown_assignor(void) {
        struct member m;
        char errstr[256];
        int64_t end;
        NEED_PROTOCOL();
        make(&m, fresh("group"), "group.remote.assignor", "by-the-moon", NULL);
        subscribe(m.rk, fresh_topic("group", 1), NULL);
        end = now_ms() + ms(30000);
        while (!m.errors && now_ms() < end)
                poll_once(&m);
        CHECK_ERR(rd_kafka_fatal_error(m.rk, errstr, sizeof(errstr)), RD_KAFKA_RESP_ERR_UNSUPPORTED_ASSIGNOR);
        CHECK(m.assigns + m.revokes == 0, "%d and %d rebalances", m.assigns, m.revokes);
        CHECK_ERR(rd_kafka_consumer_close(m.rk), RD_KAFKA_RESP_ERR__FATAL);
        DESTROY(m.rk, 5000);
}

static void known_assignor(void) {
        struct member m;
        NEED_PROTOCOL();
        make(&m, fresh("group"), "group.remote.assignor", "range", NULL);
        subscribe(m.rk, fresh_topic("group", 3), NULL);
        poll_until(&m, 3, NULL, 0);
        leave(&m);
}

/* The brokers match patterns, with RE2/J, which wants the whole name. */
static void patterns(void) {
        const char *stem, *group = fresh("group");
        char names[3][200], all[220], second[220];
        struct member m;
        char errstr[256];
        int i;
        NEED_PATTERNS();
        stem = fresh("pattern");
        for (i = 0; i < 3; i++) {
                snprintf(names[i], sizeof(names[i]), "%s-%c", stem, 'a' + i);
                NEED(!wire_create_topic(bootstrap(), names[i], 2, errstr, sizeof(errstr)), "%s", errstr);
        }
        snprintf(all, sizeof(all), "^%s-a", stem);
        snprintf(second, sizeof(second), "^%s-[c-z]", stem);
        make(&m, group, NULL);
        subscribe(m.rk, all, second);
        poll_until(&m, 4, NULL, 0);
        /* Another one, and one more by name. */
        snprintf(all, sizeof(all), "^%s-[bc]", stem);
        subscribe(m.rk, all, names[0]);
        poll_until(&m, 6, NULL, 0);
        /* Names alone. */
        subscribe(m.rk, names[1], NULL);
        poll_until(&m, 2, NULL, 0);
        leave(&m);
}

static int64_t cpu_ms(void) {
        struct rusage r;
        getrusage(RUSAGE_SELF, &r);
        return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000 + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1000;
}

static void nothing_matches(void) {
        struct member m;
        int64_t before;
        NEED_PATTERNS();
        make(&m, fresh("group"), NULL);
        subscribe(m.rk, "^there-is-no-such-topic", NULL);
        poll_for(&m, ms(2000));
        before = cpu_ms();
        rd_kafka_consumer_poll(m.rk, 3000);
        CHECK(cpu_ms() - before < ms(300), "%" PRId64 " ms of processor time in three seconds", cpu_ms() - before);
        CHECK(m.assigns + m.revokes == 0, "%d and %d rebalances", m.assigns, m.revokes);
        leave(&m);
}

static void subscription_changes(void) {
        const char *one, *two;
        struct member m;
        NEED_PROTOCOL();
        one = fresh_topic("one", 2);
        two = fresh_topic("two", 3);
        join(&m, fresh("group"), one);
        poll_until(&m, 2, NULL, 0);
        subscribe(m.rk, one, two);
        poll_until(&m, 5, NULL, 0);
        subscribe(m.rk, two, NULL);
        poll_until(&m, 3, NULL, 0);
        CHECK_ERR(rd_kafka_unsubscribe(m.rk), 0);
        poll_until(&m, 0, NULL, 0);
        subscribe(m.rk, one, NULL);
        poll_until(&m, 2, NULL, 0);
        CHECK(m.lost == 0, "lost");
        leave(&m);
}

/* Who comes later goes on where the one before has committed, and the group's metadata has member and epoch. */
static void commit_and_resume(void) {
        const char *topic, *group = fresh("group");
        rd_kafka_consumer_group_metadata_t *meta;
        struct member m;
        char *id;
        int64_t end = now_ms() + ms(60000);
        NEED_PROTOCOL();
        topic = fresh_topic("resume", 1);
        CHECK(seed(topic, 0, 10, 0) == 10, "seed");
        join(&m, group, topic);
        while (m.messages < 10 && now_ms() < end)
                poll_once(&m);
        CHECK(m.messages == 10, "%d messages", m.messages);
        CHECK_ERR(rd_kafka_commit(m.rk, NULL, 0), 0);
        id   = rd_kafka_memberid(m.rk);
        meta = rd_kafka_consumer_group_metadata(m.rk);
        CHECK(meta && !strcmp(rd_kafka_consumer_group_metadata_member_id(meta), id), "the member");
        CHECK(meta && rd_kafka_consumer_group_metadata_generation_id(meta) > 0, "the epoch");
        rd_kafka_consumer_group_metadata_destroy(meta);
        rd_kafka_mem_free(m.rk, id);
        leave(&m);
        CHECK(seed_from(topic, 0, 10, 5, 0) == 5, "seed");
        join(&m, group, topic);
        end = now_ms() + ms(60000);
        while (m.messages < 5 && now_ms() < end)
                poll_once(&m);
        poll_for(&m, ms(500));
        CHECK(m.messages == 5, "%d messages", m.messages);
        leave(&m);
}

/* Offsets within a transaction, in the name of the member. */
static void transaction(void) {
        const char *topic, *group = fresh("group");
        rd_kafka_topic_partition_list_t *offsets;
        rd_kafka_consumer_group_metadata_t *meta;
        rd_kafka_error_t *error;
        struct member m;
        rd_kafka_t *p;
        int64_t end = now_ms() + ms(60000);
        NEED_PROTOCOL();
        topic = fresh_topic("txn", 1);
        CHECK(seed(topic, 0, 4, 0) == 4, "seed");
        make(&m, group, "enable.auto.commit", "false", NULL);
        subscribe(m.rk, topic, NULL);
        while (m.messages < 4 && now_ms() < end)
                poll_once(&m);
        p     = producer("transactional.id", fresh("id"), NULL);
        error = rd_kafka_init_transactions(p, ms(30000));
        CHECK(!error, "init: %s", rd_kafka_error_string(error));
        error = rd_kafka_begin_transaction(p);
        CHECK(!error, "begin: %s", rd_kafka_error_string(error));
        meta    = rd_kafka_consumer_group_metadata(m.rk);
        offsets = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(offsets, topic, 0)->offset = 3;
        error = rd_kafka_send_offsets_to_transaction(p, offsets, meta, ms(30000));
        CHECK(!error, "offsets: %s", rd_kafka_error_string(error));
        error = rd_kafka_commit_transaction(p, ms(30000));
        CHECK(!error, "commit: %s", rd_kafka_error_string(error));
        rd_kafka_consumer_group_metadata_destroy(meta);
        rd_kafka_destroy(p);
        offsets->elems[0].offset = RD_KAFKA_OFFSET_INVALID;
        CHECK_ERR(rd_kafka_committed(m.rk, offsets, ms(30000)), 0);
        CHECK(offsets->elems[0].offset == 3, "committed %" PRId64, offsets->elems[0].offset);
        rd_kafka_topic_partition_list_destroy(offsets);
        leave(&m);
}

/* An application that is away for too long loses everything, is told, and is a member again when it is back. */
static void max_poll(const char *instance) {
        const char *topic, *group = fresh("group");
        struct member a, b;
        char errstr[256];
        int64_t end;
        NEED_PROTOCOL();
        topic = fresh_topic("poll", 2);
        if (instance)
                make(&a, group, "max.poll.interval.ms", "4000", "group.instance.id", instance, NULL);
        else
                make(&a, group, "max.poll.interval.ms", "4000", NULL);
        subscribe(a.rk, topic, NULL);
        poll_until(&a, 2, NULL, 0);
        if (!instance) {
                /* Others get what it had while it is still away. */
                join(&b, group, topic);
                poll_until(&b, 2, NULL, 0);
                leave(&b);
        } else
                sleep(7);
        /* It may get everything back in the call that takes it away. */
        end = now_ms() + ms(30000);
        while ((a.assigns < 2 || a.held != 2) && now_ms() < end)
                poll_once(&a);
        CHECK(a.held == 2, "it holds %d partitions", a.held);
        CHECK(a.lost == 1, "%d assignments were lost", a.lost);
        CHECK(a.errors == 1, "%d errors", a.errors);
        CHECK_ERR(a.error, RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED);
        CHECK_ERR(rd_kafka_fatal_error(a.rk, errstr, sizeof(errstr)), 0);
        a.errors = 0;
        leave(&a);
}

static void max_poll_exceeded(void) {
        max_poll(NULL);
}

static void max_poll_exceeded_static(void) {
        max_poll("i");
}

/* Within a rebalance the assignment is only changed by what comes and what goes. */
static void assign_is_refused(void) {
        struct member m;
        NEED_PROTOCOL();
        make(&m, fresh("group"), NULL);
        m.tries_assign = 1;
        subscribe(m.rk, fresh_topic("group", 2), NULL);
        poll_until(&m, 2, NULL, 0);
        CHECK_ERR(m.assign_err, RD_KAFKA_RESP_ERR__STATE);
        CHECK_ERR(rd_kafka_assign(m.rk, NULL), RD_KAFKA_RESP_ERR__STATE);
        leave(&m);
}

/* Without a subscription there is no group to ask. */
static void assigned_by_itself(void) {
        struct member m;
        const char *topic;
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        int64_t end                           = now_ms() + ms(60000);
        NEED_PROTOCOL();
        topic = fresh_topic("alone", 1);
        CHECK(seed(topic, 0, 3, 0) == 3, "seed");
        make(&m, fresh("group"), NULL);
        rd_kafka_topic_partition_list_add(list, topic, 0);
        CHECK_ERR(rd_kafka_assign(m.rk, list), 0);
        while (m.messages < 3 && now_ms() < end)
                poll_once(&m);
        CHECK(m.messages == 3, "%d messages", m.messages);
        CHECK_ERR(rd_kafka_commit(m.rk, NULL, 0), 0);
        rd_kafka_topic_partition_list_destroy(list);
        leave(&m);
}

static void close_at_once(void) {
        struct member m;
        int i;
        NEED_PROTOCOL();
        for (i = 0; i < 5; i++) {
                join(&m, fresh("group"), fresh_topic("early", 1));
                usleep((useconds_t)i * 5000);
                leave(&m);
        }
}

/* What the coordinator decides cannot be set, and the other way round. */
static void refused_properties(void) {
        static const char *refused[][3] = {
            {"consumer", "session.timeout.ms", "45000"},
            {"consumer", "heartbeat.interval.ms", "3000"},
            {"consumer", "partition.assignment.strategy", "range,roundrobin"},
            {"consumer", "group.protocol.type", "consumer"},
        };
        size_t i;
        for (i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
                rd_kafka_conf_t *conf = conf_of("group.id", "g", "group.protocol", refused[i][0], NULL);
                char errstr[256]      = "";
                rd_kafka_t *rk;
                conf_put(conf, refused[i][1], refused[i][2]);
                rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, errstr, sizeof(errstr));
                CHECK(!rk, "%s is taken with %s", refused[i][1], refused[i][0]);
                CHECK_HAS(errstr, refused[i][1]);
                if (rk)
                        rd_kafka_destroy(rk);
                else
                        rd_kafka_conf_destroy(conf);
        }
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(refused_properties);
        RUN(two_members);
        RUN(many_members);
        RUN(static_members);
        RUN(static_twice);
        RUN(unknown_assignor);
        RUN(known_assignor);
        RUN(patterns);
        RUN(nothing_matches);
        RUN(subscription_changes);
        RUN(commit_and_resume);
        RUN(transaction);
        RUN(max_poll_exceeded);
        RUN(max_poll_exceeded_static);
        RUN(assign_is_refused);
        RUN(assigned_by_itself);
        RUN(close_at_once);
        return T_END();
}
