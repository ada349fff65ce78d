//! Members of share groups: joining, assignments, epochs, and what is told of groups.

use super::{Sim, text, topic};
use crate::mock::command::{Change, CommandError, ShareChange};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::{
    DeleteGroupsRequest, GroupId, ListGroupsRequest, ShareGroupDescribeRequest,
    ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse,
};

fn beat(member: &str, epoch: i32, topics: Option<&[&str]>) -> ShareGroupHeartbeatRequest {
    ShareGroupHeartbeatRequest::default()
        .with_group_id(GroupId(text("g")))
        .with_member_id(text(member))
        .with_member_epoch(epoch)
        .with_rack_id(None)
        .with_subscribed_topic_names(topics.map(|t| t.iter().map(|t| topic(t)).collect()))
}

/// Sends a heartbeat: code, epoch, and the partitions of the assignment if there is one.
fn call(sim: &mut Sim, beat: &ShareGroupHeartbeatRequest) -> (i16, i32, Option<Vec<i32>>) {
    let r: ShareGroupHeartbeatResponse = sim.call(1, 1, beat);
    let partitions = |a: &kafka_protocol::messages::share_group_heartbeat_response::Assignment| {
        let topics = a.topic_partitions.iter();
        topics.flat_map(|t| t.partitions.iter().copied()).collect()
    };
    (
        r.error_code,
        r.member_epoch,
        r.assignment.as_ref().map(partitions),
    )
}

#[test]
fn members_share_what_there_is() {
    let mut sim = Sim::new(1);
    sim.create("t", 4);
    let (code, first, all) = call(&mut sim, &beat("a", 0, Some(&["t"])));
    assert_eq!((code, all), (0, Some(vec![0, 1, 2, 3])));
    assert_eq!(call(&mut sim, &beat("a", first, None)), (0, first, None));
    let (code, second, half) = call(&mut sim, &beat("b", 0, Some(&["t"])));
    assert_eq!((code, half), (0, Some(vec![2, 3])));
    assert!(second > first);
    let (_, epoch, half) = call(&mut sim, &beat("a", first, None));
    assert_eq!((epoch, half), (second, Some(vec![0, 1])));
    // The answer was lost: the epoch before is as good.
    assert_eq!(call(&mut sim, &beat("a", first, None)), (0, second, None));
    let fenced = E::FencedMemberEpoch.code();
    assert_eq!(call(&mut sim, &beat("a", second + 1, None)).0, fenced);
    assert_eq!(call(&mut sim, &beat("b", -1, None)), (0, -1, None));
    let (_, third, all) = call(&mut sim, &beat("a", second, None));
    assert_eq!(all, Some(vec![0, 1, 2, 3]));
    assert!(third > second);
    assert_eq!(call(&mut sim, &beat("a", first, None)).0, fenced);
    let unknown = E::UnknownMemberId.code();
    assert_eq!(call(&mut sim, &beat("b", second, None)).0, unknown);
}

#[test]
fn there_can_be_more_members_than_partitions() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    for member in ["a", "b", "c"] {
        let (_, _, own) = call(&mut sim, &beat(member, 0, Some(&["t"])));
        assert_eq!(own, Some(vec![0]));
    }
}

#[test]
fn topics_that_come_and_grow_are_assigned() {
    let mut sim = Sim::new(1);
    let (_, first, none) = call(&mut sim, &beat("a", 0, Some(&["t", "u"])));
    assert_eq!(none, Some(vec![]));
    sim.create("t", 1);
    let (_, second, own) = call(&mut sim, &beat("a", first, None));
    assert_eq!(own, Some(vec![0]));
    sim.state.add_partitions("t", 3, &[]);
    let (_, third, own) = call(&mut sim, &beat("a", second, None));
    assert_eq!(own, Some(vec![0, 1, 2]));
    sim.state.delete_topic(sim.now, "t").unwrap();
    let (_, _, own) = call(&mut sim, &beat("a", third, None));
    assert_eq!(own, Some(vec![]));
}

#[test]
fn the_silent_are_out_and_a_full_group_takes_nobody() {
    let mut sim = Sim::new(1);
    sim.create("t", 2);
    let limit = Change::Share(ShareChange::MaxSize(2));
    sim.state.apply(sim.now, limit).unwrap();
    let (_, a, _) = call(&mut sim, &beat("a", 0, Some(&["t"])));
    call(&mut sim, &beat("b", 0, Some(&["t"])));
    let (code, ..) = call(&mut sim, &beat("c", 0, Some(&["t"])));
    assert_eq!(code, E::GroupMaxSizeReached.code());
    sim.pass(30_000);
    let (_, epoch, own) = call(&mut sim, &beat("a", a, None));
    assert_eq!(own, Some(vec![0]));
    sim.pass(16_000);
    let (code, _, own) = call(&mut sim, &beat("a", epoch, None));
    assert_eq!((code, own), (0, Some(vec![0, 1])));
    assert_eq!(sim.state.share_members("g"), Some(vec!["a".to_owned()]));
    assert_eq!(call(&mut sim, &beat("c", 0, Some(&["t"]))).0, 0);
}

