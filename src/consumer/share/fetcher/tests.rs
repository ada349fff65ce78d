//! A loop's part against a scripted broker.

use crate::base::lock::Mutex;
use kafka_protocol::messages::share_acknowledge_response::{
    PartitionData as AckData, ShareAcknowledgeTopicResponse,
};
use kafka_protocol::messages::share_fetch_response::{
    AcquiredRecords, PartitionData, ShareFetchableTopicResponse,
};
use kafka_protocol::messages::{
    ResponseKind, ShareAcknowledgeRequest, ShareAcknowledgeResponse, ShareFetchRequest,
    ShareFetchResponse,
};

use super::super::fetched::ShareFetched;
use super::super::testing::{TOPIC, partition, settings};
use super::super::{AckRun, AckType, Counters, Outcome, Pace, PartitionAcks};
use super::*;
use crate::base::log::Logger;
use crate::broker::{RequestError, Response};
use crate::consumer::testing::{FakeOutbox, PLAIN, batch, records};
use crate::protocol::leader::{NewLeader, Node};
use crate::protocol::share::{BATCH_OPTIMIZED, RECORD_LIMIT, ShareFetchV2};

#[derive(Default)]
struct Heard {
    news: Mutex<Vec<News>>,
    fetched: Mutex<usize>,
    stale: Mutex<Vec<(ErrorCode, Option<NewLeader>)>>,
}

impl ShareSink for Heard {
    fn news(&self, news: News) {
        self.news.lock().push(news);
    }

    fn metadata_is_stale(&self, _: &Arc<str>, why: ErrorCode, leader: Option<NewLeader>) {
        self.stale.lock().push((why, leader));
    }

    fn fetched(&self, _: ShareFetched) {
        *self.fetched.lock() += 1;
    }
}

struct Harness {
    fetcher: ShareFetcher,
    heard: Arc<Heard>,
    out: FakeOutbox,
    now: Instant,
}

fn job(partition_id: i32, first: i64, last: i64, commit: Option<u64>) -> Job {
    let kind = AckType::Accept;
    let acks = PartitionAcks {
        partition: partition(partition_id),
        broker: 1,
        runs: vec![AckRun { first, last, kind }],
    };
    Job {
        acks: vec![acks],
        commit,
    }
}

impl Harness {
    fn new() -> Self {
        let shared = Arc::new(Shared {
            settings: settings(),
            logger: Arc::new(Logger::new(0, 0, false)),
            counters: Counters::default(),
            pace: Pace::default(),
        });
        let heard = Arc::new(Heard::default());
        let mut h = Harness {
            fetcher: ShareFetcher::new(shared, heard.clone(), 1),
            heard,
            out: FakeOutbox::new(&[(ApiKey::ShareFetch, 1, 1), (ApiKey::ShareAcknowledge, 1, 1)]),
            now: Instant::now(),
        };
        h.fetcher.on_up();
        h
    }

    fn command(&mut self, command: Command) {
        self.fetcher.on_command(command);
        self.poll();
    }

    fn poll(&mut self) {
        self.fetcher.poll(self.now, &mut self.out, || ());
    }

    /// The only request, a ShareFetch.
    fn fetch(&mut self) -> ShareFetchRequest {
        match std::mem::take(&mut self.out.sent).pop() {
            Some((_, RequestKind::ShareFetch(request))) => request,
            other => panic!("{other:?}"),
        }
    }

    fn acknowledge(&mut self) -> ShareAcknowledgeRequest {
        match std::mem::take(&mut self.out.sent).pop() {
            Some((_, RequestKind::ShareAcknowledge(request))) => request,
            other => panic!("{other:?}"),
        }
    }

    fn answer(&mut self, kind: ResponseKind) {
        let response = Response {
            kind: Some(kind),
            version: 1,
            rtt: Duration::ZERO,
            broker_id: 1,
            broker: "".into(),
        };
        self.fetcher.on_response(self.now, Ok(response));
        self.poll();
    }

