//! The main thread: the control plane of a client.
//!
//! It owns the brokers' registry, the metadata and, for each feature, its state
//! machine. It has no sockets: it sleeps on its channel until the next deadline.
//! Bulk data never comes through here.
//!
//! Requests for "any broker" wait here until some link is up, and brokers are
//! asked to connect one after another until one is: a server that is down costs
//! no request its time.

mod any_broker;
mod bootstrap;
mod producer_id;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{ApiKey, MetadataRequest, RequestKind, ResponseKind, TopicName};
use kafka_protocol::protocol::StrBytes;

use self::bootstrap::Bootstrap;
use super::brokers::{BrokerKey, Brokers, Condition};
use super::consumer::machine::{self, Machine, MainContext};
use super::event::Event;
use super::link_user::Purge;
use super::settings;
use super::shared::{ClientShared, ThreadKind, events};
use super::stats;
use super::topic::Topic;
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::fork::Generation;
use crate::base::log::{Level, debug};
use crate::base::panic;
use crate::base::time::ms;
use crate::broker::{LinkEvent, Request, RequestError, Response};
use crate::metadata::manager::TopicChange;
use crate::metadata::{Manager, Refresh, Snapshot};
use crate::producer::batch::Purged;
use crate::producer::idempotence::acquire::Acquirer;
use crate::producer::ready::ReadyPartitions;
use crate::producer::{batch, sender};

pub type MetadataReply = Sender<Result<Arc<Snapshot>, KafkaError>>;

/// After this time metadata is asked whether a refused topic may be used.
const REFUSED: Duration = Duration::from_secs(1);

/// What other threads tell the main thread.
pub enum MainCommand {
    Link {
        key: BrokerKey,
        event: LinkEvent,
    },
    /// An application's own question, and where the answer goes.
    Metadata {
        what: Refresh,
        deadline: Instant,
        create: bool,
        reply: MetadataReply,
    },
    MetadataAnswer {
        what: Refresh,
        deadline: Instant,
        asked: MetadataFor,
        result: Result<Response, RequestError>,
    },
    StaleMetadata {
        topic: Arc<str>,
        why: ErrorCode,
    },
    /// [`producer::Topic::refuse`] was called for it.
    TopicRefused {
        topic: Arc<str>,
        why: ErrorCode,
    },
    TopicAdded(Arc<Topic>),
    AddBrokers {
        list: String,
        reply: Sender<i32>,
    },
    /// A name that an address of a configured server goes by.
    Canonical {
        host: String,
        port: u16,
    },
    /// A request to one broker.
    ToBroker {
        node: i32,
        request: Request,
    },
    Consumer(machine::Command),
    ProducerId {
        result: Result<Response, RequestError>,
    },
    /// No epoch of it is left.
    ProducerIdSpent(i64),
    /// Partitions without a leader, or messages without a partition, have news.
    Leaderless,
    /// Everything that is queued is to go out now.
    Flush,
    /// `done` is dropped when all is purged; nothing is sent.
    Purge {
        queued: bool,
        in_flight: bool,
        done: Sender<()>,
    },
    Stop,
}

/// Who asked for metadata.
pub enum MetadataFor {
    Manager,
    Application {
        reply: MetadataReply,
        /// Topics that are not there may be created by that, if the configuration says so.
        create: bool,
    },
}

#[derive(Clone)]
pub struct MainSender(pub Sender<MainCommand>);

impl MainSender {
    /// After the main thread has ended there is nobody to tell.
    pub fn send(&self, command: MainCommand) {
        let _ = self.0.send(command);
    }
}

