//! What has to hold.
//!
//! - Each job that a loop was given has one result.
//! - An application gets only what an answer has granted it, once, and neither after the
//!   lock's time nor after the connection's end. Each time that it got a record is
//!   acknowledged at most once.
//! - No broker finds a request wrong.
//! - A record is accepted by a broker once; what was told to be accepted is. All records end
//!   accepted, rejected, or delivered as often as may be.
//! - Whoever waits for records keeps asking for them. Closing ends the locks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use kafka_protocol::messages::{RequestKind, ResponseKind};

use super::{GROUP, PARTITIONS, Simulation, TOPIC};
use crate::base::error::ErrorCode;
use crate::consumer::share::{AckType, Job, Outcome, PartitionAcks};
use crate::consumer::testing::Seen;
use crate::mock::state::ConnId;
use crate::mock::state::share::partition::fate::Fate;

/// The values of a partition's records begin with this number for each partition.
pub(super) const STRIDE: i64 = 1_000_000;

/// An answer needs no more than this in calm, but for the wait for records.
const ANSWERED: Duration = Duration::from_secs(2);

const CLOSES: i32 = -1;
const ACCEPT: i8 = AckType::Accept as i8;

type Record = (i32, i64);

/// What a request says of records, and of its session.
#[derive(Clone)]
pub(super) struct Said {
    epoch: i32,
    records: Vec<(Record, i8)>,
}

impl Said {
    pub(super) fn of(kind: &RequestKind) -> Said {
        let mut records = Vec::new();
        let mut say = |partition, first, last, kind: i8| {
            records.extend((first..=last).map(|offset| ((partition, offset), kind)));
        };
        let epoch = match kind {
            RequestKind::ShareFetch(r) => {
                for p in r.topics.iter().flat_map(|t| &t.partitions) {
                    for b in &p.acknowledgement_batches {
                        let kind = b.acknowledge_types[0];
                        say(p.partition_index, b.first_offset, b.last_offset, kind);
                    }
                }
                r.share_session_epoch
            }
            RequestKind::ShareAcknowledge(r) => {
                for p in r.topics.iter().flat_map(|t| &t.partitions) {
                    for b in &p.acknowledgement_batches {
                        let kind = b.acknowledge_types[0];
                        say(p.partition_index, b.first_offset, b.last_offset, kind);
                    }
                }
                r.share_session_epoch
            }
            _ => 0,
        };
        Said { epoch, records }
    }
}

/// What an answer has granted and the application has not got yet.
#[derive(Debug)]
pub(super) struct Grant {
    conn: ConnId,
    until: Instant,
    left: BTreeMap<Record, i16>,
}

/// How things are before a request is carried out.
pub(super) struct Before {
    fates: Vec<Fate>,
    /// The start has moved over it: the broker takes whatever is said of it.
    past: Vec<bool>,
    has_session: bool,
}

#[derive(Default)]
pub(super) struct Judge {
    /// Of each member's loops, without a result.
    jobs: BTreeMap<(usize, usize), Vec<String>>,
    requests: i32,
    /// How often a member has got a record and not acknowledged it.
    handed: BTreeMap<(usize, Record), u32>,
    /// Acceptances of what had come to an end without the member.
    late: BTreeSet<(usize, Record)>,
    accepted: BTreeMap<Record, u32>,
    rejected: BTreeSet<Record>,
    results: u64,
    refused: u64,
    closed: u64,
}

fn text_of<'a>(commit: Option<u64>, acks: impl Iterator<Item = &'a PartitionAcks>) -> String {
    format!("{commit:?} {:?}", acks.collect::<Vec<_>>())
}

impl Judge {
    pub(super) fn next_request(&mut self) -> i32 {
        self.requests += 1;
        self.requests
    }

    pub(super) fn begun(&mut self, member: usize, link: usize, job: &Job) {
        if !job.acks.is_empty() {
            let text = text_of(job.commit, job.acks.iter());
            self.jobs.entry((member, link)).or_default().push(text);
        }
    }

    pub(super) fn ended(&mut self, member: usize, link: usize, outcome: &Outcome) {
        let text = text_of(outcome.commit, outcome.results.iter().map(|(a, _)| a));
        let jobs = self.jobs.entry((member, link)).or_default();
        let found = jobs.iter().position(|job| *job == text);
        let at = found.unwrap_or_else(|| panic!("{member}: a result without a job: {text}"));
        jobs.swap_remove(at);
    }

    pub(super) fn member_has_ended(&self, member: usize) {
        for (key, jobs) in self.jobs.range((member, 0)..(member + 1, 0)) {
            assert!(jobs.is_empty(), "no result for {key:?}: {jobs:?}");
        }
    }

