//! Walks the records of an opened batch without allocating: a record is a set
//! of spans into the batch's bytes.

use super::decode::Batch;
use super::legacy;
use super::*;
use crate::protocol::varint;
use bytes::Bytes;

/// A record; the spans are into the batch's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    pub offset: i64,
    pub timestamp: i64,
    pub timestamp_type: TimestampType,
    pub key: Span,
    pub value: Span,
    /// The encoded headers without their count; see [`headers`].
    pub headers: Span,
    pub header_count: u32,
}

/// A position in a batch. After an error there are no more records.
#[derive(Debug, Clone)]
pub struct RecordCursor {
    records: Bytes,
    pos: usize,
    remaining: i32,
    base_offset: i64,
    last_offset: i64,
    base_timestamp: i64,
    max_timestamp: i64,
    timestamp_type: TimestampType,
    legacy: Option<legacy::Rebase>,
}

impl RecordCursor {
    pub(super) fn new(batch: &Batch) -> Self {
        let h = &batch.header;
        RecordCursor {
            records: batch.records.clone(),
            pos: 0,
            remaining: h.count,
            base_offset: h.base_offset,
            last_offset: h.last_offset,
            base_timestamp: h.base_timestamp,
            max_timestamp: h.max_timestamp,
            timestamp_type: h.timestamp_type,
            legacy: batch.legacy,
        }
    }

    /// The bytes that the records' spans are into.
    pub fn bytes(&self) -> &Bytes {
        &self.records
    }

    /// How many records are left, if the batch's header is right.
    pub fn remaining(&self) -> usize {
        usize::try_from(self.remaining).unwrap_or(0)
    }

    fn fail(&mut self, offset: i64, kind: RecordsErrorKind) -> RecordsError {
        self.remaining = 0;
        self.pos = self.records.len();
        RecordsError {
            offset,
            last_offset: Some(self.last_offset),
            kind,
        }
    }

    /// What is left over once the count is reached is an error, once.
    #[cold]
    fn finish(&mut self) -> Option<Result<Record, RecordsError>> {
        if self.pos == self.records.len() {
            return None;
        }
        let kind = RecordsErrorKind::BadCount(self.remaining);
        Some(Err(self.fail(self.base_offset, kind)))
    }

    #[inline]
    fn read_v2(&mut self) -> Result<Record, &'static str> {
        let all: &[u8] = &self.records;
        let mut rest = all.get(self.pos..).unwrap_or_default();
        let len = varint::take_i32(&mut rest).ok_or("length")?;
        let (mut body, after) = usize::try_from(len)
            .ok()
            .and_then(|n| rest.split_at_checked(n))
            .ok_or("length")?;
        let base = all.len() - after.len();
        // The record's attributes have no meaning yet.
        let (_, b) = body.split_first().ok_or("attributes")?;
        body = b;
        let ts_delta = varint::take_signed(&mut body).ok_or("timestamp")?;
        let offset_delta = varint::take_i32(&mut body).ok_or("offset")?;
        let key = take_bytes(&mut body, base).ok_or("key")?;
        let value = take_bytes(&mut body, base).ok_or("value")?;
        let header_count = varint::take_i32(&mut body).ok_or("header count")?;
        let header_count = u32::try_from(header_count).map_err(|_| "header count")?;
        let timestamp = match self.timestamp_type {
            TimestampType::LogAppendTime => self.max_timestamp,
            _ => self.base_timestamp.wrapping_add(ts_delta),
        };
        let record = Record {
            offset: self.base_offset.wrapping_add(i64::from(offset_delta)),
            timestamp,
            timestamp_type: self.timestamp_type,
            key,
            value,
            headers: Span {
                offset: (base - body.len()) as u32,
                len: body.len() as i32,
            },
            header_count,
        };
        self.pos = base;
        Ok(record)
    }
}

impl Iterator for RecordCursor {
    type Item = Result<Record, RecordsError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.remaining <= 0 {
            return self.finish();
        }
        let result = match self.legacy {
            None => self.read_v2(),
            Some(rebase) => rebase.read(&self.records, self.pos).map(|(record, end)| {
                self.pos = end;
                record
            }),
        };
        Some(match result {
            Ok(record) => {
                self.remaining -= 1;
                Ok(record)
            }
            Err(what) => Err(self.fail(self.base_offset, RecordsErrorKind::BadRecord(what))),
        })
    }
}

/// Takes nullable bytes with a varint length; `end` is the position behind
/// `body` in the whole.
#[inline(always)]
fn take_bytes(body: &mut &[u8], end: usize) -> Option<Span> {
    let len = varint::take_i32(body)?;
    if len < 0 {
        return (len == -1).then_some(Span::NULL);
    }
    let offset = (end - body.len()) as u32;
    *body = body.get(len as usize..)?;
    Some(Span { offset, len })
}

/// Iterates over encoded headers: `bytes` is what [`Record::headers`] spans.
pub fn headers(bytes: &[u8], count: u32) -> HeaderIter<'_> {
    HeaderIter { bytes, left: count }
}

/// Ends after the first malformed header, which it reports as an error.
#[derive(Debug, Clone)]
pub struct HeaderIter<'a> {
    bytes: &'a [u8],
    left: u32,
}

impl<'a> HeaderIter<'a> {
    fn read(&mut self) -> Option<HeaderRef<'a>> {
        let name = self.read_bytes()??;
        let value = self.read_bytes()?;
        Some(HeaderRef { name, value })
    }

    /// `None` when malformed, `Some(None)` for null.
    fn read_bytes(&mut self) -> Option<Option<&'a [u8]>> {
        let len = varint::take_i32(&mut self.bytes)?;
        if len < 0 {
            return (len == -1).then_some(None);
        }
        let (bytes, rest) = self.bytes.split_at_checked(len as usize)?;
        self.bytes = rest;
        Some(Some(bytes))
    }
}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = Result<HeaderRef<'a>, RecordsErrorKind>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let header = self.read();
        if header.is_none() {
            self.left = 0;
        }
        Some(header.ok_or(RecordsErrorKind::BadRecord("header")))
    }
}
