//! The records inside a batch, for what the broker itself needs of them: timestamps
//! for ListOffsets, keys for compaction.

use super::batch::{BadBatch, HEADER, Header};
use std::borrow::Cow;
use std::io::Read;

/// A hostile batch may claim to hold anything; this is where unpacking it stops.
const MAX_UNPACKED: u64 = 256 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordView<'a> {
    pub offset: i64,
    pub offset_delta: i32,
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
        let section = unpack(header.compression(), packed).ok_or(BadBatch::Inconsistent)?;
        Ok(Records {
            header,
            section: section.into_owned(),
        })
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
            return None;
        }
        self.left -= 1;
        match read_record(self.header, &mut self.rest) {
            Some(record) => Some(Ok(record)),
            None => {
                self.left = 0;
                Some(Err(BadBatch::Truncated))
            }
        }
    }
}

fn read_record<'a>(header: &Header, rest: &mut &'a [u8]) -> Option<RecordView<'a>> {
    let whole = *rest;
    let length = usize::try_from(varint(rest)?).ok()?;
    let mut body = rest.get(..length)?;
    *rest = rest.get(length..)?;
    let raw = whole.get(..whole.len() - rest.len())?;
    body = body.get(1..)?; // attributes
    let timestamp_delta = varint(&mut body)?;
    let offset_delta = i32::try_from(varint(&mut body)?).ok()?;
    let key = blob(&mut body)?;
    let has_value = varint(&mut body)? >= 0;
    Some(RecordView {
        offset: header.base_offset + i64::from(offset_delta),
        offset_delta,
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
    let n = varint(b)?;
    if n < 0 {
        return Some(None);
    }
    let n = usize::try_from(n).ok()?;
    let out = b.get(..n)?;
    *b = b.get(n..)?;
    Some(Some(out))
}

/// A zigzag varint of up to 64 bits.
fn varint(b: &mut &[u8]) -> Option<i64> {
    let mut value = 0u64;
    for shift in (0..70).step_by(7) {
        let (&byte, rest) = b.split_first()?;
        *b = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Some((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    None
}

/// Undoes a codec; `None` if the bytes are not what it says.
pub fn unpack(codec: i16, packed: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut out = Vec::new();
    let read = match codec {
        0 => return Some(Cow::Borrowed(packed)),
        1 => flate2::read::MultiGzDecoder::new(packed)
            .take(MAX_UNPACKED)
            .read_to_end(&mut out),
        2 => return unpack_snappy(packed).map(Cow::Owned),
        3 => lz4::Decoder::new(packed)
            .ok()?
            .take(MAX_UNPACKED)
            .read_to_end(&mut out),
        4 => zstd::stream::read::Decoder::new(packed)
            .ok()?
            .take(MAX_UNPACKED)
            .read_to_end(&mut out),
        _ => return None,
    };
    read.ok()?;
    Some(Cow::Owned(out))
}

/// Snappy comes bare (librdkafka, Go) or in the frames of the Java library.
fn unpack_snappy(packed: &[u8]) -> Option<Vec<u8>> {
    const JAVA_MAGIC: &[u8] = b"\x82SNAPPY\0";
    let block = |b: &[u8]| {
        let n = snap::raw::decompress_len(b).ok()?;
        if n as u64 > MAX_UNPACKED {
            return None;
        }
        snap::raw::Decoder::new().decompress_vec(b).ok()
    };
    let Some(mut frames) = packed.strip_prefix(JAVA_MAGIC) else {
        return block(packed);
    };
    frames = frames.get(8..)?; // versions
    let mut out = Vec::new();
    while !frames.is_empty() {
        let (length, rest) = frames.split_first_chunk::<4>()?;
        let n = u32::from_be_bytes(*length) as usize;
        out.extend(block(rest.get(..n)?)?);
        if out.len() as u64 > MAX_UNPACKED {
            return None;
        }
        frames = rest.get(n..)?;
    }
    Some(out)
}

/// Applies a codec again to what compaction has left.
pub fn pack(codec: i16, section: &[u8]) -> Option<Cow<'_, [u8]>> {
    use std::io::Write;
    let out = match codec {
        0 => return Some(Cow::Borrowed(section)),
        1 => {
            let mut w = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            w.write_all(section).ok()?;
            w.finish().ok()?
        }
        2 => snap::raw::Encoder::new().compress_vec(section).ok()?,
        3 => {
            let mut w = lz4::EncoderBuilder::new()
                // Kafka's own reader knows no linked blocks.
                .block_mode(lz4::BlockMode::Independent)
                .build(Vec::new())
                .ok()?;
            w.write_all(section).ok()?;
            let (out, done) = w.finish();
            done.ok()?;
            out
        }
        4 => zstd::stream::encode_all(section, 0).ok()?,
        _ => return None,
    };
    Some(Cow::Owned(out))
}
