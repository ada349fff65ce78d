//! What telemetry asks of a consumer: how long its rebalances take, and which part of its
//! time the application spends in polls. Counted while the gate is open.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::base::lock::Mutex;
use crate::base::tally::{Gate, Tally};

pub struct ConsumerTallies {
    /// Microseconds.
    pub rebalance: Tally,
    /// Millionths of the time from one poll to the next.
    pub poll_idle: Tally,
    /// Microseconds from the beginning of a poll to that of the next.
    pub between_polls: Tally,
    rebalancing_since: Mutex<Option<Instant>>,
    created: Instant,
    /// Microseconds after `created`, 0 before the first.
    poll_began: AtomicU64,
    poll_ended: AtomicU64,
}

impl ConsumerTallies {
    pub fn new(gate: &Gate) -> Self {
        ConsumerTallies {
            rebalance: Tally::new(gate),
            poll_idle: Tally::new(gate),
            between_polls: Tally::new(gate),
            rebalancing_since: Mutex::default(),
            created: Instant::now(),
            poll_began: AtomicU64::new(0),
            poll_ended: AtomicU64::new(0),
        }
    }

    /// A rebalance is what lies between two times of having what the group has assigned,
    /// or begins with joining.
    pub fn note_join_state(&self, now: Instant, state: &str) {
        let mut since = self.rebalancing_since.lock();
        match state {
            "init" => *since = None,
            "steady" => {
                if let Some(began) = since.take() {
                    let took = now.saturating_duration_since(began).as_micros();
                    self.rebalance.add(i64::try_from(took).unwrap_or(i64::MAX));
                }
            }
            _ => {
                since.get_or_insert(now);
            }
        }
    }

    pub fn poll_begins(&self) {
        if !self.poll_idle.is_open() {
            // What was counted last is of no use to who counts again later.
            if self.poll_began.load(Ordering::Relaxed) != 0 {
                self.poll_began.store(0, Ordering::Relaxed);
            }
            return;
        }
        let now = self.now_us();
        let began = self.poll_began.swap(now, Ordering::Relaxed);
        let ended = self.poll_ended.swap(0, Ordering::Relaxed);
        if began > 0 && ended >= began && now > began {
            self.between_polls
                .add(i64::try_from(now - began).unwrap_or(i64::MAX));
            let part = u128::from(ended - began) * 1_000_000 / u128::from(now - began);
            self.poll_idle
                .add(i64::try_from(part.min(1_000_000)).unwrap_or(0));
        }
    }

    pub fn poll_ends(&self) {
        if self.poll_idle.is_open() {
            self.poll_ended.store(self.now_us(), Ordering::Relaxed);
        }
    }

    fn now_us(&self) -> u64 {
        let us = self.created.elapsed().as_micros();
        u64::try_from(us).unwrap_or(u64::MAX).max(1)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Duration;

    use super::*;

    fn open() -> ConsumerTallies {
        let gate = Gate::default();
        gate.set_open(true);
        ConsumerTallies::new(&gate)
    }

    #[test]
    fn a_rebalance_lasts_from_joining_until_it_is_steady() {
        let (t, start) = (open(), Instant::now());
        let at = |ms: u64, state| t.note_join_state(start + Duration::from_millis(ms), state);
        at(0, "init");
        at(10, "wait-join");
        at(15, "wait-sync");
        at(30, "steady");
        at(50, "steady");
        at(100, "wait-join");
        at(105, "steady");
        at(200, "wait-join");
        at(300, "init");
        at(400, "steady");
        let sample = t.rebalance.take();
        assert_eq!((sample.sum, sample.max, sample.count), (25_000, 20_000, 2));
    }

    #[test]
    fn polls_share_the_time_with_the_application() {
        let t = open();
        t.poll_begins();
        t.poll_ends();
        std::thread::sleep(Duration::from_millis(20));
        t.poll_begins();
        let sample = t.poll_idle.take();
        assert!(t.between_polls.take().max >= 20_000);
        assert_eq!(sample.count, 1);
        assert!(
            sample.max < 500_000,
            "the application took most: {sample:?}"
        );
        std::thread::sleep(Duration::from_millis(20));
        t.poll_ends();
        t.poll_begins();
        let sample = t.poll_idle.take();
        assert_eq!(sample.count, 1);
        assert!(sample.max > 500_000, "the poll took most: {sample:?}");
        t.poll_begins();
        assert_eq!(t.poll_idle.take().count, 0, "a poll that has not ended");
    }
}
