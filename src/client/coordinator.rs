//! Links to coordinators: carries out what the machines of [`crate::coordinator`] want.
//!
//! A coordinator has a connection of its own, so that nothing waits behind a Fetch.

use std::sync::Arc;
use std::time::Instant;

use super::brokers::{Brokers, START_AGAIN};
use super::link_user::BrokerUser;
use super::types::BrokerKey;
use crate::base::log::{Level, Logger};
use crate::broker::command::LinkCommand;
use crate::broker::{Handle, LinkEvent};
use crate::coordinator::{Event, Kind, Node};

/// The name of a coordinator's link, whichever broker it leads to.
pub fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::Group => "GroupCoordinator",
        Kind::Transaction => "TxnCoordinator",
    }
}

/// The coordinators that this client's machines follow, one for each kind.
#[derive(Default)]
pub struct Coordinators {
    links: Vec<Link>,
    /// Those that the system had no thread or descriptor for, and when to start them
    /// again.
    unstarted: Vec<(Kind, Arc<str>, Node, Instant)>,
}

struct Link {
    kind: Kind,
    /// What it coordinates.
    id: Arc<str>,
    key: BrokerKey,
    handle: Handle<BrokerUser>,
    node: Node,
    up: bool,
}

impl Coordinators {
    pub fn next_deadline(&self) -> Option<Instant> {
        self.unstarted.iter().map(|(.., at)| *at).min()
    }

    /// Keeps a connection to this coordinator. True: there is one already, and it is up.
    pub fn follow(
        &mut self,
        now: Instant,
        brokers: &mut Brokers,
        logger: &Arc<Logger>,
        (kind, id): (Kind, Arc<str>),
        node: Node,
    ) -> bool {
        self.unstarted.retain(|(other, ..)| *other != kind);
        if let Some(link) = self.links.iter_mut().find(|l| l.kind == kind) {
            return link.lead_to(node);
        }
        match brokers.add_named(label(kind), &node.host, node.port, node.id) {
            Ok((key, handle)) => {
                handle.send(LinkCommand::Connect);
                let up = false;
                self.links.push(Link {
                    kind,
                    id,
                    key,
                    handle,
                    node,
                    up,
                });
            }
            Err(e) => {
                let text = format_args!("no thread for the coordinator: {e}");
                logger.log(Level::Err, "COORD", text);
                self.unstarted.push((kind, id, node, now + START_AGAIN));
            }
        }
        false
    }

    /// Starts again those that are due.
    pub fn on_time(&mut self, now: Instant, brokers: &mut Brokers, logger: &Arc<Logger>) {
        while let Some(at) = self.unstarted.iter().position(|(.., at)| *at <= now) {
            let (kind, id, node, _) = self.unstarted.swap_remove(at);
            self.follow(now, brokers, logger, (kind, id), node);
        }
    }

    /// The machine whose coordinator's connection came up or went down, and what to tell
    /// it; `None`: that is no coordinator's.
    pub fn on_link(&mut self, key: BrokerKey, event: &LinkEvent) -> Option<(Kind, Event)> {
        let link = self.links.iter_mut().find(|l| l.key == key)?;
        let event = match event {
            LinkEvent::Up { .. } => Event::Up(link.node.id),
            LinkEvent::Down(_) => Event::Down(link.node.id),
            LinkEvent::Throttled { .. } => return None,
        };
        link.up = matches!(event, Event::Up(_));
        Some((link.kind, event))
    }

    /// The node that the link of a coordinator leads to, and the link.
    pub fn link(&self, kind: Kind, id: &str) -> Option<(&Node, &Handle<BrokerUser>)> {
        let is_it = |l: &&Link| l.kind == kind && *l.id == *id;
        self.links.iter().find(is_it).map(|l| (&l.node, &l.handle))
    }
}

impl Link {
    fn lead_to(&mut self, node: Node) -> bool {
        let is_same = self.node == node;
        self.node = node;
        if is_same && self.up {
            return true;
        }
        self.handle.send(LinkCommand::SetAddress {
            host: self.node.host.to_string(),
            port: self.node.port,
            node_id: self.node.id,
        });
        self.handle.send(LinkCommand::SkipBackoff);
        self.handle.send(LinkCommand::Connect);
        false
    }
}
