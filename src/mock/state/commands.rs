//! Commands as they change the state. What they do to listeners is the server's.

use super::broker::Broker;
use super::errors::Injected;
use super::group::consumer::Partitions;
use super::partition::{Follower, Partition};
use super::topic::{TopicConfig, is_valid_name};
use super::topics::MAX_PARTITIONS;
use super::txn;
use super::{ClusterState, Now};
use crate::mock::command::{
    At, BrokerChange, Change, CommandError, PartitionChange, ShareChange, TrackedRequest, Which,
};

type Outcome = Result<(), CommandError>;

impl ClusterState {
    /// Does what concerns the state alone. Changes of brokers come from the server,
    /// through `change_broker` and `add_broker`, when their sockets are settled.
    pub fn apply(&mut self, now: Now, change: Change) -> Outcome {
        match change {
            Change::PushErrors { api, codes } => self.errors.push(api, injected(&codes)),
            Change::ClearErrors { api } => self.errors.clear(api),
            Change::PushBrokerErrors {
                broker,
                api,
                errors,
            } => self
                .broker_mut(broker)
                .ok_or(CommandError::UnknownBroker)?
                .errors
                .push(api, errors),
            Change::CreateTopic {
                name,
                partitions,
                replication_factor,
                config,
            } => self.add_topic(now, &name, partitions, replication_factor, config)?,
            Change::DeleteTopic { name } => self
                .delete_topic(now, &name)
                .map_err(|_| CommandError::UnknownTopicOrPartition)?,
            Change::TopicError { name, code } => {
                self.topic_or_create(now, &name, None).error = code;
            }
            Change::DeleteRecords { at, before } => self.delete_records(&at, before)?,
            Change::Partition { at, change } => self.change_partition(now, &at, change)?,
            Change::Coordinator {
                key_type,
                key,
                broker,
            } => {
                self.coordinators.insert((key_type, key), broker);
            }
            Change::Controller { id } => self.controller = id,
            Change::ApiVersions { api, min, max } => {
                if !self.versions.set(api, min, max) {
                    return Err(CommandError::InvalidArgument);
                }
            }
            Change::InitialRebalanceDelay { ms } => self.defaults.initial_rebalance_delay_ms = ms,
            Change::ConsumerHeartbeatInterval { ms } => {
                self.consumer_groups.heartbeat_interval_ms = ms;
            }
            Change::ConsumerSessionTimeout { ms } => self.consumer_groups.session_timeout_ms = ms,
            Change::ConsumerTargets { group, targets } => self.set_targets(&group, targets)?,
            Change::TelemetryMetrics { metrics } => self.telemetry.set_metrics(metrics),
            Change::TelemetryInterval { ms } => self.telemetry.set_interval_ms(ms),
            Change::Share(change) => self.change_share(change)?,
            Change::TrackRequests { on } => self.track_requests(on),
            Change::ClearRequests => self.tracked.clear(),
            Change::Compact => self.compact_now(now),
            Change::Broker { which, change } => {
                for id in self.brokers_of(which)? {
                    self.change_broker(now, id, &change);
                }
            }
            Change::TransactionVersion { level } => {
                if !(0..=txn::LATEST).contains(&level) {
                    return Err(CommandError::InvalidArgument);
                }
                self.txns.version = level;
                self.txns.features_epoch += 1;
            }
            Change::TransactionEndDelay { ms } => self.txns.end_delay_ms = ms,
            Change::AddBroker { .. } => return Err(CommandError::InvalidArgument),
        }
        self.write_due_markers(now);
        Ok(())
    }

    pub fn count_broker_errors(&self, broker: i32, api: i16) -> Result<usize, CommandError> {
        let broker = self.broker(broker).ok_or(CommandError::UnknownBroker)?;
        Ok(broker.errors.count(api))
    }

    pub fn add_topic(
        &mut self,
        now: Now,
        name: &str,
        partitions: i32,
        replication_factor: i32,
        config: TopicConfig,
    ) -> Outcome {
        if self.topics.contains_key(name) {
            return Err(CommandError::TopicAlreadyExists);
        }
        let factor = usize::try_from(replication_factor).unwrap_or(0);
        if !is_valid_name(name) || !(1..=MAX_PARTITIONS).contains(&partitions) {
            return Err(CommandError::InvalidArgument);
        }
        self.create_topic(now, name, partitions, factor, config);
        Ok(())
    }

    fn delete_records(&mut self, at: &At, before: i64) -> Outcome {
        let p = self
            .partition_mut(&at.topic, at.partition)
            .ok_or(CommandError::UnknownTopicOrPartition)?;
        if before > p.log.end() {
            return Err(CommandError::OffsetOutOfRange);
        }
        p.delete_records_before(before);
        Ok(())
    }

