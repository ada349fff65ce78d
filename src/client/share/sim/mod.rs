//! Seeded simulation of share consumers: the real share fetchers, acknowledgements and
//! fetched records of [`crate::consumer::share`], the mock cluster as the brokers, and
//! between them a network that delays, cuts and loses. On a virtual clock; everything
//! follows from the seed.
//!
//! ```text
//! application ◄─queue── main ◄─news──── share fetchers ── network ── the mock cluster
//!             ──polls──►     ─commands─►  (one a broker)
//! ```
//!
//! The main thread is a small one of the simulation's: it knows the leaders and sends each
//! acknowledgement where its records came from. Partitions are given to members by the
//! simulation, since the membership has simulations of its own. Two phases: trouble, and calm,
//! in which every record has to come to its end. What is checked is in [`judge`].

mod application;
mod judge;
mod member;
mod network;
mod trouble;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::messages::ApiVersionsResponse;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use uuid::Uuid;

use self::application::Phase;
use self::judge::{Judge, Said};
use self::member::Member;
use self::network::Conn;
use crate::base::sim::{Schedule, World, survive};
use crate::broker::ApiVersions;
use crate::mock::command::{Change, ShareChange};
use crate::mock::state::topic::TopicConfig;
use crate::mock::state::{ClusterState, ConnId, Now};

const BROKERS: i32 = 2;
const PARTITIONS: i32 = 3;
const TOPIC: &str = "t";
const GROUP: &str = "g";

/// How long things go wrong, and how long it may take until all has come to an end.
const TROUBLE: Duration = Duration::from_secs(30);
const CALM: Duration = Duration::from_secs(300);

/// After this time of calm every request of before has its answer or none.
const SETTLED: Duration = Duration::from_secs(30);

enum What {
    /// A request reaches its broker.
    Arrives {
        conn: ConnId,
        frame: Bytes,
        said: Said,
    },
    /// An answer reaches the member.
    Answer {
        conn: ConnId,
        frame: Bytes,
    },
    /// The broker, or the member, learns that the connection is gone.
    Closes(ConnId),
    Noticed(ConnId),
    /// An attempt to connect ends.
    Connected {
        member: usize,
        link: usize,
    },
    /// A member's main thread, or a loop of it, takes its messages.
    Main(usize),
    Loop {
        member: usize,
        link: usize,
    },
    /// The application goes on, if nothing else has made it.
    Application {
        member: usize,
        turn: u64,
    },
    /// The member learns the leaders.
    Metadata(usize),
    /// A new instance of the application begins.
    Start,
    Trouble,
}

#[derive(Clone, Debug)]
struct Config {
    members: usize,
    lock: Duration,
    delivery_limit: i16,
    max_records: i32,
    record_limit: bool,
    version: i16,
    socket_timeout: Duration,
    max_wait: Duration,
    /// Microseconds that a message may take on its way.
    slowest: u64,
    /// Milliseconds between things that go wrong.
    trouble_every: u64,
    /// Applications may take longer than the locks last.
    slow: bool,
}

impl Config {
    fn new(rng: &mut fastrand::Rng) -> Self {
        let mut pick = |of: &[u64]| of[rng.usize(..of.len())];
        Config {
            members: pick(&[2, 3, 4]) as usize,
            lock: Duration::from_millis(pick(&[1000, 5000, 30_000])),
            delivery_limit: pick(&[2, 5, 10]) as i16,
            max_records: pick(&[1, 5, 30, 500]) as i32,
            record_limit: pick(&[0, 0, 1]) == 1,
            version: pick(&[1, 2, 2]) as i16,
            socket_timeout: Duration::from_millis(pick(&[1500, 6000])),
            max_wait: Duration::from_millis(pick(&[50, 500, 2000])),
            slowest: pick(&[10_000, 300_000, 3_000_000]),
            trouble_every: pick(&[200, 800, 4000]),
            slow: pick(&[0, 1]) == 1,
        }
    }
}

