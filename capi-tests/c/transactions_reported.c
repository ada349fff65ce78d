/*
 * What users of librdkafka reported of transactions, on a mock cluster: a transactional producer survives it, no call waits longer
 * than it was told to, and what is committed is there once. The numbers are those of librdkafka's issues and pull requests;
 * where it still has the fault, the case says so.
 */
#include "proxy.h"
#include "txn.h"

/* A producer whose connections go through the relay. */
static rd_kafka_t *txn_relayed(const struct mock *m, const char *name, const char *value) {
        rd_kafka_conf_t *conf = txn_conf(m->servers, "txn");
        rd_kafka_t *rk;
        if (name)
                conf_put(conf, name, value);
        proxy_start();
        rd_kafka_conf_set_connect_cb(conf, proxy_connect_cb);
        rk = client(RD_KAFKA_PRODUCER, conf);
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(20000)), "ok");
        return rk;
}

/* The last way out is always open: abort, and another transaction. */
static void abort_and_go_on(rd_kafka_t *rk, const char *value) {
        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        txn_commits(rk, "t", value);
        CHECK_ERR(rd_kafka_fatal_error(rk, NULL, 0), 0);
}

static void wait_failed(rd_kafka_t *rk, int want) {
        int64_t until = now_ms() + ms(20000);
        while (dr.failed < want && now_ms() < until)
                rd_kafka_poll(rk, 50);
        CHECK(dr.failed >= want, "%d failed", dr.failed);
}

/* #3575, #3584: a broker that is out of step with the producer. What the transaction has stored before must not be lost while it
 * is committed; the transaction is aborted. librdkafka still takes it for fatal where no message failed before. */
static void out_of_order(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_ready(&m);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 1, "lost"), 0);
        CHECK_ERR(put(rk, "t", 0, "lost"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        rd_kafka_mock_push_request_errors(m.cluster, API_PRODUCE, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
        CHECK_ERR(put(rk, "t", 0, "bad"), 0);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)),
                   is_upstream() ? "OUT_OF_ORDER_SEQUENCE_NUMBER fatal" : "OUT_OF_ORDER_SEQUENCE_NUMBER abort");
        if (!is_upstream()) {
                abort_and_go_on(rk, "good");
                CHECK_COMMITTED(&m, "t", 0, " good");
                CHECK_COMMITTED(&m, "t", 1, "");
        }
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* confluent-kafka-dotnet's #704, #2163: answers are lost and messages sent again, or out of time before that. */
static void connection_lost(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_relayed(&m, NULL, NULL);
        char text[16], want[1024] = "";
        int i, round;
        for (round = 0; round < 4; round++) {
                CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
                CHECK_ERR(put(rk, "t", 1, "first"), 0);
                CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
                if (round % 2) {
                        CHECK_ERR(put(rk, "t", 0, "joined"), 0);
                        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
                        strcat(want, " joined");
                }
                rd_kafka_mock_clear_requests(m.cluster);
                proxy_set_now(&proxy.hold_answers, 1);
                for (i = 0; i < 10; i++) {
                        snprintf(text, sizeof(text), "%d", round * 10 + i);
                        CHECK_ERR(put(rk, "t", 0, text), 0);
                        snprintf(want + strlen(want), sizeof(want) - strlen(want), " %s", text);
                        /* It is the partition's request to join that is cut off, or the messages themselves. */
                        if (i == 5)
                                wait_for_requests(&m, transaction_version == 1 && round % 2 == 0 ? API_ADD_PARTITIONS : API_PRODUCE, 1);
                }
                proxy_set(&proxy.cut, 1);
                proxy_set(&proxy.hold_answers, 0);
                CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        }
        CHECK_COMMITTED(&m, "t", 0, want);
        CHECK(!dr.failed, "%d failed", dr.failed);
        rd_kafka_destroy(rk);
        proxy_stop();
        mock_end(&m);
}

/* #3971, #4058: messages time out while they are in flight. The abort waits for no answer that does not come, and the producer is
 * not fenced by its own requests. */
static void timed_out_messages(void) {
        struct mock m  = txn_mock(1);
        /* Not longer than a transaction may last. */
        rd_kafka_t *rk = txn_relayed(&m, "message.timeout.ms", ms(1000) < 30000 ? ms_text(1000) : "30000");
        int round;
        for (round = 0; round < 2; round++) {
                memset(&dr, 0, sizeof(dr));
                CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
                CHECK_ERR(put(rk, "t", 0, "lost"), 0);
                CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
                proxy_set_now(round ? &proxy.hold_answers : &proxy.hold_requests, 1);
                CHECK_ERR(put(rk, "t", 0, "late"), 0);
                wait_failed(rk, 1);
                CHECK_ERR(dr.last, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT);
                proxy_set(&proxy.cut, 1);
                proxy_set(round ? &proxy.hold_answers : &proxy.hold_requests, 0);
                CHECK(strstr(outcome(rd_kafka_commit_transaction(rk, ms(20000))), "abort"), "committed");
                abort_and_go_on(rk, round ? "second" : "first");
        }
        CHECK_COMMITTED(&m, "t", 0, " first second");
        rd_kafka_destroy(rk);
        proxy_stop();
        mock_end(&m);
}

