//! Events and what is in them.

use libc::{c_char, c_int, c_void, size_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_event_t, rd_kafka_event_type_t, rd_kafka_message_t, rd_kafka_resp_err_t,
    rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_t,
};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_type(
    rkev: *const rd_kafka_event_t,
) -> rd_kafka_event_type_t {
    ffi!({ not_built!(rkev) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_name(rkev: *const rd_kafka_event_t) -> *const c_char {
    ffi!({ not_built!(rkev) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_destroy(rkev: *mut rd_kafka_event_t) {
    ffi!({ not_built!(rkev) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_message_next(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_message_t {
    ffi!({ not_built!(rkev) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_message_array(
    rkev: *mut rd_kafka_event_t,
    rkmessages: *mut *const rd_kafka_message_t,
    size: size_t,
) -> size_t {
    ffi!({ not_built!(rkev, rkmessages, size) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_message_count(rkev: *mut rd_kafka_event_t) -> size_t {
    ffi!({ not_built!(rkev) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_config_string(
    rkev: *mut rd_kafka_event_t,
) -> *const c_char {
    ffi!({ not_built!(rkev) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_error(rkev: *mut rd_kafka_event_t) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkev) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_error_string(rkev: *mut rd_kafka_event_t) -> *const c_char {
    ffi!({ not_built!(rkev) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_error_is_fatal(rkev: *mut rd_kafka_event_t) -> c_int {
    ffi!({ not_built!(rkev) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_opaque(rkev: *mut rd_kafka_event_t) -> *mut c_void {
    ffi!({ not_built!(rkev) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_log(
    rkev: *mut rd_kafka_event_t,
    fac: *mut *const c_char,
    str: *mut *const c_char,
    level: *mut c_int,
) -> c_int {
    ffi!({ not_built!(rkev, fac, str, level) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_debug_contexts(
    rkev: *mut rd_kafka_event_t,
    dst: *mut c_char,
    dstsize: size_t,
) -> c_int {
    ffi!({ not_built!(rkev, dst, dstsize) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_stats(rkev: *mut rd_kafka_event_t) -> *const c_char {
    ffi!({ not_built!(rkev) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_topic_partition_list(
    rkev: *mut rd_kafka_event_t,
) -> *mut rd_kafka_topic_partition_list_t {
    ffi!({ not_built!(rkev) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_topic_partition(
    rkev: *mut rd_kafka_event_t,
) -> *mut rd_kafka_topic_partition_t {
    ffi!({ not_built!(rkev) })
}
