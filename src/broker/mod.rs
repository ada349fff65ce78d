//! Layer 3: brokers: event loops, connections, requests in flight.
//!
//! A [`Link`](link::Link) is one broker as seen by the client: an address, at
//! most one connection, the requests in flight on it and those waiting for it. An
//! [`event_loop`] is a thread that hosts links. What runs over a link besides
//! single requests (the produce sender, the fetch sessions) is the link's
//! [`LinkUser`], given by the layers above; this layer knows no feature.
//!
//! The death of a connection is one transition, [`link::Link::disconnect`]: every
//! request in flight fails once, typed, then the user is told.

pub mod api_versions;
pub mod command;
pub mod config;
mod conn;
pub mod error;
pub mod event_loop;
pub mod identity;
pub mod inflight;
pub mod link;
pub mod look_up;
mod loop_work;
pub mod observer;
pub mod reconnect;
pub mod sasl;
pub mod setup;
mod short_poll;
mod shown;
pub mod socket_loan;
pub mod stats;
#[cfg(all(test, not(loom)))]
mod testing;
pub mod transport;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::messages::{ApiKey, RequestKind, ResponseKind};

use crate::base::error::ErrorCode;
pub use api_versions::ApiVersions;
pub use event_loop::{Handle, LoopPool};
pub use stats::BrokerStats;

/// Why a request has no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestError {
    /// The connection died; the broker may or may not have acted on the request.
    Disconnected(String),
    /// No connection came up in time; the broker has not seen the request.
    TimedOutInQueue,
    /// The cluster has no such broker, as far as is known: no controller, no leader.
    NoBroker(&'static str),
    /// A broker was asked for the coordinator, and this is why it named none.
    NoCoordinator(ErrorCode, String),
    /// Sent, but not answered in time.
    TimedOut,
    /// The broker does not speak a version of this API that this client does.
    Unsupported(ApiKey),
    /// The response could not be understood.
    BadResponse(String),
    /// The request could not be written in the negotiated version.
    BadRequest(String),
    /// The link was stopped.
    Destroyed,
}

impl RequestError {
    pub fn code(&self) -> ErrorCode {
        match self {
            RequestError::Disconnected(_) => ErrorCode::_TRANSPORT,
            RequestError::TimedOutInQueue => ErrorCode::_TIMED_OUT_QUEUE,
            RequestError::NoBroker(_) => ErrorCode::_TRANSPORT,
            RequestError::NoCoordinator(code, _) => *code,
            RequestError::TimedOut => ErrorCode::_TIMED_OUT,
            RequestError::Unsupported(_) => ErrorCode::_UNSUPPORTED_FEATURE,
            RequestError::BadResponse(_) => ErrorCode::_BAD_MSG,
            RequestError::BadRequest(_) => ErrorCode::_INVALID_ARG,
            RequestError::Destroyed => ErrorCode::_DESTROY,
        }
    }

    /// Whether the broker may have acted on the request all the same.
    pub fn possibly_done(&self) -> bool {
        matches!(
            self,
            RequestError::Disconnected(_) | RequestError::TimedOut | RequestError::BadResponse(_)
        )
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RequestError::Disconnected(why) => write!(f, "connection lost: {why}"),
            RequestError::TimedOutInQueue => f.write_str("timed out waiting for a connection"),
            RequestError::NoBroker(which) => write!(f, "there is no {which}"),
            RequestError::NoCoordinator(_, why) => write!(f, "there is no coordinator: {why}"),
            RequestError::TimedOut => f.write_str("timed out waiting for the response"),
            RequestError::Unsupported(api) => {
                write!(
                    f,
                    "{api:?} is not supported by the broker in a usable version"
                )
            }
            RequestError::BadResponse(why) => write!(f, "malformed response: {why}"),
            RequestError::BadRequest(why) => write!(f, "request cannot be encoded: {why}"),
            RequestError::Destroyed => f.write_str("client is being destroyed"),
        }
    }
}

/// A decoded response and where it came from.
#[derive(Debug)]
pub struct Response {
    /// `None` for a request that has no response (Produce with acks=0).
    pub kind: Option<ResponseKind>,
    pub version: i16,
    pub rtt: Duration,
    pub broker_id: i32,
    /// The broker's name when it answered.
    pub broker: Arc<str>,
}

pub type Reply = Box<dyn FnOnce(Result<Response, RequestError>) + Send>;

/// One request of the control plane.
pub struct Request {
    pub api: ApiKey,
    /// Builds the request for the version that was negotiated.
    pub build: Box<dyn FnOnce(i16) -> RequestKind + Send>,
    /// Highest version to use, where this client must not go further.
    pub max_version: Option<i16>,
    /// When the whole request, waiting included, has failed.
    pub deadline: Instant,
    /// When it has failed if there was no connection to send it on; at most `deadline`.
    pub send_by: Instant,
    pub reply: Reply,
}

