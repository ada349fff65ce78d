//! A question that one or several brokers answer in parts.

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::{ApiKey, RequestKind};

use super::Target;
use super::target::ErrorClass;
use crate::broker::{RequestError, Response};

pub type Build = Arc<dyn Fn(i16) -> RequestKind + Send + Sync>;

/// One request of a fan-out.
pub struct Part {
    /// Given back with the result.
    pub id: usize,
    pub target: Target,
    pub api: ApiKey,
    /// Builds the request for the version that was negotiated.
    pub build: Build,
    /// The class of a response by the codes inside: the request is sent again until that is
    /// `Final`, or the time of the fan-out is up. `None`: it is sent once, whatever comes.
    pub class: Option<fn(&Response) -> ErrorClass>,
    /// The highest version to use, where the client must not go further.
    pub max_version: Option<i16>,
    /// What its first attempt leads to is given back, whatever its class.
    pub single_attempt: bool,
    /// How long to wait before it is sent, if not once.
    pub after: Duration,
}

impl Part {
    /// Sent at once, and again for as long as nobody answers.
    pub fn new(
        id: usize,
        target: Target,
        api: ApiKey,
        build: impl Fn(i16) -> RequestKind + Send + Sync + 'static,
    ) -> Self {
        Part {
            id,
            target,
            api,
            build: Arc::new(build),
            class: Some(|_| ErrorClass::Final),
            max_version: None,
            single_attempt: false,
            after: Duration::ZERO,
        }
    }

    /// Sent once.
    pub fn once(mut self) -> Self {
        self.class = None;
        self
    }

    /// Sent again as the codes inside the response say.
    pub fn class(mut self, class: fn(&Response) -> ErrorClass) -> Self {
        self.class = Some(class);
        self
    }

    pub fn max_version(mut self, version: i16) -> Self {
        self.max_version = Some(version);
        self
    }

    /// Not sent again: for those who find another target themselves. An attempt ends as well
    /// when a connection does not come up for a while.
    pub fn single_attempt(mut self) -> Self {
        self.single_attempt = true;
        self
    }

    pub fn after(mut self, pause: Duration) -> Self {
        self.after = pause;
        self
    }
}

/// What a response leads to.
pub enum Step {
    /// These further requests, often none.
    More(Vec<Part>),
    /// Nothing that is still out matters.
    End,
}

/// Why nothing more comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// No part is out, or the fan-out ended itself.
    Answered,
    TimedOut,
}

/// Sans-IO: its driver sends the parts and brings back their results, each once, until
/// none is out, the fan-out ends itself, or the time is up. It is dropped, and not merged,
/// if the client ends before.
pub trait FanOut: Send {
    type Output;

    /// The first requests.
    fn split(&mut self) -> Vec<Part>;
    /// The result of the part of this id.
    fn on_response(&mut self, id: usize, result: Result<Response, RequestError>) -> Step;
    /// The whole.
    fn merge(self: Box<Self>, end: End) -> Self::Output;
}

/// A fan-out and where its output goes.
pub trait Question: Send {
    fn split(&mut self) -> Vec<Part>;
    fn on_response(&mut self, id: usize, result: Result<Response, RequestError>) -> Step;
    fn end(self: Box<Self>, end: End);
}

struct Asked<F: ?Sized, R> {
    reply: R,
    fan_out: Box<F>,
}

impl<F, R> Question for Asked<F, R>
where
    F: FanOut + ?Sized,
    R: FnOnce(F::Output) + Send,
{
    fn split(&mut self) -> Vec<Part> {
        self.fan_out.split()
    }

    fn on_response(&mut self, id: usize, result: Result<Response, RequestError>) -> Step {
        self.fan_out.on_response(id, result)
    }

    fn end(self: Box<Self>, end: End) {
        let Asked { reply, fan_out } = *self;
        reply(fan_out.merge(end));
    }
}

/// `reply` gets the output, or is dropped if the client ends before.
pub fn question<F>(
    fan_out: Box<F>,
    reply: impl FnOnce(F::Output) + Send + 'static,
) -> Box<dyn Question>
where
    F: FanOut + ?Sized + 'static,
{
    Box::new(Asked { reply, fan_out })
}
