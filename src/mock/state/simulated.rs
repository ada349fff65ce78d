//! The cluster in seeded simulations: on their clock, with nothing that is not told.

use std::time::Duration;

use super::broker::Broker;
use super::{ClusterState, Defaults, Now};

/// The wall clock at the start.
pub const START_MS: i64 = 1_700_000_000_000;
/// The monotonic clock at the start.
const START_US: u64 = 1_000_000;

impl Now {
    /// So long after the start.
    pub fn simulated(since: Duration) -> Self {
        let (us, ms) = (since.as_micros(), since.as_millis());
        Now {
            us: START_US + u64::try_from(us).expect("a short time"),
            wall_ms: START_MS + i64::try_from(ms).expect("a short time"),
        }
    }
}

impl ClusterState {
    /// Brokers from 1 on; topics are made by who wants them.
    pub fn simulated(seed: u64, brokers: i32) -> Self {
        let defaults = Defaults {
            partitions: 1,
            replication_factor: 1,
            auto_create_topics: false,
            initial_rebalance_delay_ms: 0,
        };
        let mut cluster = ClusterState::new("sim".to_owned(), defaults, seed);
        for id in 1..=brokers {
            let broker = Broker::new(id, "127.0.0.1".to_owned(), 9000 + id);
            cluster.add_broker(Now::simulated(Duration::ZERO), broker);
        }
        cluster
    }

    /// When it has something to do next, after the start.
    pub fn next_simulated(&self) -> Option<Duration> {
        let us = self.next_deadline()?;
        Some(Duration::from_micros(us.saturating_sub(START_US)))
    }
}
