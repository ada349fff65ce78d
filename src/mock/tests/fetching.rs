//! Produce, fetch, fetch sessions, offsets and epochs.

use super::*;
use crate::mock::command::{At, Change, PartitionChange};
use crate::mock::log::batch::{HEADER, Header, PREFIX, seal};
use crate::protocol::compression::{Codec, DEFAULT_LEVEL, compress};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::fetch_request::ForgottenTopic;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchRequest, FetchTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::{
    FetchResponse, ListOffsetsRequest, OffsetForLeaderEpochRequest, ProduceRequest,
};

fn fetch(name: &str, partitions: &[(i32, i64)]) -> FetchRequest {
    let partitions = partitions.iter().map(|&(p, offset)| {
        FetchPartition::default()
            .with_partition(p)
            .with_fetch_offset(offset)
            .with_current_leader_epoch(-1)
            .with_last_fetched_epoch(-1)
            .with_partition_max_bytes(1 << 20)
    });
    FetchRequest::default()
        .with_max_wait_ms(500)
        .with_min_bytes(1)
        .with_max_bytes(1 << 20)
        .with_session_epoch(-1)
        .with_topics(vec![
            FetchTopic::default()
                .with_topic(topic(name))
                .with_partitions(partitions.collect()),
        ])
}

/// Base and last offsets of the batches of a partition's answer.
fn batches(response: &FetchResponse, partition: usize) -> Vec<(i64, i64)> {
    let records = response.responses[0].partitions[partition].records.clone();
    let mut rest = records.unwrap_or_default();
    let mut out = Vec::new();
    while !rest.is_empty() {
        let h = Header::parse(&rest).expect("a batch");
        h.validate(&rest).expect("intact");
        out.push((h.base_offset, h.last_offset()));
        rest.advance(h.size());
    }
    out
}

#[test]
fn batches_come_back_as_they_went_in() {
    for compression in [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ] {
        let mut sim = Sim::new(1);
        sim.create("t", 1);
        let three = [(Some("a"), None), (None, Some("b")), (Some("c"), Some("d"))];
        // kafka-protocol is built without codecs.
        let plain = Batch {
            records: &three,
            ..Batch::default()
        };
        let mut bytes = plain.encode(sim.now.wall_ms).to_vec();
        let codec = Codec::from_id(compression as u8).expect("known");
        let section = bytes.split_off(HEADER);
        compress(codec, DEFAULT_LEVEL, &section, &mut bytes).expect("packs");
        let length = (bytes.len() - PREFIX) as i32;
        bytes[8..PREFIX].copy_from_slice(&length.to_be_bytes());
        bytes[22] |= compression as u8;
        seal(&mut bytes);
        for round in 0..3 {
            let request = ProduceRequest::default()
                .with_acks(-1)
                .with_topic_data(vec![
                    TopicProduceData::default()
                        .with_name(topic("t"))
                        .with_partition_data(vec![
                            PartitionProduceData::default()
                                .with_records(Some(bytes.clone().into())),
                        ]),
                ]);
            let response = sim.call::<ProduceRequest>(1, 9, &request);
            let p = &response.responses[0].partition_responses[0];
            assert_eq!((p.error_code, p.base_offset), (0, 3 * round));
        }
        let response = sim.call::<FetchRequest>(1, 11, &fetch("t", &[(0, 4)]));
        assert_eq!(batches(&response, 0), [(3, 5), (6, 8)]);
        let records = response.responses[0].partitions[0].records.clone().unwrap();
        assert_eq!(records[16..bytes.len()], bytes[16..]);
        assert_eq!(response.responses[0].partitions[0].high_watermark, 9);
    }
}

