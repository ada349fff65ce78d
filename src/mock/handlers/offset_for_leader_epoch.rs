//! OffsetForLeaderEpoch: where a leader epoch ended, so that a client can tell
//! whether what it has read is still there.

use super::authorize;
use crate::mock::state::authorizer::Operation::Describe;
use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::ApiKey;
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition,
};
use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};

pub fn handle(state: &mut ClusterState, cx: &Cx, request: OffsetForLeaderEpochRequest) -> Reply {
    let mut response = OffsetForLeaderEpochResponse::default();
    for topic in &request.topics {
        let mut out = OffsetForLeaderTopicResult::default().with_topic(topic.topic.clone());
        for wanted in &topic.partitions {
            let mut answer = EpochEndOffset::default()
                .with_partition(wanted.partition)
                .with_leader_epoch(-1)
                .with_end_offset(-1);
            match find(state, cx, &topic.topic, wanted) {
                Ok(Some((epoch, end))) => {
                    answer.leader_epoch = epoch;
                    answer.end_offset = end;
                }
                Ok(None) => {}
                Err(code) => answer.error_code = code,
            }
            out.partitions.push(answer);
        }
        response.topics.push(out);
    }
    Reply::Now(response.into())
}

fn find(
    state: &mut ClusterState,
    cx: &Cx,
    topic: &str,
    wanted: &OffsetForLeaderPartition,
) -> Result<Option<(i32, i64)>, i16> {
    if cx.error != 0 {
        return Err(cx.error);
    }
    authorize::topic(state, cx, Describe, topic).map_err(|e| e.code())?;
    let p = state
        .partition_mut(topic, wanted.partition)
        .ok_or(E::UnknownTopicOrPartition.code())?;
    if p.leader != cx.broker {
        return Err(E::NotLeaderOrFollower.code());
    }
    p.check_epoch(wanted.current_leader_epoch)
        .map_err(|e| e.code())?;
    if let Some(injected) = p.errors.next(ApiKey::OffsetForLeaderEpoch as i16)
        && injected.code != 0
    {
        return Err(injected.code as i16);
    }
    if wanted.leader_epoch < 0 {
        return Ok(None);
    }
    Ok(p.log.end_of_epoch(wanted.leader_epoch, p.leader_epoch))
}
