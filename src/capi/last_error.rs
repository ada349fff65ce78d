//! What `rd_kafka_last_error` says: the code of a thread's last call.

use std::cell::Cell;

use libc::c_int;

use crate::base::error::ErrorCode;

thread_local! {
    static LAST_ERROR: Cell<ErrorCode> = const { Cell::new(ErrorCode::NO_ERROR) };
}

/// Sets what `rd_kafka_last_error` and, unless zero, `errno` say to this thread.
pub(crate) fn set_last_error(code: ErrorCode, errno: c_int) {
    let _ = LAST_ERROR.try_with(|last| last.set(code));
    if errno != 0 {
        // SAFETY: the address of this thread's errno.
        unsafe { *libc::__errno_location() = errno };
    }
}

pub(crate) fn last_error() -> ErrorCode {
    LAST_ERROR.try_with(Cell::get).unwrap_or_default()
}
