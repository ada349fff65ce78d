/*
 * Producers, consumers and admin clients against a peer that breaks the protocol (peer.py): whatever it sends, the client neither
 * crashes nor hangs; calls return when they should, and rd_kafka_destroy() within its bound.
 *
 * The connect callback leads every connection to the peer, whatever address the metadata names. HOSTILE_SEED picks the
 * random numbers, HOSTILE_ROUNDS (3) how often each mode is gone through; HOSTILE_DEBUG with T_VERBOSE shows the logs.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "admin.h"

/* With socket.timeout.ms of one second: closing may wait for one request, not more. */
#define BOUND 3000

static int peer_port, peer_in, peer_out;
static pid_t peer_pid;

static void peer_start(const char *mode, int seed) {
        int to[2], from[2];
        char text[16] = "", number[16];
        const char *script = getenv("HOSTILE_PEER");
        ssize_t n = 0, r;
        snprintf(number, sizeof(number), "%d", seed);
        if (pipe(to) || pipe(from))
                exit(1);
        peer_pid = fork();
        if (!peer_pid) {
                dup2(to[0], 0);
                dup2(from[1], 1);
                close(to[1]);
                close(from[0]);
                unsetenv("LD_LIBRARY_PATH");
                execlp("python3", "python3", script ? script : "peer.py", mode, number, bootstrap(), (char *)NULL);
                _exit(127);
        }
        close(to[0]);
        close(from[1]);
        peer_in = to[1];
        while (n < 15 && !strchr(text, '\n') && (r = read(from[0], text + n, (size_t)(15 - n))) > 0)
                n += r;
        peer_out  = from[0];
        peer_port = atoi(text);
        if (!peer_port) {
                printf("  no peer: python3 %s\n", script ? script : "peer.py");
                exit(1);
        }
}

/* Whether the peer has spoiled an answer. */
static int peer_has_spoiled(void) {
        struct pollfd p = {.fd = peer_out, .events = POLLIN};
        return poll(&p, 1, 0) == 1;
}

/* Returns how many answers the peer has spoiled. */
static int peer_stop(void) {
        char text[64] = "";
        const char *number;
        int status;
        ssize_t n = 0, r;
        close(peer_in);
        while (n < 63 && (r = read(peer_out, text + n, (size_t)(63 - n))) > 0)
                n += r;
        close(peer_out);
        number = strchr(text, '\n');
        number = number && number[1] ? number + 1 : text;
        waitpid(peer_pid, &status, 0);
        CHECK(WIFEXITED(status) && !WEXITSTATUS(status), "the peer ended with status %d", status);
        return atoi(number);
}

static int to_peer(int fd, const struct sockaddr *addr, int len, const char *id, void *opaque) {
        struct sockaddr_in a;
        (void)addr;
        (void)len;
        (void)id;
        (void)opaque;
        memset(&a, 0, sizeof(a));
        a.sin_family      = AF_INET;
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        a.sin_port        = htons((uint16_t)peer_port);
        return connect(fd, (struct sockaddr *)&a, sizeof(a)) && errno != EINPROGRESS ? errno : 0;
}

/* Whatever name the peer makes up: nothing is asked of real name servers. */
static int resolve(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res, void *opaque) {
        (void)hints;
        (void)opaque;
        if (!node && !service) {
                freeaddrinfo(*res);
                return 0;
        }
        return getaddrinfo("127.0.0.1", NULL, NULL, res);
}

static rd_kafka_conf_t *conf(const char *more, const char *value) {
        rd_kafka_conf_t *c = conf_of("bootstrap.servers", bootstrap(), "reconnect.backoff.ms", "1", "reconnect.backoff.max.ms", "5",
                                     "retry.backoff.ms", "5", "socket.timeout.ms", "1000", "topic.metadata.refresh.fast.interval.ms", "5",
                                     more, value, NULL);
        rd_kafka_conf_set_connect_cb(c, to_peer);
        rd_kafka_conf_set_resolve_cb(c, resolve);
        if (getenv("HOSTILE_DEBUG"))
                conf_put(c, "debug", getenv("HOSTILE_DEBUG"));
        return c;
}

static volatile unsigned touched;
static void touch(const void *p, size_t n) {
        const unsigned char *b = p;
        while (n--)
                touched += *b++;
}

