//! Loops, a log and a coordinator that answer late, wrongly or not at all, while
//! leaders move and the application seeks.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::tests::shared;
use super::*;
use crate::consumer::fetcher;
use crate::consumer::testing::{TestPartition, partition_of, settings};
use crate::consumer::{FetchEnded, Reason, ResetPolicy};

const BROKERS: i32 = 3;
const PARTITIONS: i32 = 4;

enum InTransit {
    Ended(FetchEnded),
    Offset(Arc<Partition>, u64, Result<Position, ErrorCode>),
    Epoch(Arc<Partition>, u64, Result<Position, ErrorCode>),
    Committed(Arc<Partition>, u64, Result<Position, ErrorCode>),
    /// A command on its way to a loop.
    Loop(i32, fetcher::Command),
}

struct Sim {
    rng: fastrand::Rng,
    now: Instant,
    control: Control,
    partitions: Vec<TestPartition>,
    leaders: Vec<(i32, i32)>,
    /// Per broker and partition: what the loop fetches.
    loops: HashMap<(i32, i32), Start>,
    /// In order per sender, as channels are.
    in_transit: Vec<InTransit>,
    calm: bool,
}

impl Sim {
    fn new(seed: u64) -> Sim {
        let shared = shared();
        Sim {
            rng: fastrand::Rng::with_seed(seed),
            now: Instant::now(),
            control: Control::new(shared.clone()),
            partitions: (0..PARTITIONS)
                .map(|id| partition_of(&shared, "t", id, ResetPolicy::Beginning))
                .collect(),
            leaders: vec![(0, 0); PARTITIONS as usize],
            loops: HashMap::new(),
            in_transit: Vec::new(),
            calm: false,
        }
    }

    fn any_partition(&mut self) -> (Arc<Partition>, usize) {
        let i = self.rng.usize(..self.partitions.len());
        (self.partitions[i].partition.clone(), i)
    }

    fn fails(&mut self) -> bool {
        !self.calm && self.rng.u8(..4) == 0
    }

    fn error(&mut self) -> ErrorCode {
        let list = [
            ErrorCode::NOT_LEADER_FOR_PARTITION,
            ErrorCode::_TRANSPORT,
            ErrorCode::UNKNOWN_LEADER_EPOCH,
            ErrorCode::TOPIC_AUTHORIZATION_FAILED,
        ];
        list[self.rng.usize(..list.len())]
    }

    fn act(&mut self) {
        for action in self.control.take_actions() {
            let error = self.error();
            let fails = self.fails();
            let epoch = self.rng.i32(0..6);
            let found = |offset| {
                if fails {
                    Err(error)
                } else {
                    Ok(Position::new(offset, epoch))
                }
            };
            let message = match action {
                Action::Start { broker, start } => {
                    InTransit::Loop(broker, fetcher::Command::Start(start))
                }
                Action::Stop {
                    broker,
                    partition,
                    fetch_id,
                } => InTransit::Loop(
                    broker,
                    fetcher::Command::Stop {
                        partition,
                        fetch_id,
                    },
                ),
                Action::ListOffset {
                    partition,
                    token,
                    timestamp,
                    ..
                } => {
                    let offset = if timestamp == TIMESTAMP_END { 100 } else { 10 };
                    InTransit::Offset(partition, token, found(offset))
                }
                Action::EpochEnd {
                    partition, token, ..
                } => {
                    let offset = self.rng.i64(-1..100);
                    InTransit::Epoch(partition, token, found(offset))
                }
                Action::Committed { partition, token } => {
                    let offset = self.rng.i64(-1..100);
                    InTransit::Committed(partition, token, found(offset))
                }
                Action::Error { .. } => continue,
                Action::RefreshMetadata { .. } | Action::LeaderChanged { .. } => {
                    self.metadata();
                    continue;
                }
            };
            self.in_transit.push(message);
        }
    }

    fn metadata(&mut self) {
        let leaders = self.leaders.clone();
        let recreated = !self.calm && self.rng.u8(..8) == 0;
        self.control.on_metadata(self.now, "t", recreated, |id| {
            let (broker, epoch) = leaders[id as usize];
            Leader::At { broker, epoch }
        });
    }

