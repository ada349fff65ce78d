//! Queues of events.

use libc::{c_char, c_int, c_void, size_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{rd_kafka_event_t, rd_kafka_queue_t, rd_kafka_t};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_new(rk: *mut rd_kafka_t) -> *mut rd_kafka_queue_t {
    ffi!({ not_built!(rk) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_destroy(rkqu: *mut rd_kafka_queue_t) {
    ffi!({ not_built!(rkqu) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_get_main(rk: *mut rd_kafka_t) -> *mut rd_kafka_queue_t {
    ffi!({ not_built!(rk) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_get_consumer(rk: *mut rd_kafka_t) -> *mut rd_kafka_queue_t {
    ffi!({ not_built!(rk) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_get_partition(
    rk: *mut rd_kafka_t,
    topic: *const c_char,
    partition: i32,
) -> *mut rd_kafka_queue_t {
    ffi!({ not_built!(rk, topic, partition) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_get_background(
    rk: *mut rd_kafka_t,
) -> *mut rd_kafka_queue_t {
    ffi!({ not_built!(rk) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_forward(
    src: *mut rd_kafka_queue_t,
    dst: *mut rd_kafka_queue_t,
) {
    ffi!({ not_built!(src, dst) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_length(rkqu: *mut rd_kafka_queue_t) -> size_t {
    ffi!({ not_built!(rkqu) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_io_event_enable(
    rkqu: *mut rd_kafka_queue_t,
    fd: c_int,
    payload: *const c_void,
    size: size_t,
) {
    ffi!({ not_built!(rkqu, fd, payload, size) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_cb_event_enable(
    rkqu: *mut rd_kafka_queue_t,
    event_cb: Option<unsafe extern "C" fn(rk: *mut rd_kafka_t, qev_opaque: *mut c_void)>,
    qev_opaque: *mut c_void,
) {
    ffi!({ not_built!(rkqu, event_cb, qev_opaque) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_yield(rkqu: *mut rd_kafka_queue_t) {
    ffi!({ not_built!(rkqu) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_poll(
    rkqu: *mut rd_kafka_queue_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_event_t {
    ffi!({ not_built!(rkqu, timeout_ms) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_poll_callback(
    rkqu: *mut rd_kafka_queue_t,
    timeout_ms: c_int,
) -> c_int {
    ffi!({ not_built!(rkqu, timeout_ms) })
}
