use super::*;
use crate::base::alloc::largest_block;
use crate::protocol::versions;
use bytes::{BufMut, BytesMut};
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{ConsumerProtocolAssignment, FetchResponse, MetadataResponse};
use kafka_protocol::protocol::Encodable;
use proptest::collection::vec;
use proptest::prelude::*;

/// More than any element of an array takes in memory.
const ELEMENT: usize = 512;
/// Errors with their backtraces.
const ANYTHING: usize = 100_000;

#[test]
fn every_api_of_this_client_is_known() {
    for (api, _) in versions::all() {
        assert!(KNOWN.contains(&api), "{api:?}");
    }
}

#[test]
fn a_lying_array_allocates_nothing() {
    let lies: [(i16, &[u8]); 4] = [
        // Brokers: a null, or a compact array of 2^32 - 2.
        (8, &[0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff]),
        (9, &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]),
        (13, &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f]),
        (0, &[0, 0, 0, 9, 0, 0, 0, 0]),
    ];
    for (version, bytes) in lies {
        let mut bytes = Bytes::from_static(bytes);
        let mut got = None;
        let largest =
            largest_block(|| got = Some(decode_response(ApiKey::Metadata, &mut bytes, version)));
        assert!(got.is_some_and(|r| r.is_err()), "v{version}");
        assert!(largest < ANYTHING, "v{version}: {largest}");
    }
}

#[test]
fn a_number_that_is_no_length_is_kept() {
    for version in 4..=17 {
        let partition = PartitionData::default().with_records(Some(Bytes::from_static(b"records")));
        let topic = FetchableTopicResponse::default().with_partitions(vec![partition]);
        let mut message = FetchResponse::default()
            .with_throttle_time_ms(i32::MAX)
            .with_responses(vec![topic]);
        if version >= 7 {
            message = message.with_session_id(i32::MAX - 1);
        }
        let mut out = BytesMut::new();
        message.encode(&mut out, version).unwrap();
        out.put_slice(b"rest");
        let mut bytes = out.freeze();
        let got = decode_response(ApiKey::Fetch, &mut bytes, version).unwrap();
        assert_eq!(got, message.into(), "v{version}");
        assert_eq!(&bytes[..], b"rest", "v{version}");
    }
}

#[test]
fn the_longest_array_that_is_true_is_believed() {
    // One topic without a name, whose partitions fill the rest.
    let mut message = vec![0, 0, 0, 1, 0, 0, 0, 0, 0, 3];
    message.extend([0; 12]);
    message.extend([0xff; 4]);
    let mut bytes = Bytes::from(message);
    let got: ConsumerProtocolAssignment = decode(&mut bytes, 0, false).unwrap();
    assert_eq!(got.assigned_partitions[0].partitions, [0, 0, 0]);
    // Metadata v9: no brokers, no cluster id, controller, a topic per 8 bytes.
    let message = MetadataResponse::default().with_topics(vec![Default::default(); 1000]);
    let mut out = BytesMut::new();
    message.encode(&mut out, 9).unwrap();
    let got = decode_response(ApiKey::Metadata, &mut out.freeze(), 9).unwrap();
    assert_eq!(got, message.into());
}

fn any_version() -> impl Strategy<Value = (ApiKey, i16)> {
    let all: Vec<_> = versions::all()
        .flat_map(|(api, range)| (range.min..=range.max).map(move |v| (api, v)))
        .collect();
    prop::sample::select(all)
}

/// Bytes that are now and then a message, and what lies look like.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        20 => vec(Just(0u8), 1..8),
        6 => vec(0u8..4, 1..4),
        1 => Just(vec![0x7f, 0xff, 0xff, 0xff]),
        1 => Just(vec![0xff, 0xff, 0xff, 0xff, 0x0f]),
        1 => vec(any::<u8>(), 1..4),
    ];
    vec(part, 0..60).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(crate::base::testing::cases(2000))]

    #[test]
    fn noise_costs_what_it_is_long((api, version) in any_version(), bytes in noise()) {
        let bytes = Bytes::from(bytes);
        let limit = (bytes.len() + 1) * ELEMENT + ANYTHING;
        let largest = largest_block(|| {
            let _ = decode_response(api, &mut bytes.clone(), version);
            let _ = decode_request(api, &mut bytes.clone(), version);
        });
        prop_assert!(largest <= limit, "{largest} bytes for {}", bytes.len());
    }

    #[test]
    fn what_is_true_is_decoded_as_without_a_bound((api, version) in any_version(), bytes in noise()) {
        // Others are not decoded by kafka-protocol alone.
        prop_assume!(version <= api.valid_versions().max);
        // In flexible versions the bound refuses what only noise has: tags and booleans of 0x80 and more.
        let mask = if is_flexible(api, version) { 0x7f } else { 0xff };
        let bytes: Bytes = bytes.iter().map(|byte| byte & mask).collect();
        // The decoder alone asks for as much as the noise says: addresses only, see `base::alloc`.
        let (mut a, mut b) = (bytes.clone(), bytes.clone());
        let bounded = decode_response(api, &mut a, version).ok();
        prop_assert_eq!(&bounded, &ResponseKind::decode(api, &mut b, version).ok());
        prop_assert!(bounded.is_none() || a == b);
        let bounded = decode_request(api, &mut bytes.clone(), version).ok();
        prop_assert_eq!(bounded, RequestKind::decode(api, &mut bytes.clone(), version).ok());
    }
}
