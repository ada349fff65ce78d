//! The cluster at one moment.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kafka_protocol::messages::{MetadataResponse, metadata_response};
use uuid::Uuid;

use crate::base::conf::PatternList;
use crate::base::error::ErrorCode;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerInfo {
    pub id: i32,
    pub host: String,
    pub port: i32,
    pub rack: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionInfo {
    pub id: i32,
    pub err: ErrorCode,
    /// -1: none.
    pub leader: i32,
    /// -1: the broker does not say.
    pub leader_epoch: i32,
    pub replicas: Vec<i32>,
    pub isrs: Vec<i32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicInfo {
    pub name: Arc<str>,
    /// Nil: the broker does not say.
    pub id: Uuid,
    pub err: ErrorCode,
    pub internal: bool,
    /// Sorted by id.
    pub partitions: Vec<PartitionInfo>,
}

impl TopicInfo {
    pub fn partition(&self, id: i32) -> Option<&PartitionInfo> {
        let at = usize::try_from(id).ok()?;
        // Ids are dense but for damaged answers.
        self.partitions
            .get(at)
            .filter(|p| p.id == id)
            .or_else(|| self.partitions.iter().find(|p| p.id == id))
    }

    /// Some partition cannot be used as things stand: it has no leader, or one that is not
    /// among the brokers.
    pub fn is_unsettled(&self, brokers: &BTreeMap<i32, BrokerInfo>) -> bool {
        self.err.is_err()
            || self
                .partitions
                .iter()
                .any(|p| !brokers.contains_key(&p.leader))
    }
}

#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    pub brokers: BTreeMap<i32, BrokerInfo>,
    pub cluster_id: Option<String>,
    /// -1: unknown.
    pub controller_id: i32,
    pub topics: HashMap<Arc<str>, Arc<TopicInfo>>,
    /// Who answered.
    pub answered_by: i32,
    pub answered_by_name: String,
}

impl Snapshot {
    /// What a response says. Topics that it names by id only are left out.
    pub fn from_response(response: &MetadataResponse) -> Self {
        Snapshot {
            brokers: response
                .brokers
                .iter()
                .map(|b| {
                    let info = BrokerInfo {
                        id: b.node_id.0,
                        host: b.host.to_string(),
                        port: b.port,
                        rack: b.rack.as_ref().map(ToString::to_string),
                    };
                    (info.id, info)
                })
                .collect(),
            cluster_id: response.cluster_id.as_ref().map(ToString::to_string),
            controller_id: response.controller_id.0,
            topics: response
                .topics
                .iter()
                .filter_map(topic)
                .map(|t| (t.name.clone(), Arc::new(t)))
                .collect(),
            answered_by: -1,
            answered_by_name: String::new(),
        }
    }

    /// Makes topics look as if the cluster did not have them: `topic.blacklist`.
    pub fn hide(&mut self, blacklist: Option<&PatternList>) {
        let Some(blacklist) = blacklist else {
            return;
        };
        for (name, info) in &mut self.topics {
            if blacklist.is_match(name) {
                let mut hidden = TopicInfo::clone(info);
                hidden.err = ErrorCode::UNKNOWN_TOPIC_OR_PART;
                hidden.partitions.clear();
                *info = Arc::new(hidden);
            }
        }
    }

    pub fn topic(&self, name: &str) -> Option<&Arc<TopicInfo>> {
        self.topics.get(name)
    }

    pub fn leader(&self, topic: &str, partition: i32) -> Option<i32> {
        let leader = self.topics.get(topic)?.partition(partition)?.leader;
        (leader >= 0).then_some(leader)
    }
}

fn topic(t: &metadata_response::MetadataResponseTopic) -> Option<TopicInfo> {
    let name: Arc<str> = Arc::from(t.name.as_ref()?.0.as_str());
    let mut partitions: Vec<PartitionInfo> = t
        .partitions
        .iter()
        .map(|p| PartitionInfo {
            id: p.partition_index,
            err: ErrorCode::from(p.error_code),
            leader: p.leader_id.0,
            leader_epoch: p.leader_epoch,
            replicas: p.replica_nodes.iter().map(|b| b.0).collect(),
            isrs: p.isr_nodes.iter().map(|b| b.0).collect(),
        })
        .collect();
    partitions.sort_by_key(|p| p.id);
    partitions.dedup_by_key(|p| p.id);
    Some(TopicInfo {
        name,
        id: t.topic_id,
        err: ErrorCode::from(t.error_code),
        internal: t.is_internal,
        partitions,
    })
}
