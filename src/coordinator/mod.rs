//! Layer 4: finding the broker that coordinates a group or a transactional id, and
//! noticing that it is another one; and whom requests are for ([`Target`], [`fan_out`]).
//! Below the features, which own one machine for each key.
//!
//! Sans-IO: [`Coordinator::on_event`] takes what happened, with the time and the source of
//! randomness, and says what to do as [`Action`]s. Two facts, each an enum: what is known
//! ([`Found`]) and the question that is out ([`Query`]). A coordinator whose connection is
//! down stays known, since it may come back, while the question is asked again: it may
//! have moved.
//!
//! ```text
//! Found:  No ── answer ──► Connecting ◄── up / down ──► Up
//!          ▲──── not coordinator any more ───────────────┘
//! Query:  Off ── wanted ──► Wait{at} ── due, or a broker came up ──► Asked
//!                              ▲──────────── failed ───────────────────┘
//! ```

pub mod fan_out;
pub mod target;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::{FindCoordinatorRequest, RequestKind, ResponseKind};
use kafka_protocol::protocol::StrBytes;

use crate::base::error::ErrorCode;
use crate::broker::{RequestError, Response};
pub use target::Target;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Group,
    Transaction,
}

impl Kind {
    fn wire(self) -> i8 {
        match self {
            Kind::Group => 0,
            Kind::Transaction => 1,
        }
    }
}

/// What happened.
// Passed by value and handled at once: the size costs a copy per response.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
pub enum Event {
    /// Nothing but that time went by.
    Tick,
    /// From here on a coordinator is needed.
    Wanted,
    /// Some broker came up that can be asked.
    BrokerUp,
    /// The connection to this coordinator is up, or gone.
    Up(i32),
    Down(i32),
    /// This broker says that it is not the coordinator, or did not do what a coordinator
    /// does.
    Lost(i32),
    /// The result of [`Action::Find`].
    Answer(Result<Response, RequestError>),
}

/// What to do.
#[derive(Debug)]
pub enum Action {
    /// Ask any broker that is up; failing at once without one is fine, since
    /// [`Event::BrokerUp`] asks again. Only one question is out at a time.
    Find(Find),
    /// Keep a connection to this coordinator and report it by [`Event::Up`]; `None`: the
    /// old one is not needed any more.
    Changed(Option<Node>),
    /// For the application.
    Failed(ErrorCode, String),
}

/// A FindCoordinator request to send.
pub struct Find {
    pub kind: Kind,
    pub key: Arc<str>,
    /// How long it may take altogether, from now.
    pub timeout: Duration,
}

impl Find {
    /// The request in the version that was negotiated.
    pub fn build(&self, version: i16) -> RequestKind {
        let key = StrBytes::from_string(self.key.to_string());
        let request = FindCoordinatorRequest::default().with_key_type(self.kind.wire());
        RequestKind::FindCoordinator(match version {
            ..4 => request.with_key(key),
            _ => request.with_coordinator_keys(vec![key]),
        })
    }
}

impl fmt::Debug for Find {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.kind, self.key)
    }
}

#[derive(Debug, Clone)]
pub struct Settings {
    /// `socket.timeout.ms`
    pub request_timeout: Duration,
    /// `retry.backoff.ms`, `retry.backoff.max.ms`
    pub retry_backoff: Duration,
    pub retry_backoff_max: Duration,
    /// `coordinator.query.interval.ms`
    pub query_interval: Duration,
}

#[derive(Debug)]
enum Found {
    No,
    Connecting(Node),
    Up(Node),
}

#[derive(Debug)]
enum Query {
    /// No coordinator is needed yet.
    Off,
    Wait {
        at: Instant,
    },
    Asked,
}

/// What a step of the machine works with.
struct Context<'a> {
    now: Instant,
    rng: &'a mut fastrand::Rng,
    actions: &'a mut Vec<Action>,
}

/// The delay before attempt `n`, counted from 0: `base · 2ⁿ` up to `max`, and up to 20 %
/// less or more.
pub fn backoff(rng: &mut fastrand::Rng, n: u32, base: Duration, max: Duration) -> Duration {
    let grown = base.saturating_mul(1u32 << n.min(20)).min(max);
    grown.mul_f64(0.8 + 0.4 * rng.f64())
}

/// The machine for one key.
#[derive(Debug)]
pub struct Coordinator {
    kind: Kind,
    key: Arc<str>,
    settings: Settings,
    found: Found,
    query: Query,
    /// Questions since a coordinator was last up.
    attempts: u32,
    /// What the application was told last, so as not to repeat it.
    reported: Option<ErrorCode>,
}

