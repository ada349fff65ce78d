/* Making and destroying clients: no broker, brokers down, unknown hosts, many at once. One case needs a Kafka. */
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <stdatomic.h>

#include "mock.h"
#include "proxy.h"

static const rd_kafka_type_t TYPES[] = {RD_KAFKA_PRODUCER, RD_KAFKA_CONSUMER};
static const char *const TYPE_NAMES[] = {"producer", "consumer"};

/* A port of loopback that refuses connections: bound, not listening, until the process ends. */
static const char *refusing_address(void) {
        static char text[64];
        struct sockaddr_in a;
        socklen_t len = sizeof(a);
        int fd        = socket(AF_INET, SOCK_STREAM, 0);
        memset(&a, 0, sizeof(a));
        a.sin_family      = AF_INET;
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || getsockname(fd, (struct sockaddr *)&a, &len))
                exit(1);
        snprintf(text, sizeof(text), "127.0.0.1:%d", ntohs(a.sin_port));
        return text;
}

/* Accepts connections (the kernel does) and never answers. */
static const char *silent_address(void) {
        static char text[64];
        struct sockaddr_in a;
        socklen_t len = sizeof(a);
        int fd        = socket(AF_INET, SOCK_STREAM, 0);
        memset(&a, 0, sizeof(a));
        a.sin_family      = AF_INET;
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 64) ||
            getsockname(fd, (struct sockaddr *)&a, &len))
                exit(1);
        snprintf(text, sizeof(text), "127.0.0.1:%d", ntohs(a.sin_port));
        return text;
}

static void no_broker(void) {
        int i;
        for (i = 0; i < 2; i++) {
                int threads    = t_threads();
                rd_kafka_t *rk = client(TYPES[i], conf_of(NULL, NULL));
                CHECK(rd_kafka_type(rk) == TYPES[i], "type %d", rd_kafka_type(rk));
                CHECK(t_threads() > threads, "no thread was started");
                CHECK(rd_kafka_thread_cnt() > 0, "%d", rd_kafka_thread_cnt());
                CHECK_HAS(rd_kafka_name(rk), TYPE_NAMES[i]);
                CHECK_HAS(rd_kafka_name(rk), "rdkafka#");
                DESTROY(rk, 1000);
                CHECK(t_threads_down_to(threads) == threads, "%d threads left", t_threads() - threads);
                CHECK(rd_kafka_thread_cnt() == 0, "%d", rd_kafka_thread_cnt());
                CHECK(rd_kafka_wait_destroyed(ms(1000)) == 0, "instances left");
        }
}

static void name_and_opaque(void) {
        int x;
        rd_kafka_conf_t *conf = conf_of("client.id", "my-client", NULL);
        rd_kafka_t *rk;
        rd_kafka_conf_set_opaque(conf, &x);
        rk = client(RD_KAFKA_PRODUCER, conf);
        CHECK(!strncmp(rd_kafka_name(rk), "my-client#producer-", 19), "%s", rd_kafka_name(rk));
        CHECK(rd_kafka_opaque(rk) == &x, "opaque is lost");
        CHECK(rd_kafka_memberid(rk) == NULL, "a producer has no member id");
        DESTROY(rk, 1000);
}

static void refused(void) {
        const char *address = refusing_address();
        int i;
        for (i = 0; i < 2; i++) {
                int threads           = t_threads(), fds = t_fds();
                rd_kafka_conf_t *conf = conf_of("bootstrap.servers", address, NULL);
                rd_kafka_t *rk;
                rk = client(TYPES[i], conf);
                usleep(300000);
                DESTROY(rk, 1000);
                CHECK(t_threads_down_to(threads) == threads, "%d threads left", t_threads() - threads);
                CHECK(t_fds() == fds, "%d file descriptors left", t_fds() - fds);
        }
}

