//! One broker: its address, its connection and what waits for it.
//!
//! ```text
//! Idle ──work──► Resolving ──► Connecting ──► Handshake ──► Up
//!  ▲                 │             │              │          │
//!  │                 └──────── failure ───────────┘          │ connection lost,
//!  │                               ▼                         │ request timed out
//!  └── no work ──────────────── Backoff ◄────────────────────┘
//! ```
//!
//! `Handshake` is ApiVersions (KIP-35, KIP-511), tried once more at version 0 if
//! the broker refuses ours; it is left out where versions are assumed, for ever or for some time after it failed. Requests wait in `pending` until the link is up; each
//! carries its own deadline.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kafka_protocol::messages::{ApiKey, ApiVersionsRequest, RequestKind, ResponseKind};
use kafka_protocol::protocol::StrBytes;
use mio::event::Event;
use mio::{Registry, Token};
use parking_lot::RwLock;

use super::conn::{Conn, Received};
use super::event_loop::Command;
use super::inflight::Origin;
use super::observer::{Observer, Watch};
use super::shown::Shown;
use super::stats::StateName;
use super::transport::tcp::{Options, TcpLink};
use super::transport::{SocketHooks, Stream};
use super::{
    ApiVersions, BrokerStats, LinkEvent, LinkSettings, LinkUser, Outbox, Request, RequestError,
    Response,
};
use crate::base::backoff;
use crate::base::error::ErrorCode;
use crate::base::log::{Level, Logger, debug};
use crate::base::thread;

/// What a link is known as; changes when its id becomes known.
#[derive(Debug, Default, Clone)]
pub struct Identity {
    pub host: String,
    pub port: u16,
    /// -1 for a bootstrap broker, -2 and so on for what is no broker of its own.
    pub node_id: i32,
    /// Stands in for host and port where they are not fixed: a coordinator.
    pub label: Option<String>,
}

impl Identity {
    /// The broker's id, -1 for what is no broker of its own.
    pub fn shown_id(&self) -> i32 {
        match self.label {
            Some(_) => -1,
            None => self.node_id,
        }
    }

    /// `host:port/id`, as log lines, statistics and errors name the broker.
    pub fn name(&self) -> String {
        match (&self.label, self.node_id) {
            (Some(label), _) => label.clone(),
            (None, id) if id < 0 => format!("{}:{}/bootstrap", self.host, self.port),
            (None, id) => format!("{}:{}/{id}", self.host, self.port),
        }
    }
}

pub type EventSink = Box<dyn Fn(LinkEvent) + Send>;
type LookUpDone = Arc<dyn Fn(io::Result<Vec<SocketAddr>>) + Send + Sync>;

/// All a link needs to know.
pub struct LinkConfig {
    pub settings: Arc<LinkSettings>,
    pub identity: Arc<RwLock<Identity>>,
    pub logger: Arc<Logger>,
    pub hooks: Arc<dyn SocketHooks>,
    pub stats: Arc<BrokerStats>,
    pub events: EventSink,
    pub observer: Option<Arc<dyn Observer>>,
}

impl LinkConfig {
    pub(super) fn watch(&self) -> Option<Watch> {
        self.observer.as_ref().map(|observer| Watch {
            observer: observer.clone(),
            identity: self.identity.clone(),
        })
    }
}

enum State<T> {
    Idle,
    Backoff {
        until: Instant,
    },
    Resolving {
        deadline: Instant,
    },
    Connecting {
        conn: Box<Conn<T>>,
        deadline: Instant,
    },
    Handshake {
        conn: Box<Conn<T>>,
        deadline: Instant,
        version: i16,
    },
    Up {
        conn: Box<Conn<T>>,
    },
}

pub struct Link<U: LinkUser> {
    config: LinkConfig,
    user: U,
    token: Token,
    look_up_done: LookUpDone,
    state: State<U::Tag>,
    shown: Shown,
    state_since: Instant,
    pending: VecDeque<Request>,
    addresses: Vec<SocketAddr>,
    /// Addresses of `addresses` that were tried since the look-up.
    tried: usize,
    resolved_at: Option<Instant>,
    failed_attempts: u32,
    connect_wanted: bool,
    /// Until then the broker is not asked for its versions.
    assume_until: Option<Instant>,
    last_error: Option<(String, Instant)>,
    /// Threads that look up names with the application's function.
    resolvers: Vec<JoinHandle<()>>,
}

