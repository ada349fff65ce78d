//! Layer 5: consumer groups: the coordinator, committed offsets, membership.
//!
//! Everything here is sans-IO: [`Group::on_event`] takes what happened and the time
//! it happened at, and says what to do as [`Action`]s; [`Group::next_deadline`] says
//! when to come back without an event ([`Event::Tick`]). No socket, clock, thread or
//! global randomness inside, so that one machine serves the client and a simulation
//! with a virtual clock.
//!
//! ```text
//!            Event ──► Group ──► Action
//!                        ├─ `coordinator` where requests go, found and lost
//!                        ├─ membership    joining, rebalancing, leaving
//!                        │    ├─ classic    by the classic protocol
//!                        │    └─ consumer   by the one where the coordinator assigns
//!                        └─ offsets       OffsetCommit, OffsetFetch
//! ```

pub mod assignor;
pub mod classic;
pub mod consumer;
pub mod membership;
pub mod offsets;
pub mod share;
pub mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::{ApiKey, RequestKind};
use uuid::Uuid;

use crate::base::error::ErrorCode;
use crate::broker::{RequestError, Response};
use crate::coordinator::{self, Coordinator, Kind, Node};
use assignor::RebalanceProtocol;
pub use membership::{Interest, Membership, Rebalance, RebalanceKind, TopicView, View};
use offsets::Offsets;
pub use offsets::{Commit, CommitDone, Committed, Fetch, Fetched, Offset};

/// Names one request between the action that sends it and its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// A request to send; its result comes back as [`Event::Response`] with the token,
/// exactly once.
pub struct Outgoing {
    pub token: Token,
    pub api: ApiKey,
    /// The highest version to use, where the machine must not go further.
    pub max_version: Option<i16>,
    /// How long it may take altogether, from now.
    pub timeout: Duration,
    /// Must not wait behind what is unanswered on the coordinator's connection, such
    /// as a JoinGroup: better sent on another one to the same broker.
    pub aside: bool,
    /// Builds the request for the version that was negotiated.
    pub build: Box<dyn FnOnce(i16) -> RequestKind + Send>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.api, self.token)
    }
}

/// What happened.
// Passed by value and handled at once: the size costs a copy per response.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
pub enum Event {
    /// Nothing but that time went by.
    Tick,
    /// News about the coordinator.
    Coordinator(coordinator::Event),
    /// The result of a request.
    Response {
        token: Token,
        result: Result<Response, RequestError>,
    },
    Commit(Commit),
    Fetch(Fetch),
    /// `None`: no more.
    Subscribe(Option<Interest>),
    /// The topics of new metadata.
    Metadata(Arc<View>),
    /// The answer to [`Action::RequestMetadata`] or [`Action::RequestTopics`].
    RequestedMetadata(Arc<View>),
    /// The application has taken an assignment.
    Assigned,
    /// It has given partitions up: nothing of them is consumed any more, and what is
    /// to be committed of them is committed.
    Unassigned,
    /// The application has been away and polls again.
    Polled,
    /// Gives everything up and leaves.
    Close,
    /// Nothing waits from here on: commits and fetches that are not answered
    /// yet fail with this code.
    Stop(ErrorCode),
}

/// What to do.
#[derive(Debug)]
pub enum Action {
    /// To the coordinator, on a connection of its own: it does not answer anything
    /// else on a connection while a JoinGroup waits there.
    SendToCoordinator(Node, Outgoing),
    /// Finding the coordinator, and keeping a connection to it.
    Coordinator(coordinator::Action),
    CommitDone(CommitDone),
    /// A commit was refused by this code, and is made again. For logs.
    CommitWaits(ErrorCode),
    Fetched(Fetched),
    Rebalance(Rebalance),
    /// The membership needs fresh metadata of these topics: [`Event::RequestedMetadata`].
    RequestMetadata(Vec<Arc<str>>),
    /// The membership needs to know which topics have these ids: [`Event::RequestedMetadata`].
    RequestTopics(Vec<Uuid>),
    /// For the application, as a consumer error of a topic.
    TopicError {
        topic: Arc<str>,
        code: ErrorCode,
        text: String,
    },
    /// The membership has ended after [`Event::Close`].
    Closed,
    /// For the application, as a consumer error.
    Error(ErrorCode, String),
    /// The client cannot go on.
    Fatal(ErrorCode, String),
}

