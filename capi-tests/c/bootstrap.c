/*
 * How a client finds its brokers: names with several addresses, canonical names, starting over from the configured servers,
 * brokers that do not tell their versions. On mock clusters and a stand-in for an old broker; no Kafka is needed.
 */
#include "client.h"
#include "rdkafka_mock.h"

enum { METADATA = 3, API_VERSIONS = 18 };

static rd_kafka_mock_cluster_t *mock_of(int brokers, rd_kafka_t **rk) {
        rd_kafka_mock_cluster_t *m;
        *rk = client(RD_KAFKA_PRODUCER, conf_of(NULL, NULL));
        m   = rd_kafka_mock_cluster_new(*rk, brokers);
        if (!m) {
                printf("  no cluster\n");
                exit(1);
        }
        return m;
}

static int port_of(rd_kafka_mock_cluster_t *m) {
        return atoi(strchr(rd_kafka_mock_cluster_bootstraps(m), ':') + 1);
}

/* ---- log lines ---- */

static int restarts;
static void count_restarts(const rd_kafka_t *rk, int level, const char *fac, const char *buf) {
        if (!strcmp(fac, "REBOOTSTRAP"))
                __atomic_add_fetch(&restarts, 1, __ATOMIC_SEQ_CST);
        quiet(rk, level, fac, buf);
}

static int restarts_within(int limit_ms) {
        int64_t until = now_ms() + limit_ms;
        while (!__atomic_load_n(&restarts, __ATOMIC_SEQ_CST) && now_ms() < until)
                usleep(5000);
        return __atomic_load_n(&restarts, __ATOMIC_SEQ_CST);
}

/* ---- names ---- */

/* Look-ups of: the configured name, the canonical name of 127.0.0.1. */
static int asked_name, asked_canonical;
static char canonical[256];
static int dead_address_first;

static int my_resolve(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res, void *opaque) {
        struct addrinfo *first = NULL, *second = NULL;
        int r;
        (void)opaque;
        if (!node && !service) {
                freeaddrinfo(*res);
                return 0;
        }
        if (!strcmp(node, "servers.test"))
                __atomic_add_fetch(&asked_name, 1, __ATOMIC_SEQ_CST);
        else if (!strcmp(node, canonical))
                __atomic_add_fetch(&asked_canonical, 1, __ATOMIC_SEQ_CST);
        if (!dead_address_first)
                return getaddrinfo("127.0.0.1", service, hints, res);
        /* Nobody listens at 127.0.0.2 and .3: the mock cluster binds to 127.0.0.1 alone. */
        r = getaddrinfo("127.0.0.2", service, hints, res);
        if (!r)
                r = getaddrinfo("127.0.0.3", service, hints, &first);
        if (!r)
                r = getaddrinfo("127.0.0.1", service, hints, &second);
        if (!r) {
                first->ai_next   = second;
                (*res)->ai_next = first;
        }
        return r;
}

static rd_kafka_t *named_client(int port, const char *look_up) {
        char servers[64];
        rd_kafka_conf_t *conf;
        snprintf(servers, sizeof(servers), "servers.test:%d", port);
        conf = conf_of("bootstrap.servers", servers, "client.dns.lookup", look_up, "broker.address.family", "v4",
                       "reconnect.backoff.ms", "60000", "reconnect.backoff.max.ms", "60000", NULL);
        rd_kafka_conf_set_resolve_cb(conf, my_resolve);
        asked_name = asked_canonical = 0;
        return client(RD_KAFKA_PRODUCER, conf);
}

static void all_addresses_of_a_name_are_tried(void) {
        rd_kafka_t *mrk, *rk;
        rd_kafka_mock_cluster_t *m = mock_of(1, &mrk);
        const struct rd_kafka_metadata *md = NULL;
        dead_address_first = 1;
        rk                 = named_client(port_of(m), "use_all_dns_ips");
        CHECK_ERR(rd_kafka_metadata(rk, 0, NULL, &md, ms(20000)), 0);
        if (md)
                rd_kafka_metadata_destroy(md);
        CHECK(asked_name > 0 && !asked_canonical, "%d, %d look-ups", asked_name, asked_canonical);
        DESTROY(rk, 2000);
        dead_address_first = 0;
        rd_kafka_mock_cluster_destroy(m);
        rd_kafka_destroy(mrk);
}

