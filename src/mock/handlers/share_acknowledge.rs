//! ShareAcknowledge: what has become of records that were delivered.

use super::share_acks::{AckResults, injected, leader_to_tell};
use crate::mock::state::share::session::{Key, Phase, Tp};
use crate::mock::state::{ClusterState, Cx, Reply};
use crate::protocol::share::{ShareAcknowledgeV2, ShareAcknowledgedV2};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::share_acknowledge_response::{
    LeaderIdAndEpoch, NodeEndpoint, PartitionData, ShareAcknowledgeResponse,
    ShareAcknowledgeTopicResponse,
};
use kafka_protocol::messages::{BrokerId, ShareAcknowledgeRequest};

pub fn handle(state: &mut ClusterState, cx: &Cx, request: ShareAcknowledgeRequest) -> Reply {
    let told = match acknowledge(state, cx, &request) {
        Ok(told) => told,
        Err(code) => {
            return Reply::Now(empty().with_error_code(code).into());
        }
    };
    let mut response = empty().with_acquisition_lock_timeout_ms(state.share.settings.lock_ms);
    for (tp, code) in told {
        let data = partition(state, tp, code, &mut response.node_endpoints);
        match response.responses.last_mut() {
            Some(topic) if topic.topic_id == tp.0 => topic.partitions.push(data),
            _ => response.responses.push(
                ShareAcknowledgeTopicResponse::default()
                    .with_topic_id(tp.0)
                    .with_partitions(vec![data]),
            ),
        }
    }
    state.arm_share();
    Reply::Now(response.into())
}

fn empty() -> ShareAcknowledgeResponse {
    ShareAcknowledgeResponse::default().with_error_message(None)
}

fn acknowledge(
    state: &mut ClusterState,
    cx: &Cx,
    request: &ShareAcknowledgeRequest,
) -> Result<Vec<(Tp, i16)>, i16> {
    if cx.error != 0 {
        return Err(cx.error);
    }
    let group = request.group_id.as_ref().map_or("", |id| id.as_str());
    let member = request.member_id.as_deref().unwrap_or_default();
    if group.is_empty() || member.is_empty() {
        return Err(E::InvalidRequest.code());
    }
    let key: Key = (cx.broker, group.to_string(), member.to_string());
    let phase = state
        .share
        .begin_acknowledge(cx.now.us, &key, request.share_session_epoch)
        .map_err(|e| e.code())?;
    let mut results = AckResults::new(&key, request.is_renew_ack());
    for topic in &request.topics {
        for p in &topic.partitions {
            let tp = (topic.topic_id, p.partition_index);
            let code = injected(state, cx, tp);
            if code != 0 {
                results.told.push((tp, code));
                continue;
            }
            let batches = p.acknowledgement_batches.iter();
            let batches =
                batches.map(|b| (b.first_offset, b.last_offset, &b.acknowledge_types[..]));
            results.take(state, cx, tp, batches);
        }
    }
    if phase == Phase::Final {
        state.end_share_session(cx.now, &key);
    }
    Ok(results.told)
}

fn partition(
    state: &mut ClusterState,
    tp: Tp,
    code: i16,
    nodes: &mut Vec<NodeEndpoint>,
) -> PartitionData {
    let data = PartitionData::default()
        .with_partition_index(tp.1)
        .with_error_code(code)
        .with_error_message(None);
    if code != E::NotLeaderOrFollower.code() {
        return data;
    }
    let Some((id, epoch)) = leader_to_tell(state, tp) else {
        return data;
    };
    if let Some(b) = state.broker(id)
        && nodes.iter().all(|n| n.node_id.0 != id)
    {
        nodes.push(
            NodeEndpoint::default()
                .with_node_id(BrokerId(b.id))
                .with_host(b.host.clone().into())
                .with_port(b.port)
                .with_rack(b.rack.clone().map(Into::into)),
        );
    }
    data.with_current_leader(
        LeaderIdAndEpoch::default()
            .with_leader_id(id)
            .with_leader_epoch(epoch),
    )
}
