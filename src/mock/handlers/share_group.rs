//! ShareGroupHeartbeat and ShareGroupDescribe; and share groups in what lists and deletes groups of all kinds.

use super::authorize;
use crate::mock::state::authorizer::{Operation as O, Resource};
use crate::mock::state::share::group::{Group, Heartbeat, HeartbeatAnswer, Topics};
use crate::mock::state::share::session::Tp;
use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::share_group_describe_response::{
    Assignment as DescribedAssignment, DescribedGroup, Member, TopicPartitions as DescribedTopic,
};
use kafka_protocol::messages::share_group_heartbeat_response::{Assignment, TopicPartitions};
use kafka_protocol::messages::{
    GroupId, ShareGroupDescribeRequest, ShareGroupDescribeResponse, ShareGroupHeartbeatRequest,
    ShareGroupHeartbeatResponse,
};
use kafka_protocol::protocol::StrBytes;

/// Operations allowed on a group where nobody is refused anything.
const GROUP_OPERATIONS: i32 = 0x0d48;

/// Why a request is refused, and what is said about it.
type Refusal = (i16, Option<String>);

pub fn heartbeat(state: &mut ClusterState, cx: &Cx, request: ShareGroupHeartbeatRequest) -> Reply {
    let response = ShareGroupHeartbeatResponse::default()
        .with_error_message(None)
        .with_member_id(None)
        .with_assignment(None);
    let member = request.member_id.clone();
    let response = match beat(state, cx, request) {
        Err((code, message)) => response
            .with_error_code(code)
            .with_error_message(message.map(StrBytes::from_string)),
        Ok(beaten) => response
            .with_member_id(Some(member))
            .with_member_epoch(beaten.epoch)
            .with_heartbeat_interval_ms(beaten.interval_ms)
            .with_assignment(beaten.assignment.as_deref().map(assignment)),
    };
    Reply::Now(response.into())
}

fn beat(
    state: &mut ClusterState,
    cx: &Cx,
    request: ShareGroupHeartbeatRequest,
) -> Result<HeartbeatAnswer, Refusal> {
    if cx.error != 0 {
        return Err((cx.error, None));
    }
    if let Some(why) = malformed(&request) {
        return Err((E::InvalidRequest.code(), Some(why.to_owned())));
    }
    let id = request.group_id.as_str();
    super::check_group(state, cx, id).map_err(|code| (code, None))?;
    if state.groups.contains_key(id) {
        let why = format!("Group {id} is not a share group.");
        return Err((E::GroupIdNotFound.code(), Some(why)));
    }
    let joins = request.member_epoch == 0;
    let settings = state.share.settings.clone();
    if joins && !state.share.groups.contains_key(id) {
        let new = Group::new(&settings);
        state.share.groups.insert(id.to_owned(), new);
    }
    let topics: Topics = state
        .topics
        .values()
        .map(|t| (t.name.clone(), (t.id, t.partitions.len() as i32)))
        .collect();
    let Some(group) = state.share.groups.get_mut(id) else {
        let why = format!("Share group {id} not found.");
        return Err((E::GroupIdNotFound.code(), Some(why)));
    };
    let names = |all: Vec<_>| all.iter().map(ToString::to_string).collect();
    let heartbeat = Heartbeat {
        member: request.member_id.to_string(),
        epoch: request.member_epoch,
        rack: request.rack_id.as_ref().map(ToString::to_string),
        topics: request
            .subscribed_topic_names
            .map(|all| all.into_iter().map(|name| name.0).collect())
            .map(names),
        client_id: cx.client_id.to_string(),
        client_host: cx.client_host.to_string(),
    };
    let result = group.heartbeat(cx.now, &settings, &topics, heartbeat);
    state.arm_share();
    result.map_err(|e| (e.code(), Some(e.to_string())))
}

/// What Kafka refuses before it looks at the group.
fn malformed(request: &ShareGroupHeartbeatRequest) -> Option<&'static str> {
    let no_topics = request
        .subscribed_topic_names
        .as_ref()
        .is_none_or(Vec::is_empty);
    if request.group_id.is_empty() {
        Some("The group id is empty.")
    } else if request.member_id.is_empty() {
        Some("The member id is empty.")
    } else if request.rack_id.as_ref().is_some_and(|rack| rack.is_empty()) {
        Some("The rack id is empty.")
    } else if request.member_epoch < -1 {
        Some("A member has no such epoch.")
    } else if request.member_epoch == 0 && no_topics {
        Some("A member that joins has to name topics.")
    } else {
        None
    }
}

