//! Keeping the library's descriptors off 0, 1 and 2.
//!
//! A process may have closed its standard descriptors. A socket that got the number of
//! stderr would be sent every line that anybody writes there.

use std::fs::File;
use std::os::fd::AsRawFd;

use super::cancel::NotCancelled;
use super::fork;

const LAST: i32 = 2;

/// Makes descriptors while those that are free among the standard ones are taken.
pub fn above<T>(make: impl FnOnce() -> T) -> T {
    let _whole = NotCancelled::new();
    // One at a time, or one would take what another gives back.
    let _turn = fork::making_descriptors();
    let _taken = take_free();
    make()
}

/// The standard descriptors that were free. As long as this lives, nothing gets one of them.
#[derive(Debug)]
pub struct Taken(Vec<File>);

/// For what opens and closes descriptors on its own, as getaddrinfo(3) does: one that it got
/// and gave back while [`above`] makes something would be the number of that.
pub fn take() -> Taken {
    let _turn = fork::making_descriptors();
    Taken(take_free())
}

impl Drop for Taken {
    fn drop(&mut self) {
        let _turn = fork::making_descriptors();
        self.0.clear();
    }
}

fn take_free() -> Vec<File> {
    let mut taken = Vec::new();
    // Without that file, or descriptors, what is made is taken as it comes.
    while let Ok(file) = File::open("/dev/null") {
        if file.as_raw_fd() > LAST {
            break;
        }
        taken.push(file);
    }
    taken
}
