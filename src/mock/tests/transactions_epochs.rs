//! Epochs: who may go on after which end, and what follows the last one.

use super::transactions::{add, batch, end, init, read, tx};
use super::transactions_ending::{apply, described};
use super::*;
use crate::mock::command::Change;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::{ApiVersionsRequest, InitProducerIdRequest, ProducerId};

const CONCURRENT: i16 = 51;
const FENCED: i16 = 90;
const LAST: i16 = i16::MAX - 1;

fn set_epoch(sim: &mut Sim, epoch: i16) {
    sim.state.transactions.get_mut("tx").unwrap().epoch = epoch;
}

fn start(version: i16) -> (Sim, i64) {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    sim.state.txns.version = version;
    let (code, id, epoch) = init(&mut sim, (-1, -1));
    assert_eq!((code, epoch), (0, 0));
    (sim, id)
}

/// The level of `transaction.version`, and its epoch.
fn feature(sim: &mut Sim) -> (Option<i16>, i64) {
    let request = ApiVersionsRequest::default()
        .with_client_software_name(text("test"))
        .with_client_software_version(text("1"));
    let r = sim.call::<ApiVersionsRequest>(1, 3, &request);
    let level = r.finalized_features.first().map(|f| f.max_version_level);
    (level, r.finalized_features_epoch)
}

#[test]
fn the_transaction_version_is_a_choice() {
    let (mut sim, _) = start(2);
    assert_eq!(feature(&mut sim), (Some(2), 1));
    apply(&mut sim, Change::TransactionVersion { level: 1 });
    assert_eq!(feature(&mut sim), (Some(1), 2));
    apply(&mut sim, Change::TransactionVersion { level: 0 });
    assert_eq!(feature(&mut sim), (None, 3));
    let change = Change::TransactionVersion { level: 3 };
    assert!(sim.state.apply(sim.now, change).is_err());
    apply(&mut sim, Change::TransactionVersion { level: 2 });
    for (key, max) in [
        (ApiKey::EndTxn, 4),
        (ApiKey::Produce, 11),
        (ApiKey::TxnOffsetCommit, 4),
    ] {
        let api = api(key);
        let full = sim.state.versions.iter().find(|v| v.0 == api).unwrap().1;
        let limit = |max| Change::ApiVersions { api, min: 0, max };
        apply(&mut sim, limit(max));
        assert_eq!(feature(&mut sim).0, Some(1), "{key:?}");
        apply(&mut sim, limit(full.max));
        assert_eq!(feature(&mut sim).0, Some(2));
    }
}

#[test]
fn half_an_identity_is_refused() {
    let (mut sim, id) = start(2);
    assert_eq!(init(&mut sim, (id, -1)).0, E::InvalidRequest.code());
    assert_eq!(init(&mut sim, (-1, 0)).0, E::InvalidRequest.code());
    let request = InitProducerIdRequest::default()
        .with_transactional_id(Some(tx()))
        .with_transaction_timeout_ms(900_001)
        .with_producer_id(ProducerId(-1))
        .with_producer_epoch(-1);
    let r = sim.call::<InitProducerIdRequest>(1, 4, &request);
    assert_eq!(r.error_code, E::InvalidTransactionTimeout.code());
}

/// The producer of a transaction that took too long learns its new epoch from version 2 on,
/// and before that is fenced for good.
#[test]
fn after_a_timeout() {
    for version in [1, 2] {
        let (mut sim, id) = start(version);
        let pid = (id, 0);
        assert_eq!(add(&mut sim, pid, &[0]), [0]);
        assert_eq!(sim.produce_as("t", batch(pid, 0), Some("tx"), 11).0, 0);
        sim.pass(10_000);
        assert_eq!(described(&mut sim).0, "CompleteAbort");
        assert_eq!(read(&mut sim, true).2, [(id, 0)]);
        assert_eq!(add(&mut sim, pid, &[0]), [FENCED]);
        assert_eq!(end(&mut sim, pid, true, 3).0, FENCED);
        let late = sim.produce_as("t", batch(pid, 1), Some("tx"), 11);
        assert_eq!(late.0, E::InvalidProducerEpoch.code());
        let (commit, abort) = (end(&mut sim, pid, true, 5).0, end(&mut sim, pid, false, 5));
        assert_eq!(commit, E::InvalidTxnState.code());
        assert_eq!(abort, (0, id, 1), "the end that it asks for");
        let expected = if version == 2 {
            (0, id, 1)
        } else {
            (FENCED, -1, -1)
        };
        assert_eq!(init(&mut sim, pid), expected);
        assert_eq!(init(&mut sim, (-1, -1)), (0, id, 2));
    }
}

