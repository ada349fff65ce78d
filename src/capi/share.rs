//! Share consumers (KIP-932).

use libc::{c_char, c_int, c_void, size_t};

use crate::base::error::ErrorCode;
use crate::capi::boundary::{ffi, not_built};
use crate::capi::last_error::set_last_error;
use crate::capi::types::{
    rd_kafka_conf_t, rd_kafka_error_t, rd_kafka_message_t, rd_kafka_messages_t, rd_kafka_queue_t,
    rd_kafka_resp_err_t, rd_kafka_share_AcknowledgeType_t, rd_kafka_share_partition_offsets_list_t,
    rd_kafka_share_partition_offsets_t, rd_kafka_share_t, rd_kafka_topic_partition_list_t,
    rd_kafka_topic_partition_t,
};

const NO_SHARE_CONSUMERS: &str = "This version of the library has no share consumers yet";

/// How many messages the batch holds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_messages_count(messages: *const rd_kafka_messages_t) -> size_t {
    ffi!({ not_built!(messages) })
}

/// The message at `index`, or null. It belongs to the batch.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_messages_get(
    messages: *const rd_kafka_messages_t,
    index: size_t,
) -> *mut rd_kafka_message_t {
    ffi!({ not_built!(messages, index) })
}

/// Frees a batch and its messages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_messages_destroy(messages: *mut rd_kafka_messages_t) {
    ffi!({ not_built!(messages) })
}

/// As `rd_kafka_queue_get_sasl`, for a share consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_queue_get_sasl(
    rkshare: *mut rd_kafka_share_t,
) -> *mut rd_kafka_queue_t {
    ffi!({ not_built!(rkshare) })
}

/// As `rd_kafka_oauthbearer_set_token`, for a share consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_oauthbearer_set_token(
    rkshare: *mut rd_kafka_share_t,
    token_value: *const c_char,
    md_lifetime_ms: i64,
    md_principal_name: *const c_char,
    extensions: *mut *const c_char,
    extension_size: size_t,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        not_built!(
            rkshare,
            token_value,
            md_lifetime_ms,
            md_principal_name,
            extensions,
            extension_size;
            text(errstr, errstr_size) = NO_SHARE_CONSUMERS
        )
    })
}

/// As `rd_kafka_oauthbearer_set_token_failure`, for a share consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_oauthbearer_set_token_failure(
    rkshare: *mut rd_kafka_share_t,
    errstr: *const c_char,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkshare, errstr) })
}

/// How many partitions the list has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_list_count(
    list: *const rd_kafka_share_partition_offsets_list_t,
) -> size_t {
    ffi!({ not_built!(list) })
}

/// The partition at `index`, or null. It belongs to the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_list_get(
    list: *const rd_kafka_share_partition_offsets_list_t,
    index: size_t,
) -> *const rd_kafka_share_partition_offsets_t {
    ffi!({ not_built!(list, index) })
}

/// Frees a list that the application owns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_list_destroy(
    list: *mut rd_kafka_share_partition_offsets_list_t,
) {
    ffi!({ not_built!(list) })
}

/// The partition. It belongs to the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_partition(
    partition_offsets: *const rd_kafka_share_partition_offsets_t,
) -> *const rd_kafka_topic_partition_t {
    ffi!({ not_built!(partition_offsets) })
}

/// The offsets, `rd_kafka_share_partition_offsets_offsets_cnt` of them. They belong to
/// the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_offsets(
    partition_offsets: *const rd_kafka_share_partition_offsets_t,
) -> *const i64 {
    ffi!({ not_built!(partition_offsets) })
}

/// How many offsets there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_offsets_cnt(
    partition_offsets: *const rd_kafka_share_partition_offsets_t,
) -> size_t {
    ffi!({ not_built!(partition_offsets) })
}

/// Makes a share consumer of the group `group.id` (KIP-932). If it succeeds, `conf`
/// belongs to it; if not, null is returned, and `errstr` says why. Ended by
/// `rd_kafka_share_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_consumer_new(
    conf: *mut rd_kafka_conf_t,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> *mut rd_kafka_share_t {
    ffi!({
        set_last_error(ErrorCode::_NOT_IMPLEMENTED, libc::ENOSYS);
        not_built!(conf; text(errstr, errstr_size) = NO_SHARE_CONSUMERS)
    })
}

