use crate::base::lock::Mutex;
use bytes::Bytes;
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{FetchResponse, ResponseKind, TopicName};
use std::sync::atomic::AtomicUsize;

use super::super::ResetPolicy;
use super::super::partition::PAUSED_BY_APP;
use super::super::testing::{
    self, FakeOutbox, PLAIN, TestPartition, batch, partition_of, room, settings,
};
use super::*;
use crate::base::log::Logger;
use crate::broker::Response;
use crate::consumer::Reason;

struct Harness {
    fetcher: Fetcher,
    out: FakeOutbox,
    ended: Arc<Mutex<Vec<FetchEnded>>>,
    woken: Arc<AtomicUsize>,
    now: Instant,
    shared: Arc<ConsumerShared>,
    next_fetch_id: u64,
}

fn harness_with(settings: crate::consumer::Settings, max_fetch: i16) -> Harness {
    let shared = Arc::new(ConsumerShared {
        settings,
        logger: Arc::new(Logger::new(0, 0, false)),
    });
    let ended: Arc<Mutex<Vec<FetchEnded>>> = Arc::default();
    let kept = ended.clone();
    let (room, woken) = room();
    let on_ended: OnFetchEnded = Arc::new(move |b| kept.lock().push(b));
    let now = Instant::now();
    let mut fetcher = Fetcher::new(shared.clone(), room, on_ended, 1, Arc::default());
    fetcher.on_up(now);
    Harness {
        fetcher,
        out: FakeOutbox::new(&[(ApiKey::Fetch, 4, max_fetch)]),
        ended,
        woken,
        now,
        shared,
        next_fetch_id: 1,
    }
}

fn harness() -> Harness {
    harness_with(settings(), 12)
}

/// What a broker says about a partition.
struct Says<'a> {
    of: &'a TestPartition,
    code: ErrorCode,
    records: Bytes,
    high: i64,
}

fn as_fetch(request: &RequestKind) -> &FetchRequest {
    match request {
        RequestKind::Fetch(fetch) => fetch,
        other => panic!("{other:?}"),
    }
}

impl Harness {
    fn partition(&self, id: i32) -> TestPartition {
        let b = partition_of(&self.shared, "t", id, ResetPolicy::Beginning);
        b.partition.begin();
        b
    }

    fn start(&mut self, b: &TestPartition, offset: i64) -> u64 {
        let fetch_id = self.next_fetch_id;
        self.next_fetch_id += 1;
        let start = Start {
            partition: b.partition.clone(),
            version: b.partition.version(),
            fetch_id,
            position: Position::new(offset, -1),
            leader_epoch: 3,
            topic_id: Uuid::nil(),
            not_before: None,
        };
        self.fetcher.on_command(self.now, Command::Start(start));
        fetch_id
    }

    /// The request that goes out now, if one does: partitions and offsets.
    fn poll(&mut self) -> Option<Vec<(i32, i64)>> {
        self.fetcher.collect(self.now);
        let before = self.out.sent.len();
        self.fetcher.poll(self.now, &mut self.out, || ());
        let (_, sent) = self.out.sent.get(before)?;
        let mut list: Vec<_> = as_fetch(sent)
            .topics
            .iter()
            .flat_map(|t| &t.partitions)
            .map(|p| (p.partition, p.fetch_offset))
            .collect();
        list.sort();
        Some(list)
    }

    fn last(&self) -> &FetchRequest {
        as_fetch(&self.out.sent.last().unwrap().1)
    }

    fn answer(&mut self, code: ErrorCode, says: Vec<Says<'_>>) {
        let partitions = says
            .into_iter()
            .map(|s| {
                let mut p = PartitionData::default();
                p.partition_index = s.of.partition.id;
                p.error_code = i16::try_from(s.code.0).unwrap();
                p.high_watermark = s.high;
                p.last_stable_offset = s.high;
                p.log_start_offset = 0;
                p.preferred_read_replica = BrokerId(-1);
                p.records = Some(s.records);
                p
            })
            .collect();
        self.respond(code, partitions);
    }

    fn respond(&mut self, code: ErrorCode, partitions: Vec<PartitionData>) {
        let mut topic = FetchableTopicResponse::default();
        topic.topic = TopicName(StrBytes::from_static_str("t"));
        topic.partitions = partitions;
        let mut fetch = FetchResponse::default();
        fetch.error_code = i16::try_from(code.0).unwrap();
        fetch.session_id = 5;
        fetch.responses.push(topic);
        let response = Response {
            kind: Some(ResponseKind::Fetch(fetch)),
            version: 12,
            rtt: Duration::ZERO,
            broker_id: 1,
            broker: "".into(),
        };
        self.fetcher.on_response(self.now, Ok(response));
    }

