//! The boundary between C and Rust: every exported function's body stands in
//! [`ffi!`], which turns a panic into the function's failure value and a log line.
//!
//! In a forked child a function that was given a handle of the parent's has done nothing;
//! its value then says `_STATE`, where it can.

use libc::{c_int, c_void};

use super::{ending, handle};
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::fork;
use crate::base::panic::{self, PanicReport};
use crate::base::stderr;

/// Wraps the body of an exported function: `ffi!({ … })`.
macro_rules! ffi {
    ($body:block) => {
        $crate::capi::boundary::guard(|| $body)
    };
}

pub(crate) use ffi;

/// What a function of this return type gives when it cannot do its work.
pub(crate) trait Failure: Sized {
    /// After a panic.
    fn panicked() -> Self;

    /// After a call in a forked child with a handle of its parent's, which was refused.
    fn forked(self) -> Self {
        self
    }
}

/// What a forked child is told about its parent's handles.
pub(crate) fn forked_error() -> KafkaError {
    KafkaError::new(
        ErrorCode::_STATE,
        "The client instance was made before fork(), in the parent process: it cannot be \
         used in the child, which may make instances of its own",
    )
}

/// Writes what a function gives out by a pointer; null if nobody wants it.
///
/// # Safety
/// Null, or writable.
pub(crate) unsafe fn put<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: the caller's promise.
        unsafe { place.write(value) };
    }
}

/// Runs `body`; see [`ffi!`].
#[inline]
pub(crate) fn guard<R: Failure, F: FnOnce() -> R>(body: F) -> R {
    if fork::is_child() {
        return guard_in_child(body);
    }
    caught(body)
}

#[cold]
fn guard_in_child<R: Failure, F: FnOnce() -> R>(body: F) -> R {
    let (result, foreign) = handle::in_child(|| caught(body));
    if !foreign {
        return result;
    }
    super::last_error::set_last_error(ErrorCode::_STATE, 0);
    result.forked()
}

fn caught<R: Failure, F: FnOnce() -> R>(body: F) -> R {
    let result = panic::catch(body).unwrap_or_else(|report| {
        log_panic(std::any::type_name::<F>(), &report);
        R::panicked()
    });
    if ending::any_due()
        && let Err(report) = panic::catch(ending::end_due)
    {
        log_panic("rd_kafka_destroy", &report);
    }
    result
}

/// A line as the default logger writes it: no client handle is at hand here.
fn log_panic(closure: &str, report: &PanicReport) {
    use std::time::{SystemTime, UNIX_EPOCH};

    let function = closure
        .rsplit("::")
        .find(|part| part.starts_with("rd_kafka_"))
        .unwrap_or("rdkafka");
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let line = format!(
        "%2|{}.{:03}|PANIC|rdkafka| [thrd:app]: {function}(): {report}\n",
        now.as_secs(),
        now.subsec_millis(),
    );
    stderr::write(&line);
}

impl Failure for () {
    fn panicked() -> Self {}
}

impl Failure for ErrorCode {
    fn panicked() -> Self {
        ErrorCode::_FAIL
    }

    fn forked(self) -> Self {
        ErrorCode::_STATE
    }
}

macro_rules! failure_values {
    ($($type:ty = $value:expr;)*) => {
        $(impl Failure for $type {
            fn panicked() -> Self {
                $value
            }
        })*
    };
}

failure_values! {
    c_int = -1;
    i16 = -1;
    i64 = -1;
    isize = -1;
    // Counts and ports: nothing there.
    usize = 0;
    u16 = 0;
}

/// What pointers to this type are when a function fails: null, save for error objects.
pub(crate) trait Pointee: Sized {
    fn panicked() -> *mut Self {
        std::ptr::null_mut()
    }

    /// # Safety
    /// A function's value, which nobody has seen.
    unsafe fn forked(this: *mut Self) -> *mut Self {
        this
    }
}

impl<T: Pointee> Failure for *mut T {
    fn panicked() -> Self {
        T::panicked()
    }

    // Called by `guard` alone, with what the body has made.
    #[allow(clippy::not_unsafe_ptr_arg_deref)]
    fn forked(self) -> Self {
        // SAFETY: the function is about to return it.
        unsafe { T::forked(self) }
    }
}

impl<T> Failure for *const T {
    fn panicked() -> Self {
        std::ptr::null()
    }
}

impl Pointee for c_void {}
// C's characters, which are signed on some machines.
impl Pointee for i8 {}
impl Pointee for u8 {}
impl Pointee for i32 {}
impl Pointee for i64 {}
impl<T> Pointee for *mut T {}
impl<T> Pointee for *const T {}

#[cfg(test)]
mod tests {
    use super::*;
    use libc::c_char;

    #[test]
    fn panics_become_failure_values() {
        fn broken<R: Failure>() -> R {
            ffi!({
                if true {
                    panic!("test of the boundary")
                } else {
                    R::panicked()
                }
            })
        }
        assert_eq!(broken::<ErrorCode>(), ErrorCode::_FAIL);
        assert_eq!(broken::<c_int>(), -1);
        assert_eq!(broken::<usize>(), 0);
        assert!(broken::<*mut c_void>().is_null());
        assert!(broken::<*const c_char>().is_null());
    }
}
