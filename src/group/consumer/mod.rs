//! Membership by the consumer protocol (KIP-848): ConsumerGroupHeartbeat, and nothing else.
//!
//! ```text
//!  Out ──► Joining ──► Member { Steady ◄──► Revoking ──► Assigning ──► Steady }
//!   ▲         │           │
//!   │◄────────┴───────────┤ nothing owned any more, or fenced with nothing owned
//!   └────── Losing ◄──────┘ fenced, failed, or not polled for too long
//! ```
//!
//! The coordinator assigns. A heartbeat tells it what this member subscribes to and owns,
//! as far as the last one that was answered did not, and brings the partitions that are
//! this member's now (`target`). The machine gets there in steps ([`Step`]): it takes from the
//! application what is not in the target, says so by a heartbeat, which lets others have
//! it, and gives the application what is new. Nothing of that stops the heartbeats.
//!
//! The target has ids of topics; a topic whose name is not known is asked for, and what
//! is known is reconciled meanwhile.
//!
//! The id of a member is made here, once (KIP-1082), and given to brokers of version 0, too,
//! which would make one; if the coordinator answers with another, that is it. The coordinator
//! alone counts the session: a member that is cut off goes on with what
//! it has, and learns that it was fenced when it is heard again.

mod answer;
mod errors;
mod heartbeat;
mod reconcile;
mod steps;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::assignor::{RebalanceProtocol, TopicPartition};
use super::membership::{Interest, Membership, POLL_GRACE, View};
use super::{Context, Member, Settings, Token};
use crate::base::error::ErrorCode;
use crate::broker::{RequestError, Response};
use crate::coordinator::Node;
use heartbeat::Report;

/// Between heartbeats, before the coordinator has said.
const FIRST_INTERVAL: Duration = Duration::from_secs(5);

/// Where the machine is to get to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    /// Subscribed: a member that is up to date.
    Member,
    /// Not subscribed.
    Out,
    /// An error that does not pass: never a member again, but not closed.
    Failed,
    Closed,
}

/// A partition as the coordinator has it.
type Place = (Uuid, i32);

/// A heartbeat that is not answered yet.
#[derive(Debug)]
struct Sent {
    token: Token,
    at: Instant,
    node: i32,
    /// What the coordinator knows when it has answered.
    report: Report,
}

#[derive(Debug)]
enum NextHeartbeat {
    Due(Instant),
    Out(Sent),
}

/// A membership that the coordinator knows of.
#[derive(Debug)]
struct Session {
    epoch: i32,
    beat: NextHeartbeat,
    /// The last heartbeat failed: the next one says everything, and waits for its time.
    failed: bool,
    /// What the coordinator knows of this member.
    told: Report,
}

/// What the application is doing for the member.
#[derive(Debug)]
enum Step {
    Steady,
    /// Giving these up.
    Revoking(Vec<TopicPartition>),
    /// Taking these, which are owned already.
    Assigning(Vec<TopicPartition>),
}

#[derive(Debug)]
enum State {
    /// No membership; not to be sought before `at`.
    Out {
        at: Instant,
    },
    Joining(Sent),
    Member {
        session: Session,
        step: Step,
    },
    /// Everything is lost, and the application is giving it up: `taking` now, then the
    /// rest. `epoch`: what it was owned in.
    Losing {
        epoch: i32,
        taking: Vec<TopicPartition>,
        at: Instant,
    },
    Closed,
}

/// A heartbeat by which the member leaves. What it owned may still be with the application.
#[derive(Debug)]
struct Leave {
    token: Token,
    /// Who was asked.
    node: i32,
    until: Instant,
}

/// The question for the names of topics.
#[derive(Debug)]
enum LookUp {
    Idle,
    Asked,
    Wait { at: Instant },
}

/// What the application has been given and not given up, with the topics' ids.
#[derive(Debug, Default)]
struct Owned {
    partitions: Vec<TopicPartition>,
    ids: HashMap<TopicPartition, Uuid>,
}

impl Owned {
    fn place(&self, p: &TopicPartition) -> Place {
        (self.ids.get(p).copied().unwrap_or_default(), p.partition)
    }

    fn add(&mut self, p: TopicPartition, id: Uuid) {
        if self.ids.insert(p.clone(), id).is_none() {
            self.partitions.push(p);
        }
    }

