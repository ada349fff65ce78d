//! Asks each group's own coordinator, several groups by one request.
//!
//! ```text
//! find ── answer ──► ready ──► asked ──► result
//!  ▲                   ▲        │ │
//!  │                   └────────┘ │ the next stage
//!  └── pause ─── moved, or lost ──┘
//! ```
//!
//! Coordinators are found for many groups at once, where brokers know how. What is ready
//! for one coordinator shares requests. Few requests are out at a time, so that thousands of
//! groups do not fill a broker's queue. With a broker given, all groups are ready for it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{
    ApiKey, FindCoordinatorRequest, FindCoordinatorResponse, GroupId, MetadataRequest, RequestKind,
    ResponseKind,
};
use kafka_protocol::protocol::StrBytes;

use crate::admin::RETRY_PAUSE;
use crate::admin::results::groups::refused;
use crate::admin::results::{AdminResult, Node};
use crate::admin::single::{failed, unexpected};
use crate::base::error::{ErrorCode, KafkaError};
use crate::broker::{RequestError, Response};
use crate::coordinator::Target;
use crate::coordinator::fan_out::{Build, End, FanOut, Part, Step};
use crate::coordinator::target::ErrorClass;
use crate::protocol::strings::text;

/// The most groups whose coordinators one request asks for.
const FOUND_AT_ONCE: usize = 500;
/// The most groups that one request to a coordinator names.
const ASKED_AT_ONCE: usize = 100;
/// The most requests that are out at a time.
const OUT: usize = 32;
/// From this version on FindCoordinator takes several keys.
const SEVERAL_KEYS: i16 = 4;

/// One request for some groups.
pub struct Asking {
    pub api: ApiKey,
    pub max_version: i16,
    pub build: Build,
}

/// What a response says of one group.
pub struct Answer<T> {
    pub group: String,
    pub result: Result<T, KafkaError>,
}

/// What is asked.
pub trait GroupOperation: Send {
    /// The result for a group.
    type Item: Send;

    fn asking(&self, stage: usize, groups: Vec<Arc<str>>) -> Asking;
    /// Whether a group with this error is asked for again, by the next stage.
    fn falls_back(&self, _stage: usize, _code: ErrorCode) -> bool {
        false
    }
    /// `None` for a response of another kind.
    fn read(&self, kind: ResponseKind, node: &Node) -> Option<Vec<Answer<Self::Item>>>;
    /// The result for a group that is left with an error.
    fn failed(&self, group: &str, error: KafkaError) -> Self::Item;
    /// From the items, in the order of the groups.
    fn result(&self, items: Vec<Self::Item>) -> AdminResult;
}

pub struct ByGroup<O: GroupOperation> {
    operation: O,
    /// As the application gave them, with their results.
    groups: Vec<(Arc<str>, Option<O::Item>)>,
    places: HashMap<Arc<str>, usize>,
    /// The one that all groups are asked from.
    only: Option<i32>,
    /// Coordinators to be found: at once, and after a pause.
    find: VecDeque<usize>,
    find_again: VecDeque<usize>,
    /// How often something was to be found again; the pauses grow with it.
    rounds: u32,
    /// The brokers take one key only.
    one_key: bool,
    /// By broker and stage.
    ready: BTreeMap<(i32, usize), Ready>,
    /// For brokers that the client does not know yet: it learns them first.
    unknown: Vec<(Node, usize, Vec<usize>)>,
    /// The brokers that this was tried for.
    learned: BTreeSet<i32>,
    out: HashMap<usize, Sent>,
    last_id: usize,
}

struct Ready {
    node: Node,
    groups: VecDeque<usize>,
}

enum Sent {
    /// Which brokers there are, which the client learns on its own; and what waits for that.
    Brokers(Vec<(Node, usize, Vec<usize>)>),
    Find(Vec<usize>),
    Ask {
        node: Node,
        stage: usize,
        api: ApiKey,
        groups: Vec<usize>,
    },
}

pub(super) fn group_id(group: &str) -> GroupId {
    GroupId(text(group))
}

