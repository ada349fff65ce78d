//! ListConsumerGroupOffsets, AlterConsumerGroupOffsets and DeleteConsumerGroupOffsets.

use std::collections::HashSet;

use libc::{c_char, size_t};

use crate::admin::group_offsets;
use crate::admin::options::AdminOp;
use crate::base::error::KafkaError;
use crate::base::topic_partition::TopicPartition;
use crate::capi::admin::events::result_array;
use crate::capi::admin::request;
use crate::capi::boundary::ffi;
use crate::capi::cstr;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::partition_list::read;
use crate::capi::topic_partition::{List, elements};
use crate::capi::types::{
    rd_kafka_AdminOptions_t, rd_kafka_AlterConsumerGroupOffsets_result_t,
    rd_kafka_AlterConsumerGroupOffsets_s, rd_kafka_AlterConsumerGroupOffsets_t,
    rd_kafka_DeleteConsumerGroupOffsets_result_t, rd_kafka_DeleteConsumerGroupOffsets_s,
    rd_kafka_DeleteConsumerGroupOffsets_t, rd_kafka_ListConsumerGroupOffsets_result_t,
    rd_kafka_ListConsumerGroupOffsets_s, rd_kafka_ListConsumerGroupOffsets_t,
    rd_kafka_group_result_t, rd_kafka_queue_t, rd_kafka_t, rd_kafka_topic_partition_list_t,
};

// These texts are compared by librdkafka's test 0080.
const NO_PARTITION: &str = "Non-empty topic partition list must be present";
const EMPTY_LIST: &str = "NULL or non-empty topic partition list must be passed";
const BELOW_ZERO: &str = "All topic-partition offsets must be >= 0";
const TWICE: &str = "Duplicate partitions not allowed";

/// A group and some of its partitions.
#[derive(Debug)]
pub(crate) struct GroupPartitions {
    pub(crate) group: String,
    /// `None` for all that the group has offsets for.
    pub(crate) partitions: Option<List>,
}

/// `None` without a group, or without the partitions that are needed.
///
/// # Safety
/// Null, or a string and a list.
unsafe fn group_partitions(
    group: *const c_char,
    partitions: *const rd_kafka_topic_partition_list_t,
    needed: bool,
) -> Option<GroupPartitions> {
    // SAFETY: the caller's promise.
    let (group, partitions) = unsafe { (cstr::text(group)?, partitions.as_ref()) };
    if needed && partitions.is_none() {
        return None;
    }
    Some(GroupPartitions {
        group: group.into_owned(),
        partitions: partitions.map(List::copy_of),
    })
}

impl GroupPartitions {
    /// As the client has them, if each is named once.
    fn partitions(&self) -> Result<Option<Vec<TopicPartition>>, KafkaError> {
        if let Some(list) = self.partitions.as_ref().map(List::get) {
            request::distinct_partitions(list).map_err(|_| request::invalid(TWICE))?;
        }
        Ok(self.read())
    }

    fn read(&self) -> Option<Vec<TopicPartition>> {
        let list = self.partitions.as_ref().map(List::get)?;
        Some(elements(list).iter().map(read).collect())
    }

    /// As [`Self::partitions`], and at least one.
    fn some_partitions(&self) -> Result<Vec<TopicPartition>, KafkaError> {
        let partitions = self.partitions()?.filter(|list| !list.is_empty());
        partitions.ok_or_else(|| request::invalid(NO_PARTITION))
    }
}

/// What a request about a group's offsets is made of.
type Given<P> = Result<(String, P), KafkaError>;

/// # Safety
/// Null, or as many objects of the application's.
unsafe fn to_list(
    groups: *mut *mut rd_kafka_ListConsumerGroupOffsets_t,
    count: size_t,
) -> Given<Option<Vec<TopicPartition>>> {
    // SAFETY: the caller's promise.
    let group = unsafe { request::one_object(groups, count, "group") }?;
    let partitions = group.partitions()?;
    if partitions.as_ref().is_some_and(Vec::is_empty) {
        return Err(request::invalid(EMPTY_LIST));
    }
    Ok((group.group.clone(), partitions))
}

