//! Topics with a `compression.type` of their own: what comes back is compared unpacked,
//! since no two compressors make the same bytes.

use crate::Diff;
use crate::logs::{create_named, topic_name};
use crate::records::{Spec, batch};
use crate::side::{Side, text};
use bytes::{Buf, Bytes};
use kafka_protocol::messages::create_topics_request::CreatableTopicConfig;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::*;
use rdkafka::mock::log::batch::{Header, seal};
use rdkafka::mock::log::records::Records;
use rdkafka::protocol::compression::Codec;

const TYPES: [&str; 7] = [
    "producer",
    "uncompressed",
    "gzip",
    "snappy",
    "lz4",
    "zstd",
    "compact",
];

fn name(diff: &Diff, kind: &str) -> String {
    format!("c{}-{kind}", diff.run)
}

pub fn create(diff: &mut Diff) {
    for kind in TYPES {
        let config = |name, value| {
            CreatableTopicConfig::default()
                .with_name(text(name))
                .with_value(Some(text(value)))
        };
        let mut configs = vec![config("max.message.bytes", "700")];
        configs.push(match kind {
            "compact" => config("cleanup.policy", "compact"),
            _ => config("compression.type", kind),
        });
        let name = name(diff, kind);
        create_named(diff, &name, configs);
    }
}

pub fn step(diff: &mut Diff) {
    let kind = *diff.pick(&TYPES);
    let topic = name(diff, kind);
    let partition = diff.rng.i32(0..2);
    let codec = *diff.pick(&Codec::ALL);
    diff.clock += 10;
    let records = diff.rng.i32(1..=4);
    let spec = Spec {
        codec,
        // The longest fit packed, and do not unpacked.
        times: *diff.pick(&[1, 3, 40]),
        gap_at: *diff.pick(&[9, 9, 9, 9, 9, 9, 9, 0, 1, 2]),
        keyless_from: *diff.pick(&[9, 9, 0, 1, 2]),
        ..Spec::plain(records, diff.clock)
    };
    let mut bytes = batch(&spec).to_vec();
    let spoiled = diff.chance(8);
    if spoiled {
        // Not what the codec makes, under a checksum that is right.
        let end = bytes.len();
        bytes[61..end].fill(0x55);
        seal(&mut bytes);
    }
    let bytes = Bytes::from(bytes);
    let detail = format!(
        "{codec} x{} gap {} keyless {} spoiled {spoiled} to {topic}",
        spec.times, spec.gap_at, spec.keyless_from
    );
    let version = diff.rng.i16(7..=12);
    let base = diff.both("Produce to be packed", &detail, |side| {
        let data = PartitionProduceData::default()
            .with_index(partition)
            .with_records(Some(bytes.clone()));
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(5000)
            .with_topic_data(vec![
                TopicProduceData::default()
                    .with_name(topic_name(&topic))
                    .with_partition_data(vec![data]),
            ]);
        let response = side.settled(version, &request).expect("answer");
        let base = response.responses[0].partition_responses[0].base_offset;
        (format!("{response:?}"), base)
    });
    // What is older may have been compacted.
    if base >= 0 {
        diff.both("Fetch of what was packed", &detail, |side| {
            (fetch(side, &topic, partition, base), ())
        });
    }
}

fn fetch(side: &mut Side, topic: &str, partition: i32, from: i64) -> String {
    let wanted = FetchPartition::default()
        .with_partition(partition)
        .with_fetch_offset(from)
        .with_partition_max_bytes(1 << 20);
    let request = FetchRequest::default()
        .with_max_bytes(1 << 20)
        .with_session_epoch(-1)
        .with_topics(vec![
            FetchTopic::default()
                .with_topic(topic_name(topic))
                .with_partitions(vec![wanted]),
        ]);
    let response = side.settled(11, &request).expect("answer");
    let mut out = String::new();
    for p in response.responses.iter().flat_map(|t| &t.partitions) {
        out.push_str(&format!("error {} end {}", p.error_code, p.high_watermark));
        let mut rest = p.records.clone().unwrap_or_default();
        while let Ok(h) = Header::parse(&rest) {
            out.push_str(&format!(
                "\n  {}..{} attributes {:#x} {}..{}:",
                h.base_offset,
                h.last_offset(),
                h.attributes,
                h.first_timestamp,
                h.max_timestamp
            ));
            let Ok(records) = Records::open(&rest) else {
                out.push_str(" not to be unpacked");
                rest.advance(h.size());
                continue;
            };
            for r in records.iter().map_while(Result::ok) {
                out.push_str(&format!(" {} at {} {:?}", r.offset, r.timestamp, r.raw));
            }
            rest.advance(h.size());
        }
    }
    out
}
