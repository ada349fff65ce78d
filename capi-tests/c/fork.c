/*
 * A process forks while its clients live. The child leaves them alone, whatever it calls; the parent does not notice; and
 * a client made in the child works.
 *
 * What a child has of its parent's stays where it is.
 * no leak check
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

#include "guest.h"

#if defined(__SANITIZE_THREAD__)
/* ThreadSanitizer starts no threads in the child of a process that had several. */
#define CHILD_HAS_THREADS 0
#else
#define CHILD_HAS_THREADS 1
#endif

static struct mock m;
static rd_kafka_t *rk, *reader_rk;

static rd_kafka_t *writer(int idempotent, const char *linger) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", m.servers, "linger.ms", linger, "enable.idempotence", idempotent ? "true" : "false",
                                        NULL);
        rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
        return client(RD_KAFKA_PRODUCER, conf);
}

static rd_kafka_resp_err_t produce(rd_kafka_t *to, const char *text) {
        return rd_kafka_producev(to, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE((void *)text, strlen(text)),
                                 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
}

/* What partition 0 of "t" has, up to its end, with spaces between. */
static void log_of(char *text, size_t size) {
        rd_kafka_t *c = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", m.servers, "group.id", "log", "enable.partition.eof", "true",
                                                          "auto.offset.reset", "earliest", NULL));
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        int64_t end                        = now_ms() + ms(30000);
        int ended                          = 0;
        rd_kafka_topic_partition_list_add(l, "t", 0)->offset = 0;
        CHECK_ERR(rd_kafka_assign(c, l), 0);
        *text = '\0';
        while (!ended && now_ms() < end) {
                rd_kafka_message_t *msg = rd_kafka_consumer_poll(c, 100);
                if (!msg)
                        continue;
                ended = msg->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
                if (!msg->err)
                        snprintf(text + strlen(text), size - strlen(text), "%.*s ", (int)msg->len, (char *)msg->payload);
                rd_kafka_message_destroy(msg);
        }
        CHECK(ended, "the end was not reached");
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_destroy(c);
}

static void begin(void) {
        m = mock_of(1);
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 1), 0);
}

/* ---- a producer ---- */

static void expect_state(const char *what, rd_kafka_resp_err_t err) {
        EXPECT(err == RD_KAFKA_RESP_ERR__STATE, "%s: %s", what, rd_kafka_err2name(err));
}

static rd_kafka_topic_t *rkt;
static rd_kafka_queue_t *main_queue;

static void every_call_of_a_producer(void) {
        const rd_kafka_metadata_t *md = (const void *)1;
        rd_kafka_message_t batch[2];
        int64_t low = -7, high = -7, before = now_ms();
        char text[256];
        memset(batch, 0, sizeof(batch));
        delivered = 0;
        expect_state("producev", produce(rk, "child"));
        EXPECT(rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, "child", 5, NULL, 0, NULL) == -1, "produce");
        expect_state("produce", rd_kafka_last_error());
        EXPECT(rd_kafka_produce_batch(rkt, 0, RD_KAFKA_MSG_F_COPY, batch, 2) == 0, "produce_batch");
        expect_state("produce_batch", rd_kafka_last_error());
        expect_state("flush", rd_kafka_flush(rk, 30000));
        expect_state("purge", rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE));
        expect_state("metadata", rd_kafka_metadata(rk, 1, NULL, &md, 30000));
        expect_state("query_watermark_offsets", rd_kafka_query_watermark_offsets(rk, "t", 0, &low, &high, 30000));
        expect_state("fatal_error", rd_kafka_fatal_error(rk, text, sizeof(text)));
        EXPECT(rd_kafka_poll(rk, 30000) == 0, "poll");
        EXPECT(rd_kafka_queue_poll_callback(main_queue, 30000) == 0, "queue_poll_callback");
        EXPECT(!rd_kafka_queue_poll(main_queue, 30000), "queue_poll");
        EXPECT(rd_kafka_outq_len(rk) == 0, "outq_len");
        EXPECT(!rd_kafka_topic_new(rk, "u", NULL), "topic_new");
        EXPECT(!rd_kafka_queue_new(rk), "queue_new");
        EXPECT(rd_kafka_brokers_add(rk, "127.0.0.1:1") == 0, "brokers_add");
        EXPECT(rd_kafka_thread_cnt() == 0, "%d threads", rd_kafka_thread_cnt());
        EXPECT(!strcmp(rd_kafka_topic_name(rkt), "t"), "topic_name");
        EXPECT(strstr(rd_kafka_name(rk), "#producer-") != NULL, "name");
        EXPECT(rd_kafka_type(rk) == RD_KAFKA_PRODUCER, "type");
        EXPECT(!strcmp(rd_kafka_mock_cluster_bootstraps(m.cluster), m.servers), "bootstraps");
        rd_kafka_topic_destroy(rkt);
        rd_kafka_queue_destroy(main_queue);
        rd_kafka_destroy(rk);
        EXPECT(rd_kafka_wait_destroyed(30000) == 0, "wait_destroyed");
        EXPECT(delivered == 0, "%d reports", delivered);
        EXPECT(now_ms() - before < ms(5000), "took %d ms", (int)(now_ms() - before));
}