static void servers_go_by_their_canonical_names(void) {
        rd_kafka_t *mrk, *rk;
        rd_kafka_mock_cluster_t *m = mock_of(1, &mrk);
        const struct rd_kafka_metadata *md = NULL;
        struct sockaddr_in a;
        memset(&a, 0, sizeof(a));
        a.sin_family      = AF_INET;
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (getnameinfo((struct sockaddr *)&a, sizeof(a), canonical, sizeof(canonical), NULL, 0, NI_NAMEREQD))
                SKIP("127.0.0.1 has no name here");
        rk = named_client(port_of(m), "resolve_canonical_bootstrap_servers_only");
        CHECK_ERR(rd_kafka_metadata(rk, 0, NULL, &md, ms(20000)), 0);
        if (md)
                rd_kafka_metadata_destroy(md);
        CHECK(asked_name == 1 && asked_canonical > 0, "%d, %d look-ups", asked_name, asked_canonical);
        DESTROY(rk, 2000);
        rd_kafka_mock_cluster_destroy(m);
        rd_kafka_destroy(mrk);
}

/* ---- starting over ---- */

static rd_kafka_t *restarting_client(rd_kafka_mock_cluster_t *m, const char *strategy, const char *trigger_ms) {
        rd_kafka_conf_t *conf =
            conf_of("bootstrap.servers", rd_kafka_mock_cluster_bootstraps(m), "metadata.recovery.strategy", strategy,
                    "metadata.recovery.rebootstrap.trigger.ms", trigger_ms, "topic.metadata.refresh.interval.ms", "100",
                    "debug", "all", "linger.ms", "0", NULL);
        rd_kafka_conf_set_log_cb(conf, count_restarts);
        __atomic_store_n(&restarts, 0, __ATOMIC_SEQ_CST);
        return client(RD_KAFKA_PRODUCER, conf);
}

static int reports_ok;
static void send_one(rd_kafka_t *rk) {
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        reports_ok++;
}

/* Brokers that take their time with metadata: the client starts over once trigger.ms have passed without any. */
static void silence_for_long_enough_starts_over(void) {
        static const struct {
                const char *strategy, *trigger;
                int restarts;
        } runs[] = {{"rebootstrap", "300", 1}, {"rebootstrap", "300000", 0}, {"none", "300", 0}};
        size_t i;
        for (i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
                rd_kafka_t *mrk, *rk;
                rd_kafka_mock_cluster_t *m = mock_of(1, &mrk);
                int n;
                rk = restarting_client(m, runs[i].strategy, runs[i].trigger);
                send_one(rk);
                n = restarts_within(0);
                CHECK(!n, "%s, %s: %d restarts", runs[i].strategy, runs[i].trigger, n);
                rd_kafka_mock_broker_set_rtt(m, 1, 3000);
                n = restarts_within(runs[i].restarts ? ms(15000) : 1500);
                CHECK(!n == !runs[i].restarts, "%s, %s: %d restarts", runs[i].strategy, runs[i].trigger, n);
                rd_kafka_mock_broker_set_rtt(m, 1, 0);
                send_one(rk);
                DESTROY(rk, 3000);
                rd_kafka_mock_cluster_destroy(m);
                rd_kafka_destroy(mrk);
        }
}

/* A broker may ask for it: KIP-1102. */
static void a_broker_may_ask_to_start_over(void) {
        rd_kafka_t *mrk, *rk;
        rd_kafka_mock_cluster_t *m = mock_of(1, &mrk);
        const struct rd_kafka_metadata *md = NULL;
        int n;
        if (is_upstream())
                SKIP("its mock cluster cannot answer a metadata request with an error");
        rk = restarting_client(m, "rebootstrap", "300000");
        send_one(rk);
        n = restarts_within(0);
        CHECK(!n, "%d restarts", n);
        rd_kafka_mock_push_request_errors(m, METADATA, 1, RD_KAFKA_RESP_ERR_REBOOTSTRAP_REQUIRED);
        n = restarts_within(ms(15000));
        CHECK(n == 1, "%d restarts", n);
        send_one(rk);
        CHECK_ERR(rd_kafka_metadata(rk, 0, NULL, &md, ms(10000)), 0);
        if (md)
                rd_kafka_metadata_destroy(md);
        DESTROY(rk, 3000);
        rd_kafka_mock_cluster_destroy(m);
        rd_kafka_destroy(mrk);
}

/* ---- a broker that hangs up when it is asked for its versions ---- */

static struct {
        int listener, port, stop;
        int versions_asked, metadata_asked;
        pthread_t thread;
} old_broker;

static void *old_broker_main(void *unused) {
        while (!__atomic_load_n(&old_broker.stop, __ATOMIC_SEQ_CST)) {
                unsigned char head[6];
                int fd = accept(old_broker.listener, NULL, NULL);
                if (fd < 0)
                        break;
                if (recv(fd, head, sizeof(head), MSG_WAITALL) == (ssize_t)sizeof(head)) {
                        int api    = head[4] << 8 | head[5];
                        int *count = api == API_VERSIONS ? &old_broker.versions_asked
                                     : api == METADATA   ? &old_broker.metadata_asked
                                                         : NULL;
                        if (count)
                                __atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
                }
                close(fd);
        }
        return unused;
}

