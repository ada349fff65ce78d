//! Topics and partitions of the mock cluster.

use libc::{c_char, c_int};

use super::cluster::with;
use crate::base::error::ErrorCode;
use crate::capi::boundary::ffi;
use crate::capi::cstr;
use crate::capi::types::{rd_kafka_mock_cluster_t, rd_kafka_resp_err_t};
use crate::mock::command::PartitionChange;

/// Lets all of the topic fail with `err` in metadata; `NO_ERROR` ends that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_topic_set_error(
    mcluster: *mut rd_kafka_mock_cluster_t,
    topic: *const c_char,
    err: rd_kafka_resp_err_t,
) {
    ffi!({
        // SAFETY: null or text that the application passes.
        let Some(topic) = (unsafe { cstr::text(topic) }) else {
            return;
        };
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.set_topic_error(&topic, err.0 as i16)) };
    })
}

/// Creates a topic. `TOPIC_ALREADY_EXISTS` if there is one of that name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_topic_create(
    mcluster: *mut rd_kafka_mock_cluster_t,
    topic: *const c_char,
    partition_cnt: c_int,
    replication_factor: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: null or text that the application passes.
        let Some(topic) = (unsafe { cstr::text(topic) }) else {
            return ErrorCode::_INVALID_ARG;
        };
        // SAFETY: the cluster lives as long as the call.
        unsafe {
            with(mcluster, |c| {
                c.create_topic(&topic, partition_cnt, replication_factor)
            })
        }
    })
}

/// Deletes a topic. `UNKNOWN_TOPIC_OR_PART` if there is none of that name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_topic_delete(
    mcluster: *mut rd_kafka_mock_cluster_t,
    topic: *const c_char,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: null or text that the application passes.
        let Some(topic) = (unsafe { cstr::text(topic) }) else {
            return ErrorCode::_INVALID_ARG;
        };
        // SAFETY: the cluster lives as long as the call.
        unsafe { with(mcluster, |c| c.delete_topic(&topic)) }
    })
}

/// Removes the partition's records before an offset.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_partition_delete_records(
    mcluster: *mut rd_kafka_mock_cluster_t,
    topic: *const c_char,
    partition: i32,
    before_offset: i64,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: null or text that the application passes.
        let Some(topic) = (unsafe { cstr::text(topic) }) else {
            return ErrorCode::_INVALID_ARG;
        };
        // SAFETY: the cluster lives as long as the call.
        unsafe {
            with(mcluster, |c| {
                c.delete_records(&topic, partition, before_offset)
            })
        }
    })
}

/// Makes a broker the partition's leader; -1 leaves it without one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_partition_set_leader(
    mcluster: *mut rd_kafka_mock_cluster_t,
    topic: *const c_char,
    partition: i32,
    broker_id: i32,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: null or text that the application passes.
        let Some(topic) = (unsafe { cstr::text(topic) }) else {
            return ErrorCode::_INVALID_ARG;
        };
        // SAFETY: the cluster lives as long as the call.
        unsafe {
            with(mcluster, |c| {
                c.change_partition(&topic, partition, PartitionChange::Leader(broker_id))
            })
        }
    })
}

/// Makes a broker the one that consumers are told to fetch from (KIP-392); -1 ends
/// that.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_partition_set_follower(
    mcluster: *mut rd_kafka_mock_cluster_t,
    topic: *const c_char,
    partition: i32,
    broker_id: i32,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: null or text that the application passes.
        let Some(topic) = (unsafe { cstr::text(topic) }) else {
            return ErrorCode::_INVALID_ARG;
        };
        // SAFETY: the cluster lives as long as the call.
        unsafe {
            with(mcluster, |c| {
                c.change_partition(&topic, partition, PartitionChange::Follower(broker_id))
            })
        }
    })
}

/// Sets the offsets that the follower seems to have; -1 for those of the leader. The follower serves records up to and
/// with the one at `hi`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_partition_set_follower_wmarks(
    mcluster: *mut rd_kafka_mock_cluster_t,
    topic: *const c_char,
    partition: i32,
    lo: i64,
    hi: i64,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: null or text that the application passes.
        let Some(topic) = (unsafe { cstr::text(topic) }) else {
            return ErrorCode::_INVALID_ARG;
        };
        let change = PartitionChange::FollowerWatermarks {
            low: (lo != -1).then_some(lo),
            high: (hi != -1).then_some(hi),
        };
        // SAFETY: the cluster lives as long as the call.
        unsafe { with(mcluster, |c| c.change_partition(&topic, partition, change)) }
    })
}

/// Lets the partition tell this leader and epoch to the next request that asks, whoever
/// leads it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_partition_push_leader_response(
    mcluster: *mut rd_kafka_mock_cluster_t,
    topic: *const c_char,
    partition: c_int,
    leader_id: i32,
    leader_epoch: i32,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: null or text that the application passes.
        let Some(topic) = (unsafe { cstr::text(topic) }) else {
            return ErrorCode::_INVALID_ARG;
        };
        let change = PartitionChange::PushLeaderResponse {
            leader: leader_id,
            epoch: leader_epoch,
        };
        // SAFETY: the cluster lives as long as the call.
        unsafe { with(mcluster, |c| c.change_partition(&topic, partition, change)) }
    })
}
