//! A whole group in one thread: members, their applications, a coordinator that moves
//! and connections that break, on a virtual clock.
//!
//! Everything follows from the seed. After each step the invariants are checked:
//! with the eager protocol nothing is owned twice in one generation, with the
//! cooperative one nothing is owned twice at all; committed offsets never go back and
//! never pass what was consumed. When the trouble ends, all members come to rest with
//! everything owned once, and closing ends.
//!
//! A quarter of the seeds have static members, too, which crash or close and come back
//! within their session or too late, and get a double: one of the two is fenced, nobody
//! else ever is, and what the fenced one still has counts for nothing.
//!
//! All that with the classic protocol, and again with the consumer protocol, whose members
//! do not count their sessions: there only what a member has by the coordinator's leave is
//! owned. An instance that comes back before its session is over, without having left, is
//! refused for good.
//!
//! What a broken connection had in flight is either lost or done without an answer.

mod application;
mod check;
mod coordination;
mod coordinator;
mod network;
mod reconciler;
mod schedule;
mod trouble;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::sim::{Schedule, survive};

use self::coordination::Coordination;
use self::coordinator::Coordinator;
use self::reconciler::Reconciler;
use self::schedule::What;
use super::assignor::{Assignor, TopicPartition};
use super::classic::ClassicSettings;
use super::consumer::ConsumerSettings;
use super::testing::{classic_group, consumer_group, response};
use super::*;

const SESSION: Duration = Duration::from_secs(10);
const REBALANCE: Duration = Duration::from_secs(30);
const NODES: i32 = 3;
const TROUBLE: Duration = Duration::from_secs(120);
const CALM: Duration = Duration::from_secs(180);
const CLOSING: Duration = Duration::from_secs(60);

struct SimMember {
    group: Group,
    /// `group.instance.id`
    instance: Option<String>,
    topics: Vec<&'static str>,
    fenced: bool,
    alive: bool,
    life: u64,
    /// How far its clock is ahead.
    ahead: Duration,
    /// The connection to the coordinator: its number, and the node while it is up.
    epoch: u64,
    connecting: Option<i32>,
    up: Option<i32>,
    in_flight: BTreeSet<Token>,
    /// What it was told and has not carried out.
    told: Vec<Rebalance>,
    /// What it consumes: the next offset, since which generation.
    holds: BTreeMap<TopicPartition, (i64, i32)>,
    polls: bool,
    commits: u64,
    waiting: BTreeSet<u64>,
    closed: bool,
    unassigned_after: Option<BTreeSet<u64>>,
}

impl SimMember {
    fn is_instance(&self, instance: &str) -> bool {
        self.alive && !self.closed && self.instance.as_deref() == Some(instance)
    }
}

struct Simulation {
    seed: u64,
    rng: fastrand::Rng,
    start: Instant,
    now: Duration,
    queue: Schedule<What>,
    members: Vec<SimMember>,
    coordinator: Coordination,
    node: i32,
    callers: HashMap<u64, (usize, u64, Token)>,
    callers_made: u64,
    view: Arc<View>,
    assignors: Vec<Assignor>,
    trouble: bool,
    /// There are static members.
    fixed: bool,
    /// Instances that there are, or have been, two of at once.
    doubled: BTreeSet<String>,
    consumed: BTreeMap<(String, i32), i64>,
    committed: BTreeMap<(String, i32), i64>,
    logs: bool,
    /// Steps since time went on.
    still: u32,
}

fn interest(topics: &[&str]) -> Interest {
    Interest {
        topics: topics.iter().map(|t| Arc::from(*t)).collect(),
        patterns: Vec::new(),
    }
}

