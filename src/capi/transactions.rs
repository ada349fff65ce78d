//! Transactions (KIP-98).

use libc::c_int;

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_consumer_group_metadata_t, rd_kafka_error_t, rd_kafka_t,
    rd_kafka_topic_partition_list_t,
};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_init_transactions(
    rk: *mut rd_kafka_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rk, timeout_ms) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_begin_transaction(rk: *mut rd_kafka_t) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rk) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_send_offsets_to_transaction(
    rk: *mut rd_kafka_t,
    offsets: *const rd_kafka_topic_partition_list_t,
    cgmetadata: *const rd_kafka_consumer_group_metadata_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rk, offsets, cgmetadata, timeout_ms) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_commit_transaction(
    rk: *mut rd_kafka_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rk, timeout_ms) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_abort_transaction(
    rk: *mut rd_kafka_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rk, timeout_ms) })
}
