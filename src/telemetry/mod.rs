//! Layer 5: client metrics for the cluster (KIP-714).
//!
//! [`Telemetry`] is the machine, without sockets or a clock of its own:
//!
//! ```text
//! AwaitBroker → Waiting(Ask) → Asking → Waiting(Push) → Pushing → Waiting(Push) → …
//!                    ↑____________|_____________________|     (nothing wanted, errors)
//! any → Ended, by way of Ending if there is a subscription: the last push
//! ```
//!
//! It stays with one broker while that is up, and takes another one at its next turn if it
//! is not. `client::telemetry` carries out what it wants: it makes the requests, and reads
//! the counters for a push. [`metrics`] are what a client can tell, [`otlp`] is their form,
//! [`subscription`] what the cluster wants of them.

pub mod metrics;
pub mod otlp;
pub mod subscription;
#[cfg(all(test, not(loom)))]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::GetTelemetrySubscriptionsResponse;
use uuid::Uuid;

use crate::base::error::ErrorCode;
use crate::base::log::Level;
use crate::protocol::compression::Codec;
use metrics::Known;
pub use subscription::Subscription;

/// Names a broker to the machine.
pub type BrokerKey = u64;

/// Until a broker has said how often it wants to be asked.
const FIRST_RETRY: Duration = Duration::from_secs(30);

/// The first push after a subscription comes this part of the interval early or late, so
/// that clients that began together do not push together. KIP-714 allows a half.
const JITTER: f64 = 0.2;

#[derive(Debug)]
pub enum Event {
    /// The brokers that are up and have the two APIs, all of them.
    Brokers(Vec<BrokerKey>),
    Tick,
    /// The answer to [`Action::Ask`]; a response's own error code is in it.
    Subscriptions(Result<Box<GetTelemetrySubscriptionsResponse>, ErrorCode>),
    /// The answer to [`Action::Push`].
    Pushed(Result<(), ErrorCode>),
    /// The client ends: what is left is to be pushed now, or never.
    End,
}

#[derive(Debug, PartialEq)]
pub enum Action {
    Ask {
        broker: BrokerKey,
        /// Nil the first time.
        client_instance_id: Uuid,
    },
    Push {
        broker: BrokerKey,
        subscription: Arc<Subscription>,
        terminating: bool,
    },
    /// Whether what a push would tell is to be counted.
    Count(bool),
    Log(Level, String),
    Debug(String),
    /// Nothing more comes.
    Ended,
}

#[derive(Debug)]
enum State {
    AwaitBroker,
    Waiting {
        at: Instant,
        next: Next,
    },
    Asking,
    Pushing {
        subscription: Arc<Subscription>,
        /// The client ends when this push is answered, with another one.
        ending: bool,
    },
    /// The last push is on its way.
    Ending,
    Ended,
}

#[derive(Debug)]
enum Next {
    Ask,
    Push(Arc<Subscription>),
}

pub struct Telemetry {
    state: State,
    all: &'static [Known],
    usable: Vec<BrokerKey>,
    broker: Option<BrokerKey>,
    client_instance_id: Uuid,
    interval: Option<Duration>,
    /// Codecs that a broker has listed, and then refused.
    refused: Vec<Codec>,
    rng: fastrand::Rng,
}

impl Telemetry {
    pub fn new(all: &'static [Known], seed: u64) -> Self {
        Telemetry {
            state: State::AwaitBroker,
            all,
            usable: Vec::new(),
            broker: None,
            client_instance_id: Uuid::nil(),
            interval: None,
            refused: Vec::new(),
            rng: fastrand::Rng::with_seed(seed),
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Waiting { at, .. } => Some(*at),
            _ => None,
        }
    }

