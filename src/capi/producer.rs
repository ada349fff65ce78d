//! Producing.

use std::any::Any;
use std::borrow::Cow;
use std::ffi::CStr;
use std::ptr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use libc::{c_int, c_void, size_t};

use super::error::give;
use super::handle::{self, get, take};
use super::instance::Instance;
use super::intercept::SendHooks;
use super::last_error::set_last_error;
use super::{cstr, headers, message, serve};
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::headers::Headers;
use crate::base::message::MessageExt;
use crate::base::time::{deadline, wall_us};
use crate::capi::boundary::ffi;
use crate::capi::types::{
    RD_KAFKA_MSG_F_BLOCK, RD_KAFKA_MSG_F_COPY, RD_KAFKA_MSG_F_FREE, RD_KAFKA_MSG_F_PARTITION,
    RD_KAFKA_PURGE_F_INFLIGHT, RD_KAFKA_PURGE_F_NON_BLOCKING, RD_KAFKA_PURGE_F_QUEUE,
    RD_KAFKA_VTYPE_END, RD_KAFKA_VTYPE_HEADER, RD_KAFKA_VTYPE_HEADERS, RD_KAFKA_VTYPE_KEY,
    RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_VTYPE_OPAQUE, RD_KAFKA_VTYPE_PARTITION, RD_KAFKA_VTYPE_RKT,
    RD_KAFKA_VTYPE_TIMESTAMP, RD_KAFKA_VTYPE_TOPIC, RD_KAFKA_VTYPE_VALUE, rd_kafka_error_t,
    rd_kafka_headers_t, rd_kafka_message_t, rd_kafka_resp_err_t, rd_kafka_t, rd_kafka_topic_t,
    rd_kafka_vu_t,
};
use crate::client::Topic;
use crate::client::types::events;
use crate::producer::Record;
use crate::protocol::records::HeaderRef;

/// The errno that goes with a refused message.
fn errno_of(code: ErrorCode) -> c_int {
    match code {
        ErrorCode::_QUEUE_FULL => libc::ENOBUFS,
        ErrorCode::MSG_SIZE_TOO_LARGE => libc::EMSGSIZE,
        ErrorCode::_UNKNOWN_PARTITION => libc::ESRCH,
        ErrorCode::_UNKNOWN_TOPIC => libc::ENOENT,
        ErrorCode::_FATAL => libc::ECANCELED,
        ErrorCode::_STATE => libc::ENOEXEC,
        _ => libc::EINVAL,
    }
}

/// A message as it comes from C.
struct Message<'a> {
    payload: *mut c_void,
    len: size_t,
    key: *const c_void,
    key_len: size_t,
    opaque: *mut c_void,
    flags: c_int,
    timestamp: i64,
    headers: &'a [HeaderRef<'a>],
}

/// Hands a message to the topic. A payload that the library is to free is freed
/// once it has been copied, which is before this returns.
///
/// # Safety
/// Payload and key are null or as long as said.
#[inline]
unsafe fn produce(topic: &Topic, partition: i32, m: &Message<'_>) -> Result<(), ErrorCode> {
    let Some(producer) = &topic.producer else {
        return Err(ErrorCode::_INVALID_ARG);
    };
    let copy = m.flags & RD_KAFKA_MSG_F_COPY != 0;
    let free = m.flags & RD_KAFKA_MSG_F_FREE != 0 && !copy;
    // SAFETY: the caller's promise.
    let (key, value) = unsafe {
        (
            (!m.key.is_null()).then(|| cstr::slice(m.key, m.key_len)),
            (!m.payload.is_null()).then(|| cstr::slice(m.payload, m.len)),
        )
    };
    let record = Record {
        key,
        value,
        headers: m.headers,
        timestamp: m.timestamp,
        opaque: m.opaque.expose_provenance(),
        payload_ptr: if copy || free {
            0
        } else {
            m.payload.expose_provenance()
        },
    };
    let block = m.flags & RD_KAFKA_MSG_F_BLOCK != 0;
    match &topic.on_send {
        None => producer.produce(partition, &record, block)?,
        Some(hooks) => intercepted(topic, producer, hooks.as_ref(), partition, record, m, block)?,
    }
    if free {
        // SAFETY: handed over by the application, from libc's allocator.
        unsafe { libc::free(m.payload) };
    }
    Ok(())
}

