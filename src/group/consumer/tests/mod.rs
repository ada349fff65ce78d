mod offsets;

use kafka_protocol::messages::consumer_group_heartbeat_response::{Assignment, TopicPartitions};
use kafka_protocol::messages::{
    ApiKey, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, RequestKind,
    ResponseKind,
};

use super::*;
use crate::base::regex::Regex;
use crate::coordinator;
use crate::group::membership::TopicView;
use crate::group::testing::{Harness, consumer_group, consumer_settings};
use crate::group::{Action, Event, RebalanceKind};
use crate::protocol::strings::{text, topic_name};

const INTERVAL: Duration = Duration::from_secs(5);

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn p(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition::new(&topic.into(), partition)
}

/// Topic `t` by id 1 and `u` by id 2.
fn view() -> Arc<View> {
    let topic = |n| TopicView {
        id: id(n),
        code: ErrorCode::NO_ERROR,
        partitions: vec![Default::default(); 4],
    };
    Arc::new(View::from([("t".into(), topic(1)), ("u".into(), topic(2))]))
}

fn interest(topics: &[&str], patterns: &[&str]) -> Event {
    Event::Subscribe(Some(Interest {
        topics: topics.iter().map(|t| Arc::from(*t)).collect(),
        patterns: patterns
            .iter()
            .map(|re| Arc::new(Regex::new(re).unwrap()))
            .collect(),
    }))
}

/// A group whose coordinator is up, subscribed to `t`, and its first heartbeat.
fn joining(instance: Option<&str>) -> (Harness, Token, ConsumerGroupHeartbeatRequest) {
    let mut settings = Settings::new("g");
    settings.group_instance_id = instance.map(Arc::from);
    let mut harness = Harness::new(settings.clone());
    harness.group = consumer_group(harness.now, settings, consumer_settings("m"));
    harness.event(Event::Metadata(view()));
    harness.event(interest(&["t"], &[]));
    harness.find_coordinator(1);
    let (token, beat) = heartbeat(&mut harness);
    (harness, token, beat)
}

/// The only request among what was done.
fn heartbeat(harness: &mut Harness) -> (Token, ConsumerGroupHeartbeatRequest) {
    let (mut requests, rest) = split(harness);
    assert_eq!(requests.len(), 1, "{requests:?} {rest:?}");
    harness.actions = rest;
    match requests.remove(0) {
        (token, RequestKind::ConsumerGroupHeartbeat(beat)) => (token, beat),
        other => panic!("{other:?}"),
    }
}

fn split(harness: &mut Harness) -> (Vec<(Token, RequestKind)>, Vec<Action>) {
    let mut requests = Vec::new();
    let mut rest = Vec::new();
    for action in harness.take() {
        match action {
            Action::SendToCoordinator(_, out) => {
                let version = match out.api {
                    ApiKey::OffsetCommit | ApiKey::OffsetFetch => 9,
                    _ => 1,
                };
                requests.push((out.token, (out.build)(version)));
            }
            other => rest.push(other),
        }
    }
    (requests, rest)
}

fn quiet(harness: &mut Harness) {
    let actions = harness.take();
    assert!(actions.is_empty(), "{actions:?}");
}

fn answer(epoch: i32, target: Option<&[(u128, &[i32])]>) -> ResponseKind {
    let assignment = target.map(|topics| {
        let topics = topics.iter().map(|(topic, partitions)| {
            TopicPartitions::default()
                .with_topic_id(id(*topic))
                .with_partitions(partitions.to_vec())
        });
        Assignment::default().with_topic_partitions(topics.collect())
    });
    ResponseKind::ConsumerGroupHeartbeat(
        ConsumerGroupHeartbeatResponse::default()
            .with_member_id(Some(text("m")))
            .with_member_epoch(epoch)
            .with_heartbeat_interval_ms(5000)
            .with_assignment(assignment),
    )
}

fn refusal(code: ErrorCode) -> ResponseKind {
    ResponseKind::ConsumerGroupHeartbeat(
        ConsumerGroupHeartbeatResponse::default().with_error_code(i16::try_from(code.0).unwrap()),
    )
}

