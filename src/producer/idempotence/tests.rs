use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::super::testing::{Fixture, settings, topic_settings};
use super::*;
use crate::broker::RequestError;

/// A partition's leader as far as it watches over sequences.
#[derive(Default)]
struct Broker {
    /// What is stored.
    log: Vec<u32>,
    epoch: i16,
    /// First and last sequence of the last five batches, and their offsets.
    recent: VecDeque<(i32, i32, i64)>,
}

struct Sent {
    tag: u64,
    epoch: i16,
    first: i32,
    values: Vec<u32>,
}

fn int<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().unwrap()
}

/// What a produce request has in it: one batch, whose values are four bytes each.
fn parse(tag: u64, segments: &[Bytes]) -> Sent {
    let batch = segments
        .iter()
        .find(|s| {
            s.len() > 61 && s[16] == 2 && int::<4>(s, 8) == ((s.len() - 12) as i32).to_be_bytes()
        })
        .expect("a batch");
    let count = i32::from_be_bytes(int(batch, 57));
    let mut values = Vec::new();
    let mut at = 61;
    for _ in 0..count {
        // Length, attributes, timestamp, offset, no key, four bytes of value, no headers:
        // one byte each but for the value.
        values.push(u32::from_be_bytes(int(batch, at + 6)));
        at += 11;
    }
    assert_eq!(at, batch.len());
    assert_eq!(
        crc32c::crc32c(&batch[21..]).to_be_bytes(),
        int::<4>(batch, 17)
    );
    Sent {
        tag,
        epoch: i16::from_be_bytes(int(batch, 51)),
        first: i32::from_be_bytes(int(batch, 53)),
        values,
    }
}

