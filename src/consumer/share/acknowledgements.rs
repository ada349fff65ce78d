//! What the application has been given and what it said of it, on its own thread.
//!
//! Records of a partition are runs of offsets of one state, in order: acquired ones wait for
//! the application's word, the others are to be sent. So an acknowledgement in the order of
//! offsets makes one run longer and its neighbour shorter, and what is sent needs no further
//! work.

use std::sync::Arc;

use super::{AckRun, AckType, Partition, PartitionAcks};
use crate::base::error::ErrorCode;

/// Neighbouring offsets; without a kind, they wait for the application's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    pub first: i64,
    pub last: i64,
    pub kind: Option<AckType>,
}

impl Run {
    fn len(&self) -> u64 {
        u64::try_from(self.last - self.first + 1).unwrap_or(0)
    }
}

/// Adds to a list of runs what comes after all of them.
pub fn append(runs: &mut Vec<Run>, run: Run) {
    if run.first > run.last {
        return;
    }
    match runs.last_mut() {
        Some(end) if end.kind == run.kind && end.last + 1 == run.first => end.last = run.last,
        _ => runs.push(run),
    }
}

#[derive(Debug)]
struct Held {
    partition: Arc<Partition>,
    broker: i32,
    runs: Vec<Run>,
}

#[derive(Debug, Default)]
pub struct Acknowledgements {
    held: Vec<Held>,
    /// How many records wait for the application's word.
    open: u64,
}

impl Acknowledgements {
    /// How many records the application has said nothing of.
    pub fn open(&self) -> u64 {
        self.open
    }

    /// Records that were acquired from this broker.
    pub fn add(&mut self, partition: &Arc<Partition>, broker: i32, runs: Vec<Run>) {
        if runs.is_empty() {
            return;
        }
        self.open += open_in(&runs);
        self.held.push(Held {
            partition: partition.clone(),
            broker,
            runs,
        });
    }

    /// All that waits is accepted.
    pub fn accept_all(&mut self) {
        if self.open == 0 {
            return;
        }
        for run in self.held.iter_mut().flat_map(|h| &mut h.runs) {
            run.kind = run.kind.or(Some(AckType::Accept));
        }
        self.open = 0;
    }

    /// `_STATE` for what the application does not have.
    pub fn acknowledge(
        &mut self,
        topic: &str,
        partition: i32,
        offset: i64,
        kind: AckType,
    ) -> Result<(), ErrorCode> {
        // What came last is meant, should a record have come twice.
        let found = self.held.iter_mut().rev().find_map(|held| {
            if held.partition.id != partition || *held.partition.topic != *topic {
                return None;
            }
            let at = held.runs.partition_point(|run| run.last < offset);
            let run = held.runs.get(at).filter(|run| run.first <= offset)?;
            Some((at, run.kind, &mut held.runs))
        });
        let (at, before, runs) = found.ok_or(ErrorCode::_STATE)?;
        match before {
            Some(AckType::Gap) => return Err(ErrorCode::_STATE),
            None => self.open -= 1,
            Some(_) => {}
        }
        change(runs, at, offset, Some(kind));
        Ok(())
    }

    /// What can be sent; the rest still waits.
    pub fn take(&mut self) -> Vec<PartitionAcks> {
        let mut acks = Vec::new();
        self.held.retain_mut(|held| {
            let said: Vec<AckRun> = held
                .runs
                .iter()
                .filter_map(|run| {
                    let (first, last, kind) = (run.first, run.last, run.kind?);
                    Some(AckRun { first, last, kind })
                })
                .collect();
            held.runs.retain(|run| run.kind.is_none());
            if !said.is_empty() {
                acks.push(PartitionAcks {
                    partition: held.partition.clone(),
                    broker: held.broker,
                    runs: said,
                });
            }
            !held.runs.is_empty()
        });
        acks
    }

    /// Nothing that the application has counts any more.
    pub fn clear(&mut self) {
        self.held.clear();
        self.open = 0;
    }
}

fn open_in(runs: &[Run]) -> u64 {
    let open = runs.iter().filter(|run| run.kind.is_none());
    open.map(Run::len).sum()
}

/// Changes the kind of one offset, which is in the run at this place.
fn change(runs: &mut Vec<Run>, at: usize, offset: i64, kind: Option<AckType>) {
    let Some(run) = runs.get(at).copied() else {
        return;
    };
    if run.kind == kind {
        return;
    }
    let before = Run {
        last: offset - 1,
        ..run
    };
    let after = Run {
        first: offset + 1,
        ..run
    };
    let mut changed = Run {
        first: offset,
        last: offset,
        kind,
    };
    let (mut from, mut to) = (at, at + 1);
    // Neighbours of the same kind become one with it.
    if run.first == offset
        && let Some(left) = at.checked_sub(1).and_then(|left| runs.get(left))
        && left.kind == kind
        && left.last + 1 == offset
    {
        changed.first = left.first;
        from -= 1;
    }
    if run.last == offset
        && let Some(right) = runs.get(to)
        && right.kind == kind
        && right.first == offset + 1
    {
        changed.last = right.last;
        to += 1;
    }
    let parts = [before, changed, after];
    let parts = parts.into_iter().filter(|part| part.first <= part.last);
    runs.splice(from..to, parts);
}

