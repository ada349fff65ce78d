//! A question that several brokers answer in parts.

use kafka_protocol::messages::{ApiKey, RequestKind};

use super::Target;
use crate::broker::{RequestError, Response};

/// One request of a fan-out.
pub struct Part {
    /// Given back with the result.
    pub id: usize,
    pub target: Target,
    pub api: ApiKey,
    /// Builds the request for the version that was negotiated.
    pub build: Box<dyn FnOnce(i16) -> RequestKind + Send>,
}

/// What a response leads to.
pub enum Step {
    /// These further requests, often none.
    More(Vec<Part>),
    /// Nothing that is still out matters; `complete`: and nothing is missing.
    End { complete: bool },
}

/// Sans-IO: its driver sends the parts and brings back their results, each once, until
/// none is out, the fan-out ends itself, or the time is up.
pub trait FanOut: Send {
    /// The first requests.
    fn split(&mut self) -> Vec<Part>;
    /// The result of the part of this id.
    fn on_response(&mut self, id: usize, result: Result<Response, RequestError>) -> Step;
    /// Gives out the whole. `complete`: nothing of it is missing.
    fn merge(self: Box<Self>, complete: bool);
}
