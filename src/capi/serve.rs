//! Handing events to the application's callbacks, on the thread that polls.

use std::cell::Cell;
use std::ptr::NonNull;
use std::time::Instant;

use libc::c_int;

use super::callback::{self, Callback, CommitCb};
use super::instance::{Instance, topics};
use super::items::{Backlog, Item, Polling, take_item};
use super::share::offsets;
use super::{ending, message, partition_list};
use crate::base::cancel::NotCancelled;
use crate::base::cstring::c_string;
use crate::base::log::Level;
use crate::base::message::MessageExt;
use crate::client::consumer::default_rebalance;
use crate::client::event::{Deliveries, Event, EventQueue};
use crate::client::hooks::Hooks;
use crate::client::oauth::ConfigText;
use crate::client::types::{AckReport, CommitEvent, ErrorEvent, RebalanceEvent};

thread_local! {
    /// `rd_kafka_yield` was called in a callback on this thread.
    static YIELD: Cell<bool> = const { Cell::new(false) };
}

pub(crate) fn yield_thread() {
    YIELD.set(true);
}

/// Serves what is in the queue, waiting for the first event until `deadline`; what
/// comes while callbacks run is left for the next call.
/// Returns how many events were served.
pub(crate) fn serve(instance: &Instance, queue: &EventQueue, deadline: Option<Instant>) -> c_int {
    if instance.is_over() {
        return 0;
    }
    clear_yield();
    let _polling = Polling::through(instance, queue);
    let mut served = 0;
    let mut wait = deadline;
    let mut backlog = Backlog::of(queue, usize::MAX);
    let mut whole = None;
    while let Some(item) = take_item(queue, || wait) {
        wait = Some(super::past());
        let more = backlog.goes_on(item.weight());
        match item {
            Item::Message(m) => {
                whole.get_or_insert_with(NotCancelled::new);
                hand_over(instance, m);
            }
            Item::Other(event) => serve_one(instance, queue, event),
        }
        served += 1;
        if yielded(instance) || !more {
            break;
        }
    }
    served
}

/// Serves one event; what a callback that yielded left of it goes back.
pub(crate) fn serve_one(instance: &Instance, queue: &EventQueue, event: Event) {
    let _whole = NotCancelled::new();
    match ending::calling_back(instance.address(), || dispatch(instance, event)) {
        Some(left) if instance.is_of_parent() => std::mem::forget(left),
        Some(left) => queue.push_front(left),
        None => {}
    }
}

pub(crate) fn clear_yield() {
    YIELD.set(false);
}

/// Whether a callback on this thread yielded since the last look, or ended what it is called for.
pub(crate) fn yielded(instance: &Instance) -> bool {
    YIELD.replace(false) || instance.is_over()
}

/// A message that comes by way of a poll for events: to the configured callback.
/// Errors are events of their own here.
pub(crate) fn hand_over(instance: &Instance, m: NonNull<MessageExt>) {
    let c = &instance.conf().global;
    let m = message::as_c(m.as_ptr());
    // SAFETY: the message was just taken, and is released here.
    unsafe {
        if !(*m).err.is_ok() {
            let text = std::ffi::CStr::from_ptr(message::rd_kafka_message_errstr(m));
            let error = ErrorEvent {
                code: (*m).err,
                text: text.to_string_lossy().into_owned(),
                fatal: false,
            };
            ending::calling_back(instance.address(), || report_error(instance, &error));
        } else if let Some(callback) = callback::CONSUME.get(c).function() {
            ending::calling_back(instance.address(), || {
                instance.consumed(m);
                callback(m, instance.opaque());
            });
        }
        message::rd_kafka_message_destroy(m);
    }
}

/// Calls the callback of a commit.
fn report_commit(instance: &Instance, e: &CommitEvent) {
    // SAFETY: from `callback::OFFSET_COMMIT`, or from a callback that
    // `rd_kafka_commit_queue` was given.
    let callback = unsafe { Callback::<CommitCb>::from_address(e.callback) };
    let Some(callback) = callback.function() else {
        return;
    };
    let offsets = e.result.offsets.as_ref();
    let list = offsets.map_or(std::ptr::null_mut(), |all| partition_list::list_of(all));
    // SAFETY: the list lives until the callback returns.
    unsafe {
        callback(
            instance.handle(),
            e.result.code,
            list,
            std::ptr::with_exposed_provenance_mut(e.opaque),
        );
        if !list.is_null() {
            super::topic_partition::destroy_list(list);
        }
    }
}

