//! What the answers to the machine's questions lead to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Action, Control, Goal, Key, Leader, State, TIMESTAMP_BEGINNING, key};
use crate::base::error::ErrorCode;
use crate::base::log::Level;
use crate::consumer::{Partition, Position, ResetPolicy, offset};

/// The pause before a position is checked again.
const VALIDATE_AGAIN: Duration = Duration::from_millis(500);
/// The pause before `auto.offset.reset` asks, after an error that does not pass by itself.
const RESET_PAUSE: Duration = Duration::from_millis(100);
/// The pause after an error that does not pass by itself.
const ASK_AGAIN: Duration = Duration::from_millis(500);

impl Control {
    /// The goal that was asked for under this token, unless that is over.
    fn asked(&mut self, partition: &Arc<Partition>, token: u64) -> Option<(Key, Goal)> {
        let key = key(partition);
        match self.entries.get(&key)?.state {
            State::Asking { goal, token: t } if t == token => Some((key, goal)),
            _ => None,
        }
    }

    fn progress(&mut self, key: Key) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.attempts = 0;
            entry.told = ErrorCode::NO_ERROR;
        }
    }

    /// The answer to [`Action::ListOffset`].
    pub fn on_offset(
        &mut self,
        now: Instant,
        partition: &Arc<Partition>,
        token: u64,
        result: Result<Position, ErrorCode>,
    ) {
        let Some((key, goal)) = self.asked(partition, token) else {
            return;
        };
        let found = match result {
            Ok(found) if found.offset >= 0 => found,
            // No such offset; for the beginning and the end there is always one.
            Ok(_) => {
                self.offset_failed(now, key, goal, ErrorCode::_BAD_MSG);
                return;
            }
            Err(err) => {
                self.offset_failed(now, key, goal, err);
                return;
            }
        };
        self.progress(key);
        let next = match goal {
            Goal::Offset { timestamp, tail } => {
                if timestamp == TIMESTAMP_BEGINNING {
                    partition.set_low(found.offset);
                }
                if tail > 0 {
                    let wanted = Position::new(found.offset.saturating_sub(tail).max(0), -1);
                    Goal::TailLimit { wanted }
                } else {
                    Goal::Fetch(found)
                }
            }
            Goal::TailLimit { wanted } => {
                partition.set_low(found.offset);
                Goal::Fetch(Position::new(wanted.offset.max(found.offset), -1))
            }
            other => other,
        };
        self.pursue(now, key, next, None);
    }

    fn offset_failed(&mut self, now: Instant, key: Key, goal: Goal, err: ErrorCode) {
        if is_passing(err) {
            self.stale(key, err);
            self.retry(now, key, goal);
            return;
        }
        let broker = match self.entries.get(&key).map(|e| e.leader) {
            Some(Leader::At { broker, .. }) => broker,
            _ => -1,
        };
        let at = match goal {
            Goal::Offset { tail, .. } if tail > 0 => offset::TAIL_BASE - tail,
            Goal::Offset { timestamp, .. } if timestamp == TIMESTAMP_BEGINNING => offset::BEGINNING,
            Goal::TailLimit { .. } => offset::BEGINNING,
            _ => offset::END,
        };
        let at = Position::new(at, -1);
        let reason = "the offset could not be looked up";
        self.reset(now, key, at, err, reason, broker, Some(RESET_PAUSE));
        // What went wrong is told, too, whatever the reset leads to.
        let text = format!("No answer to what offset {at} stands for: {err}");
        self.tell(key, err, &text, at.offset, broker);
    }

    /// What is known about the leader may be out of date.
    fn stale(&mut self, key: Key, why: ErrorCode) {
        if let Some(entry) = self.entries.get(&key) {
            let topic = entry.partition.topic.name.clone();
            self.actions.push(Action::RefreshMetadata { topic, why });
        }
    }

    /// The answer to [`Action::Committed`]; a negative offset means none.
    pub fn on_committed(
        &mut self,
        now: Instant,
        partition: &Arc<Partition>,
        token: u64,
        result: Result<Position, ErrorCode>,
    ) {
        let Some((key, goal)) = self.asked(partition, token) else {
            return;
        };
        match result {
            Ok(found) => {
                self.progress(key);
                if found.offset >= 0 {
                    partition.committed.set(found.offset, found.epoch);
                    self.go_to(now, key, found);
                } else {
                    partition.committed.set(offset::INVALID, -1);
                    self.go_to(now, key, Position::INVALID);
                }
            }
            Err(err) if is_passing(err) => self.retry(now, key, goal),
            Err(err) => {
                let text = format!(
                    "{} [{}]: failed to query the committed offset: {err}",
                    partition.topic.name, partition.id
                );
                self.tell(key, err, &text, offset::INVALID, -1);
                self.pursue(now, key, goal, Some(ASK_AGAIN));
            }
        }
    }

    /// The answer to [`Action::EpochEnd`]: the largest epoch up to the one asked
    /// for, and where it ends.
    pub fn on_epoch_end(
        &mut self,
        now: Instant,
        partition: &Arc<Partition>,
        token: u64,
        result: Result<Position, ErrorCode>,
    ) {
        let Some((key, Goal::Validate(at))) = self.asked(partition, token) else {
            return;
        };
        let end = match result {
            Ok(end) => end,
            Err(ErrorCode::_UNSUPPORTED_FEATURE) => {
                self.pursue(now, key, Goal::Fetch(at), None);
                return;
            }
            Err(err) => {
                self.stale(key, err);
                self.pursue(now, key, Goal::Validate(at), Some(VALIDATE_AGAIN));
                return;
            }
        };
        self.progress(key);
        let broker = match self.entries.get(&key).map(|e| e.leader) {
            Some(Leader::At { broker, .. }) => broker,
            _ => -1,
        };
        let err = ErrorCode::_LOG_TRUNCATION;
        if end.offset < 0 || end.epoch < 0 {
            let reason = format!(
                "the broker knows no leader epoch up to that of {at} (it answers offset {}, \
                 epoch {})",
                end.offset, end.epoch
            );
            self.reset(now, key, at, err, &reason, broker, None);
        } else if end.offset >= at.offset {
            self.pursue(now, key, Goal::Fetch(at), None);
        } else if partition.topic.reset == ResetPolicy::Error {
            let reason = format!(
                "the log was truncated below {at}: it ends at offset {} of leader epoch {}, and \
                 auto.offset.reset allows no other position",
                end.offset, end.epoch
            );
            self.reset(now, key, Position::INVALID, err, &reason, broker, None);
        } else {
            self.shared.logger.log(
                Level::Warning,
                "TRUNC",
                format_args!("{partition:?}: the log was truncated below {at}: going on at {end}"),
            );
            // What is queued beyond the truncation is no longer in the log.
            let version = partition.new_version();
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.version = version;
            }
            self.pursue(now, key, Goal::Fetch(end), None);
        }
    }
}

