//! Interceptors of a client instance.

use std::ffi::{CStr, c_void};
use std::sync::{Arc, OnceLock, Weak};

use crate::base::lock::Mutex;
use libc::{c_int, size_t};

use super::{List, Method};
use crate::base::cancel::NotCancelled;
use crate::base::error::ErrorCode;
use crate::base::log::{Level, Logger};
use crate::capi::callback::Function;
use crate::capi::types::{
    rd_kafka_interceptor_f_on_acknowledgement_t, rd_kafka_interceptor_f_on_broker_state_change_t,
    rd_kafka_interceptor_f_on_commit_t, rd_kafka_interceptor_f_on_consume_t,
    rd_kafka_interceptor_f_on_destroy_t, rd_kafka_interceptor_f_on_request_sent_t,
    rd_kafka_interceptor_f_on_response_received_t, rd_kafka_interceptor_f_on_send_t,
    rd_kafka_interceptor_f_on_thread_exit_t, rd_kafka_interceptor_f_on_thread_start_t,
    rd_kafka_message_t, rd_kafka_resp_err_t, rd_kafka_t, rd_kafka_thread_type_t,
    rd_kafka_topic_partition_list_t,
};

/// What was added to an instance.
#[derive(Default)]
pub(crate) struct Methods {
    pub(crate) destroy: List<rd_kafka_interceptor_f_on_destroy_t>,
    pub(crate) send: List<rd_kafka_interceptor_f_on_send_t>,
    pub(crate) acknowledgement: List<rd_kafka_interceptor_f_on_acknowledgement_t>,
    pub(crate) consume: List<rd_kafka_interceptor_f_on_consume_t>,
    pub(crate) commit: List<rd_kafka_interceptor_f_on_commit_t>,
    pub(crate) request_sent: List<rd_kafka_interceptor_f_on_request_sent_t>,
    pub(crate) response_received: List<rd_kafka_interceptor_f_on_response_received_t>,
    pub(crate) thread_start: List<rd_kafka_interceptor_f_on_thread_start_t>,
    pub(crate) thread_exit: List<rd_kafka_interceptor_f_on_thread_exit_t>,
    pub(crate) broker_state_change: List<rd_kafka_interceptor_f_on_broker_state_change_t>,
}

/// See the module's comment: added to until [`Interceptors::fix`], read only from then on.
#[derive(Default)]
pub(crate) struct Interceptors {
    adding: Mutex<Methods>,
    /// Weak, for the logger leads back here.
    fixed: OnceLock<(Methods, Weak<Logger>)>,
}

/// A request on a broker's connection, as the interceptors see it.
#[derive(Clone, Copy)]
pub(crate) struct OnWire<'a> {
    pub(crate) socket: c_int,
    pub(crate) broker: &'a CStr,
    pub(crate) broker_id: i32,
    pub(crate) api: i16,
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
    pub(crate) size: size_t,
}

impl Interceptors {
    /// `_STATE` once the instance is made.
    pub(crate) fn add<F: Function>(
        &self,
        list: fn(&mut Methods) -> &mut Vec<Method<F>>,
        method: Option<Method<F>>,
    ) -> ErrorCode {
        let mut adding = self.adding.lock();
        if self.fixed.get().is_some() {
            return ErrorCode::_STATE;
        }
        super::add(list(&mut adding), method, true)
    }

    pub(crate) fn fix(&self, logger: &Arc<Logger>) {
        let mut adding = self.adding.lock();
        let _ = self
            .fixed
            .set((std::mem::take(&mut *adding), Arc::downgrade(logger)));
    }

    /// Whether there is a method for any of what `wanted` asks for.
    pub(crate) fn has(&self, wanted: impl FnOnce(&Methods) -> bool) -> bool {
        self.fixed.get().is_some_and(|(methods, _)| wanted(methods))
    }

    fn each<F: Function>(
        &self,
        name: &str,
        list: fn(&Methods) -> &Vec<Method<F>>,
        mut call: impl FnMut(F, *mut c_void) -> ErrorCode,
    ) {
        let Some((methods, logger)) = self.fixed.get() else {
            return;
        };
        for method in list(methods) {
            let _whole = NotCancelled::new();
            let code = call(method.function, method.opaque());
            if code.is_err()
                && let Some(logger) = logger.upgrade()
            {
                let text = method.failure(name, code, "");
                logger.log(Level::Warning, "ICFAIL", format_args!("{text}"));
            }
        }
    }

    /// # Safety
    /// As for all below: a live instance, and arguments that live for the call.
    pub(crate) unsafe fn on_destroy(&self, rk: *mut rd_kafka_t) {
        // SAFETY: the caller's promise, here and below.
        self.each(
            "on_destroy",
            |m| &m.destroy,
            |f, opaque| unsafe { f(rk, opaque) },
        );
    }

