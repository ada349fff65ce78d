//! The racks of members and replicas, for assignments that keep data near (KIP-881).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{Member, Racks, TopicPartition, Topics, number};

/// Whether looking at racks can make a difference.
pub(super) fn racks_matter<'a>(
    consumers: &BTreeSet<&Arc<str>>,
    partitions: impl Iterator<Item = &'a Racks> + Clone,
) -> bool {
    let all: BTreeSet<&Arc<str>> = partitions.clone().flatten().collect();
    !consumers.is_disjoint(&all) && partitions.into_iter().any(|racks| racks.len() != all.len())
}

/// The racks, where they matter.
pub(super) struct RackInfo<'a> {
    members: Vec<Option<&'a Arc<str>>>,
    topics: &'a Topics,
    /// How many members there are in the racks of each partition; empty if no
    /// member has a rack.
    consumers_near: HashMap<TopicPartition, usize>,
    pub(super) used: bool,
}

impl<'a> RackInfo<'a> {
    pub(super) fn new(topics: &'a Topics, members: &'a [Member]) -> Self {
        let member_racks: Vec<_> = members
            .iter()
            .map(|m| m.rack.as_ref().filter(|rack| !rack.is_empty()))
            .collect();
        let mut by_rack: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
        for rack in member_racks.iter().flatten() {
            *by_rack.entry(rack).or_default() += 1;
        }
        let mut consumers_near = HashMap::new();
        if !by_rack.is_empty() {
            for (topic, partitions) in topics {
                for (at, racks) in partitions.iter().enumerate() {
                    let near = racks.iter().filter_map(|rack| by_rack.get(rack)).sum();
                    consumers_near.insert(TopicPartition::new(topic, number(at)), near);
                }
            }
        }
        let racks: BTreeSet<_> = by_rack.keys().copied().collect();
        RackInfo {
            used: racks_matter(&racks, topics.values().flatten()),
            members: member_racks,
            topics,
            consumers_near,
        }
    }

    pub(super) fn of_partition(&self, partition: &TopicPartition) -> Option<&Racks> {
        let at = usize::try_from(partition.partition).ok()?;
        self.topics.get(&partition.topic)?.get(at)
    }

    pub(super) fn of_member(&self, member: usize) -> Option<&Arc<str>> {
        if !self.used {
            return None;
        }
        self.members.get(member).copied().flatten()
    }

    /// The member has a rack, and the partition no replica in it.
    pub(super) fn mismatch(&self, member: usize, partition: &TopicPartition) -> bool {
        self.of_member(member).is_some_and(|rack| {
            self.of_partition(partition)
                .is_none_or(|racks| !racks.contains(rack))
        })
    }

    pub(super) fn sort_by_consumers(&self, partitions: &mut [TopicPartition]) {
        if !self.consumers_near.is_empty() {
            partitions.sort_by_key(|p| self.consumers_near.get(p).copied().unwrap_or(0));
        }
    }

    /// The first member in the partition's racks, from `first` round.
    pub(super) fn next_near(
        &self,
        partition: &TopicPartition,
        members: impl ExactSizeIterator<Item = usize> + Clone,
        first: usize,
    ) -> Option<usize> {
        let racks = self.of_partition(partition)?;
        let count = members.len();
        (0..count)
            .map(|i| (first + i) % count)
            .find(|&index| match members.clone().nth(index) {
                Some(member) => self
                    .of_member(member)
                    .is_some_and(|rack| racks.contains(rack)),
                None => false,
            })
    }
}
