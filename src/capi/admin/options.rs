//! Options of admin requests.

use libc::{c_char, c_int, c_void, size_t};

use crate::capi::boundary::{ffi, not_built};
use crate::capi::types::{
    rd_kafka_AdminOptions_t, rd_kafka_IsolationLevel_t, rd_kafka_admin_op_t,
    rd_kafka_consumer_group_state_t, rd_kafka_consumer_group_type_t, rd_kafka_error_t,
    rd_kafka_resp_err_t, rd_kafka_t,
};

/// Options for one kind of admin request, or with `RD_KAFKA_ADMIN_OP_ANY` for those
/// that all have; null for an unknown kind. A setting that the kind does not have is
/// refused when it is set. Freed by `rd_kafka_AdminOptions_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_new(
    rk: *mut rd_kafka_t,
    for_api: rd_kafka_admin_op_t,
) -> *mut rd_kafka_AdminOptions_t {
    ffi!({ not_built!(rk, for_api) })
}

/// Frees options that the application owns. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_destroy(options: *mut rd_kafka_AdminOptions_t) {
    ffi!({ not_built!(options) })
}

/// Sets how long the whole request may take, connecting and retrying included; -1 for
/// `socket.timeout.ms`. `_INVALID_ARG` outside of -1 to 3600000.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_set_request_timeout(
    options: *mut rd_kafka_AdminOptions_t,
    timeout_ms: c_int,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(options, timeout_ms, errstr, errstr_size) })
}

/// Sets how long the brokers may take to complete the operation before they answer; 0
/// has them answer once it has begun, -1 is without end. CreateTopics, DeleteTopics,
/// CreatePartitions, DeleteRecords and ElectLeaders.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_set_operation_timeout(
    options: *mut rd_kafka_AdminOptions_t,
    timeout_ms: c_int,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(options, timeout_ms, errstr, errstr_size) })
}

/// Not 0: the brokers check the request and change nothing. CreateTopics,
/// CreatePartitions, AlterConfigs and IncrementalAlterConfigs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_set_validate_only(
    options: *mut rd_kafka_AdminOptions_t,
    true_or_false: c_int,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(options, true_or_false, errstr, errstr_size) })
}

/// Sets which broker gets the request, in the place of the one that the library would
/// choose.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_set_broker(
    options: *mut rd_kafka_AdminOptions_t,
    broker_id: i32,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(options, broker_id, errstr, errstr_size) })
}

/// Not 0: offsets that an open transaction may change are waited for.
/// ListConsumerGroupOffsets. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_set_require_stable_offsets(
    options: *mut rd_kafka_AdminOptions_t,
    true_or_false: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(options, true_or_false) })
}

/// Not 0: the result says what the client is allowed to do. DescribeConsumerGroups,
/// DescribeTopics and DescribeCluster. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_set_include_authorized_operations(
    options: *mut rd_kafka_AdminOptions_t,
    true_or_false: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(options, true_or_false) })
}

/// Lists groups in these states only. ListConsumerGroups. Null, or an error that the
/// application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_set_match_consumer_group_states(
    options: *mut rd_kafka_AdminOptions_t,
    consumer_group_states: *const rd_kafka_consumer_group_state_t,
    consumer_group_states_cnt: size_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(options, consumer_group_states, consumer_group_states_cnt) })
}

/// Lists groups of these types only. ListConsumerGroups. Null, or an error that the
/// application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_set_match_consumer_group_types(
    options: *mut rd_kafka_AdminOptions_t,
    consumer_group_types: *const rd_kafka_consumer_group_type_t,
    consumer_group_types_cnt: size_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(options, consumer_group_types, consumer_group_types_cnt) })
}

/// Sets which records count. ListOffsets. Null, or an error that the application
/// destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_set_isolation_level(
    options: *mut rd_kafka_AdminOptions_t,
    value: rd_kafka_IsolationLevel_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(options, value) })
}

/// Sets what `rd_kafka_event_opaque` returns for the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_set_opaque(
    options: *mut rd_kafka_AdminOptions_t,
    ev_opaque: *mut c_void,
) {
    ffi!({ not_built!(options, ev_opaque) })
}
