//! What the layer above gives a client: its configuration, and the application's
//! callbacks that run on the client's own threads.

use std::any::Any;
use std::io;
use std::ops::Deref;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::types::{CommitResult, RebalanceEvent, ThreadKind};
use crate::base::conf::{Conf, TopicConf};
use crate::base::log::Line;
use crate::broker::observer::Observer;
use crate::broker::transport::SocketHooks;
use crate::broker::transport::tls::CertificateCheck;
use crate::producer::Delivery;
use crate::producer::partitioner::CustomPartitioner;

/// The finalized configuration in the layer above's box: C may hold a pointer to it.
pub trait ConfBox: Deref<Target = Conf> + Send + Sync {
    /// There is no client after all: the application still has the configuration, whose
    /// memory stays in place.
    fn give_back(self: Box<Self>);
}

/// One that nobody else has.
#[cfg(test)]
impl ConfBox for Box<Conf> {
    fn give_back(self: Box<Self>) {}
}

/// What the layer above does for the client: the application's callbacks that are
/// called on the client's own threads.
pub trait Hooks: Send + Sync {
    /// A log line, to the application's callback or the standard logger.
    fn log(&self, line: &Line);
    /// The partitioner that the topic's configuration names, if it is not one of
    /// ours.
    fn partitioner(&self, conf: &TopicConf) -> Option<Arc<dyn CustomPartitioner>>;
    /// Opens a file for reading and writing, made if it is not there.
    fn open_file(&self, path: &str) -> io::Result<OwnedFd>;
    fn sockets(&self) -> Arc<dyn SocketHooks>;
    /// Asks the application about brokers' certificates, if it wants that.
    fn certificate_check(&self) -> Option<Arc<dyn CertificateCheck>>;
    /// A thread of the client starts or ends, on that thread.
    fn thread(&self, start: bool, kind: ThreadKind, name: &str);
    /// A batch was delivered or failed, and the application has not been told yet.
    fn acknowledged(&self, delivery: &Delivery);
    /// Offsets were committed or could not be.
    fn committed(&self, result: &CommitResult);
    /// What the layer above does with messages before they are queued, if anything.
    fn on_send(&self) -> Option<Arc<dyn Any + Send + Sync>>;
    /// Gets what happens on connections, if the application wants that.
    fn link_observer(&self) -> Option<Arc<dyn Observer>>;
    /// The address that C knows the instance by, 0 before it has one.
    fn address(&self) -> usize;
    /// Does what an application that leaves rebalances to the library wants.
    fn rebalance(&self, event: &RebalanceEvent);
}
