//! What a partition knows of the idempotent producers that write to it.
//!
//! For each producer id: its epoch, the last five batches (a retry of one of them is
//! acknowledged again, not stored again), and where its open transaction began.
//! From the open transactions follows the last stable offset; from the aborted ones
//! the list that a read_committed consumer needs.

use super::batch::{Header, add_sequence};
use kafka_protocol::ResponseError as E;
use std::collections::{BTreeMap, HashMap, VecDeque};

const REMEMBERED_BATCHES: usize = 5;

#[derive(Clone, Debug)]
struct BatchSequence {
    first: i32,
    last: i32,
    base_offset: i64,
    timestamp: i64,
}

#[derive(Clone, Debug)]
pub struct ProducerState {
    epoch: i16,
    recent: VecDeque<BatchSequence>,
    txn_first_offset: Option<i64>,
    last_timestamp: i64,
    coordinator_epoch: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aborted {
    pub producer_id: i64,
    pub first_offset: i64,
    /// Of the marker.
    pub last_offset: i64,
}

/// What to do with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    Append,
    /// Already stored at this offset, with this timestamp.
    Duplicate {
        base_offset: i64,
        timestamp: i64,
    },
}

/// A row of DescribeProducers.
#[derive(Clone, Copy, Debug)]
pub struct ActiveProducer {
    pub producer_id: i64,
    pub epoch: i16,
    pub last_sequence: i32,
    pub last_timestamp: i64,
    pub coordinator_epoch: i32,
    pub txn_start_offset: i64,
}

#[derive(Debug, Default)]
pub struct Producers {
    by_id: HashMap<i64, ProducerState>,
    /// First offset of each open transaction, and whose it is.
    open: BTreeMap<i64, i64>,
    aborted: Vec<Aborted>,
    /// Of transactional batches of which none is stored yet.
    attempts: HashMap<i64, Attempt>,
}

#[derive(Clone, Copy, Debug)]
struct Attempt {
    epoch: i16,
    lowest: i32,
    from_zero: bool,
}

impl Producers {
    /// Checks epoch and sequence of a batch that is about to be appended.
    pub fn check(&self, h: &Header) -> Result<Check, E> {
        let state = self.by_id.get(&h.producer_id);
        if let Some(a) = self.attempts.get(&h.producer_id) {
            let nothing_known = state.is_none_or(|p| p.recent.is_empty());
            let not_zero = a.from_zero && nothing_known && h.base_sequence != 0;
            if h.base_sequence > a.lowest || not_zero {
                return Err(E::OutOfOrderSequenceNumber);
            }
        }
        let Some(p) = state else {
            // Unknown, perhaps because its records are gone: any sequence may be next.
            return Ok(Check::Append);
        };
        if h.producer_epoch < p.epoch {
            return Err(E::InvalidProducerEpoch);
        }
        if h.producer_epoch > p.epoch {
            return if h.base_sequence == 0 {
                Ok(Check::Append)
            } else {
                Err(E::OutOfOrderSequenceNumber)
            };
        }
        let last_sequence = h.last_sequence();
        if let Some(b) = p
            .recent
            .iter()
            .find(|b| b.first == h.base_sequence && b.last == last_sequence)
        {
            return Ok(Check::Duplicate {
                base_offset: b.base_offset,
                timestamp: b.timestamp,
            });
        }
        match p.recent.back() {
            Some(b) if add_sequence(b.last, 1) != h.base_sequence => {
                Err(E::OutOfOrderSequenceNumber)
            }
            // After an epoch bump by a marker nothing is remembered: sequences restart.
            None if h.base_sequence != 0 => Err(E::OutOfOrderSequenceNumber),
            _ => Ok(Check::Append),
        }
    }

    /// Remembers a data batch that was appended at `base_offset`.
    pub fn appended(&mut self, h: &Header, base_offset: i64) {
        self.attempts.remove(&h.producer_id);
        let p = self.entry(h.producer_id, h.producer_epoch);
        if p.recent.len() == REMEMBERED_BATCHES {
            p.recent.pop_front();
        }
        p.recent.push_back(BatchSequence {
            first: h.base_sequence,
            last: h.last_sequence(),
            base_offset,
            timestamp: h.max_timestamp,
        });
        p.last_timestamp = h.max_timestamp;
        if h.is_transactional() && p.txn_first_offset.is_none() {
            p.txn_first_offset = Some(base_offset);
            self.open.insert(base_offset, h.producer_id);
        }
    }

    /// A marker was written at `offset`: the producer's transaction here is over.
    pub fn ended(&mut self, producer_id: i64, epoch: i16, commit: bool, offset: i64, now_ms: i64) {
        let p = self.entry(producer_id, epoch);
        p.last_timestamp = now_ms;
        p.coordinator_epoch = 0;
        let Some(first_offset) = p.txn_first_offset.take() else {
            return;
        };
        self.open.remove(&first_offset);
        if !commit {
            self.aborted.push(Aborted {
                producer_id,
                first_offset,
                last_offset: offset,
            });
        }
    }

