//! ListConsumerGroups: a broker says which brokers there are, and each of them lists the
//! groups that it coordinates.
//!
//! A group whose coordinator is lost meanwhile goes to another broker, which may have
//! answered before. A round in which a broker has no answer is therefore followed by another
//! one, of all the brokers that there then are, until each of them has answered or the time
//! is up. A group that moves without that may be listed twice, which is seen, or not at all.

use std::collections::{BTreeMap, HashMap};
use std::ffi::CString;

use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{
    ApiKey, ListGroupsRequest, MetadataRequest, RequestKind, ResponseKind,
};
use kafka_protocol::protocol::StrBytes;

use crate::admin::results::AdminResult;
use crate::admin::results::groups::{
    CONSUMER_PROTOCOL, GroupListing, GroupListings, STATES, TYPES, code_of, refused,
};
use crate::admin::single::{failed, unexpected};
use crate::admin::{RETRY_PAUSE, Request, timed_out};
use crate::base::cstring::c_string;
use crate::base::error::{ErrorCode, KafkaError};
use crate::broker::{RequestError, Response};
use crate::coordinator::Target;
use crate::coordinator::fan_out::{End, FanOut, Part, Step};
use crate::coordinator::target::ErrorClass;

pub fn list(request: &Request<'_>) -> ListConsumerGroups {
    let options = request.options;
    let names = |codes: &[i32], names: &[&std::ffi::CStr]| {
        let name = |code: &i32| names.get(usize::try_from(*code).ok()?).copied();
        let name = |code| Some(StrBytes::from_string(name(code)?.to_str().ok()?.to_owned()));
        codes.iter().filter_map(name).collect()
    };
    ListConsumerGroups {
        only: options.broker,
        states: names(&options.group_states, &STATES),
        types: names(&options.group_types, &TYPES),
        out: HashMap::new(),
        last_id: 0,
        rounds: 0,
        groups: BTreeMap::new(),
        errors: Vec::new(),
        lost: Vec::new(),
        before: BTreeMap::new(),
    }
}

pub struct ListConsumerGroups {
    only: Option<i32>,
    states: Vec<StrBytes>,
    types: Vec<StrBytes>,
    /// The brokers of the parts that are out; `None` for the question which ones there are.
    out: HashMap<usize, Option<i32>>,
    last_id: usize,
    rounds: u32,
    /// What this round has found.
    groups: BTreeMap<CString, GroupListing>,
    /// Of this round; asking again would not help.
    errors: Vec<KafkaError>,
    /// Those without an answer in this round.
    lost: Vec<i32>,
    /// What earlier rounds have found.
    before: BTreeMap<CString, GroupListing>,
}

impl ListConsumerGroups {
    fn sent(&mut self, broker: Option<i32>) -> usize {
        self.last_id += 1;
        self.out.insert(self.last_id, broker);
        self.last_id
    }

    fn brokers_part(&mut self) -> Part {
        let id = self.sent(None);
        Part::new(id, Target::Any, ApiKey::Metadata, |_| {
            RequestKind::Metadata(MetadataRequest::default().with_topics(Some(Vec::new())))
        })
    }

    fn list_part(&mut self, broker: i32) -> Part {
        let id = self.sent(Some(broker));
        let (states, types) = (self.states.clone(), self.types.clone());
        let build = move |version| {
            let mut request = ListGroupsRequest::default();
            // Older brokers list them all.
            if version >= 4 {
                request.states_filter = states.clone();
            }
            if version >= 5 {
                request.types_filter = types.clone();
            }
            RequestKind::ListGroups(request)
        };
        let part = Part::new(id, Target::Broker(broker), ApiKey::ListGroups, build).class(class);
        match self.only {
            Some(_) => part,
            None => part.single_attempt(),
        }
    }

    // --- what is answered

    fn on_brokers(&mut self, result: Result<Response, RequestError>) -> Vec<Part> {
        match brokers(result) {
            Ok(brokers) => {
                self.before.append(&mut self.groups);
                self.errors.clear();
                self.lost.clear();
                brokers.into_iter().map(|b| self.list_part(b)).collect()
            }
            Err(error) => {
                self.errors.push(error);
                Vec::new()
            }
        }
    }

