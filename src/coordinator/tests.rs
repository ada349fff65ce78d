use std::time::{Duration, Instant};

use kafka_protocol::messages::{ApiKey, FindCoordinatorResponse};

use super::*;
use crate::protocol::request::encode_request;

struct Harness {
    machine: Coordinator,
    now: Instant,
    rng: fastrand::Rng,
    actions: Vec<Action>,
}

const QUERY_INTERVAL: Duration = Duration::from_secs(600);

impl Harness {
    fn new(kind: Kind) -> Self {
        let settings = Settings {
            request_timeout: Duration::from_secs(60),
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_secs(1),
            query_interval: QUERY_INTERVAL,
        };
        Harness {
            machine: Coordinator::new(kind, "g".into(), settings),
            now: Instant::now(),
            rng: fastrand::Rng::with_seed(1),
            actions: Vec::new(),
        }
    }

    /// A machine that has asked already.
    fn wanted() -> Self {
        let mut harness = Harness::new(Kind::Group);
        harness.event(Event::Wanted);
        harness.event(Event::Tick);
        harness
    }

    fn event(&mut self, event: Event) {
        let Harness {
            machine,
            now,
            rng,
            actions,
        } = self;
        machine.on_event(*now, event, rng, actions);
    }

    /// Goes to the next deadline, which has to exist, and returns how long it took.
    fn pass(&mut self) -> Duration {
        let at = self.machine.next_deadline().expect("a deadline");
        let waited = at.saturating_duration_since(self.now);
        self.now = self.now.max(at);
        self.event(Event::Tick);
        waited
    }

    fn take(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// The only action, which has to be a question.
    fn asked(&mut self) -> Find {
        let mut actions = self.take();
        assert_eq!(actions.len(), 1, "{actions:?}");
        match actions.remove(0) {
            Action::Find(find) => find,
            other => panic!("not a question: {other:?}"),
        }
    }

    fn answer(&mut self, answer: FindCoordinatorResponse) {
        let kind = Some(ResponseKind::FindCoordinator(answer));
        self.event(Event::Answer(Ok(Response {
            kind,
            version: 3,
            rtt: Duration::ZERO,
            broker_id: 0,
            broker: "".into(),
        })));
        self.event(Event::Tick);
    }

    fn find(&mut self, id: i32) {
        self.asked();
        self.answer(found(id));
        self.is_changed(id);
        self.event(Event::Up(id));
    }

    fn is_changed(&mut self, id: i32) {
        let actions = self.take();
        assert!(
            matches!(&actions[..], [Action::Changed(Some(node))] if node.id == id),
            "{actions:?}"
        );
    }
}

fn found(id: i32) -> FindCoordinatorResponse {
    FindCoordinatorResponse::default()
        .with_node_id(id.into())
        .with_host(StrBytes::from_static_str("localhost"))
        .with_port(9092 + id)
}

fn failed(code: ErrorCode) -> FindCoordinatorResponse {
    FindCoordinatorResponse::default().with_error_code(code.0 as i16)
}

#[test]
fn asks_for_either_kind_in_every_version() {
    for (kind, wire) in [(Kind::Group, 0), (Kind::Transaction, 1)] {
        for version in 1..=6 {
            let mut harness = Harness::new(kind);
            harness.event(Event::Wanted);
            harness.event(Event::Tick);
            let request = harness.asked().build(version);
            let RequestKind::FindCoordinator(asked) = &request else {
                panic!("{request:?}");
            };
            let key = match version {
                ..4 => asked.key.as_str(),
                _ => asked.coordinator_keys[0].as_str(),
            };
            assert_eq!((key, asked.key_type), ("g", wire));
            let mut out = bytes::BytesMut::new();
            let api = ApiKey::FindCoordinator;
            encode_request(api, version, 1, None, &request, &mut out).unwrap();
        }
    }
    // Version 0 knows groups only.
    let request = Harness::wanted().asked().build(0);
    let mut out = bytes::BytesMut::new();
    encode_request(ApiKey::FindCoordinator, 0, 1, None, &request, &mut out).unwrap();
}

#[test]
fn nothing_is_asked_before_someone_needs_it() {
    let mut harness = Harness::new(Kind::Group);
    harness.event(Event::BrokerUp);
    harness.event(Event::Tick);
    assert!(harness.take().is_empty() && harness.machine.next_deadline().is_none());
}

#[test]
fn backs_off_and_a_new_broker_cuts_that_short() {
    let mut harness = Harness::wanted();
    let mut waits = Vec::new();
    for _ in 0..6 {
        harness.asked();
        harness.answer(failed(ErrorCode::COORDINATOR_NOT_AVAILABLE));
        assert!(harness.take().is_empty());
        waits.push(harness.pass().as_millis());
    }
    assert!((80..=120).contains(&waits[0]), "{waits:?}");
    assert!((800..=1200).contains(&waits[5]), "{waits:?}");
    harness.asked();
    harness.event(Event::Answer(Err(RequestError::TimedOutInQueue)));
    harness.event(Event::BrokerUp);
    harness.event(Event::Tick);
    harness.asked();
}

#[test]
fn errors_are_told_once_until_it_is_found() {
    let mut harness = Harness::wanted();
    let denied = || failed(ErrorCode::GROUP_AUTHORIZATION_FAILED);
    harness.asked();
    harness.answer(denied());
    assert!(matches!(&harness.take()[..], [Action::Failed(code, text)]
        if *code == ErrorCode::GROUP_AUTHORIZATION_FAILED
            && text == "FindCoordinator response error: Broker: Group authorization failed"));
    harness.pass();
    harness.asked();
    harness.answer(denied());
    assert!(harness.take().is_empty());
    harness.pass();
    harness.find(1);
}

#[test]
fn a_lost_connection_keeps_the_coordinator_and_asks_again() {
    let mut harness = Harness::wanted();
    harness.find(1);
    harness.event(Event::Down(1));
    harness.event(Event::Tick);
    assert!(harness.machine.up().is_none());
    harness.asked();
    // The same one: nothing changes. Another: it moved.
    harness.answer(found(1));
    assert!(harness.take().is_empty());
    harness.pass();
    harness.asked();
    harness.answer(found(2));
    harness.is_changed(2);
    harness.event(Event::Up(1));
    assert!(harness.machine.up().is_none());
    harness.event(Event::Up(2));
    assert_eq!(harness.machine.up().unwrap().id, 2);
}

#[test]
fn a_broker_that_is_no_coordinator_is_given_up() {
    let mut harness = Harness::wanted();
    harness.find(1);
    harness.event(Event::Lost(2));
    assert!(harness.take().is_empty());
    harness.event(Event::Lost(1));
    assert!(matches!(&harness.take()[..], [Action::Changed(None)]));
    assert!(harness.machine.node().is_none());
    harness.pass();
    harness.find(2);
}

#[test]
fn is_asked_again_now_and_then_while_all_is_well() {
    let mut harness = Harness::wanted();
    harness.find(1);
    assert_eq!(harness.pass(), QUERY_INTERVAL);
    harness.asked();
    harness.event(Event::Answer(Err(RequestError::TimedOut)));
    assert_eq!(harness.machine.up().unwrap().id, 1);
}

#[test]
fn a_response_that_names_nobody_is_no_coordinator() {
    for (id, port) in [(-1, 9092), (1, -1), (1, 70000)] {
        let mut harness = Harness::wanted();
        harness.asked();
        let answer = FindCoordinatorResponse::default().with_node_id(id.into());
        harness.answer(answer.with_port(port));
        assert!(harness.take().is_empty());
        harness.pass();
        harness.asked();
    }
}