/// As `produce`, with interceptors: they see the message once it is sure to be queued,
/// but for its partition, and may change its headers. If it is not queued after all, they
/// are told so.
#[cold]
fn intercepted(
    topic: &Topic,
    producer: &crate::producer::Topic,
    hooks: &(dyn Any + Send + Sync),
    partition: i32,
    mut record: Record<'_>,
    m: &Message<'_>,
    block: bool,
) -> Result<(), ErrorCode> {
    let Some(hooks) = hooks.downcast_ref::<SendHooks>() else {
        return producer.produce(partition, &record, block);
    };
    let room = producer.reserve(&record, block)?;
    if record.timestamp == 0 {
        record.timestamp = wall_us() / 1000;
    }
    let mut message = MessageExt::delivered();
    message.msg.rkt = ptr::with_exposed_provenance_mut(topic.handle_address());
    message.msg.partition = partition;
    (message.msg.payload, message.msg.len) = (m.payload, m.len);
    (message.msg.key, message.msg.key_len) = (m.key.cast_mut(), m.key_len);
    message.msg.private = m.opaque;
    (message.timestamp, message.timestamp_type) = (record.timestamp, message::CREATE_TIME);
    if !record.headers.is_empty() {
        let mut headers = Headers::with_capacity(record.headers.len());
        for h in record.headers {
            headers.add(h.name, h.value);
        }
        message.headers_object = handle::give::<rd_kafka_headers_t>(headers).cast();
    }
    // SAFETY: the message and what it points to live for the calls.
    unsafe {
        hooks.on_send(message::as_c(&raw mut message));
    }
    let object: *const rd_kafka_headers_t = message.headers_object.cast_const().cast();
    // SAFETY: null, or the message's object.
    let headers: Vec<HeaderRef<'_>> = unsafe { get(object) }.map_or_else(Vec::new, |h| {
        let each = h.iter().map(|h| HeaderRef {
            name: h.name(),
            value: h.value(),
        });
        each.collect()
    });
    let record = Record {
        headers: &headers,
        ..record
    };
    let result = producer.produce_reserved(partition, &record, room);
    // SAFETY: as above; the headers are the message's own.
    unsafe {
        if let Err(code) = result {
            message.msg.err = code.0;
            hooks.on_acknowledgement(message::as_c(&raw mut message));
        }
        message::drop_headers(&mut message);
    }
    result
}

/// Queues one message to be sent, to a partition or, with `RD_KAFKA_PARTITION_UA`, to
/// one that the partitioner chooses. Of `msgflags`, `RD_KAFKA_MSG_F_COPY` copies the
/// payload, `_F_FREE` gives it to the library once the call has succeeded; with neither
/// it must stay until the delivery report. The key is always copied.
/// `RD_KAFKA_MSG_F_BLOCK` waits while the queue is full, which needs another thread to
/// poll. Returns 0, or -1: then `rd_kafka_last_error` is `_QUEUE_FULL`,
/// `MSG_SIZE_TOO_LARGE`, `_UNKNOWN_PARTITION`, `_UNKNOWN_TOPIC`,
/// `TOPIC_AUTHORIZATION_FAILED` (once a broker has said so) or another, and there
/// is no report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_produce(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    msgflags: c_int,
    payload: *mut c_void,
    len: size_t,
    key: *const c_void,
    keylen: size_t,
    msg_opaque: *mut c_void,
) -> c_int {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let Some(topic) = (unsafe { get(rkt.cast_const()) }) else {
            set_last_error(ErrorCode::_INVALID_ARG, libc::EINVAL);
            return -1;
        };
        let message = Message {
            payload,
            len,
            key,
            key_len: keylen,
            opaque: msg_opaque,
            flags: msgflags,
            timestamp: 0,
            headers: &[],
        };
        // SAFETY: payload and key are as long as the caller says.
        match unsafe { produce(topic, partition, &message) } {
            Ok(()) => {
                set_last_error(ErrorCode::NO_ERROR, 0);
                0
            }
            Err(code) => {
                set_last_error(code, errno_of(code));
                -1
            }
        }
    })
}