#[test]
fn a_timeout_may_be_noticed_late() {
    let (mut sim, id) = start(2);
    sim.state.txns.abort_delay_ms = 3000;
    assert_eq!(add(&mut sim, (id, 0), &[0]), [0]);
    sim.pass(12_999);
    assert_eq!(described(&mut sim).0, "Ongoing");
    sim.pass(1);
    assert_eq!(described(&mut sim).0, "CompleteAbort");
}

#[test]
fn a_bump_within_an_open_transaction_aborts_it() {
    for version in [1, 2] {
        let (mut sim, id) = start(version);
        let pid = (id, 0);
        assert_eq!(add(&mut sim, pid, &[0]), [0]);
        assert_eq!(init(&mut sim, pid).0, CONCURRENT);
        let expected = if version == 2 {
            (0, id, 1)
        } else {
            (FENCED, -1, -1)
        };
        assert_eq!(init(&mut sim, pid), expected);
    }
}

/// Asked again after a lost answer, each is answered as before.
#[test]
fn after_the_last_epoch_comes_another_id() {
    // By InitProducerId, of a stranger and of the owner.
    let (mut sim, id) = start(2);
    set_epoch(&mut sim, LAST);
    let (code, next, epoch) = init(&mut sim, (-1, -1));
    assert_eq!((code, epoch, next != id), (0, 0, true));
    assert_eq!(init(&mut sim, (id, LAST)).0, FENCED);
    set_epoch(&mut sim, LAST);
    let (code, third, epoch) = init(&mut sim, (next, LAST));
    assert_eq!((code, epoch, third != next), (0, 0, true));
    assert_eq!(init(&mut sim, (next, LAST)), (0, third, 0));
    assert_eq!(init(&mut sim, (next, LAST - 1)).0, FENCED);
    assert_eq!(init(&mut sim, (third, 0)), (0, third, 1));
    assert_eq!(init(&mut sim, (next, LAST)).0, FENCED, "too late");
    // By EndTxn: the last marker has the epoch that nobody gets.
    let (mut sim, id) = start(2);
    set_epoch(&mut sim, LAST);
    sim.state.txns.end_delay_ms = 100;
    let pid = (id, LAST);
    assert_eq!(sim.produce_as("t", batch(pid, 0), Some("tx"), 12).0, 0);
    let (code, next, epoch) = end(&mut sim, pid, true, 5);
    assert_eq!((code, epoch, next != id), (0, 0, true));
    assert_eq!(end(&mut sim, pid, true, 5).0, CONCURRENT);
    sim.pass(100);
    assert_eq!(end(&mut sim, pid, true, 5), (0, next, 0));
    assert_eq!(end(&mut sim, pid, false, 5).0, E::InvalidTxnState.code());
    assert_eq!(init(&mut sim, pid), (0, next, 0));
    let active = sim.state.partition("t", 0).unwrap().producers.active();
    assert_eq!((active[0].producer_id, active[0].epoch), (id, i16::MAX));
    let new = (next, 0);
    assert_eq!(sim.produce_as("t", batch(new, 0), Some("tx"), 12).0, 0);
    assert_eq!(
        end(&mut sim, pid, true, 5).0,
        E::InvalidProducerIdMapping.code(),
        "too late"
    );
}

/// A transaction of the last epoch that takes too long: its producer learns of no other.
#[test]
fn a_timeout_at_the_last_epoch() {
    let (mut sim, id) = start(2);
    set_epoch(&mut sim, LAST);
    let pid = (id, LAST);
    assert_eq!(sim.produce_as("t", batch(pid, 0), Some("tx"), 12).0, 0);
    sim.pass(10_000);
    assert_eq!(init(&mut sim, pid).0, E::UnknownServerError.code());
    let (code, next, epoch) = init(&mut sim, (-1, -1));
    assert_eq!((code, epoch, next != id), (0, 0, true));
}