#[track_caller]
fn rebalanced(harness: &mut Harness, kind: RebalanceKind, partitions: &[TopicPartition]) {
    let actions = harness.take();
    let [Action::Rebalance(rebalance)] = &actions[..] else {
        panic!("{actions:?}");
    };
    assert_eq!(rebalance.kind, kind);
    assert_eq!(rebalance.protocol, RebalanceProtocol::Cooperative);
    assert_eq!(rebalance.partitions, partitions);
}

const REVOKE: RebalanceKind = RebalanceKind::Revoke { lost: false };
const LOSE: RebalanceKind = RebalanceKind::Revoke { lost: true };

/// What a heartbeat says it owns.
fn owned(beat: &ConsumerGroupHeartbeatRequest) -> Option<Vec<(u128, Vec<i32>)>> {
    let topics = beat.topic_partitions.as_ref()?;
    let topics = topics.iter();
    Some(
        topics
            .map(|t| (t.topic_id.as_u128(), t.partitions.clone()))
            .collect(),
    )
}

/// A member in epoch 1 that has t/0 and t/1, all acknowledged.
fn member(instance: Option<&str>) -> Harness {
    let (mut harness, token, _) = joining(instance);
    harness.answer(token, answer(1, Some(&[(1, &[0, 1])])));
    rebalanced(&mut harness, RebalanceKind::Assign, &[p("t", 0), p("t", 1)]);
    harness.event(Event::Assigned);
    let (token, beat) = heartbeat(&mut harness);
    assert_eq!(owned(&beat), Some(vec![(1, vec![0, 1])]));
    harness.answer(token, answer(1, None));
    quiet(&mut harness);
    harness
}

/// When the membership has something to do.
fn deadline(harness: &Harness) -> Option<Instant> {
    let membership = harness.group.membership();
    membership.next_deadline(true, harness.now - Duration::from_secs(1000))
}

fn next_heartbeat(harness: &mut Harness) -> (Token, ConsumerGroupHeartbeatRequest) {
    harness.group.set_polled(harness.now);
    harness.pass();
    heartbeat(harness)
}

#[test]
fn the_first_heartbeat_says_everything_and_later_ones_what_changed() {
    let (mut harness, token, beat) = joining(Some("i"));
    assert_eq!((beat.member_id.as_str(), beat.member_epoch), ("m", 0));
    assert_eq!(beat.rebalance_timeout_ms, 300_000);
    assert_eq!(beat.instance_id, Some(text("i")));
    assert_eq!(beat.rack_id, Some(text("r")));
    assert_eq!(beat.server_assignor, Some(text("uniform")));
    assert_eq!(beat.subscribed_topic_names, Some(vec![topic_name("t")]));
    assert_eq!(beat.subscribed_topic_regex, Some(text("")));
    assert_eq!(owned(&beat), Some(Vec::new()));
    harness.answer(token, answer(3, Some(&[])));
    quiet(&mut harness);

    let before = harness.now;
    let (token, beat) = next_heartbeat(&mut harness);
    assert_eq!(harness.now - before, INTERVAL);
    assert_eq!(beat.member_epoch, 3);
    assert_eq!(beat.rebalance_timeout_ms, -1);
    assert_eq!((beat.rack_id, beat.server_assignor), (None, None));
    assert_eq!(beat.subscribed_topic_names, None);
    assert_eq!(beat.subscribed_topic_regex, None);
    assert_eq!(beat.topic_partitions, None);
    harness.answer(token, answer(3, None));

    harness.event(interest(&["t"], &["^a", "^b"]));
    let (_, beat) = heartbeat(&mut harness);
    assert_eq!(beat.subscribed_topic_names, Some(vec![topic_name("t")]));
    assert_eq!(beat.subscribed_topic_regex, Some(text("(^a)|(^b)")));
    assert_eq!(beat.topic_partitions, None);
}

