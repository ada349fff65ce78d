//! Transactions (KIP-98): what a producer writes, and the offsets it commits, are seen
//! together or not at all.
//!
//! Sans-IO: [`Transaction::on_event`] takes what happened, with the time, and says what to
//! do as [`Action`]s. One machine for each producer, owned by the main thread; what loops
//! and application threads must know at once is in [`SharedTransaction`].
//!
//! ```text
//! Uninitialized ──init──► Initializing ──InitProducerId──► Ready ◄──────────────────────┐
//!                                                            │ begin                    │
//!                                                            ▼                          │
//!       Failed { error } ◄──a message, offsets─────── InTransaction                     │
//!          │      ▲         or a partition               │     │                        │
//!          │      │ refused                        abort │     │ commit                 │
//!    abort │      └──────────────────────────────────────┼── Committing: Flushing       │
//!          ▼                                             │           → Ending ──EndTxn──┤
//!       Aborting: Flushing ◄─────────────────────────────┘                              │
//!          → Ending ──EndTxn──► → NewEpoch ──InitProducerId─────────────────────────────┘
//!
//! any ──fenced, refused for good──► Fatal
//! ```
//!
//! A call of the application waits for a state; when its time is up it is told so, and the
//! machine goes on. The same call made again finds what has become of it
//! (`unclaimed`: a success that nobody was told of). *Flushing* is the application's
//! thread waiting until nothing is queued.
//!
//! Two protocols. In version 1 a partition is added to the transaction (AddPartitionsToTxn)
//! before it is produced to, a group (AddOffsetsToTxn) before its offsets are committed, and
//! the epoch stays until something is lost, and then InitProducerId raises it (KIP-360). It
//! also raises it after a transaction with a request that was never answered (`stray`): such
//! a request may still be on its way, and would be taken for one of the next transaction,
//! whose offsets it would put back, or which it would end. Brokers before Kafka 2.5 cannot
//! do that. In version 2 (KIP-890) partitions and groups are added by what is sent to them,
//! and the answer to each EndTxn brings the next epoch, so that nothing of an earlier
//! transaction can be taken for one of this. Version 2 is spoken if the coordinator says when
//! the producer id is given that the cluster's feature `transaction.version` is at least 2.
//!
//! A broker that refuses a batch for its epoch leaves open why: another producer has fenced
//! this one, or the coordinator has aborted a transaction that took too long. Both are fatal:
//! the coordinator makes no difference between them either. Worse, in version 2 it takes an
//! EndTxn with the epoch before its own for one that is repeated, and answers with its own
//! epoch, which may be another producer's by now. So nothing is aborted by EndTxn before some
//! broker has taken part of the transaction under our epoch; without that the coordinator is
//! asked first whose the transactional id is (`Phase::Describing`).

mod answers;
mod calls;
mod errors;
mod shared;
#[cfg(all(test, not(loom)))]
mod tests;
mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::ApiKey;

pub use self::shared::SharedTransaction;
pub use self::wire::{Outgoing, To, Token};
use super::idempotence::Pid;
use super::{Partition, ProducerShared};
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::log::Level;
use crate::base::topic_partition::TopicPartition;
use crate::broker::{ApiVersions, RequestError, Response};
use crate::coordinator::{self, Coordinator, Kind};

/// What the application asks for.
#[derive(Debug)]
pub enum Call {
    Init,
    Begin,
    SendOffsets(Offsets),
    /// The first half of a commit: no message is taken any more. The caller then waits
    /// until nothing is queued, and calls `Commit`.
    BeginCommit,
    Commit,
    /// As `BeginCommit`; what is queued is dropped.
    BeginAbort,
    Abort,
}

/// Offsets of a consumer, and who the consumer is (KIP-447).
#[derive(Debug, Clone)]
pub struct Offsets {
    pub group_id: Arc<str>,
    pub generation: i32,
    pub member_id: Arc<str>,
    pub instance_id: Option<Arc<str>>,
    /// All with an offset.
    pub partitions: Vec<TopicPartition>,
}

/// Where the result of a call goes.
pub type Reply = Box<dyn FnOnce(Result<(), KafkaError>) + Send>;

/// What happened.
// Passed by value and handled at once: the size costs a copy per response.
#[allow(clippy::large_enum_variant)]
pub enum Event {
    /// Nothing but that time went by.
    Tick,
    Call {
        call: Call,
        deadline: Instant,
        reply: Reply,
    },
    /// The coordinator's connection is up, or gone, and so on.
    Coordinator(coordinator::Event),
    /// What the coordinator can do.
    Abilities(Abilities),
    /// The result of a request.
    Answer {
        token: Token,
        result: Result<Response, RequestError>,
    },
    /// This partition has something to send, and is not part of the transaction yet.
    Joins(Arc<Partition>),
    /// A batch was refused for good, or lost.
    DeliveryFailed { code: ErrorCode, text: String },
    /// The instance cannot go on, for a reason that is not the transaction's.
    Fatal(KafkaError),
}