static void use(rd_kafka_message_t *m) {
        rd_kafka_headers_t *h;
        const char *name;
        const void *v;
        size_t i, n;
        rd_kafka_timestamp_type_t type;
        if (m->err) {
                touch(rd_kafka_message_errstr(m), strlen(rd_kafka_message_errstr(m)));
        } else {
                touch(m->payload, m->len);
                touch(m->key, m->key_len);
                rd_kafka_message_timestamp(m, &type);
                if (!rd_kafka_message_headers(m, &h))
                        for (i = 0; !rd_kafka_header_get_all(h, i, &name, &v, &n); i++) {
                                touch(name, strlen(name));
                                touch(v, n);
                        }
        }
        rd_kafka_message_destroy(m);
}

static int reports;
static void dr(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)opaque;
        reports++;
        touch(m->payload, m->len);
}

static void produce_to_peer(const char *topic, int milliseconds) {
        rd_kafka_conf_t *c = conf("linger.ms", "1");
        rd_kafka_t *rk;
        int64_t until = now_ms() + milliseconds, start;
        const struct rd_kafka_metadata *md;
        int i, sent = 0;
        conf_put(c, "message.timeout.ms", "2000");
        rd_kafka_conf_set_dr_msg_cb(c, dr);
        reports = 0;
        rk      = client(RD_KAFKA_PRODUCER, c);
        while (now_ms() < until) {
                for (i = 0; i < 5; i++)
                        sent += !rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_VALUE((void *)"some value", 10), RD_KAFKA_V_KEY("key", 3),
                                                   RD_KAFKA_V_HEADER("h", "v", 1), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
                rd_kafka_poll(rk, 10);
        }
        start = now_ms();
        if (!rd_kafka_metadata(rk, 1, NULL, &md, 100))
                rd_kafka_metadata_destroy(md);
        CHECK(now_ms() - start < ms(1500), "metadata took %d ms", (int)(now_ms() - start));
        start = now_ms();
        rd_kafka_flush(rk, 100);
        CHECK(now_ms() - start < ms(1500), "flush took %d ms", (int)(now_ms() - start));
        CHECK(reports <= sent, "%d reports for %d messages", reports, sent);
        DESTROY(rk, BOUND);
}

/* Every message ends in a report, whatever the peer did: at the latest when its time is over. */
static void reports_of_all(const char *topic) {
        rd_kafka_conf_t *c = conf("message.timeout.ms", "1000");
        rd_kafka_t *rk;
        int64_t until;
        int i;
        rd_kafka_conf_set_dr_msg_cb(c, dr);
        reports = 0;
        rk      = client(RD_KAFKA_PRODUCER, c);
        for (i = 0; i < 100; i++)
                CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(i % 2 ? 0 : RD_KAFKA_PARTITION_UA),
                                            RD_KAFKA_V_VALUE((void *)"v", 1), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END), 0);
        for (until = now_ms() + ms(6000); reports < 100 && now_ms() < until;)
                rd_kafka_poll(rk, 50);
        CHECK(reports == 100, "%d reports of 100", reports);
        if (reports != 100 && getenv("T_VERBOSE"))
                rd_kafka_dump(stdout, rk);
        DESTROY(rk, BOUND);
}

static void consume_from_peer(const char *topic, int milliseconds) {
        rd_kafka_conf_t *c                 = conf("group.id", "hostile");
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(2);
        int64_t until                      = now_ms() + milliseconds, start, low, high;
        rd_kafka_t *rk;
        conf_put(c, "check.crcs", "false");
        conf_put(c, "auto.offset.reset", "earliest");
        conf_put(c, "enable.partition.eof", "true");
        rk = client(RD_KAFKA_CONSUMER, c);
        rd_kafka_topic_partition_list_add(l, topic, 0)->offset = 0;
        rd_kafka_topic_partition_list_add(l, topic, 1)->offset = RD_KAFKA_OFFSET_BEGINNING;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        while (now_ms() < until) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 10);
                if (m)
                        use(m);
        }
        start = now_ms();
        rd_kafka_query_watermark_offsets(rk, topic, 0, &low, &high, 100);
        CHECK(now_ms() - start < ms(1500), "query_watermark_offsets took %d ms", (int)(now_ms() - start));
        start = now_ms();
        rd_kafka_committed(rk, l, 100);
        CHECK(now_ms() - start < ms(1500), "committed took %d ms", (int)(now_ms() - start));
        start = now_ms();
        l->elems[0].offset = l->elems[1].offset = 1;
        rd_kafka_offsets_for_times(rk, l, 100);
        CHECK(now_ms() - start < ms(1500), "offsets_for_times took %d ms", (int)(now_ms() - start));
        rd_kafka_topic_partition_list_destroy(l);
        DESTROY(rk, BOUND);
}

