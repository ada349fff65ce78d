use super::*;
use crate::protocol::versions;
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::metadata_response::MetadataResponseTopic;
use kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, FetchResponse, MetadataResponse,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// A frame's bytes without its length, which is checked.
fn unframe(out: BytesMut) -> Bytes {
    let mut out = out.freeze();
    assert_eq!(out.get_i32() as usize, out.len());
    out
}

#[test]
fn api_versions_has_old_response_header() {
    for version in 0..=4 {
        let mut out = BytesMut::new();
        let request = RequestKind::from(ApiVersionsRequest::default());
        encode_request(
            ApiKey::ApiVersions,
            version,
            5,
            Some("me"),
            &request,
            &mut out,
        )
        .unwrap();
        let frame = unframe(out);
        let prefix = request_prefix(&frame).unwrap();
        assert_eq!(
            prefix,
            RequestPrefix {
                api_key: 18,
                version,
                correlation_id: 5
            }
        );
        let got = decode_request(ApiKey::ApiVersions, version, frame).unwrap();
        assert_eq!(got.client_id.as_deref(), Some("me"));

        let mut out = BytesMut::new();
        let response = ResponseKind::from(ApiVersionsResponse::default().with_error_code(35));
        encode_response(ApiKey::ApiVersions, version, 5, &response, &mut out).unwrap();
        let frame = unframe(out);
        // No tagged fields behind the correlation id, whatever the version.
        assert_eq!(frame[..6], [0, 0, 0, 5, 0, 35]);
        assert_eq!(correlation_id(&frame), Some(5));
        assert_eq!(
            decode_response(ApiKey::ApiVersions, version, frame),
            Ok((5, response))
        );
    }
}

fn fetch_response(records: Bytes) -> ResponseKind {
    let partition = PartitionData::default().with_records(Some(records));
    let topic = FetchableTopicResponse::default().with_partitions(vec![partition]);
    FetchResponse::default().with_responses(vec![topic]).into()
}

#[test]
fn fetched_records_are_slices_of_the_frame() {
    for version in versions::supported(ApiKey::Fetch)
        .map(|r| r.min..=r.max)
        .unwrap()
    {
        let mut out = BytesMut::new();
        let response = fetch_response(Bytes::from(vec![7; 10_000]));
        encode_response(ApiKey::Fetch, version, 1, &response, &mut out).unwrap();
        let frame = unframe(out);
        let within = frame.as_ptr_range();
        let (_, response) = decode_response(ApiKey::Fetch, version, frame.clone()).unwrap();
        let ResponseKind::Fetch(response) = response else {
            panic!("not a FetchResponse");
        };
        let records = response.responses[0].partitions[0].records.clone().unwrap();
        assert_eq!(records.len(), 10_000);
        assert!(within.contains(&records.as_ptr()), "v{version}");
    }
}

#[test]
fn every_byte_less_or_more_is_an_error() {
    let topic = MetadataResponseTopic::default().with_error_code(3);
    let response = ResponseKind::from(MetadataResponse::default().with_topics(vec![topic]));
    for version in 0..=13 {
        let mut out = BytesMut::new();
        encode_response(ApiKey::Metadata, version, 1, &response, &mut out).unwrap();
        let frame = unframe(out);
        assert!(decode_response(ApiKey::Metadata, version, frame.clone()).is_ok());
        for len in 0..frame.len() {
            let e = decode_response(ApiKey::Metadata, version, frame.slice(..len)).unwrap_err();
            assert!(
                matches!(e.kind, ProtocolErrorKind::Decode(_)),
                "v{version} {len}: {e}"
            );
        }
        let more = Bytes::from([&frame[..], &[0]].concat());
        let e = decode_response(ApiKey::Metadata, version, more).unwrap_err();
        assert_eq!(e.kind, ProtocolErrorKind::Trailing(1));
    }
}

#[test]
fn a_failed_encoding_leaves_nothing_behind() {
    let mut out = BytesMut::from(&b"before"[..]);
    let request = RequestKind::from(ApiVersionsRequest::default());
    let e = encode_request(ApiKey::ApiVersions, 99, 1, None, &request, &mut out).unwrap_err();
    assert!(matches!(e.kind, ProtocolErrorKind::Encode(_)), "{e}");
    assert_eq!(out, &b"before"[..]);
}

/// Any API this client uses, in any of its versions.
fn any_version() -> impl Strategy<Value = (ApiKey, i16)> {
    let all: Vec<_> = versions::all()
        .flat_map(|(api, range)| (range.min..=range.max).map(move |v| (api, v)))
        .collect();
    prop::sample::select(all)
}

proptest! {
    #![proptest_config(crate::base::testing::cases(1000))]

    #[test]
    fn noise_is_no_panic((api, version) in any_version(), bytes in vec(prop_oneof![3 => 0u8..4, 1 => any::<u8>()], 0..200)) {
        let bytes = Bytes::from(bytes);
        for e in [
            decode_response(api, version, bytes.clone()).err(),
            decode_request(api, version, bytes).err(),
        ].into_iter().flatten() {
            prop_assert_ne!(e.kind, ProtocolErrorKind::Panicked);
        }
    }
}