/// What a coordinator can do, by its ApiVersions.
#[derive(Debug, Clone, Copy, Default)]
pub struct Abilities {
    /// The cluster has transactions of version 2 (KIP-890).
    pub version_2: bool,
    /// InitProducerId gives a producer the epoch that follows its own (KIP-360). Without
    /// that it would take the transactional id away from whoever has it.
    pub renews_epochs: bool,
}

impl Abilities {
    pub fn of(versions: &ApiVersions) -> Self {
        let init = versions.pick(ApiKey::InitProducerId, None);
        Abilities {
            version_2: versions.transaction_version() >= 2,
            renews_epochs: init.is_some_and(|version| version >= wire::FIRST_TO_RENEW),
        }
    }
}

/// What to do.
pub enum Action {
    Send(Outgoing),
    /// Finding the coordinator, and keeping a connection to it.
    Coordinator(coordinator::Action),
    /// What is queued is dropped, and reported.
    Purge,
    /// These partitions may send now.
    Nudge(Vec<Arc<Partition>>),
    /// The producer cannot go on.
    Fatal(ErrorCode, String),
    Log(Level, String),
    /// For whoever debugs.
    Debug(String),
    Reply(Reply, Result<(), KafkaError>),
}

/// From the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    pub transactional_id: Arc<str>,
    /// `transaction.timeout.ms`
    pub timeout_ms: i32,
    /// `socket.timeout.ms`
    pub request_timeout: Duration,
    /// `retry.backoff.ms`, `retry.backoff.max.ms`
    pub retry_backoff: Duration,
    pub retry_backoff_max: Duration,
    /// `coordinator.query.interval.ms`
    pub coordinator_query_interval: Duration,
    /// For the jitter.
    pub seed: u64,
}

/// Between requests while an earlier transaction is still being ended.
const CONCURRENT_BACKOFF: Duration = Duration::from_millis(20);
const CONCURRENT_BACKOFF_MAX: Duration = Duration::from_millis(200);

#[derive(Debug, Clone)]
enum State {
    Uninitialized,
    Initializing,
    Ready,
    InTransaction,
    Committing(Phase),
    Aborting(Phase),
    /// Only an abort goes on from here.
    Failed(KafkaError),
    Fatal(KafkaError),
}

/// Whose success is still to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unclaimed {
    Init,
    Commit,
    Abort,
}

/// How far the end of a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The application's thread waits until nothing is queued.
    Flushing,
    /// The coordinator is asked whether the transaction is ours.
    Describing,
    /// EndTxn is asked until it is answered.
    Ending,
    /// The epoch is raised.
    NewEpoch,
}

/// A request that is sent until it is answered; only one at a time.
#[derive(Debug, Default)]
struct Asking {
    token: Option<Token>,
    not_before: Option<Instant>,
    failures: u32,
}

impl Asking {
    /// Whether to send it now.
    fn is_due(&self, now: Instant) -> bool {
        self.token.is_none() && self.not_before.is_none_or(|at| at <= now)
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.not_before.filter(|_| self.token.is_none())
    }

    /// It has failed once more, and is sent again at that time.
    fn again(&mut self, at: Instant) {
        self.token = None;
        self.not_before = Some(at);
        self.failures = self.failures.saturating_add(1);
    }
}

/// Partitions that are to be added to the transaction.
#[derive(Default)]
struct Joining {
    waiting: Vec<Arc<Partition>>,
    asked: Vec<Arc<Partition>>,
    asking: Asking,
}

/// A call that waits.
struct Caller {
    reply: Reply,
    deadline: Instant,
}

/// Offsets on their way into the transaction.
struct SendingOffsets {
    offsets: Offsets,
    deadline: Instant,
    /// The coordinator knows of the group.
    added: bool,
    asking: Asking,
    last_error: Option<ErrorCode>,
}

impl SendingOffsets {
    /// The group's coordinator may have them.
    fn was_sent(&self) -> bool {
        self.added && (self.asking.token.is_some() || self.asking.failures > 0)
    }
}

/// What the machine works with while it handles an event.
struct Context<'a> {
    now: Instant,
    actions: &'a mut Vec<Action>,
}

