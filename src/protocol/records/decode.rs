//! The consumer's side: [`BatchReader`] cuts the record set of a Fetch
//! response into batches, [`RawBatch::open`] decompresses one, and
//! [`RecordCursor`](super::cursor::RecordCursor) walks its records when the
//! application takes them.
//!
//! Reading a batch's header is separate from opening it, so that batches that
//! are not wanted (before the fetch position, of an aborted transaction) cost
//! no decompression. Uncompressed records stay slices of the fetched bytes.

use super::cursor::RecordCursor;
use super::legacy;
use super::*;
use crate::protocol::compression::Decompressor;
use bytes::Bytes;

/// What the header of a batch says. A message set's messages have no header
/// of their own: runs of uncompressed messages and every compressed wrapper
/// get one made up from their messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    pub magic: i8,
    pub codec: Codec,
    /// The first offset. Before a compressed wrapper of a message set is
    /// opened it is the wrapper's, which is the last one.
    pub base_offset: i64,
    /// The last offset, which compaction may have removed.
    pub last_offset: i64,
    pub leader_epoch: i32,
    pub timestamp_type: TimestampType,
    pub base_timestamp: i64,
    pub max_timestamp: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
    pub is_transactional: bool,
    pub is_control: bool,
    /// The number of records; unknown (-1) for an unopened wrapper.
    pub count: i32,
}

/// A batch whose records are as they came: maybe compressed.
#[derive(Debug, Clone)]
pub struct RawBatch {
    pub header: BatchHeader,
    /// The whole batch, or the run of messages.
    pub bytes: Bytes,
    pub(super) payload: Range<usize>,
    pub(super) check_crcs: bool,
}

/// A batch that can be read record by record.
#[derive(Debug, Clone)]
pub struct Batch {
    pub header: BatchHeader,
    /// The records: a slice of the fetched bytes, or decompressed.
    pub records: Bytes,
    pub(super) legacy: Option<legacy::Rebase>,
}

impl Batch {
    pub fn cursor(&self) -> RecordCursor {
        RecordCursor::new(self)
    }
}

/// The incomplete batch at the end of a record set. Brokers cut where the
/// fetch size says, so this is normal; when nothing came before it, the fetch
/// size is too small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partial {
    /// `None` when even the offset is incomplete.
    pub base_offset: Option<i64>,
    /// The bytes that are there.
    pub have: usize,
    /// The bytes of the whole batch; `None` when its length is incomplete.
    pub need: Option<usize>,
}

/// Iterates over the batches of a record set.
#[derive(Debug, Clone)]
pub struct BatchReader {
    rest: Bytes,
    check_crcs: bool,
    partial: Option<Partial>,
}

impl BatchReader {
    /// `check_crcs` is the property `check.crcs`.
    pub fn new(records: Bytes, check_crcs: bool) -> Self {
        BatchReader {
            rest: records,
            check_crcs,
            partial: None,
        }
    }

    /// The incomplete batch at the end, once all others have been read.
    pub fn partial(&self) -> Option<Partial> {
        self.partial
    }

    /// Reads the next batch and opens it.
    pub fn next_open(
        &mut self,
        decompressor: &mut Decompressor,
        limit: usize,
    ) -> Option<Result<Batch, RecordsError>> {
        Some(self.next()?.and_then(|b| b.open(decompressor, limit)))
    }

    fn read(&mut self) -> Option<Result<RawBatch, RecordsError>> {
        let have = self.rest.len();
        if have == 0 {
            return None;
        }
        let base_offset = get(&self.rest, 0).map(i64::from_be_bytes);
        let length = get(&self.rest, LENGTH_AT).map(i32::from_be_bytes);
        let (Some(base_offset), Some(length)) = (base_offset, length) else {
            return self.stop_at(base_offset, have, None);
        };
        let bad_length = RecordsError {
            offset: base_offset,
            last_offset: None,
            kind: RecordsErrorKind::BadLength(length),
        };
        let total = usize::try_from(length).map(|n| n + LOG_OVERHEAD);
        let total = match total {
            Ok(n) if n >= LOG_OVERHEAD + legacy::MIN_LENGTH => n,
            _ => return self.fail(bad_length),
        };
        let Some(&magic) = self.rest.get(MAGIC_AT).filter(|_| have >= total) else {
            return self.stop_at(Some(base_offset), have, Some(total));
        };
        match magic as i8 {
            2 if total < BATCH_HEADER => self.fail(bad_length),
            2 => {
                let bytes = self.rest.split_to(total);
                Some(RawBatch::parse_v2(bytes, self.check_crcs))
            }
            0 | 1 => match legacy::take(&mut self.rest, self.check_crcs) {
                Ok(batch) => Some(Ok(batch)),
                // A message with a bad checksum has been taken, too.
                Err(e) if e.last_offset.is_some() => Some(Err(e)),
                Err(e) => self.fail(e),
            },
            magic => self.fail(RecordsError {
                offset: base_offset,
                last_offset: None,
                kind: RecordsErrorKind::UnknownMagic(magic),
            }),
        }
    }

