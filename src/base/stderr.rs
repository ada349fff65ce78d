//! Lines of the standard logger.

use std::fs::File;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;

/// Writes a line in one piece. Not by way of the standard library's stderr, whose lock a
/// forked child may find held by a thread that it does not have.
#[allow(unsafe_code)]
pub fn write(line: &str) {
    // SAFETY: the descriptor is used for this call and not closed after it; where it is
    // closed, or is something else, it is what the process made of its stderr.
    let mut stderr = ManuallyDrop::new(unsafe { File::from_raw_fd(libc::STDERR_FILENO) });
    // There is nobody to tell if it is closed.
    let _ = stderr.write_all(line.as_bytes());
}
