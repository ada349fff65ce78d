use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use std::io::{Read, Write};

const LIMIT: usize = 1 << 24;

/// Bytes that compress somewhat: a few words in random order.
fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..3000),
        vec(0usize..6, 0..4000).prop_map(|words| {
            let all = [
                "the ",
                "quick ",
                "brown ",
                "fox ",
                "\0\0\0\0\0\0",
                "jumps over ",
            ];
            words.iter().flat_map(|&w| all[w].bytes()).collect()
        }),
        (any::<u8>(), 0usize..400_000).prop_map(|(b, n)| std::vec![b; n]),
    ]
}

fn codec() -> impl Strategy<Value = Codec> {
    (0..5usize).prop_map(|i| Codec::ALL[i])
}

/// What other implementations make of `src`, Java's ways of framing included.
fn foreign(codec: Codec, src: &[u8]) -> Vec<Vec<u8>> {
    match codec {
        Codec::None => vec![src.to_vec()],
        Codec::Gzip => {
            let mut all = Vec::new();
            for level in [0, 1, 6, 9] {
                let mut e =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
                e.write_all(src).unwrap();
                all.push(e.finish().unwrap());
            }
            // Two members, the first of which is larger than the last.
            let (a, b) = src.split_at(src.len() * 3 / 4);
            let mut both = Vec::new();
            for part in [a, b] {
                let mut e = flate2::write::GzEncoder::new(both, flate2::Compression::fast());
                e.write_all(part).unwrap();
                both = e.finish().unwrap();
            }
            all.push(both);
            all
        }
        Codec::Snappy => {
            let raw = snap::raw::Encoder::new().compress_vec(src).unwrap();
            vec![raw, xerial(src, 32 * 1024)]
        }
        Codec::Lz4 => {
            let mut all = Vec::new();
            for mode in [::lz4::BlockMode::Linked, ::lz4::BlockMode::Independent] {
                for size in [::lz4::BlockSize::Max64KB, ::lz4::BlockSize::Max4MB] {
                    for checksum in [
                        ::lz4::ContentChecksum::ChecksumEnabled,
                        ::lz4::ContentChecksum::NoChecksum,
                    ] {
                        let mut e = ::lz4::EncoderBuilder::new()
                            .block_mode(mode.clone())
                            .block_size(size.clone())
                            .checksum(checksum)
                            .content_size(src.len() as u64)
                            .build(Vec::new())
                            .unwrap();
                        e.write_all(src).unwrap();
                        all.push(e.finish().0);
                    }
                }
            }
            all.push([all[0].as_slice(), all[3].as_slice()].concat());
            all.truncate(if src.is_empty() { 8 } else { 9 });
            all
        }
        Codec::Zstd => {
            let whole = ::zstd::bulk::compress(src, 3).unwrap();
            // A streaming encoder does not know the size.
            let mut e = ::zstd::Encoder::new(Vec::new(), 1).unwrap();
            e.write_all(src).unwrap();
            let streamed = e.finish().unwrap();
            vec![whole, streamed]
        }
    }
}

/// The framing of snappy-java.
fn xerial(src: &[u8], chunk: usize) -> Vec<u8> {
    let mut out = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    for part in src.chunks(chunk) {
        let block = snap::raw::Encoder::new().compress_vec(part).unwrap();
        out.extend_from_slice(&(block.len() as u32).to_be_bytes());
        out.extend_from_slice(&block);
    }
    out
}

/// Another implementation reads what ours wrote.
fn foreign_read(codec: Codec, src: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match codec {
        Codec::None => out.extend_from_slice(src),
        Codec::Gzip => {
            flate2::read::GzDecoder::new(src)
                .read_to_end(&mut out)
                .unwrap();
        }
        Codec::Snappy => out = snap::raw::Decoder::new().decompress_vec(src).unwrap(),
        Codec::Lz4 => {
            ::lz4::Decoder::new(src)
                .unwrap()
                .read_to_end(&mut out)
                .unwrap();
        }
        Codec::Zstd => out = ::zstd::decode_all(src).unwrap(),
    }
    out
}