#[test]
fn bad_batches_are_refused() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    sim.create_with("small", 1, &[("max.message.bytes", "70")]);
    sim.create_with("compacted", 1, &[("cleanup.policy", "compact")]);
    let good = Batch::default().encode(sim.now.wall_ms).to_vec();
    let mut send = |name: &str, bytes: Vec<u8>| {
        let data = PartitionProduceData::default().with_records(Some(bytes.into()));
        let topic_data = TopicProduceData::default()
            .with_name(topic(name))
            .with_partition_data(vec![data]);
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_topic_data(vec![topic_data]);
        let response = sim.call::<ProduceRequest>(1, 9, &request);
        response.responses[0].partition_responses[0].error_code
    };
    assert_eq!(send("t", good.clone()), 0);
    let mut corrupt = good.clone();
    corrupt[62] ^= 1;
    assert_eq!(send("t", corrupt), E::CorruptMessage.code());
    let mut old = good.clone();
    old[16] = 1;
    assert_eq!(send("t", old), E::InvalidRecord.code());
    let twice = [good.clone(), good.clone()].concat();
    assert_eq!(send("t", twice), E::InvalidRecord.code());
    assert_eq!(send("t", Vec::new()), E::InvalidRecord.code());
    assert_eq!(send("t", good[..30].to_vec()), E::CorruptMessage.code());
    assert_eq!(
        send("none", good.clone()),
        E::UnknownTopicOrPartition.code()
    );
    let long = Batch {
        records: &[(None, Some("a long value for a small topic"))],
        ..Batch::default()
    };
    let long = long.encode(START_MS).to_vec();
    assert_eq!(send("small", long.clone()), E::MessageTooLarge.code());
    assert_eq!(send("compacted", long), E::InvalidRecord.code());
    assert_eq!(send("compacted", good), 0);
}

#[test]
fn a_follower_serves_up_to_the_watermark_it_was_given() {
    let mut sim = Sim::new(2);
    sim.create("t", 1);
    let set = |sim: &mut Sim, change| {
        let at = At {
            topic: "t".to_owned(),
            partition: 0,
        };
        sim.state
            .apply(sim.now, Change::Partition { at, change })
            .expect("set");
    };
    set(&mut sim, PartitionChange::Leader(1));
    for _ in 0..5 {
        sim.produce("t", Batch::default());
    }
    set(&mut sim, PartitionChange::Follower(2));
    let marks = |low, high| PartitionChange::FollowerWatermarks { low, high };
    set(&mut sim, marks(Some(1), Some(3)));
    let look = |sim: &mut Sim, at| {
        let waiting = sim.send(2, 11, &fetch("t", &[(0, at)]));
        sim.pass(500);
        let response = sim.take::<FetchRequest>(waiting);
        let got = batches(&response, 0);
        (response.responses[0].partitions[0].clone(), got)
    };
    let (p, got) = look(&mut sim, 2);
    assert_eq!(got, [(2, 2), (3, 3)]);
    assert_eq!(
        (p.high_watermark, p.last_stable_offset, p.log_start_offset),
        (3, 3, 1)
    );
    for (at, wanted) in [
        (0, E::OffsetOutOfRange.code()),
        (3, 0),
        (4, E::OffsetOutOfRange.code()),
    ] {
        assert_eq!(look(&mut sim, at).0.error_code, wanted, "offset {at}");
    }
    set(&mut sim, marks(None, None));
    assert_eq!(look(&mut sim, 3).1, [(3, 3), (4, 4)]);
}

#[test]
fn a_long_poll_ends_with_data_or_with_its_time() {
    let mut sim = Sim::new(1);
    sim.create("t", 2);
    let waiting = sim.send(1, 11, &fetch("t", &[(0, 0), (1, 0)]));
    sim.pass(499);
    assert!(sim.is_pending(waiting));
    sim.produce(
        "t",
        Batch {
            partition: 1,
            ..Batch::default()
        },
    );
    let response = sim.take::<FetchRequest>(waiting);
    assert_eq!(batches(&response, 0), []);
    assert_eq!(batches(&response, 1), [(0, 0)]);
    let waiting = sim.send(1, 11, &fetch("t", &[(0, 0)]));
    sim.pass(499);
    assert!(sim.is_pending(waiting));
    sim.pass(1);
    assert_eq!(batches(&sim.take::<FetchRequest>(waiting), 0), []);
    assert!(sim.state.fetch_waits.is_empty());
    assert!(sim.state.partition("t", 0).unwrap().waiters.is_empty());
    // A minimum that two batches reach.
    let size = Batch::default().encode(START_MS).len() as i32;
    let waiting = sim.send(1, 11, &fetch("t", &[(0, 0)]).with_min_bytes(size + 1));
    sim.produce("t", Batch::default());
    assert!(sim.is_pending(waiting));
    sim.produce("t", Batch::default());
    assert_eq!(
        batches(&sim.take::<FetchRequest>(waiting), 0),
        [(0, 0), (1, 1)]
    );
}

#[test]
fn a_client_that_hangs_up_leaves_nothing_behind() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    let waiting = sim.send(1, 11, &fetch("t", &[(0, 0)]));
    sim.state.connection_closed(sim.now, waiting.conn);
    assert!(sim.state.fetch_waits.is_empty());
    assert!(sim.state.partition("t", 0).unwrap().waiters.is_empty());
}

