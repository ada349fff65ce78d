//! The producer's side: records are encoded straight into the open batch of
//! their partition, which is sealed once when it closes.
//!
//! The buffer begins with [`BATCH_HEADER`] bytes of room ([`new_batch`]);
//! [`append_record`] adds a record; [`seal`] or [`seal_compressed`] fills the
//! header. From then on only [`patch_producer_state`] changes it.

use super::*;
use crate::protocol::compression::{CompressError, Compressor};
use crate::protocol::varint::{self, Packed};

/// Where a record landed in its buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordSpans {
    pub key: Span,
    pub value: Span,
    /// The encoded headers, without their count.
    pub headers: Span,
    pub header_count: u32,
}

/// What a batch header says beyond what its records say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchMeta {
    pub record_count: i32,
    pub base_timestamp: i64,
    pub max_timestamp: i64,
    pub timestamp_type: TimestampType,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
    pub transactional: bool,
    /// Only brokers write control batches.
    pub control: bool,
}

impl Default for BatchMeta {
    fn default() -> Self {
        BatchMeta {
            record_count: 0,
            base_timestamp: 0,
            max_timestamp: 0,
            timestamp_type: TimestampType::CreateTime,
            producer_id: NO_PRODUCER_ID,
            producer_epoch: NO_PRODUCER_EPOCH,
            base_sequence: NO_SEQUENCE,
            transactional: false,
            control: false,
        }
    }
}

/// An empty batch buffer with room for the header and `capacity` bytes.
pub fn new_batch(capacity: usize) -> Vec<u8> {
    let mut buf = Vec::with_capacity(BATCH_HEADER + capacity);
    buf.resize(BATCH_HEADER, 0);
    buf
}

/// The iterator for a record without headers.
pub const fn no_headers() -> std::iter::Empty<HeaderRef<'static>> {
    std::iter::empty()
}

/// The number of headers and their encoded size without the count.
#[inline]
pub fn headers_size<'h>(headers: impl Iterator<Item = HeaderRef<'h>>) -> (usize, usize) {
    headers.fold((0, 0), |(count, size), h| {
        let value = h.value.map_or(1, |v| bytes_size(v.len()));
        (count + 1, size + bytes_size(h.name.len()) + value)
    })
}

#[inline(always)]
fn bytes_size(len: usize) -> usize {
    varint::size(len as i64) + len
}

#[inline(always)]
fn body_size(
    ts_delta: i64,
    offset_delta: i32,
    key: Option<usize>,
    value: Option<usize>,
    (header_count, headers_size): (usize, usize),
) -> usize {
    1 + varint::size(ts_delta)
        + varint::size(i64::from(offset_delta))
        + key.map_or(1, bytes_size)
        + value.map_or(1, bytes_size)
        + varint::size(header_count as i64)
        + headers_size
}

/// The bytes [`append_record`] adds for a record; `headers` is what
/// [`headers_size`] says.
pub fn record_size(
    ts_delta: i64,
    offset_delta: i32,
    key: Option<usize>,
    value: Option<usize>,
    headers: (usize, usize),
) -> usize {
    bytes_size(body_size(ts_delta, offset_delta, key, value, headers))
}

/// Appends a record. The caller has checked that the record fits the limits
/// of a message, which are far below the 2 GiB that the format can say.
#[inline]
pub fn append_record<'h, H>(
    buf: &mut Vec<u8>,
    ts_delta: i64,
    offset_delta: i32,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: H,
) -> RecordSpans
where
    H: Iterator<Item = HeaderRef<'h>> + Clone,
{
    let value_len = value.map(<[u8]>::len);
    let (key, value_offset) = append_head(
        buf,
        ts_delta,
        offset_delta,
        key,
        value_len,
        value_len.unwrap_or(0),
        headers.clone(),
    );
    let value = match value {
        Some(v) => {
            buf.extend_from_slice(v);
            span(value_offset, v.len())
        }
        None => Span::NULL,
    };
    let (headers, header_count) = append_tail(buf, headers);
    RecordSpans {
        key,
        value,
        headers,
        header_count,
    }
}

/// Appends a record up to its value, for a value that is sent from where it
/// lies: its bytes belong between `buf`'s end and what [`append_tail`] adds.
/// Returns where the key landed.
pub fn append_record_head<'h, H>(
    buf: &mut Vec<u8>,
    ts_delta: i64,
    offset_delta: i32,
    key: Option<&[u8]>,
    value_len: usize,
    headers: H,
) -> Span
where
    H: Iterator<Item = HeaderRef<'h>>,
{
    append_head(
        buf,
        ts_delta,
        offset_delta,
        key,
        Some(value_len),
        0,
        headers,
    )
    .0
}

