//! Requests that mock brokers received.

use libc::size_t;

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{rd_kafka_mock_cluster_t, rd_kafka_mock_request_t};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_start_request_tracking(
    mcluster: *mut rd_kafka_mock_cluster_t,
) {
    ffi!({ not_built!(mcluster) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_stop_request_tracking(
    mcluster: *mut rd_kafka_mock_cluster_t,
) {
    ffi!({ not_built!(mcluster) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_request_destroy(mreq: *mut rd_kafka_mock_request_t) {
    ffi!({ not_built!(mreq) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_request_destroy_array(
    mreqs: *mut *mut rd_kafka_mock_request_t,
    mreq_cnt: size_t,
) {
    ffi!({ not_built!(mreqs, mreq_cnt) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_request_id(mreq: *mut rd_kafka_mock_request_t) -> i32 {
    ffi!({ not_built!(mreq) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_request_api_key(mreq: *mut rd_kafka_mock_request_t) -> i16 {
    ffi!({ not_built!(mreq) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_request_timestamp(
    mreq: *mut rd_kafka_mock_request_t,
) -> i64 {
    ffi!({ not_built!(mreq) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_get_requests(
    mcluster: *mut rd_kafka_mock_cluster_t,
    cntp: *mut size_t,
) -> *mut *mut rd_kafka_mock_request_t {
    ffi!({ not_built!(mcluster, cntp) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_clear_requests(mcluster: *mut rd_kafka_mock_cluster_t) {
    ffi!({ not_built!(mcluster) })
}
