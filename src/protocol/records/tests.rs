use super::cursor::headers;
use super::decode::*;
use super::encode::*;
use super::*;
use crate::protocol::compression::{Compressor, DEFAULT_LEVEL, Decompressor};
use bytes::{Bytes, BytesMut};
use kafka_protocol::records as kp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

const LIMIT: usize = 1 << 24;

#[derive(Debug, Clone, PartialEq)]
struct Rec {
    ts: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

fn rec() -> impl Strategy<Value = Rec> {
    let bytes = || option::of(vec(any::<u8>(), 0..300));
    (
        0i64..1 << 45,
        bytes(),
        bytes(),
        vec(("[a-z]{0,8}", option::of(vec(any::<u8>(), 0..20))), 0..4),
    )
        .prop_map(|(ts, key, value, headers)| Rec {
            ts,
            key,
            value,
            headers,
        })
}

fn codec() -> impl Strategy<Value = Codec> {
    (0..5usize).prop_map(|i| Codec::ALL[i])
}

fn header_refs(rec: &Rec) -> impl Iterator<Item = HeaderRef<'_>> + Clone {
    rec.headers.iter().map(|(name, value)| HeaderRef {
        name: name.as_bytes(),
        value: value.as_deref(),
    })
}

fn meta(recs: &[Rec]) -> BatchMeta {
    BatchMeta {
        record_count: recs.len() as i32,
        base_timestamp: recs.first().map_or(0, |r| r.ts),
        max_timestamp: recs.iter().map(|r| r.ts).max().unwrap_or(0),
        producer_id: 77,
        producer_epoch: 3,
        base_sequence: 1000,
        transactional: true,
        ..BatchMeta::default()
    }
}

/// An unsealed batch of ours, with every span and size checked on the way.
fn build(recs: &[Rec]) -> Vec<u8> {
    let mut buf = new_batch(0);
    for (i, r) in recs.iter().enumerate() {
        let (delta, before) = (r.ts - recs[0].ts, buf.len());
        let (key, value) = (r.key.as_deref(), r.value.as_deref());
        let spans = append_record(&mut buf, delta, i as i32, key, value, header_refs(r));
        assert_eq!(spans.key.slice(&buf), key);
        assert_eq!(spans.value.slice(&buf), value);
        let size = record_size(
            delta,
            i as i32,
            key.map(<[u8]>::len),
            value.map(<[u8]>::len),
            headers_size(header_refs(r)),
        );
        assert_eq!(buf.len() - before, size);
    }
    buf
}

fn sealed(recs: &[Rec], codec: Codec) -> Bytes {
    let mut buf = build(recs);
    if codec != Codec::None {
        let packed = seal_compressed(
            &buf,
            codec,
            DEFAULT_LEVEL,
            &mut Compressor::new(),
            &meta(recs),
        );
        if let Some(packed) = packed.unwrap() {
            assert!(packed.len() < buf.len());
            return packed.into();
        }
    }
    seal(&mut buf, &meta(recs));
    buf.into()
}

/// Batches with their records and the records' offsets.
type Batches = Vec<(BatchHeader, Vec<(i64, Rec)>)>;

fn read_all(set: Bytes) -> (Batches, Option<Partial>) {
    let mut reader = BatchReader::new(set, true);
    let mut d = Decompressor::new();
    let mut all = Vec::new();
    while let Some(batch) = reader.next_open(&mut d, LIMIT) {
        let batch = batch.unwrap();
        let recs = batch
            .cursor()
            .map(|r| {
                let r = r.unwrap();
                (r.offset, to_rec(&batch.records, &r))
            })
            .collect();
        all.push((batch.header, recs));
    }
    (all, reader.partial())
}

fn to_rec(bytes: &[u8], r: &cursor::Record) -> Rec {
    Rec {
        ts: r.timestamp,
        key: r.key.slice(bytes).map(Into::into),
        value: r.value.slice(bytes).map(Into::into),
        headers: headers(r.headers.slice(bytes).unwrap(), r.header_count)
            .map(|h| {
                let h = h.unwrap();
                let name = String::from_utf8(h.name.to_vec()).unwrap();
                (name, h.value.map(Into::into))
            })
            .collect(),
    }
}

