/*
 * The process, or one of its threads, ends while clients live: from any callback, with destructors of the application's
 * that still use them. Each case forks before anything of the library was used; the child plays it.
 *
 * What a process leaves of its clients is no leak; and glibc never frees the thread-local variables that are used for the
 * first time when a thread has ended theirs.
 * no leak check
 */
#include "guest.h"

/* ---- a scene: clients at work on a mock cluster ---- */

static struct mock m;
static rd_kafka_t *sender, *reader_of_group;
static int made;
static int ends_in_delivery, ends_in_rebalance, ends_in_stats, ends_in_log, ends_in_background, ends_in_partitioner, ends_in_connect,
    ends_in_thread_start, ends_in_error;

static void leave_if(int *wanted) {
        if (__atomic_exchange_n(wanted, 0, __ATOMIC_SEQ_CST))
                exit(WELL);
}

static void dr_leaves(rd_kafka_t *rk, const rd_kafka_message_t *msg, void *opaque) {
        (void)rk;
        (void)msg;
        (void)opaque;
        delivered++;
        leave_if(&ends_in_delivery);
}

static void rebalance_leaves(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *l, void *opaque) {
        (void)opaque;
        leave_if(&ends_in_rebalance);
        rd_kafka_assign(rk, err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? l : NULL);
}

static int stats_leaves(rd_kafka_t *rk, char *json, size_t len, void *opaque) {
        (void)rk;
        (void)json;
        (void)len;
        (void)opaque;
        leave_if(&ends_in_stats);
        return 0;
}

static void log_leaves(const rd_kafka_t *rk, int level, const char *fac, const char *text) {
        (void)rk;
        (void)level;
        (void)fac;
        (void)text;
        /* Not on the application's thread: the instance is not made yet. */
        if (__atomic_load_n(&made, __ATOMIC_SEQ_CST))
                leave_if(&ends_in_log);
}

static void error_leaves(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
        (void)rk;
        (void)err;
        (void)reason;
        (void)opaque;
        leave_if(&ends_in_error);
}

static void background_leaves(rd_kafka_t *rk, rd_kafka_event_t *event, void *opaque) {
        (void)rk;
        (void)opaque;
        rd_kafka_event_destroy(event);
        leave_if(&ends_in_background);
}

static int32_t partitioner_leaves(const rd_kafka_topic_t *rkt, const void *key, size_t len, int32_t cnt, void *opaque, void *msg_opaque) {
        (void)rkt;
        (void)key;
        (void)len;
        (void)cnt;
        (void)opaque;
        (void)msg_opaque;
        leave_if(&ends_in_partitioner);
        return 0;
}

static int connect_leaves(int fd, const struct sockaddr *addr, int len, const char *id, void *opaque) {
        (void)id;
        (void)opaque;
        leave_if(&ends_in_connect);
        return connect(fd, addr, (socklen_t)len) && errno != EINPROGRESS ? errno : 0;
}

static rd_kafka_resp_err_t thread_start_leaves(rd_kafka_t *rk, rd_kafka_thread_type_t type, const char *name, void *opaque) {
        (void)rk;
        (void)type;
        (void)name;
        (void)opaque;
        leave_if(&ends_in_thread_start);
        return 0;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque, char *errstr, size_t size) {
        (void)conf;
        (void)opaque;
        (void)errstr;
        (void)size;
        return rd_kafka_interceptor_add_on_thread_start(rk, "guest", thread_start_leaves, NULL);
}

static rd_kafka_conf_t *busy_conf(void) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", m.servers, "statistics.interval.ms", "20", "linger.ms", "0",
                                        "retry.backoff.ms", "10", "log_level", "7", "debug", "all", NULL);
        rd_kafka_conf_set_dr_msg_cb(conf, dr_leaves);
        rd_kafka_conf_set_stats_cb(conf, stats_leaves);
        rd_kafka_conf_set_error_cb(conf, error_leaves);
        rd_kafka_conf_set_log_cb(conf, log_leaves);
        rd_kafka_conf_set_connect_cb(conf, connect_leaves);
        if (ends_in_background)
                rd_kafka_conf_set_background_event_cb(conf, background_leaves);
        rd_kafka_conf_interceptor_add_on_new(conf, "guest", on_new, NULL);
        return conf;
}

