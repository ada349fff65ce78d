//! Topics and their configuration.

use super::partition::Partition;
use crate::mock::log::admit::Target;
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(Debug)]
pub struct Topic {
    pub name: String,
    pub id: Uuid,
    pub partitions: Vec<Partition>,
    pub config: TopicConfig,
    /// Injected: told by Metadata and AddPartitionsToTxn.
    pub error: i16,
    /// When the next look at what has expired is planned.
    pub retention_at: Option<u64>,
}

impl Topic {
    pub fn partition(&self, index: i32) -> Option<&Partition> {
        self.partitions.get(usize::try_from(index).ok()?)
    }

    pub fn partition_mut(&mut self, index: i32) -> Option<&mut Partition> {
        self.partitions.get_mut(usize::try_from(index).ok()?)
    }
}

/// Names that Kafka accepts for a topic.
pub fn is_valid_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !name.is_empty() && name.len() <= 249 && name != "." && name != ".." && name.chars().all(legal)
}

/// How a value is written and what it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Boolean,
    Int,
    Long,
    Double,
    String,
    List,
    OneOf(&'static [&'static str]),
}

impl Kind {
    /// The type's number in DescribeConfigs.
    pub fn code(self) -> i8 {
        match self {
            Kind::Boolean => 1,
            Kind::String | Kind::OneOf(_) => 2,
            Kind::Int => 3,
            Kind::Long => 5,
            Kind::Double => 6,
            Kind::List => 7,
        }
    }

    fn accepts(self, value: &str) -> bool {
        match self {
            Kind::Boolean => matches!(value, "true" | "false"),
            Kind::Int => value.parse::<i32>().is_ok(),
            Kind::Long => value.parse::<i64>().is_ok(),
            Kind::Double => value.parse::<f64>().is_ok(),
            Kind::String | Kind::List => true,
            Kind::OneOf(values) => values.contains(&value),
        }
    }
}

/// A topic's properties with Kafka's defaults.
pub const PROPERTIES: &[(&str, Kind, &str)] = &[
    ("cleanup.policy", Kind::List, "delete"),
    ("compression.gzip.level", Kind::Int, "-1"),
    ("compression.lz4.level", Kind::Int, "9"),
    (
        "compression.type",
        Kind::OneOf(&["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"]),
        "producer",
    ),
    ("compression.zstd.level", Kind::Int, "3"),
    ("delete.retention.ms", Kind::Long, "86400000"),
    ("file.delete.delay.ms", Kind::Long, "60000"),
    ("flush.messages", Kind::Long, "9223372036854775807"),
    ("flush.ms", Kind::Long, "9223372036854775807"),
    ("follower.replication.throttled.replicas", Kind::List, ""),
    ("index.interval.bytes", Kind::Int, "4096"),
    ("leader.replication.throttled.replicas", Kind::List, ""),
    ("local.retention.bytes", Kind::Long, "-2"),
    ("local.retention.ms", Kind::Long, "-2"),
    ("max.compaction.lag.ms", Kind::Long, "9223372036854775807"),
    ("max.message.bytes", Kind::Int, "1048588"),
    ("message.timestamp.after.max.ms", Kind::Long, "3600000"),
    (
        "message.timestamp.before.max.ms",
        Kind::Long,
        "9223372036854775807",
    ),
    (
        "message.timestamp.type",
        Kind::OneOf(&["CreateTime", "LogAppendTime"]),
        "CreateTime",
    ),
    ("min.cleanable.dirty.ratio", Kind::Double, "0.5"),
    ("min.compaction.lag.ms", Kind::Long, "0"),
    ("min.insync.replicas", Kind::Int, "1"),
    ("preallocate", Kind::Boolean, "false"),
    ("remote.log.copy.disable", Kind::Boolean, "false"),
    ("remote.log.delete.on.disable", Kind::Boolean, "false"),
    ("remote.storage.enable", Kind::Boolean, "false"),
    ("retention.bytes", Kind::Long, "-1"),
    ("retention.ms", Kind::Long, "604800000"),
    ("segment.bytes", Kind::Int, "1073741824"),
    ("segment.index.bytes", Kind::Int, "10485760"),
    ("segment.jitter.ms", Kind::Long, "0"),
    ("segment.ms", Kind::Long, "604800000"),
    ("unclean.leader.election.enable", Kind::Boolean, "false"),
];

