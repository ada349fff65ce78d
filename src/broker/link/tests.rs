//! A link over the transport in memory, on a clock that the test moves.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::base::lock::{Mutex, RwLock};
use crossbeam_channel::{Receiver, unbounded};
use kafka_protocol::messages::{
    ApiKey, HeartbeatResponse, ResponseKind, SaslAuthenticateResponse, SaslHandshakeResponse,
};
use mio::Poll;
use zeroize::Zeroizing;

use super::*;
use crate::base::log::Logger;
use crate::broker::LinkSettings;
use crate::broker::Response;
use crate::broker::identity::Identity;
use crate::broker::sasl::{self, Login, Mechanism};
use crate::broker::testing::{Broker, MS, frame, heartbeat, settings};
use crate::broker::transport::memory::{MemoryConnector, Peer};
use crate::broker::transport::{Plain, Readiness};

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

/// A login of one turn, once the test says that it can be made.
struct Once(Arc<AtomicBool>);

impl Login for Once {
    fn mechanism(&self) -> &'static str {
        "PLAIN"
    }

    fn is_ready(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn begin(&self, host: &str) -> Result<Box<dyn Mechanism>, String> {
        assert_eq!(host, "127.0.0.1");
        Ok(Box::new(Turn))
    }
}

struct Turn;