static void send_some(int cnt) {
        rd_kafka_topic_conf_t *tconf = rd_kafka_topic_conf_new();
        rd_kafka_topic_t *rkt;
        rd_kafka_topic_conf_set_partitioner_cb(tconf, partitioner_leaves);
        rkt = rd_kafka_topic_new(sender, "guest", tconf);
        while (cnt--)
                rd_kafka_produce(rkt, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, "value", 5, "key", 3, NULL);
        rd_kafka_topic_destroy(rkt);
}

static void to_background(void) {
        rd_kafka_queue_t *all = rd_kafka_queue_get_main(sender), *background = rd_kafka_queue_get_background(sender);
        rd_kafka_queue_forward(all, background);
        rd_kafka_queue_destroy(all);
        rd_kafka_queue_destroy(background);
}

static void begin(void) {
        rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
        rd_kafka_conf_t *conf;
        m = mock_of(3);
        rd_kafka_mock_group_initial_rebalance_delay_ms(m.cluster, 0);
        rd_kafka_mock_topic_create(m.cluster, "guest", 1, 1);
        sender = client(RD_KAFKA_PRODUCER, busy_conf());
        __atomic_store_n(&made, 1, __ATOMIC_SEQ_CST);
        if (ends_in_background)
                to_background();
        send_some(10);
        conf = conf_of("bootstrap.servers", m.servers, "group.id", "g", "auto.offset.reset", "earliest", NULL);
        rd_kafka_conf_set_rebalance_cb(conf, rebalance_leaves);
        reader_of_group = client(RD_KAFKA_CONSUMER, conf);
        rd_kafka_topic_partition_list_add(topics, "guest", RD_KAFKA_PARTITION_UA);
        EXPECT(!rd_kafka_subscribe(reader_of_group, topics), "subscribe");
        rd_kafka_topic_partition_list_destroy(topics);
}

/* Everything runs: a message was delivered, and one was read. */
static void work(void) {
        int64_t until = now_ms() + ms(60000);
        int read      = 0;
        while ((!read || !delivered) && now_ms() < until) {
                rd_kafka_message_t *msg = rd_kafka_consumer_poll(reader_of_group, 20);
                rd_kafka_poll(sender, 0);
                read += msg && !msg->err;
                if (msg)
                        rd_kafka_message_destroy(msg);
        }
        EXPECT(read && delivered, "%d read, %d delivered", read, delivered);
}

/* For a callback that is to end the process. */
static void work_on(void) {
        int64_t until = now_ms() + ms(60000);
        if (!ends_in_background)
                work();
        while (now_ms() < until) {
                rd_kafka_poll(sender, 20);
                send_some(1);
        }
        EXPECT(0, "the callback was never called");
}

static void end(void) {
        rd_kafka_consumer_close(reader_of_group);
        rd_kafka_destroy(reader_of_group);
        rd_kafka_destroy(sender);
        mock_end(&m);
}

/* ---- exit() ---- */

static void busy_main(void) {
        begin();
        work();
        send_some(1000);
        exit(WELL);
}

static void *exits(void *unused) {
        (void)unused;
        send_some(10);
        exit(WELL);
}

static void busy_thread(void) {
        pthread_t thread;
        begin();
        work();
        if (!pthread_create(&thread, NULL, exits, NULL))
                for (;;)
                        rd_kafka_poll(sender, 1000);
}

static void quick_main(void) {
        begin();
        work();
        quick_exit(WELL);
}

static void *sends_and_exits(void *unused) {
        work();
        send_some(10);
        rd_kafka_flush(sender, ms(10000));
        end();
        exit(WELL);
        return unused;
}

/* The main thread ends first: the process goes on until the other's exit(). */
static void main_thread_first(void) {
        pthread_t thread;
        begin();
        if (!pthread_create(&thread, NULL, sends_and_exits, NULL))
                pthread_exit(NULL);
}

static void exit_while_threads_run(void) {
        in_child("main", busy_main);
        in_child("another thread", busy_thread);
        in_child("quick_exit", quick_main);
        in_child("main thread first", main_thread_first);
}

static void callback_scene(void) {
        begin();
        work_on();
}

static void exit_from_callback(void) {
        static const struct {
                const char *name;
                int *flag;
        } list[] = {{"delivery", &ends_in_delivery},       {"rebalance", &ends_in_rebalance},     {"statistics", &ends_in_stats},
                    {"partitioner", &ends_in_partitioner}, {"log", &ends_in_log},                 {"background", &ends_in_background},
                    {"connect", &ends_in_connect},         {"thread start", &ends_in_thread_start}};
        size_t i;
        for (i = 0; i < sizeof(list) / sizeof(*list); i++) {
                *list[i].flag = 1;
                in_child(list[i].name, callback_scene);
                *list[i].flag = 0;
        }
}

