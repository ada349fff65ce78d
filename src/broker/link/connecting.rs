//! From no connection to one that takes requests: carries out what [`Reconnect`] and
//! [`Setup`] ask for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, RequestKind, ResponseKind, SaslAuthenticateRequest,
    SaslHandshakeRequest,
};
use kafka_protocol::protocol::StrBytes;
use mio::Registry;

use super::{Link, State};
use crate::base::error::ErrorCode;
use crate::broker::conn::Conn;
use crate::broker::error::{ConnError, system_words};
use crate::broker::inflight::Origin;
use crate::broker::look_up::Answer;
use crate::broker::reconnect::Begin;
use crate::broker::setup::{self, Action, Setup};
use crate::broker::stats::StateName;
use crate::broker::transport::{Handshake, Readiness};
use crate::broker::{ApiVersions, BrokerStats, LinkEvent, LinkUser, RequestError, Response};

impl<U: LinkUser> Link<U> {
    /// Begins an attempt, if it is time for one.
    pub(super) fn connect(&mut self, now: Instant, registry: &Registry) {
        let (host, port) = {
            let id = self.config.identity.read();
            (id.host.clone(), id.port)
        };
        if host.is_empty() {
            // An address is yet to be learned (a coordinator's).
            return;
        }
        let Some(begin) = self.reconnect.wanted(now) else {
            return;
        };
        self.shown.change(&self.config, StateName::TryConnect);
        BrokerStats::bump(&self.config.stats.connects);
        self.show(now);
        match begin {
            Begin::Connect(address) => self.connect_to(now, address, registry),
            Begin::LookUp => {
                let hooks = &self.config.hooks;
                let family = self.config.settings.family;
                if let Some(answer) = self.look_ups.begin(hooks, host, port, family) {
                    self.on_looked_up(now, answer, registry);
                }
            }
        }
    }

    pub(super) fn on_looked_up(&mut self, now: Instant, answer: Answer, registry: &Registry) {
        if !self.look_ups.is_last(&answer) || !self.reconnect.is_looking_up() {
            return;
        }
        let why = match answer.result {
            Ok(addresses) => {
                let first = self.reconnect.looked_up(now, addresses, fastrand::u32(..));
                if let Some(address) = first {
                    return self.connect_to(now, address, registry);
                }
                "the list of addresses is empty".to_string()
            }
            Err(e) => system_words(&e),
        };
        let id = self.config.identity.read().clone();
        let text = format!("Failed to resolve '{}:{}': {why}", id.host, id.port);
        self.fail(now, registry, &ConnError::LookUp(text));
    }

    fn connect_to(&mut self, now: Instant, address: SocketAddr, registry: &Registry) {
        let s = self.config.settings.clone();
        let connector = &self.config.connector;
        // A copy: the application's `connect_cb` runs in there, under no lock.
        let identity = self.config.identity.read().clone();
        let stream = connector
            .connect(address, &identity)
            .and_then(|mut stream| {
                stream.register(registry, self.token)?;
                Ok(stream)
            });
        self.show(now);
        match stream {
            Ok(stream) => {
                let conn = Conn::new(
                    stream,
                    address,
                    &self.config.identity.read(),
                    s.clone(),
                    self.config.stats.clone(),
                    self.config.watch(),
                    now,
                );
                let times = setup::Times {
                    setup: s.setup_timeout,
                    api_versions: s.api_version_timeout,
                };
                let login = self.config.login.clone().map(|login| setup::Identity {
                    login,
                    host: self.config.identity.read().host.clone(),
                });
                self.state = State::SettingUp {
                    conn: Box::new(conn),
                    setup: Setup::new(now, times, login),
                };
            }
            Err(e) => self.fail(now, registry, &not_connected(address, e)),
        }
    }

