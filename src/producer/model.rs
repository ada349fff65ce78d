//! Models of what application threads and loops share on the way out, run by loom
//! under every interleaving: see `capi-tests/model.sh`. What is forgotten shows as
//! a deadlock: the loop sleeps, and nobody wakes it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use loom::thread;

use super::batch::{Batch, NewRecord};
use super::idempotence::{Identity, Pid};
use super::limits::Limits;
use super::partition::ready::ReadyPartitions;
use super::partition::{Look, SendLimits};
use super::partitioner::Builtin;
use super::topic::{Partitioner, Record, Topic};
use super::transaction::SharedTransaction;
use super::{
    Delivery, DeliverySink, Partition, ProducerShared, ProducerStats, Settings, TopicSettings,
};
use crate::base::error::ErrorCode;
use crate::base::log::Logger;
use crate::base::model::{Sleeper, check};
use crate::protocol::compression::Codec;
use crate::protocol::leader::NewLeader;
use crate::protocol::records::HeaderRef;

struct Sink;

impl DeliverySink for Sink {
    fn delivered(&self, _: Delivery) {}
    fn metadata_is_stale(&self, _: &Arc<str>, _: ErrorCode, _: Option<NewLeader>) {}

    fn topic_refused(&self, _: &Arc<str>, _: ErrorCode) {}
    fn fatal(&self, _: ErrorCode, _: &str) {}
    fn producer_id_is_spent(&self, _: Pid) {}
    fn joins_transaction(&self, _: &Arc<Partition>) {}
    fn transaction_failed(&self, _: ErrorCode, _: String) {}
}

fn shared(linger: Duration, batch_messages: usize, sleeper: &Arc<Sleeper>) -> Arc<ProducerShared> {
    shared_with(settings(linger, batch_messages), sleeper)
}

fn settings(linger: Duration, batch_messages: usize) -> Settings {
    Settings {
        max_message_bytes: 1000,
        max_queued_messages: 100,
        max_queued_bytes: 10_000,
        linger,
        batch_messages,
        batch_bytes: 1000,
        retries: 1,
        retry_backoff: Duration::ZERO,
        retry_backoff_max: Duration::ZERO,
        socket_timeout: Duration::from_secs(60),
        sticky_linger: Duration::ZERO,
        max_in_flight: 1,
        max_backlog: 1,
        idempotence: false,
        transactional_id: None,
        gapless: false,
    }
}

fn shared_with(settings: Settings, sleeper: &Arc<Sleeper>) -> Arc<ProducerShared> {
    Arc::new(ProducerShared {
        identity: Identity::new(&settings),
        transaction: SharedTransaction::of(&settings),
        settings,
        limits: Limits::new(100, 10_000),
        sink: Arc::new(Sink),
        logger: Arc::new(Logger::new(0, 0, false)),
        leaderless: ready_list(sleeper),
        stats: ProducerStats::default(),
        fatal: Default::default(),
    })
}

fn ready_list(sleeper: &Arc<Sleeper>) -> Arc<ReadyPartitions> {
    let sleeper = sleeper.clone();
    Arc::new(ReadyPartitions::new(Arc::new(move |_| sleeper.notify())))
}

fn topic(shared: &Arc<ProducerShared>) -> Topic {
    let settings = TopicSettings {
        acks: -1,
        request_timeout: Duration::from_secs(30),
        message_timeout: Duration::ZERO,
        codec: Codec::None,
        level: 0,
        lifo: false,
    };
    let partitioner = Partitioner::Builtin(Builtin::Consistent);
    Topic::new(Arc::from("t"), settings, partitioner, shared.clone())
}

fn append(p: &Arc<Partition>, now: Instant, n: usize) {
    p.topic.shared.limits.force_add(1);
    let record = NewRecord {
        key: None,
        value: Some(b"v"),
        headers: [].into_iter() as std::array::IntoIter<HeaderRef<'_>, 0>,
        timestamp: 1,
        opaque: n,
        payload_ptr: 0,
    };
    p.append(now, &record, 1);
}

fn opaques(batch: &Batch) -> impl Iterator<Item = usize> + '_ {
    batch.entries.iter().map(|e| e.opaque)
}

/// The loops of some leaders, on one thread: what each of them is scheduled to
/// look at, and what is in flight, which ends when the thread comes round.
struct Loops {
    lists: Vec<Arc<ReadyPartitions>>,
    scheduled: Vec<Vec<Arc<Partition>>>,
    in_flight: Vec<(Arc<Partition>, Batch)>,
    now: Instant,
    got: Vec<usize>,
    /// Put back every batch once.
    retry: bool,
}

