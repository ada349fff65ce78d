//! Transactions as a producer lives through them, and as its past selves and successors
//! disturb them: a walk over one transactional id in which each request claims to be from
//! any identity (producer id and epoch) that the id has had.
//!
//! What the two clusters then have is compared: the coordinator's view, the last stable
//! offset, the aborted transactions, the producers of each partition, and the offsets.

use crate::Diff;
use crate::logs::{create_named, topic_name, wait_for};
use crate::records::{Spec, batch};
use crate::side::{Side, describe_fetch, text};
use crate::txns::{learn, wait_until_settled};
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::*;
use std::collections::HashMap;
use std::time::{Duration, Instant};

#[path = "plays_groups.rs"]
mod groups;

/// What a producer of either version sends, as versions of Produce, AddPartitionsToTxn,
/// AddOffsetsToTxn, TxnOffsetCommit and EndTxn.
#[derive(Clone, Copy, Debug)]
struct Versions {
    produce: i16,
    add: i16,
    add_offsets: i16,
    commit: i16,
    end: i16,
}

const OLD: Versions = Versions {
    produce: 9,
    add: 3,
    add_offsets: 3,
    commit: 3,
    end: 3,
};
const KNOWS_ABORTABLE: Versions = Versions {
    produce: 11,
    add_offsets: 4,
    commit: 4,
    end: 4,
    ..OLD
};
const JOINS_BY_WRITING: Versions = Versions {
    produce: 12,
    commit: 5,
    end: 5,
    ..KNOWS_ABORTABLE
};

/// Long enough for all steps of a play.
const SHORT_MS: i32 = 4000;

pub fn topic(diff: &Diff) -> String {
    format!("x{}", diff.run)
}

pub fn create(diff: &mut Diff) {
    let name = topic(diff);
    create_named(diff, &name, Vec::new());
}

struct Play {
    key: String,
    txn: TransactionalId,
    group: GroupId,
    topic: String,
    versions: Versions,
    timeout_ms: i32,
    /// How many identities the transactional id has had.
    identities: usize,
    /// The next sequence, by identity and partition.
    next: HashMap<(usize, i32), i32>,
    /// Where the partitions ended before.
    from: [i64; 2],
    member: groups::Member,
}

pub fn step(diff: &mut Diff) {
    let versions = *diff.pick(&[OLD, KNOWS_ABORTABLE, JOINS_BY_WRITING, JOINS_BY_WRITING]);
    let timeout_ms = match diff.chance(4) {
        true => SHORT_MS,
        false => 60_000,
    };
    let steps = diff.rng.u32(6..16);
    if diff.chance(4) {
        return lose_topic(diff, versions);
    }
    let name = topic(diff);
    let mut play = Play::new(diff, name, versions, timeout_ms);
    if play.init(diff, None) {
        for _ in 0..steps {
            play.walk(diff);
        }
    }
    play.look(diff);
    if timeout_ms == SHORT_MS {
        play.wait_for_timeout(diff);
        for _ in 0..steps {
            play.walk(diff);
        }
        play.wait_for_timeout(diff);
    }
    // What is open would keep readers of committed records from all that comes.
    play.init(diff, None);
    play.look(diff);
}

/// The topic is deleted within a transaction, which ends without it.
fn lose_topic(diff: &mut Diff, versions: Versions) {
    let name = format!("y{}-{:08x}", diff.run, diff.rng.u32(..));
    create_named(diff, &name, Vec::new());
    let mut play = Play::new(diff, name.clone(), versions, 60_000);
    assert!(play.init(diff, None));
    play.add_partitions(diff);
    for _ in 0..3 {
        play.produce(diff);
    }
    play.commit_offsets(diff);
    let request = DeleteTopicsRequest::default()
        .with_timeout_ms(10_000)
        .with_topic_names(vec![topic_name(&name)]);
    diff.both("DeleteTopics in a play", &name, |side| {
        let response = side.settled(4, &request);
        wait_for(side, &name, false);
        (format!("{response:?}"), ())
    });
    play.produce(diff);
    play.add_partitions(diff);
    play.end(diff);
    play.init(diff, None);
}

