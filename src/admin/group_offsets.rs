//! ListConsumerGroupOffsets, AlterConsumerGroupOffsets and DeleteConsumerGroupOffsets: the
//! group's coordinator does them.
//!
//! An error of the group is the operation's, one of a partition stands in its element.

use std::collections::HashMap;
use std::sync::Arc;

use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::{
    ApiKey, GroupId, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
    OffsetFetchResponse, RequestKind, ResponseKind,
};
use kafka_protocol::protocol::StrBytes;

use super::Request;
use super::in_order::in_order;
use super::results::AdminResult;
use super::results::groups::{GroupResult, refused};
use super::single::{SingleRequest, target_of, unexpected};
use crate::base::cstring::c_string;
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::topic_partition::{NO_OFFSET, TopicPartition};
use crate::broker::Response;
use crate::coordinator::target::ErrorClass;
use crate::coordinator::{Kind, Target};
use crate::protocol::strings::{text, topic_name};

/// The newest version of OffsetCommit and OffsetFetch that names topics; later ones have
/// their ids only.
const MAX_VERSION: i16 = 9;

/// The committed offsets of a group: those of `partitions`, or all.
pub fn list(
    group: String,
    partitions: Option<Vec<TopicPartition>>,
    request: &Request<'_>,
) -> SingleRequest {
    let target = coordinator(&group, request);
    let partitions = partitions.map(sorted_by_topic);
    let topics = partitions.as_deref().map(by_topic);
    let stable = request.options.require_stable_offsets;
    let id = group_id(&group);
    let build =
        move |version| RequestKind::OffsetFetch(fetch(&id, topics.as_deref(), stable, version));
    SingleRequest::new(
        target,
        ApiKey::OffsetFetch,
        build,
        fetch_class,
        move |kind| {
            let ResponseKind::OffsetFetch(answer) = kind else {
                return Err(unexpected(ApiKey::OffsetFetch));
            };
            let found = fetched(&group, &answer)?;
            let found = match partitions {
                Some(asked) => filled(asked, found)?,
                None => found,
            };
            Ok(result(&group, found))
        },
    )
    .max_version(MAX_VERSION)
}

/// Commits offsets for a group without members. A coordinator that has moved or is loading
/// is an error of each partition, which librdkafka's test 0138 wants to see: the next call
/// finds the coordinator anew.
pub fn alter(
    group: String,
    partitions: Vec<TopicPartition>,
    request: &Request<'_>,
) -> SingleRequest {
    let target = coordinator(&group, request);
    let partitions = sorted_by_topic(partitions);
    let id = group_id(&group);
    let offsets = partitions.clone();
    let build = move |version| RequestKind::OffsetCommit(commit(&id, &offsets, version));
    SingleRequest::new(
        target,
        ApiKey::OffsetCommit,
        build,
        |_| ErrorClass::Final,
        move |kind| {
            let ResponseKind::OffsetCommit(answer) = kind else {
                return Err(unexpected(ApiKey::OffsetCommit));
            };
            let codes = answer.topics.iter().flat_map(|topic| {
                let name = topic.name.as_str();
                let partitions = topic.partitions.iter();
                partitions.map(move |p| (name, p.partition_index, p.error_code))
            });
            Ok(result(&group, with_codes(partitions, codes)?))
        },
    )
    .max_version(MAX_VERSION)
}

/// Removes committed offsets.
pub fn delete(
    group: String,
    partitions: Vec<TopicPartition>,
    request: &Request<'_>,
) -> SingleRequest {
    let target = coordinator(&group, request);
    let id = group_id(&group);
    let topics = by_topic(&partitions);
    // The results have no offsets.
    let partitions = partitions
        .into_iter()
        .map(|p| TopicPartition::new(p.topic, p.partition))
        .collect();
    let build = move |_| {
        let request = OffsetDeleteRequest::default().with_group_id(id.clone());
        RequestKind::OffsetDelete(request.with_topics(deleted(&topics)))
    };
    SingleRequest::new(
        target,
        ApiKey::OffsetDelete,
        build,
        delete_class,
        move |kind| {
            let ResponseKind::OffsetDelete(answer) = kind else {
                return Err(unexpected(ApiKey::OffsetDelete));
            };
            let code = ErrorCode::from(answer.error_code);
            let what = "The deletion of a group's offsets";
            code.ok().map_err(|code| refused(code, what, None))?;
            let codes = answer.topics.iter().flat_map(|topic| {
                let name = topic.name.as_str();
                let partitions = topic.partitions.iter();
                partitions.map(move |p| (name, p.partition_index, p.error_code))
            });
            Ok(result(&group, with_codes(partitions, codes)?))
        },
    )
}

