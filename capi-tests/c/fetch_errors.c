/* What a consumer makes of errors of Fetch, and of the leader epochs that positions carry. On the mock cluster, which notes requests. */
#include "consume.h"
#include "mock.h"

#define FETCH               1
#define OFFSET_FOR_LEADER_EPOCH 23

enum { BACKOFF = 600 };

static rd_kafka_t *consumer_on(const struct mock *m) {
        return client(RD_KAFKA_CONSUMER,
                      conf_of("bootstrap.servers", m->servers, "group.id", "g", "enable.auto.commit", "false", "fetch.error.backoff.ms",
                              "600", "fetch.wait.max.ms", "100", "auto.offset.reset", "earliest", NULL));
}

/* The next message, nobody being asked where the log ends. */
static void next_is(rd_kafka_t *rk, int64_t offset) {
        rd_kafka_message_t *m = next(rk, ms(15000));
        CHECK(m != NULL, "nothing, expected offset %" PRId64, offset);
        if (!m)
                return;
        CHECK(!m->err && m->offset == offset, "%s, offset %" PRId64 ", expected %" PRId64, rd_kafka_err2name(m->err), m->offset, offset);
        rd_kafka_message_destroy(m);
}

/* ---- fetch.error.backoff.ms ---- */

/* Three errors in a row: each keeps the next Fetch back for the time. */
static void backs_off(rd_kafka_resp_err_t err) {
        struct mock m = mock_of(1);
        rd_kafka_mock_request_t **all;
        rd_kafka_t *rk;
        size_t cnt, i;
        int64_t last = 0;
        int seen     = 0;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 1), 0);
        send_all(&m, "t", 3);
        rk = consumer_on(&m);
        rd_kafka_mock_start_request_tracking(m.cluster);
        rd_kafka_mock_push_request_errors(m.cluster, FETCH, 3, err, err, err);
        assign(rk, "t", 0, 0);
        next_is(rk, 0);
        all = rd_kafka_mock_get_requests(m.cluster, &cnt);
        for (i = 0; i < cnt && seen < 4; i++) {
                int64_t at = rd_kafka_mock_request_timestamp(all[i]);
                if (rd_kafka_mock_request_api_key(all[i]) != FETCH)
                        continue;
                /* The mock takes a request a moment later than it was sent, and the answer before it a moment later still. */
                CHECK(!seen || at - last >= (BACKOFF - 20) * 1000, "%s: Fetch %d came %d ms after the one that failed",
                      rd_kafka_err2name(err), seen, (int)((at - last) / 1000));
                last = at;
                seen++;
        }
        CHECK(seen == 4, "%d Fetches", seen);
        rd_kafka_mock_request_destroy_array(all, cnt);
        DESTROY(rk, 5000);
        mock_end(&m);
}

static void backoff_fenced(void) {
        backs_off(RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH);
}

static void backoff_unknown_epoch(void) {
        backs_off(RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH);
}

static void backoff_not_leader(void) {
        backs_off(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
}

static void backoff_storage(void) {
        backs_off(RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR);
}

static void backoff_out_of_range(void) {
        backs_off(RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
}

static void backoff_not_available(void) {
        backs_off(RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE);
}

/* The partition has moved: its new leader has not failed, and is asked at once. A Fetch of the old one waits 100 ms at most. */
static void no_backoff_when_the_leader_moves(void) {
        struct mock m = mock_of(2);
        rd_kafka_mock_request_t **all;
        rd_kafka_t *rk;
        size_t cnt, i;
        int64_t last = 0, then = 0, until;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 2), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 1), 0);
        send_all(&m, "t", 3);
        rk = consumer_on(&m);
        rd_kafka_mock_start_request_tracking(m.cluster);
        assign(rk, "t", 0, 0);
        for (i = 0; i < 3; i++)
                next_is(rk, (int64_t)i);
        CHECK(requests_of(&m, FETCH, 1) > 0, "no Fetch of the first leader");
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 2), 0);
        for (until = now_ms() + ms(15000); now_ms() < until && !requests_of(&m, FETCH, 2);)
                usleep(10000);
        all = rd_kafka_mock_get_requests(m.cluster, &cnt);
        for (i = 0; i < cnt && !then; i++) {
                if (rd_kafka_mock_request_api_key(all[i]) != FETCH)
                        continue;
                if (rd_kafka_mock_request_id(all[i]) == 1)
                        last = rd_kafka_mock_request_timestamp(all[i]);
                else
                        then = rd_kafka_mock_request_timestamp(all[i]);
        }
        CHECK(last && then, "no Fetch of one of the leaders");
        CHECK(then - last < (int64_t)ms(BACKOFF - 50) * 1000, "the new leader was asked after %d ms", (int)((then - last) / 1000));
        rd_kafka_mock_request_destroy_array(all, cnt);
        DESTROY(rk, 5000);
        mock_end(&m);
}

/* ---- leader epochs of positions ---- */

/* The leader, and its epoch, are known already. */
static void knows_the_leader(rd_kafka_t *rk) {
        assign(rk, "t", 0, 0);
        next_is(rk, 0);
}

static void assign_with_epoch(rd_kafka_t *rk, int64_t offset, int32_t epoch) {
        rd_kafka_topic_partition_list_t *l = one("t", 0, offset);
        rd_kafka_topic_partition_set_leader_epoch(&l->elems[0], epoch);
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
}

