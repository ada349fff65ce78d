//! The simple consumer: partitions started and stopped one by one.

use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use libc::{c_int, c_void, size_t, ssize_t};

use super::callback::ConsumeCb;
use super::consumer::find;
use super::handle::get;
use super::instance::Instance;
use super::items::{self, Backlog, Item};
use super::last_error::set_last_error;
use super::{consume, ending, message, serve};
use crate::base::cancel::NotCancelled;
use crate::base::conf::TopicOffsetStoreMethod;
use crate::base::error::ErrorCode;
use crate::client::Topic;
use crate::client::consumer::{Consumer, ConsumerPartition};
use crate::client::event::{Event, EventQueue};
use crate::client::types::{FileStore, OffsetStore};
use crate::consumer::{Position, offset as logical};

use crate::capi::boundary::ffi;
use crate::capi::types::{
    RD_KAFKA_PARTITION_UA, rd_kafka_message_t, rd_kafka_queue_t, rd_kafka_t, rd_kafka_topic_t,
};

/// The topic, its instance and the instance's consumer.
///
/// # Safety
/// The handle is null, or alive along with its instance.
unsafe fn parts<'a>(
    rkt: *mut rd_kafka_topic_t,
) -> Option<(&'a Instance, &'a Arc<Topic>, &'a Arc<Consumer>)> {
    // SAFETY: the caller's promise.
    unsafe {
        let topic = get(rkt.cast_const())?;
        let rk = ptr::with_exposed_provenance::<rd_kafka_t>(topic.instance_address()?);
        let instance = get(rk)?;
        Some((instance, topic, find::consumer(instance)?))
    }
}

/// A partition of the topic, if it is started or known to exist; sets the last error if not.
/// Of one that was never started there are no messages.
///
/// # Safety
/// As for [`parts`].
unsafe fn known<'a>(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
) -> Option<(&'a Instance, &'a Arc<Consumer>, Arc<ConsumerPartition>)> {
    // SAFETY: the caller's promise.
    let found = unsafe { parts(rkt) }.and_then(|(instance, topic, consumer)| {
        let started = consumer.find(&topic.name, partition);
        let tp = match started.filter(|t| t.partition.is_assigned()) {
            Some(tp) => tp,
            None if exists(instance, &topic.name, partition) => {
                consumer.partition(topic, partition)
            }
            None => return None,
        };
        Some((instance, consumer, tp))
    });
    if found.is_none() {
        set_last_error(ErrorCode::_UNKNOWN_PARTITION, libc::ESRCH);
    }
    found
}

/// As far as the cluster was asked. A call that names no partition waits in vain for
/// messages that have none.
fn exists(instance: &Instance, topic: &str, partition: i32) -> bool {
    let metadata = instance.client.shared.metadata.load();
    partition == RD_KAFKA_PARTITION_UA
        || metadata
            .topic(topic)
            .is_some_and(|t| t.partition(partition).is_some())
}

fn keeps_file(topic: &Topic) -> bool {
    topic.conf.offset_store_method == TopicOffsetStoreMethod::File
}

/// Where the topic's offsets go.
fn store_of(topic: &Topic) -> OffsetStore {
    let c = &topic.conf.topic;
    let interval = |n| u64::try_from(n).ok().map(Duration::from_millis);
    OffsetStore {
        file: keeps_file(topic).then(|| FileStore {
            path: c.offset_store_path.clone().unwrap_or_else(|| ".".into()),
            sync: interval(c.offset_store_sync_interval_ms),
        }),
        interval: interval(c.auto_commit_interval_ms),
    }
}

/// # Safety
/// As for [`parts`].
unsafe fn start(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    offset: i64,
    queue: Option<&EventQueue>,
) -> c_int {
    let refuse = |code, errno| {
        set_last_error(code, errno);
        -1
    };
    // SAFETY: the caller's promise.
    let Some((_, topic, consumer)) = (unsafe { parts(rkt) }) else {
        return refuse(ErrorCode::_INVALID_ARG, libc::EINVAL);
    };
    if partition < 0 {
        return refuse(ErrorCode::_UNKNOWN_PARTITION, libc::ESRCH);
    }
    let known = offset >= 0
        || matches!(offset, logical::BEGINNING | logical::END)
        || offset <= logical::TAIL_BASE
        // Committed offsets are a group's, if they are not in a file.
        || offset == logical::STORED
            && (consumer.core.settings.has_group || keeps_file(topic));
    if !known || !consumer.assignment().is_empty() {
        return refuse(ErrorCode::_INVALID_ARG, libc::EINVAL);
    }
    let tp = consumer.partition(topic, partition);
    let store = (offset == logical::STORED).then(|| store_of(topic));
    consumer.start(&tp, Position::new(offset, -1), queue, store);
    set_last_error(ErrorCode::NO_ERROR, 0);
    0
}

