//! ListOffsets.

use libc::size_t;

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_AdminOptions_t, rd_kafka_ListOffsets_result_t, rd_kafka_ListOffsetsResultInfo_t,
    rd_kafka_queue_t, rd_kafka_t, rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_t,
};

/// The partition, with its offset, leader epoch and error. It belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListOffsetsResultInfo_topic_partition(
    result_info: *const rd_kafka_ListOffsetsResultInfo_t,
) -> *const rd_kafka_topic_partition_t {
    ffi!({ not_built!(result_info) })
}

/// The timestamp of the record at that offset, or -1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListOffsetsResultInfo_timestamp(
    result_info: *const rd_kafka_ListOffsetsResultInfo_t,
) -> i64 {
    ffi!({ not_built!(result_info) })
}

/// The results by partition, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListOffsets_result_infos(
    result: *const rd_kafka_ListOffsets_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_ListOffsetsResultInfo_t {
    ffi!({ not_built!(result, cntp) })
}

/// Asks for offsets by timestamp, or by `rd_kafka_OffsetSpec_t`, which stands in the
/// elements' offsets. The result is a LISTOFFSETS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListOffsets(
    rk: *mut rd_kafka_t,
    topic_partitions: *mut rd_kafka_topic_partition_list_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({ not_built!(rk, topic_partitions, options, rkqu) })
}
