//! Requests that mock brokers received.

use std::ptr;

use libc::size_t;

use super::cluster::{ask, with};
use crate::capi::boundary::ffi;
use crate::capi::cstr;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::types::{
    rd_kafka_mock_cluster_t, rd_kafka_mock_request_s, rd_kafka_mock_request_t,
};
use crate::mock::TrackedRequest;

impl Opaque for rd_kafka_mock_request_s {
    type Target = TrackedRequest;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b4d_5271;
}

/// Begins to note down requests, and drops those that were noted down before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_start_request_tracking(
    mcluster: *mut rd_kafka_mock_cluster_t,
) {
    ffi!({
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.track_requests(true)) };
    })
}

/// Ends noting down requests, and drops those that were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_stop_request_tracking(
    mcluster: *mut rd_kafka_mock_cluster_t,
) {
    ffi!({
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.track_requests(false)) };
    })
}

/// Frees a request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_request_destroy(mreq: *mut rd_kafka_mock_request_t) {
    ffi!({
        // SAFETY: the application gives the request up.
        drop(unsafe { handle::take(mreq) });
    })
}

/// Frees the requests of an array, and the array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_request_destroy_array(
    mreqs: *mut *mut rd_kafka_mock_request_t,
    mreq_cnt: size_t,
) {
    ffi!({
        if mreqs.is_null() {
            return;
        }
        for i in 0..mreq_cnt {
            // SAFETY: the array has `mreq_cnt` requests, which the application gives up.
            drop(unsafe { handle::take(*mreqs.add(i)) });
        }
        // SAFETY: `rd_kafka_mock_get_requests` made the array with malloc.
        unsafe { libc::free(mreqs.cast()) };
    })
}

/// The id of the broker that got the request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_request_id(mreq: *mut rd_kafka_mock_request_t) -> i32 {
    ffi!({
        // SAFETY: the request lives as long as the call.
        unsafe { handle::get(mreq) }.map_or(-1, |r| r.broker)
    })
}

/// The kind of the request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_request_api_key(mreq: *mut rd_kafka_mock_request_t) -> i16 {
    ffi!({
        // SAFETY: the request lives as long as the call.
        unsafe { handle::get(mreq) }.map_or(-1, |r| r.api_key)
    })
}

/// When the request came, in microseconds of a clock that only goes forward.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_request_timestamp(
    mreq: *mut rd_kafka_mock_request_t,
) -> i64 {
    ffi!({
        // SAFETY: the request lives as long as the call.
        unsafe { handle::get(mreq) }
            .map_or(-1, |r| i64::try_from(r.timestamp_us).unwrap_or(i64::MAX))
    })
}

/// Copies of the requests noted down so far, `*cntp` of them. Freed by
/// `rd_kafka_mock_request_destroy_array`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_get_requests(
    mcluster: *mut rd_kafka_mock_cluster_t,
    cntp: *mut size_t,
) -> *mut *mut rd_kafka_mock_request_t {
    ffi!({
        // SAFETY: the cluster lives as long as the call.
        let Ok(requests) = (unsafe { ask(mcluster, |c| Ok(c.requests())) }) else {
            return ptr::null_mut();
        };
        let size = requests.len().max(1) * size_of::<*mut rd_kafka_mock_request_t>();
        let array: *mut *mut rd_kafka_mock_request_t = cstr::malloc(size).cast();
        if array.is_null() {
            return ptr::null_mut();
        }
        if !cntp.is_null() {
            // SAFETY: not null, and the application's to be written.
            unsafe { *cntp = requests.len() };
        }
        for (i, request) in requests.into_iter().enumerate() {
            // SAFETY: the array has room for all of them.
            unsafe { array.add(i).write(handle::give(request)) };
        }
        array
    })
}

/// Drops the requests noted down so far.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mock_clear_requests(mcluster: *mut rd_kafka_mock_cluster_t) {
    ffi!({
        // SAFETY: the cluster lives as long as the call.
        let _ = unsafe { with(mcluster, |c| c.clear_requests()) };
    })
}