    fn fetched(&mut self, partitions: Vec<PartitionData>) {
        let topic = ShareFetchableTopicResponse::default()
            .with_topic_id(TOPIC)
            .with_partitions(partitions);
        let answer = ShareFetchResponse::default().with_responses(vec![topic]);
        self.answer(ResponseKind::ShareFetch(answer));
    }

    fn acknowledged(&mut self, partition: i32, code: ErrorCode) {
        let data = AckData::default()
            .with_partition_index(partition)
            .with_error_code(i16::try_from(code.0).unwrap());
        let topic = ShareAcknowledgeTopicResponse::default()
            .with_topic_id(TOPIC)
            .with_partitions(vec![data]);
        let answer = ShareAcknowledgeResponse::default().with_responses(vec![topic]);
        self.answer(ResponseKind::ShareAcknowledge(answer));
    }

    /// A session of partition 0 that has given records.
    fn open() -> Self {
        let mut h = Harness::new();
        h.command(Command::Add(partition(0)));
        h.command(Command::Fetch(None));
        assert_eq!(h.fetch().share_session_epoch, 0);
        h.fetched(vec![data(0)]);
        assert_eq!(*h.heard.fetched.lock(), 1);
        h.heard.news.lock().clear();
        h
    }

    /// Results of acknowledgements since the last look, by commit.
    fn results(&self) -> Vec<(Option<u64>, ErrorCode)> {
        let news = std::mem::take(&mut *self.heard.news.lock());
        let outcomes = news.into_iter().filter_map(|news| match news {
            News::Acknowledged(Outcome { commit, results }) => Some((commit, results)),
            _ => None,
        });
        outcomes
            .flat_map(|(commit, results)| results.into_iter().map(move |(_, code)| (commit, code)))
            .collect()
    }

    fn is_closed(&self, number: u64) -> bool {
        let news = self.heard.news.lock();
        news.iter()
            .any(|n| matches!(n, News::Closed(n) if *n == number))
    }
}

/// One record of a partition, acquired.
fn data(partition: i32) -> PartitionData {
    let range = AcquiredRecords::default()
        .with_first_offset(0)
        .with_last_offset(0)
        .with_delivery_count(1);
    PartitionData::default()
        .with_partition_index(partition)
        .with_records(Some(records(&[batch(0, 1, PLAIN)])))
        .with_acquired_records(vec![range])
}

#[test]
fn records_are_fetched_when_wanted_and_until_there_are_some() {
    let mut h = Harness::new();
    h.command(Command::Add(partition(0)));
    assert!(h.out.sent.is_empty());
    h.command(Command::Fetch(None));
    assert_eq!(h.fetch().topics.len(), 1);
    // Nothing yet: asked again, in the session.
    h.fetched(vec![]);
    let again = h.fetch();
    assert_eq!((again.share_session_epoch, again.topics.len()), (1, 0));
    h.fetched(vec![data(0)]);
    assert!(h.out.sent.is_empty());
    let news = h.heard.news.lock();
    assert!(matches!(&news[..], [News::Fetched]), "{news:?}");
}

#[test]
fn acknowledgements_go_along_with_a_fetch() {
    let mut h = Harness::open();
    h.command(Command::Fetch(Some(job(0, 0, 9, None))));
    let request = h.fetch();
    let batch = &request.topics[0].partitions[0].acknowledgement_batches[0];
    assert_eq!((batch.first_offset, batch.last_offset), (0, 9));
    assert_eq!(batch.acknowledge_types, [1]);
    let refused = data(0).with_acknowledge_error_code(121);
    h.fetched(vec![refused]);
    assert_eq!(h.results(), [(None, ErrorCode::INVALID_RECORD_STATE)]);
}

#[test]
fn who_waits_for_a_result_does_not_wait_for_records() {
    let mut h = Harness::open();
    h.fetcher
        .on_command(Command::Fetch(Some(job(0, 0, 0, None))));
    h.command(Command::Acknowledge(job(0, 1, 1, Some(7))));
    let request = h.acknowledge();
    assert_eq!(request.share_session_epoch, 1);
    let batches = &request.topics[0].partitions[0].acknowledgement_batches;
    assert_eq!(batches.len(), 2);
    h.acknowledged(0, ErrorCode::NO_ERROR);
    let want = [(None, ErrorCode::NO_ERROR), (Some(7), ErrorCode::NO_ERROR)];
    assert_eq!(h.results(), want);
    assert_eq!(h.fetch().share_session_epoch, 2);
}

