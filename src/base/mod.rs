//! Layer 1: what every other layer stands on.

pub mod alloc;
pub mod backoff;
pub mod cancel;
pub mod conf;
pub mod cstring;
pub mod error;
pub mod fork;
pub mod group_metadata;
pub mod headers;
pub mod lock;
pub mod log;
pub mod message;
#[cfg(all(test, loom))]
pub mod model;
pub mod panic;
pub mod queue;
pub mod regex;
pub mod secret;
#[cfg(all(test, not(loom)))]
pub mod sim;
pub mod stack;
pub mod standard;
pub mod stderr;
pub mod sync;
pub mod tally;
#[cfg(test)]
pub mod testing;
pub mod text;
pub mod thread;
pub mod time;
pub mod topic_partition;
pub mod wake;
pub mod window;
