//! AddPartitionsToTxn, AddOffsetsToTxn, TxnOffsetCommit and EndTxn.

use super::authorize;
use super::offset_commit::MAX_METADATA;
use crate::mock::state::authorizer::Operation::{Read, Write};
use crate::mock::state::group::{Committed, Committer};
use crate::mock::state::txn::{Part, Pid};
use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResponse, AddPartitionsToTxnResult,
    AddPartitionsToTxnTopicResult,
};
use kafka_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponse, TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest, EndTxnRequest,
    EndTxnResponse, TxnOffsetCommitRequest,
};

/// Older clients know a fenced producer by another code.
fn fenced(cx: &Cx, e: E) -> i16 {
    match e {
        E::ProducerFenced if cx.version < 2 => E::InvalidProducerEpoch.code(),
        e => e.code(),
    }
}

fn pid(id: kafka_protocol::messages::ProducerId, epoch: i16) -> Pid {
    Pid { id: id.0, epoch }
}

/// Versions 4 and 5 are for brokers: several transactions, perhaps only verified.
pub fn add_partitions(
    state: &mut ClusterState,
    cx: &Cx,
    request: AddPartitionsToTxnRequest,
) -> Reply {
    let mut response = AddPartitionsToTxnResponse::default();
    if cx.version <= 3 {
        let pid = pid(
            request.v3_and_below_producer_id,
            request.v3_and_below_producer_epoch,
        );
        let id = &request.v3_and_below_transactional_id;
        response.results_by_topic_v3_and_below =
            add(state, cx, id, pid, &request.v3_and_below_topics, false);
    } else {
        response.error_code = cx.error;
        for t in &request.transactions {
            let pid = pid(t.producer_id, t.producer_epoch);
            let topics = add(
                state,
                cx,
                &t.transactional_id,
                pid,
                &t.topics,
                t.verify_only,
            );
            response.results_by_transaction.push(
                AddPartitionsToTxnResult::default()
                    .with_transactional_id(t.transactional_id.clone())
                    .with_topic_results(topics),
            );
        }
    }
    Reply::Now(response.into())
}

fn add(
    state: &mut ClusterState,
    cx: &Cx,
    id: &str,
    pid: Pid,
    topics: &[AddPartitionsToTxnTopic],
    verify_only: bool,
) -> Vec<AddPartitionsToTxnTopicResult> {
    // Partitions that do not exist, or whose topic has an injected error.
    let bad = |state: &ClusterState, topic: &str, p: i32| match state.topics.get(topic) {
        _ if authorize::topic(state, cx, Write, topic).is_err() => {
            E::TopicAuthorizationFailed.code()
        }
        Some(t) if t.error != 0 => t.error,
        Some(t) if t.partition(p).is_some() => 0,
        _ => E::UnknownTopicOrPartition.code(),
    };
    let all = || {
        let each = |t: &AddPartitionsToTxnTopic| {
            let name = t.name.to_string();
            t.partitions
                .clone()
                .into_iter()
                .map(move |p| (name.clone(), p))
        };
        topics.iter().flat_map(each)
    };
    let any_bad = all().any(|(t, p)| bad(state, &t, p) != 0);
    let whole = match cx.error {
        0 if verify_only || any_bad => 0,
        0 => match state.add_to_transaction(cx, id, pid, all().map(|(t, p)| Part::Partition(t, p)))
        {
            Ok(()) => 0,
            Err(e) => fenced(cx, e),
        },
        code => code,
    };
    let mut outcome = |topic: &str, p: i32| {
        if whole != 0 {
            return whole;
        }
        match bad(state, topic, p) {
            0 if verify_only => match state.verify_partition(cx, id, pid, &(topic.to_owned(), p)) {
                Ok(()) => 0,
                Err(e) => fenced(cx, e),
            },
            // All or none.
            0 if any_bad => E::OperationNotAttempted.code(),
            code => code,
        }
    };
    topics
        .iter()
        .map(|t| {
            let partitions = t.partitions.iter().map(|&p| {
                AddPartitionsToTxnPartitionResult::default()
                    .with_partition_index(p)
                    .with_partition_error_code(outcome(&t.name, p))
            });
            let partitions = partitions.collect();
            AddPartitionsToTxnTopicResult::default()
                .with_name(t.name.clone())
                .with_results_by_partition(partitions)
        })
        .collect()
}

