//! The invariants: what each transaction has become, by the application's books and by
//! what is in the logs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;

use super::{GRACE, Simulation, TOPICS, TROUBLE};
use crate::base::error::ErrorCode;
use crate::mock::log::batch::Header;
use crate::mock::log::records::Records;
use crate::mock::state::txn::TxnState;

/// What the application knows of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Open,
    /// Commit was called, and nothing more is known: that an abort is demanded does not
    /// say that it will succeed.
    Committing,
    Committed,
    /// It was aborted, or its commit was never asked for.
    Aborted,
}

pub(super) struct Txn {
    slot: usize,
    pub(super) began: Duration,
    pub(super) outcome: Outcome,
    messages: BTreeSet<usize>,
    offset: Option<i64>,
    offset_taken: bool,
}

impl Txn {
    pub(super) fn new(slot: usize, began: Duration) -> Self {
        Txn {
            slot,
            began,
            outcome: Outcome::Open,
            messages: BTreeSet::new(),
            offset: None,
            offset_taken: false,
        }
    }
}

struct Message {
    txn: usize,
    at: (usize, i32),
    report: Option<ErrorCode>,
}

/// The application's books.
#[derive(Default)]
pub(super) struct Judge {
    pub(super) txns: Vec<Txn>,
    messages: Vec<Message>,
    offsets: i64,
    /// What each group has had committed, in its order.
    history: BTreeMap<String, Vec<i64>>,
}

impl Judge {
    pub(super) fn next_message(&self) -> usize {
        self.messages.len()
    }

    pub(super) fn produced(&mut self, txn: usize, topic: usize, partition: i32) {
        let id = self.messages.len();
        self.messages.push(Message {
            txn,
            at: (topic, partition),
            report: None,
        });
        self.txns[txn].messages.insert(id);
    }

    fn reported(&mut self, place: &str, id: usize, code: ErrorCode) {
        let before = self.messages[id].report.replace(code);
        assert_eq!(before, None, "{place}: a second report of message {id}");
    }

    pub(super) fn begin(&mut self, txn: Txn) -> usize {
        self.txns.push(txn);
        self.txns.len() - 1
    }

    /// The offset of a transaction: the same whenever it is sent.
    pub(super) fn offset(&mut self, txn: usize) -> i64 {
        self.offsets += 1;
        *self.txns[txn].offset.get_or_insert(self.offsets)
    }

    pub(super) fn offset_taken(&mut self, txn: usize) {
        self.txns[txn].offset_taken = true;
    }

    /// The instance is gone.
    pub(super) fn abandoned(&mut self, txn: usize) {
        let t = &mut self.txns[txn];
        if t.outcome == Outcome::Open {
            t.outcome = Outcome::Aborted;
        }
    }

    pub(super) fn ended(&mut self, place: &str, txn: usize, committed: bool) {
        let t = &mut self.txns[txn];
        for id in &t.messages {
            let report = self.messages[*id].report;
            assert!(report.is_some(), "{place}: no report of message {id}");
            let delivered = report == Some(ErrorCode::NO_ERROR);
            assert!(
                delivered || !committed,
                "{place}: message {id} was lost, and its transaction committed: {report:?}"
            );
        }
        let taken = t.offset.is_none() || t.offset_taken;
        assert!(taken || !committed, "{place}: offsets were not taken");
        assert!(
            !committed || t.outcome == Outcome::Committing,
            "{place}: committed while {:?}",
            t.outcome
        );
        t.outcome = if committed {
            Outcome::Committed
        } else {
            Outcome::Aborted
        };
    }
}

/// What a reader with read_committed gets of a log; and whether a transaction is open in it.
fn read_committed<'a>(batches: impl Iterator<Item = &'a Bytes>) -> (Vec<usize>, bool) {
    let mut open: BTreeMap<i64, Vec<(i64, usize)>> = BTreeMap::new();
    let mut visible = Vec::new();
    for batch in batches {
        let header = Header::parse(batch).expect("a batch");
        let records = Records::open(batch).expect("records");
        for record in records.iter() {
            let record = record.expect("a record");
            let key = record.key.expect("a key");
            if header.is_control() {
                let committed = key == [0, 0, 0, 1];
                let ended = open.remove(&header.producer_id).unwrap_or_default();
                visible.extend(ended.into_iter().filter(|_| committed));
            } else {
                let id = u64::from_be_bytes(key.try_into().expect("eight bytes"));
                let of = open.entry(header.producer_id).or_default();
                of.push((record.offset, id as usize));
            }
        }
    }
    visible.sort_unstable();
    (
        visible.into_iter().map(|(_, id)| id).collect(),
        !open.is_empty(),
    )
}

impl Simulation {
    pub(super) fn place(&self, at: usize) -> String {
        format!("seed {}, {:?}, client {at}", self.seed, self.now)
    }

    pub(super) fn reports(&mut self, at: usize) {
        let place = self.place(at);
        let reports = std::mem::take(&mut *self.clients[at].sink.reports.lock());
        for (id, code) in reports {
            self.note(|| format!("{at}: message {id}: {code}"));
            // For what ends the producer there is `check_fatal`.
            let refused =
                code.is_err() && !code.is_local() && code != ErrorCode::INVALID_PRODUCER_EPOCH;
            let txn = &self.judge.txns[self.judge.messages[id].txn];
            let all_is_well = txn.began > TROUBLE + GRACE && !self.may_be_fenced(at);
            assert!(!(refused && all_is_well), "{place}: message {id}: {code}");
            self.judge.reported(&place, id, code);
        }
    }