#[test]
fn what_is_not_in_the_target_is_given_up_first_and_acknowledged() {
    let mut harness = member(None);
    let (token, _) = next_heartbeat(&mut harness);
    harness.answer(token, answer(1, Some(&[(1, &[0, 2])])));
    rebalanced(&mut harness, REVOKE, &[p("t", 1)]);
    // Heartbeats go on meanwhile.
    let (token, beat) = next_heartbeat(&mut harness);
    assert_eq!(beat.topic_partitions, None);
    harness.answer(token, answer(1, None));

    harness.event(Event::Unassigned);
    let (token, beat) = heartbeat(&mut harness);
    assert_eq!(owned(&beat), Some(vec![(1, vec![0])]));
    rebalanced(&mut harness, RebalanceKind::Assign, &[p("t", 2)]);
    harness.answer(token, answer(2, None));
    harness.event(Event::Assigned);
    let (token, beat) = heartbeat(&mut harness);
    assert_eq!(owned(&beat), Some(vec![(1, vec![0, 2])]));
    assert_eq!(beat.member_epoch, 2);
    harness.answer(token, answer(2, None));
    quiet(&mut harness);
    assert!(harness.group.membership().is_steady());
}

#[test]
fn after_a_revocation_there_is_an_assignment_even_of_nothing() {
    let mut harness = member(None);
    let (token, _) = next_heartbeat(&mut harness);
    harness.answer(token, answer(1, Some(&[(1, &[0])])));
    rebalanced(&mut harness, REVOKE, &[p("t", 1)]);
    harness.event(Event::Unassigned);
    heartbeat(&mut harness);
    rebalanced(&mut harness, RebalanceKind::Assign, &[]);
}

#[test]
fn a_newer_target_waits_for_the_application() {
    let (mut harness, token, _) = joining(None);
    harness.answer(token, answer(1, Some(&[(1, &[0, 1])])));
    rebalanced(&mut harness, RebalanceKind::Assign, &[p("t", 0), p("t", 1)]);
    let (token, beat) = next_heartbeat(&mut harness);
    assert_eq!(beat.topic_partitions, None, "nothing is taken yet");
    harness.answer(token, answer(2, Some(&[(1, &[1])])));
    quiet(&mut harness);
    harness.event(Event::Assigned);
    let actions = harness.take();
    assert!(
        matches!(&actions[..], [Action::Rebalance(r), Action::SendToCoordinator(..)]
        if r.kind == REVOKE && r.partitions == [p("t", 0)])
    );
}

#[test]
fn unknown_topics_are_asked_for_while_the_rest_is_reconciled() {
    let (mut harness, token, _) = joining(None);
    harness.answer(token, answer(1, Some(&[(1, &[0]), (9, &[3])])));
    let actions = harness.take();
    assert!(
        matches!(&actions[..], [Action::RequestTopics(ids), Action::Rebalance(r)]
        if *ids == [id(9)] && r.partitions == [p("t", 0)])
    );
    harness.event(Event::Assigned);
    heartbeat(&mut harness);
    // Not known to that broker yet.
    harness.event(Event::RequestedMetadata(view()));
    quiet(&mut harness);
    harness.group.set_polled(harness.now);
    assert!(harness.pass() <= Duration::from_millis(200));
    assert!(matches!(&harness.take()[..], [Action::RequestTopics(_)]));
    let mut more = (*view()).clone();
    let topic = TopicView {
        id: id(9),
        ..more["t"].clone()
    };
    more.insert("v".into(), topic);
    harness.event(Event::RequestedMetadata(Arc::new(more)));
    rebalanced(&mut harness, RebalanceKind::Assign, &[p("v", 3)]);
}

#[test]
fn a_topic_made_anew_is_taken_and_given_again() {
    let mut harness = member(None);
    let (token, _) = next_heartbeat(&mut harness);
    let mut anew = (*view()).clone();
    anew.get_mut("t").unwrap().id = id(7);
    harness.event(Event::Metadata(Arc::new(anew)));
    harness.answer(token, answer(2, Some(&[(7, &[0, 1])])));
    rebalanced(&mut harness, REVOKE, &[p("t", 0), p("t", 1)]);
    harness.event(Event::Unassigned);
    let (_, beat) = heartbeat(&mut harness);
    assert_eq!(owned(&beat), Some(Vec::new()));
    rebalanced(&mut harness, RebalanceKind::Assign, &[p("t", 0), p("t", 1)]);
}

