//! The parts of the main loop that its state machines work with.

use std::sync::Arc;
use std::time::Instant;

use super::router::Router;
use super::shared::ClientShared;
use crate::broker::Request;
use crate::coordinator::{Kind, Node, Target};
use crate::metadata::Manager;

pub struct MainContext<'a> {
    pub now: Instant,
    pub shared: &'a Arc<ClientShared>,
    pub router: &'a mut Router,
    pub metadata: &'a mut Manager,
}

impl MainContext<'_> {
    pub fn send(&mut self, target: Target, request: Request) {
        self.router.route(self.metadata.cache(), target, request);
    }

    /// Keeps a connection to this coordinator. True: there is one already, and it is up.
    pub fn follow(&mut self, kind: Kind, id: Arc<str>, node: Node) -> bool {
        let router = &mut *self.router;
        let (brokers, logger) = (&mut router.brokers, &self.shared.logger);
        router
            .coordinators
            .follow(self.now, brokers, logger, (kind, id), node)
    }
}