static int all_down_seen, transport_seen;
static void error_cb(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
        (void)rk;
        (void)opaque;
        if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
                all_down_seen++;
        if (err == RD_KAFKA_RESP_ERR__TRANSPORT) {
                transport_seen++;
                CHECK_HAS(reason, "127.0.0.1");
        }
}

/* A broker that is down at start is reported, and found out without anything having been produced. */
static void refused_is_reported(void) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", refusing_address(), NULL);
        int64_t until;
        rd_kafka_t *rk;
        rd_kafka_conf_set_error_cb(conf, error_cb);
        rk            = client(RD_KAFKA_PRODUCER, conf);
        all_down_seen = transport_seen = 0;
        for (until = now_ms() + ms(60000); now_ms() < until && (!all_down_seen || !transport_seen);)
                rd_kafka_poll(rk, 100);
        CHECK(transport_seen > 0, "no transport error");
        CHECK(all_down_seen > 0, "no 'all brokers down'");
        DESTROY(rk, 1000);
}

/* ---- connections that the client itself ends ---- */

static atomic_int ended_seen;
static rd_kafka_mock_cluster_t *slow;
static void ended_log(const rd_kafka_t *rk, int level, const char *fac, const char *buf) {
        (void)rk;
        (void)level;
        if (strcmp(fac, "REQTMOUT") && !strstr(buf, "max idle time exceeded"))
                return;
        ended_seen++;
        /* Before the next connection. */
        if (slow)
                rd_kafka_mock_broker_set_rtt(slow, 1, 0);
}

static rd_kafka_t *watched(const struct mock *m, const char *name, const char *value) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", m->servers, "debug", "broker", name, value, NULL);
        rd_kafka_conf_set_error_cb(conf, error_cb);
        rd_kafka_conf_set_log_cb(conf, ended_log);
        ended_seen = all_down_seen = transport_seen = 0;
        return client(RD_KAFKA_PRODUCER, conf);
}

/* The answer comes by the next connection: all that the client had to say of the last one has been queued by then. */
static void nothing_is_told(rd_kafka_t *rk) {
        rd_kafka_metadata_destroy(metadata_of(rk, NULL));
        rd_kafka_poll(rk, 0);
        CHECK(ended_seen > 0, "no connection was ended");
        CHECK(!all_down_seen && !transport_seen, "%d, %d", all_down_seen, transport_seen);
        rd_kafka_destroy(rk);
}

/* Share consumers do it by default, after nine minutes. */
static void idle_is_not_down(void) {
        struct mock m  = mock_of(1);
        rd_kafka_t *rk = watched(&m, "connections.max.idle.ms", "500");
        int64_t until  = now_ms() + ms(20000);
        rd_kafka_metadata_destroy(metadata_of(rk, NULL));
        while (!ended_seen && now_ms() < until)
                rd_kafka_poll(rk, 50);
        nothing_is_told(rk);
        mock_end(&m);
}

static void unanswered_is_not_down(void) {
        struct mock m                 = mock_of(1);
        rd_kafka_t *rk                = watched(&m, "socket.timeout.ms", "1000");
        const rd_kafka_metadata_t *md = NULL;
        rd_kafka_metadata_destroy(metadata_of(rk, NULL));
        slow = m.cluster;
        CHECK_ERR(rd_kafka_mock_broker_set_rtt(slow, 1, 3000), 0);
        if (rd_kafka_metadata(rk, 0, NULL, &md, 2500) == 0)
                rd_kafka_metadata_destroy(md);
        nothing_is_told(rk);
        slow = NULL;
        mock_end(&m);
}

static int resolve_seen;
static void resolve_error_cb(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
        (void)rk;
        (void)opaque;
        if (err == RD_KAFKA_RESP_ERR__RESOLVE) {
                resolve_seen++;
                CHECK_HAS(reason, "no-such-host.invalid");
                /* One sentence, and then what the resolver says. */
                CHECK(!strstr(reason, "lookup"), "%s", reason);
        }
}

