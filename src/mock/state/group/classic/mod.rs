//! A group of the classic protocol.
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

mod convert;
mod deadlines;
mod join;
mod serve;

pub use join::{Join, refused};

use super::{Answers, Committer};
use crate::mock::state::{Cx, Now};
use bytes::Bytes;
use kafka_protocol::ResponseError as E;
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

#[derive(Debug)]
pub struct Classic {
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
}

impl Default for Classic {
    fn default() -> Classic {
        Classic {
            state: State::Empty,
            protocol_type: None,
            protocol: None,
            generation: 0,
            leader: None,
            members: BTreeMap::new(),
            instances: HashMap::new(),
            announced: HashMap::new(),
        }
    }
}

impl Classic {
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

    pub(super) fn generation(&self) -> i32 {
        self.generation
    }

    pub fn members(&self) -> impl Iterator<Item = &Member> + '_ {
        self.members.values()
    }

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

    /// Whether this commit is allowed; a member's commit counts as a heartbeat.
    pub(super) fn check_commit(&mut self, now: Now, who: Committer<'_>) -> Result<(), E> {
        let Committer {
            member_id,
            instance_id,
            generation,
            transactional,
            ..
        } = who;
        if generation < 0 && self.state == State::Empty {
            // A consumer that assigns itself, or an administrator.
            return Ok(());
        }
        if generation >= 0 || !member_id.is_empty() || instance_id.is_some() {
            self.identify_at(member_id, instance_id, generation)?;
        } else if !transactional {
            return Err(E::UnknownMemberId);
        }
        if !transactional && matches!(self.state, State::Completing { .. }) {
            return Err(E::RebalanceInProgress);
        }
        if let Some(m) = self.members.get_mut(member_id) {
            m.heard_of(now);
        }
        Ok(())
    }

    /// Whether members subscribe to the topic; only consumers tell.
    pub fn subscribes_to(&self, topic: &str) -> bool {
        let Some(protocol) = &self.protocol else {
            return false;
        };
        self.protocol_type.as_deref() == Some("consumer")
            && self.members.values().any(|m| {
                subscription(&m.metadata(protocol))
                    .iter()
                    .any(|t| t == topic)
            })
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

/// The topics of a consumer's subscription: (version i16, topics [string], …).
fn subscription(metadata: &[u8]) -> Vec<String> {
    let mut topics = Vec::new();
    let Some((count, mut rest)) = metadata.get(2..).and_then(|b| b.split_first_chunk::<4>()) else {
        return topics;
    };
    for _ in 0..u32::from_be_bytes(*count) {
        let Some((length, after)) = rest.split_first_chunk::<2>() else {
            break;
        };
        let n = usize::from(u16::from_be_bytes(*length));
        let Some((name, after)) = after.split_at_checked(n) else {
            break;
        };
        topics.push(String::from_utf8_lossy(name).into_owned());
        rest = after;
    }
    topics
}
