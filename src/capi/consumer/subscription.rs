//! Membership in a group: subscribing, polling, closing.

use std::sync::Arc;

use libc::{c_char, c_int};

use super::find::{self, no_group, open_consumer};
use crate::base::error::{ErrorCode, KafkaError};
use crate::capi::boundary::ffi;
use crate::capi::handle::get;
use crate::capi::topic_partition::{add, elements, new_list};
use crate::capi::types::{
    rd_kafka_error_t, rd_kafka_message_t, rd_kafka_queue_t, rd_kafka_resp_err_t, rd_kafka_t,
    rd_kafka_topic_partition_list_t,
};
use crate::capi::{consume, cstr, error, message, partition_list, serve};
use crate::client::consumer::close::close as close_consumer;
use crate::client::consumer::membership::Subscription;
use crate::client::types::SubscribedTopic;

/// This consumer's id in its group, empty while it has none; null without `group.id` and
/// once the consumer is closed. Freed by `rd_kafka_mem_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_memberid(rk: *const rd_kafka_t) -> *mut c_char {
    ffi!({
        // SAFETY: the caller's handle is alive.
        match unsafe { get(rk) }.map(open_consumer) {
            Some(Ok(consumer)) => {
                let (id, _) = consumer.group.member();
                cstr::malloc_string(id.as_bytes())
            }
            _ => std::ptr::null_mut(),
        }
    })
}

/// Sets the topics that this member of the group wants; names that begin with `^` are
/// regular expressions. Partition and offset do not matter. It replaces the last
/// subscription, and takes effect as the group rebalances. `_UNKNOWN_GROUP` without
/// `group.id`, `_INVALID_ARG` for an empty list, an empty name, one that comes twice or a
/// bad expression, `_DESTROY` once the consumer is closed, `_FATAL` after a static member's
/// fatal error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_subscribe(
    rk: *mut rd_kafka_t,
    topics: *const rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and list are alive.
        let (instance, list) = unsafe { (get(rk.cast_const()), topics.as_ref()) };
        let (Some(instance), Some(list)) = (instance, list) else {
            return ErrorCode::_INVALID_ARG;
        };
        let consumer = match find::group_consumer(instance) {
            Ok(consumer) => consumer,
            Err(code) => return code,
        };
        let wanted = elements(list).iter().map(|e| SubscribedTopic {
            topic: partition_list::read(e),
            opaque: e.opaque.expose_provenance(),
        });
        let subscription = match Subscription::new(wanted.collect()) {
            Ok(subscription) => subscription,
            Err(e) => return e.code,
        };
        if consumer.is_closed() {
            return ErrorCode::_DESTROY;
        }
        if instance.client.shared.barred().is_some() {
            return ErrorCode::_FATAL;
        }
        consumer.subscribe(subscription);
        ErrorCode::NO_ERROR
    })
}

/// Ends the subscription: the partitions are given up, and the group is left. Says `_FATAL`
/// after a static member's fatal error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_unsubscribe(rk: *mut rd_kafka_t) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let instance = unsafe { get(rk.cast_const()) };
        match instance.map(find::group_consumer) {
            Some(Ok(consumer)) if consumer.is_closed() => ErrorCode::_DESTROY,
            Some(Ok(consumer)) => {
                consumer.unsubscribe();
                match instance.and_then(|i| i.client.shared.barred()) {
                    Some(_) => ErrorCode::_FATAL,
                    None => ErrorCode::NO_ERROR,
                }
            }
            Some(Err(code)) => code,
            None => ErrorCode::_INVALID_ARG,
        }
    })
}

/// Sets `*topics` to a copy of the list last subscribed to, sorted by name, which the
/// application destroys; to null with `_DESTROY` once the consumer is closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_subscription(
    rk: *mut rd_kafka_t,
    topics: *mut *mut rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle is alive and the place writable.
        unsafe {
            let (Some(instance), Some(place)) = (get(rk.cast_const()), topics.as_mut()) else {
                return ErrorCode::_INVALID_ARG;
            };
            let consumer = match open_consumer(instance) {
                Ok(consumer) => consumer,
                Err(code) => {
                    if code == ErrorCode::_DESTROY {
                        *place = std::ptr::null_mut();
                    }
                    return code;
                }
            };
            let wanted = consumer.group.subscription();
            let list = new_list(wanted.len());
            for SubscribedTopic { topic, opaque } in wanted {
                let element = add(&mut *list, topic.topic.as_bytes(), topic.partition);
                partition_list::update(&mut *element, &topic);
                (*element).opaque = std::ptr::with_exposed_provenance_mut(opaque);
            }
            *place = list;
            ErrorCode::NO_ERROR
        }
    })
}

