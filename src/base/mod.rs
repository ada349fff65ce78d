//! Layer 1: what every other layer stands on.

pub mod error;
pub mod panic;
