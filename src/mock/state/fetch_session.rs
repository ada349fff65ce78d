//! Fetch sessions (KIP-227): a client names its partitions once, then only changes.
//!
//! A session remembers, for each partition, what the client asks for and what it was
//! last told; an incremental answer leaves out partitions with nothing new. Each
//! request must carry the next epoch.

use super::{ClusterState, Cx};
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::FetchRequest;
use std::collections::BTreeMap;
use std::collections::hash_map::Entry;
use uuid::Uuid;

/// Sessions that the cluster keeps; the least recently used one makes room.
const MAX_SESSIONS: usize = 1000;

/// One partition that a fetch asks for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Empty if only the id was given.
    pub topic: String,
    /// Nil if only the name was given.
    pub topic_id: Uuid,
    pub by_id: bool,
    pub partition: i32,
    pub offset: i64,
    pub max_bytes: i32,
    pub current_leader_epoch: i32,
    pub last_fetched_epoch: i32,
    /// Injected for this partition; 0 for none.
    pub error: i16,
    /// Whoever asks may not read the topic.
    pub denied: bool,
}

type Key = (String, Uuid, i32);

impl Wanted {
    fn key(&self) -> Key {
        (self.topic.clone(), self.topic_id, self.partition)
    }
}

#[derive(Debug)]
struct Kept {
    wanted: Wanted,
    /// High watermark and log start last told; none before, or after an error.
    told: Option<(i64, i64)>,
}

#[derive(Debug)]
pub struct FetchSession {
    /// What the next request must carry.
    epoch: i32,
    by_id: bool,
    partitions: BTreeMap<Key, Kept>,
    last_used_us: u64,
    /// Partitions take turns at being first, so that a size limit starves none.
    turn: usize,
}

/// What a request turned out to ask for.
#[derive(Clone, Debug)]
pub struct Fetching {
    /// 0: no session.
    pub session: i32,
    pub incremental: bool,
    pub wanted: Vec<Wanted>,
}

impl ClusterState {
    /// Resolves a request's session.
    pub fn begin_fetch(&mut self, cx: &Cx, request: &FetchRequest) -> Result<Fetching, E> {
        let by_id = cx.version >= 13;
        let named = wanted_of(request, by_id);
        let (id, epoch) = (request.session_id, request.session_epoch);
        if epoch <= 0 {
            self.fetch_sessions.remove(&(cx.broker, id));
            let session = if epoch == 0 {
                self.new_fetch_session(cx, by_id, &named)
            } else {
                0
            };
            return Ok(Fetching {
                session,
                incremental: false,
                wanted: named,
            });
        }
        let session = self
            .fetch_sessions
            .get_mut(&(cx.broker, id))
            .ok_or(E::FetchSessionIdNotFound)?;
        if session.epoch != epoch {
            return Err(E::InvalidFetchSessionEpoch);
        }
        if session.by_id != by_id && !(named.is_empty() && request.forgotten_topics_data.is_empty())
        {
            return Err(E::FetchSessionTopicIdError);
        }
        session.change(named, request);
        if session.partitions.is_empty() {
            self.fetch_sessions.remove(&(cx.broker, id));
            return Ok(Fetching {
                session: 0,
                incremental: false,
                wanted: Vec::new(),
            });
        }
        session.epoch = session.epoch.checked_add(1).unwrap_or(1);
        session.last_used_us = cx.now.us;
        Ok(Fetching {
            session: id,
            incremental: true,
            wanted: session.in_turn(),
        })
    }

    fn new_fetch_session(&mut self, cx: &Cx, by_id: bool, wanted: &[Wanted]) -> i32 {
        if self.fetch_sessions.len() >= MAX_SESSIONS {
            let oldest = self.fetch_sessions.iter().min_by_key(|s| s.1.last_used_us);
            if let Some((&key, _)) = oldest {
                self.fetch_sessions.remove(&key);
            }
        }
        let entry = |w: &Wanted| Kept {
            wanted: w.clone(),
            told: None,
        };
        let session = FetchSession {
            epoch: 1,
            by_id,
            partitions: wanted.iter().map(|w| (w.key(), entry(w))).collect(),
            last_used_us: cx.now.us,
            turn: 0,
        };
        loop {
            let id = self.rng.i32(1..);
            if let Entry::Vacant(free) = self.fetch_sessions.entry((cx.broker, id)) {
                free.insert(session);
                return id;
            }
        }
    }
}

impl FetchSession {
    fn change(&mut self, named: Vec<Wanted>, request: &FetchRequest) {
        for w in named {
            match self.partitions.get_mut(&w.key()) {
                Some(entry) => entry.wanted = w,
                None => {
                    let entry = Kept {
                        wanted: w.clone(),
                        told: None,
                    };
                    self.partitions.insert(w.key(), entry);
                }
            }
        }
        for topic in &request.forgotten_topics_data {
            for &p in &topic.partitions {
                let key = (topic.topic.to_string(), topic.topic_id, p);
                self.partitions.remove(&key);
            }
        }
    }

    fn in_turn(&mut self) -> Vec<Wanted> {
        let mut all: Vec<_> = self.partitions.values().map(|e| e.wanted.clone()).collect();
        self.turn = (self.turn + 1).checked_rem(all.len()).unwrap_or(0);
        all.rotate_left(self.turn);
        all
    }

    /// Whether an incremental answer has to mention the partition; notes that it was told.
    pub fn has_news(
        &mut self,
        wanted: &Wanted,
        watermarks: (i64, i64),
        error: bool,
        content: bool,
    ) -> bool {
        let Some(entry) = self.partitions.get_mut(&wanted.key()) else {
            return true;
        };
        let told = if error { None } else { Some(watermarks) };
        let news = error || content || entry.told != told;
        entry.told = told;
        news
    }
}

fn wanted_of(request: &FetchRequest, by_id: bool) -> Vec<Wanted> {
    let mut all = Vec::new();
    for topic in &request.topics {
        for p in &topic.partitions {
            all.push(Wanted {
                topic: topic.topic.to_string(),
                topic_id: topic.topic_id,
                by_id,
                partition: p.partition,
                offset: p.fetch_offset,
                max_bytes: p.partition_max_bytes,
                current_leader_epoch: p.current_leader_epoch,
                last_fetched_epoch: p.last_fetched_epoch,
                error: 0,
                denied: false,
            });
        }
    }
    all
}