#[test]
fn an_unanswered_heartbeat_is_said_again_in_full() {
    let mut harness = member(None);
    let (token, _) = next_heartbeat(&mut harness);
    harness.event(Event::Response {
        token,
        result: Err(RequestError::TimedOutInQueue),
    });
    quiet(&mut harness);
    let before = harness.now;
    let (token, beat) = next_heartbeat(&mut harness);
    assert!(harness.now - before < Duration::from_secs(1));
    assert_eq!((beat.member_epoch, beat.rebalance_timeout_ms), (1, 300_000));
    assert_eq!(owned(&beat), Some(vec![(1, vec![0, 1])]));
    // The answer that was lost was about a newer epoch.
    harness.answer(token, answer(4, Some(&[(1, &[0, 1])])));
    quiet(&mut harness);
    assert_eq!(harness.group.membership().member().generation, 4);
}

#[test]
fn who_is_fenced_loses_everything_and_joins_by_the_same_id() {
    for code in [ErrorCode::UNKNOWN_MEMBER_ID, ErrorCode::FENCED_MEMBER_EPOCH] {
        let mut harness = member(None);
        let (token, _) = next_heartbeat(&mut harness);
        harness.answer(token, refusal(code));
        rebalanced(&mut harness, LOSE, &[p("t", 0), p("t", 1)]);
        assert!(harness.group.membership().is_lost());
        harness.event(Event::Unassigned);
        let (token, beat) = heartbeat(&mut harness);
        assert_eq!((beat.member_id.as_str(), beat.member_epoch), ("m", 0));
        assert_eq!(owned(&beat), Some(Vec::new()));
        // The second time in a row waits.
        harness.answer(token, refusal(code));
        quiet(&mut harness);
        harness.group.set_polled(harness.now);
        assert!(harness.pass() > Duration::ZERO);
        heartbeat(&mut harness);
    }
}

#[test]
fn a_member_that_is_let_in_and_fenced_again_and_again_pauses() {
    let mut harness = member(None);
    let (mut token, _) = next_heartbeat(&mut harness);
    let mut pauses = Vec::new();
    for _ in 0..8 {
        harness.answer(token, refusal(ErrorCode::UNKNOWN_MEMBER_ID));
        let lost = harness.take();
        assert!(matches!(&lost[..], [Action::Rebalance(_)]), "{lost:?}");
        harness.event(Event::Unassigned);
        let before = harness.now;
        let (join, beat) = match harness.actions.is_empty() {
            true => next_heartbeat(&mut harness),
            false => heartbeat(&mut harness),
        };
        assert_eq!(beat.member_epoch, 0);
        pauses.push(harness.now - before);
        harness.answer(join, answer(1, Some(&[(1, &[0, 1])])));
        rebalanced(&mut harness, RebalanceKind::Assign, &[p("t", 0), p("t", 1)]);
        harness.event(Event::Assigned);
        token = heartbeat(&mut harness).0;
    }
    let (first, later) = pauses.split_at(1);
    assert_eq!(first, [Duration::ZERO]);
    assert!(
        later.iter().all(|p| *p >= Duration::from_millis(50)),
        "{pauses:?}"
    );
}

#[test]
fn what_is_being_revoked_when_the_member_is_fenced_is_lost() {
    let mut harness = member(None);
    let (token, _) = next_heartbeat(&mut harness);
    harness.answer(token, answer(1, Some(&[(1, &[0])])));
    rebalanced(&mut harness, REVOKE, &[p("t", 1)]);
    let (token, _) = next_heartbeat(&mut harness);
    harness.answer(token, refusal(ErrorCode::UNKNOWN_MEMBER_ID));
    quiet(&mut harness);
    assert!(harness.group.membership().is_lost());
    harness.event(Event::Unassigned);
    rebalanced(&mut harness, LOSE, &[p("t", 0)]);
    harness.event(Event::Unassigned);
    assert_eq!(heartbeat(&mut harness).1.member_epoch, 0);
}

