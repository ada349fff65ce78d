//! The mock cluster's interface (`rdkafka_mock.h`).

pub mod broker;
pub mod cluster;
pub mod consumer_group;
pub mod group;
pub mod partition;
pub mod requests;
pub mod sharegroup;
