//! Carries out what the machine of [`crate::telemetry`] wants: sends its requests, and
//! makes its pushes from what the client counts.
//!
//! Nothing is counted before a broker has asked for it; without a subscription the client
//! wakes up once in the interval that the broker names, to ask again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use kafka_protocol::messages::{
    ApiKey, GetTelemetrySubscriptionsRequest, PushTelemetryRequest, RequestKind, ResponseKind,
};
use uuid::Uuid;

use super::brokers::Condition;
use super::command::{MainCommand, TelemetryCommand};
use super::consumer::machine::Machine;
use super::context::MainContext;
use super::shared::ClientShared;
use super::types::BrokerKey;
use crate::base::error::ErrorCode;
use crate::base::log::debug;
use crate::base::tally::Sample;
use crate::base::time::{ms, wall_us};
use crate::broker::{ApiVersions, BrokerStats, LinkEvent, Request, RequestError, Response};
use crate::coordinator::target::SEND_WITHIN;
use crate::protocol::compression::{self, Codec, DEFAULT_LEVEL};
use crate::telemetry::metrics::{self, History, NodeReading, Readings, ShareTotals, Totals};
use crate::telemetry::otlp::{self, Document};
use crate::telemetry::{Action, Event, Subscription, Telemetry};

/// How long a client that ends waits for its last push.
pub const LAST_PUSH: Duration = Duration::from_secs(1);

pub struct Pusher {
    machine: Telemetry,
    history: History,
    counting: bool,
    /// Links whose brokers have the two APIs.
    capable: Vec<BrokerKey>,
    /// What the machine knows of them.
    told: Vec<BrokerKey>,
    /// Connections of each link that are in `totals`.
    connects: HashMap<BrokerKey, u64>,
    totals: Totals,
    /// Who waits for the end.
    waiting: Vec<Sender<()>>,
}

impl Pusher {
    /// None: the application does not want it.
    pub fn new(shared: &ClientShared) -> Option<Self> {
        let wanted = shared.conf.global.enable_metrics_push;
        wanted.then(|| Pusher {
            machine: Telemetry::new(metrics::of(shared.kind), fastrand::u64(..)),
            history: History::default(),
            counting: false,
            capable: Vec::new(),
            told: Vec::new(),
            connects: HashMap::new(),
            totals: Totals::default(),
            waiting: Vec::new(),
        })
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.machine.next_deadline()
    }

    pub fn on_time(&mut self, cx: &mut MainContext<'_>, consumer: &Machine) {
        self.tell_of_brokers(cx, consumer);
        if self.next_deadline().is_some_and(|at| at <= cx.now) {
            self.tell(cx, consumer, Event::Tick);
        }
    }

    /// A broker's connection came up or went down.
    pub fn on_link(&mut self, key: BrokerKey, event: &LinkEvent) {
        match event {
            LinkEvent::Up { versions } => {
                self.capable.retain(|k| *k != key);
                if speaks(versions) {
                    self.capable.push(key);
                }
            }
            LinkEvent::Down(_) => self.capable.retain(|k| *k != key),
            LinkEvent::Throttled { .. } => {}
        }
    }

    /// Those that are up, and that metadata has named: what `bootstrap.servers` names may
    /// lead to any broker.
    fn tell_of_brokers(&mut self, cx: &mut MainContext<'_>, consumer: &Machine) {
        let named = |key: &BrokerKey| {
            let broker = cx.router.brokers.get(*key);
            broker.is_some_and(|b| b.condition == Condition::Up && b.node_id() >= 0)
        };
        let usable = || self.capable.iter().filter(|key| named(key));
        if !usable().eq(&self.told) {
            self.told = usable().copied().collect();
            let event = Event::Brokers(self.told.clone());
            self.tell(cx, consumer, event);
        }
    }

    /// The last push goes out if there is a subscription. `done` is dropped when it is
    /// answered, or none is to come.
    pub fn end(&mut self, cx: &mut MainContext<'_>, consumer: &Machine, done: Sender<()>) {
        self.waiting.push(done);
        self.tell(cx, consumer, Event::End);
    }

    pub fn tell(&mut self, cx: &mut MainContext<'_>, consumer: &Machine, event: Event) {
        let mut actions = Vec::new();
        self.machine.on_event(cx.now, event, &mut actions);
        for action in actions {
            match action {
                Action::Ask {
                    broker,
                    client_instance_id,
                } => ask(cx, broker, client_instance_id),
                Action::Push {
                    broker,
                    subscription,
                    terminating,
                } => self.push(cx, consumer, broker, &subscription, terminating),
                Action::Count(on) => self.count(cx, on),
                Action::Log(level, text) => {
                    let logger = &cx.shared.logger;
                    logger.log(level, "TELEMETRY", format_args!("{text}"));
                }
                Action::Debug(text) => note(cx.shared, &text),
                Action::Ended => self.waiting.clear(),
            }
        }
    }