static void unknown_host(void) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", "no-such-host.invalid:9092", NULL);
        int64_t until;
        int threads = t_threads();
        rd_kafka_t *rk;
        rd_kafka_conf_set_error_cb(conf, resolve_error_cb);
        rk           = client(RD_KAFKA_PRODUCER, conf);
        resolve_seen = 0;
        for (until = now_ms() + ms(60000); now_ms() < until && !resolve_seen;)
                rd_kafka_poll(rk, 100);
        CHECK(resolve_seen > 0, "no RESOLVE error");
        /* getaddrinfo() itself cannot be interrupted: a resolver that answers is part of the bound. */
        DESTROY(rk, 6000);
        CHECK(t_threads_down_to(threads) == threads, "%d threads left", t_threads() - threads);
}

static void silent_broker(void) {
        const char *address = silent_address();
        int i;
        for (i = 0; i < 2; i++) {
                int threads    = t_threads(), fds = t_fds();
                rd_kafka_t *rk = client(TYPES[i], conf_of("bootstrap.servers", address, NULL));
                const struct rd_kafka_metadata *md = NULL;
                int64_t start                      = now_ms();
                CHECK_ERR(rd_kafka_metadata(rk, 0, NULL, &md, 300), RD_KAFKA_RESP_ERR__TRANSPORT);
                CHECK(now_ms() - start < ms(1000), "metadata took %d ms", (int)(now_ms() - start));
                DESTROY(rk, 1000);
                CHECK(t_threads_down_to(threads) == threads, "%d threads left", t_threads() - threads);
                CHECK(t_fds() == fds, "%d file descriptors left", t_fds() - fds);
        }
}

/* What was produced and never sent is dropped by destroy, reported to nobody, and freed. */
static int drs;
static void count_dr(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)m;
        (void)opaque;
        drs++;
}

static void destroy_with_queued_messages(void) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", refusing_address(), NULL);
        rd_kafka_t *rk;
        rd_kafka_topic_t *rkt;
        int i, threads = t_threads();
        rd_kafka_conf_set_dr_msg_cb(conf, count_dr);
        drs = 0;
        rk  = client(RD_KAFKA_PRODUCER, conf);
        rkt = rd_kafka_topic_new(rk, "somewhere", NULL);
        for (i = 0; i < 1000; i++) {
                CHECK(rd_kafka_produce(rkt, i % 2 ? 0 : RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, "abc", 3, NULL, 0, NULL) == 0,
                      "produce: %s", rd_kafka_err2str(rd_kafka_last_error()));
                CHECK(rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_FREE, strdup("abc"), 3, "k", 1, NULL) == 0, "produce");
        }
        CHECK(rd_kafka_outq_len(rk) >= 2000, "outq_len %d", rd_kafka_outq_len(rk));
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 1000);
        CHECK(drs == 0, "%d delivery reports inside destroy", drs);
        CHECK(t_threads_down_to(threads) == threads, "%d threads left", t_threads() - threads);
}

/* Objects that live on hold their client: topic handles and queues may be destroyed in any order before the client. */
static void objects_of_a_client(void) {
        int i;
        for (i = 0; i < 2; i++) {
                rd_kafka_t *rk         = client(TYPES[i], conf_of(NULL, NULL));
                rd_kafka_topic_t *a    = rd_kafka_topic_new(rk, "a", NULL), *b = rd_kafka_topic_new(rk, "a", NULL);
                rd_kafka_queue_t *q    = rd_kafka_queue_new(rk), *main = rd_kafka_queue_get_main(rk);
                CHECK(a && b, "topic_new");
                CHECK(!strcmp(rd_kafka_topic_name(a), "a"), "%s", rd_kafka_topic_name(a));
                rd_kafka_topic_destroy(a);
                CHECK(!strcmp(rd_kafka_topic_name(b), "a"), "%s", rd_kafka_topic_name(b));
                rd_kafka_queue_destroy(q);
                rd_kafka_queue_destroy(main);
                rd_kafka_topic_destroy(b);
                DESTROY(rk, 1000);
        }
}