static void a_child_cannot_use_a_producer(void) {
        static const char *const lingers[] = {"0", "5", "500"};
        int idempotent;
        size_t i;
        for (idempotent = 0; idempotent < 2; idempotent++)
                for (i = 0; i < 3; i++) {
                        char log[256];
                        begin();
                        rk         = writer(idempotent, lingers[i]);
                        rkt        = rd_kafka_topic_new(rk, "t", NULL);
                        main_queue = rd_kafka_queue_get_main(rk);
                        delivered  = 0;
                        CHECK_ERR(produce(rk, "p0"), 0);
                        CHECK_ERR(produce(rk, "p1"), 0);
                        CHECK_ERR(rd_kafka_flush(rk, ms(30000)), 0);
                        in_child("after messages", every_call_of_a_producer);
                        CHECK_ERR(produce(rk, "p2"), 0);
                        in_child("with one on its way", every_call_of_a_producer);
                        CHECK_ERR(produce(rk, "p3"), 0);
                        CHECK_ERR(rd_kafka_flush(rk, ms(30000)), 0);
                        CHECK(delivered == 4, "%d reports", delivered);
                        rd_kafka_topic_destroy(rkt);
                        rd_kafka_queue_destroy(main_queue);
                        rd_kafka_destroy(rk);
                        log_of(log, sizeof(log));
                        CHECK(!strcmp(log, "p0 p1 p2 p3 "), "idempotent %d, linger %s: %s", idempotent, lingers[i], log);
                        mock_end(&m);
                }
}

static void polls_for_a_while(void) {
        int n;
        for (n = 0; n < 10; n++)
                EXPECT(rd_kafka_poll(rk, 100) == 0, "poll");
}

static void flushes(void) {
        expect_state("flush", rd_kafka_flush(rk, 3000));
}

static void destroys(void) {
        rd_kafka_destroy(rk);
}

static void does_nothing(void) {
}

/* The answer is the parent's, whoever could read it. */
static void answers_reach_the_parent(void) {
        void (*const scenes[])(void) = {polls_for_a_while, flushes, destroys, does_nothing};
        int idempotent;
        size_t i;
        begin();
        for (idempotent = 0; idempotent < 2; idempotent++)
                for (i = 0; i < 4; i++) {
                        int64_t start;
                        CHECK_ERR(rd_kafka_mock_broker_set_rtt(m.cluster, 1, 0), 0);
                        rk        = writer(idempotent, "0");
                        delivered = 0;
                        CHECK_ERR(produce(rk, "a"), 0);
                        CHECK_ERR(rd_kafka_flush(rk, ms(30000)), 0);
                        CHECK_ERR(rd_kafka_mock_broker_set_rtt(m.cluster, 1, 500), 0);
                        CHECK_ERR(produce(rk, "b"), 0);
                        start = now_ms();
                        in_child("an answer on its way", scenes[i]);
                        CHECK_ERR(rd_kafka_flush(rk, ms(30000)), 0);
                        CHECK(delivered == 2 && !delivery_errors[1], "%d reports", delivered);
                        /* Far below socket.timeout.ms, after which the message would be sent again. */
                        CHECK(now_ms() - start < ms(20000), "took %d ms", (int)(now_ms() - start));
                        rd_kafka_destroy(rk);
                }
        mock_end(&m);
}

/* ---- a consumer and its group ---- */

static rd_kafka_event_t *held_event;
static rd_kafka_message_t *held_message;