#[test]
fn errors_that_do_not_pass_are_fatal() {
    for code in [
        ErrorCode::INVALID_REQUEST,
        ErrorCode::GROUP_MAX_SIZE_REACHED,
        ErrorCode::UNSUPPORTED_ASSIGNOR,
        ErrorCode::UNSUPPORTED_VERSION,
        ErrorCode::UNRELEASED_INSTANCE_ID,
        ErrorCode::FENCED_INSTANCE_ID,
        ErrorCode::GROUP_AUTHORIZATION_FAILED,
        ErrorCode::GROUP_ID_NOT_FOUND,
        ErrorCode::INVALID_REGULAR_EXPRESSION,
    ] {
        let mut harness = member(None);
        let (token, _) = next_heartbeat(&mut harness);
        harness.answer(token, refusal(code));
        let actions = harness.take();
        assert!(
            matches!(&actions[..], [Action::Fatal(got, _), Action::Rebalance(r)]
            if *got == code && r.kind == LOSE)
        );
        harness.event(Event::Unassigned);
        // It neither joins nor leaves from here on.
        harness.event(interest(&["u"], &[]));
        quiet(&mut harness);
        assert_eq!(deadline(&harness), None);
        harness.event(Event::Close);
        assert!(matches!(&harness.take()[..], [Action::Closed]));
    }
}

/// The coordinator may have made it a member all the same: an instance would be refused for
/// good, by what it has left itself.
#[test]
fn who_joins_without_an_answer_leaves_before_it_joins_again() {
    for (instance, epoch) in [(None, -1), (Some("i"), -2)] {
        let (mut harness, token, _) = joining(instance);
        harness.event(Event::Response {
            token,
            result: Err(RequestError::TimedOutInQueue),
        });
        let (leave, beat) = next_heartbeat(&mut harness);
        assert_eq!(beat.member_epoch, epoch);
        harness.answer(leave, refusal(ErrorCode::UNKNOWN_MEMBER_ID));
        assert_eq!(heartbeat(&mut harness).1.member_epoch, 0);
    }
}

#[test]
fn who_is_answered_that_it_could_not_join_just_joins_again() {
    let (mut harness, token, _) = joining(Some("i"));
    harness.answer(token, refusal(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS));
    assert_eq!(next_heartbeat(&mut harness).1.member_epoch, 0);
}

#[test]
fn who_may_not_join_by_its_old_id_leaves_first() {
    let mut harness = member(None);
    let (token, _) = next_heartbeat(&mut harness);
    harness.answer(token, refusal(ErrorCode::FENCED_MEMBER_EPOCH));
    harness.event(Event::Unassigned);
    let (token, beat) = heartbeat(&mut harness);
    assert_eq!(beat.member_epoch, 0);
    harness.take();
    harness.answer(token, refusal(ErrorCode::FENCED_MEMBER_EPOCH));
    let (token, beat) = next_heartbeat(&mut harness);
    assert_eq!(beat.member_epoch, -1);
    harness.answer(token, answer(-1, None));
    assert_eq!(heartbeat(&mut harness).1.member_epoch, 0);
}

#[test]
fn a_broker_without_the_protocol_is_fatal() {
    let (mut harness, token, _) = joining(None);
    harness.event(Event::Response {
        token,
        result: Err(RequestError::Unsupported(ApiKey::ConsumerGroupHeartbeat)),
    });
    assert!(matches!(
        &harness.take()[..],
        [Action::Fatal(ErrorCode::_UNSUPPORTED_FEATURE, _)]
    ));
}