static void many(void) {
        enum { N = 40 };
        rd_kafka_t *rk[N];
        const char *address = refusing_address();
        int i, threads = t_threads(), fds = t_fds();
        int64_t start;
        for (i = 0; i < N; i++) {
                rd_kafka_conf_t *conf = conf_of("bootstrap.servers", i % 3 ? address : "", NULL);
                rk[i] = client(TYPES[i % 2], conf);
        }
        CHECK(rd_kafka_wait_destroyed(1) == -1, "wait_destroyed with living instances");
        start = now_ms();
        for (i = 0; i < N; i++)
                rd_kafka_destroy(rk[i]);
        CHECK(now_ms() - start < ms(8000), "%d destroys took %d ms", N, (int)(now_ms() - start));
        CHECK(rd_kafka_wait_destroyed(ms(1000)) == 0, "instances left");
        CHECK(t_threads_down_to(threads) == threads, "%d threads left", t_threads() - threads);
        CHECK(t_fds() == fds, "%d file descriptors left", t_fds() - fds);
        CHECK(rd_kafka_thread_cnt() == 0, "%d", rd_kafka_thread_cnt());
}

static void one_after_the_other(void) {
        int i, threads = t_threads(), fds = t_fds();
        for (i = 0; i < 100; i++) {
                rd_kafka_t *rk = client(TYPES[i % 2], conf_of(NULL, NULL));
                rd_kafka_destroy(rk);
        }
        CHECK(t_threads_down_to(threads) == threads, "%d threads left", t_threads() - threads);
        CHECK(t_fds() == fds, "%d file descriptors left", t_fds() - fds);
}

static void *destroy_thread(void *arg) {
        rd_kafka_destroy(arg);
        return NULL;
}

static void destroy_from_other_threads(void) {
        pthread_t threads[8];
        int i, before = t_threads();
        for (i = 0; i < 8; i++)
                if (pthread_create(&threads[i], NULL, destroy_thread, client(TYPES[i % 2], conf_of(NULL, NULL))))
                        exit(1);
        for (i = 0; i < 8; i++)
                pthread_join(threads[i], NULL);
        CHECK(t_threads_down_to(before) == before, "%d threads left", t_threads() - before);
}

static void destroy_flags(void) {
        static const int FLAGS[] = {0, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE};
        int i, j, threads = t_threads();
        for (i = 0; i < 2; i++)
                for (j = 0; j < 2; j++) {
                        rd_kafka_t *rk = client(TYPES[i], conf_of("group.id", "g", NULL));
                        int64_t start  = now_ms();
                        rd_kafka_destroy_flags(rk, FLAGS[j]);
                        CHECK(now_ms() - start < ms(1000), "took %d ms", (int)(now_ms() - start));
                }
        CHECK(t_threads_down_to(threads) == threads, "%d threads left", t_threads() - threads);
}

static void consumer_close_without_a_broker(void) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", refusing_address(), "group.id", "g", NULL);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        int threads                        = t_threads();
        rd_kafka_t *rk;
        int64_t start;
        rd_kafka_message_t *m;
        rk = client(RD_KAFKA_CONSUMER, conf);
        rd_kafka_topic_partition_list_add(l, "somewhere", 0)->offset = 0;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        m = rd_kafka_consumer_poll(rk, 200);
        if (m) {
                CHECK(m->err != 0, "a message without a broker");
                rd_kafka_message_destroy(m);
        }
        start = now_ms();
        CHECK_ERR(rd_kafka_consumer_close(rk), 0);
        CHECK(now_ms() - start < ms(2000), "close took %d ms", (int)(now_ms() - start));
        CHECK(rd_kafka_consumer_closed(rk) == 1, "not closed");
        DESTROY(rk, 1000);
        rd_kafka_topic_partition_list_destroy(l);
        CHECK(t_threads_down_to(threads) == threads, "%d threads left", t_threads() - threads);
}

