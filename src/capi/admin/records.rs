//! DeleteRecords.

use libc::size_t;

use crate::admin::by_leader::Asked;
use crate::admin::options::AdminOp;
use crate::admin::records;
use crate::base::error::KafkaError;
use crate::capi::admin::elements::ResultObjects;
use crate::capi::admin::{events, request};
use crate::capi::boundary::ffi;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::topic_partition::{List, elements};
use crate::capi::types::{
    rd_kafka_AdminOptions_t, rd_kafka_DeleteRecords_result_t, rd_kafka_DeleteRecords_s,
    rd_kafka_DeleteRecords_t, rd_kafka_queue_t, rd_kafka_t, rd_kafka_topic_partition_list_t,
};

// The offsets before which records go.
impl Opaque for rd_kafka_DeleteRecords_s {
    type Target = List;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b44_5265;
}

/// # Safety
/// Null, or as many objects of the application's.
unsafe fn given(
    records: *mut *mut rd_kafka_DeleteRecords_t,
    count: size_t,
) -> Result<Vec<Asked>, KafkaError> {
    // SAFETY: the caller's promise.
    let offsets = unsafe { request::one_object(records, count, "list of offsets") }?.get();
    if elements(offsets).is_empty() {
        return Err(request::invalid("There is no partition in the request"));
    }
    request::distinct_partitions(offsets)?;
    Ok(request::asked(offsets))
}

/// Partitions with the offsets before which records are to be removed;
/// `RD_KAFKA_OFFSET_END` removes all. The list is copied. Freed by
/// `rd_kafka_DeleteRecords_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteRecords_new(
    before_offsets: *const rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_DeleteRecords_t {
    ffi!({
        // SAFETY: a list of the application's.
        match unsafe { before_offsets.as_ref() } {
            Some(offsets) => handle::give(List::copy_of(offsets)),
            None => std::ptr::null_mut(),
        }
    })
}

/// Frees an object that the application owns. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteRecords_destroy(
    del_records: *mut rd_kafka_DeleteRecords_t,
) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(del_records) });
    })
}

/// Frees the objects of an array, and not the array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteRecords_destroy_array(
    del_records: *mut *mut rd_kafka_DeleteRecords_t,
    del_record_cnt: size_t,
) {
    ffi!({
        // SAFETY: the application gives the objects of its array up.
        unsafe { handle::take_array(del_records, del_record_cnt) };
    })
}

/// Removes the first records of partitions; `del_record_cnt` must be 1. The result is a
/// DELETERECORDS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteRecords(
    rk: *mut rd_kafka_t,
    del_records: *mut *mut rd_kafka_DeleteRecords_t,
    del_record_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        // SAFETY: handles and an array of the application's.
        unsafe {
            request::start(AdminOp::DELETE_RECORDS, rk, options, rkqu, |request| {
                let partitions = given(del_records, del_record_cnt)?;
                Ok(records::delete(partitions, request).into())
            });
        }
    })
}

/// The partitions with their new first offsets or errors. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteRecords_result_offsets(
    result: *const rd_kafka_DeleteRecords_result_t,
) -> *const rd_kafka_topic_partition_list_t {
    ffi!({
        // SAFETY: null, or the caller's event.
        match unsafe { events::objects(result) } {
            Some(ResultObjects::DeletedRecords(list)) => std::ptr::from_ref(list.get()),
            _ => std::ptr::null(),
        }
    })
}