impl Loops {
    fn new(lists: &[&Arc<ReadyPartitions>], now: Instant) -> Self {
        Loops {
            lists: lists.iter().map(|l| Arc::clone(l)).collect(),
            scheduled: lists.iter().map(|_| Vec::new()).collect(),
            in_flight: Vec::new(),
            now,
            got: Vec::new(),
            retry: false,
        }
    }

    fn turn(&mut self) {
        for (p, mut batch) in std::mem::take(&mut self.in_flight) {
            batch.attempts += 1;
            if self.retry && batch.attempts == 1 {
                p.put_back(batch);
            } else {
                self.got.extend(opaques(&batch));
                p.done(&batch);
            }
        }
        for (me, scheduled) in self.lists.iter().zip(&mut self.scheduled) {
            scheduled.extend(me.take());
            scheduled.retain(|p| {
                loop {
                    let limits = SendLimits {
                        can_send: true,
                        max_bytes: usize::MAX,
                    };
                    match p.look(self.now, me, limits) {
                        Look::Batch(batch) => self.in_flight.push((p.clone(), batch)),
                        // Time passes at once.
                        Look::Wait(Some(at)) => self.now = self.now.max(at),
                        Look::Wait(None) => return true,
                        Look::Empty | Look::NotOurs => return false,
                        Look::Expired(_)
                        | Look::NoRoom
                        | Look::Spent(_)
                        | Look::Joins
                        | Look::Purged(_) => {
                            panic!("none is possible here")
                        }
                    }
                }
            });
        }
    }

    /// Until so many messages are delivered; the loop sleeps when it is idle.
    fn run(mut self, messages: usize, sleeper: &Sleeper) -> Vec<usize> {
        loop {
            self.turn();
            if self.got.len() >= messages {
                return self.got;
            }
            if self.in_flight.is_empty() {
                sleeper.sleep();
            }
        }
    }
}

/// Every message is sent, once, in order, whatever the linger and batch size.
fn appended_is_sent(linger: Duration, batch_messages: usize, appenders: usize, retry: bool) {
    check(Some(3), move || {
        let now = Instant::now();
        let sleeper = Arc::new(Sleeper::new());
        let shared = shared(linger, batch_messages, &sleeper);
        let leader = ready_list(&sleeper);
        let partition = Partition::new(topic(&shared).info.clone(), 0, leader.clone());
        let threads: Vec<_> = (0..appenders)
            .map(|t| {
                let p = partition.clone();
                thread::spawn(move || {
                    for n in 0..2 / appenders {
                        append(&p, now, t * 10 + n);
                    }
                })
            })
            .collect();
        let mut loops = Loops::new(&[&leader], now);
        loops.retry = retry;
        let mut got = loops.run(2, &sleeper);
        threads.into_iter().for_each(|t| t.join().unwrap());
        if appenders > 1 {
            got.sort_unstable();
        }
        let wanted = if appenders > 1 { [0, 10] } else { [0, 1] };
        assert_eq!(got, wanted);
        assert_eq!(shared.limits.messages(), 0);
    });
}

#[test]
fn model_accumulator_without_linger() {
    appended_is_sent(Duration::ZERO, 100, 1, false);
}

#[test]
fn model_accumulator_two_threads() {
    appended_is_sent(Duration::ZERO, 100, 2, false);
}

#[test]
fn model_accumulator_lingering() {
    appended_is_sent(Duration::from_millis(5), 100, 1, false);
}

#[test]
fn model_accumulator_full_batches() {
    appended_is_sent(Duration::from_secs(5), 1, 1, false);
}

#[test]
fn model_accumulator_retries() {
    appended_is_sent(Duration::ZERO, 1, 1, true);
}

/// The leader changes while messages come in and are in flight.
#[test]
fn model_leader_changes() {
    check(Some(3), || {
        let now = Instant::now();
        let sleeper = Arc::new(Sleeper::new());
        let shared = shared(Duration::ZERO, 1, &sleeper);
        let (old, new) = (ready_list(&sleeper), ready_list(&sleeper));
        let partition = Partition::new(topic(&shared).info.clone(), 0, old.clone());
        let appender = {
            let p = partition.clone();
            thread::spawn(move || (0..2).for_each(|n| append(&p, now, n)))
        };
        let mover = {
            let (p, new) = (partition.clone(), new.clone());
            thread::spawn(move || p.set_leader(new))
        };
        let got = Loops::new(&[&old, &new], now).run(2, &sleeper);
        appender.join().unwrap();
        mover.join().unwrap();
        assert_eq!(got, [0, 1]);
    });
}

