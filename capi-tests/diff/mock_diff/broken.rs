//! Requests that are none: cut off, longer than they should be, of versions that do not
//! exist; and what both say that they speak.

use crate::Diff;
use crate::logs::{World, partition, topic_name};
use crate::side::{Side, frame};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::*;

pub fn step(diff: &mut Diff, world: &World) {
    match diff.rng.u32(..10) {
        0..2 => versions(diff),
        2..4 => unknown_version(diff),
        _ => spoiled(diff, world),
    }
}

/// What is not advertised costs the connection.
fn unknown_version(diff: &mut Diff) {
    let spoken = spoken(&mut diff.mock);
    let &(api, min, max) = diff.pick(&spoken);
    let unknown = [max + 1, max + 50, i16::MAX, -1, min - 1];
    let version = *diff.pick(&unknown);
    // Kafka tells and takes all versions of Produce from 0 on, but answers only from 3.
    if api == ApiKey::Produce as i16 && version < 3 {
        return;
    }
    let mut bytes = Vec::new();
    bytes.extend(api.to_be_bytes());
    bytes.extend(version.to_be_bytes());
    // Correlation id, no client id, no tagged fields, and a body that may be one.
    bytes.extend([0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0]);
    diff.both(
        "Unknown version",
        &format!("api {api} v{version}"),
        |side| {
            let answer = side.raw(&bytes);
            (format!("{answer:?}"), ())
        },
    );
}

const TELEMETRY: [i16; 2] = [
    ApiKey::GetTelemetrySubscriptions as i16,
    ApiKey::PushTelemetry as i16,
];

fn spoken(side: &mut Side) -> Vec<(i16, i16, i16)> {
    let answer = side.ask(0, &ApiVersionsRequest::default());
    let keys = answer.expect("answer").api_keys;
    let row = |a: &api_versions_response::ApiVersion| (a.api_key, a.min_version, a.max_version);
    keys.iter().map(row).collect()
}

/// The ranges of what both speak: Kafka speaks of telemetry only with a plugin.
fn versions(diff: &mut Diff) {
    let known: Vec<_> = spoken(&mut diff.mock)
        .into_iter()
        .filter(|&(key, ..)| !TELEMETRY.contains(&key))
        .collect();
    let version = diff.rng.i16(0..=4);
    diff.both("ApiVersions", &format!("v{version}"), |side| {
        let mut request = ApiVersionsRequest::default();
        if version >= 3 {
            request.client_software_name = crate::side::text("diff");
            request.client_software_version = crate::side::text("1.0");
        }
        let response = side.ask(version, &request).expect("answer");
        let both = response.api_keys.iter().filter(|a| {
            let api = a.api_key;
            known.iter().any(|&(k, ..)| k == api)
        });
        let mut ranges: Vec<_> = both
            .map(|a| (a.api_key, a.min_version, newest(a)))
            .collect();
        ranges.sort();
        (format!("error {} {ranges:?}", response.error_code), ())
    });
}

/// Without the versions that the mock's protocol library does not have.
fn newest(a: &api_versions_response::ApiVersion) -> i16 {
    let unknown = [
        (ApiKey::ListOffsets, 11),
        (ApiKey::OffsetCommit, 10),
        (ApiKey::OffsetFetch, 10),
    ];
    let newest = unknown
        .iter()
        .any(|&(k, v)| (k as i16, v) == (a.api_key, a.max_version));
    a.max_version - i16::from(newest)
}

/// A good request, then less or more of it.
fn spoiled(diff: &mut Diff, world: &World) {
    let (topic, partition) = (world.topic(diff), partition(diff));
    let version = diff.rng.i16(1..=10);
    let request = ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_topics(vec![
            ListOffsetsTopic::default()
                .with_name(topic_name(&topic))
                .with_partitions(vec![
                    ListOffsetsPartition::default()
                        .with_partition_index(partition)
                        .with_timestamp(-1),
                ]),
        ]);
    let good = frame(version, 1, &request);
    let mut bytes = good[4..].to_vec();
    let kind = match diff.rng.u32(..4) {
        // Its header stays whole.
        0..3 => {
            let cut = diff.rng.usize(1..bytes.len() - 18);
            bytes.truncate(bytes.len() - cut);
            format!("{cut} bytes short")
        }
        _ => {
            let more = diff.rng.usize(1..9);
            bytes.resize(bytes.len() + more, diff.rng.u8(..));
            format!("{more} bytes more")
        }
    };
    diff.both(
        "Spoiled ListOffsets",
        &format!("v{version} {kind}"),
        |side| (format!("{:?}", side.raw(&bytes)), ()),
    );
}