/// kafka-protocol's view of a record; duplicate header names are merged there,
/// so callers make them unique.
fn to_kp(offset: i64, r: &Rec) -> kp::Record {
    kp::Record {
        transactional: true,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: 77,
        producer_epoch: 3,
        timestamp_type: kp::TimestampType::Creation,
        offset,
        sequence: 1000 + offset as i32,
        timestamp: r.ts,
        key: r.key.clone().map(Into::into),
        value: r.value.clone().map(Into::into),
        headers: r
            .headers
            .iter()
            .map(|(n, v)| (n.clone().into(), v.clone().map(Into::into)))
            .collect(),
    }
}

fn unique_headers(recs: &mut [Rec]) {
    for r in recs {
        for (i, (name, _)) in r.headers.iter_mut().enumerate() {
            name.push_str(&i.to_string());
        }
    }
}

fn kp_codec(codec: Codec) -> kp::Compression {
    match codec {
        Codec::None => kp::Compression::None,
        Codec::Gzip => kp::Compression::Gzip,
        Codec::Snappy => kp::Compression::Snappy,
        Codec::Lz4 => kp::Compression::Lz4,
        Codec::Zstd => kp::Compression::Zstd,
    }
}

fn from_kp(codec: kp::Compression) -> Codec {
    Codec::from_id(codec as u8).unwrap()
}

proptest! {
    #![proptest_config(crate::base::testing::cases(128))]

    #[test]
    fn kafka_protocol_reads_ours(mut recs in vec(rec(), 1..20), codec in codec()) {
        unique_headers(&mut recs);
        let mut set = sealed(&recs, codec);
        let decompress = |b: &mut Bytes, c: kp::Compression| {
            Ok(Bytes::from(Decompressor::new().decompress(from_kp(c), b, LIMIT)?))
        };
        let got = kp::RecordBatchDecoder::decode_with_custom_compression(&mut set, Some(decompress));
        let expected: Vec<_> = recs.iter().enumerate().map(|(i, r)| to_kp(i as i64, r)).collect();
        prop_assert_eq!(got.unwrap().records, expected);
    }

    #[test]
    fn we_read_kafka_protocols(mut recs in vec(rec(), 1..20), codec in codec(), base in 0i64..1 << 40) {
        unique_headers(&mut recs);
        let theirs: Vec<_> = recs
            .iter()
            .enumerate()
            .map(|(i, r)| {
                let mut r = to_kp(base + i as i64, r);
                r.sequence = 1000 + i as i32;
                r
            })
            .collect();
        let mut buf = BytesMut::new();
        let compress = |src: &mut BytesMut, dst: &mut BytesMut, _: kp::Compression| {
            let mut out = Vec::new();
            Compressor::new().compress(codec, DEFAULT_LEVEL, src, &mut out)?;
            dst.extend_from_slice(&out);
            Ok(())
        };
        let options = kp::RecordEncodeOptions { version: 2, compression: kp_codec(codec) };
        kp::RecordBatchEncoder::encode_with_custom_compression(&mut buf, &theirs, &options, Some(compress)).unwrap();
        let (batches, partial) = read_all(buf.freeze());
        prop_assert_eq!(partial, None);
        prop_assert_eq!(batches.len(), 1);
        let (h, got) = &batches[0];
        prop_assert_eq!(h.base_offset, base);
        prop_assert_eq!(h.last_offset, base + recs.len() as i64 - 1);
        prop_assert_eq!((h.producer_id, h.producer_epoch, h.base_sequence), (77, 3, 1000));
        prop_assert!(h.is_transactional && !h.is_control);
        prop_assert_eq!(h.codec, codec);
        let expected: Vec<_> = recs.into_iter().enumerate().map(|(i, r)| (base + i as i64, r)).collect();
        prop_assert_eq!(got, &expected);
    }

    #[test]
    fn cut_anywhere(recs in vec(rec(), 1..6), codec in codec(), cut in any::<prop::sample::Index>()) {
        let one = sealed(&recs, codec);
        let mut set = one.to_vec();
        set.extend_from_slice(&one);
        set.truncate(one.len() + cut.index(one.len()));
        let left = set.len() - one.len();
        let (batches, partial) = read_all(set.into());
        prop_assert_eq!(batches.len(), 1);
        match partial {
            None => prop_assert_eq!(left, 0),
            Some(p) => {
                prop_assert_eq!(p.have, left);
                prop_assert_eq!(p.need, (left >= 12).then_some(one.len()));
                prop_assert_eq!(p.base_offset, (left >= 8).then_some(0));
            }
        }
    }

    #[test]
    fn a_flipped_bit_is_seen(recs in vec(rec(), 1..6), codec in codec(), at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut set = sealed(&recs, codec).to_vec();
        // The fields before the checksum are not covered by it.
        let at = CRC_AT + at.index(set.len() - CRC_AT);
        set[at] ^= 1u8 << bit;
        let mut reader = BatchReader::new(set.into(), true);
        let kind = reader.next().unwrap().unwrap_err().kind;
        let is_crc = matches!(kind, RecordsErrorKind::Crc { .. });
        prop_assert!(is_crc);
        prop_assert!(reader.next().is_none());
    }

    #[test]
    fn damage_without_checks_is_no_panic(recs in vec(rec(), 1..6), codec in codec(), damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..5)) {
        let mut set = sealed(&recs, codec).to_vec();
        for (at, b) in damage {
            let at = at.index(set.len());
            set[at] = b;
        }
        walk(set.into());
    }

    #[test]
    fn noise_is_no_panic(mut set in vec(any::<u8>(), 0..300), magic in -1i8..4, small in any::<bool>()) {
        if let Some(b) = set.get_mut(MAGIC_AT) {
            *b = magic as u8;
        }
        if small && set.len() > 12 {
            let len = (set.len() - 12) as u32;
            set[8..12].copy_from_slice(&len.to_be_bytes());
        }
        walk(set.into());
    }
}

