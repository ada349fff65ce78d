//! The requests of a transaction, and what is read from their answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, ApiKey, DescribeTransactionsRequest,
    EndTxnRequest, GroupId, InitProducerIdRequest, ProducerId, RequestKind, ResponseKind,
    TopicName, TransactionalId, TxnOffsetCommitRequest,
};
use kafka_protocol::protocol::StrBytes;

use super::Offsets;
use crate::base::error::ErrorCode;
use crate::broker::{RequestError, Response};
use crate::producer::Partition;
use crate::producer::idempotence::Pid;

/// Matches an answer with its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(pub u64);

/// Whom a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// The coordinator of the transactional id, whose connection is up.
    TransactionCoordinator,
    /// The coordinator of this group.
    GroupCoordinator(Arc<str>),
}

/// A request to send; its result comes back as [`super::Event::Answer`].
pub struct Outgoing {
    pub token: Token,
    pub to: To,
    pub api: ApiKey,
    pub max_version: Option<i16>,
    pub timeout: Duration,
    pub build: Box<dyn FnOnce(i16) -> RequestKind + Send>,
}

/// Versions that mean what they did before transactions of version 2.
const MAX_BEFORE_VERSION_2: i16 = 4;

pub(super) fn max_version(version_2: bool) -> Option<i16> {
    (!version_2).then_some(MAX_BEFORE_VERSION_2)
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_string())
}

fn transactional(id: &str) -> TransactionalId {
    TransactionalId(text(id))
}

/// `renewed`: the producer id and epoch that are to be followed by another epoch
/// (KIP-360).
pub(super) fn init_producer_id(
    id: &str,
    timeout_ms: i32,
    renewed: Option<Pid>,
) -> impl FnOnce(i16) -> RequestKind + Send + 'static {
    let id = transactional(id);
    move |version| {
        let mut request = InitProducerIdRequest::default()
            .with_transactional_id(Some(id))
            .with_transaction_timeout_ms(timeout_ms);
        if version >= FIRST_TO_RENEW {
            request.producer_id = ProducerId(renewed.map_or(-1, |pid| pid.id));
            request.producer_epoch = renewed.map_or(-1, |pid| pid.epoch);
        }
        RequestKind::InitProducerId(request)
    }
}

/// The first version of InitProducerId that gives a producer its next epoch.
pub(super) const FIRST_TO_RENEW: i16 = 3;

/// The partitions of each topic.
pub(super) fn by_topic(partitions: &[Arc<Partition>]) -> BTreeMap<Arc<str>, Vec<i32>> {
    let mut topics = BTreeMap::<_, Vec<i32>>::new();
    for partition in partitions {
        let name = partition.topic.name.clone();
        topics.entry(name).or_default().push(partition.id);
    }
    topics
}

pub(super) fn add_partitions(
    id: &str,
    pid: Pid,
    partitions: &[Arc<Partition>],
) -> impl FnOnce(i16) -> RequestKind + Send + 'static {
    let topics = by_topic(partitions)
        .into_iter()
        .map(|(name, partitions)| {
            AddPartitionsToTxnTopic::default()
                .with_name(TopicName(text(&name)))
                .with_partitions(partitions)
        })
        .collect();
    let request = AddPartitionsToTxnRequest::default()
        .with_v3_and_below_transactional_id(transactional(id))
        .with_v3_and_below_producer_id(ProducerId(pid.id))
        .with_v3_and_below_producer_epoch(pid.epoch)
        .with_v3_and_below_topics(topics);
    move |_| RequestKind::AddPartitionsToTxn(request)
}

pub(super) fn add_offsets(
    id: &str,
    pid: Pid,
    group: &str,
) -> impl FnOnce(i16) -> RequestKind + Send + 'static {
    let request = AddOffsetsToTxnRequest::default()
        .with_transactional_id(transactional(id))
        .with_producer_id(ProducerId(pid.id))
        .with_producer_epoch(pid.epoch)
        .with_group_id(GroupId(text(group)));
    move |_| RequestKind::AddOffsetsToTxn(request)
}

pub(super) fn commit_offsets(
    id: &str,
    pid: Pid,
    offsets: &Offsets,
) -> impl FnOnce(i16) -> RequestKind + Send + 'static {
    let (id, offsets) = (transactional(id), offsets.clone());
    move |version| {
        let mut request = TxnOffsetCommitRequest::default()
            .with_transactional_id(id)
            .with_group_id(GroupId(text(&offsets.group_id)))
            .with_producer_id(ProducerId(pid.id))
            .with_producer_epoch(pid.epoch)
            .with_topics(offset_topics(&offsets, version));
        if version >= 3 {
            request.generation_id = offsets.generation;
            request.member_id = text(&offsets.member_id);
            request.group_instance_id = offsets.instance_id.as_deref().map(text);
        }
        RequestKind::TxnOffsetCommit(request)
    }
}

