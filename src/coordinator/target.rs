//! Whom a request is for, and what its failure means.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_protocol::messages::{ApiKey, RequestKind};

use super::Kind;
use crate::base::error::ErrorCode;
use crate::broker::{Reply, Request, RequestError, Response};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// Any broker that is up.
    Any,
    /// The broker of this id.
    Broker(i32),
    Controller,
    /// The coordinator of a group or a transactional id.
    Coordinator(Kind, Arc<str>),
}

/// What to do after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// Nothing: it has succeeded, or asking again would not help.
    Final,
    /// Ask the same target again.
    Passing,
    /// The broker that was asked is not the target any more: find that anew, then ask again.
    Moved,
}

impl ErrorClass {
    /// Of a request without a response.
    pub fn of_failure(error: &RequestError) -> Self {
        match error {
            RequestError::Disconnected(_) | RequestError::Destroyed | RequestError::TimedOut => {
                ErrorClass::Passing
            }
            // It may be down for good, and another one in its place.
            RequestError::TimedOutInQueue | RequestError::NoBroker(_) => ErrorClass::Moved,
            RequestError::NoCoordinator(code, _) => ErrorClass::of_code(*code),
            RequestError::Unsupported(_)
            | RequestError::BadResponse(_)
            | RequestError::BadRequest(_) => ErrorClass::Final,
        }
    }

    /// Of a code inside a response.
    pub fn of_code(code: ErrorCode) -> Self {
        match code {
            ErrorCode::NOT_CONTROLLER
            | ErrorCode::NOT_COORDINATOR
            | ErrorCode::NOT_LEADER_FOR_PARTITION
            | ErrorCode::FENCED_LEADER_EPOCH
            | ErrorCode::UNKNOWN_LEADER_EPOCH => ErrorClass::Moved,
            ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::LEADER_NOT_AVAILABLE
            | ErrorCode::BROKER_NOT_AVAILABLE
            | ErrorCode::REQUEST_TIMED_OUT
            | ErrorCode::NETWORK_EXCEPTION => ErrorClass::Passing,
            _ => ErrorClass::Final,
        }
    }
}

/// A request that is sent again, by the class of its error, until its deadline.
pub struct RetriedRequest {
    pub target: Target,
    pub api: ApiKey,
    pub build: Arc<dyn Fn(i16) -> RequestKind + Send + Sync>,
    /// The highest version to use, where the client must not go further.
    pub max_version: Option<i16>,
    /// The most that one attempt may take.
    pub timeout: Duration,
    pub deadline: Instant,
    /// The class of a response by the codes inside.
    pub class: fn(&Response) -> ErrorClass,
    pub reply: Reply,
    pub attempts: u32,
    /// The first attempt's result is the request's, whatever its class.
    pub single_attempt: bool,
}

/// An attempt that waits this long for a connection looks anew which broker is the target.
pub const SEND_WITHIN: Duration = Duration::from_secs(1);

impl RetriedRequest {
    /// The next attempt, whose result goes to `reply` together with this.
    pub fn attempt(
        mut self: Box<Self>,
        now: Instant,
        reply: impl FnOnce(Box<Self>, Result<Response, RequestError>) + Send + 'static,
    ) -> Request {
        self.attempts = self.attempts.saturating_add(1);
        let (api, build, max_version) = (self.api, self.build.clone(), self.max_version);
        let left = self.deadline.saturating_duration_since(now);
        let timeout = self.timeout.min(left);
        let reply = move |result| reply(self, result);
        let mut request = Request::new(api, timeout, move |version| build(version), reply);
        request.max_version = max_version;
        request.send_by = request.deadline.min(now + SEND_WITHIN);
        request
    }

    /// What to do after this result, at this time.
    pub fn class(&self, now: Instant, result: &Result<Response, RequestError>) -> ErrorClass {
        if now >= self.deadline {
            return ErrorClass::Final;
        }
        match result {
            Ok(response) => (self.class)(response),
            Err(error) => ErrorClass::of_failure(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(now: Instant) -> RetriedRequest {
        RetriedRequest {
            target: Target::Controller,
            api: ApiKey::Metadata,
            build: Arc::new(|_| RequestKind::Metadata(Default::default())),
            max_version: None,
            timeout: Duration::from_secs(10),
            deadline: now + Duration::from_secs(15),
            class: |_| ErrorClass::of_code(ErrorCode::NOT_CONTROLLER),
            reply: Box::new(|_| {}),
            attempts: 0,
            single_attempt: false,
        }
    }

    #[test]
    fn attempts_end_with_the_deadline() {
        let now = Instant::now();
        let request = request(now);
        let lost = Err(RequestError::TimedOut);
        assert_eq!(request.class(now, &lost), ErrorClass::Passing);
        assert_eq!(request.class(request.deadline, &lost), ErrorClass::Final);
        let hopeless = Err(RequestError::Unsupported(ApiKey::Metadata));
        assert_eq!(request.class(now, &hopeless), ErrorClass::Final);
        let later = now + Duration::from_secs(10);
        let left = Box::new(request).attempt(later, |_, _| {}).deadline;
        assert!(left <= Instant::now() + Duration::from_secs(5));
    }

    #[test]
    fn a_response_says_by_its_codes_that_the_target_has_moved() {
        let now = Instant::now();
        let response = Response {
            kind: None,
            version: 0,
            rtt: Duration::ZERO,
            broker_id: 1,
            broker: "".into(),
        };
        assert_eq!(request(now).class(now, &Ok(response)), ErrorClass::Moved);
        let class = ErrorClass::of_code;
        assert_eq!(class(ErrorCode::NO_ERROR), ErrorClass::Final);
        assert_eq!(
            class(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS),
            ErrorClass::Passing
        );
        assert_eq!(
            class(ErrorCode::GROUP_AUTHORIZATION_FAILED),
            ErrorClass::Final
        );
    }
}
