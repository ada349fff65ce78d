/*
 * TLS to a cluster: messages of all sizes, certificates that are wrong, the application's word on them, certificates from
 * memory, many clients, and the end in the middle of a handshake.
 * kafka-mock
 */
#include "secured.h"
#include "proxy.h"

/* ---- messages ---- */

static void messages(void) {
        struct cluster c = tls_cluster("broker");
        int idempotent;
        for (idempotent = 0; idempotent < 2; idempotent++) {
                const char *topic = idempotent ? "idempotent" : "t";
                send_numbered(with(conf_to(&c, "ssl", NULL), "enable.idempotence", idempotent ? "true" : "false"), topic, t.slow > 1 ? 500 : 5000, 0);
                read_numbered(conf_to(&c, "ssl", NULL), topic, t.slow > 1 ? 500 : 5000, 0);
        }
        CHECK(!seen.errors, "%d errors, the last: %s", seen.errors, seen.reason);
        cluster_end(&c);
}

/* Around a record's 16 KiB; the last are larger than the buffers of the socket, with which TCP waits for its delayed
 * acknowledgements. */
static void large_messages(void) {
        static const struct {
                size_t size;
                int cnt;
                const char *buffer;
        } list[] = {{16000, 200, "0"}, {16384, 200, "0"}, {16385, 200, "0"}, {990000, 20, "0"}, {16385, 20, "20000"}, {990000, 3, "20000"}};
        struct cluster c = tls_cluster("broker");
        char topic[16];
        size_t i;
        for (i = 0; i < sizeof(list) / sizeof(*list); i++) {
                snprintf(topic, sizeof(topic), "t%zu", i);
                send_numbered(with(conf_to(&c, "ssl", NULL), "socket.send.buffer.bytes", list[i].buffer), topic, list[i].cnt, list[i].size);
                read_numbered(with(conf_to(&c, "ssl", NULL), "socket.receive.buffer.bytes", list[i].buffer), topic, list[i].cnt, list[i].size);
        }
        cluster_end(&c);
}

#define CLIENTS 50

static void many_clients_at_once(void) {
        struct cluster c = login_cluster(1, "0");
        rd_kafka_t *rk[CLIENTS];
        int i, before = t_threads(), fds = t_fds();
        memset(&seen, 0, sizeof(seen));
        for (i = 0; i < CLIENTS; i++) {
                rk[i] = client(RD_KAFKA_PRODUCER, conf_to(&c, "sasl_ssl", i % 2 ? "SCRAM-SHA-512" : "PLAIN"));
                CHECK_ERR(put(rk[i], "t", "v", 1, 0), 0);
        }
        for (i = 0; i < CLIENTS; i++)
                CHECK_ERR(rd_kafka_flush(rk[i], ms(60000)), 0);
        CHECK(seen.delivered == CLIENTS && !seen.errors, "%d delivered, %d errors", seen.delivered, seen.errors);
        for (i = 0; i < CLIENTS; i++)
                rd_kafka_destroy(rk[i]);
        CHECK(t_threads_down_to(before) == before, "%d threads more", t_threads() - before);
        CHECK(t_fds_down_to(fds) == fds, "%d descriptors more", t_fds() - fds);
        cluster_end(&c);
}

/* ---- certificates that are wrong ---- */

