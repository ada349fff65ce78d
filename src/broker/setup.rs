//! Setting up a connection, from the connected socket until it takes requests, and logging
//! in again while it does. Sans-IO: events come in, actions go out, time is an argument.
//!
//! ```text
//! Transport ─► (Tls) ─► ApiVersions { version } ─► (SaslHandshake ─► SaslAuthenticate) ─► Ready
//!                         │ the broker is older: once more, at version 0 (KIP-511)
//!
//! Ready ──the session is about to end (KIP-368)──► SaslHandshake ─► SaslAuthenticate ─► Ready
//! ```
//!
//! The steps in parentheses are those of the security protocols. What follows the socket's
//! connection has [`Times::setup`] in all; ApiVersions has a time of its own as well.
//! Requests wait for [`Action::Ready`], and from [`Action::Park`] to [`Action::Resume`].
//!
//! ApiVersions (KIP-35) is left out where the versions are known: assumed by
//! configuration, or for a while after a broker has failed to tell them.

mod login;

use std::sync::Arc;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::ApiVersions;
use super::error::ConnError;
use super::sasl::Login;
use super::stats::StateName;
use crate::base::error::ErrorCode;
use login::Exchange;

/// The newest ApiVersions request that is sent.
const API_VERSIONS: i16 = 3;

/// How much later a login is made for which something is still being fetched.
const POSTPONED: Duration = Duration::from_millis(50);

/// The times that matter.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// For the whole.
    pub setup: Duration,
    /// For a broker's answer to ApiVersions.
    pub api_versions: Duration,
}

#[derive(Debug)]
pub enum Event {
    /// The socket is connected, and a TLS session is being made on it.
    Negotiating,
    /// The transport carries bytes. The versions are those that need not be asked for.
    Connected(Option<Arc<ApiVersions>>),
    /// The answer to the ApiVersions request.
    Versions(Answer),
    /// The answer to SaslHandshake: an error, and the mechanisms that the broker knows.
    Mechanisms(Result<(ErrorCode, Vec<String>), String>),
    /// The answer to SaslAuthenticate, or what the broker sent in its place.
    Challenge(Result<Challenge, String>),
    /// A deadline may have passed.
    Time,
}

/// What came of an ApiVersions request.
#[derive(Debug)]
pub enum Answer {
    Versions(Arc<ApiVersions>),
    Refused(ErrorCode),
    /// It could not be read, as an older broker's may not be at the version of the request.
    Unreadable(String),
    /// It was no answer to this request.
    Other(String),
}

/// The broker's part of a turn of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub code: ErrorCode,
    /// The broker's words for the error.
    pub message: Option<String>,
    pub bytes: Vec<u8>,
    /// How long the session lasts (KIP-368); zero: as long as the connection.
    pub lifetime: Duration,
}

/// Shown by tests alone: the bytes may be a password.
#[cfg_attr(test, derive(Debug))]
#[derive(Clone, PartialEq)]
pub enum Action {
    AskVersions {
        version: i16,
        deadline: Instant,
    },
    SaslHandshake {
        mechanism: String,
        version: i16,
        deadline: Instant,
    },
    SaslAuthenticate {
        version: i16,
        bytes: Zeroizing<Vec<u8>>,
        deadline: Instant,
    },
    /// A turn of a login with a broker before Kafka 1.0, in a frame that is no request.
    /// Nor is the answer one.
    SendToken(Zeroizing<Vec<u8>>),
    Ready(Arc<ApiVersions>),
    /// A login begins while the link is up: no requests until [`Action::Resume`].
    Park,
    Resume,
    Fail(ConnError),
}

enum Step {
    /// The transport is not connected yet.
    Transport,
    Tls,
    ApiVersions {
        version: i16,
    },
    SaslHandshake {
        session: Session,
    },
    SaslAuthenticate {
        session: Session,
        exchange: Exchange,
    },
    Ready {
        versions: Arc<ApiVersions>,
        /// When to log in again.
        renew_at: Option<Instant>,
    },
    Failed,
}

/// What a login is for.
struct Session {
    versions: Arc<ApiVersions>,
    /// The link is up already.
    renewed: bool,
}

/// Who logs in, and to what host.
pub struct Identity {
    pub login: Arc<dyn Login>,
    pub host: String,
}

pub struct Setup {
    times: Times,
    login: Option<Identity>,
    step: Step,
    /// Of the step.
    deadline: Instant,
    /// Of all steps.
    whole: Instant,
}

impl Setup {
    pub fn new(now: Instant, times: Times, login: Option<Identity>) -> Self {
        let whole = now + times.setup;
        Setup {
            times,
            login,
            step: Step::Transport,
            deadline: whole,
            whole,
        }
    }

