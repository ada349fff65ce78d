//! The consumer on the main thread: carries out what the state machines of layer 4
//! want, and brings them the answers.

mod membership;
mod offsets;
mod simple;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use kafka_protocol::messages::ApiKey;

use super::commits::{self, Commit, CommitEvent, CommitResult, Reply, Stored};
use super::queries::{self, OffsetQuery, Queries};
use super::requests::{self, PartitionLookup};
use super::{Consumer, TopicPartition};
use crate::base::error::ErrorCode;
use crate::base::log::{Level, debug};
use crate::base::time::ms;
use crate::broker::command::LinkCommand;
use crate::broker::{Handle, LinkEvent, Request, RequestError, Response};
use crate::client::brokers::{BrokerKey, Brokers, START_AGAIN};
use crate::client::event::{ErrorEvent, Event};
use crate::client::link_user::{BrokerUser, UserCommand};
use crate::client::main_loop::MainCommand;
use crate::client::shared::{ClientShared, events};
use crate::consumer::control::{Action, Control, Leader};
use crate::consumer::fetcher;
use crate::consumer::{FetchEnded, Partition, Position, Reason};
use crate::group::{self, Group, Interest, Node, Token};
use crate::metadata::{Manager, TopicInfo};
use membership::Membership;
use simple::Simple;
pub use simple::{FileStore, OffsetStore};

/// What other threads tell the consumer's machine.
pub enum Command {
    Start(Vec<(Arc<Partition>, u32, Position)>),
    /// The simple consumer's.
    StartSimple {
        partition: Arc<Partition>,
        version: u32,
        at: Position,
        store: Option<OffsetStore>,
    },
    Stop {
        /// The partitions, with what they had stored.
        commit: Vec<Stored>,
        /// Told when the last commit is done.
        reply: Option<Sender<()>>,
    },
    Seek {
        partition: Arc<Partition>,
        version: u32,
        to: Position,
        reply: Sender<Result<(), ErrorCode>>,
    },
    FetchEnded(FetchEnded),
    LookUp(OffsetQuery),
    Commit(Commit),
    Committed {
        partitions: Vec<(Arc<str>, i32)>,
        deadline: Option<Instant>,
        reply: Sender<CommittedReply>,
    },
    /// Answers to control's questions.
    Answers {
        about: Vec<(Arc<Partition>, u64)>,
        asks: Vec<PartitionLookup>,
        question: LookupKind,
        result: Result<Response, RequestError>,
    },
    QueryAnswers {
        query: u64,
        places: Vec<usize>,
        asks: Vec<PartitionLookup>,
        result: Result<Response, RequestError>,
    },
    Group {
        token: Token,
        result: Result<Response, RequestError>,
    },
    /// `None`: unsubscribes.
    Subscribe(Option<Interest>),
    /// The application has carried out the rebalance of this id.
    Rebalanced(u64),
    /// As if the application had carried out whatever it was told last.
    Answered,
    /// The application polls, which the membership waited for.
    Polled,
    /// Gives up the membership.
    Close,
    LeaderMetadata(Result<Response, RequestError>),
}

pub type CommittedReply = Result<Vec<TopicPartition>, ErrorCode>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LookupKind {
    Offset,
    EpochEnd,
}

/// What the machine works with; the main loop's.
pub struct MainContext<'a> {
    pub now: Instant,
    pub shared: &'a Arc<ClientShared>,
    pub brokers: &'a mut Brokers,
    pub metadata: &'a mut Manager,
    /// Requests that any broker may answer.
    pub to_any: &'a mut Vec<Request>,
}

/// Who waits for committed offsets.
enum Fetching {
    Control(Vec<(Arc<Partition>, u64)>),
    Application(Sender<CommittedReply>),
}

struct CoordinatorLink {
    key: BrokerKey,
    handle: Handle<BrokerUser>,
    node: Node,
    up: bool,
}

