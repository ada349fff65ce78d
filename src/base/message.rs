//! Messages as the application sees them, in blocks.
//!
//! A block is one allocation: a header with a reference count, then room for a
//! fixed number of messages. It owns the bytes that its messages point into and
//! whatever keeps the topic handle alive. The count starts at one reference per
//! message that may still be taken out plus one for the [`BlockWriter`]; taking a
//! message out costs no atomic operation, giving it back costs one. The last
//! reference frees the block, from whichever thread that happens on.
//!
//! ```text
//! Block ─ refs │ data: Bytes │ keep: Arc<dyn Any> │ capacity │ MessageExt[0..capacity]
//!                                                                │ block: back pointer
//! ```
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::any::Any;
use std::ffi::{c_char, c_void};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering, fence};

use bytes::Bytes;

/// `rd_kafka_message_t`, field by field.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Message {
    pub err: i32,
    pub rkt: *mut c_void,
    pub partition: i32,
    pub payload: *mut c_void,
    pub len: usize,
    pub key: *mut c_void,
    pub key_len: usize,
    pub offset: i64,
    pub private: *mut c_void,
}

impl Default for Message {
    fn default() -> Self {
        Message {
            err: 0,
            rkt: std::ptr::null_mut(),
            partition: -1,
            payload: std::ptr::null_mut(),
            len: 0,
            key: std::ptr::null_mut(),
            key_len: 0,
            offset: -1001,
            private: std::ptr::null_mut(),
        }
    }
}

/// Where a message lives, which decides what its accessors may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum MessageKind {
    /// Consumed: sits in a block and is given back by the application.
    Consumed,
    /// A delivery report, valid while the report is.
    Delivered,
}

/// A message and what the accessor functions of the C API read besides the
/// public fields. The public part comes first, so that a pointer to it is a
/// pointer to the whole.
#[repr(C)]
#[derive(Debug)]
pub struct MessageExt {
    pub msg: Message,
    pub timestamp: i64,
    /// `rd_kafka_timestamp_type_t`.
    pub timestamp_type: i32,
    pub leader_epoch: i32,
    pub broker_id: i32,
    /// `rd_kafka_msg_status_t`.
    pub status: i32,
    /// Microseconds from produce to acknowledgement, -1 where unknown.
    pub latency: i64,
    /// Why the broker refused the message, as it says; null if it does not.
    pub errstr: *const c_char,
    /// The record's headers, still encoded.
    pub headers: *const u8,
    pub headers_len: u32,
    pub headers_count: u32,
    /// The parsed headers, once asked for: owned by the C layer, which frees
    /// them before the message is released.
    pub headers_object: *mut c_void,
    pub kind: MessageKind,
    /// KIP-932 delivery count, 0 where it does not apply.
    pub delivery_count: i16,
    block: *mut Header,
}

impl Default for MessageExt {
    fn default() -> Self {
        MessageExt {
            msg: Message::default(),
            timestamp: -1,
            timestamp_type: 0,
            leader_epoch: -1,
            broker_id: -1,
            status: 0,
            latency: -1,
            errstr: std::ptr::null(),
            headers: std::ptr::null(),
            headers_len: 0,
            headers_count: 0,
            headers_object: std::ptr::null_mut(),
            kind: MessageKind::Consumed,
            delivery_count: 0,
            block: std::ptr::null_mut(),
        }
    }
}

impl MessageExt {
    /// A message of a delivery report, which sits in no block.
    pub fn delivered() -> Self {
        MessageExt {
            kind: MessageKind::Delivered,
            ..MessageExt::default()
        }
    }
}

struct Header {
    refs: AtomicU32,
    capacity: u32,
    data: Bytes,
    /// Held for the messages' `rkt` pointers.
    _keep: Option<Arc<dyn Any + Send + Sync>>,
}

fn layout_of(capacity: u32) -> (Layout, usize) {
    let header = Layout::new::<Header>();
    // A block's capacity is bounded by the bytes it was parsed from, far below
    // what could overflow here.
    let slots = Layout::array::<MessageExt>(capacity as usize).unwrap_or(header);
    header
        .extend(slots)
        .map_or((header, 0), |(l, o)| (l.pad_to_align(), o))
}

/// The side that fills a block. Messages are taken out one after another; those
/// never taken are given up when this is dropped.
pub struct BlockWriter {
    header: NonNull<Header>,
    slots: NonNull<MessageExt>,
    used: u32,
}

// SAFETY: the block is only written through the one writer; what it shares with
// messages that were handed out is the atomic count.
unsafe impl Send for BlockWriter {}

impl BlockWriter {
    /// A block for at most `capacity` messages over `data`.
    pub fn new(capacity: u32, data: Bytes, keep: Option<Arc<dyn Any + Send + Sync>>) -> Self {
        let (layout, offset) = layout_of(capacity);
        // SAFETY: the layout has the header's size at least, so it is not empty;
        // the header is written before anything can read it, and the slots start
        // at the offset that `extend` computed.
        unsafe {
            let p = alloc(layout);
            let Some(header) = NonNull::new(p.cast::<Header>()) else {
                handle_alloc_error(layout)
            };
            header.as_ptr().write(Header {
                refs: AtomicU32::new(capacity + 1),
                capacity,
                data,
                _keep: keep,
            });
            let slots = NonNull::new_unchecked(p.add(offset).cast::<MessageExt>());
            BlockWriter {
                header,
                slots,
                used: 0,
            }
        }
    }

