#![no_main]
use libfuzzer_sys::fuzz_target;
use rdkafka::protocol::compression::{Codec, Decompressor, compress};

const LIMIT: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let Some((pick, src)) = data.split_first() else {
        return;
    };
    let codec = Codec::ALL[usize::from(pick & 0x7f) % Codec::ALL.len()];
    let mut d = Decompressor::new();
    // Twice: a context has to survive what the first input did to it.
    let results = [0, 1].map(|_| {
        if pick & 0x80 == 0 {
            d.decompress(codec, src, LIMIT)
        } else {
            d.decompress_v0(codec, src, LIMIT)
        }
    });
    assert_eq!(results[0].is_ok(), results[1].is_ok());
    if let [Ok(first), Ok(second)] = &results {
        assert!(first.len() <= LIMIT);
        assert_eq!(first, second);
    }
    let mut packed = Vec::new();
    if compress(codec, i32::from(*pick) % 12 - 1, src, &mut packed).is_ok() {
        assert_eq!(d.decompress(codec, &packed, src.len()).as_deref(), Ok(src));
    }
});
