//! The application queue: what the library has for the application, until some
//! thread polls for it.
//!
//! A queue may be forwarded to another one; pushes and pops then act on the end
//! of the chain. Whoever waits is woken by a condition variable; whoever runs an
//! event loop of its own asks for a byte string on a descriptor or a call, which
//! happens when something is added to an empty queue. A poll that serves what was
//! there when it began leaves the queue empty in this sense from the start: it
//! does not look for what comes meanwhile.
//!
//! An item may be many messages (a fetched batch, a batch of delivery reports):
//! [`Queue::take`] shows the front item to a closure that takes out what it wants
//! and says whether the item is spent. So a message costs one uncontended lock,
//! and nothing is moved.
//!
//! A thread that has to wait may meanwhile do work of the library's ([`IdleWork`]), such
//! as reading the socket whose answer it waits for. It then sleeps in its [`IdleWaiter`]
//! and is woken there. The queue lists a waiter only while its thread is in
//! [`IdleWaiter::wait`]. Listed waiters are woken before the threads that sleep on the
//! condition variable.
//!
//! Locks: one mutex per queue, held for the length of one push or one look at the
//! front; forwarding is resolved hop by hop, never holding two. Only where a queue
//! begins to be forwarded are two held, one thread at a time in the whole process.
//! Items are dropped and notifications are sent after they are released.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

#[cfg(not(loom))]
use super::fork::forwarding;
use super::sync::{Condvar, Mutex, MutexGuard};

/// How an application that runs its own event loop is told that the queue, empty until
/// then, has something.
pub type Notify = Arc<dyn Fn() + Send + Sync>;

struct Notifier {
    call: Notify,
    /// Not again before somebody has looked into the queue.
    once: bool,
    called: bool,
}

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

/// What an item is to its queue.
pub trait Weight {
    /// What it counts as in [`Queue::len`].
    fn weight(&self) -> usize;

    /// It goes before all that is not, so that no backlog of messages delays it.
    fn is_urgent(&self) -> bool {
        false
    }
}

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
struct OwnWaiter(Arc<dyn IdleWaiter>);

impl Drop for OwnWaiter {
    fn drop(&mut self) {
        self.0.end();
    }
}

struct Inner<T> {
    items: VecDeque<T>,
    forward: Option<Arc<Queue<T>>>,
    notify: Option<Notifier>,
    /// A call serves all that is here: what is added counts as added to an empty queue.
    serving: bool,
    yielded: bool,
    /// How often there was a yield.
    yields: u64,
    waiters: usize,
    /// Of those who sleep elsewhere than on the condition variable.
    idle_waiters: Vec<Arc<dyn IdleWaiter>>,
    idle_work: Option<Arc<dyn IdleWork>>,
    /// Consumed messages come here, or go on from here.
    for_messages: bool,
}

impl<T> Inner<T> {
    fn wake_one(&mut self, added: &Condvar) {
        match self.idle_waiters.pop() {
            Some(waiter) => waiter.wake(),
            None if self.waiters > 0 => {
                added.notify_one();
            }
            None => {}
        }
    }

    /// Whom to tell of what was added.
    fn notify(&mut self, was_empty: bool) -> Option<Notify> {
        let n = self.notify.as_mut()?;
        if !was_empty && !std::mem::take(&mut self.serving) || n.once && n.called {
            return None;
        }
        n.called = true;
        self.serving = false;
        Some(n.call.clone())
    }

    fn is_looked_at(&mut self) {
        if let Some(n) = &mut self.notify {
            n.called = false;
        }
    }

    fn wake_all(&mut self, added: &Condvar) {
        for waiter in self.idle_waiters.drain(..) {
            waiter.wake();
        }
        if self.waiters > 0 {
            added.notify_all();
        }
    }
}

pub struct Queue<T> {
    inner: Mutex<Inner<T>>,
    added: Condvar,
}

#[cfg(loom)]
loom::lazy_static! {
    static ref FORWARDING: Mutex<()> = Mutex::new(());
}
#[cfg(loom)]
fn forwarding() -> MutexGuard<'static, ()> {
    FORWARDING.lock()
}

/// Forwarding chains are short; a cycle that the application built ends here.
const MAX_HOPS: usize = 16;