    /// The bytes that the messages may point into.
    pub fn data(&self) -> &Bytes {
        // SAFETY: the writer holds a reference, so the header lives, and `data`
        // is never changed after it was written.
        unsafe { &self.header.as_ref().data }
    }

    /// Hands out the next message; `None` when the block is used up. The pointer
    /// stays valid until [`release`].
    pub fn push(&mut self, message: MessageExt) -> Option<NonNull<MessageExt>> {
        // SAFETY: slot `used` is within the capacity and has not been handed out.
        unsafe {
            if self.used >= self.header.as_ref().capacity {
                return None;
            }
            let slot = self.slots.add(self.used as usize);
            slot.as_ptr().write(message);
            (*slot.as_ptr()).block = self.header.as_ptr();
            self.used += 1;
            Some(slot)
        }
    }
}

impl Drop for BlockWriter {
    fn drop(&mut self) {
        // SAFETY: the writer's own reference and those of the messages that were
        // never handed out are given back exactly once, here.
        unsafe {
            let unused = self.header.as_ref().capacity - self.used;
            unref(self.header.as_ptr(), unused + 1);
        }
    }
}

/// # Safety
/// The caller owns `count` references to the block.
unsafe fn unref(header: *mut Header, count: u32) {
    // SAFETY: as the caller owns references the header lives until they are
    // given back; who gives back the last one is alone with the block (the
    // acquire fence orders the others' accesses before the free).
    unsafe {
        if (*header).refs.fetch_sub(count, Ordering::Release) != count {
            return;
        }
        fence(Ordering::Acquire);
        let (layout, _) = layout_of((*header).capacity);
        std::ptr::drop_in_place(header);
        dealloc(header.cast(), layout);
    }
}

/// Gives a message back.
///
/// # Safety
/// `message` came from [`BlockWriter::push`] and was not released before.
pub unsafe fn release(message: *mut MessageExt) {
    // SAFETY: the message holds one of its block's references.
    unsafe {
        let block = (*message).block;
        if !block.is_null() {
            unref(block, 1);
        }
    }
}

/// A message that nobody has seen yet; released when it is dropped.
#[derive(Debug)]
pub struct Owned(NonNull<MessageExt>);

// SAFETY: whoever has it has the message alone.
unsafe impl Send for Owned {}

impl Owned {
    /// # Safety
    /// `message` came from [`BlockWriter::push`], was not released, and nobody else has it.
    pub unsafe fn new(message: NonNull<MessageExt>) -> Self {
        Owned(message)
    }

    /// To be released by whoever gets it.
    pub fn into_raw(self) -> NonNull<MessageExt> {
        let message = self.0;
        std::mem::forget(self);
        message
    }
}

impl std::ops::Deref for Owned {
    type Target = MessageExt;

    fn deref(&self) -> &MessageExt {
        // SAFETY: by the promise to `new`.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: by the promise to `new`.
        unsafe { release(self.0.as_ptr()) }
    }
}

/// One message in a block of its own, for errors and end-of-partition marks.
pub fn single(
    message: MessageExt,
    data: Bytes,
    keep: Option<Arc<dyn Any + Send + Sync>>,
) -> Option<NonNull<MessageExt>> {
    let mut writer = BlockWriter::new(1, data, keep);
    let data = writer.data();
    let (ptr, len) = (data.as_ptr(), data.len());
    let mut message = message;
    if len > 0 && message.msg.payload.is_null() {
        message.msg.payload = ptr as *mut c_void;
        message.msg.len = len;
    }
    writer.push(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_message_frees_the_block() {
        let keep: Arc<dyn Any + Send + Sync> = Arc::new(17u8);
        let mut w = BlockWriter::new(3, Bytes::from_static(b"abc"), Some(keep.clone()));
        let a = w.push(MessageExt::default()).unwrap();
        let b = w.push(MessageExt::default()).unwrap();
        drop(w);
        assert_eq!(Arc::strong_count(&keep), 2);
        // SAFETY: both came from `push` and are released once.
        unsafe {
            release(a.as_ptr());
            assert_eq!(Arc::strong_count(&keep), 2);
            release(b.as_ptr());
        }
        assert_eq!(Arc::strong_count(&keep), 1);
    }

    #[test]
    fn a_full_block_hands_out_no_more() {
        let mut w = BlockWriter::new(1, Bytes::new(), None);
        let a = w.push(MessageExt::default()).unwrap();
        assert!(w.push(MessageExt::default()).is_none());
        // SAFETY: from `push`, released once.
        unsafe { release(a.as_ptr()) };
    }

    #[test]
    fn a_single_message_points_at_its_text() {
        let m = single(MessageExt::default(), Bytes::from_static(b"why"), None).unwrap();
        // SAFETY: from `push`, read before it is released.
        unsafe {
            assert_eq!((*m.as_ptr()).msg.len, 3);
            release(m.as_ptr());
        }
    }
}
