//! The groups of the cluster, for the old interface: each broker lists its own, then
//! describes them.

use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, unbounded};
use kafka_protocol::messages::{
    ApiKey, DescribeGroupsRequest, DescribeGroupsResponse, GroupId, ListGroupsRequest,
    ListGroupsResponse, RequestKind, ResponseKind,
};
use kafka_protocol::protocol::StrBytes;

use super::Client;
use super::command::MainCommand;
use crate::base::error::{ErrorCode, KafkaError};
use crate::broker::{Request, RequestError, Response};
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

type Answer = (usize, Result<Response, RequestError>);

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
        let brokers: Vec<&BrokerInfo> = snapshot.brokers.values().collect();
        if brokers.is_empty() {
            return Err(ErrorCode::_TRANSPORT.into());
        }
        let (reply, answers) = unbounded();
        for (at, broker) in brokers.iter().enumerate() {
            let list = |_| RequestKind::ListGroups(ListGroupsRequest::default());
            self.ask_broker(broker, at, deadline, ApiKey::ListGroups, list, &reply);
        }
        let mut waiting = brokers.len();
        let mut groups = Vec::new();
        while waiting > 0 {
            let Ok((at, result)) = answers.recv_deadline(deadline) else {
                break;
            };
            waiting -= 1;
            let Some(broker) = brokers.get(at) else {
                continue;
            };
            match result.map(|response| response.kind) {
                Ok(Some(ResponseKind::ListGroups(answer))) => {
                    let names = names(&answer, only)?;
                    if !names.is_empty() {
                        let describe = |_| {
                            let request = DescribeGroupsRequest::default().with_groups(names);
                            RequestKind::DescribeGroups(request)
                        };
                        let api = ApiKey::DescribeGroups;
                        self.ask_broker(broker, at, deadline, api, describe, &reply);
                        waiting += 1;
                    }
                }
                Ok(Some(ResponseKind::DescribeGroups(answer))) => {
                    groups.extend(described(broker, answer));
                }
                Ok(_) => return Err(ErrorCode::_BAD_MSG.into()),
                Err(RequestError::TimedOut | RequestError::TimedOutInQueue) => {
                    waiting += 1;
                    break;
                }
                Err(error) => return Err(error.code().into()),
            }
        }
        if waiting > 0 && groups.is_empty() {
            return Err(ErrorCode::_TIMED_OUT.into());
        }
        Ok(GroupList {
            groups,
            partial: waiting > 0,
        })
    }

    fn ask_broker(
        &self,
        broker: &BrokerInfo,
        at: usize,
        deadline: Instant,
        api: ApiKey,
        build: impl FnOnce(i16) -> RequestKind + Send + 'static,
        reply: &Sender<Answer>,
    ) {
        let reply = reply.clone();
        let left = deadline.saturating_duration_since(Instant::now());
        let request = Request::new(api, left, build, move |result| {
            // Whoever asked may have stopped waiting.
            let _ = reply.send((at, result));
        });
        self.shared.main.send(MainCommand::ToBroker {
            node: broker.id,
            request,
        });
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
