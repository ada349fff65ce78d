//! DescribeCluster, DescribeTopicPartitions, DescribeProducers, ListTransactions
//! and DescribeTransactions: looking only.

use super::authorize;
use super::metadata::{TOPIC_OPERATIONS, cluster_operations};
use crate::mock::state::authorizer::{Operation as O, Resource};
use crate::mock::state::topic::Topic;
use crate::mock::state::txn::{Transaction, TxnState};
use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::describe_cluster_response::{
    DescribeClusterBroker, DescribeClusterResponse,
};
use kafka_protocol::messages::describe_producers_response::{
    DescribeProducersResponse, PartitionResponse, ProducerState, TopicResponse,
};
use kafka_protocol::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponse, DescribeTopicPartitionsResponsePartition,
    DescribeTopicPartitionsResponseTopic,
};
use kafka_protocol::messages::describe_transactions_response::{
    DescribeTransactionsResponse, TopicData, TransactionState,
};
use kafka_protocol::messages::list_transactions_response::{
    ListTransactionsResponse, TransactionState as ListedTransaction,
};
use kafka_protocol::messages::{
    BrokerId, DescribeClusterRequest, DescribeProducersRequest, DescribeTopicPartitionsRequest,
    DescribeTransactionsRequest, ListTransactionsRequest, TransactionalId,
};
use std::collections::BTreeMap;

pub fn cluster(state: &mut ClusterState, cx: &Cx, request: DescribeClusterRequest) -> Reply {
    let mut response = DescribeClusterResponse::default()
        .with_error_code(cx.error)
        .with_controller_id(BrokerId(-1));
    if cx.error == 0 && request.endpoint_type != 1 {
        response.error_code = E::MismatchedEndpointType.code();
        response.error_message = Some(super::text("The request was sent to a broker"));
    }
    if response.error_code != 0 {
        return Reply::Now(response.into());
    }
    response.cluster_id = super::text(&state.cluster_id);
    response.controller_id = BrokerId(state.controller);
    for b in state.brokers.iter().filter(|b| b.is_listed()) {
        response.brokers.push(
            DescribeClusterBroker::default()
                .with_broker_id(BrokerId(b.id))
                .with_host(super::text(&b.host))
                .with_port(b.port)
                .with_rack(b.rack.as_deref().map(super::text)),
        );
    }
    if request.include_cluster_authorized_operations {
        response.cluster_authorized_operations = cluster_operations(state, cx);
    }
    Reply::Now(response.into())
}

pub fn topic_partitions(
    state: &mut ClusterState,
    cx: &Cx,
    request: DescribeTopicPartitionsRequest,
) -> Reply {
    let mut response = DescribeTopicPartitionsResponse::default();
    let mut names: Vec<String> = request.topics.iter().map(|t| t.name.to_string()).collect();
    let denied = |name: &str| authorize::topic(state, cx, O::Describe, name).is_err();
    if names.is_empty() {
        let all = state.topics.keys().filter(|name| !denied(name));
        names = all.cloned().collect();
    }
    names.sort();
    names.dedup();
    let (from_topic, from_partition) = match &request.cursor {
        Some(c) => (c.topic_name.to_string(), c.partition_index),
        None => (String::new(), 0),
    };
    let mut left = usize::try_from(request.response_partition_limit.clamp(1, 2000)).unwrap_or(1);
    for name in names.into_iter().filter(|n| *n >= from_topic) {
        let cursor = |p: i32| {
            Cursor::default()
                .with_topic_name(super::topic_name(&name))
                .with_partition_index(p)
        };
        if left == 0 {
            response.next_cursor = Some(cursor(0));
            break;
        }
        let first = if name == from_topic {
            from_partition
        } else {
            0
        };
        let mut out = DescribeTopicPartitionsResponseTopic::default()
            .with_name(Some(super::topic_name(&name)))
            .with_topic_authorized_operations(state.operations(
                cx,
                TOPIC_OPERATIONS,
                Resource::Topic(&name),
            ))
            .with_error_code(cx.error);
        if cx.error == 0 && denied(&name) {
            out.error_code = E::TopicAuthorizationFailed.code();
            out.topic_authorized_operations = i32::MIN;
            response.topics.push(out);
            continue;
        }
        let Some(topic) = state.topics.get(&name).filter(|_| cx.error == 0) else {
            if cx.error == 0 {
                out.error_code = E::UnknownTopicOrPartition.code();
            }
            response.topics.push(out);
            continue;
        };
        out.topic_id = topic.id;
        let rest = describe_partitions(topic, first, left);
        left -= rest.len();
        let next = first + rest.len() as i32;
        out.partitions = rest;
        response.topics.push(out);
        if (next as usize) < topic.partitions.len() {
            response.next_cursor = Some(cursor(next));
            break;
        }
    }
    Reply::Now(response.into())
}

fn describe_partitions(
    topic: &Topic,
    first: i32,
    limit: usize,
) -> Vec<DescribeTopicPartitionsResponsePartition> {
    topic
        .partitions
        .iter()
        .filter(|p| p.id >= first)
        .take(limit)
        .map(|p| {
            let nodes: Vec<_> = p.replicas.iter().map(|&id| BrokerId(id)).collect();
            let mut out = DescribeTopicPartitionsResponsePartition::default()
                .with_partition_index(p.id)
                .with_leader_id(BrokerId(p.leader))
                .with_leader_epoch(p.leader_epoch)
                .with_replica_nodes(nodes.clone())
                .with_isr_nodes(nodes)
                .with_eligible_leader_replicas(Some(Vec::new()))
                .with_last_known_elr(Some(Vec::new()));
            if p.leader < 0 {
                out.error_code = E::LeaderNotAvailable.code();
            }
            out
        })
        .collect()
}

