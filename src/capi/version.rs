//! Version and build information.

use std::ffi::CStr;

use libc::{c_char, c_int};

use crate::capi::boundary::ffi;
use crate::capi::types::RD_KAFKA_VERSION;

/// The contexts that the `debug` property takes, in the order of their bits.
const DEBUG_CONTEXTS: &CStr = c"all,generic,broker,topic,metadata,feature,queue,msg,protocol,cgrp,security,fetch,interceptor,plugin,consumer,admin,eos,mock,assignor,conf";

/// The version of the library that runs, as a number in the form of `RD_KAFKA_VERSION`,
/// which is the version of the header that a program was built with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_version() -> c_int {
    ffi!({ RD_KAFKA_VERSION })
}

/// The version of the library that runs, as text. A constant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_version_str() -> *const c_char {
    ffi!({ c"2.16.0".as_ptr() })
}

/// The contexts that the `debug` property takes, separated by commas. A constant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_get_debug_contexts() -> *const c_char {
    ffi!({ DEBUG_CONTEXTS.as_ptr() })
}

/// How many of the library's built-in tests fail. This library keeps its tests outside
/// of itself, so it is always 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_unittest() -> c_int {
    ffi!({
        // The library carries no tests inside: they are the crate's.
        0
    })
}
