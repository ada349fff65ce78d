//! DescribeTopics.

use libc::{c_char, c_int, size_t};

use std::borrow::Cow;
use std::ffi::CString;

use crate::admin::describe;
use crate::admin::options::AdminOp;
use crate::admin::results::topics::{PartitionDescription, TopicDescription};
use crate::base::error::KafkaError;
use crate::capi::admin::elements::{self, Elements};
use crate::capi::admin::events::result_array;
use crate::capi::admin::request;
use crate::capi::boundary::{ffi, put};
use crate::capi::cstr;
use crate::capi::error::HeldError;
use crate::capi::handle::{self, Boxed, Opaque, Tagged};
use crate::capi::types::{
    rd_kafka_AclOperation_t, rd_kafka_AdminOptions_t, rd_kafka_DescribeTopics_result_t,
    rd_kafka_Node_s, rd_kafka_Node_t, rd_kafka_TopicCollection_s, rd_kafka_TopicCollection_t,
    rd_kafka_TopicDescription_s, rd_kafka_TopicDescription_t, rd_kafka_TopicPartitionInfo_s,
    rd_kafka_TopicPartitionInfo_t, rd_kafka_Uuid_s, rd_kafka_Uuid_t, rd_kafka_error_t,
    rd_kafka_queue_t, rd_kafka_t,
};
use crate::capi::uuid::Uuid;

// The topics by name.
impl Opaque for rd_kafka_TopicCollection_s {
    type Target = Vec<String>;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b54_436f;
}

/// What an `rd_kafka_TopicDescription_t` points to.
pub(crate) struct TopicObject {
    name: CString,
    id: Tagged<rd_kafka_Uuid_s>,
    is_internal: bool,
    partitions: Elements<rd_kafka_TopicPartitionInfo_s>,
    operations: Option<Vec<rd_kafka_AclOperation_t>>,
    error: HeldError,
}

impl From<TopicDescription> for TopicObject {
    fn from(topic: TopicDescription) -> Self {
        let operations = |all: Vec<i32>| all.into_iter().map(rd_kafka_AclOperation_t).collect();
        TopicObject {
            name: topic.name,
            id: Tagged::new(Uuid::new(topic.id.0, topic.id.1)),
            is_internal: topic.is_internal,
            partitions: Elements::new(topic.partitions),
            operations: topic.operations.map(operations),
            error: topic.error.into(),
        }
    }
}

impl Opaque for rd_kafka_TopicDescription_s {
    type Target = TopicObject;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b54_4465;
}

/// What an `rd_kafka_TopicPartitionInfo_t` points to.
pub(crate) struct PartitionObject {
    partition: i32,
    leader: Option<Tagged<rd_kafka_Node_s>>,
    isr: Elements<rd_kafka_Node_s>,
    replicas: Elements<rd_kafka_Node_s>,
}

impl From<PartitionDescription> for PartitionObject {
    fn from(partition: PartitionDescription) -> Self {
        PartitionObject {
            partition: partition.partition,
            leader: partition.leader.map(Tagged::new),
            isr: Elements::new(partition.isr),
            replicas: Elements::new(partition.replicas),
        }
    }
}

impl Opaque for rd_kafka_TopicPartitionInfo_s {
    type Target = PartitionObject;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b54_5049;
}

/// # Safety
/// Null, or an object of the application's.
unsafe fn given(topics: *const rd_kafka_TopicCollection_t) -> Result<Vec<String>, KafkaError> {
    // SAFETY: the caller's promise.
    let Some(names) = (unsafe { handle::get(topics) }) else {
        return Err(request::invalid("There is no collection of topics"));
    };
    request::distinct(names, "topic")?;
    if names.iter().any(String::is_empty) {
        return Err(request::invalid("The name of a topic is empty"));
    }
    Ok(names.clone())
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
    ffi!({
        // SAFETY: handles and an object of the application's.
        unsafe {
            request::start(AdminOp::DESCRIBE_TOPICS, rk, options, rkqu, |request| {
                Ok(describe::topics(given(topics)?, request))
            });
        }
    })
}

/// The descriptions, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeTopics_result_topics(
    result: *const rd_kafka_DescribeTopics_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_TopicDescription_t {
    ffi!({ result_array!(TopicDescriptions, result, cntp) })
}

/// The topic's partitions, `*cntp` of them. They belong to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicDescription_partitions(
    topicdesc: *const rd_kafka_TopicDescription_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_TopicPartitionInfo_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event, and a variable of the application's.
        unsafe {
            elements::give(
                handle::get(topicdesc).map(|object| &object.partitions),
                cntp,
            )
        }
    })
}

/// The partition's number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicPartitionInfo_partition(
    partition: *const rd_kafka_TopicPartitionInfo_t,
) -> c_int {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let object = unsafe { handle::get(partition) };
        object.map_or(-1, |object| object.partition)
    })
}

/// The leader, or null if there is none. It belongs to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicPartitionInfo_leader(
    partition: *const rd_kafka_TopicPartitionInfo_t,
) -> *const rd_kafka_Node_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let leader = unsafe { handle::get(partition) }.and_then(|object| object.leader.as_ref());
        leader.map_or(std::ptr::null(), handle::lend)
    })
}

/// The replicas in sync, `*cntp` of them. They belong to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicPartitionInfo_isr(
    partition: *const rd_kafka_TopicPartitionInfo_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_Node_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event, and a variable of the application's.
        unsafe { elements::give(handle::get(partition).map(|object| &object.isr), cntp) }
    })
}

/// The replicas, `*cntp` of them. They belong to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicPartitionInfo_replicas(
    partition: *const rd_kafka_TopicPartitionInfo_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_Node_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event, and a variable of the application's.
        unsafe { elements::give(handle::get(partition).map(|object| &object.replicas), cntp) }
    })
}

/// What the client may do with the topic, `*cntp` entries; null if that was not asked
/// for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicDescription_authorized_operations(
    topicdesc: *const rd_kafka_TopicDescription_t,
    cntp: *mut size_t,
) -> *const rd_kafka_AclOperation_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event, and a variable of the application's.
        unsafe {
            let object = handle::get(topicdesc);
            let operations = object.and_then(|object| object.operations.as_deref());
            put(cntp, operations.map_or(0, <[_]>::len));
            operations.map_or(std::ptr::null(), <[_]>::as_ptr)
        }
    })
}

/// The topic's name. Good as long as the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicDescription_name(
    topicdesc: *const rd_kafka_TopicDescription_t,
) -> *const c_char {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let object = unsafe { handle::get(topicdesc) };
        object.map_or(std::ptr::null(), |object| object.name.as_ptr())
    })
}

/// The topic's id. It belongs to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicDescription_topic_id(
    topicdesc: *const rd_kafka_TopicDescription_t,
) -> *const rd_kafka_Uuid_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let object = unsafe { handle::get(topicdesc) };
        object.map_or(std::ptr::null(), |object| handle::lend(&object.id))
    })
}

/// 1 for one of Kafka's own topics, otherwise 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicDescription_is_internal(
    topicdesc: *const rd_kafka_TopicDescription_t,
) -> c_int {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let object = unsafe { handle::get(topicdesc) };
        object.map_or(-1, |object| object.is_internal.into())
    })
}

/// The error for this topic, or null. It belongs to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_TopicDescription_error(
    topicdesc: *const rd_kafka_TopicDescription_t,
) -> *const rd_kafka_error_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let object = unsafe { handle::get(topicdesc) };
        object.map_or(std::ptr::null(), |object| object.error.lend())
    })
}
