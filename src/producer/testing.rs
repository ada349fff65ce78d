//! A leader's loop without its thread and its socket.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::lock::Mutex;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{
    ApiKey, ApiVersionsResponse, ProduceResponse, RequestKind, ResponseKind, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::idempotence::{Identity, Pid};
use super::limits::Limits;
use super::partition::ready::ReadyPartitions;
use super::partitioner::Builtin;
use super::sender::Sender;
use super::topic::{Partitioner, Record};
use super::transaction::SharedTransaction;
use super::{
    Delivery, DeliverySink, Partition, ProducerShared, ProducerStats, Settings, Topic,
    TopicSettings,
};
use crate::base::error::ErrorCode;
use crate::base::log::Logger;
use crate::broker::{ApiVersions, Outbox, Outgoing, Response};
use crate::protocol::compression::Codec;
use crate::protocol::leader::NewLeader;

#[derive(Default)]
pub struct Sink {
    /// Opaque, error and offset of the batch.
    pub reports: Mutex<Vec<(usize, ErrorCode, i64)>>,
    pub fatal: Mutex<Vec<ErrorCode>>,
    pub spent: Mutex<Vec<i64>>,
    /// Partitions that wait to be added to the transaction.
    pub joins: Mutex<Vec<i32>>,
    pub failed: Mutex<Vec<ErrorCode>>,
}

impl DeliverySink for Sink {
    fn delivered(&self, d: Delivery) {
        let mut reports = self.reports.lock();
        reports.extend(
            d.batch
                .entries
                .iter()
                .map(|e| (e.opaque, d.err, d.base_offset)),
        );
    }

    fn metadata_is_stale(&self, _: &Arc<str>, _: ErrorCode, _: Option<NewLeader>) {}

    fn topic_refused(&self, _: &Arc<str>, _: ErrorCode) {}

    fn fatal(&self, code: ErrorCode, _: &str) {
        self.fatal.lock().push(code);
    }

    fn producer_id_is_spent(&self, spent: Pid) {
        self.spent.lock().push(spent.id);
    }

    fn joins_transaction(&self, partition: &Arc<Partition>) {
        self.joins.lock().push(partition.id);
    }

    fn transaction_failed(&self, code: ErrorCode, _: String) {
        self.failed.lock().push(code);
    }
}

pub fn settings() -> Settings {
    Settings {
        max_message_bytes: 10_000,
        max_queued_messages: 1000,
        max_queued_bytes: 1_000_000,
        linger: Duration::ZERO,
        batch_messages: 2,
        batch_bytes: 1000,
        retries: 3,
        retry_backoff: Duration::from_millis(100),
        retry_backoff_max: Duration::from_millis(100),
        socket_timeout: Duration::from_secs(60),
        sticky_linger: Duration::ZERO,
        max_in_flight: 5,
        max_backlog: 100,
        idempotence: false,
        transactional_id: None,
        gapless: false,
    }
}

pub fn topic_settings() -> TopicSettings {
    TopicSettings {
        acks: -1,
        request_timeout: Duration::from_secs(30),
        message_timeout: Duration::from_secs(300),
        codec: Codec::None,
        level: 0,
        lifo: false,
    }
}

fn list_of_nobody() -> Arc<ReadyPartitions> {
    Arc::new(ReadyPartitions::new(Arc::new(|_| ())))
}

pub fn shared_with(settings: Settings, sink: Arc<dyn DeliverySink>) -> Arc<ProducerShared> {
    Arc::new(ProducerShared {
        limits: Limits::new(settings.max_queued_messages, settings.max_queued_bytes),
        identity: Identity::new(&settings),
        transaction: SharedTransaction::of(&settings),
        settings,
        sink,
        logger: Arc::new(Logger::new(0, 0, false)),
        leaderless: list_of_nobody(),
        stats: ProducerStats::default(),
        fatal: Default::default(),
    })
}

/// What the topics of a client share, with nobody to report to.
pub fn shared(settings: Settings) -> Arc<ProducerShared> {
    shared_with(settings, Arc::new(Sink::default()))
}

