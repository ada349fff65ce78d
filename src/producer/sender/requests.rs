//! Produce requests from the batches that are ready.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kafka_protocol::messages::ApiKey;

use super::{Sender, Sent};
use crate::base::error::ErrorCode;
use crate::broker::{Outbox, Outgoing};
use crate::producer::versions;
use crate::protocol::produce::{ProduceEncoder, ProduceHeader};

/// A response may take this much longer than the broker was given.
const SLACK: Duration = Duration::from_secs(1);

impl Sender {
    pub(super) fn send_all(
        &mut self,
        now: Instant,
        mut ready: Vec<Sent>,
        out: &mut dyn Outbox<u64>,
    ) {
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
        let Some(version) = versions::produce(out.versions(), &self.shared) else {
            for sent in group {
                sent.partition.lost(&sent.batch);
                let code = ErrorCode::_UNSUPPORTED_FEATURE;
                self.transaction_failed(&sent.partition, &sent.batch, code);
                self.fail(sent.batch, code, now);
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
        if let Some(transaction) = &self.shared.transaction {
            transaction.touch();
        }
        let correlation_id = out.next_correlation_id();
        let broker_id = out.broker_id();
        let topics = request.chunk_by(same_topic).count();
        let mut encoder = ProduceEncoder::new(
            &ProduceHeader {
                version,
                correlation_id,
                client_id: Some(out.client_id()),
                transactional_id: self.shared.settings.transactional_id.as_deref(),
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
        let queued = now.saturating_duration_since(sent.batch.opened).as_micros();
        let queued_us = i64::try_from(queued).unwrap_or(i64::MAX);
        self.stats.tallies.queued.add(queued_us);
        if self.shared.stats.windows {
            self.stats.int_latency.extend(sent.batch.ages_us(now));
            let topic = &sent.partition.topic.stats;
            topic.batch_size.add(i64::try_from(wire_bytes).unwrap_or(0));
            topic.batch_count.add(i64::try_from(messages).unwrap_or(0));
        }
    }
}

fn same_topic(a: &Sent, b: &Sent) -> bool {
    Arc::ptr_eq(&a.partition.topic, &b.partition.topic)
}
