//! OffsetCommit: a member's, or of whoever commits to a group without members.

use super::authorize;
use crate::mock::state::authorizer::Operation::Read;
use crate::mock::state::group::{Committed, Committer};
use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::{ApiKey, OffsetCommitRequest};

/// offset.metadata.max.bytes
pub const MAX_METADATA: usize = 4096;

pub fn handle(state: &mut ClusterState, cx: &Cx, request: OffsetCommitRequest) -> Reply {
    let allowed = |state: &ClusterState, name: &str| authorize::topic(state, cx, Read, name);
    let topics = request.topics.iter();
    let topics = topics.filter(|t| allowed(state, &t.name).is_ok());
    let mut known = topics.flat_map(|t| {
        let partitions = t.partitions.iter();
        partitions.map(move |p| (&t.name, p.partition_index))
    });
    // What does not exist is sorted out before the group is asked, or even made.
    let whole = if cx.error != 0 {
        Err(cx.error)
    } else if known.any(|(t, p)| state.partition(t, p).is_some()) {
        may_commit(state, cx, &request)
    } else {
        Ok(())
    };
    let mut response = OffsetCommitResponse::default();
    for topic in &request.topics {
        let mut out = OffsetCommitResponseTopic::default().with_name(topic.name.clone());
        for p in &topic.partitions {
            let committed = Committed {
                offset: p.committed_offset,
                leader_epoch: p.committed_leader_epoch,
                metadata: p.committed_metadata.as_deref().unwrap_or("").to_owned(),
            };
            let exists = state.partition(&topic.name, p.partition_index).is_some();
            let error_code = match (whole, allowed(state, &topic.name)) {
                (Err(code), _) if cx.error != 0 => code,
                (_, Err(e)) => e.code(),
                (Err(code), Ok(())) if exists => code,
                _ => commit(state, &request, &topic.name, p.partition_index, committed),
            };
            out.partitions.push(
                OffsetCommitResponsePartition::default()
                    .with_partition_index(p.partition_index)
                    .with_error_code(error_code),
            );
        }
        response.topics.push(out);
    }
    Reply::Now(response.into())
}

fn may_commit(state: &mut ClusterState, cx: &Cx, request: &OffsetCommitRequest) -> Result<(), i16> {
    super::check_group(state, cx, &request.group_id)?;
    let generation = request.generation_id_or_member_epoch;
    let who = Committer {
        member_id: &request.member_id,
        instance_id: request.group_instance_id.as_deref(),
        generation,
        transactional: false,
        version: cx.version,
    };
    // A commit without membership makes the group; a member's must find it.
    let create = generation < 0;
    let missing = if cx.version >= 9 {
        E::GroupIdNotFound
    } else {
        E::IllegalGeneration
    };
    state
        .with_group(&request.group_id, create, |g, _| {
            g.check_commit(cx.now, who)
        })
        .unwrap_or(Err(missing))
        .map_err(|e| e.code())
}

fn commit(
    state: &mut ClusterState,
    request: &OffsetCommitRequest,
    topic: &str,
    partition: i32,
    committed: Committed,
) -> i16 {
    let Some(p) = state.partition_mut(topic, partition) else {
        return E::UnknownTopicOrPartition.code();
    };
    if let Some(injected) = p.errors.next(ApiKey::OffsetCommit as i16)
        && injected.code != 0
    {
        return injected.code as i16;
    }
    if committed.metadata.len() > MAX_METADATA {
        return E::OffsetMetadataTooLarge.code();
    }
    state.with_group(&request.group_id, false, |g, _| {
        g.commit(topic, partition, committed);
    });
    0
}
