//! What waits for the application: a partition's share of a Fetch response, whole.
//!
//! The records are parsed when they are taken, into messages from small blocks
//! that refer to the fetched bytes. So a message costs no allocation, no lock
//! besides its queue's, and no system call.
//!
//! [`Fetched::next`] is what a queue shows its front item to. The partition may
//! have moved on: what is of an older version is spent at once, what belongs to a
//! paused partition is moved aside.

use std::collections::VecDeque;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::{PAUSED, Partition};
use crate::base::error::ErrorCode;
use crate::base::message::{MessageExt, Owned};
use crate::base::queue;
use crate::consumer::Position;
use crate::consumer::block::{BLOCK, MessageWriter, OpenBatch, error_message};
use crate::consumer::room::Budget;
use crate::protocol::records::cursor::Record;
use crate::protocol::records::decode::Batch;

pub(super) type Taken = queue::Taken<NonNull<MessageExt>>;

/// What [`Fetched::next`] found.
pub enum Next {
    /// A message, which the caller releases; there is more.
    Message(NonNull<MessageExt>),
    /// A message, and the item is spent.
    Last(NonNull<MessageExt>),
    /// The item is spent.
    Nothing,
}

/// An item of the application's queue.
pub struct Fetched(Option<Box<Inner>>);

struct Inner {
    partition: Arc<Partition>,
    version: u32,
    data: Data,
}

// One per response, in a box anyway.
#[allow(clippy::large_enum_variant)]
enum Data {
    Records(Records),
    /// The end was reached, or an error.
    Event {
        err: ErrorCode,
        text: String,
        offset: i64,
        broker_id: i32,
    },
    /// Messages that were taken and not handed out, and what comes after them.
    Returned(VecDeque<Owned>, Option<Position>),
    /// What the partition holds aside may be taken again.
    Resumed,
}

/// The batches of a response, in order, without those that are not wanted.
pub struct NewRecords {
    /// What uncompressed batches are slices of.
    pub source: Bytes,
    pub batches: Vec<Batch>,
    /// Records before this offset are not wanted.
    pub from: i64,
    /// After all of this.
    pub end: Position,
    pub broker_id: i32,
}

struct Records {
    source: Bytes,
    batches: std::vec::IntoIter<Batch>,
    current: Option<OpenBatch>,
    writer: Option<MessageWriter>,
    from: i64,
    end: Position,
    broker_id: i32,
    /// Still to be taken, as far as the batches' headers tell.
    left: usize,
    counted: Counted,
}

/// What is counted as waiting.
struct Counted {
    messages: usize,
    bytes: usize,
    budget: Option<Arc<Budget>>,
}

fn weight_of(data: &Data) -> usize {
    match data {
        Data::Records(r) => r.left,
        Data::Event { .. } => 1,
        Data::Returned(messages, _) => messages.len(),
        Data::Resumed => 0,
    }
}

impl Fetched {
    fn new(partition: Arc<Partition>, version: u32, data: Data) -> Self {
        Fetched(Some(Box::new(Inner {
            partition,
            version,
            data,
        })))
    }

    pub fn records(partition: Arc<Partition>, version: u32, new: NewRecords) -> Self {
        // A record takes seven bytes at least, whatever the header says.
        let messages = new
            .batches
            .iter()
            .map(|b| (b.header.count.max(0) as usize).min(b.records.len() / 7))
            .sum();
        let bytes = new.batches.iter().map(|b| b.records.len()).sum();
        let budget = partition.budget();
        partition.waiting.add(messages, bytes);
        budget.add(bytes);
        let records = Records {
            source: new.source,
            batches: new.batches.into_iter(),
            current: None,
            writer: None,
            from: new.from,
            end: new.end,
            broker_id: new.broker_id,
            left: messages,
            counted: Counted {
                messages,
                bytes,
                budget: Some(budget),
            },
        };
        Fetched::new(partition, version, Data::Records(records))
    }

    /// An error, or the mark of the partition's end.
    pub fn event(
        partition: Arc<Partition>,
        version: u32,
        err: ErrorCode,
        text: &str,
        offset: i64,
        broker_id: i32,
    ) -> Self {
        let data = Data::Event {
            err,
            text: text.to_owned(),
            offset,
            broker_id,
        };
        Fetched::new(partition, version, data)
    }

