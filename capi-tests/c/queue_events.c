/* When an application with its own event loop is told that a queue has something. */
#include <fcntl.h>

#include "mock.h"

static volatile int calls;
static void on_event(rd_kafka_t *rk, void *opaque) {
        CHECK(opaque == (void *)&calls && (!rk || rd_kafka_name(rk)), "arguments");
        __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
}

/* Those since the last look, once there are as many as are wanted. */
static int take_calls(int wanted) {
        int64_t until = now_ms() + ms(15000);
        while (__atomic_load_n(&calls, __ATOMIC_SEQ_CST) < wanted && now_ms() < until)
                usleep(1000);
        return __atomic_exchange_n(&calls, 0, __ATOMIC_SEQ_CST);
}

static rd_kafka_t *reporting(int by_callback) {
        rd_kafka_conf_t *conf = conf_of("test.mock.num.brokers", "1", "linger.ms", "0", NULL);
        if (by_callback)
                rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
        else
                rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
        calls = 0;
        return client(RD_KAFKA_PRODUCER, conf);
}

/* One more report in the queue, which had `have`. */
static void report(rd_kafka_t *rk, rd_kafka_queue_t *q, size_t have) {
        int64_t until = now_ms() + ms(15000);
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END), 0);
        while (rd_kafka_queue_length(q) <= have && now_ms() < until)
                usleep(1000);
        CHECK(rd_kafka_queue_length(q) == have + 1, "%zu in the queue", rd_kafka_queue_length(q));
        /* It is told after it is queued: a moment for calls that must not come. */
        usleep(50000);
}

static int drain(rd_kafka_queue_t *q) {
        int n = 0;
        rd_kafka_event_t *ev;
        while ((ev = rd_kafka_queue_poll(q, 0))) {
                rd_kafka_event_destroy(ev);
                n++;
        }
        return n;
}

static void only_when_empty_before(void) {
        rd_kafka_t *rk      = reporting(0);
        rd_kafka_queue_t *q = rd_kafka_queue_get_main(rk);
        rd_kafka_queue_cb_event_enable(q, on_event, (void *)&calls);
        report(rk, q, 0);
        report(rk, q, 1);
        CHECK(take_calls(1) == 1, "for the first only");
        rd_kafka_event_destroy(rd_kafka_queue_poll(q, 0));
        report(rk, q, 1);
        CHECK(take_calls(0) == 0, "one was left after a partial poll");
        CHECK(drain(q) == 2, "the rest");
        report(rk, q, 0);
        CHECK(take_calls(1) == 1, "drained before");
        rd_kafka_event_destroy(rd_kafka_queue_poll(q, 0));
        report(rk, q, 0);
        CHECK(take_calls(1) == 1, "taken singly, but all");
        drain(q);
        rd_kafka_queue_cb_event_enable(q, NULL, NULL);
        report(rk, q, 0);
        CHECK(take_calls(0) == 0, "turned off");
        drain(q);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 2000);
}

/* What a queue holds when it is asked for is not told, and keeps it from being told of more. */
static void enabled_on_what_is_there(void) {
        rd_kafka_t *rk      = reporting(0);
        rd_kafka_queue_t *q = rd_kafka_queue_get_main(rk);
        report(rk, q, 0);
        rd_kafka_queue_cb_event_enable(q, on_event, (void *)&calls);
        CHECK(take_calls(0) == 0, "at once");
        report(rk, q, 1);
        CHECK(take_calls(0) == 0, "for one more");
        CHECK(drain(q) == 2, "both");
        report(rk, q, 0);
        CHECK(take_calls(1) == 1, "from empty");
        drain(q);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 2000);
}

