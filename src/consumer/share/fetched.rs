//! The answer to a ShareFetch, in the application's queue until it polls.
//!
//! The broker says which ranges of offsets were acquired; the records that it sent are whole
//! batches, so there are others among them. Each offset of the ranges is accounted for once:
//! as a record that the application gets, as a gap, or by its batch's damage, which decides
//! for the application whether others may try ([`AckType::Release`]) or nobody can
//! ([`AckType::Reject`]).

use std::collections::VecDeque;
use std::ptr::NonNull;
use std::sync::{Arc, Weak};
use std::time::Instant;

use bytes::Bytes;

use super::acknowledgements::{Acknowledgements, Run, append};
use super::{AckType, Partition, Settings};
use crate::base::error::ErrorCode;
use crate::base::message::MessageExt;
use crate::consumer::block::{BLOCK, MessageWriter, OpenBatch, error_message};
use crate::protocol::compression::Decompressor;
use crate::protocol::records::cursor::Record;
use crate::protocol::records::decode::{Batch, BatchReader};
use crate::protocol::records::{RecordsError, RecordsErrorKind};

/// For how many records of a damaged batch there is a message.
const ERRORS_PER_BATCH: usize = 1000;

/// Offsets that the broker has locked for this member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acquired {
    pub first: i64,
    pub last: i64,
    pub delivery_count: i16,
}

/// Records that cannot be read.
struct Damage {
    from: i64,
    code: ErrorCode,
    text: String,
    kind: AckType,
}

enum Piece {
    Batch(Batch),
    Damaged(Damage),
}

impl Piece {
    fn first(&self) -> i64 {
        match self {
            Piece::Batch(batch) => batch.header.base_offset,
            Piece::Damaged(damage) => damage.from,
        }
    }
}

/// What a response says of one partition.
pub struct NewPart {
    pub partition: Arc<Partition>,
    pub records: Bytes,
    pub acquired: Vec<Acquired>,
}

/// How long the records are this member's.
pub struct Locks {
    /// From then on they are gone.
    pub expire: Option<Instant>,
    /// That they were acquired by: the broker gives them up with it.
    pub connection: Weak<Connection>,
}

/// A loop has one while its connection stands.
#[derive(Debug)]
pub struct Connection;

/// What [`ShareFetched::take`] has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    Some,
    Nothing,
    /// The locks have expired before all was taken, and what was left has been dropped.
    Expired,
}

pub struct ShareFetched {
    broker_id: i32,
    locks: Locks,
    parts: VecDeque<Part>,
}

struct Part {
    partition: Arc<Partition>,
    source: Bytes,
    pieces: VecDeque<Piece>,
    /// From here on nothing was sent of what was acquired.
    end: i64,
    reading: Reading,
    accounts: Accounts,
    writer: Option<MessageWriter>,
}

enum Reading {
    /// The next piece is to be begun.
    Between,
    Batch(OpenBatch),
    /// Up to this offset, with so many messages so far.
    Damage(Damage, i64, usize),
    Done,
}

/// Which acquired offsets are accounted for, and how.
struct Accounts {
    acquired: Vec<Acquired>,
    /// The range that `next` is in or before.
    at: usize,
    next: i64,
    /// Since the last take.
    runs: Vec<Run>,
}

impl ShareFetched {
    pub fn new(
        broker_id: i32,
        locks: Locks,
        parts: Vec<NewPart>,
        settings: &Settings,
        decompressor: &mut Decompressor,
    ) -> Self {
        let parts = parts.into_iter().map(|new| {
            let (pieces, end) = read(new.records.clone(), settings, decompressor);
            Part {
                partition: new.partition,
                source: new.records,
                pieces,
                end,
                reading: Reading::Between,
                accounts: Accounts::new(new.acquired),
                writer: None,
            }
        });
        ShareFetched {
            broker_id,
            locks,
            parts: parts.collect(),
        }
    }

    pub fn broker_id(&self) -> i32 {
        self.broker_id
    }

