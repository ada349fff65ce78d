//! Groups: members that come, sync, beat, commit and go, rightly and wrongly.

use crate::Diff;
use crate::logs::{World, partition, topic_name};
use crate::side::{Side, text};
use bytes::Bytes;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::*;

const GROUPS: [&str; 4] = ["a", "b", "c", "never"];

fn group_id(diff: &Diff, group: &str) -> GroupId {
    GroupId(text(&format!("g{}-{group}", diff.run)))
}

pub fn step(diff: &mut Diff, world: &World) {
    let group = *diff.pick(&GROUPS);
    match diff.rng.u32(..100) {
        0..15 => join(diff, world, group),
        15..30 => sync(diff, group),
        30..45 => heartbeat(diff, group),
        45..50 => leave(diff, group),
        50..70 => commit(diff, world, group),
        70..85 => fetch_offsets(diff, world, group),
        85..91 => describe(diff, group),
        91..94 => list(diff, group),
        94..96 => delete(diff, group),
        96..98 => delete_offsets(diff, world, group),
        _ => find_coordinator(diff, group),
    }
}

fn key(group: &str) -> String {
    format!("member of {group}")
}

/// The group's one member, or nobody, or a stranger.
fn member(diff: &mut Diff, group: &str) -> impl Fn(&Side) -> String + use<> {
    let kind = diff.rng.u32(..10);
    let key = key(group);
    move |side| match kind {
        0 => "stranger".to_owned(),
        1 => String::new(),
        _ => side.text(&key).to_owned(),
    }
}

fn generation(diff: &mut Diff, group: &str) -> impl Fn(&Side) -> i32 + use<> {
    let off = *diff.pick(&[0, 0, 0, 0, 0, 0, 1, -1]);
    let key = format!("generation of {group}");
    move |side| side.number(&key) as i32 + off
}

/// A consumer's subscription; a coordinator of Kafka's that gets anything else never
/// completes the join.
fn subscription(topic: &str) -> Bytes {
    let mut out = vec![0, 0, 0, 0, 0, 1, 0, topic.len() as u8];
    out.extend(topic.as_bytes());
    out.extend([0xff; 4]);
    out.into()
}

/// Groups have at most one member at a time, so that a join is answered at once.
fn join(diff: &mut Diff, world: &World, group: &str) {
    let id = group_id(diff, group);
    let version = diff.rng.i16(0..=9);
    let (kind, bad) = (diff.rng.u32(..20), diff.rng.u32(..20));
    let (member_key, generation_key) = (key(group), format!("generation of {group}"));
    let alone = diff.kafka.text(&member_key).is_empty();
    let member = member(diff, group);
    let metadata = subscription(&world.topic(diff));
    let detail = format!("v{version} {group} kind {kind} bad {bad} {metadata:?}");
    if group == "never" && kind != 0 {
        return;
    }
    diff.both("JoinGroup", &detail, |side| {
        let mut given = member(side);
        if !alone && given.is_empty() {
            // A second member would have to wait for the first.
            given = "stranger".to_owned();
        }
        let mut request = JoinGroupRequest::default()
            .with_group_id(id.clone())
            .with_member_id(text(&given))
            .with_session_timeout_ms(match bad {
                0 => 0,
                3 => 1_800_001,
                _ => 60_000,
            })
            .with_protocol_type(text(if bad == 1 { "" } else { "consumer" }))
            .with_protocols(vec![
                JoinGroupRequestProtocol::default()
                    .with_name(text("range"))
                    .with_metadata(metadata.clone()),
            ]);
        if version >= 1 {
            request.rebalance_timeout_ms = 60_000;
        }
        if bad == 2 {
            request.protocols.clear();
        }
        if kind == 0 {
            request.group_id = GroupId(text(""));
        }
        let mut out = String::new();
        let Some(mut response) = side.ask(version, &request) else {
            return ("closed".to_owned(), ());
        };
        if response.error_code == 79 {
            let own = response.member_id.to_string();
            side.call_it(own.clone(), &format!("MEMBER-{group}"));
            out += &format!("{response:?}\n");
            request.member_id = text(&own);
            match side.ask(version, &request) {
                Some(r) => response = r,
                None => return (out + "closed", ()),
            }
        }
        if response.error_code == 0 {
            let own = response.member_id.to_string();
            side.call_it(own.clone(), &format!("MEMBER-{group}"));
            side.texts.insert(member_key.clone(), own);
            let generation = response.generation_id.into();
            side.numbers.insert(generation_key.clone(), generation);
        }
        (out + &format!("{response:?}"), ())
    });
}

