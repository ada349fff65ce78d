//! ElectLeaders (KIP-460): the preferred leader is a partition's first replica.

use crate::mock::state::{ClusterState, Cx, Reply};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::ElectLeadersRequest;
use kafka_protocol::messages::elect_leaders_response::{
    ElectLeadersResponse, PartitionResult, ReplicaElectionResult,
};

const PREFERRED: i8 = 0;
const UNCLEAN: i8 = 1;

pub fn handle(state: &mut ClusterState, cx: &Cx, request: ElectLeadersRequest) -> Reply {
    let mut response = ElectLeadersResponse::default();
    let kind = request.election_type;
    // With nothing to elect, Kafka does not look at the kind.
    let nothing = request.topic_partitions.as_ref().is_some_and(Vec::is_empty);
    let code = match cx.error {
        0 if kind != PREFERRED && kind != UNCLEAN && !nothing => E::InvalidRequest.code(),
        code => code,
    };
    if code != 0 {
        // The first version has no place for it.
        if cx.version >= 1 {
            response.error_code = code;
        }
        let refused = |partition| {
            PartitionResult::default()
                .with_partition_id(partition)
                .with_error_code(code)
                .with_error_message(Some(super::text("refused")))
        };
        let named = request.topic_partitions.into_iter().flatten();
        response.replica_election_results = named
            .map(|topic| {
                ReplicaElectionResult::default()
                    .with_topic(topic.topic)
                    .with_partition_result(topic.partitions.into_iter().map(refused).collect())
            })
            .collect();
        return Reply::Now(response.into());
    }
    let all = request.topic_partitions.is_none();
    for (topic, partitions) in wanted(state, request) {
        let mut out = ReplicaElectionResult::default().with_topic(super::topic_name(&topic));
        for partition in partitions {
            let outcome = elect(state, cx, &topic, partition, kind);
            // Of all partitions, only those are told that there is something to tell of; but
            // all topics.
            if all && outcome == Err(E::ElectionNotNeeded) {
                continue;
            }
            out.partition_result.push(result(partition, outcome));
        }
        response.replica_election_results.push(out);
    }
    Reply::Now(response.into())
}

fn wanted(state: &ClusterState, request: ElectLeadersRequest) -> Vec<(String, Vec<i32>)> {
    match request.topic_partitions {
        Some(topics) => topics
            .into_iter()
            .map(|t| (t.topic.to_string(), t.partitions))
            .collect(),
        None => state
            .topics
            .iter()
            .map(|(name, t)| (name.clone(), t.partitions.iter().map(|p| p.id).collect()))
            .collect(),
    }
}

fn result(partition: i32, outcome: Result<(), E>) -> PartitionResult {
    let out = PartitionResult::default().with_partition_id(partition);
    match outcome {
        Ok(()) => out.with_error_message(None),
        Err(error) => out
            .with_error_code(error.code())
            .with_error_message(Some(super::text(&error.to_string()))),
    }
}

fn elect(
    state: &mut ClusterState,
    cx: &Cx,
    topic: &str,
    partition: i32,
    kind: i8,
) -> Result<(), E> {
    let up: Vec<i32> = state
        .brokers
        .iter()
        .filter(|b| b.up)
        .map(|b| b.id)
        .collect();
    let p = state
        .partition_mut(topic, partition)
        .ok_or(E::UnknownTopicOrPartition)?;
    let chosen = if kind == PREFERRED {
        let preferred = p.replicas.first().copied().unwrap_or(-1);
        if p.leader == preferred {
            return Err(E::ElectionNotNeeded);
        }
        if !up.contains(&preferred) {
            return Err(E::PreferredLeaderNotAvailable);
        }
        preferred
    } else {
        if p.leader >= 0 {
            return Err(E::ElectionNotNeeded);
        }
        let eligible = p.replicas.iter().find(|id| up.contains(id));
        *eligible.ok_or(E::EligibleLeadersNotAvailable)?
    };
    p.set_leader(chosen);
    state.wake_partition(cx.now, topic, partition);
    state.write_due_markers(cx.now);
    Ok(())
}
