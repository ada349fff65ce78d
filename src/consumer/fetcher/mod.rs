//! Fetching: what a broker's loop does for the partitions that it is to fetch.
//!
//! At most one Fetch is in flight; it asks for every partition that may be fetched
//! now, in a [`session`]. A partition may not while it is paused, has enough
//! waiting for the application, or pauses after an error: then it is left out of
//! the session, so the broker does not hold data for it, and comes back when its
//! [`Room`] says so.
//!
//! ```text
//! Start ──► slot: position ──Fetch──► records ──► position, Fetched to the queue
//!             ▲                        │ error of the broker, or Stop
//!             └──── next Start ◄───────┴──► FetchEnded to control; the slot is gone
//! ```

mod records;
mod response;
mod session;
mod slot;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kafka_protocol::messages::{ApiKey, BrokerId, FetchRequest, RequestKind};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use self::session::{Member, Session, TOPIC_IDS};
use self::slot::{Obstacle, Slot};
use super::room::Room;
use super::{ConsumerShared, FetchEnded, Partition, Position, Reason, offset};
use crate::base::error::ErrorCode;
use crate::base::log::debug;
use crate::broker::{BrokerStats, Outbox};
use crate::protocol::compression::Decompressor;

/// What control tells a loop.
#[derive(Debug)]
pub enum Command {
    Start(Start),
    /// Ends the fetch with this id, if it is still under way.
    Stop {
        partition: Arc<Partition>,
        fetch_id: u64,
    },
}

/// Fetch a partition from now on. Replaces an earlier fetch of the same partition,
/// which ends without a [`FetchEnded`].
#[derive(Debug, Clone)]
pub struct Start {
    pub partition: Arc<Partition>,
    pub version: u32,
    pub fetch_id: u64,
    pub position: Position,
    pub leader_epoch: i32,
    /// Nil if unknown.
    pub topic_id: Uuid,
    /// Not before this time.
    pub not_before: Option<Instant>,
}

/// Where ended fetches are reported: to the main thread.
pub type OnFetchEnded = Arc<dyn Fn(FetchEnded) + Send + Sync>;

/// The address of the partition, which lives as long as its slot.
pub type SlotKey = usize;

fn key(p: &Arc<Partition>) -> SlotKey {
    Arc::as_ptr(p).addr()
}

/// A response may take this much longer than the broker was given.
const SLACK: Duration = Duration::from_secs(1);
/// While some partitions have no room, how long a broker may hold back the
/// others' answer: room can only be used once it is here.
const WAIT_WITHOUT_ROOM: Duration = Duration::from_millis(20);
pub struct Fetcher {
    shared: Arc<ConsumerShared>,
    stats: Arc<BrokerStats>,
    room: Arc<Room>,
    on_ended: OnFetchEnded,
    broker_id: i32,
    slots: HashMap<SlotKey, Slot>,
    session: Session,
    in_flight: bool,
    /// When to look at the slots next; `None`: when something happens.
    next_look: Option<Instant>,
    throttled_until: Option<Instant>,
    decompressor: Decompressor,
}

impl Fetcher {
    pub fn new(
        shared: Arc<ConsumerShared>,
        room: Arc<Room>,
        on_ended: OnFetchEnded,
        broker_id: i32,
        stats: Arc<BrokerStats>,
    ) -> Self {
        Fetcher {
            shared,
            stats,
            room,
            on_ended,
            broker_id,
            slots: HashMap::new(),
            session: Session::default(),
            in_flight: false,
            next_look: None,
            throttled_until: None,
            decompressor: Decompressor::new(),
        }
    }

