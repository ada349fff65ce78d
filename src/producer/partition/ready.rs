//! The list by which an application's thread tells a loop that a partition has work.
//!
//! A partition is on the list at most once: its accumulator remembers that it was
//! added until the loop has looked (`Attention`, in `partition`). So a busy partition costs
//! nothing here.

use std::sync::Arc;

use super::Partition;
use crate::base::sync::Mutex;

/// Who looks at a partition that was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WakeMode {
    /// The loop, when it is its turn.
    Loop,
    /// The adding thread itself, if the loop sleeps; else the loop.
    Inline,
}

pub type Wake = Arc<dyn Fn(WakeMode) + Send + Sync>;

/// The partitions that one loop has to look at.
pub struct ReadyPartitions {
    /// `None` when the loop has ended. A partition holds its leader's list, so a list
    /// that nobody takes from would keep partitions, and itself, for ever.
    list: Mutex<Option<Vec<Arc<Partition>>>>,
    wake: Wake,
}

impl ReadyPartitions {
    pub fn new(wake: Wake) -> Self {
        ReadyPartitions {
            list: Mutex::new(Some(Vec::new())),
            wake,
        }
    }

    /// Any thread, with no lock held.
    pub fn add(&self, partition: Arc<Partition>) {
        self.add_with(partition, WakeMode::Loop);
    }

    /// As `add`; with [`WakeMode::Inline`] the batch may be sent before this returns.
    pub fn add_with(&self, partition: Arc<Partition>, wake_mode: WakeMode) {
        match &mut *self.list.lock() {
            Some(list) => list.push(partition),
            None => return,
        }
        (self.wake)(wake_mode);
    }

    /// The loop's thread, or the thread that takes the loop's turn.
    pub fn take(&self) -> Vec<Arc<Partition>> {
        self.list
            .lock()
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// The loop has ended: partitions that are added from now on are dropped.
    pub fn close(&self) {
        let rest = self.list.lock().take();
        // Partitions are dropped with no lock held.
        drop(rest);
    }

    pub fn wake(&self) {
        (self.wake)(WakeMode::Loop);
    }
}
