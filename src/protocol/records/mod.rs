//! Record batches (magic 2) and the message sets that came before them
//! (magic 0 and 1).
//!
//! A v2 batch is a 61-byte header and its records, compressed together:
//!
//! ```text
//!  0 base offset i64 | 8 length i32 (of what follows) | 12 leader epoch i32
//! 16 magic i8 | 17 CRC-32C u32 (of what follows) | 21 attributes i16
//! 23 last offset delta i32 | 27 base timestamp i64 | 35 max timestamp i64
//! 43 producer id i64 | 51 producer epoch i16 | 53 base sequence i32
//! 57 record count i32 | 61 records
//!
//! record: length varint | attributes i8 | timestamp delta varlong
//!         offset delta varint | key | value | header count varint | headers
//! key, value: length varint (-1 is null) | bytes
//! header: key length varint | key | value
//! ```
//!
//! Attributes: bits 0-2 codec, 3 LogAppendTime, 4 transactional, 5 control,
//! 6 delete horizon.
//!
//! Producing appends records to a growing buffer that has room for the header
//! in front ([`encode`]) and seals it once. Consuming keeps the fetched bytes:
//! [`decode`] cuts them into batches, [`cursor`] walks the records of one.

pub mod cursor;
pub mod decode;
pub mod encode;
mod legacy;
#[cfg(test)]
mod tests;

use super::compression::{Codec, DecompressError};
use std::ops::Range;

/// The bytes of a v2 batch before its records.
pub const BATCH_HEADER: usize = 61;
/// The bytes before those that a batch's length field counts.
pub const LOG_OVERHEAD: usize = 12;

const LENGTH_AT: usize = 8;
const LEADER_EPOCH_AT: usize = 12;
const MAGIC_AT: usize = 16;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const PRODUCER_ID_AT: usize = 43;
const PRODUCER_EPOCH_AT: usize = 51;
const BASE_SEQUENCE_AT: usize = 53;

const ATTR_CODEC: i16 = 0x07;
const ATTR_LOG_APPEND_TIME: i16 = 0x08;
const ATTR_TRANSACTIONAL: i16 = 0x10;
const ATTR_CONTROL: i16 = 0x20;

pub const NO_TIMESTAMP: i64 = -1;
pub const NO_PRODUCER_ID: i64 = -1;
pub const NO_PRODUCER_EPOCH: i16 = -1;
pub const NO_SEQUENCE: i32 = -1;
pub const NO_LEADER_EPOCH: i32 = -1;

/// What a record's timestamp says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimestampType {
    /// Message format 0 has no timestamps.
    NotAvailable,
    /// Set by the producer.
    #[default]
    CreateTime,
    /// Set by the broker when it appended the batch.
    LogAppendTime,
}

/// Where bytes lie in a buffer; null and empty are different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub offset: u32,
    /// -1 is null.
    pub len: i32,
}

impl Span {
    pub const NULL: Span = Span { offset: 0, len: -1 };

    #[inline]
    pub fn is_null(self) -> bool {
        self.len < 0
    }

    /// The length, 0 for null.
    #[inline]
    pub fn size(self) -> usize {
        usize::try_from(self.len).unwrap_or(0)
    }

    #[inline]
    pub fn range(self) -> Option<Range<usize>> {
        let len = usize::try_from(self.len).ok()?;
        let start = self.offset as usize;
        Some(start..start + len)
    }

    /// The bytes in the buffer that the span was made for; `None` for null.
    #[inline]
    pub fn slice(self, buf: &[u8]) -> Option<&[u8]> {
        buf.get(self.range()?)
    }
}

/// A record header, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderRef<'a> {
    pub name: &'a [u8],
    pub value: Option<&'a [u8]>,
}

/// Why records could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordsError {
    /// The offset of the record or the first offset of the batch.
    pub offset: i64,
    /// The last offset of the damaged batch, where its header is to be
    /// believed: reading can go on behind it.
    pub last_offset: Option<i64>,
    pub kind: RecordsErrorKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordsErrorKind {
    Crc {
        stored: u32,
        computed: u32,
    },
    UnknownMagic(i8),
    UnknownCodec(u8),
    /// A batch's length field contradicts its own format.
    BadLength(i32),
    /// The batch's record count is negative or not the number of its records.
    BadCount(i32),
    /// A record's field is malformed or leaves its record.
    BadRecord(&'static str),
    Decompress(Codec, DecompressError),
}

impl std::fmt::Display for RecordsErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Crc { stored, computed } => write!(
                f,
                "CRC check failed (stored 0x{stored:08x}, computed 0x{computed:08x})"
            ),
            Self::UnknownMagic(m) => write!(f, "unsupported message format (magic {m})"),
            Self::UnknownCodec(c) => write!(f, "unsupported compression codec {c}"),
            Self::BadLength(n) => write!(f, "invalid batch length {n}"),
            Self::BadCount(n) => write!(f, "record count {n} does not match the batch"),
            Self::BadRecord(what) => write!(f, "malformed record: {what}"),
            Self::Decompress(codec, e) => write!(f, "{codec} decompression failed: {e}"),
        }
    }
}

impl std::fmt::Display for RecordsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "at offset {}: {}", self.offset, self.kind)
    }
}

impl std::error::Error for RecordsError {}