#[test]
fn what_is_malformed_is_refused() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    let invalid = E::InvalidRequest.code();
    let good = beat("a", 0, Some(&["t"]));
    for bad in [
        beat("a", 0, None),
        beat("a", 0, Some(&[])),
        beat("", 0, Some(&["t"])),
        beat("a", -2, Some(&["t"])),
        good.clone().with_rack_id(Some(text(""))),
        good.clone().with_group_id(GroupId(text(""))),
    ] {
        assert_eq!(call(&mut sim, &bad).0, invalid, "{bad:?}");
    }
    let unknown = E::GroupIdNotFound.code();
    assert_eq!(call(&mut sim, &beat("a", 5, None)).0, unknown);
    assert_eq!(call(&mut sim, &beat("a", -1, None)).0, unknown);
}

#[test]
fn an_assignment_can_be_set() {
    let mut sim = Sim::new(1);
    sim.create("t", 3);
    let target = |members: &[(&str, &[i32])]| {
        let named = |&(id, partitions): &(&str, &[i32])| {
            let of_t = partitions.iter().map(|&p| ("t".to_owned(), p));
            (id.to_owned(), of_t.collect())
        };
        Change::Share(ShareChange::Target {
            group: "g".to_owned(),
            members: members.iter().map(named).collect(),
        })
    };
    let nobody = sim.state.apply(sim.now, target(&[("a", &[0])]));
    assert_eq!(nobody, Err(CommandError::UnknownGroup));
    let (_, a, _) = call(&mut sim, &beat("a", 0, Some(&["t"])));
    let (_, b, _) = call(&mut sim, &beat("b", 0, Some(&["t"])));
    let change = target(&[("a", &[1]), ("b", &[1, 2]), ("nobody", &[0])]);
    sim.state.apply(sim.now, change).unwrap();
    let (_, a, own) = call(&mut sim, &beat("a", a, None));
    assert_eq!(own, Some(vec![1]));
    assert_eq!(call(&mut sim, &beat("b", b, None)).2, Some(vec![1, 2]));
    sim.state.apply(sim.now, target(&[])).unwrap();
    assert_eq!(call(&mut sim, &beat("a", a, None)).2, Some(vec![0, 1]));
}

#[test]
fn groups_are_described_listed_and_deleted() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    let (_, epoch, _) = call(&mut sim, &beat("a", 0, Some(&["t"])));
    let describe = ShareGroupDescribeRequest::default()
        .with_group_ids(vec![GroupId(text("g")), GroupId(text("no"))]);
    let described = sim.call(1, 1, &describe).groups;
    assert_eq!(described[0].group_state.as_str(), "Stable");
    assert_eq!(described[0].group_epoch, epoch);
    let member = &described[0].members[0];
    assert_eq!(
        (member.member_id.as_str(), member.member_epoch),
        ("a", epoch)
    );
    assert_eq!(member.subscribed_topic_names, [topic("t")]);
    let assigned = &member.assignment.topic_partitions[0];
    assert_eq!(
        (assigned.topic_name.as_str(), &assigned.partitions[..]),
        ("t", &[0][..])
    );
    assert_eq!(described[1].error_code, E::GroupIdNotFound.code());

    let list = |types: &[&str]| {
        ListGroupsRequest::default().with_types_filter(types.iter().map(|t| text(t)).collect())
    };
    let listed = sim.call(1, 5, &list(&["share"])).groups;
    assert_eq!(
        (listed[0].group_id.as_str(), listed[0].group_type.as_str()),
        ("g", "share")
    );
    assert!(sim.call(1, 5, &list(&["classic"])).groups.is_empty());

    let delete = DeleteGroupsRequest::default().with_groups_names(vec![GroupId(text("g"))]);
    let code = sim.call(1, 2, &delete).results[0].error_code;
    assert_eq!(code, E::NonEmptyGroup.code());
    call(&mut sim, &beat("a", -1, None));
    assert_eq!(sim.call(1, 2, &delete).results[0].error_code, 0);
    assert!(sim.call(1, 5, &list(&[])).groups.is_empty());
}
