use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::{
    ApiKey, HeartbeatResponse, JoinGroupResponse, OffsetCommitResponse, RequestKind, ResponseKind,
    SyncGroupResponse,
};

use super::*;
use crate::group::membership::TopicView;
use crate::group::testing::{Harness, classic_group, classic_settings};
use crate::group::wire::{Subscription, encode_assignment, encode_subscription};
use crate::group::{Action, RebalanceKind};
use crate::group::{Commit, CommitDone, Event, Offset};
use crate::protocol::strings::text;

fn p(partition: i32) -> TopicPartition {
    TopicPartition::new(&"t".into(), partition)
}

fn view() -> Arc<View> {
    let topic = TopicView {
        id: Uuid::nil(),
        code: ErrorCode::NO_ERROR,
        partitions: vec![Default::default(); 2],
    };
    Arc::new(View::from([("t".into(), topic)]))
}

fn interest() -> Interest {
    Interest {
        topics: vec!["t".into()],
        patterns: Vec::new(),
    }
}

/// A group whose coordinator is up, subscribed to `t`, and about to join.
fn harness(instance: Option<&str>, assignor: Assignor) -> Harness {
    harness_with(instance, classic_settings(&[assignor]))
}

fn harness_with(instance: Option<&str>, member: ClassicSettings) -> Harness {
    let mut settings = Settings::new("g");
    settings.group_instance_id = instance.map(Arc::from);
    let mut harness = Harness::new(settings.clone());
    harness.group = classic_group(harness.now, settings, member);
    harness.event(Event::Metadata(view()));
    harness.event(Event::Subscribe(Some(interest())));
    harness.find_coordinator(1);
    harness
}

fn static_harness() -> Harness {
    harness(Some("i"), Assignor::Range)
}

fn version_of(api: ApiKey) -> i16 {
    match api {
        ApiKey::JoinGroup | ApiKey::OffsetCommit => 9,
        ApiKey::SyncGroup | ApiKey::LeaveGroup => 5,
        _ => 4,
    }
}

/// What was sent to the coordinator, and the other actions.
fn split(harness: &mut Harness) -> (Vec<(Token, RequestKind)>, Vec<Action>) {
    let mut requests = Vec::new();
    let mut others = Vec::new();
    for action in harness.take() {
        match action {
            Action::SendToCoordinator(_, out) => {
                requests.push((out.token, (out.build)(version_of(out.api))));
            }
            other => others.push(other),
        }
    }
    (requests, others)
}

/// The only request to the coordinator; whatever else there is to do is left out.
fn request(harness: &mut Harness) -> (Token, RequestKind) {
    let (mut requests, _) = split(harness);
    assert_eq!(requests.len(), 1, "{requests:?}");
    requests.remove(0)
}

fn join_answer(member: &str, leader: &str, generation: i32, assignor: Assignor) -> ResponseKind {
    ResponseKind::JoinGroup(
        JoinGroupResponse::default()
            .with_generation_id(generation)
            .with_protocol_name(Some(text(assignor.name())))
            .with_leader(text(leader))
            .with_member_id(text(member)),
    )
}

fn join_error(code: ErrorCode) -> ResponseKind {
    ResponseKind::JoinGroup(JoinGroupResponse::default().with_error_code(code.0 as i16))
}

fn sync_answer(code: ErrorCode, partitions: &[TopicPartition]) -> ResponseKind {
    ResponseKind::SyncGroup(
        SyncGroupResponse::default()
            .with_error_code(code.0 as i16)
            .with_assignment(encode_assignment(partitions)),
    )
}

fn beat_answer(code: ErrorCode) -> ResponseKind {
    ResponseKind::Heartbeat(HeartbeatResponse::default().with_error_code(code.0 as i16))
}