/// Up to `most` of a queue's elements.
fn take(queue: &mut VecDeque<usize>, most: usize) -> Vec<usize> {
    queue.drain(..queue.len().min(most)).collect()
}

impl<O: GroupOperation> ByGroup<O> {
    /// `groups` are distinct.
    pub(super) fn new(operation: O, groups: Vec<String>, only: Option<i32>) -> Self {
        let groups: Vec<(Arc<str>, _)> = groups.into_iter().map(|g| (g.into(), None)).collect();
        let ids = groups.iter().map(|(id, _)| id.clone());
        ByGroup {
            operation,
            places: ids.zip(0..).collect(),
            groups,
            only,
            find: VecDeque::new(),
            find_again: VecDeque::new(),
            rounds: 0,
            one_key: false,
            ready: BTreeMap::new(),
            unknown: Vec::new(),
            learned: BTreeSet::new(),
            out: HashMap::new(),
            last_id: 0,
        }
    }

    fn id(&self, place: usize) -> Arc<str> {
        self.groups
            .get(place)
            .map_or_else(|| "".into(), |(id, _)| id.clone())
    }

    fn finish(&mut self, place: usize, item: O::Item) {
        if let Some((_, result)) = self.groups.get_mut(place) {
            result.get_or_insert(item);
        }
    }

    fn fail(&mut self, place: usize, error: KafkaError) {
        let item = self.operation.failed(&self.id(place), error);
        self.finish(place, item);
    }

    fn make_ready(&mut self, node: &Node, stage: usize, place: usize) {
        let ready = self.ready.entry((node.id, stage)).or_insert_with(|| Ready {
            node: node.clone(),
            groups: VecDeque::new(),
        });
        ready.groups.push_back(place);
    }

    // --- what is sent

    /// What may be sent now.
    fn next_parts(&mut self) -> Vec<Part> {
        let mut parts = Vec::new();
        if !self.unknown.is_empty() {
            parts.push(self.brokers_part());
        }
        while self.out.len() < OUT {
            let Some(part) = self.next_part() else {
                break;
            };
            parts.push(part);
        }
        parts
    }

    fn next_part(&mut self) -> Option<Part> {
        let keys = if self.one_key { 1 } else { FOUND_AT_ONCE };
        if let Some(mut entry) = self.ready.first_entry() {
            let stage = entry.key().1;
            let node = entry.get().node.clone();
            let groups = take(&mut entry.get_mut().groups, ASKED_AT_ONCE);
            if entry.get().groups.is_empty() {
                entry.remove();
            }
            return Some(self.ask_part(node, stage, groups));
        }
        if !self.find.is_empty() {
            let groups = take(&mut self.find, keys);
            return Some(self.find_part(groups, Duration::ZERO));
        }
        if !self.find_again.is_empty() {
            let groups = take(&mut self.find_again, keys);
            let pause = RETRY_PAUSE * (1 << self.rounds.min(3));
            self.rounds = self.rounds.saturating_add(1);
            return Some(self.find_part(groups, pause));
        }
        None
    }

    fn sent(&mut self, sent: Sent) -> usize {
        self.last_id += 1;
        self.out.insert(self.last_id, sent);
        self.last_id
    }

    fn brokers_part(&mut self) -> Part {
        let groups = std::mem::take(&mut self.unknown);
        let id = self.sent(Sent::Brokers(groups));
        Part::new(id, Target::Any, ApiKey::Metadata, |_| {
            RequestKind::Metadata(MetadataRequest::default().with_topics(Some(Vec::new())))
        })
    }

    fn find_part(&mut self, groups: Vec<usize>, pause: Duration) -> Part {
        let keys: Vec<StrBytes> = groups.iter().map(|&g| text(&self.id(g))).collect();
        let build = move |version| {
            let request = FindCoordinatorRequest::default();
            RequestKind::FindCoordinator(match version {
                // The rest is asked for when the answer has told the version.
                ..SEVERAL_KEYS => request.with_key(keys.first().cloned().unwrap_or_default()),
                _ => request.with_coordinator_keys(keys.clone()),
            })
        };
        let id = self.sent(Sent::Find(groups));
        Part::new(id, Target::Any, ApiKey::FindCoordinator, build).after(pause)
    }

