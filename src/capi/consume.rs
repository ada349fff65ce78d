//! Messages that a poll of the consumer returns, one or many.

use std::ptr::{self, NonNull};
use std::time::Instant;

use libc::{c_int, size_t};

use super::instance::{Instance, topics};
use super::items::{Item, Polling, take_item, until};
use super::last_error::set_last_error;
use super::types::rd_kafka_message_t;
use super::{message, serve};
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::message::MessageExt;
use crate::base::queue::Taken;
use crate::client::consumer::gathered::{Ended, Gathered, Place};
use crate::client::event::{Event, EventQueue};
use crate::client::share::{Polled, ShareConsumer};
use crate::client::types::ConsumerError;

/// An error of the consumer, or of one of its topics, as the message that a poll of
/// the consumer returns.
pub(crate) fn error_message(instance: &Instance, e: &ConsumerError) -> Option<NonNull<MessageExt>> {
    let topic = e.topic.as_deref();
    let topic = topic.and_then(|name| topics::topic_for_message(&instance.client, name));
    message::with_text(e.code, &e.text, topic)
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
/// taken at one look into the queue; see [`Gathered`].
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
    // SAFETY: a null pointer is `None`, and a message's public part is at its beginning.
    let places = unsafe {
        std::slice::from_raw_parts_mut(messages.as_mut_ptr().cast::<Place>(), messages.len())
    };
    let mut gathered = Gathered::new(places);
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
            Event::Rebalance(_) if !gathered.is_empty() => Taken::Leave,
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
                if instance.is_over() {
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

/// The messages that a poll of a share consumer returns; none if the time is up.
pub(crate) fn next_shared(
    instance: &Instance,
    consumer: &ShareConsumer,
    timeout_ms: c_int,
) -> Result<Vec<*mut rd_kafka_message_t>, KafkaError> {
    let fatal = || instance.client.shared.fatal();
    let tallies = &instance.client.shared.consumer.tallies;
    tallies.poll_begins();
    let polled = consumer.poll(|| until(timeout_ms));
    tallies.poll_ends();
    match polled? {
        Polled::Messages(messages) => {
            let messages = messages.into_iter().map(|m| message::as_c(m.as_ptr()));
            Ok(messages.collect())
        }
        Polled::Error(e) if e.code == ErrorCode::_FATAL => Err(fatal().unwrap_or_else(|| {
            let code = ErrorCode::_FATAL;
            KafkaError::new(code, e.text).fatal()
        })),
        Polled::Error(e) => Err(KafkaError::new(e.code, e.text).retriable()),
        Polled::Nothing => Ok(Vec::new()),
    }
}

/// Closes a share consumer, serving the events of that. Bounded by what its requests may take.
pub(crate) fn close_share(instance: &Instance, consumer: &ShareConsumer) {
    consumer.begin_close();
    let queue = &instance.client.shared.main_queue;
    let bound = Instant::now() + consumer.close_patience();
    loop {
        // The end is told by a yield.
        let since = queue.yields();
        if consumer.is_closed() || Instant::now() >= bound {
            break;
        }
        let event = queue.take_since(
            Some(since),
            || Some(bound),
            |event| match event {
                Event::Taken => Taken::Stale,
                other => Taken::Last(std::mem::take(other)),
            },
        );
        if let Some(event) = event {
            serve::serve_one(instance, queue, event);
        }
        if instance.is_of_parent() {
            return;
        }
    }
    // What is left of the results. A yield, of the end or of a callback, hides an item at the
    // most.
    for _ in 0..=queue.items() {
        let event = queue.take(Some(super::past()), |event| match event {
            Event::Taken => Taken::Stale,
            other => Taken::Last(std::mem::take(other)),
        });
        if let Some(event) = event {
            serve::serve_one(instance, queue, event);
        }
        if instance.is_of_parent() {
            return;
        }
    }
}