static void simple_consume_from_peer(const char *topic, int milliseconds) {
        rd_kafka_t *rk        = client(RD_KAFKA_CONSUMER, conf("check.crcs", "true"));
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, topic, NULL);
        int64_t until         = now_ms() + milliseconds, start;
        CHECK(!rd_kafka_consume_start(rkt, 0, RD_KAFKA_OFFSET_TAIL(50)), "start");
        while (now_ms() < until) {
                rd_kafka_message_t *m = rd_kafka_consume(rkt, 0, 10);
                if (m)
                        use(m);
        }
        start = now_ms();
        rd_kafka_consume_stop(rkt, 0);
        CHECK(now_ms() - start < ms(1500), "consume_stop took %d ms", (int)(now_ms() - start));
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, BOUND);
}

/* As a member of a group of its own: joining, committing, leaving. */
/* For so long, and on until the peer has spoiled something, if that may take up to `patience` milliseconds more. */
static void subscribe_to_peer(const char *topic, const char *strategy, int milliseconds, int patience) {
        rd_kafka_conf_t *c                 = conf("group.id", fresh("group"));
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(2);
        int64_t until                      = now_ms() + milliseconds, start;
        rd_kafka_t *rk;
        conf_put(c, "auto.offset.reset", "earliest");
        conf_put(c, "session.timeout.ms", "6000");
        conf_put(c, "heartbeat.interval.ms", "20");
        conf_put(c, "auto.commit.interval.ms", "20");
        conf_put(c, "partition.assignment.strategy", strategy);
        rk = client(RD_KAFKA_CONSUMER, c);
        rd_kafka_topic_partition_list_add(l, topic, RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_subscribe(rk, l), 0);
        while (now_ms() < until || (now_ms() < until + patience && !peer_has_spoiled())) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 10);
                if (m)
                        use(m);
        }
        rd_kafka_topic_partition_list_destroy(l);
        if (!rd_kafka_assignment(rk, &l)) {
                start = now_ms();
                rd_kafka_committed(rk, l, 100);
                CHECK(now_ms() - start < ms(1500), "committed took %d ms", (int)(now_ms() - start));
                rd_kafka_topic_partition_list_destroy(l);
        }
        DESTROY(rk, BOUND);
}

static void administer_peer(const char *topic, int times) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf(NULL, NULL));
        administer(rk, topic, times);
        DESTROY(rk, BOUND);
}

/* Messages in every compression, with headers, so that what is spoiled is not all alike. */
static const char *prepared_topic(void) {
        static const char *const CODECS[] = {"none", "gzip", "snappy", "lz4", "zstd"};
        static char name[256];
        int i, j;
        if (*name)
                return name;
        snprintf(name, sizeof(name), "%s", fresh_topic("hostile", 2));
        for (i = 0; i < 5; i++) {
                rd_kafka_t *rk = producer("compression.codec", CODECS[i], "linger.ms", "50", NULL);
                for (j = 0; j < 100; j++)
                        rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(name), RD_KAFKA_V_PARTITION(j % 2), RD_KAFKA_V_VALUE((void *)"value value value", 17),
                                          RD_KAFKA_V_KEY("key", 3), RD_KAFKA_V_HEADER("header", "x", 1), RD_KAFKA_V_END);
                if (rd_kafka_flush(rk, ms(10000))) {
                        printf("  preparing the topic failed\n");
                        exit(1);
                }
                rd_kafka_destroy(rk);
        }
        return name;
}

