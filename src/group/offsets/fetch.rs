//! OffsetFetch: the committed offsets of partitions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::{
    ApiKey, GroupId, OffsetFetchResponse, RequestKind, ResponseKind, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::{Context, Member, Offset, Outcome, Settings, is_lost};
use crate::base::error::ErrorCode;
use crate::broker::{RequestError, Response};
use crate::coordinator::Node;
use crate::group::{Action, Committed, Outgoing, Token};

/// The newest version that names topics; later ones have their ids only.
const MAX_VERSION: i16 = 9;
/// The offset of a partition without a committed one, as the API has it.
pub const NO_OFFSET: i64 = -1001;

/// Partitions whose committed offsets are wanted.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// The caller's, to know the answer by.
    pub id: u64,
    pub partitions: Vec<(Arc<str>, i32)>,
    /// Wait for offsets that a transaction in progress may change.
    pub require_stable: bool,
    /// `None`: tried until it is answered.
    pub deadline: Option<Instant>,
}

/// The answer to a [`Fetch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    pub id: u64,
    /// Of the request as a whole; the partitions have it too then.
    pub code: ErrorCode,
    /// In the order asked for; offset [`NO_OFFSET`] where none is committed.
    pub offsets: Vec<Committed>,
}

#[derive(Debug)]
enum State {
    Wait {
        at: Instant,
    },
    /// `generation`: of the member that asked, where the coordinator checks that.
    InFlight {
        token: Token,
        node: i32,
        generation: Option<i32>,
    },
}

#[derive(Debug)]
struct Pending {
    fetch: Fetch,
    done: HashMap<(Arc<str>, i32), Committed>,
    attempts: u32,
    state: State,
}

impl Pending {
    fn open(&self) -> impl Iterator<Item = &(Arc<str>, i32)> {
        self.fetch
            .partitions
            .iter()
            .filter(|partition| !self.done.contains_key(*partition))
    }

    /// Answers; partitions without a result have `code`.
    fn finish(self, cx: &mut Context<'_>, code: ErrorCode) {
        let offsets = self
            .fetch
            .partitions
            .iter()
            .map(|key| match self.done.get(key) {
                Some(done) => done.clone(),
                None => Committed {
                    offset: none(&key.0, key.1),
                    code,
                },
            })
            .collect();
        cx.actions.push(Action::Fetched(Fetched {
            id: self.fetch.id,
            code,
            offsets,
        }));
    }
}

#[derive(Debug)]
pub(super) struct Fetches {
    settings: Arc<Settings>,
    pending: Vec<Pending>,
}

impl Fetches {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Fetches {
            settings,
            pending: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, cx: &mut Context<'_>, fetch: Fetch) {
        let pending = Pending {
            fetch,
            done: HashMap::new(),
            attempts: 0,
            state: State::Wait { at: cx.now },
        };
        if pending.fetch.partitions.is_empty() {
            pending.finish(cx, ErrorCode::NO_ERROR);
        } else {
            self.pending.push(pending);
        }
    }

    pub(super) fn outstanding(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn on_tick(
        &mut self,
        cx: &mut Context<'_>,
        coordinator: Option<&Node>,
        member: Option<&Member>,
    ) {
        let (late, pending) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|p: &Pending| p.fetch.deadline.is_some_and(|at| at <= cx.now));
        self.pending = pending;
        for fetch in late {
            fetch.finish(cx, ErrorCode::_TIMED_OUT);
        }
        let Some(node) = coordinator else {
            return;
        };
        for pending in &mut self.pending {
            if let State::Wait { at } = pending.state
                && at <= cx.now
            {
                send(&self.settings, pending, cx, node, member);
            }
        }
    }

    pub(super) fn next_deadline(&self, coordinator_up: bool) -> Option<Instant> {
        let due = self.pending.iter().filter_map(|p| match p.state {
            State::Wait { at } if coordinator_up => Some(at),
            _ => None,
        });
        let late = self.pending.iter().filter_map(|p| p.fetch.deadline);
        due.chain(late).min()
    }

