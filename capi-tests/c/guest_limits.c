/*
 * A process that has little: descriptors, threads, stack; and what its threads carry along: floating-point traps, a
 * cancellation that waits, their own last error.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <fenv.h>
#include <sys/resource.h>

#include "guest.h"

/* ---- descriptors ---- */

static int set_descriptors(int more) {
        struct rlimit limit;
        int before;
        getrlimit(RLIMIT_NOFILE, &limit);
        before         = (int)limit.rlim_cur;
        limit.rlim_cur = (rlim_t)more;
        setrlimit(RLIMIT_NOFILE, &limit);
        return before;
}

/* Leaves this many that can be opened. */
static int spare_descriptors(int spare) {
        int fd;
        for (fd = 0;; fd++)
                if (fcntl(fd, F_GETFD) < 0 && spare-- == 0)
                        return set_descriptors(fd);
}

/* A client either is not made, and says why, or works as soon as there are descriptors again. */
static void few_descriptors_for(rd_kafka_type_t type) {
        struct mock m = mock_of(1);
        int spare, fds, threads = t_threads();
        rd_kafka_mock_topic_create(m.cluster, "guest", 1, 1);
        send_all(&m, "guest", 1);
        fds = t_fds();
        for (spare = 0; spare < 8; spare++) {
                char errstr[256]      = "";
                rd_kafka_conf_t *conf = conf_of("bootstrap.servers", m.servers, "reconnect.backoff.ms", "10", "reconnect.backoff.max.ms", "20",
                                                "group.id", "g", NULL);
                int before            = spare_descriptors(spare);
                rd_kafka_t *rk;
                rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
                rk = rd_kafka_new(type, conf, errstr, sizeof(errstr));
                if (!rk) {
                        CHECK(*errstr, "no reason with %d descriptors", spare);
                        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE);
                        rd_kafka_conf_destroy(conf);
                        set_descriptors(before);
                } else if (type == RD_KAFKA_PRODUCER) {
                        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("guest"), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END), 0);
                        delivered = 0;
                        rd_kafka_poll(rk, 100);
                        set_descriptors(before);
                        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
                        CHECK(delivered == 1 && !delivery_errors[0], "%d delivered", delivered);
                        rd_kafka_destroy(rk);
                } else {
                        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
                        rd_kafka_message_t *msg;
                        int64_t until;
                        rd_kafka_topic_partition_list_add(l, "guest", 0)->offset = 0;
                        CHECK_ERR(rd_kafka_assign(rk, l), 0);
                        msg = rd_kafka_consumer_poll(rk, 100);
                        set_descriptors(before);
                        for (until = now_ms() + ms(60000); (!msg || msg->err) && now_ms() < until;) {
                                if (msg)
                                        rd_kafka_message_destroy(msg);
                                msg = rd_kafka_consumer_poll(rk, 100);
                        }
                        CHECK(msg && !msg->err, "no message with %d descriptors", spare);
                        if (msg)
                                rd_kafka_message_destroy(msg);
                        rd_kafka_topic_partition_list_destroy(l);
                        rd_kafka_destroy(rk);
                }
                CHECK(t_threads_down_to(threads) <= threads, "%d threads left", t_threads() - threads);
                CHECK(t_fds_down_to(fds + 1) <= fds + 1, "%d descriptors left", t_fds() - fds);
        }
        mock_end(&m);
}

static void few_descriptors(void) {
        few_descriptors_for(RD_KAFKA_PRODUCER);
        few_descriptors_for(RD_KAFKA_CONSUMER);
}

