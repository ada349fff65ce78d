/* A thread that waits for reports reads the broker's answers itself where messages are sent one at a time (linger.ms=0). Whatever
 * else it waits for still reaches it, and answers are read when nobody waits. */
#include <ctype.h>

#include "mock.h"
#include "proxy.h"
#include "reports.h"

static rd_kafka_t *rk;
static rd_kafka_topic_t *rkt;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int wanted, returns;

static void locked_dr_cb(rd_kafka_t *client, const rd_kafka_message_t *m, void *opaque) {
        pthread_mutex_lock(&lock);
        dr_msg_cb(client, m, opaque);
        pthread_mutex_unlock(&lock);
}

static void sending_to(const char *servers, const char *topic, rd_kafka_conf_t *conf) {
        conf_put(conf, "linger.ms", "0");
        conf_put(conf, "bootstrap.servers", servers);
        rd_kafka_conf_set_dr_msg_cb(conf, locked_dr_cb);
        reports = 0;
        rk      = client(RD_KAFKA_PRODUCER, conf);
        rkt     = rd_kafka_topic_new(rk, topic, NULL);
}

static void one_partition(rd_kafka_conf_t *conf) {
        sending_to(bootstrap(), fresh_topic("waiting", 1), conf);
}

static void end(void) {
        rd_kafka_topic_destroy(rkt);
        DESTROY(rk, 2000);
}

static void produce(int n) {
        NEED(!rd_kafka_produce(rkt, 0, RD_KAFKA_MSG_F_COPY, "waiting", 7, NULL, 0, number(n)), "produce: %s",
             rd_kafka_err2str(rd_kafka_last_error()));
}

/* Until then there is a connection, and a thread that knows which one. */
static void begin_sending(void) {
        int i;
        for (i = 0; i < 20; i++) {
                produce(i);
                wait_reports(rk, i + 1, ms(20000));
        }
        NEED(reports == 20, "%d reports", reports);
}

/* How often the threads of brokers went to sleep: they are named after the brokers' addresses. */
static long sleeps_of_loops(void) {
        char path[300], line[200];
        struct dirent *entry;
        DIR *dir   = opendir("/proc/self/task");
        long total = 0;
        while (dir && (entry = readdir(dir))) {
                int of_broker = 0;
                FILE *f;
                snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
                f = isdigit((unsigned char)entry->d_name[0]) ? fopen(path, "r") : NULL;
                while (f && fgets(line, sizeof(line), f)) {
                        if (!strncmp(line, "Name:\trdk:127.", 14))
                                of_broker = 1;
                        if (of_broker && !strncmp(line, "voluntary_ctxt_switches:", 24))
                                total += atol(line + 24);
                }
                if (f)
                        fclose(f);
        }
        if (dir)
                closedir(dir);
        return total;
}

/* The answers take long enough for the thread that produces to be waiting when they come. */
static void one_at_a_time(void) {
        enum { N = 100 };
        struct mock m = mock_of(1);
        long before;
        int i;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "waiting", 1, 1), 0);
        sending_to(m.servers, "waiting", conf_of(NULL, NULL));
        begin_sending();
        CHECK_ERR(rd_kafka_mock_broker_set_rtt(m.cluster, -1, ms(5)), 0);
        reports = 0;
        before  = sleeps_of_loops();
        NEED(is_upstream() || before > 0, "no thread is named after a broker's address");
        for (i = 0; i < N; i++) {
                produce(i);
                wait_reports(rk, i + 1, ms(20000));
                NEED(reports == i + 1 && !report[i].err && report[i].opaque == number(i), "message %d", i);
        }
        before = sleeps_of_loops() - before;
        if (!is_upstream())
                CHECK(before < N / 2, "brokers' threads were woken %ld times for %d messages", before, N);
        end();
        mock_end(&m);
}

static void flushed_one_at_a_time(void) {
        int i;
        one_partition(conf_of(NULL, NULL));
        begin_sending();
        reports = 0;
        for (i = 0; i < 100; i++) {
                produce(i);
                CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
                NEED(reports == i + 1, "%d reports of %d", reports, i + 1);
        }
        end();
}

/* Nobody waits any more: what is answered is read all the same. */
static void nobody_waits(void) {
        rd_kafka_queue_t *queue;
        int64_t until;
        one_partition(conf_of(NULL, NULL));
        begin_sending();
        queue = rd_kafka_queue_get_main(rk);
        produce(0);
        until = now_ms() + ms(60000);
        while (rd_kafka_queue_length(queue) == 0 && now_ms() < until)
                usleep(1000);
        CHECK(rd_kafka_queue_length(queue) == 1, "%d reports wait", (int)rd_kafka_queue_length(queue));
        rd_kafka_queue_destroy(queue);
        end();
}