pub fn add_offsets(state: &mut ClusterState, cx: &Cx, request: AddOffsetsToTxnRequest) -> Reply {
    let pid = pid(request.producer_id, request.producer_epoch);
    let group = Part::Group(request.group_id.to_string());
    let code = match cx.error {
        0 => state
            .add_to_transaction(cx, &request.transactional_id, pid, [group])
            .map_or_else(|e| fenced(cx, e), |()| 0),
        code => code,
    };
    let response = AddOffsetsToTxnResponse::default().with_error_code(code);
    Reply::Now(response.into())
}

pub fn offset_commit(state: &mut ClusterState, cx: &Cx, request: TxnOffsetCommitRequest) -> Reply {
    let pid = pid(request.producer_id, request.producer_epoch);
    let allowed = |state: &ClusterState, name: &str| authorize::topic(state, cx, Read, name);
    let topics = request.topics.iter();
    let topics = topics.filter(|t| allowed(state, &t.name).is_ok());
    let mut known = topics.flat_map(|t| {
        let partitions = t.partitions.iter();
        partitions.map(move |p| (&t.name, p.partition_index))
    });
    // What does not exist is sorted out before the group is asked.
    let whole = if cx.error != 0 {
        Err(cx.error)
    } else if known.any(|(t, p)| state.partition(t, p).is_some()) {
        may_commit(state, cx, &request, pid)
    } else {
        Ok(())
    };
    let mut response = TxnOffsetCommitResponse::default();
    for topic in &request.topics {
        let mut out = TxnOffsetCommitResponseTopic::default().with_name(topic.name.clone());
        for p in &topic.partitions {
            let index = p.partition_index;
            let metadata = p.committed_metadata.as_deref().unwrap_or("");
            let exists = state.partition(&topic.name, index).is_some();
            let error_code = match whole {
                Err(code) if cx.error != 0 => code,
                _ if allowed(state, &topic.name).is_err() => E::TopicAuthorizationFailed.code(),
                Err(code) if exists => code,
                _ if !exists => E::UnknownTopicOrPartition.code(),
                Err(code) => code,
                Ok(()) if metadata.len() > MAX_METADATA => E::OffsetMetadataTooLarge.code(),
                Ok(()) => {
                    let committed = Committed {
                        offset: p.committed_offset,
                        leader_epoch: p.committed_leader_epoch,
                        metadata: metadata.to_owned(),
                    };
                    state.with_group(&request.group_id, true, |g, _| {
                        g.commit_in_txn(pid.id, &topic.name, index, committed);
                    });
                    0
                }
            };
            out.partitions.push(
                TxnOffsetCommitResponsePartition::default()
                    .with_partition_index(index)
                    .with_error_code(error_code),
            );
        }
        response.topics.push(out);
    }
    Reply::Now(response.into())
}

fn may_commit(
    state: &mut ClusterState,
    cx: &Cx,
    request: &TxnOffsetCommitRequest,
    pid: Pid,
) -> Result<(), i16> {
    super::check_group(state, cx, &request.group_id)?;
    // The group joins the transaction whatever it then says to the commit.
    state
        .join_group_to_txn(cx, &request.transactional_id, pid, &request.group_id)
        .map_err(|e| e.code())?;
    let who = Committer {
        member_id: &request.member_id,
        instance_id: request.group_instance_id.as_deref(),
        generation: request.generation_id,
        transactional: true,
        version: cx.version,
    };
    let create = request.generation_id < 0;
    state
        .with_group(&request.group_id, create, |g, _| {
            g.check_commit(cx.now, who)
        })
        .unwrap_or(Err(E::IllegalGeneration))
        .map_err(|e| e.code())
}

pub fn end(state: &mut ClusterState, cx: &Cx, request: EndTxnRequest) -> Reply {
    let pid = pid(request.producer_id, request.producer_epoch);
    let outcome = match cx.error {
        0 => state
            .end_transaction(cx, &request.transactional_id, pid, request.committed)
            .map_err(|e| fenced(cx, e)),
        code => Err(code),
    };
    let mut response = EndTxnResponse::default();
    match outcome {
        Ok(next) if cx.version >= 5 => {
            response.producer_id = next.id.into();
            response.producer_epoch = next.epoch;
        }
        Ok(_) => {}
        Err(code) => response.error_code = code,
    }
    Reply::Now(response.into())
}
