//! An operation of one request.

use kafka_protocol::messages::{ApiKey, RequestKind, ResponseKind};

use super::options::AdminOptions;
use super::results::AdminResult;
use super::timed_out;
use crate::base::error::{ErrorCode, KafkaError};
use crate::broker::{RequestError, Response};
use crate::coordinator::Target;
use crate::coordinator::fan_out::{End, FanOut, Part, Step};
use crate::coordinator::target::ErrorClass;

type Read = Box<dyn FnOnce(ResponseKind) -> Result<AdminResult, KafkaError> + Send>;

pub struct SingleRequest {
    part: Option<Part>,
    api: ApiKey,
    /// What it waits for, in the text of a time that is up.
    waits_for: &'static str,
    read: Option<Read>,
    result: Option<Result<AdminResult, KafkaError>>,
}

impl SingleRequest {
    /// `read` makes the result of a response; an error is the whole operation's.
    pub fn new(
        target: Target,
        api: ApiKey,
        build: impl Fn(i16) -> RequestKind + Send + Sync + 'static,
        class: fn(&Response) -> ErrorClass,
        read: impl FnOnce(ResponseKind) -> Result<AdminResult, KafkaError> + Send + 'static,
    ) -> Self {
        let waits_for = match target {
            Target::Controller => "controller",
            _ => "response from broker",
        };
        SingleRequest {
            waits_for,
            part: Some(Part::new(0, target, api, build).class(class)),
            api,
            read: Some(Box::new(read)),
            result: None,
        }
    }

    /// The highest version to use.
    pub fn max_version(mut self, version: i16) -> Self {
        self.part = self.part.map(|part| part.max_version(version));
        self
    }
}

impl FanOut for SingleRequest {
    type Output = Result<AdminResult, KafkaError>;

    fn split(&mut self) -> Vec<Part> {
        self.part.take().into_iter().collect()
    }

    fn on_response(&mut self, _: usize, result: Result<Response, RequestError>) -> Step {
        self.result = match (result, self.read.take()) {
            (
                Ok(Response {
                    kind: Some(kind), ..
                }),
                Some(read),
            ) => Some(read(kind)),
            (Ok(_), _) => Some(Err(unexpected(self.api))),
            (Err(RequestError::TimedOut | RequestError::TimedOutInQueue), _) => None,
            (Err(error), _) => Some(Err(failed(self.api, &error))),
        };
        Step::End
    }

    fn merge(self: Box<Self>, _: End) -> Self::Output {
        self.result
            .unwrap_or_else(|| Err(timed_out(self.waits_for)))
    }
}

/// The broker that the options name, or the one that the operation is for.
pub fn target_of(options: &AdminOptions, usual: Target) -> Target {
    options.broker.map_or(usual, Target::Broker)
}

/// The class of a controller's answer with these codes inside.
pub fn class_of(codes: impl IntoIterator<Item = impl Into<ErrorCode>>) -> ErrorClass {
    let mut codes = codes.into_iter().map(Into::into);
    if codes.any(|code| code == ErrorCode::NOT_CONTROLLER) {
        ErrorClass::Moved
    } else {
        ErrorClass::Final
    }
}

/// No answer came, and none will.
pub fn failed(api: ApiKey, error: &RequestError) -> KafkaError {
    KafkaError::new(error.code(), format!("{api:?}: {error}"))
}

/// A response of another kind, or one that does not fit the request.
pub fn unexpected(api: ApiKey) -> KafkaError {
    KafkaError::new(
        ErrorCode::_BAD_MSG,
        format!("{api:?} was answered with something else"),
    )
}

/// Made-up answers, for the tests of operations.
#[cfg(test)]
pub mod testing {
    use std::time::Duration;

    use super::*;

    pub fn response(kind: impl Into<ResponseKind>) -> Response {
        Response {
            kind: Some(kind.into()),
            version: 0,
            rtt: Duration::ZERO,
            broker_id: 1,
            broker: "b".into(),
        }
    }

    /// The one request.
    pub fn sent(operation: &mut SingleRequest) -> Part {
        operation.split().pop().unwrap()
    }

    /// What becomes of the operation with this answer.
    pub fn answered(
        mut operation: SingleRequest,
        kind: impl Into<ResponseKind>,
    ) -> Result<AdminResult, KafkaError> {
        operation.split();
        operation.on_response(0, Ok(response(kind)));
        Box::new(operation).merge(End::Answered)
    }

    pub fn error_of(operation: SingleRequest, kind: impl Into<ResponseKind>) -> ErrorCode {
        answered(operation, kind).unwrap_err().code
    }
}
