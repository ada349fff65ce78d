//! `rd_kafka_destroy` in a callback of the instance.
//!
//! The call that has called back goes on with the instance when the callback returns. So the
//! instance is ended when no such call is left on the thread, at the boundary ([`end_due`]). A thread
//! of the instance's own is in no call, and cannot wait for its own end: another thread ends the
//! instance ([`end_elsewhere`]), and waits for the callback as for all that its threads do.

use std::cell::RefCell;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use libc::c_int;

use crate::base::panic;
use crate::base::thread;

/// Ends the instance of this address, with the flags of `rd_kafka_destroy_flags`.
pub(crate) type End = unsafe fn(usize, c_int);

struct Due {
    rk: usize,
    flags: c_int,
    end: End,
}

thread_local! {
    /// The instances whose callbacks this thread is in, by the addresses of their handles.
    static CALLING: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    /// Instances to be ended by this thread.
    static DUE: RefCell<Vec<Due>> = const { RefCell::new(Vec::new()) };
}

/// How many are due, of all threads: nearly always none, and then there is nothing to look up.
static ANY_DUE: AtomicUsize = AtomicUsize::new(0);

/// A callback that this thread is in.
struct Calling;

impl Drop for Calling {
    fn drop(&mut self) {
        let _ = CALLING.try_with(|calling| calling.borrow_mut().pop());
    }
}

/// Runs a callback of the instance's.
pub(crate) fn calling_back<R>(rk: usize, callback: impl FnOnce() -> R) -> R {
    let entered = CALLING.try_with(|calling| calling.borrow_mut().push(rk));
    // A thread that is being torn down has no thread-locals any more.
    let _calling = entered.ok().map(|()| Calling);
    callback()
}

/// Whether this thread is in a callback of the instance's.
pub(crate) fn is_calling_back(rk: usize) -> bool {
    CALLING
        .try_with(|calling| calling.borrow().contains(&rk))
        .unwrap_or(false)
}

/// Ends the instance when this thread is in none of its callbacks any more.
pub(crate) fn put_off(rk: usize, flags: c_int, end: End) {
    DUE.with(|due| due.borrow_mut().push(Due { rk, flags, end }));
    ANY_DUE.fetch_add(1, Ordering::Relaxed);
}

/// Ends the instance from a thread made for that.
///
/// # Safety
/// `end` may be called for it, once the threads that use it let that happen.
pub(crate) unsafe fn end_elsewhere(rk: usize, flags: c_int, end: End) -> io::Result<()> {
    thread::spawn("rdk:destroy", move || {
        // SAFETY: the caller's promise.
        let _ = panic::catch(|| unsafe { end(rk, flags) });
    })
    .map(drop)
}

#[inline]
pub(crate) fn any_due() -> bool {
    ANY_DUE.load(Ordering::Relaxed) != 0
}

/// Ends what is due on this thread. A call of the library is over.
#[cold]
pub(crate) fn end_due() {
    while let Ok(Some(due)) = DUE.try_with(|due| {
        let mut due = due.borrow_mut();
        let at = due.iter().position(|d| !is_calling_back(d.rk))?;
        Some(due.remove(at))
    }) {
        ANY_DUE.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: no call on this thread uses the instance any more, and the application has
        // given it up.
        unsafe { (due.end)(due.rk, due.flags) };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    static ENDED: Mutex<Vec<(usize, c_int)>> = Mutex::new(Vec::new());

    unsafe fn note(rk: usize, flags: c_int) {
        ENDED.lock().unwrap().push((rk, flags));
    }

    #[test]
    fn an_instance_ends_with_the_last_call_that_has_called_back() {
        let (a, b) = (0x1000, 0x2000);
        let ended = || std::mem::take(&mut *ENDED.lock().unwrap());
        assert!(!is_calling_back(a));
        calling_back(a, || {
            calling_back(b, || {
                calling_back(a, || {
                    assert!(is_calling_back(a) && is_calling_back(b));
                    put_off(a, 1, note);
                    put_off(b, 2, note);
                });
                end_due();
                assert!(any_due() && ended().is_empty());
            });
            end_due();
            assert_eq!(ended(), [(b, 2)]);
        });
        end_due();
        assert_eq!(ended(), [(a, 1)]);
        end_due();
        assert!(ended().is_empty());
    }
}