/// # Safety
/// Null, or as many objects of the application's.
unsafe fn to_alter(
    groups: *mut *mut rd_kafka_AlterConsumerGroupOffsets_t,
    count: size_t,
) -> Given<Vec<TopicPartition>> {
    // SAFETY: the caller's promise.
    let group = unsafe { request::one_object(groups, count, "group") }?;
    let partitions = group.some_partitions()?;
    if partitions.iter().any(|partition| partition.offset < 0) {
        return Err(request::invalid(BELOW_ZERO));
    }
    Ok((group.group.clone(), partitions))
}

/// # Safety
/// Null, or as many objects of the application's.
unsafe fn to_delete(
    groups: *mut *mut rd_kafka_DeleteConsumerGroupOffsets_t,
    count: size_t,
) -> Given<Vec<TopicPartition>> {
    // SAFETY: the caller's promise.
    let group = unsafe { request::one_object(groups, count, "group") }?;
    // To name one twice does no harm.
    let mut partitions = group.read().unwrap_or_default();
    let mut seen = HashSet::new();
    partitions.retain(|p| seen.insert((p.topic.clone(), p.partition)));
    Ok((group.group.clone(), partitions))
}

impl Opaque for rd_kafka_ListConsumerGroupOffsets_s {
    type Target = GroupPartitions;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b4c_4f66;
}

impl Opaque for rd_kafka_AlterConsumerGroupOffsets_s {
    type Target = GroupPartitions;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b41_4f66;
}

impl Opaque for rd_kafka_DeleteConsumerGroupOffsets_s {
    type Target = GroupPartitions;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b44_4f66;
}

/// A group, and the partitions whose committed offsets are asked for; null for all. The
/// list is copied. Freed by `rd_kafka_ListConsumerGroupOffsets_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListConsumerGroupOffsets_new(
    group_id: *const c_char,
    partitions: *const rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_ListConsumerGroupOffsets_t {
    ffi!({
        // SAFETY: a string and a list of the application's.
        unsafe { group_partitions(group_id, partitions, false) }
            .map_or(std::ptr::null_mut(), handle::give)
    })
}

/// Frees an object that the application owns. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListConsumerGroupOffsets_destroy(
    list_grpoffsets: *mut rd_kafka_ListConsumerGroupOffsets_t,
) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(list_grpoffsets) });
    })
}

/// Frees the objects of an array, and not the array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListConsumerGroupOffsets_destroy_array(
    list_grpoffsets: *mut *mut rd_kafka_ListConsumerGroupOffsets_t,
    list_grpoffset_cnt: size_t,
) {
    ffi!({
        // SAFETY: the application gives the objects of its array up.
        unsafe { handle::take_array(list_grpoffsets, list_grpoffset_cnt) };
    })
}

/// Asks for committed offsets; `list_grpoffsets_cnt` must be 1. The result is a
/// LISTCONSUMERGROUPOFFSETS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListConsumerGroupOffsets(
    rk: *mut rd_kafka_t,
    list_grpoffsets: *mut *mut rd_kafka_ListConsumerGroupOffsets_t,
    list_grpoffsets_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        // SAFETY: handles and an array of the application's.
        unsafe {
            request::start(
                AdminOp::LIST_CONSUMER_GROUP_OFFSETS,
                rk,
                options,
                rkqu,
                |request| {
                    let (group, partitions) = to_list(list_grpoffsets, list_grpoffsets_cnt)?;
                    Ok(group_offsets::list(group, partitions, request).into())
                },
            );
        }
    })
}

/// The results by group, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListConsumerGroupOffsets_result_groups(
    result: *const rd_kafka_ListConsumerGroupOffsets_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_group_result_t {
    ffi!({ result_array!(Groups, result, cntp) })
}

/// A group, and the offsets to commit for it. The list is copied. Freed by
/// `rd_kafka_AlterConsumerGroupOffsets_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AlterConsumerGroupOffsets_new(
    group_id: *const c_char,
    partitions: *const rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_AlterConsumerGroupOffsets_t {
    ffi!({
        // SAFETY: a string and a list of the application's.
        unsafe { group_partitions(group_id, partitions, true) }
            .map_or(std::ptr::null_mut(), handle::give)
    })
}

