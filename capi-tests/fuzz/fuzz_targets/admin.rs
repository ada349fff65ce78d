#![no_main]
//! An admin operation whose every request is answered with what the input holds: bytes to
//! decode, a response that is well formed and hostile, a failure, or nothing. Whatever
//! comes, the operation ends with one outcome, which fits its arguments.

// Also for the files that are shared with the crate: they take its name from here.
extern crate rdkafka;

#[path = "../../../src/admin/tests/driver.rs"]
mod driver;
#[path = "../../../src/admin/tests/operations.rs"]
mod operations;
#[path = "../../../src/admin/tests/responses.rs"]
mod responses;

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;
use libfuzzer_sys::fuzz_target;
use operations::Variant;
use rdkafka::base::error::ErrorCode;
use rdkafka::broker::{RequestError, Response};
use rdkafka::coordinator::fan_out::Part;
use rdkafka::protocol::request::{ProtocolErrorKind, decode_response};
use rdkafka::protocol::versions;
use responses::{Choices, Hostile};

/// The rest of an input.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// `None` at the end.
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        bytes
    }
}

impl Choices for Input<'_> {
    fn below(&mut self, count: usize) -> usize {
        let mut number = usize::from(self.byte().unwrap_or(0));
        if count > 256 {
            number = number << 8 | usize::from(self.byte().unwrap_or(0));
        }
        number % count
    }
}

fn version(part: &Part, pick: u8) -> i16 {
    let range = versions::supported(part.api).unwrap();
    let max = range.max.min(part.max_version.unwrap_or(i16::MAX));
    range.min + i16::from(pick) % (max - range.min + 1)
}

/// These bytes as the response; the header is given.
fn decoded(api: ApiKey, version: i16, body: &[u8]) -> Result<Response, RequestError> {
    let mut frame = vec![0; 4];
    if api.response_header_version(version) > 0 {
        frame.push(0);
    }
    frame.extend_from_slice(body);
    match decode_response(api, version, Bytes::from(frame)) {
        Ok((_, kind)) => Ok(response(kind, version)),
        Err(error) => {
            assert_ne!(error.kind, ProtocolErrorKind::Panicked);
            Err(RequestError::BadResponse(error.to_string()))
        }
    }
}

fn response(kind: kafka_protocol::messages::ResponseKind, version: i16) -> Response {
    Response {
        kind: Some(kind),
        version,
        rtt: Duration::ZERO,
        broker_id: 1,
        broker: "b:9092/1".into(),
    }
}

fn failure(pick: u8, api: ApiKey) -> RequestError {
    match pick % 8 {
        0 => RequestError::Disconnected("gone".into()),
        1 => RequestError::TimedOutInQueue,
        2 => RequestError::NoBroker("no such broker"),
        3 => RequestError::NoCoordinator(ErrorCode::from(i16::from(pick)), String::new()),
        4 => RequestError::TimedOut,
        5 => RequestError::Unsupported(api),
        6 => RequestError::BadResponse(String::new()),
        _ => RequestError::Destroyed,
    }
}

/// `None`: no answer comes.
fn answer(input: &mut Input<'_>, part: &Part) -> Option<Result<Response, RequestError>> {
    let (how, pick) = (input.byte()?, input.byte()?);
    let version = version(part, pick);
    match how % 8 {
        0 => None,
        1 => Some(Err(failure(pick, part.api))),
        2..5 => {
            let size = usize::from(input.byte()?) << 1;
            Some(decoded(part.api, version, input.bytes(size)))
        }
        _ => {
            let mut hostile = Hostile {
                choices: Input(input.0),
                code: None,
            };
            let kind = hostile
                .response(part.api)
                .expect("an API of the operations");
            let rest = hostile.choices.0;
            input.0 = rest;
            Some(Ok(response(kind, version)))
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let (Some(pick), Some(how)) = (input.byte(), input.byte()) else {
        return;
    };
    let variant = Variant {
        broker: (how & 1 > 0).then_some(1),
        all: how & 2 > 0,
        quick: how & 4 > 0,
    };
    let count = operations::all().count();
    let op = operations::all().nth(usize::from(pick) % count).unwrap();
    let begun = operations::begin(op, variant).unwrap();
    let run = driver::run(begun, Duration::from_secs(5), |part| {
        answer(&mut input, part)
    });
    match run.outcome {
        Ok(result) => operations::check(op, variant, &result),
        Err(error) => assert_ne!(error.code, ErrorCode::NO_ERROR),
    }
});