impl Play {
    fn new(diff: &mut Diff, topic: String, versions: Versions, timeout_ms: i32) -> Play {
        let key = format!("play{}-{:08x}", diff.run, diff.rng.u32(..));
        let fixed = diff.chance(40);
        Play {
            txn: TransactionalId(text(&key)),
            group: GroupId(text(&format!("g-{key}"))),
            from: [0, 1].map(|p| end_of(&mut diff.kafka, &topic, p, false).1),
            key,
            topic,
            versions,
            timeout_ms,
            identities: 0,
            next: HashMap::new(),
            member: groups::Member::new(fixed),
        }
    }

    fn detail(&self, what: &str) -> String {
        format!("{} {:?} {what}", self.key, self.versions)
    }

    fn walk(&mut self, diff: &mut Diff) {
        match diff.rng.u32(..100) {
            0..16 => {
                let who = diff.rng.bool().then(|| self.claim(diff));
                self.init(diff, who);
            }
            16..28 if self.versions.produce < 12 || diff.chance(20) => self.add_partitions(diff),
            28..34 if self.versions.commit < 5 || diff.chance(20) => self.add_offsets(diff),
            34..60 => self.produce(diff),
            60..72 => self.commit_offsets(diff),
            72..90 => self.end(diff),
            90..94 => self.disturb_group(diff),
            _ => self.look(diff),
        }
    }

    /// Mostly the newest identity, sometimes one before it.
    fn claim(&self, diff: &mut Diff) -> usize {
        let back = *diff.pick(&[0, 0, 0, 0, 0, 0, 1, 1, 2]);
        (self.identities - 1).saturating_sub(back)
    }

    fn identity(&self, side: &Side, n: usize) -> (i64, i16) {
        let pid = side.number(&format!("{} id {n}", self.key));
        let epoch = side.number(&format!("{} epoch {n}", self.key));
        (pid, epoch as i16)
    }

    /// Notes what a side has told. The sequences of a new identity begin again.
    fn note(&self, side: &mut Side, pid: i64, epoch: i16) -> bool {
        learn(side, &self.key, pid, epoch);
        let known = (0..self.identities).any(|n| self.identity(side, n) == (pid, epoch));
        if !known {
            let n = self.identities;
            side.numbers.insert(format!("{} id {n}", self.key), pid);
            side.numbers
                .insert(format!("{} epoch {n}", self.key), epoch.into());
        }
        !known
    }

    /// The first answer is compared as it is: an open transaction is to be aborted first.
    fn init(&mut self, diff: &mut Diff, who: Option<usize>) -> bool {
        let version = diff.rng.i16(if who.is_some() { 3 } else { 0 }..=5);
        let off = *diff.pick(&[0, 0, 0, 0, 0, 0, 1]);
        let detail = self.detail(&format!("v{version} as {who:?} +{off}"));
        let once = |this: &Play, diff: &mut Diff| {
            let (code, new) = diff.both("InitProducerId in a play", &detail, |side| {
                let mut request = InitProducerIdRequest::default()
                    .with_transactional_id(Some(this.txn.clone()))
                    .with_transaction_timeout_ms(this.timeout_ms)
                    .with_producer_id(ProducerId(-1))
                    .with_producer_epoch(-1);
                if let Some(n) = who {
                    let (pid, epoch) = this.identity(side, n);
                    request.producer_id = ProducerId(pid);
                    request.producer_epoch = epoch.saturating_add(off);
                }
                let response = ready(side, version, &request);
                let new = response.error_code == 0
                    && this.note(side, response.producer_id.0, response.producer_epoch);
                wait_until_settled(side, &this.txn);
                (format!("{response:?}"), (response.error_code, new))
            });
            this.describe(diff);
            (code, new)
        };
        let (mut code, mut new) = once(self, diff);
        if code == 51 {
            (code, new) = once(self, diff);
        }
        self.identities += usize::from(new);
        code == 0
    }

