/*
 * TLS without a broker: certificates and keys in every encoding, what makes rd_kafka_new refuse a configuration, and with
 * which code. Codes and the property that a text names are the same with both libraries.
 *
 * Certificates are made by openssl(1) in a folder of this program's own.
 */
#include <fcntl.h>

#include "client.h"

static char folder[64];

/* A name in the folder; good for eight further calls. */
static const char *in_folder(const char *name) {
        static char paths[8][128];
        static int next;
        char *path = paths[next++ % 8];
        snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
        return path;
}

static int shell(const char *script) {
        char command[4096];
        snprintf(command, sizeof(command), "cd %s && exec >/dev/null 2>&1 && set -e\n%s", folder, script);
        return system(command);
}

static int make_certificates(void) {
        strcpy(folder, "/tmp/librskafka-tls-XXXXXX");
        return mkdtemp(folder) &&
               shell("key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $1; }\n"
                     "key ca.key; key own.key; key other.key\n"
                     "openssl req -x509 -new -key ca.key -subj /CN=ca -days 30 -out ca.pem\n"
                     "openssl req -new -key own.key -subj /CN=own -out own.csr\n"
                     "openssl x509 -req -in own.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out own.pem\n"
                     "cat own.pem ca.pem >chain.pem; cat ca.pem own.pem >authorities.pem\n"
                     "openssl x509 -in ca.pem -outform DER -out ca.der\n"
                     "openssl x509 -in own.pem -outform DER -out own.der\n"
                     "openssl pkey -in own.key -outform DER -out key.der\n"
                     "openssl pkcs8 -topk8 -in own.key -passout pass:secret -out pkcs8.key\n"
                     "openssl ec -in own.key -aes128 -passout pass:secret -out traditional.key\n"
                     "openssl pkcs12 -export -inkey own.key -in own.pem -certfile ca.pem -passout pass:secret -out own.p12\n"
                     "openssl pkcs12 -export -legacy -inkey own.key -in own.pem -passout pass:secret -out old.p12\n"
                     "printf nonsense >garbage; : >empty; mkdir directory\n") == 0;
}

static void remove_certificates(void) {
        char command[96];
        snprintf(command, sizeof(command), "rm -rf '%s'", folder);
        if (system(command))
                printf("  %s is left\n", folder);
}

static size_t read_file(const char *name, char *buf, size_t size) {
        int fd    = open(in_folder(name), O_RDONLY);
        ssize_t n = fd < 0 ? -1 : read(fd, buf, size);
        if (fd >= 0)
                close(fd);
        return n < 0 ? 0 : (size_t)n;
}

static const char PROTOCOL[] = "security.protocol", SSL[] = "ssl";

/* Whether a client can be made; takes the configuration. What it says if not is in `said`. */
static char said[1024];

static int works(rd_kafka_conf_t *conf) {
        rd_kafka_t *rk;
        said[0] = '\0';
        rk      = rd_kafka_new(RD_KAFKA_PRODUCER, conf, said, sizeof(said));
        if (!rk) {
                CHECK_ERR(rd_kafka_last_error(), RD_KAFKA_RESP_ERR__INVALID_ARG);
                CHECK(errno == EINVAL || !is_upstream(), "%d", errno);
                rd_kafka_conf_destroy(conf);
                return 0;
        }
        rd_kafka_destroy(rk);
        return 1;
}

#define WORKS(...) CHECK(works(conf_of(PROTOCOL, SSL, __VA_ARGS__, NULL)), "%s", said)

/* Fails, and the text names the property. */
#define FAILS(word, ...)                                                                                                       \
        do {                                                                                                                   \
                CHECK(!works(conf_of(PROTOCOL, SSL, __VA_ARGS__, NULL)), "it works");                                          \
                CHECK(strstr(said, word), "\"%s\" is not in: %s", word, said);                                                 \
        } while (0)

static void files(void) {
        char missing[128];
        strcpy(missing, in_folder("missing"));
        WORKS("ssl.ca.location", in_folder("ca.pem"));
        WORKS("ssl.ca.location", in_folder("directory"));
        WORKS("ssl.ca.location", "probe");
        FAILS("ssl.ca.location", "ssl.ca.location", missing);
        FAILS("ssl.ca.location", "ssl.ca.location", in_folder("garbage"));
        WORKS("ssl.certificate.location", in_folder("chain.pem"), "ssl.key.location", in_folder("own.key"));
        WORKS("ssl.certificate.location", in_folder("chain.pem"));
        FAILS("ssl.certificate.location", "ssl.certificate.location", missing);
        FAILS("ssl.certificate.location", "ssl.certificate.location", in_folder("empty"));
        FAILS("ssl.key.location", "ssl.key.location", missing);
        FAILS("ssl.key.location", "ssl.key.location", in_folder("own.pem"));
        FAILS("Private key check failed", "ssl.key.location", in_folder("own.key"));
        FAILS("key values mismatch", "ssl.certificate.location", in_folder("own.pem"), "ssl.key.location",
              in_folder("other.key"));
        FAILS("ssl.crl.location", "ssl.crl.location", missing);
}

