//! The batch of messages that a poll of a share consumer returns.

use libc::size_t;

use crate::capi::boundary::ffi;
use crate::capi::handle::{Boxed, Opaque, get, take};
use crate::capi::message::rd_kafka_message_destroy;
use crate::capi::types::{rd_kafka_message_t, rd_kafka_messages_s, rd_kafka_messages_t};

impl Opaque for rd_kafka_messages_s {
    type Target = Vec<*mut rd_kafka_message_t>;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b4d_7367;
}

/// How many messages the batch holds; 0 for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_messages_count(messages: *const rd_kafka_messages_t) -> size_t {
    // SAFETY: the caller's batch is alive.
    ffi!({ unsafe { get(messages) }.map_or(0, Vec::len) })
}

/// The message at `index`, or null. It belongs to the batch. One with `err` set stands for a
/// record that could not be read, and is acknowledged already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_messages_get(
    messages: *const rd_kafka_messages_t,
    index: size_t,
) -> *mut rd_kafka_message_t {
    ffi!({
        // SAFETY: the caller's batch is alive.
        let message = unsafe { get(messages) }.and_then(|all| all.get(index));
        message.copied().unwrap_or(std::ptr::null_mut())
    })
}

/// Frees a batch and its messages; null is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_messages_destroy(messages: *mut rd_kafka_messages_t) {
    ffi!({
        // SAFETY: the application gives the batch up, and its messages with it.
        unsafe {
            if let Some(all) = take(messages) {
                for message in all.iter() {
                    rd_kafka_message_destroy(*message);
                }
            }
        }
    })
}
