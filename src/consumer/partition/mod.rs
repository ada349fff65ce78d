//! A partition as application threads, main thread and a broker's loop share it.
//!
//! Everything is atomic; what belongs together and may be seen apart for a moment
//! is harmless apart: an offset is written after its leader epoch and read before
//! it, so a reader may get the epoch of a later record, never of an earlier one.

pub(super) mod fetched;

use std::collections::VecDeque;
use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering,
};

use crate::base::lock::{Mutex, RwLock};

use self::fetched::{Fetched, Taken};
use super::room::{Budget, Waiting};
use super::{ConsumerShared, FetchSink, Position, Topic, offset};
use crate::base::error::ErrorCode;
use crate::base::message::{MessageExt, Owned};

/// Paused by the application.
pub const PAUSED_BY_APP: u8 = 1;
/// Paused by this library, while a group rebalances.
pub const PAUSED_BY_CLIENT: u8 = 2;
pub(super) const PAUSED: u8 = PAUSED_BY_APP | PAUSED_BY_CLIENT;
/// Something is held aside: it comes before what is in the queue.
const HOLDING: u8 = 4;

/// An offset and its leader epoch, written by one thread at a time.
#[derive(Debug)]
pub struct AtomicPosition {
    epoch: AtomicI32,
    offset: AtomicI64,
}

impl Default for AtomicPosition {
    fn default() -> Self {
        AtomicPosition {
            epoch: AtomicI32::new(-1),
            offset: AtomicI64::new(offset::INVALID),
        }
    }
}

impl AtomicPosition {
    #[inline]
    pub fn set(&self, offset: i64, epoch: i32) {
        self.epoch.store(epoch, Ordering::Relaxed);
        self.offset.store(offset, Ordering::Release);
    }

    pub fn get(&self) -> Position {
        let offset = self.offset.load(Ordering::Acquire);
        Position::new(offset, self.epoch.load(Ordering::Relaxed))
    }
}

/// Counters for the statistics.
#[derive(Debug, Default)]
pub struct PartitionStats {
    pub rx_messages: AtomicU64,
    pub rx_bytes: AtomicU64,
    pub dropped: AtomicU64,
}

pub struct Partition {
    pub topic: Arc<Topic>,
    pub id: i32,
    pub shared: Arc<ConsumerShared>,
    pub waiting: Waiting,
    pub stats: PartitionStats,
    /// See the module `consumer`.
    version: AtomicU32,
    flags: AtomicU8,
    /// What was taken out while the partition was paused, oldest first.
    held: Mutex<VecDeque<Fetched>>,
    /// After the last message handed out.
    pub position: AtomicPosition,
    /// What the next commit commits.
    pub stored: AtomicPosition,
    stored_metadata: Mutex<Option<Arc<[u8]>>>,
    has_metadata: AtomicBool,
    /// What was committed last.
    pub committed: AtomicPosition,
    /// Whether stored offsets may be changed: the partition is assigned or was started.
    assigned: AtomicBool,
    low: AtomicI64,
    high: AtomicI64,
    last_stable: AtomicI64,
    /// The next offset to fetch, for the statistics.
    pub next_offset: AtomicI64,
    /// The logical offset that was looked up last, for the statistics.
    pub query_offset: AtomicI64,
    pub eof_offset: AtomicI64,
    /// The end that the application was told of last; the broker's id in the place of
    /// the epoch.
    told_end: AtomicPosition,
    pub leader_epoch: AtomicI32,
    pub sink: Arc<dyn FetchSink>,
    budget: RwLock<Arc<Budget>>,
}

impl fmt::Debug for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.topic.name, self.id)
    }
}

