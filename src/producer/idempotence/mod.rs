//! The idempotent producer (KIP-98, KIP-360): every message once and in order,
//! whatever is retried.
//!
//! The client has one producer id, which some broker gives it ([`acquire`]). Batches
//! get their numbers when they are first taken to be sent: producer id, epoch, and
//! the sequence number of their first message. A batch that is sent again keeps its
//! numbers, and its bytes; the broker stores it once and acknowledges it each time.
//! Brokers count for each partition on its own, and so does [`SequenceState`], in the
//! accumulator. Who raises the epoch is said in one place, [`identity`].
//!
//! ```text
//! Unnamed ──producer id is known──► Steady { pid, next } ◄──────────────────────────────┐
//!    ▲                                 │                                                │
//!    │                                 │ a numbered batch is lost: refused for good,    │
//!    │                                 │ expired, purged                                │
//!    │                                 ▼                                                │
//!    └──another is needed─── Broken { pid } ──nothing in flight, nothing uncertain──────┘
//!                                                    next epoch, from sequence 0
//! ```
//!
//! *Steady*: at most five batches are in flight, but only one before the first is
//! acknowledged: a broker that has nothing of the producer takes any sequence number,
//! and would take a second batch where it refused the first. When one fails and is to be retried,
//! those after it are refused with OUT_OF_ORDER_SEQUENCE_NUMBER; they are put back
//! behind it with their numbers, and go one at a time once nothing is in flight. The
//! attempt does not count. Nothing new goes beside a retried batch: of each producer a
//! broker remembers five batches, and would not know an older one again.
//!
//! *Broken*: the broker will refuse what follows the gap. Batches that it may have
//! stored nevertheless are sent again under their old numbers first, in order: it
//! acknowledges what it has, and its refusal says that it has not. What is refused is
//! numbered anew, under the next epoch: the partition's own, or the one that the owner of
//! the epoch sets.
//!
//! What the protocol allows when the batch that is next in sequence is refused with
//! OUT_OF_ORDER_SEQUENCE_NUMBER, though all before it were acknowledged:
//!
//! - It was never sent before, or no earlier attempt may have reached the broker: the
//!   broker has lost messages that it acknowledged.
//! - An earlier attempt may have been stored (*uncertain*: its connection was cut, or
//!   the answer was a time-out). The broker remembers the last five batches, and no
//!   more than those of the window can have come after it: if it had it, it would
//!   acknowledge it. The refusal may be that of a broker that has not caught up with the first attempt,
//!   or that is a new leader. To ask again with the same numbers can lose nothing and
//!   double nothing, whatever the answer was worth: stored, it is acknowledged, and not
//!   stored, it is stored once. So it is asked again, [`MAX_RECHECKS`] times in a row, with the
//!   pauses of any retry. Then the first case holds.
//!
//! What cannot be put right is fatal: that a broker has lost messages, and, with
//! `enable.gapless.guarantee`, any gap that a failed request leaves. To go on under
//! another epoch would hide the loss from the application, to which the messages were
//! reported as delivered. What is queued then fails, what is in flight is awaited. Within a
//! transaction it is not fatal: the transaction must be aborted, and the next one begins
//! under another epoch.

pub mod acquire;
mod identity;
#[cfg(all(test, not(loom)))]
mod tests;

use std::collections::VecDeque;

pub use self::identity::{Identity, Pid};
use super::batch::Batch;
use crate::base::error::ErrorCode;

/// A batch's place in the sequence of its partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchSequence {
    pub pid: Pid,
    pub first: i32,
    /// The broker has said that it does not have it.
    pub refused: bool,
    /// How often it was sent again in spite of that.
    pub rechecks: u8,
}

/// As many as there are batches in the window: each may have had its refusal under way
/// when the sequence was broken.
const MAX_RECHECKS: u8 = 5;

/// The sequence number `count` messages later; they start again at 0 after the last.
fn advance(sequence: i32, count: usize) -> i32 {
    let sum = i64::from(sequence) + i64::try_from(count).unwrap_or(0);
    i32::try_from(sum % (1 << 31)).unwrap_or(0)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// `spent`: nothing goes on under this one.
    Unnamed {
        spent: Option<Pid>,
    },
    /// `known`: the broker has acknowledged a batch under this id and epoch.
    Steady {
        pid: Pid,
        next: i32,
        known: bool,
    },
    Broken {
        pid: Pid,
    },
}

/// What may be sent next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextToSend {
    /// The closed batch at this place, if there is one.
    Batch(usize),
    Nothing,
    /// Another producer id or epoch than this one is needed.
    Spent(Pid),
}

/// What to do about a batch that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// As without idempotence: the error says.
    Ordinary,
    /// Send it again; the attempt does not count.
    Again,
    /// It cannot be put right: messages are lost, or nobody knows.
    Lost(&'static str),
}

/// The sequence numbers of a partition.
#[derive(Debug)]
pub struct SequenceState {
    phase: Phase,
    /// Ids of the batches in flight.
    in_flight: Vec<u64>,
    /// What is in flight is a retried batch.
    retrying: bool,
}

impl Default for SequenceState {
    fn default() -> Self {
        SequenceState {
            phase: Phase::Unnamed { spent: None },
            in_flight: Vec::new(),
            retrying: false,
        }
    }
}

