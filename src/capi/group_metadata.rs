//! A consumer's group membership, for transactional producers.

use libc::{c_char, c_void, size_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{rd_kafka_consumer_group_metadata_t, rd_kafka_error_t, rd_kafka_t};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata(
    rk: *mut rd_kafka_t,
) -> *mut rd_kafka_consumer_group_metadata_t {
    ffi!({ not_built!(rk) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_new(
    group_id: *const c_char,
) -> *mut rd_kafka_consumer_group_metadata_t {
    ffi!({ not_built!(group_id) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_new_with_genid(
    group_id: *const c_char,
    generation_id: i32,
    member_id: *const c_char,
    group_instance_id: *const c_char,
) -> *mut rd_kafka_consumer_group_metadata_t {
    ffi!({ not_built!(group_id, generation_id, member_id, group_instance_id) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_group_id(
    group_metadata: *const rd_kafka_consumer_group_metadata_t,
) -> *const c_char {
    ffi!({ not_built!(group_metadata) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_group_instance_id(
    group_metadata: *const rd_kafka_consumer_group_metadata_t,
) -> *const c_char {
    ffi!({ not_built!(group_metadata) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_member_id(
    group_metadata: *const rd_kafka_consumer_group_metadata_t,
) -> *const c_char {
    ffi!({ not_built!(group_metadata) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_generation_id(
    group_metadata: *const rd_kafka_consumer_group_metadata_t,
) -> i32 {
    ffi!({ not_built!(group_metadata) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_destroy(
    group_metadata: *mut rd_kafka_consumer_group_metadata_t,
) {
    ffi!({ not_built!(group_metadata) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_write(
    cgmd: *const rd_kafka_consumer_group_metadata_t,
    bufferp: *mut *mut c_void,
    sizep: *mut size_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(cgmd, bufferp, sizep) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_read(
    cgmdp: *mut *mut rd_kafka_consumer_group_metadata_t,
    buffer: *const c_void,
    size: size_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(cgmdp, buffer, size) })
}