fn sync(diff: &mut Diff, group: &str) {
    let id = group_id(diff, group);
    let version = diff.rng.i16(0..=5);
    let (member, generation) = (member(diff, group), generation(diff, group));
    let (bad, own) = (diff.rng.u32(..15), key(group));
    let content = Bytes::from(format!("assignment {}", diff.rng.u32(..1000)));
    diff.both(
        "SyncGroup",
        &format!("v{version} {group} bad {bad}"),
        |side| {
            let mut request = SyncGroupRequest::default()
                .with_group_id(id.clone())
                .with_member_id(text(&member(side)))
                .with_generation_id(generation(side))
                .with_assignments(vec![
                    SyncGroupRequestAssignment::default()
                        .with_member_id(text(side.text(&own)))
                        .with_assignment(content.clone()),
                ]);
            if version >= 5 {
                request.protocol_type = Some(text(if bad == 0 { "connect" } else { "consumer" }));
                request.protocol_name = Some(text(if bad == 1 { "sticky" } else { "range" }));
            }
            (format!("{:?}", side.ask(version, &request)), ())
        },
    );
}

fn heartbeat(diff: &mut Diff, group: &str) {
    let id = group_id(diff, group);
    let version = diff.rng.i16(0..=4);
    let (member, generation) = (member(diff, group), generation(diff, group));
    let instance = (version >= 3 && diff.chance(10)).then(|| text("instance"));
    diff.both(
        "Heartbeat",
        &format!("v{version} {group} {instance:?}"),
        |side| {
            let request = HeartbeatRequest::default()
                .with_group_id(id.clone())
                .with_member_id(text(&member(side)))
                .with_generation_id(generation(side))
                .with_group_instance_id(instance.clone());
            (format!("{:?}", side.ask(version, &request)), ())
        },
    );
}

fn leave(diff: &mut Diff, group: &str) {
    let id = group_id(diff, group);
    let version = diff.rng.i16(0..=5);
    let member = member(diff, group);
    let own = key(group);
    diff.both("LeaveGroup", &format!("v{version} {group}"), |side| {
        let who = member(side);
        let mut request = LeaveGroupRequest::default().with_group_id(id.clone());
        if version < 3 {
            request.member_id = text(&who);
        } else {
            request.members = vec![MemberIdentity::default().with_member_id(text(&who))];
        }
        let response = side.ask(version, &request).expect("answer");
        let left = response.error_code == 0 && response.members.iter().all(|m| m.error_code == 0);
        if left && who == side.text(&own) {
            side.texts.remove(&own);
        }
        (format!("{response:?}"), ())
    });
}

fn commit(diff: &mut Diff, world: &World, group: &str) {
    let id = group_id(diff, group);
    let version = diff.rng.i16(2..=9);
    let (topic, partition) = (world.topic(diff), partition(diff));
    let as_member = diff.rng.bool();
    let (member, generation) = (member(diff, group), generation(diff, group));
    let metadata = match diff.rng.u32(..10) {
        0 => None,
        1 => Some("x".repeat(5000)),
        n => Some(format!("note {n}")),
    };
    let offset = diff.rng.i64(0..100);
    let epoch = *diff.pick(&[-1, 0, 7]);
    if group == "never" && !as_member {
        return;
    }
    // A commit that fails makes the group, too, but Kafka shows it only after another write.
    let fails = as_member || metadata.as_ref().is_some_and(|m| m.len() > 4096);
    if fails {
        commit_plainly(diff, world, &id);
    }
    let detail = format!("v{version} {group} {topic}/{partition} member {as_member}");
    diff.both("OffsetCommit", &detail, |side| {
        let mut p = OffsetCommitRequestPartition::default()
            .with_partition_index(partition)
            .with_committed_offset(offset)
            .with_committed_metadata(metadata.as_deref().map(text));
        p.committed_leader_epoch = if version >= 6 { epoch } else { -1 };
        let t = OffsetCommitRequestTopic::default().with_name(topic_name(&topic));
        let mut request = OffsetCommitRequest::default()
            .with_group_id(id.clone())
            .with_generation_id_or_member_epoch(-1)
            .with_topics(vec![t.with_partitions(vec![p])]);
        if as_member {
            request.member_id = text(&member(side));
            request.generation_id_or_member_epoch = generation(side);
        }
        (format!("{:?}", side.ask(version, &request)), ())
    });
}

/// Succeeds, unless the group has members.
fn commit_plainly(diff: &mut Diff, world: &World, id: &GroupId) {
    let p = OffsetCommitRequestPartition::default().with_committed_offset(1);
    let t = OffsetCommitRequestTopic::default().with_name(topic_name(&world.topics[0]));
    let request = OffsetCommitRequest::default()
        .with_group_id(id.clone())
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![t.with_partitions(vec![p])]);
    diff.both("OffsetCommit", "plain", |side| {
        (format!("{:?}", side.ask(8, &request)), ())
    });
}

