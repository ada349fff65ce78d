//! What a broker does with a producer's records before it appends them: it reads all of them,
//! and where the topic has a `compression.type` of another codec it packs the batch anew.
//!
//! The header stays the producer's, but for the codec, the length, the checksum and the
//! largest timestamp, which a broker reads off the records when it has unpacked them.

use super::batch::{Header, NewBatch, build};
use super::records::{self, Records};
use crate::protocol::compression::{Codec, DEFAULT_LEVEL};
use crate::protocol::varint::{put_signed, take_i32, take_signed};

/// What the records of a topic are packed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    pub codec: Codec,
    pub level: i32,
}

impl Target {
    /// Of the value of `compression.type`; `None` is for what the producer chose.
    pub fn of(name: &str, level: impl Fn(&str) -> i64) -> Option<Target> {
        let (codec, level) = match name {
            "uncompressed" => (Codec::None, i64::from(DEFAULT_LEVEL)),
            "gzip" => (Codec::Gzip, level("compression.gzip.level")),
            "snappy" => (Codec::Snappy, i64::from(DEFAULT_LEVEL)),
            "lz4" => (Codec::Lz4, level("compression.lz4.level")),
            "zstd" => (Codec::Zstd, level("compression.zstd.level")),
            _ => return None,
        };
        let level = i32::try_from(level).unwrap_or(DEFAULT_LEVEL);
        Some(Target { codec, level })
    }
}

/// Why a broker does not take the records of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// They do not unpack, or a packed batch that is to stay so has a gap in its offsets.
    Unreadable,
    /// They are not what their lengths say.
    Malformed,
    /// These have no key, in a topic that is compacted.
    Keyless(Vec<i32>),
}

/// Looks through a producer's batch as a broker does before it appends it. The answer is the
/// batch in the topic's codec, or `None` if it already is.
pub fn admit(
    batch: &[u8],
    compacted: bool,
    target: Option<Target>,
) -> Result<Option<(Header, Vec<u8>)>, Refused> {
    let h = Header::parse(batch).map_err(|_| Refused::Malformed)?;
    let target = target.filter(|t| h.compression() != t.codec as i16);
    let records = Records::open(batch).map_err(|_| Refused::Unreadable)?;
    let mut keyless = Vec::new();
    let mut gap = false;
    let mut section = Vec::new();
    let mut max_timestamp = i64::MIN;
    for (i, r) in (0..).zip(records.iter()) {
        let r = r.map_err(|_| Refused::Malformed)?;
        let in_place = r.offset - h.base_offset == i64::from(i);
        gap |= !in_place;
        if compacted && r.key.is_none() {
            keyless.push(i);
        }
        max_timestamp = max_timestamp.max(r.timestamp);
        if target.is_some() {
            match in_place {
                true => section.extend_from_slice(r.raw),
                false => renumber(r.raw, i, &mut section).ok_or(Refused::Malformed)?,
            }
        }
    }
    if !keyless.is_empty() {
        return Err(Refused::Keyless(keyless));
    }
    let Some(Target { codec, level }) = target else {
        let is_packed = h.compression() != Codec::None as i16;
        return match gap && is_packed {
            true => Err(Refused::Unreadable),
            false => Ok(None),
        };
    };
    let packed = records::pack(codec, level, &section).ok_or(Refused::Unreadable)?;
    let new = NewBatch {
        base_offset: h.base_offset,
        leader_epoch: h.leader_epoch,
        attributes: h.attributes - h.compression() + codec as i16,
        last_offset_delta: h.last_offset_delta,
        first_timestamp: h.first_timestamp,
        max_timestamp,
        producer_id: h.producer_id,
        producer_epoch: h.producer_epoch,
        base_sequence: h.base_sequence,
        records: h.records,
    };
    let out = build(&new, &packed).to_vec();
    let header = Header::parse(&out).map_err(|_| Refused::Malformed)?;
    Ok(Some((header, out)))
}