/// Each partition is looked at once, however often a client names it.
#[test]
fn a_partition_that_is_named_many_times_waits_once() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    let waiting = sim.send(1, 11, &fetch("t", &vec![(0, 0); 100_000]));
    let waiters = |sim: &Sim| sim.state.partition("t", 0).expect("there").waiters.len();
    assert_eq!(waiters(&sim), 1);
    sim.produce("t", Batch::default());
    let response = sim.take::<FetchRequest>(waiting);
    assert_eq!(response.responses[0].partitions.len(), 100_000);
    assert_eq!(waiters(&sim), 0);
    assert_eq!(
        sim.state.next_deadline(),
        None,
        "nothing is left to wait for"
    );
}

#[test]
fn where_refused_fetches_wait_an_error_comes_when_their_time_is_over() {
    let mut sim = Sim::new(1);
    sim.create("t", 2);
    let code = |response: &FetchResponse, p: usize| {
        let partition = &response.responses[0].partitions[p];
        (partition.error_code, partition.high_watermark)
    };
    let beyond = E::OffsetOutOfRange.code();
    let both = fetch("t", &[(0, 0), (1, 9)]);
    let refused = sim.call::<FetchRequest>(1, 11, &both);
    assert_eq!(code(&refused, 1), (beyond, -1), "Kafka's way");

    sim.state.refused_fetches_wait = true;
    let waiting = sim.send(1, 11, &both);
    sim.pass(499);
    assert!(sim.is_pending(waiting));
    sim.produce("t", Batch::default());
    assert!(sim.is_pending(waiting), "it is answered as things were");
    sim.pass(1);
    let response = sim.take::<FetchRequest>(waiting);
    assert_eq!(
        [code(&response, 0), code(&response, 1)],
        [(0, 0), (beyond, -1)]
    );
    // With records, it is told at once.
    assert_eq!(
        code(&sim.call::<FetchRequest>(1, 11, &both), 1),
        (beyond, -1)
    );
    // An injected error waits, too.
    let api = kafka_protocol::messages::ApiKey::Fetch as i16;
    sim.state.errors.push(
        api,
        [crate::mock::state::errors::Injected {
            code: E::KafkaStorageError.code().into(),
            rtt_ms: 0,
        }],
    );
    let waiting = sim.send(1, 11, &fetch("t", &[(0, 0)]));
    sim.pass(499);
    assert!(sim.is_pending(waiting));
    sim.pass(1);
    let response = sim.take::<FetchRequest>(waiting);
    assert_eq!(code(&response, 0).0, E::KafkaStorageError.code());
    assert!(sim.state.fetch_waits.is_empty());
    assert_eq!(sim.state.next_deadline(), None);
}

#[test]
fn where_refused_fetches_wait_one_learns_only_of_records() {
    let mut sim = Sim::new(1);
    sim.state.refused_fetches_wait = true;
    sim.create("t", 1);
    let mut known = fetch("t", &[(0, 0)]);
    known.topics[0].partitions[0].current_leader_epoch = 0;
    let waiting = sim.send(1, 12, &known);
    sim.state
        .partition_mut("t", 0)
        .expect("there")
        .set_leader(1);
    sim.state.wake_partition(sim.now, "t", 0);
    sim.pass(499);
    assert!(sim.is_pending(waiting));
    sim.pass(1);
    let response = sim.take::<FetchRequest>(waiting);
    assert_eq!(response.responses[0].partitions[0].error_code, 0);
    let waiting = sim.send(1, 12, &known);
    sim.pass(500);
    let response = sim.take::<FetchRequest>(waiting);
    let code = response.responses[0].partitions[0].error_code;
    assert_eq!(code, E::FencedLeaderEpoch.code(), "it was so when it came");
}

