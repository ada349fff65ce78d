//! What the applications do: carry out rebalances, poll, commit.

use std::time::Duration;

use super::Simulation;
use super::schedule::What;
use crate::group::assignor::TopicPartition;
use crate::group::{Commit, Event, Offset, Rebalance, RebalanceKind};

impl Simulation {
    /// The application learns of a rebalance, and carries it out in its own time.
    pub(super) fn rebalance(&mut self, at: usize, rebalance: Rebalance) {
        // Lost is lost: others may have it now, and the application has to stop at once.
        if let RebalanceKind::Revoke { lost: true } = rebalance.kind {
            self.members[at].holds.clear();
        }
        if let RebalanceKind::Assign = rebalance.kind {
            let generation = self.members[at].group.membership().member().generation;
            for p in &rebalance.partitions {
                let key = (p.topic.to_string(), p.partition);
                let next = self.coordinator.committed().get(&key).copied().unwrap_or(0);
                self.members[at].holds.insert(p.clone(), (next, generation));
            }
        }
        self.members[at].told.push(rebalance);
        let delay = Duration::from_millis(self.rng.u64(0..300));
        let life = self.members[at].life;
        self.later(delay, What::Carry { member: at, life });
    }

    pub(super) fn commit_done(&mut self, at: usize, id: u64) {
        let m = &mut self.members[at];
        m.waiting.remove(&id);
        if let Some(ids) = &mut m.unassigned_after {
            ids.remove(&id);
            if ids.is_empty() {
                m.unassigned_after = None;
                self.tell(at, Event::Unassigned);
            }
        }
    }

    pub(super) fn carry(&mut self, at: usize, life: u64) {
        let m = &mut self.members[at];
        if m.life != life || m.told.is_empty() {
            return;
        }
        let rebalance = m.told.remove(0);
        let last = m.told.is_empty();
        match rebalance.kind {
            // An answer to what is over is kept back, as the client does.
            RebalanceKind::Assign => {
                if last {
                    self.tell(at, Event::Assigned);
                }
            }
            RebalanceKind::Revoke { lost } => {
                let gone: Vec<_> = rebalance
                    .partitions
                    .iter()
                    .filter_map(|p| Some((p.clone(), m.holds.remove(p)?.0)))
                    .collect();
                let member = m.group.membership();
                if !lost && !member.is_lost() && !gone.is_empty() {
                    self.commit(at, gone);
                }
                if !last {
                    return;
                }
                let m = &mut self.members[at];
                if m.waiting.is_empty() {
                    self.tell(at, Event::Unassigned);
                } else {
                    m.unassigned_after = Some(m.waiting.clone());
                }
            }
        }
    }

    pub(super) fn commit(&mut self, at: usize, offsets: Vec<(TopicPartition, i64)>) {
        let m = &mut self.members[at];
        m.commits += 1;
        let id = m.commits;
        m.waiting.insert(id);
        let offsets = offsets
            .into_iter()
            .map(|(p, offset)| Offset {
                topic: p.topic,
                partition: p.partition,
                offset,
                leader_epoch: -1,
                metadata: None,
            })
            .collect();
        self.tell(
            at,
            Event::Commit(Commit {
                id,
                offsets,
                automatic: true,
            }),
        );
    }

    /// The application polls, gets some messages, and commits now and then.
    pub(super) fn consume(&mut self, at: usize, life: u64) {
        let m = &mut self.members[at];
        if m.life != life || !m.alive || m.closed {
            return;
        }
        if m.polls {
            for (p, (next, _)) in &mut m.holds {
                *next += self.rng.i64(0..5);
                let key = (p.topic.to_string(), p.partition);
                let most = self.consumed.entry(key).or_insert(0);
                *most = (*most).max(*next);
            }
            let all: Vec<_> = m.holds.iter().map(|(p, (n, _))| (p.clone(), *n)).collect();
            let wants = m.group.membership().wants_poll();
            if wants {
                self.tell(at, Event::Polled);
            }
            if !all.is_empty() && self.rng.bool() {
                self.commit(at, all);
            }
        }
        self.consume_later(at);
    }

    pub(super) fn consume_later(&mut self, member: usize) {
        let delay = Duration::from_millis(self.rng.u64(50..1500));
        let life = self.members[member].life;
        self.later(delay, What::Consume { member, life });
    }
}