/// The record with another offset delta.
fn renumber(raw: &[u8], delta: i32, out: &mut Vec<u8>) -> Option<()> {
    let mut rest = raw;
    take_signed(&mut rest)?; // length
    let body = rest;
    rest = rest.get(1..)?; // attributes
    take_signed(&mut rest)?; // timestamp delta
    let kept = body.get(..body.len() - rest.len())?;
    take_i32(&mut rest)?;
    let mut number = Vec::new();
    put_signed(&mut number, delta.into());
    put_signed(out, (kept.len() + number.len() + rest.len()) as i64);
    out.extend_from_slice(kept);
    out.extend_from_slice(&number);
    out.extend_from_slice(rest);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn recompress(batch: &[u8], target: Target) -> Result<Option<(Header, Vec<u8>)>, Refused> {
        admit(batch, false, Some(target))
    }

    /// Record n: no attributes, timestamp delta, offset delta, no key, the value, no headers.
    fn batch(codec: Codec, deltas: &[u8], value: &str) -> Bytes {
        let mut section = Vec::new();
        for (i, delta) in deltas.iter().enumerate() {
            let mut r = vec![0, 2 * (10 - i as u8), 2 * delta, 1, 2 * value.len() as u8];
            r.extend_from_slice(value.as_bytes());
            r.push(0);
            section.push(2 * r.len() as u8);
            section.extend_from_slice(&r);
        }
        let new = NewBatch {
            base_offset: 0,
            leader_epoch: -1,
            attributes: codec as i16 | 0x10,
            last_offset_delta: deltas.len() as i32 - 1,
            first_timestamp: 1000,
            max_timestamp: 5000,
            producer_id: 7,
            producer_epoch: 1,
            base_sequence: 40,
            records: deltas.len() as i32,
        };
        build(&new, &records::pack(codec, -1, &section).unwrap()).freeze()
    }

    #[test]
    fn every_codec_becomes_every_other_one() {
        let value = "the same over and over, the same over and over";
        for from in Codec::ALL {
            let sent = batch(from, &[0, 1, 2], value);
            let section = |b: &[u8]| -> Vec<Vec<u8>> {
                let records = Records::open(b).expect("opens");
                records.iter().map(|r| r.unwrap().raw.to_vec()).collect()
            };
            for codec in Codec::ALL {
                let target = Target { codec, level: -1 };
                let got = recompress(&sent, target).expect("packs");
                assert_eq!(got.is_none(), from == codec);
                let Some((h, bytes)) = got else { continue };
                h.validate(&bytes).expect("valid");
                assert_eq!(h.compression(), codec as i16);
                assert_eq!((h.records, h.size()), (3, bytes.len()));
                assert_eq!((h.first_timestamp, h.max_timestamp), (1000, 1010));
                assert_eq!((h.producer_id, h.base_sequence), (7, 40));
                assert!(h.is_transactional());
                assert_eq!(section(&bytes), section(&sent));
            }
        }
    }

    #[test]
    fn what_does_not_unpack_is_refused() {
        let target = Target {
            codec: Codec::Gzip,
            level: 9,
        };
        let mut claimed = batch(Codec::None, &[0], "v").to_vec();
        claimed[22] |= Codec::Zstd as u8;
        assert_eq!(recompress(&claimed, target), Err(Refused::Unreadable));
        let mut short = batch(Codec::None, &[0, 1], "v").to_vec();
        short[60] = 3;
        assert_eq!(recompress(&short, target), Err(Refused::Malformed));
    }

    #[test]
    fn a_gap_is_closed_where_the_batch_is_packed_anew() {
        let gap = batch(Codec::Gzip, &[0, 2, 60], "v");
        let to = |codec| recompress(&gap, Target { codec, level: -1 });
        assert_eq!(to(Codec::Gzip), Err(Refused::Unreadable));
        let (_, bytes) = to(Codec::Zstd).expect("packs").expect("anew");
        let (_, wanted) = recompress(
            &batch(Codec::Gzip, &[0, 1, 2], "v"),
            Target {
                codec: Codec::Zstd,
                level: -1,
            },
        )
        .expect("packs")
        .expect("anew");
        assert_eq!(bytes, wanted);
        assert_eq!(
            admit(&batch(Codec::None, &[0, 2], "v"), false, None),
            Ok(None)
        );
    }

    #[test]
    fn a_compacted_topic_wants_keys() {
        let keyless = batch(Codec::Lz4, &[0, 1], "v");
        assert_eq!(
            admit(&keyless, true, None),
            Err(Refused::Keyless(vec![0, 1]))
        );
        assert_eq!(admit(&keyless, false, None), Ok(None));
    }

    #[test]
    fn bytes_behind_the_last_record_are_refused() {
        let mut extra = batch(Codec::None, &[0, 1], "v").to_vec();
        extra[60] = 1;
        assert_eq!(admit(&extra, false, None), Err(Refused::Malformed));
    }
}
