//! Version and build information.

use libc::{c_char, c_int};

use crate::capi::boundary::{ffi, not_built};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_version() -> c_int {
    ffi!({ not_built!() })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_version_str() -> *const c_char {
    ffi!({ not_built!() })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_get_debug_contexts() -> *const c_char {
    ffi!({ not_built!() })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_unittest() -> c_int {
    ffi!({ not_built!() })
}
