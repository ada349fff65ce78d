//! Operations on partitions, which their leaders carry out: first metadata tells the leaders,
//! then each of them gets one request for all its partitions.
//!
//! A partition is sought (its leader is looked for), asked (it is part of a request that is
//! out) or done. One that is answered with a moved leader, or whose leader does not answer,
//! is sought again, until the operation's time is up; it then keeps the error that it had
//! last. Other errors are a partition's own. The operation as a whole fails if metadata
//! cannot be had, or knows no leader at all.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    ApiKey, MetadataRequest, MetadataResponse, RequestKind, ResponseKind, TopicName,
};

use super::results::AdminResult;
use super::results::partitions::PartitionOffset;
use super::single::{failed, unexpected};
use super::{RETRY_PAUSE, timed_out};
use crate::base::cstring::c_string;
use crate::base::error::{ErrorCode, KafkaError};
use crate::broker::{RequestError, Response};
use crate::coordinator::Target;
use crate::coordinator::fan_out::{End, FanOut, Part, Step};
use crate::coordinator::target::ErrorClass;
use crate::protocol::strings::topic_name;

/// What the leaders are asked.
pub trait Operation: Send + Sync + 'static {
    const API: ApiKey;
    /// The offset of a partition that nobody has answered for.
    fn unanswered(asked: &Asked) -> i64;
    /// A request for the partitions of one leader.
    fn build(&self, asked: &[Asked], version: i16) -> RequestKind;
    /// `None` for a response of another kind.
    fn read(response: &ResponseKind) -> Option<Vec<PartitionOffset>>;
    fn result(all: Vec<PartitionOffset>) -> AdminResult;
}

/// A partition and what is asked about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub topic: String,
    pub partition: i32,
    /// An offset or a timestamp.
    pub value: i64,
    /// -1 until metadata has told it.
    pub leader_epoch: i32,
}

/// The partitions by topic, in their order.
pub fn by_topic(asked: &[Asked]) -> Vec<(TopicName, Vec<&Asked>)> {
    let mut topics: Vec<(TopicName, Vec<&Asked>)> = Vec::new();
    let mut places = HashMap::new();
    for partition in asked {
        let place = *places.entry(partition.topic.as_str()).or_insert_with(|| {
            topics.push((topic_name(&partition.topic), Vec::new()));
            topics.len() - 1
        });
        if let Some((_, partitions)) = topics.get_mut(place) {
            partitions.push(partition);
        }
    }
    topics
}

/// The id of the parts that ask for metadata.
const METADATA: usize = 0;

pub struct ByLeader<O> {
    operation: Arc<O>,
    /// The broker that gets everything instead of the leaders.
    broker: Option<i32>,
    partitions: Vec<Asked>,
    /// One for each partition.
    results: Vec<PartitionOffset>,
    /// Places of the partitions that are sought.
    sought: Vec<usize>,
    /// A request for metadata is out.
    looking: bool,
    /// A leader was found, once.
    found: bool,
    /// Places of the partitions in each part that is out.
    out: HashMap<usize, Vec<usize>>,
    last_part: usize,
    /// Of the operation as a whole.
    error: Option<KafkaError>,
}

impl<O: Operation> ByLeader<O> {
    /// The results have the order of `partitions`, all of which are different. `broker` is
    /// asked instead of all leaders.
    pub fn new(operation: O, partitions: Vec<Asked>, broker: Option<i32>) -> Self {
        let result = |asked: &Asked| PartitionOffset {
            topic: c_string(&asked.topic),
            partition: asked.partition,
            offset: O::unanswered(asked),
            timestamp: -1,
            leader_epoch: -1,
            code: ErrorCode::_TIMED_OUT,
        };
        ByLeader {
            operation: Arc::new(operation),
            broker,
            results: partitions.iter().map(result).collect(),
            sought: (0..partitions.len()).collect(),
            partitions,
            looking: false,
            found: false,
            out: HashMap::new(),
            last_part: METADATA,
            error: None,
        }
    }

    /// Looks for the leaders of those that are sought, if that is not under way.
    fn look(&mut self) -> Option<Part> {
        if self.looking || self.sought.is_empty() {
            return None;
        }
        self.looking = true;
        let sought: Vec<Asked> = self.chosen(&self.sought);
        Some(Part::new(
            METADATA,
            Target::Any,
            ApiKey::Metadata,
            move |version| metadata_request(&sought, version),
        ))
    }