/// Between heartbeats, whatever the coordinator says: they are no load.
const LEAST_INTERVAL: Duration = Duration::from_millis(10);

/// See [`Settings::close_patience`].
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);

/// How a group behaves; from the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    pub group_id: Arc<str>,
    pub group_instance_id: Option<Arc<str>>,
    /// `session.timeout.ms`, which also bounds how long commits wait for a coordinator.
    pub session_timeout: Duration,
    /// `socket.timeout.ms`
    pub request_timeout: Duration,
    /// `retry.backoff.ms`, `retry.backoff.max.ms`
    pub retry_backoff: Duration,
    pub retry_backoff_max: Duration,
    /// `coordinator.query.interval.ms`
    pub coordinator_query_interval: Duration,
    /// For the jitter.
    pub seed: u64,
}

impl Settings {
    /// How long the last commits, and then leaving the group, may take: no longer
    /// than a request, and the coordinator gives up a silent member anyway.
    fn close_patience(&self) -> Duration {
        CLOSE_PATIENCE.min(self.request_timeout)
    }

    pub fn new(group_id: &str) -> Self {
        Settings {
            group_id: group_id.into(),
            group_instance_id: None,
            session_timeout: Duration::from_secs(45),
            request_timeout: Duration::from_secs(60),
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_secs(1),
            coordinator_query_interval: Duration::from_secs(600),
            seed: 0,
        }
    }
}

/// Who a request is sent as: a member of a generation, or nobody in particular.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// -1 without membership.
    pub generation: i32,
    pub member_id: Arc<str>,
    pub instance_id: Option<Arc<str>>,
}

impl Member {
    /// Nobody, in no generation.
    pub fn none() -> Self {
        Member {
            generation: -1,
            member_id: "".into(),
            instance_id: None,
        }
    }
}

/// What the machines of a group share while one event is handled.
pub struct Context<'a> {
    pub now: Instant,
    pub actions: &'a mut Vec<Action>,
    state: &'a mut ContextState,
}

/// What outlives the event: the tokens given so far, and the source of jitter.
#[derive(Debug)]
struct ContextState {
    next_token: u64,
    rng: fastrand::Rng,
}

impl Context<'_> {
    fn coordinate(&mut self, coordinator: &mut Coordinator, event: coordinator::Event) {
        let mut actions = Vec::new();
        coordinator.on_event(self.now, event, &mut self.state.rng, &mut actions);
        self.actions
            .extend(actions.into_iter().map(Action::Coordinator));
    }

    pub fn token(&mut self) -> Token {
        self.state.next_token += 1;
        Token(self.state.next_token)
    }

    /// See [`coordinator::backoff`].
    pub fn backoff(&mut self, n: u32, base: Duration, max: Duration) -> Duration {
        coordinator::backoff(&mut self.state.rng, n, base, max)
    }
}

/// Everything of one group, as this client sees it.
#[derive(Debug)]
pub struct Group {
    coordinator: Coordinator,
    offsets: Offsets,
    membership: Box<dyn Membership>,
    /// When the application last polled.
    polled: Instant,
    closed: bool,
    context: ContextState,
}

impl Group {
    /// `membership`: the machine of the protocol by which this client is a member.
    pub fn new(now: Instant, settings: Arc<Settings>, membership: Box<dyn Membership>) -> Self {
        let context = ContextState {
            next_token: 0,
            rng: fastrand::Rng::with_seed(settings.seed),
        };
        Group {
            coordinator: Coordinator::new(
                Kind::Group,
                settings.group_id.clone(),
                coordinator::Settings {
                    request_timeout: settings.request_timeout,
                    retry_backoff: settings.retry_backoff,
                    retry_backoff_max: settings.retry_backoff_max,
                    query_interval: settings.coordinator_query_interval,
                },
            ),
            membership,
            offsets: Offsets::new(settings),
            polled: now,
            closed: false,
            context,
        }
    }

