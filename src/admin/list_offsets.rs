//! ListOffsets.

use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{ApiKey, BrokerId, ListOffsetsRequest, RequestKind, ResponseKind};

use super::Begun;
use super::Request;
use super::by_leader::{Asked, ByLeader, Operation, by_topic};
use super::results::AdminResult;
use super::results::partitions::PartitionOffset;
use crate::base::cstring::c_string;

/// `RD_KAFKA_OFFSET_INVALID`.
const INVALID: i64 = -1001;

pub struct ListOffsets {
    read_committed: bool,
    /// How long the brokers may look in other stores, in milliseconds.
    timeout_ms: i32,
}

/// The values are timestamps, or `rd_kafka_OffsetSpec_t`, which the protocol has as well.
pub fn list(partitions: Vec<Asked>, request: &Request<'_>) -> Begun {
    if partitions.is_empty() {
        return Begun::Done(AdminResult::Offsets(Vec::new()));
    }
    let operation = ListOffsets {
        read_committed: request.options.read_committed,
        timeout_ms: i32::try_from(request.timeout.as_millis()).unwrap_or(i32::MAX),
    };
    ByLeader::new(operation, partitions, request.options.broker).into()
}

impl Operation for ListOffsets {
    const API: ApiKey = ApiKey::ListOffsets;

    fn unanswered(_: &Asked) -> i64 {
        INVALID
    }

    fn build(&self, asked: &[Asked], version: i16) -> RequestKind {
        let partition = |asked: &Asked| {
            ListOffsetsPartition::default()
                .with_partition_index(asked.partition)
                .with_current_leader_epoch(asked.leader_epoch)
                .with_timestamp(asked.value)
        };
        let topics = by_topic(asked).into_iter().map(|(name, partitions)| {
            ListOffsetsTopic::default()
                .with_name(name)
                .with_partitions(partitions.into_iter().map(partition).collect())
        });
        let mut request = ListOffsetsRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_topics(topics.collect());
        if version >= 2 {
            request.isolation_level = i8::from(self.read_committed);
        }
        if version >= 10 {
            request.timeout_ms = self.timeout_ms;
        }
        RequestKind::ListOffsets(request)
    }

    fn read(response: &ResponseKind) -> Option<Vec<PartitionOffset>> {
        let ResponseKind::ListOffsets(response) = response else {
            return None;
        };
        let all = response.topics.iter().flat_map(|topic| {
            let name = c_string(&topic.name);
            topic.partitions.iter().map(move |p| PartitionOffset {
                topic: name.clone(),
                partition: p.partition_index,
                offset: p.offset,
                timestamp: p.timestamp,
                leader_epoch: p.leader_epoch,
                code: p.error_code.into(),
            })
        });
        Some(all.collect())
    }

    fn result(all: Vec<PartitionOffset>) -> AdminResult {
        AdminResult::Offsets(all)
    }
}
