//! Consuming: from the broker's log to the application's call.
//!
//! ```text
//! main thread                    broker's loop                  application thread
//!  Control ── Start / Stop ──►    Fetcher
//!   ▲ one state per partition      │ Fetch, check, decompress
//!   │                              ├── Fetched: records, end, error ──► queue ──► Fetched::next
//!   └────── FetchEnded ◄─────────────┘                                              │ parse
//!                                  ▲                                              ▼
//!                                  └────────── room again (Room::notify) ◄── message
//! ```
//!
//! A [`Partition`] is what the three threads share: counters and positions, all
//! atomic. It is fetched by at most one loop at a time: control starts a fetch
//! with a position; the [`FetchEnded`] at its end brings back the position reached.
//!
//! Every assignment and every seek has a new version. It is raised on the
//! application's thread, so that from then on nothing older is handed out: what
//! is queued or in flight carries the version it was fetched for, and is dropped
//! where it is taken out.

mod block;
pub mod control;
pub mod fetcher;
pub mod partition;
pub mod room;
pub mod share;
#[cfg(test)]
pub mod testing;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use crate::base::lock::Mutex;
use uuid::Uuid;

use crate::base::error::ErrorCode;
use crate::base::log::Logger;
use crate::base::topic_partition::TopicPartition;
use crate::protocol::leader::NewLeader;
pub use partition::Partition;
pub use partition::fetched::{Fetched, Next};

/// Logical offsets.
pub mod offset {
    pub const BEGINNING: i64 = -2;
    pub const END: i64 = -1;
    pub const STORED: i64 = -1000;
    pub const INVALID: i64 = crate::base::topic_partition::NO_OFFSET;
    /// `TAIL_BASE - n`: the last `n` messages.
    pub const TAIL_BASE: i64 = -2000;
}

/// A place in a log, and the leader epoch of the record before it, -1 if unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub offset: i64,
    pub epoch: i32,
}

impl Position {
    pub const INVALID: Position = Position {
        offset: offset::INVALID,
        epoch: -1,
    };

    pub fn new(offset: i64, epoch: i32) -> Self {
        Position { offset, epoch }
    }

    /// Where an element of a list stands.
    pub fn of(element: &TopicPartition) -> Self {
        Position::new(element.offset, element.leader_epoch)
    }

    /// Whether this comes later in the log. A later leader epoch does, where both are
    /// known: what followed an offset of an older one may have been cut off.
    pub fn is_after(&self, other: Position) -> bool {
        let epochs_known = self.epoch >= 0 && other.epoch >= 0;
        let later = if epochs_known && self.epoch != other.epoch {
            self.epoch > other.epoch
        } else {
            self.offset > other.offset
        };
        self.is_absolute() && later
    }

    /// Whether this is an offset in the log and not a name for one.
    pub fn is_absolute(&self) -> bool {
        self.offset >= 0
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.offset {
            offset::BEGINNING => f.write_str("BEGINNING"),
            offset::END => f.write_str("END"),
            offset::STORED => f.write_str("STORED"),
            offset::INVALID => f.write_str("INVALID"),
            n if n <= offset::TAIL_BASE => write!(f, "TAIL({})", offset::TAIL_BASE - n),
            n if self.epoch >= 0 => write!(f, "offset {n} (leader epoch {})", self.epoch),
            n => write!(f, "offset {n}"),
        }
    }
}

/// The consumer's part of the global configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    pub max_wait: Duration,
    pub min_bytes: i32,
    pub max_bytes: i32,
    pub partition_max_bytes: i32,
    pub queued_min_messages: usize,
    pub queued_max_bytes: usize,
    pub error_backoff: Duration,
    pub socket_timeout: Duration,
    pub retry_backoff: Duration,
    pub retry_backoff_max: Duration,
    pub metadata_max_age: Duration,
    /// What one batch may grow to when it is decompressed.
    pub decompress_limit: usize,
    pub read_committed: bool,
    pub check_crcs: bool,
    pub partition_eof: bool,
    pub auto_offset_store: bool,
    pub rack: String,
    pub has_group: bool,
    /// Somebody reads the counters.
    pub statistics: bool,
}

/// `auto.offset.reset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetPolicy {
    Beginning,
    End,
    Error,
}

/// What keeps the topic's C handle valid, and its address.
#[derive(Clone)]
pub struct TopicHandle {
    pub address: usize,
    pub keep: Arc<dyn Any + Send + Sync>,
}

/// A topic, as its partitions see it.
pub struct Topic {
    pub name: Arc<str>,
    pub reset: ResetPolicy,
    /// The topic's id, nil where the brokers have none.
    pub id: Mutex<Uuid>,
    /// Absent until the application can see messages of the topic.
    pub handle: Mutex<Option<TopicHandle>>,
}

/// Where a partition's data goes: its queue; implemented by the client.
pub trait FetchSink: Send + Sync {
    fn deliver(&self, fetched: Fetched);
    /// As `deliver`, in front of everything that waits.
    fn deliver_first(&self, fetched: Fetched);
}

/// What all partitions of a client share.
pub struct ConsumerShared {
    pub settings: Settings,
    pub logger: Arc<Logger>,
}

/// A loop has stopped fetching a partition; control has it again.
#[derive(Debug)]
pub struct FetchEnded {
    pub partition: Arc<Partition>,
    /// The number of the [`Start`](fetcher::Start) that this ends.
    pub fetch_id: u64,
    /// Where the next fetch goes on.
    pub position: Position,
    pub broker: i32,
    pub reason: Reason,
}

/// Why a fetch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It was told to.
    Stopped,
    /// The broker said so.
    Refused(ErrorCode),
    /// It leads no more, and knows who does.
    Moved(ErrorCode, NewLeader),
    /// There is no such broker: nothing was asked.
    NoBroker,
    OutOfRange,
    /// A replica nearby has the data, too (KIP-392).
    Preferred(i32),
    /// The loop came to its end.
    Ended,
}