#[test]
fn a_leader_change_or_deletion_ends_a_long_poll() {
    let mut sim = Sim::new(2);
    sim.create("t", 1);
    let leader = sim.state.partition("t", 0).unwrap().leader;
    let other = 3 - leader;
    let waiting = sim.send(leader, 12, &fetch("t", &[(0, 0)]));
    let at = At {
        topic: "t".to_owned(),
        partition: 0,
    };
    let change = PartitionChange::Leader(other);
    sim.state
        .apply(sim.now, Change::Partition { at, change })
        .expect("moved");
    sim.settle();
    let response = sim.take::<FetchRequest>(waiting);
    let p = &response.responses[0].partitions[0];
    assert_eq!(p.error_code, E::NotLeaderOrFollower.code());
    assert_eq!(
        (p.current_leader.leader_id.0, p.current_leader.leader_epoch),
        (other, 1)
    );
    let waiting = sim.send(other, 12, &fetch("t", &[(0, 0)]));
    sim.state.delete_topic(sim.now, "t").expect("deleted");
    sim.settle();
    let response = sim.take::<FetchRequest>(waiting);
    let code = response.responses[0].partitions[0].error_code;
    assert_eq!(code, E::UnknownTopicOrPartition.code());
}

#[test]
fn size_limits_but_always_one_batch() {
    let mut sim = Sim::new(1);
    sim.create("t", 2);
    for partition in [0, 0, 0, 1, 1] {
        sim.produce(
            "t",
            Batch {
                partition,
                ..Batch::default()
            },
        );
    }
    let size = Batch::default().encode(START_MS).len() as i32;
    let both = fetch("t", &[(0, 0), (1, 0)]);
    let response = sim.call::<FetchRequest>(1, 11, &both.clone().with_max_bytes(1));
    assert_eq!(
        (batches(&response, 0).len(), batches(&response, 1).len()),
        (1, 0)
    );
    let response = sim.call::<FetchRequest>(1, 11, &both.clone().with_max_bytes(size * 4));
    assert_eq!(
        (batches(&response, 0).len(), batches(&response, 1).len()),
        (3, 1)
    );
    let mut narrow = both;
    narrow.topics[0].partitions[0].partition_max_bytes = size * 2;
    let response = sim.call::<FetchRequest>(1, 11, &narrow);
    assert_eq!(
        (batches(&response, 0).len(), batches(&response, 1).len()),
        (2, 2)
    );
}

#[test]
fn out_of_range_and_wrong_epochs() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    sim.produce("t", Batch::default());
    let code = |sim: &mut Sim, request: &FetchRequest| {
        let response = sim.call::<FetchRequest>(1, 11, request);
        response.responses[0].partitions[0].error_code
    };
    assert_eq!(
        code(&mut sim, &fetch("t", &[(0, 2)])),
        E::OffsetOutOfRange.code()
    );
    assert_eq!(
        code(&mut sim, &fetch("t", &[(5, 0)])),
        E::UnknownTopicOrPartition.code()
    );
    let mut future = fetch("t", &[(0, 0)]);
    future.topics[0].partitions[0].current_leader_epoch = 1;
    assert_eq!(code(&mut sim, &future), E::UnknownLeaderEpoch.code());
    sim.state.partition_mut("t", 0).unwrap().set_leader(1);
    future.topics[0].partitions[0].current_leader_epoch = 0;
    assert_eq!(code(&mut sim, &future), E::FencedLeaderEpoch.code());
}

#[test]
fn sessions_tell_only_what_is_new() {
    let mut sim = Sim::new(1);
    sim.create("t", 3);
    let full = fetch("t", &[(0, 0), (1, 0), (2, 0)])
        .with_session_epoch(0)
        .with_max_wait_ms(0);
    let first = sim.call::<FetchRequest>(1, 11, &full);
    assert!(first.session_id > 0);
    assert_eq!(first.responses[0].partitions.len(), 3);
    let next = |epoch| {
        FetchRequest::default()
            .with_session_id(first.session_id)
            .with_session_epoch(epoch)
            .with_min_bytes(1)
            .with_max_bytes(1 << 20)
    };
    let second = sim.call::<FetchRequest>(1, 11, &next(1));
    assert_eq!(second.responses.len(), 0, "nothing is new");
    sim.produce(
        "t",
        Batch {
            partition: 1,
            ..Batch::default()
        },
    );
    let third = sim.call::<FetchRequest>(1, 11, &next(2));
    assert_eq!(third.responses[0].partitions.len(), 1);
    assert_eq!(third.responses[0].partitions[0].partition_index, 1);
    // The position moves on, one partition is forgotten.
    let mut moved = next(3).with_forgotten_topics_data(vec![
        ForgottenTopic::default()
            .with_topic(topic("t"))
            .with_partitions(vec![2]),
    ]);
    moved.topics = fetch("t", &[(1, 1)]).topics;
    assert_eq!(sim.call::<FetchRequest>(1, 11, &moved).responses.len(), 0);
    sim.produce(
        "t",
        Batch {
            partition: 2,
            ..Batch::default()
        },
    );
    let fifth = sim.call::<FetchRequest>(1, 11, &next(4));
    assert_eq!(fifth.responses.len(), 0, "nobody asks for it any more");
    let stale = sim.call::<FetchRequest>(1, 11, &next(4));
    assert_eq!(stale.error_code, E::InvalidFetchSessionEpoch.code());
    let closing = next(-1);
    assert_eq!(sim.call::<FetchRequest>(1, 11, &closing).error_code, 0);
    let gone = sim.call::<FetchRequest>(1, 11, &next(5));
    assert_eq!(gone.error_code, E::FetchSessionIdNotFound.code());
}