    fn stop_at<T>(
        &mut self,
        base_offset: Option<i64>,
        have: usize,
        need: Option<usize>,
    ) -> Option<T> {
        self.partial = Some(Partial {
            base_offset,
            have,
            need,
        });
        self.rest.clear();
        None
    }

    /// Where the next batch begins is unknown: nothing more can be read.
    fn fail<T>(&mut self, e: RecordsError) -> Option<Result<T, RecordsError>> {
        self.rest.clear();
        Some(Err(e))
    }
}

impl Iterator for BatchReader {
    type Item = Result<RawBatch, RecordsError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read()
    }
}

impl RawBatch {
    /// `bytes` is exactly one v2 batch of at least the header's size.
    fn parse_v2(bytes: Bytes, check_crc: bool) -> Result<RawBatch, RecordsError> {
        let Some(h) = bytes.first_chunk::<BATCH_HEADER>() else {
            return Err(RecordsError {
                offset: 0,
                last_offset: None,
                kind: RecordsErrorKind::BadLength(bytes.len() as i32),
            });
        };
        let base_offset = i64::from_be_bytes(at(h, 0));
        let last_offset = base_offset.wrapping_add(i64::from(i32::from_be_bytes(at(h, 23))));
        let fail = |kind| RecordsError {
            offset: base_offset,
            last_offset: (last_offset >= base_offset).then_some(last_offset),
            kind,
        };
        if check_crc {
            let stored = u32::from_be_bytes(at(h, CRC_AT));
            let computed = crc32c::crc32c(bytes.get(ATTRIBUTES_AT..).unwrap_or_default());
            if stored != computed {
                return Err(RecordsError {
                    // The header itself is in doubt.
                    last_offset: None,
                    ..fail(RecordsErrorKind::Crc { stored, computed })
                });
            }
        }
        let attributes = i16::from_be_bytes(at(h, ATTRIBUTES_AT));
        let codec = (attributes & ATTR_CODEC) as u8;
        let Some(codec) = Codec::from_id(codec) else {
            return Err(fail(RecordsErrorKind::UnknownCodec(codec)));
        };
        let count = i32::from_be_bytes(at(h, 57));
        if count < 0 || last_offset < base_offset {
            return Err(fail(RecordsErrorKind::BadCount(count)));
        }
        let header = BatchHeader {
            magic: 2,
            codec,
            base_offset,
            last_offset,
            leader_epoch: i32::from_be_bytes(at(h, LEADER_EPOCH_AT)),
            timestamp_type: if attributes & ATTR_LOG_APPEND_TIME != 0 {
                TimestampType::LogAppendTime
            } else {
                TimestampType::CreateTime
            },
            base_timestamp: i64::from_be_bytes(at(h, 27)),
            max_timestamp: i64::from_be_bytes(at(h, 35)),
            producer_id: i64::from_be_bytes(at(h, 43)),
            producer_epoch: i16::from_be_bytes(at(h, 51)),
            base_sequence: i32::from_be_bytes(at(h, 53)),
            is_transactional: attributes & ATTR_TRANSACTIONAL != 0,
            is_control: attributes & ATTR_CONTROL != 0,
            count,
        };
        let payload = BATCH_HEADER..bytes.len();
        Ok(RawBatch {
            header,
            bytes,
            payload,
            check_crcs: check_crc,
        })
    }

    /// Decompresses the records, to at most `limit` bytes.
    pub fn open(
        self,
        decompressor: &mut Decompressor,
        limit: usize,
    ) -> Result<Batch, RecordsError> {
        if self.header.magic < 2 {
            return legacy::open(self, decompressor, limit);
        }
        let records = match self.header.codec {
            Codec::None => self.bytes.slice(self.payload),
            codec => {
                let src = self.bytes.get(self.payload).unwrap_or_default();
                let out = decompressor
                    .decompress(codec, src, limit)
                    .map_err(|e| RecordsError {
                        offset: self.header.base_offset,
                        last_offset: Some(self.header.last_offset),
                        kind: RecordsErrorKind::Decompress(codec, e),
                    })?;
                Bytes::from(out)
            }
        };
        Ok(Batch {
            header: self.header,
            records,
            legacy: None,
        })
    }
}

/// The bytes of a field of a header that is there in full. The compiler sees
/// the constant bounds.
#[inline(always)]
fn at<const N: usize>(header: &[u8; BATCH_HEADER], offset: usize) -> [u8; N] {
    get(header, offset).unwrap_or([0; N])
}

#[inline(always)]
pub(super) fn get<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..)?.first_chunk().copied()
}

/// What a control record marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlType {
    Abort,
    Commit,
    Unknown(i16),
}

/// The type of a control record, from its key. `None` when the key is too
/// short for one.
pub fn control_type(key: &[u8]) -> Option<ControlType> {
    // The version comes first; later ones may only add fields.
    Some(match i16::from_be_bytes(get(key, 2)?) {
        0 => ControlType::Abort,
        1 => ControlType::Commit,
        other => ControlType::Unknown(other),
    })
}
