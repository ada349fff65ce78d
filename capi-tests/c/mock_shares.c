/* Share groups (KIP-932) in the mock cluster: what a test sets of them, as it is seen on a socket of the test's own. */
#include "mock.h"
#include "wire.h"

enum { SHARE_GROUP_HEARTBEAT = 76, SHARE_FETCH = 78, SHARE_ACKNOWLEDGE = 79, RELEASE = 2 };
enum { GROUP_MAX_SIZE_REACHED = 81, SHARE_SESSION_LIMIT_REACHED = 133 };

/* A member on a connection of its own; its topic's id comes with its assignment. */
struct member {
        const char *id;
        int fd, epoch, session, interval;
        unsigned assigned; /* Bit n for partition n. */
        unsigned char topic[16];
        struct wire w;
};

/* What a fetch gave out, all partitions together. */
struct got {
        int64_t first, last;
        int records, deliveries, err;
};

static void w_compact(struct wire *w, const char *s) {
        size_t n = strlen(s);
        w_int(w, 1, (int64_t)n + 1);
        memcpy(w->b + w->len, s, n);
        w->len += n;
}

static int64_t r_varint(struct wire *w) {
        int64_t v = 0, b;
        int shift = 0;
        do {
                b = r_int(w, 1) & 0xff;
                v |= (b & 0x7f) << shift;
                shift += 7;
        } while ((b & 0x80) && !w->bad && shift < 35);
        return v;
}

static void r_skip(struct wire *w, int64_t n) {
        if (n < 0 || w->pos + (size_t)n > w->len)
                w->bad = 1;
        else
                w->pos += (size_t)n;
}

static void r_compact(struct wire *w) {
        int64_t n = r_varint(w);
        r_skip(w, n ? n - 1 : 0);
}

/* Sends the member's request; its answer is then read from `w`, behind the header. */
static void call(struct member *m, int api, int version) {
        struct wire *h = calloc(1, sizeof(*h));
        w_int(h, 4, (int64_t)(8 + 2 + 4 + 1 + m->w.len));
        w_int(h, 2, api);
        w_int(h, 2, version);
        w_int(h, 4, 1);
        w_str(h, "test");
        w_int(h, 1, 0);
        memcpy(h->b + h->len, m->w.b, m->w.len);
        h->len += m->w.len;
        CHECK(write(m->fd, h->b, h->len) == (ssize_t)h->len && !wire_read(m->fd, h->b, 4), "no answer to request %d", api);
        h->pos   = 0;
        h->len   = 4;
        m->w.len = (size_t)r_int(h, 4);
        m->w.pos = 0;
        m->w.bad = 0;
        if (m->w.len > sizeof(m->w.b) || wire_read(m->fd, m->w.b, m->w.len))
                m->w.len = 0;
        r_int(&m->w, 4);
        r_int(&m->w, 1);
        free(h);
}

static struct member *member(const struct mock *mock, const char *id) {
        struct member *m = calloc(1, sizeof(*m));
        m->id            = id;
        m->fd            = wire_connect(mock->servers);
        CHECK(m->fd >= 0, "nobody listens");
        return m;
}

static void gone(struct member *m) {
        close(m->fd);
        free(m);
}

/* A heartbeat; the first one subscribes to "t". Returns the error. */
static int beat(struct member *m) {
        int err;
        int64_t topics, partitions;
        m->w.len = 0;
        w_compact(&m->w, "g");
        w_compact(&m->w, m->id);
        w_int(&m->w, 4, m->epoch);
        w_int(&m->w, 1, 0);
        w_int(&m->w, 1, m->epoch ? 0 : 2);
        if (!m->epoch)
                w_compact(&m->w, "t");
        w_int(&m->w, 1, 0);
        call(m, SHARE_GROUP_HEARTBEAT, 1);
        r_int(&m->w, 4);
        err = (int)r_int(&m->w, 2);
        r_compact(&m->w);
        r_compact(&m->w);
        if (err)
                return err;
        m->epoch    = (int)r_int(&m->w, 4);
        m->interval = (int)r_int(&m->w, 4);
        if (r_int(&m->w, 1) >= 0) {
                m->assigned = 0;
                for (topics = r_varint(&m->w) - 1; topics > 0 && !m->w.bad; topics--) {
                        memcpy(m->topic, m->w.b + m->w.pos, 16);
                        r_skip(&m->w, 16);
                        for (partitions = r_varint(&m->w) - 1; partitions > 0 && !m->w.bad; partitions--)
                                m->assigned |= 1u << r_int(&m->w, 4);
                        r_int(&m->w, 1);
                }
        }
        CHECK(!m->w.bad, "a heartbeat's answer is cut off");
        return 0;
}

