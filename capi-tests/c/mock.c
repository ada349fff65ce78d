/* The mock cluster through its own functions: what is set up with them is what clients then see. No Kafka is needed. */
#include "mock.h"

enum { PRODUCE = 0, LIST_OFFSETS = 2, METADATA = 3, OFFSET_FETCH = 9 };

/* ---- clusters ---- */

/* The cluster inside a client takes the place of the servers and of what secures the way to them. */
static void embedded(void) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER,
                                conf_of("test.mock.num.brokers", "3", "bootstrap.servers", "127.0.0.1:1", "security.protocol", "ssl", NULL));
        rd_kafka_t *plain                = client(RD_KAFKA_PRODUCER, conf_of(NULL, NULL));
        rd_kafka_mock_cluster_t *cluster = rd_kafka_handle_mock_cluster(rk);
        char servers[256] = "", protocol[64] = "";
        size_t size = sizeof(servers), protocol_size = sizeof(protocol);
        NEED(cluster, "no cluster");
        CHECK(rd_kafka_mock_cluster_handle(cluster) == rk, "another handle");
        CHECK(rd_kafka_conf_get(rd_kafka_conf(rk), "bootstrap.servers", servers, &size) == RD_KAFKA_CONF_OK, "get");
        CHECK(!strcmp(servers, rd_kafka_mock_cluster_bootstraps(cluster)), "%s", servers);
        CHECK(rd_kafka_conf_get(rd_kafka_conf(rk), "security.protocol", protocol, &protocol_size) == RD_KAFKA_CONF_OK, "get");
        CHECK(!strcmp(protocol, "plaintext"), "%s", protocol);
        CHECK(broker_cnt(rk) == 3, "brokers");
        CHECK(!rd_kafka_handle_mock_cluster(plain), "a cluster that nobody asked for");
        rd_kafka_destroy(plain);
        DESTROY(rk, 2000);
}

static void own(void) {
        struct mock m  = mock_of(2);
        rd_kafka_t *rk = observer(&m);
        CHECK(rd_kafka_mock_cluster_handle(m.cluster) == m.rk, "another handle");
        CHECK(strchr(m.servers, ',') && strchr(m.servers, ',') == strrchr(m.servers, ','), "%s", m.servers);
        CHECK(broker_cnt(rk) == 2, "brokers");
        rd_kafka_mock_set_controller_id(m.cluster, 2);
        metadata_takes(rk);
        CHECK(rd_kafka_controllerid(rk, ms(5000)) == 2, "controller %" PRId32, rd_kafka_controllerid(rk, 0));
        rd_kafka_destroy(rk);
        mock_end(&m);
}

static int mock_lines;
static void log_cb(const rd_kafka_t *rk, int level, const char *fac, const char *buf) {
        (void)rk;
        (void)buf;
        if (level == 7 && !strcmp(fac, "MOCK"))
                __atomic_add_fetch(&mock_lines, 1, __ATOMIC_SEQ_CST);
}

/* Debug lines of the client's own cluster, and of one that is made with it. */
static int lines_with(const char *debug) {
        rd_kafka_conf_t *conf = conf_of("test.mock.num.brokers", "1", "debug", debug, NULL);
        rd_kafka_mock_cluster_t *second;
        rd_kafka_t *rk;
        int first;
        __atomic_store_n(&mock_lines, 0, __ATOMIC_SEQ_CST);
        rd_kafka_conf_set_log_cb(conf, log_cb);
        rk = client(RD_KAFKA_PRODUCER, conf);
        broker_cnt(rk);
        first  = __atomic_load_n(&mock_lines, __ATOMIC_SEQ_CST);
        second = rd_kafka_mock_cluster_new(rk, 1);
        CHECK(!first || __atomic_load_n(&mock_lines, __ATOMIC_SEQ_CST) > first, "a cluster that is made with the client says nothing");
        rd_kafka_mock_cluster_destroy(second);
        rd_kafka_destroy(rk);
        return __atomic_load_n(&mock_lines, __ATOMIC_SEQ_CST);
}

