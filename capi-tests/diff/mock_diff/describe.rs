//! What only looks, and changes of configurations as a whole.

use crate::Diff;
use crate::logs::{World, topic_name};
use crate::side::text;
use kafka_protocol::messages::add_partitions_to_txn_request::{
    AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use kafka_protocol::messages::alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::describe_topic_partitions_request::{Cursor, TopicRequest};
use kafka_protocol::messages::*;

pub fn step(diff: &mut Diff, world: &World) {
    match diff.rng.u32(..10) {
        0..2 => cluster(diff),
        2..6 => topic_partitions(diff, world),
        6..8 => alter_configs(diff, world),
        _ => verify_only(diff, world),
    }
}

fn cluster(diff: &mut Diff) {
    let version = diff.rng.i16(0..=2);
    let mut request = DescribeClusterRequest::default()
        .with_include_cluster_authorized_operations(diff.rng.bool());
    if version >= 1 && diff.chance(20) {
        // The controllers'.
        request.endpoint_type = 2;
    }
    let detail = format!("v{version} endpoints {}", request.endpoint_type);
    diff.both("DescribeCluster", &detail, |side| {
        (format!("{:?}", side.ask(version, &request)), ())
    });
}

fn topic_partitions(diff: &mut Diff, world: &World) {
    let names: Vec<String> = (0..diff.rng.u32(1..=3))
        .map(|_| world.topic(diff))
        .collect();
    let limit = *diff.pick(&[1, 2, 3, 2000]);
    let cursor = diff.chance(30).then(|| {
        let name = diff.pick(&names).clone();
        (name, diff.rng.i32(0..3))
    });
    let request = DescribeTopicPartitionsRequest::default()
        .with_topics(
            names
                .iter()
                .map(|n| TopicRequest::default().with_name(topic_name(n)))
                .collect(),
        )
        .with_response_partition_limit(limit)
        .with_cursor(cursor.as_ref().map(|(name, partition)| {
            Cursor::default()
                .with_topic_name(topic_name(name))
                .with_partition_index(*partition)
        }));
    let detail = format!("{names:?} limit {limit} cursor {cursor:?}");
    diff.both("DescribeTopicPartitions", &detail, |side| {
        (format!("{:?}", side.settled(0, &request)), ())
    });
}

fn alter_configs(diff: &mut Diff, world: &World) {
    let topic = world.topic(diff);
    let (name, value) = *diff.pick(&[
        ("retention.ms", Some("800000000")),
        ("retention.ms", Some("soon")),
        ("no.such.property", Some("1")),
        ("retention.bytes", None),
        ("cleanup.policy", Some("keep")),
    ]);
    let version = diff.rng.i16(0..=2);
    let request = AlterConfigsRequest::default()
        .with_validate_only(true)
        .with_resources(vec![
            AlterConfigsResource::default()
                .with_resource_type(*diff.pick(&[2, 2, 2, 2, 99]))
                .with_resource_name(text(&topic))
                .with_configs(vec![
                    AlterableConfig::default()
                        .with_name(text(name))
                        .with_value(value.map(text)),
                ]),
        ]);
    diff.both(
        "AlterConfigs",
        &format!("v{version} {topic} {name}={value:?}"),
        |side| (format!("{:?}", side.settled(version, &request)), ()),
    );
}

/// As a broker asks whether a partition is in a transaction.
fn verify_only(diff: &mut Diff, world: &World) {
    let version = diff.rng.i16(4..=5);
    let id = *diff.pick(&["x", "y", "never"]);
    let txn = TransactionalId(text(&format!("t{}-{id}", diff.run)));
    let topic = world.topic(diff);
    let off = *diff.pick(&[0, 0, 0, 1]);
    diff.both(
        "AddPartitionsToTxn",
        &format!("v{version} verify {id}"),
        |side| {
            let epoch = side.number(&format!("epoch {id}")) as i16 + off;
            let t = AddPartitionsToTxnTransaction::default()
                .with_transactional_id(txn.clone())
                .with_producer_id(side.number(&format!("pid {id}")).into())
                .with_producer_epoch(epoch)
                .with_verify_only(true)
                .with_topics(vec![
                    AddPartitionsToTxnTopic::default()
                        .with_name(topic_name(&topic))
                        .with_partitions(vec![0, 1]),
                ]);
            let request = AddPartitionsToTxnRequest::default().with_transactions(vec![t]);
            let mut response = side.settled(version, &request).expect("answer");
            for r in &mut response.results_by_transaction {
                for t in &mut r.topic_results {
                    t.results_by_partition.sort_by_key(|p| p.partition_index);
                }
            }
            (format!("{response:?}"), ())
        },
    );
}
