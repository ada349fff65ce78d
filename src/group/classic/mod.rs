//! Membership by the classic protocol: JoinGroup, SyncGroup, Heartbeat, LeaveGroup.
//!
//! ```text
//!  Out ──► Joining ──► (leader: Assembling) ──► Syncing ──► Assigning ──► Steady
//!   ▲         ▲                                                │            │
//!   │         │  cooperative: nothing to take away             │ rebalance, │
//!   │         ├────────────────────────────────────────────────┴── or lost ─┤
//!   │         │                                                             ▼
//!   └─ Leaving ◄────────────────────────────────────────────────────── Revoking
//! ```
//!
//! `Assigning` and `Revoking` wait for the application to carry out what it was told;
//! heartbeats go on meanwhile. What the machine is after is its [`Goal`], and
//! [`Classic::on_tick`] takes the steps towards it that can be taken.
//!
//! A session is counted from the sending of the last request that succeeded, not from
//! its answer: so a member that is cut off gives up no later than the coordinator
//! gives it up, and what it owned is never consumed twice.

mod join;
mod rebalance;
mod requests;
mod steps;
mod topics;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::assignor::{Assignor, Racks, RebalanceProtocol, TopicPartition};
use super::membership::{Interest, Membership, POLL_GRACE, View};
use super::{Context, Member, Settings, Token, assignor};
use crate::base::error::ErrorCode;
use crate::broker::{RequestError, Response};
use crate::coordinator::Node;

/// Where the machine is to get to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    /// Subscribed: a member that is up to date.
    Member,
    /// Not subscribed.
    Out,
    /// Fenced by another instance: never a member again, but not closed.
    Fenced,
    Closed,
}

/// The topics subscribed to that exist.
type Shape = BTreeMap<Arc<str>, Extent>;

/// What a rebalance goes by, so that a change of it calls for one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Extent {
    partitions: usize,
    id: Uuid,
    /// Where the replicas of each partition are; nothing to a member without a rack.
    racks: Vec<Racks>,
}

/// A membership that the coordinator knows of.
#[derive(Debug)]
struct Session {
    generation: i32,
    assignor: Assignor,
    beat: Beat,
    /// See [`Classic::unfinished`].
    follow_up: Option<Instant>,
}

#[derive(Debug)]
enum Beat {
    Due(Instant),
    Out {
        token: Token,
        sent: Instant,
        node: i32,
    },
}

/// What comes after the application has taken an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Stay,
    Rejoin,
}

/// What comes after the application has given partitions up.
#[derive(Debug)]
enum Then {
    /// Whatever the goal asks for.
    Goal,
    /// The rest of a cooperative rebalance, then another one.
    Assign(Vec<TopicPartition>),
}

#[derive(Debug)]
enum State {
    /// No membership; not to be sought before `at`.
    Out {
        at: Instant,
    },
    Joining {
        token: Token,
        node: Node,
        shape: Shape,
    },
    /// The leader waits for metadata.
    Assembling {
        generation: i32,
        assignor: Assignor,
        members: Vec<assignor::Member>,
        /// What was asked for, or `None` until `until`.
        view: Option<Arc<View>>,
        until: Instant,
    },
    Syncing {
        token: Token,
        sent: Instant,
        node: i32,
        generation: i32,
        assignor: Assignor,
    },
    Assigning {
        session: Session,
        next: Next,
    },
    Steady {
        session: Session,
    },
    Revoking {
        /// `None` once it is lost.
        session: Option<Session>,
        lost: bool,
        taking: Vec<TopicPartition>,
        then: Then,
    },
    Leaving {
        token: Token,
        until: Instant,
    },
    Closed,
}

/// How a member by this protocol behaves; from the configuration.
#[derive(Debug, Clone)]
pub struct ClassicSettings {
    /// In the order of preference.
    pub assignors: Vec<Assignor>,
    /// `heartbeat.interval.ms`
    pub heartbeat_interval: Duration,
    /// `max.poll.interval.ms`, the rebalance timeout too.
    pub max_poll_interval: Duration,
    /// `client.rack`
    pub rack: Option<Arc<str>>,
}

