//! Messages: consumed ones, and those in delivery reports.
//!
//! Both begin with the public fields and go on with what the accessors here
//! read (`base::message::MessageExt`).

use std::any::Any;
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use libc::c_char;

use super::handle::{give, take};
use super::instance::topics::TopicObject;
use crate::base::error::ErrorCode;
use crate::base::headers::Headers;
use crate::base::message::{self, MessageExt, MessageKind};
use crate::capi::boundary::ffi;
use crate::capi::types::{
    rd_kafka_headers_t, rd_kafka_message_t, rd_kafka_msg_status_t, rd_kafka_resp_err_t,
    rd_kafka_timestamp_type_t,
};
use crate::producer::Delivery;
use crate::protocol::records::cursor;

const _: () = assert!(size_of::<rd_kafka_message_t>() == size_of::<message::Message>());

/// The public part of a message, for C.
pub(crate) fn as_c(m: *mut MessageExt) -> *mut rd_kafka_message_t {
    m.cast()
}

/// # Safety
/// Null, or a message that this library made and that is alive.
unsafe fn ext<'a>(m: *const rd_kafka_message_t) -> Option<&'a MessageExt> {
    // SAFETY: messages given to C are the first field of a MessageExt.
    unsafe { m.cast::<MessageExt>().as_ref() }
}

/// # Safety
/// As for [`ext`], and nobody else uses the message meanwhile.
unsafe fn ext_mut<'a>(m: *mut rd_kafka_message_t) -> Option<&'a mut MessageExt> {
    // SAFETY: as above.
    unsafe { m.cast::<MessageExt>().as_mut() }
}

/// A consumed message.
///
/// # Safety
/// As for [`ext`].
pub(crate) unsafe fn consumed<'a>(m: *const rd_kafka_message_t) -> Option<&'a MessageExt> {
    // SAFETY: the caller's promise.
    unsafe { ext(m) }.filter(|m| m.kind == MessageKind::Consumed)
}

/// A message that is nothing but an error.
pub(crate) fn error(code: ErrorCode) -> *mut rd_kafka_message_t {
    let mut m = MessageExt::default();
    m.msg.err = code.0;
    (m.msg.partition, m.msg.offset) = (0, 0);
    match message::single(m, bytes::Bytes::new(), None) {
        Some(m) => as_c(m.as_ptr()),
        None => ptr::null_mut(),
    }
}

/// As [`error`], with a text of its own, about a topic or none.
pub(crate) fn with_text(
    code: ErrorCode,
    text: &str,
    topic: Option<Arc<TopicObject>>,
) -> Option<ptr::NonNull<MessageExt>> {
    let mut with_nul = Vec::with_capacity(text.len() + 1);
    with_nul.extend_from_slice(text.as_bytes());
    with_nul.push(0);
    let data = bytes::Bytes::from(with_nul);
    let mut m = MessageExt::default();
    m.msg.err = code.0;
    m.msg.partition = 0;
    m.msg.payload = data.as_ptr().cast_mut().cast();
    m.msg.len = text.len();
    let keep = topic.map(|topic| {
        m.msg.rkt = Arc::as_ptr(&topic).cast_mut().cast();
        topic as Arc<dyn Any + Send + Sync>
    });
    message::single(m, data, keep)
}

const NOT_PERSISTED: i32 = 0;
const POSSIBLY_PERSISTED: i32 = 1;
const PERSISTED: i32 = 2;
pub(super) const CREATE_TIME: i32 = 1;
const LOG_APPEND_TIME: i32 = 2;

