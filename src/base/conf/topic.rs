//! Properties of a topic.
//!
//! Rows of the table: `table.rs` says what a row consists of. The order is that
//! of the listing.

macro_rules! topic_rows {
    ($next:ident $($rest:ident)*; $($before:tt)*) => {
        $next! { $($rest)*; $($before)*
            "request.required.acks" [request_required_acks: i32] int_or_word(-1, 1000, -1, &[("all", -1)])
                Producer High [] Producer done
                "Replicas that have to have a message before it is reported as delivered. `1`: the leader. `all` or \
                 `-1`: all that are in sync, and no fewer than the broker's `min.insync.replicas`. `0`: none, and \
                 reports come when the request is written, since no response does.";
            "acks" [] alias("request.required.acks")
                Producer High [] Producer done
                "";
            "request.timeout.ms" [request_timeout_ms: i32] int(1, 900_000, 30_000)
                Producer Medium [] Producer done
                "How long the broker may wait for replicas before it answers; only where `request.required.acks` is \
                 not 0.";
            "message.timeout.ms" [message_timeout_ms: i32] int(0, i32::MAX, 300_000)
                Producer High [] Producer done
                "How long a message may take to be delivered, retries included; 0 for ever. After that it fails, as \
                 it does when its retries are used up. Unless set it follows `transaction.timeout.ms` for a \
                 transactional producer.";
            "delivery.timeout.ms" [] alias("message.timeout.ms")
                Producer High [] Producer done
                "";
            "queuing.strategy" [queuing_strategy: QueuingStrategy] word(QueuingStrategy::WORDS, "fifo")
                Producer Low [Deprecated Experimental] Producer done
                "`fifo` sends in the order of the calls; `lifo` lets new messages go ahead of those that wait.";
            "produce.offset.report" [produce_offset_report: bool] boolean(false)
                Producer Low [Deprecated] Producer done
                "No effect.";
            "partitioner" [partitioner: Option<String>] checked("consistent_random", is_partitioner)
                Producer High [] Producer done
                "How a message's partition is chosen: `random`; `consistent`, the CRC32 of the key, with messages \
                 without key, or with an empty one, all in one partition; `consistent_random`, the same with those \
                 spread at random; `murmur2`, the Java client's hash, with messages without key in one partition; \
                 `murmur2_random`, with those spread, which is what the Java client does; `fnv1a` and `fnv1a_random`, \
                 likewise with FNV-1a.";
            "partitioner_cb" [partitioner_cb: usize] pointer(0)
                Producer Low [] Producer done
                "Chooses partitions in place of `partitioner`; set with rd_kafka_topic_conf_set_partitioner_cb().";
            "msg_order_cmp" [msg_order_cmp: usize] pointer(0)
                Producer Low [Deprecated Experimental] Producer done
                "No effect, as in librdkafka, where `queuing.strategy` takes its place; set with \
                 rd_kafka_topic_conf_set_msg_order_cmp().";
            "opaque" [opaque: usize] pointer(0)
                Both Low [] Core done
                "Pointer handed to the topic's callbacks; set with rd_kafka_topic_conf_set_opaque().";
            "compression.codec" [compression_codec: Option<Compression>] word(<Option<Compression> as Word>::WORDS, "inherit")
                Producer High [] Producer done
                "How the topic's batches are compressed; `inherit` for what the global `compression.codec` says.";
            "compression.type" [] alias("compression.codec")
                Producer High [] Producer done
                "";
            "compression.level" [compression_level: i32] int(-1, 12, -1)
                Producer Medium [] Producer done
                "Effort of the codec, from 0 up to 9 (gzip) or 12 (lz4); snappy has no levels. -1 takes what the \
                 codec suggests. CPU is traded for smaller batches.";
            "auto.commit.enable" [auto_commit_enable: bool] boolean(true)
                Consumer Low [Deprecated] Consumer done
                "No effect, as in librdkafka: the simple consumer commits partitions that it started at \
                 RD_KAFKA_OFFSET_STORED every `auto.commit.interval.ms` and when they are stopped. With the global \
                 `enable.auto.offset.store=false` the application says what, by rd_kafka_offset_store(). Consumers of a \
                 group use the global `enable.auto.commit`.";
            "enable.auto.commit" [] alias("auto.commit.enable")
                Consumer Low [] Consumer done
                "";
            "auto.commit.interval.ms" [auto_commit_interval_ms: i32] int(10, 86_400_000, 60_000)
                Consumer High [] Consumer done
                "For the simple consumer: time between commits. Consumers of a group use the global \
                 `auto.commit.interval.ms`. Share consumers ignore it.";
            "auto.offset.reset" [auto_offset_reset: OffsetReset] word(OffsetReset::WORDS, "largest")
                Consumer High [] Consumer done
                "Start of a partition for which there is no valid offset. `earliest`, also called `smallest` or \
                 `beginning`: its first message. `latest`, also `largest` or `end`: what is written from now on. \
                 `error`: nowhere; the consumer gets ERR__AUTO_OFFSET_RESET in a message.";
            "offset.store.path" [offset_store_path: Option<String>] text(Some("."))
                Consumer Low [Deprecated] Consumer done
                "Where offsets in files are kept: a file, or a directory with a file for each partition. Files for \
                 offsets will go.";
            "offset.store.sync.interval.ms" [offset_store_sync_interval_ms: i32] int(-1, 86_400_000, -1)
                Consumer Low [Deprecated] Consumer done
                "Time between syncs of the offset file to disk, 0 for one after each write, -1 for none. Files for \
                 offsets will go.";
            "offset.store.method" [offset_store_method: TopicOffsetStoreMethod] word(TopicOffsetStoreMethod::WORDS, "broker")
                Consumer Low [Deprecated] Consumer done
                "Where offsets go: `broker`, for which `group.id` must be set, or `file`, which is deprecated \
                 (`offset.store.path`).";
            "consume.callback.max.messages" [consume_callback_max_messages: i32] int(0, 1_000_000, 0)
                Consumer Low [] Consumer done
                "Messages that one `rd_kafka_consume_callback*()` hands over at most; 0 for no limit. Share consumers \
                 refuse it.";
        }
    };
}
pub(super) use topic_rows;
