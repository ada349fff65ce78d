//! ListConsumerGroups: a broker says which brokers there are, and each of them lists the
//! groups that it coordinates. A group that moves meanwhile may be listed twice.

use std::collections::BTreeMap;
use std::ffi::CString;

use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{
    ApiKey, ListGroupsRequest, MetadataRequest, RequestKind, ResponseKind,
};
use kafka_protocol::protocol::StrBytes;

use crate::admin::Request;
use crate::admin::results::AdminResult;
use crate::admin::results::groups::{
    CONSUMER_PROTOCOL, GroupListing, GroupListings, STATES, TYPES, code_of, refused,
};
use crate::admin::single::{failed, unexpected};
use crate::admin::timed_out;
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
        parts: Vec::new(),
        groups: BTreeMap::new(),
        errors: Vec::new(),
    }
}

/// Part 0 asks for the brokers, if none is given; those behind it ask one broker each.
pub struct ListConsumerGroups {
    only: Option<i32>,
    states: Vec<StrBytes>,
    types: Vec<StrBytes>,
    parts: Vec<Asked>,
    groups: BTreeMap<CString, GroupListing>,
    errors: Vec<KafkaError>,
}

struct Asked {
    /// `None` for the question which brokers there are.
    broker: Option<i32>,
    answered: bool,
}

impl ListConsumerGroups {
    fn part(&mut self, broker: Option<i32>) -> Part {
        let id = self.parts.len();
        self.parts.push(Asked {
            broker,
            answered: false,
        });
        let Some(broker) = broker else {
            return Part::new(id, Target::Any, ApiKey::Metadata, |_| {
                RequestKind::Metadata(MetadataRequest::default().with_topics(Some(Vec::new())))
            });
        };
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
        Part::new(id, Target::Broker(broker), ApiKey::ListGroups, build).class(class)
    }

    fn take(&mut self, id: usize, kind: Option<ResponseKind>) -> Result<Vec<Part>, KafkaError> {
        let broker = self.parts.get(id).and_then(|part| part.broker);
        match (broker, kind) {
            (None, Some(ResponseKind::Metadata(answer))) => {
                ErrorCode::from(answer.error_code).ok()?;
                let mut brokers: Vec<i32> = answer.brokers.iter().map(|b| b.node_id.0).collect();
                brokers.sort_unstable();
                brokers.dedup();
                if brokers.is_empty() {
                    let text = "A broker said that the cluster has no brokers";
                    return Err(KafkaError::new(ErrorCode::_TRANSPORT, text));
                }
                Ok(brokers.into_iter().map(|b| self.part(Some(b))).collect())
            }
            (Some(broker), Some(ResponseKind::ListGroups(answer))) => {
                for group in answer.groups.iter().filter_map(listing) {
                    self.groups.entry(group.group.clone()).or_insert(group);
                }
                let code = ErrorCode::from(answer.error_code);
                let what = format!("The question to broker {broker} for its groups");
                code.ok().map_err(|code| refused(code, &what, None))?;
                Ok(Vec::new())
            }
            (None, _) => Err(unexpected(ApiKey::Metadata)),
            (Some(_), _) => Err(unexpected(ApiKey::ListGroups)),
        }
    }
}

impl FanOut for ListConsumerGroups {
    type Output = Result<AdminResult, KafkaError>;

    fn split(&mut self) -> Vec<Part> {
        vec![self.part(self.only)]
    }

    fn on_response(&mut self, id: usize, result: Result<Response, RequestError>) -> Step {
        let taken = match result {
            Ok(response) => self.take(id, response.kind),
            // The time is up, which says it all.
            Err(RequestError::TimedOut | RequestError::TimedOutInQueue) => {
                return Step::More(Vec::new());
            }
            Err(error) => Err(match self.parts.get(id).and_then(|part| part.broker) {
                Some(_) => failed(ApiKey::ListGroups, &error),
                None => failed(ApiKey::Metadata, &error),
            }),
        };
        if let Some(part) = self.parts.get_mut(id) {
            part.answered = true;
        }
        Step::More(taken.unwrap_or_else(|error| {
            self.errors.push(error);
            Vec::new()
        }))
    }

    fn merge(mut self: Box<Self>, _: End) -> Self::Output {
        for part in self.parts.iter().filter(|part| !part.answered) {
            self.errors.push(match part.broker {
                Some(broker) => timed_out(&format!("broker {broker}")),
                None => timed_out("the brokers' names"),
            });
        }
        Ok(AdminResult::GroupListings(GroupListings {
            valid: self.groups.into_values().collect(),
            errors: self.errors,
        }))
    }
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
