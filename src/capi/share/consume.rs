//! Subscribing, polling, acknowledging and committing.

use std::collections::HashSet;

use libc::{c_char, c_int};

use super::instance::{Parts, parts};
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::time::deadline;
use crate::capi::boundary::{ffi, forked_error, put};
use crate::capi::consume::next_shared;
use crate::capi::handle::give;
use crate::capi::topic_partition::{add, elements, new_list};
use crate::capi::types::{
    RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT, RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_REJECT,
    RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_RELEASE, rd_kafka_error_t, rd_kafka_message_t,
    rd_kafka_messages_t, rd_kafka_resp_err_t, rd_kafka_share_AcknowledgeType_t, rd_kafka_share_t,
    rd_kafka_topic_partition_list_t,
};
use crate::capi::{cstr, error, partition_list, past, serve};
use crate::client::types::SubscribedTopic;
use crate::consumer::share::AckType;

fn code_of(result: Result<(), KafkaError>) -> ErrorCode {
    result.map_or_else(|e| e.code, |()| ErrorCode::NO_ERROR)
}

/// Results of earlier acknowledgements, and the like. Fails in a child that one of the
/// application's functions has forked.
fn serve_events(parts: &Parts<'_>) -> Result<(), KafkaError> {
    let queue = &parts.instance.client.shared.main_queue;
    serve::serve(parts.instance, queue, Some(past()));
    if parts.instance.is_of_parent() {
        return Err(forked_error());
    }
    Ok(())
}

/// Sets the topics to consume, by name, in the place of the last ones; an empty list ends
/// the subscription. `_INVALID_ARG` for an empty name or one that comes twice, `_STATE` once
/// the consumer is closed, `_FATAL` after a fatal error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_subscribe(
    rkshare: *mut rd_kafka_share_t,
    topics: *const rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        let subscribe = || {
            // SAFETY: the caller's handle and list are alive.
            let (parts, list) = unsafe { (parts(rkshare)?, topics.as_ref()) };
            let _entered = parts.state.enter()?;
            parts.check_open()?;
            let list = list.ok_or(ErrorCode::_INVALID_ARG)?;
            let wanted: Vec<_> = elements(list)
                .iter()
                .map(|e| SubscribedTopic {
                    topic: partition_list::read(e),
                    opaque: e.opaque.expose_provenance(),
                })
                .collect();
            let mut seen = HashSet::new();
            let is_new = |w: &SubscribedTopic| seen.insert(w.topic.topic.clone());
            if wanted.iter().any(|w| w.topic.topic.is_empty()) || !wanted.iter().all(is_new) {
                return Err(ErrorCode::_INVALID_ARG.into());
            }
            change_subscription(&parts, wanted)
        };
        code_of(subscribe())
    })
}

fn change_subscription(parts: &Parts<'_>, wanted: Vec<SubscribedTopic>) -> Result<(), KafkaError> {
    if parts.instance.client.shared.fatal().is_some() {
        parts.consumer.subscribe(Vec::new());
        return Err(ErrorCode::_FATAL.into());
    }
    for w in &wanted {
        // Messages refer to their topic. That no topic can have a name is for the broker to
        // say.
        let _ = parts.instance.topic(&w.topic.topic, None);
    }
    parts.consumer.subscribe(wanted);
    Ok(())
}

/// Ends the subscription, and leaves the group. `_STATE` once the consumer is closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_unsubscribe(
    rkshare: *mut rd_kafka_share_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        let unsubscribe = || {
            // SAFETY: the caller's handle is alive.
            let parts = unsafe { parts(rkshare) }?;
            let _entered = parts.state.enter()?;
            parts.check_open()?;
            change_subscription(&parts, Vec::new())
        };
        code_of(unsubscribe())
    })
}

/// Sets `*topics` to a copy of the subscription, sorted by name, which the application
/// destroys. `_STATE` once the consumer is closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_subscription(
    rkshare: *mut rd_kafka_share_t,
    topics: *mut *mut rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        let ask = || {
            // SAFETY: the caller's handle is alive.
            let parts = unsafe { parts(rkshare) }?;
            let _entered = parts.state.enter()?;
            parts.check_open()?;
            if topics.is_null() {
                return Err(ErrorCode::_INVALID_ARG.into());
            }
            let wanted = parts.consumer.subscription();
            let list = new_list(wanted.len());
            for SubscribedTopic { topic, opaque } in wanted {
                // SAFETY: the list was just made, the element as well.
                unsafe {
                    let element = add(&mut *list, topic.topic.as_bytes(), topic.partition);
                    partition_list::update(&mut *element, &topic);
                    (*element).opaque = std::ptr::with_exposed_provenance_mut(opaque);
                }
            }
            // SAFETY: the caller's place.
            unsafe { put(topics, list) };
            Ok(())
        };
        code_of(ask())
    })
}

/// Takes a batch of at most `max.poll.records` records, waiting up to `timeout_ms` for some;
/// sets `*rkmessages`, which is freed by `rd_kafka_messages_destroy`, or null. The records of
/// the last batch are accepted by this, with implicit acknowledgement; with explicit
/// acknowledgement each of them has to be acknowledged before (`_STATE`). Null, or an error
/// that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_poll(
    rkshare: *mut rd_kafka_share_t,
    timeout_ms: c_int,
    rkmessages: *mut *mut rd_kafka_messages_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: the caller's place.
        unsafe { put(rkmessages, std::ptr::null_mut()) };
        let poll = || {
            // SAFETY: the caller's handle is alive.
            let parts = unsafe { parts(rkshare) }?;
            let _entered = parts.state.enter()?;
            if rkmessages.is_null() {
                let text = "There is no place for the messages";
                return Err(KafkaError::new(ErrorCode::_INVALID_ARG, text));
            }
            parts.check_open()?;
            serve_events(&parts)?;
            let messages = next_shared(parts.instance, parts.consumer, timeout_ms);
            serve_events(&parts)?;
            let messages = messages?;
            if !messages.is_empty() {
                // SAFETY: the caller's place.
                unsafe { put(rkmessages, give::<rd_kafka_messages_t>(messages)) };
            }
            Ok(())
        };
        error::give_result(poll())
    })
}

