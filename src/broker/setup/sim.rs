//! Connections to brokers that misbehave as a seed says, on a virtual clock: look-up, TLS,
//! versions, logins, and logins again while the connection is up.

use std::collections::BTreeMap;

use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiKey, ApiVersionsResponse};

use super::super::reconnect::{self, Begin, Reconnect};
use super::super::sasl::{self, Mechanism};
use super::*;

const MS: Duration = Duration::from_millis(1);

fn times() -> Times {
    Times {
        setup: 3000 * MS,
        api_versions: 1000 * MS,
    }
}

/// Versions of a broker: 0 has no SaslHandshake, 1 no SaslAuthenticate, 2 both.
pub fn broker_of_age(age: u8) -> Arc<ApiVersions> {
    let api = |api: ApiKey, max| {
        ApiVersion::default()
            .with_api_key(api as i16)
            .with_max_version(max)
    };
    let mut response = ApiVersionsResponse::default();
    if age > 0 {
        response.api_keys.push(api(ApiKey::SaslHandshake, 1));
    }
    if age > 1 {
        response.api_keys.push(api(ApiKey::SaslAuthenticate, 2));
    }
    Arc::new(ApiVersions::from_response(&response))
}

/// A login of so many turns, which the broker has to repeat word for word.
pub struct Echo {
    pub name: &'static str,
    pub turns: u8,
}

struct EchoMechanism {
    turns: u8,
    sent: u8,
}

impl sasl::Login for Echo {
    fn mechanism(&self) -> &str {
        self.name
    }

    fn begin(&self, host: &str) -> Result<Box<dyn Mechanism>, String> {
        assert_eq!(host, "broker");
        Ok(Box::new(EchoMechanism {
            turns: self.turns,
            sent: 0,
        }))
    }
}

impl Mechanism for EchoMechanism {
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<sasl::Step, String> {
        match challenge {
            None => assert_eq!(self.sent, 0),
            Some(bytes) if bytes == [self.sent] => {}
            Some(_) => return Err("not what was sent".into()),
        }
        if self.sent == self.turns {
            return Ok(sasl::Step::Done);
        }
        self.sent += 1;
        Ok(sasl::Step::Send(Zeroizing::new(vec![self.sent])))
    }
}

/// A broker behind a network: what becomes of each thing that is asked of it.
struct Peer {
    random: fastrand::Rng,
    /// Newest ApiVersions version that it takes.
    newest: i16,
    /// Of a hundred: silence, a cut, rubbish. Otherwise it answers, in its time.
    silent: u32,
    cuts: u32,
    rubbish: u32,
    tls: bool,
    age: u8,
    /// The client logs in, in so many turns.
    login: Option<u8>,
    /// It goes on asking for ever.
    endless: bool,
    lifetime: Duration,
}

enum Comes {
    Nothing,
    Cut,
    LookedUp(u8),
    Negotiating,
    Connected,
    Versions(Answer),
    Mechanisms(Result<(ErrorCode, Vec<String>), String>),
    Challenge(Result<Challenge, String>),
}

impl Peer {
    fn of(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut odds = || random.u32(0..40) * random.u32(0..2);
        let (silent, cuts, rubbish) = (odds(), odds(), odds());
        let age = random.u8(0..4).min(2);
        Peer {
            tls: random.bool(),
            age,
            login: random.bool().then(|| random.u8(1..5)),
            endless: random.u8(0..20) == 0,
            lifetime: MS * random.u32(0..3) * 5000,
            newest: random.i16(0..=API_VERSIONS),
            random,
            silent,
            cuts,
            rubbish,
        }
    }

    fn delay(&mut self) -> Duration {
        let longest = if self.random.u32(0..5) == 0 {
            1500
        } else {
            200
        };
        MS * self.random.u32(0..longest)
    }

    fn comes(&mut self, well: impl FnOnce(&mut Self) -> Comes) -> Comes {
        let n = self.random.u32(0..120);
        if n < self.silent {
            Comes::Nothing
        } else if n < self.silent + self.cuts {
            Comes::Cut
        } else {
            well(self)
        }
    }

    fn versions(&mut self, version: i16) -> Answer {
        if self.random.u32(0..120) < self.rubbish {
            return match self.random.u32(0..3) {
                0 => Answer::Unreadable("rubbish".into()),
                1 => Answer::Other("rubbish".into()),
                _ => Answer::Refused(ErrorCode::from(self.random.i16(1..100))),
            };
        }
        match version <= self.newest {
            true => Answer::Versions(broker_of_age(self.age)),
            false => Answer::Refused(ErrorCode::UNSUPPORTED_VERSION),
        }
    }

