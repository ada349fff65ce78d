//! What the applications do: transactions one after another, each error handled as the
//! documentation demands. One that crashes, or is fenced, is followed by another instance.

use std::time::Duration;

use super::Simulation;
use super::client::Mail;
use super::judge::{Outcome, Txn};
use super::schedule::What;
use super::{GRACE, TOPICS, TROUBLE};
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::topic_partition::TopicPartition;
use crate::mock::state::simulated::START_MS;
use crate::producer::topic::Record;
use crate::producer::transaction::{Call, Event, Offsets};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    Init,
    Begin,
    SendOffsets,
    Commit,
    Abort,
    Flush,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Of commit and abort: no message is taken any more.
    Begin,
    /// All that is queued is awaited.
    Flush,
    /// The last step, and the only one of the others.
    End,
}

/// A call that has not returned.
#[derive(Clone, Copy, Debug)]
struct Calling {
    api: Api,
    step: Step,
    number: u64,
    until: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Starting,
    Between,
    /// So many steps are left.
    Transaction(u32),
    MustAbort,
    /// The same call again.
    Again(Api),
    /// Nothing more is to do.
    Done,
    Closed,
}

#[derive(Default)]
pub(super) struct Application {
    pub(super) phase: Phase,
    /// A turn that is planned, and of an earlier number, is over.
    turn: u64,
    call: Option<Calling>,
    calls: u64,
    pub(super) txn: Option<usize>,
    /// How often a call was made again in a row.
    again: u32,
    /// Transactions that were committed.
    pub(super) committed: u32,
}

impl Application {
    pub(super) fn flush_ends(&self) -> Option<Duration> {
        let call = self.call.as_ref().filter(|c| c.step == Step::Flush)?;
        Some(call.until)
    }

    /// When the call has to have returned.
    pub(super) fn call_ends(&self) -> Option<Duration> {
        self.call.as_ref().map(|c| c.until)
    }
}

impl Simulation {
    pub(super) fn application_later(&mut self, at: usize, most_ms: u64) {
        let delay = Duration::from_millis(self.rng.u64(..most_ms));
        let a = &mut self.clients[at].application;
        a.turn += 1;
        let what = What::Application {
            client: at,
            turn: a.turn,
        };
        self.schedule.add(self.now + delay, what);
    }

    pub(super) fn application(&mut self, at: usize, turn: u64) {
        let a = &self.clients[at].application;
        if a.turn != turn || a.call.is_some() {
            return;
        }
        match a.phase {
            Phase::Starting => self.call(at, Api::Init),
            Phase::Between if self.ending => self.clients[at].application.phase = Phase::Done,
            Phase::Between => self.call(at, Api::Begin),
            Phase::Transaction(0) => match self.rng.u8(..4) {
                0 => self.call(at, Api::Abort),
                _ => self.call(at, Api::Commit),
            },
            Phase::Transaction(left) => {
                self.clients[at].application.phase = Phase::Transaction(left - 1);
                self.work(at);
            }
            Phase::MustAbort => self.call(at, Api::Abort),
            Phase::Again(api) => self.call(at, api),
            Phase::Done | Phase::Closed => {}
        }
    }

    /// A step of a transaction.
    fn work(&mut self, at: usize) {
        let pause = match self.rng.u8(..100) {
            0..2 if self.trouble => 2 * self.config.transaction_timeout.as_millis() as u64,
            _ => 300,
        };
        match self.rng.u8(..20) {
            0..12 => self.produce(at),
            12..15 => return self.call(at, Api::SendOffsets),
            15..18 => return self.call(at, Api::Flush),
            18 if self.trouble => {
                let (queued, in_flight) = (self.rng.bool(), self.rng.bool());
                self.note(|| format!("{at}: purge, queued {queued}, in flight {in_flight}"));
                self.post(at, Mail::Purge { queued, in_flight });
            }
            _ => {}
        }
        self.application_later(at, pause);
    }

    fn produce(&mut self, at: usize) {
        let Some(txn) = self.clients[at].application.txn else {
            return;
        };
        let now = self.instant();
        for _ in 0..self.rng.u32(1..8) {
            let topic = self.rng.usize(..TOPICS.len());
            let partition = self.rng.i32(0..TOPICS[topic].1);
            let id = self.judge.next_message();
            let key = (id as u64).to_be_bytes();
            let record = Record {
                key: Some(&key),
                value: Some(b"v"),
                headers: &[],
                timestamp: START_MS + self.now.as_millis() as i64,
                opaque: id,
                payload_ptr: 0,
            };
            let t = &self.clients[at].topics[topic];
            let taken = t
                .reserve(&record, false)
                .and_then(|room| t.produce_at(now, partition, &record, room));
            match taken {
                Ok(()) => self.judge.produced(txn, topic, partition),
                // The transaction or the producer has failed, or there is no room.
                Err(ErrorCode::_STATE | ErrorCode::_FATAL | ErrorCode::_QUEUE_FULL) => return,
                Err(code) => panic!("{}: produce: {code}", self.place(at)),
            }
        }
    }

