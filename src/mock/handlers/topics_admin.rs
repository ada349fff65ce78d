//! CreateTopics, DeleteTopics, CreatePartitions and DeleteRecords.

use super::authorize;
use crate::mock::state::authorizer::Operation as O;
use crate::mock::state::topic::{TopicConfig, is_valid_name};
use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsTopic,
};
use kafka_protocol::messages::create_partitions_response::{
    CreatePartitionsResponse, CreatePartitionsTopicResult,
};
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult, CreateTopicsResponse,
};
use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsResponse, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::delete_topics_response::{
    DeletableTopicResult, DeleteTopicsResponse,
};
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreateTopicsRequest, DeleteRecordsRequest, DeleteTopicsRequest,
};
use std::collections::BTreeSet;

/// A mistaken request must not make the mock fill the memory.
const MAX_PARTITIONS: i32 = 10_000;

type Refusal = (i16, Option<String>);

fn refusal(e: E, message: impl Into<String>) -> Refusal {
    (e.code(), Some(message.into()))
}

pub fn create(state: &mut ClusterState, cx: &Cx, request: CreateTopicsRequest) -> Reply {
    let mut response = CreateTopicsResponse::default();
    let mut seen = BTreeSet::new();
    let twice: BTreeSet<String> = request
        .topics
        .iter()
        .filter(|t| !seen.insert(t.name.clone()))
        .map(|t| t.name.to_string())
        .collect();
    let mut told = BTreeSet::new();
    for topic in &request.topics {
        let name = topic.name.as_str();
        if twice.contains(name) && !told.insert(name.to_owned()) {
            continue;
        }
        let mut out = CreatableTopicResult::default()
            .with_name(topic.name.clone())
            .with_num_partitions(-1)
            .with_replication_factor(-1);
        let planned = match cx.error {
            0 if twice.contains(name) => Err(refusal(E::InvalidRequest, "Duplicate topic name.")),
            0 => authorize::creation(state, cx, name)
                .map_err(|e| refusal(e, "Authorization failed."))
                .and_then(|()| plan(state, topic)),
            code => Err((code, None)),
        };
        match planned {
            Ok(plan) => {
                if !request.validate_only {
                    let t = state.create_topic(
                        cx.now,
                        name,
                        plan.partitions,
                        plan.factor,
                        plan.config.clone(),
                    );
                    if cx.version >= 7 {
                        out.topic_id = t.id;
                    }
                    for (p, replicas) in plan.assignments.iter().enumerate() {
                        if let Some(p) = t.partitions.get_mut(p) {
                            p.place_on(replicas);
                        }
                    }
                }
                let shown = authorize::topic(state, cx, O::DescribeConfigs, name);
                if let (Err(e), 5..) = (shown, cx.version) {
                    out.topic_config_error_code = e.code();
                    out.configs = Some(Vec::new());
                } else if cx.version >= 5 {
                    out.num_partitions = plan.partitions;
                    out.replication_factor = plan.factor as i16;
                    out.configs = Some(told_configs(&plan.config));
                }
            }
            Err((code, message)) => {
                out.error_code = code;
                out.error_message = message.map(Into::into);
                if cx.version >= 5 {
                    out.configs = Some(Vec::new());
                }
            }
        }
        response.topics.push(out);
    }
    Reply::Now(response.into())
}

struct Plan {
    partitions: i32,
    factor: usize,
    config: TopicConfig,
    /// Replicas of each partition, if the client chose them.
    assignments: Vec<Vec<i32>>,
}

fn plan(state: &ClusterState, topic: &CreatableTopic) -> Result<Plan, Refusal> {
    let name = topic.name.as_str();
    if !is_valid_name(name) {
        return Err(refusal(E::InvalidTopicException, "Topic name is invalid."));
    }
    if state.topics.contains_key(name) {
        return Err(refusal(
            E::TopicAlreadyExists,
            format!("Topic '{name}' already exists."),
        ));
    }
    let mut config = TopicConfig::default();
    for c in &topic.configs {
        let Some(value) = &c.value else {
            return Err(refusal(
                E::InvalidConfig,
                format!(
                    "Null value not supported for topic configs: {}",
                    c.name.as_str()
                ),
            ));
        };
        config
            .set(&c.name, Some(value))
            .map_err(|why| refusal(E::InvalidConfig, why))?;
    }
    if !topic.assignments.is_empty() {
        return assigned(state, topic, config);
    }
    let partitions = match topic.num_partitions {
        -1 => state.defaults.partitions,
        1..=MAX_PARTITIONS => topic.num_partitions,
        _ => {
            return Err(refusal(
                E::InvalidPartitions,
                "Number of partitions was set to an invalid non-positive value.",
            ));
        }
    };
    let available = state.brokers.iter().filter(|b| b.in_metadata).count();
    let factor = match topic.replication_factor {
        -1 => usize::try_from(state.defaults.replication_factor).unwrap_or(1),
        n => usize::try_from(n).unwrap_or(0),
    };
    if factor == 0 || factor > available {
        return Err(refusal(
            E::InvalidReplicationFactor,
            format!(
                "Replication factor: {} is not between 1 and the {available} available brokers.",
                topic.replication_factor
            ),
        ));
    }
    Ok(Plan {
        partitions,
        factor,
        config,
        assignments: Vec::new(),
    })
}

