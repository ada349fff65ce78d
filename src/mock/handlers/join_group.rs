//! JoinGroup: a member asks to be in the next generation.

use crate::mock::state::group::consumer::{Caller, Joined};
use crate::mock::state::group::{Join, Kind, refused};
use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::{JoinGroupRequest, JoinGroupResponse};

/// group.max.session.timeout.ms
const MAX_SESSION_TIMEOUT_MS: i32 = 1_800_000;

pub fn handle(state: &mut ClusterState, cx: &Cx, request: JoinGroupRequest) -> Reply {
    if let Err(code) = super::check_group(state, cx, &request.group_id) {
        return Reply::Now(refused(cx, code, &request.member_id).into());
    }
    if !(1..=MAX_SESSION_TIMEOUT_MS).contains(&request.session_timeout_ms) {
        let code = E::InvalidSessionTimeout.code();
        return Reply::Now(refused(cx, code, &request.member_id).into());
    }
    let group = request.group_id.to_string();
    // Only a newcomer makes a group.
    let create = request.member_id.is_empty();
    let refusal = match state.groups.get(&group).map(|g| (&g.kind, g.is_empty())) {
        Some((Kind::Classic(_), _)) => None,
        // The group becomes one of this type.
        Some((Kind::Consumer(_), true)) | None if create => None,
        Some((Kind::Consumer(_), false)) => None,
        _ => Some(E::UnknownMemberId),
    };
    if let Some(e) = refusal {
        return Reply::Now(refused(cx, e.code(), &request.member_id).into());
    }
    let join = Join {
        member_id: request.member_id.to_string(),
        instance_id: request.group_instance_id.map(|s| s.to_string()),
        session_timeout_ms: request.session_timeout_ms,
        rebalance_timeout_ms: if cx.version == 0 {
            request.session_timeout_ms
        } else {
            request.rebalance_timeout_ms
        },
        protocol_type: request.protocol_type.to_string(),
        protocols: request
            .protocols
            .into_iter()
            .map(|p| (p.name.to_string(), p.metadata))
            .collect(),
        needs_known_id: cx.version >= 4,
        initial_delay_ms: state.defaults.initial_rebalance_delay_ms,
        uuid: state.random_uuid(),
    };
    let caller = Caller {
        client_id: cx.client_id.to_string(),
        client_host: cx.client_host.to_string(),
    };
    let in_consumer_group = state.groups.get(&group).is_some_and(|g| !g.is_empty());
    if in_consumer_group
        && let Some(joined) = state.with_consumer(&group, |g, around| {
            g.join_classic(cx.now, around, &caller, &join)
        })
    {
        return Reply::Now(joined_consumers(cx, joined).into());
    }
    state.with_classic(&group, create, |g, answers| g.join(cx, join, answers));
    Reply::Parked
}

/// The answer of a group that has members of both protocols.
fn joined_consumers(cx: &Cx, joined: Result<Joined, (E, String)>) -> JoinGroupResponse {
    match joined {
        Err((e, member_id)) => refused(cx, e.code(), &member_id),
        Ok(joined) => {
            let mut response = JoinGroupResponse::default()
                .with_member_id(joined.member_id.into())
                .with_generation_id(joined.generation)
                .with_protocol_name(Some(joined.protocol.into()));
            if cx.version >= 7 {
                response.protocol_type = Some("consumer".into());
            }
            response
        }
    }
}
