/* Where the simple consumer keeps its offsets: in a file or with the group, and when. */
#include <fcntl.h>
#include <sys/stat.h>

#include "client.h"

static int fs_errors, opened;

static void error_cb(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
        (void)rk;
        (void)opaque;
        if (err == RD_KAFKA_RESP_ERR__FS) {
                fs_errors++;
                CHECK_HAS(reason, "offset in /tmp/t-offsets-");
        }
}

static int open_cb(const char *path, int flags, mode_t mode, void *opaque) {
        (void)opaque;
        opened++;
        return open(path, flags, mode);
}

/* Consumes `want` messages from the stored offset (or another) and stops; returns the first one's offset, -1 without any. */
static int64_t run(const char *group, const char *topic, int64_t start, int want, int wait_ms, const char *name, ...) {
        rd_kafka_conf_t *conf        = conf_of("bootstrap.servers", bootstrap(), "enable.auto.commit", "false", NULL);
        rd_kafka_topic_conf_t *tconf = rd_kafka_topic_conf_new();
        rd_kafka_topic_t *rkt;
        rd_kafka_t *rk;
        int64_t first = -1, until = now_ms() + ms(60000);
        char errstr[256];
        va_list ap;
        int n = 0;
        if (group)
                conf_put(conf, "group.id", group);
        rd_kafka_conf_set_error_cb(conf, error_cb);
        rd_kafka_conf_set_open_cb(conf, open_cb);
        va_start(ap, name);
        for (; name; name = va_arg(ap, const char *))
                CHECK(rd_kafka_topic_conf_set(tconf, name, va_arg(ap, const char *), errstr, sizeof(errstr)) == RD_KAFKA_CONF_OK, "%s", errstr);
        va_end(ap);
        CHECK(rd_kafka_topic_conf_set(tconf, "auto.offset.reset", "earliest", errstr, sizeof(errstr)) == RD_KAFKA_CONF_OK, "%s", errstr);
        rk  = client(RD_KAFKA_CONSUMER, conf);
        rkt = rd_kafka_topic_new(rk, topic, tconf);
        CHECK(rd_kafka_consume_start(rkt, 0, start) == 0, "start: %s", rd_kafka_err2str(rd_kafka_last_error()));
        while (n < want && now_ms() < until) {
                rd_kafka_message_t *m = rd_kafka_consume(rkt, 0, 100);
                if (!m)
                        continue;
                if (!m->err && first < 0)
                        first = m->offset;
                n += !m->err;
                rd_kafka_message_destroy(m);
        }
        CHECK(n == want, "%d of %d messages", n, want);
        /* What is committed meanwhile is in the file before the partition stops. */
        if (wait_ms > 0)
                rd_kafka_poll(rk, wait_ms);
        if (wait_ms < 0)
                while (!fs_errors && now_ms() < until)
                        rd_kafka_poll(rk, 50);
        CHECK(rd_kafka_consume_stop(rkt, 0) == 0, "stop");
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 5000);
        return first;
}

static const char *content(const char *path) {
        static char text[64];
        FILE *f = fopen(path, "r");
        size_t n;
        if (!f)
                return "(none)";
        n = fread(text, 1, sizeof(text) - 1, f);
        fclose(f);
        text[n] = '\0';
        return text;
}

static void write_file(const char *path, const char *text) {
        FILE *f = fopen(path, "w");
        CHECK(f, "%s", strerror(errno));
        if (f) {
                fputs(text, f);
                fclose(f);
        }
}

static char dir[64], path[512];

static void make_dir(void) {
        snprintf(dir, sizeof(dir), "/tmp/t-offsets-XXXXXX");
        CHECK(mkdtemp(dir), "%s", strerror(errno));
}

static void remove_dir(void) {
        char command[128];
        snprintf(command, sizeof(command), "rm -r %s", dir);
        CHECK(system(command) == 0, "rm");
}

#define FILE_STORE "offset.store.method", "file", "offset.store.path"

/* A directory: each partition has a file, named after topic, partition and group. */
static void directory(void) {
        const char *topic = fresh_topic("dir", 1);
        make_dir();
        CHECK(seed(topic, 0, 10, 0) == 10, "seed");
        opened = 0;
        CHECK(run(NULL, topic, RD_KAFKA_OFFSET_STORED, 4, 0, FILE_STORE, dir, NULL) == 0, "not from the start");
        CHECK(opened >= 1, "open_cb");
        snprintf(path, sizeof(path), "%s/%s-0.offset", dir, topic);
        CHECK(!strcmp(content(path), "4\n"), "%s: %s", path, content(path));
        CHECK(run(NULL, topic, RD_KAFKA_OFFSET_STORED, 3, 0, FILE_STORE, dir, NULL) == 4, "does not go on");
        CHECK(!strcmp(content(path), "7\n"), "%s", content(path));
        /* Of a group: another file, and separators are escaped. */
        CHECK(run("a/b:c", topic, RD_KAFKA_OFFSET_STORED, 10, 0, FILE_STORE, dir, NULL) == 0, "not from the start");
        snprintf(path, sizeof(path), "%s/%s-0-a%%2Fb%%3Ac.offset", dir, topic);
        CHECK(!strcmp(content(path), "10\n"), "%s: %s", path, content(path));
        remove_dir();
}

