//! Members of the classic protocol in a group of this type: a group goes from one
//! protocol to the other while it consumes, member by member.
//!
//! Such a member is reconciled as the others are, but in steps of its own: when there
//! is something new, its Heartbeat is told to rejoin; its JoinGroup brings what it owns
//! and gets its epoch as the generation, and its SyncGroup gets its partitions.

use super::{Around, Caller, Consumer, Member, Partitions, State};
use crate::mock::state::Now;
use crate::mock::state::group::Join;
use crate::protocol::bounded;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::consumer_protocol_assignment::TopicPartition;
use kafka_protocol::messages::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription, TopicName,
};
use kafka_protocol::protocol::{Encodable, StrBytes};
use uuid::Uuid;

/// The only protocol type that can be in such a group.
pub(in crate::mock::state::group) const PROTOCOL_TYPE: &str = "consumer";

/// What a member of the classic protocol said when it joined.
#[derive(Clone, Debug)]
pub struct Embedded {
    pub session_timeout_ms: i32,
    pub protocols: Vec<(String, Bytes)>,
    /// By when it has to join again, or to sync.
    until: Option<u64>,
}

impl Embedded {
    pub fn new(session_timeout_ms: i32, protocols: Vec<(String, Bytes)>) -> Embedded {
        Embedded {
            session_timeout_ms,
            protocols,
            until: None,
        }
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        self.until
    }

    /// The name of the protocol that it prefers, which is the one that it is told.
    pub fn protocol(&self) -> &str {
        self.protocols.first().map_or("", |p| p.0.as_str())
    }

    /// The version that it writes its subscriptions in.
    fn version(&self) -> i16 {
        self.protocols
            .first()
            .and_then(|(_, metadata)| metadata.get(..2))
            .map_or(0, |v| i16::from_be_bytes([v[0], v[1]]))
    }
}

/// What a JoinGroup to such a group is answered with.
#[derive(Debug)]
pub struct Joined {
    pub member_id: String,
    pub generation: i32,
    pub protocol: String,
}

pub(in crate::mock::state::group) fn subscription(
    metadata: &Bytes,
) -> Option<ConsumerProtocolSubscription> {
    let mut bytes = metadata.clone();
    let version = bytes.try_get_i16().ok()?.clamp(0, 3);
    bounded::decode(&mut bytes, version, false).ok()
}

/// Topics that do not exist are left out.
pub(in crate::mock::state::group) fn assigned(
    assignment: &Bytes,
    around: &Around<'_>,
) -> Option<Partitions> {
    if assignment.is_empty() {
        return Some(Partitions::new());
    }
    let mut bytes = assignment.clone();
    let version = bytes.try_get_i16().ok()?.clamp(0, 3);
    let message: ConsumerProtocolAssignment = bounded::decode(&mut bytes, version, false).ok()?;
    let topics = message.assigned_partitions.iter();
    Some(by_id(
        topics.map(|t| (t.topic.as_str(), &t.partitions[..])),
        around,
    ))
}

fn by_id<'a>(
    topics: impl Iterator<Item = (&'a str, &'a [i32])>,
    around: &Around<'_>,
) -> Partitions {
    let mut all = Partitions::new();
    for (name, partitions) in topics {
        if let Some((id, _)) = around.topics.topic(name) {
            let of = all.entry(id).or_default();
            of.extend(partitions.iter().copied());
        }
    }
    all
}

/// The partitions in the form of the classic protocol.
pub(in crate::mock::state::group) fn encoded(
    partitions: &Partitions,
    version: i16,
    around: &Around<'_>,
) -> Bytes {
    let name_of = |id: &Uuid| {
        let mut names = around.topics.names().into_iter();
        names.find(|n| around.topics.topic(n).is_some_and(|(i, _)| i == *id))
    };
    let topics = partitions.iter().filter_map(|(id, p)| {
        let name = StrBytes::from_string(name_of(id)?.to_owned());
        let topic = TopicPartition::default()
            .with_topic(TopicName(name))
            .with_partitions(p.iter().copied().collect());
        Some(topic)
    });
    let message = ConsumerProtocolAssignment::default().with_assigned_partitions(topics.collect());
    let version = version.clamp(0, 3);
    let mut out = BytesMut::new();
    out.put_i16(version);
    match message.encode(&mut out, version) {
        Ok(()) => out.freeze(),
        Err(_) => Bytes::new(),
    }
}

