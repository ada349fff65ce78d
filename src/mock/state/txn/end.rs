//! EndTxn, and transactions that the coordinator ends by itself.

use super::{Ending, LAST_EPOCH, LATEST, Pid, Transaction, TxnState};
use crate::mock::state::{ClusterState, Cx, Now};
use kafka_protocol::ResponseError as E;

/// What is to be done for an EndTxn that is right.
enum Asked {
    /// The end is there: the answer to an earlier attempt was lost.
    Again,
    Begin,
}

impl Transaction {
    /// Before version 5: the epoch stays, so asking again cannot be told from asking anew.
    fn ask(&self, pid: Pid, commit: bool) -> Result<Asked, E> {
        self.check(pid)?;
        match self.state {
            TxnState::Prepare(_) => Err(E::ConcurrentTransactions),
            TxnState::Ongoing { .. } => Ok(Asked::Begin),
            TxnState::Complete { commit: was } if was == commit => Ok(Asked::Again),
            TxnState::Empty | TxnState::Complete { .. } => Err(E::InvalidTxnState),
        }
    }

    /// From version 5: each end bumps the epoch, and nothing may be aborted, too, which
    /// gets the producer a new epoch.
    fn ask_for_epoch(&self, pid: Pid, commit: bool) -> Result<Asked, E> {
        let rotated =
            Some(pid.id) == self.previous_producer_id && pid.epoch == LAST_EPOCH && self.epoch == 0;
        let again = rotated || i32::from(self.epoch) == i32::from(pid.epoch) + 1;
        if self.is_ending() {
            return Err(E::ConcurrentTransactions);
        }
        if self.producer_id != pid.id && !rotated {
            return Err(E::InvalidProducerIdMapping);
        }
        match self.state {
            TxnState::Complete { commit: was } if again => {
                let same = was == commit;
                same.then_some(Asked::Again).ok_or(E::InvalidTxnState)
            }
            _ if self.epoch != pid.epoch => Err(E::ProducerFenced),
            TxnState::Ongoing { .. } => Ok(Asked::Begin),
            _ if commit => Err(E::InvalidTxnState),
            _ => Ok(Asked::Begin),
        }
    }

    fn bump_for_end(&mut self) {
        self.last_epoch = Some(self.epoch);
        self.epoch = self.epoch.saturating_add(1);
    }

    /// The producer is presumed dead: no request of its epoch is taken any more. From
    /// version 2 on it may still learn the new epoch, by InitProducerId with the old one.
    fn fence(&mut self, version: i16) {
        self.bump_for_end();
        if version < LATEST {
            self.last_epoch = None;
        }
    }
}

impl ClusterState {
    /// EndTxn. From version 5 the answer tells the epoch, perhaps even the producer id, to
    /// go on with.
    pub fn end_transaction(&mut self, cx: &Cx, id: &str, pid: Pid, commit: bool) -> Result<Pid, E> {
        const BUMPS: i16 = 5;
        let bumps = cx.version >= BUMPS;
        let txn = self.transaction(cx, id)?;
        let asked = match bumps {
            true => txn.ask_for_epoch(pid, commit)?,
            false => txn.ask(pid, commit)?,
        };
        let current = txn.pid();
        if matches!(asked, Asked::Again) {
            return Ok(current);
        }
        let next_producer_id = match bumps && txn.is_exhausted() {
            true => Some(self.new_producer_id()),
            false => None,
        };
        let txn = self.known_transaction(id)?;
        if bumps {
            txn.bump_for_end();
        }
        if !txn.is_ongoing() {
            txn.started_ms = cx.now.wall_ms;
        }
        let next = next_producer_id.map(|id| Pid { id, epoch: 0 });
        let answer = next.unwrap_or(txn.pid());
        self.prepare(cx.now, id, commit, next_producer_id);
        Ok(answer)
    }

    /// Ends a transaction that took too long, or whose producer has a successor.
    pub(super) fn fence_and_abort(&mut self, now: Now, id: &str) {
        let version = self.transaction_version();
        if let Some(txn) = self.transactions.get_mut(id) {
            txn.fence(version);
            self.prepare(now, id, false, None);
        }
    }

    /// From here on the transaction's end is certain, and its markers are on their way.
    fn prepare(&mut self, now: Now, id: &str, commit: bool, next_producer_id: Option<i64>) {
        let since = now.after_ms(self.txns.end_delay_ms.into());
        if let Some(txn) = self.transactions.get_mut(id) {
            txn.previous_producer_id = Some(txn.producer_id);
            txn.state = TxnState::Prepare(Ending {
                commit,
                since,
                next_producer_id,
            });
            self.ending.insert(id.to_owned());
            self.write_markers(now, id);
        }
    }
}