/* One file; a shorter number leaves nothing of a longer one; what is no number is told, and the reset policy says. */
static void contents(void) {
        const char *topic = fresh_topic("file", 1);
        make_dir();
        snprintf(path, sizeof(path), "%s/offset", dir);
        CHECK(seed(topic, 0, 12, 0) == 12, "seed");
        fs_errors = 0;
        write_file(path, "  9 and more\n");
        CHECK(run(NULL, topic, RD_KAFKA_OFFSET_STORED, 2, 0, FILE_STORE, path, NULL) == 9, "offset in the file");
        CHECK(!strcmp(content(path), "11\n"), "%s", content(path));
        CHECK(fs_errors == 0, "%d", fs_errors);
        write_file(path, "nonsense\n");
        CHECK(run(NULL, topic, RD_KAFKA_OFFSET_STORED, 1, -1, FILE_STORE, path, NULL) == 0, "not from the start");
        CHECK(fs_errors == 1, "%d", fs_errors);
        CHECK(!strcmp(content(path), "1\n"), "%s", content(path));
        /* Elsewhere than at the stored offset nothing is kept. */
        CHECK(run(NULL, topic, 5, 3, 0, FILE_STORE, path, NULL) == 5, "offset");
        CHECK(!strcmp(content(path), "1\n"), "%s", content(path));
        remove_dir();
}

/* The topic's commit interval, and syncing. */
static void interval(void) {
        const char *syncs[] = {"-1", "0", "50"}, *topic = fresh_topic("interval", 1);
        size_t i;
        make_dir();
        CHECK(seed(topic, 0, 10, 0) == 10, "seed");
        for (i = 0; i < 3; i++) {
                rd_kafka_conf_t *conf        = conf_of("bootstrap.servers", bootstrap(), NULL);
                rd_kafka_topic_conf_t *tconf = rd_kafka_topic_conf_new();
                rd_kafka_t *rk;
                rd_kafka_topic_t *rkt;
                rd_kafka_message_t *m = NULL;
                int64_t until         = now_ms() + ms(60000);
                char e[256];
                snprintf(path, sizeof(path), "%s/offset-%s", dir, syncs[i]);
                rd_kafka_topic_conf_set(tconf, "offset.store.method", "file", e, sizeof(e));
                rd_kafka_topic_conf_set(tconf, "offset.store.path", path, e, sizeof(e));
                rd_kafka_topic_conf_set(tconf, "offset.store.sync.interval.ms", syncs[i], e, sizeof(e));
                rd_kafka_topic_conf_set(tconf, "auto.commit.interval.ms", "50", e, sizeof(e));
                rd_kafka_topic_conf_set(tconf, "auto.offset.reset", "earliest", e, sizeof(e));
                rk  = client(RD_KAFKA_CONSUMER, conf);
                rkt = rd_kafka_topic_new(rk, topic, tconf);
                CHECK(rd_kafka_consume_start(rkt, 0, RD_KAFKA_OFFSET_STORED) == 0, "start");
                while (!m && now_ms() < until)
                        m = rd_kafka_consume(rkt, 0, 100);
                NEED(m && !m->err, "no message");
                rd_kafka_message_destroy(m);
                while (strcmp(content(path), "1\n") && now_ms() < until)
                        usleep(10000);
                CHECK(!strcmp(content(path), "1\n"), "sync %s: %s", syncs[i], content(path));
                CHECK(rd_kafka_consume_stop(rkt, 0) == 0, "stop");
                rd_kafka_topic_destroy(rkt);
                DESTROY(rk, 5000);
        }
        remove_dir();
}

static int64_t committed(const char *group, const char *topic) {
        rd_kafka_t *rk                     = consumer("group.id", group, NULL);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        int64_t offset;
        rd_kafka_topic_partition_list_add(l, topic, 0);
        CHECK_ERR(rd_kafka_committed(rk, l, ms(10000)), 0);
        offset = l->elems[0].offset;
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_destroy(rk);
        return offset;
}

/* With the group: committed at the stop whatever enable.auto.commit says, if it was started at the stored offset. */
static void group(void) {
        const char *topic = fresh_topic("group", 1), *g = fresh("g");
        CHECK(seed(topic, 0, 10, 0) == 10, "seed");
        CHECK(run(g, topic, RD_KAFKA_OFFSET_BEGINNING, 2, 0, NULL) == 0, "not from the start");
        CHECK(committed(g, topic) == RD_KAFKA_OFFSET_INVALID, "%d", (int)committed(g, topic));
        CHECK(run(g, topic, RD_KAFKA_OFFSET_STORED, 4, 0, NULL) == 0, "not from the start");
        CHECK(committed(g, topic) == 4, "%d", (int)committed(g, topic));
        CHECK(run(g, topic, RD_KAFKA_OFFSET_STORED, 3, 0, NULL) == 4, "does not go on");
        CHECK(committed(g, topic) == 7, "%d", (int)committed(g, topic));
}

/* The topic's auto.commit.enable changes nothing: who does not want commits does not start at the stored offset. */
static void auto_commit_enable(void) {
        const char *topic = fresh_topic("auto", 1), *g = fresh("g");
        CHECK(seed(topic, 0, 10, 0) == 10, "seed");
        CHECK(run(g, topic, RD_KAFKA_OFFSET_STORED, 4, 0, "auto.commit.enable", "false", NULL) == 0, "not from the start");
        CHECK(committed(g, topic) == 4, "%d", (int)committed(g, topic));
        CHECK(run(g, topic, RD_KAFKA_OFFSET_STORED, 3, 0, "auto.commit.enable", "true", NULL) == 4, "does not go on");
        CHECK(committed(g, topic) == 7, "%d", (int)committed(g, topic));
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(directory);
        RUN(contents);
        RUN(interval);
        RUN(group);
        RUN(auto_commit_enable);
        return T_END();
}
