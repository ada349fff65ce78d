//! What the tests of the group's machines share.

use std::time::{Duration, Instant};

use kafka_protocol::messages::{FindCoordinatorResponse, ResponseKind};
use kafka_protocol::protocol::StrBytes;

use super::assignor::Assignor;
use super::classic::{Classic, ClassicSettings};
use super::consumer::{Consumer, ConsumerSettings};
use super::*;
use crate::coordinator;

/// A group, a clock, and the actions that wait to be looked at.
pub(crate) struct Harness {
    pub group: Group,
    pub now: Instant,
    pub actions: Vec<Action>,
}

impl Harness {
    pub fn new(settings: Settings) -> Self {
        let now = Instant::now();
        Harness {
            group: classic_group(now, settings, classic_settings(&[Assignor::Range])),
            now,
            actions: Vec::new(),
        }
    }

    pub fn event(&mut self, event: Event) {
        self.group.on_event(self.now, event, &mut self.actions);
    }

    /// Goes to the next deadline, which has to exist, and returns how long it took.
    pub fn pass(&mut self) -> Duration {
        let at = self.group.next_deadline().expect("a deadline");
        let waited = at.saturating_duration_since(self.now);
        self.now = self.now.max(at);
        self.event(Event::Tick);
        waited
    }

    pub fn take(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// The only action, which has to be a request, built in this version.
    pub fn sent(&mut self, version: i16) -> (Token, RequestKind) {
        let mut actions = self.take();
        assert_eq!(actions.len(), 1, "{actions:?}");
        match actions.remove(0) {
            Action::SendToCoordinator(_, out) => {
                assert!(out.max_version.is_none_or(|max| version <= max));
                (out.token, (out.build)(version))
            }
            other => panic!("not a request: {other:?}"),
        }
    }

    pub fn answer(&mut self, token: Token, kind: ResponseKind) {
        self.event(Event::Response {
            token,
            result: Ok(response(kind)),
        });
    }

    /// The only action, which has to be the question for the coordinator.
    pub fn asked(&mut self) {
        let actions = self.take();
        assert!(
            matches!(
                &actions[..],
                [Action::Coordinator(coordinator::Action::Find(_))]
            ),
            "{actions:?}"
        );
    }

    pub fn coordinator(&mut self, event: coordinator::Event) {
        self.event(Event::Coordinator(event));
    }

    /// From the question to a coordinator that is up.
    pub fn find_coordinator(&mut self, id: i32) {
        self.asked();
        self.coordinator(coordinator::Event::Answer(Ok(response(found(id)))));
        assert!(matches!(&self.take()[..],
            [Action::Coordinator(coordinator::Action::Changed(Some(node)))] if node.id == id));
        self.coordinator(coordinator::Event::Up(id));
    }
}

/// A group whose member goes by the classic protocol.
pub(crate) fn classic_group(now: Instant, settings: Settings, member: ClassicSettings) -> Group {
    let settings = Arc::new(settings);
    let membership = Box::new(Classic::new(now, settings.clone(), member));
    Group::new(now, settings, membership)
}

/// A group whose coordinator assigns.
pub(crate) fn consumer_group(now: Instant, settings: Settings, member: ConsumerSettings) -> Group {
    let settings = Arc::new(settings);
    let membership = Box::new(Consumer::new(now, settings.clone(), member));
    Group::new(now, settings, membership)
}

pub(crate) fn consumer_settings(member_id: &str) -> ConsumerSettings {
    ConsumerSettings {
        member_id: member_id.into(),
        assignor: Some("uniform".into()),
        max_poll_interval: Duration::from_secs(300),
        rack: Some("r".into()),
    }
}

pub(crate) fn classic_settings(assignors: &[Assignor]) -> ClassicSettings {
    ClassicSettings {
        assignors: assignors.to_vec(),
        heartbeat_interval: Duration::from_secs(3),
        max_poll_interval: Duration::from_secs(300),
        rack: None,
    }
}

pub(crate) fn response(kind: ResponseKind) -> Response {
    Response {
        kind: Some(kind),
        version: 1,
        rtt: Duration::ZERO,
        broker_id: 0,
        broker: "".into(),
    }
}

pub(crate) fn found(id: i32) -> ResponseKind {
    ResponseKind::FindCoordinator(
        FindCoordinatorResponse::default()
            .with_node_id(id.into())
            .with_host(StrBytes::from_static_str("localhost"))
            .with_port(9092 + id),
    )
}
