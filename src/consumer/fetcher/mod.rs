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
mod session;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::{
    ApiKey, BrokerId, FetchRequest, FetchResponse, RequestKind, ResponseKind,
};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use self::records::{Damage, Read, Reading};
use self::session::{Member, Session, TOPIC_IDS};
use super::fetched::NewRecords;
use super::room::Room;
use super::{ConsumerShared, FetchEnded, Fetched, Partition, Position, Reason, offset};
use crate::base::error::ErrorCode;
use crate::base::log::debug;
use crate::broker::{BrokerStats, Outbox, RequestError, Response};
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

struct Slot {
    partition: Arc<Partition>,
    version: u32,
    fetch_id: u64,
    position: Position,
    leader_epoch: i32,
    topic_id: Uuid,
    max_bytes: i32,
    not_before: Option<Instant>,
    /// Reported for this offset already.
    eof: i64,
    last_error: ErrorCode,
}

/// Why a slot is not fetched now.
enum Obstacle {
    Later(Instant),
    NoRoom,
}

/// A response may take this much longer than the broker was given.
const SLACK: Duration = Duration::from_secs(1);
/// While some partitions have no room, how long a broker may hold back the
/// others' answer: room can only be used once it is here.
const WAIT_WITHOUT_ROOM: Duration = Duration::from_millis(20);
/// Fetch sizes grow up to this for messages that are larger.
const MAX_FETCH_SIZE: i32 = 1 << 30;

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

    pub fn on_response(&mut self, now: Instant, result: Result<Response, RequestError>) {
        self.in_flight = false;
        self.look_at(now);
        let fetch = match result {
            Ok(Response {
                kind: Some(ResponseKind::Fetch(fetch)),
                ..
            }) => fetch,
            Ok(_) => {
                self.session.reset();
                self.back_off(now);
                return;
            }
            Err(e) => {
                self.session.reset();
                self.back_off(now);
                let broker = self.broker_id;
                self.shared.logger.debug(
                    debug::FETCH,
                    "FETCH",
                    format_args!("Fetch from broker {broker} failed: {e}"),
                );
                return;
            }
        };
        if fetch.throttle_time_ms > 0 {
            let pause = Duration::from_millis(fetch.throttle_time_ms.unsigned_abs().into());
            self.throttled_until = Some(now + pause);
        }
        let code = ErrorCode::from(fetch.error_code);
        match code {
            ErrorCode::NO_ERROR => self.on_fetched(now, fetch),
            ErrorCode::FETCH_SESSION_ID_NOT_FOUND
            | ErrorCode::INVALID_FETCH_SESSION_EPOCH
            | SESSION_TOPIC_ID_ERROR => {
                // A full request follows at once; one that fails the same way pauses.
                if self.session.was_full() {
                    self.back_off(now);
                }
                self.session.reset();
            }
            _ => {
                self.session.reset();
                self.back_off(now);
                self.all_refused(now, code);
            }
        }
    }

    /// The response as a whole is an error.
    fn all_refused(&mut self, now: Instant, code: ErrorCode) {
        for key in self.slots.keys().copied().collect::<Vec<_>>() {
            self.on_error(now, key, code, -1);
        }
    }

    fn on_fetched(&mut self, now: Instant, fetch: FetchResponse) {
        for topic in fetch.responses {
            let name = if topic.topic_id.is_nil() {
                Arc::from(topic.topic.as_str())
            } else {
                match self.session.topic_name(topic.topic_id) {
                    Some(name) => name.clone(),
                    None => continue,
                }
            };
            for data in topic.partitions {
                let member = self.session.member(&name, data.partition_index).copied();
                // Whoever was stopped or started anew meanwhile is not meant.
                let Some(member) = member.filter(|m| {
                    self.slots
                        .get(&m.slot)
                        .is_some_and(|s| s.fetch_id == m.fetch_id && s.position.offset == m.offset)
                }) else {
                    continue;
                };
                self.on_partition(now, member.slot, data);
            }
        }
        self.session.answered(fetch.session_id);
    }

    fn on_partition(&mut self, now: Instant, key: SlotKey, data: PartitionData) {
        let code = ErrorCode::from(data.error_code);
        if code.is_err() {
            self.on_error(now, key, code, data.high_watermark);
            return;
        }
        let Some(slot) = self.slots.get_mut(&key) else {
            return;
        };
        slot.last_error = code;
        let partition = &slot.partition;
        partition.set_low(data.log_start_offset);
        partition.set_high(data.high_watermark, data.last_stable_offset);
        let records = data.records.unwrap_or_default();
        let preferred = data.preferred_read_replica.0;
        if preferred >= 0 && preferred != self.broker_id && records.is_empty() {
            self.end_fetch(key, Reason::Preferred(preferred));
            return;
        }
        let settings = &self.shared.settings;
        let aborted = data
            .aborted_transactions
            .filter(|_| settings.read_committed)
            .unwrap_or_default();
        let reading = Reading {
            from: slot.position,
            check_crcs: settings.check_crcs,
            decompress_limit: settings.decompress_limit,
            aborted: &aborted,
        };
        let read = records::read(records.clone(), &reading, &mut self.decompressor);
        if matches!(read.damage, Some(Damage::TooLarge(_))) {
            BrokerStats::bump(&self.stats.rx_partial);
        }
        slot.take_in(records, &self.shared, self.broker_id, read, now);
        let end = if settings.read_committed && data.last_stable_offset >= 0 {
            data.last_stable_offset
        } else {
            data.high_watermark
        };
        slot.check_end(end, self.broker_id);
    }

    fn on_error(&mut self, now: Instant, key: SlotKey, code: ErrorCode, high: i64) {
        let Some(slot) = self.slots.get_mut(&key) else {
            return;
        };
        let broker = self.broker_id;
        self.shared.logger.debug(
            debug::FETCH,
            "FETCHERR",
            format_args!(
                "{:?}: Fetch from broker {broker} failed at {}: {code} (high watermark {high})",
                slot.partition, slot.position
            ),
        );
        match code {
            ErrorCode::OFFSET_OUT_OF_RANGE => self.end_fetch(key, Reason::OutOfRange),
            _ if is_for_control(code) => self.end_fetch(key, Reason::Refused(code)),
            _ => {
                // Once for what does not pass by itself, so that it does not flood.
                if slot.last_error != code || code != ErrorCode::TOPIC_AUTHORIZATION_FAILED {
                    let text = format!("Fetch from broker {broker} failed: {code}");
                    slot.report(code, &text, broker);
                }
                slot.last_error = code;
                let backoff = self.shared.settings.error_backoff;
                let pause = now
                    + match code {
                        // Somebody has to do something first.
                        ErrorCode::TOPIC_AUTHORIZATION_FAILED if !backoff.is_zero() => {
                            (backoff * 10).max(Duration::from_secs(1))
                        }
                        _ => backoff,
                    };
                slot.not_before = Some(pause);
                self.look_at(pause);
            }
        }
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

/// The session has names and the request ids, or the other way round.
const SESSION_TOPIC_ID_ERROR: ErrorCode = ErrorCode(106);

/// The first version that says where the client is.
const RACK: i16 = 11;

/// Errors that are about who has the partition.
fn is_for_control(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::OFFSET_NOT_AVAILABLE
            | ErrorCode::UNKNOWN_TOPIC_OR_PART
            | ErrorCode::LEADER_NOT_AVAILABLE
            | ErrorCode::NOT_LEADER_FOR_PARTITION
            | ErrorCode::BROKER_NOT_AVAILABLE
            | ErrorCode::REPLICA_NOT_AVAILABLE
            | ErrorCode::KAFKA_STORAGE_ERROR
            | ErrorCode::UNKNOWN_LEADER_EPOCH
            | ErrorCode::FENCED_LEADER_EPOCH
            | ErrorCode::UNKNOWN_TOPIC_ID
            | ErrorCode::INCONSISTENT_TOPIC_ID
    )
}

impl Slot {
    fn obstacle(&mut self, now: Instant, room: &Arc<Room>) -> Option<Obstacle> {
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

    fn report(&self, err: ErrorCode, text: &str, broker_id: i32) {
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
    fn take_in(
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

    fn check_end(&mut self, end: i64, broker_id: i32) {
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

#[cfg(test)]
mod tests;
