//! Events, taken from a queue by applications that do without callbacks.

use std::ffi::CString;
use std::ptr;

use libc::{c_char, c_int, c_void, size_t};

use super::handle::{Boxed, Opaque, get, get_mut, take};
use super::instance::c_string;
use super::types::{
    RD_KAFKA_EVENT_DR, RD_KAFKA_EVENT_ERROR, RD_KAFKA_EVENT_LOG, RD_KAFKA_EVENT_NONE,
    RD_KAFKA_EVENT_STATS, rd_kafka_event_t, rd_kafka_event_type_t, rd_kafka_message_t,
    rd_kafka_op_s, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t,
    rd_kafka_topic_partition_t,
};
use super::{cstr, message};
use crate::base::error::ErrorCode;
use crate::base::log::context_names;
use crate::base::message::MessageExt;
use crate::capi::boundary::{ffi, not_built};
use crate::client::event::Event;

impl Opaque for rd_kafka_op_s {
    type Target = EventObject;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b45_766e;
}

/// An event and what was made of it for C.
pub struct EventObject {
    pub event: Event,
    /// Messages that the accessors gave out, in order.
    messages: Vec<MessageExt>,
    next_message: usize,
    text: CString,
    facility: CString,
}

// SAFETY: the pointers in the messages lead into the event, which goes along.
unsafe impl Send for EventObject {}

impl EventObject {
    pub fn new(event: Event) -> Self {
        let (facility, text) = match &event {
            Event::Error(e) => (CString::default(), c_string(&e.text)),
            Event::Log(line) => (c_string(line.facility), c_string(&line.text)),
            Event::Stats(json) => (CString::default(), c_string(json)),
            _ => Default::default(),
        };
        EventObject {
            event,
            messages: Vec::new(),
            next_message: 0,
            text,
            facility,
        }
    }

    fn kind(&self) -> rd_kafka_event_type_t {
        match &self.event {
            Event::Deliveries(_) => RD_KAFKA_EVENT_DR,
            Event::Error(_) => RD_KAFKA_EVENT_ERROR,
            Event::Log(_) => RD_KAFKA_EVENT_LOG,
            Event::Stats(_) => RD_KAFKA_EVENT_STATS,
            Event::Throttle { .. } | Event::Taken => RD_KAFKA_EVENT_NONE,
        }
    }

    /// Makes the messages of a delivery report, all at once so that they stay
    /// where they are.
    fn make_messages(&mut self) {
        if self.messages.is_empty()
            && let Event::Deliveries(d) = &self.event
        {
            self.messages = (d.next..d.delivery.batch.len())
                .filter_map(|at| message::delivered(&d.delivery, at))
                .collect();
        }
    }
}

impl Drop for EventObject {
    fn drop(&mut self) {
        for m in &mut self.messages {
            // SAFETY: the messages go with the event.
            unsafe { message::drop_headers(m) };
        }
    }
}

/// The kind of event, `RD_KAFKA_EVENT_*`; `RD_KAFKA_EVENT_NONE` for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_type(
    rkev: *const rd_kafka_event_t,
) -> rd_kafka_event_type_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { get(rkev) }.map_or(RD_KAFKA_EVENT_NONE, EventObject::kind) })
}

