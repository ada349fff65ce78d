/*
 * What belongs to the whole process stays as the application has it: signals, environment, locale, descriptors. This
 * program stands between the library and the C library (its definitions come first) and notes what it calls.
 */
#include <dlfcn.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <locale.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "guest.h"

/* ---- calls of the library that concern everybody ---- */

/* A sanitizer stands in these places itself. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WATCHED 0
#else
#define WATCHED 1
static struct {
        const char *what;
        int cnt;
} noted[64];

static int is_library(void *caller) {
        Dl_info info;
        return dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "librdkafka");
}

static void note(const char *what) {
        int i;
        for (i = 0; i < 64; i++) {
                const char *nobody = NULL;
                if (__atomic_compare_exchange_n(&noted[i].what, &nobody, what, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ||
                    !strcmp(nobody, what)) {
                        __atomic_add_fetch(&noted[i].cnt, 1, __ATOMIC_SEQ_CST);
                        return;
                }
        }
}

#define NOTE_IF(cond, what)                                                                                            \
        do {                                                                                                           \
                if ((cond) && is_library(__builtin_return_address(0)))                                                 \
                        note(what);                                                                                    \
        } while (0)

/* The C library's own. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

char *getenv(const char *name) {
        size_t len = strlen(name);
        char **e;
        NOTE_IF(1, "getenv");
        for (e = environ; e && *e; e++)
                if (!strncmp(*e, name, len) && (*e)[len] == '=')
                        return *e + len + 1;
        return NULL;
}

int setenv(const char *name, const char *value, int over) {
        NOTE_IF(1, "setenv");
        return NEXT(setenv)(name, value, over);
}

int unsetenv(const char *name) {
        NOTE_IF(1, "unsetenv");
        return NEXT(unsetenv)(name);
}

int putenv(char *string) {
        NOTE_IF(1, "putenv");
        return NEXT(putenv)(string);
}

char *setlocale(int category, const char *locale) {
        NOTE_IF(locale != NULL, "setlocale");
        return NEXT(setlocale)(category, locale);
}

locale_t uselocale(locale_t locale) {
        NOTE_IF(locale != NULL, "uselocale");
        return NEXT(uselocale)(locale);
}

mode_t umask(mode_t mask) {
        NOTE_IF(1, "umask");
        return NEXT(umask)(mask);
}

int chdir(const char *path) {
        NOTE_IF(1, "chdir");
        return NEXT(chdir)(path);
}

int sigaction(int sig, const struct sigaction *act, struct sigaction *old) {
        NOTE_IF(act != NULL, "sigaction");
        return NEXT(sigaction)(sig, act, old);
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old) {
        NOTE_IF(1, "sigprocmask");
        return NEXT(sigprocmask)(how, set, old);
}

void srand(unsigned seed) {
        NOTE_IF(1, "srand");
        NEXT(srand)(seed);
}

int rand(void) {
        NOTE_IF(1, "rand");
        return NEXT(rand)();
}

long random(void) {
        NOTE_IF(1, "random");
        return NEXT(random)();
}

/* ---- descriptors that a program started meanwhile would inherit, sends that raise SIGPIPE ---- */

int socket(int domain, int type, int protocol) {
        NOTE_IF(!(type & SOCK_CLOEXEC), "socket without SOCK_CLOEXEC");
        return NEXT(socket)(domain, type, protocol);
}

int accept(int fd, struct sockaddr *addr, socklen_t *len) {
        NOTE_IF(1, "accept without SOCK_CLOEXEC");
        return NEXT(accept)(fd, addr, len);
}

int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags) {
        NOTE_IF(!(flags & SOCK_CLOEXEC), "accept4 without SOCK_CLOEXEC");
        return NEXT(accept4)(fd, addr, len, flags);
}

int epoll_create1(int flags) {
        NOTE_IF(!(flags & EPOLL_CLOEXEC), "epoll_create1 without EPOLL_CLOEXEC");
        return NEXT(epoll_create1)(flags);
}

