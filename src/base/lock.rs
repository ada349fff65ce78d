//! Locks and condition variables: parking_lot's types (`lock_api`) over futexes.
//!
//! parking_lot's own raw locks keep the threads that wait in a hash table of the process.
//! A fork while another thread is in that table leaves one of its buckets locked in the
//! child for ever, and the first contended lock of the child that falls into that bucket
//! hangs. A futex (futex(2)) keeps its state in the lock itself: a lock that the child
//! makes knows nothing of the parent's. std's locks do the same, but std comes compiled,
//! and the thread sanitizer does not see its contended path.
//!
//! The algorithms are the usual ones: the mutex is the third of Drepper's "Futexes Are
//! Tricky", the condition variable a sequence number that each notification raises, the
//! read-write lock a count of readers with a sequence number for the threads that wait.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use parking_lot::lock_api::{self, GuardSend};
use rustix::io::Errno;
use rustix::thread::futex;
use rustix::time::Timespec;

pub type Mutex<T> = lock_api::Mutex<RawMutex, T>;
pub type MutexGuard<'a, T> = lock_api::MutexGuard<'a, RawMutex, T>;
pub type RwLock<T> = lock_api::RwLock<RawRwLock, T>;

/// Sleeps while `word` is `value`, until a wake-up, `deadline`, or for no reason.
fn wait(word: &AtomicU32, value: u32, deadline: Option<Instant>) -> bool {
    let timeout = deadline.map(|d| d.saturating_duration_since(Instant::now()));
    let timeout = timeout.map(|left| Timespec {
        tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: left.subsec_nanos().into(),
    });
    futex::wait(word, futex::Flags::PRIVATE, value, timeout.as_ref()) != Err(Errno::TIMEDOUT)
}

fn wake(word: &AtomicU32, threads: u32) {
    // It fails only for an address that is none.
    let _ = futex::wake(word, futex::Flags::PRIVATE, threads);
}

const ALL: u32 = i32::MAX as u32;

/// How often a lock is looked at before its thread sleeps, and how often of that without
/// giving the processor away.
const SPINS: u32 = 10;
const BUSY_SPINS: u32 = 3;

const UNLOCKED: u32 = 0;
const LOCKED: u32 = 1;
/// Locked, and a thread may sleep over it.
const CONTENDED: u32 = 2;

pub struct RawMutex(AtomicU32);

impl RawMutex {
    fn try_acquire(&self) -> bool {
        self.0
            .compare_exchange(UNLOCKED, LOCKED, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Looks for a free lock for a while, first busily, then giving the processor away: a
    /// thread that sleeps has to be woken, which costs more than most locks are held for.
    /// False: not had. The lock is not waited for in this way where others sleep over it.
    fn spin(&self) -> bool {
        for round in 0..SPINS {
            match self.0.load(Ordering::Relaxed) {
                UNLOCKED if self.try_acquire() => return true,
                CONTENDED => return false,
                _ if round < BUSY_SPINS => (0..2 << round).for_each(|_| std::hint::spin_loop()),
                _ => std::thread::yield_now(),
            }
        }
        false
    }

    #[cold]
    fn lock_contended(&self) {
        if self.spin() {
            return;
        }
        // From here on the lock is taken as contended: others may sleep, too.
        while self.0.swap(CONTENDED, Ordering::Acquire) != UNLOCKED {
            wait(&self.0, CONTENDED, None);
        }
    }
}

// SAFETY: the state leaves UNLOCKED in one step, by the thread that then has the lock, and
// only that thread sets it back: no two threads have it at a time.
#[allow(unsafe_code)]
unsafe impl lock_api::RawMutex for RawMutex {
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Self = RawMutex(AtomicU32::new(UNLOCKED));
    type GuardMarker = GuardSend;

    #[inline]
    fn lock(&self) {
        if !self.try_acquire() {
            self.lock_contended();
        }
    }

    #[inline]
    fn try_lock(&self) -> bool {
        self.try_acquire()
    }

    #[inline]
    unsafe fn unlock(&self) {
        if self.0.swap(UNLOCKED, Ordering::Release) == CONTENDED {
            wake(&self.0, 1);
        }
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.0.load(Ordering::Relaxed) != UNLOCKED
    }
}

/// A condition variable for [`Mutex`]. What the waiting thread looks at changes under that
/// mutex, so a notifier sees the threads that wait.
#[derive(Debug, Default)]
pub struct Condvar {
    sequence: AtomicU32,
    waiting: AtomicU32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    pub fn timed_out(self) -> bool {
        self.0
    }
}

impl Condvar {
    pub const fn new() -> Self {
        Condvar {
            sequence: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
        }
    }

    /// Waits for a notification; may return for no reason.
    pub fn wait<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>) {
        self.sleep(guard, None);
    }

    pub fn wait_until<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        deadline: Instant,
    ) -> WaitTimeoutResult {
        WaitTimeoutResult(!self.sleep(guard, Some(deadline)))
    }

