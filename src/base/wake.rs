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
}

/// Wakes the thread that sleeps in a mio `Poll`.
#[derive(Debug)]
pub struct Wakeup {
    state: WakeState,
    waker: mio::Waker,
}

impl Wakeup {
    pub fn new(registry: &mio::Registry, token: mio::Token) -> io::Result<Self> {
        Ok(Wakeup {
            state: WakeState::new(),
            waker: mio::Waker::new(registry, token)?,
        })
    }

    /// Any thread: work was added. Never blocks.
    pub fn notify(&self) {
        if self.state.notify() {
            // Fails only if the eventfd's counter is full, and then the loop is
            // about to wake up anyway.
            let _ = self.waker.wake();
        }
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
