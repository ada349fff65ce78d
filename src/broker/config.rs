//! What a link is given when it is made.

use std::sync::Arc;

use crate::base::lock::RwLock;

use super::identity::Identity;
use super::observer::{Observer, Watch};
use super::sasl::Login;
use super::transport::{Connector, SocketHooks};
use super::{BrokerStats, LinkEvent, LinkSettings};
use crate::base::log::Logger;

pub type EventSink = Box<dyn Fn(LinkEvent) + Send>;

/// All a link needs to know.
pub struct LinkConfig {
    pub settings: Arc<LinkSettings>,
    pub identity: Arc<RwLock<Identity>>,
    pub logger: Arc<Logger>,
    /// For look-ups of names.
    pub hooks: Arc<dyn SocketHooks>,
    pub connector: Arc<dyn Connector>,
    /// What to log in with, where brokers ask for that.
    pub login: Option<Arc<dyn Login>>,
    pub stats: Arc<BrokerStats>,
    pub events: EventSink,
    pub observer: Option<Arc<dyn Observer>>,
}

impl LinkConfig {
    pub(super) fn watch(&self) -> Option<Watch> {
        self.observer.as_ref().map(|observer| Watch {
            observer: observer.clone(),
            identity: self.identity.clone(),
        })
    }
}
