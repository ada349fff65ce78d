//! Back-pressure, edge-triggered.
//!
//! What is fetched and not yet taken is counted twice: for its partition, and in
//! the [`Budget`] of the queue that it goes to. A loop that finds no room leaves
//! its [`Room`] as a watcher and looks once more; whoever takes so much that there
//! is room again wakes the watchers. The flag and the counters are sequentially
//! consistent, so one of the two sees the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use crate::base::lock::Mutex;

pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// How a loop is told to look at its partitions again.
pub struct Room {
    changed: AtomicBool,
    wake: Wake,
}

impl Room {
    pub fn new(wake: Wake) -> Arc<Self> {
        Arc::new(Room {
            changed: AtomicBool::new(false),
            wake,
        })
    }

    /// Any thread, with no lock held.
    pub fn notify(&self) {
        if !self.changed.swap(true, Ordering::AcqRel) {
            (self.wake)();
        }
    }

    /// The loop's thread: whether it was told since the last time.
    pub fn take(&self) -> bool {
        self.changed.load(Ordering::Acquire) && self.changed.swap(false, Ordering::AcqRel)
    }
}

/// Loops that wait for something to become less.
#[derive(Default)]
pub struct Watchers {
    any: AtomicBool,
    list: Mutex<Vec<Arc<Room>>>,
}

impl Watchers {
    /// The loop's thread, before it looks at the counters once more.
    pub fn add(&self, room: &Arc<Room>) {
        let mut list = self.list.lock();
        if !list.iter().any(|r| Arc::ptr_eq(r, room)) {
            list.push(room.clone());
        }
        self.any.store(true, Ordering::SeqCst);
    }

    pub fn remove(&self, room: &Arc<Room>) {
        let mut list = self.list.lock();
        list.retain(|r| !Arc::ptr_eq(r, room));
        self.any.store(!list.is_empty(), Ordering::SeqCst);
    }

    #[inline]
    pub fn any(&self) -> bool {
        self.any.load(Ordering::SeqCst)
    }

    /// Called by the thread that made room.
    pub fn notify(&self) {
        let list = {
            let mut list = self.list.lock();
            self.any.store(false, Ordering::SeqCst);
            std::mem::take(&mut *list)
        };
        for room in list {
            room.notify();
        }
    }
}

/// The bytes that wait in one queue of the application.
pub struct Budget {
    used: AtomicUsize,
    max: usize,
    watchers: Watchers,
}

impl Budget {
    pub fn new(max: usize) -> Arc<Self> {
        Arc::new(Budget {
            used: AtomicUsize::new(0),
            max,
            watchers: Watchers::default(),
        })
    }

    pub fn add(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::SeqCst);
    }

    pub fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::SeqCst);
        if self.watchers.any() && self.has_room() {
            self.watchers.notify();
        }
    }

    pub fn has_room(&self) -> bool {
        self.used.load(Ordering::SeqCst) < self.max
    }

    /// False, and `room` is told later, if there is none now.
    pub fn wait_for_room(&self, room: &Arc<Room>) -> bool {
        if self.has_room() {
            return true;
        }
        self.watchers.add(room);
        self.has_room()
    }

    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

/// Messages and bytes that wait for the application, of one partition.
#[derive(Default)]
pub struct Waiting {
    messages: AtomicI64,
    bytes: AtomicI64,
    watchers: Watchers,
}

impl Waiting {
    pub fn add(&self, messages: usize, bytes: usize) {
        self.messages.fetch_add(messages as i64, Ordering::SeqCst);
        self.bytes.fetch_add(bytes as i64, Ordering::Relaxed);
    }

    pub fn take(&self, messages: usize, bytes: usize, wanted: usize) {
        self.messages.fetch_sub(messages as i64, Ordering::SeqCst);
        self.bytes.fetch_sub(bytes as i64, Ordering::Relaxed);
        if self.watchers.any() && self.messages() < wanted {
            self.watchers.notify();
        }
    }

    /// False, and `room` is told later, if `wanted` messages are waiting already.
    pub fn wait_for_room(&self, room: &Arc<Room>, wanted: usize) -> bool {
        if self.messages() < wanted {
            return true;
        }
        self.watchers.add(room);
        self.messages() < wanted
    }

    /// Wakes the loops that wait, for another reason than room.
    pub fn nudge(&self) {
        self.watchers.notify();
    }

    /// `room` wants to know of the next [`Waiting::nudge`].
    pub fn watch(&self, room: &Arc<Room>) {
        self.watchers.add(room);
    }

    pub fn forget(&self, room: &Arc<Room>) {
        self.watchers.remove(room);
    }

    pub fn messages(&self) -> usize {
        usize::try_from(self.messages.load(Ordering::SeqCst)).unwrap_or(0)
    }

    pub fn bytes(&self) -> usize {
        usize::try_from(self.bytes.load(Ordering::Relaxed)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted() -> (Arc<Room>, Arc<AtomicUsize>) {
        let n = Arc::new(AtomicUsize::new(0));
        let m = n.clone();
        let room = Room::new(Arc::new(move || {
            m.fetch_add(1, Ordering::Relaxed);
        }));
        (room, n)
    }

    #[test]
    fn making_room_wakes_the_watcher_once() {
        let (room, woken) = counted();
        let budget = Budget::new(100);
        budget.add(150);
        assert!(!budget.wait_for_room(&room));
        budget.give_back(20);
        assert_eq!(woken.load(Ordering::Relaxed), 0, "still none");
        budget.give_back(80);
        assert_eq!(woken.load(Ordering::Relaxed), 1);
        budget.give_back(50);
        assert_eq!(woken.load(Ordering::Relaxed), 1, "it was told already");
        assert!(room.take() && !room.take());
    }

    #[test]
    fn messages_are_counted_per_partition() {
        let (room, woken) = counted();
        let waiting = Waiting::default();
        waiting.add(10, 1000);
        assert!(waiting.wait_for_room(&room, 11));
        assert!(!waiting.wait_for_room(&room, 10));
        waiting.take(1, 100, 10);
        assert_eq!(woken.load(Ordering::Relaxed), 1);
        assert_eq!((waiting.messages(), waiting.bytes()), (9, 900));
    }
}
