//! A partition's log.
//!
//! A queue of batches in offset order, each the producer's own bytes with base
//! offset and leader epoch filled in, beside the few header fields that searching
//! needs. Offsets may have gaps (compaction), batches never overlap. Searching by
//! offset is a binary search; by timestamp a scan over batch headers, then over
//! the records of one batch.
//!
//! `start` may lie inside the first batch (DeleteRecords), which is then served
//! whole: consumers skip what is before the offset they asked for.

pub mod admit;
pub mod batch;
pub mod compact;
pub mod producers;
pub mod records;

use batch::Header;
use bytes::Bytes;
use std::collections::VecDeque;

#[derive(Clone, Debug)]
pub struct StoredBatch {
    pub base_offset: i64,
    pub last_offset: i64,
    pub max_timestamp: i64,
    pub leader_epoch: i32,
    pub bytes: Bytes,
}

/// Where a timestamp search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampOffset {
    pub timestamp: i64,
    pub offset: i64,
    pub leader_epoch: i32,
}

#[derive(Debug, Default)]
pub struct Log {
    batches: VecDeque<StoredBatch>,
    start: i64,
    end: i64,
    bytes: u64,
    /// (leader epoch, offset at which it began), ascending in both.
    epochs: Vec<(i32, i64)>,
    /// End of the part that compaction has already been over.
    cleaned_to: i64,
}

impl Log {
    /// The log start offset: the first that can be read.
    pub fn start(&self) -> i64 {
        self.start
    }

    /// Where the first batch begins: at the log start, or before it if that lies inside.
    pub fn first_batch(&self) -> i64 {
        self.batches.front().map_or(self.end, |b| b.base_offset)
    }

    /// The log end offset: the next to be assigned.
    pub fn end(&self) -> i64 {
        self.end
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn batches(&self) -> impl DoubleEndedIterator<Item = &StoredBatch> + '_ {
        self.batches.iter()
    }

    pub fn cleaned_to(&self) -> i64 {
        self.cleaned_to
    }

    /// Notes that a leader took over: its epoch begins at the end of the log.
    pub fn begin_epoch(&mut self, epoch: i32) {
        if self.epochs.last().is_none_or(|&(last, _)| last < epoch) {
            // An epoch in which nothing was written leaves no trace, as on Kafka.
            while self.epochs.last().is_some_and(|&(_, at)| at >= self.end) {
                self.epochs.pop();
            }
            self.epochs.push((epoch, self.end));
        }
    }

    /// Appends one valid batch and returns the offset that its first record got.
    pub fn append(
        &mut self,
        header: &Header,
        data: &[u8],
        leader_epoch: i32,
        append_time: Option<i64>,
    ) -> i64 {
        let base_offset = self.end;
        let bytes = batch::assign(data, base_offset, leader_epoch, append_time).freeze();
        self.begin_epoch(leader_epoch);
        self.end = base_offset + i64::from(header.last_offset_delta) + 1;
        self.bytes += bytes.len() as u64;
        self.batches.push_back(StoredBatch {
            base_offset,
            last_offset: self.end - 1,
            max_timestamp: append_time.unwrap_or(header.max_timestamp),
            leader_epoch,
            bytes,
        });
        base_offset
    }

    /// Index of the first batch that ends at or after `offset`.
    fn index_of(&self, offset: i64) -> usize {
        self.batches.partition_point(|b| b.last_offset < offset)
    }

    /// The batches from the one holding `from` up to `until` (exclusive), as many as
    /// fit in `max_bytes`; the first one in any case if `at_least_one`.
    pub fn read(&self, from: i64, until: i64, max_bytes: usize, at_least_one: bool) -> Read {
        let mut read = Read {
            next_offset: from,
            ..Read::default()
        };
        for b in self.batches.iter().skip(self.index_of(from)) {
            if b.base_offset >= until {
                break;
            }
            let first = read.batches.is_empty() && at_least_one;
            if !first && read.bytes + b.bytes.len() > max_bytes {
                read.cut = true;
                break;
            }
            read.bytes += b.bytes.len();
            read.next_offset = b.last_offset + 1;
            read.batches.push(b.bytes.clone());
        }
        read
    }

    /// Bytes that a read of `[from, until)` could give, counting no further than `enough`.
    pub fn available(&self, from: i64, until: i64, enough: usize) -> usize {
        let mut n = 0;
        for b in self.batches.iter().skip(self.index_of(from)) {
            if b.base_offset >= until || n >= enough {
                break;
            }
            n += b.bytes.len();
        }
        n
    }

