//! Properties of producers, and the last general ones.
//!
//! Rows of the table: `table.rs` says what a row consists of. The order is that
//! of the listing.

macro_rules! producer_rows {
    ($next:ident $($rest:ident)*; $($before:tt)*) => {
        $next! { $($rest)*; $($before)*
            "transactional.id" [transactional_id: Option<String>] text(None)
                Producer High [] Transactions done
                "Makes the producer transactional, under this name. Whoever starts next with the same name finishes \
                 or aborts what the one before left open, and fences it off. Turns on `enable.idempotence`. Needs \
                 brokers of 0.11.0 or newer.";
            "transaction.timeout.ms" [transaction_timeout_ms: i32] int(1000, i32::MAX, 60_000)
                Producer Medium [] Transactions done
                "How long the coordinator waits for a sign of life before it aborts an open transaction. Above the \
                 broker's `transaction.max.timeout.ms` init_transactions() fails with \
                 ERR_INVALID_TRANSACTION_TIMEOUT. Unless set, `message.timeout.ms` and `socket.timeout.ms` follow it.";
            "enable.idempotence" [enable_idempotence: bool] boolean(false)
                Producer High [] Producer done
                "What the application produces is in the log once, in its order, also after retries. Turns on \
                 `acks=all`, the highest `retries`, `queuing.strategy=fifo` and at most 5 of \
                 `max.in.flight.requests.per.connection`, each unless set; what is set and contradicts makes \
                 rd_kafka_new() fail.";
            "enable.gapless.guarantee" [enable_gapless_guarantee: bool] boolean(false)
                Producer Low [Experimental] Producer done
                "With `enable.idempotence=true`, never go on behind a message that could not be written: its failure \
                 is fatal (ERR__GAPLESS_GUARANTEE) and ends the producer, unless it just timed out.";
            "queue.buffering.max.messages" [queue_buffering_max_messages: i32] int(0, i32::MAX, 100_000)
                Producer High [] Producer done
                "So many messages may be on their way, from the call that accepts them to their report, in the whole \
                 client; 0 sets no bound. Further ones are refused with ERR__QUEUE_FULL.";
            "queue.buffering.max.kbytes" [queue_buffering_max_kbytes: i32] int(1, i32::MAX, 1_048_576)
                Producer High [] Producer done
                "The same bound as `queue.buffering.max.messages`, for what the messages take in memory, in \
                 kilobytes. Whichever is reached first counts.";
            "queue.buffering.max.ms" [queue_buffering_max_ms: f64] float(0.0, 900_000.0, 5.0)
                Producer High [] Producer done
                "The longest that a batch stays open for more messages after its first. Longer means fewer requests \
                 and tighter compression, at the price of latency.";
            "linger.ms" [] alias("queue.buffering.max.ms")
                Producer High [] Producer done
                "";
            "message.send.max.retries" [message_send_max_retries: i32] int(0, i32::MAX, i32::MAX)
                Producer High [] Producer done
                "Attempts after the first to get a message written. A later message can overtake one that is retried, \
                 but for `enable.idempotence=true` or a single request in flight.";
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
                "A batch is closed when it has this many bytes, counted as they go over the wire. A message that is \
                 larger makes a batch of its own. See `batch.num.messages` and `message.max.bytes` for the other \
                 bounds.";
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
                "Messages without a key all go to one partition for this long, then to another one, because larger \
                 batches cost less; 0 draws a partition for each message. Twice `linger.ms` unless set. With the \
                 partitioner consistent_random an empty key counts as none.";
            "client.dns.lookup" [client_dns_lookup: DnsLookup] word(DnsLookup::WORDS, "use_all_dns_ips")
                Both Low [] Core done
                "Several addresses behind one host name: `use_all_dns_ips` tries them in turn. \
                 `resolve_canonical_bootstrap_servers_only` makes each a bootstrap server under its canonical name, \
                 as Kerberos needs it.";
            "enable.metrics.push" [enable_metrics_push: bool] boolean(true)
                Both Low [] Telemetry done
                "Push this client's metrics to brokers that have subscribed to them (KIP-714).";
        }
    };
}
pub(super) use producer_rows;