    /// # Safety
    /// As for `on_destroy`.
    pub(crate) unsafe fn on_send(&self, rk: *mut rd_kafka_t, message: *mut rd_kafka_message_t) {
        // SAFETY: as above.
        self.each(
            "on_send",
            |m| &m.send,
            |f, opaque| unsafe { f(rk, message, opaque) },
        );
    }

    /// # Safety
    /// As for `on_destroy`.
    pub(crate) unsafe fn on_acknowledgement(
        &self,
        rk: *mut rd_kafka_t,
        message: *mut rd_kafka_message_t,
    ) {
        // SAFETY: as above.
        self.each(
            "on_acknowledgement",
            |m| &m.acknowledgement,
            |f, opaque| unsafe { f(rk, message, opaque) },
        );
    }

    /// # Safety
    /// As for `on_destroy`.
    pub(crate) unsafe fn on_consume(&self, rk: *mut rd_kafka_t, message: *mut rd_kafka_message_t) {
        // SAFETY: as above.
        self.each(
            "on_consume",
            |m| &m.consume,
            |f, opaque| unsafe { f(rk, message, opaque) },
        );
    }

    /// # Safety
    /// As for `on_destroy`.
    pub(crate) unsafe fn on_commit(
        &self,
        rk: *mut rd_kafka_t,
        offsets: *const rd_kafka_topic_partition_list_t,
        err: rd_kafka_resp_err_t,
    ) {
        // SAFETY: as above.
        self.each(
            "on_commit",
            |m| &m.commit,
            |f, opaque| unsafe { f(rk, offsets, err, opaque) },
        );
    }

    /// # Safety
    /// As for `on_destroy`.
    pub(crate) unsafe fn on_request_sent(&self, rk: *mut rd_kafka_t, r: OnWire<'_>) {
        // SAFETY: as above.
        self.each(
            "on_request_sent",
            |m| &m.request_sent,
            |f, opaque| unsafe {
                {
                    f(
                        rk,
                        r.socket,
                        r.broker.as_ptr(),
                        r.broker_id,
                        r.api,
                        r.version,
                        r.correlation_id,
                        r.size,
                        opaque,
                    )
                }
            },
        );
    }

    /// # Safety
    /// As for `on_destroy`.
    pub(crate) unsafe fn on_response_received(
        &self,
        rk: *mut rd_kafka_t,
        r: OnWire<'_>,
        rtt_us: i64,
        err: rd_kafka_resp_err_t,
    ) {
        // SAFETY: as above.
        self.each(
            "on_response_received",
            |m| &m.response_received,
            |f, opaque| unsafe {
                {
                    f(
                        rk,
                        r.socket,
                        r.broker.as_ptr(),
                        r.broker_id,
                        r.api,
                        r.version,
                        r.correlation_id,
                        r.size,
                        rtt_us,
                        err,
                        opaque,
                    )
                }
            },
        );
    }

    /// # Safety
    /// As for `on_destroy`.
    pub(crate) unsafe fn on_thread_start(
        &self,
        rk: *mut rd_kafka_t,
        kind: rd_kafka_thread_type_t,
        name: &CStr,
    ) {
        // SAFETY: as above.
        self.each(
            "on_thread_start",
            |m| &m.thread_start,
            |f, opaque| unsafe { f(rk, kind, name.as_ptr(), opaque) },
        );
    }

    /// # Safety
    /// As for `on_destroy`.
    pub(crate) unsafe fn on_thread_exit(
        &self,
        rk: *mut rd_kafka_t,
        kind: rd_kafka_thread_type_t,
        name: &CStr,
    ) {
        // SAFETY: as above.
        self.each(
            "on_thread_exit",
            |m| &m.thread_exit,
            |f, opaque| unsafe { f(rk, kind, name.as_ptr(), opaque) },
        );
    }

    /// # Safety
    /// As for `on_destroy`.
    pub(crate) unsafe fn on_broker_state_change(
        &self,
        rk: *mut rd_kafka_t,
        broker_id: i32,
        protocol: &CStr,
        name: &CStr,
        port: c_int,
        state: &CStr,
    ) {
        // SAFETY: as above.
        self.each(
            "on_broker_state_change",
            |m| &m.broker_state_change,
            |f, opaque| unsafe {
                {
                    f(
                        rk,
                        broker_id,
                        protocol.as_ptr(),
                        name.as_ptr(),
                        port,
                        state.as_ptr(),
                        opaque,
                    )
                }
            },
        );
    }
}
