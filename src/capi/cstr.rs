//! C strings in and out.

#![allow(unsafe_code)]

use std::borrow::Cow;
use std::ffi::CStr;

use libc::{c_char, c_void, size_t};

/// The bytes of a C string without its NUL; `None` for null.
///
/// # Safety
/// Null, or a string that lives for `'a`.
pub(crate) unsafe fn bytes<'a>(text: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// A C string as it is; `None` for null.
///
/// # Safety
/// As for [`bytes`].
pub(crate) unsafe fn c_str<'a>(text: *const c_char) -> Option<&'a CStr> {
    // SAFETY: the caller's promise.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) })
}

/// A C string as text, with what is not UTF-8 replaced; `None` for null.
///
/// # Safety
/// As for [`bytes`].
pub(crate) unsafe fn text<'a>(text: *const c_char) -> Option<Cow<'a, str>> {
    // SAFETY: the caller's promise.
    unsafe { bytes(text) }.map(String::from_utf8_lossy)
}

/// A C string as text; `Ok(None)` for null, an error for what is not UTF-8.
///
/// # Safety
/// As for [`bytes`].
pub(crate) unsafe fn strict<'a>(
    text: *const c_char,
) -> Result<Option<&'a str>, std::str::Utf8Error> {
    // SAFETY: the caller's promise.
    unsafe { bytes(text) }.map(std::str::from_utf8).transpose()
}

/// `length` bytes at `data`; empty for null.
///
/// # Safety
/// Null, or `length` readable bytes that live for `'a`.
pub(crate) unsafe fn slice<'a>(data: *const c_void, length: size_t) -> &'a [u8] {
    if data.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(data.cast(), length) }
}

/// Writes `text` and a NUL to the application's buffer, cut to its size.
///
/// # Safety
/// Null, or `size` writable bytes.
pub(crate) unsafe fn write(buffer: *mut c_char, size: size_t, text: &str) {
    if buffer.is_null() || size == 0 {
        return;
    }
    let length = text.len().min(size - 1);
    // SAFETY: `length + 1` is at most `size`.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), buffer.cast::<u8>(), length);
        *buffer.add(length) = 0;
    }
}

/// A copy in libc's memory, ended by a NUL, for the application to `free()`.
pub(crate) fn malloc_string(text: &[u8]) -> *mut c_char {
    let copy = malloc(text.len() + 1).cast::<u8>();
    // SAFETY: room for the text and the NUL.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), copy, text.len());
        *copy.add(text.len()) = 0;
    }
    copy.cast()
}

/// A copy in libc's memory; null for no bytes.
pub(crate) fn malloc_copy(data: &[u8]) -> *mut c_void {
    if data.is_empty() {
        return std::ptr::null_mut();
    }
    let copy = malloc(data.len());
    // SAFETY: room for the data.
    unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), copy.cast::<u8>(), data.len()) };
    copy
}

/// libc's `malloc`, which never returns null: without memory the process ends,
/// as with Rust's own allocations.
pub(crate) fn malloc(size: usize) -> *mut c_void {
    // SAFETY: any size will do.
    let memory = unsafe { libc::malloc(size.max(1)) };
    if memory.is_null() {
        std::alloc::handle_alloc_error(
            std::alloc::Layout::array::<u8>(size.max(1)).unwrap_or(std::alloc::Layout::new::<u8>()),
        );
    }
    memory
}

/// The name of a number, "UNSUPPORTED" if it has none.
pub(crate) fn name_at(names: &[&'static CStr], number: i32) -> *const c_char {
    usize::try_from(number)
        .ok()
        .and_then(|at| names.get(at))
        .map_or(c"UNSUPPORTED".as_ptr(), |name| name.as_ptr())
}

/// `count` numbers at `data`; empty for null.
///
/// # Safety
/// Null, or `count` readable numbers that live for `'a`.
pub(crate) unsafe fn numbers<'a>(data: *const i32, count: size_t) -> &'a [i32] {
    if data.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(data, count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_cut_and_ended() {
        let mut buffer = [b'x' as c_char; 4];
        // SAFETY: as large as said.
        unsafe {
            write(buffer.as_mut_ptr(), buffer.len(), "abcdef");
            assert_eq!(bytes(buffer.as_ptr()), Some(&b"abc"[..]));
            write(buffer.as_mut_ptr(), 0, "no room");
            write(std::ptr::null_mut(), 10, "nowhere");
            assert_eq!(text(buffer.as_ptr()).as_deref(), Some("abc"));
            assert_eq!(text(std::ptr::null()), None);
        }
    }
}
