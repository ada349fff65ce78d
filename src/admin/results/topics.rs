//! Topics and clusters as they are described.

use std::ffi::CString;

use super::Node;
use crate::base::error::KafkaError;

#[derive(Debug)]
pub struct TopicDescription {
    pub name: CString,
    /// The most and the least significant half; 0 where topics have no ids.
    pub id: (i64, i64),
    pub is_internal: bool,
    /// By number.
    pub partitions: Vec<PartitionDescription>,
    /// `rd_kafka_AclOperation_t`; `None` if they were not asked for.
    pub operations: Option<Vec<i32>>,
    /// There is nothing else then, but for the name and the id.
    pub error: Option<KafkaError>,
}

#[derive(Debug)]
pub struct PartitionDescription {
    pub partition: i32,
    pub leader: Option<Node>,
    pub isr: Vec<Node>,
    pub replicas: Vec<Node>,
}

#[derive(Debug)]
pub struct ClusterDescription {
    pub id: Option<CString>,
    pub controller: Option<Node>,
    pub nodes: Vec<Node>,
    /// As a topic's.
    pub operations: Option<Vec<i32>>,
}
