//! Coordinators that move, members that are fenced, groups that go, and injected errors.

use super::transactions::{add, batch, committed, end, init, read, tx};
use super::transactions_ending::{add_group, apply, broker, commit_offset, coordinator, described};
use super::*;
use crate::mock::command::{BrokerChange, Change};
use crate::mock::state::errors::Injected;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::{DeleteGroupsRequest, FindCoordinatorRequest, GroupId};

const MOVED: i16 = 16;

fn start() -> (Sim, (i64, i16)) {
    let mut sim = Sim::new(2);
    sim.create("t", 1);
    coordinator(&mut sim, 1, "tx", 1);
    coordinator(&mut sim, 0, "g", 1);
    let (code, id, epoch) = init(&mut sim, (-1, -1));
    assert_eq!(code, 0);
    (sim, (id, epoch))
}

fn push(sim: &mut Sim, key: ApiKey, code: i32) {
    let change = Change::PushErrors {
        api: api(key),
        codes: vec![code],
    };
    apply(sim, change);
}

fn found(sim: &mut Sim) -> (i16, i32) {
    let request = FindCoordinatorRequest::default()
        .with_key_type(1)
        .with_key(text("tx"));
    let r = sim.call::<FindCoordinatorRequest>(1, 2, &request);
    (r.error_code, r.node_id.0)
}

#[test]
fn each_step_finds_a_coordinator_that_moved() {
    let (mut sim, pid) = start();
    type Step = fn(&mut Sim, (i64, i16)) -> i16;
    let steps: [Step; 5] = [
        |sim, pid| init(sim, pid).0,
        |sim, pid| add(sim, pid, &[0])[0],
        add_group,
        |sim, pid| end(sim, pid, true, 3).0,
        |sim, pid| end(sim, pid, true, 5).0,
    ];
    coordinator(&mut sim, 1, "tx", 2);
    for step in steps {
        assert_eq!(step(&mut sim, pid), MOVED);
    }
    coordinator(&mut sim, 0, "g", 2);
    assert_eq!(commit_offset(&mut sim, pid, 5, 5, -1), MOVED);
    assert_eq!(described(&mut sim).0, "Empty", "nothing has come of it");
    coordinator(&mut sim, 1, "tx", 1);
    coordinator(&mut sim, 0, "g", 1);
    assert_eq!(add(&mut sim, pid, &[0]), [0]);
    sim.state.txns.end_delay_ms = 100;
    assert_eq!(end(&mut sim, pid, true, 3).0, 0);
    coordinator(&mut sim, 1, "tx", 2);
    sim.pass(100);
    assert_eq!(described(&mut sim).0, "CompleteCommit", "by the new one");
}

#[test]
fn an_injected_error_is_all_that_comes_of_a_request() {
    let (mut sim, pid) = start();
    let error = E::CoordinatorNotAvailable.code();
    push(&mut sim, ApiKey::FindCoordinator, error.into());
    assert_eq!(found(&mut sim), (error, -1));
    assert_eq!(found(&mut sim), (0, 1));
    push(&mut sim, ApiKey::AddPartitionsToTxn, error.into());
    assert_eq!(add(&mut sim, pid, &[0]), [error]);
    push(&mut sim, ApiKey::AddOffsetsToTxn, error.into());
    assert_eq!(add_group(&mut sim, pid), error);
    push(&mut sim, ApiKey::TxnOffsetCommit, error.into());
    assert_eq!(commit_offset(&mut sim, pid, 5, 5, -1), error);
    assert_eq!(described(&mut sim).0, "Empty");
    assert_eq!(add(&mut sim, pid, &[0]), [0]);
    push(&mut sim, ApiKey::EndTxn, error.into());
    assert_eq!(end(&mut sim, pid, true, 5).0, error);
    assert_eq!(described(&mut sim).0, "Ongoing");
    push(&mut sim, ApiKey::InitProducerId, error.into());
    assert_eq!(init(&mut sim, (-1, -1)).0, error);
    assert_eq!(described(&mut sim).0, "Ongoing");
    assert_eq!(end(&mut sim, pid, true, 5), (0, pid.0, pid.1 + 1));
}

/// The delay is the answer's, the deed is done at once.
#[test]
fn a_round_trip_time_delays_the_answer() {
    let (mut sim, pid) = start();
    assert_eq!(add(&mut sim, pid, &[0]), [0]);
    let change = Change::PushBrokerErrors {
        broker: 1,
        api: api(ApiKey::EndTxn),
        errors: vec![Injected {
            code: 0,
            rtt_ms: 500,
        }],
    };
    apply(&mut sim, change);
    let request = kafka_protocol::messages::EndTxnRequest::default()
        .with_transactional_id(tx())
        .with_producer_id(pid.0.into())
        .with_producer_epoch(pid.1)
        .with_committed(true);
    let pending = sim.send(1, 3, &request);
    let (response, delay) = sim.take_delayed::<kafka_protocol::messages::EndTxnRequest>(pending);
    assert_eq!((response.error_code, delay), (0, 500));
    assert_eq!(described(&mut sim).0, "CompleteCommit");
}

#[test]
fn a_group_that_is_deleted_takes_its_offsets_with_it() {
    let (mut sim, pid) = start();
    assert_eq!(commit_offset(&mut sim, pid, 5, 5, -1), 0);
    assert_eq!(sim.produce_as("t", batch(pid, 0), Some("tx"), 12).0, 0);
    let request = DeleteGroupsRequest::default().with_groups_names(vec![GroupId(text("g"))]);
    let r = sim.call::<DeleteGroupsRequest>(1, 2, &request);
    assert_eq!(r.results[0].error_code, 0);
    assert_eq!(end(&mut sim, pid, true, 5).0, 0);
    assert_eq!(described(&mut sim).0, "CompleteCommit");
    assert_eq!(committed(&mut sim), (0, -1));
    assert_eq!(read(&mut sim, true).1, 2);
}

/// The group has joined the transaction by then, and is settled with it.
#[test]
fn a_member_that_is_no_longer_one_commits_nothing() {
    let (mut sim, pid) = start();
    let refused = commit_offset(&mut sim, pid, 5, 5, 3);
    assert_eq!(refused, E::IllegalGeneration.code());
    assert_eq!(described(&mut sim).0, "Ongoing");
    assert_eq!(end(&mut sim, pid, true, 5).0, 0);
    assert_eq!(committed(&mut sim), (0, -1));
}

#[test]
fn a_transaction_ends_in_time_though_all_brokers_are_down() {
    let (mut sim, pid) = start();
    assert_eq!(sim.produce_as("t", batch(pid, 0), Some("tx"), 12).0, 0);
    for id in [1, 2] {
        broker(&mut sim, id, BrokerChange::Down);
    }
    sim.pass(60_000);
    assert_eq!(described(&mut sim).0, "PrepareAbort");
    for id in [1, 2] {
        broker(&mut sim, id, BrokerChange::Up);
    }
    assert_eq!(described(&mut sim).0, "CompleteAbort");
    assert_eq!(read(&mut sim, true).2, [(pid.0, 0)]);
    assert_eq!(init(&mut sim, pid), (0, pid.0, pid.1 + 1));
}
