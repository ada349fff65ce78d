//! A client without threads: the real machine, topics and senders, and what the main loop
//! does for them. Messages to the main thread and wake-ups of loops take a little time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestKind};

use super::application::Application;
use super::network::{InFlight, Link, To, Waiting};
use super::schedule::What;
use super::{BROKERS, Simulation, TOPICS};
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::lock::Mutex;
use crate::base::log::Logger;
use crate::broker::{ApiVersions, Outbox, Outgoing, RequestError};
use crate::coordinator;
use crate::coordinator::target::SEND_WITHIN;
use crate::producer::batch::Purged;
use crate::producer::idempotence::{Identity, Pid};
use crate::producer::limits::Limits;
use crate::producer::partition::ready::ReadyPartitions;
use crate::producer::partitioner::Builtin;
use crate::producer::sender::Sender;
use crate::producer::topic::Partitioner;
use crate::producer::transaction::{self, Action, Event, SharedTransaction, Transaction};
use crate::producer::{
    Delivery, DeliverySink, Partition, ProducerShared, ProducerStats, Settings, Topic,
    TopicSettings,
};
use crate::protocol::compression::Codec;
use crate::protocol::leader::NewLeader;

/// What the main thread is told.
// Passed on at once.
#[allow(clippy::large_enum_variant)]
pub(super) enum Mail {
    Event(Event),
    Purge { queued: bool, in_flight: bool },
    Stale,
    Fatal(ErrorCode, String),
}

/// What the loops say, in its order.
#[derive(Default)]
pub(super) struct Sink {
    mail: Mutex<Vec<Mail>>,
    /// Message and error.
    pub(super) reports: Mutex<Vec<(usize, ErrorCode)>>,
}

impl DeliverySink for Sink {
    fn delivered(&self, d: Delivery) {
        let all = d.batch.entries.iter().map(|e| (e.opaque, d.err));
        self.reports.lock().extend(all);
    }

    fn metadata_is_stale(&self, _: &Arc<str>, _: ErrorCode, _: Option<NewLeader>) {
        self.mail.lock().push(Mail::Stale);
    }

    fn topic_refused(&self, _: &Arc<str>, _: ErrorCode) {}

    fn fatal(&self, code: ErrorCode, text: &str) {
        self.mail.lock().push(Mail::Fatal(code, text.into()));
    }

    fn producer_id_is_spent(&self, spent: Pid) {
        let text = format!("messages were lost under epoch {}", spent.epoch);
        self.transaction_failed(ErrorCode::_INCONSISTENT, text);
    }

    fn joins_transaction(&self, partition: &Arc<Partition>) {
        let event = Event::Joins(partition.clone());
        self.mail.lock().push(Mail::Event(event));
    }

    fn transaction_failed(&self, code: ErrorCode, text: String) {
        let event = Event::DeliveryFailed { code, text };
        self.mail.lock().push(Mail::Event(event));
    }
}

/// The loop of a broker's link.
pub(super) struct Loop {
    pub(super) sender: Sender,
    ready: Arc<ReadyPartitions>,
    awake: Arc<AtomicBool>,
    planned: bool,
}

/// The results of calls, by their number.
pub(super) type Results = Arc<Mutex<Vec<(u64, Result<(), KafkaError>)>>>;

pub(super) struct Client {
    pub(super) slot: usize,
    pub(super) alive: bool,
    pub(super) began: Duration,
    pub(super) ended: Option<Duration>,
    /// Its process stands still until then.
    pub(super) frozen: Duration,
    pub(super) machine: Transaction,
    pub(super) shared: Arc<ProducerShared>,
    pub(super) sink: Arc<Sink>,
    pub(super) topics: Vec<Topic>,
    pub(super) loops: Vec<Loop>,
    leaderless: Sender,
    pub(super) links: Vec<Link>,
    pub(super) versions: Arc<ApiVersions>,
    pub(super) group_coordinator: Option<i32>,
    mail: VecDeque<Mail>,
    main_planned: bool,
    metadata_planned: bool,
    pub(super) fatal: Option<ErrorCode>,
    /// InitProducerId may be carried out a second time, and fence this instance.
    pub(super) init_was_lost: bool,
    correlation_id: AtomicI32,
    pub(super) results: Results,
    pub(super) application: Application,
}

