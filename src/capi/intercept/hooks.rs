//! Interceptors as the layers below know them: through a trait, or as something that a topic carries.

use std::ffi::CString;
use std::ptr;
use std::sync::Arc;

use libc::c_int;

use super::Interceptors;
use super::client::OnWire;
use crate::base::cstring::c_string;
use crate::base::error::ErrorCode;
use crate::broker::identity::Identity;
use crate::broker::observer::{Observer, OnWire as OnWireInfo};
use crate::broker::stats::StateName;
use crate::capi::types::{rd_kafka_message_t, rd_kafka_t};

/// Interceptors of messages to be sent, as a topic has them.
pub(crate) struct SendHooks {
    interceptors: Arc<Interceptors>,
    rk: usize,
}

impl SendHooks {
    pub(crate) fn new(interceptors: Arc<Interceptors>, rk: usize) -> Self {
        SendHooks { interceptors, rk }
    }

    /// # Safety
    /// A message that lives for the call.
    pub(crate) unsafe fn on_send(&self, message: *mut rd_kafka_message_t) {
        // SAFETY: the caller's promise; the instance outlives its topics' use.
        unsafe { self.interceptors.on_send(self.handle(), message) };
    }

    /// # Safety
    /// A message that lives for the call.
    pub(crate) unsafe fn on_acknowledgement(&self, message: *mut rd_kafka_message_t) {
        // SAFETY: as above.
        unsafe { (self.interceptors).on_acknowledgement(self.handle(), message) };
    }

    fn handle(&self) -> *mut rd_kafka_t {
        ptr::with_exposed_provenance_mut(self.rk)
    }
}

/// Interceptors of what happens on connections.
pub(crate) struct LinkHooks {
    interceptors: Arc<Interceptors>,
    rk: usize,
    protocol: CString,
}

impl LinkHooks {
    pub(crate) fn new(interceptors: Arc<Interceptors>, rk: usize, protocol: &str) -> Self {
        let protocol = c_string(protocol);
        LinkHooks {
            interceptors,
            rk,
            protocol,
        }
    }

    fn handle(&self) -> *mut rd_kafka_t {
        ptr::with_exposed_provenance_mut(self.rk)
    }
}

fn on_wire<'a>(id: &Identity, name: &'a CString, r: &OnWireInfo) -> OnWire<'a> {
    OnWire {
        socket: r.socket,
        broker: name,
        broker_id: id.shown_id(),
        api: r.api as i16,
        version: r.version,
        correlation_id: r.correlation_id,
        size: r.size,
    }
}

impl Observer for LinkHooks {
    fn request_sent(&self, id: &Identity, request: &OnWireInfo) {
        let name = c_string(&id.name());
        // SAFETY: the instance outlives its threads, the name the call.
        unsafe {
            (self.interceptors).on_request_sent(self.handle(), on_wire(id, &name, request));
        }
    }

    fn response_received(&self, id: &Identity, request: &OnWireInfo, rtt_us: i64, err: ErrorCode) {
        let name = c_string(&id.name());
        let wire = on_wire(id, &name, request);
        // SAFETY: as above.
        unsafe { (self.interceptors).on_response_received(self.handle(), wire, rtt_us, err) };
    }

    fn state_changed(&self, id: &Identity, state: StateName) {
        let (host, port) = match &id.label {
            Some(label) => (c_string(label), 0),
            None => (c_string(&id.host), c_int::from(id.port)),
        };
        let state = c_string(state.text());
        // SAFETY: as above.
        unsafe {
            (self.interceptors).on_broker_state_change(
                self.handle(),
                id.shown_id(),
                &self.protocol,
                &host,
                port,
                &state,
            );
        }
    }
}