/* #4736: a batch that is sent again is the same one, whatever else has come into the queue meanwhile. */
static void large_batch_again(void) {
        enum { N = 200 };
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_new(&m, "linger.ms", "20", NULL);
        char text[16], want[4096] = "";
        int i;
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(20000)), "ok");
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        rd_kafka_mock_push_request_errors(m.cluster, API_PRODUCE, 4, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR__TRANSPORT,
                                          RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
        for (i = 0; i < N; i++) {
                snprintf(text, sizeof(text), "%d", i);
                CHECK_ERR(put(rk, "t", 0, text), 0);
                snprintf(want + strlen(want), sizeof(want) - strlen(want), " %s", text);
                if (i == N / 2)
                        wait_for_requests(&m, API_PRODUCE, 1);
        }
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        CHECK(dr.all == N && !dr.failed, "%d reports, %d failed", dr.all, dr.failed);
        CHECK_COMMITTED(&m, "t", 0, want);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* #4953: an error of one partition asks for a new epoch while another partition's messages are stored and their answer is lost. */
static void epoch_for_another_partition(void) {
        struct mock m = txn_mock(2);
        rd_kafka_t *rk;
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 1), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 1, 2), 0);
        rk = txn_relayed(&m, NULL, NULL);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "lost"), 0);
        CHECK_ERR(put(rk, "t", 1, "lost"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        rd_kafka_mock_broker_push_request_error_rtts(m.cluster, 1, API_PRODUCE, 1, RD_KAFKA_RESP_ERR_NO_ERROR, 500);
        rd_kafka_mock_broker_push_request_error_rtts(m.cluster, 2, API_PRODUCE, 1, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, 0);
        rd_kafka_mock_clear_requests(m.cluster);
        CHECK_ERR(put(rk, "t", 0, "lost"), 0);
        wait_for_requests(&m, API_PRODUCE, 1);
        CHECK_ERR(put(rk, "t", 1, "bad"), 0);
        wait_failed(rk, 1);
        /* The abort of librdkafka then waits for ever for the message that it may not send again. */
        if (!is_upstream())
                proxy_set(&proxy.cut, 1);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "UNKNOWN_PRODUCER_ID abort");
        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        CHECK_ERR(put(rk, "t", 1, "b"), 0);
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        CHECK_COMMITTED(&m, "t", 0, " a");
        CHECK_COMMITTED(&m, "t", 1, " b");
        rd_kafka_destroy(rk);
        proxy_stop();
        mock_end(&m);
}