/* Processor time of the whole process. */
static int64_t cpu_ms(void) {
        struct timespec ts;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* A listener that cannot accept, and a client that cannot connect, wait instead of spinning. */
static void no_descriptor_for_a_connection(void) {
        struct mock m   = mock_of(1);
        rd_kafka_t *rk  = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", m.servers, NULL));
        int fd, before, i;
        int64_t cpu;
        char first[64];
        rd_kafka_metadata_destroy(metadata_of(rk, NULL));
        snprintf(first, sizeof(first), "%s", m.servers);
        /* The connection is there, and the cluster has no descriptor left to take it in with. */
        before = spare_descriptors(1);
        for (i = 0; i < 64; i++)
                if ((fd = wire_connect(first)) >= 0)
                        break;
        CHECK(fd >= 0, "no descriptor for the test");
        cpu = cpu_ms();
        usleep(500000);
        cpu = cpu_ms() - cpu;
        /* librdkafka's mock cluster does spin. */
        CHECK(cpu < ms(150) || is_upstream(), "%" PRId64 " ms of processor time in 500", cpu);
        set_descriptors(before);
        if (fd >= 0)
                close(fd);
        CHECK(broker_cnt(rk) == 1, "the cluster is gone");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* ---- threads ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WATCHED 0
#else
#define WATCHED 1
static int threads_until_failure = -1;

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*f)(void *), void *arg) {
        static int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
        if (!next)
                *(void **)&next = dlsym(RTLD_NEXT, "pthread_create");
        if (threads_until_failure >= 0 && __atomic_sub_fetch(&threads_until_failure, 1, __ATOMIC_SEQ_CST) < 0) {
                threads_until_failure = 0;
                return EAGAIN;
        }
        return next(thread, attr, f, arg);
}
#endif

static void background_cb(rd_kafka_t *rk, rd_kafka_event_t *event, void *opaque) {
        (void)rk;
        (void)opaque;
        rd_kafka_event_destroy(event);
}

#if WATCHED
static int reads_one(rd_kafka_t *rk) {
        int64_t until = now_ms() + ms(60000);
        int read      = 0;
        while (!read && now_ms() < until) {
                rd_kafka_message_t *msg = rd_kafka_consumer_poll(rk, 100);
                read                    = msg && !msg->err;
                if (msg)
                        rd_kafka_message_destroy(msg);
        }
        return read;
}

/* From the n-th on no thread can be started: no client, or one that works when threads can be had again. */
static void no_threads_for(rd_kafka_type_t type) {
        struct mock m                      = mock_of(2);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        int n, threads, fds, refused = 0;
        char first[64];
        /* The one is configured, the other has the partition. */
        snprintf(first, sizeof(first), "%.*s", (int)strcspn(m.servers, ","), m.servers);
        rd_kafka_mock_group_initial_rebalance_delay_ms(m.cluster, 0);
        rd_kafka_mock_topic_create(m.cluster, "guest", 1, 1);
        rd_kafka_mock_partition_set_leader(m.cluster, "guest", 0, 2);
        send_all(&m, "guest", 1);
        rd_kafka_topic_partition_list_add(l, "guest", RD_KAFKA_PARTITION_UA);
        threads = t_threads();
        fds     = t_fds();
        for (n = 0; n < 6; n++) {
                char errstr[256]      = "", group[32];
                rd_kafka_conf_t *conf = conf_of("bootstrap.servers", first, "reconnect.backoff.ms", "10", "reconnect.backoff.max.ms", "20",
                                                "auto.offset.reset", "earliest", NULL);
                rd_kafka_t *rk;
                snprintf(group, sizeof(group), "g%d", n);
                conf_put(conf, "group.id", group);
                rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
                rd_kafka_conf_set_background_event_cb(conf, background_cb);
                threads_until_failure = n;
                rk                    = rd_kafka_new(type, conf, errstr, sizeof(errstr));
                if (!rk) {
                        threads_until_failure = -1;
                        refused++;
                        CHECK(*errstr, "no reason with %d threads", n);
                        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE);
                        rd_kafka_conf_destroy(conf);
                } else {
                        if (type == RD_KAFKA_CONSUMER)
                                CHECK_ERR(rd_kafka_subscribe(rk, l), 0);
                        rd_kafka_poll(rk, 200);
                        threads_until_failure = -1;
                        if (type == RD_KAFKA_PRODUCER)
                                CHECK_ERR(send_one(rk, "guest", 0), 0);
                        else
                                CHECK(reads_one(rk), "nothing read after %d threads", n);
                        rd_kafka_destroy(rk);
                }
                CHECK(t_threads_down_to(threads) <= threads, "%d threads left", t_threads() - threads);
                CHECK(t_fds_down_to(fds + 1) <= fds + 1, "%d descriptors left", t_fds() - fds);
        }
        CHECK(refused > 0, "none was refused");
        threads_until_failure = 0;
        CHECK(!rd_kafka_mock_cluster_new(m.rk, 1), "a cluster without a thread");
        threads_until_failure = -1;
        rd_kafka_topic_partition_list_destroy(l);
        mock_end(&m);
}
#endif