int eventfd(unsigned value, int flags) {
        NOTE_IF(!(flags & EFD_CLOEXEC), "eventfd without EFD_CLOEXEC");
        return NEXT(eventfd)(value, flags);
}

int pipe(int fds[2]) {
        NOTE_IF(1, "pipe without O_CLOEXEC");
        return NEXT(pipe)(fds);
}

int dup(int fd) {
        NOTE_IF(1, "dup without FD_CLOEXEC");
        return NEXT(dup)(fd);
}

int open64(const char *path, int flags, ...) {
        va_list ap;
        int mode;
        va_start(ap, flags);
        mode = va_arg(ap, int);
        va_end(ap);
        NOTE_IF(!(flags & O_CLOEXEC), "open without O_CLOEXEC");
        return NEXT(open64)(path, flags, mode);
}

static int is_socket(int fd) {
        struct stat st;
        return !fstat(fd, &st) && S_ISSOCK(st.st_mode);
}

ssize_t send(int fd, const void *data, size_t size, int flags) {
        NOTE_IF(!(flags & MSG_NOSIGNAL), "send without MSG_NOSIGNAL");
        return NEXT(send)(fd, data, size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags) {
        NOTE_IF(!(flags & MSG_NOSIGNAL), "sendmsg without MSG_NOSIGNAL");
        return NEXT(sendmsg)(fd, msg, flags);
}

ssize_t write(int fd, const void *data, size_t size) {
        NOTE_IF(is_socket(fd), "write to a socket");
        return NEXT(write)(fd, data, size);
}

ssize_t writev(int fd, const struct iovec *list, int cnt) {
        NOTE_IF(is_socket(fd), "writev to a socket");
        return NEXT(writev)(fd, list, cnt);
}
#endif

/* ---- a life with all that a client does ---- */

static int served;
static char last_stats[1 << 20];

static int stats_cb(rd_kafka_t *rk, char *json, size_t len, void *opaque) {
        (void)rk;
        (void)opaque;
        if (len < sizeof(last_stats))
                strcpy(last_stats, json);
        return 0;
}

static void background_cb(rd_kafka_t *rk, rd_kafka_event_t *event, void *opaque) {
        (void)rk;
        (void)opaque;
        rd_kafka_event_destroy(event);
        __atomic_add_fetch(&served, 1, __ATOMIC_SEQ_CST);
}

/* A producer and a member of a group at work on a mock cluster; `meanwhile` is called when messages have gone both ways. */
static void life(void (*meanwhile)(void)) {
        struct mock m                           = mock_of(2);
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
        rd_kafka_t *sender, *reader;
        rd_kafka_conf_t *conf;
        int64_t until;
        int i, read = 0;
        int fds[2];
        rd_kafka_queue_t *q, *background;
        char servers[256];

        rd_kafka_mock_group_initial_rebalance_delay_ms(m.cluster, 0);
        rd_kafka_mock_topic_create(m.cluster, "guest", 2, 1);
        /* A name to look up, and an address. */
        snprintf(servers, sizeof(servers), "localhost:%s,%s", strchr(m.servers, ':') + 1, m.servers);
        *strchr(servers + 10, ',') = 0;
        servers[strlen(servers)]   = ',';
        conf = conf_of("bootstrap.servers", servers, "statistics.interval.ms", "50", "linger.ms", "0", "compression.codec", "zstd",
                       "retry.backoff.ms", "10", NULL);
        rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
        rd_kafka_conf_set_stats_cb(conf, stats_cb);
        rd_kafka_conf_set_background_event_cb(conf, background_cb);
        sender = client(RD_KAFKA_PRODUCER, conf);
        CHECK(!pipe2(fds, O_CLOEXEC | O_NONBLOCK), "pipe");
        q = rd_kafka_queue_get_main(sender);
        rd_kafka_queue_io_event_enable(q, fds[1], "!", 1);

        reader = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", m.servers, "group.id", "g", "auto.offset.reset", "earliest", NULL));
        rd_kafka_topic_partition_list_add(topics, "^gues[t]", RD_KAFKA_PARTITION_UA);
        CHECK_ERR(rd_kafka_subscribe(reader, topics), 0);
        rd_kafka_topic_partition_list_destroy(topics);

        delivered    = 0;
        *last_stats  = 0;
        for (i = 0, until = now_ms() + ms(60000); (read < 5 || delivered < 5 || !*last_stats) && now_ms() < until; i++) {
                rd_kafka_message_t *msg;
                if (i < 10)
                        CHECK_ERR(rd_kafka_producev(sender, RD_KAFKA_V_TOPIC("guest"), RD_KAFKA_V_VALUE("value", 5), RD_KAFKA_V_END), 0);
                rd_kafka_poll(sender, 10);
                msg = rd_kafka_consumer_poll(reader, 10);
                read += msg && !msg->err;
                if (msg)
                        rd_kafka_message_destroy(msg);
        }
        CHECK(read >= 5 && delivered >= 5 && *last_stats, "%d read, %d delivered", read, delivered);
        if (meanwhile)
                meanwhile();
        background = rd_kafka_queue_get_background(sender);
        rd_kafka_queue_destroy(background);
        rd_kafka_queue_destroy(q);
        CHECK_ERR(rd_kafka_flush(sender, ms(10000)), 0);
        CHECK_ERR(rd_kafka_consumer_close(reader), 0);
        rd_kafka_destroy(reader);
        rd_kafka_destroy(sender);
        mock_end(&m);
        close(fds[0]);
        close(fds[1]);
}

/* ---- what the process has, before and after ---- */

struct state {
        struct sigaction actions[65];
        sigset_t mask;
        stack_t altstack;
        char locale[256], cwd[4096], name[16], environment[65536];
        char **environ_at;
        locale_t thread_locale;
        mode_t mask_of_files;
        struct rlimit limits[RLIM_NLIMITS];
        int dumpable, death_signal, priority, subreaper;
        long slack;
        int threads, fds;
};

static void look(struct state *s) {
        size_t len = 0;
        char **e;
        int i;
        memset(s, 0, sizeof(*s));
        for (i = 1; i <= 64; i++)
                sigaction(i, NULL, &s->actions[i]);
        pthread_sigmask(SIG_BLOCK, NULL, &s->mask);
        sigaltstack(NULL, &s->altstack);
        snprintf(s->locale, sizeof(s->locale), "%s", setlocale(LC_ALL, NULL));
        if (!getcwd(s->cwd, sizeof(s->cwd)))
                exit(1);
        pthread_getname_np(pthread_self(), s->name, sizeof(s->name));
        for (e = environ; *e && len + strlen(*e) < sizeof(s->environment) - 1; e++)
                len += (size_t)sprintf(s->environment + len, "%s\n", *e);
        s->environ_at    = environ;
        s->thread_locale = uselocale((locale_t)0);
        s->mask_of_files = umask(022);
        umask(s->mask_of_files);
        for (i = 0; i < RLIM_NLIMITS; i++)
                getrlimit((__rlimit_resource_t)i, &s->limits[i]);
        s->dumpable = prctl(PR_GET_DUMPABLE);
        prctl(PR_GET_PDEATHSIG, &s->death_signal);
        prctl(PR_GET_CHILD_SUBREAPER, &s->subreaper);
        s->slack    = prctl(PR_GET_TIMERSLACK);
        s->priority = getpriority(PRIO_PROCESS, 0);
        s->threads  = t_threads_down_to(1);
        s->fds      = t_fds();
}

static void process_is_as_before(void) {
        static struct state before, after;
        int i;
        pthread_setname_np(pthread_self(), "mine");
        umask(0137);
        look(&before);
        life(NULL);
        look(&after);
        for (i = 1; i <= 64; i++) {
                struct sigaction *b = &before.actions[i], *a = &after.actions[i];
                CHECK(a->sa_handler == b->sa_handler && a->sa_flags == b->sa_flags, "signal %d has another handler", i);
        }
        memset(before.actions, 0, sizeof(before.actions));
        memset(after.actions, 0, sizeof(after.actions));
        CHECK(after.threads == before.threads, "%d threads", after.threads);
        CHECK(after.fds == before.fds, "%d descriptors, %d before", after.fds, before.fds);
        CHECK(!strcmp(before.name, after.name), "thread's name %s", after.name);
        CHECK(!strcmp(before.environment, after.environment) && before.environ_at == after.environ_at, "environment");
        CHECK(!memcmp(&before, &after, sizeof(before)), "something is another than before");
        umask(022);
}

/* The first in this process: some are made once. */
static void calls_for_everybody(void) {
#if WATCHED
        int i;
        memset(noted, 0, sizeof(noted));
        life(NULL);
        for (i = 0; i < 64 && noted[i].what; i++)
                if (is_upstream())
                        printf("  %s: %d\n", noted[i].what, noted[i].cnt);
                else
                        CHECK(0, "%s: %d times", noted[i].what, noted[i].cnt);
#else
        SKIP("not with a sanitizer");
#endif
}

/* ---- a child sees none of the library's descriptors ---- */

static int inherited;
static void start_a_program(void) {
        DIR *d = opendir("/proc/self/fd");
        struct dirent *e;
        inherited = 0;
        while (d && (e = readdir(d))) {
                int fd = atoi(e->d_name), flags;
                if (fd <= 2 || fd == dirfd(d) || (flags = fcntl(fd, F_GETFD)) < 0 || flags & FD_CLOEXEC)
                        continue;
                inherited++;
        }
        closedir(d);
}

static void no_descriptor_is_inherited(void) {
        int before;
        start_a_program();
        before = inherited;
        life(start_a_program);
        CHECK(inherited == before || is_upstream(), "%d descriptors would be inherited", inherited - before);
}

/* ---- SIGPIPE ---- */

static int broken_pipes;
static void on_sigpipe(int sig) {
        (void)sig;
        __atomic_add_fetch(&broken_pipes, 1, __ATOMIC_SEQ_CST);
}

static void *drops_connections(void *listener) {
        struct linger rst = {1, 0};
        char some[1000];
        int fd;
        while ((fd = accept4(*(int *)listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
                ssize_t n = recv(fd, some, sizeof(some), 0);
                (void)n;
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &rst, sizeof(rst));
                close(fd);
        }
        return NULL;
}

static void no_sigpipe(void) {
        struct sigaction action, before;
        char *big = calloc(1, 500000);
        struct mock m = mock_of(1);
        rd_kafka_t *rk;
        pthread_t thread;
        int i, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in a;
        socklen_t len = sizeof(a);
        char servers[64];
        memset(&action, 0, sizeof(action));
        action.sa_handler = on_sigpipe;
        sigaction(SIGPIPE, &action, &before);
        memset(&a, 0, sizeof(a));
        a.sin_family      = AF_INET;
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        NEED(!bind(listener, (struct sockaddr *)&a, len) && !listen(listener, 64) && !getsockname(listener, (struct sockaddr *)&a, &len), "listen");
        pthread_create(&thread, NULL, drops_connections, &listener);
        snprintf(servers, sizeof(servers), "127.0.0.1:%d", ntohs(a.sin_port));
        rk = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", servers, "reconnect.backoff.ms", "1", "reconnect.backoff.max.ms", "2", NULL));
        usleep(300000);
        rd_kafka_destroy(rk);

        rk = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", m.servers, "linger.ms", "0", "retry.backoff.ms", "1", "reconnect.backoff.ms",
                                               "1", "reconnect.backoff.max.ms", "2", NULL));
        for (i = 0; i < 60; i++) {
                rd_kafka_mock_broker_set_up(m.cluster, 1);
                rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("guest"), RD_KAFKA_V_VALUE(big, 500000), RD_KAFKA_V_END);
                rd_kafka_poll(rk, 5);
                rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("guest"), RD_KAFKA_V_VALUE(big, 500000), RD_KAFKA_V_END);
                rd_kafka_mock_broker_set_down(m.cluster, 1);
                rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("guest"), RD_KAFKA_V_VALUE(big, 50), RD_KAFKA_V_END);
        }
        rd_kafka_destroy(rk);
        mock_end(&m);
        shutdown(listener, SHUT_RDWR);
        pthread_join(thread, NULL);
        close(listener);
        sigaction(SIGPIPE, &before, NULL);
        free(big);
        CHECK(!broken_pipes, "%d times SIGPIPE", broken_pipes);
}

