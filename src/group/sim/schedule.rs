//! What happens later.

use kafka_protocol::messages::{RequestKind, ResponseKind};

use crate::broker::RequestError;
use crate::group::Token;

#[derive(Debug)]
pub(super) enum What {
    /// A request reaches the node it was sent to.
    Arrives {
        member: usize,
        epoch: u64,
        node: Option<i32>,
        token: Token,
        request: Box<RequestKind>,
    },
    Answer {
        member: usize,
        /// Of the connection; `None` for one that never breaks.
        epoch: Option<u64>,
        token: Token,
        result: Box<Result<ResponseKind, RequestError>>,
    },
    /// The answer to the question for the coordinator.
    Found {
        member: usize,
        result: Box<Result<ResponseKind, RequestError>>,
    },
    ConnectionUp {
        member: usize,
        epoch: u64,
    },
    /// A static member that went is back.
    Return {
        instance: String,
        topics: Vec<&'static str>,
    },
    /// The application carries out the oldest rebalance it was told of.
    Carry {
        member: usize,
        life: u64,
    },
    Consume {
        member: usize,
        life: u64,
    },
    RequestedMetadata {
        member: usize,
        life: u64,
    },
    Trouble,
}