/// The report on one message of a batch, pointing into the batch; `None` past the
/// last one.
#[inline]
pub(crate) fn delivered(d: &Delivery, at: usize) -> Option<MessageExt> {
    let batch = &d.batch;
    let entry = batch.entries.get(at)?;
    let data = batch.encoded();
    let place = |bytes: Option<&[u8]>| {
        bytes.map_or((ptr::null_mut(), 0), |b| {
            (b.as_ptr().cast_mut().cast::<c_void>(), b.len())
        })
    };
    let (mut payload, len) = place(entry.spans.value.slice(data));
    if entry.payload_ptr != 0 {
        payload = ptr::with_exposed_provenance_mut(entry.payload_ptr);
    }
    let (key, key_len) = place(entry.spans.key.slice(data));
    let mut m = MessageExt::delivered();
    let (err, why) = match &batch.refusal {
        Some(refusal) if d.err.is_err() => refusal.of(at, d.err),
        _ => (d.err, None),
    };
    m.msg.err = err.0;
    m.errstr = why.map_or(ptr::null(), |why| why.as_ptr());
    m.msg.rkt =
        ptr::with_exposed_provenance_mut(batch.topic.handle.get().copied().unwrap_or_default());
    m.msg.partition = batch.partition;
    m.msg.payload = payload;
    m.msg.len = len;
    m.msg.key = key;
    m.msg.key_len = key_len;
    m.msg.offset = if d.base_offset >= 0 {
        d.base_offset + at as i64
    } else {
        -1001
    };
    m.msg.private = entry.opaque as *mut c_void;
    (m.timestamp, m.timestamp_type) = if d.log_append_time >= 0 {
        (d.log_append_time, LOG_APPEND_TIME)
    } else {
        (entry.timestamp, CREATE_TIME)
    };
    m.latency = d.latency_us(entry);
    m.broker_id = d.broker_id;
    m.status = if d.err.is_err() {
        if batch.possibly_persisted {
            POSSIBLY_PERSISTED
        } else {
            NOT_PERSISTED
        }
    } else if batch.topic.settings.acks == 0 {
        POSSIBLY_PERSISTED
    } else {
        PERSISTED
    };
    if entry.spans.header_count > 0 {
        let encoded = batch.headers(entry);
        m.headers = encoded.as_ptr();
        m.headers_len = u32::try_from(encoded.len()).unwrap_or(0);
        m.headers_count = entry.spans.header_count;
    }
    Some(m)
}

/// Frees the headers object that was made for a message.
///
/// # Safety
/// Nobody uses the object any more.
pub(crate) unsafe fn drop_headers(m: &mut MessageExt) {
    let object = std::mem::replace(&mut m.headers_object, ptr::null_mut());
    if !object.is_null() {
        // SAFETY: made by `headers_of`, and owned by the message.
        drop(unsafe { take::<rd_kafka_headers_t>(object.cast()) });
    }
}

/// The message's headers as an object, which the message owns.
fn headers_of(m: &mut MessageExt) -> Result<*mut rd_kafka_headers_t, ErrorCode> {
    if m.headers_object.is_null() {
        if m.headers_count == 0 || m.headers.is_null() {
            return Err(ErrorCode::_NOENT);
        }
        // SAFETY: the encoded headers lie in the batch that the message keeps.
        let encoded = unsafe { std::slice::from_raw_parts(m.headers, m.headers_len as usize) };
        let mut headers = Headers::with_capacity(m.headers_count as usize);
        for header in cursor::headers(encoded, m.headers_count) {
            let header = header.map_err(|_| ErrorCode::_BAD_MSG)?;
            headers.add(header.name, header.value);
        }
        m.headers_object = give::<rd_kafka_headers_t>(headers).cast();
    }
    Ok(m.headers_object.cast())
}

/// Gives back a message that was consumed; its payload, key and headers are no longer
/// good. Not for messages of delivery reports and of events, which belong to their
/// report or event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_destroy(rkmessage: *mut rd_kafka_message_t) {
    ffi!({
        // SAFETY: the application gives the message up.
        unsafe {
            if let Some(m) = ext_mut(rkmessage) {
                drop_headers(m);
                if m.kind == MessageKind::Consumed {
                    message::release(m);
                }
            }
        }
    })
}

/// A text for the message's error: the broker's or the library's own if there is one,
/// otherwise that of the code. Null if there is no error. Good as long as the message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_errstr(
    rkmessage: *const rd_kafka_message_t,
) -> *const c_char {
    ffi!({
        // SAFETY: the caller's message is alive.
        let Some(m) = (unsafe { ext(rkmessage) }) else {
            return ptr::null();
        };
        if m.msg.err == 0 {
            return ptr::null();
        }
        // The text of a consumer error is its payload, which ends with a NUL.
        if m.kind == MessageKind::Consumed && !m.msg.payload.is_null() {
            return m.msg.payload.cast_const().cast();
        }
        // SAFETY: any code has a text.
        unsafe { super::error::rd_kafka_err2str(ErrorCode(m.msg.err)) }
    })
}

/// As `rd_kafka_message_errstr` for a message in a delivery report, with the reason
/// that the broker gave for refusing it (KIP-467), if it did.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_produce_errstr(
    rkmessage: *const rd_kafka_message_t,
) -> *const c_char {
    ffi!({
        // SAFETY: the caller's message is alive.
        match unsafe { ext(rkmessage) } {
            Some(m) if m.msg.err != 0 && !m.errstr.is_null() => m.errstr,
            // SAFETY: any code has a text.
            Some(m) if m.msg.err != 0 => unsafe {
                super::error::rd_kafka_err2str(ErrorCode(m.msg.err))
            },
            _ => ptr::null(),
        }
    })
}

