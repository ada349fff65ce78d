/* Secured clusters for the programs that connect by TLS or log in: kafka-mock as a process, certificates made by openssl(1),
 * and messages there and back. */
#ifndef SECURED_H
#define SECURED_H

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "client.h"

static char folder[64];

/* A name in the folder; good for seven further calls. */
static UNUSED const char *in_folder(const char *name) {
        static char paths[8][128];
        static int next;
        char *path = paths[next++ % 8];
        snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
        return path;
}

static UNUSED size_t read_file(const char *name, char *buf, size_t size) {
        int fd    = open(in_folder(name), O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, buf, size);
        if (fd >= 0)
                close(fd);
        return n < 0 ? 0 : (size_t)n;
}

/* ca → issuer → broker (for localhost and 127.0.0.1), wrong (for another host), old (expired); other is another CA; alice is a
 * client's of ca. */
static const char certificates[] =
    "exec >/dev/null 2>&1; set -e\n"
    "key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $1.key; }\n"
    "ca() { key $1; openssl req -x509 -new -key $1.key -subj /CN=$1 -days 30 -out $1.pem; }\n"
    "issue() { key $1; openssl req -new -key $1.key -subj /CN=$1 -out $1.csr; printf \"$3\" >$1.ext\n"
    "  openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial $4 -extfile $1.ext -out $1.only\n"
    "  cat $1.only $2.pem >$1.pem; }\n"
    "ca ca; ca other\n"
    "issue issuer ca 'basicConstraints=critical,CA:true\\n' '-days 30'\n"
    "issue broker issuer 'subjectAltName=DNS:localhost,IP:127.0.0.1\\n' '-days 30'\n"
    "issue wrong ca 'subjectAltName=DNS:elsewhere.example\\n' '-days 30'\n"
    "issue alice ca 'basicConstraints=CA:false\\n' '-days 30'\n"
    "cp broker.key old.key; openssl req -new -key old.key -subj /CN=old -out old.csr; mkdir new; : >index\n"
    "printf '[ca]\\ndefault_ca=c\\n[c]\\ndatabase=index\\nnew_certs_dir=new\\ndefault_md=sha256\\npolicy=p\\nrand_serial=yes\\n"
    "[p]\\ncommonName=supplied\\n' >ca.cnf\n"
    "openssl ca -batch -config ca.cnf -cert ca.pem -keyfile ca.key -in old.csr -startdate 20200101000000Z -enddate 20210101000000Z"
    " -extfile broker.ext -notext -out old.pem\n"
    "openssl x509 -in ca.pem -outform DER -out ca.der; openssl x509 -in alice.only -outform DER -out alice.der\n"
    "openssl pkey -in alice.key -outform DER -out alice.key.der\n"
    "openssl pkcs12 -export -inkey alice.key -in alice.only -certfile ca.pem -passout pass:secret -out alice.p12\n";

static UNUSED void remove_certificates(void) {
        char command[96];
        snprintf(command, sizeof(command), "rm -rf '%s'", folder);
        if (system(command))
                printf("  %s is left\n", folder);
}

static UNUSED void make_certificates(void) {
        FILE *shell;
        char command[96];
        strcpy(folder, "/tmp/librskafka-secured-XXXXXX");
        if (!mkdtemp(folder))
                exit(1);
        snprintf(command, sizeof(command), "cd '%s' && exec sh", folder);
        shell = popen(command, "w");
        if (!shell || fputs(certificates, shell) < 0 || pclose(shell)) {
                printf("  openssl(1) makes no certificates\n");
                exit(1);
        }
}

/* ---- kafka-mock ---- */

struct cluster {
        pid_t pid;
        char servers[256];
};

static UNUSED struct cluster cluster_of(const char *first, ...) {
        struct cluster c;
        const char *args[40] = {getenv("T_MOCK"), "--port", "0"};
        int n                = 3, fds[2];
        size_t len           = 0;
        ssize_t got;
        char line[512];
        va_list ap;
        va_start(ap, first);
        for (args[n] = first; args[n] && n < 38; args[n] = va_arg(ap, const char *))
                n++;
        va_end(ap);
        if (!args[0] || !*args[0] || pipe2(fds, O_CLOEXEC)) {
                printf("  no kafka-mock in T_MOCK\n");
                exit(1);
        }
        fflush(stdout);
        c.pid = fork();
        if (!c.pid) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                dup2(fds[1], 1);
                execv(args[0], (char *const *)args);
                _exit(127);
        }
        close(fds[1]);
        while (len < sizeof(line) - 1 && (got = read(fds[0], line + len, sizeof(line) - 1 - len)) > 0) {
                len += (size_t)got;
                if (line[len - 1] == '\n')
                        break;
        }
        line[len] = '\0';
        close(fds[0]);
        if (sscanf(line, "bootstrap.servers=%255s", c.servers) != 1) {
                printf("  kafka-mock says: %s\n", line);
                exit(1);
        }
        return c;
}

