//! OffsetCommit: a queue, and one request at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    ApiKey, GroupId, OffsetCommitResponse, RequestKind, ResponseKind, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::{Context, Member, Offset, Outcome, Settings, is_lost};
use crate::base::error::ErrorCode;
use crate::broker::{RequestError, Response};
use crate::coordinator::Node;
use crate::group::{Action, Outgoing, Token};

/// The newest version that names topics; later ones have their ids only.
const MAX_VERSION: i16 = 9;
/// How often a partition is tried again for an error that is not about the
/// coordinator.
const RETRIES: u32 = 2;

/// Offsets to commit in one piece.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The caller's, to know the answer by.
    pub id: u64,
    pub offsets: Vec<Offset>,
    /// Nobody looks at the result before the next one, so that it may be tried for longer:
    /// a stale epoch is waited out.
    pub automatic: bool,
}

/// The answer to a [`Commit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitDone {
    pub id: u64,
    /// The error of the last partition that failed.
    pub code: ErrorCode,
    pub offsets: Vec<Committed>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    pub offset: Offset,
    pub code: ErrorCode,
}

type PartitionKey = (Arc<str>, i32);

#[derive(Debug)]
struct Pending {
    id: u64,
    /// As what it is made, when it is sent.
    member: Member,
    automatic: bool,
    /// With the result, once there is one.
    offsets: Vec<(Offset, Option<ErrorCode>)>,
    retries: u32,
    /// When waiting for a coordinator has taken too long; when closing, waiting for
    /// its answer, too.
    deadline: Instant,
}

impl Pending {
    fn open(&self) -> impl Iterator<Item = &Offset> {
        self.offsets
            .iter()
            .filter(|(_, result)| result.is_none())
            .map(|(offset, _)| offset)
    }

    /// Takes over what is answered, and says whether to send the rest again. `sent`: to whom,
    /// and in which generation. `waits`: for a newer one.
    fn settle(
        &mut self,
        cx: &mut Context<'_>,
        answer: &CommitAnswer,
        (node, generation): (i32, i32),
        waits: bool,
        outcome: &mut Outcome,
    ) -> bool {
        // What was sent in an epoch that was over goes again in the new one.
        let followed = self.member.generation > generation;
        let retries = self.retries;
        let mut again = false;
        let mut stale = None;
        for (offset, result) in self.offsets.iter_mut().filter(|(_, r)| r.is_none()) {
            let code = answer.code(offset);
            match verdict(code) {
                Verdict::Final => *result = Some(code),
                Verdict::OtherCoordinator => {
                    outcome.lost_coordinator = Some(node);
                    again = true;
                }
                Verdict::Transport => again = true,
                Verdict::Retry if retries < RETRIES => again = true,
                Verdict::Retry => *result = Some(code),
                Verdict::Stale if followed => {
                    stale = Some(code);
                    again = true;
                }
                Verdict::Stale if waits => {
                    outcome.refused = Some((generation, code));
                    stale = Some(code);
                    again = true;
                }
                Verdict::NotMember | Verdict::Stale => {
                    outcome.refused = Some((generation, code));
                    *result = Some(code);
                }
            }
        }
        cx.actions.extend(stale.map(Action::CommitWaits));
        again
    }

    fn finish(mut self, cx: &mut Context<'_>, rest: ErrorCode) {
        for (_, result) in &mut self.offsets {
            result.get_or_insert(rest);
        }
        let offsets: Vec<_> = self
            .offsets
            .into_iter()
            .map(|(offset, code)| Committed {
                offset,
                code: code.unwrap_or(rest),
            })
            .collect();
        let code = offsets
            .iter()
            .rev()
            .map(|done| done.code)
            .find(|code| code.is_err());
        cx.actions.push(Action::CommitDone(CommitDone {
            id: self.id,
            code: code.unwrap_or(ErrorCode::NO_ERROR),
            offsets,
        }));
    }
}

