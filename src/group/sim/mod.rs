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
//! What a broken connection had in flight is either lost or done without an answer.

mod coordinator;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kafka_protocol::messages::{RequestKind, ResponseKind};
use parking_lot::Mutex;

use self::coordinator::Coordinator;
use super::assignor::{Assignor, RebalanceProtocol, TopicPartition};
use super::testing::{found, response};
use super::*;

const SESSION: Duration = Duration::from_secs(10);
const REBALANCE: Duration = Duration::from_secs(30);
const NODES: i32 = 3;
const TROUBLE: Duration = Duration::from_secs(120);
const CALM: Duration = Duration::from_secs(180);
const CLOSING: Duration = Duration::from_secs(60);

#[derive(Debug)]
enum What {
    /// A request reaches the node it was sent to.
    Arrives {
        member: usize,
        epoch: u64,
        node: Option<i32>,
        token: Token,
        request: Box<RequestKind>,
    },
    Answer {
        member: usize,
        /// Of the connection; `None` for one that never breaks.
        epoch: Option<u64>,
        token: Token,
        result: Box<Result<ResponseKind, RequestError>>,
    },
    ConnectionUp {
        member: usize,
        epoch: u64,
    },
    /// A static member that went is back.
    Return {
        instance: String,
        topics: Vec<&'static str>,
    },
    /// The application carries out the oldest rebalance it was told of.
    Carry {
        member: usize,
        life: u64,
    },
    Consume {
        member: usize,
        life: u64,
    },
    LeaderMetadata {
        member: usize,
        life: u64,
    },
    Trouble,
}

struct Scheduled {
    at: Duration,
    order: u64,
    what: What,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}
impl Eq for Scheduled {}
impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

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
    order: u64,
    queue: BinaryHeap<Reverse<Scheduled>>,
    members: Vec<SimMember>,
    coordinator: Coordinator,
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
}

