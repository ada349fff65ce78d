//! A connection over the transport in memory, which splits and keeps what it likes.

use std::net::{Ipv4Addr, SocketAddr};

use kafka_protocol::messages::HeartbeatResponse;
use mio::Poll;

use super::*;
use crate::broker::testing::{Broker, MS, frame, heartbeat, never, settings};
use crate::broker::transport::memory::{self, Peer};

const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9092);

struct Fixture {
    conn: Conn<u32>,
    peer: Peer,
    broker: Broker,
    now: Instant,
}

/// A connection that is made, to a peer that has said nothing yet.
fn connected(seed: u64) -> Fixture {
    let now = Instant::now();
    let (stream, peer) = memory::connection(ADDRESS, seed);
    let mut conn = Conn::new(
        stream,
        ADDRESS,
        &Identity::default(),
        Arc::new(settings()),
        Arc::default(),
        None,
        now,
    );
    assert_eq!(conn.handshake(), Ok(Handshake::Connecting));
    conn.note_ready(peer.accept());
    assert_eq!(conn.handshake(), Ok(Handshake::Done));
    Fixture {
        conn,
        peer,
        broker: Broker::new(),
        now,
    }
}

impl Fixture {
    fn send(&mut self, tag: u32) {
        let deadline = self.now + 1000 * MS;
        self.conn.send_request(
            self.now,
            ApiKey::Heartbeat,
            0,
            &heartbeat(),
            deadline,
            Origin::User(tag),
        );
    }

    fn receive(&mut self) -> Result<Vec<u32>, ConnError> {
        let mut tags = Vec::new();
        while let Some(received) = self.conn.receive(self.now)? {
            match received.origin {
                Origin::User(tag) => {
                    assert!(received.result.is_ok());
                    tags.push(tag);
                }
                Origin::Expired => {}
                Origin::Handshake | Origin::Caller(_) => panic!("nobody asked"),
            }
        }
        Ok(tags)
    }

    fn in_flight(&mut self) -> Vec<u32> {
        let entries = self.conn.drain();
        let tags = entries.into_iter().map(|e| match e.origin {
            Origin::User(tag) => tag,
            _ => panic!("not a user's"),
        });
        tags.collect()
    }
}

#[test]
fn requests_are_answered_in_order_however_the_stream_is_split() {
    for seed in 0..500 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut f = connected(seed);
        let (mut sent, mut answered) = (0, Vec::new());
        let mut unsent_answers = Vec::new();
        let mut turns = 0;
        while answered.len() < 40 {
            turns += 1;
            assert!(turns < 100_000, "seed {seed}: it stands still");
            while sent < 40 && f.conn.room() > 0 && random.bool() {
                f.send(sent);
                sent += 1;
            }
            let room = f.peer.set_room(random.usize(0..200));
            f.conn.note_ready(room);
            f.conn.flush().unwrap();
            let got = f.peer.received();
            unsent_answers.extend(f.broker.answers(&got));
            let n = random.usize(0..=unsent_answers.len());
            let part: Vec<u8> = unsent_answers.drain(..n).collect();
            if n > 0 {
                let event = f.peer.send(&part);
                f.conn.note_ready(event);
            }
            answered.extend(f.receive().unwrap());
        }
        assert_eq!(answered, Vec::from_iter(0..40), "seed {seed}");
        assert!(f.conn.is_idle(), "seed {seed}");
    }
}

#[test]
fn what_the_transport_keeps_is_sent_before_the_connection_is_idle() {
    for seed in 0..200 {
        let mut f = connected(seed);
        f.conn.note_ready(f.peer.set_room(3));
        f.send(1);
        f.conn.flush().unwrap();
        let mut got = f.peer.received();
        assert_eq!(got.len(), 3, "seed {seed}: all that the socket takes");
        assert!(!f.conn.is_idle());
        f.conn.note_ready(f.peer.set_room(1000));
        f.conn.flush().unwrap();
        got.extend(f.peer.received());
        assert_eq!(f.broker.take(&got).len(), 1, "seed {seed}");
        assert!(!f.conn.has_unsent(), "seed {seed}");
    }
}

