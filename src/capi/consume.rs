//! Taking messages out of queues, and lists of partitions in and out.

use std::collections::VecDeque;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Instant;

use libc::{c_int, size_t};

use super::error::set_last_error;
use super::instance::Instance;
use super::types::{
    rd_kafka_message_t, rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_t,
};
use super::{message, past, serve, topic_partition};
use crate::base::error::ErrorCode;
use crate::base::fork::Generation;
use crate::base::message::{MessageExt, Owned};
use crate::base::queue::{Taken, Weight};
use crate::base::time::deadline;
use crate::client::Client;
use crate::client::consumer::{Consumer, ConsumerPartition};
use crate::client::event::{Event, EventQueue};
use crate::client::types::{ConsumerError, TopicPartition};
use crate::consumer::{Fetched, Next, Partition, Position};

/// What was at the front of a queue.
pub(crate) enum Item {
    /// To be released by whoever has it.
    Message(NonNull<MessageExt>),
    Other(Event),
}

impl Item {
    pub(crate) fn weight(&self) -> usize {
        match self {
            Item::Message(_) => 1,
            Item::Other(event) => event.weight(),
        }
    }
}

/// Takes one item, waiting for it until `deadline`.
#[inline]
pub(crate) fn take_item(
    queue: &EventQueue,
    deadline: impl FnOnce() -> Option<Instant>,
) -> Option<Item> {
    queue.take_until(deadline, |event| match event {
        Event::Fetched(fetched) => match fetched.next() {
            Next::Message(m) => Taken::Part(Item::Message(m)),
            Next::Last(m) => Taken::Last(Item::Message(m)),
            Next::Nothing => Taken::Stale,
        },
        Event::Taken => Taken::Stale,
        other => Taken::Last(Item::Other(std::mem::take(other))),
    })
}

/// What one call serves is what waited when it began to: not what comes meanwhile, so
/// that the call ends however fast that is. Who waits to be told that the queue has
/// something is told of that.
pub(crate) struct Backlog<'a> {
    queue: &'a EventQueue,
    /// As many as the call serves at most.
    limit: usize,
    left: Option<usize>,
    /// The queue is to be told when the call is over.
    serving: bool,
    made: Generation,
}

impl<'a> Backlog<'a> {
    pub(crate) fn of(queue: &'a EventQueue, limit: usize) -> Self {
        Backlog {
            queue,
            limit,
            left: None,
            serving: false,
            made: Generation::current(),
        }
    }

    /// Something of this weight was taken. False if that was the last one of the call.
    pub(crate) fn goes_on(&mut self, taken: usize) -> bool {
        let left = self.left.get_or_insert_with(|| {
            let (weight, serving) = (self.queue).begin_serving(self.limit.saturating_sub(taken));
            self.serving = serving;
            weight + taken
        });
        *left = left.saturating_sub(taken);
        *left > 0
    }
}

impl Drop for Backlog<'_> {
    fn drop(&mut self) {
        if self.serving && self.made.is_current() {
            self.queue.end_serving();
        }
    }
}

/// An error of the consumer, or of one of its topics, as the message that a poll of
/// the consumer returns.
pub(crate) fn error_message(instance: &Instance, e: &ConsumerError) -> Option<NonNull<MessageExt>> {
    let topic = e.topic.as_deref();
    let topic = topic.and_then(|name| instance.topic_for_message(name));
    message::with_text(e.code, &e.text, topic)
}

/// While it lives, the application polls: see `max.poll.interval.ms`.
pub(crate) struct Polling<'a>(Option<&'a Consumer>, Generation);

impl<'a> Polling<'a> {
    pub(crate) fn of(instance: &'a Instance) -> Self {
        let consumer = consumer(instance).map(|c| &**c);
        if let Some(consumer) = consumer {
            consumer.poll_begins();
        }
        Polling(consumer, Generation::current())
    }

    /// Only if messages may come by this queue: who serves logs or reports alone does not
    /// consume.
    pub(crate) fn through(instance: &'a Instance, queue: &EventQueue) -> Option<Self> {
        queue.has_messages().then(|| Polling::of(instance))
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        if let Some(consumer) = self.0
            && self.1.is_current()
        {
            consumer.poll_ends();
        }
    }
}

