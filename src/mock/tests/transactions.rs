//! Idempotent producers and transactions.

use super::*;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchRequest, FetchTopic};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, EndTxnRequest, GroupId,
    InitProducerIdRequest, OffsetFetchRequest, ProducerId, TxnOffsetCommitRequest,
};

pub(super) fn tx() -> TransactionalId {
    TransactionalId(text("tx"))
}

pub(super) fn init(sim: &mut Sim, current: (i64, i16)) -> (i16, i64, i16) {
    let request = InitProducerIdRequest::default()
        .with_transactional_id(Some(tx()))
        .with_transaction_timeout_ms(10_000)
        .with_producer_id(ProducerId(current.0))
        .with_producer_epoch(current.1);
    let r = sim.call::<InitProducerIdRequest>(1, 4, &request);
    (r.error_code, r.producer_id.0, r.producer_epoch)
}

pub(super) fn add(sim: &mut Sim, pid: (i64, i16), partitions: &[i32]) -> Vec<i16> {
    let request = AddPartitionsToTxnRequest::default()
        .with_v3_and_below_transactional_id(tx())
        .with_v3_and_below_producer_id(ProducerId(pid.0))
        .with_v3_and_below_producer_epoch(pid.1)
        .with_v3_and_below_topics(vec![
            AddPartitionsToTxnTopic::default()
                .with_name(topic("t"))
                .with_partitions(partitions.to_vec()),
        ]);
    let r = sim.call::<AddPartitionsToTxnRequest>(1, 3, &request);
    let results = &r.results_by_topic_v3_and_below[0].results_by_partition;
    results.iter().map(|p| p.partition_error_code).collect()
}

pub(super) fn end(sim: &mut Sim, pid: (i64, i16), commit: bool, version: i16) -> (i16, i64, i16) {
    let request = EndTxnRequest::default()
        .with_transactional_id(tx())
        .with_producer_id(ProducerId(pid.0))
        .with_producer_epoch(pid.1)
        .with_committed(commit);
    let r = sim.call::<EndTxnRequest>(1, version, &request);
    (r.error_code, r.producer_id.0, r.producer_epoch)
}

pub(super) fn batch(pid: (i64, i16), sequence: i32) -> Batch<'static> {
    Batch {
        pid: pid.0,
        epoch: pid.1,
        sequence,
        transactional: true,
        ..Batch::default()
    }
}

/// High watermark, last stable offset, aborted (producer, first offset), bytes.
pub(super) fn read(sim: &mut Sim, committed: bool) -> (i64, i64, Vec<(i64, i64)>, usize) {
    let request = FetchRequest::default()
        .with_max_bytes(1 << 20)
        .with_isolation_level(i8::from(committed))
        .with_session_epoch(-1)
        .with_topics(vec![
            FetchTopic::default()
                .with_topic(topic("t"))
                .with_partitions(vec![
                    FetchPartition::default()
                        .with_current_leader_epoch(-1)
                        .with_partition_max_bytes(1 << 20),
                ]),
        ]);
    let r = sim.call::<FetchRequest>(1, 11, &request);
    let p = &r.responses[0].partitions[0];
    let aborted = p.aborted_transactions.iter().flatten();
    (
        p.high_watermark,
        p.last_stable_offset,
        aborted.map(|a| (a.producer_id.0, a.first_offset)).collect(),
        p.records.as_ref().map_or(0, Bytes::len),
    )
}

#[test]
fn committed_aborted_and_open() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    let (code, id, epoch) = init(&mut sim, (-1, -1));
    assert_eq!((code, epoch), (0, 0));
    let pid = (id, epoch);
    let unjoined = sim.produce_as("t", batch(pid, 0), Some("tx"), 9);
    assert_eq!(unjoined.0, E::InvalidTxnState.code());
    assert_eq!(add(&mut sim, pid, &[0]), [0]);
    assert_eq!(sim.produce_as("t", batch(pid, 0), Some("tx"), 9), (0, 0));
    assert_eq!(sim.produce_as("t", batch(pid, 1), Some("tx"), 9), (0, 1));
    let (high, stable, aborted, bytes) = read(&mut sim, true);
    assert_eq!((high, stable, aborted.len(), bytes), (2, 0, 0, 0));
    assert!(read(&mut sim, false).3 > 0);
    assert_eq!(end(&mut sim, pid, true, 3).0, 0);
    assert_eq!(end(&mut sim, pid, true, 3).0, 0, "asked again");
    assert_eq!(end(&mut sim, pid, false, 3).0, E::InvalidTxnState.code());
    assert_eq!(read(&mut sim, true).1, 3);
    add(&mut sim, pid, &[0]);
    assert_eq!(sim.produce_as("t", batch(pid, 2), Some("tx"), 9), (0, 3));
    assert_eq!(end(&mut sim, pid, false, 3).0, 0);
    let (high, stable, aborted, _) = read(&mut sim, true);
    assert_eq!((high, stable, aborted), (5, 5, vec![(id, 3)]));
}

