//! Membership of a share group (KIP-932) by ShareGroupHeartbeat.
//!
//! ```text
//!  Out ──► Member (epoch 0 until the first answer, then the coordinator's)
//!   ▲        │ fenced, or unknown: epoch 0 again, nothing is assigned
//!   └─ Leaving ◄┘ unsubscribed, polls too late, or closing: epoch -1
//! ```
//!
//! The client makes the member's id, the coordinator says how often it wants to hear from it.
//! An assignment is what it is when it comes: nobody has to give anything up before others get
//! it, since a share group's partitions may be consumed by many members. So there is no
//! rebalance to carry out, and [`Action::Assigned`] is all that the client hears.
//!
//! The machine is sans-IO, as those of [`super::membership`] are; it is not one of them, since
//! nothing of rebalances, generations and committed offsets applies to it.

mod answer;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::{
    ApiKey, GroupId, RequestKind, ShareGroupHeartbeatRequest, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::{Outgoing, Token};
use crate::base::error::ErrorCode;
use crate::broker::{RequestError, Response};
use crate::coordinator::{self, Coordinator, Kind, Node};

/// How much later than `max.poll.interval.ms` a poll may be.
const POLL_GRACE: Duration = Duration::from_millis(500);
/// The most that leaving waits for the answer.
const LEAVE_PATIENCE: Duration = Duration::from_secs(5);
/// Between heartbeats, until the coordinator has said what it wants.
const FIRST_INTERVAL: Duration = Duration::from_secs(5);

const LEAVE_EPOCH: i32 = -1;
const JOIN_EPOCH: i32 = 0;

#[derive(Debug, Clone)]
pub struct Settings {
    pub group: super::Settings,
    /// Made by the client, the same for as long as it lives (KIP-1082).
    pub member_id: Arc<str>,
    pub rack: Option<Arc<str>>,
    pub max_poll_interval: Duration,
}

/// What happened.
// Passed by value and handled at once: the size costs a copy per response.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
pub enum Event {
    /// Nothing but that time went by.
    Tick,
    Coordinator(coordinator::Event),
    Response {
        token: Token,
        result: Result<Response, RequestError>,
    },
    /// The topics to consume; none: unsubscribes.
    Subscribe(Vec<Arc<str>>),
    /// Leaves and ends.
    Close,
}

/// What to do.
#[derive(Debug)]
pub enum Action {
    Send(Node, Outgoing),
    Coordinator(coordinator::Action),
    /// The whole assignment, in the place of the last one.
    Assigned(Vec<TopicPartitions>),
    /// For the application, as an error that its poll returns.
    Error(ErrorCode, String),
    /// The client cannot go on.
    Fatal(ErrorCode, String),
    /// The membership has ended after [`Event::Close`].
    Closed,
}

/// The partitions of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPartitions {
    pub topic: Uuid,
    pub partitions: Vec<i32>,
}

/// Where the machine is to get to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Member,
    /// Not subscribed.
    Out,
    /// The coordinator has refused the member for good.
    Failed,
    Closed,
}

#[derive(Debug)]
enum NextHeartbeat {
    Due(Instant),
    Out(Token, i32),
}

#[derive(Debug)]
enum State {
    Out,
    Member {
        epoch: i32,
        beat: NextHeartbeat,
        /// The coordinator is to be told everything about the member.
        full: bool,
    },
    Leaving {
        token: Token,
        until: Instant,
    },
    Closed,
}

/// A member of a share group, and its coordinator.
#[derive(Debug)]
pub struct ShareGroup {
    settings: Settings,
    coordinator: Coordinator,
    goal: Goal,
    state: State,
    topics: Vec<Arc<str>>,
    /// The coordinator does not know `topics` yet.
    topics_changed: bool,
    has_assignment: bool,
    /// From the last answer.
    interval: Option<Duration>,
    /// Heartbeats that have failed in a row.
    failures: u32,
    /// When the application last polled.
    polled: Instant,
    /// It was too late: not a member again before the next poll.
    away: bool,
    /// What the application was told last, and when.
    told: Option<(ErrorCode, Instant)>,
    last_token: u64,
    rng: fastrand::Rng,
}

