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

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::assignor::{Assignor, Racks, RebalanceProtocol, TopicPartition};
use super::membership::{
    Interest, MemberSettings, Membership, Rebalance, RebalanceKind, TopicView, View,
};
use super::{Action, Context, Member, Settings, Token, assignor};
use crate::base::error::ErrorCode;
use crate::broker::{RequestError, Response};
use crate::coordinator::Node;

/// How long the leader waits for the metadata of the others' topics.
const METADATA_TIMEOUT: Duration = Duration::from_secs(10);

/// How much later than `max.poll.interval.ms` a poll may be: an application that polls
/// just as often is not put out by a few milliseconds. librdkafka looks twice a second.
const POLL_GRACE: Duration = Duration::from_millis(500);

const POLL_EXCEEDED: &str = "max.poll.interval.ms exceeded";
const SESSION_OVER: &str = "session.timeout.ms passed without an answer";

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

#[derive(Debug)]
pub struct Classic {
    settings: Arc<Settings>,
    config: MemberSettings,
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
    pub fn new(now: Instant, settings: Arc<Settings>, config: MemberSettings) -> Self {
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

    fn wants(&self, topic: &str) -> bool {
        self.interest.topics.iter().any(|name| **name == *topic)
            || self.interest.patterns.iter().any(|re| re.is_match(topic))
    }

    /// The topics subscribed to that exist now.
    fn shape(&self) -> Shape {
        self.view
            .iter()
            .filter(|(name, topic)| {
                topic.code.is_ok() && !topic.partitions.is_empty() && self.wants(name)
            })
            .map(|(name, topic)| (name.clone(), self.extent(topic)))
            .collect()
    }

    fn extent(&self, topic: &TopicView) -> Extent {
        let by_rack = self.config.rack.as_deref().is_some_and(|r| !r.is_empty());
        Extent {
            partitions: topic.partitions.len(),
            id: topic.id,
            racks: match by_rack {
                true => topic.partitions.clone(),
                false => Vec::new(),
            },
        }
    }

    /// Tells the application about topics that it names and that are not there, and about
    /// those that it has a pattern for and must not read.
    fn report_missing(&mut self, cx: &mut Context<'_>) {
        let named = self.interest.topics.iter().filter_map(|name| {
            let code = self.view.get(name)?.code;
            code.is_err().then(|| (name.clone(), code))
        });
        // Where there are patterns all topics are known.
        let unmatched = self.interest.patterns.iter().filter_map(|re| {
            let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PART;
            let mut exist = self.view.iter().filter(|(_, t)| t.code != unknown);
            let none = !exist.any(|(name, _)| re.is_match(name));
            none.then(|| (re.pattern().into(), unknown))
        });
        let refused = self.view.iter().filter_map(|(name, topic)| {
            let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PART;
            let is_refused = topic.code.is_err() && topic.code != unknown;
            let matches = || self.interest.patterns.iter().any(|re| re.is_match(name));
            (is_refused && matches()).then(|| (name.clone(), topic.code))
        });
        let mut missing: BTreeMap<Arc<str>, _> = BTreeMap::new();
        for (name, code) in named.chain(unmatched).chain(refused) {
            if self.missing.get(&name) != Some(&code) {
                cx.actions.push(Action::TopicError {
                    topic: name.clone(),
                    code,
                    text: format!("Subscribed topic not available: {name}: {code}"),
                });
            }
            missing.insert(name, code);
        }
        self.missing = missing;
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

    /// One step towards the goal; `false` when there is none to take now.
    fn step(&mut self, cx: &mut Context<'_>, coordinator: Option<&Node>, polled: Instant) -> bool {
        let now = cx.now;
        match &mut self.state {
            State::Closed => false,
            State::Out { at } => {
                let due = *at <= now;
                self.step_out(
                    cx,
                    coordinator,
                    due && now < polled + self.config.max_poll_interval,
                )
            }
            State::Joining { .. } | State::Syncing { .. } | State::Assembling { .. }
                if self.goal != Goal::Member =>
            {
                self.give_up(cx, None);
                true
            }
            State::Joining { .. } | State::Syncing { .. } => false,
            State::Assembling { view, until, .. } => {
                if view.is_none() && now < *until {
                    return false;
                }
                let view = view.take().unwrap_or_else(|| self.view.clone());
                self.assign_members(cx, coordinator, &view);
                true
            }
            State::Leaving { until, .. } => {
                if *until <= now {
                    self.state = State::Out { at: now };
                    return true;
                }
                false
            }
            State::Steady { .. } | State::Assigning { .. } if self.goal != Goal::Member => {
                if let State::Steady { session } | State::Assigning { session, .. } =
                    std::mem::replace(&mut self.state, State::Out { at: now })
                {
                    self.give_up(cx, Some(session));
                }
                true
            }
            State::Steady { .. } | State::Assigning { .. } | State::Revoking { .. } => {
                self.serve_session(cx, coordinator, polled)
            }
        }
    }

    /// Without a membership: seeks one, or leaves what the coordinator may still know
    /// of. `may_join`: it is time, and the application polls.
    fn step_out(
        &mut self,
        cx: &mut Context<'_>,
        coordinator: Option<&Node>,
        may_join: bool,
    ) -> bool {
        if !self.owned.is_empty() {
            if self.goal != Goal::Member {
                self.give_up(cx, None);
                return true;
            }
            if self.contact + self.settings.session_timeout <= cx.now {
                self.member_id = "".into();
                self.lose(cx, SESSION_OVER);
                return true;
            }
        }
        let joinable = self.goal == Goal::Member && !self.shape().is_empty();
        match coordinator {
            Some(node) if joinable && may_join => self.join(cx, node),
            // A static member that closes keeps its place until its session ends (KIP-345).
            Some(node)
                if !joinable
                    && !self.member_id.is_empty()
                    && (self.settings.group_instance_id.is_none() || self.goal == Goal::Out) =>
            {
                let token = self.send_leave(cx, node, self.way_out());
                self.state = State::Leaving {
                    token,
                    until: cx.now + self.settings.close_patience(),
                };
            }
            _ if self.goal == Goal::Closed => self.state = State::Closed,
            _ => return false,
        }
        true
    }

    /// Heartbeats, and the timeouts of a session.
    fn serve_session(
        &mut self,
        cx: &mut Context<'_>,
        coordinator: Option<&Node>,
        polled: Instant,
    ) -> bool {
        let now = cx.now;
        let (session_timeout, max_poll) =
            (self.settings.session_timeout, self.config.max_poll_interval);
        let expired = self.contact + session_timeout <= now;
        let Some(session) = self.session_mut() else {
            return false;
        };
        if expired {
            self.member_id = "".into();
            self.lose(cx, SESSION_OVER);
            return true;
        }
        let follow_up = session.follow_up.take_if(|at| *at <= now).is_some();
        if polled + max_poll + POLL_GRACE <= now {
            self.stop_for_poll(cx, coordinator, polled);
            return true;
        }
        if follow_up {
            self.rebalance(cx, "revoked partitions may be without a member");
            return true;
        }
        if let (Beat::Due(at), Some(node)) = (&session.beat, coordinator)
            && *at <= now
        {
            let generation = session.generation;
            let token = self.send_heartbeat(cx, node, generation);
            let sent = now;
            let node = node.id;
            if let Some(session) = self.session_mut() {
                session.beat = Beat::Out { token, sent, node };
            }
            return true;
        }
        false
    }

    /// The application has not polled for too long: what it has is lost, and it is a
    /// member again when it polls.
    fn stop_for_poll(&mut self, cx: &mut Context<'_>, coordinator: Option<&Node>, polled: Instant) {
        let limit = self.config.max_poll_interval;
        let over = cx.now.saturating_duration_since(polled + limit);
        if self.settings.group_instance_id.is_none() {
            match coordinator {
                Some(node) => {
                    self.send_leave(cx, node, POLL_EXCEEDED);
                }
                None => self.member_id = "".into(),
            }
        }
        self.lose(cx, POLL_EXCEEDED);
        cx.actions.push(Action::Error(
            ErrorCode::_MAX_POLL_EXCEEDED,
            format!(
                "Application maximum poll interval ({}ms) exceeded by {}ms",
                limit.as_millis(),
                over.as_millis()
            ),
        ));
    }

    /// Why it leaves.
    fn way_out(&self) -> &'static str {
        match self.goal {
            Goal::Closed => "consumer closing",
            _ => "unsubscribe",
        }
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

    fn on_leader_metadata(&mut self, _: &mut Context<'_>, view: Arc<View>) {
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
