//! SASL callbacks and credentials.
//!
//! SASL is not built: `rd_kafka_new` refuses what configures it, so that these functions
//! meet only instances without. They answer as librdkafka does for such a one, save
//! `rd_kafka_sasl_set_credentials`, which has nothing to set.

use libc::{c_char, size_t};

use crate::base::error::{ErrorCode, KafkaError};
use crate::capi::boundary::{ffi, not_built};
use crate::capi::error;
use crate::capi::types::{rd_kafka_error_t, rd_kafka_queue_t, rd_kafka_resp_err_t, rd_kafka_t};

/// For the functions about tokens.
pub(super) const WITHOUT_OAUTHBEARER: &str = "The client does not use SASL/OAUTHBEARER";

pub(super) fn not_configured() -> *mut rd_kafka_error_t {
    error::give(KafkaError::new(
        ErrorCode::_NOT_CONFIGURED,
        "The client uses no SASL mechanism that asks for tokens",
    ))
}

/// The queue for token requests, if `rd_kafka_conf_enable_sasl_queue` was called;
/// otherwise null. Given back by `rd_kafka_queue_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_get_sasl(rk: *mut rd_kafka_t) -> *mut rd_kafka_queue_t {
    ffi!({ not_built!(rk) })
}

/// Lets the background thread serve the SASL queue, so that the application need not
/// poll for tokens. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_sasl_background_callbacks_enable(
    rk: *mut rd_kafka_t,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rk => not_configured()) })
}

/// Replaces user name and password of SASL PLAIN and SCRAM for connections to come.
/// Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_sasl_set_credentials(
    rk: *mut rd_kafka_t,
    username: *const c_char,
    password: *const c_char,
) -> *mut rd_kafka_error_t {
    ffi!({ not_built!(rk, username, password) })
}

/// Sets the token for SASL/OAUTHBEARER, the time when it expires in milliseconds since
/// 1970, its principal, and `extension_size` strings of names and values in turn
/// (KIP-342). `_INVALID_ARG` with a text in `errstr` if something is wrong, `_STATE` if
/// the mechanism is not in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_oauthbearer_set_token(
    rk: *mut rd_kafka_t,
    token_value: *const c_char,
    md_lifetime_ms: i64,
    md_principal_name: *const c_char,
    extensions: *mut *const c_char,
    extension_size: size_t,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        not_built!(
            rk,
            token_value,
            md_lifetime_ms,
            md_principal_name,
            extensions,
            extension_size;
            text(errstr, errstr_size) = WITHOUT_OAUTHBEARER
            => ErrorCode::_STATE
        )
    })
}

/// Says that no token can be had, and why; the library raises an `_AUTHENTICATION`
/// error, and asks again later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_oauthbearer_set_token_failure(
    rk: *mut rd_kafka_t,
    errstr: *const c_char,
) -> rd_kafka_resp_err_t {
    ffi!({ not_built!(rk, errstr => ErrorCode::_STATE) })
}