/// The next event that is no message, and the end of all messages before it.
pub(crate) fn take_event(queue: &EventQueue, since: u64, deadline: Instant) -> Option<Event> {
    queue.take_since(
        Some(since),
        || Some(deadline),
        |event| match event {
            Event::Fetched(_) | Event::Taken => Taken::Stale,
            other => Taken::Last(std::mem::take(other)),
        },
    )
}

/// A C timeout as a deadline; 0 does not wait.
pub(crate) fn until(timeout_ms: c_int) -> Option<Instant> {
    if timeout_ms == 0 {
        Some(past())
    } else {
        deadline(timeout_ms)
    }
}

/// The next message or error; events of other kinds are served meanwhile. Null, with
/// the last error set, if there was none in time.
pub(crate) fn next_message(
    instance: &Instance,
    queue: &EventQueue,
    timeout_ms: c_int,
) -> *mut rd_kafka_message_t {
    let mut deadline = None;
    serve::clear_yield();
    let _polling = Polling::of(instance);
    loop {
        let deadline = || *deadline.get_or_insert_with(|| until(timeout_ms));
        match take_item(queue, deadline) {
            Some(Item::Message(m)) => {
                let m = message::as_c(m.as_ptr());
                // SAFETY: the message was just taken.
                unsafe { instance.consumed(m) };
                set_last_error(ErrorCode::NO_ERROR, 0);
                return m;
            }
            Some(Item::Other(Event::ConsumerError(e))) => {
                if let Some(m) = error_message(instance, &e) {
                    set_last_error(ErrorCode::NO_ERROR, 0);
                    return message::as_c(m.as_ptr());
                }
            }
            Some(Item::Other(event)) => {
                serve::serve_one(instance, queue, event);
                if serve::yielded(instance) {
                    set_last_error(ErrorCode::_INTR, libc::EINTR);
                    return ptr::null_mut();
                }
            }
            None => {
                set_last_error(ErrorCode::_TIMED_OUT, libc::ETIMEDOUT);
                return ptr::null_mut();
            }
        }
    }
}

/// Fills `messages` until it is full, the time is up or a rebalance follows. Many are
/// taken at one look into the queue. What turns out to be of an assignment or a position
/// that is over is left out, and what is of a partition that was paused meanwhile is kept
/// for later; what is handed out counts as consumed from then on.
pub(crate) fn next_messages(
    instance: &Instance,
    queue: &EventQueue,
    timeout_ms: c_int,
    messages: &mut [*mut rd_kafka_message_t],
) -> size_t {
    enum Got {
        Messages,
        Other(Event),
    }
    let mut deadline = None;
    let mut gathered = Gathered::new(messages);
    serve::clear_yield();
    let _polling = Polling::of(instance);
    while !gathered.is_full() {
        let deadline = || *deadline.get_or_insert_with(|| until(timeout_ms));
        let got = queue.take_until(deadline, |event| match event {
            Event::Fetched(fetched) => match gathered.take(fetched) {
                Ended::Full => Taken::Part(Got::Messages),
                Ended::Spent { any: true } => Taken::Last(Got::Messages),
                Ended::Spent { any: false } => Taken::Stale,
            },
            Event::Taken => Taken::Stale,
            // The application has what it was given before it is asked to give up
            // partitions: none of theirs may come after that.
            Event::Rebalance(_) if gathered.count > 0 => Taken::Leave,
            other => Taken::Last(Got::Other(std::mem::take(other))),
        });
        match got {
            Some(Got::Messages) => {}
            Some(Got::Other(Event::ConsumerError(e))) => {
                if let Some(m) = error_message(instance, &e) {
                    gathered.add(m);
                }
            }
            // A callback that yields does not end the batch: it is what there is until the
            // time is up, as with librdkafka.
            Some(Got::Other(event)) => {
                serve::serve_one(instance, queue, event);
                if instance.is_of_parent() {
                    break;
                }
            }
            None => break,
        }
    }
    let count = gathered.finish();
    if instance.on_consume {
        for m in messages.iter().take(count) {
            // SAFETY: the messages were just taken.
            unsafe { instance.consumed(*m) };
        }
    }
    set_last_error(ErrorCode::NO_ERROR, 0);
    count
}

/// Messages gathered for a batch, not handed out yet.
struct Gathered<'a> {
    messages: &'a mut [*mut rd_kafka_message_t],
    count: usize,
    runs: Vec<Run>,
}