/// The same connection error is told to the application this often at most.
const REPEAT_ERROR_AFTER: Duration = Duration::from_secs(30);
/// The newest ApiVersions request this client sends.
const API_VERSIONS: i16 = 3;

impl<U: LinkUser> Link<U> {
    pub fn new(
        config: LinkConfig,
        user: U,
        token: Token,
        look_up_done: impl Fn(io::Result<Vec<SocketAddr>>) + Send + Sync + 'static,
    ) -> Self {
        Link {
            shown: Shown::new(&config),
            config,
            user,
            token,
            look_up_done: Arc::new(look_up_done),
            state: State::Idle,
            state_since: Instant::now(),
            pending: VecDeque::new(),
            addresses: Vec::new(),
            tried: 0,
            resolved_at: None,
            failed_attempts: 0,
            connect_wanted: false,
            assume_until: None,
            last_error: None,
            resolvers: Vec::new(),
        }
    }

    fn name(&self) -> String {
        self.config.identity.read().name()
    }

    pub fn count_wakeup(&self) {
        BrokerStats::bump(&self.config.stats.wakeups);
    }

    fn count_pending(&self) {
        let waiting = &self.config.stats.waiting;
        waiting.store(self.pending.len(), Ordering::Relaxed);
    }

    pub fn on_command(&mut self, now: Instant, command: Command<U>, registry: &Registry) {
        match command {
            Command::Send(request) => {
                self.pending.push_back(request);
                self.count_pending();
            }
            Command::User(c) => self.user.on_command(now, c),
            Command::Connect => self.connect_wanted = true,
            Command::SkipBackoff => {
                if let State::Backoff { .. } = self.state {
                    self.enter(now, State::Idle);
                }
            }
            Command::SetAddress {
                host,
                port,
                node_id,
            } => {
                self.set_address(now, host, port, node_id, registry);
            }
            Command::Disconnect { why } => {
                if self.has_connection() {
                    self.disconnect(now, registry, &why, None);
                }
            }
            Command::Resolved(result) => self.on_resolved(now, result, registry),
            // Handled by the loop, which owns the link.
            Command::Stop => {}
        }
    }

    fn set_address(
        &mut self,
        now: Instant,
        host: String,
        port: u16,
        node_id: i32,
        registry: &Registry,
    ) {
        let before = self.config.identity.read().clone();
        let moved = before.host != host || before.port != port;
        if moved {
            self.config.logger.debug(
                debug::BROKER,
                "UPDATE",
                format_args!(
                    "{}: Nodename changed from {}:{} to {host}:{port}",
                    before.name(),
                    before.host,
                    before.port
                ),
            );
        }
        {
            let mut id = self.config.identity.write();
            id.host = host;
            id.port = port;
            id.node_id = node_id;
        }
        if moved {
            self.addresses.clear();
            self.resolved_at = None;
            self.failed_attempts = 0;
            if self.has_connection() {
                self.disconnect(now, registry, "the broker's address changed", None);
            }
            self.enter(now, State::Idle);
        }
        if let State::Up { conn } = &mut self.state {
            conn.set_broker(&self.config.identity.read());
        }
    }

    /// Nothing is under way or waits: the next turn can only send.
    pub fn is_up_and_idle(&self) -> bool {
        matches!(&self.state, State::Up { conn } if conn.is_idle()) && self.pending.is_empty()
    }

    /// The socket is to be read by whoever waits in `seat`; false if it is not, or not
    /// now.
    pub fn lend(&mut self, registry: &Registry, seat: &Registry) -> bool {
        match &mut self.state {
            State::Up { conn } => conn.lend(registry, seat),
            _ => false,
        }
    }

    /// False if the connection was lost over it.
    pub fn take_back(&mut self, registry: &Registry) -> bool {
        if let State::Up { conn } = &mut self.state
            && let Err(e) = conn.take_back(registry)
        {
            self.lost(Instant::now(), registry, &e);
            return false;
        }
        true
    }

    /// Whoever waits in the seat was told of the socket.
    pub fn note_arrived(&mut self, closed: bool) {
        if let State::Up { conn } = &mut self.state {
            conn.note_arrived(closed);
        }
    }

    fn has_connection(&self) -> bool {
        matches!(
            self.state,
            State::Connecting { .. } | State::Handshake { .. } | State::Up { .. }
        )
    }