#[derive(Debug)]
enum State {
    Idle,
    Backoff {
        until: Instant,
    },
    InFlight {
        token: Token,
        node: i32,
        /// That it was sent in.
        generation: i32,
        commits: Vec<Pending>,
    },
}

#[derive(Debug)]
pub(super) struct Commits {
    settings: Arc<Settings>,
    queue: Vec<Pending>,
    state: State,
    /// Failures in a row.
    attempts: u32,
    closing: bool,
}

impl Commits {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Commits {
            settings,
            queue: Vec::new(),
            state: State::Idle,
            attempts: 0,
            closing: false,
        }
    }

    /// Somebody waits for the end of it all: from here on no commit takes longer
    /// than [`Settings::close_patience`], whatever becomes of the coordinator.
    pub(super) fn close(&mut self, now: Instant) {
        self.closing = true;
        let until = now + self.settings.close_patience();
        let in_flight = match &mut self.state {
            State::InFlight { commits, .. } => commits.as_mut_slice(),
            State::Idle | State::Backoff { .. } => &mut [],
        };
        for commit in in_flight.iter_mut().chain(&mut self.queue) {
            commit.deadline = commit.deadline.min(until);
        }
    }

    fn patience(&self) -> Duration {
        match self.closing {
            true => self
                .settings
                .session_timeout
                .min(self.settings.close_patience()),
            false => self.settings.session_timeout,
        }
    }

    pub(super) fn add(&mut self, cx: &mut Context<'_>, commit: Commit, member: Member) {
        let pending = Pending {
            id: commit.id,
            member,
            automatic: commit.automatic,
            offsets: commit.offsets.into_iter().map(|o| (o, None)).collect(),
            retries: 0,
            deadline: cx.now + self.patience(),
        };
        if pending.offsets.is_empty() {
            cx.actions.push(Action::CommitDone(CommitDone {
                id: pending.id,
                code: ErrorCode::_NO_OFFSET,
                offsets: Vec::new(),
            }));
        } else {
            self.queue.push(pending);
        }
    }

    pub(super) fn follow(&mut self, before: &Member, now: &Member) {
        let in_flight = match &mut self.state {
            State::InFlight { commits, .. } => commits.as_mut_slice(),
            State::Idle | State::Backoff { .. } => &mut [],
        };
        for commit in in_flight.iter_mut().chain(&mut self.queue) {
            if commit.member == *before {
                commit.member = now.clone();
            }
        }
    }

    pub(super) fn outstanding(&self) -> usize {
        let in_flight = match &self.state {
            State::InFlight { commits, .. } => commits.len(),
            State::Idle | State::Backoff { .. } => 0,
        };
        self.queue.len() + in_flight
    }

    pub(super) fn owns(&self, token: Token) -> bool {
        matches!(self.state, State::InFlight { token: own, .. } if own == token)
    }

    pub(super) fn on_tick(&mut self, cx: &mut Context<'_>, coordinator: Option<&Node>) {
        let (late, queue) = std::mem::take(&mut self.queue)
            .into_iter()
            .partition(|commit: &Pending| commit.deadline <= cx.now);
        self.queue = queue;
        for commit in late {
            commit.finish(cx, ErrorCode::_WAIT_COORD);
        }
        if self.answer_due().is_some_and(|at| at <= cx.now)
            && let State::InFlight { commits, .. } = std::mem::replace(&mut self.state, State::Idle)
        {
            for commit in commits {
                commit.finish(cx, ErrorCode::_TIMED_OUT);
            }
        }
        if let State::Backoff { until } = self.state
            && until <= cx.now
        {
            self.state = State::Idle;
        }
        if let (State::Idle, Some(node)) = (&self.state, coordinator) {
            self.send(cx, node);
        }
    }

    pub(super) fn next_deadline(&self, coordinator_up: bool) -> Option<Instant> {
        let due = match self.state {
            State::Backoff { until } if coordinator_up => Some(until),
            _ => None,
        };
        let late = self.queue.iter().map(|commit| commit.deadline).min();
        [due, late, self.answer_due()].into_iter().flatten().min()
    }

    /// When what is in flight is not waited for any more.
    fn answer_due(&self) -> Option<Instant> {
        match &self.state {
            State::InFlight { commits, .. } if self.closing => {
                commits.iter().map(|commit| commit.deadline).max()
            }
            _ => None,
        }
    }

    pub(super) fn stop(&mut self, cx: &mut Context<'_>, code: ErrorCode) {
        if let State::InFlight { commits, .. } = std::mem::replace(&mut self.state, State::Idle) {
            self.queue.splice(0..0, commits);
        }
        for commit in self.queue.drain(..) {
            commit.finish(cx, code);
        }
    }

    /// Sends all commits at the head of the queue that are made by one member.
    fn send(&mut self, cx: &mut Context<'_>, node: &Node) {
        let Some(first) = self.queue.first() else {
            return;
        };
        let member = first.member.clone();
        let count = self
            .queue
            .iter()
            .take_while(|commit| commit.member == member)
            .count();
        let commits: Vec<Pending> = self.queue.drain(..count).collect();
        let request = request(&self.settings, &member, &merge(&commits));
        let token = cx.token();
        let outgoing = Outgoing {
            token,
            api: ApiKey::OffsetCommit,
            max_version: Some(MAX_VERSION),
            timeout: self.settings.request_timeout,
            aside: false,
            build: Box::new(move |version| RequestKind::OffsetCommit(fit(request, version))),
        };
        cx.actions
            .push(Action::SendToCoordinator(node.clone(), outgoing));
        self.state = State::InFlight {
            token,
            node: node.id,
            generation: member.generation,
            commits,
        };
    }

    /// The response to the request that is in flight. `member`: who may have another epoch
    /// soon, in which an automatic commit can be made.
    pub(super) fn on_response(
        &mut self,
        cx: &mut Context<'_>,
        result: Result<Response, RequestError>,
        member: Option<&Member>,
    ) -> Outcome {
        let State::InFlight {
            node,
            generation,
            commits,
            ..
        } = std::mem::replace(&mut self.state, State::Idle)
        else {
            return Outcome::default();
        };
        let answer = match result {
            Ok(Response {
                kind: Some(ResponseKind::OffsetCommit(answer)),
                ..
            }) => CommitAnswer::Codes(codes(&answer)),
            Ok(_) => CommitAnswer::Failed(ErrorCode::_BAD_MSG),
            Err(error) => CommitAnswer::Failed(error.code()),
        };
        let mut outcome = Outcome::default();
        let mut again = Vec::new();
        for mut commit in commits {
            let waits = commit.automatic && member == Some(&commit.member);
            let retry = commit.settle(cx, &answer, (node, generation), waits, &mut outcome);
            if retry {
                commit.retries += 1;
                again.push(commit);
            } else {
                commit.finish(cx, ErrorCode::NO_ERROR);
            }
        }
        if again.is_empty() {
            self.attempts = 0;
        } else {
            let delay = cx.backoff(
                self.attempts,
                self.settings.retry_backoff.max(Duration::from_millis(1)),
                self.settings.retry_backoff_max,
            );
            self.attempts = self.attempts.saturating_add(1);
            self.state = State::Backoff {
                until: cx.now + delay,
            };
            self.queue.splice(0..0, again);
        }
        outcome
    }
}