static struct mock with_messages(int cnt) {
        struct mock m = mock_of(2);
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 2), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 1), 0);
        send_all(&m, "t", cnt);
        rd_kafka_mock_start_request_tracking(m.cluster);
        return m;
}

/* An epoch that no leader ever had: consuming starts where the application says. */
static void assigned_epoch_is_not_checked(void) {
        struct mock m  = with_messages(10);
        rd_kafka_t *rk = consumer_on(&m);
        knows_the_leader(rk);
        assign_with_epoch(rk, 6, 1234);
        next_is(rk, 6);
        next_is(rk, 7);
        CHECK(requests_of(&m, OFFSET_FOR_LEADER_EPOCH, -1) == 0, "%d questions about epochs", requests_of(&m, OFFSET_FOR_LEADER_EPOCH, -1));
        DESTROY(rk, 5000);
        mock_end(&m);
}

/* At the end nothing is delivered again. */
static void assigned_end_is_not_checked(void) {
        struct mock m  = with_messages(10);
        rd_kafka_t *rk = consumer_on(&m);
        rd_kafka_message_t *none;
        knows_the_leader(rk);
        assign_with_epoch(rk, 10, 1234);
        none = next(rk, 1000);
        CHECK(!none, "offset %" PRId64 " (%s)", none ? none->offset : -1, none ? rd_kafka_err2name(none->err) : "");
        if (none)
                rd_kafka_message_destroy(none);
        CHECK(requests_of(&m, OFFSET_FOR_LEADER_EPOCH, -1) == 0, "%d questions about epochs", requests_of(&m, OFFSET_FOR_LEADER_EPOCH, -1));
        DESTROY(rk, 5000);
        mock_end(&m);
}

static void incrementally_assigned_epoch_is_not_checked(void) {
        struct mock m                      = with_messages(10);
        rd_kafka_t *rk                     = consumer_on(&m);
        rd_kafka_topic_partition_list_t *l = one("t", 0, 6);
        rd_kafka_topic_partition_set_leader_epoch(&l->elems[0], 1234);
        knows_the_leader(rk);
        CHECK_ERR(rd_kafka_assign(rk, NULL), 0);
        CHECK(!rd_kafka_incremental_assign(rk, l), "assign");
        next_is(rk, 6);
        CHECK(requests_of(&m, OFFSET_FOR_LEADER_EPOCH, -1) == 0, "%d questions about epochs", requests_of(&m, OFFSET_FOR_LEADER_EPOCH, -1));
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
        mock_end(&m);
}

/* A seek asks. */
static void sought_epoch_is_checked(void) {
        struct mock m                      = with_messages(10);
        rd_kafka_t *rk                     = consumer_on(&m);
        rd_kafka_topic_partition_list_t *l = one("t", 0, 5);
        rd_kafka_error_t *error;
        rd_kafka_message_t *first;
        assign(rk, "t", 0, 0);
        first = next(rk, ms(15000));
        NEED(first && !first->err, "no message");
        rd_kafka_topic_partition_set_leader_epoch(&l->elems[0], rd_kafka_message_leader_epoch(first));
        rd_kafka_message_destroy(first);
        error = rd_kafka_seek_partitions(rk, l, ms(5000));
        CHECK(!error, "%s", rd_kafka_error_string(error));
        next_is(rk, 5);
        CHECK(requests_of(&m, OFFSET_FOR_LEADER_EPOCH, -1) == 1, "%d questions about epochs", requests_of(&m, OFFSET_FOR_LEADER_EPOCH, -1));
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
        mock_end(&m);
}

/* So does a leader of a later epoch. */
static void moved_leader_is_asked(void) {
        struct mock m  = with_messages(4);
        rd_kafka_t *rk = consumer_on(&m);
        int i;
        int64_t until = now_ms() + ms(15000);
        assign(rk, "t", 0, 0);
        for (i = 0; i < 4; i++)
                next_is(rk, i);
        CHECK(requests_of(&m, OFFSET_FOR_LEADER_EPOCH, -1) == 0, "%d questions about epochs", requests_of(&m, OFFSET_FOR_LEADER_EPOCH, -1));
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 2), 0);
        while (now_ms() < until && !requests_of(&m, OFFSET_FOR_LEADER_EPOCH, 2)) {
                rd_kafka_message_t *none = rd_kafka_consumer_poll(rk, 50);
                CHECK(!none, "a message");
                if (none)
                        rd_kafka_message_destroy(none);
        }
        CHECK(requests_of(&m, OFFSET_FOR_LEADER_EPOCH, 2) == 1, "%d questions about epochs", requests_of(&m, OFFSET_FOR_LEADER_EPOCH, 2));
        DESTROY(rk, 5000);
        mock_end(&m);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(backoff_fenced);
        RUN(backoff_unknown_epoch);
        RUN(backoff_not_leader);
        RUN(backoff_storage);
        RUN(backoff_not_available);
        RUN(backoff_out_of_range);
        RUN(no_backoff_when_the_leader_moves);
        RUN(assigned_epoch_is_not_checked);
        RUN(assigned_end_is_not_checked);
        RUN(incrementally_assigned_epoch_is_not_checked);
        RUN(sought_epoch_is_checked);
        RUN(moved_leader_is_asked);
        return T_END();
}