impl SequenceState {
    /// The closed batch to send next. Those with sequence numbers stand in front.
    pub fn next_to_send(
        &mut self,
        identity: &Identity,
        closed: &mut VecDeque<Batch>,
    ) -> NextToSend {
        if let Phase::Broken { pid } = self.phase {
            if !self.in_flight.is_empty() {
                return NextToSend::Nothing;
            }
            let uncertain = |b: &Batch| b.sequence.is_some() && b.possibly_persisted;
            if closed.iter().any(uncertain) {
                let open = |b: &Batch| b.sequence.is_some_and(|s| !s.refused);
                return closed
                    .iter()
                    .position(open)
                    .map_or(NextToSend::Nothing, NextToSend::Batch);
            }
            for batch in closed.iter_mut() {
                batch.sequence = None;
            }
            self.phase = match identity.after_gap(pid) {
                Some(pid) => Phase::Steady {
                    pid,
                    next: 0,
                    known: false,
                },
                None => {
                    self.phase = Phase::Unnamed { spent: Some(pid) };
                    return NextToSend::Spent(pid);
                }
            };
        }
        if let Phase::Unnamed { spent } = self.phase {
            let Some(pid) = identity.get_after(spent) else {
                return NextToSend::Nothing;
            };
            self.phase = Phase::Steady {
                pid,
                next: 0,
                known: false,
            };
        }
        self.follow(identity, closed);
        match self.phase {
            Phase::Steady { known: false, .. } if !self.in_flight.is_empty() => NextToSend::Nothing,
            _ if self.retrying && !self.in_flight.is_empty() => NextToSend::Nothing,
            _ => NextToSend::Batch(0),
        }
    }

    /// Goes on under the epoch that a coordinator has set, once nothing is numbered under
    /// the one before.
    fn follow(&mut self, identity: &Identity, closed: &VecDeque<Batch>) {
        if let Phase::Steady { pid, .. } = self.phase
            && self.in_flight.is_empty()
            && let Some(pid) = identity.follows(pid)
            && closed.iter().all(|b| b.sequence.is_none())
        {
            let (next, known) = (0, false);
            self.phase = Phase::Steady { pid, next, known };
        }
    }

    /// The batch is sent now.
    pub fn on_sent(&mut self, batch: &mut Batch) {
        match (&mut batch.sequence, &mut self.phase) {
            (Some(sequence), _) => sequence.refused = false,
            (none, Phase::Steady { pid, next, .. }) => {
                *none = Some(BatchSequence {
                    pid: *pid,
                    first: *next,
                    refused: false,
                    rechecks: 0,
                });
                *next = advance(*next, batch.entries.len());
            }
            // `next_to_send` gives no batch without a sequence number then.
            (None, _) => {}
        }
        self.retrying = batch.attempts > 0;
        self.in_flight.push(batch.id);
    }

    pub fn acknowledged(&mut self, batch: &Batch) {
        if let (Some(sequence), Phase::Steady { pid, known, .. }) =
            (batch.sequence, &mut self.phase)
        {
            *known |= sequence.pid == *pid;
        }
    }

    /// The batch's request has ended, in whichever way.
    pub fn on_ended(&mut self, id: u64) {
        self.in_flight.retain(|f| *f != id);
    }

    /// A batch will not be sent again, and was not acknowledged.
    pub fn lost(&mut self, batch: &Batch) {
        if let (Some(sequence), Phase::Steady { pid, .. }) = (batch.sequence, self.phase)
            && sequence.pid == pid
        {
            self.phase = Phase::Broken { pid };
        }
    }

    /// A batch in flight has failed with `code`.
    /// `transactional`: what is lost is told by the transaction, and nothing is numbered
    /// anew within it.
    pub fn judge(
        &mut self,
        batch: &mut Batch,
        closed: &VecDeque<Batch>,
        code: ErrorCode,
        transactional: bool,
    ) -> Fate {
        let attempts = batch.counted_attempts();
        let Some(sequence) = &mut batch.sequence else {
            return Fate::Ordinary;
        };
        match code {
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER => {
                let older = |id: u64| id < batch.id;
                let waits = closed.iter().any(|b| b.sequence.is_some() && older(b.id))
                    || self.in_flight.iter().any(|id| older(*id));
                if !waits && !matches!(self.phase, Phase::Broken { .. }) {
                    if batch.possibly_persisted && sequence.rechecks < MAX_RECHECKS {
                        sequence.rechecks += 1;
                        return Fate::Again;
                    }
                    return Fate::Lost(
                        "the broker expects another sequence number, though all before this \
                         were acknowledged: it has lost messages",
                    );
                }
                sequence.refused = true;
                batch.possibly_persisted = false;
                Fate::Again
            }
            ErrorCode::UNKNOWN_PRODUCER_ID => {
                if transactional {
                    return Fate::Lost("the broker has forgotten the producer");
                }
                if attempts > 1 {
                    return Fate::Lost(
                        "the broker has forgotten the producer once more: whether it has the \
                         batch cannot be known",
                    );
                }
                // All that it knew of us is gone: the messages before this were deleted.
                sequence.refused = true;
                batch.possibly_persisted = false;
                self.lost(batch);
                Fate::Again
            }
            _ => Fate::Ordinary,
        }
    }
}
