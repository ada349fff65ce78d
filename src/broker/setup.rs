//! Setting up a connection, from the connected transport until it takes requests.
//! Sans-IO: events come in, actions go out, time is an argument.
//!
//! ```text
//! (Tls) ──► ApiVersions { version } ──► (SaslHandshake ──► SaslAuthenticate) ──► Ready
//!              │ the broker is older: once more, at version 0 (KIP-511)
//! ```
//!
//! The steps in parentheses come with the security protocols: each is another variant of
//! [`Step`] that carries what it knows. Every step has its own deadline. Requests wait for
//! [`Action::Ready`].
//!
//! ApiVersions (KIP-35) is left out where the versions are known: assumed by
//! configuration, or for a while after a broker has failed to tell them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ApiVersions;
use super::error::ConnError;
use crate::base::error::ErrorCode;

/// The newest ApiVersions request that is sent.
const API_VERSIONS: i16 = 3;

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
    /// The transport is connected. The versions are those that need not be asked for.
    Connected(Option<Arc<ApiVersions>>),
    /// The answer to the ApiVersions request.
    Versions(Answer),
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

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    AskVersions { version: i16, deadline: Instant },
    Ready(Arc<ApiVersions>),
    Fail(ConnError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The transport is not connected yet.
    Transport,
    ApiVersions {
        version: i16,
    },
    Ready,
    Failed,
}

impl Step {
    /// As statistics, logs and errors name it.
    pub fn name(self) -> &'static str {
        match self {
            Step::Transport => "CONNECT",
            Step::ApiVersions { .. } => "APIVERSION_QUERY",
            Step::Ready => "UP",
            Step::Failed => "DOWN",
        }
    }
}

#[derive(Debug)]
pub struct Setup {
    times: Times,
    step: Step,
    /// Of the step.
    deadline: Instant,
}

impl Setup {
    pub fn new(now: Instant, times: Times) -> Self {
        Setup {
            times,
            step: Step::Transport,
            deadline: now + times.setup,
        }
    }

    pub fn step(&self) -> Step {
        self.step
    }

    /// When [`Event::Time`] is due; None at the end.
    pub fn deadline(&self) -> Option<Instant> {
        match self.step {
            Step::Transport | Step::ApiVersions { .. } => Some(self.deadline),
            Step::Ready | Step::Failed => None,
        }
    }

    pub fn on_event(&mut self, now: Instant, event: Event, actions: &mut Vec<Action>) {
        match (self.step, event) {
            (Step::Ready | Step::Failed, _) => {}
            (_, Event::Time) if now >= self.deadline => {
                let name = self.step.name();
                let text = format!("Connection setup timed out in state {name}");
                self.fail(text, actions);
            }
            (_, Event::Time) => {}
            (Step::Transport, Event::Connected(Some(known))) => self.ready(known, actions),
            (Step::Transport, Event::Connected(None)) => self.ask(now, API_VERSIONS, actions),
            (Step::ApiVersions { version }, Event::Versions(answer)) => {
                self.on_versions(now, version, answer, actions);
            }
            // Neither can come twice, nor before its step.
            (_, Event::Connected(_) | Event::Versions(_)) => {}
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
            Answer::Versions(versions) => self.ready(versions, actions),
            // KIP-511 has the broker answer at version 0, which every broker takes.
            Answer::Refused(ErrorCode::UNSUPPORTED_VERSION) | Answer::Unreadable(_)
                if version > 0 =>
            {
                self.ask(now, 0, actions);
            }
            Answer::Refused(code) => {
                self.fail(format!("ApiVersions was refused: {code}"), actions);
            }
            Answer::Unreadable(why) | Answer::Other(why) => {
                self.fail(format!("ApiVersions failed: {why}"), actions);
            }
        }
    }

    fn ask(&mut self, now: Instant, version: i16, actions: &mut Vec<Action>) {
        self.step = Step::ApiVersions { version };
        self.deadline = now + self.times.api_versions.min(self.times.setup);
        actions.push(Action::AskVersions {
            version,
            deadline: self.deadline,
        });
    }

    fn ready(&mut self, versions: Arc<ApiVersions>, actions: &mut Vec<Action>) {
        self.step = Step::Ready;
        actions.push(Action::Ready(versions));
    }

    fn fail(&mut self, text: String, actions: &mut Vec<Action>) {
        self.step = Step::Failed;
        actions.push(Action::Fail(ConnError::SetUp(text)));
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