    pub fn on_command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Start(start) => self.start(now, start),
            Command::Stop {
                partition,
                fetch_id,
            } => {
                let key = key(&partition);
                if self.slots.get(&key).is_some_and(|s| s.fetch_id == fetch_id) {
                    self.end_fetch(key, Reason::Stopped);
                }
            }
        }
    }

    fn start(&mut self, now: Instant, start: Start) {
        let settings = &self.shared.settings;
        let key = key(&start.partition);
        // A fetch size that had to grow stays.
        let max_bytes = self
            .slots
            .get(&key)
            .map_or(settings.partition_max_bytes, |s| s.max_bytes);
        start
            .partition
            .next_offset
            .store(start.position.offset, Ordering::Relaxed);
        self.slots.insert(
            key,
            Slot {
                partition: start.partition,
                version: start.version,
                fetch_id: start.fetch_id,
                position: start.position,
                leader_epoch: start.leader_epoch,
                topic_id: start.topic_id,
                max_bytes,
                not_before: start.not_before,
                eof: offset::INVALID,
                last_error: ErrorCode::NO_ERROR,
            },
        );
        self.look_at(now);
    }

    fn look_at(&mut self, at: Instant) {
        self.next_look = Some(self.next_look.map_or(at, |n| n.min(at)));
    }

    fn end_fetch(&mut self, key: SlotKey, reason: Reason) {
        if let Some(slot) = self.slots.remove(&key) {
            slot.partition.waiting.forget(&self.room);
            (self.on_ended)(FetchEnded {
                partition: slot.partition,
                fetch_id: slot.fetch_id,
                position: slot.position,
                broker: self.broker_id,
                reason,
            });
        }
    }

    /// Takes in what other threads announced.
    pub fn collect(&mut self, now: Instant) {
        if self.room.take() {
            self.look_at(now);
        }
    }

    pub fn on_up(&mut self, now: Instant) {
        self.session.reset();
        self.in_flight = false;
        self.look_at(now);
    }

    pub fn on_down(&mut self, _now: Instant) {
        self.session.reset();
        self.in_flight = false;
    }

    pub fn wants_connection(&self) -> bool {
        !self.slots.is_empty()
    }

    pub fn next_deadline(&self, up: bool) -> Option<Instant> {
        if !up || self.in_flight || self.slots.is_empty() {
            return None;
        }
        match (self.next_look, self.throttled_until) {
            (Some(look), Some(until)) => Some(look.max(until)),
            (look, _) => look,
        }
    }

    /// Sends a Fetch, if there is something to fetch.
    pub fn poll<T>(&mut self, now: Instant, out: &mut dyn Outbox<T>, tag: impl FnOnce() -> T) {
        if self.in_flight
            || self.next_look.is_none_or(|at| at > now)
            || self.throttled_until.is_some_and(|until| until > now)
            || out.room() == 0
        {
            return;
        }
        self.throttled_until = None;
        self.next_look = None;
        self.broker_id = out.broker_id();
        let (wanted, no_room) = self.wanted(now);
        if wanted.is_empty() {
            return;
        }
        let has_ids = wanted.iter().all(|(_, _, m)| !m.topic_id.is_nil());
        let cap = (!has_ids).then_some(TOPIC_IDS - 1);
        let Some(version) = out.versions().pick(ApiKey::Fetch, cap) else {
            self.unsupported(now);
            return;
        };
        let settings = &self.shared.settings;
        let max_wait = if no_room {
            settings.max_wait.min(WAIT_WITHOUT_ROOM)
        } else {
            settings.max_wait
        };
        // A partition's own limit may be above that of a response, which then counts. Only
        // what has grown for a message that did not fit (see `grow`) has to fit there, too.
        let largest = wanted.iter().map(|(_, _, m)| m.max_bytes);
        let grown = largest.filter(|l| *l > settings.partition_max_bytes).max();
        let mut request = FetchRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_max_wait_ms(i32::try_from(max_wait.as_millis()).unwrap_or(i32::MAX))
            .with_min_bytes(settings.min_bytes)
            .with_max_bytes(settings.max_bytes.max(grown.unwrap_or(0)))
            .with_isolation_level(i8::from(settings.read_committed));
        if version >= RACK {
            request.rack_id = StrBytes::from_string(settings.rack.clone());
        }
        let partitions = wanted.len();
        self.session.request(version, wanted, &mut request);
        self.shared.logger.debug(
            debug::FETCH,
            "FETCH",
            format_args!(
                "Fetch {partitions} partition(s) from broker {}, {} topic(s) named",
                self.broker_id,
                request.topics.len()
            ),
        );
        self.in_flight = true;
        let timeout = max_wait + settings.socket_timeout + SLACK;
        let request = RequestKind::Fetch(request);
        out.send(now, ApiKey::Fetch, version, &request, timeout, tag());
    }

    /// The partitions to fetch now, and whether others wait for room.
    fn wanted(&mut self, now: Instant) -> (Vec<(Arc<str>, i32, Member)>, bool) {
        let mut wanted = Vec::with_capacity(self.slots.len());
        let mut no_room = false;
        let mut next: Option<Instant> = None;
        for (key, slot) in &mut self.slots {
            match slot.obstacle(now, &self.room) {
                Some(Obstacle::Later(at)) => next = Some(next.map_or(at, |n| n.min(at))),
                Some(Obstacle::NoRoom) => no_room = true,
                None => wanted.push((
                    slot.partition.topic.name.clone(),
                    slot.partition.id,
                    Member {
                        slot: *key,
                        fetch_id: slot.fetch_id,
                        offset: slot.position.offset,
                        leader_epoch: slot.leader_epoch,
                        max_bytes: slot.max_bytes,
                        topic_id: slot.topic_id,
                    },
                )),
            }
        }
        self.next_look = next;
        (wanted, no_room)
    }

    fn unsupported(&mut self, now: Instant) {
        let err = ErrorCode::_UNSUPPORTED_FEATURE;
        let pause = now + Duration::from_secs(30);
        for slot in self.slots.values_mut() {
            slot.report(
                err,
                "The broker has no usable version of Fetch",
                self.broker_id,
            );
            slot.not_before = Some(pause);
        }
        self.look_at(pause);
    }

    /// A pause for all partitions.
    fn back_off(&mut self, now: Instant) {
        let until = now + self.shared.settings.error_backoff;
        self.throttled_until = Some(self.throttled_until.map_or(until, |t| t.max(until)));
    }
}

/// The loop ends: everything is given back.
impl Drop for Fetcher {
    fn drop(&mut self) {
        for key in self.slots.keys().copied().collect::<Vec<_>>() {
            self.end_fetch(key, Reason::Ended);
        }
    }
}

/// The first version that says where the client is.
const RACK: i16 = 11;

#[cfg(test)]
mod tests;