    fn remove(&mut self, gone: &[TopicPartition]) {
        for p in gone {
            self.ids.remove(p);
        }
        self.partitions.retain(|p| self.ids.contains_key(p));
    }
}

/// How a member by this protocol behaves; from the configuration.
#[derive(Debug, Clone)]
pub struct ConsumerSettings {
    /// Unlike every other.
    pub member_id: Arc<str>,
    /// `group.remote.assignor`
    pub assignor: Option<Arc<str>>,
    /// `max.poll.interval.ms`, the rebalance timeout too.
    pub max_poll_interval: Duration,
    /// `client.rack`
    pub rack: Option<Arc<str>>,
}

#[derive(Debug)]
pub struct Consumer {
    settings: Arc<Settings>,
    config: ConsumerSettings,
    goal: Goal,
    interest: Interest,
    view: Arc<View>,
    member_id: Arc<str>,
    /// The coordinator may have this member, so that it has to leave.
    listed: bool,
    has_subscribed: bool,
    interval: Duration,
    owned: Owned,
    /// What the coordinator gave last.
    target: BTreeSet<Place>,
    /// Of the topics in the target, as far as they are known.
    names: HashMap<Uuid, Arc<str>>,
    look_up: LookUp,
    look_ups: u32,
    leave: Option<Leave>,
    state: State,
    /// The time of the last `on_tick`.
    ticked: Instant,
    /// Heartbeats that failed in a row.
    attempts: u32,
    /// The last error that the application was told, and when.
    told: Option<(ErrorCode, Instant)>,
}

impl Consumer {
    pub fn new(now: Instant, settings: Arc<Settings>, config: ConsumerSettings) -> Self {
        Consumer {
            member_id: config.member_id.clone(),
            settings,
            config,
            goal: Goal::Out,
            interest: Interest::default(),
            view: Arc::default(),
            listed: false,
            has_subscribed: false,
            interval: FIRST_INTERVAL,
            owned: Owned::default(),
            target: BTreeSet::new(),
            names: HashMap::new(),
            look_up: LookUp::Idle,
            look_ups: 0,
            leave: None,
            state: State::Out { at: now },
            ticked: now,
            attempts: 0,
            told: None,
        }
    }

