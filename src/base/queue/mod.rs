//! The application queue: what the library has for the application, until some
//! thread polls for it.
//!
//! A queue may be forwarded to another one; pushes and pops then act on the end
//! of the chain. Threads that wait are woken by a condition variable. Applications with
//! an event loop of their own ask for a byte string on a descriptor or a call, which
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

mod idle;
mod take;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

pub use idle::{IdleWaiter, IdleWork};
pub use take::Taken;

#[cfg(not(loom))]
use super::fork::forwarding;
#[cfg(loom)]
use super::sync::MutexGuard;
use super::sync::{Condvar, Mutex};

/// How an application that runs its own event loop is told that the queue, empty until
/// then, has something.
pub type Notify = Arc<dyn Fn() + Send + Sync>;

struct Notifier {
    call: Notify,
    /// Not again before somebody has looked into the queue.
    once: bool,
    called: bool,
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

/// Where an item goes.
enum Place<T> {
    /// Behind all others, or if it is urgent behind those that are.
    Back,
    Front,
    /// In front of all but the items up to the last one of these.
    After(fn(&T) -> bool),
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
    /// Of the threads that sleep elsewhere than on the condition variable.
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

    /// Whether items taken from here come from a queue for consumed messages.
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
        self.add(item, Place::Back, MAX_HOPS);
    }

    /// To be the next one taken: what was taken out whole and is put back, or what
    /// cannot wait.
    pub fn push_front(&self, item: T) {
        self.add(item, Place::Front, MAX_HOPS);
    }

    /// To be taken before all but the items up to the last one of these: what cannot
    /// wait, and has an order among itself.
    pub fn push_front_after(&self, item: T, earlier: fn(&T) -> bool) {
        self.add(item, Place::After(earlier), MAX_HOPS);
    }

    fn add(&self, item: T, place: Place<T>, hops: usize) {
        let notify = {
            let mut q = self.inner.lock();
            if let Some(next) = q.forward.clone().filter(|_| hops > 0) {
                drop(q);
                return next.add(item, place, hops - 1);
            }
            let was_empty = q.items.is_empty();
            match place {
                Place::Front => q.items.push_front(item),
                Place::After(earlier) => {
                    let place = q.items.iter().rposition(earlier).map_or(0, |at| at + 1);
                    q.items.insert(place, item);
                }
                Place::Back if item.is_urgent() => {
                    let place = q.items.iter().take_while(|i| i.is_urgent()).count();
                    q.items.insert(place, item);
                }
                Place::Back => q.items.push_back(item),
            }
            q.wake_one(&self.added);
            q.notify(was_empty)
        };
        if let Some(n) = notify {
            n();
        }
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

    /// From now on threads that wait for this very queue do this work meanwhile.
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