impl Simulation {
    fn new(seed: u64, consumer: bool) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let assignors = match rng.u8(..3) {
            0 => vec![Assignor::Range, Assignor::RoundRobin],
            _ => vec![Assignor::CooperativeSticky],
        };
        let mut simulation = Simulation {
            seed,
            start: Instant::now(),
            now: Duration::ZERO,
            queue: Schedule::default(),
            members: Vec::new(),
            coordinator: match consumer {
                true => Coordination::Consumer(Reconciler::new(SESSION)),
                false => Coordination::Classic(Coordinator::new(SESSION, REBALANCE)),
            },
            still: 0,
            node: 1,
            callers: HashMap::new(),
            callers_made: 0,
            view: Arc::default(),
            assignors,
            trouble: true,
            // Others are as they were before there were static members.
            fixed: seed % 4 == 2,
            doubled: BTreeSet::new(),
            consumed: BTreeMap::new(),
            committed: BTreeMap::new(),
            logs: std::env::var_os("SIM_LOG").is_some(),
            rng,
        };
        for topic in ["a", "b"] {
            let partitions = simulation.rng.usize(1..6);
            simulation.set_topic(topic, partitions);
        }
        for _ in 0..simulation.rng.usize(1..5) {
            simulation.add_member();
        }
        simulation.later(Duration::from_secs(1), What::Trouble);
        simulation
    }

    fn note(&self, text: impl FnOnce() -> String) {
        if self.logs {
            eprintln!("{:9.3} {}", self.now.as_secs_f64(), text());
        }
    }

    fn set_topic(&mut self, topic: &str, partitions: usize) {
        let id = uuid::Uuid::from_u128(topic.bytes().map(u128::from).sum());
        self.coordinator.set_topic(topic, id, partitions);
        let mut view = (*self.view).clone();
        view.insert(
            topic.into(),
            TopicView {
                id,
                code: ErrorCode::NO_ERROR,
                partitions: vec![Default::default(); partitions],
            },
        );
        self.view = Arc::new(view);
        for at in 0..self.members.len() {
            let view = self.view.clone();
            self.tell(at, Event::Metadata(view));
        }
    }

    fn add_member(&mut self) {
        let fixed = self.fixed && self.rng.u8(..3) > 0;
        let instance = fixed.then(|| format!("i{}", self.members.len()));
        self.add(instance, None);
    }

    /// `topics`: any, without.
    fn add(&mut self, instance: Option<String>, topics: Option<Vec<&'static str>>) {
        let life = self.members.len() as u64;
        let mut settings = Settings::new("g");
        settings.session_timeout = SESSION;
        settings.group_instance_id = instance.as_deref().map(Arc::from);
        settings.seed = self.rng.u64(..);
        let now = self.start + self.now;
        let group = match self.coordinator.is_consumer() {
            true => {
                let member = ConsumerSettings {
                    member_id: format!("m{life}").into(),
                    assignor: None,
                    max_poll_interval: REBALANCE,
                    rack: None,
                };
                consumer_group(now, settings, member)
            }
            false => {
                let member = ClassicSettings {
                    assignors: self.assignors.clone(),
                    heartbeat_interval: Duration::from_secs(3),
                    max_poll_interval: REBALANCE,
                    rack: None,
                };
                classic_group(now, settings, member)
            }
        };
        self.members.push(SimMember {
            group,
            instance,
            topics: Vec::new(),
            fenced: false,
            alive: true,
            life,
            ahead: Duration::ZERO,
            epoch: 0,
            connecting: None,
            up: None,
            in_flight: BTreeSet::new(),
            told: Vec::new(),
            holds: BTreeMap::new(),
            polls: true,
            commits: 0,
            waiting: BTreeSet::new(),
            closed: false,
            unassigned_after: None,
        });
        let at = self.members.len() - 1;
        let topics = topics.unwrap_or_else(|| match self.rng.u8(..4) {
            0 => vec!["a"],
            1 => vec!["b"],
            _ => vec!["a", "b"],
        });
        // Some learn the names of topics only when they are assigned some.
        if !self.coordinator.is_consumer() || self.rng.bool() {
            let view = self.view.clone();
            self.tell(at, Event::Metadata(view));
        }
        self.subscribe(at, topics);
        self.consume_later(at);
    }

    fn subscribe(&mut self, at: usize, topics: Vec<&'static str>) {
        let interest = interest(&topics);
        self.members[at].topics = topics;
        self.tell(at, Event::Subscribe(Some(interest)));
    }

    fn later(&mut self, delay: Duration, what: What) {
        self.queue.add(self.now + delay, what);
    }

    /// An event for a member's machine, and what follows from it.
    fn tell(&mut self, at: usize, event: Event) {
        let mut actions = Vec::new();
        let m = &mut self.members[at];
        if !m.alive {
            return;
        }
        let now = self.start + self.now + m.ahead;
        if m.polls {
            m.group.set_polled(now);
        }
        m.group.on_event(now, event, &mut actions);
        for action in actions {
            self.act(at, action);
        }
        // Once the membership is lost, maybe while something is being revoked, the
        // application gets no more of whatever it has.
        let m = &mut self.members[at];
        if m.group.membership().is_lost() {
            m.holds.clear();
        }
        self.check();
    }

    fn act(&mut self, at: usize, action: Action) {
        self.note(|| format!("{at}: {action:?}"));
        match action {
            Action::Coordinator(crate::coordinator::Action::Find(_)) => self.find_coordinator(at),
            Action::SendToCoordinator(node, out) => self.ask_coordinator(at, node.id, out),
            Action::Coordinator(crate::coordinator::Action::Changed(node)) => {
                self.break_connection(at);
                if let Some(node) = node {
                    self.members[at].connecting = Some(node.id);
                    self.connect_later(at);
                }
            }
            Action::CommitDone(done) => self.commit_done(at, done.id),
            Action::Rebalance(rebalance) => self.rebalance(at, rebalance),
            Action::RequestMetadata(_) | Action::RequestTopics(_) => {
                let delay = self.network();
                let life = self.members[at].life;
                self.later(delay, What::RequestedMetadata { member: at, life });
            }
            Action::Closed => self.members[at].closed = true,
            Action::Coordinator(crate::coordinator::Action::Failed(code, text))
            | Action::Error(code, text) => {
                assert_eq!(code, ErrorCode::_MAX_POLL_EXCEEDED, "{text}");
            }
            Action::TopicError { .. } | Action::Fetched(_) | Action::CommitWaits(_) => {}
            Action::Fatal(code, text) => {
                assert!(
                    self.may_be_refused(at, code),
                    "seed {}: {at}: {code:?} {text}",
                    self.seed
                );
                self.members[at].fenced = true;
            }
        }
    }

    /// There are, or were, two members by this one's instance.
    fn may_be_refused(&self, at: usize, code: ErrorCode) -> bool {
        let Some(instance) = &self.members[at].instance else {
            return false;
        };
        let same = |m: &&SimMember| m.instance.as_ref() == Some(instance);
        let refusals = [
            ErrorCode::UNRELEASED_INSTANCE_ID,
            ErrorCode::FENCED_INSTANCE_ID,
        ];
        match self.coordinator.is_consumer() {
            true => refusals.contains(&code) && self.members.iter().filter(same).count() > 1,
            false => code == ErrorCode::FENCED_INSTANCE_ID && self.doubled.contains(instance),
        }
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Arrives {
                member,
                epoch,
                node,
                token,
                request,
            } => self.arrive(member, epoch, node, token, *request),
            What::Answer {
                member,
                epoch,
                token,
                result,
            } => {
                let m = &mut self.members[member];
                if epoch.is_some_and(|epoch| epoch != m.epoch) {
                    return;
                }
                m.in_flight.remove(&token);
                let result = result.map(response);
                self.tell(member, Event::Response { token, result });
            }
            What::Found { member, result } => {
                let answer = crate::coordinator::Event::Answer(result.map(response));
                self.tell(member, Event::Coordinator(answer));
            }
            What::ConnectionUp { member, epoch } => {
                let m = &mut self.members[member];
                if m.epoch == epoch
                    && let Some(node) = m.connecting.take()
                {
                    m.up = Some(node);
                    self.tell(
                        member,
                        Event::Coordinator(crate::coordinator::Event::Up(node)),
                    );
                }
            }
            What::Return { instance, topics } => {
                let mut members = self.members.iter();
                if self.trouble && !members.any(|m| m.is_instance(&instance)) {
                    self.add(Some(instance), Some(topics));
                }
            }
            What::Carry { member, life } => self.carry(member, life),
            What::Consume { member, life } => self.consume(member, life),
            What::RequestedMetadata { member, life } => {
                if self.members[member].life == life {
                    let view = self.view.clone();
                    self.tell(member, Event::RequestedMetadata(view));
                }
            }
            What::Trouble => self.make_trouble(),
        }
    }

    /// Until `end`, or until `done` says so.
    fn run(&mut self, end: Duration, mut done: impl FnMut(&Simulation) -> bool) -> bool {
        while self.now < end {
            if done(self) {
                return true;
            }
            self.step(end);
        }
        done(self)
    }

    fn step(&mut self, end: Duration) {
        let before = self.now;
        self.step_once(end);
        self.still = match self.now == before {
            true => self.still + 1,
            false => 0,
        };
        assert!(
            self.still < 10_000,
            "seed {}: busy\n{}",
            self.seed,
            self.describe()
        );
    }

    fn step_once(&mut self, end: Duration) {
        let next = self.queue.next().unwrap_or(end).min(end);
        // Whose deadline comes first.
        let start = self.start;
        let due = |m: &SimMember| {
            let at = m.group.next_deadline().filter(|_| m.alive)?;
            Some(at.saturating_duration_since(start + m.ahead))
        };
        let first = (0..self.members.len())
            .filter_map(|at| Some((due(&self.members[at])?, at)))
            .min();
        let coordinator = self
            .coordinator
            .next_deadline()
            .map(|at| at.saturating_duration_since(start));
        // Members before the coordinator, as a member is to give up no later.
        if let Some((at, member)) = first
            && at <= next
            && coordinator.is_none_or(|c| at <= c)
        {
            self.now = self.now.max(at);
            self.tell(member, Event::Tick);
        } else if let Some(at) = coordinator.filter(|at| *at <= next) {
            self.now = self.now.max(at);
            self.coordinator.on_time(start + self.now);
            self.deliver_answers();
        } else if let Some((at, what)) = self.queue.pop_if_due(next) {
            self.now = self.now.max(at);
            self.happen(what);
        } else {
            self.now = next;
        }
    }

    fn whole_life(&mut self) {
        self.run(TROUBLE, |_| false);
        self.trouble = false;
        for at in 0..self.members.len() {
            self.members[at].polls = true;
            self.reconnect(at);
        }
        let calm = self.run(TROUBLE + CALM, Simulation::at_rest);
        assert!(calm, "seed {}: no rest\n{}", self.seed, self.describe());
        for at in 0..self.members.len() {
            self.tell(at, Event::Close);
        }
        // Sometimes nobody answers any more.
        if self.rng.bool() {
            self.node = 99;
        }
        let closed = |w: &Simulation| w.members.iter().all(|m| m.closed || !m.alive);
        let end = self.now + CLOSING;
        assert!(
            self.run(end, closed),
            "seed {}: not closed\n{}",
            self.seed,
            self.describe()
        );
        if self.node != 99 {
            self.run(self.now + SESSION + REBALANCE, |w| {
                w.coordinator.members() == 0
            });
            assert_eq!(self.coordinator.members(), 0, "seed {}", self.seed);
        }
    }
}

/// Seeds that once failed.
const REGRESSIONS: &[u64] = &[1, 11, 57, 345, 823, 874, 3138, 5452];

/// `GROUP_SIM_SEEDS=from..to` for more of them; `GROUP_SIM_SEEDS=n..n+1 SIM_LOG=1` to
/// look at one.
#[test]
fn groups_survive() {
    let traced = std::env::var_os("SIM_LOG").is_some();
    survive("GROUP_SIM_SEEDS", 0..300, REGRESSIONS, traced, |seed| {
        Simulation::new(seed, false).whole_life();
    });
}

/// Seeds that once failed, of the consumer protocol.
const CONSUMER_REGRESSIONS: &[u64] = &[5146];

/// `CONSUMER_GROUP_SIM_SEEDS`, as above.
#[test]
fn groups_that_are_assigned_to_survive() {
    let traced = std::env::var_os("SIM_LOG").is_some();
    let (variable, usual) = ("CONSUMER_GROUP_SIM_SEEDS", 0..300);
    survive(variable, usual, CONSUMER_REGRESSIONS, traced, |seed| {
        Simulation::new(seed, true).whole_life();
    });
}
