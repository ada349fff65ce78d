//! ElectLeaders.

use libc::size_t;

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_AdminOptions_t, rd_kafka_ElectLeaders_result_t, rd_kafka_ElectLeaders_t,
    rd_kafka_ElectionType_t, rd_kafka_queue_t, rd_kafka_t, rd_kafka_topic_partition_list_t,
    rd_kafka_topic_partition_result_t,
};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ElectLeaders_new(
    election_type: rd_kafka_ElectionType_t,
    partitions: *mut rd_kafka_topic_partition_list_t,
) -> *mut rd_kafka_ElectLeaders_t {
    ffi!({ not_built!(election_type, partitions) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ElectLeaders_destroy(
    elect_leaders: *mut rd_kafka_ElectLeaders_t,
) {
    ffi!({ not_built!(elect_leaders) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ElectLeaders(
    rk: *mut rd_kafka_t,
    elect_leaders: *mut rd_kafka_ElectLeaders_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({ not_built!(rk, elect_leaders, options, rkqu) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ElectLeaders_result_partitions(
    result: *const rd_kafka_ElectLeaders_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_topic_partition_result_t {
    ffi!({ not_built!(result, cntp) })
}