/* Partition 0 in a request, with an acknowledgement of one type unless it is 0. */
static void w_topic(struct member *m, int64_t first, int64_t last, int type) {
        w_int(&m->w, 1, 2);
        memcpy(m->w.b + m->w.len, m->topic, 16);
        m->w.len += 16;
        w_int(&m->w, 1, 2);
        w_int(&m->w, 4, 0);
        w_int(&m->w, 1, type ? 2 : 1);
        if (type) {
                w_int(&m->w, 8, first);
                w_int(&m->w, 8, last);
                w_int(&m->w, 1, 2);
                w_int(&m->w, 1, type);
                w_int(&m->w, 1, 0);
        }
        w_int(&m->w, 1, 0);
        w_int(&m->w, 1, 0);
}

static void head(struct member *m) {
        m->w.len = 0;
        w_compact(&m->w, "g");
        w_compact(&m->w, m->id);
        w_int(&m->w, 4, m->session);
}

static struct got fetch(struct member *m) {
        struct got got = {-1, -1, 0, 0, 0};
        int64_t topics, partitions, runs, size;
        head(m);
        w_int(&m->w, 4, 0);
        w_int(&m->w, 4, 0);
        w_int(&m->w, 4, 1 << 20);
        w_int(&m->w, 4, 500);
        w_int(&m->w, 4, 500);
        if (m->session)
                w_int(&m->w, 1, 1);
        else
                w_topic(m, 0, 0, 0);
        w_int(&m->w, 1, 1);
        w_int(&m->w, 1, 0);
        call(m, SHARE_FETCH, 1);
        r_int(&m->w, 4);
        got.err = (int)r_int(&m->w, 2);
        r_compact(&m->w);
        r_int(&m->w, 4);
        if (got.err)
                return got;
        m->session++;
        for (topics = r_varint(&m->w) - 1; topics > 0 && !m->w.bad; topics--) {
                r_skip(&m->w, 16);
                for (partitions = r_varint(&m->w) - 1; partitions > 0 && !m->w.bad; partitions--) {
                        r_int(&m->w, 4);
                        got.err = (int)r_int(&m->w, 2);
                        r_compact(&m->w);
                        r_int(&m->w, 2);
                        r_compact(&m->w);
                        r_skip(&m->w, 9);
                        size = r_varint(&m->w);
                        r_skip(&m->w, size ? size - 1 : 0);
                        for (runs = r_varint(&m->w) - 1; runs > 0 && !m->w.bad; runs--) {
                                int64_t first = r_int(&m->w, 8);
                                got.last      = r_int(&m->w, 8);
                                got.first     = got.first < 0 ? first : got.first;
                                got.records += (int)(got.last - first + 1);
                                got.deliveries = (int)r_int(&m->w, 2);
                                r_int(&m->w, 1);
                        }
                        r_int(&m->w, 1);
                }
                r_int(&m->w, 1);
        }
        CHECK(!m->w.bad, "a fetch's answer is cut off");
        return got;
}

static void release(struct member *m, int64_t first, int64_t last) {
        head(m);
        w_topic(m, first, last, RELEASE);
        w_int(&m->w, 1, 0);
        call(m, SHARE_ACKNOWLEDGE, 1);
        r_int(&m->w, 4);
        CHECK(r_int(&m->w, 2) == 0, "an acknowledgement is refused");
        m->session++;
}

/* A cluster whose share groups begin at the first of ten records in partition 0 of "t". */
static struct mock cluster(int partitions) {
        struct mock m = mock_of(1);
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", partitions, 1), 0);
        rd_kafka_mock_sharegroup_set_auto_offset_reset(m.cluster, 1);
        send_all(&m, "t", 10);
        return m;
}

static void ids(const struct mock *m, int want) {
        char **all = NULL;
        size_t cnt = 4711, i;
        CHECK_ERR(rd_kafka_mock_sharegroup_get_member_ids(m->cluster, "g", &all, &cnt), 0);
        CHECK((int)cnt == want && !all == !want, "%zu members", cnt);
        for (i = 0; all && i < cnt; i++) {
                CHECK(!strcmp(all[i], i ? "b" : "a"), "member %zu is %s", i, all[i]);
                rd_kafka_mem_free(NULL, all[i]);
        }
        rd_kafka_mem_free(NULL, all);
}

