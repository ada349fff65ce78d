//! From no connection to one that takes requests: carries out what [`Reconnect`] and
//! [`Setup`] ask for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use kafka_protocol::messages::{ApiKey, ApiVersionsRequest, RequestKind, ResponseKind};
use kafka_protocol::protocol::StrBytes;
use mio::Registry;

use super::{Link, State};
use crate::base::error::ErrorCode;
use crate::broker::conn::Conn;
use crate::broker::error::{ConnError, system_words};
use crate::broker::inflight::Origin;
use crate::broker::look_up::Answer;
use crate::broker::reconnect::Begin;
use crate::broker::setup::{self, Action, Setup, Step};
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
        let stream = connector
            .connect(address, &self.name())
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
                self.state = State::SettingUp {
                    conn: Box::new(conn),
                    setup: Setup::new(now, times),
                };
            }
            Err(e) => self.fail(now, registry, &not_connected(address, e)),
        }
    }

    /// The loop got an event of the socket.
    pub fn on_event(&mut self, now: Instant, event: Readiness, registry: &Registry) {
        let (conn, setup) = match &mut self.state {
            State::Down => return,
            State::Up { conn } => return conn.note_ready(event),
            State::SettingUp { conn, setup } => (conn, setup),
        };
        // The peer may have closed it already: there is no second event.
        conn.note_ready(event);
        if setup.step() == Step::Transport {
            match conn.handshake() {
                Ok(Handshake::Connecting | Handshake::Negotiating) if !event.error => return,
                Ok(_) => {
                    conn.note_writable();
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
        while let State::SettingUp { conn, .. } = &mut self.state {
            match conn.flush().and_then(|()| conn.receive(now)) {
                Ok(Some(received)) => {
                    let answer = answer_of(received.result);
                    self.set_up(now, registry, setup::Event::Versions(answer));
                }
                Ok(None) => return,
                Err(e) => return self.lost(now, registry, &e),
            }
        }
    }

    pub(super) fn set_up(&mut self, now: Instant, registry: &Registry, event: setup::Event) {
        let State::SettingUp { setup, .. } = &mut self.state else {
            return;
        };
        let mut actions = Vec::new();
        setup.on_event(now, event, &mut actions);
        for action in actions {
            match action {
                Action::AskVersions { version, deadline } => {
                    self.ask_versions(now, version, deadline);
                    self.show(now);
                }
                Action::Ready(versions) => self.up(now, versions),
                Action::Fail(error) => self.fail(now, registry, &error),
            }
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
        if let State::SettingUp { conn, .. } = &mut self.state {
            conn.send_request(
                now,
                ApiKey::ApiVersions,
                version,
                &RequestKind::ApiVersions(request),
                deadline,
                Origin::Handshake,
            );
        }
    }

    fn up(&mut self, now: Instant, versions: Arc<ApiVersions>) {
        self.state = match std::mem::replace(&mut self.state, State::Down) {
            State::SettingUp { mut conn, .. } => {
                conn.set_versions(versions.clone());
                State::Up { conn }
            }
            other => other,
        };
        self.reconnect.up();
        self.last_error = None;
        self.show(now);
        (self.config.events)(LinkEvent::Up { versions });
        self.user.on_up(now);
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
