//! How a connection, or the attempt to make one, ends, and who is told.

use std::time::{Duration, Instant};

use mio::Registry;

use super::{Link, State};
use crate::base::error::ErrorCode;
use crate::base::log::{Level, debug};
use crate::broker::error::ConnError;
use crate::broker::inflight::Origin;
use crate::broker::stats::StateName;
use crate::broker::{BrokerStats, Ending, LinkEvent, LinkUser, RequestError};

/// Why a connection ends. See [`Ending`].
pub(super) enum Cause {
    OwnDecision,
    TimedOut,
    Error(ErrorCode),
}

/// The same connection error is told to the application this often at most.
const REPEAT_ERROR_AFTER: Duration = Duration::from_secs(30);

impl<U: LinkUser> Link<U> {
    /// The connection is of use: an end is none of those that follow one another.
    ///
    /// Until then it is not known to be. A broker that wants a login tells its versions
    /// and closes the connection at the next request; one that was up for a while without
    /// an answer had nothing to answer.
    pub(super) fn served(&mut self) {
        self.reconnect.up();
        self.last_error = None;
    }

    /// Says what the end of the connection means.
    pub(super) fn while_up(&self, e: ConnError) -> ConnError {
        if self.answered || self.config.login.is_some() || e != ConnError::Closed {
            return e;
        }
        ConnError::SetUp(
            "Disconnected at the first request: if that goes on, the listener may want a login \
             by SASL (security.protocol)"
                .into(),
        )
    }

    /// The connection failed under us.
    pub(super) fn lost(&mut self, now: Instant, registry: &Registry, error: &ConnError) {
        if let ConnError::Protocol(_) = error {
            BrokerStats::bump(&self.config.stats.rx_errors);
        }
        self.fail(now, registry, error);
    }

    pub(super) fn fail(&mut self, now: Instant, registry: &Registry, error: &ConnError) {
        self.disconnect(
            now,
            registry,
            &error.to_string(),
            Cause::Error(error.code()),
        );
    }

    /// After a panic in this link's code. What was taken out of the state is lost with
    /// it: the user gives up what it still has in flight.
    pub fn broken(&mut self, now: Instant, registry: &Registry) {
        self.disconnect(
            now,
            registry,
            "internal error",
            Cause::Error(ErrorCode::_FAIL),
        );
        self.user.on_down(now);
    }

    /// The one way in which a connection, or the attempt to make one, ends.
    pub(super) fn disconnect(
        &mut self,
        now: Instant,
        registry: &Registry,
        why: &str,
        cause: Cause,
    ) {
        let name_in_state = self.shown.name();
        let was_up = matches!(self.state, State::Up { .. });
        if let (StateName::ApiVersionQuery, Some((_, time))) =
            (name_in_state, &self.config.settings.fallback)
        {
            self.assume_until = Some(now + *time);
        }
        let text = format!(
            "{}: {why} ({} ms in {})",
            self.name(),
            now.saturating_duration_since(self.state_since).as_millis(),
            name_in_state.text()
        );
        let conn = match std::mem::replace(&mut self.state, State::Down) {
            State::SettingUp { conn, .. } | State::Up { conn, .. } => Some(conn),
            State::Down => None,
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
        let lasted = now.saturating_duration_since(self.state_since);
        if was_up {
            BrokerStats::bump(&self.config.stats.disconnects);
            if !self.answered && lasted >= self.config.settings.reconnect_backoff_max {
                self.served();
                self.answered = true;
            }
        }
        let was_of_use = was_up && self.answered;
        self.reconnect.ended(now, was_of_use, fastrand::u32(..));
        self.state_since = now;
        self.show(now);
        if was_up {
            self.user.on_down(now);
        }
        if !matches!(cause, Cause::Error(_)) {
            let logger = &self.config.logger;
            logger.debug(debug::BROKER, "FAIL", format_args!("{text}"));
        }
        let ending = match cause {
            Cause::Error(code) => self.report(now, was_up, text, code),
            Cause::TimedOut => Ending::TimedOut,
            Cause::OwnDecision => Ending::OwnDecision,
        };
        (self.config.events)(LinkEvent::Down(ending));
    }

    fn report(&mut self, now: Instant, was_up: bool, text: String, code: ErrorCode) -> Ending {
        let logger = &self.config.logger;
        let repeated = self
            .last_error
            .as_ref()
            .is_some_and(|(last, at)| same_error(last, &text) && now < *at + REPEAT_ERROR_AFTER);
        if repeated {
            logger.debug(debug::BROKER, "FAIL", format_args!("{text}"));
            return Ending::Failed { error: None };
        }
        // That a broker closes a connection is a normal event.
        let normal = was_up && code == ErrorCode::_TRANSPORT;
        if !normal {
            logger.log(Level::Err, "FAIL", format_args!("{text}"));
        } else if self.config.settings.log_connection_close {
            logger.log(Level::Info, "FAIL", format_args!("{text}"));
        }
        self.last_error = Some((text.clone(), now));
        Ending::Failed {
            error: Some((code, text)),
        }
    }

    /// Fails everything; the loop then drops the link.
    pub fn stop(&mut self, now: Instant, registry: &Registry) {
        if let State::SettingUp { conn, .. } | State::Up { conn, .. } = &mut self.state {
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
        self.state = State::Down;
        // The last that observers hear of a broker, connected or not: as librdkafka.
        self.shown.change(&self.config, StateName::Down);
        for request in std::mem::take(&mut self.pending) {
            (request.reply)(Err(RequestError::Destroyed));
        }
        self.user.on_down(now);
        self.look_ups.join();
    }
}

/// Errors that differ in nothing but the time they took.
fn same_error(a: &str, b: &str) -> bool {
    let head = |s: &str| s.rsplit_once(" (").map(|(head, _)| head.to_string());
    head(a) == head(b)
}
