//! Seeded simulation of transactional producers: the real machine, senders and topics of
//! [`crate::producer`], the mock cluster as the brokers, and between them a network that
//! delays, cuts and loses. On a virtual clock; everything follows from the seed.
//!
//! ```text
//! application ─calls─► machine ┐                      ┌ coordinators
//!             ─produce► topics ├─ links ── network ──►┤             } the mock cluster
//!                       senders┘                      └ leaders
//! ```
//!
//! Two phases: trouble, and calm, in which everything has to come to its end. Then the logs
//! are read: see [`judge`].

mod application;
mod client;
mod judge;
mod network;
mod schedule;
mod trouble;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::messages::ApiVersionsResponse;
use kafka_protocol::messages::api_versions_response::{ApiVersion, FinalizedFeatureKey};

use self::application::Phase;
use self::client::Client;
use self::judge::Judge;
use self::network::Conn;
use self::schedule::What;
use crate::base::sim::{Schedule, World, survive};
use crate::broker::ApiVersions;
use crate::mock::state::topic::TopicConfig;
use crate::mock::state::{ClusterState, ConnId, Now};

const BROKERS: i32 = 3;

/// With their partitions.
const TOPICS: [(&str, i32); 2] = [("a", 3), ("b", 2)];

/// How long things go wrong, and how long it may take until all has come to an end.
const TROUBLE: Duration = Duration::from_secs(60);
const CALM: Duration = Duration::from_secs(400);

/// After this time of calm no broker refuses anything.
const GRACE: Duration = Duration::from_secs(15);

#[derive(Clone, Debug)]
struct Config {
    version: i16,
    /// Transactional ids.
    slots: usize,
    transaction_timeout: Duration,
    message_timeout: Duration,
    request_timeout: Duration,
    /// A request that is not answered in time does not end its connection.
    keeps_connections: bool,
    linger: Duration,
    batch_messages: usize,
    /// Microseconds that a request may take on its way.
    slowest: u64,
    /// Milliseconds between things that go wrong.
    trouble_every: u64,
    zombies: bool,
    /// The cluster's transaction.version changes on the way.
    changes_version: bool,
    /// The producer ids have few epochs left.
    few_epochs: bool,
}

