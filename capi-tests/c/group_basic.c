/* Subscribing, rebalancing between two members, committing, closing. */
#include "client.h"

struct member {
        rd_kafka_t *rk;
        int assigns, revokes, lost, held;
};

static void rebalance_cb(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *parts, void *opaque) {
        struct member *m   = opaque;
        int cooperative    = !strcmp(rd_kafka_rebalance_protocol(rk), "COOPERATIVE");
        rd_kafka_error_t *error = NULL;
        if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
                m->assigns++;
                m->held += parts->cnt;
                if (cooperative)
                        error = rd_kafka_incremental_assign(rk, parts);
                else
                        rd_kafka_assign(rk, parts);
        } else {
                m->revokes++;
                m->lost += rd_kafka_assignment_lost(rk);
                m->held -= parts->cnt;
                if (cooperative)
                        error = rd_kafka_incremental_unassign(rk, parts);
                else
                        rd_kafka_assign(rk, NULL);
        }
        CHECK(!error, "answering the rebalance: %s", rd_kafka_error_string(error));
        if (error)
                rd_kafka_error_destroy(error);
}

static void join_as(struct member *m, const char *group, const char *instance, const char *strategy, const char *topic) {
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
        rd_kafka_conf_t *conf = conf_of("group.id", group, "partition.assignment.strategy", strategy, "bootstrap.servers",
                                        bootstrap(), "auto.offset.reset", "earliest", "heartbeat.interval.ms", "300", NULL);
        memset(m, 0, sizeof(*m));
        if (instance)
                conf_put(conf, "group.instance.id", instance);
        rd_kafka_conf_set_rebalance_cb(conf, rebalance_cb);
        rd_kafka_conf_set_opaque(conf, m);
        m->rk = client(RD_KAFKA_CONSUMER, conf);
        rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
        CHECK(!rd_kafka_subscribe(m->rk, topics), "subscribe");
        rd_kafka_topic_partition_list_destroy(topics);
}

static void join(struct member *m, const char *group, const char *strategy, const char *topic) {
        join_as(m, group, NULL, strategy, topic);
}

/* Polls all members until they hold so many partitions, and returns how many messages came. */
static int poll_until(struct member *a, int want_a, struct member *b, int want_b) {
        int64_t end = now_ms() + ms(60000);
        int messages = 0;
        while (now_ms() < end && (a->held != want_a || (b && b->held != want_b))) {
                struct member *both[] = {a, b};
                int i;
                for (i = 0; i < 2; i++) {
                        rd_kafka_message_t *m = both[i] ? rd_kafka_consumer_poll(both[i]->rk, 50) : NULL;
                        if (!m)
                                continue;
                        CHECK(!m->err, "%s", rd_kafka_message_errstr(m));
                        messages += !m->err;
                        rd_kafka_message_destroy(m);
                }
        }
        CHECK(a->held == want_a, "the first member holds %d partitions, not %d", a->held, want_a);
        CHECK(!b || b->held == want_b, "the second member holds %d partitions, not %d", b ? b->held : 0, want_b);
        return messages;
}

static void poll_for(struct member *a, struct member *b, int64_t time) {
        struct member *both[] = {a, b};
        int64_t end           = now_ms() + time;
        int i;
        for (i = 0; now_ms() < end; i = !i) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(both[i]->rk, 50);
                if (m)
                        rd_kafka_message_destroy(m);
        }
}

static void leave(struct member *m) {
        CHECK(!rd_kafka_consumer_close(m->rk), "close");
        CHECK(rd_kafka_consumer_closed(m->rk) == 1, "closed");
        CHECK(m->held == 0, "%d partitions are held after close", m->held);
        CHECK(m->lost == 0, "%d assignments were lost", m->lost);
        rd_kafka_destroy(m->rk);
}

static void two_members(const char *strategy, const char *protocol) {
        const char *topic = fresh_topic("group", 4), *group = fresh("group");
        struct member a, b;
        char *id;
        join(&a, group, strategy, topic);
        poll_until(&a, 4, NULL, 0);
        CHECK(!strcmp(rd_kafka_rebalance_protocol(a.rk), protocol), "protocol %s", rd_kafka_rebalance_protocol(a.rk));
        id = rd_kafka_memberid(a.rk);
        CHECK(id && *id, "a member has an id");
        rd_kafka_mem_free(a.rk, id);
        join(&b, group, strategy, topic);
        poll_until(&a, 2, &b, 2);
        CHECK(b.lost == 0 && a.lost == 0, "lost");
        leave(&b);
        poll_until(&a, 4, NULL, 0);
        leave(&a);
}