    fn ask_part(&mut self, node: Node, stage: usize, groups: Vec<usize>) -> Part {
        let ids = groups.iter().map(|&g| self.id(g)).collect();
        let Asking {
            api,
            max_version,
            build,
        } = self.operation.asking(stage, ids);
        let target = Target::Broker(node.id);
        let id = self.sent(Sent::Ask {
            node,
            stage,
            api,
            groups,
        });
        let part = Part::new(id, target, api, move |version| build(version));
        let part = part.max_version(max_version);
        match self.only {
            Some(_) => part,
            None => part.single_attempt(),
        }
    }

    // --- what is answered

    fn on_found(&mut self, groups: Vec<usize>, result: Result<Response, RequestError>) {
        let (answer, version) = match result {
            Ok(Response {
                kind: Some(ResponseKind::FindCoordinator(answer)),
                version,
                ..
            }) => (answer, version),
            Ok(_) => return self.fail_all(groups, &unexpected(ApiKey::FindCoordinator)),
            Err(error) => return self.on_failure(groups, ApiKey::FindCoordinator, &error),
        };
        if version < SEVERAL_KEYS {
            self.one_key = true;
            let mut groups = groups.into_iter();
            if let Some(first) = groups.next() {
                self.on_node(first, Found::of_one(&answer));
            }
            self.find.extend(groups);
            return;
        }
        let mut open: BTreeSet<usize> = groups.into_iter().collect();
        for found in &answer.coordinators {
            if let Some(place) = self.answered(&mut open, &found.key) {
                self.on_node(place, Found::of(found));
            }
        }
        self.fail_all(open, &left_out(ApiKey::FindCoordinator));
    }

    /// The place of a group that an answer names, if it was asked for, and not answered.
    fn answered(&self, open: &mut BTreeSet<usize>, group: &str) -> Option<usize> {
        let place = self.places.get(group).copied()?;
        open.remove(&place).then_some(place)
    }

    fn on_node(&mut self, place: usize, found: Found<'_>) {
        if found.code.is_ok() && found.node >= 0 {
            let node = Node::new(found.node, found.host, found.port, None);
            self.make_ready(&node, 0, place);
        } else if found.code.is_ok() || ErrorClass::of_code(found.code) != ErrorClass::Final {
            self.find_again.push_back(place);
        } else {
            let what = "The question for the group's coordinator";
            self.fail(place, refused(found.code, what, found.text));
        }
    }

    fn on_answer(
        &mut self,
        mut node: Node,
        stage: usize,
        api: ApiKey,
        groups: Vec<usize>,
        result: Result<Response, RequestError>,
    ) {
        let response = match result {
            Ok(response) => response,
            Err(RequestError::Unsupported(_))
                if self
                    .operation
                    .falls_back(stage, ErrorCode::_UNSUPPORTED_FEATURE) =>
            {
                for place in groups {
                    self.make_ready(&node, stage + 1, place);
                }
                return;
            }
            Err(RequestError::NoBroker(_))
                if self.only.is_none() && self.learned.insert(node.id) =>
            {
                return self.unknown.push((node, stage, groups));
            }
            Err(error) => return self.on_failure(groups, api, &error),
        };
        if self.only.is_some() {
            node = node_of(&response);
        }
        let answers = response
            .kind
            .and_then(|kind| self.operation.read(kind, &node));
        let Some(answers) = answers else {
            return self.fail_all(groups, &unexpected(api));
        };
        let mut open: BTreeSet<usize> = groups.into_iter().collect();
        for Answer { group, result } in answers {
            let Some(place) = self.answered(&mut open, &group) else {
                continue;
            };
            match result {
                Ok(item) => self.finish(place, item),
                Err(error) if self.operation.falls_back(stage, error.code) => {
                    self.make_ready(&node, stage + 1, place);
                }
                Err(error) if self.is_lost(error.code) => self.find_again.push_back(place),
                Err(error) => self.fail(place, error),
            }
        }
        self.fail_all(open, &left_out(api));
    }

