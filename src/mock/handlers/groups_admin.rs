//! DescribeGroups, ListGroups, DeleteGroups and OffsetDelete: groups from outside.

use super::{authorize, share_group};
use crate::mock::state::authorizer::{Operation as O, Resource};
use crate::mock::state::group::{Classic, Group, Kind};
use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::delete_groups_response::{
    DeletableGroupResult, DeleteGroupsResponse,
};
use kafka_protocol::messages::describe_groups_response::{
    DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};
use kafka_protocol::messages::list_groups_response::{ListGroupsResponse, ListedGroup};
use kafka_protocol::messages::offset_delete_response::{
    OffsetDeleteResponse, OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use kafka_protocol::messages::{
    DeleteGroupsRequest, DescribeGroupsRequest, GroupId, ListGroupsRequest, OffsetDeleteRequest,
};

/// Operations allowed on a group where nobody is refused anything.
pub const GROUP_OPERATIONS: i32 = 0x0d48;

pub fn describe(state: &mut ClusterState, cx: &Cx, request: DescribeGroupsRequest) -> Reply {
    let mut response = DescribeGroupsResponse::default();
    for id in request.groups {
        let mut out = DescribedGroup::default().with_group_id(id.clone());
        let allowed = authorize::group(state, cx, O::Describe, &id).map_err(|e| e.code());
        match (
            allowed.and_then(|()| super::check_group(state, cx, &id)),
            state.groups.get(id.as_str()),
        ) {
            (Err(code), _) => out.error_code = code,
            (Ok(()), None) => not_found(&mut out, cx),
            (Ok(()), Some(group)) => match &group.kind {
                Kind::Classic(group) => fill(&mut out, cx, group),
                Kind::Consumer(_) => not_found(&mut out, cx),
            },
        }
        if cx.version >= 3 && request.include_authorized_operations && out.error_code == 0 {
            let of = Resource::Group(&id);
            out.authorized_operations = state.operations(cx, GROUP_OPERATIONS, of);
        }
        response.groups.push(out);
    }
    Reply::Now(response.into())
}

/// No group, or none of the classic type.
fn not_found(out: &mut DescribedGroup, cx: &Cx) {
    out.group_state = super::text("Dead");
    if cx.version >= 6 {
        out.error_code = E::GroupIdNotFound.code();
        let message = format!("Group {} not found.", out.group_id.as_str());
        out.error_message = Some(message.into());
    }
}

fn fill(out: &mut DescribedGroup, cx: &Cx, group: &Classic) {
    // The protocol is that of the running generation.
    let protocol = group.protocol.as_deref().filter(|_| group.is_stable());
    out.group_state = super::text(group.state_name());
    out.protocol_type = super::text(group.protocol_type.as_deref().unwrap_or(""));
    out.protocol_data = super::text(protocol.unwrap_or(""));
    for m in group.members() {
        let mut member = DescribedGroupMember::default()
            .with_member_id(super::text(&m.id))
            .with_client_id(super::text(&m.client_id))
            .with_client_host(super::text(&m.client_host));
        member.member_assignment = m.assignment.clone();
        if let Some(protocol) = protocol {
            member.member_metadata = m.metadata(protocol);
        }
        if cx.version >= 4 {
            member.group_instance_id = m.instance_id.as_deref().map(super::text);
        }
        out.members.push(member);
    }
}

pub fn list(state: &mut ClusterState, cx: &Cx, request: ListGroupsRequest) -> Reply {
    let mut response = ListGroupsResponse::default().with_error_code(cx.error);
    let matches = |filter: &[kafka_protocol::protocol::StrBytes], value: &str| {
        filter.is_empty() || filter.iter().any(|f| f.eq_ignore_ascii_case(value))
    };
    // Who may look at the cluster sees all groups.
    let all = authorize::cluster(state, cx, O::Describe).is_ok();
    for group in state.groups.values() {
        if cx.error != 0
            || (!all && authorize::group(state, cx, O::Describe, &group.id).is_err())
            || state.check_coordinator(0, &group.id, cx.broker).is_err()
            || !matches(&request.states_filter, group.state_name())
            || !matches(&request.types_filter, group.type_name())
        {
            continue;
        }
        let mut out = ListedGroup::default()
            .with_group_id(GroupId(super::text(&group.id)))
            .with_protocol_type(super::text(group.protocol_type()));
        if cx.version >= 4 {
            out.group_state = super::text(group.state_name());
        }
        if cx.version >= 5 {
            out.group_type = super::text(group.type_name());
        }
        response.groups.push(out);
    }
    if cx.error == 0 && matches(&request.types_filter, "share") {
        let listed = share_group::listed(state, cx).into_iter();
        let visible = listed.filter(|g| {
            (all || authorize::group(state, cx, O::Describe, &g.group_id).is_ok())
                && matches(&request.states_filter, &g.group_state)
        });
        response.groups.extend(visible);
    }
    Reply::Now(response.into())
}

pub fn delete(state: &mut ClusterState, cx: &Cx, request: DeleteGroupsRequest) -> Reply {
    let mut response = DeleteGroupsResponse::default();
    for id in request.groups_names {
        let allowed = authorize::group(state, cx, O::Delete, &id).map_err(|e| e.code());
        let checked = allowed.and_then(|()| super::check_group(state, cx, &id));
        let refused = checked.and_then(|()| {
            if let Some(deleted) = share_group::delete(state, &id) {
                return deleted.map_err(|e| e.code());
            }
            let group = state.groups.get(id.as_str());
            match group.map(Group::is_empty) {
                None => Err(E::GroupIdNotFound.code()),
                Some(false) => Err(E::NonEmptyGroup.code()),
                Some(true) => Ok(()),
            }
        });
        if refused.is_ok() {
            state.groups.remove(id.as_str());
            state.write_due_markers(cx.now);
        }
        response.results.push(
            DeletableGroupResult::default()
                .with_group_id(id)
                .with_error_code(refused.err().unwrap_or(0)),
        );
    }
    Reply::Now(response.into())
}

pub fn delete_offsets(state: &mut ClusterState, cx: &Cx, request: OffsetDeleteRequest) -> Reply {
    let mut response = OffsetDeleteResponse::default();
    let refused = super::check_group(state, cx, &request.group_id).and_then(|()| {
        match state.groups.get(request.group_id.as_str()) {
            None => Err(E::GroupIdNotFound.code()),
            // Subscriptions can only be looked into if they are a consumer's.
            Some(g) if !g.is_empty() && g.protocol_type() != "consumer" => {
                Err(E::NonEmptyGroup.code())
            }
            Some(_) => Ok(()),
        }
    });
    if let Err(code) = refused {
        response.error_code = code;
        return Reply::Now(response.into());
    }
    for topic in request.topics {
        let mut out = OffsetDeleteResponseTopic::default().with_name(topic.name.clone());
        for p in topic.partitions {
            let index = p.partition_index;
            let known = state.partition(&topic.name, index).is_some();
            let denied = authorize::topic(state, cx, O::Read, &topic.name).is_err();
            let error_code = match state.groups.get_mut(request.group_id.as_str()) {
                _ if denied => E::TopicAuthorizationFailed.code(),
                _ if !known => E::UnknownTopicOrPartition.code(),
                Some(g) if g.subscribes_to(&topic.name) => E::GroupSubscribedToTopic.code(),
                Some(g) => {
                    g.delete_offset(&topic.name, index);
                    0
                }
                None => E::GroupIdNotFound.code(),
            };
            out.partitions.push(
                OffsetDeleteResponsePartition::default()
                    .with_partition_index(index)
                    .with_error_code(error_code),
            );
        }
        response.topics.push(out);
    }
    Reply::Now(response.into())
}
