//! Consumer groups: listing (old interface), names of states and types.

use std::ffi::CStr;

use libc::{c_char, c_int};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::cstr;
use crate::capi::types::{
    rd_kafka_consumer_group_state_t, rd_kafka_consumer_group_type_t, rd_kafka_group_list,
    rd_kafka_resp_err_t, rd_kafka_t,
};

/// The names of `rd_kafka_consumer_group_state_t`, by number.
const STATES: [&CStr; 6] = [
    c"Unknown",
    c"PreparingRebalance",
    c"CompletingRebalance",
    c"Stable",
    c"Dead",
    c"Empty",
];

/// The names of `rd_kafka_consumer_group_type_t`, by number.
const TYPES: [&CStr; 3] = [c"Unknown", c"Consumer", c"Classic"];

/// The name of a number; null if there is none.
fn name_at(names: &[&'static CStr], code: c_int) -> *const c_char {
    usize::try_from(code)
        .ok()
        .and_then(|at| names.get(at))
        .map_or(std::ptr::null(), |name| name.as_ptr())
}

/// The number of a name, in any case of letters; 0 if it is not known.
///
/// # Safety
/// Null or a string.
unsafe fn code_of(names: &[&CStr], name: *const c_char) -> c_int {
    // SAFETY: the caller's promise.
    let name = unsafe { cstr::bytes(name) }.unwrap_or_default();
    (0..)
        .zip(names)
        .find(|(_, known)| known.to_bytes().eq_ignore_ascii_case(name))
        .map_or(0, |(code, _)| code)
}

/// Asks all brokers for their consumer groups, or for `group` only, with their members,
/// up to `timeout_ms`. Sets `*grplistp`, which is freed by
/// `rd_kafka_group_list_destroy`. `_PARTIAL` if some brokers did not answer, with what
/// the others said. The admin functions say more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_list_groups(
    rk: *mut rd_kafka_t,
    group: *const c_char,
    grplistp: *mut *const rd_kafka_group_list,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, group, grplistp, timeout_ms) })
}

/// The name of a group's state; null for a number that none has. A constant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_state_name(
    state: rd_kafka_consumer_group_state_t,
) -> *const c_char {
    ffi!({ name_at(&STATES, state.0) })
}

/// The state of a name, in any case of letters; `UNKNOWN` if none has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_state_code(
    name: *const c_char,
) -> rd_kafka_consumer_group_state_t {
    ffi!({
        // SAFETY: null or a string of the application's.
        rd_kafka_consumer_group_state_t(unsafe { code_of(&STATES, name) })
    })
}

/// The name of a group's type; null for a number that none has. A constant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_type_name(
    kind: rd_kafka_consumer_group_type_t,
) -> *const c_char {
    ffi!({ name_at(&TYPES, kind.0) })
}

/// The type of a name, in any case of letters; `UNKNOWN` if none has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_type_code(
    name: *const c_char,
) -> rd_kafka_consumer_group_type_t {
    ffi!({
        // SAFETY: null or a string of the application's.
        rd_kafka_consumer_group_type_t(unsafe { code_of(&TYPES, name) })
    })
}

/// Frees what `rd_kafka_list_groups` has set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_group_list_destroy(grplist: *const rd_kafka_group_list) {
    ffi!({ not_built!(grplist) })
}