/// The arguments of a `producev` call, taken apart.
struct Arguments<'a> {
    topic: Option<Cow<'a, Arc<Topic>>>,
    partition: i32,
    message: Message<'a>,
    headers: Vec<HeaderRef<'a>>,
    /// The application's headers object, which a successful call takes over.
    taken: *mut rd_kafka_headers_t,
}

impl Arguments<'_> {
    fn none() -> Self {
        Arguments {
            topic: None,
            partition: -1,
            message: Message {
                payload: ptr::null_mut(),
                len: 0,
                key: ptr::null(),
                key_len: 0,
                opaque: ptr::null_mut(),
                flags: 0,
                timestamp: 0,
                headers: &[],
            },
            headers: Vec::new(),
            taken: ptr::null_mut(),
        }
    }
}

fn invalid(text: impl Into<String>) -> KafkaError {
    KafkaError::new(ErrorCode::_INVALID_ARG, text)
}

/// Both of them replace what the other gives.
const HEADERS_TWICE: &str =
    "Headers come one by one or as an object: the two are mutually exclusive";

/// # Safety
/// Each argument holds what its type says, alive for `'a`.
unsafe fn parse<'a>(
    instance: &Instance,
    vus: &'a [rd_kafka_vu_t],
) -> Result<Arguments<'a>, KafkaError> {
    let mut a = Arguments::none();
    for vu in vus {
        // SAFETY: the type says which field of the union is set, and what a
        // pointer in it leads to.
        unsafe {
            match vu.vtype {
                RD_KAFKA_VTYPE_END => break,
                RD_KAFKA_VTYPE_TOPIC => {
                    let name = cstr::strict(vu.u.cstr)
                        .ok()
                        .flatten()
                        .ok_or_else(|| invalid("The topic's name is not a string"))?;
                    a.topic = Some(Cow::Owned(instance.topic(name, None)?));
                }
                RD_KAFKA_VTYPE_RKT => {
                    let topic = get(vu.u.rkt.cast_const())
                        .ok_or_else(|| invalid("The topic is not a topic handle"))?;
                    a.topic = Some(Cow::Borrowed(topic));
                }
                RD_KAFKA_VTYPE_PARTITION => a.partition = vu.u.i32,
                RD_KAFKA_VTYPE_VALUE => {
                    a.message.payload = vu.u.mem.ptr;
                    a.message.len = vu.u.mem.size;
                }
                RD_KAFKA_VTYPE_KEY => {
                    a.message.key = vu.u.mem.ptr;
                    a.message.key_len = vu.u.mem.size;
                }
                RD_KAFKA_VTYPE_OPAQUE => a.message.opaque = vu.u.ptr,
                RD_KAFKA_VTYPE_MSGFLAGS => a.message.flags = vu.u.i,
                RD_KAFKA_VTYPE_TIMESTAMP => a.message.timestamp = vu.u.i64,
                RD_KAFKA_VTYPE_HEADER => {
                    if !a.taken.is_null() {
                        return Err(KafkaError::new(ErrorCode::_CONFLICT, HEADERS_TWICE));
                    }
                    let h = vu.u.header;
                    let name = if h.name.is_null() {
                        &[]
                    } else {
                        CStr::from_ptr(h.name).to_bytes()
                    };
                    a.headers.push(HeaderRef {
                        name,
                        value: headers::sized(h.val, h.size),
                    });
                }
                RD_KAFKA_VTYPE_HEADERS => {
                    if !a.headers.is_empty() {
                        return Err(KafkaError::new(ErrorCode::_CONFLICT, HEADERS_TWICE));
                    }
                    a.taken = vu.u.headers;
                }
                other => {
                    return Err(invalid(format!("Unsupported VTYPE {}", other.0)));
                }
            }
        }
    }
    Ok(a)
}

