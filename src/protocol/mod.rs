//! The Kafka protocol: frames, requests and responses behind typed errors,
//! record batches and compression. No sockets, no clocks.

pub mod bounded;
pub mod compression;
pub mod consumer_protocol;
pub mod frame;
pub mod leader;
pub mod produce;
pub mod records;
pub mod request;
pub mod scram;
pub mod share;
pub mod strings;
pub mod varint;
pub mod versions;

pub use kafka_protocol::messages;
pub use kafka_protocol::messages::ApiKey;

#[cfg(test)]
mod bench;
