//! Groups and telemetry in the mock cluster.

use libc::{c_char, size_t};

use super::cluster::with;
use crate::base::error::ErrorCode;
use crate::capi::boundary::ffi;
use crate::capi::cstr;
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

/// The strings of an array; `None` if there is a null among them.
///
/// # Safety
/// `array` is null, or points to `count` strings.
unsafe fn strings(array: *const *const c_char, count: size_t) -> Option<Vec<String>> {
    if array.is_null() {
        return (count == 0).then(Vec::new);
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(array, count) }
        .iter()
        // SAFETY: as above.
        .map(|text| unsafe { cstr::text(*text) }.map(|s| s.into_owned()))
        .collect()
}

/// Sets the prefixes of the metrics that the brokers ask clients for (KIP-714); all are
/// copied. `*` asks for every metric, none for nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_telemetry_set_requested_metrics(
    mcluster: *mut rd_kafka_mock_cluster_t,
    metrics: *mut *mut c_char,
    metrics_cnt: size_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's array of strings, null with nothing in it.
        let Some(metrics) = (unsafe { strings(metrics.cast_const().cast(), metrics_cnt) }) else {
            return ErrorCode::_INVALID_ARG;
        };
        // SAFETY: the cluster lives as long as the call.
        unsafe { with(mcluster, |c| c.set_telemetry_metrics(metrics)) }
    })
}

/// Sets how often clients are to push metrics, in milliseconds (KIP-714); 0 for five
/// minutes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_telemetry_set_push_interval(
    mcluster: *mut rd_kafka_mock_cluster_t,
    push_interval_ms: i64,
) -> rd_kafka_resp_err_t {
    ffi!({
        let ms = i32::try_from(push_interval_ms.max(0)).unwrap_or(i32::MAX);
        // SAFETY: the cluster lives as long as the call.
        unsafe { with(mcluster, |c| c.set_telemetry_interval_ms(ms)) }
    })
}
