/* Which partition a message goes to: the hashes as other clients have them, the sticky partitioner, the application's own. */
#include "reports.h"

static uint32_t crc32_of(const char *s, size_t n) {
        uint32_t c = 0xffffffff;
        int k;
        while (n--)
                for (c ^= (unsigned char)*s++, k = 0; k < 8; k++)
                        c = c & 1 ? (c >> 1) ^ 0xedb88320u : c >> 1;
        return c ^ 0xffffffff;
}

/* The 32-bit FNV-1a of a key, then made positive as a signed number: what other clients call fnv1a partitioning. */
static uint32_t fnv1a_of(const char *s, size_t n) {
        uint32_t h = 0x811c9dc5;
        while (n--)
                h = (h ^ (unsigned char)*s++) * 0x01000193u;
        return h & 0x80000000u ? 0u - h : h;
}

/* Hashes that the Java client's own tests list. */
static const struct {
        const char *key;
        int32_t murmur2;
} MURMUR2[] = {
    {"21", -973932308},
    {"foobar", -790332482},
    {"a-little-bit-long-string", -985981536},
    {"a-little-bit-longer-string", -1486304829},
    {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
    {"abc", 479470107},
};

static void partitioner_functions(void) {
        static const int COUNTS[] = {1, 2, 3, 7, 16, 1000};
        rd_kafka_t *rk      = client(RD_KAFKA_PRODUCER, conf_of(NULL, NULL));
        rd_kafka_topic_t *r = rd_kafka_topic_new(rk, "topic", NULL);
        size_t i, c;
        for (i = 0; i < sizeof(MURMUR2) / sizeof(*MURMUR2); i++)
                for (c = 0; c < sizeof(COUNTS) / sizeof(*COUNTS); c++) {
                        const char *key = MURMUR2[i].key;
                        size_t len      = strlen(key);
                        int32_t n       = COUNTS[c];
                        int32_t murmur  = (MURMUR2[i].murmur2 & 0x7fffffff) % n;
                        CHECK(rd_kafka_msg_partitioner_murmur2(r, key, len, n, NULL, NULL) == murmur, "murmur2 %s %d", key, n);
                        CHECK(rd_kafka_msg_partitioner_murmur2_random(r, key, len, n, NULL, NULL) == murmur, "murmur2_random %s %d", key, n);
                        CHECK(rd_kafka_msg_partitioner_consistent(r, key, len, n, NULL, NULL) == (int32_t)(crc32_of(key, len) % (uint32_t)n),
                              "consistent %s %d", key, n);
                        CHECK(rd_kafka_msg_partitioner_consistent_random(r, key, len, n, NULL, NULL) == (int32_t)(crc32_of(key, len) % (uint32_t)n),
                              "consistent_random %s %d", key, n);
                        CHECK(rd_kafka_msg_partitioner_fnv1a(r, key, len, n, NULL, NULL) == (int32_t)(fnv1a_of(key, len) % (uint32_t)n),
                              "fnv1a %s %d", key, n);
                        CHECK(rd_kafka_msg_partitioner_fnv1a_random(r, key, len, n, NULL, NULL) == (int32_t)(fnv1a_of(key, len) % (uint32_t)n),
                              "fnv1a_random %s %d", key, n);
                }
        CHECK(rd_kafka_msg_partitioner_consistent(r, NULL, 0, 16, NULL, NULL) == 0, "consistent without a key");
        rd_kafka_topic_destroy(r);
        DESTROY(rk, 1000);
}

/* The same through the property: keys land where the hash says, messages without a key use more than one partition. */
static void partitioner_property(void) {
        static const char *const NAMES[] = {"random", "consistent", "consistent_random", "murmur2", "murmur2_random", "fnv1a", "fnv1a_random"};
        size_t i, k;
        const char *topic = fresh_topic("partitioner", 7);
        for (i = 0; i < 7; i++) {
                rd_kafka_t *rk = reporting_producer(conf_of("partitioner", NAMES[i], "sticky.partitioning.linger.ms", "0", NULL));
                int j, used[7] = {0}, different = 0;
                for (k = 0; k < 6; k++)
                        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY(MURMUR2[k].key, strlen(MURMUR2[k].key)),
                                                    RD_KAFKA_V_END), 0);
                rd_kafka_flush(rk, ms(10000));
                NEED(reports == 6, "%s: %d reports", NAMES[i], reports);
                for (k = 0; k < 6; k++) {
                        const char *key = MURMUR2[k].key;
                        int32_t want    = !strncmp(NAMES[i], "murmur2", 7) ? (MURMUR2[k].murmur2 & 0x7fffffff) % 7
                                       : !strncmp(NAMES[i], "fnv1a", 5)    ? (int32_t)(fnv1a_of(key, strlen(key)) % 7)
                                                                           : (int32_t)(crc32_of(key, strlen(key)) % 7);
                        /* Reports come in any order of partitions: each key's partition must occur. */
                        for (j = 0; j < 6 && report[j].partition != want; j++)
                                ;
                        if (strcmp(NAMES[i], "random"))
                                CHECK(j < 6, "%s: nothing in partition %d for %s", NAMES[i], want, key);
                }
                reports = 0;
                for (k = 0; k < 200; k++)
                        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_END), 0);
                rd_kafka_flush(rk, ms(10000));
                NEED(reports == 200, "%s: %d reports", NAMES[i], reports);
                for (j = 0; j < 200; j++)
                        if (report[j].partition >= 0 && report[j].partition < 7)
                                used[report[j].partition]++;
                for (j = 0; j < 7; j++)
                        different += used[j] > 0;
                if (strstr(NAMES[i], "random"))
                        CHECK(different > 3, "%s: %d partitions used", NAMES[i], different);
                else
                        CHECK(different == 1, "%s: %d partitions used", NAMES[i], different);
                DESTROY(rk, 1000);
        }
}

