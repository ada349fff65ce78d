//! Reads the records of one partition's share of a Fetch response: which batches
//! the application is to see, where to go on, what is wrong.
//!
//! Transactions: the response names the aborted ones by producer and first
//! offset. Batches of such a producer are left out from there to its abort
//! marker. Markers themselves (control batches) are never shown.

use std::collections::HashSet;

use bytes::Bytes;
use kafka_protocol::messages::fetch_response::AbortedTransaction;

use super::super::Position;
use crate::protocol::compression::Decompressor;
use crate::protocol::records::decode::{
    Batch, BatchReader, ControlType, Partial, RawBatch, control_type,
};
use crate::protocol::records::{RecordsError, RecordsErrorKind};

/// How the records of a response are read.
pub struct Reading<'a> {
    pub from: Position,
    pub check_crcs: bool,
    pub decompress_limit: usize,
    /// Empty unless committed messages only are wanted.
    pub aborted: &'a [AbortedTransaction],
}

/// What came of it.
pub struct Read {
    pub batches: Vec<Batch>,
    /// Where to go on.
    pub position: Position,
    pub damage: Option<Damage>,
}

/// What stopped the reading.
#[derive(Debug)]
pub enum Damage {
    Records(RecordsError),
    /// Not even one whole batch: the fetch size is too small.
    TooLarge(Partial),
}

impl Read {
    /// How many of the records the application gets, and the bytes of their keys and
    /// values.
    pub fn content(&self, from: i64) -> (u64, u64) {
        let records = self.batches.iter().flat_map(Batch::cursor);
        records
            .filter_map(Result::ok)
            .filter(|r| r.offset >= from)
            .fold((0, 0), |(n, bytes), r| {
                (n + 1, bytes + (r.key.size() + r.value.size()) as u64)
            })
    }
}

/// Reads until the end or the first damage. Behind damage whose extent is known
/// the position goes on.
pub fn read(records: Bytes, how: &Reading<'_>, decompressor: &mut Decompressor) -> Read {
    let mut aborted = Aborted::new(how.aborted);
    let mut reader = BatchReader::new(records, how.check_crcs);
    let mut read = Read {
        batches: Vec::new(),
        position: how.from,
        damage: None,
    };
    for next in reader.by_ref() {
        let opened = next.and_then(|raw| {
            let header = raw.header;
            let seen = aborted.wants(&raw, decompressor, how.decompress_limit);
            // What an unopened wrapper of a message set calls its first offset is its last.
            if !seen || header.last_offset < how.from.offset {
                return Ok((header, None));
            }
            let batch = raw.open(decompressor, how.decompress_limit)?;
            Ok((batch.header, Some(batch)))
        });
        match opened {
            Ok((header, batch)) => {
                if header.last_offset >= read.position.offset {
                    read.position = Position::new(header.last_offset + 1, header.leader_epoch);
                }
                if let Some(batch) = batch.filter(|b| b.header.count > 0) {
                    read.batches.push(batch);
                }
            }
            Err(e) => {
                if let Some(last) = e.last_offset.filter(|l| *l >= read.position.offset) {
                    read.position = Position::new(last + 1, read.position.epoch);
                }
                read.damage = Some(Damage::Records(e));
                return read;
            }
        }
    }
    if let Some(partial) = reader.partial()
        && read.position.offset == how.from.offset
    {
        read.damage = Some(Damage::TooLarge(partial));
    }
    read
}

/// The aborted transactions of a response, while its batches are walked.
struct Aborted<'a> {
    /// By first offset.
    coming: Vec<&'a AbortedTransaction>,
    open: HashSet<i64>,
}

impl<'a> Aborted<'a> {
    fn new(list: &'a [AbortedTransaction]) -> Self {
        let mut coming: Vec<_> = list.iter().collect();
        coming.sort_by_key(|t| std::cmp::Reverse(t.first_offset));
        Aborted {
            coming,
            open: HashSet::new(),
        }
    }

    /// Whether the application is to see the batch.
    fn wants(&mut self, raw: &RawBatch, decompressor: &mut Decompressor, limit: usize) -> bool {
        let header = &raw.header;
        while let Some(next) = self.coming.pop_if(|t| t.first_offset <= header.last_offset) {
            self.open.insert(next.producer_id.0);
        }
        if header.is_control {
            if self.open.contains(&header.producer_id) && is_abort(raw, decompressor, limit) {
                self.open.remove(&header.producer_id);
            }
            return false;
        }
        !(header.is_transactional && self.open.contains(&header.producer_id))
    }
}

fn is_abort(raw: &RawBatch, decompressor: &mut Decompressor, limit: usize) -> bool {
    let Ok(batch) = raw.clone().open(decompressor, limit) else {
        return false;
    };
    let mut cursor = batch.cursor();
    let Some(Ok(record)) = cursor.next() else {
        return false;
    };
    let key = record.key.slice(&batch.records).unwrap_or_default();
    control_type(key) == Some(ControlType::Abort)
}

impl Damage {
    /// Whether reading can go on behind it.
    pub fn is_passed(&self) -> bool {
        matches!(self, Damage::Records(e) if e.last_offset.is_some())
    }
}

/// What to tell the application.
pub fn describe(e: &RecordsError) -> String {
    match &e.kind {
        RecordsErrorKind::Crc { stored, computed } => format!(
            "MessageSet at offset {} failed CRC check (original 0x{stored:x} != calculated 0x{computed:x})",
            e.offset
        ),
        other => format!("Records at offset {} cannot be read: {other}", e.offset),
    }
}

#[cfg(test)]
mod tests;
