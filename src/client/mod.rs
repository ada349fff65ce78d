//! Layer 6: a client instance. The only place where features are wired to each
//! other.
//!
//! A [`Client`] is what the application holds: it starts the main thread and ends
//! it. Everything that threads share is in [`shared::ClientShared`].

pub mod brokers;
pub mod command;
pub mod consumer;
mod context;
mod coordinator;
pub mod event;
pub mod hooks;
pub mod link_user;
pub mod list_groups;
pub mod main_loop;
pub mod settings;
pub mod shared;
pub mod stats;
pub mod topic;
pub mod types;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::{RecvTimeoutError, bounded, unbounded};
use parking_lot::{Condvar, Mutex, RwLock};

use crate::base::conf::{ClientKind, Conf, TopicConf};
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::log::{Level, Logger};
use crate::base::queue::Queue;
use crate::base::thread;
use crate::base::time::wall_us;
use crate::broker::socket_loan::SocketLoans;
use crate::metadata::{Refresh, Snapshot};
use crate::producer::limits::Limits;
use crate::producer::ready::ReadyPartitions;
use crate::producer::topic::Partitioner;
use crate::producer::{self, ProducerStats};

use command::{MainCommand, MainSender};
use consumer::Consumer;
use event::{Event, EventQueue};
use hooks::{ConfBox, Hooks};
use main_loop::MainLoop;
use shared::{ClientLog, ClientShared, ReportSink};
pub use topic::Topic;
use types::events;

/// The main thread answers when the time is up, with the reason; on a machine that is
/// busy it may come to that a little later.
const LATE_ANSWER: Duration = Duration::from_millis(500);

/// Instances made by this process, for their names.
static INSTANCES: AtomicU32 = AtomicU32::new(0);

pub struct Client {
    pub shared: Arc<ClientShared>,
    main: Mutex<Option<JoinHandle<()>>>,
    /// The main thread waits here; see [`Client::begin`].
    gate: Arc<Gate>,
    queues: Mutex<Vec<EventQueue>>,
}

/// Closed until it is opened, once.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.is_open.lock() = true;
        self.opened.notify_all();
    }

    fn wait(&self) {
        let mut is_open = self.is_open.lock();
        while !*is_open {
            self.opened.wait(&mut is_open);
        }
    }
}

impl Client {
    /// Makes an instance, to be started by [`Client::begin`]. `conf` has been
    /// finalized.
    pub fn start(
        kind: ClientKind,
        conf: Box<dyn ConfBox>,
        hooks: Arc<dyn Hooks>,
    ) -> Result<Arc<Client>, KafkaError> {
        let number = INSTANCES.fetch_add(1, Ordering::Relaxed) + 1;
        let kind_name = match kind {
            ClientKind::Producer => "producer",
            ClientKind::Consumer | ClientKind::ShareConsumer => "consumer",
        };
        let id = conf.global.client_id.clone().unwrap_or_default();
        let name = format!("{id}#{kind_name}-{number}");
        // Debugging asks for all lines; rd_kafka_set_log_level may still ask for fewer.
        let level = match conf.global.debug {
            0 => conf.global.log_level,
            _ => Level::Debug as i32,
        };
        let logger = Arc::new(Logger::new(
            level,
            conf.global.debug,
            conf.global.log_thread_name,
        ));
        let log = Arc::new(ClientLog {
            hooks: hooks.clone(),
            shared: std::sync::OnceLock::new(),
        });
        logger.set_sink(Some(log.clone()));
        let (tx, rx) = unbounded();
        let main = MainSender(tx);
        let main_queue: EventQueue = Arc::new(Queue::new());
        let socket_loans = Arc::<SocketLoans>::default();
        main_queue.set_idle_work(socket_loans.clone());
        let producer = kind
            .is_producer()
            .then(|| producer_shared(&conf, &hooks, &main, &main_queue, &log, &logger));
        let core = crate::consumer::ConsumerShared {
            settings: settings::consumer(&conf, kind),
            logger: logger.clone(),
        };
        let consumer = Consumer::new(Arc::new(core), main.clone());
        // Lines wait here until the application says where they are to go.
        let log_queue = conf.global.log_queue.then(|| Arc::new(Queue::new()));
        let shared = Arc::new(ClientShared {
            name,
            kind,
            conf,
            hooks,
            logger,
            main,
            main_queue: main_queue.clone(),
            socket_loans,
            log_queue: Mutex::new(log_queue),
            producer,
            consumer,
            topics: RwLock::new(HashMap::new()),
            metadata: ArcSwap::from_pointee(Snapshot {
                controller_id: -1,
                answered_by: -1,
                ..Snapshot::default()
            }),
            fatal: Mutex::new(None),
            broker_list: RwLock::new(Vec::new()),
            threads: AtomicI32::new(0),
            started_us: wall_us(),
            started: Instant::now(),
            consumed: AtomicU64::new(0),
            consumed_bytes: AtomicU64::new(0),
        });
        let _ = log.shared.set(Arc::downgrade(&shared));
        let gate = Arc::<Gate>::default();
        let begun = gate.clone();
        let client = Arc::new(Client {
            shared: shared.clone(),
            main: Mutex::new(None),
            gate,
            queues: Mutex::new(vec![main_queue]),
        });
        let counted = thread::Counted::new();
        let main_thread = thread::spawn("rdk:main", move || {
            let _counted = counted;
            begun.wait();
            MainLoop::new(shared, rx).run();
        })
        .map_err(|e| {
            // The application still has the configuration, which lies in here:
            // it must not be freed.
            std::mem::forget(client.shared.clone());
            KafkaError::new(
                ErrorCode::_CRIT_SYS_RESOURCE,
                format!("The system gives no thread: {e}"),
            )
        })?;
        *client.main.lock() = Some(main_thread);
        Ok(client)
    }

