//! What a message says beyond its fields.

use libc::c_char;

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_headers_t, rd_kafka_message_t, rd_kafka_msg_status_t, rd_kafka_resp_err_t,
    rd_kafka_timestamp_type_t,
};

/// Gives back a message that was consumed; its payload, key and headers are no longer
/// good. Not for messages of delivery reports and of events, which belong to their
/// report or event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_destroy(rkmessage: *mut rd_kafka_message_t) {
    ffi!({ not_built!(rkmessage) })
}

/// A text for the message's error: the broker's or the library's own if there is one,
/// otherwise that of the code. Null if there is no error. Good as long as the message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_errstr(
    rkmessage: *const rd_kafka_message_t,
) -> *const c_char {
    ffi!({ not_built!(rkmessage) })
}

/// As `rd_kafka_message_errstr` for a message in a delivery report, with the reason
/// that the broker gave for refusing it (KIP-467), if it did.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_produce_errstr(
    rkmessage: *const rd_kafka_message_t,
) -> *const c_char {
    ffi!({ not_built!(rkmessage) })
}

/// The message's timestamp in milliseconds since 1970, or -1; `*tstype`, unless null,
/// says who set it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_timestamp(
    rkmessage: *const rd_kafka_message_t,
    tstype: *mut rd_kafka_timestamp_type_t,
) -> i64 {
    ffi!({ not_built!(rkmessage, tstype) })
}

/// How long it took from the produce call to the delivery report, in microseconds; -1
/// if that is not known. For delivery reports.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_latency(rkmessage: *const rd_kafka_message_t) -> i64 {
    ffi!({ not_built!(rkmessage) })
}

/// The broker that the message came from or went to; -1 if that is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_broker_id(rkmessage: *const rd_kafka_message_t) -> i32 {
    ffi!({ not_built!(rkmessage) })
}

/// Sets `*hdrsp` to the message's headers, which it keeps and which are good as long as
/// the message. `_NOENT` if there are none, `_BAD_MSG` or another code if they cannot
/// be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_headers(
    rkmessage: *const rd_kafka_message_t,
    hdrsp: *mut *mut rd_kafka_headers_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkmessage, hdrsp) })
}

/// As `rd_kafka_message_headers`, and the application owns the headers from then on: it
/// frees them, or produces them again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_detach_headers(
    rkmessage: *mut rd_kafka_message_t,
    hdrsp: *mut *mut rd_kafka_headers_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkmessage, hdrsp) })
}

/// Replaces the message's headers by `hdrs`, which it owns from then on; null removes
/// them. For interceptors that change a message before it is sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_set_headers(
    rkmessage: *mut rd_kafka_message_t,
    hdrs: *mut rd_kafka_headers_t,
) {
    ffi!({ not_built!(rkmessage, hdrs) })
}

/// Whether the message of a delivery report is in the log.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_status(
    rkmessage: *const rd_kafka_message_t,
) -> rd_kafka_msg_status_t {
    ffi!({ not_built!(rkmessage) })
}

/// The epoch of the leader that wrote the message's batch, or -1 if the broker's or the
/// batch's version has none. For consumed messages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_leader_epoch(
    rkmessage: *const rd_kafka_message_t,
) -> i32 {
    ffi!({ not_built!(rkmessage) })
}

/// How many times the record was delivered, this time included (KIP-932); -1 for a
/// message that is not a share consumer's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_delivery_count(
    rkmessage: *const rd_kafka_message_t,
) -> i16 {
    ffi!({ not_built!(rkmessage) })
}