/// Accepts a record: it was processed. For `share.acknowledgement.mode=explicit`; `_STATE`
/// otherwise, and for a record that the consumer does not have.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_acknowledge(
    rkshare: *mut rd_kafka_share_t,
    rkmessage: *const rd_kafka_message_t,
) -> rd_kafka_resp_err_t {
    // SAFETY: the caller's handle and message are alive.
    ffi!({ unsafe { of_message(rkshare, rkmessage, RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT) } })
}

/// Accepts, releases or rejects a record.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_acknowledge_type(
    rkshare: *mut rd_kafka_share_t,
    rkmessage: *const rd_kafka_message_t,
    kind: rd_kafka_share_AcknowledgeType_t,
) -> rd_kafka_resp_err_t {
    // SAFETY: the caller's handle and message are alive.
    ffi!({ unsafe { of_message(rkshare, rkmessage, kind) } })
}

/// # Safety
/// Null, or alive.
unsafe fn of_message(
    rkshare: *mut rd_kafka_share_t,
    rkmessage: *const rd_kafka_message_t,
    kind: rd_kafka_share_AcknowledgeType_t,
) -> ErrorCode {
    let say = || {
        // SAFETY: the caller's promise.
        let (parts, message) = unsafe { (parts(rkshare)?, rkmessage.as_ref()) };
        let _entered = parts.state.enter()?;
        let message = message.ok_or(ErrorCode::_INVALID_ARG)?;
        // SAFETY: a message's topic lives as long as it.
        let topic = unsafe { crate::capi::handle::get(message.rkt.cast_const()) };
        let topic = topic.ok_or(ErrorCode::_STATE)?;
        acknowledge(
            &parts,
            Some(&topic.name),
            message.partition,
            message.offset,
            kind,
        )
    };
    code_of(say())
}

fn acknowledge(
    parts: &Parts<'_>,
    topic: Option<&str>,
    partition: i32,
    offset: i64,
    kind: rd_kafka_share_AcknowledgeType_t,
) -> Result<(), KafkaError> {
    parts.check_open()?;
    let topic = topic.filter(|_| partition >= 0 && offset >= 0);
    let topic = topic.ok_or(ErrorCode::_INVALID_ARG)?;
    if !parts.consumer.is_explicit() {
        return Err(ErrorCode::_STATE.into());
    }
    let kind = match kind {
        RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT => AckType::Accept,
        RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_RELEASE => AckType::Release,
        RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_REJECT => AckType::Reject,
        _ => return Err(ErrorCode::_INVALID_ARG.into()),
    };
    parts
        .consumer
        .acknowledge(topic, partition, offset, kind)
        .map_err(KafkaError::from)
}

/// Accepts, releases or rejects a record by its offset.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_acknowledge_offset(
    rkshare: *mut rd_kafka_share_t,
    topic: *const c_char,
    partition: i32,
    offset: i64,
    kind: rd_kafka_share_AcknowledgeType_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        let say = || {
            // SAFETY: the caller's handle and string are alive.
            let (parts, topic) = unsafe { (parts(rkshare)?, cstr::text(topic)) };
            let _entered = parts.state.enter()?;
            acknowledge(&parts, topic.as_deref(), partition, offset, kind)
        };
        code_of(say())
    })
}

/// Sends the acknowledgements, without waiting for the answer, of which the acknowledgement
/// callback is told. With implicit acknowledgement the records of the last batch are
/// accepted by this. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_commit_async(
    rkshare: *mut rd_kafka_share_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        let commit = || {
            // SAFETY: the caller's handle is alive.
            let parts = unsafe { parts(rkshare) }?;
            let _entered = parts.state.enter()?;
            parts.check_open()?;
            serve_events(&parts)?;
            parts.consumer.commit_async();
            Ok(())
        };
        error::give_result(commit())
    })
}

/// Sends the acknowledgements and waits up to `timeout_ms` for the answer; sets
/// `*partitions`, each with its `err`, which the application destroys; to null if there is
/// nothing to send. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_commit_sync(
    rkshare: *mut rd_kafka_share_t,
    timeout_ms: c_int,
    partitions: *mut *mut rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: the caller's place.
        unsafe { put(partitions, std::ptr::null_mut()) };
        let commit = || {
            // SAFETY: the caller's handle is alive.
            let parts = unsafe { parts(rkshare) }?;
            let _entered = parts.state.enter()?;
            parts.check_open()?;
            if partitions.is_null() {
                let text = "There is no place for the partitions' results";
                return Err(KafkaError::new(ErrorCode::_INVALID_ARG, text));
            }
            serve_events(&parts)?;
            if let Some(results) = parts.consumer.commit_sync(deadline(timeout_ms)) {
                // SAFETY: the caller's place.
                unsafe { put(partitions, partition_list::list_of(&results)) };
            }
            serve_events(&parts)?;
            Ok(())
        };
        error::give_result(commit())
    })
}
