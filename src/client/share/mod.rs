//! The share consumer of a client, as the application's thread uses it; the main thread's
//! side is [`machine`].
//!
//! One thread at a time uses it: the C interface sees to that. What the application has been
//! given and said is here ([`Acknowledgements`]); it goes to the main thread when the
//! application polls, commits or closes.

pub mod command;
pub mod machine;
#[cfg(all(test, not(loom)))]
mod sim;

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;

use super::command::{MainCommand, MainSender};
use super::event::{Event, EventQueue};
use super::poll_clock::PollClock;
use super::types::{ConsumerError, SubscribedTopic};
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::lock::Mutex;
use crate::base::log::Level;
use crate::base::message::MessageExt;
use crate::base::queue::Taken;
use crate::base::topic_partition::TopicPartition;
use crate::consumer::share::acknowledgements::Acknowledgements;
use crate::consumer::share::fetched::{Rest, ShareFetched};
use crate::consumer::share::{AckType, News, Partition, PartitionAcks, ShareSink, Shared};
use crate::protocol::leader::NewLeader;
use command::Command;

pub struct ShareConsumer {
    pub core: Arc<Shared>,
    /// `share.acknowledgement.mode=explicit`
    explicit: bool,
    state: Mutex<State>,
    /// What the coordinator has assigned, as far as its topics are known.
    assignment: Mutex<Vec<Arc<Partition>>>,
    /// Records and errors for the application's poll.
    queue: EventQueue,
    main: MainSender,
    polls: PollClock,
    /// Results of acknowledgements are to be told.
    reports: AtomicBool,
    /// A fatal error has come up: there are no records any more.
    failed: AtomicBool,
    closing: AtomicBool,
    closed: AtomicBool,
}

#[derive(Default)]
struct State {
    /// Sorted by name.
    subscription: Vec<SubscribedTopic>,
    acks: Acknowledgements,
    /// Records were asked for, and none have come since.
    asked: bool,
}

/// What a poll found.
pub enum Polled {
    Messages(Vec<NonNull<MessageExt>>),
    Error(ConsumerError),
    Nothing,
}