/* With a sticky linger, messages without a key stay together for that long. */
static void sticky(void) {
        const char *topic = fresh_topic("sticky", 7);
        rd_kafka_t *rk    = reporting_producer(conf_of("sticky.partitioning.linger.ms", "60000", NULL));
        int i, different = 0;
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_END), 0);
        rd_kafka_flush(rk, ms(10000));
        reports = 0;
        for (i = 0; i < 300; i++)
                CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_END), 0);
        rd_kafka_flush(rk, ms(10000));
        CHECK(reports == 300, "%d reports", reports);
        for (i = 1; i < 300; i++)
                different += report[i].partition != report[0].partition;
        CHECK(different == 0, "%d messages left the sticky partition", different);
        DESTROY(rk, 1000);
}

static int custom_calls, custom_bad, custom_available;
static int32_t custom_partitioner(const rd_kafka_topic_t *rkt, const void *key, size_t len, int32_t cnt, void *rkt_opaque,
                                  void *msg_opaque) {
        custom_calls++;
        if (!rkt || cnt != 5 || rkt_opaque != number(123) || !msg_opaque || len != 1)
                custom_bad++;
        custom_available = rd_kafka_topic_partition_available(rkt, 0) && !rd_kafka_topic_partition_available(rkt, 7);
        return ((const char *)key)[0] - '0';
}

static void custom(void) {
        const char *topic           = fresh_topic("custom", 5);
        rd_kafka_t *rk              = reporting_producer(conf_of(NULL, NULL));
        rd_kafka_topic_conf_t *tcnf = rd_kafka_topic_conf_new();
        rd_kafka_topic_t *r;
        int i;
        rd_kafka_topic_conf_set_partitioner_cb(tcnf, custom_partitioner);
        rd_kafka_topic_conf_set_opaque(tcnf, number(123));
        r            = rd_kafka_topic_new(rk, topic, tcnf);
        custom_calls = custom_bad = 0;
        for (i = 0; i < 20; i++) {
                char key = (char)('0' + i % 5);
                CHECK(!rd_kafka_produce(r, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, "v", 1, &key, 1, number(100 + i % 5)), "produce");
        }
        rd_kafka_flush(rk, ms(10000));
        CHECK(reports == 20, "%d reports", reports);
        CHECK(custom_calls >= 20 && !custom_bad, "%d calls, %d bad", custom_calls, custom_bad);
        for (i = 0; i < reports; i++)
                CHECK(report[i].opaque == number(100 + report[i].partition), "in partition %d", report[i].partition);
        /* Now that something was delivered, partition 0 is known to have a leader. */
        CHECK(!rd_kafka_produce(r, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, "v", 1, "0", 1, number(100)), "produce");
        rd_kafka_flush(rk, ms(10000));
        CHECK(custom_available, "partition_available");
        rd_kafka_topic_destroy(r);
        DESTROY(rk, 1000);
}

static int32_t first_partition(const rd_kafka_topic_t *rkt, const void *key, size_t len, int32_t cnt, void *rkt_opaque, void *msg_opaque) {
        (void)rkt;
        (void)key;
        (void)len;
        (void)cnt;
        (void)rkt_opaque;
        (void)msg_opaque;
        custom_calls++;
        return 0;
}

/* While messages without a key are sticky, the application's partitioner is asked about those with one only, be it empty. */
static void custom_and_sticky(void) {
        static const struct {
                const char *linger, *key;
                size_t len;
                int calls;
        } CASES[] = {{"10", NULL, 0, 0}, {"10", "k", 1, 1}, {"10", "", 0, 1}, {"0", NULL, 0, 1}};
        const char *topic = fresh_topic("customsticky", 3);
        size_t i;
        for (i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
                rd_kafka_t *rk              = reporting_producer(conf_of("sticky.partitioning.linger.ms", CASES[i].linger, NULL));
                rd_kafka_topic_conf_t *tcnf = rd_kafka_topic_conf_new();
                rd_kafka_topic_t *r;
                rd_kafka_topic_conf_set_partitioner_cb(tcnf, first_partition);
                r            = rd_kafka_topic_new(rk, topic, tcnf);
                custom_calls = 0;
                CHECK(!rd_kafka_produce(r, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, "v", 1, CASES[i].key, CASES[i].len, NULL), "produce");
                CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
                CHECK(reports == 1 && !report[0].err, "%d reports", reports);
                CHECK(!!custom_calls == CASES[i].calls, "case %d: %d calls", (int)i, custom_calls);
                rd_kafka_topic_destroy(r);
                DESTROY(rk, 1000);
        }
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(partitioner_functions);
        RUN(partitioner_property);
        RUN(sticky);
        RUN(custom);
        RUN(custom_and_sticky);
        return T_END();
}
