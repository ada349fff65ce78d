//! The header of a record batch (magic 2): reading it, filling in what the broker
//! assigns, and building the control batches that end transactions.
//!
//! ```text
//! 0  base offset i64      12 leader epoch i32    21 attributes i16        43 producer id i64
//! 8  length i32 (from 12) 16 magic i8            23 last offset delta i32 51 producer epoch i16
//!                         17 crc i32 (from 21)   27 first timestamp i64   53 base sequence i32
//!                                                35 max timestamp i64     57 records i32
//! ```

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Bytes before the first record.
pub const HEADER: usize = 61;
/// Bytes before `length` starts counting.
pub const PREFIX: usize = 12;

const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const MAX_TIMESTAMP_AT: usize = 35;

const COMPRESSION: i16 = 0x07;
const LOG_APPEND_TIME: i16 = 0x08;
const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub base_offset: i64,
    pub length: i32,
    pub leader_epoch: i32,
    pub magic: i8,
    pub crc: u32,
    pub attributes: i16,
    pub last_offset_delta: i32,
    pub first_timestamp: i64,
    pub max_timestamp: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
    pub records: i32,
}

/// Why bytes are not a record batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadBatch {
    /// Shorter than it says, or than a header.
    Truncated,
    /// An old message format, or none at all.
    Magic(i8),
    Crc,
    /// Its counts contradict each other.
    Inconsistent,
}

impl Header {
    /// Reads the header of the batch that `data` begins with and checks that the
    /// whole batch is there.
    pub fn parse(data: &[u8]) -> Result<Header, BadBatch> {
        let mut b = data;
        if b.len() < HEADER {
            // The magic byte is in the same place in every format: an old message
            // is shorter than a batch's header but still names its version.
            return Err(match b.get(16) {
                Some(&m) if m < 2 => BadBatch::Magic(m as i8),
                _ => BadBatch::Truncated,
            });
        }
        let h = Header {
            base_offset: b.get_i64(),
            length: b.get_i32(),
            leader_epoch: b.get_i32(),
            magic: b.get_i8(),
            crc: b.get_u32(),
            attributes: b.get_i16(),
            last_offset_delta: b.get_i32(),
            first_timestamp: b.get_i64(),
            max_timestamp: b.get_i64(),
            producer_id: b.get_i64(),
            producer_epoch: b.get_i16(),
            base_sequence: b.get_i32(),
            records: b.get_i32(),
        };
        if h.magic != 2 {
            return Err(BadBatch::Magic(h.magic));
        }
        if h.length < (HEADER - PREFIX) as i32 || h.size() > data.len() {
            return Err(BadBatch::Truncated);
        }
        Ok(h)
    }

    /// Checks what a broker checks of a producer's batch: the checksum, and that
    /// the counts agree.
    pub fn validate(&self, data: &[u8]) -> Result<(), BadBatch> {
        let body = data
            .get(ATTRIBUTES_AT..self.size())
            .ok_or(BadBatch::Truncated)?;
        if crc32c::crc32c(body) != self.crc {
            return Err(BadBatch::Crc);
        }
        if self.records <= 0 || self.last_offset_delta != self.records - 1 {
            return Err(BadBatch::Inconsistent);
        }
        Ok(())
    }

    /// The whole batch's size in bytes.
    pub fn size(&self) -> usize {
        self.length.max(0) as usize + PREFIX
    }

    pub fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta)
    }

    pub fn last_sequence(&self) -> i32 {
        add_sequence(self.base_sequence, self.last_offset_delta)
    }

    pub fn compression(&self) -> i16 {
        self.attributes & COMPRESSION
    }

    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    pub fn is_log_append_time(&self) -> bool {
        self.attributes & LOG_APPEND_TIME != 0
    }

    pub fn has_producer(&self) -> bool {
        self.producer_id >= 0
    }
}

/// Sequence numbers wrap from `i32::MAX` to 0.
pub fn add_sequence(sequence: i32, n: i32) -> i32 {
    if sequence > i32::MAX - n {
        n - (i32::MAX - sequence) - 1
    } else {
        sequence + n
    }
}

/// A copy of the batch with the broker's fields filled in. With `append_time` the
/// timestamps become the broker's, which the checksum covers.
pub fn assign(
    batch: &[u8],
    base_offset: i64,
    leader_epoch: i32,
    append_time: Option<i64>,
) -> BytesMut {
    let mut out = BytesMut::with_capacity(batch.len());
    out.put_i64(base_offset);
    out.put_slice(batch.get(8..PREFIX).unwrap_or_default());
    out.put_i32(leader_epoch);
    out.put_slice(batch.get(16..).unwrap_or_default());
    if let Some(now) = append_time {
        if let Some(mut attributes) = out.get_mut(ATTRIBUTES_AT..) {
            let with = attributes.chunk_i16() | LOG_APPEND_TIME;
            attributes.put_i16(with);
        }
        if let Some(mut at) = out.get_mut(MAX_TIMESTAMP_AT..) {
            at.put_i64(now);
        }
        seal(&mut out);
    }
    out
}