    /// The loop got an event of the socket.
    pub fn on_event(&mut self, now: Instant, event: Readiness, registry: &Registry) {
        let (conn, setup) = match &mut self.state {
            State::Down => return,
            State::Up { conn, .. } => return conn.note_ready(event),
            State::SettingUp { conn, setup } => (conn, setup),
        };
        // The peer may have closed it already: there is no second event.
        conn.note_ready(event);
        if setup.is_connecting() {
            match conn.handshake() {
                Ok(Handshake::Connecting) if !event.error => return,
                Ok(Handshake::Negotiating) => {
                    self.set_up(now, registry, setup::Event::Negotiating);
                    return self.show(now);
                }
                Ok(_) => {
                    conn.note_connected();
                    let known = self.versions_at_hand(now);
                    self.set_up(now, registry, setup::Event::Connected(known));
                }
                Err(e) => {
                    let error = not_connected(conn.address(), e);
                    return self.fail(now, registry, &error);
                }
            }
        }
        self.run_setup(now, registry);
    }

    /// Reads what the steps of the set-up are answered with.
    fn run_setup(&mut self, now: Instant, registry: &Registry) {
        while let State::SettingUp { conn, setup } = &mut self.state {
            let state = setup.state();
            let event = conn.flush().and_then(|()| match setup.awaits_token() {
                true => Ok(conn.receive_token()?.map(|token| token_event(&token))),
                false => Ok(conn.receive(now)?.map(|r| event_of(state, r.result))),
            });
            match event {
                Ok(Some(event)) => self.set_up(now, registry, event),
                Ok(None) => return,
                Err(e) => return self.lost(now, registry, &during(state, e)),
            }
        }
    }

    /// A login while the link is up: a request of it has been answered, or has failed.
    pub(super) fn on_setup_response(
        &mut self,
        now: Instant,
        registry: &Registry,
        result: Result<Response, RequestError>,
    ) {
        let (State::SettingUp { setup, .. } | State::Up { setup, .. }) = &self.state else {
            return;
        };
        let event = event_of(setup.state(), result);
        self.set_up(now, registry, event);
    }

    pub(super) fn set_up(&mut self, now: Instant, registry: &Registry, event: setup::Event) {
        let (State::SettingUp { setup, .. } | State::Up { setup, .. }) = &mut self.state else {
            return;
        };
        let mut actions = Vec::new();
        setup.on_event(now, event, &mut actions);
        for action in actions {
            match action {
                Action::AskVersions { version, deadline } => {
                    self.ask_versions(now, version, deadline);
                }
                Action::SaslHandshake {
                    mechanism,
                    version,
                    deadline,
                } => {
                    let request = SaslHandshakeRequest::default()
                        .with_mechanism(StrBytes::from_string(mechanism));
                    let kind = RequestKind::SaslHandshake(request);
                    self.ask(now, ApiKey::SaslHandshake, version, &kind, deadline);
                }
                Action::SaslAuthenticate {
                    version,
                    bytes,
                    deadline,
                } => {
                    let request = SaslAuthenticateRequest::default()
                        .with_auth_bytes(Bytes::from_owner(bytes));
                    let kind = RequestKind::SaslAuthenticate(request);
                    self.ask(now, ApiKey::SaslAuthenticate, version, &kind, deadline);
                }
                Action::SendToken(token) => {
                    if let State::SettingUp { conn, .. } = &mut self.state {
                        conn.send_token(now, &token);
                    }
                }
                Action::Ready(versions) => self.up(now, versions),
                Action::Park => self.park(true),
                Action::Resume => self.park(false),
                Action::Fail(error) => return self.fail(now, registry, &error),
            }
        }
        self.show(now);
    }