    fn count(&mut self, cx: &mut MainContext<'_>, on: bool) {
        cx.shared.gate.set_open(on);
        if on && !self.counting {
            // What was left from before is not of the time to come.
            let readings = self.read(cx, None);
            self.history.resume(wall_ns(), readings.totals);
        }
        self.counting = on;
    }

    fn push(
        &mut self,
        cx: &mut MainContext<'_>,
        consumer: &Machine,
        broker: BrokerKey,
        subscription: &Arc<Subscription>,
        terminating: bool,
    ) {
        let payload = self.payload(cx, consumer, subscription);
        let (codec, payload) = compressed(subscription.codec, payload);
        note(
            cx.shared,
            &format!(
                "pushing {} bytes of metrics ({codec}){}",
                payload.len(),
                if terminating { ", the last" } else { "" }
            ),
        );
        let request = PushTelemetryRequest::default()
            .with_client_instance_id(subscription.client_instance_id)
            .with_subscription_id(subscription.id)
            .with_terminating(terminating)
            .with_compression_type(codec as i8)
            .with_metrics(payload.into());
        let most = if terminating {
            LAST_PUSH
        } else {
            Duration::MAX
        };
        send(
            cx,
            broker,
            ApiKey::PushTelemetry,
            RequestKind::PushTelemetry(request),
            most,
            |result| Event::Pushed(pushed(result)),
        );
    }

    fn payload(
        &mut self,
        cx: &MainContext<'_>,
        consumer: &Machine,
        subscription: &Subscription,
    ) -> Vec<u8> {
        if subscription.metrics.is_empty() {
            return Vec::new();
        }
        let readings = self.read(cx, Some(consumer));
        let delta = subscription.delta;
        let c = &cx.shared.conf.global;
        otlp::encode(&Document {
            attributes: attributes(cx.shared),
            scope_name: &cx.shared.name,
            scope_version: c.client_software_version.as_deref().unwrap_or_default(),
            metrics: self
                .history
                .points(wall_ns(), delta, &subscription.metrics, &readings),
        })
    }

    /// Takes what was counted.
    fn read(&mut self, cx: &MainContext<'_>, consumer: Option<&Machine>) -> Readings {
        let mut readings = Readings::default();
        let mut nodes: BTreeMap<i32, Sample> = BTreeMap::new();
        for broker in cx.router.brokers.iter() {
            self.read_link(&broker.stats, broker.key, &mut readings);
            let rtt = broker.stats.tallies.rtt.take();
            nodes.entry(broker.node_id()).or_default().merge(rtt);
        }
        // A coordinator's connection is one more to a broker that is among those.
        for link in cx.router.brokers.named() {
            self.read_link(&link.stats, link.key, &mut readings);
            let rtt = link.stats.tallies.rtt.take();
            let node = link.identity.read().node_id;
            nodes.entry(node).or_default().merge(rtt);
        }
        readings.nodes = nodes
            .into_iter()
            .filter(|(id, _)| *id >= 0)
            .map(|(id, rtt)| NodeReading { id, rtt })
            .collect();
        let tallies = &cx.shared.consumer.tallies;
        readings.rebalance = tallies.rebalance.take();
        readings.poll_idle = tallies.poll_idle.take();
        let us = u64::try_from(readings.rebalance.sum).unwrap_or(0);
        self.totals.rebalance_ms += us.div_ceil(1000);
        readings.between_polls = tallies.between_polls.take();
        self.read_share(cx, &mut readings);
        readings.totals = self.totals;
        let group = consumer.and_then(Machine::group);
        readings.assigned = group.map_or(0, |g| g.membership().assignment().len());
        readings
    }

    fn read_share(&mut self, cx: &MainContext<'_>, readings: &mut Readings) {
        let Some(share) = &cx.shared.share else {
            return;
        };
        let counters = &share.core.counters;
        let before = self.totals.share;
        let heartbeats = cx.router.brokers.named().iter().map(|link| {
            let sent = link
                .stats
                .requests
                .get(ApiKey::ShareGroupHeartbeat as usize);
            sent.map_or(0, |n| n.load(Ordering::Relaxed))
        });
        self.totals.share = ShareTotals {
            fetches: counters.fetches.load(Ordering::Relaxed),
            fetched_bytes: counters.fetched_bytes.load(Ordering::Relaxed),
            acknowledgements: counters.acknowledged.load(Ordering::Relaxed),
            // A coordinator's link goes on to the next one.
            heartbeats: heartbeats.sum(),
        };
        let now = self.totals.share;
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        readings.fetch_size = Sample {
            sum: signed(now.fetched_bytes.saturating_sub(before.fetched_bytes)),
            max: signed(counters.largest_fetch.swap(0, Ordering::Relaxed)),
            count: now.fetches.saturating_sub(before.fetches),
        };
    }