    fn session_mut(&mut self) -> Option<&mut Session> {
        match &mut self.state {
            State::Member { session, .. } => Some(session),
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

    /// There is something to say, or to be learnt: not only when the interval is over.
    fn beat_soon(&mut self, now: Instant) {
        if let Some(session) = self.session_mut()
            && !session.failed
            && let NextHeartbeat::Due(at) = &mut session.beat
        {
            *at = now.min(*at);
        }
    }

    /// The beat that is out, if it is this one.
    fn has_sent(&self, token: Token) -> bool {
        match &self.state {
            State::Joining(sent) => sent.token == token,
            State::Member { session, .. } => {
                matches!(&session.beat, NextHeartbeat::Out(sent) if sent.token == token)
            }
            _ => false,
        }
    }
}

impl Membership for Consumer {
    fn subscribe(&mut self, cx: &mut Context<'_>, interest: Option<Interest>) {
        if matches!(self.goal, Goal::Closed | Goal::Failed) {
            return;
        }
        self.told = None;
        self.goal = match &interest {
            Some(interest) if !interest.is_empty() => Goal::Member,
            _ => Goal::Out,
        };
        self.interest = interest.unwrap_or_default();
        if self.goal == Goal::Member {
            self.has_subscribed = true;
            if let Some(session) = self.session_mut()
                && let NextHeartbeat::Due(at) = &mut session.beat
            {
                // Even after an error: it may have been about the old one.
                *at = cx.now;
            }
        }
    }

    fn on_metadata(&mut self, _: &mut Context<'_>, view: Arc<View>) {
        self.view = view;
        self.learn_names();
    }

    fn on_requested_metadata(&mut self, cx: &mut Context<'_>, view: Arc<View>) {
        self.on_names(cx, &view);
    }

    fn on_assigned(&mut self, cx: &mut Context<'_>) {
        if let State::Member { step, .. } = &mut self.state
            && matches!(step, Step::Assigning(_))
        {
            *step = Step::Steady;
            self.beat_soon(cx.now);
        }
    }

    fn on_unassigned(&mut self, cx: &mut Context<'_>) {
        self.unassigned(cx);
    }

    fn close(&mut self, _: &mut Context<'_>) {
        self.goal = Goal::Closed;
    }

    fn owns(&self, token: Token) -> bool {
        self.has_sent(token) || self.leave.as_ref().is_some_and(|l| l.token == token)
    }

    fn on_response(
        &mut self,
        cx: &mut Context<'_>,
        token: Token,
        result: Result<Response, RequestError>,
    ) -> Option<i32> {
        if self.has_sent(token) {
            self.on_beat_answered(cx, result)
        } else {
            self.on_left(cx, &result)
        }
    }

    /// The next heartbeat tells what has become of the membership.
    fn on_commit_refused(&mut self, cx: &mut Context<'_>, _: i32, _: ErrorCode) {
        self.beat_soon(cx.now);
    }

    fn on_tick(&mut self, cx: &mut Context<'_>, coordinator: Option<&Node>, polled: Instant) {
        self.ticked = cx.now;
        while self.step(cx, coordinator, polled) {}
    }

    fn next_deadline(&self, coordinator_up: bool, polled: Instant) -> Option<Instant> {
        let leave = self.leave.as_ref().map(|leave| leave.until);
        let state = match &self.state {
            State::Member { session, .. } => {
                let poll = polled + self.config.max_poll_interval + POLL_GRACE;
                let beat = match session.beat {
                    NextHeartbeat::Due(at) if coordinator_up => Some(at),
                    _ => None,
                };
                let names = match self.look_up {
                    LookUp::Wait { at } => Some(at),
                    LookUp::Idle | LookUp::Asked => None,
                };
                [Some(poll), beat, names].into_iter().flatten().min()
            }
            State::Out { at } if leave.is_none() && coordinator_up => match self.goal {
                // An application that does not poll is not waited for by time.
                Goal::Member => {
                    (self.ticked.max(*at) < polled + self.config.max_poll_interval).then_some(*at)
                }
                Goal::Out => self.listed.then_some(*at),
                Goal::Failed | Goal::Closed => None,
            },
            State::Out { .. } | State::Joining(_) | State::Losing { .. } | State::Closed => None,
        };
        state.into_iter().chain(leave).min()
    }

    fn wants_coordinator(&self) -> bool {
        match self.goal {
            Goal::Member => true,
            Goal::Out => self.listed,
            Goal::Failed | Goal::Closed => false,
        }
    }

    fn wants_poll(&self) -> bool {
        matches!(self.state, State::Out { .. }) && self.goal == Goal::Member
    }

    fn member(&self) -> Member {
        let generation = match &self.state {
            State::Member { session, .. } => session.epoch,
            State::Losing { epoch, .. } => *epoch,
            State::Out { .. } | State::Joining(_) | State::Closed => -1,
        };
        Member {
            generation,
            member_id: self.member_id.clone(),
            instance_id: self.settings.group_instance_id.clone(),
        }
    }

    fn fetches_as(&self) -> Option<Member> {
        matches!(self.state, State::Member { .. }).then(|| self.member())
    }

    fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    fn is_lost(&self) -> bool {
        matches!(self.state, State::Losing { .. })
    }

    fn protocol(&self) -> Option<RebalanceProtocol> {
        self.has_subscribed
            .then_some(RebalanceProtocol::Cooperative)
    }

    fn assignment(&self) -> &[TopicPartition] {
        &self.owned.partitions
    }

    /// Patterns are matched by the coordinator alone.
    fn topics(&self) -> Vec<Arc<str>> {
        let exists = |name: &&Arc<str>| self.view.get(*name).is_some_and(|t| t.code.is_ok());
        let named = self.interest.topics.iter().filter(exists).cloned();
        let owned = self.owned.partitions.iter().map(|p| p.topic.clone());
        named
            .chain(owned)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    fn state_name(&self) -> &'static str {
        match &self.state {
            State::Out { .. } if self.leave.is_some() => "wait-leave",
            State::Out { .. } => "init",
            State::Joining(_) => "joining",
            State::Member { step, .. } => match step {
                Step::Steady => "steady",
                Step::Revoking(_) => "wait-unassign-call",
                Step::Assigning(_) => "wait-assign-call",
            },
            State::Losing { .. } => "wait-unassign-call",
            State::Closed => "closed",
        }
    }

    fn is_steady(&self) -> bool {
        let steady = matches!(
            &self.state,
            State::Member {
                step: Step::Steady,
                ..
            }
        );
        steady && matches!(self.look_up, LookUp::Idle)
    }
}

#[cfg(test)]
mod tests;
