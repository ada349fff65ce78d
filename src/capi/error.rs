//! Response codes and error objects.

use std::cell::RefCell;
use std::ffi::CString;
use std::sync::OnceLock;

use libc::{c_char, c_int, size_t};

use crate::base::error::{CODES, CodeInfo, ErrorCode, KafkaError};
use crate::capi::boundary::{self, Pointee, ffi};
use crate::capi::cstr;
use crate::capi::handle::{self, Boxed, Opaque, Tagged, get};
use crate::capi::last_error::last_error;
use crate::capi::types::{
    rd_kafka_err_desc, rd_kafka_error_s, rd_kafka_error_t, rd_kafka_resp_err_t, rd_kafka_t,
};

/// What an `rd_kafka_error_t` points to.
#[derive(Debug)]
pub(crate) struct ErrorObject {
    error: KafkaError,
    text: CString,
}

impl ErrorObject {
    pub(crate) fn new(error: KafkaError) -> Self {
        // A text with a NUL in it is cut there, as C would.
        let text: Vec<u8> = error.text.bytes().take_while(|byte| *byte != 0).collect();
        ErrorObject {
            text: CString::new(text).unwrap_or_default(),
            error,
        }
    }
}

impl Opaque for rd_kafka_error_s {
    type Target = ErrorObject;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b45_7272;
}

/// An error, or none, that belongs to a larger object.
#[derive(Default)]
pub(crate) struct HeldError(Option<Tagged<rd_kafka_error_s>>);

impl From<Option<KafkaError>> for HeldError {
    fn from(error: Option<KafkaError>) -> Self {
        HeldError(error.map(|error| Tagged::new(ErrorObject::new(error))))
    }
}

impl HeldError {
    /// Null without an error; good as long as the larger object stays where it is.
    pub(crate) fn lend(&self) -> *const rd_kafka_error_t {
        self.0.as_ref().map_or(std::ptr::null(), handle::lend)
    }
}

impl Pointee for rd_kafka_error_s {
    fn panicked() -> *mut Self {
        give(ErrorCode::_FAIL.into())
    }

    unsafe fn forked(this: *mut Self) -> *mut Self {
        // SAFETY: null, or the error that the function made.
        drop(unsafe { handle::take(this) });
        give(boundary::forked_error())
    }
}

/// An error object for C to destroy.
pub(crate) fn give(error: KafkaError) -> *mut rd_kafka_error_t {
    handle::give(ErrorObject::new(error))
}

/// An error object for C to destroy, or null if all went well.
pub(crate) fn give_result(result: Result<(), KafkaError>) -> *mut rd_kafka_error_t {
    result.map_or_else(give, |()| std::ptr::null_mut())
}

thread_local! {
    static UNKNOWN_TEXT: RefCell<CString> = RefCell::default();
    static UNKNOWN_NAME: RefCell<CString> = RefCell::default();
}

/// Keeps a text for this thread until it asks for the next one.
fn keep(slot: &'static std::thread::LocalKey<RefCell<CString>>, text: String) -> *const c_char {
    slot.try_with(|slot| {
        let mut slot = slot.borrow_mut();
        *slot = CString::new(text).unwrap_or_default();
        slot.as_ptr()
    })
    .unwrap_or(c"".as_ptr())
}

fn text_of(code: ErrorCode) -> *const c_char {
    match code.info() {
        Some(row) => row.text_c().as_ptr(),
        None => keep(&UNKNOWN_TEXT, code.text().into_owned()),
    }
}

fn name_of(code: ErrorCode) -> *const c_char {
    match code.info() {
        Some(row) => row.name_c().as_ptr(),
        None => keep(&UNKNOWN_NAME, code.name().into_owned()),
    }
}

/// The range markers have a name and no text.
fn desc_of(row: &CodeInfo) -> *const c_char {
    if row.text().is_empty() {
        std::ptr::null()
    } else {
        row.text_c().as_ptr()
    }
}

/// One element per number from the lowest code to the highest, with nulls in the gaps.
fn descriptions() -> &'static [rd_kafka_err_desc] {
    static TABLE: OnceLock<Vec<rd_kafka_err_desc>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table: Vec<_> = (ErrorCode::_BEGIN.0..=ErrorCode::END_ALL.0)
            .map(|_| rd_kafka_err_desc {
                code: ErrorCode::NO_ERROR,
                name: std::ptr::null(),
                desc: std::ptr::null(),
            })
            .collect();
        let rows = CODES
            .iter()
            .map(|row| (row.code, row.name_c().as_ptr(), desc_of(row)));
        let end = (ErrorCode::END_ALL, c"END_ALL".as_ptr(), std::ptr::null());
        for (code, name, desc) in rows.chain([end]) {
            let at = usize::try_from(code.0 - ErrorCode::_BEGIN.0).ok();
            if let Some(slot) = at.and_then(|at| table.get_mut(at)) {
                *slot = rd_kafka_err_desc { code, name, desc };
            }
        }
        table
    })
}

/// Sets `*errdescs` to a table with one element for every number from the lowest
/// response code to the highest, and `*cntp` to its length. The numbers that no code
/// has are elements with a null name. A constant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_get_err_descs(
    errdescs: *mut *const rd_kafka_err_desc,
    cntp: *mut size_t,
) {
    ffi!({
        let table = descriptions();
        // SAFETY: the application's variables, if it gave any.
        unsafe {
            if let Some(errdescs) = errdescs.as_mut() {
                *errdescs = table.as_ptr();
            }
            if let Some(cntp) = cntp.as_mut() {
                *cntp = table.len();
            }
        }
    })
}

