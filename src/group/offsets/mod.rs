//! Committing offsets and fetching committed ones.
//!
//! At most one OffsetCommit is out at a time: what is committed meanwhile waits and
//! is merged into the next request, the newest offset of a partition winning. So a
//! request that is sent again can never overtake and undo a later commit. Fetches are
//! independent of each other.

mod commit;
mod fetch;

use std::sync::Arc;
use std::time::Instant;

use super::{Context, Member, Settings, Token};
use crate::base::error::ErrorCode;
use crate::broker::{RequestError, Response};
use crate::coordinator::Node;
use commit::Commits;
pub use commit::{Commit, CommitDone, Committed};
use fetch::Fetches;
pub use fetch::{Fetch, Fetched};

/// A partition's offset as it is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offset {
    pub topic: Arc<str>,
    pub partition: i32,
    pub offset: i64,
    /// -1 where unknown.
    pub leader_epoch: i32,
    /// The application's bytes. To Kafka it is text, see `commit::text`.
    pub metadata: Option<Vec<u8>>,
}

/// What a response means to the other machines of the group.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// This broker is not the coordinator.
    pub lost_coordinator: Option<i32>,
    /// The membership of this generation is not valid any more, by this code, or its
    /// generation is not the newest.
    pub refused: Option<(i32, ErrorCode)>,
}

#[derive(Debug)]
pub struct Offsets {
    commits: Commits,
    fetches: Fetches,
}

impl Offsets {
    pub fn new(settings: Arc<Settings>) -> Self {
        Offsets {
            commits: Commits::new(settings.clone()),
            fetches: Fetches::new(settings),
        }
    }

    /// Takes a commit in, as the member that it is made by.
    pub fn commit(&mut self, cx: &mut Context<'_>, commit: Commit, member: Member) {
        self.commits.add(cx, commit, member);
    }

    pub fn fetch(&mut self, cx: &mut Context<'_>, fetch: Fetch) {
        self.fetches.add(cx, fetch);
    }

    /// Commits and fetches without an answer.
    pub fn outstanding(&self) -> usize {
        self.commits.outstanding() + self.fetches.outstanding()
    }

    pub fn outstanding_commits(&self) -> usize {
        self.commits.outstanding()
    }

    pub fn wants_coordinator(&self) -> bool {
        self.outstanding() > 0
    }

    /// A member of the next generation, that has kept what it owned, takes over the
    /// commits of the one before that have not been sent, or have to be sent again.
    pub fn follow(&mut self, before: &Member, now: &Member) {
        let same = before.member_id == now.member_id && before.generation >= 0;
        if same && before.generation < now.generation {
            self.commits.follow(before, now);
        }
    }

    /// `hold`: commits are not to be sent now.
    /// `member`: whom fetches are made for, where that matters.
    pub fn on_tick(
        &mut self,
        cx: &mut Context<'_>,
        coordinator: Option<&Node>,
        hold: bool,
        member: Option<&Member>,
    ) {
        self.commits.on_tick(cx, coordinator.filter(|_| !hold));
        self.fetches.on_tick(cx, coordinator, member);
    }

    /// `member`: as what commits would be made now, unless that membership is lost.
    pub fn on_response(
        &mut self,
        cx: &mut Context<'_>,
        token: Token,
        result: Result<Response, RequestError>,
        member: Option<&Member>,
    ) -> Outcome {
        if self.commits.owns(token) {
            self.commits.on_response(cx, result, member)
        } else {
            self.fetches.on_response(cx, token, result)
        }
    }

    pub fn next_deadline(&self, coordinator_up: bool, hold: bool) -> Option<Instant> {
        [
            self.commits.next_deadline(coordinator_up && !hold),
            self.fetches.next_deadline(coordinator_up),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The consumer is being closed: commits are waited for a few seconds at most.
    pub fn close(&mut self, now: Instant) {
        self.commits.close(now);
    }

    /// Answers everything with `code`.
    pub fn stop(&mut self, cx: &mut Context<'_>, code: ErrorCode) {
        self.commits.stop(cx, code);
        self.fetches.stop(cx, code);
    }
}

/// Whether the coordinator is another broker, or has no connection any more.
fn is_lost(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_NOT_AVAILABLE
    )
}

#[cfg(test)]
mod tests;
