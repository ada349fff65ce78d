//! Locks, condition variables and atomics of the structures that threads share.
//!
//! They are those of [`lock`](super::lock) and std's, and loom's where `--cfg loom` builds the
//! models (`capi-tests/model.sh`): then the same code runs under every
//! interleaving. In a model a deadline that has passed has passed; no other ever does.

#[cfg(not(loom))]
mod real {
    pub use std::sync::atomic;

    pub use super::super::lock::{Condvar, Mutex, MutexGuard};
    pub use arc_swap::ArcSwap;
}

#[cfg(not(loom))]
pub use real::*;

#[cfg(loom)]
mod model {
    use std::ops::{Deref, DerefMut};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    pub use loom::sync::atomic;

    #[derive(Debug, Default)]
    pub struct Mutex<T>(loom::sync::Mutex<T>);

    /// Empty only while its condition variable waits.
    pub struct MutexGuard<'a, T> {
        lock: &'a Mutex<T>,
        inner: Option<loom::sync::MutexGuard<'a, T>>,
    }

    impl<T> Mutex<T> {
        pub fn new(value: T) -> Self {
            Mutex(loom::sync::Mutex::new(value))
        }

        pub fn lock(&self) -> MutexGuard<'_, T> {
            MutexGuard {
                lock: self,
                inner: Some(self.0.lock().unwrap()),
            }
        }

        pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            let inner = Some(self.0.try_lock().ok()?);
            Some(MutexGuard { lock: self, inner })
        }
    }

    impl<T> MutexGuard<'_, T> {
        pub fn unlocked<R>(guard: &mut Self, run: impl FnOnce() -> R) -> R {
            guard.inner = None;
            let result = run();
            guard.inner = Some(guard.lock.0.lock().unwrap());
            result
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.inner.as_ref().unwrap()
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.inner.as_mut().unwrap()
        }
    }

    #[derive(Debug, Default)]
    pub struct Condvar(loom::sync::Condvar);

    pub struct WaitTimeoutResult(bool);

    impl WaitTimeoutResult {
        pub fn timed_out(&self) -> bool {
            self.0
        }
    }

    impl Condvar {
        pub fn new() -> Self {
            Condvar(loom::sync::Condvar::new())
        }

        pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            let inner = guard.inner.take().unwrap();
            guard.inner = Some(self.0.wait(inner).unwrap());
        }

        pub fn wait_until<T>(
            &self,
            guard: &mut MutexGuard<'_, T>,
            deadline: Instant,
        ) -> WaitTimeoutResult {
            let passed = deadline <= Instant::now();
            if passed {
                MutexGuard::unlocked(guard, || {});
            } else {
                self.wait(guard);
            }
            WaitTimeoutResult(passed)
        }

        pub fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, _: Duration) -> WaitTimeoutResult {
            self.wait(guard);
            WaitTimeoutResult(false)
        }

        pub fn notify_one(&self) {
            self.0.notify_one();
        }

        pub fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    /// What arc-swap promises, with a point where threads may take turns.
    pub struct ArcSwap<T>(Mutex<Arc<T>>);

    pub struct Guard<T>(Arc<T>);

    impl<T> Deref for Guard<T> {
        type Target = Arc<T>;

        fn deref(&self) -> &Arc<T> {
            &self.0
        }
    }

    impl<T> ArcSwap<T> {
        pub fn from_pointee(value: T) -> Self {
            ArcSwap(Mutex::new(Arc::new(value)))
        }

        pub fn load(&self) -> Guard<T> {
            Guard(self.load_full())
        }

        pub fn load_full(&self) -> Arc<T> {
            self.0.lock().clone()
        }

        pub fn store(&self, value: Arc<T>) {
            self.swap(value);
        }

        pub fn swap(&self, value: Arc<T>) -> Arc<T> {
            std::mem::replace(&mut *self.0.lock(), value)
        }
    }
}

#[cfg(loom)]
pub use model::*;
