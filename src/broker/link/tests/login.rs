//! Links that log in.

use std::sync::atomic::{AtomicBool, AtomicUsize};

use kafka_protocol::messages::{
    HeartbeatResponse, ResponseKind, SaslAuthenticateResponse, SaslHandshakeResponse,
};
use zeroize::Zeroizing;

use super::*;
use crate::broker::sasl::{self, Mechanism};
use crate::broker::testing::frame;

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

fn always() -> Arc<AtomicBool> {
    Arc::new(AtomicBool::new(true))
}

/// A link with a request to send, connected to a broker that has seen nothing of it yet.
/// It logs in while it is `ready` to; sessions last so many milliseconds.
fn connected(seed: u64, session_ms: i64, ready: Arc<AtomicBool>) -> (Fixture, Peer) {
    let login: Arc<dyn Login> = Arc::new(Once(ready));
    let mut f = link_with(settings(), seed, Some(login));
    f.broker = Broker::new().that_knows_logins(session_ms);
    f.request(1, 60_000 * MS);
    f.run();
    let peer = f.peer();
    f.event(peer.accept());
    (f, peer)
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
    let (mut f, peer) = connected(21, 10_000, always());
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
    let ready = always();
    let (mut f, peer) = connected(22, 10_000, ready.clone());
    for _ in 0..4 {
        f.serve(&peer);
    }
    assert!(matches!(f.events.try_recv(), Ok(LinkEvent::Up { .. })));
    f.now += 9_000 * MS;
    f.run();
    // What the login after this one needs has no part in it.
    ready.store(false, Ordering::Relaxed);
    f.now += 3_000 * MS;
    f.run();
    let (code, text) = f.failure();
    assert_eq!(code, ErrorCode::_TRANSPORT);
    assert!(text.contains("timed out in state REAUTH"), "{text}");
    assert!(!peer.is_held());
}

#[test]
fn a_broker_that_closes_during_a_login_has_refused_it() {
    let (mut f, peer) = connected(23, 0, always());
    f.serve(&peer);
    f.event(peer.close());
    let (code, text) = f.failure();
    assert_eq!(code, ErrorCode::_AUTHENTICATION);
    assert!(text.contains("during the login"), "{text}");
    assert!(!text.contains("secret"));
}

/// The bytes of a broker from the first to the last answer of a set-up with a login.
fn login_answers(broker: &mut Broker) -> Vec<Vec<u8>> {
    let (mut f, peer) = connected(24, 0, always());
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
        // The transport splits what is sent as the seed says.
        let (mut f, peer) = connected(cut as u64, 0, always());
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
        let (mut f, peer) = connected(seed, 0, always());
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

#[test]
fn a_session_is_renewed_once_its_login_can_be_made() {
    let ready = Arc::new(AtomicBool::new(true));
    let (mut f, peer) = connected(26, 10_000, ready.clone());
    for _ in 0..4 {
        f.serve(&peer);
    }
    ready.store(false, Ordering::Relaxed);
    f.now += 9_000 * MS;
    f.run();
    f.wait();
    assert!(arrived(&mut f, &peer).is_empty());
    ready.store(true, Ordering::Relaxed);
    f.wait();
    assert_eq!(arrived(&mut f, &peer), [ApiKey::SaslHandshake as i16]);
}

/// Counts how often it is asked to prepare a login.
struct Counting(AtomicUsize);

impl Login for Counting {
    fn mechanism(&self) -> &'static str {
        "PLAIN"
    }

    fn prepare(&self, _: &str) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed);
        true
    }

    fn begin(&self, _: &str) -> Result<Box<dyn Mechanism>, String> {
        Ok(Box::new(Turn))
    }
}

#[test]
fn a_link_that_is_up_prepares_no_login_before_its_session_ends() {
    let counting = Arc::new(Counting(AtomicUsize::new(0)));
    let mut f = link_with(settings(), 27, Some(counting.clone()));
    f.broker = Broker::new().that_knows_logins(10_000);
    f.request(1, 60_000 * MS);
    f.run();
    let peer = f.peer();
    f.event(peer.accept());
    for _ in 0..4 {
        f.serve(&peer);
    }
    assert!(matches!(f.events.try_recv(), Ok(LinkEvent::Up { .. })));
    let before = counting.0.load(Ordering::Relaxed);
    f.now += 8_000 * MS;
    f.run();
    assert_eq!(counting.0.load(Ordering::Relaxed), before);
    f.now += 1_000 * MS;
    f.run();
    assert_eq!(counting.0.load(Ordering::Relaxed), before + 1);
}
