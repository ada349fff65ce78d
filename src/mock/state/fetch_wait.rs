//! Long polls: fetches that wait for data.
//!
//! A parked fetch has one timer and stands in the `waiters` of each of its
//! partitions. An append, a moved leader or a deleted topic wakes the waiters of
//! that partition; a woken fetch is looked at again and answered if it now has
//! enough, an error, or its time is over.
//!
//! Where `refused_fetches_wait` is set, an error ends no wait: a refusal is sent when the
//! time of its fetch is over, and a fetch learns nothing of what befell its partitions
//! while it waited but that records came.

use super::fetch_session::Fetching;
use super::timers::Timer;
use super::{ClusterState, Cx, Now};
use crate::mock::handlers::fetch::{self, Prospect, Refusals};
use kafka_protocol::messages::FetchResponse;

#[derive(Debug)]
pub struct FetchWait {
    pub cx: Cx,
    held: Held,
    until: u64,
}

#[derive(Debug)]
enum Held {
    /// Until there is enough.
    Fetch(Fetch),
    /// Until its time is over.
    Refusal(FetchResponse),
}

/// A fetch as its handler understood it.
#[derive(Clone, Debug)]
pub struct Fetch {
    pub fetching: Fetching,
    pub max_bytes: usize,
    pub min_bytes: usize,
    pub read_committed: bool,
}

impl ClusterState {
    pub(in crate::mock) fn park_fetch(&mut self, cx: Cx, fetch: Fetch, wait_ms: i32) {
        let id = self.next_wait;
        for w in &fetch.fetching.wanted {
            let name = self.name_of(w.topic_id, &w.topic).to_owned();
            if let Some(p) = self.partition_mut(&name, w.partition) {
                // A client may name a partition many times.
                if p.waiters.last() != Some(&id) {
                    p.waiters.push(id);
                }
            }
        }
        self.hold(cx, Held::Fetch(fetch), wait_ms);
    }

    pub(in crate::mock) fn park_refusal(&mut self, cx: Cx, refusal: FetchResponse, wait_ms: i32) {
        self.hold(cx, Held::Refusal(refusal), wait_ms);
    }

    fn hold(&mut self, cx: Cx, held: Held, wait_ms: i32) {
        let id = self.next_wait;
        self.next_wait += 1;
        let until = cx.now.after_ms(wait_ms.into());
        self.arm(until, Timer::Fetch(id));
        self.fetch_waits.insert(id, FetchWait { cx, held, until });
    }

    /// Something happened to a partition.
    pub(in crate::mock) fn wake_partition(&mut self, now: Now, topic: &str, partition: i32) {
        let Some(p) = self.partition(topic, partition) else {
            return;
        };
        if !p.waiters.is_empty() {
            let waiters = p.waiters.clone();
            self.wake_fetches(now, waiters);
        }
    }

    pub(super) fn wake_fetches(&mut self, now: Now, ids: Vec<u64>) {
        for id in ids {
            let Some(wait) = self.fetch_waits.get(&id) else {
                self.wake_share_fetch(now, id);
                continue;
            };
            let Held::Fetch(f) = &wait.held else {
                continue;
            };
            let ends = match fetch::prospect(self, wait.cx.broker, f) {
                Prospect::Enough => true,
                Prospect::TooLittle => false,
                Prospect::Refused => !self.refused_fetches_wait,
            };
            if ends {
                self.complete_fetch(now, id);
            }
        }
    }

    pub(super) fn fetch_timed_out(&mut self, now: Now, id: u64) {
        if self.fetch_waits.contains_key(&id) {
            self.complete_fetch(now, id);
        }
    }

    fn complete_fetch(&mut self, now: Now, id: u64) {
        if let Some(mut wait) = self.forget_fetch_wait(id) {
            wait.cx.now = now;
            let refusals = match self.refused_fetches_wait {
                true => Refusals::Withheld,
                false => Refusals::Told,
            };
            let response = match wait.held {
                Held::Fetch(f) => fetch::answer(self, &wait.cx, &f, refusals),
                Held::Refusal(response) => response,
            };
            self.respond(&wait.cx, response.into());
        }
    }

    pub(super) fn forget_fetch_wait(&mut self, id: u64) -> Option<FetchWait> {
        let wait = self.fetch_waits.remove(&id)?;
        self.disarm(wait.until, Timer::Fetch(id));
        let Held::Fetch(fetch) = &wait.held else {
            return Some(wait);
        };
        for w in &fetch.fetching.wanted {
            let name = self.name_of(w.topic_id, &w.topic).to_owned();
            if let Some(p) = self.partition_mut(&name, w.partition) {
                p.waiters.retain(|&x| x != id);
            }
        }
        Some(wait)
    }
}
