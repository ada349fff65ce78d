//! The membership against a scripted coordinator.

use kafka_protocol::messages::share_group_heartbeat_response::{
    Assignment, TopicPartitions as WirePartitions,
};
use kafka_protocol::messages::{ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse};

use super::super::testing::{found, response};
use super::*;
use kafka_protocol::messages::ResponseKind;

struct Harness {
    group: ShareGroup,
    now: Instant,
    actions: Vec<Action>,
}

const INTERVAL: Duration = Duration::from_millis(3000);

fn answer(epoch: i32) -> ShareGroupHeartbeatResponse {
    ShareGroupHeartbeatResponse::default()
        .with_member_epoch(epoch)
        .with_heartbeat_interval_ms(3000)
}

fn assigned(epoch: i32, partitions: &[i32]) -> ShareGroupHeartbeatResponse {
    let topic = WirePartitions::default()
        .with_topic_id(Uuid::from_u128(1))
        .with_partitions(partitions.to_vec());
    let assignment = Assignment::default().with_topic_partitions(vec![topic]);
    answer(epoch).with_assignment(Some(assignment))
}

fn failed(code: ErrorCode) -> ShareGroupHeartbeatResponse {
    answer(0).with_error_code(i16::try_from(code.0).unwrap())
}

impl Harness {
    /// Subscribed, with a coordinator that is up, and the first heartbeat sent.
    fn joining() -> (Self, Token, ShareGroupHeartbeatRequest) {
        let now = Instant::now();
        let settings = Settings {
            group: super::super::Settings::new("g"),
            member_id: "m".into(),
            rack: Some("r".into()),
            max_poll_interval: Duration::from_secs(60),
        };
        let mut h = Harness {
            group: ShareGroup::new(now, settings),
            now,
            actions: Vec::new(),
        };
        h.event(Event::Subscribe(vec!["t".into()]));
        h.actions.clear();
        let answer = coordinator::Event::Answer(Ok(response(found(7))));
        h.event(Event::Coordinator(answer));
        h.actions.clear();
        h.event(Event::Coordinator(coordinator::Event::Up(7)));
        let (token, request) = h.sent();
        (h, token, request)
    }

    /// A member with partitions 0 and 1.
    fn member() -> Self {
        let (mut h, token, _) = Harness::joining();
        h.answer(token, assigned(1, &[0, 1]));
        assert_eq!(h.assignment(), [0, 1]);
        h
    }

    fn event(&mut self, event: Event) {
        self.group.on_event(self.now, event, &mut self.actions);
    }

    fn answer(&mut self, token: Token, answer: ShareGroupHeartbeatResponse) {
        let result = Ok(response(ResponseKind::ShareGroupHeartbeat(answer)));
        self.event(Event::Response { token, result });
    }

    /// The only action, which has to be a heartbeat.
    fn sent(&mut self) -> (Token, ShareGroupHeartbeatRequest) {
        let mut actions = std::mem::take(&mut self.actions);
        assert_eq!(actions.len(), 1, "{actions:?}");
        let Action::Send(_, out) = actions.remove(0) else {
            panic!("no request");
        };
        match (out.build)(1) {
            RequestKind::ShareGroupHeartbeat(request) => (out.token, request),
            other => panic!("{other:?}"),
        }
    }

