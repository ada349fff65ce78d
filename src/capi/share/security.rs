//! Logins of a share consumer: as those of other clients.

use libc::{c_char, size_t};

use super::instance::instance_of;
use crate::base::error::ErrorCode;
use crate::capi::boundary::ffi;
use crate::capi::cstr;
use crate::capi::security::{
    rd_kafka_oauthbearer_set_token, rd_kafka_oauthbearer_set_token_failure,
    rd_kafka_queue_get_sasl, rd_kafka_sasl_background_callbacks_enable,
    rd_kafka_sasl_set_credentials,
};
use crate::capi::types::{
    rd_kafka_error_t, rd_kafka_queue_t, rd_kafka_resp_err_t, rd_kafka_share_t,
};

/// As `rd_kafka_queue_get_sasl`, for a share consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_queue_get_sasl(
    rkshare: *mut rd_kafka_share_t,
) -> *mut rd_kafka_queue_t {
    // SAFETY: the caller's handle is alive.
    ffi!({ unsafe { rd_kafka_queue_get_sasl(instance_of(rkshare)) } })
}

/// As `rd_kafka_oauthbearer_set_token`, for a share consumer; `_INVALID_ARG` for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_oauthbearer_set_token(
    rkshare: *mut rd_kafka_share_t,
    token_value: *const c_char,
    md_lifetime_ms: i64,
    md_principal_name: *const c_char,
    extensions: *mut *const c_char,
    extension_size: size_t,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle, strings and buffer.
        unsafe {
            let rk = instance_of(rkshare);
            let missing = [
                (rk.is_null(), "This is no share consumer"),
                (token_value.is_null(), "The token is NULL"),
                (md_principal_name.is_null(), "The principal is NULL"),
            ];
            if let Some((_, why)) = missing.iter().find(|(is_missing, _)| *is_missing) {
                cstr::write(errstr, errstr_size, why);
                return ErrorCode::_INVALID_ARG;
            }
            rd_kafka_oauthbearer_set_token(
                rk,
                token_value,
                md_lifetime_ms,
                md_principal_name,
                extensions,
                extension_size,
                errstr,
                errstr_size,
            )
        }
    })
}

/// As `rd_kafka_oauthbearer_set_token_failure`, for a share consumer; `_INVALID_ARG` for
/// null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_oauthbearer_set_token_failure(
    rkshare: *mut rd_kafka_share_t,
    errstr: *const c_char,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and string.
        unsafe {
            let rk = instance_of(rkshare);
            if rk.is_null() {
                return ErrorCode::_INVALID_ARG;
            }
            rd_kafka_oauthbearer_set_token_failure(rk, errstr)
        }
    })
}

/// As `rd_kafka_sasl_background_callbacks_enable`, for a share consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_sasl_background_callbacks_enable(
    rkshare: *mut rd_kafka_share_t,
) -> *mut rd_kafka_error_t {
    // SAFETY: the caller's handle is alive.
    ffi!({ unsafe { rd_kafka_sasl_background_callbacks_enable(instance_of(rkshare)) } })
}

/// As `rd_kafka_sasl_set_credentials`, for a share consumer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_sasl_set_credentials(
    rkshare: *mut rd_kafka_share_t,
    username: *const c_char,
    password: *const c_char,
) -> *mut rd_kafka_error_t {
    // SAFETY: the caller's handle and strings.
    ffi!({ unsafe { rd_kafka_sasl_set_credentials(instance_of(rkshare), username, password) } })
}