    pub fn on_event(&mut self, now: Instant, event: Event, actions: &mut Vec<Action>) {
        match event {
            Event::Brokers(usable) => self.on_brokers(now, usable, actions),
            Event::Tick => {}
            Event::Subscriptions(result) => self.on_subscriptions(now, result, actions),
            Event::Pushed(result) => self.on_pushed(now, result, actions),
            Event::End => self.end(actions),
        }
        self.step(now, actions);
    }

    fn on_brokers(&mut self, now: Instant, usable: Vec<BrokerKey>, actions: &mut Vec<Action>) {
        self.usable = usable;
        if let Some(broker) = self.broker
            && !self.usable.contains(&broker)
        {
            self.broker = None;
            actions.push(Action::Debug(
                "the broker that metrics go to is gone".into(),
            ));
        }
        if matches!(self.state, State::AwaitBroker) && !self.usable.is_empty() {
            self.wait(now, Next::Ask);
        }
    }

    /// Sends what is due.
    fn step(&mut self, now: Instant, actions: &mut Vec<Action>) {
        if !matches!(&self.state, State::Waiting { at, .. } if *at <= now) {
            return;
        }
        let Some(broker) = self.choose() else {
            self.state = State::AwaitBroker;
            return;
        };
        match std::mem::replace(&mut self.state, State::Asking) {
            State::Waiting {
                next: Next::Push(subscription),
                ..
            } => {
                self.state = State::Pushing {
                    subscription: subscription.clone(),
                    ending: false,
                };
                actions.push(Action::Push {
                    broker,
                    subscription,
                    terminating: false,
                });
            }
            _ => actions.push(Action::Ask {
                broker,
                client_instance_id: self.client_instance_id,
            }),
        }
    }

    fn choose(&mut self) -> Option<BrokerKey> {
        if self.broker.is_none() && !self.usable.is_empty() {
            let at = self.rng.usize(..self.usable.len());
            self.broker = self.usable.get(at).copied();
        }
        self.broker
    }

    fn wait(&mut self, at: Instant, next: Next) {
        self.state = State::Waiting { at, next };
    }

    fn pause(&self) -> Duration {
        self.interval.unwrap_or(FIRST_RETRY)
    }

    fn on_subscriptions(
        &mut self,
        now: Instant,
        result: Result<Box<GetTelemetrySubscriptionsResponse>, ErrorCode>,
        actions: &mut Vec<Action>,
    ) {
        if !matches!(self.state, State::Asking) {
            return;
        }
        let checked = result.and_then(|r| match ErrorCode::from(r.error_code) {
            ErrorCode::NO_ERROR => Ok(r),
            code => Err(code),
        });
        match checked {
            Ok(response) => self.subscribe(now, &response, actions),
            Err(code) => {
                let text = format!("the question for subscriptions failed: {code}");
                self.on_failure(now, code, text, actions);
            }
        }
    }

    fn subscribe(
        &mut self,
        now: Instant,
        response: &GetTelemetrySubscriptionsResponse,
        actions: &mut Vec<Action>,
    ) {
        let interval = subscription::interval(response);
        self.interval = Some(interval);
        self.client_instance_id = response.client_instance_id;
        let subscription = Subscription::of(response, self.all, &self.refused);
        let wanted = subscription.as_ref().map_or(0, |s| s.metrics.len());
        actions.push(Action::Count(wanted > 0));
        actions.push(Action::Debug(format!(
            "client instance {}, subscription {}: {wanted} of {} metrics every {} ms",
            self.client_instance_id,
            response.subscription_id,
            self.all.len(),
            interval.as_millis(),
        )));
        match subscription {
            Some(subscription) => {
                let part = 1.0 + JITTER * (2.0 * self.rng.f64() - 1.0);
                let next = Next::Push(Arc::new(subscription));
                self.wait(now + interval.mul_f64(part), next);
            }
            None => self.wait(now + interval, Next::Ask),
        }
    }

