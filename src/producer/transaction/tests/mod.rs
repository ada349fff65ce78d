mod offsets;

use std::collections::VecDeque;

use kafka_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
};
use kafka_protocol::messages::describe_transactions_response::TransactionState;
use kafka_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnResponse, AddPartitionsToTxnResponse, ApiKey, DescribeTransactionsResponse,
    EndTxnResponse, FindCoordinatorResponse, InitProducerIdResponse, ProducerId, ResponseKind,
    TopicName, TxnOffsetCommitResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::*;
use crate::base::lock::Mutex;
use crate::producer::batch::{Delivery, NewRecord, OpenBatch};
use crate::producer::partition::ready::ReadyPartitions;
use crate::producer::partitioner::Builtin;
use crate::producer::testing::{settings, shared, topic_settings};
use crate::producer::topic::{Partitioner, Topic};

type Results = Arc<Mutex<Vec<Result<(), KafkaError>>>>;

/// A machine, and what it has asked for.
struct Fixture {
    producer: Arc<ProducerShared>,
    machine: Transaction,
    now: Instant,
    sent: VecDeque<Outgoing>,
    fatal: Vec<ErrorCode>,
    purges: usize,
    nudged: usize,
    results: Results,
    topic: Topic,
}

impl Fixture {
    fn new(feature: i16) -> Self {
        let mut settings = settings();
        settings.transactional_id = Some("t".into());
        let producer = shared(settings);
        let now = Instant::now();
        let machine = Transaction::new(
            &producer,
            Settings {
                transactional_id: "t".into(),
                timeout_ms: 60_000,
                request_timeout: Duration::from_secs(10),
                retry_backoff: Duration::from_millis(100),
                retry_backoff_max: Duration::from_secs(1),
                coordinator_query_interval: Duration::from_secs(600),
                seed: 1,
            },
            now,
        );
        let partitioner = Partitioner::Builtin(Builtin::Consistent);
        let topic = Topic::new("t".into(), topic_settings(), partitioner, producer.clone());
        let nobody = Arc::new(ReadyPartitions::new(Arc::new(|_| ())));
        topic.set_partitions(&[Some(nobody.clone()), Some(nobody)], now);
        let mut f = Fixture {
            producer,
            machine: machine.unwrap(),
            now,
            sent: VecDeque::new(),
            fatal: Vec::new(),
            purges: 0,
            nudged: 0,
            results: Results::default(),
            topic,
        };
        f.tell(Event::Abilities(Abilities {
            version_2: feature == 2,
            renews_epochs: true,
        }));
        f
    }

    /// In a transaction, with producer id 7 and epoch 0.
    fn begun(feature: i16) -> Self {
        let mut f = Fixture::new(feature);
        f.call(Call::Init);
        f.answer(ApiKey::InitProducerId, pid(7, 0));
        assert_eq!(f.result(), Ok(()));
        f.call(Call::Begin);
        assert_eq!(f.result(), Ok(()));
        f
    }

    fn tell(&mut self, event: Event) {
        let mut actions = Vec::new();
        self.machine.on_event(self.now, event, &mut actions);
        for action in actions {
            match action {
                Action::Send(out) => self.sent.push_back(out),
                Action::Coordinator(coordinator::Action::Find(_)) => self.find(),
                Action::Coordinator(_) | Action::Log(..) | Action::Debug(_) => {}
                Action::Purge => self.purges += 1,
                Action::Nudge(partitions) => self.nudged += partitions.len(),
                Action::Fatal(code, _) => self.fatal.push(code),
                Action::Reply(reply, result) => reply(result),
            }
        }
    }

    /// The coordinator is found, and up.
    fn find(&mut self) {
        let mut answer = FindCoordinatorResponse::default();
        answer.node_id = 1.into();
        answer.host = StrBytes::from_static_str("h");
        answer.port = 9092;
        let response = response(ResponseKind::FindCoordinator(answer));
        let found = coordinator::Event::Answer(Ok(response));
        self.tell(Event::Coordinator(found));
        self.tell(Event::Coordinator(coordinator::Event::Up(1)));
    }

    fn call(&mut self, call: Call) {
        let results = self.results.clone();
        self.tell(Event::Call {
            call,
            deadline: self.now + Duration::from_secs(20),
            reply: Box::new(move |result| results.lock().push(result)),
        });
    }

    /// The result of the only call.
    fn result(&self) -> Result<(), KafkaError> {
        let mut results = std::mem::take(&mut *self.results.lock());
        assert_eq!(results.len(), 1, "one call, one result");
        results.remove(0)
    }

    fn waits(&self) -> bool {
        self.results.lock().is_empty()
    }