/// The message's timestamp in milliseconds since 1970, or -1; `*tstype`, unless null,
/// says who set it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_timestamp(
    rkmessage: *const rd_kafka_message_t,
    tstype: *mut rd_kafka_timestamp_type_t,
) -> i64 {
    ffi!({
        // SAFETY: the caller's message is alive, and the place for the type, if
        // there is one, is writable.
        unsafe {
            // A message that failed has none, as with librdkafka.
            let m = ext(rkmessage).filter(|m| m.msg.err == 0);
            if let Some(place) = tstype.as_mut() {
                *place = rd_kafka_timestamp_type_t(m.map_or(0, |m| m.timestamp_type));
            }
            m.map_or(-1, |m| m.timestamp)
        }
    })
}

/// How long it took from the produce call to the delivery report, in microseconds; -1
/// if that is not known. For delivery reports.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_latency(rkmessage: *const rd_kafka_message_t) -> i64 {
    // SAFETY: the caller's message is alive.
    ffi!({ unsafe { ext(rkmessage) }.map_or(-1, |m| m.latency) })
}

/// The broker that the message came from or went to; -1 if that is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_broker_id(rkmessage: *const rd_kafka_message_t) -> i32 {
    // SAFETY: the caller's message is alive.
    ffi!({ unsafe { ext(rkmessage) }.map_or(-1, |m| m.broker_id) })
}

/// Sets `*hdrsp` to the message's headers, which it keeps and which are good as long as
/// the message. `_NOENT` if there are none, `_BAD_MSG` or another code if they cannot
/// be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_headers(
    rkmessage: *const rd_kafka_message_t,
    hdrsp: *mut *mut rd_kafka_headers_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's message is alive and used by this thread alone.
        unsafe {
            let (Some(m), Some(place)) = (ext_mut(rkmessage.cast_mut()), hdrsp.as_mut()) else {
                return ErrorCode::_INVALID_ARG;
            };
            match headers_of(m) {
                Ok(headers) => {
                    *place = headers;
                    ErrorCode::NO_ERROR
                }
                Err(code) => code,
            }
        }
    })
}

/// As `rd_kafka_message_headers`, and the application owns the headers from then on: it
/// frees them, or produces them again. A consumed message that is asked again gives
/// another copy.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_detach_headers(
    rkmessage: *mut rd_kafka_message_t,
    hdrsp: *mut *mut rd_kafka_headers_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's message is alive and used by this thread alone.
        unsafe {
            let (Some(m), Some(place)) = (ext_mut(rkmessage), hdrsp.as_mut()) else {
                return ErrorCode::_INVALID_ARG;
            };
            match headers_of(m) {
                Ok(headers) => {
                    m.headers_object = ptr::null_mut();
                    // A consumed message keeps its headers as they came, and gives
                    // another object when asked again.
                    if m.kind == MessageKind::Delivered {
                        m.headers_count = 0;
                    }
                    *place = headers;
                    ErrorCode::NO_ERROR
                }
                Err(code) => code,
            }
        }
    })
}

/// Replaces the message's headers by `hdrs`, which it owns from then on; null removes
/// them. For interceptors that change a message before it is sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_set_headers(
    rkmessage: *mut rd_kafka_message_t,
    hdrs: *mut rd_kafka_headers_t,
) {
    ffi!({
        // SAFETY: the caller's message is alive; the headers become the message's.
        unsafe {
            if let Some(m) = ext_mut(rkmessage) {
                drop_headers(m);
                m.headers_count = 0;
                m.headers_object = hdrs.cast();
            }
        }
    })
}

/// Whether the message of a delivery report is in the log.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_status(
    rkmessage: *const rd_kafka_message_t,
) -> rd_kafka_msg_status_t {
    // SAFETY: the caller's message is alive.
    ffi!({ rd_kafka_msg_status_t(unsafe { ext(rkmessage) }.map_or(0, |m| m.status)) })
}

/// The epoch of the leader that wrote the message's batch, or -1 if the broker's or the
/// batch's version has none. For consumed messages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_leader_epoch(
    rkmessage: *const rd_kafka_message_t,
) -> i32 {
    // SAFETY: the caller's message is alive.
    ffi!({ unsafe { ext(rkmessage) }.map_or(-1, |m| m.leader_epoch) })
}

/// How many times the record was delivered, this time included (KIP-932); -1 for a
/// message that is not a share consumer's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_message_delivery_count(
    rkmessage: *const rd_kafka_message_t,
) -> i16 {
    // SAFETY: the caller's message is alive.
    ffi!({ unsafe { ext(rkmessage) }.map_or(0, |m| m.delivery_count) })
}
