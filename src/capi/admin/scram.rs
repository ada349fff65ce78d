//! DescribeUserScramCredentials and AlterUserScramCredentials.

use libc::{c_char, c_uchar, size_t};

use std::borrow::Cow;
use std::ffi::CString;

use crate::admin::args::ScramAlteration;
use crate::admin::options::AdminOp;
use crate::admin::results::{ScramCredential, ScramUser, ScramUserResult};
use crate::admin::scram;
use crate::base::error::KafkaError;
use crate::base::secret::Secret;
use crate::capi::admin::elements::Elements;
use crate::capi::admin::events::result_array;
use crate::capi::admin::request;
use crate::capi::boundary::ffi;
use crate::capi::cstr;
use crate::capi::error::HeldError;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::types::{
    rd_kafka_AdminOptions_t, rd_kafka_AlterUserScramCredentials_result_response_s,
    rd_kafka_AlterUserScramCredentials_result_response_t,
    rd_kafka_AlterUserScramCredentials_result_t, rd_kafka_DescribeUserScramCredentials_result_t,
    rd_kafka_ScramCredentialInfo_s, rd_kafka_ScramCredentialInfo_t, rd_kafka_ScramMechanism_t,
    rd_kafka_UserScramCredentialAlteration_s, rd_kafka_UserScramCredentialAlteration_t,
    rd_kafka_UserScramCredentialsDescription_s, rd_kafka_UserScramCredentialsDescription_t,
    rd_kafka_error_t, rd_kafka_queue_t, rd_kafka_t,
};

impl Opaque for rd_kafka_UserScramCredentialAlteration_s {
    type Target = ScramAlteration;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b53_6372;
}

impl Opaque for rd_kafka_ScramCredentialInfo_s {
    type Target = ScramCredential;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b53_4372;
}

/// A user of DescribeUserScramCredentials.
pub(crate) struct UserObject {
    user: CString,
    error: HeldError,
    credentials: Elements<rd_kafka_ScramCredentialInfo_s>,
}

impl From<ScramUser> for UserObject {
    fn from(user: ScramUser) -> Self {
        UserObject {
            user: user.user,
            error: Some(user.error).into(),
            credentials: Elements::new(user.credentials),
        }
    }
}

impl Opaque for rd_kafka_UserScramCredentialsDescription_s {
    type Target = UserObject;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b53_5573;
}

/// A user of AlterUserScramCredentials.
pub(crate) struct AlteredObject {
    user: CString,
    error: HeldError,
}

impl From<ScramUserResult> for AlteredObject {
    fn from(result: ScramUserResult) -> Self {
        AlteredObject {
            user: result.user,
            error: Some(result.error).into(),
        }
    }
}

impl Opaque for rd_kafka_AlterUserScramCredentials_result_response_s {
    type Target = AlteredObject;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b53_416c;
}

/// A salt from the system's randomness; empty if there is none, which the request refuses.
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
unsafe fn user_names(users: *mut *const c_char, count: size_t) -> Result<Vec<String>, KafkaError> {
    if count == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the caller's promise.
    let users = unsafe { request::names(users, count, "user") }?;
    if users.iter().any(|name| name.is_empty()) {
        return Err(request::invalid("The name of a user is empty"));
    }
    request::distinct(&users, "user")?;
    let names = users.into_iter().map(String::from_utf8_lossy);
    Ok(names.map(Cow::into_owned).collect())
}

/// # Safety
/// Null, or as many objects of the application's, which live for `'a`.
unsafe fn well_formed<'a>(
    alterations: *mut *mut rd_kafka_UserScramCredentialAlteration_t,
    count: size_t,
) -> Result<Vec<&'a ScramAlteration>, KafkaError> {
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
            ScramAlteration::Upsert { password, .. } if password.bytes().is_empty() => {
                "no password"
            }
            ScramAlteration::Upsert { salt, .. } if salt.is_empty() => "no salt",
            ScramAlteration::Upsert { iterations, .. } if *iterations <= 0 => "no iterations",
            _ => continue,
        };
        return Err(request::invalid(format!("Alteration {at} has {fault}")));
    }
    Ok(alterations)
}

/// The credential's mechanism.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ScramCredentialInfo_mechanism(
    scram_credential_info: *const rd_kafka_ScramCredentialInfo_t,
) -> rd_kafka_ScramMechanism_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let info = unsafe { handle::get(scram_credential_info) };
        rd_kafka_ScramMechanism_t(info.map_or(0, |info| info.mechanism))
    })
}

