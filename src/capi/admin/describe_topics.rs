//! DescribeTopics.

use libc::{c_char, c_int, size_t};

use std::borrow::Cow;

use crate::admin::options::AdminOp;
use crate::capi::admin::request::{self, request_not_built};
use crate::capi::boundary::{ffi, not_built};
use crate::capi::cstr;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::types::{
    rd_kafka_AclOperation_t, rd_kafka_AdminOptions_t, rd_kafka_DescribeTopics_result_t,
    rd_kafka_Node_t, rd_kafka_TopicCollection_s, rd_kafka_TopicCollection_t,
    rd_kafka_TopicDescription_t, rd_kafka_TopicPartitionInfo_t, rd_kafka_Uuid_t, rd_kafka_error_t,
    rd_kafka_queue_t, rd_kafka_t,
};

// The topics by name.
impl Opaque for rd_kafka_TopicCollection_s {
    type Target = Vec<String>;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b54_436f;
}

/// # Safety
/// Null, or an object of the application's.
unsafe fn check(topics: *const rd_kafka_TopicCollection_t) -> request::Checked {
    // SAFETY: the caller's promise.
    let Some(names) = (unsafe { handle::get(topics) }) else {
        return Err(request::invalid("There is no collection of topics"));
    };
    request::distinct(names, "topic")?;
    if names.iter().any(String::is_empty) {
        return Err(request::invalid("The name of a topic is empty"));
    }
    Ok(names.len())
}

/// Topics by name, which are copied. Freed by `rd_kafka_TopicCollection_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicCollection_of_topic_names(
    topics: *mut *const c_char,
    topics_cnt: size_t,
) -> *mut rd_kafka_TopicCollection_t {
    ffi!({
        let names = if topics.is_null() || topics_cnt == 0 {
            Vec::new()
        } else {
            // SAFETY: that many strings of the application's.
            unsafe { std::slice::from_raw_parts(topics, topics_cnt) }
                .iter()
                // SAFETY: as above.
                .filter_map(|name| unsafe { cstr::text(*name) }.map(Cow::into_owned))
                .collect()
        };
        handle::give(names)
    })
}

/// Frees a collection that the application owns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicCollection_destroy(topics: *mut rd_kafka_TopicCollection_t) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(topics) });
    })
}

/// Asks for the partitions of topics. The result is a DESCRIBETOPICS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeTopics(
    rk: *mut rd_kafka_t,
    topics: *const rd_kafka_TopicCollection_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({ request_not_built!(AdminOp::DESCRIBE_TOPICS, rk, options, rkqu, check(topics)) })
}

/// The descriptions, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeTopics_result_topics(
    result: *const rd_kafka_DescribeTopics_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_TopicDescription_t {
    ffi!({ not_built!(result; cntp = 0) })
}

/// The topic's partitions, `*cntp` of them. They belong to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicDescription_partitions(
    topicdesc: *const rd_kafka_TopicDescription_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_TopicPartitionInfo_t {
    ffi!({ not_built!(topicdesc; cntp = 0) })
}

/// The partition's number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicPartitionInfo_partition(
    partition: *const rd_kafka_TopicPartitionInfo_t,
) -> c_int {
    ffi!({ not_built!(partition) })
}

/// The leader, or null if there is none. It belongs to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicPartitionInfo_leader(
    partition: *const rd_kafka_TopicPartitionInfo_t,
) -> *const rd_kafka_Node_t {
    ffi!({ not_built!(partition) })
}

/// The replicas in sync, `*cntp` of them. They belong to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicPartitionInfo_isr(
    partition: *const rd_kafka_TopicPartitionInfo_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_Node_t {
    ffi!({ not_built!(partition; cntp = 0) })
}

/// The replicas, `*cntp` of them. They belong to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicPartitionInfo_replicas(
    partition: *const rd_kafka_TopicPartitionInfo_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_Node_t {
    ffi!({ not_built!(partition; cntp = 0) })
}

/// What the client may do with the topic, `*cntp` entries; null if that was not asked
/// for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicDescription_authorized_operations(
    topicdesc: *const rd_kafka_TopicDescription_t,
    cntp: *mut size_t,
) -> *const rd_kafka_AclOperation_t {
    ffi!({ not_built!(topicdesc; cntp = 0) })
}

/// The topic's name. Good as long as the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicDescription_name(
    topicdesc: *const rd_kafka_TopicDescription_t,
) -> *const c_char {
    ffi!({ not_built!(topicdesc) })
}

/// The topic's id. It belongs to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicDescription_topic_id(
    topicdesc: *const rd_kafka_TopicDescription_t,
) -> *const rd_kafka_Uuid_t {
    ffi!({ not_built!(topicdesc) })
}

/// 1 for one of Kafka's own topics, otherwise 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicDescription_is_internal(
    topicdesc: *const rd_kafka_TopicDescription_t,
) -> c_int {
    ffi!({ not_built!(topicdesc) })
}

/// The error for this topic, or null. It belongs to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicDescription_error(
    topicdesc: *const rd_kafka_TopicDescription_t,
) -> *const rd_kafka_error_t {
    ffi!({ not_built!(topicdesc) })
}
