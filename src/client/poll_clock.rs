//! When the application last polled, for a membership that ends if it does not.
//!
//! Threads that poll write the time; the main thread reads it, and says whether it waits for
//! the next poll. Each message is a poll, so its end is timed by the kernel's ticks.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::base::time::{tick_length_ms, tick_ms};

/// A call is polling now, and how long it takes does not matter.
const POLLING: u64 = u64::MAX;

pub struct PollClock {
    started: Instant,
    /// The tick that counts as `started`, so much before it that no poll seems to be over too early.
    origin_ms: u64,
    /// In milliseconds after `started`.
    polled: AtomicU64,
    /// The membership goes on with the next poll.
    wants_poll: AtomicBool,
}

impl PollClock {
    pub fn new() -> Self {
        // A millisecond for what the ticks' own milliseconds leave out.
        let origin_ms = tick_ms().saturating_sub(tick_length_ms() + 1);
        PollClock {
            started: Instant::now(),
            origin_ms,
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
        let millis = tick_ms().saturating_sub(self.origin_ms);
        self.polled.store(millis, Ordering::Release);
    }

    /// When the application last polled; now, if it is polling.
    pub fn polled(&self, now: Instant) -> Instant {
        match self.polled.load(Ordering::Acquire) {
            POLLING => now,
            millis => now.min(self.started + Duration::from_millis(millis)),
        }
    }

    pub fn set_wants_poll(&self, wants: bool) {
        self.wants_poll.store(wants, Ordering::Release);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_poll_is_over_when_it_was_or_a_few_ticks_later() {
        let clock = PollClock::new();
        let late = Duration::from_millis(2 * tick_length_ms() + 2);
        // All moments between two ticks.
        for _ in 0..200 {
            clock.begin();
            let ended = Instant::now();
            clock.end();
            let polled = clock.polled(ended + Duration::from_secs(60));
            assert!(polled >= ended, "{:?} too early", ended - polled);
            let now = Instant::now();
            assert!(polled <= now + late, "{:?} too late", polled - now);
            while Instant::now() < now + Duration::from_micros(130) {
                std::hint::spin_loop();
            }
        }
    }

    #[test]
    fn who_polls_has_polled_now() {
        let clock = PollClock::new();
        clock.begin();
        let now = Instant::now() + Duration::from_secs(60);
        assert_eq!(clock.polled(now), now);
    }
}
