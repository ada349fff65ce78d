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

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kafka_protocol::messages::produce_response::PartitionProduceResponse;
use kafka_protocol::messages::{ApiKey, ProduceResponse, ResponseKind};
use kafka_protocol::protocol::StrBytes;

use super::batch::{Batch, Delivery, Refusal};
use super::idempotence::Fate;
use super::partition::{Look, SendLimits};
use super::ready::ReadyPartitions;
use super::{Partition, ProducerShared, batch};
use crate::base::backoff;
use crate::base::error::ErrorCode;
use crate::base::log::debug;
use crate::broker::{BrokerStats, Outbox, Outgoing, RequestError, Response};
use crate::protocol::compression::Compressor;
use crate::protocol::produce::{ProduceEncoder, ProduceHeader};

/// Version 13 addresses topics by id.
const MAX_VERSION: i16 = 12;
/// About what it takes a broker to become the leader that metadata says it is.
const TAKING_OVER: Duration = Duration::from_millis(5);
/// A response may take this much longer than the broker was given.
const SLACK: Duration = Duration::from_secs(1);

struct Sent {
    partition: Arc<Partition>,
    batch: Batch,
    /// To which it was sent; -1 before.
    broker_id: i32,
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
        let mut expired = Vec::new();
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
                        });
                        // A request takes one batch of a partition: the loop comes
                        // round for the next.
                        *at = Some(now);
                        self.plan(Some(now));
                        return true;
                    }
                    Look::Expired(batch) => expired.push(batch),
                    Look::NotOurs => return false,
                    Look::Spent(id) => self.shared.sink.producer_id_is_spent(id),
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
        for batch in expired {
            self.fail(batch, ErrorCode::_MSG_TIMED_OUT, now);
        }
    }

    fn fail(&self, batch: Batch, err: ErrorCode, now: Instant) {
        batch::fail(&self.shared, batch, err, now);
    }

    /// Of a batch that a broker has had.
    fn fail_sent(&self, batch: Batch, err: ErrorCode, broker_id: i32, now: Instant) {
        let mut delivery = Delivery::new(batch, err, now);
        delivery.broker_id = broker_id;
        self.deliver(delivery);
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

    fn send_all(&mut self, now: Instant, mut ready: Vec<Sent>, out: &mut dyn Outbox<u64>) {
        while let Some(first) = ready.first() {
            let settings = &first.partition.topic.settings;
            let (acks, timeout) = (settings.acks, settings.request_timeout);
            let same = |s: &Sent| {
                s.partition.topic.settings.acks == acks
                    && s.partition.topic.settings.request_timeout == timeout
            };
            let (group, rest): (Vec<_>, Vec<_>) = ready.into_iter().partition(same);
            ready = rest;
            self.send(now, group, acks, timeout, out);
        }
    }

    fn send(
        &mut self,
        now: Instant,
        mut group: Vec<Sent>,
        acks: i16,
        timeout: Duration,
        out: &mut dyn Outbox<u64>,
    ) {
        let Some(version) = out.versions().pick(ApiKey::Produce, Some(MAX_VERSION)) else {
            for sent in group {
                sent.partition.lost(&sent.batch);
                self.fail(sent.batch, ErrorCode::_UNSUPPORTED_FEATURE, now);
            }
            return;
        };
        // Topics in order, each once, as the request lists them.
        group.sort_by(|a, b| {
            (&a.partition.topic.name, a.partition.id)
                .cmp(&(&b.partition.topic.name, b.partition.id))
        });
        self.send_request(now, version, group, acks, timeout, out);
    }

    fn send_request(
        &mut self,
        now: Instant,
        version: i16,
        mut request: Vec<Sent>,
        acks: i16,
        timeout: Duration,
        out: &mut dyn Outbox<u64>,
    ) {
        let correlation_id = out.next_correlation_id();
        let broker_id = out.broker_id();
        let topics = request.chunk_by(same_topic).count();
        let mut encoder = ProduceEncoder::new(
            &ProduceHeader {
                version,
                correlation_id,
                client_id: Some(out.client_id()),
                transactional_id: None,
                acks,
                timeout_ms: i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX),
            },
            topics,
        );
        let mut messages = 0;
        // The response may not come later than the first message's time is up.
        let mut patience = self.shared.settings.socket_timeout;
        for topic in request.chunk_by_mut(same_topic) {
            let partitions = topic.len();
            if let Some(first) = topic.first() {
                let info = &first.partition.topic;
                encoder.topic(&info.name, *info.id.lock(), partitions);
            }
            for sent in topic {
                let info = &sent.partition.topic;
                let wire = sent.batch.seal(&info.settings, &mut self.compressor);
                messages += sent.batch.len();
                if let Some(expires) = sent.batch.expires(info.settings.message_timeout) {
                    patience = patience.min(expires.saturating_duration_since(now) + SLACK);
                }
                sent.broker_id = broker_id;
                sent.batch.attempts += 1;
                sent.batch.retry_at = None;
                self.count(now, sent, wire.len());
                encoder.partition(sent.partition.id, [wire]);
            }
        }
        self.stats
            .in_flight_messages
            .fetch_add(messages, Ordering::Relaxed);
        let tag = self.next_request;
        self.next_request += 1;
        self.in_flight.insert(tag, request);
        out.send_segments(
            now,
            Outgoing {
                api: ApiKey::Produce,
                version,
                correlation_id,
                segments: encoder.finish(),
                timeout: patience,
                answered: acks != 0,
                tag,
            },
        );
    }

    /// For the statistics.
    fn count(&self, now: Instant, sent: &Sent, wire_bytes: usize) {
        let (messages, bytes) = (sent.batch.len() as u64, sent.batch.payload_bytes());
        let add = |c: &AtomicU64, n| c.fetch_add(n, Ordering::Relaxed);
        add(&self.shared.stats.messages, messages);
        add(&self.shared.stats.bytes, bytes);
        add(&sent.partition.sent.messages, messages);
        add(&sent.partition.sent.bytes, bytes);
        if self.shared.stats.windows {
            self.stats.int_latency.extend(sent.batch.ages_us(now));
            let topic = &sent.partition.topic.stats;
            topic.batch_size.add(i64::try_from(wire_bytes).unwrap_or(0));
            topic.batch_count.add(i64::try_from(messages).unwrap_or(0));
        }
    }

    fn count_ended(&self, request: &[Sent]) {
        let messages = request.iter().map(|s| s.batch.len()).sum();
        self.stats
            .in_flight_messages
            .fetch_sub(messages, Ordering::Relaxed);
    }

    pub fn on_response(&mut self, now: Instant, tag: u64, result: Result<Response, RequestError>) {
        let Some(request) = self.in_flight.remove(&tag) else {
            // Purged meanwhile.
            return;
        };
        self.count_ended(&request);
        match result {
            Ok(response) => match response.kind {
                Some(ResponseKind::Produce(produce)) => {
                    self.on_produced(now, request, &produce, response.broker_id);
                }
                Some(_) => self.all_failed(now, request, ErrorCode::_BAD_MSG, true),
                // acks=0: sent is as good as it gets.
                None => {
                    for sent in request {
                        sent.partition.done(&sent.batch);
                        self.deliver(Delivery::new(sent.batch, ErrorCode::NO_ERROR, now));
                    }
                }
            },
            Err(e) => {
                let code = e.code();
                let destroyed = e == RequestError::Destroyed;
                self.shared.logger.debug(
                    debug::MSG,
                    "REQERR",
                    format_args!(
                        "Produce request with {} batch(es) failed: {e}",
                        request.len()
                    ),
                );
                let code = if destroyed { ErrorCode::_DESTROY } else { code };
                self.all_failed(now, request, code, e.possibly_done());
            }
        }
    }

    fn all_failed(
        &mut self,
        now: Instant,
        request: Vec<Sent>,
        code: ErrorCode,
        possibly_persisted: bool,
    ) {
        for sent in request {
            self.failed(now, sent, code, possibly_persisted);
        }
    }

    fn on_produced(
        &mut self,
        now: Instant,
        request: Vec<Sent>,
        response: &ProduceResponse,
        broker_id: i32,
    ) {
        if response.throttle_time_ms > 0 {
            let pause = Duration::from_millis(response.throttle_time_ms.unsigned_abs().into());
            self.throttled_until = Some(now + pause);
        }
        for sent in request {
            let result = response
                .responses
                .iter()
                .find(|t| t.name.as_str() == &*sent.partition.topic.name)
                .and_then(|t| {
                    t.partition_responses
                        .iter()
                        .find(|p| p.index == sent.partition.id)
                });
            let Some(result) = result else {
                // A broker that leaves out a partition says nothing about it.
                self.failed(now, sent, ErrorCode::_BAD_MSG, true);
                continue;
            };
            let code = ErrorCode::from(result.error_code);
            if code.is_ok() || code == ErrorCode::DUPLICATE_SEQUENCE_NUMBER {
                sent.partition.done(&sent.batch);
                let mut delivery = Delivery::new(sent.batch, ErrorCode::NO_ERROR, now);
                if result.base_offset >= 0 {
                    delivery.base_offset = result.base_offset;
                }
                delivery.log_append_time = result.log_append_time_ms;
                delivery.broker_id = broker_id;
                self.deliver(delivery);
            } else {
                self.shared.logger.debug(
                    debug::MSG,
                    "MSGSET",
                    format_args!(
                        "{} [{}]: batch of {} message(s) failed: {code}",
                        sent.partition.topic.name,
                        sent.partition.id,
                        sent.batch.len()
                    ),
                );
                let maybe = code == ErrorCode::REQUEST_TIMED_OUT
                    || code == ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND;
                let mut sent = sent;
                sent.batch.refusal = refusal(result);
                self.failed(now, sent, code, maybe);
            }
        }
    }

    fn deliver(&self, delivery: Delivery) {
        self.shared.sink.delivered(delivery);
    }

    /// A batch was not written, or nobody knows.
    fn failed(&mut self, now: Instant, sent: Sent, code: ErrorCode, possibly_persisted: bool) {
        let Sent {
            partition,
            mut batch,
            broker_id,
        } = sent;
        batch.possibly_persisted |= possibly_persisted;
        let action = classify(code);
        if action.stale_metadata {
            self.shared
                .sink
                .metadata_is_stale(&partition.topic.name, code);
        }
        let why = match partition.judge(&mut batch, code) {
            Fate::Ordinary => None,
            Fate::Again if !self.shared.fatal.load(Ordering::Relaxed) => {
                batch.free_attempts += 1;
                let pause = self.pause(batch.attempts);
                self.send_again(now, &partition, batch, pause);
                return;
            }
            Fate::Again => None,
            Fate::Fatal(why) => Some(why),
        };
        if let Some(why) = why {
            let text = self.describe(&partition, &batch, why);
            self.shared.sink.fatal(code, &text);
            batch.possibly_persisted = true;
        }
        let settings = &self.shared.settings;
        let expired = batch.is_expired(now, partition.topic.settings.message_timeout);
        let over = self.shared.fatal.load(Ordering::Relaxed);
        if action.retry && batch.counted_attempts() <= settings.retries && !expired && !over {
            let pause = match self.short_pause(&partition, &batch, code) {
                Some(pause) => {
                    batch.free_attempts += 1;
                    pause
                }
                None => self.pause(batch.counted_attempts()),
            };
            self.send_again(now, &partition, batch, pause);
            return;
        }
        if settings.gapless && !expired {
            let why = format!("{code}, which leaves a gap in the series");
            let text = self.describe(&partition, &batch, &why);
            let code = ErrorCode::_GAPLESS_GUARANTEE;
            self.shared.sink.fatal(code, &text);
        }
        partition.lost(&batch);
        let code = if action.retry && expired {
            ErrorCode::_MSG_TIMED_OUT
        } else {
            action.report_as
        };
        if code == ErrorCode::TOPIC_AUTHORIZATION_FAILED {
            // Before the report: who has seen that is refused at once.
            self.shared.sink.topic_refused(&partition.topic.name, code);
        }
        self.fail_sent(batch, code, broker_id, now);
    }

    fn pause(&self, attempts: u32) -> Duration {
        let settings = &self.shared.settings;
        backoff::delay(
            attempts.saturating_sub(1),
            settings.retry_backoff,
            settings.retry_backoff_max,
        )
    }

    /// A topic that was just created has leaders that do not know it yet: they are
    /// asked again as soon as they may, a few times, before `retry.backoff.ms` holds.
    /// These attempts do not count.
    fn short_pause(
        &self,
        partition: &Partition,
        batch: &Batch,
        code: ErrorCode,
    ) -> Option<Duration> {
        let taking_over = matches!(
            code,
            ErrorCode::NOT_LEADER_FOR_PARTITION
                | ErrorCode::LEADER_NOT_AVAILABLE
                | ErrorCode::UNKNOWN_TOPIC_OR_PART
        );
        if !taking_over || !partition.is_untried() || batch.counted_attempts() > 1 {
            return None;
        }
        let ordinary = self.shared.settings.retry_backoff;
        let pause = backoff::delay(batch.free_attempts, TAKING_OVER, ordinary);
        (pause < ordinary).then_some(pause)
    }

    fn send_again(
        &self,
        now: Instant,
        partition: &Arc<Partition>,
        mut batch: Batch,
        pause: Duration,
    ) {
        batch.retry_at = Some(now + pause);
        batch.refusal = None;
        BrokerStats::bump(&self.stats.tx_retries);
        partition.put_back(batch);
    }

    /// For the text of a fatal error.
    fn describe(&self, partition: &Partition, batch: &Batch, why: &str) -> String {
        let (topic, id, count) = (&partition.topic.name, partition.id, batch.len());
        let sequence = batch.sequence.map_or_else(String::new, |s| {
            let (pid, epoch) = (s.pid.id, s.pid.epoch);
            let first = s.first;
            format!(" (producer id {pid}, epoch {epoch}, first sequence number {first})")
        });
        format!("{topic} [{id}]: a batch of {count} has failed: {why}{sequence}")
    }

    /// The connection is gone. Its requests have ended by now, but for those that an
    /// internal error took with it.
    pub fn on_down(&mut self, now: Instant) {
        for (_, request) in std::mem::take(&mut self.in_flight) {
            self.count_ended(&request);
            self.all_failed(now, request, ErrorCode::_TRANSPORT, true);
        }
    }

    /// Fails what is in flight; the responses will find nothing.
    pub fn purge_in_flight(&mut self, now: Instant) {
        let mut requests: Vec<_> = self.in_flight.drain().collect();
        // What was sent first is reported first.
        requests.sort_unstable_by_key(|(number, _)| *number);
        for (_, request) in requests {
            self.count_ended(&request);
            for mut sent in request {
                sent.batch.possibly_persisted = true;
                sent.partition.lost(&sent.batch);
                self.fail_sent(sent.batch, ErrorCode::_PURGE_INFLIGHT, sent.broker_id, now);
            }
        }
    }
}

