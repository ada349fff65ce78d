/*
 * Transactions on a real Kafka: what a consumer that reads committed messages sees, fencing, transactions left open or ended by the
 * coordinator, and connections that are cut at any time.
 */
#include "proxy.h"
#include "txn.h"

static rd_kafka_t *on_kafka(const char *id, const char *name, const char *value) {
        rd_kafka_conf_t *conf = txn_conf(bootstrap(), id);
        if (name)
                conf_put(conf, name, value);
        return client(RD_KAFKA_PRODUCER, conf);
}

static rd_kafka_t *ready_on_kafka(const char *id, const char *name, const char *value) {
        rd_kafka_t *rk = on_kafka(id, name, value);
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(30000)), "ok");
        return rk;
}

static const char *committed(const char *topic, int32_t partition) {
        return stored(bootstrap(), "read_committed", topic, partition);
}

/* Commits and aborts by turns: exactly what was committed is to be seen, in order, in each partition. */
static void visible(void) {
        const char *topic = fresh_topic("visible", 3);
        rd_kafka_t *rk    = ready_on_kafka(fresh("id"), NULL, NULL);
        char want[3][512] = {"", "", ""}, all[3][512] = {"", "", ""}, text[16];
        int i, j, p;
        for (i = 0; i < 10; i++) {
                CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
                for (j = 0; j < 6; j++) {
                        snprintf(text, sizeof(text), "%d.%d", i, j);
                        CHECK_ERR(put(rk, topic, j % 3, text), 0);
                        snprintf(all[j % 3] + strlen(all[j % 3]), sizeof(all[0]) - strlen(all[j % 3]), " %s", text);
                        if (i % 2 == 0)
                                snprintf(want[j % 3] + strlen(want[j % 3]), sizeof(want[0]) - strlen(want[j % 3]), " %s", text);
                }
                CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
                CHECK_CALL(i % 2 ? rd_kafka_abort_transaction(rk, ms(20000)) : rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        }
        for (p = 0; p < 3; p++) {
                CHECK_TEXT(committed(topic, p), want[p]);
                CHECK_TEXT(stored(bootstrap(), "read_uncommitted", topic, p), all[p]);
        }
        rd_kafka_destroy(rk);
}

/* Nothing behind an open transaction is given out, not even other producers' messages, and all of it after the end. */
static void open_transaction(void) {
        const char *topic = fresh_topic("open", 1);
        rd_kafka_t *a = ready_on_kafka(fresh("id"), NULL, NULL), *b = ready_on_kafka(fresh("id"), NULL, NULL);
        txn_commits(a, topic, "first");
        CHECK_CALL(rd_kafka_begin_transaction(a), "ok");
        CHECK_ERR(put(a, topic, 0, "second"), 0);
        CHECK_ERR(rd_kafka_flush(a, ms(20000)), 0);
        txn_commits(b, topic, "third");
        CHECK_TEXT(committed(topic, 0), " first");
        CHECK_CALL(rd_kafka_commit_transaction(a, ms(20000)), "ok");
        CHECK_TEXT(committed(topic, 0), " first second third");
        rd_kafka_destroy(a);
        rd_kafka_destroy(b);
}

/* The next producer with the same id ends what the one before has left open, and locks it out. */
static void fenced(void) {
        const char *topic = fresh_topic("fenced", 1), *id = fresh("id");
        rd_kafka_t *a = ready_on_kafka(id, NULL, NULL), *b;
        CHECK_CALL(rd_kafka_begin_transaction(a), "ok");
        CHECK_ERR(put(a, topic, 0, "a"), 0);
        CHECK_ERR(rd_kafka_flush(a, ms(20000)), 0);
        b = ready_on_kafka(id, NULL, NULL);
        CHECK_CALL(rd_kafka_commit_transaction(a, ms(20000)), "_FENCED fatal");
        CHECK_CALL(rd_kafka_begin_transaction(a), "_FENCED fatal");
        CHECK_CALL(rd_kafka_abort_transaction(a, ms(20000)), "_FENCED fatal");
        CHECK_ERR(rd_kafka_fatal_error(a, NULL, 0), RD_KAFKA_RESP_ERR__FENCED);
        txn_commits(b, topic, "b");
        CHECK_TEXT(committed(topic, 0), " b");
        rd_kafka_destroy(a);
        /* The other way round: who begins after that is told at the first message, or at the latest at the end. */
        a = ready_on_kafka(id, NULL, NULL);
        CHECK_CALL(rd_kafka_begin_transaction(b), "ok");
        CHECK_ERR(put(b, topic, 0, "no"), 0);
        CHECK_CALL(rd_kafka_commit_transaction(b, ms(20000)), "_FENCED fatal");
        txn_commits(a, topic, "a");
        CHECK_TEXT(committed(topic, 0), " b a");
        rd_kafka_destroy(a);
        rd_kafka_destroy(b);
}

/* A client that is destroyed within its transaction. */
static void left_open(void) {
        const char *topic = fresh_topic("left", 1), *id = fresh("id");
        rd_kafka_t *rk = ready_on_kafka(id, NULL, NULL);
        int i;
        for (i = 0; i < 3; i++) {
                CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
                CHECK_ERR(put(rk, topic, 0, "left"), 0);
                CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
                DESTROY(rk, 5000);
                rk = ready_on_kafka(id, NULL, NULL);
        }
        txn_commits(rk, topic, "good");
        CHECK_TEXT(committed(topic, 0), " good");
        rd_kafka_destroy(rk);
}

/* Longer than the broker's transaction.max.timeout.ms. */
static void too_long(void) {
        rd_kafka_t *rk = on_kafka(fresh("id"), "transaction.timeout.ms", "900001");
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(30000)), "INVALID_TRANSACTION_TIMEOUT fatal");
        CHECK_ERR(rd_kafka_fatal_error(rk, NULL, 0), RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT);
        rd_kafka_destroy(rk);
}

