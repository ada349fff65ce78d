use super::*;
use crate::base::testing::cases;
use crate::protocol::request::{decode_request, decode_response, encode_request, encode_response};
use kafka_protocol::messages::share_acknowledge_request::{
    AcknowledgePartition, AcknowledgeTopic, AcknowledgementBatch as AcknowledgeBatch,
};
use kafka_protocol::messages::share_acknowledge_response::{
    LeaderIdAndEpoch, PartitionData as Acknowledged, ShareAcknowledgeTopicResponse,
};
use kafka_protocol::messages::share_fetch_request::{
    AcknowledgementBatch, FetchPartition, FetchTopic, ForgottenTopic,
};
use kafka_protocol::messages::share_fetch_response::{
    AcquiredRecords, PartitionData, ShareFetchableTopicResponse,
};
use kafka_protocol::messages::{GroupId, ShareFetchResponse};
use kafka_protocol::protocol::StrBytes;
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);

fn group(name: &str) -> Option<GroupId> {
    Some(GroupId(StrBytes::from_string(name.to_owned())))
}

fn member(name: &str) -> Option<StrBytes> {
    Some(StrBytes::from_string(name.to_owned()))
}

fn fetch_request() -> ShareFetchRequest {
    let batch = AcknowledgementBatch::default()
        .with_first_offset(10)
        .with_last_offset(12)
        .with_acknowledge_types(vec![1, 2, 4]);
    let partition = FetchPartition::default()
        .with_partition_index(5)
        .with_acknowledgement_batches(vec![batch]);
    let topic = FetchTopic::default()
        .with_topic_id(ID)
        .with_partitions(vec![partition]);
    let forgotten = ForgottenTopic::default()
        .with_topic_id(ID)
        .with_partitions(vec![7]);
    ShareFetchRequest::default()
        .with_group_id(group("grp"))
        .with_member_id(member("m"))
        .with_share_session_epoch(3)
        .with_max_wait_ms(500)
        .with_min_bytes(1)
        .with_max_bytes(1000)
        .with_max_records(70)
        .with_batch_size(80)
        .with_topics(vec![topic])
        .with_forgotten_topics_data(vec![forgotten])
}

fn acknowledge_request() -> ShareAcknowledgeRequest {
    let batch = AcknowledgeBatch::default()
        .with_first_offset(10)
        .with_last_offset(10)
        .with_acknowledge_types(vec![4]);
    let partition = AcknowledgePartition::default()
        .with_partition_index(5)
        .with_acknowledgement_batches(vec![batch]);
    let topic = AcknowledgeTopic::default()
        .with_topic_id(ID)
        .with_partitions(vec![partition]);
    ShareAcknowledgeRequest::default()
        .with_group_id(group("grp"))
        .with_member_id(None)
        .with_share_session_epoch(3)
        .with_topics(vec![topic])
}

fn acknowledge_response() -> ShareAcknowledgeResponse {
    let leader = LeaderIdAndEpoch::default()
        .with_leader_id(1)
        .with_leader_epoch(2);
    let partition = Acknowledged::default()
        .with_partition_index(5)
        .with_error_code(121)
        .with_current_leader(leader);
    let topic = ShareAcknowledgeTopicResponse::default()
        .with_topic_id(ID)
        .with_partitions(vec![partition]);
    ShareAcknowledgeResponse::default()
        .with_throttle_time_ms(1)
        .with_error_code(2)
        .with_error_message(member("no"))
        .with_responses(vec![topic])
}

