//! Interceptors and plugins.

use std::ffi::{CStr, CString};

use libc::{c_char, c_void};

use crate::base::conf::ClientKind;
use crate::base::error::ErrorCode;
use crate::capi::boundary::ffi;
use crate::capi::callback::Function;
use crate::capi::handle::get;
use crate::capi::intercept::{ConfMethods, Method, Methods};
use crate::capi::types::{
    rd_kafka_conf_t, rd_kafka_interceptor_f_on_acknowledgement_t,
    rd_kafka_interceptor_f_on_broker_state_change_t, rd_kafka_interceptor_f_on_commit_t,
    rd_kafka_interceptor_f_on_conf_destroy_t, rd_kafka_interceptor_f_on_conf_dup_t,
    rd_kafka_interceptor_f_on_conf_set_t, rd_kafka_interceptor_f_on_consume_t,
    rd_kafka_interceptor_f_on_destroy_t, rd_kafka_interceptor_f_on_new_t,
    rd_kafka_interceptor_f_on_request_sent_t, rd_kafka_interceptor_f_on_response_received_t,
    rd_kafka_interceptor_f_on_send_t, rd_kafka_interceptor_f_on_thread_exit_t,
    rd_kafka_interceptor_f_on_thread_start_t, rd_kafka_resp_err_t, rd_kafka_t,
};

/// # Safety
/// Null, or a string.
unsafe fn method<F: Function>(
    ic_name: *const c_char,
    function: Option<F>,
    ic_opaque: *mut c_void,
) -> Option<Method<F>> {
    let name = if ic_name.is_null() {
        CString::default()
    } else {
        // SAFETY: the caller's promise.
        unsafe { CStr::from_ptr(ic_name) }.to_owned()
    };
    Method::new(name, function, ic_opaque)
}

/// # Safety
/// A live configuration, and a name that is null or a string.
unsafe fn add_to_conf<F: Function>(
    conf: *mut rd_kafka_conf_t,
    list: fn(&mut ConfMethods) -> &mut Vec<Method<F>>,
    ic_name: *const c_char,
    function: Option<F>,
    ic_opaque: *mut c_void,
    unique: bool,
) -> rd_kafka_resp_err_t {
    // SAFETY: the caller's promise.
    unsafe {
        match get(conf.cast_const()) {
            Some(conf) => conf
                .hooks
                .add(list, method(ic_name, function, ic_opaque), unique),
            None => ErrorCode::_INVALID_ARG,
        }
    }
}

/// # Safety
/// A live instance, and a name that is null or a string.
unsafe fn add<F: Function>(
    rk: *mut rd_kafka_t,
    list: fn(&mut Methods) -> &mut Vec<Method<F>>,
    ic_name: *const c_char,
    function: Option<F>,
    ic_opaque: *mut c_void,
) -> rd_kafka_resp_err_t {
    // SAFETY: the caller's promise.
    unsafe {
        match get(rk.cast_const()) {
            // Records of a share consumer are not consumed one by one, and it commits
            // nothing.
            Some(i) if i.client.kind() == ClientKind::ShareConsumer => ErrorCode::_NOT_IMPLEMENTED,
            Some(i) => i
                .hooks
                .interceptors
                .add(list, method(ic_name, function, ic_opaque)),
            None => ErrorCode::_INVALID_ARG,
        }
    }
}

/// Adds a function that sees each property that is set on `conf`, and may take it.
/// `ic_name` names the interceptor; `_CONFLICT` if it has added that function already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_interceptor_add_on_conf_set(
    conf: *mut rd_kafka_conf_t,
    ic_name: *const c_char,
    on_conf_set: rd_kafka_interceptor_f_on_conf_set_t,
    ic_opaque: *mut c_void,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the configuration and the name are alive.
        unsafe { add_to_conf(conf, |m| &mut m.set, ic_name, on_conf_set, ic_opaque, true) }
    })
}

/// Adds a function that is told of copies of `conf`. Interceptors are not copied by
/// themselves.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_interceptor_add_on_conf_dup(
    conf: *mut rd_kafka_conf_t,
    ic_name: *const c_char,
    on_conf_dup: rd_kafka_interceptor_f_on_conf_dup_t,
    ic_opaque: *mut c_void,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the configuration and the name are alive.
        unsafe { add_to_conf(conf, |m| &mut m.dup, ic_name, on_conf_dup, ic_opaque, true) }
    })
}

/// Adds a function that is told when `conf` goes away.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_interceptor_add_on_conf_destroy(
    conf: *mut rd_kafka_conf_t,
    ic_name: *const c_char,
    on_conf_destroy: rd_kafka_interceptor_f_on_conf_destroy_t,
    ic_opaque: *mut c_void,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the configuration and the name are alive.
        unsafe {
            add_to_conf(
                conf,
                |m| &mut m.destroy,
                ic_name,
                on_conf_destroy,
                ic_opaque,
                false,
            )
        }
    })
}

