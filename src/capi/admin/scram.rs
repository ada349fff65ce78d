//! DescribeUserScramCredentials and AlterUserScramCredentials.

use libc::{c_char, c_uchar, size_t};

use std::borrow::Cow;

use crate::admin::args::ScramAlteration;
use crate::admin::options::AdminOp;
use crate::capi::admin::request::{self, request_not_built};
use crate::capi::boundary::{ffi, not_built};
use crate::capi::cstr;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::types::{
    rd_kafka_AdminOptions_t, rd_kafka_AlterUserScramCredentials_result_response_t,
    rd_kafka_AlterUserScramCredentials_result_t, rd_kafka_DescribeUserScramCredentials_result_t,
    rd_kafka_ScramCredentialInfo_t, rd_kafka_ScramMechanism_t,
    rd_kafka_UserScramCredentialAlteration_s, rd_kafka_UserScramCredentialAlteration_t,
    rd_kafka_UserScramCredentialsDescription_t, rd_kafka_error_t, rd_kafka_queue_t, rd_kafka_t,
};

impl Opaque for rd_kafka_UserScramCredentialAlteration_s {
    type Target = ScramAlteration;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b53_6372;
}

/// A salt from the system's randomness; empty if there is none, which the broker refuses.
fn random_salt() -> Vec<u8> {
    let mut salt = vec![0; 64];
    // SAFETY: as many bytes as said.
    let got = unsafe { libc::getrandom(salt.as_mut_ptr().cast(), salt.len(), 0) };
    salt.truncate(usize::try_from(got).unwrap_or(0));
    salt
}

/// The names of users; an array of none stands for all users.
///
/// # Safety
/// Null, or as many strings of the application's.
unsafe fn check_users(users: *mut *const c_char, count: size_t) -> request::Checked {
    if count == 0 {
        return Ok(1);
    }
    // SAFETY: the caller's promise.
    let users = unsafe { request::names(users, count, "user") }?;
    if users.iter().any(|name| name.is_empty()) {
        return Err(request::invalid("The name of a user is empty"));
    }
    request::distinct(users, "user")?;
    Ok(1)
}

/// # Safety
/// Null, or as many objects of the application's.
unsafe fn check_alterations(
    alterations: *mut *mut rd_kafka_UserScramCredentialAlteration_t,
    count: size_t,
) -> request::Checked {
    // SAFETY: the caller's promise.
    let alterations = unsafe { request::objects(alterations, count, "alteration") }?;
    for (at, alteration) in alterations.iter().enumerate() {
        let fault = match alteration {
            ScramAlteration::Upsert { mechanism: 0, .. }
            | ScramAlteration::Delete { mechanism: 0, .. } => "no mechanism",
            ScramAlteration::Upsert { user, .. } | ScramAlteration::Delete { user, .. }
                if user.is_empty() =>
            {
                "no user"
            }
            ScramAlteration::Upsert { password, .. } if password.is_empty() => "no password",
            ScramAlteration::Upsert { salt, .. } if salt.is_empty() => "no salt",
            ScramAlteration::Upsert { iterations, .. } if *iterations <= 0 => "no iterations",
            _ => continue,
        };
        return Err(request::invalid(format!("Alteration {at} has {fault}")));
    }
    Ok(alterations.len())
}

/// The credential's mechanism.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ScramCredentialInfo_mechanism(
    scram_credential_info: *const rd_kafka_ScramCredentialInfo_t,
) -> rd_kafka_ScramMechanism_t {
    ffi!({ not_built!(scram_credential_info) })
}

/// The credential's iterations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ScramCredentialInfo_iterations(
    scram_credential_info: *const rd_kafka_ScramCredentialInfo_t,
) -> i32 {
    ffi!({ not_built!(scram_credential_info) })
}

/// The user. Good as long as the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_UserScramCredentialsDescription_user(
    description: *const rd_kafka_UserScramCredentialsDescription_t,
) -> *const c_char {
    ffi!({ not_built!(description) })
}

/// The error for this user, or null. It belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_UserScramCredentialsDescription_error(
    description: *const rd_kafka_UserScramCredentialsDescription_t,
) -> *const rd_kafka_error_t {
    ffi!({ not_built!(description) })
}

/// How many credentials the user has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_UserScramCredentialsDescription_scramcredentialinfo_count(
    description: *const rd_kafka_UserScramCredentialsDescription_t,
) -> size_t {
    ffi!({ not_built!(description) })
}

