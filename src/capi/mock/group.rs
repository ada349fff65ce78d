//! Groups and telemetry in the mock cluster.

use libc::{c_char, size_t};

use super::cluster::with;
use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{rd_kafka_mock_cluster_t, rd_kafka_resp_err_t};

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