    pub(super) fn stop(&mut self, cx: &mut Context<'_>, code: ErrorCode) {
        for pending in self.pending.drain(..) {
            pending.finish(cx, code);
        }
    }

    pub(super) fn on_response(
        &mut self,
        cx: &mut Context<'_>,
        token: Token,
        result: Result<Response, RequestError>,
    ) -> Outcome {
        let found = self
            .pending
            .iter()
            .position(|p| matches!(p.state, State::InFlight { token: own, .. } if own == token));
        // An answer that nobody waits for any more.
        let Some(at) = found else {
            return Outcome::default();
        };
        let mut pending = self.pending.swap_remove(at);
        let code = match result {
            Ok(Response {
                kind: Some(ResponseKind::OffsetFetch(answer)),
                ..
            }) => take(&mut pending, &answer),
            Ok(_) => ErrorCode::_BAD_MSG,
            Err(error) => error.code(),
        };
        let mut outcome = Outcome::default();
        let mut refused = false;
        if let State::InFlight {
            node, generation, ..
        } = pending.state
        {
            outcome.lost_coordinator = is_lost(code).then_some(node);
            // Whoever it is then, the offsets are wanted.
            refused = generation.is_some() && is_refusal(code);
            outcome.refused = generation.filter(|_| refused).map(|g| (g, code));
        }
        if pending.open().next().is_none() {
            pending.finish(cx, ErrorCode::NO_ERROR);
        } else if code.is_ok() || refused || is_retriable(code) {
            let delay = cx.backoff(
                pending.attempts,
                self.settings.retry_backoff.max(Duration::from_millis(1)),
                self.settings.retry_backoff_max,
            );
            pending.attempts = pending.attempts.saturating_add(1);
            pending.state = State::Wait { at: cx.now + delay };
            self.pending.push(pending);
        } else {
            pending.finish(cx, code);
        }
        outcome
    }
}

fn send(
    settings: &Settings,
    pending: &mut Pending,
    cx: &mut Context<'_>,
    node: &Node,
    member: Option<&Member>,
) {
    let generation = member.map(|m| m.generation);
    let who = member.map(|m| (StrBytes::from_string(m.member_id.to_string()), m.generation));
    let group = StrBytes::from_string(settings.group_id.to_string());
    let topics = by_topic(pending.open());
    let require_stable = pending.fetch.require_stable;
    let token = cx.token();
    let outgoing = Outgoing {
        token,
        api: ApiKey::OffsetFetch,
        max_version: Some(MAX_VERSION),
        timeout: settings.request_timeout,
        aside: false,
        build: Box::new(move |version| {
            RequestKind::OffsetFetch(request(group, who, topics, require_stable, version))
        }),
    };
    cx.actions
        .push(Action::SendToCoordinator(node.clone(), outgoing));
    pending.state = State::InFlight {
        token,
        node: node.id,
        generation,
    };
}

