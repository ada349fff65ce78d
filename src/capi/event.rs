//! Events, taken from a queue by applications that do without callbacks.

use std::ffi::CString;
use std::mem;
use std::ptr::{self, NonNull};

use libc::{c_char, c_int, c_void, size_t};

use super::admin::elements::ResultObjects;
use super::handle::{Boxed, Opaque, get, get_mut, peek, take};
use super::types::{
    RD_KAFKA_EVENT_DR, RD_KAFKA_EVENT_ERROR, RD_KAFKA_EVENT_FETCH, RD_KAFKA_EVENT_LOG,
    RD_KAFKA_EVENT_NONE, RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH, RD_KAFKA_EVENT_OFFSET_COMMIT,
    RD_KAFKA_EVENT_REBALANCE, RD_KAFKA_EVENT_STATS, rd_kafka_event_t, rd_kafka_event_type_t,
    rd_kafka_message_t, rd_kafka_op_s, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t,
    rd_kafka_topic_partition_t, rd_kafka_topic_t,
};
use super::{cstr, message, partition_list};
use crate::admin::{self, options::AdminOp};
use crate::base::cstring::c_string;
use crate::base::error::ErrorCode;
use crate::base::log::context_names;
use crate::base::message::MessageExt;
use crate::capi::boundary::ffi;
use crate::client::event::Event;

impl Opaque for rd_kafka_op_s {
    type Target = EventObject;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b45_766e;
    const BOUND_TO_PROCESS: bool = true;
}

/// An event and what was made of it for C.
pub(crate) struct EventObject {
    pub(crate) event: Event,
    /// Messages that the accessors gave out, in order.
    messages: Vec<MessageExt>,
    next_message: usize,
    text: CString,
    facility: CString,
    /// Of a FETCH or an ERROR event: a message that is released with it.
    message: Option<NonNull<MessageExt>>,
    /// Of an OFFSET_COMMIT or REBALANCE event.
    list: *mut rd_kafka_topic_partition_list_t,
    /// Of an admin event.
    result: ResultObjects,
}

// SAFETY: the pointers in the messages lead into the event, which goes along.
unsafe impl Send for EventObject {}

impl EventObject {
    pub(crate) fn new(mut event: Event) -> Self {
        let result = match &mut event {
            Event::Admin(outcome) => mem::take(&mut outcome.result).into(),
            _ => ResultObjects::None,
        };
        let (facility, text) = match &event {
            Event::Error(e) => (CString::default(), c_string(&e.text)),
            Event::Log(line) => (c_string(line.facility), c_string(&line.text)),
            Event::Stats(json) => (CString::default(), c_string(json)),
            Event::ConsumerError(e) => (CString::default(), c_string(&e.text)),
            Event::Admin(e) => (CString::default(), c_string(&e.error.text)),
            _ => Default::default(),
        };
        EventObject {
            list: match &event {
                Event::OffsetCommit(e) => {
                    let offsets = e.result.offsets.as_ref();
                    offsets.map_or(ptr::null_mut(), |all| partition_list::list_of(all))
                }
                Event::Rebalance(e) => {
                    e.begin();
                    partition_list::list_of(&e.partitions)
                }
                _ => ptr::null_mut(),
            },
            event,
            messages: Vec::new(),
            next_message: 0,
            text,
            facility,
            message: None,
            result,
        }
    }

    /// A consumed message, or a consumer's error.
    pub(crate) fn of_message(m: NonNull<MessageExt>) -> Self {
        let mut object = EventObject::new(Event::Taken);
        // SAFETY: the message was just taken from its queue.
        unsafe {
            let text = message::rd_kafka_message_errstr(message::as_c(m.as_ptr()));
            if !text.is_null() {
                object.text = std::ffi::CStr::from_ptr(text).to_owned();
            }
        }
        object.message = Some(m);
        object
    }

    fn consumed(&self) -> Option<&MessageExt> {
        // SAFETY: it lives as long as the event.
        self.message.map(|m| unsafe { m.as_ref() })
    }

    fn error(&self) -> Option<ErrorCode> {
        match &self.event {
            Event::Error(e) => Some(e.code),
            Event::OffsetCommit(e) => Some(e.result.code),
            Event::Rebalance(e) => Some(e.code),
            Event::ConsumerError(e) => Some(e.code),
            Event::Admin(e) => Some(e.error.code),
            _ => self.consumed().map(|m| ErrorCode(m.msg.err)),
        }
    }

