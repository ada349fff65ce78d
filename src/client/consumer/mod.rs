//! The consumer of a client, as application threads use it; the main thread's side
//! is [`machine`].
//!
//! A [`ConsumerPartition`] is a partition and its queue. The queue of an assigned partition is
//! forwarded to the consumer queue, unless the application forwards it itself; that
//! of a partition started by the simple consumer stands alone or is forwarded to
//! the queue it was started with.

pub mod commits;
pub mod machine;
pub mod queries;
mod requests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};
use parking_lot::{Mutex, RwLock};
use uuid::Uuid;

use super::event::Event;
use super::group::{Change, GroupState};
use super::main_loop::{MainCommand, MainSender};
use super::shared::EventQueue;
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::queue::Queue;
use crate::consumer::partition::AtomicPosition;
use crate::consumer::room::Budget;
use crate::consumer::{
    self, FetchSink, Fetched, Partition, Position, ResetPolicy, TopicHandle, offset, partition,
};
use commits::{Commit, CommitResult, Reply};
use machine::{Command, OffsetStore};
use queries::{OffsetLookup, OffsetQuery};

/// A partition as the API's lists have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPartition {
    pub topic: Arc<str>,
    pub partition: i32,
    pub offset: i64,
    pub leader_epoch: i32,
    pub metadata: Option<Vec<u8>>,
    pub err: ErrorCode,
}

impl TopicPartition {
    pub fn position(&self) -> Position {
        Position::new(self.offset, self.leader_epoch)
    }
}

/// A partition and where its messages go.
pub struct ConsumerPartition {
    pub partition: Arc<Partition>,
    pub queue: EventQueue,
    /// The bytes waiting in the queue, while it stands alone.
    own_budget: Arc<Budget>,
    /// The application says where the queue leads.
    forwarded_by_app: AtomicBool,
    /// Where the assignment began.
    pub assigned_at: AtomicPosition,
}

struct QueueSink(EventQueue);

impl FetchSink for QueueSink {
    fn deliver(&self, fetched: Fetched) {
        self.0.push(Event::Fetched(fetched));
    }

    fn deliver_first(&self, fetched: Fetched) {
        self.0.push_front(Event::Fetched(fetched));
    }
}

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
}

impl Consumer {
    pub fn new(core: Arc<consumer::ConsumerShared>, main: MainSender) -> Arc<Self> {
        Arc::new(Consumer {
            budget: Budget::new(core.settings.queued_max_bytes),
            core,
            queue: Arc::new(Queue::for_messages()),
            topics: RwLock::new(HashMap::new()),
            assignment: Mutex::new(BTreeMap::new()),
            started: Mutex::new(BTreeMap::new()),
            main,
            closed: AtomicBool::new(false),
            group: GroupState::default(),
        })
    }

