//! A batch of records of one partition, from open to reported.
//!
//! ```text
//! Open   buf: [ room for the header │ record │ record │ … ]   entries: one per record
//! Closed sealed once, when first sent: the header is filled in, or a compressed
//!        copy is made; the bytes on the wire never change from then on, unless an
//!        idempotent producer numbers the batch anew (see `idempotence`)
//! ```
//!
//! An entry says where in `buf` a record's key, value and headers stand, so that
//! a delivery report points into the batch and needs no copy.

use std::ffi::{CStr, CString};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::idempotence::{BatchSequence, Pid};
use super::topic_info::TopicInfo;
use super::{ProducerShared, TopicSettings};
use crate::base::error::ErrorCode;
use crate::base::time::wall_ms;
use crate::protocol::compression::{Codec, Compressor};
use crate::protocol::records::encode::{BatchMeta, RecordSpans, append_record};
use crate::protocol::records::{BATCH_HEADER, HeaderRef, cursor, encode};

/// What is kept of a message besides its encoded record.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    pub opaque: usize,
    /// The application's own payload pointer, reported back to it if the library
    /// was not to copy; 0: report the copy in the batch.
    pub payload_ptr: usize,
    pub spans: RecordSpans,
    pub timestamp: i64,
    /// Microseconds after the batch was opened.
    pub produced_us: u32,
}

/// A record and what comes back with its report.
#[derive(Clone, Copy)]
pub struct NewRecord<'a, H> {
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: H,
    /// Milliseconds since the epoch; 0: now.
    pub timestamp: i64,
    pub opaque: usize,
    pub payload_ptr: usize,
}

/// The most that a record takes besides key, value and headers: its length, attributes,
/// the differences to the batch's timestamp and offset, the lengths of key and value,
/// and the number of headers.
const MAX_RECORD_OVERHEAD: usize = 5 + 1 + 10 + 5 + 5 + 5 + 5;

impl<'h, H> NewRecord<'_, H>
where
    H: Iterator<Item = HeaderRef<'h>> + Clone,
{
    /// Bytes of key and value.
    #[inline]
    pub fn payload_bytes(&self) -> usize {
        self.key.map_or(0, <[u8]>::len) + self.value.map_or(0, <[u8]>::len)
    }

    /// An upper bound of what it takes in a batch.
    #[inline]
    pub fn encoded_bound(&self) -> usize {
        let (_, headers) = encode::headers_size(self.headers.clone());
        MAX_RECORD_OVERHEAD + self.payload_bytes() + headers
    }
}

#[derive(Debug)]
pub struct OpenBatch {
    buf: Vec<u8>,
    entries: Vec<Entry>,
    base_timestamp: i64,
    max_timestamp: i64,
    pub opened: Instant,
    /// The wall clock at that time, in milliseconds since the epoch.
    opened_wall: i64,
    last: Instant,
    /// What the messages count as in the limits.
    counted_bytes: u64,
    payload_bytes: u64,
}

