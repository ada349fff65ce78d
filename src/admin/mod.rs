//! The admin client's operations, one file per family.
//!
//! An operation is a [`FanOut`]: `split` gives its first requests with the broker that each
//! is for, `on_response` takes one answer in and may ask for more, `merge` makes the result.
//! It has no socket and no clock: `client::admin` drives it and keeps its time. Most are one
//! request, [`single::SingleRequest`].
//!
//! Who is asked anew, and when: a part that nobody answers, and one whose [`Part::class`]
//! finds that the controller or coordinator has moved, is sent again by the router until the
//! operation's time is up. What fails in part (some partitions' leaders have moved) the
//! operation asks for again itself, after [`RETRY_PAUSE`].
//!
//! A result belongs to its event. Strings that the C interface reads are kept as C strings.
//!
//! [`Part::class`]: crate::coordinator::fan_out::Part::class

pub mod acls;
pub mod args;
pub mod by_leader;
pub mod configs;
pub mod describe;
pub mod elect_leaders;
pub mod group_offsets;
pub mod groups;
mod in_order;
pub mod list_offsets;
pub mod options;
pub mod records;
pub mod results;
pub mod scram;
mod single;
pub mod topics;

use std::time::Duration;

use crate::base::error::{ErrorCode, KafkaError};
use crate::coordinator::fan_out::FanOut;
use options::{AdminOp, AdminOptions};
use results::AdminResult;

/// Before an operation asks again for what has failed for a while.
pub const RETRY_PAUSE: Duration = Duration::from_millis(100);

pub type Operation = dyn FanOut<Output = Result<AdminResult, KafkaError>>;

/// What a call of the application's leads to.
pub enum Begun {
    Asks(Box<Operation>),
    /// There is nothing to ask for.
    Done(AdminResult),
}

impl<O: FanOut<Output = Result<AdminResult, KafkaError>> + 'static> From<O> for Begun {
    fn from(operation: O) -> Self {
        Begun::Asks(Box::new(operation))
    }
}

/// How a request ended, for the application.
#[derive(Debug)]
pub struct Outcome {
    pub op: AdminOp,
    /// `NO_ERROR` if there is a result.
    pub error: KafkaError,
    pub result: AdminResult,
    /// Of the request's options; never followed here.
    pub opaque: usize,
}

/// An operation's options with the client's defaults.
#[derive(Debug)]
pub struct Request<'a> {
    pub options: &'a AdminOptions,
    /// How long the whole operation may take.
    pub timeout: Duration,
    /// How long the brokers may take, in milliseconds; up to 0: they do not wait for the end.
    pub operation_timeout_ms: i32,
}

impl<'a> Request<'a> {
    pub fn new(options: &'a AdminOptions, default_timeout_ms: i32) -> Self {
        let timeout_ms = options.request_timeout_ms.unwrap_or(default_timeout_ms);
        Request {
            options,
            timeout: Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0)),
            operation_timeout_ms: options.operation_timeout_ms.unwrap_or(default_timeout_ms),
        }
    }
}

/// What an operation whose time is up says. (librdkafka's tests compare the texts of some.)
pub fn timed_out(waits_for: &str) -> KafkaError {
    let code = ErrorCode::_TIMED_OUT;
    KafkaError::new(
        code,
        format!("Failed while waiting for {waits_for}: {}", code.text()),
    )
}

#[cfg(test)]
mod tests;
