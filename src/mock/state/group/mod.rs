//! A group: the members and their protocol, and the offsets that were committed.
//!
//! A group is of one type at a time. While it has no members, the first that joins by
//! the other protocol makes it one of the other type; the offsets stay.
//!
//! Both types take requests and time and give back what to answer; they know neither
//! sockets nor other groups.

pub mod classic;
pub mod consumer;
mod offsets;

pub use classic::{Classic, Join, refused};
pub use consumer::Consumer;
pub use offsets::{Committed, Committer};

use super::{ClusterState, ConnId, Cx, Now};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, ResponseKind,
};
use std::collections::{BTreeMap, HashMap};

/// Answers that came due.
pub type Answers = Vec<(Cx, ResponseKind)>;

#[derive(Debug)]
pub enum Kind {
    Classic(Classic),
    Consumer(Consumer),
}

#[derive(Debug)]
pub struct Group {
    pub id: String,
    pub kind: Kind,
    offsets: BTreeMap<(String, i32), offsets::Written>,
    /// Producer id → what its open transaction commits.
    txn_offsets: HashMap<i64, BTreeMap<(String, i32), offsets::Written>>,
    /// How many commits there were.
    commits: u64,
    armed: Option<u64>,
}

impl Group {
    /// A classic group, as a commit makes one that has no members.
    pub fn new(id: &str) -> Group {
        Group::of(id, Kind::Classic(Classic::default()))
    }

    fn of(id: &str, kind: Kind) -> Group {
        Group {
            id: id.to_owned(),
            kind,
            offsets: BTreeMap::new(),
            txn_offsets: HashMap::new(),
            commits: 0,
            armed: None,
        }
    }

    pub fn type_name(&self) -> &'static str {
        match &self.kind {
            Kind::Classic(_) => "classic",
            Kind::Consumer(_) => "consumer",
        }
    }

    pub fn state_name(&self) -> &'static str {
        match &self.kind {
            Kind::Classic(g) => g.state_name(),
            Kind::Consumer(g) => g.state_name(),
        }
    }

    /// The generation, or the epoch.
    fn epoch(&self) -> i32 {
        match &self.kind {
            Kind::Classic(g) => g.generation(),
            Kind::Consumer(g) => g.epoch(),
        }
    }

    pub fn protocol_type(&self) -> &str {
        match &self.kind {
            Kind::Classic(g) => g.protocol_type.as_deref().unwrap_or(""),
            Kind::Consumer(_) => "consumer",
        }
    }

    pub fn is_empty(&self) -> bool {
        match &self.kind {
            Kind::Classic(g) => g.is_empty(),
            Kind::Consumer(g) => g.is_empty(),
        }
    }

    pub fn subscribes_to(&self, topic: &str) -> bool {
        match &self.kind {
            Kind::Classic(g) => g.subscribes_to(topic),
            Kind::Consumer(g) => g.subscribes_to(topic),
        }
    }

    pub fn check_commit(&mut self, now: Now, who: Committer<'_>) -> Result<(), E> {
        match &mut self.kind {
            Kind::Classic(g) => g.check_commit(now, who),
            Kind::Consumer(g) => g.check_commit(who),
        }
    }

    /// A member stays when its connection goes; it will be missed by its session's end.
    pub fn connection_closed(&mut self, _conn: ConnId) {}

    /// A group whose last member of the consumer protocol has gone is a classic one.
    fn downgrade(&mut self, now: Now, around: &consumer::Around<'_>, answers: &mut Answers) {
        if let Kind::Consumer(g) = &self.kind
            && g.is_all_classic()
        {
            let classic = Classic::downgraded(g, now, around, answers);
            self.kind = Kind::Classic(classic);
        }
    }

    fn members(&self) -> usize {
        match &self.kind {
            Kind::Classic(g) => g.members().count(),
            Kind::Consumer(g) => g.members().count(),
        }
    }

    fn next_deadline(&self) -> Option<u64> {
        match &self.kind {
            Kind::Classic(g) => g.next_deadline(),
            Kind::Consumer(g) => g.next_deadline(),
        }
    }

    /// Checks what must hold after every step; for tests.
    #[cfg(test)]
    pub fn check_invariants(&self) {
        match &self.kind {
            Kind::Classic(g) => g.check_invariants(),
            Kind::Consumer(g) => g.check_invariants(),
        }
    }
}

impl ClusterState {
    /// Runs a step of a group, creating it if allowed, and sends the answers.
    pub fn with_group<T>(
        &mut self,
        id: &str,
        create: bool,
        step: impl FnOnce(&mut Group, &mut Answers) -> T,
    ) -> Option<T> {
        self.with_group_in(id, create, |group, _, answers| step(group, answers))
    }

