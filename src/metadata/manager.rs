//! When to ask for metadata, and what an answer changes.
//!
//! ```text
//! Idle ──due──► Asked ──answer──► Idle (next: interval, or soon while unsettled)
//!                 └──failure──► Idle (next: back-off)
//! ```
//!
//! Sans-IO: [`Manager::poll`] says when a request has to go out and for which
//! topics; [`Manager::on_snapshot`] merges the answer into the cache.
//!
//! Everything is asked for at the interval, and when something shows that it is out
//! of date. Between that, topics are asked for that have not settled ([`Open`]), each
//! at its own pace: "soon" backs off exponentially, up to `retry.backoff.max.ms`. It
//! starts from `topic.metadata.refresh.fast.interval.ms`; for a topic that has never
//! been usable, which the question itself may just have created, from [`CREATION`].
//! Only answers to questions of the manager's own count as rounds, and only for the
//! topics that were asked for.
//!
//! A topic that was there is missing only when brokers have said so for two seconds.
//!
//! A leader with an older epoch than the one known is an answer from a broker that
//! is behind, and is not taken (KIP-320).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::snapshot::BrokerInfo;
use super::{Snapshot, TopicInfo};
use crate::base::backoff;
use crate::base::error::ErrorCode;
use crate::protocol::leader::NewLeader;

#[derive(Debug, Clone)]
pub struct ManagerSettings {
    /// `None`: never on its own.
    pub interval: Option<Duration>,
    pub fast_interval: Duration,
    pub fast_max: Duration,
    /// How long a new topic may be unknown to the brokers.
    pub propagation: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Idle,
    Asked(Question),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Question {
    everything: bool,
    /// The open topics in it.
    open: Vec<Arc<str>>,
}

/// A tracked topic whose state is not known, or is not one to stay with.
#[derive(Debug, Clone, Copy)]
struct Open {
    /// When to ask next.
    at: Instant,
    /// From then on it goes along with others, so that many open topics do not make
    /// many requests.
    along: Instant,
    /// How often in a row an answer has left it open.
    rounds: u32,
}

#[derive(Debug, Clone, Copy)]
struct Tracked {
    since: Instant,
    /// It could be used at some time.
    settled: bool,
    /// The topic was there, and since then brokers say that it is not.
    doubted: Option<Instant>,
}

/// How long brokers have to say that a topic which was there is not, until that is
/// believed: one that has just started may not know of it yet.
const DOUBT: Duration = Duration::from_secs(2);

/// About what it takes brokers to create a topic: the first pause before asking again.
const CREATION: Duration = Duration::from_millis(5);

/// What to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refresh {
    /// Brokers alone.
    Brokers,
    Topics(Vec<Arc<str>>),
    All,
}

pub struct Manager {
    settings: ManagerSettings,
    state: State,
    /// When to ask for everything.
    due: Option<Instant>,
    /// How often in a row a question has failed.
    failures: u32,
    topics: HashMap<Arc<str>, Tracked>,
    open: HashMap<Arc<str>, Open>,
    /// Somebody wants to know of all topics there are (a pattern subscription).
    all_topics: bool,
    cache: Snapshot,
}

/// What an answer means for a topic that is tracked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicChange {
    /// Exists, with these partitions. `recreated`: under another id than before.
    Known {
        info: Arc<TopicInfo>,
        recreated: bool,
    },
    /// Does not exist, and is not expected to any more; or must not be used.
    Missing { name: Arc<str>, err: ErrorCode },
}

impl Manager {
    pub fn new(settings: ManagerSettings, now: Instant) -> Self {
        Manager {
            settings,
            state: State::Idle,
            due: Some(now),
            failures: 0,
            topics: HashMap::new(),
            open: HashMap::new(),
            all_topics: false,
            cache: Snapshot {
                controller_id: -1,
                answered_by: -1,
                ..Snapshot::default()
            },
        }
    }

    pub fn cache(&self) -> &Snapshot {
        &self.cache
    }

    /// A topic that somebody produces to or consumes from.
    pub fn track(&mut self, name: &Arc<str>, now: Instant) {
        if !self.topics.contains_key(name) {
            let tracked = Tracked {
                since: now,
                settled: false,
                doubted: None,
            };
            self.topics.insert(name.clone(), tracked);
            let open = Open {
                at: now,
                along: now,
                rounds: 0,
            };
            self.open.insert(name.clone(), open);
        }
    }

    pub fn untrack(&mut self, name: &str) {
        self.topics.remove(name);
        self.open.remove(name);
    }

    pub fn is_tracked(&self, name: &str) -> bool {
        self.topics.contains_key(name)
    }

    pub fn set_all_topics(&mut self, wanted: bool, now: Instant) {
        if wanted && !self.all_topics {
            self.refresh_at(now);
        }
        self.all_topics = wanted;
    }

