use std::time::Duration;

use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsResponse, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::metadata_response::{
    MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{BrokerId, ListOffsetsResponse};

use super::*;
use crate::admin::Request;
use crate::admin::options::{AdminOp, AdminOptions};
use crate::admin::records::{self, DeleteRecords};

fn asked(topic: &str, partition: i32) -> Asked {
    Asked {
        topic: topic.into(),
        partition,
        value: 7,
        leader_epoch: -1,
    }
}

/// Of partitions 0 to 2 of "t" and partition 0 of "u".
fn operation(options: &AdminOptions) -> Box<ByLeader<DeleteRecords>> {
    let partitions = vec![asked("u", 0), asked("t", 2), asked("t", 0), asked("t", 1)];
    Box::new(records::delete(partitions, &Request::new(options, 1000)))
}

fn begun() -> (Box<ByLeader<DeleteRecords>>, Vec<Part>) {
    let mut operation = operation(&AdminOptions::new(AdminOp::DELETE_RECORDS));
    let parts = operation.split();
    (operation, parts)
}

fn response(kind: impl Into<ResponseKind>) -> Result<Response, RequestError> {
    Ok(Response {
        kind: Some(kind.into()),
        version: 2,
        rtt: Duration::ZERO,
        broker_id: 1,
        broker: Arc::from("b"),
    })
}

/// Topics with a code, and the leaders of their partitions.
fn metadata(topics: &[(&str, i16, &[i32])]) -> Result<Response, RequestError> {
    let topics = topics.iter().map(|(name, code, leaders)| {
        let partitions = (0..).zip(*leaders).map(|(partition, leader)| {
            MetadataResponsePartition::default()
                .with_partition_index(partition)
                .with_leader_id(BrokerId(*leader))
        });
        MetadataResponseTopic::default()
            .with_name(Some(topic_name(name)))
            .with_error_code(*code)
            .with_partitions(partitions.collect())
    });
    response(MetadataResponse::default().with_topics(topics.collect()))
}

/// Partitions of one topic with codes.
fn deleted(topic: &str, partitions: &[(i32, i16)]) -> Result<Response, RequestError> {
    let partitions = partitions.iter().map(|(partition, code)| {
        DeleteRecordsPartitionResult::default()
            .with_partition_index(*partition)
            .with_low_watermark(7)
            .with_error_code(*code)
    });
    let topic = DeleteRecordsTopicResult::default()
        .with_name(topic_name(topic))
        .with_partitions(partitions.collect());
    response(DeleteRecordsResponse::default().with_topics(vec![topic]))
}

fn more(step: Step) -> Vec<Part> {
    match step {
        Step::More(parts) => parts,
        Step::End => panic!("ended"),
    }
}

fn codes(operation: Box<ByLeader<DeleteRecords>>) -> Vec<i32> {
    match operation.merge(End::Answered) {
        Ok(AdminResult::DeletedRecords(all)) => all.iter().map(|r| r.code.0).collect(),
        other => panic!("{other:?}"),
    }
}

fn error(operation: Box<ByLeader<DeleteRecords>>) -> ErrorCode {
    operation.merge(End::TimedOut).unwrap_err().code
}

fn partitions_in(part: &Part) -> Vec<(String, Vec<i32>)> {
    let RequestKind::DeleteRecords(request) = (part.build)(2) else {
        panic!("another request");
    };
    let numbers = |partitions: &[kafka_protocol::messages::delete_records_request::DeleteRecordsPartition]| {
        partitions.iter().map(|p| p.partition_index).collect()
    };
    let topics = request.topics.iter();
    topics
        .map(|t| (t.name.to_string(), numbers(&t.partitions)))
        .collect()
}

#[test]
fn each_leader_gets_one_request() {
    let (mut operation, first) = begun();
    assert_eq!((first.len(), &first[0].target), (1, &Target::Any));
    let parts =
        more(operation.on_response(METADATA, metadata(&[("t", 0, &[1, 2, 1]), ("u", 0, &[1])])));
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0].target, Target::Broker(1));
    let expected = vec![("t".to_owned(), vec![0, 2]), ("u".to_owned(), vec![0])];
    assert_eq!(partitions_in(&parts[0]), expected);
    assert_eq!(parts[1].target, Target::Broker(2));
    // Another topic, one that was answered already, and two left out.
    let answer = deleted("t", &[(0, 0), (0, 1), (9, 0)]);
    assert!(more(operation.on_response(parts[0].id, answer)).is_empty());
    assert!(more(operation.on_response(parts[1].id, deleted("t", &[(1, 1)]))).is_empty());
    // t0, t1, t2, u0.
    let bad = ErrorCode::_BAD_MSG.0;
    assert_eq!(codes(operation), [0, 1, bad, bad]);
}

