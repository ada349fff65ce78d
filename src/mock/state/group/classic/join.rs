//! Joining, and the rebalance that it leads to.

use super::{
    Answers, Classic, Gathering, Initial, Member, NEW_MEMBER_TIMEOUT_MS, REJOIN_DELAY_MS, State,
    Waiting,
};
use crate::mock::state::{Cx, Now};
use bytes::Bytes;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::join_group_response::{JoinGroupResponse, JoinGroupResponseMember};
use kafka_protocol::messages::sync_group_response::SyncGroupResponse;
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

/// A JoinGroup request in the group's own terms.
pub struct Join {
    pub member_id: String,
    pub instance_id: Option<String>,
    pub session_timeout_ms: i32,
    pub rebalance_timeout_ms: i32,
    pub protocol_type: String,
    pub protocols: Vec<(String, Bytes)>,
    /// From version 4 a member first gets an id and then joins with it.
    pub needs_known_id: bool,
    /// group.initial.rebalance.delay.ms
    pub initial_delay_ms: i32,
    /// For a new member's id.
    pub uuid: Uuid,
}

fn str_bytes(s: &str) -> StrBytes {
    StrBytes::from_string(s.to_owned())
}

/// The answer to a join that failed.
pub fn refused(cx: &Cx, code: i16, member_id: &str) -> JoinGroupResponse {
    let mut response = JoinGroupResponse::default()
        .with_error_code(code)
        .with_generation_id(-1)
        .with_member_id(str_bytes(member_id));
    // Before version 7 the protocol's name could not be missing.
    response.protocol_name = (cx.version < 7).then(StrBytes::default);
    response
}

impl Classic {
    /// Takes a join; its answer may come at once or when the rebalance is over.
    pub fn join(&mut self, cx: &Cx, join: Join, answers: &mut Answers) {
        if !self.takes_protocols(&join) {
            return Self::refuse(cx, E::InconsistentGroupProtocol, &join.member_id, answers);
        }
        let outcome = if join.member_id.is_empty() {
            self.join_new(cx, join, answers)
        } else {
            self.join_known(cx, join, answers)
        };
        if let Err((e, member_id)) = outcome {
            Self::refuse(cx, e, &member_id, answers);
        }
        self.try_complete_join(cx.now, answers);
    }

    fn refuse(cx: &Cx, e: E, member_id: &str, answers: &mut Answers) {
        answers.push((cx.clone(), refused(cx, e.code(), member_id).into()));
    }

    fn takes_protocols(&self, join: &Join) -> bool {
        if join.protocol_type.is_empty() || join.protocols.is_empty() {
            return false;
        }
        if self.members.is_empty() {
            return true;
        }
        let common = self.common_protocols(None);
        self.protocol_type.as_deref() == Some(&join.protocol_type)
            && join.protocols.iter().any(|(name, _)| common.contains(name))
    }

    /// Protocols that all members (except one) support.
    fn common_protocols(&self, except: Option<&str>) -> Vec<String> {
        let mut members = self
            .members
            .values()
            .filter(|m| Some(m.id.as_str()) != except);
        let Some(first) = members.next() else {
            return Vec::new();
        };
        let mut common: Vec<String> = first.protocols.iter().map(|p| p.0.clone()).collect();
        for m in members {
            common.retain(|name| m.protocols.iter().any(|p| p.0 == *name));
        }
        common
    }

    fn join_new(&mut self, cx: &Cx, join: Join, answers: &mut Answers) -> Result<(), (E, String)> {
        let prefix = match &join.instance_id {
            Some(instance) => instance.as_str(),
            None => &cx.client_id,
        };
        let id = format!("{prefix}-{}", join.uuid);
        if let Some(instance) = &join.instance_id {
            if let Some(old) = self.instances.get(instance).cloned() {
                self.replace_static(cx, join, old, id, answers);
            } else {
                self.add_and_rebalance(cx, join, id, answers);
            }
            return Ok(());
        }
        if join.needs_known_id {
            let until = cx.now.after_ms(join.session_timeout_ms.into());
            self.announced.insert(id.clone(), until);
            return Err((E::MemberIdRequired, id));
        }
        self.add_and_rebalance(cx, join, id, answers);
        Ok(())
    }