/// What a step works with.
struct Context<'a> {
    now: Instant,
    actions: &'a mut Vec<Action>,
}

impl ShareGroup {
    pub fn new(now: Instant, settings: Settings) -> Self {
        let g = &settings.group;
        ShareGroup {
            coordinator: Coordinator::new(
                Kind::Group,
                g.group_id.clone(),
                coordinator::Settings {
                    request_timeout: g.request_timeout,
                    retry_backoff: g.retry_backoff,
                    retry_backoff_max: g.retry_backoff_max,
                    query_interval: g.coordinator_query_interval,
                },
            ),
            goal: Goal::Out,
            state: State::Out,
            topics: Vec::new(),
            topics_changed: false,
            has_assignment: false,
            interval: None,
            failures: 0,
            polled: now,
            away: false,
            told: None,
            last_token: 0,
            rng: fastrand::Rng::with_seed(g.seed),
            settings,
        }
    }

    pub fn on_event(&mut self, now: Instant, event: Event, actions: &mut Vec<Action>) {
        let mut cx = Context { now, actions };
        match event {
            Event::Tick => {}
            Event::Subscribe(topics) => self.subscribe(&mut cx, topics),
            Event::Coordinator(event) => self.coordinate(&mut cx, event),
            Event::Response { token, result } => self.on_response(&mut cx, token, result),
            Event::Close => self.goal = Goal::Closed,
        }
        if self.wants_coordinator() {
            self.coordinate(&mut cx, coordinator::Event::Wanted);
        }
        self.coordinate(&mut cx, coordinator::Event::Tick);
        while self.step(&mut cx) {}
    }

    /// When the application last polled, as far as is known; a poll that is still waiting
    /// counts as now.
    pub fn set_polled(&mut self, at: Instant) {
        if at > self.polled {
            self.polled = at;
        }
    }

    /// When to come back with [`Event::Tick`] if nothing happens before.
    pub fn next_deadline(&self) -> Option<Instant> {
        let up = self.coordinator.up().is_some();
        let own = match &self.state {
            State::Member { beat, .. } => {
                let beat = match beat {
                    NextHeartbeat::Due(at) if up => Some(*at),
                    _ => None,
                };
                [beat, self.poll_deadline()].into_iter().flatten().min()
            }
            State::Leaving { until, .. } => Some(*until),
            State::Out | State::Closed => None,
        };
        [self.coordinator.next_deadline(), own]
            .into_iter()
            .flatten()
            .min()
    }

    pub fn coordinator(&self) -> Option<&Node> {
        self.coordinator.up()
    }

    /// Not a member before the application polls again.
    pub fn is_away(&self) -> bool {
        self.away
    }

    /// -1 without a membership.
    pub fn epoch(&self) -> i32 {
        match self.state {
            State::Member { epoch, .. } => epoch,
            _ => LEAVE_EPOCH,
        }
    }