impl OpenBatch {
    pub fn new(now: Instant, bytes_hint: usize, messages_hint: usize) -> Self {
        OpenBatch {
            buf: encode::new_batch(bytes_hint),
            entries: Vec::with_capacity(messages_hint),
            base_timestamp: 0,
            max_timestamp: 0,
            opened: now,
            opened_wall: wall_ms(),
            last: now,
            counted_bytes: 0,
            payload_bytes: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of the records.
    pub fn size(&self) -> usize {
        self.buf.len().saturating_sub(BATCH_HEADER)
    }

    #[inline]
    pub fn append<'h, H>(&mut self, now: Instant, record: &NewRecord<'_, H>, counted: usize)
    where
        H: Iterator<Item = HeaderRef<'h>> + Clone,
    {
        let age = now.saturating_duration_since(self.opened);
        // The wall clock is read once for a batch; within it time goes by the
        // monotonic one.
        let timestamp = if record.timestamp == 0 {
            self.opened_wall + age.as_millis() as i64
        } else {
            record.timestamp
        };
        if self.entries.is_empty() {
            self.base_timestamp = timestamp;
            self.max_timestamp = timestamp;
        } else {
            self.max_timestamp = self.max_timestamp.max(timestamp);
        }
        let spans = append_record(
            &mut self.buf,
            timestamp.wrapping_sub(self.base_timestamp),
            // A batch is closed long before it has 2³¹ records.
            self.entries.len() as i32,
            record.key,
            record.value,
            record.headers.clone(),
        );
        self.entries.push(Entry {
            opaque: record.opaque,
            payload_ptr: record.payload_ptr,
            spans,
            timestamp,
            produced_us: u32::try_from(age.as_micros()).unwrap_or(u32::MAX),
        });
        self.counted_bytes += counted as u64;
        self.payload_bytes += record.payload_bytes() as u64;
        self.last = now;
    }

    pub fn close(self, id: u64, topic: Arc<TopicInfo>, partition: i32) -> Batch {
        Batch {
            id,
            topic,
            partition,
            buf: Body::Encoded(self.buf),
            wire: None,
            entries: self.entries,
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            opened: self.opened,
            last: self.last,
            counted_bytes: self.counted_bytes,
            payload_bytes: self.payload_bytes,
            attempts: 0,
            free_attempts: 0,
            sequence: None,
            wire_sequence: None,
            retry_at: None,
            possibly_persisted: false,
            refusal: None,
        }
    }
}

/// What a broker says of a batch that it refused (KIP-467).
#[derive(Debug, Default)]
pub struct Refusal {
    /// Of the batch as a whole.
    pub text: Option<CString>,
    /// The records that were the reason, by their place in the batch.
    pub records: Vec<(usize, Option<CString>)>,
}

/// For the others of their batch.
const NEIGHBOUR: &CStr = c"The record is not the reason: another one of its batch is invalid";

impl Refusal {
    /// Error and text of one message, where the batch failed with `code`.
    pub fn of(&self, at: usize, code: ErrorCode) -> (ErrorCode, Option<&CStr>) {
        if self.records.is_empty() {
            return (code, self.text.as_deref());
        }
        match self.records.iter().find(|(place, _)| *place == at) {
            // With one culprit the code is its own.
            Some((_, text)) if self.records.len() == 1 => (code, text.as_deref()),
            Some((_, text)) => (ErrorCode::INVALID_RECORD, text.as_deref()),
            None => (ErrorCode::_INVALID_DIFFERENT_RECORD, Some(NEIGHBOUR)),
        }
    }
}

#[derive(Debug)]
enum Body {
    Encoded(Vec<u8>),
    Sealed(Bytes),
}

/// A closed batch. Dropping it gives its messages back to the limits.
pub struct Batch {
    /// Batches of a partition are numbered in order.
    pub id: u64,
    pub topic: Arc<TopicInfo>,
    pub partition: i32,
    buf: Body,
    wire: Option<Bytes>,
    pub entries: Vec<Entry>,
    base_timestamp: i64,
    max_timestamp: i64,
    pub opened: Instant,
    /// When the last message was produced.
    last: Instant,
    counted_bytes: u64,
    payload_bytes: u64,
    pub attempts: u32,
    /// Of these, those that do not count: see [`Batch::counted_attempts`].
    pub free_attempts: u32,
    /// Of an idempotent producer, once it was sent.
    pub sequence: Option<BatchSequence>,
    /// The producer id and sequence number in `wire`.
    wire_sequence: Option<(Pid, i32)>,
    pub retry_at: Option<Instant>,
    /// A request with this batch may have reached the broker.
    pub possibly_persisted: bool,
    /// Of the last attempt.
    pub refusal: Option<Box<Refusal>>,
}

impl Batch {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Turns the messages round, the newest first, before the batch is sealed.
    pub fn reverse(&mut self) {
        let mut open = OpenBatch::new(self.opened, self.encoded().len(), self.len());
        for entry in self.entries.iter().rev() {
            let headers = cursor::headers(self.headers(entry), entry.spans.header_count);
            let record = NewRecord {
                key: self.key(entry),
                value: self.value(entry),
                headers: headers.filter_map(Result::ok),
                timestamp: entry.timestamp,
                opaque: entry.opaque,
                payload_ptr: entry.payload_ptr,
            };
            let at = self.opened + Duration::from_micros(u64::from(entry.produced_us));
            open.append(at, &record, 0);
        }
        self.buf = Body::Encoded(open.buf);
        self.entries = open.entries;
        self.base_timestamp = open.base_timestamp;
        self.max_timestamp = open.max_timestamp;
    }

