//! The application's own questions about offsets: each partition goes to its leader,
//! again and again until there is an answer, a refusal or the time is up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::command::{OffsetQuery, PartitionLookup};
use crate::base::backoff;
use crate::base::error::ErrorCode;
use crate::client::types::LookupResult;
use crate::consumer::control::Leader;

enum Item {
    Open,
    Asked,
    Done(LookupResult),
}

struct Running {
    id: u64,
    query: OffsetQuery,
    items: Vec<Item>,
    attempts: u32,
    not_before: Option<Instant>,
    /// The last reason for trying again.
    trouble: ErrorCode,
}

/// A request to send to a leader; its answers go to [`Queries::on_answer`].
pub struct LeaderRequest {
    pub broker: i32,
    pub query: u64,
    /// The places of `lookups` in the query.
    pub places: Vec<usize>,
    pub lookups: Vec<PartitionLookup>,
    pub deadline: Option<Instant>,
}

#[derive(Default)]
pub struct Queries {
    running: Vec<Running>,
    last_id: u64,
}

const BACKOFF: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(1);

impl Queries {
    pub fn add(&mut self, query: OffsetQuery) {
        self.last_id += 1;
        self.running.push(Running {
            id: self.last_id,
            items: query.wanted.iter().map(|_| Item::Open).collect(),
            query,
            attempts: 0,
            not_before: None,
            trouble: ErrorCode::_TIMED_OUT,
        });
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.running
            .iter()
            .flat_map(|r| [r.query.deadline, r.not_before])
            .flatten()
            .min()
    }

    /// What can be asked now. `leader` tells who leads a partition.
    pub fn poll(
        &mut self,
        now: Instant,
        leader: impl Fn(&Arc<str>, i32) -> Leader,
    ) -> Vec<LeaderRequest> {
        let mut requests: Vec<LeaderRequest> = Vec::new();
        for r in &mut self.running {
            if r.query.deadline.is_some_and(|d| d <= now) {
                r.give_up();
                continue;
            }
            if r.not_before.is_some_and(|at| at > now) {
                continue;
            }
            r.not_before = None;
            for (place, (item, wanted)) in r.items.iter_mut().zip(&r.query.wanted).enumerate() {
                if !matches!(item, Item::Open) {
                    continue;
                }
                let (broker, epoch) = match leader(&wanted.topic, wanted.partition) {
                    Leader::At { broker, epoch } => (broker, epoch),
                    Leader::Missing(err) => {
                        *item = Item::Done(Err(err));
                        continue;
                    }
                    Leader::None | Leader::Unknown => continue,
                };
                *item = Item::Asked;
                let lookup = PartitionLookup {
                    topic: wanted.topic.clone(),
                    partition: wanted.partition,
                    leader_epoch: epoch,
                    value: wanted.timestamp,
                };
                // A request has a partition once; two questions about one take two.
                let open = requests.iter_mut().find(|q| {
                    q.query == r.id
                        && q.broker == broker
                        && !q
                            .lookups
                            .iter()
                            .any(|a| a.topic == lookup.topic && a.partition == lookup.partition)
                });
                match open {
                    Some(q) => {
                        q.places.push(place);
                        q.lookups.push(lookup);
                    }
                    None => requests.push(LeaderRequest {
                        broker,
                        query: r.id,
                        places: vec![place],
                        lookups: vec![lookup],
                        deadline: r.query.deadline,
                    }),
                }
            }
        }
        self.finish();
        requests
    }

    pub fn on_answer(
        &mut self,
        now: Instant,
        query: u64,
        places: &[usize],
        found: Vec<LookupResult>,
    ) {
        let Some(r) = self.running.iter_mut().find(|r| r.id == query) else {
            return;
        };
        for (place, found) in places.iter().zip(found) {
            let Some(item) = r.items.get_mut(*place) else {
                continue;
            };
            match found {
                Err(err) if is_passing(err) => {
                    *item = Item::Open;
                    r.trouble = err;
                    r.not_before = Some(now + backoff::delay(r.attempts, BACKOFF, BACKOFF_MAX));
                }
                done => *item = Item::Done(done),
            }
        }
        if r.not_before.is_some() {
            r.attempts += 1;
        }
        self.finish();
    }

    /// The topic does not exist, or must not be used.
    pub fn on_missing(&mut self, topic: &str, err: ErrorCode) {
        for r in &mut self.running {
            for (item, wanted) in r.items.iter_mut().zip(&r.query.wanted) {
                if &*wanted.topic == topic && matches!(item, Item::Open) {
                    *item = Item::Done(Err(err));
                }
            }
        }
        self.finish();
    }

    fn finish(&mut self) {
        self.running.retain_mut(|r| {
            let done = r.items.iter().all(|i| matches!(i, Item::Done(_)));
            if done {
                let found = r
                    .items
                    .drain(..)
                    .map(|item| match item {
                        Item::Done(found) => found,
                        _ => Err(ErrorCode::_FAIL),
                    })
                    .collect();
                // The caller may have stopped waiting.
                let _ = r.query.reply.send(found);
            }
            !done
        });
    }
}

impl Running {
    fn give_up(&mut self) {
        for item in &mut self.items {
            if !matches!(item, Item::Done(_)) {
                *item = Item::Done(Err(ErrorCode::_TIMED_OUT));
            }
        }
    }
}

/// The broker that was asked cannot answer for the partition now. As with librdkafka the
/// application is told, and finds the new leader when it lookups again.
pub fn is_refused(err: ErrorCode) -> bool {
    matches!(
        err,
        ErrorCode::NOT_LEADER_FOR_PARTITION
            | ErrorCode::REPLICA_NOT_AVAILABLE
            | ErrorCode::KAFKA_STORAGE_ERROR
            | ErrorCode::OFFSET_NOT_AVAILABLE
    )
}

fn is_passing(err: ErrorCode) -> bool {
    matches!(
        err,
        ErrorCode::LEADER_NOT_AVAILABLE
            | ErrorCode::BROKER_NOT_AVAILABLE
            | ErrorCode::FENCED_LEADER_EPOCH
            | ErrorCode::UNKNOWN_LEADER_EPOCH
            | ErrorCode::UNKNOWN_TOPIC_OR_PART
            | ErrorCode::REQUEST_TIMED_OUT
            | ErrorCode::NETWORK_EXCEPTION
            | ErrorCode::_TRANSPORT
            | ErrorCode::_TIMED_OUT
            | ErrorCode::_TIMED_OUT_QUEUE
    )
}