    fn chosen(&self, places: &[usize]) -> Vec<Asked> {
        let partition = |place: &usize| self.partitions.get(*place).cloned();
        places.iter().filter_map(partition).collect()
    }

    fn set_code(&mut self, place: usize, code: ErrorCode) {
        if let Some(result) = self.results.get_mut(place) {
            result.code = code;
        }
    }

    // --- metadata

    fn on_metadata(&mut self, result: Result<Response, RequestError>) -> Step {
        self.looking = false;
        let error = match result {
            Ok(Response {
                kind: Some(ResponseKind::Metadata(response)),
                ..
            }) => match ErrorCode::from(response.error_code).ok() {
                Ok(()) => return self.on_leaders(&response),
                Err(code) => KafkaError::from(code),
            },
            Ok(_) => unexpected(ApiKey::Metadata),
            Err(RequestError::TimedOut | RequestError::TimedOutInQueue) => {
                timed_out("the partitions' leaders")
            }
            Err(error) => failed(ApiKey::Metadata, &error),
        };
        if !self.found {
            self.error = Some(error);
            return Step::End;
        }
        // What is sought keeps the error that it has; others may be out.
        self.sought.clear();
        Step::More(Vec::new())
    }

    fn on_leaders(&mut self, response: &MetadataResponse) -> Step {
        let leaders = Leaders::new(response);
        let mut by_broker: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
        let asked_before = self.found;
        for place in std::mem::take(&mut self.sought) {
            let Some(asked) = self.partitions.get_mut(place) else {
                continue;
            };
            match leaders.of(&asked.topic, asked.partition) {
                Leader::Is(broker, epoch) => {
                    asked.leader_epoch = epoch;
                    by_broker.entry(broker).or_default().push(place);
                }
                Leader::None(code) => {
                    self.set_code(place, code);
                    // It had a leader, and another one is about to be.
                    if asked_before {
                        self.sought.push(place);
                    }
                }
                Leader::NotYet(code) => {
                    self.set_code(place, code);
                    self.sought.push(place);
                }
                Leader::Never(code) => self.set_code(place, code),
            }
        }
        self.found |= !by_broker.is_empty();
        if !self.found && self.sought.is_empty() {
            self.error = Some(KafkaError::new(
                ErrorCode::_NOENT,
                "None of the partitions has a leader",
            ));
            return Step::End;
        }
        let parts = by_broker
            .into_iter()
            .map(|(broker, places)| self.ask(broker, places))
            .collect();
        self.go_on(parts)
    }

    fn ask(&mut self, leader: i32, places: Vec<usize>) -> Part {
        self.last_part += 1;
        let asked = self.chosen(&places);
        self.out.insert(self.last_part, places);
        let operation = self.operation.clone();
        let target = Target::Broker(self.broker.unwrap_or(leader));
        let build = move |version| operation.build(&asked, version);
        Part::new(self.last_part, target, O::API, build)
            .class(class::<O>)
            .single_attempt()
    }

    // --- answers

    fn on_answer(&mut self, part: usize, result: Result<Response, RequestError>) -> Step {
        let places = self.out.remove(&part).unwrap_or_default();
        match result {
            Ok(response) => match response.kind.as_ref().and_then(O::read) {
                Some(answers) => self.on_answers(&places, answers),
                None => self.settle(&places, ErrorCode::_BAD_MSG),
            },
            Err(error) => match ErrorClass::of_failure(&error) {
                // It has had all the time that there is.
                _ if error == RequestError::TimedOut => self.settle(&places, error.code()),
                ErrorClass::Final => self.settle(&places, error.code()),
                ErrorClass::Passing | ErrorClass::Moved => {
                    self.settle(&places, error.code());
                    self.sought.extend(places);
                }
            },
        }
        self.go_on(Vec::new())
    }

    fn settle(&mut self, places: &[usize], code: ErrorCode) {
        for place in places {
            self.set_code(*place, code);
        }
    }

