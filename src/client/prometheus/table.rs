//! The metrics: what each is called, and which field of the statistics it is.
//!
//! docs/prometheus.md is made from this table.

/// A row.
#[derive(Debug)]
pub struct Row {
    /// Without `rdkafka_` in front.
    pub name: &'static str,
    pub kind: Kind,
    pub of: Level,
    pub side: Side,
    /// In the object of its level.
    pub field: &'static str,
    pub scale: Scale,
    pub help: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Gauge,
    /// Its name ends with `_total`.
    Counter,
    /// Of a window: `_sum` and `_count`, without quantiles.
    Summary,
}

/// Which object of the statistics, and with it the labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Client,
    Broker,
    Topic,
    Partition,
    Group,
    Eos,
}

/// Which clients have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Both,
    Producer,
    Consumer,
}

/// From the field to the value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    AsItIs,
    /// An offset or a number that is negative while it is not known: left out then.
    Known,
    /// Seconds from parts of one.
    Seconds(f64),
    /// 1 if the field is this text.
    Is(&'static str),
    /// 1 if there is such a field.
    Exists,
}

impl Kind {
    pub fn text(self) -> &'static str {
        match self {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
            Kind::Summary => "summary",
        }
    }
}

const MICROS: Scale = Scale::Seconds(1e-6);
const MILLIS: Scale = Scale::Seconds(1e-3);

use Kind::{Counter, Gauge, Summary};
use Level::{Broker, Client, Eos, Group, Partition, Topic};
use Scale::{AsItIs, Exists, Is, Known};
use Side::{Both, Consumer, Producer};

macro_rules! rows {
    ($($name:literal $kind:ident $of:ident $side:ident $field:literal $scale:expr, $help:literal;)*) => {
        pub const ROWS: &[Row] = &[$(Row {
            name: $name,
            kind: $kind,
            of: $of,
            side: $side,
            field: $field,
            scale: $scale,
            help: $help,
        }),*];
    };
}

