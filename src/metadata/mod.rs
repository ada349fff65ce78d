//! What the cluster consists of: brokers, topics, partitions and their leaders.
//!
//! The main thread owns the [`Manager`], which decides when to ask and keeps the
//! current [`Snapshot`]; everyone else reads the snapshot through an `ArcSwap`.

pub mod manager;
pub mod request;
pub mod snapshot;

pub use manager::{Manager, ManagerSettings, Refresh};
pub use snapshot::{BrokerInfo, PartitionInfo, Snapshot, TopicInfo};
