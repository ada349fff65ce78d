//! Offsets of partitions, asked for and moved to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use libc::{c_char, c_int};

use super::find;
use crate::base::error::{ErrorCode, KafkaError};
use crate::capi::boundary::ffi;
use crate::capi::handle::get;
use crate::capi::instance::Instance;
use crate::capi::topic_partition::{elements_mut, set_leader_epoch};
use crate::capi::types::{
    rd_kafka_error_t, rd_kafka_resp_err_t, rd_kafka_t, rd_kafka_topic_partition_list_t,
    rd_kafka_topic_partition_t, rd_kafka_topic_t,
};
use crate::capi::{cstr, error, partition_list};
use crate::client::consumer::lookups::{FOREVER, look_up};
use crate::client::consumer::{Consumer, is_refused};
use crate::client::types::{LookupResult, OffsetLookup};
use crate::consumer::Position;
use crate::consumer::control::{TIMESTAMP_BEGINNING, TIMESTAMP_END};

/// A C timeout; `None` is for ever.
fn timeout(timeout_ms: c_int) -> Option<Duration> {
    u64::try_from(timeout_ms).ok().map(Duration::from_millis)
}

/// The partition does not exist, or its topic does not.
fn is_missing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::UNKNOWN_TOPIC_OR_PART | ErrorCode::_UNKNOWN_PARTITION
    )
}

/// Seeks all partitions of a list and waits for the results, unless the timeout is 0.
fn seek_all(
    instance: &Instance,
    consumer: &Consumer,
    list: &mut [rd_kafka_topic_partition_t],
    timeout_ms: c_int,
) -> Result<(), KafkaError> {
    let deadline = Instant::now() + timeout(timeout_ms).unwrap_or(FOREVER);
    let mut answers = Vec::new();
    for element in list.iter_mut() {
        let Some(tp) = find::find(instance, element) else {
            element.err = ErrorCode::_UNKNOWN_PARTITION;
            continue;
        };
        let (reply, answer) = bounded(1);
        let to = Position::of(&partition_list::read(element));
        element.err = match consumer.begin_seek(&tp, to, reply) {
            Ok(()) => {
                answers.push((element, answer));
                continue;
            }
            Err(code) => code,
        };
    }
    if timeout_ms == 0 {
        for (element, _) in answers {
            element.err = ErrorCode::_IN_PROGRESS;
        }
        return Ok(());
    }
    let mut late = 0;
    for (element, answer) in answers {
        element.err = match answer.recv_deadline(deadline) {
            Ok(Ok(())) => ErrorCode::NO_ERROR,
            Ok(Err(code)) => code,
            Err(_) => {
                late += 1;
                ErrorCode::_IN_PROGRESS
            }
        };
    }
    if late > 0 {
        return Err(KafkaError::new(
            ErrorCode::_TIMED_OUT,
            format!("{late} partition(s) have not been moved in time; they will be"),
        ));
    }
    Ok(())
}

/// Asks the partition's leader for its first offset and for the one after its last
/// record (for read_committed: the last stable offset), up to `timeout_ms`.
/// `NOT_LEADER_FOR_PARTITION` and the like if the leader has just moved: ask again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_query_watermark_offsets(
    rk: *mut rd_kafka_t,
    topic: *const c_char,
    partition: i32,
    low: *mut i64,
    high: *mut i64,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and string are alive, and what is not null is
        // writable.
        unsafe {
            let (Some(instance), Some(topic)) = (get(rk.cast_const()), cstr::text(topic)) else {
                return ErrorCode::_INVALID_ARG;
            };
            let topic: Arc<str> = Arc::from(&*topic);
            let wanted = |timestamp| OffsetLookup {
                topic: topic.clone(),
                partition,
                timestamp,
            };
            let both = vec![wanted(TIMESTAMP_BEGINNING), wanted(TIMESTAMP_END)];
            let found = match look_up(&instance.client, both, timeout(timeout_ms)) {
                Ok(found) => found,
                Err(code) => return code,
            };
            for (found, place) in found.iter().zip([low, high]) {
                match (found, place.as_mut()) {
                    (Ok(at), Some(place)) => *place = at.offset,
                    (Ok(_), None) => {}
                    (Err(ErrorCode::UNKNOWN_TOPIC_OR_PART), _) => {
                        return ErrorCode::_UNKNOWN_PARTITION;
                    }
                    (Err(code), _) => return *code,
                }
            }
            ErrorCode::NO_ERROR
        }
    })
}

/// The partition's offsets as the consumer has last seen them: the high one with each
/// fetch, the low one every `statistics.interval.ms` or with a query.
/// `RD_KAFKA_OFFSET_INVALID` for what is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_get_watermark_offsets(
    rk: *mut rd_kafka_t,
    topic: *const c_char,
    partition: i32,
    low: *mut i64,
    high: *mut i64,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and string are alive, and what is not null is
        // writable.
        unsafe {
            let (Some(instance), Some(topic)) = (get(rk.cast_const()), cstr::text(topic)) else {
                return ErrorCode::_INVALID_ARG;
            };
            let Some(consumer) = find::consumer(instance) else {
                // A producer has fetched nothing.
                for place in [low.as_mut(), high.as_mut()].into_iter().flatten() {
                    *place = Position::INVALID.offset;
                }
                return ErrorCode::NO_ERROR;
            };
            let Ok(topic) = instance.topic(&topic, None) else {
                return ErrorCode::_INVALID_ARG;
            };
            let tp = consumer.partition(&topic, partition);
            let marks = tp.partition.watermarks();
            if let Some(low) = low.as_mut() {
                *low = marks.0;
            }
            if let Some(high) = high.as_mut() {
                *high = marks.1;
            }
            ErrorCode::NO_ERROR
        }
    })
}

