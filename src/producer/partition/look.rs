//! What a loop finds when it looks at a partition.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::ready::ReadyPartitions;
use super::{Accumulator, Attention, Partition};
use crate::producer::batch::Batch;
use crate::producer::idempotence::{NextToSend, Pid};
use crate::producer::transaction::SharedTransaction;

/// What a loop learns when it looks at a partition.
pub enum Look {
    /// A batch to send; look again for more.
    Batch(Batch),
    /// A batch whose messages waited for too long.
    Expired(Batch),
    /// A batch that has no room in the request under way; to be looked at again
    /// for the next one.
    NoRoom,
    /// Nothing to do before this time, or before the partition is ready again.
    Wait(Option<Instant>),
    /// Nothing is left; the next append makes the partition ready.
    Empty,
    /// The partition has another leader now.
    NotOurs,
    /// Nothing goes on under this producer id and epoch.
    Spent(Pid),
    /// It must be added to the transaction before it can send.
    Joins,
    /// A batch of a transaction that will be aborted.
    Purged(Batch),
}

/// What a loop can send of a partition.
#[derive(Clone, Copy)]
pub struct SendLimits {
    /// False: only look for what has expired.
    pub can_send: bool,
    pub max_bytes: usize,
}

/// The time, and how long messages may wait.
#[derive(Clone, Copy)]
struct Clock {
    now: Instant,
    /// For others of their batch.
    linger: Duration,
    /// Altogether; zero: as long as it takes.
    timeout: Duration,
}

impl Clock {
    fn has_lingered(&self, opened: Instant) -> bool {
        opened + self.linger <= self.now
    }

    fn has_timed_out(&self, opened: Instant) -> bool {
        !self.timeout.is_zero() && opened + self.timeout <= self.now
    }
}

impl Partition {
    /// Loop thread: the next thing to do here. `me` is the loop's own list.
    pub fn look(
        self: &Arc<Self>,
        now: Instant,
        me: &Arc<ReadyPartitions>,
        limits: SendLimits,
    ) -> Look {
        let mut acc = self.acc.lock();
        let acc = &mut *acc;
        if !Arc::ptr_eq(&acc.leader, me) {
            return Look::NotOurs;
        }
        let shared = &self.topic.shared;
        let mut can_send = limits.can_send && !acc.paused && !shared.fatal.load(Ordering::Relaxed);
        if let Some(transaction) = &shared.transaction {
            if let Some(look) = self.take_abandoned(acc, transaction) {
                return look;
            }
            match membership(acc, transaction) {
                Membership::Member => {}
                Membership::Asked => can_send = false,
                Membership::New => return Look::Joins,
            }
        }
        let clock = Clock {
            now,
            linger: if shared.limits.flushing() {
                Duration::ZERO
            } else {
                shared.settings.linger
            },
            timeout: self.topic.settings.message_timeout,
        };
        self.close_if_due(acc, clock, can_send);
        let mut next = None;
        if let Some(look) = self.take_expired(acc, clock, &mut next) {
            return look;
        }
        if let Some(look) = self.take_ready(acc, now, can_send, limits.max_bytes, &mut next) {
            return look;
        }
        wait(acc, clock, next)
    }

    /// Nothing of a transaction that will be aborted is sent, whenever it got here.
    fn take_abandoned(
        &self,
        acc: &mut Accumulator,
        transaction: &SharedTransaction,
    ) -> Option<Look> {
        if !transaction.is_abandoned() {
            return None;
        }
        self.close_open(acc);
        let batch = acc.closed.pop_front()?;
        if let Some(sequences) = &mut acc.sequences {
            sequences.lost(&batch);
        }
        Some(Look::Purged(batch))
    }

    /// Closes the open batch if it has lingered, so that it can be sent, or has timed out.
    fn close_if_due(&self, acc: &mut Accumulator, clock: Clock, can_send: bool) {
        let Some(open) = &acc.open else {
            return;
        };
        let timed_out = clock.has_timed_out(open.opened);
        let due = timed_out || clock.has_lingered(open.opened);
        if !due || !acc.closed.is_empty() || (!can_send && clock.timeout.is_zero()) {
            return;
        }
        // A batch that is not full goes out only when nothing else of the partition is on
        // its way: meanwhile it grows, which costs no more than the round trip that is
        // under way, and saves a request.
        if timed_out || acc.in_flight == 0 {
            self.close_open(acc);
        }
    }

