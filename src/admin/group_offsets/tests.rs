use kafka_protocol::messages::{
    OffsetCommitResponse, OffsetDeleteResponse,
    offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic},
    offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic},
    offset_fetch_response::{
        OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
        OffsetFetchResponseTopic, OffsetFetchResponseTopics,
    },
};

use super::*;
use crate::admin::options::{AdminOp, AdminOptions};
use crate::admin::single::testing::response;
use crate::coordinator::fan_out::{End, FanOut, Part};

fn partition(topic: &str, partition: i32, offset: i64) -> TopicPartition {
    TopicPartition {
        offset,
        ..TopicPartition::new(topic, partition)
    }
}

fn asked() -> Vec<TopicPartition> {
    vec![
        partition("b", 1, 10),
        partition("a", 0, 20),
        partition("b", 0, 30),
    ]
}

fn part(operation: &mut SingleRequest) -> Part {
    operation.split().remove(0)
}

/// Topic, partition, offset and code of each.
type Shown = Vec<(String, i32, i64, ErrorCode)>;

fn outcome(
    mut operation: SingleRequest,
    answer: impl Into<ResponseKind>,
) -> Result<Shown, ErrorCode> {
    operation.split();
    operation.on_response(0, Ok(response(answer)));
    match Box::new(operation).merge(End::Answered) {
        Ok(AdminResult::Groups(groups)) => {
            let list = groups[0].partitions.as_deref().unwrap();
            let show = |p: &TopicPartition| (p.topic.to_string(), p.partition, p.offset, p.err);
            Ok(list.iter().map(show).collect())
        }
        Err(error) => Err(error.code),
        other => panic!("{other:?}"),
    }
}

fn shown(topic: &str, partition: i32, offset: i64, code: i16) -> (String, i32, i64, ErrorCode) {
    (topic.into(), partition, offset, code.into())
}

fn listing(partitions: Option<Vec<TopicPartition>>) -> SingleRequest {
    let mut options = AdminOptions::new(AdminOp::LIST_CONSUMER_GROUP_OFFSETS);
    options.require_stable_offsets = true;
    list("g".into(), partitions, &Request::new(&options, 1000))
}