/// What a broker says that it speaks of Produce.
pub fn versions(min: i16, max: i16) -> ApiVersions {
    let mut produce = ApiVersion::default();
    produce.api_key = ApiKey::Produce as i16;
    produce.min_version = min;
    produce.max_version = max;
    let mut response = ApiVersionsResponse::default();
    response.api_keys.push(produce);
    ApiVersions::from_response(&response)
}

/// A connection on which requests stay.
pub struct FakeOutbox {
    versions: ApiVersions,
    pub sent: Vec<Outgoing<u64>>,
    pub backlog: usize,
    correlation_id: i32,
}

impl FakeOutbox {
    fn new() -> Self {
        FakeOutbox {
            versions: versions(3, 9),
            sent: Vec::new(),
            backlog: 0,
            correlation_id: 0,
        }
    }
}

impl Outbox<u64> for FakeOutbox {
    fn versions(&self) -> &ApiVersions {
        &self.versions
    }

    fn broker_id(&self) -> i32 {
        1
    }

    fn room(&self) -> usize {
        100
    }

    fn backlog(&mut self) -> usize {
        self.backlog
    }

    fn client_id(&self) -> &str {
        "test"
    }

    fn next_correlation_id(&mut self) -> i32 {
        self.correlation_id += 1;
        self.correlation_id
    }

    fn send_segments(&mut self, _: Instant, out: Outgoing<u64>) {
        self.backlog += 1;
        self.sent.push(out);
    }

    fn send(&mut self, _: Instant, _: ApiKey, _: i16, _: &RequestKind, _: Duration, _: u64) {}
}

pub struct Fixture {
    pub sink: Arc<Sink>,
    pub topic: Topic,
    pub sender: Sender,
    pub out: FakeOutbox,
    pub now: Instant,
}

impl Fixture {
    /// One topic with one partition, and its leader's sender.
    pub fn new(settings: Settings, topic: TopicSettings) -> Self {
        let sink = Arc::new(Sink::default());
        let shared = shared_with(settings, sink.clone());
        let partitioner = Partitioner::Builtin(Builtin::Consistent);
        let topic = Topic::new(Arc::from("t"), topic, partitioner, shared.clone());
        let list = list_of_nobody();
        let now = Instant::now();
        topic.set_partitions(&[Some(list.clone())], now);
        Fixture {
            sender: Sender::new(shared, list, Arc::default()),
            sink,
            topic,
            out: FakeOutbox::new(),
            now,
        }
    }

    pub fn sender_shared(&self) -> &ProducerShared {
        &self.topic.info.shared
    }

    /// Messages of four bytes, their number.
    pub fn produce(&self, opaques: impl IntoIterator<Item = usize>) {
        for opaque in opaques {
            let value = u32::try_from(opaque).unwrap().to_be_bytes();
            let record = Record {
                key: None,
                value: Some(&value),
                headers: &[],
                timestamp: 1,
                opaque,
                payload_ptr: 0,
            };
            self.topic.produce(0, &record, false).unwrap();
        }
    }

    /// The loop's turn.
    pub fn turn(&mut self) {
        self.sender.collect(self.now);
        self.sender.poll(self.now, &mut self.out);
    }

    /// The broker's answer to a request.
    pub fn answer(&mut self, tag: u64, code: ErrorCode, offset: i64) {
        let partition = PartitionProduceResponse::default()
            .with_error_code(code.0 as i16)
            .with_base_offset(offset);
        let topic = TopicProduceResponse::default()
            .with_name(TopicName(StrBytes::from_static_str("t")))
            .with_partition_responses(vec![partition]);
        let response = Response {
            kind: Some(ResponseKind::Produce(
                ProduceResponse::default().with_responses(vec![topic]),
            )),
            version: 9,
            rtt: Duration::ZERO,
            broker_id: 1,
            broker: "b".into(),
        };
        self.sender.on_response(self.now, tag, Ok(response));
    }

    pub fn reported(&self) -> Vec<usize> {
        self.sink.reports.lock().iter().map(|r| r.0).collect()
    }
}