    fn on_answers(&mut self, places: &[usize], answers: Vec<PartitionOffset>) {
        let key = |result: &PartitionOffset| (result.topic.clone(), result.partition);
        let mut open: HashMap<_, usize> = places
            .iter()
            .filter_map(|place| Some((key(self.results.get(*place)?), *place)))
            .collect();
        for answer in answers {
            // What was not asked for is nothing to the application.
            let Some(place) = open.remove(&key(&answer)) else {
                continue;
            };
            if leader_moved(answer.code) {
                self.sought.push(place);
                self.set_code(place, answer.code);
            } else if let Some(result) = self.results.get_mut(place) {
                *result = answer;
            }
        }
        let left_out: Vec<usize> = open.into_values().collect();
        self.settle(&left_out, ErrorCode::_BAD_MSG);
    }

    fn go_on(&mut self, mut parts: Vec<Part>) -> Step {
        parts.extend(self.look().map(|part| part.after(RETRY_PAUSE)));
        Step::More(parts)
    }
}

impl<O: Operation> FanOut for ByLeader<O> {
    type Output = Result<AdminResult, KafkaError>;

    fn split(&mut self) -> Vec<Part> {
        self.look().into_iter().collect()
    }

    fn on_response(&mut self, id: usize, result: Result<Response, RequestError>) -> Step {
        if id == METADATA {
            self.on_metadata(result)
        } else {
            self.on_answer(id, result)
        }
    }

    fn merge(self: Box<Self>, _: End) -> Self::Output {
        match self.error {
            Some(error) => Err(error),
            None if !self.found => Err(timed_out("the partitions' leaders")),
            None => Ok(O::result(self.results)),
        }
    }
}

fn metadata_request(sought: &[Asked], version: i16) -> RequestKind {
    let topic = |name| MetadataRequestTopic::default().with_name(Some(name));
    let topics = by_topic(sought).into_iter().map(|(name, _)| topic(name));
    let mut request = MetadataRequest::default().with_topics(Some(topics.collect()));
    // Versions below 4 cannot say, and create.
    request.allow_auto_topic_creation = version < 4;
    RequestKind::Metadata(request)
}

fn leader_moved(code: ErrorCode) -> bool {
    ErrorClass::of_code(code) == ErrorClass::Moved
        || matches!(
            code,
            ErrorCode::LEADER_NOT_AVAILABLE | ErrorCode::OFFSET_NOT_AVAILABLE
        )
}

fn class<O: Operation>(response: &Response) -> ErrorClass {
    let answers = response.kind.as_ref().and_then(O::read).unwrap_or_default();
    if answers.iter().any(|answer| leader_moved(answer.code)) {
        ErrorClass::Moved
    } else {
        ErrorClass::Final
    }
}

enum Leader {
    /// The broker's id and the leader's epoch.
    Is(i32, i32),
    /// The partition has none now.
    None(ErrorCode),
    /// The topic is being made.
    NotYet(ErrorCode),
    /// There is no such partition, or it is not the application's.
    Never(ErrorCode),
}

/// What metadata tells.
struct Leaders<'a> {
    topics: HashMap<&'a str, ErrorCode>,
    partitions: HashMap<(&'a str, i32), (i32, i32)>,
}

impl<'a> Leaders<'a> {
    fn new(response: &'a MetadataResponse) -> Self {
        let mut leaders = Leaders {
            topics: HashMap::new(),
            partitions: HashMap::new(),
        };
        for topic in &response.topics {
            let name = topic.name.as_ref().map_or("", |name| name.as_str());
            leaders.topics.insert(name, topic.error_code.into());
            for p in &topic.partitions {
                let leader = (p.leader_id.0, p.leader_epoch);
                leaders.partitions.insert((name, p.partition_index), leader);
            }
        }
        leaders
    }

    fn of(&self, topic: &str, partition: i32) -> Leader {
        match self.topics.get(topic) {
            None => return Leader::Never(ErrorCode::_BAD_MSG),
            Some(&ErrorCode::NO_ERROR) => {}
            Some(&code @ ErrorCode::LEADER_NOT_AVAILABLE) => return Leader::NotYet(code),
            Some(&code) => return Leader::Never(code),
        }
        match self.partitions.get(&(topic, partition)) {
            None => Leader::Never(ErrorCode::_UNKNOWN_PARTITION),
            Some((leader, _)) if *leader < 0 => Leader::None(ErrorCode::LEADER_NOT_AVAILABLE),
            Some(&(leader, epoch)) => Leader::Is(leader, epoch),
        }
    }
}

#[cfg(test)]
mod tests;
