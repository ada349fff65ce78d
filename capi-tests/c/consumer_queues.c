/* A consumer's queues: events, a partition's own, forwarding, notifications, callbacks. */
#include <fcntl.h>
#include <poll.h>

#include "consume.h"

static void fetch_events(void) {
        const char *topic = fresh_topic("events", 1);
        rd_kafka_t *rk;
        rd_kafka_queue_t *q;
        int64_t until, want = 0;
        NEED(seed(topic, 0, 50, 0) == 50, "seed");
        rk = consumer("group.id", "g", NULL);
        q  = rd_kafka_queue_get_consumer(rk);
        assign(rk, topic, 0, 0);
        for (until = now_ms() + ms(60000); want < 50 && now_ms() < until;) {
                rd_kafka_event_t *ev = rd_kafka_queue_poll(q, 200);
                const rd_kafka_message_t *m;
                if (!ev)
                        continue;
                CHECK(rd_kafka_event_type(ev) == RD_KAFKA_EVENT_FETCH, "%s", rd_kafka_event_name(ev));
                while ((m = rd_kafka_event_message_next(ev)))
                        CHECK(!m->err && m->offset == want++, "offset %" PRId64, m->offset);
                rd_kafka_event_destroy(ev);
        }
        CHECK(want == 50, "%" PRId64, want);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 5000);
}

/* A partition's own queue, taken out of the common one. */
static void partition_queue(void) {
        const char *topic = fresh_topic("pqueue", 2);
        rd_kafka_t *rk;
        rd_kafka_queue_t *q;
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(2);
        int64_t until, want[2] = {0, 0};
        NEED(seed(topic, 0, 30, 0) == 30 && seed(topic, 1, 30, 0) == 30, "seed");
        rk = consumer("group.id", "g", NULL);
        rd_kafka_topic_partition_list_add(l, topic, 0)->offset = 0;
        rd_kafka_topic_partition_list_add(l, topic, 1)->offset = 0;
        q = rd_kafka_queue_get_partition(rk, topic, 1);
        if (q) {
                /* Known before the assignment only when the client has heard of the topic. */
                rd_kafka_queue_forward(q, NULL);
        }
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        if (!q) {
                q = rd_kafka_queue_get_partition(rk, topic, 1);
                NEED(q != NULL, "no queue of an assigned partition");
                rd_kafka_queue_forward(q, NULL);
        }
        for (until = now_ms() + ms(60000); (want[0] < 30 || want[1] < 30) && now_ms() < until;) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 50);
                if (m) {
                        CHECK(!m->err && m->partition == 0 && m->offset == want[0]++, "common queue: partition %d", m->partition);
                        rd_kafka_message_destroy(m);
                }
                m = rd_kafka_consume_queue(q, 50);
                if (m) {
                        CHECK(!m->err && m->partition == 1 && m->offset == want[1]++, "own queue: partition %d", m->partition);
                        rd_kafka_message_destroy(m);
                }
        }
        CHECK(want[0] == 30 && want[1] == 30, "%" PRId64 " %" PRId64, want[0], want[1]);
        rd_kafka_queue_destroy(q);
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, 5000);
}

static void forwarding(void) {
        const char *topic = fresh_topic("forward", 1);
        rd_kafka_t *rk;
        rd_kafka_queue_t *q, *mine;
        int64_t until, want = 0;
        NEED(seed(topic, 0, 30, 0) == 30, "seed");
        rk   = consumer("group.id", "g", NULL);
        q    = rd_kafka_queue_get_consumer(rk);
        mine = rd_kafka_queue_new(rk);
        rd_kafka_queue_forward(q, mine);
        assign(rk, topic, 0, 0);
        for (until = now_ms() + ms(60000); !rd_kafka_queue_length(mine) && now_ms() < until;)
                usleep(1000);
        CHECK(rd_kafka_queue_length(mine) > 0, "length %d", (int)rd_kafka_queue_length(mine));
        for (until = now_ms() + ms(60000); want < 30 && now_ms() < until;) {
                rd_kafka_message_t *m = rd_kafka_consume_queue(mine, 200);
                if (!m)
                        continue;
                CHECK(!m->err && m->offset == want++, "offset %" PRId64, m->offset);
                rd_kafka_message_destroy(m);
        }
        CHECK(want == 30, "%" PRId64, want);
        CHECK(rd_kafka_queue_length(mine) == 0, "length %d", (int)rd_kafka_queue_length(mine));
        rd_kafka_queue_forward(q, NULL);
        NEED(seed_from(topic, 0, 30, 1, 0) == 1, "seed");
        expect(rk, 30);
        rd_kafka_queue_destroy(mine);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 5000);
}