    pub(super) fn send(&self, command: Command) {
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
                crossbeam_channel::RecvTimeoutError::Timeout => ErrorCode::_TIMED_OUT,
                crossbeam_channel::RecvTimeoutError::Disconnected => ErrorCode::_DESTROY,
            }),
            None => answer.recv().map_err(|_| ErrorCode::_DESTROY),
        }
    }

    // --- partitions

    pub fn find(&self, topic: &str, partition: i32) -> Option<Arc<ConsumerPartition>> {
        let topics = self.topics.read();
        topics.get(topic)?.partitions.get(&partition).cloned()
    }

    /// The partition, made if it is new. `topic` has a handle already.
    pub fn partition(&self, topic: &super::Topic, id: i32) -> Arc<ConsumerPartition> {
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
        let make = || {
            let queue: EventQueue = Arc::new(Queue::for_messages());
            let own_budget = Budget::new(self.core.settings.queued_max_bytes);
            Arc::new(ConsumerPartition {
                partition: Partition::new(
                    self.core.clone(),
                    core.clone(),
                    id,
                    Arc::new(QueueSink(queue.clone())),
                    own_budget.clone(),
                ),
                queue,
                own_budget,
                forwarded_by_app: AtomicBool::new(false),
                assigned_at: AtomicPosition::default(),
            })
        };
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

    // --- assignment

    /// Replaces the assignment. Every partition begins anew. Without effect once the
    /// consumer is closed.
    pub fn assign(
        &self,
        wanted: Vec<(Arc<ConsumerPartition>, Position)>,
    ) -> Result<(), KafkaError> {
        let change = self.group.check_change(false)?;
        let mut assignment = self.assignment.lock();
        if self.is_closed() {
            return Ok(());
        }
        let old = std::mem::take(&mut *assignment);
        self.stop_all(old.into_values());
        if change == Change::AsAsked {
            // The old assignment is given up all the same.
            check_distinct(&wanted)?;
            self.begin(&mut assignment, wanted);
        }
        self.answer_rebalance();
        Ok(())
    }

    /// Gives everything up, as an answer to whatever the rebalance was.
    fn give_up_all(&self) {
        let mut assignment = self.assignment.lock();
        if !self.is_closed() {
            let old = std::mem::take(&mut *assignment);
            self.stop_all(old.into_values());
            self.answer_rebalance();
        }
    }

    /// The application has had its time to answer a rebalance, be it one that it never
    /// looked at.
    pub fn answer_for_application(&self) {
        let mut assignment = self.assignment.lock();
        let old = std::mem::take(&mut *assignment);
        self.stop_all(old.into_values());
        self.send(Command::Answered);
    }

    pub fn incremental_assign(
        &self,
        wanted: Vec<(Arc<ConsumerPartition>, Position)>,
    ) -> Result<(), KafkaError> {
        if self.group.check_change(true)? == Change::GiveUpAll {
            self.give_up_all();
            return Ok(());
        }
        let mut assignment = self.assignment.lock();
        if self.is_closed() {
            return Ok(());
        }
        check_distinct(&wanted)?;
        if let Some((tp, _)) = wanted
            .iter()
            .find(|(t, _)| assignment.contains_key(&t.key()))
        {
            return Err(KafkaError::new(
                ErrorCode::_CONFLICT,
                format!("{:?} is assigned already", tp.partition),
            ));
        }
        self.begin(&mut assignment, wanted);
        self.answer_rebalance();
        Ok(())
    }

    pub fn incremental_unassign(&self, gone: &[(Arc<str>, i32)]) -> Result<(), KafkaError> {
        if self.group.check_change(true)? == Change::GiveUpAll {
            self.give_up_all();
            return Ok(());
        }
        let mut assignment = self.assignment.lock();
        if assignment.is_empty() && !gone.is_empty() {
            return Err(KafkaError::new(
                ErrorCode::_INVALID_ARG,
                "Nothing is assigned that could be taken away",
            ));
        }
        if let Some((topic, id)) = gone.iter().find(|key| !assignment.contains_key(*key)) {
            return Err(KafkaError::new(
                ErrorCode::_INVALID_ARG,
                format!("{topic} [{id}] is not assigned: it cannot be taken away"),
            ));
        }
        let gone: Vec<_> = gone
            .iter()
            .filter_map(|key| assignment.remove(key))
            .collect();
        self.stop_all(gone.into_iter());
        self.answer_rebalance();
        Ok(())
    }

    /// Takes out what of these is assigned.
    pub fn give_up(&self, gone: &[(Arc<str>, i32)]) {
        let mut assignment = self.assignment.lock();
        let gone: Vec<_> = gone
            .iter()
            .filter_map(|key| assignment.remove(key))
            .collect();
        self.stop_all(gone.into_iter());
    }

    fn begin(&self, assignment: &mut Assignment, wanted: Vec<(Arc<ConsumerPartition>, Position)>) {
        let mut starts = Vec::with_capacity(wanted.len());
        for (tp, at) in wanted {
            // The application's own pause is of the partition, and outlives assignments.
            tp.partition.resume(partition::PAUSED_BY_CLIENT);
            let version = tp.partition.begin();
            if !tp.forwarded_by_app.load(Ordering::Acquire) {
                self.lead(&tp, Some(&self.queue));
            }
            // Without an offset the committed one is meant.
            let at = if at.offset == offset::INVALID {
                Position::new(offset::STORED, -1)
            } else {
                at
            };
            tp.assigned_at.set(at.offset, at.epoch);
            starts.push((tp.partition.clone(), version, at));
            assignment.insert(tp.key(), tp);
        }
        self.send(Command::Start(starts));
    }

    fn stop_all(&self, gone: impl Iterator<Item = Arc<ConsumerPartition>>) {
        let gone: Vec<_> = gone.collect();
        if gone.is_empty() {
            return;
        }
        // What they have stored is committed before it is forgotten.
        let partitions: Vec<_> = gone.iter().map(|t| t.partition.clone()).collect();
        self.send(Command::Stop {
            commit: partitions
                .iter()
                .map(|p| (p.clone(), p.stored.get(), p.stored_metadata()))
                .collect(),
            reply: None,
        });
        for p in partitions {
            p.end();
            p.position.set(consumer::offset::INVALID, -1);
        }
    }

    pub fn assignment(&self) -> Vec<Arc<ConsumerPartition>> {
        self.assignment.lock().values().cloned().collect()
    }

    // --- the simple consumer

    pub fn start(
        &self,
        tp: &Arc<ConsumerPartition>,
        at: Position,
        to: Option<&EventQueue>,
        store: Option<OffsetStore>,
    ) {
        let mut started = self.started.lock();
        let version = tp.partition.begin();
        self.lead(tp, to);
        started.insert(tp.key(), tp.clone());
        self.send(Command::StartSimple {
            partition: tp.partition.clone(),
            version,
            at,
            store,
        });
    }

    /// Ends what `start` began, its offsets committed if that is wanted.
    pub fn stop(&self, tp: &Arc<ConsumerPartition>) {
        let p = &tp.partition;
        self.started.lock().remove(&tp.key());
        let patience = STOP_PATIENCE.min(self.core.settings.socket_timeout);
        let _ = self.ask(
            |reply| Command::Stop {
                commit: vec![(p.clone(), p.stored.get(), p.stored_metadata())],
                reply: Some(reply),
            },
            Some(Instant::now() + patience),
        );
        p.end();
    }

    /// How many partitions the simple consumer has started.
    pub fn started_count(&self) -> usize {
        self.started.lock().len()
    }

    pub fn is_simple(&self) -> bool {
        !self.started.lock().is_empty()
    }

    // --- position

    /// Waits until the seek is under way, unless `deadline` is `None`.
    pub fn seek(
        &self,
        tp: &ConsumerPartition,
        to: Position,
        deadline: Option<Instant>,
    ) -> Result<(), ErrorCode> {
        let (reply, answer) = bounded(1);
        self.begin_seek(tp, to, reply)?;
        match deadline {
            None => Ok(()),
            Some(at) => answer
                .recv_deadline(at)
                .unwrap_or(Err(ErrorCode::_TIMED_OUT)),
        }
    }

    /// As `seek`, the result going to `reply`.
    pub fn begin_seek(
        &self,
        tp: &ConsumerPartition,
        to: Position,
        reply: Sender<Result<(), ErrorCode>>,
    ) -> Result<(), ErrorCode> {
        if to.offset == offset::STORED {
            return Err(ErrorCode::_INVALID_ARG);
        }
        let p = &tp.partition;
        if !p.is_assigned() {
            return Err(ErrorCode::_STATE);
        }
        let version = p.new_version();
        p.position.set(offset::INVALID, -1);
        self.send(Command::Seek {
            partition: p.clone(),
            version,
            to,
            reply,
        });
        Ok(())
    }

    // --- questions to the cluster

    pub fn offsets(
        &self,
        wanted: Vec<OffsetLookup>,
        timeout: Option<Duration>,
    ) -> Result<Vec<queries::LookupResult>, ErrorCode> {
        let deadline = timeout.map(|t| Instant::now() + t);
        self.ask(
            |reply| {
                Command::LookUp(OffsetQuery {
                    wanted,
                    deadline,
                    reply,
                })
            },
            deadline.map(|d| d + PATIENCE),
        )
    }

    /// The group's committed offsets.
    pub fn committed(
        &self,
        partitions: Vec<(Arc<str>, i32)>,
        timeout: Option<Duration>,
    ) -> Result<Vec<TopicPartition>, ErrorCode> {
        if self.is_closed() {
            return Err(ErrorCode::_DESTROY);
        }
        if timeout.is_some_and(|t| t.is_zero()) {
            // There is no answer in no time, whatever the question.
            return Err(ErrorCode::_TIMED_OUT);
        }
        let deadline = timeout.map(|t| Instant::now() + t);
        self.ask(
            |reply| Command::Committed {
                partitions,
                deadline,
                reply,
            },
            deadline.map(|d| d + PATIENCE),
        )?
    }

    // --- commits

    pub fn commit(&self, commit: Commit) -> Result<(), ErrorCode> {
        if self.is_closed() {
            return Err(ErrorCode::_DESTROY);
        }
        self.send(Command::Commit(commit));
        Ok(())
    }

    /// As `commit`, until there is a result.
    pub fn commit_and_wait(
        &self,
        offsets: Option<Vec<TopicPartition>>,
    ) -> Result<CommitResult, ErrorCode> {
        if self.is_closed() {
            return Err(ErrorCode::_DESTROY);
        }
        self.ask(
            |reply| {
                Command::Commit(Commit {
                    offsets,
                    reply: Reply::Waiting(reply),
                })
            },
            None,
        )
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

/// How much longer to wait for the main thread than the answer may take.
const PATIENCE: Duration = Duration::from_millis(100);
/// The most that stopping waits for the last commit, a request's time at most.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

impl ConsumerPartition {
    fn key(&self) -> (Arc<str>, i32) {
        (self.partition.topic.name.clone(), self.partition.id)
    }
}

fn check_distinct(wanted: &[(Arc<ConsumerPartition>, Position)]) -> Result<(), KafkaError> {
    let mut seen = std::collections::HashSet::new();
    match wanted.iter().find(|(t, _)| !seen.insert(t.key())) {
        Some((twice, _)) => Err(KafkaError::new(
            ErrorCode::_INVALID_ARG,
            format!("The list has {:?} twice", twice.partition),
        )),
        None => Ok(()),
    }
}

fn reset_policy(topic: &super::Topic) -> ResetPolicy {
    use crate::base::conf::OffsetReset;
    match topic.conf.topic.auto_offset_reset {
        OffsetReset::Earliest => ResetPolicy::Beginning,
        OffsetReset::Latest => ResetPolicy::End,
        OffsetReset::Error => ResetPolicy::Error,
    }
}
