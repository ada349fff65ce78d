//! Compaction: of each key only the last record stays.
//!
//! Batches keep their place: base offset, last offset and sequence numbers are those
//! of the original, so a producer's retry and a consumer's position mean the same as
//! before. A batch that lost all its records is dropped, except the last one of the
//! log. Control batches and the records of aborted or open transactions are left
//! alone, a record without a key (which a compacted topic does not accept) too.

use super::batch::{self, NewBatch};
use super::producers::Aborted;
use super::records::{self, Records};
use super::{Log, StoredBatch};
use crate::protocol::compression::DEFAULT_LEVEL;
use std::collections::HashMap;

/// What the owner of the log knows and compaction needs.
pub struct Limits<'a> {
    /// Nothing at or after this offset is touched (open transactions).
    pub until: i64,
    pub aborted: &'a [Aborted],
    /// Tombstones older than this timestamp go away.
    pub drop_tombstones_before: i64,
}

/// Bytes of the log that compaction has not been over, and all of it.
pub fn dirty(log: &Log) -> (u64, u64) {
    let dirty = log
        .batches()
        .rev()
        .take_while(|b| b.last_offset >= log.cleaned_to())
        .map(|b| b.bytes.len() as u64)
        .sum();
    (dirty, log.bytes())
}

/// Runs over the whole log up to `limits.until`. Returns whether anything went away.
pub fn compact(log: &mut Log, limits: &Limits<'_>) -> bool {
    let until = limits.until.min(log.end());
    let before = log.bytes();
    let in_reach: Vec<StoredBatch> = log
        .batches()
        .take_while(|b| b.last_offset < until)
        .cloned()
        .collect();
    let Some(last) = in_reach.last().map(|b| b.last_offset) else {
        return false;
    };
    let newest = newest_offsets(&in_reach, limits);
    let end = log.end();
    let cleaned = in_reach
        .into_iter()
        .filter_map(|b| clean(b, &newest, limits, end))
        .collect();
    log.replace_up_to(last + 1, cleaned);
    log.bytes() < before
}

fn is_aborted(limits: &Limits<'_>, producer_id: i64, offset: i64) -> bool {
    limits
        .aborted
        .iter()
        .any(|a| a.producer_id == producer_id && (a.first_offset..=a.last_offset).contains(&offset))
}

/// Whether the records of this batch compete for being the last of their key.
fn competes(limits: &Limits<'_>, records: &Records) -> bool {
    let h = records.header();
    let undone = h.is_transactional() && is_aborted(limits, h.producer_id, h.base_offset);
    !h.is_control() && !undone
}

fn newest_offsets(batches: &[StoredBatch], limits: &Limits<'_>) -> HashMap<Vec<u8>, i64> {
    let mut newest = HashMap::new();
    for b in batches {
        let Ok(records) = Records::open(&b.bytes) else {
            continue;
        };
        if !competes(limits, &records) {
            continue;
        }
        for r in records.iter().filter_map(Result::ok) {
            if let Some(key) = r.key {
                newest.insert(key.to_vec(), r.offset);
            }
        }
    }
    newest
}

fn clean(
    b: StoredBatch,
    newest: &HashMap<Vec<u8>, i64>,
    limits: &Limits<'_>,
    end: i64,
) -> Option<StoredBatch> {
    let Ok(records) = Records::open(&b.bytes) else {
        return Some(b);
    };
    if !competes(limits, &records) {
        return Some(b);
    }
    let mut kept = Vec::new();
    let (mut count, mut total) = (0, 0);
    let mut max_timestamp = i64::MIN;
    for r in records.iter() {
        let Ok(r) = r else {
            return Some(b);
        };
        total += 1;
        let superseded = r
            .key
            .is_some_and(|k| newest.get(k).is_some_and(|&at| at > r.offset));
        let expired = !r.has_value && r.timestamp < limits.drop_tombstones_before;
        if !superseded && !expired {
            kept.extend_from_slice(r.raw);
            max_timestamp = max_timestamp.max(r.timestamp);
            count += 1;
        }
    }
    if count == total {
        return Some(b);
    }
    if count == 0 && b.last_offset + 1 < end {
        return None;
    }
    let h = records.header();
    if count == 0 {
        max_timestamp = h.max_timestamp;
    }
    let packed = records::pack(records::codec_of(h)?, DEFAULT_LEVEL, &kept)?;
    let new = NewBatch {
        base_offset: h.base_offset,
        leader_epoch: h.leader_epoch,
        attributes: h.attributes,
        last_offset_delta: h.last_offset_delta,
        first_timestamp: h.first_timestamp,
        max_timestamp,
        producer_id: h.producer_id,
        producer_epoch: h.producer_epoch,
        base_sequence: h.base_sequence,
        records: count,
    };
    Some(StoredBatch {
        bytes: batch::build(&new, &packed).freeze(),
        max_timestamp,
        ..b
    })
}