/// The credential's iterations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_ScramCredentialInfo_iterations(
    scram_credential_info: *const rd_kafka_ScramCredentialInfo_t,
) -> i32 {
    // SAFETY: null, or a part of the caller's event.
    ffi!({ unsafe { handle::get(scram_credential_info) }.map_or(0, |info| info.iterations) })
}

/// The user. Good as long as the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_UserScramCredentialsDescription_user(
    description: *const rd_kafka_UserScramCredentialsDescription_t,
) -> *const c_char {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        unsafe { handle::get(description) }.map_or(std::ptr::null(), |user| user.user.as_ptr())
    })
}

/// The error for this user, which is there without a failure, too, with the code
/// `NO_ERROR`. It belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_UserScramCredentialsDescription_error(
    description: *const rd_kafka_UserScramCredentialsDescription_t,
) -> *const rd_kafka_error_t {
    // SAFETY: null, or a part of the caller's event.
    ffi!({ unsafe { handle::get(description) }.map_or(std::ptr::null(), |user| user.error.lend()) })
}

/// How many credentials the user has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_UserScramCredentialsDescription_scramcredentialinfo_count(
    description: *const rd_kafka_UserScramCredentialsDescription_t,
) -> size_t {
    // SAFETY: null, or a part of the caller's event.
    ffi!({ unsafe { handle::get(description) }.map_or(0, |user| user.credentials.len()) })
}

/// The credential at `idx`, or null. It belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_UserScramCredentialsDescription_scramcredentialinfo(
    description: *const rd_kafka_UserScramCredentialsDescription_t,
    idx: size_t,
) -> *const rd_kafka_ScramCredentialInfo_t {
    ffi!({
        // SAFETY: null, or a part of the caller's event.
        let info = unsafe { handle::get(description) }.and_then(|user| user.credentials.get(idx));
        info.map_or(std::ptr::null(), handle::lend)
    })
}

/// The descriptions, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_DescribeUserScramCredentials_result_descriptions(
    result: *const rd_kafka_DescribeUserScramCredentials_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_UserScramCredentialsDescription_t {
    ffi!({ result_array!(ScramUsers, result, cntp) })
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
        // SAFETY: handles and an array of the application's.
        unsafe {
            let op = AdminOp::DESCRIBE_USER_SCRAM_CREDENTIALS;
            request::start(op, rk, options, rkqu, |request| {
                Ok(scram::describe(user_names(users, user_cnt)?, request).into())
            });
        }
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
            password: Secret::new(password),
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
    // SAFETY: null, or a part of the caller's event.
    ffi!({ unsafe { handle::get(response) }.map_or(std::ptr::null(), |user| user.user.as_ptr()) })
}

/// The error for this user, which is there without a failure, too, with the code
/// `NO_ERROR`. It belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AlterUserScramCredentials_result_response_error(
    response: *const rd_kafka_AlterUserScramCredentials_result_response_t,
) -> *const rd_kafka_error_t {
    // SAFETY: null, or a part of the caller's event.
    ffi!({ unsafe { handle::get(response) }.map_or(std::ptr::null(), |user| user.error.lend()) })
}

/// The results by user, `*cntp` of them. They belong to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AlterUserScramCredentials_result_responses(
    result: *const rd_kafka_AlterUserScramCredentials_result_t,
    cntp: *mut size_t,
) -> *mut *const rd_kafka_AlterUserScramCredentials_result_response_t {
    ffi!({ result_array!(ScramAltered, result, cntp) })
}

/// Sets and deletes SCRAM credentials (KIP-554). The call takes as long as the passwords'
/// iterations do: brokers get no passwords, only what is computed from them. The result is
/// an ALTERUSERSCRAMCREDENTIALS_RESULT event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_AlterUserScramCredentials(
    rk: *mut rd_kafka_t,
    alterations: *mut *mut rd_kafka_UserScramCredentialAlteration_t,
    alteration_cnt: size_t,
    options: *const rd_kafka_AdminOptions_t,
    rkqu: *mut rd_kafka_queue_t,
) {
    ffi!({
        // SAFETY: handles and an array of the application's.
        unsafe {
            let op = AdminOp::ALTER_USER_SCRAM_CREDENTIALS;
            request::start(op, rk, options, rkqu, |request| {
                let alterations = well_formed(alterations, alteration_cnt)?;
                Ok(scram::alter(&alterations, request)?.into())
            });
        }
    })
}