static void eager(void) {
        two_members("range", "EAGER");
}

static void cooperative(void) {
        two_members("cooperative-sticky", "COOPERATIVE");
}

/* A static member that comes back within its session gets what it had, and nobody else notices. */
static void static_members(const char *strategy) {
        const char *topic = fresh_topic("group", 4), *group = fresh("group");
        struct member a, b, again;
        int rebalances;
        join_as(&a, group, "a", strategy, topic);
        poll_until(&a, 4, NULL, 0);
        join_as(&b, group, "b", strategy, topic);
        poll_until(&a, 2, &b, 2);
        rebalances = b.assigns + b.revokes;
        leave(&a);
        join_as(&again, group, "a", strategy, topic);
        poll_until(&again, 2, &b, 2);
        /* The others would hear of a rebalance with their next heartbeats. */
        poll_for(&b, &again, ms(1500));
        CHECK(b.assigns + b.revokes == rebalances, "the other member saw %d rebalances", b.assigns + b.revokes - rebalances);
        CHECK(again.assigns == 1 && again.revokes == 0, "%d and %d rebalances", again.assigns, again.revokes);
        leave(&again);
        leave(&b);
}

static void static_eager(void) {
        static_members("range");
}

static void static_cooperative(void) {
        static_members("cooperative-sticky");
}

/* Of two instances with one id the older one is fenced for good. */
static void static_fenced(void) {
        const char *topic = fresh_topic("group", 2), *group = fresh("group");
        struct member a, b;
        char errstr[256];
        int64_t end;
        rd_kafka_resp_err_t polled = 0;
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        join_as(&a, group, "a", "range", topic);
        poll_until(&a, 2, NULL, 0);
        join_as(&b, group, "a", "range", topic);
        poll_until(&b, 2, NULL, 0);
        for (end = now_ms() + ms(60000); now_ms() < end && (!polled || (a.held && !is_upstream()));) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(a.rk, 100);
                if (m) {
                        polled = m->err;
                        rd_kafka_message_destroy(m);
                }
        }
        CHECK_ERR(rd_kafka_fatal_error(a.rk, errstr, sizeof(errstr)), RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
        CHECK_ERR(polled, RD_KAFKA_RESP_ERR__FATAL);
        /* librdkafka takes the partitions away without a word; here the application hears that they are lost. */
        CHECK(is_upstream() || (a.held == 0 && a.lost == 1), "holds %d, lost %d", a.held, a.lost);
        rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_subscribe(a.rk, list), RD_KAFKA_RESP_ERR__FATAL);
        rd_kafka_topic_partition_list_destroy(list);
        CHECK_ERR(rd_kafka_consumer_close(a.rk), RD_KAFKA_RESP_ERR__FATAL);
        rd_kafka_destroy(a.rk);
        CHECK(!rd_kafka_fatal_error(b.rk, errstr, sizeof(errstr)), "the new one is fenced: %s", errstr);
        leave(&b);
}

/* Without a callback partitions come and go although nobody polls. */
static void without_callback(void) {
        const char *topic = fresh_topic("group", 4), *group = fresh("group");
        rd_kafka_t *rk[2];
        int i, held[2] = {0, 0};
        int64_t end;
        for (i = 0; i < 2; i++) {
                rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
                rk[i] = consumer("group.id", group, "heartbeat.interval.ms", "300", NULL);
                rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA);
                CHECK_ERR(rd_kafka_subscribe(rk[i], list), 0);
                rd_kafka_topic_partition_list_destroy(list);
                for (end = now_ms() + ms(60000); now_ms() < end && held[i] != 4 - 2 * i; usleep(20000)) {
                        CHECK_ERR(rd_kafka_assignment(rk[i], &list), 0);
                        held[i] = list->cnt;
                        rd_kafka_topic_partition_list_destroy(list);
                }
                CHECK(held[i] == 4 - 2 * i, "%d partitions", held[i]);
        }
        for (i = 0; i < 2; i++) {
                CHECK_ERR(rd_kafka_consumer_close(rk[i]), 0);
                CHECK_ERR(rd_kafka_consumer_close(rk[i]), RD_KAFKA_RESP_ERR__DESTROY);
                CHECK_ERR(rd_kafka_commit(rk[i], NULL, 1), 0);
                rd_kafka_destroy(rk[i]);
        }
}

