//! ListOffsets.

use libc::size_t;

use crate::admin::options::AdminOp;
use crate::capi::admin::request::{self, request_not_built};
use crate::capi::boundary::{ffi, not_built};
use crate::capi::topic_partition::{elements, topic};
use crate::capi::types::{
    rd_kafka_AdminOptions_t, rd_kafka_ListOffsets_result_t, rd_kafka_ListOffsetsResultInfo_t,
    rd_kafka_queue_t, rd_kafka_t, rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_t,
};

/// The lowest of `rd_kafka_OffsetSpec_t`: the record with the highest timestamp.
const SPEC_MAX_TIMESTAMP: i64 = -3;

/// # Safety
/// Null, or a list of the application's.
unsafe fn check(partitions: *const rd_kafka_topic_partition_list_t) -> request::Checked {
    // SAFETY: the caller's promise.
    let Some(list) = (unsafe { partitions.as_ref() }) else {
        return Err(request::invalid("There is no list of partitions"));
    };
    for (at, element) in elements(list).iter().enumerate() {
        if topic(element).is_empty() {
            return Err(request::invalid(format!("Element {at} has no topic")));
        }
        if element.partition < 0 {
            return Err(request::invalid(format!("Element {at} has no partition")));
        }
    }
    request::distinct_partitions(list)?;
    if elements(list).iter().any(|e| e.offset < SPEC_MAX_TIMESTAMP) {
        return Err(request::invalid(
            "An offset is neither a timestamp nor a specification",
        ));
    }
    Ok(elements(list).len())
}

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
    ffi!({ not_built!(result; cntp = 0) })
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
    ffi!({
        request_not_built!(
            AdminOp::LIST_OFFSETS,
            rk,
            options,
            rkqu,
            check(topic_partitions)
        )
    })
}
