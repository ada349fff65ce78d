//! The transaction coordinator: producer ids, epochs, and what each transaction
//! touches.
//!
//! `Empty → Ongoing → Complete(commit|abort) → Ongoing → …`. Ending writes a marker
//! to every partition and settles the pending offsets of every group at once, so
//! the states in between that Kafka has are never seen.

use super::timers::Timer;
use super::{ClusterState, Cx, Now};
use crate::mock::log::batch::{self, Header};
use kafka_protocol::ResponseError as E;
use std::collections::BTreeSet;

/// transaction.max.timeout.ms
const MAX_TIMEOUT_MS: i32 = 900_000;
/// One before the last epoch: at that the producer gets a new id.
const LAST_EPOCH: i16 = i16::MAX - 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxnState {
    Empty,
    Ongoing { started: Now },
    Complete { commit: bool },
}

impl TxnState {
    pub fn name(self) -> &'static str {
        match self {
            TxnState::Empty => "Empty",
            TxnState::Ongoing { .. } => "Ongoing",
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
    previous_producer_id: Option<i64>,
    pub timeout_ms: i32,
    pub state: TxnState,
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

    /// Gives the id and the epoch to a producer that begins. `next_id` is the producer id
    /// that follows when the epochs of this one are used up.
    fn move_epoch(&mut self, expected: Option<Pid>, is_new: bool, next_id: i64) -> Result<(), E> {
        match expected {
            // The epoch has been moved already: by an abort just now, or by an earlier
            // attempt of which the answer was lost.
            Some(e) if self.last_epoch == Some(e.epoch) => {}
            Some(e) if !is_new && e.epoch != self.epoch && e.epoch < LAST_EPOCH => {
                return Err(E::ProducerFenced);
            }
            _ if self.epoch >= LAST_EPOCH => {
                self.previous_producer_id = Some(self.producer_id);
                self.producer_id = next_id;
                self.epoch = 0;
                self.last_epoch = None;
            }
            _ => {
                self.last_epoch = expected.map(|_| self.epoch);
                self.epoch += 1;
            }
        }
        Ok(())
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

    fn begin(&mut self, now: Now) {
        if !matches!(self.state, TxnState::Ongoing { .. }) {
            self.state = TxnState::Ongoing { started: now };
            self.started_ms = now.wall_ms;
        }
    }

    pub fn deadline(&self) -> Option<u64> {
        match self.state {
            TxnState::Ongoing { started } => Some(started.after_ms(self.timeout_ms.into())),
            _ => None,
        }
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

    /// InitProducerId with a transactional id: fences whoever had it before.
    /// `expected` is what a producer gives that bumps its own epoch.
    pub fn init_transactions(
        &mut self,
        cx: &Cx,
        id: &str,
        timeout_ms: i32,
        expected: Option<Pid>,
    ) -> Result<Pid, E> {
        if id.is_empty() {
            return Err(E::InvalidRequest);
        }
        self.check_coordinator(1, id, cx.broker)?;
        if timeout_ms <= 0 || timeout_ms > MAX_TIMEOUT_MS {
            return Err(E::InvalidTransactionTimeout);
        }
        if !self.transactions.contains_key(id) {
            let producer_id = self.new_producer_id();
            let txn = Transaction::new(producer_id, timeout_ms);
            self.transactions.insert(id.to_owned(), txn);
        }
        let txn = self.transactions.get(id).ok_or(E::UnknownServerError)?;
        let is_new = txn.epoch < 0;
        let may_be = |e: Pid| {
            is_new
                || e.id == txn.producer_id
                || (Some(e.id) == txn.previous_producer_id && e.epoch >= LAST_EPOCH)
        };
        if !expected.is_none_or(may_be) {
            return Err(E::ProducerFenced);
        }
        if txn.deadline().is_some() {
            self.fence_and_abort(cx.now, id);
        }
        let next_id = self.next_producer_id;
        let txn = self.transactions.get_mut(id).ok_or(E::UnknownServerError)?;
        txn.move_epoch(expected, is_new, next_id)?;
        txn.timeout_ms = timeout_ms;
        txn.started_ms = -1;
        txn.state = TxnState::Empty;
        let pid = Pid {
            id: txn.producer_id,
            epoch: txn.epoch,
        };
        if pid.id == next_id {
            self.next_producer_id += 1;
        }
        Ok(pid)
    }

    fn transaction(&mut self, cx: &Cx, id: &str, pid: Pid) -> Result<&mut Transaction, E> {
        if id.is_empty() {
            return Err(E::InvalidRequest);
        }
        self.check_coordinator(1, id, cx.broker)?;
        self.claimed(id, pid)
    }

    /// Like `transaction`, for requests that go to another broker than the coordinator.
    fn claimed(&mut self, id: &str, pid: Pid) -> Result<&mut Transaction, E> {
        let txn = self
            .transactions
            .get_mut(id)
            .ok_or(E::InvalidProducerIdMapping)?;
        txn.check(pid)?;
        Ok(txn)
    }

    /// Whether AddPartitionsToTxn would take partitions for this producer.
    pub fn check_transaction(&mut self, cx: &Cx, id: &str, pid: Pid) -> Result<(), E> {
        self.transaction(cx, id, pid).map(|_| ())
    }

    /// AddPartitionsToTxn that only asks.
    pub fn verify_partition(
        &mut self,
        cx: &Cx,
        id: &str,
        pid: Pid,
        at: &(String, i32),
    ) -> Result<(), E> {
        let txn = self.transaction(cx, id, pid)?;
        if txn.deadline().is_some() && txn.partitions.contains(at) {
            Ok(())
        } else {
            Err(E::TransactionAbortable)
        }
    }

    pub fn add_partitions_to_txn(
        &mut self,
        cx: &Cx,
        id: &str,
        pid: Pid,
        partitions: impl IntoIterator<Item = (String, i32)>,
    ) -> Result<(), E> {
        let txn = self.transaction(cx, id, pid)?;
        txn.partitions.extend(partitions);
        txn.begin(cx.now);
        self.arm_transaction(id);
        Ok(())
    }

    pub fn add_group_to_txn(&mut self, cx: &Cx, id: &str, pid: Pid, group: &str) -> Result<(), E> {
        let txn = self.transaction(cx, id, pid)?;
        txn.groups.insert(group.to_owned());
        txn.begin(cx.now);
        self.arm_transaction(id);
        Ok(())
    }

    /// Plans a look at the deadline, unless an earlier one is planned, which will plan it.
    fn arm_transaction(&mut self, id: &str) {
        let Some(txn) = self.transactions.get_mut(id) else {
            return;
        };
        if let Some(at) = txn.deadline()
            && txn.armed.is_none_or(|armed| at < armed)
        {
            txn.armed = Some(at);
            self.arm(at, Timer::Transaction(id.to_owned()));
        }
    }

    /// A transactional batch is about to be appended: its partition must be part of
    /// the transaction, or with new clients becomes so.
    pub fn join_transaction(
        &mut self,
        cx: &Cx,
        id: &str,
        h: &Header,
        topic: &str,
        partition: i32,
    ) -> Result<(), E> {
        const KNOWS_ABORTABLE: i16 = 11;
        const JOINS_BY_PRODUCING: i16 = 12;
        let pid = Pid {
            id: h.producer_id,
            epoch: h.producer_epoch,
        };
        let txn = self.claimed(id, pid).map_err(|e| match e {
            E::ProducerFenced => E::InvalidProducerEpoch,
            e => e,
        })?;
        let at = (topic.to_owned(), partition);
        if cx.version < JOINS_BY_PRODUCING {
            let joined = txn.deadline().is_some() && txn.partitions.contains(&at);
            return match cx.version {
                _ if joined => Ok(()),
                KNOWS_ABORTABLE.. => Err(E::TransactionAbortable),
                _ => Err(E::InvalidTxnState),
            };
        }
        txn.partitions.insert(at);
        txn.begin(cx.now);
        self.arm_transaction(id);
        Ok(())
    }

    /// TxnOffsetCommit: the group must be part of the transaction, or becomes so.
    pub fn join_group_to_txn(&mut self, cx: &Cx, id: &str, pid: Pid, group: &str) -> Result<(), E> {
        const KNOWS_ABORTABLE: i16 = 4;
        const JOINS_BY_COMMITTING: i16 = 5;
        let txn = self.claimed(id, pid).map_err(|e| match e {
            E::ProducerFenced => E::InvalidProducerEpoch,
            e => e,
        })?;
        if cx.version < JOINS_BY_COMMITTING {
            let joined = txn.deadline().is_some() && txn.groups.contains(group);
            return match cx.version {
                _ if joined => Ok(()),
                KNOWS_ABORTABLE.. => Err(E::TransactionAbortable),
                _ => Err(E::InvalidTxnState),
            };
        }
        txn.groups.insert(group.to_owned());
        txn.begin(cx.now);
        self.arm_transaction(id);
        Ok(())
    }

    /// EndTxn. From version 5 each end bumps the epoch, which the answer tells.
    pub fn end_transaction(&mut self, cx: &Cx, id: &str, pid: Pid, commit: bool) -> Result<Pid, E> {
        const BUMPS: i16 = 5;
        let bumps = cx.version >= BUMPS;
        if id.is_empty() {
            return Err(E::InvalidRequest);
        }
        self.check_coordinator(1, id, cx.broker)?;
        let txn = self
            .transactions
            .get_mut(id)
            .ok_or(E::InvalidProducerIdMapping)?;
        let current = Pid {
            id: txn.producer_id,
            epoch: txn.epoch,
        };
        // The answer to an earlier attempt was lost.
        if bumps
            && pid.id == txn.producer_id
            && txn.epoch.checked_sub(1) == Some(pid.epoch)
            && let TxnState::Complete { commit: was } = txn.state
        {
            return if was == commit {
                Ok(current)
            } else {
                Err(E::InvalidTxnState)
            };
        }
        txn.check(pid)?;
        match txn.state {
            TxnState::Ongoing { .. } => {}
            TxnState::Complete { commit: was } if !bumps => {
                return if was == commit {
                    Ok(current)
                } else {
                    Err(E::InvalidTxnState)
                };
            }
            // Aborting nothing still gets the producer a new epoch.
            TxnState::Empty | TxnState::Complete { .. } if bumps && !commit => {}
            _ => return Err(E::InvalidTxnState),
        }
        if bumps {
            txn.last_epoch = Some(txn.epoch);
            txn.epoch = txn.epoch.saturating_add(1);
        }
        self.finish(cx.now, id, commit);
        let txn = self.transactions.get(id).ok_or(E::UnknownServerError)?;
        Ok(Pid {
            id: txn.producer_id,
            epoch: txn.epoch,
        })
    }

    /// The producer is presumed dead: no request of its epoch is taken any more.
    fn fence_and_abort(&mut self, now: Now, id: &str) {
        if let Some(txn) = self.transactions.get_mut(id) {
            txn.last_epoch = Some(txn.epoch);
            txn.epoch = txn.epoch.saturating_add(1);
        }
        self.finish(now, id, false);
    }

    /// Writes the markers and settles the offsets.
    fn finish(&mut self, now: Now, id: &str, commit: bool) {
        let Some(txn) = self.transactions.get_mut(id) else {
            return;
        };
        let (pid, epoch) = (txn.producer_id, txn.epoch);
        let partitions = std::mem::take(&mut txn.partitions);
        let groups = std::mem::take(&mut txn.groups);
        txn.state = TxnState::Complete { commit };
        // The last epoch was for the markers alone.
        if txn.epoch == i16::MAX {
            txn.producer_id = self.next_producer_id;
            self.next_producer_id += 1;
            txn.previous_producer_id = Some(pid);
            txn.epoch = 0;
        }
        let marker = batch::end_marker(pid, epoch, commit, now.wall_ms);
        for (topic, index) in partitions {
            if let (Some(p), Ok(h)) = (self.partition_mut(&topic, index), Header::parse(&marker)) {
                let at = p.log.append(&h, &marker, p.leader_epoch, None);
                p.producers.ended(pid, epoch, commit, at, now.wall_ms);
            }
            self.wake_partition(now, &topic, index);
        }
        for group in groups {
            if let Some(group) = self.groups.get_mut(&group) {
                group.settle_txn_offsets(pid, commit);
            }
        }
    }

    pub(super) fn transaction_deadline(&mut self, now: Now, id: &str) {
        let Some(txn) = self.transactions.get_mut(id) else {
            return;
        };
        if txn.armed.is_some_and(|armed| armed <= now.us) {
            txn.armed = None;
        }
        match txn.deadline() {
            Some(at) if at <= now.us => self.fence_and_abort(now, id),
            _ => self.arm_transaction(id),
        }
    }
}
