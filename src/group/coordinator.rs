//! Finding the broker that coordinates a group or a transactional id, and losing it.
//!
//! Two facts, each an enum: what is known ([`Found`]) and the question that is
//! out ([`Query`]). A coordinator whose connection is down stays known, since it
//! may come back, while the question is asked again: it may have moved.
//!
//! ```text
//! Found:  No ── answer ──► Connecting ◄── up / down ──► Up
//!          ▲──── not coordinator any more ───────────────┘
//! Query:  Off ── wanted ──► Wait{at} ── due, or a broker came up ──► Asked
//!                              ▲──────────── failed ───────────────────┘
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::{
    ApiKey, FindCoordinatorRequest, FindCoordinatorResponse, RequestKind, ResponseKind,
};
use kafka_protocol::protocol::StrBytes;

use super::{Action, Context, Outgoing, Settings, Token};
use crate::base::error::ErrorCode;
use crate::broker::{RequestError, Response};

/// The least time between two questions that fail, whatever is configured.
const MIN_BACKOFF: Duration = Duration::from_millis(10);

/// A broker by id and address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub id: i32,
    pub host: Arc<str>,
    pub port: u16,
}

/// What is coordinated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    Group,
    Transaction,
}

impl KeyType {
    fn wire(self) -> i8 {
        match self {
            KeyType::Group => 0,
            KeyType::Transaction => 1,
        }
    }
}

#[derive(Debug)]
enum Found {
    No,
    Connecting(Node),
    Up(Node),
}

#[derive(Debug)]
enum Query {
    /// Nobody needs a coordinator yet.
    Off,
    Wait {
        at: Instant,
    },
    Asked {
        token: Token,
    },
}

/// The machine for one key.
#[derive(Debug)]
pub struct Coordinator {
    key_type: KeyType,
    key: Arc<str>,
    settings: Arc<Settings>,
    found: Found,
    query: Query,
    /// Questions since a coordinator was last up.
    attempts: u32,
    /// What the application was told last, so as not to repeat it.
    reported: Option<ErrorCode>,
}

impl Coordinator {
    pub fn new(key_type: KeyType, key: Arc<str>, settings: Arc<Settings>) -> Self {
        Coordinator {
            key_type,
            key,
            settings,
            found: Found::No,
            query: Query::Off,
            attempts: 0,
            reported: None,
        }
    }

    /// The coordinator, while its connection is up.
    pub fn up(&self) -> Option<&Node> {
        match &self.found {
            Found::Up(node) => Some(node),
            Found::Connecting(_) | Found::No => None,
        }
    }

    /// The coordinator, with or without a connection.
    pub fn node(&self) -> Option<&Node> {
        match &self.found {
            Found::Up(node) | Found::Connecting(node) => Some(node),
            Found::No => None,
        }
    }

