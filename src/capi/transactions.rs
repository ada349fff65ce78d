//! Transactions (KIP-98).

use std::ffi::CStr;
use std::sync::Arc;
use std::time::Instant;

use libc::c_int;

use crate::base::error::{ErrorCode, KafkaError};
use crate::base::group_metadata::GroupMetadata;
use crate::capi::boundary::ffi;
use crate::capi::handle::get;
use crate::capi::instance::Instance;
use crate::capi::topic_partition::elements;
use crate::capi::types::{
    rd_kafka_consumer_group_metadata_t, rd_kafka_error_t, rd_kafka_t,
    rd_kafka_topic_partition_list_t,
};
use crate::capi::{error, partition_list, producer};
use crate::producer::transaction::Offsets;

/// The caller's instance, if it has transactions.
///
/// # Safety
/// Null, or a handle of the application's.
unsafe fn transactional<'a>(rk: *const rd_kafka_t) -> Result<&'a Instance, KafkaError> {
    // SAFETY: the caller's promise.
    let Some(instance) = (unsafe { get(rk) }) else {
        return Err(ErrorCode::_INVALID_ARG.into());
    };
    if !instance.client.kind().is_producer() {
        let text = "Transactions are a producer's, and this is a consumer";
        Err(KafkaError::new(ErrorCode::_INVALID_ARG, text))
    } else if instance.conf().global.transactional_id.is_none() {
        // The words that php-rdkafka's tests compare.
        let text = "The Transactional API requires transactional.id to be configured";
        Err(KafkaError::new(ErrorCode::_NOT_CONFIGURED, text))
    } else {
        Ok(instance)
    }
}

/// What the application wants committed, as who.
fn of_group(metadata: &GroupMetadata, list: &rd_kafka_topic_partition_list_t) -> Offsets {
    let text = |text: &CStr| -> Arc<str> { text.to_string_lossy().into() };
    let partitions = elements(list).iter().map(partition_list::read);
    Offsets {
        group_id: text(&metadata.group_id),
        generation: metadata.generation_id,
        member_id: text(&metadata.member_id),
        instance_id: metadata.group_instance_id.as_deref().map(text),
        partitions: partitions.filter(|p| p.offset >= 0).collect(),
    }
}

/// Gets the producer id for `transactional.id`, and ends what an earlier producer with
/// this id has left open, which is fenced from then on. Once, before the first
/// transaction. `timeout_ms` -1: twice `transaction.timeout.ms`. On a retriable error,
/// `_TIMED_OUT` among them, call it again to wait on; any other is fatal. Null, or an
/// error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_init_transactions(
    rk: *mut rd_kafka_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: null, or the caller's live handle.
        let instance = unsafe { transactional(rk) };
        error::give_result(instance.and_then(|i| i.client.init_transactions(timeout_ms)))
    })
}

/// Begins a transaction; what is produced from then on belongs to it. No broker is
/// asked. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_begin_transaction(rk: *mut rd_kafka_t) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: null, or the caller's live handle.
        let instance = unsafe { transactional(rk) };
        error::give_result(instance.and_then(|i| i.client.begin_transaction()))
    })
}

/// Adds a consumer's offsets (the next ones to consume) to the transaction, to be
/// committed with it (KIP-447). Partitions without an offset are left out. `cgmetadata` is
/// of `rd_kafka_consumer_group_metadata`. The consumer must not commit by itself. Takes no
/// longer than `transaction.timeout.ms`. Null, or an error that the application destroys:
/// retriable, to be aborted, or fatal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_send_offsets_to_transaction(
    rk: *mut rd_kafka_t,
    offsets: *const rd_kafka_topic_partition_list_t,
    cgmetadata: *const rd_kafka_consumer_group_metadata_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: null, or what the application has.
        let (metadata, list) = unsafe { (get(cgmetadata), offsets.as_ref()) };
        let (Some(metadata), Some(list)) = (metadata, list) else {
            let text = "The offsets, or the group's metadata, are missing";
            return error::give(KafkaError::new(ErrorCode::_INVALID_ARG, text));
        };
        // SAFETY: null, or the caller's live handle.
        let instance = unsafe { transactional(rk) };
        error::give_result(instance.and_then(|i| {
            let offsets = of_group(metadata, list);
            i.client.send_offsets_to_transaction(offsets, timeout_ms)
        }))
    })
}

/// Flushes what was produced and commits the transaction; the application's reports are
/// called back meanwhile, and must be polled by another thread if they are events. -1
/// waits for as long as the transaction may last. On a retriable error call it again; on
/// one that requires it, abort. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_commit_transaction(
    rk: *mut rd_kafka_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: null, or the caller's live handle.
        let instance = unsafe { transactional(rk) };
        error::give_result(instance.and_then(|i| {
            let flush = |until: Instant| producer::flush_until(i, Some(until));
            i.client.commit_transaction(timeout_ms, &flush)
        }))
    })
}

/// Drops what has not been sent, waits for what has, and aborts the transaction. The
/// reports come as with `rd_kafka_commit_transaction`. On a retriable error call it again.
/// Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_abort_transaction(
    rk: *mut rd_kafka_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: null, or the caller's live handle.
        let instance = unsafe { transactional(rk) };
        error::give_result(instance.and_then(|i| {
            let flush = |until: Instant| producer::flush_until(i, Some(until));
            i.client.abort_transaction(timeout_ms, &flush)
        }))
    })
}
