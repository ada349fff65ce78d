//! The mock cluster: making it, and what holds for all of its brokers.

use libc::{c_char, c_int, size_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{rd_kafka_mock_cluster_t, rd_kafka_resp_err_t, rd_kafka_t};

/// Makes a cluster of `broker_cnt` brokers, with ids from 1; `rk` is used for logging
/// and memory. Null if the ports cannot be had. Ended by
/// `rd_kafka_mock_cluster_destroy`, before `rk`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_cluster_new(
    rk: *mut rd_kafka_t,
    broker_cnt: c_int,
) -> *mut rd_kafka_mock_cluster_t {
    ffi!({ not_built!(rk, broker_cnt) })
}

/// Ends a cluster that `rd_kafka_mock_cluster_new` made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_cluster_destroy(mcluster: *mut rd_kafka_mock_cluster_t) {
    ffi!({ not_built!(mcluster) })
}

/// The client instance that the cluster was made with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_cluster_handle(
    mcluster: *const rd_kafka_mock_cluster_t,
) -> *mut rd_kafka_t {
    ffi!({ not_built!(mcluster) })
}

/// The cluster of an instance that has `test.mock.num.brokers` set, or null. It belongs
/// to the instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_handle_mock_cluster(
    rk: *const rd_kafka_t,
) -> *mut rd_kafka_mock_cluster_t {
    ffi!({ not_built!(rk) })
}

/// The brokers, as `bootstrap.servers` wants them. Good as long as the cluster.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_cluster_bootstraps(
    mcluster: *const rd_kafka_mock_cluster_t,
) -> *const c_char {
    ffi!({ not_built!(mcluster) })
}

/// Drops the errors that are left for requests of kind `ApiKey`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_clear_request_errors(
    mcluster: *mut rd_kafka_mock_cluster_t,
    ApiKey: i16,
) {
    ffi!({ not_built!(mcluster, ApiKey) })
}

/// As `rd_kafka_mock_push_request_errors`, with the errors in an array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_push_request_errors_array(
    mcluster: *mut rd_kafka_mock_cluster_t,
    ApiKey: i16,
    cnt: size_t,
    errors: *const rd_kafka_resp_err_t,
) {
    ffi!({ not_built!(mcluster, ApiKey, cnt, errors) })
}

/// Makes a broker the coordinator of a "group" or "transaction" (`key_type`) with the
/// id `key`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_coordinator_set(
    mcluster: *mut rd_kafka_mock_cluster_t,
    key_type: *const c_char,
    key: *const c_char,
    broker_id: i32,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(mcluster, key_type, key, broker_id) })
}

/// Sets the versions of a request that the brokers say they know; -1 and -1 for not
/// knowing it at all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_set_apiversion(
    mcluster: *mut rd_kafka_mock_cluster_t,
    ApiKey: i16,
    MinVersion: i16,
    MaxVersion: i16,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(mcluster, ApiKey, MinVersion, MaxVersion) })
}

/// Sets which broker metadata names as the controller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_set_controller_id(
    mcluster: *mut rd_kafka_mock_cluster_t,
    controller_id: i32,
) {
    ffi!({ not_built!(mcluster, controller_id) })
}