/// The connection as a sender sees it.
struct Out<'a> {
    versions: &'a ApiVersions,
    broker: i32,
    correlation_id: &'a AtomicI32,
    sent: Vec<Outgoing<u64>>,
}

impl Outbox<u64> for Out<'_> {
    fn versions(&self) -> &ApiVersions {
        self.versions
    }

    fn broker_id(&self) -> i32 {
        self.broker
    }

    fn room(&self) -> usize {
        10usize.saturating_sub(self.sent.len())
    }

    fn backlog(&mut self) -> usize {
        0
    }

    fn client_id(&self) -> &str {
        "sim"
    }

    fn next_correlation_id(&mut self) -> i32 {
        self.correlation_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn send_segments(&mut self, _: Instant, out: Outgoing<u64>) {
        self.sent.push(out);
    }

    fn send(&mut self, _: Instant, _: ApiKey, _: i16, _: &RequestKind, _: Duration, _: u64) {
        unreachable!("a sender sends segments");
    }
}

fn list(awake: &Arc<AtomicBool>) -> Arc<ReadyPartitions> {
    let awake = awake.clone();
    Arc::new(ReadyPartitions::new(Arc::new(move |_| {
        awake.store(true, Ordering::Relaxed);
    })))
}

impl Client {
    pub(super) fn new(world: &mut Simulation, slot: usize) -> Self {
        let config = world.config.clone();
        let id: Arc<str> = format!("tx{slot}").into();
        let settings = Settings {
            max_message_bytes: 1_000_000,
            max_queued_messages: 60,
            max_queued_bytes: 1_000_000,
            linger: config.linger,
            batch_messages: config.batch_messages,
            batch_bytes: 1_000_000,
            retries: i32::MAX as u32,
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_millis(1000),
            socket_timeout: config.request_timeout,
            sticky_linger: Duration::ZERO,
            max_in_flight: 5,
            max_backlog: 100,
            idempotence: true,
            transactional_id: Some(id.clone()),
            gapless: false,
        };
        let sink = Arc::new(Sink::default());
        let nobody = Arc::new(AtomicBool::new(false));
        let leaderless = list(&nobody);
        let shared = Arc::new(ProducerShared {
            limits: Limits::new(settings.max_queued_messages, settings.max_queued_bytes),
            identity: Identity::new(&settings),
            transaction: SharedTransaction::of(&settings),
            settings,
            sink: sink.clone(),
            logger: Arc::new(Logger::new(0, 0, false)),
            leaderless: leaderless.clone(),
            stats: ProducerStats::default(),
            fatal: Default::default(),
        });
        let topic = |(name, _): &(&str, i32)| {
            let settings = TopicSettings {
                acks: -1,
                request_timeout: Duration::from_secs(30),
                message_timeout: config.message_timeout,
                codec: Codec::None,
                level: 0,
                lifo: false,
            };
            let partitioner = Partitioner::Builtin(Builtin::Consistent);
            Topic::new((*name).into(), settings, partitioner, shared.clone())
        };
        let a_loop = |_| {
            let awake = Arc::new(AtomicBool::new(false));
            let ready = list(&awake);
            Loop {
                sender: Sender::new(shared.clone(), ready.clone(), Arc::default()),
                ready,
                awake,
                planned: false,
            }
        };
        let machine = transaction::Settings {
            transactional_id: id,
            timeout_ms: config.transaction_timeout.as_millis() as i32,
            request_timeout: config.request_timeout,
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_millis(1000),
            coordinator_query_interval: Duration::from_secs(600),
            seed: world.rng.u64(..),
        };
        Client {
            slot,
            alive: true,
            began: world.now,
            ended: None,
            frozen: Duration::ZERO,
            machine: Transaction::new(&shared, machine, world.instant()).expect("transactional"),
            sink,
            topics: TOPICS.iter().map(topic).collect(),
            loops: (0..BROKERS).map(a_loop).collect(),
            leaderless: Sender::new(shared.clone(), leaderless, Arc::default()),
            links: (1..=BROKERS).chain([0]).map(link).collect(),
            shared,
            versions: world.api_versions(),
            group_coordinator: None,
            mail: VecDeque::new(),
            main_planned: false,
            metadata_planned: false,
            fatal: None,
            init_was_lost: false,
            correlation_id: AtomicI32::new(0),
            results: Results::default(),
            application: Application::default(),
        }
    }

