//! Groups of the consumer protocol by their frames: what other requests make of them.

use super::*;
use crate::mock::command::{At, Change};
use crate::mock::state::errors::Injected;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
    DeleteGroupsRequest, DescribeGroupsRequest, GroupId, HeartbeatRequest, JoinGroupRequest,
    LeaveGroupRequest, ListGroupsRequest, OffsetCommitRequest, OffsetDeleteRequest,
    OffsetFetchRequest,
};

fn group() -> GroupId {
    GroupId(text("g"))
}

fn cluster() -> Sim {
    let mut sim = Sim::new(1);
    sim.create("t", 2);
    sim
}

fn beat(sim: &mut Sim, member: &str, epoch: i32) -> ConsumerGroupHeartbeatResponse {
    let mut request = ConsumerGroupHeartbeatRequest::default()
        .with_group_id(group())
        .with_member_id(text(member))
        .with_member_epoch(epoch)
        .with_rebalance_timeout_ms(-1)
        .with_subscribed_topic_names(None)
        .with_topic_partitions(None);
    if epoch == 0 {
        request.rebalance_timeout_ms = 60_000;
        request.subscribed_topic_names = Some(vec![topic("t")]);
        request.topic_partitions = Some(Vec::new());
    }
    sim.call::<ConsumerGroupHeartbeatRequest>(1, 1, &request)
}

fn join_classic(sim: &mut Sim) -> i16 {
    let protocol = JoinGroupRequestProtocol::default().with_name(text("range"));
    let request = JoinGroupRequest::default()
        .with_group_id(group())
        .with_session_timeout_ms(10_000)
        .with_rebalance_timeout_ms(30_000)
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol]);
    sim.call::<JoinGroupRequest>(1, 3, &request).error_code
}

fn commit(sim: &mut Sim, version: i16, member: &str, epoch: i32) -> i16 {
    let p = OffsetCommitRequestPartition::default().with_committed_offset(5);
    let t = OffsetCommitRequestTopic::default().with_name(topic("t"));
    let request = OffsetCommitRequest::default()
        .with_group_id(group())
        .with_member_id(text(member))
        .with_generation_id_or_member_epoch(epoch)
        .with_topics(vec![t.with_partitions(vec![p])]);
    let response = sim.call::<OffsetCommitRequest>(1, version, &request);
    response.topics[0].partitions[0].error_code
}

/// The group's error, or the offset.
fn fetch(sim: &mut Sim, member: Option<&str>, epoch: i32) -> Result<i64, i16> {
    let t = OffsetFetchRequestTopics::default().with_name(topic("t"));
    let g = OffsetFetchRequestGroup::default()
        .with_group_id(group())
        .with_member_id(member.map(text))
        .with_member_epoch(epoch)
        .with_topics(Some(vec![t.with_partition_indexes(vec![0])]));
    let request = OffsetFetchRequest::default().with_groups(vec![g]);
    let response = sim.call::<OffsetFetchRequest>(1, 9, &request);
    match response.groups[0].error_code {
        0 => Ok(response.groups[0].topics[0].partitions[0].committed_offset),
        code => Err(code),
    }
}