static void brokers_add(void) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_of(NULL, NULL));
        CHECK(rd_kafka_brokers_add(rk, refusing_address()) == 1, "one");
        CHECK(rd_kafka_brokers_add(rk, "127.0.0.1:1,127.0.0.1:2,PLAINTEXT://127.0.0.1:3") == 3, "three");
        CHECK(rd_kafka_brokers_add(rk, "") == 0, "none");
        CHECK(rd_kafka_brokers_add(rk, "NOSUCH://127.0.0.1:4") == 0, "unknown protocol");
        DESTROY(rk, 1000);
}

static void version(void) {
        CHECK((rd_kafka_version() >> 8) == 0x021000 || (rd_kafka_version() >> 8) == 0x021001, "%x", rd_kafka_version());
        CHECK(!strncmp(rd_kafka_version_str(), "2.16.", 5), "%s", rd_kafka_version_str());
}

static void termination_signal(void) {
        char number[16];
        rd_kafka_t *rk;
        snprintf(number, sizeof(number), "%d", SIGUSR1);
        signal(SIGUSR1, SIG_DFL);
        rk = client(RD_KAFKA_CONSUMER, conf_of("internal.termination.signal", number, NULL));
        CHECK(!raise(SIGUSR1), "raise");
        DESTROY(rk, 1000);
        signal(SIGUSR1, SIG_DFL);
}

/* How many requests may go unanswered before the connection is given up, and that it is of use until then. */
static void max_fails(const char *limit, int queries, int stays) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", bootstrap(), "socket.max.fails", limit, "group.id", "g", NULL);
        const char *topic     = fresh_topic("maxfails", 1);
        int64_t low, high, start;
        int connections, i;
        rd_kafka_t *rk;
        proxy_start();
        rd_kafka_conf_set_connect_cb(conf, proxy_connect_cb);
        rk = client(RD_KAFKA_CONSUMER, conf);
        CHECK_ERR(rd_kafka_query_watermark_offsets(rk, topic, 0, &low, &high, ms(5000)), 0);
        connections = proxy.connections;
        proxy_set(&proxy.hold_answers, 1);
        for (i = 0; i < queries; i++) {
                start = now_ms();
                CHECK_ERR(rd_kafka_query_watermark_offsets(rk, topic, 0, &low, &high, 200), RD_KAFKA_RESP_ERR__TIMED_OUT);
                CHECK(now_ms() - start >= 190, "after %d ms", (int)(now_ms() - start));
        }
        proxy_set(&proxy.hold_answers, 0);
        CHECK_ERR(rd_kafka_query_watermark_offsets(rk, topic, 0, &low, &high, ms(5000)), 0);
        if (stays)
                CHECK(proxy.connections == connections, "%s: %d new connections", limit, proxy.connections - connections);
        else
                CHECK(proxy.connections > connections, "%s: the connection stayed", limit);
        DESTROY(rk, 1000);
        proxy_stop();
}

static void requests_that_fail(void) {
        if (!kafka_is_up())
                SKIP("no Kafka");
        if (is_upstream())
                SKIP("librdkafka looks for what has timed out once a second");
        /* A query is two requests: for the first offset, and for the last. */
        max_fails("1", 1, 0);
        max_fails("0", 3, 1);
        max_fails("5", 2, 1);
        max_fails("4", 2, 0);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(version);
        RUN(no_broker);
        RUN(name_and_opaque);
        RUN(refused);
        RUN(refused_is_reported);
        RUN(idle_is_not_down);
        RUN(unanswered_is_not_down);
        RUN(unknown_host);
        RUN(silent_broker);
        RUN(destroy_with_queued_messages);
        RUN(objects_of_a_client);
        RUN(many);
        RUN(one_after_the_other);
        RUN(destroy_from_other_threads);
        RUN(destroy_flags);
        RUN(consumer_close_without_a_broker);
        RUN(brokers_add);
        RUN(termination_signal);
        RUN(requests_that_fail);
        return T_END();
}