    pub(super) fn next_correlation_id(&self) -> i32 {
        self.correlation_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn coordinator_link(&self) -> usize {
        self.loops.len()
    }

    pub(super) fn nudge_all(&self) {
        self.topics.iter().for_each(Topic::nudge);
    }

    /// When something is to be done if nothing happens before.
    pub(super) fn next_deadline(&self, start: Instant) -> Option<Duration> {
        let loops = self.loops.iter().zip(&self.links);
        let loops = loops.filter_map(|(l, link)| l.sender.next_deadline(link.conn.is_some()));
        let waiting = self
            .links
            .iter()
            .flat_map(|l| &l.waiting)
            .map(|w| w.send_by);
        let at = loops
            .chain(self.machine.next_deadline())
            .chain(self.leaderless.next_deadline(false))
            .map(|at| at.saturating_duration_since(start));
        let at = at
            .chain(waiting)
            .chain(self.application.flush_ends())
            .min()?;
        Some(at.max(self.frozen))
    }
}

fn link(broker: i32) -> Link {
    Link {
        broker,
        ..Link::default()
    }
}

impl Simulation {
    pub(super) fn post(&mut self, at: usize, mail: Mail) {
        self.clients[at].mail.push_back(mail);
        self.plan_main(at);
    }

    fn plan_main(&mut self, at: usize) {
        if !self.clients[at].main_planned {
            self.clients[at].main_planned = true;
            let delay = Duration::from_micros(match self.rng.u8(..20) {
                0 if self.trouble => self.rng.u64(..30_000),
                _ => self.rng.u64(..300),
            });
            self.schedule.add(self.now + delay, What::Main(at));
        }
    }

    /// The main thread's turn.
    pub(super) fn main(&mut self, at: usize) {
        self.clients[at].main_planned = false;
        for mail in std::mem::take(&mut self.clients[at].mail) {
            match mail {
                Mail::Event(event) => self.tell(at, event),
                Mail::Purge { queued, in_flight } => self.purge(at, queued, in_flight),
                Mail::Stale => self.refresh_metadata(at),
                Mail::Fatal(code, text) => self.raise_fatal(at, code, text),
            }
        }
    }

    pub(super) fn tell(&mut self, at: usize, event: Event) {
        let mut actions = Vec::new();
        let now = self.instant();
        self.clients[at].machine.on_event(now, event, &mut actions);
        for action in actions {
            self.act(at, action);
        }
    }

    fn act(&mut self, at: usize, action: Action) {
        match action {
            Action::Send(out) => self.send_for_transaction(at, out),
            Action::Coordinator(action) => self.coordinate(at, action),
            Action::Purge => {
                self.purge(at, true, false);
                self.clients[at].nudge_all();
            }
            Action::Nudge(partitions) => partitions.iter().for_each(Partition::nudge),
            Action::Fatal(code, text) => self.raise_fatal(at, code, text),
            Action::Log(_, text) | Action::Debug(text) => self.note(|| format!("{at}: {text}")),
            Action::Reply(reply, result) => reply(result),
        }
    }

    fn send_for_transaction(&mut self, at: usize, out: transaction::Outgoing) {
        self.check_request(at, out.api);
        let deadline = self.now + out.timeout;
        let mut request = Waiting {
            api: out.api,
            max_version: out.max_version,
            build: out.build,
            deadline,
            send_by: deadline,
            to: To::Machine(out.token),
        };
        match out.to {
            transaction::To::TransactionCoordinator => {
                let link = self.clients[at].coordinator_link();
                self.ask(at, link, request);
            }
            transaction::To::GroupCoordinator(_) => {
                request.send_by = deadline.min(self.now + SEND_WITHIN);
                request.to = To::Group(out.token);
                match self.clients[at].group_coordinator {
                    Some(broker) => self.ask(at, broker as usize - 1, request),
                    None => {
                        let delay = self.delay() * 2;
                        let client = at;
                        let what = What::GroupFound { client, request };
                        self.schedule.add(self.now + delay, what);
                    }
                }
            }
        }
    }