    fn enter(&mut self, now: Instant, state: State<U::Tag>) {
        self.state = state;
        let name = match self.state {
            State::Idle | State::Backoff { .. } => return self.show_unconnected(now),
            State::Resolving { .. } | State::Connecting { .. } => StateName::Connect,
            State::Handshake { .. } => StateName::ApiVersionQuery,
            State::Up { .. } => StateName::Up,
        };
        if self.shown.change(&self.config, name) {
            self.state_since = now;
        }
    }

    fn show_unconnected(&mut self, now: Instant) {
        // Somebody waits for it: to be asked about the cluster, any broker will do.
        let needed = !self.pending.is_empty()
            || self.user.wants_connection()
            || (self.connect_wanted && self.config.identity.read().label.is_some());
        if self.shown.unconnected(&self.config, needed) {
            self.state_since = now;
        }
    }

    fn wants_connection(&self) -> bool {
        self.connect_wanted || !self.pending.is_empty() || self.user.wants_connection()
    }

    /// Does all that is due. Called on every turn of the loop.
    pub fn run(&mut self, now: Instant, registry: &Registry) {
        self.user.collect(now);
        self.expire_pending(now);
        if let State::Backoff { until } = self.state
            && now >= until
        {
            self.enter(now, State::Idle);
        }
        if matches!(self.state, State::Idle | State::Backoff { .. }) {
            self.show_unconnected(now);
        }
        if matches!(self.state, State::Idle) && self.wants_connection() {
            self.start_connecting(now, registry);
        }
        self.check_deadlines(now, registry);
        if matches!(self.state, State::Up { .. }) {
            self.run_up(now, registry);
        }
        if !matches!(self.state, State::Up { .. }) {
            self.user.poll_down(now);
        }
    }

    fn check_deadlines(&mut self, now: Instant, registry: &Registry) {
        match &self.state {
            State::Resolving { deadline } if now >= *deadline => {
                let id = self.config.identity.read().clone();
                let text = format!("Failed to resolve '{}:{}': timed out", id.host, id.port);
                self.disconnect(now, registry, &text, Some(ErrorCode::_RESOLVE));
            }
            State::Connecting { deadline, .. } | State::Handshake { deadline, .. }
                if now >= *deadline =>
            {
                let text = format!(
                    "Connection setup timed out in state {}",
                    self.shown.name().text()
                );
                self.disconnect(now, registry, &text, Some(ErrorCode::_TRANSPORT));
            }
            State::Up { conn } => {
                if conn.deadline().is_some_and(|d| now >= d) {
                    let timed_out = conn.timed_out(now);
                    self.config
                        .stats
                        .request_timeouts
                        .fetch_add(timed_out as u64, Ordering::Relaxed);
                    let max_fails = self.config.settings.max_fails;
                    if max_fails > 0 && conn.timeouts() + timed_out >= max_fails {
                        let text = format!("{timed_out} request(s) timed out: disconnect");
                        self.disconnect(now, registry, &text, Some(ErrorCode::_TIMED_OUT));
                    } else {
                        self.expire_sent(now);
                    }
                } else if !self.config.settings.max_idle.is_zero()
                    && conn.idle_since() + self.config.settings.max_idle <= now
                    && conn.is_idle()
                {
                    self.connect_wanted = false;
                    self.disconnect(now, registry, "Connection max idle time exceeded", None);
                }
            }
            _ => {}
        }
    }

    /// What was sent and is not answered in time fails; the connection stays.
    fn expire_sent(&mut self, now: Instant) {
        let State::Up { conn } = &mut self.state else {
            return;
        };
        for origin in conn.expire(now) {
            let error = RequestError::TimedOut;
            match origin {
                Origin::Caller(reply) => reply(Err(error)),
                Origin::User(tag) => self.user.on_response(now, tag, Err(error)),
                Origin::Handshake | Origin::Expired => {}
            }
        }
    }