#[test]
fn a_group_is_described_by_its_own_request() {
    let mut sim = cluster();
    beat(&mut sim, "m1", 0);
    beat(&mut sim, "m2", 0);
    beat(&mut sim, "m1", 1);
    let request = ConsumerGroupDescribeRequest::default()
        .with_group_ids(vec![group(), GroupId(text("no"))])
        .with_include_authorized_operations(true);
    let response = sim.call::<ConsumerGroupDescribeRequest>(1, 1, &request);
    let g = &response.groups[0];
    assert_eq!((g.group_epoch, g.assignment_epoch), (2, 2));
    assert_eq!(g.group_state.as_str(), "Reconciling");
    assert_eq!(g.assignor_name.as_str(), "uniform");
    assert_ne!(g.authorized_operations, i32::MIN);
    let m = &g.members[0];
    assert_eq!(
        (m.member_id.as_str(), m.member_epoch, m.member_type),
        ("m1", 1, 1)
    );
    let named = |a: &kafka_protocol::messages::consumer_group_describe_response::Assignment| {
        let topics = a.topic_partitions.iter();
        let topics = topics.map(|t| (t.topic_name.to_string(), t.partitions.clone()));
        topics.collect::<Vec<_>>()
    };
    assert_eq!(named(&m.assignment), [("t".to_owned(), vec![0])]);
    assert_eq!(named(&m.target_assignment), [("t".to_owned(), vec![0])]);
    assert_eq!(named(&g.members[1].assignment), []);
    assert_eq!(
        named(&g.members[1].target_assignment),
        [("t".to_owned(), vec![1])]
    );
    assert_eq!(response.groups[1].error_code, E::GroupIdNotFound.code());
    // By the request for classic groups it is not to be found.
    for (version, code) in [(6, E::GroupIdNotFound.code()), (5, 0)] {
        let request = DescribeGroupsRequest::default().with_groups(vec![group()]);
        let response = sim.call::<DescribeGroupsRequest>(1, version, &request);
        assert_eq!(response.groups[0].error_code, code);
        assert_eq!(response.groups[0].group_state.as_str(), "Dead");
    }
}

#[test]
fn groups_are_listed_by_type() {
    let mut sim = cluster();
    beat(&mut sim, "m", 0);
    let mut listed = |filter: &[&str]| {
        let types = filter.iter().map(|t| text(t)).collect();
        let request = ListGroupsRequest::default().with_types_filter(types);
        let response = sim.call::<ListGroupsRequest>(1, 5, &request);
        let groups = response.groups.into_iter();
        let groups = groups.map(|g| (g.protocol_type.to_string(), g.group_type.to_string()));
        groups.collect::<Vec<_>>()
    };
    let it = ("consumer".to_owned(), "consumer".to_owned());
    assert_eq!(listed(&[]), std::slice::from_ref(&it));
    assert_eq!(listed(&["Consumer"]), [it]);
    assert_eq!(listed(&["classic"]), []);
}

#[test]
fn offsets_are_a_members_of_the_current_epoch() {
    let mut sim = cluster();
    assert_eq!(commit(&mut sim, 9, "m", 1), E::GroupIdNotFound.code());
    beat(&mut sim, "m", 0);
    assert_eq!(commit(&mut sim, 9, "m", 1), 0);
    assert_eq!(commit(&mut sim, 8, "m", 1), E::UnsupportedVersion.code());
    assert_eq!(commit(&mut sim, 9, "m", 2), E::StaleMemberEpoch.code());
    assert_eq!(commit(&mut sim, 9, "", -1), E::UnknownMemberId.code());
    assert_eq!(fetch(&mut sim, Some("m"), 1), Ok(5));
    assert_eq!(fetch(&mut sim, None, -1), Ok(5));
    assert_eq!(
        fetch(&mut sim, Some("m"), 3),
        Err(E::StaleMemberEpoch.code())
    );
    assert_eq!(
        fetch(&mut sim, Some("x"), 1),
        Err(E::UnknownMemberId.code())
    );
    let delete = OffsetDeleteRequest::default()
        .with_group_id(group())
        .with_topics(vec![
            OffsetDeleteRequestTopic::default()
                .with_name(topic("t"))
                .with_partitions(vec![OffsetDeleteRequestPartition::default()]),
        ]);
    let response = sim.call::<OffsetDeleteRequest>(1, 0, &delete);
    let code = response.topics[0].partitions[0].error_code;
    assert_eq!(code, E::GroupSubscribedToTopic.code());
    let delete = DeleteGroupsRequest::default().with_groups_names(vec![group()]);
    let response = sim.call::<DeleteGroupsRequest>(1, 2, &delete);
    assert_eq!(response.results[0].error_code, E::NonEmptyGroup.code());
    beat(&mut sim, "m", -1);
    assert_eq!(commit(&mut sim, 8, "", -1), 0);
    let response = sim.call::<DeleteGroupsRequest>(1, 2, &delete);
    assert_eq!(response.results[0].error_code, 0);
}

