//! Share groups in the mock cluster.

use libc::{c_char, c_int, size_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_mock_cluster_t, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t,
};

/// Sets the session timeout of share groups (KIP-932).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_session_timeout(
    mcluster: *mut rd_kafka_mock_cluster_t,
    session_timeout_ms: c_int,
) {
    ffi!({ not_built!(mcluster, session_timeout_ms) })
}

/// Sets the heartbeat interval of share groups.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_heartbeat_interval(
    mcluster: *mut rd_kafka_mock_cluster_t,
    heartbeat_interval_ms: c_int,
) {
    ffi!({ not_built!(mcluster, heartbeat_interval_ms) })
}

/// Sets how often a record is delivered before it is given up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_max_delivery_attempts(
    mcluster: *mut rd_kafka_mock_cluster_t,
    max_attempts: c_int,
) {
    ffi!({ not_built!(mcluster, max_attempts) })
}

/// Sets how long a delivered record stays with its consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_record_lock_duration(
    mcluster: *mut rd_kafka_mock_cluster_t,
    lock_duration_ms: c_int,
) {
    ffi!({ not_built!(mcluster, lock_duration_ms) })
}

/// Sets which records share groups get: 0 all, 1 those of committed transactions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_isolation_level(
    mcluster: *mut rd_kafka_mock_cluster_t,
    level: c_int,
) {
    ffi!({ not_built!(mcluster, level) })
}

/// Sets how many members a share group may have.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_max_size(
    mcluster: *mut rd_kafka_mock_cluster_t,
    max_size: c_int,
) {
    ffi!({ not_built!(mcluster, max_size) })
}

/// Sets how many share sessions a broker keeps.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_max_fetch_sessions(
    mcluster: *mut rd_kafka_mock_cluster_t,
    max_fetch_sessions: c_int,
) {
    ffi!({ not_built!(mcluster, max_fetch_sessions) })
}

/// Sets how many records of a partition may be with consumers at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_max_record_locks(
    mcluster: *mut rd_kafka_mock_cluster_t,
    max_record_locks: c_int,
) {
    ffi!({ not_built!(mcluster, max_record_locks) })
}

/// Sets where a share group begins: 0 at the latest record, 1 at the earliest.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_sharegroup_set_auto_offset_reset(
    mcluster: *mut rd_kafka_mock_cluster_t,
    auto_offset_reset: c_int,
) {
    ffi!({ not_built!(mcluster, auto_offset_reset) })
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
    ffi!({ not_built!(mcluster, group_id, member_ids, assignments, member_cnt) })
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
        not_built!(mcluster, group_id; member_ids_out = std::ptr::null_mut(), member_cnt_out = 0)
    })
}
