//! A share-partition: which records of a partition a share group has yet to get, has, or is done with.
//!
//! ```text
//!              acquire                accept
//!  Available ───────────► Acquired ───────────► Acknowledged
//!      ▲                     │  │    reject, gap
//!      └─────────────────────┘  └─────────────► Archived
//!        release, lock timed out, session closed;
//!        Archived instead once it was delivered as often as it may be
//! ```
//!
//! Kept are the offsets from the start offset (SPSO) to the last that was ever acquired (SPEO), those without a record
//! included: whoever acquires them says that they are gaps. The start moves over what is acknowledged or archived.
//! What was acquired together is a batch, and is told as one when it is delivered again.

use super::Settings;
use kafka_protocol::ResponseError as E;
use std::collections::VecDeque;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Available,
    Acquired { by: Arc<str>, until: u64 },
    Acknowledged,
    Archived,
}

#[derive(Clone, Debug)]
struct Record {
    state: State,
    /// How often it was acquired.
    delivered: i16,
    /// The first offset of the batch that it is part of.
    batch: i64,
}

#[derive(Debug)]
pub struct SharePartition {
    start: i64,
    records: VecDeque<Record>,
    /// Under which leader the locks were given: another one knows nothing of them.
    leader_epoch: i32,
    /// What became of those that the start has moved over.
    #[cfg(test)]
    ended: std::collections::BTreeMap<i64, Record>,
}

/// A batch of the log, as far as acquiring looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogBatch {
    pub base_offset: i64,
    pub last_offset: i64,
    /// Part of an aborted transaction, which readers of committed records do not get.
    pub aborted: bool,
}

/// Who wants how much.
#[derive(Clone, Debug)]
pub struct AcquireRequest<'a> {
    pub member: &'a Arc<str>,
    pub now_us: u64,
    pub max_records: i64,
    /// How many records a batch should have at least.
    pub batch_size: i64,
    /// Batches are cut where the number of records is reached.
    pub strict: bool,
}

/// Offsets that a member has from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acquired {
    pub first: i64,
    pub last: i64,
    pub delivered: i16,
}

/// One batch of acknowledgements: a type for all offsets, or one for each.
#[derive(Clone, Copy, Debug)]
pub struct Acknowledgement<'a> {
    pub first: i64,
    pub last: i64,
    pub types: &'a [i8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AckType {
    Gap,
    Accept,
    Release,
    Reject,
    Renew,
}

impl AckType {
    fn of(code: i8) -> Option<AckType> {
        Some(match code {
            0 => AckType::Gap,
            1 => AckType::Accept,
            2 => AckType::Release,
            3 => AckType::Reject,
            4 => AckType::Renew,
            _ => return None,
        })
    }
}

impl Record {
    fn is_done(&self) -> bool {
        matches!(self.state, State::Acknowledged | State::Archived)
    }

    fn release(&mut self, settings: &Settings) {
        self.state = if self.delivered >= settings.delivery_limit {
            State::Archived
        } else {
            State::Available
        };
    }
}

impl SharePartition {
    pub fn new(start: i64, leader_epoch: i32) -> SharePartition {
        SharePartition {
            start,
            records: VecDeque::new(),
            leader_epoch,
            #[cfg(test)]
            ended: std::collections::BTreeMap::new(),
        }
    }

    /// The start offset.
    pub fn start(&self) -> i64 {
        self.start
    }

    /// The first offset that was never acquired.
    pub fn end(&self) -> i64 {
        self.start + self.records.len() as i64
    }

    fn index(&self, offset: i64) -> Option<usize> {
        usize::try_from(offset - self.start).ok()
    }

    /// What the log and its leader have done since: records that are deleted are archived, and what another leader gave
    /// out was never told to this one.
    pub fn catch_up(&mut self, log_start: i64, leader_epoch: i32) {
        while self.start < log_start {
            if self.records.pop_front().is_none() {
                self.start = log_start;
                break;
            }
            self.start += 1;
        }
        if self.leader_epoch != leader_epoch {
            self.leader_epoch = leader_epoch;
            for record in &mut self.records {
                if matches!(record.state, State::Acquired { .. }) {
                    record.state = State::Available;
                    record.delivered -= 1;
                }
            }
        }
    }

    /// Where the first record is that can be acquired, were it in the log.
    pub fn next_offset(&self, settings: &Settings) -> Option<i64> {
        let available = |r: &Record| r.state == State::Available;
        if let Some(i) = self.records.iter().position(available) {
            return Some(self.start + i as i64);
        }
        (self.room(settings) > 0).then(|| self.end())
    }

    /// How many new offsets there may be at most.
    fn room(&self, settings: &Settings) -> i64 {
        let limit = i64::from(settings.record_locks);
        if limit <= 0 {
            return i64::MAX;
        }
        limit.saturating_sub(self.records.len() as i64)
    }