    /// How the group is seen from here, for statistics.
    pub fn state_name(&self) -> &'static str {
        match self.state {
            State::Closed => "term",
            _ => self.coordinator.state_name(),
        }
    }

    /// The membership's state, for statistics.
    pub fn join_state(&self) -> &'static str {
        match self.state {
            State::Member { .. } => "steady",
            _ => "init",
        }
    }

    fn wants_coordinator(&self) -> bool {
        self.goal == Goal::Member || matches!(self.state, State::Member { .. })
    }

    fn coordinate(&mut self, cx: &mut Context<'_>, event: coordinator::Event) {
        let mut actions = Vec::new();
        self.coordinator
            .on_event(cx.now, event, &mut self.rng, &mut actions);
        cx.actions
            .extend(actions.into_iter().map(Action::Coordinator));
    }

    fn subscribe(&mut self, cx: &mut Context<'_>, topics: Vec<Arc<str>>) {
        if matches!(self.goal, Goal::Closed | Goal::Failed) {
            return;
        }
        self.goal = if topics.is_empty() {
            Goal::Out
        } else {
            Goal::Member
        };
        self.topics_changed |= self.topics != topics;
        self.topics = topics;
        if self.topics_changed
            && let State::Member {
                beat: NextHeartbeat::Due(at),
                ..
            } = &mut self.state
        {
            *at = cx.now;
        }
    }

    /// When the application has to have polled.
    fn poll_deadline(&self) -> Option<Instant> {
        self.has_assignment
            .then(|| self.polled + self.settings.max_poll_interval + POLL_GRACE)
    }

    /// One step towards the goal; false when there is none to take now.
    fn step(&mut self, cx: &mut Context<'_>) -> bool {
        let now = cx.now;
        match &self.state {
            State::Closed => return false,
            State::Out if self.goal == Goal::Closed => {
                self.state = State::Closed;
                cx.actions.push(Action::Closed);
            }
            State::Out => {
                self.away &= now >= self.polled + self.settings.max_poll_interval;
                if self.goal != Goal::Member || self.away {
                    return false;
                }
                self.state = State::Member {
                    epoch: JOIN_EPOCH,
                    beat: NextHeartbeat::Due(now),
                    full: true,
                };
            }
            State::Leaving { until, .. } if *until <= now => self.state = State::Out,
            State::Leaving { .. } => return false,
            State::Member { .. } if self.goal != Goal::Member => self.leave(cx),
            State::Member { .. } if self.poll_deadline().is_some_and(|at| at <= now) => {
                let late = now.saturating_duration_since(self.polled);
                let text = format!(
                    "The application has not polled for {} ms, which is more than max.poll.interval.ms: leaving the group",
                    late.as_millis()
                );
                cx.actions
                    .push(Action::Error(ErrorCode::_MAX_POLL_EXCEEDED, text));
                self.away = true;
                self.leave(cx);
            }
            State::Member {
                beat: NextHeartbeat::Due(at),
                ..
            } if *at <= now => return self.beat(cx),
            State::Member { .. } => return false,
        }
        true
    }

    /// Nothing is consumed from here on.
    fn drop_assignment(&mut self, cx: &mut Context<'_>) {
        if self.has_assignment {
            self.has_assignment = false;
            cx.actions.push(Action::Assigned(Vec::new()));
        }
    }

    fn beat(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(node) = self.coordinator.up().cloned() else {
            return false;
        };
        let State::Member { epoch, full, .. } = self.state else {
            return false;
        };
        let token = self.send(cx, &node, epoch, full);
        self.topics_changed = false;
        self.state = State::Member {
            epoch,
            beat: NextHeartbeat::Out(token, node.id),
            full,
        };
        true
    }

    /// Tells the coordinator, if there is one that knows of the member.
    fn leave(&mut self, cx: &mut Context<'_>) {
        self.drop_assignment(cx);
        let is_known = match &self.state {
            State::Member { epoch, beat, .. } => {
                *epoch > JOIN_EPOCH || matches!(beat, NextHeartbeat::Out(..))
            }
            _ => false,
        };
        let node = self.coordinator.up().cloned();
        self.state = match node.filter(|_| is_known && self.goal != Goal::Failed) {
            Some(node) => State::Leaving {
                token: self.send(cx, &node, LEAVE_EPOCH, false),
                until: cx.now + LEAVE_PATIENCE.min(self.settings.group.request_timeout),
            },
            None => State::Out,
        };
    }

    fn send(&mut self, cx: &mut Context<'_>, node: &Node, epoch: i32, full: bool) -> Token {
        self.last_token += 1;
        let token = Token(self.last_token);
        let text = |s: &str| StrBytes::from_string(s.to_owned());
        let mut request = ShareGroupHeartbeatRequest::default()
            .with_group_id(GroupId(text(&self.settings.group.group_id)))
            .with_member_id(text(&self.settings.member_id))
            .with_member_epoch(epoch);
        if full {
            request.rack_id = self.settings.rack.as_deref().map(text);
        }
        if full || self.topics_changed && epoch != LEAVE_EPOCH {
            let names = self.topics.iter().map(|t| TopicName(text(t)));
            request.subscribed_topic_names = Some(names.collect());
        }
        let out = Outgoing {
            token,
            api: ApiKey::ShareGroupHeartbeat,
            max_version: None,
            timeout: self.settings.group.request_timeout,
            aside: false,
            build: Box::new(move |_| RequestKind::ShareGroupHeartbeat(request)),
        };
        cx.actions.push(Action::Send(node.clone(), out));
        token
    }
}
