//! The transaction coordinator: producer ids, epochs, and what each transaction
//! touches.
//!
//! ```text
//!          joined               EndTxn, timeout,            all markers
//!  Empty ─────────► Ongoing ─── new producer ──► Prepare ─── written ──► Complete
//!    ▲                 ▲                            ▲                      │  │
//!    │                 └──────── joined ────────────┼──────────────────────┘  │
//!    │                                              └─ abort of nothing (v2) ─┤
//!    └───────────────────────────── InitProducerId ───────────────────────────┘
//! ```
//!
//! While markers are written (`Prepare`), whoever asks for this transactional id is
//! told CONCURRENT_TRANSACTIONS. A marker is written when `end_delay_ms` and the round
//! trip to the partition's leader are over, and not before that leader is up; with
//! neither, the answer to EndTxn finds everything complete.

mod end;
mod init;
mod join;
mod markers;
mod settings;

pub use join::Part;
pub use settings::{LATEST, Settings};

use super::timers::Timer;
use super::{ClusterState, Cx, Now};
use kafka_protocol::ResponseError as E;
use std::collections::BTreeSet;

/// transaction.max.timeout.ms
const MAX_TIMEOUT_MS: i32 = 900_000;
/// The last epoch that a producer gets; the one after it is for markers alone.
const LAST_EPOCH: i16 = i16::MAX - 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxnState {
    Empty,
    Ongoing { started: Now },
    Prepare(Ending),
    Complete { commit: bool },
}

/// A transaction whose markers are being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    pub commit: bool,
    /// No marker is written before this.
    since: u64,
    /// The producer id from then on, if the epochs of this one are used up.
    next_producer_id: Option<i64>,
}

impl TxnState {
    pub fn name(self) -> &'static str {
        match self {
            TxnState::Empty => "Empty",
            TxnState::Ongoing { .. } => "Ongoing",
            TxnState::Prepare(Ending { commit: true, .. }) => "PrepareCommit",
            TxnState::Prepare(Ending { commit: false, .. }) => "PrepareAbort",
            TxnState::Complete { commit: true } => "CompleteCommit",
            TxnState::Complete { commit: false } => "CompleteAbort",
        }
    }
}

#[derive(Debug)]
pub struct Transaction {
    pub producer_id: i64,
    pub epoch: i16,
    /// The epoch before the last bump, by which its owner may still ask for the new one.
    last_epoch: Option<i16>,
    /// The producer id before the last change of anything.
    previous_producer_id: Option<i64>,
    pub timeout_ms: i32,
    pub state: TxnState,
    /// Those that have no marker yet.
    pub partitions: BTreeSet<(String, i32)>,
    /// Groups whose offsets it commits.
    pub groups: BTreeSet<String>,
    /// When the running or last transaction began; -1 if there was none.
    pub started_ms: i64,
    /// The look at its deadline that is planned.
    armed: Option<u64>,
}

/// A producer's claim to be the one of a transactional id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pid {
    pub id: i64,
    pub epoch: i16,
}

impl Transaction {
    /// Of a transactional id that is not known yet.
    fn new(producer_id: i64, timeout_ms: i32) -> Self {
        Transaction {
            producer_id,
            epoch: -1,
            last_epoch: None,
            previous_producer_id: None,
            timeout_ms,
            state: TxnState::Empty,
            partitions: BTreeSet::new(),
            groups: BTreeSet::new(),
            started_ms: -1,
            armed: None,
        }
    }

    pub fn pid(&self) -> Pid {
        Pid {
            id: self.producer_id,
            epoch: self.epoch,
        }
    }

    fn check(&self, pid: Pid) -> Result<(), E> {
        if self.producer_id != pid.id {
            Err(E::InvalidProducerIdMapping)
        } else if self.epoch != pid.epoch {
            Err(E::ProducerFenced)
        } else {
            Ok(())
        }
    }

    fn is_ongoing(&self) -> bool {
        matches!(self.state, TxnState::Ongoing { .. })
    }

    fn is_exhausted(&self) -> bool {
        self.epoch >= LAST_EPOCH
    }

    fn is_ending(&self) -> bool {
        matches!(self.state, TxnState::Prepare(_))
    }
}

impl ClusterState {
    fn new_producer_id(&mut self) -> i64 {
        let id = self.next_producer_id;
        self.next_producer_id += 1;
        id
    }

    /// An id for an idempotent producer that has no transactions.
    pub fn idempotent_producer(&mut self) -> Pid {
        Pid {
            id: self.new_producer_id(),
            epoch: 0,
        }
    }

    /// The transaction of a request that goes to its coordinator.
    fn transaction(&mut self, cx: &Cx, id: &str) -> Result<&mut Transaction, E> {
        if id.is_empty() {
            return Err(E::InvalidRequest);
        }
        self.check_coordinator(1, id, cx.broker)?;
        self.known_transaction(id)
    }

    /// Like `transaction`, for requests that go to another broker than the coordinator.
    fn known_transaction(&mut self, id: &str) -> Result<&mut Transaction, E> {
        let found = self.transactions.get_mut(id);
        found.ok_or(E::InvalidProducerIdMapping)
    }

    /// When something happens to the transaction by itself.
    fn transaction_due(&self, id: &str) -> Option<u64> {
        let txn = self.transactions.get(id)?;
        match txn.state {
            TxnState::Ongoing { started } => {
                let delay = i64::from(self.txns.abort_delay_ms);
                Some(started.after_ms(i64::from(txn.timeout_ms) + delay))
            }
            TxnState::Prepare(ending) => self.next_marker(txn, ending),
            TxnState::Empty | TxnState::Complete { .. } => None,
        }
    }

    /// Plans a look at what is due, unless an earlier one is planned, which will plan it.
    fn arm_transaction(&mut self, id: &str) {
        let Some(at) = self.transaction_due(id) else {
            return;
        };
        if let Some(txn) = self.transactions.get_mut(id)
            && txn.armed.is_none_or(|armed| at < armed)
        {
            txn.armed = Some(at);
            self.arm(at, Timer::Transaction(id.to_owned()));
        }
    }

    pub(super) fn transaction_deadline(&mut self, now: Now, id: &str) {
        let Some(txn) = self.transactions.get_mut(id) else {
            return;
        };
        if txn.armed.is_some_and(|armed| armed <= now.us) {
            txn.armed = None;
        }
        let (is_ongoing, is_ending) = (txn.is_ongoing(), txn.is_ending());
        let is_due = self.transaction_due(id).is_some_and(|at| at <= now.us);
        if is_due && is_ongoing {
            self.fence_and_abort(now, id);
        } else if is_due && is_ending {
            self.write_markers(now, id);
        } else {
            self.arm_transaction(id);
        }
    }
}
