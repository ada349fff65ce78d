//! The sticky assignment when members subscribe to different topics: keep what is
//! owned, give the rest to the least loaded, then move partitions as long as that
//! makes it more balanced.
//!
//! After `AbstractStickyAssignor` of Apache Kafka's Java client (Apache-2.0), whose steps it
//! follows: see `NOTICE`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::order::{HashOrder, java_order, partition_hash};
use super::racks::RackInfo;
use super::{Member, NO_GENERATION, TopicPartition, Topics, number, push, remove};

pub(super) fn assign(
    topics: &Topics,
    members: &[Member],
    racks: &RackInfo<'_>,
    owned: Vec<Vec<TopicPartition>>,
) -> Vec<Vec<TopicPartition>> {
    let mut builder = General::new(topics, members, racks, owned);
    builder.keep_owned();
    builder.balance();
    builder.current
}

struct General<'a> {
    topics: &'a Topics,
    members: &'a [Member],
    racks: &'a RackInfo<'a>,
    /// By name, so that comparing ranks compares ids.
    rank: Vec<usize>,
    /// Who may have a topic's partitions, in Java's order.
    consumers: BTreeMap<&'a Arc<str>, Vec<usize>>,
    /// What a member may have.
    subscribed: Vec<Vec<&'a Arc<str>>>,
    current: Vec<Vec<TopicPartition>>,
    owner: HashMap<TopicPartition, usize>,
    /// Owners of earlier generations.
    previous: HashMap<TopicPartition, (usize, i32)>,
    /// By topics with few consumers first.
    all: Vec<TopicPartition>,
    /// The members taking part, by load and id: (size, rank, member).
    loads: BTreeSet<(usize, usize, usize)>,
    total: usize,
    movements: Movements,
    revocation_required: bool,
}

impl<'a> General<'a> {
    fn new(
        topics: &'a Topics,
        members: &'a [Member],
        racks: &'a RackInfo<'a>,
        owned: Vec<Vec<TopicPartition>>,
    ) -> Self {
        let order = java_order(members);
        let mut consumers: BTreeMap<&Arc<str>, Vec<usize>> =
            topics.keys().map(|topic| (topic, Vec::new())).collect();
        let mut subscribed = vec![Vec::new(); members.len()];
        for &at in &order {
            let wanted = members.get(at).map(|m| &m.topics[..]).unwrap_or_default();
            for (topic, _) in wanted.iter().filter_map(|t| topics.get_key_value(t)) {
                consumers.entry(topic).or_default().push(at);
                if let Some(list) = subscribed.get_mut(at) {
                    list.push(topic);
                }
            }
        }
        let mut by_id: Vec<usize> = (0..members.len()).collect();
        by_id.sort_by_key(|&at| members.get(at).map(|m| &m.id));
        let mut rank = vec![0; members.len()];
        for (place, &at) in by_id.iter().enumerate() {
            if let Some(slot) = rank.get_mut(at) {
                *slot = place;
            }
        }
        let mut names: Vec<&Arc<str>> = topics.keys().collect();
        names.sort_by_key(|name| (consumers.get(name).map_or(0, Vec::len), *name));
        let all: Vec<TopicPartition> = names
            .into_iter()
            .flat_map(|name| {
                let count = topics.get(name).map_or(0, Vec::len);
                (0..count).map(|at| TopicPartition::new(name, number(at)))
            })
            .collect();
        General {
            topics,
            members,
            racks,
            rank,
            consumers,
            subscribed,
            owner: HashMap::new(),
            previous: previous(members, &order),
            total: all.len(),
            all,
            loads: BTreeSet::new(),
            movements: Movements::default(),
            revocation_required: false,
            current: owned,
        }
    }

    fn keep_owned(&mut self) {
        for (at, list) in self.current.iter_mut().enumerate() {
            let member = self.members.get(at);
            list.retain(|partition| {
                if !self.topics.contains_key(&partition.topic) {
                    return false;
                }
                let keep = member.is_some_and(|m| m.topics.contains(&partition.topic))
                    && !self.racks.mismatch(at, partition);
                self.revocation_required |= !keep;
                keep
            });
            for partition in list {
                self.owner.insert(partition.clone(), at);
            }
        }
    }

    fn size(&self, member: usize) -> usize {
        self.current.get(member).map_or(0, Vec::len)
    }

