//! What members ask for once they have joined: sync, heartbeat, leave.

use super::{Answers, Classic, State, Waiting};
use crate::mock::state::{Cx, Now};
use bytes::Bytes;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::SyncGroupRequest;
use kafka_protocol::messages::join_group_response::JoinGroupResponse;
use kafka_protocol::messages::sync_group_response::SyncGroupResponse;
use kafka_protocol::protocol::StrBytes;
use std::collections::HashMap;

impl Classic {
    pub fn sync(&mut self, cx: &Cx, request: SyncGroupRequest, answers: &mut Answers) {
        if let Err(e) = self.try_sync(cx, request, answers) {
            let response = SyncGroupResponse::default().with_error_code(e.code());
            answers.push((cx.clone(), response.into()));
        }
    }

    fn try_sync(
        &mut self,
        cx: &Cx,
        request: SyncGroupRequest,
        answers: &mut Answers,
    ) -> Result<(), E> {
        let id = request.member_id.as_str();
        self.identify_at(
            id,
            request.group_instance_id.as_deref(),
            request.generation_id,
        )?;
        let differs = |asked: &Option<StrBytes>, have: &Option<String>| {
            asked.as_deref().is_some_and(|a| have.as_deref() != Some(a))
        };
        if differs(&request.protocol_type, &self.protocol_type)
            || differs(&request.protocol_name, &self.protocol)
        {
            return Err(E::InconsistentGroupProtocol);
        }
        match self.state {
            State::Empty => Err(E::UnknownMemberId),
            State::Preparing { .. } => Err(E::RebalanceInProgress),
            State::Stable => {
                if let Some(m) = self.members.get_mut(id) {
                    m.heard_of(cx.now);
                }
                let assignment = self.members.get(id).map(|m| m.assignment.clone());
                let response = self.synced(cx, assignment.unwrap_or_default());
                answers.push((cx.clone(), response.into()));
                Ok(())
            }
            State::Completing { .. } => {
                if let Some(m) = self.members.get_mut(id) {
                    m.heard_of(cx.now);
                    let earlier = std::mem::replace(&mut m.waiting, Waiting::Sync(cx.clone()));
                    if let Waiting::Sync(old) = earlier {
                        let response =
                            SyncGroupResponse::default().with_error_code(E::UnknownMemberId.code());
                        answers.push((old, response.into()));
                    }
                }
                if self.leader.as_deref() == Some(id) {
                    self.assign(cx.now, request, answers);
                }
                Ok(())
            }
        }
    }

    /// The leader's assignment is here: everybody gets theirs.
    fn assign(&mut self, now: Now, request: SyncGroupRequest, answers: &mut Answers) {
        let mut assignments: HashMap<_, Bytes> = request
            .assignments
            .into_iter()
            .map(|a| (a.member_id.to_string(), a.assignment))
            .collect();
        for m in self.members.values_mut() {
            m.assignment = assignments.remove(&m.id).unwrap_or_default();
        }
        self.state = State::Stable;
        self.answer_syncs(now, None, answers);
    }

    /// Answers all parked syncs: with an error, or with the assignments.
    pub(super) fn answer_syncs(&mut self, now: Now, error: Option<E>, answers: &mut Answers) {
        let mut due = Vec::new();
        for m in self.members.values_mut() {
            if let Waiting::Sync(cx) = &m.waiting {
                due.push((cx.clone(), m.assignment.clone()));
                m.waiting = Waiting::No;
                // Its silence while it waited does not count.
                m.heard_of(now);
            }
            if error.is_some() {
                m.assignment = Bytes::new();
            }
        }
        for (cx, assignment) in due {
            let response = match error {
                Some(e) => SyncGroupResponse::default().with_error_code(e.code()),
                None => self.synced(&cx, assignment),
            };
            answers.push((cx, response.into()));
        }
    }

    fn synced(&self, cx: &Cx, assignment: Bytes) -> SyncGroupResponse {
        let text = |s: &Option<String>| s.clone().map(StrBytes::from_string);
        let mut response = SyncGroupResponse::default().with_assignment(assignment);
        if cx.version >= 5 {
            response.protocol_type = text(&self.protocol_type);
            response.protocol_name = text(&self.protocol);
        }
        response
    }

    pub fn heartbeat(
        &mut self,
        now: Now,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> Result<(), E> {
        self.identify_at(member_id, instance_id, generation)?;
        if let Some(m) = self.members.get_mut(member_id) {
            m.heard_of(now);
        }
        match self.state {
            State::Empty => Err(E::UnknownMemberId),
            State::Preparing { .. } => Err(E::RebalanceInProgress),
            State::Completing { .. } | State::Stable => Ok(()),
        }
    }

    /// One member leaves, by its id or, if static, by its instance id.
    pub fn leave(
        &mut self,
        now: Now,
        member_id: &str,
        instance_id: Option<&str>,
        answers: &mut Answers,
    ) -> Result<(), E> {
        let id = match instance_id {
            // Without a member id an administrator removes whoever has the instance id.
            Some(instance) if member_id.is_empty() => self
                .instances
                .get(instance)
                .cloned()
                .ok_or(E::UnknownMemberId)?,
            _ => member_id.to_owned(),
        };
        if self.announced.remove(&id).is_some() {
            self.try_complete_join(now, answers);
            return Ok(());
        }
        self.identify(&id, instance_id)?;
        self.expel(now, &id, answers);
        Ok(())
    }

    /// A member is gone: the others rebalance.
    pub(super) fn expel(&mut self, now: Now, id: &str, answers: &mut Answers) {
        let Some(member) = self.remove(id) else {
            return;
        };
        match member.waiting {
            Waiting::No => {}
            Waiting::Join(cx) => {
                let response: JoinGroupResponse =
                    super::join::refused(&cx, E::UnknownMemberId.code(), "");
                answers.push((cx, response.into()));
            }
            Waiting::Sync(cx) => {
                let response =
                    SyncGroupResponse::default().with_error_code(E::UnknownMemberId.code());
                answers.push((cx, response.into()));
            }
        }
        if matches!(self.state, State::Stable | State::Completing { .. }) {
            self.prepare(now, 0, answers);
        }
        self.try_complete_join(now, answers);
    }
}
