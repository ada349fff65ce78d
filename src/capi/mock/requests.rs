//! Requests that mock brokers received.

use libc::size_t;

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{rd_kafka_mock_cluster_t, rd_kafka_mock_request_t};

/// Begins to note down requests.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_start_request_tracking(
    mcluster: *mut rd_kafka_mock_cluster_t,
) {
    ffi!({ not_built!(mcluster) })
}

/// Ends noting down requests, and drops those that were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_stop_request_tracking(
    mcluster: *mut rd_kafka_mock_cluster_t,
) {
    ffi!({ not_built!(mcluster) })
}

/// Frees a request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_request_destroy(mreq: *mut rd_kafka_mock_request_t) {
    ffi!({ not_built!(mreq) })
}

/// Frees the requests of an array, and the array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_request_destroy_array(
    mreqs: *mut *mut rd_kafka_mock_request_t,
    mreq_cnt: size_t,
) {
    ffi!({ not_built!(mreqs, mreq_cnt) })
}

/// The id of the broker that got the request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_request_id(mreq: *mut rd_kafka_mock_request_t) -> i32 {
    ffi!({ not_built!(mreq) })
}

/// The kind of the request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_request_api_key(mreq: *mut rd_kafka_mock_request_t) -> i16 {
    ffi!({ not_built!(mreq) })
}

/// When the request came, in microseconds of a clock that only goes forward.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_request_timestamp(
    mreq: *mut rd_kafka_mock_request_t,
) -> i64 {
    ffi!({ not_built!(mreq) })
}

/// Copies of the requests noted down so far, `*cntp` of them. Freed by
/// `rd_kafka_mock_request_destroy_array`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_get_requests(
    mcluster: *mut rd_kafka_mock_cluster_t,
    cntp: *mut size_t,
) -> *mut *mut rd_kafka_mock_request_t {
    ffi!({ not_built!(mcluster, cntp) })
}

/// Drops the requests noted down so far.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_clear_requests(mcluster: *mut rd_kafka_mock_cluster_t) {
    ffi!({ not_built!(mcluster) })
}
