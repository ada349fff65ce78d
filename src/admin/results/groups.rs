//! What is known of groups.

use std::ffi::{CStr, CString};

use super::Node;
use crate::base::cstring::c_string;
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::topic_partition::TopicPartition;

/// The names of `rd_kafka_consumer_group_state_t`, by number.
pub const STATES: [&CStr; 6] = [
    c"Unknown",
    c"PreparingRebalance",
    c"CompletingRebalance",
    c"Stable",
    c"Dead",
    c"Empty",
];

/// The names of `rd_kafka_consumer_group_type_t`, by number.
pub const TYPES: [&CStr; 3] = [c"Unknown", c"Consumer", c"Classic"];

/// Numbers of [`TYPES`].
pub const TYPE_CONSUMER: i32 = 1;
pub const TYPE_CLASSIC: i32 = 2;

/// What consumers call their protocol.
pub(in crate::admin) const CONSUMER_PROTOCOL: &str = "consumer";

/// The number of a name, in any case of letters; 0 if it is not known.
pub fn code_of(names: &[&CStr], name: &[u8]) -> i32 {
    (0..)
        .zip(names)
        .find(|(_, known)| known.to_bytes().eq_ignore_ascii_case(name))
        .map_or(0, |(code, _)| code)
}

/// All groups of the brokers that could be asked.
#[derive(Debug, Default)]
pub struct GroupListings {
    /// By group id, each once.
    pub valid: Vec<GroupListing>,
    /// Of the other brokers.
    pub errors: Vec<KafkaError>,
}

#[derive(Debug)]
pub struct GroupListing {
    pub group: CString,
    /// It only holds offsets.
    pub simple: bool,
    /// A number of [`STATES`].
    pub state: i32,
    /// A number of [`TYPES`].
    pub kind: i32,
}

#[derive(Debug)]
pub struct GroupDescription {
    pub group: CString,
    /// All else is empty then.
    pub error: Option<KafkaError>,
    /// It only holds offsets.
    pub simple: bool,
    pub assignor: Option<CString>,
    /// `None` if they were not asked for.
    pub operations: Option<Vec<i32>>,
    /// A number of [`STATES`].
    pub state: i32,
    /// A number of [`TYPES`].
    pub kind: i32,
    pub coordinator: Option<Node>,
    pub members: Vec<MemberDescription>,
}

impl GroupDescription {
    pub(in crate::admin) fn failed(group: &str, error: KafkaError) -> Self {
        GroupDescription {
            group: c_string(group),
            error: Some(error),
            simple: false,
            assignor: None,
            operations: None,
            state: 0,
            kind: 0,
            coordinator: None,
            members: Vec::new(),
        }
    }
}

#[derive(Debug)]
pub struct MemberDescription {
    pub client_id: CString,
    pub instance_id: Option<CString>,
    pub consumer_id: CString,
    pub host: CString,
    pub assignment: Vec<TopicPartition>,
    /// `None` where the protocol has none.
    pub target_assignment: Option<Vec<TopicPartition>>,
}

/// How it went for one group.
#[derive(Debug)]
pub struct GroupResult {
    pub group: CString,
    pub error: Option<KafkaError>,
    /// Each with its error; `None` if the operation is not about partitions.
    pub partitions: Option<Vec<TopicPartition>>,
}

/// The error of a code that a broker gave, with the broker's text if there is one.
pub(in crate::admin) fn refused(code: ErrorCode, what: &str, text: Option<&str>) -> KafkaError {
    let text = text.filter(|text| !text.is_empty());
    let text = text.map_or_else(|| code.text().into_owned(), str::to_owned);
    KafkaError::new(code, format!("{what} was refused: {text}"))
}
