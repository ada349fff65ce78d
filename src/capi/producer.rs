//! Producing.

use libc::{c_int, c_void, size_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_error_t, rd_kafka_message_t, rd_kafka_resp_err_t, rd_kafka_t, rd_kafka_topic_t,
    rd_kafka_vu_t,
};

/// Queues one message to be sent, to a partition or, with `RD_KAFKA_PARTITION_UA`, to
/// one that the partitioner chooses. Of `msgflags`, `RD_KAFKA_MSG_F_COPY` copies the
/// payload, `_F_FREE` gives it to the library once the call has succeeded; with neither
/// it must stay until the delivery report. The key is always copied.
/// `RD_KAFKA_MSG_F_BLOCK` waits while the queue is full, which needs another thread to
/// poll. Returns 0, or -1: then `rd_kafka_last_error` is `_QUEUE_FULL`,
/// `MSG_SIZE_TOO_LARGE`, `_UNKNOWN_PARTITION`, `_UNKNOWN_TOPIC` or another, and there
/// is no report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_produce(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    msgflags: c_int,
    payload: *mut c_void,
    len: size_t,
    key: *const c_void,
    keylen: size_t,
    msg_opaque: *mut c_void,
) -> c_int {
    ffi!({
        not_built!(
            rkt, partition, msgflags, payload, len, key, keylen, msg_opaque
        )
    })
}

/// As `rd_kafka_producev`, with the arguments in an array of `cnt`. Returns null, or an
/// error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_produceva(
    rk: *mut rd_kafka_t,
    vus: *const rd_kafka_vu_t,
    cnt: size_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rk, vus, cnt) })
}

/// Queues `message_cnt` messages, which have `payload`, `len`, `key`, `key_len`,
/// `_private` and, with `RD_KAFKA_MSG_F_PARTITION`, `partition` set. Returns how many
/// were queued; the others have `err` set, and with `_F_FREE` their payload stays the
/// application's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_produce_batch(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    msgflags: c_int,
    rkmessages: *mut rd_kafka_message_t,
    message_cnt: c_int,
) -> c_int {
    ffi!({ not_built!(rkt, partition, msgflags, rkmessages, message_cnt) })
}

/// Waits until every message has been sent and reported, or `timeout_ms` has passed;
/// `linger.ms` does not hold while it waits. Calls the application's functions as
/// `rd_kafka_poll` does; where reports are events, another thread must poll for them.
/// `NO_ERROR`, or `_TIMED_OUT` if some are left.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_flush(
    rk: *mut rd_kafka_t,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, timeout_ms) })
}

/// Drops messages, as `purge_flags` says: those that wait (reported as `_PURGE_QUEUE`)
/// and those that were sent and not answered (`_PURGE_INFLIGHT`, which may be in the
/// log all the same). The reports must still be polled. `_INVALID_ARG` for unknown
/// flags, `_NOT_IMPLEMENTED` for a consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_purge(
    rk: *mut rd_kafka_t,
    purge_flags: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, purge_flags) })
}
