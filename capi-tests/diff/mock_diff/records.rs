//! Batches to produce, good and bad.

use bytes::{BufMut, Bytes, BytesMut};
use rdkafka::mock::log::batch::{NewBatch, build};
use rdkafka::protocol::compression::{Codec, DEFAULT_LEVEL, compress};

/// What a batch is to be; records are small and the same for both clusters.
#[derive(Clone, Copy)]
pub struct Spec {
    pub records: i32,
    pub timestamp: i64,
    pub pid: i64,
    pub epoch: i16,
    pub sequence: i32,
    pub transactional: bool,
    pub codec: Codec,
    /// How often each value is repeated.
    pub times: usize,
    /// The first record that lacks its key, and the first whose offset is not the next.
    pub keyless_from: i32,
    pub gap_at: i32,
}

impl Spec {
    pub fn plain(records: i32, timestamp: i64) -> Spec {
        Spec {
            records,
            timestamp,
            pid: -1,
            epoch: -1,
            sequence: -1,
            transactional: false,
            codec: Codec::None,
            times: 1,
            keyless_from: i32::MAX,
            gap_at: i32::MAX,
        }
    }
}

pub fn batch(spec: &Spec) -> Bytes {
    let mut section = BytesMut::new();
    for i in 0..spec.records {
        let value = format!("value {i} of {} ", spec.timestamp).repeat(spec.times);
        let mut r = BytesMut::new();
        r.put_u8(0);
        r.put_u8((i as u8) << 1); // timestamp delta
        let delta = i + i32::from(i >= spec.gap_at);
        r.put_u8((delta as u8) << 1); // offset delta
        if i < spec.keyless_from {
            r.put_u8(2 << 1);
            r.put_slice(&[b'k', b'0' + i as u8]);
        } else {
            r.put_u8(1);
        }
        put_varint(&mut r, value.len());
        r.put_slice(value.as_bytes());
        r.put_u8(0);
        put_varint(&mut section, r.len());
        section.put_slice(&r);
    }
    let new = NewBatch {
        base_offset: 0,
        leader_epoch: -1,
        attributes: if spec.transactional { 0x10 } else { 0 } | spec.codec as i16,
        last_offset_delta: spec.records - 1,
        first_timestamp: spec.timestamp,
        max_timestamp: spec.timestamp + i64::from(spec.records) - 1,
        producer_id: spec.pid,
        producer_epoch: spec.epoch,
        base_sequence: spec.sequence,
        records: spec.records,
    };
    let mut packed = Vec::new();
    compress(spec.codec, DEFAULT_LEVEL, &section, &mut packed).expect("packs");
    build(&new, &packed).freeze()
}

/// A length, zigzag.
fn put_varint(out: &mut BytesMut, n: usize) {
    let mut left = n << 1;
    while left >= 0x80 {
        out.put_u8(left as u8 | 0x80);
        left >>= 7;
    }
    out.put_u8(left as u8);
}