impl Request {
    pub fn new(
        api: ApiKey,
        timeout: Duration,
        build: impl FnOnce(i16) -> RequestKind + Send + 'static,
        reply: impl FnOnce(Result<Response, RequestError>) + Send + 'static,
    ) -> Self {
        let deadline = Instant::now() + timeout;
        Request {
            api,
            build: Box::new(build),
            max_version: None,
            deadline,
            send_by: deadline,
            reply: Box::new(reply),
        }
    }

    /// How long it waits to be sent, with and without a connection.
    fn waits_until(&self, up: bool) -> Instant {
        if up { self.deadline } else { self.send_by }
    }
}

/// What a link's user may do with the connection while it is polled.
pub trait Outbox<T> {
    fn versions(&self) -> &ApiVersions;
    fn broker_id(&self) -> i32;
    /// Requests that may be sent now, by `max.in.flight` and the socket's room.
    fn room(&self) -> usize;
    /// Requests that wait for the socket, after it was given what it takes.
    fn backlog(&mut self) -> usize;
    fn client_id(&self) -> &str;
    /// The correlation id of the next request.
    fn next_correlation_id(&mut self) -> i32;
    /// A request that is encoded already, length and header included, under the
    /// id that `next_correlation_id` gave last: the segments are written one
    /// after another, without being copied.
    fn send_segments(&mut self, now: Instant, out: Outgoing<T>);
    /// A request to be encoded here. Errors come back through `on_response`.
    fn send(
        &mut self,
        now: Instant,
        api: ApiKey,
        version: i16,
        request: &RequestKind,
        timeout: Duration,
        tag: T,
    );
}

/// See [`Outbox::send_segments`].
pub struct Outgoing<T> {
    pub api: ApiKey,
    pub version: i16,
    pub correlation_id: i32,
    pub segments: Vec<Bytes>,
    pub timeout: Duration,
    /// False for a request that the broker does not answer: `on_response` then
    /// comes as soon as it is handed to the connection.
    pub answered: bool,
    pub tag: T,
}

/// What runs over a link besides single requests. Owned by the loop's thread.
pub trait LinkUser: Send + 'static {
    type Command: Send + 'static;
    type Tag: Send + 'static;

    fn on_command(&mut self, now: Instant, command: Self::Command);
    /// The connection can take requests.
    fn on_up(&mut self, now: Instant);
    /// It is gone; what was in flight has been through `on_response`.
    fn on_down(&mut self, now: Instant);
    /// Takes in work that other threads announced; called whenever the loop wakes up.
    fn collect(&mut self, now: Instant);
    /// Sends what is ready. Called while the connection is up.
    fn poll(&mut self, now: Instant, out: &mut dyn Outbox<Self::Tag>);
    /// What is due while there is no connection: timeouts of queued work.
    fn poll_down(&mut self, now: Instant);
    fn on_response(&mut self, now: Instant, tag: Self::Tag, result: Result<Response, RequestError>);
    /// When to be polled again without any other event.
    fn next_deadline(&self, up: bool) -> Option<Instant>;
    /// Whether there is work for a connection.
    fn wants_connection(&self) -> bool;
}

/// What a link tells the control thread.
#[derive(Debug)]
pub enum LinkEvent {
    Up {
        versions: Arc<ApiVersions>,
    },
    /// The connection is gone or could not be made.
    Down(Ending),
    Throttled {
        time: Duration,
    },
}

/// How a connection, or the attempt to make one, ended.
#[derive(Debug)]
pub enum Ending {
    /// The client ended it: it was idle, or the broker has another address. Nothing says
    /// that the broker is down.
    OwnDecision,
    /// The broker did not answer in time. The requests' own errors tell the application, but
    /// others are to be tried before this one is again.
    TimedOut,
    /// `error` is what to tell the application, if it was not told the same just before.
    Failed { error: Option<(ErrorCode, String)> },
}

/// How links behave; the same for all links of a client.
#[derive(Debug, Clone)]
pub struct LinkSettings {
    pub client_id: String,
    pub software_name: String,
    pub software_version: String,
    pub max_in_flight: usize,
    pub receive_max_bytes: usize,
    /// Requests of a connection that may time out before it is closed; 0: any number.
    pub max_fails: usize,
    pub setup_timeout: Duration,
    pub api_version_timeout: Duration,
    /// Brokers are not asked for their versions, which are these.
    pub assumed_versions: Option<Arc<ApiVersions>>,
    /// What to assume of a broker that failed to tell its versions, and for how long.
    pub fallback: Option<(Arc<ApiVersions>, Duration)>,
    pub reconnect_backoff: Duration,
    pub reconnect_backoff_max: Duration,
    /// Zero: never closed for being idle.
    pub max_idle: Duration,
    pub address_ttl: Duration,
    pub family: transport::Family,
    pub send_buffer: usize,
    pub receive_buffer: usize,
    pub keepalive: bool,
    pub nodelay: bool,
    pub log_connection_close: bool,
}
