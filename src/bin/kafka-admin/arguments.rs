//! The command line.

use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::properties::Pair;

/// Administers a Kafka cluster: topics, groups and their offsets, configurations, ACLs,
/// records, users and the cluster itself.
#[derive(Debug, Parser)]
#[command(name = "kafka-admin", version)]
pub struct Arguments {
    /// Servers to start from, HOST:PORT, separated by commas.
    #[arg(short, long, default_value = "localhost:9092", global = true)]
    bootstrap: String,
    /// A property of the client, as in CONFIGURATION.md; may be given several times.
    #[arg(short = 'X', value_name = "NAME=VALUE", global = true)]
    property: Vec<Pair>,
    /// How long an operation may take, in seconds.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3600), global = true)]
    pub timeout: u16,
    /// Print an array of JSON objects instead of a table.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub subject: Subject,
}

impl Arguments {
    pub fn properties(&self) -> Vec<(&str, &str)> {
        let own = ("bootstrap.servers", self.bootstrap.as_str());
        let given = self.property.iter();
        std::iter::once(own)
            .chain(given.map(|p| (p.name.as_str(), p.value.as_str())))
            .collect()
    }
}

#[derive(Debug, Subcommand)]
pub enum Subject {
    /// List, describe, create, delete and extend topics.
    #[command(subcommand)]
    Topics(Topics),
    /// List, describe and delete consumer groups.
    #[command(subcommand)]
    Groups(Groups),
    /// The committed offsets of a consumer group.
    #[command(subcommand)]
    Offsets(Offsets),
    /// The configuration of topics, brokers and groups.
    #[command(subcommand)]
    Configs(Configs),
    /// Access control lists.
    #[command(subcommand)]
    Acls(Acls),
    /// The records of partitions.
    #[command(subcommand)]
    Records(Records),
    /// SCRAM credentials.
    #[command(subcommand)]
    Users(Users),
    /// Brokers and leaders.
    #[command(subcommand)]
    Cluster(Cluster),
}

#[derive(Debug, Subcommand)]
pub enum Topics {
    /// All topics, with the number of their partitions.
    List,
    /// Partitions with leader and replicas.
    Describe {
        #[arg(required = true)]
        topics: Vec<String>,
    },
    Create {
        topic: String,
        /// The broker's default without it.
        #[arg(short, long)]
        partitions: Option<i32>,
        /// The broker's default without it.
        #[arg(short, long)]
        replication_factor: Option<i32>,
        /// A property of the topic; may be given several times.
        #[arg(short, long = "config", value_name = "NAME=VALUE")]
        configs: Vec<Pair>,
        /// Only check whether it could be created.
        #[arg(long)]
        validate_only: bool,
    },
    Delete {
        #[arg(required = true)]
        topics: Vec<String>,
    },
    /// Add partitions, so that there are TOTAL.
    Extend { topic: String, total: usize },
}

