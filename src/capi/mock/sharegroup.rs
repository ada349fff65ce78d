//! Share groups in the mock cluster.

use std::ptr;

use libc::{c_char, c_int, size_t};

use super::cluster::{ask, with};
use crate::base::error::ErrorCode;
use crate::capi::boundary::ffi;
use crate::capi::cstr;
use crate::capi::topic_partition::elements;
use crate::capi::types::{
    rd_kafka_mock_cluster_t, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t,
};
use crate::mock::ShareChange;

/// Sets the session timeout of share groups (KIP-932).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_session_timeout(
    mcluster: *mut rd_kafka_mock_cluster_t,
    session_timeout_ms: c_int,
) {
    ffi!({
        let change = ShareChange::SessionTimeout {
            ms: session_timeout_ms,
        };
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.change_share(change)) };
    })
}

/// Sets the heartbeat interval of share groups.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_heartbeat_interval(
    mcluster: *mut rd_kafka_mock_cluster_t,
    heartbeat_interval_ms: c_int,
) {
    ffi!({
        let change = ShareChange::HeartbeatInterval {
            ms: heartbeat_interval_ms,
        };
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.change_share(change)) };
    })
}

/// Sets how often a record is delivered before it is given up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_max_delivery_attempts(
    mcluster: *mut rd_kafka_mock_cluster_t,
    max_attempts: c_int,
) {
    ffi!({
        let change = match i16::try_from(max_attempts) {
            Ok(limit) if limit > 0 => ShareChange::DeliveryLimit(limit),
            // No limit.
            _ => ShareChange::DeliveryLimit(i16::MAX),
        };
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.change_share(change)) };
    })
}

/// Sets how long a delivered record stays with its consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_record_lock_duration(
    mcluster: *mut rd_kafka_mock_cluster_t,
    lock_duration_ms: c_int,
) {
    ffi!({
        let change = ShareChange::LockDuration {
            ms: lock_duration_ms,
        };
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.change_share(change)) };
    })
}

/// Sets which records share groups get: 0 all, 1 those of committed transactions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_isolation_level(
    mcluster: *mut rd_kafka_mock_cluster_t,
    level: c_int,
) {
    ffi!({
        let change = ShareChange::ReadCommitted(level == 1);
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.change_share(change)) };
    })
}

/// Sets how many members a share group may have.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_max_size(
    mcluster: *mut rd_kafka_mock_cluster_t,
    max_size: c_int,
) {
    ffi!({
        let change = ShareChange::MaxSize(max_size);
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.change_share(change)) };
    })
}

/// Sets how many share sessions a broker keeps.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_max_fetch_sessions(
    mcluster: *mut rd_kafka_mock_cluster_t,
    max_fetch_sessions: c_int,
) {
    ffi!({
        let change = ShareChange::MaxSessions(max_fetch_sessions);
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.change_share(change)) };
    })
}

/// Sets how many records of a partition may be with consumers at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_max_record_locks(
    mcluster: *mut rd_kafka_mock_cluster_t,
    max_record_locks: c_int,
) {
    ffi!({
        let change = ShareChange::RecordLocks(max_record_locks);
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.change_share(change)) };
    })
}

/// Sets where a share group begins: 0 at the latest record, 1 at the earliest.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_auto_offset_reset(
    mcluster: *mut rd_kafka_mock_cluster_t,
    auto_offset_reset: c_int,
) {
    ffi!({
        let change = ShareChange::Earliest(auto_offset_reset == 1);
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.change_share(change)) };
    })
}

/// Sets what the members of a share group are to have; null or none lets the
/// coordinator assign again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_target_assignment(
    mcluster: *mut rd_kafka_mock_cluster_t,
    group_id: *const c_char,
    member_ids: *mut *const c_char,
    assignments: *mut *mut rd_kafka_topic_partition_list_t,
    member_cnt: size_t,
) {
    ffi!({
        // SAFETY: null or text that the application passes.
        let Some(group) = (unsafe { cstr::text(group_id) }) else {
            return;
        };
        // SAFETY: the application's arrays.
        let members = unsafe { targets(member_ids, assignments, member_cnt) };
        let group = group.into_owned();
        let change = ShareChange::Target { group, members };
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.change_share(change)) };
    })
}

/// Members and what each is to have.
///
/// # Safety
/// Both arrays have `count` elements, texts and lists, or are null.
unsafe fn targets(
    ids: *mut *const c_char,
    lists: *mut *mut rd_kafka_topic_partition_list_t,
    count: size_t,
) -> Vec<(String, Vec<(String, i32)>)> {
    if ids.is_null() || lists.is_null() || count == 0 {
        return Vec::new();
    }
    // SAFETY: the caller's promise.
    let (ids, lists) = unsafe {
        (
            std::slice::from_raw_parts(ids, count),
            std::slice::from_raw_parts(lists, count),
        )
    };
    let mut all = Vec::with_capacity(count);
    for (&id, &list) in ids.iter().zip(lists) {
        // SAFETY: null or text.
        let Some(id) = (unsafe { cstr::text(id) }) else {
            continue;
        };
        // SAFETY: null or a list.
        let partitions = unsafe { list.as_ref() }.map_or(&[][..], elements);
        let named = partitions.iter().filter_map(|p| {
            // SAFETY: an element has a topic.
            let topic = unsafe { cstr::text(p.topic) }?;
            Some((topic.into_owned(), p.partition))
        });
        all.push((id.into_owned(), named.collect()));
    }
    all
}

/// Sets `*member_ids_out` to the ids of the group's members, `*member_cnt_out` of them;
/// ids and array are freed by `rd_kafka_mem_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_get_member_ids(
    mcluster: *mut rd_kafka_mock_cluster_t,
    group_id: *const c_char,
    member_ids_out: *mut *mut *mut c_char,
    member_cnt_out: *mut size_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        if member_ids_out.is_null() || member_cnt_out.is_null() {
            return ErrorCode::_INVALID_ARG;
        }
        // SAFETY: the application's places, not null.
        unsafe {
            *member_ids_out = ptr::null_mut();
            *member_cnt_out = 0;
        }
        // SAFETY: null or text that the application passes.
        let Some(group) = (unsafe { cstr::text(group_id) }) else {
            return ErrorCode::_INVALID_ARG;
        };
        // SAFETY: the cluster lives as long as the call.
        let ids = match unsafe { ask(mcluster, |c| c.share_members(&group)) } {
            Ok(ids) => ids,
            Err(code) => return code,
        };
        if ids.is_empty() {
            return ErrorCode::NO_ERROR;
        }
        let array = cstr::malloc(ids.len() * size_of::<*mut c_char>()).cast::<*mut c_char>();
        for (i, id) in ids.iter().enumerate() {
            // SAFETY: the array has room for all ids.
            unsafe { array.add(i).write(cstr::malloc_string(id.as_bytes())) };
        }
        // SAFETY: the application's places, not null.
        unsafe {
            *member_ids_out = array;
            *member_cnt_out = ids.len();
        }
        ErrorCode::NO_ERROR
    })
}