/* An error of TLS, once for all attempts of a kind; the client ends at once. */
static void refused(const char *certificate, rd_kafka_conf_t *(*change)(rd_kafka_conf_t *), const char *word) {
        struct cluster c      = tls_cluster(certificate);
        rd_kafka_conf_t *conf = conf_to(&c, "ssl", NULL);
        rd_kafka_t *rk;
        conf_put(conf, "reconnect.backoff.ms", "200");
        conf_put(conf, "reconnect.backoff.max.ms", "400");
        conf_put(conf, "statistics.interval.ms", "100");
        memset(&seen, 0, sizeof(seen));
        rk = client(RD_KAFKA_PRODUCER, change ? change(conf) : conf);
        CHECK(poll_until(rk, &seen.ssl, 1, ms(10000)), "%s: no error in time", certificate);
        CHECK(strstr(seen.reason, word), "%s: no \"%s\" in: %s", certificate, word, seen.reason);
        poll_until(rk, &seen.ssl, 1000, 2000);
        CHECK(seen.ssl == 1 || is_upstream(), "%s: %d errors", certificate, seen.ssl);
        CHECK((seen.connects >= 1 || is_upstream()) && seen.connects <= 30, "%s: %d connections in two seconds", certificate, seen.connects);
        DESTROY(rk, 1000);
        cluster_end(&c);
}

static rd_kafka_conf_t *other_ca(rd_kafka_conf_t *conf) {
        return with(conf, "ssl.ca.location", in_folder("other.pem"));
}

static void unknown_ca(void) {
        refused("broker", other_ca, "certificate");
}

static void another_host(void) {
        struct cluster c = tls_cluster("wrong");
        rd_kafka_t *rk;
        refused("wrong", NULL, "certificate");
        memset(&seen, 0, sizeof(seen));
        rk = client(RD_KAFKA_PRODUCER, with(conf_to(&c, "ssl", NULL), "ssl.endpoint.identification.algorithm", "none"));
        CHECK(gets_through(rk, ms(20000)), "unasked, it matters: %s", seen.reason);
        DESTROY(rk, 1000);
        cluster_end(&c);
}

static void expired(void) {
        refused("old", NULL, is_upstream() ? "certificate" : "expired");
}

static void unverified(void) {
        struct cluster c      = tls_cluster("old");
        rd_kafka_conf_t *conf = with(conf_to(&c, "ssl", NULL), "enable.ssl.certificate.verification", "false");
        rd_kafka_t *rk;
        memset(&seen, 0, sizeof(seen));
        rk = client(RD_KAFKA_PRODUCER, with(conf, "ssl.endpoint.identification.algorithm", "none"));
        CHECK(gets_through(rk, ms(20000)), "%s", seen.reason);
        DESTROY(rk, 1000);
        cluster_end(&c);
}

/* ---- the application's word ---- */

static struct {
        int calls, depths, sum_errors; /* depths: a bit for each */
        int refuse_at;                 /* -1: nowhere */
        int take_back;
} verified;

static int verify(rd_kafka_t *rk, const char *broker, int32_t id, int *error, int depth, const char *der, size_t size, char *errstr,
                  size_t errstr_size, void *opaque) {
        (void)rk;
        (void)id;
        (void)opaque;
        ADD(verified.calls);
        __atomic_or_fetch(&verified.depths, 1 << depth, __ATOMIC_SEQ_CST);
        __atomic_add_fetch(&verified.sum_errors, *error, __ATOMIC_SEQ_CST);
        /* A DER sequence of this size. */
        if ((unsigned char)der[0] != 0x30 || size < 100)
                return 0;
        if (verified.take_back)
                *error = 0;
        if (depth == verified.refuse_at) {
                snprintf(errstr, errstr_size, "not %s at %d", broker, depth);
                return 0;
        }
        return 1;
}

static rd_kafka_conf_t *asks(rd_kafka_conf_t *conf) {
        CHECK(rd_kafka_conf_set_ssl_cert_verify_cb(conf, verify) == RD_KAFKA_CONF_OK, "verify_cb");
        return conf;
}

static rd_kafka_conf_t *asks_with_other_ca(rd_kafka_conf_t *conf) {
        return other_ca(asks(conf));
}

static int accepted(const char *certificate, rd_kafka_conf_t *(*change)(rd_kafka_conf_t *)) {
        struct cluster c = tls_cluster(certificate);
        rd_kafka_t *rk;
        int through;
        memset(&seen, 0, sizeof(seen));
        rk      = client(RD_KAFKA_PRODUCER, change(conf_to(&c, "ssl", NULL)));
        through = gets_through(rk, ms(20000));
        DESTROY(rk, 1000);
        cluster_end(&c);
        return through;
}

