//! What all threads of a client share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use crate::base::lock::{Mutex, RwLock};
use arc_swap::ArcSwap;

use super::command::{MainCommand, MainSender};
use super::consumer::Consumer;
use super::event::{Deliveries, Event, EventQueue};
use super::hooks::{ConfBox, Hooks};
use super::security::Security;
use super::share::ShareConsumer;
use super::topic::Topic;
use super::types::{BrokerKey, ConsumerError, ErrorEvent, events};
use crate::base::conf::{ClientKind, GroupProtocol};
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::log::{Level, Line, LogSink, Logger};
use crate::base::tally::Gate;
use crate::broker::socket_loan::SocketLoans;
use crate::metadata::Snapshot;
use crate::producer::idempotence::Pid;
use crate::producer::{self, Delivery, DeliverySink, Partition, transaction};
use crate::protocol::leader::NewLeader;

pub struct ClientShared {
    pub name: String,
    pub kind: ClientKind,
    pub conf: Box<dyn ConfBox>,
    pub hooks: Arc<dyn Hooks>,
    pub logger: Arc<Logger>,
    pub security: Security,
    pub main: MainSender,
    /// Everything that `rd_kafka_poll` serves.
    pub main_queue: EventQueue,
    /// Where tokens are asked for, if not in `main_queue`.
    pub sasl_queue: Option<EventQueue>,
    /// Sockets that threads waiting for `main_queue` read answers from themselves.
    pub socket_loans: Arc<SocketLoans>,
    /// Where log lines go once the application asked for them.
    pub log_queue: Mutex<Option<EventQueue>>,
    pub producer: Option<Arc<producer::ProducerShared>>,
    /// Producers have one as well, for their questions about offsets.
    pub consumer: Arc<Consumer>,
    /// Of a share consumer.
    pub share: Option<Arc<ShareConsumer>>,
    pub topics: RwLock<HashMap<Arc<str>, Arc<Topic>>>,
    pub metadata: ArcSwap<Snapshot>,
    pub fatal: Mutex<Option<KafkaError>>,
    pub broker_list: RwLock<Vec<(BrokerKey, String)>>,
    pub threads: AtomicI32,
    /// Whether telemetry is counted.
    pub gate: Gate,
    pub started_us: i64,
    pub started: Instant,
    /// Messages handed to the application, and their bytes.
    pub consumed: AtomicU64,
    pub consumed_bytes: AtomicU64,
}

impl ClientShared {
    /// The queues that the client is made with.
    pub fn own_queues(&self) -> Vec<EventQueue> {
        let sasl = self.sasl_queue.iter();
        sasl.chain([&self.main_queue]).cloned().collect()
    }

    pub fn wants_event(&self, bit: i32) -> bool {
        self.conf.global.enabled_events & bit != 0
    }

    /// Tells the application of an error that belongs to no message.
    pub fn error(&self, code: ErrorCode, text: String) {
        self.push_error(ErrorEvent {
            code,
            text,
            fatal: false,
        });
    }

    fn push_error(&self, event: ErrorEvent) {
        if self.conf.global.error_cb != 0 || self.wants_event(events::ERROR) {
            self.main_queue.push(Event::Error(event));
        } else {
            self.logger.log(
                Level::Err,
                "ERROR",
                format_args!("{}: {}", event.code, event.text),
            );
        }
    }

    /// The instance cannot go on. Only the first reason is kept.
    pub fn raise_fatal(&self, code: ErrorCode, text: &str) -> bool {
        {
            let mut fatal = self.fatal.lock();
            if fatal.is_some() {
                return false;
            }
            *fatal = Some(KafkaError::new(code, text).fatal());
        }
        let bars = self.fatal_errors_bar();
        if let Some(p) = &self.producer {
            p.fatal.store(bars, Ordering::Release);
            if p.transaction.is_some() {
                let error = KafkaError::new(code, text).fatal();
                let event = transaction::Event::Fatal(error);
                self.main.send(MainCommand::Transaction(event));
            }
            // What is in flight is awaited, to tell the truth about it.
            let (done, _) = crossbeam_channel::bounded(1);
            self.main.send(MainCommand::Purge {
                queued: true,
                in_flight: false,
                done,
            });
        }
        if bars {
            self.consumer.group.end();
        }
        if let Some(share) = &self.share {
            share.fail();
        }
        self.logger.log(
            Level::Emerg,
            "FATAL",
            format_args!("Fatal error: {code}: {text}"),
        );
        let (code, text) = (ErrorCode::_FATAL, format!("Fatal error: {code}: {text}"));
        if self.share.is_some() || self.consumer.core.settings.has_group {
            // Polling the consumer returns it.
            let topic = None;
            let error = ConsumerError { code, text, topic };
            let event = Event::ConsumerError(Box::new(error));
            self.consumer.queue.push(event);
        } else {
            let fatal = true;
            self.push_error(ErrorEvent { code, text, fatal });
        }
        true
    }