    /// Bytes of keys and values.
    pub fn payload_bytes(&self) -> u64 {
        self.payload_bytes
    }

    /// For each message, how long it has waited by `now`, in microseconds.
    pub fn ages_us(&self, now: Instant) -> impl Iterator<Item = i64> + '_ {
        let open = now.saturating_duration_since(self.opened).as_micros();
        let open = i64::try_from(open).unwrap_or(i64::MAX);
        self.entries
            .iter()
            .map(move |e| open - i64::from(e.produced_us))
    }

    /// The encoded records with the room for the header.
    pub fn encoded(&self) -> &[u8] {
        match &self.buf {
            Body::Encoded(v) => v,
            Body::Sealed(b) => b,
        }
    }

    /// An upper bound of what it will take on the wire.
    pub fn wire_size(&self) -> usize {
        self.wire.as_ref().map_or(self.encoded().len(), Bytes::len)
    }

    /// When its messages have waited for too long. The messages of a batch were
    /// produced within a short span, and its last one decides, so that none fails
    /// early.
    pub fn expires(&self, timeout: Duration) -> Option<Instant> {
        (!timeout.is_zero()).then(|| self.last + timeout)
    }

    pub fn is_expired(&self, now: Instant, timeout: Duration) -> bool {
        self.expires(timeout).is_some_and(|at| now >= at)
    }

    /// Attempts to send it, as far as `retries` bounds them.
    pub fn counted_attempts(&self) -> u32 {
        self.attempts.saturating_sub(self.free_attempts)
    }

    /// The bytes to send, made when first asked for.
    pub fn seal(&mut self, settings: &TopicSettings, compressor: &mut Compressor) -> Bytes {
        let sequence = self.sequence.map(|s| (s.pid, s.first));
        if let Some(wire) = &mut self.wire {
            if let Some((pid, first)) = sequence.filter(|s| Some(*s) != self.wire_sequence) {
                let mut bytes = wire.to_vec();
                encode::renumber(&mut bytes, pid.id, pid.epoch, first);
                *wire = Bytes::from(bytes);
                self.wire_sequence = sequence;
            }
            return wire.clone();
        }
        self.wire_sequence = sequence;
        let mut meta = BatchMeta {
            record_count: i32::try_from(self.entries.len()).unwrap_or(i32::MAX),
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            transactional: self.topic.shared.transaction.is_some(),
            ..BatchMeta::default()
        };
        if let Some((pid, first)) = sequence {
            meta.producer_id = pid.id;
            meta.producer_epoch = pid.epoch;
            meta.base_sequence = first;
        }
        let mut buf = match std::mem::replace(&mut self.buf, Body::Sealed(Bytes::new())) {
            Body::Encoded(v) => v,
            Body::Sealed(b) => b.into(),
        };
        let compressed = if settings.codec == Codec::None {
            None
        } else {
            // A batch that cannot be compressed, or does not get smaller, goes
            // out as it is.
            encode::seal_compressed(&buf, settings.codec, settings.level, compressor, &meta)
                .unwrap_or_default()
        };
        let (body, wire) = match compressed {
            Some(smaller) => (Bytes::from(buf), Bytes::from(smaller)),
            None => {
                encode::seal(&mut buf, &meta);
                let sealed = Bytes::from(buf);
                (sealed.clone(), sealed)
            }
        };
        self.buf = Body::Sealed(body);
        self.wire = Some(wire.clone());
        wire
    }

