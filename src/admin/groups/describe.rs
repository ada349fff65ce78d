//! DescribeConsumerGroups: a coordinator is asked by the protocol of KIP-848, and by the
//! classic one for the groups that it does not know there.

use std::sync::Arc;

use kafka_protocol::messages::{
    ApiKey, ConsumerGroupDescribeRequest, DescribeGroupsRequest, RequestKind, ResponseKind,
    consumer_group_describe_response as consumer, describe_groups_response as classic,
};

use super::by_group::{Answer, Asking, ByGroup, GroupOperation, group_id};
use crate::admin::Request;
use crate::admin::results::groups::{
    CONSUMER_PROTOCOL, GroupDescription, MemberDescription, STATES, TYPE_CLASSIC, TYPE_CONSUMER,
    code_of, refused,
};
use crate::admin::results::{AdminResult, Node, authorized_operations};
use crate::base::cstring::c_string;
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::topic_partition::TopicPartition;
use crate::protocol::consumer_protocol::decode_assignment;

/// Stages.
const CONSUMER: usize = 0;

/// From the next version of DescribeGroups on a group that is not there is an error. To
/// applications of this interface it is dead.
const MAX_CLASSIC_VERSION: i16 = 5;

pub fn describe(groups: Vec<String>, request: &Request<'_>) -> ByGroup<DescribeConsumerGroups> {
    let operation = DescribeConsumerGroups {
        with_operations: request.options.include_authorized_operations,
    };
    ByGroup::new(operation, groups, request.options.broker)
}

pub struct DescribeConsumerGroups {
    with_operations: bool,
}

impl GroupOperation for DescribeConsumerGroups {
    type Item = GroupDescription;

    fn asking(&self, stage: usize, groups: Vec<Arc<str>>) -> Asking {
        let with_operations = self.with_operations;
        if stage == CONSUMER {
            return Asking {
                api: ApiKey::ConsumerGroupDescribe,
                max_version: 1,
                build: Arc::new(move |_| {
                    let request = ConsumerGroupDescribeRequest::default()
                        .with_group_ids(groups.iter().map(|group| group_id(group)).collect())
                        .with_include_authorized_operations(with_operations);
                    RequestKind::ConsumerGroupDescribe(request)
                }),
            };
        }
        Asking {
            api: ApiKey::DescribeGroups,
            max_version: MAX_CLASSIC_VERSION,
            build: Arc::new(move |version| {
                let request = DescribeGroupsRequest::default()
                    .with_groups(groups.iter().map(|group| group_id(group)).collect())
                    .with_include_authorized_operations(with_operations && version >= 3);
                RequestKind::DescribeGroups(request)
            }),
        }
    }

    fn falls_back(&self, stage: usize, code: ErrorCode) -> bool {
        stage == CONSUMER
            && matches!(
                code,
                ErrorCode::GROUP_ID_NOT_FOUND
                    | ErrorCode::UNSUPPORTED_VERSION
                    | ErrorCode::_UNSUPPORTED_FEATURE
            )
    }

    fn read(&self, kind: ResponseKind, node: &Node) -> Option<Vec<Answer<GroupDescription>>> {
        match kind {
            ResponseKind::ConsumerGroupDescribe(answer) => {
                let groups = answer.groups.into_iter();
                Some(groups.map(|group| of_consumer(group, node)).collect())
            }
            ResponseKind::DescribeGroups(answer) => {
                let groups = answer.groups.into_iter();
                Some(groups.map(|group| of_classic(group, node)).collect())
            }
            _ => None,
        }
    }

    fn failed(&self, group: &str, error: KafkaError) -> GroupDescription {
        GroupDescription::failed(group, error)
    }

    fn result(&self, items: Vec<GroupDescription>) -> AdminResult {
        AdminResult::GroupDescriptions(items)
    }
}

/// What the application reads of an error.
const DESCRIPTION: &str = "The description of the group";

