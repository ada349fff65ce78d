//! Getting a producer id, from any broker.
//!
//! ```text
//! Waiting { until } ──time──► Asked ──answer──► Named { pid } ──epochs used up──► Waiting
//!     ▲                        │  └──error that will not pass──► Refused
//!     └──── other errors ──────┘
//! ```

use std::time::{Duration, Instant};

use super::Pid;
use crate::base::error::ErrorCode;

const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting { until: Instant },
    Asked,
    Named { pid: Pid },
    Refused,
}

#[derive(Debug)]
pub struct Acquirer {
    state: State,
    /// For the statistics.
    since: Instant,
    count: u32,
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Named(Pid),
    /// To be asked again, later.
    Later,
    /// The producer cannot go on.
    Fatal(ErrorCode),
}

impl Acquirer {
    pub fn new(now: Instant) -> Self {
        Acquirer {
            state: State::Waiting { until: now },
            since: now,
            count: 0,
        }
    }

    fn enter(&mut self, now: Instant, state: State) {
        self.state = state;
        self.since = now;
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        match self.state {
            State::Waiting { until } => Some(until),
            _ => None,
        }
    }

    /// Whether to ask now. The caller then owes an `on_answer`.
    pub fn poll(&mut self, now: Instant) -> bool {
        let due = matches!(self.state, State::Waiting { until } if until <= now);
        if due {
            self.enter(now, State::Asked);
        }
        due
    }

    pub fn on_answer(&mut self, now: Instant, answer: Result<Pid, ErrorCode>) -> Outcome {
        let code = match answer {
            Ok(pid) if pid.id >= 0 && pid.epoch >= 0 => {
                self.count += 1;
                self.enter(now, State::Named { pid });
                return Outcome::Named(pid);
            }
            Ok(_) => ErrorCode::_BAD_MSG,
            Err(code) => code,
        };
        match code {
            ErrorCode::_UNSUPPORTED_FEATURE
            | ErrorCode::CLUSTER_AUTHORIZATION_FAILED
            | ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED => {
                self.enter(now, State::Refused);
                Outcome::Fatal(code)
            }
            ErrorCode::INVALID_PRODUCER_EPOCH | ErrorCode::PRODUCER_FENCED => {
                self.enter(now, State::Refused);
                Outcome::Fatal(ErrorCode::_FENCED)
            }
            _ => {
                let until = now + PAUSE;
                self.enter(now, State::Waiting { until });
                Outcome::Later
            }
        }
    }

    /// Some partition has no epoch left under this id.
    pub fn spent(&mut self, now: Instant, spent: Pid) {
        if matches!(self.state, State::Named { pid } if pid.id == spent.id) {
            self.enter(now, State::Waiting { until: now });
        }
    }

    pub fn pid(&self) -> Option<Pid> {
        match self.state {
            State::Named { pid } => Some(pid),
            _ => None,
        }
    }

    /// Ids that were given so far.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The state's name and age in the statistics.
    pub fn state(&self, now: Instant) -> (&'static str, Duration) {
        let name = match self.state {
            State::Waiting { .. } => "RequestPID",
            State::Asked => "WaitPID",
            State::Named { .. } => "Assigned",
            State::Refused => "FatalError",
        };
        (name, now.saturating_duration_since(self.since))
    }
}