    fn add_partitions(&mut self, diff: &mut Diff) {
        let n = self.claim(diff);
        let partition = diff.rng.i32(0..2);
        let version = self.versions.add;
        let detail = self.detail(&format!("v{version} as {n} {partition}"));
        let this = &*self;
        diff.both("AddPartitionsToTxn in a play", &detail, |side| {
            let (pid, epoch) = this.identity(side, n);
            let request = AddPartitionsToTxnRequest::default()
                .with_v3_and_below_transactional_id(this.txn.clone())
                .with_v3_and_below_producer_id(ProducerId(pid))
                .with_v3_and_below_producer_epoch(epoch)
                .with_v3_and_below_topics(vec![
                    AddPartitionsToTxnTopic::default()
                        .with_name(topic_name(&this.topic))
                        .with_partitions(vec![partition]),
                ]);
            (format!("{:?}", side.settled(version, &request)), ())
        });
    }

    fn produce(&mut self, diff: &mut Diff) {
        let n = self.claim(diff);
        let partition = diff.rng.i32(0..2);
        let version = self.versions.produce;
        let off = *diff.pick(&[0, 0, 0, 0, 0, 0, 0, -2, 1]);
        let at = self.next.get(&(n, partition)).copied().unwrap_or(0);
        let sequence = (at + off).max(0);
        diff.clock += 10;
        let spec = Spec {
            transactional: true,
            sequence,
            ..Spec::plain(2, diff.clock)
        };
        let detail = self.detail(&format!(
            "v{version} as {n} {partition} sequence {sequence}"
        ));
        let this = &*self;
        let code = diff.both("Produce in a play", &detail, |side| {
            let (pid, epoch) = this.identity(side, n);
            let records = batch(&Spec { pid, epoch, ..spec });
            let data = TopicProduceData::default()
                .with_name(topic_name(&this.topic))
                .with_partition_data(vec![
                    PartitionProduceData::default()
                        .with_index(partition)
                        .with_records(Some(records)),
                ]);
            let request = ProduceRequest::default()
                .with_acks(-1)
                .with_timeout_ms(5000)
                .with_transactional_id(Some(this.txn.clone()))
                .with_topic_data(vec![data]);
            let response = side.settled(version, &request).expect("answer");
            let code = response.responses[0].partition_responses[0].error_code;
            (format!("{response:?}"), code)
        });
        if code == 0 && sequence == at {
            self.next.insert((n, partition), at + 2);
        }
    }

    fn end(&mut self, diff: &mut Diff) {
        let n = self.claim(diff);
        let version = self.versions.end;
        let commit = diff.rng.bool();
        let detail = self.detail(&format!("v{version} as {n} commit {commit}"));
        let this = &*self;
        let new = diff.both("EndTxn in a play", &detail, |side| {
            let (pid, epoch) = this.identity(side, n);
            let request = EndTxnRequest::default()
                .with_transactional_id(this.txn.clone())
                .with_producer_id(ProducerId(pid))
                .with_producer_epoch(epoch)
                .with_committed(commit);
            let response = side.settled(version, &request).expect("answer");
            let new = response.error_code == 0
                && version >= 5
                && this.note(side, response.producer_id.0, response.producer_epoch);
            wait_until_settled(side, &this.txn);
            (format!("{response:?}"), new)
        });
        self.identities += usize::from(new);
        self.describe(diff);
    }

    /// A real cluster looks for transactions that took too long every few seconds.
    fn wait_for_timeout(&mut self, diff: &mut Diff) {
        for side in [&mut diff.mock, &mut diff.kafka] {
            let until = Instant::now() + Duration::from_secs(60);
            while state(side, &self.txn) == "Ongoing" {
                assert!(Instant::now() < until, "{}: no timeout", side.name);
                std::thread::sleep(Duration::from_millis(20));
            }
            wait_until_settled(side, &self.txn);
        }
        self.describe(diff);
    }

    fn describe(&self, diff: &mut Diff) {
        let request =
            DescribeTransactionsRequest::default().with_transactional_ids(vec![self.txn.clone()]);
        diff.both("DescribeTransactions in a play", &self.detail(""), |side| {
            let mut response = side.ask(0, &request).expect("answer");
            for t in &mut response.transaction_states {
                t.transaction_start_time_ms = t.transaction_start_time_ms.signum();
                t.topics.retain(|t| !t.topic.starts_with("__"));
                for topic in &mut t.topics {
                    topic.partitions.sort();
                }
            }
            (format!("{response:?}"), ())
        });
    }