#[test]
fn offsets_by_position_and_by_time() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    let two = [(Some("a"), Some("a")), (Some("b"), Some("b"))];
    for at in [1000, 3000, 2000] {
        let batch = Batch {
            records: &two,
            timestamp: Some(at),
            ..Batch::default()
        };
        assert_eq!(sim.produce("t", batch).0, 0);
    }
    let mut list = |timestamp: i64| {
        let request = ListOffsetsRequest::default().with_topics(vec![
            ListOffsetsTopic::default()
                .with_name(topic("t"))
                .with_partitions(vec![
                    ListOffsetsPartition::default()
                        .with_timestamp(timestamp)
                        .with_current_leader_epoch(-1),
                ]),
        ]);
        let response = sim.call::<ListOffsetsRequest>(1, 7, &request);
        let p = &response.topics[0].partitions[0];
        assert_eq!(p.error_code, 0);
        (p.offset, p.timestamp)
    };
    assert_eq!(list(-1), (6, -1));
    assert_eq!(list(-2), (0, -1));
    assert_eq!(list(-3), (3, 3001));
    assert_eq!(list(0), (0, 1000));
    assert_eq!(list(1001), (1, 1001));
    assert_eq!(list(1002), (2, 3000));
    assert_eq!(list(3002), (-1, -1));
}

/// The largest timestamp is that of a record that can still be read.
#[test]
fn the_largest_timestamp_goes_with_its_record() {
    let mut sim = Sim::new(1);
    sim.create_with("t", 1, &[("cleanup.policy", "compact,delete")]);
    let two = [(Some("a"), Some("1")), (Some("b"), Some("1"))];
    let at = |timestamp| Batch {
        records: &two,
        timestamp: Some(timestamp),
        ..Batch::default()
    };
    let largest = |sim: &Sim| {
        let log = &sim.state.partition("t", 0).expect("there").log;
        log.max_timestamp().map(|m| (m.offset, m.timestamp))
    };
    assert_eq!(largest(&sim), None);
    sim.produce("t", at(START_MS + 50));
    sim.produce("t", at(START_MS + 10));
    assert_eq!(largest(&sim), Some((1, START_MS + 51)));
    // Both keys have a later record, whose time is earlier.
    sim.state.apply(sim.now, Change::Compact).expect("runs");
    assert_eq!(largest(&sim), Some((3, START_MS + 11)));
    sim.produce("t", at(START_MS));
    let partition = sim.state.partition_mut("t", 0).expect("there");
    partition.delete_records_before(5);
    assert_eq!(largest(&sim), Some((5, START_MS + 1)));
}

#[test]
fn leader_epochs_have_ends() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    sim.produce("t", Batch::default());
    sim.state.partition_mut("t", 0).unwrap().set_leader(1);
    sim.state.partition_mut("t", 0).unwrap().set_leader(1);
    sim.produce("t", Batch::default());
    let mut end = |epoch| {
        let request = OffsetForLeaderEpochRequest::default().with_topics(vec![
            OffsetForLeaderTopic::default()
                .with_topic(topic("t"))
                .with_partitions(vec![
                    OffsetForLeaderPartition::default()
                        .with_current_leader_epoch(2)
                        .with_leader_epoch(epoch),
                ]),
        ]);
        let response = sim.call::<OffsetForLeaderEpochRequest>(1, 4, &request);
        let p = &response.topics[0].partitions[0];
        assert_eq!(p.error_code, 0);
        (p.leader_epoch, p.end_offset)
    };
    assert_eq!(end(0), (0, 1));
    assert_eq!(end(1), (0, 1), "nothing was written in epoch 1");
    assert_eq!(end(2), (2, 2));
    assert_eq!(end(3), (-1, -1));
}