/// Reads everything there is to read and checks what must hold of anything.
fn walk(set: Bytes) {
    let size = set.len();
    for check in [true, false] {
        let mut reader = BatchReader::new(set.clone(), check);
        let mut d = Decompressor::new();
        let mut batches = 0;
        while let Some(batch) = reader.next_open(&mut d, 1 << 20) {
            batches += 1;
            assert!(batches <= size);
            let Ok(batch) = batch else { continue };
            let mut errors = 0;
            for record in batch.cursor() {
                let Ok(r) = record else {
                    errors += 1;
                    continue;
                };
                assert_eq!(errors, 0, "records after an error");
                for s in [r.key, r.value, r.headers] {
                    assert!(s.is_null() || s.slice(&batch.records).is_some());
                }
                let bytes = r.headers.slice(&batch.records).unwrap();
                assert!(headers(bytes, r.header_count).count() <= bytes.len() + 1);
            }
            assert!(errors <= 1);
        }
    }
}

#[test]
fn uncompressed_records_are_not_copied() {
    let recs = [Rec {
        ts: 5,
        key: None,
        value: Some(vec![1; 100]),
        headers: vec![],
    }];
    let set = sealed(&recs, Codec::None);
    let batch = BatchReader::new(set.clone(), true)
        .next_open(&mut Decompressor::new(), LIMIT)
        .unwrap()
        .unwrap();
    assert_eq!(batch.records.as_ptr(), set[BATCH_HEADER..].as_ptr());
}

#[test]
fn incompressible_falls_back() {
    let mut rng = fastrand::Rng::with_seed(1);
    let value: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(500).collect();
    let mut buf = new_batch(0);
    append_record(&mut buf, 0, 0, None, Some(&value), no_headers());
    let meta = BatchMeta {
        record_count: 1,
        ..BatchMeta::default()
    };
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let packed = seal_compressed(&buf, codec, -1, &mut Compressor::new(), &meta);
        assert_eq!(packed, Ok(None), "{codec}");
    }
}

