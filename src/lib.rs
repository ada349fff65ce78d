//! librskafka: `librdkafka.so.1` in Rust.
//!
//! Imports between the modules go down only: `capi` → `client` → the features
//! (`producer`, `consumer`, `group`, `admin`, `metadata`, `telemetry`) →
//! `coordinator` → `broker` → `protocol` → `base`. `mock` stands beside them, on `protocol` and
//! `base`. ARCHITECTURE.md is the map.
#![deny(unsafe_code)]

pub mod admin;
pub mod base;
pub mod broker;
pub mod capi;
pub mod client;
pub mod consumer;
pub mod coordinator;
pub mod group;
#[cfg(test)]
mod layering;
pub mod metadata;
pub mod mock;
pub mod producer;
pub mod protocol;
pub mod telemetry;
