//! Connections, and what is on its way over them.
//!
//! A connection keeps the order of its requests; different ones do not. One that is cut may
//! still deliver some of what was on its way, even after the next connection has: a broker
//! reads what it finds in the socket. Brokers take a connection's next request when the one
//! before is answered.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, ResponseKind};

use super::Simulation;
use super::client::Mail;
use super::schedule::What;
use crate::broker::{RequestError, Response};
use crate::coordinator;
use crate::mock::dispatch::Peer;
use crate::mock::state::{ConnId, Output};
use crate::producer::transaction::{Abilities, Event, Token};
use crate::protocol::request;

/// Where the result of a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    Machine(Token),
    /// The machine, by way of whoever keeps the group's coordinator in mind.
    Group(Token),
    Find,
    Sender(u64),
}

/// A request without a connection.
pub(super) struct Waiting {
    pub(super) api: ApiKey,
    pub(super) max_version: Option<i16>,
    pub(super) build: Box<dyn FnOnce(i16) -> kafka_protocol::messages::RequestKind + Send>,
    pub(super) deadline: Duration,
    pub(super) send_by: Duration,
    pub(super) to: To,
}

/// A request that waits for its answer.
pub(super) struct InFlight {
    pub(super) correlation_id: i32,
    pub(super) api: ApiKey,
    pub(super) version: i16,
    pub(super) deadline: Duration,
    pub(super) to: To,
}

/// A client's way to a broker; the last of its links goes to its coordinator.
#[derive(Default)]
pub(super) struct Link {
    pub(super) broker: i32,
    pub(super) conn: Option<ConnId>,
    /// An attempt to connect is under way.
    pub(super) connecting: bool,
    pub(super) attempt: u64,
    pub(super) waiting: Vec<Waiting>,
}

pub(super) struct Conn {
    pub(super) client: usize,
    pub(super) link: usize,
    pub(super) broker: i32,
    /// Its end is on the way to the client, which gets no answer any more.
    pub(super) cut: bool,
    pub(super) in_flight: VecDeque<InFlight>,
    /// When each arrives.
    transit: VecDeque<(Duration, Bytes)>,
    last_arrival: Duration,
    last_answer: Duration,
    /// Arrived, not taken yet.
    queue: VecDeque<Bytes>,
    busy: bool,
}

impl Simulation {
    pub(super) fn delay(&mut self) -> Duration {
        let most = match self.rng.u8(..) {
            ..20 if self.trouble => self.config.slowest,
            _ => 4_000,
        };
        Duration::from_micros(self.rng.u64(200..most))
    }

    /// Sends a request, or keeps it until there is a connection.
    pub(super) fn ask(&mut self, client: usize, link: usize, request: Waiting) {
        let l = &mut self.clients[client].links[link];
        let Some(conn) = l.conn else {
            l.waiting.push(request);
            return self.connect(client, link);
        };
        let versions = self.clients[client].versions.clone();
        let Some(version) = versions.pick(request.api, request.max_version) else {
            let error = RequestError::Unsupported(request.api);
            return self.result(client, link, request.to, Err(error));
        };
        let kind = (request.build)(version);
        self.note(|| format!("{client}: {kind:?} v{version}"));
        let correlation_id = self.clients[client].next_correlation_id();
        let mut frame = BytesMut::new();
        let id = Some("sim");
        request::encode_request(request.api, version, correlation_id, id, &kind, &mut frame)
            .expect("a request that can be said");
        frame.advance(4);
        let in_flight = InFlight {
            correlation_id,
            api: request.api,
            version,
            deadline: request.deadline,
            to: request.to,
        };
        self.transmit(conn, frame.freeze(), in_flight);
    }

    pub(super) fn transmit(&mut self, id: ConnId, frame: Bytes, in_flight: InFlight) {
        let delay = self.delay();
        let Some(conn) = self.conns.get_mut(&id) else {
            return;
        };
        conn.in_flight.push_back(in_flight);
        conn.last_arrival = conn.last_arrival.max(self.now + delay);
        let at = conn.last_arrival;
        conn.transit.push_back((at, frame));
        self.schedule.add(at, What::Arrives(id));
    }

