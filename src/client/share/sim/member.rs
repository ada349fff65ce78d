//! A member: its loops, its main thread, and what is between them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::application::Phase;
use super::judge::Grant;
use super::network::Out;
use super::{BROKERS, GROUP, PARTITIONS, Simulation, TOPIC, What};
use crate::base::error::ErrorCode;
use crate::base::lock::Mutex;
use crate::base::log::Logger;
use crate::broker::{RequestError, Response};
use crate::consumer::share::acknowledgements::Acknowledgements;
use crate::consumer::share::fetched::ShareFetched;
use crate::consumer::share::fetcher::{Command, ShareFetcher};
use crate::consumer::share::{
    Counters, Job, News, Pace, Partition, PartitionAcks, Settings, ShareSink, Shared,
};
use crate::mock::state::ConnId;
use crate::protocol::leader::NewLeader;

/// What the main thread is told.
pub(super) enum Mail {
    News(News),
    Fetched(Arrival),
    Poll {
        acks: Vec<PartitionAcks>,
        fetch: bool,
    },
    Commit(u64, Vec<PartitionAcks>),
    Close(Vec<PartitionAcks>),
}

/// Records, with what the judge knows of them.
pub(super) struct Arrival {
    pub(super) fetched: Box<ShareFetched>,
    pub(super) grant: Grant,
}

/// What a loop has just said.
#[derive(Default)]
pub(super) struct Sink {
    news: Mutex<Vec<News>>,
    is_stale: AtomicBool,
    fetched: Mutex<Option<ShareFetched>>,
}

impl ShareSink for Sink {
    fn news(&self, news: News) {
        self.news.lock().push(news);
    }

    fn metadata_is_stale(&self, _: &Arc<str>, _: ErrorCode, _: Option<NewLeader>) {
        self.is_stale.store(true, Ordering::Relaxed);
    }

    fn fetched(&self, fetched: ShareFetched) {
        let before = self.fetched.lock().replace(fetched);
        assert!(before.is_none(), "one answer has records once");
    }
}

pub(super) struct Loop {
    /// None when the member has ended.
    pub(super) fetcher: Option<ShareFetcher>,
    pub(super) conn: Option<ConnId>,
    /// When records were asked for last.
    pub(super) last_fetch: Duration,
    inbox: VecDeque<Command>,
}

pub(super) struct Member {
    pub(super) id: Arc<str>,
    pub(super) alive: bool,
    pub(super) shared: Arc<Shared>,
    sink: Arc<Sink>,
    pub(super) loops: Vec<Loop>,
    inbox: VecDeque<Mail>,
    /// By partition, as far as the member knows.
    leaders: BTreeMap<i32, usize>,
    pub(super) assigned: BTreeSet<i32>,
    pub(super) places: BTreeMap<i32, usize>,
    partitions: Vec<Arc<Partition>>,
    wants_records: bool,
    last_close: u64,

    // The application's side.
    pub(super) phase: Phase,
    pub(super) turn: u64,
    pub(super) explicit: bool,
    pub(super) queue: VecDeque<Arrival>,
    pub(super) acks: Acknowledgements,
    pub(super) asked: bool,
    /// What it has said nothing of.
    pub(super) held: Vec<(i32, i64)>,
    pub(super) commits: u64,
    /// There may be locks that closing does not end at once.
    pub(super) strays: bool,
}

impl Simulation {
    pub(super) fn begin_member(&mut self) {
        let at = self.members.len();
        let id: Arc<str> = format!("m{at}").into();
        let settings = Settings {
            group_id: GROUP.into(),
            member_id: id.clone(),
            max_wait: self.config.max_wait,
            min_bytes: 1,
            max_bytes: 1 << 20,
            max_records: self.config.max_records,
            record_limit: self.config.record_limit,
            error_backoff: Duration::from_millis(300),
            socket_timeout: self.config.socket_timeout,
            decompress_limit: 1 << 20,
            check_crcs: true,
        };
        let shared = Arc::new(Shared {
            settings,
            logger: Arc::new(Logger::new(0, 0, false)),
            counters: Counters::default(),
            pace: Pace::default(),
        });
        let sink = Arc::new(Sink::default());
        let new_loop = |id| Loop {
            fetcher: Some(ShareFetcher::new(shared.clone(), sink.clone(), id)),
            conn: None,
            last_fetch: Duration::ZERO,
            inbox: VecDeque::new(),
        };
        let new_partition = |id| {
            Arc::new(Partition {
                topic: TOPIC.into(),
                topic_id: self.topic,
                id,
                handle: None,
            })
        };
        self.members.push(Member {
            id,
            alive: true,
            loops: (1..=BROKERS).map(new_loop).collect(),
            shared,
            sink,
            inbox: VecDeque::new(),
            leaders: BTreeMap::new(),
            assigned: (0..PARTITIONS).collect(),
            places: BTreeMap::new(),
            partitions: (0..PARTITIONS).map(new_partition).collect(),
            wants_records: false,
            last_close: 0,
            phase: Phase::Idle,
            turn: 0,
            explicit: self.rng.bool(),
            queue: VecDeque::new(),
            acks: Acknowledgements::default(),
            asked: false,
            held: Vec::new(),
            commits: 0,
            strays: false,
        });
        self.note(|| format!("{at}: begins"));
        self.learn_leaders(at);
        for link in 0..BROKERS as usize {
            self.connect(at, link);
        }
        self.application_later(at, 100);
    }