static void debug_lines(void) {
        int lines = lines_with("mock");
        CHECK(lines > 5, "%d lines", lines);
        lines = lines_with("conf");
        CHECK(lines == 0, "%d lines", lines);
}

/* The client that has it uses it, and so does whoever is told where it is. */
static void embedded_for_others(void) {
        rd_kafka_conf_t *conf              = conf_of("test.mock.num.brokers", "2", NULL);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_t *rk, *reader;
        const char *servers;
        int i, n = 0;
        int64_t until;
        rd_kafka_conf_set_dr_msg_cb(conf, dr_cb);
        rk      = client(RD_KAFKA_PRODUCER, conf);
        servers = rd_kafka_mock_cluster_bootstraps(rd_kafka_handle_mock_cluster(rk));
        CHECK_ERR(rd_kafka_mock_topic_create(rd_kafka_handle_mock_cluster(rk), "t", 1, 1), 0);
        for (i = 0; i < 3; i++)
                CHECK_ERR(send_one(rk, "t", 0), 0);
        reader = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", servers, "group.id", "g", NULL));
        rd_kafka_topic_partition_list_add(l, "t", 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
        CHECK_ERR(rd_kafka_assign(reader, l), 0);
        for (until = now_ms() + ms(60000); n < 3 && now_ms() < until;) {
                rd_kafka_message_t *msg = rd_kafka_consumer_poll(reader, 100);
                if (msg) {
                        n += !msg->err;
                        rd_kafka_message_destroy(msg);
                }
        }
        CHECK(n == 3, "%d messages", n);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_consumer_close(reader);
        rd_kafka_destroy(reader);
        rd_kafka_destroy(rk);
}

static void embedded_round_trip_time(void) {
        rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_of("test.mock.num.brokers", "1", "test.mock.broker.rtt", "300", NULL));
        CHECK(metadata_takes(rk) >= 300, "too early");
        rd_kafka_destroy(rk);
}

/* ---- topics ---- */