    // --- calls

    fn timeout(&mut self) -> Duration {
        let whole = 2 * self.config.transaction_timeout;
        match self.rng.u8(..8) {
            0 => Duration::from_millis(20),
            1 => Duration::from_millis(500),
            2..4 => Duration::from_secs(5),
            _ => whole,
        }
    }

    fn call(&mut self, at: usize, api: Api) {
        let timeout = match api {
            Api::Begin => Duration::from_secs(365 * 24 * 3600),
            Api::SendOffsets => self.timeout().min(self.config.transaction_timeout),
            Api::Flush => self.timeout().min(Duration::from_secs(1)),
            _ => self.timeout(),
        };
        let step = match api {
            Api::Commit | Api::Abort => Step::Begin,
            Api::Flush => Step::Flush,
            _ => Step::End,
        };
        if let (Api::Commit, Some(txn)) = (api, self.clients[at].application.txn) {
            self.judge.txns[txn].outcome = Outcome::Committing;
        }
        self.note(|| format!("{at}: {api:?} within {timeout:?}"));
        let until = self.now + timeout;
        let a = &mut self.clients[at].application;
        a.call = Some(Calling {
            api,
            step,
            number: 0,
            until,
        });
        match step {
            Step::Flush => self.begin_flush(at),
            _ => self.ask_main(at),
        }
    }

    /// The main thread is asked for what the call wants now.
    fn ask_main(&mut self, at: usize) {
        let a = &mut self.clients[at].application;
        a.calls += 1;
        let number = a.calls;
        let call = a.call.as_mut().expect("a call");
        call.number = number;
        let (api, step, until) = (call.api, call.step, call.until);
        let call = match (api, step) {
            (Api::Init, _) => Call::Init,
            (Api::Begin, _) => Call::Begin,
            (Api::SendOffsets, _) => Call::SendOffsets(self.offsets(at)),
            (Api::Commit, Step::Begin) => Call::BeginCommit,
            (Api::Abort, Step::Begin) => Call::BeginAbort,
            (Api::Commit, _) => Call::Commit,
            (Api::Abort, _) => Call::Abort,
            (Api::Flush, _) => unreachable!("no call of the machine"),
        };
        let results = self.clients[at].results.clone();
        let event = Event::Call {
            call,
            deadline: self.start + until,
            reply: Box::new(move |result| results.lock().push((number, result))),
        };
        self.post(at, Mail::Event(event));
    }

    /// Both partitions of the input, in step; each transaction goes further.
    fn offsets(&mut self, at: usize) -> Offsets {
        let c = &self.clients[at];
        let (txn, slot) = (c.application.txn.expect("a transaction"), c.slot);
        let offset = self.judge.offset(txn);
        let partitions = (0..2).map(|p| {
            let mut partition = TopicPartition::new("in", p);
            partition.offset = offset;
            partition
        });
        Offsets {
            group_id: format!("g{slot}").into(),
            generation: -1,
            member_id: "".into(),
            instance_id: None,
            partitions: partitions.collect(),
        }
    }

    fn begin_flush(&mut self, at: usize) {
        self.clients[at].shared.limits.begin_flush();
        self.clients[at].nudge_all();
    }

    /// Whether nothing is queued any more, or the time is up.
    pub(super) fn look_at_flush(&mut self, at: usize) {
        let c = &mut self.clients[at];
        let Some(call) = c.application.call.as_mut() else {
            return;
        };
        let empty = c.shared.limits.messages() == 0;
        if call.step != Step::Flush || !(empty || call.until <= self.now) {
            return;
        }
        c.shared.limits.end_flush();
        call.step = Step::End;
        match (call.api, empty) {
            (Api::Flush, _) => self.returned(at, Ok(())),
            (_, true) => self.ask_main(at),
            (_, false) => {
                let late = KafkaError::from(ErrorCode::_TIMED_OUT).retriable();
                self.returned(at, Err(late));
            }
        }
    }

