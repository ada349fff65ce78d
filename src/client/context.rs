//! The parts of the main loop that its state machines work with.

use std::sync::Arc;
use std::time::Instant;

use kafka_protocol::messages::ApiKey;

use super::command::MainCommand;
use super::router::Router;
use super::shared::ClientShared;
use crate::broker::{Request, RequestError, Response};
use crate::coordinator::{Find, Kind, Node, Target};
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

    /// Asks any broker for a coordinator; `answer` makes of the result what the main thread
    /// is told.
    pub fn find_coordinator(
        &mut self,
        find: Find,
        answer: impl FnOnce(Result<Response, RequestError>) -> MainCommand + Send + 'static,
    ) {
        let main = self.shared.main.clone();
        let request = Request::new(
            ApiKey::FindCoordinator,
            find.timeout,
            move |version| find.build(version),
            move |result| main.send(answer(result)),
        );
        self.send(Target::Any, request);
    }

    /// `node` is the coordinator as the machine that asks knows it.
    pub fn send_to_coordinator(&mut self, kind: Kind, id: Arc<str>, node: &Node, request: Request) {
        let link = self.router.coordinators.link(kind, &id);
        if link.is_some_and(|(known, _)| known == node) {
            self.send(Target::Coordinator(kind, id), request);
        } else {
            let why = "the coordinator has changed".into();
            (request.reply)(Err(RequestError::Disconnected(why)));
        }
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