/// Joins as `m` of generation 3 behind another leader and takes both partitions.
fn settle(harness: &mut Harness) {
    let (token, join) = request(harness);
    let RequestKind::JoinGroup(join) = join else {
        panic!("{join:?}");
    };
    let assignor = Assignor::from_name(&join.protocols[0].name).unwrap();
    harness.answer(token, join_answer("m", "other", 3, assignor));
    let (token, sync) = request(harness);
    assert!(matches!(sync, RequestKind::SyncGroup(_)), "{sync:?}");
    harness.answer(token, sync_answer(ErrorCode::NO_ERROR, &[p(0), p(1)]));
    let (requests, actions) = split(harness);
    assert!(requests.is_empty());
    assert!(matches!(&actions[..],
        [Action::Rebalance(r)] if r.kind == RebalanceKind::Assign && r.partitions.len() == 2));
    harness.event(Event::Assigned);
    assert!(harness.group.membership().is_steady());
    // Taking it may have taken long: how the group is, is asked at once.
    let (token, beat) = request(harness);
    assert!(matches!(beat, RequestKind::Heartbeat(_)), "{beat:?}");
    harness.answer(token, beat_answer(ErrorCode::NO_ERROR));
}

/// Goes on until the next heartbeat is out.
fn heartbeat(harness: &mut Harness) -> Token {
    for _ in 0..10 {
        harness.pass();
        let (requests, _) = split(harness);
        for (token, request) in requests {
            if let RequestKind::Heartbeat(_) = request {
                return token;
            }
        }
    }
    panic!("no heartbeat");
}

/// Everything is taken back because it was lost, and the application gives it up.
fn expect_lost(harness: &mut Harness, fatal: Option<ErrorCode>) {
    let (requests, actions) = split(harness);
    assert!(requests.is_empty(), "{requests:?}");
    let told = actions.iter().find_map(|action| match action {
        Action::Fatal(code, text) => Some((*code, text.clone())),
        _ => None,
    });
    assert_eq!(told.as_ref().map(|told| told.0), fatal);
    if let Some((code, text)) = told {
        assert_eq!(text, format!("Fatal consumer error: {code}"));
    }
    assert!(actions.iter().any(|action| matches!(action,
        Action::Rebalance(r) if r.kind == RebalanceKind::Revoke { lost: true })));
    assert!(harness.group.membership().is_lost());
    harness.event(Event::Unassigned);
}

fn never_joins_again(harness: &mut Harness) {
    harness.event(Event::Polled);
    harness.event(Event::Subscribe(Some(interest())));
    let (requests, actions) = split(harness);
    assert!(
        requests.is_empty() && actions.is_empty(),
        "{requests:?} {actions:?}"
    );
    harness.event(Event::Close);
    let (requests, actions) = split(harness);
    assert!(requests.is_empty() && matches!(&actions[..], [Action::Closed]));
}

#[test]
fn a_static_member_says_so_in_every_request() {
    let mut harness = static_harness();
    let instance = Some(text("i"));
    let (token, join) = request(&mut harness);
    let RequestKind::JoinGroup(join) = join else {
        panic!("{join:?}");
    };
    assert_eq!(join.group_instance_id, instance);
    harness.answer(token, join_answer("m", "other", 3, Assignor::Range));
    let (token, sync) = request(&mut harness);
    let RequestKind::SyncGroup(sync) = sync else {
        panic!("{sync:?}");
    };
    assert_eq!(sync.group_instance_id, instance);
    harness.answer(token, sync_answer(ErrorCode::NO_ERROR, &[p(0)]));
    harness.take();
    harness.event(Event::Assigned);
    let (_, beat) = request(&mut harness);
    let RequestKind::Heartbeat(beat) = beat else {
        panic!("{beat:?}");
    };
    assert_eq!(
        (beat.group_instance_id, beat.generation_id),
        (instance.clone(), 3)
    );
    harness.event(commit(1));
    let (_, commit) = request(&mut harness);
    let RequestKind::OffsetCommit(commit) = commit else {
        panic!("{commit:?}");
    };
    assert_eq!(commit.group_instance_id, instance);
}