fn by_topic<'a>(
    partitions: impl Iterator<Item = &'a (Arc<str>, i32)>,
) -> Vec<(StrBytes, Vec<i32>)> {
    let mut topics: Vec<(StrBytes, Vec<i32>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (topic, partition) in partitions {
        let place = *places.entry(topic).or_insert(topics.len());
        match topics.get_mut(place) {
            Some((_, list)) => list.push(*partition),
            None => topics.push((StrBytes::from_string(topic.to_string()), vec![*partition])),
        }
    }
    topics
}

fn request(
    group: StrBytes,
    who: Option<(StrBytes, i32)>,
    topics: Vec<(StrBytes, Vec<i32>)>,
    require_stable: bool,
    version: i16,
) -> OffsetFetchRequest {
    let request = OffsetFetchRequest::default().with_require_stable(require_stable && version >= 7);
    if version >= 8 {
        let topics = topics.into_iter().map(|(name, partitions)| {
            OffsetFetchRequestTopics::default()
                .with_name(TopicName(name))
                .with_partition_indexes(partitions)
        });
        let mut group = OffsetFetchRequestGroup::default()
            .with_group_id(GroupId(group))
            .with_topics(Some(topics.collect()));
        if let Some((id, epoch)) = who.filter(|_| version >= 9) {
            group.member_id = Some(id);
            group.member_epoch = epoch;
        }
        return request.with_groups(vec![group]);
    }
    let topics = topics.into_iter().map(|(name, partitions)| {
        OffsetFetchRequestTopic::default()
            .with_name(TopicName(name))
            .with_partition_indexes(partitions)
    });
    request
        .with_group_id(GroupId(group))
        .with_topics(Some(topics.collect()))
}

/// Takes over what is final, and returns the error of the whole.
fn take(pending: &mut Pending, answer: &OffsetFetchResponse) -> ErrorCode {
    let mut code = ErrorCode::from(answer.error_code);
    let mut results: Vec<Committed> = Vec::new();
    for topic in &answer.topics {
        let name: Arc<str> = topic.name.as_str().into();
        results.extend(topic.partitions.iter().map(|p| Committed {
            offset: offset(
                &name,
                p.partition_index,
                p.committed_offset,
                p.committed_leader_epoch,
                &p.metadata,
            ),
            code: ErrorCode::from(p.error_code),
        }));
    }
    if let Some(group) = answer.groups.first() {
        code = ErrorCode::from(group.error_code);
        for topic in &group.topics {
            let name: Arc<str> = topic.name.as_str().into();
            results.extend(topic.partitions.iter().map(|p| Committed {
                offset: offset(
                    &name,
                    p.partition_index,
                    p.committed_offset,
                    p.committed_leader_epoch,
                    &p.metadata,
                ),
                code: ErrorCode::from(p.error_code),
            }));
        }
    }
    if code.is_err() {
        return code;
    }
    let mut missing: Vec<_> = pending.open().cloned().collect();
    for result in results {
        let key = (result.offset.topic.clone(), result.offset.partition);
        missing.retain(|open| *open != key);
        if is_retriable(result.code) || is_refusal(result.code) {
            code = result.code;
        } else if pending.fetch.partitions.contains(&key) {
            pending.done.entry(key).or_insert(result);
        }
    }
    // What the coordinator passes over does not get better by asking again.
    for (topic, partition) in missing {
        let passed_over = Committed {
            offset: none(&topic, partition),
            code: ErrorCode::_BAD_MSG,
        };
        pending.done.insert((topic, partition), passed_over);
    }
    code
}

fn offset(
    topic: &Arc<str>,
    partition: i32,
    offset: i64,
    leader_epoch: i32,
    metadata: &Option<StrBytes>,
) -> Offset {
    Offset {
        topic: topic.clone(),
        partition,
        offset: if offset < 0 { NO_OFFSET } else { offset },
        leader_epoch,
        metadata: metadata.as_ref().map(|text| text.as_bytes().to_vec()),
    }
}

fn none(topic: &Arc<str>, partition: i32) -> Offset {
    Offset {
        topic: topic.clone(),
        partition,
        offset: NO_OFFSET,
        leader_epoch: -1,
        metadata: None,
    }
}

/// It was asked for as a member, and the coordinator does not have that, or not in this epoch.
fn is_refusal(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::STALE_MEMBER_EPOCH | ErrorCode::UNKNOWN_MEMBER_ID
    )
}

fn is_retriable(code: ErrorCode) -> bool {
    is_lost(code)
        || matches!(
            code,
            ErrorCode::_TRANSPORT
                | ErrorCode::_TIMED_OUT
                | ErrorCode::_TIMED_OUT_QUEUE
                | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
                | ErrorCode::UNSTABLE_OFFSET_COMMIT
        )
}