impl Partition {
    pub fn new(
        shared: Arc<ConsumerShared>,
        topic: Arc<Topic>,
        id: i32,
        sink: Arc<dyn FetchSink>,
        budget: Arc<Budget>,
    ) -> Arc<Self> {
        Arc::new(Partition {
            topic,
            id,
            shared,
            waiting: Waiting::default(),
            stats: PartitionStats::default(),
            version: AtomicU32::new(0),
            flags: AtomicU8::new(0),
            held: Mutex::new(VecDeque::new()),
            position: AtomicPosition::default(),
            stored: AtomicPosition::default(),
            stored_metadata: Mutex::new(None),
            has_metadata: AtomicBool::new(false),
            committed: AtomicPosition::default(),
            assigned: AtomicBool::new(false),
            low: AtomicI64::new(offset::INVALID),
            high: AtomicI64::new(offset::INVALID),
            last_stable: AtomicI64::new(offset::INVALID),
            next_offset: AtomicI64::new(offset::INVALID),
            query_offset: AtomicI64::new(offset::INVALID),
            eof_offset: AtomicI64::new(offset::INVALID),
            told_end: AtomicPosition::default(),
            leader_epoch: AtomicI32::new(-1),
            sink,
            budget: RwLock::new(budget),
        })
    }

    #[inline]
    pub fn version(&self) -> u32 {
        self.version.load(Ordering::Acquire)
    }

    /// From here on nothing older is handed out. Gives the new version.
    pub fn new_version(&self) -> u32 {
        let version = self.version.fetch_add(1, Ordering::AcqRel).wrapping_add(1);
        // Dropped after the lock is released.
        let stale = {
            let mut held = self.held.lock();
            self.flags.fetch_and(!HOLDING, Ordering::AcqRel);
            std::mem::take(&mut *held)
        };
        drop(stale);
        self.told_end.set(offset::INVALID, -1);
        version
    }

    /// A new assignment begins.
    pub fn begin(&self) -> u32 {
        let version = self.new_version();
        self.position.set(offset::INVALID, -1);
        // What is known to be committed stays true.
        self.store(Position::INVALID, None);
        self.assigned.store(true, Ordering::Release);
        version
    }

    /// Nothing is stored, and nothing is known to be committed.
    pub fn forget_offsets(&self) {
        self.store(Position::INVALID, None);
        self.committed.set(offset::INVALID, -1);
    }

    /// It is over.
    pub fn end(&self) -> u32 {
        self.assigned.store(false, Ordering::Release);
        self.new_version()
    }

    pub fn is_assigned(&self) -> bool {
        self.assigned.load(Ordering::Acquire)
    }

    #[inline]
    pub fn is_paused(&self) -> bool {
        self.flags.load(Ordering::Acquire) & PAUSED != 0
    }

    pub fn is_paused_by(&self, who: u8) -> bool {
        self.flags.load(Ordering::Acquire) & who != 0
    }

    /// Whether this changed anything.
    pub fn pause(&self, who: u8) -> bool {
        self.flags.fetch_or(who, Ordering::AcqRel) & who == 0
    }

    /// Whether this changed anything. Once nobody keeps the partition paused, what
    /// was held aside comes first again.
    pub fn resume(self: &Arc<Self>, who: u8) -> bool {
        let before = self.flags.fetch_and(!who, Ordering::AcqRel);
        if before & who == 0 {
            return false;
        }
        if before & PAUSED & !who == 0 {
            if before & HOLDING != 0 {
                self.sink.deliver_first(Fetched::resumed(self.clone()));
            } else if who == PAUSED_BY_APP {
                self.tell_end_again();
            }
            self.waiting.nudge();
        }
        true
    }

    pub(super) fn note_end(&self, offset: i64, broker_id: i32) {
        self.told_end.set(offset, broker_id);
    }

    /// Consuming begins anew, where it was: if that is the end, the application is told
    /// so again.
    fn tell_end_again(self: &Arc<Self>) {
        let told = self.told_end.get();
        if told.offset < 0 || self.next_offset.load(Ordering::Relaxed) != told.offset {
            return;
        }
        let text = format!(
            "Still at the end of the partition at offset {}",
            told.offset
        );
        let version = self.version();
        let err = ErrorCode::_PARTITION_EOF;
        let event = Fetched::event(self.clone(), version, err, &text, told.offset, told.epoch);
        self.sink.deliver(event);
    }

    #[inline]
    pub(super) fn flags(&self) -> u8 {
        self.flags.load(Ordering::Acquire)
    }