static void application_accepts(void) {
        memset(&verified, 0, sizeof(verified));
        verified.refuse_at = -1;
        CHECK(accepted("broker", asks), "%s", seen.reason);
        CHECK(verified.depths == 7 && !verified.sum_errors, "depths %x, errors %d", verified.depths, verified.sum_errors);
        /* Also what was found wrong, if it takes that back. */
        verified.take_back = 1;
        CHECK(accepted("broker", asks_with_other_ca), "%s", seen.reason);
        CHECK(verified.sum_errors, "no error was shown");
        CHECK(accepted("old", asks), "%s", seen.reason);
}

static void application_refuses(void) {
        char words[16];
        int depth;
        for (depth = 0; depth < 3; depth++) {
                memset(&verified, 0, sizeof(verified));
                verified.refuse_at = depth;
                snprintf(words, sizeof(words), "at %d", depth);
                refused("broker", asks, is_upstream() ? "certificate" : words);
        }
}

static void an_error_that_stays(void) {
        memset(&verified, 0, sizeof(verified));
        verified.refuse_at = -1;
        refused("old", asks, "certificate");
}

/* ---- certificates from memory ---- */

static void give(rd_kafka_conf_t *conf, int type, int enc, const char *name) {
        char buf[16384], errstr[512] = "";
        size_t n = read_file(name, buf, sizeof(buf));
        CHECK(rd_kafka_conf_set_ssl_cert(conf, (rd_kafka_cert_type_t)type, (rd_kafka_cert_enc_t)enc, buf, n, errstr, sizeof(errstr)) ==
                  RD_KAFKA_CONF_OK,
              "%s", errstr);
}

/* A broker that wants a certificate gets alice's; it is checked against a CA that came from memory, too. */
static void certificates_from_memory(void) {
        static const char *const own[] = {"alice.p12", "alice.der", "alice.only"}, *const key[] = {"alice.p12", "alice.key.der", "alice.key"};
        static const char *const ca[] = {"alice.p12", "ca.der", "ca.pem"};
        struct cluster c = cluster_of("--topic", "t:1", "--tls", in_folder("broker.pem"), in_folder("broker.key"), "--client-ca",
                                      in_folder("ca.pem"), NULL);
        int enc;
        for (enc = RD_KAFKA_CERT_ENC_PKCS12; enc <= RD_KAFKA_CERT_ENC_PEM; enc++) {
                rd_kafka_conf_t *conf = conf_of("bootstrap.servers", c.servers, "security.protocol", "ssl", "ssl.key.password", "secret", NULL);
                rd_kafka_t *rk;
                rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
                rd_kafka_conf_set_error_cb(conf, on_error);
                give(conf, RD_KAFKA_CERT_PUBLIC_KEY, enc, own[enc]);
                give(conf, RD_KAFKA_CERT_PRIVATE_KEY, enc, key[enc]);
                give(conf, RD_KAFKA_CERT_CA, enc, ca[enc]);
                memset(&seen, 0, sizeof(seen));
                rk = client(RD_KAFKA_PRODUCER, conf);
                CHECK(gets_through(rk, ms(20000)), "encoding %d: %s", enc, seen.reason);
                DESTROY(rk, 1000);
        }
        cluster_end(&c);
}

static void no_certificate_where_one_is_wanted(void) {
        struct cluster c = cluster_of("--tls", in_folder("broker.pem"), in_folder("broker.key"), "--client-ca", in_folder("ca.pem"), NULL);
        rd_kafka_t *rk;
        memset(&seen, 0, sizeof(seen));
        rk = client(RD_KAFKA_PRODUCER, conf_to(&c, "ssl", NULL));
        CHECK(poll_until(rk, &seen.errors, 1, ms(10000)), "no error in time");
        DESTROY(rk, 1000);
        cluster_end(&c);
}

