//! Results by topic, by group and by partition.

use libc::c_char;

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_error_t, rd_kafka_group_result_t, rd_kafka_resp_err_t,
    rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_result_t, rd_kafka_topic_partition_t,
    rd_kafka_topic_result_t,
};

/// The code for this topic.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_result_error(
    topicres: *const rd_kafka_topic_result_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(topicres) })
}

/// The text for this topic, or null if there is no error. Good as long as the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_result_error_string(
    topicres: *const rd_kafka_topic_result_t,
) -> *const c_char {
    ffi!({ not_built!(topicres) })
}

/// The topic's name. Good as long as the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_result_name(
    topicres: *const rd_kafka_topic_result_t,
) -> *const c_char {
    ffi!({ not_built!(topicres) })
}

/// The error for this group, or null. It belongs to the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_group_result_error(
    groupres: *const rd_kafka_group_result_t,
) -> *const rd_kafka_error_t {
    ffi!({ not_built!(groupres) })
}

/// The group's id. Good as long as the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_group_result_name(
    groupres: *const rd_kafka_group_result_t,
) -> *const c_char {
    ffi!({ not_built!(groupres) })
}

/// The partitions of the group with their offsets and errors, or null if the operation
/// has none. They belong to the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_group_result_partitions(
    groupres: *const rd_kafka_group_result_t,
) -> *const rd_kafka_topic_partition_list_t {
    ffi!({ not_built!(groupres) })
}

/// The partition, with its error. It belongs to the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_result_partition(
    partition_result: *const rd_kafka_topic_partition_result_t,
) -> *const rd_kafka_topic_partition_t {
    ffi!({ not_built!(partition_result) })
}

/// The error for this partition, which always is there; its code may be `NO_ERROR`. It
/// belongs to the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_result_error(
    partition_result: *const rd_kafka_topic_partition_result_t,
) -> *const rd_kafka_error_t {
    ffi!({ not_built!(partition_result) })
}
