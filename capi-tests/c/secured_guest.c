/*
 * A guest that connects by TLS and logs in: what the process has stays as it is, it may fork and end at any time, and have
 * the library twice.
 *
 * What a process leaves of its clients is no leak.
 * no leak check
 * kafka-mock
 */
#include <dlfcn.h>
#include <sys/socket.h>

#include "guest.h"
#include "secured.h"

static struct cluster c;
static rd_kafka_t *rk;

static rd_kafka_t *writer(void) {
        return client(RD_KAFKA_PRODUCER, with(conf_to(&c, "sasl_ssl", "SCRAM-SHA-256"), "linger.ms", "0"));
}

/* ---- fork ---- */

static void child_calls(void) {
        EXPECT(put(rk, "t", "child", 5, 0) == RD_KAFKA_RESP_ERR__STATE, "producev");
        EXPECT(rd_kafka_flush(rk, 1000) == RD_KAFKA_RESP_ERR__STATE, "flush");
        rd_kafka_poll(rk, 10);
        rd_kafka_destroy(rk);
}

static void child_ends(void) {
}

/* ThreadSanitizer starts no threads in the child of a process that had several. */
#if !defined(__SANITIZE_THREAD__)
static void child_has_its_own(void) {
        rd_kafka_t *own = writer();
        seen.delivered  = 0;
        EXPECT(gets_through(own, ms(30000)), "%s", seen.reason);
        rd_kafka_destroy(own);
        rd_kafka_destroy(rk);
}
#endif

static void forks(void) {
        int i;
        c = login_cluster(1, "0");
        memset(&seen, 0, sizeof(seen));
        rk = writer();
        CHECK(gets_through(rk, ms(20000)), "%s", seen.reason);
        for (i = 0; i < 6; i++) {
                in_child("calls", child_calls);
                CHECK(gets_through(rk, ms(20000)), "%s", seen.reason);
                in_child("ends", child_ends);
                CHECK(gets_through(rk, ms(20000)), "%s", seen.reason);
#if !defined(__SANITIZE_THREAD__)
                in_child("its own", child_has_its_own);
#endif
        }
        CHECK(gets_through(rk, ms(20000)) && !seen.errors, "%d errors; %s", seen.errors, seen.reason);
        rd_kafka_destroy(rk);
        cluster_end(&c);
}

/* ---- exit() ---- */

static int own_openssl;

/* As an application that has used the system's OpenSSL itself, which then cleans up at exit. */
static void use_openssl(void) {
        void *handle = dlopen("libssl.so.3", RTLD_NOW | RTLD_GLOBAL);
        int (*init)(uint64_t, const void *);
        if (!handle)
                return;
        init = (int (*)(uint64_t, const void *))dlsym(handle, "OPENSSL_init_ssl");
        EXPECT(init && init(0, NULL) == 1, "OPENSSL_init_ssl");
}

static void busy(void) {
        rd_kafka_t *reader;
        int64_t until = now_ms() + 20 + (now_us() % 100);
        if (own_openssl)
                use_openssl();
        rk     = writer();
        reader = reader_of(conf_to(&c, "sasl_ssl", "PLAIN"), "t");
        EXPECT(gets_through(rk, ms(20000)), "%s", seen.reason);
        while (now_ms() < until) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(reader, 0);
                put(rk, "t", "v", 1, 0);
                rd_kafka_poll(rk, 0);
                if (m)
                        rd_kafka_message_destroy(m);
        }
        /* Handshakes, too, are under way. */
        writer();
        writer();
        exit(child_failures ? 1 : WELL);
}

/* The application's own handler comes after OpenSSL's end: the client does nothing more, and ends. */
static void destroys(void) {
        put(rk, "t", "v", 1, 0);
        rd_kafka_poll(rk, 10);
        rd_kafka_destroy(rk);
}