/// The credential at `idx`, or null. It belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_UserScramCredentialsDescription_scramcredentialinfo(
    description: *const rd_kafka_UserScramCredentialsDescription_t,
    idx: size_t,
) -> *const rd_kafka_ScramCredentialInfo_t {
    ffi!({ not_built!(description, idx) })
}

/// The descriptions, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeUserScramCredentials_result_descriptions(
    result: *const rd_kafka_DescribeUserScramCredentials_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_UserScramCredentialsDescription_t {
    ffi!({ not_built!(result; cntp = 0) })
}

/// Asks for the SCRAM credentials of users (KIP-554), or of all if `user_cnt` is 0. The
/// result is a DESCRIBEUSERSCRAMCREDENTIALS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeUserScramCredentials(
    rk: *mut rd_kafka_t,
    users: *mut *const c_char,
    user_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        request_not_built!(
            AdminOp::DESCRIBE_USER_SCRAM_CREDENTIALS,
            rk,
            options,
            rkqu,
            check_users(users, user_cnt)
        )
    })
}

/// A credential to set. Without a salt, one is made up. All is copied. Freed by
/// `rd_kafka_UserScramCredentialAlteration_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_UserScramCredentialUpsertion_new(
    username: *const c_char,
    mechanism: rd_kafka_ScramMechanism_t,
    iterations: i32,
    password: *const c_uchar,
    password_size: size_t,
    salt: *const c_uchar,
    salt_size: size_t,
) -> *mut rd_kafka_UserScramCredentialAlteration_t {
    ffi!({
        // SAFETY: a string of the application's.
        let Some(user) = (unsafe { cstr::text(username) }).map(Cow::into_owned) else {
            return std::ptr::null_mut();
        };
        // SAFETY: bytes of the application's.
        let (password, salt) = unsafe {
            (
                cstr::slice(password.cast(), password_size),
                cstr::slice(salt.cast(), salt_size),
            )
        };
        let salt = match salt {
            [] => random_salt(),
            given => given.to_vec(),
        };
        handle::give(ScramAlteration::Upsert {
            user,
            mechanism: mechanism.0,
            iterations,
            password: password.to_vec(),
            salt,
        })
    })
}

/// A credential to delete. Freed by `rd_kafka_UserScramCredentialAlteration_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_UserScramCredentialDeletion_new(
    username: *const c_char,
    mechanism: rd_kafka_ScramMechanism_t,
) -> *mut rd_kafka_UserScramCredentialAlteration_t {
    ffi!({
        // SAFETY: a string of the application's.
        let Some(user) = (unsafe { cstr::text(username) }).map(Cow::into_owned) else {
            return std::ptr::null_mut();
        };
        handle::give(ScramAlteration::Delete {
            user,
            mechanism: mechanism.0,
        })
    })
}

/// Frees an object that the application owns. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_UserScramCredentialAlteration_destroy(
    alteration: *mut rd_kafka_UserScramCredentialAlteration_t,
) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(alteration) });
    })
}

/// Frees the objects of an array, and not the array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_UserScramCredentialAlteration_destroy_array(
    alterations: *mut *mut rd_kafka_UserScramCredentialAlteration_t,
    alteration_cnt: size_t,
) {
    ffi!({
        // SAFETY: the application gives the objects of its array up.
        unsafe { handle::take_array(alterations, alteration_cnt) };
    })
}

/// The user. Good as long as the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AlterUserScramCredentials_result_response_user(
    response: *const rd_kafka_AlterUserScramCredentials_result_response_t,
) -> *const c_char {
    ffi!({ not_built!(response) })
}

/// The error for this user, or null. It belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AlterUserScramCredentials_result_response_error(
    response: *const rd_kafka_AlterUserScramCredentials_result_response_t,
) -> *const rd_kafka_error_t {
    ffi!({ not_built!(response) })
}

/// The results by user, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AlterUserScramCredentials_result_responses(
    result: *const rd_kafka_AlterUserScramCredentials_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_AlterUserScramCredentials_result_response_t {
    ffi!({ not_built!(result; cntp = 0) })
}

/// Sets and deletes SCRAM credentials (KIP-554). The result is an
/// ALTERUSERSCRAMCREDENTIALS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AlterUserScramCredentials(
    rk: *mut rd_kafka_t,
    alterations: *mut *mut rd_kafka_UserScramCredentialAlteration_t,
    alteration_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        request_not_built!(
            AdminOp::ALTER_USER_SCRAM_CREDENTIALS,
            rk,
            options,
            rkqu,
            check_alterations(alterations, alteration_cnt)
        )
    })
}