    fn start_connecting(&mut self, now: Instant, registry: &Registry) {
        let (host, port) = {
            let id = self.config.identity.read();
            (id.host.clone(), id.port)
        };
        if host.is_empty() {
            // An address is yet to be learned (a coordinator's).
            return;
        }
        self.shown.change(&self.config, StateName::TryConnect);
        BrokerStats::bump(&self.config.stats.connects);
        let fresh = self
            .resolved_at
            .is_some_and(|at| now < at + self.config.settings.address_ttl);
        if self.tried < self.addresses.len() || (fresh && !self.addresses.is_empty()) {
            self.connect_next(now, registry);
            return;
        }
        let deadline = now + self.config.settings.setup_timeout;
        self.enter(now, State::Resolving { deadline });
        let hooks = self.config.hooks.clone();
        let family = self.config.settings.family;
        // Names can take long to look up and nothing can interrupt that: a thread
        // of its own keeps the loop, and so destroy, responsive.
        let done = self.look_up_done.clone();
        let foreign = hooks.resolves_itself();
        if host.parse::<std::net::IpAddr>().is_ok() {
            let result = hooks.resolve(&host, port, family);
            self.on_resolved(now, result, registry);
            return;
        }
        let spawned = thread::spawn("rdk:resolver", move || {
            done(hooks.resolve(&host, port, family));
        });
        match spawned {
            Ok(thread) if foreign => {
                self.resolvers.retain(|t| !t.is_finished());
                self.resolvers.push(thread);
            }
            // Left behind if need be: it holds only its answer's address.
            Ok(_) => {}
            Err(e) => self.on_resolved(now, Err(e), registry),
        }
    }

    fn on_resolved(
        &mut self,
        now: Instant,
        result: io::Result<Vec<SocketAddr>>,
        registry: &Registry,
    ) {
        if !matches!(self.state, State::Resolving { .. }) {
            return;
        }
        match result {
            Ok(mut addresses) => {
                // Spreads clients over the addresses of one name.
                if addresses.len() > 1 {
                    let start = fastrand::usize(..addresses.len());
                    addresses.rotate_left(start);
                }
                self.addresses = addresses;
                self.tried = 0;
                self.resolved_at = Some(now);
                self.connect_next(now, registry);
            }
            Err(e) => {
                let id = self.config.identity.read().clone();
                let text = format!(
                    "Failed to resolve '{}:{}': {}",
                    id.host,
                    id.port,
                    show_error(&e)
                );
                self.disconnect(now, registry, &text, Some(ErrorCode::_RESOLVE));
            }
        }
    }

    fn connect_next(&mut self, now: Instant, registry: &Registry) {
        let at = self.tried % self.addresses.len().max(1);
        let Some(addr) = self.addresses.get(at).copied() else {
            return;
        };
        self.tried += 1;
        let s = &self.config.settings;
        let options = Options {
            send_buffer: s.send_buffer,
            receive_buffer: s.receive_buffer,
            keepalive: s.keepalive,
            nodelay: s.nodelay,
        };
        let broker = self.name();
        let stream =
            TcpLink::connect(addr, &broker, &options, self.config.hooks.clone()).and_then(|tcp| {
                let mut stream = Stream::Tcp(tcp);
                stream.register(registry, self.token)?;
                Ok(stream)
            });
        match stream {
            Ok(stream) => {
                let conn = Conn::new(
                    stream,
                    addr,
                    &self.config.identity.read(),
                    self.config.settings.clone(),
                    self.config.stats.clone(),
                    self.config.watch(),
                    now,
                );
                let deadline = now + self.config.settings.setup_timeout;
                self.enter(
                    now,
                    State::Connecting {
                        conn: Box::new(conn),
                        deadline,
                    },
                );
            }
            Err(e) => {
                self.enter_connect_state(now);
                let text = format!("Connect to {} failed: {}", show(addr), show_error(&e));
                self.disconnect(now, registry, &text, Some(ErrorCode::_TRANSPORT));
            }
        }
    }

    fn enter_connect_state(&mut self, now: Instant) {
        let deadline = now + self.config.settings.setup_timeout;
        self.enter(now, State::Resolving { deadline });
    }