static void against(const char *mode, int milliseconds) {
        const char *topic = prepared_topic();
        int seed          = getenv("HOSTILE_SEED") ? atoi(getenv("HOSTILE_SEED")) : 1;
        int rounds        = getenv("HOSTILE_ROUNDS") ? atoi(getenv("HOSTILE_ROUNDS")) : 3;
        int threads = t_threads(), fds = t_fds(), i;
        t_limit(60 + rounds * (7 * BOUND / 1000 + 6 * milliseconds / 1000 + 13));
        for (i = 0; i < rounds; i++) {
                peer_start(mode, seed + i);
                produce_to_peer(topic, milliseconds);
                administer_peer(topic, 1);
                consume_from_peer(topic, milliseconds);
                simple_consume_from_peer(topic, milliseconds);
                subscribe_to_peer(topic, i % 2 ? "cooperative-sticky" : "range", milliseconds, 0);
                if (i == 0)
                        reports_of_all(topic);
                peer_stop();
        }
        CHECK(t_threads_down_to(threads) == threads, "%d threads left", t_threads() - threads);
        CHECK(t_fds() == fds, "%d file descriptors left", t_fds() - fds);
        for (i = 0; t_fds() > fds && i < 1024; i++) {
                char link[64], target[256];
                ssize_t n;
                snprintf(link, sizeof(link), "/proc/self/fd/%d", i);
                if ((n = readlink(link, target, sizeof(target) - 1)) > 0)
                        printf("  descriptor %d: %.*s\n", i, (int)n, target);
        }
}

#define MODE(name, text, milliseconds)                                                                                 \
        static void name(void) {                                                                                       \
                against(text, milliseconds);                                                                           \
        }
MODE(silent, "silent", 300)
MODE(accept_close, "accept-close", 300)
MODE(garbage, "garbage", 400)
MODE(size, "size", 400)
MODE(http, "http", 300)
MODE(truncated, "truncated", 1500)
MODE(flipped, "flipped", 1000)
MODE(lying, "lying", 1000)
MODE(random_body, "random-body", 1000)
MODE(padded, "padded", 400)
MODE(correlation, "correlation", 600)
MODE(unasked, "unasked", 400)
MODE(swapped, "swapped", 400)
MODE(half, "half", 600)
MODE(dripping, "dripping", 600)
MODE(stalled, "stalled", 600)
MODE(closing, "closing", 2000)

/* Asked when the consumer ends: nothing is to be waited for. */
#define LEAVE_GROUP 13

/* Everything is true but the answers to one kind of request, so that the client gets as far as to ask. */
static void group_answers(const char *mode) {
        static const struct {
                int key;
                const char *name;
        } KINDS[] = {{10, "FindCoordinator"}, {11, "JoinGroup"}, {14, "SyncGroup"},    {12, "Heartbeat"}, {LEAVE_GROUP, "LeaveGroup"},
                     {9, "OffsetFetch"},      {2, "ListOffsets"}, {8, "OffsetCommit"}, {1, "Fetch"}};
        const char *topic = prepared_topic();
        int seed          = getenv("HOSTILE_SEED") ? atoi(getenv("HOSTILE_SEED")) : 1;
        int rounds        = getenv("HOSTILE_ROUNDS") ? atoi(getenv("HOSTILE_ROUNDS")) : 3;
        int threads = t_threads(), fds = t_fds(), i, spoiled;
        size_t k;
        t_limit(60 + rounds * 9 * (BOUND / 1000 + 14));
        for (i = 0; i < rounds; i++)
                for (k = 0; k < sizeof(KINDS) / sizeof(*KINDS); k++) {
                        char name[64];
                        snprintf(name, sizeof(name), "%s@%d", mode, KINDS[k].key);
                        peer_start(name, seed + i);
                        subscribe_to_peer(topic, i % 2 ? "cooperative-sticky" : "range", ms(500),
                                          KINDS[k].key == LEAVE_GROUP ? 0 : ms(10000));
                        spoiled = peer_stop();
                        CHECK(spoiled > 0, "no answer to %s was spoiled", KINDS[k].name);
                        CHECK(t_threads_down_to(threads) == threads, "%s: %d threads left", KINDS[k].name, t_threads() - threads);
                        CHECK(t_fds() == fds, "%s: %d file descriptors left", KINDS[k].name, t_fds() - fds);
                }
}

#define GROUP_MODE(name, text)                                                                                         \
        static void name(void) {                                                                                       \
                group_answers(text);                                                                                   \
        }
GROUP_MODE(group_truncated, "truncated")
GROUP_MODE(group_flipped, "flipped")
GROUP_MODE(group_lying, "lying")
GROUP_MODE(group_random_body, "random-body")
GROUP_MODE(group_stalled, "stalled")