fn offset_topics(offsets: &Offsets, version: i16) -> Vec<TxnOffsetCommitRequestTopic> {
    let mut topics = BTreeMap::<&str, Vec<TxnOffsetCommitRequestPartition>>::new();
    for p in &offsets.partitions {
        let metadata = p.metadata.as_deref().map(String::from_utf8_lossy);
        let mut partition = TxnOffsetCommitRequestPartition::default()
            .with_partition_index(p.partition)
            .with_committed_offset(p.offset)
            .with_committed_metadata(metadata.as_deref().map(text));
        if version >= 2 {
            partition.committed_leader_epoch = p.leader_epoch;
        }
        topics.entry(&p.topic).or_default().push(partition);
    }
    let topic = |(name, partitions)| {
        TxnOffsetCommitRequestTopic::default()
            .with_name(TopicName(text(name)))
            .with_partitions(partitions)
    };
    topics.into_iter().map(topic).collect()
}

pub(super) fn end(
    id: &str,
    pid: Pid,
    commit: bool,
) -> impl FnOnce(i16) -> RequestKind + Send + 'static {
    let request = EndTxnRequest::default()
        .with_transactional_id(transactional(id))
        .with_producer_id(ProducerId(pid.id))
        .with_producer_epoch(pid.epoch)
        .with_committed(commit);
    move |_| RequestKind::EndTxn(request)
}

/// Whose a transactional id is (KIP-664).
pub(super) fn describe(id: &str) -> impl FnOnce(i16) -> RequestKind + Send + 'static {
    let ids = vec![transactional(id)];
    let request = DescribeTransactionsRequest::default().with_transactional_ids(ids);
    move |_| RequestKind::DescribeTransactions(request)
}

/// A code of an answer, and the partition that it is about, if there is one.
pub(super) type PartitionCode = (Option<(Arc<str>, i32)>, ErrorCode);

/// What an answer says.
pub(super) enum Answer {
    /// Of InitProducerId.
    Pid(Result<Pid, ErrorCode>),
    /// Of EndTxn: the code, and the next producer id and epoch, if it says so.
    Ended(ErrorCode, Option<Pid>),
    /// Of DescribeTransactions: the producer id and epoch that the coordinator knows.
    Described(Result<Pid, ErrorCode>),
    /// Of the other requests.
    Codes(Vec<PartitionCode>),
    Failed(RequestError),
}

pub(super) fn read(result: Result<Response, RequestError>) -> Answer {
    let kind = match result {
        Ok(response) => response.kind,
        Err(error) => return Answer::Failed(error),
    };
    match kind {
        Some(ResponseKind::InitProducerId(r)) => Answer::Pid(match ErrorCode::from(r.error_code) {
            ErrorCode::NO_ERROR => pid(r.producer_id, r.producer_epoch).ok_or(ErrorCode::_BAD_MSG),
            code => Err(code),
        }),
        Some(ResponseKind::EndTxn(r)) => {
            let next = pid(r.producer_id, r.producer_epoch);
            Answer::Ended(r.error_code.into(), next)
        }
        Some(ResponseKind::DescribeTransactions(r)) => {
            Answer::Described(match r.transaction_states.first() {
                Some(state) if state.error_code == 0 => {
                    pid(state.producer_id, state.producer_epoch).ok_or(ErrorCode::_BAD_MSG)
                }
                Some(state) => Err(state.error_code.into()),
                None => Err(ErrorCode::_BAD_MSG),
            })
        }
        Some(ResponseKind::AddOffsetsToTxn(r)) => Answer::Codes(vec![(None, r.error_code.into())]),
        Some(ResponseKind::AddPartitionsToTxn(r)) => {
            let topics = r.results_by_topic_v3_and_below.into_iter();
            Answer::Codes(
                topics
                    .flat_map(|topic| {
                        let name: Arc<str> = topic.name.as_str().into();
                        let partitions = topic.results_by_partition.into_iter();
                        partitions.map(move |p| {
                            let at = (name.clone(), p.partition_index);
                            (Some(at), ErrorCode::from(p.partition_error_code))
                        })
                    })
                    .collect(),
            )
        }
        Some(ResponseKind::TxnOffsetCommit(r)) => Answer::Codes(
            r.topics
                .into_iter()
                .flat_map(|topic| {
                    let name: Arc<str> = topic.name.as_str().into();
                    let partitions = topic.partitions.into_iter();
                    partitions.map(move |p| {
                        let at = (name.clone(), p.partition_index);
                        (Some(at), ErrorCode::from(p.error_code))
                    })
                })
                .collect(),
        ),
        _ => Answer::Failed(RequestError::BadResponse("another API's".into())),
    }
}

fn pid(id: ProducerId, epoch: i16) -> Option<Pid> {
    (id.0 >= 0 && epoch >= 0).then_some(Pid { id: id.0, epoch })
}