impl Member {
    fn embedded(&self) -> Result<&Embedded, E> {
        self.classic.as_ref().ok_or(E::UnknownMemberId)
    }

    /// What it has, as its SyncGroup is answered.
    pub fn encoded_assignment(&self, around: &Around<'_>) -> Bytes {
        let version = self.classic.as_ref().map_or(0, Embedded::version);
        encoded(&self.assigned, version, around)
    }
}

impl Consumer {
    /// A JoinGroup; the error comes with the member id to tell.
    pub fn join_classic(
        &mut self,
        now: Now,
        around: &Around<'_>,
        caller: &Caller,
        join: &Join,
    ) -> Result<Joined, (E, String)> {
        let is_new = join.member_id.is_empty();
        let id = match is_new {
            true => join.uuid.to_string(),
            false => join.member_id.clone(),
        };
        let given = || join.member_id.clone();
        if self.members.len() >= around.settings.max_size && !self.members.contains_key(&id) {
            return Err((E::GroupMaxSizeReached, given()));
        }
        if !self.takes(join) {
            return Err((E::InconsistentGroupProtocol, given()));
        }
        if is_new && join.instance_id.is_none() && join.needs_known_id {
            return Err((E::MemberIdRequired, id));
        }
        if let (Some(instance), false) = (&join.instance_id, is_new) {
            self.owner_of(instance, &id)
                .map_err(|(e, _)| (e, given()))?;
        }
        let first = join.protocols.first().and_then(|p| subscription(&p.1));
        let Some(said) = first else {
            return Err((E::UnknownServerError, String::new()));
        };
        // Who knows its id is the member of its instance id already.
        self.add_member(&id, join.instance_id.as_deref().filter(|_| is_new));
        self.rejoin_classic(now, around, caller, join, &id, &said);
        match self.members.get(&id) {
            None => Err((E::UnknownMemberId, given())),
            Some(m) => Ok(Joined {
                member_id: id,
                generation: m.epoch,
                protocol: m.classic.as_ref().map_or("", Embedded::protocol).to_owned(),
            }),
        }
    }

    /// Whether there is a protocol that all classic members have.
    fn takes(&self, join: &Join) -> bool {
        let has = |e: &Embedded, name: &str| e.protocols.iter().any(|p| p.0 == name);
        let by_all = |name: &String| {
            let mut classic = self.members.values().filter_map(|m| m.classic.as_ref());
            classic.all(|e| has(e, name))
        };
        join.protocol_type == PROTOCOL_TYPE && join.protocols.iter().any(|p| by_all(&p.0))
    }

    fn rejoin_classic(
        &mut self,
        now: Now,
        around: &Around<'_>,
        caller: &Caller,
        join: &Join,
        id: &str,
        said: &ConsumerProtocolSubscription,
    ) {
        let Some(m) = self.members.get_mut(id) else {
            return;
        };
        if let Some(instance) = &join.instance_id {
            m.instance_id = Some(instance.clone());
            self.instances.insert(instance.clone(), id.to_owned());
        }
        if let Some(rack) = &said.rack_id {
            m.rack_id = Some(rack.to_string());
        }
        m.rebalance_timeout_ms = join.rebalance_timeout_ms;
        m.client_id.clone_from(&caller.client_id);
        m.client_host.clone_from(&caller.client_host);
        m.session_deadline = now.after_ms(join.session_timeout_ms.into());
        let mut embedded = Embedded::new(join.session_timeout_ms, join.protocols.clone());
        // It has to sync.
        embedded.until = Some(now.after_ms(join.rebalance_timeout_ms.into()));
        m.classic = Some(embedded);
        let names = said.topics.iter().map(|t| t.to_string()).collect();
        let resubscribed = m.names != names;
        m.names = names;
        let owned = said.owned_partitions.iter();
        let owned = by_id(owned.map(|t| (t.topic.as_str(), &t.partitions[..])), around);
        self.advance(now, around, id, resubscribed, Some(&owned));
    }