/// What the coordinator said.
enum CommitAnswer {
    Codes(HashMap<PartitionKey, ErrorCode>),
    Failed(ErrorCode),
}

impl CommitAnswer {
    fn code(&self, offset: &Offset) -> ErrorCode {
        match self {
            CommitAnswer::Failed(code) => *code,
            CommitAnswer::Codes(codes) => codes
                .get(&(offset.topic.clone(), offset.partition))
                .copied()
                // A partition that the coordinator passes over was not committed.
                .unwrap_or(ErrorCode::_BAD_MSG),
        }
    }
}

enum Verdict {
    Final,
    /// Again, when the coordinator is known.
    OtherCoordinator,
    /// Again, as often as it takes until the deadline.
    Transport,
    /// Again, a few times.
    Retry,
    NotMember,
    /// A member, but the epoch is over, or not known to the coordinator.
    Stale,
}

fn verdict(code: ErrorCode) -> Verdict {
    match code {
        code if is_lost(code) => Verdict::OtherCoordinator,
        ErrorCode::_TRANSPORT
        | ErrorCode::_TIMED_OUT
        | ErrorCode::_TIMED_OUT_QUEUE
        | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS => Verdict::Transport,
        ErrorCode::REQUEST_TIMED_OUT | ErrorCode::UNKNOWN_TOPIC_OR_PART => Verdict::Retry,
        ErrorCode::UNKNOWN_MEMBER_ID
        | ErrorCode::ILLEGAL_GENERATION
        | ErrorCode::FENCED_INSTANCE_ID => Verdict::NotMember,
        ErrorCode::STALE_MEMBER_EPOCH => Verdict::Stale,
        _ => Verdict::Final,
    }
}

