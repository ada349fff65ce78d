//! Transactions (KIP-98).
//!
//! They are not built yet. The calls say so at once, as errors that an application
//! neither retries nor aborts for; without `transactional.id` they say what librdkafka's
//! do. A producer that has a `transactional.id` takes no messages, as outside of a
//! transaction: nothing that was meant for one is written without it.

use libc::c_int;

use crate::base::error::{ErrorCode, KafkaError};
use crate::capi::boundary::ffi;
use crate::capi::error;
use crate::capi::handle::get;
use crate::capi::types::{
    rd_kafka_consumer_group_metadata_t, rd_kafka_error_t, rd_kafka_t,
    rd_kafka_topic_partition_list_t,
};

/// What every call is answered with. `capi-tests/abi/status.sh` lists them.
macro_rules! transaction_not_built {
    ($rk:expr, $given:expr) => {{
        // SAFETY: null, or the caller's live handle.
        let error = unsafe { refusal($rk, $given) };
        error::give(error)
    }};
}

/// # Safety
/// Null, or a handle of the application's.
unsafe fn refusal(rk: *const rd_kafka_t, given: bool) -> KafkaError {
    // SAFETY: the caller's promise.
    let Some(instance) = (unsafe { get(rk) }) else {
        return ErrorCode::_INVALID_ARG.into();
    };
    if !instance.client.kind().is_producer() {
        let text = "Transactions are a producer's, and this is a consumer";
        KafkaError::new(ErrorCode::_INVALID_ARG, text)
    } else if !given {
        let text = "The offsets, or the group's metadata, are missing";
        KafkaError::new(ErrorCode::_INVALID_ARG, text)
    } else if instance.conf().global.transactional_id.is_none() {
        // The words that php-rdkafka's tests compare.
        let text = "The Transactional API requires transactional.id to be configured";
        KafkaError::new(ErrorCode::_NOT_CONFIGURED, text)
    } else {
        let text = "This version of the library has no transactions yet";
        KafkaError::new(ErrorCode::_NOT_IMPLEMENTED, text)
    }
}

/// Gets the producer id for `transactional.id`, and ends what an earlier producer with
/// this id has left open, which is fenced from then on. Once, before the first
/// transaction. On a retriable error call it again, as on `_TIMED_OUT`; any other is
/// fatal. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_init_transactions(
    rk: *mut rd_kafka_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({
        let _ = timeout_ms;
        transaction_not_built!(rk, true)
    })
}

/// Begins a transaction; what is produced from then on belongs to it. No broker is
/// asked. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_begin_transaction(rk: *mut rd_kafka_t) -> *mut rd_kafka_error_t {
    ffi!({ transaction_not_built!(rk, true) })
}

/// Adds a consumer's offsets (the next ones to consume) to the transaction, to be
/// committed with it (KIP-447). `cgmetadata` is of `rd_kafka_consumer_group_metadata`.
/// The consumer must not commit by itself. Null, or an error that the application
/// destroys: retriable, to be aborted, or fatal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_send_offsets_to_transaction(
    rk: *mut rd_kafka_t,
    offsets: *const rd_kafka_topic_partition_list_t,
    cgmetadata: *const rd_kafka_consumer_group_metadata_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({
        let _ = timeout_ms;
        transaction_not_built!(rk, !offsets.is_null() && !cgmetadata.is_null())
    })
}

/// Flushes what was produced and commits the transaction; -1 waits as long as the
/// transaction may last. The reports must be polled by another thread if they are
/// events. On a retriable error call it again; on one that requires it, abort. Null, or
/// an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_commit_transaction(
    rk: *mut rd_kafka_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({
        let _ = timeout_ms;
        transaction_not_built!(rk, true)
    })
}

/// Drops what has not been sent and aborts the transaction. On a retriable error call
/// it again. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_abort_transaction(
    rk: *mut rd_kafka_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({
        let _ = timeout_ms;
        transaction_not_built!(rk, true)
    })
}