/// Adds a function that is told of the client instance made from `conf`, and can add
/// the others there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_interceptor_add_on_new(
    conf: *mut rd_kafka_conf_t,
    ic_name: *const c_char,
    on_new: rd_kafka_interceptor_f_on_new_t,
    ic_opaque: *mut c_void,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the configuration and the name are alive.
        unsafe { add_to_conf(conf, |m| &mut m.new, ic_name, on_new, ic_opaque, true) }
    })
}

/// Adds a function that is told when the instance goes away. As all below: to be called
/// from `on_new`, otherwise `_STATE`; `_CONFLICT` if `ic_name` has added it already;
/// `_NOT_IMPLEMENTED` for a share consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_interceptor_add_on_destroy(
    rk: *mut rd_kafka_t,
    ic_name: *const c_char,
    on_destroy: rd_kafka_interceptor_f_on_destroy_t,
    ic_opaque: *mut c_void,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the instance and the name are alive.
        unsafe { add(rk, |m| &mut m.destroy, ic_name, on_destroy, ic_opaque) }
    })
}

/// Adds a function that sees each message before it is queued, on the thread that
/// produces.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_interceptor_add_on_send(
    rk: *mut rd_kafka_t,
    ic_name: *const c_char,
    on_send: rd_kafka_interceptor_f_on_send_t,
    ic_opaque: *mut c_void,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the instance and the name are alive.
        unsafe { add(rk, |m| &mut m.send, ic_name, on_send, ic_opaque) }
    })
}

/// Adds a function that sees each message that was delivered or failed, on whichever
/// thread finds out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_interceptor_add_on_acknowledgement(
    rk: *mut rd_kafka_t,
    ic_name: *const c_char,
    on_acknowledgement: rd_kafka_interceptor_f_on_acknowledgement_t,
    ic_opaque: *mut c_void,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the instance and the name are alive.
        unsafe {
            add(
                rk,
                |m| &mut m.acknowledgement,
                ic_name,
                on_acknowledgement,
                ic_opaque,
            )
        }
    })
}

/// Adds a function that sees each message before the application gets it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_interceptor_add_on_consume(
    rk: *mut rd_kafka_t,
    ic_name: *const c_char,
    on_consume: rd_kafka_interceptor_f_on_consume_t,
    ic_opaque: *mut c_void,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the instance and the name are alive.
        unsafe { add(rk, |m| &mut m.consume, ic_name, on_consume, ic_opaque) }
    })
}

/// Adds a function that sees the results of commits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_interceptor_add_on_commit(
    rk: *mut rd_kafka_t,
    ic_name: *const c_char,
    on_commit: rd_kafka_interceptor_f_on_commit_t,
    ic_opaque: *mut c_void,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the instance and the name are alive.
        unsafe { add(rk, |m| &mut m.commit, ic_name, on_commit, ic_opaque) }
    })
}

/// Adds a function that is told of each request written, on a broker thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_interceptor_add_on_request_sent(
    rk: *mut rd_kafka_t,
    ic_name: *const c_char,
    on_request_sent: rd_kafka_interceptor_f_on_request_sent_t,
    ic_opaque: *mut c_void,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the instance and the name are alive.
        unsafe {
            add(
                rk,
                |m| &mut m.request_sent,
                ic_name,
                on_request_sent,
                ic_opaque,
            )
        }
    })
}

/// Adds a function that is told of each response read, on a broker thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_interceptor_add_on_response_received(
    rk: *mut rd_kafka_t,
    ic_name: *const c_char,
    on_response_received: rd_kafka_interceptor_f_on_response_received_t,
    ic_opaque: *mut c_void,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the instance and the name are alive.
        unsafe {
            add(
                rk,
                |m| &mut m.response_received,
                ic_name,
                on_response_received,
                ic_opaque,
            )
        }
    })
}

/// Adds a function that each thread of the library calls as it begins.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_interceptor_add_on_thread_start(
    rk: *mut rd_kafka_t,
    ic_name: *const c_char,
    on_thread_start: rd_kafka_interceptor_f_on_thread_start_t,
    ic_opaque: *mut c_void,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the instance and the name are alive.
        unsafe {
            add(
                rk,
                |m| &mut m.thread_start,
                ic_name,
                on_thread_start,
                ic_opaque,
            )
        }
    })
}

/// Adds a function that each thread of the library calls as it ends.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_interceptor_add_on_thread_exit(
    rk: *mut rd_kafka_t,
    ic_name: *const c_char,
    on_thread_exit: rd_kafka_interceptor_f_on_thread_exit_t,
    ic_opaque: *mut c_void,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the instance and the name are alive.
        unsafe {
            add(
                rk,
                |m| &mut m.thread_exit,
                ic_name,
                on_thread_exit,
                ic_opaque,
            )
        }
    })
}

/// Adds a function that is told of the changing states of broker connections.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_interceptor_add_on_broker_state_change(
    rk: *mut rd_kafka_t,
    ic_name: *const c_char,
    on_broker_state_change: rd_kafka_interceptor_f_on_broker_state_change_t,
    ic_opaque: *mut c_void,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the instance and the name are alive.
        unsafe {
            add(
                rk,
                |m| &mut m.broker_state_change,
                ic_name,
                on_broker_state_change,
                ic_opaque,
            )
        }
    })
}
