/* For the programs that test admin operations. */
#ifndef ADMIN_H
#define ADMIN_H

#include "mock.h"

/* Kafka before 3.0, whose brokers do by ZooKeeper what controllers do now: some answers are other ones. */
static UNUSED int is_old(const char *servers) {
        return wire_max_version(servers, 2) < 7;
}

/* A client of a broker that nobody is behind: what has to ask one does not end. */
static UNUSED rd_kafka_t *unreachable(void) {
        return client(RD_KAFKA_PRODUCER, conf_of("bootstrap.servers", "127.0.0.1:1", NULL));
}

/* The event of an operation, of this kind and with this error. */
static UNUSED rd_kafka_event_t *admin_result(rd_kafka_queue_t *q, rd_kafka_event_type_t type, rd_kafka_resp_err_t want) {
        rd_kafka_event_t *e = rd_kafka_queue_poll(q, ms(60000));
        if (!e) {
                printf("  no event of kind %#x\n", (unsigned)type);
                exit(1);
        }
        CHECK(rd_kafka_event_type(e) == type, "%s", rd_kafka_event_name(e));
        if (rd_kafka_event_error(e) != want)
                printf("  %s\n", rd_kafka_event_error_string(e));
        CHECK_ERR(rd_kafka_event_error(e), want);
        return e;
}

/* Until the condition holds, or the time is up; true if it holds. */
#define EVENTUALLY(condition)                                                                                          \
        do {                                                                                                           \
                int64_t until_ = now_ms() + ms(20000);                                                                 \
                while (!(condition) && now_ms() < until_)                                                              \
                        usleep(20000);                                                                                 \
                CHECK((condition), "not in time: %s", #condition);                                                     \
        } while (0)

#endif
