//! Producing: from the application's call to the delivery report.
//!
//! ```text
//! application thread                       broker's loop (the leader's)
//!  Topic::produce ─ partitioner ─► Partition ──── ready ────► Sender
//!                   (accumulator: open batch, closed batches)    │ seal, compress, ProduceRequest
//!                                                                ▼
//!  DeliverySink ◄──────────────── Delivery (a batch and its result)
//! ```
//!
//! A record is encoded on the application's thread, straight into the open batch
//! of its partition. From then on everything moves by whole batches. Messages for
//! a topic that is not known yet wait in the same form, unassigned.

pub mod batch;
pub mod idempotence;
pub mod limits;
#[cfg(all(test, loom))]
mod model;
pub mod partition;
pub mod partitioner;
pub mod sender;
#[cfg(all(test, not(loom)))]
mod testing;
pub mod topic;
mod topic_info;
pub mod transaction;
mod versions;

use std::sync::Arc;
use std::time::Duration;

use crate::base::error::ErrorCode;
use crate::base::log::Logger;
pub use batch::{Batch, Delivery, Entry};
pub use partition::Partition;
pub use topic::{Record, Topic};

use crate::protocol::compression::Codec;
use crate::protocol::leader::NewLeader;

/// Where delivery reports go; implemented by the client.
pub trait DeliverySink: Send + Sync {
    /// The batch's messages count against the queue limits until the delivery is
    /// dropped.
    fn delivered(&self, delivery: Delivery);
    /// A broker said something that calls for new metadata, or what is new in it.
    fn metadata_is_stale(&self, topic: &Arc<str>, why: ErrorCode, leader: Option<NewLeader>);
    /// A broker said that the topic may not be used. Once this returns, no more is
    /// accepted for it; what is queued fails soon.
    fn topic_refused(&self, topic: &Arc<str>, why: ErrorCode);
    /// The producer cannot go on.
    fn fatal(&self, code: ErrorCode, text: &str);
    /// Another producer id or epoch than this one is needed.
    fn producer_id_is_spent(&self, spent: idempotence::Pid);
    /// The partition has something to send, and waits until it is part of the transaction.
    fn joins_transaction(&self, partition: &Arc<Partition>);
    /// Messages of the transaction were refused for good, or lost.
    fn transaction_failed(&self, code: ErrorCode, text: String);
}

/// The producer's part of the global configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    pub max_message_bytes: usize,
    pub max_queued_messages: u64,
    pub max_queued_bytes: u64,
    pub linger: Duration,
    pub batch_messages: usize,
    pub batch_bytes: usize,
    pub retries: u32,
    pub retry_backoff: Duration,
    pub retry_backoff_max: Duration,
    pub socket_timeout: Duration,
    pub sticky_linger: Duration,
    /// Messages in flight at the same time for one partition.
    pub max_in_flight: usize,
    /// Requests that wait for the socket from which on no batch is taken for another.
    pub max_backlog: usize,
    pub idempotence: bool,
    /// Of a producer whose messages belong to transactions.
    pub transactional_id: Option<Arc<str>>,
    pub gapless: bool,
}

/// The producer's part of a topic's configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicSettings {
    pub acks: i16,
    pub request_timeout: Duration,
    /// Zero: never.
    pub message_timeout: Duration,
    pub codec: Codec,
    pub level: i32,
    /// The newest messages go first.
    pub lifo: bool,
}

/// What all topics of a client share.
pub struct ProducerShared {
    pub settings: Settings,
    pub limits: limits::Limits,
    pub sink: Arc<dyn DeliverySink>,
    pub logger: Arc<Logger>,
    /// Of an idempotent producer.
    pub identity: idempotence::Identity,
    /// Of a transactional producer.
    pub transaction: Option<Arc<transaction::SharedTransaction>>,
    /// The ready partitions that have no leader.
    pub leaderless: Arc<partition::ready::ReadyPartitions>,
    pub stats: ProducerStats,
    /// The instance cannot go on: nothing more is accepted.
    pub fatal: std::sync::atomic::AtomicBool,
}

/// Counters over all partitions.
#[derive(Debug, Default)]
pub struct ProducerStats {
    pub messages: std::sync::atomic::AtomicU64,
    pub bytes: std::sync::atomic::AtomicU64,
    /// Statistics are asked for: windows are kept as well.
    pub windows: bool,
}
