//! Joining a group, leading it, and what its coordinator answers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::{JoinGroupResponse, ResponseKind};

use super::{Beat, Classic, Session, Shape, State};
use crate::base::error::ErrorCode;
use crate::broker::{RequestError, Response};
use crate::coordinator::Node;
use crate::group::assignor::{self, Assignor, Cluster, RebalanceProtocol, TopicPartition};
use crate::group::membership::View;
use crate::group::wire::{decode_assignment, decode_member};
use crate::group::{Action, Context};

/// How long the leader waits for the metadata of the others' topics.
const METADATA_TIMEOUT: Duration = Duration::from_secs(10);

/// An answer's code, or that of its absence.
fn code_of(result: &Result<Response, RequestError>) -> ErrorCode {
    match result {
        Err(error) => error.code(),
        Ok(response) => match &response.kind {
            Some(ResponseKind::JoinGroup(answer)) => answer.error_code.into(),
            Some(ResponseKind::SyncGroup(answer)) => answer.error_code.into(),
            Some(ResponseKind::Heartbeat(answer)) => answer.error_code.into(),
            _ => ErrorCode::_BAD_MSG,
        },
    }
}

/// The request comes to nothing because of where it went or when, not of what it
/// says.
fn is_passing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::_TRANSPORT
            | ErrorCode::_TIMED_OUT
            | ErrorCode::_TIMED_OUT_QUEUE
            | ErrorCode::_DESTROY
            | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::NOT_COORDINATOR
            | ErrorCode::REQUEST_TIMED_OUT
            | ErrorCode::REBALANCE_IN_PROGRESS
    )
}

fn lost(code: ErrorCode, node: i32) -> Option<i32> {
    matches!(
        code,
        ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_NOT_AVAILABLE
    )
    .then_some(node)
}

impl Classic {
    pub(super) fn join(&mut self, cx: &mut Context<'_>, node: &Node) {
        let shape = self.shape();
        let token = self.send_join(cx, node, &shape);
        self.state = State::Joining {
            token,
            node: node.clone(),
            shape,
        };
    }

    pub(super) fn on_join_response(
        &mut self,
        cx: &mut Context<'_>,
        result: Result<Response, RequestError>,
    ) -> Option<i32> {
        let at = cx.now;
        let State::Joining { node, shape, .. } =
            std::mem::replace(&mut self.state, State::Out { at })
        else {
            return None;
        };
        let code = code_of(&result);
        match result {
            Ok(Response {
                kind: Some(ResponseKind::JoinGroup(answer)),
                ..
            }) if code.is_ok() => self.joined(cx, &node, shape, &answer),
            Ok(Response {
                kind: Some(ResponseKind::JoinGroup(answer)),
                ..
            }) if code == ErrorCode::MEMBER_ID_REQUIRED => {
                // KIP-394: once more, with the id. What an earlier member owned is
                // not this one's.
                self.member_id = answer.member_id.as_str().into();
                let why = std::mem::take(&mut self.reason);
                self.lose(cx, why);
            }
            _ => self.join_failed(cx, "JoinGroup", code),
        }
        lost(code, node.id)
    }

    /// Back to where joining began.
    fn join_failed(&mut self, cx: &mut Context<'_>, what: &str, code: ErrorCode) {
        let at = match code {
            ErrorCode::REBALANCE_IN_PROGRESS => cx.now,
            // As somebody new it can be tried at once, unless that has just failed.
            ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::ILLEGAL_GENERATION if self.attempts == 0 => {
                self.attempts = 1;
                cx.now
            }
            _ => self.backoff(cx),
        };
        self.state = State::Out { at };
        match code {
            ErrorCode::UNKNOWN_MEMBER_ID => {
                self.member_id = "".into();
                self.lose_keeping(cx, at, format!("{what} error: {code}"));
            }
            ErrorCode::ILLEGAL_GENERATION => {
                self.lose_keeping(cx, at, format!("{what} error: {code}"));
            }
            ErrorCode::FENCED_INSTANCE_ID => self.fence(cx, code),
            _ if is_passing(code) => {}
            _ => cx
                .actions
                .push(Action::Error(code, format!("{what} failed: {code}"))),
        }
    }

    /// Lost, but not joining again before `at`.
    fn lose_keeping(&mut self, cx: &mut Context<'_>, at: Instant, why: String) {
        self.lose(cx, why);
        if let State::Out { at: due } = &mut self.state {
            *due = at;
        }
    }

    fn joined(
        &mut self,
        cx: &mut Context<'_>,
        node: &Node,
        shape: Shape,
        answer: &JoinGroupResponse,
    ) {
        let name = answer.protocol_name.as_deref().unwrap_or_default();
        let assignor =
            Assignor::from_name(name).filter(|assignor| self.config.assignors.contains(assignor));
        let Some(assignor) = assignor else {
            return self.join_failed(cx, "JoinGroup", ErrorCode::_UNKNOWN_PROTOCOL);
        };
        self.member_id = answer.member_id.as_str().into();
        self.joined_shape = shape;
        self.led.clear();
        let leads = answer.leader == answer.member_id;
        let cooperative = assignor.protocol() == RebalanceProtocol::Cooperative;
        self.unfinished = cooperative && leads && answer.skip_assignment;
        if leads && !answer.skip_assignment {
            let members: Vec<assignor::Member> = answer
                .members
                .iter()
                .map(|m| {
                    let instance = m.group_instance_id.as_deref().map(Arc::from);
                    decode_member(m.member_id.as_str().into(), instance, &m.metadata)
                })
                .collect();
            let topics: BTreeSet<Arc<str>> =
                members.iter().flat_map(|m| m.topics.clone()).collect();
            cx.actions
                .push(Action::RequestMetadata(topics.into_iter().collect()));
            self.state = State::Assembling {
                generation: answer.generation_id,
                assignor,
                members,
                view: None,
                until: cx.now + METADATA_TIMEOUT,
            };
        } else {
            self.sync(cx, node, answer.generation_id, assignor, &[]);
        }
    }