    fn mechanisms(&mut self) -> Result<(ErrorCode, Vec<String>), String> {
        if self.random.u32(0..120) < self.rubbish {
            return match self.random.bool() {
                true => Ok((ErrorCode::UNSUPPORTED_SASL_MECHANISM, Vec::new())),
                false => Err("rubbish".into()),
            };
        }
        Ok((ErrorCode::NO_ERROR, vec!["PLAIN".into()]))
    }

    fn challenge(&mut self, sent: &[u8]) -> Result<Challenge, String> {
        let refused = self.random.u32(0..120) < self.rubbish;
        if refused && self.random.bool() {
            return Err("rubbish".into());
        }
        let mut bytes = sent.to_vec();
        if refused && self.random.bool() {
            bytes.push(0);
        }
        Ok(Challenge {
            code: match refused && self.random.bool() {
                true => ErrorCode::SASL_AUTHENTICATION_FAILED,
                false => ErrorCode::NO_ERROR,
            },
            message: Some("a reason".into()),
            bytes,
            lifetime: self.lifetime,
        })
    }
}

/// What the link does with both machines, without sockets.
struct Sim {
    peer: Peer,
    now: Instant,
    reconnect: Reconnect,
    setup: Option<Setup>,
    /// What is on its way, by when.
    coming: BTreeMap<Instant, Comes>,
    attempts: u32,
    begun: Instant,
    failures: u32,
    ready: bool,
    parked: bool,
    renewals: u32,
}

const LOOK_UP: Duration = Duration::from_millis(1000);
const BACKOFF_MAX: Duration = Duration::from_millis(800);

impl Sim {
    fn new(seed: u64) -> Self {
        let now = Instant::now();
        Sim {
            peer: Peer::of(seed),
            now,
            reconnect: Reconnect::new(reconnect::Times {
                look_up: LOOK_UP,
                address_ttl: 5000 * MS,
                backoff: 50 * MS,
                backoff_max: BACKOFF_MAX,
            }),
            setup: None,
            coming: BTreeMap::new(),
            attempts: 0,
            begun: now,
            failures: 0,
            ready: false,
            parked: false,
            renewals: 0,
        }
    }

    fn later(&mut self, comes: Comes) {
        let mut at = self.now + self.peer.delay();
        while self.coming.contains_key(&at) {
            at += MS;
        }
        self.coming.insert(at, comes);
    }

    fn connect(&mut self) {
        assert!(self.setup.is_none(), "two connections");
        // An endless login asks for more turns than there are numbers of them here.
        let turns = match self.peer.endless {
            true => self.peer.login.map(|_| u8::MAX),
            false => self.peer.login,
        };
        let login = turns.map(|turns| Identity {
            login: Arc::new(Echo {
                name: if self.peer.age == 0 {
                    "GSSAPI"
                } else {
                    "PLAIN"
                },
                turns,
            }),
            host: "broker".into(),
        });
        self.setup = Some(Setup::new(self.now, times(), login));
        let comes = self.peer.comes(|p| match p.tls {
            true => Comes::Negotiating,
            false => Comes::Connected,
        });
        self.later(comes);
    }

    /// The one way in which an attempt ends.
    fn ended(&mut self, error: ConnError) {
        assert!(error.code().is_err() && !error.to_string().is_empty());
        let longest = match self.ready {
            false => LOOK_UP + times().setup,
            true => times().setup,
        };
        assert!(
            self.now <= self.begun + longest,
            "an attempt takes too long"
        );
        self.failures += 1;
        self.setup = None;
        (self.ready, self.parked) = (false, false);
        // What the old connection would have brought is gone with it.
        self.coming.clear();
        self.reconnect
            .ended(self.now, false, self.peer.random.u32(..));
    }

