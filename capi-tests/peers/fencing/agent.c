/*
 * The producers of fence.py, in C: agent.py has the protocol.
 *
 *     agent BOOTSTRAP TOPIC
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rdkafka.h"

#define CALL_MS 30000

static struct slot {
        char name[16];
        rd_kafka_t *rk;
} slots[16];

static const char *bootstrap, *topic;
static rd_kafka_resp_err_t failure;

/* That a producer is fenced is what is tried here. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text) {
        (void)rk;
        (void)level;
        (void)facility;
        (void)text;
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
        (void)rk;
        (void)opaque;
        if (m->err)
                failure = m->err;
}

static struct slot *slot_of(const char *name) {
        size_t i;
        for (i = 0; i < sizeof(slots) / sizeof(*slots); i++)
                if (!*slots[i].name || !strcmp(slots[i].name, name))
                        return &slots[i];
        return &slots[0];
}

static void judge(rd_kafka_t *rk, rd_kafka_error_t *error) {
        rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(rk, NULL, 0);
        if (!error)
                printf("ok\n");
        else if (fatal == RD_KAFKA_RESP_ERR__FENCED && rd_kafka_error_is_fatal(error))
                printf("fenced\n");
        else if (rd_kafka_error_txn_requires_abort(error))
                printf("abort %s\n", rd_kafka_error_name(error));
        else
                printf("error %s %s\n", rd_kafka_error_name(error), rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
}

static rd_kafka_t *producer(const char *id) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char text[512];
        rd_kafka_t *rk;
        rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, NULL, 0);
        rd_kafka_conf_set(conf, "transactional.id", id, NULL, 0);
        rd_kafka_conf_set(conf, "linger.ms", "0", NULL, 0);
        rd_kafka_conf_set_log_cb(conf, on_log);
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        if (!(rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text)))) {
                fprintf(stderr, "%s\n", text);
                exit(1);
        }
        return rk;
}

static void produce(rd_kafka_t *rk, const char *value, int wait) {
        failure                 = 0;
        rd_kafka_resp_err_t err = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_VALUE((void *)value, strlen(value)),
                                                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
        if (!err && wait && rd_kafka_flush(rk, CALL_MS)) {
                printf("error not flushed\n");
                return;
        }
        if (!err)
                err = failure;
        if (!err)
                printf("ok\n");
        else if (rd_kafka_fatal_error(rk, NULL, 0) == RD_KAFKA_RESP_ERR__FENCED)
                printf("fenced\n");
        else
                printf("abort %s\n", rd_kafka_err2name(err));
}

int main(int argc, char **argv) {
        char line[256], name[16], command[16], argument[128];
        size_t i;
        if (argc != 3)
                return 2;
        bootstrap = argv[1], topic = argv[2];
        while (fgets(line, sizeof(line), stdin)) {
                struct slot *slot;
                *argument = '\0';
                if (sscanf(line, "%15s %15s %127s", name, command, argument) < 2)
                        return 2;
                slot = slot_of(name);
                if (!strcmp(command, "new")) {
                        if (slot->rk)
                                rd_kafka_destroy(slot->rk);
                        strcpy(slot->name, name);
                        slot->rk = producer(argument);
                        judge(slot->rk, rd_kafka_init_transactions(slot->rk, CALL_MS));
                } else if (!strcmp(command, "begin"))
                        judge(slot->rk, rd_kafka_begin_transaction(slot->rk));
                else if (!strcmp(command, "produce") || !strcmp(command, "send"))
                        produce(slot->rk, argument, !strcmp(command, "produce"));
                else if (!strcmp(command, "commit"))
                        judge(slot->rk, rd_kafka_commit_transaction(slot->rk, CALL_MS));
                else if (!strcmp(command, "abort"))
                        judge(slot->rk, rd_kafka_abort_transaction(slot->rk, CALL_MS));
                else
                        printf("error no command %s\n", command);
                fflush(stdout);
        }
        for (i = 0; i < sizeof(slots) / sizeof(*slots); i++)
                if (slots[i].rk)
                        rd_kafka_destroy(slots[i].rk);
        return 0;
}