static void bad_input(void) {
        rd_kafka_t *rk = consumer("group.id", "g", NULL), *none = consumer("client.id", "x", NULL);
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1), *copy = NULL;
        char *id;
        CHECK(rd_kafka_subscribe(rk, list) == RD_KAFKA_RESP_ERR__INVALID_ARG, "an empty list");
        rd_kafka_topic_partition_list_add(list, "", 0);
        CHECK(rd_kafka_subscribe(rk, list) == RD_KAFKA_RESP_ERR__INVALID_ARG, "an empty name");
        rd_kafka_topic_partition_list_destroy(list);
        list = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(list, "^[a-", 0);
        CHECK(rd_kafka_subscribe(rk, list) == RD_KAFKA_RESP_ERR__INVALID_ARG, "a broken expression");
        CHECK(rd_kafka_subscribe(none, list) == RD_KAFKA_RESP_ERR__UNKNOWN_GROUP, "no group");
        CHECK(rd_kafka_unsubscribe(none) == RD_KAFKA_RESP_ERR__UNKNOWN_GROUP, "no group");
        CHECK(!rd_kafka_subscription(rk, &copy) && copy->cnt == 0, "nothing is subscribed to");
        CHECK(!strcmp(rd_kafka_rebalance_protocol(rk), "NONE"), "no protocol yet");
        CHECK(rd_kafka_assignment_lost(rk) == 0, "nothing is lost");
        id = rd_kafka_memberid(rk);
        CHECK(id && !*id, "no id yet");
        rd_kafka_mem_free(rk, id);
        /* A name may come once. */
        strcpy(list->elems[0].topic, "a");
        CHECK_ERR(rd_kafka_subscribe(rk, list), 0);
        rd_kafka_topic_partition_list_add(list, "a", 1);
        CHECK_ERR(rd_kafka_subscribe(rk, list), RD_KAFKA_RESP_ERR__INVALID_ARG);
        /* Closed. */
        CHECK_ERR(rd_kafka_consumer_close(rk), 0);
        CHECK_ERR(rd_kafka_committed(rk, list, ms(1000)), RD_KAFKA_RESP_ERR__DESTROY);
        CHECK_ERR(rd_kafka_unsubscribe(rk), RD_KAFKA_RESP_ERR__DESTROY);
        CHECK(rd_kafka_topic_partition_list_del(list, "a", 1) == 1, "taken out");
        CHECK_ERR(rd_kafka_subscribe(rk, list), RD_KAFKA_RESP_ERR__DESTROY);
        rd_kafka_topic_partition_list_destroy(list);
        rd_kafka_topic_partition_list_destroy(copy);
        rd_kafka_destroy(rk);
        rd_kafka_destroy(none);
}

/* Closing is quick before there was an assignment, and without any broker. */
static void close_early(void) {
        const char *servers[] = {bootstrap(), "127.0.0.1:1"};
        int i, wait;
        for (i = 0; i < 2; i++) {
                for (wait = 0; wait < 400; wait += 100) {
                        rd_kafka_t *rk = client(RD_KAFKA_CONSUMER,
                                                conf_of("bootstrap.servers", servers[i], "group.id", fresh("group"), NULL));
                        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
                        rd_kafka_message_t *m;
                        int64_t start;
                        rd_kafka_topic_partition_list_add(list, i ? "nowhere" : fresh_topic("group", 2), RD_KAFKA_PARTITION_UA);
                        CHECK(!rd_kafka_subscribe(rk, list), "subscribe");
                        rd_kafka_topic_partition_list_destroy(list);
                        m = rd_kafka_consumer_poll(rk, wait);
                        if (m)
                                rd_kafka_message_destroy(m);
                        start = now_ms();
                        CHECK(!rd_kafka_consumer_close(rk), "close");
                        CHECK(now_ms() - start < ms(6000), "closing took %d ms", (int)(now_ms() - start));
                        rd_kafka_destroy(rk);
                }
        }
}