/* ---- the end in the middle ---- */

static void a_server_that_says_nothing(void) {
        char servers[64];
        int i, fd = listening(servers, sizeof(servers));
        for (i = 0; i < 3; i++) {
                rd_kafka_conf_t *conf = conf_of("bootstrap.servers", servers, "security.protocol", i ? "ssl" : "sasl_plaintext", NULL);
                rd_kafka_t *rk;
                if (i != 1) {
                        conf_put(conf, "security.protocol", i ? "sasl_ssl" : "sasl_plaintext");
                        conf_put(conf, "sasl.mechanisms", "PLAIN");
                        conf_put(conf, "sasl.username", "alice");
                        conf_put(conf, "sasl.password", "secret");
                }
                rk = client(RD_KAFKA_PRODUCER, conf);
                usleep(100000);
                DESTROY(rk, 1000);
        }
        close(fd);
}

/* At any moment of the set-up: while it connects, shakes hands, logs in. */
static void destroyed_at_any_time(void) {
        struct cluster c = login_cluster(1, "0");
        int i, fds = t_fds(), threads = t_threads();
        for (i = 0; i < 60; i++) {
                rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_to(&c, "sasl_ssl", i % 2 ? "SCRAM-SHA-256" : "PLAIN"));
                CHECK_ERR(put(rk, "t", "v", 1, 0), 0);
                usleep((useconds_t)(i * 300));
                DESTROY(rk, 1000);
        }
        CHECK(t_threads_down_to(threads) == threads, "%d threads more", t_threads() - threads);
        CHECK(t_fds_down_to(fds) == fds, "%d descriptors more", t_fds() - fds);
        cluster_end(&c);
}

/* The connection is held, then cut, at any moment; in the end all goes on. */
static void held_and_cut(void) {
        struct cluster c = login_cluster(1, "0");
        rd_kafka_conf_t *conf;
        rd_kafka_t *rk;
        int i;
        proxy_start();
        conf = with(conf_to(&c, "sasl_ssl", "SCRAM-SHA-256"), "reconnect.backoff.ms", "5");
        conf_put(conf, "reconnect.backoff.max.ms", "10");
        rd_kafka_conf_set_connect_cb(conf, proxy_connect_cb);
        memset(&seen, 0, sizeof(seen));
        rk = client(RD_KAFKA_PRODUCER, with(conf, "enable.idempotence", "true"));
        for (i = 0; i < 60; i++) {
                CHECK_ERR(put(rk, "t", "v", 1, i + 1), 0);
                proxy_set(i % 2 ? &proxy.hold_answers : &proxy.hold_requests, 1);
                rd_kafka_poll(rk, 5);
                proxy_set(&proxy.cut, 1);
                proxy_set(i % 2 ? &proxy.hold_answers : &proxy.hold_requests, 0);
                rd_kafka_poll(rk, i);
        }
        CHECK_ERR(rd_kafka_flush(rk, ms(30000)), 0);
        CHECK(seen.delivered == 60 && !seen.failed && !seen.disordered, "%d delivered, %d failed, %d out of order", seen.delivered, seen.failed,
              seen.disordered);
        DESTROY(rk, 1000);
        proxy_stop();
        cluster_end(&c);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        make_certificates();
        RUN(messages);
        RUN(large_messages);
        RUN(many_clients_at_once);
        RUN(unknown_ca);
        RUN(another_host);
        RUN(expired);
        RUN(unverified);
        RUN(application_accepts);
        RUN(application_refuses);
        RUN(an_error_that_stays);
        RUN(certificates_from_memory);
        RUN(no_certificate_where_one_is_wanted);
        RUN(a_server_that_says_nothing);
        RUN(destroyed_at_any_time);
        RUN(held_and_cut);
        remove_certificates();
        return T_END();
}