    pub fn fatal(&self) -> Option<KafkaError> {
        self.fatal.lock().clone()
    }

    /// Who can get into a state that only a new instance ends: idempotent producers and
    /// static members. Of others only `rd_kafka_test_fatal_error` says so, and they go on.
    fn fatal_errors_bar(&self) -> bool {
        match &self.producer {
            Some(p) => p.settings.idempotence,
            None => self.conf.global.group_instance_id.is_some() || self.is_assigned_to(),
        }
    }

    /// A consumer whose group's coordinator assigns: `group.protocol=consumer`.
    pub fn is_assigned_to(&self) -> bool {
        self.conf.global.group_protocol == GroupProtocol::Consumer
    }

    /// The fatal error after which calls are refused.
    pub fn barred(&self) -> Option<KafkaError> {
        self.fatal().filter(|_| self.fatal_errors_bar())
    }

    /// As `barred`, cheap for who asks with every message.
    pub fn producer_is_barred(&self) -> Option<KafkaError> {
        let producer = self.producer.as_ref()?;
        let barred = producer.fatal.load(Ordering::Relaxed);
        if barred { self.fatal() } else { None }
    }

    /// Log lines go to this queue from now on, those included that have waited.
    pub fn set_log_queue(&self, queue: EventQueue) {
        let lines = self.log_queue.lock().clone();
        if let Some(lines) = lines {
            lines.forward(Some(queue));
        }
    }

    pub fn throttled(&self, broker: String, broker_id: i32, millis: i32) {
        if self.conf.global.throttle_cb != 0 {
            self.main_queue.push(Event::Throttle {
                broker,
                broker_id,
                millis,
            });
        }
    }
}

/// Where the client's log lines go.
pub struct ClientLog {
    pub hooks: Arc<dyn Hooks>,
    pub shared: OnceLock<Weak<ClientShared>>,
}

impl LogSink for ClientLog {
    fn write(&self, line: Line) {
        let shared = self.shared.get().and_then(Weak::upgrade);
        let queue = shared.as_ref().and_then(|s| s.log_queue.lock().clone());
        match queue {
            Some(queue) => queue.push(Event::Log(line)),
            None => self.hooks.log(&line),
        }
    }
}

/// Where delivery reports go: to the main queue, if anybody asked for them.
pub struct ReportSink {
    pub queue: EventQueue,
    pub wanted: bool,
    pub only_errors: bool,
    pub hooks: Arc<dyn Hooks>,
    pub main: MainSender,
    pub failed: AtomicU64,
    /// Knows the client once there is one.
    pub log: Arc<ClientLog>,
}

impl ReportSink {
    fn shared(&self) -> Option<Arc<ClientShared>> {
        self.log.shared.get().and_then(Weak::upgrade)
    }
}

impl DeliverySink for ReportSink {
    fn delivered(&self, delivery: Delivery) {
        self.hooks.acknowledged(&delivery);
        if delivery.err.is_err() {
            self.failed
                .fetch_add(delivery.batch.len() as u64, Ordering::Relaxed);
        }
        if self.wanted && !(self.only_errors && delivery.err.is_ok()) {
            self.queue.push(Event::Deliveries(Box::new(Deliveries {
                delivery,
                next: 0,
            })));
        }
    }

    fn metadata_is_stale(&self, topic: &Arc<str>, why: ErrorCode, leader: Option<NewLeader>) {
        self.main.send(MainCommand::StaleMetadata {
            topic: topic.clone(),
            why,
            leader,
        });
    }

    fn topic_refused(&self, topic: &Arc<str>, why: ErrorCode) {
        let known = self
            .shared()
            .and_then(|s| s.topics.read().get(topic).cloned());
        if let Some(producer) = known.as_ref().and_then(|t| t.producer.as_ref()) {
            producer.refuse(why);
            self.main.send(MainCommand::TopicRefused {
                topic: topic.clone(),
                why,
            });
        }
    }

    fn fatal(&self, code: ErrorCode, text: &str) {
        if let Some(shared) = self.shared() {
            shared.raise_fatal(code, text);
        }
    }

    fn producer_id_is_spent(&self, spent: Pid) {
        self.main.send(MainCommand::ProducerIdSpent(spent));
    }

    fn joins_transaction(&self, partition: &Arc<Partition>) {
        let event = transaction::Event::Joins(partition.clone());
        self.main.send(MainCommand::Transaction(event));
    }

    fn transaction_failed(&self, code: ErrorCode, text: String) {
        let event = transaction::Event::DeliveryFailed { code, text };
        self.main.send(MainCommand::Transaction(event));
    }
}