/// Replaces each element's offset, which is a timestamp in milliseconds, by the first
/// offset with that timestamp or a later one; `RD_KAFKA_OFFSET_END` if there is none.
/// Each element's `err` says how it went. The offsets stay as they were when time is up
/// (then `err` is `_IN_PROGRESS` where no leader was found) and when a leader has just moved
/// (`NOT_LEADER_FOR_PARTITION` and the like: ask again).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_offsets_for_times(
    rk: *mut rd_kafka_t,
    offsets: *mut rd_kafka_topic_partition_list_t,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle and list are alive.
        unsafe {
            let (Some(instance), Some(list)) = (get(rk.cast_const()), offsets.as_mut()) else {
                return ErrorCode::_INVALID_ARG;
            };
            let list = elements_mut(list);
            if list.is_empty() {
                return ErrorCode::_INVALID_ARG;
            }
            let wanted = list
                .iter()
                .map(|e| OffsetLookup {
                    topic: Arc::from(partition_list::name(e)),
                    partition: e.partition,
                    timestamp: e.offset,
                })
                .collect();
            let found = look_up(&instance.client, wanted, timeout(timeout_ms));
            let metadata = instance.client.shared.metadata.load();
            for element in list.iter_mut() {
                // Before its leader was found nothing was asked for.
                element.err = match metadata.topic(&partition_list::name(element)) {
                    Some(_) => ErrorCode::NO_ERROR,
                    None => ErrorCode::_IN_PROGRESS,
                };
            }
            let found = match found {
                Ok(found) => found,
                Err(code) => return code,
            };
            let refused = |f: &LookupResult| f.err().filter(|code| is_refused(*code));
            if let Some(code) = found.iter().find_map(refused) {
                return code;
            }
            let all = |is: fn(ErrorCode) -> bool| found.iter().all(|f| f.err().is_some_and(is));
            let result = if all(|code| code == ErrorCode::_TIMED_OUT) {
                return ErrorCode::_TIMED_OUT;
            } else if all(is_missing) {
                ErrorCode::_UNKNOWN_PARTITION
            } else {
                ErrorCode::NO_ERROR
            };
            for (element, found) in list.iter_mut().zip(found) {
                match found {
                    Ok(at) => {
                        element.offset = at.offset;
                        element.err = ErrorCode::NO_ERROR;
                        set_leader_epoch(element, at.epoch);
                    }
                    Err(code) => element.err = code,
                }
            }
            result
        }
    })
}

/// Moves a partition of the simple consumer, up to `timeout_ms` for waiting until it is
/// done; 0 does not wait. What was fetched before is not delivered any more. `offset`
/// may be one of `RD_KAFKA_OFFSET_*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_seek(
    rkt: *mut rd_kafka_topic_t,
    partition: i32,
    offset: i64,
    timeout_ms: c_int,
) -> rd_kafka_resp_err_t {
    ffi!({
        // SAFETY: the caller's handle is alive.
        let Some(topic) = (unsafe { get(rkt.cast_const()) }) else {
            return ErrorCode::_INVALID_ARG;
        };
        if partition < 0 {
            return ErrorCode::_INVALID_ARG;
        }
        let Some(client) = topic.client.upgrade() else {
            return ErrorCode::_INVALID_ARG;
        };
        let Some(consumer) = find::consumer_of(&client) else {
            return ErrorCode::_INVALID_ARG;
        };
        let Some(tp) = find::existing(&client, &topic.name, partition) else {
            return ErrorCode::_UNKNOWN_PARTITION;
        };
        let deadline = timeout(timeout_ms)
            .filter(|t| !t.is_zero())
            .map(|t| Instant::now() + t);
        let forever = (timeout_ms < 0).then(|| Instant::now() + FOREVER);
        let to = Position::new(offset, -1);
        match consumer.seek(&tp, to, deadline.or(forever)) {
            Ok(()) => ErrorCode::NO_ERROR,
            Err(code) => code,
        }
    })
}

/// Moves assigned partitions to the elements' offsets. Waits up to `timeout_ms`, and
/// then each element's `err` says how it went; with 0 it does not wait, and they say
/// nothing. Null, or an error that the application destroys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_seek_partitions(
    rk: *mut rd_kafka_t,
    partitions: *mut rd_kafka_topic_partition_list_t,
    timeout_ms: c_int,
) -> *mut rd_kafka_error_t {
    ffi!({
        // SAFETY: the caller's handle and list are alive.
        unsafe {
            let refuse = |text: &str| error::give(KafkaError::new(ErrorCode::_INVALID_ARG, text));
            let instance = get(rk.cast_const());
            let Some((instance, consumer)) = instance.and_then(|i| Some((i, find::consumer(i)?)))
            else {
                return refuse("Only consumers seek");
            };
            let list = partitions.as_mut().map(elements_mut).unwrap_or_default();
            if list.is_empty() {
                return refuse("The list has no partitions");
            }
            error::give_result(seek_all(instance, consumer, list, timeout_ms))
        }
    })
}
