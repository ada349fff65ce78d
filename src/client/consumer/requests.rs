//! ListOffsets and OffsetForLeaderEpoch, for many partitions at once.

use std::collections::BTreeMap;

use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::{
    BrokerId, ListOffsetsRequest, OffsetForLeaderEpochRequest, RequestKind, ResponseKind, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::command::PartitionLookup;
use crate::base::error::ErrorCode;
use crate::broker::{RequestError, Response};
use crate::consumer::Position;

fn name(topic: &str) -> TopicName {
    TopicName(StrBytes::from_string(topic.to_string()))
}

fn by_topic(lookups: &[PartitionLookup]) -> BTreeMap<&str, Vec<&PartitionLookup>> {
    let mut topics: BTreeMap<&str, Vec<&PartitionLookup>> = BTreeMap::new();
    for lookup in lookups {
        topics.entry(&lookup.topic).or_default().push(lookup);
    }
    topics
}

pub fn list_offsets(
    lookups: &[PartitionLookup],
    read_committed: bool,
    timeout_ms: i32,
    version: i16,
) -> RequestKind {
    let topics = by_topic(lookups)
        .into_iter()
        .map(|(topic, lookups)| {
            ListOffsetsTopic::default()
                .with_name(name(topic))
                .with_partitions(
                    lookups
                        .into_iter()
                        .map(|a| {
                            ListOffsetsPartition::default()
                                .with_partition_index(a.partition)
                                .with_current_leader_epoch(a.leader_epoch)
                                .with_timestamp(a.value)
                        })
                        .collect(),
                )
        })
        .collect();
    let mut request = ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_topics(topics);
    if version >= 2 {
        request.isolation_level = i8::from(read_committed);
    }
    if version >= 10 {
        request.timeout_ms = timeout_ms;
    }
    RequestKind::ListOffsets(request)
}

pub fn epoch_ends(lookups: &[PartitionLookup], version: i16) -> RequestKind {
    let topics = by_topic(lookups)
        .into_iter()
        .map(|(topic, lookups)| {
            OffsetForLeaderTopic::default()
                .with_topic(name(topic))
                .with_partitions(
                    lookups
                        .into_iter()
                        .map(|a| {
                            OffsetForLeaderPartition::default()
                                .with_partition(a.partition)
                                .with_current_leader_epoch(a.leader_epoch)
                                .with_leader_epoch(i32::try_from(a.value).unwrap_or(-1))
                        })
                        .collect(),
                )
        })
        .collect();
    let mut request = OffsetForLeaderEpochRequest::default().with_topics(topics);
    if version >= 3 {
        request.replica_id = BrokerId(-1);
    }
    RequestKind::OffsetForLeaderEpoch(request)
}

/// The result for each of `lookups`, in order. A timestamp after the last message gives
/// the offset -1.
pub fn answers(
    lookups: &[PartitionLookup],
    result: Result<Response, RequestError>,
) -> Vec<Result<Position, ErrorCode>> {
    let kind = match result {
        Ok(Response {
            kind: Some(kind), ..
        }) => kind,
        Ok(_) => return vec![Err(ErrorCode::_BAD_MSG); lookups.len()],
        Err(e) => return vec![Err(e.code()); lookups.len()],
    };
    lookups.iter().map(|lookup| answer(lookup, &kind)).collect()
}

fn answer(lookup: &PartitionLookup, kind: &ResponseKind) -> Result<Position, ErrorCode> {
    let (code, position) = match kind {
        ResponseKind::ListOffsets(r) => r
            .topics
            .iter()
            .filter(|t| t.name.as_str() == &*lookup.topic)
            .flat_map(|t| &t.partitions)
            .find(|p| p.partition_index == lookup.partition)
            .map(|p| (p.error_code, Position::new(p.offset, p.leader_epoch))),
        ResponseKind::OffsetForLeaderEpoch(r) => r
            .topics
            .iter()
            .filter(|t| t.topic.as_str() == &*lookup.topic)
            .flat_map(|t| &t.partitions)
            .find(|p| p.partition == lookup.partition)
            .map(|p| (p.error_code, Position::new(p.end_offset, p.leader_epoch))),
        _ => None,
    }
    .ok_or(ErrorCode::_BAD_MSG)?;
    ErrorCode::from(code).ok()?;
    Ok(position)
}