    /// The next requests come late.
    pub(super) fn stall(&mut self, id: ConnId, time: Duration) {
        let until = self.now + time;
        if let Some(conn) = self.conns.get_mut(&id) {
            conn.last_arrival = conn.last_arrival.max(until);
        }
    }

    pub(super) fn arrives(&mut self, id: ConnId) {
        let now = self.now;
        let Some(conn) = self.conns.get_mut(&id) else {
            return;
        };
        while let Some((_, frame)) = conn.transit.pop_front_if(|(at, _)| *at <= now) {
            conn.queue.push_back(frame);
        }
        self.serve(id);
    }

    /// The broker takes the connection's next requests.
    pub(super) fn serve(&mut self, id: ConnId) {
        loop {
            let Some(conn) = self.conns.get_mut(&id).filter(|c| !c.busy) else {
                return;
            };
            let broker = conn.broker;
            let Some(frame) = conn.queue.pop_front() else {
                return;
            };
            if self.cluster.broker(broker).is_some_and(|b| b.up) {
                self.carry_out(id, broker, frame);
            }
        }
    }

    pub(super) fn carry_out(&mut self, conn: ConnId, broker: i32, frame: Bytes) {
        let peer = Peer {
            conn,
            broker,
            host: "/127.0.0.1".to_owned().into(),
            principal: "User:ANONYMOUS".to_owned().into(),
        };
        let api = frame.first_chunk().map_or(-1, |b| i16::from_be_bytes(*b));
        let now = self.wall();
        if let Some(error) = self.done_but_refused(api) {
            self.cluster.request(now, &peer, frame.clone());
            // The first answer gets lost on the way: nobody would see two.
            self.cluster.take_output();
            self.inject(api, &[error.into()]);
        }
        self.cluster.request(now, &peer, frame);
        self.outputs();
    }

    /// What the cluster has to say goes on its way.
    pub(super) fn outputs(&mut self) {
        for output in self.cluster.take_output() {
            match output {
                Output::Send {
                    conn,
                    frame,
                    delay_ms,
                }
                | Output::Last {
                    conn,
                    frame,
                    delay_ms,
                } => self.send_answer(conn, frame, Duration::from_millis(delay_ms.into())),
                Output::Close { conn } => self.cut(conn),
                Output::Next { .. } => {}
            }
        }
        self.watch_offsets();
    }

    fn send_answer(&mut self, id: ConnId, mut frame: Bytes, wait: Duration) {
        let delay = self.delay();
        frame.advance(4);
        let Some(conn) = self.conns.get_mut(&id) else {
            return;
        };
        if !wait.is_zero() {
            conn.busy = true;
            self.schedule.add(self.now + wait, What::Free(id));
        }
        conn.last_answer = conn.last_answer.max(self.now + wait + delay);
        self.schedule
            .add(conn.last_answer, What::Answer { conn: id, frame });
    }

    pub(super) fn free(&mut self, id: ConnId) {
        if let Some(conn) = self.conns.get_mut(&id) {
            conn.busy = false;
            self.serve(id);
        }
    }

    pub(super) fn on_answer(&mut self, id: ConnId, frame: Bytes) {
        let Some(conn) = self.conns.get_mut(&id).filter(|c| !c.cut) else {
            return;
        };
        let (client, link, broker) = (conn.client, conn.link, conn.broker);
        let correlation_id = request::correlation_id(&frame).expect("an answer");
        let sent = conn.in_flight.iter();
        let known = sent
            .enumerate()
            .find(|(_, s)| s.correlation_id == correlation_id);
        // Else it came too late.
        let Some((at, _)) = known else {
            return;
        };
        let sent = conn.in_flight.remove(at).expect("found just now");
        let (_, kind) = request::decode_response(sent.api, sent.version, frame).expect("an answer");
        self.note(|| format!("{client}: {kind:?}"));
        let response = Response {
            kind: Some(kind),
            version: sent.version,
            rtt: Duration::ZERO,
            broker_id: broker,
            broker: "b".into(),
        };
        self.result(client, link, sent.to, Ok(response));
    }

