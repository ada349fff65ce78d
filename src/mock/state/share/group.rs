//! A share group as its coordinator sees it.
//!
//! There is nothing to reconcile: the target assignment is computed whenever members, their subscriptions or the topics
//! change, which raises the group's epoch, and a member takes it over with its next heartbeat. A member that sends the
//! epoch before its own has missed an answer.

use super::Settings;
use super::assign::{Subscribed, assign};
use super::session::Tp;
use crate::mock::state::Now;
use kafka_protocol::ResponseError as E;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The epoch of a member that leaves.
const LEAVE: i32 = -1;

#[derive(Clone, Debug)]
pub struct Member {
    pub id: String,
    pub rack: Option<String>,
    pub client_id: String,
    pub client_host: String,
    pub topics: Vec<String>,
    pub epoch: i32,
    /// As it was last told.
    pub assignment: Vec<Tp>,
    previous_epoch: i32,
    target: Vec<Tp>,
    deadline: u64,
}

/// A heartbeat.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    pub member: String,
    pub epoch: i32,
    pub rack: Option<String>,
    /// `None`: as before.
    pub topics: Option<Vec<String>>,
    pub client_id: String,
    pub client_host: String,
}

/// The answer to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeartbeatAnswer {
    pub epoch: i32,
    pub interval_ms: i32,
    /// `None`: as before.
    pub assignment: Option<Vec<Tp>>,
}

/// Topics by name: id and number of partitions.
pub type Topics = BTreeMap<String, (Uuid, i32)>;

#[derive(Debug)]
pub struct Group {
    epoch: i32,
    /// In the order in which they came.
    members: Vec<Member>,
    session_timeout_ms: i32,
    heartbeat_interval_ms: i32,
    /// The target assignment was set from outside and is not computed.
    fixed: bool,
    /// Those that the target assignment was computed for.
    topics: Topics,
}

impl Group {
    pub fn new(settings: &Settings) -> Group {
        Group {
            epoch: 0,
            members: Vec::new(),
            session_timeout_ms: settings.session_timeout_ms,
            heartbeat_interval_ms: settings.heartbeat_interval_ms,
            fixed: false,
            topics: Topics::new(),
        }
    }

    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    pub fn state_name(&self) -> &'static str {
        if self.members.is_empty() {
            "Empty"
        } else {
            "Stable"
        }
    }

    pub fn members(&self) -> impl Iterator<Item = &Member> + '_ {
        self.members.iter()
    }

    fn member(&mut self, id: &str) -> Option<&mut Member> {
        self.members.iter_mut().find(|m| m.id == id)
    }

    pub fn next_deadline(&self) -> Option<u64> {
        self.members.iter().map(|m| m.deadline).min()
    }

    /// Members that were silent for too long are out.
    pub fn tick(&mut self, now: Now) {
        let before = self.members.len();
        self.members.retain(|m| m.deadline > now.us);
        if self.members.len() != before {
            self.change();
        }
    }

    /// Takes a well-formed heartbeat. `topics` are those of the cluster.
    pub fn heartbeat(
        &mut self,
        now: Now,
        settings: &Settings,
        topics: &Topics,
        heartbeat: Heartbeat,
    ) -> Result<HeartbeatAnswer, E> {
        if heartbeat.epoch == LEAVE {
            return self.leave(&heartbeat.member);
        }
        self.refresh(topics);
        let full = heartbeat.epoch == 0 || heartbeat.topics.is_some();
        match self.member(&heartbeat.member) {
            None if heartbeat.epoch == 0 => self.join(settings, &heartbeat)?,
            None => return Err(E::UnknownMemberId),
            Some(m) if heartbeat.epoch > m.epoch => return Err(E::FencedMemberEpoch),
            Some(m)
                if heartbeat.epoch != 0
                    && heartbeat.epoch < m.epoch
                    && heartbeat.epoch != m.previous_epoch =>
            {
                return Err(E::FencedMemberEpoch);
            }
            Some(_) => {}
        }
        let deadline = now.after_ms(self.session_timeout_ms.into());
        let member = self.member(&heartbeat.member).ok_or(E::UnknownMemberId)?;
        member.deadline = deadline;
        member.client_id = heartbeat.client_id;
        member.client_host = heartbeat.client_host;
        if heartbeat.rack.is_some() {
            member.rack = heartbeat.rack;
        }
        if let Some(mut names) = heartbeat.topics {
            names.sort_unstable();
            names.dedup();
            if member.topics != names {
                member.topics = names;
                self.topics.clear();
                self.refresh(topics);
                self.change();
            }
        }
        let (epoch, interval_ms) = (self.epoch, self.heartbeat_interval_ms);
        let member = self.member(&heartbeat.member).ok_or(E::UnknownMemberId)?;
        if member.epoch != epoch {
            member.previous_epoch = member.epoch;
            member.epoch = epoch;
        }
        let changed = member.assignment != member.target;
        member.assignment.clone_from(&member.target);
        Ok(HeartbeatAnswer {
            epoch,
            interval_ms,
            assignment: (full || changed).then(|| member.assignment.clone()),
        })
    }

    fn join(&mut self, settings: &Settings, heartbeat: &Heartbeat) -> Result<(), E> {
        let limit = usize::try_from(settings.max_size).unwrap_or(0);
        if limit > 0 && self.members.len() >= limit {
            return Err(E::GroupMaxSizeReached);
        }
        self.members.push(Member {
            id: heartbeat.member.clone(),
            rack: None,
            client_id: String::new(),
            client_host: String::new(),
            topics: Vec::new(),
            epoch: 0,
            assignment: Vec::new(),
            previous_epoch: 0,
            target: Vec::new(),
            deadline: u64::MAX,
        });
        Ok(())
    }

    fn leave(&mut self, id: &str) -> Result<HeartbeatAnswer, E> {
        let at = self.members.iter().position(|m| m.id == id);
        self.members.remove(at.ok_or(E::UnknownMemberId)?);
        self.change();
        Ok(HeartbeatAnswer {
            epoch: LEAVE,
            interval_ms: 0,
            assignment: None,
        })
    }

    /// Compares the topics that members subscribe to with what they were.
    fn refresh(&mut self, topics: &Topics) {
        let wanted = |name: &&String| self.members.iter().any(|m| m.topics.contains(name));
        let now: Topics = topics
            .keys()
            .filter(wanted)
            .filter_map(|name| Some((name.clone(), *topics.get(name)?)))
            .collect();
        if now != self.topics {
            self.topics = now;
            self.change();
        }
    }

    /// The next epoch, and what its members are to have.
    fn change(&mut self) {
        self.epoch += 1;
        if self.fixed {
            return;
        }
        let subscribed: Vec<Subscribed> = self
            .topics
            .iter()
            .map(|(name, &(id, partitions))| {
                let members = self.members.iter().enumerate();
                let subscribers = members.filter(|(_, m)| m.topics.contains(name));
                Subscribed {
                    id,
                    partitions,
                    subscribers: subscribers.map(|(place, _)| place).collect(),
                }
            })
            .collect();
        let targets = assign(self.members.len(), &subscribed);
        for (member, target) in self.members.iter_mut().zip(targets) {
            member.target = target;
        }
    }

    /// What members are to have from now on, whatever they subscribe to; with nobody named it is computed again.
    pub fn set_target(&mut self, targets: Vec<(String, Vec<Tp>)>) {
        self.fixed = !targets.is_empty();
        for (id, partitions) in targets {
            if let Some(member) = self.member(&id) {
                member.target = partitions;
            }
        }
        self.change();
    }
}
