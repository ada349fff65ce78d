//! ListOffsets.

use libc::size_t;

use crate::admin::by_leader::Asked;
use crate::admin::list_offsets;
use crate::admin::options::AdminOp;
use crate::admin::results::partitions::PartitionOffset;
use crate::base::error::KafkaError;
use crate::capi::admin::elements::list_of;
use crate::capi::admin::events::result_array;
use crate::capi::admin::request;
use crate::capi::boundary::ffi;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::topic_partition::{List, elements, topic};
use crate::capi::types::{
    rd_kafka_AdminOptions_t, rd_kafka_ListOffsets_result_t, rd_kafka_ListOffsetsResultInfo_s,
    rd_kafka_ListOffsetsResultInfo_t, rd_kafka_queue_t, rd_kafka_t,
    rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_t,
};

/// The lowest of `rd_kafka_OffsetSpec_t`: the record with the highest timestamp.
const SPEC_MAX_TIMESTAMP: i64 = -3;

/// What an `rd_kafka_ListOffsetsResultInfo_t` points to.
pub(crate) struct ResultInfo {
    /// Of one element.
    partition: List,
    timestamp: i64,
}

impl From<PartitionOffset> for ResultInfo {
    fn from(found: PartitionOffset) -> Self {
        ResultInfo {
            timestamp: found.timestamp,
            partition: list_of(&[found]),
        }
    }
}

impl Opaque for rd_kafka_ListOffsetsResultInfo_s {
    type Target = ResultInfo;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b4c_4f52;
}

/// # Safety
/// Null, or a list of the application's.
unsafe fn given(
    partitions: *const rd_kafka_topic_partition_list_t,
) -> Result<Vec<Asked>, KafkaError> {
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
    Ok(request::asked(list))
}

/// The partition, with its offset, leader epoch and error. It belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListOffsetsResultInfo_topic_partition(
    result_info: *const rd_kafka_ListOffsetsResultInfo_t,
) -> *const rd_kafka_topic_partition_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let info = unsafe { handle::get(result_info) };
        let partition = info.and_then(|info| elements(info.partition.get()).first());
        partition.map_or(std::ptr::null(), std::ptr::from_ref)
    })
}

/// The timestamp of the record at that offset, or -1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListOffsetsResultInfo_timestamp(
    result_info: *const rd_kafka_ListOffsetsResultInfo_t,
) -> i64 {
    // SAFETY: null, or a part of the caller's event.
    ffi!({ unsafe { handle::get(result_info) }.map_or(-1, |info| info.timestamp) })
}

/// The results by partition, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ListOffsets_result_infos(
    result: *const rd_kafka_ListOffsets_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_ListOffsetsResultInfo_t {
    ffi!({ result_array!(Offsets, result, cntp) })
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
        // SAFETY: handles and a list of the application's.
        unsafe {
            request::start(AdminOp::LIST_OFFSETS, rk, options, rkqu, |request| {
                Ok(list_offsets::list(given(topic_partitions)?, request))
            });
        }
    })
}
