//! From what the application has to what the coordinator wants it to have.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{Consumer, LookUp, State, Step};
use crate::group::assignor::{RebalanceProtocol, TopicPartition};
use crate::group::membership::View;
use crate::group::{Action, Context, Rebalance, RebalanceKind};

fn rebalance(kind: RebalanceKind, partitions: Vec<TopicPartition>) -> Action {
    Action::Rebalance(Rebalance {
        kind,
        protocol: RebalanceProtocol::Cooperative,
        partitions,
    })
}

impl Consumer {
    /// Takes the names of the target's topics from what is known.
    pub(super) fn learn_names(&mut self) {
        let ids: BTreeSet<Uuid> = self.target.iter().map(|(id, _)| *id).collect();
        self.names.retain(|id, _| ids.contains(id));
        if ids.len() > self.names.len() {
            let view = self.view.clone();
            self.names_from(&view, &ids);
            for (p, id) in &self.owned.ids {
                if ids.contains(id) {
                    self.names.insert(*id, p.topic.clone());
                }
            }
        }
        if ids.len() == self.names.len() {
            self.look_up = LookUp::Idle;
            self.look_ups = 0;
        }
    }

    fn names_from(&mut self, view: &View, ids: &BTreeSet<Uuid>) {
        for (name, topic) in view {
            if topic.code.is_ok() && ids.contains(&topic.id) {
                self.names.insert(topic.id, name.clone());
            }
        }
    }

    /// The answer to the question for names.
    pub(super) fn on_names(&mut self, cx: &mut Context<'_>, view: &Arc<View>) {
        let ids: BTreeSet<Uuid> = self.target.iter().map(|(id, _)| *id).collect();
        self.names_from(view, &ids);
        if matches!(self.look_up, LookUp::Asked) {
            // Brokers learn of a new topic one after the other.
            let least = self.settings.retry_backoff.max(Duration::from_millis(10));
            let delay = cx.backoff(self.look_ups, least, self.settings.retry_backoff_max);
            self.look_ups = self.look_ups.saturating_add(1);
            self.look_up = LookUp::Wait { at: cx.now + delay };
        }
        self.learn_names();
    }

    /// Asks for the names that are missing, if it is time.
    pub(super) fn ask_names(&mut self, cx: &mut Context<'_>) -> bool {
        let due = match self.look_up {
            LookUp::Idle => true,
            LookUp::Asked => false,
            LookUp::Wait { at } => at <= cx.now,
        };
        if !due {
            return false;
        }
        let ids: BTreeSet<Uuid> = self.target.iter().map(|(id, _)| *id).collect();
        let missing: Vec<Uuid> = ids
            .into_iter()
            .filter(|id| !self.names.contains_key(id))
            .collect();
        if missing.is_empty() {
            self.look_up = LookUp::Idle;
            return false;
        }
        self.look_up = LookUp::Asked;
        cx.actions.push(Action::RequestTopics(missing));
        true
    }

    /// Begins the next step towards the target, if there is one.
    pub(super) fn reconcile(&mut self, cx: &mut Context<'_>) -> bool {
        let gone = |p: &&TopicPartition| !self.target.contains(&self.owned.place(p));
        let gone: Vec<_> = self.owned.partitions.iter().filter(gone).cloned().collect();
        if !gone.is_empty() {
            self.revoke(cx, gone);
            return true;
        }
        let added = self.added();
        if added.is_empty() {
            return false;
        }
        self.assign(cx, added);
        true
    }

    /// What of the target can be given to the application.
    fn added(&self) -> Vec<(TopicPartition, Uuid)> {
        let mut seen = BTreeSet::new();
        let named = self.target.iter().filter_map(|(id, partition)| {
            let topic = self.names.get(id)?;
            Some((TopicPartition::new(topic, *partition), *id))
        });
        let mut added: Vec<_> = named
            .filter(|(p, _)| !self.owned.ids.contains_key(p) && seen.insert(p.clone()))
            .collect();
        added.sort();
        added
    }

    fn revoke(&mut self, cx: &mut Context<'_>, gone: Vec<TopicPartition>) {
        if let State::Member { step, .. } = &mut self.state {
            let kind = RebalanceKind::Revoke { lost: false };
            cx.actions.push(rebalance(kind, gone.clone()));
            *step = Step::Revoking(gone);
        }
    }

    fn assign(&mut self, cx: &mut Context<'_>, added: Vec<(TopicPartition, Uuid)>) {
        let State::Member { step, .. } = &mut self.state else {
            return;
        };
        let partitions: Vec<_> = added.iter().map(|(p, _)| p.clone()).collect();
        cx.actions
            .push(rebalance(RebalanceKind::Assign, partitions.clone()));
        *step = Step::Assigning(partitions);
        for (partition, id) in added {
            self.owned.add(partition, id);
        }
    }

    /// Everything back from the application, as a member.
    pub(super) fn give_up(&mut self, cx: &mut Context<'_>) {
        let all = self.owned.partitions.clone();
        self.revoke(cx, all);
    }

    /// The application has given up what was to be taken from it.
    pub(super) fn unassigned(&mut self, cx: &mut Context<'_>) {
        let stays = self.goal == super::Goal::Member;
        match &mut self.state {
            State::Member { step, .. } => {
                let Step::Revoking(gone) = std::mem::replace(step, Step::Steady) else {
                    return;
                };
                self.owned.remove(&gone);
                self.beat_soon(cx.now);
                if stays {
                    // Told even where nothing is added: applications count on it.
                    let added = self.added();
                    self.assign(cx, added);
                }
            }
            State::Losing { epoch, taking, at } => {
                let (epoch, at) = (*epoch, *at);
                let taking = std::mem::take(taking);
                self.owned.remove(&taking);
                self.state = State::Out { at };
                self.take_lost(cx, epoch, at);
            }
            State::Out { .. } | State::Joining(_) | State::Closed => {}
        }
    }

    /// The membership is not valid any more. An assignment that the application has yet
    /// to take is taken back all the same, in order. Not to join again before `at`.
    pub(super) fn lose(&mut self, cx: &mut Context<'_>, at: Instant) {
        self.target.clear();
        self.learn_names();
        match std::mem::replace(&mut self.state, State::Out { at }) {
            State::Member { session, step } => match step {
                Step::Revoking(taking) => {
                    let epoch = session.epoch;
                    self.state = State::Losing { epoch, taking, at };
                }
                Step::Steady | Step::Assigning(_) => self.take_lost(cx, session.epoch, at),
            },
            State::Out { .. } | State::Joining(_) => {}
            state @ (State::Losing { .. } | State::Closed) => self.state = state,
        }
    }

    fn take_lost(&mut self, cx: &mut Context<'_>, epoch: i32, at: Instant) {
        let taking = self.owned.partitions.clone();
        if !taking.is_empty() {
            let kind = RebalanceKind::Revoke { lost: true };
            cx.actions.push(rebalance(kind, taking.clone()));
            self.state = State::Losing { epoch, taking, at };
        }
    }
}
