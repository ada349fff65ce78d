//! Properties of producers, and the last general ones.
//!
//! Rows of the table: `table.rs` says what a row consists of. The order is that
//! of the listing.

macro_rules! producer_rows {
    ($next:ident $($rest:ident)*; $($before:tt)*) => {
        $next! { $($rest)*; $($before)*
            "transactional.id" [transactional_id: Option<String>] text(None)
                Producer High [] Transactions todo
                "Makes the producer transactional, under this name. Whoever starts next with the same name finishes \
                 or aborts what the one before left open, and fences it off. Turns on `enable.idempotence`. Needs \
                 brokers of 0.11.0 or newer.";
            "transaction.timeout.ms" [transaction_timeout_ms: i32] int(1000, i32::MAX, 60_000)
                Producer Medium [] Transactions todo
                "How long the coordinator waits for a sign of life before it aborts an open transaction. Above the \
                 broker's `transaction.max.timeout.ms` init_transactions() fails with \
                 ERR_INVALID_TRANSACTION_TIMEOUT. Unless set, `message.timeout.ms` and `socket.timeout.ms` follow it.";
            "enable.idempotence" [enable_idempotence: bool] boolean(false)
                Producer High [] Producer done
                "Every message is written exactly once and in order, whatever is retried. Adjusts, unless set: \
                 `max.in.flight.requests.per.connection=5` (5 at most), `retries` to the maximum (1 at least), \
                 `acks=all`, `queuing.strategy=fifo`. Values that do not go with it make rd_kafka_new() fail.";
            "enable.gapless.guarantee" [enable_gapless_guarantee: bool] boolean(false)
                Producer Low [Experimental] Producer done
                "Stop the producer with the fatal error ERR__GAPLESS_GUARANTEE when a failed batch would leave a gap \
                 in the series. Messages that time out do not count. Needs `enable.idempotence=true`.";
            "queue.buffering.max.messages" [queue_buffering_max_messages: i32] int(0, i32::MAX, 100_000)
                Producer High [] Producer done
                "Messages the producer may hold, over all topics and partitions; 0 for no limit.";
            "queue.buffering.max.kbytes" [queue_buffering_max_kbytes: i32] int(1, i32::MAX, 1_048_576)
                Producer High [] Producer done
                "Kilobytes of messages the producer may hold, over all topics and partitions. It wins over \
                 `queue.buffering.max.messages`.";
            "queue.buffering.max.ms" [queue_buffering_max_ms: f64] float(0.0, 900_000.0, 5.0)
                Producer High [] Producer done
                "How long a message may wait for others to fill its batch. More makes batches larger and compression \
                 better, and messages later.";
            "linger.ms" [] alias("queue.buffering.max.ms")
                Producer High [] Producer done
                "";
            "message.send.max.retries" [message_send_max_retries: i32] int(0, i32::MAX, i32::MAX)
                Producer High [] Producer done
                "How often a message is sent again after it failed. Order can change then, unless \
                 `enable.idempotence` is on.";
            "retries" [] alias("message.send.max.retries")
                Producer Low [] Producer done
                "";
            "retry.backoff.ms" [retry_backoff_ms: i32] int(1, 300_000, 100)
                Both Medium [] Core done
                "Pause before a failed request is first sent again, doubled with each failure up to \
                 `retry.backoff.max.ms`.";
            "retry.backoff.max.ms" [retry_backoff_max_ms: i32] int(1, 300_000, 1000)
                Both Medium [] Core done
                "Upper bound of the pause before a failed request is sent again.";
            "queue.buffering.backpressure.threshold" [queue_buffering_backpressure_threshold: i32] int(1, 1_000_000, 1)
                Producer Low [] Producer done
                "Requests waiting to be written to a broker from which on no new batch is made for it. Less makes \
                 batches larger; more can help where compression is slow.";
            "compression.codec" [compression_codec: Compression] word(Compression::WORDS, "none")
                Producer Medium [] Producer done
                "How batches are compressed, for topics that do not say otherwise in their own `compression.codec`.";
            "compression.type" [] alias("compression.codec")
                Producer Medium [] Producer done
                "";
            "batch.num.messages" [batch_num_messages: i32] int(1, 1_000_000, 10_000)
                Producer Medium [] Producer done
                "Messages in a batch at most. `batch.size` and `message.max.bytes` limit it as well.";
            "batch.size" [batch_size: i32] int(1, i32::MAX, 1_000_000)
                Producer Medium [] Producer done
                "Bytes in a batch at most, framing included. The first message always fits, whatever its size. \
                 `batch.num.messages` and `message.max.bytes` limit it as well.";
            "delivery.report.only.error" [delivery_report_only_error: bool] boolean(false)
                Producer Low [] Producer done
                "Report only the messages that failed.";
            "dr_cb" [dr_cb: usize] pointer(0)
                Producer Low [] Producer done
                "Called with the result of each message; set with rd_kafka_conf_set_dr_cb().";
            "dr_msg_cb" [dr_msg_cb: usize] pointer(0)
                Producer Low [] Producer done
                "Called with each message and its result; set with rd_kafka_conf_set_dr_msg_cb().";
            "sticky.partitioning.linger.ms" [sticky_partitioning_linger_ms: i32] int(0, 900_000, 10)
                Producer Low [] Producer done
                "How long messages without a key stay with one partition before another is chosen, which fills \
                 batches better than choosing for each message; 0 chooses for each. Unless set it is twice \
                 `linger.ms`. Messages with an empty key count too under the partitioner consistent_random.";
            "client.dns.lookup" [client_dns_lookup: DnsLookup] word(DnsLookup::WORDS, "use_all_dns_ips")
                Both Low [] Core done
                "What to make of host names with several addresses: `use_all_dns_ips` tries one after the other, \
                 `resolve_canonical_bootstrap_servers_only` replaces bootstrap servers by the canonical names of \
                 their addresses, which is for Kerberos only.";
            "enable.metrics.push" [enable_metrics_push: bool] boolean(true)
                Both Low [] Telemetry todo
                "Send client metrics to the cluster if it has a subscription for this client.";
        }
    };
}
pub(super) use producer_rows;
