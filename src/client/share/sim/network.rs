//! Connections, and what is on its way over them.
//!
//! One that is cut may still deliver what was on its way to the broker, even after the next
//! connection stands; the broker learns later than that that the old one is gone.

use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestKind};

use super::judge::Said;
use super::{Simulation, What};
use crate::broker::{ApiVersions, Outbox, Outgoing, RequestError, Response};
use crate::mock::dispatch::Peer;
use crate::mock::state::{ConnId, Output};
use crate::protocol::request;

/// A request that waits for its answer.
pub(super) struct InFlight {
    correlation_id: i32,
    api: ApiKey,
    version: i16,
    pub(super) deadline: Duration,
}

pub(super) struct Conn {
    pub(super) member: usize,
    pub(super) link: usize,
    pub(super) cut: bool,
    /// The member knows that it is cut.
    pub(super) noticed: bool,
    /// Answers get lost.
    pub(super) mute: bool,
    pub(super) in_flight: Option<InFlight>,
    /// What becomes of requests that were on their way when it was cut.
    left: Left,
    last_arrival: Duration,
}

#[derive(Clone, Copy)]
enum Left {
    Arrives,
    Late(Duration),
    Lost,
}

/// What a loop sends at once.
pub(super) struct Out<'a> {
    pub(super) versions: &'a ApiVersions,
    pub(super) broker: i32,
    pub(super) sent: Option<(ApiKey, i16, RequestKind, Duration)>,
}

impl Outbox<()> for Out<'_> {
    fn versions(&self) -> &ApiVersions {
        self.versions
    }

    fn broker_id(&self) -> i32 {
        self.broker
    }

    fn room(&self) -> usize {
        usize::from(self.sent.is_none())
    }

    fn backlog(&mut self) -> usize {
        0
    }

    fn client_id(&self) -> &str {
        "sim"
    }

    fn next_correlation_id(&mut self) -> i32 {
        1
    }

    fn send_segments(&mut self, _: Instant, _: Outgoing<()>) {
        unreachable!("a share fetcher sends requests");
    }

    fn send(
        &mut self,
        _: Instant,
        api: ApiKey,
        version: i16,
        request: &RequestKind,
        timeout: Duration,
        (): (),
    ) {
        assert!(self.sent.is_none(), "two requests at once");
        self.sent = Some((api, version, request.clone(), timeout));
    }
}

impl Simulation {
    pub(super) fn delay(&mut self) -> Duration {
        let most = match self.rng.u8(..) {
            ..20 if self.trouble => self.config.slowest,
            _ => 4_000,
        };
        Duration::from_micros(self.rng.u64(200..most))
    }

    pub(super) fn transmit(
        &mut self,
        id: ConnId,
        (api, version, kind, timeout): (ApiKey, i16, RequestKind, Duration),
    ) {
        let delay = self.delay();
        let Some(conn) = self.conns.get_mut(&id) else {
            return;
        };
        assert!(conn.in_flight.is_none(), "one request at a time");
        let (member, link) = (conn.member, conn.link);
        let correlation_id = self.judge.next_request();
        conn.in_flight = Some(InFlight {
            correlation_id,
            api,
            version,
            deadline: self.now + timeout,
        });
        conn.last_arrival = conn.last_arrival.max(self.now + delay);
        let at = conn.last_arrival;
        let mut frame = BytesMut::new();
        request::encode_request(api, version, correlation_id, Some("sim"), &kind, &mut frame)
            .expect("a request that can be said");
        frame.advance(4);
        self.note(|| format!("{member}: to {}: {kind:?}", link + 1));
        if api == ApiKey::ShareFetch {
            self.members[member].loops[link].last_fetch = self.now;
        }
        let said = Said::of(&kind);
        self.judge_sent(member, &said);
        let frame = frame.freeze();
        let conn = id;
        self.schedule.add(at, What::Arrives { conn, frame, said });
    }

    pub(super) fn arrives(&mut self, id: ConnId, frame: Bytes, said: Said) {
        let conn = self.conns.get_mut(&id).expect("connections are kept");
        let (member, broker) = (conn.member, conn.link as i32 + 1);
        if conn.cut {
            match conn.left {
                Left::Lost => return,
                Left::Arrives => {}
                Left::Late(by) => {
                    conn.left = Left::Arrives;
                    let (at, conn) = (self.now + by, id);
                    return self.schedule.add(at, What::Arrives { conn, frame, said });
                }
            }
            self.members[member].strays = true;
        }
        let peer = Peer {
            conn: id,
            broker,
            host: "/127.0.0.1".to_owned().into(),
            principal: "User:ANONYMOUS".to_owned().into(),
        };
        let before = self.before(member, broker, &said);
        let now = self.wall();
        self.cluster.request(now, &peer, frame);
        self.cluster.share.check_invariants();
        self.judge_taken(member, broker, &said, before);
        self.outputs();
    }

