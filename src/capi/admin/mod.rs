//! The admin client: one file per family of operations.

pub mod acls;
pub mod cluster;
pub mod configs;
pub mod describe_topics;
pub mod elect_leaders;
pub mod elements;
pub mod events;
pub mod group_offsets;
pub mod groups;
pub mod list_offsets;
pub mod options;
pub mod partitions;
pub mod records;
pub mod request;
pub mod results;
pub mod scram;
pub mod topics;
