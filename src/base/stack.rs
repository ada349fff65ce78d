//! How large the stacks of the library's threads are.
//!
//! As large as those of threads that the application makes (`ulimit -s` decides): its
//! callbacks run on both. To say so also keeps the standard library from looking for a
//! size in the environment, which the application may be changing.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

/// Enough for the library itself, where the default is small.
const LEAST: usize = 1 << 20;

pub fn size() -> usize {
    let mut size = 0;
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: the attributes are initialised before they are read and destroyed; `size`
    // outlives the call.
    unsafe {
        if libc::pthread_attr_init(attributes.as_mut_ptr()) == 0 {
            libc::pthread_attr_getstacksize(attributes.as_ptr(), &raw mut size);
            libc::pthread_attr_destroy(attributes.as_mut_ptr());
        }
    }
    size.max(LEAST)
}
