//! A consumer's group membership, for transactional producers.

use std::ffi::{CStr, CString};

use libc::{c_char, c_void, size_t};

use crate::base::error::{ErrorCode, KafkaError};
use crate::base::group_metadata::GroupMetadata;
use crate::capi::boundary::ffi;
use crate::capi::handle::{self, Boxed, Opaque};
use crate::capi::types::{
    rd_kafka_consumer_group_metadata_s, rd_kafka_consumer_group_metadata_t, rd_kafka_error_t,
    rd_kafka_t,
};
use crate::capi::{cstr, error};

impl Opaque for rd_kafka_consumer_group_metadata_s {
    type Target = GroupMetadata;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b47_7270;
}

/// A copy of a string; `None` for null.
///
/// # Safety
/// Null or a string.
unsafe fn c_string(text: *const c_char) -> Option<CString> {
    // SAFETY: the caller's promise.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_owned())
}

/// The consumer's membership in its group as it is now, for
/// `rd_kafka_send_offsets_to_transaction`; null without a group, and once the consumer is
/// closed. Freed by
/// `rd_kafka_consumer_group_metadata_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata(
    rk: *mut rd_kafka_t,
) -> *mut rd_kafka_consumer_group_metadata_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let instance = unsafe { handle::get(rk.cast_const()) };
        let Some(Ok(consumer)) = instance.map(super::consumer::find::group_consumer) else {
            return std::ptr::null_mut();
        };
        let Some(instance) = instance.filter(|_| !consumer.is_closed()) else {
            return std::ptr::null_mut();
        };
        let c = &instance.conf().global;
        let text = |text: &str| CString::new(text).unwrap_or_default();
        let (member_id, generation_id) = consumer.group.member();
        handle::give(GroupMetadata {
            group_id: text(c.group_id.as_deref().unwrap_or_default()),
            generation_id,
            member_id: text(&member_id),
            group_instance_id: c.group_instance_id.as_deref().map(text),
        })
    })
}

/// The metadata of a group without a membership. The strings are copied. Freed by
/// `rd_kafka_consumer_group_metadata_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_new(
    group_id: *const c_char,
) -> *mut rd_kafka_consumer_group_metadata_t {
    ffi!({
        // SAFETY: a string of the application's.
        match unsafe { c_string(group_id) } {
            Some(group_id) => handle::give(GroupMetadata::new(group_id)),
            None => std::ptr::null_mut(),
        }
    })
}

/// The metadata of a membership; `group_instance_id` may be null. The strings are
/// copied. Freed by `rd_kafka_consumer_group_metadata_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_new_with_genid(
    group_id: *const c_char,
    generation_id: i32,
    member_id: *const c_char,
    group_instance_id: *const c_char,
) -> *mut rd_kafka_consumer_group_metadata_t {
    ffi!({
        // SAFETY: strings of the application's.
        let (group_id, member_id, group_instance_id) = unsafe {
            (
                c_string(group_id),
                c_string(member_id),
                c_string(group_instance_id),
            )
        };
        let Some((group_id, member_id)) = group_id.zip(member_id) else {
            return std::ptr::null_mut();
        };
        handle::give(GroupMetadata {
            group_id,
            generation_id,
            member_id,
            group_instance_id,
        })
    })
}

/// The group's id. Good as long as the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_group_id(
    group_metadata: *const rd_kafka_consumer_group_metadata_t,
) -> *const c_char {
    ffi!({
        // SAFETY: an object of the application's.
        match unsafe { handle::get(group_metadata) } {
            Some(metadata) => metadata.group_id.as_ptr(),
            None => std::ptr::null(),
        }
    })
}

/// The static member's id (KIP-345), or null. Good as long as the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_group_instance_id(
    group_metadata: *const rd_kafka_consumer_group_metadata_t,
) -> *const c_char {
    ffi!({
        // SAFETY: an object of the application's.
        let metadata = unsafe { handle::get(group_metadata) };
        metadata
            .and_then(|metadata| metadata.group_instance_id.as_deref())
            .map_or(std::ptr::null(), CStr::as_ptr)
    })
}

/// The member's id, "" if there is none. Good as long as the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_member_id(
    group_metadata: *const rd_kafka_consumer_group_metadata_t,
) -> *const c_char {
    ffi!({
        // SAFETY: an object of the application's.
        match unsafe { handle::get(group_metadata) } {
            Some(metadata) => metadata.member_id.as_ptr(),
            None => std::ptr::null(),
        }
    })
}

/// The group's generation, or the member's epoch with KIP-848; -1 if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_generation_id(
    group_metadata: *const rd_kafka_consumer_group_metadata_t,
) -> i32 {
    ffi!({
        // SAFETY: an object of the application's.
        unsafe { handle::get(group_metadata) }.map_or(-1, |metadata| metadata.generation_id)
    })
}

/// Frees group metadata that the application owns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_destroy(
    group_metadata: *mut rd_kafka_consumer_group_metadata_t,
) {
    ffi!({
        // SAFETY: the application gives the object up.
        drop(unsafe { handle::take(group_metadata) });
    })
}

/// Serialises group metadata, to hand it to another process. Sets `*bufferp`, which is
/// freed by `rd_kafka_mem_free`, and `*sizep`. Only to be read by the same version of
/// the library. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_write(
    cgmd: *const rd_kafka_consumer_group_metadata_t,
    bufferp: *mut *mut c_void,
    sizep: *mut size_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: an object and variables of the application's.
        let (metadata, bufferp, sizep) =
            unsafe { (handle::get(cgmd), bufferp.as_mut(), sizep.as_mut()) };
        let (Some(metadata), Some(bufferp), Some(sizep)) = (metadata, bufferp, sizep) else {
            return error::give(ErrorCode::_INVALID_ARG.into());
        };
        let bytes = metadata.to_bytes();
        *bufferp = cstr::malloc_copy(&bytes);
        *sizep = bytes.len();
        std::ptr::null_mut()
    })
}

/// The opposite of `rd_kafka_consumer_group_metadata_write`. Sets `*cgmdp`, which the
/// application destroys. Null, or a `_BAD_MSG` error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_consumer_group_metadata_read(
    cgmdp: *mut *mut rd_kafka_consumer_group_metadata_t,
    buffer: *const c_void,
    size: size_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: a variable and bytes of the application's.
        let (cgmdp, bytes) = unsafe { (cgmdp.as_mut(), cstr::slice(buffer, size)) };
        let Some(cgmdp) = cgmdp else {
            return error::give(ErrorCode::_INVALID_ARG.into());
        };
        match GroupMetadata::from_bytes(bytes) {
            Ok(metadata) => {
                *cgmdp = handle::give(metadata);
                std::ptr::null_mut()
            }
            Err(text) => error::give(KafkaError::new(ErrorCode::_BAD_MSG, text)),
        }
    })
}
