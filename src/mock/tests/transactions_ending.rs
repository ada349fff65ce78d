//! The time between the end of a transaction and its markers.

use super::transactions::{add, batch, committed, end, init, read, tx};
use super::*;
use crate::mock::command::{At, BrokerChange, Change, PartitionChange, Which};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, DescribeTransactionsRequest, GroupId, ProducerId,
    TxnOffsetCommitRequest,
};

const CONCURRENT: i16 = 51;

/// State and partitions.
pub(super) fn described(sim: &mut Sim) -> (String, usize) {
    let on = sim.state.coordinator(1, "tx").expect("a coordinator").id;
    let request = DescribeTransactionsRequest::default().with_transactional_ids(vec![tx()]);
    let r = sim.call::<DescribeTransactionsRequest>(on, 0, &request);
    let t = &r.transaction_states[0];
    let partitions = t.topics.iter().map(|t| t.partitions.len()).sum();
    (t.transaction_state.to_string(), partitions)
}

pub(super) fn add_group(sim: &mut Sim, pid: (i64, i16)) -> i16 {
    let request = AddOffsetsToTxnRequest::default()
        .with_transactional_id(tx())
        .with_group_id(GroupId(text("g")))
        .with_producer_id(ProducerId(pid.0))
        .with_producer_epoch(pid.1);
    sim.call::<AddOffsetsToTxnRequest>(1, 3, &request)
        .error_code
}

pub(super) fn commit_offset(
    sim: &mut Sim,
    pid: (i64, i16),
    offset: i64,
    version: i16,
    generation: i32,
) -> i16 {
    let partition = TxnOffsetCommitRequestPartition::default().with_committed_offset(offset);
    let request = TxnOffsetCommitRequest::default()
        .with_transactional_id(tx())
        .with_group_id(GroupId(text("g")))
        .with_producer_id(ProducerId(pid.0))
        .with_producer_epoch(pid.1)
        .with_generation_id(generation)
        .with_topics(vec![
            TxnOffsetCommitRequestTopic::default()
                .with_name(topic("t"))
                .with_partitions(vec![partition]),
        ]);
    let r = sim.call::<TxnOffsetCommitRequest>(1, version, &request);
    r.topics[0].partitions[0].error_code
}

pub(super) fn apply(sim: &mut Sim, change: Change) {
    sim.state.apply(sim.now, change).expect("applied");
    sim.pass(0);
}

pub(super) fn broker(sim: &mut Sim, id: i32, change: BrokerChange) {
    let which = Which::One(id);
    apply(sim, Change::Broker { which, change });
}

pub(super) fn leader(sim: &mut Sim, partition: i32, id: i32) {
    let at = At {
        topic: "t".to_owned(),
        partition,
    };
    let change = PartitionChange::Leader(id);
    apply(sim, Change::Partition { at, change });
}

pub(super) fn coordinator(sim: &mut Sim, key_type: i8, key: &str, broker: i32) {
    let key = key.to_owned();
    apply(
        sim,
        Change::Coordinator {
            key_type,
            key,
            broker,
        },
    );
}

/// A transaction with a message and an offset, which has just been ended.
fn ended(sim: &mut Sim, commit: bool, version: i16) -> ((i64, i16), (i64, i16)) {
    sim.create("t", 2);
    let (_, id, epoch) = init(sim, (-1, -1));
    let pid = (id, epoch);
    if version < 5 {
        assert_eq!(add(sim, pid, &[0]), [0]);
        assert_eq!(add_group(sim, pid), 0);
        assert_eq!(sim.produce_as("t", batch(pid, 0), Some("tx"), 11).0, 0);
        assert_eq!(commit_offset(sim, pid, 5, 4, -1), 0);
    } else {
        assert_eq!(sim.produce_as("t", batch(pid, 0), Some("tx"), 12).0, 0);
        assert_eq!(commit_offset(sim, pid, 5, 5, -1), 0);
    }
    let (code, next, epoch) = end(sim, pid, commit, version);
    assert_eq!(code, 0);
    let next = if version < 5 { pid } else { (next, epoch) };
    (pid, next)
}

