//! What metadata changes for a topic, and what time does to messages that wait for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Topic, View, Waiting, counted};
use crate::base::error::ErrorCode;
use crate::producer::Partition;
use crate::producer::batch::{self, Batch, NewRecord, OpenBatch};
use crate::producer::partition::ready::ReadyPartitions;
use crate::protocol::records::cursor;

/// A message that waits for its topic is not given up sooner than after this time,
/// however short `message.timeout.ms` is: to learn of a topic takes as long. librdkafka
/// looks at such messages once a second.
const LEARNING: Duration = Duration::from_secs(1);

impl Topic {
    /// Main thread: the topic has this many partitions, with these leaders' lists
    /// (`None`: no leader). Partitions never get fewer, unless the topic was made
    /// anew. Returns whether the number of partitions changed.
    pub fn set_partitions(&self, leaders: &[Option<Arc<ReadyPartitions>>], now: Instant) -> bool {
        let mut waiting = self.unassigned.lock();
        let before = self.view.load_full();
        let mut partitions = before.partitions().to_vec();
        let old_count = partitions.len();
        let leaderless = &self.info.shared.leaderless;
        let paused = self.paused.lock();
        // New partitions get their leader once they have what waited for them, so that
        // it is not sent in smaller pieces than it could be.
        for at in old_count..leaders.len() {
            let id = i32::try_from(at).unwrap_or(i32::MAX);
            let partition = Partition::new(self.info.clone(), id, leaderless.clone());
            partition.set_paused(paused.contains(&id));
            partitions.push(partition);
        }
        let removed = partitions.split_off(leaders.len().min(partitions.len()));
        let available = (0i32..)
            .zip(leaders)
            .filter(|(_, l)| l.is_some())
            .map(|(id, _)| id)
            .collect();
        let view = View::Known {
            partitions,
            available,
        };
        let mut failed = Vec::new();
        for w in std::mem::take(&mut *waiting) {
            self.redistribute(&view, w, &mut failed);
        }
        if let View::Known { partitions, .. } = &view {
            for (p, leader) in partitions.iter().zip(leaders) {
                p.set_leader(leader.clone().unwrap_or_else(|| leaderless.clone()));
            }
        }
        self.view.store(Arc::new(view));
        drop(paused);
        drop(waiting);
        // Not before the locks are released: interceptors may produce again.
        for (err, batch) in failed {
            batch::fail(&self.info.shared, batch, err, now);
        }
        for gone in removed {
            for batch in gone.drain() {
                batch::fail(&self.info.shared, batch, ErrorCode::_UNKNOWN_PARTITION, now);
            }
        }
        old_count != leaders.len()
    }

    /// Messages that waited go to their partitions, in the order they came.
    fn redistribute(&self, view: &View, waiting: Waiting, out: &mut Vec<(ErrorCode, Batch)>) {
        let partition = waiting.partition;
        let batch = waiting.open.close(0, self.info.clone(), partition);
        let mut failed: Vec<(ErrorCode, OpenBatch)> = Vec::new();
        for entry in &batch.entries {
            let value = batch.value(entry);
            let key = batch.key(entry);
            let encoded = batch.headers(entry);
            let record = NewRecord {
                key,
                value,
                headers: cursor::headers(encoded, entry.spans.header_count).filter_map(Result::ok),
                timestamp: entry.timestamp,
                opaque: entry.opaque,
                payload_ptr: entry.payload_ptr,
            };
            let size = counted(value);
            let at = batch.opened + Duration::from_micros(u64::from(entry.produced_us));
            // The new place counts it; the old batch takes its own count back
            // when it is dropped below.
            self.info.shared.limits.force_add(size);
            if let Err(err) = self.assign(view, at, partition, &record, size) {
                let index = match failed.iter().position(|(e, _)| *e == err) {
                    Some(i) => i,
                    None => {
                        failed.push((err, OpenBatch::new(at, 512, 4)));
                        failed.len() - 1
                    }
                };
                if let Some((_, open)) = failed.get_mut(index) {
                    open.append(at, &record, size);
                }
            }
        }
        out.extend(failed.into_iter().map(|(err, open)| {
            let batch = open.close(0, self.info.clone(), partition);
            (err, batch)
        }));
    }

    /// Any thread: a broker has refused the topic.
    pub fn refuse(&self, err: ErrorCode) {
        let _waiting = self.unassigned.lock();
        let before = self.view.load_full();
        if let View::Known { .. } = *before {
            self.view.store(Arc::new(before.missing(err)));
        }
    }

    /// Main thread, after [`Topic::refuse`]: what is queued fails, unless metadata has
    /// said meanwhile that the topic can be used.
    pub fn fail_refused(&self, err: ErrorCode, now: Instant) {
        if let View::Missing { .. } = **self.view.load() {
            self.set_missing(err, now);
        }
    }

    /// Main thread: the topic does not exist, or may not be used. What waits fails.
    pub fn set_missing(&self, err: ErrorCode, now: Instant) {
        let (waiting, queued) = {
            let mut waiting = self.unassigned.lock();
            let before = self.view.load_full();
            self.view.store(Arc::new(before.missing(err)));
            let queued: Vec<_> = before.partitions().iter().flat_map(|p| p.drain()).collect();
            (self.take_waiting(&mut waiting), queued)
        };
        let queued_err = match err {
            ErrorCode::TOPIC_AUTHORIZATION_FAILED => err,
            _ => ErrorCode::_UNKNOWN_PARTITION,
        };
        for batch in queued {
            batch::fail(&self.info.shared, batch, queued_err, now);
        }
        for batch in waiting {
            batch::fail(&self.info.shared, batch, err, now);
        }
    }

    fn take_waiting(&self, waiting: &mut Vec<Waiting>) -> Vec<Batch> {
        waiting
            .drain(..)
            .map(|w| w.open.close(0, self.info.clone(), w.partition))
            .collect()
    }

    /// Main thread: fails what has waited for metadata for too long; says when to
    /// look again.
    pub fn expire_unassigned(&self, now: Instant) -> Option<Instant> {
        let timeout = self.info.settings.message_timeout;
        if timeout.is_zero() {
            return None;
        }
        let timeout = timeout.max(LEARNING);
        let mut next: Option<Instant> = None;
        let mut expired = Vec::new();
        {
            let mut waiting = self.unassigned.lock();
            let mut kept = Vec::new();
            for w in waiting.drain(..) {
                if w.open.opened + timeout <= now {
                    expired.push(w.open.close(0, self.info.clone(), w.partition));
                } else {
                    let at = w.open.opened + timeout;
                    next = Some(next.map_or(at, |n| n.min(at)));
                    kept.push(w);
                }
            }
            *waiting = kept;
        }
        for batch in expired {
            batch::fail(&self.info.shared, batch, ErrorCode::_MSG_TIMED_OUT, now);
        }
        next
    }

    /// Takes out what waits for metadata, of which no loop knows.
    pub fn drain_unassigned(&self) -> Vec<Batch> {
        self.take_waiting(&mut self.unassigned.lock())
    }

    /// Takes out everything that is not in flight.
    pub fn drain(&self) -> Vec<Batch> {
        let mut drained = self.drain_unassigned();
        let view = self.view.load();
        drained.extend(view.partitions().iter().flat_map(|p| p.drain()));
        drained
    }
}
