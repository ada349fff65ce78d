//! ListOffsets and OffsetForLeaderEpoch, for many partitions at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::{
    BrokerId, ListOffsetsRequest, OffsetForLeaderEpochRequest, RequestKind, ResponseKind, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use crate::base::error::ErrorCode;
use crate::broker::{RequestError, Response};
use crate::consumer::Position;

/// What is asked about one partition.
#[derive(Debug, Clone)]
pub struct PartitionLookup {
    pub topic: Arc<str>,
    pub partition: i32,
    pub leader_epoch: i32,
    /// A timestamp for ListOffsets, an epoch for OffsetForLeaderEpoch.
    pub value: i64,
}

fn name(topic: &str) -> TopicName {
    TopicName(StrBytes::from_string(topic.to_string()))
}

fn by_topic(asks: &[PartitionLookup]) -> BTreeMap<&str, Vec<&PartitionLookup>> {
    let mut topics: BTreeMap<&str, Vec<&PartitionLookup>> = BTreeMap::new();
    for ask in asks {
        topics.entry(&ask.topic).or_default().push(ask);
    }
    topics
}

pub fn list_offsets(
    asks: &[PartitionLookup],
    read_committed: bool,
    timeout_ms: i32,
    version: i16,
) -> RequestKind {
    let topics = by_topic(asks)
        .into_iter()
        .map(|(topic, asks)| {
            ListOffsetsTopic::default()
                .with_name(name(topic))
                .with_partitions(
                    asks.into_iter()
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

pub fn epoch_ends(asks: &[PartitionLookup], version: i16) -> RequestKind {
    let topics = by_topic(asks)
        .into_iter()
        .map(|(topic, asks)| {
            OffsetForLeaderTopic::default()
                .with_topic(name(topic))
                .with_partitions(
                    asks.into_iter()
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

/// The result for each of `asks`, in order. A timestamp after the last message gives
/// the offset -1.
pub fn answers(
    asks: &[PartitionLookup],
    result: Result<Response, RequestError>,
) -> Vec<Result<Position, ErrorCode>> {
    let kind = match result {
        Ok(Response {
            kind: Some(kind), ..
        }) => kind,
        Ok(_) => return vec![Err(ErrorCode::_BAD_MSG); asks.len()],
        Err(e) => return vec![Err(e.code()); asks.len()],
    };
    asks.iter().map(|ask| answer(ask, &kind)).collect()
}

fn answer(ask: &PartitionLookup, kind: &ResponseKind) -> Result<Position, ErrorCode> {
    let (code, position) = match kind {
        ResponseKind::ListOffsets(r) => r
            .topics
            .iter()
            .filter(|t| t.name.as_str() == &*ask.topic)
            .flat_map(|t| &t.partitions)
            .find(|p| p.partition_index == ask.partition)
            .map(|p| (p.error_code, Position::new(p.offset, p.leader_epoch))),
        ResponseKind::OffsetForLeaderEpoch(r) => r
            .topics
            .iter()
            .filter(|t| t.topic.as_str() == &*ask.topic)
            .flat_map(|t| &t.partitions)
            .find(|p| p.partition == ask.partition)
            .map(|p| (p.error_code, Position::new(p.end_offset, p.leader_epoch))),
        _ => None,
    }
    .ok_or(ErrorCode::_BAD_MSG)?;
    ErrorCode::from(code).ok()?;
    Ok(position)
}
