//! The arguments of admin requests, as values that check themselves.
//!
//! Strings that the C interface reads back are kept as C strings. Errors are the
//! texts that go to the application with `_INVALID_ARG`.

use std::ffi::CString;

use crate::base::secret::Secret;

/// The most partitions that a topic may have.
pub const PARTITIONS_MAX: i32 = 100_000;
/// The most brokers that a partition's replicas may be on.
pub const BROKERS_MAX: i32 = 10_000;

/// The brokers of each partition's replicas, preferred leader first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignments(Vec<Vec<i32>>);

impl Assignments {
    /// Adds those of the next of `count` partitions, whose number must be `partition`; `what` names
    /// it in errors.
    fn add(
        &mut self,
        partition: i32,
        count: i32,
        brokers: &[i32],
        what: &str,
    ) -> Result<(), String> {
        let next = self.0.len();
        if usize::try_from(partition) != Ok(next) {
            return Err(format!(
                "Replicas are assigned to one partition after the other: expecting {what} {next}, not {partition}"
            ));
        }
        if partition >= count {
            return Err(format!("There are no more than {count} partitions"));
        }
        if brokers.len() > BROKERS_MAX as usize {
            return Err(format!(
                "A partition cannot have more than {BROKERS_MAX} replicas"
            ));
        }
        self.0.push(brokers.to_vec());
        Ok(())
    }

    pub fn partitions(&self) -> &[Vec<i32>] {
        &self.0
    }
}

/// A topic for CreateTopics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTopic {
    pub topic: String,
    /// -1 for the broker's default.
    pub partitions: i32,
    /// -1 for the broker's default, or if there are assignments.
    pub replication_factor: i32,
    pub assignments: Assignments,
    pub configs: Vec<(String, Option<String>)>,
}

impl NewTopic {
    pub fn new(topic: String, partitions: i32, replication_factor: i32) -> Result<Self, String> {
        if !(-1..=PARTITIONS_MAX).contains(&partitions) {
            return Err(format!(
                "num_partitions out of expected range 1..{PARTITIONS_MAX} or -1 for broker default"
            ));
        }
        if !(-1..=BROKERS_MAX).contains(&replication_factor) {
            return Err(format!(
                "replication_factor out of expected range -1..{BROKERS_MAX}"
            ));
        }
        Ok(NewTopic {
            topic,
            partitions,
            replication_factor,
            assignments: Assignments::default(),
            configs: Vec::new(),
        })
    }

    pub fn assign(&mut self, partition: i32, brokers: &[i32]) -> Result<(), String> {
        if self.replication_factor != -1 {
            return Err(
                "A replica assignment is mutually exclusive with a replication factor".into(),
            );
        }
        if self.partitions == -1 {
            return Err(
                "A replica assignment is mutually exclusive with the default number of partitions"
                    .into(),
            );
        }
        let count = self.partitions;
        self.assignments.add(partition, count, brokers, "partition")
    }
}

/// A topic for CreatePartitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPartitions {
    pub topic: String,
    /// How many there are to be in all.
    pub total: i32,
    /// Of the new ones, from the first.
    pub assignments: Assignments,
}

impl NewPartitions {
    pub fn new(topic: String, total: usize) -> Result<Self, String> {
        match i32::try_from(total) {
            Ok(total) if (1..=PARTITIONS_MAX).contains(&total) => Ok(NewPartitions {
                topic,
                total,
                assignments: Assignments::default(),
            }),
            _ => Err(format!(
                "new_total_cnt out of expected range 1..{PARTITIONS_MAX}"
            )),
        }
    }

    pub fn assign(&mut self, index: i32, brokers: &[i32]) -> Result<(), String> {
        let count = self.total;
        self.assignments
            .add(index, count, brokers, "partition index")
    }
}

/// What kinds of numbers the protocol has for resources, patterns, operations and permissions:
/// 0 is unknown, the highest known one is the limit's predecessor.
const RESOURCE_TYPES: i32 = 6;
const PATTERN_TYPES: i32 = 5;
const OPERATIONS: i32 = 13;
const PERMISSIONS: i32 = 4;
/// "Any", for all four of them.
const ANY: i32 = 1;
/// The pattern type that only filters have.
const MATCH: i32 = 2;

/// An access control entry, or a filter for entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclBinding {
    pub resource_type: i32,
    /// As `principal` and `host`: `None` matches all, in a filter.
    pub name: Option<CString>,
    pub pattern_type: i32,
    pub principal: Option<CString>,
    pub host: Option<CString>,
    pub operation: i32,
    pub permission: i32,
}

