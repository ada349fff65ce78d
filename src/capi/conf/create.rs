//! Making and copying configurations, and setting a property by its name.

use libc::{c_char, size_t};

use crate::capi::boundary::ffi;
use crate::capi::conf::object::{self, ConfObject};
use crate::capi::handle::{give, peek, take};
use crate::capi::types::{rd_kafka_conf_res_t, rd_kafka_conf_t, rd_kafka_t};

/// A configuration with all properties at their defaults. It goes to `rd_kafka_new`,
/// which takes it over, or is freed by `rd_kafka_conf_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_new() -> *mut rd_kafka_conf_t {
    ffi!({ give(ConfObject::new()) })
}

/// Frees a configuration that the application owns. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_destroy(conf: *mut rd_kafka_conf_t) {
    ffi!({
        // SAFETY: C gives the configuration up.
        drop(unsafe { take(conf) });
    })
}

/// A copy, which the application owns. Interceptors are told, and may add themselves to
/// the copy.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_dup(conf: *const rd_kafka_conf_t) -> *mut rd_kafka_conf_t {
    // SAFETY: C keeps the configuration alive and unchanged for the call.
    ffi!({ unsafe { object::dup(conf, 0, std::ptr::null_mut()) } })
}

/// As `rd_kafka_conf_dup`, without the properties whose names begin with one of the
/// `filter_cnt` strings in `filter`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_dup_filter(
    conf: *const rd_kafka_conf_t,
    filter_cnt: size_t,
    filter: *mut *const c_char,
) -> *mut rd_kafka_conf_t {
    // SAFETY: C keeps the configuration and the array alive and unchanged for the call.
    ffi!({ unsafe { object::dup(conf, filter_cnt, filter) } })
}

/// The configuration of a client instance, for reading only. Good as long as the
/// instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf(rk: *mut rd_kafka_t) -> *const rd_kafka_conf_t {
    ffi!({
        // SAFETY: the caller's handle is alive, and keeps its configuration.
        unsafe { peek(rk.cast_const()) }.map_or(std::ptr::null(), |i| i.conf_handle)
    })
}

/// Sets a property by its name; topic properties go to the default topic configuration.
/// A null or, for strings, empty value restores the default. Returns
/// `RD_KAFKA_CONF_OK`, or `_UNKNOWN` or `_INVALID` with a text in `errstr` that names
/// the property and what it may be. CONFIGURATION.md lists them all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set(
    conf: *mut rd_kafka_conf_t,
    name: *const c_char,
    value: *const c_char,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_conf_res_t {
    // SAFETY: the strings live for the call; `errstr` has room for `errstr_size` bytes;
    // nobody else uses the configuration meanwhile.
    ffi!({ unsafe { object::set(conf, name, value, errstr, errstr_size) } })
}