#[test]
fn referenced_values_make_the_same_batch() {
    let value = vec![9u8; 5000];
    let header = HeaderRef {
        name: b"h",
        value: None,
    };
    let headers = std::iter::once(header);
    let meta = BatchMeta {
        record_count: 2,
        ..BatchMeta::default()
    };
    let mut whole = new_batch(0);
    append_record(&mut whole, 0, 0, Some(b"k"), Some(&value), headers.clone());
    append_record(&mut whole, 1, 1, None, Some(b"v"), no_headers());
    seal(&mut whole, &meta);

    let mut first = new_batch(0);
    append_record_head(&mut first, 0, 0, Some(b"k"), value.len(), headers.clone());
    let mut last = Vec::new();
    append_tail(&mut last, headers);
    append_record(&mut last, 1, 1, None, Some(b"v"), no_headers());
    seal_parts(&mut first, [&value[..], &last[..]].into_iter(), &meta);
    assert_eq!([&first[..], &value, &last].concat(), whole);
}

#[test]
fn patches_keep_the_checksum_right() {
    let recs = [Rec {
        ts: 5,
        key: None,
        value: None,
        headers: vec![],
    }];
    let mut set = sealed(&recs, Codec::None).to_vec();
    patch_producer_state(&mut set, 99, 4, 17);
    patch_log_position(&mut set, 1234, 8);
    patch_log_append_time(&mut set, 777);
    let (batches, _) = read_all(set.into());
    let (h, recs) = &batches[0];
    assert_eq!(
        (h.producer_id, h.producer_epoch, h.base_sequence),
        (99, 4, 17)
    );
    assert_eq!(
        (h.base_offset, h.last_offset, h.leader_epoch),
        (1234, 1234, 8)
    );
    assert_eq!(h.timestamp_type, TimestampType::LogAppendTime);
    assert_eq!((recs[0].0, recs[0].1.ts), (1234, 777));
}

#[test]
fn control_records() {
    assert_eq!(control_type(&[0, 0, 0, 0]), Some(ControlType::Abort));
    assert_eq!(control_type(&[0, 0, 0, 1]), Some(ControlType::Commit));
    assert_eq!(control_type(&[0, 0, 0, 5]), Some(ControlType::Unknown(5)));
    assert_eq!(control_type(&[0, 0, 0]), None);
}

#[test]
fn a_damaged_batch_costs_only_itself() {
    let recs = [Rec {
        ts: 5,
        key: None,
        value: Some(vec![1; 10]),
        headers: vec![],
    }];
    let good = sealed(&recs, Codec::None);
    let mut bad = good.to_vec();
    *bad.last_mut().unwrap() ^= 1;
    let set = [&good[..], &bad[..], &good[..]].concat();
    let kinds: Vec<_> = BatchReader::new(set.into(), true)
        .map(|b| b.is_ok())
        .collect();
    assert_eq!(kinds, [true, false, true]);
}

#[test]
fn wrong_counts_are_errors() {
    let recs = [
        Rec {
            ts: 5,
            key: None,
            value: Some(vec![1; 10]),
            headers: vec![],
        },
        Rec {
            ts: 6,
            key: None,
            value: None,
            headers: vec![],
        },
    ];
    for (count, good) in [(0, 0), (1, 1), (3, 2)] {
        let mut buf = build(&recs);
        let meta = BatchMeta {
            record_count: count,
            ..meta(&recs)
        };
        seal(&mut buf, &meta);
        buf[23..27].copy_from_slice(&1i32.to_be_bytes());
        let batch = BatchReader::new(buf.into(), false)
            .next_open(&mut Decompressor::new(), LIMIT)
            .unwrap()
            .unwrap();
        let got: Vec<_> = batch.cursor().map(|r| r.is_ok()).collect();
        let expected: Vec<_> = std::iter::repeat_n(true, good).chain([false]).collect();
        assert_eq!(got, expected, "count {count}");
    }
}