#[test]
fn a_connection_with_something_to_send_is_not_lent() {
    let poll = Poll::new().unwrap();
    let mut f = connected(1);
    f.conn.note_ready(f.peer.set_room(0));
    f.send(1);
    f.conn.flush().unwrap();
    assert!(f.conn.has_unsent());
    assert!(!f.conn.lend(poll.registry(), poll.registry()));
}

#[test]
fn what_was_sent_before_the_end_is_read() {
    for seed in 0..200 {
        let mut f = connected(seed);
        for tag in 0..3 {
            f.send(tag);
        }
        f.conn.flush().unwrap();
        let requests = f.broker.take(&f.peer.received());
        let answer = f.broker.answer(requests[0]);
        f.conn.note_ready(f.peer.send(&answer));
        f.conn.note_ready(f.peer.close());
        let first = f.conn.receive(f.now).unwrap().unwrap();
        assert!(matches!(first.origin, Origin::User(0)), "seed {seed}");
        assert_eq!(f.receive(), Err(ConnError::Closed), "seed {seed}");
        assert_eq!(f.in_flight(), [1, 2]);
    }
}

#[test]
fn an_end_inside_a_frame_is_an_end() {
    let mut f = connected(3);
    f.send(0);
    f.conn.flush().unwrap();
    let answer = f.broker.answers(&f.peer.received());
    f.conn.note_ready(f.peer.send(&answer[..answer.len() - 1]));
    assert_eq!(f.receive(), Ok(vec![]));
    f.conn.note_ready(f.peer.close());
    assert_eq!(f.receive(), Err(ConnError::Closed));
    assert_eq!(f.in_flight(), [0]);
}

#[test]
fn a_reset_is_the_systems_error() {
    let mut f = connected(4);
    f.send(0);
    f.conn.note_ready(f.peer.reset());
    let reset = ConnError::Io("Connection reset by peer".into());
    assert_eq!(f.conn.flush(), Err(reset.clone()));
    assert_eq!(f.receive(), Err(reset));
    assert_eq!(f.in_flight(), [0]);
}

#[test]
fn answers_that_break_the_protocol_end_the_connection() {
    let heartbeat = |id| {
        let response = ResponseKind::Heartbeat(HeartbeatResponse::default());
        frame(ApiKey::Heartbeat, 0, id, &response).to_vec()
    };
    let cases = [
        (heartbeat(2), "response to request 2 where 1 was due"),
        (vec![0, 0, 0, 2, 0, 0], "a response without a header"),
        (vec![0xff; 4], "invalid frame length -1 (limit 1000)"),
        (
            1001i32.to_be_bytes().to_vec(),
            "invalid frame length 1001 (limit 1000)",
        ),
    ];
    for (bytes, text) in cases {
        let mut f = connected(5);
        f.send(0);
        f.conn.flush().unwrap();
        f.conn.note_ready(f.peer.send(&bytes));
        assert_eq!(f.receive(), Err(ConnError::Protocol(text.into())));
    }
}

#[test]
fn an_answer_that_nobody_asked_for_ends_the_connection() {
    let mut f = connected(6);
    let response = ResponseKind::Heartbeat(HeartbeatResponse::default());
    let event = f.peer.send(&frame(ApiKey::Heartbeat, 0, 7, &response));
    f.conn.note_ready(event);
    let text = "response to request 7 that was never sent";
    assert_eq!(f.receive(), Err(ConnError::Protocol(text.into())));
}