/// Partitions by topic, in the order of both.
fn by_topic(partitions: &[Tp]) -> Vec<(uuid::Uuid, Vec<i32>)> {
    let mut sorted = partitions.to_vec();
    sorted.sort_unstable();
    let mut topics: Vec<(uuid::Uuid, Vec<i32>)> = Vec::new();
    for (id, partition) in sorted {
        match topics.last_mut() {
            Some((last, all)) if *last == id => all.push(partition),
            _ => topics.push((id, vec![partition])),
        }
    }
    topics
}

fn assignment(partitions: &[Tp]) -> Assignment {
    let topics = by_topic(partitions).into_iter();
    let topics = topics.map(|(id, partitions)| {
        TopicPartitions::default()
            .with_topic_id(id)
            .with_partitions(partitions)
    });
    Assignment::default().with_topic_partitions(topics.collect())
}

pub fn describe(state: &mut ClusterState, cx: &Cx, request: ShareGroupDescribeRequest) -> Reply {
    let mut response = ShareGroupDescribeResponse::default();
    for id in request.group_ids {
        let out = DescribedGroup::default()
            .with_error_message(None)
            .with_group_id(id.clone());
        let allowed = authorize::group(state, cx, O::Describe, &id).map_err(|e| e.code());
        let checked = allowed.and_then(|()| super::check_group(state, cx, &id));
        let mut out = match (checked, state.share.groups.get(id.as_str())) {
            (Err(code), _) => out.with_error_code(code),
            (Ok(()), None) => out
                .with_error_code(E::GroupIdNotFound.code())
                .with_error_message(Some(format!("Group {} not found.", id.as_str()).into())),
            (Ok(()), Some(group)) => described(state, group, out),
        };
        if request.include_authorized_operations && out.error_code == 0 {
            let of = Resource::Group(&id);
            out.authorized_operations = state.operations(cx, GROUP_OPERATIONS, of);
        }
        response.groups.push(out);
    }
    Reply::Now(response.into())
}

fn described(state: &ClusterState, group: &Group, out: DescribedGroup) -> DescribedGroup {
    let topics = |partitions: &[Tp]| {
        let topics = by_topic(partitions).into_iter();
        let topics = topics.map(|(id, partitions)| {
            let name = state.topic_by_id(id).map_or("", |t| t.name.as_str());
            DescribedTopic::default()
                .with_topic_id(id)
                .with_topic_name(super::topic_name(name))
                .with_partitions(partitions)
        });
        DescribedAssignment::default().with_topic_partitions(topics.collect())
    };
    let members = group.members().map(|m| {
        Member::default()
            .with_member_id(super::text(&m.id))
            .with_rack_id(m.rack.as_deref().map(super::text))
            .with_member_epoch(m.epoch)
            .with_client_id(super::text(&m.client_id))
            .with_client_host(super::text(&m.client_host))
            .with_subscribed_topic_names(m.topics.iter().map(|t| super::topic_name(t)).collect())
            .with_assignment(topics(&m.assignment))
    });
    out.with_group_state(super::text(group.state_name()))
        .with_group_epoch(group.epoch())
        .with_assignment_epoch(group.epoch())
        .with_assignor_name(super::text("simple"))
        .with_members(members.collect())
}

/// The share groups that this broker coordinates, for ListGroups.
pub fn listed(state: &ClusterState, cx: &Cx) -> Vec<ListedGroup> {
    let mut all = Vec::new();
    for (id, group) in &state.share.groups {
        if state.check_coordinator(0, id, cx.broker).is_err() {
            continue;
        }
        let mut out = ListedGroup::default()
            .with_group_id(GroupId(super::text(id)))
            .with_protocol_type(super::text("share"));
        if cx.version >= 4 {
            out.group_state = super::text(group.state_name());
        }
        if cx.version >= 5 {
            out.group_type = super::text("share");
        }
        all.push(out);
    }
    all
}

/// Deletes a share group, for DeleteGroups; `None` if there is none of this id.
pub fn delete(state: &mut ClusterState, id: &str) -> Option<Result<(), E>> {
    let group = state.share.groups.get(id)?;
    if group.members().next().is_some() {
        return Some(Err(E::NonEmptyGroup));
    }
    state.share.forget_group(id);
    Some(Ok(()))
}
