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
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
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
        let mut frame = self.call_frame(&frame_of(version, request))?;
        ResponseHeader::decode(&mut frame, R::Response::header_version(version)).expect("header");
        Ok(R::Response::decode(&mut frame, version).expect("response"))
    }

    fn call_frame(&mut self, frame: &[u8]) -> io::Result<Bytes> {
        self.stream.write_all(frame)?;
        self.receive()
    }

    fn receive(&mut self) -> io::Result<Bytes> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut frame)?;
        Ok(frame.into())
    }
}

fn frame_of<R: Request>(version: i16, request: &R) -> Vec<u8> {
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
    frame.to_vec()
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
        put_varint(&mut r, 8 + PAYLOAD as i64);
        r.put_u64(from + i as u64);
        r.put_bytes(b'x', PAYLOAD);
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
    let end = raw.len() - 1 - PAYLOAD;
    u64::from_be_bytes(raw[end - 8..end].try_into().expect("eight bytes"))
}

/// The program of its own, so that what it needs of memory can be seen.
struct Program {
    child: Child,
    addresses: Vec<String>,
}

impl Program {
    fn start(args: &[&str]) -> Program {
        Program::start_with("exec \"$@\"", args)
    }

    /// By a line of shell that ends as the program.
    fn start_with(shell: &str, args: &[&str]) -> Program {
        let mut child = Command::new("sh")
            .args(["-c", shell, "sh", env!("CARGO_BIN_EXE_kafka-mock")])
            .args(["--port", "0"])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("piped"))
            .read_line(&mut line)
            .expect("a line");
        let list = line.trim().strip_prefix("bootstrap.servers=");
        let addresses = list.expect("where it answers").split(',');
        Program {
            addresses: addresses.map(str::to_owned).collect(),
            child,
        }
    }

    /// The most memory that it had so far.
    fn peak_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("it runs");
        let line = status.lines().find(|l| l.starts_with("VmHWM:"));
        let kib = line.and_then(|l| l.split_whitespace().nth(1));
        kib.and_then(|n| n.parse::<u64>().ok()).expect("a number") * 1024
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const CLIENTS: usize = 50;
const PARTITIONS: usize = 200;
const BATCH: u64 = 100;
/// How many batches of a partition may wait for their reader.
const AHEAD: usize = 2;

/// A client's connections, one to each broker.
struct Connections<'a> {
    addresses: &'a [String],
    leaders: &'a [i32],
    open: HashMap<i32, Client>,
}

impl Connections<'_> {
    fn leader_of(&mut self, partition: usize) -> &mut Client {
        let leader = self.leaders[partition];
        self.open.entry(leader).or_insert_with(|| {
            Client::connect(&self.addresses[leader as usize - 1]).expect("connect")
        })
    }
}

/// 50 clients produce a million messages to 200 partitions on 3 brokers, and 50 read them;
/// each arrives once and in order. Says how much memory the cluster came to need for that.
fn load(topic_spec: &str) -> u64 {
    let program = Program::start(&["--brokers", "3", "--topic", topic_spec]);
    let before = program.peak_bytes();
    let addresses = &program.addresses[..];
    let leaders = &leaders(&addresses[0], "load")[..];
    assert_eq!(leaders.len(), PARTITIONS);
    let rounds = 1_000_000 / (PARTITIONS as u64 * BATCH);
    std::thread::scope(|s| {
        for c in 0..CLIENTS {
            let mine = (c..PARTITIONS).step_by(CLIENTS);
            let connections = || Connections {
                addresses,
                leaders,
                open: HashMap::new(),
            };
            // What the retention takes must have been read.
            let (written, read) = sync_channel::<()>(AHEAD);
            let partitions = mine.clone();
            s.spawn(move || {
                let mut brokers = connections();
                for round in 0..rounds {
                    for p in partitions.clone() {
                        produce(brokers.leader_of(p), p as i32, round * BATCH);
                    }
                    written.send(()).expect("the reader is there");
                }
            });
            s.spawn(move || {
                let mut brokers = connections();
                let mut at: HashMap<usize, u64> = mine.clone().map(|p| (p, 0)).collect();
                for round in 0..rounds {
                    for (&p, next) in &mut at {
                        let end = (round + 1) * BATCH;
                        consume(brokers.leader_of(p), p as i32, next, end);
                    }
                    read.recv().expect("was written");
                }
                assert!(
                    at.values().all(|&n| n == rounds * BATCH),
                    "no more than was sent"
                );
            });
        }
    });
    program.peak_bytes() - before
}

/// Message n of a batch is n bytes of 8, and a payload.
const PAYLOAD: usize = 92;

#[test]
fn a_million_messages_arrive_once_and_need_no_more_than_their_size() {
    let size = 1_000_000 * (8 + PAYLOAD) as u64;
    let took = load("load:200");
    assert!(took > size, "{took} bytes: the log is in memory");
    assert!(took < size * 3 / 2 + (64 << 20), "{took} bytes for {size}");
}

#[test]
fn retention_bounds_the_memory() {
    let kept = 64 << 10;
    let took = load(&format!("load:200:retention.bytes={kept}"));
    // Each partition may have a batch more.
    let size = PARTITIONS as u64 * (kept + BATCH * (32 + PAYLOAD as u64));
    assert!(took < size + (40 << 20), "{took} bytes for {size}");
}

fn produce(client: &mut Client, partition: i32, from: u64) {
    let data = PartitionProduceData::default()
        .with_index(partition)
        .with_records(Some(numbers(from, BATCH as i32)));
    let topic_data = TopicProduceData::default()
        .with_name(topic("load"))
        .with_partition_data(vec![data]);
    let request = ProduceRequest::default()
        .with_acks(-1)
        .with_topic_data(vec![topic_data]);
    let response = client.call(9, &request).expect("produce");
    let answer = &response.responses[0].partition_responses[0];
    assert_eq!((answer.error_code, answer.base_offset as u64), (0, from));
}