    fn join_known(
        &mut self,
        cx: &Cx,
        join: Join,
        answers: &mut Answers,
    ) -> Result<(), (E, String)> {
        let id = join.member_id.clone();
        if self.announced.remove(&id).is_some() {
            self.add_and_rebalance(cx, join, id, answers);
            return Ok(());
        }
        self.identify(&id, join.instance_id.as_deref())
            .map_err(|e| (e, id.clone()))?;
        let unchanged = self
            .members
            .get(&id)
            .is_some_and(|m| m.protocols == join.protocols);
        let leads = self.leader.as_deref() == Some(&id);
        match self.state {
            State::Empty => Err((E::UnknownMemberId, id)),
            State::Preparing { .. } => {
                self.rejoin(cx, join, answers);
                Ok(())
            }
            State::Completing { .. } if unchanged => {
                // It did not get the answer to its first join.
                self.answer_current(cx, &id, answers);
                Ok(())
            }
            State::Stable if unchanged && !leads => {
                self.answer_current(cx, &id, answers);
                Ok(())
            }
            State::Completing { .. } | State::Stable => {
                let delay = join.initial_delay_ms;
                self.rejoin(cx, join, answers);
                self.prepare(cx.now, delay, answers);
                Ok(())
            }
        }
    }

    /// A static member came back under a new id.
    fn replace_static(
        &mut self,
        cx: &Cx,
        join: Join,
        old: String,
        id: String,
        answers: &mut Answers,
    ) {
        let Some(mut member) = self.members.remove(&old) else {
            return self.add_and_rebalance(cx, join, id, answers);
        };
        match std::mem::replace(&mut member.waiting, Waiting::No) {
            Waiting::No => {}
            Waiting::Join(old_cx) => Self::refuse(&old_cx, E::FencedInstanceId, &old, answers),
            Waiting::Sync(old_cx) => {
                let response =
                    SyncGroupResponse::default().with_error_code(E::FencedInstanceId.code());
                answers.push((old_cx, response.into()));
            }
        }
        let protocol = self.protocol.clone().unwrap_or_default();
        // As Kafka has it, what the member subscribes to and owns does not count.
        let same_protocol = self.state == State::Stable
            && self.would_select(&member.id, &join).as_deref() == Some(&protocol);
        member.id.clone_from(&id);
        member.protocols.clone_from(&join.protocols);
        member.session_timeout_ms = join.session_timeout_ms;
        member.rebalance_timeout_ms = join.rebalance_timeout_ms;
        member.heard_of(cx.now);
        if self.leader.as_deref() == Some(&old) {
            self.leader = Some(id.clone());
        }
        if let Some(instance) = &member.instance_id {
            self.instances.insert(instance.clone(), id.clone());
        }
        self.members.insert(id.clone(), member);
        if same_protocol {
            // The assignment still holds: no rebalance, and a leader that must not
            // compute one is told so from version 9 on.
            return self.answer_current(cx, &id, answers);
        }
        if let Some(m) = self.members.get_mut(&id) {
            m.waiting = Waiting::Join(cx.clone());
        }
        self.prepare(cx.now, join.initial_delay_ms, answers);
    }

    /// The protocol that would win if `member` came with these ones.
    fn would_select(&self, member: &str, join: &Join) -> Option<String> {
        let others = self.common_protocols(Some(member));
        let alone = others.is_empty();
        let mut names = join.protocols.iter().map(|p| &p.0);
        names.find(|n| alone || others.contains(n)).cloned()
    }

    fn add_and_rebalance(&mut self, cx: &Cx, join: Join, id: String, answers: &mut Answers) {
        let member = Member {
            id: id.clone(),
            instance_id: join.instance_id.clone(),
            client_id: cx.client_id.to_string(),
            client_host: cx.client_host.to_string(),
            session_timeout_ms: join.session_timeout_ms,
            rebalance_timeout_ms: join.rebalance_timeout_ms,
            protocols: join.protocols,
            assignment: Bytes::new(),
            waiting: Waiting::Join(cx.clone()),
            session_deadline: cx.now.after_ms(NEW_MEMBER_TIMEOUT_MS),
        };
        if self.members.is_empty() {
            self.protocol_type = Some(join.protocol_type);
        }
        if let Some(instance) = join.instance_id {
            self.instances.insert(instance, id.clone());
        }
        if self.leader.is_none() {
            self.leader = Some(id.clone());
        }
        self.members.insert(id, member);
        match &mut self.state {
            State::Preparing {
                gathering: Gathering::First(initial),
                ..
            } => initial.joined_meanwhile = true,
            State::Preparing { .. } => {}
            _ => self.prepare(cx.now, join.initial_delay_ms, answers),
        }
    }

