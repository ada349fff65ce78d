//! Groups that go from one protocol to the other while they have members.

use super::*;
use bytes::BufMut;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::consumer_protocol_subscription::TopicPartition;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::{
    ConsumerGroupHeartbeatRequest, ConsumerProtocolAssignment, ConsumerProtocolSubscription,
    DescribeGroupsRequest, GroupId, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse,
    LeaveGroupRequest, SyncGroupRequest, sync_group_request::SyncGroupRequestAssignment,
};

fn group() -> GroupId {
    GroupId(text("g"))
}

/// A consumer's metadata in the classic protocol.
fn metadata(owned: &[i32]) -> Bytes {
    let mut message = ConsumerProtocolSubscription::default().with_topics(vec![text("t")]);
    if !owned.is_empty() {
        message.owned_partitions = vec![
            TopicPartition::default()
                .with_topic(topic("t"))
                .with_partitions(owned.to_vec()),
        ];
    }
    let mut out = BytesMut::new();
    out.put_i16(1);
    message.encode(&mut out, 1).expect("a subscription");
    out.freeze()
}

fn join(sim: &mut Sim, member: &str, owned: &[i32]) -> JoinGroupResponse {
    let request = JoinGroupRequest::default()
        .with_group_id(group())
        .with_member_id(text(member))
        .with_session_timeout_ms(10_000)
        .with_rebalance_timeout_ms(30_000)
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![
            JoinGroupRequestProtocol::default()
                .with_name(text("range"))
                .with_metadata(metadata(owned)),
        ]);
    let pending = sim.send(1, 3, &request);
    sim.pass(0);
    sim.take::<JoinGroupRequest>(pending)
}

/// The error, or the partitions.
fn sync(
    sim: &mut Sim,
    member: &str,
    generation: i32,
    given: Option<Bytes>,
) -> Result<Vec<i32>, i16> {
    let assignments = given.map(|bytes| {
        SyncGroupRequestAssignment::default()
            .with_member_id(text(member))
            .with_assignment(bytes)
    });
    let request = SyncGroupRequest::default()
        .with_group_id(group())
        .with_member_id(text(member))
        .with_generation_id(generation)
        .with_assignments(assignments.into_iter().collect());
    let response = sim.call::<SyncGroupRequest>(1, 3, &request);
    if response.error_code != 0 {
        return Err(response.error_code);
    }
    let mut bytes = response.assignment;
    let version = bytes.get_i16();
    let message = ConsumerProtocolAssignment::decode(&mut bytes, version).expect("an assignment");
    let topics = message.assigned_partitions.iter();
    Ok(topics.flat_map(|t| t.partitions.iter().copied()).collect())
}

fn assignment(partitions: &[i32]) -> Bytes {
    let t = kafka_protocol::messages::consumer_protocol_assignment::TopicPartition::default()
        .with_topic(topic("t"))
        .with_partitions(partitions.to_vec());
    let mut out = BytesMut::new();
    out.put_i16(1);
    let message = ConsumerProtocolAssignment::default().with_assigned_partitions(vec![t]);
    message.encode(&mut out, 1).expect("an assignment");
    out.freeze()
}

fn classic_beat(sim: &mut Sim, member: &str, generation: i32) -> i16 {
    let request = HeartbeatRequest::default()
        .with_group_id(group())
        .with_member_id(text(member))
        .with_generation_id(generation);
    sim.call::<HeartbeatRequest>(1, 3, &request).error_code
}

/// The epoch, and the partitions if any are told.
fn beat(sim: &mut Sim, member: &str, epoch: i32) -> Result<(i32, Option<Vec<i32>>), i16> {
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
        request.server_assignor = Some(text("range"));
        request.topic_partitions = Some(Vec::new());
    }
    let response = sim.call::<ConsumerGroupHeartbeatRequest>(1, 1, &request);
    if response.error_code != 0 {
        return Err(response.error_code);
    }
    let told = response.assignment.map(|a| {
        let topics = a.topic_partitions.into_iter();
        topics.flat_map(|t| t.partitions).collect()
    });
    Ok((response.member_epoch, told))
}

/// A classic member that has everything.
fn classic_member() -> (Sim, String) {
    let mut sim = Sim::new(1);
    sim.create("t", 4);
    let joined = join(&mut sim, "", &[]);
    let id = joined.member_id.to_string();
    assert_eq!(joined.generation_id, 1);
    let all = assignment(&[0, 1, 2, 3]);
    assert_eq!(sync(&mut sim, &id, 1, Some(all)), Ok(vec![0, 1, 2, 3]));
    (sim, id)
}

