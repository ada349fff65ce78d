//! A partition: its log, its producers, who leads it, what is injected for it.

use super::errors::ErrorStacks;
use crate::mock::log::Log;
use crate::mock::log::producers::Producers;
use kafka_protocol::ResponseError as E;
use std::collections::VecDeque;

#[derive(Debug)]
pub struct Partition {
    pub id: i32,
    /// -1: none.
    pub leader: i32,
    pub leader_epoch: i32,
    pub replicas: Vec<i32>,
    pub replication_factor: usize,
    pub log: Log,
    pub producers: Producers,
    pub follower: Option<Follower>,
    /// Leaders (id, epoch) to name in answers before the real one, one for each.
    pub leader_responses: VecDeque<(i32, i32)>,
    pub errors: ErrorStacks,
    /// Parked fetches that a change here may complete.
    pub waiters: Vec<u64>,
}

/// The preferred read replica, and the watermarks it shows if they are not the leader's.
#[derive(Clone, Copy, Debug)]
pub struct Follower {
    pub broker: i32,
    pub low: Option<i64>,
    pub high: Option<i64>,
}

/// What a reader of a partition may see, on the broker it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermarks {
    pub log_start: i64,
    pub high: i64,
    pub last_stable: i64,
    /// Where what this broker has ends; a reader of committed records also ends at `stable_end`.
    pub end: i64,
    pub stable_end: i64,
}

impl Partition {
    pub fn new(id: i32, replication_factor: usize) -> Partition {
        Partition {
            id,
            leader: -1,
            // The first leader makes it 0.
            leader_epoch: -1,
            replicas: Vec::new(),
            replication_factor,
            log: Log::default(),
            producers: Producers::default(),
            follower: None,
            leader_responses: VecDeque::new(),
            errors: ErrorStacks::default(),
            waiters: Vec::new(),
        }
    }

    /// Before anything is written: on these brokers, the first of which leads.
    pub fn place_on(&mut self, replicas: &[i32]) {
        self.replicas = replicas.to_vec();
        self.leader = replicas.first().copied().unwrap_or(-1);
    }

    pub fn set_leader(&mut self, broker: i32) {
        self.leader = broker;
        self.leader_epoch += 1;
        self.log.begin_epoch(self.leader_epoch);
    }

    /// The first offset that an open transaction keeps from read_committed readers.
    pub fn last_stable_offset(&self) -> i64 {
        let open = self.producers.first_open();
        open.map_or(self.log.end(), |at| at.max(self.log.first_batch()))
    }

    pub fn follows(&self, broker: i32) -> bool {
        self.follower.is_some_and(|f| f.broker == broker)
    }

    pub fn watermarks(&self, on_broker: i32) -> Watermarks {
        let follower = self
            .follower
            .filter(|f| f.broker == on_broker && self.leader != on_broker);
        // A high watermark that is given for a follower is the offset of its last record.
        let given = follower.and_then(|f| f.high);
        let end = given.map_or(self.log.end(), |h| h.saturating_add(1).min(self.log.end()));
        let high = given.unwrap_or(end);
        let stable = self.last_stable_offset();
        Watermarks {
            log_start: follower.and_then(|f| f.low).unwrap_or(self.log.start()),
            high,
            last_stable: stable.min(high),
            end,
            stable_end: stable.min(end),
        }
    }

    /// Compares the leader epoch that a client believes in (-1: none) with the real one.
    pub fn check_epoch(&self, client: i32) -> Result<(), E> {
        if client < 0 || client == self.leader_epoch {
            Ok(())
        } else if client > self.leader_epoch {
            Err(E::UnknownLeaderEpoch)
        } else {
            Err(E::FencedLeaderEpoch)
        }
    }

    /// Moves the log start; what depends on the old records goes with them.
    pub fn delete_records_before(&mut self, offset: i64) {
        self.log.truncate_before(offset);
        self.producers.truncate_before(self.log.start());
    }

    /// The leader to name in an answer: a pushed one, if there is any, is used up.
    pub fn leader_to_tell(&mut self) -> (i32, i32) {
        self.leader_responses
            .pop_front()
            .unwrap_or((self.leader, self.leader_epoch))
    }
}