    fn data(&mut self, b: &TestPartition, batches: &[Vec<u8>], high: i64) {
        let says = Says {
            of: b,
            code: ErrorCode::NO_ERROR,
            records: testing::records(batches),
            high,
        };
        self.answer(ErrorCode::NO_ERROR, vec![says]);
    }

    fn error(&mut self, b: &TestPartition, code: ErrorCode) {
        let says = Says {
            of: b,
            code,
            records: Bytes::new(),
            high: -1,
        };
        self.answer(ErrorCode::NO_ERROR, vec![says]);
    }
}

#[test]
fn one_fetch_at_a_time_and_the_next_goes_on() {
    let mut w = harness();
    let b = w.partition(0);
    w.start(&b, 3);
    assert_eq!(w.poll(), Some(vec![(0, 3)]));
    assert_eq!(w.poll(), None, "one is in flight");
    w.data(&b, &[batch(0, 10, PLAIN)], 100);
    assert_eq!(b.offsets(), (3..10).collect::<Vec<_>>());
    assert_eq!(w.poll(), Some(vec![(0, 10)]));
    assert_eq!((w.last().session_id, w.last().session_epoch), (5, 1));
    assert_eq!(b.partition.watermarks(), (0, 100));
}

#[test]
fn a_full_queue_is_left_out_and_comes_back_at_once() {
    let mut w = harness();
    let (a, b) = (w.partition(0), w.partition(1));
    w.start(&a, 0);
    w.start(&b, 0);
    assert_eq!(w.poll(), Some(vec![(0, 0), (1, 0)]));
    w.data(&a, &[batch(0, 1200, PLAIN)], 5000);
    assert_eq!(w.poll(), Some(vec![]), "nothing new about partition 1");
    assert_eq!(w.last().forgotten_topics_data[0].partitions, [0]);
    assert!(w.last().max_wait_ms < 100);
    w.respond(ErrorCode::NO_ERROR, vec![]);
    w.poll();
    w.respond(ErrorCode::NO_ERROR, vec![]);
    for _ in 0..128 {
        a.take().unwrap();
    }
    assert_eq!(w.woken.load(Ordering::Relaxed), 0, "1000 are still there");
    for _ in 0..72 {
        a.take().unwrap();
    }
    assert_eq!(w.woken.load(Ordering::Relaxed), 1);
    assert_eq!(w.poll(), Some(vec![(0, 1200)]));
}

#[test]
fn bytes_are_limited_over_the_queue() {
    let mut settings = settings();
    settings.queued_max_bytes = 1000;
    let mut w = harness_with(settings, 12);
    let b = w.partition(0);
    w.start(&b, 0);
    w.poll();
    w.data(&b, &[batch(0, 200, PLAIN)], 5000);
    assert_eq!(w.poll(), None);
    assert_eq!(
        w.fetcher.next_deadline(true),
        None,
        "nothing polls on a period"
    );
    b.take_all();
    assert_eq!(w.woken.load(Ordering::Relaxed), 1);
    assert_eq!(w.poll(), Some(vec![(0, 200)]));
}

#[test]
fn the_end_is_reported_once_for_an_offset() {
    let mut w = harness();
    let b = w.partition(0);
    w.start(&b, 0);
    w.poll();
    w.data(&b, &[batch(0, 2, PLAIN)], 2);
    let eof = |seen: Vec<testing::Seen>| {
        seen.iter()
            .filter(|s| s.err == ErrorCode::_PARTITION_EOF.0)
            .map(|s| s.offset)
            .collect::<Vec<_>>()
    };
    assert_eq!(eof(b.take_all()), [2]);
    w.poll();
    w.data(&b, &[], 2);
    assert!(b.take_all().is_empty());
    w.poll();
    w.data(&b, &[batch(2, 1, PLAIN)], 3);
    assert_eq!(eof(b.take_all()), [3]);
}

#[test]
fn a_paused_partition_is_not_fetched() {
    let mut w = harness();
    let b = w.partition(0);
    w.start(&b, 0);
    b.partition.pause(PAUSED_BY_APP);
    assert_eq!(w.poll(), None);
    b.partition.resume(PAUSED_BY_APP);
    assert_eq!(w.woken.load(Ordering::Relaxed), 1);
    assert_eq!(w.poll(), Some(vec![(0, 0)]));
}

#[test]
fn what_is_about_the_leader_goes_back_to_control() {
    let mut w = harness();
    let b = w.partition(0);
    for (code, reason) in [
        (
            ErrorCode::NOT_LEADER_FOR_PARTITION,
            Reason::Refused(ErrorCode::NOT_LEADER_FOR_PARTITION),
        ),
        (ErrorCode::OFFSET_OUT_OF_RANGE, Reason::OutOfRange),
    ] {
        let fetch_id = w.start(&b, 8);
        w.poll();
        w.error(&b, code);
        let end = w.ended.lock().pop().unwrap();
        assert_eq!((end.fetch_id, end.position.offset), (fetch_id, 8));
        assert_eq!(end.reason, reason);
        assert_eq!(w.poll(), None, "nothing is left to fetch");
    }
    assert!(b.take_all().is_empty(), "the application hears of neither");
}