/// Whether an error goes away when the question is asked again.
fn is_passing(err: ErrorCode) -> bool {
    matches!(
        err,
        ErrorCode::NOT_LEADER_FOR_PARTITION
            | ErrorCode::LEADER_NOT_AVAILABLE
            | ErrorCode::REPLICA_NOT_AVAILABLE
            | ErrorCode::BROKER_NOT_AVAILABLE
            | ErrorCode::KAFKA_STORAGE_ERROR
            | ErrorCode::OFFSET_NOT_AVAILABLE
            | ErrorCode::FENCED_LEADER_EPOCH
            | ErrorCode::UNKNOWN_LEADER_EPOCH
            | ErrorCode::UNKNOWN_TOPIC_OR_PART
            | ErrorCode::UNKNOWN_TOPIC_ID
            | ErrorCode::NOT_COORDINATOR
            | ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::REQUEST_TIMED_OUT
            | ErrorCode::NETWORK_EXCEPTION
            | ErrorCode::UNSTABLE_OFFSET_COMMIT
            | ErrorCode::_TRANSPORT
            | ErrorCode::_TIMED_OUT
            | ErrorCode::_TIMED_OUT_QUEUE
            | ErrorCode::_WAIT_COORD
            | ErrorCode::_BAD_MSG
    )
}