    /// The only action, which has to be an assignment.
    fn assignment(&mut self) -> Vec<i32> {
        let actions = std::mem::take(&mut self.actions);
        match &actions[..] {
            [Action::Assigned(list)] => list.iter().flat_map(|t| t.partitions.clone()).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn pass(&mut self) -> Duration {
        let at = self.group.next_deadline().expect("a deadline");
        let waited = at.saturating_duration_since(self.now);
        self.now = self.now.max(at);
        self.group.set_polled(self.now);
        self.event(Event::Tick);
        waited
    }
}

#[test]
fn the_first_heartbeat_tells_everything_and_the_next_nothing() {
    let (mut h, token, first) = Harness::joining();
    assert_eq!(first.member_epoch, 0);
    assert_eq!(first.member_id.as_str(), "m");
    assert_eq!(first.rack_id.as_deref(), Some("r"));
    assert_eq!(first.subscribed_topic_names.unwrap().len(), 1);
    h.answer(token, assigned(1, &[0, 1]));
    assert_eq!(h.assignment(), [0, 1]);
    assert_eq!(h.pass(), INTERVAL);
    let (_, second) = h.sent();
    assert_eq!(second.member_epoch, 1);
    assert!(second.rack_id.is_none() && second.subscribed_topic_names.is_none());
}

#[test]
fn a_changed_subscription_is_told_at_once() {
    let mut h = Harness::member();
    h.event(Event::Subscribe(vec!["t".into(), "u".into()]));
    let (token, request) = h.sent();
    assert_eq!(request.subscribed_topic_names.unwrap().len(), 2);
    // Another change while the answer is out is told when it has come.
    h.event(Event::Subscribe(vec!["u".into()]));
    assert!(h.actions.is_empty());
    h.answer(token, answer(2));
    let (_, request) = h.sent();
    assert_eq!(request.subscribed_topic_names.unwrap().len(), 1);
}

#[test]
fn a_fenced_member_loses_its_assignment_and_joins_again() {
    for code in [ErrorCode::FENCED_MEMBER_EPOCH, ErrorCode::UNKNOWN_MEMBER_ID] {
        let mut h = Harness::member();
        h.pass();
        let (token, _) = h.sent();
        h.answer(token, failed(code));
        let actions = std::mem::take(&mut h.actions);
        let [Action::Assigned(none), Action::Send(..)] = &actions[..] else {
            panic!("{actions:?}");
        };
        assert!(none.is_empty());
        assert_eq!(h.group.epoch(), 0);
    }
}

#[test]
fn it_is_not_tried_again_and_again_without_a_pause() {
    let (mut h, mut token, _) = Harness::joining();
    let mut pauses = 0;
    for _ in 0..10 {
        h.answer(token, failed(ErrorCode::UNKNOWN_MEMBER_ID));
        if h.actions.is_empty() {
            pauses += usize::from(h.pass() >= Duration::from_millis(50));
        }
        token = h.sent().0;
    }
    assert_eq!(pauses, 9);
}

#[test]
fn leaving_is_epoch_minus_one_and_does_not_wait_for_ever() {
    let mut h = Harness::member();
    h.event(Event::Close);
    let actions = std::mem::take(&mut h.actions);
    let [Action::Assigned(none), Action::Send(..)] = &actions[..] else {
        panic!("{actions:?}");
    };
    assert!(none.is_empty());
    assert_eq!(h.pass(), LEAVE_PATIENCE);
    assert!(matches!(&h.actions[..], [Action::Closed]));
}

#[test]
fn who_does_not_poll_leaves_and_comes_back_with_the_next_poll() {
    let mut h = Harness::member();
    // Heartbeats go on meanwhile; the application does not poll.
    h.now += Duration::from_secs(61);
    h.event(Event::Tick);
    let actions = std::mem::take(&mut h.actions);
    let [
        Action::Error(ErrorCode::_MAX_POLL_EXCEEDED, _),
        Action::Assigned(none),
        Action::Send(_, out),
    ] = &actions[..]
    else {
        panic!("{actions:?}");
    };
    assert!(none.is_empty() && h.group.is_away());
    h.answer(out.token, answer(-1));
    assert!(h.actions.is_empty());
    h.group.set_polled(h.now);
    h.event(Event::Tick);
    let (_, request) = h.sent();
    assert_eq!(request.member_epoch, 0);
    assert!(!h.group.is_away());
}

#[test]
fn a_refused_member_is_fatal_and_does_not_leave() {
    let mut h = Harness::member();
    h.pass();
    let (token, _) = h.sent();
    h.answer(token, failed(ErrorCode::GROUP_AUTHORIZATION_FAILED));
    let actions = std::mem::take(&mut h.actions);
    let [Action::Assigned(_), Action::Fatal(code, _)] = &actions[..] else {
        panic!("{actions:?}");
    };
    assert_eq!(*code, ErrorCode::GROUP_AUTHORIZATION_FAILED);
    h.event(Event::Subscribe(vec!["t".into()]));
    assert!(h.actions.is_empty());
    h.event(Event::Close);
    assert!(matches!(&h.actions[..], [Action::Closed]));
}

#[test]
fn an_error_for_the_application_is_told_once_in_a_while() {
    let (mut h, mut token, _) = Harness::joining();
    let mut told = 0;
    for _ in 0..5 {
        h.answer(token, failed(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
        told += std::mem::take(&mut h.actions)
            .iter()
            .filter(|a| matches!(a, Action::Error(..)))
            .count();
        h.pass();
        token = h.sent().0;
    }
    assert_eq!(told, 1);
}

#[test]
fn a_lost_coordinator_is_sought_and_the_membership_goes_on() {
    let mut h = Harness::member();
    h.pass();
    let (token, _) = h.sent();
    h.answer(token, failed(ErrorCode::NOT_COORDINATOR));
    let finds = |a: &Action| matches!(a, Action::Coordinator(coordinator::Action::Changed(None)));
    assert!(h.actions.iter().any(finds), "{:?}", h.actions);
    assert!(!h.actions.iter().any(|a| matches!(a, Action::Assigned(_))));
    assert_eq!(h.group.epoch(), 1);
}