    // --- loops

    /// The loop takes its commands and sends what there is.
    pub(super) fn turn(&mut self, member: usize, link: usize) {
        let now = self.instant();
        let l = &mut self.members[member].loops[link];
        let Some(fetcher) = &mut l.fetcher else {
            return;
        };
        l.inbox.drain(..).for_each(|c| fetcher.on_command(c));
        let mut out = Out {
            versions: &self.versions,
            broker: link as i32 + 1,
            sent: None,
        };
        let conn = l.conn;
        if conn.is_some() {
            fetcher.poll(now, &mut out, || ());
        }
        let sent = out.sent;
        self.collect(member, link, None);
        if let (Some(conn), Some(sent)) = (conn, sent) {
            self.transmit(conn, sent);
        }
    }

    /// A request has ended.
    pub(super) fn result(
        &mut self,
        member: usize,
        link: usize,
        result: Result<Response, RequestError>,
        grant: Option<Grant>,
    ) {
        let (now, ok) = (self.instant(), result.is_ok());
        if let Some(f) = &mut self.members[member].loops[link].fetcher {
            f.on_response(now, result);
        }
        self.collect(member, link, grant);
        if ok {
            self.turn(member, link);
        }
    }

    /// What the loop has said goes to the main thread.
    pub(super) fn collect(&mut self, member: usize, link: usize, grant: Option<Grant>) {
        let m = &mut self.members[member];
        let news = std::mem::take(&mut *m.sink.news.lock());
        let fetched = m.sink.fetched.lock().take();
        if m.sink.is_stale.swap(false, Ordering::Relaxed) {
            let delay = Duration::from_millis(self.rng.u64(..500));
            self.schedule.add(self.now + delay, What::Metadata(member));
        }
        for n in &news {
            if let News::Acknowledged(outcome) = n {
                self.judge.ended(member, link, outcome);
            }
        }
        let mut mail: Vec<Mail> = news.into_iter().map(Mail::News).collect();
        if let Some(fetched) = fetched {
            let grant = grant.expect("records come with an answer");
            let fetched = Box::new(fetched);
            mail.push(Mail::Fetched(Arrival { fetched, grant }));
        }
        mail.into_iter().for_each(|m| self.post(member, m));
    }

    fn soon(&mut self) -> Duration {
        let most = if self.rng.u8(..4) == 0 { 3000 } else { 50 };
        self.now + Duration::from_micros(self.rng.u64(..most))
    }

    pub(super) fn post(&mut self, member: usize, mail: Mail) {
        self.members[member].inbox.push_back(mail);
        let at = self.soon();
        self.schedule.add(at, What::Main(member));
    }

    // --- the main thread

    fn tell(&mut self, member: usize, link: usize, command: Command) {
        if let Command::Fetch(Some(job)) | Command::Acknowledge(job) | Command::Close(job, _) =
            &command
        {
            self.judge.begun(member, link, job);
        }
        if let Command::Remove(_) = command {
            self.members[member].strays = true;
        }
        self.members[member].loops[link].inbox.push_back(command);
        let at = self.soon();
        self.schedule.add(at, What::Loop { member, link });
    }

    pub(super) fn main(&mut self, member: usize) {
        while let Some(mail) = self.members[member].inbox.pop_front() {
            if !self.members[member].alive {
                continue;
            }
            match mail {
                Mail::News(news) => self.on_news(member, news),
                Mail::Fetched(arrival) => {
                    self.members[member].queue.push_back(arrival);
                    self.look(member);
                }
                Mail::Poll { acks, fetch } => {
                    self.members[member].wants_records |= fetch;
                    self.send_acks(member, acks, None, fetch);
                }
                Mail::Commit(id, acks) => self.send_acks(member, acks, Some(id), false),
                Mail::Close(acks) => self.close(member, acks),
            }
        }
    }