    fn change_share(&mut self, change: ShareChange) -> Outcome {
        let settings = &mut self.share.settings;
        match change {
            ShareChange::SessionTimeout { ms } => settings.session_timeout_ms = ms,
            ShareChange::HeartbeatInterval { ms } => settings.heartbeat_interval_ms = ms,
            ShareChange::DeliveryLimit(limit) => settings.delivery_limit = limit,
            ShareChange::LockDuration { ms } => settings.lock_ms = ms,
            ShareChange::ReadCommitted(on) => settings.read_committed = on,
            ShareChange::MaxSize(limit) => settings.max_size = limit,
            ShareChange::MaxSessions(limit) => settings.max_sessions = limit,
            ShareChange::RecordLocks(limit) => settings.record_locks = limit,
            ShareChange::Earliest(on) => settings.earliest = on,
            ShareChange::Target { group, members } => self
                .set_share_target(&group, &members)
                .map_err(|_| CommandError::UnknownGroup)?,
        }
        Ok(())
    }

    fn change_partition(&mut self, now: Now, at: &At, change: PartitionChange) -> Outcome {
        if let PartitionChange::Leader(id) = change
            && id != -1
            && self.broker(id).is_none()
        {
            return Err(CommandError::BrokerNotAvailable);
        }
        let p = self
            .partition_or_create(now, &at.topic, at.partition)
            .ok_or(CommandError::UnknownTopicOrPartition)?;
        match change {
            PartitionChange::Leader(id) => p.set_leader(id),
            PartitionChange::Follower(broker) => set_follower(p, broker),
            PartitionChange::FollowerWatermarks { low, high } => {
                let f = p.follower.get_or_insert(Follower {
                    broker: -1,
                    low: None,
                    high: None,
                });
                (f.low, f.high) = (low, high);
            }
            PartitionChange::PushLeaderResponse { leader, epoch } => {
                p.leader_responses.push_back((leader, epoch));
            }
            PartitionChange::PushErrors { api, codes } => p.errors.push(api, injected(&codes)),
        }
        self.wake_partition(now, &at.topic, at.partition);
        Ok(())
    }

    fn set_targets(&mut self, group: &str, targets: Option<Vec<(String, Vec<At>)>>) -> Outcome {
        let targets = targets.map(|t| self.by_id(t));
        match self.set_consumer_targets(group, targets) {
            true => Ok(()),
            false => Err(CommandError::UnknownGroup),
        }
    }

    /// By topic id; topics that do not exist are left out.
    fn by_id(&self, targets: Vec<(String, Vec<At>)>) -> Vec<(String, Partitions)> {
        let by_id = |all: Vec<At>| {
            let mut partitions = Partitions::new();
            for at in all {
                if let Some(topic) = self.topics.get(&at.topic) {
                    partitions.entry(topic.id).or_default().insert(at.partition);
                }
            }
            partitions
        };
        let targets = targets.into_iter();
        targets.map(|(member, all)| (member, by_id(all))).collect()
    }

    /// The brokers that a command is for.
    pub fn brokers_of(&self, which: Which) -> Result<Vec<i32>, CommandError> {
        match which {
            Which::All => Ok(self.brokers.iter().map(|b| b.id).collect()),
            Which::One(id) if self.broker(id).is_some() => Ok(vec![id]),
            Which::One(_) => Err(CommandError::BrokerNotAvailable),
        }
    }

    pub fn change_broker(&mut self, now: Now, id: i32, change: &BrokerChange) {
        let Some(b) = self.broker_mut(id) else {
            return;
        };
        match change {
            BrokerChange::Down => {
                b.up = false;
                // What a broker remembers only in memory goes with it.
                self.fetch_sessions.retain(|&(broker, _), _| broker != id);
                self.share_broker_gone(id);
            }
            BrokerChange::Up => b.up = true,
            BrokerChange::RoundTripTime(ms) => b.rtt_ms = *ms,
            BrokerChange::Rack(rack) => b.rack.clone_from(rack),
            BrokerChange::Advertise { host, port } => {
                b.host.clone_from(host);
                b.port = *port;
            }
            BrokerChange::RemoveFromMetadata => {
                b.in_metadata = false;
                self.reassign_partitions(now);
            }
            BrokerChange::Decommission => {
                self.brokers.retain(|b| b.id != id);
                self.coordinators.retain(|_, &mut broker| broker != id);
                self.fetch_sessions.retain(|&(broker, _), _| broker != id);
                self.share_broker_gone(id);
                self.reassign_partitions(now);
            }
        }
        self.write_due_markers(now);
    }

    /// A broker whose listener is open already.
    pub fn add_broker(&mut self, now: Now, broker: Broker) {
        self.brokers.push(broker);
        self.reassign_partitions(now);
        self.write_due_markers(now);
    }

    fn track_requests(&mut self, on: bool) {
        self.tracking = on;
        self.tracked.clear();
    }

    pub fn tracked_requests(&self) -> Vec<TrackedRequest> {
        self.tracked.clone()
    }
}

fn injected(codes: &[i32]) -> impl Iterator<Item = Injected> + '_ {
    codes.iter().map(|&code| Injected { code, rtt_ms: 0 })
}

fn set_follower(p: &mut Partition, broker: i32) {
    let (low, high) = p.follower.map_or((None, None), |f| (f.low, f.high));
    p.follower = Some(Follower { broker, low, high });
}