pub fn producers(state: &mut ClusterState, cx: &Cx, request: DescribeProducersRequest) -> Reply {
    let mut response = DescribeProducersResponse::default();
    for topic in request.topics {
        let mut out = TopicResponse::default().with_name(topic.name.clone());
        for index in topic.partition_indexes {
            let mut answer = PartitionResponse::default().with_partition_index(index);
            match state.partition(&topic.name, index) {
                _ if cx.error != 0 => answer.error_code = cx.error,
                _ if authorize::topic(state, cx, O::Read, &topic.name).is_err() => {
                    answer.error_code = E::TopicAuthorizationFailed.code();
                }
                None => answer.error_code = E::UnknownTopicOrPartition.code(),
                Some(p) if p.leader != cx.broker => {
                    answer.error_code = E::NotLeaderOrFollower.code();
                }
                Some(p) => {
                    let told = p.producers.active().into_iter().map(|a| {
                        ProducerState::default()
                            .with_producer_id(a.producer_id.into())
                            .with_producer_epoch(a.epoch.into())
                            .with_last_sequence(a.last_sequence)
                            .with_last_timestamp(a.last_timestamp)
                            .with_coordinator_epoch(a.coordinator_epoch)
                            .with_current_txn_start_offset(a.txn_start_offset)
                    });
                    answer.active_producers = told.collect();
                }
            }
            out.partitions.push(answer);
        }
        response.topics.push(out);
    }
    Reply::Now(response.into())
}

const STATES: &[&str] = &[
    "Empty",
    "Ongoing",
    "PrepareCommit",
    "PrepareAbort",
    "CompleteCommit",
    "CompleteAbort",
    "Dead",
    "PrepareEpochFence",
];

pub fn list_transactions(
    state: &mut ClusterState,
    cx: &Cx,
    request: ListTransactionsRequest,
) -> Reply {
    let mut response = ListTransactionsResponse::default().with_error_code(cx.error);
    let (known, unknown): (Vec<_>, Vec<_>) = request
        .state_filters
        .iter()
        .cloned()
        .partition(|s| STATES.contains(&s.as_str()));
    response.unknown_state_filters = unknown;
    let asks_state = !request.state_filters.is_empty();
    for (id, t) in &state.transactions {
        let running_ms = match t.state {
            TxnState::Ongoing { started } => cx.now.wall_ms - started.wall_ms,
            _ => -1,
        };
        if cx.error == 0
            && state.check_coordinator(1, id, cx.broker).is_ok()
            && authorize::transaction(state, cx, O::Describe, id).is_ok()
            && (!asks_state || known.iter().any(|s| s.as_str() == t.state.name()))
            && (request.producer_id_filters.is_empty()
                || request
                    .producer_id_filters
                    .iter()
                    .any(|p| p.0 == t.producer_id))
            && (request.duration_filter < 0 || running_ms > request.duration_filter)
        {
            response.transaction_states.push(
                ListedTransaction::default()
                    .with_transactional_id(TransactionalId(super::text(id)))
                    .with_producer_id(t.producer_id.into())
                    .with_transaction_state(super::text(t.state.name())),
            );
        }
    }
    Reply::Now(response.into())
}

pub fn transactions(
    state: &mut ClusterState,
    cx: &Cx,
    request: DescribeTransactionsRequest,
) -> Reply {
    let mut response = DescribeTransactionsResponse::default();
    for id in request.transactional_ids {
        let mut out = TransactionState::default().with_transactional_id(id.clone());
        let checked = match cx.error {
            0 => authorize::transaction(state, cx, O::Describe, &id)
                .and_then(|()| state.check_coordinator(1, &id, cx.broker))
                .map_err(|e| e.code()),
            code => Err(code),
        };
        match (checked, state.transactions.get(id.as_str())) {
            (Err(code), _) => out.error_code = code,
            (Ok(()), None) => out.error_code = E::TransactionalIdNotFound.code(),
            (Ok(()), Some(t)) => {
                fill(&mut out, t);
                let shown = |name: &str| authorize::topic(state, cx, O::Describe, name).is_ok();
                out.topics.retain(|t| shown(&t.topic));
            }
        }
        response.transaction_states.push(out);
    }
    Reply::Now(response.into())
}

fn fill(out: &mut TransactionState, t: &Transaction) {
    out.transaction_state = super::text(t.state.name());
    out.transaction_timeout_ms = t.timeout_ms;
    out.producer_id = t.producer_id.into();
    out.producer_epoch = t.epoch;
    out.transaction_start_time_ms = t.started_ms;
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for (topic, partition) in &t.partitions {
        topics.entry(topic).or_default().push(*partition);
    }
    out.topics = topics
        .into_iter()
        .map(|(topic, partitions)| {
            TopicData::default()
                .with_topic(super::topic_name(topic))
                .with_partitions(partitions)
        })
        .collect();
}
