//! Events and what is in them.

use libc::{c_char, c_int, c_void, size_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_event_t, rd_kafka_event_type_t, rd_kafka_message_t, rd_kafka_resp_err_t,
    rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_t,
};

/// The kind of event, `RD_KAFKA_EVENT_*`; `RD_KAFKA_EVENT_NONE` for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_type(
    rkev: *const rd_kafka_event_t,
) -> rd_kafka_event_type_t {
    ffi!({ not_built!(rkev) })
}

/// The name of the event's kind. A constant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_name(rkev: *const rd_kafka_event_t) -> *const c_char {
    ffi!({ not_built!(rkev) })
}

/// Frees an event with all that came out of it. A rebalance that was not answered is
/// answered by default. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_destroy(rkev: *mut rd_kafka_event_t) {
    ffi!({ not_built!(rkev) })
}

/// The next message of a DR or FETCH event; null after the last one. It belongs to the
/// event, and must not be destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_message_next(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_message_t {
    ffi!({ not_built!(rkev) })
}

/// Fills `rkmessages` with up to `size` of the event's messages that were not taken
/// yet, and returns how many. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_message_array(
    rkev: *mut rd_kafka_event_t,
    rkmessages: *mut *const rd_kafka_message_t,
    size: size_t,
) -> size_t {
    ffi!({ not_built!(rkev, rkmessages, size) })
}

/// How many messages the event holds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_message_count(rkev: *mut rd_kafka_event_t) -> size_t {
    ffi!({ not_built!(rkev) })
}

/// The `sasl.oauthbearer.config` of an OAUTHBEARER_TOKEN_REFRESH event; null otherwise,
/// and if it is not set. Good as long as the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_config_string(
    rkev: *mut rd_kafka_event_t,
) -> *const c_char {
    ffi!({ not_built!(rkev) })
}

/// The response code of the event; `NO_ERROR` if it has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_error(rkev: *mut rd_kafka_event_t) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkev) })
}

/// The text to the code; null if there is no error. Good as long as the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_error_string(rkev: *mut rd_kafka_event_t) -> *const c_char {
    ffi!({ not_built!(rkev) })
}

/// 1 if an ERROR event is about a fatal error, otherwise 0; `rd_kafka_fatal_error` says
/// which.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_error_is_fatal(rkev: *mut rd_kafka_event_t) -> c_int {
    ffi!({ not_built!(rkev) })
}

/// What the application has given for this event: of `rd_kafka_commit_queue` or of the
/// admin options. Null otherwise.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_opaque(rkev: *mut rd_kafka_event_t) -> *mut c_void {
    ffi!({ not_built!(rkev) })
}

/// Takes a LOG event apart: who says it, what, and how severe it is as syslog counts.
/// Returns 0, or -1 for events of another kind. The strings are good as long as the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_log(
    rkev: *mut rd_kafka_event_t,
    fac: *mut *const c_char,
    str: *mut *const c_char,
    level: *mut c_int,
) -> c_int {
    ffi!({ not_built!(rkev, fac, str, level) })
}

/// Writes the debug contexts of a LOG event to `dst`, separated by commas. Returns 0,
/// or -1 for events of another kind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_debug_contexts(
    rkev: *mut rd_kafka_event_t,
    dst: *mut c_char,
    dstsize: size_t,
) -> c_int {
    ffi!({ not_built!(rkev, dst, dstsize) })
}

/// The JSON of a STATS event; null otherwise. Good as long as the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_stats(rkev: *mut rd_kafka_event_t) -> *const c_char {
    ffi!({ not_built!(rkev) })
}

/// The partitions of a REBALANCE or OFFSET_COMMIT event; null otherwise. Good as long
/// as the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_topic_partition_list(
    rkev: *mut rd_kafka_event_t,
) -> *mut rd_kafka_topic_partition_list_t {
    ffi!({ not_built!(rkev) })
}

/// The partition that an ERROR event is about, as an object that the application frees
/// by `rd_kafka_topic_partition_destroy`; null if it is about none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_topic_partition(
    rkev: *mut rd_kafka_event_t,
) -> *mut rd_kafka_topic_partition_t {
    ffi!({ not_built!(rkev) })
}
