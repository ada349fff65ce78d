//! ListConsumerGroups, DescribeConsumerGroups and DeleteGroups.

use libc::{c_char, c_int, size_t};

use crate::admin::options::AdminOp;
use crate::capi::admin::request::{self, request_not_built};
use crate::capi::boundary::{ffi, not_built};
use crate::capi::cstr;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::types::{
    rd_kafka_AclOperation_t, rd_kafka_AdminOptions_t, rd_kafka_ConsumerGroupDescription_t,
    rd_kafka_ConsumerGroupListing_t, rd_kafka_DeleteGroup_s, rd_kafka_DeleteGroup_t,
    rd_kafka_DeleteGroups_result_t, rd_kafka_DescribeConsumerGroups_result_t,
    rd_kafka_ListConsumerGroups_result_t, rd_kafka_MemberAssignment_t,
    rd_kafka_MemberDescription_t, rd_kafka_Node_t, rd_kafka_consumer_group_state_t,
    rd_kafka_consumer_group_type_t, rd_kafka_error_t, rd_kafka_group_result_t, rd_kafka_queue_t,
    rd_kafka_t, rd_kafka_topic_partition_list_t,
};

impl Opaque for rd_kafka_DeleteGroup_s {
    type Target = String;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b44_4772;
}

/// # Safety
/// Null, or as many objects of the application's.
unsafe fn check_deletion(
    groups: *mut *mut rd_kafka_DeleteGroup_t,
    count: size_t,
) -> request::Checked {
    // SAFETY: the caller's promise.
    let groups = unsafe { request::objects(groups, count, "group") }?;
    request::distinct(&groups, "group")?;
    Ok(groups.len())
}

/// # Safety
/// Null, or as many strings of the application's.
unsafe fn check_names(groups: *mut *const c_char, count: size_t) -> request::Checked {
    // SAFETY: the caller's promise.
    let groups = unsafe { request::names(groups, count, "group") }?;
    request::distinct(&groups, "group")?;
    Ok(groups.len())
}

/// Asks all brokers for their groups. The result is a LISTCONSUMERGROUPS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListConsumerGroups(
    rk: *mut rd_kafka_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({ request_not_built!(AdminOp::LIST_CONSUMER_GROUPS, rk, options, rkqu, Ok(1)) })
}

/// The group's id. Good as long as the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupListing_group_id(
    grplist: *const rd_kafka_ConsumerGroupListing_t,
) -> *const c_char {
    ffi!({ not_built!(grplist) })
}

/// 1 if the group only holds offsets, otherwise 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupListing_is_simple_consumer_group(
    grplist: *const rd_kafka_ConsumerGroupListing_t,
) -> c_int {
    ffi!({ not_built!(grplist) })
}

/// The group's state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupListing_state(
    grplist: *const rd_kafka_ConsumerGroupListing_t,
) -> rd_kafka_consumer_group_state_t {
    ffi!({ not_built!(grplist) })
}

/// The group's type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupListing_type(
    grplist: *const rd_kafka_ConsumerGroupListing_t,
) -> rd_kafka_consumer_group_type_t {
    ffi!({ not_built!(grplist) })
}

/// The groups, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListConsumerGroups_result_valid(
    result: *const rd_kafka_ListConsumerGroups_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_ConsumerGroupListing_t {
    ffi!({ not_built!(result; cntp = 0) })
}

/// The errors of brokers that could not be asked, `*cntp` of them. They belong to the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListConsumerGroups_result_errors(
    result: *const rd_kafka_ListConsumerGroups_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_error_t {
    ffi!({ not_built!(result; cntp = 0) })
}

/// Asks for groups and their members. The result is a DESCRIBECONSUMERGROUPS_RESULT
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeConsumerGroups(
    rk: *mut rd_kafka_t,
    groups: *mut *const c_char,
    groups_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        request_not_built!(
            AdminOp::DESCRIBE_CONSUMER_GROUPS,
            rk,
            options,
            rkqu,
            check_names(groups, groups_cnt)
        )
    })
}

/// The descriptions, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeConsumerGroups_result_groups(
    result: *const rd_kafka_DescribeConsumerGroups_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_ConsumerGroupDescription_t {
    ffi!({ not_built!(result; cntp = 0) })
}

/// The group's id. Good as long as the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_group_id(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
) -> *const c_char {
    ffi!({ not_built!(grpdesc) })
}