fn fetch_offsets(diff: &mut Diff, world: &World, group: &str) {
    let id = group_id(diff, group);
    let version = diff.rng.i16(1..=9);
    let (topic, all) = (world.topic(diff), version >= 2 && diff.chance(30));
    let stable = version >= 7 && diff.rng.bool();
    let detail = format!("v{version} {group} {topic} all {all} stable {stable}");
    diff.both("OffsetFetch", &detail, |side| {
        let mut request = OffsetFetchRequest::default().with_require_stable(stable);
        if version < 8 {
            request.group_id = id.clone();
            request.topics = (!all).then(|| {
                let t = OffsetFetchRequestTopic::default().with_name(topic_name(&topic));
                vec![t.with_partition_indexes(vec![0, 1])]
            });
        } else {
            let topics = (!all).then(|| {
                let t = OffsetFetchRequestTopics::default().with_name(topic_name(&topic));
                vec![t.with_partition_indexes(vec![0, 1])]
            });
            let g = OffsetFetchRequestGroup::default().with_group_id(id.clone());
            request.groups = vec![g.with_topics(topics)];
        }
        let mut response = side.settled(version, &request).expect("answer");
        // The offsets of a deleted topic go at once, or in a while.
        let there = |name: &TopicName| world.topics.iter().any(|t| *t == name.as_str());
        if all {
            response.topics.retain(|t| there(&t.name));
            for g in &mut response.groups {
                g.topics.retain(|t| there(&t.name));
            }
        }
        response.topics.sort_by(|a, b| a.name.cmp(&b.name));
        for t in &mut response.topics {
            t.partitions.sort_by_key(|p| p.partition_index);
        }
        for g in &mut response.groups {
            g.topics.sort_by(|a, b| a.name.cmp(&b.name));
            for t in &mut g.topics {
                t.partitions.sort_by_key(|p| p.partition_index);
            }
        }
        (format!("{response:?}"), ())
    });
}

fn describe(diff: &mut Diff, group: &str) {
    let id = group_id(diff, group);
    let version = diff.rng.i16(0..=6);
    let operations = version >= 3 && diff.rng.bool();
    diff.both("DescribeGroups", &format!("v{version} {group}"), |side| {
        let request = DescribeGroupsRequest::default()
            .with_groups(vec![id.clone()])
            .with_include_authorized_operations(operations);
        (format!("{:?}", side.ask(version, &request)), ())
    });
}

fn list(diff: &mut Diff, group: &str) {
    let id = group_id(diff, group);
    let version = diff.rng.i16(0..=5);
    let states = if version >= 4 && diff.rng.bool() {
        vec![text("Stable")]
    } else {
        Vec::new()
    };
    diff.both("ListGroups", &format!("v{version} {group}"), |side| {
        let request = ListGroupsRequest::default().with_states_filter(states.clone());
        let mut response = side.ask(version, &request).expect("answer");
        response.groups.retain(|g| g.group_id == id);
        (format!("{response:?}"), ())
    });
}

fn delete(diff: &mut Diff, group: &str) {
    let id = group_id(diff, group);
    let version = diff.rng.i16(0..=2);
    diff.both("DeleteGroups", &format!("v{version} {group}"), |side| {
        let request = DeleteGroupsRequest::default().with_groups_names(vec![id.clone()]);
        (format!("{:?}", side.ask(version, &request)), ())
    });
}

fn delete_offsets(diff: &mut Diff, world: &World, group: &str) {
    let id = group_id(diff, group);
    let (topic, partition) = (world.topic(diff), partition(diff));
    diff.both(
        "OffsetDelete",
        &format!("{group} {topic}/{partition}"),
        |side| {
            let request = OffsetDeleteRequest::default()
                .with_group_id(id.clone())
                .with_topics(vec![
                    OffsetDeleteRequestTopic::default()
                        .with_name(topic_name(&topic))
                        .with_partitions(vec![
                            OffsetDeleteRequestPartition::default().with_partition_index(partition),
                        ]),
                ]);
            (format!("{:?}", side.ask(0, &request)), ())
        },
    );
}

fn find_coordinator(diff: &mut Diff, group: &str) {
    let id = group_id(diff, group);
    let version = diff.rng.i16(0..=6);
    let key_type = if version >= 1 {
        *diff.pick(&[0, 0, 1, 9])
    } else {
        0
    };
    diff.both(
        "FindCoordinator",
        &format!("v{version} {group} type {key_type}"),
        |side| {
            let mut request = FindCoordinatorRequest::default().with_key_type(key_type);
            if version < 4 {
                request.key = id.0.clone();
            } else {
                request.coordinator_keys = vec![id.0.clone()];
            }
            (format!("{:?}", side.ask(version, &request)), ())
        },
    );
}