    fn on_pushed(
        &mut self,
        now: Instant,
        result: Result<(), ErrorCode>,
        actions: &mut Vec<Action>,
    ) {
        match std::mem::replace(&mut self.state, State::Ended) {
            // As well as it could be done.
            State::Ending => self.finish(actions),
            State::Pushing {
                subscription,
                ending: true,
            } => self.push_last(subscription, actions),
            State::Pushing { subscription, .. } => {
                let refused = match result {
                    Ok(()) => {
                        return self.wait(now + self.pause(), Next::Push(subscription));
                    }
                    Err(code) => code,
                };
                self.on_refused(now, refused, subscription, actions);
            }
            other => self.state = other,
        }
    }

    fn on_refused(
        &mut self,
        now: Instant,
        code: ErrorCode,
        subscription: Arc<Subscription>,
        actions: &mut Vec<Action>,
    ) {
        let text = format!("a push of metrics failed: {code}");
        match code {
            ErrorCode::TELEMETRY_TOO_LARGE => {
                let max = subscription.max_bytes;
                let text = format!("{text}: the cluster takes {max} bytes");
                actions.push(Action::Log(Level::Warning, text));
                self.wait(now + self.pause(), Next::Push(subscription));
            }
            // It is another one by now.
            ErrorCode::UNKNOWN_SUBSCRIPTION_ID => {
                actions.push(Action::Debug(text));
                self.wait(now, Next::Ask);
            }
            ErrorCode::UNSUPPORTED_COMPRESSION_TYPE => {
                if !self.refused.contains(&subscription.codec) {
                    self.refused.push(subscription.codec);
                }
                actions.push(Action::Debug(text));
                self.wait(now, Next::Ask);
            }
            ErrorCode::INVALID_RECORD => self.give_up(&text, actions),
            code => self.on_failure(now, code, text, actions),
        }
    }

    /// Of either request, where the answer says nothing that belongs to it alone.
    fn on_failure(
        &mut self,
        now: Instant,
        code: ErrorCode,
        text: String,
        actions: &mut Vec<Action>,
    ) {
        match code {
            ErrorCode::INVALID_REQUEST => self.give_up(&text, actions),
            // Another broker may be newer.
            ErrorCode::UNSUPPORTED_VERSION | ErrorCode::_UNSUPPORTED_FEATURE => {
                actions.push(Action::Debug(text));
                let asked = self.broker.take();
                self.usable.retain(|b| Some(*b) != asked);
                self.wait(now + self.pause(), Next::Ask);
            }
            ErrorCode::_DESTROY => self.finish(actions),
            // A quota as well: asking sooner would only fail again.
            _ => {
                actions.push(Action::Debug(text));
                self.wait(now + self.pause(), Next::Ask);
            }
        }
    }

    /// Asking again would give the same answer.
    fn give_up(&mut self, text: &str, actions: &mut Vec<Action>) {
        let text = format!("{text}: this client tells its metrics no more");
        actions.push(Action::Log(Level::Warning, text));
        self.finish(actions);
    }

    fn end(&mut self, actions: &mut Vec<Action>) {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Waiting {
                next: Next::Push(subscription),
                ..
            } => self.push_last(subscription, actions),
            State::Pushing { subscription, .. } => {
                self.state = State::Pushing {
                    subscription,
                    ending: true,
                };
            }
            State::Ending => self.state = State::Ending,
            State::Ended => actions.push(Action::Ended),
            State::AwaitBroker | State::Asking | State::Waiting { .. } => self.finish(actions),
        }
    }

    fn push_last(&mut self, subscription: Arc<Subscription>, actions: &mut Vec<Action>) {
        let Some(broker) = self.choose() else {
            return self.finish(actions);
        };
        self.state = State::Ending;
        actions.push(Action::Push {
            broker,
            subscription,
            terminating: true,
        });
    }

    fn finish(&mut self, actions: &mut Vec<Action>) {
        self.state = State::Ended;
        actions.push(Action::Count(false));
        actions.push(Action::Ended);
    }
}