impl<T: Weight> Default for Queue<T> {
    fn default() -> Self {
        Queue::new()
    }
}

impl<T: Weight> Queue<T> {
    pub fn new() -> Self {
        Queue {
            inner: Mutex::new(Inner {
                items: VecDeque::new(),
                forward: None,
                notify: None,
                serving: false,
                yielded: false,
                yields: 0,
                waiters: 0,
                idle_waiters: Vec::new(),
                idle_work: None,
                for_messages: false,
            }),
            added: Condvar::new(),
        }
    }

    /// A queue for consumed messages, as is then each that it leads to.
    pub fn for_messages() -> Self {
        let queue = Queue::new();
        queue.inner.lock().for_messages = true;
        queue
    }

    /// Whether who takes from here takes from a queue for consumed messages.
    pub fn has_messages(self: &Arc<Self>) -> bool {
        self.target().inner.lock().for_messages
    }

    fn next_hop(&self) -> Option<Arc<Queue<T>>> {
        self.inner.lock().forward.clone()
    }

    /// The queue at the end of the forwarding chain, if it is another one.
    pub fn target(self: &Arc<Self>) -> Arc<Self> {
        let mut at = self.clone();
        for _ in 0..MAX_HOPS {
            match at.next_hop() {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }

    pub fn push(&self, item: T) {
        self.add(item, false, MAX_HOPS);
    }

    /// To be the next one taken: what was taken out whole and is put back, or what
    /// cannot wait.
    pub fn push_front(&self, item: T) {
        self.add(item, true, MAX_HOPS);
    }

    fn add(&self, item: T, front: bool, hops: usize) {
        let notify = {
            let mut q = self.inner.lock();
            if let Some(next) = q.forward.clone().filter(|_| hops > 0) {
                drop(q);
                return next.add(item, front, hops - 1);
            }
            let was_empty = q.items.is_empty();
            if front {
                q.items.push_front(item);
            } else if item.is_urgent() {
                let place = q.items.iter().take_while(|i| i.is_urgent()).count();
                q.items.insert(place, item);
            } else {
                q.items.push_back(item);
            }
            q.wake_one(&self.added);
            q.notify(was_empty)
        };
        if let Some(n) = notify {
            n();
        }
    }

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
        let mut deadline = Some(deadline);
        let mut until = None;
        // The end of the chain, where that is not this queue.
        let mut end: Option<Arc<Self>> = None;
        let mut hops = 0;
        // Left when this returns, after the queue's lock.
        let mut waiter: Option<OwnWaiter> = None;
        let mut asked = false;
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
                if since.is_some_and(|s| s != q.yields) {
                    // Left to another that waits.
                    q.yielded &= q.waiters > 0;
                    return None;
                }
                if q.yielded {
                    q.yielded = false;
                    return None;
                }
                if let Some(front) = q.items.front_mut() {
                    let (result, spent) = match look(front) {
                        Taken::Part(r) => {
                            // Nobody else was woken for what is left.
                            q.wake_one(&at.added);
                            return Some(r);
                        }
                        Taken::Leave => {
                            // Nobody else was woken for what is left, and whoever is told
                            // of it may take this for the end.
                            q.wake_one(&at.added);
                            let notify = q.notify(true);
                            drop(q);
                            if let Some(n) = notify {
                                n();
                            }
                            return None;
                        }
                        Taken::Last(r) => (Some(r), q.items.pop_front()),
                        Taken::Stale => (None, q.items.pop_front()),
                    };
                    if result.is_some() {
                        drop(q);
                        drop(spent);
                        return result;
                    }
                    MutexGuard::unlocked(&mut q, || drop(spent));
                    continue;
                }
                if let Some(deadline) = deadline.take() {
                    until = deadline();
                }
                if !asked
                    && let Some(idle_work) = q.idle_work.clone()
                    && until.is_none_or(|d| d > Instant::now())
                {
                    asked = true;
                    waiter = MutexGuard::unlocked(&mut q, || idle_work.begin().map(OwnWaiter));
                    continue;
                }
                q.waiters += 1;
                let timed_out = match (&waiter, until) {
                    (Some(OwnWaiter(waiter)), _) => {
                        q.idle_waiters.push(waiter.clone());
                        MutexGuard::unlocked(&mut q, || waiter.wait(until));
                        q.idle_waiters.retain(|s| !Arc::ptr_eq(s, waiter));
                        until.is_some_and(|d| d <= Instant::now())
                    }
                    (None, Some(d)) => at.added.wait_until(&mut q, d).timed_out(),
                    (None, None) => {
                        at.added.wait(&mut q);
                        false
                    }
                };
                q.waiters -= 1;
                if timed_out && q.items.is_empty() && q.forward.is_none() {
                    q.yielded = false;
                    return None;
                }
            }
        }
    }

    /// Takes the front item whole.
    pub fn pop(self: &Arc<Self>, deadline: Option<Instant>) -> Option<T>
    where
        T: Default,
    {
        self.take(deadline, |item| Taken::Last(std::mem::take(item)))
    }

    /// Makes one waiting or future `take` return empty-handed.
    pub fn yield_now(&self) {
        if let Some(next) = self.next_hop() {
            return next.yield_now();
        }
        let notify = {
            let mut q = self.inner.lock();
            q.yielded = true;
            q.yields = q.yields.wrapping_add(1);
            q.wake_all(&self.added);
            let serving = q.serving;
            let notify = (q.items.is_empty() || serving).then(|| q.notify(true));
            q.serving = serving;
            notify.flatten()
        };
        if let Some(n) = notify {
            n();
        }
    }

    /// From now on items go to `to`, those already here included; `None` ends
    /// forwarding.
    pub fn forward(self: &Arc<Self>, to: Option<Arc<Queue<T>>>) {
        let (old, notify) = {
            // No chain changes meanwhile, so no two threads lock each other's end.
            let _serial = forwarding();
            let end = to.as_ref().map(Queue::target);
            // A chain that would lead back here is refused.
            if end.as_ref().is_some_and(|end| Arc::ptr_eq(end, self)) {
                return;
            }
            if self.inner.lock().for_messages {
                let mut next = to.clone();
                for _ in 0..MAX_HOPS {
                    let Some(queue) = next else { break };
                    queue.inner.lock().for_messages = true;
                    next = queue.next_hop();
                }
            }
            let mut q = self.inner.lock();
            // Both are locked, so that what is pushed from now on comes after what
            // is here.
            q.is_looked_at();
            let notify = end.and_then(|end| end.append(&mut q.items));
            let old = std::mem::replace(&mut q.forward, to);
            // Waiters follow to the new end of the chain.
            q.wake_all(&self.added);
            (old, notify)
        };
        drop(old);
        if let Some(n) = notify {
            n();
        }
    }

    /// Takes over all items; says whom to notify.
    fn append(&self, items: &mut VecDeque<T>) -> Option<Notify> {
        if items.is_empty() {
            return None;
        }
        let mut q = self.inner.lock();
        let was_empty = q.items.is_empty();
        q.items.append(items);
        q.wake_all(&self.added);
        q.notify(was_empty)
    }

    /// Whom to tell when something comes to this very queue and nothing is there, and,
    /// with `once`, somebody has looked since the last call. What is here now is not told.
    pub fn set_notify(&self, notify: Option<Notify>, once: bool) {
        let mut q = self.inner.lock();
        q.notify = notify.map(|call| Notifier {
            call,
            once,
            called: false,
        });
        q.serving = false;
    }

    /// The caller is about to serve all that is here, up to a weight of `limit`, and will
    /// not look for more: what comes from now on is told. Returns the weight of all, and
    /// whether [`Queue::end_serving`] is to be called.
    pub fn begin_serving(self: &Arc<Self>, limit: usize) -> (usize, bool) {
        let at = self.target();
        let mut q = at.inner.lock();
        let weight = q.items.iter().map(Weight::weight).sum();
        q.serving = q.notify.is_some() && !q.items.is_empty() && weight <= limit;
        (weight, q.serving)
    }

    /// What the caller has left after all is told like what is new.
    pub fn end_serving(self: &Arc<Self>) {
        let at = self.target();
        let notify = {
            let mut q = at.inner.lock();
            let serving = std::mem::take(&mut q.serving);
            (serving && !q.items.is_empty()).then(|| q.notify(true))
        };
        if let Some(n) = notify.flatten() {
            n();
        }
    }

    /// From now on who waits for this very queue does that meanwhile.
    pub fn set_idle_work(&self, idle_work: Arc<dyn IdleWork>) {
        self.inner.lock().idle_work = Some(idle_work);
    }

    /// The weight of everything waiting at the end of the chain.
    pub fn len(self: &Arc<Self>) -> usize {
        let at = self.target();
        let q = at.inner.lock();
        q.items.iter().map(Weight::weight).sum()
    }

    /// How many items wait at the end of the chain, whatever they weigh.
    pub fn items(self: &Arc<Self>) -> usize {
        self.target().inner.lock().items.len()
    }

    pub fn is_empty(self: &Arc<Self>) -> bool {
        self.target().inner.lock().items.is_empty()
    }

    /// Shows every item at the end of the chain to `look`, under the lock.
    pub fn inspect(self: &Arc<Self>, look: impl FnMut(&T)) {
        self.target().inner.lock().items.iter().for_each(look);
    }

    /// Removes what `keep` does not want, wherever it stands in this very queue.
    pub fn retain(self: &Arc<Self>, mut keep: impl FnMut(&mut T) -> bool) {
        let at = self.target();
        let mut removed = Vec::new();
        {
            let mut q = at.inner.lock();
            q.is_looked_at();
            let mut kept = VecDeque::with_capacity(q.items.len());
            while let Some(mut item) = q.items.pop_front() {
                if keep(&mut item) {
                    kept.push_back(item);
                } else {
                    removed.push(item);
                }
            }
            q.items = kept;
        }
    }

    /// Drops everything, forwarding and notification included.
    pub fn close(&self) {
        let (items, forward, notify) = {
            let mut q = self.inner.lock();
            q.wake_all(&self.added);
            (
                std::mem::take(&mut q.items),
                q.forward.take(),
                (q.notify.take(), q.idle_work.take()),
            )
        };
        drop(items);
        drop(forward);
        drop(notify);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    impl Weight for u32 {
        fn weight(&self) -> usize {
            1
        }

        fn is_urgent(&self) -> bool {
            *self >= 1000
        }
    }

    fn past() -> Option<Instant> {
        Some(Instant::now())
    }

    #[test]
    fn in_order_and_forwarded() {
        let (a, b) = (Arc::new(Queue::new()), Arc::new(Queue::new()));
        a.push(1u32);
        a.forward(Some(b.clone()));
        a.push(2);
        assert_eq!(b.len(), 2);
        assert_eq!(a.pop(past()), Some(1));
        assert_eq!(b.pop(past()), Some(2));
        assert_eq!(b.pop(past()), None);
    }

    #[test]
    fn urgent_items_pass_the_others_in_their_own_order() {
        let q = Arc::new(Queue::new());
        for item in [1u32, 1000, 2, 1001] {
            q.push(item);
        }
        let order: Vec<_> = (0..4).filter_map(|_| q.pop(past())).collect();
        assert_eq!(order, [1000, 1001, 1, 2]);
    }

    #[test]
    fn a_cycle_is_refused() {
        let (a, b) = (Arc::new(Queue::<u32>::new()), Arc::new(Queue::new()));
        a.forward(Some(b.clone()));
        b.forward(Some(a.clone()));
        b.push(1);
        assert_eq!(a.pop(past()), Some(1));
    }

    #[test]
    fn yield_ends_a_wait_once() {
        let q = Arc::new(Queue::<u32>::new());
        q.yield_now();
        assert_eq!(q.pop(None), None);
        q.push(3);
        assert_eq!(q.pop(None), Some(3));
    }

    #[test]
    fn a_yield_taken_by_another_is_seen() {
        let q = Arc::new(Queue::<u32>::new());
        let since = q.yields();
        q.yield_now();
        assert_eq!(q.pop(None), None);
        let end = Some(Instant::now() + Duration::from_secs(60));
        let started = Instant::now();
        assert_eq!(q.take_since(Some(since), || end, |_| Taken::Last(())), None);
        assert!(started.elapsed() < Duration::from_secs(30));
        // What was seen does not end the next wait.
        q.yield_now();
        assert_eq!(q.take_since(Some(since), || end, |_| Taken::Last(())), None);
        q.push(1);
        assert_eq!(q.pop(None), Some(1));
    }

    /// A queue and how often it was told of.
    fn notified(once: bool) -> (Arc<Queue<u32>>, impl Fn() -> usize) {
        let q = Arc::new(Queue::<u32>::new());
        let n = Arc::new(AtomicUsize::new(0));
        let m = n.clone();
        let notify: Notify = Arc::new(move || {
            m.fetch_add(1, Ordering::Relaxed);
        });
        q.set_notify(Some(notify), once);
        (q, move || n.swap(0, Ordering::Relaxed))
    }

    #[test]
    fn notified_when_no_longer_empty() {
        let (q, calls) = notified(false);
        q.push(1);
        q.push(2);
        assert_eq!(calls(), 1);
        q.pop(past());
        q.push(3);
        assert_eq!(calls(), 0, "one was left");
        while q.pop(past()).is_some() {}
        q.push(4);
        assert_eq!(calls(), 1);
        q.push_front(3);
        q.yield_now();
        assert_eq!(calls(), 0);
    }

    #[test]
    fn once_until_looked_at() {
        let (always, calls) = notified(false);
        always.yield_now();
        always.yield_now();
        assert_eq!(calls(), 2);
        let (once, calls) = notified(true);
        once.yield_now();
        once.yield_now();
        once.push(1);
        assert_eq!(calls(), 1);
        assert_eq!(once.pop(past()), None);
        assert_eq!(once.pop(past()), Some(1));
        once.push(2);
        assert_eq!(calls(), 1);
    }

    #[test]
    fn what_comes_while_all_is_served_is_told() {
        let (q, calls) = notified(false);
        for item in 1..=3 {
            q.push(item);
        }
        assert_eq!(calls(), 1);
        assert_eq!(q.begin_serving(2), (3, false));
        q.push(4);
        assert_eq!(calls(), 0, "the server leaves some");
        assert_eq!(q.begin_serving(usize::MAX), (4, true));
        q.push(5);
        q.push(6);
        q.end_serving();
        assert_eq!(calls(), 1);
        // A server that stops early.
        assert_eq!(q.begin_serving(usize::MAX), (6, true));
        q.pop(past());
        q.end_serving();
        assert_eq!(calls(), 1);
        while q.pop(past()).is_some() {}
        q.push(7);
        assert_eq!(q.begin_serving(usize::MAX), (1, true));
        q.pop(past());
        q.push(8);
        q.push(9);
        q.end_serving();
        assert_eq!(calls(), 2);
    }

    #[test]
    fn the_end_of_the_chain_is_told_of() {
        let (a, of_a) = notified(false);
        let (b, of_b) = notified(false);
        a.push(1);
        assert_eq!((of_a(), of_b()), (1, 0));
        a.forward(Some(b.clone()));
        assert_eq!((of_a(), of_b()), (0, 1));
        a.push(2);
        assert_eq!((of_a(), of_b()), (0, 0));
        let c = Arc::new(Queue::new());
        c.push(3);
        c.forward(Some(a.clone()));
        assert_eq!((of_a(), of_b()), (0, 0), "not empty");
        while c.pop(past()).is_some() {}
        c.push(4);
        assert_eq!((of_a(), of_b()), (0, 1));
    }

    #[test]
    fn a_waiter_is_woken_across_threads_and_forwarding() {
        let q = Arc::new(Queue::<u32>::new());
        let other = Arc::new(Queue::<u32>::new());
        let waiter = {
            let q = q.clone();
            std::thread::spawn(move || q.pop(Some(Instant::now() + Duration::from_secs(20))))
        };
        q.forward(Some(other.clone()));
        other.push(9);
        assert_eq!(waiter.join().ok().flatten(), Some(9));
    }

    #[test]
    fn parts_stay_at_the_front() {
        let q = Arc::new(Queue::<u32>::new());
        q.push(2);
        let mut look = |n: &mut u32| {
            *n -= 1;
            if *n == 0 {
                Taken::Last(*n)
            } else {
                Taken::Part(*n)
            }
        };
        assert_eq!(q.take(past(), &mut look), Some(1));
        assert_eq!(q.take(past(), &mut look), Some(0));
        assert_eq!(q.take(past(), &mut look), None);
    }
}