impl ShareConsumer {
    pub fn new(core: Arc<Shared>, explicit: bool, queue: EventQueue, main: MainSender) -> Self {
        ShareConsumer {
            core,
            explicit,
            state: Mutex::default(),
            assignment: Mutex::default(),
            queue,
            main,
            polls: PollClock::new(),
            reports: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    fn send(&self, command: Command) {
        self.main.send(MainCommand::Share(command));
    }

    /// The application says of each record what becomes of it.
    pub fn is_explicit(&self) -> bool {
        self.explicit
    }

    pub fn set_reports(&self, wanted: bool) {
        self.reports.store(wanted, Ordering::Release);
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Being closed, or closed.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    pub fn subscribe(&self, mut wanted: Vec<SubscribedTopic>) {
        wanted.sort_by(|a, b| a.topic.topic.cmp(&b.topic.topic));
        let names = wanted.iter().map(|w| w.topic.topic.clone()).collect();
        self.state.lock().subscription = wanted;
        self.send(Command::Subscribe(names));
    }

    pub fn assignment(&self) -> Vec<Arc<Partition>> {
        self.assignment.lock().clone()
    }

    pub fn subscription(&self) -> Vec<SubscribedTopic> {
        self.state.lock().subscription.clone()
    }

    /// What was given by the last poll is accepted, unless the application says that itself.
    fn accept(&self, state: &mut State) {
        if !self.explicit {
            state.acks.accept_all();
        }
    }

    /// What may be sent, and whether records have to be asked for.
    fn begin_poll(&self) -> Result<(Vec<PartitionAcks>, bool), KafkaError> {
        let is_empty = self.queue.is_empty();
        let mut state = self.state.lock();
        self.accept(&mut state);
        let open = state.acks.open();
        if self.explicit && open > 0 {
            let text = format!("{open} records of the last poll have not been acknowledged");
            return Err(KafkaError::new(ErrorCode::_STATE, text));
        }
        if state.subscription.is_empty() {
            let text = "The share consumer is not subscribed to any topic";
            return Err(KafkaError::new(ErrorCode::_STATE, text));
        }
        let fetch = is_empty && !state.asked;
        state.asked |= fetch;
        Ok((state.acks.take(), fetch))
    }

    /// Records of one answer, up to `max.poll.records` of them, waiting until the deadline
    /// for some; or an error that has come up.
    pub fn poll(&self, deadline: impl FnOnce() -> Option<Instant>) -> Result<Polled, KafkaError> {
        let (acks, fetch) = self.begin_poll()?;
        if self.polls.begin() {
            self.send(Command::Polled);
        }
        if fetch || !acks.is_empty() {
            self.send(Command::Poll { acks, fetch });
        }
        let deadline = deadline();
        let polled = self.wait(deadline);
        self.polls.end();
        Ok(polled)
    }

    fn wait(&self, deadline: Option<Instant>) -> Polled {
        loop {
            let taken = self.queue.take(deadline, |event| match event {
                Event::Taken => Taken::Stale,
                other => Taken::Last(std::mem::take(other)),
            });
            match taken {
                Some(Event::ShareFetched(_)) if self.failed.load(Ordering::Acquire) => {}
                Some(Event::ShareFetched(fetched)) => {
                    let messages = self.take(fetched);
                    if !messages.is_empty() {
                        return Polled::Messages(messages);
                    }
                    // Nothing but gaps, or locks that are gone.
                    self.ask_again();
                }
                Some(Event::ConsumerError(e)) => return Polled::Error(*e),
                Some(_) => {}
                None => return Polled::Nothing,
            }
        }
    }

    fn take(&self, mut fetched: Box<ShareFetched>) -> Vec<NonNull<MessageExt>> {
        let max = usize::try_from(self.core.settings.max_records).unwrap_or(1);
        let mut messages = Vec::new();
        let rest = {
            let mut state = self.state.lock();
            state.asked = false;
            fetched.take(Instant::now(), max, &mut messages, &mut state.acks)
        };
        let count = u64::try_from(messages.len()).unwrap_or(0);
        let counters = &self.core.counters;
        counters.records.fetch_add(count, Ordering::Relaxed);
        match rest {
            Rest::Some => self.queue.push_front(Event::ShareFetched(fetched)),
            Rest::Nothing => {}
            Rest::Expired => self.expired(),
        }
        messages
    }

    fn expired(&self) {
        if self.core.pace.slow_down() {
            self.core.logger.log(
                Level::Warning,
                "SHARELOCK",
                format_args!(
                    "Records were acquired, but the application did not poll for them before their locks ended: others \
                     get them now. From here on no more than max.poll.records are asked for at a time, which brokers \
                     older than Kafka 4.2 exceed by whole batches. A smaller \
                     max.poll.records, or a longer group.share.record.lock.duration.ms of the group, gives the \
                     application the time that it needs."
                ),
            );
        }
    }

    fn ask_again(&self) {
        if self.queue.is_empty() {
            let acks = {
                let mut state = self.state.lock();
                state.asked = true;
                state.acks.take()
            };
            self.send(Command::Poll { acks, fetch: true });
        }
    }

    pub fn acknowledge(
        &self,
        topic: &str,
        partition: i32,
        offset: i64,
        kind: AckType,
    ) -> Result<(), ErrorCode> {
        let mut state = self.state.lock();
        state.acks.acknowledge(topic, partition, offset, kind)
    }

    fn begin_commit(&self) -> Vec<PartitionAcks> {
        let mut state = self.state.lock();
        self.accept(&mut state);
        state.acks.take()
    }

    /// Sends what is acknowledged, without waiting for the results.
    pub fn commit_async(&self) {
        let acks = self.begin_commit();
        if !acks.is_empty() {
            let fetch = false;
            self.send(Command::Poll { acks, fetch });
        }
    }

    /// Sends what is acknowledged and waits for the results; `None` if there is nothing to
    /// send.
    pub fn commit_sync(&self, deadline: Option<Instant>) -> Option<Vec<TopicPartition>> {
        let acks = self.begin_commit();
        if acks.is_empty() {
            return None;
        }
        let mut partitions: Vec<_> = acks
            .iter()
            .map(|a| TopicPartition::new(a.partition.topic.clone(), a.partition.id))
            .collect();
        let (reply, answer) = bounded(1);
        self.send(Command::Commit {
            acks,
            deadline,
            reply,
        });
        // The main thread answers when the time is up.
        if let Ok(results) = answer.recv() {
            return Some(results);
        }
        for p in &mut partitions {
            p.err = ErrorCode::_DESTROY;
        }
        Some(partitions)
    }

    /// Begins to close: what is acknowledged is sent, the rest is released, the group is
    /// left. `main` yields when [`Self::is_closed`].
    pub fn begin_close(&self) {
        if self.closing.swap(true, Ordering::AcqRel) {
            return;
        }
        let acks = {
            let mut state = self.state.lock();
            let acks = state.acks.take();
            state.acks.clear();
            state.subscription.clear();
            acks
        };
        self.send(Command::Close(acks));
    }

    /// The longest that closing takes.
    pub fn close_patience(&self) -> Duration {
        3 * self.core.settings.socket_timeout + Duration::from_secs(5)
    }

    /// The instance cannot go on; its last acknowledgements are still sent by closing.
    pub fn fail(&self) {
        self.failed.store(true, Ordering::Release);
    }

    /// Nobody takes what waits any more.
    pub fn drop_records(&self) {
        self.queue
            .retain(|event| !matches!(event, Event::ShareFetched(_)));
    }
}

/// Where loops report to. Records go by way of the main thread, too, so that the application
/// hears of the results that came before them first.
pub struct Sink(pub MainSender);

impl ShareSink for Sink {
    fn news(&self, news: News) {
        self.0.send(MainCommand::Share(Command::News(news)));
    }

    fn metadata_is_stale(&self, topic: &Arc<str>, why: ErrorCode, leader: Option<NewLeader>) {
        let topic = topic.clone();
        self.0
            .send(MainCommand::StaleMetadata { topic, why, leader });
    }

    fn fetched(&self, fetched: ShareFetched) {
        let command = Command::Fetched(Box::new(fetched));
        self.0.send(MainCommand::Share(command));
    }
}