    pub fn wait_for<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        time: Duration,
    ) -> WaitTimeoutResult {
        match Instant::now().checked_add(time) {
            Some(deadline) => self.wait_until(guard, deadline),
            None => {
                self.wait(guard);
                WaitTimeoutResult(false)
            }
        }
    }

    /// False: the deadline has passed.
    fn sleep<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>, deadline: Option<Instant>) -> bool {
        // The kernel would sleep for its timer's slack, 50 µs, over a time that has passed:
        // `rd_kafka_poll(rk, 0)` comes here.
        if deadline.is_some_and(|at| at <= Instant::now()) {
            return false;
        }
        // Both before the mutex is released: a notification after that ends the sleep.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let sequence = self.sequence.load(Ordering::Relaxed);
        let in_time = MutexGuard::unlocked(guard, || wait(&self.sequence, sequence, deadline));
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        in_time
    }

    pub fn notify_one(&self) {
        self.notify(1);
    }

    pub fn notify_all(&self) {
        self.notify(ALL);
    }

    #[inline]
    fn notify(&self, threads: u32) {
        if self.waiting.load(Ordering::Relaxed) > 0 {
            self.sequence.fetch_add(1, Ordering::Relaxed);
            wake(&self.sequence, threads);
        }
    }
}

/// Set while a writer has the lock; the other bits count readers.
const WRITER: u32 = 1 << 31;

/// A lock for what is read often and written seldom: readers do not wait for writers that
/// wait, so a thread may read twice.
pub struct RawRwLock {
    state: AtomicU32,
    /// Raised when the lock becomes free while threads wait.
    sequence: AtomicU32,
    waiting: AtomicU32,
}

impl RawRwLock {
    fn try_share(&self) -> bool {
        self.state
            .fetch_update(Ordering::SeqCst, Ordering::Relaxed, |s| {
                (s & WRITER == 0 && s + 1 < WRITER).then_some(s + 1)
            })
            .is_ok()
    }

    fn try_own(&self) -> bool {
        self.state
            .compare_exchange(0, WRITER, Ordering::SeqCst, Ordering::Relaxed)
            .is_ok()
    }

    /// No wake-up is lost: the waiting thread counts itself, then tries; the releasing
    /// thread releases, then looks at the count. In the one order of all these operations
    /// (SeqCst) either the try comes after the release, or the look after the count. In
    /// the latter case the sequence changes after the waiting thread has read it, and
    /// the kernel does not let it sleep, or wakes it.
    #[cold]
    fn wait_for(&self, acquire: impl Fn() -> bool) {
        for _ in 0..SPINS {
            if acquire() {
                return;
            }
            std::thread::yield_now();
        }
        self.waiting.fetch_add(1, Ordering::SeqCst);
        loop {
            let sequence = self.sequence.load(Ordering::SeqCst);
            if acquire() {
                break;
            }
            wait(&self.sequence, sequence, None);
        }
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    fn released(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.sequence.fetch_add(1, Ordering::SeqCst);
            wake(&self.sequence, ALL);
        }
    }
}

// SAFETY: WRITER is set only while there are neither readers nor a writer, and no reader is
// counted while it is set.
#[allow(unsafe_code)]
unsafe impl lock_api::RawRwLock for RawRwLock {
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Self = RawRwLock {
        state: AtomicU32::new(0),
        sequence: AtomicU32::new(0),
        waiting: AtomicU32::new(0),
    };
    type GuardMarker = GuardSend;

    #[inline]
    fn lock_shared(&self) {
        if !self.try_share() {
            self.wait_for(|| self.try_share());
        }
    }