    /// Those without a result.
    pub(super) fn jobs(&self) -> usize {
        self.jobs.values().map(Vec::len).sum()
    }

    pub(super) fn summary(&self) -> String {
        format!(
            "{} requests, {} results, {} refused, {} accepted, {} rejected, {} closed",
            self.requests,
            self.results,
            self.refused,
            self.accepted.len(),
            self.rejected.len(),
            self.closed,
        )
    }
}

impl Simulation {
    fn fate(&mut self, (partition, offset): Record) -> Fate {
        let tp = (self.topic, partition);
        let (_, p) = self.cluster.share_partition(GROUP, tp).expect("known");
        p.fate(offset)
    }

    fn is_past(&mut self, (partition, offset): Record) -> bool {
        let tp = (self.topic, partition);
        let (_, p) = self.cluster.share_partition(GROUP, tp).expect("known");
        offset < p.start()
    }

    /// Whoever waits for records asks all leaders for some.
    pub(super) fn check_asking(&self) {
        for (at, m) in self.members.iter().enumerate() {
            if !m.alive || !m.asked || !m.queue.is_empty() {
                continue;
            }
            for &link in m.places.values() {
                let last = m.loops[link].last_fetch;
                let is_long = self.now - last > self.config.max_wait + ANSWERED;
                assert!(!is_long, "{at} has not asked {} since {last:?}", link + 1);
            }
        }
    }

    pub(super) fn judge_sent(&mut self, member: usize, said: &Said) {
        assert!(
            said.epoch != 0 || said.records.is_empty(),
            "{member}: a session's first request acknowledges"
        );
        for (record, _) in &said.records {
            let handed = self.judge.handed.get_mut(&(member, *record));
            let left = handed.and_then(|n| n.checked_sub(1).map(|less| *n = less));
            assert!(left.is_some(), "{member} acknowledges {record:?} again");
        }
    }

    fn has_session(&mut self, member: usize, broker: i32) -> bool {
        let id = self.members[member].id.to_string();
        let key = (broker, GROUP.to_owned(), id);
        self.cluster.share.session_mut(&key).is_some()
    }

    pub(super) fn before(&mut self, member: usize, broker: i32, said: &Said) -> Before {
        Before {
            fates: said.records.iter().map(|(r, _)| self.fate(*r)).collect(),
            past: said.records.iter().map(|(r, _)| self.is_past(*r)).collect(),
            has_session: self.has_session(member, broker),
        }
    }

    pub(super) fn judge_taken(&mut self, member: usize, broker: i32, said: &Said, before: Before) {
        let id = self.members[member].id.clone();
        let of_each = before.fates.into_iter().zip(before.past);
        for ((record, kind), (fate, is_past)) in said.records.iter().zip(of_each) {
            let after = self.fate(*record);
            let was_held = fate == Fate::Held(id.clone());
            match (*kind, was_held, &after) {
                (ACCEPT, true, Fate::Accepted) => {
                    let times = self.judge.accepted.entry(*record).or_default();
                    *times += 1;
                    assert_eq!(*times, 1, "{record:?} is accepted twice");
                }
                (ACCEPT, false, _) if is_past => {
                    self.judge.late.insert((member, *record));
                }
                (_, true, Fate::Archived(_)) if *kind == AckType::Reject as i8 => {
                    self.judge.rejected.insert(*record);
                }
                _ => {}
            }
        }
        let was_closed =
            said.epoch == CLOSES && before.has_session && !self.has_session(member, broker);
        if was_closed && !self.members[member].strays {
            self.judge.closed += 1;
            self.nothing_is_held(member, broker);
        }
    }

    fn nothing_is_held(&mut self, member: usize, broker: i32) {
        let id = self.members[member].id.clone();
        for partition in 0..PARTITIONS {
            let p = self.cluster.partition(TOPIC, partition).expect("it is");
            if p.leader != broker {
                continue;
            }
            for offset in 0..p.log.end() {
                let fate = self.fate((partition, offset));
                let held = fate == Fate::Held(id.clone());
                assert!(
                    !held,
                    "{member} has closed and {partition} {offset} is held"
                );
            }
        }
    }