static UNUSED void cluster_end(struct cluster *c) {
        kill(c->pid, SIGKILL);
        waitpid(c->pid, NULL, 0);
}

/* TLS with the certificate `name`, and alice, whose password is secret, by every mechanism. */
static UNUSED struct cluster tls_cluster(const char *name) {
        char pem[16], key[16];
        snprintf(pem, sizeof(pem), "%s.pem", name);
        snprintf(key, sizeof(key), "%s.key", name);
        return cluster_of("--topic", "t:1", "--tls", in_folder(pem), in_folder(key), NULL);
}

#define MECHANISMS "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER"

static UNUSED struct cluster login_cluster(int tls, const char *reauth_ms) {
        return tls ? cluster_of("--topic", "t:1", "--sasl-user", "alice:secret", "--sasl-user", "bob:other", "--sasl-mechanisms", MECHANISMS,
                                "--reauth-ms", reauth_ms, "--tls", in_folder("broker.pem"), in_folder("broker.key"), NULL)
                   : cluster_of("--topic", "t:1", "--sasl-user", "alice:secret", "--sasl-user", "bob:other", "--sasl-mechanisms", MECHANISMS,
                                "--reauth-ms", reauth_ms, NULL);
}

/* ---- clients ---- */

/* What the callbacks of all clients of a case have seen. */
static struct {
        int delivered, failed, disordered, errors, authentication;
        rd_kafka_resp_err_t first_failure;
        char reason[512]; /* Of the last authentication or TLS error. */
        int ssl, topic_refused;
        int connects; /* From the last statistics. */
} seen;

#define ADD(what) __atomic_add_fetch(&what, 1, __ATOMIC_SEQ_CST)
#define GET(what) __atomic_load_n(&what, __ATOMIC_SEQ_CST)

static UNUSED void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
        (void)rk;
        (void)opaque;
        seen.errors++;
        if (getenv("T_VERBOSE"))
                printf("  error event %s: %s\n", rd_kafka_err2name((rd_kafka_resp_err_t)err), reason);
        seen.authentication += err == RD_KAFKA_RESP_ERR__AUTHENTICATION;
        seen.ssl += err == RD_KAFKA_RESP_ERR__SSL;
        seen.topic_refused += err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
        if (err == RD_KAFKA_RESP_ERR__AUTHENTICATION || err == RD_KAFKA_RESP_ERR__SSL)
                snprintf(seen.reason, sizeof(seen.reason), "%s", reason);
}

/* Messages are numbered in the order they are produced in. */
static UNUSED void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)opaque;
        if (m->err) {
                if (!seen.failed++)
                        seen.first_failure = m->err;
                return;
        }
        if (m->_private && (intptr_t)m->_private != seen.delivered + 1)
                seen.disordered++;
        seen.delivered++;
}

static UNUSED int on_stats(rd_kafka_t *rk, char *json, size_t len, void *opaque) {
        int sum = 0;
        (void)rk;
        (void)len;
        (void)opaque;
        while ((json = strstr(json, "\"connects\":"))) {
                json += strlen("\"connects\":");
                sum += atoi(json);
        }
        seen.connects = sum;
        return 0;
}

/* protocol "sasl_ssl" and the like; mechanism NULL where none is. OAUTHBEARER takes unsecured tokens. */
static UNUSED rd_kafka_conf_t *conf_to(const struct cluster *c, const char *protocol, const char *mechanism) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", c->servers, "security.protocol", protocol, NULL);
        if (strstr(protocol, "ssl"))
                conf_put(conf, "ssl.ca.location", in_folder("ca.pem"));
        if (mechanism)
                conf_put(conf, "sasl.mechanisms", mechanism);
        if (mechanism && !strcmp(mechanism, "OAUTHBEARER")) {
                conf_put(conf, "enable.sasl.oauthbearer.unsecure.jwt", "true");
                conf_put(conf, "sasl.oauthbearer.config", "principal=alice");
        } else if (mechanism) {
                conf_put(conf, "sasl.username", "alice");
                conf_put(conf, "sasl.password", "secret");
        }
        rd_kafka_conf_set_error_cb(conf, on_error);
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        rd_kafka_conf_set_stats_cb(conf, on_stats);
        return conf;
}