    fn entry(&mut self, producer_id: i64, epoch: i16) -> &mut ProducerState {
        let p = self.by_id.entry(producer_id).or_insert(ProducerState {
            epoch,
            recent: VecDeque::new(),
            txn_first_offset: None,
            last_timestamp: -1,
            coordinator_epoch: -1,
        });
        if p.epoch != epoch {
            p.epoch = epoch;
            p.recent.clear();
        }
        p
    }

    /// A transactional batch is here, whatever will become of it. Until one is stored
    /// the lowest sequence that was tried is remembered: a later one may not be first.
    /// The first attempt decides whether only 0 may be.
    pub fn attempted(&mut self, h: &Header, from_zero: bool) {
        if self.has_open(h.producer_id) {
            return;
        }
        let attempt = self.attempts.entry(h.producer_id).or_insert(Attempt {
            epoch: h.producer_epoch,
            lowest: h.base_sequence,
            from_zero,
        });
        if h.producer_epoch > attempt.epoch || h.base_sequence < attempt.lowest {
            attempt.epoch = h.producer_epoch;
            attempt.lowest = h.base_sequence;
        }
    }

    /// Where the earliest open transaction begins.
    pub fn first_open(&self) -> Option<i64> {
        self.open.keys().next().copied()
    }

    pub fn has_open(&self, producer_id: i64) -> bool {
        self.by_id
            .get(&producer_id)
            .is_some_and(|p| p.txn_first_offset.is_some())
    }

    /// Whether the transaction is open that this batch is for.
    pub fn has_open_at(&self, h: &Header) -> bool {
        self.by_id
            .get(&h.producer_id)
            .is_some_and(|p| p.txn_first_offset.is_some() && p.epoch == h.producer_epoch)
    }

    /// Aborted transactions that overlap `[from, until)`.
    pub fn aborted(&self, from: i64, until: i64) -> Vec<Aborted> {
        let overlaps = |a: &&Aborted| a.last_offset >= from && a.first_offset < until;
        self.aborted.iter().filter(overlaps).copied().collect()
    }

    /// The log now starts at `start`: what lies wholly before it is of no more use.
    pub fn truncate_before(&mut self, start: i64) {
        self.aborted.retain(|a| a.last_offset >= start);
    }

    pub fn active(&self) -> Vec<ActiveProducer> {
        let mut all: Vec<_> = self
            .by_id
            .iter()
            .map(|(&producer_id, p)| ActiveProducer {
                producer_id,
                epoch: p.epoch,
                last_sequence: p.recent.back().map_or(-1, |b| b.last),
                last_timestamp: p.last_timestamp,
                coordinator_epoch: p.coordinator_epoch,
                txn_start_offset: p.txn_first_offset.unwrap_or(-1),
            })
            .collect();
        all.sort_by_key(|p| p.producer_id);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(epoch: i16, sequence: i32, records: i32) -> Header {
        Header {
            base_offset: 0,
            length: 49,
            leader_epoch: 0,
            magic: 2,
            crc: 0,
            attributes: 0x10,
            last_offset_delta: records - 1,
            first_timestamp: 5,
            max_timestamp: 5,
            producer_id: 1,
            producer_epoch: epoch,
            base_sequence: sequence,
            records,
        }
    }

    #[test]
    fn sequences_are_checked() {
        let mut p = Producers::default();
        assert_eq!(p.check(&header(0, 0, 3)), Ok(Check::Append));
        p.appended(&header(0, 0, 3), 100);
        let duplicate = Check::Duplicate {
            base_offset: 100,
            timestamp: 5,
        };
        assert_eq!(p.check(&header(0, 0, 3)), Ok(duplicate));
        assert_eq!(p.check(&header(0, 3, 1)), Ok(Check::Append));
        let gap = Err(E::OutOfOrderSequenceNumber);
        assert_eq!(p.check(&header(0, 4, 1)), gap);
        assert_eq!(p.check(&header(0, 0, 2)), gap, "not the batch it was");
        assert_eq!(p.check(&header(1, 3, 1)), gap, "a new epoch starts at 0");
        assert_eq!(p.check(&header(1, 0, 1)), Ok(Check::Append));
        p.appended(&header(1, 0, 1), 103);
        assert_eq!(p.check(&header(0, 3, 1)), Err(E::InvalidProducerEpoch));
        for i in 0..5 {
            p.appended(&header(1, 1 + i, 1), 104 + i64::from(i));
        }
        assert_eq!(p.check(&header(1, 0, 1)), gap, "no longer remembered");
    }

    #[test]
    fn open_and_aborted_transactions() {
        let mut p = Producers::default();
        p.appended(&header(0, 0, 3), 10);
        p.appended(&header(0, 3, 3), 13);
        assert_eq!(p.first_open(), Some(10));
        assert!(p.has_open(1));
        p.ended(1, 0, false, 16, 6);
        assert_eq!((p.first_open(), p.has_open(1)), (None, false));
        let aborted = Aborted {
            producer_id: 1,
            first_offset: 10,
            last_offset: 16,
        };
        assert_eq!(p.aborted(0, 20), [aborted]);
        assert_eq!(p.aborted(16, 17), [aborted]);
        assert_eq!(p.aborted(0, 10), []);
        assert_eq!(p.aborted(17, 20), []);
        p.truncate_before(17);
        assert_eq!(p.aborted(0, 20), []);
    }
}