    /// The leader shares the partitions out.
    pub(super) fn assign_members(
        &mut self,
        cx: &mut Context<'_>,
        coordinator: Option<&Node>,
        view: &View,
    ) {
        let at = cx.now;
        let State::Assembling {
            generation,
            assignor,
            mut members,
            ..
        } = std::mem::replace(&mut self.state, State::Out { at })
        else {
            return;
        };
        // Without a coordinator the generation will be over.
        let Some(node) = coordinator else {
            return;
        };
        let topics = view
            .iter()
            .filter(|(_, topic)| topic.code.is_ok())
            .map(|(name, topic)| (name.clone(), topic.partitions.clone()));
        let cluster = Cluster {
            topics: topics.collect(),
        };
        self.led = view
            .iter()
            .filter(|(name, topic)| topic.code.is_ok() && !self.wants(name))
            .filter(|(name, _)| members.iter().any(|m| m.topics.contains(name)))
            .map(|(name, topic)| (name.clone(), self.extent(topic)))
            .collect();
        // A topic that was made anew with fewer partitions: the Java client's sticky
        // assignor would keep those that are gone.
        for member in &mut members {
            member.owned.retain(|p| {
                let count = view.get(&p.topic).map_or(0, |t| t.partitions.len());
                usize::try_from(p.partition).is_ok_and(|at| at < count)
            });
        }
        let assignment = assignor.assign(&cluster, &members);
        let subscribed = cluster
            .topics
            .iter()
            .filter(|(name, _)| members.iter().any(|m| m.topics.contains(name)));
        let all: usize = subscribed.map(|(_, partitions)| partitions.len()).sum();
        self.unfinished = assignor.protocol() == RebalanceProtocol::Cooperative
            && assignment.iter().map(Vec::len).sum::<usize>() < all;
        let assignments: Vec<_> = members
            .into_iter()
            .map(|member| member.id)
            .zip(assignment)
            .collect();
        self.sync(cx, node, generation, assignor, &assignments);
    }

    fn sync(
        &mut self,
        cx: &mut Context<'_>,
        node: &Node,
        generation: i32,
        assignor: Assignor,
        assignments: &[(Arc<str>, Vec<TopicPartition>)],
    ) {
        let token = self.send_sync(cx, node, generation, assignor, assignments);
        self.state = State::Syncing {
            token,
            sent: cx.now,
            node: node.id,
            generation,
            assignor,
        };
    }

    pub(super) fn on_sync_response(
        &mut self,
        cx: &mut Context<'_>,
        result: Result<Response, RequestError>,
    ) -> Option<i32> {
        let at = cx.now;
        let State::Syncing {
            sent,
            node,
            generation,
            assignor,
            ..
        } = std::mem::replace(&mut self.state, State::Out { at })
        else {
            return None;
        };
        let code = code_of(&result);
        let assigned = match &result {
            Ok(Response {
                kind: Some(ResponseKind::SyncGroup(answer)),
                ..
            }) if code.is_ok() => decode_assignment(&answer.assignment),
            _ => None,
        };
        match assigned {
            Some(partitions) => {
                let session = Session {
                    generation,
                    assignor,
                    beat: Beat::Due(cx.now + self.config.heartbeat_interval),
                    follow_up: self
                        .unfinished
                        .then(|| cx.now + self.settings.session_timeout),
                };
                self.contact = sent;
                self.on_assignment(cx, session, partitions);
            }
            None if code.is_ok() => self.join_failed(cx, "SyncGroup", ErrorCode::_BAD_MSG),
            None => self.join_failed(cx, "SyncGroup", code),
        }
        lost(code, node)
    }

    pub(super) fn on_heartbeat_response(
        &mut self,
        cx: &mut Context<'_>,
        result: Result<Response, RequestError>,
    ) -> Option<i32> {
        let code = code_of(&result);
        let interval = self.config.heartbeat_interval;
        let again = interval.min(self.settings.retry_backoff_max);
        let session = self.session_mut()?;
        let Beat::Out { sent, node, .. } = session.beat else {
            return None;
        };
        let alive = matches!(code, ErrorCode::NO_ERROR | ErrorCode::REBALANCE_IN_PROGRESS);
        session.beat = Beat::Due(match alive {
            true => cx.now.max(sent + interval),
            false => cx.now + again,
        });
        if alive {
            self.contact = self.contact.max(sent);
        }
        match code {
            ErrorCode::REBALANCE_IN_PROGRESS => self.rebalance(cx, "rebalance in progress"),
            ErrorCode::UNKNOWN_MEMBER_ID => {
                self.member_id = "".into();
                self.lose(cx, "resetting member id");
            }
            ErrorCode::ILLEGAL_GENERATION => self.lose(cx, "illegal generation"),
            ErrorCode::FENCED_INSTANCE_ID => self.fence(cx, code),
            // Others pass, or the session ends.
            _ => {}
        }
        lost(code, node)
    }
}