/// A message of format 0 or 1.
fn message(
    magic: i8,
    offset: i64,
    attributes: u8,
    ts: i64,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
) -> Vec<u8> {
    let mut body = vec![magic as u8, attributes];
    if magic == 1 {
        body.extend_from_slice(&ts.to_be_bytes());
    }
    for b in [key, value] {
        body.extend_from_slice(&b.map_or(-1, |b| b.len() as i32).to_be_bytes());
        body.extend_from_slice(b.unwrap_or_default());
    }
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    let mut out = offset.to_be_bytes().to_vec();
    out.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
    out.extend_from_slice(&crc.sum().to_be_bytes());
    out.extend_from_slice(&body);
    out
}

/// A message set with a compressed wrapper, as a broker stores it.
fn wrapped(magic: i8, codec: Codec, last: i64, recs: &[Rec], log_append: Option<i64>) -> Vec<u8> {
    let mut inner = Vec::new();
    for (i, r) in recs.iter().enumerate() {
        let offset = match magic {
            0 => last + 1 + i as i64 - recs.len() as i64,
            _ => i as i64,
        };
        inner.extend(message(
            magic,
            offset,
            0,
            r.ts,
            r.key.as_deref(),
            r.value.as_deref(),
        ));
    }
    let mut packed = Vec::new();
    crate::protocol::compression::compress(codec, -1, &inner, &mut packed).unwrap();
    let attributes = codec as u8 | if log_append.is_some() { 8 } else { 0 };
    let ts = log_append.unwrap_or(recs.last().unwrap().ts);
    message(magic, last, attributes, ts, None, Some(&packed))
}

fn as_legacy(magic: i8, mut recs: Vec<Rec>) -> Vec<Rec> {
    for r in &mut recs {
        r.headers.clear();
        if magic == 0 {
            r.ts = NO_TIMESTAMP;
        }
    }
    recs
}

proptest! {
    #![proptest_config(crate::base::testing::cases(64))]

    #[test]
    fn message_sets(magic in 0i8..2, recs in vec(rec(), 1..10), codec in codec(), base in 0i64..1 << 40, log_append in option::of(1i64..1 << 40), flip in any::<prop::sample::Index>()) {
        let recs = as_legacy(magic, recs);
        let n = recs.len() as i64;
        let log_append = log_append.filter(|_| magic == 1);
        // Uncompressed messages, a wrapper, uncompressed messages again.
        let mut set = Vec::new();
        for (i, r) in recs.iter().enumerate() {
            set.extend(message(magic, base + i as i64, 0, r.ts, r.key.as_deref(), r.value.as_deref()));
        }
        let plain = set.clone();
        let mut expected = recs.clone();
        let mut times = vec![false; recs.len()];
        if codec != Codec::None && !(codec == Codec::Zstd) {
            set.extend(wrapped(magic, codec, base + 2 * n - 1, &recs, log_append));
            expected.extend(recs.iter().cloned().map(|mut r| {
                r.ts = log_append.unwrap_or(r.ts);
                r
            }));
            times.extend(std::iter::repeat_n(log_append.is_some(), recs.len()));
        }
        let (batches, partial) = read_all(set.clone().into());
        prop_assert_eq!(partial, None);
        let got: Vec<_> = batches.iter().flat_map(|(_, r)| r.clone()).collect();
        let expected: Vec<_> = expected.into_iter().enumerate().map(|(i, r)| (base + i as i64, r)).collect();
        prop_assert_eq!(got, expected);
        // Runs of messages are one batch each.
        prop_assert_eq!(batches.len(), if times.len() > recs.len() { 2 } else { 1 });
        for (h, recs) in &batches {
            prop_assert_eq!(h.magic, magic);
            prop_assert_eq!(h.count as usize, recs.len());
            prop_assert_eq!(h.base_offset, recs[0].0);
            prop_assert_eq!(h.last_offset, recs[recs.len() - 1].0);
            let expected = match (magic, h.codec, log_append) {
                (0, ..) => TimestampType::NotAvailable,
                (_, Codec::None, _) | (.., None) => TimestampType::CreateTime,
                _ => TimestampType::LogAppendTime,
            };
            prop_assert_eq!(h.timestamp_type, expected);
        }

        // A cut message is the partial one.
        let one = plain.len();
        let cut = flip.index(one);
        let (_, partial) = read_all(plain[..cut].to_vec().into());
        let boundary = read_all(plain[..cut].to_vec().into()).0.iter().map(|(_, r)| r.len()).sum::<usize>();
        prop_assert_eq!(partial.is_none(), cut == 0 || plain[..cut].len() == boundary_len(&plain, boundary));

        // Damage is no panic.
        let at = flip.index(set.len());
        set[at] ^= 0x41;
        walk(set.into());
    }
}