    /// For statistics.
    pub fn state_name(&self) -> &'static str {
        match (&self.found, &self.query) {
            (Found::Up(_), _) => "up",
            (Found::Connecting(_), _) => "wait-broker-transport",
            (Found::No, Query::Off) => "init",
            (Found::No, Query::Wait { .. }) => "query-coord",
            (Found::No, Query::Asked { .. }) => "wait-coord",
        }
    }

    /// From here on a coordinator is needed.
    pub fn want(&mut self, cx: &mut Context<'_>) {
        if let Query::Off = self.query {
            self.query = Query::Wait { at: cx.now };
        }
    }

    /// A broker came up that can be asked now.
    pub fn on_broker_up(&mut self, cx: &mut Context<'_>) {
        if self.up().is_none()
            && let Query::Wait { at } = &mut self.query
        {
            *at = cx.now;
        }
    }

    pub fn on_up(&mut self, cx: &mut Context<'_>, node_id: i32) {
        match std::mem::replace(&mut self.found, Found::No) {
            Found::Connecting(node) if node.id == node_id => {
                self.found = Found::Up(node);
                self.attempts = 0;
                self.refresh_later(cx);
            }
            other => self.found = other,
        }
    }

    pub fn on_down(&mut self, cx: &mut Context<'_>, node_id: i32) {
        match std::mem::replace(&mut self.found, Found::No) {
            Found::Up(node) if node.id == node_id => {
                self.found = Found::Connecting(node);
                self.ask_soon(cx);
            }
            other => self.found = other,
        }
    }

    /// `node_id` says that it is not the coordinator, or did not do what a
    /// coordinator does.
    pub fn on_lost(&mut self, cx: &mut Context<'_>, node_id: i32) {
        if self.node().is_some_and(|node| node.id == node_id) {
            self.found = Found::No;
            cx.actions.push(Action::CoordinatorChanged(None));
            self.ask_soon(cx);
        }
    }

    pub fn on_tick(&mut self, cx: &mut Context<'_>) {
        if let Query::Wait { at } = self.query
            && at <= cx.now
        {
            self.ask(cx);
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        match self.query {
            Query::Wait { at } => Some(at),
            Query::Off | Query::Asked { .. } => None,
        }
    }

    /// Takes the answer to this machine's question; gives back what is not.
    pub fn on_response(
        &mut self,
        cx: &mut Context<'_>,
        token: Token,
        result: Result<Response, RequestError>,
    ) -> Option<Result<Response, RequestError>> {
        match self.query {
            Query::Asked { token: own } if own == token => self.on_answer(cx, result),
            _ => return Some(result),
        }
        None
    }

    fn ask(&mut self, cx: &mut Context<'_>) {
        let token = cx.token();
        self.query = Query::Asked { token };
        let key = StrBytes::from_string(self.key.to_string());
        let key_type = self.key_type.wire();
        cx.actions.push(Action::SendToAny(Outgoing {
            token,
            api: ApiKey::FindCoordinator,
            max_version: None,
            timeout: self.settings.request_timeout,
            aside: false,
            build: Box::new(move |version| {
                let request = FindCoordinatorRequest::default().with_key_type(key_type);
                RequestKind::FindCoordinator(match version {
                    ..4 => request.with_key(key),
                    _ => request.with_coordinator_keys(vec![key]),
                })
            }),
        }));
    }

    fn on_answer(&mut self, cx: &mut Context<'_>, result: Result<Response, RequestError>) {
        self.attempts = self.attempts.saturating_add(1);
        self.query = Query::Off;
        self.ask_soon(cx);
        match result {
            Ok(response) => match response.kind {
                Some(ResponseKind::FindCoordinator(answer)) => match read(&answer) {
                    Ok(node) => self.on_node(cx, node),
                    Err((code, text)) => self.on_error(cx, code, &text),
                },
                _ => self.on_error(cx, ErrorCode::_BAD_MSG, &ErrorCode::_BAD_MSG.text()),
            },
            Err(error) => self.on_error(cx, error.code(), &error.to_string()),
        }
    }

    fn on_node(&mut self, cx: &mut Context<'_>, node: Node) {
        self.reported = None;
        match &self.found {
            Found::Up(known) if *known == node => {
                self.attempts = 0;
                self.refresh_later(cx);
            }
            Found::Connecting(known) if *known == node => {}
            _ => {
                self.found = Found::Connecting(node.clone());
                cx.actions.push(Action::CoordinatorChanged(Some(node)));
            }
        }
    }

    fn on_error(&mut self, cx: &mut Context<'_>, code: ErrorCode, text: &str) {
        let passing = matches!(
            code,
            ErrorCode::COORDINATOR_NOT_AVAILABLE
                | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
                | ErrorCode::_TRANSPORT
                | ErrorCode::_TIMED_OUT
                | ErrorCode::_TIMED_OUT_QUEUE
                | ErrorCode::_DESTROY
        );
        if !passing && self.reported != Some(code) {
            self.reported = Some(code);
            let text = format!("FindCoordinator response error: {text}");
            cx.actions.push(Action::Error(code, text));
        }
    }

    /// Asks at once if it has not been asked since the coordinator was last up, else
    /// after the backoff.
    fn ask_soon(&mut self, cx: &mut Context<'_>) {
        let delay = match self.attempts {
            0 => Duration::ZERO,
            n => cx.backoff(
                n - 1,
                self.settings.retry_backoff.max(MIN_BACKOFF),
                self.settings.retry_backoff_max,
            ),
        };
        let at = cx.now + delay;
        match &mut self.query {
            Query::Asked { .. } => {}
            Query::Wait { at: due } => *due = at.min(*due),
            Query::Off => self.query = Query::Wait { at },
        }
    }

    fn refresh_later(&mut self, cx: &mut Context<'_>) {
        let at = cx.now + self.settings.coordinator_query_interval;
        if let Query::Wait { .. } = self.query {
            self.query = Query::Wait { at };
        }
    }
}

