//! The consumer on the main thread: carries out what the features' state machines
//! want, and brings them the answers.

mod fetching;
mod group;
mod membership;
mod offsets;
mod simple;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Consumer;
use super::command::{Command, CommitReply, OffsetQuery};
use super::queries::Queries;
use crate::base::error::ErrorCode;
use crate::base::time::ms;
use crate::broker::LinkEvent;
use crate::client::context::MainContext;
use crate::client::settings;
use crate::client::shared::ClientShared;
use crate::client::types::BrokerKey;
use crate::consumer::control::{Control, Leader};
use crate::consumer::{Partition, Position};
use crate::coordinator;
use crate::group::{Event, Group};
use crate::metadata::TopicInfo;
use fetching::leader_in;
use group::log_initial;
use membership::Membership;
use offsets::Fetching;
use simple::Simple;

pub struct Machine {
    consumer: Arc<Consumer>,
    control: Control,
    group: Option<Group>,
    queries: Queries,
    commits: HashMap<u64, CommitReply>,
    fetches: HashMap<u64, Fetching>,
    last_id: u64,
    /// Control's own look-ups, to be put into one request.
    wanted: Vec<(Arc<Partition>, u64)>,
    auto_commit: Option<Duration>,
    next_auto_commit: Option<Instant>,
    require_stable: bool,
    membership: Membership,
    simple: Simple,
    /// Assignments and revocations so far, and when the last one began.
    rebalances: (u32, Option<Instant>),
    /// What is known of the coordinator, and since when.
    group_state: (&'static str, Instant),
}

impl Machine {
    pub fn new(shared: &Arc<ClientShared>, now: Instant) -> Self {
        let consumer = shared.consumer.clone();
        let c = &shared.conf.global;
        let interval = ms(c.auto_commit_interval_ms);
        let id = c
            .group_id
            .as_deref()
            .filter(|_| consumer.core.settings.has_group);
        let group = id.map(|id| {
            let group = Arc::new(settings::group(&shared.conf, id));
            let (member_id, _) = consumer.group.member();
            let membership = settings::membership(&shared.conf, now, group.clone(), member_id);
            Group::new(now, group, membership)
        });
        if let (Some(id), Some(group)) = (id, &group) {
            log_initial(shared, id, &group.membership().member().member_id);
        }
        let auto_commit =
            (c.enable_auto_commit && group.is_some() && !interval.is_zero()).then_some(interval);
        Machine {
            control: Control::new(consumer.core.clone()),
            require_stable: consumer.core.settings.read_committed,
            consumer,
            group,
            queries: Queries::default(),
            commits: HashMap::new(),
            fetches: HashMap::new(),
            last_id: 0,
            wanted: Vec::new(),
            auto_commit,
            next_auto_commit: auto_commit.map(|i| now + i),
            membership: Membership::default(),
            simple: Simple::default(),
            rebalances: (0, None),
            group_state: ("init", now),
        }
    }

    fn id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub fn control(&self) -> &Control {
        &self.control
    }

    pub fn group(&self) -> Option<&Group> {
        self.group.as_ref()
    }

    pub fn rebalances(&self) -> (u32, Option<Instant>) {
        self.rebalances
    }

