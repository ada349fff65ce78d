//! Storing and committing offsets.

use std::sync::Arc;
use std::time::Duration;

use libc::{c_int, c_void};

use super::callback::{Callback, CommitCb};
use super::consumer::find;
use super::handle::get;
use super::topic_partition::{elements, elements_mut, metadata};
use super::{error, message, partition_list, serve};
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::queue::Queue;
use crate::base::topic_partition::TopicPartition;
use crate::client::consumer::command::{Commit, CommitReply};
use crate::client::consumer::{Consumer, ConsumerPartition};
use crate::client::event::Event;
use crate::client::types::{CommitEvent, CommitResult};
use crate::consumer::{Position, offset};

use crate::capi::boundary::ffi;
use crate::capi::types::{
    RD_KAFKA_PARTITION_UA, rd_kafka_error_t, rd_kafka_message_t, rd_kafka_queue_t,
    rd_kafka_resp_err_t, rd_kafka_t, rd_kafka_topic_partition_list_t, rd_kafka_topic_t,
};

/// Stores an offset; only of assigned partitions, unless the consumer is a simple one.
fn store(
    consumer: &Consumer,
    tp: &ConsumerPartition,
    at: Position,
    metadata: Option<&[u8]>,
) -> ErrorCode {
    let p = &tp.partition;
    if at.is_absolute() && !p.is_assigned() && !consumer.is_simple() {
        return ErrorCode::_STATE;
    }
    p.store(at, metadata);
    ErrorCode::NO_ERROR
}

fn commit(
    consumer: &Consumer,
    offsets: Option<Vec<TopicPartition>>,
    asynchronous: c_int,
) -> ErrorCode {
    if asynchronous != 0 {
        let reply = CommitReply::Configured;
        // Nothing comes of it once the consumer is closed, and nobody waits.
        let _ = consumer.commit(Commit { offsets, reply });
        return ErrorCode::NO_ERROR;
    }
    consumer
        .commit_and_wait(offsets)
        .map_or_else(|code| code, |result| result.code)
}

/// Notes `offset` + 1 as the one to commit next, automatically or by `rd_kafka_commit`
/// with a null list. Needs `enable.auto.offset.store` to be false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_offset_store(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    offset: i64,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let Some(topic) = (unsafe { get(rkt.cast_const()) }) else {
            return ErrorCode::_INVALID_ARG;
        };
        let Some(client) = topic.client.upgrade() else {
            return ErrorCode::_INVALID_ARG;
        };
        let Some(consumer) = find::consumer_of(&client) else {
            return ErrorCode::_INVALID_ARG;
        };
        match find::existing(&client, &topic.name, partition) {
            // librdkafka's place for messages without a partition: it is never assigned.
            None if partition == RD_KAFKA_PARTITION_UA => ErrorCode::_STATE,
            Some(tp) => {
                let at = Position::new(offset.saturating_add(1), -1);
                store(consumer, &tp, at, None)
            }
            None => ErrorCode::_UNKNOWN_PARTITION,
        }
    })
}

/// Notes the elements' offsets (the next ones to consume, not the last consumed) to be
/// committed next. Each element's `err` says how it went: `_STATE` if it is not assigned,
/// `_UNKNOWN_PARTITION` if its topic is not used. Needs `enable.auto.offset.store` to be false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_offsets_store(
    rk: *mut rd_kafka_t,
    offsets: *mut rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and list are alive.
        let (instance, list) = unsafe { (get(rk.cast_const()), offsets.as_mut()) };
        let (Some(instance), Some(list)) = (instance, list) else {
            return ErrorCode::_INVALID_ARG;
        };
        let Some(consumer) = find::consumer(instance) else {
            return ErrorCode::_INVALID_ARG;
        };
        if consumer.core.settings.auto_offset_store {
            return ErrorCode::_INVALID_ARG;
        }
        let list = elements_mut(list);
        let mut last = ErrorCode::NO_ERROR;
        let mut stored = 0;
        for element in list.iter_mut() {
            element.err = match find::find(instance, element) {
                Some(tp) => {
                    let at = Position::of(&partition_list::read(element));
                    store(consumer, &tp, at, metadata(element))
                }
                None => ErrorCode::_UNKNOWN_PARTITION,
            };
            if element.err.is_err() {
                last = element.err;
            } else {
                stored += 1;
            }
        }
        if stored == 0 {
            last
        } else {
            ErrorCode::NO_ERROR
        }
    })
}

