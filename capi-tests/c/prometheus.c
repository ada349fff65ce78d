/*
 * statistics.prometheus.listen: which instances are served and for how long, addresses that cannot be had, and forked children.
 * What is served is read by capi-tests/telemetry/prometheus.py. Only ours has it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "mock.h"

static struct sockaddr_in to(int port) {
        struct sockaddr_in a;
        memset(&a, 0, sizeof(a));
        a.sin_family      = AF_INET;
        a.sin_port        = htons(port);
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return a;
}

/* A socket that listens on a port of the system's choice. */
static int taken_port(int *port) {
        struct sockaddr_in a = to(0);
        socklen_t size       = sizeof(a);
        int fd               = socket(AF_INET, SOCK_STREAM, 0);
        if (bind(fd, (struct sockaddr *)&a, size) || listen(fd, 1) || getsockname(fd, (struct sockaddr *)&a, &size)) {
                perror("listen");
                exit(1);
        }
        *port = ntohs(a.sin_port);
        return fd;
}

static const char *free_address(int *port) {
        static char address[32];
        close(taken_port(port));
        snprintf(address, sizeof(address), "127.0.0.1:%d", *port);
        return address;
}

static int connected(int port) {
        struct sockaddr_in a = to(port);
        int fd               = socket(AF_INET, SOCK_STREAM, 0);
        if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
                return fd;
        close(fd);
        return -1;
}

/* The whole answer; to be freed. NULL: nobody listens. */
static char *scrape(int port) {
        static const char request[] = "GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n";
        size_t size = 1 << 20, length = 0;
        char *text  = malloc(size);
        ssize_t n;
        int fd = connected(port);
        if (fd < 0 || write(fd, request, sizeof(request) - 1) < 0) {
                free(text);
                return NULL;
        }
        while ((n = read(fd, text + length, size - 1 - length)) > 0)
                length += n;
        text[length] = 0;
        close(fd);
        return text;
}

static int serves(int port, const rd_kafka_t *rk) {
        char label[128], *text = scrape(port);
        int found;
        snprintf(label, sizeof(label), "rdkafka_client_info{client=\"%s\",", rd_kafka_name(rk));
        found = text && !strncmp(text, "HTTP/1.1 200 ", 13) && strstr(text, label);
        free(text);
        return found;
}

static rd_kafka_t *made(rd_kafka_type_t type, const char *address, char *errstr, size_t size) {
        rd_kafka_conf_t *conf = conf_of("group.id", "g", NULL);
        rd_kafka_t *rk;
        if (address)
                CHECK(rd_kafka_conf_set(conf, "statistics.prometheus.listen", address, errstr, size) == RD_KAFKA_CONF_OK, "%s", errstr);
        rk = rd_kafka_new(type, conf, errstr, size);
        if (!rk)
                rd_kafka_conf_destroy(conf);
        return rk;
}

static void all_instances_until_the_last_that_wants_it(void) {
        char errstr[512] = "";
        int port;
        const char *address = free_address(&port);
        rd_kafka_t *first   = made(RD_KAFKA_PRODUCER, address, errstr, sizeof(errstr));
        rd_kafka_t *other, *second;
        NEED(first, "%s", errstr);
        other  = made(RD_KAFKA_CONSUMER, NULL, errstr, sizeof(errstr));
        second = made(RD_KAFKA_CONSUMER, address, errstr, sizeof(errstr));
        NEED(other && second, "%s", errstr);
        CHECK(serves(port, first) && serves(port, other) && serves(port, second), "not all");
        DESTROY(first, 2000);
        CHECK(serves(port, other) && serves(port, second), "too early");
        DESTROY(second, 2000);
        CHECK(connected(port) < 0, "still there");
        first = made(RD_KAFKA_PRODUCER, address, errstr, sizeof(errstr));
        NEED(first, "again: %s", errstr);
        CHECK(serves(port, first), "not again");
        rd_kafka_destroy(first);
        rd_kafka_destroy(other);
}

