//! 128-bit ids.

use libc::c_char;

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::rd_kafka_Uuid_t;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_Uuid_base64str(uuid: *const rd_kafka_Uuid_t) -> *const c_char {
    ffi!({ not_built!(uuid) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_Uuid_least_significant_bits(uuid: *const rd_kafka_Uuid_t) -> i64 {
    ffi!({ not_built!(uuid) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_Uuid_most_significant_bits(uuid: *const rd_kafka_Uuid_t) -> i64 {
    ffi!({ not_built!(uuid) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_Uuid_new(
    most_significant_bits: i64,
    least_significant_bits: i64,
) -> *mut rd_kafka_Uuid_t {
    ffi!({ not_built!(most_significant_bits, least_significant_bits) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_Uuid_copy(uuid: *const rd_kafka_Uuid_t) -> *mut rd_kafka_Uuid_t {
    ffi!({ not_built!(uuid) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_Uuid_destroy(uuid: *mut rd_kafka_Uuid_t) {
    ffi!({ not_built!(uuid) })
}