/* ---- one thread waits, without end as far as it is concerned ---- */

static void *wait_long(void *unused) {
        int go_on = 1;
        while (go_on) {
                rd_kafka_poll(rk, -1);
                pthread_mutex_lock(&lock);
                returns++;
                go_on = reports < wanted;
                pthread_mutex_unlock(&lock);
        }
        return unused;
}

static int read_locked(const int *value) {
        int n;
        pthread_mutex_lock(&lock);
        n = *value;
        pthread_mutex_unlock(&lock);
        return n;
}

static pthread_t waiter(int reports_wanted) {
        pthread_t thread;
        pthread_mutex_lock(&lock);
        wanted  = reports_wanted;
        returns = 0;
        reports = 0;
        pthread_mutex_unlock(&lock);
        if (pthread_create(&thread, NULL, wait_long, NULL))
                exit(1);
        return thread;
}

static void yields_reach_it(void) {
        rd_kafka_queue_t *queue;
        pthread_t thread;
        int64_t until;
        int i;
        one_partition(conf_of(NULL, NULL));
        begin_sending();
        queue  = rd_kafka_queue_get_main(rk);
        thread = waiter(1);
        for (i = 1; i <= 20; i++) {
                rd_kafka_queue_yield(queue);
                until = now_ms() + ms(60000);
                while (read_locked(&returns) < i && now_ms() < until)
                        usleep(500);
                NEED(read_locked(&returns) == i, "%d yields, %d returns", i, read_locked(&returns));
        }
        produce(0);
        pthread_join(thread, NULL);
        rd_kafka_queue_destroy(queue);
        end();
}

/* The connection it reads from is cut, with a request on it; the answer comes by another one. */
static void connections_are_cut(void) {
        rd_kafka_conf_t *conf =
            conf_of("retry.backoff.ms", "20", "reconnect.backoff.ms", "20", "reconnect.backoff.max.ms", "100", NULL);
        pthread_t thread;
        int i;
        proxy_start();
        rd_kafka_conf_set_connect_cb(conf, proxy_connect_cb);
        one_partition(conf);
        begin_sending();
        for (i = 0; i < 10; i++) {
                thread = waiter(1);
                proxy_set(&proxy.hold_answers, 1);
                produce(i);
                usleep(20000 * (unsigned)t.slow);
                CHECK(read_locked(&returns) == 0, "something came");
                proxy_set(&proxy.cut, 1);
                proxy_set(&proxy.hold_answers, 0);
                pthread_join(thread, NULL);
                CHECK(reports == 1 && !report[0].err, "%d reports, %s", reports, rd_kafka_err2str(report[0].err));
        }
        end();
        proxy_stop();
}

/* Two threads wait, a third one produces, sometimes several at once: each report is given once. */
static void two_wait(void) {
        enum { N = 1000 };
        static char seen[N];
        rd_kafka_queue_t *queue;
        pthread_t a, b;
        int i;
        one_partition(conf_of("acks", "all", NULL));
        begin_sending();
        queue = rd_kafka_queue_get_main(rk);
        a     = waiter(N);
        if (pthread_create(&b, NULL, wait_long, NULL))
                exit(1);
        for (i = 0; i < N; i++) {
                produce(i);
                if (i % 7 != 0)
                        usleep((unsigned)(i * 37 % 800));
        }
        while (read_locked(&reports) < N)
                usleep(1000);
        /* One of them took the last report, the other one may wait still. */
        rd_kafka_queue_yield(queue);
        pthread_join(a, NULL);
        pthread_join(b, NULL);
        rd_kafka_queue_destroy(queue);
        NEED(reports == N, "%d reports", reports);
        memset(seen, 0, sizeof(seen));
        for (i = 0; i < N; i++) {
                int n = (int)(intptr_t)report[i].opaque;
                CHECK(n >= 0 && n < N && !seen[n], "message %d", n);
                seen[n] = 1;
        }
        end();
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(one_at_a_time);
        RUN(flushed_one_at_a_time);
        RUN(nobody_waits);
        RUN(yields_reach_it);
        RUN(connections_are_cut);
        RUN(two_wait);
        return T_END();
}
