//! What is to be committed, and who is told.

use std::sync::Arc;

use crossbeam_channel::Sender;

use super::TopicPartition;
use crate::base::error::ErrorCode;
use crate::client::shared::EventQueue;
use crate::consumer::{Partition, Position};

/// A partition and what it has stored.
pub type Stored = (Arc<Partition>, Position, Option<Arc<[u8]>>);

/// A commit that the application asked for.
pub struct Commit {
    /// `None`: what the assigned partitions have stored.
    pub offsets: Option<Vec<TopicPartition>>,
    pub reply: Reply,
}

/// Who is told of the result.
pub enum Reply {
    /// The configured callback or event, if there is one.
    Configured,
    /// Whoever waits, and the configured callback.
    Waiting(Sender<CommitResult>),
    /// A queue, for the given callback and its opaque.
    Queue {
        queue: EventQueue,
        callback: usize,
        opaque: usize,
    },
    /// Whoever waits for the library's own last commit.
    Closing(Sender<()>),
}

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

/// What a stored offset of a partition that is kept is committed as. An application that
/// steps back reads something again, and is not to lose its place by that.
pub fn interim_commit(stored: &Stored) -> Option<TopicPartition> {
    let committed = stored.0.committed.get();
    stored.1.is_after(committed).then(|| listed(stored))
}

/// The same for a partition that is given up: where the application was last, be it
/// before what was committed.
pub fn final_commit(stored: &Stored) -> Option<TopicPartition> {
    let (at, committed) = (stored.1, stored.0.committed.get());
    let is_news = at.is_absolute() && (at.offset, at.epoch) != (committed.offset, committed.epoch);
    is_news.then(|| listed(stored))
}

fn listed((partition, stored, metadata): &Stored) -> TopicPartition {
    TopicPartition {
        topic: partition.topic.name.clone(),
        partition: partition.id,
        offset: stored.offset,
        leader_epoch: stored.epoch,
        metadata: metadata.as_deref().map(<[u8]>::to_vec),
        err: ErrorCode::NO_ERROR,
    }
}
