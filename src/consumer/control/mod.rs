//! What each partition needs before it can be fetched, and who is to fetch it.
//! Sans-IO: commands, metadata, answers and ended fetches come in, [`Action`]s go out.
//!
//! ```text
//! start, seek ──► Pending(goal) ──leader known, pause over──► Asking(goal) ──answer──► Pending(next goal)
//!                    ▲    │ goal Fetch                           │ error: pause
//!                    │    ▼                                      ▼
//!                    │  Fetching ──leader moved──► Releasing   Pending(same goal)
//!                    └ fetch ended ───┴──────────────┘
//! ```
//!
//! Goals lead to each other: `Committed` (ask the group's coordinator), `Offset`
//! (look up the beginning or the end), `Validate` (has the log been truncated
//! below this position? KIP-320), `Fetch`.
//!
//! A partition is fetched by one loop at a time. Moving it means to stop the fetch, to
//! wait for the position that [`FetchEnded`](super::FetchEnded) brings, and to start another fetch from
//! there. Fetches and questions have a number (`fetch_id`, `token`), which comes back
//! with their end or answer; those that belong to something that is over are ignored.

mod answers;
mod fetch_ended;
mod fetch_state;
mod leader;
mod reset;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::fetcher::Start;
use super::{ConsumerShared, Partition, Position, offset};
use crate::base::error::ErrorCode;
use crate::base::log::debug;
use crate::protocol::leader::NewLeader;

/// What the caller has to do for the machine.
#[derive(Debug)]
pub enum Action {
    /// If there is no such broker, the answer is [`FetchEnded`](super::FetchEnded) with
    /// [`Reason::NoBroker`](super::Reason::NoBroker).
    Start {
        broker: i32,
        start: Start,
    },
    Stop {
        broker: i32,
        partition: Arc<Partition>,
        fetch_id: u64,
    },
    /// Answered by [`Control::on_offset`].
    ListOffset {
        broker: i32,
        partition: Arc<Partition>,
        token: u64,
        leader_epoch: i32,
        /// -2 the beginning, -1 the end.
        timestamp: i64,
    },
    /// Answered by [`Control::on_epoch_end`].
    EpochEnd {
        broker: i32,
        partition: Arc<Partition>,
        token: u64,
        leader_epoch: i32,
        epoch: i32,
    },
    /// Answered by [`Control::on_committed`].
    Committed {
        partition: Arc<Partition>,
        token: u64,
    },
    RefreshMetadata {
        topic: Arc<str>,
        why: ErrorCode,
    },
    /// What a broker said of the leader; if it is of no use, metadata is wanted.
    LeaderChanged {
        topic: Arc<str>,
        why: ErrorCode,
        leader: NewLeader,
    },
    /// For the application, as an error that is no message.
    Error {
        partition: Arc<Partition>,
        code: ErrorCode,
        text: String,
    },
}

/// Who leads a partition, as metadata has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leader {
    /// Not known yet.
    Unknown,
    /// There is none at the moment.
    None,
    At {
        broker: i32,
        epoch: i32,
    },
    /// The topic or the partition does not exist, or must not be used.
    Missing(ErrorCode),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Committed,
    /// `then` is subtracted from the end: the last so many messages.
    Offset {
        timestamp: i64,
        tail: i64,
    },
    /// The beginning, which a tail must not go below.
    TailLimit {
        wanted: Position,
    },
    Validate(Position),
    /// Fetch on. What was fetched was a leader's of epoch `under`: a leader of a later one
    /// is asked first whether its log has the position (KIP-320).
    GoOn {
        at: Position,
        under: i32,
    },
    Fetch(Position),
}

#[derive(Debug)]
enum State {
    Pending {
        goal: Goal,
        not_before: Option<Instant>,
    },
    Asking {
        goal: Goal,
        token: u64,
    },
    Fetching {
        fetch_id: u64,
        broker: i32,
        epoch: i32,
        /// From a follower, until this time.
        replica_until: Option<Instant>,
    },
    Releasing {
        fetch_id: u64,
        epoch: i32,
        /// The topic was recreated: what comes back is a position in another log.
        recreated: bool,
    },
    /// Ended with an error that only a seek or a new assignment gets over.
    Failed,
}

struct Entry {
    partition: Arc<Partition>,
    version: u32,
    state: State,
    leader: Leader,
    /// A replica to fetch from instead of the leader, and until when.
    preferred: Option<(i32, Instant)>,
    /// A Fetch of it has failed: none goes to this broker before this time.
    fetch_after: Option<(i32, Instant)>,
    /// Failures in a row.
    attempts: u32,
    /// What the application was told last, so that it is told once.
    told: ErrorCode,
}

type Key = usize;

fn key(p: &Arc<Partition>) -> Key {
    Arc::as_ptr(p).addr()
}

pub struct Control {
    shared: Arc<ConsumerShared>,
    entries: HashMap<Key, Entry>,
    /// The number of the last fetch or question.
    last_number: u64,
    actions: Vec<Action>,
    next_timer: Option<Instant>,
}