    /// Takes up to `max` messages, which the caller releases. What is acquired with them goes
    /// to `acks`. Records that are not locked any more are dropped: another member may have
    /// them by now.
    pub fn take(
        &mut self,
        now: Instant,
        max: usize,
        out: &mut Vec<NonNull<MessageExt>>,
        acks: &mut Acknowledgements,
    ) -> Rest {
        if self.locks.connection.strong_count() == 0 {
            return Rest::Nothing;
        }
        if self.locks.expire.is_some_and(|at| at <= now) {
            return Rest::Expired;
        }
        while let Some(part) = self.parts.front_mut() {
            let done = part.take(self.broker_id, max, out);
            let runs = std::mem::take(&mut part.accounts.runs);
            acks.add(&part.partition, self.broker_id, runs);
            if !done {
                return Rest::Some;
            }
            self.parts.pop_front();
        }
        Rest::Nothing
    }
}

/// The batches with records for applications, and where they end.
fn read(
    records: Bytes,
    settings: &Settings,
    decompressor: &mut Decompressor,
) -> (VecDeque<Piece>, i64) {
    let mut pieces = VecDeque::new();
    let mut reader = BatchReader::new(records, settings.check_crcs);
    for next in reader.by_ref() {
        match next.and_then(|raw| {
            if raw.header.is_control {
                return Ok(None);
            }
            raw.open(decompressor, settings.decompress_limit).map(Some)
        }) {
            Ok(Some(batch)) => pieces.push_back(Piece::Batch(batch)),
            Ok(None) => {}
            Err(e) => pieces.push_back(Piece::Damaged(Damage::of(&e))),
        }
    }
    let end = match reader.partial() {
        Some(partial) => partial.base_offset.unwrap_or(i64::MIN),
        None => i64::MAX,
    };
    // An end without an offset is behind all that was read.
    let end = match end {
        i64::MIN => pieces.back().map_or(i64::MIN, |piece| match piece {
            Piece::Batch(batch) => batch.header.last_offset.saturating_add(1),
            Piece::Damaged(damage) => damage.from,
        }),
        end => end,
    };
    (pieces, end)
}

impl Damage {
    fn of(e: &RecordsError) -> Self {
        let (code, kind) = match &e.kind {
            // Another member may have what it takes.
            RecordsErrorKind::Decompress(..) | RecordsErrorKind::UnknownCodec(_) => {
                (ErrorCode::_BAD_COMPRESSION, AckType::Release)
            }
            RecordsErrorKind::UnknownMagic(_) => (ErrorCode::_NOT_IMPLEMENTED, AckType::Reject),
            // It is not known what is behind.
            RecordsErrorKind::BadLength(_) => (ErrorCode::_BAD_MSG, AckType::Release),
            _ => (ErrorCode::_BAD_MSG, AckType::Reject),
        };
        Damage {
            from: e.offset,
            code,
            text: format!("The records cannot be read: {e}"),
            kind,
        }
    }
}

impl Accounts {
    fn new(mut acquired: Vec<Acquired>) -> Self {
        acquired.retain(|range| 0 <= range.first && range.first <= range.last);
        acquired.sort_by_key(|range| range.first);
        // A range that begins within another one is not to be believed.
        acquired.dedup_by(|range, before| range.first <= before.last);
        Accounts {
            next: acquired.first().map_or(i64::MAX, |range| range.first),
            acquired,
            at: 0,
            runs: Vec::new(),
        }
    }

    fn range(&self) -> Option<Acquired> {
        self.acquired.get(self.at).copied()
    }

    /// All up to before this offset are of this kind.
    fn up_to(&mut self, end: i64, kind: AckType) {
        while let Some(range) = self.range().filter(|_| self.next < end) {
            let last = range.last.min(end - 1);
            let run = Run {
                first: self.next,
                last,
                kind: Some(kind),
            };
            append(&mut self.runs, run);
            self.go_on(last, range);
        }
    }

    /// The next offset that counts as one before `end`, of this kind.
    fn one(&mut self, end: i64, kind: Option<AckType>) -> Option<(i64, i16)> {
        let range = self.range()?;
        let offset = self.next;
        if offset >= end {
            return None;
        }
        let run = Run {
            first: offset,
            last: offset,
            kind,
        };
        append(&mut self.runs, run);
        self.go_on(offset, range);
        Some((offset, range.delivery_count))
    }

    /// A record; `None` if it is not acquired, or not in order.
    fn record(&mut self, offset: i64) -> Option<i16> {
        self.up_to(offset, AckType::Gap);
        if self.next != offset {
            return None;
        }
        let end = offset.checked_add(1)?;
        self.one(end, None).map(|(_, count)| count)
    }