static void error_scene(void) {
        rd_kafka_conf_t *conf = conf_of("bootstrap.servers", "127.0.0.1:1", NULL);
        rd_kafka_conf_set_error_cb(conf, error_leaves);
        ends_in_error = 1;
        sender        = client(RD_KAFKA_PRODUCER, conf);
        rd_kafka_poll(sender, ms(20000));
        EXPECT(0, "no error");
}

static void exit_from_error_callback(void) {
        in_child("error", error_scene);
}

/* ---- destructors that run after those of thread-local variables of the library's ---- */

static void (*at_exit_scene)(void);

static void last_words(void) {
        at_exit_scene();
        if (child_failures)
                _exit(1);
}

static void use_and_end(void) {
        delivered = 0;
        send_some(3);
        EXPECT(!rd_kafka_flush(sender, ms(10000)), "flush");
        EXPECT(delivered == 3, "%d delivered", delivered);
        end();
}

static void query_all(void) {
        const struct rd_kafka_metadata *md;
        const struct rd_kafka_group_list *groups;
        rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
        int64_t low, high;
        rd_kafka_message_t *msg;
        rd_kafka_topic_partition_list_add(l, "guest", 0)->offset = 1;
        EXPECT(!rd_kafka_metadata(sender, 1, NULL, &md, ms(10000)), "metadata");
        rd_kafka_metadata_destroy(md);
        /* librdkafka's mock cluster does not know the request. */
        if (!rd_kafka_list_groups(sender, NULL, &groups, ms(10000)))
                rd_kafka_group_list_destroy(groups);
        else
                EXPECT(is_upstream(), "groups");
        EXPECT(!rd_kafka_query_watermark_offsets(sender, "guest", 0, &low, &high, ms(10000)), "watermarks");
        EXPECT(!rd_kafka_commit(reader_of_group, l, 0), "commit");
        EXPECT(!rd_kafka_committed(reader_of_group, l, ms(10000)) && l->elems[0].offset == 1, "committed");
        EXPECT(!rd_kafka_offsets_for_times(reader_of_group, l, ms(10000)), "offsets for times");
        EXPECT(!rd_kafka_position(reader_of_group, l), "position");
        rd_kafka_topic_partition_list_destroy(l);
        if ((msg = rd_kafka_consumer_poll(reader_of_group, 100)))
                rd_kafka_message_destroy(msg);
        EXPECT(strstr(rd_kafka_err2str((rd_kafka_resp_err_t)-12345), "12345") != NULL, "%s", rd_kafka_err2str((rd_kafka_resp_err_t)-12345));
        use_and_end();
}

static void whole_life(void) {
        begin();
        work();
        use_and_end();
}

/* The application's handler is called when the thread-local variables of this thread are gone. */
static void in_atexit(void) {
        atexit(last_words);
        if (at_exit_scene != whole_life) {
                begin();
                work();
        }
        exit(WELL);
}

static void use_at_exit(void) {
        at_exit_scene = use_and_end;
        in_child("flush and destroy", in_atexit);
        at_exit_scene = query_all;
        in_child("queries", in_atexit);
        at_exit_scene = whole_life;
        in_child("a whole life", in_atexit);
}

/* The same as a destructor of thread-specific data, which runs after those of thread-local variables, too. */
static void key_destructor(void *unused) {
        (void)unused;
        at_exit_scene();
}

static void *thread_with_key(void *key) {
        pthread_setspecific(*(pthread_key_t *)key, "set");
        if (at_exit_scene != whole_life) {
                begin();
                work();
        }
        return NULL;
}

static void in_thread_end(void) {
        pthread_key_t key;
        pthread_t thread;
        pthread_key_create(&key, key_destructor);
        if (!pthread_create(&thread, NULL, thread_with_key, &key))
                pthread_join(thread, NULL);
        pthread_key_delete(key);
}

static void use_at_thread_end(void) {
        at_exit_scene = use_and_end;
        in_child("flush and destroy", in_thread_end);
        at_exit_scene = query_all;
        in_child("queries", in_thread_end);
        at_exit_scene = whole_life;
        in_child("a whole life", in_thread_end);
}

int main(int argc, char **argv) {
        T_START(argc, argv);
        RUN(exit_while_threads_run);
        RUN(exit_from_callback);
        RUN(exit_from_error_callback);
        RUN(use_at_exit);
        RUN(use_at_thread_end);
        return T_END();
}