static void every_call_of_a_consumer(void) {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1), *got = NULL;
        rd_kafka_message_t *out[2];
        rd_kafka_error_t *error;
        int64_t before = now_ms();
        rd_kafka_topic_partition_list_add(l, "t", 0)->offset = 1;
        EXPECT(!rd_kafka_consumer_poll(reader_rk, 30000), "consumer_poll");
        EXPECT(!rd_kafka_queue_get_consumer(reader_rk), "queue_get_consumer");
        EXPECT(rd_kafka_consume_batch_queue(main_queue, 30000, out, 2) <= 0, "consume_batch_queue");
        expect_state("subscribe", rd_kafka_subscribe(reader_rk, l));
        expect_state("unsubscribe", rd_kafka_unsubscribe(reader_rk));
        expect_state("assign", rd_kafka_assign(reader_rk, NULL));
        expect_state("assignment", rd_kafka_assignment(reader_rk, &got));
        expect_state("commit", rd_kafka_commit(reader_rk, l, 0));
        expect_state("commit_message", rd_kafka_commit_message(reader_rk, held_message, 0));
        expect_state("committed", rd_kafka_committed(reader_rk, l, 30000));
        expect_state("position", rd_kafka_position(reader_rk, l));
        expect_state("offsets_store", rd_kafka_offsets_store(reader_rk, l));
        expect_state("pause", rd_kafka_pause_partitions(reader_rk, l));
        expect_state("consumer_close", rd_kafka_consumer_close(reader_rk));
        error = rd_kafka_seek_partitions(reader_rk, l, 30000);
        expect_state("seek_partitions", rd_kafka_error_code(error));
        EXPECT(error && strstr(rd_kafka_error_string(error), "fork") != NULL, "%s", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        error = rd_kafka_incremental_assign(reader_rk, l);
        expect_state("incremental_assign", rd_kafka_error_code(error));
        rd_kafka_error_destroy(error);
        EXPECT(!rd_kafka_memberid(reader_rk), "memberid");
        /* The application's own. */
        EXPECT(is_payload(held_message, "p0"), "the message");
        rd_kafka_message_destroy(held_message);
        EXPECT(rd_kafka_event_type(held_event) == RD_KAFKA_EVENT_FETCH, "%s", rd_kafka_event_name(held_event));
        rd_kafka_event_destroy(held_event);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_destroy(reader_rk);
        EXPECT(now_ms() - before < ms(5000), "took %d ms", (int)(now_ms() - before));
}

static int rebalances;
static void rebalance(rd_kafka_t *to, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *l, void *opaque) {
        (void)opaque;
        rebalances++;
        rd_kafka_assign(to, err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? l : NULL);
}

static rd_kafka_message_t *next_message(rd_kafka_t *from) {
        int64_t end = now_ms() + ms(40000);
        while (now_ms() < end) {
                rd_kafka_message_t *msg = rd_kafka_consumer_poll(from, 100);
                if (msg && !msg->err)
                        return msg;
                if (msg)
                        rd_kafka_message_destroy(msg);
        }
        printf("  no message\n");
        exit(1);
}