fn commit(id: u64) -> Event {
    Event::Commit(Commit {
        id,
        offsets: vec![Offset {
            topic: "t".into(),
            partition: 0,
            offset: 7,
            leader_epoch: -1,
            metadata: None,
        }],
        automatic: false,
    })
}

/// Revokes what a member has, as unsubscribing and closing do.
fn expect_revoked(harness: &mut Harness) {
    let (requests, actions) = split(harness);
    assert!(requests.is_empty(), "{requests:?}");
    assert!(matches!(&actions[..],
        [Action::Rebalance(r)] if r.kind == RebalanceKind::Revoke { lost: false }));
    harness.event(Event::Unassigned);
}

#[test]
fn a_static_member_that_closes_keeps_its_place() {
    let mut harness = static_harness();
    settle(&mut harness);
    harness.event(Event::Close);
    expect_revoked(&mut harness);
    let (requests, actions) = split(&mut harness);
    assert!(requests.is_empty(), "{requests:?}");
    assert!(matches!(&actions[..], [Action::Closed]));
}

#[test]
fn a_dynamic_member_that_closes_leaves() {
    let mut harness = harness(None, Assignor::Range);
    settle(&mut harness);
    harness.event(Event::Close);
    expect_revoked(&mut harness);
    let (_, leave) = request(&mut harness);
    assert!(matches!(leave, RequestKind::LeaveGroup(l) if l.members[0].member_id == text("m")));
}

/// The Fetch on the other connection may take its time.
#[test]
fn only_a_join_that_is_unanswered_sends_leaving_another_way() {
    for joining in [false, true] {
        let mut harness = harness(None, Assignor::Range);
        settle(&mut harness);
        if joining {
            let token = heartbeat(&mut harness);
            harness.answer(token, beat_answer(ErrorCode::REBALANCE_IN_PROGRESS));
            expect_revoked(&mut harness);
            assert!(matches!(request(&mut harness).1, RequestKind::JoinGroup(_)));
        }
        harness.event(Event::Close);
        if !joining {
            expect_revoked(&mut harness);
        }
        let aside: Vec<_> = harness
            .take()
            .into_iter()
            .filter_map(|action| match action {
                Action::SendToCoordinator(_, out) if out.api == ApiKey::LeaveGroup => {
                    Some(out.aside)
                }
                _ => None,
            })
            .collect();
        assert_eq!(aside, [joining]);
    }
}

#[test]
fn a_static_member_that_unsubscribes_leaves() {
    let mut harness = static_harness();
    settle(&mut harness);
    harness.event(Event::Subscribe(None));
    expect_revoked(&mut harness);
    let (_, leave) = request(&mut harness);
    let RequestKind::LeaveGroup(leave) = leave else {
        panic!("{leave:?}");
    };
    assert_eq!(leave.members[0].group_instance_id, Some(text("i")));
    assert_eq!(leave.members[0].member_id, text("m"));
}

#[test]
fn a_static_member_that_does_not_poll_loses_its_partitions_but_not_its_place() {
    for (instance, leaves) in [(Some("i"), 0), (None, 1)] {
        let mut harness = harness(instance, Assignor::Range);
        settle(&mut harness);
        let polled = harness.now;
        harness.group.set_polled(polled);
        let limit = classic_settings(&[]).max_poll_interval;
        let (requests, actions) = loop {
            harness.pass();
            let (requests, actions) = split(&mut harness);
            match requests.first() {
                Some((token, RequestKind::Heartbeat(_))) => {
                    let token = *token;
                    harness.answer(token, beat_answer(ErrorCode::NO_ERROR));
                }
                _ => break (requests, actions),
            }
        };
        assert_eq!(harness.now, polled + limit + POLL_GRACE);
        assert!(
            matches!(&actions[..], [
            Action::Rebalance(r),
            Action::Error(ErrorCode::_MAX_POLL_EXCEEDED, _),
        ] if r.kind == RebalanceKind::Revoke { lost: true }),
            "{actions:?}"
        );
        let left = |r: &&(Token, RequestKind)| matches!(r.1, RequestKind::LeaveGroup(_));
        assert_eq!(requests.iter().filter(left).count(), leaves);
        harness.event(Event::Unassigned);
        assert!(split(&mut harness).0.is_empty());
        // It is a member again when it polls; a static one under its old id.
        harness.event(Event::Polled);
        let (_, join) = request(&mut harness);
        let id = if instance.is_some() { "m" } else { "" };
        assert!(matches!(join, RequestKind::JoinGroup(j) if j.member_id == text(id)));
    }
}

