//! The transactional calls of the application, on its thread.
//!
//! Only one call is under way at a time. One that ends with a retriable error may have to
//! be made again before any other (`Unfinished`): what it asked for goes on meanwhile, and
//! its result is still to be told.
//!
//! ```text
//! Idle ──call──► Running ──result──► Idle
//!                   ▲  └──retriable, resumable──► Unfinished
//!                   └────the same call──────────────┘
//! ```

use std::time::{Duration, Instant};

use crossbeam_channel::bounded;

use super::Client;
use super::command::MainCommand;
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::lock::Mutex;
use crate::base::time::ms;
use crate::client::types::events;
use crate::producer::transaction::{Call, Event, Offsets};

/// Which call of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Api {
    Init,
    Begin,
    SendOffsets,
    Commit,
    Abort,
}

impl Api {
    fn name(self) -> &'static str {
        match self {
            Api::Init => "init_transactions",
            Api::Begin => "begin_transaction",
            Api::SendOffsets => "send_offsets_to_transaction",
            Api::Commit => "commit_transaction",
            Api::Abort => "abort_transaction",
        }
    }
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Running(Api),
    Unfinished(Api),
}

/// The call that is under way.
#[derive(Debug, Default)]
pub struct Calls(Mutex<State>);

impl Calls {
    fn enter(&self, api: Api) -> Result<(), KafkaError> {
        let mut state = self.0.lock();
        let (other, code) = match *state {
            State::Running(other) if other == api => (other, ErrorCode::_PREV_IN_PROGRESS),
            State::Running(other) => (other, ErrorCode::_CONFLICT),
            State::Unfinished(other) if other != api => (other, ErrorCode::_CONFLICT),
            State::Idle | State::Unfinished(_) => {
                *state = State::Running(api);
                return Ok(());
            }
        };
        let text = match code {
            ErrorCode::_CONFLICT => format!("{} has not been finished yet", other.name()),
            _ => format!("Another thread is calling {}", other.name()),
        };
        Err(KafkaError::new(code, text).retriable())
    }

    fn leave(&self, state: State) {
        *self.0.lock() = state;
    }
}

/// Serves the application's reports until nothing is queued, or the time is up.
pub type Flush<'a> = &'a dyn Fn(Instant) -> ErrorCode;

/// For a call that is to last as long as it takes, and cannot begin anew.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

impl Client {
    pub fn init_transactions(&self, timeout_ms: i32) -> Result<(), KafkaError> {
        let until = self.until(timeout_ms);
        self.calling(Api::Init, true, || self.ask_main(Call::Init, until))
    }

    pub fn begin_transaction(&self) -> Result<(), KafkaError> {
        self.calling(Api::Begin, false, || {
            self.ask_main(Call::Begin, Instant::now() + FOREVER)
        })
    }

    /// `offsets` may be without any partition.
    pub fn send_offsets_to_transaction(
        &self,
        offsets: Offsets,
        timeout_ms: i32,
    ) -> Result<(), KafkaError> {
        let longest = Instant::now() + ms(self.shared.conf.global.transaction_timeout_ms);
        let until = self.until(timeout_ms).min(longest);
        self.calling(Api::SendOffsets, false, || {
            if offsets.partitions.is_empty() {
                return Ok(());
            }
            // Who sends offsets has produced what belongs to them: the commit finds it delivered.
            self.without_linger(|| self.ask_main(Call::SendOffsets(offsets), until))
        })
    }

    pub fn commit_transaction(&self, timeout_ms: i32, flush: Flush<'_>) -> Result<(), KafkaError> {
        let until = self.until(timeout_ms);
        self.calling(Api::Commit, true, || {
            self.ask_main(Call::BeginCommit, until)?;
            self.flushed(flush(until), "commit")?;
            self.ask_main(Call::Commit, until)
        })
    }

    pub fn abort_transaction(&self, timeout_ms: i32, flush: Flush<'_>) -> Result<(), KafkaError> {
        let until = self.until(timeout_ms);
        self.calling(Api::Abort, true, || {
            self.ask_main(Call::BeginAbort, until)?;
            self.flushed(flush(until), "abort")?;
            self.ask_main(Call::Abort, until)
        })
    }

    /// Negative: twice `transaction.timeout.ms`, within which every message of the
    /// transaction is delivered or has failed, and the coordinator has ended it.
    fn until(&self, timeout_ms: i32) -> Instant {
        let timeout = if timeout_ms < 0 {
            ms(self.shared.conf.global.transaction_timeout_ms) * 2
        } else {
            ms(timeout_ms)
        };
        Instant::now() + timeout
    }

    fn calling(
        &self,
        api: Api,
        resumable: bool,
        run: impl FnOnce() -> Result<(), KafkaError>,
    ) -> Result<(), KafkaError> {
        self.calls.enter(api)?;
        let result = run();
        let unfinished = resumable && result.as_ref().is_err_and(|e| e.retriable);
        self.calls.leave(match unfinished {
            true => State::Unfinished(api),
            false => State::Idle,
        });
        result
    }

    /// The main thread answers when the call is done, or its time is up.
    fn ask_main(&self, call: Call, deadline: Instant) -> Result<(), KafkaError> {
        let (tx, answer) = bounded(1);
        let reply = Box::new(move |result| {
            let _ = tx.send(result);
        });
        self.shared.main.send(MainCommand::Transaction(Event::Call {
            call,
            deadline,
            reply,
        }));
        answer
            .recv()
            .unwrap_or_else(|_| Err(ErrorCode::_DESTROY.into()))
    }

    fn flushed(&self, code: ErrorCode, what: &str) -> Result<(), KafkaError> {
        if code.is_ok() {
            return Ok(());
        }
        let producer = self.shared.producer.as_ref();
        let left = producer.map_or(0, |p| p.limits.messages());
        let how = if self.shared.wants_event(events::DR) {
            ": delivery reports are events, which another thread must poll meanwhile"
        } else {
            ""
        };
        let text = format!(
            "The {what} waits for the delivery reports of {left} message(s){how}: call again"
        );
        Err(KafkaError::new(code, text).retriable())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_call_comes_first() {
        let calls = Calls::default();
        assert!(calls.enter(Api::Commit).is_ok());
        let code = |api| calls.enter(api).map_err(|e| (e.code, e.retriable));
        let in_progress = (ErrorCode::_PREV_IN_PROGRESS, true);
        let conflict = (ErrorCode::_CONFLICT, true);
        assert_eq!(code(Api::Commit), Err(in_progress));
        assert_eq!(code(Api::Abort), Err(conflict));
        calls.leave(State::Unfinished(Api::Commit));
        assert_eq!(code(Api::Abort), Err(conflict));
        assert_eq!(code(Api::Commit), Ok(()));
        calls.leave(State::Idle);
        assert_eq!(code(Api::Abort), Ok(()));
    }
}