    fn on_list(&mut self, broker: i32, result: Result<Response, RequestError>) {
        let class = match &result {
            Ok(response) => class(response),
            Err(error) => ErrorClass::of_failure(error),
        };
        match result {
            // The broker that was given is asked again by the router: the time is up.
            Err(RequestError::TimedOut | RequestError::TimedOutInQueue) => self.lost.push(broker),
            _ if class != ErrorClass::Final && self.only.is_none() => self.lost.push(broker),
            Err(error) => self.errors.push(failed(ApiKey::ListGroups, &error)),
            Ok(Response {
                kind: Some(ResponseKind::ListGroups(answer)),
                ..
            }) => {
                for group in answer.groups.iter().filter_map(listing) {
                    self.groups.entry(group.group.clone()).or_insert(group);
                }
                if let Err(code) = ErrorCode::from(answer.error_code).ok() {
                    let what = format!("The question to broker {broker} for its groups");
                    self.errors.push(refused(code, &what, None));
                }
            }
            Ok(_) => self.errors.push(unexpected(ApiKey::ListGroups)),
        }
    }

    /// Another round, if this one has ended and was not answered by all.
    fn next_round(&mut self) -> Option<Part> {
        if !self.out.is_empty() || self.lost.is_empty() || self.only.is_some() {
            return None;
        }
        let pause = RETRY_PAUSE * (1 << self.rounds.min(4));
        self.rounds = self.rounds.saturating_add(1);
        Some(self.brokers_part().after(pause))
    }
}

impl FanOut for ListConsumerGroups {
    type Output = Result<AdminResult, KafkaError>;

    fn split(&mut self) -> Vec<Part> {
        vec![match self.only {
            Some(broker) => self.list_part(broker),
            None => self.brokers_part(),
        }]
    }

    fn on_response(&mut self, id: usize, result: Result<Response, RequestError>) -> Step {
        let mut parts = Vec::new();
        match self.out.remove(&id) {
            Some(None) => parts = self.on_brokers(result),
            Some(Some(broker)) => self.on_list(broker, result),
            None => {}
        }
        parts.extend(self.next_round());
        Step::More(parts)
    }

    fn merge(self: Box<Self>, _: End) -> Self::Output {
        let ListConsumerGroups {
            out,
            mut groups,
            mut errors,
            lost: mut late,
            before,
            ..
        } = *self;
        late.extend(out.values().copied().flatten());
        late.sort_unstable();
        if late.is_empty() && !out.is_empty() {
            errors.push(timed_out(BROKERS));
        }
        if !late.is_empty() {
            for (name, group) in before {
                groups.entry(name).or_insert(group);
            }
        }
        errors.extend(late.iter().map(|b| timed_out(&format!("broker {b}"))));
        Ok(AdminResult::GroupListings(GroupListings {
            valid: groups.into_values().collect(),
            errors,
        }))
    }
}

/// What the first part of a round waits for.
const BROKERS: &str = "the brokers' names";

/// The brokers that there are, each once.
fn brokers(result: Result<Response, RequestError>) -> Result<Vec<i32>, KafkaError> {
    let answer = match result {
        Ok(Response {
            kind: Some(ResponseKind::Metadata(answer)),
            ..
        }) => answer,
        Ok(_) => return Err(unexpected(ApiKey::Metadata)),
        Err(RequestError::TimedOut | RequestError::TimedOutInQueue) => {
            return Err(timed_out(BROKERS));
        }
        Err(error) => return Err(failed(ApiKey::Metadata, &error)),
    };
    ErrorCode::from(answer.error_code).ok()?;
    let mut brokers: Vec<i32> = answer.brokers.iter().map(|b| b.node_id.0).collect();
    brokers.sort_unstable();
    brokers.dedup();
    if brokers.is_empty() {
        let text = "A broker said that the cluster has no brokers";
        return Err(KafkaError::new(ErrorCode::_TRANSPORT, text));
    }
    Ok(brokers)
}

fn class(response: &Response) -> ErrorClass {
    match &response.kind {
        Some(ResponseKind::ListGroups(answer)) => ErrorClass::of_code(answer.error_code.into()),
        _ => ErrorClass::Final,
    }
}

/// `None` for a group of something else than consumers.
fn listing(group: &ListedGroup) -> Option<GroupListing> {
    let simple = group.protocol_type.is_empty();
    (simple || group.protocol_type.as_str() == CONSUMER_PROTOCOL).then(|| GroupListing {
        group: c_string(&group.group_id),
        simple,
        state: code_of(&STATES, group.group_state.as_bytes()),
        kind: code_of(&TYPES, group.group_type.as_bytes()),
    })
}