fn assigned(
    state: &ClusterState,
    topic: &CreatableTopic,
    config: TopicConfig,
) -> Result<Plan, Refusal> {
    if topic.num_partitions != -1 || topic.replication_factor != -1 {
        return Err(refusal(
            E::InvalidRequest,
            "A manual partition assignment was specified, but the number of partitions or replicas was not set to -1.",
        ));
    }
    let bad = |why: &str| refusal(E::InvalidReplicaAssignment, why);
    let mut assignments = vec![Vec::new(); topic.assignments.len()];
    for a in &topic.assignments {
        let slot = usize::try_from(a.partition_index)
            .ok()
            .and_then(|i| assignments.get_mut(i))
            .filter(|slot| slot.is_empty())
            .ok_or_else(|| bad("partitions should be a consecutive 0-based integer sequence"))?;
        slot.extend(a.broker_ids.iter().map(|b| b.0));
        may_replicate(state, slot)?;
    }
    Ok(Plan {
        partitions: assignments.len() as i32,
        factor: assignments.first().map_or(1, Vec::len),
        config,
        assignments,
    })
}

fn told_configs(config: &TopicConfig) -> Vec<CreatableTopicConfigs> {
    super::configs::entries(config)
        .map(|e| {
            CreatableTopicConfigs::default()
                .with_name(super::text(e.name))
                .with_value(Some(super::text(e.value)))
                .with_config_source(e.source)
        })
        .collect()
}

pub fn delete(state: &mut ClusterState, cx: &Cx, request: DeleteTopicsRequest) -> Reply {
    let mut response = DeleteTopicsResponse::default();
    let by_name = request.topic_names.into_iter();
    let mut wanted: Vec<_> = by_name.map(|n| (Some(n), uuid::Uuid::nil())).collect();
    wanted.extend(request.topics.into_iter().map(|t| (t.name, t.topic_id)));
    for (name, id) in wanted {
        let mut out = DeletableTopicResult::default();
        let (found, missing) = match &name {
            Some(name) => (Some(name.to_string()), E::UnknownTopicOrPartition),
            None => (state.topic_name(id).map(str::to_owned), E::UnknownTopicId),
        };
        let known = found
            .as_deref()
            .and_then(|n| state.topics.get(n))
            .map(|t| t.id);
        let (shown, allowed) = may_delete(state, cx, found.as_deref());
        let by_name = name.is_some();
        let outcome = match (cx.error, found.as_deref(), known) {
            (0, Some(_), _) if !allowed && (!shown || !by_name || known.is_some()) => {
                Err(E::TopicAuthorizationFailed.code())
            }
            (0, Some(found), Some(_)) => state.delete_topic(cx.now, found).map_err(|e| e.code()),
            (0, ..) => Err(missing.code()),
            (code, ..) => Err(code),
        };
        out.name = name.or_else(|| found.as_deref().filter(|_| shown).map(super::topic_name));
        if cx.version >= 6 {
            out.topic_id = known.filter(|_| allowed).unwrap_or(id);
        }
        if let Err(code) = outcome {
            out.error_code = code;
            if cx.version >= 5 {
                out.error_message = E::try_from_code(code).map(|e| super::text(&e.to_string()));
            }
        }
        response.responses.push(out);
    }
    Reply::Now(response.into())
}

/// Whether the topic's name may be told, and whether it may be deleted.
fn may_delete(state: &ClusterState, cx: &Cx, name: Option<&str>) -> (bool, bool) {
    let Some(name) = name.filter(|_| authorize::cluster(state, cx, O::Delete).is_err()) else {
        return (true, true);
    };
    let may = |operation| authorize::topic(state, cx, operation, name).is_ok();
    (may(O::Describe), may(O::Delete))
}