pub const TIMESTAMP_BEGINNING: i64 = -2;
pub const TIMESTAMP_END: i64 = -1;

impl Control {
    pub fn new(shared: Arc<ConsumerShared>) -> Self {
        Control {
            shared,
            entries: HashMap::new(),
            last_number: 0,
            actions: Vec::new(),
            next_timer: None,
        }
    }

    pub fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.next_timer
    }

    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    pub fn partitions(&self) -> impl Iterator<Item = &Arc<Partition>> {
        self.entries.values().map(|e| &e.partition)
    }

    pub fn is_started(&self, partition: &Arc<Partition>) -> bool {
        self.entries.contains_key(&key(partition))
    }

    /// Fetch from `at`, which may be logical. `version` is what
    /// [`Partition::begin`] gave.
    pub fn start(
        &mut self,
        now: Instant,
        partition: &Arc<Partition>,
        version: u32,
        at: Position,
        leader: Leader,
    ) {
        self.stop(partition);
        let entry = Entry {
            partition: partition.clone(),
            version,
            state: State::Failed,
            leader,
            preferred: None,
            fetch_after: None,
            attempts: 0,
            told: ErrorCode::NO_ERROR,
        };
        let key = key(partition);
        self.entries.insert(key, entry);
        self.debug(partition, "START", format_args!("start at {at}"));
        if at.is_absolute() {
            // Where the application says, whatever its epoch: that is checked when the
            // leader's epoch moves, or after a seek.
            self.pursue(now, key, Goal::Fetch(at), None);
        } else {
            self.go_to(now, key, at);
        }
        if leader == Leader::Unknown {
            self.actions.push(Action::RefreshMetadata {
                topic: partition.topic.name.clone(),
                why: ErrorCode::NO_ERROR,
            });
        }
    }

    pub fn stop(&mut self, partition: &Arc<Partition>) {
        let key = key(partition);
        self.abandon(key);
        self.entries.remove(&key);
    }

    /// Whatever fetch is under way is of no more interest.
    fn abandon(&mut self, key: Key) {
        if let Some(entry) = self.entries.get(&key)
            && let State::Fetching {
                fetch_id, broker, ..
            } = entry.state
        {
            self.actions.push(Action::Stop {
                broker,
                partition: entry.partition.clone(),
                fetch_id,
            });
        }
    }

    /// Go on somewhere else. `version` is what [`Partition::new_version`] gave. As in
    /// librdkafka not before it is known where to start: while the committed offset is
    /// asked for, there is nothing to move.
    pub fn seek(
        &mut self,
        now: Instant,
        partition: &Arc<Partition>,
        version: u32,
        to: Position,
    ) -> Result<(), ErrorCode> {
        if to.offset == offset::STORED {
            return Err(ErrorCode::_INVALID_ARG);
        }
        let key = key(partition);
        let Some(entry) = self.entries.get_mut(&key) else {
            return Err(ErrorCode::_STATE);
        };
        entry.version = version;
        if let State::Pending { goal, .. } | State::Asking { goal, .. } = entry.state
            && goal == Goal::Committed
        {
            // It goes on at the committed offset, under the new version.
            return Err(ErrorCode::_STATE);
        }
        entry.attempts = 0;
        entry.told = ErrorCode::NO_ERROR;
        self.abandon(key);
        self.debug(partition, "SEEK", format_args!("seek to {to}"));
        self.go_to(now, key, to);
        Ok(())
    }

    /// The goal that a position means.
    fn go_to(&mut self, now: Instant, key: Key, at: Position) {
        let goal = match at.offset {
            offset::BEGINNING => Goal::Offset {
                timestamp: TIMESTAMP_BEGINNING,
                tail: 0,
            },
            offset::END => Goal::Offset {
                timestamp: TIMESTAMP_END,
                tail: 0,
            },
            n if n <= offset::TAIL_BASE => Goal::Offset {
                timestamp: TIMESTAMP_END,
                tail: offset::TAIL_BASE.saturating_sub(n),
            },
            offset::STORED if self.shared.settings.has_group => Goal::Committed,
            n if n > 0 && at.epoch >= 0 => Goal::Validate(at),
            n if n >= 0 => Goal::Fetch(at),
            _ => {
                let why = "no previously committed offset available";
                self.reset(now, key, at, ErrorCode::_NO_OFFSET, why, -1, None);
                return;
            }
        };
        self.pursue(now, key, goal, None);
    }

    fn pursue(&mut self, now: Instant, key: Key, goal: Goal, pause: Option<Duration>) {
        if let Some(entry) = self.entries.get_mut(&key) {
            let not_before = pause.map(|p| now + p);
            entry.state = State::Pending { goal, not_before };
            if let Some(asked) = fetch_state::query_of(&goal) {
                entry.partition.query_offset.store(asked, Ordering::Relaxed);
            }
        }
        self.proceed(now, key);
    }

    /// Does what is pending, if it can be done.
    fn proceed(&mut self, now: Instant, key: Key) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        let State::Pending { goal, not_before } = &mut entry.state else {
            return;
        };
        let goal = *goal;
        if let Some(at) = not_before.filter(|at| *at > now) {
            self.next_timer = Some(self.next_timer.map_or(at, |t| t.min(at)));
            return;
        }
        let leader = match entry.leader {
            Leader::At { broker, epoch } => Some((broker, epoch)),
            _ => None,
        };
        match (goal, leader) {
            (Goal::Committed, _) => self.ask(key, goal, -1, -1),
            (Goal::Fetch(at), Some((broker, epoch))) => self.fetch(now, key, at, broker, epoch),
            (Goal::GoOn { at, under }, Some((broker, epoch))) => match epoch > under {
                true => self.validate(now, key, at, broker, epoch),
                false => self.fetch(now, key, at, broker, epoch),
            },
            (Goal::Validate(at), Some((broker, epoch))) => {
                self.validate(now, key, at, broker, epoch);
            }
            (_, Some((broker, epoch))) => self.ask(key, goal, broker, epoch),
            // The change of metadata that brings a leader brings us back.
            (_, None) => {}
        }
    }

    /// Checks a position whose epoch is known with a leader that knows of epochs.
    fn validate(&mut self, now: Instant, key: Key, at: Position, broker: i32, epoch: i32) {
        if at.offset > 0 && at.epoch >= 0 && epoch >= 0 {
            self.ask(key, Goal::Validate(at), broker, epoch);
        } else {
            self.fetch(now, key, at, broker, epoch);
        }
    }

    fn ask(&mut self, key: Key, goal: Goal, broker: i32, leader_epoch: i32) {
        let token = self.number();
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        let partition = entry.partition.clone();
        entry.state = State::Asking { goal, token };
        self.actions.push(match goal {
            Goal::Offset { timestamp, .. } => Action::ListOffset {
                broker,
                partition,
                token,
                leader_epoch,
                timestamp,
            },
            Goal::TailLimit { .. } => Action::ListOffset {
                broker,
                partition,
                token,
                leader_epoch,
                timestamp: TIMESTAMP_BEGINNING,
            },
            Goal::Validate(at) => Action::EpochEnd {
                broker,
                partition,
                token,
                leader_epoch,
                epoch: at.epoch,
            },
            Goal::Committed | Goal::Fetch(_) | Goal::GoOn { .. } => {
                Action::Committed { partition, token }
            }
        });
    }

    fn fetch(&mut self, now: Instant, key: Key, at: Position, leader: i32, epoch: i32) {
        let fetch_id = self.number();
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        let partition = entry.partition.clone();
        entry.preferred = entry.preferred.filter(|(_, until)| *until > now);
        let broker = entry.preferred.map_or(leader, |(id, _)| id);
        let replica_until = entry.preferred.map(|(_, until)| until);
        entry.state = State::Fetching {
            fetch_id,
            broker,
            epoch,
            replica_until,
        };
        if let Some(until) = replica_until {
            self.next_timer = Some(self.next_timer.map_or(until, |t| t.min(until)));
        }
        partition
            .leader_epoch
            .store(epoch, std::sync::atomic::Ordering::Relaxed);
        let topic_id = *partition.topic.id.lock();
        let not_before = entry
            .fetch_after
            .filter(|(failed, at)| *failed == broker && *at > now)
            .map(|(_, at)| at);
        self.actions.push(Action::Start {
            broker,
            start: Start {
                version: entry.version,
                fetch_id,
                position: at,
                leader_epoch: epoch,
                topic_id,
                not_before,
                partition,
            },
        });
    }

    /// Pauses that are over.
    pub fn poll(&mut self, now: Instant) {
        if self.next_timer.is_none_or(|at| at > now) {
            return;
        }
        self.next_timer = None;
        for key in self.entries.keys().copied().collect::<Vec<_>>() {
            let Some(entry) = self.entries.get_mut(&key) else {
                continue;
            };
            match entry.state {
                State::Pending { .. } => self.proceed(now, key),
                State::Fetching {
                    fetch_id,
                    broker,
                    replica_until: Some(until),
                    ..
                } => {
                    if until <= now {
                        entry.preferred = None;
                        self.release(key, broker, fetch_id, false);
                    } else {
                        self.next_timer = Some(self.next_timer.map_or(until, |t| t.min(until)));
                    }
                }
                _ => {}
            }
        }
    }

    fn debug(
        &self,
        partition: &Arc<Partition>,
        facility: &'static str,
        text: std::fmt::Arguments<'_>,
    ) {
        let logger = &self.shared.logger;
        logger.debug(
            debug::TOPIC | debug::FETCH,
            facility,
            format_args!("{partition:?}: {text}"),
        );
    }

    /// What must hold between events.
    #[cfg(test)]
    fn check_invariants(&self) {
        for (key, entry) in &self.entries {
            assert_eq!(*key, super::control::key(&entry.partition));
            if let State::Pending {
                not_before: Some(at),
                ..
            } = entry.state
            {
                let timer = self.next_timer;
                assert!(
                    timer.is_some_and(|t| t <= at),
                    "a pause without a timer: {:?}",
                    entry.partition
                );
            }
        }
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