/* ---- a decimal comma ---- */

static const char *locale_with_comma(void) {
        static char dir[] = "/tmp/guest.XXXXXX";
        char command[256];
        if (!mkdtemp(dir))
                return NULL;
        snprintf(command, sizeof(command), "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1", dir);
        if (system(command))
                printf("  localedef ended with an error\n");
        setenv("LOCPATH", dir, 1);
        return setlocale(LC_ALL, "de_DE.UTF-8");
}

static void decimal_comma(void) {
        char number[32], value[64];
        size_t size = sizeof(value);
        rd_kafka_conf_t *conf;
        const char *at;
        int digits = 0;
        if (!locale_with_comma())
                SKIP("no locale with a decimal comma");
        snprintf(number, sizeof(number), "%.1f", 1.5);
        CHECK(!strcmp(number, "1,5"), "%s", number);
        life(NULL);
        /* No number in the statistics has a comma inside: between digits there is none, but in arrays, which there are not. */
        for (at = last_stats; *at; at++)
                digits += at[0] == ',' && at > last_stats && at[-1] >= '0' && at[-1] <= '9' && at[1] >= '0' && at[1] <= '9';
        CHECK(!digits, "%d numbers with a comma", digits);
        conf = conf_of("linger.ms", "2.5", NULL);
        CHECK(rd_kafka_conf_get(conf, "linger.ms", value, &size) == RD_KAFKA_CONF_OK, "linger.ms");
        /* librdkafka reads the number as the locale has it. */
        CHECK(!strcmp(value, is_upstream() ? "2" : "2.5"), "%s", value);
        rd_kafka_conf_destroy(conf);
        CHECK_HAS(setlocale(LC_ALL, NULL), "de_DE");
        setlocale(LC_ALL, "C");
        snprintf(value, sizeof(value), "rm -rf %s", getenv("LOCPATH"));
        CHECK(!system(value), "%s", value);
        unsetenv("LOCPATH");
}

