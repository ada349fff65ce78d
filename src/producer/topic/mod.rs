//! A topic as the producer knows it: which partitions there are, and messages
//! that wait until that is known.
//!
//! The application's threads read the current [`View`]. While it is `Unknown`,
//! messages gather in `unassigned`, encoded like everything else but for no
//! partition. When the main thread learns of the partitions, it moves those
//! messages over *before* it publishes the new view, holding the lock of
//! `unassigned`: who finds the view unknown takes that lock, looks again, and so
//! never overtakes a message that waits.

mod changes;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::batch::{NewRecord, OpenBatch};
use super::partitioner::{self, Builtin, CustomPartitioner};
use super::topic_info::{TopicInfo, TopicStats};
use super::{Partition, ProducerShared, TopicSettings};
use crate::base::error::ErrorCode;
use crate::base::sync::{ArcSwap, Mutex};
use crate::base::window::Window;
use crate::protocol::records::HeaderRef;

#[derive(Clone)]
pub enum Partitioner {
    Builtin(Builtin),
    Custom(Arc<dyn CustomPartitioner>),
}

/// What is known of the topic.
pub enum View {
    Unknown,
    /// `available` are those that have a leader.
    Known {
        partitions: Vec<Arc<Partition>>,
        available: Vec<i32>,
    },
    /// Not there, or not for us. The partitions are those that it had; they go on
    /// when it comes back.
    Missing {
        /// What new messages are refused with.
        err: ErrorCode,
        partitions: Vec<Arc<Partition>>,
    },
}

impl View {
    pub fn partitions(&self) -> &[Arc<Partition>] {
        match self {
            View::Unknown => &[],
            View::Known { partitions, .. } | View::Missing { partitions, .. } => partitions,
        }
    }

    fn missing(&self, err: ErrorCode) -> View {
        // That it is not there is the library's conclusion, whatever the broker said.
        let err = match err {
            ErrorCode::TOPIC_AUTHORIZATION_FAILED => err,
            _ => ErrorCode::_UNKNOWN_TOPIC,
        };
        let partitions = self.partitions().to_vec();
        View::Missing { err, partitions }
    }
}

/// A message as it comes in.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: &'a [HeaderRef<'a>],
    /// Milliseconds since the epoch; 0: now.
    pub timestamp: i64,
    pub opaque: usize,
    /// See [`payload_ptr`](super::batch::Entry::payload_ptr).
    pub payload_ptr: usize,
}

impl<'a> Record<'a> {
    #[inline]
    fn encode(&self) -> NewRecord<'a, std::iter::Copied<std::slice::Iter<'a, HeaderRef<'a>>>> {
        NewRecord {
            key: self.key,
            value: self.value,
            headers: self.headers.iter().copied(),
            timestamp: self.timestamp,
            opaque: self.opaque,
            payload_ptr: self.payload_ptr,
        }
    }
}

/// Of a message, `queue.buffering.max.kbytes` counts the value.
fn counted(value: Option<&[u8]>) -> usize {
    value.map_or(0, <[u8]>::len)
}

/// Room in the queue for a message of that size.
#[must_use]
pub struct Reserved(usize);

/// Let the partitioner choose.
pub const ANY_PARTITION: i32 = -1;

struct Waiting {
    /// The partition that was asked for, or [`ANY_PARTITION`].
    partition: i32,
    open: OpenBatch,
}

pub struct Topic {
    pub info: Arc<TopicInfo>,
    partitioner: Partitioner,
    view: ArcSwap<View>,
    unassigned: Mutex<Vec<Waiting>>,
    /// Messages that came before the topic was known, for the statistics.
    early: AtomicU64,
    /// The partitions that the application has paused, also before they are known.
    /// Locked after `unassigned`, and while the view is replaced.
    paused: Mutex<BTreeSet<i32>>,
    sticky: AtomicI32,
    sticky_until_us: AtomicI64,
    started: Instant,
}

impl Topic {
    pub fn new(
        name: Arc<str>,
        settings: TopicSettings,
        partitioner: Partitioner,
        shared: Arc<ProducerShared>,
    ) -> Self {
        let span = settings.message_timeout / 20;
        let max_batch_span = if span.is_zero() { Duration::MAX } else { span };
        Topic {
            info: Arc::new(TopicInfo {
                name,
                settings,
                stats: TopicStats {
                    batch_size: Window::new(shared.stats.windows),
                    batch_count: Window::new(shared.stats.windows),
                },
                max_batch_span: max_batch_span
                    .max(shared.settings.linger)
                    .min(Duration::from_secs(3600)),
                shared,
                handle: OnceLock::new(),
                id: Mutex::new(uuid::Uuid::nil()),
            }),
            partitioner,
            view: ArcSwap::from_pointee(View::Unknown),
            unassigned: Mutex::new(Vec::new()),
            early: AtomicU64::new(0),
            paused: Mutex::new(BTreeSet::new()),
            sticky: AtomicI32::new(-1),
            sticky_until_us: AtomicI64::new(0),
            started: Instant::now(),
        }
    }