/// As `rd_kafka_producev`, with the arguments in an array of `cnt`. Returns null, or an
/// error that the application destroys: the fatal one, if there is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_produceva(
    rk: *mut rd_kafka_t,
    vus: *const rd_kafka_vu_t,
    cnt: size_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: the caller's handle is alive, and the array has `cnt` elements
        // whose contents outlive the call.
        let result = unsafe {
            let Some(instance) = get(rk.cast_const()) else {
                return give(invalid("rk is not a client instance"));
            };
            let vus = if vus.is_null() {
                &[]
            } else {
                std::slice::from_raw_parts(vus, cnt)
            };
            match instance.client.shared.producer_is_barred() {
                Some(fatal) => Err(fatal),
                None => parse(instance, vus).and_then(|a| produce_arguments(a)),
            }
        };
        match result {
            Ok(()) => ptr::null_mut(),
            Err(e) => give(e),
        }
    })
}

/// # Safety
/// As for [`parse`].
unsafe fn produce_arguments(mut a: Arguments<'_>) -> Result<(), KafkaError> {
    let topic = a
        .topic
        .take()
        .ok_or_else(|| invalid("A topic is wanted, by name or as an object"))?;
    // SAFETY: null, or the application's live object.
    let object: Option<&Headers> = unsafe { get(a.taken.cast_const()) };
    let from_object: Vec<HeaderRef<'_>> = object
        .map(|h| {
            h.iter()
                .map(|h| HeaderRef {
                    name: h.name(),
                    value: h.value(),
                })
                .collect()
        })
        .unwrap_or_default();
    let message = Message {
        headers: if object.is_some() {
            &from_object
        } else {
            &a.headers
        },
        ..a.message
    };
    // SAFETY: as the caller promises.
    unsafe { produce(&topic, a.partition, &message) }
        .map_err(|code| KafkaError::new(code, format!("The message is not accepted: {code}")))?;
    if object.is_some() {
        // SAFETY: a successful call takes the object over; nothing refers to it
        // any more.
        drop(unsafe { take(a.taken) });
    }
    Ok(())
}

/// Queues `message_cnt` messages, which have `payload`, `len`, `key`, `key_len`,
/// `_private` and, with `RD_KAFKA_MSG_F_PARTITION`, `partition` set. Returns how many
/// were queued; the others have `err` set, and with `_F_FREE` their payload stays the
/// application's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_produce_batch(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    msgflags: c_int,
    rkmessages: *mut rd_kafka_message_t,
    message_cnt: c_int,
) -> c_int {
    ffi!({
        let count = usize::try_from(message_cnt).unwrap_or(0);
        if rkmessages.is_null() || count == 0 {
            return 0;
        }
        // SAFETY: the caller's handle is alive, and the array has that many elements.
        let (topic, messages) = unsafe {
            (
                get(rkt.cast_const()),
                std::slice::from_raw_parts_mut(rkmessages, count),
            )
        };
        let mut queued = 0;
        for m in messages {
            let result = match topic {
                None => Err(ErrorCode::_INVALID_ARG),
                Some(topic) => {
                    let own = msgflags & RD_KAFKA_MSG_F_PARTITION != 0;
                    let message = Message {
                        payload: m.payload,
                        len: m.len,
                        key: m.key,
                        key_len: m.key_len,
                        opaque: m._private,
                        flags: msgflags,
                        timestamp: 0,
                        headers: &[],
                    };
                    let partition = if own { m.partition } else { partition };
                    // SAFETY: payload and key are as long as the message says.
                    unsafe { produce(topic, partition, &message) }
                }
            };
            m.err = result.err().unwrap_or(ErrorCode::NO_ERROR);
            queued += c_int::from(result.is_ok());
        }
        queued
    })
}