/* ---- standard descriptors that were closed before the start ---- */

static int report_fd;

/* How many of the standard descriptors are open and not a pipe of this program's own. The last one's name is left in `target`. */
static int taken_standard_fds(char *target, size_t size) {
        int fd, n = 0;
        for (fd = 0; fd <= 2; fd++) {
                char path[64];
                ssize_t length;
                snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
                length = readlink(path, target, size - 1);
                if (length < 0)
                        continue;
                target[length] = 0;
                n += strncmp(target, "pipe:", 5) != 0;
        }
        return n;
}

/* getaddrinfo(3) opens sockets of its own for the time of a look-up, which a name server that does not answer makes 20 s: what is
 * kept is still there later. */
static void check_standard_fds(void) {
        char target[256];
        int64_t until = now_ms() + ms(60000);
        int taken;
        while ((taken = taken_standard_fds(target, sizeof(target))) && now_ms() < until)
                usleep(5000);
        if (taken)
                dprintf(report_fd, "  %d standard descriptors are in use, one by %s\n", taken, target);
        child_failures += taken;
}

static void without_standard_fds(void) {
        report_fd = fcntl(1, F_DUPFD, 50);
        close(0);
        close(1);
        close(2);
        life(check_standard_fds);
        if (t.case_failures)
                child_failures++;
        t.case_failures = 0;
}

static void closed_standard_descriptors(void) {
        if (is_upstream())
                SKIP("librdkafka takes them for its sockets");
        in_child("closed 0, 1 and 2", without_standard_fds);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(closed_standard_descriptors);
        RUN(calls_for_everybody);
        RUN(process_is_as_before);
        RUN(no_descriptor_is_inherited);
        RUN(no_sigpipe);
        RUN(decimal_comma);
        return T_END();
}
