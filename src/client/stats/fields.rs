//! What each field of the statistics is. docs/statistics.md is made from this table, and a test looks for every name that the
//! writers have in it, and the reverse.

/// An object of the document.
pub struct Section {
    pub title: &'static str,
    /// From the document to the object, or to several; what is in capitals is a name.
    pub path: &'static str,
    pub about: &'static str,
    /// The functions that write its fields.
    writers: &'static [&'static str],
    pub fields: &'static [Field],
}

pub struct Field {
    pub name: &'static str,
    pub kind: &'static str,
    pub unit: &'static str,
    pub help: &'static str,
}

macro_rules! sections {
    ($($title:literal $path:literal by $writers:expr, $about:literal { $($name:literal $kind:ident $unit:literal $help:literal;)* })*) => {
        pub const SECTIONS: &[Section] = &[$(Section {
            title: $title,
            path: $path,
            about: $about,
            writers: &$writers,
            fields: &[$(Field { name: $name, kind: stringify!($kind), unit: $unit, help: $help }),*],
        }),*];
    };
}

sections! {
"The client" "" by ["json", "client"], "What the whole instance does, and what its brokers and partitions add up to." {
    "name" text "" "The instance's name, as `rd_kafka_name()` returns it.";
    "client_id" text "" "`client.id`.";
    "type" text "" "`producer` or `consumer`; a share consumer is a `consumer`.";
    "ts" gauge "µs" "When the document was made, by a clock that is never set: for differences between documents.";
    "time" gauge "s" "The same in seconds since 1970.";
    "age" gauge "µs" "Since the instance was made.";
    "replyq" gauge "events" "Reports, errors and other events that wait for `rd_kafka_poll()`.";
    "msg_cnt" gauge "messages" "A producer's messages between being produced and their delivery report.";
    "msg_size" gauge "bytes" "Values of these messages, which `queue.buffering.max.kbytes` counts.";
    "msg_max" constant "messages" "How many there may be: `queue.buffering.max.messages`, 0 for no limit.";
    "msg_size_max" constant "bytes" "How large they may be: `queue.buffering.max.kbytes`.";
    "simple_cnt" gauge "partitions" "Partitions that were started by `rd_kafka_consume_start()` and not stopped.";
    "metadata_cache_cnt" gauge "topics" "Topics that metadata is kept of.";
    "brokers" object "" "The brokers, by their names.";
    "topics" object "" "The topics that are used, by their names.";
    "tx" counter "requests" "Requests sent to brokers.";
    "tx_bytes" counter "bytes" "Bytes of these requests.";
    "rx" counter "responses" "Responses received.";
    "rx_bytes" counter "bytes" "Bytes of these responses.";
    "txmsgs" counter "messages" "Messages sent, over all partitions; those that are sent again count again.";
    "txmsg_bytes" counter "bytes" "Their keys and values.";
    "rxmsgs" counter "messages" "Messages received, over all partitions, counted as they are fetched.";
    "rxmsg_bytes" counter "bytes" "Their keys and values.";
}
"A broker" "brokers.NAME" by ["broker"], "One connection: to a broker, to a bootstrap server whose broker is not known yet, or the connection of their own that the coordinators of a group (`GroupCoordinator`) and of transactions (`TxnCoordinator`) have." {
    "name" text "" "The name of the object again: `HOST:PORT/ID`, with `bootstrap` for an id that is not known.";
    "nodeid" gauge "" "The broker's id, -1 while it is not known.";
    "nodename" text "" "`HOST:PORT`.";
    "source" text "" "Where it is known from: `configured` (`bootstrap.servers`), `learned` (metadata), or `logical` (a coordinator's connection).";
    "state" text "" "`INIT`, `DOWN`, `TRY_CONNECT`, `CONNECT`, `SSL_HANDSHAKE`, `APIVERSION_QUERY`, `AUTH_HANDSHAKE`, `AUTH_REQ`, `AUTH_LEGACY`, `UP` (requests are sent) or `REAUTH` (the login is renewed).";
    "stateage" gauge "µs" "Since this state began.";
    "outbuf_cnt" gauge "requests" "Requests that wait to be sent.";
    "outbuf_msg_cnt" constant "messages" "Always 0: messages are put into requests when these can be sent.";
    "waitresp_cnt" gauge "requests" "Requests that wait for their response.";
    "waitresp_msg_cnt" gauge "messages" "Messages in these requests.";
    "tx" counter "requests" "Requests sent.";
    "txbytes" counter "bytes" "Bytes sent.";
    "txerrs" counter "requests" "Requests that could not be sent.";
    "txretries" counter "requests" "Requests sent again.";
    "txidle" gauge "µs" "Since a request was sent, -1 if none was.";
    "req_timeouts" counter "requests" "Requests that were not answered in time.";
    "rx" counter "responses" "Responses received.";
    "rxbytes" counter "bytes" "Bytes received.";
    "rxerrs" counter "responses" "Responses that could not be read.";
    "rxcorriderrs" counter "responses" "Responses to no request that waits, as after its timeout.";
    "rxpartial" counter "responses" "Responses to a Fetch that had not even one whole batch, which is then fetched with room for it.";
    "rxidle" gauge "µs" "Since something was received, -1 if nothing was.";
    "zbuf_grow" constant "" "Always 0: buffers are made in the size that they need.";
    "buf_grow" constant "" "Always 0, for the same reason.";
    "wakeups" counter "" "Times that the broker's thread was woken.";
    "connects" counter "connections" "Connections begun.";
    "disconnects" counter "connections" "Connections ended.";
    "int_latency" summary "µs" "A producer's messages: from being produced to their request.";
    "outbuf_latency" summary "µs" "Requests: from being made to their last byte in the socket.";
    "rtt" summary "µs" "Requests: from being sent to their response.";
    "throttle" summary "ms" "Pauses that the broker asked for because of its quotas.";
    "req" object "" "Requests sent, by the name of their kind in Kafka's protocol (`Produce`, `Fetch`, `Metadata`, …; `ApiVersion` for ApiVersions): counters. Everyday kinds are always there, others once they were sent.";
    "toppars" object "" "The partitions that this client uses and this broker leads, by `TOPIC-PARTITION`.";
}
"A summary" "brokers.NAME.int_latency brokers.NAME.outbuf_latency brokers.NAME.rtt brokers.NAME.throttle topics.TOPIC.batchsize topics.TOPIC.batchcnt" by ["summary", "window"], "Samples since the last document. Percentiles are right to 1.6 %, the rest exact; a summary without samples is all 0." {
    "min" gauge "as said" "The smallest sample.";
    "max" gauge "as said" "The largest one.";
    "avg" gauge "as said" "The mean.";
    "sum" gauge "as said" "The sum.";
    "stddev" gauge "as said" "The standard deviation.";
    "p50" gauge "as said" "The median: half of the samples are no larger.";
    "p75" gauge "as said" "75 % of the samples are no larger.";
    "p90" gauge "as said" "90 %.";
    "p95" gauge "as said" "95 %.";
    "p99" gauge "as said" "99 %.";
    "p99_99" gauge "as said" "99.99 %.";
    "outofrange" constant "samples" "Always 0: there is no largest value.";
    "hdrsize" gauge "bytes" "Memory of the summary.";
    "cnt" gauge "samples" "How many samples there are.";
}
"A broker's partition" "brokers.NAME.toppars.TOPIC-PARTITION" by ["led_by"], "A pointer to the partition's own object." {
    "topic" text "" "The topic's name.";
    "partition" constant "" "The partition's number.";
}
"A topic" "topics.TOPIC" by ["topic"], "A topic that the client produces to or consumes from." {
    "topic" text "" "Its name.";
    "age" gauge "ms" "Since the client first used it.";
    "metadata_age" gauge "ms" "Since metadata last told of it, 0 while none has.";
    "batchsize" summary "bytes" "A producer's batches, as they are sent: compressed, with their headers.";
    "batchcnt" summary "messages" "Messages in a producer's batch.";
    "partitions" object "" "Its partitions, by their numbers. `-1` is for a producer's messages that have no partition yet.";
}
"A partition" "topics.TOPIC.partitions.NUMBER" by ["write"], "What a client has no value for says so: -1001 for an offset, -1 for a leader, an epoch or a lag." {
    "partition" constant "" "Its number.";
    "broker" gauge "" "The id of the broker that this client uses for it, -1 for none.";
    "leader" gauge "" "The id of its leader, -1 while that is not known.";
    "desired" flag "" "Whether it is assigned to this consumer.";
    "unknown" flag "" "Whether metadata does not have it.";
    "msgq_cnt" gauge "messages" "A producer's messages that wait to be sent.";
    "msgq_bytes" gauge "bytes" "Their records, as they are encoded.";
    "xmit_msgq_cnt" constant "messages" "Always 0: batches that are ready count with the queue.";
    "xmit_msgq_bytes" constant "bytes" "Always 0, for the same reason.";
    "fetchq_cnt" gauge "messages" "A consumer's messages that were fetched and wait to be consumed.";
    "fetchq_size" gauge "bytes" "Bytes of these messages.";
    "fetch_state" text "" "`none`, `stopping`, `stopped`, `offset-query` (an offset is to be asked for), `offset-wait` (was asked for), `validate-epoch-wait` (the leader is asked whether the log was cut off) or `active`.";
    "query_offset" gauge "offset" "What is looked up: -2 the begin, -1 the end, -1000 the committed offset, -2000 - N for the last N messages.";
    "next_offset" gauge "offset" "Where the next Fetch goes on.";
    "app_offset" gauge "offset" "After the last message that the application has taken.";
    "stored_offset" gauge "offset" "What the next commit commits.";
    "stored_leader_epoch" gauge "epoch" "The leader epoch that goes with it.";
    "commited_offset" gauge "offset" "`committed_offset`, under a misspelt name that programs read.";
    "committed_offset" gauge "offset" "What was committed last.";
    "committed_leader_epoch" gauge "epoch" "The leader epoch that went with it.";
    "eof_offset" gauge "offset" "The end that was reported last, by `_PARTITION_EOF`.";
    "lo_offset" gauge "offset" "The first offset of the log.";
    "hi_offset" gauge "offset" "The high watermark: what all replicas in sync have ends there.";
    "ls_offset" gauge "offset" "The last stable offset: before it no transaction is open.";
    "consumer_lag" gauge "messages" "From the committed offset to the end: the last stable offset under `isolation.level=read_committed`, otherwise the high watermark.";
    "consumer_lag_stored" gauge "messages" "The same from the stored offset.";
    "leader_epoch" gauge "epoch" "How often the partition has had a new leader, by metadata.";
    "txmsgs" counter "messages" "Messages sent; those that are sent again count again.";
    "txbytes" counter "bytes" "Their keys and values.";
    "rxmsgs" counter "messages" "Messages that a consumer has received.";
    "rxbytes" counter "bytes" "Their keys and values.";
    "msgs" counter "messages" "A producer: messages that the partition has been given. A consumer: `rxmsgs`.";
    "rx_ver_drops" counter "messages" "Messages dropped because they came for a position that was left, as by a seek.";
    "msgs_inflight" gauge "messages" "A producer's messages in requests that wait for their response.";
    "next_ack_seq" constant "" "Always 0: messages have no numbers of their own, batches have.";
    "next_err_seq" constant "" "Always 0, for the same reason.";
    "acked_msgid" constant "" "Always 0, for the same reason.";
}
"The group" "cgrp" by ["group"], "A consumer with `group.id`." {
    "state" text "" "The way to the coordinator: `init`, `query-coord` (it is to be asked for), `wait-coord` (it was asked for), `wait-broker-transport` (it is connected to) or `up`.";
    "stateage" gauge "ms" "Since this state began.";
    "join_state" text "" "How far the member has come: `init`, `wait-join`, `wait-metadata`, `wait-sync`, `wait-assign-call`, `wait-unassign-call`, `wait-unassign-to-complete`, `wait-incr-unassign-to-complete` or `steady` (it has its assignment).";
    "rebalance_age" gauge "ms" "Since the last rebalance began.";
    "rebalance_cnt" counter "rebalances" "Assignments and revocations.";
    "rebalance_reason" text "" "Why the last one was.";
    "assignment_size" gauge "partitions" "Partitions assigned to the member.";
}
"The producer id" "eos" by ["eos"], "An idempotent or transactional producer." {
    "idemp_state" text "" "`Init`, `RequestPID`, `WaitTransport`, `WaitPID`, `Assigned`, `WaitTxnAbort` or `FatalError`.";
    "idemp_stateage" gauge "ms" "Since this state began.";
    "txn_state" text "" "`Init`, `WaitPID`, `ReadyNotAcked`, `Ready`, `InTransaction`, `BeginCommit`, `CommittingTransaction`, `CommitNotAcked`, `BeginAbort`, `AbortingTransaction`, `AbortedNotAcked`, `AbortableError` or `FatalError`. NotAcked: done, and the call that asked for it had timed out and is to be made again.";
    "txn_stateage" gauge "ms" "Since this state began.";
    "txn_may_enq" flag "" "Whether messages are taken now.";
    "producer_id" gauge "" "The producer id that the cluster has given, -1 while there is none.";
    "producer_epoch" gauge "epoch" "Its epoch, -1 while there is none.";
    "epoch_cnt" counter "" "Ids and epochs that it has been given.";
}
"A fatal error" "fatal" by ["fatal"], "Only after a fatal error: the client has to be made anew." {
    "error" text "" "What `rd_kafka_err2str()` says of its code.";
    "reason" text "" "Its text.";
    "cnt" constant "" "Always 1: only the first one is kept.";
}
}

