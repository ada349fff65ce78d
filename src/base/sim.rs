//! What seeded simulations share: a schedule on a virtual clock, the passing of its time, and
//! the seeds to run.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::panic::{RefUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering as Memory};
use std::thread;
use std::time::Duration;

use super::lock::Mutex;

struct Scheduled<W> {
    at: Duration,
    order: u64,
    what: W,
}

impl<W> PartialEq for Scheduled<W> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<W> Eq for Scheduled<W> {}

impl<W> PartialOrd for Scheduled<W> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<W> Ord for Scheduled<W> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// What happens later, in the order of its time; at the same time as it was added.
pub struct Schedule<W> {
    heap: BinaryHeap<Reverse<Scheduled<W>>>,
    order: u64,
}

impl<W> Default for Schedule<W> {
    fn default() -> Self {
        Schedule {
            heap: BinaryHeap::new(),
            order: 0,
        }
    }
}

impl<W> Schedule<W> {
    pub fn add(&mut self, at: Duration, what: W) {
        self.order += 1;
        let order = self.order;
        self.heap.push(Reverse(Scheduled { at, order, what }));
    }

    pub fn next(&self) -> Option<Duration> {
        self.heap.peek().map(|Reverse(s)| s.at)
    }

    /// The first thing, with its time, if that has come.
    pub fn pop_if_due(&mut self, now: Duration) -> Option<(Duration, W)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(s)| (s.at, s.what))
    }
}

/// No more happens at the same instant.
const MOST_AT_ONCE: u32 = 20_000;

/// What is simulated, for [`World::run`].
pub trait World {
    type What;

    /// The time since the start.
    fn clock(&mut self) -> &mut Duration;
    fn schedule(&mut self) -> &mut Schedule<Self::What>;
    /// When something happens next, planned or not.
    fn next_time(&self) -> Option<Duration>;
    fn happen(&mut self, what: Self::What);
    /// Does what is due by now, but for what was planned.
    fn on_time(&mut self);
    /// After each thing that has happened.
    fn after_each(&mut self) {}
    /// How things are, for what a failure says.
    fn describe(&mut self) -> String;

    /// Goes on until all is as wanted; or until `end`, and says no.
    fn run(&mut self, end: Duration, mut done: impl FnMut(&mut Self) -> bool) -> bool
    where
        Self: Sized,
    {
        let mut at_once = 0;
        while !done(self) {
            let Some(next) = self.next_time().filter(|at| *at < end) else {
                *self.clock() = end;
                return false;
            };
            let now = *self.clock();
            at_once = if next > now { 0 } else { at_once + 1 };
            assert!(at_once < MOST_AT_ONCE, "it spins\n{}", self.describe());
            let now = now.max(next);
            *self.clock() = now;
            match self.schedule().pop_if_due(now) {
                Some((_, what)) => self.happen(what),
                None => self.on_time(),
            }
            self.after_each();
        }
        true
    }
}

/// Runs the seeds that the environment's `variable` names (`from..to`), or the `usual`
/// ones, on all cores; also those that once failed, unless a run is being `traced`.
pub fn survive(
    variable: &str,
    usual: std::ops::Range<u64>,
    regressions: &[u64],
    traced: bool,
    run: impl Fn(u64) + Sync + RefUnwindSafe,
) {
    let range = std::env::var(variable).map_or(usual, |text| {
        let (from, to) = text.split_once("..").unwrap();
        from.parse().unwrap()..to.parse().unwrap()
    });
    let mut seeds: Vec<u64> = range.collect();
    if !traced {
        seeds.extend(regressions);
    }
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(&seed) = seeds.get(next.fetch_add(1, Memory::Relaxed)) {
                    if catch_unwind(|| run(seed)).is_err() {
                        failed.lock().push(seed);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner();
    assert!(failed.is_empty(), "seeds that failed: {failed:?}");
}