    /// What readers see of it.
    fn look(&mut self, diff: &mut Diff) {
        for partition in 0..2 {
            let detail = self.detail(&format!("{partition}"));
            let this = &*self;
            diff.both("ListOffsets in a play", &detail, |side| {
                let both = [false, true].map(|c| end_of(side, &this.topic, partition, c));
                (format!("{both:?}"), ())
            });
            diff.both("Fetch in a play", &detail, |side| {
                let response = this.fetch(side, partition);
                (describe_fetch(side, &response), ())
            });
        }
        self.committed(diff);
    }

    fn fetch(&self, side: &mut Side, partition: i32) -> FetchResponse {
        let p = FetchPartition::default()
            .with_partition(partition)
            .with_fetch_offset(self.from[partition as usize])
            .with_current_leader_epoch(-1)
            .with_partition_max_bytes(1 << 20);
        let t = FetchTopic::default().with_topic(topic_name(&self.topic));
        let request = FetchRequest::default()
            .with_max_bytes(1 << 20)
            .with_isolation_level(1)
            .with_session_epoch(-1)
            .with_topics(vec![t.with_partitions(vec![p])]);
        side.ask(11, &request).expect("answer")
    }
}

/// Waits out what a new cluster still has to load, and nothing else.
fn ready(side: &mut Side, version: i16, request: &InitProducerIdRequest) -> InitProducerIdResponse {
    loop {
        let response = side.ask(version, request).expect("answer");
        if !(14..=16).contains(&response.error_code) {
            return response;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn state(side: &mut Side, txn: &TransactionalId) -> String {
    let request = DescribeTransactionsRequest::default().with_transactional_ids(vec![txn.clone()]);
    let response = side.settled(0, &request).expect("answer");
    response.transaction_states[0].transaction_state.to_string()
}

/// Error code and end of a partition, for readers of committed records or all.
fn end_of(side: &mut Side, topic: &str, partition: i32, committed: bool) -> (i16, i64) {
    let p = ListOffsetsPartition::default()
        .with_partition_index(partition)
        .with_current_leader_epoch(-1)
        .with_timestamp(-1);
    let t = ListOffsetsTopic::default().with_name(topic_name(topic));
    let request = ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_isolation_level(i8::from(committed))
        .with_topics(vec![t.with_partitions(vec![p])]);
    let response = side.settled(5, &request).expect("answer");
    let p = &response.topics[0].partitions[0];
    (p.error_code, p.offset)
}

/// Uses up all epochs of a producer id and goes on with the next one.
pub fn exhaust(diff: &mut Diff) {
    const LAST: i64 = i16::MAX as i64 - 1;
    let name = topic(diff);
    let mut play = Play::new(diff, name, JOINS_BY_WRITING, 60_000);
    assert!(play.init(diff, None));
    for rest in [5, 0] {
        for side in [&mut diff.mock, &mut diff.kafka] {
            bump_to(side, &play, LAST - rest);
        }
        let n = play.identities;
        play.identities += 1;
        for side in [&mut diff.mock, &mut diff.kafka] {
            let (pid, epoch) = (side.number("bumped id"), LAST - rest);
            learn(side, &play.key, pid, epoch as i16);
            side.numbers.insert(format!("{} id {n}", play.key), pid);
            side.numbers
                .insert(format!("{} epoch {n}", play.key), epoch);
        }
        for _ in 0..40 {
            play.walk(diff);
        }
        play.look(diff);
    }
}

/// Many requests on the way at a time.
fn bump_to(side: &mut Side, play: &Play, epoch: i64) {
    wait_until_settled(side, &play.txn);
    let request = InitProducerIdRequest::default()
        .with_transactional_id(Some(play.txn.clone()))
        .with_transaction_timeout_ms(play.timeout_ms)
        .with_producer_id(ProducerId(-1))
        .with_producer_epoch(-1);
    loop {
        let response = side.settled(4, &request).expect("answer");
        side.numbers
            .insert("bumped id".to_owned(), response.producer_id.0);
        let left = epoch - i64::from(response.producer_epoch);
        match left {
            0 => return,
            ..0 => continue,
            // Each waits for the one before it to be written.
            _ => (1..left).take(500).for_each(|_| {
                side.settled(4, &request);
            }),
        }
    }
}