/// Takes one message of the assigned partitions, waiting up to `timeout_ms`, and calls
/// the application's functions for other events. Null if there is none. A message with
/// `err` set is an event such as `_PARTITION_EOF`. Freed by `rd_kafka_message_destroy`.
/// To be called at least every `max.poll.interval.ms`, or the member loses its
/// partitions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_poll(
    rk: *mut rd_kafka_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_message_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let Some(instance) = (unsafe { get(rk.cast_const()) }) else {
            return std::ptr::null_mut();
        };
        match find::group_consumer(instance) {
            Ok(consumer) => consume::next_message(instance, &consumer.queue, timeout_ms),
            Err(code) => message::error(code),
        }
    })
}

/// Lets `rd_kafka_consumer_poll` serve what `rd_kafka_poll` would, so that it need not
/// be called. A consumer with a group does so from the start.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_poll_set_consumer(rk: *mut rd_kafka_t) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let Some(instance) = (unsafe { get(rk.cast_const()) }) else {
            return ErrorCode::_INVALID_ARG;
        };
        match find::group_consumer(instance) {
            Ok(consumer) => {
                let main = &instance.client.shared.main_queue;
                main.forward(Some(consumer.queue.clone()));
                ErrorCode::NO_ERROR
            }
            Err(code) => code,
        }
    })
}

/// Closes the consumer: gives up its partitions, with the rebalance function called,
/// commits stored offsets, and leaves the group. Waits for all this, for a bounded time
/// whatever the brokers do. Then destroy it. `_DESTROY` if it is closed already,
/// `_FATAL` after a fatal error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_close(rk: *mut rd_kafka_t) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let instance = unsafe { get(rk.cast_const()) };
        let Some(instance) = instance else {
            return ErrorCode::_INVALID_ARG;
        };
        match find::group_consumer(instance) {
            Ok(consumer) if consumer.is_closed() => ErrorCode::_DESTROY,
            Ok(_) => {
                close_consumer(&instance.client, |queue, event| {
                    serve::serve_one(instance, queue, event)
                });
                match instance.client.shared.fatal() {
                    Some(_) => ErrorCode::_FATAL,
                    None => ErrorCode::NO_ERROR,
                }
            }
            Err(code) => code,
        }
    })
}

/// As `rd_kafka_consumer_close`, without waiting: the events of closing go to `rkqu`,
/// which the application polls until `rd_kafka_consumer_closed`. Null, or an error that
/// the application destroys: `_DESTROY` if it is closed already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_close_queue(
    rk: *mut rd_kafka_t,
    rkqu: *mut rd_kafka_queue_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: the caller's handles are alive.
        let (instance, queue) = unsafe { (get(rk.cast_const()), get(rkqu.cast_const())) };
        let refuse = |text: &str| error::give(KafkaError::new(ErrorCode::_INVALID_ARG, text));
        let (Some(instance), Some(queue)) = (instance, queue) else {
            return refuse("There is no queue to close into");
        };
        let consumer = match find::group_consumer(instance) {
            Ok(consumer) => consumer,
            Err(code) => return error::give(no_group(code)),
        };
        if consumer.is_closed() {
            let text = "Consumer already closed";
            return error::give(KafkaError::new(ErrorCode::_DESTROY, text));
        }
        if !Arc::ptr_eq(&consumer.queue, &queue.queue) {
            consumer.queue.forward(Some(queue.queue.clone()));
        }
        consumer.begin_close();
        std::ptr::null_mut()
    })
}

/// 1 once the consumer is closed and its queue has given out the rebalances and results of
/// commits that came before, otherwise 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_closed(rk: *mut rd_kafka_t) -> c_int {
    ffi!({
        // SAFETY: the caller's handle is alive.
        match unsafe { get(rk.cast_const()) }.map(find::group_consumer) {
            Some(Ok(consumer)) => c_int::from(consumer.is_closed_and_told()),
            _ => 0,
        }
    })
}
