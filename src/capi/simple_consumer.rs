//! The simple consumer: partitions started and stopped one by one.

use libc::{c_int, c_void, size_t, ssize_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{rd_kafka_message_t, rd_kafka_queue_t, rd_kafka_topic_t};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume_start(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    offset: i64,
) -> c_int {
    ffi!({ not_built!(rkt, partition, offset) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume_start_queue(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    offset: i64,
    rkqu: *mut rd_kafka_queue_t,
) -> c_int {
    ffi!({ not_built!(rkt, partition, offset, rkqu) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume_stop(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
) -> c_int {
    ffi!({ not_built!(rkt, partition) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    timeout_ms: c_int,
) -> *mut rd_kafka_message_t {
    ffi!({ not_built!(rkt, partition, timeout_ms) })
}

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

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume_queue(
    rkqu: *mut rd_kafka_queue_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_message_t {
    ffi!({ not_built!(rkqu, timeout_ms) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consume_batch_queue(
    rkqu: *mut rd_kafka_queue_t,
    timeout_ms: c_int,
    rkmessages: *mut *mut rd_kafka_message_t,
    rkmessages_size: size_t,
) -> ssize_t {
    ffi!({ not_built!(rkqu, timeout_ms, rkmessages, rkmessages_size) })
}

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
