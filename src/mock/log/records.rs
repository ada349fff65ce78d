//! The records inside a batch, for what the broker itself needs of them: timestamps
//! for ListOffsets, keys for compaction.

use super::batch::{BadBatch, HEADER, Header};
use crate::protocol::compression::{self, Codec};
use crate::protocol::varint::{take_i32, take_signed};

/// A hostile batch may claim to hold anything; this is where unpacking it stops.
const MAX_UNPACKED: usize = 256 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordView<'a> {
    pub offset: i64,
    pub timestamp: i64,
    pub key: Option<&'a [u8]>,
    pub has_value: bool,
    /// The record with its length in front, as it stands in the batch.
    pub raw: &'a [u8],
}

/// The records of a batch, unpacked.
pub struct Records {
    header: Header,
    section: Vec<u8>,
}

impl Records {
    pub fn open(batch: &[u8]) -> Result<Records, BadBatch> {
        let header = Header::parse(batch)?;
        let packed = batch
            .get(HEADER..header.size())
            .ok_or(BadBatch::Truncated)?;
        let codec = codec_of(&header).ok_or(BadBatch::Inconsistent)?;
        let section = compression::decompress(codec, packed, MAX_UNPACKED)
            .map_err(|_| BadBatch::Inconsistent)?;
        Ok(Records { header, section })
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    pub fn iter(&self) -> impl Iterator<Item = Result<RecordView<'_>, BadBatch>> {
        Iter {
            header: &self.header,
            rest: &self.section,
            left: self.header.records,
        }
    }
}

/// The offset and timestamp of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub offset: i64,
    pub timestamp: i64,
}

/// Offsets and timestamps of a batch's records.
pub fn iter(batch: &[u8]) -> Result<impl Iterator<Item = Result<Position, BadBatch>>, BadBatch> {
    let records = Records::open(batch)?;
    let all: Vec<_> = records
        .iter()
        .map(|r| {
            r.map(|r| Position {
                offset: r.offset,
                timestamp: r.timestamp,
            })
        })
        .collect();
    Ok(all.into_iter())
}

struct Iter<'a> {
    header: &'a Header,
    rest: &'a [u8],
    left: i32,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Result<RecordView<'a>, BadBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left <= 0 {
            let more = std::mem::take(&mut self.rest);
            return (!more.is_empty()).then_some(Err(BadBatch::Inconsistent));
        }
        self.left -= 1;
        match read_record(self.header, &mut self.rest) {
            Some(record) => Some(Ok(record)),
            None => {
                (self.left, self.rest) = (0, &[]);
                Some(Err(BadBatch::Truncated))
            }
        }
    }
}

fn read_record<'a>(header: &Header, rest: &mut &'a [u8]) -> Option<RecordView<'a>> {
    let whole = *rest;
    let length = usize::try_from(take_signed(rest)?).ok()?;
    let mut body = rest.get(..length)?;
    *rest = rest.get(length..)?;
    let raw = whole.get(..whole.len() - rest.len())?;
    body = body.get(1..)?; // attributes
    let timestamp_delta = take_signed(&mut body)?;
    let offset_delta = take_i32(&mut body)?;
    let key = blob(&mut body)?;
    let has_value = take_signed(&mut body)? >= 0;
    Some(RecordView {
        offset: header.base_offset + i64::from(offset_delta),
        timestamp: if header.is_log_append_time() {
            header.max_timestamp
        } else {
            header.first_timestamp.wrapping_add(timestamp_delta)
        },
        key,
        has_value,
        raw,
    })
}

fn blob<'a>(b: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let n = take_signed(b)?;
    if n < 0 {
        return Some(None);
    }
    let (out, rest) = b.split_at_checked(usize::try_from(n).ok()?)?;
    *b = rest;
    Some(Some(out))
}

pub fn codec_of(header: &Header) -> Option<Codec> {
    Codec::from_id(u8::try_from(header.compression()).ok()?)
}

/// A record section, packed.
pub fn pack(codec: Codec, level: i32, section: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    compression::compress(codec, level, section, &mut out).ok()?;
    Some(out)
}
