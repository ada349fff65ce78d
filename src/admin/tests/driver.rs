//! Drives one operation without a client, on a clock that only goes on where parts wait.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use bytes::BytesMut;

use super::rdkafka::admin::Begun;
use super::rdkafka::admin::results::AdminResult;
use super::rdkafka::base::error::KafkaError;
use super::rdkafka::broker::{RequestError, Response};
use super::rdkafka::coordinator::fan_out::{End, Part, Step};
use super::rdkafka::protocol::request::encode_request;
use super::rdkafka::protocol::versions;

/// What became of an operation.
pub struct Run {
    pub outcome: Result<AdminResult, KafkaError>,
    /// The parts that were sent.
    pub sent: usize,
    /// The time that has passed.
    pub time: Duration,
}

/// Where more parts than this are asked for, the rest is left without an answer.
const MOST: usize = 10_000;

/// Until nothing is out any more, or this time is up. A part for which `answer` has nothing
/// stays out; all others are answered at once.
pub fn run(
    begun: Begun,
    limit: Duration,
    mut answer: impl FnMut(&Part) -> Option<Result<Response, RequestError>>,
) -> Run {
    let mut operation = match begun {
        Begun::Asks(operation) => operation,
        Begun::Done(result) => {
            let (outcome, sent, time) = (Ok(result), 0, Duration::ZERO);
            return Run {
                outcome,
                sent,
                time,
            };
        }
    };
    let (mut sent, mut time) = (0, Duration::ZERO);
    let mut waiting: BTreeMap<(Duration, usize), Part> = BTreeMap::new();
    let mut out = HashSet::new();
    let mut silent = 0;
    let mut next = operation.split();
    let end = loop {
        for part in std::mem::take(&mut next) {
            assert!(out.insert(part.id), "two parts of id {} are out", part.id);
            check_requests(&part);
            sent += 1;
            waiting.insert((time + part.after, sent), part);
        }
        let Some(((at, _), part)) = waiting.pop_first() else {
            break if silent == 0 {
                End::Answered
            } else {
                End::TimedOut
            };
        };
        if at > limit || sent > MOST {
            break End::TimedOut;
        }
        time = at;
        let Some(result) = answer(&part) else {
            silent += 1;
            continue;
        };
        out.remove(&part.id);
        match operation.on_response(part.id, result) {
            Step::More(parts) => next = parts,
            Step::End => break End::Answered,
        }
    };
    let outcome = operation.merge(end);
    Run {
        outcome,
        sent,
        time,
    }
}

/// A part has a request in every version that may be negotiated for it.
fn check_requests(part: &Part) {
    let Some(range) = versions::supported(part.api) else {
        panic!("{:?} is not spoken", part.api);
    };
    for version in range.min..=range.max.min(part.max_version.unwrap_or(i16::MAX)) {
        let request = (part.build)(version);
        let written = encode_request(part.api, version, 1, None, &request, &mut BytesMut::new());
        assert_eq!(written, Ok(()), "{request:?}");
    }
}
