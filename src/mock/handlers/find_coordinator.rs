//! FindCoordinator: the broker for a group or a transactional id.

use super::authorize;
use crate::mock::state::authorizer::Operation::Describe;
use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{BrokerId, FindCoordinatorRequest, FindCoordinatorResponse};
use kafka_protocol::protocol::StrBytes;

pub fn handle(state: &mut ClusterState, cx: &Cx, request: FindCoordinatorRequest) -> Reply {
    let mut response = FindCoordinatorResponse::default();
    if cx.version >= 4 {
        response.coordinators = request
            .coordinator_keys
            .iter()
            .map(|key| find(state, cx, request.key_type, key))
            .collect();
    } else {
        let found = find(state, cx, request.key_type, &request.key);
        response.error_code = found.error_code;
        response.error_message = found.error_message.filter(|_| cx.version >= 1);
        response.node_id = found.node_id;
        response.host = found.host;
        response.port = found.port;
    }
    Reply::Now(response.into())
}

fn may_find(state: &ClusterState, cx: &Cx, key_type: i8, key: &str) -> Result<(), E> {
    match key_type {
        0 => authorize::group(state, cx, Describe, key),
        _ => authorize::transaction(state, cx, Describe, key),
    }
}

fn find(state: &ClusterState, cx: &Cx, key_type: i8, key: &StrBytes) -> Coordinator {
    let found = Coordinator::default().with_key(key.clone());
    let broker = match (cx.error, key_type) {
        (0, 0 | 1) => may_find(state, cx, key_type, key)
            .and_then(|()| {
                let found = state.coordinator(key_type, key);
                found.ok_or(E::CoordinatorNotAvailable)
            })
            .map_err(|e| e.code()),
        (0, _) => Err(E::InvalidRequest.code()),
        (code, _) => Err(code),
    };
    match broker {
        Ok(b) => found
            .with_node_id(BrokerId(b.id))
            .with_host(super::text(&b.host))
            .with_port(b.port)
            .with_error_message(Some(super::text("NONE"))),
        Err(code) => found
            .with_error_code(code)
            .with_error_message(E::try_from_code(code).map(|e| super::text(&e.to_string())))
            .with_node_id(BrokerId(-1))
            .with_port(-1),
    }
}
