//! Message sets, the formats before record batches (magic 0 and 1). Brokers
//! older than 4.0 may still have them on disk and serve them unchanged.
//!
//! ```text
//! message: offset i64 | size i32 (of what follows) | CRC-32 u32 (of what
//!          follows) | magic i8 | attributes i8 | timestamp i64 (magic 1)
//!          key: length i32 (-1 is null), bytes | value: the same
//! ```
//!
//! A message whose attributes name a codec is a wrapper: its value is a
//! compressed message set and its offset that of the last message inside. The
//! offsets inside are absolute with magic 0 and relative with magic 1.

use super::cursor::Record;
use super::decode::{Batch, BatchHeader, RawBatch, get};
use super::*;
use crate::protocol::compression::Decompressor;
use bytes::Bytes;

/// The least a message's size field can say: magic 0, null key and value.
pub(super) const MIN_LENGTH: usize = 4 + 1 + 1 + 4 + 4;

/// How the messages of an opened set are to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rebase {
    /// Added to the messages' offsets.
    shift: i64,
    /// The wrapper's, when it has LogAppendTime.
    timestamp: Option<i64>,
}

/// A message's fields; the spans are into the bytes it was parsed from.
struct Message {
    offset: i64,
    magic: i8,
    attributes: u8,
    timestamp: i64,
    crc: u32,
    /// Where the checksum's cover begins.
    covered: usize,
    key: Span,
    value: Span,
    end: usize,
}

impl Message {
    /// The message at `start`, which has to be complete.
    fn parse(bytes: &[u8], start: usize) -> Result<Message, &'static str> {
        let offset = i64::from_be_bytes(get(bytes, start).ok_or("offset")?);
        let size = i32::from_be_bytes(get(bytes, start + LENGTH_AT).ok_or("size")?);
        let body = start + LOG_OVERHEAD;
        let end = usize::try_from(size)
            .ok()
            .map(|n| body + n)
            .filter(|&end| end <= bytes.len())
            .ok_or("size")?;
        let bytes = bytes.get(..end).ok_or("size")?;
        let crc = u32::from_be_bytes(get(bytes, body).ok_or("checksum")?);
        let [magic, attributes] = get(bytes, body + 4).ok_or("attributes")?;
        let mut pos = body + 6;
        let timestamp = if magic == 0 {
            NO_TIMESTAMP
        } else {
            pos += 8;
            i64::from_be_bytes(get(bytes, pos - 8).ok_or("timestamp")?)
        };
        let key = take_bytes(bytes, &mut pos).ok_or("key")?;
        let value = take_bytes(bytes, &mut pos).ok_or("value")?;
        Ok(Message {
            offset,
            magic: magic as i8,
            attributes,
            timestamp,
            crc,
            covered: body + 4,
            key,
            value,
            end,
        })
    }

    fn check_crc(&self, bytes: &[u8]) -> Result<(), RecordsErrorKind> {
        let covered = bytes.get(self.covered..self.end).unwrap_or_default();
        let computed = libdeflater::crc32(covered);
        if computed == self.crc {
            Ok(())
        } else {
            Err(RecordsErrorKind::Crc {
                stored: self.crc,
                computed,
            })
        }
    }

    fn codec(&self) -> Result<Codec, RecordsErrorKind> {
        let id = self.attributes & ATTR_CODEC as u8;
        Codec::from_id(id).ok_or(RecordsErrorKind::UnknownCodec(id))
    }

    fn timestamp_type(&self) -> TimestampType {
        if self.magic == 0 {
            TimestampType::NotAvailable
        } else if self.attributes & ATTR_LOG_APPEND_TIME as u8 != 0 {
            TimestampType::LogAppendTime
        } else {
            TimestampType::CreateTime
        }
    }
}

fn take_bytes(bytes: &[u8], pos: &mut usize) -> Option<Span> {
    let len = i32::from_be_bytes(get(bytes, *pos)?);
    *pos += 4;
    if len < 0 {
        return (len == -1).then_some(Span::NULL);
    }
    let offset = *pos as u32;
    *pos += len as usize;
    (*pos <= bytes.len()).then_some(Span { offset, len })
}

