/*
 * Publishes a batch of which a part may fail: the lines of standard input go to TOPIC, and the program tells which of them have not
 * arrived, and why. A line is VALUE, or KEY, a tab and VALUE.
 *
 *     cc -O2 -Wall -o partial_publish partial_publish.c -lrdkafka
 *     ./partial_publish BOOTSTRAP TOPIC <LINES
 *
 * It ends with 0 if all lines have been delivered, with 2 if some have not, and with 1 if it could not begin. unit_test.c tests
 * publish() against a mock cluster.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#define ATTEMPTS 3

struct item {
        char *key, *value; /* No key: NULL. */
        rd_kafka_resp_err_t err;
        char why[256];
};

/* Each message carries its item as its opaque, so that the report says what has become of which one. */
static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        struct item *item = m->_private;
        const char *why   = rd_kafka_message_produce_errstr(m); /* The broker's words, if it has some. */
        (void)rk;
        (void)opaque;
        item->err = m->err;
        snprintf(item->why, sizeof(item->why), "%s", why ? why : rd_kafka_err2str(m->err));
}

/* The library itself sends again, until message.timeout.ms, what a broker refuses for a passing reason. What is left for the
 * application: the time was over, or another message spoilt the batch that this one was in. All else would be refused again. */
static int worth_another_attempt(rd_kafka_resp_err_t err) {
        return err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT || err == RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD;
}

static void produce(rd_kafka_t *rk, const char *topic, struct item *item) {
        rd_kafka_resp_err_t err;
        /* The value is not copied: it stays where it is until the report. */
        while ((err = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY(item->key, item->key ? strlen(item->key) : 0),
                                        RD_KAFKA_V_VALUE(item->value, strlen(item->value)), RD_KAFKA_V_OPAQUE(item),
                                        RD_KAFKA_V_END)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
                rd_kafka_poll(rk, 100);
        item->err = err ? err : RD_KAFKA_RESP_ERR__IN_PROGRESS;
        /* One that is not taken at all, such as one that is too large, gets no report. */
        snprintf(item->why, sizeof(item->why), "%s", rd_kafka_err2str(item->err));
}

/* Publishes all items, and returns how many have failed: their err and why say the reason. All items must stay where they are
 * until it returns, and rk must have on_delivery as its callback. */
int publish(rd_kafka_t *rk, const char *topic, struct item *items, int n) {
        int attempt, i, failed = 0, again = 1;
        for (attempt = 1; attempt <= ATTEMPTS && again; attempt++) {
                for (i = 0; i < n; i++)
                        if (attempt == 1 || worth_another_attempt(items[i].err))
                                produce(rk, topic, &items[i]);
                /* Every message is reported in the end, at the latest after message.timeout.ms. */
                rd_kafka_flush(rk, -1);
                for (i = failed = again = 0; i < n; i++) {
                        failed += items[i].err != RD_KAFKA_RESP_ERR_NO_ERROR;
                        again += worth_another_attempt(items[i].err);
                }
        }
        return failed;
}

rd_kafka_t *open_publisher(const char *bootstrap) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_t *rk        = NULL;
        char text[512];
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        if (rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, text, sizeof(text)) ||
            rd_kafka_conf_set(conf, "enable.idempotence", "true", text, sizeof(text)) ||
            rd_kafka_conf_set(conf, "message.timeout.ms", "10000", text, sizeof(text)))
                rd_kafka_conf_destroy(conf);
        else if (!(rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text))))
                rd_kafka_conf_destroy(conf);
        if (!rk)
                fprintf(stderr, "%s\n", text);
        return rk;
}

static struct item *read_items(int *n) {
        struct item *items = NULL;
        char *line         = NULL;
        size_t room        = 0;
        ssize_t len;
        for (*n = 0; (len = getline(&line, &room, stdin)) >= 0; ++*n) {
                struct item item = {0};
                char *tab;
                if (len && line[len - 1] == '\n')
                        line[len - 1] = '\0';
                if ((tab = strchr(line, '\t'))) {
                        *tab     = '\0';
                        item.key = strdup(line);
                }
                item.value = strdup(tab ? tab + 1 : line);
                items      = realloc(items, (*n + 1) * sizeof(*items));
                if (!items || !item.value || (tab && !item.key))
                        abort();
                items[*n] = item;
        }
        free(line);
        return items;
}

int main(int argc, char **argv) {
        struct item *items;
        rd_kafka_t *rk;
        int i, n, failed;
        if (argc != 3) {
                fprintf(stderr, "usage: %s BOOTSTRAP TOPIC <LINES\n", argv[0]);
                return 1;
        }
        if (!(rk = open_publisher(argv[1])))
                return 1;
        items  = read_items(&n);
        failed = publish(rk, argv[2], items, n);
        for (i = 0; i < n; i++)
                if (items[i].err)
                        printf("line %d not delivered: %s: %s\n", i + 1, rd_kafka_err2name(items[i].err), items[i].why);
        printf("%d of %d delivered\n", n - failed, n);
        for (i = 0; i < n; i++) {
                free(items[i].key);
                free(items[i].value);
        }
        free(items);
        rd_kafka_destroy(rk);
        return failed ? 2 : 0;
}
