//! CreateTopics and DeleteTopics.

use libc::{c_char, c_int, size_t};

use std::borrow::Cow;

use crate::admin::args::NewTopic;
use crate::admin::options::AdminOp;
use crate::admin::topics;
use crate::base::error::ErrorCode;
use crate::capi::admin::events::result_array;
use crate::capi::admin::request;
use crate::capi::boundary::ffi;
use crate::capi::cstr;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::types::{
    rd_kafka_AdminOptions_t, rd_kafka_CreateTopics_result_t, rd_kafka_DeleteTopic_s,
    rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopics_result_t, rd_kafka_NewTopic_s,
    rd_kafka_NewTopic_t, rd_kafka_queue_t, rd_kafka_resp_err_t, rd_kafka_t,
    rd_kafka_topic_result_t,
};

impl Opaque for rd_kafka_NewTopic_s {
    type Target = NewTopic;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b4e_6577;
}

impl Opaque for rd_kafka_DeleteTopic_s {
    type Target = String;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b44_546f;
}

/// A topic to create. -1 partitions or replicas stand for the broker's default. Null
/// with a text in `errstr` if a value is out of range. Freed by
/// `rd_kafka_NewTopic_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_NewTopic_new(
    topic: *const c_char,
    num_partitions: c_int,
    replication_factor: c_int,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> *mut rd_kafka_NewTopic_t {
    ffi!({
        // SAFETY: a string of the application's.
        let made = match unsafe { cstr::text(topic) } {
            Some(topic) => NewTopic::new(topic.into_owned(), num_partitions, replication_factor),
            None => Err("Invalid topic name".into()),
        };
        match made {
            Ok(topic) => handle::give(topic),
            Err(text) => {
                // SAFETY: the application's buffer.
                unsafe { cstr::write(errstr, errstr_size, &text) };
                std::ptr::null_mut()
            }
        }
    })
}

/// Frees a new topic that the application owns. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_NewTopic_destroy(new_topic: *mut rd_kafka_NewTopic_t) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(new_topic) });
    })
}

/// Frees the objects of an array, and not the array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_NewTopic_destroy_array(
    new_topics: *mut *mut rd_kafka_NewTopic_t,
    new_topic_cnt: size_t,
) {
    ffi!({
        // SAFETY: the application gives the objects of its array up.
        unsafe { handle::take_array(new_topics, new_topic_cnt) };
    })
}

/// Says which brokers get the replicas of `partition`, the preferred leader first; the
/// replication factor must have been -1. Partitions in order, from 0 and without gaps.
/// `_INVALID_ARG` with a text in `errstr` if not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_NewTopic_set_replica_assignment(
    new_topic: *mut rd_kafka_NewTopic_t,
    partition: i32,
    broker_ids: *mut i32,
    broker_id_cnt: size_t,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: an object and an array of the application's.
        let (object, brokers) = unsafe {
            (
                handle::get_mut(new_topic),
                cstr::numbers(broker_ids, broker_id_cnt),
            )
        };
        let Some(object) = object else {
            return ErrorCode::_INVALID_ARG;
        };
        match object.assign(partition, brokers) {
            Ok(()) => ErrorCode::NO_ERROR,
            Err(text) => {
                // SAFETY: the application's buffer.
                unsafe { cstr::write(errstr, errstr_size, &text) };
                ErrorCode::_INVALID_ARG
            }
        }
    })
}

/// Sets a property of the topic. The broker checks it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_NewTopic_set_config(
    new_topic: *mut rd_kafka_NewTopic_t,
    name: *const c_char,
    value: *const c_char,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: an object and strings of the application's.
        let (topic, name, value) = unsafe {
            (
                handle::get_mut(new_topic),
                cstr::text(name),
                cstr::text(value),
            )
        };
        match topic.zip(name) {
            Some((topic, name)) => {
                topic
                    .configs
                    .push((name.into_owned(), value.map(Cow::into_owned)));
                ErrorCode::NO_ERROR
            }
            None => ErrorCode::_INVALID_ARG,
        }
    })
}

/// Creates topics. As with every admin request: the call returns at once, the arguments
/// are copied, `options` may be null, and `rkqu` gets one result event, here
/// CREATETOPICS_RESULT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_CreateTopics(
    rk: *mut rd_kafka_t,
    new_topics: *mut *mut rd_kafka_NewTopic_t,
    new_topic_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        // SAFETY: handles and an array of the application's.
        unsafe {
            request::start(AdminOp::CREATE_TOPICS, rk, options, rkqu, |request| {
                let given = request::objects_in_time(request, new_topics, new_topic_cnt, "topic")?;
                Ok(topics::create(given.into_iter().cloned().collect(), request).into())
            });
        }
    })
}

/// The results by topic, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_CreateTopics_result_topics(
    result: *const rd_kafka_CreateTopics_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_topic_result_t {
    ffi!({ result_array!(Topics, result, cntp) })
}

/// A topic to delete. Freed by `rd_kafka_DeleteTopic_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteTopic_new(
    topic: *const c_char,
) -> *mut rd_kafka_DeleteTopic_t {
    ffi!({
        // SAFETY: a string of the application's.
        match unsafe { cstr::text(topic) } {
            Some(topic) => handle::give(topic.into_owned()),
            None => std::ptr::null_mut(),
        }
    })
}

/// Frees an object that the application owns. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteTopic_destroy(del_topic: *mut rd_kafka_DeleteTopic_t) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(del_topic) });
    })
}

/// Frees the objects of an array, and not the array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteTopic_destroy_array(
    del_topics: *mut *mut rd_kafka_DeleteTopic_t,
    del_topic_cnt: size_t,
) {
    ffi!({
        // SAFETY: the application gives the objects of its array up.
        unsafe { handle::take_array(del_topics, del_topic_cnt) };
    })
}

/// Deletes topics. The result is a DELETETOPICS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteTopics(
    rk: *mut rd_kafka_t,
    del_topics: *mut *mut rd_kafka_DeleteTopic_t,
    del_topic_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        // SAFETY: handles and an array of the application's.
        unsafe {
            request::start(AdminOp::DELETE_TOPICS, rk, options, rkqu, |request| {
                let given = request::objects_in_time(request, del_topics, del_topic_cnt, "topic")?;
                Ok(topics::delete(given.into_iter().cloned().collect(), request).into())
            });
        }
    })
}

/// The results by topic, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteTopics_result_topics(
    result: *const rd_kafka_DeleteTopics_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_topic_result_t {
    ffi!({ result_array!(Topics, result, cntp) })
}
