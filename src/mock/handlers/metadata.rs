//! Metadata: brokers, topics and who leads what; creates topics on the way.

use super::authorize;
use crate::mock::state::authorizer::{Operation::Describe, Resource};
use crate::mock::state::topic::{Topic, is_valid_name};
use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use kafka_protocol::messages::metadata_response::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{BrokerId, TopicName};

/// Operations allowed on a topic and the cluster where nobody is refused
/// anything: the bits that Kafka sets for them.
pub const TOPIC_OPERATIONS: i32 = 0x0df8;
const CLUSTER_OPERATIONS: i32 = 0x1fa0;

/// An injected code has a place in the response from version 13 on; before, only its
/// delay is applied.
pub fn handle(state: &mut ClusterState, cx: &Cx, request: MetadataRequest) -> Reply {
    let mut response = MetadataResponse::default()
        .with_cluster_id(Some(super::text(&state.cluster_id)))
        .with_controller_id(BrokerId(state.controller));
    if cx.version >= 13 && cx.error != 0 {
        response.error_code = cx.error;
        return Reply::Now(response.into());
    }
    for b in state.brokers.iter().filter(|b| b.is_listed()) {
        response.brokers.push(
            MetadataResponseBroker::default()
                .with_node_id(BrokerId(b.id))
                .with_host(super::text(&b.host))
                .with_port(b.port)
                .with_rack(b.rack.as_deref().map(super::text)),
        );
    }
    if (8..=10).contains(&cx.version) && request.include_cluster_authorized_operations {
        response.cluster_authorized_operations = cluster_operations(state, cx);
    }
    let all = match &request.topics {
        None => true,
        Some(topics) => cx.version == 0 && topics.is_empty(),
    };
    if all {
        let names = state.topics.keys().cloned();
        // What may not be looked at is not mentioned.
        let names: Vec<String> = names
            .filter(|name| authorize::topic(state, cx, Describe, name).is_ok())
            .collect();
        for name in names {
            if let Some(topic) = state.topics.get_mut(&name) {
                response.topics.push(describe(topic, cx));
            }
        }
    } else {
        // Before version 4 asking always created.
        let create = cx.version < 4 || request.allow_auto_topic_creation;
        for wanted in request.topics.unwrap_or_default() {
            response.topics.push(one(state, cx, &wanted, create));
        }
    }
    if cx.version >= 8 {
        let untold = [E::UnknownTopicId.code(), E::TopicAuthorizationFailed.code()];
        for t in &mut response.topics {
            let name = t.name.as_ref().filter(|_| !untold.contains(&t.error_code));
            t.topic_authorized_operations = match name {
                Some(name) if request.include_topic_authorized_operations => {
                    state.operations(cx, TOPIC_OPERATIONS, Resource::Topic(name))
                }
                _ => i32::MIN,
            };
        }
    }
    Reply::Now(response.into())
}

/// None are told to who may not look at the cluster.
pub fn cluster_operations(state: &ClusterState, cx: &Cx) -> i32 {
    match state.may(cx, Describe, Resource::Cluster) {
        true => state.operations(cx, CLUSTER_OPERATIONS, Resource::Cluster),
        false => 0,
    }
}

fn one(
    state: &mut ClusterState,
    cx: &Cx,
    wanted: &MetadataRequestTopic,
    create: bool,
) -> MetadataResponseTopic {
    let by_id = !wanted.topic_id.is_nil();
    let refused = |e: E| {
        MetadataResponseTopic::default()
            .with_error_code(e.code())
            .with_name(match (&wanted.name, cx.version) {
                (None, ..12) => Some(TopicName::default()),
                (name, _) => name.clone(),
            })
            .with_topic_id(wanted.topic_id)
    };
    if by_id {
        if cx.version < 12 {
            return refused(E::InvalidRequest);
        }
        let Some(name) = state.topic_name(wanted.topic_id).map(str::to_owned) else {
            return refused(E::UnknownTopicId);
        };
        if let Err(e) = authorize::topic(state, cx, Describe, &name) {
            return refused(e);
        }
        return match state.topics.get_mut(&name) {
            Some(topic) => describe(topic, cx),
            None => refused(E::UnknownTopicId),
        };
    }
    let Some(name) = &wanted.name else {
        return refused(E::InvalidRequest);
    };
    if let Err(e) = authorize::topic(state, cx, Describe, name) {
        return refused(e);
    }
    if let Some(topic) = state.topics.get_mut(name.as_str()) {
        return describe(topic, cx);
    }
    let create = create && state.defaults.auto_create_topics;
    if create && let Err(e) = authorize::creation(state, cx, name) {
        return refused(e);
    }
    if !is_valid_name(name) {
        return refused(E::InvalidTopicException);
    }
    if !create {
        return refused(E::UnknownTopicOrPartition);
    }
    describe(state.topic_or_create(cx.now, name, None), cx)
}

fn describe(topic: &mut Topic, cx: &Cx) -> MetadataResponseTopic {
    let mut out = MetadataResponseTopic::default()
        .with_error_code(topic.error)
        .with_name(Some(super::topic_name(&topic.name)))
        .with_topic_id(topic.id);
    if topic.error == E::UnknownTopicOrPartition.code() || topic.error == E::UnknownTopicId.code() {
        return out;
    }
    for p in &mut topic.partitions {
        let (leader, epoch) = p.leader_to_tell();
        let nodes: Vec<_> = p.replicas.iter().map(|&id| BrokerId(id)).collect();
        let mut partition = MetadataResponsePartition::default()
            .with_partition_index(p.id)
            .with_leader_id(BrokerId(leader))
            .with_replica_nodes(nodes.clone())
            .with_isr_nodes(nodes);
        if leader < 0 {
            partition.error_code = E::LeaderNotAvailable.code();
        }
        if cx.version >= 7 {
            partition.leader_epoch = epoch;
        }
        out.partitions.push(partition);
    }
    out
}
