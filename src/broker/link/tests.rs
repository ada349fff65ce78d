//! A link over the transport in memory, on a clock that the test moves.

use std::sync::Arc;

use crate::base::lock::{Mutex, RwLock};
use crossbeam_channel::{Receiver, unbounded};
use kafka_protocol::messages::ApiKey;
use mio::Poll;

mod login;

use super::*;
use crate::base::error::ErrorCode;
use crate::base::log::Logger;
use crate::broker::identity::Identity;
use crate::broker::sasl::Login;
use crate::broker::testing::{Broker, MS, heartbeat, settings};
use crate::broker::transport::memory::{MemoryConnector, Peer};
use crate::broker::transport::{Plain, Readiness};
use crate::broker::{Ending, LinkSettings, Response};

/// Counts what a link tells its user.
#[derive(Default)]
struct Counts {
    ups: u32,
    downs: u32,
}

struct Counter(Arc<Mutex<Counts>>);

impl LinkUser for Counter {
    type Command = ();
    type Tag = ();

    fn on_command(&mut self, _: Instant, (): ()) {}

    fn on_up(&mut self, _: Instant) {
        self.0.lock().ups += 1;
    }

    fn on_down(&mut self, _: Instant) {
        self.0.lock().downs += 1;
    }

    fn collect(&mut self, _: Instant) {}
    fn poll(&mut self, _: Instant, _: &mut dyn Outbox<()>) {}
    fn poll_down(&mut self, _: Instant) {}
    fn on_response(&mut self, _: Instant, (): (), _: Result<Response, RequestError>) {}

    fn next_deadline(&self, _: bool) -> Option<Instant> {
        None
    }

    fn wants_connection(&self) -> bool {
        false
    }
}

struct Fixture {
    link: Link<Counter>,
    poll: Poll,
    peers: Receiver<Peer>,
    events: Receiver<LinkEvent>,
    counts: Arc<Mutex<Counts>>,
    answers: Receiver<(u32, Result<(), RequestError>)>,
    answer: crossbeam_channel::Sender<(u32, Result<(), RequestError>)>,
    broker: Broker,
    now: Instant,
}

fn link(settings: LinkSettings, seed: u64) -> Fixture {
    link_with(settings, seed, None)
}

fn link_with(settings: LinkSettings, seed: u64, login: Option<Arc<dyn Login>>) -> Fixture {
    let (peers_tx, peers) = unbounded();
    let (events_tx, events) = unbounded();
    let (answer, answers) = unbounded();
    let identity = Identity {
        host: "127.0.0.1".into(),
        port: 9092,
        node_id: 1,
        label: None,
    };
    let config = LinkConfig {
        settings: Arc::new(settings),
        identity: Arc::new(RwLock::new(identity)),
        logger: Arc::new(Logger::new(0, 0, false)),
        hooks: Arc::new(Plain),
        login,
        connector: Arc::new(MemoryConnector {
            seed,
            peers: peers_tx,
        }),
        stats: Arc::default(),
        events: Box::new(move |event| events_tx.send(event).unwrap()),
        observer: None,
    };
    let counts = Arc::<Mutex<Counts>>::default();
    let user = Counter(counts.clone());
    Fixture {
        link: Link::new(config, user, Token(1), |_| panic!("an address is no name")),
        poll: Poll::new().unwrap(),
        peers,
        events,
        counts,
        answers,
        answer,
        broker: Broker::new(),
        now: Instant::now(),
    }
}

impl Fixture {
    fn command(&mut self, command: LinkCommand<Counter>) {
        let registry = self.poll.registry();
        self.link.on_command(self.now, command, registry);
    }

    fn request(&mut self, number: u32, timeout: Duration) {
        let answer = self.answer.clone();
        let mut request = Request::new(
            ApiKey::Heartbeat,
            timeout,
            |_| heartbeat(),
            move |result| answer.send((number, result.map(|_| ()))).unwrap(),
        );
        request.deadline = self.now + timeout;
        self.command(LinkCommand::Send(request));
    }

