//! Taking what a poll serves out of a queue.

use std::ptr::NonNull;
use std::time::Instant;

use libc::c_int;

use super::consumer::find::consumer;
use super::instance::Instance;
use super::past;
use crate::base::fork::Generation;
use crate::base::message::MessageExt;
use crate::base::queue::{Taken, Weight};
use crate::base::time::deadline;
use crate::client::consumer::Consumer;
use crate::client::event::{Event, EventQueue};
use crate::consumer::Next;

/// What was at the front of a queue.
pub(crate) enum Item {
    /// The receiver releases it.
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
/// that the call ends however fast that is.
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

    /// Only if messages may come by this queue: to serve logs or reports alone is not to
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

/// A C timeout as a deadline; 0 does not wait.
pub(crate) fn until(timeout_ms: c_int) -> Option<Instant> {
    if timeout_ms == 0 {
        Some(past())
    } else {
        deadline(timeout_ms)
    }
}