/// Neighbours of one partition and version.
struct Run {
    partition: Arc<Partition>,
    version: u32,
    from: usize,
    to: usize,
    /// After them.
    end: Option<Position>,
    /// They were put back: the places are empty.
    returned: bool,
}

impl Run {
    fn is_stale(&self) -> bool {
        self.version != self.partition.version()
    }
}

enum Ended {
    Full,
    Spent { any: bool },
}

impl<'a> Gathered<'a> {
    fn new(messages: &'a mut [*mut rd_kafka_message_t]) -> Self {
        Gathered {
            messages,
            count: 0,
            runs: Vec::new(),
        }
    }

    /// Whether there is no room, even without what is stale.
    fn is_full(&mut self) -> bool {
        if self.count == self.messages.len() {
            self.sort_out();
        }
        self.count == self.messages.len()
    }

    fn add(&mut self, m: NonNull<MessageExt>) {
        if let Some(slot) = self.messages.get_mut(self.count) {
            *slot = message::as_c(m.as_ptr());
            self.count += 1;
        }
    }

    /// As much of the item as there is room for.
    fn take(&mut self, fetched: &mut Fetched) -> Ended {
        let Some(partition) = fetched.partition().cloned() else {
            return Ended::Spent { any: false };
        };
        let (version, from) = (fetched.version(), self.count);
        let mut end = None;
        let mut spent = false;
        while !spent && self.count < self.messages.len() {
            match fetched.next_with(|_, to| end = Some(to)) {
                Next::Message(m) => self.add(m),
                Next::Last(m) => {
                    self.add(m);
                    spent = true;
                }
                Next::Nothing => spent = true,
            }
        }
        let to = self.count;
        if to > from || end.is_some() {
            self.runs.push(Run {
                partition,
                version,
                from,
                to,
                end,
                returned: false,
            });
        }
        match spent {
            true => Ended::Spent { any: to > from },
            false => Ended::Full,
        }
    }

    /// Takes out what is not to be handed out now.
    fn sort_out(&mut self) {
        if self.runs.iter().any(|run| run.partition.is_paused()) {
            self.return_paused();
        }
        if self.runs.iter().any(|run| run.returned || run.is_stale()) {
            self.close_up();
        }
    }

    /// A partition's messages go back all or none, so that they stay in order.
    fn return_paused(&mut self) {
        let messages = &*self.messages;
        let mut stays: Vec<(Arc<Partition>, u32)> = Vec::new();
        for at in 0..self.runs.len() {
            let Some(rest) = self.runs.get_mut(at..) else {
                return;
            };
            let Some(first) = rest.first().filter(|r| r.partition.is_paused()) else {
                continue;
            };
            let of = (first.partition.clone(), first.version);
            let is_of = |run: &Run| Arc::ptr_eq(&run.partition, &of.0) && run.version == of.1;
            if !first.returned
                && !stays
                    .iter()
                    .any(|s| Arc::ptr_eq(&s.0, &of.0) && s.1 == of.1)
            {
                let back = of.0.put_back(of.1, || {
                    let mut all = VecDeque::new();
                    let mut end = None;
                    for run in rest.iter_mut().filter(|run| is_of(run)) {
                        run.returned = true;
                        end = run.end.or(end);
                        let taken = messages.get(run.from..run.to).unwrap_or_default();
                        // SAFETY: taken from the queue above, and nobody else has it; the
                        // run says that the places are empty now.
                        all.extend(taken.iter().filter_map(|m| unsafe {
                            NonNull::new(m.cast::<MessageExt>()).map(|m| Owned::new(m))
                        }));
                    }
                    (all, end)
                });
                if !back {
                    stays.push(of);
                }
            }
        }
    }

    fn close_up(&mut self) {
        let mut kept = 0;
        let mut at = 0;
        for run in &mut self.runs {
            // What is between runs is nobody's.
            kept += shift(self.messages, at, run.from, kept);
            at = run.to;
            if run.returned || run.is_stale() {
                let stale = match run.returned {
                    true => &[],
                    false => self.messages.get(run.from..run.to).unwrap_or_default(),
                };
                for m in stale {
                    // SAFETY: taken from the queue above, and nobody else has it.
                    unsafe { message::rd_kafka_message_destroy(*m) };
                }
                run.end = None;
                (run.from, run.to) = (kept, kept);
            } else {
                let from = kept;
                kept += shift(self.messages, run.from, run.to, kept);
                (run.from, run.to) = (from, kept);
            }
        }
        kept += shift(self.messages, at, self.count, kept);
        self.count = kept;
        self.runs.retain(|run| run.end.is_some());
    }