fn of_consumer(group: consumer::DescribedGroup, node: &Node) -> Answer<GroupDescription> {
    let id = group.group_id.to_string();
    let result = match ErrorCode::from(group.error_code).ok() {
        Err(code) => Err(refused(code, DESCRIPTION, group.error_message.as_deref())),
        Ok(()) => Ok(GroupDescription {
            group: c_string(&id),
            error: None,
            simple: false,
            assignor: Some(c_string(&group.assignor_name)),
            operations: authorized_operations(group.authorized_operations),
            state: code_of(&STATES, group.group_state.as_bytes()),
            kind: TYPE_CONSUMER,
            coordinator: Some(node.clone()),
            members: group.members.iter().map(consumer_member).collect(),
        }),
    };
    Answer { group: id, result }
}

fn consumer_member(member: &consumer::Member) -> MemberDescription {
    let partitions = |assignment: &consumer::Assignment| {
        let topics = assignment.topic_partitions.iter();
        let topics = topics.map(|t| (t.topic_name.as_str(), t.partitions.as_slice()));
        partitions(topics)
    };
    MemberDescription {
        client_id: c_string(&member.client_id),
        instance_id: member.instance_id.as_deref().map(c_string),
        consumer_id: c_string(&member.member_id),
        host: c_string(&member.client_host),
        assignment: partitions(&member.assignment),
        target_assignment: Some(partitions(&member.target_assignment)),
    }
}

fn of_classic(group: classic::DescribedGroup, node: &Node) -> Answer<GroupDescription> {
    let id = group.group_id.to_string();
    let result = classic_description(&group, node);
    Answer { group: id, result }
}

fn classic_description(
    group: &classic::DescribedGroup,
    node: &Node,
) -> Result<GroupDescription, KafkaError> {
    let code = ErrorCode::from(group.error_code);
    code.ok()
        .map_err(|code| refused(code, DESCRIPTION, group.error_message.as_deref()))?;
    let simple = group.protocol_type.is_empty();
    if !simple && group.protocol_type.as_str() != CONSUMER_PROTOCOL {
        let text = format!(
            "Group {:?} is one of {:?}, not of consumers",
            group.group_id.as_str(),
            group.protocol_type.as_str()
        );
        return Err(KafkaError::new(ErrorCode::_INVALID_ARG, text));
    }
    let members = group.members.iter().map(classic_member);
    Ok(GroupDescription {
        group: c_string(&group.group_id),
        error: None,
        simple,
        assignor: Some(c_string(&group.protocol_data)),
        operations: authorized_operations(group.authorized_operations),
        state: code_of(&STATES, group.group_state.as_bytes()),
        kind: TYPE_CLASSIC,
        coordinator: Some(node.clone()),
        members: members.collect::<Result<_, _>>()?,
    })
}

fn classic_member(member: &classic::DescribedGroupMember) -> Result<MemberDescription, KafkaError> {
    let assignment = decode_assignment(&member.member_assignment).ok_or_else(|| {
        let member = member.member_id.as_str();
        let text = format!("The assignment of member {member:?} cannot be read");
        KafkaError::new(ErrorCode::_BAD_MSG, text)
    })?;
    let topics = assignment.assigned_partitions.iter();
    let topics = topics.map(|t| (t.topic.as_str(), t.partitions.as_slice()));
    Ok(MemberDescription {
        client_id: c_string(&member.client_id),
        instance_id: member.group_instance_id.as_deref().map(c_string),
        consumer_id: c_string(&member.member_id),
        host: c_string(&member.client_host),
        assignment: partitions(topics),
        target_assignment: None,
    })
}

fn partitions<'a>(topics: impl Iterator<Item = (&'a str, &'a [i32])>) -> Vec<TopicPartition> {
    topics
        .flat_map(|(topic, partitions)| {
            let topic: Arc<str> = topic.into();
            let partition = move |p: &i32| TopicPartition::new(topic.clone(), *p);
            partitions.iter().map(partition)
        })
        .collect()
}