#[test]
fn nothing_goes_on_until_the_markers_are_written() {
    for (commit, version) in [(true, 3), (false, 3), (true, 5), (false, 5)] {
        let mut sim = Sim::new(1);
        sim.state.txns.end_delay_ms = 100;
        let (old, new) = ended(&mut sim, commit, version);
        let name = if commit { "Commit" } else { "Abort" };
        assert_eq!(described(&mut sim), (format!("Prepare{name}"), 1));
        assert_eq!(add(&mut sim, new, &[0]), [CONCURRENT]);
        assert_eq!(add_group(&mut sim, new), CONCURRENT);
        assert_eq!(init(&mut sim, (-1, -1)).0, CONCURRENT);
        assert_eq!(init(&mut sim, new).0, CONCURRENT);
        for again in [commit, !commit] {
            assert_eq!(end(&mut sim, old, again, 5).0, CONCURRENT);
            assert_eq!(end(&mut sim, new, again, 3).0, CONCURRENT);
        }
        assert_eq!(commit_offset(&mut sim, new, 9, 5, -1), CONCURRENT);
        let other = Batch {
            partition: 1,
            ..batch(new, 0)
        };
        assert_eq!(sim.produce_as("t", other, Some("tx"), 12), (CONCURRENT, -1));
        let refused = sim.produce_as("t", other, Some("tx"), 11);
        assert_eq!(refused.0, E::NotEnoughReplicas.code());
        assert_eq!(read(&mut sim, true).1, 0, "the last stable offset");
        assert_eq!(committed(&mut sim).0, E::UnstableOffsetCommit.code());
        sim.pass(99);
        assert_eq!(described(&mut sim), (format!("Prepare{name}"), 1));
        sim.pass(1);
        assert_eq!(described(&mut sim), (format!("Complete{name}"), 0));
        let (high, stable, aborted, _) = read(&mut sim, true);
        let expected = if commit { vec![] } else { vec![(old.0, 0)] };
        assert_eq!((high, stable, aborted), (2, 2, expected));
        assert_eq!(committed(&mut sim), (0, if commit { 5 } else { -1 }));
        assert_eq!(end(&mut sim, old, commit, version).0, 0, "asked again");
        assert_eq!(sim.produce_as("t", other, Some("tx"), 12).0, 0);
    }
}

#[test]
fn an_open_transaction_is_aborted_for_its_producers_successor() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    sim.state.txns.end_delay_ms = 100;
    let (_, id, epoch) = init(&mut sim, (-1, -1));
    let pid = (id, epoch);
    assert_eq!(sim.produce_as("t", batch(pid, 0), Some("tx"), 12).0, 0);
    assert_eq!(init(&mut sim, (-1, -1)).0, CONCURRENT);
    assert_eq!(described(&mut sim).0, "PrepareAbort");
    // The old one's partition has no marker yet, and does not ask.
    assert_eq!(sim.produce_as("t", batch(pid, 1), Some("tx"), 12), (0, 1));
    assert_eq!(init(&mut sim, (-1, -1)).0, CONCURRENT);
    sim.pass(100);
    let late = sim.produce_as("t", batch(pid, 2), Some("tx"), 12);
    assert_eq!(late.0, E::InvalidProducerEpoch.code());
    assert_eq!(init(&mut sim, (-1, -1)), (0, id, epoch + 2));
    assert_eq!(read(&mut sim, true).2, [(id, 0)]);
}

