//! Taking items, and waiting for them.

use std::sync::Arc;
use std::time::Instant;

use super::idle::OwnWaiter;
use super::{Inner, MAX_HOPS, Queue, Weight};
use crate::base::sync::MutexGuard;

/// What [`Queue::take`]'s closure found at the front.
pub enum Taken<R> {
    /// The result; the item has more and stays.
    Part(R),
    /// The result; the item is spent.
    Last(R),
    /// Nothing for the caller in this item: it is dropped, the next one is shown.
    Stale,
    /// The caller wants to stop without a result; the item stays.
    Leave,
}

/// How long one thread waits, and what it does meanwhile.
struct Wait<D> {
    /// Asked when there is nothing yet.
    deadline: Option<D>,
    until: Option<Instant>,
    asked: bool,
    waiter: Option<OwnWaiter>,
}

impl<D> Wait<D> {
    fn until(deadline: D) -> Self {
        Wait {
            deadline: Some(deadline),
            until: None,
            asked: false,
            waiter: None,
        }
    }
}

impl<T> Inner<T> {
    /// A yield ends this call: any since `since`, or one that has ended no other.
    fn is_yielded(&mut self, since: Option<u64>) -> bool {
        if since.is_some_and(|s| s != self.yields) {
            // Left to another that waits.
            self.yielded &= self.waiters > 0;
            return true;
        }
        std::mem::take(&mut self.yielded)
    }
}

impl<T: Weight> Queue<T> {
    /// Waits until `deadline` for something at the front that `look` takes.
    /// `None` on timeout, on [`Queue::yield_now`] or when `look` leaves.
    pub fn take<R>(
        self: &Arc<Self>,
        deadline: Option<Instant>,
        look: impl FnMut(&mut T) -> Taken<R>,
    ) -> Option<R> {
        self.take_until(|| deadline, look)
    }

    /// As [`Queue::take`]; the clock is asked only if there is nothing yet.
    #[inline]
    pub fn take_until<R>(
        self: &Arc<Self>,
        deadline: impl FnOnce() -> Option<Instant>,
        look: impl FnMut(&mut T) -> Taken<R>,
    ) -> Option<R> {
        self.take_since(None, deadline, look)
    }

    /// How often there was a yield, for [`Queue::take_since`].
    pub fn yields(self: &Arc<Self>) -> u64 {
        self.target().inner.lock().yields
    }

    /// As [`Queue::take_until`], and `None` if there was a yield since [`Queue::yields`]
    /// said `since`, even if it has ended another thread's wait.
    #[inline]
    pub fn take_since<R>(
        self: &Arc<Self>,
        since: Option<u64>,
        deadline: impl FnOnce() -> Option<Instant>,
        mut look: impl FnMut(&mut T) -> Taken<R>,
    ) -> Option<R> {
        let mut end: Option<Arc<Self>> = None;
        let mut hops = 0;
        // Ends when this returns, after the queue's lock.
        let mut wait = Wait::until(deadline);
        'chain: loop {
            let current = end.take();
            let at = current.as_ref().unwrap_or(self);
            let mut q = at.inner.lock();
            loop {
                if q.forward.is_some() && hops < MAX_HOPS {
                    hops += 1;
                    end = q.forward.clone();
                    continue 'chain;
                }
                q.is_looked_at();
                if q.is_yielded(since) {
                    return None;
                }
                if !q.items.is_empty() {
                    match at.look_at_front(q, &mut look) {
                        Ok(result) => return result,
                        Err(still_locked) => q = still_locked,
                    }
                } else if !at.wait(&mut q, &mut wait) {
                    return None;
                }
            }
        }
    }

    /// Shows the front item to `look`. Still locked, if the item was stale.
    #[inline]
    fn look_at_front<'a, R>(
        &self,
        mut q: MutexGuard<'a, Inner<T>>,
        look: &mut impl FnMut(&mut T) -> Taken<R>,
    ) -> Result<Option<R>, MutexGuard<'a, Inner<T>>> {
        let Some(front) = q.items.front_mut() else {
            return Err(q);
        };
        match look(front) {
            Taken::Part(result) => {
                // Nobody else was woken for what is left.
                q.wake_one(&self.added);
                Ok(Some(result))
            }
            Taken::Last(result) => {
                let spent = q.items.pop_front();
                drop(q);
                drop(spent);
                Ok(Some(result))
            }
            Taken::Stale => {
                let spent = q.items.pop_front();
                MutexGuard::unlocked(&mut q, || drop(spent));
                Err(q)
            }
            Taken::Leave => {
                // Nobody else was woken for what is left, and the thread that is notified
                // of it may take this for the end.
                q.wake_one(&self.added);
                let notify = q.notify(true);
                drop(q);
                if let Some(n) = notify {
                    n();
                }
                Ok(None)
            }
        }
    }

    /// Waits for something to come; false when the time is up. Where there is work to do
    /// meanwhile, the first call begins it and does not wait.
    fn wait<D: FnOnce() -> Option<Instant>>(
        &self,
        q: &mut MutexGuard<'_, Inner<T>>,
        wait: &mut Wait<D>,
    ) -> bool {
        if let Some(deadline) = wait.deadline.take() {
            wait.until = deadline();
        }
        let until = wait.until;
        if !wait.asked
            && let Some(idle_work) = q.idle_work.clone()
            && until.is_none_or(|d| d > Instant::now())
        {
            wait.asked = true;
            wait.waiter = MutexGuard::unlocked(q, || idle_work.begin().map(OwnWaiter));
            return true;
        }
        q.waiters += 1;
        let timed_out = match (&wait.waiter, until) {
            (Some(OwnWaiter(waiter)), _) => {
                q.idle_waiters.push(waiter.clone());
                MutexGuard::unlocked(q, || waiter.wait(until));
                q.idle_waiters.retain(|s| !Arc::ptr_eq(s, waiter));
                until.is_some_and(|d| d <= Instant::now())
            }
            (None, Some(d)) => self.added.wait_until(q, d).timed_out(),
            (None, None) => {
                self.added.wait(q);
                false
            }
        };
        q.waiters -= 1;
        let is_over = timed_out && q.items.is_empty() && q.forward.is_none();
        if is_over {
            q.yielded = false;
        }
        !is_over
    }

    /// Takes the front item whole.
    pub fn pop(self: &Arc<Self>, deadline: Option<Instant>) -> Option<T>
    where
        T: Default,
    {
        self.take(deadline, |item| Taken::Last(std::mem::take(item)))
    }
}