    /// What the cluster has to say goes on its way.
    pub(super) fn outputs(&mut self) {
        for output in self.cluster.take_output() {
            match output {
                Output::Send { conn, frame, .. } | Output::Last { conn, frame, .. } => {
                    let at = self.now + self.delay();
                    self.schedule.add(at, What::Answer { conn, frame });
                }
                Output::Close { conn } => self.cut(conn),
                Output::Next { .. } => {}
            }
        }
    }

    pub(super) fn on_answer(&mut self, id: ConnId, mut frame: Bytes) {
        let Some(conn) = self.conns.get_mut(&id) else {
            return;
        };
        if conn.cut || conn.mute {
            return;
        }
        frame.advance(4);
        let correlation_id = request::correlation_id(&frame).expect("an answer");
        let Some(sent) = conn
            .in_flight
            .take_if(|s| s.correlation_id == correlation_id)
        else {
            return;
        };
        let (member, link) = (conn.member, conn.link);
        let (_, kind) = request::decode_response(sent.api, sent.version, frame).expect("an answer");
        self.note(|| format!("{member}: from {}: {kind:?}", link + 1));
        let grant = self.granted(id, &kind);
        let response = Response {
            kind: Some(kind),
            version: sent.version,
            rtt: Duration::ZERO,
            broker_id: link as i32 + 1,
            broker: "b".into(),
        };
        self.result(member, link, Ok(response), Some(grant));
    }

    // --- the end of a connection

    pub(super) fn cut(&mut self, id: ConnId) {
        let (to_member, to_broker) = (self.delay(), self.delay());
        let late = Duration::from_millis(self.rng.u64(..4000));
        let left = match self.rng.u8(..8) {
            0..3 => Left::Arrives,
            3 if self.trouble => Left::Late(late),
            _ => Left::Lost,
        };
        let Some(conn) = self.conns.get_mut(&id).filter(|c| !c.cut) else {
            return;
        };
        conn.cut = true;
        conn.left = left;
        let over = match left {
            Left::Late(by) => conn.last_arrival.max(self.now) + by,
            Left::Arrives => conn.last_arrival.max(self.now),
            Left::Lost => self.now,
        };
        let member = conn.member;
        self.note(|| format!("{member}: connection {id} is cut"));
        self.schedule.add(over + to_broker, What::Closes(id));
        self.schedule.add(self.now + to_member, What::Noticed(id));
    }

    /// The member closes it, or learns that it is closed.
    pub(super) fn noticed(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get_mut(&id).filter(|c| !c.noticed) else {
            return;
        };
        conn.noticed = true;
        let (member, link) = (conn.member, conn.link);
        let lost = conn.in_flight.take();
        if self.members[member].loops[link].fetcher.is_none() {
            return;
        }
        self.members[member].loops[link].conn = None;
        if lost.is_some() {
            let error = RequestError::Disconnected("cut".into());
            self.result(member, link, Err(error), None);
        }
        if let Some(f) = &mut self.members[member].loops[link].fetcher {
            f.on_down();
        }
        self.collect(member, link, None);
        self.connect(member, link);
    }

    /// Requests whose time is up: the connection is given up with them.
    pub(super) fn time_out(&mut self) {
        let now = self.now;
        let is_late = |c: &Conn| c.in_flight.as_ref().is_some_and(|s| s.deadline <= now);
        let conns = self.conns.iter();
        let due: Vec<ConnId> = conns
            .filter(|(_, c)| is_late(c))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            let Some(conn) = self.conns.get_mut(&id) else {
                continue;
            };
            conn.in_flight = None;
            let (member, link) = (conn.member, conn.link);
            if self.members[member].loops[link].fetcher.is_some() {
                self.result(member, link, Err(RequestError::TimedOut), None);
            }
            self.cut(id);
            self.noticed(id);
        }
    }

    pub(super) fn connect(&mut self, member: usize, link: usize) {
        let most = if self.trouble { 1000 } else { 100 };
        let delay = self.delay() * 3 + Duration::from_millis(self.rng.u64(..most));
        let what = What::Connected { member, link };
        self.schedule.add(self.now + delay, what);
    }

    pub(super) fn connected(&mut self, member: usize, link: usize) {
        if self.members[member].loops[link].fetcher.is_none() {
            return;
        }
        self.next_conn += 1;
        let id = self.next_conn;
        let conn = Conn {
            member,
            link,
            cut: false,
            noticed: false,
            mute: false,
            in_flight: None,
            left: Left::Lost,
            last_arrival: self.now,
        };
        self.conns.insert(id, conn);
        let l = &mut self.members[member].loops[link];
        l.conn = Some(id);
        if let Some(f) = &mut l.fetcher {
            f.on_up();
        }
        self.turn(member, link);
    }
}