    fn load(&self, member: usize) -> (usize, usize, usize) {
        let rank = self.rank.get(member).copied().unwrap_or(0);
        (self.size(member), rank, member)
    }

    fn consumers(&self, topic: &Arc<str>) -> &[usize] {
        self.consumers.get(topic).map_or(&[], Vec::as_slice)
    }

    fn may_have(&self, member: usize, topic: &Arc<str>) -> bool {
        self.subscribed
            .get(member)
            .is_some_and(|topics| topics.contains(&topic))
    }

    fn balance(&mut self) {
        self.loads = (0..self.members.len()).map(|at| self.load(at)).collect();
        let initializing = self.current.iter().all(Vec::is_empty);
        let mut open: Vec<TopicPartition> = self
            .all
            .iter()
            .filter(|partition| !self.owner.contains_key(*partition))
            .cloned()
            .collect();
        let mut to_assign = open.clone();
        if self.racks.used {
            to_assign.retain(|partition| !self.give(partition, true));
        }
        for partition in &to_assign {
            self.give(partition, false);
        }
        let movable: HashSet<&Arc<str>> = self
            .consumers
            .iter()
            .filter(|(_, consumers)| consumers.len() >= 2)
            .map(|(topic, _)| *topic)
            .collect();
        let mut all = std::mem::take(&mut self.all);
        all.retain(|partition| movable.contains(&partition.topic));
        open.retain(|partition| movable.contains(&partition.topic));
        for at in 0..self.members.len() {
            if !self.takes_part(at, &movable) {
                let load = self.load(at);
                self.loads.remove(&load);
            }
        }
        let before = self.current.clone();
        if !self.revocation_required {
            self.reassign(&open);
        }
        let moved = self.reassign(&all);
        if !initializing && moved && self.score(&self.current) >= self.score(&before) {
            self.current = before;
        }
    }

    /// Gives the partition to the least loaded member that may have it.
    fn give(&mut self, partition: &TopicPartition, match_racks: bool) -> bool {
        let found = self.loads.iter().copied().find(|&(_, _, member)| {
            self.may_have(member, &partition.topic)
                && !(match_racks && self.racks.mismatch(member, partition))
        });
        let Some(load) = found else {
            return false;
        };
        self.loads.remove(&load);
        push(&mut self.current, load.2, partition.clone());
        self.owner.insert(partition.clone(), load.2);
        self.loads.insert(self.load(load.2));
        true
    }

    fn takes_part(&self, member: usize, movable: &HashSet<&Arc<str>>) -> bool {
        self.size(member) < self.most(member)
            || self
                .current
                .get(member)
                .is_some_and(|list| list.iter().any(|p| movable.contains(&p.topic)))
    }

    /// As many as a member could have.
    fn most(&self, member: usize) -> usize {
        let topics = self.subscribed.get(member).map_or(&[][..], Vec::as_slice);
        if topics.len() == self.topics.len() {
            return self.total;
        }
        topics
            .iter()
            .filter_map(|topic| self.topics.get(*topic))
            .map(Vec::len)
            .sum()
    }

    fn is_balanced(&self) -> bool {
        let (Some(first), Some(last)) = (self.loads.first(), self.loads.last()) else {
            return true;
        };
        if first.0 + 1 >= last.0 {
            return true;
        }
        for &(size, _, member) in &self.loads {
            if size == self.most(member) {
                continue;
            }
            let topics = self.subscribed.get(member).into_iter().flatten();
            for topic in topics {
                for at in 0..self.topics.get(*topic).map_or(0, Vec::len) {
                    let partition = TopicPartition::new(topic, number(at));
                    let owner = self.owner.get(&partition).copied();
                    if owner.is_some_and(|o| o != member && size + 1 < self.size(o)) {
                        return false;
                    }
                }
            }
        }
        true
    }

    fn in_play(&self, member: usize) -> bool {
        self.loads.contains(&self.load(member))
    }

    fn reassign(&mut self, partitions: &[TopicPartition]) -> bool {
        let mut any = false;
        loop {
            let mut modified = false;
            for partition in partitions {
                if self.is_balanced() {
                    break;
                }
                if let Some(target) = self.better_owner(partition) {
                    self.move_to(partition, target);
                    modified = true;
                }
            }
            any |= modified;
            if !modified {
                return any;
            }
        }
    }

