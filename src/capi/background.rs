//! The background thread: what arrives in its queue goes to `background_event_cb`, or to
//! the ordinary callbacks where there is none.
//!
//! Queue and thread are made with the instance if the configuration asks for them,
//! otherwise when the application first asks for the queue; an application without
//! `background_event_cb` forwards the main queue there, and never polls. The thread ends
//! with the instance.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::callback;
use super::event::EventObject;
use super::handle::{get, give};
use super::instance::Instance;
use super::instance::background::Running;
use super::items::{self, Item};
use super::serve;
use super::types::rd_kafka_event_t;
use crate::base::cancel::NotCancelled;
use crate::base::log::Level;
use crate::base::message::MessageExt;
use crate::base::thread::{self, Counted};
use crate::client::event::{Event, EventQueue};
use crate::client::hooks::Hooks;
use crate::client::types::{ThreadKind, events};

/// Starts the thread if the configuration wants it from the beginning.
pub(crate) fn begin(instance: &Instance) -> io::Result<()> {
    let c = &instance.conf().global;
    if c.background_event_cb != 0 || c.enabled_events & events::BACKGROUND != 0 {
        queue(instance)?;
    }
    Ok(())
}

/// The queue that the thread serves; the first call makes both. None while the instance
/// is being destroyed.
pub(crate) fn queue(instance: &Instance) -> io::Result<Option<EventQueue>> {
    instance.background.queue_or_begin(|| {
        let _whole = NotCancelled::new();
        let queue = instance.client.new_queue();
        let ended = Arc::new(AtomicBool::new(false));
        let thread = {
            let (queue, ended, hooks) = (queue.clone(), ended.clone(), instance.hooks.clone());
            let counted = Counted::new();
            thread::spawn("rdk:bg", move || {
                let _counted = counted;
                hooks.thread(true, ThreadKind::Background, "background");
                while !ended.load(Ordering::Acquire) {
                    let Some(item) = items::take_item(&queue, || None) else {
                        continue;
                    };
                    // SAFETY: an instance stays in place until this thread has ended.
                    if let Some(instance) = unsafe { get(hooks.handle().cast_const()) } {
                        serve_item(instance, &queue, item);
                        if instance.is_of_parent() {
                            // A callback forked, and this is the child.
                            std::mem::forget(queue);
                            return;
                        }
                        if instance.is_over() {
                            break;
                        }
                    }
                }
                hooks.thread(false, ThreadKind::Background, "background");
            })?
        };
        Ok(Running {
            queue,
            ended,
            thread,
        })
    })
}

/// Ends the thread, after the callback that it is in. What waits in its queue is for
/// `serve_outcomes`.
pub(crate) fn stop(instance: &Instance) -> Option<EventQueue> {
    let running = instance.background.stop()?;
    running.ended.store(true, Ordering::Release);
    running.queue.yield_now();
    let _ = running.thread.join();
    Some(running.queue)
}

/// When the client has ended: tells what has become of admin operations, which somebody
/// may wait for, on the thread that destroys. All else is dropped.
pub(crate) fn serve_outcomes(instance: &Instance, queue: &EventQueue) {
    let waiting = queue.items();
    queue.retain(|event| matches!(event, Event::Admin(_)));
    let dropped = waiting.saturating_sub(queue.items());
    if dropped > 0 {
        instance.client.shared.logger.log(
            Level::Info,
            "BGQUEUE",
            format_args!("{dropped} event(s) of the background queue are dropped unserved"),
        );
    }
    while queue.items() > 0 {
        if let Some(item) = items::take_item(queue, || Some(Instant::now())) {
            serve_item(instance, queue, item);
        }
    }
}

fn serve_item(instance: &Instance, queue: &EventQueue, item: Item) {
    serve::clear_yield();
    let callback = callback::BACKGROUND_EVENT.get(&instance.conf().global);
    let item = match item {
        Item::Other(event) if event.is_for_callback_only() => {
            return serve::serve_one(instance, queue, event);
        }
        item => item,
    };
    let Some(callback) = callback.function() else {
        return serve_by_callbacks(instance, queue, item);
    };
    let object = match item {
        Item::Message(m) => {
            // SAFETY: the message was just taken.
            unsafe { instance.consumed(super::message::as_c(m.as_ptr())) };
            EventObject::of_message(m)
        }
        Item::Other(event) => EventObject::new(event),
    };
    let object = give::<rd_kafka_event_t>(object);
    // SAFETY: the event is the application's to destroy.
    unsafe { callback(instance.handle(), object, instance.opaque()) };
}

fn serve_by_callbacks(instance: &Instance, queue: &EventQueue, item: Item) {
    let in_vain = match &item {
        Item::Message(m) => {
            // SAFETY: the message was just taken.
            let m: &MessageExt = unsafe { m.as_ref() };
            (m.msg.err == 0 && instance.conf().global.consume_cb == 0).then_some("message")
        }
        Item::Other(Event::OffsetCommit(e)) => (e.callback == 0).then_some("offset commit"),
        Item::Other(_) => None,
    };
    if let Some(what) = in_vain {
        instance.client.shared.logger.log(
            Level::Notice,
            "BGQUEUE",
            format_args!(
                "There is no callback for what the background queue got ({what}): dropped"
            ),
        );
    }
    match item {
        Item::Message(m) => serve::hand_over(instance, m),
        Item::Other(event) => serve::serve_one(instance, queue, event),
    }
}