    /// The last report is made: nothing of the compressed copy is needed any more.
    fn drop_wire(&mut self) {
        self.wire = None;
    }

    pub fn key(&self, entry: &Entry) -> Option<&[u8]> {
        entry.spans.key.slice(self.encoded())
    }

    pub fn value(&self, entry: &Entry) -> Option<&[u8]> {
        entry.spans.value.slice(self.encoded())
    }

    /// The encoded headers, without their count.
    pub fn headers(&self, entry: &Entry) -> &[u8] {
        entry.spans.headers.slice(self.encoded()).unwrap_or(&[])
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.topic
            .shared
            .limits
            .remove(self.entries.len() as u64, self.counted_bytes);
    }
}

/// A batch and what became of it.
pub struct Delivery {
    pub batch: Batch,
    pub err: ErrorCode,
    /// The first message's offset, -1001 if unknown.
    pub base_offset: i64,
    /// The broker's timestamp, where it sets them; else -1.
    pub log_append_time: i64,
    pub broker_id: i32,
    pub at: Instant,
}

impl Delivery {
    pub fn new(mut batch: Batch, err: ErrorCode, now: Instant) -> Self {
        batch.drop_wire();
        if let Some(transaction) = &batch.topic.shared.transaction
            && err.is_err()
        {
            transaction.on_failed(&batch);
        }
        Delivery {
            batch,
            err,
            base_offset: -1001,
            log_append_time: -1,
            broker_id: -1,
            at: now,
        }
    }

    /// Microseconds from produce to this result.
    pub fn latency_us(&self, entry: &Entry) -> i64 {
        let us = self
            .at
            .saturating_duration_since(self.batch.opened)
            .as_micros();
        i64::try_from(us).unwrap_or(i64::MAX) - i64::from(entry.produced_us)
    }
}

/// Shared by all that report a failed batch that no broker had.
pub fn fail(shared: &ProducerShared, batch: Batch, err: ErrorCode, now: Instant) {
    shared.sink.delivered(Delivery::new(batch, err, now));
}

/// Batches that were taken out of the queues, reported when the last owner drops them:
/// each loop holds them until it has reported what it has in flight, which is older.
pub struct Purged {
    shared: Arc<ProducerShared>,
    batches: Vec<Batch>,
}

impl Purged {
    pub fn new(shared: Arc<ProducerShared>, batches: Vec<Batch>) -> Self {
        Purged { shared, batches }
    }
}

impl Drop for Purged {
    fn drop(&mut self) {
        let now = Instant::now();
        for batch in self.batches.drain(..) {
            fail(&self.shared, batch, ErrorCode::_PURGE_QUEUE, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_tells_the_culprits_from_the_others() {
        let text = |t: &str| Some(CString::new(t).unwrap());
        let code = ErrorCode::INVALID_TIMESTAMP;
        let whole = Refusal {
            text: text("all"),
            records: vec![],
        };
        assert_eq!(whole.of(3, code), (code, Some(c"all")));
        let one = Refusal {
            text: None,
            records: vec![(1, text("it"))],
        };
        assert_eq!(one.of(1, code), (code, Some(c"it")));
        assert_eq!(one.of(0, code).0, ErrorCode::_INVALID_DIFFERENT_RECORD);
        let two = Refusal {
            text: None,
            records: vec![(1, None), (4, text("that"))],
        };
        assert_eq!(two.of(1, code), (ErrorCode::INVALID_RECORD, None));
        assert_eq!(two.of(4, code), (ErrorCode::INVALID_RECORD, Some(c"that")));
        assert_eq!(two.of(2, code).0, ErrorCode::_INVALID_DIFFERENT_RECORD);
    }
}
