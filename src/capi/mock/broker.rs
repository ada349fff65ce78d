//! Single mock brokers.

use libc::{c_char, c_int, size_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{rd_kafka_mock_cluster_t, rd_kafka_resp_err_t};

/// Sets `*cntp` to how many errors are left for the broker's requests of kind `ApiKey`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_error_stack_cnt(
    mcluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
    ApiKey: i16,
    cntp: *mut size_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(mcluster, broker_id, ApiKey, cntp) })
}

/// Closes the broker's connections, and refuses new ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_set_down(
    mcluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(mcluster, broker_id) })
}

/// Lets metadata name another host and port for the broker.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_set_host_port(
    mcluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
    host: *const c_char,
    port: c_int,
) {
    ffi!({ not_built!(mcluster, broker_id, host, port) })
}

/// Lets the broker accept connections again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_set_up(
    mcluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(mcluster, broker_id) })
}

/// Delays the broker's answers by so many milliseconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_set_rtt(
    mcluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
    rtt_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(mcluster, broker_id, rtt_ms) })
}

/// Sets the broker's rack.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_set_rack(
    mcluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
    rack: *const c_char,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(mcluster, broker_id, rack) })
}

/// Takes the broker out of the cluster for good: its connections are closed and
/// metadata names it no more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_decommission(
    cluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(cluster, broker_id) })
}

/// Lets metadata not name the broker, which goes on serving its connections.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_remove_from_metadata(
    mcluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(mcluster, broker_id) })
}

/// Adds a broker to the cluster.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_broker_add(
    mcluster: *mut rd_kafka_mock_cluster_t,
    broker_id: i32,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(mcluster, broker_id) })
}
