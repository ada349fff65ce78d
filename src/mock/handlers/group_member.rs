//! SyncGroup, Heartbeat and LeaveGroup: what a joined member asks for.

use crate::mock::state::{ClusterState, Cx, Reply, code};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{
    HeartbeatRequest, HeartbeatResponse, LeaveGroupRequest, LeaveGroupResponse, SyncGroupRequest,
    SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;

pub fn sync(state: &mut ClusterState, cx: &Cx, request: SyncGroupRequest) -> Reply {
    let refused = |code| Reply::Now(SyncGroupResponse::default().with_error_code(code).into());
    if let Err(code) = super::check_group(state, cx, &request.group_id) {
        return refused(code);
    }
    if cx.version >= 5 && (request.protocol_type.is_none() || request.protocol_name.is_none()) {
        return refused(E::InconsistentGroupProtocol.code());
    }
    let group = request.group_id.to_string();
    let protocol = (
        request.protocol_type.as_deref(),
        request.protocol_name.as_deref(),
    );
    let instance = request.group_instance_id.as_deref();
    let synced = state.with_consumer(&group, |g, around| {
        let (member, generation) = (&request.member_id, request.generation_id);
        g.sync_classic(cx.now, around, member, instance, generation, protocol)
    });
    match synced {
        Some(Err(e)) => return refused(e.code()),
        Some(Ok(assignment)) => {
            let response = SyncGroupResponse::default()
                .with_assignment(assignment)
                .with_protocol_type(request.protocol_type.clone())
                .with_protocol_name(request.protocol_name.clone());
            return Reply::Now(response.into());
        }
        None => {}
    }
    match state.with_classic(&group, false, |g, answers| g.sync(cx, request, answers)) {
        Some(()) => Reply::Parked,
        None => refused(E::UnknownMemberId.code()),
    }
}

pub fn heartbeat(state: &mut ClusterState, cx: &Cx, request: HeartbeatRequest) -> Reply {
    let outcome = super::check_group(state, cx, &request.group_id).and_then(|()| {
        let instance = request.group_instance_id.as_deref();
        let alive = state.with_classic(&request.group_id, false, |g, _| {
            g.heartbeat(cx.now, &request.member_id, instance, request.generation_id)
        });
        let alive = alive.or_else(|| {
            state.with_consumer(&request.group_id, |g, around| {
                let (member, generation) = (&request.member_id, request.generation_id);
                g.heartbeat_classic(cx.now, around, member, instance, generation)
            })
        });
        match code(alive.unwrap_or(Err(E::UnknownMemberId))) {
            0 => Ok(()),
            code => Err(code),
        }
    });
    let response = HeartbeatResponse::default().with_error_code(outcome.err().unwrap_or(0));
    Reply::Now(response.into())
}

pub fn leave(state: &mut ClusterState, cx: &Cx, request: LeaveGroupRequest) -> Reply {
    let mut response = LeaveGroupResponse::default();
    if let Err(code) = super::check_group(state, cx, &request.group_id) {
        response.error_code = code;
        return Reply::Now(response.into());
    }
    let mut leave_one = |member: &StrBytes, instance: Option<&StrBytes>| {
        let instance = instance.map(|s| s.as_str());
        code(state.leave_group(cx.now, &request.group_id, member, instance))
    };
    if cx.version < 3 {
        response.error_code = leave_one(&request.member_id, None);
    } else {
        for m in &request.members {
            let code = leave_one(&m.member_id, m.group_instance_id.as_ref());
            response.members.push(
                MemberResponse::default()
                    .with_member_id(m.member_id.clone())
                    .with_group_instance_id(m.group_instance_id.clone())
                    .with_error_code(code),
            );
        }
    }
    Reply::Now(response.into())
}