    /// The request that is out must be this, and is answered so.
    fn answer(&mut self, api: ApiKey, kind: ResponseKind) -> Outgoing {
        let out = self.sent.pop_front().expect("a request");
        assert_eq!(out.api, api);
        let (token, result) = (out.token, Ok(response(kind)));
        self.tell(Event::Answer { token, result });
        out
    }

    fn later(&mut self, by: Duration) {
        self.now += by;
        self.tell(Event::Tick);
    }

    fn commit(&mut self) {
        self.call(Call::BeginCommit);
        assert_eq!(self.result(), Ok(()));
        self.call(Call::Commit);
    }

    fn abort(&mut self) {
        self.call(Call::BeginAbort);
        assert_eq!(self.result(), Ok(()));
        self.call(Call::Abort);
    }

    fn partition(&self) -> Arc<Partition> {
        self.topic.view().partitions()[0].clone()
    }

    fn fail(&mut self, code: ErrorCode) {
        let text = "a batch has failed".into();
        self.tell(Event::DeliveryFailed { code, text });
    }

    fn shared(&self) -> &SharedTransaction {
        self.producer.transaction.as_ref().unwrap()
    }
}

fn response(kind: ResponseKind) -> Response {
    Response {
        kind: Some(kind),
        version: 4,
        rtt: Duration::ZERO,
        broker_id: 1,
        broker: "b".into(),
    }
}

fn pid(id: i64, epoch: i16) -> ResponseKind {
    let answer = InitProducerIdResponse::default()
        .with_producer_id(ProducerId(id))
        .with_producer_epoch(epoch);
    ResponseKind::InitProducerId(answer)
}

fn no_pid(code: ErrorCode) -> ResponseKind {
    ResponseKind::InitProducerId(InitProducerIdResponse::default().with_error_code(code.0 as i16))
}

fn ended(code: ErrorCode, next: Option<(i64, i16)>) -> ResponseKind {
    let (id, epoch) = next.unwrap_or((-1, -1));
    let answer = EndTxnResponse::default()
        .with_error_code(code.0 as i16)
        .with_producer_id(ProducerId(id))
        .with_producer_epoch(epoch);
    ResponseKind::EndTxn(answer)
}

fn joined(code: ErrorCode) -> ResponseKind {
    let partition =
        AddPartitionsToTxnPartitionResult::default().with_partition_error_code(code.0 as i16);
    let topic = AddPartitionsToTxnTopicResult::default()
        .with_name(TopicName(StrBytes::from_static_str("t")))
        .with_results_by_partition(vec![partition]);
    let answer =
        AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(vec![topic]);
    ResponseKind::AddPartitionsToTxn(answer)
}

fn offsets_added(code: ErrorCode) -> ResponseKind {
    ResponseKind::AddOffsetsToTxn(AddOffsetsToTxnResponse::default().with_error_code(code.0 as i16))
}

fn offsets_committed(code: ErrorCode) -> ResponseKind {
    let partition = TxnOffsetCommitResponsePartition::default().with_error_code(code.0 as i16);
    let topic = TxnOffsetCommitResponseTopic::default().with_partitions(vec![partition]);
    ResponseKind::TxnOffsetCommit(TxnOffsetCommitResponse::default().with_topics(vec![topic]))
}

fn offsets() -> Call {
    Call::SendOffsets(Offsets {
        group_id: "g".into(),
        generation: 3,
        member_id: "m".into(),
        instance_id: None,
        partitions: vec![TopicPartition {
            offset: 5,
            ..TopicPartition::new("in", 0)
        }],
    })
}

const OK: ErrorCode = ErrorCode::NO_ERROR;

#[test]
fn version_1_adds_partitions_and_keeps_the_epoch() {
    let mut f = Fixture::begun(1);
    assert!(f.shared().is_open());
    f.tell(Event::Joins(f.partition()));
    f.answer(
        ApiKey::AddPartitionsToTxn,
        joined(ErrorCode::CONCURRENT_TRANSACTIONS),
    );
    assert_eq!(f.nudged, 0);
    f.later(Duration::from_millis(100));
    f.answer(ApiKey::AddPartitionsToTxn, joined(OK));
    assert_eq!(f.nudged, 1);
    f.commit();
    assert!(!f.shared().is_open());
    let out = f.answer(ApiKey::EndTxn, ended(OK, None));
    assert_eq!(out.max_version, Some(4));
    assert_eq!(f.result(), Ok(()));
    assert_eq!(f.machine.pid(), Some(Pid { id: 7, epoch: 0 }));
    assert_eq!(f.machine.state_name(), "Ready");
}