fn read(answer: &FindCoordinatorResponse) -> Result<Node, (ErrorCode, String)> {
    let (code, text, id, host, port) = match answer.coordinators.first() {
        Some(c) => (c.error_code, &c.error_message, c.node_id, &c.host, c.port),
        None => (
            answer.error_code,
            &answer.error_message,
            answer.node_id,
            &answer.host,
            answer.port,
        ),
    };
    let code = ErrorCode::from(code);
    if code.is_err() {
        let text = match text {
            Some(text) if !text.is_empty() => text.to_string(),
            _ => code.text().into_owned(),
        };
        return Err((code, text));
    }
    match u16::try_from(port) {
        Ok(port) if id.0 >= 0 => Ok(Node {
            id: id.0,
            host: host.as_str().into(),
            port,
        }),
        _ => Err((
            ErrorCode::COORDINATOR_NOT_AVAILABLE,
            "no coordinator in the response".into(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::offsets::Fetch;
    use crate::group::testing::{Harness, found};
    use crate::group::{Event, KeyType};

    fn harness() -> Harness {
        let mut harness = Harness::new(Settings::new("g"));
        harness.event(Event::Fetch(Fetch {
            id: 1,
            partitions: vec![("t".into(), 0)],
            require_stable: false,
            deadline: None,
        }));
        harness
    }

    fn not_available() -> ResponseKind {
        let code = ErrorCode::COORDINATOR_NOT_AVAILABLE.0 as i16;
        ResponseKind::FindCoordinator(FindCoordinatorResponse::default().with_error_code(code))
    }

    #[test]
    fn asks_for_the_group_in_every_version() {
        for version in 0..=6 {
            let (_, request) = harness().sent(version);
            let RequestKind::FindCoordinator(request) = request else {
                panic!("{request:?}");
            };
            let key = match version {
                ..4 => request.key.as_str(),
                _ => request.coordinator_keys[0].as_str(),
            };
            assert_eq!((key, request.key_type), ("g", 0));
            let mut out = bytes::BytesMut::new();
            let request = RequestKind::FindCoordinator(request);
            crate::protocol::request::encode_request(
                ApiKey::FindCoordinator,
                version,
                1,
                None,
                &request,
                &mut out,
            )
            .unwrap();
        }
        assert_eq!(KeyType::Transaction.wire(), 1);
    }

    #[test]
    fn nothing_is_asked_before_someone_needs_it() {
        let mut harness = Harness::new(Settings::new("g"));
        harness.event(Event::BrokerUp);
        harness.event(Event::Tick);
        assert!(harness.take().is_empty() && harness.group.next_deadline().is_none());
    }

    #[test]
    fn backs_off_and_a_new_broker_cuts_that_short() {
        let mut harness = harness();
        let mut waits = Vec::new();
        for _ in 0..6 {
            let (token, _) = harness.sent(3);
            harness.answer(token, not_available());
            assert!(harness.take().is_empty());
            waits.push(harness.pass().as_millis());
        }
        assert!((80..=120).contains(&waits[0]), "{waits:?}");
        assert!((800..=1200).contains(&waits[5]), "{waits:?}");
        let (token, _) = harness.sent(3);
        harness.fail(token, RequestError::TimedOutInQueue);
        harness.event(Event::BrokerUp);
        harness.sent(3);
    }

    #[test]
    fn errors_are_told_once_until_it_is_found() {
        let mut harness = harness();
        let denied = || {
            let code = ErrorCode::GROUP_AUTHORIZATION_FAILED.0 as i16;
            ResponseKind::FindCoordinator(FindCoordinatorResponse::default().with_error_code(code))
        };
        let (token, _) = harness.sent(3);
        harness.answer(token, denied());
        assert!(matches!(&harness.take()[..], [Action::Error(code, text)]
            if *code == ErrorCode::GROUP_AUTHORIZATION_FAILED
                && text == "FindCoordinator response error: Broker: Group authorization failed"));
        harness.pass();
        let (token, _) = harness.sent(3);
        harness.answer(token, denied());
        assert!(harness.take().is_empty());
        harness.pass();
        harness.find_coordinator(1);
    }

    #[test]
    fn a_lost_connection_keeps_the_coordinator_and_asks_again() {
        let mut harness = harness();
        harness.find_coordinator(1);
        harness.take();
        harness.event(Event::CoordinatorDown(1));
        assert!(harness.group.coordinator().is_none());
        let (token, request) = harness.sent(3);
        assert!(matches!(request, RequestKind::FindCoordinator(_)));
        // The same one: nothing changes. Another: it moved.
        harness.answer(token, found(1));
        assert!(harness.take().is_empty());
        harness.pass();
        let (token, _) = harness.sent(3);
        harness.answer(token, found(2));
        assert!(matches!(&harness.take()[..],
            [Action::CoordinatorChanged(Some(node))] if node.id == 2));
        harness.event(Event::CoordinatorUp(1));
        assert!(harness.group.coordinator().is_none());
        harness.event(Event::CoordinatorUp(2));
        assert_eq!(harness.group.coordinator().unwrap().id, 2);
    }

    #[test]
    fn is_asked_again_now_and_then_while_all_is_well() {
        let mut harness = harness();
        harness.find_coordinator(1);
        let (fetch, _) = harness.sent(1);
        let waited = harness.pass();
        assert_eq!(waited, Settings::new("").coordinator_query_interval);
        let (token, _) = harness.sent(3);
        harness.fail(token, RequestError::TimedOut);
        assert_eq!(harness.group.coordinator().unwrap().id, 1);
        harness.fail(fetch, RequestError::Destroyed);
    }

    #[test]
    fn a_response_that_names_nobody_is_no_coordinator() {
        for (id, port) in [(-1, 9092), (1, -1), (1, 70000)] {
            let mut harness = harness();
            let (token, _) = harness.sent(3);
            let answer = FindCoordinatorResponse::default()
                .with_node_id(id.into())
                .with_port(port);
            harness.answer(token, ResponseKind::FindCoordinator(answer));
            assert!(harness.take().is_empty());
            harness.pass();
            harness.sent(3);
        }
    }
}