pub fn create_partitions(
    state: &mut ClusterState,
    cx: &Cx,
    request: CreatePartitionsRequest,
) -> Reply {
    let mut response = CreatePartitionsResponse::default();
    for topic in request.topics {
        let mut out = CreatePartitionsTopicResult::default().with_name(topic.name.clone());
        let refused = match cx.error {
            0 => authorize::topic(state, cx, O::Alter, &topic.name)
                .map_err(|e| (e.code(), None))
                .and_then(|()| may_grow(state, &topic)),
            code => Err((code, None)),
        };
        match refused {
            Ok(_) if request.validate_only => {}
            Ok(assignments) => state.add_partitions(&topic.name, topic.count, &assignments),
            Err((code, message)) => {
                out.error_code = code;
                out.error_message = message.map(Into::into);
            }
        }
        response.results.push(out);
    }
    Reply::Now(response.into())
}

/// The replicas of the new partitions, if the client has chosen them.
fn may_grow(
    state: &ClusterState,
    wanted: &CreatePartitionsTopic,
) -> Result<Vec<Vec<i32>>, Refusal> {
    let topic = state
        .topics
        .get(wanted.name.as_str())
        .ok_or((E::UnknownTopicOrPartition.code(), None))?;
    let have = topic.partitions.len() as i32;
    if wanted.count <= have {
        return Err(refusal(
            E::InvalidPartitions,
            format!(
                "Topic currently has {have} partitions, which is not lower than the requested {}.",
                wanted.count
            ),
        ));
    }
    if wanted.count > MAX_PARTITIONS {
        return Err(refusal(E::InvalidPartitions, "Too many partitions."));
    }
    let Some(assignments) = &wanted.assignments else {
        return Ok(Vec::new());
    };
    let missing = (wanted.count - have) as usize;
    if assignments.len() != missing {
        return Err(refusal(
            E::InvalidReplicaAssignment,
            format!(
                "Attempted to add {missing} additional partitions, but {} assignments were given.",
                assignments.len()
            ),
        ));
    }
    let ids = |a: &CreatePartitionsAssignment| a.broker_ids.iter().map(|b| b.0).collect();
    let chosen: Vec<Vec<i32>> = assignments.iter().map(ids).collect();
    let factor = topic.partitions.first().map_or(1, |p| p.replicas.len());
    for replicas in &chosen {
        may_replicate(state, replicas)?;
        if replicas.len() != factor {
            return Err(refusal(
                E::InvalidReplicaAssignment,
                format!("The topic has {factor} replicas of each partition"),
            ));
        }
    }
    Ok(chosen)
}

/// Replicas that a client has chosen are different brokers that there are.
fn may_replicate(state: &ClusterState, replicas: &[i32]) -> Result<(), Refusal> {
    let bad = |why: &str| Err(refusal(E::InvalidReplicaAssignment, why));
    let distinct: BTreeSet<_> = replicas.iter().collect();
    if replicas.is_empty() || distinct.len() != replicas.len() {
        return bad("replicas must be given, and be different");
    }
    if replicas.iter().any(|&id| state.broker(id).is_none()) {
        return bad("an assigned broker does not exist");
    }
    Ok(())
}

pub fn delete_records(state: &mut ClusterState, cx: &Cx, request: DeleteRecordsRequest) -> Reply {
    let mut response = DeleteRecordsResponse::default();
    for topic in request.topics {
        let mut out = DeleteRecordsTopicResult::default().with_name(topic.name.clone());
        for wanted in topic.partitions {
            let index = wanted.partition_index;
            let mut answer = DeleteRecordsPartitionResult::default()
                .with_partition_index(index)
                .with_low_watermark(-1);
            match delete_before(state, cx, &topic.name, index, wanted.offset) {
                Ok(low) => answer.low_watermark = low,
                Err(code) => answer.error_code = code,
            }
            out.partitions.push(answer);
        }
        response.topics.push(out);
    }
    Reply::Now(response.into())
}

fn delete_before(
    state: &mut ClusterState,
    cx: &Cx,
    topic: &str,
    partition: i32,
    offset: i64,
) -> Result<i64, i16> {
    if cx.error != 0 {
        return Err(cx.error);
    }
    authorize::topic(state, cx, O::Delete, topic).map_err(|e| e.code())?;
    let t = state
        .topics
        .get_mut(topic)
        .ok_or(E::UnknownTopicOrPartition.code())?;
    if !t.config.delete {
        return Err(E::PolicyViolation.code());
    }
    let p = t
        .partition_mut(partition)
        .ok_or(E::UnknownTopicOrPartition.code())?;
    if p.leader != cx.broker {
        return Err(E::NotLeaderOrFollower.code());
    }
    let offset = if offset == -1 { p.log.end() } else { offset };
    if offset < 0 || offset > p.log.end() {
        return Err(E::OffsetOutOfRange.code());
    }
    p.delete_records_before(offset);
    let low = p.log.start();
    state.wake_partition(cx.now, topic, partition);
    Ok(low)
}