static void no_threads(void) {
#if WATCHED
        if (is_upstream())
                SKIP("threads of the C library's own making");
        if (t.slow > 1)
                SKIP("the memory of a client that could not be made stays in place with the application's configuration");
        no_threads_for(RD_KAFKA_PRODUCER);
        no_threads_for(RD_KAFKA_CONSUMER);
#else
        SKIP("not with a sanitizer");
#endif
}

/* ---- stacks ---- */

static size_t smallest_stack;
static int stacks_seen;
static pthread_mutex_t stacks_lock = PTHREAD_MUTEX_INITIALIZER;
static void see_stack(void) {
        pthread_attr_t attr;
        size_t size;
        if (pthread_getattr_np(pthread_self(), &attr) || pthread_attr_getstacksize(&attr, &size))
                return;
        pthread_attr_destroy(&attr);
        pthread_mutex_lock(&stacks_lock);
        stacks_seen++;
        if (!smallest_stack || size < smallest_stack)
                smallest_stack = size;
        pthread_mutex_unlock(&stacks_lock);
}

static rd_kafka_resp_err_t on_thread_start(rd_kafka_t *rk, rd_kafka_thread_type_t type, const char *name, void *opaque) {
        (void)rk;
        (void)type;
        (void)name;
        (void)opaque;
        see_stack();
        return 0;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque, char *errstr, size_t size) {
        (void)conf;
        (void)opaque;
        (void)errstr;
        (void)size;
        return rd_kafka_interceptor_add_on_thread_start(rk, "guest", on_thread_start, NULL);
}

static int stats_cb(rd_kafka_t *rk, char *json, size_t len, void *opaque) {
        (void)rk;
        (void)json;
        (void)len;
        ++*(int *)opaque;
        return 0;
}

