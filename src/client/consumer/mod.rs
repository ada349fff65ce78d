//! The consumer of a client, as application threads use it; the main thread's side
//! is [`machine`].
//!
//! A [`ConsumerPartition`] is a partition and its queue. The queue of an assigned
//! partition is forwarded to the consumer queue, unless the application forwards it
//! itself; that of a partition started by the simple consumer stands alone or is
//! forwarded to the queue it was started with.

mod assignment;
pub mod close;
pub mod command;
mod commits;
pub mod default_rebalance;
pub mod gathered;
pub mod lookups;
pub mod machine;
pub mod membership;
mod offsets;
mod partition;
mod queries;
mod requests;
mod tallies;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::base::lock::{Mutex, RwLock};
use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use uuid::Uuid;

use super::command::{MainCommand, MainSender};
use super::event::{Event, EventQueue};
use super::topic::Topic;
use crate::base::conf::OffsetReset;
use crate::base::error::ErrorCode;
use crate::base::queue::Queue;
use crate::base::tally::Gate;
use crate::consumer::room::Budget;
use crate::consumer::{self, ResetPolicy, TopicHandle};
use command::Command;
use membership::GroupState;
pub use partition::ConsumerPartition;
pub use queries::is_refused;
use tallies::ConsumerTallies;

/// The most that stopping waits for the last commit, a request's time at most.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

struct TopicEntry {
    topic: Arc<consumer::Topic>,
    partitions: BTreeMap<i32, Arc<ConsumerPartition>>,
}

type Assignment = BTreeMap<(Arc<str>, i32), Arc<ConsumerPartition>>;

pub struct Consumer {
    pub core: Arc<consumer::ConsumerShared>,
    /// What `rd_kafka_consumer_poll` serves.
    pub queue: EventQueue,
    budget: Arc<Budget>,
    topics: RwLock<HashMap<Arc<str>, TopicEntry>>,
    /// Changed by one thread at a time, in the order that the main thread is told.
    assignment: Mutex<Assignment>,
    /// Partitions of the simple consumer.
    started: Mutex<Assignment>,
    main: MainSender,
    closed: AtomicBool,
    pub group: GroupState,
    pub tallies: ConsumerTallies,
}

impl Consumer {
    /// `member_id`: what the consumer is called before its group is asked.
    pub fn new(
        core: Arc<consumer::ConsumerShared>,
        main: MainSender,
        member_id: Arc<str>,
        gate: &Gate,
    ) -> Arc<Self> {
        Arc::new(Consumer {
            budget: Budget::new(core.settings.queued_max_bytes),
            core,
            queue: Arc::new(Queue::for_messages()),
            topics: RwLock::new(HashMap::new()),
            assignment: Mutex::new(BTreeMap::new()),
            started: Mutex::new(BTreeMap::new()),
            main,
            closed: AtomicBool::new(false),
            group: GroupState::new(member_id),
            tallies: ConsumerTallies::new(gate),
        })
    }

    fn send(&self, command: Command) {
        self.main.send(MainCommand::Consumer(command));
    }

    /// Sends a question and waits for the answer.
    fn ask<R>(
        &self,
        command: impl FnOnce(Sender<R>) -> Command,
        deadline: Option<Instant>,
    ) -> Result<R, ErrorCode> {
        let (reply, answer) = bounded(1);
        self.send(command(reply));
        match deadline {
            Some(at) => answer.recv_deadline(at).map_err(|e| match e {
                RecvTimeoutError::Timeout => ErrorCode::_TIMED_OUT,
                RecvTimeoutError::Disconnected => ErrorCode::_DESTROY,
            }),
            None => answer.recv().map_err(|_| ErrorCode::_DESTROY),
        }
    }

    pub fn find(&self, topic: &str, partition: i32) -> Option<Arc<ConsumerPartition>> {
        let topics = self.topics.read();
        topics.get(topic)?.partitions.get(&partition).cloned()
    }