pub struct Transaction {
    settings: Settings,
    producer: Arc<ProducerShared>,
    shared: Arc<SharedTransaction>,
    coordinator: Coordinator,
    state: State,
    /// When it came to this state.
    since: Instant,
    /// InitProducerId, DescribeTransactions or EndTxn, as the state wants.
    asking: Asking,
    joining: Joining,
    offsets: Option<SendingOffsets>,
    caller: Option<Caller>,
    /// `Ready` was reached by this call, and no caller was told.
    unclaimed: Option<Unclaimed>,
    /// A request of this transaction may reach its broker yet, for all that is known.
    stray: bool,
    abilities: Abilities,
    /// Why InitProducerId is not answered well, for the caller whose time is up.
    init_error: Option<(ErrorCode, String)>,
    /// Ids and epochs that were given so far.
    epochs: u32,
    next_token: u64,
    rng: fastrand::Rng,
}

impl Transaction {
    /// `None`: the producer has no transactions.
    pub fn new(producer: &Arc<ProducerShared>, settings: Settings, now: Instant) -> Option<Self> {
        let shared = producer.transaction.clone()?;
        let coordinator = Coordinator::new(
            Kind::Transaction,
            settings.transactional_id.clone(),
            coordinator::Settings {
                request_timeout: settings.request_timeout,
                retry_backoff: settings.retry_backoff,
                retry_backoff_max: settings.retry_backoff_max,
                query_interval: settings.coordinator_query_interval,
            },
        );
        Some(Transaction {
            rng: fastrand::Rng::with_seed(settings.seed),
            settings,
            producer: producer.clone(),
            shared,
            coordinator,
            state: State::Uninitialized,
            since: now,
            asking: Asking::default(),
            joining: Joining::default(),
            offsets: None,
            caller: None,
            unclaimed: None,
            stray: false,
            abilities: Abilities::default(),
            init_error: None,
            epochs: 0,
            next_token: 0,
        })
    }

    pub fn on_event(&mut self, now: Instant, event: Event, actions: &mut Vec<Action>) {
        let cx = &mut Context { now, actions };
        match event {
            Event::Tick => {}
            Event::Call {
                call,
                deadline,
                reply,
            } => self.on_call(cx, call, Caller { reply, deadline }),
            Event::Coordinator(event) => self.coordinate(cx, event),
            Event::Abilities(abilities) => self.abilities = abilities,
            Event::Answer { token, result } => self.on_answer(cx, token, result),
            Event::Joins(partition) => self.on_joins(partition),
            Event::DeliveryFailed { code, text } => self.on_delivery_failed(cx, code, text),
            Event::Fatal(error) => self.stop(cx, error),
        }
        self.proceed(cx);
    }

    /// When to come back with [`Event::Tick`] if nothing happens before.
    pub fn next_deadline(&self) -> Option<Instant> {
        let up = self.coordinator.up().is_some();
        let asking = [&self.asking, &self.joining.asking];
        let asking = asking
            .into_iter()
            .filter_map(Asking::next_deadline)
            .filter(|_| up)
            .min();
        let offsets = self.offsets.as_ref().and_then(|o| {
            let again = o.asking.next_deadline().filter(|_| o.added || up);
            [Some(o.deadline), again].into_iter().flatten().min()
        });
        [
            self.coordinator.next_deadline(),
            asking,
            offsets,
            self.caller.as_ref().map(|caller| caller.deadline),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The names are those that tools know from librdkafka's statistics.
    pub fn state_name(&self) -> &'static str {
        match self.state {
            State::Uninitialized => "Init",
            State::Initializing => "WaitPID",
            State::Ready => match self.unclaimed {
                None => "Ready",
                Some(Unclaimed::Init) => "ReadyNotAcked",
                Some(Unclaimed::Commit) => "CommitNotAcked",
                Some(Unclaimed::Abort) => "AbortedNotAcked",
            },
            State::InTransaction => "InTransaction",
            State::Committing(Phase::Flushing) => "BeginCommit",
            State::Committing(_) => "CommittingTransaction",
            State::Aborting(Phase::Flushing) => "BeginAbort",
            State::Aborting(_) => "AbortingTransaction",
            State::Failed(_) => "AbortableError",
            State::Fatal(_) => "FatalError",
        }
    }

    /// For the statistics: what the state means for the producer id.
    pub fn producer_id_state(&self) -> &'static str {
        match self.state {
            State::Uninitialized => "Init",
            State::Fatal(_) => "FatalError",
            State::Initializing
            | State::Committing(Phase::NewEpoch)
            | State::Aborting(Phase::NewEpoch) => match self.asking.token {
                Some(_) => "WaitPID",
                None if self.coordinator.up().is_some() => "RequestPID",
                None => "WaitTransport",
            },
            State::Failed(_) if self.shared.has_gap() => "WaitTxnAbort",
            _ => "Assigned",
        }
    }

