//! One broker: its address, its connection and what waits for it.
//!
//! ```text
//! Down ──connected──► SettingUp ──ready──► Up
//!  ▲                      │                │ connection lost, request timed out
//!  └──────────────────────┴────────────────┘ [`Link::disconnect`]
//! ```
//!
//! While it is `Down`, [`Reconnect`] knows what is being done about that; [`Setup`] leads
//! from the connected socket to `Up`. Both are sans-IO, and `connecting.rs` carries out
//! what they ask for. Requests wait in `pending` until the link is up, and while it logs in
//! again; each carries its own deadline.

mod connecting;
mod ending;

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mio::{Registry, Token};

use ending::Cause;

use super::command::LinkCommand;
use super::config::LinkConfig;
use super::conn::{Conn, Received};
use super::error::ConnError;
use super::inflight::Origin;
use super::look_up::{Answer, LookUps};
use super::reconnect::{self, Reconnect};
use super::setup::{self, Setup};
use super::shown::Shown;
use super::stats::StateName;
use super::{BrokerStats, LinkEvent, LinkUser, Outbox, Request, RequestError};
use crate::base::log::{Level, debug};

enum State<T> {
    Down,
    SettingUp {
        conn: Box<Conn<T>>,
        setup: Setup,
    },
    /// The set-up goes on: sessions that end are renewed by another login.
    Up {
        conn: Box<Conn<T>>,
        setup: Setup,
    },
}

pub struct Link<U: LinkUser> {
    config: LinkConfig,
    user: U,
    token: Token,
    state: State<U::Tag>,
    reconnect: Reconnect,
    look_ups: LookUps,
    shown: Shown,
    state_since: Instant,
    pending: VecDeque<Request>,
    connect_wanted: bool,
    /// The broker has answered a request since the link was up.
    answered: bool,
    /// Until then the broker is not asked for its versions.
    assume_until: Option<Instant>,
    last_error: Option<(String, Instant)>,
}