/// Notes the offset after this message, with its leader epoch, to be committed next.
/// Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_offset_store_message(
    rkmessage: *mut rd_kafka_message_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        let refuse = |text: &str| error::give(KafkaError::new(ErrorCode::_INVALID_ARG, text));
        // SAFETY: the caller's message is alive.
        let Some(m) = (unsafe { message::consumed(rkmessage) }) else {
            return refuse("Only a message that was consumed has an offset to store");
        };
        if m.msg.err != 0 {
            return refuse("The message is an error: it has no offset to store");
        }
        // SAFETY: the message keeps its topic's handle.
        let topic = unsafe { get(m.msg.rkt.cast_const().cast::<rd_kafka_topic_t>()) };
        let client = topic.and_then(|t| t.client.upgrade());
        let consumer = client.and_then(|c| find::consumer_of(&c).cloned());
        let (Some(topic), Some(consumer)) = (topic, consumer) else {
            return refuse("Only a message that was consumed has an offset to store");
        };
        let at = Position::new(m.msg.offset + 1, m.leader_epoch);
        let code = match consumer.find(&topic.name, m.msg.partition) {
            Some(tp) => store(&consumer, &tp, at, None),
            None => ErrorCode::_UNKNOWN_PARTITION,
        };
        match code {
            ErrorCode::NO_ERROR => std::ptr::null_mut(),
            ErrorCode::_STATE => error::give(KafkaError::new(
                code,
                "Offsets are stored for assigned partitions only",
            )),
            code => error::give(KafkaError::new(
                code,
                format!("The offset is not stored: {code}"),
            )),
        }
    })
}

/// Commits offsets to the group: those of the list (the next ones to consume), or if it
/// is null those stored that are later than what was committed: an application that has
/// stepped back undoes a commit with a list only. Metadata is text to the brokers: of
/// bytes that are not UTF-8 U+FFFD comes back from `rd_kafka_committed`. If
/// `asynchronous`, it returns at once and the commit function or event tells the result;
/// otherwise it waits for it. `_NO_OFFSET` if there was nothing to commit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_commit(
    rk: *mut rd_kafka_t,
    offsets: *const rd_kafka_topic_partition_list_t,
    asynchronous: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and list are alive.
        let (instance, list) = unsafe { (get(rk.cast_const()), offsets.as_ref()) };
        match instance.map(find::group_consumer) {
            Some(Ok(consumer)) => {
                let offsets = list.map(|l| elements(l).iter().map(partition_list::read).collect());
                commit(consumer, offsets, asynchronous)
            }
            Some(Err(code)) => code,
            None => ErrorCode::_INVALID_ARG,
        }
    })
}

/// Commits the offset after this message. Otherwise as `rd_kafka_commit`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_commit_message(
    rk: *mut rd_kafka_t,
    rkmessage: *const rd_kafka_message_t,
    asynchronous: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and message are alive.
        let (instance, m) = unsafe {
            (
                get(rk.cast_const()),
                message::consumed(rkmessage).filter(|m| m.msg.err == 0),
            )
        };
        let (Some(instance), Some(m)) = (instance, m) else {
            return ErrorCode::_INVALID_ARG;
        };
        // SAFETY: the message keeps its topic's handle.
        let Some(topic) = (unsafe { get(m.msg.rkt.cast_const().cast::<rd_kafka_topic_t>()) })
        else {
            return ErrorCode::_INVALID_ARG;
        };
        match find::group_consumer(instance) {
            Ok(consumer) => {
                let offset = TopicPartition {
                    topic: topic.name.clone(),
                    partition: m.msg.partition,
                    offset: m.msg.offset + 1,
                    leader_epoch: m.leader_epoch,
                    metadata: None,
                    err: ErrorCode::NO_ERROR,
                };
                commit(consumer, Some(vec![offset]), asynchronous)
            }
            Err(code) => code,
        }
    })
}

