//! The threads of all instances in the process, for `rd_kafka_thread_cnt`.
//!
//! A thread counts from the moment it is asked for until its work has ended.

use std::sync::atomic::{AtomicI32, Ordering};

static COUNT: AtomicI32 = AtomicI32::new(0);

/// Counts as one thread; goes along with it.
pub struct Counted(());

impl Counted {
    pub fn new() -> Self {
        COUNT.fetch_add(1, Ordering::Relaxed);
        Counted(())
    }
}

impl Default for Counted {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        COUNT.fetch_sub(1, Ordering::Relaxed);
    }
}

pub fn count() -> i32 {
    COUNT.load(Ordering::Relaxed)
}