/// Calls the callback for an event; returns what was left of it when the
/// callback yielded.
pub(crate) fn dispatch(instance: &Instance, event: Event) -> Option<Event> {
    let c = &instance.conf().global;
    match event {
        Event::Deliveries(deliveries) => return deliver(instance, deliveries),
        Event::Error(error) => report_error(instance, &error),
        Event::Log(line) => instance.hooks.log(&line),
        Event::Throttle {
            broker,
            broker_id,
            millis,
        } => {
            if let Some(callback) = callback::THROTTLE.get(c).function() {
                let name = c_string(&broker);
                // SAFETY: the name outlives the call.
                unsafe {
                    callback(
                        instance.handle(),
                        name.as_ptr(),
                        broker_id,
                        millis,
                        instance.opaque(),
                    );
                }
            }
        }
        Event::Stats(json) => {
            if let Some(callback) = callback::STATS.get(c).function() {
                let copy = super::cstr::malloc_string(json.as_bytes());
                // SAFETY: the copy outlives the call. The callback says with 1 that it keeps it.
                unsafe {
                    let kept = callback(instance.handle(), copy, json.len(), instance.opaque());
                    if kept == 0 {
                        libc::free(copy.cast());
                    }
                }
            }
        }
        Event::OffsetCommit(e) => report_commit(instance, &e),
        Event::TokenRefresh(config) => refresh_token(instance, config.as_ref()),
        Event::Rebalance(e) => rebalance(instance, &e),
        Event::ConsumerError(e) => report_error(
            instance,
            &ErrorEvent {
                code: e.code,
                text: e.text,
                fatal: false,
            },
        ),
        // Results of admin requests have no callback, and are dropped as by librdkafka.
        Event::Acknowledged(report) => acknowledged(instance, &report),
        Event::Admin(_) | Event::Fetched(_) | Event::ShareFetched(_) | Event::Taken => {}
    }
    None
}

/// Tells a share consumer's callback what became of acknowledgements.
fn acknowledged(instance: &Instance, report: &AckReport) {
    let Some(state) = &instance.share else {
        return;
    };
    let list = offsets::list_of(&report.acks);
    state.report(list, report.code);
    // SAFETY: made above.
    unsafe { offsets::rd_kafka_share_partition_offsets_list_destroy(list) };
}

fn refresh_token(instance: &Instance, config: Option<&ConfigText>) {
    let callback = callback::TOKEN_REFRESH.get(&instance.conf().global);
    let Some(callback) = callback.function() else {
        return;
    };
    let config = config.map_or(std::ptr::null(), |text| text.as_ptr().cast());
    // SAFETY: the text outlives the call.
    unsafe { callback(instance.handle(), config, instance.opaque()) };
}

/// Calls the rebalance callback, or does what an application without one wants.
fn rebalance(instance: &Instance, e: &RebalanceEvent) {
    let callback = callback::REBALANCE.get(&instance.conf().global);
    if let Some(callback) = callback.function() {
        e.begin();
        let list = partition_list::list_of(&e.partitions);
        // SAFETY: the list lives until the callback returns.
        unsafe {
            callback(instance.handle(), e.code, list, instance.opaque());
            super::topic_partition::destroy_list(list);
        }
        return;
    }
    let topic = |name: &str| topics::topic(&instance.client, name, None);
    default_rebalance::carry_out(&instance.client, e, topic);
}

fn report_error(instance: &Instance, error: &ErrorEvent) {
    let callback = callback::ERROR.get(&instance.conf().global);
    let Some(callback) = callback.function() else {
        instance.client.shared.logger.log(
            Level::Err,
            "ERROR",
            format_args!("{}: {}", error.code, error.text),
        );
        return;
    };
    let text = c_string(&error.text);
    // SAFETY: the text outlives the call.
    unsafe {
        callback(
            instance.handle(),
            error.code.0,
            text.as_ptr(),
            instance.opaque(),
        );
    }
}

fn deliver(instance: &Instance, mut d: Box<Deliveries>) -> Option<Event> {
    let c = &instance.conf().global;
    let (rk, opaque) = (instance.handle(), instance.opaque());
    let dr_msg = callback::DR_MSG.get(c).function();
    let dr = callback::DR.get(c).function();
    while let Some(mut m) = message::delivered(&d.delivery, d.next) {
        d.next += 1;
        // SAFETY: the message and what it points to live until the callback
        // returns; it may not keep them.
        unsafe {
            if let Some(callback) = dr_msg {
                callback(rk, message::as_c(&raw mut m), opaque);
            } else if let Some(callback) = dr {
                callback(
                    rk,
                    m.msg.payload,
                    m.msg.len,
                    crate::base::error::ErrorCode(m.msg.err),
                    opaque,
                    m.msg.private,
                );
            }
            message::drop_headers(&mut m);
        }
        if (YIELD.get() || instance.is_over()) && d.next < d.delivery.batch.len() {
            return Some(Event::Deliveries(d));
        }
    }
    None
}
