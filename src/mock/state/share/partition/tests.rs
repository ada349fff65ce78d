use super::*;
use crate::base::testing::cases;
use proptest::collection::vec;
use proptest::prelude::*;

const LOCK_US: u64 = 30_000_000;

fn log(batches: &[(i64, i64)]) -> Vec<LogBatch> {
    let view = |&(base_offset, last_offset): &(i64, i64)| LogBatch {
        base_offset,
        last_offset,
        aborted: false,
    };
    batches.iter().map(view).collect()
}

fn log_of_two(from: i64) -> Vec<LogBatch> {
    log(&[(from, from + 4), (from + 5, from + 9)])
}

/// A share-partition, as its members use it.
struct Sim {
    settings: Settings,
    partition: SharePartition,
    now_us: u64,
}

impl Sim {
    fn new() -> Sim {
        Sim {
            settings: Settings::default(),
            partition: SharePartition::new(0, 0),
            now_us: 0,
        }
    }

    fn acquire(&mut self, member: &str, records: i64, log: &[LogBatch]) -> Vec<(i64, i64, i16)> {
        self.acquire_as(member, records, 500, false, log)
    }

    fn acquire_as(
        &mut self,
        member: &str,
        max_records: i64,
        batch_size: i64,
        strict: bool,
        log: &[LogBatch],
    ) -> Vec<(i64, i64, i16)> {
        let Some(next) = self.partition.next_offset(&self.settings) else {
            return Vec::new();
        };
        let read: Vec<_> = log
            .iter()
            .filter(|b| b.last_offset >= next)
            .copied()
            .collect();
        let request = AcquireRequest {
            member: &member.into(),
            now_us: self.now_us,
            max_records,
            batch_size,
            strict,
        };
        let got = self.partition.acquire(&self.settings, &request, &read);
        self.partition.check_invariants(&self.settings);
        let told = |a: Acquired| (a.first, a.last, a.delivered);
        got.into_iter().map(told).collect()
    }

    fn acknowledge(&mut self, member: &str, batches: &[(i64, i64, &[i8])]) -> Result<(), E> {
        let batch = |&(first, last, types): &(i64, i64, _)| Acknowledgement { first, last, types };
        let batches: Vec<_> = batches.iter().map(batch).collect();
        well_formed(&batches, true)?;
        let (settings, now) = (&self.settings, self.now_us);
        let result = self.partition.acknowledge(settings, now, member, &batches);
        self.partition.check_invariants(&self.settings);
        result
    }
}

#[test]
fn batches_are_given_out_whole_until_there_are_enough() {
    let mut sim = Sim::new();
    let log = log(&[(0, 9), (10, 19), (20, 29), (30, 39), (40, 49), (50, 59)]);
    assert_eq!(sim.acquire("a", 15, &log), [(0, 19, 1)]);
    let got = sim.acquire_as("a", 15, 5, false, &log);
    assert_eq!(got, [(20, 29, 1), (30, 39, 1)]);
    assert_eq!(sim.acquire("a", 100, &log), [(40, 59, 1)]);
    assert_eq!(sim.acquire("a", 100, &log), []);
}

#[test]
fn a_strict_limit_cuts_batches() {
    let mut sim = Sim::new();
    let log = log(&[(0, 9), (10, 19)]);
    assert_eq!(sim.acquire_as("a", 7, 500, true, &log), [(0, 6, 1)]);
    let got = sim.acquire_as("a", 7, 500, true, &log);
    assert_eq!(got, [(7, 9, 1), (10, 13, 1)]);
    assert_eq!(sim.acknowledge("a", &[(0, 3, &[2])]), Ok(()));
    assert_eq!(sim.acquire_as("b", 2, 500, true, &log), [(0, 1, 2)]);
    let got = sim.acquire_as("b", 20, 500, true, &log);
    assert_eq!(got, [(2, 3, 2), (14, 19, 1)]);
    // What a batch has left is one of its own, also for those without a limit.
    let more = log_of_two(20);
    assert_eq!(sim.acquire_as("b", 7, 1, true, &more), [(20, 26, 1)]);
    let state = Err(E::InvalidRecordState);
    assert_eq!(sim.acknowledge("b", &[(27, 28, &[1])]), state);
    assert_eq!(sim.acquire("b", 4, &more), [(27, 29, 1)]);
}

#[test]
fn what_is_released_comes_again_and_the_start_moves_over_what_is_done() {
    let mut sim = Sim::new();
    let log = log(&[(0, 9), (10, 19)]);
    assert_eq!(sim.acquire("a", 20, &log), [(0, 19, 1)]);
    let mixed = [(0, 4, &[1][..]), (5, 9, &[1, 2, 3, 1, 2])];
    assert_eq!(sim.acknowledge("a", &mixed), Ok(()));
    assert_eq!(sim.partition.start(), 6);
    assert_eq!(sim.acquire("b", 10, &log), [(6, 6, 2), (9, 9, 2)]);
    assert_eq!(sim.acknowledge("b", &[(6, 6, &[1])]), Ok(()));
    assert_eq!(sim.partition.start(), 9);
    // Before the start anything may be said.
    assert_eq!(sim.acknowledge("b", &[(0, 5, &[1])]), Ok(()));
}

