//! How partitions and groups become part of a transaction: by AddPartitionsToTxn and
//! AddOffsetsToTxn, or from version 2 on by being written to.

use super::{Pid, Transaction, TxnState};
use crate::mock::log::batch::Header;
use crate::mock::state::{ClusterState, Cx, Now};
use kafka_protocol::ResponseError as E;

/// What a transaction is to write to.
#[derive(Clone, Debug)]
pub enum Part {
    Partition(String, i32),
    Group(String),
}

impl Transaction {
    fn has(&self, part: &Part) -> bool {
        match part {
            Part::Partition(topic, index) => self.partitions.contains(&(topic.clone(), *index)),
            Part::Group(group) => self.groups.contains(group),
        }
    }

    fn add(&mut self, now: Now, pid: Pid, parts: Vec<Part>) -> Result<(), E> {
        if self.is_ending() {
            return Err(E::ConcurrentTransactions);
        }
        self.check(pid)?;
        if self.is_ongoing() && parts.iter().all(|p| self.has(p)) {
            return Ok(());
        }
        for part in parts {
            match part {
                Part::Partition(topic, index) => self.partitions.insert((topic, index)),
                Part::Group(group) => self.groups.insert(group),
            };
        }
        self.previous_producer_id = Some(self.producer_id);
        if !self.is_ongoing() {
            self.state = TxnState::Ongoing { started: now };
            self.started_ms = now.wall_ms;
        }
        Ok(())
    }

    fn verify(&self, pid: Pid, part: &Part) -> Result<(), E> {
        self.check(pid)?;
        match self.state {
            TxnState::Prepare(_) => Err(E::ConcurrentTransactions),
            TxnState::Ongoing { .. } if self.has(part) => Ok(()),
            _ => Err(E::TransactionAbortable),
        }
    }
}

impl ClusterState {
    /// Whether AddPartitionsToTxn would take partitions for this producer.
    pub fn check_transaction(&mut self, cx: &Cx, id: &str, pid: Pid) -> Result<(), E> {
        self.transaction(cx, id)?.check(pid)
    }

    /// AddPartitionsToTxn that only asks.
    pub fn verify_partition(
        &mut self,
        cx: &Cx,
        id: &str,
        pid: Pid,
        at: &(String, i32),
    ) -> Result<(), E> {
        let part = Part::Partition(at.0.clone(), at.1);
        self.transaction(cx, id)?.verify(pid, &part)
    }

    /// AddPartitionsToTxn and AddOffsetsToTxn.
    pub fn add_to_transaction(
        &mut self,
        cx: &Cx,
        id: &str,
        pid: Pid,
        parts: impl IntoIterator<Item = Part>,
    ) -> Result<(), E> {
        let parts = parts.into_iter().collect();
        self.transaction(cx, id)?.add(cx.now, pid, parts)?;
        self.arm_transaction(id);
        Ok(())
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
        let part = Part::Partition(topic.to_owned(), partition);
        let joined = match cx.version {
            JOINS_BY_PRODUCING.. => self.join_by_writing(cx, id, pid, part),
            _ => self.known_transaction(id)?.verify(pid, &part),
        };
        joined.map_err(|e| match (e, cx.version) {
            (E::ProducerFenced, _) => E::InvalidProducerEpoch,
            (E::TransactionAbortable, ..KNOWS_ABORTABLE) => E::InvalidTxnState,
            // Older clients do not try a produce request again for the other code.
            (E::ConcurrentTransactions, ..JOINS_BY_PRODUCING) => E::NotEnoughReplicas,
            (e, _) => e,
        })
    }

    /// TxnOffsetCommit: the group must be part of the transaction, or becomes so.
    pub fn join_group_to_txn(&mut self, cx: &Cx, id: &str, pid: Pid, group: &str) -> Result<(), E> {
        const KNOWS_ABORTABLE: i16 = 4;
        const JOINS_BY_COMMITTING: i16 = 5;
        let part = Part::Group(group.to_owned());
        let joined = match cx.version {
            JOINS_BY_COMMITTING.. => self.join_by_writing(cx, id, pid, part),
            _ => self.known_transaction(id)?.verify(pid, &part),
        };
        joined.map_err(|e| match (e, cx.version) {
            (E::ProducerFenced, _) => E::InvalidProducerEpoch,
            (E::TransactionAbortable, ..KNOWS_ABORTABLE) => E::InvalidTxnState,
            (e, _) => e,
        })
    }

    fn join_by_writing(&mut self, cx: &Cx, id: &str, pid: Pid, part: Part) -> Result<(), E> {
        self.known_transaction(id)?.add(cx.now, pid, vec![part])?;
        self.arm_transaction(id);
        Ok(())
    }
}