static void passwords(void) {
        const char *keys[] = {"pkcs8.key", "traditional.key"};
        char pem[8192];
        int i;
        for (i = 0; i < 2; i++) {
                const char *cert = in_folder("own.pem"), *key = in_folder(keys[i]);
                WORKS("ssl.certificate.location", cert, "ssl.key.location", key, "ssl.key.password", "secret");
                FAILS("ssl.key.location", "ssl.certificate.location", cert, "ssl.key.location", key, "ssl.key.password",
                      "wrong");
                FAILS("ssl.key.location", "ssl.certificate.location", cert, "ssl.key.location", key);
                if (!is_upstream())
                        CHECK(strstr(said, "ssl.key.password"), "%s", said);
                pem[read_file(keys[i], pem, sizeof(pem) - 1)] = '\0';
                WORKS("ssl.certificate.location", cert, "ssl.key.pem", pem, "ssl.key.password", "secret");
                FAILS("ssl.key.pem", "ssl.certificate.location", cert, "ssl.key.pem", pem, "ssl.key.password", "wrong");
        }
}

static void texts(void) {
        char ca[8192], own[4096], key[4096];
        ca[read_file("authorities.pem", ca, sizeof(ca) - 1)] = '\0';
        own[read_file("chain.pem", own, sizeof(own) - 1)]    = '\0';
        key[read_file("own.key", key, sizeof(key) - 1)]      = '\0';
        WORKS("ssl.ca.pem", ca);
        WORKS("ssl.certificate.pem", own, "ssl.key.pem", key);
        FAILS("ssl.ca.pem", "ssl.ca.pem", "nonsense");
        FAILS("ssl.certificate.pem", "ssl.certificate.pem", "nonsense");
        FAILS("ssl.key.pem", "ssl.key.pem", "nonsense");
        FAILS("ssl.certificate.pem", "ssl.certificate.pem", key);
}

static void key_stores(void) {
        const char *store = in_folder("own.p12"), *old = in_folder("old.p12");
        WORKS("ssl.keystore.location", store, "ssl.keystore.password", "secret");
        FAILS("ssl.keystore.location", "ssl.keystore.location", store, "ssl.keystore.password", "wrong");
        FAILS("ssl.keystore.location", "ssl.keystore.location", in_folder("missing"), "ssl.keystore.password", "secret");
        FAILS("ssl.keystore.location", "ssl.keystore.location", in_folder("garbage"), "ssl.keystore.password", "secret");
        FAILS("ssl.keystore.location", "ssl.keystore.location", old, "ssl.keystore.password", "secret");
        if (!is_upstream())
                CHECK(strstr(said, "ssl.providers"), "%s", said);
}

static void what_is_offered(void) {
        WORKS("ssl.cipher.suites", "DEFAULT@SECLEVEL=0");
        WORKS("ssl.cipher.suites", "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384");
        FAILS("ssl.cipher.suites", "ssl.cipher.suites", "NONE-SUCH");
        /* Those of TLS 1.3 are not chosen here. */
        FAILS("ssl.cipher.suites", "ssl.cipher.suites", "TLS_AES_128_GCM_SHA256");
        WORKS("ssl.curves.list", "P-256:X25519");
        FAILS("ssl.curves.list", "ssl.curves.list", "round");
        WORKS("ssl.sigalgs.list", "RSA+SHA256:ECDSA+SHA256");
        FAILS("ssl.sigalgs.list", "ssl.sigalgs.list", "scribble");
}

static void engines_and_providers(void) {
        FAILS("engine initialization failed in", "ssl.engine.location", "invalid_path");
        FAILS("engine initialization failed in", "ssl.engine.location", in_folder("garbage"), "ssl.engine.id", "mine");
        FAILS("provider \"nosuchprovider\"", "ssl.providers", "nosuchprovider");
}

/* Last: with librdkafka the process has no cipher left once the client with providers is gone. What is compared with has
 * OpenSSL inside, and no providers beside it. */
static void providers_are_loaded(void) {
        if (is_upstream())
                return;
        WORKS("ssl.providers", "default,legacy", "ssl.keystore.location", in_folder("old.p12"), "ssl.keystore.password",
              "secret");
        WORKS("ssl.ca.location", in_folder("ca.pem"));
}

/* ---- rd_kafka_conf_set_ssl_cert ---- */

