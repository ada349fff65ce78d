//! ListConsumerGroupOffsets, AlterConsumerGroupOffsets and DeleteConsumerGroupOffsets.

use libc::{c_char, size_t};

use crate::admin::options::AdminOp;
use crate::capi::admin::request::{self, request_not_built};
use crate::capi::boundary::{ffi, not_built};
use crate::capi::cstr;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::topic_partition::{List, elements};
use crate::capi::types::{
    rd_kafka_AdminOptions_t, rd_kafka_AlterConsumerGroupOffsets_result_t,
    rd_kafka_AlterConsumerGroupOffsets_s, rd_kafka_AlterConsumerGroupOffsets_t,
    rd_kafka_DeleteConsumerGroupOffsets_result_t, rd_kafka_DeleteConsumerGroupOffsets_s,
    rd_kafka_DeleteConsumerGroupOffsets_t, rd_kafka_ListConsumerGroupOffsets_result_t,
    rd_kafka_ListConsumerGroupOffsets_s, rd_kafka_ListConsumerGroupOffsets_t,
    rd_kafka_group_result_t, rd_kafka_queue_t, rd_kafka_t, rd_kafka_topic_partition_list_t,
};

/// A group and some of its partitions.
#[derive(Debug)]
pub(crate) struct GroupPartitions {
    #[expect(dead_code, reason = "for the request, which is not built yet")]
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

/// # Safety
/// Null, or as many objects of the application's.
unsafe fn check_list(
    groups: *mut *mut rd_kafka_ListConsumerGroupOffsets_t,
    count: size_t,
) -> request::Checked {
    // SAFETY: the caller's promise.
    let group = unsafe { request::one_object(groups, count, "group") }?;
    if let Some(partitions) = group.partitions.as_ref().map(List::get) {
        if elements(partitions).is_empty() {
            return Err(request::invalid(
                "All partitions are asked for without a list",
            ));
        }
        request::distinct_partitions(partitions)?;
    }
    Ok(1)
}

/// # Safety
/// Null, or as many objects of the application's.
unsafe fn check_alteration(
    groups: *mut *mut rd_kafka_AlterConsumerGroupOffsets_t,
    count: size_t,
) -> request::Checked {
    // SAFETY: the caller's promise.
    let group = unsafe { request::one_object(groups, count, "group") }?;
    let partitions = group.partitions.as_ref().map(List::get);
    let Some(partitions) = partitions.filter(|list| !elements(list).is_empty()) else {
        return Err(request::invalid("There is no partition in the request"));
    };
    if elements(partitions).iter().any(|e| e.offset < 0) {
        return Err(request::invalid("An offset to commit is below 0"));
    }
    request::distinct_partitions(partitions)?;
    Ok(1)
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
        request_not_built!(
            AdminOp::LIST_CONSUMER_GROUP_OFFSETS,
            rk,
            options,
            rkqu,
            check_list(list_grpoffsets, list_grpoffsets_cnt)
        )
    })
}

/// The results by group, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListConsumerGroupOffsets_result_groups(
    result: *const rd_kafka_ListConsumerGroupOffsets_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_group_result_t {
    ffi!({ not_built!(result; cntp = 0) })
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
        request_not_built!(
            AdminOp::ALTER_CONSUMER_GROUP_OFFSETS,
            rk,
            options,
            rkqu,
            check_alteration(alter_grpoffsets, alter_grpoffsets_cnt)
        )
    })
}

/// The results by group, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AlterConsumerGroupOffsets_result_groups(
    result: *const rd_kafka_AlterConsumerGroupOffsets_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_group_result_t {
    ffi!({ not_built!(result; cntp = 0) })
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
        request_not_built!(
            AdminOp::DELETE_CONSUMER_GROUP_OFFSETS,
            rk,
            options,
            rkqu,
            request::one_object(del_grpoffsets, del_grpoffsets_cnt, "group").map(|_| 1)
        )
    })
}

/// The results by group, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteConsumerGroupOffsets_result_groups(
    result: *const rd_kafka_DeleteConsumerGroupOffsets_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_group_result_t {
    ffi!({ not_built!(result; cntp = 0) })
}
