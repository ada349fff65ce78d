//! Deadlines, all in one ordered set.
//!
//! An entry says "look at this then". What is looked at knows its real deadline, so
//! an entry that is too early is simply put back; moving a deadline later costs
//! nothing, and an entry whose object is gone does nothing.

use super::{ClusterState, Now};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A parked fetch has waited long enough.
    Fetch(u64),
    /// A group's members may have failed to join, sync or heartbeat in time.
    Group(String),
    /// A transaction may have been open for too long, or markers are due.
    Transaction(String),
    /// A parked share fetch has waited long enough.
    ShareFetch(u64),
    /// A share group's locks or members may have timed out.
    Share,
    /// A topic's oldest records may have expired, or compaction be due.
    Retention(String),
}

impl ClusterState {
    pub(super) fn arm(&mut self, at: u64, timer: Timer) {
        self.timers.insert((at, timer));
    }

    pub(super) fn disarm(&mut self, at: u64, timer: Timer) {
        self.timers.remove(&(at, timer));
    }

    /// When `tick` wants to be called next.
    pub fn next_deadline(&self) -> Option<u64> {
        self.timers.first().map(|&(at, _)| at)
    }

    /// Does whatever is due.
    pub fn tick(&mut self, now: Now) {
        while let Some((at, _)) = self.timers.first() {
            if *at > now.us {
                break;
            }
            let Some((_, timer)) = self.timers.pop_first() else {
                break;
            };
            match timer {
                Timer::Fetch(id) => self.fetch_timed_out(now, id),
                Timer::Group(id) => self.group_deadline(now, &id),
                Timer::Transaction(id) => self.transaction_deadline(now, &id),
                Timer::ShareFetch(id) => self.complete_share_fetch(now, id),
                Timer::Share => self.share_deadline(now),
                Timer::Retention(topic) => self.retention_deadline(now, &topic),
            }
        }
    }
}
