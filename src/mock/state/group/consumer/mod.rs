//! A group of the consumer protocol (KIP-848): the coordinator assigns, and leads each
//! member from what it owns to what it is to have.
//!
//! ```text
//!  group epoch ──────────► assignment epoch ─────────► member epoch
//!    +1 when members,        the target was              the member has come
//!    subscriptions or        computed for it             that far
//!    topics change
//!
//!  A member, at each heartbeat (`reconcile`):
//!
//!            nothing to give up, all free
//!          ┌──────────────────────────────────► Stable
//!          │                                      │ a new target
//!     reconcile ◄─────────────────────────────────┘
//!          │ ▲ ▲
//!          │ │ └── owned no more ── Unrevoked   (told to give partitions up; until its
//!          │ │                                   rebalance timeout)
//!          │ └──── next heartbeat ─ Unreleased  (waits for what others still own)
//!          └───────────────────────────────────►
//! ```
//!
//! Everything happens in the heartbeat of a member, or when time is up (`tick`). A
//! heartbeat that is refused changes nothing.

mod assign;
mod embedded;
mod heartbeat;
mod membership;
mod reconcile;
mod subscription;

#[cfg(test)]
mod tests;

pub use assign::Assignor;
pub use embedded::{Embedded, Joined};
pub(super) use embedded::{PROTOCOL_TYPE, assigned, subscription};
pub use heartbeat::{Caller, check, refused};

use super::Committer;
use crate::mock::state::Now;
use crate::mock::state::topic::Topic;
use kafka_protocol::ResponseError as E;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use subscription::Resolution;
use uuid::Uuid;

/// The epoch that a member leaves with.
pub const LEAVE: i32 = -1;
/// The epoch that a static member leaves with when it will be back.
pub const LEAVE_STATIC: i32 = -2;

/// By topic id.
pub type Partitions = BTreeMap<Uuid, BTreeSet<i32>>;

/// Why a request is refused: the error and a text for people.
pub type Refusal = (E, String);

fn unknown(id: &str) -> Refusal {
    (
        E::UnknownMemberId,
        format!("the group has no member '{id}'"),
    )
}

/// What a group has to know of the cluster's topics.
pub trait Topics {
    /// The id and the number of partitions of a topic.
    fn topic(&self, name: &str) -> Option<(Uuid, i32)>;
    fn names(&self) -> Vec<&str>;
}

impl Topics for BTreeMap<String, Topic> {
    fn topic(&self, name: &str) -> Option<(Uuid, i32)> {
        let t = self.get(name)?;
        Some((t.id, i32::try_from(t.partitions.len()).unwrap_or(i32::MAX)))
    }

    fn names(&self) -> Vec<&str> {
        self.keys().map(String::as_str).collect()
    }
}

/// When the topics that a regular expression matches are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolve {
    /// In the heartbeat that brings it.
    AtOnce,
    /// So long after it, and no sooner than `interval_ms` after the last time. Kafka
    /// does it in the background, every 10 seconds at most.
    Later { after_ms: u32, interval_ms: u32 },
}

/// What an administrator sets for all groups of this type.
#[derive(Clone, Debug)]
pub struct Settings {
    /// group.consumer.heartbeat.interval.ms
    pub heartbeat_interval_ms: i32,
    /// group.consumer.session.timeout.ms
    pub session_timeout_ms: i32,
    /// group.consumer.max.size
    pub max_size: usize,
    pub resolve: Resolve,
    /// A member gets nothing new while another one owns a part of it. Kafka's members
    /// get what is free at once.
    pub new_partitions_together: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            heartbeat_interval_ms: 5000,
            session_timeout_ms: 45_000,
            max_size: usize::MAX,
            resolve: Resolve::Later {
                after_ms: 5,
                interval_ms: 10_000,
            },
            new_partitions_together: false,
        }
    }
}

/// What is around a group.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    pub topics: &'a dyn Topics,
    pub settings: &'a Settings,
}

/// How far a member is on its way to its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Stable,
    /// It owns partitions that it has been told to give up; `until` is its rebalance
    /// timeout.
    Unrevoked {
        pending: Partitions,
        until: u64,
    },
    /// It waits for partitions that others own.
    Unreleased,
}

