//! Making, closing and ending a share consumer.

use std::mem::offset_of;

use libc::{c_char, c_int, c_void, size_t};

use crate::base::cancel::NotCancelled;
use crate::base::conf::ClientKind;
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::log::Level;
use crate::capi::boundary::{ffi, forked_error};
use crate::capi::callback::Callback;
use crate::capi::handle::{Boxed, Opaque, Tagged, get};
use crate::capi::instance::Instance;
use crate::capi::instance::share::{AckCb, ShareState};
use crate::capi::last_error::set_last_error;
use crate::capi::lifecycle::{destroy, make};
use crate::capi::types::{
    rd_kafka_conf_t, rd_kafka_error_t, rd_kafka_queue_t, rd_kafka_resp_err_t,
    rd_kafka_share_partition_offsets_list_t, rd_kafka_share_s, rd_kafka_share_t, rd_kafka_t,
};
use crate::capi::{consume as polling, cstr, error, log};
use crate::client::event::Event;
use crate::client::share::ShareConsumer;

impl Opaque for rd_kafka_share_s {
    type Target = *mut rd_kafka_t;
    type Ownership = Boxed;
    const TAG: u32 = 0x6b53_6872;
    const BOUND_TO_PROCESS: bool = true;
}

/// What C has of a share consumer: the client instance first, where programs written against
/// librdkafka's struct look for it (its own tests do), and the tagged value behind it. So this
/// is the one handle that does not begin with its tag: only [`tagged`] leads from it to what
/// [`get`] takes. Where a handle of another type is taken for one of these, there is no tag at
/// that place; and no tag has the low bits of an instance's address, which are none.
#[repr(C)]
struct ShareHandle {
    rk: *mut rd_kafka_t,
    tagged: Tagged<rd_kafka_share_s>,
}

impl ShareHandle {
    fn give(rk: *mut rd_kafka_t) -> *mut rd_kafka_share_t {
        let tagged = Tagged::new(rk);
        Box::into_raw(Box::new(ShareHandle { rk, tagged })).cast()
    }

    /// # Safety
    /// A live share consumer, which C gives up.
    unsafe fn take(rkshare: *mut rd_kafka_share_t) -> Box<Self> {
        // SAFETY: it is from `give`.
        unsafe { Box::from_raw(rkshare.cast()) }
    }
}

/// The tagged part; null of null.
fn tagged(rkshare: *const rd_kafka_share_t) -> *const rd_kafka_share_t {
    match rkshare.is_null() {
        true => rkshare,
        false => rkshare.wrapping_byte_add(offset_of!(ShareHandle, tagged)),
    }
}

/// The parts of a share consumer.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) instance: &'a Instance,
    pub(super) consumer: &'a ShareConsumer,
    pub(super) state: &'a ShareState,
}

/// # Safety
/// Null, or a live share consumer.
pub(super) unsafe fn parts<'a>(rkshare: *const rd_kafka_share_t) -> Result<Parts<'a>, KafkaError> {
    // SAFETY: the caller's promise; the instance lives as long as its handle here.
    let instance = unsafe { get(tagged(rkshare)).and_then(|rk| get(rk.cast_const())) };
    instance
        .and_then(|instance| {
            Some(Parts {
                instance,
                consumer: instance.client.shared.share.as_deref()?,
                state: instance.share.as_ref()?,
            })
        })
        .ok_or_else(|| KafkaError::new(ErrorCode::_STATE, "This is no share consumer"))
}

impl Parts<'_> {
    /// Most calls are for a consumer that is neither closed nor being closed.
    pub(super) fn check_open(&self) -> Result<(), KafkaError> {
        if self.consumer.is_closing() {
            let text = "The share consumer is closed";
            return Err(KafkaError::new(ErrorCode::_STATE, text));
        }
        Ok(())
    }
}

/// The client instance behind a share consumer, or null.
///
/// # Safety
/// Null, or a live share consumer.
pub(super) unsafe fn instance_of(rkshare: *const rd_kafka_share_t) -> *mut rd_kafka_t {
    // SAFETY: the caller's promise.
    unsafe { get(tagged(rkshare)) }.map_or(std::ptr::null_mut(), |rk| *rk)
}

/// Makes a share consumer of the group `group.id` (KIP-932). If it succeeds, `conf`
/// belongs to it; if not, null is returned, and `errstr` says why. Ended by
/// `rd_kafka_share_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_consumer_new(
    conf: *mut rd_kafka_conf_t,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> *mut rd_kafka_share_t {
    ffi!({
        let _whole = NotCancelled::new();
        let made = if conf.is_null() {
            let text = "A share consumer needs a configuration with a group.id";
            Err(KafkaError::new(ErrorCode::_INVALID_ARG, text))
        } else {
            // SAFETY: the caller's configuration.
            unsafe { make(ClientKind::ShareConsumer, conf) }
        };
        match made {
            Ok(rk) => {
                let handle = ShareHandle::give(rk);
                // SAFETY: made just now.
                if let Ok(parts) = unsafe { parts(handle) } {
                    parts.state.set_handle(handle);
                    parts.instance.client.shared.logger.log(
                        Level::Notice,
                        "SHARECONSUMER",
                        format_args!("Share consumers are a preview in librdkafka: their functions may change"),
                    );
                }
                set_last_error(ErrorCode::NO_ERROR, 0);
                handle
            }
            Err(e) => {
                // SAFETY: the buffer is as large as the caller says.
                unsafe { cstr::write(errstr, errstr_size, &e.text) };
                set_last_error(e.code, libc::EINVAL);
                std::ptr::null_mut()
            }
        }
    })
}

