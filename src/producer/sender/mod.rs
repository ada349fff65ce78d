//! Sending: what a broker's loop does for the partitions it leads.
//!
//! The sender keeps a schedule: for each partition that has something, when to
//! look at it next. A look takes a batch, says when to come back, or finds that
//! the partition has gone elsewhere. All batches that are ready go into one
//! ProduceRequest per combination of acks and timeout, up to the size limit.
//!
//! A request's batches are kept under its number until it ends:
//!
//! ```text
//! in flight ──ok──► delivered
//!     │ retriable, time and attempts left ──► put back, after a pause
//!     │ else ──► failed
//!     └ purged ──► failed at once; the response finds nothing
//! ```

mod requests;
mod results;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::batch::Batch;
use super::partition::ready::ReadyPartitions;
use super::partition::{Look, SendLimits};
use super::{Partition, ProducerShared, batch};
use crate::base::error::ErrorCode;
use crate::broker::{BrokerStats, Outbox};
use crate::protocol::compression::Compressor;
use crate::protocol::leader::NewLeader;

/// A batch in a request.
struct Sent {
    partition: Arc<Partition>,
    batch: Batch,
    /// To which it was sent; -1 before.
    broker_id: i32,
    /// Who leads, if the answer says so.
    new_leader: Option<NewLeader>,
}

pub struct Sender {
    shared: Arc<ProducerShared>,
    ready: Arc<ReadyPartitions>,
    stats: Arc<BrokerStats>,
    /// When to look at a partition next; `None`: when it is in `ready` again.
    schedule: HashMap<PartitionKey, (Arc<Partition>, Option<Instant>)>,
    next_look: Option<Instant>,
    in_flight: HashMap<u64, Vec<Sent>>,
    next_request: u64,
    compressor: Compressor,
    throttled_until: Option<Instant>,
    /// Something is due, but the connection takes no more requests: a response,
    /// or room in the socket, brings us back.
    blocked: bool,
}

/// The address of the partition, which lives as long as its entry.
type PartitionKey = usize;

fn key(p: &Arc<Partition>) -> PartitionKey {
    Arc::as_ptr(p).addr()
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.ready.close();
    }
}

impl Sender {
    pub fn new(
        shared: Arc<ProducerShared>,
        ready: Arc<ReadyPartitions>,
        stats: Arc<BrokerStats>,
    ) -> Self {
        Sender {
            shared,
            ready,
            stats,
            schedule: HashMap::new(),
            next_look: None,
            in_flight: HashMap::new(),
            next_request: 0,
            compressor: Compressor::new(),
            throttled_until: None,
            blocked: false,
        }
    }

    /// Schedules the partitions that became ready.
    pub fn collect(&mut self, now: Instant) {
        for p in self.ready.take() {
            self.schedule.insert(key(&p), (p, Some(now)));
            self.next_look = Some(now);
        }
    }

    pub fn has_work(&self) -> bool {
        !self.schedule.is_empty()
    }

    pub fn next_deadline(&self, up: bool) -> Option<Instant> {
        if up && self.blocked {
            return None;
        }
        match (self.next_look, self.throttled_until) {
            // While throttled time passes for the messages; afterwards all is sent.
            (Some(look), Some(until)) if up => Some(look.min(until)),
            (None, Some(until)) if up => Some(until),
            (look, _) => look,
        }
    }

    fn plan(&mut self, at: Option<Instant>) {
        if let Some(at) = at {
            self.next_look = Some(self.next_look.map_or(at, |n| n.min(at)));
        }
    }

    /// What could not be sent before may be sent now: the connection is up, or the
    /// broker takes requests again.
    pub fn look_at_all(&mut self, now: Instant) {
        for (_, at) in self.schedule.values_mut() {
            *at = Some(now);
        }
        if !self.schedule.is_empty() {
            self.next_look = Some(now);
        }
    }

    /// Looks at all partitions whose time has come. Ready batches go to `ready`
    /// as long as it takes more.
    fn look_around(&mut self, now: Instant, can_send: bool, ready: &mut Vec<Sent>) {
        if self.next_look.is_none_or(|at| at > now) {
            return;
        }
        self.next_look = None;
        let limit = self.shared.settings.max_message_bytes;
        let mut size = 0;
        let mut failed = Vec::new();
        let mut schedule = std::mem::take(&mut self.schedule);
        schedule.retain(|_, (partition, at)| {
            if at.is_none_or(|at| at > now) {
                self.plan(*at);
                return true;
            }
            loop {
                let limits = SendLimits {
                    can_send,
                    // A batch larger than all that may be left starts a request.
                    max_bytes: if size == 0 {
                        usize::MAX
                    } else {
                        limit - size.min(limit)
                    },
                };
                match partition.look(now, &self.ready, limits) {
                    Look::Batch(batch) => {
                        size += batch.wire_size();
                        ready.push(Sent {
                            partition: partition.clone(),
                            batch,
                            broker_id: -1,
                            new_leader: None,
                        });
                        // A request takes one batch of a partition: the loop comes
                        // round for the next.
                        *at = Some(now);
                        self.plan(Some(now));
                        return true;
                    }
                    Look::Expired(batch) => {
                        self.expired(partition, &batch);
                        failed.push((batch, ErrorCode::_MSG_TIMED_OUT));
                    }
                    Look::Purged(batch) => failed.push((batch, ErrorCode::_PURGE_QUEUE)),
                    Look::Joins => self.shared.sink.joins_transaction(partition),
                    Look::NotOurs => return false,
                    Look::Spent(pid) => self.shared.sink.producer_id_is_spent(pid),
                    Look::NoRoom => {
                        // The loop comes round for the next request, after what
                        // was sent now.
                        *at = Some(now);
                        self.plan(Some(now));
                        return true;
                    }
                    Look::Empty => return false,
                    Look::Wait(next) => {
                        *at = next;
                        self.plan(next);
                        return true;
                    }
                }
            }
        });
        schedule.extend(self.schedule.drain());
        self.schedule = schedule;
        for (batch, code) in failed {
            self.fail(batch, code, now);
        }
    }

    /// One that was sent leaves a gap in a transaction.
    fn expired(&self, partition: &Partition, batch: &Batch) {
        if batch.sequence.is_some() {
            self.transaction_failed(partition, batch, ErrorCode::_TIMED_OUT);
        }
    }

    fn fail(&self, batch: Batch, err: ErrorCode, now: Instant) {
        batch::fail(&self.shared, batch, err, now);
    }

    /// Without a connection only time passes.
    pub fn poll_down(&mut self, now: Instant) {
        self.look_around(now, false, &mut Vec::new());
    }

    pub fn poll(&mut self, now: Instant, out: &mut dyn Outbox<u64>) {
        self.blocked = false;
        if let Some(until) = self.throttled_until {
            if now < until {
                self.poll_down(now);
                return;
            }
            self.throttled_until = None;
            self.look_at_all(now);
        }
        while self.may_send(out) && self.next_look.is_some_and(|at| at <= now) {
            let mut ready = Vec::new();
            self.look_around(now, true, &mut ready);
            if ready.is_empty() {
                return;
            }
            self.send_all(now, ready, out);
        }
        self.blocked = self.next_look.is_some_and(|at| at <= now);
    }

    /// Batches stay open, and grow, while requests wait for the socket.
    fn may_send(&self, out: &mut dyn Outbox<u64>) -> bool {
        out.room() > 0 && out.backlog() < self.shared.settings.max_backlog
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