#[test]
fn acknowledgements_of_a_partition_that_is_gone_do_not_bring_it_back() {
    let mut h = Harness::open();
    h.command(Command::Add(partition(1)));
    h.command(Command::Remove((TOPIC, 0)));
    h.command(Command::Fetch(Some(job(0, 0, 0, None))));
    h.acknowledge();
    h.acknowledged(0, ErrorCode::NO_ERROR);
    assert_eq!(h.results(), [(None, ErrorCode::NO_ERROR)]);
    let fetch = h.fetch();
    assert_eq!(fetch.forgotten_topics_data[0].partitions, [0]);
}

#[test]
fn what_the_broker_says_nothing_of_has_failed() {
    let mut h = Harness::open();
    h.command(Command::Acknowledge(job(0, 0, 0, Some(1))));
    h.acknowledge();
    h.acknowledged(5, ErrorCode::NO_ERROR);
    assert_eq!(h.results(), [(Some(1), ErrorCode::INVALID_RECORD_STATE)]);
}

#[test]
fn a_lost_session_fails_what_was_locked_in_it_and_begins_again() {
    let mut h = Harness::open();
    h.command(Command::Fetch(Some(job(0, 0, 0, None))));
    h.fetch();
    let code = ErrorCode::SHARE_SESSION_NOT_FOUND;
    let answer = ShareFetchResponse::default().with_error_code(122);
    h.answer(ResponseKind::ShareFetch(answer));
    assert_eq!(h.results(), [(None, code)]);
    let again = h.fetch();
    assert_eq!((again.share_session_epoch, again.topics.len()), (0, 1));
    // The next ones have no session before that is answered, and none to wait for.
    h.command(Command::Acknowledge(job(0, 0, 0, Some(2))));
    h.answer(ResponseKind::ShareFetch(
        ShareFetchResponse::default().with_error_code(123),
    ));
    let epoch = ErrorCode::INVALID_SHARE_SESSION_EPOCH;
    assert_eq!(h.results(), [(Some(2), epoch)]);
}

#[test]
fn too_many_sessions_are_not_asked_for_at_once_again() {
    let mut h = Harness::open();
    h.command(Command::Fetch(None));
    h.fetch();
    h.answer(ResponseKind::ShareFetch(
        ShareFetchResponse::default().with_error_code(133),
    ));
    assert!(h.out.sent.is_empty());
    let at = h.fetcher.next_deadline(true).expect("a pause");
    assert!(at > h.now);
    h.now = at;
    h.poll();
    assert_eq!(h.fetch().share_session_epoch, 0);
}

#[test]
fn without_a_connection_acknowledgements_fail_at_once() {
    let mut h = Harness::open();
    h.command(Command::Fetch(Some(job(0, 0, 0, Some(1)))));
    let _ = h.acknowledge();
    let lost = RequestError::Disconnected("gone".into());
    h.fetcher.on_response(h.now, Err(lost));
    h.fetcher.on_down();
    assert_eq!(h.results(), [(Some(1), ErrorCode::_TRANSPORT)]);
    h.fetcher
        .on_command(Command::Acknowledge(job(0, 1, 1, Some(2))));
    assert_eq!(h.results(), [(Some(2), ErrorCode::_TRANSPORT)]);
    h.fetcher.on_command(Command::Close(job(0, 2, 2, None), 5));
    assert!(h.is_closed(5));
}

#[test]
fn closing_ends_the_session_with_the_last_acknowledgements() {
    let mut h = Harness::open();
    h.command(Command::Close(job(0, 0, 3, None), 9));
    let request = h.acknowledge();
    assert_eq!(request.share_session_epoch, CLOSES);
    assert_eq!(request.topics.len(), 1);
    assert!(!h.is_closed(9));
    h.acknowledged(0, ErrorCode::NO_ERROR);
    assert!(h.is_closed(9));
    assert_eq!(h.results(), [(None, ErrorCode::NO_ERROR)]);
    // Where there is no session there is nothing to end.
    let mut h = Harness::new();
    let none = Job {
        acks: Vec::new(),
        commit: None,
    };
    h.command(Command::Close(none, 1));
    assert!(h.out.sent.is_empty() && h.is_closed(1));
}

