//! Micro-benchmarks of the hot paths, run by
//! `cargo test --release --lib protocol::bench -- --ignored --nocapture`.
//! Each figure is the best of several rounds, so that a busy machine disturbs
//! it little.

use super::compression::{Codec, Compressor, Decompressor};
use super::frame::FrameReader;
use super::records::BATCH_HEADER;
use super::records::decode::BatchReader;
use super::records::encode::*;
use bytes::Bytes;
use std::hint::black_box;
use std::io::{Read, Write};
use std::time::Instant;

const RECORDS: usize = 10_000;
const ROUNDS: usize = 40;

/// The best time of a round, per one of `n` things, in ns.
fn best(n: usize, mut f: impl FnMut()) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        f();
        best = best.min(start.elapsed().as_nanos() as f64);
    }
    best / n as f64
}

/// Payloads that compress about as JSON events do.
fn payloads(size: usize) -> Vec<Vec<u8>> {
    let mut rng = fastrand::Rng::with_seed(7);
    (0..RECORDS)
        .map(|i| {
            let mut s = format!("{{\"id\":{i},\"user\":{},\"event\":\"", rng.u32(..100_000));
            while s.len() < size {
                s.push_str(["click ", "view ", "purchase ", "login "][rng.usize(..4)]);
                s.push(rng.alphanumeric());
            }
            s.truncate(size);
            s.into_bytes()
        })
        .collect()
}

fn fill(buf: &mut Vec<u8>, payloads: &[Vec<u8>]) {
    buf.truncate(BATCH_HEADER);
    for (i, p) in payloads.iter().enumerate() {
        let spans = append_record(buf, (i / 64) as i64, i as i32, None, Some(p), no_headers());
        black_box(spans.value.offset);
    }
}

fn meta() -> BatchMeta {
    BatchMeta {
        record_count: RECORDS as i32,
        base_timestamp: 1_700_000_000_000,
        max_timestamp: 1_700_000_000_000 + (RECORDS / 64) as i64,
        ..BatchMeta::default()
    }
}

#[test]
#[ignore = "a benchmark"]
fn records() {
    for size in [10, 100, 1024] {
        let payloads = payloads(size);
        let mut buf = new_batch(0);
        fill(&mut buf, &payloads);
        let append = best(RECORDS, || fill(&mut buf, &payloads));
        let copy = best(RECORDS, || {
            buf.truncate(BATCH_HEADER);
            for p in &payloads {
                buf.extend_from_slice(black_box(p));
            }
        });
        fill(&mut buf, &payloads);
        let sealing = best(RECORDS, || seal(black_box(&mut buf), &meta()));
        let set = Bytes::from(buf.clone());
        let mut d = Decompressor::new();
        let mut decode = |check| {
            best(RECORDS, || {
                let mut reader = BatchReader::new(set.clone(), check);
                while let Some(batch) = reader.next_open(&mut d, usize::MAX) {
                    for r in batch.unwrap().cursor() {
                        // As a consumer does: field by field. Copying the
                        // whole record at once would measure the copy.
                        let r = r.unwrap();
                        black_box(r.offset);
                        black_box(r.timestamp);
                        black_box(r.key.len);
                        black_box(r.value.offset);
                        black_box(r.value.len);
                        black_box(r.header_count);
                    }
                }
            })
        };
        let (plain, checked) = (decode(false), decode(true));
        println!(
            "{size:5} B/record: append {append:5.1} ns (memcpy alone {copy:5.1}), seal {sealing:5.1} ns, \
             decode {plain:5.1} ns, with CRC {checked:5.1} ns"
        );
    }
}

#[test]
#[ignore = "a benchmark"]
fn compression() {
    let payloads = payloads(100);
    let mut whole = new_batch(0);
    fill(&mut whole, &payloads);
    let records = &whole[BATCH_HEADER..];
    // A full batch, and one as small as a latency-minded producer's.
    for records in [records, &records[..2000]] {
        for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            let n = records.len();
            let (mut c, mut d) = (Compressor::new(), Decompressor::new());
            let mut out = Vec::new();
            let pack = best(n, || {
                out.clear();
                c.compress(codec, -1, black_box(records), &mut out).unwrap();
            });
            let unpack = best(n, || {
                black_box(d.decompress(codec, &out, usize::MAX).unwrap());
            });
            println!(
                "{n:8} B {codec:6}: {:5.1}% | compress {:7.1} MB/s ({:8.2} µs) | decompress {:7.1} MB/s ({:8.2} µs)",
                100.0 * out.len() as f64 / n as f64,
                1e3 / pack,
                pack * n as f64 / 1e3,
                1e3 / unpack,
                unpack * n as f64 / 1e3,
            );
        }
    }
}

/// The same by the libraries' safe wrappers, for what the files with unsafe
/// code win against them.
#[test]
#[ignore = "a benchmark"]
fn compression_by_wrappers() {
    let payloads = payloads(100);
    let mut whole = new_batch(0);
    fill(&mut whole, &payloads);
    let records = &whole[BATCH_HEADER..];
    for records in [records, &records[..2000]] {
        let n = records.len();
        let mut lz4 = Vec::new();
        let lz4_pack = best(n, || {
            let mut e = lz4::EncoderBuilder::new()
                .block_mode(lz4::BlockMode::Independent)
                .build(Vec::new())
                .unwrap();
            e.write_all(black_box(records)).unwrap();
            lz4 = e.finish().0;
        });
        let lz4_unpack = best(n, || {
            let mut out = Vec::new();
            let mut d = lz4::Decoder::new(&lz4[..]).unwrap();
            d.read_to_end(&mut out).unwrap();
            black_box(out);
        });
        let mut gzip = Vec::new();
        let gzip_pack = best(n, || {
            let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
            e.write_all(black_box(records)).unwrap();
            gzip = e.finish().unwrap();
        });
        let gzip_unpack = best(n, || {
            let mut out = Vec::new();
            let mut d = flate2::read::GzDecoder::new(&gzip[..]);
            d.read_to_end(&mut out).unwrap();
            black_box(out);
        });
        for (name, pack, unpack) in [
            ("gzip", gzip_pack, gzip_unpack),
            ("lz4", lz4_pack, lz4_unpack),
        ] {
            println!(
                "{n:8} B {name:6} by wrapper: compress {:7.1} MB/s ({:8.2} µs) | decompress {:7.1} MB/s ({:8.2} µs)",
                1e3 / pack,
                pack * n as f64 / 1e3,
                1e3 / unpack,
                unpack * n as f64 / 1e3,
            );
        }
    }
}

#[test]
#[ignore = "a benchmark"]
fn frames() {
    for size in [100usize, 10_000, 1 << 20] {
        let count = (64 << 20) / size;
        let mut stream = Vec::new();
        for _ in 0..count {
            stream.extend_from_slice(&(size as u32).to_be_bytes());
            stream.resize(stream.len() + size, 1);
        }
        let ns = best(count, || {
            let mut reader = FrameReader::new(1 << 30);
            let mut src = &stream[..];
            loop {
                while let Some(f) = reader.next_frame().unwrap() {
                    black_box(f);
                }
                match src.read(reader.room()).unwrap() {
                    0 => break,
                    n => reader.filled(n),
                }
            }
        });
        println!(
            "{size:8} B frames: {ns:9.1} ns/frame, {:7.1} MB/s",
            size as f64 * 1e3 / ns
        );
    }
}