impl Config {
    fn new(rng: &mut fastrand::Rng) -> Self {
        let mut pick = |of: &[u64]| of[rng.usize(..of.len())];
        let transaction_timeout = pick(&[4000, 15_000, 60_000]);
        Config {
            version: pick(&[1, 2, 2]) as i16,
            slots: pick(&[1, 1, 2]) as usize,
            transaction_timeout: Duration::from_millis(transaction_timeout),
            message_timeout: Duration::from_millis(
                pick(&[2000, 10_000, 60_000]).min(transaction_timeout),
            ),
            request_timeout: Duration::from_millis(pick(&[1500, 5000, 60_000])),
            keeps_connections: pick(&[0, 0, 1]) == 1,
            linger: Duration::from_millis(pick(&[0, 5, 50])),
            batch_messages: pick(&[1, 2, 10]) as usize,
            slowest: pick(&[10_000, 300_000, 3_000_000]),
            trouble_every: pick(&[300, 1500, 8000]),
            zombies: pick(&[0, 1]) == 1,
            changes_version: pick(&[0, 0, 0, 0, 0, 1]) == 1,
            few_epochs: pick(&[0, 0, 0, 0, 0, 0, 1]) == 1,
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
    conns: BTreeMap<ConnId, Conn>,
    next_conn: ConnId,
    clients: Vec<Client>,
    /// The newest instance of each transactional id.
    current: Vec<Option<usize>>,
    judge: Judge,
    trouble: bool,
    /// Applications end when their transaction has.
    ending: bool,
    /// No request but Produce comes later than one that was sent after it.
    careful: bool,
    /// Clients speak both versions of transactions.
    mixed: bool,
    /// The errors for requests that are carried out, by their API.
    refused: BTreeMap<i16, i16>,
    traced: bool,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        // The pauses of senders come from the thread's own source.
        fastrand::seed(seed);
        let mut rng = fastrand::Rng::with_seed(seed);
        let config = Config::new(&mut rng);
        let mut world = Simulation {
            seed,
            start: Instant::now(),
            now: Duration::ZERO,
            schedule: Schedule::default(),
            cluster: ClusterState::simulated(seed, BROKERS),
            conns: BTreeMap::new(),
            next_conn: 0,
            clients: Vec::new(),
            current: vec![None; config.slots],
            judge: Judge::default(),
            trouble: true,
            ending: false,
            careful: config.version < 2 || config.changes_version,
            mixed: config.changes_version,
            refused: BTreeMap::new(),
            traced: std::env::var_os("TRANSACTION_SIM_TRACE").is_some(),
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
        for (name, partitions) in TOPICS.into_iter().chain([("in", 2)]) {
            let config = TopicConfig::default();
            self.cluster.create_topic(now, name, partitions, 1, config);
        }
        self.cluster.txns.version = self.config.version;
        for slot in 0..self.config.slots {
            if self.config.few_epochs {
                self.use_up_epochs(slot);
            }
            self.schedule.add(Duration::ZERO, What::Start(slot));
        }
        let delay = Duration::from_millis(self.rng.u64(..3000));
        self.schedule.add(delay, What::Trouble);
    }

    fn begin_client(&mut self, slot: usize) {
        let client = Client::new(self, slot);
        self.clients.push(client);
        let at = self.clients.len() - 1;
        self.current[slot] = Some(at);
        self.note(|| format!("{at}: begins as tx{slot}"));
        self.refresh_metadata(at);
        for link in 0..BROKERS as usize {
            self.connect(at, link);
        }
        self.application_later(at, 100);
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

    fn api_versions(&self) -> Arc<ApiVersions> {
        let apis = self.cluster.versions.iter().map(|(api, range)| {
            ApiVersion::default()
                .with_api_key(api)
                .with_min_version(range.min)
                .with_max_version(range.max)
        });
        let level = self.cluster.transaction_version();
        let feature = FinalizedFeatureKey::default()
            .with_name("transaction.version".to_owned().into())
            .with_max_version_level(level)
            .with_min_version_level(level);
        let response = ApiVersionsResponse::default()
            .with_api_keys(apis.collect())
            .with_finalized_features(vec![feature]);
        Arc::new(ApiVersions::from_response(&response))
    }

    /// Whose event it is, if it is a client's.
    fn client_of(&self, what: &What) -> Option<usize> {
        match what {
            What::Answer { conn, .. } | What::Noticed(conn) => {
                self.conns.get(conn).map(|c| c.client)
            }
            What::Connected { client, .. }
            | What::Loop { client, .. }
            | What::Application { client, .. }
            | What::GroupFound { client, .. }
            | What::Main(client)
            | What::Metadata(client) => Some(*client),
            _ => None,
        }
    }

    fn start(&mut self, slot: usize) {
        if self.current[slot].is_none() {
            self.begin_client(slot);
        }
    }

    /// Every application has made its way to the end, and those that are new have
    /// committed something.
    fn at_rest(&self) -> bool {
        let done = |c: &Client| matches!(c.application.phase, Phase::Done | Phase::Closed);
        self.clients.iter().all(done) && self.current.iter().all(Option::is_some)
    }

    fn whole_life(&mut self) -> Vec<Bytes> {
        self.run(TROUBLE, |_| false);
        self.calm();
        self.run(TROUBLE + 2 * GRACE, |_| false);
        let before = self.committed();
        let more = move |w: &mut Self| {
            let now = w.committed();
            now.len() == before.len() && now.iter().zip(&before).all(|(n, b)| n > b)
        };
        let goes_on = self.run(TROUBLE + CALM, more);
        if !goes_on {
            let text = self.describe();
            panic!("seed {}: nothing is committed\n{text}", self.seed);
        }
        self.ending = true;
        let rests = self.run(TROUBLE + 2 * CALM, |w| w.at_rest());
        if !rests {
            let text = self.describe();
            panic!("seed {}: no rest\n{text}", self.seed);
        }
        // Whoever was killed left a transaction that the coordinator ends.
        let end = self.now + self.config.transaction_timeout + Duration::from_secs(10);
        self.run(end, |_| false);
        self.check_logs()
    }

    /// Transactions that were committed under each transactional id.
    fn committed(&self) -> Vec<u32> {
        let of = |slot| {
            let all = self.clients.iter().filter(move |c| c.slot == slot);
            all.map(|c| c.application.committed).sum()
        };
        (0..self.current.len()).map(of).collect()
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
        let alive = self.clients.iter().filter(|c| c.alive);
        let clients = alive.filter_map(|c| c.next_deadline(self.start));
        let requests = self.conns.values().flat_map(|c| {
            let frozen = self.clients[c.client].frozen;
            c.in_flight.iter().map(move |s| s.deadline.max(frozen))
        });
        let others = [self.schedule.next(), cluster];
        others
            .into_iter()
            .flatten()
            .chain(clients)
            .chain(requests)
            .min()
    }

    fn happen(&mut self, what: What) {
        let client = self.client_of(&what);
        if let Some(at) = client {
            let c = &self.clients[at];
            if !c.alive {
                return;
            }
            if c.frozen > self.now {
                return self.schedule.add(c.frozen, what);
            }
        }
        match what {
            What::Arrives(conn) => self.arrives(conn),
            What::Free(conn) => self.free(conn),
            What::Answer { conn, frame } => self.on_answer(conn, frame),
            What::Noticed(conn) => self.noticed(conn),
            What::Connected {
                client,
                link,
                attempt,
            } => self.connected(client, link, attempt),
            What::Main(client) => self.main(client),
            What::Loop { client, broker } => self.turn(client, broker),
            What::Application { client, turn } => self.application(client, turn),
            What::Metadata(client) => self.metadata(client),
            What::GroupFound { client, request } => self.group_found(client, request),
            What::Start(slot) => self.start(slot),
            What::Up(broker) => self.up(broker),
            What::Moves(broker) => self.moves(broker),
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
        for at in 0..self.clients.len() {
            if self.clients[at].alive && self.clients[at].frozen <= self.now {
                self.client_on_time(at);
            }
        }
    }

    fn describe(&mut self) -> String {
        let alive = self.clients.iter().enumerate().filter(|(_, c)| c.alive);
        alive
            .map(|(at, c)| {
                let links: Vec<_> = c.links.iter().map(|l| (l.broker, l.conn)).collect();
                let loops = c.loops.iter().zip(&c.links);
                let due = loops.map(|(l, k)| l.sender.next_deadline(k.conn.is_some()));
                let due = due.map(|d| d.map(|d| d.saturating_duration_since(self.start)));
                let due: Vec<_> = due.collect();
                format!(
                    "{at}: {:?} {} frozen {:?} next {:?} at {:?} links {links:?} loops {due:?} machine {:?} queue {:?}\n",
                    c.application.phase,
                    c.machine.state_name(),
                    c.frozen,
                    c.next_deadline(self.start),
                    self.now,
                    c.machine.next_deadline().map(|d| d.saturating_duration_since(self.start)),c.application.flush_ends(),
                )
            })
            .collect()
    }

    fn after_each(&mut self) {
        for at in 0..self.clients.len() {
            if self.clients[at].alive && self.clients[at].frozen <= self.now {
                self.settle(at);
                self.check_calls(at);
            }
        }
    }
}

/// Seeds that once failed.
const REGRESSIONS: &[u64] = &[1876, 2461, 2735, 3113, 3657, 4714, 4793];

/// `TRANSACTION_SIM_SEEDS=from..to` for more of them; `TRANSACTION_SIM_SEEDS=n..n+1
/// TRANSACTION_SIM_TRACE=1` to look at one.
#[test]
fn transactions_survive() {
    let traced = std::env::var_os("TRANSACTION_SIM_TRACE").is_some();
    survive(
        "TRANSACTION_SIM_SEEDS",
        0..200,
        REGRESSIONS,
        traced,
        |seed| {
            Simulation::new(seed).whole_life();
        },
    );
}

#[test]
fn a_seed_says_it_all() {
    for seed in 0..10 {
        let run = || Simulation::new(seed).whole_life();
        assert!(run() == run(), "seed {seed} gives other logs");
    }
}