#[test]
fn a_new_producer_fences_the_old_one_and_aborts_its_transaction() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    let (_, id, epoch) = init(&mut sim, (-1, -1));
    let old = (id, epoch);
    add(&mut sim, old, &[0]);
    sim.produce_as("t", batch(old, 0), Some("tx"), 9);
    let again = init(&mut sim, (-1, -1)).0;
    assert_eq!(again, E::ConcurrentTransactions.code(), "comes again");
    let (code, same, newer) = init(&mut sim, (-1, -1));
    assert_eq!((code, same), (0, id));
    assert!(newer > epoch);
    assert_eq!(read(&mut sim, true).2, [(id, 0)]);
    assert_eq!(add(&mut sim, old, &[0]), [E::ProducerFenced.code()]);
    assert_eq!(end(&mut sim, old, true, 3).0, E::ProducerFenced.code());
    assert_eq!(
        end(&mut sim, old, true, 1).0,
        E::InvalidProducerEpoch.code()
    );
    let late = sim.produce_as("t", batch(old, 1), Some("tx"), 9);
    assert_eq!(late.0, E::InvalidProducerEpoch.code());
    assert_eq!(
        end(&mut sim, (id + 1, newer), true, 3).0,
        E::InvalidProducerIdMapping.code()
    );
}

#[test]
fn a_producer_may_bump_its_own_epoch() {
    let mut sim = Sim::new(1);
    let (_, id, epoch) = init(&mut sim, (-1, -1));
    assert_eq!(init(&mut sim, (id, epoch)), (0, id, epoch + 1));
    assert_eq!(
        init(&mut sim, (id, epoch)),
        (0, id, epoch + 1),
        "the answer was lost"
    );
    assert_eq!(init(&mut sim, (id, epoch + 1)), (0, id, epoch + 2));
    assert_eq!(init(&mut sim, (id, epoch)).0, E::ProducerFenced.code());
    assert_eq!(init(&mut sim, (id + 5, epoch)).0, E::ProducerFenced.code());
}

#[test]
fn new_clients_join_by_producing_and_get_an_epoch_with_each_end() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    let (_, id, epoch) = init(&mut sim, (-1, -1));
    let pid = (id, epoch);
    assert_eq!(sim.produce_as("t", batch(pid, 0), Some("tx"), 12), (0, 0));
    assert_eq!(end(&mut sim, pid, true, 5), (0, id, epoch + 1));
    assert_eq!(
        end(&mut sim, pid, true, 5),
        (0, id, epoch + 1),
        "asked again"
    );
    let pid = (id, epoch + 1);
    assert_eq!(sim.produce_as("t", batch(pid, 0), Some("tx"), 12), (0, 2));
    assert_eq!(end(&mut sim, pid, false, 5), (0, id, epoch + 2));
    assert_eq!(read(&mut sim, true).2, [(id, 2)]);
    let pid = (id, epoch + 2);
    assert_eq!(
        end(&mut sim, pid, true, 5).0,
        E::InvalidTxnState.code(),
        "nothing to commit"
    );
    assert_eq!(
        end(&mut sim, pid, false, 5),
        (0, id, epoch + 3),
        "but to abort"
    );
}

#[test]
fn a_transaction_that_takes_too_long_is_aborted() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    let (_, id, epoch) = init(&mut sim, (-1, -1));
    let pid = (id, epoch);
    add(&mut sim, pid, &[0]);
    sim.produce_as("t", batch(pid, 0), Some("tx"), 9);
    sim.pass(9_999);
    assert_eq!(read(&mut sim, true).1, 0);
    sim.pass(1);
    let (high, stable, aborted, _) = read(&mut sim, true);
    assert_eq!((high, stable, aborted), (2, 2, vec![(id, 0)]));
    assert_eq!(end(&mut sim, pid, true, 3).0, E::ProducerFenced.code());
}

