//! Share consumers (KIP-932).

use libc::{c_char, c_int, c_void, size_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_conf_t, rd_kafka_error_t, rd_kafka_message_t, rd_kafka_messages_t, rd_kafka_queue_t,
    rd_kafka_resp_err_t, rd_kafka_share_AcknowledgeType_t, rd_kafka_share_partition_offsets_list_t,
    rd_kafka_share_partition_offsets_t, rd_kafka_share_t, rd_kafka_topic_partition_list_t,
    rd_kafka_topic_partition_t,
};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_messages_count(messages: *const rd_kafka_messages_t) -> size_t {
    ffi!({ not_built!(messages) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_messages_get(
    messages: *const rd_kafka_messages_t,
    index: size_t,
) -> *mut rd_kafka_message_t {
    ffi!({ not_built!(messages, index) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_messages_destroy(messages: *mut rd_kafka_messages_t) {
    ffi!({ not_built!(messages) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_queue_get_sasl(
    rkshare: *mut rd_kafka_share_t,
) -> *mut rd_kafka_queue_t {
    ffi!({ not_built!(rkshare) })
}

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
            extension_size,
            errstr,
            errstr_size
        )
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_oauthbearer_set_token_failure(
    rkshare: *mut rd_kafka_share_t,
    errstr: *const c_char,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkshare, errstr) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_list_count(
    list: *const rd_kafka_share_partition_offsets_list_t,
) -> size_t {
    ffi!({ not_built!(list) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_list_get(
    list: *const rd_kafka_share_partition_offsets_list_t,
    index: size_t,
) -> *const rd_kafka_share_partition_offsets_t {
    ffi!({ not_built!(list, index) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_list_destroy(
    list: *mut rd_kafka_share_partition_offsets_list_t,
) {
    ffi!({ not_built!(list) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_partition(
    partition_offsets: *const rd_kafka_share_partition_offsets_t,
) -> *const rd_kafka_topic_partition_t {
    ffi!({ not_built!(partition_offsets) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_offsets(
    partition_offsets: *const rd_kafka_share_partition_offsets_t,
) -> *const i64 {
    ffi!({ not_built!(partition_offsets) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_partition_offsets_offsets_cnt(
    partition_offsets: *const rd_kafka_share_partition_offsets_t,
) -> size_t {
    ffi!({ not_built!(partition_offsets) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_consumer_new(
    conf: *mut rd_kafka_conf_t,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> *mut rd_kafka_share_t {
    ffi!({ not_built!(conf, errstr, errstr_size) })
}

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

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_subscribe(
    rkshare: *mut rd_kafka_share_t,
    topics: *const rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkshare, topics) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_unsubscribe(
    rkshare: *mut rd_kafka_share_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkshare) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_subscription(
    rkshare: *mut rd_kafka_share_t,
    topics: *mut *mut rd_kafka_topic_partition_list_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkshare, topics) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_poll(
    rkshare: *mut rd_kafka_share_t,
    timeout_ms: c_int,
    rkmessages: *mut *mut rd_kafka_messages_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare, timeout_ms, rkmessages) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_acknowledge(
    rkshare: *mut rd_kafka_share_t,
    rkmessage: *const rd_kafka_message_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkshare, rkmessage) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_acknowledge_type(
    rkshare: *mut rd_kafka_share_t,
    rkmessage: *const rd_kafka_message_t,
    kind: rd_kafka_share_AcknowledgeType_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rkshare, rkmessage, kind) })
}

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

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_commit_async(
    rkshare: *mut rd_kafka_share_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_commit_sync(
    rkshare: *mut rd_kafka_share_t,
    timeout_ms: c_int,
    partitions: *mut *mut rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare, timeout_ms, partitions) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_consumer_close(
    rkshare: *mut rd_kafka_share_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_consumer_close_queue(
    rkshare: *mut rd_kafka_share_t,
    rkqu: *mut rd_kafka_queue_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare, rkqu) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_consumer_closed(rkshare: *mut rd_kafka_share_t) -> c_int {
    ffi!({ not_built!(rkshare) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_destroy(
    rkshare: *mut rd_kafka_share_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_destroy_flags(
    rkshare: *mut rd_kafka_share_t,
    flags: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare, flags) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_set_log_queue(
    rkshare: *mut rd_kafka_share_t,
    rkqu: *mut rd_kafka_queue_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare, rkqu) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_sasl_background_callbacks_enable(
    rkshare: *mut rd_kafka_share_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_sasl_set_credentials(
    rkshare: *mut rd_kafka_share_t,
    username: *const c_char,
    password: *const c_char,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rkshare, username, password) })
}
