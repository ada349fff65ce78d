//! Who is told of what happens on a link: of requests, responses and states. Where nobody is, nothing is kept for it.

use std::sync::Arc;

use crate::base::lock::RwLock;
use kafka_protocol::messages::ApiKey;

use super::identity::Identity;
use super::stats::StateName;
use crate::base::error::ErrorCode;

/// Called on the loop's thread, but for a link's first state.
pub trait Observer: Send + Sync {
    /// The last byte of a request was written.
    fn request_sent(&self, broker: &Identity, request: &OnWire);
    /// A response was read whole, or will not come: then `err` says why, the size is 0 and the time is -1.
    fn response_received(&self, broker: &Identity, request: &OnWire, rtt_us: i64, err: ErrorCode);
    fn state_changed(&self, broker: &Identity, state: StateName);
}

/// A request, or the response to it.
#[derive(Debug, Clone, Copy)]
pub struct OnWire {
    /// -1 where the connection may be gone.
    pub socket: i32,
    pub api: ApiKey,
    pub version: i16,
    pub correlation_id: i32,
    /// Bytes: of a request with its length, of a response without length and correlation id, as librdkafka has it.
    pub size: usize,
}

/// An observer and the broker it is told of.
#[derive(Clone)]
pub struct Watch {
    pub observer: Arc<dyn Observer>,
    pub identity: Arc<RwLock<Identity>>,
}

impl Watch {
    fn broker(&self) -> Identity {
        self.identity.read().clone()
    }

    pub fn request_sent(&self, request: &OnWire) {
        self.observer.request_sent(&self.broker(), request);
    }

    pub fn response_received(&self, request: &OnWire, rtt_us: i64, err: ErrorCode) {
        let broker = self.broker();
        self.observer
            .response_received(&broker, request, rtt_us, err);
    }

    pub fn state_changed(&self, state: StateName) {
        self.observer.state_changed(&self.broker(), state);
    }
}
