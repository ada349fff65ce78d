#![no_main]
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use rdkafka::protocol::compression::Decompressor;
use rdkafka::protocol::records::cursor::headers;
use rdkafka::protocol::records::decode::{BatchReader, control_type};

const LIMIT: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let Some((flags, set)) = data.split_first() else {
        return;
    };
    let set = Bytes::copy_from_slice(set);
    let mut reader = BatchReader::new(set.clone(), flags & 1 != 0);
    let mut decompressor = Decompressor::new();
    let mut batches = 0;
    while let Some(batch) = reader.next_open(&mut decompressor, LIMIT) {
        batches += 1;
        assert!(batches <= set.len());
        let Ok(batch) = batch else { continue };
        assert!(batch.records.len() <= LIMIT.max(set.len()));
        let (mut records, mut failed) = (0, false);
        for record in batch.cursor() {
            assert!(!failed, "a record after an error");
            let Ok(record) = record else {
                failed = true;
                continue;
            };
            records += 1;
            for span in [record.key, record.value, record.headers] {
                assert!(span.is_null() || span.slice(&batch.records).is_some());
            }
            if let Some(key) = record.key.slice(&batch.records) {
                control_type(key);
            }
            let bytes = record.headers.slice(&batch.records).unwrap_or_default();
            assert!(headers(bytes, record.header_count).count() <= bytes.len() + 1);
        }
        assert!(failed || records == batch.header.count);
    }
    if let Some(partial) = reader.partial() {
        assert!(partial.need.is_none_or(|need| need > partial.have));
    }
});
