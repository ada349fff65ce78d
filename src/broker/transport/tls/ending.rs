//! OpenSSL's end, which may come before the library's.
//!
//! An application that uses OpenSSL itself has it free all that it keeps when the process
//! calls exit(). Threads of the library run on until the process is gone, and would use
//! what is freed. OpenSSL says beforehand that it ends: this waits for those that are in
//! one of its functions, and lets nobody in afterwards. A connection is quiet from then on.
//!
//! [`USERS`] has the flag and the count in one word, so that one step tells who comes first:
//! the end, or a user. A lock would not do: the exit() may come from a callback that OpenSSL
//! itself calls, and a forked child would find its parent's readers in it for ever.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::base::fork;
use crate::base::lock::{Condvar, Mutex};

const ENDED: u32 = 1;
const ONE: u32 = 2;

/// Threads in OpenSSL's functions, times two, and [`ENDED`].
static USERS: AtomicU32 = AtomicU32::new(0);

static LEAVING: Mutex<()> = Mutex::new(());
static LEFT: Condvar = Condvar::new();

/// A callback of the application's may be what is waited for, and wait for this.
const PATIENCE: Duration = Duration::from_secs(1);

thread_local! {
    /// How often this thread is counted in [`USERS`].
    static OWN: Cell<u32> = const { Cell::new(0) };
}

/// OpenSSL is there while this is.
pub struct Use(());

/// None: it has ended.
pub fn enter() -> Option<Use> {
    let found = USERS.fetch_add(ONE, Ordering::SeqCst);
    OWN.set(OWN.get() + 1);
    let entered = Use(());
    (found & ENDED == 0).then_some(entered)
}

impl Drop for Use {
    fn drop(&mut self) {
        OWN.set(OWN.get().saturating_sub(1));
        if USERS.fetch_sub(ONE, Ordering::SeqCst) & ENDED != 0 {
            let _held = LEAVING.lock();
            LEFT.notify_all();
        }
    }
}

/// Called before OpenSSL frees what it keeps.
pub fn end() {
    let until = Instant::now() + PATIENCE;
    USERS.fetch_or(ENDED, Ordering::SeqCst);
    // Users of the parent's do not leave in a child.
    if fork::is_child() {
        return;
    }
    let own = OWN.get() * ONE + ENDED;
    let mut held = LEAVING.lock();
    while USERS.load(Ordering::SeqCst) > own {
        if LEFT.wait_until(&mut held, until).timed_out() {
            return;
        }
    }
}