fn interest(topics: &[&str]) -> Interest {
    Interest {
        topics: topics.iter().map(|t| Arc::from(*t)).collect(),
        patterns: Vec::new(),
    }
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let assignors = match rng.u8(..3) {
            0 => vec![Assignor::Range, Assignor::RoundRobin],
            _ => vec![Assignor::CooperativeSticky],
        };
        let mut simulation = Simulation {
            seed,
            start: Instant::now(),
            now: Duration::ZERO,
            order: 0,
            queue: BinaryHeap::new(),
            members: Vec::new(),
            coordinator: Coordinator::new(SESSION, REBALANCE),
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
        let mut view = (*self.view).clone();
        view.insert(
            topic.into(),
            TopicView {
                id: uuid::Uuid::nil(),
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
        let member = MemberSettings {
            assignors: self.assignors.clone(),
            heartbeat_interval: Duration::from_secs(3),
            max_poll_interval: REBALANCE,
            rack: None,
        };
        self.members.push(SimMember {
            group: Group::new(self.start + self.now, settings, member),
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
        let view = self.view.clone();
        self.tell(at, Event::Metadata(view));
        self.subscribe(at, topics);
        self.consume_later(at);
    }

    fn subscribe(&mut self, at: usize, topics: Vec<&'static str>) {
        let interest = interest(&topics);
        self.members[at].topics = topics;
        self.tell(at, Event::Subscribe(Some(interest)));
    }

    fn later(&mut self, delay: Duration, what: What) {
        self.order += 1;
        self.queue.push(Reverse(Scheduled {
            at: self.now + delay,
            order: self.order,
            what,
        }));
    }

    fn network(&mut self) -> Duration {
        let most = if self.trouble && self.rng.u8(..10) == 0 {
            800
        } else {
            30
        };
        Duration::from_millis(self.rng.u64(1..most))
    }

    fn consume_later(&mut self, member: usize) {
        let delay = Duration::from_millis(self.rng.u64(50..1500));
        let life = self.members[member].life;
        self.later(delay, What::Consume { member, life });
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
            Action::SendToAny(out) => {
                let token = out.token;
                let down = self.trouble && self.rng.u8(..8) == 0;
                let result = match down {
                    true => Err(RequestError::TimedOutInQueue),
                    false => Ok(found(self.node)),
                };
                let delay = self.network() * 2;
                self.later(
                    delay,
                    What::Answer {
                        member: at,
                        epoch: None,
                        token,
                        result: Box::new(result),
                    },
                );
            }
            Action::SendToCoordinator(node, out) => {
                let m = &mut self.members[at];
                let request = Box::new((out.build)(version_of(out.api)));
                let delay = self.rng.u64(1..20);
                let m_epoch = m.epoch;
                if m.up != Some(node.id) {
                    let result = Err(RequestError::Disconnected("no connection".into()));
                    self.later(
                        Duration::ZERO,
                        What::Answer {
                            member: at,
                            epoch: None,
                            token: out.token,
                            result: Box::new(result),
                        },
                    );
                    return;
                }
                m.in_flight.insert(out.token);
                // In order on one connection: the delay is the same for all.
                let delay = Duration::from_millis(if self.trouble { 10 } else { 5 })
                    + Duration::from_micros(delay);
                self.later(
                    delay,
                    What::Arrives {
                        member: at,
                        epoch: m_epoch,
                        node: Some(node.id),
                        token: out.token,
                        request,
                    },
                );
            }
            Action::CoordinatorChanged(node) => {
                self.break_connection(at);
                if let Some(node) = node {
                    self.members[at].connecting = Some(node.id);
                    self.connect_later(at);
                }
            }
            Action::CommitDone(done) => {
                let m = &mut self.members[at];
                m.waiting.remove(&done.id);
                if let Some(ids) = &mut m.unassigned_after {
                    ids.remove(&done.id);
                    if ids.is_empty() {
                        m.unassigned_after = None;
                        self.tell(at, Event::Unassigned);
                    }
                }
            }
            Action::Rebalance(rebalance) => {
                // Lost is lost: others may have it now, and the application is to
                // stop at once.
                if let RebalanceKind::Revoke { lost: true } = rebalance.kind {
                    self.members[at].holds.clear();
                }
                if let RebalanceKind::Assign = rebalance.kind {
                    let generation = self.members[at].group.membership().member().generation;
                    for p in &rebalance.partitions {
                        let key = (p.topic.to_string(), p.partition);
                        let next = self.coordinator.committed.get(&key).copied().unwrap_or(0);
                        self.members[at].holds.insert(p.clone(), (next, generation));
                    }
                }
                self.members[at].told.push(rebalance);
                let delay = Duration::from_millis(self.rng.u64(0..300));
                let life = self.members[at].life;
                self.later(delay, What::Carry { member: at, life });
            }
            Action::LeaderMetadata(_) => {
                let delay = self.network();
                let life = self.members[at].life;
                self.later(delay, What::LeaderMetadata { member: at, life });
            }
            Action::Closed => self.members[at].closed = true,
            Action::Error(code, text) => {
                assert_eq!(code, ErrorCode::_MAX_POLL_EXCEEDED, "{text}");
            }
            Action::TopicError { .. } | Action::Fetched(_) => {}
            Action::Fatal(code, text) => {
                let m = &mut self.members[at];
                let doubled = m.instance.as_ref().filter(|i| self.doubled.contains(*i));
                assert!(
                    doubled.is_some() && code == ErrorCode::FENCED_INSTANCE_ID,
                    "seed {}: {at}: {code:?} {text}",
                    self.seed
                );
                m.fenced = true;
            }
        }
    }

    fn break_connection(&mut self, at: usize) {
        let m = &mut self.members[at];
        m.epoch += 1;
        let was = m.up.take();
        let tokens = std::mem::take(&mut m.in_flight);
        for token in tokens {
            self.later(
                Duration::ZERO,
                What::Answer {
                    member: at,
                    epoch: None,
                    token,
                    result: Box::new(Err(RequestError::Disconnected("broken".into()))),
                },
            );
        }
        if let Some(node) = was {
            self.members[at].connecting = Some(node);
            self.tell(at, Event::CoordinatorDown(node));
        }
    }

    fn connect_later(&mut self, at: usize) {
        let delay = self.network() * 3;
        let epoch = self.members[at].epoch;
        self.later(delay, What::ConnectionUp { member: at, epoch });
    }

    fn deliver_answers(&mut self) {
        for (caller, kind) in std::mem::take(&mut self.coordinator.answers) {
            let Some((member, epoch, token)) = self.callers.remove(&caller) else {
                continue;
            };
            self.later(
                Duration::from_millis(8),
                What::Answer {
                    member,
                    epoch: Some(epoch),
                    token,
                    result: Box::new(Ok(kind)),
                },
            );
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
            } => {
                // What was under way when the connection broke may have arrived.
                if self.members[member].epoch != epoch && self.rng.bool() {
                    return;
                }
                self.callers_made += 1;
                let caller = self.callers_made;
                self.callers.insert(caller, (member, epoch, token));
                if node != Some(self.node) {
                    self.coordinator.answers.push((caller, refuse(&request)));
                } else {
                    let now = self.start + self.now;
                    self.coordinator.on_request(now, caller, *request);
                }
                self.deliver_answers();
            }
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
            What::ConnectionUp { member, epoch } => {
                let m = &mut self.members[member];
                if m.epoch == epoch
                    && let Some(node) = m.connecting.take()
                {
                    m.up = Some(node);
                    self.tell(member, Event::CoordinatorUp(node));
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
            What::LeaderMetadata { member, life } => {
                if self.members[member].life == life {
                    let view = self.view.clone();
                    self.tell(member, Event::LeaderMetadata(view));
                }
            }
            What::Trouble => self.make_trouble(),
        }
    }

    fn carry(&mut self, at: usize, life: u64) {
        let m = &mut self.members[at];
        if m.life != life || m.told.is_empty() {
            return;
        }
        let rebalance = m.told.remove(0);
        let last = m.told.is_empty();
        match rebalance.kind {
            // An answer to what is over is kept back, as the client does.
            RebalanceKind::Assign => {
                if last {
                    self.tell(at, Event::Assigned);
                }
            }
            RebalanceKind::Revoke { lost } => {
                let gone: Vec<_> = rebalance
                    .partitions
                    .iter()
                    .filter_map(|p| Some((p.clone(), m.holds.remove(p)?.0)))
                    .collect();
                let member = m.group.membership();
                if !lost && !member.is_lost() && !gone.is_empty() {
                    self.commit(at, gone);
                }
                if !last {
                    return;
                }
                let m = &mut self.members[at];
                if m.waiting.is_empty() {
                    self.tell(at, Event::Unassigned);
                } else {
                    m.unassigned_after = Some(m.waiting.clone());
                }
            }
        }
    }

    fn commit(&mut self, at: usize, offsets: Vec<(TopicPartition, i64)>) {
        let m = &mut self.members[at];
        m.commits += 1;
        let id = m.commits;
        m.waiting.insert(id);
        let offsets = offsets
            .into_iter()
            .map(|(p, offset)| Offset {
                topic: p.topic,
                partition: p.partition,
                offset,
                leader_epoch: -1,
                metadata: None,
            })
            .collect();
        self.tell(at, Event::Commit(Commit { id, offsets }));
    }

    /// The application polls, gets some messages, and commits now and then.
    fn consume(&mut self, at: usize, life: u64) {
        let m = &mut self.members[at];
        if m.life != life || !m.alive || m.closed {
            return;
        }
        if m.polls {
            for (p, (next, _)) in &mut m.holds {
                *next += self.rng.i64(0..5);
                let key = (p.topic.to_string(), p.partition);
                let most = self.consumed.entry(key).or_insert(0);
                *most = (*most).max(*next);
            }
            let all: Vec<_> = m.holds.iter().map(|(p, (n, _))| (p.clone(), *n)).collect();
            let wants = m.group.membership().wants_poll();
            if wants {
                self.tell(at, Event::Polled);
            }
            if !all.is_empty() && self.rng.bool() {
                self.commit(at, all);
            }
        }
        self.consume_later(at);
    }

    fn make_trouble(&mut self) {
        if !self.trouble {
            return;
        }
        let at = self.rng.usize(..self.members.len());
        match self.rng.u8(..if self.fixed { 19 } else { 13 }) {
            0 => {
                self.node = self.rng.i32(1..=NODES);
                self.note(|| "the coordinator moves".into());
                let now = self.start + self.now;
                self.coordinator.moved(now);
                self.deliver_answers();
                if self.rng.bool() {
                    for at in 0..self.members.len() {
                        self.break_connection(at);
                        self.reconnect(at);
                    }
                }
            }
            1 | 2 => {
                self.break_connection(at);
                self.reconnect(at);
            }
            3 => {
                self.note(|| format!("{at} dies"));
                let m = &mut self.members[at];
                m.alive = false;
                m.life += 1000;
                m.epoch += 1;
                m.holds.clear();
            }
            4 | 5 if self.members.iter().filter(|m| m.alive).count() < 6 => self.add_member(),
            6 => self.members[at].ahead += Duration::from_millis(self.rng.u64(..15_000)),
            7 => {
                let topics: &[&str] = match self.rng.u8(..3) {
                    0 => &["a"],
                    1 => &["b"],
                    _ => &["a", "b"],
                };
                self.subscribe(at, topics.to_vec());
            }
            8 => self.tell(at, Event::Subscribe(None)),
            9 => {
                let more = self.rng.usize(1..8);
                self.set_topic("b", more);
            }
            10 => self.members[at].polls ^= true,
            11 => self.tell(at, Event::Close),
            13..=15 => self.restart(at),
            16 => self.double(at),
            _ => {}
        }
        let delay = Duration::from_millis(self.rng.u64(100..8000));
        self.later(delay, What::Trouble);
    }

    /// A static member crashes, or closes, and comes back: before its session ends, or
    /// too late.
    fn restart(&mut self, at: usize) {
        let m = &mut self.members[at];
        let Some(instance) = m.instance.clone().filter(|_| m.alive && !m.fenced) else {
            return;
        };
        let topics = m.topics.clone();
        self.note(|| format!("{at} restarts"));
        if self.rng.bool() {
            self.tell(at, Event::Close);
        }
        let m = &mut self.members[at];
        m.alive = false;
        m.life += 1000;
        m.epoch += 1;
        m.holds.clear();
        let delay = Duration::from_millis(self.rng.u64(..15_000));
        self.later(delay, What::Return { instance, topics });
    }

    /// A second member of an instance that is there already.
    fn double(&mut self, at: usize) {
        let m = &self.members[at];
        let Some(instance) = m.instance.clone().filter(|_| m.alive && !m.fenced) else {
            return;
        };
        let topics = m.topics.clone();
        self.note(|| format!("{at} is doubled"));
        self.doubled.insert(instance.clone());
        self.add(Some(instance), Some(topics));
    }

    /// The coordinator knows another member by this one's name: what it has is somebody
    /// else's by rights, and it will hear of it.
    fn is_replaced(&self, m: &SimMember) -> bool {
        let doubled = m.instance.as_ref().filter(|i| self.doubled.contains(*i));
        doubled.is_some_and(|instance| {
            self.coordinator.id_of(instance) != Some(&*m.group.membership().member().member_id)
        })
    }

    fn reconnect(&mut self, at: usize) {
        if self.members[at].connecting.is_some() {
            self.connect_later(at);
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
        let next = self.queue.peek().map_or(end, |Reverse(s)| s.at).min(end);
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
        } else if let Some(Reverse(s)) = self.queue.pop_if_due(next) {
            self.now = self.now.max(s.at);
            self.happen(s.what);
        } else {
            self.now = next;
        }
    }

    fn check(&mut self) {
        let cooperative = self.assignors[0].protocol() == RebalanceProtocol::Cooperative;
        let mut owners: BTreeMap<(&TopicPartition, i32), usize> = BTreeMap::new();
        for (at, m) in self.members.iter().enumerate() {
            if !m.alive || self.is_replaced(m) {
                continue;
            }
            for (partition, (_, generation)) in &m.holds {
                let generation = if cooperative { 0 } else { *generation };
                let other = owners.insert((partition, generation), at);
                assert!(
                    other.is_none(),
                    "seed {}: {partition:?} is owned by {at} and {other:?}",
                    self.seed
                );
            }
        }
        for (key, offset) in &self.coordinator.committed {
            if self.committed.get(key) == Some(offset) {
                continue;
            }
            let consumed = self.consumed.get(key).copied().unwrap_or(0);
            assert!(*offset <= consumed, "seed {}: {key:?}", self.seed);
            let before = self.committed.insert(key.clone(), *offset).unwrap_or(0);
            assert!(
                before <= *offset,
                "seed {}: {key:?} goes back from {before} to {offset}",
                self.seed
            );
        }
    }

    fn at_rest(&self) -> bool {
        let mut wanted: BTreeSet<TopicPartition> = BTreeSet::new();
        let mut held = 0;
        for m in self.members.iter().filter(|m| m.alive && !m.closed) {
            let membership = m.group.membership();
            let state = membership.state_name();
            let out = state == "init" && !membership.wants_coordinator();
            if !(membership.is_steady() || out) || !m.told.is_empty() {
                return false;
            }
            held += m.holds.len();
            if membership.is_steady() {
                for topic in membership.topics() {
                    let count = self.view.get(&topic).map_or(0, |t| t.partitions.len());
                    wanted.extend((0..count).map(|p| TopicPartition::new(&topic, p as i32)));
                }
            }
        }
        // Owned once each, by `check`.
        held == wanted.len()
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

    fn describe(&self) -> String {
        let members = self.members.iter().enumerate().filter(|(_, m)| m.alive);
        let topics = format!("{:?} {}\n", self.view, self.at_rest());
        std::iter::once(topics)
            .chain(members.map(|(at, m)| {
                let s = m.group.membership().state_name();
                format!(
                    "{at}: {s} of {:?} up {:?} holds {:?} told {:?} deadline {:?} waiting {:?}\n",
                    m.group.membership().topics(),
                    m.up,
                    m.holds.keys(),
                    m.told,
                    m.group
                        .next_deadline()
                        .map(|d| d.saturating_duration_since(self.start + m.ahead)),
                    m.waiting,
                )
            }))
            .collect()
    }
}

trait PopIfDue {
    fn pop_if_due(&mut self, at: Duration) -> Option<Reverse<Scheduled>>;
}

impl PopIfDue for BinaryHeap<Reverse<Scheduled>> {
    fn pop_if_due(&mut self, at: Duration) -> Option<Reverse<Scheduled>> {
        let due = self.peek().is_some_and(|Reverse(s)| s.at <= at);
        if due { self.pop() } else { None }
    }
}

fn version_of(api: kafka_protocol::messages::ApiKey) -> i16 {
    use kafka_protocol::messages::ApiKey;
    match api {
        ApiKey::JoinGroup | ApiKey::OffsetCommit => 9,
        ApiKey::SyncGroup | ApiKey::LeaveGroup => 5,
        _ => 4,
    }
}

/// The answer of a broker that is not the coordinator.
fn refuse(request: &RequestKind) -> ResponseKind {
    use kafka_protocol::messages::*;
    let code = ErrorCode::NOT_COORDINATOR.0 as i16;
    match request {
        RequestKind::JoinGroup(_) => {
            ResponseKind::JoinGroup(JoinGroupResponse::default().with_error_code(code))
        }
        RequestKind::SyncGroup(_) => {
            ResponseKind::SyncGroup(SyncGroupResponse::default().with_error_code(code))
        }
        RequestKind::Heartbeat(_) => {
            ResponseKind::Heartbeat(HeartbeatResponse::default().with_error_code(code))
        }
        RequestKind::LeaveGroup(_) => {
            ResponseKind::LeaveGroup(LeaveGroupResponse::default().with_error_code(code))
        }
        RequestKind::OffsetCommit(r) => {
            use kafka_protocol::messages::offset_commit_response::*;
            let topics = r.topics.iter().map(|t| {
                let partitions = t.partitions.iter().map(|p| {
                    OffsetCommitResponsePartition::default()
                        .with_partition_index(p.partition_index)
                        .with_error_code(code)
                });
                OffsetCommitResponseTopic::default()
                    .with_name(t.name.clone())
                    .with_partitions(partitions.collect())
            });
            ResponseKind::OffsetCommit(
                OffsetCommitResponse::default().with_topics(topics.collect()),
            )
        }
        other => panic!("{other:?}"),
    }
}

/// Seeds that once failed.
const REGRESSIONS: &[u64] = &[1, 11, 57, 345, 823, 874, 3138, 5452];

/// `GROUP_SIM_SEEDS=from..to` for more of them; `GROUP_SIM_SEEDS=n..n+1 SIM_LOG=1` to
/// look at one.
#[test]
fn groups_survive() {
    let range = std::env::var("GROUP_SIM_SEEDS").ok();
    let range = range.as_deref().unwrap_or("0..300");
    let (from, to) = range.split_once("..").unwrap();
    let (from, to): (u64, u64) = (from.parse().unwrap(), to.parse().unwrap());
    let mut seeds: Vec<u64> = (from..to).collect();
    if std::env::var_os("SIM_LOG").is_none() {
        seeds.extend(REGRESSIONS);
    }
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if catch_unwind(|| Simulation::new(seed).whole_life()).is_err() {
                        failed.lock().push(seed);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner();
    assert!(failed.is_empty(), "seeds that failed: {failed:?}");
}