#[test]
fn a_topic_that_must_not_be_read_is_told_now_and_then() {
    let code = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    let mut harness = member(None);
    let told = |harness: &mut Harness| {
        let (token, _) = next_heartbeat(harness);
        harness.answer(token, refusal(code));
        let actions = harness.take();
        let is_told = |a: &Action| matches!(a, Action::Error(got, _) if *got == code);
        assert!(actions.iter().all(is_told), "{actions:?}");
        actions.len()
    };
    assert_eq!(told(&mut harness), 1);
    let before = harness.now;
    // At the next heartbeat again, an interval later.
    assert_eq!(told(&mut harness), 1);
    assert_eq!(harness.now - before, INTERVAL);
    // A new subscription is tried at once, and its error told.
    harness.event(interest(&["u"], &[]));
    let (token, beat) = heartbeat(&mut harness);
    assert_eq!(beat.subscribed_topic_names, Some(vec![topic_name("u")]));
    harness.answer(token, refusal(code));
    assert!(matches!(&harness.take()[..], [Action::Error(..)]));
}

#[test]
fn leaving_gives_everything_up_first() {
    for (instance, epoch) in [(None, -1), (Some("i"), -2)] {
        let mut harness = member(instance);
        harness.event(Event::Close);
        rebalanced(&mut harness, REVOKE, &[p("t", 0), p("t", 1)]);
        harness.event(Event::Unassigned);
        let (token, beat) = heartbeat(&mut harness);
        assert_eq!((beat.member_id.as_str(), beat.member_epoch), ("m", epoch));
        assert_eq!(beat.instance_id, instance.map(text));
        assert_eq!(beat.rebalance_timeout_ms, -1);
        assert_eq!(
            (beat.subscribed_topic_names, beat.topic_partitions),
            (None, None)
        );
        harness.answer(token, answer(epoch, None));
        assert!(matches!(&harness.take()[..], [Action::Closed]));
    }
}

#[test]
fn leaving_does_not_wait_for_a_heartbeat() {
    let mut harness = member(None);
    let (unanswered, _) = next_heartbeat(&mut harness);
    harness.event(Event::Subscribe(None));
    rebalanced(&mut harness, REVOKE, &[p("t", 0), p("t", 1)]);
    harness.event(Event::Unassigned);
    let (leave, beat) = heartbeat(&mut harness);
    assert_eq!(beat.member_epoch, -1);
    // The group may be gone with its last member.
    harness.answer(unanswered, refusal(ErrorCode::GROUP_ID_NOT_FOUND));
    quiet(&mut harness);
    // Subscribed again meanwhile: after the leave.
    harness.event(interest(&["u"], &[]));
    quiet(&mut harness);
    harness.answer(leave, answer(-1, None));
    assert_eq!(heartbeat(&mut harness).1.member_epoch, 0);
}

#[test]
fn who_leaves_while_joining_leaves_all_the_same() {
    let (mut harness, token, _) = joining(None);
    harness.event(Event::Close);
    let (leave, beat) = heartbeat(&mut harness);
    assert_eq!(beat.member_epoch, -1);
    harness.answer(token, answer(1, Some(&[(1, &[0])])));
    quiet(&mut harness);
    harness.answer(leave, answer(-1, None));
    assert!(matches!(&harness.take()[..], [Action::Closed]));
}

/// A member that leaves because the application consumes nothing any more.
fn leaving() -> (Harness, Token) {
    let mut harness = member(None);
    harness.event(Event::Subscribe(None));
    rebalanced(&mut harness, REVOKE, &[p("t", 0), p("t", 1)]);
    harness.event(Event::Unassigned);
    let (leave, beat) = heartbeat(&mut harness);
    assert_eq!(beat.member_epoch, -1);
    (harness, leave)
}

#[test]
fn who_left_the_wrong_broker_leaves_the_coordinator() {
    let (mut harness, leave) = leaving();
    harness.answer(leave, refusal(ErrorCode::NOT_COORDINATOR));
    let actions = harness.take();
    assert!(
        matches!(
            &actions[..],
            [Action::Coordinator(coordinator::Action::Changed(None)), ..]
        ),
        "{actions:?}"
    );
    assert!(harness.group.membership().wants_coordinator());
}