/// The names of the kinds of events.
pub fn name_of(kind: rd_kafka_event_type_t) -> &'static std::ffi::CStr {
    use super::types::*;
    match kind {
        RD_KAFKA_EVENT_NONE => c"(NONE)",
        RD_KAFKA_EVENT_DR => c"DeliveryReport",
        RD_KAFKA_EVENT_FETCH => c"Fetch",
        RD_KAFKA_EVENT_LOG => c"Log",
        RD_KAFKA_EVENT_ERROR => c"Error",
        RD_KAFKA_EVENT_REBALANCE => c"Rebalance",
        RD_KAFKA_EVENT_OFFSET_COMMIT => c"OffsetCommit",
        RD_KAFKA_EVENT_STATS => c"Stats",
        RD_KAFKA_EVENT_CREATETOPICS_RESULT => c"CreateTopicsResult",
        RD_KAFKA_EVENT_DELETETOPICS_RESULT => c"DeleteTopicsResult",
        RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT => c"CreatePartitionsResult",
        RD_KAFKA_EVENT_ALTERCONFIGS_RESULT => c"AlterConfigsResult",
        RD_KAFKA_EVENT_INCREMENTALALTERCONFIGS_RESULT => c"IncrementalAlterConfigsResult",
        RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT => c"DescribeConfigsResult",
        RD_KAFKA_EVENT_DELETERECORDS_RESULT => c"DeleteRecordsResult",
        RD_KAFKA_EVENT_LISTCONSUMERGROUPS_RESULT => c"ListConsumerGroupsResult",
        RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT => c"DescribeConsumerGroupsResult",
        RD_KAFKA_EVENT_DELETEGROUPS_RESULT => c"DeleteGroupsResult",
        RD_KAFKA_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT => c"DeleteConsumerGroupOffsetsResult",
        RD_KAFKA_EVENT_CREATEACLS_RESULT => c"CreateAclsResult",
        RD_KAFKA_EVENT_DESCRIBEACLS_RESULT => c"DescribeAclsResult",
        RD_KAFKA_EVENT_DELETEACLS_RESULT => c"DeleteAclsResult",
        RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT => c"AlterConsumerGroupOffsetsResult",
        RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT => c"ListConsumerGroupOffsetsResult",
        RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH => c"SaslOAuthBearerTokenRefresh",
        RD_KAFKA_EVENT_DESCRIBEUSERSCRAMCREDENTIALS_RESULT => c"DescribeUserScramCredentials",
        RD_KAFKA_EVENT_ALTERUSERSCRAMCREDENTIALS_RESULT => c"AlterUserScramCredentials",
        RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT => c"DescribeTopicsResult",
        RD_KAFKA_EVENT_DESCRIBECLUSTER_RESULT => c"DescribeClusterResult",
        RD_KAFKA_EVENT_LISTOFFSETS_RESULT => c"ListOffsetsResult",
        RD_KAFKA_EVENT_ELECTLEADERS_RESULT => c"ElectLeadersResult",
        _ => c"?unknown?",
    }
}

/// The name of the event's kind. A constant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_name(rkev: *const rd_kafka_event_t) -> *const c_char {
    // SAFETY: null, or the caller's live event.
    ffi!({ name_of(unsafe { get(rkev) }.map_or(RD_KAFKA_EVENT_NONE, EventObject::kind)).as_ptr() })
}

/// Frees an event with all that came out of it. A rebalance that was not answered is
/// answered by default. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_destroy(rkev: *mut rd_kafka_event_t) {
    ffi!({
        // SAFETY: the application gives the event up.
        drop(unsafe { take(rkev) });
    })
}

/// The next message of a DR or FETCH event; null after the last one. It belongs to the
/// event, and must not be destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_message_next(
    rkev: *mut rd_kafka_event_t,
) -> *const rd_kafka_message_t {
    ffi!({
        // SAFETY: the caller's event is alive and used by this thread alone.
        let Some(e) = (unsafe { get_mut(rkev) }) else {
            return ptr::null();
        };
        e.make_messages();
        let at = e.next_message;
        match e.messages.get_mut(at) {
            Some(m) => {
                e.next_message += 1;
                message::as_c(m)
            }
            None => ptr::null(),
        }
    })
}