/// Frees an object that the application owns. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AlterConsumerGroupOffsets_destroy(
    alter_grpoffsets: *mut rd_kafka_AlterConsumerGroupOffsets_t,
) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(alter_grpoffsets) });
    })
}

/// Frees the objects of an array, and not the array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AlterConsumerGroupOffsets_destroy_array(
    alter_grpoffsets: *mut *mut rd_kafka_AlterConsumerGroupOffsets_t,
    alter_grpoffset_cnt: size_t,
) {
    ffi!({
        // SAFETY: the application gives the objects of its array up.
        unsafe { handle::take_array(alter_grpoffsets, alter_grpoffset_cnt) };
    })
}

/// Commits offsets for a group that has no members; `alter_grpoffsets_cnt` must be 1.
/// The result is an ALTERCONSUMERGROUPOFFSETS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AlterConsumerGroupOffsets(
    rk: *mut rd_kafka_t,
    alter_grpoffsets: *mut *mut rd_kafka_AlterConsumerGroupOffsets_t,
    alter_grpoffsets_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        // SAFETY: handles and an array of the application's.
        unsafe {
            request::start(
                AdminOp::ALTER_CONSUMER_GROUP_OFFSETS,
                rk,
                options,
                rkqu,
                |request| {
                    let (group, partitions) = to_alter(alter_grpoffsets, alter_grpoffsets_cnt)?;
                    Ok(group_offsets::alter(group, partitions, request).into())
                },
            );
        }
    })
}

/// The results by group, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AlterConsumerGroupOffsets_result_groups(
    result: *const rd_kafka_AlterConsumerGroupOffsets_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_group_result_t {
    ffi!({ result_array!(Groups, result, cntp) })
}

/// A group, and the partitions whose committed offsets are to go. The list is copied.
/// Freed by `rd_kafka_DeleteConsumerGroupOffsets_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteConsumerGroupOffsets_new(
    group: *const c_char,
    partitions: *const rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_DeleteConsumerGroupOffsets_t {
    ffi!({
        // SAFETY: a string and a list of the application's.
        unsafe { group_partitions(group, partitions, true) }
            .map_or(std::ptr::null_mut(), handle::give)
    })
}

/// Frees an object that the application owns. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteConsumerGroupOffsets_destroy(
    del_grpoffsets: *mut rd_kafka_DeleteConsumerGroupOffsets_t,
) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(del_grpoffsets) });
    })
}

/// Frees the objects of an array, and not the array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteConsumerGroupOffsets_destroy_array(
    del_grpoffsets: *mut *mut rd_kafka_DeleteConsumerGroupOffsets_t,
    del_grpoffset_cnt: size_t,
) {
    ffi!({
        // SAFETY: the application gives the objects of its array up.
        unsafe { handle::take_array(del_grpoffsets, del_grpoffset_cnt) };
    })
}

/// Removes committed offsets of topics that the group does not subscribe to;
/// `del_grpoffsets_cnt` must be 1. The result is a DELETECONSUMERGROUPOFFSETS_RESULT
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteConsumerGroupOffsets(
    rk: *mut rd_kafka_t,
    del_grpoffsets: *mut *mut rd_kafka_DeleteConsumerGroupOffsets_t,
    del_grpoffsets_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        // SAFETY: handles and an array of the application's.
        unsafe {
            request::start(
                AdminOp::DELETE_CONSUMER_GROUP_OFFSETS,
                rk,
                options,
                rkqu,
                |request| {
                    let (group, partitions) = to_delete(del_grpoffsets, del_grpoffsets_cnt)?;
                    Ok(group_offsets::delete(group, partitions, request).into())
                },
            );
        }
    })
}

/// The results by group, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteConsumerGroupOffsets_result_groups(
    result: *const rd_kafka_DeleteConsumerGroupOffsets_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_group_result_t {
    ffi!({ result_array!(Groups, result, cntp) })
}
