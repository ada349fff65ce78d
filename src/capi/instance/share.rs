//! What C has of a share consumer beside the client instance: who may call it now, and whom
//! the results of acknowledgements go to.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use libc::c_void;

use crate::base::error::{ErrorCode, KafkaError};
use crate::capi::callback::Callback;
use crate::capi::types::{
    rd_kafka_resp_err_t, rd_kafka_share_partition_offsets_list_t, rd_kafka_share_t,
};

/// The type of the acknowledgement commit callback.
pub(crate) type AckCb = unsafe extern "C" fn(
    *mut rd_kafka_share_t,
    *mut rd_kafka_share_partition_offsets_list_t,
    rd_kafka_resp_err_t,
    *mut c_void,
);

const NOBODY: u64 = 0;

/// A share consumer is for one thread at a time.
#[derive(Default)]
pub(crate) struct ShareState {
    handle: AtomicUsize,
    /// The thread that is in a call, and how many calls deep.
    owner: AtomicU64,
    depth: AtomicU32,
    callback: AtomicUsize,
    opaque: AtomicUsize,
    in_callback: AtomicBool,
}

/// A call of a share consumer is under way.
pub(crate) struct Entered<'a>(&'a ShareState);

fn this_thread() -> u64 {
    // SAFETY: asks for this thread's id, nothing else.
    let id = unsafe { libc::syscall(libc::SYS_gettid) };
    id.unsigned_abs()
}

impl ShareState {
    pub(crate) fn set_handle(&self, handle: *mut rd_kafka_share_t) {
        self.handle
            .store(handle.expose_provenance(), Ordering::Release);
    }

    /// Keeps other threads out until the result is dropped; the same thread may enter again.
    pub(crate) fn enter(&self) -> Result<Entered<'_>, KafkaError> {
        let me = this_thread();
        let before = self
            .owner
            .compare_exchange(NOBODY, me, Ordering::AcqRel, Ordering::Acquire);
        if let Err(other) = before
            && other != me
        {
            // The tests of confluent-kafka-python look for what stands before the colon.
            let text = format!(
                "A share consumer is not safe for multi-threaded access: thread {other} is in a call, this is thread {me}"
            );
            return Err(KafkaError::new(ErrorCode::_CONFLICT, text));
        }
        if self.in_callback.load(Ordering::Acquire) {
            if before.is_ok() {
                self.owner.store(NOBODY, Ordering::Release);
            }
            let text = "The acknowledgement callback cannot call its share consumer";
            return Err(KafkaError::new(ErrorCode::_STATE, text));
        }
        self.depth.fetch_add(1, Ordering::AcqRel);
        Ok(Entered(self))
    }

    pub(crate) fn set_callback(&self, callback: Callback<AckCb>, opaque: *mut c_void) {
        self.opaque
            .store(opaque.expose_provenance(), Ordering::Release);
        self.callback.store(callback.address(), Ordering::Release);
    }

    /// Calls the callback as it is set now.
    pub(crate) fn report(
        &self,
        list: *mut rd_kafka_share_partition_offsets_list_t,
        code: rd_kafka_resp_err_t,
    ) {
        // SAFETY: stored by `set_callback`.
        let callback =
            unsafe { Callback::<AckCb>::from_address(self.callback.load(Ordering::Acquire)) };
        let Some(callback) = callback.function() else {
            return;
        };
        let handle = std::ptr::with_exposed_provenance_mut(self.handle.load(Ordering::Acquire));
        let opaque = std::ptr::with_exposed_provenance_mut(self.opaque.load(Ordering::Acquire));
        self.in_callback.store(true, Ordering::Release);
        // SAFETY: the list lives until the callback returns.
        unsafe { callback(handle, list, code, opaque) };
        self.in_callback.store(false, Ordering::Release);
    }
}

impl Entered<'_> {
    /// By a thread that is in another call, which has called back.
    pub(crate) fn is_nested(&self) -> bool {
        self.0.depth.load(Ordering::Acquire) > 1
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if self.0.depth.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.owner.store(NOBODY, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_at_a_time_may_enter() {
        let state = ShareState::default();
        let outer = state.enter().map_err(|e| e.code);
        let inner = state.enter().map_err(|e| e.code);
        let nested = |e: &Result<Entered<'_>, _>| e.as_ref().map(Entered::is_nested).ok();
        assert!(inner.is_ok() && nested(&inner) == Some(true));
        drop(inner);
        assert_eq!(nested(&outer), Some(false));
        std::thread::scope(|s| {
            let refused = s.spawn(|| state.enter().err().map(|e| e.code));
            assert_eq!(refused.join().unwrap(), Some(ErrorCode::_CONFLICT));
        });
        drop(outer);
        std::thread::scope(|s| {
            let entered = s.spawn(|| state.enter().is_ok());
            assert!(entered.join().unwrap());
        });
    }
}
