//! Share fetches that wait for records. They stand in the `waiters` of their partitions as other fetches do.

use super::session::{Key, Tp};
use crate::mock::handlers::share_fetch;
use crate::mock::state::timers::Timer;
use crate::mock::state::{ClusterState, Cx, Now};
use std::sync::Arc;

/// A ShareFetch as its handler understood it.
#[derive(Clone, Debug)]
pub struct Fetch {
    pub session: Key,
    pub member: Arc<str>,
    /// What to fetch from, in turn.
    pub wanted: Vec<Wanted>,
    /// What became of the acknowledgements that came with it.
    pub acknowledged: Vec<(Tp, i16)>,
    pub max_bytes: usize,
    pub min_bytes: usize,
    pub max_records: i64,
    pub batch_size: i64,
    /// Not more than `max_records`, even where a batch is cut.
    pub strict: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub tp: Tp,
    /// Injected for this partition; 0 for none.
    pub error: i16,
}

#[derive(Debug)]
pub struct ShareWait {
    pub cx: Cx,
    pub fetch: Fetch,
    until: u64,
}

impl ClusterState {
    pub(in crate::mock) fn park_share_fetch(&mut self, cx: Cx, fetch: Fetch, wait_ms: i32) {
        let id = self.next_wait;
        self.next_wait += 1;
        for wanted in &fetch.wanted {
            if let Some(waiters) = self.waiters_of(wanted.tp) {
                waiters.push(id);
            }
        }
        let until = cx.now.after_ms(wait_ms.into());
        self.arm(until, Timer::ShareFetch(id));
        self.share.waits.insert(id, ShareWait { cx, fetch, until });
    }

    fn waiters_of(&mut self, tp: Tp) -> Option<&mut Vec<u64>> {
        let name = self.topic_by_id(tp.0)?.name.clone();
        Some(&mut self.partition_mut(&name, tp.1)?.waiters)
    }

    /// Something happened to a partition that this one, if it is one, waits for.
    pub(in crate::mock::state) fn wake_share_fetch(&mut self, now: Now, id: u64) {
        let Some(wait) = self.share.waits.get(&id) else {
            return;
        };
        let (broker, fetch) = (wait.cx.broker, wait.fetch.clone());
        if share_fetch::is_ready(self, broker, &fetch) {
            self.complete_share_fetch(now, id);
        }
    }

    /// It is answered with what there is.
    pub(in crate::mock::state) fn complete_share_fetch(&mut self, now: Now, id: u64) {
        if let Some(mut wait) = self.forget_share_wait(id) {
            wait.cx.now = now;
            let response = share_fetch::answer(self, &wait.cx, &wait.fetch);
            self.respond(&wait.cx, response.into());
        }
    }

    pub(super) fn forget_share_wait(&mut self, id: u64) -> Option<ShareWait> {
        let wait = self.share.waits.remove(&id)?;
        self.disarm(wait.until, Timer::ShareFetch(id));
        for wanted in &wait.fetch.wanted {
            if let Some(waiters) = self.waiters_of(wanted.tp) {
                waiters.retain(|&other| other != id);
            }
        }
        Some(wait)
    }
}
