//! From a record to the message that the application gets.

use std::ptr::{self, NonNull};

use bytes::Bytes;

use super::TopicHandle;
use crate::base::error::ErrorCode;
use crate::base::message::{self, BlockWriter, Message, MessageExt, MessageKind};
use crate::protocol::compression::Codec;
use crate::protocol::records::cursor::{Record, RecordCursor};
use crate::protocol::records::decode::Batch;
use crate::protocol::records::{Span, TimestampType};

/// Messages per block: what stays in memory for a message that is kept.
pub const BLOCK: usize = 128;
/// `RD_KAFKA_MSG_STATUS_PERSISTED`.
const PERSISTED: i32 = 2;

/// Where a span of a record lies; null has no address.
#[inline]
fn locate(bytes: &Bytes, span: Span) -> (*const u8, usize) {
    match span.slice(bytes) {
        Some(slice) => (slice.as_ptr(), slice.len()),
        None => (ptr::null(), 0),
    }
}

/// A batch whose records are being taken.
pub struct OpenBatch {
    pub cursor: RecordCursor,
    pub leader_epoch: i32,
    timestamp_type: i32,
    /// Whether the records' bytes are those of the whole response.
    pub in_source: bool,
}

impl OpenBatch {
    pub fn new(batch: &Batch) -> Self {
        OpenBatch {
            cursor: batch.cursor(),
            leader_epoch: batch.header.leader_epoch,
            timestamp_type: timestamp_type(batch.header.timestamp_type),
            in_source: batch.header.codec == Codec::None,
        }
    }

    #[inline]
    pub fn message(&self, record: &Record, partition: i32, broker_id: i32) -> MessageExt {
        let mut message = message_of(record, self.cursor.bytes(), partition);
        message.timestamp_type = self.timestamp_type;
        message.leader_epoch = self.leader_epoch;
        message.broker_id = broker_id;
        message
    }
}

/// Puts messages into a block that keeps their bytes and their topic.
pub struct MessageWriter {
    block: BlockWriter,
    room: usize,
    topic: usize,
    in_source: bool,
}

impl MessageWriter {
    /// For up to `capacity` messages whose bytes are in `data`.
    pub fn new(capacity: usize, data: Bytes, handle: Option<TopicHandle>, in_source: bool) -> Self {
        let (topic, keep) = handle.map_or((0, None), |h| (h.address, Some(h.keep)));
        MessageWriter {
            block: BlockWriter::new(capacity as u32, data, keep),
            room: capacity,
            topic,
            in_source,
        }
    }

    /// It has room for a message whose bytes are those of the whole response, or not.
    #[inline]
    pub fn takes(&self, in_source: bool) -> bool {
        self.room > 0 && self.in_source == in_source
    }

    #[inline]
    pub fn push(&mut self, mut message: MessageExt) -> Option<NonNull<MessageExt>> {
        self.room = self.room.checked_sub(1)?;
        message.msg.rkt = ptr::with_exposed_provenance_mut(self.topic);
        self.block.push(message)
    }
}

/// `rd_kafka_timestamp_type_t`.
fn timestamp_type(kind: TimestampType) -> i32 {
    match kind {
        TimestampType::NotAvailable => 0,
        TimestampType::CreateTime => 1,
        TimestampType::LogAppendTime => 2,
    }
}

/// What a record says of its message; it points into `bytes`, the record's batch.
#[inline]
fn message_of(record: &Record, bytes: &Bytes, partition: i32) -> MessageExt {
    let (key, key_len) = locate(bytes, record.key);
    let (payload, len) = locate(bytes, record.value);
    let (headers, headers_len) = locate(bytes, record.headers);
    let mut message = MessageExt::default();
    message.msg = Message {
        err: 0,
        rkt: ptr::null_mut(),
        partition,
        payload: payload.cast_mut().cast(),
        len,
        key: key.cast_mut().cast(),
        key_len,
        offset: record.offset,
        private: ptr::null_mut(),
    };
    message.timestamp = record.timestamp;
    message.status = PERSISTED;
    message.headers = headers;
    message.headers_len = headers_len as u32;
    message.headers_count = record.header_count;
    message.kind = MessageKind::Consumed;
    message
}

/// An error in the place of a message.
pub fn error_message(
    handle: Option<TopicHandle>,
    partition: i32,
    err: ErrorCode,
    text: &str,
    offset: i64,
    broker_id: i32,
) -> Option<NonNull<MessageExt>> {
    let (topic, keep) = handle.map_or((0, None), |h| (h.address, Some(h.keep)));
    let mut with_nul = Vec::with_capacity(text.len() + 1);
    with_nul.extend_from_slice(text.as_bytes());
    with_nul.push(0);
    let data = Bytes::from(with_nul);
    let mut message = MessageExt::default();
    message.msg.err = err.0;
    message.msg.rkt = ptr::with_exposed_provenance_mut(topic);
    message.msg.partition = partition;
    message.msg.payload = data.as_ptr().cast_mut().cast();
    message.msg.len = text.len();
    message.msg.offset = offset;
    message.broker_id = broker_id;
    message.kind = MessageKind::Consumed;
    message::single(message, data, keep)
}