const REBALANCE: i16 = 27;

#[test]
fn a_classic_member_shares_with_one_of_the_other_protocol() {
    let (mut sim, classic) = classic_member();
    assert_eq!(beat(&mut sim, "new", 0), Ok((2, Some(vec![]))));
    assert_eq!(classic_beat(&mut sim, &classic, 1), REBALANCE);
    assert_eq!(
        classic_beat(&mut sim, &classic, 2),
        E::IllegalGeneration.code()
    );
    assert_eq!(classic_beat(&mut sim, "new", 2), E::UnknownMemberId.code());
    // It has yet to give up what it owns, and is told what it keeps.
    let joined = join(&mut sim, &classic, &[0, 1, 2, 3]);
    assert_eq!((joined.error_code, joined.generation_id), (0, 1));
    assert_eq!((joined.leader.as_str(), joined.members.len()), ("", 0));
    let kept = sync(&mut sim, &classic, 1, None).expect("an assignment");
    assert_eq!(kept.len(), 2);
    assert_eq!(beat(&mut sim, "new", 2), Ok((2, None)));
    assert_eq!(classic_beat(&mut sim, &classic, 1), REBALANCE);
    let joined = join(&mut sim, &classic, &kept);
    assert_eq!((joined.error_code, joined.generation_id), (0, 2));
    assert_eq!(sync(&mut sim, &classic, 2, None), Ok(kept));
    assert_eq!(classic_beat(&mut sim, &classic, 2), 0);
    let (epoch, told) = beat(&mut sim, "new", 2).expect("no error");
    assert_eq!((epoch, told.map(|t| t.len())), (2, Some(2)));
}

#[test]
fn the_last_member_of_the_consumer_protocol_leaves_a_classic_group() {
    let (mut sim, classic) = classic_member();
    beat(&mut sim, "new", 0).expect("no error");
    beat(&mut sim, "new", -1).expect("no error");
    let request = DescribeGroupsRequest::default().with_groups(vec![group()]);
    let described = sim.call::<DescribeGroupsRequest>(1, 6, &request);
    assert_eq!(
        described.groups[0].group_state.as_str(),
        "PreparingRebalance"
    );
    assert_eq!(classic_beat(&mut sim, &classic, 2), REBALANCE);
    let joined = join(&mut sim, &classic, &[]);
    assert_eq!((joined.error_code, joined.generation_id), (0, 3));
    assert_eq!(joined.leader.as_str(), classic);
    assert_eq!(beat(&mut sim, "new", 2), Err(E::GroupIdNotFound.code()));
}

#[test]
fn a_classic_member_that_does_not_rejoin_is_out() {
    let (mut sim, classic) = classic_member();
    beat(&mut sim, "new", 0).expect("no error");
    assert_eq!(classic_beat(&mut sim, &classic, 1), REBALANCE);
    for _ in 0..4 {
        sim.pass(7_000);
        assert_eq!(classic_beat(&mut sim, &classic, 1), REBALANCE);
        beat(&mut sim, "new", 2).expect("no error");
    }
    sim.pass(2_000);
    assert_eq!(
        classic_beat(&mut sim, &classic, 1),
        E::UnknownMemberId.code()
    );
    assert_eq!(beat(&mut sim, "new", 2), Ok((3, Some(vec![0, 1, 2, 3]))));
    // Nor is one that is silent kept.
    let joined = join(&mut sim, "", &[]);
    assert_eq!((joined.error_code, joined.generation_id), (0, 4));
    let id = joined.member_id.to_string();
    assert_eq!(sync(&mut sim, &id, 4, None), Ok(vec![]));
    sim.pass(10_000);
    assert_eq!(classic_beat(&mut sim, &id, 4), E::UnknownMemberId.code());
}

#[test]
fn classic_members_of_a_consumer_group_leave() {
    let (mut sim, classic) = classic_member();
    beat(&mut sim, "new", 0).expect("no error");
    let who = MemberIdentity::default().with_member_id(text(&classic));
    let request = LeaveGroupRequest::default()
        .with_group_id(group())
        .with_members(vec![who]);
    let response = sim.call::<LeaveGroupRequest>(1, 5, &request);
    assert_eq!(response.members[0].error_code, 0);
    assert_eq!(beat(&mut sim, "new", 2), Ok((3, Some(vec![0, 1, 2, 3]))));
}
