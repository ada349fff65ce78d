//! Logging.

use libc::{c_char, c_int};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{rd_kafka_queue_t, rd_kafka_resp_err_t, rd_kafka_t};

/// Sends the log lines to a queue, or to the main queue if `rkqu` is null, for `log_cb`
/// or as events. `_NOT_CONFIGURED` unless the property `log.queue` is true; set that,
/// so that nothing of the start is missed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_set_log_queue(
    rk: *mut rd_kafka_t,
    rkqu: *mut rd_kafka_queue_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, rkqu) })
}

/// Replaces the log function. Use `rd_kafka_conf_set_log_cb` before the instance is
/// made.
#[deprecated]
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
    ffi!({ not_built!(rk, func) })
}

/// Sets which lines are logged: those of this syslog severity and graver ones. With
/// `debug` set it begins at 7.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_set_log_level(rk: *mut rd_kafka_t, level: c_int) {
    ffi!({ not_built!(rk, level) })
}

/// A log function that writes to stderr; the default. For `rd_kafka_conf_set_log_cb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_log_print(
    rk: *const rd_kafka_t,
    level: c_int,
    fac: *const c_char,
    buf: *const c_char,
) {
    ffi!({ not_built!(rk, level, fac, buf) })
}

/// A log function that writes to syslog. For `rd_kafka_conf_set_log_cb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_log_syslog(
    rk: *const rd_kafka_t,
    level: c_int,
    fac: *const c_char,
    buf: *const c_char,
) {
    ffi!({ not_built!(rk, level, fac, buf) })
}