    /// Something showed that what is known is out of date.
    pub fn refresh_soon(&mut self, now: Instant) {
        // The first one goes out at once.
        let pause = match self.failures.checked_sub(1) {
            Some(before) => self.pause(before, self.settings.fast_interval),
            None => Duration::ZERO,
        };
        self.refresh_at(now + pause);
    }

    fn pause(&self, round: u32, first: Duration) -> Duration {
        backoff::delay(round, first, self.settings.fast_max)
    }

    /// At this time at the latest.
    pub fn refresh_at(&mut self, at: Instant) {
        self.due = Some(self.due.map_or(at, |d| d.min(at)));
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        match self.state {
            State::Idle => self.open.values().map(|o| o.at).chain(self.due).min(),
            State::Asked(_) => None,
        }
    }

    pub fn is_due(&self, now: Instant) -> bool {
        self.next_deadline().is_some_and(|at| at <= now)
    }

    /// What to ask now, if anything. The caller then owes an `on_snapshot` or an
    /// `on_failure`.
    pub fn poll(&mut self, now: Instant) -> Option<Refresh> {
        if !self.is_due(now) {
            return None;
        }
        let everything = self.due.is_some_and(|d| d <= now);
        let going = self
            .open
            .iter()
            .filter(|(_, o)| everything || o.along <= now);
        let open: Vec<_> = going.map(|(name, _)| name.clone()).collect();
        let refresh = if !everything {
            Refresh::Topics(open.clone())
        } else if self.all_topics {
            Refresh::All
        } else if self.topics.is_empty() {
            Refresh::Brokers
        } else {
            Refresh::Topics(self.topics.keys().cloned().collect())
        };
        if everything {
            self.due = None;
        }
        self.state = State::Asked(Question { everything, open });
        Some(refresh)
    }

    pub fn on_failure(&mut self, now: Instant) {
        self.state = State::Idle;
        self.failures = self.failures.saturating_add(1);
        self.due = None;
        self.refresh_soon(now);
        // They are asked for with everything.
        let at = self.due.unwrap_or(now);
        for open in self.open.values_mut() {
            open.at = open.at.max(at);
            open.along = open.along.max(at);
        }
    }

    /// Who was asked is not waited for any longer.
    pub fn ask_again(&mut self, now: Instant) {
        self.state = State::Idle;
        self.refresh_at(now);
    }

    /// Takes in an answer. `complete`: it is the answer to `poll`, not one that an
    /// application asked for itself.
    pub fn on_snapshot(
        &mut self,
        mut new: Snapshot,
        complete: bool,
        all: bool,
        now: Instant,
    ) -> Vec<TopicChange> {
        self.merge_cluster(&mut new);
        if all {
            let topics = &new.topics;
            self.cache
                .topics
                .retain(|name, _| topics.contains_key(name));
        }
        if complete {
            self.answered(now);
        }
        let merged = new.topics.into_iter();
        merged
            .filter_map(|(name, info)| self.merge_topic(name, info, now))
            .collect()
    }

    /// Takes in what a broker that leads a partition no more says of who does. `None` if that
    /// is not newer than what is known, if the broker is nowhere to be found, or if nobody
    /// uses the topic: then metadata has to be asked for.
    pub fn on_leader(&mut self, topic: &str, new: &NewLeader) -> Option<TopicChange> {
        if !self.all_topics && !self.topics.contains_key(topic) {
            return None;
        }
        let info = self.cache.topics.get_mut(topic)?;
        let known = info.partition(new.partition)?;
        if known.leader_epoch < 0 || new.epoch <= known.leader_epoch {
            return None;
        }
        match &new.node {
            Some(node) => {
                let broker = BrokerInfo {
                    id: node.id,
                    host: node.host.clone(),
                    port: node.port,
                    rack: node.rack.clone(),
                };
                self.cache.brokers.insert(node.id, broker);
            }
            None if !self.cache.brokers.contains_key(&new.leader) => return None,
            None => {}
        }
        let changed = Arc::make_mut(info).partitions.iter_mut();
        for p in changed.filter(|p| p.id == new.partition) {
            p.leader = new.leader;
            p.leader_epoch = new.epoch;
            p.err = ErrorCode::NO_ERROR;
        }
        let info = info.clone();
        let recreated = false;
        Some(TopicChange::Known { info, recreated })
    }

    fn merge_cluster(&mut self, new: &mut Snapshot) {
        if !new.brokers.is_empty() {
            self.cache.brokers = std::mem::take(&mut new.brokers);
            self.cache.controller_id = new.controller_id;
            self.cache.answered_by = new.answered_by;
            self.cache.answered_by_name = std::mem::take(&mut new.answered_by_name);
        }
        if new.cluster_id.is_some() {
            self.cache.cluster_id = new.cluster_id.take();
        }
    }