static void destroyed_at_exit(void) {
        atexit(destroys);
        use_openssl();
        rk = writer();
        EXPECT(gets_through(rk, ms(20000)), "%s", seen.reason);
        exit(child_failures ? 1 : WELL);
}

/* And before it: the message goes out. */
static void sends_at_exit(void) {
        seen.delivered = 0;
        if (!gets_through(rk, ms(20000)))
                _exit(1);
        rd_kafka_destroy(rk);
}

static void used_at_exit(void) {
        use_openssl();
        atexit(sends_at_exit);
        rk = writer();
        EXPECT(gets_through(rk, ms(20000)), "%s", seen.reason);
        exit(child_failures ? 1 : WELL);
}

static void handlers_at_exit(void) {
        c = login_cluster(1, "0");
        in_child("after OpenSSL's end", destroyed_at_exit);
        in_child("before OpenSSL's end", used_at_exit);
        cluster_end(&c);
}

/* From a callback that OpenSSL calls: its end need not wait for this thread. */
static int leaves(rd_kafka_t *to, const char *broker, int32_t id, int *error, int depth, const char *der, size_t size, char *errstr,
                  size_t errstr_size, void *opaque) {
        (void)to, (void)broker, (void)id, (void)error, (void)depth, (void)der, (void)size, (void)errstr, (void)errstr_size, (void)opaque;
        exit(WELL);
}

static void leaves_in_callback(void) {
        rd_kafka_conf_t *conf = conf_to(&c, "sasl_ssl", "PLAIN");
        use_openssl();
        rd_kafka_conf_set_ssl_cert_verify_cb(conf, leaves);
        rk = client(RD_KAFKA_PRODUCER, conf);
        rd_kafka_poll(rk, ms(20000));
        EXPECT(0, "the callback was not called");
}

static void exit_from_verify_callback(void) {
        c = login_cluster(1, "0");
        in_child("verify callback", leaves_in_callback);
        cluster_end(&c);
}

static void ends_while_busy(void) {
        int i;
        c = login_cluster(1, "0");
        for (i = 0; i < (t.slow > 1 ? 10 : 60); i++) {
                own_openssl = i % 3 != 0;
                in_child(own_openssl ? "with an OpenSSL that cleans up" : "exit", busy);
        }
        cluster_end(&c);
}

/* ---- signals, descriptors ---- */

static int broken_pipes;
static void on_sigpipe(int sig) {
        (void)sig;
        ADD(broken_pipes);
}

/* The broker is killed while large messages are on their way; another takes its place, on the same port. */
static void no_sigpipe(void) {
        struct sigaction action, before;
        char *big = calloc(1, 500000);
        int i, k;
        memset(&action, 0, sizeof(action));
        action.sa_handler = on_sigpipe;
        sigaction(SIGPIPE, &action, &before);
        for (i = 0; i < 10; i++) {
                rd_kafka_conf_t *conf;
                c    = login_cluster(1, "0");
                conf = conf_to(&c, "sasl_ssl", "PLAIN");
                conf_put(conf, "reconnect.backoff.ms", "1");
                conf_put(conf, "reconnect.backoff.max.ms", "2");
                memset(&seen, 0, sizeof(seen));
                rk = client(RD_KAFKA_PRODUCER, conf);
                gets_through(rk, ms(20000));
                for (k = 0; k < 20; k++)
                        put(rk, "t", big, 500000, 0);
                rd_kafka_poll(rk, i);
                cluster_end(&c);
                rd_kafka_poll(rk, 20);
                rd_kafka_destroy(rk);
        }
        sigaction(SIGPIPE, &before, NULL);
        free(big);
        CHECK(!broken_pipes, "%d times SIGPIPE", broken_pipes);
}