    /// The coordinator, while its connection is up.
    pub fn coordinator(&self) -> Option<&Node> {
        self.coordinator.up()
    }

    /// How the group is seen from here, for statistics.
    pub fn state_name(&self) -> &'static str {
        match self.closed {
            true => "term",
            false => self.coordinator.state_name(),
        }
    }

    /// Commits and fetches that are not answered yet.
    pub fn outstanding(&self) -> usize {
        self.offsets.outstanding()
    }

    pub fn outstanding_commits(&self) -> usize {
        self.offsets.outstanding_commits()
    }

    pub fn membership(&self) -> &dyn Membership {
        &*self.membership
    }

    /// When the application last polled, as far as is known; a poll that is still
    /// waiting counts as now. To be told before the time is looked at.
    pub fn set_polled(&mut self, at: Instant) {
        self.polled = self.polled.max(at);
    }

    pub fn on_event(&mut self, now: Instant, event: Event, actions: &mut Vec<Action>) {
        let mut cx = Context {
            now,
            actions,
            state: &mut self.context,
        };
        let before = self.membership.member();
        match event {
            Event::Tick => {}
            Event::Polled => self.polled = now,
            Event::Subscribe(interest) => self.membership.subscribe(&mut cx, interest),
            Event::Metadata(view) => self.membership.on_metadata(&mut cx, view),
            Event::RequestedMetadata(view) => {
                self.membership.on_requested_metadata(&mut cx, view);
            }
            Event::Assigned => self.membership.on_assigned(&mut cx),
            Event::Unassigned => self.membership.on_unassigned(&mut cx),
            Event::Close => {
                self.offsets.close(now);
                self.membership.close(&mut cx);
            }
            Event::Coordinator(event) => cx.coordinate(&mut self.coordinator, event),
            Event::Response { token, result } => {
                let lost = if self.membership.owns(token) {
                    self.membership.on_response(&mut cx, token, result)
                } else {
                    let may_follow = (!self.membership.is_lost()).then_some(&before);
                    let outcome = self.offsets.on_response(&mut cx, token, result, may_follow);
                    if let Some((generation, code)) = outcome.refused {
                        self.membership.on_commit_refused(&mut cx, generation, code);
                    }
                    outcome.lost_coordinator
                };
                if let Some(node) = lost {
                    cx.coordinate(&mut self.coordinator, coordinator::Event::Lost(node));
                }
            }
            Event::Commit(commit) => {
                let member = self.membership.member();
                self.offsets.commit(&mut cx, commit, member);
            }
            Event::Fetch(fetch) => self.offsets.fetch(&mut cx, fetch),
            Event::Stop(code) => self.offsets.stop(&mut cx, code),
        }
        if self.offsets.wants_coordinator() || self.membership.wants_coordinator() {
            cx.coordinate(&mut self.coordinator, coordinator::Event::Wanted);
        }
        cx.coordinate(&mut self.coordinator, coordinator::Event::Tick);
        self.membership
            .on_tick(&mut cx, self.coordinator.up(), self.polled);
        let after = self.membership.member();
        if self.membership.protocol() == Some(RebalanceProtocol::Cooperative)
            && after.generation >= 0
        {
            self.offsets.follow(&before, &after);
        }
        if self.membership.is_closed() && !self.closed {
            self.closed = true;
            cx.actions.push(Action::Closed);
        }
        self.offsets.on_tick(
            &mut cx,
            self.coordinator.up(),
            self.membership.holds_commits(),
            self.membership.fetches_as().as_ref(),
        );
    }

    /// When to come back with [`Event::Tick`] if nothing happens before.
    pub fn next_deadline(&self) -> Option<Instant> {
        let up = self.coordinator.up().is_some();
        [
            self.coordinator.next_deadline(),
            self.offsets
                .next_deadline(up, self.membership.holds_commits()),
            self.membership.next_deadline(up, self.polled),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

#[cfg(all(test, not(loom)))]
mod sim;
#[cfg(test)]
pub(crate) mod testing;
