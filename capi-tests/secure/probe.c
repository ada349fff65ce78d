/* probe SECONDS name=value...: a producer that only tries to connect, and says on standard output what it is told:
 *
 *   CREATE text              it could not be made, and what with
 *   ERROR time code text     an error event: milliseconds since 1970, the code's name
 *   CONNECTS n               at the end: connections tried, from the statistics
 *
 * Logs go to standard error. It ends after SECONDS, or as soon as metadata has come (UP time). */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include "rdkafka.h"

static long connects;
static atomic_int stop;

static long long now_ms(void) {
    struct timeval t;
    gettimeofday(&t, NULL);
    return t.tv_sec * 1000LL + t.tv_usec / 1000;
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
    (void)rk, (void)opaque;
    printf("ERROR %lld %s %s\n", now_ms(), rd_kafka_err2name((rd_kafka_resp_err_t)err), reason);
    fflush(stdout);
}

static int on_stats(rd_kafka_t *rk, char *json, size_t len, void *opaque) {
    const char *at = json;
    long sum = 0;
    (void)rk, (void)len, (void)opaque;
    while ((at = strstr(at, "\"connects\":")) != NULL) {
        at += strlen("\"connects\":");
        sum += strtol(at, NULL, 10);
    }
    connects = sum;
    return 0;
}

static void *poll_events(void *rk) {
    while (!atomic_load(&stop)) rd_kafka_poll(rk, 50);
    return NULL;
}

int main(int argc, char **argv) {
    char text[1024];
    if (argc < 2) return 2;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_stats_cb(conf, on_stats);
    rd_kafka_conf_set(conf, "statistics.interval.ms", "250", NULL, 0);
    for (int i = 2; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (!equals) return 2;
        *equals = 0;
        if (rd_kafka_conf_set(conf, argv[i], equals + 1, text, sizeof text) != RD_KAFKA_CONF_OK) {
            printf("CREATE %s\n", text);
            return 1;
        }
    }
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (!rk) {
        printf("CREATE %s\n", text);
        return 1;
    }
    pthread_t poller;
    pthread_create(&poller, NULL, poll_events, rk);
    long long until = now_ms() + 1000LL * atoi(argv[1]);
    const struct rd_kafka_metadata *metadata;
    if (rd_kafka_metadata(rk, 0, NULL, &metadata, 1000 * atoi(argv[1])) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        printf("UP %lld\n", now_ms());
        rd_kafka_metadata_destroy(metadata);
    } else {
        while (now_ms() < until) usleep(10000);
    }
    atomic_store(&stop, 1);
    pthread_join(poller, NULL);
    printf("CONNECTS %ld\n", connects);
    rd_kafka_destroy(rk);
    return 0;
}
