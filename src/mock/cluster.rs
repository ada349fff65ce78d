//! The handle of a running cluster: starts the owner thread, sends it commands, and
//! stops it when dropped.

use super::command::{
    At, BrokerChange, Change, Command, CommandError, PartitionChange, ShareChange, TrackedRequest,
    Which,
};
use super::security::Security;
use super::server::{Server, Setup, WAKER};
use super::state::errors::Injected;
use super::state::group::consumer;
use super::state::topic::TopicConfig;
use super::state::{ClusterState, Defaults, share, txn};
use crate::base::cancel::NotCancelled;
use crate::base::log::Logger;
use crate::base::standard;
use crate::base::{fork, thread};
use crossbeam_channel::{Sender, bounded, unbounded};
use mio::{Poll, Waker};
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::thread::JoinHandle;

/// A topic that is there from the start.
#[derive(Clone, Debug)]
pub struct TopicSpec {
    pub name: String,
    pub partitions: i32,
    pub config: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub struct Options {
    /// Port of broker 1, the others follow it; 0 takes any free ones.
    pub port: u16,
    /// What clients are told to connect to.
    pub host: String,
    /// Where the brokers listen.
    pub ip: Ipv4Addr,
    pub cluster_id: String,
    /// Partitions and replicas of topics made on the way; no more replicas than brokers.
    pub default_partitions: i32,
    pub default_replication_factor: i16,
    pub auto_create_topics: bool,
    /// group.initial.rebalance.delay.ms
    pub initial_rebalance_delay_ms: i32,
    pub consumer_groups: consumer::Settings,
    /// See `ClusterState::refused_fetches_wait`.
    pub refused_fetches_wait: bool,
    /// Larger requests cost their connection.
    pub max_request_bytes: usize,
    pub topics: Vec<TopicSpec>,
    /// Of random choices (leaders, ids); `None` takes one from the system.
    pub seed: Option<u64>,
    /// Round-trip time of all brokers from the start.
    pub rtt_ms: u32,
    /// The finalized level of `transaction.version`: 0 to 2.
    pub transaction_version: i16,
    /// Between the end of a transaction and its markers.
    pub transaction_end_delay_ms: u32,
    /// Between the timeout of a transaction and its being aborted for it.
    pub transaction_abort_delay_ms: u32,
    pub share: share::Settings,
    pub security: Security,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            port: 0,
            host: "127.0.0.1".to_owned(),
            ip: Ipv4Addr::LOCALHOST,
            cluster_id: String::new(),
            default_partitions: 4,
            default_replication_factor: 3,
            auto_create_topics: true,
            initial_rebalance_delay_ms: 3000,
            consumer_groups: consumer::Settings::default(),
            refused_fetches_wait: false,
            max_request_bytes: 100 << 20,
            topics: Vec::new(),
            seed: None,
            rtt_ms: 0,
            transaction_version: txn::LATEST,
            transaction_end_delay_ms: 0,
            transaction_abort_delay_ms: 0,
            share: share::Settings::default(),
            security: Security::default(),
        }
    }
}

pub struct Cluster {
    commands: Sender<Command>,
    waker: Waker,
    owner: Option<JoinHandle<()>>,
    bootstraps: String,
}

type Outcome = Result<(), CommandError>;

