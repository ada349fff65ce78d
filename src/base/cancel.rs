//! Keeping `pthread_cancel` off while an application's thread is in the library.
//!
//! A system call on such a thread could otherwise be where it is cancelled, and the
//! cancellation would unwind frames that own locks: the process ends then. It is put off
//! until the next such point in the application's own code. So this surrounds what makes
//! such calls on the application's threads (closing descriptors, joining, waking, logging,
//! turns of a loop) and what calls the application back. Not every function: turning it
//! off and on costs as much as handing over a message.
#![allow(unsafe_code)]

use libc::c_int;

const DISABLE: c_int = 1;

unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, old: *mut c_int) -> c_int;
}

/// The thread cannot be cancelled while this lives. To be dropped where it was made.
pub struct NotCancelled {
    before: c_int,
    /// Another thread's state is none of ours.
    _here: std::marker::PhantomData<*const ()>,
}

impl NotCancelled {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let mut before = DISABLE;
        // SAFETY: sets a flag of the calling thread; `before` outlives the call.
        unsafe { pthread_setcancelstate(DISABLE, &raw mut before) };
        NotCancelled {
            before,
            _here: std::marker::PhantomData,
        }
    }
}

impl Drop for NotCancelled {
    fn drop(&mut self) {
        let mut ours = DISABLE;
        // SAFETY: as above, with the value that was found there.
        unsafe { pthread_setcancelstate(self.before, &raw mut ours) };
    }
}