#[test]
fn a_loop_that_ends_gives_every_acknowledgement_a_result() {
    let mut h = Harness::open();
    h.command(Command::Acknowledge(job(0, 0, 0, Some(1))));
    h.command(Command::Acknowledge(job(0, 1, 1, Some(2))));
    let heard = h.heard.clone();
    drop(h);
    let news = heard.news.lock();
    let ended = news.iter().filter(|n| matches!(n, News::Acknowledged(_)));
    assert_eq!(ended.count(), 2);
}

#[test]
fn a_partition_s_error_is_told_once() {
    let mut h = Harness::open();
    let refused = || data(0).with_error_code(29).with_acquired_records(vec![]);
    let mut told = Vec::new();
    h.command(Command::Fetch(None));
    for answer in [refused(), refused(), data(0), refused()] {
        h.fetch();
        h.fetched(vec![answer]);
        let news = std::mem::take(&mut *h.heard.news.lock());
        told.push(news.iter().any(|n| matches!(n, News::Error { .. })));
        h.command(Command::Fetch(None));
        if let Some(at) = h.fetcher.next_deadline(true) {
            h.now = at;
            h.poll();
        }
    }
    assert_eq!(told, [true, false, false, true]);
}

#[test]
fn a_slow_application_s_consumer_asks_for_no_more_than_it_can_hand_out() {
    let mut h = Harness::new();
    h.out = FakeOutbox::new(&[(ApiKey::ShareFetch, 2, 2)]);
    h.command(Command::Add(partition(0)));
    let shared = h.fetcher.shared.clone();
    let mut asked = || {
        h.command(Command::Fetch(None));
        let request = h.fetch();
        h.fetched(vec![data(0)]);
        (request.max_records, request.acquire_mode())
    };
    shared.pace.set_leaders(3);
    assert_eq!(asked(), (500, BATCH_OPTIMIZED));
    assert!(shared.pace.slow_down() && !shared.pace.slow_down());
    assert_eq!(asked(), (166, RECORD_LIMIT));
    shared.pace.set_leaders(1000);
    assert_eq!(asked(), (1, RECORD_LIMIT));
}

#[test]
fn who_leads_now_is_passed_on_with_what_says_so() {
    use kafka_protocol::messages::share_acknowledge_response::{LeaderIdAndEpoch, NodeEndpoint};
    use kafka_protocol::protocol::StrBytes;

    let mut h = Harness::open();
    h.command(Command::Acknowledge(job(0, 0, 0, Some(1))));
    h.acknowledge();
    let leader = LeaderIdAndEpoch::default()
        .with_leader_id(2)
        .with_leader_epoch(5);
    let data = AckData::default()
        .with_error_code(6)
        .with_current_leader(leader);
    let topic = ShareAcknowledgeTopicResponse::default()
        .with_topic_id(TOPIC)
        .with_partitions(vec![data]);
    let node = NodeEndpoint::default()
        .with_node_id(2.into())
        .with_host(StrBytes::from_static_str("h"))
        .with_port(9);
    let answer = ShareAcknowledgeResponse::default()
        .with_responses(vec![topic])
        .with_node_endpoints(vec![node]);
    h.answer(ResponseKind::ShareAcknowledge(answer));
    let moved = ErrorCode::NOT_LEADER_FOR_PARTITION;
    assert_eq!(h.results(), [(Some(1), moved)]);
    let node = Node {
        id: 2,
        host: "h".into(),
        port: 9,
        rack: None,
    };
    let new = NewLeader {
        partition: 0,
        leader: 2,
        epoch: 5,
        node: Some(node),
    };
    assert_eq!(*h.heard.stale.lock(), [(moved, Some(new))]);
}