/* Messages both ways, with all that takes room on a stack: compression, statistics, logs, a group. */
static void life(void) {
        static const char *const codecs[] = {"gzip", "snappy", "lz4", "zstd"};
        struct mock m                     = mock_of(1);
        int i, stats = 0, read = 0;
        int64_t until;
        rd_kafka_t *reader;
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        char value[1000];
        memset(value, 'x', sizeof(value));
        rd_kafka_mock_group_initial_rebalance_delay_ms(m.cluster, 0);
        rd_kafka_mock_topic_create(m.cluster, "guest", 1, 1);
        for (i = 0; i < 4; i++) {
                rd_kafka_conf_t *conf = conf_of("bootstrap.servers", m.servers, "compression.codec", codecs[i], "statistics.interval.ms", "10",
                                                "debug", "all", NULL);
                rd_kafka_t *rk;
                int j;
                rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
                rd_kafka_conf_set_stats_cb(conf, stats_cb);
                rd_kafka_conf_set_opaque(conf, &stats);
                rd_kafka_conf_set_background_event_cb(conf, background_cb);
                rd_kafka_conf_interceptor_add_on_new(conf, "guest", on_new, NULL);
                rk        = client(RD_KAFKA_PRODUCER, conf);
                delivered = 0;
                for (j = 0; j < 100; j++)
                        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("guest"), RD_KAFKA_V_VALUE(value, sizeof(value)), RD_KAFKA_V_END), 0);
                CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
                CHECK(delivered == 100, "%d delivered", delivered);
                for (until = now_ms() + ms(60000); !stats && now_ms() < until;)
                        rd_kafka_poll(rk, 10);
                rd_kafka_destroy(rk);
        }
        reader = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", m.servers, "group.id", "g", "auto.offset.reset", "earliest", "debug", "all", NULL));
        rd_kafka_topic_partition_list_add(l, "guest", RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_subscribe(reader, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
        for (until = now_ms() + ms(60000); read < 400 && now_ms() < until;) {
                rd_kafka_message_t *msg = rd_kafka_consumer_poll(reader, 100);
                read += msg && !msg->err;
                if (msg)
                        rd_kafka_message_destroy(msg);
        }
        CHECK(read == 400, "%d read", read);
        CHECK(stats > 0, "no statistics");
        CHECK_ERR(rd_kafka_consumer_close(reader), 0);
        rd_kafka_destroy(reader);
        mock_end(&m);
}

/* The process begun anew, under another limit for stacks: this case's second part. */
static void stacks_here(void) {
        const char *limit = getenv("T_STACK");
        pthread_attr_t attr;
        size_t size;
        if (!limit)
                SKIP("for the case stacks");
        pthread_attr_init(&attr);
        pthread_attr_getstacksize(&attr, &size);
        life();
        CHECK(stacks_seen >= 3, "%d threads seen", stacks_seen);
        /* A callback finds what it would find in a thread of the application's. */
        CHECK(smallest_stack >= size, "stacks of %zu, %zu by default", smallest_stack, size);
}

static void stacks(void) {
        static const struct {
                const char *name;
                rlim_t limit;
        } list[] = {{"256 KiB", 256 << 10}, {"8 MiB", 8 << 20}, {"64 MiB", 64 << 20}, {"unlimited", RLIM_INFINITY}};
        size_t i;
        if (t.slow > 1)
                SKIP("valgrind does not begin anew");
        for (i = 0; i < sizeof(list) / sizeof(*list); i++) {
                int status;
                pid_t pid;
                fflush(stdout);
                pid = fork();
                if (!pid) {
                        struct rlimit limit;
                        getrlimit(RLIMIT_STACK, &limit);
                        limit.rlim_cur = list[i].limit < limit.rlim_max ? list[i].limit : limit.rlim_max;
                        setrlimit(RLIMIT_STACK, &limit);
                        setenv("T_STACK", list[i].name, 1);
                        execl("/proc/self/exe", t.program, "stacks_here", (char *)NULL);
                        _exit(1);
                }
                while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                        ;
                CHECK(WIFEXITED(status) && !WEXITSTATUS(status), "%s: status %x", list[i].name, status);
        }
}

/* ---- what threads carry along ---- */

/* New threads inherit the traps of the one that starts them. */
static void with_traps(void) {
        int traps;
        feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
        /* Valgrind has none. */
        traps = fegetexcept();
        fesetround(FE_UPWARD);
        life();
        EXPECT(fegetround() == FE_UPWARD, "rounding %d", fegetround());
        EXPECT(fegetexcept() == traps, "traps %d", fegetexcept());
        child_failures += t.case_failures;
}

static void floating_point_traps(void) {
        in_child("traps", with_traps);
}

static void *other_error(void *barrier) {
        CHECK_ERR(rd_kafka_last_error(), 0);
        pthread_barrier_wait(barrier);
        pthread_barrier_wait(barrier);
        CHECK_ERR(rd_kafka_last_error(), 0);
        return NULL;
}

static void last_error_of_each_thread(void) {
        pthread_barrier_t barrier;
        pthread_t thread;
        rd_kafka_t *rk        = client(RD_KAFKA_PRODUCER, conf_of(NULL, NULL));
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, "guest", NULL);
        char big[10];
        pthread_barrier_init(&barrier, NULL, 2);
        pthread_create(&thread, NULL, other_error, &barrier);
        pthread_barrier_wait(&barrier);
        CHECK(rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, big, 2000000000, NULL, 0, NULL) == -1, "produce");
        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        CHECK(errno == EMSGSIZE, "errno %d", errno);
        pthread_barrier_wait(&barrier);
        pthread_join(thread, NULL);
        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        rd_kafka_topic_destroy(rkt);
        rd_kafka_destroy(rk);
}

/* ---- a thread that is cancelled ---- */