    pub(super) fn group_found(&mut self, at: usize, request: Waiting) {
        let group = format!("g{}", self.clients[at].slot);
        let found = self.cluster.coordinator(0, &group).map(|b| b.id);
        let fails = self.trouble && self.rng.u8(..10) == 0;
        if request.send_by <= self.now {
            return self.result(at, 0, request.to, Err(RequestError::TimedOutInQueue));
        }
        match found.filter(|_| !fails) {
            Some(broker) => self.ask(at, broker as usize - 1, request),
            None => {
                let code = ErrorCode::COORDINATOR_NOT_AVAILABLE;
                let error = RequestError::NoCoordinator(code, "none".into());
                self.result(at, 0, request.to, Err(error));
            }
        }
    }

    fn coordinate(&mut self, at: usize, action: coordinator::Action) {
        match action {
            coordinator::Action::Find(find) => {
                let up = (0..self.clients[at].loops.len())
                    .filter(|l| self.clients[at].links[*l].conn.is_some());
                let up: Vec<usize> = up.collect();
                let Some(&link) = self.rng.choice(&up) else {
                    let none = Err(RequestError::TimedOutInQueue);
                    return self.result(at, 0, To::Find, none);
                };
                let deadline = self.now + find.timeout;
                let request = Waiting {
                    api: ApiKey::FindCoordinator,
                    max_version: None,
                    build: Box::new(move |version| find.build(version)),
                    deadline,
                    send_by: deadline,
                    to: To::Find,
                };
                self.ask(at, link, request);
            }
            coordinator::Action::Changed(Some(node)) => self.follow(at, node.id),
            coordinator::Action::Changed(None) | coordinator::Action::Failed(..) => {}
        }
    }

    /// Keeps a connection to this coordinator.
    fn follow(&mut self, at: usize, broker: i32) {
        let link = self.clients[at].coordinator_link();
        let l = &mut self.clients[at].links[link];
        match l.conn {
            Some(_) if l.broker == broker => {
                let up = coordinator::Event::Up(broker);
                return self.tell(at, Event::Coordinator(up));
            }
            Some(conn) => {
                self.clients[at].links[link].broker = broker;
                self.cut(conn);
                self.noticed(conn);
            }
            None => {
                l.broker = broker;
                // An attempt that is under way goes to the one before.
                l.connecting = false;
            }
        }
        self.connect(at, link);
    }

    fn raise_fatal(&mut self, at: usize, code: ErrorCode, text: String) {
        let c = &mut self.clients[at];
        if c.fatal.is_some() {
            return;
        }
        c.fatal = Some(code);
        c.shared.fatal.store(true, Ordering::Release);
        self.note(|| format!("{at}: fatal: {code}: {text}"));
        self.check_fatal(at, code, &text);
        let error = KafkaError::new(code, text).fatal();
        self.post(at, Mail::Event(Event::Fatal(error)));
        let (queued, in_flight) = (true, false);
        self.post(at, Mail::Purge { queued, in_flight });
    }

    fn purge(&mut self, at: usize, queued: bool, in_flight: bool) {
        let now = self.instant();
        let c = &mut self.clients[at];
        let batches = match queued {
            true => c.topics.iter().flat_map(Topic::drain).collect(),
            false => Vec::new(),
        };
        let purged = Purged::new(c.shared.clone(), batches);
        if in_flight {
            c.loops
                .iter_mut()
                .for_each(|l| l.sender.purge_in_flight(now));
        }
        drop(purged);
    }

    // --- loops