impl Broker {
    fn store(&mut self, sent: &Sent) -> (ErrorCode, i64) {
        let last = advance(sent.first, sent.values.len() - 1);
        if sent.epoch < self.epoch {
            return (ErrorCode::INVALID_PRODUCER_EPOCH, -1);
        }
        if sent.epoch > self.epoch {
            if sent.first != 0 {
                return (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
            }
            self.recent.clear();
        } else if let Some(known) = self
            .recent
            .iter()
            .find(|r| r.0 == sent.first && r.1 == last)
        {
            return (ErrorCode::NO_ERROR, known.2);
        } else if let Some(newest) = self.recent.back()
            && advance(newest.1, 1) != sent.first
        {
            return (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
        }
        self.epoch = sent.epoch;
        let offset = self.log.len() as i64;
        if self.recent.len() == 5 {
            self.recent.pop_front();
        }
        self.recent.push_back((sent.first, last, offset));
        self.log.extend(&sent.values);
        (ErrorCode::NO_ERROR, offset)
    }
}

struct Sim {
    f: Fixture,
    broker: Broker,
    rng: fastrand::Rng,
    wire: VecDeque<Sent>,
    produced: u32,
}

fn idempotent(message_timeout: Duration) -> Fixture {
    let mut s = settings();
    s.idempotence = true;
    s.retries = u32::MAX;
    let mut t = topic_settings();
    t.message_timeout = message_timeout;
    Fixture::new(s, t)
}

impl Sim {
    fn new(seed: u64, message_timeout: Duration) -> Self {
        let f = idempotent(message_timeout);
        f.sender_shared().identity.set(Pid { id: 7, epoch: 0 });
        Sim {
            f,
            broker: Broker::default(),
            rng: fastrand::Rng::with_seed(seed),
            wire: VecDeque::new(),
            produced: 0,
        }
    }

    fn produce(&mut self, count: u32) {
        for _ in 0..count {
            self.f.produce([self.produced as usize]);
            self.produced += 1;
        }
    }

    fn turn(&mut self) {
        self.f.turn();
        self.f.out.backlog = 0;
        for out in self.f.out.sent.drain(..) {
            let p = parse(out.tag, &out.segments);
            self.wire.push_back(p);
        }
        assert!(self.wire.len() <= 5, "{} in flight", self.wire.len());
    }

    /// The oldest request reaches the broker, or does not.
    fn answer(&mut self, faults: bool) {
        let Some(sent) = self.wire.pop_front() else {
            return;
        };
        let roll = if faults { self.rng.u32(..24) } else { 99 };
        match roll {
            0 => self.f.answer(sent.tag, ErrorCode::NOT_ENOUGH_REPLICAS, -1),
            1 => self.f.answer(sent.tag, ErrorCode::INVALID_RECORD, -1),
            2 => {
                self.broker.store(&sent);
                self.f
                    .answer(sent.tag, ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND, -1);
            }
            n @ (3 | 4) => self.cut(sent, n == 4),
            5 => {
                self.f.sender.purge_in_flight(self.f.now);
                // They are on their way nevertheless.
                self.broker.store(&sent);
                for sent in std::mem::take(&mut self.wire) {
                    self.broker.store(&sent);
                }
            }
            _ => {
                let (code, offset) = self.broker.store(&sent);
                self.f.answer(sent.tag, code, offset);
            }
        }
    }

    /// The connection is lost, with or without what was on it.
    fn cut(&mut self, first: Sent, arrived: bool) {
        let mut all = VecDeque::from([first]);
        all.append(&mut self.wire);
        let arrived = if arrived {
            self.rng.usize(..=all.len())
        } else {
            0
        };
        for (at, sent) in all.into_iter().enumerate() {
            if at < arrived {
                self.broker.store(&sent);
            }
            let lost = RequestError::Disconnected("test".into());
            self.f.sender.on_response(self.f.now, sent.tag, Err(lost));
        }
        self.f.sender.on_down(self.f.now);
    }

    fn run(mut self, steps: u32) -> (u32, usize) {
        for _ in 0..steps {
            match self.rng.u32(..4) {
                0 => {
                    let n = self.rng.u32(1..8);
                    self.produce(n);
                }
                1 => self.f.now += Duration::from_millis(self.rng.u64(..200)),
                2 => self.answer(true),
                _ => self.turn(),
            }
            self.check_log();
        }
        for _ in 0..1000 {
            self.f.now += Duration::from_millis(200);
            self.turn();
            self.answer(false);
        }
        self.check_end();
        (self.produced, self.broker.log.len())
    }

    fn check_log(&self) {
        let log = &self.broker.log;
        assert!(log.is_sorted_by(|a, b| a < b), "{log:?}");
        assert_eq!(*self.f.sink.fatal.lock(), []);
    }

    fn check_end(&self) {
        self.check_log();
        let reports = self.f.sink.reports.lock();
        let mut all: Vec<_> = reports.iter().map(|r| r.0).collect();
        all.sort_unstable();
        let want: Vec<_> = (0..self.produced as usize).collect();
        assert_eq!(all, want, "each is reported once");
        for (value, code, _) in reports.iter().filter(|r| r.1.is_ok()) {
            let stored = self.broker.log.contains(&(*value as u32));
            assert!(stored, "{value} was reported {code} and is not stored");
        }
    }
}

#[test]
fn whatever_fails_nothing_is_stored_twice_or_out_of_order() {
    let seeds = std::env::var("IDEMPOTENCE_SEEDS")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(300);
    let (mut produced, mut stored) = (0, 0);
    for seed in 0..seeds {
        // Shown if it fails.
        println!("seed {seed}");
        let timeout = Duration::from_secs(if seed % 2 == 0 { 2 } else { 3600 });
        let (p, s) = Sim::new(seed, timeout).run(400);
        produced += p as usize;
        stored += s;
    }
    // Faults are common here, and most messages get through all the same.
    assert!(stored * 2 > produced, "{stored} of {produced}");
}

#[test]
fn nothing_is_sent_before_there_is_a_producer_id() {
    let mut f = idempotent(Duration::ZERO);
    f.produce(0..4);
    f.turn();
    assert_eq!(f.out.sent.len(), 0);
    f.sender_shared().identity.set(Pid { id: 7, epoch: 3 });
    f.topic.nudge();
    f.turn();
    assert_eq!(f.out.sent.len(), 1, "the first goes alone");
    f.answer(0, ErrorCode::NO_ERROR, 0);
    f.turn();
    assert_eq!(f.out.sent.len(), 2);
    let batches: Vec<_> = f
        .out
        .sent
        .iter()
        .map(|o| parse(o.tag, &o.segments))
        .collect();
    assert_eq!((batches[0].epoch, batches[0].first), (3, 0));
    assert_eq!((batches[1].epoch, batches[1].first), (3, 2));
}

#[test]
fn a_refusal_of_what_is_next_is_fatal() {
    let mut f = idempotent(Duration::ZERO);
    f.sender_shared().identity.set(Pid { id: 7, epoch: 0 });
    f.produce(0..4);
    f.turn();
    let code = ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER;
    f.answer(0, code, -1);
    assert_eq!(*f.sink.fatal.lock(), [code]);
    let reports = f.sink.reports.lock().clone();
    assert_eq!(reports, [(0, code, -1001), (1, code, -1001)]);
}

/// An idempotent producer whose first batch is acknowledged and whose second was cut off
/// on its way.
fn uncertain(cause: RequestError) -> Fixture {
    let mut f = idempotent(Duration::ZERO);
    f.sender_shared().identity.set(Pid { id: 7, epoch: 0 });
    f.produce(0..2);
    f.turn();
    f.answer(0, ErrorCode::NO_ERROR, 0);
    f.produce(2..4);
    f.turn();
    f.sender.on_response(f.now, 1, Err(cause));
    again(&mut f);
    f
}

fn again(f: &mut Fixture) {
    f.now += Duration::from_secs(5);
    f.turn();
}

#[test]
fn a_refusal_of_what_may_be_stored_is_asked_about_again() {
    for code in [ErrorCode::NO_ERROR, ErrorCode::DUPLICATE_SEQUENCE_NUMBER] {
        let mut f = uncertain(RequestError::TimedOut);
        for tag in 2..7 {
            f.answer(tag, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
            again(&mut f);
            let last = f.out.sent.last().unwrap();
            let sent = parse(last.tag, &last.segments);
            assert_eq!((last.tag, sent.epoch, sent.first), (tag + 1, 0, 2));
        }
        f.answer(7, code, 2);
        assert!(f.sink.fatal.lock().is_empty());
        assert_eq!(f.reported(), [0, 1, 2, 3]);
    }
}

#[test]
fn a_refusal_that_is_repeated_is_believed() {
    let mut f = uncertain(RequestError::TimedOut);
    let code = ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER;
    for tag in 2..8 {
        assert!(f.sink.fatal.lock().is_empty());
        f.answer(tag, code, -1);
        again(&mut f);
    }
    assert_eq!(*f.sink.fatal.lock(), [code]);
}

#[test]
fn a_refusal_after_other_refusals_is_believed_at_once() {
    let mut f = idempotent(Duration::ZERO);
    f.sender_shared().identity.set(Pid { id: 7, epoch: 0 });
    f.produce(0..2);
    f.turn();
    f.answer(0, ErrorCode::NOT_ENOUGH_REPLICAS, -1);
    again(&mut f);
    let code = ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER;
    f.answer(1, code, -1);
    assert_eq!(*f.sink.fatal.lock(), [code]);
}

#[test]
fn a_gap_is_fatal_where_none_may_be() {
    for gapless in [false, true] {
        let mut s = settings();
        s.idempotence = true;
        s.gapless = gapless;
        let mut f = Fixture::new(s, topic_settings());
        f.sender_shared().identity.set(Pid { id: 7, epoch: 0 });
        f.produce(0..2);
        f.turn();
        f.answer(0, ErrorCode::INVALID_RECORD, -1);
        let fatal = f.sink.fatal.lock().clone();
        assert_eq!(fatal.contains(&ErrorCode::_GAPLESS_GUARANTEE), gapless);
        assert_eq!(f.reported(), [0, 1]);
    }
}

#[test]
fn a_forgotten_producer_begins_a_new_epoch() {
    let mut f = idempotent(Duration::ZERO);
    f.sender_shared().identity.set(Pid { id: 7, epoch: 0 });
    f.produce(0..2);
    f.turn();
    f.answer(0, ErrorCode::UNKNOWN_PRODUCER_ID, -1);
    f.now += Duration::from_secs(1);
    f.turn();
    let last = f.out.sent.last().unwrap();
    let again = parse(last.tag, &last.segments);
    assert_eq!((again.epoch, again.first), (1, 0));
    f.answer(1, ErrorCode::NO_ERROR, 0);
    assert_eq!(
        f.sink.reports.lock().clone(),
        [(0, ErrorCode::NO_ERROR, 0), (1, ErrorCode::NO_ERROR, 0)]
    );
}

#[test]
fn when_the_epochs_are_used_up_another_id_is_asked_for() {
    let mut f = idempotent(Duration::ZERO);
    let last = Pid {
        id: 7,
        epoch: i16::MAX - 1,
    };
    f.sender_shared().identity.set(last);
    f.produce(0..2);
    f.turn();
    f.answer(0, ErrorCode::INVALID_RECORD, -1);
    f.produce(2..4);
    f.turn();
    assert_eq!(*f.sink.spent.lock(), [7]);
    assert_eq!(f.out.sent.len(), 1);
    f.sender_shared().identity.set(Pid { id: 8, epoch: 0 });
    f.topic.nudge();
    f.turn();
    assert_eq!(f.out.sent.len(), 2);
    assert_eq!(*f.sink.spent.lock(), [7]);
}

#[test]
fn sequences_start_again_after_the_last() {
    assert_eq!(advance(i32::MAX, 1), 0);
    assert_eq!(advance(i32::MAX - 1, 3), 1);
    assert_eq!(advance(5, 2), 7);
}
