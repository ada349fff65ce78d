//! A coordinator as Kafka's is, for one group, without sockets or time of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::leave_group_response::LeaveGroupResponse;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::{
    HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, OffsetCommitRequest, RequestKind,
    ResponseKind, SyncGroupRequest, SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;

use crate::base::error::ErrorCode;

/// Who gets an answer: the simulation's number of a request.
pub type Caller = u64;

fn protocols_of(r: &JoinGroupRequest) -> Vec<(String, Bytes)> {
    r.protocols
        .iter()
        .map(|p| (p.name.to_string(), p.metadata.clone()))
        .collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Empty,
    Preparing { until: Instant },
    Completing,
    Stable,
}

#[derive(Debug)]
struct Member {
    instance: Option<String>,
    protocols: Vec<(String, Bytes)>,
    session_end: Instant,
    joining: Option<Caller>,
    syncing: Option<Caller>,
    assignment: Bytes,
}

#[derive(Debug)]
pub struct Coordinator {
    state: State,
    pub generation: i32,
    leader: String,
    protocol: String,
    members: BTreeMap<String, Member>,
    /// Ids given out and not joined with.
    pending: BTreeSet<String>,
    named: u32,
    session: Duration,
    rebalance: Duration,
    pub common: Common,
}

/// What a coordinator of either protocol has: the committed offsets, and answers that are
/// on their way.
#[derive(Debug, Default)]
pub struct Common {
    pub committed: BTreeMap<(String, i32), i64>,
    pub answers: Vec<(Caller, ResponseKind)>,
}

impl Common {
    /// Common a commit that is in order, or is refused by this code.
    pub fn commit(&mut self, r: &OffsetCommitRequest, code: ErrorCode) -> ResponseKind {
        let mut answer = OffsetCommitResponse::default();
        for topic in &r.topics {
            let mut done = OffsetCommitResponseTopic::default().with_name(topic.name.clone());
            for p in &topic.partitions {
                if code.is_ok() {
                    let key = (topic.name.to_string(), p.partition_index);
                    self.committed.insert(key, p.committed_offset);
                }
                done.partitions.push(
                    OffsetCommitResponsePartition::default()
                        .with_partition_index(p.partition_index)
                        .with_error_code(code.0 as i16),
                );
            }
            answer.topics.push(done);
        }
        ResponseKind::OffsetCommit(answer)
    }
}

impl Coordinator {
    pub fn new(session: Duration, rebalance: Duration) -> Self {
        Coordinator {
            state: State::Empty,
            generation: 0,
            leader: String::new(),
            protocol: String::new(),
            members: BTreeMap::new(),
            pending: BTreeSet::new(),
            named: 0,
            session,
            rebalance,
            common: Common::default(),
        }
    }

    pub fn members(&self) -> usize {
        self.members.len()
    }

    pub fn on_request(&mut self, now: Instant, caller: Caller, request: RequestKind) {
        match request {
            RequestKind::JoinGroup(r) => self.join(now, caller, r),
            RequestKind::SyncGroup(r) => self.sync(now, caller, r),
            RequestKind::Heartbeat(r) => {
                let instance = r.group_instance_id.as_deref();
                let code = self.heartbeat(now, &r.member_id, instance, r.generation_id);
                let answer = HeartbeatResponse::default().with_error_code(code.0 as i16);
                self.common
                    .answers
                    .push((caller, ResponseKind::Heartbeat(answer)));
            }
            RequestKind::LeaveGroup(r) => {
                for member in &r.members {
                    let instance = member.group_instance_id.as_deref();
                    if self.identify(&member.member_id, instance).is_ok() {
                        self.remove(now, &member.member_id);
                    }
                    self.pending.remove(member.member_id.as_str());
                }
                let answer = ResponseKind::LeaveGroup(LeaveGroupResponse::default());
                self.common.answers.push((caller, answer));
            }
            RequestKind::OffsetCommit(r) => self.commit(caller, r),
            other => panic!("{other:?}"),
        }
    }