#[test]
fn fencing_is_fatal_wherever_it_shows() {
    let fenced = ErrorCode::FENCED_INSTANCE_ID;
    // When joining: there is nothing to lose yet.
    let mut harness = static_harness();
    let (token, _) = request(&mut harness);
    harness.answer(token, join_error(fenced));
    let (requests, actions) = split(&mut harness);
    assert!(requests.is_empty());
    assert!(matches!(&actions[..], [Action::Fatal(code, _)] if *code == fenced));
    never_joins_again(&mut harness);
    // In SyncGroup.
    let mut harness = static_harness();
    let (token, _) = request(&mut harness);
    harness.answer(token, join_answer("m", "other", 3, Assignor::Range));
    let (token, _) = request(&mut harness);
    harness.answer(token, sync_answer(fenced, &[]));
    assert!(matches!(&split(&mut harness).1[..], [Action::Fatal(code, _)] if *code == fenced));
    never_joins_again(&mut harness);
    // In a heartbeat: what it has is another instance's.
    for assignor in [Assignor::Range, Assignor::CooperativeSticky] {
        let mut harness = self::harness(Some("i"), assignor);
        settle(&mut harness);
        let token = heartbeat(&mut harness);
        harness.answer(token, beat_answer(fenced));
        expect_lost(&mut harness, Some(fenced));
        never_joins_again(&mut harness);
    }
    // In a commit.
    let mut harness = static_harness();
    settle(&mut harness);
    harness.event(commit(1));
    let (token, _) = request(&mut harness);
    harness.answer(token, commit_answer(fenced));
    expect_lost(&mut harness, Some(fenced));
    never_joins_again(&mut harness);
}

fn commit_answer(code: ErrorCode) -> ResponseKind {
    let partition = OffsetCommitResponsePartition::default()
        .with_partition_index(0)
        .with_error_code(code.0 as i16);
    let topic = OffsetCommitResponseTopic::default()
        .with_name(text("t").into())
        .with_partitions(vec![partition]);
    ResponseKind::OffsetCommit(OffsetCommitResponse::default().with_topics(vec![topic]))
}

#[test]
fn a_static_leader_that_comes_back_need_not_assign() {
    // Kafka answers a static member that rejoins within its session at once, with the
    // generation as it is, and tells a leader to leave the assignment alone (KIP-814).
    let mut harness = static_harness();
    let (token, join) = request(&mut harness);
    assert!(matches!(join, RequestKind::JoinGroup(j) if j.member_id.is_empty()));
    let subscription = Subscription {
        topics: vec!["t".into()],
        ..Subscription::default()
    };
    let metadata = encode_subscription(Assignor::Range, &subscription).unwrap();
    let ResponseKind::JoinGroup(answer) = join_answer("m2", "m2", 3, Assignor::Range) else {
        unreachable!();
    };
    let answer = answer.with_skip_assignment(true).with_members(vec![
        JoinGroupResponseMember::default()
            .with_member_id(text("m2"))
            .with_group_instance_id(Some(text("i")))
            .with_metadata(metadata),
    ]);
    harness.answer(token, ResponseKind::JoinGroup(answer));
    let (requests, actions) = split(&mut harness);
    assert!(actions.is_empty(), "{actions:?}");
    assert!(matches!(&requests[..], [(_, RequestKind::SyncGroup(s))]
        if s.assignments.is_empty() && s.generation_id == 3 && s.member_id == text("m2")));
}

