//! What happens later, in the order of its time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

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

pub(super) struct Scheduled {
    pub(super) at: Duration,
    pub(super) order: u64,
    pub(super) what: What,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Scheduled {}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

pub(super) trait PopIfDue {
    fn pop_if_due(&mut self, at: Duration) -> Option<Reverse<Scheduled>>;
}

impl PopIfDue for BinaryHeap<Reverse<Scheduled>> {
    fn pop_if_due(&mut self, at: Duration) -> Option<Reverse<Scheduled>> {
        let due = self.peek().is_some_and(|Reverse(s)| s.at <= at);
        if due { self.pop() } else { None }
    }
}
