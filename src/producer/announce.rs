//! How an application's thread tells a loop that a partition has work.
//!
//! A partition is on the list at most once: its accumulator remembers that it was
//! announced until the loop has looked (see `partition`). So a busy partition
//! costs nothing here.

use std::sync::Arc;

use super::Partition;
use crate::base::sync::Mutex;

pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// The partitions that one loop has to look at.
pub struct Announcements {
    list: Mutex<Vec<Arc<Partition>>>,
    wake: Wake,
}

impl Announcements {
    pub fn new(wake: Wake) -> Self {
        Announcements {
            list: Mutex::new(Vec::new()),
            wake,
        }
    }

    /// Any thread, with no lock held.
    pub fn announce(&self, partition: Arc<Partition>) {
        self.list.lock().push(partition);
        (self.wake)();
    }

    /// The loop's thread.
    pub fn take(&self) -> Vec<Arc<Partition>> {
        std::mem::take(&mut *self.list.lock())
    }

    pub fn wake(&self) {
        (self.wake)();
    }
}
