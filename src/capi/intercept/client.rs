//! Interceptors of a client instance.

use std::ffi::CStr;
use std::mem::transmute;
use std::sync::{Arc, OnceLock, Weak};

use libc::{c_int, size_t};
use parking_lot::Mutex;

use super::Method;
use crate::base::cancel::NotCancelled;
use crate::base::error::ErrorCode;
use crate::base::log::{Level, Logger};
use crate::capi::types::{
    rd_kafka_interceptor_f_on_acknowledgement_t, rd_kafka_interceptor_f_on_broker_state_change_t,
    rd_kafka_interceptor_f_on_commit_t, rd_kafka_interceptor_f_on_consume_t,
    rd_kafka_interceptor_f_on_destroy_t, rd_kafka_interceptor_f_on_request_sent_t,
    rd_kafka_interceptor_f_on_response_received_t, rd_kafka_interceptor_f_on_send_t,
    rd_kafka_interceptor_f_on_thread_exit_t, rd_kafka_interceptor_f_on_thread_start_t,
    rd_kafka_message_t, rd_kafka_resp_err_t, rd_kafka_t, rd_kafka_thread_type_t,
    rd_kafka_topic_partition_list_t,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    Destroy,
    Send,
    Acknowledgement,
    Consume,
    Commit,
    RequestSent,
    ResponseReceived,
    ThreadStart,
    ThreadExit,
    BrokerStateChange,
}

impl Point {
    const COUNT: usize = 10;

    fn name(self) -> &'static str {
        match self {
            Point::Destroy => "on_destroy",
            Point::Send => "on_send",
            Point::Acknowledgement => "on_acknowledgement",
            Point::Consume => "on_consume",
            Point::Commit => "on_commit",
            Point::RequestSent => "on_request_sent",
            Point::ResponseReceived => "on_response_received",
            Point::ThreadStart => "on_thread_start",
            Point::ThreadExit => "on_thread_exit",
            Point::BrokerStateChange => "on_broker_state_change",
        }
    }
}

type Lists = [Vec<Method>; Point::COUNT];

/// See the module's comment: added to until [`Interceptors::fix`], read only from then on.
#[derive(Default)]
pub struct Interceptors {
    adding: Mutex<Lists>,
    /// Weak, for the logger leads back here.
    fixed: OnceLock<(Lists, Weak<Logger>)>,
}

/// A request on a broker's connection, as the interceptors are told of it.
#[derive(Clone, Copy)]
pub struct OnWire<'a> {
    pub socket: c_int,
    pub broker: &'a CStr,
    pub broker_id: i32,
    pub api: i16,
    pub version: i16,
    pub correlation_id: i32,
    pub size: size_t,
}

impl Interceptors {
    /// `_STATE` once the instance is made.
    pub fn add(&self, point: Point, method: Method) -> ErrorCode {
        let mut adding = self.adding.lock();
        if self.fixed.get().is_some() {
            return ErrorCode::_STATE;
        }
        match adding.get_mut(point as usize) {
            Some(list) => method.add_to(list, true),
            None => ErrorCode::_INVALID_ARG,
        }
    }

    pub fn fix(&self, logger: &Arc<Logger>) {
        let mut adding = self.adding.lock();
        let _ = self
            .fixed
            .set((std::mem::take(&mut *adding), Arc::downgrade(logger)));
    }

    fn at(&self, point: Point) -> &[Method] {
        let lists = self.fixed.get();
        lists
            .and_then(|(lists, _)| lists.get(point as usize))
            .map_or(&[], Vec::as_slice)
    }

    pub fn has(&self, point: Point) -> bool {
        !self.at(point).is_empty()
    }

    fn each(&self, point: Point, mut call: impl FnMut(&Method) -> ErrorCode) {
        for method in self.at(point) {
            let _whole = NotCancelled::new();
            let code = call(method);
            if code.is_err()
                && let Some((_, logger)) = self.fixed.get()
                && let Some(logger) = logger.upgrade()
            {
                let text = method.failure(point.name(), code, "");
                logger.log(Level::Warning, "ICFAIL", format_args!("{text}"));
            }
        }
    }

    /// # Safety
    /// As for all below: a live instance, and arguments that live for the call.
    pub unsafe fn on_destroy(&self, rk: *mut rd_kafka_t) {
        // SAFETY: functions of this type were added, here and below.
        self.each(Point::Destroy, |m| unsafe {
            let function: rd_kafka_interceptor_f_on_destroy_t = transmute(m.function);
            function.map_or(ErrorCode::NO_ERROR, |f| f(rk, m.opaque()))
        });
    }

    /// # Safety
    /// As for `on_destroy`.
    pub unsafe fn on_send(&self, rk: *mut rd_kafka_t, message: *mut rd_kafka_message_t) {
        // SAFETY: as above.
        self.each(Point::Send, |m| unsafe {
            let function: rd_kafka_interceptor_f_on_send_t = transmute(m.function);
            function.map_or(ErrorCode::NO_ERROR, |f| f(rk, message, m.opaque()))
        });
    }

