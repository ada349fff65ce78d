//! Consumer groups: listing (old interface), names of states and types.

use libc::{c_char, c_int};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_consumer_group_state_t, rd_kafka_consumer_group_type_t, rd_kafka_group_list,
    rd_kafka_resp_err_t, rd_kafka_t,
};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_list_groups(
    rk: *mut rd_kafka_t,
    group: *const c_char,
    grplistp: *mut *const rd_kafka_group_list,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, group, grplistp, timeout_ms) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_state_name(
    state: rd_kafka_consumer_group_state_t,
) -> *const c_char {
    ffi!({ not_built!(state) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_state_code(
    name: *const c_char,
) -> rd_kafka_consumer_group_state_t {
    ffi!({ not_built!(name) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_type_name(
    kind: rd_kafka_consumer_group_type_t,
) -> *const c_char {
    ffi!({ not_built!(kind) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_type_code(
    name: *const c_char,
) -> rd_kafka_consumer_group_type_t {
    ffi!({ not_built!(name) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_group_list_destroy(grplist: *const rd_kafka_group_list) {
    ffi!({ not_built!(grplist) })
}
