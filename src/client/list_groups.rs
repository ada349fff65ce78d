//! The groups of the cluster, for the old interface: each broker lists its own, then
//! describes them.

use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, bounded};
use kafka_protocol::messages::{
    ApiKey, DescribeGroupsRequest, DescribeGroupsResponse, GroupId, ListGroupsRequest,
    ListGroupsResponse, RequestKind, ResponseKind,
};
use kafka_protocol::protocol::StrBytes;

use super::command::MainCommand;
use super::{Client, LATE_ANSWER};
use crate::base::error::{ErrorCode, KafkaError};
use crate::broker::{RequestError, Response};
use crate::coordinator::Target;
use crate::coordinator::fan_out::{End, FanOut, Part, Step, question};
use crate::metadata::{BrokerInfo, Refresh};

/// A group and its members.
#[derive(Debug, Clone)]
pub struct GroupInfo {
    /// The broker that coordinates it.
    pub broker: BrokerInfo,
    pub group: String,
    pub err: ErrorCode,
    pub state: String,
    pub protocol_type: String,
    pub protocol: String,
    pub members: Vec<GroupMember>,
}

#[derive(Debug, Clone)]
pub struct GroupMember {
    pub member_id: String,
    pub client_id: String,
    pub client_host: String,
    pub metadata: Vec<u8>,
    pub assignment: Vec<u8>,
}

/// What was found in time.
#[derive(Debug)]
pub struct GroupList {
    pub groups: Vec<GroupInfo>,
    /// Some brokers did not answer.
    pub partial: bool,
}

impl Client {
    /// All groups, or `only` this one. Blocks until all brokers have answered or the
    /// time is up.
    pub fn list_groups(
        &self,
        only: Option<&str>,
        timeout: Duration,
    ) -> Result<GroupList, KafkaError> {
        let deadline = Instant::now() + timeout;
        let snapshot = self.metadata(Refresh::Brokers, timeout).map_err(|e| {
            let waited = matches!(e.code, ErrorCode::_TRANSPORT | ErrorCode::_TIMED_OUT);
            if waited {
                ErrorCode::_TIMED_OUT.into()
            } else {
                e
            }
        })?;
        let brokers: Vec<BrokerInfo> = snapshot.brokers.values().cloned().collect();
        if brokers.is_empty() {
            return Err(ErrorCode::_TRANSPORT.into());
        }
        let (reply, answer) = bounded(1);
        let listing = Box::new(ListGroups {
            brokers,
            only: only.map(String::from),
            groups: Vec::new(),
            ended: Ok(()),
        });
        // The caller may have stopped waiting.
        let question = question(listing, move |result| {
            let _ = reply.send(result);
        });
        let command = MainCommand::FanOut { question, deadline };
        self.shared.main.send(command);
        match answer.recv_deadline(deadline + LATE_ANSWER) {
            Ok(result) => result.map_err(KafkaError::from),
            Err(RecvTimeoutError::Timeout) => Err(ErrorCode::_TIMED_OUT.into()),
            Err(RecvTimeoutError::Disconnected) => Err(ErrorCode::_DESTROY.into()),
        }
    }
}

/// Each broker is asked for its groups, and then to describe them. A part is known by the
/// broker's place.
struct ListGroups {
    brokers: Vec<BrokerInfo>,
    only: Option<String>,
    groups: Vec<GroupInfo>,
    /// What ended it before all parts were answered.
    ended: Result<(), ErrorCode>,
}

impl ListGroups {
    fn part(
        &self,
        id: usize,
        api: ApiKey,
        build: impl Fn(i16) -> RequestKind + Send + Sync + 'static,
    ) -> Option<Part> {
        let target = Target::Broker(self.brokers.get(id)?.id);
        Some(Part::new(id, target, api, build).once())
    }

    fn take(&mut self, id: usize, kind: Option<ResponseKind>) -> Result<Vec<Part>, ErrorCode> {
        match kind {
            Some(ResponseKind::ListGroups(answer)) => {
                let names = names(&answer, self.only.as_deref())?;
                if names.is_empty() {
                    return Ok(Vec::new());
                }
                let describe = move |_| {
                    let request = DescribeGroupsRequest::default().with_groups(names.clone());
                    RequestKind::DescribeGroups(request)
                };
                let part = self.part(id, ApiKey::DescribeGroups, describe);
                Ok(part.into_iter().collect())
            }
            Some(ResponseKind::DescribeGroups(answer)) => {
                if let Some(broker) = self.brokers.get(id) {
                    self.groups.extend(described(broker, answer));
                }
                Ok(Vec::new())
            }
            _ => Err(ErrorCode::_BAD_MSG),
        }
    }
}

impl FanOut for ListGroups {
    type Output = Result<GroupList, ErrorCode>;

    fn split(&mut self) -> Vec<Part> {
        let list = |_| RequestKind::ListGroups(ListGroupsRequest::default());
        (0..self.brokers.len())
            .filter_map(|id| self.part(id, ApiKey::ListGroups, list))
            .collect()
    }