/// As an asynchronous `rd_kafka_commit`, with the result going to a queue: to `cb` as
/// it is polled, or as an event if `cb` is null. A null `rkqu` waits, and then calls
/// `cb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_commit_queue(
    rk: *mut rd_kafka_t,
    offsets: *const rd_kafka_topic_partition_list_t,
    rkqu: *mut rd_kafka_queue_t,
    cb: Option<
        unsafe extern "C" fn(
            rk: *mut rd_kafka_t,
            err: rd_kafka_resp_err_t,
            offsets: *mut rd_kafka_topic_partition_list_t,
            commit_opaque: *mut c_void,
        ),
    >,
    commit_opaque: *mut c_void,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handles and list are alive.
        let (instance, list, queue) = unsafe {
            (
                get(rk.cast_const()),
                offsets.as_ref(),
                get(rkqu.cast_const()),
            )
        };
        let Some(instance) = instance else {
            return ErrorCode::_INVALID_ARG;
        };
        let consumer = match find::group_consumer(instance) {
            Ok(consumer) => consumer,
            Err(code) => return code,
        };
        let own = queue.map_or_else(|| Arc::new(Queue::new()), |q| q.queue.clone());
        let callback = Callback::<CommitCb>::new(cb);
        let reply = CommitReply::Queue {
            queue: own.clone(),
            callback: callback.address(),
            opaque: commit_opaque.expose_provenance(),
        };
        let offsets: Option<Vec<_>> =
            list.map(|l| elements(l).iter().map(partition_list::read).collect());
        let sent = consumer.commit(Commit {
            offsets: offsets.clone(),
            reply,
        });
        if queue.is_some() {
            // Nothing comes to the queue once the consumer is closed.
            return ErrorCode::NO_ERROR;
        }
        if let Err(code) = sent {
            own.push(Event::OffsetCommit(Box::new(CommitEvent {
                result: CommitResult { code, offsets },
                callback: callback.address(),
                opaque: commit_opaque.expose_provenance(),
            })));
        }
        match own.pop(None) {
            Some(Event::OffsetCommit(e)) => {
                let code = e.result.code;
                serve::dispatch(instance, Event::OffsetCommit(e));
                code
            }
            _ => ErrorCode::_TIMED_OUT,
        }
    })
}

/// Asks the coordinator for the committed offsets of these partitions, up to
/// `timeout_ms`; `RD_KAFKA_OFFSET_INVALID` where there is none. Each element's `err`
/// says how it went; with `isolation.level` read_committed, offsets of open
/// transactions are waited for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_committed(
    rk: *mut rd_kafka_t,
    partitions: *mut rd_kafka_topic_partition_list_t,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and list are alive.
        let (instance, list) = unsafe { (get(rk.cast_const()), partitions.as_mut()) };
        let (Some(instance), Some(list)) = (instance, list) else {
            return ErrorCode::_INVALID_ARG;
        };
        let consumer = match find::group_consumer(instance) {
            Ok(consumer) => consumer,
            Err(code) => return code,
        };
        let list = elements_mut(list);
        for element in list.iter_mut() {
            element.offset = offset::INVALID;
        }
        let wanted = list
            .iter()
            .map(|e| (Arc::from(partition_list::name(e)), e.partition))
            .collect();
        let timeout = u64::try_from(timeout_ms).ok().map(Duration::from_millis);
        match consumer.committed(wanted, timeout) {
            Ok(found) => {
                for (element, found) in list.iter_mut().zip(&found) {
                    partition_list::update(element, found);
                }
                ErrorCode::NO_ERROR
            }
            Err(code) => code,
        }
    })
}
