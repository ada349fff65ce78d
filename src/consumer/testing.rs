//! What the tests of this module share: partitions with a queue that can be looked
//! into, batches to be fetched, a broker's side of a connection.

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::base::lock::Mutex;
use bytes::Bytes;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiKey, ApiVersionsResponse, RequestKind};
use uuid::Uuid;

use super::room::{Budget, Room};
use super::*;
use crate::base::message::{self, MessageExt};
use crate::base::queue::{Queue, Taken, Weight};
use crate::broker::{ApiVersions, Outbox, Outgoing};
use crate::protocol::records::encode::{self, BatchMeta};
use crate::protocol::records::{NO_PRODUCER_ID, TimestampType};

pub fn settings() -> Settings {
    Settings {
        max_wait: Duration::from_millis(500),
        min_bytes: 1,
        max_bytes: 50 << 20,
        partition_max_bytes: 1 << 20,
        queued_min_messages: 1000,
        queued_max_bytes: 1 << 20,
        error_backoff: Duration::from_millis(500),
        socket_timeout: Duration::from_secs(60),
        retry_backoff: Duration::from_millis(100),
        retry_backoff_max: Duration::from_secs(1),
        metadata_max_age: Duration::from_secs(900),
        decompress_limit: 1 << 20,
        read_committed: true,
        check_crcs: true,
        partition_eof: true,
        auto_offset_store: true,
        rack: String::new(),
        has_group: true,
        statistics: true,
    }
}

pub struct Item(pub Option<Fetched>);

impl Weight for Item {
    fn weight(&self) -> usize {
        self.0.as_ref().map_or(0, Fetched::weight)
    }
}

#[derive(Default)]
pub struct Sink(pub Arc<Queue<Item>>);

impl FetchSink for Sink {
    fn deliver(&self, fetched: Fetched) {
        self.0.push(Item(Some(fetched)));
    }

    fn deliver_first(&self, fetched: Fetched) {
        self.0.push_front(Item(Some(fetched)));
    }
}

/// A partition with the queue that it delivers to.
pub struct TestPartition {
    pub partition: Arc<Partition>,
    pub queue: Arc<Queue<Item>>,
    pub budget: Arc<Budget>,
}

/// A message as a test sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub err: i32,
    pub offset: i64,
    pub value: Vec<u8>,
}

pub fn partition_with(
    settings: Settings,
    topic: &str,
    id: i32,
    reset: ResetPolicy,
) -> TestPartition {
    let shared = Arc::new(ConsumerShared {
        settings,
        logger: Arc::new(Logger::new(0, 0, false)),
    });
    partition_of(&shared, topic, id, reset)
}

pub fn partition_of(
    shared: &Arc<ConsumerShared>,
    topic: &str,
    id: i32,
    reset: ResetPolicy,
) -> TestPartition {
    let topic = Arc::new(Topic {
        name: Arc::from(topic),
        reset,
        id: Mutex::new(Uuid::nil()),
        handle: Mutex::new(None),
    });
    let queue = Arc::new(Queue::new());
    let budget = Budget::new(shared.settings.queued_max_bytes);
    let partition = Partition::new(
        shared.clone(),
        topic,
        id,
        Arc::new(Sink(queue.clone())),
        budget.clone(),
    );
    TestPartition {
        partition,
        queue,
        budget,
    }
}

pub fn test_partition() -> TestPartition {
    partition_with(settings(), "t", 0, ResetPolicy::Beginning)
}

impl TestPartition {
    /// What the application gets next, if anything is there.
    pub fn take(&self) -> Option<Seen> {
        let past = Some(Instant::now() - Duration::from_millis(1));
        let m = self.queue.take(past, |item| {
            let Some(fetched) = &mut item.0 else {
                return Taken::Stale;
            };
            match fetched.next() {
                Next::Message(m) => Taken::Part(m),
                Next::Last(m) => Taken::Last(m),
                Next::Nothing => Taken::Stale,
            }
        })?;
        Some(seen(m).0)
    }

    pub fn take_all(&self) -> Vec<Seen> {
        std::iter::from_fn(|| self.take()).collect()
    }

    pub fn offsets(&self) -> Vec<i64> {
        self.take_all().iter().map(|s| s.offset).collect()
    }
}

