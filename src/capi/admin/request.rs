//! What all admin requests have in common: an instance and a queue that must be there,
//! options that may be, arguments to check, and one event that tells the outcome.
//!
//! Arguments that will not do are refused here, with the code that librdkafka has for
//! them, before a broker is looked for.

use std::collections::HashSet;
use std::hash::Hash;

use libc::c_char;

use crate::admin::by_leader::Asked;
use crate::admin::options::{AdminOp, AdminOptions};
use crate::admin::{Begun, Request, timed_out};
use crate::base::error::{ErrorCode, KafkaError};
use crate::capi::cstr;
use crate::capi::handle::{self, Opaque};
use crate::capi::topic_partition::{elements, topic};
use crate::capi::types::{
    rd_kafka_AdminOptions_t, rd_kafka_queue_t, rd_kafka_t, rd_kafka_topic_partition_list_t,
    rd_kafka_topic_partition_t,
};
use crate::client::admin::OutcomeSender;

pub(crate) fn invalid(text: impl Into<String>) -> KafkaError {
    KafkaError::new(ErrorCode::_INVALID_ARG, text)
}

/// Starts an operation: `begin` checks the arguments, copies them, and says what is to be
/// asked. Without a queue there is nobody to tell, and nothing is done.
///
/// # Safety
/// Null, or handles of the application's.
pub(crate) unsafe fn start(
    op: AdminOp,
    rk: *mut rd_kafka_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
    begin: impl FnOnce(&Request<'_>) -> Result<Begun, KafkaError>,
) {
    // SAFETY: the caller's promise.
    let (instance, options, queue) = unsafe {
        (
            handle::get(rk.cast_const()),
            handle::get(options),
            handle::get(rkqu.cast_const()),
        )
    };
    let (Some(instance), Some(queue)) = (instance, queue) else {
        return;
    };
    let usual = AdminOptions::new(op);
    let options = options.unwrap_or(&usual);
    let client = &instance.client;
    let request = Request::new(options, client.shared.conf.global.socket_timeout_ms);
    let outcome = OutcomeSender::new(queue.queue.clone(), op, options.opaque);
    match begin(&request) {
        Ok(begun) => client.admin(begun, request.timeout, outcome),
        Err(error) => outcome.send(Err(error)),
    }
}

/// An object that must be there.
///
/// # Safety
/// Null, or a handle of the application's that lives for `'a`.
pub(crate) unsafe fn object<'a, H: Opaque>(
    object: *const H,
    what: &str,
) -> Result<&'a H::Target, KafkaError> {
    // SAFETY: the caller's promise.
    unsafe { handle::get(object) }
        .ok_or_else(|| invalid(format!("A pointer in the request is to no {what}")))
}

/// The objects of an array: at least one, and each of the right kind.
///
/// # Safety
/// Null, or `count` handles of the application's, which live for `'a`.
pub(crate) unsafe fn objects<'a, H: Opaque>(
    array: *mut *mut H,
    count: usize,
    what: &str,
) -> Result<Vec<&'a H::Target>, KafkaError> {
    if array.is_null() || count == 0 {
        return Err(invalid(format!("There is no {what} in the request")));
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(array, count) }
        .iter()
        // SAFETY: as above.
        .map(|handle| unsafe { object(handle.cast_const(), what) })
        .collect()
}

/// As [`objects`], for requests that librdkafka finds to be empty only when it has a broker
/// to send them to: without any time it is the time that is up.
///
/// # Safety
/// As for [`objects`].
pub(crate) unsafe fn objects_in_time<'a, H: Opaque>(
    request: &Request<'_>,
    array: *mut *mut H,
    count: usize,
    what: &str,
) -> Result<Vec<&'a H::Target>, KafkaError> {
    if count == 0 && request.timeout.is_zero() {
        return Err(timed_out("a broker"));
    }
    // SAFETY: the caller's promise.
    unsafe { objects(array, count, what) }
}

/// As [`objects`], for requests that take exactly one.
///
/// # Safety
/// As for [`objects`].
pub(crate) unsafe fn one_object<'a, H: Opaque>(
    array: *mut *mut H,
    count: usize,
    what: &str,
) -> Result<&'a H::Target, KafkaError> {
    // SAFETY: the caller's promise.
    match unsafe { objects(array, count, what) }?.as_slice() {
        [only] => Ok(only),
        several => Err(invalid(format!(
            "One {what} at a time, not {}",
            several.len()
        ))),
    }
}

/// The strings of an array: at least one, and none of them null.
///
/// # Safety
/// Null, or `count` strings of the application's, which live for `'a`.
pub(crate) unsafe fn names<'a>(
    array: *mut *const c_char,
    count: usize,
    what: &str,
) -> Result<Vec<&'a [u8]>, KafkaError> {
    if array.is_null() || count == 0 {
        return Err(invalid(format!("There is no {what} in the request")));
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(array, count) }
        .iter()
        // SAFETY: as above.
        .map(|name| unsafe { cstr::bytes(*name) })
        .collect::<Option<_>>()
        .ok_or_else(|| invalid(format!("A {what} in the request has no name")))
}

/// Refuses what is named twice.
pub(crate) fn distinct<T: Eq + Hash>(
    things: impl IntoIterator<Item = T>,
    what: &str,
) -> Result<(), KafkaError> {
    let mut seen = HashSet::new();
    if things.into_iter().all(|thing| seen.insert(thing)) {
        Ok(())
    } else {
        Err(invalid(format!("A {what} is named twice")))
    }
}

/// Refuses a list that names a partition twice.
pub(crate) fn distinct_partitions(
    list: &rd_kafka_topic_partition_list_t,
) -> Result<(), KafkaError> {
    let partitions = elements(list).iter().map(|e| (topic(e), e.partition));
    distinct(partitions, "partition")
}

/// The partitions of a list with what stands in their offsets.
pub(crate) fn asked(list: &rd_kafka_topic_partition_list_t) -> Vec<Asked> {
    let asked = |element: &rd_kafka_topic_partition_t| Asked {
        topic: String::from_utf8_lossy(topic(element)).into_owned(),
        partition: element.partition,
        value: element.offset,
        leader_epoch: -1,
    };
    elements(list).iter().map(asked).collect()
}
