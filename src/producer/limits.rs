//! How much may be queued: `queue.buffering.max.messages` and `.kbytes`.
//!
//! Two counters over everything that was accepted and not yet reported. A thread
//! adds first and takes back if that was too much, so that the common case is one
//! atomic addition each. Threads that wait for room (`MSG_F_BLOCK`) or for
//! everything to be delivered (flush) sleep on a condition variable; who gives
//! back looks at `waiters` after the subtraction, who waits announces itself
//! before it looks at the counters, a fence between the two on either side, so one
//! of the two sees the other. An attempt that fails gives back like a message that
//! is reported.

use std::time::{Duration, Instant};

use crate::base::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};
use crate::base::sync::{Condvar, Mutex};

#[derive(Debug)]
pub struct Limits {
    max_messages: u64,
    max_bytes: u64,
    messages: AtomicU64,
    bytes: AtomicU64,
    waiters: AtomicUsize,
    lock: Mutex<()>,
    changed: Condvar,
    /// Flushes under way: lingering is off.
    flushing: AtomicUsize,
}

impl Limits {
    /// `max_messages` 0 means no limit.
    pub fn new(max_messages: u64, max_bytes: u64) -> Self {
        Limits {
            max_messages: if max_messages == 0 {
                u64::MAX
            } else {
                max_messages
            },
            max_bytes,
            messages: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            waiters: AtomicUsize::new(0),
            lock: Mutex::new(()),
            changed: Condvar::new(),
            flushing: AtomicUsize::new(0),
        }
    }

    /// Room for one message of this size, or false.
    pub fn add(&self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        let n = self.messages.fetch_add(1, Ordering::SeqCst);
        let b = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        // The first message always fits, as in an empty queue it must.
        if n < self.max_messages && (b + bytes <= self.max_bytes || n == 0) {
            return true;
        }
        // Somebody who waits may have found it full because of this attempt.
        self.remove(1, bytes);
        false
    }

    /// Counts a message whatever the limits say: it is counted already, elsewhere.
    pub fn force_add(&self, bytes: usize) {
        self.messages.fetch_add(1, Ordering::SeqCst);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// As [`add`](Self::add), waiting for room until `deadline`.
    pub fn add_waiting(&self, bytes: usize, deadline: Option<Instant>) -> bool {
        loop {
            if self.add(bytes) {
                return true;
            }
            self.begin_wait();
            let mut guard = self.lock.lock();
            let mut timed_out = false;
            // Only looks: an attempt in vain would wake the others that wait.
            while !timed_out && self.is_full(bytes as u64) {
                timed_out = match deadline {
                    Some(d) => self.changed.wait_until(&mut guard, d).timed_out(),
                    None => {
                        self.changed.wait(&mut guard);
                        false
                    }
                };
            }
            drop(guard);
            self.waiters.fetch_sub(1, Ordering::SeqCst);
            if timed_out {
                return self.add(bytes);
            }
        }
    }

    fn is_full(&self, bytes: u64) -> bool {
        let n = self.messages.load(Ordering::SeqCst);
        let b = self.bytes.load(Ordering::SeqCst);
        n >= self.max_messages || (b + bytes > self.max_bytes && n > 0)
    }

    /// Messages were reported, or refused after they were counted.
    pub fn remove(&self, messages: u64, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::SeqCst);
        self.messages.fetch_sub(messages, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if self.waiters.load(Ordering::Relaxed) > 0 {
            let _guard = self.lock.lock();
            self.changed.notify_all();
        }
    }

    pub fn messages(&self) -> u64 {
        self.messages.load(Ordering::SeqCst)
    }

    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::SeqCst)
    }

    fn begin_wait(&self) {
        self.waiters.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Waits until nothing is queued, for at most `step`.
    pub fn wait_empty(&self, step: Duration) -> bool {
        self.begin_wait();
        let mut guard = self.lock.lock();
        if self.messages() > 0 {
            self.changed.wait_for(&mut guard, step);
        }
        drop(guard);
        self.waiters.fetch_sub(1, Ordering::SeqCst);
        self.messages() == 0
    }

    pub fn begin_flush(&self) {
        self.flushing.fetch_add(1, Ordering::SeqCst);
    }

    pub fn end_flush(&self) {
        self.flushing.fetch_sub(1, Ordering::SeqCst);
    }

    pub fn flushing(&self) -> bool {
        self.flushing.load(Ordering::SeqCst) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn both_limits_hold() {
        let l = Limits::new(2, 10);
        assert!(l.add(11), "the first message always fits");
        assert!(!l.add(1));
        l.remove(1, 11);
        assert!(l.add(5));
        assert!(l.add(5));
        assert!(!l.add(0), "two messages are the limit");
        assert_eq!((l.messages(), l.bytes()), (2, 10));
    }

    #[test]
    fn a_waiter_gets_the_room() {
        let l = Arc::new(Limits::new(1, 10));
        assert!(l.add(1));
        let waiter = {
            let l = l.clone();
            std::thread::spawn(move || {
                l.add_waiting(1, Some(Instant::now() + Duration::from_secs(20)))
            })
        };
        l.remove(1, 1);
        assert!(waiter.join().is_ok_and(|added| added));
    }
}
