//! Classic groups: joining, syncing, leaving, timing out, committing.

use super::*;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic,
};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    DescribeGroupsRequest, GroupId, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse,
    LeaveGroupRequest, OffsetCommitRequest, OffsetFetchRequest, SyncGroupRequest,
    leave_group_request::MemberIdentity,
};

fn group() -> GroupId {
    GroupId(text("g"))
}

fn join(member: &str) -> JoinGroupRequest {
    JoinGroupRequest::default()
        .with_group_id(group())
        .with_member_id(text(member))
        .with_session_timeout_ms(10_000)
        .with_rebalance_timeout_ms(30_000)
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![
            JoinGroupRequestProtocol::default()
                .with_name(text("range"))
                .with_metadata(Bytes::from_static(b"m")),
        ])
}

/// The member-id round, then the real join.
fn start(sim: &mut Sim) -> (String, Pending) {
    let first = sim.call::<JoinGroupRequest>(1, 5, &join(""));
    assert_eq!(first.error_code, E::MemberIdRequired.code());
    let id = first.member_id.to_string();
    let pending = sim.send(1, 5, &join(&id));
    (id, pending)
}

fn sync(member: &str, generation: i32, assignments: &[(&str, &'static str)]) -> SyncGroupRequest {
    let assignments = assignments.iter().map(|(m, a)| {
        SyncGroupRequestAssignment::default()
            .with_member_id(text(m))
            .with_assignment(Bytes::from_static(a.as_bytes()))
    });
    SyncGroupRequest::default()
        .with_group_id(group())
        .with_member_id(text(member))
        .with_generation_id(generation)
        .with_assignments(assignments.collect())
}

fn heartbeat(sim: &mut Sim, member: &str, generation: i32) -> i16 {
    let request = HeartbeatRequest::default()
        .with_group_id(group())
        .with_member_id(text(member))
        .with_generation_id(generation);
    sim.call::<HeartbeatRequest>(1, 3, &request).error_code
}

fn state(sim: &mut Sim) -> String {
    let request = DescribeGroupsRequest::default().with_groups(vec![group()]);
    let response = sim.call::<DescribeGroupsRequest>(1, 5, &request);
    response.groups[0].group_state.to_string()
}

/// Two members, the first leads, both assigned.
fn two_members(sim: &mut Sim) -> (String, String, i32) {
    let (a, joining) = start(sim);
    sim.pass(0);
    let alone: JoinGroupResponse = sim.take::<JoinGroupRequest>(joining);
    assert_eq!((alone.error_code, alone.generation_id), (0, 1));
    assert_eq!(alone.leader, alone.member_id);
    assert_eq!(alone.members.len(), 1);
    let synced = sim.call::<SyncGroupRequest>(1, 3, &sync(&a, 1, &[(&a, "all")]));
    assert_eq!(&synced.assignment[..], b"all");
    let (b, joining_b) = start(sim);
    assert!(sim.is_pending(joining_b));
    assert_eq!(heartbeat(sim, &a, 1), E::RebalanceInProgress.code());
    let again = sim.call::<JoinGroupRequest>(1, 5, &join(&a));
    let second = sim.take::<JoinGroupRequest>(joining_b);
    assert_eq!((again.generation_id, second.generation_id), (2, 2));
    assert_eq!((again.members.len(), second.members.len()), (2, 0));
    assert_eq!(second.leader.as_str(), a);
    let waiting = sim.send(1, 3, &sync(&b, 2, &[]));
    assert!(sim.is_pending(waiting), "until the leader has decided");
    assert_eq!(state(sim), "CompletingRebalance");
    sim.call::<SyncGroupRequest>(1, 3, &sync(&a, 2, &[(&a, "1"), (&b, "2")]));
    assert_eq!(&sim.take::<SyncGroupRequest>(waiting).assignment[..], b"2");
    assert_eq!(state(sim), "Stable");
    (a, b, 2)
}

#[test]
fn two_members_share() {
    let mut sim = Sim::new(1);
    let (a, b, generation) = two_members(&mut sim);
    for member in [&a, &b] {
        assert_eq!(heartbeat(&mut sim, member, generation), 0);
    }
    assert_eq!(heartbeat(&mut sim, &a, 1), E::IllegalGeneration.code());
    assert_eq!(heartbeat(&mut sim, "x", 2), E::UnknownMemberId.code());
    let leave = LeaveGroupRequest::default()
        .with_group_id(group())
        .with_members(vec![MemberIdentity::default().with_member_id(text(&a))]);
    let left = sim.call::<LeaveGroupRequest>(1, 4, &leave);
    assert_eq!(left.members[0].error_code, 0);
    assert_eq!(heartbeat(&mut sim, &b, 2), E::RebalanceInProgress.code());
    let rejoined = sim.call::<JoinGroupRequest>(1, 5, &join(&b));
    assert_eq!(
        (rejoined.generation_id, rejoined.leader.as_str()),
        (3, b.as_str())
    );
}

#[test]
fn who_is_not_heard_of_is_out() {
    let mut sim = Sim::new(1);
    let (a, b, _) = two_members(&mut sim);
    for _ in 0..4 {
        sim.pass(3_000);
        let code = heartbeat(&mut sim, &a, 2);
        assert!(code == 0 || code == E::RebalanceInProgress.code());
    }
    assert_eq!(state(&mut sim), "PreparingRebalance");
    assert_eq!(heartbeat(&mut sim, &b, 2), E::UnknownMemberId.code());
    let alone = sim.call::<JoinGroupRequest>(1, 5, &join(&a));
    assert_eq!((alone.generation_id, alone.members.len()), (3, 1));
    sim.pass(60_000);
    assert_eq!(state(&mut sim), "Empty");
}

#[test]
fn a_rebalance_waits_for_members_but_not_for_ever() {
    let mut sim = Sim::new(1);
    let (a, b, _) = two_members(&mut sim);
    let (c, joining) = start(&mut sim);
    for _ in 0..3 {
        sim.pass(9_000);
        assert_eq!(heartbeat(&mut sim, &b, 2), E::RebalanceInProgress.code());
        assert_eq!(heartbeat(&mut sim, &a, 2), E::RebalanceInProgress.code());
    }
    assert!(sim.is_pending(joining));
    sim.pass(3_000);
    let response = sim.take::<JoinGroupRequest>(joining);
    assert_eq!(
        (response.generation_id, response.leader.as_str()),
        (3, c.as_str())
    );
    assert_eq!(response.members.len(), 1, "the others did not join in time");
}

#[test]
fn members_that_do_not_sync_are_out() {
    let mut sim = Sim::new(1);
    let (a, b, _) = two_members(&mut sim);
    let waiting = sim.send(1, 5, &join(&a));
    let second = sim.call::<JoinGroupRequest>(1, 5, &join(&b));
    assert_eq!(
        (
            sim.take::<JoinGroupRequest>(waiting).generation_id,
            second.generation_id
        ),
        (3, 3)
    );
    let syncing = sim.send(1, 3, &sync(&b, 3, &[]));
    for _ in 0..4 {
        sim.pass(7_500);
        // The leader lives, but does not sync.
        heartbeat(&mut sim, &a, 3);
    }
    assert_eq!(
        sim.take::<SyncGroupRequest>(syncing).error_code,
        E::RebalanceInProgress.code()
    );
    assert_eq!(heartbeat(&mut sim, &a, 3), E::UnknownMemberId.code());
    let alone = sim.call::<JoinGroupRequest>(1, 5, &join(&b));
    assert_eq!(
        (alone.generation_id, alone.leader.as_str()),
        (4, b.as_str())
    );
}

#[test]
fn the_first_rebalance_is_delayed_while_members_come() {
    let mut sim = Sim::new(1);
    sim.state.defaults.initial_rebalance_delay_ms = 3000;
    let (_, first) = start(&mut sim);
    sim.pass(2_000);
    let (_, second) = start(&mut sim);
    sim.pass(1_500);
    assert!(sim.is_pending(first), "somebody came, so a while longer");
    sim.pass(2_500);
    assert_eq!(sim.take::<JoinGroupRequest>(first).generation_id, 1);
    assert_eq!(sim.take::<JoinGroupRequest>(second).generation_id, 1);
}

#[test]
fn with_an_initial_delay_a_rejoin_takes_longer_than_a_poll() {
    let mut sim = Sim::new(1);
    sim.state.defaults.initial_rebalance_delay_ms = 3000;
    let (_, first) = start(&mut sim);
    sim.pass(3_500);
    let joined = sim.take::<JoinGroupRequest>(first);
    let member = joined.member_id.as_str();
    sim.call::<SyncGroupRequest>(1, 3, &sync(member, 1, &[(member, "all")]));
    let again = sim.send(1, 5, &join(member));
    sim.pass(1_400);
    assert!(sim.is_pending(again));
    sim.pass(200);
    assert_eq!(sim.take::<JoinGroupRequest>(again).generation_id, 2);
    sim.state.defaults.initial_rebalance_delay_ms = 0;
    sim.call::<SyncGroupRequest>(1, 3, &sync(member, 2, &[(member, "all")]));
    let again = sim.send(1, 5, &join(member));
    assert_eq!(sim.take::<JoinGroupRequest>(again).generation_id, 3);
}

#[test]
fn protocols_must_have_something_in_common() {
    let mut sim = Sim::new(1);
    two_members(&mut sim);
    let mut other = join("");
    other.protocols[0].name = text("sticky");
    let refused = sim.call::<JoinGroupRequest>(1, 5, &other);
    assert_eq!(refused.error_code, E::InconsistentGroupProtocol.code());
    let other = join("").with_protocol_type(text("connect"));
    let refused = sim.call::<JoinGroupRequest>(1, 5, &other);
    assert_eq!(refused.error_code, E::InconsistentGroupProtocol.code());
}

#[test]
fn most_wanted_protocol_wins() {
    let mut sim = Sim::new(1);
    let with = |names: &[&str]| {
        let protocols = names
            .iter()
            .map(|n| JoinGroupRequestProtocol::default().with_name(text(n)));
        join("").with_protocols(protocols.collect())
    };
    sim.state.defaults.initial_rebalance_delay_ms = 100;
    let all: Vec<_> = [["a", "b"], ["b", "a"], ["b", "c"]]
        .iter()
        .map(|names| sim.send(1, 3, &with(names)))
        .collect();
    sim.pass(1000);
    for pending in all {
        let response = sim.take::<JoinGroupRequest>(pending);
        assert_eq!(response.protocol_name.as_deref(), Some("b"));
    }
}

#[test]
fn static_members_come_back_without_a_rebalance() {
    let mut sim = Sim::new(1);
    let fixed = |member: &str| join(member).with_group_instance_id(Some(text("i1")));
    let pending = sim.send(1, 5, &fixed(""));
    sim.pass(0);
    let a = sim.take::<JoinGroupRequest>(pending);
    let old = a.member_id.to_string();
    let mut request = sync(&old, 1, &[(&old, "all")]);
    request.group_instance_id = Some(text("i1"));
    sim.call::<SyncGroupRequest>(1, 3, &request);
    let back = sim.call::<JoinGroupRequest>(1, 5, &fixed(""));
    assert_eq!((back.error_code, back.generation_id), (0, 1));
    assert_ne!(back.member_id.as_str(), old);
    let new = back.member_id.to_string();
    request.member_id = text(&new);
    assert_eq!(
        &sim.call::<SyncGroupRequest>(1, 3, &request).assignment[..],
        b"all"
    );
    let beat = |id: &str| {
        HeartbeatRequest::default()
            .with_group_id(group())
            .with_member_id(text(id))
            .with_group_instance_id(Some(text("i1")))
            .with_generation_id(1)
    };
    let fenced = sim.call::<HeartbeatRequest>(1, 3, &beat(&old)).error_code;
    assert_eq!(fenced, E::FencedInstanceId.code());
    assert_eq!(
        sim.call::<HeartbeatRequest>(1, 3, &beat(&new)).error_code,
        0
    );
}

fn commit(sim: &mut Sim, member: &str, generation: i32, partition: i32, offset: i64) -> i16 {
    let request = OffsetCommitRequest::default()
        .with_group_id(group())
        .with_member_id(text(member))
        .with_generation_id_or_member_epoch(generation)
        .with_topics(vec![
            OffsetCommitRequestTopic::default()
                .with_name(topic("t"))
                .with_partitions(vec![
                    OffsetCommitRequestPartition::default()
                        .with_partition_index(partition)
                        .with_committed_offset(offset)
                        .with_committed_leader_epoch(4)
                        .with_committed_metadata(Some(text("note"))),
                ]),
        ]);
    let response = sim.call::<OffsetCommitRequest>(1, 7, &request);
    response.topics[0].partitions[0].error_code
}

fn committed(sim: &mut Sim) -> Vec<(i32, i64, String)> {
    let request = OffsetFetchRequest::default()
        .with_group_id(group())
        .with_topics(Some(vec![
            OffsetFetchRequestTopic::default()
                .with_name(topic("t"))
                .with_partition_indexes(vec![0, 1]),
        ]));
    let response = sim.call::<OffsetFetchRequest>(1, 7, &request);
    let partitions = response.topics[0].partitions.iter();
    partitions
        .map(|p| {
            assert_eq!(p.error_code, 0);
            let metadata = p.metadata.as_deref().unwrap_or("").to_owned();
            (p.partition_index, p.committed_offset, metadata)
        })
        .collect()
}

#[test]
fn commits_are_for_members_or_for_empty_groups() {
    let mut sim = Sim::new(1);
    sim.create("t", 2);
    assert_eq!(commit(&mut sim, "m", 3, 0, 5), E::IllegalGeneration.code());
    assert_eq!(commit(&mut sim, "", -1, 0, 5), 0);
    assert_eq!(
        commit(&mut sim, "", -1, 7, 5),
        E::UnknownTopicOrPartition.code()
    );
    let note = "note".to_owned();
    assert_eq!(
        committed(&mut sim),
        [(0, 5, note.clone()), (1, -1, String::new())]
    );
    let (a, _, generation) = two_members(&mut sim);
    assert_eq!(commit(&mut sim, "", -1, 0, 6), E::UnknownMemberId.code());
    assert_eq!(
        commit(&mut sim, "x", generation, 0, 6),
        E::UnknownMemberId.code()
    );
    assert_eq!(commit(&mut sim, &a, 1, 0, 6), E::IllegalGeneration.code());
    assert_eq!(commit(&mut sim, &a, generation, 1, 6), 0);
    let (_, joining) = start(&mut sim);
    assert_eq!(
        commit(&mut sim, &a, generation, 0, 7),
        0,
        "while others are joining"
    );
    assert!(sim.is_pending(joining));
    assert_eq!(committed(&mut sim), [(0, 7, note.clone()), (1, 6, note)]);
}

/// Offset, epoch and metadata come back as they were given, as far as a version has them.
#[test]
fn commits_are_kept_as_given() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    let mut commit = |version: i16, epoch: i32, metadata: Option<&str>| {
        let p = OffsetCommitRequestPartition::default()
            .with_committed_offset(3)
            .with_committed_leader_epoch(epoch)
            .with_committed_metadata(metadata.map(text));
        let t = OffsetCommitRequestTopic::default().with_name(topic("t"));
        let request = OffsetCommitRequest::default()
            .with_group_id(group())
            .with_generation_id_or_member_epoch(-1)
            .with_topics(vec![t.with_partitions(vec![p])]);
        let response = sim.call::<OffsetCommitRequest>(1, version, &request);
        assert_eq!(response.topics[0].partitions[0].error_code, 0);
        let all: Vec<_> = (1..=9).map(|v| fetched(&mut sim, v)).collect();
        all
    };
    // The response has an epoch from version 5 on, the request from version 6.
    let kept = |epoch, metadata: &str| {
        let at = |v| (3, if v >= 5 { epoch } else { -1 }, metadata.to_owned());
        (1..=9).map(at).collect::<Vec<_>>()
    };
    assert_eq!(commit(9, 4, Some("one")), kept(4, "one"));
    assert_eq!(commit(6, 0, Some("")), kept(0, ""));
    assert_eq!(commit(7, -1, None), kept(-1, ""));
    assert_eq!(commit(5, -1, Some("two")), kept(-1, "two"));
}

fn fetched(sim: &mut Sim, version: i16) -> (i64, i32, String) {
    let text = |m: Option<StrBytes>| m.as_deref().unwrap_or("none").to_owned();
    if version >= 8 {
        let asked = OffsetFetchRequestGroup::default().with_group_id(group());
        let request = OffsetFetchRequest::default().with_groups(vec![asked.with_topics(None)]);
        let response = sim.call::<OffsetFetchRequest>(1, version, &request);
        let p = &response.groups[0].topics[0].partitions[0];
        return (
            p.committed_offset,
            p.committed_leader_epoch,
            text(p.metadata.clone()),
        );
    }
    let t = OffsetFetchRequestTopic::default().with_name(topic("t"));
    let request = OffsetFetchRequest::default()
        .with_group_id(group())
        .with_topics(Some(vec![t.with_partition_indexes(vec![0])]));
    let response = sim.call::<OffsetFetchRequest>(1, version, &request);
    let p = &response.topics[0].partitions[0];
    (
        p.committed_offset,
        p.committed_leader_epoch,
        text(p.metadata.clone()),
    )
}

/// Many members with a will of their own; after every step the group's invariants hold
/// (the harness checks them), and once all is calm all are in one generation.
#[test]
fn random_members() {
    for seed in 0..200 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut sim = Sim::new(1);
        let mut members: Vec<(String, i32)> = Vec::new();
        let mut pending: Vec<Pending> = Vec::new();
        for _ in 0..60 {
            match rng.u8(..7) {
                0 => {
                    let (id, p) = start(&mut sim);
                    members.push((id, 0));
                    pending.push(p);
                }
                1 | 2 if !members.is_empty() => {
                    let (id, _) = &members[rng.usize(..members.len())];
                    pending.push(sim.send(1, 5, &join(id)));
                }
                3 if !members.is_empty() => {
                    let (id, _) = &members[rng.usize(..members.len())];
                    let generation = rng.i32(..8);
                    sim.send(1, 3, &sync(id, generation, &[]));
                }
                4 if !members.is_empty() => {
                    let (id, _) = members.swap_remove(rng.usize(..members.len()));
                    let leave = LeaveGroupRequest::default()
                        .with_group_id(group())
                        .with_member_id(text(&id));
                    sim.send(1, 2, &leave);
                }
                _ => sim.pass(rng.u64(..8_000)),
            }
        }
        sim.pass(600_000);
        for p in pending {
            assert!(!sim.is_pending(p), "seed {seed}: a join was never answered");
        }
        let left = sim.state.groups.get("g").is_some_and(|g| !g.is_empty());
        assert!(!left, "seed {seed}: members that nobody hears of");
    }
}
