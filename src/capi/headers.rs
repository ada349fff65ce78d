//! Message headers.

use libc::{c_char, c_void, size_t, ssize_t};

use crate::base::error::ErrorCode;
use crate::base::headers::{Header, Headers};
use crate::capi::boundary::ffi;
use crate::capi::cstr;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::types::{rd_kafka_headers_s, rd_kafka_headers_t, rd_kafka_resp_err_t};

impl Opaque for rd_kafka_headers_s {
    type Target = Headers;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b48_6472;
}

/// Bytes of a length, or a string if the length is -1; `None` for null.
///
/// # Safety
/// The pointer and the length belong together and live for `'a`.
pub(crate) unsafe fn sized<'a>(data: *const c_void, size: ssize_t) -> Option<&'a [u8]> {
    if data.is_null() {
        return None;
    }
    match usize::try_from(size) {
        // SAFETY: the caller's promise.
        Ok(size) => Some(unsafe { cstr::slice(data, size) }),
        // SAFETY: as above.
        Err(_) => unsafe { cstr::bytes(data.cast()) },
    }
}

/// Hands out a header's value, or `_NOENT`.
///
/// # Safety
/// The pointers are null or lead to variables of the application.
unsafe fn put_value(
    header: Option<&Header>,
    valuep: *mut *const c_void,
    sizep: *mut size_t,
) -> rd_kafka_resp_err_t {
    let Some(header) = header else {
        return ErrorCode::_NOENT;
    };
    let value = header.value();
    // SAFETY: the caller's promise.
    unsafe {
        if let Some(valuep) = valuep.as_mut() {
            *valuep = value.map_or(std::ptr::null(), |value| value.as_ptr().cast());
        }
        if let Some(sizep) = sizep.as_mut() {
            *sizep = value.map_or(0, <[u8]>::len);
        }
    }
    ErrorCode::NO_ERROR
}

/// An empty list of headers; `initial_count` is how many there are likely to be. Freed
/// by `rd_kafka_headers_destroy`, unless a message takes it over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_headers_new(initial_count: size_t) -> *mut rd_kafka_headers_t {
    ffi!({ handle::give(Headers::with_capacity(initial_count)) })
}

/// Frees a list of headers that the application owns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_headers_destroy(hdrs: *mut rd_kafka_headers_t) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(hdrs) });
    })
}

/// A copy, which the application owns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_headers_copy(
    src: *const rd_kafka_headers_t,
) -> *mut rd_kafka_headers_t {
    ffi!({
        // SAFETY: an object of the application's.
        match unsafe { handle::get(src) } {
            Some(headers) => handle::give(headers.clone()),
            None => std::ptr::null_mut(),
        }
    })
}

/// Adds a header at the end; name and value are copied. A `name_size` or `value_size`
/// of -1 says that it is a string. A null `value` is a null value. Always `NO_ERROR`
/// for good arguments.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_header_add(
    hdrs: *mut rd_kafka_headers_t,
    name: *const c_char,
    name_size: ssize_t,
    value: *const c_void,
    value_size: ssize_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: an object and strings of the application's; a size of -1 means a string.
        unsafe {
            let (Some(hdrs), Some(name)) = (handle::get_mut(hdrs), sized(name.cast(), name_size))
            else {
                return ErrorCode::_INVALID_ARG;
            };
            hdrs.add(name, sized(value, value_size));
        }
        ErrorCode::NO_ERROR
    })
}

/// Removes all headers of this name. `NO_ERROR`, `_NOENT` if there is none, or
/// `_READ_ONLY` if the headers cannot be changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_header_remove(
    hdrs: *mut rd_kafka_headers_t,
    name: *const c_char,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: an object and a string of the application's.
        let (hdrs, name) = unsafe { (handle::get_mut(hdrs), cstr::bytes(name)) };
        match hdrs.zip(name).map(|(hdrs, name)| hdrs.remove(name)) {
            None => ErrorCode::_INVALID_ARG,
            Some(true) => ErrorCode::NO_ERROR,
            Some(false) => ErrorCode::_NOENT,
        }
    })
}

/// Finds the last header of this name, and sets `*valuep` and `*sizep`, or returns
/// `_NOENT`. The value has a NUL behind it that does not count, and is good until the
/// headers change.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_header_get_last(
    hdrs: *const rd_kafka_headers_t,
    name: *const c_char,
    valuep: *mut *const c_void,
    sizep: *mut size_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: an object and a string of the application's.
        let (hdrs, name) = unsafe { (handle::get(hdrs), cstr::bytes(name)) };
        let Some((hdrs, name)) = hdrs.zip(name) else {
            return ErrorCode::_INVALID_ARG;
        };
        // SAFETY: the application's variables.
        unsafe { put_value(hdrs.named(name).next_back(), valuep, sizep) }
    })
}

/// As `rd_kafka_header_get_last`, for the header that has `idx` others of the same name
/// before it: with 0, 1, ... until `_NOENT` one sees them all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_header_get(
    hdrs: *const rd_kafka_headers_t,
    idx: size_t,
    name: *const c_char,
    valuep: *mut *const c_void,
    sizep: *mut size_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: an object and a string of the application's.
        let (hdrs, name) = unsafe { (handle::get(hdrs), cstr::bytes(name)) };
        let Some((hdrs, name)) = hdrs.zip(name) else {
            return ErrorCode::_INVALID_ARG;
        };
        // SAFETY: the application's variables.
        unsafe { put_value(hdrs.named(name).nth(idx), valuep, sizep) }
    })
}

/// As `rd_kafka_header_get_last`, for the header at `idx` whatever its name, which goes
/// to `*namep`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_header_get_all(
    hdrs: *const rd_kafka_headers_t,
    idx: size_t,
    namep: *mut *const c_char,
    valuep: *mut *const c_void,
    sizep: *mut size_t,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: an object of the application's.
        let Some(hdrs) = (unsafe { handle::get(hdrs) }) else {
            return ErrorCode::_INVALID_ARG;
        };
        let header = hdrs.get(idx);
        // SAFETY: the application's variables.
        unsafe {
            if let (Some(header), Some(namep)) = (header, namep.as_mut()) {
                *namep = header.name().as_ptr().cast();
            }
            put_value(header, valuep, sizep)
        }
    })
}

/// How many headers there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_header_cnt(hdrs: *const rd_kafka_headers_t) -> size_t {
    ffi!({
        // SAFETY: an object of the application's.
        unsafe { handle::get(hdrs) }.map_or(0, Headers::len)
    })
}
