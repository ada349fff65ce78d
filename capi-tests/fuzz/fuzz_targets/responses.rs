#![no_main]
use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use rdkafka::protocol::request::{ProtocolErrorKind, decode_response, encode_response};
use rdkafka::protocol::versions;

fuzz_target!(|data: &[u8]| {
    let [pick, version, frame @ ..] = data else {
        return;
    };
    let Some((api, range)) = versions::all().nth(usize::from(*pick)) else {
        return;
    };
    let count = u16::try_from(range.max - range.min + 1).unwrap();
    let version = range.min + (u16::from(*version) % count) as i16;
    match decode_response(api, version, Bytes::copy_from_slice(frame)) {
        Ok((id, response)) => {
            // What it means can be said again, and means the same then.
            let mut out = BytesMut::new();
            if encode_response(api, version, id, &response, &mut out).is_ok() {
                let again = decode_response(api, version, out.freeze().slice(4..));
                assert_eq!(again, Ok((id, response)));
            }
        }
        Err(e) => assert_ne!(e.kind, ProtocolErrorKind::Panicked),
    }
});