    /// The first record below `until` whose timestamp is at least `timestamp`.
    pub fn find_timestamp(&self, timestamp: i64, until: i64) -> Option<TimestampOffset> {
        for b in &self.batches {
            if b.base_offset >= until {
                return None;
            }
            if b.max_timestamp < timestamp {
                continue;
            }
            let hit = records::iter(&b.bytes)
                .ok()?
                .filter_map(Result::ok)
                .find(|r| r.timestamp >= timestamp && r.offset >= self.start);
            if let Some(r) = hit {
                return (r.offset < until).then_some(TimestampOffset {
                    timestamp: r.timestamp,
                    offset: r.offset,
                    leader_epoch: b.leader_epoch,
                });
            }
        }
        None
    }

    /// The record with the largest timestamp (the earliest such).
    pub fn max_timestamp(&self) -> Option<TimestampOffset> {
        // What the first batch has may lie before the log start.
        let of_rest = |b: &StoredBatch| {
            let records = records::iter(&b.bytes).ok()?.filter_map(Result::ok);
            let left = records.filter(|r| r.offset >= self.start);
            left.map(|r| r.timestamp).max()
        };
        let largest = self.batches.iter().filter_map(|b| match self.start {
            at if at > b.base_offset => of_rest(b),
            _ => Some(b.max_timestamp),
        });
        self.find_timestamp(largest.max()?, self.end)
    }

    /// The epoch of the leader that wrote `offset` (or, at the end, writes now).
    pub fn epoch_at(&self, offset: i64) -> Option<i32> {
        let i = self.epochs.partition_point(|&(_, at)| at <= offset);
        self.epochs.get(i.checked_sub(1)?).map(|&(epoch, _)| epoch)
    }

    /// OffsetForLeaderEpoch: the largest epoch not above `epoch`, and where it ends.
    pub fn end_of_epoch(&self, epoch: i32, current: i32) -> Option<(i32, i64)> {
        if epoch == current {
            return Some((epoch, self.end));
        }
        let i = self.epochs.partition_point(|&(e, _)| e <= epoch);
        let end = self.epochs.get(i).map(|&(_, at)| at);
        match (i.checked_sub(1).and_then(|i| self.epochs.get(i)), end) {
            // Before the first known epoch: the log begins where that one begins.
            (None, Some(end)) => Some((epoch, end)),
            (Some(&(found, _)), Some(end)) => Some((found, end)),
            (Some(_), None) | (None, None) => None,
        }
    }

    /// Moves the log start and drops the batches wholly before it.
    pub fn truncate_before(&mut self, offset: i64) {
        self.start = offset.clamp(self.start, self.end);
        while self
            .batches
            .front()
            .is_some_and(|b| b.last_offset < self.start)
        {
            self.drop_first();
        }
        self.forget_epochs();
    }

    /// Drops batches from the front while `expired` says so; the log start follows.
    pub fn retain(&mut self, mut expired: impl FnMut(&StoredBatch, u64) -> bool) -> bool {
        let before = self.start;
        while self.batches.front().is_some_and(|b| expired(b, self.bytes)) {
            self.drop_first();
            self.start = self.batches.front().map_or(self.end, |b| b.base_offset);
        }
        self.forget_epochs();
        self.start != before
    }

    fn drop_first(&mut self) {
        if let Some(b) = self.batches.pop_front() {
            self.bytes -= b.bytes.len() as u64;
        }
    }

    /// Epochs that end before the log start are of no use; the one that covers it
    /// begins there from now on.
    fn forget_epochs(&mut self) {
        let covering = self.epochs.partition_point(|&(_, at)| at <= self.start);
        if covering > 0 {
            self.epochs.drain(..covering - 1);
            if let Some(first) = self.epochs.first_mut() {
                first.1 = self.start;
            }
        }
    }

    /// Puts the outcome of compaction in place of the first batches, up to `cleaned_to`.
    fn replace_up_to(&mut self, cleaned_to: i64, cleaned: Vec<StoredBatch>) {
        while self
            .batches
            .front()
            .is_some_and(|b| b.last_offset < cleaned_to)
        {
            self.drop_first();
        }
        for b in cleaned.into_iter().rev() {
            self.bytes += b.bytes.len() as u64;
            self.batches.push_front(b);
        }
        self.cleaned_to = cleaned_to;
    }
}

/// What a read gave: whole batches, and the offset after the last of them.
#[derive(Debug, Default)]
pub struct Read {
    pub batches: Vec<Bytes>,
    pub bytes: usize,
    /// The limit, and not the end of the log, ended it.
    pub cut: bool,
    pub next_offset: i64,
}