    /// The partition, made if it is new. `topic` has a handle already.
    pub fn partition(&self, topic: &Topic, id: i32) -> Arc<ConsumerPartition> {
        if let Some(known) = self.find(&topic.name, id) {
            return known;
        }
        let mut topics = self.topics.write();
        let entry = topics
            .entry(topic.name.clone())
            .or_insert_with(|| TopicEntry {
                topic: Arc::new(consumer::Topic {
                    name: topic.name.clone(),
                    reset: reset_policy(topic),
                    id: Mutex::new(Uuid::nil()),
                    handle: Mutex::new(None),
                }),
                partitions: BTreeMap::new(),
            });
        if let Some(keep) = topic.handle_object() {
            *entry.topic.handle.lock() = Some(TopicHandle {
                address: topic.handle_address(),
                keep,
            });
        }
        let core = &entry.topic;
        let make = || ConsumerPartition::new(self.core.clone(), core.clone(), id);
        entry.partitions.entry(id).or_insert_with(make).clone()
    }

    /// All partitions that there are objects for.
    pub fn partitions(&self) -> Vec<Arc<ConsumerPartition>> {
        let topics = self.topics.read();
        topics
            .values()
            .flat_map(|t| t.partitions.values().cloned())
            .collect()
    }

    fn set_topic_id(&self, topic: &str, id: Uuid) {
        if let Some(entry) = self.topics.read().get(topic) {
            *entry.topic.id.lock() = id;
        }
    }

    /// The topic was created anew: what was stored are offsets of another log.
    fn forget_offsets(&self, topic: &str) {
        if let Some(entry) = self.topics.read().get(topic) {
            for tp in entry.partitions.values() {
                tp.partition.forget_offsets();
            }
        }
    }

    fn lead(&self, tp: &ConsumerPartition, to: Option<&EventQueue>) {
        let budget = match to {
            Some(queue) if Arc::ptr_eq(&queue.target(), &self.queue.target()) => &self.budget,
            _ => &tp.own_budget,
        };
        tp.partition.set_budget(budget.clone());
        tp.queue.forward(to.cloned());
    }

    /// The application forwards a partition's queue; the library leaves it there.
    pub fn forward(&self, tp: &ConsumerPartition, to: Option<&EventQueue>) {
        tp.forwarded_by_app.store(true, Ordering::Release);
        self.lead(tp, to);
    }

    /// Ends consuming: what is stored is committed, if that is wanted, and the
    /// assignment is given up.
    pub fn close(&self) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        let assignment = std::mem::take(&mut *self.assignment.lock());
        let started = std::mem::take(&mut *self.started.lock());
        let gone: Vec<_> = assignment
            .into_values()
            .chain(started.into_values())
            .collect();
        let patience = STOP_PATIENCE.min(self.core.settings.socket_timeout);
        let _ = self.ask(
            |reply| Command::Stop {
                commit: gone
                    .iter()
                    .map(|t| {
                        let p = &t.partition;
                        (p.clone(), p.stored.get(), p.stored_metadata())
                    })
                    .collect(),
                reply: Some(reply),
            },
            Some(Instant::now() + patience),
        );
        for tp in gone {
            tp.partition.end();
        }
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire) || self.group.is_closed()
    }

    /// Whether it is closed, and what its close had to tell is taken.
    pub fn is_closed_and_told(&self) -> bool {
        if self.closed.load(Ordering::Acquire) {
            return true;
        }
        // In this order: what is told comes before the end.
        if !self.group.is_closed() {
            return false;
        }
        let mut told = true;
        self.queue.inspect(|event| {
            told &= !matches!(event, Event::Rebalance(_) | Event::OffsetCommit(_));
        });
        told
    }

    /// The client ends: what refers to each other lets go.
    pub fn drop_all(&self) {
        self.assignment.lock().clear();
        self.started.lock().clear();
        let topics = std::mem::take(&mut *self.topics.write());
        for entry in topics.values() {
            let handle = entry.topic.handle.lock().take();
            drop(handle);
            for tp in entry.partitions.values() {
                tp.partition.end();
                tp.queue.close();
            }
        }
        self.queue.close();
    }
}

fn reset_policy(topic: &Topic) -> ResetPolicy {
    match topic.conf.topic.auto_offset_reset {
        OffsetReset::Earliest => ResetPolicy::Beginning,
        OffsetReset::Latest => ResetPolicy::End,
        OffsetReset::Error => ResetPolicy::Error,
    }
}
