//! A coordinator that assigns (KIP-848) as Kafka's does, for one group, without sockets
//! or time of its own.
//!
//! A member's `epoch` is the group's that it has been led to. It is led there at its
//! heartbeats: what it is to give up first, until it says that it does not own that any
//! more (`pending`), then what nobody else has.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use kafka_protocol::messages::consumer_group_heartbeat_response::{Assignment, TopicPartitions};
use kafka_protocol::messages::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, OffsetCommitRequest,
    RequestKind, ResponseKind,
};
use uuid::Uuid;

use super::coordinator::{Caller, Common};
use crate::base::error::ErrorCode;
use crate::protocol::strings::text;

type Place = (Uuid, i32);

/// The epoch of a static member that left and is to come back.
const AWAY: i32 = -2;
const INTERVAL: Duration = Duration::from_secs(3);

#[derive(Debug, Clone)]
struct Member {
    instance: Option<String>,
    epoch: i32,
    previous: i32,
    /// Its first one in this membership.
    since: i32,
    names: BTreeSet<String>,
    patience: Duration,
    assigned: BTreeSet<Place>,
    pending: BTreeSet<Place>,
    /// When giving up `pending` has taken too long.
    until: Option<Instant>,
    session_end: Instant,
}

#[derive(Debug)]
pub struct Reconciler {
    session: Duration,
    epoch: i32,
    topics: BTreeMap<String, (Uuid, usize)>,
    members: BTreeMap<String, Member>,
    targets: BTreeMap<String, BTreeSet<Place>>,
    pub common: Common,
}

impl Reconciler {
    pub fn new(session: Duration) -> Self {
        Reconciler {
            session,
            epoch: 0,
            topics: BTreeMap::new(),
            members: BTreeMap::new(),
            targets: BTreeMap::new(),
            common: Common::default(),
        }
    }

    pub fn set_topic(&mut self, name: &str, id: Uuid, partitions: usize) {
        self.topics.insert(name.into(), (id, partitions));
        self.renew();
    }

    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// Whether what this member has in this epoch is its own.
    pub fn is_current(&self, id: &str, epoch: i32) -> bool {
        let current = |m: &Member| m.epoch != AWAY && m.since <= epoch;
        self.members.get(id).is_some_and(current)
    }

    pub fn on_request(&mut self, now: Instant, caller: Caller, request: RequestKind) {
        let answer = match request {
            RequestKind::ConsumerGroupHeartbeat(r) => {
                let answer = self.heartbeat(now, &r).unwrap_or_else(|code| {
                    ConsumerGroupHeartbeatResponse::default().with_error_code(code.0 as i16)
                });
                ResponseKind::ConsumerGroupHeartbeat(answer)
            }
            RequestKind::OffsetCommit(r) => {
                let code = self.check_commit(&r);
                self.common.commit(&r, code)
            }
            other => panic!("{other:?}"),
        };
        self.common.answers.push((caller, answer));
    }

