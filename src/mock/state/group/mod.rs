//! A classic consumer group.
//!
//! ```text
//!            join                all joined or            leader
//!  Empty ──────────► Preparing ──────────────► Completing ──────► Stable
//!    ▲                 ▲   │     time is over      │       synced    │
//!    │ all left        │   └─ (nobody left)        │ member joins,   │
//!    └─────────────────┴──────────────────────◄────┴─ leaves, dies ◄─┘
//! ```
//!
//! The machine takes requests and time and gives back the answers to send; it
//! knows neither sockets nor other groups. A waiting member holds the `Cx` of its
//! parked JoinGroup or SyncGroup.

mod deadlines;
mod join;
mod offsets;
mod serve;

pub use join::{Join, refused};
pub use offsets::{Committed, Committer};

use super::{ClusterState, ConnId, Cx, Now};
use bytes::Bytes;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::ResponseKind;
use std::collections::{BTreeMap, HashMap};

/// How long an announced or first-joining member may take.
const NEW_MEMBER_TIMEOUT_MS: i64 = 300_000;

/// Where there is an initial delay, later joins take this long, too, if it is not
/// shorter. Kafka answers them at once; librdkafka's mock cluster takes the session's
/// time less a second, and programs written for it expect to see the steps of a rejoin
/// one poll of a second at a time.
const REJOIN_DELAY_MS: i32 = 1500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Empty,
    /// Members are joining until `deadline`.
    Preparing {
        deadline: u64,
        gathering: Gathering,
    },
    /// Waiting for the leader's assignment until `deadline`.
    Completing {
        deadline: u64,
    },
    Stable,
}

/// When the join phase is over before its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gathering {
    /// Not: its deadline is that of the initial delay.
    First(Initial),
    /// When all have joined, and no sooner than this (see [`REJOIN_DELAY_MS`]).
    Held(u64),
    /// When all have joined.
    Open,
}

/// The first rebalance of a group waits for more members to come, longer if they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Initial {
    delay_us: u64,
    remaining_us: u64,
    joined_meanwhile: bool,
}

#[derive(Clone, Debug)]
enum Waiting {
    No,
    Join(Cx),
    Sync(Cx),
}

#[derive(Clone, Debug)]
pub struct Member {
    pub id: String,
    pub instance_id: Option<String>,
    pub client_id: String,
    pub client_host: String,
    session_timeout_ms: i32,
    rebalance_timeout_ms: i32,
    /// Name and metadata, in the member's order of preference.
    protocols: Vec<(String, Bytes)>,
    pub assignment: Bytes,
    waiting: Waiting,
    session_deadline: u64,
}

impl Member {
    pub fn metadata(&self, protocol: &str) -> Bytes {
        self.protocols
            .iter()
            .find(|(name, _)| name == protocol)
            .map_or_else(Bytes::new, |(_, m)| m.clone())
    }

    fn is_joining(&self) -> bool {
        matches!(self.waiting, Waiting::Join(_))
    }

    fn heard_of(&mut self, now: Now) {
        self.session_deadline = now.after_ms(self.session_timeout_ms.into());
    }
}

/// Answers that came due.
pub type Answers = Vec<(Cx, ResponseKind)>;

#[derive(Debug)]
pub struct Group {
    pub id: String,
    state: State,
    pub protocol_type: Option<String>,
    pub protocol: Option<String>,
    generation: i32,
    leader: Option<String>,
    members: BTreeMap<String, Member>,
    /// Instance id → member id.
    instances: HashMap<String, String>,
    /// Ids handed out, with the time by which their owners must have joined.
    announced: HashMap<String, u64>,
    offsets: BTreeMap<(String, i32), offsets::Written>,
    /// Producer id → what its open transaction commits.
    txn_offsets: HashMap<i64, BTreeMap<(String, i32), offsets::Written>>,
    /// How many commits there were.
    commits: u64,
    armed: Option<u64>,
}

impl Group {
    pub fn new(id: &str) -> Group {
        Group {
            id: id.to_owned(),
            state: State::Empty,
            protocol_type: None,
            protocol: None,
            generation: 0,
            leader: None,
            members: BTreeMap::new(),
            instances: HashMap::new(),
            announced: HashMap::new(),
            offsets: BTreeMap::new(),
            txn_offsets: HashMap::new(),
            commits: 0,
            armed: None,
        }
    }

    pub fn state_name(&self) -> &'static str {
        match self.state {
            State::Empty => "Empty",
            State::Preparing { .. } => "PreparingRebalance",
            State::Completing { .. } => "CompletingRebalance",
            State::Stable => "Stable",
        }
    }

    pub fn is_empty(&self) -> bool {
        self.state == State::Empty
    }

    pub fn is_stable(&self) -> bool {
        self.state == State::Stable
    }

    pub fn members(&self) -> impl Iterator<Item = &Member> + '_ {
        self.members.values()
    }

    /// A member stays when its connection goes; it will be missed by its session's end.
    pub fn connection_closed(&mut self, _conn: ConnId) {}

    /// Finds the member that a request speaks for.
    fn identify(&self, member_id: &str, instance_id: Option<&str>) -> Result<(), E> {
        if let Some(instance) = instance_id {
            return match self.instances.get(instance) {
                None => Err(E::UnknownMemberId),
                Some(id) if id != member_id => Err(E::FencedInstanceId),
                Some(_) => Ok(()),
            };
        }
        if self.members.contains_key(member_id) {
            Ok(())
        } else {
            Err(E::UnknownMemberId)
        }
    }

    fn identify_at(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> Result<(), E> {
        self.identify(member_id, instance_id)?;
        if generation != self.generation {
            return Err(E::IllegalGeneration);
        }
        Ok(())
    }

    /// Checks what must hold after every step; for tests.
    #[cfg(test)]
    pub fn check_invariants(&self) {
        match self.state {
            State::Empty => assert!(self.members.is_empty(), "members in an empty group"),
            State::Preparing { .. } => {}
            State::Completing { .. } | State::Stable => {
                assert!(!self.members.is_empty(), "no members, yet {:?}", self.state);
                let leader = self.leader.as_ref().expect("a leader");
                assert!(self.members.contains_key(leader), "the leader is a member");
                assert!(self.protocol.is_some());
            }
        }
        for m in self.members.values() {
            match (&m.waiting, self.state) {
                (Waiting::Join(_), State::Preparing { .. }) => {}
                (Waiting::Sync(_), State::Completing { .. }) => {}
                (Waiting::No, _) => {}
                (w, s) => panic!("{w:?} in {s:?}"),
            }
            if let Some(i) = &m.instance_id {
                assert_eq!(self.instances.get(i), Some(&m.id));
            }
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
        if create && !self.groups.contains_key(id) {
            self.groups.insert(id.to_owned(), Group::new(id));
        }
        let group = self.groups.get_mut(id)?;
        let mut answers = Vec::new();
        let before = (group.state_name(), group.generation);
        let out = step(group, &mut answers);
        let after = (group.state_name(), group.generation);
        if before != after {
            self.trace.line(format_args!(
                "Group {id} with {} members: {} of generation {} becomes {} of generation {}",
                group.members.len(),
                before.0,
                before.1,
                after.0,
                after.1
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

    pub(super) fn group_deadline(&mut self, now: Now, id: &str) {
        self.with_group(id, false, |group, answers| {
            group.armed = None;
            group.tick(now, answers);
        });
    }
}
