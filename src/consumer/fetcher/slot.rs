//! A partition that is fetched, and what is read for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;
use uuid::Uuid;

use super::records::{self, Damage, Read};
use crate::base::error::ErrorCode;
use crate::consumer::partition::fetched::NewRecords;
use crate::consumer::room::Room;
use crate::consumer::{ConsumerShared, Fetched, Partition, Position};

/// Fetch sizes grow up to this for messages that are larger.
const MAX_FETCH_SIZE: i32 = 1 << 30;

pub(super) struct Slot {
    pub(super) partition: Arc<Partition>,
    pub(super) version: u32,
    pub(super) fetch_id: u64,
    pub(super) position: Position,
    pub(super) leader_epoch: i32,
    pub(super) topic_id: Uuid,
    pub(super) max_bytes: i32,
    pub(super) not_before: Option<Instant>,
    /// Reported for this offset already.
    pub(super) eof: i64,
    pub(super) last_error: ErrorCode,
}

/// Why a slot is not fetched now.
pub(super) enum Obstacle {
    Later(Instant),
    NoRoom,
}

impl Slot {
    pub(super) fn obstacle(&mut self, now: Instant, room: &Arc<Room>) -> Option<Obstacle> {
        if let Some(at) = self.not_before {
            if at > now {
                return Some(Obstacle::Later(at));
            }
            self.not_before = None;
        }
        let p = &self.partition;
        if p.is_paused() {
            p.waiting.watch(room);
            if p.is_paused() {
                return Some(Obstacle::NoRoom).filter(|_| p.version() == self.version);
            }
        }
        let wanted = p.shared.settings.queued_min_messages;
        if !p.waiting.wait_for_room(room, wanted) || !p.budget().wait_for_room(room) {
            return Some(Obstacle::NoRoom);
        }
        None
    }

    pub(super) fn report(&self, err: ErrorCode, text: &str, broker_id: i32) {
        let p = &self.partition;
        p.sink.deliver(Fetched::event(
            p.clone(),
            self.version,
            err,
            text,
            self.position.offset,
            broker_id,
        ));
    }

    /// Queues what was read, tells of what is wrong, moves the position.
    pub(super) fn take_in(
        &mut self,
        source: Bytes,
        shared: &ConsumerShared,
        broker_id: i32,
        read: Read,
        now: Instant,
    ) {
        let from = self.position;
        self.position = read.position;
        let p = &self.partition;
        p.next_offset.store(read.position.offset, Ordering::Relaxed);
        if read.position.offset > from.offset {
            // The records are walked for it, which is not done for nobody.
            if shared.settings.statistics {
                let (messages, bytes) = read.content(from.offset);
                p.stats.rx_messages.fetch_add(messages, Ordering::Relaxed);
                p.stats.rx_bytes.fetch_add(bytes, Ordering::Relaxed);
            }
            let new = NewRecords {
                source,
                batches: read.batches,
                from: from.offset,
                end: read.position,
                broker_id,
            };
            p.sink
                .deliver(Fetched::records(p.clone(), self.version, new));
        }
        let passed = read.damage.as_ref().is_some_and(Damage::is_passed);
        match read.damage {
            None => {}
            Some(Damage::Records(e)) => {
                self.report_at(
                    ErrorCode::_BAD_MSG,
                    &records::describe(&e),
                    e.offset,
                    broker_id,
                );
                if !passed {
                    self.not_before = Some(now + shared.settings.error_backoff);
                }
            }
            Some(Damage::TooLarge(partial)) => self.grow(partial.need, broker_id, shared, now),
        }
    }

    fn report_at(&self, err: ErrorCode, text: &str, offset: i64, broker_id: i32) {
        let p = &self.partition;
        let event = Fetched::event(p.clone(), self.version, err, text, offset, broker_id);
        p.sink.deliver(event);
    }

    /// Brokers send whole batches even if they are larger than what was asked for,
    /// but not in old message formats.
    fn grow(&mut self, need: Option<usize>, broker_id: i32, shared: &ConsumerShared, now: Instant) {
        let need = need.and_then(|n| i32::try_from(n).ok()).unwrap_or(0);
        if self.max_bytes < MAX_FETCH_SIZE {
            self.max_bytes = self
                .max_bytes
                .saturating_mul(2)
                .max(need)
                .min(MAX_FETCH_SIZE);
            return;
        }
        let text = format!(
            "The batch at offset {} does not fit into a fetch: receive.message.max.bytes is too low \
             for it",
            self.position.offset
        );
        self.report(ErrorCode::MSG_SIZE_TOO_LARGE, &text, broker_id);
        self.not_before = Some(now + shared.settings.error_backoff);
    }

    pub(super) fn check_end(&mut self, end: i64, broker_id: i32) {
        let at = self.position.offset;
        if end < 0 || at < end || self.eof == at {
            return;
        }
        self.eof = at;
        self.partition.eof_offset.store(at, Ordering::Relaxed);
        if self.partition.shared.settings.partition_eof {
            let text = format!(
                "No more messages: the partition ends at offset {at} (high watermark {end}, broker \
                 {broker_id})"
            );
            self.report(ErrorCode::_PARTITION_EOF, &text, broker_id);
        }
    }
}
