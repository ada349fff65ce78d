//! A partition's accumulator: the one structure that application threads and a
//! broker's loop share on the way out.
//!
//! ```text
//! open batch ──full, or old──► closed batches ──take──► in flight ──► done
//!                                    ▲                      │
//!                                    └──── put_back (retry) ┘  by batch id, so order is kept
//! ```
//!
//! `attention` says what the loop knows, so that a partition is added to its leader's
//! [`ReadyPartitions`] only when that changes: `None` (nothing here; the next append
//! adds it), `Lingering` (the loop will look when the open batch has lingered; a batch
//! that becomes full adds it), `Ready` (the loop knows that there is something to send).
//!
//! Order: while a batch waits for a retry, or others of the same partition are in
//! flight after one failed, nothing younger is sent (`take` gives a retried batch
//! only when nothing is in flight). A new leader's loop gets nothing before the
//! old leader's requests have ended (`moving`), since `in_flight` belongs to the
//! partition. An idempotent producer numbers batches when they are taken: `idempotence`.
//!
//! With `queuing.strategy=lifo` (`TopicSettings::lifo`) the closed batches stand the
//! other way round, the newest in front, and so do the records of each.

mod look;
pub mod ready;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

pub use self::look::{Look, SendLimits};
use self::ready::{ReadyPartitions, WakeMode};
use super::batch::{Batch, NewRecord, OpenBatch};
use super::idempotence::{Fate, SequenceState};
use super::topic_info::TopicInfo;
use crate::base::error::ErrorCode;
use crate::base::sync::Mutex;
use crate::protocol::records::HeaderRef;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attention {
    None,
    Lingering,
    Ready,
}

struct Accumulator {
    open: Option<OpenBatch>,
    closed: VecDeque<Batch>,
    in_flight: usize,
    in_flight_messages: usize,
    /// What is in flight is another leader's.
    moving: bool,
    /// Of an idempotent producer.
    sequences: Option<SequenceState>,
    /// Messages in all the batches that were ever closed.
    closed_messages: u64,
    next_id: u64,
    leader: Arc<ReadyPartitions>,
    attention: Attention,
    /// The application wants nothing of it sent; messages still become too old.
    paused: bool,
    /// The last transaction that the main thread was asked to add it to, and the last that
    /// it was added to.
    asked_to_join: u64,
    joined: u64,
    /// Sizes of the last batch, to make the next one as large at once.
    bytes_hint: usize,
    messages_hint: usize,
}

pub struct Partition {
    pub topic: Arc<TopicInfo>,
    pub id: i32,
    pub sent: SentStats,
    /// A batch was acknowledged at some time. Written and read by the leader's loop.
    acknowledged: AtomicBool,
    acc: Mutex<Accumulator>,
}

/// What was sent, repetitions included.
#[derive(Debug, Default)]
pub struct SentStats {
    pub messages: AtomicU64,
    pub bytes: AtomicU64,
}

/// A moment's view for the statistics.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Accepted since the partition is known.
    pub messages: u64,
    pub waiting: usize,
    pub waiting_bytes: usize,
    pub in_flight: usize,
}

const FIRST_BATCH_BYTES: usize = 512;

impl Partition {
    pub fn new(topic: Arc<TopicInfo>, id: i32, leader: Arc<ReadyPartitions>) -> Arc<Self> {
        let sequences = topic
            .shared
            .settings
            .idempotence
            .then(SequenceState::default);
        Arc::new(Partition {
            topic,
            id,
            sent: SentStats::default(),
            acknowledged: AtomicBool::new(false),
            acc: Mutex::new(Accumulator {
                open: None,
                closed: VecDeque::new(),
                in_flight: 0,
                in_flight_messages: 0,
                moving: false,
                sequences,
                closed_messages: 0,
                next_id: 0,
                leader,
                attention: Attention::None,
                paused: false,
                asked_to_join: 0,
                joined: 0,
                bytes_hint: FIRST_BATCH_BYTES,
                messages_hint: 4,
            }),
        })
    }