/// The fields before the value's bytes; the key's span and where the value
/// goes. `inline_value` bytes are reserved for it.
#[inline(always)]
fn append_head<'h, H>(
    buf: &mut Vec<u8>,
    ts_delta: i64,
    offset_delta: i32,
    key: Option<&[u8]>,
    value_len: Option<usize>,
    inline_value: usize,
    headers: H,
) -> (Span, usize)
where
    H: Iterator<Item = HeaderRef<'h>>,
{
    let headers = headers_size(headers);
    let key_len = key.map(<[u8]>::len);
    // One reservation for the record; the slack is for its integers and the
    // constant-size stores of `Packed`.
    buf.reserve(key_len.unwrap_or(0) + inline_value + headers.1 + 64);

    let ts = varint::zigzag(ts_delta);
    let offset = varint::zigzag(i64::from(offset_delta));
    let key_field = length_field(key_len);
    let value_field = length_field(value_len);
    let bytes = key_len.unwrap_or(0) as u64 + value_len.unwrap_or(0) as u64 + headers.1 as u64;
    // Zigzag doubles; the slack is for the integers of the body.
    let all = ts | offset | key_field | value_field | (2 * (bytes + 64));
    if all >= Packed::LIMIT {
        return append_long_head(buf, ts_delta, offset_delta, key, value_len, headers);
    }
    let middle = Packed::new(0)
        .then(Packed::new(ts))
        .then(Packed::new(offset))
        .then(Packed::new(key_field));
    let value_field = Packed::new(value_field);
    let header_count = varint::size(headers.0 as i64);
    let body = middle.len() + value_field.len() + header_count + bytes as usize;
    let head = Packed::new(2 * body as u64).then(middle);
    match key {
        None => {
            head.then(value_field).append_to(buf);
            (Span::NULL, buf.len())
        }
        Some(key) => {
            head.append_to(buf);
            let at = span(buf.len(), key.len());
            buf.extend_from_slice(key);
            value_field.append_to(buf);
            (at, buf.len())
        }
    }
}

/// The length of nullable bytes, zigzag-coded.
#[inline(always)]
fn length_field(len: Option<usize>) -> u64 {
    len.map_or(1, |n| 2 * n as u64)
}

/// [`append_head`] for fields of any size.
#[cold]
fn append_long_head(
    buf: &mut Vec<u8>,
    ts_delta: i64,
    offset_delta: i32,
    key: Option<&[u8]>,
    value_len: Option<usize>,
    headers: (usize, usize),
) -> (Span, usize) {
    let key_len = key.map(<[u8]>::len);
    let body = body_size(ts_delta, offset_delta, key_len, value_len, headers);
    varint::put_signed(buf, body as i64);
    buf.push(0);
    varint::put_signed(buf, ts_delta);
    varint::put_signed(buf, i64::from(offset_delta));
    put_bytes(buf, key);
    let at = key.map_or(Span::NULL, |k| span(buf.len() - k.len(), k.len()));
    varint::put_unsigned(buf, length_field(value_len));
    (at, buf.len())
}

/// Appends what follows a value: the headers. Returns where they landed and
/// how many they are.
#[inline]
pub fn append_tail<'h, H>(buf: &mut Vec<u8>, headers: H) -> (Span, u32)
where
    H: Iterator<Item = HeaderRef<'h>> + Clone,
{
    let count = headers.clone().count();
    if count == 0 {
        buf.push(0);
        return (span(buf.len(), 0), 0);
    }
    varint::put_signed(buf, count as i64);
    let start = buf.len();
    for h in headers {
        put_bytes(buf, Some(h.name));
        put_bytes(buf, h.value);
    }
    (span(start, buf.len() - start), count as u32)
}

fn put_bytes(buf: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        Some(b) => {
            varint::put_signed(buf, b.len() as i64);
            buf.extend_from_slice(b);
        }
        None => varint::put_signed(buf, -1),
    }
}

#[inline(always)]
fn span(offset: usize, len: usize) -> Span {
    Span {
        offset: offset as u32,
        len: len as i32,
    }
}

/// Fills the header of an uncompressed batch: `buf` is the room for it and
/// the records.
pub fn seal(buf: &mut [u8], meta: &BatchMeta) {
    seal_parts(buf, std::iter::empty(), meta);
}

/// [`seal`] for a batch whose records continue in other buffers, as they do
/// around values that are sent from where they lie.
pub fn seal_parts<'a>(
    first: &mut [u8],
    rest: impl Iterator<Item = &'a [u8]> + Clone,
    meta: &BatchMeta,
) {
    let size = first.len() + rest.clone().map(<[u8]>::len).sum::<usize>();
    write_header(first, size, Codec::None, meta);
    let crc = rest.fold(
        crc32c::crc32c(first.get(ATTRIBUTES_AT..).unwrap_or_default()),
        crc32c::crc32c_append,
    );
    put_at(first, CRC_AT, crc.to_be_bytes());
}