    #[inline]
    fn try_lock_shared(&self) -> bool {
        self.try_share()
    }

    #[inline]
    unsafe fn unlock_shared(&self) {
        if self.state.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.released();
        }
    }

    #[inline]
    fn lock_exclusive(&self) {
        if !self.try_own() {
            self.wait_for(|| self.try_own());
        }
    }

    #[inline]
    fn try_lock_exclusive(&self) -> bool {
        self.try_own()
    }

    #[inline]
    unsafe fn unlock_exclusive(&self) {
        self.state.store(0, Ordering::SeqCst);
        self.released();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn a_mutex_is_held_by_one_thread() {
        let counter = Arc::new(Mutex::new(0u64));
        let threads: Vec<_> = (0..4)
            .map(|n| {
                let counter = counter.clone();
                thread::spawn(move || {
                    for i in 0..20_000 {
                        let mut guard = counter.lock();
                        let before = *guard;
                        if (i + n) % 64 == 0 {
                            thread::yield_now();
                        }
                        *guard = before + 1;
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(*counter.lock(), 80_000);
    }

    #[test]
    fn a_lock_that_is_held_is_not_had() {
        let lock = Mutex::new(());
        let guard = lock.lock();
        assert!(lock.is_locked() && lock.try_lock().is_none());
        drop(guard);
        assert!(lock.try_lock().is_some());
        let lock = RwLock::new(());
        let (one, two) = (lock.read(), lock.read());
        assert!(lock.try_write().is_none());
        drop((one, two));
        let owned = lock.write();
        assert!(lock.try_read().is_none() && lock.try_write().is_none());
        drop(owned);
        assert!(lock.try_read().is_some());
    }

    #[test]
    fn notifications_reach_the_threads_that_wait() {
        let shared = Arc::new((Mutex::new(0u32), Condvar::new()));
        let takers: Vec<_> = (0..3)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || {
                    let (queue, added) = &*shared;
                    for _ in 0..5000 {
                        let mut n = queue.lock();
                        while *n == 0 {
                            added.wait(&mut n);
                        }
                        *n -= 1;
                    }
                })
            })
            .collect();
        for _ in 0..15_000 {
            *shared.0.lock() += 1;
            shared.1.notify_one();
        }
        takers.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(*shared.0.lock(), 0);
    }

    #[test]
    fn a_wait_ends_with_its_time() {
        let (lock, never) = (Mutex::new(()), Condvar::new());
        let mut guard = lock.lock();
        let begun = Instant::now();
        let time = Duration::from_millis(5);
        while !never.wait_for(&mut guard, time).timed_out() {}
        assert!(begun.elapsed() >= time);
        assert!(never.wait_until(&mut guard, begun).timed_out());
        assert!(lock.is_locked());
    }

    #[test]
    fn writers_are_alone_and_readers_are_not() {
        let lock = Arc::new(RwLock::new([0u64; 2]));
        let threads: Vec<_> = (0..6)
            .map(|n| {
                let lock = lock.clone();
                thread::spawn(move || {
                    for _ in 0..5000 {
                        if n < 2 {
                            let mut both = lock.write();
                            both[0] += 1;
                            thread::yield_now();
                            both[1] += 1;
                        } else {
                            let (one, two) = (lock.read(), lock.read());
                            assert_eq!(one[0], two[1]);
                        }
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(*lock.read(), [10_000; 2]);
    }

    /// A wait that only looks, as `rd_kafka_poll(rk, 0)` makes one, gives the processor to
    /// nobody.
    #[test]
    fn a_time_that_has_passed_is_not_slept_over() {
        let sleeps = || {
            let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
            let line = status
                .lines()
                .find(|l| l.starts_with("voluntary_ctxt_switches"));
            let number = line.and_then(|l| l.split_whitespace().nth(1)).unwrap();
            number.parse::<u64>().unwrap()
        };
        let (mutex, condvar) = (Mutex::new(()), Condvar::new());
        let mut guard = mutex.lock();
        let before = sleeps();
        for _ in 0..1000 {
            assert!(condvar.wait_until(&mut guard, Instant::now()).timed_out());
        }
        let slept = sleeps() - before;
        assert!(slept < 100, "{slept} sleeps");
    }
}