    /// Application thread: accepts a message or says why not. With `block`, waits
    /// for room in the queue until `deadline`.
    #[inline]
    pub fn produce(
        &self,
        partition: i32,
        record: &Record<'_>,
        block: bool,
    ) -> Result<(), ErrorCode> {
        let room = self.reserve(record, block)?;
        self.produce_reserved(partition, record, room)
    }

    /// The first half of `produce`: all that can be wrong with a message but its
    /// partition. What it returns must go to the second half.
    #[inline]
    pub fn reserve(&self, record: &Record<'_>, block: bool) -> Result<Reserved, ErrorCode> {
        let shared = &self.info.shared;
        if shared.fatal.load(Ordering::Relaxed) {
            return Err(ErrorCode::_FATAL);
        }
        if shared.transaction.as_ref().is_some_and(|t| !t.is_open()) {
            return Err(ErrorCode::_STATE);
        }
        if record.encode().encoded_bound() > shared.settings.max_message_bytes {
            return Err(ErrorCode::MSG_SIZE_TOO_LARGE);
        }
        let size = counted(record.value);
        let room = if block {
            shared.limits.add_waiting(size, None)
        } else {
            shared.limits.add(size)
        };
        if !room {
            return Err(ErrorCode::_QUEUE_FULL);
        }
        // Once more, now that the message is counted: see `SharedTransaction`.
        if shared
            .transaction
            .as_ref()
            .is_some_and(|t| !t.takes_counted())
        {
            shared.limits.remove(1, size as u64);
            return Err(ErrorCode::_STATE);
        }
        Ok(Reserved(size))
    }

    /// The second half: the record may have got other headers meanwhile.
    #[inline]
    pub fn produce_reserved(
        &self,
        partition: i32,
        record: &Record<'_>,
        room: Reserved,
    ) -> Result<(), ErrorCode> {
        self.produce_at(Instant::now(), partition, record, room)
    }

    /// As `produce_reserved`, with the time.
    #[inline]
    pub fn produce_at(
        &self,
        now: Instant,
        partition: i32,
        record: &Record<'_>,
        Reserved(size): Reserved,
    ) -> Result<(), ErrorCode> {
        let record = record.encode();
        let result = self.place(now, partition, &record, size);
        if result.is_err() {
            self.info.shared.limits.remove(1, size as u64);
        }
        result
    }