#[test]
fn an_empty_group_becomes_one_of_the_other_type() {
    let mut sim = cluster();
    assert_eq!(commit(&mut sim, 8, "", -1), 0);
    assert_eq!(beat(&mut sim, "m", 1).error_code, E::GroupIdNotFound.code());
    assert_eq!(beat(&mut sim, "m", 0).member_epoch, 1);
    assert_eq!(fetch(&mut sim, None, -1), Ok(5));
    // What it says of its subscription cannot be read.
    assert_eq!(join_classic(&mut sim), E::UnknownServerError.code());
    beat(&mut sim, "m", -1);
    assert_eq!(join_classic(&mut sim), 0);
    assert_eq!(beat(&mut sim, "m", 0).error_code, E::GroupIdNotFound.code());
    assert_eq!(fetch(&mut sim, None, -1), Ok(5));
}

/// What classic members ask for is refused, but an administrator may remove members.
#[test]
fn classic_requests_to_a_consumer_group() {
    let mut sim = cluster();
    beat(&mut sim, "m", 0);
    let request = HeartbeatRequest::default()
        .with_group_id(group())
        .with_member_id(text("m"))
        .with_generation_id(1);
    let code = sim.call::<HeartbeatRequest>(1, 4, &request).error_code;
    assert_eq!(code, E::UnknownMemberId.code());
    let mut leave = |member: &str| {
        let who = MemberIdentity::default().with_member_id(text(member));
        let request = LeaveGroupRequest::default()
            .with_group_id(group())
            .with_members(vec![who]);
        let response = sim.call::<LeaveGroupRequest>(1, 5, &request);
        response.members[0].error_code
    };
    assert_eq!(leave("x"), E::UnknownMemberId.code());
    assert_eq!(leave("m"), 0);
    assert_eq!(beat(&mut sim, "m", 1).error_code, E::UnknownMemberId.code());
}

/// As with librdkafka's mock cluster, a member that is told that it is out is out.
#[test]
fn an_injected_fencing_is_one() {
    let mut sim = cluster();
    beat(&mut sim, "m", 0);
    let errors = [E::FencedMemberEpoch, E::CoordinatorNotAvailable];
    sim.state.errors.push(
        api(ApiKey::ConsumerGroupHeartbeat),
        errors.map(|e| Injected {
            code: e.code().into(),
            rtt_ms: 0,
        }),
    );
    assert_eq!(
        beat(&mut sim, "m", 1).error_code,
        E::FencedMemberEpoch.code()
    );
    let other = beat(&mut sim, "m", 1).error_code;
    assert_eq!(other, E::CoordinatorNotAvailable.code());
    assert_eq!(beat(&mut sim, "m", 1).error_code, E::UnknownMemberId.code());
    assert_eq!(beat(&mut sim, "m", 0).member_epoch, 3);
}

#[test]
fn commands_set_timeouts_and_targets() {
    let mut sim = cluster();
    let now = sim.now;
    let set = |sim: &mut Sim, change| sim.state.apply(now, change);
    let targets = |targets| Change::ConsumerTargets {
        group: "g".to_owned(),
        targets,
    };
    set(&mut sim, Change::ConsumerHeartbeatInterval { ms: 700 }).expect("set");
    set(&mut sim, Change::ConsumerSessionTimeout { ms: 2000 }).expect("set");
    assert!(set(&mut sim, targets(None)).is_err(), "there is no group");
    assert_eq!(beat(&mut sim, "m", 0).heartbeat_interval_ms, 700);
    let at = |topic: &str, partition| At {
        topic: topic.to_owned(),
        partition,
    };
    let wanted = vec![("m".to_owned(), vec![at("t", 1), at("no-such-topic", 0)])];
    set(&mut sim, targets(Some(wanted))).expect("set");
    let told = beat(&mut sim, "m", 1).assignment.expect("an assignment");
    assert_eq!(told.topic_partitions.len(), 1);
    assert_eq!(told.topic_partitions[0].partitions, [1]);
    sim.pass(2000);
    assert_eq!(beat(&mut sim, "m", 1).error_code, E::UnknownMemberId.code());
}
