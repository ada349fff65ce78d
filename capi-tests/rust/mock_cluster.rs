//! The mock cluster through its sockets: load, hostile clients, brokers that go down.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    BrokerId, FetchRequest, MetadataRequest, ProduceRequest, RequestHeader, ResponseHeader,
    TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use rdkafka::mock::command::{BrokerChange, Which};
use rdkafka::mock::log::batch::{Header, NewBatch, build};
use rdkafka::mock::log::records::Records;
use rdkafka::mock::{Cluster, Options};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

struct Client {
    stream: TcpStream,
}

impl Client {
    fn connect(address: &str) -> io::Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Client { stream })
    }

    fn call<R: Request>(&mut self, version: i16, request: &R) -> io::Result<R::Response> {
        let mut frame = BytesMut::new();
        frame.put_i32(0);
        RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(1)
            .encode(&mut frame, R::header_version(version))
            .expect("header");
        request.encode(&mut frame, version).expect("request");
        let length = (frame.len() - 4) as u32;
        frame[..4].copy_from_slice(&length.to_be_bytes());
        self.stream.write_all(&frame)?;
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut frame)?;
        let mut frame = Bytes::from(frame);
        ResponseHeader::decode(&mut frame, R::Response::header_version(version)).expect("header");
        Ok(R::Response::decode(&mut frame, version).expect("response"))
    }
}

fn topic(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}

fn addresses(cluster: &Cluster) -> Vec<String> {
    cluster.bootstraps().split(',').map(str::to_owned).collect()
}

/// Leaders of the partitions of a topic.
fn leaders(address: &str, name: &str) -> Vec<i32> {
    let request = MetadataRequest::default().with_topics(Some(vec![
        MetadataRequestTopic::default().with_name(Some(topic(name))),
    ]));
    let mut client = Client::connect(address).expect("connect");
    let response = client
        .call::<MetadataRequest>(9, &request)
        .expect("metadata");
    let partitions = response.topics[0].partitions.iter();
    partitions.map(|p| p.leader_id.0).collect()
}

/// A batch of messages whose values are consecutive numbers.
fn numbers(from: u64, count: i32) -> Bytes {
    let mut section = BytesMut::new();
    for i in 0..count {
        let mut r = BytesMut::new();
        r.put_u8(0);
        r.put_u8(0);
        put_varint(&mut r, i64::from(i));
        r.put_u8(1); // no key
        r.put_u8(8 << 1);
        r.put_u64(from + i as u64);
        r.put_u8(0);
        put_varint(&mut section, r.len() as i64);
        section.put_slice(&r);
    }
    let new = NewBatch {
        base_offset: 0,
        leader_epoch: -1,
        attributes: 0,
        last_offset_delta: count - 1,
        first_timestamp: 1,
        max_timestamp: 1,
        producer_id: -1,
        producer_epoch: -1,
        base_sequence: -1,
        records: count,
    };
    build(&new, &section).freeze()
}

fn put_varint(out: &mut BytesMut, n: i64) {
    let mut v = ((n << 1) ^ (n >> 63)) as u64;
    while v >= 0x80 {
        out.put_u8(v as u8 | 0x80);
        v >>= 7;
    }
    out.put_u8(v as u8);
}

fn value_of(raw: &[u8]) -> u64 {
    // The value stands before the (empty) headers.
    let end = raw.len() - 1;
    u64::from_be_bytes(raw[end - 8..end].try_into().expect("eight bytes"))
}

