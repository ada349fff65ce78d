//! What metadata, and a connection that goes down, mean for partitions.

use std::time::Instant;

use super::{Action, Control, Goal, Key, Leader, State};
use crate::base::error::ErrorCode;
use crate::consumer::Position;

impl Control {
    /// Metadata was learned: `leader` says who leads each partition of the topic.
    /// `recreated`: under a new id, so offsets and epochs are of another log.
    pub fn on_metadata(
        &mut self,
        now: Instant,
        topic: &str,
        recreated: bool,
        leader: impl Fn(i32) -> Leader,
    ) {
        let partitions: Vec<(Key, i32)> = self
            .entries
            .iter()
            .filter(|(_, e)| &*e.partition.topic.name == topic)
            .map(|(key, e)| (*key, e.partition.id))
            .collect();
        for (key, partition) in partitions {
            match leader(partition) {
                Leader::Missing(err) => self.missing(key, err),
                leader => self.on_leader(now, key, leader, recreated),
            }
        }
    }

    fn on_leader(&mut self, now: Instant, key: Key, leader: Leader, recreated: bool) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        let changed = entry.leader != leader || recreated;
        entry.leader = leader;
        let Leader::At { broker, epoch } = leader else {
            return;
        };
        entry.told = ErrorCode::NO_ERROR;
        if recreated {
            self.forget_log(now, key);
        }
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        match &mut entry.state {
            State::Fetching {
                fetch_id,
                broker: at,
                epoch: known,
                replica_until,
            } => {
                let moved = match replica_until {
                    Some(_) => *known != epoch,
                    None => *at != broker || *known != epoch,
                };
                if moved || recreated {
                    let (fetch_id, at) = (*fetch_id, *at);
                    entry.preferred = None;
                    self.release(key, at, fetch_id, recreated);
                }
            }
            State::Releasing {
                recreated: known, ..
            } => *known |= recreated,
            State::Pending { not_before, .. } => {
                // What failed for the old leader need not fail for the new one.
                if changed {
                    *not_before = None;
                }
                self.proceed(now, key);
            }
            _ => {}
        }
    }

    /// The connection to a broker is down. What it serves as a replica its leader serves, too,
    /// and says which replica is the nearest then; a leader is waited for.
    pub fn on_broker_down(&mut self, broker: i32) {
        let fetched: Vec<_> = self
            .entries
            .iter()
            .filter_map(|(key, entry)| match entry.state {
                State::Fetching {
                    fetch_id,
                    broker: at,
                    replica_until: Some(_),
                    ..
                } if at == broker => Some((*key, fetch_id)),
                _ => None,
            })
            .collect();
        for (key, fetch_id) in fetched {
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.preferred = None;
            }
            self.release(key, broker, fetch_id, false);
        }
    }

    /// The epochs known are those of another log, and an answer about them as well. An
    /// offset that somebody asked for is kept, one that fetching had come to is not.
    fn forget_log(&mut self, now: Instant, key: Key) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        let (State::Pending { goal, .. } | State::Asking { goal, .. }) = &entry.state else {
            return;
        };
        match *goal {
            Goal::Validate(at) | Goal::Fetch(at) => {
                entry.state = State::Pending {
                    goal: Goal::Fetch(Position::new(at.offset, -1)),
                    not_before: None,
                };
            }
            Goal::GoOn { at, .. } => self.begin_again(now, key, at),
            Goal::Committed | Goal::Offset { .. } | Goal::TailLimit { .. } => {}
        }
    }

    /// `at` was reached in the log of a topic that is gone; one of its name has another.
    /// As Kafka's clients do with a position that the log does not have.
    pub(super) fn begin_again(&mut self, now: Instant, key: Key, at: Position) {
        if at.offset <= 0 {
            return self.pursue(now, key, Goal::Fetch(Position::new(at.offset, -1)), None);
        }
        let reason = "the topic was deleted and created anew";
        let err = ErrorCode::UNKNOWN_TOPIC_ID;
        self.reset(now, key, at, err, reason, -1, None);
    }

    pub(super) fn release(&mut self, key: Key, broker: i32, fetch_id: u64, recreated: bool) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        let State::Fetching { epoch, .. } = entry.state else {
            return;
        };
        entry.state = State::Releasing {
            fetch_id,
            epoch,
            recreated,
        };
        self.actions.push(Action::Stop {
            broker,
            partition: entry.partition.clone(),
            fetch_id,
        });
    }

    /// The topic or the partition is not there: the application is told, once, and
    /// things go on should it come (back).
    fn missing(&mut self, key: Key, err: ErrorCode) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        entry.leader = Leader::Missing(err);
        let reason = match err {
            ErrorCode::_UNKNOWN_PARTITION => "the topic has no such partition",
            ErrorCode::TOPIC_AUTHORIZATION_FAILED => "the topic must not be read",
            _ => "the cluster has no such topic",
        };
        let p = &entry.partition;
        if entry.told == err {
            return;
        }
        entry.told = err;
        self.actions.push(Action::Error {
            text: format!("{} [{}]: {reason} ({err})", p.topic.name, p.id),
            partition: p.clone(),
            code: err,
        });
    }
}