static int polling_ends;
static void *poll_on(void *rk) {
        while (!__atomic_load_n(&polling_ends, __ATOMIC_ACQUIRE)) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 1000);
                if (m)
                        rd_kafka_message_destroy(m);
        }
        return NULL;
}

/* Subscribes to a topic of its own, and waits until all its partitions are assigned. */
static void subscribe_alone(rd_kafka_t *rk, const char *topic, int partitions) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1), *got;
        int64_t until = now_ms() + ms(60000);
        int cnt = 0;
        rd_kafka_topic_partition_list_add(list, fresh_topic(topic, partitions), RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_subscribe(rk, list), 0);
        rd_kafka_topic_partition_list_destroy(list);
        while (cnt < partitions && now_ms() < until) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 100);
                if (m)
                        rd_kafka_message_destroy(m);
                CHECK_ERR(rd_kafka_assignment(rk, &got), 0);
                cnt = got->cnt;
                rd_kafka_topic_partition_list_destroy(got);
        }
        CHECK(cnt == partitions, "%d partitions", cnt);
}

/* Leaving does not wait behind a Fetch that waits for messages. */
static void close_while_fetching(void) {
        rd_kafka_t *rk = consumer("group.id", fresh("group"), "fetch.wait.max.ms", "4000", NULL);
        int64_t start;
        subscribe_alone(rk, "fetching", 1);
        /* The Fetch is on its way. */
        usleep(500000);
        start = now_ms();
        CHECK_ERR(rd_kafka_consumer_close(rk), 0);
        CHECK(now_ms() - start < ms(2000), "closing took %d ms", (int)(now_ms() - start));
        rd_kafka_destroy(rk);
}

/* Closing does not miss its end because other threads wait in a poll. */
static void close_while_polled(void) {
        enum { POLLERS = 6 };
        pthread_t pollers[POLLERS];
        rd_kafka_t *rk = consumer("group.id", fresh("group"), NULL);
        int64_t start;
        int i;
        subscribe_alone(rk, "polled", 2);
        for (i = 0; i < POLLERS; i++)
                pthread_create(&pollers[i], NULL, poll_on, rk);
        usleep(200000);
        start = now_ms();
        CHECK_ERR(rd_kafka_consumer_close(rk), 0);
        CHECK(now_ms() - start < ms(4000), "closing took %d ms", (int)(now_ms() - start));
        __atomic_store_n(&polling_ends, 1, __ATOMIC_RELEASE);
        for (i = 0; i < POLLERS; i++)
                pthread_join(pollers[i], NULL);
        rd_kafka_destroy(rk);
}

/* The assignment is told as it was given, sorted: without an offset the committed one is meant. */
static void assignment_as_given(void) {
        static const struct { const char *topic; int partition; int64_t offset, told; } given[] = {
            {"a", 1, 5, 5},
            {"b", 0, RD_KAFKA_OFFSET_BEGINNING, RD_KAFKA_OFFSET_BEGINNING},
            {"b", 2, RD_KAFKA_OFFSET_INVALID, RD_KAFKA_OFFSET_STORED},
        };
        rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, conf_of("group.id", "as-given", "bootstrap.servers", bootstrap(), NULL));
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(3), *got = NULL;
        int i;
        for (i = 2; i >= 0; i--)
                rd_kafka_topic_partition_list_add(l, given[i].topic, given[i].partition)->offset = given[i].offset;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        CHECK_ERR(rd_kafka_assignment(rk, &got), 0);
        NEED(got && got->cnt == 3, "%d partitions", got ? got->cnt : -1);
        for (i = 0; i < 3; i++)
                CHECK(!strcmp(got->elems[i].topic, given[i].topic) && got->elems[i].partition == given[i].partition &&
                              got->elems[i].offset == given[i].told,
                      "%s [%d] at %" PRId64, got->elems[i].topic, (int)got->elems[i].partition, got->elems[i].offset);
        rd_kafka_topic_partition_list_destroy(got);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(bad_input);
        RUN(assignment_as_given);
        RUN(eager);
        RUN(cooperative);
        RUN(static_eager);
        RUN(static_cooperative);
        RUN(static_fenced);
        RUN(without_callback);
        RUN(close_early);
        RUN(close_while_fetching);
        RUN(close_while_polled);
        return T_END();
}