/// Nobody overtakes when the topic becomes known, and nothing is forgotten.
#[test]
fn model_topic_becomes_known() {
    check(Some(3), || {
        let now = Instant::now();
        let sleeper = Arc::new(Sleeper::new());
        let shared = shared(Duration::ZERO, 100, &sleeper);
        let leader = ready_list(&sleeper);
        let topic = Arc::new(topic(&shared));
        let application = {
            let topic = topic.clone();
            thread::spawn(move || {
                for n in 0..2 {
                    let record = Record {
                        key: None,
                        value: Some(b"v"),
                        headers: &[],
                        timestamp: 1,
                        opaque: n,
                        payload_ptr: 0,
                    };
                    topic.produce(0, &record, false).unwrap();
                }
            })
        };
        let main = {
            let leader = leader.clone();
            thread::spawn(move || {
                topic.set_partitions(&[Some(leader)], now);
                topic
            })
        };
        // Later than anything the application's thread has seen of the clock.
        let later = now + Duration::from_secs(60);
        let got = Loops::new(&[&leader], later).run(2, &sleeper);
        application.join().unwrap();
        let topic = main.join().unwrap();
        assert_eq!(got, [0, 1]);
        assert!(!topic.has_unassigned());
        assert_eq!(shared.limits.messages(), 0);
    });
}

/// Room that is given back goes to who waits for it, though others try in vain.
#[test]
fn model_limits_room() {
    check(Some(3), || {
        let limits = Arc::new(Limits::new(1, 10));
        assert!(limits.add(1));
        let waiter = {
            let limits = limits.clone();
            thread::spawn(move || assert!(limits.add_waiting(1, None)))
        };
        let other = {
            let limits = limits.clone();
            thread::spawn(move || {
                if limits.add(1) {
                    limits.remove(1, 1);
                }
            })
        };
        limits.remove(1, 1);
        waiter.join().unwrap();
        other.join().unwrap();
        assert_eq!((limits.messages(), limits.bytes()), (1, 1));
    });
}

/// Two wait for one place each, which become free one by one.
#[test]
fn model_limits_two_wait() {
    check(Some(2), || {
        let limits = Arc::new(Limits::new(1, 10));
        assert!(limits.add(1));
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let limits = limits.clone();
                thread::spawn(move || {
                    assert!(limits.add_waiting(1, None));
                    limits.remove(1, 1);
                })
            })
            .collect();
        limits.remove(1, 1);
        waiters.into_iter().for_each(|w| w.join().unwrap());
        assert_eq!((limits.messages(), limits.bytes()), (0, 0));
    });
}

/// A flush ends when the last message is reported.
#[test]
fn model_limits_flush() {
    check(Some(3), || {
        let limits = Arc::new(Limits::new(1, 10));
        assert!(limits.add(1));
        let flush = {
            let limits = limits.clone();
            thread::spawn(move || while !limits.wait_empty(Duration::from_secs(1)) {})
        };
        let producer = {
            let limits = limits.clone();
            // Refused or not, it takes its place back.
            thread::spawn(move || {
                if limits.add(1) {
                    limits.remove(1, 1);
                }
            })
        };
        limits.remove(1, 1);
        flush.join().unwrap();
        producer.join().unwrap();
    });
}

/// A message is refused at the end of a transaction, or the end waits for it.
#[test]
fn model_transaction_ends() {
    check(None, || {
        let sleeper = Arc::new(Sleeper::new());
        let mut settings = settings(Duration::ZERO, 1);
        settings.transactional_id = Some("t".into());
        let shared = shared_with(settings, &sleeper);
        let transaction = shared.transaction.clone().unwrap();
        transaction.begin_for_model();
        let topic = topic(&shared);
        let producing = thread::spawn(move || {
            let record = Record {
                key: None,
                value: Some(b"v"),
                headers: &[],
                timestamp: 1,
                opaque: 0,
                payload_ptr: 0,
            };
            topic.reserve(&record, false).is_ok()
        });
        transaction.close_for_model();
        let waits = shared.limits.messages() > 0;
        let taken = producing.join().unwrap();
        assert!(waits || !taken, "a message that nobody waits for");
        assert_eq!(shared.limits.messages(), u64::from(taken));
    });
}
