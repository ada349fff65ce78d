//! Who gets which partition: what the leader of a group computes.
//!
//! The results are those of the Java client, so that any member may lead a mixed
//! group: range and cooperative-sticky use replica racks as it does (KIP-881), and
//! where its result hangs on the order of a hash map, [`order`] has that order.

mod general;
mod order;
mod racks;
mod range;
mod roundrobin;
mod sticky;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A partition by topic name and number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    pub topic: Arc<str>,
    pub partition: i32,
}

impl TopicPartition {
    pub fn new(topic: &Arc<str>, partition: i32) -> Self {
        TopicPartition {
            topic: topic.clone(),
            partition,
        }
    }
}

/// The strategies by their names in `partition.assignment.strategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignor {
    Range,
    RoundRobin,
    CooperativeSticky,
}

/// Whether a rebalance takes everything away first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RebalanceProtocol {
    Eager,
    Cooperative,
}

impl Assignor {
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "range" => Some(Assignor::Range),
            "roundrobin" => Some(Assignor::RoundRobin),
            "cooperative-sticky" => Some(Assignor::CooperativeSticky),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Assignor::Range => "range",
            Assignor::RoundRobin => "roundrobin",
            Assignor::CooperativeSticky => "cooperative-sticky",
        }
    }

    pub fn protocol(self) -> RebalanceProtocol {
        match self {
            Assignor::Range | Assignor::RoundRobin => RebalanceProtocol::Eager,
            Assignor::CooperativeSticky => RebalanceProtocol::Cooperative,
        }
    }

    /// The partitions of every member, in the order of `members`.
    pub fn assign(self, cluster: &Cluster, members: &[Member]) -> Vec<Vec<TopicPartition>> {
        let subscribed: BTreeSet<&Arc<str>> = members.iter().flat_map(|m| &m.topics).collect();
        let topics: Topics = cluster
            .topics
            .iter()
            .filter(|(name, partitions)| subscribed.contains(name) && !partitions.is_empty())
            .map(|(name, partitions)| (name.clone(), partitions.clone()))
            .collect();
        match self {
            Assignor::Range => range::assign(&topics, members),
            Assignor::RoundRobin => roundrobin::assign(&topics, members),
            Assignor::CooperativeSticky => sticky::assign(&topics, members),
        }
    }
}

/// A member of the group, as its subscription tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Member {
    pub id: Arc<str>,
    pub instance_id: Option<Arc<str>>,
    pub topics: Vec<Arc<str>>,
    pub owned: Vec<TopicPartition>,
    /// Of what it owns; `None` if it does not say.
    pub generation: Option<i32>,
    pub rack: Option<Arc<str>>,
}

/// The racks of a partition's replicas.
pub type Racks = BTreeSet<Arc<str>>;

/// Topics with their partitions, numbered from 0.
pub type Topics = BTreeMap<Arc<str>, Vec<Racks>>;

/// What the leader knows of the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cluster {
    pub topics: Topics,
}

fn number(at: usize) -> i32 {
    i32::try_from(at).unwrap_or(i32::MAX)
}

const NO_GENERATION: i32 = -1;

fn push(lists: &mut [Vec<TopicPartition>], at: usize, partition: TopicPartition) {
    if let Some(list) = lists.get_mut(at) {
        list.push(partition);
    }
}

fn remove(lists: &mut [Vec<TopicPartition>], at: usize, partition: &TopicPartition) {
    if let Some(list) = lists.get_mut(at)
        && let Some(place) = list.iter().position(|other| other == partition)
    {
        list.remove(place);
    }
}

#[cfg(test)]
mod tests;
