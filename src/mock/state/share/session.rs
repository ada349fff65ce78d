//! Share sessions: a member names its partitions to a broker once, then only changes.
//!
//! A session belongs to a member of a group on one broker. Each request carries the next epoch: 0 opens a session in place
//! of the one before, -1 closes it. When its connection is closed the session ends, too.

use super::{Settings, Shares};
use crate::mock::state::ConnId;
use kafka_protocol::ResponseError as E;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A partition by the id of its topic.
pub type Tp = (Uuid, i32);

/// Broker, group, member.
pub type Key = (i32, String, String);

#[derive(Debug)]
pub struct Session {
    pub conn: ConnId,
    last_used_us: u64,
    /// What the next request must carry.
    epoch: i32,
    /// Whether the next answer has to mention the partition in any case.
    partitions: BTreeMap<Tp, bool>,
    /// Partitions take turns at being first.
    turn: usize,
}

/// What a request is in its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Open,
    /// It is the last one.
    Final,
}

impl Session {
    /// The partitions to fetch from, in turn.
    pub fn in_turn(&mut self) -> Vec<Tp> {
        let mut all: Vec<_> = self.partitions.keys().copied().collect();
        let count = all.len();
        if count > 0 {
            all.rotate_left(self.turn % count);
            self.turn = (self.turn + 1) % count;
        }
        all
    }

    /// Whether the answer has to mention the partition: it is new, has records or an error, or had one before.
    pub fn has_news(&mut self, tp: Tp, error: bool, records: bool) -> bool {
        let Some(due) = self.partitions.get_mut(&tp) else {
            return true;
        };
        let news = *due || error || records;
        *due = error;
        news
    }

    pub fn partitions(&self) -> impl Iterator<Item = Tp> + '_ {
        self.partitions.keys().copied()
    }

    /// When it ends if nothing comes.
    pub fn deadline(&self, settings: &Settings) -> Option<u64> {
        let timeout = u64::try_from(settings.session_timeout_ms).ok()?;
        let at = self
            .last_used_us
            .saturating_add(timeout.saturating_mul(1000));
        settings.sessions_expire.then_some(at)
    }

    fn step(&mut self, now_us: u64) {
        self.last_used_us = now_us;
        self.epoch = self.epoch.checked_add(1).unwrap_or(1);
    }
}

/// What a ShareFetch says of its session.
#[derive(Debug)]
pub struct Change {
    pub epoch: i32,
    pub conn: ConnId,
    pub now_us: u64,
    pub add: Vec<Tp>,
    pub forget: Vec<Tp>,
    pub acknowledges: bool,
}

impl Shares {
    /// Brings a ShareFetch's session up to date.
    pub fn begin_fetch(&mut self, key: &Key, change: Change) -> Result<Phase, E> {
        match change.epoch {
            0 => self.open(key, change),
            -1 => match self.sessions.contains_key(key) {
                true => Ok(Phase::Final),
                false => Err(E::ShareSessionNotFound),
            },
            epoch => {
                let session = self.sessions.get_mut(key);
                let session = session.ok_or(E::ShareSessionNotFound)?;
                if session.epoch != epoch {
                    return Err(E::InvalidShareSessionEpoch);
                }
                session.step(change.now_us);
                for tp in change.add {
                    session.partitions.entry(tp).or_insert(true);
                }
                for tp in change.forget {
                    session.partitions.remove(&tp);
                }
                Ok(Phase::Open)
            }
        }
    }

    fn open(&mut self, key: &Key, change: Change) -> Result<Phase, E> {
        if change.acknowledges {
            return Err(E::InvalidRequest);
        }
        self.sessions.remove(key);
        let on_broker = self.sessions.keys().filter(|k| k.0 == key.0).count();
        let limit = usize::try_from(self.settings.max_sessions).unwrap_or(0);
        if limit > 0 && on_broker >= limit {
            return Err(E::ShareSessionLimitReached);
        }
        let session = Session {
            conn: change.conn,
            last_used_us: change.now_us,
            epoch: 1,
            partitions: change.add.into_iter().map(|tp| (tp, true)).collect(),
            turn: 0,
        };
        self.sessions.insert(key.clone(), session);
        Ok(Phase::Open)
    }

    /// Brings a ShareAcknowledge's session up to date; such a request opens none.
    pub fn begin_acknowledge(&mut self, now_us: u64, key: &Key, epoch: i32) -> Result<Phase, E> {
        if epoch == 0 {
            return Err(E::InvalidShareSessionEpoch);
        }
        let session = self.sessions.get_mut(key);
        let session = session.ok_or(E::ShareSessionNotFound)?;
        if epoch == -1 {
            return Ok(Phase::Final);
        }
        if session.epoch != epoch {
            return Err(E::InvalidShareSessionEpoch);
        }
        session.step(now_us);
        Ok(Phase::Open)
    }
}