#[cfg(test)]
mod tests {
    use super::super::testing::partition;
    use super::*;
    use proptest::prelude::*;

    fn run(first: i64, last: i64, kind: Option<AckType>) -> Run {
        Run { first, last, kind }
    }

    fn sent(acks: &mut Acknowledgements) -> Vec<(i64, i64, AckType)> {
        let taken = acks.take();
        let runs = taken.iter().flat_map(|p| &p.runs);
        runs.map(|r| (r.first, r.last, r.kind)).collect()
    }

    #[test]
    fn all_is_accepted_but_gaps() {
        let mut acks = Acknowledgements::default();
        let runs = vec![
            run(0, 4, None),
            run(5, 6, Some(AckType::Gap)),
            run(7, 7, None),
        ];
        acks.add(&partition(0), 1, runs);
        assert_eq!(acks.open(), 6);
        acks.accept_all();
        assert_eq!(acks.open(), 0);
        let want = [
            (0, 4, AckType::Accept),
            (5, 6, AckType::Gap),
            (7, 7, AckType::Accept),
        ];
        assert_eq!(sent(&mut acks), want);
        assert!(sent(&mut acks).is_empty());
    }

    #[test]
    fn what_is_said_of_records_is_sent_and_the_rest_waits() {
        let mut acks = Acknowledgements::default();
        acks.add(&partition(0), 1, vec![run(10, 14, None)]);
        let mut say = |offset, kind| acks.acknowledge("t", 0, offset, kind);
        assert_eq!(say(12, AckType::Reject), Ok(()));
        assert_eq!(say(10, AckType::Accept), Ok(()));
        assert_eq!(say(11, AckType::Accept), Ok(()));
        // The last word counts.
        assert_eq!(say(12, AckType::Release), Ok(()));
        assert_eq!(say(15, AckType::Accept), Err(ErrorCode::_STATE));
        assert_eq!(say(9, AckType::Accept), Err(ErrorCode::_STATE));
        assert_eq!(
            acks.acknowledge("u", 0, 13, AckType::Accept),
            Err(ErrorCode::_STATE)
        );
        assert_eq!(acks.open(), 2);
        let want = [(10, 11, AckType::Accept), (12, 12, AckType::Release)];
        assert_eq!(sent(&mut acks), want);
        // What was sent is not the application's any more.
        assert_eq!(
            acks.acknowledge("t", 0, 10, AckType::Accept),
            Err(ErrorCode::_STATE)
        );
        assert_eq!(acks.acknowledge("t", 0, 14, AckType::Accept), Ok(()));
        assert_eq!(acks.open(), 1);
        assert_eq!(sent(&mut acks), [(14, 14, AckType::Accept)]);
    }

    #[test]
    fn gaps_cannot_be_acknowledged() {
        let mut acks = Acknowledgements::default();
        acks.add(
            &partition(3),
            1,
            vec![run(0, 0, Some(AckType::Gap)), run(1, 1, None)],
        );
        assert_eq!(
            acks.acknowledge("t", 3, 0, AckType::Accept),
            Err(ErrorCode::_STATE)
        );
        assert_eq!(acks.open(), 1);
    }

    proptest! {
        #[test]
        fn runs_are_what_a_map_would_be(says in prop::collection::vec((0i64..40, 1i8..=3), 0..200)) {
            let mut acks = Acknowledgements::default();
            acks.add(&partition(0), 1, vec![run(0, 19, None), run(20, 24, Some(AckType::Gap)), run(25, 39, None)]);
            let mut map = std::collections::BTreeMap::new();
            for (offset, kind) in says {
                let kind = match kind { 1 => AckType::Accept, 2 => AckType::Release, _ => AckType::Reject };
                let said = acks.acknowledge("t", 0, offset, kind);
                prop_assert_eq!(said.is_ok(), !(20..25).contains(&offset));
                if said.is_ok() {
                    map.insert(offset, kind);
                }
            }
            prop_assert_eq!(acks.open(), 35 - map.len() as u64);
            map.extend((20..25).map(|gap| (gap, AckType::Gap)));
            let runs = sent(&mut acks);
            for pair in runs.windows(2) {
                prop_assert!(pair[0].1 < pair[1].0);
                // Nothing is cut that could be one.
                prop_assert!(pair[0].2 != pair[1].2 || pair[0].1 + 1 < pair[1].0);
            }
            let all: Vec<_> = runs.iter().flat_map(|(first, last, kind)| (*first..=*last).map(|o| (o, *kind))).collect();
            prop_assert_eq!(all, map.into_iter().collect::<Vec<_>>());
        }
    }
}
