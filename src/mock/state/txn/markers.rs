//! Markers: the end of a transaction as each of its partitions, and the group coordinator
//! of each of its groups, gets to know it.
//!
//! Each is written when it is due and its broker is up; brokers that come back and leaders
//! that change are the occasions to look again. What does not exist any more needs none.

use super::{Ending, Transaction, TxnState};
use crate::mock::log::batch::{self, Header};
use crate::mock::state::broker::Broker;
use crate::mock::state::{ClusterState, Now};

/// When a marker can be written.
enum Marker {
    At(u64),
    /// Not before its broker is back.
    Waits,
    /// There is nothing to write it to.
    Needless,
}

impl ClusterState {
    fn marker_on(&self, broker: Option<&Broker>, ending: Ending) -> Marker {
        match broker {
            Some(b) if b.up => Marker::At(ending.since + u64::from(b.rtt_ms) * 1000),
            _ => Marker::Waits,
        }
    }

    fn marker_of_partition(&self, topic: &str, index: i32, ending: Ending) -> Marker {
        match self.partition(topic, index) {
            Some(p) => self.marker_on(self.broker(p.leader), ending),
            None => Marker::Needless,
        }
    }

    fn marker_of_group(&self, group: &str, ending: Ending) -> Marker {
        match self.groups.contains_key(group) {
            true => self.marker_on(self.coordinator(0, group), ending),
            false => Marker::Needless,
        }
    }

    /// The earliest of those that can be written.
    pub(super) fn next_marker(&self, txn: &Transaction, ending: Ending) -> Option<u64> {
        let partitions = txn.partitions.iter();
        let partitions = partitions.map(|(t, p)| self.marker_of_partition(t, *p, ending));
        let groups = txn.groups.iter().map(|g| self.marker_of_group(g, ending));
        let at = |marker| match marker {
            Marker::At(at) => Some(at),
            Marker::Needless => Some(ending.since),
            Marker::Waits => None,
        };
        let all = partitions.chain(groups);
        match txn.partitions.is_empty() && txn.groups.is_empty() {
            true => Some(ending.since),
            false => all.filter_map(at).min(),
        }
    }

    /// Brokers, leaders or coordinators have changed.
    pub(in crate::mock) fn write_due_markers(&mut self, now: Now) {
        for id in self.ending.clone() {
            self.write_markers(now, &id);
        }
    }

    /// Writes the markers that are due; with the last one the transaction is complete.
    pub(super) fn write_markers(&mut self, now: Now, id: &str) {
        let Some(txn) = self.transactions.get(id) else {
            return;
        };
        let TxnState::Prepare(ending) = txn.state else {
            return;
        };
        let pid = txn.pid();
        let due = |m: Marker| match m {
            Marker::At(at) => at <= now.us,
            Marker::Needless => ending.since <= now.us,
            Marker::Waits => false,
        };
        let all = txn.partitions.iter();
        let partitions: Vec<(String, i32)> = all
            .filter(|(t, p)| due(self.marker_of_partition(t, *p, ending)))
            .cloned()
            .collect();
        let all = txn.groups.iter();
        let groups: Vec<String> = all
            .filter(|g| due(self.marker_of_group(g, ending)))
            .cloned()
            .collect();
        let marker = batch::end_marker(pid.id, pid.epoch, ending.commit, now.wall_ms);
        for (topic, index) in &partitions {
            if let (Some(p), Ok(h)) = (self.partition_mut(topic, *index), Header::parse(&marker)) {
                let at = p.log.append(&h, &marker, p.leader_epoch, None);
                p.producers
                    .ended(pid.id, pid.epoch, ending.commit, at, now.wall_ms);
            }
            self.wake_partition(now, topic, *index);
        }
        for group in &groups {
            if let Some(group) = self.groups.get_mut(group) {
                group.settle_txn_offsets(pid.id, ending.commit);
            }
        }
        let Some(txn) = self.transactions.get_mut(id) else {
            return;
        };
        txn.partitions.retain(|p| !partitions.contains(p));
        txn.groups.retain(|g| !groups.contains(g));
        let written = txn.partitions.is_empty() && txn.groups.is_empty();
        if written && ending.since <= now.us {
            txn.complete(ending);
            self.ending.remove(id);
        } else {
            self.arm_transaction(id);
        }
    }
}

impl Transaction {
    fn complete(&mut self, ending: Ending) {
        self.previous_producer_id = Some(self.producer_id);
        // The epoch of the markers was the last one.
        if let Some(next) = ending.next_producer_id {
            self.producer_id = next;
            self.epoch = 0;
        }
        self.state = TxnState::Complete {
            commit: ending.commit,
        };
    }
}
