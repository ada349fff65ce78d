use std::collections::BTreeMap;

use super::super::reconnect::{self, Begin, Reconnect};
use super::*;

const MS: Duration = Duration::from_millis(1);

fn times() -> Times {
    Times {
        setup: 3000 * MS,
        api_versions: 1000 * MS,
    }
}

fn versions() -> Arc<ApiVersions> {
    Arc::default()
}

fn new() -> (Setup, Instant) {
    let now = Instant::now();
    (Setup::new(now, times()), now)
}

fn on(setup: &mut Setup, now: Instant, event: Event) -> Vec<Action> {
    let mut actions = Vec::new();
    setup.on_event(now, event, &mut actions);
    actions
}

/// One that has asked at the newest version.
fn asked() -> (Setup, Instant) {
    let (mut setup, now) = new();
    let deadline = now + times().api_versions;
    assert_eq!(
        on(&mut setup, now, Event::Connected(None)),
        [Action::AskVersions {
            version: API_VERSIONS,
            deadline
        }]
    );
    (setup, now)
}

fn failure(actions: &[Action]) -> String {
    match actions {
        [Action::Fail(error)] => {
            assert_eq!(error.code(), ErrorCode::_TRANSPORT);
            error.to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn versions_are_asked_for_and_lead_to_ready() {
    let (mut setup, now) = asked();
    let told = on(
        &mut setup,
        now,
        Event::Versions(Answer::Versions(versions())),
    );
    assert_eq!(told, [Action::Ready(versions())]);
    assert_eq!(setup.deadline(), None);
}

#[test]
fn known_versions_are_not_asked_for() {
    let (mut setup, now) = new();
    let told = on(&mut setup, now, Event::Connected(Some(versions())));
    assert_eq!(told, [Action::Ready(versions())]);
}

#[test]
fn an_older_broker_is_asked_once_more_at_version_0() {
    let refused = || Answer::Refused(ErrorCode::UNSUPPORTED_VERSION);
    for first in [refused(), Answer::Unreadable("short".into())] {
        let (mut setup, now) = asked();
        let later = now + 500 * MS;
        let told = on(&mut setup, later, Event::Versions(first));
        let deadline = later + times().api_versions;
        let version = 0;
        assert_eq!(told, [Action::AskVersions { version, deadline }]);
        let told = on(&mut setup, later, Event::Versions(refused()));
        assert!(failure(&told).starts_with("ApiVersions was refused: "));
    }
}

#[test]
fn another_refusal_ends_it() {
    let (mut setup, now) = asked();
    let refused = Answer::Refused(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    failure(&on(&mut setup, now, Event::Versions(refused)));
    assert_eq!(setup.step(), Step::Failed);
}

#[test]
fn an_answer_to_something_else_ends_it() {
    let (mut setup, now) = asked();
    let told = on(
        &mut setup,
        now,
        Event::Versions(Answer::Other("odd".into())),
    );
    assert_eq!(failure(&told), "ApiVersions failed: odd");
}

#[test]
fn an_unreadable_answer_at_version_0_ends_it() {
    let (mut setup, now) = asked();
    let short = || Event::Versions(Answer::Unreadable("short".into()));
    assert_eq!(on(&mut setup, now, short()).len(), 1);
    assert_eq!(
        failure(&on(&mut setup, now, short())),
        "ApiVersions failed: short"
    );
}

#[test]
fn a_peer_that_cannot_be_reached_has_its_time() {
    let (mut setup, now) = new();
    assert_eq!(setup.deadline(), Some(now + 3000 * MS));
    assert!(on(&mut setup, now + 2999 * MS, Event::Time).is_empty());
    let told = on(&mut setup, now + 3000 * MS, Event::Time);
    assert_eq!(
        failure(&told),
        "Connection setup timed out in state CONNECT"
    );
}

#[test]
fn a_peer_that_says_nothing_has_its_time() {
    let (mut setup, now) = asked();
    assert!(on(&mut setup, now + 999 * MS, Event::Time).is_empty());
    let told = on(&mut setup, now + 1000 * MS, Event::Time);
    assert_eq!(
        failure(&told),
        "Connection setup timed out in state APIVERSION_QUERY"
    );
}

#[test]
fn the_whole_bounds_a_step() {
    let now = Instant::now();
    let short = Times {
        setup: 200 * MS,
        api_versions: 10_000 * MS,
    };
    let mut setup = Setup::new(now, short);
    on(&mut setup, now, Event::Connected(None));
    assert_eq!(setup.deadline(), Some(now + 200 * MS));
}

#[test]
fn what_comes_after_the_end_does_nothing() {
    for end in [Answer::Versions(versions()), Answer::Other("odd".into())] {
        let (mut setup, now) = asked();
        on(&mut setup, now, Event::Versions(end));
        let later = now + 60_000 * MS;
        for event in [
            Event::Time,
            Event::Connected(None),
            Event::Versions(Answer::Versions(versions())),
        ] {
            assert!(on(&mut setup, later, event).is_empty());
        }
    }
}

#[test]
fn an_answer_before_the_question_does_nothing() {
    let (mut setup, now) = new();
    assert!(
        on(
            &mut setup,
            now,
            Event::Versions(Answer::Versions(versions()))
        )
        .is_empty()
    );
    assert_eq!(setup.step(), Step::Transport);
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
}

enum Comes {
    Nothing,
    Cut,
    LookedUp(u8),
    Connected,
    Versions(Answer),
}

impl Peer {
    fn of(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut odds = || random.u32(0..40) * random.u32(0..2);
        let (silent, cuts, rubbish) = (odds(), odds(), odds());
        Peer {
            newest: random.i16(0..=API_VERSIONS),
            random,
            silent,
            cuts,
            rubbish,
        }
    }

    fn delay(&mut self) -> Duration {
        MS * self.random.u32(0..1500)
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
            true => Answer::Versions(versions()),
            false => Answer::Refused(ErrorCode::UNSUPPORTED_VERSION),
        }
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
        self.setup = Some(Setup::new(self.now, times()));
        let comes = self.peer.comes(|_| Comes::Connected);
        self.later(comes);
    }

    /// The one way in which an attempt ends.
    fn ended(&mut self, error: ConnError) {
        assert!(error.code().is_err() && !error.to_string().is_empty());
        let longest = LOOK_UP + times().setup + 2 * times().api_versions;
        assert!(
            self.now <= self.begun + longest,
            "an attempt takes too long"
        );
        self.failures += 1;
        self.setup = None;
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
        assert!(actions.len() <= 1);
        for action in actions {
            match action {
                Action::AskVersions { version, deadline } => {
                    assert!(deadline > self.now);
                    let comes = self.peer.comes(|p| Comes::Versions(p.versions(version)));
                    self.later(comes);
                }
                Action::Ready(_) => self.ready = true,
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
            Comes::Connected => self.set_up(Event::Connected(None)),
            Comes::Versions(answer) => self.set_up(Event::Versions(answer)),
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
/// has a code and a text; pauses stay within bounds; nothing of an ended attempt is left.
#[test]
fn set_ups_end() {
    let mut ready = 0;
    for seed in 0..10_000 {
        let mut sim = Sim::new(seed);
        for _ in 0..400 {
            sim.step();
            if let reconnect::State::Backoff { until } = sim.reconnect.state() {
                assert!(until <= sim.now + BACKOFF_MAX, "seed {seed}");
                assert!(sim.setup.is_none() && sim.coming.is_empty(), "seed {seed}");
            }
            if sim.ready {
                break;
            }
        }
        assert!(
            sim.attempts > 0 && sim.failures <= sim.attempts,
            "seed {seed}"
        );
        ready += u32::from(sim.ready);
    }
    // Most peers answer sooner or later.
    assert!(ready > 9_000, "{ready}");
}