static UNUSED rd_kafka_conf_t *with(rd_kafka_conf_t *conf, const char *name, const char *value) {
        conf_put(conf, name, value);
        return conf;
}

static UNUSED rd_kafka_resp_err_t put(rd_kafka_t *rk, const char *topic, const void *value, size_t size, int number) {
        return rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE((void *)value, size),
                                 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE((void *)(intptr_t)number), RD_KAFKA_V_END);
}

/* Whether a message gets through; what is new in `seen` says why not. */
static UNUSED int gets_through(rd_kafka_t *rk, int limit_ms) {
        int before = seen.delivered;
        CHECK_ERR(put(rk, "t", "v", 1, 0), 0);
        rd_kafka_flush(rk, limit_ms);
        return seen.delivered == before + 1;
}

/* Takes the client; polls it until `*what` is that large. Returns whether it is. */
static UNUSED int poll_until(rd_kafka_t *rk, const int *what, int want, int limit_ms) {
        int64_t until = now_ms() + limit_ms;
        while (*what < want && now_ms() < until)
                rd_kafka_poll(rk, 10);
        return *what >= want;
}

/* Numbered messages, of at least `size` bytes. */
static UNUSED void send_numbered(rd_kafka_conf_t *conf, const char *topic, int cnt, size_t size) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf);
        char *value    = calloc(1, size + 16);
        int i;
        memset(&seen, 0, sizeof(seen));
        memset(value, '.', size + 15);
        for (i = 1; i <= cnt; i++) {
                int len = snprintf(value, 16, "%d", i);
                value[len] = '.';
                while (put(rk, topic, value, size ? size : (size_t)len, i) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
                        rd_kafka_poll(rk, 10);
                rd_kafka_poll(rk, 0);
        }
        CHECK_ERR(rd_kafka_flush(rk, ms(60000)), 0);
        CHECK(seen.delivered == cnt && !seen.failed && !seen.disordered, "%d delivered, %d failed (%s), %d out of order", seen.delivered,
              seen.failed, rd_kafka_err2name(seen.first_failure), seen.disordered);
        rd_kafka_destroy(rk);
        free(value);
}

/* A consumer at the beginning of the topic's first partition. */
static UNUSED rd_kafka_t *reader_of(rd_kafka_conf_t *conf, const char *topic) {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_t *rk;
        conf_put(conf, "group.id", "g");
        conf_put(conf, "enable.auto.commit", "false");
        rd_kafka_conf_set_dr_msg_cb(conf, NULL);
        rk = client(RD_KAFKA_CONSUMER, conf);
        CHECK_ERR(rd_kafka_poll_set_consumer(rk), 0);
        rd_kafka_topic_partition_list_add(l, topic, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        rd_kafka_topic_partition_list_destroy(l);
        return rk;
}

/* Takes the configuration. All numbers come, one after the other. */
static UNUSED void read_numbered(rd_kafka_conf_t *conf, const char *topic, int cnt, size_t size) {
        rd_kafka_t *rk = reader_of(conf, topic);
        int64_t until  = now_ms() + ms(60000);
        int next       = 1;
        while (next <= cnt && now_ms() < until) {
                rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 100);
                char number[16]       = "";
                if (!m)
                        continue;
                if (m->err)
                        printf("  reader: %s\n", rd_kafka_message_errstr(m));
                else {
                        memcpy(number, m->payload, m->len < 15 ? m->len : 15);
                        CHECK(atoi(number) == next && (!size || m->len == size), "%.15s (%zu bytes) instead of %d", number, m->len, next);
                        next = atoi(number) + 1;
                }
                rd_kafka_message_destroy(m);
        }
        CHECK(next == cnt + 1, "%d of %d read", next - 1, cnt);
        rd_kafka_destroy(rk);
}

/* A port of this machine that a test serves itself. */
static UNUSED int listening(char *servers, size_t size) {
        struct sockaddr_in at;
        socklen_t len = sizeof(at);
        int fd        = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        memset(&at, 0, sizeof(at));
        at.sin_family      = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        CHECK(fd >= 0 && !bind(fd, (void *)&at, len) && !listen(fd, 64) && !getsockname(fd, (void *)&at, &len), "listen");
        snprintf(servers, size, "127.0.0.1:%d", ntohs(at.sin_port));
        return fd;
}

#endif
