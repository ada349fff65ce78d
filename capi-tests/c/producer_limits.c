/* What a message counts: against message.max.bytes, and against queue.buffering.max.kbytes. */
#include "mock.h"

static char bytes[4000];

/* The largest value that the call takes with this key and these headers. */
static int largest(rd_kafka_t *rk, int limit, size_t key, int headers, size_t header_value) {
        int size, most = -1;
        for (size = limit - 250; size <= limit + 5; size++) {
                rd_kafka_headers_t *h = rd_kafka_headers_new(1);
                rd_kafka_resp_err_t err;
                int i;
                for (i = 0; i < headers; i++)
                        rd_kafka_header_add(h, "n", 1, bytes, (ssize_t)header_value);
                err = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_KEY(key ? bytes : NULL, key),
                                        RD_KAFKA_V_VALUE(bytes, (size_t)size), RD_KAFKA_V_HEADERS(h), RD_KAFKA_V_END);
                if (!err) {
                        most = size;
                        continue;
                }
                rd_kafka_headers_destroy(h);
                CHECK_ERR(err, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
                break;
        }
        rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(rk, ms(10000));
        return most;
}

static void message_max_bytes(void) {
        static const char *const LIMITS[] = {"1000", "1500", "3000"};
        size_t i;
        for (i = 0; i < 3; i++) {
                struct mock m = mock_of(1);
                int limit = atoi(LIMITS[i]);
                rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", m.servers, "message.max.bytes", LIMITS[i], NULL));
                int value = largest(rk, limit, 0, 0, 0), key = largest(rk, limit, 10, 0, 0), one = largest(rk, limit, 0, 1, 1),
                    five = largest(rk, limit, 0, 5, 1), longer = largest(rk, limit, 0, 1, 100);
                CHECK(value == limit - 36, "value alone: %d of %d", value, limit);
                CHECK(key == limit - 46, "key: %d of %d", key, limit);
                CHECK(one == limit - 40, "a header: %d of %d", one, limit);
                CHECK(five == limit - 56, "five headers: %d of %d", five, limit);
                /* Its length takes two bytes. */
                CHECK(longer == limit - 140, "a longer header: %d of %d", longer, limit);
                rd_kafka_destroy(rk);
                mock_end(&m);
        }
}

static int fill_up(size_t key, size_t value) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", "127.0.0.1:1", "queue.buffering.max.kbytes", "1", NULL));
        int n;
        for (n = 0; n < 100000; n++) {
                rd_kafka_resp_err_t err =
                    rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_KEY(key ? bytes : NULL, key),
                                      RD_KAFKA_V_VALUE(bytes, value), RD_KAFKA_V_HEADER("header", "of some bytes", -1), RD_KAFKA_V_END);
                if (err) {
                        CHECK_ERR(err, RD_KAFKA_RESP_ERR__QUEUE_FULL);
                        break;
                }
        }
        rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE);
        rd_kafka_destroy(rk);
        return n;
}

/* Values count; keys and headers do not. */
static void queue_bytes(void) {
        int plain = fill_up(0, 100), keyed = fill_up(200, 100), whole = fill_up(0, 1024);
        CHECK(plain == 10, "%d values of 100 bytes", plain);
        CHECK(keyed == 10, "%d values of 100 bytes with keys", keyed);
        CHECK(whole == 1, "%d values of 1024 bytes", whole);
}

/* What the call has taken is delivered: batches have room for it. */
static void the_largest_arrive(void) {
        struct mock m         = mock_of(1);
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", m.servers, "message.max.bytes", "1000", "linger.ms", "20", NULL);
        rd_kafka_t *rk;
        int i;
        rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
        rk        = client(RD_KAFKA_PRODUCER, conf);
        delivered = 0;
        for (i = 0; i < 8; i++)
                CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_KEY("k", 1),
                                            RD_KAFKA_V_VALUE(bytes, (size_t)(i % 2 ? 900 : 963)), RD_KAFKA_V_END),
                          0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        CHECK(delivered == 8, "%d", delivered);
        for (i = 0; i < delivered && i < 8; i++)
                CHECK_ERR(delivery_errors[i], 0);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(message_max_bytes);
        RUN(queue_bytes);
        RUN(the_largest_arrive);
        return T_END();
}