    fn park(&mut self, parked: bool) {
        if let State::Up { conn, .. } = &mut self.state {
            conn.park(parked);
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

    fn ask_versions(&mut self, now: Instant, version: i16, deadline: Instant) {
        let settings = &self.config.settings;
        let mut request = ApiVersionsRequest::default();
        if version >= 3 {
            request.client_software_name = StrBytes::from_string(settings.software_name.clone());
            request.client_software_version =
                StrBytes::from_string(settings.software_version.clone());
        }
        let kind = RequestKind::ApiVersions(request);
        self.ask(now, ApiKey::ApiVersions, version, &kind, deadline);
    }

    /// Sends a request of the set-up.
    fn ask(
        &mut self,
        now: Instant,
        api: ApiKey,
        version: i16,
        kind: &RequestKind,
        deadline: Instant,
    ) {
        if let State::SettingUp { conn, .. } | State::Up { conn, .. } = &mut self.state {
            conn.send_request(now, api, version, kind, deadline, Origin::Handshake);
        }
    }

    fn up(&mut self, now: Instant, versions: Arc<ApiVersions>) {
        self.state = match std::mem::replace(&mut self.state, State::Down) {
            State::SettingUp { mut conn, setup } => {
                conn.set_versions(versions.clone());
                State::Up { conn, setup }
            }
            other => other,
        };
        self.answered = false;
        self.show(now);
        (self.config.events)(LinkEvent::Up { versions });
        self.user.on_up(now);
    }
}

/// What came of a request of the set-up in that step.
fn event_of(state: StateName, result: Result<Response, RequestError>) -> setup::Event {
    match state {
        StateName::ApiVersionQuery => setup::Event::Versions(answer_of(result)),
        _ => login_event(result),
    }
}

fn answer_of(result: Result<Response, RequestError>) -> setup::Answer {
    match result {
        Ok(Response {
            kind: Some(ResponseKind::ApiVersions(r)),
            ..
        }) => match ErrorCode::from(r.error_code) {
            code if code.is_err() => setup::Answer::Refused(code),
            _ => setup::Answer::Versions(Arc::new(ApiVersions::from_response(&r))),
        },
        Err(e @ RequestError::BadResponse(_)) => setup::Answer::Unreadable(e.to_string()),
        Err(e) => setup::Answer::Other(e.to_string()),
        Ok(_) => setup::Answer::Other("the answer is to something else".into()),
    }
}

/// The answer to a request of the login, whichever it was.
fn login_event(result: Result<Response, RequestError>) -> setup::Event {
    match result.map(|r| r.kind) {
        Ok(Some(ResponseKind::SaslHandshake(r))) => {
            let enabled = r.mechanisms.iter().map(ToString::to_string).collect();
            setup::Event::Mechanisms(Ok((ErrorCode::from(r.error_code), enabled)))
        }
        Ok(Some(ResponseKind::SaslAuthenticate(r))) => {
            let lifetime = u64::try_from(r.session_lifetime_ms).unwrap_or(0);
            setup::Event::Challenge(Ok(setup::Challenge {
                code: ErrorCode::from(r.error_code),
                message: r.error_message.map(|m| m.to_string()),
                bytes: r.auth_bytes.to_vec(),
                lifetime: Duration::from_millis(lifetime),
            }))
        }
        Ok(_) => setup::Event::Challenge(Err("the answer is to something else".into())),
        Err(e) => setup::Event::Challenge(Err(e.to_string())),
    }
}

/// What a broker before Kafka 1.0 sends in a login: the mechanism's bytes alone.
fn token_event(bytes: &Bytes) -> setup::Event {
    setup::Event::Challenge(Ok(setup::Challenge {
        code: ErrorCode::NO_ERROR,
        message: None,
        bytes: bytes.to_vec(),
        lifetime: Duration::ZERO,
    }))
}

/// Says what the end of a connection means in that step of the set-up.
fn during(state: StateName, e: ConnError) -> ConnError {
    match (state, &e) {
        (
            StateName::AuthHandshake | StateName::AuthReq | StateName::AuthLegacy,
            ConnError::Closed | ConnError::Io(_),
        ) => ConnError::Auth(format!(
            "{e} during the login: the broker's log says why, wrong credentials are the usual \
             reason"
        )),
        _ => e,
    }
}

fn not_connected(address: SocketAddr, e: ConnError) -> ConnError {
    match e {
        ConnError::Io(words) => {
            let to = address_text(address);
            ConnError::SetUp(format!("Connect to {to} failed: {words}"))
        }
        other => other,
    }
}

/// `ipv4#127.0.0.1:9092`.
fn address_text(addr: SocketAddr) -> String {
    match addr {
        SocketAddr::V4(a) => format!("ipv4#{a}"),
        SocketAddr::V6(a) => format!("ipv6#{a}"),
    }
}
