//! The library's threads: how they are started, and how many there are.
//!
//! A signal that is sent to the process goes to any thread that does not block it. The
//! application's handlers, `sigwait` and signalfd count on its own threads being the only
//! ones, so the library's block all signals but those that a fault of the thread itself
//! raises. The mask is inherited, so it is set around the start: there is no instant in
//! which the new thread could take a signal.
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::{Builder, JoinHandle};

use super::stack;

/// Signals of the thread's own doing. Blocked, they would end the process without the
/// handler that the application may have for them.
const FAULTS: [i32; 6] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGTRAP,
    libc::SIGSYS,
];

/// Starts a thread that takes no signals. `name` has at most 15 bytes.
pub fn spawn<T: Send + 'static>(
    name: impl Into<String>,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let builder = Builder::new().name(name.into()).stack_size(stack::size());
    let _blocked = Blocked::new();
    builder.spawn(work)
}

/// The calling thread takes no signals until this goes.
struct Blocked {
    before: libc::sigset_t,
}

impl Blocked {
    fn new() -> Self {
        let mut all = MaybeUninit::uninit();
        let mut before = MaybeUninit::uninit();
        // SAFETY: sigfillset initialises the one set, pthread_sigmask the other.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            for fault in FAULTS {
                libc::sigdelset(all.as_mut_ptr(), fault);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            Blocked {
                before: before.assume_init(),
            }
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: a mask that the thread had.
        unsafe {
            libc::pthread_sigmask(
                libc::SIG_SETMASK,
                &raw const self.before,
                std::ptr::null_mut(),
            );
        }
    }
}

static COUNT: AtomicI32 = AtomicI32::new(0);

/// Counts as one thread of an instance, for `rd_kafka_thread_cnt`: from the moment the
/// thread is asked for until its work has ended.
pub struct Counted(());

impl Counted {
    pub fn new() -> Self {
        COUNT.fetch_add(1, Ordering::Relaxed);
        Counted(())
    }
}

impl Default for Counted {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        COUNT.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The threads of all instances in the process.
pub fn count() -> i32 {
    COUNT.load(Ordering::Relaxed)
}

/// In a forked child, where none of them is.
pub fn forget_all() {
    COUNT.store(0, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(signal: i32) -> bool {
        let mut mask = MaybeUninit::uninit();
        // SAFETY: asks for the thread's mask, and looks into it.
        unsafe {
            libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), mask.as_mut_ptr());
            libc::sigismember(mask.as_ptr(), signal) == 1
        }
    }

    #[test]
    fn threads_take_no_signal_but_faults() {
        let seen = spawn("signals", || {
            (1..libc::SIGRTMAX())
                // Neither can be blocked; two belong to the C library.
                .filter(|s| ![libc::SIGKILL, libc::SIGSTOP, 32, 33].contains(s))
                .filter(|s| !blocks(*s))
                .collect::<Vec<_>>()
        });
        let mut faults = FAULTS.to_vec();
        faults.sort_unstable();
        assert_eq!(seen.unwrap().join().unwrap(), faults);
        assert!(!blocks(libc::SIGUSR1), "the caller's mask is as it was");
    }

    #[test]
    fn a_mask_of_the_callers_is_kept() {
        let inside = std::thread::spawn(|| {
            let mut mask = MaybeUninit::uninit();
            // SAFETY: blocks a signal for a thread of the test's own.
            unsafe {
                libc::sigemptyset(mask.as_mut_ptr());
                libc::sigaddset(mask.as_mut_ptr(), libc::SIGUSR2);
                libc::pthread_sigmask(libc::SIG_SETMASK, mask.as_ptr(), std::ptr::null_mut());
            }
            spawn("kept", || ()).unwrap().join().unwrap();
            (blocks(libc::SIGUSR2), blocks(libc::SIGUSR1))
        });
        assert_eq!(inside.join().unwrap(), (true, false));
    }
}