pub struct MainLoop {
    shared: Arc<ClientShared>,
    rx: Receiver<MainCommand>,
    brokers: Brokers,
    metadata: Manager,
    topics: Vec<Arc<Topic>>,
    waiting_any: VecDeque<Request>,
    /// The manager wants to ask, and waits for a broker that is up. What it asks is
    /// decided then: a topic that comes meanwhile costs no further round trip.
    metadata_waits: bool,
    /// The broker whose connection all these wait for.
    connecting: Option<BrokerKey>,
    /// Keeps the time of partitions without a leader; never sends.
    leaderless: Option<sender::Sender>,
    next_unassigned: Option<Instant>,
    all_down_told: bool,
    next_stats: Option<Instant>,
    bootstrap: Bootstrap,
    /// Of an idempotent producer.
    acquirer: Option<Acquirer>,
    consumer: Machine,
    made: Generation,
}

impl MainLoop {
    pub fn new(shared: Arc<ClientShared>, rx: Receiver<MainCommand>) -> Self {
        let now = Instant::now();
        let link = Arc::new(settings::link(&shared.conf));
        let leaderless = shared
            .producer
            .as_ref()
            .map(|p| sender::Sender::new(p.clone(), p.leaderless.clone(), Arc::default()));
        let stats = ms(shared.conf.global.statistics_interval_ms);
        MainLoop {
            brokers: Brokers::new(shared.clone(), link, shared.main.clone()),
            metadata: Manager::new(settings::metadata(&shared.conf), now),
            topics: Vec::new(),
            waiting_any: VecDeque::new(),
            metadata_waits: false,
            connecting: None,
            leaderless,
            next_unassigned: None,
            all_down_told: false,
            next_stats: (!stats.is_zero()).then(|| now + stats),
            bootstrap: Bootstrap::default(),
            acquirer: shared
                .producer
                .as_ref()
                .filter(|p| p.settings.idempotence)
                .map(|_| Acquirer::new(now)),
            consumer: Machine::new(&shared, now),
            made: Generation::current(),
            shared,
            rx,
        }
    }

    pub fn run(mut self) {
        self.shared.hooks.thread(true, ThreadKind::Main, "main");
        self.add_configured();
        let logger = self.shared.logger.clone();
        // A panic is an error of this library, and costs what was being done.
        while panic::catch(|| self.turn()).unwrap_or_else(|report| {
            let text = format_args!("An error inside librskafka: {report}; please report this");
            logger.log(Level::Crit, "PANIC", text);
            // One that comes again and again is not to take a whole core.
            std::thread::sleep(Duration::from_millis(100));
            true
        }) {
            if !self.made.is_current() {
                // A callback forked, and this is the child: all of this is the parent's.
                std::mem::forget(self);
                return;
            }
        }
        self.stop();
        self.shared.hooks.thread(false, ThreadKind::Main, "main");
    }

    /// What is due, then one command or what comes first. False: that was `Stop`.
    fn turn(&mut self) -> bool {
        self.on_time(Instant::now());
        if !self.made.is_current() {
            return true;
        }
        let command = match self.next_deadline() {
            Some(at) => {
                let wait = at.saturating_duration_since(Instant::now());
                match self.rx.recv_timeout(wait) {
                    Ok(c) => Some(c),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => Some(MainCommand::Stop),
                }
            }
            None => Some(self.rx.recv().unwrap_or(MainCommand::Stop)),
        };
        match command {
            Some(MainCommand::Stop) => return false,
            Some(c) => self.on_command(Instant::now(), c),
            None => {}
        }
        true
    }

