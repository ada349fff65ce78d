//! SASL callbacks, tokens and credentials.

use std::borrow::Cow;
use std::ptr;

use libc::{c_char, size_t};

use super::handle::get;
use super::queue::give_queue;
use super::{background, cstr};
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::time::wall_ms;
use crate::broker::sasl::token::Token;
use crate::capi::boundary::ffi;
use crate::capi::error;
use crate::capi::types::{rd_kafka_error_t, rd_kafka_queue_t, rd_kafka_resp_err_t, rd_kafka_t};
use crate::client::command::MainCommand;
use crate::client::oauth::expired;

/// For the functions about tokens.
pub(super) const WITHOUT_OAUTHBEARER: &str = "The client does not use SASL/OAUTHBEARER";

pub(super) fn not_configured() -> *mut rd_kafka_error_t {
    error::give(KafkaError::new(
        ErrorCode::_NOT_CONFIGURED,
        "The client has no queue for SASL callbacks",
    ))
}

/// The queue for token requests, if `rd_kafka_conf_enable_sasl_queue` was called;
/// otherwise null. Given back by `rd_kafka_queue_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_queue_get_sasl(rk: *mut rd_kafka_t) -> *mut rd_kafka_queue_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let queue =
            unsafe { get(rk.cast_const()) }.and_then(|i| i.client.shared.sasl_queue.clone());
        queue.map_or(ptr::null_mut(), |queue| give_queue(rk, queue))
    })
}

/// Lets the background thread serve the SASL queue, so that the application need not
/// poll for tokens. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_sasl_background_callbacks_enable(
    rk: *mut rd_kafka_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let Some(instance) = (unsafe { get(rk.cast_const()) }) else {
            return not_configured();
        };
        let Some(queue) = &instance.client.shared.sasl_queue else {
            return not_configured();
        };
        match background::queue(instance) {
            Ok(Some(to)) => {
                queue.forward(Some(to));
                ptr::null_mut()
            }
            Ok(None) => no_thread("the instance is being destroyed"),
            Err(e) => no_thread(&e.to_string()),
        }
    })
}

/// Replaces user name and password of SASL PLAIN and SCRAM for connections to come, and lets
/// brokers that wait for their next attempt connect. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_sasl_set_credentials(
    rk: *mut rd_kafka_t,
    username: *const c_char,
    password: *const c_char,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: the caller's handle and strings.
        unsafe {
            let (Some(user), Some(password)) = (cstr::text(username), cstr::bytes(password)) else {
                return error::give(KafkaError::new(
                    ErrorCode::_INVALID_ARG,
                    "Both a user name and a password are needed",
                ));
            };
            let shared = get(rk.cast_const()).map(|i| &i.client.shared);
            // A client that logs in otherwise, or not at all, has no use for them.
            if let Some((shared, sasl)) = shared.and_then(|s| Some((s, s.security.sasl.as_ref()?)))
            {
                sasl.credentials.set(&user, password);
                shared.main.send(MainCommand::CredentialsReplaced);
            }
            ptr::null_mut()
        }
    })
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
        // SAFETY: the caller's handle, strings and buffer.
        unsafe {
            let shared = get(rk.cast_const()).map(|i| &i.client.shared);
            let Some(shared) = shared.filter(|s| s.security.tokens().is_some()) else {
                cstr::write(errstr, errstr_size, WITHOUT_OAUTHBEARER);
                return ErrorCode::_STATE;
            };
            let args = (token_value, md_principal_name, md_lifetime_ms);
            let token = token_of(args, extensions, extension_size);
            match token.and_then(|token| shared.set_token(token)) {
                Ok(()) => ErrorCode::NO_ERROR,
                Err(why) => {
                    cstr::write(errstr, errstr_size, &why);
                    ErrorCode::_INVALID_ARG
                }
            }
        }
    })
}

/// # Safety
/// Null or strings that end with a zero; `size` of them in the array.
unsafe fn token_of(
    (value, principal, lifetime_ms): (*const c_char, *const c_char, i64),
    extensions: *mut *const c_char,
    size: size_t,
) -> Result<Token, String> {
    if !size.is_multiple_of(2) {
        return Err(format!(
            "SASL extensions are names and values in turn, and their number, {size}, is no \
             multiple of 2"
        ));
    }
    if let Some(why) = expired(lifetime_ms, wall_ms()) {
        return Err(why);
    }
    // SAFETY: the caller's promise.
    unsafe {
        // What is not UTF-8 is not what RFC 7628 allows, and stays that.
        let text = |text: *const c_char, what: &str| {
            cstr::text(text).ok_or_else(|| format!("The {what} is NULL"))
        };
        let value = text(value, "token")?;
        let principal = text(principal, "principal")?;
        if size > 0 && extensions.is_null() {
            return Err("The list of SASL extensions is NULL".to_owned());
        }
        let extension = |at: usize| {
            text(*extensions.add(at), "name or value of a SASL extension").map(Cow::into_owned)
        };
        let extensions = (0..size)
            .step_by(2)
            .map(|at| Ok((extension(at)?, extension(at + 1)?)))
            .collect::<Result<_, String>>()?;
        Token::new(&value, lifetime_ms, &principal, extensions)
    }
}

/// Says that no token can be had, and why; the library raises an `_AUTHENTICATION`
/// error if that is not what was said before, and asks again after 10 seconds.
/// `_INVALID_ARG` without a text, `_STATE` if the mechanism is not in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_oauthbearer_set_token_failure(
    rk: *mut rd_kafka_t,
    errstr: *const c_char,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and string.
        unsafe {
            let shared = get(rk.cast_const()).map(|i| &i.client.shared);
            let Some(shared) = shared.filter(|s| s.security.tokens().is_some()) else {
                return ErrorCode::_STATE;
            };
            let Some(why) = cstr::text(errstr).filter(|text| !text.is_empty()) else {
                return ErrorCode::_INVALID_ARG;
            };
            shared.token_failed(&why);
            ErrorCode::NO_ERROR
        }
    })
}

fn no_thread(why: &str) -> *mut rd_kafka_error_t {
    error::give(KafkaError::new(
        ErrorCode::_CRIT_SYS_RESOURCE,
        format!("There is no background thread: {why}"),
    ))
}