    /// Where the partition is to go, if it is to go.
    fn better_owner(&self, partition: &TopicPartition) -> Option<usize> {
        let owner = *self.owner.get(partition)?;
        let size = self.size(owner);
        if let Some(&(previous, _)) = self.previous.get(partition)
            && self.in_play(previous)
            && size > self.size(previous) + 1
        {
            return Some(previous);
        }
        // A much less loaded consumer is the reason to move; the least loaded one of
        // all that may have the partition gets it.
        let consumers = self.consumers(&partition.topic);
        let reason = consumers.iter().any(|&other| size > self.size(other) + 1);
        if !reason {
            return None;
        }
        self.loads
            .iter()
            .map(|&(.., member)| member)
            .find(|&member| self.may_have(member, &partition.topic))
    }

    fn move_to(&mut self, partition: &TopicPartition, target: usize) {
        let Some(&owner) = self.owner.get(partition) else {
            return;
        };
        let partition = self.movements.actual(partition, owner, target);
        let Some(&owner) = self.owner.get(&partition) else {
            return;
        };
        for member in [owner, target] {
            let load = self.load(member);
            self.loads.remove(&load);
        }
        self.movements.record(&partition, owner, target);
        remove(&mut self.current, owner, &partition);
        push(&mut self.current, target, partition.clone());
        self.owner.insert(partition, target);
        for member in [owner, target] {
            self.loads.insert(self.load(member));
        }
    }

    /// The sum of the differences in load between any two members taking part.
    fn score(&self, assignment: &[Vec<TopicPartition>]) -> usize {
        let members: BTreeSet<usize> = self.loads.iter().map(|&(.., member)| member).collect();
        let mut sizes: Vec<usize> = members
            .iter()
            .filter_map(|&at| assignment.get(at).map(Vec::len))
            .collect();
        sizes.sort_by_key(|&size| Reverse(size));
        let mut score = 0;
        for (at, size) in sizes.iter().enumerate() {
            score += sizes
                .iter()
                .skip(at)
                .map(|other| size - other)
                .sum::<usize>();
        }
        score
    }
}

/// Who owned a partition in a generation before the newest.
fn previous(members: &[Member], order: &[usize]) -> HashMap<TopicPartition, (usize, i32)> {
    let newest = members
        .iter()
        .map(|m| m.generation.unwrap_or(NO_GENERATION))
        .max()
        .unwrap_or(NO_GENERATION);
    let mut previous: HashMap<TopicPartition, (usize, i32)> = HashMap::new();
    for (at, member) in order.iter().filter_map(|&at| Some((at, members.get(at)?))) {
        let generation = member.generation.unwrap_or(NO_GENERATION);
        if generation >= newest {
            continue;
        }
        for partition in &member.owned {
            let entry = previous
                .entry(partition.clone())
                .or_insert((at, generation));
            if generation > entry.1 {
                *entry = (at, generation);
            }
        }
    }
    previous
}

/// Which partitions have moved from whom to whom, so that two members do not swap
/// partitions of one topic.
#[derive(Default)]
struct Movements {
    of: HashMap<TopicPartition, (usize, usize)>,
    by_pair: HashMap<(Arc<str>, usize, usize), HashOrder<TopicPartition>>,
}

impl Movements {
    fn record(&mut self, partition: &TopicPartition, from: usize, to: usize) {
        let mut pair = (from, to);
        if let Some((source, target)) = self.of.remove(partition) {
            let key = (partition.topic.clone(), source, target);
            if let Some(set) = self.by_pair.get_mut(&key) {
                set.remove(partition);
                if set.is_empty() {
                    self.by_pair.remove(&key);
                }
            }
            if source == to {
                return;
            }
            pair = (source, to);
        }
        self.of.insert(partition.clone(), pair);
        self.by_pair
            .entry((partition.topic.clone(), pair.0, pair.1))
            .or_insert_with(HashOrder::new)
            .insert(partition_hash(partition), partition.clone());
    }

    /// The partition that goes instead: one that came the opposite way.
    fn actual(&self, partition: &TopicPartition, from: usize, to: usize) -> TopicPartition {
        let from = self.of.get(partition).map_or(from, |pair| pair.0);
        self.by_pair
            .get(&(partition.topic.clone(), to, from))
            .and_then(HashOrder::first)
            .unwrap_or(partition)
            .clone()
    }
}
