/*
 * The calls in a forked child, on instances of its parent's. What librdkafka does there is undefined; here each returns
 * at once, with `_STATE` where it returns a code (compare.py looks for that). A call that does not return, or ends the
 * child, is told as such, and another child goes on behind it.
 */
#include "report.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* The calls that were begun, shared between parent and children. */
static int *begun;
/* What earlier children have done, and what this one has come to. */
static int done, at;
#define LIMIT_S 20

int forked_begin(void) {
        if (!begun)
                return 1;
        if (at++ < done)
                return 0;
        *begun = at;
        alarm(LIMIT_S);
        return 1;
}

void forked_end(void) {
        if (begun)
                alarm(0);
}

static void in_children(rd_kafka_t *rk, const char *state, void (*calls)(rd_kafka_t *)) {
        int status, over = 0;
        run.state = state;
        begun     = mmap(NULL, sizeof(*begun), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        for (*begun = 0; !over; done = *begun) {
                pid_t pid;
                fflush(stdout);
                at  = 0;
                pid = fork();
                if (!pid) {
                        signal(SIGALRM, SIG_DFL);
                        calls(rk);
                        fflush(stdout);
                        _exit(0);
                }
                if (pid < 0 || waitpid(pid, &status, 0) != pid)
                        exit(2);
                over = WIFEXITED(status) && !WEXITSTATUS(status);
                if (!over)
                        printf(" ended=%s\n", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exit");
        }
        munmap(begun, sizeof(*begun));
        begun = NULL;
        done  = 0;
}

static void of_producer(rd_kafka_t *rk) {
        core_instance(rk);
        core_queues(rk);
        producer_calls(rk);
}

static void of_consumer(rd_kafka_t *rk) {
        core_instance(rk);
        core_queues(rk);
        consumer_calls(rk);
        consumer_topics(rk);
        group_reads(rk);
        group_commits(rk);
        group_changes(rk);
        group_close(rk);
}

void forked(void) {
        rd_kafka_t *producer = instance(RD_KAFKA_PRODUCER, run.servers, NULL);
        rd_kafka_t *consumer = consumer_member();
        in_children(producer, "forked-producer", of_producer);
        in_children(consumer, "forked-consumer", of_consumer);
        /* The parent's go on. */
        run.state = "parent";
        CALL("producer/producev", "ok", code(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(run.full), RD_KAFKA_V_VALUE("hello", 5), RD_KAFKA_V_END));
             code(rd_kafka_flush(producer, 20000)));
        CALL("group/consumer_close", "ok", code(rd_kafka_consumer_close(consumer)));
        rd_kafka_destroy(producer);
        rd_kafka_destroy(consumer);
}