pub struct Machine {
    consumer: Arc<Consumer>,
    control: Control,
    group: Option<Group>,
    coordinator: Option<CoordinatorLink>,
    /// A coordinator that the system had no thread or descriptor for, and when to start
    /// it again.
    unstarted: Option<(Node, Instant)>,
    queries: Queries,
    commits: HashMap<u64, Reply>,
    fetches: HashMap<u64, Fetching>,
    last_id: u64,
    /// Control's own look-ups, to be put into one request.
    wanted: Vec<(Arc<Partition>, u64)>,
    auto_commit: Option<Duration>,
    next_auto_commit: Option<Instant>,
    require_stable: bool,
    group_pending: bool,
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
            let mut settings = group::Settings::new(id);
            settings.group_instance_id = c.group_instance_id.as_deref().map(Arc::from);
            settings.session_timeout = ms(c.session_timeout_ms);
            settings.request_timeout = ms(c.socket_timeout_ms);
            settings.retry_backoff = ms(c.retry_backoff_ms);
            settings.retry_backoff_max = ms(c.retry_backoff_max_ms);
            settings.coordinator_query_interval = ms(c.coordinator_query_interval_ms);
            settings.seed = fastrand::u64(..);
            Group::new(now, settings, membership::settings(shared))
        });
        if let Some(id) = id {
            log_initial(shared, id);
        }
        let auto_commit =
            (c.enable_auto_commit && group.is_some() && !interval.is_zero()).then_some(interval);
        Machine {
            control: Control::new(consumer.core.clone()),
            require_stable: consumer.core.settings.read_committed,
            consumer,
            group,
            coordinator: None,
            unstarted: None,
            queries: Queries::default(),
            commits: HashMap::new(),
            fetches: HashMap::new(),
            last_id: 0,
            wanted: Vec::new(),
            auto_commit,
            next_auto_commit: auto_commit.map(|i| now + i),
            group_pending: false,
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

    /// The coordinator's connection, once one was found.
    pub fn coordinator(&self) -> Option<BrokerKey> {
        self.coordinator.as_ref().map(|c| c.key)
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
            self.unstarted.as_ref().map(|(_, at)| *at),
            auto,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    pub fn on_time(&mut self, cx: &mut MainContext<'_>) {
        if let Some(group) = &mut self.group {
            group.set_polled(self.consumer.group.polled(cx.now));
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
            self.commit_progress(cx, &stored, Reply::Configured);
        }
        self.simple_on_time(cx);
        if let Some((node, _)) = self.unstarted.take_if(|(_, at)| *at <= cx.now) {
            self.set_coordinator(cx, Some(node));
        }
        if self
            .group
            .as_ref()
            .and_then(Group::next_deadline)
            .is_some_and(|at| at <= cx.now)
        {
            self.tell_group(cx, group::Event::Tick);
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
                // Without a waiter nobody wants to know.
                let _ = reply.send(result);
            }
            Command::FetchEnded(ended) => self.control.on_fetch_ended(cx.now, ended),
            Command::LookUp(query) => {
                for wanted in &query.wanted {
                    cx.metadata.track(&wanted.topic, cx.now);
                }
                self.queries.add(query);
            }
            Command::Commit(commit) => self.commit(cx, commit),
            Command::Committed {
                partitions,
                deadline,
                reply,
            } => {
                let waiting = Fetching::Application(reply);
                self.fetch_committed(cx, partitions, deadline, waiting);
            }
            Command::Answers {
                about,
                asks,
                question,
                result,
            } => {
                for ((partition, token), found) in
                    about.into_iter().zip(requests::answers(&asks, result))
                {
                    match question {
                        LookupKind::Offset => {
                            self.control.on_offset(cx.now, &partition, token, found);
                        }
                        LookupKind::EpochEnd => {
                            self.control.on_epoch_end(cx.now, &partition, token, found);
                        }
                    }
                }
            }
            Command::QueryAnswers {
                query,
                places,
                asks,
                result,
            } => {
                let found = requests::answers(&asks, result);
                if found.iter().any(Result::is_err) {
                    cx.metadata.refresh_soon(cx.now);
                }
                for (ask, found) in asks.iter().zip(&found) {
                    self.note_watermark(ask, found);
                }
                self.queries.on_answer(cx.now, query, &places, found);
            }
            Command::Group { token, result } => {
                self.tell_group(cx, group::Event::Response { token, result });
            }
            Command::Subscribe(interest) => self.subscribe(cx, interest),
            Command::Rebalanced(id) => self.rebalanced(cx, id),
            Command::Answered => {
                let id = self.membership.last_rebalance();
                self.rebalanced(cx, id);
            }
            Command::Polled => self.tell_group(cx, group::Event::Polled),
            Command::Close => match self.group {
                Some(_) => self.tell_group(cx, group::Event::Close),
                None => self.closed(),
            },
            Command::LeaderMetadata(result) => self.on_leader_metadata(cx, result),
        }
        self.settle(cx);
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

    fn note_watermark(&self, ask: &PartitionLookup, found: &queries::LookupResult) {
        if let (Ok(at), Some(t)) = (found, self.consumer.find(&ask.topic, ask.partition)) {
            match ask.value {
                crate::consumer::control::TIMESTAMP_BEGINNING => t.partition.set_low(at.offset),
                crate::consumer::control::TIMESTAMP_END => {
                    t.partition.set_high(at.offset, t.partition.last_stable());
                }
                _ => {}
            }
        }
    }

    fn learn(&self, cx: &MainContext<'_>, partition: &Arc<Partition>) -> Leader {
        let info = cx.metadata.cache().topic(&partition.topic.name);
        if let Some(info) = info {
            *partition.topic.id.lock() = info.id;
        }
        match info.map(|i| leader_in(i, partition.id)) {
            // It may be newer than what is known of the topic.
            None | Some(Leader::Missing(ErrorCode::_UNKNOWN_PARTITION)) => Leader::Unknown,
            Some(leader) => leader,
        }
    }

    // --- what happens

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

    /// False: the link is not ours.
    pub fn on_link(&mut self, cx: &mut MainContext<'_>, key: BrokerKey, event: &LinkEvent) -> bool {
        let up = match event {
            LinkEvent::Up { .. } => true,
            LinkEvent::Down { .. } => false,
            LinkEvent::Throttled { .. } => return false,
        };
        match self.coordinator.as_mut().filter(|c| c.key == key) {
            Some(link) => {
                link.up = up;
                let id = link.node.id;
                self.tell_group(
                    cx,
                    if up {
                        group::Event::CoordinatorUp(id)
                    } else {
                        group::Event::CoordinatorDown(id)
                    },
                );
                self.settle(cx);
                true
            }
            None => {
                if up {
                    self.tell_group(cx, group::Event::BrokerUp);
                } else if let Some(broker) = cx.brokers.get(key) {
                    self.control.on_broker_down(broker.node_id());
                }
                self.settle(cx);
                false
            }
        }
    }

    pub fn stop(&mut self, cx: &mut MainContext<'_>) {
        self.end_simple(cx);
        self.tell_group(cx, group::Event::Stop(ErrorCode::_DESTROY));
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

    fn carry_out(&mut self, cx: &mut MainContext<'_>, actions: Vec<Action>) {
        let mut asked: HashMap<(i32, LookupKind, i64), LookupBatch> = HashMap::new();
        for action in actions {
            match action {
                Action::Start { broker, start } => self.start_fetch(cx, broker, start),
                Action::Stop {
                    broker,
                    partition,
                    fetch_id,
                } => self.stop_fetch(cx, broker, partition, fetch_id),
                Action::ListOffset {
                    broker,
                    partition,
                    token,
                    leader_epoch,
                    timestamp,
                } => {
                    let ask = ask(&partition, leader_epoch, timestamp);
                    let key = (broker, LookupKind::Offset, timestamp);
                    asked.entry(key).or_default().add(partition, token, ask);
                }
                Action::EpochEnd {
                    broker,
                    partition,
                    token,
                    leader_epoch,
                    epoch,
                } => {
                    let ask = ask(&partition, leader_epoch, i64::from(epoch));
                    let key = (broker, LookupKind::EpochEnd, 0);
                    asked.entry(key).or_default().add(partition, token, ask);
                }
                Action::Committed { partition, token } => self.wanted.push((partition, token)),
                Action::Error {
                    partition,
                    code,
                    text,
                } => self.tell_error(&partition, code, text),
                Action::RefreshMetadata { topic, why } => {
                    cx.shared.logger.debug(
                        debug::METADATA | debug::CONSUMER,
                        "METADATA",
                        format_args!("{topic}: metadata is wanted: {why}"),
                    );
                    cx.metadata.refresh_soon(cx.now);
                }
            }
        }
        for ((broker, question, _), asked) in asked {
            self.send_questions(cx, broker, question, asked);
        }
        let wanted = std::mem::take(&mut self.wanted);
        if !wanted.is_empty() {
            let keys = wanted
                .iter()
                .map(|(p, _)| (p.topic.name.clone(), p.id))
                .collect();
            self.fetch_committed(cx, keys, None, Fetching::Control(wanted));
        }
    }

    fn tell_error(&self, partition: &Partition, code: ErrorCode, text: String) {
        if let Some(t) = self.consumer.find(&partition.topic.name, partition.id) {
            t.queue.push(Event::Error(ErrorEvent {
                code,
                text,
                fatal: false,
            }));
        }
    }

    fn start_fetch(&mut self, cx: &mut MainContext<'_>, broker: i32, start: fetcher::Start) {
        match cx.brokers.by_node(broker) {
            Some(b) => b.handle.send(LinkCommand::User(UserCommand::Fetch(
                fetcher::Command::Start(start),
            ))),
            None => self.control.on_fetch_ended(
                cx.now,
                FetchEnded {
                    partition: start.partition,
                    fetch_id: start.fetch_id,
                    position: start.position,
                    broker,
                    reason: Reason::NoBroker,
                },
            ),
        }
    }

    fn stop_fetch(
        &mut self,
        cx: &mut MainContext<'_>,
        broker: i32,
        partition: Arc<Partition>,
        fetch_id: u64,
    ) {
        // A broker that is gone ends its fetches by itself.
        if let Some(b) = cx.brokers.by_node(broker) {
            b.handle.send(LinkCommand::User(UserCommand::Fetch(
                fetcher::Command::Stop {
                    partition,
                    fetch_id,
                },
            )));
        }
    }

    fn send_questions(
        &mut self,
        cx: &mut MainContext<'_>,
        broker: i32,
        question: LookupKind,
        LookupBatch { about, asks }: LookupBatch,
    ) {
        let c = &cx.shared.conf.global;
        let timeout = ms(c.socket_timeout_ms);
        let timeout_ms = c.socket_timeout_ms;
        let committed = self.consumer.core.settings.read_committed;
        let main = cx.shared.main.clone();
        let to_send = asks.clone();
        let reply = move |result| {
            main.send(MainCommand::Consumer(Command::Answers {
                about,
                asks,
                question,
                result,
            }));
        };
        let request = match question {
            LookupKind::Offset => Request::new(
                ApiKey::ListOffsets,
                timeout,
                move |version| requests::list_offsets(&to_send, committed, timeout_ms, version),
                reply,
            ),
            LookupKind::EpochEnd => Request::new(
                ApiKey::OffsetForLeaderEpoch,
                timeout,
                move |version| requests::epoch_ends(&to_send, version),
                reply,
            ),
        };
        send_to(cx, broker, request);
    }

    fn send_query(&mut self, cx: &mut MainContext<'_>, r: queries::LeaderRequest) {
        let c = &cx.shared.conf.global;
        let timeout_ms = c.socket_timeout_ms;
        let timeout = match r.deadline {
            Some(d) => d.saturating_duration_since(cx.now).min(ms(timeout_ms)),
            None => ms(timeout_ms),
        };
        let committed = self.consumer.core.settings.read_committed;
        let main = cx.shared.main.clone();
        let to_send = r.asks.clone();
        let request = Request::new(
            ApiKey::ListOffsets,
            timeout,
            move |version| requests::list_offsets(&to_send, committed, timeout_ms, version),
            move |result| {
                main.send(MainCommand::Consumer(Command::QueryAnswers {
                    query: r.query,
                    places: r.places,
                    asks: r.asks,
                    result,
                }));
            },
        );
        send_to(cx, r.broker, request);
    }

    // --- offsets of the group: see `offsets`

    fn fetch_committed(
        &mut self,
        cx: &mut MainContext<'_>,
        partitions: Vec<(Arc<str>, i32)>,
        deadline: Option<Instant>,
        who: Fetching,
    ) {
        if self.group.is_none() {
            self.on_committed(cx, who, ErrorCode::_UNKNOWN_GROUP, Vec::new());
            return;
        }
        let id = self.id();
        self.fetches.insert(id, who);
        let fetch = group::Fetch {
            id,
            partitions,
            require_stable: self.require_stable,
            deadline,
        };
        self.tell_group(cx, group::Event::Fetch(fetch));
    }

    fn on_committed(
        &mut self,
        cx: &MainContext<'_>,
        who: Fetching,
        code: ErrorCode,
        offsets: Vec<TopicPartition>,
    ) {
        match who {
            Fetching::Control(asked) => {
                let mut found: HashMap<_, _> = offsets
                    .into_iter()
                    .map(|o| ((o.topic.clone(), o.partition), o))
                    .collect();
                for (partition, token) in asked {
                    let key = (partition.topic.name.clone(), partition.id);
                    let result = match found.remove(&key) {
                        Some(o) if o.err.is_ok() => Ok(o.position()),
                        Some(o) => Err(o.err),
                        None => Err(code),
                    };
                    self.control.on_committed(cx.now, &partition, token, result);
                }
            }
            Fetching::Application(reply) => {
                let _ = reply.send(if code.is_err() {
                    Err(code)
                } else {
                    Ok(offsets)
                });
            }
        }
    }

    fn tell_group(&mut self, cx: &mut MainContext<'_>, event: group::Event) {
        let Some(group) = &mut self.group else {
            return;
        };
        let mut actions = Vec::new();
        group.set_polled(self.consumer.group.polled(cx.now));
        let before = group.membership().state_name();
        let member_before = group.membership().member();
        let was_lost = group.membership().is_lost();
        group.on_event(cx.now, event, &mut actions);
        let membership = group.membership();
        let lost = membership.is_lost() && !was_lost;
        let logger = &cx.shared.logger;
        let group_id = cx
            .shared
            .conf
            .global
            .group_id
            .as_deref()
            .unwrap_or_default();
        if group.state_name() != self.group_state.0 {
            let (old, new) = (self.group_state.0, group.state_name());
            logger.debug(
                debug::CGRP,
                "CGRPSTATE",
                format_args!("Group \"{group_id}\": {old} -> {new}"),
            );
            self.group_state = (new, cx.now);
        }
        let member = membership.member();
        if member.member_id != member_before.member_id {
            logger.debug(
                debug::CGRP,
                "MEMBERID",
                format_args!(
                    "Group \"{group_id}\": member id \"{}\" -> \"{}\"",
                    member_before.member_id, member.member_id
                ),
            );
        }
        if membership.state_name() != before {
            logger.debug(
                debug::CGRP,
                "CGRPJOINSTATE",
                format_args!(
                    "Group \"{group_id}\": membership {before} -> {}: generation {}, {} partition(s)",
                    membership.state_name(),
                    member.generation,
                    membership.assignment().len()
                ),
            );
        }
        if lost {
            self.pause_lost();
        }
        self.publish();
        for action in actions {
            self.do_for_group(cx, action);
        }
    }

    fn do_for_group(&mut self, cx: &mut MainContext<'_>, action: group::Action) {
        match action {
            group::Action::SendToAny(out) => {
                cx.shared.logger.debug(
                    debug::CGRP,
                    "CGRPQUERY",
                    format_args!(
                        "Group \"{}\": asking for its coordinator",
                        cx.shared
                            .conf
                            .global
                            .group_id
                            .as_deref()
                            .unwrap_or_default()
                    ),
                );
                let request = group_request(cx, out);
                cx.to_any.push(request);
            }
            group::Action::SendToCoordinator(node, out) => {
                let aside = out.aside;
                let request = group_request(cx, out);
                if aside && let Some(broker) = cx.brokers.by_node(node.id) {
                    broker.request(request);
                    return;
                }
                match &self.coordinator {
                    Some(link) if link.node == node => link.handle.request(request),
                    _ => (request.reply)(Err(RequestError::Disconnected(
                        "the coordinator has changed".into(),
                    ))),
                }
            }
            group::Action::CoordinatorChanged(node) => self.set_coordinator(cx, node),
            group::Action::CommitDone(done) => self.on_commit_done(cx, done),
            group::Action::Fetched(fetched) => {
                if let Some(who) = self.fetches.remove(&fetched.id) {
                    let offsets = fetched.offsets.into_iter().map(listed).collect();
                    self.on_committed(cx, who, fetched.code, offsets);
                }
            }
            group::Action::Rebalance(rebalance) => self.rebalance(cx, rebalance),
            group::Action::LeaderMetadata(topics) => self.ask_leader_metadata(cx, topics),
            group::Action::TopicError { topic, code, text } => {
                self.consumer_error(code, text, Some(topic));
            }
            group::Action::Closed => self.closed(),
            group::Action::Error(code, text) => self.consumer_error(code, text, None),
            group::Action::Fatal(code, text) => {
                cx.shared.raise_fatal(code, &text);
            }
        }
    }

    /// A connection of its own, so that nothing waits behind a Fetch.
    fn set_coordinator(&mut self, cx: &mut MainContext<'_>, node: Option<Node>) {
        let Some(node) = node else {
            // The link stays, idle, until another coordinator is known.
            return;
        };
        self.unstarted = None;
        match &mut self.coordinator {
            Some(link) => {
                let same = link.node == node;
                link.node = node.clone();
                if same && link.up {
                    // The event is handled when this one is done.
                    self.group_pending = true;
                } else {
                    link.handle.send(LinkCommand::SetAddress {
                        host: node.host.to_string(),
                        port: node.port,
                        node_id: node.id,
                    });
                    link.handle.send(LinkCommand::SkipBackoff);
                    link.handle.send(LinkCommand::Connect);
                }
            }
            None => match cx.brokers.add_coordinator(&node.host, node.port, node.id) {
                Ok((key, handle)) => {
                    handle.send(LinkCommand::Connect);
                    self.coordinator = Some(CoordinatorLink {
                        key,
                        handle,
                        node,
                        up: false,
                    });
                }
                Err(e) => {
                    let text = format_args!("no thread for the coordinator: {e}");
                    cx.shared.logger.log(Level::Err, "COORD", text);
                    self.unstarted = Some((node, cx.now + START_AGAIN));
                }
            },
        }
        if std::mem::take(&mut self.group_pending)
            && let Some(id) = self.coordinator.as_ref().map(|l| l.node.id)
        {
            self.tell_group(cx, group::Event::CoordinatorUp(id));
        }
    }
}

/// Where a group's consumer begins, before it has done anything.
fn log_initial(shared: &ClientShared, id: &str) {
    let state = |facility, text: &str| {
        let logger = &shared.logger;
        logger.debug(
            debug::CGRP,
            facility,
            format_args!("Group \"{id}\": {text}"),
        );
    };
    state("MEMBERID", "no member id yet");
    state("CGRPSTATE", "init");
    state(
        "CGRPQUERY",
        "the coordinator is not known: it is asked for when it is needed",
    );
}

/// Questions for one broker.
#[derive(Default)]
struct LookupBatch {
    about: Vec<(Arc<Partition>, u64)>,
    asks: Vec<PartitionLookup>,
}

impl LookupBatch {
    fn add(&mut self, partition: Arc<Partition>, token: u64, ask: PartitionLookup) {
        self.about.push((partition, token));
        self.asks.push(ask);
    }
}

fn ask(partition: &Partition, leader_epoch: i32, value: i64) -> PartitionLookup {
    PartitionLookup {
        topic: partition.topic.name.clone(),
        partition: partition.id,
        leader_epoch,
        value,
    }
}

fn leader_in(info: &TopicInfo, partition: i32) -> Leader {
    if info.err.is_err() && info.partitions.is_empty() {
        return Leader::Missing(info.err);
    }
    match info.partition(partition) {
        Some(p) if p.leader >= 0 => Leader::At {
            broker: p.leader,
            epoch: p.leader_epoch,
        },
        Some(_) => Leader::None,
        None => Leader::Missing(ErrorCode::_UNKNOWN_PARTITION),
    }
}

fn send_to(cx: &MainContext<'_>, broker: i32, request: Request) {
    match cx.brokers.by_node(broker) {
        Some(b) => b.request(request),
        None => (request.reply)(Err(RequestError::Disconnected("no such broker".into()))),
    }
}

fn group_request(cx: &MainContext<'_>, out: group::Outgoing) -> Request {
    let main = cx.shared.main.clone();
    let token = out.token;
    let mut request = Request::new(out.api, out.timeout, out.build, move |result| {
        main.send(MainCommand::Consumer(Command::Group { token, result }));
    });
    request.max_version = out.max_version;
    request
}

fn listed(c: group::Committed) -> TopicPartition {
    TopicPartition {
        topic: c.offset.topic,
        partition: c.offset.partition,
        offset: c.offset.offset,
        leader_epoch: c.offset.leader_epoch,
        metadata: c.offset.metadata,
        err: c.code,
    }
}
