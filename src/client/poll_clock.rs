//! When the application last polled, for a membership that ends if it does not.
//!
//! Threads that poll write the time; the main thread reads it, and says whether it waits for
//! the next poll.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A call is polling now, and how long it takes does not matter.
const POLLING: u64 = u64::MAX;

pub struct PollClock {
    started: Instant,
    /// In milliseconds after `started`.
    polled: AtomicU64,
    /// The membership goes on with the next poll.
    wants_poll: AtomicBool,
}

impl PollClock {
    pub fn new() -> Self {
        PollClock {
            started: Instant::now(),
            polled: AtomicU64::new(0),
            wants_poll: AtomicBool::new(false),
        }
    }

    /// True: the membership waits for this.
    pub fn begin(&self) -> bool {
        self.polled.store(POLLING, Ordering::Release);
        self.wants_poll.swap(false, Ordering::AcqRel)
    }

    pub fn end(&self) {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(POLLING - 1);
        self.polled.store(millis, Ordering::Release);
    }

    /// When the application last polled; now, if it is polling.
    pub fn polled(&self, now: Instant) -> Instant {
        match self.polled.load(Ordering::Acquire) {
            POLLING => now,
            millis => self.started + Duration::from_millis(millis),
        }
    }

    pub fn set_wants_poll(&self, wants: bool) {
        self.wants_poll.store(wants, Ordering::Release);
    }
}
