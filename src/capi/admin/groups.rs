//! ListConsumerGroups, DescribeConsumerGroups and DeleteGroups.

use std::ffi::CString;

use libc::{c_char, c_int, size_t};

use crate::admin::groups as admin;
use crate::admin::options::AdminOp;
use crate::admin::results::groups::{GroupDescription, GroupListing, MemberDescription};
use crate::base::error::KafkaError;
use crate::base::topic_partition::TopicPartition;
use crate::capi::admin::elements::{self, Elements, ResultObjects};
use crate::capi::admin::events::{self, result_array};
use crate::capi::admin::request;
use crate::capi::boundary::{ffi, put};
use crate::capi::cstr;
use crate::capi::error::HeldError;
use crate::capi::handle::{self, Boxed, Opaque, Tagged};
use crate::capi::partition_list::owned_list_of;
use crate::capi::topic_partition::List;
use crate::capi::types::{
    RD_KAFKA_CONSUMER_GROUP_STATE_UNKNOWN, RD_KAFKA_CONSUMER_GROUP_TYPE_UNKNOWN,
    rd_kafka_AclOperation_t, rd_kafka_AdminOptions_t, rd_kafka_ConsumerGroupDescription_s,
    rd_kafka_ConsumerGroupDescription_t, rd_kafka_ConsumerGroupListing_s,
    rd_kafka_ConsumerGroupListing_t, rd_kafka_DeleteGroup_s, rd_kafka_DeleteGroup_t,
    rd_kafka_DeleteGroups_result_t, rd_kafka_DescribeConsumerGroups_result_t,
    rd_kafka_ListConsumerGroups_result_t, rd_kafka_MemberAssignment_s, rd_kafka_MemberAssignment_t,
    rd_kafka_MemberDescription_s, rd_kafka_MemberDescription_t, rd_kafka_Node_s, rd_kafka_Node_t,
    rd_kafka_consumer_group_state_t, rd_kafka_consumer_group_type_t, rd_kafka_error_t,
    rd_kafka_group_result_t, rd_kafka_queue_t, rd_kafka_t, rd_kafka_topic_partition_list_t,
};

impl Opaque for rd_kafka_DeleteGroup_s {
    type Target = String;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b44_4772;
}

impl Opaque for rd_kafka_ConsumerGroupListing_s {
    type Target = GroupListing;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b43_474c;
}

impl Opaque for rd_kafka_ConsumerGroupDescription_s {
    type Target = DescriptionObject;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b43_4744;
}

impl Opaque for rd_kafka_MemberDescription_s {
    type Target = MemberObject;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b4d_4465;
}

impl Opaque for rd_kafka_MemberAssignment_s {
    type Target = List;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b4d_4173;
}

/// A group as it was described.
pub(crate) struct DescriptionObject {
    group: CString,
    error: HeldError,
    simple: bool,
    assignor: Option<CString>,
    operations: Option<Vec<rd_kafka_AclOperation_t>>,
    state: rd_kafka_consumer_group_state_t,
    kind: rd_kafka_consumer_group_type_t,
    coordinator: Option<Tagged<rd_kafka_Node_s>>,
    members: Elements<rd_kafka_MemberDescription_s>,
}

impl From<GroupDescription> for DescriptionObject {
    fn from(group: GroupDescription) -> Self {
        let operations = |all: Vec<i32>| all.into_iter().map(rd_kafka_AclOperation_t).collect();
        DescriptionObject {
            group: group.group,
            error: group.error.into(),
            simple: group.simple,
            assignor: group.assignor,
            operations: group.operations.map(operations),
            state: rd_kafka_consumer_group_state_t(group.state),
            kind: rd_kafka_consumer_group_type_t(group.kind),
            coordinator: group.coordinator.map(Tagged::new),
            members: Elements::new(group.members),
        }
    }
}

/// A member of a group.
pub(crate) struct MemberObject {
    client_id: CString,
    instance_id: Option<CString>,
    consumer_id: CString,
    host: CString,
    assignment: Tagged<rd_kafka_MemberAssignment_s>,
    target_assignment: Option<Tagged<rd_kafka_MemberAssignment_s>>,
}

impl From<MemberDescription> for MemberObject {
    fn from(member: MemberDescription) -> Self {
        let list = |partitions: Vec<TopicPartition>| Tagged::new(owned_list_of(&partitions));
        MemberObject {
            client_id: member.client_id,
            instance_id: member.instance_id,
            consumer_id: member.consumer_id,
            host: member.host,
            assignment: list(member.assignment),
            target_assignment: member.target_assignment.map(list),
        }
    }
}