    /// The coordinator's state, for statistics, and since when.
    pub fn group_state(&self) -> (&'static str, Instant) {
        self.group_state
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        let auto = self
            .next_auto_commit
            .filter(|_| self.control.partitions().next().is_some());
        [
            self.control.next_deadline(),
            self.queries.next_deadline(),
            self.group.as_ref().and_then(Group::next_deadline),
            self.simple.next_deadline(),
            auto,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    pub fn on_time(&mut self, cx: &mut MainContext<'_>) {
        if let Some(group) = &mut self.group {
            group.set_polled(self.consumer.group.polls.polled(cx.now));
        }
        self.control.poll(cx.now);
        if self.next_auto_commit.is_some_and(|at| at <= cx.now) {
            self.next_auto_commit = self.auto_commit.map(|i| cx.now + i);
            let stored = self
                .control
                .partitions()
                .filter(|p| !self.simple.has(p))
                .map(|p| (p.clone(), p.stored.get(), p.stored_metadata()))
                .collect::<Vec<_>>();
            self.commit_progress(cx, &stored, CommitReply::Configured);
        }
        self.simple_on_time(cx);
        if self
            .group
            .as_ref()
            .and_then(Group::next_deadline)
            .is_some_and(|at| at <= cx.now)
        {
            self.tell_group(cx, Event::Tick);
        }
        self.settle(cx);
    }

    pub fn on_command(&mut self, cx: &mut MainContext<'_>, command: Command) {
        match command {
            Command::Start(list) => {
                for (partition, version, at) in list {
                    self.start(cx, &partition, version, at);
                }
            }
            Command::StartSimple {
                partition,
                version,
                at,
                store,
            } => {
                let at = self.start_simple(cx, &partition, at, store);
                self.start(cx, &partition, version, at);
            }
            Command::Stop { commit, reply } => self.stop_partitions(cx, commit, reply),
            Command::Seek {
                partition,
                version,
                to,
                reply,
            } => {
                let result = self.control.seek(cx.now, &partition, version, to);
                // The caller may have stopped waiting.
                let _ = reply.send(result);
            }
            Command::FetchEnded(ended) => self.control.on_fetch_ended(cx.now, ended),
            Command::LookUp(query) => self.add_query(cx, query),
            Command::Commit(commit) => self.commit(cx, commit),
            Command::Committed {
                partitions,
                deadline,
                reply,
            } => {
                let waiting = Fetching::Application(reply);
                self.fetch_committed(cx, partitions, deadline, waiting);
            }
            Command::LookedUp {
                batch,
                kind,
                result,
            } => self.on_looked_up(cx.now, batch, kind, result),
            Command::QueryAnswered {
                query,
                places,
                lookups,
                result,
            } => self.on_query_answered(cx, query, &places, &lookups, result),
            Command::Group { token, result } => {
                self.tell_group(cx, Event::Response { token, result });
            }
            Command::Coordinator(result) => {
                self.on_coordinator(cx, coordinator::Event::Answer(result))
            }
            Command::Subscribe(interest) => self.subscribe(cx, interest),
            Command::Rebalanced(id) => self.rebalanced(cx, id),
            Command::RebalancedLast => {
                let id = self.membership.last_rebalance();
                self.rebalanced(cx, id);
            }
            Command::Polled => self.tell_group(cx, Event::Polled),
            Command::Close => self.close(cx),
            Command::LeaderMetadata(result) => self.on_leader_metadata(cx, result),
        }
        self.settle(cx);
    }

    fn add_query(&mut self, cx: &mut MainContext<'_>, query: OffsetQuery) {
        for wanted in &query.wanted {
            cx.metadata.track(&wanted.topic, cx.now);
        }
        self.queries.add(query);
    }

    fn close(&mut self, cx: &mut MainContext<'_>) {
        match self.group {
            Some(_) => self.tell_group(cx, Event::Close),
            None => self.closed(),
        }
    }

    fn start(
        &mut self,
        cx: &mut MainContext<'_>,
        partition: &Arc<Partition>,
        version: u32,
        at: Position,
    ) {
        cx.metadata.track(&partition.topic.name, cx.now);
        let leader = self.learn(cx, partition);
        self.control.start(cx.now, partition, version, at, leader);
    }

    pub fn on_topic(&mut self, cx: &mut MainContext<'_>, info: &TopicInfo, recreated: bool) {
        self.consumer.set_topic_id(&info.name, info.id);
        if recreated {
            self.consumer.forget_offsets(&info.name);
        }
        self.control
            .on_metadata(cx.now, &info.name, recreated, |id| leader_in(info, id));
        self.settle(cx);
    }

    pub fn on_missing(&mut self, cx: &mut MainContext<'_>, topic: &str, err: ErrorCode) {
        self.control
            .on_metadata(cx.now, topic, false, |_| Leader::Missing(err));
        self.queries.on_missing(topic, err);
        self.settle(cx);
    }

    /// A broker's connection came up or went down.
    pub fn on_link(&mut self, cx: &mut MainContext<'_>, key: BrokerKey, event: &LinkEvent) {
        match event {
            LinkEvent::Up { .. } => {
                self.tell_group(cx, Event::Coordinator(coordinator::Event::BrokerUp));
            }
            LinkEvent::Down(_) => {
                if let Some(broker) = cx.router.brokers.get(key) {
                    self.control.on_broker_down(broker.node_id());
                }
            }
            LinkEvent::Throttled { .. } => return,
        }
        self.settle(cx);
    }

    /// The coordinator's connection came up or went down, or the question for it was
    /// answered.
    pub fn on_coordinator(&mut self, cx: &mut MainContext<'_>, event: coordinator::Event) {
        self.tell_group(cx, Event::Coordinator(event));
        self.settle(cx);
    }

    pub fn stop(&mut self, cx: &mut MainContext<'_>) {
        self.end_simple(cx);
        self.tell_group(cx, Event::Stop(ErrorCode::_DESTROY));
    }

    /// Carries out what the machines want, until they want nothing more.
    fn settle(&mut self, cx: &mut MainContext<'_>) {
        loop {
            let actions = self.control.take_actions();
            if actions.is_empty() {
                break;
            }
            self.carry_out(cx, actions);
        }
        let cache = cx.metadata.cache();
        let requests = self
            .queries
            .poll(cx.now, |topic, id| match cache.topic(topic) {
                Some(info) => leader_in(info, id),
                None => Leader::Unknown,
            });
        for r in requests {
            self.send_query(cx, r);
        }
    }
}