#[test]
fn version_2_takes_the_epoch_from_the_end() {
    let mut f = Fixture::begun(2);
    f.shared().touch();
    f.commit();
    let out = f.answer(ApiKey::EndTxn, ended(OK, Some((7, 1))));
    assert_eq!(out.max_version, None);
    assert_eq!(f.result(), Ok(()));
    assert_eq!(f.machine.pid(), Some(Pid { id: 7, epoch: 1 }));
    f.call(Call::Begin);
    assert_eq!(f.result(), Ok(()));
    // Something was lost: the end raises the epoch, and nothing else has to.
    f.shared().touch();
    f.shared().confirm();
    f.shared().set_gap(true);
    f.fail(ErrorCode::_TIMED_OUT);
    f.abort();
    f.answer(ApiKey::EndTxn, ended(OK, Some((7, 2))));
    assert_eq!(f.result(), Ok(()));
    assert!(f.sent.is_empty());
}

#[test]
fn what_no_broker_knows_of_is_not_ended_there() {
    for feature in [1, 2] {
        let mut f = Fixture::begun(feature);
        f.commit();
        assert_eq!(f.result(), Ok(()));
        f.call(Call::Begin);
        assert_eq!(f.result(), Ok(()));
        f.abort();
        assert_eq!(f.result(), Ok(()));
        assert!(f.sent.is_empty());
    }
}

