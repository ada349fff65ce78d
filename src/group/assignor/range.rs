//! Topic by topic, each member gets a range of neighbouring partitions; members of
//! a rack get partitions with a replica there first, as far as that leaves the sizes
//! as they are, and topics that are alike are kept aligned.
//!
//! After `RangeAssignor` of Apache Kafka's Java client (Apache-2.0), whose steps it
//! follows: see `NOTICE`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::racks::racks_matter;
use super::{Member, Racks, TopicPartition, Topics, number};

pub(super) fn assign(topics: &Topics, members: &[Member]) -> Vec<Vec<TopicPartition>> {
    let mut result = vec![Vec::new(); members.len()];
    let mut states: Vec<Topic<'_>> = topics
        .iter()
        .map(|(name, partitions)| Topic::new(name, partitions, members))
        .collect();
    let use_racks = states.iter().any(|topic| topic.use_racks);
    if use_racks {
        assign_by_rack(&mut states, members, &mut result);
    }
    for topic in &mut states {
        topic.assign_ranges(members, false, &mut result);
    }
    if use_racks {
        result.iter_mut().for_each(|list| list.sort());
    }
    result
}

/// Members, static ones first by their instance ids, the others by member id.
pub(super) fn sorted_members(members: &[Member], wanted: impl Fn(&Member) -> bool) -> Vec<usize> {
    let mut order: Vec<_> = members
        .iter()
        .enumerate()
        .filter(|(_, member)| wanted(member))
        .map(|(at, member)| match &member.instance_id {
            Some(id) => (false, id, at),
            None => (true, &member.id, at),
        })
        .collect();
    order.sort();
    order.into_iter().map(|(.., at)| at).collect()
}

struct Topic<'a> {
    name: &'a Arc<str>,
    racks: &'a [Racks],
    consumers: Vec<Consumer>,
    unassigned: BTreeSet<usize>,
    /// How many every consumer gets, and how many get one more.
    base: usize,
    extra: usize,
    use_racks: bool,
}

struct Consumer {
    member: usize,
    assigned: usize,
}

impl<'a> Topic<'a> {
    fn new(name: &'a Arc<str>, racks: &'a [Racks], members: &[Member]) -> Self {
        let order = sorted_members(members, |member| member.topics.contains(name));
        let consumer_racks = order
            .iter()
            .filter_map(|&at| rack(members, at))
            .collect::<BTreeSet<_>>();
        Topic {
            name,
            racks,
            unassigned: (0..racks.len()).collect(),
            base: racks.len().checked_div(order.len()).unwrap_or(0),
            extra: racks.len().checked_rem(order.len()).unwrap_or(0),
            use_racks: racks_matter(&consumer_racks, racks.iter()),
            consumers: order
                .into_iter()
                .map(|member| Consumer {
                    member,
                    assigned: 0,
                })
                .collect(),
        }
    }

    fn room(&self, consumer: usize) -> usize {
        let most = self.base + usize::from(self.extra > 0);
        let assigned = self.consumers.get(consumer).map_or(most, |c| c.assigned);
        most.saturating_sub(assigned)
    }

    fn rack_matches(&self, members: &[Member], consumer: usize, partition: usize) -> bool {
        let member = self.consumers.get(consumer).map(|c| c.member);
        match member.and_then(|at| rack(members, at)) {
            Some(rack) => self.racks.get(partition).is_some_and(|r| r.contains(rack)),
            None => true,
        }
    }

    fn take(&mut self, consumer: usize, partitions: &[usize], result: &mut [Vec<TopicPartition>]) {
        let Some(c) = self.consumers.get_mut(consumer) else {
            return;
        };
        c.assigned += partitions.len();
        if c.assigned > self.base {
            self.extra = self.extra.saturating_sub(1);
        }
        if let Some(list) = result.get_mut(c.member) {
            list.extend(
                partitions
                    .iter()
                    .map(|&p| TopicPartition::new(self.name, number(p))),
            );
        }
        self.unassigned.retain(|p| !partitions.contains(p));
    }

    fn assign_ranges(
        &mut self,
        members: &[Member],
        match_racks: bool,
        result: &mut [Vec<TopicPartition>],
    ) {
        for consumer in 0..self.consumers.len() {
            let chosen: Vec<usize> = self
                .unassigned
                .iter()
                .copied()
                .filter(|&p| !match_racks || self.rack_matches(members, consumer, p))
                .take(self.room(consumer))
                .collect();
            if !chosen.is_empty() {
                self.take(consumer, &chosen, result);
            }
        }
    }
}

fn rack(members: &[Member], at: usize) -> Option<&Arc<str>> {
    members
        .get(at)
        .and_then(|member| member.rack.as_ref())
        .filter(|rack| !rack.is_empty())
}

fn assign_by_rack(
    topics: &mut [Topic<'_>],
    members: &[Member],
    result: &mut [Vec<TopicPartition>],
) {
    // Topics with the same consumers and as many partitions belong together. One
    // without racks on its consumers' side counts as having no partitions here, as
    // it does for the Java client.
    let mut alike: BTreeMap<(Vec<usize>, usize), Vec<usize>> = BTreeMap::new();
    for (at, topic) in topics.iter().enumerate() {
        let consumers: Vec<usize> = topic.consumers.iter().map(|c| c.member).collect();
        let with_racks = consumers.iter().any(|&at| rack(members, at).is_some());
        let partitions = if with_racks { topic.racks.len() } else { 0 };
        alike.entry((consumers, partitions)).or_default().push(at);
    }
    for ((consumers, partitions), group) in alike {
        if let [at] = group[..] {
            if let Some(topic) = topics.get_mut(at).filter(|topic| topic.use_racks) {
                topic.assign_ranges(members, true, result);
            }
            continue;
        }
        for partition in 0..partitions {
            let fits = |consumer: &usize| {
                group.iter().filter_map(|&at| topics.get(at)).all(|topic| {
                    topic.rack_matches(members, *consumer, partition) && topic.room(*consumer) > 0
                })
            };
            if let Some(consumer) = (0..consumers.len()).find(fits) {
                for &at in &group {
                    if let Some(topic) = topics.get_mut(at) {
                        topic.take(consumer, &[partition], result);
                    }
                }
            }
        }
    }
}
