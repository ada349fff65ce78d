/*
 * The library as a plugin of a process that knows nothing of it: loaded and unloaded, twice in one process, beside
 * librdkafka, in its place by LD_PRELOAD. T_UPSTREAM is librdkafka's folder.
 * upstream
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "client.h"
#include "rdkafka_mock.h"

/* One copy of a library: what a plugin would look up. */
struct copy {
        void *handle;
#define NAMES(X)                                                                                                       \
        X(rd_kafka_conf_new) X(rd_kafka_conf_set) X(rd_kafka_conf_set_dr_msg_cb) X(rd_kafka_new) X(rd_kafka_destroy)   \
        X(rd_kafka_producev) X(rd_kafka_flush) X(rd_kafka_version_str) X(rd_kafka_mock_cluster_new) X(rd_kafka_poll)   \
        X(rd_kafka_mock_cluster_destroy) X(rd_kafka_mock_cluster_bootstraps) X(rd_kafka_thread_cnt)                    \
        X(rd_kafka_conf_set_opaque) X(rd_kafka_last_error) X(rd_kafka_error_new) X(rd_kafka_error_string)              \
        X(rd_kafka_error_destroy) X(rd_kafka_err2str)
#define FIELD(name) __typeof__(&name) name;
        NAMES(FIELD)
};

