//! The invariants.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{SimMember, Simulation};
use crate::group::assignor::{RebalanceProtocol, TopicPartition};

impl Simulation {
    pub(super) fn check(&mut self) {
        let cooperative = self.coordinator.is_consumer()
            || self.assignors[0].protocol() == RebalanceProtocol::Cooperative;
        let mut owners: BTreeMap<(&TopicPartition, i32), usize> = BTreeMap::new();
        for (at, m) in self.members.iter().enumerate() {
            if !m.alive || self.is_replaced(m) {
                continue;
            }
            for (partition, (_, generation)) in &m.holds {
                let generation = if cooperative { 0 } else { *generation };
                let other = owners.insert((partition, generation), at);
                assert!(
                    other.is_none(),
                    "seed {}: {partition:?} is owned by {at} and {other:?}",
                    self.seed
                );
            }
        }
        for (key, offset) in self.coordinator.committed() {
            if self.committed.get(key) == Some(offset) {
                continue;
            }
            let consumed = self.consumed.get(key).copied().unwrap_or(0);
            assert!(*offset <= consumed, "seed {}: {key:?}", self.seed);
            let before = self.committed.insert(key.clone(), *offset).unwrap_or(0);
            assert!(
                before <= *offset,
                "seed {}: {key:?} goes back from {before} to {offset}",
                self.seed
            );
        }
    }

    /// What it has is somebody else's by rights, and it will hear of it.
    pub(super) fn is_replaced(&self, m: &SimMember) -> bool {
        let doubled = m
            .instance
            .as_ref()
            .is_some_and(|i| self.doubled.contains(i));
        let member = m.group.membership().member();
        self.coordinator.disowns(&member, doubled)
    }

    pub(super) fn at_rest(&self) -> bool {
        let mut wanted: BTreeSet<TopicPartition> = BTreeSet::new();
        let mut held = 0;
        for m in self.members.iter().filter(|m| m.alive && !m.closed) {
            let membership = m.group.membership();
            let state = membership.state_name();
            let out = state == "init" && !membership.wants_coordinator();
            if !(membership.is_steady() || out) || !m.told.is_empty() {
                return false;
            }
            held += m.holds.len();
            if membership.is_steady() {
                if self.coordinator.is_consumer() && self.is_replaced(m) {
                    return false;
                }
                for topic in m.topics.iter().map(|t| Arc::<str>::from(*t)) {
                    let count = self.view.get(&topic).map_or(0, |t| t.partitions.len());
                    wanted.extend((0..count).map(|p| TopicPartition::new(&topic, p as i32)));
                }
            }
        }
        // Owned once each, by `check`.
        held == wanted.len()
    }

    pub(super) fn describe(&self) -> String {
        let members = self.members.iter().enumerate().filter(|(_, m)| m.alive);
        let topics = format!("{:?} {}\n", self.view, self.at_rest());
        std::iter::once(topics)
            .chain(members.map(|(at, m)| {
                let s = m.group.membership().state_name();
                format!(
                    "{at}: {s} of {:?} up {:?} holds {:?} told {:?} deadline {:?} waiting {:?}\n",
                    m.group.membership().topics(),
                    m.up,
                    m.holds.keys(),
                    m.told,
                    m.group
                        .next_deadline()
                        .map(|d| d.saturating_duration_since(self.start + m.ahead)),
                    m.waiting,
                )
            }))
            .collect()
    }
}