/// Groups to describe, each once.
///
/// # Safety
/// Null, or as many strings of the application's.
unsafe fn names(groups: *mut *const c_char, count: size_t) -> Result<Vec<String>, KafkaError> {
    // SAFETY: the caller's promise.
    let groups = unsafe { request::names(groups, count, "group") }?;
    request::distinct(&groups, "group")?;
    let name = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    Ok(groups.into_iter().map(name).collect())
}

/// One of the two arrays of a list of groups.
macro_rules! group_listings {
    ($field:ident, $result:expr, $count:expr) => {
        // SAFETY: an event and a variable of the application's.
        unsafe {
            let all = match events::objects($result) {
                Some(ResultObjects::GroupListings { $field, .. }) => Some($field),
                _ => None,
            };
            elements::give(all, $count)
        }
    };
}

/// Asks all brokers for their groups. The result is a LISTCONSUMERGROUPS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListConsumerGroups(
    rk: *mut rd_kafka_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        // SAFETY: handles of the application's.
        unsafe {
            request::start(
                AdminOp::LIST_CONSUMER_GROUPS,
                rk,
                options,
                rkqu,
                |request| Ok(admin::list(request).into()),
            );
        }
    })
}

/// The group's id. Good as long as the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupListing_group_id(
    grplist: *const rd_kafka_ConsumerGroupListing_t,
) -> *const c_char {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let object = unsafe { handle::get(grplist) };
        object.map_or(std::ptr::null(), |object| object.group.as_ptr())
    })
}

/// 1 if the group only holds offsets, otherwise 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupListing_is_simple_consumer_group(
    grplist: *const rd_kafka_ConsumerGroupListing_t,
) -> c_int {
    // SAFETY: null, or a part of the caller's event.
    ffi!({ unsafe { handle::get(grplist) }.map_or(0, |object| c_int::from(object.simple)) })
}

/// The group's state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupListing_state(
    grplist: *const rd_kafka_ConsumerGroupListing_t,
) -> rd_kafka_consumer_group_state_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        unsafe { handle::get(grplist) }.map_or(RD_KAFKA_CONSUMER_GROUP_STATE_UNKNOWN, |object| {
            rd_kafka_consumer_group_state_t(object.state)
        })
    })
}

/// The group's type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupListing_type(
    grplist: *const rd_kafka_ConsumerGroupListing_t,
) -> rd_kafka_consumer_group_type_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        unsafe { handle::get(grplist) }.map_or(RD_KAFKA_CONSUMER_GROUP_TYPE_UNKNOWN, |object| {
            rd_kafka_consumer_group_type_t(object.kind)
        })
    })
}

/// The groups, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListConsumerGroups_result_valid(
    result: *const rd_kafka_ListConsumerGroups_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_ConsumerGroupListing_t {
    ffi!({ group_listings!(valid, result, cntp) })
}

/// The errors of brokers that could not be asked, `*cntp` of them. They belong to the
/// event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListConsumerGroups_result_errors(
    result: *const rd_kafka_ListConsumerGroups_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_error_t {
    ffi!({ group_listings!(errors, result, cntp) })
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
        // SAFETY: handles and an array of the application's.
        unsafe {
            request::start(
                AdminOp::DESCRIBE_CONSUMER_GROUPS,
                rk,
                options,
                rkqu,
                |request| {
                    let groups = names(groups, groups_cnt)?;
                    Ok(admin::describe(groups, request).into())
                },
            );
        }
    })
}

/// The descriptions, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeConsumerGroups_result_groups(
    result: *const rd_kafka_DescribeConsumerGroups_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_ConsumerGroupDescription_t {
    ffi!({ result_array!(GroupDescriptions, result, cntp) })
}

/// The group's id. Good as long as the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_group_id(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
) -> *const c_char {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let object = unsafe { handle::get(grpdesc) };
        object.map_or(std::ptr::null(), |object| object.group.as_ptr())
    })
}

/// The error for this group, or null. It belongs to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_error(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
) -> *const rd_kafka_error_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let object = unsafe { handle::get(grpdesc) };
        object.map_or(std::ptr::null(), |object| object.error.lend())
    })
}

/// 1 if the group only holds offsets, otherwise 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_is_simple_consumer_group(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
) -> c_int {
    // SAFETY: null, or a part of the caller's event.
    ffi!({ unsafe { handle::get(grpdesc) }.map_or(0, |object| c_int::from(object.simple)) })
}

/// The assignor in use. Good as long as the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_partition_assignor(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
) -> *const c_char {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let text = unsafe { handle::get(grpdesc) }.and_then(|object| object.assignor.as_ref());
        text.map_or(std::ptr::null(), |text| text.as_ptr())
    })
}

