//! Seeded runs of everything at once, in virtual time: whatever happens on the way, each
//! transaction ends, each of its partitions gets one marker, and the same seed gives the
//! same cluster.

use super::transactions::{add, batch, end, init};
use super::transactions_ending::{apply, broker, commit_offset, coordinator, leader};
use super::*;
use crate::mock::command::{BrokerChange, Change};
use crate::mock::log::batch::Header;
use crate::mock::state::txn::TxnState;
use std::collections::BTreeMap;

const BROKERS: i32 = 3;
const PARTITIONS: i32 = 3;

/// The last identity that the coordinator gave, and the next sequence of each partition.
#[derive(Default)]
struct Producer {
    pid: (i64, i16),
    next: BTreeMap<i32, i32>,
}

impl Producer {
    fn is(&mut self, (code, id, epoch): (i16, i64, i16)) {
        if code == 0 && id >= 0 && self.pid != (id, epoch) {
            self.pid = (id, epoch);
            self.next.clear();
        }
    }
}

fn step(sim: &mut Sim, rng: &mut fastrand::Rng, p: &mut Producer) {
    let partition = rng.i32(0..PARTITIONS);
    let id = rng.i32(1..=BROKERS);
    match rng.u32(..20) {
        0 => {
            let anew = init(sim, (-1, -1));
            p.is(anew);
        }
        1 => {
            let bumped = init(sim, p.pid);
            p.is(bumped);
        }
        2..5 => drop(add(sim, p.pid, &[partition])),
        5..9 => {
            let sequence = p.next.get(&partition).copied().unwrap_or(0);
            let data = Batch {
                partition,
                ..batch(p.pid, sequence)
            };
            let version = *rng.choice(&[9, 12, 12]).expect("one");
            if sim.produce_as("t", data, Some("tx"), version).0 == 0 {
                p.next.insert(partition, sequence + 1);
            }
        }
        9 => drop(commit_offset(sim, p.pid, rng.i64(0..100), 5, -1)),
        10..14 => {
            let version = *rng.choice(&[3, 5, 5]).expect("one");
            let ended = end(sim, p.pid, rng.bool(), version);
            if version == 5 {
                p.is(ended);
            }
        }
        14 => broker(sim, id, BrokerChange::Down),
        15 => broker(sim, id, BrokerChange::Up),
        16 => broker(sim, id, BrokerChange::RoundTripTime(rng.u32(..200))),
        17 => leader(sim, partition, rng.i32(1..=BROKERS)),
        18 => coordinator(
            sim,
            rng.i8(0..2),
            ["g", "tx"][rng.usize(..2)],
            rng.i32(1..3),
        ),
        _ => sim.pass(*rng.choice(&[1, 50, 300, 4000]).expect("one")),
    }
}

/// What is open in a log is part of a transaction that is not complete.
fn check(sim: &Sim) {
    let Some(txn) = sim.state.transactions.get("tx") else {
        return;
    };
    for index in 0..PARTITIONS {
        let p = sim.state.partition("t", index).expect("a partition");
        let open = p.producers.has_open(txn.producer_id);
        let known = txn.partitions.contains(&("t".to_owned(), index));
        assert!(!open || known, "{index} hangs: {:?}", txn.state);
    }
}

/// No data is left without a marker behind it, and none of an old epoch stands behind newer.
fn check_log(sim: &Sim, index: i32) {
    let p = sim.state.partition("t", index).expect("a partition");
    let mut open = false;
    let mut epoch = -1;
    for b in p.log.batches() {
        let h = Header::parse(&b.bytes).expect("a batch");
        assert!(h.producer_epoch >= epoch, "the epochs only rise");
        epoch = h.producer_epoch;
        open = !h.is_control();
    }
    assert!(!open, "partition {index} ends within a transaction");
    assert_eq!(p.last_stable_offset(), p.log.end());
}

fn run(seed: u64) -> Vec<Bytes> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut sim = Sim::new(BROKERS);
    sim.create("t", PARTITIONS);
    coordinator(&mut sim, 1, "tx", 1);
    coordinator(&mut sim, 0, "g", 1);
    sim.state.txns.version = rng.i16(0..=2);
    sim.state.txns.end_delay_ms = *rng.choice(&[0, 0, 20, 500]).expect("one");
    let mut producer = Producer::default();
    for _ in 0..80 {
        step(&mut sim, &mut rng, &mut producer);
        check(&sim);
    }
    for id in 1..=BROKERS {
        broker(&mut sim, id, BrokerChange::Up);
    }
    apply(&mut sim, Change::InitialRebalanceDelay { ms: 0 });
    // Longer than the transaction's timeout and any marker's way.
    sim.pass(20_000);
    for txn in sim.state.transactions.values() {
        assert!(
            matches!(txn.state, TxnState::Empty | TxnState::Complete { .. }),
            "{:?}",
            txn.state
        );
    }
    for group in sim.state.groups.values() {
        assert!(!group.is_unstable("t", 0));
    }
    let mut all = Vec::new();
    for index in 0..PARTITIONS {
        check_log(&sim, index);
        let p = sim.state.partition("t", index).expect("a partition");
        all.extend(p.log.batches().map(|b| b.bytes.clone()));
    }
    all
}

#[test]
fn every_transaction_ends() {
    let mut batches = 0;
    for seed in 0..300 {
        let outcome = std::panic::catch_unwind(|| run(seed));
        let logs = outcome.unwrap_or_else(|_| panic!("seed {seed}"));
        assert!(logs == run(seed), "seed {seed} gives another cluster");
        batches += logs.len();
    }
    assert!(batches > 1000, "only {batches} batches");
}