    /// The member of a request of the classic protocol, in the generation that it says.
    fn classic_member(
        &mut self,
        id: &str,
        instance: Option<&str>,
        generation: i32,
    ) -> Result<&mut Member, E> {
        if let Some(instance) = instance {
            self.owner_of(instance, id).map_err(|(e, _)| e)?;
        }
        let m = self.members.get_mut(id).ok_or(E::UnknownMemberId)?;
        m.embedded()?;
        match m.epoch == generation {
            true => Ok(m),
            false => Err(E::IllegalGeneration),
        }
    }

    /// A SyncGroup: its assignment.
    pub fn sync_classic(
        &mut self,
        now: Now,
        around: &Around<'_>,
        id: &str,
        instance: Option<&str>,
        generation: i32,
        (kind, name): (Option<&str>, Option<&str>),
    ) -> Result<Bytes, E> {
        let epoch = self.epoch;
        let m = self.classic_member(id, instance, generation)?;
        let embedded = m.embedded()?;
        if kind.is_some_and(|k| k != PROTOCOL_TYPE)
            || name.is_some_and(|n| n != embedded.protocol())
        {
            return Err(E::InconsistentGroupProtocol);
        }
        if epoch > m.epoch && !matches!(m.state, State::Unrevoked { .. }) {
            m.has_to_rejoin(now);
            return Err(E::RebalanceInProgress);
        }
        let assignment = m.encoded_assignment(around);
        if let Some(e) = &mut m.classic {
            e.until = None;
        }
        m.heard_of_classic(now);
        Ok(assignment)
    }

    /// A Heartbeat: whether the member is to join again.
    pub fn heartbeat_classic(
        &mut self,
        now: Now,
        around: &Around<'_>,
        id: &str,
        instance: Option<&str>,
        generation: i32,
    ) -> Result<(), E> {
        let epoch = self.epoch;
        self.classic_member(id, instance, generation)?;
        let can_go_on = self.members.get(id).is_some_and(|m| match m.state {
            State::Unrevoked { .. } => true,
            State::Unreleased => !self.waits_for_others(m, around),
            State::Stable => false,
        });
        let Some(m) = self.members.get_mut(id) else {
            return Err(E::UnknownMemberId);
        };
        m.heard_of_classic(now);
        if m.epoch < epoch || can_go_on {
            m.has_to_rejoin(now);
            return Err(E::RebalanceInProgress);
        }
        Ok(())
    }

    /// Whether there are classic members only, so that the group can become a classic one.
    pub fn is_all_classic(&self) -> bool {
        !self.members.is_empty() && self.members.values().all(|m| m.classic.is_some())
    }

    /// Takes a member over from a classic group.
    pub fn adopt(&mut self, mut m: Member, generation: i32, assigned: Partitions) {
        self.epoch = generation;
        self.assignment_epoch = generation;
        m.epoch = generation;
        m.previous_epoch = generation;
        m.assigned = assigned.clone();
        if let Some(instance) = &m.instance_id {
            self.instances.insert(instance.clone(), m.id.clone());
        }
        self.targets.insert(m.id.clone(), assigned);
        self.members.insert(m.id.clone(), m);
    }
}

impl Member {
    fn has_to_rejoin(&mut self, now: Now) {
        let until = now.after_ms(self.rebalance_timeout_ms.into());
        if let Some(e) = &mut self.classic {
            e.until.get_or_insert(until);
        }
    }

    fn heard_of_classic(&mut self, now: Now) {
        if let Some(e) = &self.classic {
            self.session_deadline = now.after_ms(e.session_timeout_ms.into());
        }
    }

    /// As a classic group had it.
    pub fn of_classic(
        id: &str,
        instance_id: Option<String>,
        caller: &Caller,
        embedded: Embedded,
        said: &ConsumerProtocolSubscription,
        (rebalance_timeout_ms, session_deadline): (i32, u64),
    ) -> Member {
        let mut m = Member::new(id);
        m.instance_id = instance_id;
        m.client_id.clone_from(&caller.client_id);
        m.client_host.clone_from(&caller.client_host);
        m.names = said.topics.iter().map(|t| t.to_string()).collect();
        m.rack_id = said.rack_id.as_ref().map(|r| r.to_string());
        m.rebalance_timeout_ms = rebalance_timeout_ms;
        m.session_deadline = session_deadline;
        m.classic = Some(embedded);
        m
    }

    pub fn rebalance_timeout_ms(&self) -> i32 {
        self.rebalance_timeout_ms
    }

    pub fn session_deadline(&self) -> u64 {
        self.session_deadline
    }
}
