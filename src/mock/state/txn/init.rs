//! InitProducerId with a transactional id.

use super::{LAST_EPOCH, MAX_TIMEOUT_MS, Pid, Transaction, TxnState};
use crate::mock::state::{ClusterState, Cx};
use kafka_protocol::ResponseError as E;

impl Transaction {
    /// Whether a producer that gives this id and epoch may be this one. The epoch of its
    /// present id is looked at when it is bumped.
    fn may_be(&self, p: Pid) -> bool {
        let rotated = Some(p.id) == self.previous_producer_id && p.epoch >= LAST_EPOCH;
        self.epoch < 0 || p.id == self.producer_id || rotated
    }

    /// Gives the next epoch to a producer that begins, or goes on from `expected`.
    fn bump(&mut self, expected: Option<Pid>) -> Result<(), E> {
        let Some(Pid { epoch: given, .. }) = expected else {
            self.last_epoch = None;
            self.epoch += 1;
            return Ok(());
        };
        if self.epoch < 0 || given == self.epoch {
            self.last_epoch = (self.epoch >= 0).then_some(self.epoch);
            self.epoch += 1;
            Ok(())
        } else if Some(given) == self.last_epoch {
            // Bumped already: by an abort just now, or by an earlier attempt of which the
            // answer was lost.
            Ok(())
        } else {
            Err(E::ProducerFenced)
        }
    }

    /// All epochs are used up: a new id, of which the owner of the last epoch may still ask.
    fn rotate(&mut self, producer_id: i64, expected: Option<Pid>) {
        self.last_epoch = expected.map(|_| self.epoch);
        self.producer_id = producer_id;
        self.epoch = 0;
    }
}

impl ClusterState {
    /// Fences whoever had the transactional id before. `expected` is what a producer
    /// gives that bumps its own epoch. A transaction that is open is aborted, and the
    /// client has to come again.
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
        if timeout_ms <= 0 || timeout_ms > MAX_TIMEOUT_MS {
            return Err(E::InvalidTransactionTimeout);
        }
        self.check_coordinator(1, id, cx.broker)?;
        if !self.transactions.contains_key(id) {
            let txn = Transaction::new(self.new_producer_id(), timeout_ms);
            self.transactions.insert(id.to_owned(), txn);
        }
        let txn = self.known_transaction(id)?;
        if txn.is_ending() {
            return Err(E::ConcurrentTransactions);
        }
        if !expected.is_none_or(|p| txn.may_be(p)) {
            return Err(E::ProducerFenced);
        }
        if txn.is_ongoing() {
            self.fence_and_abort(cx.now, id);
            return Err(E::ConcurrentTransactions);
        }
        let previous = txn.producer_id;
        if txn.is_exhausted() {
            if expected.is_some_and(|p| p.epoch != txn.epoch) {
                // Kafka finds this impossible, though a lost answer is enough for it.
                return Err(E::UnknownServerError);
            }
            let next = self.new_producer_id();
            self.known_transaction(id)?.rotate(next, expected);
        } else {
            txn.bump(expected)?;
        }
        let txn = self.known_transaction(id)?;
        txn.previous_producer_id = Some(previous);
        txn.timeout_ms = timeout_ms;
        txn.started_ms = -1;
        txn.state = TxnState::Empty;
        Ok(txn.pid())
    }
}