    fn kind(&self) -> rd_kafka_event_type_t {
        match &self.event {
            Event::Deliveries(_) => RD_KAFKA_EVENT_DR,
            Event::Error(_) | Event::ConsumerError(_) => RD_KAFKA_EVENT_ERROR,
            Event::Rebalance(_) => RD_KAFKA_EVENT_REBALANCE,
            Event::Log(_) => RD_KAFKA_EVENT_LOG,
            Event::Stats(_) => RD_KAFKA_EVENT_STATS,
            Event::OffsetCommit(_) => RD_KAFKA_EVENT_OFFSET_COMMIT,
            Event::TokenRefresh(_) => RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH,
            Event::Admin(e) => kind_of_result(e.op),
            Event::Fetched(_)
            | Event::ShareFetched(_)
            | Event::Acknowledged(_)
            | Event::Throttle { .. }
            | Event::Taken => match self.consumed() {
                None => RD_KAFKA_EVENT_NONE,
                Some(m) if m.msg.err != 0 => RD_KAFKA_EVENT_ERROR,
                Some(_) => RD_KAFKA_EVENT_FETCH,
            },
        }
    }

    /// Of an admin result.
    pub(crate) fn outcome(&self) -> Option<&admin::Outcome> {
        match &self.event {
            Event::Admin(outcome) => Some(outcome),
            _ => None,
        }
    }

    pub(crate) fn result(&self) -> &ResultObjects {
        &self.result
    }

    /// The message of a FETCH event.
    fn fetched(&self) -> Option<NonNull<MessageExt>> {
        self.message
            .filter(|_| self.consumed().is_some_and(|m| m.msg.err == 0))
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
        if let Event::Rebalance(e) = &self.event {
            e.end();
        }
        for m in &mut self.messages {
            // SAFETY: the messages go with the event.
            unsafe { message::drop_headers(m) };
        }
        // SAFETY: message and list go with the event, too.
        unsafe {
            if let Some(m) = self.message.take() {
                message::rd_kafka_message_destroy(message::as_c(m.as_ptr()));
            }
            super::topic_partition::destroy_list(self.list);
        }
    }
}

/// The kind of event, `RD_KAFKA_EVENT_*`; `RD_KAFKA_EVENT_NONE` for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_type(
    rkev: *const rd_kafka_event_t,
) -> rd_kafka_event_type_t {
    // SAFETY: null, or the caller's live event.
    ffi!({ unsafe { peek(rkev) }.map_or(RD_KAFKA_EVENT_NONE, EventObject::kind) })
}

/// The kind of event that tells how a request of `op` ended.
fn kind_of_result(op: AdminOp) -> rd_kafka_event_type_t {
    use super::types::*;
    match op {
        AdminOp::CREATE_TOPICS => RD_KAFKA_EVENT_CREATETOPICS_RESULT,
        AdminOp::DELETE_TOPICS => RD_KAFKA_EVENT_DELETETOPICS_RESULT,
        AdminOp::CREATE_PARTITIONS => RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT,
        AdminOp::ALTER_CONFIGS => RD_KAFKA_EVENT_ALTERCONFIGS_RESULT,
        AdminOp::DESCRIBE_CONFIGS => RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT,
        AdminOp::DELETE_RECORDS => RD_KAFKA_EVENT_DELETERECORDS_RESULT,
        AdminOp::DELETE_GROUPS => RD_KAFKA_EVENT_DELETEGROUPS_RESULT,
        AdminOp::DELETE_CONSUMER_GROUP_OFFSETS => RD_KAFKA_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT,
        AdminOp::CREATE_ACLS => RD_KAFKA_EVENT_CREATEACLS_RESULT,
        AdminOp::DESCRIBE_ACLS => RD_KAFKA_EVENT_DESCRIBEACLS_RESULT,
        AdminOp::DELETE_ACLS => RD_KAFKA_EVENT_DELETEACLS_RESULT,
        AdminOp::LIST_CONSUMER_GROUPS => RD_KAFKA_EVENT_LISTCONSUMERGROUPS_RESULT,
        AdminOp::DESCRIBE_CONSUMER_GROUPS => RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT,
        AdminOp::LIST_CONSUMER_GROUP_OFFSETS => RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT,
        AdminOp::ALTER_CONSUMER_GROUP_OFFSETS => RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT,
        AdminOp::INCREMENTAL_ALTER_CONFIGS => RD_KAFKA_EVENT_INCREMENTALALTERCONFIGS_RESULT,
        AdminOp::DESCRIBE_USER_SCRAM_CREDENTIALS => {
            RD_KAFKA_EVENT_DESCRIBEUSERSCRAMCREDENTIALS_RESULT
        }
        AdminOp::ALTER_USER_SCRAM_CREDENTIALS => RD_KAFKA_EVENT_ALTERUSERSCRAMCREDENTIALS_RESULT,
        AdminOp::DESCRIBE_TOPICS => RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT,
        AdminOp::DESCRIBE_CLUSTER => RD_KAFKA_EVENT_DESCRIBECLUSTER_RESULT,
        AdminOp::LIST_OFFSETS => RD_KAFKA_EVENT_LISTOFFSETS_RESULT,
        AdminOp::ELECT_LEADERS => RD_KAFKA_EVENT_ELECTLEADERS_RESULT,
        _ => RD_KAFKA_EVENT_NONE,
    }
}

