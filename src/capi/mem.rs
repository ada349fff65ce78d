//! Memory of the library's allocator.

use libc::{c_void, size_t};

use crate::capi::boundary::ffi;
use crate::capi::types::rd_kafka_t;

/// As `calloc()`, with the allocator that the library uses for what it hands over. `rk`
/// is not used and may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mem_calloc(
    rk: *mut rd_kafka_t,
    num: size_t,
    size: size_t,
) -> *mut c_void {
    ffi!({
        let _ = rk;
        // SAFETY: any size will do; null says that there is no memory.
        unsafe { libc::calloc(num, size) }
    })
}

/// As `malloc()`, with the allocator that the library uses for what it hands over. `rk`
/// is not used and may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mem_malloc(rk: *mut rd_kafka_t, size: size_t) -> *mut c_void {
    ffi!({
        let _ = rk;
        // SAFETY: any size will do; null says that there is no memory.
        unsafe { libc::malloc(size) }
    })
}

/// Frees memory that the library has handed over and that says it is to be freed by
/// this function, or memory of the two functions above. `rk` is not used and may be
/// null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_mem_free(rk: *mut rd_kafka_t, ptr: *mut c_void) {
    ffi!({
        let _ = rk;
        // SAFETY: null, or memory that this library got from libc and the application gives up.
        unsafe { libc::free(ptr) }
    })
}
