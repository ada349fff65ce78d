//! What a client needs for a request as a whole; what it needs for single topics, groups
//! or transactional ids of one is asked where those are handled.

use crate::mock::log::batch::Header;
use crate::mock::state::authorizer::{Operation as O, Resource};
use crate::mock::state::{ClusterState, Cx};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::{GroupId, ProduceRequest, RequestKind as R};

/// 0, or the error that the whole request is refused with.
pub fn authorized(state: &ClusterState, cx: &Cx, request: &R) -> i16 {
    if state.authorizer.is_none() {
        return 0;
    }
    let allowed = match request {
        R::Produce(r) => produce(state, cx, r),
        R::InitProducerId(r) => match &r.transactional_id {
            Some(id) => transaction(state, cx, O::Write, id),
            None if state.may_on_some_topic(cx, O::Write) => Ok(()),
            None => cluster(state, cx, O::IdempotentWrite),
        },
        R::AddPartitionsToTxn(r) if cx.version <= 3 => {
            transaction(state, cx, O::Write, &r.v3_and_below_transactional_id)
        }
        R::AddPartitionsToTxn(_) => cluster(state, cx, O::ClusterAction),
        R::AddOffsetsToTxn(r) => transaction(state, cx, O::Write, &r.transactional_id)
            .and_then(|()| group(state, cx, O::Read, &r.group_id)),
        R::TxnOffsetCommit(r) => transaction(state, cx, O::Write, &r.transactional_id)
            .and_then(|()| group(state, cx, O::Read, &r.group_id)),
        R::EndTxn(r) => transaction(state, cx, O::Write, &r.transactional_id),
        R::JoinGroup(r) => group(state, cx, O::Read, &r.group_id),
        R::SyncGroup(r) => group(state, cx, O::Read, &r.group_id),
        R::Heartbeat(r) => group(state, cx, O::Read, &r.group_id),
        R::LeaveGroup(r) => group(state, cx, O::Read, &r.group_id),
        R::OffsetCommit(r) => group(state, cx, O::Read, &r.group_id),
        R::ConsumerGroupHeartbeat(r) => group(state, cx, O::Read, &r.group_id),
        R::ShareGroupHeartbeat(r) => group(state, cx, O::Read, &r.group_id),
        R::ShareFetch(r) => share(state, cx, r.group_id.as_ref()),
        R::ShareAcknowledge(r) => share(state, cx, r.group_id.as_ref()),
        R::OffsetDelete(r) => group(state, cx, O::Delete, &r.group_id),
        R::CreateAcls(_)
        | R::DeleteAcls(_)
        | R::AlterUserScramCredentials(_)
        | R::ElectLeaders(_) => cluster(state, cx, O::Alter),
        R::DescribeAcls(_) | R::DescribeUserScramCredentials(_) => cluster(state, cx, O::Describe),
        _ => Ok(()),
    };
    allowed.err().map_or(0, |e| e.code())
}

fn produce(state: &ClusterState, cx: &Cx, request: &ProduceRequest) -> Result<(), E> {
    let Some(id) = &request.transactional_id else {
        return Ok(());
    };
    let partitions = request.topic_data.iter().flat_map(|t| &t.partition_data);
    let mut batches = partitions.filter_map(|p| p.records.as_deref());
    match batches.any(|b| Header::parse(b).is_ok_and(|h| h.is_transactional())) {
        true => transaction(state, cx, O::Write, id),
        false => Ok(()),
    }
}

fn share(state: &ClusterState, cx: &Cx, id: Option<&GroupId>) -> Result<(), E> {
    group(state, cx, O::Read, id.map_or("", |id| id.as_str()))
}

pub fn cluster(state: &ClusterState, cx: &Cx, operation: O) -> Result<(), E> {
    let may = state.may(cx, operation, Resource::Cluster);
    may.then_some(()).ok_or(E::ClusterAuthorizationFailed)
}

pub fn transaction(state: &ClusterState, cx: &Cx, operation: O, id: &str) -> Result<(), E> {
    let may = state.may(cx, operation, Resource::TransactionalId(id));
    may.then_some(())
        .ok_or(E::TransactionalIdAuthorizationFailed)
}

pub fn group(state: &ClusterState, cx: &Cx, operation: O, id: &str) -> Result<(), E> {
    let may = state.may(cx, operation, Resource::Group(id));
    may.then_some(()).ok_or(E::GroupAuthorizationFailed)
}

/// Who may create topics on the cluster may create this one.
pub fn creation(state: &ClusterState, cx: &Cx, name: &str) -> Result<(), E> {
    cluster(state, cx, O::Create).or_else(|_| topic(state, cx, O::Create, name))
}

pub fn topic(state: &ClusterState, cx: &Cx, operation: O, name: &str) -> Result<(), E> {
    let may = state.may(cx, operation, Resource::Topic(name));
    may.then_some(()).ok_or(E::TopicAuthorizationFailed)
}