#[test]
fn acknowledgements_are_taken_together_or_not_at_all() {
    let mut sim = Sim::new();
    let log = log(&[(0, 9)]);
    sim.acquire("a", 10, &log);
    let invalid = Err(E::InvalidRequest);
    let state = Err(E::InvalidRecordState);
    assert_eq!(
        sim.acknowledge("a", &[(0, 4, &[1]), (9, 10, &[1])]),
        invalid
    );
    assert_eq!(sim.acknowledge("a", &[(0, 2, &[1]), (2, 4, &[1])]), state);
    assert_eq!(sim.acknowledge("b", &[(0, 4, &[1])]), state);
    for bad in [
        &[(0, 1, &[][..])][..],
        &[(0, 1, &[1, 1, 1])],
        &[(1, 0, &[1])],
        &[(0, 0, &[5])],
        &[(0, 0, &[-1])],
        &[(4, 5, &[1]), (0, 3, &[1])],
        &[(i64::MIN, i64::MAX, &[1, 1])],
    ] {
        assert_eq!(sim.acknowledge("a", bad), invalid, "{bad:?}");
    }
    assert_eq!(sim.partition.start(), 0);
    assert_eq!(sim.acknowledge("a", &[(0, 9, &[1])]), Ok(()));
    assert_eq!(sim.partition.start(), 10);
}

#[test]
fn a_renewal_needs_a_request_that_says_so() {
    let mut sim = Sim::new();
    sim.acquire("a", 10, &log(&[(0, 9)]));
    let renewal = Acknowledgement {
        first: 0,
        last: 3,
        types: &[4],
    };
    let plain = well_formed(&[renewal], false);
    assert_eq!(plain, Err(E::InvalidRequest));
    sim.now_us = LOCK_US / 2;
    assert_eq!(sim.acknowledge("a", &[(0, 3, &[4])]), Ok(()));
    assert_eq!(sim.partition.next_deadline(), Some(LOCK_US));
    assert!(sim.partition.expire(&sim.settings, LOCK_US));
    sim.now_us = LOCK_US;
    // Renewed are 0 to 3, and the rest is for another.
    assert_eq!(sim.acquire("b", 10, &log(&[(0, 9)])), [(4, 9, 2)]);
    assert_eq!(sim.partition.next_deadline(), Some(LOCK_US / 2 + LOCK_US));
}

#[test]
fn a_record_is_delivered_as_often_as_it_may_be() {
    let mut sim = Sim::new();
    let log = log(&[(0, 0)]);
    for n in 1..=5 {
        assert_eq!(sim.acquire("a", 1, &log), [(0, 0, n)]);
        match n % 2 {
            0 => assert_eq!(sim.acknowledge("a", &[(0, 0, &[2])]), Ok(())),
            _ => {
                sim.now_us += LOCK_US;
                assert!(sim.partition.expire(&sim.settings, sim.now_us));
            }
        }
    }
    assert_eq!(sim.acquire("a", 1, &log), []);
    assert_eq!(sim.partition.start(), 1);
    assert_eq!(sim.partition.next_deadline(), None);
}

#[test]
fn no_more_is_out_than_may_be() {
    let mut sim = Sim::new();
    sim.settings.record_locks = 15;
    let log = log(&[(0, 9), (10, 19), (20, 29)]);
    assert_eq!(sim.acquire("a", 100, &log), [(0, 14, 1)]);
    assert_eq!(sim.acquire("b", 100, &log), []);
    assert_eq!(sim.acknowledge("a", &[(0, 4, &[1])]), Ok(()));
    assert_eq!(sim.acquire("b", 100, &log), [(15, 19, 1)]);
    // What comes again is within the limit.
    assert_eq!(sim.acknowledge("b", &[(15, 15, &[2])]), Ok(()));
    assert_eq!(sim.acquire("a", 100, &log), [(15, 15, 2)]);
}

#[test]
fn aborted_records_are_given_to_nobody() {
    let mut sim = Sim::new();
    let mut all = log(&[(0, 4), (5, 9), (10, 10), (11, 14)]);
    all[1].aborted = true;
    assert_eq!(sim.acquire("a", 100, &all), [(0, 4, 1), (10, 14, 1)]);
    assert_eq!(sim.acknowledge("a", &[(0, 4, &[1])]), Ok(()));
    assert_eq!(sim.partition.start(), 10);
    let mut sim = Sim::new();
    all[0].aborted = true;
    assert_eq!(sim.acquire("a", 5, &all[..2]), []);
    assert_eq!(sim.partition.start(), 5);
}

