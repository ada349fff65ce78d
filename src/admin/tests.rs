//! All operations against answers that are well formed and wrong.

mod driver;
mod operations;
mod responses;

use std::time::Duration;

use kafka_protocol::messages::ApiKey;
use proptest::prelude::*;

use super::RETRY_PAUSE;
use super::options::AdminOp;
use crate as rdkafka;
use crate::admin::single::testing::response;
use crate::base::error::ErrorCode;
use crate::base::testing::cases;
use crate::broker::{RequestError, Response};
use crate::coordinator::fan_out::Part;
use crate::protocol::versions;
use driver::run;
use operations::Variant;
use responses::{Choices, Hostile};

/// Choices of a generator that a seed begins.
struct Seeded(u64);

impl Choices for Seeded {
    fn below(&mut self, count: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % count as u64).unwrap()
    }
}

/// The time that an operation of these tests has.
const TIME: Duration = Duration::from_secs(5);
/// Requests that one of them may send at once: some brokers, groups and stages.
const AT_ONCE: usize = 64;

fn answered(hostile: &mut Hostile<Seeded>, part: &Part) -> Result<Response, RequestError> {
    let kind = hostile.response(part.api).unwrap();
    let range = versions::supported(part.api).unwrap();
    let max = range.max.min(part.max_version.unwrap_or(i16::MAX));
    let versions = usize::try_from(max - range.min + 1).unwrap();
    let version = range.min + i16::try_from(hostile.choices.below(versions)).unwrap();
    Ok(Response {
        version,
        ..response(kind)
    })
}

/// What a request without a response ends with.
fn failure(choices: &mut Seeded, api: ApiKey) -> RequestError {
    match choices.below(8) {
        0 => RequestError::Disconnected("gone".into()),
        1 => RequestError::TimedOutInQueue,
        2 => RequestError::NoBroker("no such broker"),
        3 => RequestError::NoCoordinator(ErrorCode::NOT_COORDINATOR, "moved".into()),
        4 => RequestError::TimedOut,
        5 => RequestError::Unsupported(api),
        6 => RequestError::BadResponse("bytes".into()),
        _ => RequestError::Destroyed,
    }
}

fn variants() -> impl Strategy<Value = Variant> {
    let broker = prop_oneof![Just(None), Just(Some(1)), Just(Some(i32::MAX))];
    (broker, any::<bool>(), any::<bool>()).prop_map(|(broker, all, quick)| Variant {
        broker,
        all,
        quick,
    })
}

/// As many requests as an operation may send in the time that has passed.
fn assert_paced(op: AdminOp, sent: usize, time: Duration) {
    let pauses = time.as_millis() / RETRY_PAUSE.as_millis() + 1;
    let most = AT_ONCE * usize::try_from(pauses).unwrap();
    assert!(sent <= most, "{op:?} sent {sent} requests in {time:?}");
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn hostile_answers_leave_no_result_out(seed in any::<u64>(), variant in variants(), failing in 0..3_usize) {
        for op in operations::all() {
            let mut hostile = Hostile { choices: Seeded(seed), code: None };
            let begun = operations::begin(op, variant).unwrap();
            // A list of brokers may be long, and each is asked.
            let mut brokers = 0;
            let run = run(begun, TIME, |part| {
                if hostile.choices.below(20) < failing {
                    return (hostile.choices.below(3) > 0).then(|| Err(failure(&mut hostile.choices, part.api)));
                }
                brokers += usize::from(part.api == ApiKey::ListGroups);
                Some(answered(&mut hostile, part))
            });
            if let Ok(result) = &run.outcome {
                operations::check(op, variant, result);
            }
            assert_paced(op, run.sent - brokers, run.time);
        }
    }
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn what_moves_for_ever_is_asked_for_with_pauses(seed in any::<u64>(), variant in variants()) {
        for op in operations::all() {
            for code in [6, 16, 14, 15, 41, 5, 7, 74, 75] {
                let mut hostile = Hostile { choices: Seeded(seed), code: Some(code) };
                let begun = operations::begin(op, variant).unwrap();
                let mut brokers = 0;
                let run = run(begun, TIME, |part| {
                    brokers += usize::from(part.api == ApiKey::ListGroups);
                    // Half of what is found, so that requests get as far as the moved ones.
                    let finds = matches!(part.api, ApiKey::Metadata | ApiKey::FindCoordinator);
                    let honest = finds && hostile.choices.below(2) == 0;
                    hostile.code = Some(if honest { 0 } else { code });
                    Some(answered(&mut hostile, part))
                });
                if let Ok(result) = &run.outcome {
                    operations::check(op, variant, result);
                }
                assert_paced(op, run.sent - brokers, run.time);
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(3))]

    #[test]
    fn every_code_is_told(seed in any::<u64>()) {
        let variant = Variant { broker: None, all: false, quick: false };
        for code in (-1..=135).chain([i16::MIN, i16::MAX, 1000, -150]) {
            for op in operations::all() {
                let mut hostile = Hostile { choices: Seeded(seed), code: Some(code) };
                let begun = operations::begin(op, variant).unwrap();
                let run = run(begun, RETRY_PAUSE * 3, |part| {
                    Some(answered(&mut hostile, part))
                });
                if let Ok(result) = &run.outcome {
                    operations::check(op, variant, result);
                }
            }
        }
    }
}

#[test]
fn silence_is_a_time_that_is_up() {
    for op in operations::all() {
        for (broker, all) in [(None, false), (None, true), (Some(1), false)] {
            let variant = Variant {
                broker,
                all,
                quick: false,
            };
            let run = run(operations::begin(op, variant).unwrap(), TIME, |_| None);
            assert!(run.sent > 0);
            match run.outcome {
                Ok(result) => operations::check(op, variant, &result),
                Err(error) => assert_eq!(error.code, ErrorCode::_TIMED_OUT, "{op:?}"),
            }
        }
    }
}