    pub(super) fn on_result(&mut self, at: usize, number: u64, result: Result<(), KafkaError>) {
        let a = &mut self.clients[at].application;
        let call = a.call.as_mut().filter(|c| c.number == number);
        let Some(call) = call else {
            panic!("{}: a second answer to a call", self.place(at));
        };
        if result.is_ok() && call.step == Step::Begin {
            call.step = Step::Flush;
            return self.begin_flush(at);
        }
        self.returned(at, result);
    }

    /// The call has returned.
    fn returned(&mut self, at: usize, result: Result<(), KafkaError>) {
        let a = &mut self.clients[at].application;
        let api = a.call.take().expect("a call").api;
        self.note(|| format!("{at}: {api:?} returns {result:?}"));
        match result {
            Ok(()) => self.succeeded(at, api),
            Err(error) => self.failed(at, api, &error),
        }
    }

    fn succeeded(&mut self, at: usize, api: Api) {
        let steps = self.rng.u32(..12);
        let a = &mut self.clients[at].application;
        a.again = 0;
        let txn = a.txn;
        match api {
            Api::Init => a.phase = Phase::Between,
            Api::Begin => {
                let (slot, began) = (self.clients[at].slot, self.now);
                let txn = self.judge.begin(Txn::new(slot, began));
                self.note(|| format!("{at}: transaction {txn}"));
                let a = &mut self.clients[at].application;
                a.phase = Phase::Transaction(steps);
                a.txn = Some(txn);
            }
            Api::SendOffsets => {
                if let (Phase::Again(_), _) = (a.phase, ()) {
                    a.phase = Phase::Transaction(steps);
                }
                self.judge.offset_taken(txn.expect("a transaction"));
            }
            Api::Flush => {}
            Api::Commit | Api::Abort => {
                let committed = api == Api::Commit;
                a.phase = Phase::Between;
                a.txn = None;
                a.committed += u32::from(committed);
                let seed = self.place(at);
                self.check_empty(at);
                self.judge
                    .ended(&seed, txn.expect("a transaction"), committed);
            }
        }
        self.application_later(at, 200);
    }

    fn failed(&mut self, at: usize, api: Api, error: &KafkaError) {
        let crash = self.trouble && self.rng.u8(..40) == 0;
        let gives_up = self.rng.u8(..3) == 0;
        let place = self.place(at);
        let a = &mut self.clients[at].application;
        a.again += 1;
        // InitProducerId of which the answer was lost is refused for ever by Kafka if it has
        // given the last epoch: only a new instance helps.
        let stuck = self.config.few_epochs && !self.trouble && a.again > 10;
        if error.fatal || crash || stuck {
            return self.replace(at);
        }
        if error.txn_requires_abort {
            assert!(
                !matches!(api, Api::Init | Api::Begin),
                "{place}: {api:?}: {error:?}"
            );
            a.phase = Phase::MustAbort;
            let began = a.txn.map(|txn| self.judge.txns[txn].began);
            let well = began.is_some_and(|began| began > TROUBLE + GRACE);
            assert!(
                !(well && api == Api::Commit) || self.may_be_fenced(at),
                "{place}: {api:?}: {error:?}"
            );
        } else {
            assert!(error.retriable, "{place}: {api:?}: {error:?}");
            a.phase = match api {
                Api::SendOffsets if gives_up => Phase::MustAbort,
                api => Phase::Again(api),
            };
        }
        self.application_later(at, 300);
    }

    /// The instance ends; another one follows, unless there is one.
    pub(super) fn replace(&mut self, at: usize) {
        self.note(|| format!("{at}: ends"));
        let c = &mut self.clients[at];
        let slot = c.slot;
        if self.current[slot] == Some(at) {
            self.current[slot] = None;
            let delay = Duration::from_millis(self.rng.u64(..2000));
            self.schedule.add(self.now + delay, What::Start(slot));
        }
        self.close(at);
    }

    /// The process is gone; what it has sent may still arrive.
    pub(super) fn close(&mut self, at: usize) {
        let c = &mut self.clients[at];
        c.alive = false;
        c.ended = Some(self.now);
        c.application.phase = Phase::Closed;
        c.application.call = None;
        c.application.turn += 1;
        if let Some(txn) = c.application.txn.take() {
            self.judge.abandoned(txn);
        }
        let conns = self.conns.iter().filter(|(_, c)| c.client == at);
        for conn in conns.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.cut(conn);
            self.conns.entry(conn).and_modify(|c| c.in_flight.clear());
        }
    }
}
