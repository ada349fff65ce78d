//! The parts of the main loop that its state machines work with.

use std::sync::Arc;
use std::time::Instant;

use super::brokers::Brokers;
use super::coordinator::Coordinators;
use super::shared::ClientShared;
use crate::broker::Request;
use crate::metadata::Manager;

pub struct MainContext<'a> {
    pub now: Instant,
    pub shared: &'a Arc<ClientShared>,
    pub brokers: &'a mut Brokers,
    pub coordinators: &'a mut Coordinators,
    pub metadata: &'a mut Manager,
    /// Requests that any broker may answer.
    pub to_any: &'a mut Vec<Request>,
}
