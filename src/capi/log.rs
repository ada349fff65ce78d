//! Log lines.

use std::ffi::CStr;
use std::ptr;

use libc::{c_char, c_int};

use super::callback::Callback;
use super::handle::{get, peek};
use crate::base::cancel::NotCancelled;
use crate::base::error::ErrorCode;
use crate::base::stderr;
use crate::base::time::wall_ms;
use crate::capi::boundary::ffi;
use crate::capi::types::{rd_kafka_queue_t, rd_kafka_resp_err_t, rd_kafka_t};

/// Writes a line to stderr: the standard logger.
pub(super) fn print(rk: *const rd_kafka_t, level: c_int, facility: &CStr, text: &CStr) {
    let now = wall_ms();
    // SAFETY: null, or a live handle.
    let name = unsafe { peek(rk) }.map(|i| i.name.to_string_lossy());
    let line = format!(
        "%{level}|{}.{:03}|{}|{}| {}\n",
        now / 1000,
        now % 1000,
        facility.to_string_lossy(),
        name.unwrap_or_default(),
        text.to_string_lossy(),
    );
    stderr::write(&line);
}

/// Sends the log lines to a queue, or to the main queue if `rkqu` is null, for `log_cb`
/// or as events. `_NOT_CONFIGURED` unless the property `log.queue` is true; set that,
/// so that nothing of the start is missed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_set_log_queue(
    rk: *mut rd_kafka_t,
    rkqu: *mut rd_kafka_queue_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handles are alive.
        unsafe {
            let Some(instance) = get(rk.cast_const()) else {
                return ErrorCode::_INVALID_ARG;
            };
            let shared = &instance.client.shared;
            if !shared.conf.global.log_queue {
                return ErrorCode::_NOT_CONFIGURED;
            }
            let queue = match get(rkqu.cast_const()) {
                Some(q) => q.queue.clone(),
                None => shared.main_queue.clone(),
            };
            shared.set_log_queue(queue);
            ErrorCode::NO_ERROR
        }
    })
}

/// Replaces the log function. Use `rd_kafka_conf_set_log_cb` before the instance is
/// made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_set_logger(
    rk: *mut rd_kafka_t,
    func: Option<
        unsafe extern "C" fn(
            rk: *const rd_kafka_t,
            level: c_int,
            fac: *const c_char,
            buf: *const c_char,
        ),
    >,
) {
    ffi!({
        // SAFETY: the caller's handle is alive.
        if let Some(instance) = unsafe { get(rk.cast_const()) } {
            instance.hooks.set_logger(Callback::new(func));
        }
    })
}

/// Sets which lines are logged: those of this syslog severity and graver ones. With
/// `debug` set it begins at 7.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_set_log_level(rk: *mut rd_kafka_t, level: c_int) {
    ffi!({
        // SAFETY: the caller's handle is alive.
        if let Some(instance) = unsafe { get(rk.cast_const()) } {
            instance.client.shared.logger.set_level(level);
        }
    })
}

/// # Safety
/// Null, or a string that lives for `'a`.
unsafe fn or_empty<'a>(text: *const c_char) -> &'a CStr {
    if text.is_null() {
        return c"";
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }
}

/// A log function that writes to stderr; the default. For `rd_kafka_conf_set_log_cb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_log_print(
    rk: *const rd_kafka_t,
    level: c_int,
    fac: *const c_char,
    buf: *const c_char,
) {
    ffi!({
        let _whole = NotCancelled::new();
        // SAFETY: the caller's strings are alive.
        unsafe { print(rk, level, or_empty(fac), or_empty(buf)) };
    })
}

/// A log function that writes to syslog. For `rd_kafka_conf_set_log_cb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_log_syslog(
    rk: *const rd_kafka_t,
    level: c_int,
    fac: *const c_char,
    buf: *const c_char,
) {
    ffi!({
        let _whole = NotCancelled::new();
        // SAFETY: the caller's handle and strings are alive, and the format takes
        // the three strings it is given.
        unsafe {
            static OPENED: std::sync::Once = std::sync::Once::new();
            OPENED.call_once(|| {
                libc::openlog(
                    c"rdkafka".as_ptr(),
                    libc::LOG_PID | libc::LOG_CONS,
                    libc::LOG_USER,
                );
            });
            let name = peek(rk).map_or(ptr::null(), |i| i.name.as_ptr());
            libc::syslog(
                level,
                c"%s: %s: %s".as_ptr(),
                or_empty(fac).as_ptr(),
                or_empty(name).as_ptr(),
                or_empty(buf).as_ptr(),
            );
        }
    })
}
