//! Errors: what the application is told, retries, and `auto.offset.reset`.

use std::time::{Duration, Instant};

use super::{Control, Goal, Key, State, TIMESTAMP_BEGINNING, TIMESTAMP_END};
use crate::base::backoff;
use crate::base::error::ErrorCode;
use crate::base::log::{Level, debug};
use crate::consumer::{Fetched, Position, ResetPolicy};

impl Control {
    /// An error for the application; the same one is told once in a row.
    pub(super) fn tell(&mut self, key: Key, err: ErrorCode, text: &str, at: i64, broker: i32) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        if entry.told == err {
            return;
        }
        entry.told = err;
        let p = &entry.partition;
        p.sink.deliver(Fetched::event(
            p.clone(),
            entry.version,
            err,
            text,
            at,
            broker,
        ));
    }

    /// The same again, after a pause that grows.
    pub(super) fn retry(&mut self, now: Instant, key: Key, goal: Goal) {
        let settings = &self.shared.settings;
        let (base, max) = (settings.retry_backoff, settings.retry_backoff_max);
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        let pause = backoff::delay(entry.attempts, base, max);
        entry.attempts = entry.attempts.saturating_add(1);
        self.pursue(now, key, goal, Some(pause));
    }

    /// `auto.offset.reset`: `err` is why, NO_ERROR where it is the normal course. `pause` is
    /// to pass before the cluster is asked.
    #[allow(
        clippy::too_many_arguments,
        reason = "a reset is logged and reported with as many details"
    )]
    pub(super) fn reset(
        &mut self,
        now: Instant,
        key: Key,
        at: Position,
        err: ErrorCode,
        reason: &str,
        broker: i32,
        pause: Option<Duration>,
    ) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        let p = entry.partition.clone();
        let timestamp = match p.topic.reset {
            ResetPolicy::Beginning => TIMESTAMP_BEGINNING,
            ResetPolicy::End => TIMESTAMP_END,
            ResetPolicy::Error => {
                let by = if broker >= 0 {
                    format!(" (broker {broker})")
                } else {
                    String::new()
                };
                entry.state = State::Failed;
                entry.told = ErrorCode::NO_ERROR;
                let text = format!("{reason}: {err}{by}");
                let code = ErrorCode::_AUTO_OFFSET_RESET;
                self.tell(key, code, &text, at.offset, broker);
                return;
            }
        };
        let to = if timestamp == TIMESTAMP_BEGINNING {
            "beginning"
        } else {
            "end"
        };
        let text = format_args!(
            "{} [{}]: going on at the {to}, not at {at} of broker {broker}: {reason}: {err}",
            p.topic.name, p.id
        );
        if err == ErrorCode::_NO_OFFSET || err.is_ok() {
            self.shared.logger.debug(debug::TOPIC, "OFFSET", text);
        } else {
            self.shared.logger.log(Level::Warning, "OFFSET", text);
        }
        self.pursue(now, key, Goal::Offset { timestamp, tail: 0 }, pause);
    }
}
