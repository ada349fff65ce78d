//! Layer 7: the C interface, and the only place with `extern "C"`.
//!
//! A function here takes its arguments apart, calls the client, and maps the
//! outcome to C; what is peculiar to the C interface stays here. There is one
//! file per section of the header. Every exported function's body stands in
//! [`boundary::ffi!`]; ownership of what C holds is said in [`handle`] only.
//!
//! The comments on the exported functions become the header's (`cbindgen.toml`).

#![allow(unsafe_code)]
// The names are C's.
#![allow(non_camel_case_types, non_snake_case)]
// What a caller must see to is said in each comment in the header's terms.
#![allow(clippy::missing_safety_doc)]

pub mod boundary;

pub mod admin;
mod background;
mod callback;
pub mod commit;
pub mod conf;
mod consume;
pub mod consumer;
pub mod cstr;
mod ending;
pub mod error;
pub mod event;
pub mod group_metadata;
pub mod groups;
pub mod handle;
pub mod headers;
pub mod instance;
mod intercept;
pub mod interceptor;
mod items;
mod last_error;
pub mod lifecycle;
pub mod log;
pub mod mem;
pub mod message;
pub mod metadata;
pub mod mock;
mod partition_list;
pub mod partitioner;
pub mod pause;
pub mod producer;
pub mod queue;
pub mod security;
pub mod serve;
pub mod share;
pub mod simple_consumer;
pub mod topic;
pub mod topic_conf;
pub mod topic_partition;
pub mod transactions;
pub mod types;
pub mod uuid;
pub mod variadic;
pub mod version;

/// A deadline that is over: do not wait.
pub(crate) fn past() -> std::time::Instant {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    *START.get_or_init(std::time::Instant::now)
}