fn fetched_group(
    group: &str,
    code: i16,
    partitions: &[(&'static str, i32, i64, i16)],
) -> OffsetFetchResponse {
    let topic = |(name, index, offset, code): &(&'static str, i32, i64, i16)| {
        let partition = OffsetFetchResponsePartitions::default()
            .with_partition_index(*index)
            .with_committed_offset(*offset)
            .with_error_code(*code);
        OffsetFetchResponseTopics::default()
            .with_name(topic_name(name))
            .with_partitions(vec![partition])
    };
    let group = OffsetFetchResponseGroup::default()
        .with_group_id(group_id(group))
        .with_error_code(code)
        .with_topics(partitions.iter().map(topic).collect());
    OffsetFetchResponse::default().with_groups(vec![group])
}

#[test]
fn offsets_are_asked_for_in_the_form_of_the_version() {
    let mut operation = listing(Some(asked()));
    let part = part(&mut operation);
    assert_eq!(part.max_version, Some(9));
    assert_eq!(part.target, Target::Coordinator(Kind::Group, "g".into()));
    let request = |version| match (part.build)(version) {
        RequestKind::OffsetFetch(request) => request,
        other => panic!("{other:?}"),
    };
    let old = request(6);
    assert!(!old.require_stable && old.groups.is_empty());
    let topics = old.topics.unwrap();
    let topics: Vec<_> = topics
        .iter()
        .map(|t| (t.name.to_string(), t.partition_indexes.clone()))
        .collect();
    assert_eq!(topics, [("a".into(), vec![0]), ("b".into(), vec![1, 0])]);
    let new = request(8);
    assert!(new.require_stable && new.topics.is_none_or(|topics| topics.is_empty()));
    assert_eq!(new.groups[0].topics.as_ref().unwrap().len(), 2);
    let mut operation = listing(None);
    let all = self::part(&mut operation);
    let RequestKind::OffsetFetch(all) = (all.build)(9) else {
        panic!("another request");
    };
    assert!(all.groups[0].topics.is_none());
}

#[test]
fn offsets_are_listed_as_they_were_asked_for() {
    let answer = [("b", 0, 5, 0), ("a", 0, -1, 0), ("b", 1, -1, 88)];
    assert_eq!(
        outcome(listing(Some(asked())), fetched_group("g", 0, &answer)),
        Ok(vec![
            shown("a", 0, NO_OFFSET, 0),
            shown("b", 1, NO_OFFSET, 88),
            shown("b", 0, 5, 0)
        ])
    );
    let old = OffsetFetchResponseTopic::default()
        .with_name(topic_name("z"))
        .with_partitions(vec![
            OffsetFetchResponsePartition::default().with_committed_offset(9),
        ]);
    let old = OffsetFetchResponse::default().with_topics(vec![old]);
    assert_eq!(outcome(listing(None), old), Ok(vec![shown("z", 0, 9, 0)]));
    let none = fetched_group("g", 0, &[]);
    assert_eq!(outcome(listing(None), none), Ok(vec![]));
}

#[test]
fn answers_about_other_offsets_are_refused() {
    let bad = ErrorCode::_BAD_MSG;
    let left_out = outcome(
        listing(Some(asked())),
        fetched_group("g", 0, &[("a", 0, 1, 0)]),
    )
    .unwrap();
    assert_eq!(left_out[0], shown("a", 0, 1, 0));
    assert!(left_out[1..].iter().all(|p| (p.2, p.3) == (NO_OFFSET, bad)));
    for strange in [
        fetched_group("g", 0, &[("x", 0, 1, 0)]),
        fetched_group("g", 0, &[("a", 0, 1, 0), ("a", 0, 2, 0)]),
        fetched_group("other", 0, &[("a", 0, 1, 0)]),
    ] {
        assert_eq!(outcome(listing(Some(asked())), strange), Err(bad));
    }
    let other = OffsetCommitResponse::default();
    assert_eq!(outcome(listing(None), other), Err(bad));
    let refused = fetched_group("g", 30, &[]);
    let code = ErrorCode::GROUP_AUTHORIZATION_FAILED;
    assert_eq!(outcome(listing(None), refused), Err(code));
}

#[test]
fn the_time_that_is_up_has_the_text_that_programs_know() {
    let mut operation = listing(None);
    operation.split();
    let error = Box::new(operation).merge(End::TimedOut).unwrap_err();
    assert_eq!(error.code, ErrorCode::_TIMED_OUT);
    assert!(error.text.ends_with("from broker: Local: Timed out"));
}

fn committed(codes: &[(&'static str, i32, i16)]) -> OffsetCommitResponse {
    let topic = |(name, index, code): &(&'static str, i32, i16)| {
        let partition = OffsetCommitResponsePartition::default()
            .with_partition_index(*index)
            .with_error_code(*code);
        OffsetCommitResponseTopic::default()
            .with_name(topic_name(name))
            .with_partitions(vec![partition])
    };
    OffsetCommitResponse::default().with_topics(codes.iter().map(topic).collect())
}

fn alteration() -> SingleRequest {
    let options = AdminOptions::new(AdminOp::ALTER_CONSUMER_GROUP_OFFSETS);
    let mut partitions = asked();
    partitions[0].leader_epoch = 4;
    alter("g".into(), partitions, &Request::new(&options, 1000))
}

#[test]
fn alterations_tell_each_partitions_code() {
    let mut operation = alteration();
    let part = part(&mut operation);
    let epochs = |version| match (part.build)(version) {
        RequestKind::OffsetCommit(request) => {
            let all = request.topics.iter().flat_map(|t| &t.partitions);
            all.map(|p| p.committed_leader_epoch).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!((epochs(5), epochs(6)), (vec![-1; 3], vec![-1, 4, -1]));
    assert_eq!(
        outcome(alteration(), committed(&[("b", 1, 25), ("b", 0, 0)])),
        Ok(vec![
            shown("a", 0, 20, ErrorCode::_BAD_MSG.0 as i16),
            shown("b", 1, 10, 25),
            shown("b", 0, 30, 0)
        ])
    );
    let strange = committed(&[("b", 7, 0)]);
    assert_eq!(outcome(alteration(), strange), Err(ErrorCode::_BAD_MSG));
}

#[test]
fn a_coordinator_that_has_moved_is_asked_again() {
    let class = part(&mut alteration()).class.unwrap();
    let moved = response(committed(&[("a", 0, 16)]));
    assert_eq!(class(&moved), ErrorClass::Final);
    let fetch = |code| fetch_class(&response(fetched_group("g", code, &[])));
    assert_eq!(
        (fetch(16), fetch(30)),
        (ErrorClass::Moved, ErrorClass::Final)
    );
    let gone = OffsetDeleteResponse::default().with_error_code(15);
    assert_eq!(delete_class(&response(gone)), ErrorClass::Passing);
}

#[test]
fn deletions_are_told_in_the_order_of_the_arguments() {
    let options = AdminOptions::new(AdminOp::DELETE_CONSUMER_GROUP_OFFSETS);
    let deletion = || delete("g".into(), asked(), &Request::new(&options, 1000));
    let topic = |name, partitions: &[(i32, i16)]| {
        let partition = |(index, code): &(i32, i16)| {
            OffsetDeleteResponsePartition::default()
                .with_partition_index(*index)
                .with_error_code(*code)
        };
        OffsetDeleteResponseTopic::default()
            .with_name(topic_name(name))
            .with_partitions(partitions.iter().map(partition).collect())
    };
    let topics = vec![topic("a", &[(0, 86)]), topic("b", &[(0, 0), (1, 0)])];
    assert_eq!(
        outcome(
            deletion(),
            OffsetDeleteResponse::default().with_topics(topics)
        ),
        Ok(vec![
            shown("b", 1, NO_OFFSET, 0),
            shown("a", 0, NO_OFFSET, 86),
            shown("b", 0, NO_OFFSET, 0)
        ])
    );
    let refused = OffsetDeleteResponse::default().with_error_code(69);
    let code = ErrorCode::GROUP_ID_NOT_FOUND;
    assert_eq!(outcome(deletion(), refused), Err(code));
}