#[test]
fn a_session_that_ends_here_is_lost_and_commits_are_refused() {
    for assignor in [Assignor::Range, Assignor::CooperativeSticky] {
        let mut harness = self::harness(None, assignor);
        settle(&mut harness);
        // Nobody answers any more.
        heartbeat(&mut harness);
        while !harness.group.membership().is_lost() {
            assert!(harness.take().is_empty());
            harness.pass();
        }
        let revoke = harness.take();
        assert!(matches!(&revoke[..], [Action::Rebalance(r)]
            if r.kind == RebalanceKind::Revoke { lost: true }));
        // Not in the name of nobody: that would pass in a group that has become empty.
        harness.event(commit(1));
        let (token, request) = request(&mut harness);
        let RequestKind::OffsetCommit(request) = request else {
            panic!("{request:?}");
        };
        assert_eq!(request.member_id, text("m"));
        assert_eq!(request.generation_id_or_member_epoch, 3);
        harness.answer(token, commit_answer(ErrorCode::UNKNOWN_MEMBER_ID));
        let (_, actions) = split(&mut harness);
        assert!(matches!(
            &actions[..],
            [Action::CommitDone(CommitDone {
                id: 1,
                code: ErrorCode::UNKNOWN_MEMBER_ID,
                ..
            })]
        ));
        harness.event(Event::Unassigned);
        let (_, join) = self::request(&mut harness);
        assert!(matches!(join, RequestKind::JoinGroup(j) if j.member_id.is_empty()));
    }
}

#[test]
fn a_member_that_is_unknown_joins_as_a_new_one_at_once() {
    let mut harness = harness(None, Assignor::Range);
    settle(&mut harness);
    // Of the first rebalance only the statistics tell.
    assert_eq!(
        harness.group.membership().reason(),
        "topics were subscribed to"
    );
    let token = heartbeat(&mut harness);
    harness.answer(token, beat_answer(ErrorCode::REBALANCE_IN_PROGRESS));
    expect_revoked(&mut harness);
    // Each says why (KIP-800).
    let (token, join) = request(&mut harness);
    assert!(matches!(join, RequestKind::JoinGroup(j)
        if j.member_id == text("m") && j.reason == Some(text("rebalance in progress"))));
    harness.answer(token, join_error(ErrorCode::UNKNOWN_MEMBER_ID));
    let (token, join) = request(&mut harness);
    let why = format!("JoinGroup error: {}", ErrorCode::UNKNOWN_MEMBER_ID);
    assert!(matches!(join, RequestKind::JoinGroup(j)
        if j.member_id.is_empty() && j.reason == Some(text(&why))));
    // A coordinator that goes on refusing is not flooded.
    harness.answer(token, join_error(ErrorCode::UNKNOWN_MEMBER_ID));
    assert!(split(&mut harness).0.is_empty());
    harness.pass();
    assert!(matches!(request(&mut harness).1, RequestKind::JoinGroup(_)));
}

#[test]
fn partitions_of_a_topic_that_is_gone_are_lost() {
    let mut harness = harness(None, Assignor::CooperativeSticky);
    settle(&mut harness);
    harness.event(Event::Metadata(Arc::default()));
    expect_lost(&mut harness, None);
}