/// A compressed batch made from the uncompressed one in `batch`, header room
/// included, or `None` when compression does not make it smaller: then the
/// batch is to be sealed as it is.
pub fn seal_compressed(
    batch: &[u8],
    codec: Codec,
    level: i32,
    compressor: &mut Compressor,
    meta: &BatchMeta,
) -> Result<Option<Vec<u8>>, CompressError> {
    let records = batch.get(BATCH_HEADER..).unwrap_or_default();
    let mut out = vec![0; BATCH_HEADER];
    compressor.compress(codec, level, records, &mut out)?;
    if out.len() >= batch.len() {
        return Ok(None);
    }
    let size = out.len();
    write_header(&mut out, size, codec, meta);
    rewrite_crc(&mut out);
    Ok(Some(out))
}

fn write_header(buf: &mut [u8], size: usize, codec: Codec, meta: &BatchMeta) {
    let Some(header) = buf.first_chunk_mut::<BATCH_HEADER>() else {
        debug_assert!(false, "a batch buffer without room for its header");
        return;
    };
    let mut attributes = codec as i16;
    if meta.timestamp_type == TimestampType::LogAppendTime {
        attributes |= ATTR_LOG_APPEND_TIME;
    }
    if meta.transactional {
        attributes |= ATTR_TRANSACTIONAL;
    }
    if meta.control {
        attributes |= ATTR_CONTROL;
    }
    put_at(header, 0, 0i64.to_be_bytes());
    put_at(
        header,
        LENGTH_AT,
        ((size - LOG_OVERHEAD) as i32).to_be_bytes(),
    );
    put_at(header, LEADER_EPOCH_AT, NO_LEADER_EPOCH.to_be_bytes());
    put_at(header, MAGIC_AT, [2]);
    put_at(header, ATTRIBUTES_AT, attributes.to_be_bytes());
    put_at(header, 23, (meta.record_count - 1).to_be_bytes());
    put_at(header, 27, meta.base_timestamp.to_be_bytes());
    put_at(header, 35, meta.max_timestamp.to_be_bytes());
    put_at(header, 43, meta.producer_id.to_be_bytes());
    put_at(header, 51, meta.producer_epoch.to_be_bytes());
    put_at(header, 53, meta.base_sequence.to_be_bytes());
    put_at(header, 57, meta.record_count.to_be_bytes());
}

/// Replaces the producer's state in a sealed batch.
pub fn patch_producer_state(buf: &mut [u8], id: i64, epoch: i16, base_sequence: i32) {
    put_at(buf, 43, id.to_be_bytes());
    put_at(buf, 51, epoch.to_be_bytes());
    put_at(buf, 53, base_sequence.to_be_bytes());
    rewrite_crc(buf);
}

/// Sets what a broker sets when it appends a batch. The checksum does not
/// cover these fields.
pub fn patch_log_position(buf: &mut [u8], base_offset: i64, leader_epoch: i32) {
    put_at(buf, 0, base_offset.to_be_bytes());
    put_at(buf, LEADER_EPOCH_AT, leader_epoch.to_be_bytes());
}

/// Turns a sealed batch into one with the broker's timestamp.
pub fn patch_log_append_time(buf: &mut [u8], timestamp: i64) {
    if let Some([_, low]) = buf.get_mut(ATTRIBUTES_AT..ATTRIBUTES_AT + 2) {
        *low |= ATTR_LOG_APPEND_TIME as u8;
    }
    put_at(buf, 35, timestamp.to_be_bytes());
    rewrite_crc(buf);
}

/// Other numbers of the producer for a sealed batch.
pub fn renumber(batch: &mut [u8], producer_id: i64, producer_epoch: i16, base_sequence: i32) {
    put_at(batch, PRODUCER_ID_AT, producer_id.to_be_bytes());
    put_at(batch, PRODUCER_EPOCH_AT, producer_epoch.to_be_bytes());
    put_at(batch, BASE_SEQUENCE_AT, base_sequence.to_be_bytes());
    rewrite_crc(batch);
}

fn rewrite_crc(buf: &mut [u8]) {
    let crc = crc32c::crc32c(buf.get(ATTRIBUTES_AT..).unwrap_or_default());
    put_at(buf, CRC_AT, crc.to_be_bytes());
}

/// Overwrites the bytes at `at`; nothing happens where the buffer is shorter.
#[inline(always)]
fn put_at<const N: usize>(buf: &mut [u8], at: usize, bytes: [u8; N]) {
    if let Some(place) = buf.get_mut(at..at + N) {
        place.copy_from_slice(&bytes);
    }
}
