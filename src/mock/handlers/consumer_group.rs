//! ConsumerGroupHeartbeat and ConsumerGroupDescribe.

use super::authorize;
use super::groups_admin::GROUP_OPERATIONS;
use crate::mock::state::authorizer::{Operation as O, Resource};
use crate::mock::state::group::consumer::{self, Partitions};
use crate::mock::state::group::{Consumer, Kind};
use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::consumer_group_describe_response::{
    Assignment, ConsumerGroupDescribeResponse, DescribedGroup, Member, TopicPartitions,
};
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupHeartbeatRequest, TopicName,
};
use kafka_protocol::protocol::StrBytes;

const CLASSIC_MEMBER: i8 = 0;
const CONSUMER_MEMBER: i8 = 1;

pub fn heartbeat(
    state: &mut ClusterState,
    cx: &Cx,
    request: ConsumerGroupHeartbeatRequest,
) -> Reply {
    if cx.error != 0 {
        fence_injected(state, cx, &request);
    }
    let refused = |code, text| Reply::Now(consumer::refused(code, text).into());
    if let Err(code) = checked(state, cx, &request) {
        return refused(code, None);
    }
    match state.consumer_heartbeat(cx, &request) {
        Ok(response) => Reply::Now(response.into()),
        Err((e, text)) => refused(e.code(), Some(text)),
    }
}

fn checked(
    state: &ClusterState,
    cx: &Cx,
    request: &ConsumerGroupHeartbeatRequest,
) -> Result<(), i16> {
    if cx.error != 0 {
        return Err(cx.error);
    }
    if request.group_id.is_empty() {
        // The request is looked at before the group is.
        return Err(E::InvalidRequest.code());
    }
    super::check_group(state, cx, &request.group_id)
}

/// A member that a test lets be told that it is out is out.
fn fence_injected(state: &mut ClusterState, cx: &Cx, request: &ConsumerGroupHeartbeatRequest) {
    let out = [E::UnknownMemberId.code(), E::FencedMemberEpoch.code()];
    if out.contains(&cx.error) {
        state.fence_consumer(cx.now, &request.group_id, &request.member_id);
    }
}

pub fn describe(state: &mut ClusterState, cx: &Cx, request: ConsumerGroupDescribeRequest) -> Reply {
    let mut response = ConsumerGroupDescribeResponse::default();
    for id in request.group_ids {
        let mut out = DescribedGroup::default().with_group_id(id.clone());
        let allowed = authorize::group(state, cx, O::Describe, &id).map_err(|e| e.code());
        let kind = state.groups.get(id.as_str()).map(|g| &g.kind);
        match (
            allowed.and_then(|()| super::check_group(state, cx, &id)),
            kind,
        ) {
            (Err(code), _) => out.error_code = code,
            (Ok(()), Some(Kind::Consumer(group))) => fill(&mut out, state, cx, group),
            (Ok(()), _) => {
                out.error_code = E::GroupIdNotFound.code();
                let text = format!("there is no consumer group '{}'", id.as_str());
                out.error_message = Some(text.into());
            }
        }
        if request.include_authorized_operations && out.error_code == 0 {
            let of = Resource::Group(&id);
            out.authorized_operations = state.operations(cx, GROUP_OPERATIONS, of);
        }
        response.groups.push(out);
    }
    Reply::Now(response.into())
}

fn fill(out: &mut DescribedGroup, state: &ClusterState, cx: &Cx, group: &Consumer) {
    let names = |m: &consumer::Member| m.names.iter().map(|n| super::topic_name(n)).collect();
    let members = group.members().map(|m| {
        let mut member = Member::default()
            .with_member_id(super::text(&m.id))
            .with_instance_id(m.instance_id.as_deref().map(super::text))
            .with_rack_id(m.rack_id.as_deref().map(super::text))
            .with_member_epoch(m.epoch)
            .with_client_id(super::text(&m.client_id))
            .with_client_host(super::text(&m.client_host))
            .with_subscribed_topic_names(names(m))
            .with_subscribed_topic_regex(Some(super::text(&m.regex)))
            .with_assignment(assignment(state, Some(&m.assigned)))
            .with_target_assignment(assignment(state, group.target(&m.id)));
        if cx.version >= 1 {
            member.member_type = match m.classic {
                Some(_) => CLASSIC_MEMBER,
                None => CONSUMER_MEMBER,
            };
        }
        member
    });
    let members: Vec<Member> = members.collect();
    // Who may not see a topic does not see who consumes it.
    let hidden = |t: &TopicName| authorize::topic(state, cx, O::Describe, t).is_err();
    let topics = members.iter().flat_map(|m| {
        let assigned = m.assignment.topic_partitions.iter();
        let target = m.target_assignment.topic_partitions.iter();
        let theirs = assigned.chain(target).map(|t| &t.topic_name);
        theirs.chain(&m.subscribed_topic_names)
    });
    if topics.into_iter().any(hidden) {
        out.error_code = E::TopicAuthorizationFailed.code();
        out.error_message = Some(StrBytes::from_static_str(
            "the group consumes topics that may not be described",
        ));
        return;
    }
    out.group_state = super::text(group.state_name());
    out.group_epoch = group.epoch();
    out.assignment_epoch = group.assignment_epoch();
    out.assignor_name = super::text(group.assignor().name());
    out.members = members;
}

/// Topics that are gone are left out.
fn assignment(state: &ClusterState, partitions: Option<&Partitions>) -> Assignment {
    let topics = partitions.into_iter().flatten().filter_map(|(id, p)| {
        let name = state.topic_name(*id)?;
        let topic = TopicPartitions::default()
            .with_topic_id(*id)
            .with_topic_name(super::topic_name(name))
            .with_partitions(p.iter().copied().collect());
        Some(topic)
    });
    Assignment::default().with_topic_partitions(topics.collect())
}