    /// See [`Partition::put_back`].
    pub(super) fn returned(
        partition: Arc<Partition>,
        messages: VecDeque<Owned>,
        end: Option<Position>,
    ) -> Self {
        let version = partition.version();
        Fetched::new(partition, version, Data::Returned(messages, end))
    }

    pub(super) fn resumed(partition: Arc<Partition>) -> Self {
        let version = partition.version();
        Fetched::new(partition, version, Data::Resumed)
    }

    pub fn partition(&self) -> Option<&Arc<Partition>> {
        self.0.as_ref().map(|i| &i.partition)
    }

    /// Whether it was fetched for an assignment or a position that is over.
    pub fn is_stale(&self) -> bool {
        self.0
            .as_ref()
            .is_none_or(|i| i.version != i.partition.version())
    }

    /// Of the assignment or position that it was fetched for.
    pub fn version(&self) -> u32 {
        self.0.as_ref().map_or(0, |inner| inner.version)
    }

    /// Looks at the item as the front of its queue.
    // Not an iterator: what it gives says whether the item is spent.
    #[allow(clippy::should_implement_trait)]
    #[inline]
    pub fn next(&mut self) -> Next {
        self.next_with(Partition::advance)
    }

    /// As [`Fetched::next`], for a caller that hands the message out later: `moved` is
    /// told how far the partition's position goes then.
    #[inline]
    pub fn next_with(&mut self, mut moved: impl FnMut(&Partition, Position)) -> Next {
        loop {
            let Some(inner) = &mut self.0 else {
                return Next::Nothing;
            };
            let partition = &inner.partition;
            if inner.version != partition.version() {
                let dropped = weight_of(&inner.data) as u64;
                partition
                    .stats
                    .dropped
                    .fetch_add(dropped, Ordering::Relaxed);
                return Next::Nothing;
            }
            let flags = partition.flags();
            if flags != 0 {
                if flags & PAUSED != 0 {
                    let partition = partition.clone();
                    *self = match partition.hold(Fetched(self.0.take())) {
                        // It was resumed meanwhile.
                        Some(same) => same,
                        None => return Next::Nothing,
                    };
                    continue;
                }
                if let Some(message) = partition.next_held(&mut moved) {
                    return Next::Message(message);
                }
            }
            return match self.take_one(&mut moved) {
                Taken::Part(m) => Next::Message(m),
                Taken::Last(m) => Next::Last(m),
                _ => Next::Nothing,
            };
        }
    }

    /// The next message of this item itself.
    #[inline]
    pub(super) fn take_one(&mut self, mut moved: impl FnMut(&Partition, Position)) -> Taken {
        let Some(inner) = &mut self.0 else {
            return Taken::Stale;
        };
        match &mut inner.data {
            Data::Records(records) => records.take(&inner.partition, moved),
            Data::Returned(messages, end) => {
                let Some(message) = messages.pop_front() else {
                    return Taken::Stale;
                };
                let last = messages.is_empty();
                let next = Position::new(message.msg.offset + 1, message.leader_epoch);
                match *end {
                    Some(end) if last => moved(&inner.partition, end),
                    _ if message.msg.err == 0 => moved(&inner.partition, next),
                    _ => {}
                }
                match last {
                    true => Taken::Last(message.into_raw()),
                    false => Taken::Part(message.into_raw()),
                }
            }
            Data::Resumed => Taken::Stale,
            Data::Event {
                err,
                text,
                offset,
                broker_id,
            } => {
                if *err == ErrorCode::_PARTITION_EOF {
                    inner.partition.note_end(*offset, *broker_id);
                }
                let message = event_message(&inner.partition, *err, text, *offset, *broker_id);
                message.map_or(Taken::Stale, Taken::Last)
            }
        }
    }

    /// No longer counts as waiting.
    pub(super) fn uncount(&mut self) {
        if let Some(inner) = &mut self.0
            && let Data::Records(records) = &mut inner.data
        {
            records.give_back(&inner.partition, usize::MAX);
        }
    }

