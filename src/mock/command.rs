//! What can be asked of a running cluster, one variant each, and the answers.

use super::state::errors::Injected;
use super::state::topic::TopicConfig;
use crate::base::log::Logger;
use crossbeam_channel::Sender;
use std::sync::Arc;

/// Why a command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandError {
    InvalidArgument,
    /// The error stacks know no such broker.
    UnknownBroker,
    BrokerNotAvailable,
    UnknownTopicOrPartition,
    TopicAlreadyExists,
    OffsetOutOfRange,
    /// There is no group of this type.
    UnknownGroup,
    /// A listener could not be opened, or the cluster is gone.
    Transport,
}

impl std::fmt::Display for CommandError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            CommandError::InvalidArgument => "not a name or a number that can be used",
            CommandError::UnknownBroker | CommandError::BrokerNotAvailable => "no such broker",
            CommandError::UnknownTopicOrPartition => "no such topic or partition",
            CommandError::UnknownGroup => "no such group",
            CommandError::TopicAlreadyExists => "exists already",
            CommandError::OffsetOutOfRange => "no such offset",
            CommandError::Transport => "the cluster cannot do it any more",
        })
    }
}

/// A request that came to the cluster while tracking was on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackedRequest {
    pub broker: i32,
    pub api_key: i16,
    /// On the cluster's monotonic clock.
    pub timestamp_us: u64,
}

/// A partition, by the name of its topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    pub topic: String,
    pub partition: i32,
}

/// One broker, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    All,
    One(i32),
}

/// Changes to a partition that exists, or is made to.
#[derive(Clone, Debug)]
pub enum PartitionChange {
    /// -1: no leader.
    Leader(i32),
    Follower(i32),
    /// `None`: as the leader's.
    FollowerWatermarks {
        low: Option<i64>,
        high: Option<i64>,
    },
    PushLeaderResponse {
        leader: i32,
        epoch: i32,
    },
    PushErrors {
        api: i16,
        codes: Vec<i32>,
    },
}

/// Changes to a broker.
#[derive(Clone, Debug)]
pub enum BrokerChange {
    Down,
    Up,
    RoundTripTime(u32),
    Rack(Option<String>),
    RemoveFromMetadata,
    Decommission,
    /// What clients are told; the listener stays where it is.
    Advertise {
        host: String,
        port: i32,
    },
}

/// Changes to how share groups are kept; limits of 0 are none.
#[derive(Clone, Debug)]
pub enum ShareChange {
    /// Of groups that are made from now on, as the heartbeat interval.
    SessionTimeout {
        ms: i32,
    },
    HeartbeatInterval {
        ms: i32,
    },
    DeliveryLimit(i16),
    LockDuration {
        ms: i32,
    },
    ReadCommitted(bool),
    MaxSize(i32),
    MaxSessions(i32),
    RecordLocks(i32),
    /// Whether a new share-partition begins at the first record, and not after the last.
    Earliest(bool),
    /// What members are to have; with nobody named the coordinator assigns again.
    Target {
        group: String,
        members: Vec<(String, Vec<(String, i32)>)>,
    },
}

/// What changes the cluster; each is answered with whether it could be done.
#[derive(Clone, Debug)]
pub enum Change {
    PushErrors {
        api: i16,
        codes: Vec<i32>,
    },
    ClearErrors {
        api: i16,
    },
    PushBrokerErrors {
        broker: i32,
        api: i16,
        errors: Vec<Injected>,
    },
    CreateTopic {
        name: String,
        partitions: i32,
        replication_factor: i32,
        config: TopicConfig,
    },
    DeleteTopic {
        name: String,
    },
    TopicError {
        name: String,
        code: i16,
    },
    DeleteRecords {
        at: At,
        before: i64,
    },
    Partition {
        at: At,
        change: PartitionChange,
    },
    Broker {
        which: Which,
        change: BrokerChange,
    },
    AddBroker {
        id: i32,
    },
    Coordinator {
        key_type: i8,
        key: String,
        broker: i32,
    },
    Controller {
        id: i32,
    },
    /// -1, -1 switches an API off.
    ApiVersions {
        api: i16,
        min: i16,
        max: i16,
    },
    Share(ShareChange),
    InitialRebalanceDelay {
        ms: i32,
    },
    /// group.consumer.heartbeat.interval.ms
    ConsumerHeartbeatInterval {
        ms: i32,
    },
    /// group.consumer.session.timeout.ms
    ConsumerSessionTimeout {
        ms: i32,
    },
    /// What members of a consumer group are to have: member ids with their partitions.
    /// `None` lets the group compute it again.
    ConsumerTargets {
        group: String,
        targets: Option<Vec<(String, Vec<At>)>>,
    },
    /// The finalized level of `transaction.version`.
    TransactionVersion {
        level: i16,
    },
    TransactionEndDelay {
        ms: u32,
    },
    /// Prefixes of the metrics that clients are asked for.
    TelemetryMetrics {
        metrics: Vec<String>,
    },
    /// How often they are to push; 0 for the default.
    TelemetryInterval {
        ms: i32,
    },
    TrackRequests {
        on: bool,
    },
    ClearRequests,
    /// Runs the log cleaner at once.
    Compact,
}

pub enum Command {
    Change(Change, Sender<Result<(), CommandError>>),
    CountBrokerErrors {
        broker: i32,
        api: i16,
        reply: Sender<Result<usize, CommandError>>,
    },
    /// `None`: there is no such share group.
    ShareMembers {
        group: String,
        reply: Sender<Option<Vec<String>>>,
    },
    TrackedRequests(Sender<Vec<TrackedRequest>>),
    /// Where lines for those who debug go from now on.
    Trace(Option<Arc<Logger>>, Sender<()>),
    Stop,
}
