//! Sends each request to the broker that it is for.
//!
//! Requests that any broker may answer go to the one with the least to do. Without one
//! that is up they wait here, and brokers are asked to connect one after another until one
//! is: a server that is down costs no request its time. A broker that is stale (see
//! `main_loop::bootstrap`) is asked only when all others are down.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kafka_protocol::messages::ApiKey;

use super::brokers::{Broker, Brokers, Condition};
use super::command::{MainCommand, MainSender};
use super::coordinator::Coordinators;
use super::types::BrokerKey;
use crate::base::backoff;
use crate::broker::command::LinkCommand;
use crate::broker::{Ending, Request, RequestError, Response};
use crate::coordinator::target::{ErrorClass, RetriedRequest, SEND_WITHIN};
use crate::coordinator::{self, Find, Kind, Target};
use crate::metadata::{Manager, Snapshot};

/// Between attempts to reach a broker that is not any one.
const BACKOFF: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(1);

pub struct Router {
    pub brokers: Brokers,
    pub coordinators: Coordinators,
    main: MainSender,
    /// Requests for any broker.
    waiting: VecDeque<Request>,
    /// The metadata manager wants to ask, and waits for a broker that is up. What it asks
    /// is decided then: a topic that comes meanwhile costs no further round trip.
    metadata_waits: bool,
    /// The broker whose connection all these wait for.
    connecting: Option<BrokerKey>,
    /// Requests that are sent later.
    later: Vec<Later>,
}

struct Later {
    at: Instant,
    /// It has no broker to go to: the next metadata may name one.
    lost: bool,
    request: Box<RetriedRequest>,
}