rows! {
    "age_seconds" Gauge Client Both "age" MICROS, "Since the client was made.";
    "fatal" Gauge Client Both "fatal" Exists, "1 after a fatal error: the client has to be made anew.";
    "queued_events" Gauge Client Both "replyq" AsItIs, "Reports, errors and other events that wait to be polled.";
    "metadata_topics" Gauge Client Both "metadata_cache_cnt" AsItIs, "Topics that metadata is kept of.";
    "queued_messages" Gauge Client Producer "msg_cnt" AsItIs, "Messages between being produced and their report.";
    "queued_messages_limit" Gauge Client Producer "msg_max" AsItIs, "queue.buffering.max.messages, 0 for none.";
    "queued_bytes" Gauge Client Producer "msg_size" AsItIs, "Bytes of those messages.";
    "queued_bytes_limit" Gauge Client Producer "msg_size_max" AsItIs, "queue.buffering.max.kbytes, in bytes.";
    "broker_up" Gauge Broker Both "state" Is("UP"), "1 while the connection can be used.";
    "broker_waiting_requests" Gauge Broker Both "outbuf_cnt" AsItIs, "Requests that wait to be sent.";
    "broker_in_flight_requests" Gauge Broker Both "waitresp_cnt" AsItIs, "Requests that wait for their response.";
    "broker_in_flight_messages" Gauge Broker Producer "waitresp_msg_cnt" AsItIs, "Messages in those requests.";
    "broker_requests_total" Counter Broker Both "tx" AsItIs, "Requests sent.";
    "broker_sent_bytes_total" Counter Broker Both "txbytes" AsItIs, "Bytes sent.";
    "broker_send_errors_total" Counter Broker Both "txerrs" AsItIs, "Requests that could not be sent.";
    "broker_retries_total" Counter Broker Both "txretries" AsItIs, "Requests sent again.";
    "broker_timeouts_total" Counter Broker Both "req_timeouts" AsItIs, "Requests that were not answered in time.";
    "broker_responses_total" Counter Broker Both "rx" AsItIs, "Responses.";
    "broker_received_bytes_total" Counter Broker Both "rxbytes" AsItIs, "Bytes received.";
    "broker_receive_errors_total" Counter Broker Both "rxerrs" AsItIs, "Responses that could not be read.";
    "broker_connects_total" Counter Broker Both "connects" AsItIs, "Connections begun.";
    "broker_disconnects_total" Counter Broker Both "disconnects" AsItIs, "Connections ended.";
    "broker_wakeups_total" Counter Broker Both "wakeups" AsItIs, "Times that the broker's thread was woken.";
    "broker_request_latency_seconds" Summary Broker Both "rtt" MICROS, "From a request to its response.";
    "broker_socket_wait_seconds" Summary Broker Both "outbuf_latency" MICROS, "From a request to its last byte in the socket.";
    "broker_message_wait_seconds" Summary Broker Producer "int_latency" MICROS, "From producing a message to its request.";
    "broker_throttle_seconds" Summary Broker Both "throttle" MILLIS, "Pauses that the broker asked for.";
    "topic_metadata_age_seconds" Gauge Topic Both "metadata_age" MILLIS, "Since metadata last told of the topic.";
    "topic_batch_bytes" Summary Topic Producer "batchsize" AsItIs, "Bytes of a batch as it is sent.";
    "topic_batch_messages" Summary Topic Producer "batchcnt" AsItIs, "Messages in a batch.";
    "partition_leader" Gauge Partition Both "leader" Known, "The id of the broker that leads it.";
    "partition_queued_messages" Gauge Partition Producer "msgq_cnt" AsItIs, "Messages that wait to be sent.";
    "partition_queued_bytes" Gauge Partition Producer "msgq_bytes" AsItIs, "Bytes of those messages.";
    "partition_in_flight_messages" Gauge Partition Producer "msgs_inflight" AsItIs, "Messages that wait for their response.";
    "partition_sent_messages_total" Counter Partition Producer "txmsgs" AsItIs, "Messages sent.";
    "partition_sent_bytes_total" Counter Partition Producer "txbytes" AsItIs, "Bytes of those messages.";
    "partition_fetched_messages" Gauge Partition Consumer "fetchq_cnt" AsItIs, "Messages that wait to be consumed.";
    "partition_fetched_bytes" Gauge Partition Consumer "fetchq_size" AsItIs, "Bytes of those messages.";
    "partition_received_messages_total" Counter Partition Consumer "rxmsgs" AsItIs, "Messages received.";
    "partition_received_bytes_total" Counter Partition Consumer "rxbytes" AsItIs, "Bytes of those messages.";
    "partition_dropped_messages_total" Counter Partition Consumer "rx_ver_drops" AsItIs, "Messages dropped since they came for an older position.";
    "partition_position" Gauge Partition Consumer "app_offset" Known, "The offset after the last message that was consumed.";
    "partition_stored_offset" Gauge Partition Consumer "stored_offset" Known, "The offset that is to be committed.";
    "partition_committed_offset" Gauge Partition Consumer "committed_offset" Known, "The offset that was committed last.";
    "partition_low_offset" Gauge Partition Consumer "lo_offset" Known, "The first offset in the log.";
    "partition_high_offset" Gauge Partition Consumer "hi_offset" Known, "The high watermark.";
    "partition_last_stable_offset" Gauge Partition Consumer "ls_offset" Known, "The last stable offset.";
    "partition_lag" Gauge Partition Consumer "consumer_lag" Known, "Messages between the committed offset and the end.";
    "partition_stored_lag" Gauge Partition Consumer "consumer_lag_stored" Known, "Messages between the stored offset and the end.";
    "group_coordinator_up" Gauge Group Consumer "state" Is("up"), "1 while the group's coordinator can be used.";
    "group_steady" Gauge Group Consumer "join_state" Is("steady"), "1 while the member has its assignment.";
    "group_assigned_partitions" Gauge Group Consumer "assignment_size" AsItIs, "Partitions assigned to the member.";
    "group_rebalances_total" Counter Group Consumer "rebalance_cnt" AsItIs, "Assignments and revocations.";
    "group_rebalance_age_seconds" Gauge Group Consumer "rebalance_age" MILLIS, "Since the last one began.";
    "producer_id" Gauge Eos Producer "producer_id" Known, "The id of an idempotent or transactional producer.";
    "producer_epoch" Gauge Eos Producer "producer_epoch" Known, "Its epoch.";
    "producer_epochs_total" Counter Eos Producer "epoch_cnt" AsItIs, "Ids and epochs that it has been given.";
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn labels(level: Level) -> &'static [&'static str] {
        match level {
            Level::Client | Level::Group | Level::Eos => &["client", "type"],
            Level::Broker => &["client", "type", "broker", "node"],
            Level::Topic => &["client", "type", "topic"],
            Level::Partition => &["client", "type", "topic", "partition"],
        }
    }

    const HEAD: &str = "# Statistics for Prometheus