    fn on_news(&mut self, member: usize, news: News) {
        match news {
            News::Acknowledged(outcome) => {
                for (acks, code) in outcome.results {
                    self.judge_result(member, &acks, code);
                    self.told(member, outcome.commit);
                }
            }
            News::Fetched => self.members[member].wants_records = false,
            News::Error { .. } => {}
            News::Closed(number) => {
                if let Phase::Closing(open) = &mut self.members[member].phase {
                    assert!(open.remove(&number), "a session ends once");
                    if open.is_empty() {
                        self.end_member(member);
                    }
                }
            }
        }
    }

    /// Each to the broker that its records came from, if that leads still.
    fn by_link(
        &mut self,
        member: usize,
        acks: Vec<PartitionAcks>,
        commit: Option<u64>,
    ) -> BTreeMap<usize, Job> {
        let mut jobs = BTreeMap::new();
        for a in acks {
            let link = a.broker as usize - 1;
            let m = &self.members[member];
            if m.leaders.get(&a.partition.id).is_none_or(|l| *l == link) {
                let new = || Job {
                    acks: Vec::new(),
                    commit,
                };
                jobs.entry(link).or_insert_with(new).acks.push(a);
            } else {
                self.judge_result(member, &a, ErrorCode::NOT_LEADER_FOR_PARTITION);
                self.told(member, commit);
            }
        }
        jobs
    }

    fn send_acks(
        &mut self,
        member: usize,
        acks: Vec<PartitionAcks>,
        commit: Option<u64>,
        fetch: bool,
    ) {
        let mut jobs = self.by_link(member, acks, commit);
        if fetch {
            let leaders: BTreeSet<usize> = self.members[member].places.values().copied().collect();
            for link in leaders {
                let job = jobs.remove(&link);
                self.tell(member, link, Command::Fetch(job));
            }
        }
        for (link, job) in jobs {
            self.tell(member, link, Command::Acknowledge(job));
        }
    }

    pub(super) fn learn_leaders(&mut self, member: usize) {
        for id in 0..PARTITIONS {
            let leader = self.cluster.partition(TOPIC, id).map_or(1, |p| p.leader);
            let leaders = &mut self.members[member].leaders;
            leaders.insert(id, leader as usize - 1);
        }
        self.place_all(member);
    }

    pub(super) fn place_all(&mut self, member: usize) {
        let m = &self.members[member];
        if !m.alive || matches!(m.phase, Phase::Closing(_)) {
            return;
        }
        let mut changed = BTreeSet::new();
        for id in 0..PARTITIONS {
            let m = &mut self.members[member];
            let partition = m.partitions[id as usize].clone();
            let wanted = m.leaders.get(&id).filter(|_| m.assigned.contains(&id));
            let (wanted, was) = (wanted.copied(), m.places.get(&id).copied());
            if wanted == was {
                continue;
            }
            m.places.remove(&id);
            if let Some(link) = wanted {
                m.places.insert(id, link);
            }
            if let Some(link) = was {
                self.tell(member, link, Command::Remove(partition.key()));
            }
            if let Some(link) = wanted {
                self.tell(member, link, Command::Add(partition));
                changed.insert(link);
            }
        }
        let m = &self.members[member];
        let links: BTreeSet<usize> = m.places.values().copied().collect();
        m.shared.pace.set_leaders(links.len());
        if m.wants_records {
            for link in changed {
                self.tell(member, link, Command::Fetch(None));
            }
        }
    }

    fn close(&mut self, member: usize, acks: Vec<PartitionAcks>) {
        let mut jobs = self.by_link(member, acks, None);
        let mut open = BTreeSet::new();
        for link in 0..self.members[member].loops.len() {
            self.members[member].last_close += 1;
            let number = self.members[member].last_close;
            open.insert(number);
            let job = jobs.remove(&link).unwrap_or(Job {
                acks: Vec::new(),
                commit: None,
            });
            self.tell(member, link, Command::Close(job, number));
        }
        self.members[member].phase = Phase::Closing(open);
        self.wake_later(member, self.config.socket_timeout);
    }

    /// It is gone, closed or killed.
    pub(super) fn end_member(&mut self, member: usize) {
        self.note(|| format!("{member}: ends"));
        let m = &mut self.members[member];
        m.alive = false;
        m.phase = Phase::Closed;
        m.queue.clear();
        for link in 0..self.members[member].loops.len() {
            let l = &mut self.members[member].loops[link];
            let conn = l.conn.take();
            // What it was not told yet has its end with it.
            if let Some(mut fetcher) = l.fetcher.take() {
                l.inbox.drain(..).for_each(|c| fetcher.on_command(c));
            }
            self.collect(member, link, None);
            conn.into_iter().for_each(|conn| self.cut(conn));
        }
        self.judge.member_has_ended(member);
        if !self.ending {
            let delay = Duration::from_millis(self.rng.u64(..3000));
            self.schedule.add(self.now + delay, What::Start);
        }
    }
}