struct Simulation {
    seed: u64,
    rng: fastrand::Rng,
    config: Config,
    start: Instant,
    now: Duration,
    schedule: Schedule<What>,
    cluster: ClusterState,
    topic: Uuid,
    versions: Arc<ApiVersions>,
    conns: BTreeMap<ConnId, Conn>,
    next_conn: ConnId,
    members: Vec<Member>,
    judge: Judge,
    trouble: bool,
    /// Applications close.
    ending: bool,
    traced: bool,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        fastrand::seed(seed);
        let mut rng = fastrand::Rng::with_seed(seed);
        let config = Config::new(&mut rng);
        let mut world = Simulation {
            seed,
            start: Instant::now(),
            now: Duration::ZERO,
            schedule: Schedule::default(),
            cluster: ClusterState::simulated(seed, BROKERS),
            topic: Uuid::nil(),
            versions: Arc::new(ApiVersions::from_response(&ApiVersionsResponse::default())),
            conns: BTreeMap::new(),
            next_conn: 0,
            members: Vec::new(),
            judge: Judge::default(),
            trouble: true,
            ending: false,
            traced: std::env::var_os("SHARE_SIM_TRACE").is_some(),
            config,
            rng,
        };
        let config = world.config.clone();
        world.note(|| format!("{config:?}"));
        world.set_up();
        world
    }

    fn set_up(&mut self) {
        let now = self.wall();
        self.cluster
            .create_topic(now, TOPIC, PARTITIONS, 1, TopicConfig::default());
        self.topic = self.cluster.topics[TOPIC].id;
        let lock = i32::try_from(self.config.lock.as_millis()).expect("a short time");
        self.change(Change::Share(ShareChange::Earliest(true)));
        self.change(Change::Share(ShareChange::LockDuration { ms: lock }));
        let limit = ShareChange::DeliveryLimit(self.config.delivery_limit);
        self.change(Change::Share(limit));
        let apis = self.cluster.versions.iter().map(|(api, range)| {
            ApiVersion::default()
                .with_api_key(api)
                .with_min_version(range.min)
                .with_max_version(range.max.min(self.config.version))
        });
        let response = ApiVersionsResponse::default().with_api_keys(apis.collect());
        self.versions = Arc::new(ApiVersions::from_response(&response));
        for _ in 0..self.config.members {
            let delay = Duration::from_millis(self.rng.u64(..2000));
            self.schedule.add(delay, What::Start);
        }
        self.schedule.add(Duration::ZERO, What::Trouble);
    }

    fn instant(&self) -> Instant {
        self.start + self.now
    }

    fn wall(&self) -> Now {
        Now::simulated(self.now)
    }

    fn note(&self, text: impl FnOnce() -> String) {
        if self.traced {
            eprintln!("{:>12.6} {}", self.now.as_secs_f64(), text());
        }
    }

    fn change(&mut self, change: Change) {
        let now = self.wall();
        self.cluster.apply(now, change).expect("a valid change");
        self.outputs();
    }

    fn whole_life(&mut self) -> String {
        self.run(TROUBLE, |_| false);
        self.calm();
        let is_done = |w: &mut Self| w.judge.jobs() == 0 && w.all_have_ended();
        if !self.run(TROUBLE + CALM, is_done) {
            let text = self.describe();
            panic!("seed {}: no end\n{text}", self.seed);
        }
        self.run(self.now.max(TROUBLE + SETTLED), |_| false);
        self.check_asking();
        self.ending = true;
        let closed = |w: &mut Self| w.members.iter().all(|m| matches!(m.phase, Phase::Closed));
        if !self.run(TROUBLE + SETTLED + 2 * CALM, closed) {
            let text = self.describe();
            panic!("seed {}: no rest\n{text}", self.seed);
        }
        self.check_end();
        self.judge.summary()
    }
}

impl World for Simulation {
    type What = What;

    fn clock(&mut self) -> &mut Duration {
        &mut self.now
    }

    fn schedule(&mut self) -> &mut Schedule<What> {
        &mut self.schedule
    }

    fn next_time(&self) -> Option<Duration> {
        let cluster = self.cluster.next_simulated();
        let loops = self.members.iter().flat_map(|m| &m.loops);
        let loops = loops.filter_map(|l| l.fetcher.as_ref()?.next_deadline(l.conn.is_some()));
        let loops = loops.map(|at| at.saturating_duration_since(self.start));
        let requests = self.conns.values().filter(|c| !c.noticed);
        let requests = requests.filter_map(|c| Some(c.in_flight.as_ref()?.deadline));
        let others = [self.schedule.next(), cluster];
        let all = others.into_iter().flatten();
        all.chain(loops).chain(requests).min()
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Arrives { conn, frame, said } => self.arrives(conn, frame, said),
            What::Answer { conn, frame } => self.on_answer(conn, frame),
            What::Closes(conn) => {
                let now = self.wall();
                self.cluster.connection_closed(now, conn);
                self.outputs();
            }
            What::Noticed(conn) => self.noticed(conn),
            What::Connected { member, link } => self.connected(member, link),
            What::Main(member) => self.main(member),
            What::Loop { member, link } => self.turn(member, link),
            What::Application { member, turn } => self.application(member, turn),
            What::Metadata(member) => self.learn_leaders(member),
            What::Start => self.begin_member(),
            What::Trouble => self.make_trouble(),
        }
    }

    fn on_time(&mut self) {
        let now = self.wall();
        if self.cluster.next_deadline().is_some_and(|us| us <= now.us) {
            self.cluster.tick(now);
            self.outputs();
        }
        self.time_out();
        for member in 0..self.members.len() {
            for link in 0..self.members[member].loops.len() {
                let l = &self.members[member].loops[link];
                let fetcher = l.fetcher.as_ref();
                let at = fetcher.and_then(|f| f.next_deadline(l.conn.is_some()));
                if at.is_some_and(|at| at <= self.start + self.now) {
                    self.turn(member, link);
                }
            }
        }
    }

    fn describe(&mut self) -> String {
        let mut text = self.unfinished();
        for (at, m) in self.members.iter().enumerate().filter(|(_, m)| m.alive) {
            let loops: Vec<_> = m.loops.iter().map(|l| l.conn).collect();
            text += &format!(
                "{at}: {:?} asked {} queue {} open {} conns {loops:?}\n",
                m.phase,
                m.asked,
                m.queue.len(),
                m.acks.open(),
            );
        }
        text
    }
}

/// Seeds that once failed.
const REGRESSIONS: &[u64] = &[];

/// `SHARE_SIM_SEEDS=from..to` for more of them; `SHARE_SIM_SEEDS=n..n+1 SHARE_SIM_TRACE=1` to
/// look at one.
#[test]
fn share_consumers_survive() {
    let traced = std::env::var_os("SHARE_SIM_TRACE").is_some();
    survive("SHARE_SIM_SEEDS", 0..300, REGRESSIONS, traced, |seed| {
        Simulation::new(seed).whole_life();
    });
}

#[test]
fn a_seed_says_it_all() {
    for seed in 0..10 {
        let run = || Simulation::new(seed).whole_life();
        assert_eq!(run(), run(), "seed {seed} goes another way");
    }
}