    fn rejoin(&mut self, cx: &Cx, join: Join, answers: &mut Answers) {
        let Some(m) = self.members.get_mut(&join.member_id) else {
            return;
        };
        m.protocols = join.protocols;
        m.session_timeout_ms = join.session_timeout_ms;
        m.rebalance_timeout_ms = join.rebalance_timeout_ms;
        m.client_id = cx.client_id.to_string();
        m.client_host = cx.client_host.to_string();
        match std::mem::replace(&mut m.waiting, Waiting::Join(cx.clone())) {
            Waiting::No => {}
            // It asks again on another connection: the first request is answered too.
            Waiting::Join(old) => Self::refuse(&old, E::UnknownMemberId, &join.member_id, answers),
            Waiting::Sync(old) => {
                let response =
                    SyncGroupResponse::default().with_error_code(E::RebalanceInProgress.code());
                answers.push((old, response.into()));
            }
        }
    }

    /// Starts a rebalance (from any state but the one it leads to). `delay_ms`: the
    /// initial delay, if a join is the reason.
    pub(super) fn prepare(&mut self, now: Now, delay_ms: i32, answers: &mut Answers) {
        if let State::Completing { .. } = self.state {
            self.answer_syncs(now, Some(E::RebalanceInProgress), answers);
        }
        let us = |ms: i32| u64::try_from(ms).unwrap_or(0) * 1000;
        let timeout_us = u64::from(self.rebalance_timeout_ms()) * 1000;
        let delay_us = us(delay_ms);
        let held_us = delay_us.min(us(REJOIN_DELAY_MS)).min(timeout_us);
        let (deadline, gathering) = match self.state {
            State::Empty => {
                let initial = Initial {
                    delay_us,
                    remaining_us: timeout_us.saturating_sub(delay_us),
                    joined_meanwhile: false,
                };
                (now.us + delay_us, Gathering::First(initial))
            }
            _ if held_us > 0 => (now.us + timeout_us, Gathering::Held(now.us + held_us)),
            _ => (now.us + timeout_us, Gathering::Open),
        };
        self.state = State::Preparing {
            deadline,
            gathering,
        };
    }

    fn rebalance_timeout_ms(&self) -> u32 {
        let longest = self.members.values().map(|m| m.rebalance_timeout_ms).max();
        u32::try_from(longest.unwrap_or(0)).unwrap_or(0)
    }

    /// Completes the join phase if nobody is missing.
    pub(super) fn try_complete_join(&mut self, now: Now, answers: &mut Answers) {
        let State::Preparing {
            gathering: Gathering::Open,
            ..
        } = self.state
        else {
            return;
        };
        if self.announced.is_empty() && self.members.values().all(Member::is_joining) {
            self.complete_join(now, answers);
        }
    }

    /// The initial delay is over: once more if somebody came, else on.
    pub(super) fn initial_delay_over(&mut self, now: Now, answers: &mut Answers) {
        let State::Preparing {
            gathering: Gathering::First(i),
            ..
        } = self.state
        else {
            return;
        };
        if i.joined_meanwhile && i.remaining_us > 0 {
            let delay_us = i.delay_us.min(i.remaining_us);
            self.state = State::Preparing {
                deadline: now.us + delay_us,
                gathering: Gathering::First(Initial {
                    remaining_us: i.remaining_us - delay_us,
                    joined_meanwhile: false,
                    ..i
                }),
            };
        } else {
            self.complete_join(now, answers);
        }
    }