    fn merge_topic(
        &mut self,
        name: Arc<str>,
        info: Arc<TopicInfo>,
        now: Instant,
    ) -> Option<TopicChange> {
        match info.err {
            ErrorCode::NO_ERROR if !info.partitions.is_empty() => self.known(name, info, now),
            err @ (ErrorCode::NO_ERROR
            | ErrorCode::UNKNOWN_TOPIC_OR_PART
            | ErrorCode::UNKNOWN_TOPIC_ID
            | ErrorCode::TOPIC_EXCEPTION
            | ErrorCode::TOPIC_AUTHORIZATION_FAILED) => self.unusable(name, err, now),
            // Any other error passes: what is known stays, and is asked for again soon.
            _ => {
                self.leave_open(&name, now);
                None
            }
        }
    }

    /// The topic is there.
    fn known(&mut self, name: Arc<str>, info: Arc<TopicInfo>, now: Instant) -> Option<TopicChange> {
        let tracked = self.topics.get_mut(&name);
        let wanted = tracked.is_some() || self.all_topics;
        if let Some(tracked) = tracked {
            tracked.doubted = None;
        }
        let old = self.cache.topics.get(&name);
        let recreated = old.is_some_and(|o| !o.id.is_nil() && !info.id.is_nil() && o.id != info.id);
        let info = match old {
            Some(old) if !recreated => Arc::new(newest_epochs(old, &info)),
            _ => info,
        };
        if info.is_unsettled(&self.cache.brokers) {
            self.leave_open(&name, now);
        } else {
            self.settle(&name);
        }
        self.cache.topics.insert(name, info.clone());
        wanted.then_some(TopicChange::Known { info, recreated })
    }

    /// The topic is not there, or must not be used. That it is not there is believed only
    /// after a while.
    fn unusable(&mut self, name: Arc<str>, err: ErrorCode, now: Instant) -> Option<TopicChange> {
        let not_there = matches!(
            err,
            ErrorCode::NO_ERROR | ErrorCode::UNKNOWN_TOPIC_OR_PART | ErrorCode::UNKNOWN_TOPIC_ID
        );
        let known = self.cache.topics.contains_key(&name);
        self.leave_open(&name, now);
        let propagation = self.settings.propagation;
        let tracked = self.topics.get_mut(&name);
        let is_tracked = tracked.is_some();
        if not_there && let Some(tracked) = tracked {
            if !known && now.saturating_duration_since(tracked.since) < propagation {
                return None;
            }
            if known {
                let doubt = DOUBT.min(propagation);
                if now < *tracked.doubted.get_or_insert(now) + doubt {
                    return None;
                }
                tracked.doubted = None;
            }
        }
        let err = match err {
            ErrorCode::UNKNOWN_TOPIC_ID => ErrorCode::UNKNOWN_TOPIC_OR_PART,
            other => other,
        };
        self.cache.topics.remove(&name);
        (is_tracked && err.is_err()).then_some(TopicChange::Missing { name, err })
    }

    fn settle(&mut self, name: &str) {
        self.open.remove(name);
        if let Some(tracked) = self.topics.get_mut(name) {
            tracked.settled = true;
        }
    }

    /// Somebody's answer says that it cannot be used as it is.
    fn leave_open(&mut self, name: &Arc<str>, now: Instant) {
        if !self.open.contains_key(name) {
            self.ask_after_pause(name, 0, now);
        }
    }

    fn ask_after_pause(&mut self, name: &Arc<str>, round: u32, now: Instant) {
        let Some(tracked) = self.topics.get(name) else {
            return;
        };
        let interval = self.settings.fast_interval;
        let first = if tracked.settled {
            interval
        } else {
            CREATION.min(interval)
        };
        let pause = self.pause(round, first);
        let open = Open {
            at: now + pause,
            along: now + pause / 2,
            rounds: round.saturating_add(1),
        };
        self.open.insert(name.clone(), open);
    }

    /// The question is answered: what the answer does not settle is asked for again.
    fn answered(&mut self, now: Instant) {
        self.failures = 0;
        let State::Asked(asked) = std::mem::replace(&mut self.state, State::Idle) else {
            return;
        };
        if asked.everything {
            // What was found out of date meanwhile may be so in the answer.
            let soonest = now + self.settings.fast_interval;
            let wanted = self.due.take().map(|at| at.max(soonest));
            let regular = self.settings.interval.map(|i| now + i);
            self.due = wanted.into_iter().chain(regular).min();
        }
        for name in asked.open {
            if let Some(open) = self.open.get(&name) {
                self.ask_after_pause(&name, open.rounds, now);
            }
        }
    }
}

/// The new answer, but for leaders that are older than those known.
fn newest_epochs(old: &TopicInfo, new: &TopicInfo) -> TopicInfo {
    let mut merged = new.clone();
    for p in &mut merged.partitions {
        if let Some(known) = old.partition(p.id)
            && p.leader_epoch >= 0
            && known.leader_epoch > p.leader_epoch
        {
            *p = known.clone();
        }
    }
    merged
}

#[cfg(test)]
mod tests;