/// A message that was just taken, with its delivery count; it is released.
#[allow(unsafe_code)]
pub fn seen(m: NonNull<MessageExt>) -> (Seen, i16) {
    // SAFETY: the message was just taken, and is released once.
    unsafe {
        let msg = &m.as_ref().msg;
        let value = if msg.payload.is_null() {
            Vec::new()
        } else {
            std::slice::from_raw_parts(msg.payload.cast::<u8>(), msg.len).to_vec()
        };
        let seen = Seen {
            err: msg.err,
            offset: msg.offset,
            value,
        };
        let count = m.as_ref().delivery_count;
        message::release(m.as_ptr());
        (seen, count)
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Kind {
    pub producer_id: i64,
    pub transactional: bool,
    /// The key's type of a control record.
    pub control: Option<i16>,
}

pub const PLAIN: Kind = Kind {
    producer_id: NO_PRODUCER_ID,
    transactional: false,
    control: None,
};

pub fn in_transaction(producer_id: i64) -> Kind {
    Kind {
        producer_id,
        transactional: true,
        control: None,
    }
}

/// The end of a transaction: 0 aborted, 1 committed.
pub fn marker(producer_id: i64, kind: i16) -> Kind {
    Kind {
        producer_id,
        transactional: true,
        control: Some(kind),
    }
}

/// A batch of `count` records, whose values are their offsets.
pub fn batch(base: i64, count: i32, kind: Kind) -> Vec<u8> {
    let mut buf = encode::new_batch(0);
    for i in 0..count {
        let value = (base + i64::from(i)).to_string();
        let key = kind.control.map(|c| [[0, 0], c.to_be_bytes()].concat());
        encode::append_record(
            &mut buf,
            0,
            i,
            key.as_deref(),
            Some(value.as_bytes()),
            encode::no_headers(),
        );
    }
    encode::seal(
        &mut buf,
        &BatchMeta {
            record_count: count,
            base_timestamp: 1000,
            max_timestamp: 1000,
            timestamp_type: TimestampType::CreateTime,
            producer_id: kind.producer_id,
            producer_epoch: 0,
            base_sequence: 0,
            transactional: kind.transactional,
            control: kind.control.is_some(),
        },
    );
    encode::patch_log_position(&mut buf, base, 7);
    buf
}

pub fn records(batches: &[Vec<u8>]) -> Bytes {
    Bytes::from(batches.concat())
}

/// A connection that keeps what is sent.
pub struct FakeOutbox {
    versions: ApiVersions,
    pub sent: Vec<(i16, RequestKind)>,
}

impl FakeOutbox {
    /// To a broker that has these requests, each with its lowest and highest version.
    pub fn new(apis: &[(ApiKey, i16, i16)]) -> Self {
        let mut response = ApiVersionsResponse::default();
        for (api, min, max) in apis {
            let mut version = ApiVersion::default();
            version.api_key = *api as i16;
            (version.min_version, version.max_version) = (*min, *max);
            response.api_keys.push(version);
        }
        FakeOutbox {
            versions: ApiVersions::from_response(&response),
            sent: Vec::new(),
        }
    }
}

impl Outbox<()> for FakeOutbox {
    fn versions(&self) -> &ApiVersions {
        &self.versions
    }

    fn broker_id(&self) -> i32 {
        1
    }

    fn room(&self) -> usize {
        1
    }

    fn backlog(&mut self) -> usize {
        0
    }

    fn client_id(&self) -> &str {
        "test"
    }

    fn next_correlation_id(&mut self) -> i32 {
        1
    }

    fn send_segments(&mut self, _now: Instant, _out: Outgoing<()>) {}

    fn send(
        &mut self,
        _now: Instant,
        _api: ApiKey,
        version: i16,
        request: &RequestKind,
        _timeout: Duration,
        _tag: (),
    ) {
        self.sent.push((version, request.clone()));
    }
}

/// A room that counts how often the loop was woken.
pub fn room() -> (Arc<Room>, Arc<AtomicUsize>) {
    let woken = Arc::new(AtomicUsize::new(0));
    let n = woken.clone();
    let room = Room::new(Arc::new(move || {
        n.fetch_add(1, Ordering::Relaxed);
    }));
    (room, woken)
}