static int inherited(void) {
        DIR *d = opendir("/proc/self/fd");
        struct dirent *e;
        int n = 0;
        while (d && (e = readdir(d))) {
                int fd = atoi(e->d_name), flags;
                if (fd > 2 && fd != dirfd(d) && (flags = fcntl(fd, F_GETFD)) >= 0 && !(flags & FD_CLOEXEC))
                        n++;
        }
        closedir(d);
        return n;
}

static void process_is_as_before(void) {
        struct sigaction actions[65], after;
        sigset_t mask, mask_after;
        int i, fds, threads, inherits;
        memset(&mask, 0, sizeof(mask));
        memset(&mask_after, 0, sizeof(mask_after));
        c = login_cluster(1, "0");
        /* OpenSSL keeps a descriptor for its random numbers from its first use on. */
        rk = writer();
        CHECK(gets_through(rk, ms(20000)), "%s", seen.reason);
        rd_kafka_destroy(rk);
        for (i = 1; i <= 64; i++)
                sigaction(i, NULL, &actions[i]);
        pthread_sigmask(SIG_BLOCK, NULL, &mask);
        threads  = t_threads_down_to(1);
        fds      = t_fds();
        inherits = inherited();
        for (i = 0; i < 5; i++) {
                rk = writer();
                CHECK(gets_through(rk, ms(20000)), "%s", seen.reason);
                CHECK(is_upstream() || inherited() == inherits, "%d descriptors would be inherited", inherited() - inherits);
                rd_kafka_destroy(rk);
        }
        CHECK(t_threads_down_to(threads) == threads, "%d threads more", t_threads() - threads);
        CHECK(t_fds_down_to(fds) == fds, "%d descriptors more", t_fds() - fds);
        pthread_sigmask(SIG_BLOCK, NULL, &mask_after);
        CHECK(!memcmp(&mask, &mask_after, sizeof(mask)), "another mask of signals");
        for (i = 1; i <= 64; i++)
                CHECK(sigaction(i, NULL, &after) || after.sa_handler == actions[i].sa_handler, "signal %d has another handler", i);
        cluster_end(&c);
}

/* ---- at rest ---- */

static long switches_of_all_threads(void) {
        DIR *d = opendir("/proc/self/task");
        struct dirent *e;
        long sum = 0;
        while (d && (e = readdir(d))) {
                char path[300], line[128];
                FILE *f;
                long n;
                snprintf(path, sizeof(path), "/proc/self/task/%s/status", e->d_name);
                if (e->d_name[0] == '.' || atoi(e->d_name) == getpid() || !(f = fopen(path, "re")))
                        continue;
                while (fgets(line, sizeof(line), f))
                        if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1)
                                sum += n;
                fclose(f);
        }
        closedir(d);
        return sum;
}

/* Threads of a client that has nothing to do sleep, whatever it connects by. */
static void nothing_to_do(void) {
        static const char *const protocols[] = {"sasl_plaintext", "sasl_ssl"};
        int i;
        if (t.slow > 1)
                SKIP("the tool has threads of its own");
        for (i = 0; i < 2; i++) {
                long n;
                c  = login_cluster(i, "0");
                rk = client(RD_KAFKA_PRODUCER, conf_to(&c, protocols[i], "SCRAM-SHA-256"));
                CHECK(gets_through(rk, ms(20000)), "%s", seen.reason);
                usleep(200000);
                n = switches_of_all_threads();
                usleep(2000000);
                n = switches_of_all_threads() - n;
                printf("  %s: %ld wake-ups in two seconds\n", protocols[i], n);
                CHECK(is_upstream() || n <= 4, "%s: %ld wake-ups in two seconds", protocols[i], n);
                rd_kafka_destroy(rk);
                cluster_end(&c);
        }
}

/* ---- twice in one process ---- */

#define NAMES(X)                                                                                                       \
        X(rd_kafka_conf_new) X(rd_kafka_conf_set) X(rd_kafka_new) X(rd_kafka_producev) X(rd_kafka_flush) X(rd_kafka_outq_len) X(rd_kafka_destroy)

