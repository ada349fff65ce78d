//! DeleteRecords.

use libc::size_t;

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_AdminOptions_t, rd_kafka_DeleteRecords_result_t, rd_kafka_DeleteRecords_t,
    rd_kafka_queue_t, rd_kafka_t, rd_kafka_topic_partition_list_t,
};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteRecords_new(
    before_offsets: *const rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_DeleteRecords_t {
    ffi!({ not_built!(before_offsets) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteRecords_destroy(
    del_records: *mut rd_kafka_DeleteRecords_t,
) {
    ffi!({ not_built!(del_records) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteRecords_destroy_array(
    del_records: *mut *mut rd_kafka_DeleteRecords_t,
    del_record_cnt: size_t,
) {
    ffi!({ not_built!(del_records, del_record_cnt) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteRecords(
    rk: *mut rd_kafka_t,
    del_records: *mut *mut rd_kafka_DeleteRecords_t,
    del_record_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({ not_built!(rk, del_records, del_record_cnt, options, rkqu) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DeleteRecords_result_offsets(
    result: *const rd_kafka_DeleteRecords_result_t,
) -> *const rd_kafka_topic_partition_list_t {
    ffi!({ not_built!(result) })
}
