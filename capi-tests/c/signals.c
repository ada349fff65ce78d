/*
 * Signals are the application's: its handlers, sigwait() and signalfd count on its own threads being the only ones that
 * take them, so the library's threads block all but those that faults raise.
 *
 * What a process leaves of its clients is no leak.
 * no leak check
 */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

#include "guest.h"

/* Clients with all their threads: main, brokers, background, mock cluster, statistics; look-ups come and go. */
static struct mock m;
static rd_kafka_t *sender, *reader_of_group;

static int stats(rd_kafka_t *rk, char *json, size_t len, void *opaque) {
        (void)rk;
        (void)json;
        (void)len;
        (void)opaque;
        return 0;
}

static void clients_at_work(void) {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_conf_t *conf;
        rd_kafka_queue_t *background;
        m    = mock_of(2);
        conf = conf_of("bootstrap.servers", m.servers, "linger.ms", "0", "statistics.interval.ms", "20", NULL);
        rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
        rd_kafka_conf_set_stats_cb(conf, stats);
        sender     = client(RD_KAFKA_PRODUCER, conf);
        background = rd_kafka_queue_get_background(sender);
        rd_kafka_queue_destroy(background);
        /* Names are looked up by threads of their own. */
        rd_kafka_brokers_add(sender, "localhost:1,name.invalid:1");
        reader_of_group = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", m.servers, "group.id", "g", NULL));
        rd_kafka_topic_partition_list_add(l, "t", RD_KAFKA_PARTITION_UA);
        rd_kafka_subscribe(reader_of_group, l);
        rd_kafka_topic_partition_list_destroy(l);
}

static void clients_end(void) {
        rd_kafka_destroy(reader_of_group);
        rd_kafka_destroy(sender);
        mock_end(&m);
}

static void send_some(int cnt) {
        while (cnt--) {
                EXPECT(!rd_kafka_producev(sender, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END), "producev");
                rd_kafka_poll(sender, 0);
        }
}

/* ---- every thread's mask ---- */

static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};

static unsigned long long blocked_by(const char *thread) {
        char path[320], line[128];
        unsigned long long mask = ~0ULL;
        FILE *f;
        snprintf(path, sizeof(path), "/proc/self/task/%s/status", thread);
        f = fopen(path, "r");
        /* It has ended. */
        if (!f)
                return mask;
        while (fgets(line, sizeof(line), f))
                if (sscanf(line, "SigBlk: %llx", &mask) == 1)
                        break;
        fclose(f);
        return mask;
}

/* The C library blocks all signals for the instant in which a thread starts. */
static int faults_come(const char *thread) {
        int64_t end = now_ms() + ms(10000);
        for (;;) {
                unsigned long long mask = blocked_by(thread), blocked = 0;
                size_t i;
                for (i = 0; i < sizeof(faults) / sizeof(*faults); i++)
                        blocked |= mask & (1ULL << (faults[i] - 1));
                if (mask == ~0ULL || !blocked)
                        return 1;
                if (now_ms() > end)
                        return 0;
                usleep(1000);
        }
}

static void threads_block_signals(void) {
        unsigned long long want = ~0ULL;
        int64_t end;
        int seen = 0, most = 0;
        size_t i;
        if (t.slow > 1)
                SKIP("the tool has a thread of its own");
        for (i = 0; i < sizeof(faults) / sizeof(*faults); i++)
                want &= ~(1ULL << (faults[i] - 1));
        /* Not to be blocked; and the C library's own. */
        want &= ~((1ULL << (SIGKILL - 1)) | (1ULL << (SIGSTOP - 1)) | (3ULL << 31));
        clients_at_work();
        end = now_ms() + 1000;
        while (now_ms() < end) {
                DIR *tasks = opendir("/proc/self/task");
                struct dirent *e;
                seen = 0;
                while ((e = readdir(tasks))) {
                        unsigned long long mask;
                        if (e->d_name[0] == '.' || atoi(e->d_name) == (int)syscall(SYS_gettid))
                                continue;
                        mask = blocked_by(e->d_name);
                        seen++;
                        CHECK((mask & want) == want, "a thread takes %llx", want & ~mask);
                        CHECK(faults_come(e->d_name), "a thread blocks signals of faults");
                }
                closedir(tasks);
                if (seen > most)
                        most = seen;
                if (t.case_failures)
                        break;
                send_some(1);
                rd_kafka_consumer_poll(reader_of_group, 0);
        }
        CHECK(most >= 6, "%d threads", most);
        clients_end();
}

/* ---- what waits for signals ---- */

static sigset_t terms;

/* The application's only thread blocks them after the library's threads were started. */
static void block_terms(void) {
        sigemptyset(&terms);
        sigaddset(&terms, SIGTERM);
        sigaddset(&terms, SIGHUP);
        sigaddset(&terms, SIGUSR1);
        sigprocmask(SIG_BLOCK, &terms, NULL);
}