/// # Safety
/// The array is null or has room for `size`.
unsafe fn batch(
    instance: &Instance,
    queue: &EventQueue,
    timeout_ms: c_int,
    messages: *mut *mut rd_kafka_message_t,
    size: size_t,
) -> ssize_t {
    if messages.is_null() {
        return 0;
    }
    // SAFETY: the caller's promise; pointers have no invalid values.
    let messages = unsafe { std::slice::from_raw_parts_mut(messages, size) };
    let count = consume::next_messages(instance, queue, timeout_ms, messages);
    ssize_t::try_from(count).unwrap_or(ssize_t::MAX)
}

/// Calls `callback` for what there is, waiting for the first one.
///
/// # Safety
/// The function takes messages and that opaque.
unsafe fn callbacks(
    instance: &Instance,
    queue: &EventQueue,
    timeout_ms: c_int,
    limit: i32,
    callback: ConsumeCb,
    opaque: *mut c_void,
) -> c_int {
    let mut deadline = items::until(timeout_ms);
    let mut count = 0;
    let most = usize::try_from(limit).ok().filter(|n| *n > 0);
    let mut backlog = Backlog::of(queue, most.unwrap_or(usize::MAX));
    let mut more = true;
    serve::clear_yield();
    let _whole = NotCancelled::new();
    while more && (limit <= 0 || count < limit) {
        let message = match items::take_item(queue, || deadline) {
            Some(Item::Message(m)) => Some(m),
            Some(Item::Other(Event::ConsumerError(e))) => consume::error_message(instance, &e),
            Some(Item::Other(event)) => {
                serve::serve_one(instance, queue, event);
                None
            }
            None => break,
        };
        if let Some(m) = message {
            more = backlog.goes_on(1);
            let m = message::as_c(m.as_ptr());
            // SAFETY: the message is good until the callback returns, and is
            // released then.
            unsafe {
                ending::calling_back(instance.address(), || {
                    instance.consumed(m);
                    callback(m, opaque);
                });
                message::rd_kafka_message_destroy(m);
            }
            count += 1;
            deadline = Some(super::past());
        }
        if serve::yielded(instance) {
            break;
        }
    }
    count
}

/// Starts to consume a partition with the simple consumer, from an offset or from one
/// of `RD_KAFKA_OFFSET_*`. Ended by `rd_kafka_consume_stop`. Not for instances that
/// subscribe or assign. Returns 0, or -1 with `rd_kafka_last_error`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume_start(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    offset: i64,
) -> c_int {
    // SAFETY: the caller's handle is alive.
    ffi!({ unsafe { start(rkt, partition, offset, None) } })
}

/// As `rd_kafka_consume_start`, with the messages going to a queue that several
/// partitions may share.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume_start_queue(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    offset: i64,
    rkqu: *mut rd_kafka_queue_t,
) -> c_int {
    ffi!({
        // SAFETY: the caller's handles are alive.
        unsafe {
            let queue = get(rkqu.cast_const()).map(|q| q.queue.clone());
            start(rkt, partition, offset, queue.as_ref())
        }
    })
}

/// Stops consuming a partition, and drops what was fetched of it; waits until that is
/// done. Returns 0, also for a partition that exists and is not started, or -1 with
/// `rd_kafka_last_error`: `_UNKNOWN_PARTITION` or `_INVALID_ARG`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume_stop(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
) -> c_int {
    ffi!({
        if partition == RD_KAFKA_PARTITION_UA {
            set_last_error(ErrorCode::_INVALID_ARG, libc::EINVAL);
            return -1;
        }
        // SAFETY: the caller's handle is alive.
        let Some((_client, consumer, tp)) = (unsafe { known(rkt, partition) }) else {
            return -1;
        };
        consumer.stop(&tp);
        set_last_error(ErrorCode::NO_ERROR, 0);
        0
    })
}