#[test]
fn a_marker_waits_for_its_leader() {
    let mut sim = Sim::new(3);
    coordinator(&mut sim, 1, "tx", 1);
    coordinator(&mut sim, 0, "g", 1);
    sim.create("t", 2);
    leader(&mut sim, 0, 2);
    leader(&mut sim, 1, 3);
    let (_, id, epoch) = init(&mut sim, (-1, -1));
    let pid = (id, epoch);
    assert_eq!(add(&mut sim, pid, &[0, 1]), [0, 0]);
    assert_eq!(sim.produce_as("t", batch(pid, 0), Some("tx"), 11).0, 0);
    let other = Batch {
        partition: 1,
        ..batch(pid, 0)
    };
    assert_eq!(sim.produce_as("t", other, Some("tx"), 11).0, 0);
    broker(&mut sim, 2, BrokerChange::Down);
    assert_eq!(end(&mut sim, pid, true, 3).0, 0);
    assert_eq!(described(&mut sim), ("PrepareCommit".to_owned(), 1));
    let stable = |sim: &Sim, p| sim.state.partition("t", p).unwrap().last_stable_offset();
    assert_eq!((stable(&sim, 0), stable(&sim, 1)), (0, 2));
    sim.pass(60_000);
    assert_eq!(init(&mut sim, (-1, -1)).0, CONCURRENT);
    broker(&mut sim, 2, BrokerChange::Up);
    assert_eq!(described(&mut sim).0, "CompleteCommit");
    assert_eq!(stable(&sim, 0), 2);
    // Another leader will do as well.
    assert_eq!(add(&mut sim, pid, &[0]), [0]);
    broker(&mut sim, 2, BrokerChange::Down);
    assert_eq!(end(&mut sim, pid, false, 3).0, 0);
    assert_eq!(described(&mut sim).0, "PrepareAbort");
    leader(&mut sim, 0, -1);
    assert_eq!(described(&mut sim).0, "PrepareAbort");
    leader(&mut sim, 0, 3);
    assert_eq!(described(&mut sim).0, "CompleteAbort");
    // A topic that is gone needs none.
    assert_eq!(add(&mut sim, pid, &[0]), [0]);
    leader(&mut sim, 0, -1);
    assert_eq!(end(&mut sim, pid, false, 3).0, 0);
    assert_eq!(described(&mut sim).0, "PrepareAbort");
    let name = "t".to_owned();
    apply(&mut sim, Change::DeleteTopic { name });
    assert_eq!(described(&mut sim).0, "CompleteAbort");
}

#[test]
fn a_marker_takes_the_round_trip_to_its_leader() {
    let mut sim = Sim::new(2);
    coordinator(&mut sim, 1, "tx", 1);
    coordinator(&mut sim, 0, "g", 2);
    sim.create("t", 1);
    leader(&mut sim, 0, 2);
    let (_, id, epoch) = init(&mut sim, (-1, -1));
    let pid = (id, epoch);
    assert_eq!(add(&mut sim, pid, &[0]), [0]);
    assert_eq!(add_group(&mut sim, pid), 0);
    broker(&mut sim, 2, BrokerChange::RoundTripTime(50));
    assert_eq!(end(&mut sim, pid, true, 3).0, 0);
    sim.pass(49);
    assert_eq!(described(&mut sim).0, "PrepareCommit");
    broker(&mut sim, 2, BrokerChange::RoundTripTime(60));
    sim.pass(10);
    assert_eq!(described(&mut sim).0, "PrepareCommit");
    sim.pass(1);
    assert_eq!(described(&mut sim).0, "CompleteCommit");
}

#[test]
fn offsets_wait_for_their_groups_coordinator() {
    let mut sim = Sim::new(2);
    coordinator(&mut sim, 1, "tx", 1);
    coordinator(&mut sim, 0, "g", 1);
    sim.create("t", 1);
    let (_, id, epoch) = init(&mut sim, (-1, -1));
    let pid = (id, epoch);
    assert_eq!(commit_offset(&mut sim, pid, 5, 5, -1), 0);
    coordinator(&mut sim, 0, "g", 2);
    broker(&mut sim, 2, BrokerChange::Down);
    assert_eq!(end(&mut sim, pid, true, 5).0, 0);
    assert_eq!(described(&mut sim).0, "PrepareCommit");
    coordinator(&mut sim, 0, "g", 1);
    assert_eq!(described(&mut sim).0, "CompleteCommit");
    assert_eq!(committed(&mut sim), (0, 5));
}
