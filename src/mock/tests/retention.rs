//! Retention, compaction and DeleteRecords.

use super::*;
use crate::mock::command::{At, Change};
use crate::mock::log::records::Records;

fn range(sim: &Sim) -> (i64, i64) {
    let p = sim.state.partition("t", 0).expect("there");
    (p.log.start(), p.log.end())
}

/// Offset, key and whether there is a value.
fn records(sim: &Sim) -> Vec<(i64, String, bool)> {
    let p = sim.state.partition("t", 0).expect("there");
    let mut out = Vec::new();
    for b in p.log.batches() {
        let records = Records::open(&b.bytes).expect("readable");
        records.header().size();
        for r in records.iter() {
            let r = r.expect("a record");
            let key = String::from_utf8_lossy(r.key.unwrap_or_default()).into_owned();
            out.push((r.offset, key, r.has_value));
        }
    }
    out
}

#[test]
fn by_size() {
    let mut sim = Sim::new(1);
    let size = Batch::default().encode(START_MS).len();
    let limit = (size * 3).to_string();
    sim.create_with("t", 1, &[("retention.bytes", &limit)]);
    for _ in 0..3 {
        sim.produce("t", Batch::default());
    }
    assert_eq!(range(&sim), (0, 3));
    for _ in 0..10 {
        sim.produce("t", Batch::default());
    }
    assert_eq!(range(&sim), (10, 13));
}

#[test]
fn by_age() {
    let mut sim = Sim::new(1);
    sim.create_with("t", 1, &[("retention.ms", "5000")]);
    sim.produce("t", Batch::default());
    sim.pass(3_000);
    sim.produce("t", Batch::default());
    assert_eq!(range(&sim), (0, 2));
    sim.pass(3_100);
    assert_eq!(range(&sim), (1, 2));
    sim.pass(10_000);
    assert_eq!(range(&sim), (2, 2));
}

#[test]
fn deleting_records_moves_the_start_even_inside_a_batch() {
    let mut sim = Sim::new(1);
    sim.create("t", 1);
    let three = [
        (Some("a"), Some("a")),
        (Some("b"), Some("b")),
        (Some("c"), Some("c")),
    ];
    for _ in 0..2 {
        let batch = Batch {
            records: &three,
            ..Batch::default()
        };
        sim.produce("t", batch);
    }
    let mut delete = |before| {
        let at = At {
            topic: "t".to_owned(),
            partition: 0,
        };
        let done = sim
            .state
            .apply(sim.now, Change::DeleteRecords { at, before });
        let p = sim.state.partition("t", 0).expect("there");
        (done.is_ok(), p.log.start(), p.log.batches().count())
    };
    assert_eq!(delete(2), (true, 2, 2));
    assert_eq!(delete(3), (true, 3, 1));
    assert_eq!(delete(1), (true, 3, 1), "it never moves back");
    assert_eq!(delete(7), (false, 3, 1));
    assert_eq!(delete(6), (true, 6, 0));
}

#[test]
fn compaction_keeps_the_last_of_each_key() {
    let mut sim = Sim::new(1);
    sim.create_with(
        "t",
        1,
        &[
            ("cleanup.policy", "compact"),
            ("delete.retention.ms", "60000"),
        ],
    );
    let first = [(Some("a"), Some("1")), (Some("b"), Some("1"))];
    let second = [(Some("a"), Some("2")), (Some("c"), None)];
    let third = [(Some("b"), Some("3"))];
    for all in [&first[..], &second, &third] {
        let batch = Batch {
            records: all,
            ..Batch::default()
        };
        assert_eq!(sim.produce("t", batch).0, 0);
    }
    sim.pass(1_500);
    let row = |o: i64, k: &str, v| (o, k.to_owned(), v);
    assert_eq!(
        records(&sim),
        [row(2, "a", true), row(3, "c", false), row(4, "b", true)]
    );
    assert_eq!(range(&sim), (0, 5));
    for b in sim.state.partition("t", 0).expect("there").log.batches() {
        let h = crate::mock::log::batch::Header::parse(&b.bytes).expect("a batch");
        assert_eq!(
            (h.base_offset, h.last_offset()),
            (b.base_offset, b.last_offset)
        );
    }
    // The tombstone goes when nobody can have missed it any more.
    sim.pass(70_000);
    sim.state.apply(sim.now, Change::Compact).expect("runs");
    let batch = Batch {
        records: &third,
        ..Batch::default()
    };
    assert_eq!(sim.produce("t", batch), (0, 5));
    sim.state.apply(sim.now, Change::Compact).expect("runs");
    assert_eq!(records(&sim), [row(2, "a", true), row(5, "b", true)]);
}

#[test]
fn compaction_keeps_out_of_open_transactions() {
    let mut sim = Sim::new(1);
    sim.create_with("t", 1, &[("cleanup.policy", "compact")]);
    let plain = |sim: &mut Sim| sim.produce("t", Batch::default()).0;
    assert_eq!(plain(&mut sim), 0);
    assert_eq!(plain(&mut sim), 0);
    let p = sim.state.partition_mut("t", 0).expect("there");
    let open = Batch {
        pid: 5,
        epoch: 0,
        sequence: 0,
        transactional: true,
        ..Batch::default()
    };
    let bytes = open.encode(START_MS);
    let h = crate::mock::log::batch::Header::parse(&bytes).expect("a batch");
    let at = p.log.append(&h, &bytes, 0, None);
    p.producers.appended(&h, at);
    assert_eq!(plain(&mut sim), 0);
    sim.state.apply(sim.now, Change::Compact).expect("runs");
    let offsets: Vec<_> = records(&sim).iter().map(|r| r.0).collect();
    assert_eq!(offsets, [1, 2, 3]);
}