    pub fn on_event(&mut self, now: Instant, event: &Event, registry: &Registry) {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Connecting { mut conn, deadline } => {
                // The peer may have closed it already: there is no second event.
                conn.note_ready(event);
                let made = conn.connected();
                match made {
                    Ok(false) if !event.is_error() => {
                        self.state = State::Connecting { conn, deadline };
                    }
                    Ok(_) => {
                        self.state = State::Connecting { conn, deadline };
                        match self.versions_at_hand(now) {
                            Some(versions) => self.up(now, versions),
                            None => self.handshake(now, registry, API_VERSIONS),
                        }
                    }
                    Err(e) => {
                        let text = format!(
                            "Connect to {} failed: {}",
                            show(conn.address()),
                            show_error(&e)
                        );
                        self.state = State::Connecting { conn, deadline };
                        self.disconnect(now, registry, &text, Some(ErrorCode::_TRANSPORT));
                    }
                }
            }
            State::Handshake {
                mut conn,
                deadline,
                version,
            } => {
                conn.note_ready(event);
                self.state = State::Handshake {
                    conn,
                    deadline,
                    version,
                };
                self.run_handshake(now, registry);
            }
            State::Up { mut conn } => {
                conn.note_ready(event);
                self.state = State::Up { conn };
            }
            other => self.state = other,
        }
    }

    /// Versions that are assumed, where the broker is not to be asked.
    fn versions_at_hand(&self, now: Instant) -> Option<Arc<ApiVersions>> {
        let settings = &self.config.settings;
        let fallback = settings.fallback.as_ref();
        settings.assumed_versions.clone().or_else(|| {
            let (versions, _) = fallback?;
            self.assume_until
                .is_some_and(|until| now < until)
                .then(|| versions.clone())
        })
    }

    fn handshake(&mut self, now: Instant, registry: &Registry, version: i16) {
        let mut conn = match std::mem::replace(&mut self.state, State::Idle) {
            State::Connecting { conn, .. } | State::Handshake { conn, .. } => conn,
            other => {
                self.state = other;
                return;
            }
        };
        let settings = &self.config.settings;
        let mut request = ApiVersionsRequest::default();
        if version >= 3 {
            request.client_software_name = StrBytes::from_string(settings.software_name.clone());
            request.client_software_version =
                StrBytes::from_string(settings.software_version.clone());
        }
        let deadline = now + settings.api_version_timeout.min(settings.setup_timeout);
        conn.note_writable();
        conn.send_request(
            now,
            ApiKey::ApiVersions,
            version,
            &RequestKind::ApiVersions(request),
            deadline,
            Origin::Handshake,
        );
        self.enter(
            now,
            State::Handshake {
                conn,
                deadline,
                version,
            },
        );
        self.run_handshake(now, registry);
    }

    fn run_handshake(&mut self, now: Instant, registry: &Registry) {
        let State::Handshake { conn, version, .. } = &mut self.state else {
            return;
        };
        let version = *version;
        if let Err(e) = conn.flush() {
            self.lost(now, registry, &e);
            return;
        }
        let received = match conn.receive(now) {
            Ok(None) => return,
            Ok(Some(r)) => r,
            Err(e) => {
                self.lost(now, registry, &e);
                return;
            }
        };
        match received.result {
            Ok(Response {
                kind: Some(ResponseKind::ApiVersions(r)),
                ..
            }) => {
                let code = ErrorCode::from(r.error_code);
                if code == ErrorCode::UNSUPPORTED_VERSION && version > 0 {
                    // The broker is older than our request: KIP-511 has it answer
                    // at version 0, which every broker takes.
                    self.handshake(now, registry, 0);
                } else if code.is_err() {
                    let text = format!("ApiVersions was refused: {code}");
                    self.disconnect(now, registry, &text, Some(ErrorCode::_TRANSPORT));
                } else {
                    self.up(now, Arc::new(ApiVersions::from_response(&r)));
                }
            }
            Err(RequestError::BadResponse(_)) if version > 0 => self.handshake(now, registry, 0),
            Err(e) => {
                let text = format!("ApiVersions failed: {e}");
                self.disconnect(now, registry, &text, Some(ErrorCode::_TRANSPORT));
            }
            Ok(_) => {
                self.disconnect(
                    now,
                    registry,
                    "ApiVersions was answered with something else",
                    Some(ErrorCode::_TRANSPORT),
                );
            }
        }
    }

    fn up(&mut self, now: Instant, versions: Arc<ApiVersions>) {
        let (State::Connecting { mut conn, .. } | State::Handshake { mut conn, .. }) =
            std::mem::replace(&mut self.state, State::Idle)
        else {
            return;
        };
        conn.note_writable();
        conn.set_versions(versions.clone());
        self.failed_attempts = 0;
        self.tried = 0;
        self.last_error = None;
        self.enter(now, State::Up { conn });
        (self.config.events)(LinkEvent::Up { versions });
        self.user.on_up(now);
    }

    fn run_up(&mut self, now: Instant, registry: &Registry) {
        // Responses first: they make room for requests.
        loop {
            let State::Up { conn } = &mut self.state else {
                return;
            };
            match conn.receive(now) {
                Ok(Some(received)) => self.dispatch(now, received),
                Ok(None) => break,
                Err(e) => {
                    self.lost(now, registry, &e);
                    return;
                }
            }
        }
        let State::Up { conn } = &mut self.state else {
            return;
        };
        while conn.room() > 0 {
            let Some(request) = self.pending.pop_front() else {
                break;
            };
            conn.send_caller_request(now, request);
        }
        self.config
            .stats
            .waiting
            .store(self.pending.len(), Ordering::Relaxed);
        self.user.poll(now, conn.as_mut());
        for (tag, result) in conn.take_finished() {
            self.user.on_response(now, tag, result);
        }
        if let Err(e) = conn.flush().and_then(|()| conn.expect_room(registry)) {
            self.lost(now, registry, &e);
        }
    }

    fn dispatch(&mut self, now: Instant, received: Received<U::Tag>) {
        if received.throttle > Duration::ZERO {
            (self.config.events)(LinkEvent::Throttled {
                time: received.throttle,
            });
        }
        match received.origin {
            Origin::Caller(reply) => reply(received.result),
            Origin::User(tag) => self.user.on_response(now, tag, received.result),
            Origin::Handshake | Origin::Expired => {}
        }
    }

    /// The connection failed under us.
    fn lost(&mut self, now: Instant, registry: &Registry, e: &io::Error) {
        let closed = e.kind() == io::ErrorKind::UnexpectedEof;
        let text = if closed {
            "Disconnected".to_string()
        } else if e.kind() == io::ErrorKind::InvalidData {
            BrokerStats::bump(&self.config.stats.rx_errors);
            format!("Protocol violation: {e}")
        } else {
            format!("Disconnected: {}", show_error(e))
        };
        let code = if e.kind() == io::ErrorKind::InvalidData {
            ErrorCode::_BAD_MSG
        } else {
            ErrorCode::_TRANSPORT
        };
        self.disconnect(now, registry, &text, Some(code));
    }

    /// After a panic in this link's code. What was taken out of the state is lost with
    /// it: the user gives up what it still has in flight.
    pub fn broken(&mut self, now: Instant, registry: &Registry) {
        self.disconnect(now, registry, "internal error", Some(ErrorCode::_FAIL));
        self.user.on_down(now);
    }

    /// The one way in which a connection, or the attempt to make one, ends.
    fn disconnect(
        &mut self,
        now: Instant,
        registry: &Registry,
        why: &str,
        code: Option<ErrorCode>,
    ) {
        let name_in_state = self.shown.name();
        let was_up = matches!(self.state, State::Up { .. });
        if let (State::Handshake { .. }, Some((_, time))) =
            (&self.state, &self.config.settings.fallback)
        {
            self.assume_until = Some(now + *time);
        }
        let text = format!(
            "{}: {why} ({} ms in {})",
            self.name(),
            now.saturating_duration_since(self.state_since).as_millis(),
            name_in_state.text()
        );
        let conn = match std::mem::replace(&mut self.state, State::Idle) {
            State::Connecting { conn, .. } | State::Handshake { conn, .. } | State::Up { conn } => {
                Some(conn)
            }
            _ => None,
        };
        if let Some(mut conn) = conn {
            conn.close(registry);
            for entry in conn.drain() {
                let error = if entry.deadline <= now {
                    RequestError::TimedOut
                } else {
                    RequestError::Disconnected(why.to_string())
                };
                conn.note_answer(&entry, 0, -1, error.code());
                match entry.origin {
                    Origin::Caller(reply) => reply(Err(error)),
                    Origin::User(tag) => self.user.on_response(now, tag, Err(error)),
                    Origin::Handshake | Origin::Expired => {}
                }
            }
        }
        if was_up {
            BrokerStats::bump(&self.config.stats.disconnects);
        }
        let untried = self.tried < self.addresses.len();
        self.back_off(now, was_up, untried);
        if was_up {
            self.user.on_down(now);
        }
        self.report(now, was_up, text, code);
    }

    fn back_off(&mut self, now: Instant, was_up: bool, untried_address: bool) {
        self.state_since = now;
        // The name is looked up again once all its addresses have failed.
        if !untried_address {
            self.resolved_at = None;
            self.tried = self.addresses.len();
        }
        if untried_address && !was_up {
            self.enter(now, State::Idle);
            return;
        }
        let s = &self.config.settings;
        let delay = backoff::delay(
            self.failed_attempts,
            s.reconnect_backoff,
            s.reconnect_backoff_max,
        );
        if !was_up {
            self.failed_attempts = self.failed_attempts.saturating_add(1);
        }
        self.enter(now, State::Backoff { until: now + delay });
    }

    fn report(&mut self, now: Instant, was_up: bool, text: String, code: Option<ErrorCode>) {
        let logger = &self.config.logger;
        let repeated = self
            .last_error
            .as_ref()
            .is_some_and(|(last, at)| same_error(last, &text) && now < *at + REPEAT_ERROR_AFTER);
        let error = match code {
            Some(code) if !repeated => {
                // That a broker closes a connection is a normal event.
                let normal = was_up && code == ErrorCode::_TRANSPORT;
                if !normal {
                    logger.log(Level::Err, "FAIL", format_args!("{text}"));
                } else if self.config.settings.log_connection_close {
                    logger.log(Level::Info, "FAIL", format_args!("{text}"));
                }
                self.last_error = Some((text.clone(), now));
                Some((code, text))
            }
            _ => {
                logger.debug(debug::BROKER, "FAIL", format_args!("{text}"));
                None
            }
        };
        (self.config.events)(LinkEvent::Down {
            error,
            failed_attempts: self.failed_attempts,
        });
    }

    fn expire_pending(&mut self, now: Instant) {
        if !self.pending.iter().any(|r| now >= r.deadline) {
            return;
        }
        let mut kept = VecDeque::new();
        for request in std::mem::take(&mut self.pending) {
            if now >= request.deadline {
                BrokerStats::bump(&self.config.stats.request_timeouts);
                (request.reply)(Err(RequestError::TimedOutInQueue));
            } else {
                kept.push_back(request);
            }
        }
        self.pending = kept;
        self.count_pending();
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        let up = matches!(self.state, State::Up { .. });
        let own = match &self.state {
            State::Idle => None,
            State::Backoff { until } => self.wants_connection().then_some(*until),
            State::Resolving { deadline }
            | State::Connecting { deadline, .. }
            | State::Handshake { deadline, .. } => Some(*deadline),
            State::Up { conn } => {
                let idle = self.config.settings.max_idle;
                let idle = (!idle.is_zero()).then(|| conn.idle_since() + idle);
                [conn.deadline(), idle].into_iter().flatten().min()
            }
        };
        let pending = self.pending.iter().map(|r| r.deadline).min();
        [own, pending, self.user.next_deadline(up)]
            .into_iter()
            .flatten()
            .min()
    }

    /// Fails everything; the loop then drops the link.
    pub fn stop(&mut self, now: Instant, registry: &Registry) {
        if let State::Connecting { conn, .. } | State::Handshake { conn, .. } | State::Up { conn } =
            &mut self.state
        {
            conn.close(registry);
            for entry in conn.drain() {
                conn.note_answer(&entry, 0, -1, ErrorCode::_DESTROY);
                match entry.origin {
                    Origin::Caller(reply) => reply(Err(RequestError::Destroyed)),
                    Origin::User(tag) => {
                        self.user
                            .on_response(now, tag, Err(RequestError::Destroyed));
                    }
                    Origin::Handshake | Origin::Expired => {}
                }
            }
        }
        self.state = State::Idle;
        // The last that observers hear of a broker, connected or not: as librdkafka.
        self.shown.change(&self.config, StateName::Down);
        for request in std::mem::take(&mut self.pending) {
            (request.reply)(Err(RequestError::Destroyed));
        }
        self.user.on_down(now);
        for thread in self.resolvers.drain(..) {
            // The function's panics, if it could have any, are not ours.
            let _ = thread.join();
        }
    }
}

/// Errors that differ in nothing but the time they took.
fn same_error(a: &str, b: &str) -> bool {
    let head = |s: &str| s.rsplit_once(" (").map(|(head, _)| head.to_string());
    head(a) == head(b)
}

/// As the system words it: without the number that Rust adds.
fn show_error(e: &io::Error) -> String {
    let text = e.to_string();
    match text.split_once(" (os error ") {
        Some((words, _)) => words.to_string(),
        None => text,
    }
}

/// `ipv4#127.0.0.1:9092`.
fn show(addr: SocketAddr) -> String {
    match addr {
        SocketAddr::V4(a) => format!("ipv4#{a}"),
        SocketAddr::V6(a) => format!("ipv6#{a}"),
    }
}