#[derive(Clone, Debug)]
pub struct Member {
    pub id: String,
    pub instance_id: Option<String>,
    pub rack_id: Option<String>,
    pub client_id: String,
    pub client_host: String,
    pub names: BTreeSet<String>,
    /// Empty for none.
    pub regex: String,
    assignor: Option<Assignor>,
    rebalance_timeout_ms: i32,
    pub epoch: i32,
    previous_epoch: i32,
    pub state: State,
    pub assigned: Partitions,
    session_deadline: u64,
    /// Of a member that speaks the classic protocol.
    pub classic: Option<Embedded>,
}

impl Member {
    fn new(id: &str) -> Member {
        Member {
            id: id.to_owned(),
            instance_id: None,
            rack_id: None,
            client_id: String::new(),
            client_host: String::new(),
            names: BTreeSet::new(),
            regex: String::new(),
            assignor: None,
            rebalance_timeout_ms: -1,
            epoch: 0,
            previous_epoch: 0,
            state: State::Stable,
            assigned: Partitions::new(),
            session_deadline: 0,
            classic: None,
        }
    }

    /// When it is out, if it does nothing.
    fn deadline(&self) -> u64 {
        let step = match (&self.classic, &self.state) {
            (Some(classic), _) => classic.deadline(),
            (None, State::Unrevoked { until, .. }) => Some(*until),
            (None, State::Stable | State::Unreleased) => None,
        };
        step.map_or(self.session_deadline, |s| s.min(self.session_deadline))
    }

    fn is_reconciled_to(&self, epoch: i32) -> bool {
        self.state == State::Stable && self.epoch == epoch
    }

    /// Whether nobody else may get the partition yet.
    fn holds(&self, topic: &Uuid, partition: i32) -> bool {
        let has = |p: &Partitions| p.get(topic).is_some_and(|p| p.contains(&partition));
        match &self.state {
            State::Unrevoked { pending, .. } => has(&self.assigned) || has(pending),
            State::Stable | State::Unreleased => has(&self.assigned),
        }
    }
}

/// Who says what the members are to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Targets {
    Computed,
    /// A test; it stays so until the test gives them back.
    Set,
}

#[derive(Debug)]
pub struct Consumer {
    epoch: i32,
    assignment_epoch: i32,
    members: BTreeMap<String, Member>,
    /// Instance id → member id.
    instances: HashMap<String, String>,
    /// What each member is to have.
    targets: BTreeMap<String, Partitions>,
    set_by: Targets,
    /// The topics that members subscribe to, as they were when the epoch was last
    /// compared with them.
    subscribed: BTreeMap<String, (Uuid, i32)>,
    /// Regular expression → the topics that it matches.
    resolved: BTreeMap<String, BTreeSet<String>>,
    resolution: Resolution,
}

impl Default for Consumer {
    fn default() -> Consumer {
        Consumer {
            epoch: 0,
            assignment_epoch: 0,
            members: BTreeMap::new(),
            instances: HashMap::new(),
            targets: BTreeMap::new(),
            set_by: Targets::Computed,
            subscribed: BTreeMap::new(),
            resolved: BTreeMap::new(),
            resolution: Resolution::default(),
        }
    }
}

impl Consumer {
    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    pub fn assignment_epoch(&self) -> i32 {
        self.assignment_epoch
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub fn members(&self) -> impl Iterator<Item = &Member> + '_ {
        self.members.values()
    }

    pub fn member(&self, id: &str) -> Option<&Member> {
        self.members.get(id)
    }

    /// What the member is to have.
    pub fn target(&self, id: &str) -> Option<&Partitions> {
        self.targets.get(id)
    }