    fn set_up(&mut self, event: Event) {
        let Some(setup) = &mut self.setup else {
            return;
        };
        let mut actions = Vec::new();
        setup.on_event(self.now, event, &mut actions);
        assert!(actions.len() <= 2);
        for action in actions {
            match action {
                Action::AskVersions { version, deadline } => {
                    assert!(deadline >= self.now);
                    let comes = self.peer.comes(|p| Comes::Versions(p.versions(version)));
                    self.later(comes);
                }
                Action::SaslHandshake { deadline, .. } => {
                    assert!(deadline >= self.now);
                    let comes = self.peer.comes(|p| Comes::Mechanisms(p.mechanisms()));
                    self.later(comes);
                }
                Action::SaslAuthenticate { bytes, .. } | Action::SendToken(bytes) => {
                    let comes = self.peer.comes(|p| Comes::Challenge(p.challenge(&bytes)));
                    self.later(comes);
                }
                Action::Ready(_) => {
                    assert!(!self.ready, "ready twice");
                    self.ready = true;
                }
                Action::Park => {
                    assert!(self.ready && !self.parked, "parked too early or twice");
                    self.parked = true;
                    self.begun = self.now;
                }
                Action::Resume => {
                    assert!(self.parked, "resumed without having been parked");
                    self.parked = false;
                    self.renewals += 1;
                }
                Action::Fail(error) => self.ended(error),
            }
        }
    }

    fn begin(&mut self) {
        let Some(begin) = self.reconnect.wanted(self.now) else {
            return;
        };
        self.attempts += 1;
        self.begun = self.now;
        match begin {
            Begin::Connect(_) => self.connect(),
            Begin::LookUp => {
                let comes = self.peer.comes(|p| Comes::LookedUp(p.random.u8(0..4)));
                self.later(comes);
            }
        }
    }

    fn arrives(&mut self, comes: Comes) {
        match comes {
            Comes::Nothing => {}
            Comes::Cut if self.setup.is_some() => self.ended(ConnError::Closed),
            Comes::Cut => self.ended(ConnError::LookUp("no such name".into())),
            Comes::LookedUp(n) => {
                let addresses = (1..=n).map(|n| ([10, 0, 0, n], 9092).into()).collect();
                let random = self.peer.random.u32(..);
                match self.reconnect.looked_up(self.now, addresses, random) {
                    Some(_) => self.connect(),
                    None => self.ended(ConnError::LookUp("empty".into())),
                }
            }
            Comes::Negotiating => {
                self.set_up(Event::Negotiating);
                let comes = self.peer.comes(|_| Comes::Connected);
                self.later(comes);
            }
            Comes::Connected => self.set_up(Event::Connected(None)),
            Comes::Versions(answer) => self.set_up(Event::Versions(answer)),
            Comes::Mechanisms(answer) => self.set_up(Event::Mechanisms(answer)),
            Comes::Challenge(answer) => self.set_up(Event::Challenge(answer)),
        }
    }

    /// One thing that happens. There is always a next one until the connection is ready.
    fn step(&mut self) {
        self.begin();
        let setup = self.setup.as_ref().and_then(Setup::deadline);
        let deadline = [setup, self.reconnect.deadline(true)]
            .into_iter()
            .flatten()
            .min();
        let arrival = self.coming.keys().next().copied();
        let next = [deadline, arrival].into_iter().flatten().min();
        self.now = next.expect("nothing would ever happen");
        if arrival == next
            && let Some((_, comes)) = self.coming.pop_first()
        {
            self.arrives(comes);
            return;
        }
        if self.reconnect.on_time(self.now) {
            self.ended(ConnError::LookUp("late".into()));
        }
        self.set_up(Event::Time);
    }
}

/// Whatever peers and networks do, each attempt ends in time, in Ready or an error that
/// has a code and a text; pauses stay within bounds; nothing of an ended attempt is left;
/// sessions are renewed as long as the peer agrees.
#[test]
fn set_ups_end() {
    let (mut ready, mut renewed) = (0, 0);
    for seed in 0..10_000 {
        let mut sim = Sim::new(seed);
        let cannot = sim.peer.login.is_some() && sim.peer.endless;
        let renews = sim.peer.login.is_some() && sim.peer.age == 2 && !sim.peer.lifetime.is_zero();
        for _ in 0..400 {
            sim.step();
            if let reconnect::State::Backoff { until } = sim.reconnect.state() {
                assert!(until <= sim.now + BACKOFF_MAX, "seed {seed}");
                assert!(sim.setup.is_none() && sim.coming.is_empty(), "seed {seed}");
            }
            assert!(
                !(sim.ready && cannot),
                "seed {seed}: an endless login ended"
            );
            if sim.renewals == 3 || (sim.ready && !renews) {
                break;
            }
        }
        assert!(
            sim.attempts > 0 && sim.failures <= sim.attempts,
            "seed {seed}"
        );
        ready += u32::from(sim.ready || cannot);
        renewed += sim.renewals;
    }
    // Most peers answer sooner or later.
    assert!(ready > 8_500, "{ready}");
    assert!(renewed > 3_000, "{renewed}");
}