impl AclBinding {
    /// Whether it can be created.
    pub fn checked_entry(self) -> Result<Self, &'static str> {
        let given = |number: i32, limit: i32| number > ANY && number < limit;
        if self.name.is_none() {
            Err("Invalid resource name")
        } else if self.principal.is_none() {
            Err("Invalid principal")
        } else if self.host.is_none() {
            Err("Invalid host")
        } else if !given(self.resource_type, RESOURCE_TYPES) {
            Err("Invalid resource type")
        } else if !given(self.pattern_type, PATTERN_TYPES) || self.pattern_type == MATCH {
            Err("Invalid resource pattern type")
        } else if !given(self.operation, OPERATIONS) {
            Err("Invalid operation")
        } else if !given(self.permission, PERMISSIONS) {
            Err("Invalid permission type")
        } else {
            Ok(self)
        }
    }

    /// Whether entries can be looked for by it.
    pub fn checked_filter(self) -> Result<Self, &'static str> {
        let known = |number: i32, limit: i32| number > 0 && number < limit;
        if !known(self.resource_type, RESOURCE_TYPES) {
            Err("Invalid resource type")
        } else if !known(self.pattern_type, PATTERN_TYPES) {
            Err("Invalid resource pattern type")
        } else if !known(self.operation, OPERATIONS) {
            Err("Invalid operation")
        } else if !known(self.permission, PERMISSIONS) {
            Err("Invalid permission type")
        } else {
            Ok(self)
        }
    }

    /// Of a broker's answer: numbers that the C interface has none for are unknown ones.
    pub fn known_numbers(self) -> Self {
        let known = |number: i32, limit: i32| {
            if (0..limit).contains(&number) {
                number
            } else {
                0
            }
        };
        AclBinding {
            resource_type: known(self.resource_type, RESOURCE_TYPES),
            pattern_type: known(self.pattern_type, PATTERN_TYPES),
            operation: known(self.operation, OPERATIONS),
            permission: known(self.permission, PERMISSIONS),
            ..self
        }
    }
}

/// What IncrementalAlterConfigs does with a value (KIP-339).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlterOp {
    Set,
    Delete,
    Append,
    Subtract,
}

impl AlterOp {
    pub fn from_number(number: i32) -> Option<Self> {
        match number {
            0 => Some(AlterOp::Set),
            1 => Some(AlterOp::Delete),
            2 => Some(AlterOp::Append),
            3 => Some(AlterOp::Subtract),
            _ => None,
        }
    }
}

/// A SCRAM credential to set or to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScramAlteration {
    Upsert {
        user: String,
        mechanism: i32,
        iterations: i32,
        password: Secret,
        salt: Vec<u8>,
    },
    Delete {
        user: String,
        mechanism: i32,
    },
}

impl ScramAlteration {
    pub fn user(&self) -> &str {
        match self {
            ScramAlteration::Upsert { user, .. } | ScramAlteration::Delete { user, .. } => user,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_topics_check_counts_and_order() {
        let text = |result: Result<NewTopic, String>| result.unwrap_err();
        assert!(text(NewTopic::new("t".into(), -2, 1)).starts_with("num_partitions out of"));
        assert!(text(NewTopic::new("t".into(), 100_001, 1)).ends_with("-1 for broker default"));
        assert!(text(NewTopic::new("t".into(), 1, 10_001)).ends_with("-1..10000"));

        let mut topic = NewTopic::new("t".into(), 2, -1).unwrap();
        let error = topic.assign(1, &[3]).unwrap_err();
        assert!(error.ends_with("expecting partition 0, not 1"), "{error}");
        topic.assign(0, &[1, 2]).unwrap();
        topic.assign(1, &[2, 1]).unwrap();
        assert_eq!(topic.assignments.partitions(), [vec![1, 2], vec![2, 1]]);
        let error = topic.assign(2, &[1]).unwrap_err();
        assert!(error.contains("no more than 2"), "{error}");
        let mut wide = NewTopic::new("t".into(), 1, -1).unwrap();
        assert!(wide.assign(0, &vec![1; 10_001]).is_err());
        wide.assign(0, &vec![1; 10_000]).unwrap();

        let mut fixed = NewTopic::new("t".into(), 2, 3).unwrap();
        assert!(fixed.assign(0, &[1]).is_err());
        let mut default = NewTopic::new("t".into(), -1, -1).unwrap();
        assert!(default.assign(0, &[1]).is_err());
        assert!(NewPartitions::new("t".into(), 0).is_err());
        assert!(NewPartitions::new("t".into(), usize::MAX).is_err());
    }

    #[test]
    fn filters_may_be_wider_than_entries() {
        let any = AclBinding {
            resource_type: ANY,
            name: None,
            pattern_type: MATCH,
            principal: None,
            host: None,
            operation: ANY,
            permission: ANY,
        };
        assert!(any.clone().checked_filter().is_ok());
        assert_eq!(any.clone().checked_entry(), Err("Invalid resource name"));
        let full = AclBinding {
            resource_type: 2,
            name: Some(c"n".into()),
            pattern_type: 3,
            principal: Some(c"p".into()),
            host: Some(c"h".into()),
            operation: 3,
            permission: 3,
        };
        assert!(full.clone().checked_entry().is_ok());
        for broken in [
            AclBinding {
                resource_type: 6,
                ..full.clone()
            },
            AclBinding {
                pattern_type: MATCH,
                ..full.clone()
            },
            AclBinding {
                operation: 13,
                ..full.clone()
            },
            AclBinding {
                permission: -1,
                ..full.clone()
            },
        ] {
            assert!(broken.checked_entry().is_err());
        }
        let unknown = AclBinding {
            operation: 0,
            ..full
        };
        assert_eq!(unknown.checked_filter(), Err("Invalid operation"));
    }
}
