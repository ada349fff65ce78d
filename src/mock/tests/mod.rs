//! Tests of the whole state machine by its frames, with a virtual clock.

mod authorization;
mod elections;
mod fetching;
mod groups;
mod groups_consumer;
mod groups_migration;
mod injection;
mod logins;
mod retention;
mod security;
mod share_groups;
mod shares;
mod sockets;
mod telemetry;
mod transactions;
mod transactions_ending;
mod transactions_epochs;
mod transactions_faults;
mod transactions_random;
mod versions;

use super::dispatch::{ANONYMOUS, Peer};
use super::state::broker::Broker;
use super::state::{ClusterState, ConnId, Defaults, Now, Output};
use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiKey, ProduceRequest, RequestHeader, ResponseHeader, TopicName, TransactionalId,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use kafka_protocol::records::{
    Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};
use std::collections::{HashMap, HashSet};

pub const START_MS: i64 = 1_700_000_000_000;

/// A cluster without sockets, and its time.
pub struct Sim {
    pub state: ClusterState,
    pub now: Now,
    /// Whom the requests are from.
    pub principal: &'static str,
    next_conn: ConnId,
    answers: HashMap<ConnId, Answer>,
    /// Connections that are closed after their answer.
    ended: HashSet<ConnId>,
}

#[derive(Debug)]
pub enum Answer {
    Frame(Bytes, u32),
    Silence,
    Closed,
}

/// A request on its way: a connection of its own, so that many can wait at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    pub conn: ConnId,
    version: i16,
}

pub fn text(s: &str) -> StrBytes {
    StrBytes::from_string(s.to_owned())
}

pub fn topic(s: &str) -> TopicName {
    TopicName(text(s))
}

impl Sim {
    pub fn new(brokers: i32) -> Sim {
        let defaults = Defaults {
            partitions: 4,
            replication_factor: 1,
            auto_create_topics: true,
            initial_rebalance_delay_ms: 0,
        };
        let mut state = ClusterState::new("test".to_owned(), defaults, 1);
        let now = Now {
            us: 1_000_000,
            wall_ms: START_MS,
        };
        for id in 1..=brokers {
            state.add_broker(now, Broker::new(id, "127.0.0.1".to_owned(), 9000 + id));
        }
        Sim {
            state,
            now,
            principal: ANONYMOUS,
            next_conn: 1,
            answers: HashMap::new(),
            ended: HashSet::new(),
        }
    }

    /// Sends a request and leaves the answer to be taken.
    pub fn send<R: Request>(&mut self, broker: i32, version: i16, request: &R) -> Pending {
        let conn = self.connect();
        self.send_on(conn, broker, version, request)
    }

    pub fn send_on<R: Request>(
        &mut self,
        conn: ConnId,
        broker: i32,
        version: i16,
        request: &R,
    ) -> Pending {
        let mut frame = BytesMut::new();
        RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(7)
            .with_client_id(Some(text("client")))
            .encode(&mut frame, R::header_version(version))
            .expect("header");
        request
            .encode(&mut frame, version)
            .unwrap_or_else(|e| panic!("request of api {} v{version}: {e}", R::KEY));
        self.send_frame_on(conn, broker, frame.freeze());
        Pending { conn, version }
    }

    pub fn send_frame(&mut self, broker: i32, frame: Bytes) -> ConnId {
        let conn = self.connect();
        self.send_frame_on(conn, broker, frame)
    }

    /// A connection that nothing has come on yet.
    pub fn connect(&mut self) -> ConnId {
        self.next_conn += 1;
        self.next_conn - 1
    }

    pub fn send_frame_on(&mut self, conn: ConnId, broker: i32, frame: Bytes) -> ConnId {
        let peer = Peer {
            conn,
            broker,
            host: text("/127.0.0.1"),
            principal: text(self.principal),
        };
        self.state.request(self.now, &peer, frame);
        self.settle();
        conn
    }

    fn settle(&mut self) {
        for output in self.state.take_output() {
            let (conn, answer) = match output {
                Output::Send {
                    conn,
                    frame,
                    delay_ms,
                } => (conn, Answer::Frame(frame, delay_ms)),
                Output::Last {
                    conn,
                    frame,
                    delay_ms,
                } => {
                    self.ended.insert(conn);
                    (conn, Answer::Frame(frame, delay_ms))
                }
                Output::Next { conn } => (conn, Answer::Silence),
                Output::Close { conn } => (conn, Answer::Closed),
            };
            let earlier = self.answers.insert(conn, answer);
            assert!(earlier.is_none(), "two answers to one request");
        }
        for group in self.state.groups.values() {
            group.check_invariants();
        }
        self.state.share.check_invariants();
    }