static rd_kafka_conf_res_t give(rd_kafka_conf_t *conf, int type, int enc, const char *name) {
        char buf[16384];
        size_t n = name ? read_file(name, buf, sizeof(buf)) : 0;
        memset(said, 'x', sizeof(said));
        return rd_kafka_conf_set_ssl_cert(conf, (rd_kafka_cert_type_t)type, (rd_kafka_cert_enc_t)enc, name ? buf : NULL, n, said,
                                          sizeof(said));
}

#define GIVEN(conf, type, enc, name) CHECK(give(conf, type, enc, name) == RD_KAFKA_CONF_OK, "%.200s", said)
#define REFUSED(conf, type, enc, name)                                                                                         \
        CHECK(give(conf, type, enc, name) == RD_KAFKA_CONF_INVALID && memchr(said, 0, sizeof(said)) && *said, "%.200s", said)

static const int OWN = RD_KAFKA_CERT_PUBLIC_KEY, KEY = RD_KAFKA_CERT_PRIVATE_KEY, CA = RD_KAFKA_CERT_CA;
static const int P12 = RD_KAFKA_CERT_ENC_PKCS12, DER = RD_KAFKA_CERT_ENC_DER, PEM = RD_KAFKA_CERT_ENC_PEM;

static void from_memory(void) {
        const char *own[] = {"own.p12", "own.der", "chain.pem"}, *key[] = {"own.p12", "key.der", "pkcs8.key"};
        const char *ca[]  = {"own.p12", "ca.der", "authorities.pem"};
        int enc;
        for (enc = P12; enc <= PEM; enc++) {
                rd_kafka_conf_t *conf = conf_of(PROTOCOL, SSL, "ssl.key.password", "secret", NULL), *copy;
                GIVEN(conf, OWN, enc, own[enc]);
                GIVEN(conf, KEY, enc, key[enc]);
                GIVEN(conf, CA, enc, ca[enc]);
                copy = rd_kafka_conf_dup(conf);
                CHECK(works(copy), "%s", said);
                CHECK(works(conf), "%s", said);
        }
}

static void from_memory_and_taken_back(void) {
        rd_kafka_conf_t *conf = conf_of(PROTOCOL, SSL, NULL);
        GIVEN(conf, KEY, PEM, "own.key");
        CHECK(!works(rd_kafka_conf_dup(conf)) && strstr(said, "Private key check failed"), "%s", said);
        GIVEN(conf, KEY, PEM, NULL);
        GIVEN(conf, OWN, PEM, NULL);
        GIVEN(conf, CA, DER, NULL);
        CHECK(works(conf), "%s", said);

        conf = conf_of(PROTOCOL, SSL, NULL);
        GIVEN(conf, OWN, PEM, "own.pem");
        GIVEN(conf, KEY, DER, "key.der");
        /* What cannot be read leaves what is there. */
        REFUSED(conf, KEY, PEM, "garbage");
        CHECK(works(conf), "%s", said);
}

static void not_from_memory(void) {
        const char *names[] = {"garbage", "empty"};
        rd_kafka_conf_t *conf = conf_of(PROTOCOL, SSL, NULL);
        int type, enc, i;
        for (type = OWN; type <= CA; type++)
                for (enc = P12; enc <= PEM; enc++)
                        for (i = 0; i < 2; i++)
                                REFUSED(conf, type, enc, names[i]);
        REFUSED(conf, KEY, PEM, "pkcs8.key");
        REFUSED(conf, OWN, P12, "own.p12");
        REFUSED(conf, OWN, DER, "own.pem");
        REFUSED(conf, 3, PEM, "own.pem");
        REFUSED(conf, -1, PEM, "own.pem");
        REFUSED(conf, OWN, 3, "own.pem");
        REFUSED(conf, OWN, -1, "own.pem");
        CHECK(rd_kafka_conf_set_ssl_cert(conf, RD_KAFKA_CERT_CA, RD_KAFKA_CERT_ENC_PEM, "x", 1, NULL, 0) == RD_KAFKA_CONF_INVALID, "taken");
        conf_put(conf, "ssl.key.password", "secret");
        /* Its only certificate is the client's. */
        REFUSED(conf, CA, P12, "garbage");
        rd_kafka_conf_destroy(conf);
}

static void features(void) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char words[512];
        size_t n = sizeof(words);
        CHECK(rd_kafka_conf_get(conf, "builtin.features", words, &n) == RD_KAFKA_CONF_OK, "none");
        CHECK(strstr(words, ",ssl,"), "%s", words);
        rd_kafka_conf_destroy(conf);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        if (!make_certificates()) {
                printf("  openssl(1) makes no certificates\n");
                return 1;
        }
        RUN(files);
        RUN(passwords);
        RUN(texts);
        RUN(key_stores);
        RUN(what_is_offered);
        RUN(engines_and_providers);
        RUN(from_memory);
        RUN(from_memory_and_taken_back);
        RUN(not_from_memory);
        RUN(features);
        RUN(providers_are_loaded);
        remove_certificates();
        return T_END();
}