<!-- Generated from src/client/prometheus/table.rs. Do not edit; after a change there run:
     UPDATE_DOCS=1 cargo test --lib prometheus -->

`statistics.prometheus.listen=127.0.0.1:9464` makes the process serve the statistics of all its client instances at
`http://127.0.0.1:9464/metrics`, in Prometheus' text format, or OpenMetrics where it is asked for. One thread serves an
address, from the first instance that names it until the last one ends. An address that something else listens on makes
`rd_kafka_new()` fail. Who can connect can read: there is no login, and no TLS.

What is served is collected when it is asked for: `statistics.interval.ms` may be 0, and its windows are left alone.
An instance that does not answer within two seconds is left out. Some numbers are counted for those instances alone that
have set `statistics.prometheus.listen` or `statistics.interval.ms` themselves, because they cost something: all
summaries, and what a consumer has received.

Labels: `client` is the instance's name (`rd_kafka_name()`), `type` is `producer` or `consumer` (share consumers, too), `broker` the broker's
name with its address, `node` its id, `-1` while that is not known; messages that have no partition yet count as
partition `-1`. `rdkafka_client_info` is 1 and names the `client_id` and the library's version.

| metric | type | labels | what |
|---|---|---|---|
";

    /// The text of docs/prometheus.md.
    fn document() -> String {
        let mut out = HEAD.to_string();
        for row in ROWS {
            let labels: Vec<String> = labels(row.of).iter().map(|l| format!("`{l}`")).collect();
            let kind = row.kind.text();
            let labels = labels.join(" ");
            out.push_str(&format!(
                "| `rdkafka_{}` | {kind} | {labels} | {} |\n",
                row.name, row.help
            ));
        }
        out
    }

    #[test]
    fn rows_are_as_their_kinds_want_them() {
        for (at, row) in ROWS.iter().enumerate() {
            let name = row.name;
            assert_eq!(row.kind == Counter, name.ends_with("_total"), "{name}");
            assert!(
                row.kind == Gauge || !matches!(row.scale, Is(_) | Exists | Known),
                "{name}"
            );
            assert!(
                row.help.ends_with('.') && !row.help.contains(['|', '\n']),
                "{name}"
            );
            assert!(
                ROWS.iter().skip(at + 1).all(|r| r.name != name),
                "{name} twice"
            );
            let good = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(name.chars().all(good), "{name}");
            if let Scale::Seconds(_) = row.scale {
                assert!(name.ends_with("_seconds"), "{name}");
            }
        }
    }

    #[test]
    fn the_document_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/prometheus.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, document()).unwrap();
        }
        let text = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            text == document(),
            "UPDATE_DOCS=1 cargo test --lib prometheus"
        );
    }
}