/// Sets the function that is told how acknowledgements were taken, by partition and
/// offset. Called by the thread that polls, commits or closes. Null, or an error that the
/// application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_set_acknowledgement_commit_cb(
    rkshare: *mut rd_kafka_share_t,
    share_acknowledgement_commit_cb: Option<
        unsafe extern "C" fn(
            rkshare: *mut rd_kafka_share_t,
            partitions: *mut rd_kafka_share_partition_offsets_list_t,
            err: rd_kafka_resp_err_t,
            opaque: *mut c_void,
        ),
    >,
    opaque: *mut c_void,
) -> *mut rd_kafka_error_t {
    ffi!({
        let set = || {
            // SAFETY: the caller's handle is alive.
            let parts = unsafe { parts(rkshare) }?;
            let _entered = parts.state.enter()?;
            parts.check_open()?;
            let callback: Callback<AckCb> = Callback::new(share_acknowledgement_commit_cb);
            parts.state.set_callback(callback, opaque);
            let is_set = share_acknowledgement_commit_cb.is_some();
            parts.consumer.set_reports(is_set);
            Ok(())
        };
        error::give_result(set())
    })
}

/// # Safety
/// The application gives the handle up, if this succeeds.
unsafe fn end(rkshare: *mut rd_kafka_share_t, flags: c_int) -> Result<(), KafkaError> {
    // SAFETY: the caller's promise.
    unsafe {
        let parts = parts(rkshare)?;
        let entered = parts.state.enter()?;
        if entered.is_nested() {
            let text = "A share consumer cannot be destroyed by a callback of a call that it is in";
            return Err(KafkaError::new(ErrorCode::_STATE, text));
        }
        // Kept for good: no other thread gets in any more.
        std::mem::forget(entered);
        let rk = instance_of(rkshare);
        // The handle stays in place while callbacks may come.
        destroy(rk, flags);
        drop(ShareHandle::take(rkshare));
        Ok(())
    }
}

/// Ends a share consumer, closing it first. Null, or an error that the application
/// destroys; then the share consumer is as it was. `_STATE` from within a callback of
/// another call on it, by the same thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_destroy(
    rkshare: *mut rd_kafka_share_t,
) -> *mut rd_kafka_error_t {
    // SAFETY: the application gives the handle up.
    ffi!({ error::give_result(unsafe { end(rkshare, 0) }) })
}

/// As `rd_kafka_share_destroy`, with the flags of `rd_kafka_destroy_flags`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_destroy_flags(
    rkshare: *mut rd_kafka_share_t,
    flags: c_int,
) -> *mut rd_kafka_error_t {
    // SAFETY: the application gives the handle up.
    ffi!({ error::give_result(unsafe { end(rkshare, flags) }) })
}

/// Closes the share consumer: sends what was acknowledged, releases the rest, leaves
/// the group. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_consumer_close(
    rkshare: *mut rd_kafka_share_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        let close = || {
            // SAFETY: the caller's handle is alive.
            let parts = unsafe { parts(rkshare) }?;
            let _entered = parts.state.enter()?;
            parts.check_open()?;
            polling::close_share(parts.instance, parts.consumer);
            if parts.instance.is_of_parent() {
                return Err(forked_error());
            }
            Ok(())
        };
        error::give_result(close())
    })
}

/// As `rd_kafka_share_consumer_close`, without waiting; the events of closing go to
/// `rkqu`. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_consumer_close_queue(
    rkshare: *mut rd_kafka_share_t,
    rkqu: *mut rd_kafka_queue_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        let close = || {
            // SAFETY: the caller's handles are alive.
            let (parts, queue) = unsafe { (parts(rkshare)?, get(rkqu.cast_const())) };
            let _entered = parts.state.enter()?;
            parts.check_open()?;
            let Some(queue) = queue else {
                let text = "There is no queue to close into";
                return Err(KafkaError::new(ErrorCode::_INVALID_ARG, text));
            };
            let main = &parts.instance.client.shared.main_queue;
            main.forward(Some(queue.queue.clone()));
            parts.consumer.begin_close();
            Ok(())
        };
        error::give_result(close())
    })
}

fn is_closed_and_told(parts: &Parts<'_>) -> bool {
    // In this order: what is told comes before the end.
    if !parts.consumer.is_closed() {
        return false;
    }
    let mut told = true;
    let look = |event: &Event| told &= !matches!(event, Event::Acknowledged(_));
    parts.instance.client.shared.main_queue.inspect(look);
    told
}

/// 1 once the share consumer is closed and its queue has given out the results of
/// acknowledgements that came before, otherwise 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_consumer_closed(rkshare: *mut rd_kafka_share_t) -> c_int {
    ffi!({
        // SAFETY: the caller's handle is alive. Who waits for none would wait for ever.
        c_int::from(unsafe { parts(rkshare) }.map_or(true, |parts| is_closed_and_told(&parts)))
    })
}

/// As `rd_kafka_set_log_queue`, for a share consumer. Null, or an error that the application
/// destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_share_set_log_queue(
    rkshare: *mut rd_kafka_share_t,
    rkqu: *mut rd_kafka_queue_t,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: the caller's handles are alive.
        let code = unsafe { log::rd_kafka_set_log_queue(instance_of(rkshare), rkqu) };
        error::give_result(code.ok().map_err(KafkaError::from))
    })
}