static struct mock cancel_mock;
static rd_kafka_t *cancel_rk;
static rd_kafka_type_t cancel_type;

static void *polls(void *started) {
        if (cancel_type == RD_KAFKA_PRODUCER)
                rd_kafka_producev(cancel_rk, RD_KAFKA_V_TOPIC("guest"), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END);
        __atomic_store_n((int *)started, 1, __ATOMIC_SEQ_CST);
        for (;;) {
                if (cancel_type == RD_KAFKA_PRODUCER) {
                        rd_kafka_poll(cancel_rk, 50);
                        rd_kafka_producev(cancel_rk, RD_KAFKA_V_TOPIC("guest"), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END);
                } else {
                        rd_kafka_message_t *msg = rd_kafka_consumer_poll(cancel_rk, 50);
                        if (msg)
                                rd_kafka_message_destroy(msg);
                }
                pthread_testcancel();
        }
        return NULL;
}

/* Where a thread is cancelled: in a callback, too. */
static void cancellable_dr(rd_kafka_t *rk, const rd_kafka_message_t *msg, void *opaque) {
        (void)rk;
        (void)msg;
        (void)opaque;
        pthread_testcancel();
        usleep(100);
}

static void cancellable_log(const rd_kafka_t *rk, int level, const char *fac, const char *text) {
        (void)rk;
        (void)level;
        (void)fac;
        (void)text;
        pthread_testcancel();
}

static rd_kafka_conf_t *cancellable_conf(void) {
        rd_kafka_conf_t *conf =
            conf_of("bootstrap.servers", cancel_mock.servers, "linger.ms", "0", "group.id", "g", "log_level", "7", "debug", "all", NULL);
        rd_kafka_conf_set_dr_msg_cb(conf, cancellable_dr);
        rd_kafka_conf_set_log_cb(conf, cancellable_log);
        return conf;
}

static void *makes_and_destroys(void *started) {
        __atomic_store_n((int *)started, 1, __ATOMIC_SEQ_CST);
        for (;;) {
                rd_kafka_t *rk = client(cancel_type, cancellable_conf());
                rd_kafka_mock_cluster_destroy(rd_kafka_mock_cluster_new(rk, 1));
                rd_kafka_destroy(rk);
                pthread_testcancel();
        }
        return NULL;
}

static void *(*cancel_thread)(void *);

static void cancelled_scene(void) {
        int i;
        cancel_mock = mock_of(1);
        rd_kafka_mock_topic_create(cancel_mock.cluster, "guest", 1, 1);
        cancel_rk = client(cancel_type, cancellable_conf());
        for (i = 0; i < 30; i++) {
                pthread_t thread;
                int started = 0;
                void *result;
                pthread_create(&thread, NULL, cancel_thread, &started);
                while (!__atomic_load_n(&started, __ATOMIC_SEQ_CST))
                        usleep(100);
                usleep((unsigned)(i * 397 % 5000));
                pthread_cancel(thread);
                pthread_join(thread, &result);
                EXPECT(result == PTHREAD_CANCELED, "the thread ended by itself");
        }
        if (cancel_type == RD_KAFKA_PRODUCER)
                EXPECT(!rd_kafka_flush(cancel_rk, ms(10000)), "flush");
        rd_kafka_destroy(cancel_rk);
        mock_end(&cancel_mock);
}

static void thread_is_cancelled(void) {
        if (is_upstream())
                SKIP("librdkafka's locks stay with the thread: destroy waits for ever");
        cancel_thread = polls;
        cancel_type   = RD_KAFKA_PRODUCER;
        in_child("producer", cancelled_scene);
        cancel_type = RD_KAFKA_CONSUMER;
        in_child("consumer", cancelled_scene);
        cancel_thread = makes_and_destroys;
        in_child("made and destroyed", cancelled_scene);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(stacks_here);
        RUN(floating_point_traps);
        RUN(thread_is_cancelled);
        RUN(few_descriptors);
        RUN(no_descriptor_for_a_connection);
        RUN(no_threads);
        RUN(stacks);
        RUN(last_error_of_each_thread);
        return T_END();
}