fn fetch_response(records: Bytes) -> ShareFetchResponse {
    let acquired = AcquiredRecords::default()
        .with_first_offset(10)
        .with_last_offset(12)
        .with_delivery_count(2);
    let partition = PartitionData::default()
        .with_partition_index(5)
        .with_acknowledge_error_code(121)
        .with_acknowledge_error_message(member("x"))
        .with_records(Some(records))
        .with_acquired_records(vec![acquired]);
    let topic = ShareFetchableTopicResponse::default()
        .with_topic_id(ID)
        .with_partitions(vec![partition]);
    ShareFetchResponse::default()
        .with_throttle_time_ms(1)
        .with_error_message(None)
        .with_acquisition_lock_timeout_ms(30_000)
        .with_responses(vec![topic])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What follows the topic's id in both requests, up to the types of acknowledgement.
const ID_AND_BATCH: &str =
    "0102030405060708090a0b0c0d0e0f10020000000502000000000000000a00000000000000";

// The bytes are what kafka-clients 4.2.0 writes of the same messages.

#[test]
fn requests_are_written_as_kafka_4_2_does() {
    let request = fetch_request().with_acquire_mode(RECORD_LIMIT);
    let head = "04677270026d00000003000001f400000001000003e80000004600000050";
    let tail =
        format!("02{ID_AND_BATCH}0c04010204000000020102030405060708090a0b0c0d0e0f1002000000070000");
    let written = |request: RequestKind, version| {
        let mut out = BytesMut::new();
        super::encode_request(&request, &mut out, version).map(|()| hex(&out))
    };
    assert_eq!(
        written(request.clone().into(), 1).unwrap(),
        format!("{head}{tail}")
    );
    let renewing = request.with_is_renew_ack(true);
    assert_eq!(
        written(renewing.clone().into(), 2).unwrap(),
        format!("{head}0101{tail}")
    );
    assert!(written(renewing.into(), 1).is_err());

    let request = acknowledge_request();
    let tail = format!("02{ID_AND_BATCH}0a020400000000");
    assert_eq!(
        written(request.clone().into(), 1).unwrap(),
        format!("046772700000000003{tail}")
    );
    let renewing = request.with_is_renew_ack(true);
    assert_eq!(
        written(renewing.clone().into(), 2).unwrap(),
        format!("04677270000000000301{tail}")
    );
    assert!(written(renewing.into(), 1).is_err());
}

#[test]
fn responses_are_written_as_kafka_4_2_does() {
    let written = |response: ResponseKind, version| {
        let mut out = BytesMut::new();
        super::encode_response(&response, &mut out, version).unwrap();
        hex(&out)
    };
    let response = acknowledge_response().with_acquisition_lock_timeout_ms(30_000);
    let head = "000000010002036e6f";
    let tail = "020102030405060708090a0b0c0d0e0f10020000000500790000000001000000020000000100";
    assert_eq!(written(response.clone().into(), 1), format!("{head}{tail}"));
    assert_eq!(written(response.into(), 2), format!("{head}00007530{tail}"));
    let response = fetch_response(Bytes::new());
    let bytes = "0000000100000000007530020102030405060708090a0b0c0d0e0f1002000000050000000079027800\
                 00000000000000000102000000000000000a000000000000000c00020000000100";
    for version in 1..=2 {
        assert_eq!(written(response.clone().into(), version), bytes);
    }
}

#[test]
fn fetched_records_are_part_of_the_frame() {
    let response = fetch_response(Bytes::from_static(b"some records"));
    let mut out = BytesMut::new();
    encode_response(ApiKey::ShareFetch, 2, 9, &response.into(), &mut out).unwrap();
    let frame = out.freeze().slice(4..);
    let (_, response) = decode_response(ApiKey::ShareFetch, 2, frame.clone()).unwrap();
    let ResponseKind::ShareFetch(response) = response else {
        panic!("not a ShareFetchResponse");
    };
    let records = response.responses[0].partitions[0].records.clone().unwrap();
    assert_eq!(&records[..], b"some records");
    assert!(frame.as_ptr_range().contains(&records.as_ptr()));
}

/// A tagged field under the number that the piece is kept under is a stranger's.
#[test]
fn a_piece_comes_from_its_place_only() {
    for version in 1..=2 {
        let mut out = BytesMut::new();
        let request = fetch_request().into();
        encode_request(ApiKey::ShareFetch, version, 9, None, &request, &mut out).unwrap();
        let mut frame = out.freeze().slice(4..).to_vec();
        assert_eq!(frame.pop(), Some(0));
        frame.extend([1, 0xff, 0xff, 0xff, 0xff, 0x0f, 2, 1, 1]);
        // Such a number is refused as a length that cannot be true.
        let got = decode_request(ApiKey::ShareFetch, version, frame.into());
        assert!(got.is_err(), "v{version}");
    }
}

#[test]
fn what_ends_early_is_refused() {
    let requests: [RequestKind; 2] = [fetch_request().into(), acknowledge_request().into()];
    for (api, request) in [ApiKey::ShareFetch, ApiKey::ShareAcknowledge]
        .into_iter()
        .zip(requests)
    {
        let mut out = BytesMut::new();
        encode_request(api, 2, 9, None, &request, &mut out).unwrap();
        let frame = out.freeze().slice(4..);
        for length in 0..frame.len() {
            assert!(decode_request(api, 2, frame.slice(..length)).is_err());
        }
    }
    let mut out = BytesMut::new();
    let response = acknowledge_response().into();
    encode_response(ApiKey::ShareAcknowledge, 2, 9, &response, &mut out).unwrap();
    let frame = out.freeze().slice(4..);
    for length in 0..frame.len() {
        assert!(decode_response(ApiKey::ShareAcknowledge, 2, frame.slice(..length)).is_err());
    }
}

fn name() -> impl Strategy<Value = Option<String>> {
    // A string's length may take two bytes.
    prop_oneof![
        1 => Just(None),
        4 => "[a-z]{0,8}".prop_map(Some),
        1 => Just(Some("x".repeat(200))),
    ]
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn requests_come_back(
        names in (name(), name()), epoch: i32, max_records: i32, mode: i8, renew: bool,
        types in vec(0i8..5, 0..5), topics in 0usize..3, version in 1i16..=2,
    ) {
        let (group_id, member_id) = names;
        let group_id = group_id.and_then(|name| group(&name));
        let member_id = member_id.and_then(|name| member(&name));
        let batch = AcknowledgementBatch::default().with_acknowledge_types(types.clone());
        let partition = FetchPartition::default().with_acknowledgement_batches(vec![batch]);
        let topic = FetchTopic::default().with_partitions(vec![partition]);
        let plain = ShareFetchRequest::default()
            .with_group_id(group_id.clone())
            .with_member_id(member_id.clone())
            .with_share_session_epoch(epoch)
            .with_max_records(max_records)
            .with_topics(vec![topic; topics]);
        let fetch = if version == 2 {
            plain.clone().with_acquire_mode(mode).with_is_renew_ack(renew)
        } else {
            plain.clone()
        };
        let batch = AcknowledgeBatch::default().with_acknowledge_types(types);
        let partition = AcknowledgePartition::default().with_acknowledgement_batches(vec![batch]);
        let topic = AcknowledgeTopic::default().with_partitions(vec![partition]);
        let acknowledge = ShareAcknowledgeRequest::default()
            .with_group_id(group_id)
            .with_member_id(member_id)
            .with_share_session_epoch(epoch)
            .with_topics(vec![topic; topics])
            .with_is_renew_ack(renew && version == 2);
        for (api, request) in [
            (ApiKey::ShareFetch, RequestKind::from(fetch)),
            (ApiKey::ShareAcknowledge, RequestKind::from(acknowledge)),
        ] {
            let mut out = BytesMut::new();
            encode_request(api, version, 7, Some("me"), &request, &mut out).unwrap();
            let got = decode_request(api, version, out.freeze().slice(4..)).unwrap();
            prop_assert_eq!(got.request, request);
        }
        let (mut ours, mut theirs) = (BytesMut::new(), BytesMut::new());
        super::encode_request(&plain.clone().into(), &mut ours, 1).unwrap();
        plain.encode(&mut theirs, 1).unwrap();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn responses_come_back(message in name(), timeout: i32, topics in 0usize..3, version in 1i16..=2) {
        let response = acknowledge_response().with_error_message(message.and_then(|m| member(&m)));
        let topic = response.responses[0].clone();
        let response = response.with_responses(vec![topic; topics]);
        let response = if version == 2 {
            response.with_acquisition_lock_timeout_ms(timeout)
        } else {
            response
        };
        let response = ResponseKind::from(response);
        let mut out = BytesMut::new();
        encode_response(ApiKey::ShareAcknowledge, version, 7, &response, &mut out).unwrap();
        let got = decode_response(ApiKey::ShareAcknowledge, version, out.freeze().slice(4..));
        prop_assert_eq!(got, Ok((7, response)));
    }

    #[test]
    fn spoiled_bytes_never_panic(at in 0usize..150, byte: u8, version in 1i16..=2) {
        use crate::protocol::request::ProtocolErrorKind::Panicked;
        let mut out = BytesMut::new();
        let request = fetch_request().into();
        encode_request(ApiKey::ShareFetch, version, 9, None, &request, &mut out).unwrap();
        let mut frame = out.split_off(4);
        if let Some(spoiled) = frame.get_mut(at) {
            *spoiled = byte;
        }
        let got = decode_request(ApiKey::ShareFetch, version, frame.freeze());
        prop_assert!(got.is_ok() || got.is_err_and(|e| e.kind != Panicked));
        let response = acknowledge_response().into();
        encode_response(ApiKey::ShareAcknowledge, version, 9, &response, &mut out).unwrap();
        let mut frame = out.split_off(8);
        if let Some(spoiled) = frame.get_mut(at) {
            *spoiled = byte;
        }
        let got = decode_response(ApiKey::ShareAcknowledge, version, frame.freeze());
        prop_assert!(got.is_ok() || got.is_err_and(|e| e.kind != Panicked));
    }
}
