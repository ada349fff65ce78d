//! Groups of the consumer protocol (KIP-848) in the mock cluster.

use std::slice;

use libc::{c_char, c_int};

use super::cluster::with;
use crate::capi::boundary::ffi;
use crate::capi::cstr;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::topic_partition::{elements, topic};
use crate::capi::types::{
    rd_kafka_mock_cgrp_consumer_target_assignment_s,
    rd_kafka_mock_cgrp_consumer_target_assignment_t, rd_kafka_mock_cluster_t,
    rd_kafka_topic_partition_list_t,
};
use crate::mock::command::At;

/// Member ids, with what each is to have.
pub(crate) struct Targets(Vec<(String, Vec<At>)>);

impl Opaque for rd_kafka_mock_cgrp_consumer_target_assignment_s {
    type Target = Targets;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b4d_5461;
}

fn copied(list: &rd_kafka_topic_partition_list_t) -> Vec<At> {
    let each = elements(list).iter().map(|e| At {
        topic: String::from_utf8_lossy(topic(e)).into_owned(),
        partition: e.partition,
    });
    each.collect()
}

/// What `member_cnt` members of a group are to have (KIP-848). All is copied. Freed by
/// `rd_kafka_mock_cgrp_consumer_target_assignment_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_cgrp_consumer_target_assignment_new(
    member_ids: *mut *mut c_char,
    member_cnt: c_int,
    assignment: *mut *mut rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_mock_cgrp_consumer_target_assignment_t {
    ffi!({
        let cnt = usize::try_from(member_cnt).unwrap_or(0);
        let mut targets = Vec::new();
        if cnt > 0 && !member_ids.is_null() && !assignment.is_null() {
            // SAFETY: the application passes `member_cnt` of each.
            let (ids, lists) = unsafe {
                (
                    slice::from_raw_parts(member_ids, cnt),
                    slice::from_raw_parts(assignment, cnt),
                )
            };
            for (&id, &list) in ids.iter().zip(lists) {
                // SAFETY: null, or text and a list of the application's.
                let (id, list) = unsafe { (cstr::text(id), list.as_ref()) };
                if let Some(id) = id {
                    targets.push((id.into_owned(), list.map(copied).unwrap_or_default()));
                }
            }
        }
        handle::give(Targets(targets))
    })
}

/// Frees what `rd_kafka_mock_cgrp_consumer_target_assignment_new` made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_cgrp_consumer_target_assignment_destroy(
    target_assignment: *mut rd_kafka_mock_cgrp_consumer_target_assignment_t,
) {
    ffi!({
        // SAFETY: the application gives it up.
        drop(unsafe { handle::take(target_assignment) });
    })
}

/// Sets what the members of a group are to have from now on, whoever joins or leaves;
/// members that are not named keep what they were to have, and topics that do not exist
/// are left out. Null lets the coordinator assign again. A group that does not exist is
/// not made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_cgrp_consumer_target_assignment(
    mcluster: *mut rd_kafka_mock_cluster_t,
    group_id: *const c_char,
    target_assignment: *mut rd_kafka_mock_cgrp_consumer_target_assignment_t,
) {
    ffi!({
        // SAFETY: null or text that the application passes.
        let Some(group) = (unsafe { cstr::text(group_id) }) else {
            return;
        };
        // SAFETY: null, or alive as long as the call.
        let targets = unsafe { handle::get(target_assignment.cast_const()) };
        if targets.is_none() && !target_assignment.is_null() {
            return;
        }
        let targets = targets.map(|t| t.0.clone());
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.set_consumer_targets(&group, targets)) };
    })
}

/// Sets the session timeout of groups of the consumer protocol (KIP-848), 30 seconds if
/// it is not set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_set_group_consumer_session_timeout_ms(
    mcluster: *mut rd_kafka_mock_cluster_t,
    group_consumer_session_timeout_ms: c_int,
) {
    ffi!({
        let ms = group_consumer_session_timeout_ms;
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.set_consumer_session_timeout_ms(ms)) };
    })
}

/// Sets the heartbeat interval of groups of the consumer protocol (KIP-848), 3 seconds if
/// it is not set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_set_group_consumer_heartbeat_interval_ms(
    mcluster: *mut rd_kafka_mock_cluster_t,
    group_consumer_heartbeat_interval_ms: c_int,
) {
    ffi!({
        let ms = group_consumer_heartbeat_interval_ms;
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.set_consumer_heartbeat_interval_ms(ms)) };
    })
}
