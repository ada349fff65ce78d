//! Transactions (KIP-98).

use libc::c_int;

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_consumer_group_metadata_t, rd_kafka_error_t, rd_kafka_t,
    rd_kafka_topic_partition_list_t,
};

/// Gets the producer id for `transactional.id`, and ends what an earlier producer with
/// this id has left open, which is fenced from then on. Once, before the first
/// transaction. On a retriable error call it again, as on `_TIMED_OUT`; any other is
/// fatal. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_init_transactions(
    rk: *mut rd_kafka_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rk, timeout_ms) })
}

/// Begins a transaction; what is produced from then on belongs to it. No broker is
/// asked. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_begin_transaction(rk: *mut rd_kafka_t) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rk) })
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
    ffi!({ not_built!(rk, offsets, cgmetadata, timeout_ms) })
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
    ffi!({ not_built!(rk, timeout_ms) })
}

/// Drops what has not been sent and aborts the transaction. On a retriable error call
/// it again. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_abort_transaction(
    rk: *mut rd_kafka_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rk, timeout_ms) })
}
