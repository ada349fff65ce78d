//! One of the two clusters: a connection, and the names for what only it knows.
//!
//! Both clusters are asked for the same things, but producer ids, member ids, topic
//! ids and the like are each cluster's own. A request is built with the side's own
//! values; in the answer they are replaced by the names under which both sides know
//! them, and then the answers' texts are compared.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{FetchResponse, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use rdkafka::mock::log::batch::Header;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Passing states of a real cluster, asked about again: a coordinator that loads, a
/// transaction whose markers are being written, a topic whose log is not open yet.
const PASSING: [&str; 5] = [
    "error_code: 51,",
    "error_code: 16,",
    "error_code: 14,",
    "error_code: 15,",
    "error_code: 6,",
];
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Side {
    pub name: &'static str,
    address: String,
    stream: TcpStream,
    correlation: i32,
    /// Text in an answer → what both sides call it.
    names: Vec<(String, String)>,
    /// What both sides call it → this side's value.
    pub numbers: BTreeMap<String, i64>,
    pub texts: BTreeMap<String, String>,
    pub topic_ids: BTreeMap<String, uuid::Uuid>,
}

pub fn text(s: &str) -> StrBytes {
    StrBytes::from_string(s.to_owned())
}

impl Side {
    /// A second connection to the same cluster; its answers are normalized by the first.
    pub fn another(&self) -> Side {
        Side::connect(self.name, &self.address)
    }

    pub fn connect(name: &'static str, address: &str) -> Side {
        Side {
            name,
            address: address.to_owned(),
            stream: open(address),
            correlation: 0,
            names: Vec::new(),
            numbers: BTreeMap::new(),
            texts: BTreeMap::new(),
            topic_ids: BTreeMap::new(),
        }
    }

    pub fn number(&self, key: &str) -> i64 {
        self.numbers.get(key).copied().unwrap_or(-1)
    }

    pub fn text(&self, key: &str) -> &str {
        self.texts.get(key).map_or("", String::as_str)
    }

    pub fn topic_id(&self, topic: &str) -> uuid::Uuid {
        let unknown = uuid::Uuid::from_u128(7);
        self.topic_ids.get(topic).copied().unwrap_or(unknown)
    }

    /// From now on this text is called so; the longest texts are replaced first.
    pub fn call_it(&mut self, text: String, name: &str) {
        if !self.names.iter().any(|(t, _)| *t == text) {
            self.names.push((text, name.to_owned()));
            self.names.sort_by_key(|(t, _)| std::cmp::Reverse(t.len()));
        }
    }

    /// An answer's text with this side's own values replaced.
    pub fn normalize(&self, debug: &str) -> String {
        let mut out = without_messages(debug);
        for (text, name) in &self.names {
            out = out.replace(text.as_str(), name);
        }
        out
    }

    pub fn send<R: Request>(&mut self, version: i16, request: &R) {
        self.correlation += 1;
        let bytes = frame(version, self.correlation, request);
        self.stream.write_all(&bytes).expect("send");
    }

    /// Sends bytes as a frame. `None`: the connection was closed, and is open again.
    pub fn raw(&mut self, bytes: &[u8]) -> Option<Bytes> {
        let mut all = (bytes.len() as u32).to_be_bytes().to_vec();
        all.extend(bytes);
        self.stream.write_all(&all).expect("send");
        self.receive_frame()
    }