#[test]
fn other_errors_are_the_applications_and_pause() {
    let mut w = harness();
    let b = w.partition(0);
    w.start(&b, 0);
    for (code, told, pause) in [
        (ErrorCode::TOPIC_AUTHORIZATION_FAILED, 1, 5000),
        (ErrorCode::TOPIC_AUTHORIZATION_FAILED, 0, 5000),
        (ErrorCode::INVALID_MSG, 1, 500),
        (ErrorCode::INVALID_MSG, 1, 500),
    ] {
        w.poll();
        w.error(&b, code);
        assert_eq!(b.take_all().len(), told);
        w.now += Duration::from_millis(pause - 1);
        assert_eq!(w.poll(), None);
        w.now += Duration::from_millis(1);
    }
    assert_eq!(w.poll(), Some(vec![]), "it is in the session");
}

#[test]
fn a_stopped_partition_takes_no_more() {
    let mut w = harness();
    let b = w.partition(0);
    let fetch_id = w.start(&b, 0);
    w.poll();
    let stop = Command::Stop {
        partition: b.partition.clone(),
        fetch_id,
    };
    w.fetcher.on_command(w.now, stop);
    assert_eq!(w.ended.lock()[0].reason, Reason::Stopped);
    w.data(&b, &[batch(0, 5, PLAIN)], 5);
    assert!(b.take_all().is_empty());
}

#[test]
fn a_seek_in_flight_wins() {
    let mut w = harness();
    let b = w.partition(0);
    w.start(&b, 0);
    w.poll();
    b.partition.new_version();
    w.start(&b, 50);
    w.data(&b, &[batch(0, 5, PLAIN)], 100);
    assert!(b.take_all().is_empty());
    assert_eq!(w.poll(), Some(vec![(0, 50)]));
    assert_eq!(
        w.last().session_epoch,
        0,
        "the broker tells everything anew"
    );
}

#[test]
fn a_lost_session_begins_anew() {
    let mut w = harness();
    let b = w.partition(0);
    w.start(&b, 0);
    w.poll();
    w.data(&b, &[batch(0, 5, PLAIN)], 100);
    w.poll();
    w.answer(ErrorCode::FETCH_SESSION_ID_NOT_FOUND, vec![]);
    assert_eq!(w.poll(), Some(vec![(0, 5)]));
    assert_eq!((w.last().session_id, w.last().session_epoch), (0, 0));
}

#[test]
fn the_fetch_size_grows_for_a_large_message() {
    let mut w = harness();
    let b = w.partition(0);
    w.start(&b, 0);
    w.poll();
    let whole = batch(0, 5, PLAIN);
    w.data(&b, &[whole[..40].to_vec()], 100);
    assert_eq!(w.poll(), Some(vec![(0, 0)]));
    let p = &w.last().topics[0].partitions[0];
    assert_eq!(p.partition_max_bytes, 2 << 20);
    assert!(b.take_all().is_empty());
}

#[test]
fn a_partitions_limit_does_not_raise_the_responses() {
    let mut settings = settings();
    (settings.max_bytes, settings.partition_max_bytes) = (1000, 20_000);
    let mut w = harness_with(settings, 12);
    let b = w.partition(0);
    w.start(&b, 0);
    w.poll();
    assert_eq!(w.last().max_bytes, 1000);
    // But a message that did not fit is to fit the next time.
    let whole = batch(0, 5, PLAIN);
    w.data(&b, &[whole[..40].to_vec()], 100);
    w.poll();
    assert_eq!(w.last().max_bytes, 40_000);
}

#[test]
fn a_replica_nearby_is_controls_business() {
    let mut w = harness();
    let b = w.partition(0);
    w.start(&b, 4);
    w.poll();
    let mut p = PartitionData::default();
    p.high_watermark = 100;
    p.preferred_read_replica = BrokerId(2);
    w.respond(ErrorCode::NO_ERROR, vec![p]);
    let end = w.ended.lock().pop().unwrap();
    assert_eq!(end.reason, Reason::Preferred(2));
    assert_eq!(end.position.offset, 4);
}

#[test]
fn the_end_of_the_loop_gives_everything_back() {
    let mut w = harness();
    let (a, b) = (w.partition(0), w.partition(1));
    w.start(&a, 1);
    w.start(&b, 2);
    let Harness { fetcher, ended, .. } = w;
    drop(fetcher);
    let mut offsets: Vec<_> = ended.lock().iter().map(|b| b.position.offset).collect();
    offsets.sort();
    assert_eq!(offsets, [1, 2]);
    assert!(ended.lock().iter().all(|b| b.reason == Reason::Ended));
}