    /// Acquires from what was read at [`Self::next_offset`].
    pub fn acquire(
        &mut self,
        settings: &Settings,
        request: &AcquireRequest<'_>,
        log: &[LogBatch],
    ) -> Vec<Acquired> {
        let mut acquired = Vec::new();
        let Some(last) = log.last().map(|b| b.last_offset) else {
            return acquired;
        };
        let mut left = request.max_records;
        self.acquire_again(settings, request, last, &mut left, &mut acquired);
        if left > 0 && last >= self.end() {
            self.acquire_new(settings, request, log, left, &mut acquired);
        }
        self.hide_aborted(log, &mut acquired);
        acquired
    }

    /// Records that are available once more, up to `last`: batch by batch, until there are enough.
    fn acquire_again(
        &mut self,
        settings: &Settings,
        request: &AcquireRequest<'_>,
        last: i64,
        left: &mut i64,
        acquired: &mut Vec<Acquired>,
    ) {
        let mut batch = None;
        for (offset, record) in (self.start..=last).zip(&mut self.records) {
            if *left <= 0 && (request.strict || batch != Some(record.batch)) {
                break;
            }
            if record.state != State::Available {
                continue;
            }
            record.delivered += 1;
            record.state = acquired_by(settings, request);
            *left -= 1;
            match acquired.last_mut() {
                Some(run)
                    if run.last + 1 == offset
                        && run.delivered == record.delivered
                        && batch == Some(record.batch) =>
                {
                    run.last = offset;
                }
                _ => acquired.push(Acquired {
                    first: offset,
                    last: offset,
                    delivered: record.delivered,
                }),
            }
            batch = Some(record.batch);
        }
    }

    /// Records that nobody had: whole batches of the log until there are enough, put together until they have the size
    /// that is asked for. A strict limit puts all together, and leaves the end of the last one available.
    fn acquire_new(
        &mut self,
        settings: &Settings,
        request: &AcquireRequest<'_>,
        log: &[LogBatch],
        mut left: i64,
        acquired: &mut Vec<Acquired>,
    ) {
        let end = self.end();
        let full = end.saturating_add(self.room(settings));
        let mut run: Option<(i64, i64)> = None;
        for batch in log.iter().filter(|b| b.last_offset >= end) {
            let first = batch.base_offset.max(end);
            let last = batch.last_offset.min(full - 1);
            if left <= 0 || last < first {
                break;
            }
            left -= last - first + 1;
            let (from, _) = run.unwrap_or((first, last));
            run = Some((from, last));
            if !request.strict && last - from + 1 >= request.batch_size {
                self.add(settings, request, (from, last), last);
                acquired.push(Acquired {
                    first: from,
                    last,
                    delivered: 1,
                });
                run = None;
            }
        }
        if let Some((first, last)) = run {
            let until = if request.strict {
                last + left.min(0)
            } else {
                last
            };
            self.add(settings, request, (first, last), until);
            acquired.push(Acquired {
                first,
                last: until,
                delivered: 1,
            });
        }
    }

    /// A new batch, acquired up to `until`.
    fn add(
        &mut self,
        settings: &Settings,
        request: &AcquireRequest<'_>,
        (first, last): (i64, i64),
        until: i64,
    ) {
        // Compaction took what was between.
        while self.end() < first {
            let batch = self.end();
            self.records.push_back(Record {
                state: State::Archived,
                delivered: 0,
                batch,
            });
        }
        for offset in first..=last {
            let (state, delivered) = match offset <= until {
                true => (acquired_by(settings, request), 1),
                false => (State::Available, 0),
            };
            self.records.push_back(Record {
                state,
                delivered,
                batch: first,
            });
        }
        self.advance();
    }

    fn hide_aborted(&mut self, log: &[LogBatch], acquired: &mut Vec<Acquired>) {
        for batch in log.iter().filter(|b| b.aborted) {
            let mut rest = Vec::with_capacity(acquired.len() + 1);
            for &run in &*acquired {
                if run.last < batch.base_offset || run.first > batch.last_offset {
                    rest.push(run);
                    continue;
                }
                let (from, to) = (
                    run.first.max(batch.base_offset),
                    run.last.min(batch.last_offset),
                );
                if run.first < from {
                    rest.push(Acquired {
                        last: from - 1,
                        ..run
                    });
                }
                if run.last > to {
                    rest.push(Acquired {
                        first: to + 1,
                        ..run
                    });
                }
                for offset in from..=to {
                    self.set(offset, State::Archived);
                }
            }
            *acquired = rest;
        }
        self.advance();
    }

    fn set(&mut self, offset: i64, state: State) {
        let record = self.index(offset).and_then(|i| self.records.get_mut(i));
        if let Some(record) = record {
            record.state = state;
        }
    }

    /// The start moves over what is done.
    fn advance(&mut self) {
        while let Some(_record) = self.records.pop_front_if(|r| r.is_done()) {
            #[cfg(test)]
            self.ended.insert(self.start, _record);
            self.start += 1;
        }
    }

