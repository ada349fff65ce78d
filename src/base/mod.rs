//! Layer 1: what every other layer stands on.

pub mod conf;
pub mod error;
pub mod group_metadata;
pub mod headers;
pub mod panic;
pub mod regex;