    /// A request has ended.
    pub(super) fn result(
        &mut self,
        client: usize,
        link: usize,
        to: To,
        result: Result<Response, RequestError>,
    ) {
        let event = match to {
            To::Sender(tag) => {
                let now = self.instant();
                self.clients[client].loops[link]
                    .sender
                    .on_response(now, tag, result);
                return self.turn(client, link);
            }
            To::Find => Event::Coordinator(coordinator::Event::Answer(result)),
            To::Machine(token) => Event::Answer { token, result },
            To::Group(token) => {
                self.clients[client].group_coordinator = group_coordinator(&result);
                Event::Answer { token, result }
            }
        };
        self.post(client, Mail::Event(event));
    }

    // --- the end of a connection

    /// The connection is cut: what was on its way may arrive in part, answers do not.
    pub(super) fn cut(&mut self, id: ConnId) {
        let (late, careful) = (Duration::from_millis(self.rng.u64(..8000)), self.careful);
        let (some, is_late) = (self.rng.bool(), self.rng.u8(..4) == 0);
        let Some(conn) = self.conns.get_mut(&id).filter(|c| !c.cut) else {
            return;
        };
        conn.cut = true;
        let left = self.rng.usize(..=conn.transit.len());
        conn.transit.truncate(if some { left } else { 0 });
        if !some {
            conn.queue.clear();
        }
        let is_produce = |frame: &Bytes| frame.starts_with(&[0, 0]);
        if careful {
            // Before transactions of version 2 a request that comes after its successor
            // can do harm that no client can prevent, but for what has a sequence number.
            let all: Vec<Bytes> = conn.queue.drain(..).collect();
            let on_way = conn.transit.iter().filter(|(_, frame)| !is_produce(frame));
            let at_once = all.into_iter().chain(on_way.map(|(_, f)| f.clone()));
            let at_once: Vec<Bytes> = at_once.collect();
            conn.queue.extend(at_once);
            conn.transit.retain(|(_, frame)| is_produce(frame));
            conn.busy = false;
        }
        if is_late {
            let planned = conn.transit.iter_mut();
            planned.for_each(|(at, _)| *at += late);
            let times: Vec<Duration> = conn.transit.iter().map(|(at, _)| *at).collect();
            for at in times {
                self.schedule.add(at, What::Arrives(id));
            }
        }
        let client = conn.client;
        let of_init = |s: &InFlight| s.api == ApiKey::InitProducerId;
        self.clients[client].init_was_lost |= conn.in_flight.iter().any(of_init);
        self.note(|| format!("{client}: connection {id} is cut"));
        self.serve(id);
        let delay = self.delay();
        self.schedule.add(self.now + delay, What::Noticed(id));
    }

    /// The client closes it, or learns that it is closed.
    pub(super) fn noticed(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get_mut(&id) else {
            return;
        };
        let (client, link, broker) = (conn.client, conn.link, conn.broker);
        let lost = std::mem::take(&mut conn.in_flight);
        if !self.clients[client].alive || self.clients[client].links[link].conn != Some(id) {
            return;
        }
        self.clients[client].links[link].conn = None;
        for sent in lost {
            let error = RequestError::Disconnected("cut".into());
            self.result(client, link, sent.to, Err(error));
        }
        if link < self.clients[client].loops.len() {
            let now = self.instant();
            self.clients[client].loops[link].sender.on_down(now);
            self.turn(client, link);
            self.refresh_metadata(client);
        } else {
            let down = coordinator::Event::Down(broker);
            self.post(client, Mail::Event(Event::Coordinator(down)));
        }
        self.connect(client, link);
    }