    /// The oldest batch is the first to expire; a retried one is in front. `next`: when
    /// that will be.
    fn take_expired(
        &self,
        acc: &mut Accumulator,
        clock: Clock,
        next: &mut Option<Instant>,
    ) -> Option<Look> {
        let at = if self.topic.settings.lifo {
            acc.closed.len().saturating_sub(1)
        } else {
            0
        };
        let oldest = acc.closed.get(at)?;
        if !oldest.is_expired(clock.now, clock.timeout) {
            *next = oldest.expires(clock.timeout);
            return None;
        }
        let batch = acc.closed.remove(at)?;
        if let Some(sequences) = &mut acc.sequences {
            sequences.lost(&batch);
        }
        Some(Look::Expired(batch))
    }

    /// The closed batch whose turn it is, if it may be sent. `next` becomes the time of
    /// its retry if that is earlier.
    fn take_ready(
        &self,
        acc: &mut Accumulator,
        now: Instant,
        can_send: bool,
        max_bytes: usize,
        next: &mut Option<Instant>,
    ) -> Option<Look> {
        let shared = &self.topic.shared;
        let next_to_send = match &mut acc.sequences {
            Some(sequences) if can_send => {
                sequences.next_to_send(&shared.identity, &mut acc.closed)
            }
            _ => NextToSend::Batch(0),
        };
        let at = match next_to_send {
            NextToSend::Batch(at) => at,
            NextToSend::Nothing => return None,
            NextToSend::Spent(pid) => {
                acc.attention = Attention::Ready;
                return Some(Look::Spent(pid));
            }
        };
        let front = acc.closed.get(at)?;
        let due = front.retry_at.is_none_or(|at| at <= now);
        if !due {
            *next = earlier(*next, front.retry_at);
        }
        let in_turn = if front.attempts > 0 || acc.moving {
            acc.in_flight == 0
        } else {
            acc.in_flight < shared.settings.max_in_flight
        };
        if !(can_send && due && in_turn) {
            return None;
        }
        acc.attention = Attention::Ready;
        if front.wire_size() > max_bytes {
            return Some(Look::NoRoom);
        }
        let mut batch = acc.closed.remove(at)?;
        if let Some(sequences) = &mut acc.sequences {
            sequences.on_sent(&mut batch);
        }
        acc.in_flight += 1;
        acc.in_flight_messages += batch.len();
        Some(Look::Batch(batch))
    }
}

/// Whether a partition may send what it has to a transaction.
enum Membership {
    Member,
    /// The coordinator has not answered yet.
    Asked,
    New,
}

fn membership(acc: &mut Accumulator, transaction: &SharedTransaction) -> Membership {
    let number = transaction.number();
    let has_something = acc.open.is_some() || !acc.closed.is_empty();
    if transaction.is_version_2() || acc.joined == number || !has_something {
        Membership::Member
    } else if acc.asked_to_join == number {
        Membership::Asked
    } else {
        acc.asked_to_join = number;
        Membership::New
    }
}

/// Nothing to do now; says when to look again.
fn wait(acc: &mut Accumulator, clock: Clock, mut next: Option<Instant>) -> Look {
    if let Some(open) = &acc.open {
        // A batch that may go but has to wait for the answer to the one before
        // it is looked at again when that comes.
        if acc.closed.is_empty() && !clock.has_lingered(open.opened) {
            next = earlier(next, Some(open.opened + clock.linger));
        }
        if !clock.timeout.is_zero() {
            next = earlier(next, Some(open.opened + clock.timeout));
        }
    }
    acc.attention = match (&acc.open, acc.closed.is_empty()) {
        (None, true) => Attention::None,
        (Some(_), true) if acc.in_flight == 0 => Attention::Lingering,
        _ => Attention::Ready,
    };
    if acc.attention == Attention::None {
        Look::Empty
    } else {
        Look::Wait(next)
    }
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
