//! The assignors: what each member is to have.

use super::{Around, Consumer, Member, Partitions, Targets};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignor {
    /// As even as subscriptions allow, moving as little as possible.
    Uniform,
    /// For each topic, consecutive partitions in the order of the members.
    Range,
}

impl Assignor {
    pub const NAMES: [&'static str; 2] = ["uniform", "range"];

    pub fn named(name: &str) -> Option<Assignor> {
        match name {
            "uniform" => Some(Assignor::Uniform),
            "range" => Some(Assignor::Range),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Assignor::Uniform => "uniform",
            Assignor::Range => "range",
        }
    }
}

/// A member as an assignor sees it.
struct MemberSubscription<'a> {
    id: &'a str,
    topics: BTreeSet<Uuid>,
}

impl Consumer {
    /// Computes the targets of the current epoch, unless a test has set them.
    pub(super) fn compute_targets(&mut self, around: &Around<'_>) {
        self.assignment_epoch = self.epoch;
        if self.set_by == Targets::Set {
            return;
        }
        let mut members: Vec<&Member> = self.members.values().collect();
        // Static members first: their order outlasts a restart.
        members.sort_by_key(|m| (m.instance_id.is_none(), &m.instance_id, &m.id));
        let subscriptions: Vec<MemberSubscription<'_>> = members
            .into_iter()
            .map(|m| MemberSubscription {
                id: &m.id,
                topics: self.subscribed_ids(m, around),
            })
            .collect();
        let counts: BTreeMap<Uuid, i32> = self.subscribed.values().copied().collect();
        self.targets = match self.assignor() {
            Assignor::Range => range(&subscriptions, &counts),
            Assignor::Uniform => uniform(&subscriptions, &counts, &self.targets),
        };
    }
}

fn range(
    subscriptions: &[MemberSubscription<'_>],
    counts: &BTreeMap<Uuid, i32>,
) -> BTreeMap<String, Partitions> {
    let mut all = nothing(subscriptions);
    for (topic, &count) in counts {
        let subscribers: Vec<&MemberSubscription<'_>> = subscriptions
            .iter()
            .filter(|s| s.topics.contains(topic))
            .collect();
        let n = i32::try_from(subscribers.len()).unwrap_or(i32::MAX);
        let mut next = 0;
        for (i, one) in (0..).zip(subscribers) {
            let more = i32::from(i < count % n);
            let end = next + count / n + more;
            if end > next
                && let Some(partitions) = all.get_mut(one.id)
            {
                partitions.insert(*topic, (next..end).collect());
            }
            next = end;
        }
    }
    all
}

fn nothing(subscriptions: &[MemberSubscription<'_>]) -> BTreeMap<String, Partitions> {
    let empty = |s: &MemberSubscription<'_>| (s.id.to_owned(), Partitions::new());
    subscriptions.iter().map(empty).collect()
}

/// The work of the uniform assignor: who has what so far.
struct Uniform<'a> {
    subscriptions: &'a [MemberSubscription<'a>],
    has: Vec<BTreeSet<(Uuid, i32)>>,
}

/// Everybody keeps what may be kept; what is left goes to whoever has least, and then
/// partitions move from those with more to those with less while that evens things out.
fn uniform(
    subscriptions: &[MemberSubscription<'_>],
    counts: &BTreeMap<Uuid, i32>,
    before: &BTreeMap<String, Partitions>,
) -> BTreeMap<String, Partitions> {
    let mut left: BTreeSet<(Uuid, i32)> = counts
        .iter()
        .flat_map(|(&topic, &count)| (0..count).map(move |p| (topic, p)))
        .collect();
    let mut work = Uniform {
        subscriptions,
        has: vec![BTreeSet::new(); subscriptions.len()],
    };
    for (one, has) in subscriptions.iter().zip(&mut work.has) {
        for (topic, partitions) in before.get(one.id).into_iter().flatten() {
            for &p in partitions {
                if one.topics.contains(topic) && left.remove(&(*topic, p)) {
                    has.insert((*topic, p));
                }
            }
        }
    }
    for at in left {
        if let Some(i) = work.least_of(&at.0) {
            work.has[i].insert(at);
        }
    }
    while work.even_out() {}
    let mut all = nothing(subscriptions);
    for (one, has) in subscriptions.iter().zip(work.has) {
        if let Some(partitions) = all.get_mut(one.id) {
            for (topic, p) in has {
                partitions.entry(topic).or_default().insert(p);
            }
        }
    }
    all
}

impl Uniform<'_> {
    /// Of those who subscribe to the topic, the first of those who have least.
    fn least_of(&self, topic: &Uuid) -> Option<usize> {
        let subscribers = self.subscriptions.iter().enumerate();
        let subscribers = subscribers.filter(|(_, s)| s.topics.contains(topic));
        let load = |i: &usize| self.has.get(*i).map_or(0, BTreeSet::len);
        subscribers.map(|(i, _)| i).min_by_key(load)
    }

    /// Moves one partition to a member that has at least two fewer. False if there is
    /// none to move.
    fn even_out(&mut self) -> bool {
        let mut order: Vec<usize> = (0..self.subscriptions.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(self.has[i].len()));
        for from in order {
            // The last ones go first: range-like order stays for who is first.
            let candidates: Vec<(Uuid, i32)> = self.has[from].iter().rev().copied().collect();
            for at in candidates {
                if let Some(to) = self.least_of(&at.0)
                    && self.has[to].len() + 2 <= self.has[from].len()
                {
                    self.has[from].remove(&at);
                    self.has[to].insert(at);
                    return true;
                }
            }
        }
        false
    }
}