static void a_member_stays_in_its_group(void) {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_queue_t *q;
        rd_kafka_message_t *msg;
        rd_kafka_conf_t *conf;
        char id[128];
        char *now;
        int i;
        begin();
        rd_kafka_mock_group_initial_rebalance_delay_ms(m.cluster, 0);
        rk = writer(0, "0");
        for (i = 0; i < 3; i++)
                CHECK_ERR(produce(rk, i == 0 ? "p0" : i == 1 ? "p1" : "p2"), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(30000)), 0);
        conf = conf_of("bootstrap.servers", m.servers, "group.id", "g", "auto.offset.reset", "earliest", "session.timeout.ms", "6000",
                       "heartbeat.interval.ms", "300", NULL);
        rd_kafka_conf_set_rebalance_cb(conf, rebalance);
        rebalances = 0;
        reader_rk  = client(RD_KAFKA_CONSUMER, conf);
        main_queue = rd_kafka_queue_get_main(reader_rk);
        CHECK_ERR(rd_kafka_poll_set_consumer(reader_rk), 0);
        rd_kafka_topic_partition_list_add(l, "t", RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_subscribe(reader_rk, l), 0);
        held_message = next_message(reader_rk);
        q            = rd_kafka_queue_get_consumer(reader_rk);
        for (held_event = NULL; !held_event;)
                held_event = rd_kafka_queue_poll(q, 100);
        now = rd_kafka_memberid(reader_rk);
        snprintf(id, sizeof(id), "%s", now);
        rd_kafka_mem_free(reader_rk, now);
        for (i = 0; i < 3; i++)
                in_child("a member", every_call_of_a_consumer);
        rd_kafka_event_destroy(held_event);
        rd_kafka_message_destroy(held_message);
        msg = next_message(reader_rk);
        CHECK(is_payload(msg, "p2"), "%.*s", (int)msg->len, (char *)msg->payload);
        CHECK_ERR(rd_kafka_commit_message(reader_rk, msg, 0), 0);
        rd_kafka_message_destroy(msg);
        now = rd_kafka_memberid(reader_rk);
        CHECK(!strcmp(id, now) && rebalances == 1, "%s, then %s; %d rebalances", id, now, rebalances);
        rd_kafka_mem_free(reader_rk, now);
        rd_kafka_queue_destroy(q);
        rd_kafka_queue_destroy(main_queue);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_destroy(reader_rk);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* ---- sockets ---- */

static int gate[2];

/* Lives until the parent closes its end of the pipe. */
static pid_t child_that_waits(void) {
        pid_t pid;
        CHECK(pipe(gate) == 0, "pipe");
        fflush(stdout);
        pid = fork();
        if (!pid) {
                char c;
                t_limit(100);
                close(gate[1]);
                _exit(read(gate[0], &c, 1) == 0 ? WELL : 1);
        }
        close(gate[0]);
        return pid;
}

static void child_ends(pid_t pid) {
        int status = 0;
        close(gate[1]);
        CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == WELL, "status %d", status);
}

static int listening(int *port) {
        struct sockaddr_in at;
        socklen_t len = sizeof(at);
        int fd        = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        memset(&at, 0, sizeof(at));
        at.sin_family      = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        CHECK(fd >= 0 && !bind(fd, (void *)&at, len) && !listen(fd, 8) && !getsockname(fd, (void *)&at, &len), "listen");
        *port = ntohs(at.sin_port);
        return fd;
}

/* A broker sees the parent's connection end, although a child lives. */
static void connections_end_with_the_parents(void) {
        struct timeval limit = {ms(20000) / 1000, 0};
        char servers[64], byte;
        int port, peer, fd = listening(&port);
        pid_t pid;
        ssize_t n;
        snprintf(servers, sizeof(servers), "127.0.0.1:%d", port);
        rk = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", servers, NULL));
        CHECK_ERR(produce(rk, "p"), 0);
        peer = accept(fd, NULL, NULL);
        NEED(peer >= 0, "accept");
        /* The request for the broker's versions: the connection is whole. */
        CHECK(recv(peer, &byte, 1, 0) == 1, "no request");
        pid = child_that_waits();
        rd_kafka_destroy(rk);
        setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        while ((n = recv(peer, &byte, 1, 0)) == 1)
                ;
        CHECK(n == 0, "the connection is still open");
        child_ends(pid);
        close(peer);
        close(fd);
}

static int can_connect(const char *servers) {
        struct sockaddr_in at;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), result;
        memset(&at, 0, sizeof(at));
        at.sin_family      = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        at.sin_port        = htons((uint16_t)atoi(strchr(servers, ':') + 1));
        result             = connect(fd, (void *)&at, sizeof(at));
        close(fd);
        return result == 0;
}

static void a_mock_cluster_is_refused(void) {
        expect_state("topic_create", rd_kafka_mock_topic_create(m.cluster, "u", 1, 1));
        expect_state("broker_set_down", rd_kafka_mock_broker_set_down(m.cluster, 1));
        rd_kafka_mock_cluster_destroy(m.cluster);
        rd_kafka_destroy(m.rk);
}