/// Sets the function that is told how acknowledgements were taken, by partition and
/// offset. Called by the thread that polls. Null, or an error that the application
/// destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_set_acknowledgement_commit_cb(
    rkshare: *mut rd_kafka_share_t,
    share_acknowledgement_commit_cb: Option<
        unsafe extern "C" fn(
            rkshare: *mut rd_kafka_share_t,
            partitions: *mut rd_kafka_share_partition_offsets_list_t,
            err: rd_kafka_resp_err_t,
            opaque: *mut c_void,
        ),
    >,
    opaque: *mut c_void,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare, share_acknowledgement_commit_cb, opaque) })
}

/// Sets the topics to consume, by name, in the place of the last ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_subscribe(
    rkshare: *mut rd_kafka_share_t,
    topics: *const rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkshare, topics) })
}

/// Ends the subscription.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_unsubscribe(
    rkshare: *mut rd_kafka_share_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkshare) })
}

/// Sets `*topics` to a copy of the subscription, which the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_subscription(
    rkshare: *mut rd_kafka_share_t,
    topics: *mut *mut rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkshare; topics = std::ptr::null_mut()) })
}

/// Takes a batch of records, waiting up to `timeout_ms`; sets `*rkmessages`, which is
/// freed by `rd_kafka_messages_destroy`, or null. With implicit acknowledgement, the
/// records of the last batch are accepted by this. Null, or an error that the
/// application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_poll(
    rkshare: *mut rd_kafka_share_t,
    timeout_ms: c_int,
    rkmessages: *mut *mut rd_kafka_messages_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare, timeout_ms; rkmessages = std::ptr::null_mut()) })
}

/// Accepts a record: it was processed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_acknowledge(
    rkshare: *mut rd_kafka_share_t,
    rkmessage: *const rd_kafka_message_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkshare, rkmessage) })
}

/// Accepts, releases or rejects a record.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_acknowledge_type(
    rkshare: *mut rd_kafka_share_t,
    rkmessage: *const rd_kafka_message_t,
    kind: rd_kafka_share_AcknowledgeType_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkshare, rkmessage, kind) })
}

/// Accepts, releases or rejects a record by its offset.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_acknowledge_offset(
    rkshare: *mut rd_kafka_share_t,
    topic: *const c_char,
    partition: i32,
    offset: i64,
    kind: rd_kafka_share_AcknowledgeType_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkshare, topic, partition, offset, kind) })
}

/// Sends the acknowledgements, without waiting for the answer. Null, or an error that
/// the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_commit_async(
    rkshare: *mut rd_kafka_share_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare) })
}

/// Sends the acknowledgements and waits up to `timeout_ms` for the answer; sets
/// `*partitions`, each with its `err`, which the application destroys. Null, or an
/// error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_commit_sync(
    rkshare: *mut rd_kafka_share_t,
    timeout_ms: c_int,
    partitions: *mut *mut rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare, timeout_ms; partitions = std::ptr::null_mut()) })
}

/// Closes the share consumer: sends what was acknowledged, releases the rest, leaves
/// the group. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_consumer_close(
    rkshare: *mut rd_kafka_share_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare) })
}

/// As `rd_kafka_share_consumer_close`, without waiting; the events of closing go to
/// `rkqu`. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_consumer_close_queue(
    rkshare: *mut rd_kafka_share_t,
    rkqu: *mut rd_kafka_queue_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare, rkqu) })
}

/// 1 once the share consumer is closed, otherwise 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_consumer_closed(rkshare: *mut rd_kafka_share_t) -> c_int {
    ffi!({ not_built!(rkshare) })
}

/// Ends a share consumer, closing it first. Null, or an error that the application
/// destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_destroy(
    rkshare: *mut rd_kafka_share_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare) })
}

/// As `rd_kafka_share_destroy`, with the flags of `rd_kafka_destroy_flags`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_destroy_flags(
    rkshare: *mut rd_kafka_share_t,
    flags: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare, flags) })
}

/// As `rd_kafka_set_log_queue`, for a share consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_set_log_queue(
    rkshare: *mut rd_kafka_share_t,
    rkqu: *mut rd_kafka_queue_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare, rkqu) })
}

/// As `rd_kafka_sasl_background_callbacks_enable`, for a share consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_sasl_background_callbacks_enable(
    rkshare: *mut rd_kafka_share_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare) })
}

/// As `rd_kafka_sasl_set_credentials`, for a share consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_sasl_set_credentials(
    rkshare: *mut rd_kafka_share_t,
    username: *const c_char,
    password: *const c_char,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare, username, password) })
}
