//! Groups and telemetry in the mock cluster.

use libc::{c_char, c_int, size_t};

use super::cluster::with;
use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_mock_cgrp_consumer_target_assignment_t, rd_kafka_mock_cluster_t, rd_kafka_resp_err_t,
    rd_kafka_topic_partition_list_t,
};

/// Sets how long a new group waits for more members before its first rebalance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_group_initial_rebalance_delay_ms(
    mcluster: *mut rd_kafka_mock_cluster_t,
    delay_ms: i32,
) {
    ffi!({
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.set_initial_rebalance_delay_ms(delay_ms)) };
    })
}

/// Sets the prefixes of the metrics that the brokers ask clients for (KIP-714).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_telemetry_set_requested_metrics(
    mcluster: *mut rd_kafka_mock_cluster_t,
    metrics: *mut *mut c_char,
    metrics_cnt: size_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(mcluster, metrics, metrics_cnt) })
}

/// Sets how often clients are to push metrics, in milliseconds (KIP-714).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_telemetry_set_push_interval(
    mcluster: *mut rd_kafka_mock_cluster_t,
    push_interval_ms: i64,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(mcluster, push_interval_ms) })
}

/// What `member_cnt` members of a group are to have (KIP-848). All is copied. Freed by
/// `rd_kafka_mock_cgrp_consumer_target_assignment_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_cgrp_consumer_target_assignment_new(
    member_ids: *mut *mut c_char,
    member_cnt: c_int,
    assignment: *mut *mut rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_mock_cgrp_consumer_target_assignment_t {
    ffi!({ not_built!(member_ids, member_cnt, assignment) })
}

/// Frees an object that the application owns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_cgrp_consumer_target_assignment_destroy(
    target_assignment: *mut rd_kafka_mock_cgrp_consumer_target_assignment_t,
) {
    ffi!({ not_built!(target_assignment) })
}

/// Sets the group's target assignment; null lets the coordinator assign again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_cgrp_consumer_target_assignment(
    mcluster: *mut rd_kafka_mock_cluster_t,
    group_id: *const c_char,
    target_assignment: *mut rd_kafka_mock_cgrp_consumer_target_assignment_t,
) {
    ffi!({ not_built!(mcluster, group_id, target_assignment) })
}

/// Sets the session timeout of groups of the consumer protocol (KIP-848).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_set_group_consumer_session_timeout_ms(
    mcluster: *mut rd_kafka_mock_cluster_t,
    group_consumer_session_timeout_ms: c_int,
) {
    ffi!({ not_built!(mcluster, group_consumer_session_timeout_ms) })
}

/// Sets the heartbeat interval of groups of the consumer protocol (KIP-848).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_set_group_consumer_heartbeat_interval_ms(
    mcluster: *mut rd_kafka_mock_cluster_t,
    group_consumer_heartbeat_interval_ms: c_int,
) {
    ffi!({ not_built!(mcluster, group_consumer_heartbeat_interval_ms) })
}