/// Recomputes the checksum of a batch that was changed.
pub fn seal(batch: &mut [u8]) {
    let crc = crc32c::crc32c(batch.get(ATTRIBUTES_AT..).unwrap_or_default());
    if let Some(mut at) = batch.get_mut(CRC_AT..ATTRIBUTES_AT) {
        at.put_u32(crc);
    }
}

trait ChunkI16 {
    fn chunk_i16(&self) -> i16;
}

impl ChunkI16 for &mut [u8] {
    fn chunk_i16(&self) -> i16 {
        match **self {
            [a, b, ..] => i16::from_be_bytes([a, b]),
            _ => 0,
        }
    }
}

/// What a new batch says of itself; used for control batches and for batches that
/// compaction has rewritten.
#[derive(Clone, Copy, Debug)]
pub struct NewBatch {
    pub base_offset: i64,
    pub leader_epoch: i32,
    pub attributes: i16,
    pub last_offset_delta: i32,
    pub first_timestamp: i64,
    pub max_timestamp: i64,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
    pub records: i32,
}

/// Puts a header before an already encoded (and compressed) record section.
pub fn build(new: &NewBatch, records: &[u8]) -> BytesMut {
    let mut out = BytesMut::with_capacity(HEADER + records.len());
    out.put_i64(new.base_offset);
    out.put_i32((HEADER - PREFIX + records.len()) as i32);
    out.put_i32(new.leader_epoch);
    out.put_i8(2);
    out.put_u32(0);
    out.put_i16(new.attributes);
    out.put_i32(new.last_offset_delta);
    out.put_i64(new.first_timestamp);
    out.put_i64(new.max_timestamp);
    out.put_i64(new.producer_id);
    out.put_i16(new.producer_epoch);
    out.put_i32(new.base_sequence);
    out.put_i32(new.records);
    out.put_slice(records);
    seal(&mut out);
    out
}

/// The batch that ends a producer's transaction in a partition: one control record,
/// key = (version, type), value = (version, coordinator epoch).
pub fn end_marker(producer_id: i64, producer_epoch: i16, commit: bool, timestamp: i64) -> Bytes {
    let mut record = BytesMut::new();
    record.put_u8(0); // attributes
    record.put_u8(0); // timestamp delta
    record.put_u8(0); // offset delta
    record.put_u8(4 << 1); // key length, zigzag
    record.put_i16(0);
    record.put_i16(i16::from(commit));
    record.put_u8(6 << 1); // value length, zigzag
    record.put_i16(0);
    record.put_i32(0);
    record.put_u8(0); // headers
    let mut section = BytesMut::new();
    section.put_u8((record.len() as u8) << 1);
    section.put_slice(&record);
    let new = NewBatch {
        base_offset: 0,
        leader_epoch: 0,
        attributes: TRANSACTIONAL | CONTROL,
        last_offset_delta: 0,
        first_timestamp: timestamp,
        max_timestamp: timestamp,
        producer_id,
        producer_epoch,
        base_sequence: -1,
        records: 1,
    };
    build(&new, &section).freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_a_valid_batch() {
        let marker = end_marker(7, 3, true, 1000);
        let h = Header::parse(&marker).expect("parses");
        h.validate(&marker).expect("valid");
        assert!(h.is_control() && h.is_transactional());
        assert_eq!(
            (h.producer_id, h.producer_epoch, h.size()),
            (7, 3, marker.len())
        );
    }

    #[test]
    fn assigning_keeps_the_checksum_unless_the_time_changes() {
        let marker = end_marker(7, 3, false, 1000);
        let moved = assign(&marker, 55, 9, None);
        let h = Header::parse(&moved).expect("parses");
        h.validate(&moved).expect("valid");
        assert_eq!(
            (h.base_offset, h.leader_epoch, h.max_timestamp),
            (55, 9, 1000)
        );
        let stamped = assign(&marker, 55, 9, Some(2000));
        let h = Header::parse(&stamped).expect("parses");
        h.validate(&stamped).expect("valid");
        assert!(h.is_log_append_time());
        assert_eq!(h.max_timestamp, 2000);
    }

    #[test]
    fn damaged_batches_are_refused() {
        let marker = end_marker(7, 3, false, 1000);
        for n in 0..marker.len() {
            assert!(Header::parse(&marker[..n]).is_err(), "{n} bytes");
        }
        let mut damaged = marker.to_vec();
        damaged[65] ^= 1;
        let h = Header::parse(&damaged).expect("parses");
        assert_eq!(h.validate(&damaged), Err(BadBatch::Crc));
        let mut old = marker.to_vec();
        old[16] = 1;
        assert_eq!(Header::parse(&old), Err(BadBatch::Magic(1)));
    }

    #[test]
    fn sequences_wrap() {
        assert_eq!(add_sequence(i32::MAX, 1), 0);
        assert_eq!(add_sequence(i32::MAX - 1, 5), 3);
        assert_eq!(add_sequence(10, 5), 15);
    }
}