/// Reads a partition until the numbers up to `end` have come, in order.
fn consume(client: &mut Client, partition: i32, next: &mut u64, end: u64) {
    while *next < end {
        let wanted = FetchPartition::default()
            .with_partition(partition)
            .with_current_leader_epoch(-1)
            .with_fetch_offset(*next as i64)
            .with_partition_max_bytes(1 << 20);
        let request = FetchRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_max_wait_ms(500)
            .with_min_bytes(1)
            .with_max_bytes(1 << 20)
            .with_session_epoch(-1)
            .with_topics(vec![
                FetchTopic::default()
                    .with_topic(topic("load"))
                    .with_partitions(vec![wanted]),
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
                assert_eq!((r.offset as u64, value_of(r.raw)), (*next, *next));
                *next += 1;
            }
            rest.advance(header.size());
        }
    }
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

/// A fetch of up to 1 MiB of partition 0 from its beginning, as a frame.
fn fetch_frame() -> Vec<u8> {
    let wanted = FetchPartition::default()
        .with_current_leader_epoch(-1)
        .with_partition_max_bytes(1 << 20);
    let request = FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_bytes(1 << 20)
        .with_session_epoch(-1)
        .with_topics(vec![
            FetchTopic::default()
                .with_topic(topic("load"))
                .with_partitions(vec![wanted]),
        ]);
    frame_of(11, &request)
}

/// Who asks for much and takes no answer is not served further, and gets all of them later.
#[test]
fn answers_that_are_not_taken_do_not_pile_up() {
    const ASKED: usize = 500;
    let program = Program::start(&["--topic", "load:1"]);
    let address = &program.addresses[0];
    let mut good = Client::connect(address).expect("connect");
    for round in 0..100 {
        produce(&mut good, 0, round * BATCH);
    }
    let mut client = Client::connect(address).expect("connect");
    let size = client.call_frame(&fetch_frame()).expect("fetch").len();
    assert!(size > 900_000, "{size} bytes");
    let before = program.peak_bytes();
    let mut hoarder = Client::connect(address).expect("connect");
    let all = fetch_frame().repeat(ASKED);
    hoarder.stream.write_all(&all).expect("send");
    let metadata = MetadataRequest::default().with_topics(Some(Vec::new()));
    for _ in 0..200 {
        good.call(9, &metadata).expect("others are served");
    }
    for _ in 0..ASKED {
        assert_eq!(hoarder.receive().expect("an answer").len(), size);
    }
    let took = program.peak_bytes() - before;
    assert!(took < 64 << 20, "{took} bytes");
}

/// Nobody keeps the brokers busy for himself alone.
#[test]
fn a_flood_of_requests_leaves_room_for_others() {
    let cluster = Cluster::new(1, Options::default()).expect("cluster");
    let address = addresses(&cluster).remove(0);
    let metadata = MetadataRequest::default().with_topics(Some(Vec::new()));
    let stop = std::sync::atomic::AtomicBool::new(false);
    let stopped = || stop.load(std::sync::atomic::Ordering::Relaxed);
    let flood = frame_of(9, &metadata).repeat(10_000);
    let flooder = Client::connect(&address).expect("connect").stream;
    std::thread::scope(|s| {
        s.spawn(|| {
            let mut sender = &flooder;
            while !stopped() && sender.write_all(&flood).is_ok() {}
        });
        s.spawn(|| {
            let (mut reader, mut bytes) = (&flooder, vec![0; 1 << 16]);
            while !stopped() && reader.read(&mut bytes).is_ok_and(|n| n > 0) {}
        });
        let mut good = Client::connect(&address).expect("connect");
        let served = (0..100).try_for_each(|_| good.call(9, &metadata).map(drop));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        let _ = flooder.shutdown(std::net::Shutdown::Both);
        served.expect("others are served");
    });
}

/// Connections beyond what the process may have wait at the door, and come in when there is room.
#[test]
fn too_many_connections_wait() {
    let program = Program::start_with("ulimit -n 48; exec \"$@\"", &[]);
    let address = &program.addresses[0];
    let mut crowd: Vec<Client> = (0..60)
        .map(|_| Client::connect(address).expect("connect"))
        .collect();
    let metadata = MetadataRequest::default().with_topics(Some(Vec::new()));
    let mut last = crowd.pop().expect("many");
    last.stream
        .write_all(&frame_of(9, &metadata))
        .expect("send");
    let short = Some(Duration::from_millis(200));
    last.stream.set_read_timeout(short).expect("timeout");
    assert!(last.receive().is_err(), "there is room for all");
    drop(crowd);
    let long = Some(Duration::from_secs(30));
    last.stream.set_read_timeout(long).expect("timeout");
    last.receive().expect("an answer");
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
        rtt_ms: 1000,
        ..Options::default()
    };
    let cluster = Cluster::new(1, options).expect("cluster");
    let mut client = Client::connect(&addresses(&cluster)[0]).expect("connect");
    let metadata = MetadataRequest::default().with_topics(Some(Vec::new()));
    let started = Instant::now();
    client.call(9, &metadata).expect("answer");
    assert!(started.elapsed() >= Duration::from_millis(1000));
    cluster
        .change_broker(Which::All, BrokerChange::RoundTripTime(0))
        .expect("set");
    let started = Instant::now();
    client.call(9, &metadata).expect("answer");
    assert!(started.elapsed() < Duration::from_millis(1000));
}