    fn read_link(&mut self, stats: &BrokerStats, key: BrokerKey, readings: &mut Readings) {
        let connects = stats.connects.load(Ordering::Relaxed);
        let before = self.connects.insert(key, connects).unwrap_or(0);
        self.totals.connects += connects.saturating_sub(before);
        let t = &stats.tallies;
        readings.throttle.merge(t.throttle.take());
        readings.queued.merge(t.queued.take());
        readings.produce.merge(t.produce.take());
        readings.fetch.merge(t.fetch.take());
        readings.commit.merge(t.commit.take());
    }
}

fn speaks(versions: &ApiVersions) -> bool {
    [ApiKey::GetTelemetrySubscriptions, ApiKey::PushTelemetry]
        .into_iter()
        .all(|api| versions.pick(api, None).is_some())
}

fn note(shared: &ClientShared, text: &str) {
    let logger = &shared.logger;
    logger.debug(debug::TELEMETRY, "TELEMETRY", format_args!("{text}"));
}

fn wall_ns() -> u64 {
    u64::try_from(wall_us()).unwrap_or(0).saturating_mul(1000)
}

/// With the codec that it is in now.
fn compressed(codec: Codec, payload: Vec<u8>) -> (Codec, Vec<u8>) {
    if codec == Codec::None || payload.is_empty() {
        return (Codec::None, payload);
    }
    let mut out = Vec::new();
    match compression::compress(codec, DEFAULT_LEVEL, &payload, &mut out) {
        Ok(()) => (codec, out),
        Err(_) => (Codec::None, payload),
    }
}

/// Who pushes: what the broker cannot know by itself.
fn attributes(shared: &ClientShared) -> Vec<(&'static str, String)> {
    let c = &shared.conf.global;
    let mut all = vec![("client_rack", c.client_rack.clone())];
    if shared.kind.is_producer() {
        all.push(("transactional_id", c.transactional_id.clone()));
    } else {
        let (member, _) = shared.consumer.group.member();
        all.push(("group_id", c.group_id.clone()));
        all.push(("group_instance_id", c.group_instance_id.clone()));
        all.push(("member_id", Some(member.to_string())));
    }
    all.into_iter()
        .filter_map(|(key, value)| Some((key, value.filter(|v| !v.is_empty())?)))
        .collect()
}

fn ask(cx: &mut MainContext<'_>, broker: BrokerKey, client_instance_id: Uuid) {
    let request =
        GetTelemetrySubscriptionsRequest::default().with_client_instance_id(client_instance_id);
    send(
        cx,
        broker,
        ApiKey::GetTelemetrySubscriptions,
        RequestKind::GetTelemetrySubscriptions(request),
        Duration::MAX,
        |result| Event::Subscriptions(subscriptions(result)),
    );
}

/// Sends to this broker, or fails; takes `most` at most.
fn send(
    cx: &mut MainContext<'_>,
    broker: BrokerKey,
    api: ApiKey,
    request: RequestKind,
    most: Duration,
    event: impl FnOnce(Result<Response, RequestError>) -> Event + Send + 'static,
) {
    let main = cx.shared.main.clone();
    let reply = move |result| {
        let command = TelemetryCommand::Event(event(result));
        main.send(MainCommand::Telemetry(command));
    };
    let timeout = ms(cx.shared.conf.global.socket_timeout_ms).min(most);
    let mut request = Request::new(api, timeout, move |_| request, reply);
    request.send_by = request.deadline.min(cx.now + SEND_WITHIN);
    match cx.router.brokers.get(broker) {
        Some(broker) => broker.request(request),
        None => (request.reply)(Err(RequestError::NoBroker("broker that metrics go to"))),
    }
}

fn subscriptions(
    result: Result<Response, RequestError>,
) -> Result<Box<kafka_protocol::messages::GetTelemetrySubscriptionsResponse>, ErrorCode> {
    match result.map_err(|e| e.code())?.kind {
        Some(ResponseKind::GetTelemetrySubscriptions(r)) => Ok(Box::new(r)),
        _ => Err(ErrorCode::_BAD_MSG),
    }
}

fn pushed(result: Result<Response, RequestError>) -> Result<(), ErrorCode> {
    match result.map_err(|e| e.code())?.kind {
        Some(ResponseKind::PushTelemetry(r)) => ErrorCode::from(r.error_code).ok(),
        _ => Err(ErrorCode::_BAD_MSG),
    }
}
