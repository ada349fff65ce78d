//! How an application's thread tells a loop that a partition has work.
//!
//! A partition is on the list at most once: its accumulator remembers that it was
//! announced until the loop has looked (see `partition`). So a busy partition
//! costs nothing here.

use std::sync::Arc;

use super::Partition;
use crate::base::sync::Mutex;

/// Who is to look at what was announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looker {
    /// The loop, when it is its turn.
    Loop,
    /// The announcing thread itself, if the loop sleeps.
    Anyone,
}

pub type Wake = Arc<dyn Fn(Looker) + Send + Sync>;

/// The partitions that one loop has to look at.
pub struct Announcements {
    /// `None` when the loop has ended. A partition holds its leader's list, so a list
    /// that nobody takes from would keep partitions, and itself, for ever.
    list: Mutex<Option<Vec<Arc<Partition>>>>,
    wake: Wake,
}

impl Announcements {
    pub fn new(wake: Wake) -> Self {
        Announcements {
            list: Mutex::new(Some(Vec::new())),
            wake,
        }
    }

    /// Any thread, with no lock held.
    pub fn announce(&self, partition: Arc<Partition>) {
        self.announce_to(partition, Looker::Loop);
    }

    /// As `announce`; with [`Looker::Anyone`] the batch may be sent before this returns.
    pub fn announce_to(&self, partition: Arc<Partition>, looker: Looker) {
        match &mut *self.list.lock() {
            Some(list) => list.push(partition),
            None => return,
        }
        (self.wake)(looker);
    }

    /// The loop's thread, or who stands in for it.
    pub fn take(&self) -> Vec<Arc<Partition>> {
        self.list
            .lock()
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// The loop has ended: what is announced from now on is let go.
    pub fn close(&self) {
        let rest = self.list.lock().take();
        // Partitions are dropped with no lock held.
        drop(rest);
    }

    pub fn wake(&self) {
        (self.wake)(Looker::Loop);
    }
}