    #[inline]
    fn place<'h, H>(
        &self,
        now: Instant,
        partition: i32,
        record: &NewRecord<'_, H>,
        size: usize,
    ) -> Result<(), ErrorCode>
    where
        H: Iterator<Item = HeaderRef<'h>> + Clone,
    {
        let view = self.view.load();
        if let View::Unknown = **view {
            let mut waiting = self.unassigned.lock();
            // The topic may have become known while we waited for the lock.
            if let View::Unknown = **self.view.load() {
                let known = waiting.iter().position(|w| w.partition == partition);
                let at = known.unwrap_or(waiting.len());
                if known.is_none() {
                    waiting.push(Waiting {
                        partition,
                        open: OpenBatch::new(now, 512, 4),
                    });
                }
                if let Some(w) = waiting.get_mut(at) {
                    w.open.append(now, record, size);
                }
                self.early.fetch_add(1, Ordering::Relaxed);
                drop(waiting);
                if known.is_none() {
                    // The main thread keeps the time of those that wait.
                    self.info.shared.leaderless.wake();
                }
                return Ok(());
            }
            drop(waiting);
            return self.assign(&self.view.load(), now, partition, record, size);
        }
        self.assign(&view, now, partition, record, size)
    }

    #[inline]
    fn assign<'h, H>(
        &self,
        view: &View,
        now: Instant,
        partition: i32,
        record: &NewRecord<'_, H>,
        size: usize,
    ) -> Result<(), ErrorCode>
    where
        H: Iterator<Item = HeaderRef<'h>> + Clone,
    {
        let (partitions, available) = match view {
            View::Known {
                partitions,
                available,
            } => (partitions, available),
            View::Missing { err, .. } => return Err(*err),
            View::Unknown => return Err(ErrorCode::_UNKNOWN_TOPIC),
        };
        let chosen = if partition == ANY_PARTITION {
            self.choose(now, record.key, record.opaque, partitions, available)?
        } else {
            partition
        };
        let target = usize::try_from(chosen)
            .ok()
            .and_then(|at| partitions.get(at))
            .ok_or(ErrorCode::_UNKNOWN_PARTITION)?;
        target.append(now, record, size);
        Ok(())
    }

    fn choose(
        &self,
        now: Instant,
        key: Option<&[u8]>,
        opaque: usize,
        partitions: &[Arc<Partition>],
        available: &[i32],
    ) -> Result<i32, ErrorCode> {
        let count = i32::try_from(partitions.len()).unwrap_or(i32::MAX);
        match &self.partitioner {
            // Stickiness goes before the application's own choice, as in librdkafka.
            Partitioner::Custom(_) if key.is_none() && !self.sticky_linger().is_zero() => {
                Ok(self.any(now, key, count, available))
            }
            Partitioner::Custom(custom) => {
                let topic = self.info.handle.get().copied().unwrap_or(0);
                partitioner::check(custom.partition(topic, key, count, opaque), count)
            }
            Partitioner::Builtin(builtin) => match builtin.hash(key, count) {
                Some(p) => Ok(p),
                None => Ok(self.any(now, key, count, available)),
            },
        }
    }

    fn sticky_linger(&self) -> Duration {
        self.info.shared.settings.sticky_linger
    }

    /// KIP-480: messages without a key stay with one partition for a while, so
    /// that they share batches. A key that the partitioner leaves open is spread
    /// at random.
    fn any(&self, now: Instant, key: Option<&[u8]>, count: i32, available: &[i32]) -> i32 {
        let random = || random_of(available, count);
        let linger = self.sticky_linger();
        if key.is_some_and(|k| !k.is_empty()) || linger.is_zero() {
            return random();
        }
        let us = |d: Duration| i64::try_from(d.as_micros()).unwrap_or(i64::MAX);
        let now_us = us(now.saturating_duration_since(self.started));
        let sticky = self.sticky.load(Ordering::Relaxed);
        // Two threads may both choose anew: then one of the choices lasts.
        if sticky >= 0 && sticky < count && now_us < self.sticky_until_us.load(Ordering::Relaxed) {
            return sticky;
        }
        let chosen = random();
        self.sticky.store(chosen, Ordering::Relaxed);
        self.sticky_until_us
            .store(now_us.saturating_add(us(linger)), Ordering::Relaxed);
        chosen
    }

    /// Messages that wait for a partition, and their bytes.
    pub fn waiting(&self) -> (usize, usize) {
        let waiting = self.unassigned.lock();
        waiting.iter().fold((0, 0), |(n, bytes), w| {
            (n + w.open.len(), bytes + w.open.size())
        })
    }

    /// Messages that had to wait for a partition, so far.
    pub fn early(&self) -> u64 {
        self.early.load(Ordering::Relaxed)
    }

    pub fn has_unassigned(&self) -> bool {
        !self.unassigned.lock().is_empty()
    }

    /// Makes the leaders look at once: lingering is off.
    pub fn nudge(&self) {
        for p in self.view.load().partitions() {
            p.nudge();
        }
    }

    /// Application thread: messages of this partition are kept until it is resumed.
    pub fn set_paused(&self, partition: i32, pause: bool) {
        let mut paused = self.paused.lock();
        if pause {
            paused.insert(partition);
        } else if !paused.remove(&partition) {
            return;
        }
        let view = self.view.load();
        let at = usize::try_from(partition).ok();
        if let Some(p) = at.and_then(|at| view.partitions().get(at)) {
            p.set_paused(pause);
        }
    }

    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Any partition, one with a leader if there is one.
    pub fn random_partition(&self, count: i32) -> i32 {
        match &**self.view.load() {
            View::Known { available, .. } => random_of(available, count),
            _ => random_of(&[], count),
        }
    }

    pub fn is_available(&self, partition: i32) -> bool {
        matches!(&**self.view.load(), View::Known { available, .. } if available.contains(&partition))
    }
}

fn random_of(available: &[i32], count: i32) -> i32 {
    if available.is_empty() {
        return fastrand::i32(0..count.max(1));
    }
    let at = fastrand::usize(..available.len());
    available.get(at).copied().unwrap_or(0)
}
