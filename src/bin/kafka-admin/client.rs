//! The C interface as the commands use it: what is made here is destroyed here.

use std::ffi::{CStr, CString, c_char};
use std::ptr::{null, null_mut};

use rdkafka::capi::admin::options::{
    rd_kafka_AdminOptions_destroy, rd_kafka_AdminOptions_new,
    rd_kafka_AdminOptions_set_request_timeout,
};
use rdkafka::capi::conf::create::{rd_kafka_conf_destroy, rd_kafka_conf_new, rd_kafka_conf_set};
use rdkafka::capi::error::{rd_kafka_error_code, rd_kafka_error_destroy, rd_kafka_error_string};
use rdkafka::capi::event::{
    rd_kafka_event_destroy, rd_kafka_event_error, rd_kafka_event_error_string,
};
use rdkafka::capi::lifecycle::{rd_kafka_destroy, rd_kafka_new};
use rdkafka::capi::queue::{rd_kafka_queue_destroy, rd_kafka_queue_new, rd_kafka_queue_poll};
use rdkafka::capi::topic_partition::{
    rd_kafka_topic_partition_list_add, rd_kafka_topic_partition_list_destroy,
    rd_kafka_topic_partition_list_new,
};
use rdkafka::capi::types::{
    RD_KAFKA_CONF_OK, RD_KAFKA_PRODUCER, rd_kafka_AdminOptions_t, rd_kafka_admin_op_t,
    rd_kafka_error_t, rd_kafka_event_t, rd_kafka_queue_t, rd_kafka_t,
    rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_t,
};

/// An instance, and the queue that its results come to.
pub struct Admin {
    pub rk: *mut rd_kafka_t,
    queue: *mut rd_kafka_queue_t,
    timeout_ms: i32,
}

impl Admin {
    pub fn connect(properties: &[(&str, &str)], timeout_s: u16) -> Result<Self, String> {
        let mut text = [0; 512];
        // SAFETY: strings and a buffer of this function's; the instance takes the
        // configuration, if it is made.
        unsafe {
            let conf = rd_kafka_conf_new();
            for (name, value) in properties {
                let (name, value) = (c_string(name)?, c_string(value)?);
                let set = rd_kafka_conf_set(
                    conf,
                    name.as_ptr(),
                    value.as_ptr(),
                    text.as_mut_ptr(),
                    text.len(),
                );
                if set != RD_KAFKA_CONF_OK {
                    rd_kafka_conf_destroy(conf);
                    return Err(string(text.as_ptr()));
                }
            }
            let kind = RD_KAFKA_PRODUCER;
            let rk = rd_kafka_new(kind, conf, text.as_mut_ptr(), text.len());
            if rk.is_null() {
                rd_kafka_conf_destroy(conf);
                return Err(string(text.as_ptr()));
            }
            Ok(Admin {
                rk,
                queue: rd_kafka_queue_new(rk),
                timeout_ms: i32::from(timeout_s) * 1000,
            })
        }
    }

    pub fn timeout_ms(&self) -> i32 {
        self.timeout_ms
    }

    /// Makes a call and waits for its event; an error of the whole call is returned.
    pub fn ask(
        &self,
        op: i32,
        call: impl FnOnce(*mut rd_kafka_AdminOptions_t, *mut rd_kafka_queue_t),
    ) -> Result<Event, String> {
        // SAFETY: the options and the event are this function's, the instance and the queue
        // live as long as `self`.
        unsafe {
            let options = rd_kafka_AdminOptions_new(self.rk, rd_kafka_admin_op_t(op));
            rd_kafka_AdminOptions_set_request_timeout(options, self.timeout_ms, null_mut(), 0);
            call(options, self.queue);
            rd_kafka_AdminOptions_destroy(options);
            // The operation keeps its own time.
            let event = Event(rd_kafka_queue_poll(self.queue, -1));
            if rd_kafka_event_error(event.0).0 == 0 {
                Ok(event)
            } else {
                Err(string(rd_kafka_event_error_string(event.0)))
            }
        }
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        // SAFETY: nobody uses them after this.
        unsafe {
            rd_kafka_queue_destroy(self.queue);
            rd_kafka_destroy(self.rk);
        }
    }
}

/// A result, which owns all that is read from it.
pub struct Event(pub *mut rd_kafka_event_t);

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: what was read from it was copied.
        unsafe { rd_kafka_event_destroy(self.0) };
    }
}

/// A list of partitions.
pub struct List(pub *mut rd_kafka_topic_partition_list_t);

impl List {
    pub fn new() -> Self {
        // SAFETY: an empty list.
        List(unsafe { rd_kafka_topic_partition_list_new(0) })
    }

    pub fn add(&mut self, topic: &str, partition: i32, offset: i64) -> Result<(), String> {
        let topic = c_string(topic)?;
        // SAFETY: the list is alive, and so is the element that it gives.
        unsafe {
            (*rd_kafka_topic_partition_list_add(self.0, topic.as_ptr(), partition)).offset = offset;
        }
        Ok(())
    }
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: nobody uses it after this.
        unsafe { rd_kafka_topic_partition_list_destroy(self.0) };
    }
}

/// The elements of a list that a result owns.
///
/// # Safety
/// Null, or a list that lives for `'a`.
pub unsafe fn elements<'a>(
    list: *const rd_kafka_topic_partition_list_t,
) -> &'a [rd_kafka_topic_partition_t] {
    // SAFETY: the caller's promise.
    unsafe {
        match list.as_ref() {
            Some(list) if !list.elems.is_null() => {
                std::slice::from_raw_parts(list.elems, usize::try_from(list.cnt).unwrap_or(0))
            }
            _ => &[],
        }
    }
}

/// An array that a getter gives out with its length.
///
/// # Safety
/// `getter` gives an array of a living result.
pub unsafe fn array<T>(getter: impl FnOnce(*mut usize) -> *mut *const T) -> Vec<*const T> {
    let mut count = 0;
    let all = getter(&raw mut count);
    if all.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(all, count) }.to_vec()
}

pub fn c_string(text: &str) -> Result<CString, String> {
    CString::new(text).map_err(|_| format!("{text:?} has a null character"))
}

/// A copy; empty for null.
///
/// # Safety
/// Null, or a string.
pub unsafe fn string(text: *const c_char) -> String {
    // SAFETY: the caller's promise.
    unsafe { optional(text) }.unwrap_or_default()
}

/// A copy; `None` for null.
///
/// # Safety
/// Null, or a string.
pub unsafe fn optional(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    Some(text.to_string_lossy().into_owned())
}

/// The text of an error that a result owns; `None` without one.
///
/// # Safety
/// Null, or an error of a living result.
pub unsafe fn error(error: *const rd_kafka_error_t) -> Option<String> {
    // SAFETY: the caller's promise.
    unsafe {
        if error.is_null() || rd_kafka_error_code(error).0 == 0 {
            return None;
        }
        Some(string(rd_kafka_error_string(error)))
    }
}

/// An error that the caller owns.
///
/// # Safety
/// Null, or an error that nobody uses after this.
pub unsafe fn check(error: *mut rd_kafka_error_t) -> Result<(), String> {
    // SAFETY: the caller's promise.
    unsafe {
        let text = self::error(error);
        rd_kafka_error_destroy(error);
        text.map_or(Ok(()), Err)
    }
}

/// As C has no string.
pub fn pointer(text: Option<&CString>) -> *const c_char {
    text.map_or(null(), |text| text.as_ptr())
}