#[test]
fn a_failed_batch_demands_an_abort_and_a_gap_another_epoch() {
    let mut f = Fixture::begun(1);
    f.shared().touch();
    f.shared().set_gap(true);
    f.fail(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert_eq!(f.purges, 1);
    assert!(f.shared().is_abandoned());
    for call in [Call::BeginCommit, offsets(), Call::Begin] {
        f.call(call);
        let error = f.result().unwrap_err();
        assert_eq!(error.code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
        assert!(error.txn_requires_abort && !error.fatal);
    }
    f.abort();
    f.answer(ApiKey::EndTxn, ended(OK, None));
    assert!(f.waits());
    f.answer(ApiKey::InitProducerId, pid(7, 1));
    assert_eq!(f.result(), Ok(()));
    assert_eq!(f.machine.pid(), Some(Pid { id: 7, epoch: 1 }));
    assert!(!f.shared().has_gap());
}

#[test]
fn what_the_coordinator_refused_to_begin_is_not_ended_there() {
    let mut f = Fixture::begun(1);
    f.tell(Event::Joins(f.partition()));
    let refused = joined(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    f.answer(ApiKey::AddPartitionsToTxn, refused);
    f.abort();
    assert_eq!(f.result(), Ok(()));
    assert!(f.sent.is_empty());
    f.call(Call::Begin);
    assert_eq!(f.result(), Ok(()));
    // Nobody knows whether this request has arrived.
    f.tell(Event::Joins(f.partition()));
    f.abort();
    f.sent.pop_front();
    f.answer(ApiKey::EndTxn, ended(ErrorCode::INVALID_TXN_STATE, None));
    f.answer(ApiKey::InitProducerId, pid(7, 1));
    assert_eq!(f.result(), Ok(()));
}

#[test]
fn messages_that_were_not_delivered_are_no_commit() {
    let mut f = Fixture::begun(2);
    let now = f.now;
    f.call(Call::BeginCommit);
    assert_eq!(f.result(), Ok(()));
    let mut open = OpenBatch::new(now, 1, 1);
    let record = NewRecord {
        key: None,
        value: Some(b"v"),
        headers: std::iter::empty(),
        timestamp: 1,
        opaque: 0,
        payload_ptr: 0,
    };
    open.append(now, &record, 0);
    let batch = open.close(0, f.topic.info.clone(), 0);
    drop(Delivery::new(batch, ErrorCode::_MSG_TIMED_OUT, now));
    f.call(Call::Commit);
    let error = f.result().unwrap_err();
    assert_eq!(error.code, ErrorCode::_INCONSISTENT);
    assert!(error.txn_requires_abort);
}

#[test]
fn a_call_whose_time_is_up_goes_on_and_is_claimed_by_the_next() {
    let mut f = Fixture::begun(1);
    f.shared().touch();
    f.commit();
    f.later(Duration::from_secs(21));
    let error = f.result().unwrap_err();
    assert_eq!((error.code, error.retriable), (ErrorCode::_TIMED_OUT, true));
    f.answer(ApiKey::EndTxn, ended(OK, None));
    assert_eq!(f.machine.state_name(), "CommitNotAcked");
    f.commit();
    assert_eq!(f.result(), Ok(()));
    assert_eq!(f.machine.state_name(), "Ready");
    f.call(Call::BeginCommit);
    assert_eq!(f.result().unwrap_err().code, ErrorCode::_STATE);
}

#[test]
fn a_lost_answer_to_the_end_is_asked_for_again() {
    let mut f = Fixture::begun(1);
    f.shared().touch();
    f.commit();
    let token = f.sent.pop_front().unwrap().token;
    let result = Err(RequestError::Disconnected("cut".into()));
    f.tell(Event::Answer { token, result });
    f.tell(Event::Coordinator(coordinator::Event::Down(1)));
    assert!(f.waits());
    f.later(Duration::from_secs(2));
    f.answer(
        ApiKey::EndTxn,
        ended(ErrorCode::CONCURRENT_TRANSACTIONS, None),
    );
    f.later(Duration::from_secs(1));
    f.answer(ApiKey::EndTxn, ended(OK, None));
    // The first one may come yet, and must not end the next transaction.
    assert!(f.waits());
    f.answer(ApiKey::InitProducerId, pid(7, 1));
    assert_eq!(f.result(), Ok(()));
}

#[test]
fn fencing_is_fatal_wherever_a_coordinator_says_so() {
    for code in [
        ErrorCode::PRODUCER_FENCED,
        ErrorCode::INVALID_PRODUCER_EPOCH,
    ] {
        let mut f = Fixture::begun(1);
        f.shared().touch();
        f.commit();
        f.answer(ApiKey::EndTxn, ended(code, None));
        let error = f.result().unwrap_err();
        assert_eq!((error.code, error.fatal), (ErrorCode::_FENCED, true));
        assert_eq!(f.fatal, [ErrorCode::_FENCED]);
        f.call(Call::Begin);
        assert!(f.result().unwrap_err().fatal);
    }
}

/// The request would put them into the next transaction.
/// The coordinator may have begun the transaction: it must be told of its end.
#[test]
fn what_is_refused_may_have_been_done() {
    for (code, ends) in [
        (ErrorCode::COORDINATOR_NOT_AVAILABLE, true),
        (ErrorCode::COORDINATOR_LOAD_IN_PROGRESS, false),
    ] {
        let mut f = Fixture::begun(1);
        f.call(offsets());
        f.answer(ApiKey::AddOffsetsToTxn, offsets_added(code));
        f.abort();
        let all = std::mem::take(&mut *f.results.lock());
        assert_eq!(all.len(), if ends { 0 } else { 1 });
        assert_eq!(!f.sent.is_empty(), ends);
    }
}

#[test]
fn the_last_epoch_is_not_used() {
    let mut f = Fixture::begun(2);
    f.shared().touch();
    f.shared().confirm();
    f.abort();
    f.answer(ApiKey::EndTxn, ended(OK, Some((7, i16::MAX))));
    assert!(f.waits());
    f.answer(ApiKey::InitProducerId, pid(8, 0));
    assert_eq!(f.result(), Ok(()));
}

/// The main thread would come back for it without end.
#[test]
fn nothing_is_due_while_the_coordinator_is_looked_for() {
    let mut f = Fixture::begun(1);
    f.call(offsets());
    f.tell(Event::Coordinator(coordinator::Event::Down(1)));
    let out = f.sent.pop_front().unwrap();
    assert_eq!(out.api, ApiKey::AddOffsetsToTxn);
    let (token, lost) = (out.token, RequestError::Disconnected("gone".into()));
    let result = Err(lost);
    f.tell(Event::Answer { token, result });
    f.now += Duration::from_secs(2);
    f.machine.coordinator = Coordinator::new(
        Kind::Transaction,
        "t".into(),
        coordinator::Settings {
            request_timeout: Duration::from_secs(10),
            retry_backoff: Duration::from_secs(10),
            retry_backoff_max: Duration::from_secs(10),
            query_interval: Duration::from_secs(600),
        },
    );
    f.tell(Event::Tick);
    assert!(f.machine.next_deadline().is_some_and(|at| at > f.now));
}

#[test]
fn a_refused_epoch_is_fatal() {
    for feature in [1, 2] {
        for code in [
            ErrorCode::INVALID_PRODUCER_EPOCH,
            ErrorCode::PRODUCER_FENCED,
        ] {
            let mut f = Fixture::begun(feature);
            f.fail(code);
            assert_eq!(f.fatal, [ErrorCode::_FENCED]);
            // The answer comes while the application aborts.
            let mut f = Fixture::begun(feature);
            f.call(Call::BeginAbort);
            assert_eq!(f.result(), Ok(()));
            f.fail(code);
            f.call(Call::Abort);
            assert!(f.result().unwrap_err().fatal);
            assert!(f.sent.is_empty());
        }
    }
}

#[test]
fn what_nobody_has_confirmed_is_aborted_by_its_owner_only() {
    let described = |id, epoch| {
        let state = TransactionState::default()
            .with_producer_id(ProducerId(id))
            .with_producer_epoch(epoch);
        let answer = DescribeTransactionsResponse::default().with_transaction_states(vec![state]);
        ResponseKind::DescribeTransactions(answer)
    };
    let mut f = Fixture::begun(2);
    f.shared().touch();
    f.abort();
    f.answer(ApiKey::DescribeTransactions, described(7, 0));
    f.answer(ApiKey::EndTxn, ended(OK, Some((7, 1))));
    assert_eq!(f.result(), Ok(()));
    f.call(Call::Begin);
    assert_eq!(f.result(), Ok(()));
    f.shared().touch();
    f.abort();
    f.answer(ApiKey::DescribeTransactions, described(7, 2));
    assert!(f.result().unwrap_err().fatal);
    assert!(f.sent.is_empty());
    // A broker has taken a batch: no question.
    let mut f = Fixture::begun(2);
    f.shared().touch();
    f.shared().confirm();
    f.abort();
    f.answer(ApiKey::EndTxn, ended(OK, Some((7, 1))));
    assert_eq!(f.result(), Ok(()));
}

#[test]
fn a_commit_that_comes_too_late_is_aborted_in_version_2() {
    let mut f = Fixture::begun(2);
    f.shared().touch();
    f.commit();
    f.answer(ApiKey::EndTxn, ended(ErrorCode::INVALID_TXN_STATE, None));
    assert!(f.result().unwrap_err().txn_requires_abort);
    f.shared().confirm();
    f.abort();
    f.answer(ApiKey::EndTxn, ended(OK, Some((7, 1))));
    assert_eq!(f.result(), Ok(()));
}

#[test]
fn an_unknown_producer_id_is_left_for_another() {
    let mut f = Fixture::begun(1);
    f.shared().touch();
    f.commit();
    f.answer(
        ApiKey::EndTxn,
        ended(ErrorCode::INVALID_PRODUCER_ID_MAPPING, None),
    );
    assert!(f.result().unwrap_err().txn_requires_abort);
    f.abort();
    let unknown = || ended(ErrorCode::INVALID_PRODUCER_ID_MAPPING, None);
    f.answer(ApiKey::EndTxn, unknown());
    f.later(Duration::from_secs(1));
    f.answer(ApiKey::EndTxn, unknown());
    f.answer(ApiKey::InitProducerId, pid(8, 0));
    assert_eq!(f.result(), Ok(()));
    assert_eq!(f.machine.pid(), Some(Pid { id: 8, epoch: 0 }));
}

#[test]
fn a_broker_that_gives_no_next_epoch_is_not_asked_for_one() {
    let mut f = Fixture::begun(1);
    f.tell(Event::Abilities(Abilities::default()));
    f.shared().touch();
    f.commit();
    let token = f.sent.pop_front().unwrap().token;
    let result = Err(RequestError::TimedOut);
    f.tell(Event::Answer { token, result });
    f.later(Duration::from_secs(2));
    f.answer(ApiKey::EndTxn, ended(OK, None));
    assert_eq!(f.result(), Ok(()));
    f.call(Call::Begin);
    assert_eq!(f.result(), Ok(()));
    // Without it nothing goes on after a loss. InitProducerId would only fence a successor.
    f.shared().touch();
    f.shared().set_gap(true);
    f.abort();
    f.answer(ApiKey::EndTxn, ended(OK, None));
    let error = f.result().unwrap_err();
    assert_eq!(
        (error.code, error.fatal),
        (ErrorCode::_UNSUPPORTED_FEATURE, true)
    );
    assert!(f.sent.is_empty());
}

#[test]
fn a_first_producer_id_that_is_refused() {
    let mut f = Fixture::new(2);
    f.call(Call::Init);
    f.answer(
        ApiKey::InitProducerId,
        no_pid(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS),
    );
    f.later(Duration::from_secs(21));
    let error = f.result().unwrap_err();
    let code = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
    assert_eq!((error.code, error.retriable), (code, true));
    f.sent.clear();
    f.call(Call::Begin);
    assert_eq!(f.result().unwrap_err().code, ErrorCode::_STATE);

    let mut f = Fixture::new(2);
    f.call(Call::Init);
    f.answer(
        ApiKey::InitProducerId,
        no_pid(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
    );
    assert!(f.result().unwrap_err().fatal);
    assert_eq!(f.fatal, [ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED]);
}