static void topics(void) {
        struct mock m  = mock_of(2);
        rd_kafka_t *rk = observer(&m);
        const rd_kafka_metadata_t *md;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "made", 3, 2), 0);
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "made", 3, 2), RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS);
        md = metadata_of(rk, "made");
        CHECK(md->topics[0].partition_cnt == 3, "%d partitions", md->topics[0].partition_cnt);
        CHECK(md->topics[0].partitions[2].replica_cnt == 2, "%d replicas", md->topics[0].partitions[2].replica_cnt);
        rd_kafka_metadata_destroy(md);
        rd_kafka_mock_topic_set_error(m.cluster, "made", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
        CHECK_ERR(topic_err(rk, "made"), RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
        rd_kafka_mock_topic_set_error(m.cluster, "made", RD_KAFKA_RESP_ERR_NO_ERROR);
        CHECK_ERR(topic_err(rk, "made"), 0);
        CHECK_ERR(rd_kafka_mock_topic_delete(m.cluster, "made"), 0);
        CHECK_ERR(topic_err(rk, "made"), RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

static void records_deleted(void) {
        struct mock m = mock_of(1);
        rd_kafka_t *rk;
        int64_t low = -1, high = -1;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 1), 0);
        send_all(&m, "t", 5);
        CHECK_ERR(rd_kafka_mock_partition_delete_records(m.cluster, "t", 0, 3), 0);
        rk = observer(&m);
        CHECK_ERR(rd_kafka_query_watermark_offsets(rk, "t", 0, &low, &high, ms(10000)), 0);
        CHECK(low == 3 && high == 5, "%" PRId64 " to %" PRId64, low, high);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* ---- errors ---- */

static void request_errors(void) {
        struct mock m  = mock_of(1);
        rd_kafka_t *rk = producer_on(&m);
        rd_kafka_resp_err_t two[] = {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE};
        rd_kafka_mock_request_t **reqs;
        size_t cnt = 0, i;
        int asked = 0;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 1), 0);
        CHECK_ERR(send_one(rk, "t", 0), 0);
        /* The first is tried again, the second is the message's end. */
        rd_kafka_mock_push_request_errors(m.cluster, PRODUCE, 2, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        CHECK_ERR(send_one(rk, "t", 0), RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        CHECK_ERR(send_one(rk, "t", 0), 0);
        rd_kafka_mock_push_request_errors_array(m.cluster, PRODUCE, 2, two);
        CHECK_ERR(send_one(rk, "t", 0), RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        /* A connection that is closed instead of an answer: it is asked again. */
        rd_kafka_mock_push_request_errors(m.cluster, PRODUCE, 1, RD_KAFKA_RESP_ERR__TRANSPORT);
        rd_kafka_mock_start_request_tracking(m.cluster);
        CHECK_ERR(send_one(rk, "t", 0), 0);
        reqs = rd_kafka_mock_get_requests(m.cluster, &cnt);
        for (i = 0; i < cnt; i++)
                asked += rd_kafka_mock_request_api_key(reqs[i]) == PRODUCE;
        CHECK(asked == 2, "asked %d times", asked);
        rd_kafka_mock_request_destroy_array(reqs, cnt);
        rd_kafka_mock_stop_request_tracking(m.cluster);
        rd_kafka_mock_push_request_errors(m.cluster, PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        rd_kafka_mock_clear_request_errors(m.cluster, PRODUCE);
        CHECK_ERR(send_one(rk, "t", 0), 0);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

static void partition_errors(void) {
        struct mock m  = mock_of(1);
        rd_kafka_t *rk = producer_on(&m);
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 2, 1), 0);
        CHECK_ERR(rd_kafka_mock_partition_push_request_errors(m.cluster, "t", 1, PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), 0);
        CHECK_ERR(send_one(rk, "t", 0), 0);
        CHECK_ERR(send_one(rk, "t", 1), RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        CHECK_ERR(send_one(rk, "t", 1), 0);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

static void broker_errors_and_delays(void) {
        struct mock m  = mock_of(1);
        rd_kafka_t *rk = producer_on(&m);
        size_t left    = 99;
        int64_t start;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 1), 0);
        CHECK_ERR(send_one(rk, "t", 0), 0);
        CHECK_ERR(rd_kafka_mock_broker_push_request_error_rtts(m.cluster, 1, PRODUCE, 2, RD_KAFKA_RESP_ERR_NO_ERROR, 400,
                                                               RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 0),
                  0);
        CHECK_ERR(rd_kafka_mock_broker_error_stack_cnt(m.cluster, 1, PRODUCE, &left), 0);
        CHECK(left == 2, "%zu left", left);
        start = now_ms();
        CHECK_ERR(send_one(rk, "t", 0), 0);
        CHECK(now_ms() - start >= 400, "%" PRId64 " ms", now_ms() - start);
        CHECK_ERR(send_one(rk, "t", 0), RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        CHECK_ERR(rd_kafka_mock_broker_error_stack_cnt(m.cluster, 1, PRODUCE, &left), 0);
        CHECK(left == 0, "%zu left", left);
        CHECK_ERR(rd_kafka_mock_broker_push_request_error_rtts(m.cluster, 9, PRODUCE, 1, RD_KAFKA_RESP_ERR_NO_ERROR, 0),
                  RD_KAFKA_RESP_ERR__UNKNOWN_BROKER);
        CHECK_ERR(rd_kafka_mock_broker_error_stack_cnt(m.cluster, 9, PRODUCE, &left), RD_KAFKA_RESP_ERR__UNKNOWN_BROKER);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* A request that the brokers say they do not know is not sent. */
static void api_versions(void) {
        struct mock m = mock_of(1);
        rd_kafka_t *rk;
        int64_t low = -1, high = -1;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 1), 0);
        CHECK_ERR(rd_kafka_mock_set_apiversion(m.cluster, LIST_OFFSETS, -1, -1), 0);
        rk = observer(&m);
        CHECK_ERR(rd_kafka_query_watermark_offsets(rk, "t", 0, &low, &high, ms(10000)), RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* ---- brokers ---- */

/* Consumes what comes within limit_ms, up to `want`; all must come from one broker. Returns how many came. */
static int consume_from(rd_kafka_t *rk, int want, int32_t broker, int limit_ms) {
        int64_t until = now_ms() + limit_ms;
        int n         = 0;
        while (n < want && now_ms() < until) {
                rd_kafka_message_t *msg = rd_kafka_consumer_poll(rk, 100);
                if (!msg)
                        continue;
                if (!msg->err) {
                        n++;
                        CHECK(rd_kafka_message_broker_id(msg) == broker, "from broker %" PRId32, rd_kafka_message_broker_id(msg));
                }
                rd_kafka_message_destroy(msg);
        }
        return n;
}

static void broker_down_and_up(void) {
        struct mock m  = mock_of(2);
        rd_kafka_t *rk = producer_on(&m);
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 1), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 2), 0);
        CHECK_ERR(send_one(rk, "t", 0), 0);
        CHECK_ERR(rd_kafka_mock_broker_set_down(m.cluster, 2), 0);
        delivered = 0;
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END), 0);
        CHECK_ERR(rd_kafka_flush(rk, 500), RD_KAFKA_RESP_ERR__TIMED_OUT);
        CHECK(delivered == 0, "delivered to nobody");
        CHECK_ERR(rd_kafka_mock_broker_set_up(m.cluster, 2), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(20000)), 0);
        CHECK(delivered == 1 && !delivery_errors[0], "%d reports, %s", delivered, rd_kafka_err2name(delivery_errors[0]));
        CHECK_ERR(rd_kafka_mock_broker_set_down(m.cluster, 9), RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* A consumer goes on when the leader is back. */
static void down_and_up_for_a_consumer(void) {
        struct mock m                      = mock_of(2);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_t *rk;
        int n;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 1), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 2), 0);
        send_all(&m, "t", 3);
        rk = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", m.servers, "group.id", "g", "enable.auto.commit", "false",
                                               "reconnect.backoff.max.ms", "1000", NULL));
        rd_kafka_topic_partition_list_add(l, "t", 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        n = consume_from(rk, 3, 2, ms(20000));
        CHECK(n == 3, "%d messages", n);
        CHECK_ERR(rd_kafka_mock_broker_set_down(m.cluster, 2), 0);
        n = consume_from(rk, 1, 2, 1500);
        CHECK(n == 0, "%d messages from nobody", n);
        CHECK_ERR(rd_kafka_mock_broker_set_up(m.cluster, 2), 0);
        send_all(&m, "t", 2);
        n = consume_from(rk, 2, 2, ms(20000));
        CHECK(n == 2, "%d messages", n);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_consumer_close(rk);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

static void round_trip_time(void) {
        struct mock m  = mock_of(1);
        rd_kafka_t *rk = observer(&m);
        metadata_takes(rk);
        CHECK_ERR(rd_kafka_mock_broker_set_rtt(m.cluster, 1, 500), 0);
        CHECK(metadata_takes(rk) >= 500, "too early");
        CHECK_ERR(rd_kafka_mock_broker_set_rtt(m.cluster, -1, 0), 0);
        metadata_takes(rk);
        CHECK(metadata_takes(rk) < ms(500), "too late");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* An answer that waits goes by the round trip of now. */
static void round_trip_time_of_waiting(void) {
        struct mock m  = mock_of(1);
        rd_kafka_t *rk = producer_on(&m);
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 1), 0);
        CHECK_ERR(send_one(rk, "t", 0), 0);
        rd_kafka_mock_start_request_tracking(m.cluster);
        CHECK_ERR(rd_kafka_mock_broker_set_rtt(m.cluster, 1, 1000000), 0);
        delivered = 0;
        CHECK_ERR(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE("v", 1), RD_KAFKA_V_END), 0);
        wait_for_requests(&m, PRODUCE, 1);
        CHECK_ERR(rd_kafka_mock_broker_set_rtt(m.cluster, 1, 0), 0);
        CHECK_ERR(rd_kafka_flush(rk, ms(10000)), 0);
        CHECK(delivered == 1 && !delivery_errors[0], "%d reports, %s", delivered, rd_kafka_err2name(delivery_errors[0]));
        CHECK(requests_of(&m, PRODUCE, -1) == 1, "sent again");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