    /// Requests whose time is up: the connection is given up with them, or kept.
    pub(super) fn time_out(&mut self) {
        let now = self.now;
        let due: Vec<ConnId> = self
            .conns
            .iter()
            .filter(|(_, c)| self.clients[c.client].frozen <= now)
            .filter(|(_, c)| c.in_flight.iter().any(|s| s.deadline <= now))
            .map(|(&id, _)| id)
            .collect();
        for id in due {
            let Some(conn) = self.conns.get_mut(&id) else {
                continue;
            };
            let (client, link) = (conn.client, conn.link);
            let (late, rest): (Vec<_>, Vec<_>) =
                conn.in_flight.drain(..).partition(|s| s.deadline <= now);
            conn.in_flight.extend(rest);
            if !self.clients[client].alive {
                continue;
            }
            for sent in late {
                self.clients[client].init_was_lost |= sent.api == ApiKey::InitProducerId;
                self.note(|| format!("{client}: {:?} is not answered in time", sent.api));
                self.result(client, link, sent.to, Err(RequestError::TimedOut));
            }
            if !self.config.keeps_connections {
                self.cut(id);
                self.noticed(id);
            }
        }
        for client in 0..self.clients.len() {
            if !self.clients[client].alive || self.clients[client].frozen > now {
                continue;
            }
            for link in 0..self.clients[client].links.len() {
                let waiting = &mut self.clients[client].links[link].waiting;
                let late: Vec<_> = waiting.extract_if(.., |w| w.send_by <= now).collect();
                for request in late {
                    self.result(client, link, request.to, Err(RequestError::TimedOutInQueue));
                }
            }
        }
    }

    // --- its beginning

    pub(super) fn connect(&mut self, client: usize, link: usize) {
        let l = &mut self.clients[client].links[link];
        if l.conn.is_some() || l.connecting || l.broker == 0 {
            return;
        }
        l.connecting = true;
        l.attempt += 1;
        let attempt = l.attempt;
        let delay = self.delay() * 3 + Duration::from_millis(self.rng.u64(..100));
        self.schedule.add(
            self.now + delay,
            What::Connected {
                client,
                link,
                attempt,
            },
        );
    }

    pub(super) fn connected(&mut self, client: usize, link: usize, attempt: u64) {
        let l = &mut self.clients[client].links[link];
        if l.attempt != attempt || !l.connecting {
            return;
        }
        l.connecting = false;
        let broker = l.broker;
        if !self.cluster.broker(broker).is_some_and(|b| b.up) {
            return self.connect(client, link);
        }
        self.next_conn += 1;
        let id = self.next_conn;
        self.conns.insert(
            id,
            Conn {
                client,
                link,
                broker,
                cut: false,
                in_flight: VecDeque::new(),
                transit: VecDeque::new(),
                last_arrival: self.now,
                last_answer: self.now,
                queue: VecDeque::new(),
                busy: false,
            },
        );
        let versions = self.api_versions();
        let abilities = Abilities::of(&versions);
        let c = &mut self.clients[client];
        c.versions = versions;
        c.links[link].conn = Some(id);
        let waiting = std::mem::take(&mut c.links[link].waiting);
        if link < c.loops.len() {
            let now = self.start + self.now;
            c.loops[link].sender.look_at_all(now);
            let up = Event::Coordinator(coordinator::Event::BrokerUp);
            self.post(client, Mail::Event(up));
            self.turn(client, link);
        } else {
            self.post(client, Mail::Event(Event::Abilities(abilities)));
            let up = Event::Coordinator(coordinator::Event::Up(broker));
            self.post(client, Mail::Event(up));
        }
        for request in waiting {
            self.ask(client, link, request);
        }
    }
}

/// The broker whose answer shows that it coordinates the group.
fn group_coordinator(result: &Result<Response, RequestError>) -> Option<i32> {
    use coordinator::target::ErrorClass;

    let response = result.as_ref().ok()?;
    let Some(ResponseKind::TxnOffsetCommit(answer)) = &response.kind else {
        return None;
    };
    let mut partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
    let is_it = partitions.all(|p| ErrorClass::of_code(p.error_code.into()) == ErrorClass::Final);
    is_it.then_some(response.broker_id)
}
