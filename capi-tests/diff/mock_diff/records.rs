//! Batches to produce, good and bad.

use bytes::{BufMut, Bytes, BytesMut};
use rdkafka::mock::log::batch::{NewBatch, build};

/// What a batch is to be; records are small and the same for both clusters.
#[derive(Clone, Copy)]
pub struct Spec {
    pub records: i32,
    pub timestamp: i64,
    pub pid: i64,
    pub epoch: i16,
    pub sequence: i32,
    pub transactional: bool,
}

pub fn batch(spec: &Spec) -> Bytes {
    let mut section = BytesMut::new();
    for i in 0..spec.records {
        let value = format!("value {i} of {}", spec.timestamp);
        let mut r = BytesMut::new();
        r.put_u8(0);
        r.put_u8((i as u8) << 1); // timestamp delta
        r.put_u8((i as u8) << 1); // offset delta
        r.put_u8(2 << 1);
        r.put_slice(&[b'k', b'0' + i as u8]);
        r.put_u8((value.len() as u8) << 1);
        r.put_slice(value.as_bytes());
        r.put_u8(0);
        section.put_u8((r.len() as u8) << 1);
        section.put_slice(&r);
    }
    let new = NewBatch {
        base_offset: 0,
        leader_epoch: -1,
        attributes: if spec.transactional { 0x10 } else { 0 },
        last_offset_delta: spec.records - 1,
        first_timestamp: spec.timestamp,
        max_timestamp: spec.timestamp + i64::from(spec.records) - 1,
        producer_id: spec.pid,
        producer_epoch: spec.epoch,
        base_sequence: spec.sequence,
        records: spec.records,
    };
    build(&new, &section).freeze()
}
