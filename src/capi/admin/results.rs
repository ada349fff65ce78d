//! Results by topic, by group and by partition.

use libc::c_char;

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_error_t, rd_kafka_group_result_t, rd_kafka_resp_err_t,
    rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_result_t, rd_kafka_topic_partition_t,
    rd_kafka_topic_result_t,
};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_result_error(
    topicres: *const rd_kafka_topic_result_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(topicres) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_result_error_string(
    topicres: *const rd_kafka_topic_result_t,
) -> *const c_char {
    ffi!({ not_built!(topicres) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_result_name(
    topicres: *const rd_kafka_topic_result_t,
) -> *const c_char {
    ffi!({ not_built!(topicres) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_group_result_error(
    groupres: *const rd_kafka_group_result_t,
) -> *const rd_kafka_error_t {
    ffi!({ not_built!(groupres) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_group_result_name(
    groupres: *const rd_kafka_group_result_t,
) -> *const c_char {
    ffi!({ not_built!(groupres) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_group_result_partitions(
    groupres: *const rd_kafka_group_result_t,
) -> *const rd_kafka_topic_partition_list_t {
    ffi!({ not_built!(groupres) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_result_partition(
    partition_result: *const rd_kafka_topic_partition_result_t,
) -> *const rd_kafka_topic_partition_t {
    ffi!({ not_built!(partition_result) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_topic_partition_result_error(
    partition_result: *const rd_kafka_topic_partition_result_t,
) -> *const rd_kafka_error_t {
    ffi!({ not_built!(partition_result) })
}
