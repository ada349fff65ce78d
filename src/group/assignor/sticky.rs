//! Cooperative-sticky: as balanced as possible, moving as little as possible; what
//! moves is first taken from its owner and given to the new one in the rebalance
//! that follows (KIP-429).
//!
//! With equal subscriptions the quotas are known beforehand and one pass will do;
//! otherwise see [`super::general`].
//!
//! After `AbstractStickyAssignor` of Apache Kafka's Java client (Apache-2.0), whose steps it
//! follows: see `NOTICE`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::order::java_order;
use super::racks::RackInfo;
use super::{Member, NO_GENERATION, TopicPartition, Topics, general, number, push, remove};

pub(super) fn assign(topics: &Topics, members: &[Member]) -> Vec<Vec<TopicPartition>> {
    if members.is_empty() {
        return Vec::new();
    }
    let racks = RackInfo::new(topics, members);
    let (owned, doubly_owned) = owners(topics, members);
    let equal = members.windows(2).all(|pair| match pair {
        [a, b] => topic_set(a) == topic_set(b),
        _ => true,
    });
    if equal {
        let mut builder = Constrained::new(topics, members, &racks, doubly_owned);
        builder.run(owned);
        let Constrained {
            mut assignment,
            transferring,
            ..
        } = builder;
        take_back(&mut assignment, &transferring);
        return assignment;
    }
    let mut assignment = general::assign(topics, members, &racks, owned);
    let transferring = transferring(members, &assignment);
    take_back(&mut assignment, &transferring);
    assignment
}

fn topic_set(member: &Member) -> BTreeSet<&Arc<str>> {
    member.topics.iter().collect()
}

/// What each member owns, by the highest generation; and what members of the same
/// generation both say they own, which nobody does.
fn owners(
    topics: &Topics,
    members: &[Member],
) -> (Vec<Vec<TopicPartition>>, HashSet<TopicPartition>) {
    let mut owned: Vec<Vec<TopicPartition>> = vec![Vec::new(); members.len()];
    let mut doubly = HashSet::new();
    let mut owner: HashMap<&TopicPartition, usize> = HashMap::new();
    for at in java_order(members) {
        let Some(member) = members.get(at) else {
            continue;
        };
        let generation = member.generation.unwrap_or(NO_GENERATION);
        for partition in &member.owned {
            if !topics.contains_key(&partition.topic) {
                continue;
            }
            let other = owner.get(partition).copied();
            if let Some(other) = other {
                let theirs = members
                    .get(other)
                    .and_then(|m| m.generation)
                    .unwrap_or(NO_GENERATION);
                if generation < theirs {
                    continue;
                }
                remove(&mut owned, other, partition);
                owner.insert(partition, at);
                if generation == theirs {
                    doubly.insert(partition.clone());
                    continue;
                }
            } else {
                owner.insert(partition, at);
            }
            push(&mut owned, at, partition.clone());
        }
    }
    (owned, doubly)
}

/// What is new at one member and was owned by another.
fn transferring(
    members: &[Member],
    assignment: &[Vec<TopicPartition>],
) -> BTreeMap<TopicPartition, usize> {
    let mut added = BTreeMap::new();
    let mut revoked = BTreeSet::new();
    for (at, (member, assigned)) in members.iter().zip(assignment).enumerate() {
        let owned: BTreeSet<_> = member.owned.iter().collect();
        let assigned: BTreeSet<_> = assigned.iter().collect();
        added.extend(assigned.difference(&owned).map(|&p| (p.clone(), at)));
        revoked.extend(owned.difference(&assigned).map(|&p| p.clone()));
    }
    added.retain(|partition, _| revoked.contains(partition));
    added
}

fn take_back(
    assignment: &mut [Vec<TopicPartition>],
    transferring: &BTreeMap<TopicPartition, usize>,
) {
    for (partition, &at) in transferring {
        remove(assignment, at, partition);
    }
}

/// The case of equal subscriptions: everyone gets `min` partitions, `expected_over`
/// of them one more.
struct Constrained<'a> {
    members: &'a [Member],
    topics: &'a Topics,
    racks: &'a RackInfo<'a>,
    doubly_owned: HashSet<TopicPartition>,
    maybe_revoked: HashMap<TopicPartition, usize>,
    min: usize,
    max: usize,
    expected_over: usize,
    over: usize,
    /// Members below `min`, and those at it that may get one more.
    under_min: Vec<usize>,
    at_min: VecDeque<usize>,
    /// Whose turn it is in `under_min` while racks are looked at.
    turn: usize,
    assignment: Vec<Vec<TopicPartition>>,
    transferring: BTreeMap<TopicPartition, usize>,
}