    /// As statistics, logs and errors name it.
    pub fn state(&self) -> StateName {
        match &self.step {
            Step::Transport => StateName::Connect,
            Step::Tls => StateName::SslHandshake,
            Step::ApiVersions { .. } => StateName::ApiVersionQuery,
            Step::SaslHandshake { session } | Step::SaslAuthenticate { session, .. }
                if session.renewed =>
            {
                StateName::Reauth
            }
            Step::SaslHandshake { .. } => StateName::AuthHandshake,
            Step::SaslAuthenticate { exchange, .. } if exchange.is_raw() => StateName::AuthLegacy,
            Step::SaslAuthenticate { .. } => StateName::AuthReq,
            Step::Ready { .. } => StateName::Up,
            Step::Failed => StateName::Down,
        }
    }

    /// The transport is still being connected, its TLS session included.
    pub fn is_connecting(&self) -> bool {
        matches!(self.step, Step::Transport | Step::Tls)
    }

    /// Requests may be sent, and no login is under way.
    pub fn is_ready(&self) -> bool {
        matches!(self.step, Step::Ready { .. })
    }

    /// What comes next is a frame that is no response.
    pub fn awaits_token(&self) -> bool {
        matches!(&self.step, Step::SaslAuthenticate { exchange, .. } if exchange.is_raw())
    }

    /// Where a login is due while the link is up: it is made a little later.
    pub fn postpone_renewal(&mut self, now: Instant) {
        if let Step::Ready {
            renew_at: Some(at), ..
        } = &mut self.step
        {
            *at = now + POSTPONED;
        }
    }

    /// When [`Event::Time`] is due; None at the end.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.step {
            Step::Ready { renew_at, .. } => *renew_at,
            Step::Failed => None,
            _ => Some(self.deadline),
        }
    }

    pub fn on_event(&mut self, now: Instant, event: Event, actions: &mut Vec<Action>) {
        match (&self.step, event) {
            (Step::Failed, _) => {}
            (Step::Ready { renew_at, versions }, Event::Time) => {
                if renew_at.is_some_and(|at| now >= at) {
                    let versions = versions.clone();
                    self.renew(now, versions, actions);
                }
            }
            (_, Event::Time) => {
                if now >= self.deadline {
                    let name = self.state().text();
                    let text = format!("Connection setup timed out in state {name}");
                    self.fail(ConnError::SetUp(text), actions);
                }
            }
            (Step::Transport, Event::Negotiating) => self.step = Step::Tls,
            (Step::Transport | Step::Tls, Event::Connected(known)) => match known {
                Some(known) => self.log_in(now, known, actions),
                None => self.ask(now, API_VERSIONS, actions),
            },
            (Step::ApiVersions { version }, Event::Versions(answer)) => {
                let version = *version;
                self.on_versions(now, version, answer, actions);
            }
            (Step::SaslHandshake { .. }, Event::Mechanisms(answer)) => {
                self.on_mechanisms(now, answer, actions);
            }
            // An answer that cannot be read does not tell what it is to.
            (Step::SaslHandshake { .. }, Event::Challenge(Err(why))) => {
                self.on_mechanisms(now, Err(why), actions);
            }
            (Step::SaslAuthenticate { .. }, Event::Challenge(answer)) => {
                self.on_challenge(now, answer, actions);
            }
            // None of them can come twice, nor before its step.
            (
                _,
                Event::Negotiating
                | Event::Connected(_)
                | Event::Versions(_)
                | Event::Mechanisms(_)
                | Event::Challenge(_),
            ) => {}
        }
    }

    fn on_versions(
        &mut self,
        now: Instant,
        version: i16,
        answer: Answer,
        actions: &mut Vec<Action>,
    ) {
        match answer {
            Answer::Versions(versions) => self.log_in(now, versions, actions),
            // KIP-511 has the broker answer at version 0, which every broker takes.
            Answer::Refused(ErrorCode::UNSUPPORTED_VERSION) | Answer::Unreadable(_)
                if version > 0 =>
            {
                self.ask(now, 0, actions);
            }
            Answer::Refused(code) => {
                let text = format!("ApiVersions was refused: {code}");
                self.fail(ConnError::SetUp(text), actions);
            }
            Answer::Unreadable(why) | Answer::Other(why) => {
                let text = format!("ApiVersions failed: {why}");
                self.fail(ConnError::SetUp(text), actions);
            }
        }
    }

    fn ask(&mut self, now: Instant, version: i16, actions: &mut Vec<Action>) {
        self.step = Step::ApiVersions { version };
        self.deadline = (now + self.times.api_versions).min(self.whole);
        actions.push(Action::AskVersions {
            version,
            deadline: self.deadline,
        });
    }

    fn ready(
        &mut self,
        versions: Arc<ApiVersions>,
        renew_at: Option<Instant>,
        actions: &mut Vec<Action>,
    ) {
        actions.push(Action::Ready(versions.clone()));
        self.step = Step::Ready { versions, renew_at };
    }

    fn fail(&mut self, error: ConnError, actions: &mut Vec<Action>) {
        self.step = Step::Failed;
        actions.push(Action::Fail(error));
    }
}

#[cfg(all(test, not(loom)))]
mod sim;
#[cfg(all(test, not(loom)))]
mod tests;
