use std::time::Duration;

use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{ApiKey, OffsetCommitRequest, RequestKind, ResponseKind, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::fetch::NO_OFFSET;
use super::*;
use crate::coordinator;
use crate::group::testing::{Harness, response};
use crate::group::{Action, Event};

fn offset(topic: &str, partition: i32, offset: i64) -> Offset {
    Offset {
        topic: topic.into(),
        partition,
        offset,
        leader_epoch: 3,
        metadata: Some("note".into()),
    }
}

fn commit(id: u64, offsets: &[Offset]) -> Event {
    Event::Commit(Commit {
        id,
        offsets: offsets.to_vec(),
        automatic: false,
    })
}

fn fetch(id: u64, partitions: &[(&str, i32)]) -> Event {
    Event::Fetch(Fetch {
        id,
        partitions: partitions.iter().map(|(t, p)| ((*t).into(), *p)).collect(),
        require_stable: true,
        deadline: None,
    })
}

fn name(topic: &str) -> TopicName {
    TopicName(StrBytes::from_string(topic.into()))
}

/// A response with these codes for the partitions of a topic.
fn codes(topic: &str, codes: &[(i32, ErrorCode)]) -> ResponseKind {
    let partitions = codes.iter().map(|(partition, code)| {
        OffsetCommitResponsePartition::default()
            .with_partition_index(*partition)
            .with_error_code(code.0 as i16)
    });
    let topic = OffsetCommitResponseTopic::default()
        .with_name(name(topic))
        .with_partitions(partitions.collect());
    ResponseKind::OffsetCommit(OffsetCommitResponse::default().with_topics(vec![topic]))
}

/// What a commit request commits.
fn content(request: RequestKind) -> Vec<(String, i32, i64)> {
    let RequestKind::OffsetCommit(request) = request else {
        panic!("{request:?}");
    };
    content_of(&request)
}

fn content_of(request: &OffsetCommitRequest) -> Vec<(String, i32, i64)> {
    request
        .topics
        .iter()
        .flat_map(|t| {
            t.partitions
                .iter()
                .map(|p| (t.name.to_string(), p.partition_index, p.committed_offset))
        })
        .collect()
}

/// A harness whose coordinator is up, with the request of the first event on its way.
fn started(first: Event, version: i16) -> (Harness, Token, RequestKind) {
    let mut harness = Harness::new(Settings::new("g"));
    harness.event(first);
    harness.find_coordinator(1);
    let (token, request) = harness.sent(version);
    (harness, token, request)
}

fn dones(harness: &mut Harness) -> Vec<(u64, ErrorCode)> {
    harness
        .take()
        .into_iter()
        .map(|action| match action {
            Action::CommitDone(done) => (done.id, done.code),
            Action::Fetched(done) => (done.id, done.code),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn encodes(api: ApiKey, version: i16, request: &RequestKind) {
    let mut out = bytes::BytesMut::new();
    crate::protocol::request::encode_request(api, version, 1, None, request, &mut out).unwrap();
}

#[test]
fn closing_bounds_commits() {
    // One is sent and not answered, the other has to wait for it.
    let (mut harness, _, _) = started(commit(1, &[offset("t", 0, 5)]), 2);
    harness.event(commit(2, &[offset("t", 0, 6)]));
    harness.event(Event::Close);
    harness.take();
    let start = harness.now;
    harness.pass();
    assert_eq!(harness.now - start, Duration::from_secs(5));
    let expected = [(2, ErrorCode::_WAIT_COORD), (1, ErrorCode::_TIMED_OUT)];
    assert_eq!(dones(&mut harness), expected);
}

#[test]
fn a_commit_in_every_version() {
    for version in 2..=9 {
        let (mut harness, token, request) =
            started(commit(7, &[offset("t", 0, 5), offset("u", 1, 6)]), version);
        encodes(ApiKey::OffsetCommit, version, &request);
        let RequestKind::OffsetCommit(inner) = &request else {
            panic!("{request:?}");
        };
        assert_eq!(inner.generation_id_or_member_epoch, -1);
        let partition = &inner.topics[0].partitions[0];
        assert_eq!(partition.committed_metadata.as_deref(), Some("note"));
        let epoch = if version >= 6 { 3 } else { -1 };
        assert_eq!(partition.committed_leader_epoch, epoch);
        assert_eq!(content(request), [("t".into(), 0, 5), ("u".into(), 1, 6)]);
        let ok = ErrorCode::NO_ERROR;
        let ResponseKind::OffsetCommit(mut answer) = codes("t", &[(0, ok)]) else {
            unreachable!()
        };
        let ResponseKind::OffsetCommit(more) = codes("u", &[(1, ok)]) else {
            unreachable!()
        };
        answer.topics.extend(more.topics);
        harness.answer(token, ResponseKind::OffsetCommit(answer));
        assert_eq!(dones(&mut harness), [(7, ok)]);
        assert_eq!(harness.group.outstanding(), 0);
    }
}

#[test]
fn commits_made_meanwhile_are_merged_and_the_newest_wins() {
    let (mut harness, first, _) = started(commit(1, &[offset("t", 0, 1)]), 2);
    harness.event(commit(2, &[offset("t", 0, 2), offset("t", 1, 20)]));
    harness.event(commit(3, &[offset("t", 0, 3)]));
    assert!(harness.take().is_empty());
    harness.answer(first, codes("t", &[(0, ErrorCode::NO_ERROR)]));
    let mut actions = harness.take();
    let Some(Action::SendToCoordinator(_, out)) = actions.pop() else {
        panic!("{actions:?}");
    };
    assert!(matches!(&actions[..], [Action::CommitDone(done)] if done.id == 1));
    let token = out.token;
    assert_eq!(
        content((out.build)(2)),
        [("t".into(), 0, 3), ("t".into(), 1, 20)]
    );
    let too_large = ErrorCode::OFFSET_METADATA_TOO_LARGE;
    harness.answer(
        token,
        codes("t", &[(0, ErrorCode::NO_ERROR), (1, too_large)]),
    );
    assert_eq!(
        dones(&mut harness),
        [(2, too_large), (3, ErrorCode::NO_ERROR)]
    );
}

#[test]
fn a_commit_sent_again_does_not_undo_a_later_one() {
    let (mut harness, first, _) = started(commit(1, &[offset("t", 0, 1), offset("t", 1, 1)]), 2);
    harness.event(commit(2, &[offset("t", 0, 2)]));
    let loading = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
    harness.answer(first, codes("t", &[(0, loading), (1, ErrorCode::NO_ERROR)]));
    assert!(harness.take().is_empty());
    let waited = harness.pass();
    assert!((80..=120).contains(&waited.as_millis()));
    let (token, request) = harness.sent(2);
    // Partition 1 is done; partition 0 is at its newest.
    assert_eq!(content(request), [("t".into(), 0, 2)]);
    harness.answer(token, codes("t", &[(0, ErrorCode::NO_ERROR)]));
    let ok = ErrorCode::NO_ERROR;
    assert_eq!(dones(&mut harness), [(1, ok), (2, ok)]);
}

#[test]
fn the_coordinator_moves_in_the_middle() {
    let (mut harness, first, _) = started(commit(1, &[offset("t", 0, 1)]), 2);
    harness.answer(first, codes("t", &[(0, ErrorCode::NOT_COORDINATOR)]));
    let actions = harness.take();
    assert!(matches!(
        &actions[..],
        [
            Action::Coordinator(coordinator::Action::Changed(None)),
            Action::Coordinator(coordinator::Action::Find(_)),
        ]
    ));
    let answer = Ok(response(crate::group::testing::found(2)));
    harness.coordinator(coordinator::Event::Answer(answer));
    harness.take();
    harness.coordinator(coordinator::Event::Up(2));
    harness.pass();
    let (token, _) = harness.sent(2);
    harness.answer(token, codes("t", &[(0, ErrorCode::NO_ERROR)]));
    assert_eq!(dones(&mut harness), [(1, ErrorCode::NO_ERROR)]);
}

#[test]
fn without_a_coordinator_a_commit_fails_after_the_session_timeout() {
    let mut harness = Harness::new(Settings::new("g"));
    harness.event(commit(1, &[offset("t", 0, 1)]));
    let start = harness.now;
    harness.asked();
    harness.pass();
    assert_eq!(harness.now - start, Settings::new("").session_timeout);
    assert_eq!(dones(&mut harness), [(1, ErrorCode::_WAIT_COORD)]);
}

#[test]
fn retries_of_unknown_topics_end() {
    let (mut harness, mut token, _) = started(commit(1, &[offset("t", 0, 1)]), 2);
    let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PART;
    for _ in 0..2 {
        harness.answer(token, codes("t", &[(0, unknown)]));
        harness.pass();
        token = harness.sent(2).0;
    }
    harness.answer(token, codes("t", &[(0, unknown)]));
    assert_eq!(dones(&mut harness), [(1, unknown)]);
}

#[test]
fn an_empty_commit_and_a_partition_passed_over() {
    let mut harness = Harness::new(Settings::new("g"));
    harness.event(commit(1, &[]));
    assert_eq!(dones(&mut harness), [(1, ErrorCode::_NO_OFFSET)]);
    let (mut harness, token, _) = started(commit(2, &[offset("t", 0, 1)]), 2);
    harness.answer(token, codes("t", &[(9, ErrorCode::NO_ERROR)]));
    assert_eq!(dones(&mut harness), [(2, ErrorCode::_BAD_MSG)]);
}

#[test]
fn stopping_answers_everything() {
    let (mut harness, token, _) = started(commit(1, &[offset("t", 0, 1)]), 2);
    harness.event(commit(2, &[offset("t", 0, 2)]));
    harness.event(fetch(3, &[("t", 0)]));
    harness.sent(7);
    harness.event(Event::Stop(ErrorCode::_DESTROY));
    let gone = ErrorCode::_DESTROY;
    assert_eq!(dones(&mut harness), [(1, gone), (2, gone), (3, gone)]);
    harness.answer(token, codes("t", &[(0, ErrorCode::NO_ERROR)]));
    assert!(harness.take().is_empty());
}

/// A response for partitions 0.. of topic t: offset and code.
fn fetched(version: i16, results: &[(i64, ErrorCode)]) -> ResponseKind {
    let results = results.iter().enumerate();
    if version >= 8 {
        let partitions = results.map(|(at, (offset, code))| {
            OffsetFetchResponsePartitions::default()
                .with_partition_index(at as i32)
                .with_committed_offset(*offset)
                .with_committed_leader_epoch(4)
                .with_metadata(Some(StrBytes::from_static_str("m")))
                .with_error_code(code.0 as i16)
        });
        let topic = OffsetFetchResponseTopics::default()
            .with_name(name("t"))
            .with_partitions(partitions.collect());
        let group = OffsetFetchResponseGroup::default().with_topics(vec![topic]);
        return ResponseKind::OffsetFetch(OffsetFetchResponse::default().with_groups(vec![group]));
    }
    let partitions = results.map(|(at, (offset, code))| {
        OffsetFetchResponsePartition::default()
            .with_partition_index(at as i32)
            .with_committed_offset(*offset)
            .with_committed_leader_epoch(4)
            .with_metadata(Some(StrBytes::from_static_str("m")))
            .with_error_code(code.0 as i16)
    });
    let topic = OffsetFetchResponseTopic::default()
        .with_name(name("t"))
        .with_partitions(partitions.collect());
    ResponseKind::OffsetFetch(OffsetFetchResponse::default().with_topics(vec![topic]))
}

#[test]
fn a_fetch_in_every_version() {
    let ok = ErrorCode::NO_ERROR;
    for version in 1..=9 {
        let (mut harness, token, request) = started(fetch(1, &[("t", 1), ("t", 0)]), version);
        encodes(ApiKey::OffsetFetch, version, &request);
        harness.answer(token, fetched(version, &[(7, ok), (-1, ok)]));
        let actions = harness.take();
        let [Action::Fetched(done)] = &actions[..] else {
            panic!("{actions:?}");
        };
        assert_eq!((done.id, done.code), (1, ok));
        let got: Vec<_> = done
            .offsets
            .iter()
            .map(|c| (c.offset.partition, c.offset.offset, c.offset.leader_epoch))
            .collect();
        assert_eq!(got, [(1, NO_OFFSET, 4), (0, 7, 4)]);
        assert_eq!(done.offsets[0].offset.metadata.as_deref(), Some(&b"m"[..]));
    }
}

#[test]
fn unstable_offsets_are_asked_for_again_alone() {
    let ok = ErrorCode::NO_ERROR;
    let (mut harness, token, _) = started(fetch(1, &[("t", 0), ("t", 1)]), 7);
    let unstable = ErrorCode::UNSTABLE_OFFSET_COMMIT;
    harness.answer(token, fetched(7, &[(5, ok), (-1, unstable)]));
    assert!(harness.take().is_empty());
    harness.pass();
    let (token, request) = harness.sent(7);
    let RequestKind::OffsetFetch(request) = request else {
        panic!("{request:?}");
    };
    assert!(request.require_stable);
    assert_eq!(request.topics.unwrap()[0].partition_indexes, [1]);
    harness.answer(token, fetched(7, &[(99, ok), (6, ok)]));
    let actions = harness.take();
    let [Action::Fetched(done)] = &actions[..] else {
        panic!("{actions:?}");
    };
    let got: Vec<_> = done.offsets.iter().map(|c| c.offset.offset).collect();
    assert_eq!(got, [5, 6]);
}

#[test]
fn errors_of_a_fetch() {
    // Of the whole: final or tried again.
    let (mut harness, token, _) = started(fetch(1, &[("t", 0)]), 9);
    let loading = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS.0 as i16;
    let group = OffsetFetchResponseGroup::default().with_error_code(loading);
    let answer = OffsetFetchResponse::default().with_groups(vec![group]);
    harness.answer(token, ResponseKind::OffsetFetch(answer));
    harness.pass();
    let (token, _) = harness.sent(3);
    let denied = ErrorCode::GROUP_AUTHORIZATION_FAILED;
    let answer = OffsetFetchResponse::default().with_error_code(denied.0 as i16);
    harness.answer(token, ResponseKind::OffsetFetch(answer));
    assert_eq!(dones(&mut harness), [(1, denied)]);
    // Of a partition: final.
    let topic_denied = ErrorCode::TOPIC_AUTHORIZATION_FAILED;
    let (mut harness, token, _) = started(fetch(2, &[("t", 0), ("u", 0)]), 7);
    harness.answer(token, fetched(7, &[(-1, topic_denied)]));
    let actions = harness.take();
    let [Action::Fetched(done)] = &actions[..] else {
        panic!("{actions:?}");
    };
    let got: Vec<_> = done.offsets.iter().map(|c| c.code).collect();
    assert_eq!(got, [topic_denied, ErrorCode::_BAD_MSG]);
}

#[test]
fn a_fetch_ends_at_its_deadline_whatever_happens() {
    let mut harness = Harness::new(Settings::new("g"));
    harness.event(Event::Fetch(Fetch {
        id: 1,
        partitions: vec![("t".into(), 0)],
        require_stable: false,
        deadline: Some(harness.now + Duration::from_millis(300)),
    }));
    harness.find_coordinator(1);
    harness.sent(1);
    assert_eq!(harness.pass(), Duration::from_millis(300));
    assert_eq!(dones(&mut harness), [(1, ErrorCode::_TIMED_OUT)]);
}