struct copy {
        void *handle;
#define FUNCTION(name) __typeof__(&name) name;
        NAMES(FUNCTION)
};

static int load(struct copy *copy, const char *path) {
        copy->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!copy->handle) {
                printf("  dlopen: %s\n", dlerror());
                return 0;
        }
#define LOOK_UP(name)                                                                                                  \
        if (!(copy->name = (__typeof__(&name))dlsym(copy->handle, #name)))                                             \
                return 0;
        NAMES(LOOK_UP)
        return 1;
}

static rd_kafka_t *instance(struct copy *copy) {
        const char *const pairs[][2] = {{"bootstrap.servers", c.servers},          {"security.protocol", "sasl_ssl"},
                                        {"ssl.ca.location", in_folder("ca.pem")},  {"sasl.mechanisms", "SCRAM-SHA-256"},
                                        {"sasl.username", "alice"},                {"sasl.password", "secret"}};
        rd_kafka_conf_t *conf        = copy->rd_kafka_conf_new();
        char errstr[512]             = "";
        rd_kafka_t *made;
        size_t i;
        for (i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
                copy->rd_kafka_conf_set(conf, pairs[i][0], pairs[i][1], errstr, sizeof(errstr));
        made = copy->rd_kafka_new(RD_KAFKA_PRODUCER, conf, errstr, sizeof(errstr));
        CHECK(made, "%s", errstr);
        return made;
}

static void send_on(struct copy *copy, rd_kafka_t *to) {
        CHECK_ERR(copy->rd_kafka_producev(to, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END), 0);
        CHECK_ERR(copy->rd_kafka_flush(to, ms(20000)), 0);
        CHECK(!copy->rd_kafka_outq_len(to), "messages are left");
}

/* The file under another name is another library for the loader. */
static int copy_library(char *path, size_t size, int number) {
        char command[8192];
        Dl_info info;
        void *symbol = dlsym(RTLD_DEFAULT, "rd_kafka_version_str");
        snprintf(path, size, "%s/libcopy.so.%d", folder, number);
        if (!symbol || !dladdr(symbol, &info))
                return 0;
        snprintf(command, sizeof(command), "cp -L '%s' '%s'", info.dli_fname, path);
        return !system(command);
}

static void twice_in_a_process(void) {
        struct copy copies[2];
        rd_kafka_t *made[2];
        char path[128];
        int i, round;
        if (getenv("TSAN_OPTIONS") || getenv("ASAN_OPTIONS"))
                SKIP("the runtime of the sanitizer is there once");
        c = login_cluster(1, "0");
        for (round = 0; round < 2; round++) {
                for (i = 0; i < 2; i++) {
                        NEED(copy_library(path, sizeof(path), i + 2 * round) && load(&copies[i], path), "no copy of the library");
                        made[i] = instance(&copies[i]);
                        send_on(&copies[i], made[i]);
                }
                send_on(&copies[0], made[0]);
                copies[0].rd_kafka_destroy(made[0]);
                dlclose(copies[0].handle);
                send_on(&copies[1], made[1]);
                copies[1].rd_kafka_destroy(made[1]);
                dlclose(copies[1].handle);
        }
        /* And the one that this program is linked with. */
        rk = writer();
        CHECK(gets_through(rk, ms(20000)), "%s", seen.reason);
        rd_kafka_destroy(rk);
        cluster_end(&c);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        make_certificates();
        /* First: before the library has any threads. */
        /* librdkafka falls over in its own OpenSSL's clean-up, and a child of its client's uses the client. */
        RUN_HERE(ends_while_busy);
        RUN_HERE(handlers_at_exit);
        RUN_HERE(exit_from_verify_callback);
        RUN(twice_in_a_process);
        RUN(process_is_as_before);
        RUN(nothing_to_do);
        RUN_HERE(forks);
        RUN(no_sigpipe);
        remove_certificates();
        return T_END();
}