impl<U: LinkUser> Link<U> {
    pub fn new(
        config: LinkConfig,
        user: U,
        token: Token,
        looked_up: impl Fn(Answer) + Send + Sync + 'static,
    ) -> Self {
        let s = &config.settings;
        let times = reconnect::Times {
            look_up: s.setup_timeout,
            address_ttl: s.address_ttl,
            backoff: s.reconnect_backoff,
            backoff_max: s.reconnect_backoff_max,
        };
        Link {
            shown: Shown::new(&config),
            config,
            user,
            token,
            state: State::Down,
            reconnect: Reconnect::new(times),
            look_ups: LookUps::new(looked_up),
            state_since: Instant::now(),
            pending: VecDeque::new(),
            connect_wanted: false,
            answered: false,
            assume_until: None,
            last_error: None,
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

    pub fn on_command(&mut self, now: Instant, command: LinkCommand<U>, registry: &Registry) {
        match command {
            LinkCommand::Send(request) => {
                self.pending.push_back(request);
                self.count_pending();
            }
            LinkCommand::User(c) => self.user.on_command(now, c),
            LinkCommand::Connect => self.connect_wanted = true,
            // The turn that follows sees it.
            LinkCommand::CredentialsReady => {}
            LinkCommand::SkipBackoff => {
                self.reconnect.skip_backoff();
                self.show(now);
            }
            LinkCommand::SetAddress {
                host,
                port,
                node_id,
            } => {
                self.set_address(now, host, port, node_id, registry);
            }
            LinkCommand::Disconnect { why } => {
                if self.has_connection() {
                    self.disconnect(now, registry, &why, Cause::OwnDecision);
                }
            }
            LinkCommand::LookedUp(answer) => self.on_looked_up(now, answer, registry),
            // Handled by the loop, which owns the link.
            LinkCommand::Stop => {}
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
            if self.has_connection() {
                self.disconnect(
                    now,
                    registry,
                    "the broker's address changed",
                    Cause::OwnDecision,
                );
            }
            self.reconnect.moved();
            self.show(now);
        }
        if let State::Up { conn, .. } = &mut self.state {
            conn.set_broker(&self.config.identity.read());
        }
    }

    /// Nothing is under way or waits: the next turn can only send.
    pub fn is_up_and_idle(&self) -> bool {
        matches!(&self.state, State::Up { conn, .. } if conn.is_idle()) && self.pending.is_empty()
    }

    /// The socket is to be read by whoever waits in `socket_loan`; false if it is not, or not
    /// now.
    pub fn lend(&mut self, registry: &Registry, borrower: &Registry) -> bool {
        match &mut self.state {
            State::Up { conn, .. } => conn.lend(registry, borrower),
            _ => false,
        }
    }

    /// False if the connection was lost over it.
    pub fn take_back(&mut self, registry: &Registry) -> bool {
        if let State::Up { conn, .. } = &mut self.state
            && let Err(e) = conn.take_back(registry)
        {
            self.lost(Instant::now(), registry, &e);
            return false;
        }
        true
    }

    /// The borrower of the socket got an event of it.
    pub fn note_arrived(&mut self, closed: bool) {
        if let State::Up { conn, .. } = &mut self.state {
            conn.note_arrived(closed);
        }
    }

    fn has_connection(&self) -> bool {
        matches!(self.state, State::SettingUp { .. } | State::Up { .. })
    }

    /// Tells statistics, log and observer the state by its name.
    fn show(&mut self, now: Instant) {
        let name = match &self.state {
            State::Down => match self.reconnect.state() {
                reconnect::State::Idle | reconnect::State::Backoff { .. } => {
                    return self.show_unconnected(now);
                }
                reconnect::State::LookingUp { .. } | reconnect::State::Connected => {
                    StateName::Connect
                }
            },
            State::SettingUp { setup, .. } | State::Up { setup, .. } => match setup.state() {
                // The connection ends in the same turn.
                StateName::Down => return,
                name => name,
            },
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

    /// What a login to this broker needs is there. If not, it is being fetched.
    fn can_log_in(&self) -> bool {
        let Some(login) = &self.config.login else {
            return true;
        };
        let host = self.config.identity.read().host.clone();
        login.is_ready() && login.prepare(&host)
    }

    fn postpone_renewal(&mut self, now: Instant) {
        if let State::Up { setup, .. } = &mut self.state {
            setup.postpone_renewal(now);
        }
    }

    /// Does all that is due. Called on every turn of the loop.
    pub fn run(&mut self, now: Instant, registry: &Registry) {
        self.user.collect(now);
        self.expire_pending(now);
        if self.reconnect.on_time(now) {
            let id = self.config.identity.read().clone();
            let text = format!("Failed to resolve '{}:{}': timed out", id.host, id.port);
            self.fail(now, registry, &ConnError::LookUp(text));
        }
        if matches!(self.state, State::Down) {
            self.show(now);
            if self.wants_connection() && self.can_log_in() {
                self.connect(now, registry);
            }
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
        let due = match &self.state {
            State::SettingUp { setup, .. } | State::Up { setup, .. } => setup.deadline(),
            State::Down => None,
        };
        if due.is_some_and(|d| now >= d) {
            // A session is renewed once what that needs has been fetched. Only now is it
            // asked for: a ticket's first token is good for a minute.
            let renews = matches!(&self.state, State::Up { setup, .. } if setup.is_ready());
            if renews && !self.can_log_in() {
                self.postpone_renewal(now);
            } else {
                self.set_up(now, registry, setup::Event::Time);
            }
        }
        match &self.state {
            State::SettingUp { .. } | State::Down => {}
            State::Up { conn, .. } => {
                if conn.deadline().is_some_and(|d| now >= d) {
                    let timed_out = conn.timed_out(now);
                    self.config
                        .stats
                        .request_timeouts
                        .fetch_add(timed_out as u64, Ordering::Relaxed);
                    let max_fails = self.config.settings.max_fails;
                    if max_fails > 0 && conn.timeouts() + timed_out >= max_fails {
                        // The requests' own errors tell the application.
                        let text = format!("{timed_out} request(s) timed out: disconnect");
                        self.config.logger.log(
                            Level::Warning,
                            "REQTMOUT",
                            format_args!("{}: {text}", self.name()),
                        );
                        self.disconnect(now, registry, &text, Cause::TimedOut);
                    } else {
                        self.expire_sent(now);
                    }
                } else if !self.config.settings.max_idle.is_zero()
                    && conn.idle_since() + self.config.settings.max_idle <= now
                    && conn.is_idle()
                {
                    self.connect_wanted = false;
                    self.disconnect(
                        now,
                        registry,
                        "Connection max idle time exceeded",
                        Cause::OwnDecision,
                    );
                }
            }
        }
    }

    /// What was sent and is not answered in time fails; the connection stays.
    fn expire_sent(&mut self, now: Instant) {
        let State::Up { conn, .. } = &mut self.state else {
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

    fn run_up(&mut self, now: Instant, registry: &Registry) {
        // Responses first: they make room for requests.
        loop {
            let State::Up { conn, .. } = &mut self.state else {
                return;
            };
            match conn.receive(now) {
                Ok(Some(received)) => self.dispatch(now, received, registry),
                Ok(None) => break,
                Err(e) => {
                    let e = self.while_up(e);
                    self.lost(now, registry, &e);
                    return;
                }
            }
        }
        let State::Up { conn, .. } = &mut self.state else {
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

    fn dispatch(&mut self, now: Instant, received: Received<U::Tag>, registry: &Registry) {
        if received.throttle > Duration::ZERO {
            (self.config.events)(LinkEvent::Throttled {
                time: received.throttle,
            });
        }
        if !self.answered && !matches!(received.origin, Origin::Handshake) {
            self.answered = true;
            self.served();
        }
        match received.origin {
            Origin::Caller(reply) => reply(received.result),
            Origin::User(tag) => self.user.on_response(now, tag, received.result),
            Origin::Handshake => self.on_setup_response(now, registry, received.result),
            Origin::Expired => {}
        }
    }

    fn expire_pending(&mut self, now: Instant) {
        let up = matches!(self.state, State::Up { .. });
        if !self.pending.iter().any(|r| now >= r.waits_until(up)) {
            return;
        }
        let mut kept = VecDeque::new();
        for request in std::mem::take(&mut self.pending) {
            if now >= request.waits_until(up) {
                if now >= request.deadline {
                    BrokerStats::bump(&self.config.stats.request_timeouts);
                }
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
            State::Down => {
                let wanted = self.wants_connection() && self.can_log_in();
                self.reconnect.deadline(wanted)
            }
            State::SettingUp { setup, .. } => setup.deadline(),
            State::Up { conn, setup } => {
                let idle = self.config.settings.max_idle;
                let idle = (!idle.is_zero()).then(|| conn.idle_since() + idle);
                let all = [conn.deadline(), idle, setup.deadline()];
                all.into_iter().flatten().min()
            }
        };
        let pending = self.pending.iter().map(|r| r.waits_until(up)).min();
        [own, pending, self.user.next_deadline(up)]
            .into_iter()
            .flatten()
            .min()
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