#[derive(Debug)]
pub struct Classic {
    settings: Arc<Settings>,
    config: ClassicSettings,
    goal: Goal,
    interest: Interest,
    view: Arc<View>,
    /// The topics as they were when joining.
    joined_shape: Shape,
    /// For the leader: the topics of others, as they were when it assigned them.
    led: Shape,
    member_id: Arc<str>,
    /// Of what is owned; -1 if nothing is, or not for sure.
    generation: i32,
    /// As what this member was last assigned something. While that is given up because
    /// it was lost, commits are made so, for the coordinator to refuse: in the name of
    /// nobody they would pass once the group is empty.
    assigned_as: Member,
    /// What the application has been given and not given up.
    owned: Vec<TopicPartition>,
    /// When the last request was sent that the coordinator answered as a member's.
    contact: Instant,
    /// The last protocol that a group agreed on.
    protocol: Option<RebalanceProtocol>,
    state: State,
    /// The time of the last `on_tick`.
    ticked: Instant,
    /// Joins that failed in a row.
    attempts: u32,
    /// As the leader: the group may be in the middle of a cooperative rebalance, with
    /// partitions revoked from one member that no other has yet. Who gave them up joins
    /// again, which goes on with it; but if it was a static member that went away before
    /// it could, it comes back to the generation as it is, and nobody goes on. So the
    /// leader does, a session's time later; and one that came back itself cannot know,
    /// and does so, too.
    unfinished: bool,
    /// A JoinGroup or SyncGroup may be unanswered, and hold up what goes to the
    /// coordinator by the same connection.
    held_up: bool,
    /// Why it had to join again, or leave, the last time.
    reason: Cow<'static, str>,
    /// Topics that the application was told are not there, and why.
    missing: BTreeMap<Arc<str>, ErrorCode>,
}

impl Classic {
    pub fn new(now: Instant, settings: Arc<Settings>, config: ClassicSettings) -> Self {
        Classic {
            settings,
            config,
            goal: Goal::Out,
            interest: Interest::default(),
            view: Arc::default(),
            joined_shape: Shape::new(),
            led: Shape::new(),
            member_id: "".into(),
            generation: -1,
            assigned_as: Member::none(),
            owned: Vec::new(),
            contact: now,
            protocol: None,
            state: State::Out { at: now },
            ticked: now,
            attempts: 0,
            unfinished: false,
            held_up: false,
            reason: Cow::Borrowed(""),
            missing: BTreeMap::new(),
        }
    }

    fn session(&self) -> Option<&Session> {
        match &self.state {
            State::Assigning { session, .. } | State::Steady { session } => Some(session),
            State::Revoking { session, .. } => session.as_ref(),
            _ => None,
        }
    }

    fn session_mut(&mut self) -> Option<&mut Session> {
        match &mut self.state {
            State::Assigning { session, .. } | State::Steady { session } => Some(session),
            State::Revoking { session, .. } => session.as_mut(),
            _ => None,
        }
    }

    fn backoff(&mut self, cx: &mut Context<'_>) -> Instant {
        let delay = cx.backoff(
            self.attempts,
            self.settings.retry_backoff.max(Duration::from_millis(10)),
            self.settings.retry_backoff_max,
        );
        self.attempts = self.attempts.saturating_add(1);
        cx.now + delay
    }
}

impl Membership for Classic {
    fn subscribe(&mut self, cx: &mut Context<'_>, interest: Option<Interest>) {
        if matches!(self.goal, Goal::Closed | Goal::Fenced) {
            return;
        }
        self.missing.clear();
        self.goal = match &interest {
            Some(interest) if !interest.is_empty() => Goal::Member,
            _ => Goal::Out,
        };
        self.interest = interest.unwrap_or_default();
        if self.goal == Goal::Member {
            self.report_missing(cx);
            self.check_shape(cx);
            self.subscribed_anew(cx);
        }
    }

    fn on_metadata(&mut self, cx: &mut Context<'_>, view: Arc<View>) {
        self.view = view;
        if self.goal == Goal::Member {
            self.report_missing(cx);
            self.check_shape(cx);
        }
    }

    fn on_requested_metadata(&mut self, _: &mut Context<'_>, view: Arc<View>) {
        if let State::Assembling { view: slot, .. } = &mut self.state {
            *slot = Some(view);
        }
    }

    fn on_assigned(&mut self, cx: &mut Context<'_>) {
        self.assigned(cx);
    }

    fn on_unassigned(&mut self, cx: &mut Context<'_>) {
        self.unassigned(cx);
    }

    fn close(&mut self, _: &mut Context<'_>) {
        self.goal = Goal::Closed;
    }

    fn owns(&self, token: Token) -> bool {
        match &self.state {
            State::Joining { token: own, .. }
            | State::Syncing { token: own, .. }
            | State::Leaving { token: own, .. } => *own == token,
            _ => matches!(
                self.session(),
                Some(Session { beat: Beat::Out { token: own, .. }, .. }) if *own == token
            ),
        }
    }