impl<'a> Constrained<'a> {
    fn new(
        topics: &'a Topics,
        members: &'a [Member],
        racks: &'a RackInfo<'a>,
        doubly_owned: HashSet<TopicPartition>,
    ) -> Self {
        let total: usize = topics.values().map(Vec::len).sum();
        let count = members.len().max(1);
        Constrained {
            members,
            topics,
            racks,
            doubly_owned,
            maybe_revoked: HashMap::new(),
            min: total / count,
            max: total.div_ceil(count),
            expected_over: total % count,
            over: 0,
            under_min: Vec::new(),
            at_min: VecDeque::new(),
            turn: 0,
            assignment: vec![Vec::new(); members.len()],
            transferring: BTreeMap::new(),
        }
    }

    fn run(&mut self, owned: Vec<Vec<TopicPartition>>) {
        self.keep_owned(owned);
        let kept: HashSet<_> = self.assignment.iter().flatten().cloned().collect();
        let mut open: Vec<TopicPartition> = self
            .topics
            .iter()
            .flat_map(|(topic, partitions)| {
                (0..partitions.len()).map(|at| TopicPartition::new(topic, number(at)))
            })
            .filter(|partition| !kept.contains(partition))
            .collect();
        let members = self.members;
        let id = |at: &usize| members.get(*at).map(|m| m.id.clone());
        self.under_min.sort_by_key(id);
        self.at_min.make_contiguous().sort_by_key(id);
        self.racks.sort_by_consumers(&mut open);
        if self.racks.used {
            open.retain(|partition| !self.deal_near(partition));
        }
        self.deal(open);
    }

    fn keep_owned(&mut self, mut owned: Vec<Vec<TopicPartition>>) {
        for at in java_order(self.members) {
            let mut list = owned.get_mut(at).map(std::mem::take).unwrap_or_default();
            list.retain(|partition| {
                let mismatch = self.racks.mismatch(at, partition);
                if mismatch {
                    self.maybe_revoked.insert(partition.clone(), at);
                }
                !mismatch
            });
            list.sort_by(|a, b| (a.partition, &a.topic).cmp(&(b.partition, &b.topic)));
            list.retain(|partition| !self.doubly_owned.contains(partition));
            if list.len() < self.min {
                self.under_min.push(at);
            } else {
                let keep = if list.len() >= self.max && self.over < self.expected_over {
                    self.over += 1;
                    if self.over == self.expected_over {
                        self.at_min.clear();
                    }
                    self.max
                } else {
                    if self.over < self.expected_over {
                        self.at_min.push_back(at);
                    }
                    self.min
                };
                for partition in list.drain(keep.min(list.len())..) {
                    self.maybe_revoked.insert(partition, at);
                }
            }
            if let Some(assigned) = self.assignment.get_mut(at) {
                *assigned = list;
            }
        }
    }

    fn count(&self, member: usize) -> usize {
        self.assignment.get(member).map_or(0, Vec::len)
    }

    /// One round over the members of the right rack.
    fn deal_near(&mut self, partition: &TopicPartition) -> bool {
        let near = self
            .racks
            .next_near(partition, self.under_min.iter().copied(), self.turn);
        if let Some(index) = near {
            let Some(&member) = self.under_min.get(index) else {
                return false;
            };
            let count = self.count(member) + 1;
            let mut next = index;
            if count >= self.min {
                self.under_min.remove(index);
                if count < self.max && self.over < self.expected_over {
                    self.at_min.push_back(member);
                }
            } else {
                next += 1;
            }
            self.turn = next.checked_rem(self.under_min.len()).unwrap_or(0);
            self.give(partition.clone(), member);
            return true;
        }
        let near = self
            .racks
            .next_near(partition, self.at_min.iter().copied(), 0);
        let Some((index, member)) = near.and_then(|i| Some((i, *self.at_min.get(i)?))) else {
            return false;
        };
        if self.count(member) + 1 == self.max {
            self.at_min.remove(index);
            self.over += 1;
            if self.over == self.expected_over {
                self.at_min.clear();
            }
        }
        self.give(partition.clone(), member);
        true
    }

    /// Round and round over the members below the minimum, then one to each that
    /// may have one more.
    fn deal(&mut self, open: Vec<TopicPartition>) {
        let mut turn = 0;
        for partition in open {
            if turn >= self.under_min.len() {
                turn = 0;
            }
            let (member, from_under) = match self.under_min.get(turn) {
                Some(&member) => (member, true),
                None => match self.at_min.pop_front() {
                    Some(member) => (member, false),
                    None => return,
                },
            };
            self.give(partition, member);
            let count = self.count(member);
            if from_under && count == self.min {
                self.under_min.remove(turn);
                self.at_min.push_back(member);
            } else {
                turn += usize::from(from_under);
                if count == self.max {
                    self.over += 1;
                }
            }
        }
    }

    fn give(&mut self, partition: TopicPartition, member: usize) {
        let moved = self
            .maybe_revoked
            .get(&partition)
            .is_some_and(|&owner| owner != member);
        if moved || self.doubly_owned.contains(&partition) {
            self.transferring.insert(partition.clone(), member);
        }
        push(&mut self.assignment, member, partition);
    }
}
