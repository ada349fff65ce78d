//! Results by topic, by group and by partition.

use std::ffi::CString;

use libc::c_char;

use crate::admin::results::groups::GroupResult;
use crate::admin::results::partitions::PartitionElection;
use crate::base::error::ErrorCode;
use crate::capi::boundary::ffi;
use crate::capi::error::HeldError;
use crate::capi::handle::{Boxed, Opaque, get};
use crate::capi::partition_list::owned_list_of;
use crate::capi::topic_partition::{List, elements};
use crate::capi::types::{
    rd_kafka_error_t, rd_kafka_group_result_s, rd_kafka_group_result_t, rd_kafka_resp_err_t,
    rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_result_s,
    rd_kafka_topic_partition_result_t, rd_kafka_topic_partition_t, rd_kafka_topic_result_t,
};

/// How it went for one group.
pub(crate) struct GroupObject {
    group: CString,
    error: HeldError,
    partitions: Option<List>,
}

impl Opaque for rd_kafka_group_result_s {
    type Target = GroupObject;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b47_5265;
}

impl From<GroupResult> for GroupObject {
    fn from(result: GroupResult) -> Self {
        GroupObject {
            group: result.group,
            error: result.error.into(),
            partitions: result.partitions.as_deref().map(owned_list_of),
        }
    }
}

/// The code for this topic.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_result_error(
    topicres: *const rd_kafka_topic_result_t,
) -> rd_kafka_resp_err_t {
    // SAFETY: null, or a part of the caller's event.
    ffi!({ unsafe { get(topicres) }.map_or(ErrorCode::_INVALID_ARG, |topic| topic.code) })
}

/// The text for this topic, or null if there is no error. Good as long as the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_result_error_string(
    topicres: *const rd_kafka_topic_result_t,
) -> *const c_char {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let text = unsafe { get(topicres) }.and_then(|topic| topic.text.as_ref());
        text.map_or(std::ptr::null(), |text| text.as_ptr())
    })
}

/// The topic's name. Good as long as the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_result_name(
    topicres: *const rd_kafka_topic_result_t,
) -> *const c_char {
    // SAFETY: null, or a part of the caller's event.
    ffi!({ unsafe { get(topicres) }.map_or(std::ptr::null(), |topic| topic.topic.as_ptr()) })
}

/// The error for this group, or null. It belongs to the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_group_result_error(
    groupres: *const rd_kafka_group_result_t,
) -> *const rd_kafka_error_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let group = unsafe { get(groupres) };
        group.map_or(std::ptr::null(), |group| group.error.lend())
    })
}

/// The group's id. Good as long as the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_group_result_name(
    groupres: *const rd_kafka_group_result_t,
) -> *const c_char {
    // SAFETY: null, or a part of the caller's event.
    ffi!({ unsafe { get(groupres) }.map_or(std::ptr::null(), |group| group.group.as_ptr()) })
}

/// The partitions of the group with their offsets and errors, or null if the operation
/// has none. They belong to the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_group_result_partitions(
    groupres: *const rd_kafka_group_result_t,
) -> *const rd_kafka_topic_partition_list_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let partitions = unsafe { get(groupres) }.and_then(|group| group.partitions.as_ref());
        partitions.map_or(std::ptr::null(), |list| std::ptr::from_ref(list.get()))
    })
}

/// What an `rd_kafka_topic_partition_result_t` points to.
pub(crate) struct PartitionResult {
    /// Of one element.
    partition: List,
    error: HeldError,
}

impl From<PartitionElection> for PartitionResult {
    fn from(election: PartitionElection) -> Self {
        let mut partition = List::with_room_for(1);
        let element = partition.push(election.topic.as_bytes(), election.partition);
        element.err = election.error.code;
        // As librdkafka's.
        element.offset = 0;
        PartitionResult {
            partition,
            error: Some(election.error).into(),
        }
    }
}

impl Opaque for rd_kafka_topic_partition_result_s {
    type Target = PartitionResult;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b50_5265;
}

/// The partition, with its error. It belongs to the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_result_partition(
    partition_result: *const rd_kafka_topic_partition_result_t,
) -> *const rd_kafka_topic_partition_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let object = unsafe { get(partition_result) };
        let partition = object.and_then(|object| elements(object.partition.get()).first());
        partition.map_or(std::ptr::null(), std::ptr::from_ref)
    })
}

/// The error for this partition, which always is there; its code may be `NO_ERROR`. It
/// belongs to the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_result_error(
    partition_result: *const rd_kafka_topic_partition_result_t,
) -> *const rd_kafka_error_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let object = unsafe { get(partition_result) };
        object.map_or(std::ptr::null(), |object| object.error.lend())
    })
}
