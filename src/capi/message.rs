//! What a message says beyond its fields.

use libc::c_char;

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_headers_t, rd_kafka_message_t, rd_kafka_msg_status_t, rd_kafka_resp_err_t,
    rd_kafka_timestamp_type_t,
};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_destroy(rkmessage: *mut rd_kafka_message_t) {
    ffi!({ not_built!(rkmessage) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_errstr(
    rkmessage: *const rd_kafka_message_t,
) -> *const c_char {
    ffi!({ not_built!(rkmessage) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_produce_errstr(
    rkmessage: *const rd_kafka_message_t,
) -> *const c_char {
    ffi!({ not_built!(rkmessage) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_timestamp(
    rkmessage: *const rd_kafka_message_t,
    tstype: *mut rd_kafka_timestamp_type_t,
) -> i64 {
    ffi!({ not_built!(rkmessage, tstype) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_latency(rkmessage: *const rd_kafka_message_t) -> i64 {
    ffi!({ not_built!(rkmessage) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_broker_id(rkmessage: *const rd_kafka_message_t) -> i32 {
    ffi!({ not_built!(rkmessage) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_headers(
    rkmessage: *const rd_kafka_message_t,
    hdrsp: *mut *mut rd_kafka_headers_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkmessage, hdrsp) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_detach_headers(
    rkmessage: *mut rd_kafka_message_t,
    hdrsp: *mut *mut rd_kafka_headers_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkmessage, hdrsp) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_set_headers(
    rkmessage: *mut rd_kafka_message_t,
    hdrs: *mut rd_kafka_headers_t,
) {
    ffi!({ not_built!(rkmessage, hdrs) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_status(
    rkmessage: *const rd_kafka_message_t,
) -> rd_kafka_msg_status_t {
    ffi!({ not_built!(rkmessage) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_leader_epoch(
    rkmessage: *const rd_kafka_message_t,
) -> i32 {
    ffi!({ not_built!(rkmessage) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_delivery_count(
    rkmessage: *const rd_kafka_message_t,
) -> i16 {
    ffi!({ not_built!(rkmessage) })
}