#[test]
fn replicas_in_other_racks_matter_to_a_member_with_a_rack() {
    let moved = || {
        let mut topic = view()["t"].clone();
        topic.partitions = vec![["b".into()].into(); 2];
        Event::Metadata(Arc::new(View::from([("t".into(), topic)])))
    };
    for rack in [None, Some("a")] {
        let mut settings = classic_settings(&[Assignor::CooperativeSticky]);
        settings.rack = rack.map(Arc::from);
        let mut harness = harness_with(None, settings);
        settle(&mut harness);
        harness.event(moved());
        match rack {
            Some(_) => {
                let (_, sent) = request(&mut harness);
                assert!(matches!(sent, RequestKind::JoinGroup(_)), "{sent:?}");
            }
            None => assert!(harness.take().is_empty()),
        }
    }
}

#[test]
fn partitions_that_are_not_wanted_any_more_are_not_lost() {
    let mut harness = harness(None, Assignor::CooperativeSticky);
    settle(&mut harness);
    let topics = vec!["u".into()];
    let patterns = Vec::new();
    harness.event(Event::Subscribe(Some(Interest { topics, patterns })));
    expect_revoked(&mut harness);
}

#[test]
fn what_the_rest_of_a_cooperative_rebalance_adds_is_told_even_if_it_is_nothing() {
    let mut harness = harness(None, Assignor::CooperativeSticky);
    settle(&mut harness);
    let token = heartbeat(&mut harness);
    harness.answer(token, beat_answer(ErrorCode::REBALANCE_IN_PROGRESS));
    let (token, _) = request(&mut harness);
    harness.answer(
        token,
        join_answer("m", "other", 4, Assignor::CooperativeSticky),
    );
    let (token, _) = request(&mut harness);
    harness.answer(token, sync_answer(ErrorCode::NO_ERROR, &[p(0)]));
    expect_revoked(&mut harness);
    let (requests, actions) = split(&mut harness);
    assert!(requests.is_empty(), "{requests:?}");
    assert!(matches!(&actions[..],
        [Action::Rebalance(r)] if r.kind == RebalanceKind::Assign && r.partitions.is_empty()));
    harness.event(Event::Assigned);
    assert!(matches!(request(&mut harness).1, RequestKind::JoinGroup(_)));
}

/// A static member that gave partitions up and went away before it joined again comes
/// back to the generation as it is: the leader has to go on.
#[test]
fn a_leader_goes_on_with_a_rebalance_that_nobody_finishes() {
    let mut harness = harness(None, Assignor::CooperativeSticky);
    let (token, _) = request(&mut harness);
    let subscription = |owned: Vec<TopicPartition>| Subscription {
        topics: vec!["t".into()],
        owned,
        generation: 3,
        rack: None,
    };
    let member = |id: &str, owned| {
        let bytes = encode_subscription(Assignor::CooperativeSticky, &subscription(owned));
        JoinGroupResponseMember::default()
            .with_member_id(text(id))
            .with_metadata(bytes.unwrap())
    };
    let ResponseKind::JoinGroup(answer) = join_answer("m", "m", 4, Assignor::CooperativeSticky)
    else {
        panic!();
    };
    let members = vec![member("m", Vec::new()), member("n", vec![p(0), p(1)])];
    harness.answer(token, ResponseKind::JoinGroup(answer.with_members(members)));
    harness.take();
    harness.event(Event::RequestedMetadata(view()));
    let (token, sync) = request(&mut harness);
    assert!(matches!(sync, RequestKind::SyncGroup(s) if s.assignments.len() == 2));
    let synced = harness.now;
    harness.answer(token, sync_answer(ErrorCode::NO_ERROR, &[]));
    harness.event(Event::Assigned);
    // All is well but for the partition that "n" has given up.
    let join = loop {
        harness.group.set_polled(harness.now);
        match split(&mut harness).0.pop() {
            Some((token, RequestKind::Heartbeat(_))) => {
                harness.answer(token, beat_answer(ErrorCode::NO_ERROR));
            }
            Some((_, request)) => break request,
            None => {
                harness.pass();
            }
        }
    };
    assert!(matches!(join, RequestKind::JoinGroup(_)), "{join:?}");
    assert_eq!(harness.now, synced + Settings::new("g").session_timeout);
}