static void brokers_come_and_go(void) {
        struct mock m  = mock_of(1);
        rd_kafka_t *rk = observer(&m);
        CHECK(broker_cnt(rk) == 1, "brokers");
        CHECK_ERR(rd_kafka_mock_broker_add(m.cluster, 7), 0);
        CHECK(broker_cnt(rk) == 2, "brokers");
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 1), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 7), 0);
        send_all(&m, "t", 1);
        CHECK_ERR(rd_kafka_mock_broker_decommission(m.cluster, 7), 0);
        CHECK(broker_cnt(rk) == 1, "brokers");
        CHECK_ERR(rd_kafka_mock_broker_add(m.cluster, 8), 0);
        CHECK_ERR(rd_kafka_mock_broker_remove_from_metadata(m.cluster, 8), 0);
        CHECK(broker_cnt(rk) == 1, "brokers");
        rd_kafka_destroy(rk);
        mock_end(&m);
}

static void host_and_port(void) {
        struct mock m  = mock_of(2);
        rd_kafka_t *rk = observer(&m);
        const rd_kafka_metadata_t *md;
        int i;
        rd_kafka_mock_broker_set_host_port(m.cluster, 2, "elsewhere.invalid", 1234);
        md = metadata_of(rk, NULL);
        for (i = 0; i < md->broker_cnt; i++)
                if (md->brokers[i].id == 2)
                        CHECK(!strcmp(md->brokers[i].host, "elsewhere.invalid") && md->brokers[i].port == 1234, "%s:%d", md->brokers[i].host,
                              md->brokers[i].port);
        CHECK(md->broker_cnt == 2, "%d brokers", md->broker_cnt);
        rd_kafka_metadata_destroy(md);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* ---- partitions ---- */

static void leaders(void) {
        struct mock m  = mock_of(3);
        rd_kafka_t *rk = observer(&m);
        int32_t leader;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 3), 0);
        for (leader = 3; leader > 0; leader--) {
                const rd_kafka_metadata_t *md;
                CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, leader), 0);
                md = metadata_of(rk, "t");
                CHECK(md->topics[0].partitions[0].leader == leader, "leader %" PRId32, md->topics[0].partitions[0].leader);
                rd_kafka_metadata_destroy(md);
        }
        {
                const rd_kafka_metadata_t *md;
                CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, -1), 0);
                md = metadata_of(rk, "t");
                CHECK(md->topics[0].partitions[0].leader == -1, "leader %" PRId32, md->topics[0].partitions[0].leader);
                rd_kafka_metadata_destroy(md);
        }
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 9), RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 5, 1), RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* Who asks for offsets is told when the leader has moved, and finds the new one the next time. */
static void leader_moves_under_queries(void) {
        struct mock m                      = mock_of(2);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_t *clients[2];
        int64_t low = -1, high = -1;
        int i;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 2), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 1), 0);
        send_all(&m, "t", 3);
        clients[0] = observer(&m);
        clients[1] = producer_on(&m);
        rd_kafka_topic_partition_list_add(l, "t", 0);
        for (i = 0; i < 4; i++) {
                rd_kafka_t *rk = clients[i / 2];
                CHECK_ERR(rd_kafka_query_watermark_offsets(rk, "t", 0, &low, &high, ms(10000)), 0);
                CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 2 - i % 2), 0);
                if (i % 2) {
                        low = high = -1;
                        CHECK_ERR(rd_kafka_query_watermark_offsets(rk, "t", 0, &low, &high, ms(10000)),
                                  RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
                        CHECK(low == -1 && high == -1, "%" PRId64 " to %" PRId64 " of a refusal", low, high);
                        CHECK_ERR(rd_kafka_query_watermark_offsets(rk, "t", 0, &low, &high, ms(10000)), 0);
                        CHECK(low == 0 && high == 3, "%" PRId64 " to %" PRId64, low, high);
                } else {
                        l->elems[0].offset = 1;
                        CHECK_ERR(rd_kafka_offsets_for_times(rk, l, ms(10000)), RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
                        CHECK(l->elems[0].offset == 1, "a refusal changed the time to %" PRId64, l->elems[0].offset);
                        CHECK_ERR(rd_kafka_offsets_for_times(rk, l, ms(10000)), 0);
                        CHECK_ERR(l->elems[0].err, 0);
                }
        }
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_destroy(clients[0]);
        rd_kafka_destroy(clients[1]);
        mock_end(&m);
}