/// Waits until every message has been sent and reported, or `timeout_ms` has passed;
/// `linger.ms` does not hold while it waits. Calls the application's functions as
/// `rd_kafka_poll` does, and waits until none of their events is left. Where reports are
/// events, another thread must poll for them and destroy them, and no other event is
/// waited for. `NO_ERROR`, or `_TIMED_OUT` if some are left.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_flush(
    rk: *mut rd_kafka_t,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let Some(instance) = (unsafe { get(rk.cast_const()) }) else {
            return ErrorCode::_INVALID_ARG;
        };
        flush_until(instance, deadline(timeout_ms))
    })
}

/// As `rd_kafka_flush`; `None`: for as long as it takes.
pub(crate) fn flush_until(instance: &Instance, until: Option<Instant>) -> ErrorCode {
    instance.client.without_linger(|| flush(instance, until))
}

/// How long a flush sleeps before it looks for other events to serve.
const FLUSH_STEP: Duration = Duration::from_millis(100);

fn flush(instance: &Instance, until: Option<Instant>) -> ErrorCode {
    let shared = &instance.client.shared;
    let Some(producer) = &shared.producer else {
        return ErrorCode::_NOT_IMPLEMENTED;
    };
    // Where reports are events the application takes them from the queue, beside what
    // this call does not serve: logs and errors may wait there as long as they like.
    // Where nobody wants reports there are none.
    let as_events = shared.wants_event(events::DR);
    let c = &shared.conf.global;
    let called_back = !as_events && (c.dr_cb != 0 || c.dr_msg_cb != 0);
    loop {
        let done = if as_events {
            producer.limits.messages() == 0
        } else {
            serve::serve(instance, &shared.main_queue, Some(super::past()));
            instance.client.out_queue_len() == 0
        };
        if done {
            return ErrorCode::NO_ERROR;
        }
        if instance.is_over() {
            return ErrorCode::_DESTROY;
        }
        let now = Instant::now();
        if until.is_some_and(|u| u <= now) {
            return ErrorCode::_TIMED_OUT;
        }
        let step = until.map_or(now + FLUSH_STEP, |u| u.min(now + FLUSH_STEP));
        if called_back && !instance.background.serves(&shared.main_queue) {
            serve::serve(instance, &shared.main_queue, Some(step));
        } else {
            producer.limits.wait_empty(step - now);
        }
    }
}

/// Drops messages, as `purge_flags` says: those that wait (reported as `_PURGE_QUEUE`)
/// and those that were sent and not answered (`_PURGE_INFLIGHT`, which may be in the
/// log all the same). The reports must still be polled. `_INVALID_ARG` for unknown
/// flags, `_NOT_IMPLEMENTED` for a consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_purge(
    rk: *mut rd_kafka_t,
    purge_flags: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({
        const ALL: c_int =
            RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING;
        // SAFETY: the caller's handle is alive.
        let Some(instance) = (unsafe { get(rk.cast_const()) }) else {
            return ErrorCode::_INVALID_ARG;
        };
        if instance.client.shared.producer.is_none() {
            return ErrorCode::_NOT_IMPLEMENTED;
        }
        if purge_flags & !ALL != 0 {
            return ErrorCode::_INVALID_ARG;
        }
        if purge_flags & (RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT) != 0 {
            instance.client.purge(
                purge_flags & RD_KAFKA_PURGE_F_QUEUE != 0,
                purge_flags & RD_KAFKA_PURGE_F_INFLIGHT != 0,
                purge_flags & RD_KAFKA_PURGE_F_NON_BLOCKING == 0,
            );
        }
        ErrorCode::NO_ERROR
    })
}