/// The size of the first `n` messages.
fn boundary_len(set: &[u8], n: usize) -> usize {
    (0..n).fold(0, |at, _| {
        let size = u32::from_be_bytes(set[at + 8..at + 12].try_into().unwrap());
        at + 12 + size as usize
    })
}

#[test]
fn a_damaged_message_costs_only_itself() {
    let mut set = Vec::new();
    for i in 0..3 {
        set.extend(message(1, i, 0, 100, None, Some(b"value")));
    }
    let one = set.len() / 3;
    set[2 * one - 1] ^= 1;
    let got: Vec<_> = BatchReader::new(set.into(), true)
        .map(|b| b.map(|b| b.header.base_offset).map_err(|e| e.offset))
        .collect();
    assert_eq!(got, [Ok(0), Err(1), Ok(2)]);
}

#[test]
fn a_wrapper_in_a_wrapper_is_an_error() {
    let recs = [Rec {
        ts: 1,
        key: None,
        value: Some(vec![0; 50]),
        headers: vec![],
    }];
    let inner = wrapped(1, Codec::Gzip, 0, &recs, None);
    let mut packed = Vec::new();
    crate::protocol::compression::compress(Codec::Gzip, -1, &inner, &mut packed).unwrap();
    let set = message(1, 0, Codec::Gzip as u8, 1, None, Some(&packed));
    let result = BatchReader::new(set.into(), true)
        .next_open(&mut Decompressor::new(), LIMIT)
        .unwrap();
    assert_eq!(
        result.unwrap_err().kind,
        RecordsErrorKind::BadRecord("nested message set")
    );
}

#[test]
fn formats_follow_one_another() {
    let recs = [Rec {
        ts: 1,
        key: None,
        value: Some(vec![0; 50]),
        headers: vec![],
    }];
    let mut v2 = sealed(&recs, Codec::Zstd).to_vec();
    patch_log_position(&mut v2, 2, 0);
    let set = [
        message(0, 0, 0, 0, None, Some(b"0")),
        message(1, 1, 0, 7, None, Some(b"1")),
        v2,
    ];
    let (batches, partial) = read_all(set.concat().into());
    assert_eq!(partial, None);
    let got: Vec<_> = batches.iter().map(|(h, r)| (h.magic, r[0].0)).collect();
    assert_eq!(got, [(0, 0), (1, 1), (2, 2)]);
}

#[test]
fn unknown_formats_are_errors() {
    let mut set = message(1, 5, 0, 7, None, None);
    set[MAGIC_AT] = 3;
    let mut reader = BatchReader::new(set.into(), true);
    let e = reader.next().unwrap().unwrap_err();
    assert_eq!((e.offset, e.kind), (5, RecordsErrorKind::UnknownMagic(3)));
    assert!(reader.next().is_none());

    let set = message(1, 5, 6, 7, None, Some(b"x"));
    let e = BatchReader::new(set.into(), true)
        .next()
        .unwrap()
        .unwrap_err();
    assert_eq!((e.offset, e.kind), (5, RecordsErrorKind::UnknownCodec(6)));

    for length in [-1i32, 0, 13] {
        let mut set = vec![0; 100];
        set[8..12].copy_from_slice(&length.to_be_bytes());
        let e = BatchReader::new(set.into(), true)
            .next()
            .unwrap()
            .unwrap_err();
        assert_eq!(e.kind, RecordsErrorKind::BadLength(length));
    }
}