    /// Takes a member's acknowledgements, which are [`well_formed`]: all of them, or none if one is wrong.
    pub fn acknowledge(
        &mut self,
        settings: &Settings,
        now_us: u64,
        member: &str,
        batches: &[Acknowledgement<'_>],
    ) -> Result<(), E> {
        if self.records.is_empty() && batches.iter().any(|b| b.last >= self.start) {
            return Err(E::InvalidRecordState);
        }
        let mut undo = Vec::new();
        let result = batches
            .iter()
            .try_for_each(|b| self.acknowledge_batch(settings, now_us, member, b, &mut undo));
        if result.is_err() {
            for (i, before) in undo.into_iter().rev() {
                if let Some(record) = self.records.get_mut(i) {
                    *record = before;
                }
            }
        }
        self.advance();
        result
    }

    fn acknowledge_batch(
        &mut self,
        settings: &Settings,
        now_us: u64,
        member: &str,
        batch: &Acknowledgement<'_>,
        undo: &mut Vec<(usize, Record)>,
    ) -> Result<(), E> {
        if batch.last < self.start {
            return Ok(());
        }
        if batch.last >= self.end() {
            return Err(E::InvalidRequest);
        }
        let first = batch.first.max(self.start);
        for offset in first..=batch.last {
            let code = match batch.types {
                [one] => Some(*one),
                each => usize::try_from(offset - batch.first)
                    .ok()
                    .and_then(|i| each.get(i).copied()),
            };
            let kind = code.and_then(AckType::of).ok_or(E::InvalidRequest)?;
            let index = self.index(offset).ok_or(E::InvalidRequest)?;
            let record = self.records.get_mut(index).ok_or(E::InvalidRequest)?;
            match &record.state {
                State::Acquired { by, .. } if **by == *member => {}
                _ => return Err(E::InvalidRecordState),
            }
            undo.push((index, record.clone()));
            match kind {
                AckType::Accept => record.state = State::Acknowledged,
                AckType::Gap | AckType::Reject => record.state = State::Archived,
                AckType::Release => record.release(settings),
                AckType::Renew => {
                    record.state = State::Acquired {
                        by: member.into(),
                        until: settings.lock_until(now_us),
                    };
                }
            }
        }
        Ok(())
    }

    fn release_where(&mut self, settings: &Settings, lost: impl Fn(&str, u64) -> bool) -> bool {
        let mut any = false;
        for record in &mut self.records {
            if let State::Acquired { by, until } = &record.state
                && lost(by, *until)
            {
                record.release(settings);
                any = true;
            }
        }
        self.advance();
        any
    }

    /// A member's session is closed; whether it had anything.
    pub fn release_of(&mut self, settings: &Settings, member: &str) -> bool {
        self.release_where(settings, |by, _| by == member)
    }

    /// Takes back what was kept for too long; whether there was any.
    pub fn expire(&mut self, settings: &Settings, now_us: u64) -> bool {
        self.release_where(settings, |_, until| until <= now_us)
    }

    /// When the first lock times out.
    pub fn next_deadline(&self) -> Option<u64> {
        let deadline = |r: &Record| match r.state {
            State::Acquired { until, .. } => Some(until),
            _ => None,
        };
        self.records.iter().filter_map(deadline).min()
    }

    /// Checks what must hold after every step; for tests.
    #[cfg(test)]
    pub fn check_invariants(&self, settings: &Settings) {
        assert!(
            self.records.front().is_none_or(|r| !r.is_done()),
            "the start is at a record that is done"
        );
        for record in &self.records {
            assert!((0..=settings.delivery_limit).contains(&record.delivered));
            if matches!(record.state, State::Acquired { .. }) {
                assert!(record.delivered >= 1);
            }
        }
    }
}

fn acquired_by(settings: &Settings, request: &AcquireRequest<'_>) -> State {
    State::Acquired {
        by: request.member.clone(),
        until: settings.lock_until(request.now_us),
    }
}

/// Batches in order that do not overlap by more than an end, each with one type or one for each offset. `renewing`: the
/// request says that there may be renewals.
pub fn well_formed(batches: &[Acknowledgement<'_>], renewing: bool) -> Result<(), E> {
    let mut before = i64::MIN;
    for b in batches {
        let offsets = b.last.saturating_sub(b.first).saturating_add(1);
        let count = b.types.len();
        let known = |&code: &i8| match AckType::of(code) {
            Some(AckType::Renew) => renewing,
            kind => kind.is_some(),
        };
        if b.first > b.last
            || b.first < before
            || count == 0
            || (count > 1 && i64::try_from(count).ok() != Some(offsets))
            || !b.types.iter().all(known)
        {
            return Err(E::InvalidRequest);
        }
        before = b.last;
    }
    Ok(())
}

#[cfg(test)]
pub mod fate;
#[cfg(test)]
mod tests;
