//! Options of admin requests.

use libc::{c_char, c_int, c_void, size_t};

use crate::admin::options::{self, AdminOp, AdminOptions};
use crate::base::error::ErrorCode;
use crate::capi::admin::request::invalid;
use crate::capi::boundary::ffi;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::types::{
    rd_kafka_AdminOptions_s, rd_kafka_AdminOptions_t, rd_kafka_IsolationLevel_t,
    rd_kafka_admin_op_t, rd_kafka_consumer_group_state_t, rd_kafka_consumer_group_type_t,
    rd_kafka_error_t, rd_kafka_resp_err_t, rd_kafka_t,
};
use crate::capi::{cstr, error};

impl Opaque for rd_kafka_AdminOptions_s {
    type Target = AdminOptions;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b41_4f70;
}

/// Changes options; an error's text goes to `errstr`.
///
/// # Safety
/// Null, or an object and a buffer of the application's.
unsafe fn set_or_text(
    options: *mut rd_kafka_AdminOptions_t,
    errstr: *mut c_char,
    errstr_size: size_t,
    set: impl FnOnce(&mut AdminOptions) -> Result<(), String>,
) -> rd_kafka_resp_err_t {
    // SAFETY: the caller's promise.
    match unsafe { handle::get_mut(options) }.map(set) {
        Some(Ok(())) => ErrorCode::NO_ERROR,
        Some(Err(text)) => {
            // SAFETY: the caller's promise.
            unsafe { cstr::write(errstr, errstr_size, &text) };
            ErrorCode::_INVALID_ARG
        }
        None => ErrorCode::_INVALID_ARG,
    }
}

/// Changes options; gives an error to the application.
///
/// # Safety
/// Null, or an object of the application's.
unsafe fn set_or_error(
    options: *mut rd_kafka_AdminOptions_t,
    set: impl FnOnce(&mut AdminOptions) -> Result<(), String>,
) -> *mut rd_kafka_error_t {
    // SAFETY: the caller's promise.
    match unsafe { handle::get_mut(options) }.map(set) {
        Some(set) => error::give_result(set.map_err(invalid)),
        None => error::give(ErrorCode::_INVALID_ARG.into()),
    }
}

/// Options for one kind of admin request, or with `RD_KAFKA_ADMIN_OP_ANY` for those
/// that all have; null for an unknown kind. A setting that the kind does not have is
/// refused when it is set. Freed by `rd_kafka_AdminOptions_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_new(
    rk: *mut rd_kafka_t,
    for_api: rd_kafka_admin_op_t,
) -> *mut rd_kafka_AdminOptions_t {
    ffi!({
        match AdminOp::from_number(for_api.0) {
            Some(op) if !rk.is_null() => handle::give(AdminOptions::new(op)),
            _ => std::ptr::null_mut(),
        }
    })
}

/// Frees options that the application owns. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_destroy(options: *mut rd_kafka_AdminOptions_t) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(options) });
    })
}

/// Sets how long the whole request may take, connecting and retrying included, from 0 to
/// 3600000; `socket.timeout.ms` if it is not set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_set_request_timeout(
    options: *mut rd_kafka_AdminOptions_t,
    timeout_ms: c_int,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        let set = |options: &mut AdminOptions| {
            options.request_timeout_ms = options
                .check(&options::REQUEST_TIMEOUT, timeout_ms)
                .map(Some)?;
            Ok(())
        };
        // SAFETY: an object and a buffer of the application's.
        unsafe { set_or_text(options, errstr, errstr_size, set) }
    })
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
    ffi!({
        let set = |options: &mut AdminOptions| {
            options.operation_timeout_ms = options
                .check(&options::OPERATION_TIMEOUT, timeout_ms)
                .map(Some)?;
            Ok(())
        };
        // SAFETY: an object and a buffer of the application's.
        unsafe { set_or_text(options, errstr, errstr_size, set) }
    })
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
    ffi!({
        let set = |options: &mut AdminOptions| {
            options.validate_only = options
                .check(&options::VALIDATE_ONLY, true_or_false)
                .map(|value| value == 1)?;
            Ok(())
        };
        // SAFETY: an object and a buffer of the application's.
        unsafe { set_or_text(options, errstr, errstr_size, set) }
    })
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
    ffi!({
        let set = |options: &mut AdminOptions| {
            options.broker = options.check(&options::BROKER, broker_id).map(Some)?;
            Ok(())
        };
        // SAFETY: an object and a buffer of the application's.
        unsafe { set_or_text(options, errstr, errstr_size, set) }
    })
}

/// Not 0: offsets that an open transaction may change are waited for.
/// ListConsumerGroupOffsets. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_set_require_stable_offsets(
    options: *mut rd_kafka_AdminOptions_t,
    true_or_false: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({
        let set = |options: &mut AdminOptions| {
            options.require_stable_offsets =
                options.check(&options::REQUIRE_STABLE_OFFSETS, true_or_false)? == 1;
            Ok(())
        };
        // SAFETY: an object of the application's.
        unsafe { set_or_error(options, set) }
    })
}

/// Not 0: the result says what the client is allowed to do. DescribeConsumerGroups,
/// DescribeTopics and DescribeCluster. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_set_include_authorized_operations(
    options: *mut rd_kafka_AdminOptions_t,
    true_or_false: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({
        let set = |options: &mut AdminOptions| {
            options.include_authorized_operations =
                options.check(&options::INCLUDE_AUTHORIZED_OPERATIONS, true_or_false)? == 1;
            Ok(())
        };
        // SAFETY: an object of the application's.
        unsafe { set_or_error(options, set) }
    })
}

/// Lists groups in these states only. ListConsumerGroups. Null, or an error that the
/// application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_set_match_consumer_group_states(
    options: *mut rd_kafka_AdminOptions_t,
    consumer_group_states: *const rd_kafka_consumer_group_state_t,
    consumer_group_states_cnt: size_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: an object of the application's, and an array of transparent integers.
        unsafe {
            let numbers = cstr::numbers(consumer_group_states.cast(), consumer_group_states_cnt);
            set_or_error(options, |options| options.set_group_states(numbers))
        }
    })
}

/// Lists groups of these types only. ListConsumerGroups. Null, or an error that the
/// application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_set_match_consumer_group_types(
    options: *mut rd_kafka_AdminOptions_t,
    consumer_group_types: *const rd_kafka_consumer_group_type_t,
    consumer_group_types_cnt: size_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: an object of the application's, and an array of transparent integers.
        unsafe {
            let numbers = cstr::numbers(consumer_group_types.cast(), consumer_group_types_cnt);
            set_or_error(options, |options| options.set_group_types(numbers))
        }
    })
}

/// Sets which records count. ListOffsets. Null, or an error that the application
/// destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_set_isolation_level(
    options: *mut rd_kafka_AdminOptions_t,
    value: rd_kafka_IsolationLevel_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        let set = |options: &mut AdminOptions| {
            options.read_committed = options.check(&options::ISOLATION_LEVEL, value.0)? == 1;
            Ok(())
        };
        // SAFETY: an object of the application's.
        unsafe { set_or_error(options, set) }
    })
}

/// Sets what `rd_kafka_event_opaque` returns for the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AdminOptions_set_opaque(
    options: *mut rd_kafka_AdminOptions_t,
    ev_opaque: *mut c_void,
) {
    ffi!({
        // SAFETY: an object of the application's.
        if let Some(options) = unsafe { handle::get_mut(options) } {
            options.opaque = ev_opaque.expose_provenance();
        }
    })
}