impl Coordinator {
    pub fn new(kind: Kind, key: Arc<str>, settings: Settings) -> Self {
        Coordinator {
            kind,
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
            (Found::No, Query::Asked) => "wait-coord",
        }
    }

    pub fn on_event(
        &mut self,
        now: Instant,
        event: Event,
        rng: &mut fastrand::Rng,
        actions: &mut Vec<Action>,
    ) {
        let cx = &mut Context { now, rng, actions };
        match event {
            Event::Tick => self.on_tick(cx),
            Event::Wanted => {
                if let Query::Off = self.query {
                    self.query = Query::Wait { at: now };
                }
            }
            Event::BrokerUp => self.on_broker_up(cx),
            Event::Up(node) => self.on_up(cx, node),
            Event::Down(node) => self.on_down(cx, node),
            Event::Lost(node) => self.on_lost(cx, node),
            Event::Answer(result) => self.on_answer(cx, result),
        }
    }

    /// When to come back with [`Event::Tick`] if nothing happens before.
    pub fn next_deadline(&self) -> Option<Instant> {
        match self.query {
            Query::Wait { at } => Some(at),
            Query::Off | Query::Asked => None,
        }
    }

    fn on_broker_up(&mut self, cx: &mut Context<'_>) {
        if self.up().is_none()
            && let Query::Wait { at } = &mut self.query
        {
            *at = cx.now;
        }
    }

    fn on_up(&mut self, cx: &mut Context<'_>, node_id: i32) {
        match std::mem::replace(&mut self.found, Found::No) {
            Found::Connecting(node) if node.id == node_id => {
                self.found = Found::Up(node);
                self.attempts = 0;
                self.refresh_later(cx);
            }
            other => self.found = other,
        }
    }

    fn on_down(&mut self, cx: &mut Context<'_>, node_id: i32) {
        match std::mem::replace(&mut self.found, Found::No) {
            Found::Up(node) if node.id == node_id => {
                self.found = Found::Connecting(node);
                self.ask_soon(cx);
            }
            other => self.found = other,
        }
    }

    fn on_lost(&mut self, cx: &mut Context<'_>, node_id: i32) {
        if self.node().is_some_and(|node| node.id == node_id) {
            self.found = Found::No;
            cx.actions.push(Action::Changed(None));
            self.ask_soon(cx);
        }
    }

    fn on_tick(&mut self, cx: &mut Context<'_>) {
        if let Query::Wait { at } = self.query
            && at <= cx.now
        {
            self.ask(cx);
        }
    }

    fn ask(&mut self, cx: &mut Context<'_>) {
        self.query = Query::Asked;
        cx.actions.push(Action::Find(Find {
            kind: self.kind,
            key: self.key.clone(),
            timeout: self.settings.request_timeout,
        }));
    }

    fn on_answer(&mut self, cx: &mut Context<'_>, result: Result<Response, RequestError>) {
        self.attempts = self.attempts.saturating_add(1);
        self.query = Query::Off;
        self.ask_soon(cx);
        match read(result) {
            Ok(node) => self.on_node(cx, node),
            Err((code, text)) => self.on_error(cx, code, &text),
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
                cx.actions.push(Action::Changed(Some(node)));
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
            cx.actions.push(Action::Failed(code, text));
        }
    }

    /// Asks at once if it has not been asked since the coordinator was last up, else
    /// after the backoff.
    fn ask_soon(&mut self, cx: &mut Context<'_>) {
        let delay = match self.attempts {
            0 => Duration::ZERO,
            n => backoff(
                cx.rng,
                n - 1,
                self.settings.retry_backoff.max(MIN_BACKOFF),
                self.settings.retry_backoff_max,
            ),
        };
        let at = cx.now + delay;
        match &mut self.query {
            Query::Asked => {}
            Query::Wait { at: due } => *due = at.min(*due),
            Query::Off => self.query = Query::Wait { at },
        }
    }

    fn refresh_later(&mut self, cx: &mut Context<'_>) {
        let at = cx.now + self.settings.query_interval;
        if let Query::Wait { .. } = self.query {
            self.query = Query::Wait { at };
        }
    }
}

/// The coordinator that the answer to [`Find`] names, or why it names none.
pub fn read(result: Result<Response, RequestError>) -> Result<Node, (ErrorCode, String)> {
    let answer = match result.map(|response| response.kind) {
        Ok(Some(ResponseKind::FindCoordinator(answer))) => answer,
        Ok(_) => {
            let code = ErrorCode::_BAD_MSG;
            return Err((code, code.text().into_owned()));
        }
        Err(error) => return Err((error.code(), error.to_string())),
    };
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
mod tests;