static void sigwait_scene(void) {
        int round, got = 0;
        clients_at_work();
        block_terms();
        for (round = 0; round < 50; round++) {
                int sent = round % 3 == 0 ? SIGTERM : round % 3 == 1 ? SIGHUP : SIGUSR1;
                send_some(1);
                kill(getpid(), sent);
                EXPECT(sigwait(&terms, &got) == 0 && got == sent, "got %d", got);
        }
        clients_end();
}

static void signalfd_scene(void) {
        struct signalfd_siginfo info;
        int round, fd;
        clients_at_work();
        block_terms();
        fd = signalfd(-1, &terms, SFD_CLOEXEC);
        for (round = 0; round < 50; round++) {
                send_some(1);
                kill(getpid(), SIGTERM);
                EXPECT(read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info) && info.ssi_signo == SIGTERM, "round %d", round);
        }
        close(fd);
        clients_end();
}

static pthread_t application;
static int handled, elsewhere;
static void handler(int sig) {
        (void)sig;
        __atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST);
        if (!pthread_equal(pthread_self(), application))
                __atomic_add_fetch(&elsewhere, 1, __ATOMIC_SEQ_CST);
}

static void handler_scene(void) {
        int round;
        struct sigaction action;
        memset(&action, 0, sizeof(action));
        action.sa_handler = handler;
        application       = pthread_self();
        clients_at_work();
        sigaction(SIGUSR2, &action, NULL);
        for (round = 1; round <= 200; round++) {
                send_some(1);
                kill(getpid(), SIGUSR2);
                /* It is handled before kill() returns, for this is the only thread that takes it. */
                EXPECT(handled == round, "%d of %d", handled, round);
        }
        EXPECT(elsewhere == 0, "%d on other threads", elsewhere);
        clients_end();
}

/* A client that is made while the thread blocks signals, or by a thread that blocks none, leaves its mask as it was. */
static void masks_scene(void) {
        sigset_t before, after;
        int sig;
        block_terms();
        sigprocmask(SIG_BLOCK, NULL, &before);
        clients_at_work();
        send_some(10);
        clients_end();
        sigprocmask(SIG_BLOCK, NULL, &after);
        for (sig = 1; sig < SIGRTMAX; sig++)
                EXPECT(sigismember(&before, sig) == sigismember(&after, sig), "signal %d", sig);
}

static void applications_wait_for_signals(void) {
        in_child("sigwait", sigwait_scene);
        in_child("signalfd", signalfd_scene);
        in_child("handler", handler_scene);
        in_child("masks", masks_scene);
}

/* ---- a storm ---- */

static int storm;
static void *sends_signals(void *to) {
        while (__atomic_load_n(&storm, __ATOMIC_SEQ_CST)) {
                pthread_kill(*(pthread_t *)to, SIGUSR2);
                kill(getpid(), SIGUSR1);
                usleep(200);
        }
        return NULL;
}

static void note(int sig) {
        (void)sig;
}

/* Signals interrupt the system calls that the application's thread makes in the library. */
static void storm_scene(void) {
        struct sigaction action;
        pthread_t thread, self = pthread_self();
        rd_kafka_message_t *msg;
        int got = 0, sent = 0;
        int64_t end;
        memset(&action, 0, sizeof(action));
        /* No SA_RESTART. */
        action.sa_handler = note;
        sigaction(SIGUSR1, &action, NULL);
        sigaction(SIGUSR2, &action, NULL);
        clients_at_work();
        __atomic_store_n(&storm, 1, __ATOMIC_SEQ_CST);
        EXPECT(!pthread_create(&thread, NULL, sends_signals, &self), "pthread_create");
        delivered = 0;
        for (; sent < 300; sent++) {
                send_some(1);
                if (sent % 10 == 0)
                        EXPECT(!rd_kafka_flush(sender, ms(20000)), "flush");
        }
        EXPECT(!rd_kafka_flush(sender, ms(20000)), "flush");
        EXPECT(delivered == sent, "%d of %d reports", delivered, sent);
        end = now_ms() + ms(20000);
        while (got < 20 && now_ms() < end) {
                send_some(1);
                msg = rd_kafka_consumer_poll(reader_of_group, 100);
                if (msg && !msg->err)
                        got++;
                if (msg)
                        rd_kafka_message_destroy(msg);
        }
        EXPECT(got == 20, "%d messages", got);
        clients_end();
        __atomic_store_n(&storm, 0, __ATOMIC_SEQ_CST);
        pthread_join(thread, NULL);
}

static void a_storm_harms_nothing(void) {
        in_child("storm", storm_scene);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(applications_wait_for_signals);
        RUN(a_storm_harms_nothing);
        RUN(threads_block_signals);
        return T_END();
}
