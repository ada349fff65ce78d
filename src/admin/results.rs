//! What operations give to the application.

pub mod configs;
pub mod groups;
pub mod partitions;
pub mod topics;

use std::ffi::CString;

use kafka_protocol::protocol::StrBytes;

use super::args::AclBinding;
use crate::base::cstring::c_string;
use crate::base::error::{ErrorCode, KafkaError};
use groups::{GroupDescription, GroupListings, GroupResult};

/// One variant for each kind of result; several operations share some.
#[derive(Debug, Default)]
pub enum AdminResult {
    /// The operation has failed as a whole.
    #[default]
    None,
    /// CreateTopics, DeleteTopics, CreatePartitions.
    Topics(Vec<TopicResult>),
    /// DescribeConfigs, AlterConfigs, IncrementalAlterConfigs.
    Resources(Vec<configs::ResourceResult>),
    /// CreateAcls: one for each entry, `None` if it is there now.
    CreatedAcls(Vec<Option<KafkaError>>),
    /// DescribeAcls.
    Acls(Vec<AclBinding>),
    /// DeleteAcls: one for each filter.
    DeletedAcls(Vec<DeletedAcls>),
    /// ListConsumerGroups.
    GroupListings(GroupListings),
    /// DescribeConsumerGroups.
    GroupDescriptions(Vec<GroupDescription>),
    /// DeleteGroups, and what is about a group's offsets.
    Groups(Vec<GroupResult>),
    DeletedRecords(Vec<partitions::PartitionOffset>),
    /// ListOffsets.
    Offsets(Vec<partitions::PartitionOffset>),
    /// ElectLeaders.
    Elections(Vec<partitions::PartitionElection>),
    TopicDescriptions(Vec<topics::TopicDescription>),
    Cluster(topics::ClusterDescription),
    /// DescribeUserScramCredentials.
    ScramUsers(Vec<ScramUser>),
    /// AlterUserScramCredentials.
    ScramAltered(Vec<ScramUserResult>),
}

/// How it went for one topic.
#[derive(Debug)]
pub struct TopicResult {
    pub topic: CString,
    pub code: ErrorCode,
    /// `None` without an error.
    pub text: Option<CString>,
}

/// A broker, as results name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub id: i32,
    /// `None` for a broker that is known by its id only.
    pub host: Option<CString>,
    pub port: u16,
    pub rack: Option<CString>,
}

impl Node {
    /// A port that is out of range becomes 0.
    pub fn new(id: i32, host: &str, port: i32, rack: Option<&str>) -> Self {
        Node {
            id,
            host: Some(c_string(host)),
            port: u16::try_from(port).unwrap_or(0),
            rack: rack.map(c_string),
        }
    }

    /// A broker that is known by its id only.
    pub fn of_id(id: i32) -> Self {
        Node {
            id,
            host: None,
            port: 0,
            rack: None,
        }
    }
}

/// The operations that a broker's set of bits names, by the numbers of the C interface;
/// `None` if the broker was not asked for them.
pub fn authorized_operations(bits: i32) -> Option<Vec<i32>> {
    /// From "read" to the last one. Those for several at a time do not occur.
    const OPERATIONS: std::ops::RangeInclusive<i32> = 3..=12;
    (bits >= 0).then(|| OPERATIONS.filter(|op| bits >> op & 1 == 1).collect())
}

/// What DeleteAcls did for one filter.
#[derive(Debug)]
pub struct DeletedAcls {
    pub error: Option<KafkaError>,
    pub matching: Vec<MatchingAcl>,
}

/// An entry that a filter matches; it is gone if there is no error.
#[derive(Debug)]
pub struct MatchingAcl {
    pub entry: AclBinding,
    pub error: Option<KafkaError>,
}

/// A user's SCRAM credentials.
#[derive(Debug)]
pub struct ScramUser {
    pub user: CString,
    /// `NO_ERROR` if all went well.
    pub error: KafkaError,
    pub credentials: Vec<ScramCredential>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScramCredential {
    pub mechanism: i32,
    pub iterations: i32,
}

/// How it went for a user whose SCRAM credentials are altered.
#[derive(Debug)]
pub struct ScramUserResult {
    pub user: CString,
    /// `NO_ERROR` if all went well.
    pub error: KafkaError,
}

/// The text of an error: the broker's, or that of the code; `None` without an error.
pub fn error_text(code: ErrorCode, message: Option<&str>) -> Option<CString> {
    code.ok().err()?;
    let message = message.filter(|text| !text.is_empty());
    Some(message.map_or_else(|| c_string(&code.text()), c_string))
}

/// The error in a response, with the broker's text or that of the code; `None` for `NO_ERROR`.
pub fn broker_error(code: ErrorCode, message: &Option<StrBytes>) -> Option<KafkaError> {
    code.ok().err()?;
    let message = message.as_ref().filter(|text| !text.is_empty());
    let text = message.map_or_else(|| code.text().into_owned(), |text| text.to_string());
    Some(KafkaError::new(code, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_that_were_not_asked_for_are_none() {
        assert_eq!(authorized_operations(i32::MIN), None);
        assert_eq!(authorized_operations(0), Some(vec![]));
        assert_eq!(authorized_operations(0b1_0000_0000_1111), Some(vec![3, 12]));
    }

    #[test]
    fn a_node_takes_any_port() {
        let node = Node::new(1, "h\0x", 70_000, None);
        assert_eq!((node.host, node.port), (Some(c"h".into()), 0));
    }
}