/* The queue at the end of the chain is told of, by what arrives and by what comes along. */
static void forwarded(void) {
        rd_kafka_t *rk          = reporting(0);
        rd_kafka_queue_t *q     = rd_kafka_queue_get_main(rk);
        rd_kafka_queue_t *other = rd_kafka_queue_new(rk);
        rd_kafka_queue_cb_event_enable(other, on_event, (void *)&calls);
        report(rk, q, 0);
        rd_kafka_queue_forward(q, other);
        CHECK(take_calls(1) == 1, "what comes along to an empty queue");
        report(rk, other, 1);
        CHECK(take_calls(0) == 0, "not empty");
        CHECK(drain(other) == 2, "both");
        report(rk, other, 0);
        CHECK(take_calls(1) == 1, "by way of the other queue");
        rd_kafka_queue_forward(q, NULL);
        report(rk, q, 0);
        CHECK(take_calls(0) == 0, "no longer");
        rd_kafka_queue_forward(q, other);
        CHECK(take_calls(0) == 0, "what comes along to a queue that holds something");
        CHECK(drain(other) == 2, "both");
        /* The source's own is not called while it leads elsewhere. */
        rd_kafka_queue_cb_event_enable(other, NULL, NULL);
        rd_kafka_queue_cb_event_enable(q, on_event, (void *)&calls);
        report(rk, other, 0);
        CHECK(take_calls(0) == 0, "the source");
        drain(other);
        rd_kafka_queue_forward(q, NULL);
        report(rk, q, 0);
        CHECK(take_calls(1) == 1, "the source, on its own again");
        drain(q);
        rd_kafka_queue_destroy(other);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 2000);
}

static int take_bytes(int fd) {
        char buf[64];
        ssize_t n = read(fd, buf, sizeof(buf));
        return n < 0 ? 0 : (int)n;
}

static void descriptor(void) {
        rd_kafka_t *rk      = reporting(0);
        rd_kafka_queue_t *q = rd_kafka_queue_get_main(rk);
        int fds[2];
        NEED(!pipe2(fds, O_NONBLOCK | O_CLOEXEC), "pipe");
        rd_kafka_queue_io_event_enable(q, fds[1], "xyz", 3);
        report(rk, q, 0);
        report(rk, q, 1);
        CHECK(take_bytes(fds[0]) == 3, "once");
        rd_kafka_event_destroy(rd_kafka_queue_poll(q, 0));
        report(rk, q, 1);
        CHECK(take_bytes(fds[0]) == 0, "one was left");
        drain(q);
        report(rk, q, 0);
        CHECK(take_bytes(fds[0]) == 3, "drained before");
        drain(q);
        /* Many times, before anybody looks: once is enough to wake up for. */
        rd_kafka_queue_yield(q);
        rd_kafka_queue_yield(q);
        CHECK(take_bytes(fds[0]) == 3, "yields are told once");
        rd_kafka_queue_poll(q, 0);
        rd_kafka_queue_yield(q);
        CHECK(take_bytes(fds[0]) == 3, "and again after a look");
        rd_kafka_queue_poll(q, 0);
        /* The later of both kinds is in force. */
        rd_kafka_queue_cb_event_enable(q, on_event, (void *)&calls);
        report(rk, q, 0);
        CHECK(take_bytes(fds[0]) == 0 && take_calls(1) == 1, "the callback instead");
        drain(q);
        rd_kafka_queue_io_event_enable(q, fds[1], "z", 1);
        report(rk, q, 0);
        CHECK(take_bytes(fds[0]) == 1 && take_calls(0) == 0, "the descriptor instead");
        drain(q);
        rd_kafka_queue_io_event_enable(q, -1, NULL, 0);
        report(rk, q, 0);
        CHECK(take_bytes(fds[0]) == 0, "turned off");
        drain(q);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 2000);
        close(fds[0]);
        close(fds[1]);
}

static void yield(void) {
        rd_kafka_t *rk      = reporting(0);
        rd_kafka_queue_t *q = rd_kafka_queue_get_main(rk);
        rd_kafka_queue_cb_event_enable(q, on_event, (void *)&calls);
        rd_kafka_queue_yield(q);
        rd_kafka_queue_yield(q);
        CHECK(take_calls(2) == 2, "each on an empty queue");
        rd_kafka_queue_poll(q, 0);
        report(rk, q, 0);
        CHECK(take_calls(1) == 1, "the report");
        rd_kafka_queue_yield(q);
        CHECK(take_calls(0) == 0, "the queue holds something");
        rd_kafka_queue_poll(q, 0);
        drain(q);
        rd_kafka_queue_destroy(q);
        DESTROY(rk, 2000);
}

/* ---- polls that serve callbacks take what is there when they begin ---- */

static rd_kafka_queue_t *served;
static int reports_seen, more_while_served, yield_after;
static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)m, (void)opaque;
        reports_seen++;
        if (more_while_served) {
                /* Waits for a report while a poll serves, without looking at the queue. */
                int64_t until = now_ms() + ms(15000);
                more_while_served--;
                CHECK(take_calls(0) == 0, "before");
                CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END), 0);
                while (!__atomic_load_n(&calls, __ATOMIC_SEQ_CST) && now_ms() < until)
                        usleep(1000);
                CHECK(take_calls(1) == 1, "what comes while a poll serves the rest is told");
        }
        if (yield_after && !--yield_after)
                rd_kafka_yield(rk);
}

