//! What the cluster's transactions are like: the level of the feature
//! `transaction.version`, and how long an end takes.

use crate::mock::state::ClusterState;
use kafka_protocol::messages::ApiKey;

/// The newest `transaction.version`: partitions join by being produced to, and each end
/// bumps the epoch (KIP-890).
pub const LATEST: i16 = 2;

/// What a client of that version sends.
const NEEDED: [(ApiKey, i16); 3] = [
    (ApiKey::Produce, 12),
    (ApiKey::EndTxn, 5),
    (ApiKey::TxnOffsetCommit, 5),
];

#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The finalized level as far as requests allow it: see `transaction_version`.
    pub version: i16,
    /// Between the end of a transaction and its markers.
    pub end_delay_ms: u32,
    /// Between a transaction's timeout and the look that finds it. Kafka looks every
    /// `transaction.abort.timed.out.transaction.cleanup.interval.ms`.
    pub abort_delay_ms: u32,
    /// Clients take what they are told for newer if this is larger.
    pub features_epoch: i64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            version: LATEST,
            end_delay_ms: 0,
            abort_delay_ms: 0,
            features_epoch: 1,
        }
    }
}

impl ClusterState {
    /// The newest `transaction.version` that the requests which are taken allow.
    pub fn newest_transaction_version(&self) -> i16 {
        let allows = |&(api, version): &(ApiKey, i16)| self.versions.accepts(api as i16, version);
        if NEEDED.iter().all(allows) {
            LATEST
        } else {
            LATEST - 1
        }
    }

    /// The finalized level of `transaction.version`.
    pub fn transaction_version(&self) -> i16 {
        self.txns.version.min(self.newest_transaction_version())
    }
}
