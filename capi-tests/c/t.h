/*
 * A test framework of one header: cases are functions, a program lists them in main().
 *
 *     static void case_name(void) { CHECK(1 + 1 == 2, "sum is %d", 1 + 1); }
 *     int main(int argc, char **argv) { T_START(argc, argv); RUN(case_name); return T_END(); }
 *
 * CHECK notes a failure and goes on, NEED leaves the case. Arguments name the cases to run (all without any).
 * A case that takes longer than its time limit ends the program: a wedged client is a failure, not a wait.
 *
 * Time limits given to ms() are those of a machine with a processor to spare. Each case first measures how far this machine is
 * from that, and its limits are multiplied by it.
 *
 * Environment: T_SLOW multiplies time limits, too (valgrind, sanitizers), T_LIB is "ours" or "upstream",
 * BOOTSTRAP is the address of a Kafka.
 */
#ifndef T_H
#define T_H

#include <errno.h>
#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rdkafka.h"

#define UNUSED __attribute__((unused))

static struct {
        const char *program, *current;
        int argc;
        char **argv;
        int passed, failed, skipped, case_failures;
        int slow; /* By which a tool slows the program down. */
        int load; /* By which whatever else runs on this machine does. */
        char list[4096];
} t;

static UNUSED int64_t now_us(void) {
        struct timespec ts;
        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static UNUSED int64_t now_ms(void) {
        return now_us() / 1000;
}

static UNUSED int t_slowness(void) {
        return t.slow * t.load;
}

/* Milliseconds, stretched when a tool or a busy machine slows the program down. */
static UNUSED int ms(int n) {
        return n * t_slowness();
}

/* The same, as the value of a property; until the next call. */
static UNUSED const char *ms_text(int n) {
        static char text[16];
        snprintf(text, sizeof(text), "%d", ms(n));
        return text;
}

static UNUSED int64_t t_processor_us(void) {
        struct timespec ts;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
        return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* How much longer than its processor time a short computation takes here and now: 1 on a machine with a processor to spare. */
static UNUSED int t_measure_load(void) {
        int64_t start = now_us(), processor = t_processor_us(), used, took;
        do
                used = t_processor_us() - processor;
        while (used < 20000);
        took = now_us() - start;
        used = (took + used * 3 / 4) / used;
        return used < 1 ? 1 : used > 20 ? 20 : (int)used;
}

static UNUSED int is_upstream(void) {
        const char *lib = getenv("T_LIB");
        return lib && !strcmp(lib, "upstream");
}

static UNUSED const char *bootstrap(void) {
        const char *b = getenv("BOOTSTRAP");
        return b && *b ? b : "127.0.0.1:9092";
}

static void t_timeout(int sig) {
        /* Only async-signal-safe calls here. */
        static const char text[] = "\n  FAILED: time limit exceeded in case ";
        ssize_t r = write(2, text, sizeof(text) - 1);
        (void)sig;
        if (t.current)
                r = write(2, t.current, strlen(t.current));
        r = write(2, "\n", 1);
        (void)r;
        if (getenv("T_ABORT"))
                abort();
        _exit(99);
}

static UNUSED void t_limit(int seconds) {
        alarm((unsigned)(seconds * t_slowness()));
}

static void *t_nothing(void *unused) {
        return unused;
}

static UNUSED void T_START(int argc, char **argv) {
        pthread_t thread;
        const char *slash = strrchr(argv[0], '/');
        t.program         = slash ? slash + 1 : argv[0];
        t.argc            = argc;
        t.argv            = argv;
        t.slow            = getenv("T_SLOW") ? atoi(getenv("T_SLOW")) : 1;
        if (t.slow < 1)
                t.slow = 1;
        t.load = t_measure_load();
        /* A sanitizer starts its own thread with the first one: it must not be counted as the library's. */
        if (!pthread_create(&thread, NULL, t_nothing, NULL))
                pthread_join(thread, NULL);
        signal(SIGALRM, t_timeout);
        signal(SIGPIPE, SIG_IGN);
        setvbuf(stdout, NULL, _IOLBF, 0);
}

static UNUSED int t_wanted(const char *name) {
        int i;
        for (i = 1; i < t.argc; i++)
                if (!strcmp(t.argv[i], name))
                        return 1;
        return t.argc < 2;
}

static UNUSED void t_run(const char *name, void (*f)(void)) {
        int64_t start = now_ms();
        int skipped   = t.skipped;
        if (!t_wanted(name))
                return;
        t.current       = name;
        t.case_failures = 0;
        t.load          = t_measure_load();
        t_limit(240);
        f();
        alarm(0);
        if (t.case_failures) {
                t.failed++;
                strncat(t.list, " ", sizeof(t.list) - strlen(t.list) - 1);
                strncat(t.list, name, sizeof(t.list) - strlen(t.list) - 1);
        } else if (t.skipped == skipped)
                t.passed++;
        printf("%s %s.%s (%" PRId64 " ms, limits times %d)\n", t.case_failures ? "not ok" : t.skipped != skipped ? "skipped" : "ok",
               t.program, name, now_ms() - start, t_slowness());
        t.current = NULL;
}
#define RUN(f) t_run(#f, f)

static UNUSED int T_END(void) {
        printf("%s: %d passed, %d failed, %d skipped%s%s\n", t.program, t.passed, t.failed, t.skipped,
               t.failed ? "; failed:" : "", t.list);
        return t.failed ? 1 : 0;
}

static UNUSED __attribute__((format(printf, 4, 5))) void t_fail(const char *file, int line, const char *cond, const char *fmt, ...) {
        va_list ap;
        t.case_failures++;
        printf("  FAILED %s:%d: %s: ", file, line, cond);
        va_start(ap, fmt);
        vprintf(fmt, ap);
        va_end(ap);
        printf("\n");
}

#define CHECK(cond, ...)                                                                                               \
        do {                                                                                                           \
                if (!(cond))                                                                                           \
                        t_fail(__FILE__, __LINE__, #cond, __VA_ARGS__);                                                \
        } while (0)

#define NEED(cond, ...)                                                                                                \
        do {                                                                                                           \
                if (!(cond)) {                                                                                         \
                        t_fail(__FILE__, __LINE__, #cond, __VA_ARGS__);                                                \
                        return;                                                                                        \
                }                                                                                                      \
        } while (0)

#define SKIP(...)                                                                                                      \
        do {                                                                                                           \
                printf("  skipped: ");                                                                                 \
                printf(__VA_ARGS__);                                                                                   \
                printf("\n");                                                                                          \
                t.skipped++;                                                                                           \
                return;                                                                                                \
        } while (0)

/* An error code as expected: shows both names when not. */
#define CHECK_ERR(got, want)                                                                                           \
        do {                                                                                                           \
                rd_kafka_resp_err_t got_ = (got), want_ = (want);                                                      \
                if (got_ != want_)                                                                                     \
                        t_fail(__FILE__, __LINE__, #got, "%s (%s), expected %s", rd_kafka_err2name(got_),              \
                               rd_kafka_err2str(got_), rd_kafka_err2name(want_));                                      \
        } while (0)

/* The same of a function that our library may not have yet (make abi-status lists these): then it must say so. */
#define CHECK_ERR_LATER(got, want)                                                                                     \
        do {                                                                                                           \
                rd_kafka_resp_err_t later_ = (got);                                                                    \
                if (!is_upstream() && later_ == RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED)                                    \
                        printf("  not built yet: %s\n", #got);                                                         \
                else                                                                                                   \
                        CHECK_ERR(later_, want);                                                                       \
        } while (0)

/* A text that must contain another. */
#define CHECK_HAS(text, part)                                                                                          \
        do {                                                                                                           \
                const char *text_ = (text);                                                                            \
                CHECK(text_ && strstr(text_, (part)), "\"%s\" lacks \"%s\"", text_ ? text_ : "(null)", (part));       \
        } while (0)

/* Threads of this process, from the kernel. */
static UNUSED int t_threads(void) {
        DIR *d = opendir("/proc/self/task");
        struct dirent *e;
        int n = 0;
        if (!d)
                return -1;
        while ((e = readdir(d)))
                if (e->d_name[0] != '.')
                        n++;
        closedir(d);
        return n;
}

/* A joined thread leaves /proc a moment after pthread_join() returns. */
static UNUSED int t_threads_down_to(int want) {
        int64_t until = now_ms() + ms(1000);
        int n;
        while ((n = t_threads()) > want && now_ms() < until)
                usleep(1000);
        return n;
}

/* Open file descriptors; always 0 under the thread sanitizer, which opens its own whenever it likes. */
static UNUSED int t_fds(void) {
        DIR *d = getenv("TSAN_OPTIONS") ? NULL : opendir("/proc/self/fd");
        struct dirent *e;
        int n = 0;
        if (!d)
                return 0;
        while ((e = readdir(d)))
                if (e->d_name[0] != '.')
                        n++;
        closedir(d);
        return n - 1;
}

/* As t_threads_down_to: the other end of a connection may close its own a little later. */
static UNUSED int t_fds_down_to(int want) {
        int64_t until = now_ms() + ms(10000);
        while (t_fds() > want && now_ms() < until)
                usleep(1000);
        return t_fds();
}

#endif