    /// Lets the main thread begin. Until then no callback comes, so that the
    /// application's handle can be made first.
    pub fn begin(&self) {
        self.gate.open();
    }

    pub fn kind(&self) -> ClientKind {
        self.shared.kind
    }

    /// A queue of the application's own; its contents go when the client ends.
    pub fn new_queue(&self) -> EventQueue {
        let queue: EventQueue = Arc::new(Queue::new());
        self.queues.lock().push(queue.clone());
        queue
    }

    /// The topic of this name, made with `conf` if it is new.
    pub fn topic(
        self: &Arc<Self>,
        name: &str,
        conf: Option<TopicConf>,
    ) -> Result<Arc<Topic>, KafkaError> {
        if let Some(topic) = self.shared.topics.read().get(name) {
            return Ok(topic.clone());
        }
        if name.len() > 512 {
            return Err(KafkaError::new(
                ErrorCode::_INVALID_ARG,
                "Invalid topic name: it is longer than 512 bytes",
            ));
        }
        let mut conf = match conf {
            Some(conf) => conf,
            None => self.shared.conf.topic_conf(),
        };
        conf.finalize(self.shared.kind, &self.shared.conf.global)?;
        let mut topics = self.shared.topics.write();
        if let Some(topic) = topics.get(name) {
            return Ok(topic.clone());
        }
        let name: Arc<str> = Arc::from(name);
        let producer = self.shared.producer.as_ref().map(|shared| {
            let partitioner = match self.shared.hooks.partitioner(&conf) {
                Some(custom) => Partitioner::Custom(custom),
                None => Partitioner::Builtin(settings::partitioner(&conf)),
            };
            producer::Topic::new(
                name.clone(),
                settings::producer_topic(&self.shared.conf, &conf),
                partitioner,
                shared.clone(),
            )
        });
        let topic = Arc::new(Topic::new(
            name.clone(),
            conf,
            producer,
            self.shared.hooks.on_send(),
            Arc::downgrade(self),
        ));
        topics.insert(name, topic.clone());
        drop(topics);
        self.shared
            .main
            .send(MainCommand::TopicAdded(topic.clone()));
        Ok(topic)
    }

    pub fn known_topic(&self, name: &str) -> Option<Arc<Topic>> {
        self.shared.topics.read().get(name).cloned()
    }

    pub fn all_topics(&self) -> Vec<Arc<Topic>> {
        self.shared.topics.read().values().cloned().collect()
    }

    /// Asks the cluster and waits for the answer.
    pub fn metadata(&self, what: Refresh, timeout: Duration) -> Result<Arc<Snapshot>, KafkaError> {
        self.ask_metadata(what, timeout, true)
    }

    /// As `metadata`, without creating topics.
    pub fn metadata_of_existing(
        &self,
        what: Refresh,
        timeout: Duration,
    ) -> Result<Arc<Snapshot>, KafkaError> {
        self.ask_metadata(what, timeout, false)
    }

    fn ask_metadata(
        &self,
        what: Refresh,
        timeout: Duration,
        create: bool,
    ) -> Result<Arc<Snapshot>, KafkaError> {
        let (reply, answer) = bounded(1);
        let deadline = Instant::now() + timeout;
        self.shared.main.send(MainCommand::Metadata {
            what,
            deadline,
            create,
            reply,
        });
        match answer.recv_deadline(deadline + LATE_ANSWER) {
            Ok(result) => result.map_err(|e| match e.code {
                ErrorCode::_TIMED_OUT_QUEUE => KafkaError::new(ErrorCode::_TRANSPORT, e.text),
                _ => e,
            }),
            Err(RecvTimeoutError::Timeout) => Err(ErrorCode::_TIMED_OUT.into()),
            Err(RecvTimeoutError::Disconnected) => Err(ErrorCode::_DESTROY.into()),
        }
    }

