//! The consumer: subscription, assignment, position.

use libc::{c_char, c_int};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_error_t, rd_kafka_message_t, rd_kafka_queue_t, rd_kafka_resp_err_t, rd_kafka_t,
    rd_kafka_topic_partition_list_t, rd_kafka_topic_t,
};

/// This consumer's id in its group, or null while it has none. Freed by
/// `rd_kafka_mem_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_memberid(rk: *const rd_kafka_t) -> *mut c_char {
    ffi!({ not_built!(rk) })
}

/// Stops the delivery of messages from these partitions; what was fetched of them is
/// kept. Each element's `err` says how it went. Assigning a partition anew resumes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_pause_partitions(
    rk: *mut rd_kafka_t,
    partitions: *mut rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, partitions) })
}

/// Takes up the delivery of messages from these partitions where it was. Each element's
/// `err` says how it went.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_resume_partitions(
    rk: *mut rd_kafka_t,
    partitions: *mut rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, partitions) })
}

/// Asks the partition's leader for its first offset and for the one after its last
/// record (for read_committed: the last stable offset), up to `timeout_ms`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_query_watermark_offsets(
    rk: *mut rd_kafka_t,
    topic: *const c_char,
    partition: i32,
    low: *mut i64,
    high: *mut i64,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, topic, partition, low, high, timeout_ms) })
}

/// The partition's offsets as the consumer has last seen them: the high one with each
/// fetch, the low one every `statistics.interval.ms` or with a query.
/// `RD_KAFKA_OFFSET_INVALID` for what is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_get_watermark_offsets(
    rk: *mut rd_kafka_t,
    topic: *const c_char,
    partition: i32,
    low: *mut i64,
    high: *mut i64,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, topic, partition, low, high) })
}

/// Replaces each element's offset, which is a timestamp in milliseconds, by the first
/// offset with that timestamp or a later one; `RD_KAFKA_OFFSET_END` if there is none.
/// Each element's `err` says how it went.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_offsets_for_times(
    rk: *mut rd_kafka_t,
    offsets: *mut rd_kafka_topic_partition_list_t,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, offsets, timeout_ms) })
}

/// Moves a partition of the simple consumer, up to `timeout_ms` for waiting until it is
/// done; 0 does not wait. What was fetched before is not delivered any more. `offset`
/// may be one of `RD_KAFKA_OFFSET_*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_seek(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    offset: i64,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkt, partition, offset, timeout_ms) })
}

/// Moves assigned partitions to the elements' offsets. Waits up to `timeout_ms`, and
/// then each element's `err` says how it went; with 0 it does not wait, and they say
/// nothing. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_seek_partitions(
    rk: *mut rd_kafka_t,
    partitions: *mut rd_kafka_topic_partition_list_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rk, partitions, timeout_ms) })
}

/// Sets the topics that this member of the group wants; names that begin with `^` are
/// regular expressions. Partition and offset do not matter. It replaces the last
/// subscription, and takes effect as the group rebalances. `_INVALID_ARG` for an empty
/// list or an empty name, `_UNKNOWN_GROUP` without `group.id`, `_FATAL` after a fatal
/// error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_subscribe(
    rk: *mut rd_kafka_t,
    topics: *const rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, topics) })
}

/// Ends the subscription: the partitions are given up, and the group is left.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_unsubscribe(rk: *mut rd_kafka_t) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk) })
}

/// Sets `*topics` to a copy of the subscription, which the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_subscription(
    rk: *mut rd_kafka_t,
    topics: *mut *mut rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, topics) })
}

/// Takes one message of the assigned partitions, waiting up to `timeout_ms`, and calls
/// the application's functions for other events. Null if there is none. A message with
/// `err` set is an event such as `_PARTITION_EOF`. Freed by `rd_kafka_message_destroy`.
/// To be called at least every `max.poll.interval.ms`, or the member loses its
/// partitions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_poll(
    rk: *mut rd_kafka_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_message_t {
    ffi!({ not_built!(rk, timeout_ms) })
}

/// Closes the consumer: gives up its partitions, with the rebalance function called,
/// commits stored offsets, and leaves the group. Waits for all this, for a bounded time
/// whatever the brokers do. Then destroy it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_close(rk: *mut rd_kafka_t) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk) })
}

/// As `rd_kafka_consumer_close`, without waiting: the events of closing go to `rkqu`,
/// which the application polls until `rd_kafka_consumer_closed`. Null, or an error that
/// the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_close_queue(
    rk: *mut rd_kafka_t,
    rkqu: *mut rd_kafka_queue_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rk, rkqu) })
}

/// 1 once the consumer is closed, otherwise 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_closed(rk: *mut rd_kafka_t) -> c_int {
    ffi!({ not_built!(rk) })
}

/// Adds partitions to the assignment; for cooperative rebalancing (KIP-429).
/// `_CONFLICT` if one is assigned already. An element's offset, if not
/// `RD_KAFKA_OFFSET_INVALID`, is where to begin. Null, or an error that the application
/// destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_incremental_assign(
    rk: *mut rd_kafka_t,
    partitions: *const rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rk, partitions) })
}

/// Takes partitions out of the assignment; for cooperative rebalancing (KIP-429). Null,
/// or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_incremental_unassign(
    rk: *mut rd_kafka_t,
    partitions: *const rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rk, partitions) })
}

/// How the group rebalances: "EAGER", "COOPERATIVE", or "NONE" while that is not
/// settled; null if the instance has no group. A constant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_rebalance_protocol(rk: *mut rd_kafka_t) -> *const c_char {
    ffi!({ not_built!(rk) })
}

/// Sets the partitions to consume, in the place of all others; null for none. The
/// answer to a rebalance, or without any group coordination if nothing is subscribed
/// to. An element's offset is where to begin: a number, `RD_KAFKA_OFFSET_BEGINNING`,
/// `_END`, `_TAIL(n)`, or else the committed one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_assign(
    rk: *mut rd_kafka_t,
    partitions: *const rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, partitions) })
}

/// Sets `*partitions` to a copy of the assignment, which the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_assignment(
    rk: *mut rd_kafka_t,
    partitions: *mut *mut rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, partitions) })
}

/// 1 if the partitions that are being revoked belong to other members already, so that
/// committing their offsets is too late; otherwise 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_assignment_lost(rk: *mut rd_kafka_t) -> c_int {
    ffi!({ not_built!(rk) })
}

/// Sets each element's offset to that after the last message that the application has
/// got, or `RD_KAFKA_OFFSET_INVALID` if it has got none since the assignment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_position(
    rk: *mut rd_kafka_t,
    partitions: *mut rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, partitions) })
}

/// Lets `rd_kafka_consumer_poll` serve what `rd_kafka_poll` would, so that it need not
/// be called. A consumer with a group does so from the start.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_poll_set_consumer(rk: *mut rd_kafka_t) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk) })
}
