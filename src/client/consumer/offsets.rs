//! Positions and offsets: seeks, look-ups, what is committed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};

use super::command::{Command, Commit, CommitReply, OffsetQuery};
use super::{Consumer, ConsumerPartition};
use crate::base::error::ErrorCode;
use crate::base::topic_partition::TopicPartition;
use crate::client::types::{CommitResult, LookupResult, OffsetLookup};
use crate::consumer::{Position, offset};

/// How much longer to wait for the main thread than the answer may take.
const PATIENCE: Duration = Duration::from_millis(100);

impl Consumer {
    /// Waits until the seek is under way, unless `deadline` is `None`.
    pub fn seek(
        &self,
        tp: &ConsumerPartition,
        to: Position,
        deadline: Option<Instant>,
    ) -> Result<(), ErrorCode> {
        let (reply, answer) = bounded(1);
        self.begin_seek(tp, to, reply)?;
        match deadline {
            None => Ok(()),
            Some(at) => answer
                .recv_deadline(at)
                .unwrap_or(Err(ErrorCode::_TIMED_OUT)),
        }
    }

    /// As `seek`, the result going to `reply`.
    pub fn begin_seek(
        &self,
        tp: &ConsumerPartition,
        to: Position,
        reply: Sender<Result<(), ErrorCode>>,
    ) -> Result<(), ErrorCode> {
        if to.offset == offset::STORED {
            return Err(ErrorCode::_INVALID_ARG);
        }
        let p = &tp.partition;
        if !p.is_assigned() {
            return Err(ErrorCode::_STATE);
        }
        let version = p.new_version();
        p.position.set(offset::INVALID, -1);
        self.send(Command::Seek {
            partition: p.clone(),
            version,
            to,
            reply,
        });
        Ok(())
    }

    pub fn offsets(
        &self,
        wanted: Vec<OffsetLookup>,
        timeout: Option<Duration>,
    ) -> Result<Vec<LookupResult>, ErrorCode> {
        let deadline = timeout.map(|t| Instant::now() + t);
        self.ask(
            |reply| {
                Command::LookUp(OffsetQuery {
                    wanted,
                    deadline,
                    reply,
                })
            },
            deadline.map(|d| d + PATIENCE),
        )
    }

    /// The group's committed offsets.
    pub fn committed(
        &self,
        partitions: Vec<(Arc<str>, i32)>,
        timeout: Option<Duration>,
    ) -> Result<Vec<TopicPartition>, ErrorCode> {
        if self.is_closed() {
            return Err(ErrorCode::_DESTROY);
        }
        if timeout.is_some_and(|t| t.is_zero()) {
            // There is no answer in no time, whatever the question.
            return Err(ErrorCode::_TIMED_OUT);
        }
        let deadline = timeout.map(|t| Instant::now() + t);
        self.ask(
            |reply| Command::Committed {
                partitions,
                deadline,
                reply,
            },
            deadline.map(|d| d + PATIENCE),
        )?
    }

    pub fn commit(&self, commit: Commit) -> Result<(), ErrorCode> {
        if self.is_closed() {
            return Err(ErrorCode::_DESTROY);
        }
        self.send(Command::Commit(commit));
        Ok(())
    }

    /// As `commit`, until there is a result.
    pub fn commit_and_wait(
        &self,
        offsets: Option<Vec<TopicPartition>>,
    ) -> Result<CommitResult, ErrorCode> {
        if self.is_closed() {
            return Err(ErrorCode::_DESTROY);
        }
        self.ask(
            |reply| {
                Command::Commit(Commit {
                    offsets,
                    reply: CommitReply::Waiting(reply),
                })
            },
            None,
        )
    }
}