static void io_events(void) {
        const char *topic = fresh_topic("io", 1);
        rd_kafka_t *rk    = consumer("group.id", "g", NULL);
        rd_kafka_queue_t *q;
        struct pollfd p;
        int fds[2];
        char buf[64];
        ssize_t n;
        NEED(!pipe(fds), "pipe");
        fcntl(fds[0], F_SETFL, O_NONBLOCK);
        fcntl(fds[1], F_SETFL, O_NONBLOCK);
        q = rd_kafka_queue_get_consumer(rk);
        rd_kafka_queue_io_event_enable(q, fds[1], "ab", 2);
        assign(rk, topic, 0, 0);
        NEED(seed(topic, 0, 1, 0) == 1, "seed");
        p.fd     = fds[0];
        p.events = POLLIN;
        CHECK(poll(&p, 1, ms(10000)) == 1, "no wake-up");
        n = read(fds[0], buf, sizeof(buf));
        CHECK(n >= 2 && !memcmp(buf, "ab", 2), "payload of %d bytes", (int)n);
        expect(rk, 0);
        rd_kafka_queue_io_event_enable(q, -1, NULL, 0);
        while (read(fds[0], buf, sizeof(buf)) > 0)
                ;
        NEED(seed_from(topic, 0, 1, 1, 0) == 1, "seed");
        expect(rk, 1);
        CHECK(poll(&p, 1, 0) == 0, "a wake-up after disabling");
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 5000);
        close(fds[0]);
        close(fds[1]);
}

static int event_cb_calls;
static void event_cb(rd_kafka_t *rk, void *opaque) {
        (void)rk;
        __atomic_add_fetch((int *)opaque, 1, __ATOMIC_SEQ_CST);
}

static void cb_events(void) {
        const char *topic = fresh_topic("cbevent", 1);
        rd_kafka_t *rk    = consumer("group.id", "g", NULL);
        rd_kafka_queue_t *q = rd_kafka_queue_get_consumer(rk);
        int64_t until;
        event_cb_calls = 0;
        rd_kafka_queue_cb_event_enable(q, event_cb, &event_cb_calls);
        assign(rk, topic, 0, 0);
        NEED(seed(topic, 0, 1, 0) == 1, "seed");
        for (until = now_ms() + ms(60000); !__atomic_load_n(&event_cb_calls, __ATOMIC_SEQ_CST) && now_ms() < until;)
                usleep(1000);
        CHECK(__atomic_load_n(&event_cb_calls, __ATOMIC_SEQ_CST) > 0, "not called");
        expect(rk, 0);
        rd_kafka_queue_cb_event_enable(q, NULL, NULL);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 5000);
}

static void *wake(void *q) {
        usleep(200000);
        rd_kafka_queue_yield(q);
        return NULL;
}

static void queue_yield(void) {
        rd_kafka_t *rk      = consumer("group.id", "g", NULL);
        rd_kafka_queue_t *q = rd_kafka_queue_get_consumer(rk);
        pthread_t thread;
        int64_t start = now_ms();
        NEED(!pthread_create(&thread, NULL, wake, q), "thread");
        CHECK(!rd_kafka_consumer_poll(rk, 10000), "a message");
        CHECK(now_ms() - start < ms(3000), "not woken for %d ms", (int)(now_ms() - start));
        pthread_join(thread, NULL);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 5000);
}

static int cb_cnt;
static int64_t cb_next;
static void conf_consume_cb(rd_kafka_message_t *m, void *opaque) {
        (void)opaque;
        if (m->err)
                return;
        CHECK(m->offset == cb_next++, "offset %" PRId64, m->offset);
        cb_cnt++;
}

/* With a consume callback in the configuration, polling calls it instead of returning messages. */
static void configured_callback(void) {
        const char *topic = fresh_topic("confcb", 1);
        rd_kafka_conf_t *conf;
        rd_kafka_t *rk;
        int64_t until;
        NEED(seed(topic, 0, 20, 0) == 20, "seed");
        conf = conf_of("bootstrap.servers", bootstrap(), "group.id", "g", NULL);
        rd_kafka_conf_set_consume_cb(conf, conf_consume_cb);
        rk = client(RD_KAFKA_CONSUMER, conf);
        CHECK_ERR(rd_kafka_poll_set_consumer(rk), 0);
        assign(rk, topic, 0, 0);
        cb_cnt  = 0;
        cb_next = 0;
        for (until = now_ms() + ms(60000); cb_cnt < 20 && now_ms() < until;)
                rd_kafka_poll(rk, 100);
        CHECK(cb_cnt == 20, "%d", cb_cnt);
        DESTROY(rk, 5000);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(fetch_events);
        RUN(partition_queue);
        RUN(forwarding);
        RUN(io_events);
        RUN(cb_events);
        RUN(queue_yield);
        RUN(configured_callback);
        return T_END();
}