/* #4849 of librdkafka: an abort that follows at once may pass the request by which the partitions join. The coordinator then knows
 * of no transaction, which librdkafka takes for fatal now and then. */
static void aborted_at_once(void) {
        const char *topic = fresh_topic("at-once", 4), *id = fresh("id");
        rd_kafka_t *rk = ready_on_kafka(id, NULL, NULL);
        int i, j, lost = 0;
        for (i = 0; i < 40; i++) {
                const char *got;
                CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
                for (j = 0; j < 5; j++)
                        CHECK_ERR(put(rk, topic, RD_KAFKA_PARTITION_UA, "no"), 0);
                usleep((useconds_t)i * 100);
                got = outcome(rd_kafka_abort_transaction(rk, ms(20000)));
                if (!strcmp(got, "INVALID_TXN_STATE fatal")) {
                        lost++;
                        rd_kafka_destroy(rk);
                        rk = ready_on_kafka(id, NULL, NULL);
                } else
                        CHECK_TEXT(got, "ok");
        }
        CHECK(is_upstream() || !lost, "%d times", lost);
        txn_commits(rk, topic, "good");
        CHECK_TEXT(committed(topic, 0), " good");
        rd_kafka_destroy(rk);
}

/* A topic that is made by the first message to it. */
static void new_topic(void) {
        const char *topic = fresh("made");
        rd_kafka_t *rk    = ready_on_kafka(fresh("id"), NULL, NULL);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, topic, 0, "a"), 0);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(30000)), "ok");
        CHECK_TEXT(committed(topic, 0), " a");
        rd_kafka_destroy(rk);
}

/* Many and large ones in one transaction, in several batches at a time. */
static void large(void) {
        enum { N = 2000 };
        static char value[5000];
        const char *topic = fresh_topic("large", 1);
        rd_kafka_t *rk    = ready_on_kafka(fresh("id"), "compression.codec", "lz4"), *c;
        int i, cnt = 0, bad = 0;
        int64_t until;
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        for (i = 0; i < N; i++) {
                memset(value, 'a' + i % 26, sizeof(value));
                snprintf(value, sizeof(value), "%d", i);
                CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE(value, sizeof(value)),
                                            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
                          0);
        }
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(50000)), "ok");
        CHECK(dr.all == N && !dr.failed, "%d reports, %d failed", dr.all, dr.failed);
        rd_kafka_destroy(rk);
        c = consumer("group.id", "t-large", "isolation.level", "read_committed", "enable.auto.commit", "false", NULL);
        {
                rd_kafka_topic_partition_list_t *l = offset_of(topic, 0, 0);
                CHECK_ERR(rd_kafka_assign(c, l), 0);
                rd_kafka_topic_partition_list_destroy(l);
        }
        for (until = now_ms() + ms(50000); cnt < N && now_ms() < until;) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(c, 100);
                if (!m)
                        continue;
                bad += m->err || m->offset != cnt || m->len != sizeof(value) || atoi(m->payload) != cnt;
                cnt++;
                rd_kafka_message_destroy(m);
        }
        CHECK(cnt == N && !bad, "%d messages, %d wrong", cnt, bad);
        rd_kafka_destroy(c);
}

/* ---- behind a relay ---- */

/* Until the call has done: "ok", or what else it ends with. */
static const char *until_done(rd_kafka_t *rk, int commit, int first_ms) {
        int64_t until   = now_ms() + ms(60000);
        const char *got = outcome(commit ? rd_kafka_commit_transaction(rk, first_ms) : rd_kafka_abort_transaction(rk, first_ms));
        while (strstr(got, "retriable") && now_ms() < until)
                got = outcome(commit ? rd_kafka_commit_transaction(rk, ms(500)) : rd_kafka_abort_transaction(rk, ms(500)));
        return got;
}