/// The error for this group, or null. It belongs to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_error(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
) -> *const rd_kafka_error_t {
    ffi!({ not_built!(grpdesc) })
}

/// 1 if the group only holds offsets, otherwise 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_is_simple_consumer_group(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
) -> c_int {
    ffi!({ not_built!(grpdesc) })
}

/// The assignor in use. Good as long as the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_partition_assignor(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
) -> *const c_char {
    ffi!({ not_built!(grpdesc) })
}

/// What the client may do with the group, `*cntp` entries; null if that was not asked
/// for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_authorized_operations(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
    cntp: *mut size_t,
) -> *const rd_kafka_AclOperation_t {
    ffi!({ not_built!(grpdesc; cntp = 0) })
}

/// The group's state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_state(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
) -> rd_kafka_consumer_group_state_t {
    ffi!({ not_built!(grpdesc) })
}

/// The broker that coordinates the group. It belongs to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_coordinator(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
) -> *const rd_kafka_Node_t {
    ffi!({ not_built!(grpdesc) })
}

/// The group's type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_type(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
) -> rd_kafka_consumer_group_type_t {
    ffi!({ not_built!(grpdesc) })
}

/// How many members the group has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_member_count(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
) -> size_t {
    ffi!({ not_built!(grpdesc) })
}

/// The member at `idx`, or null. It belongs to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_member(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
    idx: size_t,
) -> *const rd_kafka_MemberDescription_t {
    ffi!({ not_built!(grpdesc, idx) })
}

/// The member's `client.id`. Good as long as the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_MemberDescription_client_id(
    member: *const rd_kafka_MemberDescription_t,
) -> *const c_char {
    ffi!({ not_built!(member) })
}

/// The member's `group.instance.id`, or null. Good as long as the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_MemberDescription_group_instance_id(
    member: *const rd_kafka_MemberDescription_t,
) -> *const c_char {
    ffi!({ not_built!(member) })
}

/// The member's id. Good as long as the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_MemberDescription_consumer_id(
    member: *const rd_kafka_MemberDescription_t,
) -> *const c_char {
    ffi!({ not_built!(member) })
}

/// The host that the member connects from. Good as long as the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_MemberDescription_host(
    member: *const rd_kafka_MemberDescription_t,
) -> *const c_char {
    ffi!({ not_built!(member) })
}

/// What the member has. It belongs to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_MemberDescription_assignment(
    member: *const rd_kafka_MemberDescription_t,
) -> *const rd_kafka_MemberAssignment_t {
    ffi!({ not_built!(member) })
}

/// The partitions of an assignment. They belong to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_MemberAssignment_partitions(
    assignment: *const rd_kafka_MemberAssignment_t,
) -> *const rd_kafka_topic_partition_list_t {
    ffi!({ not_built!(assignment) })
}

/// What the member is to have (KIP-848), or null. It belongs to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_MemberDescription_target_assignment(
    member: *const rd_kafka_MemberDescription_t,
) -> *const rd_kafka_MemberAssignment_t {
    ffi!({ not_built!(member) })
}

/// A group to delete. Freed by `rd_kafka_DeleteGroup_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteGroup_new(
    group: *const c_char,
) -> *mut rd_kafka_DeleteGroup_t {
    ffi!({
        // SAFETY: a string of the application's.
        match unsafe { cstr::text(group) } {
            Some(group) => handle::give(group.into_owned()),
            None => std::ptr::null_mut(),
        }
    })
}

/// Frees an object that the application owns. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteGroup_destroy(del_group: *mut rd_kafka_DeleteGroup_t) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(del_group) });
    })
}

/// Frees the objects of an array, and not the array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteGroup_destroy_array(
    del_groups: *mut *mut rd_kafka_DeleteGroup_t,
    del_group_cnt: size_t,
) {
    ffi!({
        // SAFETY: the application gives the objects of its array up.
        unsafe { handle::take_array(del_groups, del_group_cnt) };
    })
}

/// Deletes groups that have no members. The result is a DELETEGROUPS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteGroups(
    rk: *mut rd_kafka_t,
    del_groups: *mut *mut rd_kafka_DeleteGroup_t,
    del_group_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        request_not_built!(
            AdminOp::DELETE_GROUPS,
            rk,
            options,
            rkqu,
            check_deletion(del_groups, del_group_cnt)
        )
    })
}

/// The results by group, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteGroups_result_groups(
    result: *const rd_kafka_DeleteGroups_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_group_result_t {
    ffi!({ not_built!(result; cntp = 0) })
}