impl Cluster {
    /// Starts a cluster of brokers with ids from 1.
    pub fn new(brokers: i32, options: Options) -> io::Result<Cluster> {
        if brokers < 0 {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        fork::watch()?;
        let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
        let cluster_id = match options.cluster_id.as_str() {
            "" => format!("mockCluster{:x}", seed >> 16),
            id => id.to_owned(),
        };
        let defaults = Defaults {
            partitions: options.default_partitions,
            replication_factor: i16::try_from(brokers)
                .unwrap_or(i16::MAX)
                .min(options.default_replication_factor),
            auto_create_topics: options.auto_create_topics,
            initial_rebalance_delay_ms: options.initial_rebalance_delay_ms,
        };
        let setup = Setup {
            brokers,
            port: options.port,
            host: options.host,
            ip: options.ip,
            max_request: options.max_request_bytes,
            tls: options.security.tls.clone(),
        };
        let (poll, waker) = standard::above(|| {
            let poll = Poll::new()?;
            let waker = Waker::new(poll.registry(), WAKER)?;
            io::Result::Ok((poll, waker))
        })?;
        let (commands, inbox) = unbounded();
        let mut state = ClusterState::new(cluster_id, defaults, seed);
        state.secure(&options.security);
        state.consumer_groups = options.consumer_groups;
        state.refused_fetches_wait = options.refused_fetches_wait;
        state.share.settings = options.share.clone();
        state.txns.version = options.transaction_version.clamp(0, txn::LATEST);
        state.txns.end_delay_ms = options.transaction_end_delay_ms;
        state.txns.abort_delay_ms = options.transaction_abort_delay_ms;
        let mut server = Server::new(poll, state, inbox, &setup)?;
        let now = server.now();
        let factor = server.state().defaults.replication_factor;
        for b in &mut server.state().brokers {
            b.rtt_ms = options.rtt_ms;
        }
        for topic in options.topics {
            let config = configuration(&topic.config)
                .map_err(|e| io::Error::other(format!("topic '{}': {e}", topic.name)))?;
            server
                .state()
                .add_topic(now, &topic.name, topic.partitions, factor.into(), config)
                .map_err(|e| io::Error::other(format!("topic '{}': {e}", topic.name)))?;
        }
        let bootstraps = server.bootstraps();
        let owner = thread::spawn("mock", move || server.run())?;
        Ok(Cluster {
            commands,
            waker,
            owner: Some(owner),
            bootstraps,
        })
    }

    /// The brokers as they were at the start, for `bootstrap.servers`.
    pub fn bootstraps(&self) -> &str {
        &self.bootstraps
    }

    fn ask<T>(&self, command: impl FnOnce(Sender<T>) -> Command) -> Option<T> {
        let (reply, answer) = bounded(1);
        self.commands.send(command(reply)).ok()?;
        let _whole = NotCancelled::new();
        self.waker.wake().ok()?;
        answer.recv().ok()
    }

    fn tell(&self, change: Change) -> Outcome {
        self.ask(|done| Command::Change(change, done))
            .unwrap_or(Err(CommandError::Transport))
    }

    /// The next requests of this API fail with these codes, one each, on any broker.
    /// 0 lets one pass, librdkafka's -195 (transport) closes the connection.
    pub fn push_request_errors(&self, api: i16, codes: &[i32]) -> Outcome {
        let codes = codes.to_vec();
        self.tell(Change::PushErrors { api, codes })
    }

    pub fn clear_request_errors(&self, api: i16) -> Outcome {
        self.tell(Change::ClearErrors { api })
    }

    /// As `push_request_errors` but on one broker, with a delay of the answer for each.
    pub fn push_broker_request_errors(
        &self,
        broker: i32,
        api: i16,
        errors: Vec<Injected>,
    ) -> Outcome {
        self.tell(Change::PushBrokerErrors {
            broker,
            api,
            errors,
        })
    }

    /// How many of those are left.
    pub fn broker_error_count(&self, broker: i32, api: i16) -> Result<usize, CommandError> {
        self.ask(|reply| Command::CountBrokerErrors { broker, api, reply })
            .unwrap_or(Err(CommandError::Transport))
    }

    pub fn create_topic(&self, name: &str, partitions: i32, replication_factor: i32) -> Outcome {
        self.create_topic_with(name, partitions, replication_factor, &[])
    }

    /// With properties, such as `("cleanup.policy", "compact")`.
    pub fn create_topic_with(
        &self,
        name: &str,
        partitions: i32,
        replication_factor: i32,
        config: &[(String, String)],
    ) -> Outcome {
        let config = configuration(config).map_err(|_| CommandError::InvalidArgument)?;
        let name = name.to_owned();
        self.tell(Change::CreateTopic {
            name,
            partitions,
            replication_factor,
            config,
        })
    }

    pub fn delete_topic(&self, name: &str) -> Outcome {
        let name = name.to_owned();
        self.tell(Change::DeleteTopic { name })
    }

    /// The error that Metadata and AddPartitionsToTxn tell of the topic; 0 for none.
    pub fn set_topic_error(&self, name: &str, code: i16) -> Outcome {
        let name = name.to_owned();
        self.tell(Change::TopicError { name, code })
    }

    pub fn delete_records(&self, topic: &str, partition: i32, before: i64) -> Outcome {
        let at = at(topic, partition);
        self.tell(Change::DeleteRecords { at, before })
    }

    pub fn change_partition(
        &self,
        topic: &str,
        partition: i32,
        change: PartitionChange,
    ) -> Outcome {
        let at = at(topic, partition);
        self.tell(Change::Partition { at, change })
    }

    pub fn change_broker(&self, which: Which, change: BrokerChange) -> Outcome {
        self.tell(Change::Broker { which, change })
    }

    pub fn add_broker(&self, id: i32) -> Outcome {
        self.tell(Change::AddBroker { id })
    }

    /// Names the coordinator of a group (`key_type` 0) or transactional id (1).
    pub fn set_coordinator(&self, key_type: i8, key: &str, broker: i32) -> Outcome {
        let key = key.to_owned();
        self.tell(Change::Coordinator {
            key_type,
            key,
            broker,
        })
    }

    pub fn set_controller(&self, id: i32) -> Outcome {
        self.tell(Change::Controller { id })
    }

    /// -1, -1 switches the API off.
    pub fn set_api_versions(&self, api: i16, min: i16, max: i16) -> Outcome {
        self.tell(Change::ApiVersions { api, min, max })
    }

    pub fn change_share(&self, change: ShareChange) -> Outcome {
        self.tell(Change::Share(change))
    }

    /// The ids of a share group's members, in the order in which they came.
    pub fn share_members(&self, group: &str) -> Result<Vec<String>, CommandError> {
        let group = group.to_owned();
        self.ask(|reply| Command::ShareMembers { group, reply })
            .ok_or(CommandError::Transport)?
            .ok_or(CommandError::UnknownGroup)
    }

    pub fn set_initial_rebalance_delay_ms(&self, ms: i32) -> Outcome {
        self.tell(Change::InitialRebalanceDelay { ms })
    }

    pub fn set_consumer_heartbeat_interval_ms(&self, ms: i32) -> Outcome {
        self.tell(Change::ConsumerHeartbeatInterval { ms })
    }

    pub fn set_consumer_session_timeout_ms(&self, ms: i32) -> Outcome {
        self.tell(Change::ConsumerSessionTimeout { ms })
    }

    /// What the members of a consumer group are to have, until `None` lets the group
    /// compute it again.
    pub fn set_consumer_targets(
        &self,
        group: &str,
        targets: Option<Vec<(String, Vec<At>)>>,
    ) -> Outcome {
        let group = group.to_owned();
        self.tell(Change::ConsumerTargets { group, targets })
    }

    /// The finalized level of `transaction.version`: 0 to 2. Where EndTxn, Produce or
    /// TxnOffsetCommit of the newest versions are not taken, it is at most 1.
    pub fn set_transaction_version(&self, level: i16) -> Outcome {
        self.tell(Change::TransactionVersion { level })
    }

    /// How long after the end of a transaction its markers are written; until then
    /// requests for the same transactional id are told CONCURRENT_TRANSACTIONS.
    pub fn set_transaction_end_delay_ms(&self, ms: u32) -> Outcome {
        self.tell(Change::TransactionEndDelay { ms })
    }

    /// Clients are asked for the metrics whose names begin with one of these.
    pub fn set_telemetry_metrics(&self, metrics: Vec<String>) -> Outcome {
        self.tell(Change::TelemetryMetrics { metrics })
    }

    /// How often they are to push; 0 for Kafka's default.
    pub fn set_telemetry_interval_ms(&self, ms: i32) -> Outcome {
        self.tell(Change::TelemetryInterval { ms })
    }

    /// Each call forgets the requests that were noted down before it, as librdkafka's mock cluster does.
    pub fn track_requests(&self, on: bool) -> Outcome {
        self.tell(Change::TrackRequests { on })
    }

    pub fn requests(&self) -> Vec<TrackedRequest> {
        self.ask(Command::TrackedRequests).unwrap_or_default()
    }

    pub fn clear_requests(&self) -> Outcome {
        self.tell(Change::ClearRequests)
    }

    /// Sends what happens, as debug lines of the context `mock`, to a log, or no more.
    /// Nothing is on its way to the log before this any longer when it returns.
    pub fn trace(&self, log: Option<Arc<Logger>>) {
        let _ = self.ask(|done| Command::Trace(log, done));
    }

    /// Runs the log cleaner over all compacted topics.
    pub fn compact(&self) -> Outcome {
        self.tell(Change::Compact)
    }
}

fn at(topic: &str, partition: i32) -> At {
    At {
        topic: topic.to_owned(),
        partition,
    }
}

fn configuration(set: &[(String, String)]) -> Result<TopicConfig, String> {
    let mut config = TopicConfig::default();
    for (name, value) in set {
        config.set(name, Some(value))?;
    }
    Ok(config)
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.commands.send(Command::Stop).is_ok() {
            let _ = self.waker.wake();
        }
        if let Some(owner) = self.owner.take() {
            let _ = owner.join();
        }
    }
}