impl Mechanism for Turn {
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<sasl::Step, String> {
        Ok(match challenge {
            None => sasl::Step::Send(Zeroizing::new(b"secret".to_vec())),
            Some(_) => sasl::Step::Done,
        })
    }
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
            Ok(LinkEvent::Down {
                error: Some(error), ..
            }) => error,
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
    let ended = |n| (n, Err(RequestError::Disconnected("Disconnected".into())));
    assert_eq!(f.answers.try_recv(), Ok(ended(1)));
    assert_eq!(f.answers.try_recv(), Ok(ended(2)));
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
    let (code, text) = f.failure();
    assert_eq!(code, ErrorCode::_TIMED_OUT);
    assert!(text.contains("1 request(s) timed out"), "{text}");
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
        Ok(LinkEvent::Down { error: None, .. })
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

/// The requests that have arrived at the broker, which does not answer.
fn arrived(f: &mut Fixture, peer: &Peer) -> Vec<i16> {
    let requests = f.broker.take(&peer.received());
    requests.iter().map(|r| r.api_key).collect()
}

#[test]
fn a_link_waits_for_what_its_login_needs() {
    let ready = Arc::new(AtomicBool::new(false));
    let login: Arc<dyn Login> = Arc::new(Once(ready.clone()));
    let mut f = link_with(settings(), 20, Some(login));
    f.broker = Broker::new().that_knows_logins(0);
    f.request(1, 5000 * MS);
    f.run();
    assert!(f.peers.is_empty());
    ready.store(true, Ordering::Relaxed);
    f.command(LinkCommand::CredentialsReady);
    f.run();
    let peer = f.peer();
    f.event(peer.accept());
    for _ in 0..4 {
        f.serve(&peer);
    }
    assert!(matches!(f.events.try_recv(), Ok(LinkEvent::Up { .. })));
    assert_eq!(f.answers.try_recv(), Ok((1, Ok(()))));
}

#[test]
fn requests_wait_while_a_session_is_renewed() {
    let login: Arc<dyn Login> = Arc::new(Once(Arc::new(AtomicBool::new(true))));
    let mut f = link_with(settings(), 21, Some(login));
    f.broker = Broker::new().that_knows_logins(10_000);
    f.request(1, 60_000 * MS);
    f.run();
    let peer = f.peer();
    f.event(peer.accept());
    for _ in 0..4 {
        f.serve(&peer);
    }
    assert_eq!(f.answers.try_recv(), Ok((1, Ok(()))));
    let begun = f.now;
    // In flight while the login begins: it is answered first, and then the login.
    f.request(2, 60_000 * MS);
    f.run();
    f.now = begun + 9_000 * MS;
    f.run();
    f.request(3, 60_000 * MS);
    f.run();
    assert_eq!(
        arrived(&mut f, &peer),
        [ApiKey::Heartbeat as i16, ApiKey::SaslHandshake as i16]
    );
    let heartbeat = |id| {
        frame(
            ApiKey::Heartbeat,
            0,
            id,
            &ResponseKind::Heartbeat(HeartbeatResponse::default()),
        )
    };
    let handshake = ResponseKind::SaslHandshake(SaslHandshakeResponse::default());
    let lasts = SaslAuthenticateResponse::default().with_session_lifetime_ms(10_000);
    let lasts = ResponseKind::SaslAuthenticate(lasts);
    // ApiVersions, SaslHandshake, SaslAuthenticate and a heartbeat came before.
    f.event(peer.send(&heartbeat(5)));
    assert_eq!(f.answers.try_recv(), Ok((2, Ok(()))));
    f.event(peer.send(&frame(ApiKey::SaslHandshake, 1, 6, &handshake)));
    assert_eq!(arrived(&mut f, &peer), [ApiKey::SaslAuthenticate as i16]);
    f.event(peer.send(&frame(ApiKey::SaslAuthenticate, 2, 7, &lasts)));
    assert_eq!(arrived(&mut f, &peer), [ApiKey::Heartbeat as i16]);
    f.event(peer.send(&heartbeat(8)));
    assert_eq!(f.answers.try_recv(), Ok((3, Ok(()))));
    assert_eq!(f.counts.lock().downs, 0);
}

#[test]
fn a_session_that_is_not_renewed_in_time_costs_the_connection() {
    let login: Arc<dyn Login> = Arc::new(Once(Arc::new(AtomicBool::new(true))));
    let mut f = link_with(settings(), 22, Some(login));
    f.broker = Broker::new().that_knows_logins(10_000);
    f.request(1, 60_000 * MS);
    f.run();
    let peer = f.peer();
    f.event(peer.accept());
    for _ in 0..4 {
        f.serve(&peer);
    }
    assert!(matches!(f.events.try_recv(), Ok(LinkEvent::Up { .. })));
    f.now += 9_000 * MS;
    f.run();
    f.now += 3_000 * MS;
    f.run();
    let (code, text) = f.failure();
    assert_eq!(code, ErrorCode::_TRANSPORT);
    assert!(text.contains("timed out in state REAUTH"), "{text}");
    assert!(!peer.is_held());
}

#[test]
fn a_broker_that_closes_during_a_login_has_refused_it() {
    let login: Arc<dyn Login> = Arc::new(Once(Arc::new(AtomicBool::new(true))));
    let mut f = link_with(settings(), 23, Some(login));
    f.broker = Broker::new().that_knows_logins(0);
    f.request(1, 60_000 * MS);
    f.run();
    let peer = f.peer();
    f.event(peer.accept());
    f.serve(&peer);
    f.event(peer.close());
    let (code, text) = f.failure();
    assert_eq!(code, ErrorCode::_AUTHENTICATION);
    assert!(text.contains("during the login"), "{text}");
    assert!(!text.contains("secret"));
}

/// The bytes of a broker from the first to the last answer of a set-up with a login.
fn login_answers(broker: &mut Broker) -> Vec<Vec<u8>> {
    let login: Arc<dyn Login> = Arc::new(Once(Arc::new(AtomicBool::new(true))));
    let mut f = link_with(settings(), 24, Some(login));
    f.request(1, 60_000 * MS);
    f.run();
    let peer = f.peer();
    f.event(peer.accept());
    let mut all = Vec::new();
    while f.events.is_empty() {
        let answers = broker.answers(&peer.received());
        f.event(peer.send(&answers));
        all.push(answers);
    }
    all
}

#[test]
fn a_set_up_with_a_login_ends_wherever_it_is_cut() {
    let answers = login_answers(&mut Broker::new().that_knows_logins(0));
    assert_eq!(answers.len(), 3);
    let length: usize = answers.iter().map(Vec::len).sum();
    for cut in 0..length {
        let login: Arc<dyn Login> = Arc::new(Once(Arc::new(AtomicBool::new(true))));
        // The transport splits what is sent as the seed says.
        let mut f = link_with(settings(), cut as u64, Some(login));
        f.request(1, 60_000 * MS);
        f.run();
        let peer = f.peer();
        f.event(peer.accept());
        let mut left = cut;
        for answer in &answers {
            let part = &answer[..left.min(answer.len())];
            left -= part.len();
            f.event(peer.send(part));
            if part.len() < answer.len() {
                break;
            }
        }
        f.event(peer.close());
        let (code, text) = f.failure();
        let logging_in = cut >= answers[0].len();
        let expected = match logging_in {
            true => ErrorCode::_AUTHENTICATION,
            false => ErrorCode::_TRANSPORT,
        };
        assert_eq!(code, expected, "{cut}: {text}");
        assert!(!peer.is_held(), "{cut}");
        assert!(f.answers.is_empty(), "{cut}: the request waits");
    }
}

#[test]
fn a_set_up_with_rubbish_ends_or_goes_on() {
    let answers = login_answers(&mut Broker::new().that_knows_logins(0));
    let mut random = fastrand::Rng::with_seed(7);
    for seed in 0..500 {
        let login: Arc<dyn Login> = Arc::new(Once(Arc::new(AtomicBool::new(true))));
        let mut f = link_with(settings(), seed, Some(login));
        f.request(1, 60_000 * MS);
        f.run();
        let peer = f.peer();
        f.event(peer.accept());
        for answer in &answers {
            let mut bytes = answer.clone();
            if random.u8(0..3) == 0 {
                let at = random.usize(0..bytes.len());
                bytes[at] ^= random.u8(1..);
            }
            if f.link.has_connection() {
                f.event(peer.send(&bytes));
            }
        }
        // Whatever it made of that, it does not wait for ever.
        for _ in 0..10 {
            if !f.events.is_empty() {
                break;
            }
            f.wait();
        }
        assert!(!f.events.is_empty(), "seed {seed}: neither up nor failed");
    }
}
