/* A share consumer; a part of bench.c. */
#ifndef SHARE_H
#define SHARE_H

/* A group of its own that begins with the oldest record. */
static void share_group(const char *group) {
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_GROUP, group);
        rd_kafka_queue_t *q;
        rd_kafka_event_t *e;
        char errstr[256];
        rd_kafka_t *rk;
        rd_kafka_error_t *error =
            rd_kafka_ConfigResource_add_incremental_config(resource, "share.auto.offset.reset", RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, "earliest");
        if (error)
                die("share.auto.offset.reset", rd_kafka_error_string(error));
        rd_kafka_conf_set(conf, "bootstrap.servers", getenv("BOOTSTRAP"), errstr, sizeof(errstr));
        rk = client(RD_KAFKA_PRODUCER, conf);
        q  = rd_kafka_queue_new(rk);
        rd_kafka_IncrementalAlterConfigs(rk, &resource, 1, NULL, q);
        e = rd_kafka_queue_poll(q, 30000);
        if (!e || rd_kafka_event_error(e))
                die("configuring the group", e ? rd_kafka_event_error_string(e) : "no answer");
        rd_kafka_event_destroy(e);
        rd_kafka_ConfigResource_destroy(resource);
        rd_kafka_queue_destroy(q);
        rd_kafka_destroy(rk);
}

/* What a poll returned is accepted by the next one. */
static void bench_share(const char *workload, rd_kafka_conf_t *conf, const char *topic, int64_t count) {
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        char group[64], errstr[256];
        struct figures f;
        rd_kafka_share_t *rk;
        snprintf(group, sizeof(group), "bench-share-%d", (int)getpid());
        share_group(group);
        rd_kafka_conf_set(conf, "group.id", group, errstr, sizeof(errstr));
        if (!(rk = rd_kafka_share_consumer_new(conf, errstr, sizeof(errstr))))
                die("rd_kafka_share_consumer_new", errstr);
        signal(SIGALRM, stalled);
        alarm(10);
        begin(&f);
        rd_kafka_topic_partition_list_add(l, topic, RD_KAFKA_PARTITION_UA);
        if (rd_kafka_share_subscribe(rk, l))
                die("subscribe", "failed");
        while (received < count) {
                rd_kafka_messages_t *batch = NULL;
                int64_t before             = stamp_now();
                rd_kafka_error_t *error    = rd_kafka_share_poll(rk, 1000, &batch);
                size_t n = batch ? rd_kafka_messages_count(batch) : 0, i;
                if (error)
                        die("share_poll", rd_kafka_error_string(error));
                if (n)
                        sample(before);
                for (i = 0; i < n; i++)
                        take(rd_kafka_messages_get(batch, i));
                if (batch)
                        rd_kafka_messages_destroy(batch);
        }
        end(&f);
        alarm(0);
        report(workload, received, &f);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_share_destroy(rk);
}

#endif
