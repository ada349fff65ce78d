/* Admin events as text that is the same on both libraries, if they do the same. */
#ifndef REPORT_H
#define REPORT_H

#include "client.h"

/* The names of this run begin with it; it is shown as @. */
extern char prefix[64];

/* "@NAME" with the prefix put in; good for the next 32 calls. */
const char *name(const char *at_name);

struct run {
        rd_kafka_t *rk;
        rd_kafka_queue_t *q;
        int calls;
};
extern struct run run;

/* Options for a call, taken by the next `show`; null for none. */
rd_kafka_AdminOptions_t *options(rd_kafka_admin_op_t op, int request_timeout_ms, int operation_timeout_ms);
extern rd_kafka_AdminOptions_t *next_options;

/* Waits for the event of the call that was just made, prints it, and frees it with the options. */
void show(const char *label, ...) __attribute__((format(printf, 1, 2)));

/* How many nodes are bootstrapped. */
int nodes_in_cluster(void);

/* The brokers that are to have the partition's replicas: all, each partition with another one first. */
void replicas_of(int partition, int32_t *brokers);

/* Waits until all brokers are there and all replicas in sync. */
int settled(void);

/* Creates a topic with replicas on all nodes, and waits until brokers tell of it. */
void make_topic(const char *of, int partitions);

void topics_subject(void);
void configs_subject(void);
void describe_subject(void);
void records_subject(void);
void groups_subject(void);
void acls_subject(void);
void users_subject(void);

#endif
