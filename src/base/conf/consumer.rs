//! Properties of consumers and their groups.
//!
//! Rows of the table: `table.rs` says what a row consists of. The order is that
//! of the listing.

macro_rules! consumer_rows {
    ($next:ident $($rest:ident)*; $($before:tt)*) => {
        $next! { $($rest)*; $($before)*
            "group.id" [group_id: Option<String>] text(None)
                Consumer High [] Group done
                "Name of the consumer group. Consumers of the same name share the partitions of their topics.";
            "group.instance.id" [group_instance_id: Option<String>] text(None)
                Consumer Medium [] Group done
                "Makes the consumer a static member: one that is known by this name. When it restarts within \
                 `session.timeout.ms` it takes its old place, and nothing is rebalanced; so choose the timeout longer \
                 than a restart. Brokers have it since 2.3.0. Share consumers refuse it.";
            "partition.assignment.strategy" [partition_assignment_strategy: Option<String>] text(Some("range,roundrobin"))
                Consumer Medium [] Group done
                "Assignors the consumer is ready to use, best first: `range`, `roundrobin`, `cooperative-sticky`. The \
                 group's leader takes one that every member knows. Eager ones and cooperative ones cannot be mixed. \
                 Share consumers refuse it.";
            "session.timeout.ms" [session_timeout_ms: i32] int(1, 3_600_000, 45_000)
                Consumer High [] Group done
                "How long the group may be without a heartbeat of a member before the member is taken out and its \
                 partitions go to others. Must lie within the broker's `group.min.session.timeout.ms` and \
                 `group.max.session.timeout.ms`. With `group.protocol=consumer` the broker's settings decide instead.";
            "heartbeat.interval.ms" [heartbeat_interval_ms: i32] int(1, 3_600_000, 3000)
                Consumer Low [] Group done
                "Time between heartbeats, a third of `session.timeout.ms` at most. With `group.protocol=consumer` the \
                 broker's settings decide instead.";
            "group.protocol.type" [group_protocol_type: Option<String>] untrimmed(Some("consumer"))
                Consumer Low [] Group todo
                "What kind of group it is in the classic protocol; `consumer` is the only kind. Refused with \
                 `group.protocol=consumer`.";
            "group.protocol" [group_protocol: GroupProtocol] word(GroupProtocol::WORDS, "classic")
                Consumer High [] Group done
                "`classic`: members of the group assign partitions among themselves. `consumer`: the coordinator does \
                 (KIP-848).";
            "group.remote.assignor" [group_remote_assignor: Option<String>] text(None)
                Consumer Medium [] Group done
                "How the coordinator is to assign partitions under `group.protocol=consumer`, by the name that \
                 brokers have for it (`uniform`, `range`). Its own choice unless set. Share consumers refuse it.";
            "coordinator.query.interval.ms" [coordinator_query_interval_ms: i32] int(1, 3_600_000, 600_000)
                Consumer Low [] Group done
                "Pause between look-ups of the group's coordinator, just to be sure. A tenth of it while the \
                 coordinator cannot be reached.";
            "max.poll.interval.ms" [max_poll_interval_ms: i32] int(1, 86_400_000, 300_000)
                Consumer High [] Group done
                "Longest time between two polls of the application. Past it the consumer counts as stuck and leaves \
                 the group, so that others get its partitions; its offsets can no longer be committed then. With long \
                 processing set `enable.auto.offset.store=false` and store offsets afterwards. Checked twice a \
                 second. Needs brokers of 0.10.1.0 or newer to be told apart from the session timeout.";
            "enable.auto.commit" [enable_auto_commit: bool] boolean(true)
                Consumer High [] Group done
                "Commit stored offsets in the background. Without it a consumer still starts at the group's committed \
                 offsets: give offsets in the assignment to start elsewhere.";
            "auto.commit.interval.ms" [auto_commit_interval_ms: i32] int(0, 86_400_000, 5000)
                Consumer Medium [] Group done
                "Time between automatic commits; 0 turns them off. Share consumers ignore it.";
            "enable.auto.offset.store" [enable_auto_offset_store: bool] boolean(true)
                Consumer High [] Consumer done
                "Store each message's offset, plus one, for the next commit as it is handed to the application.";
            "queued.min.messages" [queued_min_messages: i32] int(1, 10_000_000, 100_000)
                Consumer Medium [] Consumer done
                "Messages to have fetched ahead for each partition. Share consumers refuse it.";
            "queued.max.messages.kbytes" [queued_max_messages_kbytes: i32] int(1, 2_097_151, 65_536)
                Consumer Medium [] Consumer done
                "Kilobytes to have fetched ahead at most, over all partitions, or for each partition where it has a \
                 queue of its own. May be exceeded by one fetch of `fetch.message.max.bytes`. It wins over \
                 `queued.min.messages`. Share consumers refuse it.";
            "fetch.wait.max.ms" [fetch_wait_max_ms: i32] int(0, 300_000, 500)
                Consumer Low [] Consumer done
                "How long a broker may hold back a fetch until it has `fetch.min.bytes` for it.";
            "fetch.queue.backoff.ms" [fetch_queue_backoff_ms: i32] int(0, 300_000, 1000)
                Consumer Medium [] Consumer done
                "Upper bound of the pause in fetching a partition whose queue is full (`queued.min.messages`, \
                 `queued.max.messages.kbytes`). Here fetching resumes when the application has taken enough, without \
                 waiting the time out. Share consumers refuse it.";
            "fetch.message.max.bytes" [fetch_message_max_bytes: i32] int(1, 1_000_000_000, 1_048_576)
                Consumer Medium [] Consumer done
                "Bytes to ask for in each partition of a fetch. A larger batch still comes through, since brokers \
                 send at least one. Share consumers ignore it.";
            "max.partition.fetch.bytes" [] alias("fetch.message.max.bytes")
                Consumer Medium [] Consumer done
                "";
            "fetch.max.bytes" [fetch_max_bytes: i32] int(0, 2_147_483_135, 52_428_800)
                Consumer Medium [] Consumer done
                "Bytes a broker may return in one fetch; the first batch comes whole even if it is larger. Unless set \
                 it is kept between `message.max.bytes` and `queued.max.messages.kbytes`; set lower than \
                 `message.max.bytes` it is refused.";
            "fetch.min.bytes" [fetch_min_bytes: i32] int(0, i32::MAX, 1)
                Consumer Low [] Consumer done
                "Bytes for which a broker waits, up to `fetch.wait.max.ms`, before it answers a fetch. At most \
                 100000000, and at least 1, unless for a share consumer.";
            "fetch.error.backoff.ms" [fetch_error_backoff_ms: i32] int(0, 300_000, 500)
                Consumer Medium [] Consumer done
                "Pause in fetching a partition after an error. Share consumers refuse it.";
            "offset.store.method" [offset_store_method: OffsetStoreMethod] word(OffsetStoreMethod::WORDS, "broker")
                Consumer Low [Deprecated] Group todo
                "Where offsets are committed to: `broker`, or `file`, which is deprecated (`offset.store.path`).";
            "isolation.level" [isolation_level: IsolationLevel] word(IsolationLevel::WORDS, "read_committed")
                Consumer High [] Consumer done
                "Whether messages of open and aborted transactions are kept back (`read_committed`) or seen as they \
                 come (`read_uncommitted`). Share consumers refuse it.";
            "consume_cb" [consume_cb: usize] pointer(0)
                Consumer Low [] Consumer done
                "Called with consumed messages by rd_kafka_poll() and its like; set with \
                 rd_kafka_conf_set_consume_cb().";
            "rebalance_cb" [rebalance_cb: usize] pointer(0)
                Consumer Low [] Group done
                "Called when the group gives or takes partitions; set with rd_kafka_conf_set_rebalance_cb().";
            "offset_commit_cb" [offset_commit_cb: usize] pointer(0)
                Consumer Low [] Group done
                "Called with the result of offset commits; set with rd_kafka_conf_set_offset_commit_cb().";
            "enable.partition.eof" [enable_partition_eof: bool] boolean(false)
                Consumer Low [] Consumer done
                "An event with RD_KAFKA_RESP_ERR__PARTITION_EOF tells that everything in a partition has been read, \
                 again after each new message. Share consumers refuse it.";
            "check.crcs" [check_crcs: bool] boolean(false)
                Consumer Medium [] Consumer done
                "Verify the checksum of fetched batches, against damage on the wire and on disk, at some cost in CPU.";
            "client.rack" [client_rack: Option<String>] untrimmed(Some(""))
                Both Low [] Consumer done
                "The place where this client runs, in the words of the brokers' `broker.rack`. Near replicas are then \
                 read from where the cluster allows it, and assignors prefer partitions that are near.";
            "max.poll.records" [max_poll_records: i32] int(1, i32::MAX, 500)
                Consumer Low [] Share done
                "At most so many records from one `rd_kafka_share_poll()`. It goes to the broker with each ShareFetch, \
                 which may still give whole batches: what is above the number is kept for the next poll. For share \
                 consumers alone.";
            "share.acknowledgement.mode" [share_acknowledgement_mode: Option<String>] text(Some("implicit"))
                Consumer Medium [] Share done
                "`implicit`: polling again acknowledges what the last poll gave. `explicit`: each record has to be \
                 acknowledged, with rd_kafka_share_acknowledge*().";
            "share.acquire.mode" [share_acquire_mode: AcquireMode] word(AcquireMode::WORDS, "batch_optimized")
                Consumer Low [Extension] Share done
                "`batch_optimized`: a broker gives whole batches of producers, so that it sends each of them once. \
                 `record_limit`: it gives no more than `max.poll.records`, and sends a batch again for each part of \
                 it; for applications that take long over each record. As in the Java client (KIP-1206), which \
                 needs Kafka 4.2; older brokers give whole batches.";
        }
    };
}
pub(super) use consumer_rows;
