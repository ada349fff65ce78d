//! What other threads tell the consumer's machine on the main thread.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Sender;

use crate::base::error::ErrorCode;
use crate::base::topic_partition::TopicPartition;
use crate::broker::{RequestError, Response};
use crate::client::event::EventQueue;
use crate::client::types::{CommitResult, LookupResult, OffsetLookup, OffsetStore, Stored};
use crate::consumer::{FetchEnded, Partition, Position};
use crate::group::{Interest, Token};

pub enum Command {
    Start(Vec<(Arc<Partition>, u32, Position)>),
    /// The simple consumer's.
    StartSimple {
        partition: Arc<Partition>,
        version: u32,
        at: Position,
        store: Option<OffsetStore>,
    },
    Stop {
        /// The partitions, with what they had stored.
        commit: Vec<Stored>,
        /// Told when the last commit is done.
        reply: Option<Sender<()>>,
    },
    Seek {
        partition: Arc<Partition>,
        version: u32,
        to: Position,
        reply: Sender<Result<(), ErrorCode>>,
    },
    FetchEnded(FetchEnded),
    LookUp(OffsetQuery),
    Commit(Commit),
    Committed {
        partitions: Vec<(Arc<str>, i32)>,
        deadline: Option<Instant>,
        reply: Sender<CommittedReply>,
    },
    /// The result of a look-up for `consumer::control`.
    LookedUp {
        batch: LookupBatch,
        kind: LookupKind,
        result: Result<Response, RequestError>,
    },
    /// The result of a look-up for the application's query.
    QueryAnswered {
        query: u64,
        /// The places of `lookups` in the query.
        places: Vec<usize>,
        lookups: Vec<PartitionLookup>,
        result: Result<Response, RequestError>,
    },
    Group {
        token: Token,
        result: Result<Response, RequestError>,
    },
    /// The answer to the group's question for its coordinator.
    Coordinator(Result<Response, RequestError>),
    /// `None`: unsubscribes.
    Subscribe(Option<Interest>),
    /// The application has carried out the rebalance of this id.
    Rebalanced(u64),
    /// As if the application had carried out the last rebalance, whichever it was.
    RebalancedLast,
    /// The application polls, which the membership waited for.
    Polled,
    /// Gives up the membership.
    Close,
    LeaderMetadata(Result<Response, RequestError>),
}

pub type CommittedReply = Result<Vec<TopicPartition>, ErrorCode>;

/// A commit that the application asked for.
pub struct Commit {
    /// `None`: what the assigned partitions have stored.
    pub offsets: Option<Vec<TopicPartition>>,
    pub reply: CommitReply,
}

/// Where the result of a commit goes.
pub enum CommitReply {
    /// The configured callback or event, if there is one.
    Configured,
    /// A call that waits, and the configured callback.
    Waiting(Sender<CommitResult>),
    /// A queue, for the given callback and its opaque.
    Queue {
        queue: EventQueue,
        callback: usize,
        opaque: usize,
    },
    /// A call that waits for the library's own last commit.
    Closing(Sender<()>),
}

/// Offsets that the application asks for.
pub struct OffsetQuery {
    pub wanted: Vec<OffsetLookup>,
    /// `None`: for ever.
    pub deadline: Option<Instant>,
    /// In the order of `wanted`.
    pub reply: Sender<Vec<LookupResult>>,
}

/// Which request looks something up, and so what [`PartitionLookup::value`] means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LookupKind {
    /// ListOffsets.
    Offset,
    /// OffsetForLeaderEpoch.
    EpochEnd,
}

/// What is looked up of one partition.
#[derive(Debug, Clone)]
pub struct PartitionLookup {
    pub topic: Arc<str>,
    pub partition: i32,
    pub leader_epoch: i32,
    /// A timestamp or an epoch, as [`LookupKind`] says.
    pub value: i64,
}

/// Look-ups of `consumer::control` that one request asks one broker.
#[derive(Default)]
pub struct LookupBatch {
    /// The partitions with control's tokens, in the order of `lookups`.
    pub partitions: Vec<(Arc<Partition>, u64)>,
    pub lookups: Vec<PartitionLookup>,
}

impl LookupBatch {
    pub fn add(&mut self, partition: Arc<Partition>, token: u64, lookup: PartitionLookup) {
        self.partitions.push((partition, token));
        self.lookups.push(lookup);
    }
}