proptest! {
    #![proptest_config(crate::base::testing::cases(64))]

    #[test]
    fn round_trip_and_interoperate(src in text(), codec in codec(), level in -1i32..13) {
        let mut c = Compressor::new();
        let mut d = Decompressor::new();
        // Twice with the same contexts, behind bytes that stay.
        for _ in 0..2 {
            let mut out = b"head".to_vec();
            c.compress(codec, level, &src, &mut out).unwrap();
            let packed = out.strip_prefix(b"head").unwrap();
            prop_assert_eq!(&d.decompress(codec, packed, LIMIT).unwrap(), &src);
            prop_assert_eq!(&d.decompress(codec, packed, src.len()).unwrap(), &src);
            prop_assert_eq!(&foreign_read(codec, packed), &src);
        }
    }

    #[test]
    fn reads_what_others_write(src in text(), codec in codec()) {
        let mut d = Decompressor::new();
        for (i, packed) in foreign(codec, &src).into_iter().enumerate() {
            let out = d.decompress(codec, &packed, LIMIT);
            // The last LZ4 sample is two frames.
            let twice = codec == Codec::Lz4 && i == 8;
            let expected = if twice { [&src[..], &src[..]].concat() } else { src.clone() };
            prop_assert_eq!(out.as_ref(), Ok(&expected), "{} sample {}", codec, i);
        }
    }

    #[test]
    fn limit_holds(src in text(), codec in codec(), cut in 1usize..1000) {
        prop_assume!(!src.is_empty());
        let limit = src.len().saturating_sub(cut);
        let mut d = Decompressor::new();
        for packed in foreign(codec, &src) {
            prop_assert_eq!(
                d.decompress(codec, &packed, limit),
                Err(DecompressError::TooLarge { limit })
            );
        }
    }

    #[test]
    fn truncated_is_an_error(src in text(), codec in codec(), cut in 1usize..100) {
        prop_assume!(codec != Codec::None && !src.is_empty());
        let mut d = Decompressor::new();
        let mut packed = Vec::new();
        compress(codec, DEFAULT_LEVEL, &src, &mut packed).unwrap();
        packed.truncate(packed.len().saturating_sub(cut).max(1));
        prop_assert!(d.decompress(codec, &packed, LIMIT).is_err());
        // The context is fit for use again.
        let mut packed = Vec::new();
        compress(codec, DEFAULT_LEVEL, &src, &mut packed).unwrap();
        prop_assert_eq!(d.decompress(codec, &packed, LIMIT), Ok(src));
    }

    #[test]
    fn random_input_is_no_panic(src in vec(any::<u8>(), 0..500), codec in codec(), flip in any::<u16>()) {
        let mut d = Decompressor::new();
        let _ = d.decompress(codec, &src, LIMIT);
        let _ = d.decompress_v0(codec, &src, LIMIT);
        for mut packed in foreign(codec, &src) {
            let at = usize::from(flip) % packed.len().max(1);
            if let Some(b) = packed.get_mut(at) {
                *b ^= 1 << (flip >> 13);
            }
            if let Ok(out) = d.decompress(codec, &packed, LIMIT) {
                prop_assert!(out.len() <= LIMIT);
            }
        }
    }
}

#[test]
fn bombs_cost_no_more_than_the_limit() {
    let zeros = vec![0u8; 64 << 20];
    let limit = 1 << 20;
    let mut d = Decompressor::new();
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        for packed in foreign(codec, &zeros) {
            assert_eq!(
                d.decompress(codec, &packed, limit),
                Err(DecompressError::TooLarge { limit }),
                "{codec}"
            );
        }
    }
}

#[test]
fn empty_input_is_an_error() {
    let mut d = Decompressor::new();
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Zstd, Codec::Lz4] {
        assert!(d.decompress(codec, &[], LIMIT).is_err(), "{codec}");
    }
}

#[test]
fn old_lz4_header_checksum() {
    let src = b"message format 0 has its header checksum over too many bytes".repeat(5);
    let mut packed = Vec::new();
    compress(Codec::Lz4, DEFAULT_LEVEL, &src, &mut packed).unwrap();
    // Magic, flags, block size; then the checksum, which the old producers
    // computed from the magic on.
    assert_eq!(packed[6], (lz4::xxh32(&packed[4..6]) >> 8) as u8);
    packed[6] = (lz4::xxh32(&packed[..6]) >> 8) as u8;
    let mut d = Decompressor::new();
    assert!(d.decompress(Codec::Lz4, &packed, LIMIT).is_err());
    assert_eq!(d.decompress_v0(Codec::Lz4, &packed, LIMIT), Ok(src));
}

#[test]
fn levels_are_mapped_into_range() {
    assert_eq!(Codec::Gzip.effective_level(-1), 6);
    assert_eq!(Codec::Gzip.effective_level(12), 9);
    assert_eq!(Codec::Lz4.effective_level(-1), 0);
    assert_eq!(Codec::Lz4.effective_level(13), 12);
    assert_eq!(Codec::Zstd.effective_level(-1), 3);
    assert_eq!(Codec::Zstd.effective_level(100), 22);
    assert_eq!(Codec::Snappy.effective_level(5), 0);
}

#[test]
fn decompressed_batches_hold_no_spare_memory() {
    let src = b"small".repeat(100);
    let mut d = Decompressor::new();
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let mut packed = Vec::new();
        compress(codec, DEFAULT_LEVEL, &src, &mut packed).unwrap();
        let out = d.decompress(codec, &packed, LIMIT).unwrap();
        assert!(out.capacity() <= src.len() + 1024, "{codec}");
    }
}
