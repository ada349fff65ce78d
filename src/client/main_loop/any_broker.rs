//! Requests that any broker can answer.
//!
//! They go to the broker with the least to do, or wait until some link is up. A
//! broker that is stale (see `bootstrap`) is asked only when all others are down.

use std::sync::atomic::Ordering;

use super::MainLoop;
use crate::broker::Request;
use crate::broker::command::LinkCommand;
use crate::client::brokers::{Broker, Condition};
use crate::client::types::BrokerKey;

impl MainLoop {
    /// The one with the least to do.
    pub(super) fn usable_broker(&self) -> Option<&Broker> {
        self.brokers
            .iter()
            .filter(|b| b.condition == Condition::Up && !b.stale)
            .min_by_key(|b| b.stats.in_flight.load(Ordering::Relaxed))
    }

    pub(super) fn send_to_any(&mut self, request: Request) {
        match self.usable_broker() {
            Some(broker) => broker.request(request),
            None => {
                self.waiting_any.push_back(request);
                self.connect_for_waiting();
            }
        }
    }

    pub(super) fn has_broker_up(&self) -> bool {
        let up = |b: &Broker| b.condition == Condition::Up;
        self.brokers.iter().any(up)
    }

    pub(super) fn send_waiting(&mut self, key: BrokerKey) {
        if let Some(broker) = self.brokers.get(key).filter(|b| !b.stale) {
            for request in self.waiting_any.drain(..) {
                broker.request(request);
            }
        }
    }

    pub(super) fn connect_for_waiting(&mut self) {
        let nothing_waits = self.waiting_any.is_empty() && !self.metadata_waits;
        if nothing_waits || self.connecting.is_some() {
            return;
        }
        let untried: Vec<BrokerKey> = self
            .brokers
            .iter()
            .filter(|b| b.condition == Condition::Untried && !b.stale)
            .map(|b| b.key)
            .collect();
        let chosen = if untried.is_empty() {
            // All have failed: each tries again at its own pace.
            for b in self.brokers.iter() {
                b.handle.send(LinkCommand::Connect);
            }
            None
        } else {
            untried.get(fastrand::usize(..untried.len())).copied()
        };
        if let Some(broker) = chosen.and_then(|key| self.brokers.get(key)) {
            broker.connect();
            self.connecting = chosen;
        }
    }

    /// Stale brokers are better than none.
    pub(super) fn use_stale_if_needed(&mut self) {
        let other = |b: &&_| !is_down_or_stale(b);
        if self.brokers.iter().any(|b| b.stale) && self.brokers.iter().find(other).is_none() {
            self.clear_stale();
            let up = self.brokers.iter().find(|b| b.condition == Condition::Up);
            if let Some(key) = up.map(|b| b.key) {
                self.send_waiting(key);
            }
        }
    }

    pub(super) fn clear_stale(&mut self) {
        for broker in self.brokers.iter_mut() {
            broker.stale = false;
        }
    }
}

fn is_down_or_stale(b: &Broker) -> bool {
    b.stale || b.condition == Condition::Down
}