/* Connections are cut while requests, or their answers, are on the way, before the end and in it. */
static void cut_connections(void) {
        enum { N = 16 };
        const char *topic     = fresh_topic("cut", 2);
        rd_kafka_conf_t *conf = txn_conf(bootstrap(), fresh("id"));
        static char want[2][4096];
        char text[16];
        rd_kafka_t *rk;
        int i, j, p, again = 0;
        want[0][0] = want[1][0] = '\0';
        proxy_start();
        rd_kafka_conf_set_connect_cb(conf, proxy_connect_cb);
        conf_put(conf, "linger.ms", "1");
        rk = client(RD_KAFKA_PRODUCER, conf);
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(30000)), "ok");
        for (i = 0; i < N; i++) {
                int *hold = i % 2 ? &proxy.hold_answers : &proxy.hold_requests;
                const char *got;
                CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
                for (j = 0; j < 10; j++) {
                        if (j == 5 && i % 4 < 2)
                                proxy_set_now(hold, 1);
                        snprintf(text, sizeof(text), "%d.%d", i, j);
                        CHECK_ERR(put(rk, topic, j % 2, text), 0);
                        usleep(1000);
                }
                if (i % 4 >= 2) {
                        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
                        proxy_set_now(hold, 1);
                }
                got = outcome(i % 8 == 7 ? rd_kafka_abort_transaction(rk, 20) : rd_kafka_commit_transaction(rk, 20));
                proxy_set(&proxy.cut, 1);
                proxy_set(hold, 0);
                if (strstr(got, "retriable"))
                        got = until_done(rk, i % 8 != 7, 20);
                if (strstr(got, "abort")) {
                        again++;
                        CHECK_TEXT(until_done(rk, 0, 20), "ok");
                        continue;
                }
                CHECK_TEXT(got, "ok");
                for (j = 0; j < 10 && i % 8 != 7; j++)
                        snprintf(want[j % 2] + strlen(want[j % 2]), sizeof(want[0]) - strlen(want[j % 2]), " %d.%d", i, j);
        }
        CHECK(again < N / 4, "%d transactions had to be aborted", again);
        CHECK(proxy.connections > N / 2, "%d connections", proxy.connections);
        rd_kafka_destroy(rk);
        proxy_stop();
        for (p = 0; p < 2; p++)
                CHECK_TEXT(committed(topic, p), want[p]);
}

/* #3779, #3971 of librdkafka: no broker can be reached until the coordinator has ended the transaction, which it looks for every ten
 * seconds. Nothing of it is there, whatever the commit says; and this producer, or the next one, goes on. */
static void outage(void) {
        const char *topic = fresh_topic("outage", 1), *id = fresh("id"), *got;
        rd_kafka_conf_t *conf = txn_conf(bootstrap(), id);
        int64_t until         = now_ms() + 11500 + ms(1000);
        rd_kafka_t *rk, *other;
        conf_put(conf, "transaction.timeout.ms", ms_text(1000));
        proxy_start();
        rd_kafka_conf_set_connect_cb(conf, proxy_connect_cb);
        rk = client(RD_KAFKA_PRODUCER, conf);
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(30000)), "ok");
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, topic, 0, "lost"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        proxy_set_now(&proxy.refuse, 1);
        proxy_set(&proxy.cut, 1);
        /* The end of the transaction lets others' messages be read. */
        other = ready_on_kafka(fresh("id"), NULL, NULL);
        txn_commits(other, topic, "other");
        while (now_ms() < until || (strcmp(committed(topic, 0), " other") && now_ms() < until + ms(60000)))
                CHECK_CALL(rd_kafka_commit_transaction(rk, 500), "_TIMED_OUT retriable");
        CHECK_TEXT(committed(topic, 0), " other");
        proxy_set(&proxy.refuse, 0);
        got = until_done(rk, 1, 500);
        CHECK(strstr(got, " abort") || !strcmp(got, "_FENCED fatal"), "%s", got);
        if (strstr(got, "abort"))
                CHECK_TEXT(until_done(rk, 0, 500), "ok");
        else {
                rd_kafka_destroy(rk);
                rk = ready_on_kafka(id, NULL, NULL);
        }
        txn_commits(rk, topic, "good");
        CHECK_TEXT(committed(topic, 0), " other good");
        rd_kafka_destroy(rk);
        rd_kafka_destroy(other);
        proxy_stop();
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(visible);
        RUN(open_transaction);
        RUN(fenced);
        RUN(left_open);
        RUN(too_long);
        RUN(aborted_at_once);
        RUN(new_topic);
        RUN(large);
        RUN(cut_connections);
        RUN(outage);
        return T_END();
}