    /// As `with_group`, for a step that looks at the cluster's topics, too.
    fn with_group_in<T>(
        &mut self,
        id: &str,
        create: bool,
        step: impl FnOnce(&mut Group, &consumer::Around<'_>, &mut Answers) -> T,
    ) -> Option<T> {
        if create && !self.groups.contains_key(id) {
            self.groups.insert(id.to_owned(), Group::new(id));
        }
        let around = consumer::Around {
            topics: &self.topics,
            settings: &self.consumer_groups,
        };
        let group = self.groups.get_mut(id)?;
        let mut answers = Vec::new();
        let seen = |g: &Group| (g.type_name(), g.state_name(), g.epoch());
        let before = seen(group);
        let out = step(group, &around, &mut answers);
        let after = seen(group);
        if before != after {
            self.trace.line(format_args!(
                "Group {id} with {} members: {} {} of epoch {} becomes {} {} of epoch {}",
                group.members(),
                before.0,
                before.1,
                before.2,
                after.0,
                after.1,
                after.2
            ));
        }
        if let Some(at) = group.next_deadline()
            && group.armed.is_none_or(|armed| at < armed)
        {
            group.armed = Some(at);
            self.arm(at, super::timers::Timer::Group(id.to_owned()));
        }
        for (cx, response) in answers {
            self.respond(&cx, response);
        }
        Some(out)
    }

    /// Runs a step of a classic group; an empty group of the other type becomes one if
    /// it may be created. `None` if there is none.
    pub fn with_classic<T>(
        &mut self,
        id: &str,
        create: bool,
        step: impl FnOnce(&mut Classic, &mut Answers) -> T,
    ) -> Option<T> {
        self.with_group(id, create, |group, answers| {
            if create && group.is_empty() && !matches!(group.kind, Kind::Classic(_)) {
                group.kind = Kind::Classic(Classic::default());
            }
            match &mut group.kind {
                Kind::Classic(classic) => Some(step(classic, answers)),
                Kind::Consumer(_) => None,
            }
        })
        .flatten()
    }

    /// A member leaves, or is removed, by LeaveGroup; it may be one of either protocol.
    pub fn leave_group(
        &mut self,
        now: Now,
        id: &str,
        member: &str,
        instance: Option<&str>,
    ) -> Result<(), E> {
        let left = self.with_group_in(id, false, |group, around, answers| match &mut group.kind {
            Kind::Classic(g) => g.leave(now, member, instance, answers),
            Kind::Consumer(g) => {
                let left = g.remove(member, instance, around);
                group.downgrade(now, around, answers);
                left
            }
        });
        left.unwrap_or(Err(E::UnknownMemberId))
    }

    /// Takes a heartbeat of a member of a consumer group; the first makes the group,
    /// or makes an empty one that was classic one of this type.
    pub fn consumer_heartbeat(
        &mut self,
        cx: &Cx,
        request: &ConsumerGroupHeartbeatRequest,
    ) -> Result<ConsumerGroupHeartbeatResponse, consumer::Refusal> {
        consumer::check(request, cx.version)?;
        let id = request.group_id.as_str();
        let new_id = self.random_uuid().to_string();
        let caller = consumer::Caller {
            client_id: cx.client_id.to_string(),
            client_host: cx.client_host.to_string(),
        };
        let joins = request.member_epoch == 0;
        let not_found = || {
            (
                E::GroupIdNotFound,
                format!("there is no consumer group '{id}'"),
            )
        };
        match self.groups.get(id).map(|g| &g.kind) {
            Some(Kind::Consumer(_)) => {}
            Some(Kind::Classic(_)) | None if joins => {}
            _ => return Err(not_found()),
        }
        self.with_group_in(id, true, |group, around, answers| {
            let answer = match &mut group.kind {
                Kind::Consumer(g) => g.heartbeat(cx.now, around, &caller, request, &new_id),
                Kind::Classic(g) => {
                    let mut new = g.upgraded(around).ok_or_else(not_found)?;
                    let answer = new.heartbeat(cx.now, around, &caller, request, &new_id)?;
                    g.abandon(cx.now, answers);
                    group.kind = Kind::Consumer(new);
                    Ok(answer)
                }
            };
            group.downgrade(cx.now, around, answers);
            answer
        })
        .unwrap_or_else(|| Err(not_found()))
    }

    /// Runs a step of a group of the consumer protocol. `None` if there is none.
    pub fn with_consumer<T>(
        &mut self,
        id: &str,
        step: impl FnOnce(&mut Consumer, &consumer::Around<'_>) -> T,
    ) -> Option<T> {
        self.with_group_in(id, false, |group, around, _| match &mut group.kind {
            Kind::Consumer(g) => Some(step(g, around)),
            Kind::Classic(_) => None,
        })
        .flatten()
    }

    /// Takes a member out of a consumer group.
    pub fn fence_consumer(&mut self, now: Now, id: &str, member: &str) {
        self.with_group_in(id, false, |group, around, answers| {
            if let Kind::Consumer(g) = &mut group.kind {
                let _ = g.remove(member, None, around);
            }
            group.downgrade(now, around, answers);
        });
    }

    /// What a test wants the members of a consumer group to have. False if there is no
    /// such group.
    pub fn set_consumer_targets(
        &mut self,
        id: &str,
        targets: Option<Vec<(String, consumer::Partitions)>>,
    ) -> bool {
        let set = self.with_group_in(id, false, |group, around, _| match &mut group.kind {
            Kind::Consumer(g) => {
                g.set_targets(targets, around);
                true
            }
            Kind::Classic(_) => false,
        });
        set == Some(true)
    }

    pub(super) fn group_deadline(&mut self, now: Now, id: &str) {
        self.with_group_in(id, false, |group, around, answers| {
            group.armed = None;
            match &mut group.kind {
                Kind::Classic(g) => g.tick(now, answers),
                Kind::Consumer(g) => g.tick(now, around),
            }
            group.downgrade(now, around, answers);
        });
    }
}