    /// Lets time pass, stopping at each deadline on the way.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now.us + ms * 1000;
        while let Some(at) = self.state.next_deadline().filter(|&at| at <= end) {
            self.now_is(at.max(self.now.us));
            self.state.tick(self.now);
            self.settle();
        }
        self.now_is(end);
    }

    fn now_is(&mut self, us: u64) {
        self.now.wall_ms += ((us - self.now.us) / 1000) as i64;
        self.now.us = us;
    }

    pub fn is_pending(&self, pending: Pending) -> bool {
        !self.answers.contains_key(&pending.conn)
    }

    pub fn raw(&mut self, conn: ConnId) -> Option<Answer> {
        self.answers.remove(&conn)
    }

    /// The decoded answer and its delay.
    pub fn take_delayed<R: Request>(&mut self, pending: Pending) -> (R::Response, u32) {
        let answer = self.answers.remove(&pending.conn);
        let Some(Answer::Frame(mut frame, delay)) = answer else {
            panic!("no answer to api {} but {answer:?}", R::KEY);
        };
        assert_eq!(frame.get_i32() as usize, frame.len());
        let header = R::Response::header_version(pending.version);
        let header = ResponseHeader::decode(&mut frame, header).expect("header");
        assert_eq!(header.correlation_id, 7);
        let response = R::Response::decode(&mut frame, pending.version).expect("response");
        assert!(frame.is_empty(), "{} bytes left", frame.len());
        (response, delay)
    }

    pub fn take<R: Request>(&mut self, pending: Pending) -> R::Response {
        self.take_delayed::<R>(pending).0
    }

    /// Sends a request that is answered at once.
    pub fn call<R: Request>(&mut self, broker: i32, version: i16, request: &R) -> R::Response {
        let pending = self.send(broker, version, request);
        // What is due already, such as a join without delay.
        self.pass(0);
        self.take::<R>(pending)
    }

    pub fn create(&mut self, name: &str, partitions: i32) {
        self.create_with(name, partitions, &[]);
    }

    pub fn create_with(&mut self, name: &str, partitions: i32, config: &[(&str, &str)]) {
        let mut c = super::state::topic::TopicConfig::default();
        for (k, v) in config {
            c.set(k, Some(v)).expect("a valid property");
        }
        self.state.create_topic(self.now, name, partitions, 1, c);
    }

    /// Produces a batch and returns the partition's answer: code and base offset.
    pub fn produce(&mut self, name: &str, batch: Batch<'_>) -> (i16, i64) {
        self.produce_as(name, batch, None, 9)
    }

    pub fn produce_as(
        &mut self,
        name: &str,
        batch: Batch<'_>,
        txn: Option<&str>,
        version: i16,
    ) -> (i16, i64) {
        let leader = self
            .state
            .partition(name, batch.partition)
            .map_or(1, |p| p.leader);
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(1000)
            .with_transactional_id(txn.map(|t| TransactionalId(text(t))))
            .with_topic_data(vec![
                TopicProduceData::default()
                    .with_name(topic(name))
                    .with_partition_data(vec![
                        PartitionProduceData::default()
                            .with_index(batch.partition)
                            .with_records(Some(batch.encode(self.now.wall_ms))),
                    ]),
            ]);
        let response = self.call::<ProduceRequest>(leader, version, &request);
        let p = &response.responses[0].partition_responses[0];
        (p.error_code, p.base_offset)
    }
}

/// A batch to produce; keys and values are the same strings.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    pub partition: i32,
    pub records: &'a [(Option<&'a str>, Option<&'a str>)],
    pub pid: i64,
    pub epoch: i16,
    pub sequence: i32,
    pub transactional: bool,
    pub compression: Compression,
    pub timestamp: Option<i64>,
}

pub const ONE: &[(Option<&str>, Option<&str>)] = &[(Some("k"), Some("v"))];

impl Default for Batch<'_> {
    fn default() -> Self {
        Batch {
            partition: 0,
            records: ONE,
            pid: -1,
            epoch: -1,
            sequence: -1,
            transactional: false,
            compression: Compression::None,
            timestamp: None,
        }
    }
}

impl Batch<'_> {
    pub fn encode(&self, now_ms: i64) -> Bytes {
        let bytes = |s: Option<&str>| s.map(|s| Bytes::from(s.to_owned()));
        let records: Vec<Record> = self
            .records
            .iter()
            .enumerate()
            .map(|(i, (key, value))| Record {
                transactional: self.transactional,
                control: false,
                partition_leader_epoch: -1,
                producer_id: self.pid,
                producer_epoch: self.epoch,
                timestamp_type: TimestampType::Creation,
                offset: i as i64,
                sequence: self.sequence.max(0) + i as i32,
                timestamp: self.timestamp.unwrap_or(now_ms) + i as i64,
                key: bytes(*key),
                value: bytes(*value),
                headers: Default::default(),
                delete_horizon: false,
            })
            .collect();
        let mut out = BytesMut::new();
        let options = RecordEncodeOptions {
            version: 2,
            compression: self.compression,
        };
        RecordBatchEncoder::encode(&mut out, &records, &options).expect("encodes");
        let mut out = out.to_vec();
        if self.pid < 0 {
            // The encoder wants sequences; without a producer there are none.
            out[53..57].copy_from_slice(&(-1i32).to_be_bytes());
            let crc = crc32c::crc32c(&out[21..]);
            out[17..21].copy_from_slice(&crc.to_be_bytes());
        }
        out.into()
    }
}

pub fn api(key: ApiKey) -> i16 {
    key as i16
}