    /// Another broker takes over: it knows the group as it was last stable.
    pub fn moved(&mut self, now: Instant) {
        // The old one tells those who wait.
        let code = ErrorCode::NOT_COORDINATOR;
        let mut joining = Vec::new();
        let mut syncing = Vec::new();
        for member in self.members.values_mut() {
            joining.extend(member.joining.take());
            syncing.extend(member.syncing.take());
            member.session_end = now + self.session;
        }
        for caller in joining {
            let answer = JoinGroupResponse::default().with_error_code(code.0 as i16);
            self.common
                .answers
                .push((caller, ResponseKind::JoinGroup(answer)));
        }
        for caller in syncing {
            self.answer_sync(caller, code, Bytes::new());
        }
        self.pending.clear();
        if let State::Preparing { .. } | State::Completing = self.state {
            self.state = State::Preparing {
                until: now + self.rebalance,
            };
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        let sessions = self
            .members
            .values()
            .filter(|m| m.joining.is_none())
            .map(|m| m.session_end);
        let until = match self.state {
            State::Preparing { until } => Some(until),
            _ => None,
        };
        sessions.chain(until).min()
    }

    pub fn on_time(&mut self, now: Instant) {
        let gone: Vec<String> = self
            .members
            .iter()
            .filter(|(_, m)| m.joining.is_none() && m.session_end <= now)
            .map(|(id, _)| id.clone())
            .collect();
        for id in gone {
            self.remove(now, &id);
        }
        if let State::Preparing { until } = self.state
            && until <= now
        {
            // A static member may be away until its session ends.
            self.members
                .retain(|_, m| m.joining.is_some() || m.instance.is_some());
            self.complete_join(now);
        }
    }

    fn remove(&mut self, now: Instant, id: &str) {
        self.pending.remove(id);
        if self.members.remove(id).is_some() {
            match self.state {
                State::Preparing { .. } => self.try_complete_join(now),
                _ => self.prepare(now),
            }
        }
    }

    fn join(&mut self, now: Instant, caller: Caller, r: JoinGroupRequest) {
        let mut id = r.member_id.to_string();
        let instance = r.group_instance_id.as_deref().map(str::to_owned);
        if id.is_empty()
            && let Some(instance) = instance
        {
            return self.join_static(now, caller, &r, instance);
        }
        if id.is_empty() {
            self.named += 1;
            id = format!("member-{}", self.named);
            self.pending.insert(id.clone());
            let answer = JoinGroupResponse::default()
                .with_member_id(StrBytes::from_string(id))
                .with_error_code(ErrorCode::MEMBER_ID_REQUIRED.0 as i16);
            self.common
                .answers
                .push((caller, ResponseKind::JoinGroup(answer)));
            return;
        }
        let protocols = protocols_of(&r);
        let session_end = now + self.session;
        if self.pending.remove(&id) {
            return self.add(now, id, None, caller, protocols);
        }
        let code = self.identify(&id, instance.as_deref());
        let Some(member) = self.members.get_mut(&id).filter(|_| code.is_ok()) else {
            let answer = JoinGroupResponse::default().with_error_code(code.0 as i16);
            self.common
                .answers
                .push((caller, ResponseKind::JoinGroup(answer)));
            return;
        };
        let same = member.protocols == protocols;
        member.protocols = protocols;
        member.session_end = session_end;
        member.syncing = None;
        let leads = self.leader == id;
        let as_it_is = match self.state {
            State::Completing => same,
            State::Stable => same && !leads,
            _ => false,
        };
        if as_it_is {
            let answer = self.joined(&id);
            self.common.answers.push((caller, answer));
        } else {
            if let Some(member) = self.members.get_mut(&id) {
                member.joining = Some(caller);
            }
            self.rejoin(now);
        }
    }

    fn add(
        &mut self,
        now: Instant,
        id: String,
        instance: Option<String>,
        caller: Caller,
        protocols: Vec<(String, Bytes)>,
    ) {
        let member = Member {
            instance,
            protocols,
            session_end: now + self.session,
            joining: Some(caller),
            syncing: None,
            assignment: Bytes::new(),
        };
        self.members.insert(id, member);
        self.rejoin(now);
    }

    /// A static member that is new, or takes the place of the one before it (KIP-345).
    fn join_static(
        &mut self,
        now: Instant,
        caller: Caller,
        r: &JoinGroupRequest,
        instance: String,
    ) {
        self.named += 1;
        let id = format!("{instance}-{}", self.named);
        let Some(old) = self.id_of(&instance).map(str::to_owned) else {
            return self.add(now, id, Some(instance), caller, protocols_of(r));
        };
        let Some(mut member) = self.members.remove(&old) else {
            return;
        };
        let fenced = ErrorCode::FENCED_INSTANCE_ID;
        if let Some(caller) = member.joining.take() {
            let answer = JoinGroupResponse::default().with_error_code(fenced.0 as i16);
            self.common
                .answers
                .push((caller, ResponseKind::JoinGroup(answer)));
        }
        if let Some(caller) = member.syncing.take() {
            self.answer_sync(caller, fenced, Bytes::new());
        }
        member.protocols = protocols_of(r);
        member.session_end = now + self.session;
        if self.leader == old {
            self.leader.clone_from(&id);
        }
        let as_it_is = self.state == State::Stable;
        member.joining = Some(caller).filter(|_| !as_it_is);
        self.members.insert(id.clone(), member);
        if as_it_is {
            let mut answer = self.joined(&id);
            if let ResponseKind::JoinGroup(answer) = &mut answer {
                answer.skip_assignment = self.leader == id;
            }
            self.common.answers.push((caller, answer));
        } else {
            self.rejoin(now);
        }
    }

    /// Who is a member by this name.
    pub fn id_of(&self, instance: &str) -> Option<&str> {
        let mut members = self.members.iter();
        let found = members.find(|(_, m)| m.instance.as_deref() == Some(instance));
        found.map(|(id, _)| id.as_str())
    }

    fn rejoin(&mut self, now: Instant) {
        match self.state {
            State::Preparing { .. } => self.try_complete_join(now),
            _ => self.prepare(now),
        }
    }

    fn prepare(&mut self, now: Instant) {
        // Who waits for its assignment has to join again.
        let waiting: Vec<Caller> = self
            .members
            .values_mut()
            .filter_map(|m| m.syncing.take())
            .collect();
        for caller in waiting {
            self.answer_sync(caller, ErrorCode::REBALANCE_IN_PROGRESS, Bytes::new());
        }
        self.state = State::Preparing {
            until: now + self.rebalance,
        };
        self.try_complete_join(now);
    }

    fn try_complete_join(&mut self, now: Instant) {
        if self.members.values().all(|m| m.joining.is_some()) {
            self.complete_join(now);
        }
    }

    fn complete_join(&mut self, now: Instant) {
        self.generation += 1;
        if self.members.is_empty() {
            self.state = State::Empty;
            return;
        }
        if self
            .members
            .get(&self.leader)
            .is_none_or(|m| m.joining.is_none())
        {
            let joined = self.members.iter().find(|(_, m)| m.joining.is_some());
            let Some((id, _)) = joined else {
                // Only static members that are away.
                self.state = State::Preparing {
                    until: now + self.rebalance,
                };
                return;
            };
            self.leader.clone_from(id);
        }
        let first = self.members.values().next().unwrap();
        self.protocol = first.protocols[0].0.clone();
        self.state = State::Completing;
        let callers: Vec<(String, Caller)> = self
            .members
            .iter_mut()
            .filter_map(|(id, m)| {
                let caller = m.joining.take()?;
                m.session_end = now + self.session;
                Some((id.clone(), caller))
            })
            .collect();
        for (id, caller) in callers {
            let answer = self.joined(&id);
            self.common.answers.push((caller, answer));
        }
    }

    fn joined(&self, id: &str) -> ResponseKind {
        let mut answer = JoinGroupResponse::default()
            .with_generation_id(self.generation)
            .with_protocol_name(Some(StrBytes::from_string(self.protocol.clone())))
            .with_leader(StrBytes::from_string(self.leader.clone()))
            .with_member_id(StrBytes::from_string(id.to_string()));
        if self.leader == id {
            answer.members = self
                .members
                .iter()
                .map(|(id, m)| {
                    JoinGroupResponseMember::default()
                        .with_member_id(StrBytes::from_string(id.clone()))
                        .with_group_instance_id(m.instance.clone().map(StrBytes::from_string))
                        .with_metadata(m.protocols[0].1.clone())
                })
                .collect();
        }
        ResponseKind::JoinGroup(answer)
    }

    fn answer_sync(&mut self, caller: Caller, code: ErrorCode, assignment: Bytes) {
        let answer = SyncGroupResponse::default()
            .with_error_code(code.0 as i16)
            .with_assignment(assignment);
        self.common
            .answers
            .push((caller, ResponseKind::SyncGroup(answer)));
    }

    fn identify(&self, id: &str, instance: Option<&str>) -> ErrorCode {
        match instance {
            Some(instance) => match self.id_of(instance) {
                None => ErrorCode::UNKNOWN_MEMBER_ID,
                Some(own) if own != id => ErrorCode::FENCED_INSTANCE_ID,
                Some(_) => ErrorCode::NO_ERROR,
            },
            None if self.members.contains_key(id) => ErrorCode::NO_ERROR,
            None => ErrorCode::UNKNOWN_MEMBER_ID,
        }
    }

    fn check(&self, id: &str, instance: Option<&str>, generation: i32) -> ErrorCode {
        let code = self.identify(id, instance);
        if code.is_err() {
            code
        } else if generation != self.generation {
            ErrorCode::ILLEGAL_GENERATION
        } else {
            ErrorCode::NO_ERROR
        }
    }

    fn sync(&mut self, now: Instant, caller: Caller, r: SyncGroupRequest) {
        let id = r.member_id.to_string();
        let mut code = self.check(&id, r.group_instance_id.as_deref(), r.generation_id);
        if code.is_ok()
            && let State::Preparing { .. } = self.state
        {
            code = ErrorCode::REBALANCE_IN_PROGRESS;
        }
        let session_end = now + self.session;
        let Some(member) = self.members.get_mut(&id).filter(|_| code.is_ok()) else {
            return self.answer_sync(caller, code, Bytes::new());
        };
        member.session_end = session_end;
        if self.state == State::Stable {
            let assignment = member.assignment.clone();
            return self.answer_sync(caller, code, assignment);
        }
        member.syncing = Some(caller);
        if self.leader == id {
            for a in &r.assignments {
                if let Some(m) = self.members.get_mut(a.member_id.as_str()) {
                    m.assignment = a.assignment.clone();
                }
            }
            self.state = State::Stable;
            let waiting: Vec<(Caller, Bytes)> = self
                .members
                .values_mut()
                .filter_map(|m| Some((m.syncing.take()?, m.assignment.clone())))
                .collect();
            for (caller, assignment) in waiting {
                self.answer_sync(caller, ErrorCode::NO_ERROR, assignment);
            }
        }
    }

    fn heartbeat(
        &mut self,
        now: Instant,
        id: &str,
        instance: Option<&str>,
        generation: i32,
    ) -> ErrorCode {
        let code = self.check(id, instance, generation);
        if code.is_err() {
            return code;
        }
        if let Some(member) = self.members.get_mut(id) {
            member.session_end = now + self.session;
        }
        match self.state {
            State::Preparing { .. } => ErrorCode::REBALANCE_IN_PROGRESS,
            _ => ErrorCode::NO_ERROR,
        }
    }

    fn commit(&mut self, caller: Caller, r: OffsetCommitRequest) {
        let code = if self.state == State::Empty && r.generation_id_or_member_epoch < 0 {
            ErrorCode::NO_ERROR
        } else {
            let instance = r.group_instance_id.as_deref();
            match self.check(&r.member_id, instance, r.generation_id_or_member_epoch) {
                ErrorCode::NO_ERROR if self.state == State::Completing => {
                    ErrorCode::REBALANCE_IN_PROGRESS
                }
                code => code,
            }
        };
        let answer = self.common.commit(&r, code);
        self.common.answers.push((caller, answer));
    }
}