    fn receive_frame(&mut self) -> Option<Bytes> {
        let mut length = [0; 4];
        if self.stream.read_exact(&mut length).is_err() {
            self.stream = open(&self.address);
            return None;
        }
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut frame).expect("a whole frame");
        Some(frame.into())
    }

    /// `None`: the connection was closed instead, and is open again.
    pub fn receive<R: Request>(&mut self, version: i16) -> Option<R::Response> {
        let mut frame = self.receive_frame()?;
        let header = ResponseHeader::decode(&mut frame, R::Response::header_version(version));
        assert_eq!(header.expect("header").correlation_id, self.correlation);
        let response = R::Response::decode(&mut frame, version).expect("response");
        assert!(!frame.has_remaining(), "{} bytes left over", frame.len());
        Some(response)
    }

    pub fn ask<R: Request>(&mut self, version: i16, request: &R) -> Option<R::Response> {
        self.send(version, request);
        self.receive::<R>(version)
    }

    /// Asks until the answer is not of a passing state.
    pub fn settled<R: Request>(&mut self, version: i16, request: &R) -> Option<R::Response>
    where
        R::Response: std::fmt::Debug,
    {
        let until = Instant::now() + PATIENCE;
        loop {
            let response = self.ask(version, request)?;
            let debug = format!("{response:?}");
            if Instant::now() > until || !PASSING.iter().any(|p| debug.contains(p)) {
                return Some(response);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A request with its length.
pub fn frame<R: Request>(version: i16, correlation: i32, request: &R) -> BytesMut {
    let mut frame = BytesMut::new();
    frame.put_i32(0);
    RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version)
        .with_correlation_id(correlation)
        .with_client_id(Some(text("diff")))
        .encode(&mut frame, R::header_version(version))
        .expect("header");
    request.encode(&mut frame, version).expect("request");
    let length = (frame.len() - 4) as u32;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    frame
}

fn open(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("connect");
    stream.set_nodelay(true).expect("nodelay");
    let timeout = Some(Duration::from_secs(30));
    stream.set_read_timeout(timeout).expect("timeout");
    stream
}

/// The wording of messages is each implementation's own; that there is one is not.
fn without_messages(debug: &str) -> String {
    const START: &str = "error_message: Some(\"";
    let mut out = String::new();
    let mut rest = debug;
    while let Some(at) = rest.find(START) {
        out.push_str(&rest[..at]);
        out.push_str("error_message: _");
        let mut escaped = false;
        let after = &rest[at + START.len()..];
        let end = after
            .char_indices()
            .find(|&(_, c)| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            })
            .map_or(after.len(), |(i, _)| i + 2);
        rest = &after[end..];
    }
    out.push_str(rest);
    out.replace("error_message: None", "error_message: _")
}

/// The records of a fetch as text: the batches' headers, and for data the checksum of
/// all that was sent. A batch that was cut off by the size limit is left out.
pub fn describe_fetch(side: &Side, response: &FetchResponse) -> String {
    let mut response = response.clone();
    let mut all = String::new();
    // In which order is no promise of either.
    response.responses.sort_by_key(|t| {
        let mut known = side.topic_ids.iter();
        let by_id = known
            .find(|(_, id)| **id == t.topic_id)
            .map(|(n, _)| n.clone());
        by_id.unwrap_or_else(|| t.topic.to_string())
    });
    response.responses.dedup_by(|next, kept| {
        let same = next.topic == kept.topic && next.topic_id == kept.topic_id;
        if same {
            kept.partitions.append(&mut next.partitions);
        }
        same
    });
    for t in &mut response.responses {
        t.partitions.sort_by_key(|p| p.partition_index);
    }
    for topic in &mut response.responses {
        for p in &mut topic.partitions {
            let mut rest = p.records.take().unwrap_or_default();
            all.push_str(&format!("\n  partition {}:", p.partition_index));
            let mut next = 0;
            while let Ok(h) = Header::parse(&rest) {
                all.push_str(&format!(
                    " [{}..{} x{} epoch {} attr {:#x} producer_id: {}, {} {}",
                    h.base_offset,
                    h.last_offset(),
                    h.records,
                    h.leader_epoch,
                    h.attributes,
                    h.producer_id,
                    h.producer_epoch,
                    h.base_sequence
                ));
                if h.is_control() {
                    // Key: version, type. The rest is the cluster's own time.
                    all.push_str(&format!(" marker {:?}]", &rest[66..70]));
                } else if h.has_producer() {
                    // The checksum covers the cluster's own producer id.
                    all.push_str(&format!(" {} bytes]", h.size()));
                } else {
                    all.push_str(&format!(" crc {:x}]", h.crc));
                }
                next = h.last_offset() + 1;
                rest.advance(h.size());
            }
            // Transactions that were aborted later may be told as well.
            if let Some(aborted) = &mut p.aborted_transactions {
                aborted.retain(|a| a.first_offset < next);
            }
        }
    }
    format!("{response:?}{all}")
}