/// Takes one message of a started partition, waiting up to `timeout_ms`; null if there
/// is none, with `rd_kafka_last_error` telling why: `_TIMED_OUT`, or `_UNKNOWN_PARTITION`
/// if it is neither started nor known to exist. Freed by
/// `rd_kafka_message_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    timeout_ms: c_int,
) -> *mut rd_kafka_message_t {
    ffi!({
        // SAFETY: the caller's handle is alive, and so is its instance.
        unsafe {
            let Some((instance, _, tp)) = known(rkt, partition) else {
                return ptr::null_mut();
            };
            consume::next_message(instance, &tp.queue, timeout_ms)
        }
    })
}

/// Takes up to `rkmessages_size` messages of a started partition, waiting up to
/// `timeout_ms` in all. Returns how many, or -1 with `rd_kafka_last_error`. Each is
/// freed by `rd_kafka_message_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume_batch(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    timeout_ms: c_int,
    rkmessages: *mut *mut rd_kafka_message_t,
    rkmessages_size: size_t,
) -> ssize_t {
    ffi!({
        // SAFETY: the caller's handle is alive, and the array has that much room.
        unsafe {
            let Some((instance, _, tp)) = known(rkt, partition) else {
                return -1;
            };
            batch(instance, &tp.queue, timeout_ms, rkmessages, rkmessages_size)
        }
    })
}

/// Calls `consume_cb` for the messages of a started partition that are there, waiting
/// up to `timeout_ms` for the first. The message ends with the call. Returns how many,
/// or -1 with `rd_kafka_last_error`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume_callback(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    timeout_ms: c_int,
    consume_cb: Option<
        unsafe extern "C" fn(rkmessage: *mut rd_kafka_message_t, commit_opaque: *mut c_void),
    >,
    commit_opaque: *mut c_void,
) -> c_int {
    ffi!({
        // SAFETY: the caller's handle is alive, and the function takes what it says.
        unsafe {
            let (Some((instance, _, tp)), Some(topic), Some(callback)) =
                (known(rkt, partition), get(rkt.cast_const()), consume_cb)
            else {
                return -1;
            };
            let limit = topic.conf.topic.consume_callback_max_messages;
            callbacks(
                instance,
                &tp.queue,
                timeout_ms,
                limit,
                callback,
                commit_opaque,
            )
        }
    })
}

/// As `rd_kafka_consume`, from a queue.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume_queue(
    rkqu: *mut rd_kafka_queue_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_message_t {
    ffi!({
        // SAFETY: the caller's queue and its instance are alive.
        unsafe {
            match get(rkqu.cast_const()).and_then(|q| Some((get(q.rk().cast_const())?, q))) {
                Some((instance, q)) => consume::next_message(instance, &q.queue, timeout_ms),
                None => ptr::null_mut(),
            }
        }
    })
}

/// As `rd_kafka_consume_batch`, from a queue. Also for the queue of a consumer with a
/// group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume_batch_queue(
    rkqu: *mut rd_kafka_queue_t,
    timeout_ms: c_int,
    rkmessages: *mut *mut rd_kafka_message_t,
    rkmessages_size: size_t,
) -> ssize_t {
    ffi!({
        // SAFETY: the caller's queue and its instance are alive, and the array has
        // that much room.
        unsafe {
            match get(rkqu.cast_const()).and_then(|q| Some((get(q.rk().cast_const())?, q))) {
                Some((instance, q)) => {
                    batch(instance, &q.queue, timeout_ms, rkmessages, rkmessages_size)
                }
                None => -1,
            }
        }
    })
}

/// As `rd_kafka_consume_callback`, from a queue.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume_callback_queue(
    rkqu: *mut rd_kafka_queue_t,
    timeout_ms: c_int,
    consume_cb: Option<
        unsafe extern "C" fn(rkmessage: *mut rd_kafka_message_t, commit_opaque: *mut c_void),
    >,
    commit_opaque: *mut c_void,
) -> c_int {
    ffi!({
        // SAFETY: the caller's queue and its instance are alive, and the function
        // takes what it says.
        unsafe {
            let queue = get(rkqu.cast_const()).and_then(|q| Some((get(q.rk().cast_const())?, q)));
            let (Some((instance, q)), Some(callback)) = (queue, consume_cb) else {
                return -1;
            };
            let limit = instance
                .conf()
                .topic_conf()
                .topic
                .consume_callback_max_messages;
            callbacks(
                instance,
                &q.queue,
                timeout_ms,
                limit,
                callback,
                commit_opaque,
            )
        }
    })
}