    /// What an answer gives to the member.
    pub(super) fn granted(&self, conn: ConnId, kind: &ResponseKind) -> Grant {
        let wrong = i16::try_from(ErrorCode::INVALID_REQUEST.0).expect("a code");
        let mut left = BTreeMap::new();
        let mut lock_ms = 0;
        match kind {
            ResponseKind::ShareFetch(r) => {
                assert_ne!(r.error_code, wrong, "a wrong request");
                lock_ms = r.acquisition_lock_timeout_ms;
                for p in r.responses.iter().flat_map(|t| &t.partitions) {
                    assert_ne!(p.acknowledge_error_code, wrong, "wrong acknowledgements");
                    for a in &p.acquired_records {
                        let offsets = a.first_offset..=a.last_offset;
                        left.extend(offsets.map(|o| ((p.partition_index, o), a.delivery_count)));
                    }
                }
            }
            ResponseKind::ShareAcknowledge(r) => {
                assert_ne!(r.error_code, wrong, "a wrong request");
                for p in r.responses.iter().flat_map(|t| &t.partitions) {
                    assert_ne!(p.error_code, wrong, "wrong acknowledgements");
                }
            }
            _ => {}
        }
        let lock = Duration::from_millis(lock_ms.unsigned_abs().into());
        let until = self.instant() + lock;
        Grant { conn, until, left }
    }

    pub(super) fn judge_handed(&mut self, member: usize, grant: &mut Grant, all: &[(Seen, i16)]) {
        for (seen, count) in all {
            assert_eq!(seen.err, 0, "all records can be read");
            let value = std::str::from_utf8(&seen.value).ok();
            let value: i64 = value.and_then(|v| v.parse().ok()).expect("a number");
            let record = ((value / STRIDE) as i32, seen.offset);
            assert_eq!(value % STRIDE, seen.offset, "a record has its value");
            self.note(|| format!("{member}: has {record:?}, {count} times"));
            let granted = grant.left.remove(&record);
            assert_eq!(granted, Some(*count), "{member}: {record:?} was granted");
            assert!(
                self.instant() < grant.until,
                "{member}: {record:?} is handed out after its lock's time"
            );
            let mut loops = self.members[member].loops.iter();
            assert!(
                loops.any(|l| l.conn == Some(grant.conn)),
                "{member}: {record:?} is handed out after its connection's end"
            );
            *self.judge.handed.entry((member, record)).or_default() += 1;
            self.members[member].held.push(record);
        }
    }

    pub(super) fn judge_result(&mut self, member: usize, acks: &PartitionAcks, code: ErrorCode) {
        self.judge.results += 1;
        if code.is_err() {
            self.judge.refused += 1;
            return;
        }
        for run in acks.runs.iter().filter(|r| r.kind == AckType::Accept) {
            for offset in run.first..=run.last {
                let record = (acks.partition.id, offset);
                let fate = self.fate(record);
                let was_late = self.judge.late.contains(&(member, record));
                assert!(
                    fate == Fate::Accepted || was_late,
                    "{member} was told that {record:?} is accepted: {fate:?}"
                );
            }
        }
    }

    fn ends(&self) -> Vec<(i32, i64)> {
        let end = |id| self.cluster.partition(TOPIC, id).expect("it is").log.end();
        (0..PARTITIONS).map(|id| (id, end(id))).collect()
    }

    /// Nothing is left to be delivered.
    pub(super) fn all_have_ended(&mut self) -> bool {
        let topic = self.topic;
        self.ends().into_iter().all(|(id, end)| {
            let found = self.cluster.share_partition(GROUP, (topic, id));
            found.is_some_and(|(_, p)| p.start() == end)
        })
    }

    pub(super) fn unfinished(&mut self) -> String {
        let mut text = format!("jobs {:?}\n", self.judge.jobs);
        for (id, end) in self.ends() {
            for offset in 0..end {
                let fate = self.fate((id, offset));
                if matches!(fate, Fate::Waits | Fate::Held(_)) {
                    text += &format!("{id} {offset} {fate:?}\n");
                }
            }
        }
        text
    }

    pub(super) fn check_end(&mut self) {
        assert_eq!(self.judge.jobs(), 0, "jobs without a result");
        let mut accepted = 0;
        for (id, end) in self.ends() {
            for offset in 0..end {
                let record = (id, offset);
                match self.fate(record) {
                    Fate::Accepted => {
                        accepted += 1;
                        assert_eq!(self.judge.accepted.get(&record), Some(&1));
                    }
                    Fate::Archived(delivered) => assert!(
                        delivered >= self.config.delivery_limit
                            || self.judge.rejected.contains(&record),
                        "{record:?} is lost after {delivered} deliveries"
                    ),
                    fate => panic!("{record:?} has no end: {fate:?}"),
                }
            }
        }
        assert!(accepted > 0, "nothing was consumed");
    }
}