/// 50 clients produce to and consume from 200 partitions on 3 brokers; every message
/// arrives exactly once and in order.
#[test]
fn load() {
    const CLIENTS: usize = 50;
    const PARTITIONS: usize = 200;
    const BATCH: i32 = 100;
    let messages: u64 = std::env::var("MOCK_LOAD_MESSAGES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(200_000);
    let cluster = Cluster::new(3, Options::default()).expect("cluster");
    cluster
        .create_topic("load", PARTITIONS as i32, 1)
        .expect("topic");
    let addresses = addresses(&cluster);
    let leaders = leaders(&addresses[0], "load");
    let rounds = messages / (PARTITIONS as u64 * BATCH as u64);
    std::thread::scope(|s| {
        for c in 0..CLIENTS {
            let (addresses, leaders) = (&addresses, &leaders);
            s.spawn(move || {
                let mut brokers: HashMap<i32, Client> = HashMap::new();
                let mine = (c..PARTITIONS).step_by(CLIENTS);
                for round in 0..rounds {
                    for p in mine.clone() {
                        let leader = leaders[p];
                        let client = brokers.entry(leader).or_insert_with(|| {
                            Client::connect(&addresses[leader as usize - 1]).expect("connect")
                        });
                        let records = numbers(round * BATCH as u64, BATCH);
                        let request =
                            ProduceRequest::default()
                                .with_acks(-1)
                                .with_topic_data(vec![
                                    TopicProduceData::default()
                                        .with_name(topic("load"))
                                        .with_partition_data(vec![
                                            PartitionProduceData::default()
                                                .with_index(p as i32)
                                                .with_records(Some(records)),
                                        ]),
                                ]);
                        let response = client.call(9, &request).expect("produce");
                        let answer = &response.responses[0].partition_responses[0];
                        assert_eq!(answer.error_code, 0);
                        assert_eq!(answer.base_offset as u64, round * BATCH as u64);
                    }
                }
            });
            // Each consumer reads the partitions that another client writes.
            s.spawn(move || {
                let mut brokers: HashMap<i32, Client> = HashMap::new();
                for p in (c..PARTITIONS).step_by(CLIENTS) {
                    let leader = leaders[p];
                    let client = brokers.entry(leader).or_insert_with(|| {
                        Client::connect(&addresses[leader as usize - 1]).expect("connect")
                    });
                    consume(client, p as i32, rounds * BATCH as u64);
                }
            });
        }
    });
}

/// Reads a partition until `count` numbers have come, in order from 0.
fn consume(client: &mut Client, partition: i32, count: u64) {
    let mut next = 0u64;
    while next < count {
        let request = FetchRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_max_wait_ms(500)
            .with_min_bytes(1)
            .with_max_bytes(1 << 20)
            .with_session_epoch(-1)
            .with_topics(vec![
                FetchTopic::default()
                    .with_topic(topic("load"))
                    .with_partitions(vec![
                        FetchPartition::default()
                            .with_partition(partition)
                            .with_current_leader_epoch(-1)
                            .with_fetch_offset(next as i64)
                            .with_partition_max_bytes(1 << 20),
                    ]),
            ]);
        let response = client.call(11, &request).expect("fetch");
        let p = &response.responses[0].partitions[0];
        assert_eq!(p.error_code, 0);
        let mut rest = p.records.clone().unwrap_or_default();
        while !rest.is_empty() {
            let header = Header::parse(&rest).expect("a batch");
            header.validate(&rest).expect("intact");
            let records = Records::open(&rest).expect("records");
            for r in records.iter() {
                let r = r.expect("a record");
                assert_eq!((r.offset as u64, value_of(r.raw)), (next, next));
                next += 1;
            }
            rest.advance(header.size());
        }
    }
    assert_eq!(next, count, "no more than was sent");
}

/// Clients that send rubbish lose their connection; nobody else notices.
#[test]
fn hostile_clients() {
    let options = Options {
        max_request_bytes: 1 << 20,
        ..Options::default()
    };
    let cluster = Cluster::new(1, options).expect("cluster");
    cluster.create_topic("t", 1, 1).expect("topic");
    let address = addresses(&cluster).remove(0);
    let mut good = Client::connect(&address).expect("connect");
    let mut rng = fastrand::Rng::with_seed(11);
    let started = Instant::now();
    for round in 0..600 {
        let mut bad = TcpStream::connect(&address).expect("connect");
        bad.set_read_timeout(Some(Duration::from_secs(10)))
            .expect("timeout");
        let mut frame: Vec<u8> = (0..rng.usize(..200)).map(|_| rng.u8(..)).collect();
        let closes = match round % 6 {
            // A length beyond the limit, or negative.
            0 => {
                let n = if rng.bool() { i32::MAX } else { -1 };
                frame.splice(..0, n.to_be_bytes());
                true
            }
            // A frame that is cut off by hanging up.
            1 => {
                frame.splice(..0, 1000u32.to_be_bytes());
                false
            }
            // Arrays that claim to be huge.
            2 => {
                frame = vec![0, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0x7f, 0xff, 0xff, 0xff];
                frame.splice(..0, (frame.len() as u32).to_be_bytes());
                true
            }
            3 => {
                frame = vec![0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 1];
                frame.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
                frame.splice(..0, (frame.len() as u32).to_be_bytes());
                true
            }
            // Whole frames of rubbish with a likely beginning.
            _ => {
                frame.splice(..0, [0, rng.u8(..50), 0, rng.u8(..12)]);
                frame.splice(..0, (frame.len() as u32).to_be_bytes());
                false
            }
        };
        bad.write_all(&frame).expect("send");
        if closes {
            let mut rest = Vec::new();
            // A reset is an end as well.
            let _ = bad.read_to_end(&mut rest);
            assert!(rest.is_empty(), "round {round}: an answer to rubbish");
        }
        drop(bad);
        let metadata = MetadataRequest::default().with_topics(Some(Vec::new()));
        let response = good.call(9, &metadata).expect("others are served");
        assert_eq!(response.brokers.len(), 1);
    }
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_broker_goes_down_and_comes_back_on_its_port() {
    let cluster = Cluster::new(2, Options::default()).expect("cluster");
    let addresses = addresses(&cluster);
    let metadata = MetadataRequest::default().with_topics(Some(Vec::new()));
    let mut first = Client::connect(&addresses[0]).expect("connect");
    first.call(9, &metadata).expect("up");
    for _ in 0..3 {
        cluster
            .change_broker(Which::One(1), BrokerChange::Down)
            .expect("down");
        assert!(first.call(9, &metadata).is_err(), "the connection is gone");
        assert!(Client::connect(&addresses[0]).is_err(), "refused");
        let mut second = Client::connect(&addresses[1]).expect("connect");
        let response = second.call(9, &metadata).expect("the other is up");
        assert_eq!(response.brokers.len(), 1);
        cluster
            .change_broker(Which::All, BrokerChange::Up)
            .expect("up");
        first = Client::connect(&addresses[0]).expect("connect again");
        assert_eq!(first.call(9, &metadata).expect("up").brokers.len(), 2);
    }
    cluster.add_broker(7).expect("added");
    assert!(cluster.add_broker(7).is_err());
    let response = first.call(9, &metadata).expect("up");
    let new = response.brokers.iter().find(|b| b.node_id.0 == 7);
    let new = new.expect("listed");
    let mut client = Client::connect(&format!("127.0.0.1:{}", new.port)).expect("connect");
    client.call(9, &metadata).expect("serves");
    cluster
        .change_broker(Which::One(7), BrokerChange::Decommission)
        .expect("gone");
    assert!(client.call(9, &metadata).is_err());
}

#[test]
fn round_trip_times_delay_answers_and_keep_their_order() {
    let options = Options {
        rtt_ms: 120,
        ..Options::default()
    };
    let cluster = Cluster::new(1, options).expect("cluster");
    let mut client = Client::connect(&addresses(&cluster)[0]).expect("connect");
    let metadata = MetadataRequest::default().with_topics(Some(Vec::new()));
    let started = Instant::now();
    client.call(9, &metadata).expect("answer");
    assert!(started.elapsed() >= Duration::from_millis(120));
    cluster
        .change_broker(Which::All, BrokerChange::RoundTripTime(0))
        .expect("set");
    let started = Instant::now();
    client.call(9, &metadata).expect("answer");
    assert!(started.elapsed() < Duration::from_millis(100));
}