/* Everything is true but the answers to admin requests: groups by one protocol and by the other, and their coordinators. */
static void admin_answers(const char *mode) {
        static const char *const KEYS[] = {"19,20,37,32,33,44,21,2,42,69,16,9,8,47,30,29,31,43,50,51", "15", "10"};
        const char *topic               = prepared_topic();
        int seed                        = getenv("HOSTILE_SEED") ? atoi(getenv("HOSTILE_SEED")) : 1;
        int rounds                      = getenv("HOSTILE_ROUNDS") ? atoi(getenv("HOSTILE_ROUNDS")) : 3;
        int threads = t_threads(), fds = t_fds(), i, spoiled;
        size_t k;
        t_limit(60 + rounds * 3 * (4 * BOUND / 1000 + 3 * 3 + 14 * ADMIN_TIME / 1000));
        for (i = 0; i < rounds; i++)
                for (k = 0; k < sizeof(KEYS) / sizeof(*KEYS); k++) {
                        char name[128];
                        snprintf(name, sizeof(name), "%s@%s", mode, KEYS[k]);
                        peer_start(name, seed + i);
                        administer_peer(topic, 3);
                        while (!peer_has_spoiled() && admin_time < 8 * ADMIN_TIME) {
                                admin_time *= 2;
                                administer_peer(topic, 1);
                        }
                        admin_time = ADMIN_TIME;
                        spoiled    = peer_stop();
                        CHECK(spoiled > 0, "no answer to %s was spoiled", KEYS[k]);
                }
        CHECK(t_threads_down_to(threads) == threads, "%d threads left", t_threads() - threads);
        CHECK(t_fds() == fds, "%d file descriptors left", t_fds() - fds);
}

#define ADMIN_MODE(name, text)                                                                                         \
        static void name(void) {                                                                                       \
                admin_answers(text);                                                                                   \
        }
ADMIN_MODE(admin_truncated, "truncated")
ADMIN_MODE(admin_flipped, "flipped")
ADMIN_MODE(admin_lying, "lying")
ADMIN_MODE(admin_random_body, "random-body")
ADMIN_MODE(admin_correlation, "correlation")
ADMIN_MODE(admin_stalled, "stalled")

/* The way through the peer works at all: an honest relay loses nothing. */
static void honest(void) {
        const char *topic = prepared_topic();
        rd_kafka_conf_t *c;
        rd_kafka_t *rk;
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        int64_t until;
        int cnt = 0;
        peer_start("honest", 1);
        c  = conf("group.id", "hostile");
        rk = client(RD_KAFKA_CONSUMER, c);
        rd_kafka_topic_partition_list_add(l, topic, 0)->offset = 0;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
        for (until = now_ms() + ms(10000); cnt < 250 && now_ms() < until;) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 100);
                if (!m)
                        continue;
                CHECK(!m->err && is_payload(m, "value value value") && m->offset == cnt, "message %d", cnt);
                cnt++;
                rd_kafka_message_destroy(m);
        }
        CHECK(cnt == 250, "%d", cnt);
        DESTROY(rk, BOUND);
        administer_peer(topic, 1);
        reports_of_all(topic);
        peer_stop();
}

/* A length that lies must not be believed, not even with addresses. The sanitizers need terabytes of them for themselves. */
static void limit_addresses(void) {
        const char *gigabytes = getenv("HOSTILE_GIGABYTES");
        struct rlimit limit;
        if (!gigabytes)
                return;
        limit.rlim_cur = limit.rlim_max = (rlim_t)atoi(gigabytes) << 30;
        if (setrlimit(RLIMIT_AS, &limit)) {
                printf("  no limit of %s GB\n", gigabytes);
                exit(1);
        }
}

int main(int argc, char **argv) {
        limit_addresses();
        T_START(argc, argv);
        RUN(honest);
        RUN(silent);
        RUN(accept_close);
        RUN(garbage);
        RUN(size);
        RUN(http);
        RUN(truncated);
        RUN(flipped);
        RUN(lying);
        RUN(random_body);
        RUN(padded);
        RUN(correlation);
        RUN(unasked);
        RUN(swapped);
        RUN(half);
        RUN(dripping);
        RUN(stalled);
        RUN(closing);
        RUN(group_truncated);
        RUN(group_flipped);
        RUN(group_lying);
        RUN(group_random_body);
        RUN(group_stalled);
        RUN(admin_truncated);
        RUN(admin_flipped);
        RUN(admin_lying);
        RUN(admin_random_body);
        RUN(admin_correlation);
        RUN(admin_stalled);
        return T_END();
}