const HEAD: &str = r#"# Statistics

<!-- Generated from src/client/stats/fields.rs. Do not edit; after a change there run:
     UPDATE_DOCS=1 cargo test --lib client::stats::fields -->

A client tells about itself in a JSON document, every `statistics.interval.ms` milliseconds. In C it goes to the callback of
`rd_kafka_conf_set_stats_cb()`, in Python to `stats_cb`, in Go it is an event `*kafka.Stats`, in Node `event.stats`, in PHP it
goes to `setStatsCb`. It is told while the application polls. The names are librdkafka's, so that what reads its documents reads
these. For Prometheus no code is needed: see [statistics for Prometheus](prometheus.md).

This prints what a producer has sent, beside the mock cluster that is a part of the library:

```sh
[ -d target/python ] || python3 -m venv target/python
target/python/bin/python -m pip install --quiet confluent-kafka
```

<!-- Python -->
```sh
LD_PRELOAD=$PWD/target/release/lib/librdkafka.so.1 target/python/bin/python
```

```python
import json
from confluent_kafka import Producer
documents = []
def told(text):
    documents.append(json.loads(text))

producer = Producer({"test.mock.num.brokers": 1, "statistics.interval.ms": 100, "stats_cb": told})
for word in ("tea", "ink", "yarn"):
    producer.produce("letters", word)

while not documents or documents[-1]["txmsgs"] < 3:
    left = producer.poll(1)

last = documents[-1]
print(last["type"], last["txmsgs"], "messages sent,", last["msg_cnt"], "wait")
```