    /// Keeps aside what was taken out of the queue; gives it back if the
    /// partition is paused no longer.
    pub(super) fn hold(&self, mut fetched: Fetched) -> Option<Fetched> {
        let mut held = self.held.lock();
        if !self.begin_to_hold(&held) {
            return Some(fetched);
        }
        fetched.uncount();
        held.push_back(fetched);
        None
    }

    /// Whether the partition is paused: then whoever resumes it sees that something is
    /// held.
    fn begin_to_hold(&self, held: &VecDeque<Fetched>) -> bool {
        let paused = self.flags.fetch_or(HOLDING, Ordering::AcqRel) & PAUSED != 0;
        if !paused && held.is_empty() {
            self.flags.fetch_and(!HOLDING, Ordering::AcqRel);
        }
        paused
    }

    /// Messages of this version that were taken, and not handed out before the partition
    /// was paused: they come first when it is resumed. `messages` gives them, and what
    /// comes after them; false, and it is not asked, if the partition is not paused (any
    /// more).
    pub fn put_back(
        self: &Arc<Self>,
        version: u32,
        messages: impl FnOnce() -> (VecDeque<Owned>, Option<Position>),
    ) -> bool {
        let mut held = self.held.lock();
        // The lock is the one that a new version empties `held` under.
        if self.version() != version || !self.begin_to_hold(&held) {
            return false;
        }
        let (messages, end) = messages();
        held.push_front(Fetched::returned(self.clone(), messages, end));
        true
    }

    /// The next message of what was held aside.
    pub(super) fn next_held(
        &self,
        mut moved: impl FnMut(&Partition, Position),
    ) -> Option<NonNull<MessageExt>> {
        let mut held = self.held.lock();
        while let Some(front) = held.front_mut() {
            if front.is_stale() {
                held.pop_front();
                continue;
            }
            match front.take_one(&mut moved) {
                Taken::Part(m) => return Some(m),
                Taken::Last(m) => {
                    held.pop_front();
                    if held.is_empty() {
                        self.flags.fetch_and(!HOLDING, Ordering::AcqRel);
                    }
                    return Some(m);
                }
                _ => {
                    held.pop_front();
                }
            }
        }
        self.flags.fetch_and(!HOLDING, Ordering::AcqRel);
        None
    }

    pub(super) fn held_messages(&self) -> usize {
        self.held.lock().iter().map(Fetched::weight_of_data).sum()
    }

    /// Application thread: messages up to here have been handed out. With the queue's
    /// lock held, if several threads may poll.
    #[inline]
    pub fn advance(&self, to: Position) {
        self.position.set(to.offset, to.epoch);
        if self.shared.settings.auto_offset_store {
            if self.has_metadata.load(Ordering::Relaxed) {
                self.store(to, None);
            } else {
                self.stored.set(to.offset, to.epoch);
            }
        }
    }

    pub fn store(&self, position: Position, metadata: Option<&[u8]>) {
        let mut current = self.stored_metadata.lock();
        *current = metadata.map(Arc::from);
        self.has_metadata
            .store(metadata.is_some(), Ordering::Relaxed);
        self.stored.set(position.offset, position.epoch);
    }

    pub fn stored_metadata(&self) -> Option<Arc<[u8]>> {
        self.stored_metadata.lock().clone()
    }

    /// Low and high watermark as last seen.
    pub fn watermarks(&self) -> (i64, i64) {
        (
            self.low.load(Ordering::Relaxed),
            self.high.load(Ordering::Relaxed),
        )
    }

    pub fn last_stable(&self) -> i64 {
        self.last_stable.load(Ordering::Relaxed)
    }

    pub fn set_low(&self, low: i64) {
        if low >= 0 {
            self.low.store(low, Ordering::Relaxed);
        }
    }

    pub fn set_high(&self, high: i64, last_stable: i64) {
        if high >= 0 {
            self.high.store(high, Ordering::Relaxed);
        }
        self.last_stable.store(last_stable, Ordering::Relaxed);
    }

    /// Where this partition's bytes are counted.
    pub fn budget(&self) -> Arc<Budget> {
        self.budget.read().clone()
    }

    /// The partition's queue leads elsewhere now. What is counted stays where it is.
    pub fn set_budget(&self, budget: Arc<Budget>) {
        *self.budget.write() = budget;
        self.waiting.nudge();
    }
}