static int lookup(struct copy *c, const char *path, int flags) {
        memset(c, 0, sizeof(*c));
        c->handle = dlopen(path, flags);
        if (!c->handle) {
                printf("  dlopen: %s\n", dlerror());
                return 0;
        }
#define LOOK_UP(name)                                                                                                  \
        if (!(c->name = (__typeof__(&name))dlsym(c->handle, #name)))                                                   \
                return 0;
        NAMES(LOOK_UP)
        return 1;
}

/* Where the library is that this program is linked to. */
static const char *library(void) {
        static char path[4096];
        Dl_info info;
        void *symbol = dlsym(RTLD_DEFAULT, "rd_kafka_version_str");
        if (!symbol || !dladdr(symbol, &info) || !realpath(info.dli_fname, path))
                return NULL;
        return path;
}

/* The file under another name, in a folder of its own: for the loader it is another library. */
static const char *copied(const char *from, const char *name) {
        static char path[4][4096];
        static int next;
        char dir[] = "/tmp/guest_load.XXXXXX", buffer[65536], *to = path[next++ % 4];
        int in, out;
        ssize_t n;
        if (!mkdtemp(dir))
                exit(1);
        snprintf(to, sizeof(path[0]), "%s/%s", dir, name);
        in  = open(from, O_RDONLY);
        out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
        while ((n = read(in, buffer, sizeof(buffer))) > 0)
                if (write(out, buffer, (size_t)n) != n)
                        exit(1);
        close(in);
        close(out);
        return to;
}

static void remove_copy(const char *path) {
        char dir[4096];
        snprintf(dir, sizeof(dir), "%s", path);
        unlink(path);
        *strrchr(dir, '/') = 0;
        rmdir(dir);
}

static void count_delivered(rd_kafka_t *rk, const rd_kafka_message_t *msg, void *opaque) {
        (void)rk;
        if (!msg->err)
                ++*(int *)opaque;
}

static rd_kafka_t *instance(const struct copy *c, const char *servers, int *cnt) {
        rd_kafka_conf_t *conf = c->rd_kafka_conf_new();
        char errstr[256];
        rd_kafka_t *rk;
        if (servers)
                c->rd_kafka_conf_set(conf, "bootstrap.servers", servers, errstr, sizeof(errstr));
        c->rd_kafka_conf_set(conf, "log_level", "2", errstr, sizeof(errstr));
        c->rd_kafka_conf_set_dr_msg_cb(conf, count_delivered);
        c->rd_kafka_conf_set_opaque(conf, cnt);
        rk = c->rd_kafka_new(RD_KAFKA_PRODUCER, conf, errstr, sizeof(errstr));
        CHECK(rk != NULL, "%s", errstr);
        return rk;
}

/* A mock cluster of one copy. */
struct cluster {
        rd_kafka_t *rk;
        rd_kafka_mock_cluster_t *mock;
        const char *servers;
};

static struct cluster cluster_of(const struct copy *c) {
        struct cluster k;
        k.rk      = instance(c, NULL, NULL);
        k.mock    = c->rd_kafka_mock_cluster_new(k.rk, 1);
        k.servers = c->rd_kafka_mock_cluster_bootstraps(k.mock);
        return k;
}

static void cluster_end(const struct copy *c, struct cluster *k) {
        c->rd_kafka_mock_cluster_destroy(k->mock);
        c->rd_kafka_destroy(k->rk);
}

static int sends(const struct copy *c, rd_kafka_t *rk, int *cnt, int wanted) {
        int i;
        *cnt = 0;
        for (i = 0; i < wanted; i++)
                CHECK_ERR(c->rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("guest"), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END), 0);
        CHECK_ERR(c->rd_kafka_flush(rk, ms(15000)), 0);
        return *cnt == wanted;
}

static void whole_life(const struct copy *c) {
        int cnt          = 0;
        struct cluster k = cluster_of(c);
        rd_kafka_t *rk   = instance(c, k.servers, &cnt);
        CHECK(sends(c, rk, &cnt, 10), "%d delivered", cnt);
        c->rd_kafka_destroy(rk);
        cluster_end(c, &k);
}

/* Lines of the memory map that name the file, or all lines without one. */
static int mappings(const char *path) {
        char line[8192];
        int n   = 0;
        FILE *f = fopen("/proc/self/maps", "r");
        while (f && fgets(line, sizeof(line), f))
                n += !path || strstr(line, path) != NULL;
        if (f)
                fclose(f);
        return n;
}

static void *thread_of_life(void *c) {
        whole_life(c);
        return NULL;
}

static pthread_barrier_t used, unloaded;
static void *thread_that_stays(void *c) {
        whole_life(c);
        CHECK(strstr(((struct copy *)c)->rd_kafka_err2str((rd_kafka_resp_err_t)-12345), "12345") != NULL, "text");
        pthread_barrier_wait(&used);
        /* The library is gone, as far as its user knows; this thread's end comes after. */
        pthread_barrier_wait(&unloaded);
        return NULL;
}

static void load_and_unload(void) {
        const char *path = copied(library(), "libguest.so.9");
        int i, threads = t_threads(), fds = t_fds(), maps = 0, all = 0;
        struct copy c;
        for (i = 0; i < 20; i++) {
                pthread_t thread;
                NEED(lookup(&c, path, RTLD_NOW | RTLD_LOCAL), "no library");
                if (i % 2)
                        whole_life(&c);
                else if (!pthread_create(&thread, NULL, thread_of_life, &c))
                        pthread_join(thread, NULL);
                CHECK(!dlclose(c.handle), "%s", dlerror());
                CHECK(t_threads_down_to(threads) == threads, "%d threads left", t_threads() - threads);
                CHECK(t_fds() == fds, "%d descriptors left", t_fds() - fds);
                if (i == 4)
                        maps = mappings(path), all = mappings(NULL);
        }
        CHECK(mappings(path) == maps, "%d mappings of the file, %d before", mappings(path), maps);
        /* The allocator's own come and go. */
        CHECK(mappings(NULL) <= all + 8, "%d mappings, %d before", mappings(NULL), all);
        printf("  %s after dlclose\n", maps ? "stays" : "is gone");
        remove_copy(path);
}

static void thread_ends_after_unloading(void) {
        const char *path = copied(library(), "libguest.so.8");
        struct copy c;
        pthread_t threads[4];
        int i;
        NEED(lookup(&c, path, RTLD_NOW | RTLD_LOCAL), "no library");
        pthread_barrier_init(&used, NULL, 5);
        pthread_barrier_init(&unloaded, NULL, 5);
        for (i = 0; i < 4; i++)
                pthread_create(&threads[i], NULL, thread_that_stays, &c);
        pthread_barrier_wait(&used);
        CHECK(!dlclose(c.handle), "%s", dlerror());
        /* Whatever else is unloaded makes the loader look for what nobody needs any more. */
        dlclose(dlopen("libm.so.6", RTLD_NOW));
        pthread_barrier_wait(&unloaded);
        for (i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
        dlclose(dlopen("libm.so.6", RTLD_NOW));
        remove_copy(path);
}

static void *makes_and_destroys(void *c) {
        static int n;
        int cnt;
        struct copy *copy = c;
        copy->rd_kafka_destroy(instance(copy, n++ % 50 ? "localhost:1" : "no-such-host.invalid:1", &cnt));
        return NULL;
}

/* A look-up of a name may outlast its client: its thread needs code to come back to. The thread that unloads never used the
 * library, so that nothing of its keeps it. */
static void unload_while_resolving(void) {
        const char *path = copied(library(), "libguest.so.7");
        /* More often than a process has keys for thread-specific data. */
        int i, before = t_threads(), times = t.slow > 1 ? 100 : PTHREAD_KEYS_MAX + 100;
        int64_t until;
        for (i = 0; i < times; i++) {
                struct copy c;
                pthread_t thread;
                NEED(lookup(&c, path, RTLD_NOW | RTLD_LOCAL), "no library");
                pthread_create(&thread, NULL, makes_and_destroys, &c);
                pthread_join(thread, NULL);
                dlclose(c.handle);
        }
        /* The system's resolver cannot be interrupted. */
        for (until = now_ms() + ms(40000); t_threads() > before && now_ms() < until;)
                usleep(1000);
        CHECK(t_threads() <= before, "%d threads left", t_threads() - before);
        printf("  %s after dlclose\n", mappings(path) ? "stays" : "is gone");
        remove_copy(path);
}

static void side_by_side(const char *first, int first_flags, const char *second, int second_flags) {
        struct copy a, b;
        struct cluster ka, kb;
        rd_kafka_t *ra, *rb;
        rd_kafka_error_t *error;
        int na, nb;
        NEED(lookup(&a, first, RTLD_NOW | first_flags), "no library");
        NEED(lookup(&b, second, RTLD_NOW | second_flags), "no library");
        CHECK(a.rd_kafka_new != b.rd_kafka_new, "the loader took them for one");
        ka = cluster_of(&a);
        kb = cluster_of(&b);
        /* librdkafka's mock cluster answers Metadata with a byte too many for others: each has its own. */
        ra = instance(&a, ka.servers, &na);
        rb = instance(&b, kb.servers, &nb);
        CHECK(sends(&a, ra, &na, 100), "%d delivered", na);
        CHECK(sends(&b, rb, &nb, 100), "%d delivered", nb);
        error = b.rd_kafka_error_new(RD_KAFKA_RESP_ERR__FAIL, "%s %d", "text", 7);
        CHECK(!strcmp(b.rd_kafka_error_string(error), "text 7"), "%s", b.rd_kafka_error_string(error));
        b.rd_kafka_error_destroy(error);
        a.rd_kafka_destroy(ra);
        CHECK(sends(&b, rb, &nb, 100), "%d delivered after the other has ended", nb);
        cluster_end(&a, &ka);
        CHECK(a.rd_kafka_thread_cnt() == 0 && b.rd_kafka_thread_cnt() > 0, "%d threads", b.rd_kafka_thread_cnt());
        b.rd_kafka_destroy(rb);
        cluster_end(&b, &kb);
        CHECK(b.rd_kafka_thread_cnt() == 0, "%d threads", b.rd_kafka_thread_cnt());
        dlclose(a.handle);
        dlclose(b.handle);
}

static void two_copies(void) {
        const char *a = copied(library(), "libguest.so.1"), *b = copied(library(), "libguest.so.2");
        side_by_side(a, RTLD_LOCAL, b, RTLD_LOCAL);
        side_by_side(b, RTLD_GLOBAL, a, RTLD_LOCAL);
        remove_copy(a);
        remove_copy(b);
}

static const char *upstream(void) {
        static char path[4096];
        const char *dir = getenv("T_UPSTREAM");
        if (!dir || !*dir)
                return NULL;
        snprintf(path, sizeof(path), "%s/librdkafka.so.1", dir);
        return access(path, R_OK) ? NULL : path;
}

/* This program again, as one that was linked with librdkafka. */
static void linked_with_librdkafka(const char *preload, const char *a, const char *b) {
        int status;
        pid_t pid;
        fflush(stdout);
        pid = fork();
        if (!pid) {
                setenv("T_OURS", library(), 1);
                setenv("LD_LIBRARY_PATH", getenv("T_UPSTREAM"), 1);
                if (preload)
                        setenv("LD_PRELOAD", preload, 1);
                execl("/proc/self/exe", t.program, a, b, (char *)NULL);
                _exit(1);
        }
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        CHECK(WIFEXITED(status) && !WEXITSTATUS(status), "status %x", status);
}

static int has_librdkafka(void) {
        const char *preload = getenv("LD_PRELOAD");
        /* Not under valgrind or a sanitizer, which do not go along with what is begun anew, or want to be the first library. */
        return !is_upstream() && upstream() && !getenv("ASAN_OPTIONS") && !getenv("TSAN_OPTIONS") && !(preload && *preload);
}

/* Whichever of them has the names that the whole process sees. */
static void both(const char *ours, int deep) {
        const char *theirs = copied(upstream(), "libguest.so.4");
        ours               = copied(ours, "libguest.so.3");
        side_by_side(ours, RTLD_LOCAL, theirs, RTLD_LOCAL | deep);
        side_by_side(theirs, RTLD_LOCAL | deep, ours, RTLD_LOCAL);
        side_by_side(ours, RTLD_GLOBAL, theirs, RTLD_LOCAL | deep);
        side_by_side(theirs, RTLD_GLOBAL | deep, ours, RTLD_LOCAL);
        remove_copy(theirs);
        remove_copy(ours);
}

static void second_beside_librdkafka(void) {
        if (!getenv("T_OURS"))
                SKIP("for the case beside_librdkafka");
        both(getenv("T_OURS"), 0);
}

static void beside_librdkafka(void) {
        if (!has_librdkafka())
                SKIP("no librdkafka at hand");
        /* Its calls within itself go by way of the names, so that it needs to be told to take its own. */
        both(library(), RTLD_DEEPBIND);
        linked_with_librdkafka(NULL, "second_beside_librdkafka", "two_copies");
}

static void names_are_the_preloaded_ones(void) {
        const char *preload = getenv("T_OURS") ? getenv("LD_PRELOAD") : NULL;
        Dl_info info;
        if (!preload)
                SKIP("for the case preloaded");
        NEED(dladdr(dlsym(RTLD_DEFAULT, "rd_kafka_new"), &info), "no rd_kafka_new");
        CHECK(!strcmp(info.dli_fname, preload), "%s", info.dli_fname);
        NEED(dladdr(dlsym(RTLD_DEFAULT, "rd_kafka_mock_cluster_new"), &info), "no rd_kafka_mock_cluster_new");
        CHECK(!strcmp(info.dli_fname, preload), "%s", info.dli_fname);
}

static void preloaded(void) {
        if (!has_librdkafka())
                SKIP("no librdkafka at hand");
        linked_with_librdkafka(library(), "names_are_the_preloaded_ones", "load_and_unload");
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        /* The standard library in each copy is not instrumented: what it hands over looks like races. */
        if (getenv("TSAN_OPTIONS"))
                return T_END();
        RUN(names_are_the_preloaded_ones);
        RUN(second_beside_librdkafka);
        RUN(load_and_unload);
        RUN(thread_ends_after_unloading);
        RUN(unload_while_resolving);
        RUN(two_copies);
        RUN(beside_librdkafka);
        RUN(preloaded);
        return T_END();
}