    pub(super) fn weight_of_data(&self) -> usize {
        self.0.as_ref().map_or(0, |inner| weight_of(&inner.data))
    }

    /// How many messages can be taken.
    pub fn weight(&self) -> usize {
        match &self.0 {
            None => 0,
            Some(inner) if inner.version != inner.partition.version() => 0,
            Some(inner) => match inner.data {
                Data::Resumed => inner.partition.held_messages(),
                _ => self.weight_of_data(),
            },
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Data::Records(records) = &mut self.data {
            records.give_back(&self.partition, usize::MAX);
        }
    }
}

impl Records {
    #[inline]
    fn take(
        &mut self,
        partition: &Partition,
        mut moved: impl FnMut(&Partition, Position),
    ) -> Taken {
        loop {
            let Some(current) = &mut self.current else {
                let Some(batch) = self.batches.next() else {
                    moved(partition, self.end);
                    return Taken::Stale;
                };
                let current = OpenBatch::new(&batch);
                // A block keeps the bytes of one compressed batch, not of the next.
                if !current.in_source {
                    self.writer = None;
                }
                self.current = Some(current);
                continue;
            };
            match current.cursor.next() {
                None => self.current = None,
                Some(Ok(record)) => {
                    self.left = self.left.saturating_sub(1);
                    if record.offset < self.from {
                        continue;
                    }
                    let spent =
                        current.cursor.remaining() == 0 && self.batches.as_slice().is_empty();
                    let position = if spent {
                        self.end
                    } else {
                        Position::new(record.offset + 1, current.leader_epoch)
                    };
                    let Some(message) = self.message(partition, &record) else {
                        return Taken::Stale;
                    };
                    moved(partition, position);
                    return if spent {
                        Taken::Last(message)
                    } else {
                        Taken::Part(message)
                    };
                }
                Some(Err(e)) => {
                    self.current = None;
                    let text = format!("{} [{}]: {e}", partition.topic.name, partition.id);
                    let err = ErrorCode::_BAD_MSG;
                    let message = event_message(partition, err, &text, e.offset, self.broker_id);
                    return message.map_or(Taken::Stale, Taken::Part);
                }
            }
        }
    }

    #[inline]
    fn message(&mut self, partition: &Partition, record: &Record) -> Option<NonNull<MessageExt>> {
        let current = self.current.as_ref()?;
        let message = current.message(record, partition.id, self.broker_id);
        let in_source = current.in_source;
        if !self.writer.as_ref().is_some_and(|w| w.takes(in_source)) {
            self.new_block(partition, in_source);
        }
        self.writer.as_mut()?.push(message)
    }

    #[cold]
    fn new_block(&mut self, partition: &Partition, in_source: bool) {
        // The one that is taken now is not among those left.
        let (data, left) = match &self.current {
            Some(current) if !in_source => {
                let cursor = &current.cursor;
                (cursor.bytes().clone(), cursor.remaining().min(self.left))
            }
            _ => (self.source.clone(), self.left),
        };
        let capacity = BLOCK.min(left + 1);
        self.give_back(partition, capacity);
        let handle = partition.topic.handle.lock().clone();
        self.writer = Some(MessageWriter::new(capacity, data, handle, in_source));
    }

    /// `messages` more have been taken.
    fn give_back(&mut self, partition: &Partition, messages: usize) {
        let counted = &mut self.counted;
        let Some(budget) = &counted.budget else {
            return;
        };
        let messages = messages.min(counted.messages);
        let bytes = if messages == counted.messages {
            counted.bytes
        } else {
            counted.bytes / counted.messages * messages
        };
        counted.messages -= messages;
        counted.bytes -= bytes;
        budget.give_back(bytes);
        let wanted = partition.shared.settings.queued_min_messages;
        partition.waiting.take(messages, bytes, wanted);
        if counted.messages == 0 {
            counted.budget = None;
        }
    }
}

fn event_message(
    partition: &Partition,
    err: ErrorCode,
    text: &str,
    offset: i64,
    broker_id: i32,
) -> Option<NonNull<MessageExt>> {
    let handle = partition.topic.handle.lock().clone();
    error_message(handle, partition.id, err, text, offset, broker_id)
}

#[cfg(test)]
mod tests;