#[derive(Debug, Subcommand)]
pub enum Groups {
    List {
        /// Only groups in this state, as "Stable" or "Empty"; may be given several times.
        #[arg(long)]
        state: Vec<String>,
        /// Only groups of this type, "Classic" or "Consumer".
        #[arg(long = "type", value_name = "TYPE")]
        kind: Vec<String>,
    },
    /// Members and what they are assigned.
    Describe {
        #[arg(required = true)]
        groups: Vec<String>,
    },
    /// Groups without members.
    Delete {
        #[arg(required = true)]
        groups: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Offsets {
    /// Committed offsets, with the ends of the partitions and the lag.
    List { group: String },
    /// Commit offsets; the group must not have members.
    Set {
        group: String,
        #[arg(required = true, value_name = "TOPIC:PARTITION=OFFSET")]
        offsets: Vec<Offset>,
    },
    /// Commit the offsets of a place in the log for all partitions of topics.
    Reset {
        group: String,
        #[arg(required = true)]
        topics: Vec<String>,
        /// "earliest", "latest" or a time in milliseconds since 1970.
        #[arg(long)]
        to: Place,
        /// Only show what would be committed.
        #[arg(long)]
        dry_run: bool,
    },
    /// Forget committed offsets.
    Delete {
        group: String,
        #[arg(required = true, value_name = "TOPIC:PARTITION")]
        partitions: Vec<Partition>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ResourceKind {
    Topic,
    Broker,
    Group,
}

#[derive(Debug, Subcommand)]
pub enum Configs {
    /// Properties that are not at their defaults, or all.
    Describe {
        kind: ResourceKind,
        name: String,
        #[arg(long)]
        all: bool,
    },
    /// Change some properties.
    Alter {
        kind: ResourceKind,
        name: String,
        #[arg(long, value_name = "NAME=VALUE")]
        set: Vec<Pair>,
        /// Back to the default.
        #[arg(long, value_name = "NAME")]
        delete: Vec<String>,
        /// To a list.
        #[arg(long, value_name = "NAME=VALUE")]
        append: Vec<Pair>,
        /// From a list.
        #[arg(long, value_name = "NAME=VALUE")]
        subtract: Vec<Pair>,
        #[arg(long)]
        validate_only: bool,
    },
}

/// An entry, or with parts left out a filter.
#[derive(Debug, Args)]
pub struct Acl {
    /// topic, group, broker or transactional-id.
    #[arg(long)]
    pub resource: Option<String>,
    #[arg(long)]
    pub name: Option<String>,
    /// literal, prefixed, or in a filter match.
    #[arg(long)]
    pub pattern: Option<String>,
    /// As User:alice.
    #[arg(long)]
    pub principal: Option<String>,
    #[arg(long)]
    pub host: Option<String>,
    /// read, write, create, ...
    #[arg(long)]
    pub operation: Option<String>,
    /// allow or deny.
    #[arg(long)]
    pub permission: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Acls {
    /// The entries that a filter matches.
    List(Acl),
    /// One entry; host, pattern and permission are "*", literal and allow without them.
    Create(Acl),
    /// All entries that a filter matches.
    Delete(Acl),
}

#[derive(Debug, Subcommand)]
pub enum Records {
    /// First and next offsets of topics' partitions.
    Offsets {
        #[arg(required = true)]
        topics: Vec<String>,
    },
    /// Delete the records before offsets; -1 stands for the end.
    Delete {
        #[arg(required = true, value_name = "TOPIC:PARTITION=OFFSET")]
        before: Vec<Offset>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Mechanism {
    #[value(name = "SCRAM-SHA-256")]
    Sha256,
    #[value(name = "SCRAM-SHA-512")]
    Sha512,
}

#[derive(Debug, Subcommand)]
pub enum Users {
    /// Users with their mechanisms, all without names.
    List { users: Vec<String> },
    /// Set a password, which is read from standard input.
    Set {
        user: String,
        #[arg(long, default_value = "SCRAM-SHA-256", ignore_case = true)]
        mechanism: Mechanism,
        #[arg(long, default_value_t = 8192)]
        iterations: i32,
    },
    Delete {
        user: String,
        #[arg(long, default_value = "SCRAM-SHA-256", ignore_case = true)]
        mechanism: Mechanism,
    },
}

#[derive(Debug, Subcommand)]
pub enum Cluster {
    /// Brokers, controller and id.
    Describe,
    /// Elect leaders: the preferred ones, of all partitions without names.
    Elect {
        #[arg(value_name = "TOPIC:PARTITION")]
        partitions: Vec<Partition>,
        /// Take a replica that is not in sync, if there is no other: records are lost.
        #[arg(long)]
        unclean: bool,
    },
}

/// TOPIC:PARTITION.
#[derive(Debug, Clone)]
pub struct Partition {
    pub topic: String,
    pub partition: i32,
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.rsplit_once(':').and_then(|(topic, partition)| {
            let partition = partition.parse().ok().filter(|p| *p >= 0)?;
            let topic = topic.to_owned();
            (!topic.is_empty()).then_some(Partition { topic, partition })
        });
        parsed.ok_or_else(|| "expected TOPIC:PARTITION".into())
    }
}

/// TOPIC:PARTITION=OFFSET.
#[derive(Debug, Clone)]
pub struct Offset {
    pub at: Partition,
    pub offset: i64,
}

impl FromStr for Offset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.rsplit_once('=').and_then(|(at, offset)| {
            Some(Offset {
                at: at.parse().ok()?,
                offset: offset.parse().ok().filter(|o| *o >= -1)?,
            })
        });
        parsed.ok_or_else(|| "expected TOPIC:PARTITION=OFFSET".into())
    }
}

/// A place in the log.
#[derive(Debug, Clone, Copy)]
pub struct Place(pub i64);

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            // `rd_kafka_OffsetSpec_t`.
            "earliest" => Ok(Place(-2)),
            "latest" => Ok(Place(-1)),
            _ => text
                .parse()
                .ok()
                .filter(|ms| *ms >= 0)
                .map(Place)
                .ok_or_else(|| "expected earliest, latest or milliseconds since 1970".into()),
        }
    }
}