    /// Another broker takes over, and counts the sessions anew.
    pub fn moved(&mut self, now: Instant) {
        for m in self.members.values_mut() {
            m.session_end = now + self.session;
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        let end = |m: &Member| m.until.map_or(m.session_end, |u| u.min(m.session_end));
        self.members.values().map(end).min()
    }

    pub fn on_time(&mut self, now: Instant) {
        let late = |m: &Member| m.session_end <= now || m.until.is_some_and(|u| u <= now);
        let gone = self.members.iter().filter(|(_, m)| late(m));
        let gone: Vec<String> = gone.map(|(id, _)| id.clone()).collect();
        for id in gone {
            self.remove(&id);
        }
    }

    fn remove(&mut self, id: &str) {
        if self.members.remove(id).is_some() {
            self.targets.remove(id);
            self.renew();
        }
    }

    fn check_commit(&self, r: &OffsetCommitRequest) -> ErrorCode {
        let epoch = r.generation_id_or_member_epoch;
        match self.members.get(r.member_id.as_str()) {
            None if epoch < 0 && self.members.is_empty() => ErrorCode::NO_ERROR,
            None => ErrorCode::UNKNOWN_MEMBER_ID,
            Some(m) if m.epoch != epoch => ErrorCode::STALE_MEMBER_EPOCH,
            Some(_) => ErrorCode::NO_ERROR,
        }
    }

    fn heartbeat(
        &mut self,
        now: Instant,
        r: &ConsumerGroupHeartbeatRequest,
    ) -> Result<ConsumerGroupHeartbeatResponse, ErrorCode> {
        let id = r.member_id.to_string();
        let instance = r.instance_id.as_deref();
        assert!(!id.is_empty(), "who?");
        if r.member_epoch < 0 {
            return self.leave(&id, instance, r.member_epoch);
        }
        let owned = r.topic_partitions.as_ref().map(|topics| {
            let places = topics.iter();
            places
                .flat_map(|t| t.partitions.iter().map(|p| (t.topic_id, *p)))
                .collect::<BTreeSet<Place>>()
        });
        let full = r.rebalance_timeout_ms != -1 && r.subscribed_topic_names.is_some();
        if r.member_epoch == 0 {
            let empty = owned.as_ref().is_some_and(BTreeSet::is_empty);
            assert!(full && empty, "INVALID_REQUEST: {r:?}");
        }
        self.admit(now, &id, instance, r.member_epoch, owned.as_ref())?;
        let member = self.members.get_mut(&id).expect("it was let in");
        member.session_end = now + self.session;
        if let Ok(ms) = u64::try_from(r.rebalance_timeout_ms) {
            member.patience = Duration::from_millis(ms);
        }
        let names = r.subscribed_topic_names.as_ref();
        let names = names.map(|n| n.iter().map(|t| t.to_string()).collect::<BTreeSet<_>>());
        let joins = r.member_epoch == 0;
        if names.as_ref().is_some_and(|n| *n != member.names) || joins {
            member.names = names.unwrap_or_default();
            self.renew();
        }
        let before = self.members[&id].assigned.clone();
        self.reconcile(now, &id, owned.as_ref());
        let epoch = self.epoch;
        let member = self.members.get_mut(&id).expect("still there");
        if joins {
            member.since = epoch;
        }
        let mut answer = ConsumerGroupHeartbeatResponse::default()
            .with_member_id(Some(text(&id)))
            .with_member_epoch(member.epoch)
            .with_heartbeat_interval_ms(INTERVAL.as_millis() as i32);
        if (full && owned.is_some()) || member.assigned != before {
            answer.assignment = Some(assignment(&member.assigned));
        }
        Ok(answer)
    }

    fn leave(
        &mut self,
        id: &str,
        instance: Option<&str>,
        epoch: i32,
    ) -> Result<ConsumerGroupHeartbeatResponse, ErrorCode> {
        if let Some(instance) = instance {
            self.owner(instance, id)?;
        }
        let member = self.members.get_mut(id);
        let member = member.ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        assert_eq!(epoch == AWAY, instance.is_some());
        if epoch == AWAY {
            member.epoch = AWAY;
            member.pending.clear();
            member.until = None;
        } else {
            self.remove(id);
        }
        Ok(ConsumerGroupHeartbeatResponse::default().with_member_epoch(epoch))
    }

    fn id_of(&self, instance: &str) -> Option<String> {
        let mut members = self.members.iter();
        let found = members.find(|(_, m)| m.instance.as_deref() == Some(instance));
        found.map(|(id, _)| id.clone())
    }

    /// The instance is this member's.
    fn owner(&self, instance: &str, id: &str) -> Result<(), ErrorCode> {
        match self.id_of(instance) {
            None => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            Some(owner) if owner != id => Err(ErrorCode::FENCED_INSTANCE_ID),
            Some(_) => Ok(()),
        }
    }

    fn admit(
        &mut self,
        now: Instant,
        id: &str,
        instance: Option<&str>,
        epoch: i32,
        owned: Option<&BTreeSet<Place>>,
    ) -> Result<(), ErrorCode> {
        let mut fresh = Member {
            instance: instance.map(str::to_owned),
            epoch: 0,
            previous: 0,
            since: 0,
            names: BTreeSet::new(),
            patience: Duration::ZERO,
            assigned: BTreeSet::new(),
            pending: BTreeSet::new(),
            until: None,
            session_end: now,
        };
        if epoch == 0
            && let Some(instance) = instance
        {
            if let Some(old) = self.id_of(instance) {
                if self.members[&old].epoch != AWAY {
                    return Err(ErrorCode::UNRELEASED_INSTANCE_ID);
                }
                // It takes the place of the one that left for it.
                let old_member = self.members.remove(&old).expect("it was found");
                fresh.assigned = old_member.assigned;
                fresh.names = old_member.names;
                let target = self.targets.remove(&old).unwrap_or_default();
                self.targets.insert(id.into(), target);
            }
            self.members.insert(id.into(), fresh);
            return Ok(());
        }
        if let Some(instance) = instance {
            self.owner(instance, id)?;
        }
        match self.members.get(id) {
            None if epoch == 0 => {
                self.members.insert(id.into(), fresh);
                Ok(())
            }
            None => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            Some(m) if epoch == m.epoch => Ok(()),
            Some(m)
                if epoch < m.epoch
                    && epoch == m.previous
                    && owned.is_some_and(|owned| owned.is_subset(&m.assigned)) =>
            {
                Ok(())
            }
            Some(_) => Err(ErrorCode::FENCED_MEMBER_EPOCH),
        }
    }

    /// A new epoch, and what everybody is to have in it: as even as it can be with few
    /// changes.
    fn renew(&mut self) {
        self.epoch += 1;
        let mut targets: BTreeMap<String, BTreeSet<Place>> = BTreeMap::new();
        for id in self.members.keys() {
            targets.insert(id.clone(), BTreeSet::new());
        }
        for (name, (topic, partitions)) in &self.topics {
            let takers = self.members.iter().filter(|(_, m)| m.names.contains(name));
            let takers: Vec<&String> = takers.map(|(id, _)| id).collect();
            if takers.is_empty() {
                continue;
            }
            let share = partitions.div_ceil(takers.len());
            let mut counts: BTreeMap<&String, usize> = takers.iter().map(|t| (*t, 0)).collect();
            let mut open = Vec::new();
            for p in 0..*partitions {
                let place = (*topic, p as i32);
                let has = |id: &String| self.targets.get(id).is_some_and(|t| t.contains(&place));
                let keeper = takers.iter().find(|id| has(id) && counts[*id] < share);
                match keeper {
                    Some(id) => {
                        *counts.entry(*id).or_default() += 1;
                        targets.entry((*id).clone()).or_default().insert(place);
                    }
                    None => open.push(place),
                }
            }
            for place in open {
                let (id, count) = counts.iter_mut().min_by_key(|(_, n)| **n).expect("takers");
                *count += 1;
                targets.entry((*id).clone()).or_default().insert(place);
            }
        }
        self.targets = targets;
    }

    /// Leads the member on.
    fn reconcile(&mut self, now: Instant, id: &str, owned: Option<&BTreeSet<Place>>) {
        let target = self.targets.get(id).cloned().unwrap_or_default();
        let taken: BTreeSet<Place> = self
            .members
            .iter()
            .filter(|(other, _)| *other != id)
            .flat_map(|(_, m)| m.assigned.iter().chain(&m.pending).copied())
            .collect();
        let epoch = self.epoch;
        let m = self.members.get_mut(id).expect("a member");
        let owns = |places: &BTreeSet<Place>| owned.is_none_or(|o| !o.is_disjoint(places));
        if !m.pending.is_empty() {
            if owns(&m.pending) {
                return;
            }
            m.pending.clear();
            m.until = None;
        }
        let gone: BTreeSet<Place> = m.assigned.difference(&target).copied().collect();
        m.assigned = m.assigned.intersection(&target).copied().collect();
        if !gone.is_empty() && owns(&gone) {
            m.pending = gone;
            m.until = Some(now + m.patience);
            return;
        }
        let free = target.difference(&taken).copied();
        m.assigned.extend(free);
        if m.epoch != epoch {
            m.previous = m.epoch.max(0);
            m.epoch = epoch;
        }
    }
}

fn assignment(places: &BTreeSet<Place>) -> Assignment {
    let mut topics: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
    for (id, p) in places {
        topics.entry(*id).or_default().push(*p);
    }
    let topics = topics.into_iter().map(|(id, partitions)| {
        TopicPartitions::default()
            .with_topic_id(id)
            .with_partitions(partitions)
    });
    Assignment::default().with_topic_partitions(topics.collect())
}
