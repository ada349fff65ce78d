//! The cluster's whole state, and how requests, time and commands enter it.
//!
//! Entry points: [`ClusterState::request`] (a frame came in),
//! [`ClusterState::connection_closed`], [`ClusterState::tick`] (time has passed),
//! [`ClusterState::apply`] (a command; in `commands`). What is to happen on the
//! sockets as a result is in [`ClusterState::take_output`].

pub mod acls;
pub mod authorizer;
pub mod broker;
mod commands;
pub mod errors;
pub mod fetch_session;
pub mod fetch_wait;
pub mod group;
pub mod logins;
pub mod partition;
mod retention;
pub mod scram;
mod secure;
pub mod share;
#[cfg(all(test, not(loom)))]
pub mod simulated;
pub mod telemetry;
mod timers;
pub mod topic;
mod topics;
pub mod txn;

use super::command::TrackedRequest;
use super::trace::Trace;
use super::versions::Versions;
use broker::Broker;
use bytes::Bytes;
use errors::{ErrorStacks, Injected};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::{ApiKey, ResponseKind};
use kafka_protocol::protocol::StrBytes;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use timers::Timer;
use topic::Topic;
use uuid::Uuid;

/// The time: monotonic microseconds for deadlines, the wall clock for timestamps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    pub us: u64,
    pub wall_ms: i64,
}

impl Now {
    pub fn after_ms(self, ms: i64) -> u64 {
        self.us
            .saturating_add(u64::try_from(ms).unwrap_or(0).saturating_mul(1000))
    }
}

/// A client connection; never used twice.
pub type ConnId = u64;

/// Who asks, where, in which version: all that answering later needs.
#[derive(Clone, Debug)]
pub struct Cx {
    pub now: Now,
    pub conn: ConnId,
    /// The broker whose listener the connection came to.
    pub broker: i32,
    pub api: ApiKey,
    pub version: i16,
    pub correlation: i32,
    pub client_id: StrBytes,
    pub client_host: StrBytes,
    /// Who asks, as ACLs name it.
    pub principal: StrBytes,
    /// The injected error, 0 for none.
    pub error: i16,
    /// Delay of the answer on top of the broker's round-trip time.
    pub delay_ms: u32,
}

/// What a handler gives back.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "passed up once a request, never kept"
)]
pub enum Reply {
    Now(ResponseKind),
    /// An answer before the connection is closed.
    Last(ResponseKind),
    /// The handler has put the `Cx` away; somebody will call `respond`.
    Parked,
    /// The request has no response (produce with acks=0).
    Silent,
    Close,
}

/// What is to be done on a connection.
#[derive(Debug)]
pub enum Output {
    /// An answer, to be sent so many milliseconds from now.
    Send {
        conn: ConnId,
        frame: Bytes,
        delay_ms: u32,
    },
    /// As `Send`; the connection is closed when it is sent.
    Last {
        conn: ConnId,
        frame: Bytes,
        delay_ms: u32,
    },
    /// There is no answer; go on with the next request.
    Next {
        conn: ConnId,
    },
    Close {
        conn: ConnId,
    },
}

#[derive(Clone, Debug)]
pub struct Defaults {
    pub partitions: i32,
    pub replication_factor: i16,
    pub auto_create_topics: bool,
    pub initial_rebalance_delay_ms: i32,
}

pub struct ClusterState {
    pub cluster_id: String,
    pub controller: i32,
    pub defaults: Defaults,
    pub brokers: Vec<Broker>,
    pub topics: BTreeMap<String, Topic>,
    pub topic_ids: HashMap<Uuid, String>,
    pub versions: Versions,
    pub errors: ErrorStacks,
    /// (0 group / 1 transaction, key) → broker that was named for it.
    pub coordinators: HashMap<(i8, String), i32>,
    pub groups: BTreeMap<String, group::Group>,
    pub consumer_groups: group::consumer::Settings,
    pub transactions: BTreeMap<String, txn::Transaction>,
    /// Those of them whose markers are being written.
    ending: BTreeSet<String>,
    pub txns: txn::Settings,
    pub acls: acls::Acls,
    pub scram: scram::Credentials,
    pub telemetry: telemetry::Telemetry,
    pub(super) logins: logins::Logins,
    pub(super) authorizer: Option<authorizer::StandardAuthorizer>,
    pub next_producer_id: i64,
    pub share: share::Shares,
    pub fetch_sessions: HashMap<(i32, i32), fetch_session::FetchSession>,
    pub fetch_waits: HashMap<u64, fetch_wait::FetchWait>,
    /// A Fetch that is refused and brings nothing waits for its `max_wait_ms` as one that
    /// finds nothing does, and tells what was so when it came. Kafka refuses at once.
    pub refused_fetches_wait: bool,
    pub(super) trace: Trace,
    tracked: Vec<TrackedRequest>,
    tracking: bool,
    timers: BTreeSet<(u64, Timer)>,
    next_wait: u64,
    output: Vec<Output>,
    rng: fastrand::Rng,
}

