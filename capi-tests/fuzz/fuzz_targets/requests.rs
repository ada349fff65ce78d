#![no_main]
use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use rdkafka::protocol::request::{
    ProtocolErrorKind, decode_request, encode_request, request_prefix,
};
use rdkafka::protocol::{ApiKey, versions};

fuzz_target!(|data: &[u8]| {
    let Some(prefix) = request_prefix(data) else {
        return;
    };
    let Ok(api) = ApiKey::try_from(prefix.api_key) else {
        return;
    };
    if versions::supported(api).is_none_or(|r| !(r.min..=r.max).contains(&prefix.version)) {
        return;
    }
    match decode_request(api, prefix.version, Bytes::copy_from_slice(data)) {
        Ok(got) => {
            assert_eq!(got.correlation_id, prefix.correlation_id);
            let mut out = BytesMut::new();
            let encoded = encode_request(
                api,
                got.version,
                got.correlation_id,
                got.client_id.as_deref(),
                &got.request,
                &mut out,
            );
            if encoded.is_ok() {
                let again = decode_request(api, got.version, out.freeze().slice(4..)).unwrap();
                assert_eq!(again.request, got.request);
                assert_eq!(again.client_id, got.client_id);
            }
        }
        Err(e) => assert_ne!(e.kind, ProtocolErrorKind::Panicked),
    }
});