static void addresses_that_cannot_be_had(void) {
        static const char *const bad[] = {"9464", "localhost", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:99999", "[::1:9464"};
        char errstr[512], address[32];
        size_t i;
        int port, fd = taken_port(&port);
        snprintf(address, sizeof(address), "127.0.0.1:%d", port);
        CHECK(!made(RD_KAFKA_PRODUCER, address, errstr, sizeof(errstr)), "a port that is taken");
        CHECK(strstr(errstr, address) && strstr(errstr, "in use"), "%s", errstr);
        CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE);
        close(fd);
        for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
                CHECK(!made(RD_KAFKA_PRODUCER, bad[i], errstr, sizeof(errstr)), "%s", bad[i]);
                CHECK(strstr(errstr, "statistics.prometheus.listen"), "%s", errstr);
                CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__INVALID_ARG);
        }
}

/* What a forked child finds: 0 if all is well. */
static char child_serves_its_own(const char *address, const char *parents) {
        char errstr[512], own[32], *text;
        int own_port, good;
        rd_kafka_t *mine;
        if (made(RD_KAFKA_PRODUCER, address, errstr, sizeof(errstr)))
                return 2;
        snprintf(own, sizeof(own), "%s", free_address(&own_port));
        mine = made(RD_KAFKA_PRODUCER, own, errstr, sizeof(errstr));
        if (!mine)
                return 3;
        text = scrape(own_port);
        good = text && strstr(text, rd_kafka_name(mine)) && !strstr(text, parents);
        free(text);
        rd_kafka_destroy(mine);
        return good ? 0 : 4;
}

/* Neither the listener nor the instances are the child's, which may serve an address of its own. It says what it finds through a
 * pipe: its exit code is valgrind's, which takes the parent's instance there, whose threads are gone, for lost. */
static void forked_children(void) {
        char errstr[512] = "", parents[128];
        int port, status = -1, there[2];
        const char *address = free_address(&port);
        rd_kafka_t *rk;
        pid_t child;
        char byte = -1;
        if (getenv("TSAN_OPTIONS"))
                SKIP("ThreadSanitizer has no threads in a forked child");
        rk = made(RD_KAFKA_PRODUCER, address, errstr, sizeof(errstr));
        NEED(rk, "%s", errstr);
        CHECK(serves(port, rk), "before");
        snprintf(parents, sizeof(parents), "client=\"%s\"", rd_kafka_name(rk));
        NEED(!pipe(there), "no pipe");
        child = fork();
        if (!child) {
                alarm(ms(60000) / 1000);
                byte = child_serves_its_own(address, parents);
                _exit(write(there[1], &byte, 1) != 1);
        }
        close(there[1]);
        CHECK(read(there[0], &byte, 1) == 1 && byte == 0, "the child: %d", byte);
        close(there[0]);
        waitpid(child, &status, 0);
        CHECK(WIFEXITED(status), "the child: %x", status);
        CHECK(serves(port, rk), "after");
        /* The child has nothing of it once it is there. */
        NEED(!pipe(there), "no pipe");
        child = fork();
        if (!child) {
                alarm(ms(60000) / 1000);
                if (write(there[1], "", 1) == 1)
                        pause();
                _exit(0);
        }
        CHECK(read(there[0], &byte, 1) == 1, "the child does not begin");
        close(there[0]);
        close(there[1]);
        rd_kafka_destroy(rk);
        CHECK(connected(port) < 0, "the child has kept the listener");
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
}

/* Without the property there is neither a thread nor a socket of it. */
static void nothing_without_it(void) {
        char errstr[512], path[64], target[64];
        rd_kafka_t *rk = made(RD_KAFKA_PRODUCER, NULL, errstr, sizeof(errstr));
        DIR *threads   = opendir("/proc/self/task");
        struct dirent *e;
        FILE *f;
        while ((e = readdir(threads))) {
                snprintf(path, sizeof(path), "/proc/self/task/%.20s/comm", e->d_name);
                f = fopen(path, "r");
                if (f && fgets(target, sizeof(target), f))
                        CHECK(!strstr(target, "rdk:prom"), "%s", target);
                if (f)
                        fclose(f);
        }
        closedir(threads);
        rd_kafka_destroy(rk);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        if (!is_upstream()) {
                RUN(all_instances_until_the_last_that_wants_it);
                RUN(addresses_that_cannot_be_had);
                RUN(forked_children);
                RUN(nothing_without_it);
        }
        return T_END();
}