impl ClusterState {
    pub fn new(cluster_id: String, defaults: Defaults, seed: u64) -> ClusterState {
        ClusterState {
            cluster_id,
            controller: 1,
            defaults,
            brokers: Vec::new(),
            topics: BTreeMap::new(),
            topic_ids: HashMap::new(),
            versions: Versions::default(),
            errors: ErrorStacks::default(),
            coordinators: HashMap::new(),
            groups: BTreeMap::new(),
            consumer_groups: group::consumer::Settings::default(),
            transactions: BTreeMap::new(),
            ending: BTreeSet::new(),
            txns: txn::Settings::default(),
            acls: acls::Acls::default(),
            scram: scram::Credentials::default(),
            telemetry: telemetry::Telemetry::default(),
            logins: logins::Logins::default(),
            authorizer: None,
            next_producer_id: 1000,
            share: share::Shares::default(),
            fetch_sessions: HashMap::new(),
            fetch_waits: HashMap::new(),
            refused_fetches_wait: false,
            trace: Trace::default(),
            tracked: Vec::new(),
            tracking: false,
            timers: BTreeSet::new(),
            next_wait: 0,
            output: Vec::new(),
            rng: fastrand::Rng::with_seed(seed),
        }
    }

    pub fn broker(&self, id: i32) -> Option<&Broker> {
        self.brokers.iter().find(|b| b.id == id)
    }

    pub fn broker_mut(&mut self, id: i32) -> Option<&mut Broker> {
        self.brokers.iter_mut().find(|b| b.id == id)
    }

    /// Random identifiers come from the cluster's own seed.
    pub fn random_uuid(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.rng.u128(..).to_be_bytes()).into_uuid()
    }

    /// The next error injected for this API on this broker.
    pub(super) fn next_error(&mut self, broker: i32, api: i16) -> Option<Injected> {
        self.broker_mut(broker)
            .and_then(|b| b.errors.next(api))
            .or_else(|| self.errors.next(api))
    }

    /// The coordinator of a group or transactional id, if that broker exists.
    pub fn coordinator(&self, key_type: i8, key: &str) -> Option<&Broker> {
        if let Some(&id) = self.coordinators.get(&(key_type, key.to_owned())) {
            return self.broker(id);
        }
        let mut hash = flate2::Crc::new();
        hash.update(key.as_bytes());
        let n = self.brokers.len();
        self.brokers.get((hash.sum() as usize).checked_rem(n)?)
    }

    /// Refuses what another broker coordinates.
    pub fn check_coordinator(&self, key_type: i8, key: &str, on: i32) -> Result<(), E> {
        match self.coordinator(key_type, key) {
            Some(b) if b.id == on => Ok(()),
            Some(_) => Err(E::NotCoordinator),
            None => Err(E::CoordinatorNotAvailable),
        }
    }

    pub(super) fn track(&mut self, now: Now, broker: i32, api_key: i16) {
        if self.tracking {
            self.tracked.push(TrackedRequest {
                broker,
                api_key,
                timestamp_us: now.us,
            });
        }
    }

    pub(super) fn push_output(&mut self, output: Output) {
        self.output.push(output);
    }

    pub fn take_output(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.output)
    }

    /// The client is gone: nobody is left to answer.
    pub fn connection_closed(&mut self, now: Now, conn: ConnId) {
        let gone: Vec<u64> = self
            .fetch_waits
            .iter()
            .filter(|(_, w)| w.cx.conn == conn)
            .map(|(&id, _)| id)
            .collect();
        for id in gone {
            self.forget_fetch_wait(id);
        }
        for group in self.groups.values_mut() {
            group.connection_closed(conn);
        }
        self.logins.closed(conn);
        self.share_connection_closed(now, conn);
    }
}

/// The code of an outcome.
pub fn code(result: Result<(), E>) -> i16 {
    result.err().map_or(0, |e| e.code())
}
