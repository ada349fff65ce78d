//! Storing and committing offsets.

use libc::{c_int, c_void};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_error_t, rd_kafka_message_t, rd_kafka_queue_t, rd_kafka_resp_err_t, rd_kafka_t,
    rd_kafka_topic_partition_list_t, rd_kafka_topic_t,
};

/// Notes `offset` + 1 as the one to commit next, automatically or by `rd_kafka_commit`
/// with a null list. Needs `enable.auto.offset.store` to be false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_offset_store(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    offset: i64,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkt, partition, offset) })
}

/// Notes the elements' offsets (the next ones to consume, not the last consumed) to be
/// committed next. Each element's `err` says how it went; `_UNKNOWN_PARTITION` or
/// `_STATE` if it is not assigned. Needs `enable.auto.offset.store` to be false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_offsets_store(
    rk: *mut rd_kafka_t,
    offsets: *mut rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, offsets) })
}

/// Notes the offset after this message, with its leader epoch, to be committed next.
/// Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_offset_store_message(
    rkmessage: *mut rd_kafka_message_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkmessage) })
}

/// Commits offsets to the group: those of the list (the next ones to consume), or those
/// stored if it is null. If `asynchronous`, it returns at once and the commit function
/// or event tells the result; otherwise it waits for it. `_NO_OFFSET` if there was
/// nothing to commit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_commit(
    rk: *mut rd_kafka_t,
    offsets: *const rd_kafka_topic_partition_list_t,
    asynchronous: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, offsets, asynchronous) })
}

/// Commits the offset after this message. Otherwise as `rd_kafka_commit`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_commit_message(
    rk: *mut rd_kafka_t,
    rkmessage: *const rd_kafka_message_t,
    asynchronous: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, rkmessage, asynchronous) })
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
    ffi!({ not_built!(rk, offsets, rkqu, cb, commit_opaque) })
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
    ffi!({ not_built!(rk, partitions, timeout_ms) })
}