static void a_mock_cluster_is_the_parents(void) {
        char servers[64];
        pid_t pid;
        begin();
        in_child("mock cluster", a_mock_cluster_is_refused);
        rk = writer(0, "0");
        CHECK_ERR(send_one(rk, "t", 0), 0);
        pid = child_that_waits();
        CHECK_ERR(send_one(rk, "t", 0), 0);
        rd_kafka_destroy(rk);
        snprintf(servers, sizeof(servers), "%s", m.servers);
        CHECK(can_connect(servers), "while it runs");
        /* A broker that is down keeps its port in the parent alone. */
        CHECK_ERR(rd_kafka_mock_broker_set_down(m.cluster, 1), 0);
        CHECK_ERR(rd_kafka_mock_broker_set_up(m.cluster, 1), 0);
        CHECK(can_connect(servers), "up again");
        mock_end(&m);
        CHECK(!can_connect(servers), "a child listens");
        child_ends(pid);
}

/* ---- clients of the child's own ---- */

static void a_client_of_its_own(void) {
        rd_kafka_t *own = writer(1, "0"), *c;
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_message_t *msg            = NULL;
        int64_t end                        = now_ms() + ms(30000);
        delivered                          = 0;
        EXPECT(!produce(own, "child"), "produce");
        EXPECT(!rd_kafka_flush(own, ms(30000)), "flush");
        EXPECT(delivered == 1 && !delivery_errors[0], "%d reports", delivered);
        c = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", m.servers, "group.id", "own", NULL));
        rd_kafka_topic_partition_list_add(l, "t", 0)->offset = 0;
        EXPECT(!rd_kafka_assign(c, l), "assign");
        while (!msg && now_ms() < end)
                msg = rd_kafka_consumer_poll(c, 100);
        EXPECT(msg && !msg->err, "no message");
        if (msg)
                rd_kafka_message_destroy(msg);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_destroy(c);
        rd_kafka_destroy(own);
        EXPECT(rd_kafka_wait_destroyed(ms(30000)) == 0, "wait_destroyed");
        EXPECT(rd_kafka_thread_cnt() == 0, "%d threads", rd_kafka_thread_cnt());
}

static void a_client_beside_the_parents(void) {
        a_client_of_its_own();
        rd_kafka_destroy(rk);
}

/* The child of a child: neither uses what it inherited. */
static void a_grandchild(void) {
        rd_kafka_t *own = writer(0, "0");
        int status      = 0;
        pid_t pid       = fork();
        if (!pid) {
                t_limit(50);
                expect_state("the parent's", produce(own, "x"));
                expect_state("the grandparent's", produce(rk, "x"));
                a_client_of_its_own();
                rd_kafka_destroy(own);
                exit(child_failures ? 1 : WELL);
        }
        EXPECT(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == WELL, "status %d", status);
        EXPECT(!produce(own, "y"), "produce");
        EXPECT(!rd_kafka_flush(own, ms(30000)), "flush");
        rd_kafka_destroy(own);
}

static void a_child_has_clients_of_its_own(void) {
        int i;
        if (!CHILD_HAS_THREADS)
                SKIP("no threads in a child under this tool");
        begin();
        rk = writer(0, "0");
        CHECK_ERR(send_one(rk, "t", 0), 0);
        in_child("beside the parent's", a_client_beside_the_parents);
        in_child("a grandchild", a_grandchild);
        CHECK_ERR(send_one(rk, "t", 0), 0);
        rd_kafka_destroy(rk);
        /* A master that made a client and forks workers, which make theirs, one after the other. */
        for (i = 0; i < 3; i++)
                in_child("a worker", a_client_of_its_own);
        mock_end(&m);
}

/* ---- while threads are at work ---- */

static int at_work;
static void *work(void *own) {
        while (__atomic_load_n(&at_work, __ATOMIC_SEQ_CST)) {
                produce(own, "w");
                rd_kafka_poll(own, 0);
        }
        return NULL;
}

static void makes_and_ends_clients(void) {
        rd_kafka_queue_t *q, *to;
        rd_kafka_t *own = client(RD_KAFKA_PRODUCER, conf_of(NULL, NULL));
        q               = rd_kafka_queue_new(own);
        to              = rd_kafka_queue_get_main(own);
        rd_kafka_queue_forward(q, to);
        EXPECT(rd_kafka_poll(own, 10) == 0, "poll");
        rd_kafka_queue_destroy(to);
        rd_kafka_queue_destroy(q);
        rd_kafka_destroy(own);
        expect_state("the parent's", produce(rk, "x"));
        rd_kafka_destroy(rk);
}

