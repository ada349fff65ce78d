//! DeleteRecords.

use kafka_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use kafka_protocol::messages::{ApiKey, DeleteRecordsRequest, RequestKind, ResponseKind};

use super::Request;
use super::by_leader::{Asked, ByLeader, Operation, by_topic};
use super::results::AdminResult;
use super::results::partitions::PartitionOffset;
use crate::base::cstring::c_string;

pub struct DeleteRecords {
    timeout_ms: i32,
}

/// The values are the offsets before which records go. The results are sorted by topic and
/// partition, as librdkafka's are.
pub fn delete(mut partitions: Vec<Asked>, request: &Request<'_>) -> ByLeader<DeleteRecords> {
    partitions.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
    let operation = DeleteRecords {
        timeout_ms: request.operation_timeout_ms,
    };
    ByLeader::new(operation, partitions, request.options.broker)
}

impl Operation for DeleteRecords {
    const API: ApiKey = ApiKey::DeleteRecords;

    fn unanswered(asked: &Asked) -> i64 {
        asked.value
    }

    fn build(&self, asked: &[Asked], _: i16) -> RequestKind {
        let partition = |asked: &Asked| {
            DeleteRecordsPartition::default()
                .with_partition_index(asked.partition)
                .with_offset(asked.value)
        };
        let topics = by_topic(asked).into_iter().map(|(name, partitions)| {
            DeleteRecordsTopic::default()
                .with_name(name)
                .with_partitions(partitions.into_iter().map(partition).collect())
        });
        RequestKind::DeleteRecords(
            DeleteRecordsRequest::default()
                .with_topics(topics.collect())
                .with_timeout_ms(self.timeout_ms),
        )
    }

    fn read(response: &ResponseKind) -> Option<Vec<PartitionOffset>> {
        let ResponseKind::DeleteRecords(response) = response else {
            return None;
        };
        let all = response.topics.iter().flat_map(|topic| {
            let name = c_string(&topic.name);
            topic.partitions.iter().map(move |p| PartitionOffset {
                topic: name.clone(),
                partition: p.partition_index,
                offset: p.low_watermark,
                timestamp: -1,
                leader_epoch: -1,
                code: p.error_code.into(),
            })
        });
        Some(all.collect())
    }

    fn result(all: Vec<PartitionOffset>) -> AdminResult {
        AdminResult::DeletedRecords(all)
    }
}