/// Fills `rkmessages` with up to `size` of the event's messages that were not taken
/// yet, and returns how many. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_message_array(
    rkev: *mut rd_kafka_event_t,
    rkmessages: *mut *const rd_kafka_message_t,
    size: size_t,
) -> size_t {
    ffi!({
        // SAFETY: the caller's event is alive and used by this thread alone, and
        // the array has room for `size`.
        let Some(e) = (unsafe { get_mut(rkev) }) else {
            return 0;
        };
        e.make_messages();
        let mut given = 0;
        for m in e.messages.iter_mut().skip(e.next_message).take(size) {
            // SAFETY: as above.
            unsafe { *rkmessages.add(given) = message::as_c(m) };
            given += 1;
        }
        e.next_message += given;
        given
    })
}

/// How many messages the event holds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_message_count(rkev: *mut rd_kafka_event_t) -> size_t {
    ffi!({
        // SAFETY: the caller's event is alive.
        match unsafe { get(rkev.cast_const()) }.map(|e| &e.event) {
            Some(Event::Deliveries(d)) => d.delivery.batch.len() - d.next,
            _ => 0,
        }
    })
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
    ffi!({
        // SAFETY: the caller's event is alive.
        match unsafe { get(rkev.cast_const()) }.map(|e| &e.event) {
            Some(Event::Error(e)) => e.code,
            _ => ErrorCode::NO_ERROR,
        }
    })
}

/// The text to the code; null if there is no error. Good as long as the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_error_string(rkev: *mut rd_kafka_event_t) -> *const c_char {
    ffi!({
        // SAFETY: the caller's event is alive.
        match unsafe { get(rkev.cast_const()) } {
            Some(e) if matches!(e.event, Event::Error(_)) => e.text.as_ptr(),
            // SAFETY: any code has a text.
            _ => unsafe { super::error::rd_kafka_err2str(ErrorCode::NO_ERROR) },
        }
    })
}

/// 1 if an ERROR event is about a fatal error, otherwise 0; `rd_kafka_fatal_error` says
/// which.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_error_is_fatal(rkev: *mut rd_kafka_event_t) -> c_int {
    ffi!({
        // SAFETY: the caller's event is alive.
        match unsafe { get(rkev.cast_const()) }.map(|e| &e.event) {
            Some(Event::Error(e)) => c_int::from(e.fatal),
            _ => 0,
        }
    })
}

/// What the application has given for this event: of `rd_kafka_commit_queue` or of the
/// admin options. Null otherwise.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_opaque(rkev: *mut rd_kafka_event_t) -> *mut c_void {
    ffi!({
        let _ = rkev;
        // No kind of event that exists so far carries an opaque.
        ptr::null_mut()
    })
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
    ffi!({
        // SAFETY: the caller's event is alive, and what is not null is writable.
        unsafe {
            let Some(e) = get(rkev.cast_const()) else {
                return -1;
            };
            let Event::Log(line) = &e.event else {
                return -1;
            };
            if let Some(place) = fac.as_mut() {
                *place = e.facility.as_ptr();
            }
            if let Some(place) = str.as_mut() {
                *place = e.text.as_ptr();
            }
            if let Some(place) = level.as_mut() {
                *place = line.level as c_int;
            }
            0
        }
    })
}

/// Writes the debug contexts of a LOG event to `dst`, separated by commas. Returns 0,
/// or -1 for events of another kind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_debug_contexts(
    rkev: *mut rd_kafka_event_t,
    dst: *mut c_char,
    dstsize: size_t,
) -> c_int {
    ffi!({
        // SAFETY: the caller's event is alive and the buffer as large as it says.
        unsafe {
            match get(rkev.cast_const()).map(|e| &e.event) {
                Some(Event::Log(line)) => {
                    cstr::write(dst, dstsize, &context_names(line.context));
                    0
                }
                _ => -1,
            }
        }
    })
}

/// The JSON of a STATS event; null otherwise. Good as long as the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_stats(rkev: *mut rd_kafka_event_t) -> *const c_char {
    ffi!({
        // SAFETY: the caller's event is alive.
        match unsafe { get(rkev.cast_const()) } {
            Some(e) if matches!(e.event, Event::Stats(_)) => e.text.as_ptr(),
            _ => ptr::null(),
        }
    })
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