    /// Nothing is queued, nor counted.
    pub(super) fn check_empty(&self, at: usize) {
        let limits = &self.clients[at].shared.limits;
        let left = (limits.messages(), limits.bytes());
        assert_eq!(left, (0, 0), "{}: messages are left", self.place(at));
    }

    /// Each request belongs to what the machine is about.
    pub(super) fn check_request(&self, at: usize, api: ApiKey) {
        let state = self.clients[at].machine.state_name();
        let allowed: &[&str] = match api {
            ApiKey::DescribeTransactions => &["AbortingTransaction"],
            ApiKey::InitProducerId => &["WaitPID", "CommittingTransaction", "AbortingTransaction"],
            ApiKey::EndTxn => &[
                "CommittingTransaction",
                "AbortingTransaction",
                "AbortableError",
            ],
            _ => &["InTransaction", "BeginCommit"],
        };
        assert!(
            allowed.contains(&state),
            "{}: {api:?} in {state}",
            self.place(at)
        );
    }

    /// Another instance may have taken the transactional id over.
    pub(super) fn may_be_fenced(&self, at: usize) -> bool {
        let c = &self.clients[at];
        let others = self.clients.iter().enumerate();
        let mut others = others.filter(|(other, o)| *other != at && o.slot == c.slot);
        others.any(|(_, o)| {
            let together = o.ended.is_none_or(|ended| ended >= c.began);
            together || o.init_was_lost
        })
    }

    /// A producer ends only for a reason.
    pub(super) fn check_fatal(&self, at: usize, code: ErrorCode, text: &str) {
        let c = &self.clients[at];
        let fenced = self.may_be_fenced(at);
        let took = c
            .application
            .txn
            .map(|t| self.now - self.judge.txns[t].began);
        let too_long = took.is_some_and(|t| t >= self.config.transaction_timeout);
        let excused = fenced || self.mixed || c.init_was_lost || self.config.few_epochs || too_long;
        assert!(excused, "{}: fatal: {code}: {text}", self.place(at));
    }

    /// Calls return by their deadline.
    pub(super) fn check_calls(&self, at: usize) {
        let c = &self.clients[at];
        if let Some(until) = c.application.call_ends() {
            let latest = until.max(c.frozen) + Duration::from_millis(100);
            assert!(self.now <= latest, "{}: a call lasts", self.place(at));
        }
    }

    /// Notes what groups have committed; both partitions of the input go together.
    pub(super) fn watch_offsets(&mut self) {
        for (name, group) in &self.cluster.groups {
            let committed = |p| group.committed("in", p).map(|c| c.offset);
            let (first, second) = (committed(0), committed(1));
            let seed = self.seed;
            assert_eq!(first, second, "seed {seed}: offsets of {name} part");
            let Some(offset) = first else {
                continue;
            };
            let history = self.judge.history.entry(name.clone()).or_default();
            if history.last() != Some(&offset) {
                history.push(offset);
                if self.traced {
                    eprintln!("{name} has offset {offset} committed");
                }
            }
        }
    }

    /// Everything is over.
    pub(super) fn check_logs(&self) -> Vec<Bytes> {
        let seed = self.seed;
        for (id, txn) in &self.cluster.transactions {
            let ended = matches!(txn.state, TxnState::Empty | TxnState::Complete { .. });
            assert!(ended, "seed {seed}: {id} is {:?}", txn.state);
        }
        let mut visible: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); self.judge.txns.len()];
        let mut all = Vec::new();
        for (topic, (name, count)) in TOPICS.into_iter().enumerate() {
            for index in 0..count {
                let p = self.cluster.partition(name, index).expect("a partition");
                let at = format!("seed {seed}: {name} [{index}]");
                assert_eq!(p.last_stable_offset(), p.log.end(), "{at}");
                let (ids, open) = read_committed(p.log.batches().map(|b| &b.bytes));
                assert!(!open, "{at}: a transaction is open");
                let mut last = BTreeMap::new();
                for id in ids {
                    let message = &self.judge.messages[id];
                    assert_eq!(message.at, (topic, index), "{at}: message {id} strayed");
                    let slot = self.judge.txns[message.txn].slot;
                    let before = last.insert(slot, id);
                    assert!(before < Some(id), "{at}: {id} after {before:?}");
                    visible[message.txn].insert(id);
                }
                all.extend(p.log.batches().map(|b| b.bytes.clone()));
            }
        }
        self.check_transactions(&visible);
        all
    }

    fn check_transactions(&self, visible: &[BTreeSet<usize>]) {
        let mut known = 0;
        for (at, (txn, visible)) in self.judge.txns.iter().zip(visible).enumerate() {
            let group = format!("g{}", txn.slot);
            let history = self.judge.history.get(&group).cloned().unwrap_or_default();
            let has_offset = txn.offset.is_some_and(|o| history.contains(&o));
            let place = format!("seed {}: transaction {at}, {:?}", self.seed, txn.outcome);
            let whole = *visible == txn.messages && has_offset == txn.offset.is_some();
            let nothing = visible.is_empty() && !has_offset;
            match txn.outcome {
                Outcome::Committed => assert!(whole, "{place}: {visible:?}, {has_offset}"),
                Outcome::Aborted | Outcome::Open => {
                    assert!(nothing, "{place}: {visible:?}, {has_offset}");
                }
                Outcome::Committing => {
                    assert!(whole || nothing, "{place}: {visible:?}, {has_offset}");
                }
            }
            known += usize::from(has_offset);
        }
        let mut all = 0;
        for (group, history) in &self.judge.history {
            assert!(history.is_sorted(), "{group} goes back: {history:?}");
            all += history.len();
        }
        assert_eq!(all, known, "seed {}: offsets of nobody", self.seed);
    }
}