static void forks_come_at_any_time(void) {
        pthread_t threads[2];
        int i;
        if (!CHILD_HAS_THREADS)
                SKIP("no threads in a child under this tool");
        begin();
        rk = writer(0, "0");
        __atomic_store_n(&at_work, 1, __ATOMIC_SEQ_CST);
        for (i = 0; i < 2; i++)
                NEED(!pthread_create(&threads[i], NULL, work, rk), "pthread_create");
        for (i = 0; i < 20; i++)
                in_child("any time", makes_and_ends_clients);
        __atomic_store_n(&at_work, 0, __ATOMIC_SEQ_CST);
        for (i = 0; i < 2; i++)
                pthread_join(threads[i], NULL);
        CHECK_ERR(rd_kafka_flush(rk, ms(60000)), 0);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* ---- in a callback ---- */

static pid_t child_of_callback;
static int is_child, calls_in_child;

static void dr_forks(rd_kafka_t *to, const rd_kafka_message_t *msg, void *opaque) {
        (void)msg;
        (void)opaque;
        delivered++;
        calls_in_child += is_child;
        if (child_of_callback)
                return;
        fflush(stdout);
        child_of_callback = fork();
        if (!child_of_callback) {
                t_limit(50);
                is_child = 1;
                expect_state("in the callback", produce(to, "x"));
        }
}

static void a_callback_forks(void) {
        int i, status = 0;
        begin();
        delivered = child_of_callback = is_child = calls_in_child = 0;
        {
                rd_kafka_conf_t *conf = conf_of("bootstrap.servers", m.servers, "linger.ms", "50", NULL);
                rd_kafka_conf_set_dr_msg_cb(conf, dr_forks);
                rk = client(RD_KAFKA_PRODUCER, conf);
        }
        for (i = 0; i < 5; i++)
                CHECK_ERR(produce(rk, "p"), 0);
        while (rd_kafka_outq_len(rk) > 0 && !is_child)
                rd_kafka_poll(rk, 100);
        if (is_child) {
                /* The rest of the reports is the parent's. */
                EXPECT(calls_in_child == 0, "%d calls", calls_in_child);
                expect_state("after the callback", produce(rk, "x"));
                rd_kafka_destroy(rk);
                _exit(child_failures ? 1 : WELL);
        }
        CHECK(delivered == 5, "%d reports", delivered);
        CHECK(waitpid(child_of_callback, &status, 0) == child_of_callback && WIFEXITED(status) && WEXITSTATUS(status) == WELL, "status %d", status);
        CHECK_ERR(send_one(rk, "t", 0), 0);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

static void log_forks(const rd_kafka_t *of, int level, const char *fac, const char *text) {
        (void)of;
        (void)level;
        (void)text;
        if (!strcmp(fac, "INIT") || __atomic_load_n(&child_of_callback, __ATOMIC_SEQ_CST))
                return;
        {
                pid_t pid = fork();
                if (!pid)
                        alarm(50);
                __atomic_store_n(&child_of_callback, pid ? pid : -1, __ATOMIC_SEQ_CST);
        }
}

/* The child's only thread is a copy of one of the library's: it ends, and the process with it. */
static void a_thread_of_the_librarys_forks(void) {
        rd_kafka_conf_t *conf;
        int status    = 0;
        int64_t end   = now_ms() + ms(30000);
        begin();
        child_of_callback = 0;
        conf              = conf_of("bootstrap.servers", m.servers, "debug", "broker", NULL);
        rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
        rd_kafka_conf_set_log_cb(conf, log_forks);
        rk = client(RD_KAFKA_PRODUCER, conf);
        while (!__atomic_load_n(&child_of_callback, __ATOMIC_SEQ_CST) && now_ms() < end)
                usleep(1000);
        NEED(child_of_callback > 0, "no child");
        CHECK(waitpid(child_of_callback, &status, 0) == child_of_callback && WIFEXITED(status), "status %d", status);
        CHECK_ERR(send_one(rk, "t", 0), 0);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(a_child_cannot_use_a_producer);
        RUN(answers_reach_the_parent);
        RUN(a_member_stays_in_its_group);
        RUN(connections_end_with_the_parents);
        RUN(a_mock_cluster_is_the_parents);
        RUN(a_child_has_clients_of_its_own);
        RUN(forks_come_at_any_time);
        RUN(a_callback_forks);
        RUN(a_thread_of_the_librarys_forks);
        return T_END();
}
