//! The admin client's requests. So far: what they are made of, checked as it is put in.

pub mod args;
pub mod options;

use crate::base::error::KafkaError;

/// How a request ended, for the application.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub op: options::AdminOp,
    /// `NO_ERROR` if it did what was asked for.
    pub error: KafkaError,
    /// Of the request's options; never followed here.
    pub opaque: usize,
}
