//! Types that the parts of a client exchange with each other and with the layer above.
//! Data only: nothing here sends, waits or calls.

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::base::error::ErrorCode;
use crate::base::topic_partition::TopicPartition;
use crate::consumer::share::PartitionAcks;
use crate::consumer::{Partition, Position};

/// A broker's number in the registry; never used twice.
pub type BrokerKey = u64;

/// What a thread of the client is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadKind {
    Main,
    Background,
    Broker,
}

/// Bits of `enabled_events` and of event types.
pub mod events {
    pub const DR: i32 = 0x1;
    pub const FETCH: i32 = 0x2;
    pub const LOG: i32 = 0x4;
    pub const ERROR: i32 = 0x8;
    pub const REBALANCE: i32 = 0x10;
    pub const OFFSET_COMMIT: i32 = 0x20;
    pub const STATS: i32 = 0x40;
    pub const BACKGROUND: i32 = 0x200;
}

/// A topic, or a pattern, that is subscribed to. Its partition, offset and the rest mean
/// nothing, and are the application's to get back.
#[derive(Debug, Clone)]
pub struct SubscribedTopic {
    pub topic: TopicPartition,
    pub opaque: usize,
}

/// A partition and what it has stored: the position and its metadata.
pub type Stored = (Arc<Partition>, Position, Option<Arc<[u8]>>);

/// Where the simple consumer's offsets of a partition go, and how often.
pub struct OffsetStore {
    /// `None`: to the group.
    pub file: Option<FileStore>,
    pub interval: Option<Duration>,
}

pub struct FileStore {
    /// A file, or a directory with a file for each partition.
    pub path: String,
    /// Between syncs to disk; zero: after each write; `None`: never.
    pub sync: Option<Duration>,
}

/// The offset of a timestamp: -1 the end, -2 the beginning.
#[derive(Debug, Clone)]
pub struct OffsetLookup {
    pub topic: Arc<str>,
    pub partition: i32,
    pub timestamp: i64,
}

pub type LookupResult = Result<Position, ErrorCode>;

/// The result of a commit.
#[derive(Debug, Clone)]
pub struct CommitResult {
    pub code: ErrorCode,
    /// `None`: those of the assignment were meant, and nothing is assigned.
    pub offsets: Option<Vec<TopicPartition>>,
}

impl CommitResult {
    pub fn len(&self) -> usize {
        self.offsets.as_ref().map_or(0, Vec::len)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An OFFSET_COMMIT event.
#[derive(Debug)]
pub struct CommitEvent {
    pub result: CommitResult,
    /// 0: none, or that of the configuration.
    pub callback: usize,
    pub opaque: usize,
}

#[derive(Debug, Clone)]
pub struct ErrorEvent {
    pub code: ErrorCode,
    pub text: String,
    /// The instance cannot go on; `rd_kafka_fatal_error` tells why.
    pub fatal: bool,
}

/// What became of acknowledgements of a share consumer.
#[derive(Debug)]
pub struct AckReport {
    pub acks: PartitionAcks,
    pub code: ErrorCode,
}

/// An error that a poll of the consumer returns.
#[derive(Debug, Clone)]
pub struct ConsumerError {
    pub code: ErrorCode,
    pub text: String,
    /// What it is about, if it is a topic.
    pub topic: Option<Arc<str>>,
}

/// The consumer, as far as an event of a rebalance needs it.
pub trait RebalanceListener: Send + Sync {
    /// The application sees the rebalance of this id: its next call that changes the
    /// assignment is the answer.
    fn on_begin(&self, id: u64);
    /// The application is done with the event, whether it has answered or not.
    fn on_end(&self, event: &RebalanceEvent);
}

/// A REBALANCE event: what the application is to do.
pub struct RebalanceEvent {
    pub id: u64,
    /// `_ASSIGN_PARTITIONS` or `_REVOKE_PARTITIONS`.
    pub code: ErrorCode,
    pub incremental: bool,
    pub partitions: Vec<TopicPartition>,
    pub listener: Weak<dyn RebalanceListener>,
}

impl RebalanceEvent {
    /// The application sees it now.
    pub fn begin(&self) {
        if let Some(listener) = self.listener.upgrade() {
            listener.on_begin(self.id);
        }
    }

    /// The application is done with the event.
    pub fn end(&self) {
        if let Some(listener) = self.listener.upgrade() {
            listener.on_end(self);
        }
    }

    pub fn is_assign(&self) -> bool {
        self.code == ErrorCode::_ASSIGN_PARTITIONS
    }
}