#[test]
fn who_was_not_heard_leaving_says_it_again() {
    let (mut harness, _) = leaving();
    let (leave, beat) = next_heartbeat(&mut harness);
    assert_eq!(beat.member_epoch, -1);
    harness.answer(leave, answer(-1, None));
    quiet(&mut harness);
    assert!(!harness.group.membership().wants_coordinator());
}

#[test]
fn a_leave_that_fails_while_everything_is_lost_is_repeated_before_joining() {
    let mut harness = member(Some("i"));
    harness.group.set_polled(harness.now);
    let leave = loop {
        harness.pass();
        let (token, beat) = heartbeat(&mut harness);
        if beat.member_epoch < 0 {
            break token;
        }
        harness.answer(token, answer(1, None));
        quiet(&mut harness);
    };
    harness.take();
    harness.answer(leave, refusal(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS));
    harness.event(Event::Unassigned);
    quiet(&mut harness);
    harness.event(Event::Polled);
    let (leave, beat) = heartbeat(&mut harness);
    assert_eq!(beat.member_epoch, -2);
    harness.answer(leave, answer(-2, None));
    assert_eq!(heartbeat(&mut harness).1.member_epoch, 0);
}

#[test]
fn an_application_that_does_not_poll_is_out_until_it_does() {
    for (instance, epoch) in [(None, -1), (Some("i"), -2)] {
        let mut harness = member(instance);
        harness.group.set_polled(harness.now);
        let polled = harness.now;
        let leave = loop {
            harness.pass();
            let (token, beat) = heartbeat(&mut harness);
            if beat.member_epoch < 0 {
                assert_eq!(beat.member_epoch, epoch);
                break token;
            }
            harness.answer(token, answer(1, None));
            quiet(&mut harness);
        };
        assert_eq!(harness.now - polled, Duration::from_secs(300) + POLL_GRACE);
        let actions = harness.take();
        assert!(matches!(&actions[..],
            [Action::Rebalance(r), Action::Error(ErrorCode::_MAX_POLL_EXCEEDED, _)]
                if r.kind == LOSE));
        harness.event(Event::Unassigned);
        harness.answer(leave, answer(epoch, None));
        quiet(&mut harness);
        assert_eq!(deadline(&harness), None, "nothing to do");
        assert!(harness.group.membership().wants_poll());
        harness.event(Event::Polled);
        let (_, beat) = heartbeat(&mut harness);
        assert_eq!((beat.member_epoch, beat.rebalance_timeout_ms), (0, 300_000));
        assert_eq!(owned(&beat), Some(Vec::new()));
    }
}

#[test]
fn a_pattern_that_matches_nothing_costs_a_heartbeat_now_and_then() {
    let mut settings = Settings::new("g");
    settings.seed = 1;
    let mut harness = Harness::new(settings.clone());
    harness.group = consumer_group(harness.now, settings, consumer_settings("m"));
    harness.event(interest(&[], &["^nothing"]));
    harness.find_coordinator(1);
    let (mut token, beat) = heartbeat(&mut harness);
    assert_eq!(beat.subscribed_topic_names, Some(Vec::new()));
    assert_eq!(beat.subscribed_topic_regex, Some(text("(^nothing)")));
    for _ in 0..20 {
        harness.answer(token, answer(1, Some(&[])));
        quiet(&mut harness);
        let before = harness.now;
        token = next_heartbeat(&mut harness).0;
        assert_eq!(harness.now - before, INTERVAL);
    }
}

#[test]
fn an_absurd_answer_is_no_answer() {
    let (mut harness, token, _) = joining(None);
    harness.answer(token, answer(0, Some(&[(1, &[0])])));
    quiet(&mut harness);
    let (token, beat) = next_heartbeat(&mut harness);
    assert_eq!(beat.member_epoch, -1, "whatever that was");
    harness.answer(token, answer(-1, None));
    let (token, _) = heartbeat(&mut harness);
    harness.answer(token, answer(2, Some(&[(1, &[-3, i32::MAX])])));
    rebalanced(&mut harness, RebalanceKind::Assign, &[p("t", i32::MAX)]);
}