    fn run(&mut self) {
        self.link.run(self.now, self.poll.registry());
    }

    fn event(&mut self, event: Readiness) {
        self.link.on_event(self.now, event, self.poll.registry());
        self.run();
    }

    /// Time passes until something is due.
    fn wait(&mut self) {
        let due = self.link.next_deadline().expect("something is planned");
        self.now = self.now.max(due);
        self.run();
    }

    /// The attempt to connect that is under way.
    fn peer(&self) -> Peer {
        self.peers.try_recv().expect("an attempt to connect")
    }

    /// The broker reads, and answers.
    fn serve(&mut self, peer: &Peer) {
        let answers = self.broker.answers(&peer.received());
        if !answers.is_empty() {
            self.event(peer.send(&answers));
        }
    }

    fn bring_up(&mut self) -> Peer {
        self.run();
        let peer = self.peer();
        self.event(peer.accept());
        self.serve(&peer);
        assert!(matches!(self.events.try_recv(), Ok(LinkEvent::Up { .. })));
        peer
    }

    fn failure(&self) -> (ErrorCode, String) {
        match self.events.try_recv() {
            Ok(LinkEvent::Down(Ending::Failed { error: Some(error) })) => error,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_request_makes_the_link_connect_and_is_sent_when_it_is_up() {
    let mut f = link(settings(), 1);
    f.run();
    assert!(f.peers.is_empty(), "nobody needs a connection");
    f.request(1, 5000 * MS);
    let peer = f.bring_up();
    assert!(f.answers.is_empty());
    f.serve(&peer);
    assert_eq!(f.answers.try_recv(), Ok((1, Ok(()))));
    assert!(f.link.is_up_and_idle());
}

#[test]
fn a_refused_connection_is_tried_again_after_a_back_off() {
    let mut f = link(settings(), 2);
    f.request(1, 60_000 * MS);
    f.run();
    let mut waited = Duration::ZERO;
    for attempt in 0..6 {
        let peer = f.peer();
        f.event(peer.refuse("Connection refused"));
        assert!(!peer.is_held(), "the socket is given up");
        if attempt == 0 {
            let (code, text) = f.failure();
            assert_eq!(code, ErrorCode::_TRANSPORT);
            let told = "Connect to ipv4#127.0.0.1:9092 failed: Connection refused";
            assert!(text.contains(told), "{text}");
        }
        assert!(f.peers.is_empty(), "not at once");
        let before = f.now;
        f.wait();
        waited = f.now - before;
        assert!(waited >= 75 * MS && waited <= 1000 * MS, "{waited:?}");
    }
    assert!(waited >= 750 * MS, "it has grown: {waited:?}");
    assert_eq!(f.counts.lock().downs, 0, "it was never up");
}

#[test]
fn a_silent_peer_ends_the_set_up_in_time() {
    let mut f = link(settings(), 3);
    f.request(1, 60_000 * MS);
    f.run();
    let (peer, begun) = (f.peer(), f.now);
    f.wait();
    assert_eq!(f.now - begun, 3000 * MS);
    let (code, text) = f.failure();
    assert_eq!(code, ErrorCode::_TRANSPORT);
    assert!(text.contains("timed out in state CONNECT"), "{text}");
    assert!(!peer.is_held());
}

#[test]
fn a_broker_that_does_not_tell_its_versions_ends_the_set_up_in_time() {
    let mut f = link(settings(), 4);
    f.request(1, 60_000 * MS);
    f.run();
    let (peer, begun) = (f.peer(), f.now);
    f.event(peer.accept());
    f.wait();
    assert_eq!(f.now - begun, 1000 * MS);
    assert!(f.failure().1.contains("in state APIVERSION_QUERY"));
}

#[test]
fn an_older_broker_is_asked_again_at_version_0() {
    let mut f = link(settings(), 5);
    f.broker = Broker::new().that_knows_api_versions(2);
    f.request(1, 5000 * MS);
    f.run();
    let peer = f.peer();
    f.event(peer.accept());
    f.serve(&peer);
    f.serve(&peer);
    assert!(matches!(f.events.try_recv(), Ok(LinkEvent::Up { .. })));
    f.serve(&peer);
    assert_eq!(f.answers.try_recv(), Ok((1, Ok(()))));
}

#[test]
fn the_end_of_a_connection_ends_its_requests_once() {
    let mut f = link(settings(), 6);
    f.request(1, 5000 * MS);
    let peer = f.bring_up();
    f.request(2, 5000 * MS);
    f.run();
    f.event(peer.close());
    for n in [1, 2] {
        let ended = f.answers.try_recv();
        assert!(matches!(ended, Ok((m, Err(RequestError::Disconnected(_)))) if m == n));
    }
    assert!(f.answers.is_empty());
    assert_eq!(f.failure().0, ErrorCode::_TRANSPORT);
    let counts = f.counts.lock();
    assert_eq!((counts.ups, counts.downs), (1, 1));
    assert!(!peer.is_held());
}

#[test]
fn a_request_that_is_not_answered_ends_the_connection() {
    let mut f = link(settings(), 7);
    f.request(1, 500 * MS);
    let peer = f.bring_up();
    f.wait();
    assert_eq!(f.answers.try_recv(), Ok((1, Err(RequestError::TimedOut))));
    let event = f.events.try_recv();
    assert!(
        matches!(event, Ok(LinkEvent::Down(Ending::TimedOut))),
        "the request's error is told alone: {event:?}"
    );
    assert!(!peer.is_held());
}

#[test]
fn a_connection_may_outlive_requests_that_time_out() {
    let mut f = link(
        LinkSettings {
            max_fails: 2,
            ..settings()
        },
        8,
    );
    f.request(1, 500 * MS);
    let peer = f.bring_up();
    f.wait();
    assert_eq!(f.answers.try_recv(), Ok((1, Err(RequestError::TimedOut))));
    assert!(f.events.is_empty() && peer.is_held());
    f.request(2, 500 * MS);
    f.run();
    f.wait();
    assert_eq!(f.answers.try_recv(), Ok((2, Err(RequestError::TimedOut))));
    assert!(!peer.is_held(), "the second was one too many");
}

#[test]
fn a_request_is_not_kept_longer_than_its_time() {
    let mut f = link(settings(), 9);
    f.request(1, 50 * MS);
    f.run();
    let peer = f.peer();
    f.wait();
    let error = RequestError::TimedOutInQueue;
    assert_eq!(f.answers.try_recv(), Ok((1, Err(error))));
    assert!(peer.is_held(), "the attempt goes on");
}

#[test]
fn an_idle_connection_is_closed_and_not_made_again() {
    let mut f = link(
        LinkSettings {
            max_idle: 10_000 * MS,
            ..settings()
        },
        10,
    );
    f.command(LinkCommand::Connect);
    let peer = f.bring_up();
    f.wait();
    assert!(!peer.is_held());
    assert!(matches!(
        f.events.try_recv(),
        Ok(LinkEvent::Down(Ending::OwnDecision))
    ));
    f.run();
    assert!(f.peers.is_empty());
    assert_eq!(
        f.link.next_deadline(),
        None,
        "an idle link does not wake up"
    );
}

#[test]
fn a_moved_broker_is_connected_to_where_it_is() {
    let mut f = link(settings(), 11);
    f.command(LinkCommand::Connect);
    let peer = f.bring_up();
    f.command(LinkCommand::SetAddress {
        host: "127.0.0.2".into(),
        port: 9093,
        node_id: 1,
    });
    assert!(!peer.is_held());
    f.run();
    if f.peers.is_empty() {
        f.wait();
    }
    let peer = f.peer();
    assert_eq!(peer.address, "127.0.0.2:9093".parse().unwrap());
}

#[test]
fn nothing_is_left_of_a_stopped_link() {
    let mut f = link(settings(), 12);
    f.request(1, 5000 * MS);
    let peer = f.bring_up();
    f.request(2, 5000 * MS);
    f.link.stop(f.now, f.poll.registry());
    assert_eq!(f.answers.try_recv(), Ok((1, Err(RequestError::Destroyed))));
    assert_eq!(f.answers.try_recv(), Ok((2, Err(RequestError::Destroyed))));
    assert!(!peer.is_held());
    assert_eq!(f.counts.lock().downs, 1);
}

/// Peers that accept, refuse, answer, stay silent, close and reset as a seed says: every
/// request ends once, by its deadline, and a stopped link leaves nothing behind.
#[test]
fn links_survive() {
    for seed in 0..500 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut f = link(settings(), seed);
        let mut peer: Option<Peer> = None;
        let mut deadlines = Vec::new();
        let mut ended = [false; 30];
        for _ in 0..400 {
            if deadlines.len() < ended.len() && random.u8(..) < 40 {
                let timeout = random.u32(1..4000) * MS;
                let number = deadlines.len() as u32;
                deadlines.push(f.now + timeout);
                f.request(number, timeout);
            }
            if let Ok(new) = f.peers.try_recv() {
                f.broker = Broker::new().that_knows_api_versions(random.i16(0..4));
                peer = Some(new);
            }
            match (&peer, random.u8(0..20)) {
                (Some(p), 0..4) => {
                    let event = p.accept();
                    f.event(event);
                }
                (Some(p), 4) => {
                    let event = p.refuse("Connection refused");
                    f.event(event);
                }
                (Some(p), 5) => {
                    let event = p.close();
                    f.event(event);
                }
                (Some(p), 6) => {
                    let event = p.reset();
                    f.event(event);
                }
                (Some(p), 7..16) => {
                    let p = p.clone();
                    f.serve(&p);
                }
                _ => f.now += random.u32(0..200) * MS,
            }
            f.run();
            if let Some(due) = f.link.next_deadline()
                && due <= f.now
            {
                f.run();
            }
            while let Ok((number, _)) = f.answers.try_recv() {
                let ended = &mut ended[number as usize];
                assert!(!*ended, "seed {seed}: request {number} ended twice");
                *ended = true;
            }
            for (number, deadline) in deadlines.iter().enumerate() {
                let late = *deadline <= f.now && !ended[number];
                assert!(!late, "seed {seed}: request {number} is late");
            }
        }
        f.link.stop(f.now, f.poll.registry());
        f.answers
            .try_iter()
            .for_each(|(number, _)| ended[number as usize] = true);
        let all = ended.iter().take(deadlines.len()).all(|e| *e);
        assert!(all, "seed {seed}: a request has not ended");
        assert!(peer.is_none_or(|p| !p.is_held()), "seed {seed}");
        let counts = f.counts.lock();
        assert!(counts.downs >= counts.ups, "seed {seed}");
    }
}

/// As one that wants a login does.
#[test]
fn a_broker_that_closes_at_the_first_request_is_left_alone_longer_and_longer() {
    let mut f = link(settings(), 25);
    f.request(1, 3_600_000 * MS);
    let mut waited = Duration::ZERO;
    for attempt in 0..6 {
        f.request(2, 3_600_000 * MS);
        f.run();
        let peer = f.peer();
        f.event(peer.accept());
        f.serve(&peer);
        assert!(matches!(f.events.try_recv(), Ok(LinkEvent::Up { .. })));
        f.event(peer.close());
        if attempt == 0 {
            let (code, text) = f.failure();
            assert_eq!(code, ErrorCode::_TRANSPORT);
            assert!(text.contains("security.protocol"), "{text}");
        } else {
            // The same error is not told again.
            assert!(matches!(
                f.events.try_recv(),
                Ok(LinkEvent::Down(Ending::Failed { error: None }))
            ));
        }
        f.request(3, 3_600_000 * MS);
        let before = f.now;
        f.wait();
        waited = f.now - before;
    }
    assert!(waited >= 750 * MS, "{waited:?}");
}
