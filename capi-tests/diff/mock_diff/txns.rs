//! Idempotent producers and transactions, rightly and wrongly used.

use crate::Diff;
use crate::logs::{World, partition, topic_name};
use crate::records::{Spec, batch};
use crate::side::{Side, text};
use bytes::Bytes;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::*;
use std::time::Duration;

const IDS: [&str; 3] = ["x", "y", "never"];

fn txn_id(diff: &Diff, id: &str) -> TransactionalId {
    TransactionalId(text(&format!("t{}-{id}", diff.run)))
}

/// A real cluster makes its internal topics when they are first needed.
pub fn wait_for_coordinators(diff: &mut Diff) {
    for side in [&mut diff.mock, &mut diff.kafka] {
        for key_type in [0, 1] {
            let request = FindCoordinatorRequest::default()
                .with_key_type(key_type)
                .with_key(text("warm-up"));
            for _ in 0..600 {
                if side.ask(1, &request).expect("answer").error_code == 0 {
                    break;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        let group = OffsetFetchRequest::default().with_group_id(GroupId(text("warm-up")));
        side.settled(5, &group).expect("answer");
        // A new cluster's first producer id is 0, and so is the field where an answer has none.
        let spare = InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1);
        side.settled(1, &spare).expect("answer");
    }
}

pub fn step(diff: &mut Diff, world: &World) {
    let id = *diff.pick(&IDS);
    match diff.rng.u32(..100) {
        0..8 => init(diff, id),
        8..14 => init_plain(diff),
        14..30 => produce_plain(diff, world),
        30..45 => add_partitions(diff, world, id),
        45..70 => produce(diff, world, id),
        70..76 => offsets(diff, world, id),
        76..92 => end(diff, id),
        92..96 => describe(diff, id),
        _ => producers(diff, world),
    }
}

/// Notes a producer id under a name that both sides know.
pub fn learn(side: &mut Side, key: &str, pid: i64, epoch: i16) {
    let known = side.number(&format!("pid {key}"));
    if known != pid {
        let n = side.number("producers").max(0) + 1;
        side.numbers.insert("producers".into(), n);
        side.call_it(
            format!("producer_id: {pid},"),
            &format!("producer_id: P{n},"),
        );
    }
    side.numbers.insert(format!("pid {key}"), pid);
    side.numbers.insert(format!("epoch {key}"), epoch.into());
}

/// The producer's own id and epoch, or sometimes wrong ones.
#[derive(Clone, Copy)]
struct Claim {
    id: i64,
    epoch: i16,
}

fn claim(diff: &mut Diff) -> Claim {
    match diff.rng.u32(..20) {
        0 => Claim { id: 0, epoch: -1 },
        1 => Claim { id: 0, epoch: 1 },
        2 => Claim {
            id: 1_000_000,
            epoch: 0,
        },
        _ => Claim { id: 0, epoch: 0 },
    }
}

impl Claim {
    fn of(self, side: &Side, key: &str) -> (i64, i16) {
        let pid = side.number(&format!("pid {key}"));
        let epoch = side.number(&format!("epoch {key}")) as i16;
        let pid = if self.id != 0 { self.id + pid } else { pid };
        (pid, (epoch + self.epoch).max(0))
    }
}

fn init(diff: &mut Diff, id: &str) {
    let txn = txn_id(diff, id);
    let version = diff.rng.i16(0..=5);
    let bump = version >= 3 && diff.rng.bool();
    let claim = claim(diff);
    let timeout = *diff.pick(&[60_000, 60_000, 60_000, 60_000, 0, 100_000_000]);
    if id == "never" && timeout == 60_000 {
        return;
    }
    let key = id.to_owned();
    let detail = format!("v{version} {id} bump {bump} timeout {timeout}");
    diff.both("InitProducerId", &detail, |side| {
        let mut request = InitProducerIdRequest::default()
            .with_transactional_id(Some(txn.clone()))
            .with_transaction_timeout_ms(timeout)
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1);
        if bump {
            let (pid, epoch) = claim.of(side, &key);
            if pid >= 0 {
                request.producer_id = ProducerId(pid);
                request.producer_epoch = epoch;
            }
        }
        let response = side.settled(version, &request).expect("answer");
        if response.error_code == 0 {
            learn(side, &key, response.producer_id.0, response.producer_epoch);
        }
        wait_until_settled(side, &txn);
        (format!("{response:?}"), ())
    });
    restart_sequences(diff, id);
}

fn init_plain(diff: &mut Diff) {
    let version = diff.rng.i16(0..=5);
    diff.both(
        "InitProducerId",
        &format!("v{version} idempotent"),
        |side| {
            let request = InitProducerIdRequest::default()
                .with_transactional_id(None)
                .with_producer_id(ProducerId(-1))
                .with_producer_epoch(-1);
            let response = side.settled(version, &request).expect("answer");
            learn(
                side,
                "plain",
                response.producer_id.0,
                response.producer_epoch,
            );
            (format!("{response:?}"), ())
        },
    );
    restart_sequences(diff, "plain");
}

fn restart_sequences(diff: &mut Diff, key: &str) {
    for side in [&mut diff.mock, &mut diff.kafka] {
        let prefix = format!("next {key} ");
        side.numbers.retain(|k, _| !k.starts_with(&prefix));
    }
}

fn produce_plain(diff: &mut Diff, world: &World) {
    produce_as(diff, world, "plain", None);
}

fn produce(diff: &mut Diff, world: &World, id: &str) {
    let txn = txn_id(diff, id);
    produce_as(diff, world, id, Some(txn));
}

fn produce_as(diff: &mut Diff, world: &World, key: &str, txn: Option<TransactionalId>) {
    let (topic, partition) = (world.topic(diff), partition(diff).min(1));
    if diff.kafka.number(&format!("pid {key}")) < 0 {
        return;
    }
    let version = if txn.is_some() {
        *diff.pick(&[5, 9, 11, 12, 12])
    } else {
        diff.rng.i16(3..=12)
    };
    diff.clock += 10;
    let claim = claim(diff);
    // A retry, a gap, or rightly the next.
    let off = *diff.pick(&[0, 0, 0, 0, 0, 0, -2, 1]);
    let spec = Spec {
        transactional: txn.is_some(),
        ..Spec::plain(2, diff.clock)
    };
    let next = format!("next {key} {topic} {partition}");
    let what = if txn.is_some() {
        "Produce in a transaction"
    } else {
        "Produce idempotent"
    };
    let detail = format!(
        "v{version} {key} {topic}/{partition} claim {},{} sequence {off:+}",
        claim.id, claim.epoch
    );
    diff.both(what, &detail, |side| {
        let (pid, epoch) = claim.of(side, key);
        let at = side.number(&next).max(0) as i32;
        let sequence = (at + off).max(0);
        let records = batch(&Spec {
            pid,
            epoch,
            sequence,
            ..spec
        });
        let data = TopicProduceData::default()
            .with_name(topic_name(&topic))
            .with_partition_data(vec![
                PartitionProduceData::default()
                    .with_index(partition)
                    .with_records(Some(Bytes::clone(&records))),
            ]);
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(5000)
            .with_transactional_id(txn.clone())
            .with_topic_data(vec![data]);
        let response = side.settled(version, &request).expect("answer");
        let p = &response.responses[0].partition_responses[0];
        if p.error_code == 0 && claim.id != 0 {
            side.call_it(format!("producer_id: {pid},"), "producer_id: FOREIGN,");
        }
        if p.error_code == 0 && sequence == at {
            side.numbers.insert(next.clone(), i64::from(at) + 2);
        }
        (format!("{response:?}"), ())
    });
}

fn add_partitions(diff: &mut Diff, world: &World, id: &str) {
    let txn = txn_id(diff, id);
    let version = diff.rng.i16(0..=3);
    let (topic, partition) = (world.topic(diff), partition(diff));
    let claim = claim(diff);
    let key = id.to_owned();
    let detail = format!(
        "v{version} {id} {topic}/{partition} claim {},{}",
        claim.id, claim.epoch
    );
    diff.both("AddPartitionsToTxn", &detail, |side| {
        let (pid, epoch) = claim.of(side, &key);
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(txn.clone())
            .with_v3_and_below_producer_id(ProducerId(pid))
            .with_v3_and_below_producer_epoch(epoch)
            .with_v3_and_below_topics(vec![
                AddPartitionsToTxnTopic::default()
                    .with_name(topic_name(&topic))
                    .with_partitions(vec![0, partition]),
            ]);
        let mut response = side.settled(version, &request).expect("answer");
        for t in &mut response.results_by_topic_v3_and_below {
            t.results_by_partition.sort_by_key(|p| p.partition_index);
            t.results_by_partition.dedup_by_key(|p| p.partition_index);
        }
        (format!("{response:?}"), ())
    });
}

fn offsets(diff: &mut Diff, world: &World, id: &str) {
    let txn = txn_id(diff, id);
    let group = GroupId(text(&format!("tg{}", diff.run)));
    let (topic, partition) = (world.topic(diff), partition(diff));
    let (add, version) = (diff.chance(80), diff.rng.i16(0..=5));
    let add_version = diff.rng.i16(0..=4);
    let claim = claim(diff);
    let key = id.to_owned();
    if add {
        let detail = format!("v{add_version} {id} claim {},{}", claim.id, claim.epoch);
        diff.both("AddOffsetsToTxn", &detail, |side| {
            let (pid, epoch) = claim.of(side, &key);
            let request = AddOffsetsToTxnRequest::default()
                .with_transactional_id(txn.clone())
                .with_group_id(group.clone())
                .with_producer_id(ProducerId(pid))
                .with_producer_epoch(epoch);
            (format!("{:?}", side.settled(add_version, &request)), ())
        });
    }
    let offset = diff.rng.i64(0..100);
    let leader_epoch = if version >= 2 {
        *diff.pick(&[-1, 0, 7])
    } else {
        -1
    };
    let detail = format!(
        "v{version} {id} {topic}/{partition} added {add} claim {},{}",
        claim.id, claim.epoch
    );
    diff.both("TxnOffsetCommit", &detail, |side| {
        let (pid, epoch) = claim.of(side, &key);
        let mut request = TxnOffsetCommitRequest::default()
            .with_transactional_id(txn.clone())
            .with_group_id(group.clone())
            .with_producer_id(ProducerId(pid))
            .with_producer_epoch(epoch)
            .with_topics(vec![
                TxnOffsetCommitRequestTopic::default()
                    .with_name(topic_name(&topic))
                    .with_partitions(vec![
                        TxnOffsetCommitRequestPartition::default()
                            .with_partition_index(partition)
                            .with_committed_offset(offset)
                            .with_committed_leader_epoch(leader_epoch)
                            .with_committed_metadata(Some(text("in a transaction"))),
                    ]),
            ]);
        request.generation_id = -1;
        (format!("{:?}", side.settled(version, &request)), ())
    });
    committed(diff, world, &group);
}

/// What the group's transactions have committed, and whether one is open.
fn committed(diff: &mut Diff, world: &World, group: &GroupId) {
    let version = diff.rng.i16(8..=9);
    let stable = diff.rng.bool();
    // Twice the same group, and one that nobody knows.
    let names = [group.clone(), GroupId(text("nobody")), group.clone()];
    let groups = names
        .into_iter()
        .map(|id| OffsetFetchRequestGroup::default().with_group_id(id));
    let request = OffsetFetchRequest::default()
        .with_require_stable(stable)
        .with_groups(groups.map(|g| g.with_topics(None)).collect());
    let detail = format!("v{version} of transactions, stable {stable}");
    diff.both("OffsetFetch", &detail, |side| {
        let mut response = side.ask(version, &request).expect("answer");
        response.groups.sort_by(|a, b| a.group_id.cmp(&b.group_id));
        for g in &mut response.groups {
            // The offsets of a deleted topic go at once, or in a while.
            g.topics
                .retain(|t| world.topics.iter().any(|w| *w == t.name.as_str()));
            g.topics.sort_by(|a, b| a.name.cmp(&b.name));
            for t in &mut g.topics {
                t.partitions.sort_by_key(|p| p.partition_index);
            }
        }
        (format!("{response:?}"), ())
    });
}

fn end(diff: &mut Diff, id: &str) {
    let txn = txn_id(diff, id);
    let version = diff.rng.i16(0..=5);
    let commit = diff.rng.bool();
    let claim = claim(diff);
    let key = id.to_owned();
    let detail = format!(
        "v{version} {id} commit {commit} claim {},{}",
        claim.id, claim.epoch
    );
    let bumped = diff.both("EndTxn", &detail, |side| {
        let (pid, epoch) = claim.of(side, &key);
        let request = EndTxnRequest::default()
            .with_transactional_id(txn.clone())
            .with_producer_id(ProducerId(pid))
            .with_producer_epoch(epoch)
            .with_committed(commit);
        let response = side.settled(version, &request).expect("answer");
        let bumped = response.error_code == 0 && version >= 5;
        if bumped {
            learn(side, &key, response.producer_id.0, response.producer_epoch);
        }
        wait_until_settled(side, &txn);
        (format!("{response:?}"), bumped)
    });
    if bumped {
        restart_sequences(diff, id);
    }
}

/// A real cluster writes the markers after it has answered.
pub fn wait_until_settled(side: &mut Side, txn: &TransactionalId) {
    let request = DescribeTransactionsRequest::default().with_transactional_ids(vec![txn.clone()]);
    for _ in 0..1000 {
        let response = side.settled(0, &request).expect("answer");
        if !response.transaction_states[0]
            .transaction_state
            .starts_with("Prepare")
        {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{}: the transaction never ended", side.name);
}

fn describe(diff: &mut Diff, id: &str) {
    let txn = txn_id(diff, id);
    let request = DescribeTransactionsRequest::default().with_transactional_ids(vec![txn.clone()]);
    diff.both("DescribeTransactions", id, |side| {
        let mut response = side.settled(0, &request).expect("answer");
        for t in &mut response.transaction_states {
            t.transaction_start_time_ms = t.transaction_start_time_ms.signum();
            // The offsets of groups are a topic's there, and something else here.
            t.topics.retain(|t| !t.topic.starts_with("__"));
            t.topics.sort_by(|a, b| a.topic.cmp(&b.topic));
            for topic in &mut t.topics {
                topic.partitions.sort();
            }
        }
        (format!("{response:?}"), ())
    });
    let version = diff.rng.i16(0..=1);
    diff.both("ListTransactions", &format!("v{version}"), |side| {
        let mut response = side
            .settled(version, &ListTransactionsRequest::default())
            .expect("answer");
        response
            .transaction_states
            .retain(|t| t.transactional_id == txn);
        (format!("{response:?}"), ())
    });
}

fn producers(diff: &mut Diff, world: &World) {
    let (topic, partition) = (world.topic(diff), partition(diff));
    let request = DescribeProducersRequest::default().with_topics(vec![
        TopicRequest::default()
            .with_name(topic_name(&topic))
            .with_partition_indexes(vec![partition]),
    ]);
    diff.both(
        "DescribeProducers",
        &format!("{topic}/{partition}"),
        |side| {
            let mut response = side.settled(0, &request).expect("answer");
            for t in &mut response.topics {
                for p in &mut t.partitions {
                    p.active_producers.sort_by_key(|a| a.producer_id.0);
                    for a in &mut p.active_producers {
                        // Of a marker it is the cluster's own clock.
                        a.last_timestamp = 0;
                    }
                }
            }
            (format!("{response:?}"), ())
        },
    );
}