#[test]
fn epochs_run_out() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    let (_, id, _) = init(&mut sim, (-1, -1));
    sim.state.transactions.get_mut("tx").unwrap().epoch = i16::MAX - 2;
    let pid = (id, i16::MAX - 2);
    assert_eq!(sim.produce_as("t", batch(pid, 0), Some("tx"), 12).0, 0);
    let (code, same, epoch) = end(&mut sim, pid, true, 5);
    assert_eq!((code, same, epoch), (0, id, i16::MAX - 1));
    let pid = (id, epoch);
    assert_eq!(sim.produce_as("t", batch(pid, 0), Some("tx"), 12).0, 0);
    let (code, next, epoch) = end(&mut sim, pid, true, 5);
    assert_eq!((code, epoch), (0, 0));
    assert_ne!(next, id);
}

#[test]
fn idempotence_without_transactions() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    let request = InitProducerIdRequest::default().with_transactional_id(None);
    let r = sim.call::<InitProducerIdRequest>(1, 4, &request);
    let plain = |sequence| Batch {
        transactional: false,
        ..batch((r.producer_id.0, 0), sequence)
    };
    assert_eq!(sim.produce("t", plain(0)), (0, 0));
    assert_eq!(sim.produce("t", plain(1)), (0, 1));
    assert_eq!(
        sim.produce("t", plain(0)),
        (0, 0),
        "a retry is acknowledged again"
    );
    assert_eq!(
        sim.produce("t", plain(3)).0,
        E::OutOfOrderSequenceNumber.code()
    );
    assert_eq!(sim.produce("t", plain(2)), (0, 2));
}

#[test]
fn offsets_count_when_their_transaction_commits() {
    for version in [3, 5] {
        let mut sim = Sim::new(1);
        sim.create("t", 1);
        let (_, id, mut epoch) = init(&mut sim, (-1, -1));
        for (offset, commits, expected) in [(5, false, -1), (6, true, 6), (7, false, 6)] {
            let request = TxnOffsetCommitRequest::default()
                .with_transactional_id(tx())
                .with_group_id(GroupId(text("g")))
                .with_producer_id(ProducerId(id))
                .with_producer_epoch(epoch)
                .with_generation_id(-1)
                .with_topics(vec![
                    TxnOffsetCommitRequestTopic::default()
                        .with_name(topic("t"))
                        .with_partitions(vec![
                            TxnOffsetCommitRequestPartition::default()
                                .with_committed_offset(offset),
                        ]),
                ]);
            let code = |sim: &mut Sim| {
                let r = sim.call::<TxnOffsetCommitRequest>(1, version, &request);
                r.topics[0].partitions[0].error_code
            };
            if version < 5 {
                assert_eq!(code(&mut sim), E::InvalidTxnState.code());
                let add = AddOffsetsToTxnRequest::default()
                    .with_transactional_id(tx())
                    .with_group_id(GroupId(text("g")))
                    .with_producer_id(ProducerId(id))
                    .with_producer_epoch(epoch);
                assert_eq!(sim.call::<AddOffsetsToTxnRequest>(1, 3, &add).error_code, 0);
            }
            assert_eq!(code(&mut sim), 0);
            assert_eq!(committed(&mut sim).0, E::UnstableOffsetCommit.code());
            let (code, _, next) = end(&mut sim, (id, epoch), commits, version);
            assert_eq!(code, 0);
            if version >= 5 {
                epoch = next;
            }
            assert_eq!(committed(&mut sim), (0, expected));
        }
    }
}

pub(super) fn committed(sim: &mut Sim) -> (i16, i64) {
    let wanted = OffsetFetchRequestTopics::default()
        .with_name(topic("t"))
        .with_partition_indexes(vec![0]);
    let group = OffsetFetchRequestGroup::default()
        .with_group_id(GroupId(text("g")))
        .with_topics(Some(vec![wanted]));
    let request = OffsetFetchRequest::default()
        .with_groups(vec![group])
        .with_require_stable(true);
    let r = sim.call::<OffsetFetchRequest>(1, 8, &request);
    let p = &r.groups[0].topics[0].partitions[0];
    (p.error_code, p.committed_offset)
}
