//! Waking an event loop that may be asleep, at most once per sleep.
//!
//! One atomic says where the loop is:
//!
//! ```text
//! Running ──prepare_sleep──► Sleeping ──(poll returns) woke_up──► Running
//!    │ notify                   │ notify: the one system call
//!    ▼                          ▼
//! Notified ◄────────────────────┘
//! Notified ──prepare_sleep──► Running, and the loop must not sleep
//! ```
//!
//! A notifier first makes its work visible (a list behind a mutex, a channel),
//! then calls [`Wakeup::notify`]. The loop takes work only between `woke_up` (or
//! a refused `prepare_sleep`) and the next `prepare_sleep`; so work that was
//! added after the loop looked finds the state `Running` or `Sleeping`, and the
//! next sleep is refused or ended. Work added to a running loop costs no system
//! call.

use std::io;

use super::cancel::NotCancelled;
use super::fork::Generation;
use super::sync::atomic::{AtomicU8, Ordering};

const RUNNING: u8 = 0;
const SLEEPING: u8 = 1;
const NOTIFIED: u8 = 2;

/// The coalescing state, without the system call.
#[derive(Debug)]
pub struct WakeState(AtomicU8);

impl WakeState {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        WakeState(AtomicU8::new(RUNNING))
    }

    /// True if the caller must end the loop's sleep.
    pub fn notify(&self) -> bool {
        self.0.swap(NOTIFIED, Ordering::AcqRel) == SLEEPING
    }

    /// True if the loop may sleep; false if it must look for work again.
    pub fn prepare_sleep(&self) -> bool {
        match self
            .0
            .compare_exchange(RUNNING, SLEEPING, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => true,
            Err(_) => {
                self.0.swap(RUNNING, Ordering::AcqRel);
                false
            }
        }
    }

    /// To be called when the sleep is over, whatever ended it.
    pub fn woke_up(&self) {
        self.0.swap(RUNNING, Ordering::AcqRel);
    }

    /// A hint, for those who would [`WakeState::enter`].
    pub fn is_asleep(&self) -> bool {
        self.0.load(Ordering::Relaxed) == SLEEPING
    }

    /// Work's lock held. True: the loop sleeps, and the caller may do its work.
    pub fn enter(&self) -> bool {
        self.0
            .compare_exchange(SLEEPING, RUNNING, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Work's lock held. False: the loop is to be woken, for something was notified.
    pub fn leave(&self) -> bool {
        self.0
            .compare_exchange(RUNNING, SLEEPING, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

const LEND: u8 = 1;
const TAKE_BACK: u8 = 2;

/// A change of a socket loan that another thread asks for while the loop holds the lock
/// of its work. The loop looks at the end of each turn. The last request counts.
#[derive(Debug)]
pub struct LoanRequest(AtomicU8);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoanChange {
    Lend,
    TakeBack,
}

impl Default for LoanRequest {
    fn default() -> Self {
        LoanRequest(AtomicU8::new(0))
    }
}

impl LoanRequest {
    pub fn lend(&self) {
        self.0.swap(LEND, Ordering::AcqRel);
    }

    pub fn take_back(&self) {
        self.0.swap(TAKE_BACK, Ordering::AcqRel);
    }

    pub fn take(&self) -> Option<LoanChange> {
        if self.0.load(Ordering::Relaxed) == 0 {
            return None;
        }
        match self.0.swap(0, Ordering::AcqRel) {
            LEND => Some(LoanChange::Lend),
            TAKE_BACK => Some(LoanChange::TakeBack),
            _ => None,
        }
    }
}

/// Wakes the thread that sleeps in a mio `Poll`.
#[derive(Debug)]
pub struct Wakeup {
    state: WakeState,
    waker: mio::Waker,
    /// A forked child has the descriptor, too, but no loop that sleeps.
    made: Generation,
}

impl Wakeup {
    pub fn new(registry: &mio::Registry, token: mio::Token) -> io::Result<Self> {
        Ok(Wakeup {
            state: WakeState::new(),
            waker: mio::Waker::new(registry, token)?,
            made: Generation::current(),
        })
    }

    /// Any thread: work was added. Never blocks.
    pub fn notify(&self) {
        if self.state.notify() {
            self.end_sleep();
        }
    }

    fn end_sleep(&self) {
        if !self.made.is_current() {
            return;
        }
        let _whole = NotCancelled::new();
        // Fails only if the eventfd's counter is full, and then the loop is about
        // to wake up anyway.
        let _ = self.waker.wake();
    }

    /// See [`WakeState::is_asleep`].
    pub fn is_asleep(&self) -> bool {
        self.state.is_asleep()
    }

    /// The lock of the loop's work held: the loop's work may be done here, if it
    /// sleeps. A turn that does not [`InlineTurn::leave`], for a panic, wakes the loop.
    pub fn enter(&self) -> Option<InlineTurn<'_>> {
        self.state.enter().then(|| InlineTurn {
            wake: self,
            left: false,
        })
    }

    /// Loop thread only. False: do not sleep.
    pub fn prepare_sleep(&self) -> bool {
        self.state.prepare_sleep()
    }

    /// Loop thread only.
    pub fn woke_up(&self) {
        self.state.woke_up();
    }
}

/// Another thread does the work of a loop that sleeps.
pub struct InlineTurn<'a> {
    wake: &'a Wakeup,
    left: bool,
}

impl InlineTurn<'_> {
    /// `in_time`: the loop's sleep ends soon enough for all that was planned.
    pub fn leave(mut self, in_time: bool) {
        self.left = in_time && self.wake.state.leave();
    }
}

impl Drop for InlineTurn<'_> {
    fn drop(&mut self) {
        if !self.left {
            self.wake.end_sleep();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn one_wake_per_sleep() {
        let s = WakeState::new();
        assert!(!s.notify(), "a running loop needs no wake-up");
        assert!(!s.prepare_sleep(), "it must look again first");
        assert!(s.prepare_sleep());
        assert!(s.notify());
        assert!(!s.notify(), "the second one is coalesced");
        s.woke_up();
        assert!(s.prepare_sleep());
    }
}