/// What the broker says besides the code, if anything.
fn refusal(result: &PartitionProduceResponse) -> Option<Box<Refusal>> {
    let text = |t: &StrBytes| CString::new(t.as_bytes()).ok();
    let records = result.record_errors.iter().filter_map(|r| {
        let place = usize::try_from(r.batch_index).ok()?;
        let why = r.batch_index_error_message.as_ref().and_then(text);
        Some((place, why))
    });
    let refusal = Refusal {
        text: result.error_message.as_ref().and_then(text),
        records: records.collect(),
    };
    let says_more = refusal.text.is_some() || !refusal.records.is_empty();
    says_more.then(|| Box::new(refusal))
}

struct Action {
    retry: bool,
    stale_metadata: bool,
    report_as: ErrorCode,
}

/// What to do about a failed batch.
fn classify(code: ErrorCode) -> Action {
    let action = |retry, stale_metadata| Action {
        retry,
        stale_metadata,
        report_as: code,
    };
    match code {
        ErrorCode::NOT_LEADER_FOR_PARTITION
        | ErrorCode::LEADER_NOT_AVAILABLE
        | ErrorCode::UNKNOWN_TOPIC_OR_PART
        | ErrorCode::UNKNOWN_TOPIC_ID
        | ErrorCode::KAFKA_STORAGE_ERROR
        | ErrorCode::FENCED_LEADER_EPOCH
        | ErrorCode::UNKNOWN_LEADER_EPOCH
        | ErrorCode::REPLICA_NOT_AVAILABLE
        | ErrorCode::BROKER_NOT_AVAILABLE
        | ErrorCode::_TRANSPORT => action(true, true),
        ErrorCode::NOT_ENOUGH_REPLICAS
        | ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND
        | ErrorCode::REQUEST_TIMED_OUT
        | ErrorCode::NETWORK_EXCEPTION
        | ErrorCode::THROTTLING_QUOTA_EXCEEDED
        // What was damaged on its way is whole here.
        | ErrorCode::INVALID_MSG
        | ErrorCode::_TIMED_OUT
        | ErrorCode::_TIMED_OUT_QUEUE
        | ErrorCode::_BAD_MSG => action(true, false),
        _ => action(false, false),
    }
}

fn same_topic(a: &Sent, b: &Sent) -> bool {
    Arc::ptr_eq(&a.partition.topic, &b.partition.topic)
}

#[cfg(all(test, not(loom)))]
mod tests;