<!-- prints -->
```text
producer 3 messages sent, 0 wait
```

What kind a field has:

- *counter*: only grows, while the instance lives. The difference between two documents is what happened between them.
- *gauge*: what is so at the moment of the document.
- *constant*: does not change.
- *summary*: an object with the fields of [a summary](#a-summary).
- *object*, *text*, *flag* (`true` or `false`): as JSON has them.

Summaries cost something, and are gathered only where `statistics.interval.ms` or `statistics.prometheus.listen` is set; so is
what a consumer has received.
"#;

/// The text of docs/statistics.md.
pub fn document() -> String {
    let mut out = HEAD.to_owned();
    for section in SECTIONS {
        let paths: Vec<String> = section.path.split(' ').map(|p| format!("`{p}`")).collect();
        let place = match section.path {
            "" => "At the top of the document.".to_owned(),
            _ => format!("At {}.", paths.join(", ")),
        };
        out.push_str(&format!(
            "\n## {}\n\n{place} {}\n\n",
            section.title, section.about
        ));
        out.push_str("| field | kind | unit | what |\n|---|---|---|---|\n");
        for f in section.fields {
            out.push_str(&format!(
                "| `{}` | {} | {} | {} |\n",
                f.name, f.kind, f.unit, f.help
            ));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITERS: &[&str] = &[include_str!("../stats.rs"), include_str!("partition.rs")];

    /// The literal names that a piece of source gives to fields.
    fn literals(body: &str) -> Vec<String> {
        ["j.int(", "j.text(", "j.flag(", "j.object(", "window(j,"]
            .into_iter()
            .flat_map(|call| body.split(call).skip(1))
            .filter_map(|rest| rest.trim_start().strip_prefix('"'))
            .filter_map(|literal| literal.split('"').next())
            .map(str::to_owned)
            .collect()
    }

    fn written_by(function: &str) -> Vec<String> {
        let start = format!("{function}(");
        let names: Vec<String> = WRITERS
            .iter()
            .filter_map(|source| source.split("#[cfg(test)]").next())
            .flat_map(|source| source.split("fn ").filter(|b| b.starts_with(&start)))
            .flat_map(literals)
            .collect();
        assert!(!names.is_empty(), "nothing is written by {function}");
        names
    }

    #[test]
    fn every_field_that_is_written_is_in_the_table_and_the_reverse() {
        for section in SECTIONS {
            let mut written: Vec<String> =
                section.writers.iter().flat_map(|f| written_by(f)).collect();
            // The object itself, where its fields' writer opens it.
            written.retain(|name| name != section.path);
            written.sort();
            written.dedup();
            let mut told: Vec<&str> = section.fields.iter().map(|f| f.name).collect();
            told.sort();
            assert_eq!(written, told, "{}", section.title);
        }
    }

    #[test]
    fn every_writer_is_named_by_a_section() {
        for source in WRITERS {
            for body in source
                .split("#[cfg(test)]")
                .next()
                .unwrap()
                .split("fn ")
                .skip(1)
            {
                let name = body.split('(').next().unwrap();
                // Its fields are called as Kafka calls the requests.
                let is_known =
                    name == "requests" || SECTIONS.iter().any(|s| s.writers.contains(&name));
                assert!(
                    is_known || literals(body).is_empty(),
                    "{name} writes fields of no section"
                );
            }
        }
    }

    #[test]
    fn rows_say_what_they_are() {
        const KINDS: &[&str] = &[
            "counter", "gauge", "constant", "summary", "object", "text", "flag",
        ];
        for field in SECTIONS.iter().flat_map(|s| s.fields) {
            let name = field.name;
            assert!(KINDS.contains(&field.kind), "{name}");
            assert!(
                field.help.ends_with('.') && !field.help.contains(['|', '\n']),
                "{name}"
            );
            let has_unit =
                !matches!(field.kind, "text" | "flag" | "object") || field.unit.is_empty();
            assert!(has_unit, "{name}");
        }
    }

    #[test]
    fn the_document_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/statistics.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, document()).unwrap();
        }
        let text = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            text == document(),
            "UPDATE_DOCS=1 cargo test --lib client::stats::fields"
        );
    }
}