#[test]
fn what_metadata_refuses_is_final_and_the_rest_is_done() {
    let (mut operation, _) = begun();
    // t2 does not exist, t1 has no leader.
    let parts =
        more(operation.on_response(METADATA, metadata(&[("t", 0, &[1, -1]), ("u", 3, &[])])));
    assert_eq!(parts.len(), 1);
    more(operation.on_response(parts[0].id, deleted("t", &[(0, 0)])));
    let unknown = ErrorCode::_UNKNOWN_PARTITION.0;
    assert_eq!(codes(operation), [0, 5, unknown, 3]);
}

#[test]
fn without_any_leader_the_operation_fails() {
    let (mut operation, _) = begun();
    let step = operation.on_response(METADATA, metadata(&[("t", 3, &[]), ("u", 29, &[])]));
    assert!(matches!(step, Step::End));
    assert_eq!(error(operation), ErrorCode::_NOENT);
    let (mut operation, _) = begun();
    let step = operation.on_response(METADATA, Err(RequestError::TimedOut));
    assert!(matches!(step, Step::End));
    assert_eq!(error(operation), ErrorCode::_TIMED_OUT);
    let (operation, _) = begun();
    assert_eq!(error(operation), ErrorCode::_TIMED_OUT);
}

#[test]
fn moved_leaders_are_looked_for_and_asked() {
    let (mut operation, _) = begun();
    let all = metadata(&[("t", 0, &[1, 2, 1]), ("u", 0, &[1])]);
    let parts = more(operation.on_response(METADATA, all));
    let look = more(operation.on_response(parts[1].id, deleted("t", &[(1, 6)])));
    assert_eq!((look.len(), look[0].after), (1, RETRY_PAUSE));
    // While that is out, another one need not be.
    let gone = Err(RequestError::NoBroker("broker"));
    assert!(more(operation.on_response(parts[0].id, gone)).is_empty());
    // One has no leader for now: it is looked for again.
    let moved = metadata(&[("t", 0, &[3, 3, 3]), ("u", 0, &[-1])]);
    let parts = more(operation.on_response(METADATA, moved));
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0].target, Target::Broker(3));
    assert_eq!(parts[1].target, Target::Any);
    let done = deleted("t", &[(0, 0), (1, 0), (2, 0)]);
    more(operation.on_response(parts[0].id, done));
    // The time is up.
    assert_eq!(codes(operation), [0, 0, 0, 5]);
}

#[test]
fn errors_of_a_request_are_its_partitions() {
    let (mut operation, _) = begun();
    let all = metadata(&[("t", 0, &[1, 2, 1]), ("u", 0, &[3])]);
    let parts = more(operation.on_response(METADATA, all));
    let unsupported = Err(RequestError::Unsupported(ApiKey::DeleteRecords));
    assert!(more(operation.on_response(parts[0].id, unsupported)).is_empty());
    let other = response(ListOffsetsResponse::default());
    assert!(more(operation.on_response(parts[1].id, other)).is_empty());
    let late = Err(RequestError::TimedOut);
    assert!(more(operation.on_response(parts[2].id, late)).is_empty());
    let feature = ErrorCode::_UNSUPPORTED_FEATURE.0;
    let (bad, late) = (ErrorCode::_BAD_MSG.0, ErrorCode::_TIMED_OUT.0);
    assert_eq!(codes(operation), [feature, bad, feature, late]);
}

#[test]
fn one_broker_is_asked_if_the_options_say_so() {
    let mut options = AdminOptions::new(AdminOp::DELETE_RECORDS);
    options.broker = Some(9);
    let mut operation = operation(&options);
    operation.split();
    let all = metadata(&[("t", 0, &[1, 2, 1]), ("u", 0, &[3])]);
    let parts = more(operation.on_response(METADATA, all));
    assert!(parts.iter().all(|part| part.target == Target::Broker(9)));
}