    /// Whether another attempt may end better: not with the broker that was given.
    fn is_lost(&self, code: ErrorCode) -> bool {
        self.only.is_none() && ErrorClass::of_code(code) != ErrorClass::Final
    }

    /// These groups have no response.
    fn on_failure(
        &mut self,
        groups: impl IntoIterator<Item = usize>,
        api: ApiKey,
        error: &RequestError,
    ) {
        match ErrorClass::of_failure(error) {
            ErrorClass::Final => self.fail_all(groups, &failed(api, error)),
            // The time is up.
            _ if self.only.is_some() => {}
            ErrorClass::Passing | ErrorClass::Moved => self.find_again.extend(groups),
        }
    }

    fn fail_all(&mut self, groups: impl IntoIterator<Item = usize>, error: &KafkaError) {
        for place in groups {
            self.fail(place, error.clone());
        }
    }
}

impl<O: GroupOperation> FanOut for ByGroup<O> {
    type Output = Result<AdminResult, KafkaError>;

    fn split(&mut self) -> Vec<Part> {
        let places = 0..self.groups.len();
        match self.only {
            Some(broker) => {
                let node = Node::of_id(broker);
                places.for_each(|place| self.make_ready(&node, 0, place));
            }
            None => self.find.extend(places),
        }
        self.next_parts()
    }

    fn on_response(&mut self, id: usize, result: Result<Response, RequestError>) -> Step {
        match self.out.remove(&id) {
            Some(Sent::Find(groups)) => self.on_found(groups, result),
            Some(Sent::Ask {
                node,
                stage,
                api,
                groups,
            }) => self.on_answer(node, stage, api, groups, result),
            Some(Sent::Brokers(waiting)) => {
                for (node, stage, groups) in waiting {
                    for place in groups {
                        self.make_ready(&node, stage, place);
                    }
                }
            }
            None => {}
        }
        Step::More(self.next_parts())
    }

    fn merge(self: Box<Self>, _: End) -> Self::Output {
        let late = || ErrorCode::_TIMED_OUT.into();
        let ByGroup {
            operation, groups, ..
        } = *self;
        let items = groups
            .into_iter()
            .map(|(id, item)| item.unwrap_or_else(|| operation.failed(&id, late())))
            .collect();
        Ok(operation.result(items))
    }
}

/// What is said of one group's coordinator.
struct Found<'a> {
    code: ErrorCode,
    text: Option<&'a str>,
    node: i32,
    host: &'a str,
    port: i32,
}

impl<'a> Found<'a> {
    fn of(answer: &'a Coordinator) -> Self {
        Found {
            code: answer.error_code.into(),
            text: answer.error_message.as_deref(),
            node: answer.node_id.0,
            host: &answer.host,
            port: answer.port,
        }
    }

    /// Of an answer in a version that knows one key.
    fn of_one(answer: &'a FindCoordinatorResponse) -> Self {
        Found {
            code: answer.error_code.into(),
            text: answer.error_message.as_deref(),
            node: answer.node_id.0,
            host: &answer.host,
            port: answer.port,
        }
    }
}

/// The broker that has answered, by its name, `host:port/id`.
fn node_of(response: &Response) -> Node {
    let address = response.broker.rsplit_once('/').map(|(address, _)| address);
    match address.and_then(|address| address.rsplit_once(':')) {
        Some((host, port)) => {
            let port = port.parse().unwrap_or(0);
            Node::new(response.broker_id, host, port, None)
        }
        None => Node::of_id(response.broker_id),
    }
}

fn left_out(api: ApiKey) -> KafkaError {
    KafkaError::new(
        ErrorCode::_BAD_MSG,
        format!("The broker's answer to {api:?} leaves this group out"),
    )
}
