//! ElectLeaders.

use super::*;
use crate::mock::command::{At, Change, PartitionChange};
use kafka_protocol::messages::ElectLeadersRequest;
use kafka_protocol::messages::elect_leaders_request::TopicPartitions;

fn lead(sim: &mut Sim, leader: i32) {
    let at = At {
        topic: "t".into(),
        partition: 0,
    };
    let change = Change::Partition {
        at,
        change: PartitionChange::Leader(leader),
    };
    sim.state.apply(sim.now, change).expect("known");
}

/// Partition and code of each result.
fn elect(sim: &mut Sim, kind: i8, partitions: Option<&[i32]>) -> Vec<(i32, i16)> {
    let topic = |partitions: &[i32]| {
        TopicPartitions::default()
            .with_topic(topic("t"))
            .with_partitions(partitions.to_vec())
    };
    let request = ElectLeadersRequest::default()
        .with_election_type(kind)
        .with_topic_partitions(partitions.map(|p| vec![topic(p)]));
    let response = sim.call::<ElectLeadersRequest>(1, 2, &request);
    assert_eq!(response.error_code, 0);
    let topics = response.replica_election_results.iter();
    topics
        .flat_map(|t| t.partition_result.iter())
        .map(|p| (p.partition_id, p.error_code))
        .collect()
}

#[test]
fn the_preferred_leader_is_the_first_replica() {
    let mut sim = Sim::new(2);
    sim.create_with("t", 1, &[]);
    let preferred = sim.state.partition("t", 0).expect("there").replicas[0];
    lead(&mut sim, 3 - preferred);
    assert_eq!(elect(&mut sim, 0, Some(&[0, 7])), [(0, 0), (7, 3)]);
    assert_eq!(
        sim.state.partition("t", 0).expect("there").leader,
        preferred
    );
    assert_eq!(elect(&mut sim, 0, Some(&[0])), [(0, 84)]);
    assert_eq!(elect(&mut sim, 0, None), []);
    lead(&mut sim, 3 - preferred);
    sim.state.broker_mut(preferred).expect("there").up = false;
    let broker = 3 - preferred;
    let request = ElectLeadersRequest::default().with_topic_partitions(None);
    let response = sim.call::<ElectLeadersRequest>(broker, 2, &request);
    let result = &response.replica_election_results[0].partition_result[0];
    assert_eq!(result.error_code, 80);
}

#[test]
fn an_unclean_election_needs_a_partition_without_a_leader() {
    let mut sim = Sim::new(1);
    sim.create_with("t", 1, &[]);
    assert_eq!(elect(&mut sim, 1, Some(&[0])), [(0, 84)]);
    lead(&mut sim, -1);
    assert_eq!(elect(&mut sim, 1, None), [(0, 0)]);
    assert_eq!(sim.state.partition("t", 0).expect("there").leader, 1);
    let request = ElectLeadersRequest::default().with_election_type(7);
    let response = sim.call::<ElectLeadersRequest>(1, 2, &request);
    assert_eq!(response.error_code, 0, "nothing was to be elected");
    let named = TopicPartitions::default()
        .with_topic(topic("t"))
        .with_partitions(vec![0]);
    let request = request.with_topic_partitions(Some(vec![named]));
    let response = sim.call::<ElectLeadersRequest>(1, 2, &request);
    assert_eq!(response.error_code, 42);
    let results = &response.replica_election_results[0].partition_result;
    assert_eq!(results[0].error_code, 42);
}