    /// Hands them out.
    fn finish(mut self) -> size_t {
        self.sort_out();
        for run in &self.runs {
            if let Some(end) = run.end {
                run.partition.advance(end);
            }
        }
        self.count
    }
}

/// Moves `from..to` down to `place`; returns how many there are.
fn shift<T: Copy>(list: &mut [T], from: usize, to: usize, place: usize) -> usize {
    if from != place {
        list.copy_within(from..to, place);
    }
    to - from
}

/// The client's consumer, if it is one.
pub(crate) fn consumer_of(client: &Client) -> Option<&Arc<Consumer>> {
    Some(&client.shared.consumer).filter(|_| !client.kind().is_producer())
}

/// The instance's consumer, if it is one.
pub(crate) fn consumer(instance: &Instance) -> Option<&Arc<Consumer>> {
    consumer_of(&instance.client)
}

/// The instance's consumer, if it has a group.
pub(crate) fn group_consumer(instance: &Instance) -> Result<&Arc<Consumer>, ErrorCode> {
    match consumer(instance) {
        Some(c) if c.core.settings.has_group => Ok(c),
        _ => Err(ErrorCode::_UNKNOWN_GROUP),
    }
}

/// The topic's name in an element.
pub(crate) fn name(element: &rd_kafka_topic_partition_t) -> String {
    String::from_utf8_lossy(topic_partition::topic(element)).into_owned()
}

/// The partition, if it was used already, or if its topic is used and metadata has it.
pub(crate) fn existing(client: &Client, topic: &str, id: i32) -> Option<Arc<ConsumerPartition>> {
    let consumer = consumer_of(client)?;
    if let Some(used) = consumer.find(topic, id) {
        return Some(used);
    }
    let handle = client.known_topic(topic)?;
    let metadata = client.shared.metadata.load();
    metadata.topic(topic)?.partition(id)?;
    Some(consumer.partition(&handle, id))
}

/// The partition that an element names, if its topic is used. As with librdkafka the
/// number may be one that the topic does not have, or does not have yet.
pub(crate) fn find(
    instance: &Instance,
    element: &rd_kafka_topic_partition_t,
) -> Option<Arc<ConsumerPartition>> {
    let consumer = consumer(instance)?;
    let topic = name(element);
    consumer.find(&topic, element.partition).or_else(|| {
        let handle = instance.client.known_topic(&topic)?;
        Some(consumer.partition(&handle, element.partition))
    })
}

/// As [`find`], the topic made if need be.
pub(crate) fn ensure(
    instance: &Instance,
    consumer: &Consumer,
    element: &rd_kafka_topic_partition_t,
) -> Result<Arc<ConsumerPartition>, crate::base::error::KafkaError> {
    let topic = instance.topic(&name(element), None)?;
    Ok(consumer.partition(&topic, element.partition))
}

/// An element as the client has it.
pub(crate) fn read(element: &rd_kafka_topic_partition_t) -> TopicPartition {
    TopicPartition {
        topic: Arc::from(name(element)),
        partition: element.partition,
        offset: element.offset,
        leader_epoch: topic_partition::leader_epoch(element),
        metadata: topic_partition::metadata(element).map(<[u8]>::to_vec),
        err: element.err,
    }
}

/// Sets everything but topic and partition.
pub(crate) fn update(element: &mut rd_kafka_topic_partition_t, from: &TopicPartition) {
    element.offset = from.offset;
    element.err = from.err;
    topic_partition::set_metadata(element, from.metadata.as_deref());
    topic_partition::set_leader_epoch(element, from.leader_epoch);
}

/// A list for C to destroy.
pub(crate) fn list_of(partitions: &[TopicPartition]) -> *mut rd_kafka_topic_partition_list_t {
    let list = topic_partition::new_list(partitions.len());
    for p in partitions {
        // SAFETY: the list was just made, the element as well.
        unsafe {
            let element = topic_partition::add(&mut *list, p.topic.as_bytes(), p.partition);
            update(&mut *element, p);
        }
    }
    list
}