    pub fn add_brokers(&self, list: &str) -> i32 {
        let (reply, answer) = bounded(1);
        self.shared.main.send(MainCommand::AddBrokers {
            list: list.to_string(),
            reply,
        });
        answer.recv().unwrap_or(0)
    }

    /// Messages not yet reported, and other things that wait to be polled.
    pub fn out_queue_len(&self) -> usize {
        let messages = self
            .shared
            .producer
            .as_ref()
            .map_or(0, |p| p.limits.messages());
        let mut others = 0;
        self.shared.main_queue.inspect(|e| {
            if !matches!(e, Event::Deliveries(_)) {
                others += 1;
            }
        });
        usize::try_from(messages).unwrap_or(usize::MAX) + others
    }

    /// The instance's state as text, for people who debug.
    pub fn dump(&self) -> String {
        use std::fmt::Write;

        let s = &self.shared;
        let mut out = String::new();
        // Writing to a string does not fail.
        let _ = writeln!(out, "rd_kafka_t: {}", s.name);
        if let Some(p) = &s.producer {
            let (n, bytes) = (p.limits.messages(), p.limits.bytes());
            let _ = writeln!(out, "  queued messages: {n}, {bytes} bytes");
        }
        let _ = writeln!(out, "  brokers:");
        for (_, name) in s.broker_list.read().iter() {
            let _ = writeln!(out, "    {name}");
        }
        let _ = writeln!(out, "  topics:");
        for topic in self.all_topics() {
            let _ = writeln!(out, "    {}", topic.name);
        }
        let snapshot = s.metadata.load();
        let _ = writeln!(out, "  metadata:");
        for t in snapshot.topics.values() {
            for p in &t.partitions {
                let (id, leader, epoch) = (p.id, p.leader, p.leader_epoch);
                let _ = writeln!(out, "    {} [{id}] leader {leader}, epoch {epoch}", t.name);
            }
        }
        out
    }

    pub fn purge(&self, queued: bool, in_flight: bool, wait: bool) {
        // Nothing is ever sent. A channel without room would be a rendezvous under a
        // std::sync::Mutex, whose contended path the thread sanitizer does not see.
        let (done, all_done) = bounded(1);
        self.shared.main.send(MainCommand::Purge {
            queued,
            in_flight,
            done,
        });
        if wait {
            // Ends when the last link has dropped its sender.
            let _ = all_done.recv();
        }
    }

    /// Ends all threads. Bounded: links drop their connections at once.
    pub fn stop(&self) {
        self.shared.main.send(MainCommand::Stop);
        self.begin();
        if let Some(main) = self.main.lock().take()
            && main.join().is_err()
        {
            self.shared.logger.log(
                Level::Crit,
                "DESTROY",
                format_args!("the main thread ended by a fault of the library"),
            );
        }
        self.shared.consumer.drop_all();
        for queue in self.queues.lock().drain(..) {
            queue.close();
        }
        *self.shared.log_queue.lock() = None;
        for (_, topic) in self.shared.topics.write().drain() {
            topic.drop_handle();
        }
    }
}

fn producer_shared(
    conf: &Conf,
    hooks: &Arc<dyn Hooks>,
    main: &MainSender,
    queue: &EventQueue,
    log: &Arc<ClientLog>,
    logger: &Arc<Logger>,
) -> Arc<producer::ProducerShared> {
    let c = &conf.global;
    let wanted = c.dr_cb != 0 || c.dr_msg_cb != 0 || c.enabled_events & events::DR != 0;
    let settings = settings::producer(conf);
    let limits = Limits::new(settings.max_queued_messages, settings.max_queued_bytes);
    let sink = Arc::new(ReportSink {
        queue: queue.clone(),
        wanted,
        only_errors: c.delivery_report_only_error,
        hooks: hooks.clone(),
        main: main.clone(),
        failed: AtomicU64::new(0),
        log: log.clone(),
    });
    let wake = main.clone();
    Arc::new(producer::ProducerShared {
        fatal: std::sync::atomic::AtomicBool::new(false),
        settings,
        limits,
        sink,
        logger: logger.clone(),
        identity: Default::default(),
        leaderless: Arc::new(ReadyPartitions::new(Arc::new(move |_| {
            wake.send(MainCommand::Leaderless);
        }))),
        stats: ProducerStats {
            windows: c.statistics_interval_ms > 0,
            ..ProducerStats::default()
        },
    })
}
