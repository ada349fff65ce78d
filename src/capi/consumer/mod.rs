//! The consumer: subscription, assignment, position.

mod assignment;
pub(crate) mod find;
mod offsets;
mod subscription;