    pub fn state_age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }

    pub fn epochs(&self) -> u32 {
        self.epochs
    }

    pub fn pid(&self) -> Option<Pid> {
        self.producer.identity.get()
    }

    /// Messages are taken.
    pub fn is_open(&self) -> bool {
        self.shared.is_open()
    }

    // --- what the other files build on

    fn enter(&mut self, cx: &mut Context<'_>, state: State) {
        let before = self.state_name();
        self.state = state;
        self.since = cx.now;
        self.asking = Asking::default();
        let text = format!("transaction: {before} -> {}", self.state_name());
        cx.actions.push(Action::Debug(text));
    }

    /// What this call has asked for is done.
    fn finish(&mut self, cx: &mut Context<'_>, call: Unclaimed) {
        self.unclaimed = self.caller.is_none().then_some(call);
        self.enter(cx, State::Ready);
        self.answer(cx, Ok(()));
    }

    fn answer(&mut self, cx: &mut Context<'_>, result: Result<(), KafkaError>) {
        if let Some(caller) = self.caller.take() {
            cx.actions.push(Action::Reply(caller.reply, result));
        }
    }

    /// The transaction can only be aborted.
    fn fail(&mut self, cx: &mut Context<'_>, code: ErrorCode, text: String) {
        let line = format!(
            "The transaction cannot be committed, and must be aborted: {text} ({})",
            code.name()
        );
        cx.actions.push(Action::Log(Level::Err, line));
        let error = KafkaError::new(code, text).txn_requires_abort();
        self.shared.abandon();
        self.drop_requests();
        self.enter(cx, State::Failed(error.clone()));
        cx.actions.push(Action::Purge);
        self.answer(cx, Err(error));
    }

    fn fail_for_good(&mut self, cx: &mut Context<'_>, code: ErrorCode, text: String) {
        cx.actions.push(Action::Fatal(code, text.clone()));
        self.stop(cx, KafkaError::new(code, text).fatal());
    }

    fn stop(&mut self, cx: &mut Context<'_>, error: KafkaError) {
        if let State::Fatal(_) = self.state {
            return;
        }
        self.shared.abandon();
        self.drop_requests();
        self.enter(cx, State::Fatal(error.clone()));
        self.answer(cx, Err(error));
    }

    /// Nothing is added any more. A request that is out may be carried out all the same.
    fn drop_requests(&mut self) {
        if let Some(sending) = self.offsets.take() {
            self.give_up(&sending);
        }
        if self.joining.asking.token.is_some() {
            self.note_stray();
        }
        self.joining = Joining::default();
    }

    /// These offsets are given up. A request that is still on its way to the group's
    /// coordinator would put them into the next transaction: not under another epoch.
    fn give_up(&mut self, sending: &SendingOffsets) {
        if sending.asking.token.is_some() || sending.was_sent() {
            self.note_stray();
        }
    }

    /// A request may be carried out, now or later, without an answer.
    fn note_stray(&mut self) {
        self.shared.touch();
        self.stray = true;
    }

    /// The coordinator has added something to the transaction.
    fn confirm(&mut self) {
        self.shared.touch();
        self.shared.confirm();
    }

    fn coordinate(&mut self, cx: &mut Context<'_>, event: coordinator::Event) {
        let mut actions = Vec::new();
        self.coordinator
            .on_event(cx.now, event, &mut self.rng, &mut actions);
        for action in actions {
            match action {
                coordinator::Action::Failed(code, text) => self.on_not_found(cx, code, text),
                action => cx.actions.push(Action::Coordinator(action)),
            }
        }
    }

    fn token(&mut self) -> Token {
        self.next_token += 1;
        Token(self.next_token)
    }

    /// The pause before a request is sent again.
    fn pause(&mut self, failures: u32, code: ErrorCode) -> Duration {
        let (base, max) = match code {
            ErrorCode::CONCURRENT_TRANSACTIONS => (CONCURRENT_BACKOFF, CONCURRENT_BACKOFF_MAX),
            _ => (self.settings.retry_backoff, self.settings.retry_backoff_max),
        };
        coordinator::backoff(&mut self.rng, failures, base, max)
    }

    /// This broker is not the coordinator; `None`: the one that is known has no connection.
    fn coordinator_lost(&mut self, cx: &mut Context<'_>, broker: Option<i32>) {
        let known = self.coordinator.node().map(|node| node.id);
        if let Some(node) = broker.or(known) {
            self.coordinate(cx, coordinator::Event::Lost(node));
        }
    }
}
