//! Message headers.

use libc::{c_char, c_void, size_t, ssize_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{rd_kafka_headers_t, rd_kafka_resp_err_t};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_headers_new(initial_count: size_t) -> *mut rd_kafka_headers_t {
    ffi!({ not_built!(initial_count) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_headers_destroy(hdrs: *mut rd_kafka_headers_t) {
    ffi!({ not_built!(hdrs) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_headers_copy(
    src: *const rd_kafka_headers_t,
) -> *mut rd_kafka_headers_t {
    ffi!({ not_built!(src) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_header_add(
    hdrs: *mut rd_kafka_headers_t,
    name: *const c_char,
    name_size: ssize_t,
    value: *const c_void,
    value_size: ssize_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(hdrs, name, name_size, value, value_size) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_header_remove(
    hdrs: *mut rd_kafka_headers_t,
    name: *const c_char,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(hdrs, name) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_header_get_last(
    hdrs: *const rd_kafka_headers_t,
    name: *const c_char,
    valuep: *mut *const c_void,
    sizep: *mut size_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(hdrs, name, valuep, sizep) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_header_get(
    hdrs: *const rd_kafka_headers_t,
    idx: size_t,
    name: *const c_char,
    valuep: *mut *const c_void,
    sizep: *mut size_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(hdrs, idx, name, valuep, sizep) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_header_get_all(
    hdrs: *const rd_kafka_headers_t,
    idx: size_t,
    namep: *mut *const c_char,
    valuep: *mut *const c_void,
    sizep: *mut size_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(hdrs, idx, namep, valuep, sizep) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_header_cnt(hdrs: *const rd_kafka_headers_t) -> size_t {
    ffi!({ not_built!(hdrs) })
}