impl Router {
    pub fn new(brokers: Brokers, main: MainSender) -> Self {
        Router {
            brokers,
            coordinators: Coordinators::default(),
            main,
            waiting: VecDeque::new(),
            metadata_waits: false,
            connecting: None,
            later: Vec::new(),
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        let waiting = self.waiting.iter().map(|r| r.deadline).min();
        let later = self.later.iter().map(|l| l.at).min();
        [waiting, later, self.coordinators.next_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Requests that have waited too long fail, those whose pause is over are sent again.
    pub fn on_time(&mut self, now: Instant, cluster: &Snapshot) {
        while let Some(at) = self.waiting.iter().position(|r| r.deadline <= now) {
            if let Some(request) = self.waiting.remove(at) {
                (request.reply)(Err(RequestError::TimedOutInQueue));
            }
        }
        self.attempt_those(now, cluster, |later| later.at <= now);
    }

    /// The client has learned metadata.
    pub fn on_metadata(&mut self, now: Instant, cluster: &Snapshot) {
        self.attempt_those(now, cluster, |later| later.lost);
    }

    fn attempt_those(&mut self, now: Instant, cluster: &Snapshot, chosen: impl Fn(&Later) -> bool) {
        while let Some(at) = self.later.iter().position(&chosen) {
            let later = self.later.swap_remove(at);
            self.attempt(now, cluster, later.request);
        }
    }

    /// The client ends.
    pub fn stop(&mut self) {
        self.brokers.stop_all();
        for request in self.waiting.drain(..) {
            (request.reply)(Err(RequestError::Destroyed));
        }
        for later in self.later.drain(..) {
            (later.request.reply)(Err(RequestError::Destroyed));
        }
    }

    // --- requests

    pub fn route(&mut self, cluster: &Snapshot, target: Target, request: Request) {
        match target {
            Target::Any => self.send_to_any(request),
            Target::Broker(id) => self.send_to(id, "broker of this id", request),
            Target::Controller => self.send_to(cluster.controller_id, "controller", request),
            Target::Coordinator(kind, key) => match self.coordinators.link(kind, &key) {
                Some((_, handle)) => handle.request(request),
                None => self.find_first(kind, key, request),
            },
        }
    }

    /// Sends a request until it is answered, failed for good, or its time is up.
    pub fn retry(&mut self, now: Instant, cluster: &Snapshot, request: RetriedRequest) {
        self.attempt(now, cluster, Box::new(request));
    }

    /// As [`Self::retry`], but not before `at`.
    pub fn retry_later(&mut self, at: Instant, request: RetriedRequest) {
        self.later.push(Later {
            at,
            lost: false,
            request: Box::new(request),
        });
    }

    fn attempt(&mut self, now: Instant, cluster: &Snapshot, request: Box<RetriedRequest>) {
        let (main, target) = (self.main.clone(), request.target.clone());
        let attempt = request.attempt(now, move |request, result| {
            main.send(MainCommand::Attempted { request, result });
        });
        self.route(cluster, target, attempt);
    }

    /// An attempt has ended.
    pub fn on_attempted(
        &mut self,
        now: Instant,
        metadata: &mut Manager,
        request: Box<RetriedRequest>,
        result: Result<Response, RequestError>,
    ) {
        let class = request.class(now, &result);
        if class == ErrorClass::Moved {
            metadata.refresh_soon(now);
        }
        match (class, &request.target) {
            (ErrorClass::Final, _) => (request.reply)(result),
            _ if request.single_attempt => (request.reply)(result),
            // No answer: another one may know, or it waits here until one is up.
            (_, Target::Any) if result.is_err() => self.attempt(now, metadata.cache(), request),
            (ErrorClass::Passing | ErrorClass::Moved, _) => {
                let pause =
                    backoff::delay(request.attempts.saturating_sub(1), BACKOFF, BACKOFF_MAX);
                self.later.push(Later {
                    at: (now + pause).min(request.deadline),
                    lost: matches!(result, Err(RequestError::NoBroker(_))),
                    request,
                });
            }
        }
    }

    fn send_to(&self, id: i32, which: &'static str, request: Request) {
        match self.brokers.by_node(id) {
            Some(broker) => broker.request(request),
            None => (request.reply)(Err(RequestError::NoBroker(which))),
        }
    }

    /// The next request to this broker does not wait until it is time to connect again.
    pub fn skip_backoff(&self, id: i32) {
        if let Some(broker) = self.brokers.by_node(id) {
            broker.connect();
        }
    }

    /// Asks for a coordinator that is not followed, for this request only.
    fn find_first(&mut self, kind: Kind, key: Arc<str>, request: Request) {
        let timeout = request.deadline.saturating_duration_since(Instant::now());
        let find = Find { kind, key, timeout };
        let main = self.main.clone();
        self.send_to_any(Request::new(
            ApiKey::FindCoordinator,
            timeout,
            move |version| find.build(version),
            move |result| {
                main.send(MainCommand::CoordinatorFound { request, result });
            },
        ));
    }

    /// Sends the request that has waited for its coordinator.
    pub fn on_coordinator_found(&self, request: Request, result: Result<Response, RequestError>) {
        let read = match result {
            Ok(response) => coordinator::read(Ok(response)),
            Err(error) => return (request.reply)(Err(error)),
        };
        match read {
            Ok(node) => self.send_to(node.id, "coordinator", request),
            Err((code, text)) => (request.reply)(Err(RequestError::NoCoordinator(code, text))),
        }
    }

    fn send_to_any(&mut self, request: Request) {
        match self.usable_broker() {
            Some(broker) => broker.request(without_waiting(request)),
            None => {
                self.waiting.push_back(request);
                self.connect_for_waiting();
            }
        }
    }

    // --- brokers for requests to any

    /// The one with the least to do.
    pub fn usable_broker(&self) -> Option<&Broker> {
        self.brokers
            .iter()
            .filter(|b| b.condition == Condition::Up && !b.stale)
            .min_by_key(|b| b.stats.in_flight.load(Ordering::Relaxed))
    }

    pub fn has_broker_up(&self) -> bool {
        let up = |b: &Broker| b.condition == Condition::Up;
        self.brokers.iter().any(up)
    }

    /// Whether the metadata manager waits for a broker.
    pub fn metadata_waits(&self) -> bool {
        self.metadata_waits
    }

    pub fn set_metadata_waits(&mut self, waits: bool) {
        self.metadata_waits = waits;
    }

    /// This broker's connection is up.
    pub fn on_up(&mut self, key: BrokerKey) {
        if let Some(broker) = self.brokers.get_mut(key) {
            broker.condition = Condition::Up;
        }
        self.connecting = None;
        self.send_waiting(key);
    }

    /// This broker's connection is gone.
    pub fn on_down(&mut self, key: BrokerKey, ending: &Ending) {
        if let Some(broker) = self.brokers.get_mut(key) {
            broker.condition = match ending {
                Ending::OwnDecision => Condition::Untried,
                Ending::TimedOut | Ending::Failed { .. } => Condition::Down,
            };
        }
        if self.connecting == Some(key) {
            self.connecting = None;
        }
    }

    fn send_waiting(&mut self, key: BrokerKey) {
        if let Some(broker) = self.brokers.get(key).filter(|b| !b.stale) {
            for request in self.waiting.drain(..) {
                broker.request(without_waiting(request));
            }
        }
    }

    pub fn connect_for_waiting(&mut self) {
        let nothing_waits = self.waiting.is_empty() && !self.metadata_waits;
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
    pub fn use_stale_if_needed(&mut self) {
        let other = |b: &&_| !is_down_or_stale(b);
        if self.brokers.iter().any(|b| b.stale) && self.brokers.iter().find(other).is_none() {
            self.clear_stale();
            let up = self.brokers.iter().find(|b| b.condition == Condition::Up);
            if let Some(key) = up.map(|b| b.key) {
                self.send_waiting(key);
            }
        }
    }

    pub fn clear_stale(&mut self) {
        for broker in self.brokers.iter_mut() {
            broker.stale = false;
        }
    }
}

/// The connection of the chosen broker may be gone by the time that its loop has the
/// request: then whoever asked is to ask another one, and not to wait for this.
fn without_waiting(mut request: Request) -> Request {
    request.send_by = request.send_by.min(Instant::now() + SEND_WITHIN);
    request
}

fn is_down_or_stale(b: &Broker) -> bool {
    b.stale || b.condition == Condition::Down
}