    /// Application thread: encodes the record into the open batch. `counted` is
    /// what was added to the limits for it.
    #[inline]
    pub fn append<'h, H>(self: &Arc<Self>, now: Instant, record: &NewRecord<'_, H>, counted: usize)
    where
        H: Iterator<Item = HeaderRef<'h>> + Clone,
    {
        let settings = &self.topic.shared.settings;
        let newly_ready = {
            let mut acc = self.acc.lock();
            let acc = &mut *acc;
            let size = record.encoded_bound();
            if let Some(open) = &acc.open
                && (open.size() + size > settings.batch_bytes
                    || open.opened + self.topic.max_batch_span <= now)
            {
                self.close_open(acc);
            }
            let open = acc
                .open
                .get_or_insert_with(|| OpenBatch::new(now, acc.bytes_hint, acc.messages_hint));
            open.append(now, record, counted);
            if open.len() >= settings.batch_messages || open.size() >= settings.batch_bytes {
                self.close_open(acc);
            }
            let known = if acc.closed.is_empty() && !settings.linger.is_zero() {
                Attention::Lingering
            } else {
                Attention::Ready
            };
            let news = match (acc.attention, known) {
                (Attention::None, w) | (Attention::Lingering, w @ Attention::Ready) => Some(w),
                _ => None,
            };
            news.map(|w| {
                acc.attention = w;
                acc.leader.clone()
            })
        };
        if let Some(leader) = newly_ready {
            leader.add_with(self.clone(), self.wake_mode());
        }
    }

    /// A message that waits for no others is sent by the thread that produces it, if
    /// the connection is idle: it saves the way over the loop's thread. Without
    /// answers to wait for the connection would always be idle, and no batch grow.
    fn wake_mode(&self) -> WakeMode {
        if self.topic.shared.settings.linger.is_zero() && self.topic.settings.acks != 0 {
            WakeMode::Inline
        } else {
            WakeMode::Loop
        }
    }

    fn close_open(&self, acc: &mut Accumulator) {
        if let Some(open) = acc.open.take() {
            acc.closed_messages += open.len() as u64;
            acc.bytes_hint = (open.size() + open.size() / 16).max(FIRST_BATCH_BYTES);
            acc.messages_hint = open.len() + open.len() / 16;
            let mut batch = open.close(acc.next_id, self.topic.clone(), self.id);
            acc.next_id += 1;
            if self.topic.settings.lifo {
                batch.reverse();
                acc.closed.push_front(batch);
            } else {
                acc.closed.push_back(batch);
            }
        }
    }

    /// Loop thread: a batch was acknowledged.
    pub fn done(self: &Arc<Self>, batch: &Batch) {
        self.acknowledged.store(true, Ordering::Relaxed);
        if let Some(transaction) = &self.topic.shared.transaction {
            transaction.confirm();
        }
        let acknowledged = |sequences: &mut SequenceState| sequences.acknowledged(batch);
        self.end_request(batch.id, batch.len(), acknowledged, None);
    }

    /// Loop thread: whether nothing of it was ever acknowledged.
    pub fn is_untried(&self) -> bool {
        !self.acknowledged.load(Ordering::Relaxed)
    }

    /// Loop thread: a batch failed for good.
    pub fn lost(self: &Arc<Self>, batch: &Batch) {
        self.end_request(
            batch.id,
            batch.len(),
            |sequences| sequences.lost(batch),
            None,
        );
    }

    /// Loop thread: decides about a batch in flight that failed.
    pub fn judge(&self, batch: &mut Batch, code: ErrorCode) -> Fate {
        let transactional = self.topic.shared.transaction.is_some();
        let mut acc = self.acc.lock();
        let acc = &mut *acc;
        match &mut acc.sequences {
            Some(sequences) => sequences.judge(batch, &acc.closed, code, transactional),
            None => Fate::Ordinary,
        }
    }

    /// Loop thread: the batch goes back to its place and will be sent again.
    pub fn put_back(self: &Arc<Self>, batch: Batch) {
        self.end_request(batch.id, batch.len(), |_| (), Some(batch));
    }

    fn end_request(
        self: &Arc<Self>,
        id: u64,
        messages: usize,
        note: impl FnOnce(&mut SequenceState),
        batch: Option<Batch>,
    ) {
        let leader = {
            let mut acc = self.acc.lock();
            acc.in_flight = acc.in_flight.saturating_sub(1);
            acc.in_flight_messages = acc.in_flight_messages.saturating_sub(messages);
            acc.moving &= acc.in_flight > 0;
            if let Some(sequences) = &mut acc.sequences {
                note(sequences);
                sequences.on_ended(id);
            }
            if let Some(batch) = batch {
                let lifo = self.topic.settings.lifo;
                let before = |b: &Batch| (b.id < batch.id) != lifo;
                let at = acc.closed.partition_point(before);
                acc.closed.insert(at, batch);
            }
            if acc.open.is_none() && acc.closed.is_empty() {
                return;
            }
            acc.attention = Attention::Ready;
            acc.leader.clone()
        };
        leader.add(self.clone());
    }

    /// Main thread: another loop is to send from now on.
    pub fn set_leader(self: &Arc<Self>, leader: Arc<ReadyPartitions>) {
        {
            let mut acc = self.acc.lock();
            if Arc::ptr_eq(&acc.leader, &leader) {
                return;
            }
            acc.leader = leader.clone();
            acc.moving = acc.in_flight > 0;
            if acc.open.is_none() && acc.closed.is_empty() {
                acc.attention = Attention::None;
                return;
            }
            acc.attention = Attention::Ready;
        }
        leader.add(self.clone());
    }

    /// Application thread: holds back what is not in flight, or lets it go.
    pub fn set_paused(self: &Arc<Self>, paused: bool) {
        self.acc.lock().paused = paused;
        if !paused {
            self.nudge();
        }
    }

    /// Main thread: it is part of the transaction of this number, and may send.
    pub fn join(&self, transaction: u64) {
        self.acc.lock().joined = transaction;
    }

    /// Makes the leader's loop look, if there is anything to see.
    pub fn nudge(self: &Arc<Self>) {
        let leader = {
            let acc = self.acc.lock();
            if acc.open.is_none() && acc.closed.is_empty() {
                return;
            }
            acc.leader.clone()
        };
        leader.add(self.clone());
    }

    /// Takes out everything that is not in flight.
    pub fn drain(&self) -> Vec<Batch> {
        let mut acc = self.acc.lock();
        self.close_open(&mut acc);
        acc.attention = Attention::None;
        let drained: Vec<Batch> = acc.closed.drain(..).collect();
        if let Some(sequences) = &mut acc.sequences {
            drained.iter().for_each(|batch| sequences.lost(batch));
        }
        drained
    }

    pub fn counts(&self) -> Counts {
        let acc = self.acc.lock();
        let open = acc.open.as_ref().map_or((0, 0), |o| (o.len(), o.size()));
        let (waiting, waiting_bytes) = acc.closed.iter().fold(open, |(n, bytes), b| {
            (n + b.len(), bytes + b.encoded().len())
        });
        Counts {
            messages: acc.closed_messages + open.0 as u64,
            waiting,
            waiting_bytes,
            in_flight: acc.in_flight_messages,
        }
    }
}