    fn stop(&mut self) {
        self.with_consumer(Instant::now(), |machine, cx| machine.stop(cx));
        self.brokers.stop_all();
        self.bootstrap.stop();
        for request in self.waiting_any.drain(..) {
            (request.reply)(Err(RequestError::Destroyed));
        }
        let now = Instant::now();
        for topic in self.topics.drain(..) {
            if let Some(p) = &topic.producer {
                for batch in p.drain() {
                    batch::fail(&p.info.shared, batch, ErrorCode::_DESTROY, now);
                }
            }
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let waiting = self.waiting_any.iter().map(|r| r.deadline).min();
        let leaderless = self
            .leaderless
            .as_ref()
            .and_then(|o| o.next_deadline(false));
        [
            self.metadata
                .next_deadline()
                .filter(|_| !self.brokers.is_empty() && !self.metadata_waits),
            waiting,
            leaderless,
            self.next_unassigned,
            self.next_stats,
            self.bootstrap.next_deadline(),
            self.acquirer.as_ref().and_then(Acquirer::next_deadline),
            self.consumer.next_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn on_time(&mut self, now: Instant) {
        while self.waiting_any.iter().any(|r| r.deadline <= now) {
            let (late, rest): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut self.waiting_any)
                .into_iter()
                .partition(|r| r.deadline <= now);
            self.waiting_any = rest;
            for request in late {
                (request.reply)(Err(RequestError::TimedOutInQueue));
            }
        }
        if !self.brokers.is_empty() && !self.metadata_waits && self.metadata.is_due(now) {
            self.bootstrap.asked(now, &self.shared.conf);
            self.metadata_waits = true;
            if self.usable_broker().is_none() {
                self.connect_for_waiting();
            }
        }
        if self.metadata_waits && self.usable_broker().is_some() {
            self.metadata_waits = false;
            if let Some(refresh) = self.metadata.poll(now) {
                let deadline = now + ms(self.shared.conf.global.socket_timeout_ms);
                self.ask_metadata(now, refresh, deadline, MetadataFor::Manager);
            }
        }
        self.with_consumer(now, Machine::on_time);
        if let Some(leaderless) = &mut self.leaderless {
            leaderless.collect(now);
            leaderless.poll_down(now);
        }
        if self.next_unassigned.is_some_and(|at| at <= now) {
            self.expire_unassigned(now);
        }
        if self.next_stats.is_some_and(|at| at <= now) {
            let interval = ms(self.shared.conf.global.statistics_interval_ms);
            self.next_stats = Some(now + interval);
            self.emit_stats(now);
        }
        self.bootstrap_on_time(now);
        self.acquire_on_time(now);
    }

    /// Lets the consumer's machine work with what is the main loop's.
    fn with_consumer<R>(
        &mut self,
        now: Instant,
        work: impl FnOnce(&mut Machine, &mut MainContext<'_>) -> R,
    ) -> R {
        let mut to_any = Vec::new();
        let mut cx = MainContext {
            now,
            shared: &self.shared,
            brokers: &mut self.brokers,
            metadata: &mut self.metadata,
            to_any: &mut to_any,
        };
        let result = work(&mut self.consumer, &mut cx);
        for request in to_any {
            self.send_to_any(request);
        }
        result
    }

    fn expire_unassigned(&mut self, now: Instant) {
        self.next_unassigned = self
            .topics
            .iter()
            .filter_map(|t| t.producer.as_ref()?.expire_unassigned(now))
            .min();
    }

    fn on_command(&mut self, now: Instant, command: MainCommand) {
        match command {
            MainCommand::Link { key, event } => self.on_link(now, key, event),
            MainCommand::Metadata {
                what,
                deadline,
                create,
                reply,
            } => {
                let asked = MetadataFor::Application { reply, create };
                self.ask_metadata(now, what, deadline, asked);
            }
            MainCommand::MetadataAnswer {
                what,
                deadline,
                asked,
                result,
            } => self.on_metadata(now, what, deadline, asked, result),
            MainCommand::StaleMetadata { topic, why } => {
                self.shared.logger.debug(
                    debug::METADATA,
                    "METADATA",
                    format_args!("{topic}: metadata is out of date: {why}"),
                );
                self.metadata.refresh_soon(now);
            }
            MainCommand::TopicRefused { topic, why } => {
                let known = self.topics.iter().find(|t| t.name == topic);
                if let Some(p) = known.and_then(|t| t.producer.as_ref()) {
                    p.fail_refused(why, now);
                }
                // Metadata may know nothing of it: then the next answer lets it in again.
                self.metadata.refresh_at(now + REFUSED);
            }
            MainCommand::TopicAdded(topic) => {
                self.metadata.track(&topic.name, now);
                // What is known from earlier answers is used at once.
                let info = self.metadata.cache().topic(&topic.name).cloned();
                self.topics.push(topic.clone());
                if let Some(info) = info.filter(|i| i.err.is_ok()) {
                    self.apply(
                        now,
                        TopicChange::Known {
                            info,
                            recreated: false,
                        },
                    );
                }
            }
            MainCommand::AddBrokers { list, reply } => {
                let added = self.add_brokers(&list);
                self.bootstrap.added(list);
                self.metadata.refresh_soon(now);
                self.connect_for_waiting();
                let _ = reply.send(added);
            }
            MainCommand::Canonical { host, port } => {
                self.add_server(&host, port);
                self.connect_for_waiting();
            }
            MainCommand::ToBroker { node, request } => match self.brokers.by_node(node) {
                Some(broker) => {
                    broker.connect();
                    broker.request(request);
                }
                None => (request.reply)(Err(RequestError::Disconnected("no such broker".into()))),
            },
            MainCommand::Consumer(command) => {
                self.with_consumer(now, |machine, cx| machine.on_command(cx, command));
            }
            MainCommand::ProducerId { result } => self.on_producer_id(now, result),
            MainCommand::ProducerIdSpent(id) => {
                if let Some(acquirer) = &mut self.acquirer {
                    acquirer.spent(now, id);
                }
            }
            MainCommand::Leaderless => self.expire_unassigned(now),
            MainCommand::Flush => {
                self.nudge_all();
            }
            MainCommand::Purge {
                queued,
                in_flight,
                done,
            } => self.purge(queued, in_flight, done),
            MainCommand::Stop => {}
        }
    }

    /// Queues are emptied first, so that nothing of them gets in flight meanwhile, and
    /// reported last, as the messages were produced.
    fn purge(&mut self, queued: bool, in_flight: bool, done: Sender<()>) {
        let Some(producer) = &self.shared.producer else {
            return;
        };
        let topics = self.topics.iter().filter_map(|t| t.producer.as_ref());
        let batches = match queued {
            true => topics.flat_map(|p| p.drain()).collect(),
            false => Vec::new(),
        };
        let queued = Purged::new(producer.clone(), batches);
        let purge = Arc::new(Purge { queued, done });
        if in_flight {
            self.brokers.purge_in_flight(&purge);
        }
    }

    // --- connections

    fn on_link(&mut self, now: Instant, key: BrokerKey, event: LinkEvent) {
        let ours = self.with_consumer(now, |machine, cx| machine.on_link(cx, key, &event));
        if ours {
            return;
        }
        match event {
            LinkEvent::Up { .. } => {
                if let Some(b) = self.brokers.get_mut(key) {
                    b.condition = Condition::Up;
                }
                self.all_down_told = false;
                self.bootstrap.some_broker_is_up();
                self.connecting = None;
                self.send_waiting(key);
            }
            LinkEvent::Down { error, .. } => {
                if let Some(b) = self.brokers.get_mut(key) {
                    b.condition = Condition::Down;
                }
                if let Some((code, text)) = error {
                    self.shared.error(code, text);
                }
                self.check_all_down(now);
                if self.connecting == Some(key) {
                    self.connecting = None;
                }
                self.use_stale_if_needed();
                self.connect_for_waiting();
                // The partitions that the broker led may have moved.
                self.metadata.refresh_soon(now);
            }
            LinkEvent::Throttled { time } => {
                if let Some(b) = self.brokers.get(key) {
                    let millis = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
                    self.shared.throttled(b.name(), b.node_id(), millis);
                }
            }
        }
    }

    fn check_all_down(&mut self, now: Instant) {
        let all = self.brokers.len();
        let down = self
            .brokers
            .iter()
            .filter(|b| b.condition == Condition::Down)
            .count();
        if all == 0 || down < all || self.all_down_told {
            return;
        }
        self.all_down_told = true;
        self.shared.error(
            ErrorCode::_ALL_BROKERS_DOWN,
            format!("{down}/{all} brokers are down"),
        );
        self.bootstrap.all_are_down(now, &self.shared.conf);
    }

    // --- metadata

    fn ask_metadata(&mut self, now: Instant, what: Refresh, deadline: Instant, asked: MetadataFor) {
        let main = self.shared.main.clone();
        let wanted = what.clone();
        // An application may be patient: no broker is waited for longer than this.
        let timeout = ms(self.shared.conf.global.socket_timeout_ms)
            .min(deadline.saturating_duration_since(now));
        // A producer's default is to create, see `base::conf::finalize`.
        let create = self.shared.conf.global.allow_auto_create_topics
            && !matches!(asked, MetadataFor::Application { create: false, .. });
        self.shared.logger.debug(
            debug::METADATA,
            "METADATA",
            format_args!("Requesting metadata: {what:?}"),
        );
        let request = Request::new(
            ApiKey::Metadata,
            timeout,
            move |version| RequestKind::Metadata(metadata_request(&what, create, version)),
            move |result| {
                main.send(MainCommand::MetadataAnswer {
                    what: wanted,
                    deadline,
                    asked,
                    result,
                });
            },
        );
        self.send_to_any(request);
    }

    fn on_metadata(
        &mut self,
        now: Instant,
        what: Refresh,
        deadline: Instant,
        asked: MetadataFor,
        result: Result<Response, RequestError>,
    ) {
        let all = what == Refresh::All;
        // The broker went away before it answered, or is silent: another one may know, or
        // it may itself later.
        let lost = matches!(
            result,
            Err(RequestError::Disconnected(_)
                | RequestError::Destroyed
                | RequestError::TimedOut
                | RequestError::TimedOutInQueue)
        );
        if lost && matches!(asked, MetadataFor::Application { .. }) && now < deadline {
            self.ask_metadata(now, what, deadline, asked);
            return;
        }
        let response = match result {
            Ok(Response {
                kind: Some(ResponseKind::Metadata(r)),
                broker,
                ..
            }) if r.error_code != 0 => {
                let code = ErrorCode::from(r.error_code);
                if code == ErrorCode::REBOOTSTRAP_REQUIRED {
                    self.rebootstrap(now);
                }
                Err(KafkaError::new(
                    code,
                    format!("{broker} refused to tell metadata: {code}"),
                ))
            }
            Ok(Response {
                kind: Some(ResponseKind::Metadata(r)),
                broker_id,
                broker,
                ..
            }) => {
                self.metadata_came();
                let mut snapshot = Snapshot::from_response(&r);
                snapshot.answered_by = broker_id;
                snapshot.answered_by_name = broker.to_string();
                Ok(snapshot)
            }
            Ok(_) => Err(KafkaError::new(
                ErrorCode::_BAD_MSG,
                "Metadata was answered with something else",
            )),
            Err(e) => Err(KafkaError::new(e.code(), e.to_string())),
        };
        match (response, asked) {
            (Ok(snapshot), MetadataFor::Manager) => self.learn(now, snapshot, true, all),
            (Ok(snapshot), MetadataFor::Application { reply, .. }) => {
                self.learn(now, snapshot.clone(), false, all);
                let _ = reply.send(Ok(Arc::new(snapshot)));
            }
            (Err(e), MetadataFor::Manager) => {
                self.shared.logger.debug(
                    debug::METADATA,
                    "METADATA",
                    format_args!("Metadata request failed: {e}"),
                );
                self.metadata.on_failure(now);
            }
            (Err(mut e), MetadataFor::Application { reply, .. }) => {
                // There was a broker to ask, but no time to.
                if e.code == ErrorCode::_TIMED_OUT_QUEUE && self.has_broker_up() {
                    e.code = ErrorCode::_TIMED_OUT;
                }
                let _ = reply.send(Err(e));
            }
        }
    }

    fn learn(&mut self, now: Instant, mut snapshot: Snapshot, complete: bool, all: bool) {
        snapshot.hide(self.shared.conf.global.topic_blacklist.as_ref());
        if !snapshot.brokers.is_empty() && !self.brokers.update(snapshot.brokers.values()) {
            self.bootstrap.not_started();
        }
        self.warn_of_other_cluster(&snapshot);
        let seen: Vec<_> = snapshot
            .topics
            .iter()
            .map(|(name, info)| (name.clone(), info.err))
            .collect();
        let changes = self.metadata.on_snapshot(snapshot, complete, all, now);
        self.shared
            .metadata
            .store(Arc::new(self.metadata.cache().clone()));
        for change in changes {
            self.apply(now, change);
        }
        self.with_consumer(now, |machine, cx| machine.on_snapshot(cx, all, &seen));
    }

    /// Servers of two clusters in one list are a mistake that shows in nothing else.
    fn warn_of_other_cluster(&self, new: &Snapshot) {
        let (Some(known), Some(now)) = (&self.metadata.cache().cluster_id, &new.cluster_id) else {
            return;
        };
        if known != now {
            self.shared.logger.log(
                Level::Warning,
                "CLUSTERID",
                format_args!(
                    "{} reports different ClusterId {now:?}, not {known:?} as before: a client must be connected to the \
                     brokers of one cluster only",
                    new.answered_by_name
                ),
            );
        }
    }

    fn ready_partitions(&self, node_id: i32) -> Option<Arc<ReadyPartitions>> {
        self.brokers.by_node(node_id)?.ready.clone()
    }

    fn apply(&mut self, now: Instant, change: TopicChange) {
        self.with_consumer(now, |machine, cx| match &change {
            TopicChange::Known { info, recreated } => machine.on_topic(cx, info, *recreated),
            TopicChange::Missing { name, err } => machine.on_missing(cx, name, *err),
        });
        let name = match &change {
            TopicChange::Known { info, .. } => &info.name,
            TopicChange::Missing { name, .. } => name,
        };
        let Some(topic) = self.topics.iter().find(|t| t.name == *name).cloned() else {
            return;
        };
        match change {
            TopicChange::Known { info, .. } => {
                topic.note_metadata(now);
                if let Some(p) = &topic.producer {
                    *p.info.id.lock() = info.id;
                    let leaders: Vec<_> = info
                        .partitions
                        .iter()
                        .map(|p| self.ready_partitions(p.leader))
                        .collect();
                    p.set_partitions(&leaders, now);
                }
            }
            TopicChange::Missing { name, err } => {
                self.shared.logger.debug(
                    debug::TOPIC,
                    "TOPIC",
                    format_args!("{name}: the topic cannot be used: {err}"),
                );
                if let Some(p) = &topic.producer {
                    p.set_missing(err, now);
                }
            }
        }
    }

    fn emit_stats(&mut self, now: Instant) {
        let shared = &self.shared;
        if shared.conf.global.stats_cb == 0 && !shared.wants_event(events::STATS) {
            return;
        }
        let sources = stats::Sources {
            shared,
            brokers: &self.brokers,
            topics: &self.topics,
            metadata: self.metadata.cache(),
            consumer: &self.consumer,
            acquirer: self.acquirer.as_ref(),
        };
        shared.main_queue.push(Event::Stats(sources.json(now)));
    }
}

pub(super) fn metadata_request(what: &Refresh, create: bool, version: i16) -> MetadataRequest {
    let mut request = MetadataRequest::default();
    request.topics = match what {
        Refresh::All => None,
        Refresh::Brokers => Some(Vec::new()),
        Refresh::Topics(names) => Some(
            names
                .iter()
                .map(|name| {
                    let name = TopicName(StrBytes::from_string(name.to_string()));
                    MetadataRequestTopic::default().with_name(Some(name))
                })
                .collect(),
        ),
    };
    // Versions below 4 cannot say, and create.
    if version >= 4 {
        request.allow_auto_topic_creation = create && *what != Refresh::All;
    }
    request
}