    pub fn state_name(&self) -> &'static str {
        if self.members.is_empty() {
            "Empty"
        } else if self.epoch > self.assignment_epoch {
            "Assigning"
        } else if self
            .members
            .values()
            .all(|m| m.is_reconciled_to(self.assignment_epoch))
        {
            "Stable"
        } else {
            "Reconciling"
        }
    }

    /// The assignor that most members ask for.
    pub fn assignor(&self) -> Assignor {
        let votes = |a: Assignor| {
            let asks = |m: &&Member| m.assignor == Some(a);
            self.members.values().filter(asks).count()
        };
        match votes(Assignor::Range) > votes(Assignor::Uniform) {
            true => Assignor::Range,
            false => Assignor::Uniform,
        }
    }

    /// Whether this commit is allowed.
    pub(super) fn check_commit(&self, who: Committer<'_>) -> Result<(), E> {
        if who.generation < 0 && self.members.is_empty() {
            // A consumer that assigns itself, or an administrator.
            return Ok(());
        }
        let member = self.members.get(who.member_id);
        let member = member.ok_or(E::UnknownMemberId)?;
        if !who.transactional && who.version < 9 && member.classic.is_none() {
            return Err(E::UnsupportedVersion);
        }
        match member.epoch == who.generation {
            true => Ok(()),
            // TxnOffsetCommit does not have the other error.
            false if who.transactional || member.classic.is_some() => Err(E::IllegalGeneration),
            false => Err(E::StaleMemberEpoch),
        }
    }

    /// Whether the member, if one asks, may have the offsets.
    pub fn check_fetch(&self, member_id: Option<&str>, epoch: i32) -> Result<(), E> {
        let Some(id) = member_id else {
            // An administrator; with an epoch it would be nobody that is known.
            return match epoch < 0 {
                true => Ok(()),
                false => Err(E::UnknownMemberId),
            };
        };
        match self.members.get(id) {
            None => Err(E::UnknownMemberId),
            Some(m) if m.epoch != epoch && m.classic.is_some() => Err(E::IllegalGeneration),
            Some(m) if m.epoch != epoch => Err(E::StaleMemberEpoch),
            Some(_) => Ok(()),
        }
    }

    /// When `tick` is needed next.
    pub fn next_deadline(&self) -> Option<u64> {
        let members = self.members.values().map(Member::deadline);
        members.chain(self.resolution.deadline()).min()
    }

    /// Does what is due: members that were silent, or gave up nothing, for too long are
    /// out.
    pub fn tick(&mut self, now: Now, around: &Around<'_>) {
        let late = |m: &&Member| m.deadline() <= now.us;
        let late: Vec<String> = self
            .members
            .values()
            .filter(late)
            .map(|m| m.id.clone())
            .collect();
        for id in late {
            self.fence(&id, around);
        }
        self.resolve_due(now, around);
    }

    /// Sets what members are to have, as a test does: the others keep what they were to
    /// have, and nobody joining or leaving changes it. `None` lets the group compute it
    /// again.
    pub fn set_targets(&mut self, targets: Option<Vec<(String, Partitions)>>, around: &Around<'_>) {
        self.epoch += 1;
        match targets {
            None => {
                self.set_by = Targets::Computed;
                self.compute_targets(around);
            }
            Some(targets) => {
                self.set_by = Targets::Set;
                self.assignment_epoch = self.epoch;
                let known = targets
                    .into_iter()
                    .filter(|(id, _)| self.members.contains_key(id));
                self.targets.extend(known);
            }
        }
    }

    /// Checks what must hold after every step; for tests.
    #[cfg(test)]
    pub fn check_invariants(&self) {
        let mut owners: HashMap<(Uuid, i32), &str> = HashMap::new();
        for m in self.members.values() {
            let pending = match &m.state {
                State::Unrevoked { pending, .. } => pending.clone(),
                State::Stable | State::Unreleased => Partitions::new(),
            };
            for (topic, partitions) in m.assigned.iter().chain(&pending) {
                for &p in partitions {
                    let other = owners.insert((*topic, p), &m.id);
                    assert_eq!(other, None, "{} owns what {other:?} does", m.id);
                }
            }
            if let Some(i) = &m.instance_id {
                assert_eq!(self.instances.get(i), Some(&m.id));
            }
            assert!(m.epoch <= self.assignment_epoch);
        }
        for id in self.instances.values().chain(self.targets.keys()) {
            assert!(self.members.contains_key(id), "{id} is no member");
        }
        assert!(self.assignment_epoch <= self.epoch);
    }
}