/* #4420: begin_transaction() after a fatal error that came on its own returns at once. */
static void begin_after_fatal(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_ready(&m);
        int64_t until  = now_ms() + ms(20000), start;
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "a"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        rd_kafka_mock_broker_push_request_error_rtts(m.cluster, 1, API_END_TXN, 1, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
                                                     late_ms());
        CHECK_CALL(rd_kafka_commit_transaction(rk, 20), "_TIMED_OUT retriable");
        while (!rd_kafka_fatal_error(rk, NULL, 0) && now_ms() < until)
                rd_kafka_poll(rk, 10);
        start = now_ms();
        /* The unfinished call comes first. */
        outcome(rd_kafka_begin_transaction(rk));
        CHECK_CALL(rd_kafka_commit_transaction(rk, -1), "TRANSACTIONAL_ID_AUTHORIZATION_FAILED fatal");
        CHECK_CALL(rd_kafka_begin_transaction(rk), "TRANSACTIONAL_ID_AUTHORIZATION_FAILED fatal");
        CHECK_CALL(rd_kafka_abort_transaction(rk, -1), "TRANSACTIONAL_ID_AUTHORIZATION_FAILED fatal");
        CHECK(now_ms() - start < ms(5000), "%" PRId64 " ms", now_ms() - start);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* #4020: the coordinator goes while a new epoch is asked for. */
static void coordinator_lost_in_bump(void) {
        struct mock m = txn_mock(3);
        rd_kafka_t *rk;
        int round;
        CHECK_ERR(rd_kafka_mock_coordinator_set(m.cluster, "transaction", "txn", 1), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 3), 0);
        rk = txn_ready(&m);
        for (round = 0; round < 2; round++) {
                CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
                CHECK_ERR(put(rk, "t", 0, "lost"), 0);
                CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
                rd_kafka_mock_push_request_errors(m.cluster, API_PRODUCE, 1, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID);
                CHECK_ERR(put(rk, "t", 0, "bad"), 0);
                wait_failed(rk, round + 1);
                rd_kafka_mock_push_request_errors(m.cluster, API_FIND_COORDINATOR, 3, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
                                                  RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
                rd_kafka_mock_push_request_errors(m.cluster, API_INIT_PRODUCER_ID, 2, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
                                                  RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
                CHECK_ERR(rd_kafka_mock_broker_set_down(m.cluster, 1), 0);
                CHECK_CALL(rd_kafka_abort_transaction(rk, 100), "_TIMED_OUT retriable");
                /* It comes back, or another one takes its place. */
                if (round)
                        CHECK_ERR(rd_kafka_mock_coordinator_set(m.cluster, "transaction", "txn", 2), 0);
                else
                        CHECK_ERR(rd_kafka_mock_broker_set_up(m.cluster, 1), 0);
                abort_and_go_on(rk, round ? "second" : "first");
        }
        CHECK_COMMITTED(&m, "t", 0, " first second");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* confluent-kafka-python's #1125: purged while it is on its way. */
static void purged_in_flight(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_ready(&m);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "lost"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        rd_kafka_mock_broker_push_request_error_rtts(m.cluster, 1, API_PRODUCE, 1, RD_KAFKA_RESP_ERR_NO_ERROR, 300);
        rd_kafka_mock_clear_requests(m.cluster);
        CHECK_ERR(put(rk, "t", 0, "lost"), 0);
        wait_for_requests(&m, API_PRODUCE, 1);
        CHECK_ERR(put(rk, "t", 0, "lost"), 0);
        CHECK_ERR(rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT), 0);
        wait_failed(rk, 1);
        /* librdkafka tells the reason of the message, ours that there is one. */
        CHECK(strstr(outcome(rd_kafka_commit_transaction(rk, ms(20000))), " abort"), "committed");
        CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        txn_commits_after_failures(rk, "t", "good");
        CHECK_ERR(rd_kafka_fatal_error(rk, NULL, 0), 0);
        CHECK_COMMITTED(&m, "t", 0, " good");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* #3003, #3041, #3779: no broker for longer than the transaction may last. The commit is called until it has done: either all of
 * the transaction is there or nothing, and either this producer goes on or, fenced, one after it. */
static void brokers_gone(void) {
        struct mock m = txn_mock(2);
        rd_kafka_t *rk;
        const char *got;
        int calls, broker;
        rk = txn_new(&m, "transaction.timeout.ms", ms_text(1000), NULL);
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(20000)), "ok");
        txn_commits(rk, "t", "first");
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "maybe"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        for (broker = 1; broker <= 2; broker++)
                CHECK_ERR(rd_kafka_mock_broker_set_down(m.cluster, broker), 0);
        for (calls = 0; calls < 3; calls++)
                CHECK_CALL(rd_kafka_commit_transaction(rk, ms(500)), "_TIMED_OUT retriable");
        for (broker = 1; broker <= 2; broker++)
                CHECK_ERR(rd_kafka_mock_broker_set_up(m.cluster, broker), 0);
        for (calls = 0, got = "retriable"; strstr(got, "retriable") && calls < 20; calls++)
                got = outcome(rd_kafka_commit_transaction(rk, ms(2000)));
        CHECK(!strcmp(got, "ok") || strstr(got, " abort") || !strcmp(got, "_FENCED fatal"), "%s", got);
        if (strstr(got, "abort"))
                CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        if (strstr(got, "fatal")) {
                rd_kafka_destroy(rk);
                rk = txn_ready(&m);
        }
        txn_commits(rk, "t", "last");
        CHECK_COMMITTED(&m, "t", 0, strcmp(got, "ok") ? " first last" : " first maybe last");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* #3444, confluent-kafka-python's #842: the cluster is new, and its coordinator not there yet. */
static void coordinator_being_made(void) {
        struct mock m  = txn_mock(1);
        rd_kafka_t *rk = txn_new(&m, NULL);
        int i;
        for (i = 0; i < 3; i++) {
                rd_kafka_mock_push_request_errors(m.cluster, API_FIND_COORDINATOR, 1, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
                rd_kafka_mock_push_request_errors(m.cluster, API_INIT_PRODUCER_ID, 1,
                                                  i ? RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS : RD_KAFKA_RESP_ERR_NOT_COORDINATOR);
        }
        CHECK_CALL(rd_kafka_init_transactions(rk, ms(20000)), "ok");
        txn_commits(rk, "t", "a");
        CHECK_COMMITTED(&m, "t", 0, " a");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* #5456: send_offsets_to_transaction() returns in time though the group has no coordinator that is up. librdkafka waits on. */
static void offsets_in_time(void) {
        struct mock m = txn_mock(2);
        rd_kafka_t *rk;
        const char *got;
        int64_t start;
        CHECK_ERR(rd_kafka_mock_coordinator_set(m.cluster, "transaction", "txn", 1), 0);
        CHECK_ERR(rd_kafka_mock_coordinator_set(m.cluster, "group", "g", 2), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 1), 0);
        rk = txn_ready(&m);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(rd_kafka_mock_broker_set_down(m.cluster, 2), 0);
        start = now_ms();
        got   = outcome(send_offset(rk, "g", 1, 500));
        CHECK(now_ms() - start < 500 + ms(2000), "%" PRId64 " ms", now_ms() - start);
        CHECK(!strcmp(got, "_TIMED_OUT retriable") || !strcmp(got, "_TIMED_OUT abort") || !strcmp(got, "_TRANSPORT abort"), "%s", got);
        CHECK_ERR(rd_kafka_mock_broker_set_up(m.cluster, 2), 0);
        if (strstr(got, "retriable")) {
                CHECK_CALL(send_offset(rk, "g", 1, ms(20000)), "ok");
                CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        } else
                CHECK_CALL(rd_kafka_abort_transaction(rk, ms(20000)), "ok");
        txn_commits(rk, "t", "a");
        CHECK_COMMITTED(&m, "t", 0, " a");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* #5511: the group's coordinator leaves the cluster for good. */
static void coordinator_decommissioned(void) {
        struct mock m = txn_mock(3);
        rd_kafka_t *rk;
        CHECK_ERR(rd_kafka_mock_coordinator_set(m.cluster, "transaction", "txn", 1), 0);
        CHECK_ERR(rd_kafka_mock_coordinator_set(m.cluster, "group", "g", 3), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 1), 0);
        rk = txn_ready(&m);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_CALL(send_offset(rk, "g", 1, ms(20000)), "ok");
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        CHECK_ERR(rd_kafka_mock_coordinator_set(m.cluster, "group", "g", 2), 0);
        CHECK_ERR(rd_kafka_mock_broker_decommission(m.cluster, 3), 0);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_CALL(send_offset(rk, "g", 2, ms(20000)), "ok");
        CHECK_CALL(rd_kafka_commit_transaction(rk, ms(20000)), "ok");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* #3779: the coordinator is down for good and another one takes its place, while the transaction is aborted. */
static void abort_at_another(void) {
        struct mock m = txn_mock(3);
        rd_kafka_t *rk;
        CHECK_ERR(rd_kafka_mock_coordinator_set(m.cluster, "transaction", "txn", 1), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 3), 0);
        rk = txn_ready(&m);
        CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
        CHECK_ERR(put(rk, "t", 0, "lost"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        CHECK_ERR(rd_kafka_mock_broker_set_down(m.cluster, 1), 0);
        CHECK_CALL(rd_kafka_abort_transaction(rk, 50), "_TIMED_OUT retriable");
        CHECK_ERR(rd_kafka_mock_coordinator_set(m.cluster, "transaction", "txn", 2), 0);
        abort_and_go_on(rk, "good");
        CHECK_COMMITTED(&m, "t", 0, " good");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* #3720: with the newer protocol each commit takes one of 32767 epochs. After the last there is another producer id. */
static void epochs_used_up(void) {
        enum { N = 33000 };
        const char *got = "ok";
        struct mock m;
        rd_kafka_t *rk;
        int i;
        if (t.slow > 1)
                SKIP("too many transactions for a tool");
        m = txn_mock(1);
        rd_kafka_mock_stop_request_tracking(m.cluster);
        rk = txn_ready(&m);
        for (i = 0; i < N && !strcmp(got, "ok"); i++) {
                CHECK_CALL(rd_kafka_begin_transaction(rk), "ok");
                CHECK_ERR(put(rk, "t", 0, "a"), 0);
                got = outcome(rd_kafka_commit_transaction(rk, ms(20000)));
        }
        CHECK(i == N, "%d: %s", i, got);
        CHECK(dr.all == i && !dr.failed, "%d reports, %d failed", dr.all, dr.failed);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN_BOTH(out_of_order);
        RUN_BOTH(connection_lost);
        RUN_BOTH(timed_out_messages);
        RUN_BOTH(large_batch_again);
        RUN_BOTH(epoch_for_another_partition);
        RUN_BOTH(begin_after_fatal);
        RUN_BOTH(coordinator_lost_in_bump);
        RUN_BOTH(purged_in_flight);
        RUN_BOTH(brokers_gone);
        RUN_BOTH(coordinator_being_made);
        RUN_BOTH_HERE(offsets_in_time);
        RUN_BOTH_HERE(coordinator_decommissioned);
        RUN_BOTH(abort_at_another);
        RUN_NEWER(epochs_used_up);
        return T_END();
}