static void old_broker_start(void) {
        struct sockaddr_in a;
        socklen_t len = sizeof(a);
        memset(&a, 0, sizeof(a));
        memset(&old_broker, 0, sizeof(old_broker));
        a.sin_family        = AF_INET;
        a.sin_addr.s_addr   = htonl(INADDR_LOOPBACK);
        old_broker.listener = socket(AF_INET, SOCK_STREAM, 0);
        if (bind(old_broker.listener, (struct sockaddr *)&a, len) || listen(old_broker.listener, 10) ||
            getsockname(old_broker.listener, (struct sockaddr *)&a, &len) ||
            pthread_create(&old_broker.thread, NULL, old_broker_main, NULL)) {
                printf("  old broker: %s\n", strerror(errno));
                exit(1);
        }
        old_broker.port = ntohs(a.sin_port);
}

static void old_broker_stop(void) {
        __atomic_store_n(&old_broker.stop, 1, __ATOMIC_SEQ_CST);
        shutdown(old_broker.listener, SHUT_RDWR);
        pthread_join(old_broker.thread, NULL);
        close(old_broker.listener);
}

/* Connections until metadata is asked for, or so many in vain. */
static void versions_asked(const char *fallback_ms, int *asked, int *metadata) {
        char servers[64];
        const struct rd_kafka_metadata *md;
        int64_t until = now_ms() + ms(60000);
        rd_kafka_t *rk;
        old_broker_start();
        snprintf(servers, sizeof(servers), "127.0.0.1:%d", old_broker.port);
        rk = client(RD_KAFKA_PRODUCER,
                    conf_of("bootstrap.servers", servers, "broker.version.fallback", "0.9.0", "api.version.fallback.ms", fallback_ms,
                            "reconnect.backoff.ms", "10", "reconnect.backoff.max.ms", "10", NULL));
        while (now_ms() < until && !__atomic_load_n(&old_broker.metadata_asked, __ATOMIC_SEQ_CST) &&
               __atomic_load_n(&old_broker.versions_asked, __ATOMIC_SEQ_CST) < 5)
                rd_kafka_metadata(rk, 0, NULL, &md, 50);
        *asked    = __atomic_load_n(&old_broker.versions_asked, __ATOMIC_SEQ_CST);
        *metadata = __atomic_load_n(&old_broker.metadata_asked, __ATOMIC_SEQ_CST);
        DESTROY(rk, 3000);
        old_broker_stop();
}

static void versions_are_assumed_for_some_time(void) {
        int asked, metadata;
        if (is_upstream())
                SKIP("it asks again all the same");
        versions_asked("60000", &asked, &metadata);
        CHECK(asked == 1 && metadata > 0, "asked %d times, then %d metadata requests", asked, metadata);
        versions_asked("0", &asked, &metadata);
        CHECK(asked >= 5 && !metadata, "asked %d times, then %d metadata requests", asked, metadata);
}

static void *answer_at_once_later(void *cluster) {
        usleep(2500000);
        rd_kafka_mock_broker_set_rtt(cluster, 1, 0);
        return NULL;
}

/* A request that is not answered within socket.timeout.ms is made again, for as long as the application waits. */
static void metadata_is_asked_for_again(void) {
        rd_kafka_t *with, *rk;
        rd_kafka_mock_cluster_t *cluster = mock_of(1, &with);
        const rd_kafka_metadata_t *md    = NULL;
        pthread_t later;
        int64_t start;
        rk = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster), "socket.timeout.ms", "1000",
                                               "retry.backoff.ms", "50", "reconnect.backoff.max.ms", "100", NULL));
        CHECK_ERR(rd_kafka_metadata(rk, 1, NULL, &md, ms(10000)), 0);
        if (md)
                rd_kafka_metadata_destroy(md);
        md = NULL;
        rd_kafka_mock_broker_set_rtt(cluster, 1, 60000);
        pthread_create(&later, NULL, answer_at_once_later, cluster);
        start = now_ms();
        CHECK_ERR(rd_kafka_metadata(rk, 1, NULL, &md, ms(20000)), 0);
        start = now_ms() - start;
        CHECK(start < ms(10000), "took %" PRId64 " ms", start);
        if (md)
                rd_kafka_metadata_destroy(md);
        pthread_join(later, NULL);
        DESTROY(rk, 5000);
        rd_kafka_mock_cluster_destroy(cluster);
        rd_kafka_destroy(with);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(all_addresses_of_a_name_are_tried);
        RUN(servers_go_by_their_canonical_names);
        RUN(silence_for_long_enough_starts_over);
        RUN(a_broker_may_ask_to_start_over);
        RUN(versions_are_assumed_for_some_time);
        RUN(metadata_is_asked_for_again);
        return T_END();
}