    /// A loop's turn.
    pub(super) fn turn(&mut self, at: usize, broker: usize) {
        let now = self.instant();
        let c = &mut self.clients[at];
        let l = &mut c.loops[broker];
        l.planned = false;
        l.awake.store(false, Ordering::Relaxed);
        l.sender.collect(now);
        let link = &c.links[broker];
        let Some(conn) = link.conn else {
            l.sender.poll_down(now);
            return self.connect(at, broker);
        };
        let mut out = Out {
            versions: &c.versions,
            broker: link.broker,
            correlation_id: &c.correlation_id,
            sent: Vec::new(),
        };
        l.sender.poll(now, &mut out);
        for sent in out.sent {
            self.check_request(at, ApiKey::Produce);
            let mut frame = BytesMut::new();
            sent.segments
                .iter()
                .for_each(|s| frame.extend_from_slice(s));
            frame.advance(4);
            let to = To::Sender(sent.tag);
            self.note(|| format!("{at}: Produce {:?} v{}", sent.tag, sent.version));
            let in_flight = InFlight {
                correlation_id: sent.correlation_id,
                api: ApiKey::Produce,
                version: sent.version,
                deadline: self.now + sent.timeout,
                to,
            };
            self.transmit(conn, Bytes::from(frame), in_flight);
        }
    }

    /// What is due at this time.
    pub(super) fn client_on_time(&mut self, at: usize) {
        let now = self.instant();
        let due = |d: Option<Instant>| d.is_some_and(|d| d <= now);
        if due(self.clients[at].machine.next_deadline()) {
            self.tell(at, Event::Tick);
        }
        for broker in 0..self.clients[at].loops.len() {
            let up = self.clients[at].links[broker].conn.is_some();
            if due(self.clients[at].loops[broker].sender.next_deadline(up)) {
                self.turn(at, broker);
            }
        }
        if due(self.clients[at].leaderless.next_deadline(false)) {
            self.clients[at].leaderless.poll_down(now);
        }
    }

    /// What the loops have said goes to the main thread, loops that were woken up get
    /// their turn, and the application its results.
    pub(super) fn settle(&mut self, at: usize) {
        let now = self.instant();
        let mut news = std::mem::take(&mut *self.clients[at].sink.mail.lock());
        // A sender looks at its partitions in an order of its own in each run.
        news.sort_by_cached_key(|mail| match mail {
            Mail::Event(Event::Joins(p)) => Some((p.topic.name.clone(), p.id)),
            _ => None,
        });
        for mail in news {
            match mail {
                Mail::Fatal(code, text) => self.raise_fatal(at, code, text),
                mail => self.post(at, mail),
            }
        }
        for broker in 0..self.clients[at].loops.len() {
            let l = &mut self.clients[at].loops[broker];
            if l.awake.load(Ordering::Relaxed) && !l.planned {
                l.planned = true;
                let delay = Duration::from_micros(self.rng.u64(..500));
                let what = What::Loop { client: at, broker };
                self.schedule.add(self.now + delay, what);
            }
        }
        self.clients[at].leaderless.collect(now);
        self.reports(at);
        let results = std::mem::take(&mut *self.clients[at].results.lock());
        for (call, result) in results {
            self.on_result(at, call, result);
        }
        self.look_at_flush(at);
    }

    // --- metadata

    pub(super) fn refresh_metadata(&mut self, at: usize) {
        if !self.clients[at].metadata_planned {
            self.clients[at].metadata_planned = true;
            let delay = self.delay() + Duration::from_millis(self.rng.u64(1..300));
            self.schedule.add(self.now + delay, What::Metadata(at));
        }
    }

    pub(super) fn metadata(&mut self, at: usize) {
        self.clients[at].metadata_planned = false;
        let now = self.instant();
        for (topic, (name, count)) in self.clients[at].topics.iter().zip(TOPICS) {
            let leader = |id| {
                let leader = self.cluster.partition(name, id).map_or(-1, |p| p.leader);
                let up = self.cluster.broker(leader).is_some_and(|b| b.up);
                let broker = usize::try_from(leader - 1).ok().filter(|_| up)?;
                Some(self.clients[at].loops[broker].ready.clone())
            };
            let leaders: Vec<_> = (0..count).map(leader).collect();
            topic.set_partitions(&leaders, now);
        }
        // While a leader is missing metadata is asked for again.
        let down = self.cluster.brokers.iter().any(|b| !b.up);
        if down {
            self.refresh_metadata(at);
        }
    }
}