/// The offsets that are still to be committed, the last one of each partition.
fn merge(commits: &[Pending]) -> Vec<&Offset> {
    let mut merged: Vec<&Offset> = Vec::new();
    let mut places: HashMap<(&str, i32), usize> = HashMap::new();
    for offset in commits.iter().flat_map(Pending::open) {
        let place = *places
            .entry((&offset.topic, offset.partition))
            .or_insert(merged.len());
        match merged.get_mut(place) {
            Some(slot) => *slot = offset,
            None => merged.push(offset),
        }
    }
    merged
}

fn request(settings: &Settings, member: &Member, offsets: &[&Offset]) -> OffsetCommitRequest {
    let mut topics: Vec<OffsetCommitRequestTopic> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for offset in offsets {
        let place = *places.entry(&offset.topic).or_insert(topics.len());
        if place == topics.len() {
            topics.push(
                OffsetCommitRequestTopic::default().with_name(TopicName(str_bytes(&offset.topic))),
            );
        }
        if let Some(topic) = topics.get_mut(place) {
            topic.partitions.push(
                OffsetCommitRequestPartition::default()
                    .with_partition_index(offset.partition)
                    .with_committed_offset(offset.offset)
                    .with_committed_leader_epoch(offset.leader_epoch)
                    .with_committed_metadata(offset.metadata.as_deref().map(text)),
            );
        }
    }
    OffsetCommitRequest::default()
        .with_group_id(GroupId(str_bytes(&settings.group_id)))
        .with_generation_id_or_member_epoch(member.generation)
        .with_member_id(str_bytes(&member.member_id))
        .with_group_instance_id(member.instance_id.as_deref().map(str_bytes))
        .with_topics(topics)
}

/// Metadata as Kafka keeps it: its brokers read a string, with U+FFFD for what is not
/// UTF-8, and give that back. The same is done here, since the request is made of
/// strings; who reads the offset sees no difference.
fn text(metadata: &[u8]) -> StrBytes {
    StrBytes::from_string(String::from_utf8_lossy(metadata).into_owned())
}

/// Leaves out what the version does not have.
fn fit(mut request: OffsetCommitRequest, version: i16) -> OffsetCommitRequest {
    if version < 7 {
        request.group_instance_id = None;
    }
    if version < 6 {
        for partition in request.topics.iter_mut().flat_map(|t| &mut t.partitions) {
            partition.committed_leader_epoch = -1;
        }
    }
    request
}

fn codes(answer: &OffsetCommitResponse) -> HashMap<PartitionKey, ErrorCode> {
    let mut codes = HashMap::new();
    for topic in &answer.topics {
        let name: Arc<str> = topic.name.as_str().into();
        for partition in &topic.partitions {
            codes.insert(
                (name.clone(), partition.partition_index),
                ErrorCode::from(partition.error_code),
            );
        }
    }
    codes
}

fn str_bytes(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