static void members(void) {
        struct mock m   = cluster(2);
        char **all      = (char **)&m;
        size_t cnt      = 4711;
        const char *b[] = {"b"};
        struct member *first, *second;
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        CHECK_ERR(rd_kafka_mock_sharegroup_get_member_ids(m.cluster, "g", &all, &cnt), RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND);
        CHECK(!all && !cnt, "%zu members of no group", cnt);
        rd_kafka_mock_sharegroup_set_heartbeat_interval(m.cluster, 1234);
        rd_kafka_mock_sharegroup_set_max_size(m.cluster, 2);
        first = member(&m, "a");
        CHECK(!beat(first) && first->assigned == 3, "%x", first->assigned);
        CHECK(first->interval == 1234, "each %d ms", first->interval);
        ids(&m, 1);
        second = member(&m, "b");
        CHECK(!beat(second) && !beat(first), "a heartbeat is refused");
        CHECK(first->assigned + second->assigned == 3 && first->assigned && second->assigned, "%x and %x", first->assigned, second->assigned);
        ids(&m, 2);
        first->id = "c";
        first->epoch = 0;
        CHECK(beat(first) == GROUP_MAX_SIZE_REACHED, "a third of two");
        rd_kafka_topic_partition_list_add(list, "t", 1);
        rd_kafka_mock_sharegroup_target_assignment(m.cluster, "g", b, &list, 1);
        CHECK(!beat(second) && second->assigned == 2, "%x", second->assigned);
        rd_kafka_topic_partition_list_destroy(list);
        gone(first);
        gone(second);
        mock_end(&m);
}

static void silent_members(void) {
        struct mock m = cluster(1);
        int64_t until;
        size_t cnt = 1;
        struct member *a;
        rd_kafka_mock_sharegroup_set_session_timeout(m.cluster, 500);
        a = member(&m, "a");
        CHECK(!beat(a), "refused");
        for (until = now_ms() + ms(10000); cnt && now_ms() < until; usleep(20000)) {
                char **all = NULL;
                rd_kafka_mock_sharegroup_get_member_ids(m.cluster, "g", &all, &cnt);
                if (cnt)
                        rd_kafka_mem_free(NULL, all[0]);
                rd_kafka_mem_free(NULL, all);
        }
        CHECK(!cnt, "%zu members", cnt);
        CHECK(beat(a) == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, "still a member");
        gone(a);
        mock_end(&m);
}

static void deliveries(void) {
        struct mock m = cluster(1);
        struct member *a = member(&m, "a");
        struct got got;
        int i;
        rd_kafka_mock_sharegroup_set_max_delivery_attempts(m.cluster, 2);
        CHECK(!beat(a), "refused");
        for (i = 1; i <= 2; i++) {
                got = fetch(a);
                CHECK(got.records == 10 && got.deliveries == i, "%d records, delivered %d times, not %d", got.records, got.deliveries, i);
                release(a, 0, 9);
        }
        got = fetch(a);
        CHECK(!got.err && !got.records, "%d records after the last delivery", got.records);
        gone(a);
        mock_end(&m);
}

static void locks(void) {
        struct mock m = cluster(1);
        struct member *a = member(&m, "a"), *b = member(&m, "b");
        struct got got;
        int64_t until = now_ms() + ms(10000);
        rd_kafka_mock_sharegroup_set_max_record_locks(m.cluster, 3);
        rd_kafka_mock_sharegroup_set_record_lock_duration(m.cluster, 500);
        CHECK(!beat(a) && !beat(b), "refused");
        memcpy(b->topic, a->topic, 16);
        got = fetch(a);
        CHECK(got.records == 3 && got.first == 0, "%d records with three locks", got.records);
        got = fetch(b);
        CHECK(!got.records, "%d records beyond the locks", got.records);
        while (!got.records && now_ms() < until) {
                usleep(50000);
                got = fetch(b);
        }
        CHECK(got.records == 3 && got.deliveries == 2, "%d records, delivered %d times", got.records, got.deliveries);
        gone(a);
        gone(b);
        mock_end(&m);
}

static void sessions(void) {
        struct mock m = cluster(1);
        struct member *a = member(&m, "a"), *b = member(&m, "b");
        rd_kafka_mock_sharegroup_set_max_fetch_sessions(m.cluster, 1);
        CHECK(!beat(a) && !beat(b), "refused");
        memcpy(b->topic, a->topic, 16);
        CHECK(!fetch(a).err, "no session");
        CHECK(fetch(b).err == SHARE_SESSION_LIMIT_REACHED, "a second session");
        gone(a);
        gone(b);
        mock_end(&m);
}

/* What a transaction wrote that was aborted is read by default only. */
static void isolation(void) {
        struct mock m = cluster(1);
        struct member *a = member(&m, "a");
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", m.servers, "transactional.id", "x", NULL));
        struct got got;
        CHECK(!rd_kafka_init_transactions(rk, ms(20000)) && !rd_kafka_begin_transaction(rk), "no transaction");
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        CHECK(!rd_kafka_abort_transaction(rk, ms(20000)), "not aborted");
        rd_kafka_destroy(rk);
        CHECK(!beat(a), "refused");
        rd_kafka_mock_sharegroup_set_isolation_level(m.cluster, 1);
        got = fetch(a);
        CHECK(got.first == 0 && got.records >= 10 && got.records <= 11, "%d records", got.records);
        gone(a);
        mock_end(&m);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(members);
        RUN(silent_members);
        RUN(deliveries);
        RUN(locks);
        RUN(sessions);
        RUN(isolation);
        return T_END();
}