/// The names of the kinds of events.
pub(crate) fn name_of(kind: rd_kafka_event_type_t) -> &'static std::ffi::CStr {
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
    ffi!({ name_of(unsafe { peek(rkev) }.map_or(RD_KAFKA_EVENT_NONE, EventObject::kind)).as_ptr() })
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
        if let Some(m) = e.fetched().filter(|_| at == 0) {
            e.next_message = 1;
            return message::as_c(m.as_ptr());
        }
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
        if let Some(m) = e.fetched().filter(|_| e.next_message == 0 && size > 0) {
            // SAFETY: as above.
            unsafe { *rkmessages = message::as_c(m.as_ptr()) };
            e.next_message = 1;
            return 1;
        }
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
        match unsafe { get(rkev.cast_const()) } {
            Some(e) => match &e.event {
                Event::Deliveries(d) => d.delivery.batch.len() - d.next,
                _ => usize::from(e.fetched().is_some()),
            },
            None => 0,
        }
    })
}

/// The `sasl.oauthbearer.config` of an OAUTHBEARER_TOKEN_REFRESH event; null otherwise,
/// and if it is not set. Good as long as the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_config_string(
    rkev: *mut rd_kafka_event_t,
) -> *const c_char {
    ffi!({
        // SAFETY: the caller's event is alive.
        match unsafe { get(rkev.cast_const()) }.map(|e| &e.event) {
            Some(Event::TokenRefresh(Some(config))) => config.as_ptr().cast(),
            _ => ptr::null(),
        }
    })
}

/// The response code of the event; `NO_ERROR` if it has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_error(rkev: *mut rd_kafka_event_t) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's event is alive.
        unsafe { get(rkev.cast_const()) }
            .and_then(EventObject::error)
            .unwrap_or_default()
    })
}

/// The text to the code; null if there is no error. Good as long as the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_error_string(rkev: *mut rd_kafka_event_t) -> *const c_char {
    ffi!({
        // SAFETY: the caller's event is alive.
        match unsafe { get(rkev.cast_const()) } {
            Some(e) if e.kind() == RD_KAFKA_EVENT_ERROR || e.outcome().is_some() => e.text.as_ptr(),
            // SAFETY: any code has a text.
            e => unsafe {
                let code = e.and_then(EventObject::error).unwrap_or_default();
                super::error::rd_kafka_err2str(code)
            },
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
            Some(Event::ConsumerError(e)) => c_int::from(e.code == ErrorCode::_FATAL),
            _ => 0,
        }
    })
}

/// What the application has given for this event: of `rd_kafka_commit_queue` or of the
/// admin options. Null otherwise.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_opaque(rkev: *mut rd_kafka_event_t) -> *mut c_void {
    ffi!({
        // SAFETY: the caller's event is alive.
        match unsafe { get(rkev.cast_const()) }.map(|e| &e.event) {
            Some(Event::OffsetCommit(e)) => ptr::with_exposed_provenance_mut(e.opaque),
            Some(Event::Admin(e)) => ptr::with_exposed_provenance_mut(e.opaque),
            _ => ptr::null_mut(),
        }
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
    // SAFETY: the caller's event is alive.
    ffi!({ unsafe { get(rkev.cast_const()) }.map_or(ptr::null_mut(), |e| e.list) })
}

/// The partition that an ERROR event is about, as an object that the application frees
/// by `rd_kafka_topic_partition_destroy`; null if it is about none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_event_topic_partition(
    rkev: *mut rd_kafka_event_t,
) -> *mut rd_kafka_topic_partition_t {
    ffi!({
        // SAFETY: the caller's event is alive, and so is the message in it, with its
        // topic's handle.
        unsafe {
            let event = get(rkev.cast_const());
            let Some(m) = event
                .and_then(EventObject::consumed)
                .filter(|m| m.msg.err != 0)
            else {
                return ptr::null_mut();
            };
            let topic = get(m.msg.rkt.cast_const().cast::<rd_kafka_topic_t>());
            let Some(topic) = topic else {
                return ptr::null_mut();
            };
            super::topic_partition::single(topic.name.as_bytes(), m.msg.partition, m.msg.offset)
        }
    })
}
