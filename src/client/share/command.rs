//! What other threads tell the share consumer's machine on the main thread.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Sender;

use crate::base::topic_partition::TopicPartition;
use crate::broker::{RequestError, Response};
use crate::consumer::share::fetched::ShareFetched;
use crate::consumer::share::{News, PartitionAcks};
use crate::group::Token;

pub enum Command {
    /// An empty list ends the subscription.
    Subscribe(Vec<Arc<str>>),
    /// Acknowledgements to send; with `fetch`, records are wanted, too.
    Poll {
        acks: Vec<PartitionAcks>,
        fetch: bool,
    },
    /// Acknowledgements whose results are waited for.
    Commit {
        acks: Vec<PartitionAcks>,
        /// `None`: for ever.
        deadline: Option<Instant>,
        reply: Sender<Vec<TopicPartition>>,
    },
    /// The application polls again, which the membership waited for.
    Polled,
    /// Ends the sessions with these acknowledgements, and leaves.
    Close(Vec<PartitionAcks>),
    /// A loop's.
    News(News),
    /// Records for the application.
    Fetched(Box<ShareFetched>),
    /// The answer to a heartbeat.
    Group {
        token: Token,
        result: Result<Response, RequestError>,
    },
    /// The answer to the question for the group's coordinator.
    Coordinator(Result<Response, RequestError>),
}