#[test]
fn an_answer_that_cannot_be_read_costs_its_request_alone() {
    let mut f = connected(7);
    f.send(0);
    f.send(1);
    f.conn.flush().unwrap();
    let requests = f.broker.take(&f.peer.received());
    // The correlation id, and no body.
    let mut bytes = vec![0, 0, 0, 4, 0, 0, 0, 1];
    bytes.extend_from_slice(&f.broker.answer(requests[1]));
    f.conn.note_ready(f.peer.send(&bytes));
    let first = f.conn.receive(f.now).unwrap().unwrap();
    assert!(matches!(first.result, Err(RequestError::BadResponse(_))));
    assert_eq!(f.receive(), Ok(vec![1]));
}

#[test]
fn a_late_answer_is_nobodys() {
    let mut f = connected(8);
    f.send(0);
    f.conn.flush().unwrap();
    let later = f.now + 1000 * MS;
    assert_eq!(f.conn.deadline(), Some(later));
    assert_eq!(f.conn.timed_out(later), 1);
    let late = f.conn.expire(later);
    assert!(matches!(late[..], [Origin::User(0)]));
    assert_eq!((f.conn.timeouts(), f.conn.deadline()), (1, None));
    f.send(1);
    f.conn.flush().unwrap();
    let answers = f.broker.answers(&f.peer.received());
    f.conn.note_ready(f.peer.send(&answers));
    assert_eq!(f.receive(), Ok(vec![1]));
}

#[test]
fn no_more_requests_than_may_be_in_flight() {
    let mut f = connected(9);
    for tag in 0..5 {
        assert_eq!(f.conn.room(), 5 - tag as usize);
        f.send(tag);
    }
    assert_eq!(f.conn.room(), 0);
    f.conn.flush().unwrap();
    let answers = f.broker.answers(&f.peer.received());
    f.conn.note_ready(f.peer.send(&answers));
    assert_eq!(f.receive().unwrap().len(), 5);
    assert_eq!(f.conn.room(), 5);
}

#[test]
fn a_socket_that_takes_nothing_stops_the_requests() {
    let mut f = connected(10);
    f.conn.note_ready(f.peer.set_room(0));
    let out = |f: &mut Fixture, answered| Outgoing {
        api: ApiKey::Produce,
        version: 0,
        correlation_id: f.conn.next_correlation_id(),
        segments: vec![Bytes::from(vec![0; MAX_UNSENT])],
        timeout: 1000 * MS,
        answered,
        tag: 1,
    };
    let request = out(&mut f, false);
    f.conn.send_segments(f.now, request);
    assert_eq!(f.conn.backlog(), 1);
    assert_eq!(f.conn.room(), 0, "too many bytes wait");
    let finished = f.conn.take_finished();
    assert!(matches!(finished[..], [(1, Ok(_))]), "no answer is due");
}

#[test]
fn a_request_of_an_unknown_api_is_refused_and_not_sent() {
    let mut f = connected(11);
    let (tx, rx) = crossbeam_channel::unbounded();
    let request = Request::new(
        ApiKey::Heartbeat,
        1000 * MS,
        |_| heartbeat(),
        move |result| tx.send(result.map(|_| ())).unwrap(),
    );
    f.conn.send_caller_request(f.now, request);
    let refused = Err(RequestError::Unsupported(ApiKey::Heartbeat));
    assert_eq!(rx.try_recv(), Ok(refused));
    assert!(f.conn.is_idle());
}

#[test]
fn the_time_of_a_quota_comes_with_the_answer() {
    let mut f = connected(12);
    f.conn.send_request(
        f.now,
        ApiKey::ApiVersions,
        1,
        &RequestKind::ApiVersions(kafka_protocol::messages::ApiVersionsRequest::default()),
        never(f.now),
        Origin::Handshake,
    );
    f.conn.flush().unwrap();
    let mut broker = Broker::new().that_throttles(250);
    let answers = broker.answers(&f.peer.received());
    f.conn.note_ready(f.peer.send(&answers));
    let received = f.conn.receive(f.now).unwrap().unwrap();
    assert_eq!(received.throttle, 250 * MS);
}
