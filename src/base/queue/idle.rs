//! What a thread does while it waits for a queue.

use std::sync::Arc;
use std::time::Instant;

/// Work for threads that wait for a queue. Called with no lock of the queue's held.
pub trait IdleWork: Send + Sync {
    /// None: there is no such work, and the thread waits on the condition variable.
    fn begin(&self) -> Option<Arc<dyn IdleWaiter>>;
}

/// The work that one thread does while it waits, until it calls [`IdleWaiter::end`].
pub trait IdleWaiter: Send + Sync {
    /// Waits for work and does it, until `until` or [`IdleWaiter::wake`] at the latest. May
    /// return for no reason.
    fn wait(&self, until: Option<Instant>);
    /// Any thread: ends the wait that is under way, or else the next one. Never blocks.
    fn wake(&self);
    fn end(&self);
}

/// The waiter of the thread that owns this.
pub(super) struct OwnWaiter(pub(super) Arc<dyn IdleWaiter>);

impl Drop for OwnWaiter {
    fn drop(&mut self) {
        self.0.end();
    }
}