/// What the client may do with the group, `*cntp` entries; null if that was not asked
/// for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_authorized_operations(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
    cntp: *mut size_t,
) -> *const rd_kafka_AclOperation_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event, and a variable of the application's.
        unsafe {
            let object = handle::get(grpdesc);
            let operations = object.and_then(|object| object.operations.as_deref());
            put(cntp, operations.map_or(0, <[_]>::len));
            operations.map_or(std::ptr::null(), <[_]>::as_ptr)
        }
    })
}

/// The group's state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_state(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
) -> rd_kafka_consumer_group_state_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        unsafe { handle::get(grpdesc) }
            .map_or(RD_KAFKA_CONSUMER_GROUP_STATE_UNKNOWN, |object| object.state)
    })
}

/// The broker that coordinates the group. It belongs to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_coordinator(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
) -> *const rd_kafka_Node_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let coordinator =
            unsafe { handle::get(grpdesc) }.and_then(|object| object.coordinator.as_ref());
        coordinator.map_or(std::ptr::null(), handle::lend)
    })
}

/// The group's type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_type(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
) -> rd_kafka_consumer_group_type_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        unsafe { handle::get(grpdesc) }
            .map_or(RD_KAFKA_CONSUMER_GROUP_TYPE_UNKNOWN, |object| object.kind)
    })
}

/// How many members the group has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_member_count(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
) -> size_t {
    // SAFETY: null, or a part of the caller's event.
    ffi!({ unsafe { handle::get(grpdesc) }.map_or(0, |object| object.members.len()) })
}

/// The member at `idx`, or null. It belongs to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ConsumerGroupDescription_member(
    grpdesc: *const rd_kafka_ConsumerGroupDescription_t,
    idx: size_t,
) -> *const rd_kafka_MemberDescription_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let member = unsafe { handle::get(grpdesc) }.and_then(|object| object.members.get(idx));
        member.map_or(std::ptr::null(), handle::lend)
    })
}

/// The member's `client.id`. Good as long as the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_MemberDescription_client_id(
    member: *const rd_kafka_MemberDescription_t,
) -> *const c_char {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let object = unsafe { handle::get(member) };
        object.map_or(std::ptr::null(), |object| object.client_id.as_ptr())
    })
}

/// The member's `group.instance.id`, or null. Good as long as the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_MemberDescription_group_instance_id(
    member: *const rd_kafka_MemberDescription_t,
) -> *const c_char {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let text = unsafe { handle::get(member) }.and_then(|object| object.instance_id.as_ref());
        text.map_or(std::ptr::null(), |text| text.as_ptr())
    })
}

/// The member's id. Good as long as the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_MemberDescription_consumer_id(
    member: *const rd_kafka_MemberDescription_t,
) -> *const c_char {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let object = unsafe { handle::get(member) };
        object.map_or(std::ptr::null(), |object| object.consumer_id.as_ptr())
    })
}

/// The host that the member connects from. Good as long as the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_MemberDescription_host(
    member: *const rd_kafka_MemberDescription_t,
) -> *const c_char {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let object = unsafe { handle::get(member) };
        object.map_or(std::ptr::null(), |object| object.host.as_ptr())
    })
}

/// What the member has. It belongs to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_MemberDescription_assignment(
    member: *const rd_kafka_MemberDescription_t,
) -> *const rd_kafka_MemberAssignment_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let member = unsafe { handle::get(member) };
        member.map_or(std::ptr::null(), |member| handle::lend(&member.assignment))
    })
}

/// The partitions of an assignment. They belong to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_MemberAssignment_partitions(
    assignment: *const rd_kafka_MemberAssignment_t,
) -> *const rd_kafka_topic_partition_list_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let list = unsafe { handle::get(assignment) };
        list.map_or(std::ptr::null(), |list| std::ptr::from_ref(list.get()))
    })
}

/// What the member is to have (KIP-848), or null. It belongs to the description.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_MemberDescription_target_assignment(
    member: *const rd_kafka_MemberDescription_t,
) -> *const rd_kafka_MemberAssignment_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let member = unsafe { handle::get(member) };
        let assignment = member.and_then(|member| member.target_assignment.as_ref());
        assignment.map_or(std::ptr::null(), handle::lend)
    })
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
        // SAFETY: handles and an array of the application's.
        unsafe {
            request::start(AdminOp::DELETE_GROUPS, rk, options, rkqu, |request| {
                let groups = request::objects(del_groups, del_group_cnt, "group")?;
                request::distinct(&groups, "group")?;
                Ok(admin::delete(groups.into_iter().cloned().collect(), request).into())
            });
        }
    })
}

/// The results by group, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteGroups_result_groups(
    result: *const rd_kafka_DeleteGroups_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_group_result_t {
    ffi!({ result_array!(Groups, result, cntp) })
}