    fn on_response(&mut self, id: usize, result: Result<Response, RequestError>) -> Step {
        let taken = match result {
            Ok(response) => self.take(id, response.kind),
            Err(RequestError::TimedOut | RequestError::TimedOutInQueue) => {
                Err(ErrorCode::_TIMED_OUT)
            }
            Err(error) => Err(error.code()),
        };
        match taken {
            Ok(parts) => Step::More(parts),
            Err(code) => {
                self.ended = Err(code);
                Step::End
            }
        }
    }

    fn merge(self: Box<Self>, end: End) -> Self::Output {
        let timed_out = end == End::TimedOut || self.ended == Err(ErrorCode::_TIMED_OUT);
        match self.ended {
            Err(code) if !timed_out => Err(code),
            _ if timed_out && self.groups.is_empty() => Err(ErrorCode::_TIMED_OUT),
            _ => Ok(GroupList {
                groups: self.groups,
                partial: timed_out,
            }),
        }
    }
}

fn names(answer: &ListGroupsResponse, only: Option<&str>) -> Result<Vec<GroupId>, ErrorCode> {
    ErrorCode::from(answer.error_code).ok()?;
    Ok(answer
        .groups
        .iter()
        .map(|group| group.group_id.clone())
        .filter(|id| only.is_none_or(|only| id.as_str() == only))
        .collect())
}

fn described(
    broker: &BrokerInfo,
    answer: DescribeGroupsResponse,
) -> impl Iterator<Item = GroupInfo> {
    let text = |s: &StrBytes| s.to_string();
    answer.groups.into_iter().map(move |group| GroupInfo {
        broker: broker.clone(),
        group: group.group_id.to_string(),
        err: group.error_code.into(),
        state: text(&group.group_state),
        protocol_type: text(&group.protocol_type),
        protocol: text(&group.protocol_data),
        members: group
            .members
            .iter()
            .map(|member| GroupMember {
                member_id: text(&member.member_id),
                client_id: text(&member.client_id),
                client_host: text(&member.client_host),
                metadata: member.member_metadata.to_vec(),
                assignment: member.member_assignment.to_vec(),
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::describe_groups_response::DescribedGroup;
    use kafka_protocol::messages::list_groups_response::ListedGroup;

    use super::*;

    fn listing(brokers: i32) -> Box<ListGroups> {
        let broker = |id| BrokerInfo {
            id,
            host: "h".into(),
            port: 9092,
            rack: None,
        };
        Box::new(ListGroups {
            brokers: (1..=brokers).map(broker).collect(),
            only: None,
            groups: Vec::new(),
            ended: Ok(()),
        })
    }

    fn response(kind: ResponseKind) -> Result<Response, RequestError> {
        Ok(Response {
            kind: Some(kind),
            version: 0,
            rtt: Duration::ZERO,
            broker_id: 0,
            broker: "".into(),
        })
    }

    fn listed(names: &[&'static str]) -> Result<Response, RequestError> {
        let group = |name: &&'static str| {
            ListedGroup::default().with_group_id(GroupId(StrBytes::from_static_str(name)))
        };
        let groups = names.iter().map(group).collect();
        let answer = ListGroupsResponse::default().with_groups(groups);
        response(ResponseKind::ListGroups(answer))
    }

    fn description(name: &'static str) -> Result<Response, RequestError> {
        let group =
            DescribedGroup::default().with_group_id(GroupId(StrBytes::from_static_str(name)));
        let answer = DescribeGroupsResponse::default().with_groups(vec![group]);
        response(ResponseKind::DescribeGroups(answer))
    }

    fn targets(step: Step) -> Vec<Target> {
        match step {
            Step::More(parts) => parts.into_iter().map(|p| p.target).collect(),
            Step::End => panic!("it has ended"),
        }
    }

    #[test]
    fn each_broker_lists_its_groups_and_describes_them() {
        let mut q = listing(2);
        assert_eq!(q.split().len(), 2);
        assert_eq!(
            targets(q.on_response(0, listed(&["g"]))),
            [Target::Broker(1)]
        );
        assert!(targets(q.on_response(1, listed(&[]))).is_empty());
        assert!(targets(q.on_response(0, description("g"))).is_empty());
        let list = q.merge(End::Answered).unwrap();
        assert_eq!((list.groups.len(), list.partial), (1, false));
        assert_eq!((&*list.groups[0].group, list.groups[0].broker.id), ("g", 1));
    }

    #[test]
    fn without_all_answers_the_list_is_partial_or_late() {
        let mut q = listing(2);
        q.on_response(0, description("g"));
        let late = q.on_response(1, Err(RequestError::TimedOut));
        assert!(matches!(late, Step::End));
        assert!(q.merge(End::Answered).unwrap().partial);
        let late = listing(2).merge(End::TimedOut);
        assert_eq!(late.unwrap_err(), ErrorCode::_TIMED_OUT);
    }

    #[test]
    fn an_error_ends_it() {
        let mut q = listing(2);
        let refused = ListGroupsResponse::default().with_error_code(15);
        let step = q.on_response(0, response(ResponseKind::ListGroups(refused)));
        assert!(matches!(step, Step::End));
        let code = q.merge(End::Answered).unwrap_err();
        assert_eq!(code, ErrorCode::COORDINATOR_NOT_AVAILABLE);
    }
}