    /// Delivers one message; loops take theirs in order.
    fn deliver(&mut self) {
        if self.in_transit.is_empty() {
            return;
        }
        let mut i = self.rng.usize(..self.in_transit.len());
        if let InTransit::Loop(to, _) = self.in_transit[i] {
            i = self
                .in_transit
                .iter()
                .position(|m| matches!(m, InTransit::Loop(b, _) if *b == to))
                .unwrap();
        }
        match self.in_transit.remove(i) {
            InTransit::Ended(ended) => self.control.on_fetch_ended(self.now, ended),
            InTransit::Offset(p, t, r) => self.control.on_offset(self.now, &p, t, r),
            InTransit::Epoch(p, t, r) => self.control.on_epoch_end(self.now, &p, t, r),
            InTransit::Committed(p, t, r) => self.control.on_committed(self.now, &p, t, r),
            InTransit::Loop(broker, fetcher::Command::Start(start)) => {
                self.loops.insert((broker, start.partition.id), start);
            }
            InTransit::Loop(
                broker,
                fetcher::Command::Stop {
                    partition,
                    fetch_id,
                },
            ) => {
                let key = (broker, partition.id);
                if self.loops.get(&key).is_some_and(|s| s.fetch_id == fetch_id) {
                    self.end_fetch(key, Reason::Stopped);
                }
            }
        }
    }

    fn end_fetch(&mut self, key: (i32, i32), reason: Reason) {
        if let Some(start) = self.loops.remove(&key) {
            let offset = start.position.offset + self.rng.i64(0..5);
            self.in_transit.push(InTransit::Ended(FetchEnded {
                partition: start.partition,
                fetch_id: start.fetch_id,
                position: Position::new(offset, start.leader_epoch),
                broker: key.0,
                reason,
            }));
        }
    }

    fn step(&mut self) {
        match self.rng.u8(..12) {
            0 => {
                let (p, i) = self.any_partition();
                let version = p.begin();
                let at = [offset::BEGINNING, offset::END, offset::STORED, -2005, 50];
                let at = Position::new(at[self.rng.usize(..at.len())], -1);
                let (broker, epoch) = self.leaders[i];
                let leader = Leader::At { broker, epoch };
                self.control.start(self.now, &p, version, at, leader);
            }
            1 => {
                let (p, _) = self.any_partition();
                p.end();
                self.control.stop(&p);
            }
            2 => {
                let (p, _) = self.any_partition();
                let version = p.new_version();
                let to = Position::new(self.rng.i64(-2..100), self.rng.i32(-1..3));
                let _ = self.control.seek(self.now, &p, version, to);
            }
            3 => {
                let (_, i) = self.any_partition();
                self.leaders[i].0 = self.rng.i32(..BROKERS);
                self.leaders[i].1 += 1;
            }
            4 => self.metadata(),
            5 => {
                let keys: Vec<_> = self.loops.keys().copied().collect();
                if !keys.is_empty() {
                    let key = keys[self.rng.usize(..keys.len())];
                    let reason = match self.rng.u8(..4) {
                        0 => Reason::OutOfRange,
                        1 => Reason::Preferred(self.rng.i32(..BROKERS)),
                        2 => Reason::Ended,
                        _ => Reason::Refused(ErrorCode::NOT_LEADER_FOR_PARTITION),
                    };
                    self.end_fetch(key, reason);
                }
            }
            6 => self.now += Duration::from_millis(self.rng.u64(..400)),
            _ => self.deliver(),
        }
        self.control.poll(self.now);
        self.act();
        self.check();
    }

    fn check(&self) {
        self.control.check_invariants();
        for b in &self.partitions {
            let p = &b.partition;
            let current = self
                .loops
                .values()
                .filter(|s| s.partition.id == p.id && s.version == p.version())
                .count();
            assert!(current <= 1, "{p:?} is fetched twice");
        }
    }

    /// Once nothing fails any more, every partition is fetched from its leader.
    fn settle(&mut self) {
        self.calm = true;
        self.metadata();
        for _ in 0..600 {
            self.act();
            self.deliver();
            self.now += Duration::from_millis(20);
            self.control.poll(self.now);
            self.check();
        }
        // A replica's time is up as well.
        self.now += settings().metadata_max_age;
        for _ in 0..200 {
            self.control.poll(self.now);
            self.act();
            self.deliver();
        }
        assert!(self.in_transit.is_empty());
        for (i, b) in self.partitions.iter().enumerate() {
            let p = &b.partition;
            let at: Vec<i32> = self
                .loops
                .iter()
                .filter(|(_, s)| s.partition.id == p.id)
                .map(|((broker, _), _)| *broker)
                .collect();
            if self.control.is_started(p) {
                assert_eq!(at, [self.leaders[i].0], "{p:?}");
            } else {
                assert!(at.is_empty(), "{p:?} was stopped");
            }
        }
    }
}

#[test]
fn every_partition_is_fetched_by_its_leader_in_the_end() {
    for seed in 0..2000 {
        let mut sim = Sim::new(seed);
        // A failure names its seed.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..150 {
                sim.step();
            }
            sim.settle();
        }));
        if let Err(panic) = outcome {
            eprintln!("seed {seed}");
            std::panic::resume_unwind(panic);
        }
    }
}
