//! One step of a member from what it owns towards what it is to have.

use super::{Around, Consumer, Member, Partitions, State, Targets};
use crate::mock::state::Now;
use std::collections::BTreeSet;
use uuid::Uuid;

/// What a member is to keep, to give up and to get.
#[derive(Default)]
struct Difference {
    kept: Partitions,
    revoked: Partitions,
    /// Of the target, what nobody owns.
    free: Partitions,
    waits_for_others: bool,
}

impl Consumer {
    pub(super) fn reconcile(
        &mut self,
        now: Now,
        around: &Around<'_>,
        id: &str,
        owned: Option<&Partitions>,
    ) {
        let Some(m) = self.members.get(id) else {
            return;
        };
        let next = match &m.state {
            State::Stable if m.epoch == self.assignment_epoch => {
                match self.unsubscribed(m, around) {
                    Some(split) => unsubscribed(now, m, split, Partitions::new(), owned),
                    None => return,
                }
            }
            State::Unrevoked { pending, .. } if owns_any(owned, pending) => {
                match self.unsubscribed(m, around) {
                    Some(split) => unsubscribed(now, m, split, pending.clone(), owned),
                    None => return,
                }
            }
            _ => self.next(now, m, around, owned),
        };
        if let Some(m) = self.members.get_mut(id) {
            // Also where it stays the same: then no epoch before it is believed.
            m.previous_epoch = m.epoch;
            m.epoch = next.epoch;
            m.state = next.state;
            m.assigned = next.assigned;
        }
    }

    fn next(&self, now: Now, m: &Member, around: &Around<'_>, owned: Option<&Partitions>) -> Next {
        let d = self.difference(m, around);
        if !d.revoked.is_empty() && owns_any(owned, &d.revoked) {
            return unrevoked(now, m, d.kept, d.revoked);
        }
        let mut assigned = d.kept;
        if !(d.waits_for_others && around.settings.new_partitions_together) {
            for (topic, partitions) in d.free {
                assigned.entry(topic).or_default().extend(partitions);
            }
        }
        Next {
            epoch: self.assignment_epoch,
            state: match d.waits_for_others {
                true => State::Unreleased,
                false => State::Stable,
            },
            assigned,
        }
    }

    fn difference(&self, m: &Member, around: &Around<'_>) -> Difference {
        let wanted = self.wanted(m, around);
        let mut d = Difference::default();
        let none = BTreeSet::new();
        for topic in wanted.keys().chain(m.assigned.keys()) {
            let target = wanted.get(topic).unwrap_or(&none);
            let has = m.assigned.get(topic).unwrap_or(&none);
            insert(&mut d.kept, topic, has & target);
            insert(&mut d.revoked, topic, has - target);
            let missing = target - has;
            let held = |p: &i32| self.held_by_another(&m.id, topic, *p);
            let (busy, free): (BTreeSet<_>, BTreeSet<_>) = missing.into_iter().partition(held);
            d.waits_for_others |= !busy.is_empty();
            insert(&mut d.free, topic, free);
        }
        d
    }

    /// Whether others own what the member is to have.
    pub(super) fn waits_for_others(&self, m: &Member, around: &Around<'_>) -> bool {
        self.difference(m, around).waits_for_others
    }

    fn held_by_another(&self, id: &str, topic: &Uuid, partition: i32) -> bool {
        let mut others = self.members.values().filter(|m| m.id != id);
        others.any(|m| m.holds(topic, partition))
    }

    /// The target, without topics that the member has unsubscribed from since it was
    /// computed.
    fn wanted(&self, m: &Member, around: &Around<'_>) -> Partitions {
        let mut target = self.targets.get(&m.id).cloned().unwrap_or_default();
        if self.set_by == Targets::Computed {
            let subscribed = self.subscribed_ids(m, around);
            target.retain(|topic, _| subscribed.contains(topic));
        }
        target
    }

    /// What the member keeps and gives up if it still has topics that it has
    /// unsubscribed from.
    fn unsubscribed(&self, m: &Member, around: &Around<'_>) -> Option<(Partitions, Partitions)> {
        if self.set_by == Targets::Set {
            return None;
        }
        let subscribed = self.subscribed_ids(m, around);
        let all = m.assigned.clone().into_iter();
        let (kept, revoked): (Partitions, Partitions) =
            all.partition(|(topic, _)| subscribed.contains(topic));
        (!revoked.is_empty()).then_some((kept, revoked))
    }
}

struct Next {
    epoch: i32,
    state: State,
    assigned: Partitions,
}

fn unrevoked(now: Now, m: &Member, kept: Partitions, pending: Partitions) -> Next {
    let until = now.after_ms(m.rebalance_timeout_ms.into());
    Next {
        epoch: m.epoch,
        state: State::Unrevoked { pending, until },
        assigned: kept,
    }
}

/// Topics are to be given up whatever the target is.
fn unsubscribed(
    now: Now,
    m: &Member,
    (kept, revoked): (Partitions, Partitions),
    mut pending: Partitions,
    owned: Option<&Partitions>,
) -> Next {
    for (topic, partitions) in revoked {
        pending.entry(topic).or_default().extend(partitions);
    }
    match owns_any(owned, &pending) {
        true => unrevoked(now, m, kept, pending),
        false => Next {
            epoch: m.epoch,
            state: m.state.clone(),
            assigned: kept,
        },
    }
}

fn insert(into: &mut Partitions, topic: &Uuid, partitions: BTreeSet<i32>) {
    if !partitions.is_empty() {
        into.insert(*topic, partitions);
    }
}

/// A member that does not say what it owns may own everything.
fn owns_any(owned: Option<&Partitions>, of: &Partitions) -> bool {
    let Some(owned) = owned else {
        return true;
    };
    owned
        .iter()
        .any(|(topic, partitions)| of.get(topic).is_some_and(|of| !partitions.is_disjoint(of)))
}
