//! Layer 6: a client instance. The only place where features are wired to each
//! other.
//!
//! A [`Client`] is what the application holds: it starts the main thread and ends
//! it. Everything that threads share is in [`shared::ClientShared`].

pub mod admin;
pub mod brokers;
pub mod command;
pub mod consumer;
mod context;
mod coordinator;
pub mod event;
mod fan_out;
pub mod hooks;
pub mod link_user;
pub mod list_groups;
pub mod main_loop;
pub mod oauth;
mod poll_clock;
mod prometheus;
mod router;
pub mod security;
pub mod settings;
pub mod share;
pub mod shared;
#[cfg(all(test, not(loom)))]
mod sim;
mod start;
pub mod stats;
mod telemetry;
pub mod tokens;
pub mod topic;
pub mod transactions;
pub mod types;

use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::base::lock::{Condvar, Mutex};
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded, unbounded};

use crate::base::conf::{ClientKind, TopicConf};
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::log::Level;
use crate::base::queue::Queue;
use crate::base::thread;
use crate::metadata::{Refresh, Snapshot};
use crate::producer;
use crate::producer::batch::Purged;
use crate::producer::topic::Partitioner;

use command::{MainCommand, MainSender, TelemetryCommand};
use event::{Event, EventQueue};
use hooks::{ConfBox, Hooks};
use main_loop::MainLoop;
use shared::{ClientLog, ClientShared};
pub use topic::Topic;

/// The main thread answers when the time is up, with the reason; on a machine that is
/// busy it may come to that a little later.
const LATE_ANSWER: Duration = Duration::from_millis(500);

pub struct Client {
    pub shared: Arc<ClientShared>,
    main: Mutex<Option<JoinHandle<()>>>,
    /// The main thread waits here; see [`Client::begin`].
    gate: Arc<Gate>,
    queues: Mutex<Vec<EventQueue>>,
    /// The transactional call that is under way.
    calls: transactions::Calls,
    /// Its place among those whose statistics are served.
    listed: Mutex<Option<prometheus::Listed>>,
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

    fn is_open(&self) -> bool {
        *self.is_open.lock()
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
        let log = Arc::new(ClientLog {
            hooks: hooks.clone(),
            shared: OnceLock::new(),
        });
        let (tx, rx) = unbounded();
        let main = MainSender(tx);
        let listen = conf.global.statistics_prometheus_listen.as_deref();
        let listed = match prometheus::join(listen, &main) {
            Ok(listed) => listed,
            Err(e) => {
                // The application still has the configuration: it must not be freed.
                conf.give_back();
                return Err(e);
            }
        };
        let shared = Arc::new(start::shared(kind, conf, hooks, main, &log)?);
        let _ = log.shared.set(Arc::downgrade(&shared));
        let client = Arc::new(Client {
            queues: Mutex::new(shared.own_queues()),
            shared,
            main: Mutex::new(None),
            gate: Arc::default(),
            calls: Default::default(),
            listed: Mutex::new(Some(listed)),
        });
        client.start_main(rx)?;
        Ok(client)
    }

    fn start_main(&self, rx: Receiver<MainCommand>) -> Result<(), KafkaError> {
        let (shared, begun) = (self.shared.clone(), self.gate.clone());
        let counted = thread::Counted::new();
        let main_thread = thread::spawn("rdk:main", move || {
            let _counted = counted;
            begun.wait();
            MainLoop::new(shared, rx).run();
        })
        .map_err(|e| {
            // The application still has the configuration, which lies in here:
            // it must not be freed.
            std::mem::forget(self.shared.clone());
            KafkaError::new(
                ErrorCode::_CRIT_SYS_RESOURCE,
                format!("The system gives no thread: {e}"),
            )
        })?;
        *self.main.lock() = Some(main_thread);
        Ok(())
    }

    /// Lets the main thread begin. Until then no callback comes, so that the
    /// application's handle can be made first.
    pub fn begin(&self) {
        self.shared.ask_for_first_token();
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

    fn end_telemetry(&self) {
        // Without a beginning there is nothing to tell.
        if self.shared.conf.global.enable_metrics_push && self.gate.is_open() {
            let (done, ended) = bounded(1);
            let end = TelemetryCommand::End(done);
            self.shared.main.send(MainCommand::Telemetry(end));
            // Nothing is sent; it ends when the sender is dropped.
            let _ = ended.recv_timeout(telemetry::LAST_PUSH);
        }
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
        } else if queued {
            self.purge_unassigned();
        }
    }

    /// While `wait` runs, messages do not linger. The loops are told from here, so that they
    /// have mostly sent them when the main thread comes to what it is asked in `wait`.
    pub fn without_linger<T>(&self, wait: impl FnOnce() -> T) -> T {
        let Some(producer) = &self.shared.producer else {
            return wait();
        };
        producer.limits.begin_flush();
        let topics = self.all_topics();
        topics
            .iter()
            .filter_map(|t| t.producer.as_ref())
            .for_each(|t| t.nudge());
        let result = wait();
        producer.limits.end_flush();
        result
    }

    /// confluent-kafka-python never waits, and expects the reports at once: librdkafka
    /// drops what has no partition yet on the calling thread in any case.
    fn purge_unassigned(&self) {
        let Some(producer) = &self.shared.producer else {
            return;
        };
        let topics = self.all_topics();
        let topics = topics.iter().filter_map(|t| t.producer.as_ref());
        let batches = topics.flat_map(|p| p.drain_unassigned()).collect();
        drop(Purged::new(producer.clone(), batches));
    }

    /// Ends all threads. Bounded: links drop their connections at once, but for the last
    /// push of metrics, which some cluster may want. `left` may take from the queues what
    /// the threads have put there last; the rest is dropped.
    pub fn stop(&self, left: impl FnOnce()) {
        let listed = self.listed.lock().take();
        drop(listed);
        self.end_telemetry();
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
        left();
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

#[cfg(test)]
mod tests;