    /// The join phase is over: who is here makes up the next generation.
    pub(super) fn complete_join(&mut self, now: Now, answers: &mut Answers) {
        let missing: Vec<String> = self
            .members
            .values()
            .filter(|m| !m.is_joining() && m.instance_id.is_none())
            .map(|m| m.id.clone())
            .collect();
        for id in missing {
            self.remove(&id);
        }
        // A static member may be away until its session ends, but cannot lead then.
        let leads = |m: &Member| m.is_joining() && self.leader.as_deref() == Some(&m.id);
        if !self.members.is_empty() && !self.members.values().any(leads) {
            let Some(next) = self.members.values().find(|m| m.is_joining()) else {
                let timeout_us = u64::from(self.rebalance_timeout_ms()) * 1000;
                self.state = State::Preparing {
                    deadline: now.us + timeout_us,
                    gathering: Gathering::Open,
                };
                return;
            };
            self.leader = Some(next.id.clone());
        }
        self.generation += 1;
        if self.members.is_empty() {
            self.state = State::Empty;
            self.protocol = None;
            self.leader = None;
            return;
        }
        self.protocol = self.elect_protocol();
        self.state = State::Completing {
            deadline: now.us + u64::from(self.rebalance_timeout_ms()) * 1000,
        };
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in ids {
            let Some(m) = self.members.get_mut(&id) else {
                continue;
            };
            m.heard_of(now);
            if let Waiting::Join(cx) = std::mem::replace(&mut m.waiting, Waiting::No) {
                let response = self.joined(&cx, &id, false);
                answers.push((cx, response.into()));
            }
        }
    }

    /// Each member votes for the first of its protocols that all support.
    fn elect_protocol(&self) -> Option<String> {
        let common = self.common_protocols(None);
        let mut best: Option<(usize, String)> = None;
        for candidate in &common {
            let votes = self
                .members
                .values()
                .filter(|m| {
                    let mut names = m.protocols.iter().map(|p| &p.0);
                    names.find(|n| common.contains(n)) == Some(candidate)
                })
                .count();
            if best.as_ref().is_none_or(|(most, _)| votes > *most) {
                best = Some((votes, candidate.clone()));
            }
        }
        best.map(|(_, name)| name)
    }

    /// Answers with the current generation, without a rebalance.
    fn answer_current(&mut self, cx: &Cx, id: &str, answers: &mut Answers) {
        if let Some(m) = self.members.get_mut(id) {
            m.heard_of(cx.now);
        }
        let stable = self.state == State::Stable;
        answers.push((cx.clone(), self.joined(cx, id, stable).into()));
    }

    /// The answer to a join in this generation. Only the leader gets the members.
    fn joined(&self, cx: &Cx, id: &str, stable: bool) -> JoinGroupResponse {
        let leads = self.leader.as_deref() == Some(id);
        let protocol = self.protocol.clone().unwrap_or_default();
        let mut response = JoinGroupResponse::default()
            .with_generation_id(self.generation)
            .with_protocol_name(Some(str_bytes(&protocol)))
            .with_leader(str_bytes(self.leader.as_deref().unwrap_or_default()))
            .with_member_id(str_bytes(id));
        if cx.version >= 7 {
            response.protocol_type = self.protocol_type.as_deref().map(str_bytes);
        }
        // Nothing to compute for a leader whose assignment still holds. Before
        // version 9 it is not told that it leads instead.
        let skip = leads && stable;
        if skip && cx.version >= 9 {
            response.skip_assignment = true;
        } else if skip {
            response.leader = str_bytes("");
            return response;
        }
        if leads {
            for m in self.members.values() {
                let mut out = JoinGroupResponseMember::default()
                    .with_member_id(str_bytes(&m.id))
                    .with_metadata(m.metadata(&protocol));
                if cx.version >= 5 {
                    out.group_instance_id = m.instance_id.as_deref().map(str_bytes);
                }
                response.members.push(out);
            }
        }
        response
    }

    /// Takes a member out; what that means for the rest is the caller's.
    pub(super) fn remove(&mut self, id: &str) -> Option<Member> {
        let member = self.members.remove(id)?;
        if let Some(instance) = &member.instance_id
            && self.instances.get(instance).is_some_and(|m| m == id)
        {
            self.instances.remove(instance);
        }
        if self.leader.as_deref() == Some(id) {
            self.leader = self.members.keys().next().cloned();
        }
        Some(member)
    }
}