    fn on_response(
        &mut self,
        cx: &mut Context<'_>,
        _: Token,
        result: Result<Response, RequestError>,
    ) -> Option<i32> {
        let at = cx.now;
        if result.is_ok() && matches!(self.state, State::Joining { .. } | State::Syncing { .. }) {
            self.held_up = false;
        }
        match &self.state {
            State::Joining { .. } => self.on_join_response(cx, result),
            State::Syncing { .. } => self.on_sync_response(cx, result),
            State::Leaving { .. } => {
                self.state = State::Out { at };
                None
            }
            _ => self.on_heartbeat_response(cx, result),
        }
    }

    fn on_commit_refused(&mut self, cx: &mut Context<'_>, generation: i32, code: ErrorCode) {
        if code == ErrorCode::FENCED_INSTANCE_ID {
            self.fence(cx, code);
            return;
        }
        if self.session().is_none_or(|s| s.generation != generation) {
            return;
        }
        if code == ErrorCode::UNKNOWN_MEMBER_ID {
            self.member_id = "".into();
        }
        self.lose(cx, format!("OffsetCommit error: {code}"));
    }

    fn on_tick(&mut self, cx: &mut Context<'_>, coordinator: Option<&Node>, polled: Instant) {
        self.ticked = cx.now;
        while self.step(cx, coordinator, polled) {}
    }

    fn next_deadline(&self, coordinator_up: bool, polled: Instant) -> Option<Instant> {
        if let Some(session) = self.session() {
            let end = self.contact + self.settings.session_timeout;
            let poll = polled + self.config.max_poll_interval + POLL_GRACE;
            let beat = match session.beat {
                Beat::Due(at) if coordinator_up => at,
                _ => end,
            };
            let follow_up = session.follow_up.unwrap_or(end);
            return Some(end.min(poll).min(beat).min(follow_up));
        }
        match &self.state {
            State::Out { at } if self.goal == Goal::Member => {
                // An application that does not poll is not waited for by time.
                let polls = self.ticked.max(*at) < polled + self.config.max_poll_interval;
                let join = coordinator_up && polls && !self.shape().is_empty();
                let end = self.contact + self.settings.session_timeout;
                let end = (!self.owned.is_empty()).then_some(end);
                join.then_some(*at).into_iter().chain(end).min()
            }
            State::Leaving { until, .. } | State::Assembling { until, .. } => Some(*until),
            State::Out { .. }
            | State::Joining { .. }
            | State::Syncing { .. }
            | State::Assigning { .. }
            | State::Steady { .. }
            | State::Revoking { .. }
            | State::Closed => None,
        }
    }

    fn wants_coordinator(&self) -> bool {
        self.goal == Goal::Member
    }

    fn wants_poll(&self) -> bool {
        matches!(self.state, State::Out { .. }) && self.goal == Goal::Member
    }

    fn holds_commits(&self) -> bool {
        let joining = matches!(
            self.state,
            State::Joining { .. } | State::Assembling { .. } | State::Syncing { .. }
        );
        joining && !self.owned.is_empty()
    }

    fn member(&self) -> Member {
        if self.is_lost() {
            return self.assigned_as.clone();
        }
        Member {
            generation: self.generation,
            member_id: self.member_id.clone(),
            instance_id: self.settings.group_instance_id.clone(),
        }
    }

    fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    fn is_lost(&self) -> bool {
        matches!(self.state, State::Revoking { lost: true, .. })
    }

    fn protocol(&self) -> Option<RebalanceProtocol> {
        self.protocol
    }

    fn assignment(&self) -> &[TopicPartition] {
        &self.owned
    }

    fn topics(&self) -> Vec<Arc<str>> {
        self.shape().into_keys().collect()
    }

    fn state_name(&self) -> &'static str {
        match self.state {
            State::Out { .. } => "init",
            State::Joining { .. } => "wait-join",
            State::Assembling { .. } => "wait-metadata",
            State::Syncing { .. } => "wait-sync",
            State::Assigning { .. } => "wait-assign-call",
            State::Steady { .. } => "steady",
            State::Revoking { .. } => "wait-unassign-call",
            State::Leaving { .. } => "wait-leave",
            State::Closed => "closed",
        }
    }

    fn reason(&self) -> &str {
        match self.session() {
            Some(_) if self.reason.is_empty() => "topics were subscribed to",
            _ => &self.reason,
        }
    }

    fn is_steady(&self) -> bool {
        matches!(self.state, State::Steady { .. })
    }
}

#[cfg(test)]
mod tests;
