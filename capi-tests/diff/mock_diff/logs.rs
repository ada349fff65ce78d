//! Topics, produce, fetch, offsets.

use crate::Diff;
use crate::records::{Spec, batch};
use crate::side::{Side, describe_fetch, text};
use bytes::Bytes;
use kafka_protocol::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsTopic,
};
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use kafka_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::*;

/// The topics; some come and go.
pub struct World {
    pub topics: Vec<String>,
    session: Option<(i32, i32)>,
    made: u32,
}

pub fn topic_name(name: &str) -> TopicName {
    TopicName(text(name))
}

impl World {
    pub fn new(diff: &mut Diff) -> World {
        for side in [&mut diff.mock, &mut diff.kafka] {
            let response = side
                .ask(9, &MetadataRequest::default().with_topics(Some(Vec::new())))
                .expect("metadata");
            let b = &response.brokers[0];
            side.call_it(format!("port: {}", b.port), "port: PORT");
            side.call_it("rack: Some(\"rack1\")".to_owned(), "rack: None");
            let cluster = response.cluster_id.as_deref().unwrap_or("").to_owned();
            side.call_it(cluster, "CLUSTER");
        }
        let mut world = World {
            topics: Vec::new(),
            session: None,
            made: 0,
        };
        for _ in 0..3 {
            create(diff, &mut world);
        }
        world
    }

    pub fn topic(&self, diff: &mut Diff) -> String {
        if diff.chance(4) {
            return "no-such-topic".to_owned();
        }
        diff.pick(&self.topics).clone()
    }
}

pub fn partition(diff: &mut Diff) -> i32 {
    if diff.chance(4) {
        9
    } else {
        diff.rng.i32(0..2)
    }
}

pub fn step(diff: &mut Diff, world: &mut World) {
    match diff.rng.u32(..100) {
        0..30 => produce(diff, world),
        30..55 => fetch(diff, world),
        55..65 => session(diff, world),
        65..77 => list_offsets(diff, world),
        77..82 => metadata(diff, world),
        82..86 => end_of_epoch(diff, world),
        86..88 => create(diff, world),
        88..90 => bad_create(diff, world),
        90..92 => delete(diff, world),
        92..94 => grow(diff, world),
        94..97 => delete_records(diff, world),
        _ => configs(diff, world),
    }
}