pub fn property(name: &str) -> Option<&'static (&'static str, Kind, &'static str)> {
    PROPERTIES.iter().find(|p| p.0 == name)
}

/// What was set on the topic, and the few values that are looked at often.
#[derive(Clone, Debug)]
pub struct TopicConfig {
    set: BTreeMap<String, String>,
    pub retention_bytes: i64,
    pub retention_ms: i64,
    pub compact: bool,
    pub delete: bool,
    pub max_message_bytes: usize,
    pub log_append_time: bool,
    pub min_cleanable_dirty_ratio: f64,
    pub delete_retention_ms: i64,
    /// `None` keeps what the producer chose.
    pub compression: Option<Target>,
}

impl Default for TopicConfig {
    fn default() -> TopicConfig {
        let mut config = TopicConfig {
            set: BTreeMap::new(),
            retention_bytes: 0,
            retention_ms: 0,
            compact: false,
            delete: false,
            max_message_bytes: 0,
            log_append_time: false,
            min_cleanable_dirty_ratio: 0.0,
            delete_retention_ms: 0,
            compression: None,
        };
        config.refresh();
        config
    }
}

impl TopicConfig {
    pub fn get(&self, name: &str) -> Option<&str> {
        match self.set.get(name) {
            Some(value) => Some(value),
            None => property(name).map(|p| p.2),
        }
    }

    pub fn is_set(&self, name: &str) -> bool {
        self.set.contains_key(name)
    }

    /// Sets a property, or with no value puts its default back.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), String> {
        let Some(&(_, kind, _)) = property(name) else {
            return Err(format!("Unknown topic config name: {name}"));
        };
        match value {
            None => {
                self.set.remove(name);
            }
            Some(v) if is_acceptable(name, kind, v) => {
                self.set.insert(name.to_owned(), v.to_owned());
            }
            Some(v) => {
                return Err(format!("Invalid value {v} for configuration {name}"));
            }
        }
        self.refresh();
        Ok(())
    }

    pub fn clear(&mut self) {
        self.set.clear();
        self.refresh();
    }

    fn number(&self, name: &str) -> i64 {
        self.get(name).and_then(|v| v.parse().ok()).unwrap_or(-1)
    }

    fn refresh(&mut self) {
        self.retention_bytes = self.number("retention.bytes");
        self.retention_ms = self.number("retention.ms");
        self.delete_retention_ms = self.number("delete.retention.ms");
        self.max_message_bytes =
            usize::try_from(self.number("max.message.bytes")).unwrap_or(usize::MAX);
        self.log_append_time = self.get("message.timestamp.type") == Some("LogAppendTime");
        self.min_cleanable_dirty_ratio = self
            .get("min.cleanable.dirty.ratio")
            .and_then(|v| v.parse().ok())
            .unwrap_or(0.5);
        let policy = self.get("cleanup.policy").unwrap_or_default().to_owned();
        let codec = self.get("compression.type").unwrap_or_default();
        self.compression = Target::of(codec, |name| self.number(name));
        self.compact = policy.split(',').any(|p| p.trim() == "compact");
        self.delete = policy.split(',').any(|p| p.trim() == "delete");
    }
}

fn is_acceptable(name: &str, kind: Kind, value: &str) -> bool {
    kind.accepts(value)
        && match name {
            "cleanup.policy" => {
                value.is_empty()
                    || value
                        .split(',')
                        .all(|p| matches!(p.trim(), "compact" | "delete"))
            }
            "retention.ms" | "retention.bytes" => value.parse().is_ok_and(|n: i64| n >= -1),
            "max.message.bytes" | "delete.retention.ms" => value.parse().is_ok_and(|n: i64| n >= 0),
            "min.cleanable.dirty.ratio" => {
                value.parse().is_ok_and(|r: f64| (0.0..=1.0).contains(&r))
            }
            "min.insync.replicas" | "segment.ms" => value.parse().is_ok_and(|n: i64| n >= 1),
            _ => true,
        }
}
