//! The simple consumer: partitions started and stopped one by one.

use libc::{c_int, c_void, size_t, ssize_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{rd_kafka_message_t, rd_kafka_queue_t, rd_kafka_topic_t};

/// Starts to consume a partition with the simple consumer, from an offset or from one
/// of `RD_KAFKA_OFFSET_*`. Ended by `rd_kafka_consume_stop`. Not for instances that
/// subscribe or assign. Returns 0, or -1 with `rd_kafka_last_error`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume_start(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    offset: i64,
) -> c_int {
    ffi!({ not_built!(rkt, partition, offset) })
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
    ffi!({ not_built!(rkt, partition, offset, rkqu) })
}

/// Stops consuming a partition, and drops what was fetched of it; waits until that is
/// done. Returns 0, or -1 with `rd_kafka_last_error`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume_stop(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
) -> c_int {
    ffi!({ not_built!(rkt, partition) })
}

/// Takes one message of a started partition, waiting up to `timeout_ms`; null if there
/// is none, with `rd_kafka_last_error` telling why. Freed by
/// `rd_kafka_message_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    timeout_ms: c_int,
) -> *mut rd_kafka_message_t {
    ffi!({ not_built!(rkt, partition, timeout_ms) })
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
    ffi!({ not_built!(rkt, partition, timeout_ms, rkmessages, rkmessages_size) })
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
    ffi!({ not_built!(rkt, partition, timeout_ms, consume_cb, commit_opaque) })
}

/// As `rd_kafka_consume`, from a queue.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume_queue(
    rkqu: *mut rd_kafka_queue_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_message_t {
    ffi!({ not_built!(rkqu, timeout_ms) })
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
    ffi!({ not_built!(rkqu, timeout_ms, rkmessages, rkmessages_size) })
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
    ffi!({ not_built!(rkqu, timeout_ms, consume_cb, commit_opaque) })
}