/// Waits until the cluster itself knows that a topic is there, or gone.
pub fn wait_for(side: &mut Side, name: &str, there: bool) {
    for _ in 0..1000 {
        let request = MetadataRequest::default()
            .with_allow_auto_topic_creation(false)
            .with_topics(Some(vec![
                MetadataRequestTopic::default().with_name(Some(topic_name(name))),
            ]));
        let response = side.ask(12, &request).expect("metadata");
        let t = &response.topics[0];
        let led = t.partitions.iter().all(|p| p.leader_id.0 >= 0);
        if (t.error_code == 0 && led) == there {
            if there {
                wait_for_logs(side, name);
                side.topic_ids.insert(name.to_owned(), t.topic_id);
                side.call_it(t.topic_id.to_string(), &format!("ID-OF-{name}"));
            }
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("{}: topic {name} did not become {there}", side.name);
}

/// That a partition has a leader is known before the leader knows it.
fn wait_for_logs(side: &mut Side, name: &str) {
    let partitions = (0..2).map(|p| {
        ListOffsetsPartition::default()
            .with_partition_index(p)
            .with_current_leader_epoch(0)
            .with_timestamp(-1)
    });
    let request = ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_topics(vec![
            ListOffsetsTopic::default()
                .with_name(topic_name(name))
                .with_partitions(partitions.collect()),
        ]);
    for _ in 0..1000 {
        let response = side.ask(5, &request).expect("answer");
        if response.topics[0]
            .partitions
            .iter()
            .all(|p| p.error_code == 0)
        {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("{}: topic {name} has no logs", side.name);
}

fn create(diff: &mut Diff, world: &mut World) {
    world.made += 1;
    let name = format!("d{}-{}", diff.run, world.made);
    let configs = if diff.chance(30) {
        vec![
            CreatableTopicConfig::default()
                .with_name(text("max.message.bytes"))
                .with_value(Some(text("300"))),
        ]
    } else {
        Vec::new()
    };
    create_named(diff, &name, configs);
    world.topics.push(name);
}

pub fn create_named(diff: &mut Diff, name: &str, configs: Vec<CreatableTopicConfig>) {
    create_sized(diff, name, 2, configs);
}

pub fn create_sized(
    diff: &mut Diff,
    name: &str,
    partitions: i32,
    configs: Vec<CreatableTopicConfig>,
) {
    let version = diff.rng.i16(2..=7);
    let request = CreateTopicsRequest::default()
        .with_timeout_ms(10_000)
        .with_topics(vec![
            CreatableTopic::default()
                .with_name(topic_name(name))
                .with_num_partitions(partitions)
                .with_replication_factor(1)
                .with_configs(configs),
        ]);
    diff.both("CreateTopics", &format!("v{version}"), |side| {
        let mut response = side.settled(version, &request).expect("answer");
        for t in &mut response.topics {
            if !t.topic_id.is_nil() {
                side.call_it(t.topic_id.to_string(), &format!("ID-OF-{name}"));
            }
            // Which properties there are, and the broker's own defaults, are not of interest.
            t.configs = t.configs.take().map(|_| Vec::new());
        }
        wait_for(side, name, true);
        (format!("{response:?}"), ())
    });
}

fn bad_create(diff: &mut Diff, world: &World) {
    let exists = world.topics[0].clone();
    let new = format!("never-{}", diff.run);
    let (name, partitions, factor) = match diff.rng.u32(..5) {
        0 => (exists.as_str(), 1, 1),
        1 => ("bad name", 1, 1),
        2 => (new.as_str(), 0, 1),
        3 => (new.as_str(), 1, 5),
        _ => (new.as_str(), 1, 0),
    };
    let version = diff.rng.i16(5..=7);
    let request = CreateTopicsRequest::default()
        .with_timeout_ms(10_000)
        .with_validate_only(diff.rng.bool())
        .with_topics(vec![
            CreatableTopic::default()
                .with_name(topic_name(name))
                .with_num_partitions(partitions)
                .with_replication_factor(factor),
        ]);
    let detail = format!("v{version} {name} {partitions} {factor}");
    diff.both("CreateTopics refused", &detail, |side| {
        let mut response = side.settled(version, &request).expect("answer");
        for t in &mut response.topics {
            t.configs = t.configs.take().map(|_| Vec::new());
        }
        (format!("{response:?}"), ())
    });
}

fn delete(diff: &mut Diff, world: &mut World) {
    if world.topics.len() < 3 {
        return;
    }
    let at = diff.rng.usize(..world.topics.len());
    let name = world.topics.swap_remove(at);
    let version = diff.rng.i16(1..=6);
    let by_id = version == 6 && diff.rng.bool();
    let twice = diff.chance(20);
    diff.both("DeleteTopics", &format!("v{version}"), |side| {
        let mut request = DeleteTopicsRequest::default().with_timeout_ms(10_000);
        if version < 6 {
            request.topic_names = vec![topic_name(&name)];
        } else if by_id {
            let id = side.topic_id(&name);
            request.topics = vec![
                DeleteTopicState::default()
                    .with_name(None)
                    .with_topic_id(id),
            ];
        } else {
            let state = DeleteTopicState::default().with_name(Some(topic_name(&name)));
            request.topics = vec![state];
        }
        let mut out = format!("{:?}", side.settled(version, &request));
        wait_for(side, &name, false);
        if twice {
            out += &format!("{:?}", side.settled(version, &request));
        }
        (out, ())
    });
    world.session = None;
}

fn grow(diff: &mut Diff, world: &World) {
    // A topic of its own, the others keep their two partitions.
    let name = world.topic(diff);
    let count = *diff.pick(&[1, 2, 0, -1, 3, 3, 4]);
    let version = diff.rng.i16(0..=3);
    let assigned = |replicas: &[i32]| {
        let brokers = replicas.iter().map(|&id| BrokerId(id)).collect();
        CreatePartitionsAssignment::default().with_broker_ids(brokers)
    };
    // What would grow it is refused for its assignments, or only checked.
    let chosen = *diff.pick::<&[i32]>(&[&[1], &[7], &[1, 1], &[]]);
    let assignments = (count > 2).then(|| vec![assigned(chosen)]);
    let request = CreatePartitionsRequest::default()
        .with_timeout_ms(5000)
        .with_validate_only(count > 2)
        .with_topics(vec![
            CreatePartitionsTopic::default()
                .with_name(topic_name(&name))
                .with_count(count)
                .with_assignments(assignments),
        ]);
    diff.both(
        "CreatePartitions",
        &format!("v{version} {count} on {chosen:?}"),
        |side| (format!("{:?}", side.settled(version, &request)), ()),
    );
}

fn produce(diff: &mut Diff, world: &World) {
    let (topic, partition) = (world.topic(diff), partition(diff));
    let version = diff.rng.i16(3..=13);
    diff.clock += 10;
    let records = diff.rng.i32(1..=4);
    let spec = Spec::plain(records, diff.clock - diff.rng.i64(0..30));
    let good = batch(&spec);
    let mut bytes = good.to_vec();
    let mut acks = -1;
    let kind = match diff.rng.u32(..24) {
        0 => {
            bytes[63] ^= 0x40;
            "corrupt"
        }
        1 => {
            bytes[16] = 1;
            "old magic"
        }
        2 => {
            bytes.extend_from_slice(&good);
            "two batches"
        }
        3 => {
            bytes.clear();
            "empty"
        }
        4 => {
            acks = 2;
            "bad acks"
        }
        5 => {
            let large = Spec { records: 9, ..spec };
            bytes = batch(&large).to_vec();
            "large"
        }
        _ => "good",
    };
    let bytes = Bytes::from(bytes);
    let detail = format!("v{version} {kind} {topic}/{partition}");
    let end = diff.both("Produce", &detail, |side| {
        let mut data = TopicProduceData::default().with_partition_data(vec![
            PartitionProduceData::default()
                .with_index(partition)
                .with_records(Some(bytes.clone())),
        ]);
        if version >= 13 {
            data.topic_id = side.topic_id(&topic);
        } else {
            data.name = topic_name(&topic);
        }
        let request = ProduceRequest::default()
            .with_acks(acks)
            .with_timeout_ms(5000)
            .with_topic_data(vec![data]);
        let response = side.settled(version, &request);
        let base = response.as_ref().map(|r| {
            let p = &r.responses[0].partition_responses[0];
            (p.error_code == 0).then_some(p.base_offset)
        });
        (format!("{response:?}"), base.flatten())
    });
    if let Some(base) = end {
        diff.ends
            .insert((topic, partition), base + i64::from(spec.records));
    }
}

/// Mostly an offset that is there.
fn offset(diff: &mut Diff, topic: &str, partition: i32) -> i64 {
    let end = diff.ends.get(&(topic.to_owned(), partition)).copied();
    match diff.rng.u32(..12) {
        0 => -1,
        1 => end.unwrap_or(0) + 5,
        2 => end.unwrap_or(0),
        _ => diff.rng.i64(0..=end.unwrap_or(0)),
    }
}

fn fetch(diff: &mut Diff, world: &World) {
    let version = diff.rng.i16(4..=18);
    let mut wanted = Vec::new();
    for _ in 0..diff.rng.u32(1..=2) {
        let topic = world.topic(diff);
        let n = diff.rng.i32(1..=2);
        let partitions: Vec<_> = (0..n)
            .map(|p| {
                let p = if p == 1 && diff.chance(8) { 9 } else { p };
                let epoch = *diff.pick(&[-1, -1, 0, 5]);
                let max = *diff.pick(&[1, 150, 400, 1 << 20]);
                (p, offset(diff, &topic, p), epoch, max)
            })
            .collect();
        if !wanted.iter().any(|(t, _): &(String, _)| *t == topic) {
            wanted.push((topic, partitions));
        }
    }
    let (isolation, max) = (diff.rng.i8(0..=1), *diff.pick(&[1, 300, 1 << 20, 1 << 20]));
    let detail = format!("v{version} isolation {isolation} max {max} {wanted:?}");
    diff.both("Fetch", &detail, |side| {
        let topics = wanted.iter().map(|(topic, partitions)| {
            let mut t = FetchTopic::default();
            if version >= 13 {
                t.topic_id = side.topic_id(topic);
            } else {
                t.topic = topic_name(topic);
            }
            let partitions = partitions.iter().map(|&(p, offset, epoch, max)| {
                let mut out = FetchPartition::default()
                    .with_partition(p)
                    .with_fetch_offset(offset)
                    .with_partition_max_bytes(max);
                out.current_leader_epoch = if version >= 9 { epoch } else { -1 };
                out.last_fetched_epoch = -1;
                out
            });
            t.with_partitions(partitions.collect())
        });
        let request = FetchRequest::default()
            .with_max_wait_ms(0)
            .with_min_bytes(0)
            .with_max_bytes(max)
            .with_isolation_level(isolation)
            .with_session_epoch(-1)
            .with_topics(topics.collect());
        let response = side.settled(version, &request).expect("answer");
        (describe_fetch(side, &response), ())
    });
}

/// One step in the life of a fetch session, sometimes a wrong one.
fn session(diff: &mut Diff, world: &mut World) {
    const VERSION: i16 = 11;
    let topic = world.topics[0].clone();
    let (epoch, names) = match world.session {
        None => (0, vec![0, 1]),
        Some((_, next)) => match diff.rng.u32(..12) {
            0 => (next + 3, Vec::new()),
            1 => (-1, Vec::new()),
            2 => (next, vec![1]),
            _ => (next, Vec::new()),
        },
    };
    let positions: Vec<_> = names
        .into_iter()
        .map(|p| (p, offset(diff, &topic, p).max(0)))
        .collect();
    let forget = epoch > 0 && diff.chance(5);
    let bad_id = epoch > 0 && diff.chance(5);
    let detail = format!("epoch {epoch} {positions:?} forget {forget} bad id {bad_id}");
    let outcome = diff.both("Fetch in a session", &detail, |side| {
        let partitions = positions.iter().map(|&(p, offset)| {
            FetchPartition::default()
                .with_partition(p)
                .with_fetch_offset(offset)
                .with_current_leader_epoch(-1)
                .with_partition_max_bytes(1 << 20)
        });
        let partitions: Vec<_> = partitions.collect();
        let mut request = FetchRequest::default()
            .with_max_bytes(1 << 20)
            .with_session_epoch(epoch)
            .with_session_id(if bad_id {
                77
            } else {
                side.number("session").max(0) as i32
            });
        if !partitions.is_empty() {
            let t = FetchTopic::default().with_topic(topic_name(&topic));
            request.topics = vec![t.with_partitions(partitions)];
        }
        if forget {
            let t = ForgottenTopic::default().with_topic(topic_name(&topic));
            request.forgotten_topics_data = vec![t.with_partitions(vec![0])];
        }
        if epoch == 0 {
            request.session_id = 0;
        }
        let mut response = side.ask(VERSION, &request).expect("answer");
        if epoch == 0 {
            side.numbers
                .insert("session".into(), response.session_id.into());
        }
        // Partitions of a session take turns at being first.
        for t in &mut response.responses {
            t.partitions.sort_by_key(|p| p.partition_index);
        }
        let alive = response.session_id != 0;
        response.session_id = i32::from(alive);
        (
            describe_fetch(side, &response),
            (alive, response.error_code),
        )
    });
    let (alive, code) = outcome;
    world.session = match (alive, code, world.session) {
        (true, 0, Some((id, _))) if epoch > 0 => Some((id, epoch + 1)),
        (true, 0, _) => Some((1, 1)),
        (_, 0, _) => None,
        // A refused step changes nothing.
        (_, _, s) => s,
    };
}

fn list_offsets(diff: &mut Diff, world: &World) {
    let (topic, partition) = (world.topic(diff), partition(diff));
    let version = diff.rng.i16(1..=10);
    let timestamp = match diff.rng.u32(..8) {
        0 => -2,
        1 | 2 => -1,
        3 if version >= 7 && !diff.shortened.contains(&(topic.clone(), partition)) => -3,
        4 if version >= 8 => -4,
        5 if version >= 9 => -5,
        _ => diff.clock - diff.rng.i64(0..200),
    };
    let isolation = diff.rng.i8(0..=1);
    let epoch = *diff.pick(&[-1, -1, 0, 5]);
    let mut wanted = ListOffsetsPartition::default()
        .with_partition_index(partition)
        .with_timestamp(timestamp);
    wanted.current_leader_epoch = if version >= 4 { epoch } else { -1 };
    let mut request = ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_topics(vec![
            ListOffsetsTopic::default()
                .with_name(topic_name(&topic))
                .with_partitions(vec![wanted]),
        ]);
    if version >= 2 {
        request.isolation_level = isolation;
    }
    if version >= 10 {
        request.timeout_ms = 5000;
    }
    let detail = format!(
        "v{version} {topic}/{partition} at {timestamp} isolation {isolation} epoch {epoch}"
    );
    let markers_from = diff.clock + 600_000;
    diff.both("ListOffsets", &detail, |side| {
        let mut response = side.settled(version, &request).expect("answer");
        for p in response.topics.iter_mut().flat_map(|t| &mut t.partitions) {
            // Found a marker, which has the cluster's own time.
            if p.timestamp > markers_from {
                p.timestamp = 1;
            }
        }
        (format!("{response:?}"), ())
    });
}

fn metadata(diff: &mut Diff, world: &World) {
    let version = diff.rng.i16(1..=13);
    let name = if diff.chance(10) {
        "bad name".to_owned()
    } else {
        world.topic(diff)
    };
    let by_id = version >= 12 && diff.chance(30);
    let operations = version >= 8 && diff.rng.bool();
    diff.both("Metadata", &format!("v{version} {name}"), |side| {
        let mut t = MetadataRequestTopic::default().with_name(Some(topic_name(&name)));
        if by_id {
            t = t.with_name(None).with_topic_id(side.topic_id(&name));
        }
        let mut request = MetadataRequest::default().with_topics(Some(vec![t]));
        if version >= 4 {
            request.allow_auto_topic_creation = false;
        }
        request.include_topic_authorized_operations = operations;
        if (8..=10).contains(&version) {
            request.include_cluster_authorized_operations = operations;
        }
        if version < 4 && name == "no-such-topic" {
            // It would be created.
            request.topics = Some(Vec::new());
        }
        let mut response = side.settled(version, &request).expect("answer");
        for t in &mut response.topics {
            t.partitions.sort_by_key(|p| p.partition_index);
        }
        (format!("{response:?}"), ())
    });
}

fn end_of_epoch(diff: &mut Diff, world: &World) {
    let (topic, partition) = (world.topic(diff), partition(diff));
    let version = diff.rng.i16(2..=4);
    let (current, epoch) = (*diff.pick(&[-1, 0, 3]), *diff.pick(&[-1, 0, 1]));
    let request = OffsetForLeaderEpochRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_topics(vec![
            OffsetForLeaderTopic::default()
                .with_topic(topic_name(&topic))
                .with_partitions(vec![
                    OffsetForLeaderPartition::default()
                        .with_partition(partition)
                        .with_current_leader_epoch(current)
                        .with_leader_epoch(epoch),
                ]),
        ]);
    let detail = format!("v{version} {topic}/{partition} current {current} epoch {epoch}");
    diff.both("OffsetForLeaderEpoch", &detail, |side| {
        (format!("{:?}", side.settled(version, &request)), ())
    });
}

fn delete_records(diff: &mut Diff, world: &World) {
    let (topic, partition) = (world.topic(diff), partition(diff));
    let offset = offset(diff, &topic, partition);
    // Not too often all that there is.
    let offset = if diff.chance(50) {
        offset
    } else {
        offset.min(1)
    };
    let version = diff.rng.i16(0..=2);
    let request = DeleteRecordsRequest::default()
        .with_timeout_ms(5000)
        .with_topics(vec![
            DeleteRecordsTopic::default()
                .with_name(topic_name(&topic))
                .with_partitions(vec![
                    DeleteRecordsPartition::default()
                        .with_partition_index(partition)
                        .with_offset(offset),
                ]),
        ]);
    diff.both(
        "DeleteRecords",
        &format!("v{version} {topic}/{partition} {offset}"),
        |side| (format!("{:?}", side.settled(version, &request)), ()),
    );
    diff.shortened.insert((topic, partition));
}

fn configs(diff: &mut Diff, world: &World) {
    let topic = world.topic(diff);
    const SET: i8 = 0;
    const DELETE: i8 = 1;
    const APPEND: i8 = 2;
    const SUBTRACT: i8 = 3;
    let (name, value, operation) = *diff.pick(&[
        ("retention.ms", Some("700000000"), SET),
        ("retention.bytes", Some("x"), SET),
        ("no.such.property", Some("1"), SET),
        ("no.such.property", Some("1"), APPEND),
        ("retention.ms", None, DELETE),
        ("retention.ms", None, SET),
        ("retention.ms", Some("1"), APPEND),
        ("retention.ms", Some("1"), 9),
        ("min.insync.replicas", Some("0"), SET),
        ("cleanup.policy", Some("delete"), APPEND),
        ("cleanup.policy", Some("compact"), SUBTRACT),
        ("cleanup.policy", Some("keep"), APPEND),
        ("cleanup.policy", None, APPEND),
    ]);
    let twice = 1 + usize::from(diff.chance(10));
    let request = IncrementalAlterConfigsRequest::default().with_resources(vec![
        AlterConfigsResource::default()
            .with_resource_type(2)
            .with_resource_name(text(&topic))
            .with_configs(vec![
                AlterableConfig::default()
                    .with_name(text(name))
                    .with_config_operation(operation)
                    .with_value(value.map(text));
                twice
            ]),
    ]);
    let version = diff.rng.i16(0..=1);
    diff.both(
        "IncrementalAlterConfigs",
        &format!("v{version} {topic} {name}={value:?} by {operation}, {twice} times"),
        |side| (format!("{:?}", side.settled(version, &request)), ()),
    );
    let keys = [
        "cleanup.policy",
        "max.message.bytes",
        "message.timestamp.type",
        "retention.ms",
    ];
    let request = DescribeConfigsRequest::default().with_resources(vec![
        DescribeConfigsResource::default()
            .with_resource_type(2)
            .with_resource_name(text(&topic))
            .with_configuration_keys(Some(keys.iter().map(|k| text(k)).collect())),
    ]);
    let version = diff.rng.i16(1..=4);
    diff.both_in_the_end("DescribeConfigs", &format!("v{version} {topic}"), |side| {
        let mut response = side.settled(version, &request).expect("answer");
        for r in &mut response.results {
            // What is not the topic's own is the broker's choice.
            r.configs
                .retain(|c| c.name.as_str() != "retention.ms" || c.config_source == 1);
            r.configs
                .sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
        }
        format!("{response:?}")
    });
}