/// Takes a compressed wrapper, or as many uncompressed messages of one kind
/// as follow one another, off the front of `rest`, which begins with a
/// complete message. An error with a `last_offset` has taken its message.
pub(super) fn take(rest: &mut Bytes, check_crcs: bool) -> Result<RawBatch, RecordsError> {
    let first = read_checked(rest, 0, check_crcs);
    let first = match first {
        Ok(first) => first,
        Err((e, end)) => {
            if let Some(end) = end {
                let _ = rest.split_to(end.min(rest.len()));
            }
            return Err(e);
        }
    };
    let (first, codec) = first;
    let mut header = BatchHeader {
        magic: first.magic,
        codec,
        base_offset: first.offset,
        last_offset: first.offset,
        leader_epoch: NO_LEADER_EPOCH,
        timestamp_type: first.timestamp_type(),
        base_timestamp: first.timestamp,
        max_timestamp: first.timestamp,
        producer_id: NO_PRODUCER_ID,
        producer_epoch: NO_PRODUCER_EPOCH,
        base_sequence: NO_SEQUENCE,
        is_transactional: false,
        is_control: false,
        count: if codec == Codec::None { 1 } else { -1 },
    };
    let mut end = first.end;
    let mut payload = 0..end;
    if codec != Codec::None {
        payload = first.value.range().unwrap_or(end..end);
    } else {
        // A message that is incomplete or in any way different ends the run;
        // it is looked at again when its turn comes.
        while let Ok((next, Codec::None)) = read_checked(rest, end, check_crcs)
            && next.magic == header.magic
            && next.timestamp_type() == header.timestamp_type
        {
            header.count += 1;
            header.last_offset = next.offset;
            header.max_timestamp = header.max_timestamp.max(next.timestamp);
            end = next.end;
        }
        payload.end = end;
    }
    Ok(RawBatch {
        header,
        bytes: rest.split_to(end),
        payload,
        check_crcs,
    })
}

/// The message at `start` with its codec; or the error, and the message's end
/// where reading can go on behind it.
fn read_checked(
    bytes: &[u8],
    start: usize,
    check_crcs: bool,
) -> Result<(Message, Codec), (RecordsError, Option<usize>)> {
    let message = Message::parse(bytes, start).map_err(|what| {
        let offset = get(bytes, start).map_or(0, i64::from_be_bytes);
        let error = RecordsError {
            offset,
            last_offset: None,
            kind: RecordsErrorKind::BadRecord(what),
        };
        (error, None)
    })?;
    let checked = if check_crcs {
        message.check_crc(bytes)
    } else {
        Ok(())
    };
    let fail = |kind| {
        let error = RecordsError {
            offset: message.offset,
            last_offset: Some(message.offset),
            kind,
        };
        (error, Some(message.end))
    };
    checked.map_err(fail)?;
    if !(0..=1).contains(&message.magic) {
        return Err(fail(RecordsErrorKind::UnknownMagic(message.magic)));
    }
    let codec = message.codec().map_err(fail)?;
    Ok((message, codec))
}

/// Opens a run of messages or decompresses a wrapper.
pub(super) fn open(
    raw: RawBatch,
    decompressor: &mut Decompressor,
    limit: usize,
) -> Result<Batch, RecordsError> {
    let mut header = raw.header;
    let mut rebase = Rebase {
        shift: 0,
        timestamp: None,
    };
    if header.codec == Codec::None {
        return Ok(Batch {
            header,
            records: raw.bytes,
            legacy: Some(rebase),
        });
    }
    let fail = |kind| RecordsError {
        offset: header.last_offset,
        last_offset: Some(header.last_offset),
        kind,
    };
    let src = raw.bytes.get(raw.payload).unwrap_or_default();
    let records = if header.magic == 0 {
        decompressor.decompress_v0(header.codec, src, limit)
    } else {
        decompressor.decompress(header.codec, src, limit)
    };
    let records = records.map_err(|e| fail(RecordsErrorKind::Decompress(header.codec, e)))?;

    // The shift of relative offsets is known when the last message is.
    let (mut count, mut pos) = (0, 0);
    let (mut first_offset, mut last_offset) = (0, 0);
    while pos < records.len() {
        let (inner, codec) =
            read_checked(&records, pos, raw.check_crcs).map_err(|(e, _)| fail(e.kind))?;
        if codec != Codec::None || inner.magic != header.magic {
            return Err(fail(RecordsErrorKind::BadRecord("nested message set")));
        }
        if count == 0 {
            first_offset = inner.offset;
        }
        last_offset = inner.offset;
        pos = inner.end;
        count += 1;
    }
    if header.magic == 1 {
        rebase.shift = header.last_offset.wrapping_sub(last_offset);
        if header.timestamp_type == TimestampType::LogAppendTime {
            rebase.timestamp = Some(header.max_timestamp);
        }
    }
    header.count = count;
    header.base_offset = match count {
        0 => header.last_offset,
        _ => first_offset.wrapping_add(rebase.shift),
    };
    Ok(Batch {
        header,
        records: Bytes::from(records),
        legacy: Some(rebase),
    })
}

impl Rebase {
    /// The message at `pos` as a record, and its end.
    pub(super) fn read(self, bytes: &[u8], pos: usize) -> Result<(Record, usize), &'static str> {
        let m = Message::parse(bytes, pos)?;
        let record = Record {
            offset: m.offset.wrapping_add(self.shift),
            timestamp: self.timestamp.unwrap_or(m.timestamp),
            timestamp_type: match self.timestamp {
                Some(_) => TimestampType::LogAppendTime,
                None => m.timestamp_type(),
            },
            key: m.key,
            value: m.value,
            headers: Span {
                offset: m.end as u32,
                len: 0,
            },
            header_count: 0,
        };
        Ok((record, m.end))
    }
}