static void followers(void) {
        struct mock m = mock_of(2);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_t *rk;
        int n;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 2), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 1), 0);
        send_all(&m, "t", 10);
        CHECK_ERR(rd_kafka_mock_partition_set_follower(m.cluster, "t", 0, 2), 0);
        /* The offset of the last record that the follower has. */
        CHECK_ERR(rd_kafka_mock_partition_set_follower_wmarks(m.cluster, "t", 0, -1, 5), 0);
        rk = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", m.servers, "group.id", "g", "client.rack", "here", "auto.offset.reset",
                                               "earliest", "enable.auto.commit", "false", NULL));
        rd_kafka_topic_partition_list_add(l, "t", 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        n = consume_from(rk, 6, 2, ms(20000));
        CHECK(n == 6, "%d messages", n);
        n = consume_from(rk, 1, 2, 1500);
        CHECK(n == 0, "%d more than the follower has", n);
        CHECK_ERR(rd_kafka_mock_partition_set_follower_wmarks(m.cluster, "t", 0, -1, -1), 0);
        n = consume_from(rk, 4, 2, ms(20000));
        CHECK(n == 4, "%d messages", n);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_consumer_close(rk);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* When the follower that is fetched from goes down, the leader is asked at once, and names another one. */
static void follower_down(void) {
        struct mock m                      = mock_of(3);
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        rd_kafka_t *rk;
        int n;
        CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 3), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_leader(m.cluster, "t", 0, 1), 0);
        send_all(&m, "t", 3);
        CHECK_ERR(rd_kafka_mock_partition_set_follower(m.cluster, "t", 0, 2), 0);
        rk = client(RD_KAFKA_CONSUMER, conf_of("bootstrap.servers", m.servers, "group.id", "g", "client.rack", "here", "enable.auto.commit",
                                               "false", NULL));
        rd_kafka_topic_partition_list_add(l, "t", 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
        CHECK_ERR(rd_kafka_assign(rk, l), 0);
        n = consume_from(rk, 3, 2, ms(20000));
        CHECK(n == 3, "%d messages", n);
        CHECK_ERR(rd_kafka_mock_broker_set_down(m.cluster, 2), 0);
        CHECK_ERR(rd_kafka_mock_partition_set_follower(m.cluster, "t", 0, 3), 0);
        send_all(&m, "t", 3);
        n = consume_from(rk, 3, 3, ms(20000));
        CHECK(n == 3, "%d messages after broker 2 went down", n);
        rd_kafka_topic_partition_list_destroy(l);
        rd_kafka_consumer_close(rk);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

/* ---- requests noted down; coordinators ---- */

static void tracking(void) {
        struct mock m  = mock_of(2);
        rd_kafka_t *rk = observer(&m);
        rd_kafka_mock_request_t **reqs;
        size_t cnt = 99, i;
        int metadata = 0;
        int64_t last = 0;
        metadata_takes(rk);
        rd_kafka_mock_start_request_tracking(m.cluster);
        metadata_takes(rk);
        metadata_takes(rk);
        reqs = rd_kafka_mock_get_requests(m.cluster, &cnt);
        for (i = 0; i < cnt; i++) {
                int64_t at = rd_kafka_mock_request_timestamp(reqs[i]);
                CHECK(at >= last, "%" PRId64 " after %" PRId64, at, last);
                CHECK(rd_kafka_mock_request_id(reqs[i]) == 1 || rd_kafka_mock_request_id(reqs[i]) == 2, "broker %" PRId32,
                      rd_kafka_mock_request_id(reqs[i]));
                metadata += rd_kafka_mock_request_api_key(reqs[i]) == METADATA;
                last = at;
        }
        CHECK(metadata >= 2, "%d metadata requests of %zu", metadata, cnt);
        /* One by one, and then the array. */
        for (i = 0; i < cnt; i++)
                rd_kafka_mock_request_destroy(reqs[i]);
        rd_kafka_mock_request_destroy_array(reqs, 0);
        rd_kafka_mock_clear_requests(m.cluster);
        reqs = rd_kafka_mock_get_requests(m.cluster, &cnt);
        CHECK(cnt == 0, "%zu left", cnt);
        rd_kafka_mock_request_destroy_array(reqs, cnt);
        rd_kafka_mock_stop_request_tracking(m.cluster);
        metadata_takes(rk);
        reqs = rd_kafka_mock_get_requests(m.cluster, &cnt);
        CHECK(cnt == 0, "%zu noted down", cnt);
        rd_kafka_mock_request_destroy_array(reqs, cnt);
        rd_kafka_destroy(rk);
        mock_end(&m);
}

static void coordinators(void) {
        int32_t broker;
        for (broker = 1; broker <= 3; broker++) {
                struct mock m                      = mock_of(3);
                rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
                rd_kafka_mock_request_t **reqs;
                rd_kafka_t *rk;
                size_t cnt, i;
                int asked = 0;
                CHECK_ERR(rd_kafka_mock_coordinator_set(m.cluster, "group", "g", broker), 0);
                CHECK_ERR(rd_kafka_mock_topic_create(m.cluster, "t", 1, 1), 0);
                rd_kafka_mock_start_request_tracking(m.cluster);
                rk = observer(&m);
                rd_kafka_topic_partition_list_add(l, "t", 0);
                CHECK_ERR(rd_kafka_committed(rk, l, ms(15000)), 0);
                reqs = rd_kafka_mock_get_requests(m.cluster, &cnt);
                for (i = 0; i < cnt; i++)
                        if (rd_kafka_mock_request_api_key(reqs[i]) == OFFSET_FETCH) {
                                asked++;
                                CHECK(rd_kafka_mock_request_id(reqs[i]) == broker, "broker %" PRId32 " was asked, not %" PRId32,
                                      rd_kafka_mock_request_id(reqs[i]), broker);
                        }
                CHECK(asked > 0, "no broker was asked");
                rd_kafka_mock_request_destroy_array(reqs, cnt);
                rd_kafka_topic_partition_list_destroy(l);
                CHECK_ERR(rd_kafka_mock_coordinator_set(m.cluster, "party", "g", broker), RD_KAFKA_RESP_ERR__INVALID_ARG);
                rd_kafka_destroy(rk);
                mock_end(&m);
        }
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(embedded);
        RUN(embedded_for_others);
        RUN(embedded_round_trip_time);
        RUN(debug_lines);
        RUN(own);
        RUN(topics);
        RUN(records_deleted);
        RUN(request_errors);
        RUN(partition_errors);
        RUN(broker_errors_and_delays);
        RUN(api_versions);
        RUN(broker_down_and_up);
        RUN(down_and_up_for_a_consumer);
        RUN(round_trip_time);
        RUN(round_trip_time_of_waiting);
        RUN(brokers_come_and_go);
        RUN(host_and_port);
        RUN(leaders);
        RUN(leader_moves_under_queries);
        RUN(followers);
        RUN(follower_down);
        RUN(tracking);
        RUN(coordinators);
        return T_END();
}
