//! What being a member of a group is to the rest of the client, whichever protocol
//! makes it one.
//!
//! A protocol is a folder beside `classic/` that implements [`Membership`]. Its settings
//! are its own: who makes the machine chooses the protocol and hands the machine to
//! [`super::Group::new`]. The trait has what the group asks of every protocol; what only
//! one of them needs is in its folder, or has an answer here that suits the others.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::assignor::{Racks, RebalanceProtocol, TopicPartition};
use super::{Context, Member, Token};
use crate::base::error::ErrorCode;
use crate::base::regex::Regex;
use crate::broker::{RequestError, Response};
use crate::coordinator::Node;

/// How much later than `max.poll.interval.ms` a poll may be: an application that polls
/// just as often is not put out by a few milliseconds. librdkafka looks twice a second.
pub(super) const POLL_GRACE: Duration = Duration::from_millis(500);

/// What the application wants to consume.
#[derive(Debug, Clone, Default)]
pub struct Interest {
    pub topics: Vec<Arc<str>>,
    pub patterns: Vec<Arc<Regex>>,
}

impl Interest {
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty() && self.patterns.is_empty()
    }
}

/// A topic as the newest metadata has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicView {
    pub id: Uuid,
    pub code: ErrorCode,
    pub partitions: Vec<Racks>,
}

/// The topics of the newest metadata.
pub type View = BTreeMap<Arc<str>, TopicView>;

/// A change of what the application consumes, for it to carry out; it says when it
/// has by [`super::Event::Assigned`] or [`super::Event::Unassigned`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebalance {
    pub kind: RebalanceKind,
    pub protocol: RebalanceProtocol,
    /// What is added or taken away; with the eager protocol that is all there is.
    pub partitions: Vec<TopicPartition>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RebalanceKind {
    Assign,
    /// With `lost`, others may own the partitions already.
    Revoke {
        lost: bool,
    },
}

/// One protocol's state machine.
pub trait Membership: Send + fmt::Debug {
    /// `None`: unsubscribes.
    fn subscribe(&mut self, cx: &mut Context<'_>, interest: Option<Interest>);
    fn on_metadata(&mut self, cx: &mut Context<'_>, view: Arc<View>);
    /// The metadata that was asked for by [`super::Action::RequestMetadata`], from when on
    /// `on_metadata` has those topics, too, or by [`super::Action::RequestTopics`].
    fn on_requested_metadata(&mut self, cx: &mut Context<'_>, view: Arc<View>);
    /// The application has carried out an assignment.
    fn on_assigned(&mut self, cx: &mut Context<'_>);
    /// The application has given partitions up: they are not consumed any more, and
    /// their offsets are committed.
    fn on_unassigned(&mut self, cx: &mut Context<'_>);
    /// Gives everything up and leaves.
    fn close(&mut self, cx: &mut Context<'_>);
    fn owns(&self, token: Token) -> bool;
    /// Returns the coordinator that is not one any more, if the response says that.
    fn on_response(
        &mut self,
        cx: &mut Context<'_>,
        token: Token,
        result: Result<Response, RequestError>,
    ) -> Option<i32>;
    /// The coordinator refused what this generation asked about offsets.
    fn on_commit_refused(&mut self, cx: &mut Context<'_>, generation: i32, code: ErrorCode);
    /// Goes as far as it can go now. `polled`: when the application last polled.
    fn on_tick(&mut self, cx: &mut Context<'_>, coordinator: Option<&Node>, polled: Instant);
    fn next_deadline(&self, coordinator_up: bool, polled: Instant) -> Option<Instant>;

    fn wants_coordinator(&self) -> bool;
    /// Goes on when the application polls again.
    fn wants_poll(&self) -> bool;
    /// Commits have to wait, where a request on its way to the coordinator ends the
    /// generation that they would be made in.
    fn holds_commits(&self) -> bool {
        false
    }
    /// As what commits are made.
    fn member(&self) -> Member;
    /// As what committed offsets are fetched, where the protocol wants to know.
    fn fetches_as(&self) -> Option<Member> {
        None
    }
    fn is_closed(&self) -> bool;
    /// What the group gave last is being taken away because it was lost.
    fn is_lost(&self) -> bool;
    /// `None` until a group has agreed on one.
    fn protocol(&self) -> Option<RebalanceProtocol>;
    /// What the application has been given.
    fn assignment(&self) -> &[TopicPartition];
    /// The topics subscribed to that exist.
    fn topics(&self) -> Vec<Arc<str>>;
    /// For statistics and logs.
    fn state_name(&self) -> &'static str;
    /// Why the last rebalance was, for the statistics; empty before the first one, and
    /// where the protocol has no reasons.
    fn reason(&self) -> &str {
        ""
    }
    /// Nothing is on its way: the assignment is the group's.
    fn is_steady(&self) -> bool;
}