    /// # Safety
    /// As for `on_destroy`.
    pub unsafe fn on_acknowledgement(&self, rk: *mut rd_kafka_t, message: *mut rd_kafka_message_t) {
        // SAFETY: as above.
        self.each(Point::Acknowledgement, |m| unsafe {
            let function: rd_kafka_interceptor_f_on_acknowledgement_t = transmute(m.function);
            function.map_or(ErrorCode::NO_ERROR, |f| f(rk, message, m.opaque()))
        });
    }

    /// # Safety
    /// As for `on_destroy`.
    pub unsafe fn on_consume(&self, rk: *mut rd_kafka_t, message: *mut rd_kafka_message_t) {
        // SAFETY: as above.
        self.each(Point::Consume, |m| unsafe {
            let function: rd_kafka_interceptor_f_on_consume_t = transmute(m.function);
            function.map_or(ErrorCode::NO_ERROR, |f| f(rk, message, m.opaque()))
        });
    }

    /// # Safety
    /// As for `on_destroy`.
    pub unsafe fn on_commit(
        &self,
        rk: *mut rd_kafka_t,
        offsets: *const rd_kafka_topic_partition_list_t,
        err: rd_kafka_resp_err_t,
    ) {
        // SAFETY: as above.
        self.each(Point::Commit, |m| unsafe {
            let function: rd_kafka_interceptor_f_on_commit_t = transmute(m.function);
            function.map_or(ErrorCode::NO_ERROR, |f| f(rk, offsets, err, m.opaque()))
        });
    }

    /// # Safety
    /// As for `on_destroy`.
    pub unsafe fn on_request_sent(&self, rk: *mut rd_kafka_t, r: OnWire<'_>) {
        // SAFETY: as above.
        self.each(Point::RequestSent, |m| unsafe {
            let function: rd_kafka_interceptor_f_on_request_sent_t = transmute(m.function);
            function.map_or(ErrorCode::NO_ERROR, |f| {
                f(
                    rk,
                    r.socket,
                    r.broker.as_ptr(),
                    r.broker_id,
                    r.api,
                    r.version,
                    r.correlation_id,
                    r.size,
                    m.opaque(),
                )
            })
        });
    }

    /// # Safety
    /// As for `on_destroy`.
    pub unsafe fn on_response_received(
        &self,
        rk: *mut rd_kafka_t,
        r: OnWire<'_>,
        rtt_us: i64,
        err: rd_kafka_resp_err_t,
    ) {
        // SAFETY: as above.
        self.each(Point::ResponseReceived, |m| unsafe {
            let function: rd_kafka_interceptor_f_on_response_received_t = transmute(m.function);
            function.map_or(ErrorCode::NO_ERROR, |f| {
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
                    m.opaque(),
                )
            })
        });
    }

    /// # Safety
    /// As for `on_destroy`.
    pub unsafe fn on_thread_start(
        &self,
        rk: *mut rd_kafka_t,
        kind: rd_kafka_thread_type_t,
        name: &CStr,
    ) {
        // SAFETY: as above.
        self.each(Point::ThreadStart, |m| unsafe {
            let function: rd_kafka_interceptor_f_on_thread_start_t = transmute(m.function);
            function.map_or(ErrorCode::NO_ERROR, |f| {
                f(rk, kind, name.as_ptr(), m.opaque())
            })
        });
    }

    /// # Safety
    /// As for `on_destroy`.
    pub unsafe fn on_thread_exit(
        &self,
        rk: *mut rd_kafka_t,
        kind: rd_kafka_thread_type_t,
        name: &CStr,
    ) {
        // SAFETY: as above.
        self.each(Point::ThreadExit, |m| unsafe {
            let function: rd_kafka_interceptor_f_on_thread_exit_t = transmute(m.function);
            function.map_or(ErrorCode::NO_ERROR, |f| {
                f(rk, kind, name.as_ptr(), m.opaque())
            })
        });
    }

    /// # Safety
    /// As for `on_destroy`.
    pub unsafe fn on_broker_state_change(
        &self,
        rk: *mut rd_kafka_t,
        broker_id: i32,
        protocol: &CStr,
        name: &CStr,
        port: c_int,
        state: &CStr,
    ) {
        // SAFETY: as above.
        self.each(Point::BrokerStateChange, |m| unsafe {
            let function: rd_kafka_interceptor_f_on_broker_state_change_t = transmute(m.function);
            function.map_or(ErrorCode::NO_ERROR, |f| {
                f(
                    rk,
                    broker_id,
                    protocol.as_ptr(),
                    name.as_ptr(),
                    port,
                    state.as_ptr(),
                    m.opaque(),
                )
            })
        });
    }
}