    fn go_on(&mut self, last: i64, range: Acquired) {
        if last < range.last {
            self.next = last + 1;
            return;
        }
        self.at += 1;
        self.next = self.range().map_or(i64::MAX, |range| range.first);
    }
}

impl Part {
    /// True when nothing is left.
    fn take(&mut self, broker_id: i32, max: usize, out: &mut Vec<NonNull<MessageExt>>) -> bool {
        loop {
            // What more the batches have is not this member's.
            if self.accounts.range().is_none() && !matches!(self.reading, Reading::Damage(..)) {
                self.reading = Reading::Done;
            }
            let full = out.len() >= max;
            match &mut self.reading {
                Reading::Done => return true,
                _ if full => return false,
                Reading::Between => self.begin(),
                Reading::Batch(_) => self.take_record(broker_id, out),
                Reading::Damage(..) => self.take_error(broker_id, out),
            }
        }
    }

    fn begin(&mut self) {
        let Some(piece) = self.pieces.pop_front() else {
            self.accounts.up_to(self.end, AckType::Gap);
            self.accounts.up_to(i64::MAX, AckType::Release);
            self.reading = Reading::Done;
            return;
        };
        self.accounts.up_to(piece.first(), AckType::Gap);
        self.reading = match piece {
            Piece::Batch(batch) => {
                let current = OpenBatch::new(&batch);
                // A block keeps the bytes of one compressed batch, not of the next.
                if !current.in_source {
                    self.writer = None;
                }
                Reading::Batch(current)
            }
            Piece::Damaged(damage) => self.damaged(damage),
        };
    }

    /// Up to the next batch, whatever the damaged one's header says.
    fn damaged(&self, damage: Damage) -> Reading {
        let end = self.pieces.front().map_or(self.end, Piece::first);
        Reading::Damage(damage, end, 0)
    }

    fn take_record(&mut self, broker_id: i32, out: &mut Vec<NonNull<MessageExt>>) {
        let Reading::Batch(current) = &mut self.reading else {
            return;
        };
        match current.cursor.next() {
            None => self.reading = Reading::Between,
            Some(Ok(record)) => {
                if let Some(count) = self.accounts.record(record.offset)
                    && let Some(message) = self.message(&record, count, broker_id)
                {
                    out.push(message);
                }
            }
            Some(Err(e)) => {
                let mut damage = Damage::of(&e);
                // What was read of the batch stays as it is.
                damage.from = damage.from.max(self.accounts.next);
                self.reading = self.damaged(damage);
            }
        }
    }

    fn take_error(&mut self, broker_id: i32, out: &mut Vec<NonNull<MessageExt>>) {
        let Reading::Damage(damage, end, told) = &mut self.reading else {
            return;
        };
        if *told < ERRORS_PER_BATCH
            && let Some((offset, _)) = self.accounts.one(*end, Some(damage.kind))
        {
            *told += 1;
            let handle = self.partition.handle.clone();
            let id = self.partition.id;
            let (code, text) = (damage.code, &damage.text);
            out.extend(error_message(handle, id, code, text, offset, broker_id));
            return;
        }
        let (end, kind) = (*end, damage.kind);
        self.accounts.up_to(end, kind);
        self.reading = Reading::Between;
    }

    fn message(
        &mut self,
        record: &Record,
        count: i16,
        broker_id: i32,
    ) -> Option<NonNull<MessageExt>> {
        let Reading::Batch(current) = &self.reading else {
            return None;
        };
        let mut message = current.message(record, self.partition.id, broker_id);
        message.delivery_count = count;
        let in_source = current.in_source;
        if !self.writer.as_ref().is_some_and(|w| w.takes(in_source)) {
            let data = match in_source {
                true => self.source.clone(),
                false => current.cursor.bytes().clone(),
            };
            // The one that is taken now is not among those left.
            let capacity = BLOCK.min(current.cursor.remaining() + 1);
            let handle = self.partition.handle.clone();
            self.writer = Some(MessageWriter::new(capacity, data, handle, in_source));
        }
        self.writer.as_mut()?.push(message)
    }
}

#[cfg(test)]
mod tests;