#[test]
fn offsets_that_compaction_took_are_nobodys() {
    let mut sim = Sim::new();
    let log = log(&[(3, 5), (8, 9)]);
    assert_eq!(sim.acquire_as("a", 3, 1, false, &log), [(3, 5, 1)]);
    assert_eq!(sim.partition.start(), 3);
    assert_eq!(sim.acknowledge("a", &[(3, 5, &[1])]), Ok(()));
    assert_eq!(sim.acquire("a", 3, &log), [(8, 9, 1)]);
    assert_eq!(sim.partition.start(), 8);
}

#[test]
fn a_new_leader_knows_no_locks_and_deleted_records_are_done() {
    let mut sim = Sim::new();
    let log = log(&[(0, 9)]);
    sim.acquire("a", 10, &log);
    sim.partition.catch_up(4, 0);
    assert_eq!(sim.partition.start(), 4);
    assert_eq!(sim.acknowledge("a", &[(0, 4, &[1])]), Ok(()));
    sim.partition.catch_up(4, 1);
    let lost = sim.acknowledge("a", &[(5, 9, &[1])]);
    assert_eq!(lost, Err(E::InvalidRecordState));
    assert_eq!(sim.acquire("b", 10, &log), [(5, 9, 1)]);
    sim.partition.catch_up(30, 1);
    assert_eq!((sim.partition.start(), sim.partition.end()), (30, 30));
}

#[derive(Clone, Debug)]
enum Step {
    Acquire {
        member: usize,
        records: i64,
        batch_size: i64,
        strict: bool,
    },
    Acknowledge {
        member: usize,
        first: i64,
        types: Vec<i8>,
    },
    Pass(u64),
    Close(usize),
    Lead,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0usize..3, 1i64..30, 1i64..20, any::<bool>()).prop_map(
            |(member, records, batch_size, strict)| Step::Acquire {
                member, records, batch_size, strict
            }
        ),
        8 => (0usize..3, 0i64..60, vec(0i8..5, 1..10)).prop_map(
            |(member, first, types)| Step::Acknowledge { member, first, types }
        ),
        2 => (0u64..LOCK_US).prop_map(Step::Pass),
        1 => (0usize..3).prop_map(Step::Close),
        1 => Just(Step::Lead),
    ]
}

proptest! {
    #![proptest_config(cases(500))]

    /// Nobody gets what another has or what is done, nothing is lost, and the count of deliveries is told as it is.
    #[test]
    fn every_record_has_one_owner(steps in vec(step(), 1..80)) {
        let members = ["a", "b", "c"];
        let log = log(&[(0, 9), (10, 19), (20, 24), (25, 25), (26, 40), (41, 59)]);
        let mut sim = Sim::new();
        let (mut epoch, mut done) = (0, std::collections::BTreeSet::new());
        let mut owner = std::collections::BTreeMap::new();
        for step in steps {
            match step {
                Step::Acquire { member, records, batch_size, strict } => {
                    let got = sim.acquire_as(members[member], records, batch_size, strict, &log);
                    let count: i64 = got.iter().map(|(first, last, _)| last - first + 1).sum();
                    prop_assert!(!strict || count <= records);
                    for offset in got.iter().flat_map(|&(first, last, _)| first..=last) {
                        prop_assert!(!done.contains(&offset), "{offset} is done");
                        prop_assert!(owner.insert(offset, member).is_none(), "{offset} is taken");
                    }
                }
                Step::Acknowledge { member, first, types } => {
                    let last = first + types.len() as i64 - 1;
                    let result = sim.acknowledge(members[member], &[(first, last, &types)]);
                    let own = (first..=last)
                        .all(|o| o < sim.partition.start() || owner.get(&o) == Some(&member) || done.contains(&o));
                    if result.is_ok() {
                        prop_assert!(own);
                        for (offset, kind) in (first..=last).zip(types) {
                            if kind != 4 && owner.remove(&offset).is_some() && kind != 2 {
                                done.insert(offset);
                            }
                        }
                    }
                }
                Step::Pass(us) => {
                    sim.now_us += us;
                    sim.partition.expire(&sim.settings, sim.now_us);
                }
                Step::Close(member) => {
                    sim.partition.release_of(&sim.settings, members[member]);
                }
                Step::Lead => {
                    epoch += 1;
                    sim.partition.catch_up(0, epoch);
                }
            }
            sim.partition.check_invariants(&sim.settings);
            // What the machine gave up or took back.
            let (start, records) = (sim.partition.start, &sim.partition.records);
            for offset in 0..sim.partition.end() {
                let record = usize::try_from(offset - start).ok().and_then(|i| records.get(i));
                match record.map(|r| &r.state) {
                    Some(State::Acquired { by, .. }) => {
                        prop_assert_eq!(owner.get(&offset).map(|&m| members[m]), Some(&**by));
                    }
                    Some(State::Available) => {
                        prop_assert!(!done.contains(&offset));
                        owner.remove(&offset);
                    }
                    _ => {
                        owner.remove(&offset);
                        done.insert(offset);
                    }
                }
            }
        }
    }
}