static void served_by_callbacks(void) {
        rd_kafka_conf_t *conf = conf_of("test.mock.num.brokers", "1", "linger.ms", "0", NULL);
        rd_kafka_t *rk;
        calls = reports_seen = 0;
        rd_kafka_conf_set_dr_msg_cb(conf, on_report);
        rk     = client(RD_KAFKA_PRODUCER, conf);
        served = rd_kafka_queue_get_main(rk);
        rd_kafka_queue_cb_event_enable(served, on_event, (void *)&calls);
        report(rk, served, 0);
        report(rk, served, 1);
        report(rk, served, 2);
        CHECK(take_calls(1) == 1, "the first");
        more_while_served = 1;
        /* The first callback waits for a fourth report, while two wait to be served. */
        CHECK(rd_kafka_poll(rk, 0) == 3, "those that were there");
        CHECK(reports_seen == 3, "%d", reports_seen);
        CHECK(take_calls(0) == 0, "once");
        CHECK(rd_kafka_poll(rk, 0) == 1, "the fourth");
        CHECK(take_calls(0) == 0, "nothing new");
        /* What a callback that yields leaves is told of. */
        report(rk, served, 0);
        report(rk, served, 1);
        report(rk, served, 2);
        CHECK(take_calls(1) == 1, "the first");
        yield_after = 1;
        CHECK(rd_kafka_poll(rk, 0) == 1, "up to the yield");
        CHECK(take_calls(1) == 1, "two are left");
        CHECK(rd_kafka_poll(rk, 0) == 2, "the rest");
        CHECK(take_calls(0) == 0, "all served");
        rd_kafka_queue_destroy(served);
        DESTROY(rk, 2000);
}

/* ---- messages: many arrive together, and are many things in the queue ---- */

static void messages(void) {
        struct mock m = mock_of(1);
        rd_kafka_t *rk;
        rd_kafka_queue_t *q;
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_message_t *batch[2], *one;
        int64_t until;
        int n;
        calls = 0;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 1), 0);
        rk = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", m.servers, "group.id", "g", NULL));
        rd_kafka_topic_partition_list_add(l, "t", 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        q = rd_kafka_queue_get_partition(rk, "t", 0);
        NEED(q != NULL, "queue");
        rd_kafka_queue_forward(q, NULL);
        rd_kafka_queue_cb_event_enable(q, on_event, (void *)&calls);
        send_all(&m, "t", 3);
        for (until = now_ms() + ms(15000); rd_kafka_queue_length(q) < 3 && now_ms() < until;)
                usleep(1000);
        CHECK(take_calls(1) == 1, "for all");
        one = rd_kafka_consume_queue(q, 0);
        CHECK(one && !one->err, "a message");
        rd_kafka_message_destroy(one);
        send_all(&m, "t", 2);
        for (until = now_ms() + ms(15000); rd_kafka_queue_length(q) < 4 && now_ms() < until;)
                usleep(1000);
        usleep(50000);
        CHECK(take_calls(0) == 0, "while some wait");
        n = (int)rd_kafka_consume_batch_queue(q, 0, batch, 2);
        CHECK(n == 2, "%d", n);
        while (n > 0)
                rd_kafka_message_destroy(batch[--n]);
        CHECK(rd_kafka_queue_length(q) == 2, "%zu", rd_kafka_queue_length(q));
        while ((one = rd_kafka_consume_queue(q, 0)))
                rd_kafka_message_destroy(one);
        CHECK(take_calls(0) == 0, "drained");
        send_all(&m, "t", 1);
        for (until = now_ms() + ms(15000); !__atomic_load_n(&calls, __ATOMIC_SEQ_CST) && now_ms() < until;)
                usleep(1000);
        CHECK(take_calls(1) == 1, "for the next");
        rd_kafka_queue_destroy(q);
        rd_kafka_topic_partition_list_destroy(l);
        CHECK_ERR(rd_kafka_consumer_close(rk), 0);
        DESTROY(rk, 2000);
        mock_end(&m);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(only_when_empty_before);
        RUN(enabled_on_what_is_there);
        RUN(forwarded);
        RUN(descriptor);
        RUN(yield);
        RUN(served_by_callbacks);
        RUN(messages);
        return T_END();
}