fn coordinator(group: &str, request: &Request<'_>) -> Target {
    target_of(
        request.options,
        Target::Coordinator(Kind::Group, group.into()),
    )
}

fn group_id(group: &str) -> GroupId {
    GroupId(text(group))
}

fn result(group: &str, partitions: Vec<TopicPartition>) -> AdminResult {
    AdminResult::Groups(vec![GroupResult {
        group: c_string(group),
        error: None,
        partitions: Some(partitions),
    }])
}

// --- requests

/// In the order in which librdkafka asks, which is that of its results, too.
fn sorted_by_topic(mut partitions: Vec<TopicPartition>) -> Vec<TopicPartition> {
    partitions.sort_by(|a, b| a.topic.cmp(&b.topic));
    partitions
}

/// Each topic once.
fn by_topic(partitions: &[TopicPartition]) -> Vec<(Arc<str>, Vec<i32>)> {
    let mut topics: Vec<(Arc<str>, Vec<i32>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for partition in partitions {
        let place = *places.entry(&partition.topic).or_insert(topics.len());
        match topics.get_mut(place) {
            Some((_, list)) => list.push(partition.partition),
            None => topics.push((partition.topic.clone(), vec![partition.partition])),
        }
    }
    topics
}

fn fetch(
    group: &GroupId,
    topics: Option<&[(Arc<str>, Vec<i32>)]>,
    stable: bool,
    version: i16,
) -> OffsetFetchRequest {
    let request = OffsetFetchRequest::default().with_require_stable(stable && version >= 7);
    if version >= 8 {
        let topic = |(name, partitions): &(Arc<str>, Vec<i32>)| {
            OffsetFetchRequestTopics::default()
                .with_name(topic_name(name))
                .with_partition_indexes(partitions.clone())
        };
        let group = OffsetFetchRequestGroup::default()
            .with_group_id(group.clone())
            .with_topics(topics.map(|topics| topics.iter().map(topic).collect()));
        return request.with_groups(vec![group]);
    }
    let topic = |(name, partitions): &(Arc<str>, Vec<i32>)| {
        OffsetFetchRequestTopic::default()
            .with_name(topic_name(name))
            .with_partition_indexes(partitions.clone())
    };
    request
        .with_group_id(group.clone())
        .with_topics(topics.map(|topics| topics.iter().map(topic).collect()))
}

fn commit(group: &GroupId, offsets: &[TopicPartition], version: i16) -> OffsetCommitRequest {
    let mut topics: Vec<OffsetCommitRequestTopic> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for offset in offsets {
        let place = *places.entry(&offset.topic).or_insert(topics.len());
        if place == topics.len() {
            topics.push(OffsetCommitRequestTopic::default().with_name(topic_name(&offset.topic)));
        }
        // To Kafka the metadata is text.
        let metadata = String::from_utf8_lossy(offset.metadata.as_deref().unwrap_or_default());
        let leader_epoch = if version >= 6 {
            offset.leader_epoch
        } else {
            -1
        };
        if let Some(topic) = topics.get_mut(place) {
            topic.partitions.push(
                OffsetCommitRequestPartition::default()
                    .with_partition_index(offset.partition)
                    .with_committed_offset(offset.offset)
                    .with_committed_leader_epoch(leader_epoch)
                    .with_committed_metadata(Some(StrBytes::from_string(metadata.into_owned()))),
            );
        }
    }
    // The group has no members: nobody's generation, and nobody's id.
    OffsetCommitRequest::default()
        .with_group_id(group.clone())
        .with_topics(topics)
}

fn deleted(topics: &[(Arc<str>, Vec<i32>)]) -> Vec<OffsetDeleteRequestTopic> {
    let partition = |p: &i32| OffsetDeleteRequestPartition::default().with_partition_index(*p);
    let topic = |(name, partitions): &(Arc<str>, Vec<i32>)| {
        OffsetDeleteRequestTopic::default()
            .with_name(topic_name(name))
            .with_partitions(partitions.iter().map(partition).collect())
    };
    topics.iter().map(topic).collect()
}

// --- responses

fn fetch_code(answer: &OffsetFetchResponse) -> ErrorCode {
    let group = answer.groups.first().map(|group| group.error_code);
    group.unwrap_or(answer.error_code).into()
}

fn fetch_class(response: &Response) -> ErrorClass {
    match &response.kind {
        Some(ResponseKind::OffsetFetch(answer)) => ErrorClass::of_code(fetch_code(answer)),
        _ => ErrorClass::Final,
    }
}

fn delete_class(response: &Response) -> ErrorClass {
    match &response.kind {
        Some(ResponseKind::OffsetDelete(answer)) => ErrorClass::of_code(answer.error_code.into()),
        _ => ErrorClass::Final,
    }
}

/// All partitions of an answer.
fn fetched(group: &str, answer: &OffsetFetchResponse) -> Result<Vec<TopicPartition>, KafkaError> {
    let what = "The question for a group's offsets";
    let code = fetch_code(answer);
    code.ok().map_err(|code| refused(code, what, None))?;
    let of =
        |topic: &Arc<str>, partition, offset, leader_epoch, metadata: &Option<StrBytes>, code| {
            TopicPartition {
                topic: topic.clone(),
                partition,
                offset: if offset == -1 { NO_OFFSET } else { offset },
                leader_epoch,
                metadata: metadata.as_ref().map(|text| text.as_bytes().to_vec()),
                err: ErrorCode::from(code),
            }
        };
    let mut found = Vec::new();
    for topic in &answer.topics {
        let name: Arc<str> = topic.name.as_str().into();
        found.extend(topic.partitions.iter().map(|p| {
            let (offset, epoch) = (p.committed_offset, p.committed_leader_epoch);
            of(
                &name,
                p.partition_index,
                offset,
                epoch,
                &p.metadata,
                p.error_code,
            )
        }));
    }
    for answered in &answer.groups {
        if answered.group_id.as_str() != group {
            return Err(stray("group", answered.group_id.as_str()));
        }
        for topic in &answered.topics {
            let name: Arc<str> = topic.name.as_str().into();
            found.extend(topic.partitions.iter().map(|p| {
                let (offset, epoch) = (p.committed_offset, p.committed_leader_epoch);
                of(
                    &name,
                    p.partition_index,
                    offset,
                    epoch,
                    &p.metadata,
                    p.error_code,
                )
            }));
        }
    }
    Ok(found)
}

/// What was asked for, with what was found.
fn filled(
    asked: Vec<TopicPartition>,
    found: Vec<TopicPartition>,
) -> Result<Vec<TopicPartition>, KafkaError> {
    let found = found.into_iter().map(|p| (key(&p), p));
    let found = in_order(asked.iter().map(key), found)
        .map_err(|(topic, _)| stray("partition of", &topic))?;
    let left_out = |asked: TopicPartition| TopicPartition {
        err: ErrorCode::_BAD_MSG,
        ..TopicPartition::new(asked.topic, asked.partition)
    };
    let all = asked.into_iter().zip(found);
    Ok(all
        .map(|(asked, found)| found.unwrap_or_else(|| left_out(asked)))
        .collect())
}

/// What was asked for, with the code of each.
fn with_codes<'a>(
    mut asked: Vec<TopicPartition>,
    codes: impl Iterator<Item = (&'a str, i32, i16)>,
) -> Result<Vec<TopicPartition>, KafkaError> {
    let codes = codes.map(|(topic, partition, code)| ((topic.into(), partition), code));
    let codes = in_order(asked.iter().map(key), codes)
        .map_err(|(topic, _)| stray("partition of", &topic))?;
    for (partition, code) in asked.iter_mut().zip(codes) {
        partition.err = code.map_or(ErrorCode::_BAD_MSG, ErrorCode::from);
    }
    Ok(asked)
}

fn key(partition: &TopicPartition) -> (Arc<str>, i32) {
    (partition.topic.clone(), partition.partition)
}

fn stray(what: &str, name: &str) -> KafkaError {
    KafkaError::new(
        ErrorCode::_BAD_MSG,
        format!("The broker's answer is about {what} {name:?}, twice or without being asked"),
    )
}

#[cfg(test)]
mod tests;