/// A text for a response code, such as "Local: Timed out". For codes that are not known
/// it has the number, and is good until the same thread asks about the next one;
/// otherwise a constant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_err2str(err: rd_kafka_resp_err_t) -> *const c_char {
    ffi!({ text_of(err) })
}

/// The name of a response code without its prefix, such as "_TIMED_OUT". For codes that
/// are not known as with `rd_kafka_err2str`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_err2name(err: rd_kafka_resp_err_t) -> *const c_char {
    ffi!({ name_of(err) })
}

/// Why the last call in this thread failed, of the functions that say so (those of the
/// old interface, which return -1 or null and set `errno`). Ask right after the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_last_error() -> rd_kafka_resp_err_t {
    ffi!({ last_error() })
}

/// A response code for an `errno` value that a function of the old interface has left.
/// `rd_kafka_last_error` says it better.
#[deprecated]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_errno2err(errnox: c_int) -> rd_kafka_resp_err_t {
    ffi!({
        match errnox {
            libc::EINVAL => ErrorCode::_INVALID_ARG,
            libc::EBUSY => ErrorCode::_CONFLICT,
            libc::ENOENT => ErrorCode::_UNKNOWN_TOPIC,
            libc::ESRCH => ErrorCode::_UNKNOWN_PARTITION,
            libc::ETIMEDOUT => ErrorCode::_TIMED_OUT,
            libc::EMSGSIZE => ErrorCode::MSG_SIZE_TOO_LARGE,
            libc::ENOBUFS => ErrorCode::_QUEUE_FULL,
            libc::ECANCELED => ErrorCode::_FATAL,
            _ => ErrorCode::_FAIL,
        }
    })
}

/// This thread's `errno`, for languages that cannot read it themselves.
#[deprecated]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_errno() -> c_int {
    ffi!({
        // SAFETY: the address of this thread's errno.
        unsafe { *libc::__errno_location() }
    })
}

/// The error that has made this client instance useless (KIP-98's fencing, a broken
/// idempotent sequence and the like), or `NO_ERROR`. If there is one, its text is
/// written to `errstr`. All that is left to do is to destroy the instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_fatal_error(
    rk: *mut rd_kafka_t,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle is alive and the buffer as large as it says.
        unsafe {
            let Some(instance) = get(rk.cast_const()) else {
                return ErrorCode::_INVALID_ARG;
            };
            match instance.client.shared.fatal() {
                Some(e) => {
                    cstr::write(errstr, errstr_size, &e.text);
                    e.code
                }
                None => ErrorCode::NO_ERROR,
            }
        }
    })
}

/// Raises a fatal error as if the library had, so that an application can test what it
/// does about one. Returns `NO_ERROR`, or `_PREV_IN_PROGRESS` if there is one already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_test_fatal_error(
    rk: *mut rd_kafka_t,
    err: rd_kafka_resp_err_t,
    reason: *const c_char,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and string are alive.
        unsafe {
            let Some(instance) = get(rk.cast_const()) else {
                return ErrorCode::_INVALID_ARG;
            };
            let reason = cstr::text(reason).unwrap_or_default();
            let text = format!("test_fatal_error: {reason}");
            if instance.client.shared.raise_fatal(err, &text) {
                ErrorCode::NO_ERROR
            } else {
                ErrorCode::_PREV_IN_PROGRESS
            }
        }
    })
}

/// The response code of an error; `NO_ERROR` for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_error_code(
    error: *const rd_kafka_error_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: null or an error object of the application's.
        unsafe { handle::get(error) }.map_or(ErrorCode::NO_ERROR, |object| object.error.code)
    })
}

/// The name of an error's code; "" for null. As long-lived as that of
/// `rd_kafka_err2name`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_error_name(error: *const rd_kafka_error_t) -> *const c_char {
    ffi!({
        // SAFETY: null or an error object of the application's.
        match unsafe { handle::get(error) } {
            Some(object) => name_of(object.error.code),
            None => c"".as_ptr(),
        }
    })
}

/// The text of an error; "" for null. Good until the error is destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_error_string(error: *const rd_kafka_error_t) -> *const c_char {
    ffi!({
        // SAFETY: null or an error object of the application's.
        match unsafe { handle::get(error) } {
            Some(object) if object.text.is_empty() => text_of(object.error.code),
            Some(object) => object.text.as_ptr(),
            None => c"".as_ptr(),
        }
    })
}

/// 1 if the client instance cannot go on after this error, otherwise 0; also for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_error_is_fatal(error: *const rd_kafka_error_t) -> c_int {
    ffi!({
        // SAFETY: null or an error object of the application's.
        unsafe { handle::get(error) }
            .is_some_and(|object| object.error.fatal)
            .into()
    })
}

/// 1 if the same call may succeed when it is made again, otherwise 0; also for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_error_is_retriable(error: *const rd_kafka_error_t) -> c_int {
    ffi!({
        // SAFETY: null or an error object of the application's.
        unsafe { handle::get(error) }
            .is_some_and(|object| object.error.retriable)
            .into()
    })
}

/// 1 if the transaction must be aborted by `rd_kafka_abort_transaction`, after which a
/// new one can begin; otherwise 0, also for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_error_txn_requires_abort(
    error: *const rd_kafka_error_t,
) -> c_int {
    ffi!({
        // SAFETY: null or an error object of the application's.
        unsafe { handle::get(error) }
            .is_some_and(|object| object.error.txn_requires_abort)
            .into()
    })
}

/// Frees an error object that the application owns. Null is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_error_destroy(error: *mut rd_kafka_error_t) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(error) });
    })
}
