//! Consuming for a share group (KIP-932): records are acquired, handed out, and
//! acknowledged one by one.
//!
//! ```text
//! main thread                  broker's loop                      application thread
//!  leaders of the assignment
//!   ── Add / Remove ──────────► ShareFetcher
//!   ── Fetch, Acknowledge ────►  │ ShareFetch, ShareAcknowledge
//!                                │ in one share session
//!                                ├── Fetched: records, acquired ──► queue ──► poll
//!   ◄── results ─────────────────┘                                             │ Run by Run
//!   ◄──────────── what the application acknowledged ── Acknowledgements ◄──────┘
//! ```
//!
//! The broker decides which records a member gets, and keeps them locked for it for some time.
//! What the application has of them, and what it said of each, is in [`acknowledgements::Acknowledgements`], as
//! runs of offsets. A loop has what is to be sent, and whoever gives it acknowledgements hears
//! of their result exactly once.

pub mod acknowledgements;
pub mod fetched;
pub mod fetcher;
mod session;
#[cfg(test)]
mod testing;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use uuid::Uuid;

use super::TopicHandle;
use crate::base::error::ErrorCode;
use crate::base::log::Logger;
use crate::protocol::leader::NewLeader;

#[derive(Debug, Clone)]
pub struct Settings {
    pub group_id: String,
    pub member_id: Arc<str>,
    pub max_wait: Duration,
    pub min_bytes: i32,
    pub max_bytes: i32,
    /// `max.poll.records`
    pub max_records: i32,
    /// `share.acquire.mode=record_limit`
    pub record_limit: bool,
    pub error_backoff: Duration,
    pub socket_timeout: Duration,
    /// What one batch may grow to when it is decompressed.
    pub decompress_limit: usize,
    pub check_crcs: bool,
}

/// What all loops of a share consumer have in common.
pub struct Shared {
    pub settings: Settings,
    pub logger: Arc<Logger>,
    pub counters: Counters,
    pub pace: Pace,
}

/// How much is asked for, given how fast the application is.
///
/// What is acquired and not seen by the application before its lock ends is given to the next
/// member, and after `group.share.delivery.count.limit` times to nobody. So a consumer to
/// which that happens goes over, for good, to asking for no more than it can hand out in one
/// poll: all leaders together give `max.poll.records` records at most. A broker older than
/// Kafka 4.2 gives whole batches all the same.
#[derive(Debug, Default)]
pub struct Pace {
    is_slow: AtomicBool,
    /// Brokers that records are asked of.
    leaders: AtomicUsize,
}

impl Pace {
    pub fn set_leaders(&self, count: usize) {
        self.leaders.store(count, Ordering::Relaxed);
    }

    /// Locks have ended unseen. True the first time.
    pub fn slow_down(&self) -> bool {
        !self.is_slow.swap(true, Ordering::Relaxed)
    }

    /// What to ask one broker for: so many records, and whether this is a strict limit.
    fn request(&self, settings: &Settings) -> (i32, bool) {
        if !self.is_slow.load(Ordering::Relaxed) {
            return (settings.max_records, settings.record_limit);
        }
        let leaders = i32::try_from(self.leaders.load(Ordering::Relaxed)).unwrap_or(i32::MAX);
        ((settings.max_records / leaders.max(1)).max(1), true)
    }
}

/// For whoever tells how the share consumer does.
#[derive(Debug, Default)]
pub struct Counters {
    /// ShareFetch requests that were answered without an error.
    pub fetches: AtomicU64,
    /// Bytes of records in their answers.
    pub fetched_bytes: AtomicU64,
    /// The most that one of them had, since it was taken last.
    pub largest_fetch: AtomicU64,
    /// Records handed to the application.
    pub records: AtomicU64,
    /// Records whose acknowledgements were sent, and those of them that the broker refused.
    pub acknowledged: AtomicU64,
    pub refused: AtomicU64,
}

/// A partition by its topic's id.
pub type Key = (Uuid, i32);

/// A partition that records are acquired of.
pub struct Partition {
    pub topic: Arc<str>,
    pub topic_id: Uuid,
    pub id: i32,
    /// Of the topic, for messages.
    pub handle: Option<TopicHandle>,
}

impl Partition {
    pub fn key(&self) -> Key {
        (self.topic_id, self.id)
    }
}

impl fmt::Debug for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.topic, self.id)
    }
}

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i8)]
pub enum AckType {
    /// There is no such record, or none for applications.
    Gap = 0,
    Accept = 1,
    Release = 2,
    Reject = 3,
}

/// The same for neighbouring offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AckRun {
    pub first: i64,
    pub last: i64,
    pub kind: AckType,
}

impl AckRun {
    /// How many offsets it is of.
    pub fn records(&self) -> u64 {
        let more = self.last.saturating_sub(self.first);
        u64::try_from(more).map_or(0, |more| more + 1)
    }
}

/// Acknowledgements of one partition, in the order of offsets.
#[derive(Debug, Clone)]
pub struct PartitionAcks {
    pub partition: Arc<Partition>,
    /// Where the records were acquired, which alone can take this.
    pub broker: i32,
    pub runs: Vec<AckRun>,
}

/// Acknowledgements that a loop is given together.
#[derive(Debug)]
pub struct Job {
    pub acks: Vec<PartitionAcks>,
    /// Whose answer is waited for: it does not go along with a fetch.
    pub commit: Option<u64>,
}

/// What happened to a [`Job`].
#[derive(Debug)]
pub struct Outcome {
    pub commit: Option<u64>,
    pub results: Vec<(PartitionAcks, ErrorCode)>,
}

/// What a loop tells the main thread.
#[derive(Debug)]
pub enum News {
    Acknowledged(Outcome),
    /// Records are in the queue.
    Fetched,
    /// For the application.
    Error {
        code: ErrorCode,
        text: String,
        topic: Arc<str>,
    },
    /// The session has ended as [`fetcher::Command::Close`] asked for.
    Closed(u64),
}

/// Where a loop's findings go; implemented by the client.
pub trait ShareSink: Send + Sync {
    fn news(&self, news: News);
    /// A broker says that a partition of the topic, or of one that has no name here, is not its
    /// own, and perhaps who leads it.
    fn metadata_is_stale(&self, topic: &Arc<str>, why: ErrorCode, leader: Option<NewLeader>);
    fn fetched(&self, fetched: fetched::ShareFetched);
}
