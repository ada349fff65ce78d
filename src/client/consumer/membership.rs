//! A consumer's membership as application threads see it; the main thread's side is
//! `client::consumer::machine::membership`.
//!
//! The main thread writes what [`GroupState`] says of the membership; application
//! threads write when they poll and which rebalance they are carrying out.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use crate::base::lock::Mutex;

use super::Consumer;
use super::command::Command;
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::regex::Regex;
use crate::client::poll_clock::PollClock;
use crate::client::types::{RebalanceEvent, RebalanceListener, SubscribedTopic};
use crate::group::Interest;
use crate::group::assignor::RebalanceProtocol;

pub struct GroupState {
    /// As the application gave it, sorted by name.
    subscription: Mutex<Vec<SubscribedTopic>>,
    /// Id and generation.
    member: Mutex<(Arc<str>, i32)>,
    lost: AtomicBool,
    /// 0: none yet, 1: eager, 2: cooperative.
    protocol: AtomicU8,
    /// The rebalance that the application is carrying out.
    serving: Mutex<Option<u64>>,
    pub(super) polls: PollClock,
    /// Being closed, or fatally failed: nothing is assigned any more.
    ending: AtomicBool,
    /// The rebalance that the application had seen and not answered when that began; 0: none.
    ignored: AtomicU64,
    closed: AtomicBool,
}

/// What a call that changes the assignment is to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    AsAsked,
    /// Whatever it is that was asked for, everything is given up.
    GiveUpAll,
}

impl GroupState {
    pub fn new(member_id: Arc<str>) -> Self {
        GroupState {
            subscription: Mutex::default(),
            member: Mutex::new((member_id, -1)),
            lost: AtomicBool::new(false),
            protocol: AtomicU8::new(0),
            serving: Mutex::new(None),
            polls: PollClock::new(),
            ending: AtomicBool::new(false),
            ignored: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        }
    }
}

/// Topics to subscribe to, found to be in order.
pub struct Subscription {
    wanted: Vec<SubscribedTopic>,
    interest: Interest,
}

impl Subscription {
    /// Names that begin with `^` are expressions.
    pub fn new(mut wanted: Vec<SubscribedTopic>) -> Result<Self, KafkaError> {
        wanted.sort_by(|a, b| a.topic.topic.cmp(&b.topic.topic));
        let names: Vec<_> = wanted.iter().map(|w| w.topic.topic.clone()).collect();
        if names.is_empty() || names.iter().any(|name| name.is_empty()) {
            return Err(ErrorCode::_INVALID_ARG.into());
        }
        let mut seen = HashSet::new();
        if !names.iter().all(|name| seen.insert(name)) {
            return Err(ErrorCode::_INVALID_ARG.into());
        }
        let mut interest = Interest::default();
        for name in &names {
            if name.starts_with('^') {
                let pattern = Regex::new(name)
                    .map_err(|why| KafkaError::new(ErrorCode::_INVALID_ARG, why))?;
                interest.patterns.push(Arc::new(pattern));
            } else {
                interest.topics.push(name.clone());
            }
        }
        Ok(Subscription { wanted, interest })
    }
}

impl GroupState {
    pub fn subscription(&self) -> Vec<SubscribedTopic> {
        self.subscription.lock().clone()
    }

    /// The member id, empty without a membership, and the generation, -1 then.
    pub fn member(&self) -> (Arc<str>, i32) {
        self.member.lock().clone()
    }

    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    pub fn protocol(&self) -> Option<RebalanceProtocol> {
        match self.protocol.load(Ordering::Acquire) {
            1 => Some(RebalanceProtocol::Eager),
            2 => Some(RebalanceProtocol::Cooperative),
            _ => None,
        }
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    /// The assignment can only become less from here on.
    pub fn end(&self) {
        let serving = *self.serving.lock();
        self.ignored.store(serving.unwrap_or(0), Ordering::Release);
        self.ending.store(true, Ordering::Release);
    }

    /// The application was shown this rebalance, and has not answered before the end began.
    pub fn has_ignored(&self, id: u64) -> bool {
        id != 0 && self.ignored.load(Ordering::Acquire) == id
    }

    /// Whether the assignment can be changed this way: the group's protocol decides,
    /// as soon as there is one.
    pub fn check_change(&self, incremental: bool) -> Result<Change, KafkaError> {
        if self.ending.load(Ordering::Acquire) {
            return Ok(Change::GiveUpAll);
        }
        let refuse = |how| {
            let text = format!("The group's rebalances are {how} for changes of the assignment");
            Err(KafkaError::new(ErrorCode::_STATE, text))
        };
        match self.protocol() {
            Some(RebalanceProtocol::Cooperative) if !incremental => {
                refuse("cooperative: use incremental_assign() and incremental_unassign()")
            }
            Some(RebalanceProtocol::Eager) if incremental => refuse("eager: use assign()"),
            _ => Ok(Change::AsAsked),
        }
    }

    /// The main thread's news.
    pub(super) fn publish(
        &self,
        member: (Arc<str>, i32),
        lost: bool,
        protocol: Option<RebalanceProtocol>,
        wants_poll: bool,
    ) {
        let mut place = self.member.lock();
        if *place != member {
            *place = member;
        }
        drop(place);
        self.lost.store(lost, Ordering::Release);
        let protocol = match protocol {
            None => 0,
            Some(RebalanceProtocol::Eager) => 1,
            Some(RebalanceProtocol::Cooperative) => 2,
        };
        self.protocol.store(protocol, Ordering::Release);
        self.polls.set_wants_poll(wants_poll);
    }

    pub(super) fn set_closed(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

impl Consumer {
    /// Replaces the subscription.
    pub fn subscribe(&self, subscription: Subscription) {
        *self.group.subscription.lock() = subscription.wanted;
        self.send(Command::Subscribe(Some(subscription.interest)));
    }

    pub fn unsubscribe(&self) {
        self.group.subscription.lock().clear();
        self.send(Command::Subscribe(None));
    }

    /// The application begins to poll.
    pub fn poll_begins(&self) {
        self.tallies.poll_begins();
        if self.group.polls.begin() {
            self.send(Command::Polled);
        }
    }

    pub fn poll_ends(&self) {
        self.tallies.poll_ends();
        self.group.polls.end();
    }

    /// A call of the application has changed the assignment: the answer to the
    /// rebalance that it is carrying out, if there is one.
    pub fn answer_rebalance(&self) {
        if let Some(id) = self.group.serving.lock().take() {
            self.send(Command::Rebalanced(id));
        }
    }

    /// Begins to leave the group; the events of that come through the consumer's
    /// queue until [`GroupState::is_closed`].
    pub fn begin_close(&self) {
        self.group.subscription.lock().clear();
        self.group.end();
        self.send(Command::Close);
    }
}

impl RebalanceListener for Consumer {
    fn on_begin(&self, id: u64) {
        *self.group.serving.lock() = Some(id);
    }

    /// If the application has not answered, it has taken nothing, and what it was to give
    /// up is taken from it.
    fn on_end(&self, event: &RebalanceEvent) {
        if *self.group.serving.lock() != Some(event.id) {
            return;
        }
        if !event.is_assign() {
            let gone: Vec<_> = event
                .partitions
                .iter()
                .map(|p| (p.topic.clone(), p.partition))
                .collect();
            self.give_up(&gone);
        }
        self.answer_rebalance();
    }
}
